//! Speed of training, prompts and decoding: `cargo run -p weft-engine --example bench [model]`.

use std::{path::PathBuf, sync::Arc, time::Instant};
use weft_engine::{fetch, Adapter, AdapterGrads, LoraConfig, Model, Sequence, TrainBatch};

/// Seconds that the process has computed, over all threads; on a busy machine the honest measure.
fn cpu() -> f64 {
	let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
	let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
	let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
	(ticks(11) + ticks(12)) / 100.0
}

/// Prints tokens a second of wall-clock time and of processor time.
fn report(name: &str, tokens: f64, (wall, start): (Instant, f64)) {
	let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu() - start);
	println!("{name:32}{:8.1} tok/s   {:8.1} tok/core-s", tokens / wall, tokens / cpu);
}

fn now() -> (Instant, f64) {
	(Instant::now(), cpu())
}

type Error = Box<dyn std::error::Error>;

fn adapter(model: &Model, seed: u64) -> Result<Adapter, Error> {
	let mut adapter = Adapter::new(model.config(), LoraConfig::default(), seed)?;
	for (i, value) in adapter.values_mut().iter_mut().enumerate() {
		*value += ((i % 13) as f32 - 6.0) * 1e-4;
	}
	Ok(adapter)
}

fn main() -> Result<(), Error> {
	let path = std::env::args().nth(1).map(PathBuf::from);
	let path = path.unwrap_or_else(|| fetch::SMOLLM2_135M.path());
	let start = Instant::now();
	let model = Model::load(&path)?;
	println!("load                     {:8.2} s", start.elapsed().as_secs_f64());
	let vocab = model.config().vocab as u32;
	let tokens = |n: u32, salt: u32| -> Vec<u32> {
		(0..n).map(|i| (i * 7919 + salt * 104_729) % (vocab - 1000) + 500).collect()
	};

	for length in [16, 128, 512] {
		let prompt = tokens(length, 1);
		let mut sequence = Sequence::new(&model, None, 1024)?;
		model.prefill(&mut sequence, &prompt)?;
		let (rounds, start) = (1024 / length / 2, now());
		for _ in 0..rounds {
			sequence.truncate(0);
			model.prefill(&mut sequence, &prompt)?;
		}
		report(&format!("prompt of {length}"), f64::from(rounds * length), start);
	}

	let shared: Vec<Arc<Adapter>> =
		(0..8).map(|seed| adapter(&model, seed).map(Arc::new)).collect::<Result<_, _>>()?;
	for (name, streams, adapters) in [
		("1 stream, base", 1, 0),
		("1 stream, adapter", 1, 1),
		("8 streams, base", 8, 0),
		("8 streams, 8 adapters", 8, 8),
	] {
		let mut sequences = Vec::new();
		for i in 0..streams {
			let adapter = (adapters > 0).then(|| shared[i % adapters].clone());
			let mut sequence = Sequence::new(&model, adapter, 1024)?;
			model.prefill(&mut sequence, &tokens(128, i as u32))?;
			sequences.push(sequence);
		}
		let steps = 64;
		let start = now();
		for step in 0..steps {
			let mut batch: Vec<_> = sequences.iter_mut().map(|s| (s, 1000 + step)).collect();
			model.decode(&mut batch)?;
		}
		report(&format!("decode, {name}"), f64::from(steps) * streams as f64, start);
	}

	let adapter = adapter(&model, 1)?;
	let mut grads = AdapterGrads::new(&adapter);
	let batch = TrainBatch {
		sequences: (0..8)
			.map(|i| (tokens(100, i), (0..100).map(|at| at >= 30).collect()))
			.collect(),
	};
	for _ in 0..3 {
		grads.zero();
		let start = now();
		let stats = model.forward_backward(&batch, &adapter, None, &mut grads)?;
		report("train 8 x 100, r = 16", 800.0, start);
		println!("    loss {:.4}, |gradient| {:.4}", stats.mean(), grads.norm());
	}
	let start = now();
	model.loss(&batch.sequences, Some(&adapter))?;
	report("loss 8 x 100", 800.0, start);
	Ok(())
}
