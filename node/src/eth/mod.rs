//! The Ethereum JSON-RPC of the node.
//!
//! Wallets, ethers, viem and Hardhat talk to this server as they talk to any Ethereum node. It
//! reads the chain through the runtime's `ReviveApi` and the node's own database, in the same
//! process: no second program, no second database, and a receipt is there as soon as its block is.
//!
//! - [`chain`] says what is needed of a chain, [`client`] gives it over the node's client and pool;
//! - [`record`] turns a block into receipts and logs, [`index`] finds blocks and transactions by
//!   their Ethereum hashes, over re-organisations and restarts;
//! - [`methods`], [`filters`], [`subscriptions`] and [`trace`] answer the requests, with
//!   [`params`] and [`error`] for what comes in and what goes wrong.
//!
//! An Ethereum block has the height of its block and is built by the runtime at its end, so the
//! two never differ in time. Logs that contracts emit in extrinsics signed with sr25519 belong to
//! no Ethereum transaction: they are events of the chain, and not in any receipt.

mod chain;
mod client;
mod error;
mod filters;
mod index;
mod methods;
mod native;
mod params;
mod record;
mod subscriptions;
#[cfg(test)]
mod tests;
mod trace;

use chain::Chain;
use client::NodeChain;
use futures::{FutureExt, StreamExt};
use index::Index;
use jsonrpsee::{
	core::{id_providers::RandomIntegerIdProvider, traits::IdProvider},
	server::{BatchRequestConfig, Server},
	types::SubscriptionId,
	RpcModule,
};
use methods::Eth;
use polkadot_sdk::{
	pallet_revive::ReviveApi,
	sc_client_api::{AuxStore, Backend, BlockBackend, BlockchainEvents, StorageProvider},
	sc_network_sync::SyncingService,
	sc_service::{self, SpawnEssentialTaskHandle},
	sc_transaction_pool_api::TransactionPool,
	sp_api::ProvideRuntimeApi,
	sp_blockchain::HeaderBackend,
	sp_core::H256,
	sp_runtime::{
		traits::{Block as BlockT, Header as HeaderT},
		AccountId32,
	},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

const LOG_TARGET: &str = "eth";

/// How the server listens.
#[derive(Debug, Clone)]
pub struct EthConfig {
	/// Address and port, for HTTP and WebSocket alike.
	pub listen: SocketAddr,
	/// Connections at a time.
	pub max_connections: u32,
	/// The web origins that may ask, `http://localhost:*` for any port; `None` allows every one.
	pub cors: Option<Vec<String>>,
	/// Whether `debug_trace*` is offered. Traces replay blocks: not for a public server.
	pub tracing: bool,
}

impl Default for EthConfig {
	fn default() -> Self {
		Self {
			listen: SocketAddr::from(([127, 0, 0, 1], 8545)),
			max_connections: 200,
			cors: None,
			tracing: true,
		}
	}
}

/// Subscription ids as Ethereum clients expect them: a quantity in hex.
#[derive(Debug)]
struct HexIds(RandomIntegerIdProvider);

impl IdProvider for HexIds {
	fn next_id(&self) -> SubscriptionId<'static> {
		match self.0.next_id() {
			SubscriptionId::Num(number) => SubscriptionId::Str(format!("{number:#x}").into()),
			other => other,
		}
	}
}

