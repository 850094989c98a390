//! A runtime for the pallet's tests.

use crate as pallet_datanets;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{ConstU64, Contains},
};
use polkadot_sdk::*;
use sp_runtime::{BuildStorage, DispatchResult};
use weft_primitives::ids::{ContributionId, DatanetId, Hash32};

pub type AccountId = u64;

pub const OWNER: AccountId = 1;
pub const CURATOR: AccountId = 2;
pub const SECOND: AccountId = 3;
pub const THIRD: AccountId = 4;
pub const DAVE: AccountId = 5;
pub const EVE: AccountId = 6;
pub const WORKER: AccountId = 7;
pub const STRANGER: AccountId = 8;
pub const TREASURY: AccountId = 99;

pub const ENDOWMENT: u64 = 1_000_000_000;

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
	#[runtime::pallet_index(50)]
	pub type Datanets = pallet_datanets;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type ExistentialDeposit = ConstU64<10>;
	type RuntimeHoldReason = RuntimeHoldReason;
}

/// The one registered worker.
pub struct Workers;
impl Contains<AccountId> for Workers {
	fn contains(who: &AccountId) -> bool {
		*who == WORKER
	}
}

parameter_types! {
	pub const Treasury: AccountId = TREASURY;
}

impl crate::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Reporter = Workers;
	type Treasury = Treasury;
	type WeightInfo = ();
}

/// A fresh chain at block 1 on which everyone is endowed.
pub fn new_test_ext() -> sp_io::TestExternalities {
	let accounts = [OWNER, CURATOR, SECOND, THIRD, DAVE, EVE, WORKER, STRANGER, TREASURY];
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: accounts.map(|who| (who, ENDOWMENT)).to_vec(),
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

/// Runs a test on a fresh chain and checks the pallet's invariants after it.
pub fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		assert_ok!(Datanets::do_try_state());
	});
}

/// The pallet's events since the last call of this.
pub fn events() -> Vec<crate::Event<Test>> {
	let events = System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Datanets(event) => Some(event),
			_ => None,
		})
		.collect();
	System::reset_events();
	events
}

pub fn hash(seed: u8) -> Hash32 {
	[seed; 32]
}

/// A Datanet of [`OWNER`] with three curators; 100 a record and 1 a byte.
pub fn datanet(approvals: u8) -> DatanetId {
	let id = crate::NextDatanet::<Test>::get();
	assert_ok!(Datanets::create(
		RuntimeOrigin::signed(OWNER),
		b"Jargon".to_vec().try_into().expect("short"),
		hash(1),
		hash(2),
		crate::Schema::Chat,
		vec![CURATOR, SECOND, THIRD].try_into().expect("three"),
		approvals,
		100,
		1,
	));
	System::reset_events();
	id
}

/// A contribution of `records` records in 200 bytes.
pub fn contribution(datanet: DatanetId, who: AccountId, records: u32) -> ContributionId {
	let id = crate::NextContribution::<Test>::get();
	assert_ok!(Datanets::contribute(
		RuntimeOrigin::signed(who),
		datanet,
		hash(id as u8),
		records,
		200,
		hash(9),
	));
	System::reset_events();
	id
}

/// A review by `curator`.
pub fn review(
	curator: AccountId,
	contribution: ContributionId,
	decision: crate::Decision,
) -> DispatchResult {
	Datanets::review(RuntimeOrigin::signed(curator), contribution, decision)
}
