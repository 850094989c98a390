//! JSONL files as contributions: canonical lines, hashes, root.

use anyhow::{bail, Context, Result};
use std::path::Path;
use weft_primitives::{ids::Hash32, merkle, record::record_hash};
use weft_trainer::parse_jsonl;

/// Most records in one contribution; the pallet has the same bound.
pub const MAX_RECORDS: usize = 4096;

/// A batch ready to be contributed.
pub struct Batch {
	/// Canonical lines.
	pub lines: Vec<String>,
	/// Merkle root over the hashes.
	pub root: Hash32,
	/// The blob: canonical lines, each ended by a newline.
	pub blob: Vec<u8>,
}

impl Batch {
	fn of(lines: Vec<String>) -> Self {
		let hashes: Vec<Hash32> = lines.iter().map(|l| record_hash(l.as_bytes())).collect();
		let mut blob = Vec::new();
		for l in &lines {
			blob.extend_from_slice(l.as_bytes());
			blob.push(b'\n');
		}
		Self { root: merkle::root(&hashes), lines, blob }
	}
}

/// Reads a file. A malformed line is an error with its number, and nothing is contributed.
pub fn read(path: &Path) -> Result<Vec<Batch>> {
	let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
	let examples = parse_jsonl(&bytes).with_context(|| format!("{}", path.display()))?;
	if examples.is_empty() {
		bail!("{} holds no record", path.display());
	}
	let lines: Vec<String> = examples.iter().map(|e| e.record.canonical()).collect();
	Ok(lines.chunks(MAX_RECORDS).map(|c| Batch::of(c.to_vec())).collect())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_malformed_line_is_named_by_its_number_and_nothing_is_read() {
		let dir = tempfile::tempdir().unwrap();
		let f = dir.path().join("x.jsonl");
		std::fs::write(&f, "{\"text\":\"a\"}\n{\"text\":").unwrap();
		let e = match read(&f) {
			Ok(_) => panic!("a malformed file was read"),
			Err(e) => format!("{e:#}"),
		};
		assert!(e.contains("line 2"), "{e}");
	}

	#[test]
	fn equal_content_in_another_spelling_gives_the_same_contribution() {
		let dir = tempfile::tempdir().unwrap();
		let f = dir.path().join("x.jsonl");
		std::fs::write(&f, "{\"completion\":\"b\", \"prompt\":\"a\"}\n").unwrap();
		let one = read(&f).unwrap().remove(0);
		std::fs::write(&f, "{\"prompt\":\"a\",\"completion\":\"b\"}").unwrap();
		let two = read(&f).unwrap().remove(0);
		assert_eq!(one.root, two.root);
		assert_eq!(one.blob, two.blob);
	}
}
