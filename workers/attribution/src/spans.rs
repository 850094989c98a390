//! Support: which stretches of an answer stand word for word in the training records.
//!
//! A suffix array over the records' texts, with a suffix for each beginning of a word, gives the longest
//! match at every word of an answer in two binary searches. Matches inside longer ones are dropped, and the
//! rarest are kept. Support says where a sentence stands; it is not what anybody is paid by.

use crate::text::words;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{
	cmp::Ordering,
	collections::{BTreeSet, HashMap},
};
use weft_primitives::ids::Hash32;

/// Two suffixes that agree on that many bytes count as equal.
const DEPTH: usize = 1024;

/// What counts as a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanRules {
	/// Fewest words.
	pub min_words: usize,
	/// Fewest bytes.
	pub min_bytes: usize,
	/// Most spans of an answer.
	pub max_spans: usize,
	/// Most records named for a span.
	pub max_sources: usize,
}

impl Default for SpanRules {
	fn default() -> Self {
		Self { min_words: 4, min_bytes: 16, max_spans: 8, max_sources: 5 }
	}
}

/// Where a span stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
	/// The record's number in the snapshot.
	pub index: u32,
	/// The record's hash.
	#[serde(with = "weft_primitives::serde_text::hex_array")]
	pub record: Hash32,
	/// First byte in the record's text (prompt, newline, answer).
	pub offset: u32,
}

/// A stretch of the answer that stands in at least one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
	/// First byte in the answer.
	pub start: u32,
	/// Byte after the last one.
	pub end: u32,
	/// The stretch itself.
	pub text: String,
	/// The hash of the first record that has it.
	#[serde(with = "weft_primitives::serde_text::hex_array")]
	pub record: Hash32,
	/// How often it stands in the corpus.
	pub count: u32,
	/// Some of the records that have it, lowest number first.
	pub sources: Vec<Source>,
}

/// The searchable corpus.
#[derive(Clone, Debug, Default)]
pub struct SpanIndex {
	text: Vec<u8>,
	starts: Vec<u32>,
	hashes: Vec<Hash32>,
	suffixes: Vec<u32>,
	frequency: HashMap<String, u32>,
	total_words: u64,
}

fn is_word(byte: u8) -> bool {
	byte.is_ascii_alphanumeric() || byte >= 0x80 || byte == b'\''
}

fn word_starts(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
	(0..text.len()).filter(|&at| is_word(text[at]) && (at == 0 || !is_word(text[at - 1])))
}

fn tail(text: &[u8], at: usize) -> &[u8] {
	let text = text.get(at..).unwrap_or_default();
	text.get(..DEPTH).unwrap_or(text)
}

fn common(a: &[u8], b: &[u8]) -> usize {
	a.iter().zip(b).take_while(|(x, y)| x == y && **x != 0).count()
}

