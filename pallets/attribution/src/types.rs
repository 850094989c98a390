//! What the pallet stores, and what it needs from other pallets.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{
	frame_support::{traits::ConstU32, BoundedVec},
	sp_runtime::Debug,
};
use scale_info::TypeInfo;
use weft_primitives::{
	ids::{Cid, Hash32, ModelId},
	split::Split,
	sum_tree::SumRoot,
	voucher::{Voucher, VoucherSignature},
};

/// The most trees of a worker that wait for the end of their challenge window.
pub const MAX_PENDING: u32 = 4;

/// How a model's fees are shared, and among whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<AccountId> {
	/// The parts.
	pub split: Split,
	/// Who owns the base model.
	pub base_owner: AccountId,
	/// Who published the model.
	pub developer: AccountId,
}

/// The facts of models that settlement needs.
pub trait ModelRules<AccountId> {
	/// The rule of a model, or `None` if there is no such model. A retired model keeps its rule, so
	/// that what it answered can still be settled.
	fn rule(model: ModelId) -> Option<Rule<AccountId>>;
}

/// The facts of workers that settlement needs.
pub trait WorkerKeys<AccountId> {
	/// The owner of the worker with this hot key.
	fn owner_of_hot(hot: &AccountId) -> Option<AccountId>;
}

/// Prepares what a benchmark needs from other pallets.
#[cfg(feature = "runtime-benchmarks")]
pub trait BenchmarkHelper<AccountId> {
	/// Registers a worker.
	fn register_worker(owner: &AccountId, hot: &AccountId);
	/// Publishes a model whose split has no part of zero, and gives its number.
	fn publish_model() -> ModelId;
}

/// A payer's money for one worker and one model, in plancks.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct Channel {
	/// Put in since the beginning, less what was withdrawn.
	pub deposited: u128,
	/// Taken by vouchers since the beginning.
	pub settled: u128,
	/// The first block in which the rest can be withdrawn, if the channel is being closed.
	pub closing: Option<u32>,
}

/// One voucher to settle.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct SettleItem {
	/// The payer's promise.
	pub voucher: Voucher,
	/// The payer's signature of it.
	pub signature: VoucherSignature,
	/// Plancks really earned since the beginning of the channel, at most the voucher's amount.
	pub amount: u128,
}

/// The tree of an epoch, as a worker shows it.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct EarningsRoot {
	/// The epoch, one after the worker's last. The first is 1.
	pub epoch: u32,
	/// The tree's root with its total.
	pub root: SumRoot,
	/// Content id of the tree's leaves.
	pub leaves: Cid,
	/// Merkle root of the hashes of the receipts behind it.
	pub receipts_root: Hash32,
	/// Number of receipts.
	pub receipts: u32,
}

/// A tree within its challenge window.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct PendingRoot {
	/// The tree.
	pub tree: EarningsRoot,
	/// The first block in which it can be claimed against.
	pub claimable_at: u32,
}

/// What contributors have earned from one worker, in plancks.
///
/// `received = allotted + reserve + unallotted`, `allotted` is the total of the newest tree, and
/// `claimed` is at most the total of the current one.
#[derive(
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct Ledger {
	/// Came in since the beginning.
	pub received: u128,
	/// Promised by trees.
	pub allotted: u128,
	/// Promised to nobody.
	pub reserve: u128,
	/// Paid out.
	pub claimed: u128,
	/// The pool: came in since the last tree.
	pub unallotted: u128,
	/// The last epoch.
	pub epoch: u32,
	/// The tree that is claimed against.
	pub current: Option<EarningsRoot>,
	/// Trees within their challenge window, oldest first.
	pub pending: BoundedVec<PendingRoot, ConstU32<MAX_PENDING>>,
}

impl Ledger {
	/// The total of the current tree.
	pub fn claimable_total(&self) -> u128 {
		self.current.as_ref().map_or(0, |tree| tree.root.total)
	}

	/// Makes the newest tree whose window ends at or before `now` the current one.
	pub fn promote(&mut self, now: u32) {
		// The windows end in the order of the trees.
		while self.pending.first().is_some_and(|pending| pending.claimable_at <= now) {
			self.current = Some(self.pending.remove(0).tree);
		}
	}
}

/// Where the parts of a fee went, in plancks. They sum to the fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaidParts {
	/// Paid to the treasury.
	pub treasury: u128,
	/// Paid to the owner of the base model.
	pub base_owner: u128,
	/// Paid to the model's developer.
	pub developer: u128,
	/// Paid to the worker's owner.
	pub worker: u128,
	/// Joined the pool.
	pub contributors: u128,
	/// Could not be delivered and joined the reserve.
	pub reserved: u128,
}
