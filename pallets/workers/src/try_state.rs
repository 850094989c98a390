//! What must hold after every block.

use crate::pallet::*;
use frame_support::{ensure, traits::fungible::InspectHold};
use polkadot_sdk::*;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Run every check.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_bonds_are_held()?;
		Self::check_hot_keys_match()
	}

	/// Each worker's bond is what its owner's account has on hold.
	fn check_bonds_are_held() -> Result<(), TryRuntimeError> {
		for (owner, worker) in Workers::<T>::iter() {
			let held = T::Currency::balance_on_hold(&HoldReason::Bond.into(), &owner);
			ensure!(held == worker.bond, "workers: a bond differs from the hold");
		}
		Ok(())
	}

	/// Workers and hot keys point at each other, one to one.
	fn check_hot_keys_match() -> Result<(), TryRuntimeError> {
		for (owner, worker) in Workers::<T>::iter() {
			ensure!(
				OwnerOfHot::<T>::get(&worker.hot) == Some(owner),
				"workers: a worker's hot key leads elsewhere"
			);
		}
		ensure!(
			Workers::<T>::iter_keys().count() == OwnerOfHot::<T>::iter_keys().count(),
			"workers: a hot key has no worker"
		);
		Ok(())
	}
}
