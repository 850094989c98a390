//! Log queries and the filters that are polled for changes.

use super::{
	chain::BlockRef,
	error::{Error, Result},
	methods::Eth,
	params::{self, BlockTag},
	record::{to_value, LogFilter},
};
use parking_lot::Mutex;
use polkadot_sdk::{
	sp_core::{H256, U256},
	sp_crypto_hashing::keccak_256,
};
use serde_json::Value;
use std::{
	collections::{hash_map::RandomState, HashMap, HashSet},
	hash::BuildHasher,
	time::{Duration, Instant},
};

/// Blocks that one query may span.
pub const MAX_BLOCKS: u64 = 10_000;
/// Logs that one answer may hold.
pub const MAX_LOGS: usize = 10_000;
/// Addresses, or alternatives for one topic.
const MAX_ALTERNATIVES: usize = 1_000;
/// Filters that are kept at a time.
const MAX_FILTERS: usize = 1_000;
/// A filter that nobody polls for so long is forgotten.
const IDLE: Duration = Duration::from_secs(300);

/// A query for logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
	/// One block, or a range of heights.
	pub range: LogRange,
	/// Which logs are wanted.
	pub filter: LogFilter,
}

/// Where to look for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRange {
	/// One block by its Ethereum hash.
	Block(H256),
	/// From one block to another, both included.
	Span(BlockTag, BlockTag),
}

fn bad(field: &str, got: String) -> Error {
	Error::InvalidParams(format!("invalid filter: {field}: {got}"))
}

fn one_or_many<T>(
	field: &str,
	value: &Value,
	read: impl Fn(&Value) -> std::result::Result<T, String>,
) -> Result<Vec<T>> {
	match value {
		Value::Null => Ok(Vec::new()),
		Value::Array(items) if items.len() > MAX_ALTERNATIVES => Err(bad(
			field,
			format!("{} given; at most {MAX_ALTERNATIVES} are allowed", items.len()),
		)),
		Value::Array(items) => {
			items.iter().map(|item| read(item).map_err(|got| bad(field, got))).collect()
		}
		one => Ok(vec![read(one).map_err(|got| bad(field, got))?]),
	}
}

/// Reads addresses and topics.
pub fn log_filter(value: &Value) -> Result<LogFilter> {
	let topics =
		match &value["topics"] {
			Value::Null => Vec::new(),
			Value::Array(positions) if positions.len() <= 4 => positions
				.iter()
				.map(|position| one_or_many("topics", position, params::word))
				.collect::<Result<Vec<_>>>()?,
			_ => return Err(bad(
				"topics",
				"an array of at most 4 positions is allowed, each null, a topic or an array of \
				 topics"
					.into(),
			)),
		};
	Ok(LogFilter { addresses: one_or_many("address", &value["address"], params::address)?, topics })
}

/// Reads a whole query.
pub fn log_query(value: &Value) -> Result<LogQuery> {
	if !value.is_object() {
		return Err(bad("type", format!("{value}; an object is allowed")));
	}
	let tag = |field: &str| match &value[field] {
		Value::Null => Ok(None),
		tag => params::block_tag(tag).map(Some).map_err(|got| bad(field, got)),
	};
	let range = match (&value["blockHash"], tag("fromBlock")?, tag("toBlock")?) {
		(Value::Null, from, to) => {
			LogRange::Span(from.unwrap_or(BlockTag::Latest), to.unwrap_or(BlockTag::Latest))
		}
		(hash, None, None) => {
			LogRange::Block(params::word(hash).map_err(|got| bad("blockHash", got))?)
		}
		_ => {
			return Err(bad(
				"blockHash",
				"either blockHash or fromBlock and toBlock are allowed".into(),
			))
		}
	};
	Ok(LogQuery { range, filter: log_filter(value)? })
}

enum Kind {
	Logs(LogQuery),
	Blocks,
	Pending(HashSet<H256>),
}

struct Filter {
	kind: Kind,
	/// The best block when it was last polled.
	at: BlockRef,
	polled: Instant,
}

/// The filters that clients poll.
#[derive(Default)]
pub struct Filters {
	filters: Mutex<HashMap<U256, Filter>>,
	random: RandomState,
}

impl Eth {
	/// The logs that a query asks for.
	pub fn logs(&self, query: &LogQuery) -> Result<Vec<Value>> {
		let (from, to) = match query.range {
			LogRange::Block(hash) => {
				let record = self.index.by_eth_hash(hash)?.ok_or(Error::UnknownBlock)?;
				return Ok(record.matching_logs(&query.filter, false));
			}
			LogRange::Span(from, to) => (self.height(from)?, self.height(to)?),
		};
		if from > to {
			return Err(bad("fromBlock", format!("block {from} is above toBlock {to}")));
		}
		let span = to.saturating_sub(from).saturating_add(1);
		if span > MAX_BLOCKS {
			return Err(Error::Limit(format!(
				"the query spans {span} blocks; at most {MAX_BLOCKS} are allowed"
			)));
		}
		let mut found = Vec::new();
		for number in from..=to.min(self.chain.best().number.into()) {
			let Ok(number) = u32::try_from(number) else { break };
			let Some(record) = self.index.at_height(number)? else { break };
			found.extend(record.matching_logs(&query.filter, false));
			if found.len() > MAX_LOGS {
				return Err(Error::Limit(format!(
					"the query finds more than {MAX_LOGS} logs up to block {number}: ask for \
					 fewer blocks"
				)));
			}
		}
		Ok(found)
	}

