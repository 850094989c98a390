//! A chain with `pallet-revive` and the precompile.

use pallet_models::{SnapshotInfo, TrainingResult, TrainingResults};
use pallet_revive::test_utils::{ALICE, BOB};
use polkadot_sdk::*;
use sp_runtime::AccountId32;
use weft_precompile_support::mock_runtime;
use weft_primitives::ids::{DatanetId, JobId, SnapshotId};

mock_runtime! {
	pallet: Models = pallet_models at 51,
	precompile: crate::Models<Test>,
	endowed: [ALICE, BOB],
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
