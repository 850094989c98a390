//! # Models
//!
//! ## Overview
//!
//! The registry of base models and of the models fine-tuned from them. A model is published from a
//! finished training job; base, snapshots, adapter and attribution index are copied from the job's
//! result, so that nobody can publish one thing and serve another. The publisher adds a name, a
//! price and the rule by which fees are shared.
//!
//! ## Terms
//!
//! - **Base**: weights and tokenizer, known by their hashes, with a licence.
//! - **Model**: an adapter over a base, made by one job. A job makes at most one model.
//! - **Price**: plancks for 1,000 tokens, in and out apart.
//! - **Split**: the parts of a fee, in parts per million that sum to 1,000,000. It never changes.
//! - **Lineage**: model, base, job, snapshots and Datanets.
//!
//! ## Calls
//!
//! - `register_base`: register a base model.
//! - `publish`: publish the result of one's own training job.
//! - `set_price`: change a model's price.
//! - `retire`: take a model off the market for good.
//!
//! ## Origin
//!
//! All calls are signed. `register_base` is open to everyone, `publish` is for the requester of the
//! job, `set_price` and `retire` for the model's owner.
//!
//! ## Errors
//!
//! A call that returns an [`Error`] changes nothing. See [`Error`] for what each one means.
//!
//! ## Events
//!
//! Every change of state has an [`Event`].

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use polkadot_sdk::*;

#[cfg(any(feature = "runtime-benchmarks", test))]
mod benchmarking;
mod impls;
#[cfg(test)]
mod mock;
pub mod runtime_api;
#[cfg(test)]
mod tests;
pub mod types;
pub mod weights;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{pallet_prelude::*, traits::fungible::Inspect};
	use frame_system::pallet_prelude::*;
	use weft_primitives::{
		ids::{BaseId, Cid, Hash32, JobId, ModelId},
		split::Split,
	};

	/// The pallet's balance type.
	pub type BalanceOf<T> =
		<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;
	/// A base as stored.
	pub type BaseOf<T> = Base<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
	/// A model as stored.
	pub type ModelOf<T> =
		Model<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

	/// Configuration.
	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The money of prices. This pallet holds and moves none.
		type Currency: Inspect<Self::AccountId>;

		/// Results of settled training jobs.
		type TrainingResults: TrainingResults<Self::AccountId>;

		/// Facts about snapshots.
		type SnapshotInfo: SnapshotInfo;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;

		/// Makes a settled training job with this result, for benchmarks.
		#[cfg(any(feature = "runtime-benchmarks", test))]
		type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;
	}

	/// What benchmarks need from the runtime.
	#[cfg(any(feature = "runtime-benchmarks", test))]
	pub trait BenchmarkHelper<AccountId> {
		/// Makes `TrainingResults::result` answer with a job of `requester` on `base` and the most
		/// snapshots; returns the job.
		fn finished_job(requester: &AccountId, base: BaseId) -> JobId;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// All base models.
	#[pallet::storage]
	pub type Bases<T: Config> = StorageMap<_, Blake2_128Concat, BaseId, BaseOf<T>>;

	/// All published models, the retired ones too.
	#[pallet::storage]
	pub type Models<T: Config> = StorageMap<_, Blake2_128Concat, ModelId, ModelOf<T>>;

	/// The model that was published from a job.
	#[pallet::storage]
	pub type ModelOfJob<T: Config> = StorageMap<_, Blake2_128Concat, JobId, ModelId>;

	/// Id of the next base.
	#[pallet::storage]
	pub type NextBase<T: Config> = StorageValue<_, BaseId, ValueQuery>;

	/// Id of the next model.
	#[pallet::storage]
	pub type NextModel<T: Config> = StorageValue<_, ModelId, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A base model was registered.
		BaseRegistered {
			/// Its id.
			base: BaseId,
			/// Who registered it.
			owner: T::AccountId,
		},
		/// A model was published.
		Published {
			/// Its id.
			model: ModelId,
			/// Its developer.
			owner: T::AccountId,
			/// What it was fine-tuned from.
			base: BaseId,
			/// The job that trained it.
			job: JobId,
			/// Content id of the adapter's folder.
			adapter: Cid,
			/// Merkle root of its attribution index.
			index_root: Hash32,
		},
		/// A model's price changed.
		PriceChanged {
			/// Which model.
			model: ModelId,
			/// New price of 1,000 input tokens.
			price_in: BalanceOf<T>,
			/// New price of 1,000 output tokens.
			price_out: BalanceOf<T>,
		},
		/// A model was taken off the market.
		Retired {
			/// Which model.
			model: ModelId,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The name is empty, not UTF-8 or holds control characters.
		BadName,
		/// The architecture is empty or holds anything but printable ASCII without spaces.
		BadArchitecture,
		/// There is no base model with this id.
		BaseNotFound,
		/// There is no model with this id.
		ModelNotFound,
		/// There is no settled training job with this id.
		JobNotFinished,
		/// Only the requester of the job publishes its result.
		NotRequester,
		/// The job's result was published before.
		AlreadyPublished,
		/// The job's result names a snapshot that does not exist.
		SnapshotNotFound,
		/// The parts of the split do not sum to 1,000,000.
		BadSplit,
		/// Only the model's owner may do this.
		NotOwner,
		/// The model is retired, and that is final.
		Retired,
		/// No id is left for another row.
		IdsExhausted,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(
				T::WeightInfo::publish().all_lt(T::BlockWeights::get().max_block),
				"publishing must fit into a block",
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Register a base model that the caller owns.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_base())]
		pub fn register_base(
			origin: OriginFor<T>,
			name: Name,
			architecture: Architecture,
			weights: Hash32,
			tokenizer: Hash32,
			licence: Cid,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register_base(owner, name, architecture, weights, tokenizer, licence)
				.map(|_| ())
		}

		/// Publish the model that a settled training job of the caller made.
		///
		/// Prices are for 1,000 tokens; zero is allowed. The split cannot be changed later.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::publish())]
		pub fn publish(
			origin: OriginFor<T>,
			job: JobId,
			name: Name,
			price_in: BalanceOf<T>,
			price_out: BalanceOf<T>,
			split: Split,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_publish(owner, job, name, price_in, price_out, split).map(|_| ())
		}

		/// Change the price of a model that is on the market.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::set_price())]
		pub fn set_price(
			origin: OriginFor<T>,
			model: ModelId,
			price_in: BalanceOf<T>,
			price_out: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_set_price(who, model, price_in, price_out)
		}

		/// Take a model off the market for good. What was answered before is still settled.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::retire())]
		pub fn retire(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_retire(who, model)
		}
	}
}
