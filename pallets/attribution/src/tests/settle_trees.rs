//! Trees: how the pool is allotted, and every reason to refuse one.

use crate::{mock::*, EarningsRoot, Error, Event};
use frame_support::{assert_noop, assert_ok};
use polkadot_sdk::*;
use weft_primitives::sum_tree::SumRoot;

#[test]
fn each_epoch_allots_what_its_total_adds_and_reserves_the_rest_of_the_pool() {
	build_and_execute(|| {
		open_channel(10_000);
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[(1, 400)])));
		assert_ok!(settle(vec![item(voucher(2_000))], tree(2, &[(1, 400), (2, 399)])));
		assert_ok!(settle(vec![item(voucher(3_000))], tree(3, &[(1, 400), (2, 399)])));
		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!((ledger.received, ledger.allotted, ledger.reserve), (1_200, 799, 401));
	});
}

#[test]
fn money_from_jobs_is_allotted_without_vouchers() {
	build_and_execute(|| {
		assert_ok!(Attribution::pay_inference(&stranger(), &worker(), MODEL, 1_000));
		events();
		assert_ok!(settle(vec![], tree(1, &[(1, 380)])));
		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!((ledger.allotted, ledger.reserve, ledger.unallotted), (380, 20, 0));
		assert!(matches!(events()[..], [Event::EpochSettled { allotted: 380, reserved: 20, .. }]));
		assert_noop!(settle(vec![], tree(2, &[(1, 380)])), Error::<Test>::NothingToSettle);
	});
}

#[test]
fn epochs_follow_each_other_from_one() {
	build_and_execute(|| {
		open_channel(10_000);
		for epoch in [0, 2, u32::MAX] {
			assert_noop!(
				settle(vec![item(voucher(1_000))], tree(epoch, &[])),
				Error::<Test>::EpochNotNext
			);
		}
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[])));
		for epoch in [0, 1, 3] {
			assert_noop!(
				settle(vec![item(voucher(2_000))], tree(epoch, &[])),
				Error::<Test>::EpochNotNext
			);
		}
	});
}

#[test]
fn a_total_that_falls_is_refused() {
	build_and_execute(|| {
		settled(&[(1, 300)]);
		assert_noop!(
			settle(vec![item(voucher(2_000))], tree(2, &[(1, 299)])),
			Error::<Test>::TotalDecreased
		);
	});
}

#[test]
fn more_than_the_pool_cannot_be_allotted_and_the_reserve_is_not_part_of_it() {
	build_and_execute(|| {
		open_channel(10_000);
		assert_noop!(
			settle(vec![item(voucher(1_000))], tree(1, &[(1, 401)])),
			Error::<Test>::Overallotted
		);
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[(1, 300)])));
		assert_noop!(
			settle(vec![item(voucher(2_000))], tree(2, &[(1, 701)])),
			Error::<Test>::Overallotted
		);
		assert_ok!(settle(vec![item(voucher(2_000))], tree(2, &[(1, 700)])));
	});
}

#[test]
fn a_total_without_leaves_is_refused() {
	build_and_execute(|| {
		open_channel(10_000);
		let root = SumRoot { hash: [0; 32], total: 400, count: 0 };
		let unclaimable = EarningsRoot { root, ..tree(1, &[]) };
		assert_noop!(settle(vec![item(voucher(1_000))], unclaimable), Error::<Test>::BadRoot);
	});
}

#[test]
fn four_trees_wait_and_a_fifth_only_when_one_has_matured() {
	build_and_execute(|| {
		open_channel(10_000);
		for epoch in 1..=4 {
			assert_ok!(settle(vec![item(voucher(u128::from(epoch) * 100))], tree(epoch, &[])));
			skip(1);
		}
		assert_noop!(settle(vec![item(voucher(500))], tree(5, &[])), Error::<Test>::TooManyPending);
		System::set_block_number(1 + u64::from(WINDOW));
		assert_ok!(settle(vec![item(voucher(500))], tree(5, &[])));
		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!(ledger.current.unwrap().epoch, 1);
		assert_eq!(ledger.pending.len(), 4);
	});
}

#[test]
fn workers_have_separate_ledgers() {
	build_and_execute(|| {
		settled(&[(1, 400)]);
		assert_ok!(Attribution::pay_inference(&stranger(), &other_worker(), MODEL, 1_000));
		assert_noop!(
			Attribution::settle(signed(other_hot()), Default::default(), tree(1, &[(1, 401)])),
			Error::<Test>::Overallotted
		);
		assert_ok!(Attribution::settle(
			signed(other_hot()),
			Default::default(),
			tree(1, &[(1, 400)])
		));
	});
}