/// Starts the server and the task that follows the chain. Fails if the port is taken.
pub fn spawn_eth_rpc<B, BE, C, P>(
	client: Arc<C>,
	pool: Arc<P>,
	backend: Arc<BE>,
	sync: Arc<SyncingService<B>>,
	tasks: SpawnEssentialTaskHandle,
	config: EthConfig,
) -> Result<(), sc_service::Error>
where
	B: BlockT<Hash = H256>,
	B::Header: HeaderT<Number = u32>,
	BE: Backend<B> + 'static,
	C: ProvideRuntimeApi<B>
		+ HeaderBackend<B>
		+ BlockBackend<B>
		+ BlockchainEvents<B>
		+ StorageProvider<B, BE>
		+ AuxStore
		+ Send
		+ Sync
		+ 'static,
	C::Api: ReviveApi<B, AccountId32, u128, u32, u32, u64>,
	P: TransactionPool<Block = B> + 'static,
{
	let imports = client.import_notification_stream().map(|_| ()).boxed();
	let chain: Arc<dyn Chain> = Arc::new(NodeChain::new(client, pool, backend, sync));
	let index = Arc::new(Index::new(chain.clone()));
	let module = module(Eth::new(chain, index.clone()), config.tracing)
		.map_err(|error| other(format!("Ethereum JSON-RPC: {error}")))?;

	let (listener, address) = std::net::TcpListener::bind(config.listen)
		.and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
		.and_then(|listener| listener.local_addr().map(|address| (listener, address)))
		.map_err(|error| {
			other(format!(
				"the Ethereum JSON-RPC cannot listen on {}: {error}; choose another port with \
				 --eth-rpc-port",
				config.listen
			))
		})?;
	let cors = cors(config.cors);

	tasks.spawn_blocking("eth-index", Some("eth"), follow(index, imports));
	tasks.spawn("eth-rpc", Some("eth"), async move {
		let server = Server::builder()
			.max_connections(config.max_connections)
			.max_request_body_size(5 * 1024 * 1024)
			.max_response_body_size(50 * 1024 * 1024)
			.max_subscriptions_per_connection(256)
			.set_batch_request_config(BatchRequestConfig::Limit(100))
			.set_id_provider(HexIds(RandomIntegerIdProvider))
			.set_http_middleware(tower::ServiceBuilder::new().layer(cors))
			.build_from_tcp(listener);
		match server {
			Ok(server) => {
				tracing::info!(target: LOG_TARGET, "Ethereum JSON-RPC on {address}");
				server.start(module).stopped().await;
			}
			Err(error) => tracing::error!(target: LOG_TARGET, "Ethereum JSON-RPC: {error}"),
		}
	});
	Ok(())
}

fn other(message: String) -> sc_service::Error {
	sc_service::Error::Other(message)
}

/// Lets the web pages of these origins read the answers. The server signs nothing and holds no
/// keys, so what a page can do here it can do anywhere.
fn cors(origins: Option<Vec<String>>) -> CorsLayer {
	let Some(origins) = origins else { return CorsLayer::permissive() };
	let allowed = AllowOrigin::predicate(move |origin, _| {
		origin.to_str().is_ok_and(|origin| origins.iter().any(|allowed| same(allowed, origin)))
	});
	CorsLayer::new().allow_origin(allowed).allow_headers(Any).allow_methods(Any)
}

/// Whether an origin is the allowed one, with any port if that ends in `:*`.
fn same(allowed: &str, origin: &str) -> bool {
	match allowed.strip_suffix(":*") {
		Some(host) => {
			origin.strip_prefix(host).is_some_and(|rest| rest.is_empty() || is_port(rest))
		}
		None => allowed == origin,
	}
}

fn is_port(text: &str) -> bool {
	text.strip_prefix(':')
		.is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn module(eth: Eth, tracing: bool) -> Result<RpcModule<Eth>, jsonrpsee::core::RegisterMethodError> {
	let chain_id = eth.chain.chain_id();
	let mut module = RpcModule::new(eth);
	methods::register(&mut module, chain_id)?;
	subscriptions::register(&mut module)?;
	if tracing {
		trace::register(&mut module)?;
	}
	Ok(module)
}

/// Keeps the index at the best block, and closes its gaps when there is nothing else to do.
async fn follow(index: Arc<Index>, mut imports: impl futures::Stream<Item = ()> + Unpin) {
	let mut gaps = true;
	loop {
		if let Err(error) = index.catch_up() {
			tracing::warn!(target: LOG_TARGET, "Ethereum index: {error}");
		}
		if gaps {
			gaps = index.backfill().unwrap_or_else(|error| {
				tracing::warn!(target: LOG_TARGET, "Ethereum index: {error}");
				false
			});
		}
		// No notifications come while the node catches up with the chain: the timer stands in.
		let pause = if gaps { Duration::from_millis(20) } else { Duration::from_secs(3) };
		futures::select! {
			import = imports.next().fuse() => if import.is_none() { return },
			() = tokio::time::sleep(pause).fuse() => gaps = true,
		}
	}
}
