//! The validator set: named at genesis, changed by root, and cleared of equivocators.
//!
//! # Terms
//!
//! A *validator* is an account with session keys that authors blocks and votes for finality. The list
//! here is what the next session is made of; `pallet-session` holds the one that runs now, and applies a
//! change two sessions later.
//!
//! # Calls
//!
//! * `add` puts an account with session keys on the list,
//! * `remove` takes one off it; the last one stays.
//!
//! # Origin
//!
//! Root, in both.
//!
//! # Errors
//!
//! `AlreadyThere`, `NotThere`, `NoKeys`, `TooMany`, `LastOne`.
//!
//! # Events
//!
//! `Added`, `Removed`, and `Offended` when a proven equivocation took a validator off the list.

use crate::configs;
use alloc::vec::Vec;
use polkadot_sdk::*;

use frame_support::{pallet_prelude::*, traits::ConstU32, weights::Weight};
use frame_system::pallet_prelude::*;
use sp_runtime::Perbill;
use sp_staking::{
	offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
	SessionIndex,
};

pub use pallet::*;

/// The most validators that the list takes.
pub const MAX_VALIDATORS: u32 = 100;

/// Weights of the calls.
pub trait WeightInfo {
	/// Weight of `add`.
	fn add() -> Weight;
	/// Weight of `remove`.
	fn remove() -> Weight;
}

/// Weights counted in reads and writes: both calls handle one short list.
pub struct DbWeights<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for DbWeights<T> {
	fn add() -> Weight {
		Weight::from_parts(20_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(2, 2))
	}

	fn remove() -> Weight {
		Weight::from_parts(20_000_000, 4_000).saturating_add(T::DbWeight::get().reads_writes(1, 2))
	}
}

#[frame_support::pallet]
pub mod pallet {
	use super::*;

	/// The in-code storage version.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Configuration.
	#[pallet::config]
	pub trait Config:
		polkadot_sdk::frame_system::Config<RuntimeEvent: From<Event<Self>>>
		+ pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
	{
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// The validators of the sessions to come.
	#[pallet::storage]
	pub type Members<T: Config> =
		StorageValue<_, BoundedVec<T::AccountId, ConstU32<MAX_VALIDATORS>>, ValueQuery>;

	/// Whether the list changed since a session was made of it.
	#[pallet::storage]
	pub type Changed<T: Config> = StorageValue<_, bool, ValueQuery>;

	/// The validators of the first sessions.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// In the order in which they take slots.
		pub validators: Vec<T::AccountId>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let list = BoundedVec::try_from(self.validators.clone());
			assert!(list.is_ok(), "at most {MAX_VALIDATORS} validators at genesis");
			if let Ok(list) = list {
				Members::<T>::put(list);
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A validator takes part from the session after next.
		Added {
			/// The validator.
			validator: T::AccountId,
		},
		/// A validator takes part no longer from the session after next.
		Removed {
			/// The validator.
			validator: T::AccountId,
		},
		/// A validator was proved to have signed two contradicting blocks or votes.
		Offended {
			/// The validator.
			validator: T::AccountId,
			/// How grave it was, given how many others did the same.
			fraction: Perbill,
			/// Whether it was taken off the list; the last validator stays.
			removed: bool,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account is on the list.
		AlreadyThere,
		/// The account is not on the list.
		NotThere,
		/// The account has set no session keys; `session.setKeys` does.
		NoKeys,
		/// The list is full.
		TooMany,
		/// A chain without validators would stop for good.
		LastOne,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Put an account with session keys on the list.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::add())]
		pub fn add(origin: OriginFor<T>, validator: T::AccountId) -> DispatchResult {
			ensure_root(origin)?;
			ensure!(pallet_session::NextKeys::<T>::contains_key(&validator), Error::<T>::NoKeys);
			Members::<T>::try_mutate(|list| {
				ensure!(!list.contains(&validator), Error::<T>::AlreadyThere);
				list.try_push(validator.clone()).map_err(|_| Error::<T>::TooMany)
			})?;
			Changed::<T>::put(true);
			Self::deposit_event(Event::Added { validator });
			Ok(())
		}

		/// Take an account off the list.
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::remove())]
		pub fn remove(origin: OriginFor<T>, validator: T::AccountId) -> DispatchResult {
			ensure_root(origin)?;
			Self::take_off(&validator)?;
			Self::deposit_event(Event::Removed { validator });
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	fn take_off(validator: &T::AccountId) -> Result<(), Error<T>> {
		Members::<T>::try_mutate(|list| {
			let before = list.len();
			ensure!(list.contains(validator), Error::<T>::NotThere);
			ensure!(before > 1, Error::<T>::LastOne);
			list.retain(|other| other != validator);
			Changed::<T>::put(true);
			Ok(())
		})
	}

	/// The next session's validators, or `None` when they are those of the last one: a set that is
	/// announced anew would make GRANDPA change its set for nothing.
	fn next() -> Option<Vec<T::AccountId>> {
		Changed::<T>::take().then(|| Members::<T>::get().into_inner())
	}
}

impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
	fn new_session(_: SessionIndex) -> Option<Vec<T::AccountId>> {
		Self::next()
	}

	fn new_session_genesis(_: SessionIndex) -> Option<Vec<T::AccountId>> {
		Some(Members::<T>::get().into_inner())
	}

	fn start_session(_: SessionIndex) {}

	fn end_session(_: SessionIndex) {}
}

impl<T> pallet_session::historical::SessionManager<T::AccountId, ()> for Pallet<T>
where
	T: Config + pallet_session::historical::Config<FullIdentification = ()>,
{
	fn new_session(_: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
		Self::next().map(|list| list.into_iter().map(|v| (v, ())).collect())
	}

	fn new_session_genesis(_: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
		Some(Members::<T>::get().into_iter().map(|v| (v, ())).collect())
	}

	fn start_session(start: SessionIndex) {
		// Proofs of membership are kept for as long as an equivocation may be reported.
		let oldest = start.saturating_sub(configs::consensus::HISTORY);
		if oldest > 0 {
			pallet_session::historical::Pallet::<T>::prune_up_to(oldest);
		}
	}

	fn end_session(_: SessionIndex) {}
}

impl<T> OnOffenceHandler<T::AccountId, pallet_session::historical::IdentificationTuple<T>, Weight>
	for Pallet<T>
where
	T: Config + pallet_session::historical::Config<FullIdentification = ()>,
{
	fn on_offence(
		offenders: &[OffenceDetails<
			T::AccountId,
			pallet_session::historical::IdentificationTuple<T>,
		>],
		fractions: &[Perbill],
		_session: SessionIndex,
	) -> Weight {
		let mut weight = Weight::zero();
		for (details, fraction) in offenders.iter().zip(fractions) {
			let validator = details.offender.0.clone();
			pallet_session::Pallet::<T>::report_offence(
				validator.clone(),
				OffenceSeverity(*fraction),
			);
			let removed = Self::take_off(&validator).is_ok();
			Self::deposit_event(Event::Offended { validator, fraction: *fraction, removed });
			weight = weight.saturating_add(T::DbWeight::get().reads_writes(4, 4));
		}
		weight
	}
}
