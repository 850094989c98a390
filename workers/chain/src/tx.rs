//! One submission task per key, with a nonce manager.
//!
//! Rules, and where they were learnt (`docs/` has the sources): the first nonce is the larger of the chain's and the
//! local one; a retry keeps its nonce, so that a stalled extrinsic cannot run twice; eras are mortal, so a late report
//! dies instead of hitting the next round; a connection that was lost is opened again and the chain is asked whether
//! the nonce was used before anything is signed anew.

use crate::{config::AtBlock, events, Call, ChainError, ChainEvent, Client, Key};
use std::{collections::HashMap, time::Duration};
use subxt::{config::DefaultExtrinsicParamsBuilder, tx::TransactionStatus};
use tokio::sync::{mpsc, oneshot};

/// How many blocks an extrinsic lives.
const MORTALITY: u64 = 64;
/// How long to wait for a block before asking the chain again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Extrinsics of one key that may wait at once.
const QUEUE: usize = 256;

/// How far an extrinsic must be before it counts as landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
	/// In a best block (about one block time); a re-org may still move it to another block.
	InBlock,
	/// In a finalised block.
	Finalised,
}

/// Where an extrinsic landed and what it did.
#[derive(Debug, Clone)]
pub struct TxReceipt {
	/// Label of the call.
	pub call: String,
	/// Block number.
	pub block: u32,
	/// Block hash, hex.
	pub block_hash: String,
	/// Index in the block.
	pub extrinsic: u32,
	/// Length of the signed extrinsic in bytes.
	pub bytes: usize,
	/// Its events.
	pub events: Vec<ChainEvent>,
}

impl TxReceipt {
	/// The first event of that name, or an error that names it.
	pub fn event(&self, pallet: &str, name: &str) -> Result<&ChainEvent, ChainError> {
		self.events.iter().find(|e| e.pallet == pallet && e.name == name).ok_or_else(|| {
			ChainError::MissingEvent { call: self.call.clone(), event: format!("{pallet}.{name}") }
		})
	}

	/// An unsigned number in an event's field.
	pub fn number(&self, pallet: &str, name: &str, field: &str) -> Result<u64, ChainError> {
		let e = self.event(pallet, name)?;
		let v = &e.fields[field];
		v.as_u64().or_else(|| v.as_str().and_then(|s| s.parse().ok())).ok_or_else(|| {
			ChainError::MissingEvent {
				call: self.call.clone(),
				event: format!("{pallet}.{name}.{field}"),
			}
		})
	}
}

struct Request {
	call: Call,
	until: Until,
	reply: oneshot::Sender<Result<TxReceipt, ChainError>>,
}

/// The submission task of one key. Clones share the task.
#[derive(Clone)]
pub struct TxQueue {
	key: Key,
	send: mpsc::Sender<Request>,
}

impl TxQueue {
	/// Starts the task.
	pub fn start(client: Client, key: Key) -> Self {
		let (send, recv) = mpsc::channel(QUEUE);
		tokio::spawn(run(client, key.clone(), recv));
		Self { key, send }
	}

	/// The key that signs.
	pub fn key(&self) -> &Key {
		&self.key
	}

	/// Signs, submits and waits until the extrinsic is in a best block and succeeded.
	pub async fn submit(&self, call: Call) -> Result<TxReceipt, ChainError> {
		self.submit_until(call, Until::InBlock).await
	}

	/// Signs, submits and waits.
	pub async fn submit_until(&self, call: Call, until: Until) -> Result<TxReceipt, ChainError> {
		let label = call.label();
		let gone = || ChainError::Lost {
			call: label.clone(),
			reason: "the submission task has ended".into(),
		};
		let (reply, answer) = oneshot::channel();
		self.send.send(Request { call, until, reply }).await.map_err(|_| gone())?;
		answer.await.map_err(|_| gone())?
	}
}

