//! The server over a chain that is made up, with forks, restarts and pruning.

use super::{
	chain::*,
	error::{Error, Result},
	index::Index,
	methods::Eth,
	module,
	record::{LogFilter, LogRecord},
};
use futures::{future::BoxFuture, stream::BoxStream, FutureExt, StreamExt};
use jsonrpsee::RpcModule;
use parking_lot::Mutex;
use polkadot_sdk::{
	pallet_revive::{
		evm::{Account, TransactionLegacyUnsigned, TransactionUnsigned},
		pallet_revive_types::runtime_api::*,
	},
	sp_core::{H160, H256, U256},
	sp_crypto_hashing::keccak_256,
};
use serde_json::{json, Value};
use std::{collections::HashMap, sync::Arc};

const CHAIN_ID: u64 = 77;

#[derive(Clone, Default)]
struct Block {
	number: u32,
	parent: H256,
	/// Signed transactions, each with its success and its logs.
	txs: Vec<(Vec<u8>, bool, Vec<LogRecord>)>,
}

#[derive(Default)]
struct State {
	blocks: HashMap<H256, Block>,
	best: H256,
	aux: HashMap<Vec<u8>, Vec<u8>>,
	pruned_below: u32,
	pool: Vec<Vec<u8>>,
	reads: usize,
}

#[derive(Default)]
struct Fake(Mutex<State>);

impl Fake {
	fn with_genesis() -> Arc<Self> {
		let fake = Self::default();
		let genesis = H256::repeat_byte(0x99);
		let mut state = fake.0.lock();
		state.blocks.insert(genesis, Block::default());
		state.best = genesis;
		drop(state);
		Arc::new(fake)
	}

	/// Adds a block on `parent` and makes it the best one.
	fn extend(&self, parent: H256, txs: Vec<(Vec<u8>, bool, Vec<LogRecord>)>) -> H256 {
		let mut state = self.0.lock();
		let number = state.blocks[&parent].number + 1;
		let tag = (parent, number, state.blocks.len() as u64);
		let hash = H256(keccak_256(&codec::Encode::encode(&tag)));
		state.blocks.insert(hash, Block { number, parent, txs });
		state.best = hash;
		hash
	}

	fn best_hash(&self) -> H256 {
		self.0.lock().best
	}

	fn ancestor(&self, number: u32) -> Option<H256> {
		let state = self.0.lock();
		let mut at = state.best;
		loop {
			let block = &state.blocks[&at];
			if block.number == number {
				return Some(at);
			}
			if block.number < number || block.number == 0 {
				return None;
			}
			at = block.parent;
		}
	}
}

fn eth_hash(hash: H256) -> H256 {
	H256(keccak_256(hash.as_bytes()))
}

