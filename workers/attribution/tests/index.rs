use proptest::prelude::*;
use weft_attribution::{
	index::{cosine_ppm, quantise, Map, Part, RowFacts},
	shares, InfluenceIndex, ShareRules,
};
use weft_primitives::merkle;

fn part(dims: usize, weight: u32) -> Part {
	Part { dims, weight, centre: vec![0.0; dims], map: Map::Diagonal(vec![1.0; dims]) }
}

fn facts(record: u8, contributor: u8, contribution: u64, cluster: u32) -> RowFacts {
	RowFacts { record: [record; 32], contributor: [contributor; 32], contribution, cluster }
}

/// One-hot rows of two parts, so that scores are easy to foresee.
fn sample() -> InfluenceIndex {
	let rows = vec![facts(1, 10, 5, 0), facts(2, 20, 3, 1), facts(3, 30, 9, 0), facts(4, 10, 5, 3)];
	let mut embeddings = Vec::new();
	for hot in [0usize, 1, 0, 2] {
		for dims in [4usize, 4] {
			embeddings.extend((0..dims).map(|d| if d == hot { 100i8 } else { 0 }));
		}
	}
	let triangle =
		Map::Triangle((0..10).map(|i| if [0, 2, 5, 9].contains(&i) { 1.0 } else { 0.0 }).collect());
	let parts = vec![part(4, 3), Part { map: triangle, ..part(4, 1) }];
	InfluenceIndex::new(1, 7, parts, rows, embeddings).expect("sound")
}

#[test]
fn an_index_comes_back_from_its_bytes_with_the_same_root() {
	let index = sample();
	let bytes = index.to_bytes();
	let back = InfluenceIndex::from_bytes(&bytes).expect("reads");
	assert_eq!(back, index);
	assert_eq!(back.root(), index.root());
	assert_eq!(back.to_bytes(), bytes);
}

#[test]
fn a_row_can_be_proved_under_the_root() {
	let index = sample();
	let leaves = index.leaves();
	let proof = merkle::prove(&leaves, 2).expect("is there");
	assert!(merkle::verify(&index.root(), &leaves[2], 2, leaves.len() as u64, &proof));
}

#[test]
fn changing_any_byte_changes_the_root_or_is_refused() {
	let index = sample();
	let bytes = index.to_bytes();
	for at in 0..bytes.len() {
		let mut other = bytes.clone();
		other[at] ^= 1;
		if let Ok(read) = InfluenceIndex::from_bytes(&other) {
			assert_ne!(read.root(), index.root(), "byte {at}");
		}
	}
}

#[test]
fn a_cut_or_lengthened_index_is_refused() {
	let bytes = sample().to_bytes();
	for length in 0..bytes.len() {
		assert!(InfluenceIndex::from_bytes(&bytes[..length]).is_err());
	}
	let mut long = bytes;
	long.push(0);
	assert!(InfluenceIndex::from_bytes(&long).is_err());
}

proptest! {
	#[test]
	fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), tail in any::<bool>()) {
		if tail {
			let mut whole = b"WEFTIDX1".to_vec();
			whole.append(&mut bytes);
			bytes = whole;
		}
		let _ = InfluenceIndex::from_bytes(&bytes);
	}

	#[test]
	fn the_cosine_of_integers_is_that_of_the_vectors(
		a in prop::collection::vec(-127i8..=127, 64),
		b in prop::collection::vec(-127i8..=127, 64),
	) {
		let f = |x: &[i8], y: &[i8]| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
		let norm = (f(&a, &a) * f(&b, &b)).sqrt();
		let expected = if norm > 0.0 { f(&a, &b) / norm * 1e6 } else { 0.0 };
		prop_assert!((cosine_ppm(&a, &b) as f64 - expected).abs() < 20.0);
	}

	#[test]
	fn shares_and_the_withheld_part_are_always_one_million(
		scores in prop::collection::vec(-1_000_000i64..=1_000_000, 4),
		floor in 0u64..20_000,
		cap in 1u32..=1_000_000,
	) {
		let rules = ShareRules { floor_milli: floor, full_milli: floor + 3_000, max_records: 2, cap_ppm: cap };
		let out = shares(&sample(), &scores, &rules);
		prop_assert_eq!(out.records.iter().map(|r| r.ppm).sum::<u32>() + out.withheld_ppm, 1_000_000);
		prop_assert!(out.records.len() <= 2 && out.records.iter().all(|r| r.ppm <= cap));
	}
}

#[test]
fn quantising_a_vector_and_its_multiple_gives_the_same_bytes() {
	let raw: Vec<f32> = (0..64).map(|i| (i as f32 * 0.7).sin()).collect();
	let double: Vec<f32> = raw.iter().map(|x| x * 2.0).collect();
	assert_eq!(quantise(&raw, &part(64, 1)), quantise(&double, &part(64, 1)));
	assert_eq!(quantise(&[0.0; 64], &part(64, 1)), vec![0; 64]);
	assert_eq!(quantise(&[f32::NAN; 64], &part(64, 1)), vec![0; 64]);
}

#[test]
fn the_matching_row_scores_highest() {
	let index = sample();
	let query = index.query(&[vec![0.0, 1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0, 0.0]]).expect("fits");
	let scores = index.scores(&query);
	assert!(scores[1] > 990_000 && scores[0] == 0 && scores[3] == 0, "{scores:?}");
	assert!(index.query(&[vec![0.0; 4]]).is_none());
	assert!(index.query(&[vec![0.0; 5], vec![0.0; 4]]).is_none());
}

#[test]
fn a_copy_earns_nothing_and_takes_nothing_from_anybody() {
	let index = sample();
	let rules = ShareRules::default();
	let without = shares(&index, &[600_000, 400_000, -1_000_000, 0], &rules);
	let with = shares(&index, &[600_000, 400_000, 600_000, 0], &rules);
	assert_eq!(with, without);
	assert!(with.records.iter().all(|r| r.contributor != [30; 32]));
	// Even when the copy matches better, the first registered record is paid.
	let better = shares(&index, &[500_000, 400_000, 600_000, 0], &rules);
	assert_eq!(better, without);
}

#[test]
fn splitting_records_over_accounts_changes_nothing() {
	let index = sample();
	let scores = [600_000, 400_000, 0, 500_000];
	let together = shares(&index, &scores, &ShareRules::default());
	let rows = index
		.rows()
		.iter()
		.enumerate()
		.map(|(i, r)| RowFacts { contributor: [i as u8; 32], ..r.clone() });
	let embeddings = (0..4).flat_map(|i| index.embedding(i).expect("is there").to_vec()).collect();
	let apart =
		InfluenceIndex::new(1, 7, index.parts.clone(), rows.collect(), embeddings).expect("sound");
	let apart = shares(&apart, &scores, &ShareRules::default());
	assert_eq!(
		together.records.iter().map(|r| (r.record, r.ppm)).collect::<Vec<_>>(),
		apart.records.iter().map(|r| (r.record, r.ppm)).collect::<Vec<_>>()
	);
	assert_eq!(
		together.by_contributor()[0].1,
		together.records.iter().filter(|r| r.contributor == [10; 32]).map(|r| r.ppm).sum::<u32>()
	);
}

#[test]
fn an_answer_that_matches_nothing_is_owed_to_nobody() {
	let out = shares(&sample(), &[0, 100, -5, 110_000], &ShareRules::default());
	assert!(out.records.is_empty());
	assert_eq!(out.withheld_ppm, 1_000_000);
}
