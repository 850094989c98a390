//! # Datanets
//!
//! ## Overview
//!
//! A Datanet is a curated set of training records. Contributors send batches of records, curators
//! decide record by record, and the owner freezes what was accepted as an immutable snapshot that
//! models are trained on. The chain holds roots, counts, content ids, decisions and deposits; the
//! records themselves lie in the blob store.
//!
//! ## Terms
//!
//! - **Contribution**: one batch, known by the Merkle root over its record hashes.
//! - **Deposit**: what the contributor has on hold while a contribution is pending. It comes back,
//!   except for the part of records refused as spam, which goes to the treasury.
//! - **Decision**: what one curator says. It becomes final when as many curators as the Datanet
//!   asks for accept the same set of records. Until then a curator may change it.
//! - **Snapshot**: the accepted contributions at one moment, with a root over them.
//!
//! ## Calls
//!
//! - `create`: open a Datanet.
//! - `contribute`: send a batch.
//! - `withdraw`: take a pending batch back.
//! - `attach_report`: point at a quality report of a pending batch.
//! - `review`: decide on a pending batch.
//! - `snapshot`: freeze what was accepted.
//!
//! ## Origin
//!
//! All calls are signed. `create` and `contribute` are open to everyone, `withdraw` is for the
//! contributor, `attach_report` for curators, the owner and [`Config::Reporter`], `review` for
//! curators other than the contributor, `snapshot` for the owner and the curators.
//!
//! ## Errors
//!
//! A call that returns an [`Error`] changes nothing. See [`Error`] for what each one means.
//!
//! ## Events
//!
//! Every change of state has an [`Event`]; rows that leave the state are complete in their events.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use polkadot_sdk::*;

