//! Puts the node together: database, network, transaction pool, BABE, GRANDPA, RPC.

use crate::{cli::EthArgs, eth::EthConfig, rpc};
use futures::FutureExt;
use polkadot_sdk::*;
use sc_client_api::{Backend, BlockBackend};
use sc_consensus_babe::{BabeBlockImport, BabeLink, BabeWorkerHandle, SlotProportion};
use sc_consensus_grandpa::{GrandpaBlockImport, LinkHalf, SharedVoterState};
use sc_executor::WasmExecutor;
use sc_network::{config::FullNetworkConfiguration, NetworkBackend, NotificationService};
use sc_service::{Configuration, PruningMode, TaskManager, WarpSyncConfig};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::inherents::InherentDataProvider as SlotProvider;
use sp_runtime::traits::Block as BlockT;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use weft_runtime::{OpaqueBlock as Block, RuntimeApi};

/// What the runtime may call in the node.
#[cfg(not(feature = "runtime-benchmarks"))]
pub type HostFunctions = sp_io::SubstrateHostFunctions;
/// What the runtime may call in the node, and what benchmarks need besides.
#[cfg(feature = "runtime-benchmarks")]
pub type HostFunctions =
	(sp_io::SubstrateHostFunctions, frame_benchmarking::benchmarking::HostFunctions);

/// Executes the runtime.
pub type Executor = WasmExecutor<HostFunctions>;
/// The client of the node.
pub type FullClient = sc_service::TFullClient<Block, RuntimeApi, Executor>;
/// The database of the node.
pub type FullBackend = sc_service::TFullBackend<Block>;
/// The transaction pool of the node.
pub type FullPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;
/// How the node picks the best chain: the longest one on top of what is final.
pub type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;

type FullGrandpaBlockImport = GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type FullGrandpaLink = LinkHalf<Block, FullClient, FullSelectChain>;
/// Inherents that an imported block is checked against: its slot and its time.
type InherentProviders = Arc<
	dyn sp_inherents::CreateInherentDataProviders<
		Block,
		(),
		InherentDataProviders = (SlotProvider, sp_timestamp::InherentDataProvider),
	>,
>;
type FullBabeBlockImport =
	BabeBlockImport<Block, FullClient, FullGrandpaBlockImport, InherentProviders, FullSelectChain>;

/// Finality is proved in storage every so many blocks, besides at each change of the set.
const JUSTIFICATION_PERIOD: u32 = 512;

/// What [`new_partial`] returns besides the usual.
pub struct Other {
	/// BABE's import, with GRANDPA's inside.
	pub block_import: FullBabeBlockImport,
	/// GRANDPA's import alone, for justifications.
	pub grandpa_link: FullGrandpaLink,
	/// BABE's epochs.
	pub babe_link: BabeLink<Block>,
	/// Answers about BABE's epochs.
	pub babe_worker: BabeWorkerHandle<Block>,
	/// Reports to telemetry servers, where any are named.
	pub telemetry: Option<Telemetry>,
}

/// The parts of a node.
pub type Partial = sc_service::PartialComponents<
	FullClient,
	FullBackend,
	FullSelectChain,
	sc_consensus::DefaultImportQueue<Block>,
	FullPool,
	Other,
>;

/// A node that answers Ethereum wallets needs the state of old blocks, so it keeps all of them unless
/// the operator says otherwise.
pub fn keep_history(config: &mut Configuration, eth: &EthArgs) {
	if config.state_pruning.is_none() && eth.eth_rpc_port != 0 {
		config.state_pruning = Some(PruningMode::ArchiveAll);
	}
}

/// Opens the database and makes the parts that do not need the network.
pub fn new_partial(config: &Configuration) -> Result<Partial, sc_service::Error> {
	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| -> Result<_, sc_telemetry::Error> {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok((worker, telemetry))
		})
		.transpose()?;

	let executor = sc_service::new_wasm_executor::<HostFunctions>(&config.executor);
	let (client, backend, keystore_container, task_manager) =
		sc_service::new_full_parts::<Block, RuntimeApi, _>(
			config,
			telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
			executor,
			Default::default(),
		)?;
	let client = Arc::new(client);

	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});

	let select_chain = sc_consensus::LongestChain::new(backend.clone());
	let transaction_pool = Arc::new(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);

	let (grandpa_block_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&client,
		select_chain.clone(),
		telemetry.as_ref().map(|telemetry| telemetry.handle()),
	)?;
	let justification_import = grandpa_block_import.clone();

	let babe_config = sc_consensus_babe::configuration(&*client)?;
	let slot_duration = babe_config.slot_duration();
	let inherent_providers: InherentProviders = Arc::new(move |_, ()| async move {
		let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
		let slot = SlotProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration);
		Ok((slot, timestamp))
	});
	let (block_import, babe_link) = sc_consensus_babe::block_import(
		babe_config,
		grandpa_block_import,
		client.clone(),
		inherent_providers,
		select_chain.clone(),
		OffchainTransactionPoolFactory::new(transaction_pool.clone()),
	)?;

	let (import_queue, babe_worker) =
		sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
			link: babe_link.clone(),
			block_import: block_import.clone(),
			justification_import: Some(Box::new(justification_import)),
			client: client.clone(),
			slot_duration,
			spawner: &task_manager.spawn_essential_handle(),
			registry: config.prometheus_registry(),
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
		})?;

	Ok(sc_service::PartialComponents {
		client,
		backend,
		task_manager,
		keystore_container,
		select_chain,
		import_queue,
		transaction_pool,
		other: Other { block_import, grandpa_link, babe_link, babe_worker, telemetry },
	})
}

