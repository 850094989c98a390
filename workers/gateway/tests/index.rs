//! The index: nothing lost, nothing twice, the same from scratch.

mod common;

use common::*;
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use weft_gateway::{
	index::{compare, Applied},
	ChainSource, Index,
};

async fn index(dir: &tempfile::TempDir, name: &str) -> Index {
	Index::open(&dir.path().join(name)).await.unwrap()
}

/// Follows the chain until the index is as of block `to`, with that block's own hash.
async fn follow_to(index: &Index, source: &FakeChain, to: u32) {
	let arrived = async {
		while index.cursor().await.unwrap().hash != hash(to) {
			tokio::time::sleep(Duration::from_millis(5)).await;
		}
	};
	tokio::select! {
		ended = index.follow(source) => panic!("{ended:?}"),
		() = arrived => {},
		() = tokio::time::sleep(SOON) => panic!("block {to} did not arrive"),
	}
}

async fn count(index: &Index, table: &str) -> i64 {
	let query = format!("SELECT COUNT(*) FROM {table}");
	sqlx::query_scalar(&query).fetch_one(index.pool()).await.unwrap()
}

#[tokio::test]
async fn a_story_of_the_chain_becomes_the_tables_people_ask_for() {
	let dir = tempfile::tempdir().unwrap();
	let index = index(&dir, "a.sqlite").await;
	for block in story() {
		assert_eq!(index.apply(&block).await.unwrap(), Applied::Yes);
	}
	let row: (i64, i64, i64, i64) = sqlx::query_as(
		"SELECT contributions, records_offered, records_accepted, records_refused FROM datanets",
	)
	.fetch_one(index.pool())
	.await
	.unwrap();
	assert_eq!(row, (2, 15, 8, 7));
	let row: (String, i64, i64, String) =
		sqlx::query_as("SELECT status, accepted, refused, slashed FROM contributions WHERE id = 1")
			.fetch_one(index.pool())
			.await
			.unwrap();
	assert_eq!(row, ("refused".into(), 0, 5, "340282366920938463463374607431768211455".into()));
	let row: (String, String, String, i64) =
		sqlx::query_as("SELECT state, worker, paid, permille FROM jobs WHERE id = 0")
			.fetch_one(index.pool())
			.await
			.unwrap();
	assert_eq!(row, ("settled".into(), CHARLIE.into(), "1000".into(), 500));
	let row: (String, String, i64) =
		sqlx::query_as("SELECT fees, contributors, settlements FROM models WHERE id = 0")
			.fetch_one(index.pool())
			.await
			.unwrap();
	assert_eq!(row, ("36893488147419103230".into(), "100".into(), 2), "sums beyond 64 bits");
	let row: (String, String) =
		sqlx::query_as("SELECT hot, status FROM workers").fetch_one(index.pool()).await.unwrap();
	assert_eq!(row, ("hot-2".into(), "active".into()));
	assert_eq!(count(&index, "claims").await, 1);
}

#[tokio::test]
async fn a_block_applied_twice_changes_nothing_and_a_gap_is_noticed() {
	let dir = tempfile::tempdir().unwrap();
	let index = index(&dir, "a.sqlite").await;
	let blocks = story();
	index.apply(&blocks[0]).await.unwrap();
	assert_eq!(index.apply(&blocks[0]).await.unwrap(), Applied::Known);
	assert_eq!(index.apply(&blocks[2]).await.unwrap(), Applied::Gap);
	let mut other = blocks[1].clone();
	other.parent = "elsewhere".into();
	assert_eq!(index.apply(&other).await.unwrap(), Applied::Fork);
	assert_eq!(index.cursor().await.unwrap().number, 1);
	assert_eq!(count(&index, "blocks").await, 1);
}

#[tokio::test]
async fn an_index_that_was_interrupted_at_any_block_ends_the_same_as_one_that_was_not() {
	let dir = tempfile::tempdir().unwrap();
	let whole = index(&dir, "whole.sqlite").await;
	for block in story() {
		whole.apply(&block).await.unwrap();
	}
	for cut in 1..story().len() {
		let name = format!("cut-{cut}.sqlite");
		{
			let first = index(&dir, &name).await;
			for block in &story()[..cut] {
				first.apply(block).await.unwrap();
			}
			// Dropped without a word, as a killed process is.
		}
		let second = index(&dir, &name).await;
		assert_eq!(second.cursor().await.unwrap().number as usize, cut);
		let source = FakeChain::new(story());
		follow_to(&second, &source, 9).await;
		assert_eq!(compare(&whole, &second).await.unwrap(), []);
	}
}

