//! The methods that answer once.

use super::{
	chain::{BlockRef, CallOptions, Chain},
	error::{Error, Result},
	filters::{self, Filters},
	index::Index,
	params::{Args, BlockTag},
	record::{decode_signed, signed_json, to_value, BlockRecord},
};
use jsonrpsee::{types::ErrorObjectOwned, RpcModule};
use polkadot_sdk::{
	pallet_revive::{
		evm::{GenericTransaction, TransactionSigned},
		pallet_revive_types::runtime_api::{GenericTransactionV1, StateOverrideSetV1},
	},
	sp_core::{H256, U256},
	sp_crypto_hashing::keccak_256,
};
use serde_json::{json, Value};
use std::{
	sync::Arc,
	time::{SystemTime, UNIX_EPOCH},
};

/// Blocks that `eth_feeHistory` answers for at most.
const MAX_FEE_HISTORY: u64 = 1024;

/// What all methods share.
pub struct Eth {
	/// The chain.
	pub chain: Arc<dyn Chain>,
	/// Where Ethereum hashes lead.
	pub index: Arc<Index>,
	/// The filters that clients poll.
	pub filters: Filters,
}

impl Eth {
	/// The methods over a chain and its index.
	pub fn new(chain: Arc<dyn Chain>, index: Arc<Index>) -> Self {
		Self { chain, index, filters: Filters::default() }
	}

	/// The block whose state a request is about.
	pub fn state_at(&self, tag: BlockTag) -> Result<BlockRef> {
		let at = match tag {
			BlockTag::Latest | BlockTag::Pending => self.chain.best(),
			BlockTag::Finalized => self.chain.finalized(),
			BlockTag::Earliest => self.by_number(0)?,
			BlockTag::Number(number) => self.by_number(number)?,
			BlockTag::Hash(hash) => {
				let record = self.index.by_eth_hash(hash)?.ok_or(Error::UnknownBlock)?;
				BlockRef { hash: record.substrate_hash, number: record.number }
			}
		};
		if !self.chain.has_state(at) {
			return Err(Error::Pruned(at.number));
		}
		Ok(at)
	}

	fn by_number(&self, number: u64) -> Result<BlockRef> {
		let number = u32::try_from(number).map_err(|_| Error::UnknownBlock)?;
		if number > self.chain.best().number {
			return Err(Error::UnknownBlock);
		}
		let hash = self.chain.canonical(number)?.ok_or(Error::UnknownBlock)?;
		Ok(BlockRef { hash, number })
	}

	/// The block that a tag names, `None` when there is none.
	pub fn block(&self, tag: BlockTag) -> Result<Option<Arc<BlockRecord>>> {
		match tag {
			BlockTag::Latest | BlockTag::Pending => self.index.record(self.chain.best()).map(Some),
			BlockTag::Finalized => self.index.record(self.chain.finalized()).map(Some),
			BlockTag::Earliest => self.index.at_height(0),
			BlockTag::Number(number) => match u32::try_from(number) {
				Ok(number) => self.index.at_height(number),
				Err(_) => Ok(None),
			},
			BlockTag::Hash(hash) => self.index.by_eth_hash(hash),
		}
	}

	fn block_json(&self, tag: BlockTag, full: bool) -> Result<Value> {
		self.block(tag)?.map_or(Ok(Value::Null), |record| record.to_json(full))
	}

	fn transaction_count(&self, tag: BlockTag) -> Result<Value> {
		self.block(tag)?.map_or(Ok(Value::Null), |record| to_value(&U256::from(record.txs.len())))
	}

	fn transaction_at(&self, tag: BlockTag, index: U256) -> Result<Value> {
		let Some(record) = self.block(tag)? else { return Ok(Value::Null) };
		let index = usize::try_from(index).unwrap_or(usize::MAX);
		Ok(record.tx_json(index)?.unwrap_or(Value::Null))
	}

