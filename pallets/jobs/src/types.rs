//! What a job is, and what this pallet asks of others.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{
	sp_core::ConstU32,
	sp_runtime::{BoundedVec, DispatchResult},
};
use scale_info::TypeInfo;
use weft_primitives::{BaseId, Cid, Hash32, ModelId, SnapshotId};

/// Plancks of the native coin.
pub type Balance = u128;

/// Most snapshots one training job may use.
pub const MAX_SNAPSHOTS: u32 = 8;

/// The snapshots of a training job.
pub type Snapshots = BoundedVec<SnapshotId, ConstU32<MAX_SNAPSHOTS>>;

/// What a requester wants done.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub enum JobSpec {
	/// Fine-tune a base on snapshots.
	Train {
		/// The base model.
		base: BaseId,
		/// The frozen data.
		snapshots: Snapshots,
		/// The training configuration, a blob.
		config: Cid,
	},
	/// Answer a prompt with a published model.
	Infer {
		/// The model.
		model: ModelId,
		/// The request body, a blob.
		prompt: Cid,
		/// The most tokens of the answer.
		max_tokens: u32,
	},
}

impl JobSpec {
	/// Train or infer.
	pub fn kind(&self) -> JobKind {
		match self {
			Self::Train { .. } => JobKind::Train,
			Self::Infer { .. } => JobKind::Infer,
		}
	}
}

/// Train or infer.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum JobKind {
	/// A training job.
	Train,
	/// An inference job.
	Infer,
}

/// What a worker reports.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum JobResult {
	/// The adapter of a training job.
	Trained {
		/// The adapter's folder manifest.
		adapter: Cid,
		/// The root over the attribution index.
		index_root: Hash32,
		/// The attribution index.
		index: Cid,
		/// The metrics.
		metrics: Cid,
	},
	/// The answer of an inference job.
	Answered {
		/// The hash of the answer's text.
		result: Hash32,
		/// The answer body.
		answer: Cid,
		/// The hash of the receipt.
		receipt: Hash32,
		/// Tokens of the prompt.
		tokens_in: u32,
		/// Tokens of the answer.
		tokens_out: u32,
	},
	/// The worker could not do the job.
	Failed {
		/// Why, a blob of text.
		reason: Cid,
	},
}

/// Where a job stands.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub enum JobState<AccountId, BlockNumber> {
	/// Waits for a worker.
	Open {
		/// Last block in which it may be claimed.
		accept_by: BlockNumber,
	},
	/// In the hands of a worker.
	Claimed {
		/// The worker's owner.
		worker: AccountId,
		/// The hot key that claimed.
		hot: AccountId,
		/// Last block in which it may be reported.
		report_by: BlockNumber,
		/// The last progress the worker told.
		permille: u16,
	},
	/// Done, and open to challenge.
	Reported {
		/// The worker's owner.
		worker: AccountId,
		/// What it reported.
		result: JobResult,
		/// From this block on anyone may settle.
		settle_after: BlockNumber,
	},
	/// Paid. The row stays for contracts to read.
	Settled {
		/// The worker's owner.
		worker: AccountId,
		/// What it reported.
		result: JobResult,
		/// The block at whose end the row is removed.
		retain_until: BlockNumber,
	},
}

impl<AccountId, BlockNumber: Copy> JobState<AccountId, BlockNumber> {
	/// The block in whose bucket the job lies: it is served at the end of that block.
	pub fn deadline(&self) -> BlockNumber {
		match self {
			Self::Open { accept_by } => *accept_by,
			Self::Claimed { report_by, .. } => *report_by,
			Self::Reported { settle_after, .. } => *settle_after,
			Self::Settled { retain_until, .. } => *retain_until,
		}
	}
}

/// The prices per 1,000 tokens that held when an inference job was submitted.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct Rates {
	/// Of 1,000 tokens of the prompt.
	pub price_in: Balance,
	/// Of 1,000 tokens of the answer.
	pub price_out: Balance,
}

