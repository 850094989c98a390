//! What must hold after every block.

use crate::{pallet::*, types::*};
use alloc::collections::BTreeMap;
use codec::Encode;
use frame_support::{
	ensure,
	traits::{fungible::InspectHold, Get},
};
use polkadot_sdk::*;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Run every check.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_holds_match_jobs()?;
		Self::check_deadlines_match_jobs()?;
		Self::check_open_jobs_are_counted()?;
		Self::check_assignments_are_counted()?;
		Self::check_job_limits()
	}

	/// Each requester has on hold exactly what its unfinished jobs add up to.
	fn check_holds_match_jobs() -> Result<(), TryRuntimeError> {
		let mut sums: BTreeMap<_, (T::AccountId, Balance)> = BTreeMap::new();
		for (_, job) in Jobs::<T>::iter() {
			let sum = sums.entry(job.requester.encode()).or_insert((job.requester.clone(), 0));
			sum.1 = sum.1.saturating_add(job.held());
		}
		for (who, sum) in sums.into_values() {
			let held = T::Currency::balance_on_hold(&HoldReason::Escrow.into(), &who);
			ensure!(held == sum, "jobs: a requester's hold differs from its jobs");
		}
		Ok(())
	}

	/// Every job is in exactly one bucket, that of its deadline, and every entry has its job.
	fn check_deadlines_match_jobs() -> Result<(), TryRuntimeError> {
		let mut entries = 0usize;
		for (at, bucket) in Deadlines::<T>::iter() {
			ensure!(!bucket.is_empty(), "jobs: an empty bucket is stored");
			entries = entries.saturating_add(bucket.len());
			for id in bucket {
				let job = Jobs::<T>::get(id).ok_or("jobs: a bucket names an unknown job")?;
				ensure!(
					job.state.deadline() == at,
					"jobs: a job lies in another bucket than its deadline's"
				);
			}
		}
		for (id, job) in Jobs::<T>::iter() {
			ensure!(
				Deadlines::<T>::get(job.state.deadline()).contains(&id),
				"jobs: a job is missing in its deadline's bucket"
			);
		}
		ensure!(entries == Jobs::<T>::iter_keys().count(), "jobs: a job is in a bucket twice");
		Ok(())
	}

	/// The counter of each requester is the number of its unfinished jobs.
	fn check_open_jobs_are_counted() -> Result<(), TryRuntimeError> {
		let mut counts: BTreeMap<_, u32> = BTreeMap::new();
		for (_, job) in Jobs::<T>::iter() {
			if !matches!(job.state, JobState::Settled { .. }) {
				let count = counts.entry(job.requester.encode()).or_insert(0);
				*count = count.saturating_add(1);
			}
		}
		let stored: BTreeMap<_, u32> =
			OpenJobs::<T>::iter().map(|(who, open)| (who.encode(), open)).collect();
		ensure!(counts == stored, "jobs: a counter of unfinished jobs is wrong");
		Ok(())
	}

	/// The register counts as assigned to each worker what it has claimed here.
	fn check_assignments_are_counted() -> Result<(), TryRuntimeError> {
		let mut counts: BTreeMap<_, (T::AccountId, u32)> = BTreeMap::new();
		for (_, job) in Jobs::<T>::iter() {
			if let JobState::Claimed { worker, .. } = job.state {
				let count = counts.entry(worker.encode()).or_insert((worker, 0));
				count.1 = count.1.saturating_add(1);
			}
		}
		for (worker, count) in counts.into_values() {
			ensure!(
				T::Workers::assigned(&worker) == count,
				"jobs: a worker's assigned jobs differ from its claims"
			);
		}
		Ok(())
	}

	/// No job has an impossible id, number of attempts or deposit.
	fn check_job_limits() -> Result<(), TryRuntimeError> {
		let next = NextJob::<T>::get();
		for (id, job) in Jobs::<T>::iter() {
			ensure!(id < next, "jobs: a job has an id that was not given out");
			ensure!(job.attempts < T::MaxAttempts::get(), "jobs: a job has too many attempts");
			ensure!(
				job.rates.is_some() == (job.spec.kind() == JobKind::Infer),
				"jobs: rates belong to inference only"
			);
		}
		Ok(())
	}
}