	fn transaction(&self, hash: H256) -> Result<Value> {
		if let Some((record, index)) = self.index.transaction(hash)? {
			return Ok(record.tx_json(index)?.unwrap_or(Value::Null));
		}
		let pool = self.chain.pool();
		let Some(payload) = pool.iter().find(|payload| H256(keccak_256(payload)) == hash) else {
			return Ok(Value::Null);
		};
		let tx = decode_signed(payload)?;
		let from = signer(&tx)?;
		signed_json(&tx, hash, from)
	}

	fn receipt(&self, hash: H256) -> Result<Value> {
		match self.index.transaction(hash)? {
			Some((record, index)) => Ok(record.receipt_json(index)?.unwrap_or(Value::Null)),
			None => Ok(Value::Null),
		}
	}

	fn block_receipts(&self, tag: BlockTag) -> Result<Value> {
		let Some(record) = self.block(tag)? else { return Ok(Value::Null) };
		let receipts: Result<Vec<Value>> = (0..record.txs.len())
			.filter_map(|index| record.receipt_json(index).transpose())
			.collect();
		Ok(Value::Array(receipts?))
	}

	fn count_of(&self, args: &Args) -> Result<Value> {
		let address = args.address(0)?;
		let tag = args.block(1)?;
		let nonce = self.chain.nonce(self.state_at(tag)?.hash, address)?;
		let nonce = match tag {
			BlockTag::Pending => self.chain.pool_nonce(address, nonce),
			_ => nonce,
		};
		to_value(&U256::from(nonce))
	}

	fn storage_at(&self, args: &Args) -> Result<Value> {
		let address = args.address(0)?;
		let slot = H256(args.quantity(1, "slot")?.to_big_endian());
		let at = self.state_at(args.block(2)?)?;
		let mut word = [0u8; 32];
		let value = self.chain.storage(at.hash, address, slot)?.unwrap_or_default();
		// Slots that Solidity did not write may be shorter or longer: the last 32 bytes count.
		for (to, from) in word.iter_mut().rev().zip(value.iter().rev()) {
			*to = *from;
		}
		to_value(&H256(word))
	}

	/// The transaction object of a call, its block and what is replaced for it.
	fn call_args(&self, args: &Args) -> Result<(GenericTransactionV1, BlockRef, CallOptions)> {
		let tx = args.object(0, "transaction", "a transaction object")?;
		let tag = args.block(1)?;
		let overrides =
			args.optional::<StateOverrideSetV1>(2, "overrides", "accounts with replaced state")?;
		let timestamp = (tag == BlockTag::Pending).then(now_millis);
		Ok((tx, self.state_at(tag)?, CallOptions { timestamp, overrides }))
	}

	fn call(&self, args: &Args) -> Result<Value> {
		let (tx, at, options) = self.call_args(args)?;
		let data = self.chain.call(at.hash, tx, options)?;
		Ok(Value::String(format!("0x{}", hex::encode(data))))
	}

	fn estimate(&self, args: &Args) -> Result<Value> {
		let (tx, at, options) = self.call_args(args)?;
		to_value(&self.chain.estimate(at.hash, tx, options)?)
	}

