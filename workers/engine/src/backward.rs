//! The backward pass, written out by hand.
//!
//! The base is frozen, so only activations and adapters have gradients. Every product is over whole
//! matrices and every sum has a fixed order, so the result does not depend on the number of threads.

use crate::{
	adapter::{Adapter, AdapterGrads, Module, GROUPS},
	forward::{
		fit, gated, scale_rows, Dropout, Kept, Packed, Shared, Workspace, QUERY_BLOCK, ROWS,
	},
	model::{GradSink, Model},
	ops::{self, matmul, matmul_raw, Into, View, ViewMut},
};
use rayon::prelude::*;

/// Adds the gradient through RMSNorm of every row to `dh`; `d` is overwritten.
fn norm_rows_back(d: &mut [f32], x: &[f32], weight: &[f32], factors: &[f32], dh: &mut [f32]) {
	let width = weight.len();
	d.par_chunks_mut(ROWS * width)
		.zip(dh.par_chunks_mut(ROWS * width))
		.zip(x.par_chunks(ROWS * width))
		.zip(factors.par_chunks(ROWS))
		.for_each(|(((d, dh), x), factors)| {
			let rows = d.chunks_mut(width).zip(dh.chunks_mut(width)).zip(x.chunks(width));
			for (((d, dh), x), f) in rows.zip(factors) {
				ops::rms_norm_back(d, x, weight, *f, dh);
			}
		});
}

/// One group's inputs and gradients in the backward pass.
struct Group<'a> {
	layer: usize,
	group: usize,
	rows: usize,
	/// Inputs, `[rows, in]`.
	x: &'a [f32],
	/// Output gradients of all the group's projections side by side.
	dy: &'a [f32],
	stride: usize,
}

impl Model {
	/// Gradients of an adapter's part of one group, and its part of the input gradient.
	fn lora_back(
		&self,
		adapter: &Adapter,
		g: &Group,
		low: &[f32],
		dx: Option<&mut [f32]>,
		dropout: Option<Dropout>,
		ws: (&mut Vec<f32>, &mut Vec<f32>),
		grads: Option<&mut AdapterGrads>,
	) {
		let place = &adapter.layout().groups[g.layer][g.group];
		if place.parts.is_empty() {
			return;
		}
		let (d_low, dropped) = ws;
		let rank = adapter.config().rank;
		let total = rank * place.parts.len();
		let scale = adapter.config().scale();
		fit(d_low, g.rows * total);
		for (i, part) in place.parts.iter().enumerate() {
			matmul(
				[g.rows, rank, part.out],
				View::rows(&g.dy[part.column..], g.stride),
				View::rows(&adapter.values()[part.b.clone()], rank),
				ViewMut::rows(&mut d_low[i * rank..], total),
				Into::Replace,
				scale,
				true,
			);
		}
		if let Some(grads) = grads {
			for (i, part) in place.parts.iter().enumerate() {
				matmul(
					[part.out, rank, g.rows],
					View::columns(&g.dy[part.column..], g.stride),
					View::rows(&low[i * rank..], total),
					ViewMut::rows(&mut grads.values[part.b.clone()], rank),
					Into::Add,
					scale,
					true,
				);
			}
			let x = match dropout {
				Some(dropout) => {
					fit(dropped, g.rows * place.input);
					dropout.apply(g.layer, g.group, &g.x[..g.rows * place.input], dropped);
					&dropped[..]
				}
				None => g.x,
			};
			matmul(
				[total, place.input, g.rows],
				View::columns(d_low, total),
				View::rows(x, place.input),
				ViewMut::rows(&mut grads.values[place.a.clone()], place.input),
				Into::Add,
				1.0,
				true,
			);
		}
		let Some(dx) = dx else { return };
		let a = &adapter.values()[place.a.clone()];
		let shape = [g.rows, place.input, total];
		match dropout {
			Some(dropout) => {
				let mut part = vec![0.0; g.rows * place.input];
				let (low, a) = (View::rows(d_low, total), View::rows(a, place.input));
				matmul(
					shape,
					low,
					a,
					ViewMut::rows(&mut part, place.input),
					Into::Replace,
					1.0,
					true,
				);
				fit(dropped, part.len());
				dropout.apply(g.layer, g.group, &part, dropped);
				let step = ROWS * place.input;
				dx.par_chunks_mut(step)
					.zip(dropped.par_chunks(step))
					.for_each(|(dx, d)| ops::axpy(dx, 1.0, d));
			}
			None => matmul(
				shape,
				View::rows(d_low, total),
				View::rows(a, place.input),
				ViewMut::rows(dx, place.input),
				Into::Add,
				1.0,
				true,
			),
		}
	}

