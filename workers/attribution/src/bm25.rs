//! The two rows that influence is printed beside: BM25, and chance.

use crate::text::words;
use std::collections::HashMap;

/// Term saturation.
pub const K1: f64 = 1.2;
/// Length normalisation.
pub const B: f64 = 0.75;

/// An in-memory BM25 index.
#[derive(Clone, Debug, Default)]
pub struct Bm25 {
	postings: HashMap<String, Vec<(u32, u32)>>,
	lengths: Vec<u32>,
	mean_length: f64,
}

impl Bm25 {
	/// Indexes documents; the order gives their numbers.
	pub fn new<'a>(documents: impl IntoIterator<Item = &'a str>) -> Self {
		let mut index = Self::default();
		for (number, document) in documents.into_iter().enumerate() {
			let words = words(document);
			let mut counts: HashMap<String, u32> = HashMap::new();
			index.lengths.push(words.len() as u32);
			for word in words {
				*counts.entry(word).or_default() += 1;
			}
			for (word, count) in counts {
				index.postings.entry(word).or_default().push((number as u32, count));
			}
		}
		let total: u64 = index.lengths.iter().map(|l| u64::from(*l)).sum();
		index.mean_length = (total as f64 / index.lengths.len().max(1) as f64).max(1.0);
		index
	}

	/// One score per document.
	pub fn scores(&self, query: &str) -> Vec<f64> {
		let mut scores = vec![0.0; self.lengths.len()];
		let count = self.lengths.len() as f64;
		let mut terms = words(query);
		terms.sort_unstable();
		terms.dedup();
		for term in terms {
			let Some(postings) = self.postings.get(&term) else { continue };
			let found = postings.len() as f64;
			let idf = (1.0 + (count - found + 0.5) / (found + 0.5)).ln();
			for (document, times) in postings {
				let times = f64::from(*times);
				let Some(length) = self.lengths.get(*document as usize) else { continue };
				let norm = K1 * (1.0 - B + B * f64::from(*length) / self.mean_length);
				if let Some(score) = scores.get_mut(*document as usize) {
					*score += idf * times * (K1 + 1.0) / (times + norm);
				}
			}
		}
		scores
	}
}

/// Scores that know nothing, the same for the same seed.
pub fn random_scores(count: usize, seed: u64) -> Vec<f64> {
	let mut state = seed;
	(0..count)
		.map(|_| {
			state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
			let mut z = state;
			z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
			z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
			((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
		})
		.collect()
}

/// Document numbers by falling score, ties to the lower number.
pub fn ranking(scores: &[f64]) -> Vec<usize> {
	let mut order: Vec<usize> = (0..scores.len()).collect();
	order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
	order
}
