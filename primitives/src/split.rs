//! How a fee is shared, and the one rounding rule of the protocol.

use alloc::{vec, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::cmp::Reverse;
use scale_info::TypeInfo;

/// Parts per million in a whole.
pub const PPM: u32 = 1_000_000;

/// The rule by which a model's fees are shared, in parts per million that sum to 1,000,000.
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
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Split {
	/// Part of the treasury.
	pub treasury: u32,
	/// Part of the owner of the base model.
	pub base_owner: u32,
	/// Part of the developer who published the model.
	pub developer: u32,
	/// Part of the worker that answered.
	pub worker: u32,
	/// Part of the contributors of the data.
	pub contributors: u32,
}

impl Split {
	/// Whether the parts sum to exactly 1,000,000.
	pub fn is_valid(&self) -> bool {
		self.parts().iter().try_fold(0u32, |sum, part| sum.checked_add(*part)) == Some(PPM)
	}

	fn parts(&self) -> [u32; 5] {
		[self.treasury, self.base_owner, self.developer, self.worker, self.contributors]
	}
}

/// A fee that was split, in plancks. The five amounts sum to the fee.
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
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SplitAmounts {
	/// Amount of the treasury.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub treasury: u128,
	/// Amount of the owner of the base model.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub base_owner: u128,
	/// Amount of the developer.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub developer: u128,
	/// Amount of the worker.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub worker: u128,
	/// Amount of the contributors together.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_text::decimal"))]
	pub contributors: u128,
}

/// Splits `fee` plancks by `split` with [`largest_remainder`], in the order of the fields.
/// `None` if the split is not valid.
pub fn split_fee(fee: u128, split: &Split) -> Option<SplitAmounts> {
	if !split.is_valid() {
		return None;
	}
	let weights = split.parts().map(u128::from);
	match largest_remainder(fee, &weights)?.as_slice() {
		[treasury, base_owner, developer, worker, contributors] => Some(SplitAmounts {
			treasury: *treasury,
			base_owner: *base_owner,
			developer: *developer,
			worker: *worker,
			contributors: *contributors,
		}),
		_ => None,
	}
}

/// Shares `total` in proportion to `weights` so that the shares sum to exactly `total`.
///
/// Each share is first rounded down; the units left over go one each to the largest remainders,
/// ties to the lower index. The arithmetic is exact for all inputs (256-bit intermediates).
/// `None` if there is something to share and all weights are 0, or if the weights sum to more than
/// `u128::MAX`.
pub fn largest_remainder(total: u128, weights: &[u128]) -> Option<Vec<u128>> {
	let sum = weights.iter().try_fold(0u128, |sum, weight| sum.checked_add(*weight))?;
	if sum == 0 {
		return (total == 0).then(|| vec![0; weights.len()]);
	}
	let mut shares = Vec::with_capacity(weights.len());
	let mut order = Vec::with_capacity(weights.len());
	let mut left = total;
	for (index, weight) in weights.iter().enumerate() {
		let (share, remainder) = mul_div_rem(total, *weight, sum)?;
		left = left.checked_sub(share)?;
		shares.push(share);
		order.push((Reverse(remainder), index));
	}
	// Every share lost less than one unit, so fewer units are left than there are weights.
	order.sort_unstable();
	for (_, index) in order {
		if left == 0 {
			break;
		}
		let share = shares.get_mut(index)?;
		*share = share.checked_add(1)?;
		left = left.checked_sub(1)?;
	}
	(left == 0).then_some(shares)
}

/// `(a·b / d, a·b mod d)`, exact. `None` if `d` is 0 or the quotient exceeds `u128::MAX`.
pub fn mul_div_rem(a: u128, b: u128, d: u128) -> Option<(u128, u128)> {
	if d == 0 {
		return None;
	}
	if let Some(product) = a.checked_mul(b) {
		return Some((product / d, product % d));
	}
	let (high, low) = wide_mul(a, b);
	if high >= d {
		return None;
	}
	// Long division of the low half, bit by bit; `remainder < d` holds throughout.
	let (mut remainder, mut quotient) = (high, 0u128);
	for bit in (0..u128::BITS).rev() {
		let carry = remainder >> (u128::BITS - 1) == 1;
		remainder = (remainder << 1) | ((low >> bit) & 1);
		quotient <<= 1;
		if carry || remainder >= d {
			// With a carry the true value is 2^128 + remainder, which is below 2·d.
			remainder = remainder.wrapping_sub(d);
			quotient |= 1;
		}
	}
	Some((quotient, remainder))
}

/// `a·b` as a 256-bit number `(high, low)`.
fn wide_mul(a: u128, b: u128) -> (u128, u128) {
	const LOW: u128 = u64::MAX as u128;
	let (a_high, a_low) = (a >> 64, a & LOW);
	let (b_high, b_low) = (b >> 64, b & LOW);
	// Each product of two 64-bit halves plus two 64-bit numbers fits in 128 bits.
	let low = a_low * b_low;
	let first = a_high * b_low + (low >> 64);
	let second = a_low * b_high + (first & LOW);
	let high = a_high * b_high + (first >> 64) + (second >> 64);
	(high, (second << 64) | (low & LOW))
}
