//! From integer scores to shares. Nothing here is floating point: any auditor gets the same bytes.

use crate::index::InfluenceIndex;
use std::collections::BTreeMap;
use weft_primitives::{
	receipt::RecordShare,
	split::{largest_remainder, PPM},
};

/// How scores become shares. Scores are measured in deviations: how far a score lies above the median of
/// the answer's scores, in units of how far the lower sixth lies below it. Most records have nothing to do with
/// an answer, so this is what chance looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareRules {
	/// A record earns only above that many thousandths of a deviation.
	pub floor_milli: u64,
	/// At that many and above an answer is owed in full; from the floor to here it rises in a line.
	pub full_milli: u64,
	/// Most records that are paid for one answer.
	pub max_records: usize,
	/// Most that a single record earns of an answer, in parts per million; what it would earn beyond is withheld.
	pub cap_ppm: u32,
}

impl Default for ShareRules {
	fn default() -> Self {
		Self { floor_milli: 3_000, full_milli: 6_000, max_records: 8, cap_ppm: 800_000 }
	}
}

/// Fewer scores than this say nothing about chance; [`FEW_DEVIATION`] around zero is assumed.
const FEW: usize = 8;
const FEW_DEVIATION: i64 = 40_000;
/// Smallest deviation, so that equal scores do not make the next one infinite.
const LEAST_DEVIATION: i64 = 1_000;

/// Median and deviation of scores.
fn chance(scores: &[i64]) -> (i64, i64) {
	let mut sorted = scores.to_vec();
	sorted.sort_unstable();
	let at = |part: usize| sorted.get(sorted.len() * part / 100).copied().unwrap_or(0);
	if sorted.len() < FEW {
		return (0, FEW_DEVIATION);
	}
	(at(50), at(50).saturating_sub(at(16)).max(LEAST_DEVIATION))
}

/// The shares of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
	/// Falling shares; together with the withheld part exactly 1,000,000.
	pub records: Vec<RecordShare>,
	/// Row numbers in the index, in the order of `records`.
	pub rows: Vec<u32>,
	/// What no record earns: it goes to the reserve.
	pub withheld_ppm: u32,
}

impl Shares {
	fn nothing() -> Self {
		Self { withheld_ppm: PPM, ..Default::default() }
	}

	/// Share per contributor, highest first.
	pub fn by_contributor(&self) -> Vec<([u8; 32], u32)> {
		let mut sums: BTreeMap<[u8; 32], u32> = BTreeMap::new();
		for share in &self.records {
			*sums.entry(share.contributor).or_default() += share.ppm;
		}
		let mut list: Vec<_> = sums.into_iter().collect();
		list.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
		list
	}
}

/// Splits one answer among records.
///
/// 1. A cluster of near duplicates has the weight of its best member, once, and its first registered member
///    earns it. A copy thus earns nothing, takes nothing from its original and nothing from anybody else.
/// 2. Only what lies above the floor counts, squared.
/// 3. The strongest `max_records` clusters are paid in proportion.
/// 4. The weaker the best match, the more is withheld; so is what a record would earn beyond its cap.
pub fn shares(index: &InfluenceIndex, scores: &[i64], rules: &ShareRules) -> Shares {
	let (median, deviation) = chance(scores);
	let mut best: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
	for (row, score) in scores.iter().enumerate() {
		let Some(facts) = index.row(row) else { continue };
		let above = i128::from(*score) - i128::from(median);
		let milli = u64::try_from(above * 1000 / i128::from(deviation)).unwrap_or(0);
		if milli <= rules.floor_milli {
			continue;
		}
		let row = row as u32;
		let entry = best.entry(facts.cluster).or_insert((row, milli));
		entry.1 = entry.1.max(milli);
		// The first registered member: lowest contribution, then lowest row.
		if let Some(first) = index.first_of_cluster(facts.cluster) {
			entry.0 = first;
		}
	}
	let mut ranked: Vec<(u64, u32)> = best.into_values().map(|(row, score)| (score, row)).collect();
	ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
	ranked.truncate(rules.max_records);
	let Some((top, _)) = ranked.first().copied() else { return Shares::nothing() };
	let span = u128::from(rules.full_milli.saturating_sub(rules.floor_milli).max(1));
	let excess = |score: u64| u128::from(score.saturating_sub(rules.floor_milli));
	let owed = (u128::from(PPM) * excess(top).min(span) / span) as u32;
	let weights: Vec<u128> = ranked.iter().map(|(score, _)| excess(*score).pow(2)).collect();
	let Some(parts) = largest_remainder(u128::from(owed), &weights) else {
		return Shares::nothing();
	};
	let mut out = Shares::default();
	let mut paid = 0u32;
	for (part, (_, row)) in parts.into_iter().zip(ranked) {
		let ppm = (part as u32).min(rules.cap_ppm);
		let Some(facts) = index.row(row as usize).filter(|_| ppm > 0) else { continue };
		paid += ppm;
		out.rows.push(row);
		out.records.push(RecordShare { record: facts.record, contributor: facts.contributor, ppm });
	}
	out.withheld_ppm = PPM - paid;
	out
}
