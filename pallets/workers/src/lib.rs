//! # Workers
//!
//! ## Overview
//! The register of those who train, serve and attribute. A worker is an owner (the cold account)
//! with a bond on hold and a hot key, which the daemon signs with. The bond is what a worker has
//! to lose: other pallets slash it through [`Pallet::slash`].
//!
//! ## Terms
//! - *Owner*: the account that bonds, is paid and is slashed. It need not be on the machine.
//! - *Hot key*: the account that claims jobs, reports and sends heartbeats. One per worker.
//! - *Epoch*: [`Config::EpochLength`] blocks. A worker shows itself once an epoch, by a report
//!   or, in an epoch without one, by a heartbeat.
//! - *Active*: not exiting, and with a bond of at least [`Config::MinBond`].
//!
//! ## Calls
//! | call | origin | errors | event |
//! | --- | --- | --- | --- |
//! | `register` | any account | `AlreadyRegistered`, `HotTaken`, `BondTooLow`, `NoCapabilities`, `BadCapability` | `Registered` |
//! | `set_hot` | owner | `NotRegistered`, `HotTaken` | `HotChanged` |
//! | `set_capabilities` | owner | `NotRegistered`, `NoCapabilities`, `BadCapability` | `CapabilitiesChanged` |
//! | `bond_more` | owner | `NotRegistered`, `Exiting`, `NothingToBond` | `Bonded` |
//! | `heartbeat` | hot key | `NotHotKey`, `Exiting`, `NotNeeded` | `Heartbeat` |
//! | `exit` | owner | `NotRegistered`, `Exiting` | `ExitStarted` |
//! | `withdraw_bond` | owner | `NotRegistered`, `NotExiting`, `StillBonded`, `JobsAssigned` | `BondWithdrawn` |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod impls;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod types;
pub mod weights;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use polkadot_sdk::*;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{
				hold::{Balanced as BalancedHold, Mutate as MutateHold},
				Credit, Inspect,
			},
			OnUnbalanced,
		},
	};
	use frame_system::pallet_prelude::*;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// The coin of the bonds.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>
			+ BalancedHold<Self::AccountId>;

		/// Where slashed bonds go. With `()` they are burnt.
		type OnSlash: OnUnbalanced<Credit<Self::AccountId, Self::Currency>>;

		/// The least bond of an active worker.
		#[pallet::constant]
		type MinBond: Get<Balance>;

		/// How long a bond stays slashable after `exit`. It must outlast every window in which a
		/// worker's results can be challenged.
		#[pallet::constant]
		type UnbondingPeriod: Get<BlockNumberFor<Self>>;

		/// Blocks in a heartbeat epoch.
		#[pallet::constant]
		type EpochLength: Get<BlockNumberFor<Self>>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds a balance.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The bond of a worker.
		Bond,
	}

	/// The workers by owner.
	#[pallet::storage]
	pub type Workers<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Worker<T::AccountId, BlockNumberFor<T>>,
		OptionQuery,
	>;

	/// The owner of a hot key.
	#[pallet::storage]
	pub type OwnerOfHot<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, T::AccountId, OptionQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A worker was registered.
		Registered {
			/// Its cold account.
			owner: T::AccountId,
			/// Its hot key.
			hot: T::AccountId,
		},
		/// A worker signs with another key from now on.
		HotChanged {
			/// The worker.
			owner: T::AccountId,
			/// The key it used.
			old: T::AccountId,
			/// The key it uses.
			new: T::AccountId,
		},
		/// A worker described its hardware anew.
		CapabilitiesChanged {
			/// The worker.
			owner: T::AccountId,
		},
		/// A worker raised its bond.
		Bonded {
			/// The worker.
			owner: T::AccountId,
			/// What was added.
			amount: Balance,
			/// The bond now.
			bond: Balance,
		},
		/// A worker showed itself.
		Heartbeat {
			/// The worker.
			owner: T::AccountId,
			/// The epoch.
			epoch: u32,
		},
		/// A worker takes no more jobs.
		ExitStarted {
			/// The worker.
			owner: T::AccountId,
			/// When its bond is free.
			until: BlockNumberFor<T>,
		},
		/// A worker left and has its bond back.
		BondWithdrawn {
			/// The former worker.
			owner: T::AccountId,
			/// What was released.
			amount: Balance,
		},
		/// A bond was slashed.
		Slashed {
			/// The worker.
			owner: T::AccountId,
			/// What it lost.
			amount: Balance,
			/// What for.
			reason: SlashReason,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account has a worker already.
		AlreadyRegistered,
		/// The account has no worker.
		NotRegistered,
		/// The key is the hot key of a worker already.
		HotTaken,
		/// The account is no worker's hot key.
		NotHotKey,
		/// The bond is below `MinBond`.
		BondTooLow,
		/// The amount to add is zero.
		NothingToBond,
		/// A worker must list at least one capability.
		NoCapabilities,
		/// A capability has no or a repeated class, is not UTF-8, or has no units.
		BadCapability,
		/// The worker is leaving.
		Exiting,
		/// The worker is not leaving: call `exit` first.
		NotExiting,
		/// The unbonding period is not over.
		StillBonded,
		/// The worker has jobs in its hands.
		JobsAssigned,
		/// The worker was seen in this epoch: a heartbeat adds nothing.
		NotNeeded,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::MinBond::get() > 0, "workers: MinBond must be above zero");
			assert!(
				T::MinBond::get() >= T::Currency::minimum_balance(),
				"workers: MinBond must be at least the existential deposit"
			);
			assert!(T::EpochLength::get() > 0u32.into(), "workers: EpochLength must be above zero");
			assert!(
				T::UnbondingPeriod::get() > 0u32.into(),
				"workers: UnbondingPeriod must be above zero"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Register a worker of the origin, which is its owner, and hold its bond.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register())]
		pub fn register(
			origin: OriginFor<T>,
			hot: T::AccountId,
			bond: Balance,
			capabilities: Capabilities,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register(owner, hot, bond, capabilities)
		}

		/// Change the hot key, for example after a machine was lost.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::set_hot())]
		pub fn set_hot(origin: OriginFor<T>, hot: T::AccountId) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_set_hot(owner, hot)
		}

		/// Replace the list of capabilities.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::set_capabilities())]
		pub fn set_capabilities(
			origin: OriginFor<T>,
			capabilities: Capabilities,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_set_capabilities(owner, capabilities)
		}

		/// Raise the bond by an amount.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::bond_more())]
		pub fn bond_more(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_bond_more(owner, amount)
		}

		/// Show that the worker lives. Free of charge, once in an epoch without a report.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::heartbeat())]
		pub fn heartbeat(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let hot = ensure_signed(origin)?;
			Self::do_heartbeat(hot)?;
			Ok(Pays::No.into())
		}

		/// Take no more jobs and start the unbonding period.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::exit())]
		pub fn exit(origin: OriginFor<T>) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_exit(owner)
		}

		/// Release the bond and forget the worker, after the unbonding period.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_withdraw_bond(owner)
		}
	}
}