impl Chain for Fake {
	fn chain_id(&self) -> u64 {
		CHAIN_ID
	}
	fn best(&self) -> BlockRef {
		let state = self.0.lock();
		BlockRef { hash: state.best, number: state.blocks[&state.best].number }
	}
	fn finalized(&self) -> BlockRef {
		BlockRef { hash: self.ancestor(0).unwrap(), number: 0 }
	}
	fn canonical(&self, number: u32) -> Result<Option<H256>> {
		Ok(self.ancestor(number))
	}
	fn header(&self, hash: H256) -> Result<Option<(u32, H256)>> {
		Ok(self.0.lock().blocks.get(&hash).map(|block| (block.number, block.parent)))
	}
	fn has_state(&self, block: BlockRef) -> bool {
		block.number >= self.0.lock().pruned_below
	}
	fn eth_block(&self, at: H256) -> Result<BlockV1> {
		let mut state = self.0.lock();
		state.reads += 1;
		let block = state.blocks.get(&at).ok_or(Error::UnknownBlock)?;
		let hashes = block.txs.iter().map(|(payload, ..)| H256(keccak_256(payload))).collect();
		let mut bloom = BlockV1::default().logs_bloom;
		if block.txs.iter().any(|(_, _, logs)| !logs.is_empty()) {
			bloom.0 = [0xff; 256];
		}
		Ok(BlockV1 {
			hash: eth_hash(at),
			parent_hash: eth_hash(block.parent),
			number: block.number.into(),
			gas_limit: U256::from(1000),
			gas_used: U256::from(100),
			base_fee_per_gas: U256::from(7),
			logs_bloom: bloom,
			transactions: HashesOrTransactionInfosV1::Hashes(hashes),
			..Default::default()
		})
	}
	fn gas_info(&self, at: H256) -> Result<Vec<ReceiptGasInfoV1>> {
		let count = self.0.lock().blocks[&at].txs.len();
		let info = ReceiptGasInfoV1 { gas_used: 50.into(), effective_gas_price: 7.into() };
		Ok(vec![info; count])
	}
	fn payloads(&self, at: H256) -> Result<Vec<(u32, Vec<u8>)>> {
		// An inherent comes first.
		let state = self.0.lock();
		Ok((1..).zip(state.blocks[&at].txs.iter().map(|(payload, ..)| payload.clone())).collect())
	}
	fn events(&self, at: H256) -> Result<Vec<(u32, ReviveEvent)>> {
		let state = self.0.lock();
		let mut events = Vec::new();
		for (index, (_, success, logs)) in (1..).zip(&state.blocks[&at].txs) {
			for log in logs.iter().cloned() {
				let LogRecord { address, topics, data } = log;
				events.push((index, ReviveEvent::Log { address, topics, data }));
			}
			if !success {
				events.push((index, ReviveEvent::Reverted));
			}
		}
		Ok(events)
	}
	fn get_aux(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
		Ok(self.0.lock().aux.get(key).cloned())
	}
	fn put_aux(&self, entries: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
		self.0.lock().aux.extend(entries.iter().cloned());
		Ok(())
	}
	fn balance(&self, _: H256, address: H160) -> Result<U256> {
		Ok(if address == H160::zero() { U256::zero() } else { U256::from(1_000_000) })
	}
	fn nonce(&self, _: H256, _: H160) -> Result<u32> {
		Ok(5)
	}
	fn code(&self, _: H256, _: H160) -> Result<Vec<u8>> {
		Ok(vec![0x60])
	}
	fn storage(&self, _: H256, _: H160, _: H256) -> Result<Option<Vec<u8>>> {
		Ok(Some(vec![1, 2]))
	}
	fn gas_price(&self, _: H256) -> Result<U256> {
		Ok(U256::from(7))
	}
	fn call(&self, _: H256, tx: GenericTransactionV1, options: CallOptions) -> Result<Vec<u8>> {
		if tx.to.is_none() {
			return Err(Error::Reverted(vec![1, 2, 3]));
		}
		Ok(vec![u8::from(options.timestamp.is_some())])
	}
	fn estimate(&self, _: H256, _: GenericTransactionV1, _: CallOptions) -> Result<U256> {
		Ok(U256::from(21_000))
	}
	fn trace(&self, _: H256, index: Option<u32>, _: TracerTypeV1) -> Result<Vec<IndexedTrace>> {
		Ok(index.map(|index| (index, Some(json!({ "extrinsic": index })))).into_iter().collect())
	}
	fn trace_call(
		&self,
		_: H256,
		_: GenericTransactionV1,
		_: TracerTypeV1,
		_: Option<StateOverrideSetV1>,
	) -> Result<Value> {
		Ok(json!({}))
	}
	fn submit(&self, payload: Vec<u8>) -> BoxFuture<'static, Result<()>> {
		self.0.lock().pool.push(payload);
		async { Ok(()) }.boxed()
	}
	fn pool(&self) -> Vec<Vec<u8>> {
		self.0.lock().pool.clone()
	}
	fn pool_stream(&self) -> BoxStream<'static, Vec<u8>> {
		futures::stream::empty().boxed()
	}
	fn pool_nonce(&self, _: H160, nonce: u32) -> u32 {
		nonce + self.0.lock().pool.len() as u32
	}
	fn pool_status(&self) -> (usize, usize) {
		(self.0.lock().pool.len(), 0)
	}
	fn sync_state(&self) -> BoxFuture<'static, SyncState> {
		async { SyncState { syncing: false, highest: None, peers: 3 } }.boxed()
	}
}

fn account() -> Account {
	Account::default()
}