#[tokio::test]
async fn a_block_that_cannot_be_written_leaves_nothing_of_itself() {
	let dir = tempfile::tempdir().unwrap();
	let index = index(&dir, "a.sqlite").await;
	let mut block = story().remove(0);
	// Two events with the same place: the second violates the key after the first was written.
	let twin = block.events[0].clone();
	block.events.push(twin);
	assert!(index.apply(&block).await.is_err());
	for table in ["blocks", "events", "datanets"] {
		assert_eq!(count(&index, table).await, 0, "{table}");
	}
	assert_eq!(index.apply(&story()[0]).await.unwrap(), Applied::Yes);
}

#[tokio::test]
async fn the_index_goes_back_when_the_chain_left_what_it_knew() {
	let dir = tempfile::tempdir().unwrap();
	let left = index(&dir, "left.sqlite").await;
	let blocks = story();
	for block in &blocks[..3] {
		left.apply(block).await.unwrap();
	}
	// Two blocks that the chain then did not keep.
	for mut block in blocks[3..5].iter().cloned() {
		block.hash = format!("lost-{}", block.number);
		if block.number == 5 {
			block.parent = "lost-4".into();
		}
		assert_eq!(left.apply(&block).await.unwrap(), Applied::Yes);
	}
	let source = FakeChain::new(blocks.clone());
	follow_to(&left, &source, 9).await;
	let right = index(&dir, "right.sqlite").await;
	for block in &blocks {
		right.apply(block).await.unwrap();
	}
	assert_eq!(compare(&left, &right).await.unwrap(), []);
}

#[tokio::test]
async fn an_index_that_was_tampered_with_is_told_from_one_built_from_scratch() {
	let dir = tempfile::tempdir().unwrap();
	let (good, bad) = (index(&dir, "good.sqlite").await, index(&dir, "bad.sqlite").await);
	for block in story() {
		good.apply(&block).await.unwrap();
		bad.apply(&block).await.unwrap();
	}
	sqlx::query("UPDATE claims SET amount = '999'").execute(bad.pool()).await.unwrap();
	let differences = compare(&bad, &good).await.unwrap();
	assert_eq!(differences.len(), 1);
	assert_eq!(differences[0].table, "claims");
	assert!(differences[0].first.0.as_ref().unwrap().contains("999"));
}

#[tokio::test]
async fn another_chain_at_the_same_address_starts_the_index_anew() {
	let dir = tempfile::tempdir().unwrap();
	let index = index(&dir, "a.sqlite").await;
	index.bind("one").await.unwrap();
	index.apply(&story()[0]).await.unwrap();
	index.bind("one").await.unwrap();
	assert_eq!(index.cursor().await.unwrap().number, 1, "the same chain goes on");
	index.bind("two").await.unwrap();
	assert_eq!(index.cursor().await.unwrap().number, 0);
	assert_eq!(count(&index, "datanets").await, 0);
}

#[tokio::test]
async fn an_event_of_an_unknown_shape_is_kept_and_stops_nothing() {
	let dir = tempfile::tempdir().unwrap();
	let index = index(&dir, "a.sqlite").await;
	let block = block(
		1,
		vec![
			("Jobs", "Submitted", serde_json::json!({ "job": "not a number" })),
			("Weather", "Rained", serde_json::json!({})),
			("Datanets", "Created", serde_json::json!({ "datanet": 0, "owner": BOB })),
		],
	);
	assert_eq!(index.apply(&block).await.unwrap(), Applied::Yes);
	assert_eq!(count(&index, "events").await, 3);
	assert_eq!(count(&index, "jobs").await, 0);
	assert_eq!(count(&index, "datanets").await, 1);
}

#[tokio::test]
async fn names_and_prices_are_read_again_after_a_block_that_touched_them() {
	let dir = tempfile::tempdir().unwrap();
	let index = index(&dir, "a.sqlite").await;
	let source = FakeChain::new(story());
	for block in story() {
		index.apply(&block).await.unwrap();
	}
	*source.offline.lock() = true;
	assert!(index.refresh_once(&source).await.is_err());
	*source.offline.lock() = false;
	while index.refresh_once(&source).await.unwrap() > 0 {}
	assert_eq!(count(&index, "stale").await, 0, "nothing was forgotten while the node was away");
	let json: String = sqlx::query_scalar("SELECT json FROM details WHERE kind = 'datanet'")
		.fetch_one(index.pool())
		.await
		.unwrap();
	assert!(json.contains("datanet 0"));
}

#[tokio::test]
async fn a_follower_sees_blocks_as_they_come() {
	let dir = tempfile::tempdir().unwrap();
	let index = index(&dir, "a.sqlite").await;
	let source: Arc<dyn ChainSource> = Arc::new(FakeChain::new(story()));
	let mut head = tokio_stream::wrappers::WatchStream::from_changes(index.head());
	let follower = index.clone();
	let task = tokio::spawn(async move { follower.follow(source.as_ref()).await });
	let mut seen = 0;
	while seen < story().len() as u32 {
		seen = head.next().await.unwrap();
	}
	task.abort();
	assert_eq!(index.cursor().await.unwrap().hash, hash(seen));
}
