//! What the calls do, and what other pallets may ask of the register.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		fungible::hold::{Balanced as _, Mutate as _},
		tokens::Precision,
		Get, Imbalance, OnUnbalanced,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use polkadot_sdk::*;
use sp_runtime::{
	traits::{CheckedDiv, Saturating, UniqueSaturatedInto},
	DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_register(
		owner: T::AccountId,
		hot: T::AccountId,
		bond: Balance,
		capabilities: Capabilities,
	) -> DispatchResult {
		ensure!(!Workers::<T>::contains_key(&owner), Error::<T>::AlreadyRegistered);
		ensure!(!OwnerOfHot::<T>::contains_key(&hot), Error::<T>::HotTaken);
		ensure!(bond >= T::MinBond::get(), Error::<T>::BondTooLow);
		Self::ensure_capabilities(&capabilities)?;

		T::Currency::hold(&HoldReason::Bond.into(), &owner, bond)?;
		OwnerOfHot::<T>::insert(&hot, &owner);
		Workers::<T>::insert(
			&owner,
			Worker {
				hot: hot.clone(),
				bond,
				capabilities,
				status: WorkerStatus::Active,
				last_seen_epoch: Self::current_epoch(),
				assigned: 0,
				completed: 0,
				failed: 0,
			},
		);
		Self::deposit_event(Event::Registered { owner, hot });
		Ok(())
	}

	pub(crate) fn do_set_hot(owner: T::AccountId, new: T::AccountId) -> DispatchResult {
		let mut worker = Self::worker(&owner)?;
		ensure!(!OwnerOfHot::<T>::contains_key(&new), Error::<T>::HotTaken);
		let old = core::mem::replace(&mut worker.hot, new.clone());
		OwnerOfHot::<T>::remove(&old);
		OwnerOfHot::<T>::insert(&new, &owner);
		Workers::<T>::insert(&owner, worker);
		Self::deposit_event(Event::HotChanged { owner, old, new });
		Ok(())
	}

	pub(crate) fn do_set_capabilities(
		owner: T::AccountId,
		capabilities: Capabilities,
	) -> DispatchResult {
		let mut worker = Self::worker(&owner)?;
		Self::ensure_capabilities(&capabilities)?;
		worker.capabilities = capabilities;
		Workers::<T>::insert(&owner, worker);
		Self::deposit_event(Event::CapabilitiesChanged { owner });
		Ok(())
	}

	pub(crate) fn do_bond_more(owner: T::AccountId, amount: Balance) -> DispatchResult {
		let mut worker = Self::worker(&owner)?;
		Self::ensure_staying(&worker)?;
		ensure!(amount > 0, Error::<T>::NothingToBond);
		T::Currency::hold(&HoldReason::Bond.into(), &owner, amount)?;
		worker.bond = worker.bond.saturating_add(amount);
		let bond = worker.bond;
		Workers::<T>::insert(&owner, worker);
		Self::deposit_event(Event::Bonded { owner, amount, bond });
		Ok(())
	}

	pub(crate) fn do_heartbeat(hot: T::AccountId) -> DispatchResult {
		let owner = OwnerOfHot::<T>::get(&hot).ok_or(Error::<T>::NotHotKey)?;
		let mut worker = Self::worker(&owner)?;
		Self::ensure_staying(&worker)?;
		let epoch = Self::current_epoch();
		ensure!(worker.last_seen_epoch != epoch, Error::<T>::NotNeeded);
		worker.last_seen_epoch = epoch;
		Workers::<T>::insert(&owner, worker);
		Self::deposit_event(Event::Heartbeat { owner, epoch });
		Ok(())
	}

	pub(crate) fn do_exit(owner: T::AccountId) -> DispatchResult {
		let mut worker = Self::worker(&owner)?;
		Self::ensure_staying(&worker)?;
		let until =
			frame_system::Pallet::<T>::block_number().saturating_add(T::UnbondingPeriod::get());
		worker.status = WorkerStatus::Exiting { until };
		Workers::<T>::insert(&owner, worker);
		Self::deposit_event(Event::ExitStarted { owner, until });
		Ok(())
	}

	pub(crate) fn do_withdraw_bond(owner: T::AccountId) -> DispatchResult {
		let worker = Self::worker(&owner)?;
		let WorkerStatus::Exiting { until } = worker.status else {
			return Err(Error::<T>::NotExiting.into());
		};
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now >= until, Error::<T>::StillBonded);
		ensure!(worker.assigned == 0, Error::<T>::JobsAssigned);
		let amount =
			T::Currency::release(&HoldReason::Bond.into(), &owner, worker.bond, Precision::Exact)?;
		OwnerOfHot::<T>::remove(&worker.hot);
		Workers::<T>::remove(&owner);
		Self::deposit_event(Event::BondWithdrawn { owner, amount });
		Ok(())
	}

	fn worker(
		owner: &T::AccountId,
	) -> Result<Worker<T::AccountId, BlockNumberFor<T>>, DispatchError> {
		Workers::<T>::get(owner).ok_or(Error::<T>::NotRegistered.into())
	}

	fn ensure_staying(worker: &Worker<T::AccountId, BlockNumberFor<T>>) -> DispatchResult {
		ensure!(worker.status == WorkerStatus::Active, Error::<T>::Exiting);
		Ok(())
	}

	fn ensure_capabilities(capabilities: &Capabilities) -> DispatchResult {
		ensure!(!capabilities.is_empty(), Error::<T>::NoCapabilities);
		let mut seen = Vec::with_capacity(capabilities.len());
		for capability in capabilities {
			let named =
				!capability.class.is_empty() && core::str::from_utf8(&capability.class).is_ok();
			ensure!(
				named && capability.units > 0 && !seen.contains(&&capability.class),
				Error::<T>::BadCapability
			);
			seen.push(&capability.class);
		}
		Ok(())
	}
}

