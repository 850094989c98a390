//! The forward pass in full precision over packed sequences: for prompts, losses and training.
//!
//! Sequences lie one after the other without padding. What the backward pass needs is kept per block;
//! normalised inputs and the gated product are computed again there, because they are cheap.

use crate::{
	adapter::Adapter,
	model::Model,
	ops::{self, matmul, matmul_raw, Into, View, ViewMut},
};
use rayon::prelude::*;

/// Query rows handled at once by attention; bounds the memory of scores.
pub(crate) const QUERY_BLOCK: usize = 256;
/// Rows per task of the elementwise kernels.
pub(crate) const ROWS: usize = 16;

/// Sequences one after the other.
pub(crate) struct Packed {
	pub(crate) tokens: Vec<u32>,
	/// Start and length.
	pub(crate) sequences: Vec<(usize, usize)>,
	/// Position of each token in its sequence.
	pub(crate) positions: Vec<usize>,
}

impl Packed {
	pub(crate) fn new<'a>(sequences: impl IntoIterator<Item = &'a [u32]>) -> Self {
		let mut packed = Self { tokens: vec![], sequences: vec![], positions: vec![] };
		for tokens in sequences {
			packed.sequences.push((packed.tokens.len(), tokens.len()));
			packed.tokens.extend_from_slice(tokens);
			packed.positions.extend(0..tokens.len());
		}
		packed
	}

	pub(crate) fn len(&self) -> usize {
		self.tokens.len()
	}
}

/// Dropout of one micro-batch.
#[derive(Clone, Copy)]
pub(crate) struct Dropout {
	pub(crate) seed: u64,
	pub(crate) rate: f32,
}

