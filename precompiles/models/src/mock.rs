//! A chain with `pallet-revive` and the precompile.

use frame_support::{
	derive_impl,
	traits::{ConstU128, ConstU64, VariantCountOf},
};
use pallet_models::{SnapshotInfo, TrainingResult, TrainingResults};
use pallet_revive::{
	precompiles::{Precompile, H160},
	test_utils::{ALICE, BOB},
	AccountId32Mapper,
};
use polkadot_sdk::*;
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage};
use weft_primitives::ids::{DatanetId, JobId, SnapshotId};

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
	#[runtime::pallet_index(51)]
	pub type Models = pallet_models;
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
	type Precompiles = (crate::Models<Self>,);
	type InstantiateOrigin = frame_system::EnsureSigned<AccountId32>;
	type Time = Timestamp;
	type UploadOrigin = frame_system::EnsureSigned<AccountId32>;
}

/// Job 5 is a settled training job of Alice on base 0 and snapshots 4, 2 and 3.
pub struct Jobs;
impl TrainingResults<AccountId32> for Jobs {
	fn result(job: JobId) -> Option<TrainingResult<AccountId32>> {
		(job == 5).then(|| TrainingResult {
			requester: ALICE,
			base: 0,
			snapshots: vec![4, 2, 3].try_into().expect("three"),
			adapter: [11; 32],
			index_root: [12; 32],
			index: [13; 32],
			metrics: [14; 32],
		})
	}
}

/// Ten snapshots, two of each Datanet.
pub struct Snapshots;
impl SnapshotInfo for Snapshots {
	fn datanet_of(snapshot: SnapshotId) -> Option<DatanetId> {
		Self::exists(snapshot).then_some(snapshot / 2)
	}
	fn exists(snapshot: SnapshotId) -> bool {
		snapshot < 10
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_models::BenchmarkHelper<AccountId32> for Jobs {
	fn finished_job(_: &AccountId32, _: weft_primitives::ids::BaseId) -> JobId {
		5
	}
}

impl pallet_models::Config for Test {
	type Currency = Balances;
	type TrainingResults = Jobs;
	type SnapshotInfo = Snapshots;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Jobs;
}

/// A fresh chain at block 1 on which Alice and Bob, both Ethereum accounts, are endowed.
pub fn new_test_ext() -> sp_io::TestExternalities {
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: vec![(ALICE, ENDOWMENT), (BOB, ENDOWMENT)],
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
	H160(crate::Models::<Test>::MATCHER.base_address())
}
