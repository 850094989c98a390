//! A runtime with balances and workers.

use crate as pallet_workers;
use crate::types::*;
use frame_support::{
	derive_impl, parameter_types,
	traits::{fungible::Credit, OnUnbalanced, VariantCountOf},
};
use polkadot_sdk::*;
use sp_runtime::BuildStorage;

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlock<Test>;

pub const OWNER: AccountId = 1;
pub const HOT: AccountId = 11;
pub const OTHER: AccountId = 2;
pub const OTHER_HOT: AccountId = 12;
pub const PAUPER: AccountId = 9;
pub const TREASURY: AccountId = 99;
pub const ENDOWED: Balance = 10_000;
pub const BOND: Balance = 1_000;

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

/// Slashed bonds land on an account, as the runtime's glue does.
pub struct ToTreasury;
impl OnUnbalanced<Credit<AccountId, Balances>> for ToTreasury {
	fn on_nonzero_unbalanced(credit: Credit<AccountId, Balances>) {
		let _ = <Balances as frame_support::traits::fungible::Balanced<AccountId>>::resolve(
			&TREASURY, credit,
		);
	}
}

parameter_types! {
	pub const MinBond: Balance = 100;
	pub const UnbondingPeriod: u64 = 20;
	pub const EpochLength: u64 = 10;
}

impl pallet_workers::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type OnSlash = ToTreasury;
	type MinBond = MinBond;
	type UnbondingPeriod = UnbondingPeriod;
	type EpochLength = EpochLength;
	type WeightInfo = ();
}

pub fn new_test_ext() -> sp_io::TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.expect("the test's genesis is valid");
	pallet_balances::GenesisConfig::<Test> {
		balances: vec![
			(OWNER, ENDOWED),
			(HOT, ENDOWED),
			(OTHER, ENDOWED),
			(OTHER_HOT, ENDOWED),
			(TREASURY, 10),
		],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.expect("the test's balances are valid");
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Run a test and then every check of the pallet's state.
pub fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		Workers::do_try_state().expect("the state is consistent after the test");
	});
}

pub fn capability(class: &str, units: u32) -> Capability {
	Capability {
		class: class.as_bytes().to_vec().try_into().expect("a short class"),
		units,
		memory_mib: 1024,
	}
}

pub fn capabilities() -> Capabilities {
	vec![capability("cpu", 2)].try_into().expect("a short list")
}

pub fn register() {
	frame_support::assert_ok!(Workers::register(
		RuntimeOrigin::signed(OWNER),
		HOT,
		BOND,
		capabilities()
	));
}

pub fn held(who: AccountId) -> Balance {
	use frame_support::traits::fungible::InspectHold;
	Balances::balance_on_hold(&pallet_workers::HoldReason::Bond.into(), &who)
}