	fn fee_history(&self, args: &Args) -> Result<Value> {
		let count = args.quantity(0, "blockCount")?;
		let newest = self.block(args.block(1)?)?.ok_or(Error::UnknownBlock)?;
		let percentiles: Vec<f64> =
			args.optional(2, "rewardPercentiles", "an array of numbers")?.unwrap_or_default();
		let rising = percentiles.windows(2).all(|pair| pair[0] <= pair[1]);
		if percentiles.len() > 100
			|| !rising
			|| percentiles.iter().any(|p| !(0.0..=100.0).contains(p))
		{
			return Err(Error::InvalidParams(
				"invalid parameter 2 (rewardPercentiles): at most 100 rising numbers from 0 to \
				 100 are allowed"
					.into(),
			));
		}
		let count = u64::try_from(count)
			.unwrap_or(MAX_FEE_HISTORY)
			.min(MAX_FEE_HISTORY)
			.min(u64::from(newest.number).saturating_add(1));
		if count == 0 {
			return Ok(json!({ "oldestBlock": "0x0", "baseFeePerGas": [], "gasUsedRatio": [] }));
		}
		let oldest = newest
			.number
			.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX).saturating_sub(1));
		let (mut fees, mut ratios, mut rewards) = (Vec::new(), Vec::new(), Vec::new());
		for number in oldest..=newest.number {
			let record = self.index.at_height(number)?.ok_or(Error::UnknownBlock)?;
			fees.push(record.block.base_fee_per_gas);
			ratios.push(ratio(record.block.gas_used, record.block.gas_limit));
			// The runtime takes no tip from Ethereum transactions.
			rewards.push(vec![U256::zero(); percentiles.len()]);
		}
		fees.push(self.chain.gas_price(self.chain.best().hash)?);
		let mut answer = json!({
			"oldestBlock": U256::from(oldest),
			"baseFeePerGas": fees,
			"gasUsedRatio": ratios,
		});
		if !percentiles.is_empty() {
			answer["reward"] = to_value(&rewards)?;
		}
		Ok(answer)
	}

	/// Refuses what the pool would refuse, in the words that Ethereum clients know.
	fn check(&self, payload: &[u8]) -> Result<()> {
		let tx = decode_signed(payload)?;
		let chain_id = match &tx {
			TransactionSigned::TransactionLegacySigned(tx) => {
				tx.transaction_legacy_unsigned.chain_id.ok_or_else(|| {
					Error::Refused(
						"only replay-protected (EIP-155) transactions allowed over RPC".into(),
					)
				})?
			}
			TransactionSigned::Transaction2930Signed(tx) => tx.transaction_2930_unsigned.chain_id,
			TransactionSigned::Transaction1559Signed(tx) => tx.transaction_1559_unsigned.chain_id,
			TransactionSigned::Transaction4844Signed(_)
			| TransactionSigned::Transaction7702Signed(_) => {
				return Err(Error::Refused(
					"transaction type not supported: types 0 (legacy), 1 (EIP-2930) and 2 \
					 (EIP-1559) are allowed"
						.into(),
				))
			}
		};
		let own = self.chain.chain_id();
		if chain_id != U256::from(own) {
			return Err(Error::Refused(format!(
				"invalid chain id for signer: have {chain_id} want {own}"
			)));
		}
		let from = signer(&tx)?;
		let at = self.chain.best().hash;
		let base_fee = self.chain.gas_price(at)?;
		let tx = GenericTransaction::from_signed(tx, base_fee, Some(from));
		let nonce = tx.nonce.unwrap_or_default();
		let next = self.chain.nonce(at, from)?;
		if nonce < U256::from(next) {
			return Err(Error::Refused(format!(
				"nonce too low: address {from:?}, tx: {nonce} state: {next}"
			)));
		}
		// The effective price is cut to the base fee: below it, it is what the sender offers.
		let price = tx.gas_price.unwrap_or_default();
		if price < base_fee {
			return Err(Error::Refused(format!(
				"max fee per gas less than block base fee: address {from:?}, maxFeePerGas: \
				 {price}, baseFee: {base_fee}"
			)));
		}
		let cost = tx
			.gas
			.unwrap_or_default()
			.checked_mul(price)
			.and_then(|fee| fee.checked_add(tx.value.unwrap_or_default()))
			.unwrap_or(U256::MAX);
		let balance = self.chain.balance(at, from)?;
		if balance < cost {
			return Err(Error::Refused(format!(
				"insufficient funds for gas * price + value: address {from:?} have {balance} want \
				 {cost}"
			)));
		}
		Ok(())
	}
}

