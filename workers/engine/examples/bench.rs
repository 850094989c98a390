//! Speed of training, prompts and decoding: `cargo run -p weft-engine --example bench -- [MODEL] [--json FILE]`.
//!
//! With `--json`, every line also goes to the file as one JSON object. `workers/engine/peers/bench_peers.py`
//! measures the same work done by transformers, peft and llama.cpp; `cargo xtask bench` runs both. Each line
//! runs its work once to warm up before the clock starts, and says how many cores other processes used
//! meanwhile: where that is more than a few hundredths, the figure is of a disturbed machine.

use std::{fs::File, io::Write, path::PathBuf, sync::Arc, time::Instant};
use weft_engine::{fetch, Adapter, AdapterGrads, LoraConfig, Model, Sequence, TrainBatch};

/// Seconds that this process has computed, over all threads, and that the whole machine has been busy,
/// over all cores.
fn cpu() -> (f64, f64) {
	let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
	let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
	let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
	let all = std::fs::read_to_string("/proc/stat").unwrap_or_default();
	let all = all.lines().next().unwrap_or("").split_whitespace().skip(1).take(8);
	// The fourth and the fifth are idle time and waiting for disks.
	let busy = all.enumerate().filter(|(i, _)| ![3, 4].contains(i));
	let busy: f64 = busy.filter_map(|(_, f)| f.parse::<f64>().ok()).sum();
	((ticks(11) + ticks(12)) / 100.0, busy / 100.0)
}

type Error = Box<dyn std::error::Error>;

/// Where the lines go.
struct Report {
	json: Option<File>,
	threads: usize,
}

impl Report {
	/// Prints tokens a second of wall-clock time and of processor time, and how many cores others used.
	fn line(&mut self, name: &str, tokens: f64, start: Start) -> Result<(), Error> {
		let (wall, (cpu, busy)) = (start.0.elapsed().as_secs_f64(), cpu());
		let own = cpu - start.1 .0;
		let others = ((busy - start.1 .1 - own) / wall).max(0.0);
		let (wall, own) = (tokens / wall, tokens / own);
		println!("{name:32}{wall:8.1} tok/s   {own:8.1} tok/core-s   others: {others:.2} cores");
		if let Some(file) = &mut self.json {
			let line = serde_json::json!({
				"engine": "weft", "what": name, "threads": self.threads, "tok_s": wall, "tok_core_s": own,
				"others": others,
			});
			writeln!(file, "{line}")?;
		}
		Ok(())
	}
}

/// When a line began, and the processor times at that moment.
type Start = (Instant, (f64, f64));

fn now() -> Start {
	(Instant::now(), cpu())
}

fn adapter(model: &Model, seed: u64) -> Result<Adapter, Error> {
	let mut adapter = Adapter::new(model.config(), LoraConfig::default(), seed)?;
	for (i, value) in adapter.values_mut().iter_mut().enumerate() {
		*value += ((i % 13) as f32 - 6.0) * 1e-4;
	}
	Ok(adapter)
}

fn main() -> Result<(), Error> {
	let (mut path, mut json) = (fetch::SMOLLM2_135M.path(), None);
	let mut arguments = std::env::args().skip(1);
	while let Some(argument) = arguments.next() {
		if argument == "--json" {
			let file = arguments.next().ok_or("--json needs the name of a file")?;
			json = Some(File::create(&file).map_err(|e| format!("{file}: {e}"))?);
		} else {
			path = PathBuf::from(argument);
		}
	}
	let mut report = Report { json, threads: rayon::current_num_threads() };
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
		report.line(&format!("prompt of {length}"), f64::from(rounds * length), start)?;
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
		let steps = 128;
		let mut start = now();
		for step in 0..=steps {
			let mut batch: Vec<_> = sequences.iter_mut().map(|s| (s, 1000 + step)).collect();
			model.decode(&mut batch)?;
			if step == 0 {
				start = now();
			}
		}
		report.line(&format!("decode, {name}"), f64::from(steps) * streams as f64, start)?;
	}

	let adapter = adapter(&model, 1)?;
	let mut grads = AdapterGrads::new(&adapter);
	let batch = TrainBatch {
		sequences: (0..8)
			.map(|i| (tokens(100, i), (0..100).map(|at| at >= 30).collect()))
			.collect(),
	};
	let mut step = || {
		grads.zero();
		model.forward_backward(&batch, &adapter, None, &mut grads)
	};
	let stats = step()?;
	let start = now();
	for _ in 0..3 {
		step()?;
	}
	report.line("train 8 x 100, r = 16", 3.0 * 800.0, start)?;
	println!("    loss {:.4}, |gradient| {:.4}", stats.mean(), grads.norm());
	model.loss(&batch.sequences, Some(&adapter))?;
	let start = now();
	model.loss(&batch.sequences, Some(&adapter))?;
	report.line("loss 8 x 100", 800.0, start)
}