	/// Gradients of queries, keys and values (still rotated) from those of the attention's output.
	fn attention_back(&self, packed: &Packed, kept: &Kept, d_ctx: &[f32], d_qkv: &mut [f32]) {
		let c = &self.config;
		let (hd, width, q_dim, kv_dim) = (c.head_dim, c.qkv_dim(), c.q_dim(), c.kv_dim());
		let scale = 1.0 / (hd as f32).sqrt();
		let shared = c.n_heads / c.n_kv_heads;
		let out = Shared(d_qkv.as_mut_ptr());
		let tasks: Vec<_> = packed
			.sequences
			.iter()
			.flat_map(|s| (0..c.n_kv_heads).map(move |kv| (s.0, s.1, kv)))
			.collect();
		tasks.into_par_iter().for_each_init(
			|| (Vec::new(), Vec::new()),
			|(p, dp), (start, len, kv)| {
				let q_at = |row: usize, head: usize| (start + row) * width + head * hd;
				let k_at = start * width + q_dim + kv * hd;
				let v_at = k_at + kv_dim;
				for first in (0..len).step_by(QUERY_BLOCK) {
					let rows = QUERY_BLOCK.min(len - first);
					let seen = first + rows;
					fit(p, rows * seen);
					fit(dp, rows * seen);
					for head in kv * shared..(kv + 1) * shared {
						let ctx_at = (start + first) * q_dim + head * hd;
						matmul(
							[rows, seen, hd],
							View::rows(&kept.qkv[q_at(first, head)..], width),
							View::columns(&kept.qkv[k_at..], width),
							ViewMut::rows(p, seen),
							Into::Replace,
							1.0,
							false,
						);
						matmul(
							[rows, seen, hd],
							View::rows(&d_ctx[ctx_at..], q_dim),
							View::columns(&kept.qkv[v_at..], width),
							ViewMut::rows(dp, seen),
							Into::Replace,
							1.0,
							false,
						);
						for (i, (p, dp)) in p.chunks_mut(seen).zip(dp.chunks_mut(seen)).enumerate()
						{
							let row = start + first + i;
							let at = row * q_dim + head * hd;
							let delta = ops::dot(&d_ctx[at..at + hd], &kept.ctx[at..at + hd]);
							let (own, later) = p.split_at_mut(first + i + 1);
							let (d_own, d_later) = dp.split_at_mut(first + i + 1);
							let log_sum = kept.log_sums[row * c.n_heads + head];
							ops::softmax_again(own, scale, log_sum);
							ops::softmax_back(own, d_own, delta, scale);
							later.fill(0.0);
							d_later.fill(0.0);
						}
						// SAFETY: queries of these rows and heads, and keys and values of this
						// sequence and head, are written by this task alone; all offsets are inside
						// of the batch.
						unsafe {
							matmul_raw(
								[rows, hd, seen],
								(dp.as_ptr(), seen, 1),
								(kept.qkv.as_ptr().add(k_at), width, 1),
								(out.at(q_at(first, head)), width),
								Into::Replace,
								1.0,
								false,
							);
							matmul_raw(
								[seen, hd, rows],
								(dp.as_ptr(), 1, seen),
								(kept.qkv.as_ptr().add(q_at(first, head)), width, 1),
								(out.at(k_at), width),
								Into::Add,
								1.0,
								false,
							);
							matmul_raw(
								[seen, hd, rows],
								(p.as_ptr(), 1, seen),
								(d_ctx.as_ptr().add(ctx_at), q_dim, 1),
								(out.at(v_at), width),
								Into::Add,
								1.0,
								false,
							);
						}
					}
				}
			},
		);
	}

	/// Hands one group's projections to the sink.
	fn sink_group(&self, sink: &mut dyn GradSink, g: &Group) {
		let mut column = 0;
		for module in GROUPS[g.group] {
			let (_, out) = module.dims(&self.config);
			if out == g.stride {
				sink.module(g.layer, *module, g.x, g.dy, g.rows);
			} else {
				let mut dy = Vec::with_capacity(g.rows * out);
				for row in g.dy.chunks(g.stride) {
					dy.extend_from_slice(&row[column..column + out]);
				}
				sink.module(g.layer, *module, g.x, &dy, g.rows);
			}
			column += out;
		}
	}

