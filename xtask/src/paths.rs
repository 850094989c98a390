//! Where things lie.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Folders that every command uses.
pub struct Paths {
	/// The workspace root.
	pub root: PathBuf,
	/// Models, data and state: `$WEFT_HOME`, or `weft` in the user's cache folder.
	pub home: PathBuf,
	/// Compiled programs.
	pub target: PathBuf,
}

impl Paths {
	pub fn find() -> Result<Self> {
		// Asked when it runs: a build cache that two clones share keeps programs that the other one compiled.
		let here = std::env::var_os("CARGO_MANIFEST_DIR")
			.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
		let root = Path::new(&here).parent().context("xtask has no parent folder")?.to_path_buf();
		let home = match std::env::var_os("WEFT_HOME") {
			Some(h) => PathBuf::from(h),
			None => match std::env::var_os("XDG_CACHE_HOME") {
				Some(c) => PathBuf::from(c).join("weft"),
				None => PathBuf::from(
					std::env::var_os("HOME").context("neither WEFT_HOME nor HOME is set")?,
				)
				.join(".cache/weft"),
			},
		};
		let target = std::env::var_os("CARGO_TARGET_DIR")
			.map(PathBuf::from)
			.unwrap_or_else(|| root.join("target"));
		Ok(Self { root, home, target })
	}

	/// A program that the build makes.
	pub fn program(&self, name: &str) -> PathBuf {
		self.target.join("debug").join(name)
	}

	/// The default base model.
	pub fn model(&self) -> PathBuf {
		std::env::var_os("WEFT_MODELS")
			.map(PathBuf::from)
			.unwrap_or_else(|| self.home.join("models"))
			.join("SmolLM2-135M-Instruct.Q4_1.gguf")
	}
}
