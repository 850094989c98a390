//! The weights of a model: as read, in full precision for prompts and training, and packed for decoding.

use crate::{
	config::Config,
	error::{EngineError, Result},
	quant::QMatrix,
};
use rayon::prelude::*;

/// Values in one block of the quantised formats.
pub(crate) const BLOCK: usize = 32;
/// Bytes of a Q4_1 block: scale, minimum, 32 nibbles.
pub(crate) const Q4_1_BYTES: usize = 20;
/// Bytes of a Q8_0 block: scale, 32 bytes.
pub(crate) const Q8_0_BYTES: usize = 34;

/// A matrix as it was in the file, rows are outputs.
pub(crate) enum RawMatrix {
	F32 { rows: usize, cols: usize, data: Vec<f32> },
	Q4_1 { rows: usize, cols: usize, data: Vec<u8> },
	Q8_0 { rows: usize, cols: usize, data: Vec<u8> },
}

pub(crate) fn f16_at(bytes: &[u8], at: usize) -> f32 {
	half::f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

impl RawMatrix {
	pub(crate) fn select_rows(&self, order: &[usize]) -> Result<Self> {
		fn pick<T: Copy>(data: &[T], width: usize, order: &[usize]) -> Result<Vec<T>> {
			let mut out = Vec::with_capacity(data.len());
			for &row in order {
				let part = data
					.get(row * width..(row + 1) * width)
					.ok_or_else(|| EngineError::Model("a projection has too few rows".into()))?;
				out.extend_from_slice(part);
			}
			Ok(out)
		}
		let rows = order.len();
		Ok(match self {
			Self::F32 { cols, data, .. } => {
				Self::F32 { rows, cols: *cols, data: pick(data, *cols, order)? }
			}
			Self::Q4_1 { cols, data, .. } => Self::Q4_1 {
				rows,
				cols: *cols,
				data: pick(data, cols / BLOCK * Q4_1_BYTES, order)?,
			},
			Self::Q8_0 { cols, data, .. } => Self::Q8_0 {
				rows,
				cols: *cols,
				data: pick(data, cols / BLOCK * Q8_0_BYTES, order)?,
			},
		})
	}

	pub(crate) fn rows(&self) -> usize {
		match self {
			Self::F32 { rows, .. } | Self::Q4_1 { rows, .. } | Self::Q8_0 { rows, .. } => *rows,
		}
	}

	pub(crate) fn cols(&self) -> usize {
		match self {
			Self::F32 { cols, .. } | Self::Q4_1 { cols, .. } | Self::Q8_0 { cols, .. } => *cols,
		}
	}

	/// Appends the values in full precision.
	fn append_to(&self, out: &mut Vec<f32>) {
		match self {
			Self::F32 { data, .. } => out.extend_from_slice(data),
			Self::Q4_1 { data, .. } => {
				for block in data.chunks_exact(Q4_1_BYTES) {
					let (scale, low) = (f16_at(block, 0), f16_at(block, 2));
					let quants = &block[4..];
					out.extend(quants.iter().map(|q| f32::from(q & 15) * scale + low));
					out.extend(quants.iter().map(|q| f32::from(q >> 4) * scale + low));
				}
			}
			Self::Q8_0 { data, .. } => {
				for block in data.chunks_exact(Q8_0_BYTES) {
					let scale = f16_at(block, 0);
					out.extend(block[2..].iter().map(|q| f32::from(*q as i8) * scale));
				}
			}
		}
	}

	/// The values of several matrices, one below the other.
	fn stack(parts: &[&RawMatrix]) -> Vec<f32> {
		let mut out = Vec::with_capacity(parts.iter().map(|p| p.rows() * p.cols()).sum());
		parts.iter().for_each(|p| p.append_to(&mut out));
		out
	}
}

pub(crate) struct RawLayer {
	pub(crate) attn_norm: Vec<f32>,
	pub(crate) q: RawMatrix,
	pub(crate) k: RawMatrix,
	pub(crate) v: RawMatrix,
	pub(crate) o: RawMatrix,
	pub(crate) mlp_norm: Vec<f32>,
	pub(crate) gate: RawMatrix,
	pub(crate) up: RawMatrix,
	pub(crate) down: RawMatrix,
}

pub(crate) struct RawWeights {
	pub(crate) embedding: RawMatrix,
	pub(crate) layers: Vec<RawLayer>,
	pub(crate) norm: Vec<f32>,
	pub(crate) head: Option<RawMatrix>,
}

/// One block's weights in full precision; projections of the same input are stacked.
pub(crate) struct Layer {
	pub(crate) attn_norm: Vec<f32>,
	pub(crate) qkv: Vec<f32>,
	pub(crate) o: Vec<f32>,
	pub(crate) mlp_norm: Vec<f32>,
	pub(crate) gate_up: Vec<f32>,
	pub(crate) down: Vec<f32>,
}

/// One block's weights packed for decoding.
pub(crate) struct QLayer {
	pub(crate) qkv: QMatrix,
	pub(crate) o: QMatrix,
	pub(crate) gate_up: QMatrix,
	pub(crate) down: QMatrix,
}

pub(crate) struct Weights {
	pub(crate) embedding: Vec<f32>,
	pub(crate) layers: Vec<Layer>,
	pub(crate) norm: Vec<f32>,
	head: Option<Vec<f32>>,
	pub(crate) q_layers: Vec<QLayer>,
	pub(crate) q_head: QMatrix,
}

impl Weights {
	pub(crate) fn new(raw: RawWeights, _config: &Config) -> Result<Self> {
		let finite = |values: &[f32], what: &str| {
			if values.par_iter().all(|v| v.is_finite()) {
				Ok(())
			} else {
				Err(EngineError::Model(format!("{what} holds values that are not finite numbers")))
			}
		};
		let built: Vec<(Layer, QLayer)> = raw
			.layers
			.into_par_iter()
			.map(|l| {
				let full = Layer {
					qkv: RawMatrix::stack(&[&l.q, &l.k, &l.v]),
					o: RawMatrix::stack(&[&l.o]),
					gate_up: RawMatrix::stack(&[&l.gate, &l.up]),
					down: RawMatrix::stack(&[&l.down]),
					attn_norm: l.attn_norm,
					mlp_norm: l.mlp_norm,
				};
				let packed = QLayer {
					qkv: QMatrix::pack(&[&l.q, &l.k, &l.v])?,
					o: QMatrix::pack(&[&l.o])?,
					gate_up: QMatrix::pack(&[&l.gate, &l.up])?,
					down: QMatrix::pack(&[&l.down])?,
				};
				Ok((full, packed))
			})
			.collect::<Result<_>>()?;
		let (layers, q_layers): (Vec<_>, Vec<_>) = built.into_iter().unzip();
		for (i, l) in layers.iter().enumerate() {
			for part in [&l.attn_norm, &l.qkv, &l.o, &l.mlp_norm, &l.gate_up, &l.down] {
				finite(part, &format!("block {i}"))?;
			}
		}
		let embedding = RawMatrix::stack(&[&raw.embedding]);
		finite(&embedding, "the embedding")?;
		finite(&raw.norm, "the last norm")?;
		let q_head = QMatrix::pack(&[raw.head.as_ref().unwrap_or(&raw.embedding)])?;
		let head = raw.head.map(|h| RawMatrix::stack(&[&h]));
		if let Some(head) = &head {
			finite(head, "the output head")?;
		}
		Ok(Self { embedding, layers, norm: raw.norm, head, q_layers, q_head })
	}

	/// The output projection, `[vocab, hidden]`.
	pub(crate) fn head(&self) -> &[f32] {
		self.head.as_deref().unwrap_or(&self.embedding)
	}
}

impl RawWeights {
	/// Random weights, for tests.
	pub(crate) fn random(config: &Config, seed: u64) -> Self {
		use rand::{rngs::StdRng, Rng, SeedableRng};
		let mut rng = StdRng::seed_from_u64(seed);
		let mut values = |n: usize, middle: f32, spread: f32| -> Vec<f32> {
			(0..n).map(|_| middle + spread * rng.gen_range(-1.0f32..1.0)).collect()
		};
		let (h, q, kv, ff) = (config.hidden, config.q_dim(), config.kv_dim(), config.intermediate);
		let mut matrix = |rows: usize, cols: usize| RawMatrix::F32 {
			rows,
			cols,
			data: values(rows * cols, 0.0, (3.0 / cols as f32).sqrt()),
		};
		let embedding = matrix(config.vocab, h);
		let layers = (0..config.n_layers)
			.map(|_| RawLayer {
				attn_norm: vec![1.0; h],
				q: matrix(q, h),
				k: matrix(kv, h),
				v: matrix(kv, h),
				o: matrix(h, q),
				mlp_norm: vec![1.0; h],
				gate: matrix(ff, h),
				up: matrix(ff, h),
				down: matrix(h, ff),
			})
			.collect::<Vec<_>>();
		let mut weights = Self { embedding, layers, norm: values(h, 1.0, 0.2), head: None };
		for layer in &mut weights.layers {
			layer.attn_norm = values(h, 1.0, 0.2);
			layer.mlp_norm = values(h, 1.0, 0.2);
		}
		weights
	}
}
