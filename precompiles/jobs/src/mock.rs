//! A chain with `pallet-revive` and the precompile.

use frame_support::{
	parameter_types,
	traits::{fungible::Mutate, tokens::Preservation},
};
use pallet_jobs::{Catalogue, Payments, Rates, WorkerRegistry};
use pallet_revive::test_utils::{ALICE, BOB, CHARLIE};
use polkadot_sdk::*;
use sp_runtime::{AccountId32, DispatchResult};
pub use weft_precompile_support::mock::ENDOWMENT;
use weft_precompile_support::mock_runtime;
use weft_primitives::ids::{BaseId, ModelId, SnapshotId};

/// The only model.
pub const MODEL: ModelId = 7;
/// Held besides the price.
pub const DEPOSIT: u128 = 500;

mock_runtime! {
	pallet: Jobs = pallet_jobs at 53,
	precompile: crate::Jobs<Test>,
	endowed: [ALICE, BOB, CHARLIE],
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
