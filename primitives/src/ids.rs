//! Names of the numbers and hashes that identify things on the chain.

/// A 32-byte hash.
pub type Hash32 = [u8; 32];

/// A content id: the blake2b-256 of a blob's bytes. In text it is 64 lower-case hex digits.
pub type Cid = [u8; 32];

/// The raw bytes of an account (an AccountId32).
pub type AccountBytes = [u8; 32];

/// Number of a Datanet.
pub type DatanetId = u32;
/// Number of a contribution to a Datanet.
pub type ContributionId = u64;
/// Number of a frozen snapshot of a Datanet.
pub type SnapshotId = u32;
/// Number of a base model.
pub type BaseId = u32;
/// Number of a published model.
pub type ModelId = u64;
/// Number of a training or inference job.
pub type JobId = u64;
