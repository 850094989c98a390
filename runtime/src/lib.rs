//! The Weft runtime.
//!
//! Consensus is BABE and GRANDPA over a validator set that governance keeps ([`validators`]), contracts
//! run in `pallet-revive` with EVM bytecode, and the five Weft pallets hold what the chain has to know
//! about Datanets, models, workers, jobs and the earnings of contributors.
//!
//! * [`configs`] has one file per area with each pallet's configuration,
//! * [`apis`] implements the runtime APIs,
//! * [`genesis`] has the presets of the development and the local chain.

#![cfg_attr(not(feature = "std"), no_std)]
// `construct_runtime` and the runtime API macros recurse once per pallet and API.
#![recursion_limit = "512"]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

use polkadot_sdk::*;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
pub mod genesis;
#[cfg(test)]
mod tests;
pub mod validators;

use alloc::vec::Vec;
use pallet_revive::evm::runtime::EthExtra;
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

pub use apis::RuntimeApi;
pub use configs::system::currency;

/// Signature of a transaction: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;
/// An account: 32 bytes. An Ethereum account is its 20 bytes followed by twelve `0xEE`.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount in plancks; a WEFT has 10^12 of them.
pub type Balance = u128;
/// The number of a block.
pub type BlockNumber = u32;
/// The number of transactions that an account has sent.
pub type Nonce = u32;
/// A hash of the chain.
pub type Hash = sp_core::H256;
/// How a transaction names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// A block header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A block whose transactions are bytes to whoever holds it: what the node works with.
pub type OpaqueBlock = generic::Block<Header, sp_runtime::OpaqueExtrinsic>;

impl_opaque_keys! {
	/// The keys that a validator signs with.
	pub struct SessionKeys {
		/// Authors blocks.
		pub babe: Babe,
		/// Votes for finality.
		pub grandpa: Grandpa,
	}
}

/// The version of this runtime.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: alloc::borrow::Cow::Borrowed("weft"),
	impl_name: alloc::borrow::Cow::Borrowed("weft-node"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

/// What is checked, and charged, around every transaction.
pub type TxExtension = (
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	// After everything that relies on a signed origin.
	pallet_revive::evm::tx_extension::SetOrigin<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	// Last, so that it sees the refunds of all the others.
	frame_system::WeightReclaim<Runtime>,
);

/// The extensions of a transaction that a wallet signed as an Ethereum one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EthExtraImpl;

impl EthExtra for EthExtraImpl {
	type Config = Runtime;
	type ExtensionV0 = TxExtension;
	type ExtensionOtherVersions = sp_runtime::traits::InvalidVersion;

	fn get_eth_extension(nonce: u32, tip: Balance) -> Self::ExtensionV0 {
		(
			frame_system::CheckNonZeroSender::<Runtime>::new(),
			frame_system::CheckSpecVersion::<Runtime>::new(),
			frame_system::CheckTxVersion::<Runtime>::new(),
			frame_system::CheckGenesis::<Runtime>::new(),
			frame_system::CheckEra::<Runtime>::from(generic::Era::Immortal),
			frame_system::CheckNonce::<Runtime>::from(nonce),
			frame_system::CheckWeight::<Runtime>::new(),
			pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(tip),
			pallet_revive::evm::tx_extension::SetOrigin::<Runtime>::new_from_eth_transaction(),
			frame_metadata_hash_extension::CheckMetadataHash::<Runtime>::new(false),
			frame_system::WeightReclaim::<Runtime>::new(),
		)
	}
}

/// A transaction as it arrives: signed natively, or an Ethereum transaction in a bare wrapper.
pub type UncheckedExtrinsic =
	pallet_revive::evm::runtime::UncheckedExtrinsic<Address, Signature, EthExtraImpl>;

/// Storage migrations that the next upgrade runs. Empty: version 1 is the first.
pub type Migrations = ();

/// Dispatches transactions to the pallets.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

#[frame_support::runtime]
mod runtime {
	/// The runtime: its pallets and their indices, which are part of every encoded call and event.
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system::Pallet<Runtime>;

	// BABE before Timestamp: the timestamp is checked against the slot.
	#[runtime::pallet_index(1)]
	pub type Babe = pallet_babe::Pallet<Runtime>;

	#[runtime::pallet_index(2)]
	pub type Timestamp = pallet_timestamp::Pallet<Runtime>;

	// Authorship before Session: it needs the validators of the block's own session.
	#[runtime::pallet_index(3)]
	pub type Authorship = pallet_authorship::Pallet<Runtime>;

	#[runtime::pallet_index(4)]
	pub type Balances = pallet_balances::Pallet<Runtime>;

	#[runtime::pallet_index(5)]
	pub type TransactionPayment = pallet_transaction_payment::Pallet<Runtime>;

	#[runtime::pallet_index(6)]
	pub type Offences = pallet_offences::Pallet<Runtime>;

	#[runtime::pallet_index(7)]
	pub type Historical = pallet_session::historical::Pallet<Runtime>;

	// Before Session, whose genesis asks for the first validators.
	#[runtime::pallet_index(8)]
	pub type Validators = validators::Pallet<Runtime>;

	#[runtime::pallet_index(9)]
	pub type Session = pallet_session::Pallet<Runtime>;

	#[runtime::pallet_index(10)]
	pub type Grandpa = pallet_grandpa::Pallet<Runtime>;

	#[runtime::pallet_index(20)]
	pub type Utility = pallet_utility::Pallet<Runtime>;

	#[runtime::pallet_index(21)]
	pub type Multisig = pallet_multisig::Pallet<Runtime>;

	#[runtime::pallet_index(22)]
	pub type Proxy = pallet_proxy::Pallet<Runtime>;

	#[runtime::pallet_index(23)]
	pub type Sudo = pallet_sudo::Pallet<Runtime>;

	#[runtime::pallet_index(40)]
	pub type Revive = pallet_revive::Pallet<Runtime>;

	#[runtime::pallet_index(50)]
	pub type Datanets = pallet_datanets::Pallet<Runtime>;

	#[runtime::pallet_index(51)]
	pub type Models = pallet_models::Pallet<Runtime>;

	#[runtime::pallet_index(52)]
	pub type Workers = pallet_workers::Pallet<Runtime>;

	#[runtime::pallet_index(53)]
	pub type Jobs = pallet_jobs::Pallet<Runtime>;

	#[runtime::pallet_index(54)]
	pub type Attribution = pallet_attribution::Pallet<Runtime>;
}
