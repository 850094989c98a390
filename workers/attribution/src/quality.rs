//! The quality report of a contribution: what a curator sees beside every record before deciding.

use crate::{
	duplicates::Duplicates,
	heuristics::{self, Finding},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use weft_primitives::{
	ids::Hash32,
	record::{bitmap_empty, bitmap_set},
};
use weft_trainer::{parse_jsonl, Example, TrainError};

/// Why a record should not be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
	/// The same line was contributed before.
	ExactDuplicate,
	/// A text that differs little was contributed before.
	NearDuplicate,
	/// The record, or nearly it, is in the held-out set.
	Leakage,
	/// The answer is too short to teach anything.
	TooShort,
	/// The record is longer than a model can take in.
	TooLong,
	/// The characters are not those of a language.
	Gibberish,
	/// Words or letters are repeated over and over.
	Repetition,
	/// The text advertises.
	Advert,
	/// The base model finds the text far less likely than the other records.
	Perplexity,
	/// The answer has nothing to do with the prompt.
	OffTopic,
}

/// The verdict on one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordReport {
	/// Number in the contribution, from 0.
	pub i: u32,
	/// Whether it should be accepted.
	pub ok: bool,
	/// Why not.
	pub reasons: Vec<Reason>,
	/// Perplexity of the answer under the base model, if it was measured.
	pub ppl: Option<f64>,
	/// Hash of the earlier record that it resembles.
	#[serde(skip_serializing_if = "Option::is_none", default)]
	pub near_duplicate_of: Option<String>,
	/// Contribution of that record.
	#[serde(skip_serializing_if = "Option::is_none", default)]
	pub near_duplicate_in: Option<u64>,
	/// How similar they are, in parts per million.
	#[serde(skip_serializing_if = "Option::is_none", default)]
	pub similarity_ppm: Option<u32>,
}

/// Counts over the whole contribution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
	/// Records seen.
	pub records: u32,
	/// Records without a reason against them.
	pub accepted: u32,
	/// Records with one.
	pub refused: u32,
	/// How often each reason was given.
	pub reasons: BTreeMap<Reason, u32>,
	/// Median perplexity, if measured.
	pub median_ppl: Option<f64>,
	/// Perplexity above which a record is suspicious, if measured.
	pub ppl_limit: Option<f64>,
}

/// The report as it is stored and attached on chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
	/// The contribution's id.
	pub contribution: u64,
	/// One verdict per record.
	pub records: Vec<RecordReport>,
	/// Bitmap of the records that should be accepted, in hex.
	pub accepted_bitmap: String,
	/// The counts.
	pub summary: Summary,
}

/// What a report was asked to decide by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QualityRules {
	/// Fewest characters of an answer.
	pub min_answer_chars: usize,
	/// Most characters of a record.
	pub max_record_chars: usize,
	/// A record is suspicious above this many deviations (scaled median absolute deviation of the logarithm).
	pub deviations: f64,
	/// Perplexity below this never counts against a record.
	pub ppl_floor: f64,
	/// Perplexity above this always does.
	pub ppl_ceiling: f64,
	/// Nats per token by which the prompt has to make the answer likelier, when that was measured.
	pub min_prompt_gain: f64,
}

impl Default for QualityRules {
	fn default() -> Self {
		Self {
			min_answer_chars: 12,
			max_record_chars: 20_000,
			deviations: 4.0,
			ppl_floor: 200.0,
			ppl_ceiling: 1000.0,
			min_prompt_gain: f64::NEG_INFINITY,
		}
	}
}

/// What the base model says about one record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likelihood {
	/// Mean loss of the answer given its prompt, in nats per token.
	pub loss: f64,
	/// The same without the prompt, if measured.
	pub loss_without_prompt: Option<f64>,
}

/// Everything that was accepted before, or must not leak.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
	exact: HashMap<Hash32, u64>,
	near: Duplicates,
	origin: Vec<(Hash32, u64)>,
	heldout: HashSet<Hash32>,
	heldout_near: Duplicates,
	log_ppl: Vec<f64>,
}

impl Corpus {
	/// Adds an accepted record of an earlier contribution.
	pub fn add(&mut self, example: &Example, contribution: u64) {
		self.exact.entry(example.hash).or_insert(contribution);
		self.near.add(&example.record.answer_text());
		self.origin.push((example.hash, contribution));
	}

	/// Adds a whole contribution's accepted records (`accepted` tells by number).
	pub fn add_blob(
		&mut self,
		blob: &[u8],
		contribution: u64,
		accepted: impl Fn(u32) -> bool,
	) -> Result<(), TrainError> {
		for (at, example) in parse_jsonl(blob)?.iter().enumerate() {
			if accepted(at as u32) {
				self.add(example, contribution);
			}
		}
		Ok(())
	}

	/// Adds a record that models are measured on.
	pub fn add_heldout(&mut self, example: &Example) {
		self.heldout.insert(example.hash);
		self.heldout_near.add(&example.record.full_text());
	}

	/// Adds the loss of an accepted record, so that a contribution of junk is not its own yardstick.
	pub fn add_likelihood(&mut self, likelihood: &Likelihood) {
		self.log_ppl.push(likelihood.loss);
	}
}

