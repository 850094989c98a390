//! A runtime for the pallet's tests.

use crate as pallet_models;
use crate::{SnapshotInfo, TrainingResult, TrainingResults};
use frame_support::{assert_ok, derive_impl};
use polkadot_sdk::*;
use sp_runtime::BuildStorage;
use std::{cell::RefCell, collections::BTreeMap};
use weft_primitives::{
	ids::{DatanetId, Hash32, JobId, ModelId, SnapshotId},
	split::Split,
};

pub type AccountId = u64;

pub const BASE_OWNER: AccountId = 1;
pub const DEVELOPER: AccountId = 2;
pub const STRANGER: AccountId = 3;

pub const SPLIT: Split = Split {
	treasury: 50_000,
	base_owner: 50_000,
	developer: 200_000,
	worker: 300_000,
	contributors: 400_000,
};

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
	#[runtime::pallet_index(10)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(51)]
	pub type Registry = pallet_models;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
}

thread_local! {
	static RESULTS: RefCell<BTreeMap<JobId, TrainingResult<AccountId>>> =
		const { RefCell::new(BTreeMap::new()) };
}

/// The settled training jobs of a test.
pub struct Jobs;

impl Jobs {
	/// Settles a training job of `requester` on base 0 and these snapshots.
	pub fn settle(job: JobId, requester: AccountId, snapshots: &[SnapshotId]) {
		let result = TrainingResult {
			requester,
			base: 0,
			snapshots: snapshots.to_vec().try_into().expect("at most eight"),
			adapter: hash(11),
			index_root: hash(12),
			index: hash(13),
			metrics: hash(14),
		};
		RESULTS.with_borrow_mut(|results| results.insert(job, result));
	}
}

impl TrainingResults<AccountId> for Jobs {
	fn result(job: JobId) -> Option<TrainingResult<AccountId>> {
		RESULTS.with_borrow(|results| results.get(&job).cloned())
	}
}

impl crate::BenchmarkHelper<AccountId> for Jobs {
	fn finished_job(requester: &AccountId, _base: weft_primitives::ids::BaseId) -> JobId {
		Jobs::settle(1, *requester, &[0, 1, 2, 3, 4, 5, 6, 7]);
		1
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

impl crate::Config for Test {
	type Currency = Balances;
	type TrainingResults = Jobs;
	type SnapshotInfo = Snapshots;
	type WeightInfo = ();
	type BenchmarkHelper = Jobs;
}

/// A fresh chain at block 1, without any job.
pub fn new_test_ext() -> sp_io::TestExternalities {
	RESULTS.with_borrow_mut(BTreeMap::clear);
	let storage = RuntimeGenesisConfig::default().build_storage().expect("genesis is valid");
	let mut ext: sp_io::TestExternalities = storage.into();
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs a test on a fresh chain and checks the pallet's invariants after it.
pub fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		assert_ok!(Registry::do_try_state());
	});
}

/// The pallet's events since the last call of this.
pub fn events() -> Vec<crate::Event<Test>> {
	let events = System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Registry(event) => Some(event),
			_ => None,
		})
		.collect();
	System::reset_events();
	events
}

pub fn hash(seed: u8) -> Hash32 {
	[seed; 32]
}

/// Registers a base of [`BASE_OWNER`].
pub fn base() {
	assert_ok!(Registry::register_base(
		RuntimeOrigin::signed(BASE_OWNER),
		b"SmolLM2".to_vec().try_into().expect("short"),
		b"llama".to_vec().try_into().expect("short"),
		hash(1),
		hash(2),
		hash(3),
	));
	System::reset_events();
}

/// Publishes a model of [`DEVELOPER`] from job 5 on snapshots 1, 2 and 3.
pub fn model() -> ModelId {
	base();
	Jobs::settle(5, DEVELOPER, &[1, 2, 3]);
	let id = crate::NextModel::<Test>::get();
	assert_ok!(Registry::publish(
		RuntimeOrigin::signed(DEVELOPER),
		5,
		b"foldoc".to_vec().try_into().expect("short"),
		10,
		20,
		SPLIT,
	));
	System::reset_events();
	id
}
