//! Receipts: what a worker says about one answer.

use crate::{hash::tagged, split::PPM, AccountBytes, Hash32, ModelId};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The part of an answer that is owed to one record.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RecordShare {
	/// The record's hash.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub record: Hash32,
	/// The account that contributed it.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub contributor: AccountBytes,
	/// Parts per million of the contributors' part of the fee.
	pub ppm: u32,
}

/// What a worker says about one answer: what was asked and answered, what it cost, and to which
/// records it is owed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Receipt {
	/// The model that answered.
	pub model: ModelId,
	/// The owner account of the worker.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub worker: AccountBytes,
	/// The account that paid.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub payer: AccountBytes,
	/// Distinguishes the receipts of one payer, worker and model.
	pub nonce: u64,
	/// Content id of the request's body.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub request: Hash32,
	/// Content id of the answer's text.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub response: Hash32,
	/// Prompt tokens.
	pub tokens_in: u32,
	/// Generated tokens.
	pub tokens_out: u32,
	/// Plancks charged for this answer.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub fee: u128,
	/// Root of the attribution index that was used.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::hex_array"))]
	pub index_root: Hash32,
	/// The records that the answer is owed to.
	pub shares: Vec<RecordShare>,
	/// Parts per million that no record is owed; they go to the reserve.
	pub withheld_ppm: u32,
}

impl Receipt {
	/// The receipt's hash: `weft/receipt/v1` over its SCALE encoding.
	pub fn hash(&self) -> Hash32 {
		tagged("weft/receipt/v1", &[&self.encode()])
	}

	/// Whether shares and withheld part sum to exactly 1,000,000.
	pub fn is_balanced(&self) -> bool {
		self.shares.iter().try_fold(self.withheld_ppm, |sum, share| sum.checked_add(share.ppm))
			== Some(PPM)
	}
}
