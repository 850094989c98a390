//! A small deterministic model and a server around it.
//!
//! Tokens are bytes. The model repeats the last message, shifted by the adapter's number, and
//! ends. It records what was in each step, so that tests can see how work was scheduled.

#![allow(dead_code)]

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{json, Value};
use std::{path::Path, sync::Arc, time::Duration};
use weft_primitives::receipt::Receipt;
use weft_serving::*;
use weft_store::{put_folder, Blobs, Cid, Store, StoreOptions};

pub const END: u32 = 0;

pub struct ToyAdapter {
	pub shift: u8,
	pub bytes: u64,
}

pub struct ToySequence {
	adapter: Option<Arc<ToyAdapter>>,
	prompt: Vec<u32>,
	said: usize,
}

#[derive(Default)]
pub struct Toy {
	pub step: Duration,
	/// Per step: prompt tokens fed, or the adapters' shifts in the decode batch.
	pub steps: Mutex<Vec<Step>>,
	pub loads: Mutex<Vec<u8>>,
	pub load_time: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
	Prefill(usize),
	Decode(Vec<u8>),
}

impl Toy {
	fn logits(sequence: &ToySequence) -> Vec<f32> {
		let shift = sequence.adapter.as_ref().map_or(0, |a| a.shift);
		let start =
			sequence.prompt.iter().rposition(|t| *t == u32::from(b'>')).map_or(0, |i| i + 1);
		let next = match sequence.prompt.get(start + sequence.said) {
			Some(token) => (token + u32::from(shift)) as usize,
			None => END as usize,
		};
		let mut logits = vec![0.0; 256];
		logits[next] = 30.0;
		logits
	}
}

impl Engine for Toy {
	type Adapter = ToyAdapter;
	type Sequence = ToySequence;
	type Detokenizer = Vec<u8>;

	fn chat(&self, messages: &[Message]) -> Result<Vec<u32>, String> {
		let text: String = messages.iter().map(|m| format!("{}>{}", m.role, m.content)).collect();
		self.encode(&text)
	}
	fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
		Ok(text.bytes().map(u32::from).collect())
	}
	fn detokenizer(&self) -> Vec<u8> {
		Vec::new()
	}
	fn push(&self, held: &mut Vec<u8>, token: u32) -> Option<String> {
		held.push(token as u8);
		let text = String::from_utf8(held.clone()).ok()?;
		held.clear();
		Some(text)
	}
	fn is_end(&self, token: u32) -> bool {
		token == END
	}
	fn context(&self) -> usize {
		4096
	}
	fn vocabulary(&self) -> usize {
		256
	}
	fn load_adapter(&self, folder: &Path) -> Result<ToyAdapter, String> {
		std::thread::sleep(self.load_time);
		let text = std::fs::read_to_string(folder.join("toy.json")).map_err(|e| e.to_string())?;
		let value: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
		let adapter = ToyAdapter {
			shift: value["shift"].as_u64().ok_or("no shift")? as u8,
			bytes: value["bytes"].as_u64().ok_or("no bytes")?,
		};
		self.loads.lock().push(adapter.shift);
		Ok(adapter)
	}
	fn adapter_bytes(&self, adapter: &ToyAdapter) -> u64 {
		adapter.bytes
	}
	fn sequence(&self, adapter: Option<Arc<ToyAdapter>>, _: usize) -> Result<ToySequence, String> {
		Ok(ToySequence { adapter, prompt: Vec::new(), said: 0 })
	}
	fn prefill(&self, sequence: &mut ToySequence, tokens: &[u32]) -> Result<Vec<f32>, String> {
		std::thread::sleep(self.step);
		if tokens.contains(&u32::from(b'!')) {
			panic!("the toy was poked");
		}
		self.steps.lock().push(Step::Prefill(tokens.len()));
		sequence.prompt.extend_from_slice(tokens);
		Ok(Self::logits(sequence))
	}
	fn decode(&self, batch: &mut [(&mut ToySequence, u32)]) -> Result<Vec<Vec<f32>>, String> {
		std::thread::sleep(self.step);
		let shifts = batch.iter().map(|(s, _)| s.adapter.as_ref().map_or(0, |a| a.shift)).collect();
		self.steps.lock().push(Step::Decode(shifts));
		Ok(batch
			.iter_mut()
			.map(|(sequence, _)| {
				sequence.said += 1;
				Self::logits(sequence)
			})
			.collect())
	}
}

/// Takes `paid:<limit>` as a voucher and remembers what happened to each grant.
#[derive(Default)]
pub struct Till {
	pub open: Mutex<Vec<u64>>,
	pub charged: Mutex<Vec<Receipt>>,
	pub released: Mutex<Vec<u64>>,
	next: Mutex<u64>,
}

pub const PAYER: [u8; 32] = [9; 32];
pub const WORKER: [u8; 32] = [7; 32];

