//! A chain made of generated blocks, and a gateway around it.

#![allow(dead_code)]

use async_trait::async_trait;
use futures::{stream::BoxStream, StreamExt};
use parking_lot::Mutex;
use serde_json::{json, Value};
use std::{sync::Arc, time::Duration};
use weft_chain::{BlockEvents, ChainEvent};
use weft_gateway::{router, ChainSource, Gateway, GatewayOptions};
use weft_primitives::sum_tree::{self, Leaf};

pub const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
pub const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
pub const CHARLIE: &str = "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y";
pub const ALICE_HEX: &str = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

pub fn hash(number: u32) -> String {
	format!("hash-{number}")
}

pub fn block(number: u32, events: Vec<(&str, &str, Value)>) -> BlockEvents {
	BlockEvents {
		number,
		hash: hash(number),
		parent: hash(number - 1),
		events: events
			.into_iter()
			.enumerate()
			.map(|(i, (pallet, name, fields))| ChainEvent {
				extrinsic: Some(1),
				index: i as u32,
				pallet: pallet.into(),
				name: name.into(),
				fields,
			})
			.collect(),
	}
}

/// Earnings of the story's only epoch.
pub fn leaves() -> Vec<Leaf> {
	let alice: [u8; 32] = hex::decode(ALICE_HEX).unwrap().try_into().unwrap();
	vec![Leaf { account: [3; 32], cumulative: 30 }, Leaf { account: alice, cumulative: 60 }]
}

pub fn leaves_blob() -> Vec<u8> {
	serde_json::to_vec(&leaves()).unwrap()
}

fn settled(fee: &str) -> Value {
	json!({
		"payer": ALICE, "worker": CHARLIE, "model": 0, "fee": fee, "treasury": "1",
		"base_owner": "2", "developer": "3", "worker_amount": "4", "contributors": "50",
		"reserved": "0",
	})
}

/// A Datanet, a contribution accepted in part, spam, a training job, a model, fees, a claim.
pub fn story() -> Vec<BlockEvents> {
	let cid = "ab".repeat(32);
	let contributed = |id: u64, records: u32| {
		json!({
			"contribution": id, "datanet": 0, "contributor": ALICE, "root": cid, "records": records,
			"bytes": 1000, "cid": cid, "deposit": "12000000000000",
		})
	};
	let root = hex::encode(sum_tree::root(&leaves()).unwrap().hash);
	vec![
		block(
			1,
			vec![
				("Datanets", "Created", json!({ "datanet": 0, "owner": BOB })),
				("Workers", "Registered", json!({ "owner": CHARLIE, "hot": "hot-1" })),
			],
		),
		block(
			2,
			vec![
				("Datanets", "Contributed", contributed(0, 10)),
				("Datanets", "Contributed", contributed(1, 5)),
				(
					"Workers",
					"HotChanged",
					json!({ "owner": CHARLIE, "old": "hot-1", "new": "hot-2" }),
				),
			],
		),
		block(3, vec![]),
		block(
			4,
			vec![
				(
					"Datanets",
					"Reviewed",
					json!({ "contribution": 0, "curator": BOB, "decision": { "Mixed": {
						"quality": 80, "reason": "Duplicate", "accepted": "ff00" } } }),
				),
				("Datanets", "Accepted", json!({ "contribution": 0, "records": 8 })),
				(
					"Datanets",
					"Refused",
					json!({ "contribution": 0, "records": 2, "reason": "Duplicate", "slashed": "0" }),
				),
				(
					"Datanets",
					"Refused",
					json!({ "contribution": 1, "records": 5, "reason": "Spam",
						"slashed": u128::MAX.to_string() }),
				),
			],
		),
		block(
			5,
			vec![
				(
					"Datanets",
					"Snapshotted",
					json!({ "snapshot": 0, "datanet": 0, "version": 1, "root": cid, "records": 8,
						"contributions": 1 }),
				),
				("Models", "BaseRegistered", json!({ "base": 0, "owner": ALICE })),
				(
					"Jobs",
					"Submitted",
					json!({ "job": 0, "requester": BOB, "kind": "Train", "price": "1000" }),
				),
			],
		),
		block(
			6,
			vec![
				("Jobs", "Claimed", json!({ "job": 0, "worker": CHARLIE })),
				("Jobs", "Progress", json!({ "job": 0, "permille": 500, "note": cid })),
			],
		),
		block(
			7,
			vec![
				(
					"Jobs",
					"Reported",
					json!({ "job": 0, "worker": CHARLIE, "result": { "Trained": {
						"adapter": cid, "index_root": cid, "index": cid, "metrics": cid } } }),
				),
				(
					"Jobs",
					"Settled",
					json!({ "job": 0, "worker": CHARLIE, "paid": "1000", "refunded": "0" }),
				),
				(
					"Models",
					"Published",
					json!({ "model": 0, "owner": BOB, "base": 0, "job": 0, "adapter": cid,
						"index_root": cid }),
				),
			],
		),
		block(
			8,
			vec![
				("Attribution", "VoucherSettled", settled("18446744073709551615")),
				("Attribution", "VoucherSettled", settled("18446744073709551615")),
				(
					"Attribution",
					"EpochSettled",
					json!({ "worker": CHARLIE, "epoch": 1, "root": root, "total": "90",
						"allotted": "90", "reserved": "10",
						"leaves": weft_store::cid_hex(&weft_store::cid_of(&leaves_blob())),
						"receipts_root": cid, "receipts": 2, "claimable_at": 9 }),
				),
			],
		),
		block(
			9,
			vec![(
				"Attribution",
				"Claimed",
				json!({ "worker": CHARLIE, "account": ALICE, "amount": "25" }),
			)],
		),
	]
}

