//! Reading a folder in the layout of the Hugging Face hub: `config.json`, `model.safetensors`,
//! `tokenizer.json` and, for the chat template, `tokenizer_config.json` or `chat_template.jinja`.

use crate::{
	config::Config,
	error::{EngineError, Result},
	tokenizer::Tokenizer,
	weights::{RawLayer, RawMatrix, RawWeights},
};
use safetensors::{tensor::TensorView, Dtype, SafeTensors};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct HubConfig {
	model_type: String,
	num_hidden_layers: usize,
	hidden_size: usize,
	num_attention_heads: usize,
	num_key_value_heads: Option<usize>,
	head_dim: Option<usize>,
	intermediate_size: usize,
	vocab_size: usize,
	rope_theta: Option<f32>,
	rope_parameters: Option<serde_json::Value>,
	rope_scaling: Option<serde_json::Value>,
	rms_norm_eps: f32,
	max_position_embeddings: usize,
	#[serde(default)]
	tie_word_embeddings: bool,
	#[serde(default)]
	attention_bias: bool,
	#[serde(default)]
	mlp_bias: bool,
	hidden_act: Option<String>,
	eos_token_id: Option<serde_json::Value>,
}

/// The values of a float tensor, whatever its float type.
pub(crate) fn floats(view: &TensorView<'_>) -> Option<Vec<f32>> {
	let data = view.data();
	let two = |f: fn([u8; 2]) -> f32| {
		data.chunks_exact(2).filter_map(|c| c.try_into().ok().map(f)).collect()
	};
	Some(match view.dtype() {
		Dtype::F32 => {
			data.chunks_exact(4).filter_map(|c| c.try_into().ok().map(f32::from_le_bytes)).collect()
		}
		Dtype::F16 => two(|b| half::f16::from_le_bytes(b).to_f32()),
		Dtype::BF16 => two(|b| half::bf16::from_le_bytes(b).to_f32()),
		_ => return None,
	})
}

fn read(path: &Path) -> Result<Vec<u8>> {
	std::fs::read(path).map_err(EngineError::io(path))
}

pub(crate) fn load(dir: &Path, weights_file: &[u8]) -> Result<super::gguf::Loaded> {
	let config_bytes = read(&dir.join("config.json"))?;
	let hub: HubConfig = serde_json::from_slice(&config_bytes)
		.map_err(|e| EngineError::Model(format!("config.json: {e}")))?;
	if hub.model_type != "llama" {
		return Err(EngineError::Model(format!(
			"model_type is {:?}; only \"llama\" is supported",
			hub.model_type
		)));
	}
	if hub.attention_bias || hub.mlp_bias {
		return Err(EngineError::Model("projections with a bias are not supported".into()));
	}
	if hub.hidden_act.as_deref().is_some_and(|act| act != "silu") {
		return Err(EngineError::Model("only the activation \"silu\" is supported".into()));
	}
	let plain = |value: &serde_json::Value| {
		value.is_null()
			|| value.get("rope_type").or(value.get("type")).and_then(|t| t.as_str())
				== Some("default")
	};
	if hub.rope_scaling.as_ref().is_some_and(|v| !plain(v))
		|| hub.rope_parameters.as_ref().is_some_and(|v| !plain(v))
	{
		return Err(EngineError::Model("scaled rotary positions are not supported".into()));
	}
	let nested_theta = hub
		.rope_parameters
		.as_ref()
		.and_then(|v| v.get("rope_theta"))
		.and_then(|v| v.as_f64())
		.map(|v| v as f32);
	let config = Config {
		n_layers: hub.num_hidden_layers,
		hidden: hub.hidden_size,
		n_heads: hub.num_attention_heads,
		n_kv_heads: hub.num_key_value_heads.unwrap_or(hub.num_attention_heads),
		head_dim: hub
			.head_dim
			.unwrap_or_else(|| hub.hidden_size.checked_div(hub.num_attention_heads).unwrap_or(0)),
		intermediate: hub.intermediate_size,
		vocab: hub.vocab_size,
		rope_theta: hub.rope_theta.or(nested_theta).unwrap_or(10_000.0),
		rms_eps: hub.rms_norm_eps,
		max_len: hub.max_position_embeddings,
	};
	config.check()?;

	let tensors = SafeTensors::deserialize(weights_file)
		.map_err(|e| EngineError::Model(format!("model.safetensors: {e}")))?;
	let get = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
		let view = tensors
			.tensor(name)
			.map_err(|e| EngineError::Model(format!("model.safetensors: {name}: {e}")))?;
		if view.shape() != shape {
			return Err(EngineError::Model(format!(
				"tensor {name} has the shape {:?} instead of {shape:?}",
				view.shape()
			)));
		}
		floats(&view)
			.ok_or_else(|| EngineError::Model(format!("tensor {name} is {:?}", view.dtype())))
	};
	let matrix = |name: &str, rows: usize, cols: usize| -> Result<RawMatrix> {
		Ok(RawMatrix::F32 { rows, cols, data: get(name, &[rows, cols])? })
	};
	let (h, q, kv, ff) = (config.hidden, config.q_dim(), config.kv_dim(), config.intermediate);
	let mut layers = Vec::with_capacity(config.n_layers);
	for layer in 0..config.n_layers {
		let name = |part: &str| format!("model.layers.{layer}.{part}.weight");
		layers.push(RawLayer {
			attn_norm: get(&name("input_layernorm"), &[h])?,
			q: matrix(&name("self_attn.q_proj"), q, h)?,
			k: matrix(&name("self_attn.k_proj"), kv, h)?,
			v: matrix(&name("self_attn.v_proj"), kv, h)?,
			o: matrix(&name("self_attn.o_proj"), h, q)?,
			mlp_norm: get(&name("post_attention_layernorm"), &[h])?,
			gate: matrix(&name("mlp.gate_proj"), ff, h)?,
			up: matrix(&name("mlp.up_proj"), ff, h)?,
			down: matrix(&name("mlp.down_proj"), h, ff)?,
		});
	}
	let weights = RawWeights {
		embedding: matrix("model.embed_tokens.weight", config.vocab, h)?,
		layers,
		norm: get("model.norm.weight", &[h])?,
		head: if hub.tie_word_embeddings || tensors.tensor("lm_head.weight").is_err() {
			None
		} else {
			Some(matrix("lm_head.weight", config.vocab, h)?)
		},
	};

	let tokenizer_json = read(&dir.join("tokenizer.json"))?;
	let template = std::fs::read_to_string(dir.join("chat_template.jinja")).ok().or_else(|| {
		let bytes = std::fs::read(dir.join("tokenizer_config.json")).ok()?;
		let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
		value.get("chat_template")?.as_str().map(str::to_owned)
	});
	let eos = match &hub.eos_token_id {
		Some(serde_json::Value::Array(ids)) => ids.iter().filter_map(|v| v.as_u64()).collect(),
		Some(value) => value.as_u64().into_iter().collect::<Vec<_>>(),
		None => Vec::new(),
	};
	let eos = eos.into_iter().filter_map(|id| u32::try_from(id).ok()).collect();
	let tokenizer = Tokenizer::from_json(&tokenizer_json, eos, template, config.vocab)?;
	let name = dir
		.canonicalize()
		.ok()
		.and_then(|d| d.file_name().map(|n| n.to_string_lossy().into_owned()))
		.unwrap_or_else(|| "model".into());
	Ok(super::gguf::Loaded { name, config, tokenizer, weights })
}
