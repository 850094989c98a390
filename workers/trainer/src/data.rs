//! Records: canonical JSONL lines, the held-out split, and the order in which they are learnt.

use crate::TrainError;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use weft_primitives::{hash::tagged, ids::Hash32, record::record_hash};

/// What a line may look like, for error messages.
pub const ALLOWED: &str = "one JSON object a line: {\"messages\":[{\"role\":\"user\",\"content\":\"..\"},\
{\"role\":\"assistant\",\"content\":\"..\"}]}, {\"prompt\":\"..\",\"completion\":\"..\"} or {\"text\":\"..\"}";

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
	/// `system`, `user` or `assistant`.
	pub role: String,
	/// What was said.
	pub content: String,
}

/// One training example in one of the three schemas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Record {
	/// A conversation that ends with the assistant.
	Chat {
		/// The turns in order.
		messages: Vec<Message>,
	},
	/// A prompt and what should follow it.
	Completion {
		/// What is given.
		prompt: String,
		/// What is learnt.
		completion: String,
	},
	/// Running text.
	Text {
		/// The text.
		text: String,
	},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
	messages: Option<Vec<Message>>,
	prompt: Option<String>,
	completion: Option<String>,
	text: Option<String>,
}

impl Record {
	/// Reads one line (`number` counts from 1 and only serves the error).
	pub fn parse(line: &[u8], number: usize) -> Result<Self, TrainError> {
		let refuse = |problem: String| TrainError::Record {
			line: number,
			problem,
			allowed: ALLOWED.to_string(),
		};
		let text =
			std::str::from_utf8(line).map_err(|e| refuse(format!("not UTF-8 text ({e})")))?;
		let raw: Raw = serde_json::from_str(text).map_err(|e| refuse(e.to_string()))?;
		match raw {
			Raw { messages: Some(messages), prompt: None, completion: None, text: None } => {
				if messages.is_empty() {
					return Err(refuse("`messages` is empty".into()));
				}
				for message in &messages {
					if !["system", "user", "assistant"].contains(&message.role.as_str()) {
						return Err(refuse(format!(
							"role `{}` is not one of system, user, assistant",
							message.role
						)));
					}
					if message.content.trim().is_empty() {
						return Err(refuse(format!("a {} message is empty", message.role)));
					}
				}
				if messages.last().map(|m| m.role.as_str()) != Some("assistant") {
					return Err(refuse("the last message is not the assistant's".into()));
				}
				Ok(Self::Chat { messages })
			}
			Raw {
				messages: None,
				prompt: Some(prompt),
				completion: Some(completion),
				text: None,
			} => {
				if prompt.trim().is_empty() || completion.trim().is_empty() {
					return Err(refuse("`prompt` or `completion` is empty".into()));
				}
				Ok(Self::Completion { prompt, completion })
			}
			Raw { messages: None, prompt: None, completion: None, text: Some(text) } => {
				if text.trim().is_empty() {
					return Err(refuse("`text` is empty".into()));
				}
				Ok(Self::Text { text })
			}
			_ => Err(refuse("the fields are not those of one schema".into())),
		}
	}

	/// The canonical line: compact JSON, fields in schema order, no newline.
	pub fn canonical(&self) -> String {
		serde_json::to_string(self).unwrap_or_default()
	}

	/// The prompt side, for search and attribution (empty for running text).
	pub fn prompt_text(&self) -> String {
		match self {
			Self::Chat { messages } => messages
				.iter()
				.filter(|m| m.role != "assistant")
				.map(|m| m.content.as_str())
				.collect::<Vec<_>>()
				.join("\n"),
			Self::Completion { prompt, .. } => prompt.clone(),
			Self::Text { .. } => String::new(),
		}
	}

	/// The side that the model learns to say.
	pub fn answer_text(&self) -> String {
		match self {
			Self::Chat { messages } => messages
				.iter()
				.filter(|m| m.role == "assistant")
				.map(|m| m.content.as_str())
				.collect::<Vec<_>>()
				.join("\n"),
			Self::Completion { completion, .. } => completion.clone(),
			Self::Text { text } => text.clone(),
		}
	}

	/// Prompt and answer as a person reads them.
	pub fn full_text(&self) -> String {
		let prompt = self.prompt_text();
		if prompt.is_empty() {
			return self.answer_text();
		}
		format!("{prompt}\n{}", self.answer_text())
	}
}

