//! Benchmarks of the pallet's calls at the bounds.

use super::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use weft_primitives::{
	ids::{BaseId, ModelId},
	split::Split,
};

fn name() -> Name {
	Name::truncate_from(vec![b'a'; MAX_NAME as usize])
}

fn base<T: Config>(owner: &T::AccountId) -> BaseId {
	let id = NextBase::<T>::get();
	let registered = Pallet::<T>::register_base(
		RawOrigin::Signed(owner.clone()).into(),
		name(),
		Architecture::truncate_from(vec![b'a'; MAX_ARCHITECTURE as usize]),
		[1; 32],
		[2; 32],
		[3; 32],
	);
	assert!(registered.is_ok());
	id
}

fn split() -> Split {
	Split { treasury: 1, base_owner: 2, developer: 3, worker: 4, contributors: 999_990 }
}

fn model<T: Config>(owner: &T::AccountId) -> ModelId {
	let job = T::BenchmarkHelper::finished_job(owner, base::<T>(owner));
	let id = NextModel::<T>::get();
	let published = Pallet::<T>::publish(
		RawOrigin::Signed(owner.clone()).into(),
		job,
		name(),
		1u32.into(),
		2u32.into(),
		split(),
	);
	assert!(published.is_ok());
	id
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_base() {
		let owner: T::AccountId = whitelisted_caller();
		let architecture = Architecture::truncate_from(vec![b'a'; MAX_ARCHITECTURE as usize]);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), name(), architecture, [1; 32], [2; 32], [3; 32]);

		assert!(Bases::<T>::contains_key(0));
	}

	#[benchmark]
	fn publish() {
		let owner: T::AccountId = whitelisted_caller();
		let job = T::BenchmarkHelper::finished_job(&owner, base::<T>(&owner));

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), job, name(), 1u32.into(), 2u32.into(), split());

		assert!(Models::<T>::contains_key(0));
	}

	#[benchmark]
	fn set_price() {
		let owner: T::AccountId = whitelisted_caller();
		let id = model::<T>(&owner);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), id, 3u32.into(), 4u32.into());

		assert_eq!(Pallet::<T>::live_prices(id), Some((3u32.into(), 4u32.into())));
	}

	#[benchmark]
	fn retire() {
		let owner: T::AccountId = whitelisted_caller();
		let id = model::<T>(&owner);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), id);

		assert_eq!(Pallet::<T>::live_prices(id), None);
	}

	#[benchmark]
	fn lineage() {
		let owner: T::AccountId = whitelisted_caller();
		let id = model::<T>(&owner);
		let found;

		#[block]
		{
			found = Pallet::<T>::lineage(id);
		}

		assert!(found.is_some_and(|found| !found.snapshots.is_empty()));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
