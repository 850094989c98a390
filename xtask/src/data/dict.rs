//! Reads the dictd format: `NAME.index` gives offset and length in base 64, `NAME.dict.dz` is gzip.

use anyhow::{bail, Context, Result};
use std::{io::Read, path::Path};

/// A head word and its text.
pub struct Entry {
	pub word: String,
	pub text: String,
}

fn base64_number(s: &str) -> Result<usize> {
	let mut n = 0usize;
	for c in s.bytes() {
		let d = match c {
			b'A'..=b'Z' => c - b'A',
			b'a'..=b'z' => c - b'a' + 26,
			b'0'..=b'9' => c - b'0' + 52,
			b'+' => 62,
			b'/' => 63,
			_ => bail!("`{s}` is not a base-64 number of a dictd index"),
		};
		n = n.checked_mul(64).and_then(|n| n.checked_add(d.into())).context("index overflow")?;
	}
	Ok(n)
}

/// Reads every entry of `dir/name.{index,dict.dz}` in the order of the index.
pub fn read(dir: &Path, name: &str) -> Result<Vec<Entry>> {
	let index = dir.join(format!("{name}.index"));
	let dict = dir.join(format!("{name}.dict.dz"));
	let index_text =
		std::fs::read_to_string(&index).with_context(|| format!("reading {}", index.display()))?;
	let mut text = Vec::new();
	flate2::read::MultiGzDecoder::new(
		std::fs::File::open(&dict).with_context(|| format!("opening {}", dict.display()))?,
	)
	.read_to_end(&mut text)
	.with_context(|| format!("unpacking {}", dict.display()))?;
	let mut out = Vec::new();
	for (i, line) in index_text.lines().enumerate() {
		let mut parts = line.split('\t');
		let (Some(word), Some(offset), Some(length)) = (parts.next(), parts.next(), parts.next())
		else {
			bail!("{} line {}: three tab-separated fields are expected", index.display(), i + 1)
		};
		if word.starts_with("00database") {
			continue;
		}
		let start = base64_number(offset)?;
		let end = start.saturating_add(base64_number(length)?);
		let Some(bytes) = text.get(start..end) else {
			bail!("{} line {}: points outside the dictionary", index.display(), i + 1)
		};
		out.push(Entry {
			word: word.to_string(),
			text: String::from_utf8_lossy(bytes).into_owned(),
		});
	}
	Ok(out)
}

#[cfg(test)]
mod tests {
	#[test]
	fn base_64_numbers_are_read_most_significant_first() {
		assert_eq!(super::base64_number("A").unwrap(), 0);
		assert_eq!(super::base64_number("NP1").unwrap(), 13 * 4096 + 15 * 64 + 53);
		assert!(super::base64_number("a-b").is_err());
	}
}
