//! Content ids: blake2b-256, as everywhere in the project.

use blake2::{digest::consts::U32, Blake2b, Digest};

type Blake2b256 = Blake2b<U32>;

/// The hash of some bytes.
pub(crate) fn blake2_256(bytes: &[u8]) -> [u8; 32] {
	Blake2b256::digest(bytes).into()
}

/// The hash over a tag and parts, each with its length, as `weft-primitives` defines it.
pub(crate) fn tagged(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
	let mut hasher = Blake2b256::new();
	hasher.update([u8::try_from(tag.len()).unwrap_or(u8::MAX)]);
	hasher.update(tag);
	for part in parts {
		hasher.update((part.len() as u64).to_le_bytes());
		hasher.update(part);
	}
	hasher.finalize().into()
}