fn signed(nonce: u32, chain_id: u64, gas_price: u64, value: u64) -> Vec<u8> {
	account()
		.sign_transaction(TransactionUnsigned::from(TransactionLegacyUnsigned {
			chain_id: Some(chain_id.into()),
			gas: 1000.into(),
			gas_price: gas_price.into(),
			nonce: nonce.into(),
			to: Some(H160::repeat_byte(8)),
			value: value.into(),
			..Default::default()
		}))
		.signed_payload()
}

fn log(address: u8, topic: u8) -> LogRecord {
	LogRecord {
		address: H160::repeat_byte(address),
		topics: vec![H256::repeat_byte(topic)],
		data: vec![topic],
	}
}

fn rpc(fake: &Arc<Fake>) -> (RpcModule<Eth>, Arc<Index>) {
	let index = Arc::new(Index::new(fake.clone()));
	index.catch_up().unwrap();
	(module(Eth::new(fake.clone(), index.clone()), true).unwrap(), index)
}

async fn ask(module: &RpcModule<Eth>, method: &str, params: Value) -> Value {
	let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
	let (answer, _) = module.raw_json_request(&request.to_string(), 16).await.unwrap();
	serde_json::from_str(&answer).unwrap()
}

async fn result(module: &RpcModule<Eth>, method: &str, params: Value) -> Value {
	let answer = ask(module, method, params.clone()).await;
	assert!(answer["error"].is_null(), "{method} {params}: {answer}");
	answer["result"].clone()
}

async fn error(module: &RpcModule<Eth>, method: &str, params: Value) -> (i64, String) {
	let answer = ask(module, method, params).await;
	let message = answer["error"]["message"].as_str().unwrap_or_default().to_string();
	(answer["error"]["code"].as_i64().unwrap_or_default(), message)
}

fn hex_of(hash: H256) -> String {
	format!("{hash:?}")
}

#[tokio::test]
async fn a_receipt_has_the_outcome_the_logs_and_the_place_of_its_transaction() {
	let fake = Fake::with_genesis();
	let (first, second) = (signed(0, CHAIN_ID, 7, 0), signed(1, CHAIN_ID, 7, 0));
	let block = fake.extend(
		fake.best_hash(),
		vec![(first.clone(), true, vec![log(1, 1), log(2, 2)]), (second.clone(), false, vec![])],
	);
	let (module, _) = rpc(&fake);
	let hash = H256(keccak_256(&first));
	let receipt = result(&module, "eth_getTransactionReceipt", json!([hash])).await;
	assert_eq!(receipt["status"], "0x1");
	assert_eq!(receipt["blockHash"], hex_of(eth_hash(block)));
	assert_eq!(receipt["transactionIndex"], "0x0");
	assert_eq!(receipt["from"], format!("{:?}", account().address()));
	assert_eq!(receipt["logs"][1]["logIndex"], "0x1");
	assert_eq!(receipt["logs"][1]["data"], "0x02");

	let hash = H256(keccak_256(&second));
	let receipt = result(&module, "eth_getTransactionReceipt", json!([hash])).await;
	assert_eq!(receipt["status"], "0x0");
	assert_eq!(receipt["transactionIndex"], "0x1");
	assert_eq!(receipt["cumulativeGasUsed"], "0x64", "the gas of both");
	let all = result(&module, "eth_getBlockReceipts", json!(["latest"])).await;
	assert_eq!(all.as_array().unwrap().len(), 2);
	let tx = result(&module, "eth_getTransactionByHash", json!([hash])).await;
	assert_eq!((&tx["nonce"], &tx["blockNumber"]), (&json!("0x1"), &json!("0x1")));
	let full = result(&module, "eth_getBlockByNumber", json!(["0x1", true])).await;
	assert_eq!(full["transactions"][1]["hash"], hex_of(hash));
	let trace =
		result(&module, "debug_traceTransaction", json!([hash, {"tracer": "callTracer"}])).await;
	assert_eq!(trace["extrinsic"], 2, "the index counts inherents, the receipt does not");
}

