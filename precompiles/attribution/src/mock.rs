//! A chain with `pallet-revive` and the precompile.

use alloy_core::primitives::B256;
use frame_support::PalletId;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU128, ConstU32, ConstU64, VariantCountOf},
};
use pallet_attribution::{ModelRules, Rule, WorkerKeys};
use pallet_revive::{
	precompiles::{Precompile, H160},
	test_utils::{ALICE, BOB, CHARLIE, DJANGO},
	AccountId32Mapper,
};
use polkadot_sdk::*;
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};
use weft_primitives::{ids::ModelId, split::Split};

/// The only model. Everything it earns is the contributors'.
pub const MODEL: ModelId = 7;

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
	#[runtime::pallet_index(54)]
	pub type Attribution = pallet_attribution;
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
	type Precompiles = (crate::Earnings<Self>,);
	type InstantiateOrigin = frame_system::EnsureSigned<AccountId32>;
	type Time = Timestamp;
	type UploadOrigin = frame_system::EnsureSigned<AccountId32>;
}

/// [`MODEL`], whose contributors get everything.
pub struct Models;
impl ModelRules<AccountId32> for Models {
	fn rule(model: ModelId) -> Option<Rule<AccountId32>> {
		let split =
			Split { treasury: 0, base_owner: 0, developer: 0, worker: 0, contributors: 1_000_000 };
		(model == MODEL).then_some(Rule { split, base_owner: DJANGO, developer: DJANGO })
	}
}

/// The one worker: Charlie's, with Bob's key as hot key.
pub struct Workers;
impl WorkerKeys<AccountId32> for Workers {
	fn owner_of_hot(hot: &AccountId32) -> Option<AccountId32> {
		(*hot == BOB).then_some(CHARLIE)
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_attribution::BenchmarkHelper<AccountId32> for Workers {
	fn register_worker(_: &AccountId32, _: &AccountId32) {}
	fn publish_model() -> ModelId {
		MODEL
	}
}

parameter_types! {
	pub const Treasury: AccountId32 = DJANGO;
	pub const Purse: PalletId = PalletId(*b"wft/earn");
}

impl pallet_attribution::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = Models;
	type Workers = Workers;
	type Treasury = Treasury;
	type ChallengeOrigin = frame_system::EnsureRoot<AccountId32>;
	type ChainId = ConstU64<42>;
	type PalletId = Purse;
	type ChallengeWindow = ConstU32<10>;
	type CloseDelay = ConstU32<20>;
	type MaxItems = ConstU32<4>;
	type WeightInfo = pallet_attribution::weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Workers;
}

/// A fresh chain at block 1 on which Alice and Bob, both Ethereum accounts, are endowed.
pub fn new_test_ext() -> sp_io::TestExternalities {
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: vec![
				(ALICE, ENDOWMENT),
				(BOB, ENDOWMENT),
				(CHARLIE, ENDOWMENT),
				(DJANGO, ENDOWMENT),
			],
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
	H160(crate::Earnings::<Test>::MATCHER.base_address())
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
