//! Runs on a tiny model of random weights: the loop, the optimizer and the checkpoints are the real ones.

use std::{
	path::Path,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
};
use weft_engine::{Config, Model};
use weft_trainer::{Dataset, Outcome, Progress, Run, TrainConfig, TrainError};

fn model() -> Arc<Model> {
	let config = Config {
		n_layers: 2,
		hidden: 32,
		n_heads: 4,
		n_kv_heads: 2,
		head_dim: 8,
		intermediate: 64,
		vocab: 96,
		rope_theta: 10_000.0,
		rms_eps: 1e-5,
		max_len: 64,
	};
	Model::random(config, 5).expect("a small model")
}

fn config() -> TrainConfig {
	TrainConfig {
		rank: 4,
		alpha: 8.0,
		dropout: 0.1,
		learning_rate: 1e-2,
		epochs: 4,
		batch_size: 3,
		accumulation: 2,
		max_length: 64,
		weight_decay: 0.01,
		checkpoint_every: 2,
		..Default::default()
	}
}

/// Sequences with a rule to learn: each token follows from the one before.
fn data() -> Dataset {
	let sequence = |start: u32| {
		let ids: Vec<u32> = (0..12).map(|i| (start * 7 + i * 5) % 96).collect();
		let mask = (0..12).map(|i| i >= 4).collect();
		(ids, mask)
	};
	Dataset {
		train: (0..23).map(sequence).collect(),
		heldout: (23..28).map(sequence).collect(),
		hash: [1; 32],
		..Default::default()
	}
}

fn run(
	model: &Model,
	config: &TrainConfig,
	data: &Dataset,
	checkpoints: Option<&Path>,
	cancel_at: Option<u32>,
) -> (Result<Outcome, TrainError>, Vec<Progress>) {
	let cancel = AtomicBool::new(false);
	let mut seen = Vec::new();
	let outcome = Run {
		model,
		config,
		data,
		base_name: "random",
		checkpoints: checkpoints.map(Path::to_path_buf),
		cancel: &cancel,
	}
	.train(|p| {
		seen.push(p.clone());
		if Some(p.step) == cancel_at {
			cancel.store(true, Ordering::Relaxed);
		}
	});
	(outcome, seen)
}

#[test]
fn training_lowers_the_loss_and_tells_how_far_it_is() {
	let (model, data) = (model(), data());
	let (outcome, seen) = run(&model, &config(), &data, None, None);
	let metrics = outcome.expect("trains").metrics;
	assert!(metrics.adapter_ppl < metrics.base_ppl * 0.9, "{metrics:?}");
	assert_eq!((metrics.steps, seen.len()), (16, 16));
	assert_eq!(metrics.train_tokens, 23 * 12 * 4);
	assert_eq!(metrics.heldout_tokens, 5 * 8);
	assert_eq!(seen.iter().filter(|p| p.heldout_loss.is_some()).count(), 4);
	assert!(seen.iter().all(|p| p.total == 16 && p.eta_seconds >= 0.0 && p.grad_norm > 0.0));
	let last = seen.last().expect("steps").heldout_loss.expect("measured");
	assert!((last.exp() - metrics.adapter_ppl).abs() < 1e-9);
}

#[test]
fn a_resumed_run_gives_the_same_adapter_bytes_as_an_undisturbed_one() {
	let (model, data) = (model(), data());
	let straight = run(&model, &config(), &data, None, None).0.expect("trains");
	for stop in [1, 5, 8, 15] {
		let dir = tempfile::tempdir().expect("temporary folder");
		let stopped = run(&model, &config(), &data, Some(dir.path()), Some(stop)).0;
		assert!(
			matches!(stopped, Err(TrainError::Cancelled { step, total: 16 }) if step == stop),
			"{stopped:?}"
		);
		let (resumed, seen) = run(&model, &config(), &data, Some(dir.path()), None);
		let resumed = resumed.expect("resumes");
		assert_eq!(seen.first().map(|p| p.step), Some(stop + 1));
		assert_eq!(resumed.adapter.values(), straight.adapter.values());
		assert_eq!(resumed.metrics.adapter_ppl, straight.metrics.adapter_ppl);
		assert_eq!(resumed.metrics.base_ppl, straight.metrics.base_ppl);
		assert_eq!(resumed.metrics.final_loss, straight.metrics.final_loss);
		assert_eq!(resumed.metrics.train_tokens, straight.metrics.train_tokens);
	}
}

