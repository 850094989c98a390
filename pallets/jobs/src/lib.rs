//! # Jobs
//!
//! ## Overview
//! Training and inference for which the price lies on hold until a worker has delivered. Every
//! unfinished job has exactly one deadline, which the chain itself enforces, so that no job is
//! stuck and no one needs to watch: a job that nobody claims is refunded, a claimed one that times
//! out costs its worker a little and opens again, a reported one is settled when its challenge
//! window is over.
//!
//! ## Terms
//! - *Requester*: who submits and pays. For inference the price is the most it pays.
//! - *Worker*: named by its owner; the hot key signs.
//! - *Deadline*: a block. What the deadline is for may happen up to and including that block; at
//!   its end the job is served. A deadline whose block has no room moves to one of the next
//!   [`Config::MaxSpill`] blocks.
//! - *Overdue*: the deadline's block is over, but the chain had no weight left to serve the job.
//!   Anyone may `poke` it for a bounty out of the job's deposit.
//! - *Attempt*: a claim that timed out or failed. After [`Config::MaxAttempts`] the job expires.
//!
//! ## Calls
//! | call | origin | errors | event |
//! | --- | --- | --- | --- |
//! | `submit` | any account | `PriceTooLow`, `BadAcceptWithin`, `BadRunWithin`, `TooManyOpenJobs`, `NoSnapshots`, `DuplicateSnapshot`, `UnknownSnapshot`, `UnknownBase`, `UnknownModel`, `NoTokens`, `DeadlinesFull` | `Submitted` |
//! | `claim` | hot key of an active worker | `NotAWorker`, `WorkerNotActive`, `UnknownJob`, `NotOpen`, `TooLate`, `TooManyAssigned`, `DeadlinesFull` | `Claimed` |
//! | `progress` | hot key of the job's worker | `UnknownJob`, `NotClaimed`, `NotTheWorker`, `TooLate`, `BadPermille` | `Progress` |
//! | `report` | hot key of the job's worker | `UnknownJob`, `NotClaimed`, `NotTheWorker`, `TooLate`, `WrongResult`, `TooManyTokens`, `DeadlinesFull` | `Reported`, after a failure also `Reassigned` or `Expired` |
//! | `settle` | requester; anyone from `settle_after` on | `UnknownJob`, `NotReported`, `TooEarly`, `DeadlinesFull` | `Settled` |
//! | `cancel` | requester | `UnknownJob`, `NotRequester`, `NotOpen` | `Cancelled` |
//! | `poke` | anyone | `UnknownJob`, `NotOverdue` | `Poked` and what the deadline brings |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod deadlines;
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
		traits::fungible::{Inspect, Mutate, MutateHold},
		weights::WeightMeter,
	};
	use frame_system::pallet_prelude::*;
	use weft_primitives::{Cid, JobId};

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// The coin of prices and deposits.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ Mutate<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The register of workers.
		type Workers: WorkerRegistry<Self::AccountId>;

		/// The registers of bases, snapshots and models.
		type Catalogue: Catalogue;

		/// How money leaves a job.
		type Payments: Payments<Self::AccountId>;

		/// Held with the price, back at the end. Pays bounties for pokes.
		#[pallet::constant]
		type JobDeposit: Get<Balance>;

		/// Paid for each poke out of the job's deposit.
		#[pallet::constant]
		type PokeBounty: Get<Balance>;

		/// The least price of a job.
		#[pallet::constant]
		type MinPrice: Get<Balance>;

		/// Blocks between a report and its settlement by anyone.
		#[pallet::constant]
		type ChallengeWindow: Get<u32>;

		/// Blocks that a settled job's row stays.
		#[pallet::constant]
		type Retention: Get<u32>;

		/// The most blocks a job may wait for a claim.
		#[pallet::constant]
		type MaxAcceptWithin: Get<u32>;

		/// The most blocks a worker may ask to run a job.
		#[pallet::constant]
		type MaxRunWithin: Get<u32>;

		/// Claims that may time out or fail before a job expires.
		#[pallet::constant]
		type MaxAttempts: Get<u8>;

		/// The most unfinished jobs of one requester.
		#[pallet::constant]
		type MaxOpenJobs: Get<u32>;

		/// The most jobs in the hands of one worker.
		#[pallet::constant]
		type MaxJobsPerWorker: Get<u32>;

		/// The most deadlines of one block.
		#[pallet::constant]
		type MaxJobsPerBlock: Get<u32>;

		/// How many blocks a deadline may move because blocks are full.
		#[pallet::constant]
		type MaxSpill: Get<u32>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;

		/// What the benchmarks need to exist.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;
	}

	/// Why this pallet holds a balance.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Price and deposit of an unfinished job.
		Escrow,
	}

	/// The jobs. A cancelled or expired one is removed, its events stay; a settled one stays for
	/// `Retention` blocks.
	#[pallet::storage]
	pub type Jobs<T: Config> =
		StorageMap<_, Blake2_128Concat, JobId, Job<T::AccountId, BlockNumberFor<T>>, OptionQuery>;

	/// The jobs to serve at the end of a block.
	#[pallet::storage]
	pub type Deadlines<T: Config> = StorageMap<
		_,
		Twox64Concat,
		BlockNumberFor<T>,
		BoundedVec<JobId, T::MaxJobsPerBlock>,
		ValueQuery,
	>;

	/// The first block whose deadlines may not have been served. `None` before the first block.
	#[pallet::storage]
	pub type NextDeadline<T: Config> = StorageValue<_, BlockNumberFor<T>, OptionQuery>;

	/// The id of the next job.
	#[pallet::storage]
	pub type NextJob<T: Config> = StorageValue<_, JobId, ValueQuery>;

	/// Unfinished jobs of an account.
	#[pallet::storage]
	pub type OpenJobs<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A job waits for a worker.
		Submitted {
			/// The job.
			job: JobId,
			/// Who pays.
			requester: T::AccountId,
			/// Train or infer.
			kind: JobKind,
			/// The (highest) price.
			price: Balance,
		},
		/// A worker took a job.
		Claimed {
			/// The job.
			job: JobId,
			/// The worker's owner.
			worker: T::AccountId,
		},
		/// A worker told how far it is.
		Progress {
			/// The job.
			job: JobId,
			/// Of 1,000.
			permille: u16,
			/// A blob with more, or zeros.
			note: Cid,
		},
		/// A worker delivered, or gave up.
		Reported {
			/// The job.
			job: JobId,
			/// The worker's owner.
			worker: T::AccountId,
			/// What it reported.
			result: JobResult,
		},
		/// A job was paid. The rest of its deposit went back too.
		Settled {
			/// The job.
			job: JobId,
			/// The worker's owner.
			worker: T::AccountId,
			/// What the requester paid.
			paid: Balance,
			/// What of the price went back.
			refunded: Balance,
		},
		/// The requester took an unclaimed job back, with price and deposit.
		Cancelled {
			/// The job.
			job: JobId,
		},
		/// A claim timed out or failed and the job is open again.
		Reassigned {
			/// The job.
			job: JobId,
			/// Claims that did so.
			attempts: u8,
		},
		/// Nobody did the job. The rest of its deposit went back too.
		Expired {
			/// The job.
			job: JobId,
			/// The price, which went back.
			refunded: Balance,
		},
		/// Someone served an overdue job.
		Poked {
			/// The job.
			job: JobId,
			/// Who.
			by: T::AccountId,
			/// What they got.
			bounty: Balance,
		},
		/// An overdue settlement was refused. The job waits for `settle` or `poke`.
		SettlementFailed {
			/// The job.
			job: JobId,
			/// Why.
			error: DispatchError,
		},
		/// The row of a settled job was removed.
		Removed {
			/// The job.
			job: JobId,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// There is no such job, or it ended and was removed.
		UnknownJob,
		/// There is no such base model.
		UnknownBase,
		/// There is no such snapshot.
		UnknownSnapshot,
		/// There is no such model, or it is retired.
		UnknownModel,
		/// A training job needs at least one snapshot.
		NoSnapshots,
		/// A snapshot is listed twice.
		DuplicateSnapshot,
		/// An inference job must allow at least one token.
		NoTokens,
		/// The price is below `MinPrice`.
		PriceTooLow,
		/// `accept_within` is zero or above `MaxAcceptWithin`.
		BadAcceptWithin,
		/// `run_within` is zero or above `MaxRunWithin`.
		BadRunWithin,
		/// The account has `MaxOpenJobs` unfinished jobs.
		TooManyOpenJobs,
		/// The deadline's block and the next ones are full: try again or choose another time.
		DeadlinesFull,
		/// There are no job ids left.
		NoMoreIds,
		/// The account is no worker's hot key.
		NotAWorker,
		/// The worker is leaving or its bond is too low.
		WorkerNotActive,
		/// The worker has `MaxJobsPerWorker` jobs in its hands.
		TooManyAssigned,
		/// The job is in another worker's hands.
		NotTheWorker,
		/// The account did not submit the job.
		NotRequester,
		/// The job is not open.
		NotOpen,
		/// The job is in no worker's hands.
		NotClaimed,
		/// The job is not reported, or settled already.
		NotReported,
		/// The deadline has passed.
		TooLate,
		/// Only the requester may settle before the challenge window is over.
		TooEarly,
		/// The job's deadline has not passed.
		NotOverdue,
		/// Progress is above 1,000.
		BadPermille,
		/// The result is of another kind than the job.
		WrongResult,
		/// The answer has more tokens than the job allows.
		TooManyTokens,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_idle(now: BlockNumberFor<T>, limit: Weight) -> Weight {
			let mut meter = WeightMeter::with_limit(limit);
			Self::serve_deadlines(now, &mut meter);
			meter.consumed()
		}

		fn integrity_test() {
			let pokes = Balance::from(T::MaxAttempts::get()).saturating_add(1);
			assert!(
				T::JobDeposit::get() >= T::PokeBounty::get().saturating_mul(pokes),
				"jobs: JobDeposit must cover a PokeBounty for every attempt and the end"
			);
			assert!(
				T::MinPrice::get() >= T::Currency::minimum_balance(),
				"jobs: MinPrice must be at least the existential deposit"
			);
			for (name, value) in [
				("ChallengeWindow", T::ChallengeWindow::get()),
				("Retention", T::Retention::get()),
				("MaxAcceptWithin", T::MaxAcceptWithin::get()),
				("MaxRunWithin", T::MaxRunWithin::get()),
				("MaxAttempts", T::MaxAttempts::get().into()),
				("MaxOpenJobs", T::MaxOpenJobs::get()),
				("MaxJobsPerWorker", T::MaxJobsPerWorker::get()),
				("MaxJobsPerBlock", T::MaxJobsPerBlock::get()),
			] {
				assert!(value > 0, "jobs: {name} must be above zero");
			}
			let block = T::BlockWeights::get().max_block;
			let least = T::WeightInfo::on_idle_base()
				.saturating_add(T::WeightInfo::on_idle_block())
				.saturating_add(T::WeightInfo::serve());
			assert!(least.all_lt(block), "jobs: a deadline must fit into a block");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Ask for a job, with the price and the deposit on hold.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::submit())]
		pub fn submit(
			origin: OriginFor<T>,
			spec: JobSpec,
			price: Balance,
			accept_within: u32,
			run_within: u32,
		) -> DispatchResult {
			let requester = ensure_signed(origin)?;
			Self::do_submit(requester, spec, price, accept_within, run_within).map(|_| ())
		}

		/// Take an open job.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::claim())]
		pub fn claim(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let hot = ensure_signed(origin)?;
			Self::do_claim(hot, job)
		}

		/// Tell how far a claimed job is.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::progress())]
		pub fn progress(
			origin: OriginFor<T>,
			job: JobId,
			permille: u16,
			note: Cid,
		) -> DispatchResult {
			let hot = ensure_signed(origin)?;
			Self::do_progress(hot, job, permille, note)
		}

		/// Deliver a claimed job, or give it up.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::report())]
		pub fn report(origin: OriginFor<T>, job: JobId, result: JobResult) -> DispatchResult {
			let hot = ensure_signed(origin)?;
			Self::do_report(hot, job, result)
		}

		/// Pay for a reported job and refund the rest.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::settle())]
		pub fn settle(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_settle(who, job)
		}

		/// Take an open job back.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::cancel())]
		pub fn cancel(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_cancel(who, job)
		}

		/// Serve an overdue job for a bounty.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::poke())]
		pub fn poke(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_poke(who, job)
		}
	}

	/// For other pallets, through the runtime's glue.
	impl<T: Config> Pallet<T> {
		/// The outcome of a settled training job; `None` for any other.
		pub fn result(job: JobId) -> Option<TrainingOutcome<T::AccountId>> {
			let job = Jobs::<T>::get(job)?;
			let JobState::Settled {
				result: JobResult::Trained { adapter, index_root, index, metrics },
				..
			} = job.state
			else {
				return None;
			};
			let JobSpec::Train { base, snapshots, .. } = job.spec else { return None };
			Some(TrainingOutcome {
				requester: job.requester,
				base,
				snapshots,
				adapter,
				index_root,
				index,
				metrics,
			})
		}
	}
}