impl SpanIndex {
	/// Indexes the texts of records. `None` if they exceed 4 GiB together.
	pub fn new<'a>(records: impl IntoIterator<Item = (Hash32, &'a str)>) -> Option<Self> {
		let mut index = Self::default();
		for (hash, text) in records {
			index.starts.push(u32::try_from(index.text.len()).ok()?);
			index.hashes.push(hash);
			// A zero byte separates records and matches nothing.
			index.text.extend(text.bytes().map(|b| if b == 0 { b' ' } else { b }));
			index.text.push(0);
			for word in words(text) {
				*index.frequency.entry(word).or_default() += 1;
				index.total_words += 1;
			}
		}
		u32::try_from(index.text.len()).ok()?;
		index.suffixes = word_starts(&index.text).map(|at| at as u32).collect();
		let text = &index.text;
		index.suffixes.par_sort_unstable_by(|a, b| {
			tail(text, *a as usize).cmp(tail(text, *b as usize)).then(a.cmp(b))
		});
		Some(index)
	}

	/// Number of records.
	pub fn len(&self) -> usize {
		self.hashes.len()
	}

	/// Whether there is no record.
	pub fn is_empty(&self) -> bool {
		self.hashes.is_empty()
	}

	fn longest(&self, query: &[u8]) -> usize {
		let query = tail(query, 0);
		let at = self.suffixes.partition_point(|s| tail(&self.text, *s as usize) < query);
		[at.checked_sub(1), Some(at)]
			.into_iter()
			.flatten()
			.filter_map(|i| self.suffixes.get(i))
			.map(|s| self.whole_words(query, *s as usize))
			.max()
			.unwrap_or(0)
	}

	/// Length of the match with the suffix at `at`, cut back to whole words and to one sentence.
	fn whole_words(&self, query: &[u8], at: usize) -> usize {
		let suffix = tail(&self.text, at);
		let mut length = common(query, suffix);
		let inside = |text: &[u8], end: usize| text.get(end).copied().is_some_and(is_word);
		if inside(query, length) || inside(suffix, length) {
			while length > 0 && is_word(query[length - 1]) {
				length -= 1;
			}
		}
		let ends_sentence = |i: usize| {
			query[i] == b'\n'
				|| (matches!(query[i], b'.' | b'!' | b'?')
					&& query.get(i + 1).is_none_or(|c| c.is_ascii_whitespace()))
		};
		if let Some(stop) = (0..length).find(|i| ends_sentence(*i)) {
			length = stop;
		}
		while length > 0 && !is_word(query[length - 1]) {
			length -= 1;
		}
		length
	}

	fn range(&self, pattern: &[u8]) -> (usize, usize) {
		let pattern = tail(pattern, 0);
		let head = |s: &u32| {
			let t = tail(&self.text, *s as usize);
			t.get(..pattern.len()).unwrap_or(t)
		};
		let low = self.suffixes.partition_point(|s| head(s) < pattern);
		let high = self.suffixes.partition_point(|s| head(s).cmp(pattern) != Ordering::Greater);
		(low, high)
	}

	/// Summed log probability of a text's words: the lower, the rarer.
	fn commonness(&self, text: &str) -> f64 {
		let total = (self.total_words + 1) as f64;
		words(text)
			.iter()
			.map(|w| (f64::from(self.frequency.get(w).copied().unwrap_or(0) + 1) / total).ln())
			.sum()
	}

	/// The answer's supported spans, in their order in the answer.
	pub fn find(&self, answer: &str, rules: &SpanRules) -> Vec<Span> {
		let bytes = answer.as_bytes();
		let mut matches: Vec<(usize, usize)> = Vec::new();
		let mut covered = 0;
		for start in word_starts(bytes) {
			let mut end = start + self.longest(&bytes[start..]);
			while end > start && !answer.is_char_boundary(end) {
				end -= 1;
			}
			// Beginnings rise, so a match that does not reach further lies inside an earlier one.
			if end <= covered || !answer.is_char_boundary(start) {
				continue;
			}
			covered = end;
			let text = &answer[start..end];
			if end - start >= rules.min_bytes && words(text).len() >= rules.min_words {
				matches.push((start, end));
			}
		}
		let mut ranked: Vec<(f64, (usize, usize))> =
			matches.into_iter().map(|m| (self.commonness(&answer[m.0..m.1]), m)).collect();
		ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
		ranked.truncate(rules.max_spans);
		let mut spans: Vec<Span> = ranked
			.into_iter()
			.filter_map(|(_, (a, b))| self.describe(answer, a, b, rules))
			.collect();
		spans.sort_by_key(|s| s.start);
		spans
	}

	fn describe(&self, answer: &str, start: usize, end: usize, rules: &SpanRules) -> Option<Span> {
		let text = answer.get(start..end)?;
		let (low, high) = self.range(text.as_bytes());
		let mut places: BTreeSet<(usize, u32)> = BTreeSet::new();
		for suffix in self.suffixes.get(low..high)? {
			let record = self.starts.partition_point(|s| s <= suffix).checked_sub(1)?;
			places.insert((record, suffix - self.starts.get(record)?));
		}
		let sources: Vec<Source> = places
			.iter()
			.take(rules.max_sources)
			.filter_map(|(record, offset)| {
				Some(Source {
					index: *record as u32,
					record: *self.hashes.get(*record)?,
					offset: *offset,
				})
			})
			.collect();
		Some(Span {
			start: start as u32,
			end: end as u32,
			text: text.to_string(),
			record: sources.first()?.record,
			count: places.len() as u32,
			sources,
		})
	}
}
