//! Text to tokens and back, and the chat template.
//!
//! GGUF files carry a vocabulary and merges but only the *name* of the splitting rules; a reader that
//! does not know the name must not guess. The rules of `smollm` are: digits one by one, then GPT-2's
//! byte-level pattern without a prefix space.
//!
//! Conversations are put together from token ids, not from text: the markers `<|im_start|>` and
//! `<|im_end|>` are written by this module alone, and the same characters inside of a message are
//! encoded as ordinary text, so that nobody can forge a turn.

use crate::error::{EngineError, Result};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc};

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
	/// `system`, `user` or `assistant`.
	pub role: String,
	/// The text.
	pub content: String,
}

impl ChatMessage {
	/// A message of the given role.
	pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
		Self { role: role.into(), content: content.into() }
	}
}

/// The bytes of every token; empty for special tokens.
type TokenBytes = Arc<Vec<Box<[u8]>>>;

/// The tokenizer of a model.
pub struct Tokenizer {
	/// Recognises special tokens in text.
	inner: tokenizers::Tokenizer,
	/// Encodes them as ordinary text.
	plain: tokenizers::Tokenizer,
	bytes: TokenBytes,
	eos: Vec<u32>,
	im_start: u32,
	im_end: u32,
	default_system: Option<String>,
	hash: [u8; 32],
}

fn tokenizer_error(error: impl std::fmt::Display) -> EngineError {
	EngineError::Tokenizer(error.to_string())
}

/// GPT-2's table from printable characters to bytes.
fn byte_of_char() -> HashMap<char, u8> {
	let mut table = HashMap::new();
	let mut extra = 0u32;
	for byte in 0..=255u8 {
		let printable = matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
		let code = if printable {
			u32::from(byte)
		} else {
			extra += 1;
			255 + extra
		};
		if let Some(c) = char::from_u32(code) {
			table.insert(c, byte);
		}
	}
	table
}

const IM_START: &str = "<|im_start|>";
const IM_END: &str = "<|im_end|>";

fn render_chatml(default: Option<&str>, messages: &[ChatMessage], generation: bool) -> String {
	let mut out = String::new();
	if let (Some(text), Some(first)) = (default, messages.first()) {
		if first.role != "system" {
			out += &format!("{IM_START}system\n{text}{IM_END}\n");
		}
	}
	for m in messages {
		out += &format!("{IM_START}{}\n{}{IM_END}\n", m.role, m.content);
	}
	if generation {
		out += &format!("{IM_START}assistant\n");
	}
	out
}

/// Reads the default system prompt out of a template and makes sure that on every kind of
/// conversation the template says what [`render_chatml`] says.
fn default_system_of(template: &str) -> Result<Option<String>> {
	let mut env = minijinja::Environment::new();
	env.set_trim_blocks(true);
	env.set_lstrip_blocks(true);
	env.set_keep_trailing_newline(true);
	env.add_function("raise_exception", |text: String| -> Result<String, minijinja::Error> {
		Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, text))
	});
	env.add_template("chat", template).map_err(tokenizer_error)?;
	let template = env.get_template("chat").map_err(tokenizer_error)?;
	let render = |messages: &[ChatMessage], generation: bool| {
		template
			.render(minijinja::context! {
				messages => messages, add_generation_prompt => generation,
				bos_token => IM_START, eos_token => IM_END,
			})
			.map_err(tokenizer_error)
	};
	let user = ChatMessage::new("user", " a\nb ");
	let bare = render_chatml(None, std::slice::from_ref(&user), false);
	let refused = || {
		EngineError::Tokenizer(
			"the chat template is not of the ChatML form (<|im_start|>role … <|im_end|>), the only one supported".into(),
		)
	};
	let rendered = render(std::slice::from_ref(&user), false)?;
	let prefix = rendered.strip_suffix(&bare).ok_or_else(refused)?;
	let default = if prefix.is_empty() {
		None
	} else {
		let text = prefix
			.strip_prefix(&format!("{IM_START}system\n"))
			.and_then(|p| p.strip_suffix(&format!("{IM_END}\n")))
			.ok_or_else(refused)?;
		Some(text.to_owned())
	};
	let system = ChatMessage::new("system", "s");
	let assistant = ChatMessage::new("assistant", "\n t ");
	let probes = [
		vec![user.clone()],
		vec![system.clone(), user.clone()],
		vec![user.clone(), assistant.clone()],
		vec![system, user.clone(), assistant.clone(), user, assistant],
	];
	for probe in &probes {
		for generation in [false, true] {
			if render(probe, generation)? != render_chatml(default.as_deref(), probe, generation) {
				return Err(refused());
			}
		}
	}
	Ok(default)
}