#[tokio::test]
async fn a_re_organisation_moves_a_transaction_to_its_new_block_and_drops_what_was_lost() {
	let fake = Fake::with_genesis();
	let genesis = fake.best_hash();
	let (both, lost) = (signed(0, CHAIN_ID, 7, 0), signed(1, CHAIN_ID, 7, 0));
	let old = fake.extend(
		genesis,
		vec![(both.clone(), true, vec![log(1, 1)]), (lost.clone(), true, vec![log(1, 2)])],
	);
	let (module, index) = rpc(&fake);
	let filter = result(&module, "eth_newFilter", json!([{}])).await;
	let blocks = result(&module, "eth_newBlockFilter", json!([])).await;
	let mut updates = index.updates();

	let fork = fake.extend(genesis, vec![]);
	let new = fake.extend(fork, vec![(both.clone(), true, vec![log(1, 1)])]);
	index.catch_up().unwrap();

	let receipt =
		result(&module, "eth_getTransactionReceipt", json!([H256(keccak_256(&both))])).await;
	assert_eq!(receipt["blockHash"], hex_of(eth_hash(new)));
	let gone = result(&module, "eth_getTransactionReceipt", json!([H256(keccak_256(&lost))])).await;
	assert_eq!(gone, Value::Null);
	assert_eq!(
		result(&module, "eth_getBlockByHash", json!([eth_hash(old), false])).await,
		Value::Null
	);
	let logs = result(&module, "eth_getLogs", json!([{"fromBlock": "0x0"}])).await;
	assert_eq!(logs.as_array().unwrap().len(), 1);

	let changes = result(&module, "eth_getFilterChanges", json!([filter])).await;
	let removed: Vec<bool> =
		changes.as_array().unwrap().iter().map(|log| log["removed"] == true).collect();
	assert_eq!(removed, [true, true, false]);
	let seen = result(&module, "eth_getFilterChanges", json!([blocks])).await;
	assert_eq!(seen, json!([eth_hash(fork), eth_hash(new)]));
	assert_eq!(result(&module, "eth_getFilterChanges", json!([blocks])).await, json!([]));

	let update = updates.try_recv().unwrap();
	assert_eq!(
		update.retracted.iter().map(|block| block.substrate_hash).collect::<Vec<_>>(),
		[old]
	);
	assert_eq!(
		update.enacted.iter().map(|block| block.substrate_hash).collect::<Vec<_>>(),
		[fork, new]
	);
}

#[tokio::test]
async fn after_a_restart_the_index_is_whole_and_nothing_is_read_twice() {
	let fake = Fake::with_genesis();
	let payload = signed(0, CHAIN_ID, 7, 0);
	fake.extend(fake.best_hash(), vec![(payload.clone(), true, vec![])]);
	let (_, index) = rpc(&fake);
	drop(index);
	// The node was down while the chain went on by more than is indexed at once.
	for _ in 0..150 {
		fake.extend(fake.best_hash(), vec![]);
	}
	let (module, index) = rpc(&fake);
	assert!(index.backfill().unwrap(), "one batch is not enough");
	while index.backfill().unwrap() {}
	let reads = fake.0.lock().reads;
	assert_eq!(reads, 152, "every block once, genesis included");
	let hash = H256(keccak_256(&payload));
	assert_eq!(
		result(&module, "eth_getTransactionByHash", json!([hash])).await["blockNumber"],
		"0x1"
	);
	for number in 0..=151u32 {
		assert!(index.at_height(number).unwrap().is_some());
	}
	assert_eq!(fake.0.lock().reads, reads, "answers come from the store");
}

#[tokio::test]
async fn indexed_blocks_outlive_the_pruning_of_their_states_and_others_say_so() {
	let fake = Fake::with_genesis();
	for _ in 0..100 {
		fake.extend(fake.best_hash(), vec![]);
	}
	let (module, index) = rpc(&fake);
	fake.0.lock().pruned_below = 90;
	while index.backfill().unwrap() {}
	assert_eq!(
		result(&module, "eth_getBlockByNumber", json!(["0x32", false])).await["number"],
		"0x32"
	);
	let (code, message) = error(&module, "eth_getBlockByNumber", json!(["0x5", false])).await;
	assert!(code == -32000 && message.contains("state of block 5"), "{code} {message}");
	let (_, message) = error(&module, "eth_getBalance", json!([H160::zero(), "0x32"])).await;
	assert!(message.contains("archive"), "{message}");
}

