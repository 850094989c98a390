//! What serving needs of a model.

use serde::{Deserialize, Serialize};
use std::{path::Path, sync::Arc};

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
	/// `system`, `user` or `assistant`.
	pub role: String,
	/// What was said.
	pub content: String,
}

/// A resident base model that runs sequences with different adapters side by side.
///
/// Errors are text for the person who asked; a failed step fails the sequences in it and leaves
/// the others alone.
pub trait Engine: Send + Sync + 'static {
	/// A loaded adapter.
	type Adapter: Send + Sync + 'static;
	/// A sequence and what the model remembers of it.
	type Sequence: Send + 'static;
	/// Turns token ids back into text, one after the other.
	type Detokenizer: Send + 'static;

	/// The tokens of a conversation, ready for the assistant's turn.
	fn chat(&self, messages: &[Message]) -> Result<Vec<u32>, String>;
	/// The tokens of plain text.
	fn encode(&self, text: &str) -> Result<Vec<u32>, String>;
	/// A fresh detokenizer.
	fn detokenizer(&self) -> Self::Detokenizer;
	/// The text that a token completes, if it completes any.
	fn push(&self, detokenizer: &mut Self::Detokenizer, token: u32) -> Option<String>;
	/// The text of a character that no further token completes.
	fn rest(&self, _detokenizer: &mut Self::Detokenizer) -> Option<String> {
		None
	}
	/// Whether the token ends an answer.
	fn is_end(&self, token: u32) -> bool;
	/// The most tokens a sequence may have.
	fn context(&self) -> usize;
	/// Tokens there are; a prompt of tokens is checked against it.
	fn vocabulary(&self) -> usize;
	/// Loads an adapter from a folder in PEFT's layout.
	fn load_adapter(&self, folder: &Path) -> Result<Self::Adapter, String>;
	/// Memory an adapter takes.
	fn adapter_bytes(&self, adapter: &Self::Adapter) -> u64;
	/// An empty sequence with room for `room` tokens.
	fn sequence(
		&self,
		adapter: Option<Arc<Self::Adapter>>,
		room: usize,
	) -> Result<Self::Sequence, String>;
	/// Feeds prompt tokens; the logits after the last one.
	fn prefill(&self, sequence: &mut Self::Sequence, tokens: &[u32]) -> Result<Vec<f32>, String>;
	/// Feeds one token to each sequence; the logits of each.
	fn decode(&self, batch: &mut [(&mut Self::Sequence, u32)]) -> Result<Vec<Vec<f32>>, String>;
}
