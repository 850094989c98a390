use super::hashes::receipt;
use proptest::prelude::*;
use weft_primitives::{earnings::*, pricing, receipt::Receipt, split::*};

fn split_of(cuts: [u32; 4]) -> Split {
	let mut cuts = cuts.map(|cut| cut % (PPM + 1));
	cuts.sort();
	Split {
		treasury: cuts[0],
		base_owner: cuts[1] - cuts[0],
		developer: cuts[2] - cuts[1],
		worker: cuts[3] - cuts[2],
		contributors: PPM - cuts[3],
	}
}

fn sum(amounts: &SplitAmounts) -> Option<u128> {
	[amounts.base_owner, amounts.developer, amounts.worker, amounts.contributors]
		.into_iter()
		.try_fold(amounts.treasury, |sum, part| sum.checked_add(part))
}

/// `a·b` as four 64-bit limbs, low first, in another way than the crate does it.
fn limbs(a: u128, b: u128, add: u128) -> [u64; 4] {
	let digits = |n: u128| [0, 32, 64, 96].map(|shift| (n >> shift) as u32 as u64);
	let mut columns = [0u128; 9];
	for (i, x) in digits(a).into_iter().enumerate() {
		for (j, y) in digits(b).into_iter().enumerate() {
			columns[i + j] += u128::from(x) * u128::from(y);
		}
	}
	for (i, x) in digits(add).into_iter().enumerate() {
		columns[i] += u128::from(x);
	}
	for i in 0..8 {
		let carry = columns[i] >> 32;
		columns[i] &= 0xFFFF_FFFF;
		columns[i + 1] += carry;
	}
	[0, 2, 4, 6].map(|i| columns[i] as u64 | (columns[i + 1] as u64) << 32)
}

#[test]
fn a_split_must_sum_to_a_million_parts() {
	let mut split = split_of([100_000, 200_000, 300_000, 400_000]);
	assert!(split.is_valid());
	split.worker += 1;
	assert!(!split.is_valid());
	assert_eq!(split_fee(100, &split), None);
	let wraps = Split { treasury: u32::MAX, base_owner: 1_000_001, ..split_of([0; 4]) };
	assert!(!wraps.is_valid());
}

#[test]
fn one_planck_goes_to_the_largest_part() {
	let split = Split {
		treasury: 50_000,
		base_owner: 100_000,
		developer: 150_000,
		worker: 300_000,
		contributors: 400_000,
	};
	let amounts = split_fee(1, &split).unwrap();
	assert_eq!(amounts, SplitAmounts { contributors: 1, ..Default::default() });
}

#[test]
fn leftover_units_go_to_the_largest_remainders_and_ties_to_the_lower_index() {
	assert_eq!(largest_remainder(10, &[1, 1, 1]), Some(vec![4, 3, 3]));
	assert_eq!(largest_remainder(11, &[1, 1, 1]), Some(vec![4, 4, 3]));
	assert_eq!(largest_remainder(10, &[5, 2, 0, 8]), Some(vec![4, 1, 0, 5]));
	assert_eq!(largest_remainder(7, &[0, 1]), Some(vec![0, 7]));
}

#[test]
fn nothing_can_be_shared_among_no_weights() {
	assert_eq!(largest_remainder(1, &[]), None);
	assert_eq!(largest_remainder(1, &[0, 0]), None);
	assert_eq!(largest_remainder(0, &[]), Some(vec![]));
	assert_eq!(largest_remainder(0, &[0, 0]), Some(vec![0, 0]));
	assert_eq!(largest_remainder(1, &[u128::MAX, 1]), None);
}

#[test]
fn the_largest_amounts_are_exact() {
	assert_eq!(largest_remainder(u128::MAX, &[u128::MAX - 1, 1]), Some(vec![u128::MAX - 1, 1]));
	assert_eq!(mul_div_rem(u128::MAX, u128::MAX, u128::MAX), Some((u128::MAX, 0)));
	assert_eq!(mul_div_rem(u128::MAX, 2, 1), None);
	assert_eq!(mul_div_rem(1, 1, 0), None);
}

