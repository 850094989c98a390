//! The client against a running node. Start one (`weft-node --dev --tmp`) and run
//! `WEFT_URL=ws://127.0.0.1:9944 cargo nextest run -p weft-chain --run-ignored only`.

use futures::{future::join_all, StreamExt};
use std::{
	collections::BTreeSet,
	time::{Duration, SystemTime, UNIX_EPOCH},
};
use weft_chain::{calls, tx::Until, AccountId, ChainError, Client, Key, TxQueue};

const WEFT: u128 = 1_000_000_000_000;

async fn client() -> Client {
	let url = std::env::var("WEFT_URL").unwrap_or_else(|_| "ws://127.0.0.1:9944".into());
	Client::connect_within(&url, Duration::from_secs(20)).await.expect("a node is running")
}

/// An account that nobody used before.
fn fresh(tag: u8) -> AccountId {
	let mut id = [tag; 32];
	let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_nanos();
	id[..16].copy_from_slice(&now.to_le_bytes());
	AccountId(id)
}

#[tokio::test]
#[ignore = "needs a running node"]
async fn a_burst_of_extrinsics_lands_in_full_and_in_order() {
	let client = client().await;
	let queue = TxQueue::start(client.clone(), Key::parse("//Dave").expect("a key"));
	let to = fresh(1);
	let receipts = join_all(
		(0..100).map(|_| queue.submit_until(calls::transfer(&to, WEFT), Until::Finalised)),
	)
	.await;
	let places: Vec<_> = receipts
		.into_iter()
		.map(|r| r.map(|r| (r.block, r.extrinsic)).expect("the transfer landed"))
		.collect();
	assert!(places.is_sorted(), "in the order of submission: {places:?}");
	assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), 100, "each at its own place");
	assert_eq!(client.account(&to).await.expect("a balance").data.free, 100 * WEFT);
}

#[tokio::test]
#[ignore = "needs a running node"]
async fn two_programs_that_share_a_key_lose_and_repeat_nothing() {
	let client = client().await;
	let key = Key::parse("//Eve").expect("a key");
	let queues = [(); 2].map(|_| TxQueue::start(client.clone(), key.clone()));
	let to = fresh(2);
	let sent =
		(0..20).map(|i| queues[i % 2].submit_until(calls::transfer(&to, WEFT), Until::Finalised));
	for result in join_all(sent).await {
		result.expect("the transfer landed");
	}
	assert_eq!(client.account(&to).await.expect("a balance").data.free, 20 * WEFT);
}

#[tokio::test]
#[ignore = "needs a running node"]
async fn an_error_of_the_chain_is_told_in_words() {
	let client = client().await;
	let queue = TxQueue::start(client, Key::parse("//Ferdie").expect("a key"));
	let error = queue.submit(calls::cancel_job(u64::MAX)).await.expect_err("there is no such job");
	let ChainError::Dispatch { error, .. } = &error else { panic!("{error}") };
	assert!(error.starts_with("Jobs.UnknownJob: There is no such job"), "{error}");
	// The queue goes on after it.
	queue.submit(calls::transfer(&fresh(3), WEFT)).await.expect("the transfer landed");
}

#[tokio::test]
#[ignore = "needs a running node"]
async fn the_event_stream_starts_where_it_is_told_and_skips_no_block() {
	let client = client().await;
	let queue = TxQueue::start(client.clone(), Key::parse("//One").expect("a key"));
	let to = fresh(4);
	let receipt = queue
		.submit_until(calls::transfer(&to, WEFT), Until::Finalised)
		.await
		.expect("the transfer landed");
	let from = receipt.block.saturating_sub(2).max(1);
	let blocks: Vec<_> = client.follow(from).take(4).collect().await;
	let numbers: Vec<_> = blocks.iter().map(|b| b.number).collect();
	assert_eq!(numbers, (from..from + 4).collect::<Vec<_>>());
	assert!(blocks.windows(2).all(|pair| pair[0].hash == pair[1].parent));
	assert!(blocks.iter().flat_map(|b| &b.events).any(|e| {
		e.pallet == "Balances" && e.name == "Transfer" && e.fields["to"] == to.to_string()
	}));
}
