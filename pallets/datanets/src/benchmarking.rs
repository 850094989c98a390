//! Benchmarks of the pallet's calls at the bounds.

use super::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{
	fungible::{Inspect, Mutate},
	Get,
};
use frame_system::RawOrigin;
use sp_runtime::traits::{SaturatedConversion, Saturating};
use weft_primitives::ids::{ContributionId, DatanetId};

fn funded<T: Config>(name: &'static str, index: u32) -> T::AccountId
where
	T::Currency: Mutate<T::AccountId>,
{
	let who: T::AccountId = account(name, index, 0);
	let amount = T::Currency::minimum_balance().saturating_mul(1_000_000u32.saturated_into());
	T::Currency::set_balance(&who, amount);
	who
}

fn curators<T: Config>(count: u32) -> Curators<T::AccountId> {
	(0..count)
		.map(|i| account("curator", i, 0))
		.collect::<alloc::vec::Vec<_>>()
		.try_into()
		.unwrap_or_default()
}

fn open<T: Config>(owner: &T::AccountId, count: u32, approvals: u8) -> DatanetId {
	let id = NextDatanet::<T>::get();
	let created = Pallet::<T>::create(
		RawOrigin::Signed(owner.clone()).into(),
		Name::truncate_from(vec![b'a'; MAX_NAME as usize]),
		[1; 32],
		[2; 32],
		Schema::Chat,
		curators::<T>(count),
		approvals,
		1u32.into(),
		1u32.into(),
	);
	assert!(created.is_ok());
	id
}

fn send<T: Config>(datanet: DatanetId, who: &T::AccountId, records: u32) -> ContributionId {
	let id = NextContribution::<T>::get();
	let sent = Pallet::<T>::contribute(
		RawOrigin::Signed(who.clone()).into(),
		datanet,
		[3; 32],
		records,
		records.into(),
		[4; 32],
	);
	assert!(sent.is_ok());
	id
}

/// Half of the records of the largest contribution; the last one is refused.
fn mixed(reason: Reason) -> Decision {
	let bytes = vec![0x55; (MAX_RECORDS_PER_CONTRIBUTION / 8) as usize];
	Decision::Mixed { quality: 50, reason, accepted: Bitmap::truncate_from(bytes) }
}

#[benchmarks(where T::Currency: Mutate<T::AccountId>)]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn create(c: Linear<1, MAX_CURATORS>) {
		let owner = funded::<T>("owner", 0);

		#[extrinsic_call]
		_(
			RawOrigin::Signed(owner),
			Name::truncate_from(vec![b'a'; MAX_NAME as usize]),
			[1; 32],
			[2; 32],
			Schema::Chat,
			curators::<T>(c),
			1,
			1u32.into(),
			1u32.into(),
		);

		assert!(Datanets::<T>::contains_key(0));
	}

	#[benchmark]
	fn contribute() {
		let owner = funded::<T>("owner", 0);
		let who = funded::<T>("contributor", 0);
		let datanet = open::<T>(&owner, MAX_CURATORS, 1);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), datanet, [3; 32], MAX_RECORDS_PER_CONTRIBUTION, 4096, [4; 32]);

		assert!(Contributions::<T>::contains_key(0));
	}

	#[benchmark]
	fn withdraw(v: Linear<0, { MAX_CURATORS - 1 }>) {
		let owner = funded::<T>("owner", 0);
		let who = funded::<T>("contributor", 0);
		let datanet = open::<T>(&owner, MAX_CURATORS, MAX_CURATORS as u8);
		let id = send::<T>(datanet, &who, MAX_RECORDS_PER_CONTRIBUTION);
		for curator in curators::<T>(v) {
			Votes::<T>::insert(id, curator, mixed(Reason::Other));
		}

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		assert!(!Contributions::<T>::contains_key(id));
	}

	#[benchmark]
	fn attach_report() {
		let owner = funded::<T>("owner", 0);
		let who = funded::<T>("contributor", 0);
		let datanet = open::<T>(&owner, MAX_CURATORS, 1);
		let id = send::<T>(datanet, &who, MAX_RECORDS_PER_CONTRIBUTION);

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), id, [5; 32]);

		assert!(Contributions::<T>::get(id).is_some_and(|row| row.report.is_some()));
	}

	#[benchmark]
	fn review(v: Linear<1, MAX_CURATORS>) {
		let owner = funded::<T>("owner", 0);
		let who = funded::<T>("contributor", 0);
		let _ = T::Currency::set_balance(&T::Treasury::get(), T::Currency::minimum_balance());
		let datanet = open::<T>(&owner, v, v as u8);
		let id = send::<T>(datanet, &who, MAX_RECORDS_PER_CONTRIBUTION);
		let mut votes = curators::<T>(v).into_inner();
		let last = votes.pop().unwrap_or_else(|| account("curator", 0, 0));
		for curator in votes {
			Votes::<T>::insert(id, curator, mixed(Reason::Spam));
		}

		#[extrinsic_call]
		_(RawOrigin::Signed(last), id, mixed(Reason::Spam));

		assert!(Contributions::<T>::get(id).is_some_and(|row| row.status != Status::Pending));
	}

	#[benchmark]
	fn snapshot(n: Linear<1, MAX_CONTRIBUTIONS_PER_DATANET>) -> Result<(), BenchmarkError> {
		let owner = funded::<T>("owner", 0);
		let who = funded::<T>("contributor", 0);
		let datanet = open::<T>(&owner, 1, 1);
		let template = send::<T>(datanet, &who, MAX_RECORDS_PER_CONTRIBUTION);
		let mut row = Contributions::<T>::take(template)
			.ok_or(BenchmarkError::Stop("the contribution was just made"))?;
		row.deposit = 0u32.into();
		row.status =
			Status::Accepted { bitmap: Bitmap::truncate_from(vec![0x55; 512]), quality: 50 };
		for id in 0..u64::from(n) {
			Contributions::<T>::insert(id, &row);
			AcceptedList::<T>::mutate(datanet, |list| {
				let _ = list.try_push(id);
			});
		}
		Datanets::<T>::mutate(datanet, |found| {
			if let Some(found) = found {
				found.accepted = n;
			}
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(owner), datanet);

		assert!(Snapshots::<T>::contains_key(0));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
