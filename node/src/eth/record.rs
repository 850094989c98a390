//! What is kept of a block, and how it is written as JSON.

use super::{
	chain::{BlockRef, Chain, ReviveEvent},
	error::{Error, Result},
};
use codec::{Decode, Encode};
use polkadot_sdk::{
	pallet_revive::{
		create1,
		evm::{Bytes256, GenericTransaction, TransactionSigned},
		pallet_revive_types::runtime_api::{
			BlockV1, HashesOrTransactionInfosV1, TransactionSignedV1,
		},
	},
	sp_core::{H160, H256, U256},
	sp_crypto_hashing::keccak_256,
};
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// A log of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LogRecord {
	/// The contract that emitted it.
	pub address: H160,
	/// Its topics.
	pub topics: Vec<H256>,
	/// Its data.
	pub data: Vec<u8>,
}

/// An Ethereum transaction of a block with its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TxRecord {
	/// Keccak of the payload.
	pub hash: H256,
	/// The signer.
	pub from: H160,
	/// The signed transaction.
	pub payload: Vec<u8>,
	/// Index of the extrinsic that carried it.
	pub extrinsic: u32,
	/// Gas that it used.
	pub gas_used: U256,
	/// Gas that it and those before it in the block used.
	pub cumulative_gas_used: U256,
	/// Price paid for a unit of gas.
	pub effective_gas_price: U256,
	/// Whether it took effect.
	pub success: bool,
	/// Index in the block of its first log.
	pub first_log: u32,
	/// Its logs.
	pub logs: Vec<LogRecord>,
}

/// A block with its Ethereum transactions.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BlockRecord {
	/// Hash of the block's own header.
	pub substrate_hash: H256,
	/// Height.
	pub number: u32,
	/// The Ethereum block, with the hashes of the transactions.
	pub block: BlockV1,
	/// The transactions in the order of the block.
	pub txs: Vec<TxRecord>,
}

impl BlockRecord {
	/// Reads a block out of the chain. The state after the block must still be there.
	pub fn read(chain: &dyn Chain, at: BlockRef) -> Result<Self> {
		if !chain.has_state(at) {
			return Err(Error::Pruned(at.number));
		}
		let block = chain.eth_block(at.hash)?;
		let hashes = match &block.transactions {
			HashesOrTransactionInfosV1::Hashes(hashes) => hashes.clone(),
			HashesOrTransactionInfosV1::TransactionInfos(infos) => {
				infos.iter().map(|info| info.hash).collect()
			}
		};
		let mut record =
			Self { substrate_hash: at.hash, number: at.number, block, txs: Vec::new() };
		if hashes.is_empty() {
			return Ok(record);
		}

		let mut carried: BTreeMap<H256, (u32, Vec<u8>)> = chain
			.payloads(at.hash)?
			.into_iter()
			.map(|(index, payload)| (H256(keccak_256(&payload)), (index, payload)))
			.collect();
		let mut events: BTreeMap<u32, (bool, Vec<LogRecord>)> = BTreeMap::new();
		for (index, event) in chain.events(at.hash)? {
			let (reverted, logs) = events.entry(index).or_default();
			match event {
				ReviveEvent::Reverted => *reverted = true,
				ReviveEvent::Log { address, topics, data } => {
					logs.push(LogRecord { address, topics, data })
				}
			}
		}
		let gas = chain.gas_info(at.hash)?;
		if gas.len() != hashes.len() {
			return Err(Error::Internal(format!(
				"block {} has {} Ethereum transactions and {} receipts",
				at.number,
				hashes.len(),
				gas.len()
			)));
		}

		let mut cumulative_gas_used = U256::zero();
		let mut first_log = 0u32;
		for (hash, gas) in hashes.into_iter().zip(gas) {
			let (extrinsic, payload) = carried.remove(&hash).ok_or_else(|| {
				Error::Internal(format!("block {} lacks its transaction {hash:?}", at.number))
			})?;
			let (reverted, logs) = events.remove(&extrinsic).unwrap_or_default();
			let from = decode_signed(&payload)?
				.recover_eth_address()
				.map_err(|()| Error::Internal(format!("transaction {hash:?} has no signer")))?;
			cumulative_gas_used = cumulative_gas_used.saturating_add(gas.gas_used);
			let count = logs.len() as u32;
			record.txs.push(TxRecord {
				hash,
				from,
				payload,
				extrinsic,
				gas_used: gas.gas_used,
				cumulative_gas_used,
				effective_gas_price: gas.effective_gas_price,
				success: !reverted,
				first_log,
				logs,
			});
			first_log = first_log.saturating_add(count);
		}
		Ok(record)
	}

	/// The hash that Ethereum clients know the block by.
	pub fn eth_hash(&self) -> H256 {
		self.block.hash
	}

	/// Roughly the memory that the record takes.
	pub fn weight(&self) -> usize {
		let txs: usize = self
			.txs
			.iter()
			.map(|tx| {
				tx.payload.len()
					+ tx.logs.iter().map(|log| 128 + log.data.len()).sum::<usize>()
					+ 300
			})
			.sum();
		1200 + txs
	}

