//! Smart contracts: `pallet-revive` with EVM bytecode, so that what `solc` prints runs as it is.
//!
//! This file and `precompiles/` are the only places that know which EVM the chain has.

use crate::*;
use configs::system::TreasuryAccount;
use frame_support::{
	derive_impl, parameter_types,
	traits::{tokens::imbalance::ResolveTo, ConstBool, ConstU32, ConstU64},
};
use frame_system::EnsureSigned;
use pallet_revive::{evm::fees::Info as FeeInfo, AccountId32Mapper};
use sp_runtime::Perbill;

/// The chain id of EIP-155.
pub const CHAIN_ID: u64 = 420_420_777;
/// One planck is so many wei: WEFT has 12 decimals natively and 18 on the Ethereum side.
pub const NATIVE_TO_ETH_RATIO: u32 = 1_000_000;

parameter_types! {
	pub const DepositPerItem: Balance = currency::deposit(1, 0);
	pub const DepositPerByte: Balance = currency::deposit(0, 1);
	pub const DepositPerChildTrieItem: Balance = currency::deposit(1, 0) / 100;
	pub const CodeHashLockupDepositPercent: Perbill = Perbill::from_percent(30);
}

/// The Solidity interfaces of the Weft pallets.
pub type Precompiles = (
	weft_precompile_datanets::Datanets<Runtime>,
	weft_precompile_models::Models<Runtime>,
	weft_precompile_jobs::Jobs<Runtime>,
	weft_precompile_attribution::Earnings<Runtime>,
);

#[derive_impl(pallet_revive::config_preludes::TestDefaultConfig)]
impl pallet_revive::Config for Runtime {
	type AddressMapper = AccountId32Mapper<Self>;
	type AllowEVMBytecode = ConstBool<true>;
	type AutoMap = ConstBool<true>;
	type Balance = Balance;
	type ChainId = ConstU64<CHAIN_ID>;
	type CodeHashLockupDepositPercent = CodeHashLockupDepositPercent;
	type Currency = Balances;
	type DebugEnabled = ConstBool<false>;
	type DepositPerByte = DepositPerByte;
	type DepositPerChildTrieItem = DepositPerChildTrieItem;
	type DepositPerItem = DepositPerItem;
	type FeeInfo = FeeInfo<Address, Signature, EthExtraImpl>;
	type FindAuthor = <Runtime as pallet_authorship::Config>::FindAuthor;
	type GasScale = ConstU32<50_000>;
	type InstantiateOrigin = EnsureSigned<Self::AccountId>;
	type NativeToEthRatio = ConstU32<NATIVE_TO_ETH_RATIO>;
	type OnBurn = ResolveTo<TreasuryAccount, Balances>;
	type Precompiles = Precompiles;
	type Time = Timestamp;
	type UploadOrigin = EnsureSigned<Self::AccountId>;
	type WeightInfo = pallet_revive::weights::SubstrateWeight<Runtime>;
}