#[test]
fn a_fee_is_rounded_up_once_on_the_sum() {
	assert_eq!(pricing::fee(1_000, 2_000, 10, 20), Some(50));
	assert_eq!(pricing::fee(1, 1, 1, 1), Some(1));
	assert_eq!(pricing::fee(1, 1, 500, 501), Some(2));
	assert_eq!(pricing::fee(0, 0, u32::MAX, u32::MAX), Some(0));
	assert_eq!(pricing::fee(u128::MAX, 0, 2, 0), None);
	assert_eq!(pricing::fee(u128::MAX, 1, 1, 1), None);
}

#[test]
fn accounts_earn_by_fee_times_share_and_the_rest_is_reserved() {
	let a = receipt(300, &[(1, 500_000), (2, 250_000)], 250_000);
	let b = receipt(100, &[(1, 1_000_000)], 0);
	let allocation = allocate(1_000, &[&a, &b]).unwrap();
	// Weights in fee·ppm/1e6: account 1 has 250, account 2 has 75, the reserve has 75, of 400.
	assert_eq!(allocation.per_account[&[1; 32]], 625);
	assert_eq!(allocation.per_account[&[2; 32]], 188);
	assert_eq!(allocation.reserve, 187);
}

#[test]
fn a_pool_that_no_receipt_accounts_for_is_reserved_whole() {
	let free = receipt(0, &[(1, 1_000_000)], 0);
	for receipts in [&[][..], &[&free][..]] {
		let allocation = allocate(77, receipts).unwrap();
		assert_eq!(allocation, Allocation { per_account: Default::default(), reserve: 77 });
	}
}

#[test]
fn an_unbalanced_receipt_allocates_nothing() {
	let good = receipt(1, &[(1, 1_000_000)], 0);
	let bad = receipt(1, &[(1, 999_999)], 0);
	assert_eq!(allocate(10, &[&good, &bad]), None);
	assert_eq!(allocate(10, &[&receipt(u128::MAX, &[(1, 1_000_000)], 0)]), None);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(10_000))]

	#[test]
	fn ten_thousand_random_splits_conserve_to_the_last_unit(
		fee in prop_oneof![any::<u128>(), 0..10_000u128],
		cuts in any::<[u32; 4]>(),
	) {
		let split = split_of(cuts);
		let amounts = split_fee(fee, &split).unwrap();
		prop_assert_eq!(sum(&amounts), Some(fee));
		// No part is more than one unit away from its exact share.
		let (floor, _) = mul_div_rem(fee, split.worker.into(), PPM.into()).unwrap();
		prop_assert!(amounts.worker == floor || amounts.worker == floor + 1);
	}

	#[test]
	fn a_wide_division_is_exact(a in any::<u128>(), b in any::<u128>(), d in 1..u128::MAX) {
		match mul_div_rem(a, b, d) {
			Some((quotient, remainder)) => {
				prop_assert!(remainder < d);
				prop_assert_eq!(limbs(quotient, d, remainder), limbs(a, b, 0));
			},
			None => {
				// The quotient exceeds u128 exactly when the high half is at least d.
				let [_, _, low, high] = limbs(a, b, 0);
				prop_assert!((u128::from(high) << 64 | u128::from(low)) >= d);
			},
		}
	}
}

fn any_receipt() -> impl Strategy<Value = Receipt> {
	let shares = proptest::collection::vec((0..12u8, 0..200_000u32), 0..5);
	(0..u64::MAX as u128, shares).prop_map(|(fee, shares)| {
		let withheld = PPM - shares.iter().map(|(_, ppm)| ppm).sum::<u32>();
		receipt(fee, &shares, withheld)
	})
}

proptest! {
	#[test]
	fn an_allocation_conserves_and_does_not_depend_on_the_order_of_receipts(
		pool in any::<u128>(),
		receipts in proptest::collection::vec(any_receipt(), 0..30),
	) {
		let mut order: Vec<&Receipt> = receipts.iter().collect();
		let allocation = allocate(pool, &order).unwrap();
		let paid = allocation.per_account.values().try_fold(0u128, |s, a| s.checked_add(*a));
		prop_assert_eq!(paid.and_then(|paid| paid.checked_add(allocation.reserve)), Some(pool));
		order.reverse();
		prop_assert_eq!(allocate(pool, &order).unwrap(), allocation);
	}
}
