//! Records to token ids with a mask that says which of them are learnt.

use crate::Record;
use weft_engine::{ChatMessage, Tokenizer};

/// Token ids, and for each whether the loss counts it.
pub type Sequence = (Vec<u32>, Vec<bool>);

fn messages(record: &Record) -> Option<Vec<ChatMessage>> {
	match record {
		Record::Chat { messages } => Some(
			messages.iter().map(|m| ChatMessage::new(m.role.clone(), m.content.clone())).collect(),
		),
		_ => None,
	}
}

/// Encodes a record in full, the answer's tokens marked.
pub fn encode(tokenizer: &Tokenizer, record: &Record) -> Sequence {
	if let Some(messages) = messages(record) {
		return tokenizer.chat_with_mask(&messages);
	}
	let end = tokenizer.eos().first().copied();
	let (mut ids, learnt) = match record {
		Record::Completion { prompt, completion } => {
			let mut ids = tokenizer.encode_plain(prompt);
			let given = ids.len();
			ids.extend(tokenizer.encode_plain(completion));
			(ids, given)
		}
		Record::Text { text } => (tokenizer.encode_plain(text), 0),
		Record::Chat { .. } => (Vec::new(), 0),
	};
	ids.extend(end);
	let mask = (0..ids.len()).map(|at| at >= learnt).collect();
	(ids, mask)
}

/// Encodes for training: all tokens count unless only completions are learnt, and what exceeds the longest
/// length is cut from the end. `None` if nothing is left to learn; the flag says whether it was cut.
pub fn encode_for_training(
	tokenizer: &Tokenizer,
	record: &Record,
	completion_only: bool,
	max_length: usize,
) -> Option<(Sequence, bool)> {
	let (mut ids, mut mask) = encode(tokenizer, record);
	if !completion_only {
		mask.fill(true);
	}
	let cut = ids.len() > max_length;
	ids.truncate(max_length);
	mask.truncate(max_length);
	// The first token has nothing before it from which it could be foretold.
	mask.iter().skip(1).any(|m| *m).then_some(((ids, mask), cut))
}

/// A prompt (a conversation or plain text) with the answer that was generated to it, the answer marked.
pub fn encode_answer(tokenizer: &Tokenizer, prompt: &[u32], answer: &str) -> Sequence {
	let mut ids = prompt.to_vec();
	ids.extend(tokenizer.encode_plain(answer));
	let mask = (0..ids.len()).map(|at| at >= prompt.len()).collect();
	(ids, mask)
}
