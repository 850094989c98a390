//! Reading GGUF files of the `llama` architecture.
//!
//! The converter to GGUF permutes the rows of the query and key projections so that rotary pairs lie
//! side by side. They are put back here, once, when the file is read: everything behind this module
//! sees the row order of the Hugging Face checkpoint, so adapters need no permutation anywhere.

use crate::{
	config::Config,
	error::{EngineError, Result},
	tokenizer::Tokenizer,
	weights::{RawMatrix, RawWeights},
};
use candle_core::{
	quantized::{
		gguf_file::{Content, Value},
		GgmlDType,
	},
	Device,
};
use std::{io::Cursor, path::Path};

struct Reader<'a> {
	content: Content,
	cursor: Cursor<&'a [u8]>,
}

fn model_error(error: impl std::fmt::Display) -> EngineError {
	EngineError::Model(error.to_string())
}

impl Reader<'_> {
	fn value(&self, key: &str) -> Result<&Value> {
		self.content.metadata.get(key).ok_or_else(|| {
			EngineError::Model(format!("the GGUF file lacks the metadata key {key}"))
		})
	}

	fn number(&self, key: &str) -> Result<usize> {
		let value = self.value(key)?;
		let number = match value {
			Value::U64(n) => Some(*n),
			Value::I32(n) => u64::try_from(*n).ok(),
			Value::I64(n) => u64::try_from(*n).ok(),
			other => other.to_u32().ok().map(u64::from),
		};
		number
			.and_then(|n| usize::try_from(n).ok())
			.ok_or_else(|| EngineError::Model(format!("metadata {key} is not a whole number")))
	}

	fn float(&self, key: &str) -> Result<f32> {
		let value = self.value(key)?;
		value.to_f32().or_else(|_| value.to_f64().map(|v| v as f32)).map_err(model_error)
	}

	fn strings(&self, key: &str) -> Result<Vec<String>> {
		let values = self.value(key)?.to_vec().map_err(model_error)?;
		values.iter().map(|v| v.to_string().cloned().map_err(model_error)).collect()
	}

	fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>> {
		let tensor =
			self.content.tensor(&mut self.cursor, name, &Device::Cpu).map_err(model_error)?;
		if tensor.shape().elem_count() != len {
			return Err(EngineError::Model(format!(
				"tensor {name} has {} elements instead of {len}",
				tensor.shape().elem_count()
			)));
		}
		let tensor = tensor.dequantize(&Device::Cpu).map_err(model_error)?;
		tensor.flatten_all().and_then(|t| t.to_vec1()).map_err(model_error)
	}

	fn matrix(&mut self, name: &str, rows: usize, cols: usize) -> Result<RawMatrix> {
		let tensor =
			self.content.tensor(&mut self.cursor, name, &Device::Cpu).map_err(model_error)?;
		if tensor.shape().dims() != [rows, cols] {
			return Err(EngineError::Model(format!(
				"tensor {name} has the shape {:?} instead of [{rows}, {cols}]",
				tensor.shape().dims()
			)));
		}
		let data = tensor.data().map_err(model_error)?.into_owned();
		Ok(match tensor.dtype() {
			GgmlDType::Q4_1 => RawMatrix::Q4_1 { rows, cols, data },
			GgmlDType::Q8_0 => RawMatrix::Q8_0 { rows, cols, data },
			_ => {
				let full = tensor.dequantize(&Device::Cpu).map_err(model_error)?;
				let data = full.flatten_all().and_then(|t| t.to_vec1()).map_err(model_error)?;
				RawMatrix::F32 { rows, cols, data }
			}
		})
	}
}

/// Everything read from a GGUF file.
pub(crate) struct Loaded {
	pub(crate) name: String,
	pub(crate) config: Config,
	pub(crate) tokenizer: Tokenizer,
	pub(crate) weights: RawWeights,
}

/// Rows of a projection in the order of the Hugging Face checkpoint: position `i` of the result names
/// the row of the GGUF tensor.
fn unpermuted(heads: usize, head_dim: usize) -> Vec<usize> {
	let half = head_dim / 2;
	let mut rows = Vec::with_capacity(heads * head_dim);
	for head in 0..heads {
		for pair in 0..2 {
			for j in 0..half {
				rows.push(head * head_dim + 2 * j + pair);
			}
		}
	}
	rows
}

