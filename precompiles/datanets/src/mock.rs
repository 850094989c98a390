//! A chain with `pallet-revive` and the precompile.

use frame_support::{parameter_types, traits::Contains};
use pallet_revive::test_utils::{ALICE, BOB, CHARLIE};
use polkadot_sdk::*;
use sp_runtime::AccountId32;
use weft_precompile_support::mock_runtime;

mock_runtime! {
	pallet: Datanets = pallet_datanets at 50,
	precompile: crate::Datanets<Test>,
	endowed: [ALICE, BOB, CHARLIE],
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
