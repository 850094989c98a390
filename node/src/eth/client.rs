//! [`Chain`] over the node's own client and transaction pool.

use super::{
	chain::{BlockRef, CallOptions, Chain, IndexedTrace, ReviveEvent, SyncState},
	error::{Error, Result},
	native,
};
use codec::{Decode, Encode};
use futures::{future::BoxFuture, stream::BoxStream, FutureExt, StreamExt};
use polkadot_sdk::{
	pallet_revive::{
		pallet_revive_types::runtime_api::*, ContractAccessError, EthTransactError, ReviveApi,
	},
	sc_client_api::{AuxStore, Backend, BlockBackend, StorageKey, StorageProvider},
	sc_network_sync::SyncingService,
	sc_transaction_pool_api::{
		error::{Error as PoolError, IntoPoolError},
		InPoolTransaction, TransactionPool, TransactionSource,
	},
	sp_api::ProvideRuntimeApi,
	sp_blockchain::HeaderBackend,
	sp_consensus::SyncOracle,
	sp_core::{H160, H256, U256},
	sp_runtime::{
		traits::{Block as BlockT, Header as HeaderT},
		transaction_validity::InvalidTransaction,
		AccountId32,
	},
};
use serde_json::Value;
use std::{marker::PhantomData, sync::Arc};

/// The node's client, pool, database and sync service.
pub struct NodeChain<B: BlockT, BE, C, P> {
	client: Arc<C>,
	pool: Arc<P>,
	backend: Arc<BE>,
	sync: Arc<SyncingService<B>>,
	marker: PhantomData<B>,
}

impl<B: BlockT, BE, C, P> NodeChain<B, BE, C, P> {
	/// Takes the parts of a node.
	pub fn new(
		client: Arc<C>,
		pool: Arc<P>,
		backend: Arc<BE>,
		sync: Arc<SyncingService<B>>,
	) -> Self {
		Self { client, pool, backend, sync, marker: PhantomData }
	}
}

/// Runs a versioned call of the runtime and takes the answer of the version that was asked.
macro_rules! ask {
	($self:ident.$method:ident($at:expr, $input:ident, $payload:expr => $output:ident)) => {{
		let $output::V1(answer) = $self.client.runtime_api().$method($at, $input::V1($payload))?;
		answer
	}};
}

fn eth_error(error: EthTransactError) -> Error {
	match error {
		EthTransactError::Data(data) => Error::Reverted(data),
		EthTransactError::Message(text) => Error::Refused(text),
	}
}

/// The words that Ethereum clients look for in the refusals of a node.
fn pool_error(error: PoolError) -> Error {
	let text = match error {
		PoolError::InvalidTransaction(InvalidTransaction::Stale) => "nonce too low".into(),
		PoolError::InvalidTransaction(InvalidTransaction::Future) => "nonce too high".into(),
		PoolError::InvalidTransaction(InvalidTransaction::Payment) => {
			"insufficient funds for gas * price + value, or the gas limit is too low".into()
		}
		PoolError::InvalidTransaction(InvalidTransaction::BadProof) => "invalid sender".into(),
		PoolError::InvalidTransaction(InvalidTransaction::ExhaustsResources) => {
			"exceeds block gas limit".into()
		}
		PoolError::InvalidTransaction(InvalidTransaction::Call) => {
			"transaction not supported: types 0 (legacy), 1 (EIP-2930) and 2 (EIP-1559) are \
			 allowed, with enough gas for their size"
				.into()
		}
		PoolError::AlreadyImported(_) => "already known".into(),
		PoolError::TemporarilyBanned => {
			"already known: this transaction was refused or included a moment ago".into()
		}
		PoolError::TooLowPriority { .. } => "replacement transaction underpriced".into(),
		PoolError::ImmediatelyDropped => "txpool is full".into(),
		PoolError::RejectedFutureTransaction => "nonce too high".into(),
		other => format!("transaction refused: {other}"),
	};
	Error::Refused(text)
}

