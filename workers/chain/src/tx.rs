//! One submission task per key, with a nonce manager.
//!
//! Rules, and where they were learnt (`docs/` has the sources):
//! - The first nonce is the larger of the node's (its pool counted in) and the local one.
//! - A retry sends the very same bytes, so that a stalled extrinsic cannot run twice.
//! - "Priority too low" and "already imported" mean that the nonce or the extrinsic is pooled: that is pending, not failed.
//! - Eras are mortal, so a late report dies instead of hitting the next round.
//! - So many extrinsics of one key may be under way at once, and no more: pools drop and ban floods.
//! - When one is lost, the next nonce is asked for anew, so that the gap is filled and those behind it move.

use crate::{landing, Call, ChainError, ChainEvent, Client, Key};
use std::{
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::Duration,
};
use subxt::{config::DefaultExtrinsicParamsBuilder, tx::TransactionStatus};
use tokio::sync::{mpsc, oneshot, Semaphore};

pub use crate::landing::explain;

/// How many blocks an extrinsic lives.
pub(crate) const MORTALITY: u64 = 64;
/// Extrinsics of one key that may wait at once.
const QUEUE: usize = 256;
/// Extrinsics of one key that may be under way to a block at once.
const IN_FLIGHT: usize = 64;
/// Tries to hand one extrinsic to the node.
const ATTEMPTS: u32 = 8;
/// How long to wait for the pool's first word on an extrinsic.
const FIRST_WORD: Duration = Duration::from_secs(5);

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
	let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
	let lost_one = Arc::new(AtomicBool::new(false));
	let mut next_nonce: u64 = 0;
	while let Some(request) = requests.recv().await {
		// The semaphore is never closed, so there is always a permit to wait for.
		let Ok(permit) = in_flight.clone().acquire_owned().await else { return };
		if lost_one.swap(false, Ordering::Relaxed) {
			next_nonce = 0;
		}
		// Extrinsics are signed and sent one after another; waiting for their blocks runs aside, so that a busy worker
		// fills a block and not one extrinsic a block.
		match send(&client, &key, &request.call, &mut next_nonce).await {
			Ok(sent) => {
				let Request { call, until, reply } = request;
				let (client, key, lost_one) = (client.clone(), key.clone(), lost_one.clone());
				tokio::spawn(async move {
					let result = landing::watch(&client, &key, &call, sent, until).await;
					if matches!(result, Err(ChainError::Lost { .. })) {
						lost_one.store(true, Ordering::Relaxed);
					}
					let _ = reply.send(result);
					drop(permit);
				});
			}
			Err(e) => {
				next_nonce = 0;
				let _ = request.reply.send(Err(e));
			}
		}
	}
}

type Impl = subxt::client::OnlineClientAtBlockImpl<crate::WeftConfig>;
type Progress = subxt::tx::TransactionProgress<crate::WeftConfig, Impl>;
type Status = TransactionStatus<crate::WeftConfig, Impl>;

/// An extrinsic that the node has.
pub(crate) struct Sent {
	/// Its progress and the first status, unless the connection broke while it was sent.
	pub(crate) watched: Option<(Progress, Option<Status>)>,
	pub(crate) hash: [u8; 32],
	pub(crate) nonce: u64,
	pub(crate) bytes: usize,
	/// The finalised block before it.
	pub(crate) at: u32,
}

/// A signed extrinsic. Once it may have reached a pool, only these bytes are sent again.
struct Prepared {
	bytes: Vec<u8>,
	hash: [u8; 32],
	nonce: u64,
	at: u32,
}

/// Why the node did not take an extrinsic.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
	/// It has this very extrinsic.
	AlreadyThere,
	/// Another extrinsic has the nonce, in the pool or in a block.
	NonceTaken,
	/// The pool is full, or bans the extrinsic for a while.
	Busy,
	/// The connection broke; it may or may not have arrived.
	Disconnected,
	/// Anything else, which will not change.
	Invalid,
}

impl Refusal {
	/// By the words of the node, since the two submission interfaces report in different shapes.
	fn of(text: &str) -> Self {
		let text = text.to_lowercase();
		let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
		if has(&["already imported"]) {
			Self::AlreadyThere
		} else if has(&[
			"priority is too low",
			"transaction is too low",
			"too low priority",
			"outdated",
			"stale",
		]) {
			Self::NonceTaken
		} else if has(&["immediately dropped", "because of the limit", "banned"]) {
			Self::Busy
		} else if has(&["connection", "transport", "closed", "restart needed", "timeout"]) {
			Self::Disconnected
		} else {
			Self::Invalid
		}
	}
}