#[tokio::test]
async fn logs_are_found_by_contract_and_topic_and_wide_queries_are_refused() {
	let fake = Fake::with_genesis();
	fake.extend(
		fake.best_hash(),
		vec![(signed(0, CHAIN_ID, 7, 0), true, vec![log(1, 1), log(2, 1)])],
	);
	fake.extend(fake.best_hash(), vec![(signed(1, CHAIN_ID, 7, 0), true, vec![log(1, 2)])]);
	let (module, _) = rpc(&fake);
	for (query, count) in [
		(json!({"fromBlock": "earliest"}), 3),
		(json!({}), 1),
		(json!({"fromBlock": "0x0", "address": H160::repeat_byte(1)}), 2),
		(json!({"fromBlock": "0x0", "topics": [[H256::repeat_byte(1)]]}), 2),
		(json!({"fromBlock": "0x0", "address": [H160::repeat_byte(2)], "topics": [null, null]}), 1),
		(json!({"fromBlock": "0x0", "toBlock": "0x0"}), 0),
	] {
		let logs = result(&module, "eth_getLogs", json!([query])).await;
		assert_eq!(logs.as_array().unwrap().len(), count, "{query}");
	}
	let (code, message) =
		error(&module, "eth_getLogs", json!([{"fromBlock": "0x0", "toBlock": "0xffffff"}])).await;
	assert!(code == -32005 && message.contains("10000"), "{message}");
	let by_hash = eth_hash(fake.best_hash());
	let logs = result(&module, "eth_getLogs", json!([{"blockHash": by_hash}])).await;
	assert_eq!(logs[0]["blockHash"], hex_of(by_hash));
	assert!(LogFilter::default().matches(&log(1, 1)));
}

#[tokio::test]
async fn a_bad_transaction_is_refused_in_the_words_that_clients_know_and_changes_nothing() {
	let fake = Fake::with_genesis();
	let (module, _) = rpc(&fake);
	for (payload, words) in [
		(signed(4, CHAIN_ID, 7, 0), "nonce too low"),
		(signed(5, 1, 7, 0), "invalid chain id for signer: have 1 want 77"),
		(signed(5, CHAIN_ID, 6, 0), "max fee per gas less than block base fee"),
		(signed(5, CHAIN_ID, 7, 999_999), "insufficient funds for gas * price + value"),
		(vec![1, 2, 3], "does not decode"),
	] {
		let raw = format!("0x{}", hex::encode(payload));
		let (code, message) = error(&module, "eth_sendRawTransaction", json!([raw])).await;
		assert_eq!(code, -32000);
		assert!(message.contains(words), "{message}");
	}
	assert!(fake.pool().is_empty());

	let good = signed(5, CHAIN_ID, 7, 1);
	let raw = format!("0x{}", hex::encode(&good));
	let hash = result(&module, "eth_sendRawTransaction", json!([raw])).await;
	assert_eq!(hash, hex_of(H256(keccak_256(&good))));
	let waiting = result(&module, "eth_getTransactionByHash", json!([hash])).await;
	assert_eq!(waiting["blockHash"], Value::Null);
	assert_eq!(waiting["nonce"], "0x5");
	let sender = format!("{:?}", account().address());
	let count = |tag: &str| json!([sender, tag]);
	assert_eq!(result(&module, "eth_getTransactionCount", count("latest")).await, "0x5");
	assert_eq!(result(&module, "eth_getTransactionCount", count("pending")).await, "0x6");
}