impl<B, BE, C, P> Chain for NodeChain<B, BE, C, P>
where
	B: BlockT<Hash = H256>,
	B::Header: HeaderT<Number = u32>,
	BE: Backend<B> + 'static,
	C: ProvideRuntimeApi<B>
		+ HeaderBackend<B>
		+ BlockBackend<B>
		+ StorageProvider<B, BE>
		+ AuxStore
		+ Send
		+ Sync
		+ 'static,
	C::Api: ReviveApi<B, AccountId32, u128, u32, u32, u64>,
	P: TransactionPool<Block = B> + 'static,
{
	fn chain_id(&self) -> u64 {
		native::chain_id()
	}

	fn best(&self) -> BlockRef {
		let info = self.client.info();
		BlockRef { hash: info.best_hash, number: info.best_number }
	}

	fn finalized(&self) -> BlockRef {
		let info = self.client.info();
		BlockRef { hash: info.finalized_hash, number: info.finalized_number }
	}

	fn canonical(&self, number: u32) -> Result<Option<H256>> {
		Ok(HeaderBackend::hash(&*self.client, number)?)
	}

	fn header(&self, hash: H256) -> Result<Option<(u32, H256)>> {
		let header = HeaderBackend::header(&*self.client, hash)?;
		Ok(header.map(|header| (*header.number(), *header.parent_hash())))
	}

	fn has_state(&self, block: BlockRef) -> bool {
		self.backend.have_state_at(block.hash, block.number)
	}

	fn eth_block(&self, at: H256) -> Result<BlockV1> {
		let answer = ask!(self.eth_block_versioned(
			at, BlockVersionedInputPayload, BlockInputPayloadV1 => BlockVersionedOutputPayload
		));
		Ok(answer.block)
	}

	fn gas_info(&self, at: H256) -> Result<Vec<ReceiptGasInfoV1>> {
		let answer = ask!(self.eth_receipt_data_versioned(
			at, ReceiptDataVersionedInputPayload, ReceiptDataInputPayloadV1
				=> ReceiptDataVersionedOutputPayload
		));
		Ok(answer.receipt_data)
	}

	fn payloads(&self, at: H256) -> Result<Vec<(u32, Vec<u8>)>> {
		let body = self.client.block_body(at)?.ok_or(Error::UnknownBlock)?;
		Ok((0u32..)
			.zip(&body)
			.filter_map(|(index, extrinsic)| {
				native::eth_payload(&extrinsic.encode()).map(|payload| (index, payload))
			})
			.collect())
	}

	fn events(&self, at: H256) -> Result<Vec<(u32, ReviveEvent)>> {
		match self.client.storage(at, &StorageKey(native::events_key()))? {
			Some(data) => native::revive_events(&data.0),
			None => Ok(Vec::new()),
		}
	}

	fn get_aux(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
		Ok(self.client.get_aux(key)?)
	}

	fn put_aux(&self, entries: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
		let entries: Vec<(&[u8], &[u8])> =
			entries.iter().map(|(key, value)| (&key[..], &value[..])).collect();
		Ok(self.client.insert_aux(&entries, &[])?)
	}

	fn balance(&self, at: H256, address: H160) -> Result<U256> {
		let answer = ask!(self.balance_versioned(
			at, BalanceVersionedInputPayload, BalanceInputPayloadV1 { address }
				=> BalanceVersionedOutputPayload
		));
		Ok(answer.balance)
	}

	fn nonce(&self, at: H256, address: H160) -> Result<u32> {
		let answer = ask!(self.nonce_versioned(
			at, NonceVersionedInputPayload, NonceInputPayloadV1 { address }
				=> NonceVersionedOutputPayload
		));
		Ok(answer.nonce)
	}

	fn code(&self, at: H256, address: H160) -> Result<Vec<u8>> {
		let answer = ask!(self.code_versioned(
			at, CodeVersionedInputPayload, CodeInputPayloadV1 { address }
				=> CodeVersionedOutputPayload
		));
		Ok(answer.code)
	}

	fn storage(&self, at: H256, address: H160, slot: H256) -> Result<Option<Vec<u8>>> {
		let input = GetStorageVersionedInputPayload::V1(GetStorageInputPayloadV1 {
			address,
			key: StorageKeyV1::Fixed(slot.0),
		});
		match self.client.runtime_api().get_storage_versioned(at, input)? {
			Ok(GetStorageVersionedOutputPayload::V1(answer)) => Ok(answer.storage),
			Err(ContractAccessError::DoesntExist) => Ok(None),
			Err(other) => Err(Error::Internal(format!("storage of {address:?}: {other:?}"))),
		}
	}

	fn gas_price(&self, at: H256) -> Result<U256> {
		let answer = ask!(self.gas_price_versioned(
			at, GasPriceVersionedInputPayload, GasPriceInputPayloadV1
				=> GasPriceVersionedOutputPayload
		));
		Ok(answer.gas_price)
	}

	fn call(&self, at: H256, tx: GenericTransactionV1, options: CallOptions) -> Result<Vec<u8>> {
		let input = TransactVersionedInputPayload::V1(TransactInputPayloadV1 {
			tx,
			timestamp_override: options.timestamp,
			perform_balance_checks: true,
			state_overrides: options.overrides,
		});
		match self.client.runtime_api().eth_transact_versioned(at, input)? {
			Ok(TransactVersionedOutputPayload::V1(answer)) => Ok(answer.transact_info.data),
			Err(error) => Err(eth_error(error)),
		}
	}

	fn estimate(&self, at: H256, tx: GenericTransactionV1, options: CallOptions) -> Result<U256> {
		let input = EstimateGasVersionedInputPayload::V1(EstimateGasInputPayloadV1 {
			tx,
			timestamp_override: options.timestamp,
			state_overrides: options.overrides,
		});
		match self.client.runtime_api().eth_estimate_gas_versioned(at, input)? {
			Ok(EstimateGasVersionedOutputPayload::V1(answer)) => Ok(answer.gas_estimate),
			Err(error) => Err(eth_error(error)),
		}
	}

	fn trace(
		&self,
		block: H256,
		extrinsic: Option<u32>,
		tracer: TracerTypeV1,
	) -> Result<Vec<IndexedTrace>> {
		let block = self.client.block(block)?.ok_or(Error::UnknownBlock)?.block;
		let parent = *block.header().parent_hash();
		let api = self.client.runtime_api();
		let entries = match extrinsic {
			Some(tx_index) => {
				let input = TraceTxVersionedInputPayload::V2(TraceTxInputPayloadV2 {
					block,
					tx_index,
					config: tracer,
				});
				match api.trace_tx_versioned(parent, input)? {
					TraceTxVersionedOutputPayload::V2(answer) => {
						answer.entry.map(|entry| (tx_index, entry)).into_iter().collect()
					}
					TraceTxVersionedOutputPayload::V1(_) => return Err(wrong_version()),
				}
			}
			None => {
				let input = TraceBlockVersionedInputPayload::V2(TraceBlockInputPayloadV2 {
					block,
					config: tracer,
				});
				match api.trace_block_versioned(parent, input)? {
					TraceBlockVersionedOutputPayload::V2(answer) => answer.entries,
					TraceBlockVersionedOutputPayload::V1(_) => return Err(wrong_version()),
				}
			}
		};
		entries
			.into_iter()
			.map(|(index, entry)| match entry {
				TraceEntryV1::Traced(trace) => Ok((index, Some(to_json(&trace)?))),
				TraceEntryV1::NotTraced => Ok((index, None)),
			})
			.collect()
	}

	fn trace_call(
		&self,
		at: H256,
		tx: GenericTransactionV1,
		tracer: TracerTypeV1,
		overrides: Option<StateOverrideSetV1>,
	) -> Result<Value> {
		let input = TraceCallVersionedInputPayload::V2(TraceCallInputPayloadV2 {
			tx,
			config: tracer,
			state_overrides: overrides,
		});
		match self.client.runtime_api().trace_call_versioned(at, input)? {
			Ok(TraceCallVersionedOutputPayload::V2(answer)) => to_json(&answer.trace),
			Ok(TraceCallVersionedOutputPayload::V1(_)) => Err(wrong_version()),
			Err(error) => Err(eth_error(error)),
		}
	}

	fn submit(&self, payload: Vec<u8>) -> BoxFuture<'static, Result<()>> {
		let pool = self.pool.clone();
		let at = self.client.info().best_hash;
		async move {
			let extrinsic =
				B::Extrinsic::decode(&mut &native::eth_transact(payload)[..]).map_err(|error| {
					Error::Internal(format!("the extrinsic does not decode: {error}"))
				})?;
			pool.submit_one(at, TransactionSource::External, extrinsic).await.map(|_| ()).map_err(
				|error| match error.into_pool_error() {
					Ok(error) => pool_error(error),
					Err(error) => Error::Refused(format!("transaction refused: {error}")),
				},
			)
		}
		.boxed()
	}

	fn pool(&self) -> Vec<Vec<u8>> {
		let futures = self.pool.futures();
		self.pool
			.ready()
			.filter_map(|tx| native::eth_payload(&tx.data().encode()))
			.chain(futures.iter().filter_map(|tx| native::eth_payload(&tx.data().encode())))
			.collect()
	}

	fn pool_stream(&self) -> BoxStream<'static, Vec<u8>> {
		let pool = self.pool.clone();
		self.pool
			.import_notification_stream()
			.filter_map(move |hash| {
				let payload = pool
					.ready_transaction(&hash)
					.and_then(|tx| native::eth_payload(&tx.data().encode()));
				std::future::ready(payload)
			})
			.boxed()
	}

	fn pool_nonce(&self, address: H160, nonce: u32) -> u32 {
		// The account of an Ethereum key that owns no other: see `AccountId32Mapper`.
		let mut account = [0xEE; 32];
		account[..20].copy_from_slice(address.as_bytes());
		let account = AccountId32::new(account);
		let mut next = nonce;
		let mut tag = (&account, next).encode();
		// Ready transactions of one sender come in order of nonce.
		for tx in self.pool.ready() {
			if tx.provides().contains(&tag) {
				next = next.saturating_add(1);
				tag = (&account, next).encode();
			}
		}
		next
	}

	fn pool_status(&self) -> (usize, usize) {
		let status = self.pool.status();
		(status.ready, status.future)
	}

	fn sync_state(&self) -> BoxFuture<'static, SyncState> {
		let sync = self.sync.clone();
		async move {
			let highest = match sync.status().await {
				Ok(status) => status.best_seen_block,
				Err(_) => None,
			};
			SyncState {
				syncing: sync.is_major_syncing(),
				highest,
				peers: sync.num_connected_peers() as u64,
			}
		}
		.boxed()
	}
}

fn wrong_version() -> Error {
	Error::Internal("the runtime answered with another version than was asked".into())
}

fn to_json(value: &impl serde::Serialize) -> Result<Value> {
	serde_json::to_value(value).map_err(|error| Error::Internal(error.to_string()))
}
