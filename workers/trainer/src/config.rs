//! The hyperparameters of a training job: a JSON document that a job points at by its content id.

use crate::TrainError;
use serde::{Deserialize, Serialize};
use weft_primitives::hash::tagged;

/// The projections of a Llama layer that may carry an adapter.
pub const MODULES: [&str; 7] =
	["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/// How the learning rate moves after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
	/// Stays at the peak.
	Constant,
	/// Falls in a straight line to zero.
	Linear,
	/// Falls along half a cosine to zero.
	Cosine,
}

/// All settings of a run. Absent fields take the defaults, unknown fields are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
	/// Rank of the adapter, 1 to 256.
	pub rank: u32,
	/// The update is scaled by `alpha / rank`.
	pub alpha: f64,
	/// Chance that an input of the adapter is dropped, 0 to 0.9.
	pub dropout: f64,
	/// Which projections carry an adapter: some of [`MODULES`].
	pub target_modules: Vec<String>,
	/// Peak learning rate.
	pub learning_rate: f64,
	/// Part of all steps in which the rate climbs from zero, 0 to 0.5.
	pub warmup_ratio: f64,
	/// What the rate does afterwards.
	pub schedule: Schedule,
	/// Passes over the training records, 1 to 100.
	pub epochs: u32,
	/// Ends the run after that many steps, if given.
	pub max_steps: Option<u32>,
	/// Sequences that go through the model at once, 1 to 256.
	pub batch_size: u32,
	/// Batches that share one optimizer step, 1 to 256.
	pub accumulation: u32,
	/// The gradient is scaled down to this norm; 0 switches clipping off.
	pub max_grad_norm: f64,
	/// Longest sequence in tokens, 8 to 8,192; a longer one is cut at its end.
	pub max_length: u32,
	/// Learn the answers only (chat: assistant turns, completion: the completion).
	pub completion_only: bool,
	/// Every random choice comes from it.
	pub seed: u64,
	/// Part of the records kept out of training to measure perplexity, 0 to 0.5.
	pub heldout_fraction: f64,
	/// A fixed number of held-out records instead of a fraction.
	pub heldout_records: Option<u32>,
	/// Decoupled weight decay.
	pub weight_decay: f64,
	/// First moment decay of AdamW.
	pub beta1: f64,
	/// Second moment decay of AdamW.
	pub beta2: f64,
	/// AdamW's denominator floor.
	pub epsilon: f64,
	/// Steps between checkpoints; 0 writes none.
	pub checkpoint_every: u32,
}

impl Default for TrainConfig {
	fn default() -> Self {
		Self {
			rank: 16,
			alpha: 32.0,
			dropout: 0.0,
			target_modules: MODULES.iter().map(|m| m.to_string()).collect(),
			learning_rate: 1e-3,
			warmup_ratio: 0.05,
			schedule: Schedule::Cosine,
			epochs: 2,
			max_steps: None,
			batch_size: 8,
			accumulation: 1,
			max_grad_norm: 1.0,
			max_length: 512,
			completion_only: true,
			seed: 42,
			heldout_fraction: 0.1,
			heldout_records: None,
			weight_decay: 0.0,
			beta1: 0.9,
			beta2: 0.999,
			epsilon: 1e-8,
			checkpoint_every: 25,
		}
	}
}

impl TrainConfig {
	/// Reads and validates a configuration.
	pub fn from_json(json: &[u8]) -> Result<Self, TrainError> {
		let config: Self =
			serde_json::from_slice(json).map_err(|e| TrainError::ConfigJson(e.to_string()))?;
		config.validate()?;
		Ok(config)
	}

	/// The document whose content id a job carries.
	pub fn to_json(&self) -> String {
		serde_json::to_string_pretty(self).unwrap_or_default()
	}

	/// Checks every field against what is allowed.
	pub fn validate(&self) -> Result<(), TrainError> {
		fn refuse(
			field: &'static str,
			value: impl ToString,
			allowed: impl ToString,
		) -> Result<(), TrainError> {
			Err(TrainError::Config {
				field,
				value: value.to_string(),
				allowed: allowed.to_string(),
			})
		}
		fn real(field: &'static str, value: f64, low: f64, high: f64) -> Result<(), TrainError> {
			if value.is_finite() && value >= low && value <= high {
				return Ok(());
			}
			refuse(field, value, format!("{low} to {high}"))
		}
		fn whole(field: &'static str, value: u32, low: u32, high: u32) -> Result<(), TrainError> {
			if (low..=high).contains(&value) {
				return Ok(());
			}
			refuse(field, value, format!("{low} to {high}"))
		}
		whole("rank", self.rank, 1, 256)?;
		real("alpha", self.alpha, 0.001, 4096.0)?;
		real("dropout", self.dropout, 0.0, 0.9)?;
		let names = MODULES.join(", ");
		if self.target_modules.is_empty() {
			return refuse("target_modules", "empty", format!("one or more of {names}"));
		}
		for (at, module) in self.target_modules.iter().enumerate() {
			if !MODULES.contains(&module.as_str()) {
				return refuse("target_modules", format!("`{module}`"), format!("some of {names}"));
			}
			if self.target_modules.iter().take(at).any(|m| m == module) {
				return refuse(
					"target_modules",
					format!("`{module}` twice"),
					"each name at most once",
				);
			}
		}
		real("learning_rate", self.learning_rate, 1e-8, 1.0)?;
		real("warmup_ratio", self.warmup_ratio, 0.0, 0.5)?;
		whole("epochs", self.epochs, 1, 100)?;
		if let Some(steps) = self.max_steps {
			whole("max_steps", steps, 1, 1_000_000)?;
		}
		whole("batch_size", self.batch_size, 1, 256)?;
		whole("accumulation", self.accumulation, 1, 256)?;
		real("max_grad_norm", self.max_grad_norm, 0.0, 1e6)?;
		whole("max_length", self.max_length, 8, 8192)?;
		real("heldout_fraction", self.heldout_fraction, 0.0, 0.5)?;
		real("weight_decay", self.weight_decay, 0.0, 1.0)?;
		real("beta1", self.beta1, 0.0, 0.9999)?;
		real("beta2", self.beta2, 0.0, 0.999_999)?;
		real("epsilon", self.epsilon, 1e-12, 0.1)?;
		Ok(())
	}

	/// Identifies the run's settings. Neither the number of checkpoints nor anything else that leaves the
	/// result as it is enters.
	pub fn hash(&self) -> [u8; 32] {
		let same = Self { checkpoint_every: 0, ..self.clone() };
		tagged("weft/train-config/v1", &[same.to_json().as_bytes()])
	}

	/// Warm-up steps of a run of `total` steps.
	pub fn warmup_steps(&self, total: u32) -> u32 {
		(self.warmup_ratio * f64::from(total)).round() as u32
	}

	/// The learning rate of a step, counted from 0.
	pub fn learning_rate_at(&self, step: u32, total: u32) -> f64 {
		let warmup = self.warmup_steps(total);
		if step < warmup {
			return self.learning_rate * f64::from(step + 1) / f64::from(warmup);
		}
		let span = f64::from(total.saturating_sub(warmup).max(1));
		let done = (f64::from(step - warmup) / span).min(1.0);
		match self.schedule {
			Schedule::Constant => self.learning_rate,
			Schedule::Linear => self.learning_rate * (1.0 - done),
			Schedule::Cosine => {
				self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
			}
		}
	}
}