#[async_trait]
impl Billing for Till {
	async fn authorise(
		&self,
		_: &ServedModel,
		voucher: Option<&str>,
		max_fee: u128,
	) -> Result<Grant, Refusal> {
		let limit: u128 = match voucher {
			None if max_fee == 0 => 0,
			None => {
				return Err(Refusal::PaymentRequired {
					message: "a voucher is needed".into(),
					details: json!({ "cumulative": max_fee.to_string() }),
				})
			}
			Some(text) => text
				.strip_prefix("paid:")
				.and_then(|n| n.parse().ok())
				.ok_or(Refusal::Invalid("not a voucher".into()))?,
		};
		if limit < max_fee {
			return Err(Refusal::PaymentRequired {
				message: "the voucher covers too little".into(),
				details: json!({ "cumulative": max_fee.to_string() }),
			});
		}
		let mut next = self.next.lock();
		*next += 1;
		self.open.lock().push(*next);
		Ok(Grant { id: *next, payer: PAYER, worker: WORKER, nonce: *next })
	}
	async fn charge(&self, grant: &Grant, receipt: &Receipt) -> Result<Charged, String> {
		self.open.lock().retain(|id| *id != grant.id);
		let mut charged = self.charged.lock();
		charged.push(receipt.clone());
		Ok(Charged { spent: charged.iter().map(|r| r.fee).sum() })
	}
	async fn release(&self, grant: &Grant) {
		self.open.lock().retain(|id| *id != grant.id);
		self.released.lock().push(grant.id);
	}
}

/// Owes every answer of an adapter to two records.
pub struct Halves;

#[async_trait]
impl Attributor for Halves {
	async fn attribute(
		&self,
		model: &ServedModel,
		prompt: &[Message],
		answer: &str,
	) -> Result<Attribution, String> {
		if prompt.iter().any(|m| m.content.contains("unattributable")) {
			return Err("the index is not here".into());
		}
		let share = |n: u8, ppm| Attributed {
			record: [n; 32],
			contributor: [n; 32],
			ppm,
			contribution: u64::from(n),
			text: format!("record {n}"),
		};
		Ok(Attribution {
			shares: vec![share(1, 300_000), share(2, 600_000)],
			withheld_ppm: 100_000,
			spans: vec![Span {
				start: 0,
				end: answer.len(),
				text: answer.into(),
				record: hex::encode([1; 32]),
				more: Default::default(),
			}],
			index_root: model.index_root,
		})
	}
}

pub struct World {
	pub toy: Arc<Toy>,
	pub till: Arc<Till>,
	pub serving: Arc<Serving<Toy>>,
	pub url: String,
	pub client: reqwest::Client,
	pub catalogue: Arc<StaticCatalogue>,
	pub store: Arc<Store>,
	_dir: tempfile::TempDir,
}

pub fn model(id: u64, adapter: Option<Cid>, price: u128) -> ServedModel {
	ServedModel {
		id: Some(id),
		name: format!("named-{id}"),
		adapter,
		price_in: price,
		price_out: price * 2,
		index_root: [id as u8; 32],
		index: Some([id as u8; 32]),
		created: 1,
	}
}

/// The base `toy` and models 1 to `adapters`, each of 100 bytes.
pub async fn world(toy: Toy, adapters: u64, price: u128, options: ServingOptions) -> World {
	let dir = tempfile::tempdir().unwrap();
	let store =
		Arc::new(Store::open_folder(&dir.path().join("blobs"), StoreOptions::default()).unwrap());
	let mut models = vec![ServedModel {
		id: None,
		name: "toy".into(),
		adapter: None,
		price_in: 0,
		price_out: 0,
		index_root: [0; 32],
		index: None,
		created: 0,
	}];
	for id in 1..=adapters {
		let folder = dir.path().join(format!("adapter-{id}"));
		std::fs::create_dir(&folder).unwrap();
		let text = json!({ "shift": id, "bytes": 100 }).to_string();
		std::fs::write(folder.join("toy.json"), text).unwrap();
		let cid = put_folder(store.as_ref(), &folder).await.unwrap();
		models.push(model(id, Some(cid), price));
	}
	let toy = Arc::new(toy);
	let till = Arc::new(Till::default());
	let catalogue = Arc::new(StaticCatalogue::new(models));
	let blobs: Arc<dyn Blobs> = store.clone();
	let serving = Serving::start(
		toy.clone(),
		Arc::new(BlobAdapters::new(blobs, dir.path().join("adapters"))),
		catalogue.clone(),
		till.clone(),
		Arc::new(Halves),
		Receipts::open(dir.path().join("receipts")).unwrap(),
		options,
	)
	.unwrap();
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("http://{}", listener.local_addr().unwrap());
	let app = router(serving.clone());
	tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
	World { toy, till, serving, url, client: reqwest::Client::new(), catalogue, store, _dir: dir }
}

impl World {
	pub fn request(&self, path: &str, body: Value) -> reqwest::RequestBuilder {
		self.client.post(format!("{}{path}", self.url)).json(&body)
	}
	pub async fn chat(&self, model: &str, text: &str, extra: Value) -> reqwest::Response {
		self.request("/v1/chat/completions", ask(model, text, extra)).send().await.unwrap()
	}
	pub async fn get(&self, path: &str) -> reqwest::Response {
		self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
	}
	/// Waits until nothing is set aside any more.
	pub async fn settled(&self) {
		for _ in 0..500 {
			if self.till.open.lock().is_empty() {
				return;
			}
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
		panic!("a grant was neither charged nor released");
	}
}

pub fn ask(model: &str, text: &str, extra: Value) -> Value {
	let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": text }] });
	for (key, value) in extra.as_object().unwrap() {
		body[key] = value.clone();
	}
	body
}

pub async fn json_of(response: reqwest::Response) -> Value {
	response.json().await.unwrap()
}

/// The `data:` lines of a stream, checked to be server-sent events.
pub async fn lines_of(response: reqwest::Response) -> Vec<String> {
	assert_eq!(response.headers()["content-type"], "text/event-stream");
	let text = response.text().await.unwrap();
	text.split("\n\n")
		.filter(|block| !block.is_empty() && !block.starts_with(':'))
		.map(|block| block.strip_prefix("data: ").expect("an event is one data line").to_owned())
		.collect()
}