	/// Goes back through all blocks from the gradient at the residual stream before the last norm.
	pub(crate) fn back_blocks(
		&self,
		packed: &Packed,
		adapter: Option<&Adapter>,
		dropout: Option<Dropout>,
		dh: &mut [f32],
		ws: &mut Workspace,
		mut grads: Option<&mut AdapterGrads>,
		mut sink: Option<&mut dyn GradSink>,
	) {
		let c = &self.config;
		let (rows, hidden, q_dim, qkv_dim, ff) =
			(packed.len(), c.hidden, c.q_dim(), c.qkv_dim(), c.intermediate);
		let Workspace { kept, x, wide, dropped, dx, d_wide, d_qkv, d_low, .. } = ws;
		for (layer, weights) in self.weights.layers.iter().enumerate().rev() {
			let kept = &mut kept[layer];

			// Feed-forward, downward.
			fit(wide, rows * ff);
			gated(&kept.gate_up, wide, ff);
			fit(d_wide, rows * ff);
			matmul(
				[rows, ff, hidden],
				View::rows(dh, hidden),
				View::rows(&weights.down, ff),
				ViewMut::rows(d_wide, ff),
				Into::Replace,
				1.0,
				true,
			);
			let group = Group { layer, group: 3, rows, x: wide, dy: dh, stride: hidden };
			if let Some(sink) = sink.as_deref_mut() {
				self.sink_group(sink, &group);
			}
			if let Some(adapter) = adapter {
				let buffers = (&mut *d_low, &mut *dropped);
				self.lora_back(
					adapter,
					&group,
					&kept.low[3],
					Some(d_wide),
					dropout,
					buffers,
					grads.as_deref_mut(),
				);
			}

			// Gate and up: their gradients replace their values.
			kept.gate_up.par_chunks_mut(ROWS * 2 * ff).zip(d_wide.par_chunks(ROWS * ff)).for_each(
				|(gu, d)| {
					for (gu, d) in gu.chunks_mut(2 * ff).zip(d.chunks(ff)) {
						let (gate, up) = gu.split_at_mut(ff);
						ops::silu_mul_back(gate, up, d);
					}
				},
			);
			fit(x, rows * hidden);
			scale_rows(&kept.h_mid, &weights.mlp_norm, &kept.r2, x);
			fit(dx, rows * hidden);
			matmul(
				[rows, hidden, 2 * ff],
				View::rows(&kept.gate_up, 2 * ff),
				View::rows(&weights.gate_up, hidden),
				ViewMut::rows(dx, hidden),
				Into::Replace,
				1.0,
				true,
			);
			let group = Group { layer, group: 2, rows, x, dy: &kept.gate_up, stride: 2 * ff };
			if let Some(sink) = sink.as_deref_mut() {
				self.sink_group(sink, &group);
			}
			if let Some(adapter) = adapter {
				let buffers = (&mut *d_low, &mut *dropped);
				self.lora_back(
					adapter,
					&group,
					&kept.low[2],
					Some(dx),
					dropout,
					buffers,
					grads.as_deref_mut(),
				);
			}
			norm_rows_back(dx, &kept.h_mid, &weights.mlp_norm, &kept.r2, dh);

			// The attention's output.
			let d_ctx = &mut *d_wide;
			fit(d_ctx, rows * q_dim);
			matmul(
				[rows, q_dim, hidden],
				View::rows(dh, hidden),
				View::rows(&weights.o, q_dim),
				ViewMut::rows(d_ctx, q_dim),
				Into::Replace,
				1.0,
				true,
			);
			let group = Group { layer, group: 1, rows, x: &kept.ctx, dy: dh, stride: hidden };
			if let Some(sink) = sink.as_deref_mut() {
				self.sink_group(sink, &group);
			}
			if let Some(adapter) = adapter {
				let buffers = (&mut *d_low, &mut *dropped);
				self.lora_back(
					adapter,
					&group,
					&kept.low[1],
					Some(d_ctx),
					dropout,
					buffers,
					grads.as_deref_mut(),
				);
			}

			// Attention, then queries, keys and values.
			d_qkv.clear();
			d_qkv.resize(rows * qkv_dim, 0.0);
			self.attention_back(packed, kept, d_ctx, d_qkv);
			self.rotate(d_qkv, &packed.positions, true);
			scale_rows(&kept.h_in, &weights.attn_norm, &kept.r1, x);
			let group = Group { layer, group: 0, rows, x, dy: d_qkv, stride: qkv_dim };
			if let Some(sink) = sink.as_deref_mut() {
				self.sink_group(sink, &group);
			}
			// Nothing before the first block has a gradient.
			let needs_input = layer > 0;
			if needs_input {
				matmul(
					[rows, hidden, qkv_dim],
					View::rows(d_qkv, qkv_dim),
					View::rows(&weights.qkv, hidden),
					ViewMut::rows(dx, hidden),
					Into::Replace,
					1.0,
					true,
				);
			}
			if let Some(adapter) = adapter {
				let buffers = (&mut *d_low, &mut *dropped);
				let dx = needs_input.then_some(dx.as_mut_slice());
				let low = &kept.low[0];
				self.lora_back(adapter, &group, low, dx, dropout, buffers, grads.as_deref_mut());
			}
			if needs_input {
				norm_rows_back(dx, &kept.h_in, &weights.attn_norm, &kept.r1, dh);
			}
		}
	}

	/// Names of all projections, for sinks that want to prepare their sizes.
	pub fn module_dims(&self, module: Module) -> (usize, usize) {
		module.dims(&self.config)
	}
}
