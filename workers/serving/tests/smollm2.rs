//! The real model behind the scheduler. These tests need the model that `cargo xtask setup`
//! fetches and are left out where it is not there.

mod common;

use common::{ask, json_of, model, Halves, Till};
use futures::future::join_all;
use serde_json::{json, Value};
use std::sync::{Arc, OnceLock};
use weft_engine::{fetch, Adapter, LoraConfig, Model};
use weft_serving::*;
use weft_store::{put_folder, Blobs, Store, StoreOptions};

fn smollm2() -> Option<Arc<Model>> {
	static MODEL: OnceLock<Option<Arc<Model>>> = OnceLock::new();
	MODEL
		.get_or_init(|| {
			let path = fetch::SMOLLM2_135M.path();
			if !path.exists() {
				eprintln!("left out: {} is not there", path.display());
				return None;
			}
			Some(Model::load(&path).unwrap())
		})
		.clone()
}

/// An adapter that changes the answers, from a seed.
fn adapter(base: &Model, seed: u64, folder: &std::path::Path) {
	let mut adapter = Adapter::new(base.config(), LoraConfig::default(), seed).unwrap();
	let mut x = seed;
	for value in adapter.values_mut() {
		x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
		*value += ((x >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 0.5;
	}
	adapter.to_peft(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_the_same_alone_and_batched_with_other_adapters() {
	let Some(base) = smollm2() else { return };
	let dir = tempfile::tempdir().unwrap();
	let store =
		Arc::new(Store::open_folder(&dir.path().join("blobs"), StoreOptions::default()).unwrap());
	let mut models =
		vec![ServedModel { adapter: None, id: None, index: None, ..model(0, None, 0) }];
	for id in 1..=2 {
		let folder = dir.path().join(format!("adapter-{id}"));
		std::fs::create_dir(&folder).unwrap();
		adapter(&base, id, &folder);
		models.push(model(id, Some(put_folder(store.as_ref(), &folder).await.unwrap()), 0));
	}
	let base_name = models[0].canonical_name();
	let blobs: Arc<dyn Blobs> = store;
	let serving = Serving::start(
		Arc::new(BaseModel::new(base)),
		Arc::new(BlobAdapters::new(blobs, dir.path().join("adapters"))),
		Arc::new(StaticCatalogue::new(models)),
		Arc::new(Till::default()),
		Arc::new(Halves),
		Receipts::open(dir.path().join("receipts")).unwrap(),
		ServingOptions { owner: Some([7; 32]), ..ServingOptions::default() },
	)
	.unwrap();
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("http://{}", listener.local_addr().unwrap());
	let app = router(serving);
	tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
	let client = reqwest::Client::new();
	let question = |name: &str| {
		let extra = json!({ "temperature": 0, "max_tokens": 12 });
		let body = ask(name, "What is the capital of France?", extra);
		let request = client.post(format!("{url}/v1/chat/completions")).json(&body);
		async move {
			let answer: Value = json_of(request.send().await.unwrap()).await;
			let text = answer["choices"][0]["message"]["content"].as_str();
			text.unwrap_or_else(|| panic!("{answer}")).to_owned()
		}
	};
	let names = [base_name.as_str(), "weft-1", "weft-2"];
	let mut alone = Vec::new();
	for name in names {
		alone.push(question(name).await);
	}
	let together = join_all(names.map(question)).await;
	assert_eq!(alone, together);
	assert!(alone[0].contains("Paris"), "{alone:?}");
	assert!(alone[0] != alone[1] || alone[1] != alone[2], "the adapters do something: {alone:?}");
	let health: Value = json_of(client.get(format!("{url}/health")).send().await.unwrap()).await;
	assert!(health["owner"].is_string());
}