fn median(values: &mut [f64]) -> Option<f64> {
	values.sort_by(f64::total_cmp);
	values.get(values.len() / 2).copied()
}

fn limit(mut sample: Vec<f64>, rules: &QualityRules) -> (Option<f64>, f64) {
	let Some(middle) = median(&mut sample) else { return (None, rules.ppl_ceiling.ln()) };
	let mut away: Vec<f64> = sample.iter().map(|x| (x - middle).abs()).collect();
	let spread = median(&mut away).unwrap_or(0.0) * 1.4826;
	let limit = middle + rules.deviations * spread;
	(Some(middle), limit.clamp(rules.ppl_floor.ln(), rules.ppl_ceiling.ln()))
}

/// Judges a contribution. `likelihoods` is empty or has one entry per record (`None` = not measured).
pub fn report(
	contribution: u64,
	blob: &[u8],
	corpus: &Corpus,
	likelihoods: &[Option<Likelihood>],
	rules: &QualityRules,
) -> Result<QualityReport, TrainError> {
	let examples = parse_jsonl(blob)?;
	if !likelihoods.is_empty() && likelihoods.len() != examples.len() {
		return Err(TrainError::Data(format!(
			"{} likelihoods for {} records; allowed: none or one per record",
			likelihoods.len(),
			examples.len()
		)));
	}
	let own: Vec<f64> = likelihoods.iter().flatten().map(|l| l.loss).collect();
	let sample = if corpus.log_ppl.len() >= 20 { corpus.log_ppl.clone() } else { own };
	let (middle, ppl_limit) = limit(sample, rules);

	let mut seen: HashSet<Hash32> = HashSet::new();
	let mut earlier = Duplicates::default();
	let mut earlier_hashes: Vec<Hash32> = Vec::new();
	let mut records = Vec::with_capacity(examples.len());
	let mut bitmap = bitmap_empty(examples.len() as u32);
	let mut summary = Summary { records: examples.len() as u32, ..Default::default() };
	for (i, example) in examples.iter().enumerate() {
		let answer = example.record.answer_text();
		let full = example.record.full_text();
		let mut reasons = Vec::new();
		let mut near: Option<(Hash32, u64, u32)> = None;
		if let Some(origin) = corpus.exact.get(&example.hash) {
			reasons.push(Reason::ExactDuplicate);
			near = Some((example.hash, *origin, 1_000_000));
		} else if !seen.insert(example.hash) {
			reasons.push(Reason::ExactDuplicate);
			near = Some((example.hash, contribution, 1_000_000));
		} else {
			let before = corpus
				.near
				.nearest(&answer)
				.and_then(|m| corpus.origin.get(m.index).map(|(h, c)| (*h, *c, m.ppm)));
			let inside = earlier
				.nearest(&answer)
				.and_then(|m| earlier_hashes.get(m.index).map(|h| (*h, contribution, m.ppm)));
			if let Some(found) = before.or(inside) {
				reasons.push(Reason::NearDuplicate);
				near = Some(found);
			}
		}
		if corpus.heldout.contains(&example.hash) || corpus.heldout_near.nearest(&full).is_some() {
			reasons.push(Reason::Leakage);
		}
		if answer.trim().chars().count() < rules.min_answer_chars {
			reasons.push(Reason::TooShort);
		}
		if full.chars().count() > rules.max_record_chars {
			reasons.push(Reason::TooLong);
		}
		reasons.extend(heuristics::findings(&answer).into_iter().map(|f| match f {
			Finding::Gibberish => Reason::Gibberish,
			Finding::Repetition => Reason::Repetition,
			Finding::Advert => Reason::Advert,
		}));
		let likelihood = likelihoods.get(i).copied().flatten();
		if let Some(likelihood) = likelihood {
			if likelihood.loss > ppl_limit || !likelihood.loss.is_finite() {
				reasons.push(Reason::Perplexity);
			}
			if likelihood
				.loss_without_prompt
				.is_some_and(|alone| alone - likelihood.loss < rules.min_prompt_gain)
			{
				reasons.push(Reason::OffTopic);
			}
		}
		earlier.add(&answer);
		earlier_hashes.push(example.hash);
		reasons.sort_unstable();
		reasons.dedup();
		let ok = reasons.is_empty();
		bitmap_set(&mut bitmap, i as u32, ok);
		*(if ok { &mut summary.accepted } else { &mut summary.refused }) += 1;
		for reason in &reasons {
			*summary.reasons.entry(*reason).or_default() += 1;
		}
		records.push(RecordReport {
			i: i as u32,
			ok,
			reasons,
			ppl: likelihood.map(|l| rounded(l.loss.exp())),
			near_duplicate_of: near.map(|n| hex::encode(n.0)),
			near_duplicate_in: near.map(|n| n.1),
			similarity_ppm: near.map(|n| n.2),
		});
	}
	if !likelihoods.is_empty() {
		summary.median_ppl = middle.map(|m| rounded(m.exp()));
		summary.ppl_limit = Some(rounded(ppl_limit.exp()));
	}
	Ok(QualityReport { contribution, records, accepted_bitmap: hex::encode(bitmap), summary })
}

fn rounded(value: f64) -> f64 {
	if value.is_finite() {
		(value * 100.0).round() / 100.0
	} else {
		f64::MAX
	}
}
