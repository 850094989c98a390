//! What every command needs: the chain, the blobs, the key.

use crate::args::Common;
use anyhow::{bail, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use weft_chain::{AccountId, Call, Client, Key, TxQueue, TxReceipt};
use weft_store::HttpBlobs;

/// Connections of one command.
pub struct Ctx {
	pub chain: Client,
	pub blobs: HttpBlobs,
	pub http: reqwest::Client,
	pub gateway: String,
	key: Option<Key>,
	/// One submission task per key, so that nonces are handed out in one place.
	queues: Mutex<HashMap<AccountId, TxQueue>>,
}

impl Ctx {
	pub async fn open(common: &Common) -> Result<Self> {
		let key = match (&common.key, &common.key_file) {
			(Some(_), Some(_)) => bail!("give --key or --key-file, not both"),
			(Some(k), None) => Some(Key::parse(k)?),
			(None, Some(f)) => Some(Key::from_file(f)?),
			(None, None) => None,
		};
		Ok(Self {
			chain: Client::connect(&common.chain).await?,
			blobs: HttpBlobs::new(&common.gateway)?,
			http: reqwest::Client::new(),
			gateway: common.gateway.trim_end_matches('/').to_string(),
			key,
			queues: Mutex::new(HashMap::new()),
		})
	}

	/// The key that signs, or an error that says how to give one.
	pub fn key(&self) -> Result<&Key> {
		match &self.key {
			Some(k) => Ok(k),
			None => bail!("this needs a key: --key-file FILE, --key SECRET or the environment variable WEFT_KEY"),
		}
	}

	/// Signs with the command's key, submits, waits for the block and says where it landed.
	pub async fn submit(&self, call: Call) -> Result<TxReceipt> {
		self.submit_as(self.key()?, call).await
	}

	/// The same with another key.
	pub async fn submit_as(&self, key: &Key, call: Call) -> Result<TxReceipt> {
		let queue = self
			.queues
			.lock()
			.entry(key.account())
			.or_insert_with(|| TxQueue::start(self.chain.clone(), key.clone()))
			.clone();
		let receipt = queue.submit(call).await?;
		landed(&receipt);
		Ok(receipt)
	}
}

/// Says where an extrinsic landed.
pub fn landed(r: &TxReceipt) {
	println!("    {} in block {}, extrinsic {} ({} bytes)", r.call, r.block, r.extrinsic, r.bytes);
}
