//! From integer scores to shares. Nothing here is floating point: any auditor gets the same bytes.

use crate::index::InfluenceIndex;
use std::collections::BTreeMap;
use weft_primitives::{
	receipt::RecordShare,
	split::{largest_remainder, PPM},
};

/// How scores become shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareRules {
	/// A score (parts per million of a perfect match) earns only above it.
	pub floor_ppm: i64,
	/// At that score and above an answer is owed in full; from the floor to here it rises in a line.
	pub full_ppm: i64,
	/// Most records that are paid for one answer.
	pub max_records: usize,
	/// Most that a single record earns of an answer, in parts per million; what it would earn beyond is withheld.
	pub cap_ppm: u32,
}

impl Default for ShareRules {
	fn default() -> Self {
		Self { floor_ppm: 120_000, full_ppm: 300_000, max_records: 8, cap_ppm: 800_000 }
	}
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
	let mut best: BTreeMap<u32, (u32, i64)> = BTreeMap::new();
	for (row, score) in scores.iter().enumerate() {
		let Some(facts) = index.row(row) else { continue };
		if *score <= rules.floor_ppm {
			continue;
		}
		let row = row as u32;
		let entry = best.entry(facts.cluster).or_insert((row, *score));
		entry.1 = entry.1.max(*score);
		// The first registered member: lowest contribution, then lowest row.
		if let Some(first) = index.first_of_cluster(facts.cluster) {
			entry.0 = first;
		}
	}
	let mut ranked: Vec<(i64, u32)> = best.into_values().map(|(row, score)| (score, row)).collect();
	ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
	ranked.truncate(rules.max_records);
	let Some((top, _)) = ranked.first().copied() else { return Shares::nothing() };
	let span = u128::from(rules.full_ppm.abs_diff(rules.floor_ppm).max(1));
	let excess = |score: i64| u128::from(score.abs_diff(rules.floor_ppm));
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
