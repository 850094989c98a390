//! Connection to a node, storage reads and runtime calls.

use crate::{
	config::{AtBlock, BlockHash, WeftConfig},
	rows, AccountId, ChainError,
};
use std::{sync::Arc, time::Duration};
use subxt::{
	dynamic,
	ext::{
		frame_decode::storage::{IntoDecodableValues, IntoEncodableValues},
		scale_decode::DecodeAsType,
	},
	rpcs::{rpc_params, RpcClient},
	OnlineClient,
};
use tokio::sync::RwLock;

/// An open connection: subxt's view of the chain and the raw requests under it.
#[derive(Clone)]
struct Connection {
	online: OnlineClient<WeftConfig>,
	rpc: RpcClient,
}

/// A client of one node. Cheap to clone; reconnects when the connection was lost.
#[derive(Clone)]
pub struct Client {
	url: String,
	inner: Arc<RwLock<Connection>>,
	genesis: [u8; 32],
}

impl Client {
	/// Connects to a node's WebSocket (`ws://127.0.0.1:9944`).
	pub async fn connect(url: &str) -> Result<Self, ChainError> {
		let connection = open(url).await?;
		let genesis = connection.online.genesis_hash().0;
		Ok(Self { url: url.into(), inner: Arc::new(RwLock::new(connection)), genesis })
	}

	/// Connects, trying again once a second until `timeout` is over.
	pub async fn connect_within(url: &str, timeout: Duration) -> Result<Self, ChainError> {
		let until = tokio::time::Instant::now() + timeout;
		loop {
			match Self::connect(url).await {
				Ok(c) => return Ok(c),
				Err(e) if tokio::time::Instant::now() >= until => return Err(e),
				Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
			}
		}
	}

	/// Hash of the genesis block; it is part of every voucher.
	pub fn genesis(&self) -> [u8; 32] {
		self.genesis
	}

	/// Address that this client talks to.
	pub fn url(&self) -> &str {
		&self.url
	}

	pub(crate) async fn online(&self) -> OnlineClient<WeftConfig> {
		self.inner.read().await.online.clone()
	}

	/// Opens a new connection; refuses a node of another chain.
	pub async fn reconnect(&self) -> Result<(), ChainError> {
		let connection = open(&self.url).await?;
		if connection.online.genesis_hash().0 != self.genesis {
			return Err(ChainError::Connect {
				url: self.url.clone(),
				reason: "the node there runs another chain (its genesis differs)".into(),
			});
		}
		*self.inner.write().await = connection;
		Ok(())
	}

	/// The chain at its newest finalised block. Reconnects once if the connection is gone.
	pub async fn at_finalised(&self) -> Result<AtBlock, ChainError> {
		let first = self.online().await.at_current_block().await;
		match first {
			Ok(at) => Ok(at),
			Err(_) => {
				self.reconnect().await?;
				self.online()
					.await
					.at_current_block()
					.await
					.map_err(|e| ChainError::rpc("reading the finalised block", e))
			}
		}
	}

	/// The chain at one block number.
	pub async fn at_number(&self, number: u64) -> Result<AtBlock, ChainError> {
		self.online()
			.await
			.at_block(number)
			.await
			.map_err(|e| ChainError::rpc(format!("reading block {number}"), e))
	}

	/// The chain at one block hash.
	pub async fn at_hash(&self, hash: BlockHash) -> Result<AtBlock, ChainError> {
		self.online()
			.await
			.at_block(hash)
			.await
			.map_err(|e| ChainError::rpc(format!("reading block {hash:?}"), e))
	}

	/// Number and hash of the newest finalised block.
	pub async fn finalised(&self) -> Result<(u32, BlockHash), ChainError> {
		let at = self.at_finalised().await?;
		Ok((at.block_number() as u32, at.block_hash()))
	}

	/// Reads one storage row at the newest finalised block.
	pub async fn get<K, V>(
		&self,
		pallet: &str,
		entry: &str,
		key: K,
	) -> Result<Option<V>, ChainError>
	where
		K: IntoEncodableValues + IntoDecodableValues + Send,
		V: DecodeAsType,
	{
		let at = self.at_finalised().await?;
		get_at(&at, pallet, entry, key).await
	}

