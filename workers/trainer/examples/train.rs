//! Trains an adapter: `train MODEL OUT CONFIG.json RECORDS.jsonl..`. Interrupt and start again to resume.

use std::{path::PathBuf, sync::atomic::AtomicBool};
use weft_engine::Model;
use weft_trainer::{parse_jsonl, Dataset, Run, TrainConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let mut arguments = std::env::args().skip(1);
	let (Some(model), Some(out), Some(config)) =
		(arguments.next(), arguments.next(), arguments.next())
	else {
		return Err("usage: train MODEL OUT CONFIG.json RECORDS.jsonl..".into());
	};
	let config = TrainConfig::from_json(&std::fs::read(config)?)?;
	let mut blob = Vec::new();
	for path in arguments {
		blob.extend(std::fs::read(path)?);
	}
	let examples = parse_jsonl(&blob)?;
	let model = Model::load(model.as_ref())?;
	let data = Dataset::new(&model, &config, &examples)?;
	let tokens: usize = data.train.iter().map(|s| s.0.len()).sum();
	println!(
		"{} records to learn ({tokens} tokens), {} held out, {} cut, {} skipped",
		data.train.len(),
		data.heldout.len(),
		data.cut.len(),
		data.skipped.len()
	);
	let out = PathBuf::from(out);
	let run = Run {
		model: &model,
		config: &config,
		data: &data,
		base_name: model.name(),
		checkpoints: Some(out.join("checkpoint")),
		cancel: &AtomicBool::new(false),
	};
	// The numbers of the held-out records, for whoever indexes or evaluates the adapter.
	std::fs::create_dir_all(out.join("adapter"))?;
	let heldout = serde_json::to_string(&data.partition.heldout)?;
	std::fs::write(out.join("adapter/heldout.json"), heldout)?;
	let outcome = run.train(|p| {
		let heldout = p.heldout_loss.map(|l| format!(", held-out ppl {:.2}", l.exp()));
		println!(
			"step {}/{} epoch {} loss {:.3} rate {:.1e} norm {:.2} {:.0} tok/s, {:.0} s left{}",
			p.step,
			p.total,
			p.epoch,
			p.loss,
			p.learning_rate,
			p.grad_norm,
			p.tokens_per_second,
			p.eta_seconds,
			heldout.unwrap_or_default()
		);
	})?;
	outcome.adapter.to_peft(&out.join("adapter"))?;
	let metrics = serde_json::to_string_pretty(&outcome.metrics)?;
	std::fs::write(out.join("metrics.json"), &metrics)?;
	println!("{metrics}");
	Ok(())
}
