//! What the Ethereum side needs of a chain, without the generics of the client.

use super::error::Result;
use futures::{future::BoxFuture, stream::BoxStream};
use polkadot_sdk::{
	pallet_revive::pallet_revive_types::runtime_api::{
		BlockV1, GenericTransactionV1, ReceiptGasInfoV1, StateOverrideSetV1, TracerTypeV1,
	},
	sp_core::{H160, H256, U256},
};
use serde_json::Value;

/// A block of the chain: its own (not its Ethereum) hash and its height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRef {
	/// Hash of the header.
	pub hash: H256,
	/// Height.
	pub number: u32,
}

/// What is left of a revive event in the events of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviveEvent {
	/// A contract emitted a log.
	Log {
		/// The contract.
		address: H160,
		/// The topics.
		topics: Vec<H256>,
		/// The data.
		data: Vec<u8>,
	},
	/// The Ethereum transaction failed.
	Reverted,
}

/// How a call is to be run.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
	/// The clock in milliseconds, if not that of the block.
	pub timestamp: Option<u64>,
	/// State to be replaced for this call.
	pub overrides: Option<StateOverrideSetV1>,
}

/// Where the node stands with its peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncState {
	/// Whether it is catching up.
	pub syncing: bool,
	/// The highest block seen.
	pub highest: Option<u32>,
	/// Connected peers.
	pub peers: u64,
}

/// A trace of an extrinsic, by its index in the block; `None` where no trace could be made.
pub type IndexedTrace = (u32, Option<Value>);

/// What the Ethereum side needs of a chain.
pub trait Chain: Send + Sync + 'static {
	/// The EIP-155 chain id.
	fn chain_id(&self) -> u64;
	/// The best block.
	fn best(&self) -> BlockRef;
	/// The last finalized block.
	fn finalized(&self) -> BlockRef;
	/// The block at a height of the best chain.
	fn canonical(&self, number: u32) -> Result<Option<H256>>;
	/// Height and parent of a block.
	fn header(&self, hash: H256) -> Result<Option<(u32, H256)>>;
	/// Whether the state after the block is still kept.
	fn has_state(&self, block: BlockRef) -> bool;

	/// The Ethereum block that the runtime built at the end of the block.
	fn eth_block(&self, at: H256) -> Result<BlockV1>;
	/// Gas used and price paid by each Ethereum transaction of the block.
	fn gas_info(&self, at: H256) -> Result<Vec<ReceiptGasInfoV1>>;
	/// The Ethereum transactions in the body, with the index of their extrinsic.
	fn payloads(&self, at: H256) -> Result<Vec<(u32, Vec<u8>)>>;
	/// The revive events of the block, with the index of their extrinsic.
	fn events(&self, at: H256) -> Result<Vec<(u32, ReviveEvent)>>;

	/// Reads what [`Self::put_aux`] wrote.
	fn get_aux(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;
	/// Writes all entries at once.
	fn put_aux(&self, entries: &[(Vec<u8>, Vec<u8>)]) -> Result<()>;

	/// Spendable balance in wei.
	fn balance(&self, at: H256, address: H160) -> Result<U256>;
	/// Transactions sent.
	fn nonce(&self, at: H256, address: H160) -> Result<u32>;
	/// Code, precompiles included.
	fn code(&self, at: H256, address: H160) -> Result<Vec<u8>>;
	/// A storage slot; `None` when unset or not a contract.
	fn storage(&self, at: H256, address: H160, slot: H256) -> Result<Option<Vec<u8>>>;
	/// Price of a unit of gas in wei.
	fn gas_price(&self, at: H256) -> Result<U256>;
	/// Runs a call without keeping its effects.
	fn call(&self, at: H256, tx: GenericTransactionV1, options: CallOptions) -> Result<Vec<u8>>;
	/// The gas that a transaction needs.
	fn estimate(&self, at: H256, tx: GenericTransactionV1, options: CallOptions) -> Result<U256>;

	/// Traces one extrinsic of the block, or all of them.
	fn trace(
		&self,
		block: H256,
		extrinsic: Option<u32>,
		tracer: TracerTypeV1,
	) -> Result<Vec<IndexedTrace>>;
	/// Traces a call without keeping its effects.
	fn trace_call(
		&self,
		at: H256,
		tx: GenericTransactionV1,
		tracer: TracerTypeV1,
		overrides: Option<StateOverrideSetV1>,
	) -> Result<Value>;

	/// Puts a signed Ethereum transaction into the pool.
	fn submit(&self, payload: Vec<u8>) -> BoxFuture<'static, Result<()>>;
	/// The Ethereum transactions that wait in the pool.
	fn pool(&self) -> Vec<Vec<u8>>;
	/// The Ethereum transactions that enter the pool from now on.
	fn pool_stream(&self) -> BoxStream<'static, Vec<u8>>;
	/// The nonce after the transactions of `address` that are ready in the pool.
	fn pool_nonce(&self, address: H160, nonce: u32) -> u32;
	/// Ready and waiting transactions in the pool.
	fn pool_status(&self) -> (usize, usize);
	/// Where the node stands with its peers.
	fn sync_state(&self) -> BoxFuture<'static, SyncState>;
}