/// A job.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Job<AccountId, BlockNumber> {
	/// Who pays.
	pub requester: AccountId,
	/// What is to be done.
	pub spec: JobSpec,
	/// What training costs, or the most that inference may cost.
	pub price: Balance,
	/// What is left of the deposit. Zero once settled.
	pub deposit: Balance,
	/// The model's prices at submission; `None` for training.
	pub rates: Option<Rates>,
	/// Where it stands.
	pub state: JobState<AccountId, BlockNumber>,
	/// Claims that timed out or failed.
	pub attempts: u8,
	/// Blocks a worker has to claim it.
	pub accept_within: u32,
	/// Blocks a worker has to report it.
	pub run_within: u32,
	/// The block of submission.
	pub at: BlockNumber,
}

impl<AccountId, BlockNumber> Job<AccountId, BlockNumber> {
	/// What is on hold on the requester's account for this job.
	pub fn held(&self) -> Balance {
		match self.state {
			JobState::Settled { .. } => 0,
			_ => self.price.saturating_add(self.deposit),
		}
	}
}

/// The outcome of a settled training job, from which a model is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainingOutcome<AccountId> {
	/// Who paid for it, and may publish.
	pub requester: AccountId,
	/// The base model.
	pub base: BaseId,
	/// The data it was trained on.
	pub snapshots: Snapshots,
	/// The adapter's folder manifest.
	pub adapter: Cid,
	/// The root over the attribution index.
	pub index_root: Hash32,
	/// The attribution index.
	pub index: Cid,
	/// The metrics.
	pub metrics: Cid,
}

/// What this pallet asks of the register of workers. A worker is named by its owner.
pub trait WorkerRegistry<AccountId> {
	/// The worker that signs with a hot key.
	fn owner_of_hot(hot: &AccountId) -> Option<AccountId>;
	/// Whether a worker may take jobs.
	fn is_active(worker: &AccountId) -> bool;
	/// Jobs in the hands of a worker.
	fn assigned(worker: &AccountId) -> u32;
	/// A worker took a job.
	fn note_assigned(worker: &AccountId) -> DispatchResult;
	/// A job left the hands of a worker, done in time or not.
	fn note_released(worker: &AccountId, completed: bool);
	/// A worker reported in this block.
	fn note_report(worker: &AccountId);
	/// Take a small part of the bond of a worker that let a job time out.
	fn slash_absence(worker: &AccountId);
}

/// What this pallet asks of the registers of bases, snapshots and models.
pub trait Catalogue {
	/// Whether a base is registered.
	fn base_exists(base: BaseId) -> bool;
	/// Whether a snapshot was frozen.
	fn snapshot_exists(snapshot: SnapshotId) -> bool;
	/// The prices of a model; `None` if it does not exist or is retired.
	fn model_rates(model: ModelId) -> Option<Rates>;
}

/// How money leaves a job. The amount was released into the requester's free balance in the same
/// transactional call just before; an error undoes the release. `worker` is its owner.
pub trait Payments<AccountId> {
	/// Pay for a training job.
	fn pay_training(requester: &AccountId, worker: &AccountId, amount: Balance) -> DispatchResult;
	/// Pay for an answer by the model's split, contributors included.
	fn pay_inference(
		requester: &AccountId,
		worker: &AccountId,
		model: ModelId,
		amount: Balance,
	) -> DispatchResult;
}

/// What the benchmarks need to exist.
#[cfg(feature = "runtime-benchmarks")]
pub trait BenchmarkHelper<AccountId> {
	/// An active worker: its owner and hot key.
	fn worker() -> (AccountId, AccountId);
	/// A registered base.
	fn base() -> BaseId;
	/// As many different snapshots.
	fn snapshots(count: u32) -> alloc::vec::Vec<SnapshotId>;
	/// A live model with prices above zero.
	fn model() -> ModelId;
}