async fn run(client: Client, key: Key, mut requests: mpsc::Receiver<Request>) {
	let mut next_nonce: u64 = 0;
	while let Some(request) = requests.recv().await {
		// Extrinsics are signed and sent one after another; waiting for their blocks runs aside, so that a busy worker
		// fills a block and not one extrinsic a block.
		match send(&client, &key, &request.call, &mut next_nonce).await {
			Ok(sent) => {
				let Request { call, until, reply } = request;
				let (client, key) = (client.clone(), key.clone());
				tokio::spawn(async move {
					let result = watch(&client, &key, &call, sent, until).await;
					let _ = reply.send(result);
				});
			}
			Err(e) => {
				next_nonce = 0;
				let _ = request.reply.send(Err(e));
			}
		}
	}
}

type Progress = subxt::tx::TransactionProgress<
	crate::WeftConfig,
	subxt::client::OnlineClientAtBlockImpl<crate::WeftConfig>,
>;

struct Sent {
	progress: Progress,
	nonce: u64,
	bytes: usize,
	at: u32,
}

async fn chain_nonce(client: &Client, key: &Key) -> Result<u64, ChainError> {
	Ok(client.account(&key.account()).await?.nonce.into())
}

async fn send(
	client: &Client,
	key: &Key,
	call: &Call,
	next_nonce: &mut u64,
) -> Result<Sent, ChainError> {
	let mut last = String::new();
	for attempt in 0..5u32 {
		if attempt > 0 {
			tokio::time::sleep(Duration::from_millis(500 * u64::from(attempt))).await;
		}
		let at = client.at_finalised().await?;
		let on_chain = chain_nonce(client, key).await?;
		let nonce = on_chain.max(*next_nonce);
		let params = DefaultExtrinsicParamsBuilder::<crate::WeftConfig>::new()
			.nonce(nonce)
			.mortal(MORTALITY)
			.build();
		let mut txs = at.transactions();
		let signed = txs
			.create_signed(&call.payload(), key.keypair(), params)
			.await
			.map_err(|e| ChainError::Rejected { call: call.label(), reason: e.to_string() })?;
		let bytes = signed.encoded().len();
		match signed.submit_and_watch().await {
			Ok(progress) => {
				*next_nonce = nonce.saturating_add(1);
				return Ok(Sent { progress, nonce, bytes, at: at.block_number() as u32 });
			}
			Err(e) => {
				last = e.to_string();
				let text = format!("{e:?} {last}");
				if text.contains("1014")
					|| text.contains("too low")
					|| text.contains("Stale")
					|| text.contains("outdated")
				{
					// The nonce is taken by an extrinsic that is pooled or landed: go past it.
					*next_nonce = nonce.saturating_add(1);
				} else if text.contains("onnection")
					|| text.contains("ransport")
					|| text.contains("losed")
				{
					let _ = client.reconnect().await;
				} else {
					return Err(ChainError::Rejected { call: call.label(), reason: last });
				}
			}
		}
	}
	Err(ChainError::Rejected { call: call.label(), reason: last })
}

async fn watch(
	client: &Client,
	key: &Key,
	call: &Call,
	sent: Sent,
	until: Until,
) -> Result<TxReceipt, ChainError> {
	let Sent { mut progress, nonce, bytes, at } = sent;
	let lost = |reason: String| ChainError::Lost { call: call.label(), reason };
	loop {
		match tokio::time::timeout(PATIENCE, progress.next()).await {
			Ok(Some(Ok(TransactionStatus::InBestBlock(b)))) if until == Until::InBlock => {
				return receipt(
					call,
					b.at().await.map_err(|e| lost(e.to_string()))?,
					b.extrinsic_hash().0,
					bytes,
				)
				.await;
			}
			Ok(Some(Ok(TransactionStatus::InFinalizedBlock(b)))) => {
				return receipt(
					call,
					b.at().await.map_err(|e| lost(e.to_string()))?,
					b.extrinsic_hash().0,
					bytes,
				)
				.await;
			}
			Ok(Some(Ok(TransactionStatus::Invalid { message })))
			| Ok(Some(Ok(TransactionStatus::Dropped { message })))
			| Ok(Some(Ok(TransactionStatus::Error { message }))) => return Err(lost(message)),
			Ok(Some(Ok(_))) => {}
			// The stream broke or went silent: the chain is the truth.
			Ok(Some(Err(_))) | Ok(None) | Err(_) => {
				let hash = progress.extrinsic_hash().0;
				return find(client, key, call, hash, nonce, at, bytes).await;
			}
		}
	}
}

