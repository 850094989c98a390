//! Benchmarks of the calls and of the hook, each at its worst case.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{fungible::Mutate, Get},
	weights::{Weight, WeightMeter},
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use polkadot_sdk::*;
use sp_runtime::{traits::Saturating, BoundedVec};
use weft_primitives::JobId;

/// The longest training job.
fn train<T: Config>() -> JobSpec {
	let snapshots: Vec<_> = T::BenchmarkHelper::snapshots(MAX_SNAPSHOTS);
	JobSpec::Train {
		base: T::BenchmarkHelper::base(),
		snapshots: BoundedVec::truncate_from(snapshots),
		config: [1; 32],
	}
}

fn infer<T: Config>() -> JobSpec {
	JobSpec::Infer { model: T::BenchmarkHelper::model(), prompt: [1; 32], max_tokens: 1_000 }
}

fn answer() -> JobResult {
	JobResult::Answered {
		result: [1; 32],
		answer: [2; 32],
		receipt: [3; 32],
		tokens_in: 1_000,
		tokens_out: 1_000,
	}
}

fn requester<T: Config>() -> Result<T::AccountId, BenchmarkError> {
	let who: T::AccountId = account("requester", 0, 0);
	let amount = price::<T>().saturating_add(T::JobDeposit::get()).saturating_mul(10);
	T::Currency::mint_into(&who, amount)?;
	Ok(who)
}

fn price<T: Config>() -> Balance {
	T::MinPrice::get().saturating_mul(1_000)
}

/// Fill the bucket of a block up to its last place.
fn crowd<T: Config>(within: u32) {
	let at = frame_system::Pallet::<T>::block_number().saturating_add(within.into());
	let ids: Vec<JobId> =
		(1..T::MaxJobsPerBlock::get()).map(|i| JobId::MAX.saturating_sub(i.into())).collect();
	Deadlines::<T>::insert(at, BoundedVec::truncate_from(ids));
}

fn submitted<T: Config>(spec: JobSpec) -> Result<(T::AccountId, JobId), BenchmarkError> {
	let who = requester::<T>()?;
	let accept_within = T::MaxAcceptWithin::get();
	let run_within = T::MaxRunWithin::get();
	crowd::<T>(accept_within);
	let id = Pallet::<T>::do_submit(who.clone(), spec, price::<T>(), accept_within, run_within)?;
	Ok((who, id))
}

fn claimed<T: Config>(
	spec: JobSpec,
) -> Result<(T::AccountId, T::AccountId, JobId), BenchmarkError> {
	let (who, id) = submitted::<T>(spec)?;
	let (_, hot) = T::BenchmarkHelper::worker();
	crowd::<T>(T::MaxRunWithin::get());
	Pallet::<T>::do_claim(hot.clone(), id)?;
	Ok((who, hot, id))
}

fn reported<T: Config>() -> Result<(T::AccountId, JobId), BenchmarkError> {
	let (who, hot, id) = claimed::<T>(infer::<T>())?;
	crowd::<T>(T::ChallengeWindow::get());
	Pallet::<T>::do_report(hot, id, answer())?;
	crowd::<T>(T::Retention::get());
	Ok((who, id))
}

fn deadline<T: Config>(id: JobId) -> Result<BlockNumberFor<T>, BenchmarkError> {
	Jobs::<T>::get(id)
		.map(|job| job.state.deadline())
		.ok_or(BenchmarkError::Stop("the job is missing"))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn submit() -> Result<(), BenchmarkError> {
		let who = requester::<T>()?;
		let spec = train::<T>();
		let accept_within = T::MaxAcceptWithin::get();
		crowd::<T>(accept_within);
		#[extrinsic_call]
		_(RawOrigin::Signed(who), spec, price::<T>(), accept_within, T::MaxRunWithin::get());
		assert!(Jobs::<T>::contains_key(0));
		Ok(())
	}

	#[benchmark]
	fn claim() -> Result<(), BenchmarkError> {
		let (_, id) = submitted::<T>(train::<T>())?;
		let (_, hot) = T::BenchmarkHelper::worker();
		crowd::<T>(T::MaxRunWithin::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(hot), id);
		Ok(())
	}

	#[benchmark]
	fn progress() -> Result<(), BenchmarkError> {
		let (_, hot, id) = claimed::<T>(train::<T>())?;
		#[extrinsic_call]
		_(RawOrigin::Signed(hot), id, 500, [4; 32]);
		Ok(())
	}

	#[benchmark]
	fn report() -> Result<(), BenchmarkError> {
		let (_, hot, id) = claimed::<T>(infer::<T>())?;
		crowd::<T>(T::ChallengeWindow::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(hot), id, answer());
		Ok(())
	}

	#[benchmark]
	fn settle() -> Result<(), BenchmarkError> {
		let (who, id) = reported::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);
		assert!(matches!(Jobs::<T>::get(id).map(|job| job.state), Some(JobState::Settled { .. })));
		Ok(())
	}

	#[benchmark]
	fn cancel() -> Result<(), BenchmarkError> {
		let (who, id) = submitted::<T>(train::<T>())?;
		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);
		assert!(!Jobs::<T>::contains_key(id));
		Ok(())
	}

	#[benchmark]
	fn poke() -> Result<(), BenchmarkError> {
		let (_, id) = reported::<T>()?;
		let after = deadline::<T>(id)?.saturating_add(1u32.into());
		frame_system::Pallet::<T>::set_block_number(after);
		crowd::<T>(T::Retention::get());
		let caller: T::AccountId = whitelisted_caller();
		T::Currency::mint_into(&caller, price::<T>())?;
		#[extrinsic_call]
		_(RawOrigin::Signed(caller), id);
		Ok(())
	}

	#[benchmark]
	fn on_idle_base() -> Result<(), BenchmarkError> {
		let now = frame_system::Pallet::<T>::block_number();
		NextDeadline::<T>::put(now.saturating_add(1u32.into()));
		let mut meter = WeightMeter::with_limit(Weight::MAX);
		#[block]
		{
			Pallet::<T>::serve_deadlines(now, &mut meter);
		}
		Ok(())
	}

	#[benchmark]
	fn on_idle_block() -> Result<(), BenchmarkError> {
		let now = frame_system::Pallet::<T>::block_number();
		NextDeadline::<T>::put(now);
		let mut meter = WeightMeter::with_limit(Weight::MAX);
		#[block]
		{
			Pallet::<T>::serve_deadlines(now, &mut meter);
		}
		assert!(NextDeadline::<T>::get() > Some(now));
		Ok(())
	}

	#[benchmark]
	fn serve() -> Result<(), BenchmarkError> {
		let (_, id) = reported::<T>()?;
		let at = deadline::<T>(id)?;
		frame_system::Pallet::<T>::set_block_number(at);
		Deadlines::<T>::insert(at, BoundedVec::truncate_from(alloc::vec![id]));
		NextDeadline::<T>::put(at);
		crowd::<T>(T::Retention::get());
		let mut meter = WeightMeter::with_limit(Weight::MAX);
		#[block]
		{
			Pallet::<T>::serve_deadlines(at, &mut meter);
		}
		assert!(matches!(Jobs::<T>::get(id).map(|job| job.state), Some(JobState::Settled { .. })));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
