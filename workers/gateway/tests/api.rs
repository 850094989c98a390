//! What a client of the gateway's REST sees.

mod common;

use bytes::Bytes;
use common::*;
use futures::StreamExt;
use serde_json::Value;
use weft_store::Blobs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_has_its_things_with_their_names() {
	let w = world(vec![]).await;
	w.tell().await;
	for (path, n) in [
		("datanets", 1),
		("contributions", 2),
		("snapshots", 1),
		("bases", 1),
		("models", 1),
		("jobs", 1),
		("workers", 1),
		("settlements", 2),
		("epochs", 1),
		("claims", 1),
	] {
		let list = w.json(&format!("/api/{path}")).await;
		assert_eq!(list["total"], n, "{path}");
		assert_eq!(list["items"].as_array().unwrap().len(), n, "{path}");
	}
	let datanet = w.json("/api/datanets/0").await;
	assert_eq!(datanet["details"]["name"], "datanet 0");
	assert_eq!(datanet["owner"], BOB);
	let contribution = w.json("/api/contributions/0").await;
	assert_eq!(contribution["status"], "accepted");
	assert_eq!(contribution["reviews"][0]["decision"]["Mixed"]["quality"], 80);
	assert_eq!(w.json("/api/jobs/0").await["result"]["Trained"]["adapter"], "ab".repeat(32));
	let worker = w.json(&format!("/api/workers/{CHARLIE}")).await;
	assert_eq!(worker["details"]["name"], format!("worker {CHARLIE}"));
	assert!(worker["endpoint"].is_null());
	let status = w.json("/api/status").await;
	assert_eq!(status["index_block"], 9);
	assert_eq!(status["counts"]["contributions"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_filtered_by_accounts_in_any_form_and_paged() {
	let w = world(vec![]).await;
	w.tell().await;
	let total = |path: &'static str| {
		let list = w.json(path);
		async { list.await["total"].as_i64().unwrap() }
	};
	assert_eq!(total("/api/contributions?status=refused").await, 1);
	let by_hex = format!("/api/contributions?contributor=0x{ALICE_HEX}");
	assert_eq!(w.json(&by_hex).await["total"], 2);
	assert_eq!(total("/api/contributions?datanet=7").await, 0);
	assert_eq!(total("/api/models?retired=false").await, 1);
	assert_eq!(total("/api/models?retired=true").await, 0);
	assert_eq!(total("/api/events?pallet=Jobs").await, 5);
	assert_eq!(total("/api/events?block=3").await, 0);
	let page = w.json("/api/contributions?limit=1&offset=1").await;
	assert_eq!((page["items"][0]["id"].as_i64(), page["total"].as_i64()), (Some(0), Some(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_question_is_answered_with_what_was_wrong() {
	let w = world(vec![]).await;
	for (path, status, says) in [
		("/api/jobs?colour=red", 400, "colour"),
		("/api/jobs?state=burning", 400, "open, claimed"),
		("/api/jobs?limit=100000", 400, "1 to 200"),
		("/api/jobs?requester=nobody", 400, "SS58"),
		("/api/jobs/seven", 400, "seven"),
		("/api/jobs/7", 404, "7"),
		("/api/jobs/-1", 400, "-1"),
		("/api/workers/0x00", 400, "0x00"),
		("/api/earnings/me", 400, "me"),
		("/api/nothing", 404, "/openapi.json"),
		("/v1/blobs/xyz", 400, "64 lower-case hex"),
		("/v1/receipts/xyz", 400, "64 lower-case hex"),
	] {
		let response = w.get(path).await;
		assert_eq!(response.status(), status, "{path}");
		let body: Value = response.json().await.unwrap();
		let message = body["error"]["message"].as_str().unwrap();
		assert!(message.contains(says), "{path}: {message}");
		assert!(body["error"]["code"].is_string());
	}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn earnings_show_what_can_be_claimed_with_its_proof() {
	let w = world(vec![]).await;
	w.tell().await;
	let path = format!("/api/earnings/{ALICE}");
	let missing = w.json(&path).await;
	assert!(missing["workers"][0]["problem"].as_str().unwrap().contains("not in the store"));
	assert_eq!(missing["claimed"], "25");

	w.gateway.store.put(Bytes::from(leaves_blob())).await.unwrap();
	let earnings = w.json(&path).await;
	assert_eq!(earnings["claimable"], "35", "60 earned, 25 paid out");
	let claim = &earnings["workers"][0]["claim"];
	let leaf: weft_primitives::sum_tree::Leaf =
		serde_json::from_value(claim["leaf"].clone()).unwrap();
	let proof = serde_json::from_value(claim["proof"].clone()).unwrap();
	let root = weft_primitives::sum_tree::root(&leaves()).unwrap();
	assert!(weft_primitives::sum_tree::verify(&root, &leaf, &proof), "the chain will accept it");
	let nobody = w.json(&format!("/api/earnings/{BOB}")).await;
	assert_eq!(
		(nobody["claimable"].as_str(), nobody["workers"].as_array().unwrap().len()),
		(Some("0"), 0)
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_replays_from_where_the_client_was_and_goes_on_live() {
	let w = world(vec![]).await;
	let blocks = story();
	for block in &blocks[..7] {
		w.gateway.index.apply(block).await.unwrap();
	}
	let request = w.client.get(format!("{}/api/stream", w.url)).header("last-event-id", "5");
	let mut stream = request.send().await.unwrap().bytes_stream();
	let mut text = String::new();
	let mut read_until = async |what: &str| {
		while !text.contains(what) {
			let piece = tokio::time::timeout(SOON, stream.next()).await.unwrap().unwrap().unwrap();
			text.push_str(std::str::from_utf8(&piece).unwrap());
		}
		text.clone()
	};
	let replayed = read_until("id: 7\n").await;
	assert!(replayed.starts_with("event: block\n"), "{replayed}");
	assert!(replayed.contains("id: 6\n") && !replayed.contains("id: 5\n"), "{replayed}");
	w.gateway.index.apply(&blocks[7]).await.unwrap();
	let live = read_until("id: 8\n").await;
	assert!(live.contains("\"EpochSettled\""), "{live}");
	// A gateway that stops ends its streams.
	w.gateway.stop.cancel();
	while tokio::time::timeout(SOON, stream.next()).await.unwrap().is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openapi_document_describes_every_path() {
	let w = world(vec![]).await;
	let document = w.json("/openapi.json").await;
	assert_eq!(document["openapi"], "3.1.0");
	let paths = document["paths"].as_object().unwrap();
	for path in [
		"/v1/chat/completions",
		"/v1/completions",
		"/v1/models",
		"/v1/receipts/{id}",
		"/v1/blobs",
		"/v1/blobs/{cid}",
		"/v1/uploads",
		"/v1/uploads/{id}",
		"/api/status",
		"/api/datanets",
		"/api/contributions",
		"/api/snapshots",
		"/api/models",
		"/api/bases",
		"/api/jobs",
		"/api/workers",
		"/api/earnings/{account}",
		"/api/settlements",
		"/api/events",
		"/api/stream",
	] {
		assert!(paths.contains_key(path), "{path}");
	}
	let text = w.get("/metrics").await.text().await.unwrap();
	let line = "weft_gateway_requests_total{path=\"/openapi.json\",status=\"200\"} 1";
	assert!(text.contains(line), "{text}");
}