pub(crate) fn load(path: &Path, bytes: &[u8]) -> Result<Loaded> {
	let mut cursor = Cursor::new(bytes);
	let content = Content::read(&mut cursor).map_err(model_error)?;
	let mut reader = Reader { content, cursor };
	let architecture = reader.value("general.architecture")?.to_string().map_err(model_error)?;
	if architecture != "llama" {
		return Err(EngineError::Model(format!(
			"the architecture is {architecture:?}; only \"llama\" is supported"
		)));
	}
	if reader.content.metadata.contains_key("llama.rope.scaling.type") {
		return Err(EngineError::Model("scaled rotary positions are not supported".into()));
	}
	let hidden = reader.number("llama.embedding_length")?;
	let n_heads = reader.number("llama.attention.head_count")?;
	let tokens = reader.strings("tokenizer.ggml.tokens")?;
	let head_dim = match reader.number("llama.attention.key_length") {
		Ok(n) => n,
		Err(_) => hidden.checked_div(n_heads).unwrap_or(0),
	};
	let config = Config {
		n_layers: reader.number("llama.block_count")?,
		hidden,
		n_heads,
		n_kv_heads: reader.number("llama.attention.head_count_kv").unwrap_or(n_heads),
		head_dim,
		intermediate: reader.number("llama.feed_forward_length")?,
		vocab: tokens.len(),
		rope_theta: reader.float("llama.rope.freq_base").unwrap_or(10_000.0),
		rms_eps: reader.float("llama.attention.layer_norm_rms_epsilon")?,
		max_len: reader.number("llama.context_length")?,
	};
	config.check()?;
	if reader.number("llama.rope.dimension_count").unwrap_or(head_dim) != head_dim {
		return Err(EngineError::Model("partial rotary positions are not supported".into()));
	}

	let tokenizer = {
		let merges = reader.strings("tokenizer.ggml.merges")?;
		let types = reader.value("tokenizer.ggml.token_type")?.to_vec().map_err(model_error)?;
		let special: Vec<bool> = types.iter().map(|t| matches!(t.to_i32(), Ok(3 | 4))).collect();
		let pre = reader.value("tokenizer.ggml.pre")?.to_string().map_err(model_error)?;
		let model = reader.value("tokenizer.ggml.model")?.to_string().map_err(model_error)?;
		if model != "gpt2" || pre != "smollm" {
			return Err(EngineError::Tokenizer(format!(
				"the GGUF file asks for the tokenizer {model:?} with the rules {pre:?}; from GGUF only \
				 \"gpt2\" with \"smollm\" is supported (use a folder with tokenizer.json for others)"
			)));
		}
		let eos = reader.number("tokenizer.ggml.eos_token_id")?;
		let eos = u32::try_from(eos).map_err(model_error)?;
		let template = match reader.content.metadata.get("tokenizer.chat_template") {
			Some(value) => Some(value.to_string().map_err(model_error)?.clone()),
			None => None,
		};
		Tokenizer::from_vocabulary(&tokens, &special, &merges, eos, template)?
	};

	let (q_dim, kv_dim) = (config.q_dim(), config.kv_dim());
	let q_rows = unpermuted(config.n_heads, config.head_dim);
	let k_rows = unpermuted(config.n_kv_heads, config.head_dim);
	let mut layers = Vec::with_capacity(config.n_layers);
	for layer in 0..config.n_layers {
		let name = |part: &str| format!("blk.{layer}.{part}.weight");
		layers.push(crate::weights::RawLayer {
			attn_norm: reader.vector(&name("attn_norm"), hidden)?,
			q: reader.matrix(&name("attn_q"), q_dim, hidden)?.select_rows(&q_rows)?,
			k: reader.matrix(&name("attn_k"), kv_dim, hidden)?.select_rows(&k_rows)?,
			v: reader.matrix(&name("attn_v"), kv_dim, hidden)?,
			o: reader.matrix(&name("attn_output"), hidden, q_dim)?,
			mlp_norm: reader.vector(&name("ffn_norm"), hidden)?,
			gate: reader.matrix(&name("ffn_gate"), config.intermediate, hidden)?,
			up: reader.matrix(&name("ffn_up"), config.intermediate, hidden)?,
			down: reader.matrix(&name("ffn_down"), hidden, config.intermediate)?,
		});
	}
	let weights = RawWeights {
		embedding: reader.matrix("token_embd.weight", config.vocab, hidden)?,
		layers,
		norm: reader.vector("output_norm.weight", hidden)?,
		head: if reader.content.tensor_infos.contains_key("output.weight") {
			Some(reader.matrix("output.weight", config.vocab, hidden)?)
		} else {
			None
		},
	};
	let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
	// "SmolLM2-135M-Instruct.Q4_1" is the model "SmolLM2-135M-Instruct".
	let name = stem.split('.').next().unwrap_or(&stem).to_owned();
	Ok(Loaded { name, config, tokenizer, weights })
}
