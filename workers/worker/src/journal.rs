//! The journal of answers: what was charged, with the voucher that pays for it. Appended and flushed to the disk before
//! the client gets its answer, so that a crash loses no money.

use anyhow::{bail, Context, Result};
use codec::{Decode, Encode};
use parking_lot::Mutex;
use std::{
	fs::{File, OpenOptions},
	io::{Read, Write},
	path::{Path, PathBuf},
};
use weft_primitives::{
	receipt::Receipt,
	voucher::{Voucher, VoucherSignature},
};

/// One entry.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Entry {
	/// An answer that a voucher pays for; `spent` is the channel's total after it.
	#[codec(index = 0)]
	Answer {
		/// What was answered, by whom, from whose records.
		receipt: Receipt,
		/// The newest voucher of the channel.
		voucher: Voucher,
		/// Its signature.
		signature: VoucherSignature,
		/// Plancks charged in this channel since its beginning.
		spent: u128,
	},
	/// An answer to an inference job on the chain; the job's escrow pays for it.
	#[codec(index = 1)]
	Job {
		/// The job.
		job: u64,
		/// Its receipt.
		receipt: Receipt,
	},
	/// The contributors' part of these jobs was allotted in that epoch.
	#[codec(index = 2)]
	Allotted {
		/// The epoch.
		epoch: u32,
		/// The jobs.
		jobs: Vec<u64>,
	},
}

/// An append-only file of length-prefixed SCALE entries.
pub struct Journal {
	path: PathBuf,
	file: Mutex<File>,
}

impl Journal {
	/// Opens the journal and reads every entry. A torn last entry (a crash while writing) is cut off; anything else that
	/// cannot be read is an error, because it may be money.
	pub fn open(path: &Path) -> Result<(Self, Vec<Entry>)> {
		if let Some(parent) = path.parent() {
			std::fs::create_dir_all(parent)?;
		}
		let mut file = OpenOptions::new()
			.create(true)
			.read(true)
			.append(true)
			.open(path)
			.with_context(|| format!("opening the journal {}", path.display()))?;
		let mut bytes = Vec::new();
		file.read_to_end(&mut bytes)?;
		let (entries, good) = parse(&bytes).with_context(|| {
			format!("the journal {} is damaged; it holds unsettled vouchers", path.display())
		})?;
		if good < bytes.len() {
			tracing::warn!(
				bytes = bytes.len() - good,
				"cut off a torn entry at the end of the journal"
			);
			file.set_len(good as u64)?;
		}
		Ok((Self { path: path.into(), file: Mutex::new(file) }, entries))
	}

	/// Appends an entry and waits until the disk has it.
	pub fn append(&self, entry: &Entry) -> Result<()> {
		let body = entry.encode();
		let mut bytes = u32::try_from(body.len())?.to_le_bytes().to_vec();
		bytes.extend_from_slice(&body);
		let mut file = self.file.lock();
		file.write_all(&bytes)
			.and_then(|()| file.sync_data())
			.with_context(|| format!("writing the journal {}", self.path.display()))
	}
}

/// Entries and the length of the part that is whole.
fn parse(bytes: &[u8]) -> Result<(Vec<Entry>, usize)> {
	let mut entries = Vec::new();
	let mut at = 0usize;
	while let Some(head) = bytes.get(at..at + 4) {
		let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
		let Some(mut body) = bytes.get(at + 4..at + 4 + len) else { break };
		match Entry::decode(&mut body) {
			Ok(e) if body.is_empty() => entries.push(e),
			_ => bail!("entry {} at byte {at} cannot be read", entries.len()),
		}
		at += 4 + len;
	}
	Ok((entries, at))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn entry(n: u64) -> Entry {
		Entry::Allotted { epoch: n as u32, jobs: vec![n] }
	}

	#[test]
	fn entries_are_there_after_a_restart_and_a_torn_one_is_cut_off() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("journal");
		let (j, empty) = Journal::open(&path).unwrap();
		assert!(empty.is_empty());
		j.append(&entry(1)).unwrap();
		j.append(&entry(2)).unwrap();
		drop(j);
		let mut f = OpenOptions::new().append(true).open(&path).unwrap();
		f.write_all(&[200, 0, 0, 0, 1, 2]).unwrap();
		drop(f);
		let (j, entries) = Journal::open(&path).unwrap();
		assert_eq!(entries, [entry(1), entry(2)]);
		j.append(&entry(3)).unwrap();
		drop(j);
		assert_eq!(Journal::open(&path).unwrap().1.len(), 3);
	}

	#[test]
	fn a_damaged_journal_is_an_error_and_not_an_empty_one() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("journal");
		std::fs::write(&path, [2, 0, 0, 0, 9, 9]).unwrap();
		let e = Journal::open(&path).err().map(|e| format!("{e:#}")).unwrap_or_default();
		assert!(e.contains("unsettled vouchers"), "{e}");
	}
}