impl Tokenizer {
	/// Builds the tokenizer of the `smollm` family from a vocabulary and its merges.
	pub(crate) fn from_vocabulary(
		tokens: &[String],
		special: &[bool],
		merges: &[String],
		eos: u32,
		template: Option<String>,
	) -> Result<Self> {
		if special.len() != tokens.len() {
			return Err(EngineError::Tokenizer("token types and tokens differ in number".into()));
		}
		let vocab: serde_json::Map<String, serde_json::Value> =
			tokens.iter().enumerate().map(|(id, token)| (token.clone(), id.into())).collect();
		if vocab.len() != tokens.len() {
			return Err(EngineError::Tokenizer("a token occurs twice in the vocabulary".into()));
		}
		let added: Vec<serde_json::Value> = tokens
			.iter()
			.zip(special)
			.enumerate()
			.filter(|(_, (_, special))| **special)
			.map(|(id, (token, _))| {
				serde_json::json!({
					"id": id, "content": token, "single_word": false, "lstrip": false,
					"rstrip": false, "normalized": false, "special": true,
				})
			})
			.collect();
		let byte_level = serde_json::json!({
			"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
		});
		let json = serde_json::json!({
			"version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
			"normalizer": null,
			"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
				{"type": "Digits", "individual_digits": true}, byte_level,
			]},
			"post_processor": null,
			"decoder": byte_level,
			"model": {
				"type": "BPE", "dropout": null, "unk_token": null,
				"continuing_subword_prefix": null, "end_of_word_suffix": null,
				"fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
				"vocab": vocab, "merges": merges,
			},
		});
		let json = serde_json::to_vec(&json).map_err(tokenizer_error)?;
		Self::from_json(&json, vec![eos], template, tokens.len())
	}

	/// Builds the tokenizer from the bytes of a `tokenizer.json`.
	pub(crate) fn from_json(
		json: &[u8],
		mut eos: Vec<u32>,
		template: Option<String>,
		vocab: usize,
	) -> Result<Self> {
		let inner = tokenizers::Tokenizer::from_bytes(json).map_err(tokenizer_error)?;
		let mut plain = inner.clone();
		plain.set_encode_special_tokens(true);
		let marker = |token: &str| {
			inner.token_to_id(token).ok_or_else(|| {
				EngineError::Tokenizer(format!("the vocabulary lacks {token}, which chats need"))
			})
		};
		let (im_start, im_end) = (marker(IM_START)?, marker(IM_END)?);
		let default_system = match &template {
			Some(text) => default_system_of(text)?,
			None => None,
		};
		for id in [Some(im_end), inner.token_to_id("<|endoftext|>")].into_iter().flatten() {
			if !eos.contains(&id) {
				eos.push(id);
			}
		}
		let special = inner.get_added_tokens_decoder();
		let table = byte_of_char();
		let bytes: Vec<Box<[u8]>> = (0..u32::try_from(vocab).unwrap_or(u32::MAX))
			.map(|id| match inner.id_to_token(id) {
				Some(_) if special.get(&id).is_some_and(|t| t.special) => Box::default(),
				Some(token) if special.contains_key(&id) => token.into_bytes().into(),
				Some(token) => token.chars().filter_map(|c| table.get(&c).copied()).collect(),
				None => Box::default(),
			})
			.collect();
		let hash = crate::hash::tagged(
			"weft/tokenizer/v1",
			&[json, template.as_deref().unwrap_or_default().as_bytes()],
		);
		Ok(Self {
			inner,
			plain,
			bytes: Arc::new(bytes),
			eos,
			im_start,
			im_end,
			default_system,
			hash,
		})
	}

	/// The tokens of a text. The names of special tokens, as `<|im_end|>`, become those tokens: use
	/// [`Self::encode_plain`] for text that comes from somebody else.
	pub fn encode(&self, text: &str) -> Vec<u32> {
		match self.inner.encode_fast(text, false) {
			Ok(encoding) => encoding.get_ids().to_vec(),
			Err(error) => self.give_up(&error),
		}
	}

	/// The tokens of a text in which the names of special tokens are ordinary text.
	pub fn encode_plain(&self, text: &str) -> Vec<u32> {
		match self.plain.encode_fast(text, false) {
			Ok(encoding) => encoding.get_ids().to_vec(),
			Err(error) => self.give_up(&error),
		}
	}

	/// A byte-level BPE without an unknown token has an encoding for every text, so this is not
	/// reached with a sound vocabulary.
	fn give_up(&self, error: &dyn std::fmt::Display) -> Vec<u32> {
		tracing::error!(%error, "text could not be encoded");
		Vec::new()
	}

	/// The text of tokens; special tokens have none. Bytes that are not UTF-8 become `U+FFFD`.
	pub fn decode(&self, ids: &[u32]) -> String {
		let mut bytes = Vec::new();
		for id in ids {
			bytes.extend_from_slice(token_bytes(&self.bytes, *id));
		}
		String::from_utf8_lossy(&bytes).into_owned()
	}

	/// A decoder that takes tokens one by one and gives text as soon as its characters are whole.
	pub fn stream(&self) -> TokenStream {
		TokenStream { bytes: self.bytes.clone(), pending: Vec::new() }
	}

	/// Tokens that end an answer.
	pub fn eos(&self) -> &[u32] {
		&self.eos
	}

	/// Whether the token ends an answer.
	pub fn is_eos(&self, id: u32) -> bool {
		self.eos.contains(&id)
	}

	/// The system prompt that the template puts before a conversation without one.
	pub fn default_system(&self) -> Option<&str> {
		self.default_system.as_deref()
	}

	/// The hash of the vocabulary, the rules and the template.
	pub fn hash(&self) -> [u8; 32] {
		self.hash
	}

	/// The tokens of a conversation, with the opening of the assistant's answer when
	/// `add_generation_prompt` is set.
	pub fn chat(&self, messages: &[ChatMessage], add_generation_prompt: bool) -> Vec<u32> {
		self.conversation(messages, add_generation_prompt).0
	}

	/// The tokens of a conversation and, for each, whether the loss counts it: the contents of the
	/// assistant's messages and the `<|im_end|>` after them.
	pub fn chat_with_mask(&self, messages: &[ChatMessage]) -> (Vec<u32>, Vec<bool>) {
		self.conversation(messages, false)
	}

	fn conversation(&self, messages: &[ChatMessage], generation: bool) -> (Vec<u32>, Vec<bool>) {
		let (mut ids, mut mask) = (Vec::new(), Vec::new());
		let newline = self.encode_plain("\n");
		let mut push = |role: &str, content: &str| {
			ids.push(self.im_start);
			mask.push(false);
			// Header and content are encoded together: a leading line break of the content may form
			// one token with the header's.
			let header = role.len() + 1;
			match self.plain.encode(format!("{role}\n{content}"), false) {
				Ok(encoding) => {
					let counts = role == "assistant";
					ids.extend_from_slice(encoding.get_ids());
					mask.extend(encoding.get_offsets().iter().map(|o| counts && o.0 >= header));
				}
				Err(error) => {
					self.give_up(&error);
				}
			}
			ids.push(self.im_end);
			mask.push(role == "assistant");
			ids.extend_from_slice(&newline);
			mask.extend(newline.iter().map(|_| false));
		};
		if let (Some(text), Some(first)) = (&self.default_system, messages.first()) {
			if first.role != "system" {
				push("system", text);
			}
		}
		for message in messages {
			push(&message.role, &message.content);
		}
		if generation {
			let header = self.encode_plain("assistant\n");
			ids.push(self.im_start);
			ids.extend_from_slice(&header);
			mask.resize(ids.len(), false);
		}
		(ids, mask)
	}
}