/// For other pallets, through the runtime's glue.
impl<T: Config> Pallet<T> {
	/// The heartbeat epoch of this block.
	pub fn current_epoch() -> u32 {
		frame_system::Pallet::<T>::block_number()
			.checked_div(&T::EpochLength::get())
			.map(UniqueSaturatedInto::unique_saturated_into)
			.unwrap_or_default()
	}

	/// The worker that signs with a key.
	pub fn owner_of(hot: &T::AccountId) -> Option<T::AccountId> {
		OwnerOfHot::<T>::get(hot)
	}

	/// Whether a worker may take jobs: it stays, and its bond was not slashed below the least.
	pub fn is_active(owner: &T::AccountId) -> bool {
		Workers::<T>::get(owner).is_some_and(|worker| {
			worker.status == WorkerStatus::Active && worker.bond >= T::MinBond::get()
		})
	}

	/// Jobs in the hands of a worker.
	pub fn assigned(owner: &T::AccountId) -> u32 {
		Workers::<T>::get(owner).map_or(0, |worker| worker.assigned)
	}

	/// A worker took a job.
	pub fn note_assigned(owner: &T::AccountId) -> DispatchResult {
		let mut worker = Self::worker(owner)?;
		worker.assigned = worker.assigned.saturating_add(1);
		Workers::<T>::insert(owner, worker);
		Ok(())
	}

	/// A job left the hands of a worker, done or not.
	pub fn note_released(owner: &T::AccountId, completed: bool) {
		Workers::<T>::mutate_extant(owner, |worker| {
			worker.assigned = worker.assigned.saturating_sub(1);
			let count = if completed { &mut worker.completed } else { &mut worker.failed };
			*count = count.saturating_add(1);
		});
	}

	/// A worker reported in this epoch, which stands for a heartbeat.
	pub fn note_report(owner: &T::AccountId) {
		let epoch = Self::current_epoch();
		Workers::<T>::mutate_extant(owner, |worker| worker.last_seen_epoch = epoch);
	}

	/// Take up to `amount` of a worker's bond and return what was taken. A worker whose bond falls
	/// below the least takes no more jobs until `bond_more`.
	pub fn slash(owner: &T::AccountId, amount: Balance, reason: SlashReason) -> Balance {
		let Some(mut worker) = Workers::<T>::get(owner) else { return 0 };
		let wanted = amount.min(worker.bond);
		if wanted == 0 {
			return 0;
		}
		let (credit, _) = T::Currency::slash(&HoldReason::Bond.into(), owner, wanted);
		let amount = credit.peek();
		T::OnSlash::on_unbalanced(credit);
		worker.bond = worker.bond.saturating_sub(amount);
		Workers::<T>::insert(owner, worker);
		Self::deposit_event(Event::Slashed { owner: owner.clone(), amount, reason });
		amount
	}
}