#[cfg(any(feature = "runtime-benchmarks", test))]
mod benchmarking;
mod impls;
#[cfg(test)]
mod mock;
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
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Inspect, InspectHold, MutateHold},
			Contains,
		},
	};
	use frame_system::pallet_prelude::*;
	use weft_primitives::ids::{Cid, ContributionId, DatanetId, Hash32, SnapshotId};

	/// The pallet's balance type.
	pub type BalanceOf<T> =
		<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;
	/// A Datanet as stored.
	pub type DatanetOf<T> =
		Datanet<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
	/// A contribution as stored.
	pub type ContributionOf<T> =
		Contribution<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
	/// A snapshot as stored.
	pub type SnapshotOf<T> = Snapshot<BlockNumberFor<T>>;

	/// Configuration.
	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The money of deposits.
		type Currency: Inspect<Self::AccountId>
			+ InspectHold<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// Who may attach quality reports besides curators and owner: registered workers.
		type Reporter: Contains<Self::AccountId>;

		/// Gets the deposits of spam. The account must exist.
		type Treasury: Get<Self::AccountId>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Why money is on hold.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The deposit of a pending contribution.
		Contribution,
	}

	/// All Datanets.
	#[pallet::storage]
	pub type Datanets<T: Config> = StorageMap<_, Blake2_128Concat, DatanetId, DatanetOf<T>>;

	/// Pending contributions and those with an accepted part.
	#[pallet::storage]
	pub type Contributions<T: Config> =
		StorageMap<_, Blake2_128Concat, ContributionId, ContributionOf<T>>;

	/// Decisions on pending contributions, at most one for each curator.
	#[pallet::storage]
	pub type Votes<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		ContributionId,
		Blake2_128Concat,
		T::AccountId,
		Decision,
	>;

	/// The contributions of a Datanet with an accepted part, ascending.
	#[pallet::storage]
	pub type AcceptedList<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		DatanetId,
		BoundedVec<ContributionId, MaxContributions>,
		ValueQuery,
	>;

	/// All snapshots. They never change.
	#[pallet::storage]
	pub type Snapshots<T: Config> = StorageMap<_, Blake2_128Concat, SnapshotId, SnapshotOf<T>>;

	/// What became of each contributor's records in each Datanet.
	#[pallet::storage]
	pub type ContributorStats<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		DatanetId,
		Blake2_128Concat,
		T::AccountId,
		Stats<BalanceOf<T>>,
		ValueQuery,
	>;

	/// Id of the next Datanet.
	#[pallet::storage]
	pub type NextDatanet<T: Config> = StorageValue<_, DatanetId, ValueQuery>;

	/// Id of the next contribution.
	#[pallet::storage]
	pub type NextContribution<T: Config> = StorageValue<_, ContributionId, ValueQuery>;

	/// Id of the next snapshot.
	#[pallet::storage]
	pub type NextSnapshot<T: Config> = StorageValue<_, SnapshotId, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A Datanet was opened.
		Created {
			/// Its id.
			datanet: DatanetId,
			/// Who opened it.
			owner: T::AccountId,
		},
		/// A batch arrived and waits for review.
		Contributed {
			/// Its id.
			contribution: ContributionId,
			/// Where it was sent.
			datanet: DatanetId,
			/// Who sent it.
			contributor: T::AccountId,
			/// Merkle root over the record hashes.
			root: Hash32,
			/// Number of records.
			records: u32,
			/// Length of the blob.
			bytes: u64,
			/// Content id of the blob.
			cid: Cid,
			/// What was put on hold.
			deposit: BalanceOf<T>,
		},
		/// A pending batch was taken back and its deposit released.
		Withdrawn {
			/// Which one.
			contribution: ContributionId,
		},
		/// A quality report was attached.
		ReportAttached {
			/// To which contribution.
			contribution: ContributionId,
			/// By whom.
			by: T::AccountId,
			/// Content id of the report.
			report: Cid,
		},
		/// A curator decided, or changed the decision.
		Reviewed {
			/// On which contribution.
			contribution: ContributionId,
			/// Who.
			curator: T::AccountId,
			/// What.
			decision: Decision,
		},
		/// Records of a contribution were accepted for good.
		Accepted {
			/// Which contribution.
			contribution: ContributionId,
			/// How many records.
			records: u32,
		},
		/// Records of a contribution were refused for good.
		Refused {
			/// Which contribution.
			contribution: ContributionId,
			/// How many records.
			records: u32,
			/// Why.
			reason: Reason,
			/// How much of the deposit went to the treasury.
			slashed: BalanceOf<T>,
		},
		/// The accepted contributions were frozen.
		Snapshotted {
			/// Id of the snapshot.
			snapshot: SnapshotId,
			/// Of which Datanet.
			datanet: DatanetId,
			/// Its version within the Datanet, from 1.
			version: u32,
			/// Root over what it holds.
			root: Hash32,
			/// Accepted records in it.
			records: u64,
			/// Contributions in it.
			contributions: u32,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// There is no Datanet with this id.
		DatanetNotFound,
		/// There is no contribution with this id: it never was, was withdrawn or was refused.
		ContributionNotFound,
		/// The name is empty, not UTF-8 or holds control characters.
		BadName,
		/// A Datanet needs at least one curator.
		NoCurators,
		/// A curator is named twice.
		DuplicateCurator,
		/// Approvals must be at least one and at most the number of curators.
		BadApprovals,
		/// A contribution needs at least one record.
		NoRecords,
		/// A contribution holds at most 4,096 records: split the batch.
		TooManyRecords,
		/// The blob of a contribution is not empty.
		NoBytes,
		/// The blob of a contribution has at most 16 MiB: split the batch.
		TooManyBytes,
		/// The deposit for this contribution does not fit into a balance.
		DepositOverflow,
		/// The Datanet already holds 1,024 accepted contributions.
		DatanetFull,
		/// The contributor is a curator, and without them too few are left to approve.
		TooFewReviewers,
		/// Only the contributor can withdraw.
		NotContributor,
		/// The contribution is decided, and the decision is final.
		NotPending,
		/// A curator called it spam: it can be withdrawn only when that curator changes the vote.
		SpamAlleged,
		/// Reports are attached by a curator, the owner or a registered worker.
		MayNotReport,
		/// Only a curator of the Datanet reviews.
		NotCurator,
		/// Nobody reviews their own contribution.
		OwnContribution,
		/// Quality is 0 to 100.
		QualityOutOfRange,
		/// The bitmap must have one bit for each record, rounded up to bytes.
		BitmapLength,
		/// The bitmap has bits beyond the last record.
		BitmapStrayBits,
		/// A mixed decision accepts at least one record and refuses at least one.
		BitmapNotMixed,
		/// The curator already decided exactly this.
		SameDecision,
		/// Only the owner or a curator takes a snapshot.
		NotOwnerOrCurator,
		/// Nothing was accepted yet.
		NothingAccepted,
		/// Nothing was accepted since the latest snapshot.
		NothingNew,
		/// No id is left for another row.
		IdsExhausted,
		/// The state contradicts itself. This is a defect of the chain, not of the call.
		Inconsistent,
	}

	#[pallet::extra_constants]
	impl<T: Config> Pallet<T> {
		/// Most records in one contribution.
		#[pallet::constant_name(MaxRecordsPerContribution)]
		fn max_records() -> u32 {
			MAX_RECORDS_PER_CONTRIBUTION
		}

		/// Most bytes in one contribution.
		#[pallet::constant_name(MaxBytesPerContribution)]
		fn max_bytes() -> u64 {
			MAX_BYTES_PER_CONTRIBUTION
		}

		/// Most accepted contributions in one Datanet.
		#[pallet::constant_name(MaxContributionsPerDatanet)]
		fn max_contributions() -> u32 {
			MAX_CONTRIBUTIONS_PER_DATANET
		}

		/// Most curators of one Datanet.
		#[pallet::constant_name(MaxCurators)]
		fn max_curators() -> u32 {
			MAX_CURATORS
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert_eq!(
				<MaxBitmap as Get<u32>>::get().saturating_mul(8),
				MAX_RECORDS_PER_CONTRIBUTION,
				"a bitmap must have one bit for each record of the largest contribution",
			);
			assert!(
				u8::try_from(MAX_CURATORS).is_ok(),
				"approvals are counted in a byte, so there can be at most 255 curators",
			);
			assert!(
				T::WeightInfo::snapshot(MAX_CONTRIBUTIONS_PER_DATANET)
					.all_lt(T::BlockWeights::get().max_block),
				"a snapshot of a full Datanet must fit into a block",
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Open a Datanet that the caller owns.
		///
		/// - `curators`: who reviews; at least one, none twice.
		/// - `approvals`: how many of them must accept the same records.
		/// - `deposit_per_record`, `deposit_per_byte`: held from contributors until the decision.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::create(curators.len() as u32))]
		pub fn create(
			origin: OriginFor<T>,
			name: Name,
			description: Cid,
			licence: Cid,
			schema: Schema,
			curators: Curators<T::AccountId>,
			approvals: u8,
			deposit_per_record: BalanceOf<T>,
			deposit_per_byte: BalanceOf<T>,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_create(
				owner,
				name,
				description,
				licence,
				schema,
				curators,
				approvals,
				deposit_per_record,
				deposit_per_byte,
			)
			.map(|_| ())
		}

		/// Send a batch of records whose blob has content id `cid`.
		///
		/// The deposit, `records * deposit_per_record + bytes * deposit_per_byte`, is put on hold.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::contribute())]
		pub fn contribute(
			origin: OriginFor<T>,
			datanet: DatanetId,
			root: Hash32,
			records: u32,
			bytes: u64,
			cid: Cid,
		) -> DispatchResult {
			let contributor = ensure_signed(origin)?;
			Self::do_contribute(contributor, datanet, root, records, bytes, cid).map(|_| ())
		}

		/// Take a pending contribution back and get its deposit.
		///
		/// Not while a curator's vote calls it spam: nobody outruns the loss of a deposit.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::withdraw(MAX_CURATORS))]
		pub fn withdraw(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw(who, contribution)
		}

		/// Point at a quality report of a pending contribution. A later one replaces it.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::attach_report())]
		pub fn attach_report(
			origin: OriginFor<T>,
			contribution: ContributionId,
			report: Cid,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_attach_report(who, contribution, report)
		}

		/// Decide on a pending contribution, or change the decision.
		///
		/// When enough curators accept the same records, the decision is final: the deposit comes
		/// back, less the part of records that all agreeing curators call spam.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::review(MAX_CURATORS))]
		pub fn review(
			origin: OriginFor<T>,
			contribution: ContributionId,
			decision: Decision,
		) -> DispatchResult {
			let curator = ensure_signed(origin)?;
			Self::do_review(curator, contribution, decision)
		}

		/// Freeze every accepted contribution of a Datanet as its next version.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::snapshot(MAX_CONTRIBUTIONS_PER_DATANET))]
		pub fn snapshot(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let contributions = Self::do_snapshot(who, datanet)?;
			Ok(Some(T::WeightInfo::snapshot(contributions)).into())
		}
	}
}
