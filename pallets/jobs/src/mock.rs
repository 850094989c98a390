//! A runtime with balances, the real register of workers, and jobs. Bases 1 and 2, snapshots 1 to
//! 8 and model 7 exist.

use crate as pallet_jobs;
use crate::types::*;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{
		fungible::{InspectHold, Mutate},
		tokens::Preservation,
		Hooks, VariantCountOf,
	},
	weights::Weight,
};
use polkadot_sdk::*;
use sp_runtime::{BuildStorage, DispatchError, DispatchResult};
use std::cell::RefCell;
use weft_primitives::{BaseId, JobId, ModelId, SnapshotId};

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlock<Test>;

pub const REQUESTER: AccountId = 1;
pub const OTHER: AccountId = 2;
pub const OWNER: AccountId = 3;
pub const HOT: AccountId = 13;
pub const OWNER2: AccountId = 4;
pub const HOT2: AccountId = 14;
pub const STRANGER: AccountId = 9;
pub const TREASURY: AccountId = 99;
pub const ENDOWED: Balance = 1_000_000;
pub const PRICE: Balance = 10_000;
pub const DEPOSIT: Balance = 500;
pub const BOUNTY: Balance = 100;
pub const BOND: Balance = 10_000;
pub const ABSENCE: Balance = 50;
pub const MODEL: ModelId = 7;

#[frame_support::runtime]
mod runtime {
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
		RuntimeTask
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(2)]
	pub type Workers = pallet_workers;
	#[runtime::pallet_index(3)]
	pub type Jobs = pallet_jobs;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type AccountStore = System;
	type ExistentialDeposit = frame_support::traits::ConstU128<10>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
}

parameter_types! {
	pub const MinBond: Balance = 1_000;
	pub const UnbondingPeriod: u64 = 100;
	pub const EpochLength: u64 = 10;
}

impl pallet_workers::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	// Burnt, so that the tests see every other movement of money.
	type OnSlash = ();
	type MinBond = MinBond;
	type UnbondingPeriod = UnbondingPeriod;
	type EpochLength = EpochLength;
	type WeightInfo = ();
}

/// The register as the runtime's glue reads it.
pub struct Registry;
impl WorkerRegistry<AccountId> for Registry {
	fn owner_of_hot(hot: &AccountId) -> Option<AccountId> {
		Workers::owner_of(hot)
	}
	fn is_active(worker: &AccountId) -> bool {
		Workers::is_active(worker)
	}
	fn assigned(worker: &AccountId) -> u32 {
		Workers::assigned(worker)
	}
	fn note_assigned(worker: &AccountId) -> DispatchResult {
		Workers::note_assigned(worker)
	}
	fn note_released(worker: &AccountId, completed: bool) {
		Workers::note_released(worker, completed)
	}
	fn note_report(worker: &AccountId) {
		Workers::note_report(worker)
	}
	fn slash_absence(worker: &AccountId) {
		Workers::slash(worker, ABSENCE, pallet_workers::SlashReason::Absence);
	}
}

thread_local! {
	static RATES: RefCell<Option<Rates>> = const { RefCell::new(None) };
	static BLOCKED: RefCell<bool> = const { RefCell::new(false) };
}

/// Change the model's prices, or retire it.
pub fn set_rates(rates: Option<Rates>) {
	RATES.with_borrow_mut(|value| *value = rates);
}

/// Make every payment fail, or not.
pub fn block_payments(blocked: bool) {
	BLOCKED.with_borrow_mut(|value| *value = blocked);
}

pub struct Shelf;
impl Catalogue for Shelf {
	fn base_exists(base: BaseId) -> bool {
		(1..=2).contains(&base)
	}
	fn snapshot_exists(snapshot: SnapshotId) -> bool {
		(1..=8).contains(&snapshot)
	}
	fn model_rates(model: ModelId) -> Option<Rates> {
		(model == MODEL).then(|| RATES.with_borrow(|rates| *rates)).flatten()
	}
}

/// Training pays the worker, inference the worker and the treasury half and half.
pub struct Purse;
impl Payments<AccountId> for Purse {
	fn pay_training(from: &AccountId, worker: &AccountId, amount: Balance) -> DispatchResult {
		if BLOCKED.with_borrow(|blocked| *blocked) {
			return Err(DispatchError::Other("payments are blocked"));
		}
		Balances::transfer(from, worker, amount, Preservation::Expendable).map(|_| ())
	}
	fn pay_inference(
		from: &AccountId,
		worker: &AccountId,
		_model: ModelId,
		amount: Balance,
	) -> DispatchResult {
		let part = amount / 2;
		Self::pay_training(from, &TREASURY, part)?;
		Self::pay_training(from, worker, amount - part)
	}
}

