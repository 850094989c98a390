//! The training loop.

use crate::{
	checkpoint::{self, State},
	data::{data_hash, epoch_order, partition, Example, Partition},
	encode::{encode_for_training, Sequence},
	optim::{clip_factor, AdamW},
	TrainConfig, TrainError,
};
use serde::{Deserialize, Serialize};
use std::{
	path::{Path, PathBuf},
	sync::atomic::{AtomicBool, Ordering},
	time::Instant,
};
use weft_engine::{Adapter, AdapterGrads, LoraConfig, LossStats, Model, Module, TrainBatch};
use weft_primitives::hash::tagged;

/// Where a run stands; given to the callback after every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
	/// Steps done.
	pub step: u32,
	/// Steps planned.
	pub total: u32,
	/// Epoch, from 1.
	pub epoch: u32,
	/// Mean loss per token of the step.
	pub loss: f64,
	/// Mean held-out loss per token, when it was just measured.
	pub heldout_loss: Option<f64>,
	/// The step's learning rate.
	pub learning_rate: f64,
	/// Norm of the gradient before clipping.
	pub grad_norm: f64,
	/// Learnt and given tokens per second since this process began the run.
	pub tokens_per_second: f64,
	/// Seconds left at this pace.
	pub eta_seconds: f64,
}

/// What a finished run reports on chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
	/// Held-out perplexity of the base model.
	pub base_ppl: f64,
	/// Held-out perplexity with the adapter.
	pub adapter_ppl: f64,
	/// Tokens behind both.
	pub heldout_tokens: u64,
	/// Tokens that went through training, prompts included.
	pub train_tokens: u64,
	/// Optimizer steps.
	pub steps: u32,
	/// Mean loss per token over the last epoch.
	pub final_loss: f64,
	/// Time spent training, measuring left out.
	pub seconds: f64,
	/// Training tokens per second.
	pub tokens_per_second: f64,
}

/// A finished run.
#[derive(Clone, Debug)]
pub struct Outcome {
	/// The trained adapter.
	pub adapter: Adapter,
	/// Its figures.
	pub metrics: Metrics,
}

/// Encoded records, ready to train on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
	/// What is learnt.
	pub train: Vec<Sequence>,
	/// What is measured.
	pub heldout: Vec<Sequence>,
	/// Which records these are.
	pub partition: Partition,
	/// Records with nothing to learn inside the longest length.
	pub skipped: Vec<usize>,
	/// Records cut to the longest length.
	pub cut: Vec<usize>,
	/// Commits to the records in their order.
	pub hash: [u8; 32],
}

impl Dataset {
	/// Splits and encodes records (in snapshot order).
	pub fn new(
		model: &Model,
		config: &TrainConfig,
		examples: &[Example],
	) -> Result<Self, TrainError> {
		config.validate()?;
		let partition =
			partition(examples, config.seed, config.heldout_fraction, config.heldout_records)?;
		let mut out = Self { hash: data_hash(examples), ..Default::default() };
		for (wanted, list) in
			[(&partition.train, &mut out.train), (&partition.heldout, &mut out.heldout)]
		{
			for at in wanted {
				let Some(example) = examples.get(*at) else { continue };
				match encode_for_training(
					model.tokenizer(),
					&example.record,
					config.completion_only,
					config.max_length as usize,
				) {
					Some((sequence, cut)) => {
						list.push(sequence);
						if cut {
							out.cut.push(*at);
						}
					}
					None => out.skipped.push(*at),
				}
			}
		}
		if out.train.is_empty() {
			return Err(TrainError::Data(format!(
				"no record has anything to learn within {} tokens; raise `max_length`",
				config.max_length
			)));
		}
		out.partition = partition;
		Ok(out)
	}
}

/// Everything a run needs.
pub struct Run<'a> {
	/// The base model.
	pub model: &'a Model,
	/// The settings.
	pub config: &'a TrainConfig,
	/// The records.
	pub data: &'a Dataset,
	/// The base's name for the adapter's configuration file.
	pub base_name: &'a str,
	/// Where checkpoints go; none are written without it.
	pub checkpoints: Option<PathBuf>,
	/// Ends the run after the current step when raised.
	pub cancel: &'a AtomicBool,
}