/// Looks for an extrinsic in the blocks since it was sent.
async fn find(
	client: &Client,
	key: &Key,
	call: &Call,
	hash: [u8; 32],
	nonce: u64,
	from: u32,
	bytes: usize,
) -> Result<TxReceipt, ChainError> {
	let mut next = from;
	for _ in 0..120 {
		if let Ok((head, _)) = client.finalised().await {
			while next <= head {
				let Ok(at) = client.at_number(next.into()).await else { break };
				let Ok(xts) = at.extrinsics().fetch().await else { break };
				let hit = xts.iter().flatten().any(|x| x.hash().0 == hash);
				if hit {
					return receipt(call, at, hash, bytes).await;
				}
				next = next.saturating_add(1);
			}
			if u64::from(head) > u64::from(from).saturating_add(MORTALITY) {
				let used = chain_nonce(client, key).await? > nonce;
				return Err(ChainError::Lost {
					call: call.label(),
					reason: format!(
						"its era ended without it; nonce {nonce} was {}used by another extrinsic",
						if used { "" } else { "not " }
					),
				});
			}
		}
		tokio::time::sleep(Duration::from_secs(2)).await;
	}
	Err(ChainError::Lost { call: call.label(), reason: "the node did not answer".into() })
}

async fn receipt(
	call: &Call,
	at: AtBlock,
	hash: [u8; 32],
	bytes: usize,
) -> Result<TxReceipt, ChainError> {
	let label = call.label();
	let xts = at
		.extrinsics()
		.fetch()
		.await
		.map_err(|e| ChainError::rpc(format!("reading the block of {label}"), e))?;
	let index =
		xts.iter().flatten().find(|x| x.hash().0 == hash).map(|x| x.index() as u32).ok_or_else(
			|| ChainError::Lost {
				call: label.clone(),
				reason: "it is not in the block that was announced".into(),
			},
		)?;
	let events: Vec<ChainEvent> =
		events::events_at(&at).await?.into_iter().filter(|e| e.extrinsic == Some(index)).collect();
	if let Some(failed) =
		events.iter().find(|e| e.pallet == "System" && e.name == "ExtrinsicFailed")
	{
		return Err(ChainError::Dispatch {
			call: label,
			error: explain(&at, &failed.fields["dispatch_error"]),
		});
	}
	Ok(TxReceipt {
		call: label,
		block: at.block_number() as u32,
		block_hash: hex::encode(at.block_hash().0),
		extrinsic: index,
		bytes,
		events,
	})
}

/// A dispatch error in words: `Pallet.Error: its documentation`.
pub fn explain(at: &AtBlock, error: &serde_json::Value) -> String {
	let module = &error["Module"];
	let index = module["index"].as_u64().and_then(|i| u8::try_from(i).ok());
	let code =
		module["error"].as_str().and_then(|h| hex::decode(h).ok()).and_then(|b| b.first().copied());
	if let (Some(index), Some(code)) = (index, code) {
		let metadata = at.metadata_ref();
		if let Some(pallet) = metadata.pallet_by_error_index(index) {
			if let Some(variant) = pallet.error_variant_by_index(code) {
				let docs = variant.docs.iter().map(|d| d.trim()).collect::<Vec<_>>().join(" ");
				return format!("{}.{}: {docs}", pallet.name(), variant.name);
			}
		}
	}
	let names: HashMap<&str, &str> = HashMap::from([
		("BadOrigin", "this account may not do that"),
		("CannotLookup", "unknown account"),
		("Exhausted", "the block is full"),
	]);
	match error.as_str().and_then(|s| names.get(s)) {
		Some(words) => (*words).into(),
		None => error.to_string(),
	}
}
