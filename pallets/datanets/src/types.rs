//! What the pallet stores and what its calls take.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::frame_support::{pallet_prelude::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use weft_primitives::ids::{Cid, ContributionId, DatanetId, Hash32, SnapshotId};

/// Most records in one contribution.
pub const MAX_RECORDS_PER_CONTRIBUTION: u32 = 4096;
/// Most bytes in the blob of one contribution: 16 MiB.
pub const MAX_BYTES_PER_CONTRIBUTION: u64 = 16 * 1024 * 1024;
/// Most accepted contributions in one Datanet, which bounds a snapshot.
pub const MAX_CONTRIBUTIONS_PER_DATANET: u32 = 1024;
/// Most curators of one Datanet, which bounds the votes on a contribution.
pub const MAX_CURATORS: u32 = 16;
/// Most bytes in a Datanet's name.
pub const MAX_NAME: u32 = 64;
/// The best quality that a curator can give.
pub const MAX_QUALITY: u8 = 100;

/// One bit for each record of the largest contribution.
pub type MaxBitmap = ConstU32<{ MAX_RECORDS_PER_CONTRIBUTION / 8 }>;
/// Bound of [`Datanet::curators`].
pub type MaxCurators = ConstU32<MAX_CURATORS>;
/// Bound of a Datanet's list of accepted contributions.
pub type MaxContributions = ConstU32<MAX_CONTRIBUTIONS_PER_DATANET>;

/// Which records are meant: bit `i` is bit `i % 8` (least significant first) of byte `i / 8`.
pub type Bitmap = BoundedVec<u8, MaxBitmap>;
/// A name in UTF-8.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;
/// The curators of a Datanet.
pub type Curators<AccountId> = BoundedVec<AccountId, MaxCurators>;

/// The form of a Datanet's records.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum Schema {
	/// `{"messages":[{"role","content"}, ..]}`
	Chat,
	/// `{"prompt","completion"}`
	Completion,
	/// `{"text"}`
	Text,
}

/// Why records were refused.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum Reason {
	/// Sent to fill the Datanet and not to improve it. The only reason that costs the deposit.
	Spam,
	/// Already there, literally or nearly.
	Duplicate,
	/// Not what the Datanet is about.
	OffTopic,
	/// The contributor may not license it.
	Licence,
	/// Wrong, garbled or too thin.
	LowQuality,
	/// Overlaps the Datanet's held-out set.
	Leakage,
	/// Something else; see the report.
	Other,
}

/// What one curator says about one contribution.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub enum Decision {
	/// Every record is accepted.
	Accept {
		/// 0 to [`MAX_QUALITY`].
		quality: u8,
	},
	/// Every record is refused.
	Refuse {
		/// 0 to [`MAX_QUALITY`].
		quality: u8,
		/// Why.
		reason: Reason,
	},
	/// Some records are accepted, at least one, and some refused, at least one.
	Mixed {
		/// 0 to [`MAX_QUALITY`].
		quality: u8,
		/// Why the refused ones were.
		reason: Reason,
		/// The accepted ones: exactly `ceil(records / 8)` bytes, no bit beyond the last record.
		accepted: Bitmap,
	},
}

impl Decision {
	/// The quality that the curator gave.
	pub fn quality(&self) -> u8 {
		match self {
			Self::Accept { quality }
			| Self::Refuse { quality, .. }
			| Self::Mixed { quality, .. } => *quality,
		}
	}

	/// Why the refused records were refused; `None` where there are none.
	pub fn reason(&self) -> Option<Reason> {
		match self {
			Self::Accept { .. } => None,
			Self::Refuse { reason, .. } | Self::Mixed { reason, .. } => Some(*reason),
		}
	}

	/// Whether both decisions accept the same records. The bitmap of a [`Decision::Mixed`] is
	/// neither full nor empty, so the variants never overlap.
	pub fn accepts_same(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Accept { .. }, Self::Accept { .. }) => true,
			(Self::Refuse { .. }, Self::Refuse { .. }) => true,
			(Self::Mixed { accepted: a, .. }, Self::Mixed { accepted: b, .. }) => a == b,
			_ => false,
		}
	}
}

/// Where a contribution stands.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub enum Status {
	/// Waiting for its curators. The deposit is on hold.
	Pending,
	/// At least one record was accepted. Final.
	Accepted {
		/// Which records.
		bitmap: Bitmap,
		/// Mean of the qualities that the agreeing curators gave, rounded down.
		quality: u8,
	},
	/// No record was accepted. Final. The chain keeps no such row, only the event; indexers that
	/// do keep one share this type.
	Refused {
		/// Why.
		reason: Reason,
		/// Mean of the qualities that the agreeing curators gave, rounded down.
		quality: u8,
	},
}

/// A curated set of records that grows by contributions.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Datanet<AccountId, Balance, BlockNumber> {
	/// Who created it.
	pub owner: AccountId,
	/// Its name in UTF-8.
	pub name: Name,
	/// Content id of its description.
	pub description: Cid,
	/// Content id of the licence under which records are contributed.
	pub licence: Cid,
	/// The form of its records.
	pub schema: Schema,
	/// Who reviews.
	pub curators: Curators<AccountId>,
	/// How many curators must accept the same records for a decision to be final.
	pub approvals: u8,
	/// Held from the contributor for each record while a contribution is pending.
	pub deposit_per_record: Balance,
	/// Held from the contributor for each byte while a contribution is pending.
	pub deposit_per_byte: Balance,
	/// Contributions that wait for a decision.
	pub pending: u32,
	/// Contributions with at least one accepted record.
	pub accepted: u32,
	/// Accepted records.
	pub accepted_records: u64,
	/// How many snapshots were taken; the next one has this number plus one as its version.
	pub versions: u32,
	/// The latest snapshot.
	pub latest: Option<SnapshotId>,
	/// Block of its creation.
	pub at: BlockNumber,
}

/// A batch of records from one contributor.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Contribution<AccountId, Balance, BlockNumber> {
	/// Where it was sent.
	pub datanet: DatanetId,
	/// Who sent it and earns by it.
	pub contributor: AccountId,
	/// Merkle root over the record hashes.
	pub root: Hash32,
	/// Number of records.
	pub records: u32,
	/// Length of the blob.
	pub bytes: u64,
	/// Content id of the blob.
	pub cid: Cid,
	/// What is on hold for it now: zero once it is decided.
	pub deposit: Balance,
	/// Content id of the latest quality report.
	pub report: Option<Cid>,
	/// Where it stands.
	pub status: Status,
	/// Block of its arrival.
	pub at: BlockNumber,
}

/// A frozen version of a Datanet.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct Snapshot<BlockNumber> {
	/// Of which Datanet.
	pub datanet: DatanetId,
	/// 1 for a Datanet's first snapshot, then one more each time.
	pub version: u32,
	/// Merkle root over the entry hashes in order of contribution id.
	pub root: Hash32,
	/// Accepted records in it.
	pub records: u64,
	/// The contributions in it, ascending, each with its number of accepted records.
	pub contributions: BoundedVec<(ContributionId, u32), MaxContributions>,
	/// Block in which it was taken.
	pub at: BlockNumber,
}

/// What became of one contributor's records in one Datanet.
#[derive(
	Clone,
	Copy,
	Default,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct Stats<Balance> {
	/// Records accepted.
	pub accepted: u64,
	/// Records refused.
	pub refused: u64,
	/// Deposit lost to spam.
	pub slashed: Balance,
}
