//! What a client of OpenAI's API sees.

mod common;

use common::*;
use serde_json::{json, Value};
use weft_serving::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_has_the_shape_openai_clients_expect_and_its_receipt() {
	let w = world(Toy::default(), 1, 1_000, ServingOptions::default()).await;
	let body = ask("weft-1", "HAL", json!({ "temperature": 0 }));
	let sent = serde_json::to_vec(&body).unwrap();
	let response = w
		.request("/v1/chat/completions", body)
		.header("weft-voucher", "paid:100000")
		.send()
		.await
		.unwrap();
	assert_eq!(response.status(), 200);
	let answer = json_of(response).await;
	assert_eq!(answer["object"], "chat.completion");
	assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl-"));
	assert_eq!(answer["model"], "weft-1");
	let choice = &answer["choices"][0];
	assert_eq!(choice["message"]["role"], "assistant");
	assert_eq!(choice["message"]["content"], "IBM", "the adapter was applied");
	assert_eq!(choice["finish_reason"], "stop");
	// `user>HAL` is 8 tokens, `IBM` and the end are 4.
	assert_eq!(
		answer["usage"],
		json!({ "prompt_tokens": 8, "completion_tokens": 4, "total_tokens": 12 })
	);
	// (8 * 1000 + 4 * 2000) / 1000
	assert_eq!(answer["weft"]["fee"], "16");
	assert_eq!(answer["weft"]["spent"], "16");
	assert_eq!(answer["weft"]["shares"][0]["ppm"], 600_000, "the largest first");
	assert_eq!(answer["weft"]["shares"][0]["records"][0]["text"], "record 2");
	assert_eq!(answer["weft"]["spans"][0]["text"], "IBM");

	let charged = w.till.charged.lock().clone();
	let [receipt] = charged.as_slice() else { panic!("{charged:?}") };
	assert!(receipt.is_balanced());
	assert_eq!((receipt.payer, receipt.worker, receipt.fee), (PAYER, WORKER, 16));
	assert_eq!(receipt.request, weft_primitives::hash::blake2_256(&sent));
	assert_eq!(receipt.response, weft_primitives::hash::blake2_256(b"IBM"));
	let id = hex::encode(receipt.hash());
	assert_eq!(answer["weft"]["receipt"]["id"], id.as_str());
	let kept = json_of(w.get(&format!("/v1/receipts/{id}")).await).await;
	assert_eq!(kept, answer["weft"]);
	assert_eq!(w.get("/v1/receipts/../../etc/passwd").await.status(), 404);
	let none = w.get(&format!("/v1/receipts/{}", "0".repeat(64))).await;
	assert_eq!(none.status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_data_lines_that_end_with_done_and_carry_usage_when_asked() {
	let w = world(Toy::default(), 1, 0, ServingOptions::default()).await;
	let extra = json!({ "stream": true, "stream_options": { "include_usage": true } });
	let lines = lines_of(w.chat("named-1", "HAL", extra).await).await;
	assert_eq!(lines.last().unwrap(), "[DONE]");
	let chunks: Vec<Value> =
		lines[..lines.len() - 1].iter().map(|l| serde_json::from_str(l).unwrap()).collect();
	assert_eq!(chunks[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));
	let text: String = chunks
		.iter()
		.filter_map(|c| c["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
		.collect();
	assert_eq!(text, "IBM");
	let n = chunks.len();
	assert_eq!(chunks[n - 2]["choices"][0]["finish_reason"], "stop");
	assert_eq!(chunks[n - 2]["choices"][0]["delta"], json!({}));
	assert_eq!(chunks[n - 1]["choices"], json!([]));
	assert_eq!(chunks[n - 1]["usage"]["completion_tokens"], 4);
	assert!(chunks[n - 1]["weft"]["receipt"]["id"].is_string());
	for chunk in &chunks {
		assert_eq!(chunk["object"], "chat.completion.chunk");
		assert_eq!(chunk["id"], chunks[0]["id"]);
	}
	assert!(chunks[..n - 1].iter().all(|c| c["usage"].is_null()));

	// Without usage every chunk has a choice; the receipt comes with the last.
	let lines = lines_of(w.chat("weft-1", "HAL", json!({ "stream": true })).await).await;
	let last: Value = serde_json::from_str(&lines[lines.len() - 2]).unwrap();
	assert_eq!(last["choices"][0]["finish_reason"], "stop");
	assert!(last["weft"]["receipt"]["id"].is_string());
	assert!(last.get("usage").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_completion_streams_and_answers_too() {
	let w = world(Toy::default(), 0, 0, ServingOptions::default()).await;
	let body = json!({ "model": "toy", "prompt": ">abc", "max_tokens": 2 });
	let answer = json_of(w.request("/v1/completions", body).send().await.unwrap()).await;
	assert_eq!(answer["object"], "text_completion");
	assert_eq!(answer["choices"][0]["text"], "ab");
	assert_eq!(answer["choices"][0]["finish_reason"], "length");
	assert_eq!(answer["weft"]["withheld_ppm"], 1_000_000, "the base owes no record");
	let body = json!({ "model": "toy", "prompt": ">abc", "stream": true });
	let lines = lines_of(w.request("/v1/completions", body).send().await.unwrap()).await;
	let text: String = lines[..lines.len() - 1]
		.iter()
		.map(|l| serde_json::from_str::<Value>(l).unwrap())
		.filter_map(|c| c["choices"][0]["text"].as_str().map(str::to_owned))
		.collect();
	assert_eq!(text, "abc");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_string_ends_the_answer_and_is_not_in_it() {
	let w = world(Toy::default(), 0, 0, ServingOptions::default()).await;
	let answer = json_of(w.chat("toy", "one END two", json!({ "stop": " END" })).await).await;
	assert_eq!(answer["choices"][0]["message"]["content"], "one");
	assert_eq!(answer["choices"][0]["finish_reason"], "stop");
	let extra = json!({ "stop": ["END"], "stream": true });
	let lines = lines_of(w.chat("toy", "one EEND", extra).await).await;
	assert!(!lines.join("").contains("EN"), "{lines:?}");
	let answer = json_of(w.chat("toy", "naïve", json!({})).await).await;
	assert_eq!(answer["choices"][0]["message"]["content"], "naïve", "characters stay whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_is_json_that_names_what_was_wrong() {
	let w = world(Toy::default(), 1, 0, ServingOptions::default()).await;
	let check = |response: reqwest::Response, status: u16, code: &'static str| async move {
		assert_eq!(response.status(), status, "{code}");
		let body = json_of(response).await;
		assert_eq!(body["error"]["code"], code, "{body}");
		assert!(body["error"]["message"].is_string() && body["error"]["type"].is_string());
		assert!(body["error"].get("param").is_some());
	};
	check(w.chat("gpt-5", "hi", json!({})).await, 404, "model_not_found").await;
	check(w.chat("weft-99", "hi", json!({})).await, 404, "model_not_found").await;
	check(w.chat("toy", "hi", json!({ "temperature": 9 })).await, 400, "invalid_value").await;
	check(w.chat("toy", "hi", json!({ "n": 3 })).await, 400, "unsupported_value").await;
	let long = "x".repeat(5000);
	check(w.chat("toy", &long, json!({})).await, 400, "context_length_exceeded").await;
	let many = json!({ "max_tokens": 5000 });
	check(w.chat("toy", "hi", many).await, 400, "context_length_exceeded").await;
	let url = format!("{}/v1/chat/completions", w.url);
	let bad = w.client.post(&url).body("{oops").send().await.unwrap();
	check(bad, 400, "invalid_json").await;
	let huge = w.client.post(&url).body(vec![b' '; 2 << 20]).send().await.unwrap();
	check(huge, 413, "request_too_large").await;
	let body = json!({ "model": "toy", "prompt": [1, 2, 256] });
	let token = w.request("/v1/completions", body).send().await.unwrap();
	check(token, 400, "invalid_value").await;
	assert!(w.till.charged.lock().is_empty());
	w.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_priced_model_without_a_voucher_says_what_to_sign() {
	let w = world(Toy::default(), 1, 1_000, ServingOptions::default()).await;
	let extra = json!({ "max_tokens": 10 });
	let response = w.chat("weft-1", "HAL", extra.clone()).await;
	assert_eq!(response.status(), 402);
	let body = json_of(response).await;
	assert_eq!(body["error"]["code"], "payment_required");
	assert_eq!(body["weft"]["cumulative"], "28", "8 in at 1 and 10 out at 2");
	let pay = |voucher: &'static str| {
		w.request("/v1/chat/completions", ask("weft-1", "HAL", extra.clone()))
			.header("weft-voucher", voucher)
			.send()
	};
	assert_eq!(pay("paid:27").await.unwrap().status(), 402);
	let bad = pay("gibberish").await.unwrap();
	assert_eq!(bad.status(), 400);
	assert_eq!(json_of(bad).await["error"]["code"], "invalid_voucher");
	assert_eq!(pay("paid:28").await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_attribution_withholds_the_contributors_part_and_keeps_the_answer() {
	let w = world(Toy::default(), 1, 0, ServingOptions::default()).await;
	let answer = json_of(w.chat("weft-1", "unattributable", json!({})).await).await;
	assert!(answer["choices"][0]["message"]["content"].is_string());
	assert_eq!(answer["weft"]["withheld_ppm"], 1_000_000);
	assert_eq!(answer["weft"]["attribution_error"], "the index is not here");
	assert!(w.till.charged.lock()[0].is_balanced());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_health_and_metrics_say_what_is_there() {
	let w = world(Toy::default(), 2, 5, ServingOptions::default()).await;
	let models = json_of(w.get("/v1/models").await).await;
	assert_eq!(models["object"], "list");
	let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|m| &m["id"]).collect();
	assert_eq!(ids, ["toy", "weft-1", "weft-2"]);
	assert_eq!(models["data"][1]["parent"], "toy");
	assert_eq!(models["data"][1]["weft"]["price_in"], "5");
	assert_eq!(json_of(w.get("/v1/models/named-2").await).await["id"], "weft-2");
	assert_eq!(w.get("/v1/models/nope").await.status(), 404);
	w.chat("toy", "hi", json!({})).await;
	assert_eq!(json_of(w.get("/health").await).await["status"], "ok");
	let text = w.get("/metrics").await.text().await.unwrap();
	assert!(text.contains("weft_serving_requests_total{outcome=\"ok\"} 1"), "{text}");
	assert!(text.contains("weft_serving_generated_tokens_total 3"), "{text}");
	assert!(text.contains("weft_serving_waiting_tokens 0"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_paid_on_the_chain_is_answered_without_a_voucher_and_within_its_price() {
	let w = world(Toy::default(), 1, 1_000, ServingOptions::default()).await;
	let body = ask("weft-1", "HAL", json!({ "max_tokens": 10 })).to_string();
	let grant = Grant { id: 0, payer: [5; 32], worker: WORKER, nonce: 77 };
	let run = |max_fee| {
		let payment = Payment::Granted { grant: grant.clone(), max_fee };
		w.serving.complete(RequestKind::Chat, body.as_bytes(), payment)
	};
	let answer = run(28).await.unwrap();
	assert_eq!(answer["choices"][0]["message"]["content"], "IBM");
	assert_eq!(answer["weft"]["receipt"]["nonce"], 77);
	assert_eq!(answer["weft"]["fee"], "16");
	assert_eq!(run(27).await.unwrap_err().status, 402);
	assert!(w.till.charged.lock().is_empty(), "the chain pays, not a voucher");
}
