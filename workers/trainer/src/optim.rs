//! AdamW with decoupled weight decay. Every sum has a fixed order, so the same gradients give the same bytes.

use crate::TrainConfig;

/// The moments of every parameter and the number of steps taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdamW {
	/// First moments, one list per parameter tensor.
	pub first: Vec<Vec<f32>>,
	/// Second moments.
	pub second: Vec<Vec<f32>>,
	/// Steps taken.
	pub steps: u32,
}

impl AdamW {
	/// Zero moments for tensors of these sizes.
	pub fn new(sizes: impl IntoIterator<Item = usize>) -> Self {
		let first: Vec<Vec<f32>> = sizes.into_iter().map(|n| vec![0.0; n]).collect();
		Self { second: first.clone(), first, steps: 0 }
	}

	/// Counts a step; call once before the [`Self::update`]s of its tensors.
	pub fn begin(&mut self) {
		self.steps += 1;
	}

	/// Moves one tensor along its gradient times `scale`.
	pub fn update(
		&mut self,
		tensor: usize,
		parameter: &mut [f32],
		gradient: &[f32],
		scale: f32,
		rate: f64,
		config: &TrainConfig,
	) {
		let (Some(first), Some(second)) = (self.first.get_mut(tensor), self.second.get_mut(tensor))
		else {
			return;
		};
		let (b1, b2) = (config.beta1 as f32, config.beta2 as f32);
		let power = i32::try_from(self.steps).unwrap_or(i32::MAX);
		let correction1 = 1.0 - config.beta1.powi(power);
		let correction2 = 1.0 - config.beta2.powi(power);
		let size = (rate / correction1) as f32;
		let root = correction2.sqrt() as f32;
		let floor = config.epsilon as f32;
		let keep = (1.0 - rate * config.weight_decay) as f32;
		for (((p, g), m), v) in
			parameter.iter_mut().zip(gradient).zip(first.iter_mut()).zip(second.iter_mut())
		{
			let g = g * scale;
			*m = b1 * *m + (1.0 - b1) * g;
			*v = b2 * *v + (1.0 - b2) * g * g;
			*p = *p * keep - size * *m / (v.sqrt() / root + floor);
		}
	}
}

/// The Euclidean norm over all tensors, summed in order in f64.
pub fn norm<'a>(tensors: impl IntoIterator<Item = &'a [f32]>) -> f64 {
	tensors
		.into_iter()
		.flat_map(|t| t.iter())
		.map(|x| f64::from(*x) * f64::from(*x))
		.sum::<f64>()
		.sqrt()
}

/// The factor that brings a gradient of this norm to at most `limit` (0 = no limit).
pub fn clip_factor(norm: f64, limit: f64) -> f64 {
	if limit > 0.0 && norm > limit {
		limit / (norm + 1e-6)
	} else {
		1.0
	}
}