fn token_bytes(table: &[Box<[u8]>], id: u32) -> &[u8] {
	usize::try_from(id).ok().and_then(|id| table.get(id)).map(|b| &**b).unwrap_or_default()
}

/// Decodes tokens one by one; see [`Tokenizer::stream`].
#[derive(Clone)]
pub struct TokenStream {
	bytes: TokenBytes,
	pending: Vec<u8>,
}

impl TokenStream {
	/// Takes a token and gives the text that is now complete, if any.
	pub fn push(&mut self, id: u32) -> Option<String> {
		self.pending.extend_from_slice(token_bytes(&self.bytes, id));
		let mut out = String::new();
		loop {
			match std::str::from_utf8(&self.pending) {
				Ok(text) => {
					out.push_str(text);
					self.pending.clear();
					break;
				}
				Err(error) => {
					let valid = error.valid_up_to();
					out.push_str(&String::from_utf8_lossy(&self.pending[..valid]));
					match error.error_len() {
						// The beginning of a character: the rest may come.
						None => {
							self.pending.drain(..valid);
							break;
						}
						Some(bad) => {
							out.push(char::REPLACEMENT_CHARACTER);
							self.pending.drain(..valid + bad);
						}
					}
				}
			}
		}
		(!out.is_empty()).then_some(out)
	}

	/// The text of what is left when no token follows.
	pub fn finish(&mut self) -> Option<String> {
		let rest = std::mem::take(&mut self.pending);
		(!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
	}
}
