//! Blobs through the gateway, with the client that the workers use.

mod common;

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use bytes::Bytes;
use common::*;
use futures::StreamExt;
use std::sync::{
	atomic::{AtomicUsize, Ordering},
	Arc,
};
use weft_gateway::router;
use weft_store::{cid_hex, cid_of, get_folder, put_folder, Blobs, HttpBlobs, StoreError};

fn bytes(n: usize, seed: u64) -> Vec<u8> {
	let mut x = seed | 1;
	(0..n)
		.map(|_| {
			x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
			(x >> 56) as u8
		})
		.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_put_through_the_gateway_comes_back_verified() {
	let w = world(vec![]).await;
	let blobs = HttpBlobs::new(&w.url).unwrap();
	let data = bytes(3_000_000, 1);
	let cid = blobs.put(Bytes::from(data.clone())).await.unwrap();
	assert_eq!(cid, cid_of(&data));
	assert_eq!(blobs.get(&cid).await.unwrap(), data);
	assert_eq!(blobs.size(&cid).await.unwrap(), Some(data.len() as u64));
	assert_eq!(blobs.get_range(&cid, 10..20).await.unwrap(), data[10..20]);
	assert_eq!(blobs.size(&[1; 32]).await.unwrap(), None);
	assert!(matches!(blobs.get(&[1; 32]).await, Err(StoreError::NotFound(_))));
	let pieces: Vec<_> = data.chunks(9999).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
	let stream = futures::stream::iter(pieces).boxed();
	assert_eq!(blobs.put_stream(stream, None).await.unwrap(), cid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_request_gets_exactly_its_bytes() {
	let w = world(vec![]).await;
	let data = bytes(2_500_000, 2);
	let cid = w.gateway.store.put(Bytes::from(data.clone())).await.unwrap();
	let url = format!("{}/v1/blobs/{}", w.url, cid_hex(&cid));
	let range = |r: &'static str| w.client.get(&url).header("range", r).send();
	let response = range("bytes=1048570-1048585").await.unwrap();
	assert_eq!(response.status(), 206);
	assert_eq!(response.headers()["content-range"], "bytes 1048570-1048585/2500000");
	assert_eq!(response.bytes().await.unwrap(), data[1048570..1048586]);
	let response = range("bytes=-5").await.unwrap();
	assert_eq!(response.bytes().await.unwrap(), data[2_499_995..]);
	let response = range("bytes=2500000-").await.unwrap();
	assert_eq!(response.status(), 416);
	let whole = w.client.get(&url).send().await.unwrap();
	assert_eq!(whole.headers()["x-content-type-options"], "nosniff");
	let tag = whole.headers()["etag"].clone();
	let again = w.client.get(&url).header("if-none-match", tag).send().await.unwrap();
	assert_eq!(again.status(), 304);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_under_a_wrong_id_and_blobs_too_large_are_refused() {
	let w = world(vec![]).await;
	let url = format!("{}/v1/blobs/{}", w.url, cid_hex(&cid_of(b"announced")));
	let response = w.client.put(&url).body("something else").send().await.unwrap();
	assert_eq!(response.status(), 422);
	let body: serde_json::Value = response.json().await.unwrap();
	assert_eq!(body["error"]["code"], "wrong_hash");
	let big = vec![0u8; (32 << 20) + 1];
	let response = w.client.put(format!("{}/v1/blobs", w.url)).body(big).send().await;
	// The gateway answers before it has read everything; the client may see either.
	assert!(response.is_err() || response.unwrap().status() == 413);
	let create = w.client.post(format!("{}/v1/uploads", w.url)).header("upload-length", "99999999");
	assert_eq!(create.send().await.unwrap().status(), 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_blob_is_an_error_that_names_it() {
	let w = world(vec![]).await;
	let cid = w.gateway.store.put(Bytes::from_static(b"sound")).await.unwrap();
	let id = cid_hex(&cid);
	std::fs::write(w.dir.path().join("blobs/blobs").join(&id[..2]).join(&id), b"sOund").unwrap();
	let response = w.get(&format!("/v1/blobs/{id}")).await;
	assert_eq!(response.status(), 500);
	assert!(response.text().await.unwrap().contains(&id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_survives_a_connection_that_breaks_again_and_again() {
	let dir = tempfile::tempdir().unwrap();
	let w = world(vec![]).await;
	// Cuts the first uploads short, and the first downloads.
	let cuts = Arc::new(AtomicUsize::new(0));
	let counter = cuts.clone();
	let flaky = router(w.gateway.clone()).layer(axum::middleware::from_fn(
		move |request: Request, next: Next| {
			let cuts = counter.clone();
			async move { cut(request, next, cuts).await }
		},
	));
	let blobs = HttpBlobs::new(&serve(flaky).await).unwrap();
	let data = bytes(20 << 20, 3);
	let source = dir.path().join("large.bin");
	std::fs::write(&source, &data).unwrap();
	let cid = blobs.put_file(&source).await.unwrap();
	assert_eq!(cid, cid_of(&data));
	assert!(cuts.load(Ordering::SeqCst) >= 2, "the upload was cut");
	let before = cuts.load(Ordering::SeqCst);
	let target = dir.path().join("back.bin");
	assert_eq!(blobs.get_to_file(&cid, &target).await.unwrap(), data.len() as u64);
	assert!(cuts.load(Ordering::SeqCst) > before, "the download was cut");
	assert_eq!(std::fs::read(&target).unwrap(), data);
	assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "no part stays");
}

async fn cut(request: Request, next: Next, cuts: Arc<AtomicUsize>) -> Response {
	let broken = || std::io::Error::other("the cable was pulled");
	let method = request.method().clone();
	if method == "PATCH" && cuts.fetch_add(1, Ordering::SeqCst) < 2 {
		let (parts, body) = request.into_parts();
		let mut left = 6usize << 20;
		let short = body.into_data_stream().map(move |piece| {
			let piece = piece.map_err(std::io::Error::other)?;
			left = left.checked_sub(piece.len()).ok_or_else(broken)?;
			Ok::<_, std::io::Error>(piece)
		});
		return next.run(Request::from_parts(parts, Body::from_stream(short))).await;
	}
	let download = method == "GET" && request.uri().path().starts_with("/v1/blobs/");
	let response = next.run(request).await;
	if download && cuts.fetch_add(1, Ordering::SeqCst) < 5 {
		let (parts, body) = response.into_parts();
		let mut left = 7usize << 20;
		let short = body.into_data_stream().map(move |piece| {
			let piece = piece.map_err(std::io::Error::other)?;
			left = left.checked_sub(piece.len()).ok_or_else(broken)?;
			Ok::<_, std::io::Error>(piece)
		});
		return Response::from_parts(parts, Body::from_stream(short));
	}
	response
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_goes_up_and_comes_down_whole() {
	let w = world(vec![]).await;
	let blobs = HttpBlobs::new(&w.url).unwrap();
	let source = tempfile::tempdir().unwrap();
	std::fs::write(source.path().join("adapter_config.json"), b"{}").unwrap();
	std::fs::write(source.path().join("adapter_model.safetensors"), bytes(100_000, 4)).unwrap();
	let cid = put_folder(&blobs, source.path()).await.unwrap();
	let target = tempfile::tempdir().unwrap();
	let manifest = get_folder(&blobs, &cid, target.path()).await.unwrap();
	assert_eq!(manifest.files.len(), 2);
	assert_eq!(
		std::fs::read(target.path().join("adapter_model.safetensors")).unwrap(),
		bytes(100_000, 4)
	);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_lies_about_bytes_is_caught_by_its_client() {
	let liar = axum::Router::new()
		.route("/v1/blobs/{cid}", axum::routing::get(|| async { "not what you asked for" }));
	let blobs = HttpBlobs::new(&serve(liar).await).unwrap();
	let e = blobs.get(&[5; 32]).await.unwrap_err();
	assert!(matches!(e, StoreError::Corrupt { .. }), "{e}");
	let dir = tempfile::tempdir().unwrap();
	let e = blobs.get_to_file(&[5; 32], &dir.path().join("x")).await.unwrap_err();
	assert!(e.to_string().contains(&cid_hex(&[5; 32])), "{e}");
	assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
	let e = HttpBlobs::new("ftp://example").err().unwrap();
	assert!(e.to_string().contains("http://"), "{e}");
}
