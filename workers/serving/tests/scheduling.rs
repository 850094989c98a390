//! How work shares the one model: batches, queues, adapters, clients that leave.

mod common;

use common::*;
use futures::{future::join_all, StreamExt};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use weft_serving::*;

fn slow(millis: u64) -> Toy {
	Toy { step: Duration::from_millis(millis), ..Toy::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn different_adapters_share_one_decode_step_and_do_not_mix_their_answers() {
	let w = world(slow(3), 3, 0, ServingOptions::default()).await;
	let text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	let names = ["toy", "weft-1", "weft-2", "weft-3"];
	let answers =
		join_all(names.map(|name| async { json_of(w.chat(name, text, json!({})).await).await }))
			.await;
	for (answer, letter) in answers.iter().zip(["a", "b", "c", "d"]) {
		assert_eq!(answer["choices"][0]["message"]["content"], letter.repeat(text.len()));
	}
	let mixed = w.toy.steps.lock().iter().any(|step| match step {
		Step::Decode(shifts) => shifts.iter().collect::<BTreeSet<_>>().len() == 4,
		_ => false,
	});
	assert!(mixed, "{:?}", w.toy.steps.lock());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_prompt_is_fed_in_chunks_between_the_steps_of_others() {
	let mut options = ServingOptions::default();
	options.limits.prefill_chunk = 50;
	options.limits.prefill_alone = 50;
	let w = world(slow(2), 0, 0, options).await;
	let first = async { w.chat("toy", &"a".repeat(200), json!({})).await };
	let second = async {
		tokio::time::sleep(Duration::from_millis(60)).await;
		w.chat("toy", &format!("{}>b", "x".repeat(1000)), json!({})).await
	};
	let (first, second) = tokio::join!(first, second);
	assert!(first.status() == 200 && second.status() == 200);
	assert_eq!(json_of(second).await["choices"][0]["message"]["content"], "b");
	let steps = w.toy.steps.lock().clone();
	assert!(steps.iter().all(|s| !matches!(s, Step::Prefill(n) if *n > 50)));
	let between = steps
		.windows(3)
		.filter(|s| matches!(s, [Step::Prefill(_), Step::Decode(_), Step::Prefill(_)]))
		.count();
	assert!(between >= 5, "decoding went on between the chunks: {steps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_answers_429_and_says_when_to_come_back() {
	let mut options = ServingOptions::default();
	options.limits.running = 1;
	options.limits.waiting_tokens = 300;
	let w = world(slow(5), 1, 0, options).await;
	let text = "a".repeat(60);
	let responses =
		join_all((0..8).map(|_| w.chat("weft-1", &text, json!({ "max_tokens": 60 })))).await;
	let (mut ok, mut busy) = (0, 0);
	for response in responses {
		match response.status().as_u16() {
			200 => ok += 1,
			429 => {
				busy += 1;
				let after: u64 =
					response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
				assert!((1..=60).contains(&after));
				assert_eq!(json_of(response).await["error"]["code"], "rate_limit_exceeded");
			}
			other => panic!("{other}"),
		}
	}
	assert!(ok >= 2 && busy >= 3, "{ok} answered, {busy} refused");
	// The queue is free again afterwards.
	assert_eq!(w.chat("toy", "hi", json!({})).await.status(), 200);
	w.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_frees_its_place_and_pays_for_what_it_was_given() {
	let mut options = ServingOptions::default();
	options.limits.running = 1;
	let w = world(slow(5), 1, 1_000, options).await;
	let response = w
		.request(
			"/v1/chat/completions",
			ask("weft-1", &"a".repeat(1000), json!({ "stream": true, "max_tokens": 1000 })),
		)
		.header("weft-voucher", "paid:10000000")
		.send()
		.await
		.unwrap();
	let mut stream = response.bytes_stream();
	for _ in 0..5 {
		stream.next().await.unwrap().unwrap();
	}
	drop(stream);
	w.settled().await;
	let charged = w.till.charged.lock().clone();
	let [receipt] = charged.as_slice() else { panic!("{charged:?}") };
	assert!(receipt.tokens_out >= 3 && receipt.tokens_out < 500, "{}", receipt.tokens_out);
	let prices = (u128::from(receipt.tokens_in), u128::from(receipt.tokens_out) * 2);
	assert_eq!(receipt.fee, prices.0 + prices.1);
	let started = std::time::Instant::now();
	assert_eq!(w.chat("toy", "hi", json!({})).await.status(), 200);
	assert!(started.elapsed() < Duration::from_secs(2), "the place was free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adapters_are_evicted_by_bytes_least_recently_used_first() {
	let options = ServingOptions { adapter_bytes: 250, ..ServingOptions::default() };
	let w = world(Toy::default(), 3, 0, options).await;
	for name in ["weft-1", "weft-2", "weft-1", "weft-3", "weft-1", "weft-2"] {
		assert_eq!(w.chat(name, "hi", json!({})).await.status(), 200);
	}
	// 3 pushed out 2, not 1; then 2 pushed out 3.
	assert_eq!(*w.toy.loads.lock(), [1, 2, 3, 2]);
	let bytes: u64 = w.serving.adapters().loaded().iter().map(|(_, bytes)| bytes).sum();
	assert_eq!(bytes, 200);
	let text = w.get("/metrics").await.text().await.unwrap();
	assert!(text.contains("weft_serving_adapter_evictions_total 2"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_in_use_is_never_evicted_and_the_next_waits_for_it() {
	let options = ServingOptions { adapter_bytes: 150, ..ServingOptions::default() };
	let w = world(slow(2), 2, 0, options).await;
	let text = "a".repeat(100);
	let first = w.chat("weft-1", &text, json!({}));
	let second = async {
		tokio::time::sleep(Duration::from_millis(50)).await;
		w.chat("weft-2", "b", json!({})).await
	};
	let (first, second) = tokio::join!(first, second);
	let first = json_of(first).await;
	assert_eq!(first["choices"][0]["message"]["content"], "b".repeat(100));
	assert_eq!(json_of(second).await["choices"][0]["message"]["content"], "d");
	let never_both = w.toy.steps.lock().iter().all(|step| match step {
		Step::Decode(shifts) => !(shifts.contains(&1) && shifts.contains(&2)),
		_ => true,
	});
	assert!(never_both, "both would have been above the budget");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_many_ask_for_at_once_is_loaded_once() {
	let toy = Toy { load_time: Duration::from_millis(50), ..Toy::default() };
	let w = world(toy, 1, 0, ServingOptions::default()).await;
	let responses = join_all((0..10).map(|_| w.chat("weft-1", "hi", json!({})))).await;
	assert!(responses.iter().all(|r| r.status() == 200));
	assert_eq!(*w.toy.loads.lock(), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_cannot_be_loaded_costs_nothing_and_is_named() {
	let w = world(Toy::default(), 1, 0, ServingOptions::default()).await;
	let mut models = w.catalogue.list();
	models.push(model(9, Some([9; 32]), 0));
	w.catalogue.replace(models);
	let response = w.chat("weft-9", "hi", json!({})).await;
	assert_eq!(response.status(), 503);
	let body = json_of(response).await;
	assert_eq!(body["error"]["code"], "adapter_unavailable");
	assert!(body["error"]["message"].as_str().unwrap().contains(&hex::encode([9; 32])));
	assert_eq!(w.till.released.lock().len(), 1);
	assert!(w.till.charged.lock().is_empty());

	let small = ServingOptions { adapter_bytes: 50, ..ServingOptions::default() };
	let w = world(Toy::default(), 1, 0, small).await;
	let body = json_of(w.chat("weft-1", "hi", json!({})).await).await;
	assert_eq!(body["error"]["code"], "adapter_too_large");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_the_model_fails_its_request_and_nothing_else() {
	let w = world(slow(1), 0, 0, ServingOptions::default()).await;
	let text = "a".repeat(100);
	let good = w.chat("toy", &text, json!({}));
	let bad = w.chat("toy", "poke!", json!({}));
	let (good, bad) = tokio::join!(good, bad);
	assert_eq!(bad.status(), 500);
	assert_eq!(json_of(good).await["choices"][0]["message"]["content"], "a".repeat(100));
	assert_eq!(w.till.released.lock().len(), 1, "a failure is not charged");
	let extra = json!({ "stream": true });
	let lines = lines_of(w.chat("toy", "poke!", extra).await).await;
	assert!(lines.last().unwrap().contains("\"error\""), "{lines:?}");
	assert_eq!(w.chat("toy", "hi", json!({})).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_dropped_while_its_adapter_loads_gives_its_money_back() {
	let toy = Toy { load_time: Duration::from_millis(400), ..Toy::default() };
	let w = world(toy, 1, 1_000, ServingOptions::default()).await;
	let request = w
		.request("/v1/chat/completions", ask("weft-1", "hi", json!({})))
		.header("weft-voucher", "paid:10000000")
		.send();
	assert!(tokio::time::timeout(Duration::from_millis(150), request).await.is_err());
	w.settled().await;
	assert!(w.till.charged.lock().is_empty());
	assert_eq!(w.till.released.lock().len(), 1);
}
