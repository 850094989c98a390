//! What the chain knows about a worker.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{sp_core::ConstU32, sp_runtime::BoundedVec};
use scale_info::TypeInfo;

/// Plancks of the native coin.
pub type Balance = u128;

/// Most bytes in the name of a hardware class.
pub const MAX_CLASS_LEN: u32 = 32;

/// Most capabilities one worker may list.
pub const MAX_CAPABILITIES: u32 = 8;

/// One kind of hardware a worker offers.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Capability {
	/// The hardware class, in UTF-8, for example `cpu-avx2` or `cuda-sm90`.
	pub class: BoundedVec<u8, ConstU32<MAX_CLASS_LEN>>,
	/// How many devices (or cores) of the class.
	pub units: u32,
	/// Memory of one unit.
	pub memory_mib: u32,
}

/// All the kinds of hardware of a worker.
pub type Capabilities = BoundedVec<Capability, ConstU32<MAX_CAPABILITIES>>;

/// Whether a worker takes jobs.
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
pub enum WorkerStatus<BlockNumber> {
	/// May claim jobs.
	Active,
	/// Claims no more jobs; the bond stays slashable until the block.
	Exiting {
		/// First block at which the bond may be withdrawn.
		until: BlockNumber,
	},
}

/// A registered worker. The key of its row is its owner, the cold account.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Worker<AccountId, BlockNumber> {
	/// The key that the daemon signs with. It holds no money but fees.
	pub hot: AccountId,
	/// What is on hold on the owner's account.
	pub bond: Balance,
	/// What the worker runs on.
	pub capabilities: Capabilities,
	/// Whether it takes jobs.
	pub status: WorkerStatus<BlockNumber>,
	/// The last epoch in which the worker reported or sent a heartbeat.
	pub last_seen_epoch: u32,
	/// Jobs in its hands now.
	pub assigned: u32,
	/// Jobs reported in time.
	pub completed: u32,
	/// Jobs failed or timed out.
	pub failed: u32,
}

/// Why a bond was slashed.
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
pub enum SlashReason {
	/// A claimed job was not reported in time.
	Absence,
	/// A reported result was proven wrong.
	BadResult,
	/// An earnings root was rejected.
	BadRoot,
}