impl Dropout {
	/// Writes the inputs of a group with some dropped, and the others scaled up.
	pub(crate) fn apply(&self, layer: usize, group: usize, x: &[f32], out: &mut [f32]) {
		let mut key =
			self.seed ^ ((layer as u64) << 8 | group as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
		key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		let key = (key ^ (key >> 31)) as u32;
		let threshold = (f64::from(self.rate) * 4_294_967_296.0) as u32;
		let keep = 1.0 / (1.0 - self.rate);
		const CHUNK: usize = 1 << 14;
		x.par_chunks(CHUNK).zip(out.par_chunks_mut(CHUNK)).enumerate().for_each(|(i, (x, out))| {
			ops::dropout(x, out, key, (i * CHUNK) as u32, threshold, keep)
		});
	}
}

/// What one block keeps for the backward pass.
#[derive(Default)]
pub(crate) struct Kept {
	pub(crate) h_in: Vec<f32>,
	pub(crate) r1: Vec<f32>,
	/// Queries, keys, values, after rotation.
	pub(crate) qkv: Vec<f32>,
	pub(crate) ctx: Vec<f32>,
	pub(crate) log_sums: Vec<f32>,
	pub(crate) h_mid: Vec<f32>,
	pub(crate) r2: Vec<f32>,
	pub(crate) gate_up: Vec<f32>,
	/// `x · Aᵀ` of the four groups.
	pub(crate) low: [Vec<f32>; 4],
}

/// Sets the length; old contents are left where nothing reads them before they are written.
pub(crate) fn fit(buffer: &mut Vec<f32>, len: usize) {
	if buffer.len() < len {
		buffer.resize(len, 0.0);
	} else {
		buffer.truncate(len);
	}
}

/// Buffers that are kept between calls.
#[derive(Default)]
pub(crate) struct Workspace {
	pub(crate) kept: Vec<Kept>,
	pub(crate) h: Vec<f32>,
	pub(crate) x: Vec<f32>,
	pub(crate) wide: Vec<f32>,
	pub(crate) dropped: Vec<f32>,
	pub(crate) dx: Vec<f32>,
	pub(crate) d_wide: Vec<f32>,
	pub(crate) d_qkv: Vec<f32>,
	pub(crate) d_low: Vec<f32>,
	pub(crate) logits: Vec<f32>,
}

/// Keys and values of a sequence: per block, per head, rows of one position.
pub(crate) struct Cache {
	pub(crate) keys: Vec<Vec<f32>>,
	pub(crate) values: Vec<Vec<f32>>,
	pub(crate) max_len: usize,
}

/// Where attention finds keys and values.
pub(crate) enum Past<'a> {
	/// In the packed batch itself.
	None,
	/// In a cache that already holds some positions; the batch is one sequence.
	Cache(&'a mut Cache, usize),
}

/// A raw pointer that may cross threads; the tasks write to disjoint places.
#[derive(Clone, Copy)]
pub(crate) struct Shared(pub(crate) *mut f32);
// SAFETY: only used for tasks that write to disjoint elements.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}
impl Shared {
	/// # Safety
	/// As for pointer arithmetic.
	pub(crate) unsafe fn at(self, offset: usize) -> *mut f32 {
		self.0.add(offset)
	}
}

/// Normalises every row; keeps the factors.
pub(crate) fn norm_rows(h: &[f32], weight: &[f32], eps: f32, out: &mut [f32], factors: &mut [f32]) {
	let width = weight.len();
	h.par_chunks(ROWS * width)
		.zip(out.par_chunks_mut(ROWS * width))
		.zip(factors.par_chunks_mut(ROWS))
		.for_each(|((h, out), factors)| {
			for ((h, out), f) in h.chunks(width).zip(out.chunks_mut(width)).zip(factors) {
				*f = ops::rms_norm(h, weight, eps, out);
			}
		});
}

/// Normalised rows again from the kept factors.
pub(crate) fn scale_rows(h: &[f32], weight: &[f32], factors: &[f32], out: &mut [f32]) {
	let width = weight.len();
	h.par_chunks(ROWS * width)
		.zip(out.par_chunks_mut(ROWS * width))
		.zip(factors.par_chunks(ROWS))
		.for_each(|((h, out), factors)| {
			for ((h, out), f) in h.chunks(width).zip(out.chunks_mut(width)).zip(factors) {
				ops::rms_scale(h, weight, *f, out);
			}
		});
}

/// `silu(gate) · up` of every row.
pub(crate) fn gated(gate_up: &[f32], out: &mut [f32], width: usize) {
	gate_up.par_chunks(ROWS * 2 * width).zip(out.par_chunks_mut(ROWS * width)).for_each(
		|(gu, out)| {
			for (gu, out) in gu.chunks(2 * width).zip(out.chunks_mut(width)) {
				let (gate, up) = gu.split_at(width);
				ops::silu_mul(gate, up, out);
			}
		},
	);
}

impl Model {
	/// Adds an adapter's change of one group of projections to `y`, rows of `stride` values.
	fn lora_forward(
		&self,
		adapter: &Adapter,
		layer: usize,
		group: usize,
		rows: usize,
		x: &[f32],
		y: &mut [f32],
		stride: usize,
		low: &mut Vec<f32>,
		dropout: Option<Dropout>,
		dropped: &mut Vec<f32>,
	) {
		let place = &adapter.layout().groups[layer][group];
		if place.parts.is_empty() {
			return;
		}
		let x = match dropout {
			Some(dropout) => {
				fit(dropped, rows * place.input);
				dropout.apply(layer, group, &x[..rows * place.input], dropped);
				&dropped[..]
			}
			None => x,
		};
		let rank = adapter.config().rank;
		let total = rank * place.parts.len();
		fit(low, rows * total);
		matmul(
			[rows, total, place.input],
			View::rows(x, place.input),
			View::columns(&adapter.values()[place.a.clone()], place.input),
			ViewMut::rows(low, total),
			Into::Replace,
			1.0,
			true,
		);
		for (i, part) in place.parts.iter().enumerate() {
			matmul(
				[rows, part.out, rank],
				View::rows(&low[i * rank..], total),
				View::columns(&adapter.values()[part.b.clone()], rank),
				ViewMut::rows(&mut y[part.column..], stride),
				Into::Add,
				adapter.config().scale(),
				true,
			);
		}
	}

