//! Generation: prompts in full precision, then token by token on the packed weights.
//!
//! One call decodes one token of several sequences, each with its own adapter: the base's weights are
//! read once for all of them, an adapter's only for its rows. Each row is computed by itself in a
//! fixed order, so a sequence gets the same bytes alone as in any company.

use crate::{
	adapter::{Adapter, MAX_RANK},
	error::{EngineError, Result},
	forward::{Cache, Packed, Past},
	model::Model,
	ops,
	quant::{QMatrix, QRow, GROUP},
	team::Phases,
};
use std::{cell::UnsafeCell, ops::Range, sync::Arc};

/// Tokens of a prompt run at once.
const PROMPT_PASS: usize = 512;

/// A sequence that is being generated: its keys and values, and the adapter that it runs with.
pub struct Sequence {
	cache: Cache,
	len: usize,
	adapter: Option<Arc<Adapter>>,
	layers: usize,
}

impl Sequence {
	/// An empty sequence with room for `max_len` tokens; more than the model was made for is cut.
	/// The memory is set aside at once but only used as the sequence grows.
	pub fn new(model: &Model, adapter: Option<Arc<Adapter>>, max_len: usize) -> Result<Self> {
		model.check_adapter(adapter.as_deref())?;
		if max_len == 0 {
			return Err(EngineError::Input("a sequence needs room for at least one token".into()));
		}
		let c = model.config();
		let max_len = max_len.min(c.max_len);
		let room = || (0..c.n_layers).map(|_| vec![0.0; c.kv_dim() * max_len]).collect();
		Ok(Self {
			cache: Cache { keys: room(), values: room(), max_len },
			len: 0,
			adapter,
			layers: c.n_layers,
		})
	}

	/// Tokens taken so far.
	pub fn len(&self) -> usize {
		self.len
	}

	/// Whether it has taken none.
	pub fn is_empty(&self) -> bool {
		self.len == 0
	}

	/// Most tokens it can take.
	pub fn max_len(&self) -> usize {
		self.cache.max_len
	}

	/// The adapter it runs with.
	pub fn adapter(&self) -> Option<&Arc<Adapter>> {
		self.adapter.as_ref()
	}

	/// Forgets all tokens after the first `len`, to go on from there.
	pub fn truncate(&mut self, len: usize) {
		self.len = self.len.min(len);
	}

	/// Memory of keys and values when full.
	pub fn bytes(&self) -> usize {
		self.cache.keys.iter().map(|k| 2 * std::mem::size_of_val(k.as_slice())).sum()
	}

	fn check(&self, model: &Model, more: usize) -> Result<()> {
		if self.layers != model.config.n_layers
			|| self.cache.keys.first().map(|k| k.len())
				!= Some(model.config.kv_dim() * self.cache.max_len)
		{
			return Err(EngineError::Input("the sequence belongs to another model".into()));
		}
		if self.len + more > self.cache.max_len {
			return Err(EngineError::Input(format!(
				"the sequence has {} of at most {} tokens; {more} more do not fit",
				self.len, self.cache.max_len
			)));
		}
		Ok(())
	}
}

/// What one sequence needs while a token goes through the blocks.
struct Row {
	h: Vec<f32>,
	x: Vec<f32>,
	quant: QRow,
	low: Vec<f32>,
	qkv: Vec<f32>,
	ctx: Vec<f32>,
	wide: Vec<f32>,
	act: Vec<f32>,
	delta: Vec<f32>,
	logits: Vec<f32>,
	/// Scores, one stretch per key/value head.
	scores: Vec<f32>,
}

/// Cells that the team's phases divide among its members.
struct Cells<T>(Vec<UnsafeCell<T>>);
// SAFETY: every phase gives a cell to one member, or only lets members read it, or lets them write
// disjoint parts through raw pointers; phases are divided by barriers.
unsafe impl<T: Send> Sync for Cells<T> {}