/// The modules named by a configuration.
pub fn modules(config: &TrainConfig) -> Vec<Module> {
	Module::all()
		.iter()
		.copied()
		.filter(|m| config.target_modules.iter().any(|name| name == m.short_name()))
		.collect()
}

fn engine<T>(result: weft_engine::Result<T>) -> Result<T, TrainError> {
	result.map_err(|e| TrainError::Engine(e.to_string()))
}

fn fingerprint(model: &Model) -> String {
	let shape = format!("{:?}", model.config());
	hex::encode(tagged(
		"weft/train-base/v1",
		&[shape.as_bytes(), &model.weights_hash(), &model.tokenizer_hash()],
	))
}

impl Run<'_> {
	/// Trains, resuming from the checkpoint folder if it has a checkpoint of this very run.
	pub fn train(&self, mut progress: impl FnMut(&Progress)) -> Result<Outcome, TrainError> {
		let config = self.config;
		config.validate()?;
		let limit = self.model.config().max_len;
		if config.max_length as usize > limit {
			return Err(TrainError::Config {
				field: "max_length",
				value: config.max_length.to_string(),
				allowed: format!("8 to {limit} with this base model"),
			});
		}
		let (train, heldout) = (&self.data.train, &self.data.heldout);
		let per_step = (config.batch_size * config.accumulation) as usize;
		let steps_per_epoch = train.len().div_ceil(per_step).max(1) as u32;
		let planned = steps_per_epoch.saturating_mul(config.epochs);
		let total = config.max_steps.map_or(planned, |most| planned.min(most));

		let lora = LoraConfig {
			rank: config.rank as usize,
			alpha: config.alpha as f32,
			modules: modules(config),
			dropout: config.dropout as f32,
			base_name: self.base_name.to_string(),
		};
		let mut adapter = engine(Adapter::new(self.model.config(), lora, config.seed))?;
		let mut optimizer = AdamW::new([adapter.len()]);
		let mut state = State {
			config: hex::encode(config.hash()),
			data: hex::encode(self.data.hash),
			base: fingerprint(self.model),
			..Default::default()
		};
		let resumed = match &self.checkpoints {
			Some(folder) => self.resume(folder, &state, &mut adapter, &mut optimizer)?,
			None => None,
		};
		match resumed {
			Some(earlier) => state = earlier,
			None => {
				let base = engine(self.model.loss(heldout, None))?;
				state.base_loss_bits = base.loss_sum.to_bits();
			}
		}

		let mut grads = AdapterGrads::new(&adapter);
		let started = Instant::now();
		let (mut here_tokens, mut here_seconds) = (0u64, 0f64);
		let (earlier_millis, first_step) = (state.millis, state.step);
		let mut heldout_now: Option<LossStats> = None;
		while state.step < total {
			if self.cancel.load(Ordering::Relaxed) {
				self.save(&state, &adapter, &optimizer)?;
				return Err(TrainError::Cancelled { step: state.step, total });
			}
			let begun = Instant::now();
			let (epoch, within) = (state.step / steps_per_epoch, state.step % steps_per_epoch);
			if within == 0 {
				state.epoch_loss_bits = 0f64.to_bits();
				state.epoch_tokens = 0;
			}
			let order = epoch_order(train.len(), config.seed, epoch);
			let from = within as usize * per_step;
			let chosen: Vec<Sequence> = order
				.get(from..(from + per_step).min(order.len()))
				.unwrap_or_default()
				.iter()
				.filter_map(|at| train.get(*at).cloned())
				.collect();

			grads.zero();
			let mut stats = LossStats::default();
			let mut seen = 0u64;
			for (micro, batch) in chosen.chunks(config.batch_size as usize).enumerate() {
				seen += batch.iter().map(|s| s.0.len() as u64).sum::<u64>();
				let dropout = (config.dropout > 0.0)
					.then(|| step_seed(config.seed, state.step, micro as u32));
				let batch = TrainBatch { sequences: batch.to_vec() };
				let part =
					engine(self.model.forward_backward(&batch, &adapter, dropout, &mut grads))?;
				stats.add(part);
			}
			let tokens = stats.tokens.max(1) as f64;
			let loss = stats.loss_sum / tokens;
			let norm = grads.norm() / tokens;
			for (value, what) in [(loss, "the loss"), (norm, "the gradient")] {
				if !value.is_finite() {
					return Err(TrainError::Diverged {
						step: state.step + 1,
						what,
						learning_rate: config.learning_rate,
					});
				}
			}
			let rate = config.learning_rate_at(state.step, total);
			let scale = (clip_factor(norm, config.max_grad_norm) / tokens) as f32;
			optimizer.begin();
			optimizer.update(0, adapter.values_mut(), grads.values(), scale, rate, config);

			state.step += 1;
			state.train_tokens += seen;
			state.epoch_loss_bits =
				(f64::from_bits(state.epoch_loss_bits) + stats.loss_sum).to_bits();
			state.epoch_tokens += stats.tokens as u64;
			here_tokens += seen;
			here_seconds += begun.elapsed().as_secs_f64();
			state.millis = earlier_millis + (here_seconds * 1000.0) as u64;
			let ends_epoch = within + 1 == steps_per_epoch || state.step == total;
			heldout_now = None;
			if ends_epoch && !heldout.is_empty() {
				heldout_now = Some(engine(self.model.loss(heldout, Some(&adapter)))?);
			}
			let every = config.checkpoint_every;
			if every > 0 && state.step.is_multiple_of(every) && state.step < total {
				self.save(&state, &adapter, &optimizer)?;
			}
			let done = here_tokens as f64 / here_seconds.max(1e-9);
			let pace = started.elapsed().as_secs_f64() / f64::from(state.step - first_step);
			progress(&Progress {
				step: state.step,
				total,
				epoch: epoch + 1,
				loss,
				heldout_loss: heldout_now.map(|h| h.mean()),
				learning_rate: rate,
				grad_norm: norm,
				tokens_per_second: done,
				eta_seconds: pace * f64::from(total - state.step),
			});
		}

		let after = match heldout_now {
			Some(stats) => stats,
			None => engine(self.model.loss(heldout, Some(&adapter)))?,
		};
		let seconds = state.millis as f64 / 1000.0;
		let counted = after.tokens.max(1) as f64;
		let metrics = Metrics {
			base_ppl: (f64::from_bits(state.base_loss_bits) / counted).exp(),
			adapter_ppl: (after.loss_sum / counted).exp(),
			heldout_tokens: after.tokens as u64,
			train_tokens: state.train_tokens,
			steps: state.step,
			final_loss: f64::from_bits(state.epoch_loss_bits) / state.epoch_tokens.max(1) as f64,
			seconds,
			tokens_per_second: state.train_tokens as f64 / seconds.max(1e-3),
		};
		Ok(Outcome { adapter, metrics })
	}

	fn save(&self, state: &State, adapter: &Adapter, optimizer: &AdamW) -> Result<(), TrainError> {
		match &self.checkpoints {
			Some(folder) => checkpoint::save(folder, state, [adapter.values()], optimizer),
			None => Ok(()),
		}
	}

	fn resume(
		&self,
		folder: &Path,
		run: &State,
		adapter: &mut Adapter,
		optimizer: &mut AdamW,
	) -> Result<Option<State>, TrainError> {
		let Some(found) = checkpoint::load(folder, &[adapter.len()])? else { return Ok(None) };
		for (what, theirs, ours) in [
			("configuration", &found.state.config, &run.config),
			("records", &found.state.data, &run.data),
			("base model", &found.state.base, &run.base),
		] {
			if theirs != ours {
				return Err(TrainError::Checkpoint {
					path: checkpoint::path_in(folder),
					problem: format!(
						"it belongs to a run with another {what} ({theirs}, this run has {ours}); remove it or \
						 use another folder"
					),
				});
			}
		}
		if let Some(values) = found.parameters.first() {
			adapter.values_mut().copy_from_slice(values);
		}
		*optimizer = found.optimizer;
		Ok(Some(found.state))
	}
}

fn step_seed(seed: u64, step: u32, micro: u32) -> u64 {
	let key = tagged(
		"weft/dropout/v1",
		&[&seed.to_le_bytes(), &step.to_le_bytes(), &micro.to_le_bytes()],
	);
	let mut first = [0u8; 8];
	first.copy_from_slice(&key[..8]);
	u64::from_le_bytes(first)
}
