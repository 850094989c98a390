//! What the tests share.
#![allow(dead_code)]

use std::sync::{Arc, OnceLock};
use weft_engine::{fetch, Adapter, Config, LoraConfig, Model, Module};

/// SmolLM2, loaded once per test program.
pub fn smollm2() -> Arc<Model> {
	static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
	MODEL
		.get_or_init(|| match Model::load(&fetch::SMOLLM2_135M.path()) {
			Ok(model) => model,
			Err(error) => {
				panic!("these tests need the model that `cargo xtask setup` fetches: {error}")
			}
		})
		.clone()
}

/// A shape small enough for finite differences.
pub fn tiny_config() -> Config {
	Config {
		n_layers: 2,
		hidden: 32,
		n_heads: 4,
		n_kv_heads: 2,
		head_dim: 8,
		intermediate: 64,
		vocab: 96,
		rope_theta: 10_000.0,
		rms_eps: 1e-5,
		max_len: 256,
	}
}

pub fn tiny() -> Arc<Model> {
	Model::random(tiny_config(), 5).expect("the tiny shape is sound")
}

/// An adapter whose B is not zero.
pub fn busy_adapter(config: &Config, seed: u64, modules: &[Module]) -> Adapter {
	let lora = LoraConfig {
		rank: 4,
		alpha: 8.0,
		modules: modules.to_vec(),
		dropout: 0.0,
		base_name: "tiny".into(),
	};
	let mut adapter = Adapter::new(config, lora, seed).expect("sound settings");
	let mut state = seed.wrapping_mul(2).wrapping_add(1);
	for (param, values) in adapter.params_mut() {
		if !param.is_a {
			for value in values {
				state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
				*value = ((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 0.2;
			}
		}
	}
	adapter
}

/// Tokens that look random.
pub fn tokens(n: usize, salt: u32, vocab: u32) -> Vec<u32> {
	(0..n as u32).map(|i| (i * 7919 + salt * 104_729 + i * i * 31) % vocab).collect()
}