/// Finalised blocks that were made beforehand.
pub struct FakeChain {
	pub blocks: Mutex<Vec<BlockEvents>>,
	pub offline: Mutex<bool>,
}

impl FakeChain {
	pub fn new(blocks: Vec<BlockEvents>) -> Self {
		Self { blocks: Mutex::new(blocks), offline: Mutex::new(false) }
	}
}

#[async_trait]
impl ChainSource for FakeChain {
	fn genesis(&self) -> String {
		hash(0)
	}
	fn follow(&self, from: u32) -> BoxStream<'static, BlockEvents> {
		let blocks: Vec<_> =
			self.blocks.lock().iter().filter(|b| b.number >= from).cloned().collect();
		futures::stream::iter(blocks).chain(futures::stream::pending()).boxed()
	}
	async fn block(&self, number: u32) -> anyhow::Result<BlockEvents> {
		let found = self.blocks.lock().iter().find(|b| b.number == number).cloned();
		found.ok_or_else(|| anyhow::anyhow!("no block {number}"))
	}
	async fn head(&self) -> anyhow::Result<u32> {
		Ok(self.blocks.lock().last().map_or(0, |b| b.number))
	}
	async fn details(&self, kind: &str, id: &str) -> anyhow::Result<Option<Value>> {
		anyhow::ensure!(!*self.offline.lock(), "the node is away");
		Ok(Some(json!({ "name": format!("{kind} {id}") })))
	}
}

pub struct World {
	pub gateway: Arc<Gateway>,
	pub url: String,
	pub client: reqwest::Client,
	pub dir: tempfile::TempDir,
}

pub async fn world(workers: Vec<String>) -> World {
	let dir = tempfile::tempdir().unwrap();
	let mut options = GatewayOptions::in_folder(dir.path().to_owned());
	options.workers = workers;
	options.max_blob = 32 << 20;
	let gateway = Gateway::open(options).await.unwrap();
	let url = serve(router(gateway.clone())).await;
	World { gateway, url, client: reqwest::Client::new(), dir }
}

pub async fn serve(app: axum::Router) -> String {
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
	let url = format!("http://{}", listener.local_addr().unwrap());
	tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
	url
}

impl World {
	/// Indexes the whole story.
	pub async fn tell(&self) {
		let source = FakeChain::new(story());
		self.gateway.index.bind(&source.genesis()).await.unwrap();
		for block in story() {
			self.gateway.index.apply(&block).await.unwrap();
		}
		while self.gateway.index.refresh_once(&source).await.unwrap() > 0 {}
	}
	pub async fn get(&self, path: &str) -> reqwest::Response {
		self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
	}
	pub async fn json(&self, path: &str) -> Value {
		let response = self.get(path).await;
		assert_eq!(response.status(), 200, "{path}");
		response.json().await.unwrap()
	}
}

pub const SOON: Duration = Duration::from_secs(5);