	/// The block as `eth_getBlockBy*` answers it.
	pub fn to_json(&self, full: bool) -> Result<Value> {
		let mut value = to_value(&self.block)?;
		if full {
			let txs: Result<Vec<Value>> =
				(0..self.txs.len()).filter_map(|index| self.tx_json(index).transpose()).collect();
			value["transactions"] = Value::Array(txs?);
		}
		Ok(value)
	}

	/// The header as `newHeads` announces it.
	pub fn header_json(&self) -> Result<Value> {
		let mut value = to_value(&self.block)?;
		if let Some(map) = value.as_object_mut() {
			for body in ["transactions", "uncles", "withdrawals", "size"] {
				map.remove(body);
			}
		}
		Ok(value)
	}

	/// The transaction at `index` as `eth_getTransactionBy*` answers it.
	pub fn tx_json(&self, index: usize) -> Result<Option<Value>> {
		let Some(tx) = self.txs.get(index) else { return Ok(None) };
		let mut value = signed_json(&decode_signed(&tx.payload)?, tx.hash, tx.from)?;
		value["blockHash"] = to_value(&self.eth_hash())?;
		value["blockNumber"] = to_value(&U256::from(self.number))?;
		value["transactionIndex"] = to_value(&U256::from(index))?;
		value["gasPrice"] = to_value(&tx.effective_gas_price)?;
		Ok(Some(value))
	}

	/// The receipt of the transaction at `index`.
	pub fn receipt_json(&self, index: usize) -> Result<Option<Value>> {
		let Some(tx) = self.txs.get(index) else { return Ok(None) };
		let generic = GenericTransaction::from_signed(
			decode_signed(&tx.payload)?,
			tx.effective_gas_price,
			Some(tx.from),
		);
		let created = match (generic.to, generic.nonce) {
			(None, Some(nonce)) if tx.success => {
				Some(create1(&tx.from, u64::try_from(nonce).unwrap_or(u64::MAX)))
			}
			_ => None,
		};
		let logs: Vec<Value> = self.tx_logs(index, false).collect();
		Ok(Some(json!({
			"type": generic.r#type.unwrap_or_default(),
			"status": U256::from(u8::from(tx.success)),
			"cumulativeGasUsed": tx.cumulative_gas_used,
			"logs": logs,
			"logsBloom": bloom_of(&tx.logs),
			"transactionHash": tx.hash,
			"transactionIndex": U256::from(index),
			"blockHash": self.eth_hash(),
			"blockNumber": U256::from(self.number),
			"gasUsed": tx.gas_used,
			"effectiveGasPrice": tx.effective_gas_price,
			"from": tx.from,
			"to": generic.to,
			"contractAddress": created,
		})))
	}

	/// The logs of one transaction as JSON.
	fn tx_logs(&self, index: usize, removed: bool) -> impl Iterator<Item = Value> + '_ {
		self.txs.get(index).into_iter().flat_map(move |tx| {
			(tx.first_log..)
				.zip(&tx.logs)
				.map(move |(log_index, log)| self.log_json(index, tx, log_index, log, removed))
		})
	}

	fn log_json(
		&self,
		index: usize,
		tx: &TxRecord,
		log_index: u32,
		log: &LogRecord,
		removed: bool,
	) -> Value {
		json!({
			"address": log.address,
			"topics": log.topics,
			"data": format!("0x{}", hex::encode(&log.data)),
			"blockNumber": U256::from(self.number),
			"blockTimestamp": self.block.timestamp,
			"transactionHash": tx.hash,
			"transactionIndex": U256::from(index),
			"blockHash": self.eth_hash(),
			"logIndex": U256::from(log_index),
			"removed": removed,
		})
	}

	/// The logs of the block that `filter` lets through.
	pub fn matching_logs(&self, filter: &LogFilter, removed: bool) -> Vec<Value> {
		if !filter.may_match(&self.block.logs_bloom.0) {
			return Vec::new();
		}
		let mut found = Vec::new();
		for (index, tx) in self.txs.iter().enumerate() {
			for (log_index, log) in (tx.first_log..).zip(&tx.logs) {
				if filter.matches(log) {
					found.push(self.log_json(index, tx, log_index, log, removed));
				}
			}
		}
		found
	}
}

/// Which logs are wanted. An empty list lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
	/// The contracts.
	pub addresses: Vec<H160>,
	/// For each position the topics that are let through.
	pub topics: Vec<Vec<H256>>,
}

impl LogFilter {
	/// Whether the log is wanted.
	pub fn matches(&self, log: &LogRecord) -> bool {
		(self.addresses.is_empty() || self.addresses.contains(&log.address))
			&& self.topics.iter().enumerate().all(|(position, wanted)| {
				wanted.is_empty()
					|| log.topics.get(position).is_some_and(|topic| wanted.contains(topic))
			})
	}