/// Runs a node over the network library that the configuration names.
pub fn new_full(config: Configuration, eth: EthArgs) -> Result<TaskManager, sc_service::Error> {
	match config.network.network_backend {
		sc_network::config::NetworkBackendType::Libp2p => {
			new_full_base::<sc_network::NetworkWorker<Block, <Block as BlockT>::Hash>>(config, eth)
		}
		sc_network::config::NetworkBackendType::Litep2p => {
			new_full_base::<sc_network::Litep2pNetworkBackend>(config, eth)
		}
	}
}

/// How the Ethereum JSON-RPC listens; `None` when it is off.
fn eth_config(eth: &EthArgs, config: &Configuration) -> Option<EthConfig> {
	(eth.eth_rpc_port != 0).then(|| {
		let is_dev = config.chain_spec.chain_type() == sc_service::ChainType::Development;
		let host = if eth.eth_rpc_external { [0, 0, 0, 0] } else { [127, 0, 0, 1] };
		EthConfig {
			listen: SocketAddr::from((host, eth.eth_rpc_port)),
			max_connections: config.rpc.max_connections,
			cors: eth.cors(is_dev),
			// Traces replay whole blocks: not for strangers.
			tracing: !eth.eth_rpc_external,
		}
	})
}

/// What the voter needs, once the node is up.
struct Voter {
	link: FullGrandpaLink,
	protocol_name: sc_network::ProtocolName,
	notification_service: Box<dyn NotificationService>,
	shared_voter_state: SharedVoterState,
}

