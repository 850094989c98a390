//! The shape of a model.

use crate::error::{EngineError, Result};

/// The shape of a Llama-family model.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
	/// Transformer blocks.
	pub n_layers: usize,
	/// Width of the residual stream.
	pub hidden: usize,
	/// Query heads.
	pub n_heads: usize,
	/// Key and value heads, each shared by `n_heads / n_kv_heads` query heads.
	pub n_kv_heads: usize,
	/// Width of one head.
	pub head_dim: usize,
	/// Width of the gated feed-forward layer.
	pub intermediate: usize,
	/// Tokens in the vocabulary.
	pub vocab: usize,
	/// Base of the rotary frequencies.
	pub rope_theta: f32,
	/// Epsilon of RMSNorm.
	pub rms_eps: f32,
	/// Longest sequence the model was made for.
	pub max_len: usize,
}

impl Config {
	/// Width of all query heads together.
	pub fn q_dim(&self) -> usize {
		self.n_heads * self.head_dim
	}

	/// Width of all key (or value) heads together.
	pub fn kv_dim(&self) -> usize {
		self.n_kv_heads * self.head_dim
	}

	/// Width of queries, keys and values side by side.
	pub(crate) fn qkv_dim(&self) -> usize {
		self.q_dim() + 2 * self.kv_dim()
	}

	/// Rejects shapes that the kernels cannot run.
	pub(crate) fn check(&self) -> Result<()> {
		let fail = |what: &str| Err(EngineError::Model(what.to_owned()));
		if [self.n_layers, self.hidden, self.n_heads, self.n_kv_heads, self.head_dim]
			.into_iter()
			.chain([self.intermediate, self.vocab, self.max_len])
			.any(|n| n == 0 || n > 1 << 24)
		{
			return fail("a dimension of the configuration is zero or absurdly large");
		}
		if !self.n_heads.is_multiple_of(self.n_kv_heads) {
			return fail("the number of heads is not a multiple of the number of key/value heads");
		}
		if !self.head_dim.is_multiple_of(2) {
			return fail("the head dimension is odd, so rotary positions cannot be applied");
		}
		if !(self.rms_eps > 0.0 && self.rms_eps < 1.0) || self.rope_theta.is_nan() {
			return fail("rms_norm_eps or rope_theta is out of range");
		}
		Ok(())
	}
}
