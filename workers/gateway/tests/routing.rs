//! How questions find a worker.

mod common;

use axum::{
	body::Body,
	http::{HeaderMap, StatusCode},
	response::{IntoResponse, Response},
	routing::{get, post},
	Json, Router,
};
use codec::Encode;
use common::*;
use futures::StreamExt;
use serde_json::{json, Value};
use std::time::Duration;
use weft_chain::parse_account;
use weft_primitives::voucher::{Voucher, VoucherSignature};

/// A worker that answers with its own name.
async fn worker(name: &'static str, owner: &'static str, models: &[&str], status: u16) -> String {
	let cards = models.iter().map(|m| json!({ "id": m, "root": format!("{m}-named") }));
	let list = json!({ "object": "list", "data": cards.collect::<Vec<_>>() });
	let answer = move |headers: HeaderMap, body: String| async move {
		if status != 200 {
			let status = StatusCode::from_u16(status).unwrap();
			return (status, [("retry-after", "7")], format!("{name} is busy")).into_response();
		}
		if body.contains("\"stream\":true") {
			let lines = futures::stream::iter(0..3).then(|i| async move {
				tokio::time::sleep(Duration::from_millis(150)).await;
				Ok::<_, std::io::Error>(format!("data: {i}\n\n"))
			});
			return Response::builder()
				.header("content-type", "text/event-stream")
				.body(Body::from_stream(lines))
				.unwrap();
		}
		let voucher = headers.get("weft-voucher").map(|v| v.to_str().unwrap().to_owned());
		Json(json!({ "by": name, "voucher": voucher, "body": body })).into_response()
	};
	serve(
		Router::new()
			.route("/health", get(move || async move { Json(json!({ "owner": owner })) }))
			.route("/v1/models", get(move || async move { Json(list) }))
			.route("/v1/chat/completions", post(answer))
			.route(
				"/v1/receipts/{id}",
				get(move || async move {
					if name == "two" {
						Json(json!({ "by": name })).into_response()
					} else {
						StatusCode::NOT_FOUND.into_response()
					}
				}),
			),
	)
	.await
}

