//! Finding blocks and transactions by their Ethereum hashes.
//!
//! The records lie in the node's own auxiliary store, keyed by the block's own hash, so that they
//! are right after a restart and outlive the pruning of states. Blocks of a lost fork keep their
//! records, but nothing is served unless its block is on the best chain at the time of asking:
//! a re-organisation needs no repair. Every stored block has all its ancestors stored, or a *gap*
//! below it says from where to go on; gaps are closed in the background, newest blocks first.

use super::{
	chain::{BlockRef, Chain},
	error::{Error, Result},
	record::BlockRecord,
};
use codec::{Decode, Encode};
use parking_lot::Mutex;
use polkadot_sdk::sp_core::H256;
use std::{
	collections::{HashMap, VecDeque},
	sync::Arc,
};
use tokio::sync::broadcast;

/// Blocks that are indexed at once when the chain advances; the rest is left to the background.
const INLINE: usize = 64;
/// Blocks of one background batch.
const BATCH: usize = 64;
/// Memory of the cache.
const CACHE_BYTES: usize = 32 * 1024 * 1024;
/// Blocks that share an Ethereum hash, or that hold the same transaction: forks.
const MAX_FORKS: usize = 16;
/// How far two blocks may be apart to be compared.
pub const MAX_ROUTE: usize = 10_000;

const LOG_TARGET: &str = "eth";

/// The way from one best block to the next.
#[derive(Debug, Clone, Default)]
pub struct Update {
	/// Blocks that left the best chain, newest first.
	pub retracted: Vec<Arc<BlockRecord>>,
	/// Blocks that joined it, oldest first.
	pub enacted: Vec<Arc<BlockRecord>>,
}

#[derive(Default)]
struct Cache {
	records: HashMap<H256, Arc<BlockRecord>>,
	order: VecDeque<H256>,
	bytes: usize,
}

impl Cache {
	fn insert(&mut self, record: Arc<BlockRecord>) {
		let hash = record.substrate_hash;
		let weight = record.weight();
		if self.records.insert(hash, record).is_none() {
			self.order.push_back(hash);
			self.bytes = self.bytes.saturating_add(weight);
		}
		while self.bytes > CACHE_BYTES && self.order.len() > 1 {
			if let Some(old) = self.order.pop_front().and_then(|old| self.records.remove(&old)) {
				self.bytes = self.bytes.saturating_sub(old.weight());
			}
		}
	}
}

/// Writing is one at a time.
#[derive(Default)]
struct Writer {
	head: Option<BlockRef>,
}

/// The index.
pub struct Index {
	chain: Arc<dyn Chain>,
	cache: Mutex<Cache>,
	writer: Mutex<Writer>,
	updates: broadcast::Sender<Arc<Update>>,
}

fn block_key(hash: H256) -> Vec<u8> {
	[b"weft-eth/1/block/", hash.as_bytes()].concat()
}

fn hash_key(eth_hash: H256) -> Vec<u8> {
	[b"weft-eth/1/hash/", eth_hash.as_bytes()].concat()
}

fn tx_key(hash: H256) -> Vec<u8> {
	[&b"weft-eth/1/tx/"[..], hash.as_bytes()].concat()
}

const GAPS_KEY: &[u8] = b"weft-eth/1/gaps";

impl Index {
	/// An index over `chain`; nothing is read before [`Self::catch_up`].
	pub fn new(chain: Arc<dyn Chain>) -> Self {
		let (updates, _) = broadcast::channel(256);
		Self { chain, cache: Default::default(), writer: Default::default(), updates }
	}

	/// The moves of the best chain from now on.
	pub fn updates(&self) -> broadcast::Receiver<Arc<Update>> {
		self.updates.subscribe()
	}

	/// The record of a block by its own hash: from memory, from the store, or out of the chain.
	pub fn record(&self, at: BlockRef) -> Result<Arc<BlockRecord>> {
		if let Some(record) = self.cache.lock().records.get(&at.hash) {
			return Ok(record.clone());
		}
		let record = match self.stored(at.hash)? {
			Some(record) => record,
			None => BlockRecord::read(&*self.chain, at)?,
		};
		let record = Arc::new(record);
		self.cache.lock().insert(record.clone());
		Ok(record)
	}