fn new_full_base<N: NetworkBackend<Block, <Block as BlockT>::Hash>>(
	config: Configuration,
	eth: EthArgs,
) -> Result<TaskManager, sc_service::Error> {
	let sc_service::PartialComponents {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: Other { block_import, grandpa_link, babe_link, babe_worker, mut telemetry },
	} = new_partial(&config)?;

	let prometheus_registry = config.prometheus_registry().cloned();
	let metrics = N::register_notification_metrics(prometheus_registry.as_ref());
	let mut net_config =
		FullNetworkConfiguration::<_, _, N>::new(&config.network, prometheus_registry.clone());
	let genesis_hash = client
		.block_hash(0)?
		.ok_or_else(|| sc_service::Error::Other("the database has no genesis block".into()))?;
	let protocol_name =
		sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
	let (grandpa_protocol_config, notification_service) =
		sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
			protocol_name.clone(),
			metrics.clone(),
			net_config.peer_store_handle(),
		);
	net_config.add_notification_protocol(grandpa_protocol_config);

	let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
		backend.clone(),
		grandpa_link.shared_authority_set().clone(),
		Vec::new(),
	));
	let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	if config.offchain_worker.enabled {
		let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
			runtime_api_provider: client.clone(),
			is_validator: config.role.is_authority(),
			keystore: Some(keystore_container.keystore()),
			offchain_db: backend.offchain_storage(),
			transaction_pool: Some(OffchainTransactionPoolFactory::new(transaction_pool.clone())),
			network_provider: Arc::new(network.clone()),
			enable_http_requests: false,
			custom_extensions: |_| Vec::new(),
		})?;
		task_manager.spawn_handle().spawn(
			"offchain-workers-runner",
			"offchain-worker",
			workers.run(client.clone(), task_manager.spawn_handle()).boxed(),
		);
	}

	let role = config.role;
	let name = config.network.node_name.clone();
	let force_authoring = config.force_authoring;
	let enable_grandpa = !config.disable_grandpa;
	let eth_config = eth_config(&eth, &config);
	let shared_voter_state = SharedVoterState::empty();

	let rpc_builder = {
		let client = client.clone();
		let pool = transaction_pool.clone();
		let select_chain = select_chain.clone();
		let keystore = keystore_container.keystore();
		let chain_spec = config.chain_spec.cloned_box();
		let justification_stream = grandpa_link.justification_stream();
		let shared_authority_set = grandpa_link.shared_authority_set().clone();
		let shared_voter_state = shared_voter_state.clone();
		let finality_provider = sc_consensus_grandpa::FinalityProofProvider::new_for_service(
			backend.clone(),
			Some(shared_authority_set.clone()),
		);
		Box::new(move |subscription_executor: sc_rpc::SubscriptionTaskExecutor| {
			rpc::create(rpc::Deps {
				client: client.clone(),
				pool: pool.clone(),
				select_chain: select_chain.clone(),
				chain_spec: chain_spec.cloned_box(),
				babe: rpc::BabeDeps { worker: babe_worker.clone(), keystore: keystore.clone() },
				grandpa: rpc::GrandpaDeps {
					shared_voter_state: shared_voter_state.clone(),
					shared_authority_set: shared_authority_set.clone(),
					justification_stream: justification_stream.clone(),
					subscription_executor,
					finality_provider: finality_provider.clone(),
				},
			})
			.map_err(Into::into)
		})
	};

	sc_service::spawn_tasks(sc_service::SpawnTasksParams {
		config,
		client: client.clone(),
		backend: backend.clone(),
		task_manager: &mut task_manager,
		keystore: keystore_container.keystore(),
		transaction_pool: transaction_pool.clone(),
		rpc_builder,
		network: network.clone(),
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync_service.clone(),
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	if let Some(eth_config) = eth_config {
		crate::eth::spawn_eth_rpc(
			client.clone(),
			transaction_pool.clone(),
			backend.clone(),
			sync_service.clone(),
			task_manager.spawn_essential_handle(),
			eth_config,
		)?;
	}

	if role.is_authority() {
		author(
			&task_manager,
			Author {
				client: client.clone(),
				select_chain,
				transaction_pool: transaction_pool.clone(),
				block_import,
				babe_link,
				sync_service: sync_service.clone(),
				keystore: keystore_container.keystore(),
				force_authoring,
				prometheus_registry: prometheus_registry.clone(),
				telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
			},
		)?;
	}

	if enable_grandpa {
		let voter =
			Voter { link: grandpa_link, protocol_name, notification_service, shared_voter_state };
		let params = sc_consensus_grandpa::GrandpaParams {
			config: sc_consensus_grandpa::Config {
				// A third of a slot: votes are gossiped more often than blocks are made.
				gossip_duration: Duration::from_millis(1_000),
				justification_generation_period: JUSTIFICATION_PERIOD,
				name: Some(name),
				observer_enabled: false,
				keystore: role.is_authority().then(|| keystore_container.keystore()),
				local_role: role,
				telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
				protocol_name: voter.protocol_name,
			},
			link: voter.link,
			network,
			sync: sync_service,
			notification_service: voter.notification_service,
			voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry,
			shared_voter_state: voter.shared_voter_state,
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
		};
		// A validator that cannot vote is no use: the node stops with it.
		task_manager.spawn_essential_handle().spawn_blocking(
			"grandpa-voter",
			None,
			sc_consensus_grandpa::run_grandpa_voter(params)?,
		);
	}

	Ok(task_manager)
}

/// What block production needs.
struct Author {
	client: Arc<FullClient>,
	select_chain: FullSelectChain,
	transaction_pool: Arc<FullPool>,
	block_import: FullBabeBlockImport,
	babe_link: BabeLink<Block>,
	sync_service: Arc<sc_network_sync::SyncingService<Block>>,
	keystore: sp_keystore::KeystorePtr,
	force_authoring: bool,
	prometheus_registry: Option<substrate_prometheus_endpoint::Registry>,
	telemetry: Option<sc_telemetry::TelemetryHandle>,
}

fn author(task_manager: &TaskManager, parts: Author) -> Result<(), sc_service::Error> {
	let proposer = sc_basic_authorship::ProposerFactory::new(
		task_manager.spawn_handle(),
		parts.client.clone(),
		parts.transaction_pool,
		parts.prometheus_registry.as_ref(),
		parts.telemetry.clone(),
	);
	let slot_duration = parts.babe_link.config().slot_duration();
	let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
		keystore: parts.keystore,
		client: parts.client,
		select_chain: parts.select_chain,
		env: proposer,
		block_import: parts.block_import,
		sync_oracle: parts.sync_service.clone(),
		justification_sync_link: parts.sync_service,
		create_inherent_data_providers: move |_, ()| async move {
			let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
			let slot = SlotProvider::from_timestamp_and_slot_duration(*timestamp, slot_duration);
			Ok((slot, timestamp))
		},
		force_authoring: parts.force_authoring,
		// Authors slow down when finality is far behind, so that it can catch up.
		backoff_authoring_blocks: Some(
			sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging::default(),
		),
		babe_link: parts.babe_link,
		block_proposal_slot_portion: SlotProportion::new(2f32 / 3f32),
		max_block_proposal_slot_portion: None,
		telemetry: parts.telemetry,
	})?;
	task_manager.spawn_essential_handle().spawn_blocking(
		"babe-proposer",
		Some("block-authoring"),
		babe,
	);
	Ok(())
}
