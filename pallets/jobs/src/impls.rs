//! What the calls do.

use crate::{pallet::*, types::*};
use frame_support::{
	ensure,
	traits::{
		fungible::hold::Mutate as _,
		tokens::{Fortitude, Precision, Restriction},
		Get,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use polkadot_sdk::*;
use sp_runtime::{traits::Zero, DispatchError, DispatchResult};
use weft_primitives::{pricing, Cid, JobId};

type JobOf<T> = Job<<T as polkadot_sdk::frame_system::Config>::AccountId, BlockNumberFor<T>>;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_submit(
		requester: T::AccountId,
		spec: JobSpec,
		price: Balance,
		accept_within: u32,
		run_within: u32,
	) -> Result<JobId, DispatchError> {
		ensure!(price >= T::MinPrice::get(), Error::<T>::PriceTooLow);
		ensure!(
			(1..=T::MaxAcceptWithin::get()).contains(&accept_within),
			Error::<T>::BadAcceptWithin
		);
		ensure!((1..=T::MaxRunWithin::get()).contains(&run_within), Error::<T>::BadRunWithin);
		let open = OpenJobs::<T>::get(&requester);
		ensure!(open < T::MaxOpenJobs::get(), Error::<T>::TooManyOpenJobs);
		let rates = Self::ensure_spec(&spec)?;

		let id = NextJob::<T>::get();
		let next = id.checked_add(1).ok_or(Error::<T>::NoMoreIds)?;
		let deposit = T::JobDeposit::get();
		// A sum that does not fit cannot be held either.
		let amount = price.saturating_add(deposit);
		T::Currency::hold(&HoldReason::Escrow.into(), &requester, amount)?;
		let accept_by = Self::schedule(id, accept_within)?;
		let kind = spec.kind();
		Jobs::<T>::insert(
			id,
			Job {
				requester: requester.clone(),
				spec,
				price,
				deposit,
				rates,
				state: JobState::Open { accept_by },
				attempts: 0,
				accept_within,
				run_within,
				at: frame_system::Pallet::<T>::block_number(),
			},
		);
		NextJob::<T>::put(next);
		OpenJobs::<T>::insert(&requester, open.saturating_add(1));
		Self::deposit_event(Event::Submitted { job: id, requester, kind, price });
		Ok(id)
	}

	/// Check that everything a job names exists. Returns a model's prices, which are fixed here, so
	/// that a later change does not touch jobs under way.
	fn ensure_spec(spec: &JobSpec) -> Result<Option<Rates>, DispatchError> {
		match spec {
			JobSpec::Train { base, snapshots, .. } => {
				ensure!(T::Catalogue::base_exists(*base), Error::<T>::UnknownBase);
				ensure!(!snapshots.is_empty(), Error::<T>::NoSnapshots);
				for (i, snapshot) in snapshots.iter().enumerate() {
					ensure!(
						!snapshots.iter().take(i).any(|other| other == snapshot),
						Error::<T>::DuplicateSnapshot
					);
					ensure!(T::Catalogue::snapshot_exists(*snapshot), Error::<T>::UnknownSnapshot);
				}
				Ok(None)
			}
			JobSpec::Infer { model, max_tokens, .. } => {
				ensure!(*max_tokens > 0, Error::<T>::NoTokens);
				let rates = T::Catalogue::model_rates(*model).ok_or(Error::<T>::UnknownModel)?;
				Ok(Some(rates))
			}
		}
	}

	pub(crate) fn do_claim(hot: T::AccountId, id: JobId) -> DispatchResult {
		let worker = T::Workers::owner_of_hot(&hot).ok_or(Error::<T>::NotAWorker)?;
		ensure!(T::Workers::is_active(&worker), Error::<T>::WorkerNotActive);
		let mut job = Self::job(id)?;
		let JobState::Open { accept_by } = job.state else {
			return Err(Error::<T>::NotOpen.into());
		};
		Self::ensure_in_time(accept_by)?;
		ensure!(
			T::Workers::assigned(&worker) < T::MaxJobsPerWorker::get(),
			Error::<T>::TooManyAssigned
		);

		T::Workers::note_assigned(&worker)?;
		Self::unschedule(id, accept_by);
		let report_by = Self::schedule(id, job.run_within)?;
		job.state = JobState::Claimed { worker: worker.clone(), hot, report_by, permille: 0 };
		Jobs::<T>::insert(id, job);
		Self::deposit_event(Event::Claimed { job: id, worker });
		Ok(())
	}

	pub(crate) fn do_progress(
		signer: T::AccountId,
		id: JobId,
		permille: u16,
		note: Cid,
	) -> DispatchResult {
		let mut job = Self::job(id)?;
		let JobState::Claimed { worker, hot, report_by, .. } = job.state else {
			return Err(Error::<T>::NotClaimed.into());
		};
		Self::ensure_worker(&signer, &worker)?;
		Self::ensure_in_time(report_by)?;
		ensure!(permille <= 1_000, Error::<T>::BadPermille);
		job.state = JobState::Claimed { worker, hot, report_by, permille };
		Jobs::<T>::insert(id, job);
		Self::deposit_event(Event::Progress { job: id, permille, note });
		Ok(())
	}

	pub(crate) fn do_report(signer: T::AccountId, id: JobId, result: JobResult) -> DispatchResult {
		let mut job = Self::job(id)?;
		let JobState::Claimed { worker, report_by, .. } = job.state.clone() else {
			return Err(Error::<T>::NotClaimed.into());
		};
		Self::ensure_worker(&signer, &worker)?;
		Self::ensure_in_time(report_by)?;
		Self::ensure_result(&job.spec, &result)?;

		let failed = matches!(result, JobResult::Failed { .. });
		T::Workers::note_released(&worker, !failed);
		T::Workers::note_report(&worker);
		Self::unschedule(id, report_by);
		Self::deposit_event(Event::Reported { job: id, worker: worker.clone(), result });
		if failed {
			return Self::reopen(id, job);
		}
		let settle_after = Self::schedule(id, T::ChallengeWindow::get())?;
		job.state = JobState::Reported { worker, result, settle_after };
		Jobs::<T>::insert(id, job);
		Ok(())
	}

	pub(crate) fn do_settle(who: T::AccountId, id: JobId) -> DispatchResult {
		let job = Self::job(id)?;
		let JobState::Reported { worker, result, settle_after } = job.state.clone() else {
			return Err(Error::<T>::NotReported.into());
		};
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(who == job.requester || now >= settle_after, Error::<T>::TooEarly);
		Self::unschedule(id, settle_after);
		Self::pay_out(id, job, worker, result)
	}

	pub(crate) fn do_cancel(who: T::AccountId, id: JobId) -> DispatchResult {
		let job = Self::job(id)?;
		ensure!(who == job.requester, Error::<T>::NotRequester);
		let JobState::Open { accept_by } = job.state else {
			return Err(Error::<T>::NotOpen.into());
		};
		Self::unschedule(id, accept_by);
		Self::release(&job)?;
		Self::finish(&job.requester);
		Jobs::<T>::remove(id);
		Self::deposit_event(Event::Cancelled { job: id });
		Ok(())
	}

	/// After a failed attempt: open the job again, or end it. The job must be in no bucket.
	pub(crate) fn reopen(id: JobId, mut job: JobOf<T>) -> DispatchResult {
		job.attempts = job.attempts.saturating_add(1);
		if job.attempts >= T::MaxAttempts::get() {
			return Self::expire(id, job);
		}
		// If no block has room for another deadline, the requester is refunded rather than left
		// with a job that nothing ends.
		let Ok(accept_by) = Self::schedule(id, job.accept_within) else {
			return Self::expire(id, job);
		};
		let attempts = job.attempts;
		job.state = JobState::Open { accept_by };
		Jobs::<T>::insert(id, job);
		Self::deposit_event(Event::Reassigned { job: id, attempts });
		Ok(())
	}

	/// End a job that nobody did. It must be in no bucket.
	pub(crate) fn expire(id: JobId, job: JobOf<T>) -> DispatchResult {
		Self::release(&job)?;
		Self::finish(&job.requester);
		Jobs::<T>::remove(id);
		Self::deposit_event(Event::Expired { job: id, refunded: job.price });
		Ok(())
	}

	/// Release what is on hold, pay the worker out of it and keep the row for a while. The job must
	/// be in no bucket.
	pub(crate) fn pay_out(
		id: JobId,
		mut job: JobOf<T>,
		worker: T::AccountId,
		result: JobResult,
	) -> DispatchResult {
		let paid = Self::fee(&job, &result);
		Self::release(&job)?;
		if paid > 0 {
			match job.spec {
				JobSpec::Train { .. } => T::Payments::pay_training(&job.requester, &worker, paid)?,
				JobSpec::Infer { model, .. } => {
					T::Payments::pay_inference(&job.requester, &worker, model, paid)?
				}
			}
		}
		Self::finish(&job.requester);
		let refunded = job.price.saturating_sub(paid);
		let retain_until = Self::schedule(id, T::Retention::get())?;
		job.deposit = Zero::zero();
		job.state = JobState::Settled { worker: worker.clone(), result, retain_until };
		Jobs::<T>::insert(id, job);
		Self::deposit_event(Event::Settled { job: id, worker, paid, refunded });
		Ok(())
	}

	/// What a result costs: the price of training, the tokens of an answer at most at the price.
	fn fee(job: &JobOf<T>, result: &JobResult) -> Balance {
		match (job.rates, result) {
			(Some(rates), JobResult::Answered { tokens_in, tokens_out, .. }) => {
				pricing::fee(rates.price_in, rates.price_out, *tokens_in, *tokens_out)
					.map_or(job.price, |fee| fee.min(job.price))
			}
			_ => job.price,
		}
	}

	/// Take the bounty of a poke out of a job's deposit and give it to `by`.
	pub(crate) fn pay_bounty(
		by: &T::AccountId,
		job: &mut JobOf<T>,
	) -> Result<Balance, DispatchError> {
		let bounty = T::PokeBounty::get().min(job.deposit);
		if bounty == 0 {
			return Ok(0);
		}
		if *by == job.requester {
			T::Currency::release(&HoldReason::Escrow.into(), by, bounty, Precision::Exact)?;
		} else {
			// Held money is not the requester's to freeze, hence the force.
			T::Currency::transfer_on_hold(
				&HoldReason::Escrow.into(),
				&job.requester,
				by,
				bounty,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		job.deposit = job.deposit.saturating_sub(bounty);
		Ok(bounty)
	}

	fn job(id: JobId) -> Result<JobOf<T>, DispatchError> {
		Jobs::<T>::get(id).ok_or(Error::<T>::UnknownJob.into())
	}

	fn release(job: &JobOf<T>) -> DispatchResult {
		T::Currency::release(
			&HoldReason::Escrow.into(),
			&job.requester,
			job.held(),
			Precision::Exact,
		)
		.map(|_| ())
	}

	/// A job of the requester is finished.
	fn finish(requester: &T::AccountId) {
		OpenJobs::<T>::mutate_exists(requester, |slot| {
			*slot = slot.and_then(|open| open.checked_sub(1)).filter(|open| *open > 0);
		});
	}

	fn ensure_in_time(deadline: BlockNumberFor<T>) -> DispatchResult {
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now <= deadline, Error::<T>::TooLate);
		Ok(())
	}

	/// The signer must be the present hot key of the worker, which may have changed since the claim.
	fn ensure_worker(signer: &T::AccountId, worker: &T::AccountId) -> DispatchResult {
		ensure!(
			T::Workers::owner_of_hot(signer).as_ref() == Some(worker),
			Error::<T>::NotTheWorker
		);
		Ok(())
	}

	fn ensure_result(spec: &JobSpec, result: &JobResult) -> DispatchResult {
		match (spec, result) {
			(_, JobResult::Failed { .. }) => Ok(()),
			(JobSpec::Train { .. }, JobResult::Trained { .. }) => Ok(()),
			(JobSpec::Infer { max_tokens, .. }, JobResult::Answered { tokens_out, .. }) => {
				ensure!(tokens_out <= max_tokens, Error::<T>::TooManyTokens);
				Ok(())
			}
			_ => Err(Error::<T>::WrongResult.into()),
		}
	}
}