	/// Reads every row of a map, up to `limit`.
	pub async fn list<V: DecodeAsType>(
		&self,
		pallet: &str,
		entry: &str,
		limit: usize,
	) -> Result<Vec<(Vec<u8>, V)>, ChainError> {
		let at = self.at_finalised().await?;
		let what = || format!("listing {pallet}.{entry}");
		let address = dynamic::storage::<Vec<dynamic::Value>, V>(pallet, entry);
		let mut rows = at
			.storage()
			.iter(address, Vec::<dynamic::Value>::new())
			.await
			.map_err(|e| ChainError::rpc(what(), e))?;
		let mut out = Vec::new();
		while let Some(row) = rows.next().await {
			let row = row.map_err(|e| ChainError::rpc(what(), e))?;
			let value = row.value().decode().map_err(|e| ChainError::rpc(what(), e))?;
			out.push((row.key_bytes().to_vec(), value));
			if out.len() >= limit {
				break;
			}
		}
		Ok(out)
	}

	/// Free, held and frozen balance and nonce of an account (zeros when it does not exist).
	pub async fn account(&self, id: &AccountId) -> Result<rows::AccountInfo, ChainError> {
		Ok(self.get("System", "Account", (id.0,)).await?.unwrap_or_default())
	}

	/// The next nonce of an account, with what is ready in the node's pool counted in.
	pub async fn next_nonce(&self, id: &AccountId) -> Result<u64, ChainError> {
		let rpc = self.inner.read().await.rpc.clone();
		// The request takes SS58 for every account, an Ethereum one included.
		let text = subxt::utils::AccountId32(id.0).to_string();
		rpc.request("system_accountNextIndex", rpc_params![text])
			.await
			.map_err(|e| ChainError::rpc(format!("asking for the nonce of {id}"), e))
	}

	/// Calls a runtime API.
	pub async fn runtime_api<R: DecodeAsType>(
		&self,
		api: &str,
		method: &str,
		args: impl subxt::ext::frame_decode::runtime_apis::IntoEncodableValues,
	) -> Result<R, ChainError> {
		let at = self.at_finalised().await?;
		let payload = dynamic::runtime_api_call::<_, R>(api, method, args);
		at.runtime_apis()
			.call(payload)
			.await
			.map_err(|e| ChainError::rpc(format!("calling {api}.{method}"), e))
	}
}

/// Reads one storage row at a block.
pub async fn get_at<K, V: DecodeAsType>(
	at: &AtBlock,
	pallet: &str,
	entry: &str,
	key: K,
) -> Result<Option<V>, ChainError>
where
	K: IntoEncodableValues + IntoDecodableValues,
{
	let what = || format!("reading {pallet}.{entry}");
	let address = dynamic::storage::<K, V>(pallet, entry);
	match at.storage().try_fetch(address, key).await {
		Ok(Some(value)) => value.decode().map(Some).map_err(|e| ChainError::rpc(what(), e)),
		Ok(None) => Ok(None),
		Err(e) => Err(ChainError::rpc(what(), e)),
	}
}

async fn open(url: &str) -> Result<Connection, ChainError> {
	let failed = |reason: String| ChainError::Connect { url: url.into(), reason };
	let rpc = RpcClient::from_insecure_url(url).await.map_err(|e| failed(e.to_string()))?;
	let online = OnlineClient::<WeftConfig>::from_rpc_client(rpc.clone())
		.await
		.map_err(|e| failed(e.to_string()))?;
	Ok(Connection { online, rpc })
}

/// The last key part of a map whose hasher keeps the key (`*Concat`), as u64.
pub fn last_u64(key: &[u8]) -> Option<u64> {
	let tail = key.get(key.len().checked_sub(8)?..)?;
	tail.try_into().ok().map(u64::from_le_bytes)
}

/// The same as u32.
pub fn last_u32(key: &[u8]) -> Option<u32> {
	let tail = key.get(key.len().checked_sub(4)?..)?;
	tail.try_into().ok().map(u32::from_le_bytes)
}

/// The same as 32 bytes (an account).
pub fn last_account(key: &[u8]) -> Option<[u8; 32]> {
	key.get(key.len().checked_sub(32)?..)?.try_into().ok()
}

impl Client {
	/// The EIP-155 chain id of the EVM.
	pub async fn evm_chain_id(&self) -> Result<u64, ChainError> {
		let at = self.at_finalised().await?;
		let address = dynamic::constant::<u64>("Revive", "ChainId");
		at.constants().entry(address).map_err(|e| ChainError::rpc("reading Revive.ChainId", e))
	}
}