	/// Whether a block or receipt with this bloom can hold a wanted log.
	pub fn may_match(&self, bloom: &[u8; 256]) -> bool {
		let any = |items: &mut dyn Iterator<Item = &[u8]>| {
			let mut items = items.peekable();
			items.peek().is_none() || items.any(|item| bloom_has(bloom, item))
		};
		any(&mut self.addresses.iter().map(|address| address.as_bytes()))
			&& self
				.topics
				.iter()
				.all(|wanted| any(&mut wanted.iter().map(|topic| topic.as_bytes())))
	}
}

/// The three bits of the yellow paper's section 4.3.1.
fn bloom_bits(item: &[u8]) -> [usize; 3] {
	let hash = keccak_256(item);
	[0, 2, 4].map(|i| usize::from(u16::from_be_bytes([hash[i], hash[i + 1]])) & 0x7ff)
}

fn bloom_has(bloom: &[u8; 256], item: &[u8]) -> bool {
	bloom_bits(item).iter().all(|bit| bloom[255 - bit / 8] & (1 << (bit % 8)) != 0)
}

fn bloom_of(logs: &[LogRecord]) -> Bytes256 {
	let mut bloom = [0u8; 256];
	for log in logs {
		let topics = log.topics.iter().map(|topic| topic.as_bytes());
		for item in topics.chain([log.address.as_bytes()]) {
			for bit in bloom_bits(item) {
				bloom[255 - bit / 8] |= 1 << (bit % 8);
			}
		}
	}
	Bytes256(bloom)
}

/// A signed transaction out of its bytes.
pub fn decode_signed(payload: &[u8]) -> Result<TransactionSigned> {
	TransactionSigned::decode(payload).map_err(|error| {
		Error::Refused(format!(
			"the transaction does not decode: {error}; a signed RLP transaction is expected"
		))
	})
}

/// A transaction of no block yet.
pub fn signed_json(tx: &TransactionSigned, hash: H256, from: H160) -> Result<Value> {
	let mut value = to_value(&TransactionSignedV1::from(tx.clone()))?;
	value["hash"] = to_value(&hash)?;
	value["from"] = to_value(&from)?;
	for unknown in ["blockHash", "blockNumber", "transactionIndex"] {
		value[unknown] = Value::Null;
	}
	if value.get("v").is_none_or(Value::is_null) {
		value["v"] = value["yParity"].clone();
	}
	Ok(value)
}

/// JSON of any value.
pub fn to_value(value: &impl serde::Serialize) -> Result<Value> {
	serde_json::to_value(value).map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn log(address: u8, topics: &[u8]) -> LogRecord {
		LogRecord {
			address: H160::repeat_byte(address),
			topics: topics.iter().map(|topic| H256::repeat_byte(*topic)).collect(),
			data: vec![1],
		}
	}

	#[test]
	fn the_bloom_is_that_of_an_ethereum_receipt() {
		// A receipt of a `Hello world` contract, as geth made it.
		let log = LogRecord {
			address: "0x82bdb002b9b1f36c42df15fbdc6886abcb2ab31d".parse().unwrap(),
			topics: vec![
				"0x1585375487296ff2f0370daeec4214074a032b31af827c12622fa9a58c16c7d0"
					.parse()
					.unwrap(),
				"0x000000000000000000000000b4f1f9ecfe5a28633a27f57300bda217e99b8969"
					.parse()
					.unwrap(),
			],
			data: Vec::new(),
		};
		let bloom = bloom_of(&[log]).0;
		let set: Vec<usize> =
			(0..2048).filter(|bit| bloom[255 - bit / 8] & (1 << (bit % 8)) != 0).collect();
		assert_eq!(set, [175, 251, 314, 448, 892, 1122, 1163, 1359, 1390]);
	}

	#[test]
	fn a_filter_lets_through_what_its_positions_allow() {
		let filter = LogFilter {
			addresses: vec![H160::repeat_byte(1)],
			topics: vec![vec![], vec![H256::repeat_byte(3), H256::repeat_byte(4)]],
		};
		assert!(filter.matches(&log(1, &[9, 3])));
		assert!(filter.matches(&log(1, &[8, 4, 7])));
		assert!(!filter.matches(&log(1, &[9, 5])));
		assert!(!filter.matches(&log(1, &[9])), "a missing position does not match");
		assert!(!filter.matches(&log(2, &[9, 3])));
		assert!(LogFilter::default().matches(&log(7, &[])));
	}

	#[test]
	fn a_bloom_never_hides_a_matching_log() {
		for seed in 0..50u8 {
			let logs = [log(seed, &[seed, seed.wrapping_add(1)]), log(seed.wrapping_add(2), &[])];
			let bloom = bloom_of(&logs).0;
			for log in &logs {
				let filter = LogFilter {
					addresses: vec![log.address],
					topics: log.topics.iter().map(|topic| vec![*topic]).collect(),
				};
				assert!(filter.matches(log) && filter.may_match(&bloom));
			}
			assert!(!LogFilter::default().addresses.contains(&H160::zero()));
		}
		assert!(!LogFilter { addresses: vec![H160::repeat_byte(1)], topics: vec![] }
			.may_match(&[0; 256]));
	}
}
