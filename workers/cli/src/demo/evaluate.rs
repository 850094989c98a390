//! Probe questions, and how often influence names the right owner and record, beside BM25 and chance.

use super::{question, state::Answer, state::State, Cast};
use crate::{ctx::Ctx, ops::chat, records};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value as Json;
use std::path::Path;
use weft_attribution::bm25::{random_scores, ranking, Bm25};
use weft_primitives::record::record_hash;

#[derive(Deserialize)]
struct Probe {
	question: String,
	owner: String,
	index: usize,
}

/// Every accepted record with its owner, in the order of the snapshot.
struct Corpus {
	owners: Vec<String>,
	lines: Vec<String>,
	at: Vec<(String, usize)>,
}

fn corpus(cast: &Cast, state: &State, data: &Path) -> Result<Corpus> {
	let mut c = Corpus { owners: vec![], lines: vec![], at: vec![] };
	for (name, _, _) in &cast.contributors {
		let refused = state.data.accepted.get(*name).map(|a| a.1.clone()).unwrap_or_default();
		for (i, line) in records::read(&data.join(format!("{name}.jsonl")))?
			.remove(0)
			.lines
			.into_iter()
			.enumerate()
		{
			if !refused.contains(&(i as u32)) {
				c.owners.push(name.to_string());
				c.lines.push(line);
				c.at.push((name.to_string(), i));
			}
		}
	}
	Ok(c)
}

pub async fn ask_all(
	ctx: &Ctx,
	cast: &Cast,
	state: &mut State,
	data: &Path,
	model: &str,
) -> Result<()> {
	let probes: Vec<Probe> =
		serde_json::from_slice(&std::fs::read(data.join("probes.json")).context("probes.json")?)?;
	let corpus = corpus(cast, state, data)?;
	let accounts: Vec<(String, String)> = cast
		.contributors
		.iter()
		.map(|(n, _, k)| (n.to_string(), k.account().to_string()))
		.collect();
	let bar = indicatif::ProgressBar::new(probes.len() as u64).with_style(
		indicatif::ProgressStyle::with_template(
			"    [{elapsed_precise}] {bar:36} {pos}/{len} {msg}",
		)
		.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()),
	);
	for (n, p) in probes.iter().enumerate() {
		bar.set_position(n as u64);
		if state.data.answers.iter().any(|a| a.question == p.question) {
			continue;
		}
		let (answer, weft) = question(ctx, &cast.payer, model, &p.question).await?;
		let target = corpus.at.iter().position(|(o, i)| *o == p.owner && *i == p.index);
		let hash = target
			.and_then(|t| corpus.lines.get(t))
			.map(|l| hex::encode(record_hash(l.as_bytes())));
		let account = accounts
			.iter()
			.find(|(n, _)| *n == p.owner)
			.map(|(_, a)| a.clone())
			.unwrap_or_default();
		if n < 3 {
			bar.suspend(|| {
				println!("\n    Q: {}\n    A: {}", p.question, answer.replace('\n', " "));
				chat::print_shares(&weft);
			});
		}
		state.data.answers.push(Answer {
			question: p.question.clone(),
			owner: p.owner.clone(),
			answer,
			owner_rank: owner_rank(&weft, &account),
			record_rank: hash.and_then(|h| record_rank(&weft, &h)),
			fee: weft["fee"].as_str().and_then(|f| f.parse().ok()).unwrap_or_default(),
		});
		state.save()?;
	}
	bar.finish_and_clear();
	print_rows(&probes, &corpus, state);
	Ok(())
}

fn owner_rank(weft: &Json, account: &str) -> Option<usize> {
	let mut shares: Vec<(&str, u64)> = weft["shares"]
		.as_array()?
		.iter()
		.filter_map(|s| Some((s["contributor"].as_str()?, s["ppm"].as_u64()?)))
		.collect();
	shares.sort_by_key(|s| std::cmp::Reverse(s.1));
	shares.iter().position(|s| s.0 == account)
}

fn record_rank(weft: &Json, hash: &str) -> Option<usize> {
	let mut all: Vec<(&str, u64)> = weft["shares"]
		.as_array()?
		.iter()
		.flat_map(|s| s["records"].as_array().into_iter().flatten())
		.filter_map(|r| Some((r["hash"].as_str()?, r["ppm"].as_u64()?)))
		.collect();
	all.sort_by_key(|r| std::cmp::Reverse(r.1));
	all.iter().position(|r| r.0 == hash)
}

struct Row {
	owner: usize,
	record: usize,
}

fn print_rows(probes: &[Probe], corpus: &Corpus, state: &State) {
	let total = probes.len().max(1);
	let influence = Row {
		owner: state.data.answers.iter().filter(|a| a.owner_rank == Some(0)).count(),
		record: state.data.answers.iter().filter(|a| a.record_rank.is_some_and(|r| r < 5)).count(),
	};
	let lexical = Bm25::new(corpus.lines.iter().map(String::as_str));
	let score = |f: &dyn Fn(usize, &Probe) -> Vec<f64>| {
		let mut row = Row { owner: 0, record: 0 };
		for (n, p) in probes.iter().enumerate() {
			let rank = ranking(&f(n, p));
			// The owner with the best record leads, as a share by rank would have it.
			let first = rank.first().and_then(|r| corpus.owners.get(*r));
			row.owner += usize::from(first == Some(&p.owner));
			row.record +=
				usize::from(rank.iter().take(5).any(|r| {
					corpus.at.get(*r).is_some_and(|(o, i)| *o == p.owner && *i == p.index)
				}));
		}
		row
	};
	let bm25 = score(&|_, p| lexical.scores(&p.question));
	let random = score(&|n, _| random_scores(corpus.lines.len(), n as u64 + 1));
	println!("    {:<12} {:>22} {:>24}", "ranked by", "right owner first", "record among top five");
	for (name, r) in [("influence", influence), ("BM25", bm25), ("random", random)] {
		println!(
			"    {name:<12} {:>12} ({:>5.1} %) {:>14} ({:>5.1} %)",
			r.owner,
			100.0 * r.owner as f64 / total as f64,
			r.record,
			100.0 * r.record as f64 / total as f64
		);
	}
}
