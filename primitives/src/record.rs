//! Records, the bitmaps that say which of them were accepted, and the entries of a snapshot.
//!
//! A bitmap has bit `i` in byte `i / 8`, least significant bit first, exactly
//! [`bitmap_len`] bytes, and no bit set beyond the last record.

use crate::{hash::tagged, ContributionId, Hash32};
use alloc::{vec, vec::Vec};

/// The hash of one canonical JSONL line, without its newline (`weft/record/v1`).
///
/// It is the leaf of a contribution's Merkle root.
pub fn record_hash(line: &[u8]) -> Hash32 {
	tagged("weft/record/v1", &[line])
}

/// The hash of a contribution in a snapshot (`weft/snapshot-entry/v1`): its number (u64 LE), its
/// Merkle root, the bitmap of its accepted records and the number of its records (u32 LE).
///
/// A snapshot's root is [`crate::merkle::root`] over these, in order of contribution number.
pub fn snapshot_entry_hash(
	contribution: ContributionId,
	root: &Hash32,
	accepted_bitmap: &[u8],
	records: u32,
) -> Hash32 {
	tagged(
		"weft/snapshot-entry/v1",
		&[&contribution.to_le_bytes(), root, accepted_bitmap, &records.to_le_bytes()],
	)
}

/// Bytes of a bitmap for `records` records.
pub fn bitmap_len(records: u32) -> usize {
	records.div_ceil(8) as usize
}

/// A bitmap of `records` bits, none set.
pub fn bitmap_empty(records: u32) -> Vec<u8> {
	vec![0; bitmap_len(records)]
}

/// A bitmap of `records` bits, all set.
pub fn bitmap_full(records: u32) -> Vec<u8> {
	let mut bits = vec![u8::MAX; bitmap_len(records)];
	if let (Some(last), used @ 1..) = (bits.last_mut(), records % 8) {
		*last = u8::MAX >> (8 - used);
	}
	bits
}

/// Bit `index`, or `None` if the bitmap is too short.
pub fn bitmap_get(bits: &[u8], index: u32) -> Option<bool> {
	bits.get((index / 8) as usize).map(|byte| byte & (1 << (index % 8)) != 0)
}

/// Sets bit `index` to `value`. `None`, with nothing changed, if the bitmap is too short.
pub fn bitmap_set(bits: &mut [u8], index: u32, value: bool) -> Option<()> {
	let byte = bits.get_mut((index / 8) as usize)?;
	let mask = 1 << (index % 8);
	*byte = if value { *byte | mask } else { *byte & !mask };
	Some(())
}

/// Whether `bits` is a well-formed bitmap for `records` records: the exact length and nothing set
/// beyond the last record.
pub fn bitmap_is_valid(bits: &[u8], records: u32) -> bool {
	let beyond = match (bits.last(), records % 8) {
		(Some(last), used @ 1..) => *last >> used,
		_ => 0,
	};
	bits.len() == bitmap_len(records) && beyond == 0
}

/// How many bits are set, or `None` if the bitmap is not well-formed for `records` records.
pub fn bitmap_count(bits: &[u8], records: u32) -> Option<u32> {
	// At most `records` bits are set in a well-formed bitmap, so the sum fits.
	bitmap_is_valid(bits, records).then(|| bits.iter().map(|byte| byte.count_ones()).sum())
}
