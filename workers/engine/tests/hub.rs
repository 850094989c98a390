//! Hub folders against GGUF files of the same weights.

mod common;

use candle_core::{
	quantized::{
		gguf_file::{write, Content, Value},
		GgmlDType, QTensor,
	},
	Device, Tensor,
};
use common::{smollm2, tokens};
use safetensors::{tensor::TensorView, Dtype};
use serde_json::json;
use std::{fs::File, path::Path};
use weft_engine::{fetch, ChatMessage, EngineError, Model, Sequence};

/// A checkpoint's rows from those of a query or key projection in GGUF, where the two halves of every
/// rotary pair lie side by side.
fn unpermuted(data: &[f32], heads: usize, cols: usize) -> Vec<f32> {
	let half = data.len() / cols / heads / 2;
	let mut out = Vec::with_capacity(data.len());
	for head in 0..heads {
		for side in 0..2 {
			for at in 0..half {
				let row = (head * half + at) * 2 + side;
				out.extend_from_slice(&data[row * cols..(row + 1) * cols]);
			}
		}
	}
	out
}

/// Writes the folder that the hub would hold for a GGUF file, with all weights in f32.
fn export(gguf: &Path, folder: &Path) {
	let mut file = File::open(gguf).expect("the GGUF file is there");
	let content = Content::read(&mut file).expect("it is sound");
	let value = |key: &str| &content.metadata[key];
	let number = |key: &str| value(key).to_u32().expect("a number") as usize;
	let texts = |key: &str| -> Vec<String> {
		let all = value(key).to_vec().expect("a list");
		all.iter().map(|v| v.to_string().expect("a text").clone()).collect()
	};
	let (heads, kv_heads) =
		(number("llama.attention.head_count"), number("llama.attention.head_count_kv"));
	let vocabulary = texts("tokenizer.ggml.tokens");
	let tied = !content.tensor_infos.contains_key("output.weight");
	let config = json!({
		"model_type": "llama",
		"hidden_act": "silu",
		"num_hidden_layers": number("llama.block_count"),
		"hidden_size": number("llama.embedding_length"),
		"intermediate_size": number("llama.feed_forward_length"),
		"num_attention_heads": heads,
		"num_key_value_heads": kv_heads,
		"vocab_size": vocabulary.len(),
		"max_position_embeddings": number("llama.context_length"),
		"rope_theta": value("llama.rope.freq_base").to_f32().expect("a number"),
		"rms_norm_eps": value("llama.attention.layer_norm_rms_epsilon").to_f32().expect("a number"),
		"tie_word_embeddings": tied,
		"eos_token_id": number("tokenizer.ggml.eos_token_id"),
	});
	std::fs::write(folder.join("config.json"), config.to_string()).expect("written");

	let kinds = value("tokenizer.ggml.token_type").to_vec().expect("a list");
	let added: Vec<_> = (0..vocabulary.len())
		.filter(|id| kinds[*id].to_i32().expect("a kind") == 3)
		.map(|id| {
			json!({
				"id": id, "content": vocabulary[id], "single_word": false, "lstrip": false,
				"rstrip": false, "normalized": false, "special": true,
			})
		})
		.collect();
	let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
	let numbered: serde_json::Map<String, serde_json::Value> =
		vocabulary.iter().enumerate().map(|(id, token)| (token.clone(), id.into())).collect();
	let tokenizer = json!({
		"version": "1.0",
		"added_tokens": added,
		"pre_tokenizer": {
			"type": "Sequence",
			"pretokenizers": [{"type": "Digits", "individual_digits": true}, byte_level],
		},
		"decoder": byte_level,
		"model": {"type": "BPE", "vocab": numbered, "merges": texts("tokenizer.ggml.merges")},
	});
	std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).expect("written");
	let template = value("tokenizer.chat_template").to_string().expect("a text");
	let settings = json!({"chat_template": template}).to_string();
	std::fs::write(folder.join("tokenizer_config.json"), settings).expect("written");

	let mut tensors = Vec::new();
	for name in content.tensor_infos.keys() {
		let tensor = content.tensor(&mut file, name, &Device::Cpu).expect("a tensor");
		let tensor = tensor.dequantize(&Device::Cpu).expect("in f32");
		let shape = tensor.dims().to_vec();
		let mut data: Vec<f32> = tensor.flatten_all().and_then(|t| t.to_vec1()).expect("values");
		let parts: Vec<&str> = name.split('.').collect();
		let name = match parts[..] {
			["token_embd", _] => "model.embed_tokens.weight".into(),
			["output_norm", _] => "model.norm.weight".into(),
			["output", _] => "lm_head.weight".into(),
			["blk", layer, part, _] => {
				let part = match part {
					"attn_norm" => "input_layernorm",
					"attn_q" => "self_attn.q_proj",
					"attn_k" => "self_attn.k_proj",
					"attn_v" => "self_attn.v_proj",
					"attn_output" => "self_attn.o_proj",
					"ffn_norm" => "post_attention_layernorm",
					"ffn_gate" => "mlp.gate_proj",
					"ffn_up" => "mlp.up_proj",
					"ffn_down" => "mlp.down_proj",
					other => panic!("{other} is no part of a Llama block"),
				};
				match part {
					"self_attn.q_proj" => data = unpermuted(&data, heads, shape[1]),
					"self_attn.k_proj" => data = unpermuted(&data, kv_heads, shape[1]),
					_ => (),
				}
				format!("model.layers.{layer}.{part}.weight")
			}
			_ => panic!("the tensor {name} is not one of a Llama model"),
		};
		let bytes: Vec<u8> = data.into_iter().flat_map(f32::to_le_bytes).collect();
		tensors.push((name, shape, bytes));
	}
	let views = tensors.iter().map(|(name, shape, bytes)| {
		(name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a view"))
	});
	safetensors::serialize_to_file(views, None, &folder.join("model.safetensors"))
		.expect("written");
}

