//! A chain with `pallet-revive` and the precompile.

use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64},
	PalletId,
};
use pallet_attribution::{ModelRules, Rule, WorkerKeys};
use pallet_revive::test_utils::{ALICE, BOB, CHARLIE, DJANGO};
use polkadot_sdk::*;
use sp_runtime::AccountId32;
pub use weft_precompile_support::mock::ENDOWMENT;
use weft_precompile_support::mock_runtime;
use weft_primitives::{ids::ModelId, split::Split};

/// The only model. Everything it earns is the contributors'.
pub const MODEL: ModelId = 7;

mock_runtime! {
	pallet: Attribution = pallet_attribution at 54,
	precompile: crate::Earnings<Test>,
	endowed: [ALICE, BOB, CHARLIE, DJANGO],
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