	/// Rotates queries and keys of every row.
	pub(crate) fn rotate(&self, qkv: &mut [f32], positions: &[usize], back: bool) {
		let (width, head_dim) = (self.config.qkv_dim(), self.config.head_dim);
		let rotated = self.config.q_dim() + self.config.kv_dim();
		qkv.par_chunks_mut(ROWS * width).zip(positions.par_chunks(ROWS)).for_each(|(rows, at)| {
			for (row, at) in rows.chunks_mut(width).zip(at) {
				let (cos, sin) = self.rope.at(*at);
				for head in row[..rotated].chunks_exact_mut(head_dim) {
					if back {
						ops::rope_back(head, cos, sin);
					} else {
						ops::rope(head, cos, sin);
					}
				}
			}
		});
	}

	/// Causal attention of every sequence and head.
	fn attention(
		&self,
		packed: &Packed,
		layer: usize,
		qkv: &[f32],
		ctx: &mut [f32],
		log_sums: &mut [f32],
		past: &mut Past,
	) {
		let c = &self.config;
		let (hd, width, q_dim) = (c.head_dim, c.qkv_dim(), c.q_dim());
		let scale = 1.0 / (hd as f32).sqrt();
		let shared = c.n_heads / c.n_kv_heads;
		if let Past::Cache(cache, from) = past {
			let max_len = cache.max_len;
			for row in 0..packed.len() {
				for head in 0..c.n_kv_heads {
					let at = (head * max_len + *from + row) * hd;
					let key = row * width + q_dim + head * hd;
					let value = key + c.kv_dim();
					cache.keys[layer][at..at + hd].copy_from_slice(&qkv[key..key + hd]);
					cache.values[layer][at..at + hd].copy_from_slice(&qkv[value..value + hd]);
				}
			}
		}
		let past = &*past;
		let (ctx, log_sums) = (Shared(ctx.as_mut_ptr()), Shared(log_sums.as_mut_ptr()));
		let mut tasks = Vec::new();
		for &(start, len) in &packed.sequences {
			for first in (0..len).step_by(QUERY_BLOCK) {
				for head in 0..c.n_heads {
					tasks.push((start, first, QUERY_BLOCK.min(len - first), head));
				}
			}
		}
		tasks.into_par_iter().for_each_init(Vec::new, |scores, (start, first, rows, head)| {
			let kv = head / shared;
			let (before, keys, values, kv_stride): (usize, &[f32], &[f32], usize) = match past {
				Past::None => (
					0,
					&qkv[start * width + q_dim + kv * hd..],
					&qkv[start * width + q_dim + c.kv_dim() + kv * hd..],
					width,
				),
				Past::Cache(cache, from) => (
					*from,
					&cache.keys[layer][kv * cache.max_len * hd..],
					&cache.values[layer][kv * cache.max_len * hd..],
					hd,
				),
			};
			let seen = before + first + rows;
			fit(scores, rows * seen);
			matmul(
				[rows, seen, hd],
				View::rows(&qkv[(start + first) * width + head * hd..], width),
				View::columns(keys, kv_stride),
				ViewMut::rows(scores, seen),
				Into::Replace,
				1.0,
				false,
			);
			for (i, row) in scores.chunks_mut(seen).enumerate() {
				let (own, later) = row.split_at_mut(before + first + i + 1);
				let log_sum = ops::softmax(own, scale);
				later.fill(0.0);
				// SAFETY: each row and head has its own place.
				unsafe { *log_sums.at((start + first + i) * c.n_heads + head) = log_sum };
			}
			// SAFETY: the rows and columns of this task are written by no other.
			unsafe {
				assert!(values.len() >= (seen - 1) * kv_stride + hd);
				matmul_raw(
					[rows, hd, seen],
					(scores.as_ptr(), seen, 1),
					(values.as_ptr(), kv_stride, 1),
					(ctx.at((start + first) * q_dim + head * hd), q_dim),
					Into::Replace,
					1.0,
					false,
				);
			}
		});
	}

