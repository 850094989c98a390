//! From receipts to what each contributor earned.

use crate::{receipt::Receipt, split::largest_remainder, AccountBytes};
use alloc::{collections::BTreeMap, vec::Vec};

/// A pool of money shared among contributors, in plancks. Accounts and reserve sum to the pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
	/// What each account earned; accounts that earned nothing are left out.
	pub per_account: BTreeMap<AccountBytes, u128>,
	/// What no account earned.
	pub reserve: u128,
}

/// Shares `pool` plancks by `receipts`.
///
/// The weight of an account is the sum of `fee · ppm` over its shares, the reserve's is the sum of
/// `fee · withheld_ppm`; the rounding is [`largest_remainder`] over the accounts in order and the
/// reserve last. A pool for which no receipt has a fee goes to the reserve whole.
/// `None` if a receipt's shares do not sum to 1,000,000 or the weights exceed `u128::MAX`.
pub fn allocate(pool: u128, receipts: &[&Receipt]) -> Option<Allocation> {
	let mut weights = BTreeMap::<AccountBytes, u128>::new();
	let mut withheld = 0u128;
	for receipt in receipts {
		if !receipt.is_balanced() {
			return None;
		}
		for share in &receipt.shares {
			let weight = receipt.fee.checked_mul(u128::from(share.ppm))?;
			let sum = weights.entry(share.contributor).or_default();
			*sum = sum.checked_add(weight)?;
		}
		let weight = receipt.fee.checked_mul(u128::from(receipt.withheld_ppm))?;
		withheld = withheld.checked_add(weight)?;
	}
	if withheld == 0 && weights.values().all(|weight| *weight == 0) {
		return Some(Allocation { per_account: BTreeMap::new(), reserve: pool });
	}
	let order: Vec<u128> = weights.values().copied().chain([withheld]).collect();
	let mut amounts = largest_remainder(pool, &order)?;
	let reserve = amounts.pop()?;
	let per_account = weights.into_keys().zip(amounts).filter(|(_, amount)| *amount > 0).collect();
	Some(Allocation { per_account, reserve })
}