#[tokio::test]
async fn calls_answer_with_data_or_with_the_data_of_the_revert() {
	let fake = Fake::with_genesis();
	let (module, _) = rpc(&fake);
	let tx = json!({"to": H160::repeat_byte(1), "data": "0x01"});
	assert_eq!(result(&module, "eth_call", json!([tx, "latest"])).await, "0x00");
	assert_eq!(
		result(&module, "eth_call", json!([tx, "pending"])).await,
		"0x01",
		"the clock of now"
	);
	assert_eq!(result(&module, "eth_estimateGas", json!([tx])).await, "0x5208");
	let answer = ask(&module, "eth_call", json!([{"data": "0x"}])).await;
	assert_eq!(
		(&answer["error"]["code"], &answer["error"]["data"]),
		(&json!(3), &json!("0x010203"))
	);
	assert_eq!(
		result(&module, "eth_getStorageAt", json!([H160::zero(), "0x0", "latest"])).await,
		format!("0x{}0102", "00".repeat(30))
	);
}

#[tokio::test]
async fn wrong_parameters_name_what_is_allowed() {
	let fake = Fake::with_genesis();
	let (module, _) = rpc(&fake);
	for (method, params, words) in [
		("eth_getBalance", json!([]), "missing parameter 0 (address)"),
		("eth_getBalance", json!(["0x12"]), "exactly 20 bytes"),
		("eth_getBlockByNumber", json!(["lastest", false]), "\"latest\""),
		("eth_getBlockByNumber", json!(["latest", "yes"]), "true or false"),
		("eth_call", json!([5]), "a transaction object is expected"),
		("debug_traceTransaction", json!([H256::zero(), {"tracer": "x"}]), "callTracer"),
		("eth_feeHistory", json!(["0x1", "latest", [50, 20]]), "rising"),
	] {
		let (code, message) = error(&module, method, params).await;
		assert_eq!(code, -32602, "{method}: {message}");
		assert!(message.contains(words), "{method}: {message}");
	}
	let (code, message) = error(&module, "eth_getBalance", json!([H160::zero(), "0x63"])).await;
	assert_eq!((code, message.as_str()), (-32000, "header not found"));
	let (_, message) = error(&module, "eth_getFilterChanges", json!(["0x1"])).await;
	assert!(message.starts_with("filter not found"), "{message}");
}

#[tokio::test]
async fn the_fee_history_ends_with_the_price_of_the_next_block() {
	let fake = Fake::with_genesis();
	fake.extend(fake.best_hash(), vec![]);
	let (module, _) = rpc(&fake);
	let history = result(&module, "eth_feeHistory", json!(["0xff", "latest", [20, 50]])).await;
	assert_eq!(history["oldestBlock"], "0x0");
	assert_eq!(history["baseFeePerGas"].as_array().unwrap().len(), 3);
	assert_eq!(history["gasUsedRatio"], json!([0.1, 0.1]));
	assert_eq!(history["reward"][1], json!(["0x0", "0x0"]));
}

#[tokio::test]
async fn subscribers_hear_of_blocks_and_of_the_logs_that_they_asked_for() {
	let fake = Fake::with_genesis();
	let (module, index) = rpc(&fake);
	let mut heads = module.subscribe_unbounded("eth_subscribe", ["newHeads"]).await.unwrap();
	let filter = json!({"address": H160::repeat_byte(1)});
	let mut logs =
		module.subscribe_unbounded("eth_subscribe", (json!("logs"), filter)).await.unwrap();
	let txs = vec![(signed(0, CHAIN_ID, 7, 0), true, vec![log(2, 2), log(1, 1)])];
	let block = fake.extend(fake.best_hash(), txs);
	index.catch_up().unwrap();
	let (head, _) = heads.next::<Value>().await.unwrap().unwrap();
	assert_eq!(head["hash"], hex_of(eth_hash(block)));
	assert!(head.get("transactions").is_none());
	let (log, _) = logs.next::<Value>().await.unwrap().unwrap();
	assert_eq!(log["logIndex"], "0x1");

	let refused = module.subscribe_unbounded("eth_subscribe", ["news"]).await.unwrap_err();
	assert!(refused.to_string().contains("newHeads"), "{refused}");
}

#[test]
fn an_allowed_origin_may_leave_the_port_open() {
	assert!(super::same("http://localhost:*", "http://localhost:3000"));
	assert!(super::same("http://localhost:*", "http://localhost"));
	assert!(!super::same("http://localhost:*", "http://localhost:3000.evil.org"));
	assert!(!super::same("http://localhost:*", "http://localhost.evil.org"));
	assert!(super::same("https://app.org", "https://app.org"));
}
