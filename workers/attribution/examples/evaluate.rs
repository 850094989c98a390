//! Measures influence on known owners: `evaluate MODEL ADAPTER PROBES.json NAME=RECORDS.jsonl..`.
//!
//! The adapter's folder may hold the held-out numbers of its run in `heldout.json`; those records are left out of
//! the index. A probe is `{"question", "owner": NAME, "index"}`; the tuned model answers it, and the answer is
//! attributed. BM25 over the records (asked with the same question and answer) and chance stand beside it.

use std::{sync::atomic::AtomicBool, sync::Arc, time::Instant};
use weft_attribution::{
	bm25::{random_scores, ranking, Bm25},
	build, Influence, Row, ShareRules,
};
use weft_engine::{Adapter, ChatMessage, Model, Sequence};
use weft_trainer::{encode, parse_jsonl};

#[derive(serde::Deserialize)]
struct Probe {
	question: String,
	owner: String,
	index: usize,
}

#[derive(Default)]
struct Tally {
	top1: usize,
	top5: usize,
	owner: usize,
}

impl Tally {
	fn add(&mut self, order: &[usize], truth: usize, owner: bool) {
		let rank = order.iter().position(|r| *r == truth).unwrap_or(usize::MAX);
		self.top1 += usize::from(rank < 1);
		self.top5 += usize::from(rank < 5);
		self.owner += usize::from(owner);
	}

	fn print(&self, name: &str, probes: usize) {
		let part = |n: usize| n as f64 / probes as f64 * 100.0;
		println!(
			"{name:10} record first {:5.1} %   in five {:5.1} %   owner first {:5.1} %",
			part(self.top1),
			part(self.top5),
			part(self.owner)
		);
	}
}

/// The owner with the largest sum over the five best rows.
fn best_owner(order: &[usize], scores: &[f64], owners: &[usize], count: usize) -> usize {
	let mut sums = vec![0.0; count];
	for row in order.iter().take(5) {
		sums[owners[*row]] += scores[*row];
	}
	ranking(&sums)[0]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let [model, adapter, probes, sources @ ..] = arguments.as_slice() else {
		return Err("usage: evaluate MODEL ADAPTER PROBES.json NAME=RECORDS.jsonl..".into());
	};
	let model = Model::load(model.as_ref())?;
	let heldout: Vec<usize> = match std::fs::read(format!("{adapter}/heldout.json")) {
		Ok(bytes) => serde_json::from_slice(&bytes)?,
		Err(_) => Vec::new(),
	};
	let adapter = Arc::new(Adapter::from_peft(adapter.as_ref(), model.config())?);
	let probes: Vec<Probe> = serde_json::from_slice(&std::fs::read(probes)?)?;
	let (mut rows, mut owners, mut names, mut places) = (vec![], vec![], vec![], vec![]);
	let mut number = 0;
	for (owner, source) in sources.iter().enumerate() {
		let (name, path) = source.split_once('=').ok_or("NAME=RECORDS.jsonl is expected")?;
		names.push(name.to_string());
		for (index, example) in parse_jsonl(&std::fs::read(path)?)?.iter().enumerate() {
			number += 1;
			if heldout.contains(&(number - 1)) {
				continue;
			}
			places.push((owner, index));
			owners.push(owner);
			rows.push(Row {
				sample: encode::encode(model.tokenizer(), &example.record),
				text: example.record.full_text(),
				record: example.hash,
				contributor: [owner as u8; 32],
				contribution: owner as u64,
			});
		}
	}
	let started = Instant::now();
	let index = build(&model, Some(&adapter), &rows, 1, |_, _| {}, &AtomicBool::new(false))?;
	println!(
		"index: {} rows, {} dimensions, {} bytes, root {}, {:.1} s",
		index.len(),
		index.dims(),
		index.to_bytes().len(),
		hex::encode(index.root()),
		started.elapsed().as_secs_f64()
	);
	let influence = Influence::new(index, &model)?;
	let bm25 = Bm25::new(rows.iter().map(|r| r.text.as_str()));
	let (mut ours, mut words, mut chance) = (Tally::default(), Tally::default(), Tally::default());
	let (mut counted, mut owned, mut withheld, mut seconds) = (0, 0u64, 0u64, 0.0);
	for (at, probe) in probes.iter().enumerate() {
		let owner = names.iter().position(|n| *n == probe.owner).ok_or("unknown owner")?;
		let Some(truth) = places.iter().position(|p| *p == (owner, probe.index)) else { continue };
		counted += 1;
		let prompt = model.tokenizer().chat(&[ChatMessage::new("user", &probe.question)], true);
		let mut sequence = Sequence::new(&model, Some(adapter.clone()), prompt.len() + 64)?;
		let mut logits = model.prefill(&mut sequence, &prompt)?;
		let mut answer = Vec::new();
		while answer.len() < 48 {
			let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]));
			let token = best.unwrap_or(0) as u32;
			if model.tokenizer().is_eos(token) {
				break;
			}
			answer.push(token);
			logits = model.decode(&mut [(&mut sequence, token)])?.remove(0);
		}
		let answer = model.tokenizer().decode(&answer);
		let sample = encode::encode_answer(model.tokenizer(), &prompt, &answer);
		let started = Instant::now();
		let found = influence.attribute(&model, Some(&adapter), &sample, &ShareRules::default())?;
		seconds += started.elapsed().as_secs_f64();
		let scores: Vec<f64> = found.scores.iter().map(|s| *s as f64).collect();
		let shares = found.shares.by_contributor();
		let first = shares.first().map(|s| usize::from(s.0[0]));
		ours.add(&ranking(&scores), truth, first == Some(owner));
		owned += u64::from(shares.iter().find(|s| usize::from(s.0[0]) == owner).map_or(0, |s| s.1));
		withheld += u64::from(found.shares.withheld_ppm);
		for (tally, scores) in [
			(&mut words, bm25.scores(&format!("{} {answer}", probe.question))),
			(&mut chance, random_scores(rows.len(), at as u64)),
		] {
			let order = ranking(&scores);
			let guess = best_owner(&order, &scores, &owners, names.len());
			tally.add(&order, truth, guess == owner);
		}
	}
	println!("{counted} probes of {} (the others' records were held out)", probes.len());
	ours.print("influence", counted);
	words.print("BM25", counted);
	chance.print("chance", counted);
	println!(
		"mean share of the probed record's owner {:.1} %, withheld {:.1} %, {:.0} ms an answer",
		owned as f64 / counted as f64 / 1e4,
		withheld as f64 / counted as f64 / 1e4,
		seconds / counted as f64 * 1e3
	);
	Ok(())
}