	fn height(&self, tag: BlockTag) -> Result<u64> {
		Ok(match tag {
			BlockTag::Latest | BlockTag::Pending => self.chain.best().number.into(),
			BlockTag::Earliest => 0,
			BlockTag::Finalized => self.chain.finalized().number.into(),
			BlockTag::Number(number) => number,
			BlockTag::Hash(hash) => {
				self.index.by_eth_hash(hash)?.ok_or(Error::UnknownBlock)?.number.into()
			}
		})
	}

	fn add_filter(&self, kind: Kind) -> Result<Value> {
		let now = Instant::now();
		let mut filters = self.filters.filters.lock();
		filters.retain(|_, filter| now.duration_since(filter.polled) < IDLE);
		if filters.len() >= MAX_FILTERS {
			return Err(Error::Limit(format!(
				"{MAX_FILTERS} filters are in use, which is all that are allowed: use \
				 eth_subscribe, or eth_uninstallFilter"
			)));
		}
		// Nobody should guess the filter of somebody else.
		let salt = (self.filters.random.hash_one(now), RandomState::new().hash_one(filters.len()));
		let mut seed = salt.0.to_be_bytes().to_vec();
		seed.extend(salt.1.to_be_bytes());
		let id = U256::from_big_endian(&keccak_256(&seed)[..16]);
		filters.insert(id, Filter { kind, at: self.chain.best(), polled: now });
		to_value(&id)
	}

	/// `eth_newFilter`.
	pub fn new_log_filter(&self, query: LogQuery) -> Result<Value> {
		self.add_filter(Kind::Logs(query))
	}

	/// `eth_newBlockFilter`.
	pub fn new_block_filter(&self) -> Result<Value> {
		self.add_filter(Kind::Blocks)
	}

	/// `eth_newPendingTransactionFilter`.
	pub fn new_pending_filter(&self) -> Result<Value> {
		self.add_filter(Kind::Pending(self.pool_hashes().into_iter().collect()))
	}

	/// `eth_uninstallFilter`.
	pub fn remove_filter(&self, id: U256) -> bool {
		self.filters.filters.lock().remove(&id).is_some()
	}

	fn pool_hashes(&self) -> Vec<H256> {
		self.chain.pool().iter().map(|payload| H256(keccak_256(payload))).collect()
	}

	/// `eth_getFilterChanges`.
	pub fn filter_changes(&self, id: U256) -> Result<Value> {
		let best = self.chain.best();
		let (query, from) = {
			let mut filters = self.filters.filters.lock();
			let filter = filters.get_mut(&id).ok_or_else(unknown_filter)?;
			filter.polled = Instant::now();
			match &mut filter.kind {
				Kind::Logs(query) => (Some(query.filter.clone()), filter.at),
				Kind::Blocks => (None, filter.at),
				Kind::Pending(seen) => {
					let now = self.pool_hashes();
					let fresh: Vec<H256> =
						now.iter().filter(|hash| !seen.contains(hash)).copied().collect();
					*seen = now.into_iter().collect();
					return to_value(&fresh);
				}
			}
		};
		// The other filters need not wait for this.
		let update = self.index.route(from, best)?;
		let changes = match query {
			None => update
				.enacted
				.iter()
				.map(|record| to_value(&record.eth_hash()))
				.collect::<Result<Vec<_>>>()?,
			Some(filter) => {
				let lost =
					update.retracted.iter().flat_map(|block| block.matching_logs(&filter, true));
				let won =
					update.enacted.iter().flat_map(|block| block.matching_logs(&filter, false));
				lost.chain(won).collect()
			}
		};
		if let Some(filter) = self.filters.filters.lock().get_mut(&id) {
			filter.at = best;
		}
		Ok(Value::Array(changes))
	}

	/// `eth_getFilterLogs`.
	pub fn filter_logs(&self, id: U256) -> Result<Value> {
		let query = {
			let mut filters = self.filters.filters.lock();
			let filter = filters.get_mut(&id).ok_or_else(unknown_filter)?;
			filter.polled = Instant::now();
			match &filter.kind {
				Kind::Logs(query) => query.clone(),
				_ => {
					return Err(Error::Refused(
						"this filter is not one of eth_newFilter: use eth_getFilterChanges".into(),
					))
				}
			}
		};
		Ok(Value::Array(self.logs(&query)?))
	}
}

fn unknown_filter() -> Error {
	Error::Refused("filter not found: it was uninstalled, or not polled for 5 minutes".into())
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn a_query_without_range_is_about_the_best_block() {
		let query =
			log_query(&json!({"address": format!("{:?}", polkadot_sdk::sp_core::H160::zero())}))
				.unwrap();
		assert_eq!(query.range, LogRange::Span(BlockTag::Latest, BlockTag::Latest));
		assert_eq!(query.filter.addresses.len(), 1);
	}

	#[test]
	fn topics_are_wildcards_single_or_alternatives() {
		let topic = format!("{:?}", H256::repeat_byte(1));
		let filter = log_filter(&json!({"topics": [null, topic, [topic, topic]]})).unwrap();
		assert_eq!(filter.topics.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 2]);
	}

	#[test]
	fn a_wrong_filter_names_the_field_and_what_is_allowed() {
		for (value, field, allowed) in [
			(json!({"topics": [null, null, null, null, null]}), "topics", "at most 4"),
			(json!({"address": "0x01"}), "address", "20 bytes"),
			(
				json!({"blockHash": format!("{:?}", H256::zero()), "fromBlock": "0x1"}),
				"blockHash",
				"either",
			),
			(json!({"fromBlock": "soon"}), "fromBlock", "latest"),
			(json!([]), "type", "object"),
		] {
			let message = log_query(&value).unwrap_err().to_string();
			assert!(message.contains(field) && message.contains(allowed), "{value}: {message}");
		}
	}
}