	/// The record of the block at a height of the best chain.
	pub fn at_height(&self, number: u32) -> Result<Option<Arc<BlockRecord>>> {
		if number > self.chain.best().number {
			return Ok(None);
		}
		match self.chain.canonical(number)? {
			Some(hash) => self.record(BlockRef { hash, number }).map(Some),
			None => Ok(None),
		}
	}

	/// The block of the best chain with this Ethereum hash.
	pub fn by_eth_hash(&self, eth_hash: H256) -> Result<Option<Arc<BlockRecord>>> {
		self.retrying(|| {
			for hash in self.list::<H256>(&hash_key(eth_hash))? {
				if let Some(at) = self.if_canonical(hash)? {
					return self.record(at).map(Some);
				}
			}
			Ok(None)
		})
	}

	/// The transaction of the best chain with this hash, by its index in its block.
	pub fn transaction(&self, hash: H256) -> Result<Option<(Arc<BlockRecord>, usize)>> {
		self.retrying(|| {
			for (block, index) in self.list::<(H256, u32)>(&tx_key(hash))? {
				if let Some(at) = self.if_canonical(block)? {
					return Ok(Some((self.record(at)?, index as usize)));
				}
			}
			Ok(None)
		})
	}

	/// The index may be a few milliseconds behind the chain: a miss looks again when it is not.
	fn retrying<T>(&self, find: impl Fn() -> Result<Option<T>>) -> Result<Option<T>> {
		match find()? {
			Some(found) => Ok(Some(found)),
			None if self.catch_up()? => find(),
			None => Ok(None),
		}
	}

	fn if_canonical(&self, hash: H256) -> Result<Option<BlockRef>> {
		let Some((number, _)) = self.chain.header(hash)? else { return Ok(None) };
		let best = self.chain.best();
		let canonical = number <= best.number && self.chain.canonical(number)? == Some(hash);
		Ok(canonical.then_some(BlockRef { hash, number }))
	}

	fn stored(&self, hash: H256) -> Result<Option<BlockRecord>> {
		let Some(raw) = self.chain.get_aux(&block_key(hash))? else { return Ok(None) };
		// A record that does not decode was written by another version: read the chain again.
		Ok(BlockRecord::decode(&mut &raw[..]).ok())
	}

	fn list<T: Decode>(&self, key: &[u8]) -> Result<Vec<T>> {
		let Some(raw) = self.chain.get_aux(key)? else { return Ok(Vec::new()) };
		Ok(Vec::decode(&mut &raw[..]).unwrap_or_default())
	}

	/// Indexes up to the best block and announces the move; whether there was anything to do.
	pub fn catch_up(&self) -> Result<bool> {
		let mut writer = self.writer.lock();
		let best = self.chain.best();
		if writer.head == Some(best) {
			return Ok(false);
		}
		let mut missing = Vec::new();
		let mut at = best;
		while self.chain.get_aux(&block_key(at.hash))?.is_none() {
			missing.push(at);
			if at.number == 0 {
				break;
			}
			// A warp-synced node does not know every header yet: what it knows is what it serves.
			let Ok(parent) = self.parent(at) else { break };
			if missing.len() >= INLINE {
				if self.chain.get_aux(&block_key(parent.hash))?.is_none() {
					let mut gaps = self.list::<(H256, u32)>(GAPS_KEY)?;
					gaps.push((parent.hash, parent.number));
					self.chain.put_aux(&[(GAPS_KEY.to_vec(), gaps.encode())])?;
				}
				break;
			}
			at = parent;
		}
		for at in missing.into_iter().rev() {
			match BlockRecord::read(&*self.chain, at) {
				Ok(record) => self.store(vec![record], None)?,
				// Its state is gone, and so is that of every ancestor: nothing to index there.
				Err(Error::Pruned(_)) => continue,
				Err(error) => return Err(error),
			}
		}
		let update = match writer.head {
			Some(head) if self.updates.receiver_count() > 0 => self.route(head, best).ok(),
			_ => None,
		};
		writer.head = Some(best);
		if let Some(update) = update {
			// No receiver is no error.
			let _ = self.updates.send(Arc::new(update));
		}
		Ok(true)
	}