async fn prepare(
	client: &Client,
	key: &Key,
	call: &Call,
	next_nonce: u64,
) -> Result<Prepared, ChainError> {
	let at = client.at_finalised().await?;
	let nonce = client.next_nonce(&key.account()).await?.max(next_nonce);
	let params = DefaultExtrinsicParamsBuilder::<crate::WeftConfig>::new()
		.nonce(nonce)
		.mortal(MORTALITY)
		.build();
	let signed = at
		.transactions()
		.create_signed(&call.payload(), key.keypair(), params)
		.await
		.map_err(|e| ChainError::Rejected { call: call.label(), reason: e.to_string() })?;
	let hash = signed.hash().0;
	let at = u32::try_from(at.block_number()).unwrap_or(u32::MAX);
	Ok(Prepared { bytes: signed.into_encoded(), hash, nonce, at })
}

/// Hands an extrinsic to the node and waits for the pool's first word on it.
async fn submit(
	client: &Client,
	extrinsic: &Prepared,
) -> Result<(Progress, Option<Status>), (Refusal, String)> {
	let at = client.at_finalised().await.map_err(|e| (Refusal::Disconnected, e.to_string()))?;
	let transaction = at.transactions().from_bytes(extrinsic.bytes.clone());
	let mut progress = transaction
		.submit_and_watch()
		.await
		.map_err(|e| (Refusal::of(&format!("{e:?} {e}")), e.to_string()))?;
	match tokio::time::timeout(FIRST_WORD, progress.next()).await {
		Ok(Some(Ok(
			Status::Invalid { message } | Status::Dropped { message } | Status::Error { message },
		))) => Err((Refusal::of(&message), message)),
		Ok(Some(Ok(status))) => Ok((progress, Some(status))),
		Ok(Some(Err(e))) => Err((Refusal::of(&format!("{e:?} {e}")), e.to_string())),
		Ok(None) => Err((Refusal::Disconnected, "the node ended the report".into())),
		Err(_) => Ok((progress, None)),
	}
}

async fn send(
	client: &Client,
	key: &Key,
	call: &Call,
	next_nonce: &mut u64,
) -> Result<Sent, ChainError> {
	// Set from the moment on at which an extrinsic may have reached the pool.
	let mut doubtful: Option<Prepared> = None;
	let mut last = String::new();
	for attempt in 0..ATTEMPTS {
		if attempt > 0 {
			tokio::time::sleep(Duration::from_millis(500 * u64::from(attempt))).await;
		}
		let again = doubtful.is_some();
		let extrinsic = match doubtful.take() {
			Some(same) => same,
			None => match prepare(client, key, call, *next_nonce).await {
				Ok(new) => new,
				Err(ChainError::Connect { reason, .. } | ChainError::Rpc { reason, .. }) => {
					last = reason;
					let _ = client.reconnect().await;
					continue;
				}
				Err(e) => return Err(e),
			},
		};
		let watched = match submit(client, &extrinsic).await {
			Ok(watched) => Some(watched),
			Err((Refusal::AlreadyThere, _)) => None,
			// Of bytes sent before: it is they that took the nonce, or nobody can run them any more.
			Err((Refusal::NonceTaken, _)) if again => None,
			Err((Refusal::NonceTaken, reason)) => {
				last = reason;
				*next_nonce = extrinsic.nonce.saturating_add(1);
				continue;
			}
			Err((Refusal::Busy, reason)) => {
				last = reason;
				doubtful = Some(extrinsic);
				continue;
			}
			Err((Refusal::Disconnected, reason)) => {
				last = reason;
				doubtful = Some(extrinsic);
				let _ = client.reconnect().await;
				continue;
			}
			Err((Refusal::Invalid, reason)) => {
				return Err(ChainError::Rejected { call: call.label(), reason });
			}
		};
		let Prepared { bytes, hash, nonce, at } = extrinsic;
		*next_nonce = nonce.saturating_add(1);
		return Ok(Sent { watched, hash, nonce, bytes: bytes.len(), at });
	}
	Err(ChainError::Rejected { call: call.label(), reason: last })
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_words_of_the_node_are_understood() {
		for (text, refusal) in [
			("RPC error: Transaction Already Imported (1013)", Refusal::AlreadyThere),
			("[Some(0x12)] Already imported", Refusal::AlreadyThere),
			(
				"Priority is too low: (5 vs 5): the transaction has too low priority",
				Refusal::NonceTaken,
			),
			("Too low priority (5 > 5)", Refusal::NonceTaken),
			(
				"The priority of the transaction is too low (pool 664 > current 664)",
				Refusal::NonceTaken,
			),
			("Invalid transaction: Transaction is outdated", Refusal::NonceTaken),
			("Transaction is already imported", Refusal::AlreadyThere),
			("The transaction could not enter the pool because of the limit", Refusal::Busy),
			("Invalid Transaction (1010): Transaction is outdated", Refusal::NonceTaken),
			("Invalid transaction validity: InvalidTransaction::Stale", Refusal::NonceTaken),
			("Transaction is temporarily banned", Refusal::Busy),
			("Immediately Dropped", Refusal::Busy),
			("The background task closed; restart required", Refusal::Disconnected),
			(
				"Invalid transaction: Inability to pay some fees (e.g. account balance too low)",
				Refusal::Invalid,
			),
		] {
			assert_eq!(Refusal::of(text), refusal, "{text}");
		}
	}
}
