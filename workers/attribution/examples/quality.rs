//! Judges contributions in order: `quality MODEL|- RECORDS.jsonl..`. Each file's accepted records are the corpus
//! of the next one.

use std::{sync::atomic::AtomicBool, time::Instant};
use weft_attribution::{
	likelihoods,
	quality::{report, Corpus},
	QualityRules,
};
use weft_engine::Model;
use weft_trainer::parse_jsonl;

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let [model, paths @ ..] = arguments.as_slice() else {
		return Err("usage: quality MODEL|- RECORDS.jsonl..".into());
	};
	let model = if model == "-" { None } else { Some(Model::load(model.as_ref())?) };
	let mut corpus = Corpus::default();
	for (number, path) in paths.iter().enumerate() {
		let blob = std::fs::read(path)?;
		let examples = parse_jsonl(&blob)?;
		let started = Instant::now();
		let measured = match &model {
			Some(model) => likelihoods(model, &examples, 512, |_, _| {}, &AtomicBool::new(false))?,
			None => Vec::new(),
		};
		let report = report(number as u64, &blob, &corpus, &measured, &QualityRules::default())?;
		println!("{path}: {:.1} s", started.elapsed().as_secs_f64());
		println!("  {}", serde_json::to_string(&report.summary)?);
		for record in report.records.iter().filter(|r| !r.ok) {
			let text: String =
				examples[record.i as usize].record.full_text().chars().take(90).collect();
			println!("  {} {:?} ppl {:?} {text:?}", record.i, record.reasons, record.ppl);
		}
		for (example, (record, likelihood)) in examples
			.iter()
			.zip(report.records.iter().zip(measured.iter().chain(std::iter::repeat(&None))))
		{
			if record.ok {
				corpus.add(example, number as u64);
				if let Some(likelihood) = likelihood {
					corpus.add_likelihood(likelihood);
				}
			}
		}
	}
	Ok(())
}