impl<T> Cells<T> {
	/// # Safety
	/// See the type.
	#[allow(clippy::mut_from_ref)]
	unsafe fn get(&self, i: usize) -> &mut T {
		&mut *self.0[i].get()
	}

	/// # Safety
	/// See the type: in this phase nobody may hold the cell mutably.
	unsafe fn see(&self, i: usize) -> &T {
		&*self.0[i].get()
	}
}

/// Groups of a matrix in one piece of work.
const PIECE: usize = 12;
/// As [`PIECE`], for the output head.
const HEAD_PIECE: usize = 96;
/// Phases of a block.
const PHASES: usize = 13;

/// The groups of a piece.
fn piece_of(piece: usize, size: usize, groups: usize) -> Range<usize> {
	piece * size..((piece + 1) * size).min(groups)
}

ops::kernel! {
	/// Scores of one query against the keys of all positions.
	fn scores_of(query: &[f32], keys: &[f32], out: &mut [f32]) {
		let width = query.len();
		for (key, out) in keys.chunks_exact(width).zip(out) {
			let mut lanes = [0.0f32; 16];
			for (q, k) in query.chunks_exact(16).zip(key.chunks_exact(16)) {
				for i in 0..16 {
					lanes[i] += q[i] * k[i];
				}
			}
			let mut sum = 0.0;
			let done = width / 16 * 16;
			for (q, k) in query[done..].iter().zip(&key[done..]) {
				sum += q * k;
			}
			let mut half = 8;
			while half > 0 {
				for i in 0..half {
					lanes[i] += lanes[i + half];
				}
				half /= 2;
			}
			*out = sum + lanes[0];
		}
	}
}

ops::kernel! {
	/// The values of all positions, weighed.
	fn weigh(weights: &[f32], values: &[f32], out: &mut [f32]) {
		out.fill(0.0);
		let width = out.len();
		for (value, weight) in values.chunks_exact(width).zip(weights) {
			for (o, v) in out.iter_mut().zip(value) {
				*o += weight * v;
			}
		}
	}
}

ops::kernel! {
	/// `low = A · x` for several rows of `A`.
	fn rows_dot(a: &[f32], x: &[f32], low: &mut [f32]) {
		for (row, low) in a.chunks_exact(x.len()).zip(low) {
			let mut lanes = [0.0f32; 16];
			for (p, q) in row.chunks_exact(16).zip(x.chunks_exact(16)) {
				for i in 0..16 {
					lanes[i] += p[i] * q[i];
				}
			}
			let done = x.len() / 16 * 16;
			let mut sum = 0.0;
			for (p, q) in row[done..].iter().zip(&x[done..]) {
				sum += p * q;
			}
			for lane in lanes {
				sum += lane;
			}
			*low = sum;
		}
	}
}

ops::kernel! {
	/// `out += scale · Bᵀ · low` for some columns of `Bᵀ`, whose rows are `stride` long.
	fn add_low(out: &mut [f32], b: &[f32], stride: usize, low: &[f32], scale: f32) {
		for (row, low) in b.chunks(stride).zip(low) {
			let factor = low * scale;
			for (o, b) in out.iter_mut().zip(row) {
				*o += factor * b;
			}
		}
	}
}

/// Some rows of `A · x` of a group's adapter: piece `piece` of `pieces`.
///
/// # Safety
/// `low` must have room for all rows; nobody else may touch those of this piece.
unsafe fn lora_low(
	adapter: &Adapter,
	layer: usize,
	group: usize,
	x: &[f32],
	low: *mut f32,
	(piece, pieces): (usize, usize),
) {
	let place = &adapter.layout().groups[layer][group];
	let rows = adapter.config().rank * place.parts.len();
	let own = rows * piece / pieces..rows * (piece + 1) / pieces;
	let a = &adapter.values()[place.a.clone()];
	let a = &a[own.start * place.input..own.end * place.input];
	rows_dot(a, x, std::slice::from_raw_parts_mut(low.add(own.start), own.len()));
}