	/// Indexes one batch of the newest gap; whether more is left.
	pub fn backfill(&self) -> Result<bool> {
		let _writer = self.writer.lock();
		let mut gaps = self.list::<(H256, u32)>(GAPS_KEY)?;
		let Some((hash, number)) = gaps.pop() else { return Ok(false) };
		let mut records = Vec::new();
		let mut at = BlockRef { hash, number };
		let mut next = None;
		while self.chain.get_aux(&block_key(at.hash))?.is_none() {
			if records.len() >= BATCH {
				next = Some(at);
				break;
			}
			match BlockRecord::read(&*self.chain, at) {
				Ok(record) => records.push(record),
				Err(Error::Pruned(number)) => {
					tracing::info!(
						target: LOG_TARGET,
						"Ethereum blocks up to {number} are not indexed: their states are pruned"
					);
					break;
				}
				Err(error) => return Err(error),
			}
			if at.number == 0 {
				break;
			}
			let Ok(parent) = self.parent(at) else { break };
			at = parent;
		}
		gaps.extend(next.map(|at| (at.hash, at.number)));
		let more = !gaps.is_empty();
		self.store(records, Some(gaps))?;
		Ok(more)
	}

	fn parent(&self, at: BlockRef) -> Result<BlockRef> {
		let (_, hash) = self.chain.header(at.hash)?.ok_or(Error::UnknownBlock)?;
		Ok(BlockRef { hash, number: at.number.saturating_sub(1) })
	}

	/// Writes the records, and the gaps if they changed, in one transaction of the database.
	fn store(&self, records: Vec<BlockRecord>, gaps: Option<Vec<(H256, u32)>>) -> Result<()> {
		let mut hashes: HashMap<H256, Vec<H256>> = HashMap::new();
		let mut txs: HashMap<H256, Vec<(H256, u32)>> = HashMap::new();
		let mut entries = Vec::new();
		for record in &records {
			let block = record.substrate_hash;
			entries.push((block_key(block), record.encode()));
			let eth_hash = record.eth_hash();
			if let std::collections::hash_map::Entry::Vacant(entry) = hashes.entry(eth_hash) {
				entry.insert(self.list(&hash_key(eth_hash))?);
			}
			if let Some(list) = hashes.get_mut(&eth_hash) {
				push_front(list, block, |known| *known == block);
			}
			for (index, tx) in (0u32..).zip(&record.txs) {
				if let std::collections::hash_map::Entry::Vacant(entry) = txs.entry(tx.hash) {
					entry.insert(self.list(&tx_key(tx.hash))?);
				}
				if let Some(list) = txs.get_mut(&tx.hash) {
					push_front(list, (block, index), |known| known.0 == block);
				}
			}
		}
		entries.extend(hashes.into_iter().map(|(hash, list)| (hash_key(hash), list.encode())));
		entries.extend(txs.into_iter().map(|(hash, list)| (tx_key(hash), list.encode())));
		entries.extend(gaps.map(|gaps| (GAPS_KEY.to_vec(), gaps.encode())));
		self.chain.put_aux(&entries)?;
		let mut cache = self.cache.lock();
		for record in records {
			cache.insert(Arc::new(record));
		}
		Ok(())
	}

	/// The way from `from` to `to`. `from` need not be on the best chain any more.
	pub fn route(&self, from: BlockRef, to: BlockRef) -> Result<Update> {
		let (mut old, mut new) = (from, to);
		let (mut retracted, mut enacted) = (Vec::new(), Vec::new());
		while old != new {
			if retracted.len() + enacted.len() >= MAX_ROUTE {
				return Err(Error::Limit(format!(
					"more than {MAX_ROUTE} blocks have passed: make a new filter"
				)));
			}
			if new.number >= old.number {
				enacted.push(new);
				if new.number == old.number {
					retracted.push(old);
					old = self.parent(old)?;
				}
				new = self.parent(new)?;
			} else {
				retracted.push(old);
				old = self.parent(old)?;
			}
		}
		enacted.reverse();
		let records = |blocks: Vec<BlockRef>| -> Result<Vec<Arc<BlockRecord>>> {
			blocks.into_iter().map(|at| self.record(at)).collect()
		};
		Ok(Update { retracted: records(retracted)?, enacted: records(enacted)? })
	}
}

/// The newest first; the same block once; the oldest forks fall out.
fn push_front<T>(list: &mut Vec<T>, item: T, same: impl Fn(&T) -> bool) {
	list.retain(|known| !same(known));
	list.insert(0, item);
	list.truncate(MAX_FORKS);
}
