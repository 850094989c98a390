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
pub const THRESHOLD_PPM: u32 = 550_000;
/// Overlap of word bags, in parts per million, from which two texts count as copies of each other's words.
pub const BAG_THRESHOLD_PPM: u32 = 850_000;
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

fn ppm(part: usize, whole: usize) -> u32 {
	if whole == 0 {
		return 0;
	}
	(part as u64 * 1_000_000 / whole as u64) as u32
}

/// A text that resembles another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
	/// Number of the earlier text.
	pub index: usize,
	/// Similarity in parts per million (Jaccard).
	pub ppm: u32,
}

/// Texts seen so far, searchable for near duplicates.
#[derive(Clone, Debug, Default)]
pub struct Duplicates {
	postings: HashMap<u64, Vec<u32>>,
	bag_postings: HashMap<u64, Vec<u32>>,
	sizes: Vec<(usize, usize)>,
}

impl Duplicates {
	/// Number of texts.
	pub fn len(&self) -> usize {
		self.sizes.len()
	}

	/// Whether none was added.
	pub fn is_empty(&self) -> bool {
		self.sizes.is_empty()
	}

	/// Adds a text; its number is the number of texts before it.
	pub fn add(&mut self, text: &str) {
		let number = self.sizes.len() as u32;
		let (grams, bag) = (shingles(text), bag(text));
		self.sizes.push((grams.len(), bag.len()));
		for gram in grams {
			self.postings.entry(gram).or_default().push(number);
		}
		for word in bag {
			self.bag_postings.entry(word).or_default().push(number);
		}
	}

	fn overlap(
		items: &HashSet<u64>,
		postings: &HashMap<u64, Vec<u32>>,
		limit: usize,
	) -> HashMap<u32, usize> {
		let mut shared = HashMap::new();
		// Candidates come from the rarer items only; once found, all items count.
		for item in items {
			if let Some(list) = postings.get(item).filter(|l| l.len() <= limit) {
				for number in list {
					shared.entry(*number).or_insert(0usize);
				}
			}
		}
		for item in items {
			for number in postings.get(item).map(Vec::as_slice).unwrap_or_default() {
				if let Some(count) = shared.get_mut(number) {
					*count += 1;
				}
			}
		}
		shared
	}

	/// The most similar earlier text, if it is similar enough to be a copy.
	pub fn nearest(&self, text: &str) -> Option<Match> {
		let limit = (self.sizes.len() / 50).max(64);
		let grams = shingles(text);
		let mut best: Option<Match> = None;
		let mut offer = |index: u32, ppm: u32| {
			let found = Match { index: index as usize, ppm };
			if best.is_none_or(|b| {
				(ppm, std::cmp::Reverse(found.index)) > (b.ppm, std::cmp::Reverse(b.index))
			}) {
				best = Some(found);
			}
		};
		for (number, shared) in Self::overlap(&grams, &self.postings, limit) {
			let Some((size, _)) = self.sizes.get(number as usize) else { continue };
			let jaccard = ppm(shared, grams.len() + size - shared);
			if jaccard >= THRESHOLD_PPM {
				offer(number, jaccard);
			}
		}
		let bag = bag(text);
		if bag.len() >= BAG_MIN_WORDS {
			for (number, shared) in Self::overlap(&bag, &self.bag_postings, limit) {
				let Some((_, size)) = self.sizes.get(number as usize) else { continue };
				let jaccard = ppm(shared, bag.len() + size - shared);
				if *size >= BAG_MIN_WORDS && jaccard >= BAG_THRESHOLD_PPM {
					offer(number, jaccard);
				}
			}
		}
		best
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
