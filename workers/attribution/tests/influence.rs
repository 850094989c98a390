//! On a tiny model of random weights: what is tested is the machinery, not how good a model is.

use std::sync::{
	atomic::{AtomicBool, Ordering},
	Arc,
};
use weft_attribution::{
	build, features, Influence, InfluenceError, InfluenceIndex, Row, ShareRules,
};
use weft_engine::{Config, Model};

fn model() -> Arc<Model> {
	let config = Config {
		n_layers: 4,
		hidden: 32,
		n_heads: 4,
		n_kv_heads: 2,
		head_dim: 8,
		intermediate: 64,
		vocab: 400,
		rope_theta: 10_000.0,
		rms_eps: 1e-5,
		max_len: 64,
	};
	Model::random(config, 5).expect("a small model")
}

fn rows() -> Vec<Row> {
	(0..40u32)
		.map(|i| {
			// A common frame around tokens of the record's own.
			let mut ids = vec![1, 2, 3, 10 + i * 4, 11 + i * 4, 4, 5];
			ids.extend([6, 200 + i * 5, 201 + i * 5, 202 + i * 5, 7]);
			let mask = (0..ids.len()).map(|at| at >= 7).collect();
			Row {
				sample: (ids, mask),
				text: format!("record number {i} with words w{} v{} of its own", i * 3, i * 7),
				record: [i as u8; 32],
				contributor: [(i / 20) as u8; 32],
				contribution: u64::from(i / 20),
			}
		})
		.collect()
}

fn index(model: &Model) -> InfluenceIndex {
	build(model, None, &rows(), 9, |_, _| {}, &AtomicBool::new(false)).expect("builds")
}

#[test]
fn the_same_records_give_the_same_index_bytes() {
	let model = model();
	let bytes = index(&model).to_bytes();
	assert_eq!(index(&model).to_bytes(), bytes);
	let other =
		build(&model, None, &rows(), 10, |_, _| {}, &AtomicBool::new(false)).expect("builds");
	assert_ne!(other.root(), index(&model).root());
}

#[test]
fn the_record_that_an_answer_repeats_gets_the_highest_share_and_every_run_agrees() {
	let model = model();
	let influence = Influence::new(index(&model), &model).expect("fits");
	for (at, row) in rows().iter().enumerate() {
		let first =
			influence.attribute(&model, None, &row.sample, &ShareRules::default()).expect("runs");
		let best = (0..40).max_by_key(|i| first.scores[*i]).expect("rows");
		assert_eq!(best, at);
		assert_eq!(first.shares.records[0].record, row.record);
		assert_eq!(first.shares.by_contributor()[0].0, row.contributor);
		let sum: u32 = first.shares.records.iter().map(|r| r.ppm).sum();
		assert_eq!(sum + first.shares.withheld_ppm, 1_000_000);
		let again =
			influence.attribute(&model, None, &row.sample, &ShareRules::default()).expect("runs");
		assert_eq!(again, first);
	}
}

#[test]
fn an_index_read_from_its_blob_attributes_as_the_one_that_was_built() {
	let model = model();
	let built = index(&model);
	let read = InfluenceIndex::from_bytes(&built.to_bytes()).expect("reads");
	let sample = &rows()[3].sample;
	let rules = ShareRules::default();
	let a = Influence::new(built, &model).expect("fits").attribute(&model, None, sample, &rules);
	let b = Influence::new(read, &model).expect("fits").attribute(&model, None, sample, &rules);
	assert_eq!(a.expect("runs"), b.expect("runs"));
}

#[test]
fn an_index_of_another_recipe_or_model_is_refused() {
	let model = model();
	let mut index = index(&model);
	index.version = features::VERSION + 1;
	let error = Influence::new(index, &model).err().expect("refused");
	assert!(error.to_string().contains("recipe 1"), "{error}");
}

#[test]
fn too_few_records_and_a_raised_flag_end_the_build_with_a_reason() {
	let model = model();
	let flag = AtomicBool::new(false);
	let error = build(&model, None, &rows()[..1], 9, |_, _| {}, &flag).expect_err("refused");
	assert!(matches!(error, InfluenceError::TooFew(1)));
	let error = build(
		&model,
		None,
		&rows(),
		9,
		|done, _| {
			if done == 5 {
				flag.store(true, Ordering::Relaxed);
			}
		},
		&flag,
	)
	.expect_err("cancelled");
	assert!(matches!(error, InfluenceError::Cancelled { done: 5, total: 40 }), "{error}");
}

#[test]
fn a_record_whose_answer_was_cut_off_is_indexed_and_does_not_stop_the_build() {
	let model = model();
	let mut rows = rows();
	rows[4].sample.1.fill(false);
	rows[5].sample = (vec![7], vec![true]);
	let index = build(&model, None, &rows, 9, |_, _| {}, &AtomicBool::new(false)).expect("builds");
	let influence = Influence::new(index, &model).expect("fits");
	let rules = ShareRules::default();
	let found = influence.attribute(&model, None, &rows[6].sample, &rules).expect("runs");
	assert_eq!(found.shares.records[0].record, rows[6].record);
	let found = influence.attribute(&model, None, &(vec![1], vec![true]), &rules).expect("runs");
	assert_eq!(found.shares.withheld_ppm, 1_000_000);
}
