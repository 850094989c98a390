//! A chain with `pallet-revive` and the precompile.

use alloy_core::primitives::B256;
use frame_support::{
	derive_impl, parameter_types,
	traits::{fungible::Mutate, tokens::Preservation, ConstU128, ConstU64, VariantCountOf},
};
use pallet_jobs::{Catalogue, Payments, Rates, WorkerRegistry};
use pallet_revive::{
	precompiles::{Precompile, H160},
	test_utils::{ALICE, BOB, CHARLIE},
	AccountId32Mapper,
};
use polkadot_sdk::*;
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage, DispatchResult};
use weft_primitives::ids::{BaseId, ModelId, SnapshotId};

/// The only model.
pub const MODEL: ModelId = 7;
/// Held besides the price.
pub const DEPOSIT: u128 = 500;

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
	#[runtime::pallet_index(53)]
	pub type Jobs = pallet_jobs;
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
	type Precompiles = (crate::Jobs<Self>,);
	type InstantiateOrigin = frame_system::EnsureSigned<AccountId32>;
	type Time = Timestamp;
	type UploadOrigin = frame_system::EnsureSigned<AccountId32>;
}

/// The one worker: Charlie's, with Bob's key as hot key.
pub struct Registry;
impl WorkerRegistry<AccountId32> for Registry {
	fn owner_of_hot(hot: &AccountId32) -> Option<AccountId32> {
		(*hot == BOB).then_some(CHARLIE)
	}
	fn is_active(worker: &AccountId32) -> bool {
		*worker == CHARLIE
	}
	fn assigned(_: &AccountId32) -> u32 {
		0
	}
	fn note_assigned(_: &AccountId32) -> DispatchResult {
		Ok(())
	}
	fn note_released(_: &AccountId32, _: bool) {}
	fn note_report(_: &AccountId32) {}
	fn slash_absence(_: &AccountId32) {}
}

/// One base, one snapshot and [`MODEL`] at 1,000 and 2,000 for 1,000 tokens.
pub struct Shelf;
impl Catalogue for Shelf {
	fn base_exists(base: BaseId) -> bool {
		base == 1
	}
	fn snapshot_exists(snapshot: SnapshotId) -> bool {
		snapshot == 1
	}
	fn model_rates(model: ModelId) -> Option<Rates> {
		(model == MODEL).then_some(Rates { price_in: 1_000, price_out: 2_000 })
	}
}

/// The worker gets everything.
pub struct Purse;
impl Payments<AccountId32> for Purse {
	fn pay_training(from: &AccountId32, worker: &AccountId32, amount: u128) -> DispatchResult {
		Balances::transfer(from, worker, amount, Preservation::Expendable).map(|_| ())
	}
	fn pay_inference(
		from: &AccountId32,
		worker: &AccountId32,
		_: ModelId,
		amount: u128,
	) -> DispatchResult {
		Self::pay_training(from, worker, amount)
	}
}

parameter_types! {
	pub const JobDeposit: u128 = DEPOSIT;
	pub const PokeBounty: u128 = 100;
	pub const MinPrice: u128 = 100;
	pub const ChallengeWindow: u32 = 5;
	pub const Retention: u32 = 30;
	pub const MaxAcceptWithin: u32 = 50;
	pub const MaxRunWithin: u32 = 100;
	pub const MaxAttempts: u8 = 3;
	pub const MaxOpenJobs: u32 = 6;
	pub const MaxJobsPerWorker: u32 = 2;
	pub const MaxJobsPerBlock: u32 = 4;
	pub const MaxSpill: u32 = 1;
}

impl pallet_jobs::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Workers = Registry;
	type Catalogue = Shelf;
	type Payments = Purse;
	type JobDeposit = JobDeposit;
	type PokeBounty = PokeBounty;
	type MinPrice = MinPrice;
	type ChallengeWindow = ChallengeWindow;
	type Retention = Retention;
	type MaxAcceptWithin = MaxAcceptWithin;
	type MaxRunWithin = MaxRunWithin;
	type MaxAttempts = MaxAttempts;
	type MaxOpenJobs = MaxOpenJobs;
	type MaxJobsPerWorker = MaxJobsPerWorker;
	type MaxJobsPerBlock = MaxJobsPerBlock;
	type MaxSpill = MaxSpill;
	type WeightInfo = pallet_jobs::weights::SubstrateWeight<Test>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Bench;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;
#[cfg(feature = "runtime-benchmarks")]
impl pallet_jobs::BenchmarkHelper<AccountId32> for Bench {
	fn worker() -> (AccountId32, AccountId32) {
		(CHARLIE, BOB)
	}
	fn base() -> BaseId {
		1
	}
	fn snapshots(_: u32) -> Vec<SnapshotId> {
		vec![1]
	}
	fn model() -> ModelId {
		MODEL
	}
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
	H160(crate::Jobs::<Test>::MATCHER.base_address())
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
