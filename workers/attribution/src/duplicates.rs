//! Near duplicates: by shared character 5-grams (small edits) and by the bag of rare words (shuffled copies).
//!
//! Instead of MinHash bands the overlap is counted exactly over an inverted index, which at the size of a
//! Datanet is as fast and has no chance in it. Shingles that stand in very many records are skipped.

use crate::text::words;
use std::collections::{HashMap, HashSet};
use weft_primitives::hash::blake2_256;

/// Characters of a shingle.
const SHINGLE: usize = 5;
/// Similarity, in parts per million, from which two texts count as copies.
pub const THRESHOLD_PPM: u32 = 500_000;
/// Overlap of word bags, in parts per million, from which two texts count as copies of each other's words.
pub const BAG_THRESHOLD_PPM: u32 = 750_000;
/// Fewest words with which bags are compared.
const BAG_MIN_WORDS: usize = 8;

fn short_hash(text: &str) -> u64 {
	let hash = blake2_256(text.as_bytes());
	let mut first = [0u8; 8];
	first.copy_from_slice(&hash[..8]);
	u64::from_le_bytes(first)
}

fn shingles(text: &str) -> HashSet<u64> {
	let plain: Vec<char> = words(text).join(" ").chars().collect();
	if plain.len() < SHINGLE {
		return HashSet::from([short_hash(&plain.iter().collect::<String>())]);
	}
	plain.windows(SHINGLE).map(|w| short_hash(&w.iter().collect::<String>())).collect()
}

fn bag(text: &str) -> HashSet<u64> {
	words(text).iter().map(|w| short_hash(w)).collect()
}

/// A text that resembles another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
	/// Number of the earlier text.
	pub index: usize,
	/// Similarity in parts per million (Jaccard, weighted by rarity).
	pub ppm: u32,
}

/// The items of all texts, and which texts have them.
#[derive(Clone, Debug, Default)]
struct Items {
	postings: HashMap<u64, Vec<u32>>,
	texts: Vec<HashSet<u64>>,
}

impl Items {
	fn add(&mut self, items: HashSet<u64>) {
		let number = self.texts.len() as u32;
		for item in &items {
			self.postings.entry(*item).or_default().push(number);
		}
		self.texts.push(items);
	}

	/// What stands in many texts, such as a fixed form of sentence, says little about copying.
	fn weight(&self, item: &u64) -> u64 {
		let found = self.postings.get(item).map_or(0, Vec::len) as f64;
		(((1.0 + self.texts.len() as f64) / (1.0 + found)).ln() * 1000.0) as u64 + 100
	}

	/// Texts that share at least a quarter of the items, with the weighted similarity.
	fn similar(&self, items: &HashSet<u64>) -> Vec<Match> {
		let limit = (self.texts.len() / 50).max(64);
		let mut shared: HashMap<u32, usize> = HashMap::new();
		// Candidates come from the rarer items only; once found, all items count.
		for item in items {
			for number in self.postings.get(item).filter(|l| l.len() <= limit).into_iter().flatten()
			{
				*shared.entry(*number).or_default() += 1;
			}
		}
		let mut out = Vec::new();
		for (number, rare) in shared {
			let Some(other) = self.texts.get(number as usize) else { continue };
			let smaller = items.len().min(other.len());
			let longer = items.len().max(other.len());
			// Neither enough in common nor near enough in length for the threshold.
			if rare * 4 < smaller || longer > smaller * 3 {
				continue;
			}
			let (mut both, mut either) = (0u64, 0u64);
			for item in items.union(other) {
				let weight = self.weight(item);
				either += weight;
				if items.contains(item) && other.contains(item) {
					both += weight;
				}
			}
			out.push(Match {
				index: number as usize,
				ppm: (both * 1_000_000 / either.max(1)) as u32,
			});
		}
		out
	}
}

/// Texts seen so far, searchable for near duplicates.
#[derive(Clone, Debug, Default)]
pub struct Duplicates {
	shingles: Items,
	bags: Items,
}

impl Duplicates {
	/// Number of texts.
	pub fn len(&self) -> usize {
		self.shingles.texts.len()
	}

	/// Whether none was added.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// Adds a text; its number is the number of texts before it.
	pub fn add(&mut self, text: &str) {
		self.shingles.add(shingles(text));
		self.bags.add(bag(text));
	}

	/// The most similar earlier text, if it is similar enough to be a copy.
	pub fn nearest(&self, text: &str) -> Option<Match> {
		let bag = bag(text);
		let by_letters =
			self.shingles.similar(&shingles(text)).into_iter().filter(|m| m.ppm >= THRESHOLD_PPM);
		let by_words = self.bags.similar(&bag).into_iter().filter(|m| {
			m.ppm >= BAG_THRESHOLD_PPM
				&& bag.len() >= BAG_MIN_WORDS
				&& self.bags.texts.get(m.index).is_some_and(|t| t.len() >= BAG_MIN_WORDS)
		});
		by_letters.chain(by_words).max_by_key(|m| (m.ppm, std::cmp::Reverse(m.index)))
	}
}

/// Gives every text the number of its cluster: the lowest number among the texts it is a copy of.
pub fn clusters<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<u32> {
	let mut seen = Duplicates::default();
	let mut cluster: Vec<u32> = Vec::new();
	for (number, text) in texts.into_iter().enumerate() {
		let same = seen.nearest(text).and_then(|m| cluster.get(m.index).copied());
		cluster.push(same.unwrap_or(number as u32));
		seen.add(text);
	}
	cluster
}