/// A GGUF file of random quantised weights with an output head of its own.
fn tiny_gguf(path: &Path) {
	let (hidden, heads, kv_heads, ff, layers) = (64usize, 8usize, 2usize, 96usize, 2usize);
	// GPT-2's characters for the bytes, a merge, the markers of chats.
	let mut vocabulary: Vec<String> = (33..=126u32)
		.chain(161..=172)
		.chain(174..=255)
		.chain(256..256 + 68)
		.filter_map(char::from_u32)
		.map(String::from)
		.collect();
	vocabulary.extend(["he", "<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(String::from));
	let specials = vocabulary.len() - 3;
	let kinds: Vec<_> =
		(0..vocabulary.len()).map(|id| Value::I32(if id < specials { 1 } else { 3 })).collect();
	let template = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + \
		 '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
	let text = |text: &str| Value::String(text.into());
	let metadata = [
		("general.architecture", text("llama")),
		("llama.block_count", Value::U32(layers as u32)),
		("llama.embedding_length", Value::U32(hidden as u32)),
		("llama.feed_forward_length", Value::U32(ff as u32)),
		("llama.attention.head_count", Value::U32(heads as u32)),
		("llama.attention.head_count_kv", Value::U32(kv_heads as u32)),
		("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
		("llama.context_length", Value::U32(128)),
		("llama.rope.freq_base", Value::F32(50_000.0)),
		("tokenizer.ggml.model", text("gpt2")),
		("tokenizer.ggml.pre", text("smollm")),
		(
			"tokenizer.ggml.tokens",
			Value::Array(vocabulary.iter().cloned().map(Value::String).collect()),
		),
		("tokenizer.ggml.token_type", Value::Array(kinds)),
		("tokenizer.ggml.merges", Value::Array(vec![text("h e")])),
		("tokenizer.ggml.eos_token_id", Value::U32(vocabulary.len() as u32 - 1)),
		("tokenizer.chat_template", text(template)),
	];
	let mut state = 7u64;
	let mut random = |shape: &[usize], kind: GgmlDType| -> QTensor {
		let values: Vec<f32> = (0..shape.iter().product())
			.map(|_| {
				state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
				let value = (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
				// Norms about one, projections about zero.
				if shape.len() == 1 {
					1.0 + 0.2 * value
				} else {
					0.5 * value
				}
			})
			.collect();
		let tensor = Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor");
		QTensor::quantize(&tensor, kind).expect("quantised")
	};
	let (kv, words) = (hidden / heads * kv_heads, vocabulary.len());
	let (f32s, q4, q8) = (GgmlDType::F32, GgmlDType::Q4_1, GgmlDType::Q8_0);
	let mut tensors = vec![
		("token_embd.weight".to_string(), random(&[words, hidden], q8)),
		("output.weight".to_string(), random(&[words, hidden], q8)),
		("output_norm.weight".to_string(), random(&[hidden], f32s)),
	];
	for layer in 0..layers {
		for (part, shape, kind) in [
			("attn_norm", vec![hidden], f32s),
			("attn_q", vec![hidden, hidden], q4),
			("attn_k", vec![kv, hidden], q4),
			("attn_v", vec![kv, hidden], q4),
			("attn_output", vec![hidden, hidden], q4),
			("ffn_norm", vec![hidden], f32s),
			("ffn_gate", vec![ff, hidden], q4),
			("ffn_up", vec![ff, hidden], q4),
			("ffn_down", vec![hidden, ff], q4),
		] {
			tensors.push((format!("blk.{layer}.{part}.weight"), random(&shape, kind)));
		}
	}
	let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
	let tensors: Vec<_> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
	let mut file = File::create(path).expect("created");
	write(&mut file, &metadata, &tensors).expect("written");
}

/// Checks that a hub folder's model is the GGUF file's: shape, tokens, logits, decoding.
fn equal(gguf: &Model, hub: &Model) {
	assert_eq!(gguf.config(), hub.config());
	let chat = [ChatMessage::new("user", "the 12 looms"), ChatMessage::new("assistant", "hé!")];
	for model in [gguf, hub] {
		assert!(model.tokenizer().encode("he said 2").len() < 9, "the merges are used");
	}
	assert_eq!(gguf.tokenizer().chat(&chat, true), hub.tokenizer().chat(&chat, true));
	assert_eq!(gguf.tokenizer().eos(), hub.tokenizer().eos());

	let prompt = tokens(48, 3, gguf.config().vocab as u32);
	let (ours, theirs) =
		(gguf.logits(&prompt, None).expect("logits"), hub.logits(&prompt, None).expect("logits"));
	assert!(ours.iter().any(|v| v.abs() > 0.1), "the logits say something");
	// The very same values enter the very same sums.
	assert!(ours == theirs, "the logits differ");
	// Decoding packs the two differently: the hub's full precision into the engine's own format.
	let decoded = |model: &Model| -> Vec<f32> {
		let mut sequence = Sequence::new(model, None, 64).expect("a sequence");
		model.prefill(&mut sequence, &prompt).expect("a prompt");
		model.decode(&mut [(&mut sequence, prompt[0])]).expect("decodes").remove(0)
	};
	let (ours, theirs) = (decoded(gguf), decoded(hub));
	let top = ours.iter().fold(0.0f32, |a, b| a.max(b.abs()));
	let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / top;
	assert!(worst < 0.03, "relative error of decoding {worst}");
}

#[test]
fn a_hub_folder_gives_the_same_logits_as_the_gguf_file_of_its_weights() {
	let folder = tempfile::tempdir().expect("a folder");
	export(&fetch::SMOLLM2_135M.path(), folder.path());
	let hub = Model::load(folder.path()).expect("the folder is sound");
	equal(&smollm2(), &hub);
}

#[test]
fn a_hub_folder_with_an_output_head_of_its_own_gives_the_logits_of_its_gguf_file() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("tiny.gguf");
	tiny_gguf(&path);
	export(&path, folder.path());
	let gguf = Model::load(&path).expect("the file is sound");
	let hub = Model::load(folder.path()).expect("the folder is sound");
	equal(&gguf, &hub);
}

#[test]
fn a_hub_folder_that_lacks_a_file_or_holds_another_kind_of_model_is_refused_by_name() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("tiny.gguf");
	tiny_gguf(&path);
	export(&path, folder.path());
	let config = std::fs::read_to_string(folder.path().join("config.json")).expect("readable");
	for (from, to, expected) in [
		("\"llama\"", "\"mamba\"", "model_type is \"mamba\""),
		("\"num_key_value_heads\":2", "\"num_key_value_heads\":4", "self_attn.k_proj"),
		("\"num_hidden_layers\":2", "\"num_hidden_layers\":3", "model.layers.2."),
	] {
		assert!(config.contains(from), "{from} in {config}");
		std::fs::write(folder.path().join("config.json"), config.replacen(from, to, 1))
			.expect("written");
		let error = Model::load(folder.path()).err().expect("refused").to_string();
		assert!(error.contains(expected), "{error}");
	}
	std::fs::write(folder.path().join("config.json"), &config).expect("written");
	for name in ["tokenizer.json", "config.json"] {
		std::fs::remove_file(folder.path().join(name)).expect("removed");
		let error = Model::load(folder.path()).err().expect("refused").to_string();
		assert!(error.contains(name), "{error}");
	}
	std::fs::remove_file(folder.path().join("model.safetensors")).expect("removed");
	let error = Model::load(folder.path()).err().expect("refused");
	assert!(matches!(error, EngineError::ModelMissing { .. }), "{error}");
}
