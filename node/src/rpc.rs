//! The node's own JSON-RPC; the Ethereum one is in `eth`.

use crate::service::{FullBackend, FullClient, FullPool, FullSelectChain};
use jsonrpsee::RpcModule;
use polkadot_sdk::*;
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_rpc::SubscriptionTaskExecutor;
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use weft_runtime::{AccountId, Balance, BlockNumber, Hash, Nonce, OpaqueBlock as Block};

/// What BABE's methods need.
pub struct BabeDeps {
	/// Answers for the epochs that the node knows.
	pub worker: sc_consensus_babe::BabeWorkerHandle<Block>,
	/// The validator's keys.
	pub keystore: KeystorePtr,
}

/// What GRANDPA's methods need.
pub struct GrandpaDeps {
	/// The voter's rounds.
	pub shared_voter_state: SharedVoterState,
	/// The authorities of now and of the past.
	pub shared_authority_set: SharedAuthoritySet<Hash, BlockNumber>,
	/// Justifications as they are made.
	pub justification_stream: GrandpaJustificationStream<Block>,
	/// Runs subscriptions.
	pub subscription_executor: SubscriptionTaskExecutor,
	/// Proves finality.
	pub finality_provider: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// What all the methods need.
pub struct Deps {
	/// The client.
	pub client: Arc<FullClient>,
	/// The transaction pool.
	pub pool: Arc<FullPool>,
	/// Selects the best chain.
	pub select_chain: FullSelectChain,
	/// The specification that the node runs.
	pub chain_spec: Box<dyn sc_chain_spec::ChainSpec>,
	/// BABE's part.
	pub babe: BabeDeps,
	/// GRANDPA's part.
	pub grandpa: GrandpaDeps,
}

/// Every method besides those that `sc-service` adds by itself.
pub fn create(deps: Deps) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
	use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
	use sc_consensus_babe_rpc::{Babe, BabeApiServer};
	use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
	use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
	use substrate_frame_rpc_system::{System, SystemApiServer};

	let Deps { client, pool, select_chain, chain_spec, babe, grandpa } = deps;
	let mut module = RpcModule::new(());

	let system = System::new(client.clone(), pool);
	module.merge(SystemApiServer::<Hash, AccountId, Nonce>::into_rpc(system))?;
	let payment = TransactionPayment::new(client.clone());
	module.merge(TransactionPaymentApiServer::<
		Hash,
		pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo<Balance>,
	>::into_rpc(payment))?;
	module.merge(
		Babe::new(client.clone(), babe.worker.clone(), babe.keystore, select_chain).into_rpc(),
	)?;
	module.merge(
		Grandpa::new(
			grandpa.subscription_executor,
			grandpa.shared_authority_set.clone(),
			grandpa.shared_voter_state,
			grandpa.justification_stream,
			grandpa.finality_provider,
		)
		.into_rpc(),
	)?;
	module.merge(
		SyncState::new(chain_spec, client, grandpa.shared_authority_set, babe.worker)?.into_rpc(),
	)?;
	Ok(module)
}
