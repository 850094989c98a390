//! The buckets of deadlines and how the chain serves them.

use crate::{pallet::*, types::*, weights::WeightInfo};
use alloc::vec::Vec;
use frame_support::{ensure, storage::with_storage_layer, traits::Get, weights::WeightMeter};
use frame_system::pallet_prelude::BlockNumberFor;
use polkadot_sdk::*;
use sp_runtime::{
	traits::{One, Saturating},
	BoundedVec, DispatchError, DispatchResult,
};
use weft_primitives::JobId;

impl<T: Config> Pallet<T> {
	/// Put a job into the bucket that is `within` blocks away, or the first after it with room.
	/// Returns the block, which is the job's deadline.
	pub(crate) fn schedule(job: JobId, within: u32) -> Result<BlockNumberFor<T>, DispatchError> {
		let now = frame_system::Pallet::<T>::block_number();
		if !NextDeadline::<T>::exists() {
			NextDeadline::<T>::put(now);
		}
		let mut at = now.saturating_add(within.max(1).into());
		for _ in 0..=T::MaxSpill::get() {
			let placed = Deadlines::<T>::try_mutate(at, |bucket| bucket.try_push(job));
			if placed.is_ok() {
				return Ok(at);
			}
			at = at.saturating_add(One::one());
		}
		Err(Error::<T>::DeadlinesFull.into())
	}

	/// Take a job out of its bucket.
	pub(crate) fn unschedule(job: JobId, at: BlockNumberFor<T>) {
		Deadlines::<T>::mutate_exists(at, |slot| {
			if let Some(bucket) = slot {
				bucket.retain(|other| *other != job);
				if bucket.is_empty() {
					*slot = None;
				}
			}
		});
	}

	/// Serve what is due at the end of block `now`, as far as the weight reaches. The cursor stays
	/// at the first block that is not finished.
	pub(crate) fn serve_deadlines(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
		if meter.try_consume(T::WeightInfo::on_idle_base()).is_err() {
			return;
		}
		let start = NextDeadline::<T>::get().unwrap_or(now);
		let mut cursor = start;
		while cursor <= now && meter.try_consume(T::WeightInfo::on_idle_block()).is_ok() {
			let done = Self::serve_bucket(cursor, meter);
			if !done {
				break;
			}
			cursor = cursor.saturating_add(One::one());
		}
		if cursor != start || !NextDeadline::<T>::exists() {
			NextDeadline::<T>::put(cursor);
		}
	}

	/// Serve one bucket. True if each of its jobs had its turn. A job that could not be settled
	/// stays in the bucket, behind the cursor, until someone settles or pokes it.
	fn serve_bucket(at: BlockNumberFor<T>, meter: &mut WeightMeter) -> bool {
		let bucket = Deadlines::<T>::get(at);
		if bucket.is_empty() {
			return true;
		}
		let mut left = Vec::new();
		let mut done = true;
		for job in bucket {
			done = done && meter.try_consume(T::WeightInfo::serve()).is_ok();
			if !done {
				left.push(job);
				continue;
			}
			if let Err(error) = with_storage_layer(|| Self::serve(job)) {
				Self::deposit_event(Event::SettlementFailed { job, error });
				left.push(job);
			}
		}
		if left.is_empty() {
			Deadlines::<T>::remove(at);
		} else {
			// Never longer than the bucket it came from.
			Deadlines::<T>::insert(at, BoundedVec::truncate_from(left));
		}
		done
	}

	/// Do what the deadline of a job brings. Its bucket is the caller's affair.
	fn serve(id: JobId) -> DispatchResult {
		// A row that is gone has nothing to serve.
		let Some(job) = Jobs::<T>::get(id) else { return Ok(()) };
		match job.state.clone() {
			JobState::Open { .. } => Self::expire(id, job),
			JobState::Claimed { worker, .. } => {
				T::Workers::note_released(&worker, false);
				T::Workers::slash_absence(&worker);
				Self::reopen(id, job)
			}
			JobState::Reported { worker, result, .. } => Self::pay_out(id, job, worker, result),
			JobState::Settled { .. } => {
				Jobs::<T>::remove(id);
				Self::deposit_event(Event::Removed { job: id });
				Ok(())
			}
		}
	}

	/// Serve an overdue job on someone's behalf, for a bounty out of its deposit.
	pub(crate) fn do_poke(by: T::AccountId, id: JobId) -> DispatchResult {
		let mut job = Jobs::<T>::get(id).ok_or(Error::<T>::UnknownJob)?;
		let at = job.state.deadline();
		ensure!(at < frame_system::Pallet::<T>::block_number(), Error::<T>::NotOverdue);
		Self::unschedule(id, at);
		let bounty = Self::pay_bounty(&by, &mut job)?;
		Jobs::<T>::insert(id, job);
		Self::serve(id)?;
		Self::deposit_event(Event::Poked { job: id, by, bounty });
		Ok(())
	}
}
