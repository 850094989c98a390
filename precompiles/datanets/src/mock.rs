//! A chain with `pallet-revive` and the precompile.

use alloy_core::primitives::B256;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU128, ConstU64, Contains, VariantCountOf},
};
use pallet_revive::{
	precompiles::{Precompile, H160},
	test_utils::{ALICE, BOB, CHARLIE},
	AccountId32Mapper,
};
use polkadot_sdk::*;
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};

pub const ED: u128 = 10;
pub const ENDOWMENT: u128 = 1_000_000_000_000_000;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeTask,
		RuntimeHoldReason,
		RuntimeFreezeReason
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(10)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(30)]
	pub type Revive = pallet_revive;
	#[runtime::pallet_index(50)]
	pub type Datanets = pallet_datanets;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId32;
	type Lookup = IdentityLookup<AccountId32>;
	type AccountData = pallet_balances::AccountData<u128>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = u128;
	type ExistentialDeposit = ConstU128<ED>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
}

impl pallet_timestamp::Config for Test {
	type Moment = u64;
	type OnTimestampSet = ();
	type MinimumPeriod = ConstU64<1>;
	type WeightInfo = ();
}

#[derive_impl(pallet_revive::config_preludes::TestDefaultConfig)]
impl pallet_revive::Config for Test {
	type AddressMapper = AccountId32Mapper<Self>;
	type Balance = u128;
	type Currency = Balances;
	type DepositPerItem = ConstU128<1>;
	type DepositPerChildTrieItem = ConstU128<1>;
	type DepositPerByte = ConstU128<1>;
	type Precompiles = (crate::Datanets<Self>,);
	type InstantiateOrigin = frame_system::EnsureSigned<AccountId32>;
	type Time = Timestamp;
	type UploadOrigin = frame_system::EnsureSigned<AccountId32>;
}

/// There are no workers here.
pub struct Nobody;
impl Contains<AccountId32> for Nobody {
	fn contains(_: &AccountId32) -> bool {
		false
	}
}

parameter_types! {
	pub const Treasury: AccountId32 = CHARLIE;
}

impl pallet_datanets::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Reporter = Nobody;
	type Treasury = Treasury;
	type WeightInfo = ();
}

/// A fresh chain at block 1 on which Alice and Bob, both Ethereum accounts, are endowed.
pub fn new_test_ext() -> sp_io::TestExternalities {
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: vec![(ALICE, ENDOWMENT), (BOB, ENDOWMENT), (CHARLIE, ENDOWMENT)],
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("genesis is valid");
	let mut ext: sp_io::TestExternalities = storage.into();
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Where the precompile is.
pub fn precompile() -> H160 {
	H160(crate::Datanets::<Test>::MATCHER.base_address())
}

/// What contracts logged since the last call of this: address, topics and data.
pub fn logs() -> Vec<(H160, Vec<B256>, Vec<u8>)> {
	let logs = System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Revive(pallet_revive::Event::ContractEmitted {
				contract,
				data,
				topics,
			}) => Some((
				contract,
				topics.into_iter().map(|topic| B256::from(topic.0)).collect(),
				data,
			)),
			_ => None,
		})
		.collect();
	System::reset_events();
	logs
}