impl World {
	async fn ask(&self, model: &str, headers: &[(&str, &str)]) -> reqwest::Response {
		let mut request = self.client.post(format!("{}/v1/chat/completions", self.url));
		for (name, value) in headers {
			request = request.header(*name, *value);
		}
		request.json(&json!({ "model": model, "messages": [] })).send().await.unwrap()
	}
	async fn by(&self, model: &str, headers: &[(&str, &str)]) -> Value {
		let response = self.ask(model, headers).await;
		assert_eq!(response.status(), 200);
		response.json::<Value>().await.unwrap()["by"].clone()
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_goes_to_a_live_worker_that_has_the_model() {
	let one = worker("one", ALICE, &["base", "weft-1"], 200).await;
	let two = worker("two", BOB, &["base", "weft-2"], 200).await;
	let dead = "http://127.0.0.1:9".to_owned();
	let w = world(vec![one, two, dead]).await;
	assert_eq!(w.ask("weft-1", &[]).await.status(), 503, "nobody was asked yet");
	w.gateway.workers.check().await;
	assert_eq!(w.by("weft-1", &[]).await, "one");
	assert_eq!(w.by("weft-2-named", &[]).await, "two");
	let response = w.ask("gpt-5", &[]).await;
	assert_eq!(response.status(), 404);
	let body: Value = response.json().await.unwrap();
	assert_eq!(body["error"]["code"], "model_not_found");
	assert_eq!(body["error"]["param"], "model");
	// Equal workers take turns.
	let (a, b) = (w.by("base", &[]).await, w.by("base", &[]).await);
	assert_ne!(a, b);
	let models = w.json("/v1/models").await;
	let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|m| &m["id"]).collect();
	assert_eq!(ids, ["base", "weft-1", "weft-2"]);
	assert_eq!(models["data"][0]["workers"].as_array().unwrap().len(), 2);
	let status = w.json("/api/status").await;
	let healthy: Vec<_> =
		status["workers"].as_array().unwrap().iter().map(|e| &e["healthy"]).collect();
	assert_eq!(healthy, [true, true, false]);
	let receipt = w.json(&format!("/v1/receipts/{}", "0".repeat(64))).await;
	assert_eq!(receipt["by"], "two", "whichever worker has it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voucher_goes_to_the_worker_it_pays_and_arrives_unchanged() {
	let one = worker("one", ALICE, &["m"], 200).await;
	let two = worker("two", BOB, &["m"], 200).await;
	let w = world(vec![one, two]).await;
	w.gateway.workers.check().await;
	let voucher = |worker: &str| {
		let voucher = Voucher {
			payer: [1; 32],
			worker: parse_account(worker).unwrap().0,
			model: 1,
			cumulative: 5,
			expires_at: 9,
		};
		base64(&(voucher, VoucherSignature::Sr25519([0; 64])).encode())
	};
	for _ in 0..3 {
		let paid = voucher(BOB);
		let answer: Value = w.ask("m", &[("weft-voucher", &paid)]).await.json().await.unwrap();
		assert_eq!(answer["by"], "two");
		assert_eq!(answer["voucher"], paid.as_str());
		let named = w.ask("m", &[("weft-worker", ALICE)]).await;
		assert_eq!(named.headers()["weft-worker"], ALICE);
		assert_eq!(named.json::<Value>().await.unwrap()["by"], "one");
	}
	let response = w.ask("m", &[("weft-voucher", &voucher(CHARLIE))]).await;
	assert_eq!(response.status(), 503);
	assert!(response.text().await.unwrap().contains(CHARLIE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_worker_is_passed_over_and_its_429_returned_if_all_are() {
	let busy = worker("busy", ALICE, &["m", "only"], 429).await;
	let free = worker("free", BOB, &["m"], 200).await;
	let w = world(vec![busy, free]).await;
	w.gateway.workers.check().await;
	for _ in 0..4 {
		assert_eq!(w.by("m", &[]).await, "free");
	}
	let response = w.ask("only", &[]).await;
	assert_eq!(response.status(), 429);
	assert_eq!(response.headers()["retry-after"], "7");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_passes_through_as_it_is_made() {
	let one = worker("one", ALICE, &["m"], 200).await;
	let w = world(vec![one]).await;
	w.gateway.workers.check().await;
	let body = json!({ "model": "m", "stream": true });
	let response =
		w.client.post(format!("{}/v1/chat/completions", w.url)).json(&body).send().await.unwrap();
	assert_eq!(response.headers()["content-type"], "text/event-stream");
	let mut stream = response.bytes_stream();
	let first = stream.next().await.unwrap().unwrap();
	assert_eq!(first, "data: 0\n\n", "not held back until the end");
	let mut rest = Vec::new();
	while let Some(piece) = stream.next().await {
		rest.extend_from_slice(&piece.unwrap());
	}
	assert_eq!(rest, b"data: 1\n\ndata: 2\n\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_of_any_origin_may_call_and_see_the_headers() {
	let w = world(vec![]).await;
	let request = w
		.client
		.request(reqwest::Method::OPTIONS, format!("{}/v1/chat/completions", w.url))
		.header("origin", "http://localhost:5173")
		.header("access-control-request-method", "POST")
		.header("access-control-request-headers", "weft-voucher");
	let response = request.send().await.unwrap();
	assert_eq!(response.status(), 200);
	assert_eq!(response.headers()["access-control-allow-origin"], "*");
}

fn base64(bytes: &[u8]) -> String {
	const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	bytes
		.chunks(3)
		.map(|c| {
			let n = c.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - c.len()));
			(0..4)
				.map(|i| match i <= c.len() {
					true => char::from(ALPHABET[(n >> (18 - 6 * i) & 63) as usize]),
					false => '=',
				})
				.collect::<String>()
		})
		.collect()
}
