//! The runtime's metadata, from the native build: the same bytes as the Wasm runtime gives.

use crate::cli::ExportMetadataCmd;
use codec::Decode;
use polkadot_sdk::{sc_cli, sp_core::OpaqueMetadata, sp_io};
use std::io::Write;

/// The metadata in the given version, as `state_getMetadata` frames it: prefix, version, content.
pub fn encoded(version: u32) -> Result<Vec<u8>, String> {
	// Default values of storage are part of the metadata, and some are read from an empty storage.
	let opaque: Option<OpaqueMetadata> = sp_io::TestExternalities::default()
		.execute_with(|| weft_runtime::Runtime::metadata_at_version(version));
	let opaque = opaque.ok_or_else(|| {
		let mut allowed = weft_runtime::Runtime::metadata_versions();
		// The highest number stands for whatever is being designed.
		allowed.retain(|v| *v != u32::MAX);
		format!("the runtime has no metadata of version {version}; allowed: {allowed:?}")
	})?;
	let bytes: Vec<u8> = (*opaque).clone();
	// The bytes are what clients decode; make sure of their frame before anything is written.
	let magic = u32::decode(&mut &bytes[..]).map_err(|error| error.to_string())?;
	if magic != u32::from_le_bytes(*b"meta") {
		return Err(format!("the metadata of version {version} has no metadata prefix"));
	}
	Ok(bytes)
}

impl ExportMetadataCmd {
	/// Writes the file.
	pub fn run(&self) -> sc_cli::Result<()> {
		let bytes = encoded(self.version).map_err(sc_cli::Error::Input)?;
		match &self.out {
			Some(path) => {
				std::fs::write(path, &bytes)?;
				println!(
					"{} bytes of metadata {} in {}",
					bytes.len(),
					self.version,
					path.display()
				);
			}
			None => std::io::stdout().write_all(&bytes)?,
		}
		Ok(())
	}
}