/// A record with the hash of its canonical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
	/// Hash of the canonical line.
	pub hash: Hash32,
	/// The parsed record.
	pub record: Record,
}

/// Parses a whole JSONL blob. Blank lines are refused, so that line numbers and record indices agree.
pub fn parse_jsonl(blob: &[u8]) -> Result<Vec<Example>, TrainError> {
	let body = blob.strip_suffix(b"\n").unwrap_or(blob);
	if body.is_empty() {
		return Err(TrainError::Data("no records; allowed: at least one line".into()));
	}
	body.split(|b| *b == b'\n')
		.enumerate()
		.map(|(at, line)| {
			let record = Record::parse(line, at + 1)?;
			Ok(Example { hash: record_hash(record.canonical().as_bytes()), record })
		})
		.collect()
}

/// Which examples are learnt and which are kept out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
	/// Indices to train on, ascending.
	pub train: Vec<usize>,
	/// Indices to measure on, ascending.
	pub heldout: Vec<usize>,
}

fn heldout_key(hash: &Hash32, seed: u64) -> u64 {
	let key = tagged("weft/heldout/v1", &[&seed.to_le_bytes(), hash]);
	let mut first = [0u8; 8];
	first.copy_from_slice(&key[..8]);
	u64::from_le_bytes(first)
}

/// Splits by record hash and seed. With a fraction the side of a record does not depend on which other
/// records there are; equal records always fall on the same side. With `records` the given number of
/// distinct records with the lowest keys is held out.
pub fn partition(
	examples: &[Example],
	seed: u64,
	fraction: f64,
	records: Option<u32>,
) -> Result<Partition, TrainError> {
	let limit = match records {
		Some(count) => {
			let mut keys: Vec<u64> = examples
				.iter()
				.map(|e| e.hash)
				.collect::<HashSet<_>>()
				.iter()
				.map(|hash| heldout_key(hash, seed))
				.collect();
			keys.sort_unstable();
			if count as usize >= keys.len() {
				return Err(TrainError::Config {
					field: "heldout_records",
					value: count.to_string(),
					allowed: format!("0 to {} (distinct records less one)", keys.len() - 1),
				});
			}
			keys.get(count as usize).copied().unwrap_or(0)
		}
		None => (fraction * u64::MAX as f64) as u64,
	};
	let mut out = Partition::default();
	for (at, example) in examples.iter().enumerate() {
		if heldout_key(&example.hash, seed) < limit {
			out.heldout.push(at);
		} else {
			out.train.push(at);
		}
	}
	if out.train.is_empty() {
		return Err(TrainError::Data(
			"no record is left to train on; add records or lower `heldout_fraction`".into(),
		));
	}
	Ok(out)
}

/// Commits to the examples in their order.
pub fn data_hash(examples: &[Example]) -> Hash32 {
	let hashes: Vec<&[u8]> = examples.iter().map(|e| e.hash.as_slice()).collect();
	tagged("weft/train-data/v1", &hashes)
}

/// A counter-based generator: its whole state is the seed and how often it was asked.
#[derive(Clone, Debug)]
pub struct SplitMix(u64);

impl SplitMix {
	/// A stream of its own for every pair of seed and index.
	pub fn new(seed: u64, stream: u64) -> Self {
		let mut mix = Self(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15));
		mix.next();
		Self(mix.next() ^ stream)
	}

	/// The next 64 bits.
	#[allow(clippy::should_implement_trait)]
	pub fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		z ^ (z >> 31)
	}

	/// A number below `bound` (0 if `bound` is 0).
	pub fn below(&mut self, bound: u64) -> u64 {
		((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
	}

	/// Shuffles in place.
	pub fn shuffle<T>(&mut self, items: &mut [T]) {
		for at in (1..items.len()).rev() {
			let other = self.below(at as u64 + 1) as usize;
			items.swap(at, other);
		}
	}
}

/// The order of `count` examples in an epoch.
pub fn epoch_order(count: usize, seed: u64, epoch: u32) -> Vec<usize> {
	let mut order: Vec<usize> = (0..count).collect();
	SplitMix::new(seed, u64::from(epoch) + 1).shuffle(&mut order);
	order
}
