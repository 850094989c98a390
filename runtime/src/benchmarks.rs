//! The benchmarks that a build with `runtime-benchmarks` offers, and what they need to exist.

use crate::*;
use alloc::{string::String, vec::Vec};
use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::{
	traits::{fungible::Mutate, StorageInfo, StorageInfoTrait, WhitelistedStorageKeys},
	BoundedVec,
};
use weft_primitives::{
	ids::{BaseId, JobId, ModelId, SnapshotId},
	split::Split,
};

frame_benchmarking::define_benchmarks!(
	[pallet_attribution, Attribution]
	[pallet_balances, Balances]
	[pallet_datanets, Datanets]
	[pallet_jobs, Jobs]
	[pallet_models, Models]
	[pallet_multisig, Multisig]
	[pallet_proxy, Proxy]
	[pallet_revive, Revive]
	[pallet_sudo, Sudo]
	[pallet_timestamp, Timestamp]
	[pallet_utility, Utility]
	[pallet_workers, Workers]
);

/// What can be measured.
pub fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::<BenchmarkList>::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

/// Measures.
pub fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::<BenchmarkBatch>::new();
	let params = (&config, &whitelist);
	add_benchmarks!(params, batches);
	Ok(batches)
}

/// Makes what the pallets' benchmarks refer to, as rows rather than by calls: what is measured is the
/// call of the benchmark, not how its surroundings came about.
pub struct Helper;

const OWNER: [u8; 32] = [7; 32];
const HOT: [u8; 32] = [8; 32];

fn put_worker(owner: &AccountId, hot: &AccountId) {
	let bond = 100 * currency::WEFT;
	let _ = <Balances as Mutate<AccountId>>::mint_into(owner, 10 * bond);
	let _ = <Balances as Mutate<AccountId>>::mint_into(hot, bond);
	let _ = Workers::register(
		RuntimeOrigin::signed(owner.clone()),
		hot.clone(),
		bond,
		BoundedVec::truncate_from(alloc::vec![pallet_workers::Capability {
			class: BoundedVec::truncate_from(b"cpu".to_vec()),
			units: 1,
			memory_mib: 1_024,
		}]),
	);
}

fn put_snapshots(count: u32) -> Vec<SnapshotId> {
	(0..count)
		.inspect(|id| {
			pallet_datanets::Snapshots::<Runtime>::insert(
				id,
				pallet_datanets::Snapshot {
					datanet: *id,
					version: 1,
					root: [1; 32],
					records: 1,
					contributions: Default::default(),
					at: System::block_number(),
				},
			);
		})
		.collect()
}

fn put_base(owner: AccountId) -> BaseId {
	Models::do_register_base(
		owner,
		BoundedVec::truncate_from(b"base".to_vec()),
		BoundedVec::truncate_from(b"llama".to_vec()),
		[1; 32],
		[2; 32],
		[3; 32],
	)
	.unwrap_or_default()
}

fn put_job(requester: &AccountId, base: BaseId) -> JobId {
	let snapshots = put_snapshots(pallet_jobs::MAX_SNAPSHOTS);
	let id = pallet_jobs::NextJob::<Runtime>::mutate(|next| {
		let id = *next;
		*next = next.saturating_add(1);
		id
	});
	pallet_jobs::Jobs::<Runtime>::insert(
		id,
		pallet_jobs::Job {
			requester: requester.clone(),
			spec: pallet_jobs::JobSpec::Train {
				base,
				snapshots: BoundedVec::truncate_from(snapshots),
				config: [1; 32],
			},
			price: 0,
			deposit: 0,
			rates: None,
			state: pallet_jobs::JobState::Settled {
				worker: OWNER.into(),
				result: pallet_jobs::JobResult::Trained {
					adapter: [1; 32],
					index_root: [2; 32],
					index: [3; 32],
					metrics: [4; 32],
				},
				retain_until: System::block_number().saturating_add(1_000),
			},
			attempts: 0,
			accept_within: 10,
			run_within: 10,
			at: System::block_number(),
		},
	);
	id
}

fn put_model() -> ModelId {
	let owner: AccountId = OWNER.into();
	let _ = <Balances as Mutate<AccountId>>::mint_into(&owner, currency::WEFT);
	let job = put_job(&owner, put_base(owner.clone()));
	let split = Split {
		treasury: 50_000,
		base_owner: 100_000,
		developer: 200_000,
		worker: 300_000,
		contributors: 350_000,
	};
	Models::do_publish(
		owner,
		job,
		BoundedVec::truncate_from(b"model".to_vec()),
		currency::CENTS,
		currency::CENTS,
		split,
	)
	.unwrap_or_default()
}

impl pallet_models::BenchmarkHelper<AccountId> for Helper {
	fn finished_job(requester: &AccountId, base: BaseId) -> JobId {
		put_job(requester, base)
	}
}

impl pallet_jobs::BenchmarkHelper<AccountId> for Helper {
	fn worker() -> (AccountId, AccountId) {
		put_worker(&OWNER.into(), &HOT.into());
		(OWNER.into(), HOT.into())
	}

	fn base() -> BaseId {
		put_base(OWNER.into())
	}

	fn snapshots(count: u32) -> Vec<SnapshotId> {
		put_snapshots(count)
	}

	fn model() -> ModelId {
		put_model()
	}
}

impl pallet_attribution::BenchmarkHelper<AccountId> for Helper {
	fn register_worker(owner: &AccountId, hot: &AccountId) {
		put_worker(owner, hot);
	}

	fn publish_model() -> ModelId {
		put_model()
	}
}