	/// Runs all blocks; `ws.h` then holds the residual stream before the last norm. With `keep`, what
	/// the backward pass needs stays in `ws.kept`.
	pub(crate) fn run_blocks(
		&self,
		packed: &Packed,
		adapter: Option<&Adapter>,
		dropout: Option<Dropout>,
		mut past: Past,
		keep: bool,
		ws: &mut Workspace,
	) {
		let c = &self.config;
		let (rows, hidden, q_dim, qkv_dim, ff) =
			(packed.len(), c.hidden, c.q_dim(), c.qkv_dim(), c.intermediate);
		fit(&mut ws.h, rows * hidden);
		for (row, token) in ws.h.chunks_mut(hidden).zip(&packed.tokens) {
			let at = *token as usize * hidden;
			row.copy_from_slice(&self.weights.embedding[at..at + hidden]);
		}
		fit(&mut ws.x, rows * hidden);
		fit(&mut ws.wide, rows * ff);
		let wanted = if keep { c.n_layers } else { 1 };
		if ws.kept.len() < wanted {
			ws.kept.resize_with(wanted, Kept::default);
		}
		let Workspace { kept, h, x, wide, dropped, .. } = ws;
		for (i, layer) in self.weights.layers.iter().enumerate() {
			let kept = &mut kept[if keep { i } else { 0 }];
			for (buffer, width) in [
				(&mut kept.r1, 1),
				(&mut kept.r2, 1),
				(&mut kept.qkv, qkv_dim),
				(&mut kept.ctx, q_dim),
				(&mut kept.log_sums, c.n_heads),
				(&mut kept.gate_up, 2 * ff),
			] {
				fit(buffer, rows * width);
			}
			if keep {
				kept.h_in.clear();
				kept.h_in.extend_from_slice(h);
			}
			norm_rows(h, &layer.attn_norm, c.rms_eps, x, &mut kept.r1);
			matmul(
				[rows, qkv_dim, hidden],
				View::rows(x, hidden),
				View::columns(&layer.qkv, hidden),
				ViewMut::rows(&mut kept.qkv, qkv_dim),
				Into::Replace,
				1.0,
				true,
			);
			let [low_qkv, low_o, low_gate_up, low_down] = &mut kept.low;
			if let Some(adapter) = adapter {
				self.lora_forward(
					adapter,
					i,
					0,
					rows,
					x,
					&mut kept.qkv,
					qkv_dim,
					low_qkv,
					dropout,
					dropped,
				);
			}
			self.rotate(&mut kept.qkv, &packed.positions, false);
			self.attention(packed, i, &kept.qkv, &mut kept.ctx, &mut kept.log_sums, &mut past);
			matmul(
				[rows, hidden, q_dim],
				View::rows(&kept.ctx, q_dim),
				View::columns(&layer.o, q_dim),
				ViewMut::rows(h, hidden),
				Into::Add,
				1.0,
				true,
			);
			if let Some(adapter) = adapter {
				self.lora_forward(
					adapter, i, 1, rows, &kept.ctx, h, hidden, low_o, dropout, dropped,
				);
			}
			if keep {
				kept.h_mid.clear();
				kept.h_mid.extend_from_slice(h);
			}
			norm_rows(h, &layer.mlp_norm, c.rms_eps, x, &mut kept.r2);
			matmul(
				[rows, 2 * ff, hidden],
				View::rows(x, hidden),
				View::columns(&layer.gate_up, hidden),
				ViewMut::rows(&mut kept.gate_up, 2 * ff),
				Into::Replace,
				1.0,
				true,
			);
			if let Some(adapter) = adapter {
				self.lora_forward(
					adapter,
					i,
					2,
					rows,
					x,
					&mut kept.gate_up,
					2 * ff,
					low_gate_up,
					dropout,
					dropped,
				);
			}
			gated(&kept.gate_up, wide, ff);
			matmul(
				[rows, hidden, ff],
				View::rows(wide, ff),
				View::columns(&layer.down, ff),
				ViewMut::rows(h, hidden),
				Into::Add,
				1.0,
				true,
			);
			if let Some(adapter) = adapter {
				self.lora_forward(adapter, i, 3, rows, wide, h, hidden, low_down, dropout, dropped);
			}
		}
	}
}
