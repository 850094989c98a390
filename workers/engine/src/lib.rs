//! The engine: Llama-family models forward and backward on the processor, with LoRA adapters.
//!
//! - [`Model::load`] reads a GGUF file or a hub folder, checked by hash against what the chain knows.
//! - [`Model::prefill`] and [`Model::decode`] generate, many sequences with different adapters at once.
//! - [`Model::forward_backward`] trains [`Adapter`]s; [`Model::loss`] measures them.
//! - [`Model::capture`] gives attribution the inputs and gradients of every projection.
//!
//! Prompts and training run on full-precision weights with a forward and a backward pass written out
//! by hand; decoding runs on the quantised weights with kernels chosen for the processor at run time.
//! Results do not depend on the number of threads, and a sequence decodes to the same bytes whatever
//! it is batched with.

mod adapter;
mod backward;
mod config;
mod cpu;
mod decode;
mod error;
pub mod fetch;
mod forward;
mod gguf;
mod hash;
mod hub;
mod model;
mod ops;
mod quant;
mod team;
mod tokenizer;
mod weights;

pub use adapter::{
	Adapter, AdapterGrads, LoraConfig, Module, Param, ADAPTER_CONFIG, ADAPTER_WEIGHTS, MAX_RANK,
};
pub use config::Config;
pub use decode::Sequence;
pub use error::{EngineError, Result};
pub use model::{GradSink, LossStats, Model, Sample, TrainBatch};
pub use tokenizer::{ChatMessage, TokenStream, Tokenizer};
