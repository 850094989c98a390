//! Benchmarks of the calls, each at its worst case.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{fungible::Mutate, Get};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use polkadot_sdk::*;
use sp_runtime::traits::Saturating;

/// The longest list of capabilities.
fn capabilities() -> Capabilities {
	let list: Vec<Capability> = (0..MAX_CAPABILITIES)
		.map(|i| Capability {
			class: alloc::vec![b'a'.saturating_add(i as u8); MAX_CLASS_LEN as usize]
				.try_into()
				.unwrap_or_default(),
			units: 1,
			memory_mib: 1,
		})
		.collect();
	list.try_into().unwrap_or_default()
}

#[benchmarks(where T::Currency: Mutate<T::AccountId>)]
mod benchmarks {
	use super::*;

	fn funded<T: Config>() -> Result<T::AccountId, BenchmarkError>
	where
		T::Currency: Mutate<T::AccountId>,
	{
		let owner: T::AccountId = whitelisted_caller();
		let amount = T::MinBond::get().saturating_mul(10);
		T::Currency::mint_into(&owner, amount)?;
		Ok(owner)
	}

	fn registered<T: Config>() -> Result<(T::AccountId, T::AccountId), BenchmarkError>
	where
		T::Currency: Mutate<T::AccountId>,
	{
		let owner = funded::<T>()?;
		let hot: T::AccountId = account("hot", 0, 0);
		Pallet::<T>::do_register(owner.clone(), hot.clone(), T::MinBond::get(), capabilities())?;
		Ok((owner, hot))
	}

	fn pass<T: Config>(blocks: BlockNumberFor<T>) {
		let now = frame_system::Pallet::<T>::block_number();
		frame_system::Pallet::<T>::set_block_number(now.saturating_add(blocks));
	}

	#[benchmark]
	fn register() -> Result<(), BenchmarkError> {
		let owner = funded::<T>()?;
		let hot: T::AccountId = account("hot", 0, 0);
		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), hot, T::MinBond::get(), capabilities());
		assert!(Pallet::<T>::is_active(&owner));
		Ok(())
	}

	#[benchmark]
	fn set_hot() -> Result<(), BenchmarkError> {
		let (owner, _) = registered::<T>()?;
		let new: T::AccountId = account("new", 0, 0);
		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), new.clone());
		assert_eq!(Pallet::<T>::owner_of(&new), Some(owner));
		Ok(())
	}

	#[benchmark]
	fn set_capabilities() -> Result<(), BenchmarkError> {
		let (owner, _) = registered::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), capabilities());
		Ok(())
	}

	#[benchmark]
	fn bond_more() -> Result<(), BenchmarkError> {
		let (owner, _) = registered::<T>()?;
		let amount = T::MinBond::get();
		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()), amount);
		assert_eq!(Workers::<T>::get(&owner).map(|w| w.bond), Some(amount.saturating_mul(2)));
		Ok(())
	}

	#[benchmark]
	fn heartbeat() -> Result<(), BenchmarkError> {
		let (owner, hot) = registered::<T>()?;
		pass::<T>(T::EpochLength::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(hot));
		assert_eq!(
			Workers::<T>::get(&owner).map(|w| w.last_seen_epoch),
			Some(Pallet::<T>::current_epoch())
		);
		Ok(())
	}

	#[benchmark]
	fn exit() -> Result<(), BenchmarkError> {
		let (owner, _) = registered::<T>()?;
		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()));
		assert!(!Pallet::<T>::is_active(&owner));
		Ok(())
	}

	#[benchmark]
	fn withdraw_bond() -> Result<(), BenchmarkError> {
		let (owner, _) = registered::<T>()?;
		Pallet::<T>::do_exit(owner.clone())?;
		pass::<T>(T::UnbondingPeriod::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(owner.clone()));
		assert!(!Workers::<T>::contains_key(&owner));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
