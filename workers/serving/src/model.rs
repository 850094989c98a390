//! The real model behind the scheduler.

use crate::{Engine, Message};
use std::{path::Path, sync::Arc};
use weft_engine::{Adapter, ChatMessage, Model, Sequence, TokenStream};

/// A base model of the engine, loaded once and shared.
pub struct BaseModel(Arc<Model>);

impl BaseModel {
	/// Serves `model`, which must have a tokenizer.
	pub fn new(model: Arc<Model>) -> Self {
		Self(model)
	}

	/// The model.
	pub fn model(&self) -> &Arc<Model> {
		&self.0
	}
}

impl Engine for BaseModel {
	type Adapter = Adapter;
	type Sequence = Sequence;
	type Detokenizer = TokenStream;

	fn chat(&self, messages: &[Message]) -> Result<Vec<u32>, String> {
		let messages: Vec<_> =
			messages.iter().map(|m| ChatMessage::new(&m.role, &m.content)).collect();
		Ok(self.0.tokenizer().chat(&messages, true))
	}

	/// The names of special tokens are ordinary text here: a prompt often holds what somebody
	/// else wrote. A client that means the tokens sends their numbers.
	fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
		Ok(self.0.tokenizer().encode_plain(text))
	}

	fn detokenizer(&self) -> TokenStream {
		self.0.tokenizer().stream()
	}

	fn push(&self, detokenizer: &mut TokenStream, token: u32) -> Option<String> {
		detokenizer.push(token)
	}

	fn rest(&self, detokenizer: &mut TokenStream) -> Option<String> {
		detokenizer.finish()
	}

	fn is_end(&self, token: u32) -> bool {
		self.0.tokenizer().is_eos(token)
	}

	fn context(&self) -> usize {
		self.0.config().max_len
	}

	fn vocabulary(&self) -> usize {
		self.0.config().vocab
	}

	fn load_adapter(&self, folder: &Path) -> Result<Adapter, String> {
		Adapter::from_peft(folder, self.0.config()).map_err(|e| e.to_string())
	}

	fn adapter_bytes(&self, adapter: &Adapter) -> u64 {
		adapter.bytes() as u64
	}

	fn sequence(&self, adapter: Option<Arc<Adapter>>, room: usize) -> Result<Sequence, String> {
		Sequence::new(&self.0, adapter, room).map_err(|e| e.to_string())
	}

	fn prefill(&self, sequence: &mut Sequence, tokens: &[u32]) -> Result<Vec<f32>, String> {
		self.0.prefill(sequence, tokens).map_err(|e| e.to_string())
	}

	fn decode(&self, batch: &mut [(&mut Sequence, u32)]) -> Result<Vec<Vec<f32>>, String> {
		self.0.decode(batch).map_err(|e| e.to_string())
	}
}
