//! What the pallet stores, and what it asks of others.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::frame_support::{pallet_prelude::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use weft_primitives::{
	ids::{BaseId, Cid, DatanetId, Hash32, JobId, ModelId, SnapshotId},
	split::Split,
};

/// Most bytes in a name.
pub const MAX_NAME: u32 = 64;
/// Most bytes in the name of an architecture.
pub const MAX_ARCHITECTURE: u32 = 32;
/// Most snapshots that one training run reads.
pub const MAX_SNAPSHOTS: u32 = 8;

/// A name in UTF-8.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;
/// The name of an architecture, for example `llama`.
pub type Architecture = BoundedVec<u8, ConstU32<MAX_ARCHITECTURE>>;
/// The snapshots of one training run.
pub type SnapshotIds = BoundedVec<SnapshotId, ConstU32<MAX_SNAPSHOTS>>;

/// A model that others are fine-tuned from.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Base<AccountId, BlockNumber> {
	/// Who registered it and earns the base owner's part.
	pub owner: AccountId,
	/// Its name in UTF-8.
	pub name: Name,
	/// Its architecture.
	pub architecture: Architecture,
	/// Hash of its weights file.
	pub weights: Hash32,
	/// Hash of its tokenizer file.
	pub tokenizer: Hash32,
	/// Content id of its licence.
	pub licence: Cid,
	/// Block of its registration.
	pub at: BlockNumber,
}

/// A published fine-tuned model.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Model<AccountId, Balance, BlockNumber> {
	/// Its developer.
	pub owner: AccountId,
	/// Its name in UTF-8.
	pub name: Name,
	/// What it was fine-tuned from.
	pub base: BaseId,
	/// The job that trained it.
	pub job: JobId,
	/// What it was trained on.
	pub snapshots: SnapshotIds,
	/// Content id of the adapter's folder.
	pub adapter: Cid,
	/// Merkle root over the rows of the attribution index.
	pub index_root: Hash32,
	/// Content id of the attribution index.
	pub index: Cid,
	/// Content id of the metrics.
	pub metrics: Cid,
	/// Price of 1,000 input tokens.
	pub price_in: Balance,
	/// Price of 1,000 output tokens.
	pub price_out: Balance,
	/// How its fees are shared. Fixed at publication: contributors can rely on it.
	pub split: Split,
	/// Whether it was taken off the market. Final.
	pub retired: bool,
	/// Block of its publication.
	pub at: BlockNumber,
}

/// What a finished training job says about the model that it made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrainingResult<AccountId> {
	/// Who ordered and paid the job.
	pub requester: AccountId,
	/// What was fine-tuned.
	pub base: BaseId,
	/// What it was trained on.
	pub snapshots: SnapshotIds,
	/// Content id of the adapter's folder.
	pub adapter: Cid,
	/// Merkle root over the rows of the attribution index.
	pub index_root: Hash32,
	/// Content id of the attribution index.
	pub index: Cid,
	/// Content id of the metrics.
	pub metrics: Cid,
}

/// Where the facts of a publication come from.
pub trait TrainingResults<AccountId> {
	/// The result of a settled training job; `None` for any other job.
	fn result(job: JobId) -> Option<TrainingResult<AccountId>>;
}

/// What lineage needs to know about snapshots.
pub trait SnapshotInfo {
	/// The Datanet that a snapshot froze.
	fn datanet_of(snapshot: SnapshotId) -> Option<DatanetId>;
	/// Whether there is such a snapshot.
	fn exists(snapshot: SnapshotId) -> bool;
}

/// Where a model comes from.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Lineage {
	/// The model.
	pub model: ModelId,
	/// What it was fine-tuned from.
	pub base: BaseId,
	/// The job that trained it.
	pub job: JobId,
	/// What it was trained on.
	pub snapshots: Vec<SnapshotId>,
	/// The Datanets of the snapshots, ascending, each once.
	pub datanets: Vec<DatanetId>,
}
