//! What of a forward and a backward pass is kept of an example.
//!
//! The recipe (version 1) has two kinds of parts:
//!
//! - **States.** The inputs of the query projection of some blocks, averaged over the prompt's or the answer's
//!   tokens. A token counts by the logarithm of how rare it is among the records, so that the term asked about
//!   weighs and the wording of the question does not.
//! - **Gradient.** For the adapter's directions, the factored sketch Σ_t (P·x_t)(Q·δ_t)ᵀ of each chosen projection
//!   (x its input, δ the loss gradient at its output, P and Q random signs). Each projection's sketch has unit
//!   norm before they are put side by side, so that no block drowns the others.

use crate::index::TokenTable;
use weft_engine::{Adapter, Config, GradSink, Model, Module, Result, Sample};
use weft_primitives::hash::tagged;

/// Version of the recipe; an index of another version is not read with this one.
pub const VERSION: u32 = 1;
/// Rows of each random projection.
const RANK: usize = 16;

/// Which tokens a state is averaged over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
	/// What was given.
	Prompt,
	/// What was said.
	Answer,
}

/// One part of the recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spec {
	/// Averaged states at a depth in thirtieths of the model.
	State(usize, Side),
	/// The gradient sketch.
	Gradient,
}

/// The recipe: parts and their weights.
pub const RECIPE: [(Spec, u32); 5] = [
	(Spec::State(4, Side::Prompt), 2),
	(Spec::State(12, Side::Prompt), 2),
	(Spec::State(4, Side::Answer), 2),
	(Spec::State(12, Side::Answer), 1),
	(Spec::Gradient, 1),
];
/// Depths, in thirtieths, whose projections enter the gradient sketch.
const GRADIENT_DEPTHS: [usize; 4] = [8, 12, 16, 20];
/// Projections that enter it.
const GRADIENT_MODULES: [Module; 2] = [Module::O, Module::Down];

fn block(depth: usize, config: &Config) -> usize {
	(depth * config.n_layers / 30).min(config.n_layers.saturating_sub(1))
}

/// Dimensions of a part for a model.
pub fn dims(spec: Spec, config: &Config) -> usize {
	match spec {
		Spec::State(..) => config.hidden,
		Spec::Gradient => GRADIENT_DEPTHS.len() * GRADIENT_MODULES.len() * RANK * RANK,
	}
}

/// Weight of a token of which `count` of `records` records have one.
fn rarity(count: u32, records: usize) -> f32 {
	(((1 + records) as f64) / f64::from(count.max(1))).ln() as f32
}

/// Random signs, the same for the same seed, width and side.
fn signs(seed: u64, width: usize, side: u8) -> Vec<f32> {
	let factor = 1.0 / (width as f32).sqrt();
	let mut out = Vec::with_capacity(width * RANK + 256);
	let mut counter = 0u64;
	while out.len() < width * RANK {
		let bytes = tagged(
			"weft/projection/v1",
			&[&seed.to_le_bytes(), &(width as u64).to_le_bytes(), &[side], &counter.to_le_bytes()],
		);
		for byte in bytes {
			for bit in 0..8 {
				out.push(if byte >> bit & 1 == 0 { factor } else { -factor });
			}
		}
		counter += 1;
	}
	out.truncate(width * RANK);
	out
}

struct Projection {
	width: usize,
	side: u8,
	signs: Vec<f32>,
}

/// The projections of a model, made once.
pub struct Projections {
	list: Vec<Projection>,
}

impl Projections {
	/// For a model's shape and an index's seed.
	pub fn new(config: &Config, seed: u64) -> Self {
		let mut list: Vec<Projection> = Vec::new();
		for module in GRADIENT_MODULES {
			let (input, output) = module.dims(config);
			for (width, side) in [(input, 0), (output, 1)] {
				if !list.iter().any(|p| p.width == width && p.side == side) {
					list.push(Projection { width, side, signs: signs(seed, width, side) });
				}
			}
		}
		Self { list }
	}

