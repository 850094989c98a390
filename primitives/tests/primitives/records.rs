use proptest::prelude::*;
use weft_primitives::record::*;

#[test]
fn a_bitmap_counts_from_the_least_significant_bit_of_the_first_byte() {
	let mut bits = bitmap_empty(10);
	bitmap_set(&mut bits, 0, true).unwrap();
	bitmap_set(&mut bits, 9, true).unwrap();
	assert_eq!(bits, [0b0000_0001, 0b0000_0010]);
	assert_eq!(bitmap_count(&bits, 10), Some(2));
	bitmap_set(&mut bits, 0, false).unwrap();
	assert_eq!(bits, [0, 0b10]);
}

#[test]
fn a_full_bitmap_sets_every_record_and_nothing_beyond() {
	assert_eq!(bitmap_full(0), Vec::<u8>::new());
	assert_eq!(bitmap_full(8), [0xFF]);
	assert_eq!(bitmap_full(11), [0xFF, 0b111]);
	for records in 0..100 {
		assert_eq!(bitmap_count(&bitmap_full(records), records), Some(records));
		assert_eq!(bitmap_count(&bitmap_empty(records), records), Some(0));
	}
}

#[test]
fn a_bitmap_of_the_wrong_length_or_with_bits_beyond_the_end_is_refused() {
	assert!(!bitmap_is_valid(&[0xFF], 9));
	assert!(!bitmap_is_valid(&[0xFF, 1, 0], 9));
	assert!(!bitmap_is_valid(&[0xFF, 0b10], 9));
	assert_eq!(bitmap_count(&[0xFF, 0b10], 9), None);
	assert_eq!(bitmap_count(&[], 1), None);
}

#[test]
fn reading_or_writing_past_the_end_is_none_and_changes_nothing() {
	let mut bits = bitmap_empty(16);
	assert_eq!(bitmap_get(&bits, 16), None);
	assert_eq!(bitmap_set(&mut bits, u32::MAX, true), None);
	assert_eq!(bits, [0, 0]);
}

#[test]
fn a_snapshot_entry_commits_to_number_root_bitmap_and_size() {
	let entry = snapshot_entry_hash(1, &[2; 32], &[3], 8);
	assert_ne!(entry, snapshot_entry_hash(2, &[2; 32], &[3], 8));
	assert_ne!(entry, snapshot_entry_hash(1, &[3; 32], &[3], 8));
	assert_ne!(entry, snapshot_entry_hash(1, &[2; 32], &[2], 8));
	assert_ne!(entry, snapshot_entry_hash(1, &[2; 32], &[3], 7));
}

proptest! {
	#[test]
	fn a_bitmap_remembers_what_was_set(wanted in proptest::collection::vec(any::<bool>(), 0..300)) {
		let records = wanted.len() as u32;
		let mut bits = bitmap_empty(records);
		for (i, value) in wanted.iter().enumerate() {
			bitmap_set(&mut bits, i as u32, *value).unwrap();
		}
		for (i, value) in wanted.iter().enumerate() {
			prop_assert_eq!(bitmap_get(&bits, i as u32), Some(*value));
		}
		let set = wanted.iter().filter(|value| **value).count() as u32;
		prop_assert_eq!(bitmap_count(&bits, records), Some(set));
	}
}