/// Who signed the transaction.
pub fn signer(tx: &TransactionSigned) -> Result<polkadot_sdk::sp_core::H160> {
	tx.recover_eth_address()
		.map_err(|()| Error::Refused("invalid sender: the signature recovers no address".into()))
}

fn ratio(used: U256, limit: U256) -> f64 {
	if limit.is_zero() {
		return 0.0;
	}
	let parts = used.saturating_mul(U256::from(1_000_000u32)) / limit;
	parts.min(U256::from(1_000_000u32)).low_u64() as f64 / 1_000_000.0
}

fn now_millis() -> u64 {
	SystemTime::now()
		.duration_since(UNIX_EPOCH)
		.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

type Registered = std::result::Result<(), jsonrpsee::core::RegisterMethodError>;

/// Registers a method that reads the chain: it runs on a thread that may block.
fn reads(
	module: &mut RpcModule<Eth>,
	name: &'static str,
	method: impl Fn(&Eth, &Args) -> Result<Value> + Clone + Send + Sync + 'static,
) -> Registered {
	module.register_blocking_method(
		name,
		move |params, eth, _| -> std::result::Result<Value, ErrorObjectOwned> {
			let args = Args::parse(&params)?;
			Ok(method(&eth, &args)?)
		},
	)?;
	Ok(())
}

/// Registers a method whose answer never changes.
fn constant(module: &mut RpcModule<Eth>, name: &'static str, answer: Value) -> Registered {
	module.register_method(name, move |_, _, _| answer.clone())?;
	Ok(())
}

/// Registers every method of this file.
pub fn register(module: &mut RpcModule<Eth>, chain_id: u64) -> Registered {
	constant(module, "eth_chainId", json!(U256::from(chain_id)))?;
	constant(module, "net_version", json!(chain_id.to_string()))?;
	constant(module, "net_listening", json!(true))?;
	constant(module, "eth_accounts", json!([]))?;
	constant(module, "eth_maxPriorityFeePerGas", json!("0x0"))?;
	constant(module, "eth_protocolVersion", json!("0x44"))?;
	let version = format!(
		"weft-node/v{}/{}-{}/rust",
		env!("CARGO_PKG_VERSION"),
		std::env::consts::OS,
		std::env::consts::ARCH
	);
	constant(module, "web3_clientVersion", json!(version))?;
	reads(module, "web3_sha3", |_, args| to_value(&H256(keccak_256(&args.bytes(0, "data")?))))?;

	reads(module, "eth_blockNumber", |eth, _| to_value(&U256::from(eth.chain.best().number)))?;
	reads(module, "eth_gasPrice", |eth, _| to_value(&eth.chain.gas_price(eth.chain.best().hash)?))?;
	reads(module, "eth_feeHistory", Eth::fee_history)?;

	reads(module, "eth_getBalance", |eth, args| {
		let address = args.address(0)?;
		to_value(&eth.chain.balance(eth.state_at(args.block(1)?)?.hash, address)?)
	})?;
	reads(module, "eth_getCode", |eth, args| {
		let address = args.address(0)?;
		let code = eth.chain.code(eth.state_at(args.block(1)?)?.hash, address)?;
		Ok(json!(format!("0x{}", hex::encode(code))))
	})?;
	reads(module, "eth_getStorageAt", Eth::storage_at)?;
	reads(module, "eth_getTransactionCount", Eth::count_of)?;
	reads(module, "eth_call", Eth::call)?;
	reads(module, "eth_estimateGas", Eth::estimate)?;

	reads(module, "eth_getBlockByNumber", |eth, args| {
		eth.block_json(args.block(0)?, args.flag(1, "full")?)
	})?;
	reads(module, "eth_getBlockByHash", |eth, args| {
		eth.block_json(BlockTag::Hash(args.hash(0, "blockHash")?), args.flag(1, "full")?)
	})?;
	reads(module, "eth_getBlockTransactionCountByNumber", |eth, args| {
		eth.transaction_count(args.block(0)?)
	})?;
	reads(module, "eth_getBlockTransactionCountByHash", |eth, args| {
		eth.transaction_count(BlockTag::Hash(args.hash(0, "blockHash")?))
	})?;
	reads(module, "eth_getTransactionByHash", |eth, args| {
		eth.transaction(args.hash(0, "transactionHash")?)
	})?;
	reads(module, "eth_getTransactionByBlockNumberAndIndex", |eth, args| {
		eth.transaction_at(args.block(0)?, args.quantity(1, "index")?)
	})?;
	reads(module, "eth_getTransactionByBlockHashAndIndex", |eth, args| {
		let tag = BlockTag::Hash(args.hash(0, "blockHash")?);
		eth.transaction_at(tag, args.quantity(1, "index")?)
	})?;
	reads(module, "eth_getTransactionReceipt", |eth, args| {
		eth.receipt(args.hash(0, "transactionHash")?)
	})?;
	reads(module, "eth_getBlockReceipts", |eth, args| eth.block_receipts(args.block(0)?))?;
	for name in ["eth_getUncleCountByBlockHash", "eth_getUncleCountByBlockNumber"] {
		constant(module, name, json!("0x0"))?;
	}
	for name in ["eth_getUncleByBlockHashAndIndex", "eth_getUncleByBlockNumberAndIndex"] {
		constant(module, name, Value::Null)?;
	}

	reads(module, "eth_getLogs", |eth, args| {
		let query: Value = args.object(0, "filter", "a filter object")?;
		Ok(Value::Array(eth.logs(&filters::log_query(&query)?)?))
	})?;
	reads(module, "eth_newFilter", |eth, args| {
		let query: Value = args.object(0, "filter", "a filter object")?;
		eth.new_log_filter(filters::log_query(&query)?)
	})?;
	reads(module, "eth_newBlockFilter", |eth, _| eth.new_block_filter())?;
	reads(module, "eth_newPendingTransactionFilter", |eth, _| eth.new_pending_filter())?;
	reads(module, "eth_getFilterChanges", |eth, args| {
		eth.filter_changes(args.quantity(0, "filter id")?)
	})?;
	reads(module, "eth_getFilterLogs", |eth, args| {
		eth.filter_logs(args.quantity(0, "filter id")?)
	})?;
	reads(module, "eth_uninstallFilter", |eth, args| {
		Ok(json!(eth.remove_filter(args.quantity(0, "filter id")?)))
	})?;
	reads(module, "txpool_status", |eth, _| {
		let (ready, waiting) = eth.chain.pool_status();
		Ok(json!({ "pending": U256::from(ready), "queued": U256::from(waiting) }))
	})?;

	module.register_async_method("eth_syncing", |_, eth, _| async move {
		let state = eth.chain.sync_state().await;
		if !state.syncing {
			return json!(false);
		}
		let current = eth.chain.best().number;
		json!({
			"startingBlock": "0x0",
			"currentBlock": U256::from(current),
			"highestBlock": U256::from(state.highest.unwrap_or(current)),
		})
	})?;
	module.register_async_method("net_peerCount", |_, eth, _| async move {
		json!(U256::from(eth.chain.sync_state().await.peers))
	})?;
	module.register_async_method("eth_sendRawTransaction", |params, eth, _| async move {
		let payload = Args::parse(&params)?.bytes(0, "transaction")?;
		let hash = H256(keccak_256(&payload));
		let checked = {
			let (eth, payload) = (eth.clone(), payload.clone());
			tokio::task::spawn_blocking(move || eth.check(&payload)).await
		};
		checked.map_err(|error| Error::Internal(error.to_string()))??;
		eth.chain.submit(payload).await?;
		std::result::Result::<H256, ErrorObjectOwned>::Ok(hash)
	})?;
	Ok(())
}