/// Adds an adapter's part to some outputs of a group; `out` begins at output `outputs.start`.
fn lora_add(
	adapter: Option<&Arc<Adapter>>,
	layer: usize,
	group: usize,
	low: &[f32],
	outputs: Range<usize>,
	out: &mut [f32],
) {
	let Some(adapter) = adapter else { return };
	let place = &adapter.layout().groups[layer][group];
	let rank = adapter.config().rank;
	let values = adapter.decode_values();
	for (part, low) in place.parts.iter().zip(low.chunks_exact(rank)) {
		let from = part.column.max(outputs.start);
		let to = (part.column + part.out).min(outputs.end);
		if from < to {
			let b = &values[part.b.clone()][from - part.column..];
			let out = &mut out[from - outputs.start..to - outputs.start];
			add_low(out, b, part.out, low, adapter.config().scale());
		}
	}
}

impl Model {
	/// Takes a prompt, or more of one, and gives the logits after its last token.
	pub fn prefill(&self, sequence: &mut Sequence, tokens: &[u32]) -> Result<Vec<f32>> {
		self.check_tokens(tokens)?;
		sequence.check(self, tokens.len())?;
		let adapter = sequence.adapter.clone();
		let mut ws = self.workspace();
		let mut last = Vec::new();
		for part in tokens.chunks(PROMPT_PASS) {
			let mut packed = Packed::new([part]);
			packed.positions.iter_mut().for_each(|p| *p += sequence.len);
			let past = Past::Cache(&mut sequence.cache, sequence.len);
			self.run_blocks(&packed, adapter.as_deref(), None, past, false, &mut ws);
			sequence.len += part.len();
			let h = &ws.h[(part.len() - 1) * self.config.hidden..];
			last.resize(self.config.hidden, 0.0);
			ops::rms_norm(h, &self.weights.norm, self.config.rms_eps, &mut last);
		}
		self.give_back(ws);
		let mut logits = Vec::new();
		self.logits_of(&last, &mut logits);
		Ok(logits)
	}

	/// Takes one token of each sequence and gives the logits after each.
	pub fn decode(&self, batch: &mut [(&mut Sequence, u32)]) -> Result<Vec<Vec<f32>>> {
		for (sequence, token) in batch.iter() {
			sequence.check(self, 1)?;
			self.check_tokens(&[*token])?;
		}
		if batch.is_empty() {
			return Ok(Vec::new());
		}
		let c = &self.config;
		let rows: Cells<Row> = Cells(
			batch
				.iter()
				.map(|(sequence, token)| {
					let at = *token as usize * c.hidden;
					UnsafeCell::new(Row {
						h: self.weights.embedding[at..at + c.hidden].to_vec(),
						x: vec![0.0; c.hidden],
						quant: QRow::default(),
						low: vec![0.0; 3 * MAX_RANK],
						qkv: vec![0.0; c.qkv_dim()],
						ctx: vec![0.0; c.q_dim()],
						wide: vec![0.0; 2 * c.intermediate],
						act: vec![0.0; c.intermediate],
						delta: vec![0.0; c.hidden],
						logits: vec![0.0; c.vocab],
						scores: vec![0.0; c.n_kv_heads * (sequence.len + 1)],
					})
				})
				.collect(),
		);
		for (sequence, _) in batch.iter() {
			if let Some(adapter) = &sequence.adapter {
				// Made before the team starts, so that no member waits for another's making.
				adapter.decode_values();
			}
		}
		let adapters: Vec<Option<Arc<Adapter>>> =
			batch.iter().map(|(s, _)| s.adapter.clone()).collect();
		let lengths: Vec<usize> = batch.iter().map(|(s, _)| s.len).collect();
		let caches: Cells<&mut Cache> =
			Cells(batch.iter_mut().map(|(s, _)| UnsafeCell::new(&mut s.cache)).collect());
		let step = Step { model: self, rows, adapters, lengths, caches };
		// SAFETY: the phases of `Step` keep the rules of `Cells`.
		let phases = PHASES * c.n_layers + 2;
		self.team.run(phases, &|phases| unsafe { step.run(phases) });
		let out = step.rows.0.into_iter().map(|row| row.into_inner().logits).collect();
		for (sequence, _) in batch.iter_mut() {
			sequence.len += 1;
		}
		Ok(out)
	}
}