	fn apply(&self, x: &[f32], side: u8) -> [f32; RANK] {
		let mut out = [0f32; RANK];
		if let Some(p) = self.list.iter().find(|p| p.width == x.len() && p.side == side) {
			for (sum, row) in out.iter_mut().zip(p.signs.chunks_exact(p.width)) {
				// Eight sums let the compiler use vector registers without changing the order.
				let mut lanes = [0f32; 8];
				for (xs, ss) in x.chunks_exact(8).zip(row.chunks_exact(8)) {
					for lane in 0..8 {
						lanes[lane] += xs[lane] * ss[lane];
					}
				}
				let rest = x.len() / 8 * 8;
				*sum = lanes.iter().sum::<f32>()
					+ x[rest..].iter().zip(&row[rest..]).map(|(a, b)| a * b).sum::<f32>();
			}
		}
		out
	}
}

struct Sink<'a> {
	config: &'a Config,
	projections: &'a Projections,
	/// Weight of each token on its side.
	weights: &'a [f32],
	mask: &'a [bool],
	parts: Vec<Vec<f32>>,
}

impl Sink<'_> {
	fn average(&self, x: &[f32], width: usize, answer: bool) -> Vec<f32> {
		let mut sum = vec![0f32; width];
		let mut total = 0f32;
		for ((row, weight), masked) in x.chunks_exact(width).zip(self.weights).zip(self.mask) {
			if *masked == answer {
				total += weight;
				for (s, x) in sum.iter_mut().zip(row) {
					*s += weight * x;
				}
			}
		}
		if total > 0.0 {
			sum.iter_mut().for_each(|s| *s /= total);
		}
		sum
	}
}

impl GradSink for Sink<'_> {
	fn module(&mut self, layer: usize, module: Module, x: &[f32], dy: &[f32], tokens: usize) {
		if tokens == 0 {
			return;
		}
		for (at, (spec, _)) in RECIPE.iter().enumerate() {
			match spec {
				Spec::State(depth, side)
					if module == Module::Q && block(*depth, self.config) == layer =>
				{
					let state = self.average(x, x.len() / tokens, *side == Side::Answer);
					self.parts[at] = state;
				}
				Spec::Gradient => {
					let Some(which) = GRADIENT_MODULES.iter().position(|m| *m == module) else {
						continue;
					};
					for (depth, _) in GRADIENT_DEPTHS
						.iter()
						.enumerate()
						.filter(|(_, d)| block(**d, self.config) == layer)
					{
						let sketch = self.sketch(x, dy, tokens);
						let from = (depth * GRADIENT_MODULES.len() + which) * RANK * RANK;
						self.parts[at][from..from + RANK * RANK].copy_from_slice(&sketch);
					}
				}
				_ => {}
			}
		}
	}

	fn hidden(&mut self, _: &[f32], _: &[f32], _: usize) {}
}

impl Sink<'_> {
	fn sketch(&self, x: &[f32], dy: &[f32], tokens: usize) -> Vec<f32> {
		let mut sketch = vec![0f32; RANK * RANK];
		for (x, dy) in x.chunks_exact(x.len() / tokens).zip(dy.chunks_exact(dy.len() / tokens)) {
			let given = self.projections.apply(x, 0);
			let asked = self.projections.apply(dy, 1);
			for (row, a) in sketch.chunks_exact_mut(RANK).zip(given) {
				for (sum, b) in row.iter_mut().zip(asked) {
					*sum += a * b;
				}
			}
		}
		let norm = sketch.iter().map(|v| v * v).sum::<f32>().sqrt();
		if norm > 0.0 {
			sketch.iter_mut().for_each(|v| *v /= norm);
		}
		sketch
	}
}

/// The raw parts of one sample: one forward and one backward pass.
pub fn raw(
	model: &Model,
	adapter: Option<&Adapter>,
	projections: &Projections,
	table: &TokenTable,
	records: usize,
	sample: &Sample,
) -> Result<Vec<Vec<f32>>> {
	let weights: Vec<f32> = sample.0.iter().map(|t| rarity(table.count(*t), records)).collect();
	let mut sink = Sink {
		config: model.config(),
		projections,
		weights: &weights,
		mask: &sample.1,
		parts: RECIPE.iter().map(|(spec, _)| vec![0.0; dims(*spec, model.config())]).collect(),
	};
	model.capture(sample, adapter, &mut sink)?;
	Ok(sink.parts)
}
