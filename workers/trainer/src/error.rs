use std::path::PathBuf;

/// What can go wrong in training. Every variant names what was wrong and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
	/// A field of the training configuration is outside its range.
	#[error("training config: `{field}` is {value}; allowed: {allowed}")]
	Config {
		/// The field's name as it stands in the JSON.
		field: &'static str,
		/// What was given.
		value: String,
		/// What may be given.
		allowed: String,
	},
	/// The configuration is not JSON of the expected form.
	#[error("training config: {0}")]
	ConfigJson(String),
	/// A record line cannot be used.
	#[error("line {line}: {problem}; allowed: {allowed}")]
	Record {
		/// Line number, from 1.
		line: usize,
		/// What is wrong with it.
		problem: String,
		/// What a line may look like.
		allowed: String,
	},
	/// The records as a whole cannot be trained on.
	#[error("training data: {0}")]
	Data(String),
	/// A checkpoint cannot be resumed.
	#[error("checkpoint {path}: {problem}")]
	Checkpoint {
		/// The checkpoint's file.
		path: PathBuf,
		/// Why it cannot be used.
		problem: String,
	},
	/// A file could not be read or written.
	#[error("{path}: {source}")]
	Io {
		/// The file or folder.
		path: PathBuf,
		/// The system's error.
		source: std::io::Error,
	},
	/// The engine refused.
	#[error("engine: {0}")]
	Engine(String),
	/// The loss or the gradient is not a finite number any more.
	#[error(
		"step {step}: {what} is not finite; lower `learning_rate` (now {learning_rate}) or set `max_grad_norm`"
	)]
	Diverged {
		/// The step, from 1.
		step: u32,
		/// Loss or gradient norm.
		what: &'static str,
		/// The configured peak rate.
		learning_rate: f64,
	},
	/// The cancel flag was raised; the last checkpoint stays.
	#[error("cancelled after step {step} of {total}")]
	Cancelled {
		/// Steps done.
		step: u32,
		/// Steps planned.
		total: u32,
	},
}

impl TrainError {
	pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
		let path = path.into();
		move |source| Self::Io { path, source }
	}
}
