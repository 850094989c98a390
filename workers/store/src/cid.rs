//! Content ids and the hashing of streams.

use crate::StoreError;
use blake2::{
	digest::{consts::U32, Digest},
	Blake2b,
};

/// The blake2b-256 of a blob's bytes.
pub type Cid = weft_primitives::ids::Cid;

type Blake2b256 = Blake2b<U32>;

/// Pieces in which verified ranges and streams are read.
pub const CHUNK: usize = 1 << 20;

/// The content id of bytes held in memory.
pub fn cid_of(bytes: &[u8]) -> Cid {
	Blake2b256::digest(bytes).into()
}

/// A content id as text: 64 lower-case hex digits.
pub fn cid_hex(cid: &Cid) -> String {
	hex::encode(cid)
}

/// Reads a content id from text. Only the one canonical form is accepted, so that a blob has one
/// name.
pub fn parse_cid(text: &str) -> Result<Cid, StoreError> {
	let canonical =
		text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
	let mut cid = [0u8; 32];
	if !canonical || hex::decode_to_slice(text, &mut cid).is_err() {
		return Err(StoreError::BadId(text.chars().take(80).collect()));
	}
	Ok(cid)
}

/// The hashes of a blob's pieces, learned while the whole blob was verified.
#[derive(Debug)]
pub(crate) struct ChunkList {
	pub size: u64,
	pub hashes: Vec<Cid>,
}

/// Hashes a stream: the whole and, for ranges later, each [`CHUNK`].
pub struct Tally {
	whole: Blake2b256,
	chunk: Blake2b256,
	in_chunk: usize,
	size: u64,
	hashes: Vec<Cid>,
}

impl Default for Tally {
	fn default() -> Self {
		Self {
			whole: Blake2b256::new(),
			chunk: Blake2b256::new(),
			in_chunk: 0,
			size: 0,
			hashes: Vec::new(),
		}
	}
}

impl Tally {
	/// Adds the next bytes of the stream.
	pub fn update(&mut self, mut bytes: &[u8]) {
		self.whole.update(bytes);
		self.size = self.size.saturating_add(bytes.len() as u64);
		while !bytes.is_empty() {
			let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.in_chunk));
			self.chunk.update(now);
			self.in_chunk += now.len();
			if self.in_chunk == CHUNK {
				self.hashes.push(self.chunk.finalize_reset().into());
				self.in_chunk = 0;
			}
			bytes = later;
		}
	}

	/// Bytes seen so far.
	pub fn size(&self) -> u64 {
		self.size
	}

	/// The content id of everything seen.
	pub fn cid(self) -> Cid {
		self.finish().0
	}

	pub(crate) fn finish(mut self) -> (Cid, ChunkList) {
		if self.in_chunk > 0 {
			self.hashes.push(self.chunk.finalize().into());
		}
		(self.whole.finalize().into(), ChunkList { size: self.size, hashes: self.hashes })
	}
}
