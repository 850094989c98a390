//! Checkpoints: one safetensors file, written beside its target and renamed into place, so that a crash
//! leaves either the old checkpoint or the new one, never half of one.
//!
//! It holds parameters, both moments of AdamW, the step, and hashes of configuration, data and base. The
//! random generators are counter-based: the seed (in the configuration) and the step are their state.

use crate::{optim::AdamW, TrainError};
use safetensors::{tensor::TensorView, Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::{
	collections::HashMap,
	fs::{self, File},
	io::Write,
	path::{Path, PathBuf},
};

/// File name inside the checkpoint folder.
pub const FILE: &str = "checkpoint.safetensors";

/// What a checkpoint says besides its tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
	/// Optimizer steps done.
	pub step: u32,
	/// Hash of the configuration, in hex.
	pub config: String,
	/// Hash of the records and their order, in hex.
	pub data: String,
	/// Fingerprint of the base model.
	pub base: String,
	/// Bits of the base's summed held-out loss (f64), so that it needs no second measurement.
	pub base_loss_bits: u64,
	/// Tokens learnt so far.
	pub train_tokens: u64,
	/// Milliseconds spent so far.
	pub millis: u64,
	/// Bits of the running epoch's summed loss (f64).
	pub epoch_loss_bits: u64,
	/// Tokens behind that sum.
	pub epoch_tokens: u64,
}

/// A loaded checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
	/// Its facts.
	pub state: State,
	/// Parameter tensors by the adapter's order.
	pub parameters: Vec<Vec<f32>>,
	/// The optimizer.
	pub optimizer: AdamW,
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
	values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Writes bytes to `path` through a temporary neighbour, synced before and after the rename.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
	let folder = path.parent().unwrap_or(Path::new("."));
	fs::create_dir_all(folder).map_err(TrainError::io(folder))?;
	let temporary = path.with_extension("partial");
	let mut file = File::create(&temporary).map_err(TrainError::io(&temporary))?;
	file.write_all(bytes).map_err(TrainError::io(&temporary))?;
	file.sync_all().map_err(TrainError::io(&temporary))?;
	drop(file);
	fs::rename(&temporary, path).map_err(TrainError::io(path))?;
	// A rename is durable only once its folder is.
	if let Ok(folder) = File::open(folder) {
		let _ = folder.sync_all();
	}
	Ok(())
}

/// The file of a checkpoint folder.
pub fn path_in(folder: &Path) -> PathBuf {
	folder.join(FILE)
}

/// Saves a checkpoint.
pub fn save<'a>(
	folder: &Path,
	state: &State,
	parameters: impl IntoIterator<Item = &'a [f32]>,
	optimizer: &AdamW,
) -> Result<(), TrainError> {
	let path = path_in(folder);
	let bad = |problem: String| TrainError::Checkpoint { path: path_in(folder), problem };
	let mut named: Vec<(String, Vec<u8>)> = Vec::new();
	for (at, values) in parameters.into_iter().enumerate() {
		named.push((format!("parameter.{at:05}"), bytes_of(values)));
	}
	for (at, values) in optimizer.first.iter().enumerate() {
		named.push((format!("first.{at:05}"), bytes_of(values)));
	}
	for (at, values) in optimizer.second.iter().enumerate() {
		named.push((format!("second.{at:05}"), bytes_of(values)));
	}
	let views = named
		.iter()
		.map(|(name, bytes)| {
			TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).map(|view| (name, view))
		})
		.collect::<Result<Vec<_>, _>>()
		.map_err(|e| bad(e.to_string()))?;
	let state = serde_json::to_string(state).map_err(|e| bad(e.to_string()))?;
	let metadata = HashMap::from([
		("format".to_string(), "weft-checkpoint-v1".to_string()),
		("state".to_string(), state),
		("optimizer_steps".to_string(), optimizer.steps.to_string()),
	]);
	let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| bad(e.to_string()))?;
	write_atomic(&path, &bytes)
}

/// Loads the checkpoint of a folder, `None` if there is none.
pub fn load(folder: &Path, sizes: &[usize]) -> Result<Option<Checkpoint>, TrainError> {
	let path = path_in(folder);
	let bytes = match fs::read(&path) {
		Ok(bytes) => bytes,
		Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
		Err(e) => return Err(TrainError::io(&path)(e)),
	};
	let bad = |problem: String| TrainError::Checkpoint { path: path.clone(), problem };
	let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| bad(e.to_string()))?;
	let metadata = header.metadata().clone().unwrap_or_default();
	if metadata.get("format").map(String::as_str) != Some("weft-checkpoint-v1") {
		return Err(bad("not a checkpoint of this program (format weft-checkpoint-v1)".into()));
	}
	let state: State = metadata
		.get("state")
		.ok_or_else(|| bad("no `state` in its header".into()))
		.and_then(|s| serde_json::from_str(s).map_err(|e| bad(e.to_string())))?;
	let steps = metadata
		.get("optimizer_steps")
		.and_then(|s| s.parse().ok())
		.ok_or_else(|| bad("no `optimizer_steps` in its header".into()))?;
	let tensors = SafeTensors::deserialize(&bytes).map_err(|e| bad(e.to_string()))?;
	let read = |kind: &str| -> Result<Vec<Vec<f32>>, TrainError> {
		sizes
			.iter()
			.enumerate()
			.map(|(at, size)| {
				let name = format!("{kind}.{at:05}");
				let view = tensors.tensor(&name).map_err(|e| bad(e.to_string()))?;
				if view.dtype() != Dtype::F32 || view.shape() != [*size] {
					return Err(bad(format!(
						"`{name}` has shape {:?}, this adapter needs [{size}]",
						view.shape()
					)));
				}
				Ok(view
					.data()
					.chunks_exact(4)
					.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
					.collect())
			})
			.collect()
	};
	Ok(Some(Checkpoint {
		state,
		parameters: read("parameter")?,
		optimizer: AdamW { first: read("first")?, second: read("second")?, steps },
	}))
}

/// Removes the checkpoint of a folder, if there is one.
pub fn remove(folder: &Path) -> Result<(), TrainError> {
	let path = path_in(folder);
	match fs::remove_file(&path) {
		Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(TrainError::io(path)(e)),
		_ => Ok(()),
	}
}
