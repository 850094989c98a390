//! The hash functions of the protocol.

use crate::Hash32;
use blake2::{digest::consts::U32, Blake2b, Digest};
use sha3::Keccak256;

/// blake2b with a 32-byte output (no key), as in Substrate.
pub fn blake2_256(data: &[u8]) -> Hash32 {
	Blake2b::<U32>::digest(data).into()
}

/// Keccak-256, as in Ethereum.
pub fn keccak_256(data: &[u8]) -> Hash32 {
	Keccak256::digest(data).into()
}

/// A hash of several parts under a domain.
///
/// It is blake2b-256 over `len(tag) as u8 ‖ tag ‖ (len(part) as u64 LE ‖ part)*`. The lengths make
/// two different lists of parts different inputs, the tag keeps one format's hash from being
/// valid in another. Tags are constants of this crate, shorter than 256 bytes; of a longer one the
/// first 255 bytes count.
pub fn tagged(tag: &str, parts: &[&[u8]]) -> Hash32 {
	let tag = tag.as_bytes();
	let tag = tag.get(..usize::from(u8::MAX)).unwrap_or(tag);
	let tag_len = u8::try_from(tag.len()).unwrap_or(u8::MAX);
	let mut hasher = Blake2b::<U32>::new();
	hasher.update([tag_len]);
	hasher.update(tag);
	for part in parts {
		hasher.update((part.len() as u64).to_le_bytes());
		hasher.update(part);
	}
	hasher.finalize().into()
}