#[test]
fn a_run_that_was_killed_goes_on_from_its_last_checkpoint_to_the_same_bytes() {
	let (model, data) = (model(), data());
	let straight = run(&model, &config(), &data, None, None).0.expect("trains");
	let dir = tempfile::tempdir().expect("temporary folder");
	let other = tempfile::tempdir().expect("temporary folder");
	// What a kill after step 7 leaves: the checkpoint of step 6 (every second step is saved).
	let file = weft_trainer::checkpoint::path_in(dir.path());
	let cancel = AtomicBool::new(false);
	let (config, kept) = (config(), weft_trainer::checkpoint::path_in(other.path()));
	Run {
		model: &model,
		config: &config,
		data: &data,
		base_name: "random",
		checkpoints: Some(dir.path().to_path_buf()),
		cancel: &cancel,
	}
	.train(|p| {
		if p.step == 7 {
			std::fs::copy(&file, &kept).expect("copies");
		}
	})
	.expect("trains");
	let (resumed, seen) = run(&model, &config, &data, Some(other.path()), None);
	assert_eq!(seen.first().map(|p| p.step), Some(7));
	assert_eq!(resumed.expect("resumes").adapter.values(), straight.adapter.values());
}

#[test]
fn a_checkpoint_of_another_run_is_refused_and_kept() {
	let (model, mut data) = (model(), data());
	let dir = tempfile::tempdir().expect("temporary folder");
	let _ = run(&model, &config(), &data, Some(dir.path()), Some(3));
	let before = std::fs::read(weft_trainer::checkpoint::path_in(dir.path())).expect("is there");
	let other = TrainConfig { learning_rate: 5e-3, ..config() };
	let message =
		run(&model, &other, &data, Some(dir.path()), None).0.expect_err("refused").to_string();
	assert!(message.contains("another configuration"), "{message}");
	data.hash = [2; 32];
	let message =
		run(&model, &config(), &data, Some(dir.path()), None).0.expect_err("refused").to_string();
	assert!(message.contains("another records"), "{message}");
	assert_eq!(std::fs::read(weft_trainer::checkpoint::path_in(dir.path())).expect("kept"), before);
}

#[test]
fn a_sequence_longer_than_the_model_allows_is_a_clear_error() {
	let (model, data) = (model(), data());
	let config = TrainConfig { max_length: 65, ..config() };
	let message = run(&model, &config, &data, None, None).0.expect_err("refused").to_string();
	assert!(message.contains("max_length") && message.contains("8 to 64"), "{message}");
}

#[test]
fn max_steps_ends_a_run_early_and_a_written_adapter_reads_back() {
	let (model, data) = (model(), data());
	let config = TrainConfig { max_steps: Some(3), ..config() };
	let outcome = run(&model, &config, &data, None, None).0.expect("trains");
	assert_eq!(outcome.metrics.steps, 3);
	let dir = tempfile::tempdir().expect("temporary folder");
	outcome.adapter.to_peft(dir.path()).expect("writes");
	let back = weft_engine::Adapter::from_peft(dir.path(), model.config()).expect("reads");
	assert_eq!(back.values(), outcome.adapter.values());
}

#[test]
fn a_rate_that_makes_the_loss_explode_is_reported_or_survived_but_never_silently_not_a_number() {
	let (model, data) = (model(), data());
	let config = TrainConfig { learning_rate: 1.0, max_grad_norm: 0.0, ..config() };
	match run(&model, &config, &data, None, None).0 {
		Err(TrainError::Diverged { learning_rate, .. }) => assert_eq!(learning_rate, 1.0),
		Ok(outcome) => assert!(outcome.adapter.values().iter().all(|v| v.is_finite())),
		Err(other) => panic!("{other}"),
	}
}