parameter_types! {
	pub const JobDeposit: Balance = DEPOSIT;
	pub const PokeBounty: Balance = BOUNTY;
	pub const MinPrice: Balance = 100;
	pub const ChallengeWindow: u32 = 5;
	pub const Retention: u32 = 30;
	pub const MaxAcceptWithin: u32 = 50;
	pub const MaxRunWithin: u32 = 100;
	pub const MaxAttempts: u8 = 3;
	pub const MaxOpenJobs: u32 = 6;
	pub const MaxJobsPerWorker: u32 = 2;
	pub const MaxJobsPerBlock: u32 = 2;
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
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Bench;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Bench;
#[cfg(feature = "runtime-benchmarks")]
impl BenchmarkHelper<AccountId> for Bench {
	fn worker() -> (AccountId, AccountId) {
		(OWNER, HOT)
	}
	fn base() -> BaseId {
		1
	}
	fn snapshots(count: u32) -> Vec<SnapshotId> {
		(1..=count).collect()
	}
	fn model() -> ModelId {
		MODEL
	}
}

/// Block 1 with everyone endowed and two workers registered.
pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.expect("the test's genesis is valid");
	let accounts =
		[REQUESTER, OTHER, OWNER, HOT, OWNER2, HOT2, STRANGER, TREASURY].map(|who| (who, ENDOWED));
	pallet_balances::GenesisConfig::<Test> { balances: accounts.to_vec(), ..Default::default() }
		.assimilate_storage(&mut storage)
		.expect("the test's balances are valid");
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| {
		set_rates(Some(Rates { price_in: 1_000, price_out: 2_000 }));
		block_payments(false);
		System::set_block_number(1);
		for (owner, hot) in [(OWNER, HOT), (OWNER2, HOT2)] {
			let cpu = pallet_workers::Capability {
				class: b"cpu".to_vec().try_into().expect("a short class"),
				units: 1,
				memory_mib: 1,
			};
			assert_ok!(Workers::register(
				RuntimeOrigin::signed(owner),
				hot,
				BOND,
				vec![cpu].try_into().expect("one capability"),
			));
		}
	});
	ext
}

/// Run a test and then every check of the state.
pub fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		assert_ok!(Jobs::do_try_state());
	});
}

/// End blocks, with the weight given to the hook, until the block is `to`.
pub fn roll_with(to: u64, limit: Weight) {
	while System::block_number() < to {
		let now = System::block_number();
		let used = Jobs::on_idle(now, limit);
		assert!(used.all_lte(limit), "the hook used {used:?} of {limit:?}");
		System::set_block_number(now + 1);
	}
}

/// End blocks until the block is `to`.
pub fn roll_to(to: u64) {
	roll_with(to, Weight::MAX);
}

/// Let blocks pass in which the hook has no weight at all.
pub fn starve_to(to: u64) {
	roll_with(to, Weight::zero());
}

pub fn train() -> JobSpec {
	JobSpec::Train {
		base: 1,
		snapshots: vec![1, 2].try_into().expect("two snapshots"),
		config: [1; 32],
	}
}

pub fn infer() -> JobSpec {
	JobSpec::Infer { model: MODEL, prompt: [2; 32], max_tokens: 1_000 }
}

pub fn trained() -> JobResult {
	JobResult::Trained { adapter: [3; 32], index_root: [4; 32], index: [5; 32], metrics: [6; 32] }
}

pub fn answered(tokens_in: u32, tokens_out: u32) -> JobResult {
	JobResult::Answered {
		result: [7; 32],
		answer: [8; 32],
		receipt: [9; 32],
		tokens_in,
		tokens_out,
	}
}

pub fn failed() -> JobResult {
	JobResult::Failed { reason: [10; 32] }
}

/// Submit at block `n` with deadlines `n + 10` and, once claimed, 20 blocks after the claim.
pub fn submit(spec: JobSpec) -> JobId {
	let id = pallet_jobs::NextJob::<Test>::get();
	assert_ok!(Jobs::submit(RuntimeOrigin::signed(REQUESTER), spec, PRICE, 10, 20));
	id
}

pub fn claim(id: JobId) {
	assert_ok!(Jobs::claim(RuntimeOrigin::signed(HOT), id));
}

pub fn report(id: JobId, result: JobResult) {
	assert_ok!(Jobs::report(RuntimeOrigin::signed(HOT), id, result));
}

pub fn held(who: AccountId) -> Balance {
	Balances::balance_on_hold(&pallet_jobs::HoldReason::Escrow.into(), &who)
}

pub fn free(who: AccountId) -> Balance {
	Balances::free_balance(who)
}

pub fn bond(who: AccountId) -> Balance {
	Balances::balance_on_hold(&pallet_workers::HoldReason::Bond.into(), &who)
}