/// One token of every sequence on its way through the model.
struct Step<'a> {
	model: &'a Model,
	rows: Cells<Row>,
	adapters: Vec<Option<Arc<Adapter>>>,
	lengths: Vec<usize>,
	caches: Cells<&'a mut Cache>,
}

/// Which of a row's buffers a product fills.
#[derive(Clone, Copy)]
enum Target {
	Qkv,
	Delta,
	Wide,
	Logits,
}

impl Step<'_> {
	/// Rows of a matrix for every sequence, with the adapter's part.
	unsafe fn product(
		&self,
		groups: Range<usize>,
		matrix: &QMatrix,
		target: Target,
		lora: Option<(usize, usize)>,
	) {
		let count = self.rows.0.len();
		let mut quants = Vec::with_capacity(count);
		let mut outs = Vec::with_capacity(count);
		for i in 0..count {
			let row = self.rows.see(i);
			let out = match target {
				Target::Qkv => &row.qkv,
				Target::Delta => &row.delta,
				Target::Wide => &row.wide,
				Target::Logits => &row.logits,
			};
			quants.push(&row.quant);
			// Members write different elements, so no reference to the whole may be made.
			outs.push(out.as_ptr().cast_mut());
		}
		matrix.product(groups.clone(), &quants, &outs);
		let Some((layer, group)) = lora else { return };
		let outputs = groups.start * GROUP..(groups.end * GROUP).min(matrix.rows());
		for (i, (out, adapter)) in outs.into_iter().zip(&self.adapters).enumerate() {
			let low = &self.rows.see(i).low;
			let out = std::slice::from_raw_parts_mut(out.add(outputs.start), outputs.len());
			lora_add(adapter.as_ref(), layer, group, low, outputs.clone(), out);
		}
	}

	/// Rotation, cache and attention of one sequence's key/value head.
	unsafe fn attend(&self, layer: usize, i: usize, kv: usize) {
		let c = &self.model.config;
		let (hd, position) = (c.head_dim, self.lengths[i]);
		let (cos, sin) = self.model.rope.at(position);
		let row = self.rows.see(i);
		let cache: &Cache = self.caches.see(i);
		let qkv = row.qkv.as_ptr().cast_mut();
		let shared = c.n_heads / c.n_kv_heads;
		let (max_len, keys, values) = (
			cache.max_len,
			cache.keys[layer].as_ptr().cast_mut(),
			cache.values[layer].as_ptr().cast_mut(),
		);
		let at = kv * max_len * hd;
		let keys = std::slice::from_raw_parts_mut(keys.add(at), (position + 1) * hd);
		let values = std::slice::from_raw_parts_mut(values.add(at), (position + 1) * hd);
		let key = std::slice::from_raw_parts_mut(qkv.add(c.q_dim() + kv * hd), hd);
		ops::rope(key, cos, sin);
		let value = std::slice::from_raw_parts(qkv.add(c.q_dim() + c.kv_dim() + kv * hd), hd);
		keys[position * hd..].copy_from_slice(key);
		values[position * hd..].copy_from_slice(value);
		let scores = row.scores.as_ptr().cast_mut();
		let scores = std::slice::from_raw_parts_mut(scores.add(kv * (position + 1)), position + 1);
		let ctx = row.ctx.as_ptr().cast_mut();
		let scale = 1.0 / (hd as f32).sqrt();
		for head in kv * shared..(kv + 1) * shared {
			let query = std::slice::from_raw_parts_mut(qkv.add(head * hd), hd);
			ops::rope(query, cos, sin);
			scores_of(query, keys, scores);
			ops::softmax(scores, scale);
			weigh(scores, values, std::slice::from_raw_parts_mut(ctx.add(head * hd), hd));
		}
	}

	unsafe fn run(&self, phases: &Phases) {
		let c = &self.model.config;
		let weights = &self.model.weights;
		let count = self.rows.0.len();
		let next = std::cell::Cell::new(0);
		let phase = |pieces: usize, work: &mut dyn FnMut(usize)| {
			phases.run(next.get(), pieces, work);
			next.set(next.get() + 1);
		};
		let product = |matrix: &QMatrix, target, size, lora| {
			phase(matrix.groups().div_ceil(size), &mut |piece| {
				// SAFETY: pieces are disjoint rows; nobody else writes the target in this phase.
				unsafe {
					self.product(piece_of(piece, size, matrix.groups()), matrix, target, lora)
				};
			});
		};
		// A single stream's adapter is divided, many streams are divided by themselves.
		let tuned = self.adapters.iter().any(|a| a.is_some());
		let pieces = if count < 4 { 4 } else { 1 };
		let low = |layer: usize, group: usize| {
			if !tuned {
				return;
			}
			phase(count * pieces, &mut |task| {
				let (i, piece) = (task / pieces, task % pieces);
				let Some(adapter) = &self.adapters[i] else { return };
				// SAFETY: inputs are only read in this phase, and pieces are disjoint rows.
				unsafe {
					let row = self.rows.see(i);
					let x: &[f32] = match group {
						1 => &row.ctx,
						3 => &row.act,
						_ => &row.x,
					};
					let low = row.low.as_ptr().cast_mut();
					lora_low(adapter, layer, group, x, low, (piece, pieces));
				}
			});
		};
		for (layer, (full, packed)) in weights.layers.iter().zip(&weights.q_layers).enumerate() {
			phase(count, &mut |i| {
				let row = self.rows.get(i);
				if layer > 0 {
					ops::axpy(&mut row.h, 1.0, &row.delta);
				}
				ops::rms_norm(&row.h, &full.attn_norm, c.rms_eps, &mut row.x);
				row.quant.set(&row.x);
			});
			low(layer, 0);
			product(&packed.qkv, Target::Qkv, PIECE, Some((layer, 0)));
			phase(count * c.n_kv_heads, &mut |task| {
				self.attend(layer, task / c.n_kv_heads, task % c.n_kv_heads);
			});
			phase(count, &mut |i| {
				let row = self.rows.get(i);
				row.quant.set(&row.ctx);
			});
			low(layer, 1);
			product(&packed.o, Target::Delta, PIECE, Some((layer, 1)));
			phase(count, &mut |i| {
				let row = self.rows.get(i);
				ops::axpy(&mut row.h, 1.0, &row.delta);
				ops::rms_norm(&row.h, &full.mlp_norm, c.rms_eps, &mut row.x);
				row.quant.set(&row.x);
			});
			low(layer, 2);
			product(&packed.gate_up, Target::Wide, 2 * PIECE, Some((layer, 2)));
			phase(count, &mut |i| {
				let row = self.rows.get(i);
				let (gate, up) = row.wide.split_at(c.intermediate);
				ops::silu_mul(gate, up, &mut row.act);
				row.quant.set(&row.act);
			});
			low(layer, 3);
			product(&packed.down, Target::Delta, PIECE, Some((layer, 3)));
		}
		phase(count, &mut |i| {
			let row = self.rows.get(i);
			ops::axpy(&mut row.h, 1.0, &row.delta);
			ops::rms_norm(&row.h, &weights.norm, c.rms_eps, &mut row.x);
			row.quant.set(&row.x);
		});
		product(&weights.q_head, Target::Logits, HEAD_PIECE, None);
	}
}
