//! What can go wrong, said so that the caller can put it right.

use std::path::PathBuf;

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
	/// The file or folder of a model is not there.
	#[error("no model at {path}: run `cargo xtask setup`, or name a .gguf file or a folder with config.json, model.safetensors and tokenizer.json")]
	ModelMissing {
		/// Where it was looked for.
		path: PathBuf,
	},
	/// A file could not be read or written.
	#[error("{path}: {source}")]
	Io {
		/// The file.
		path: PathBuf,
		/// The cause.
		source: std::io::Error,
	},
	/// The model file is damaged or of a kind that is not supported.
	#[error("model: {0}")]
	Model(String),
	/// The tokenizer could not be built or used.
	#[error("tokenizer: {0}")]
	Tokenizer(String),
	/// An adapter that does not fit the model, or that holds values no model can use.
	#[error("adapter: {0}")]
	Adapter(String),
	/// Tokens, masks or sequences that the model cannot take.
	#[error("input: {0}")]
	Input(String),
}

impl EngineError {
	pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
		let path = path.into();
		move |source| Self::Io { path, source }
	}
}

/// Result of the engine.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;
