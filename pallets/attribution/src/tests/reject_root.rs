use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use polkadot_sdk::*;
use sp_runtime::DispatchError;

fn reject(epoch: u32) -> frame_support::pallet_prelude::DispatchResult {
	Attribution::reject_root(RuntimeOrigin::root(), worker(), epoch)
}

#[test]
fn a_rejected_tree_leaves_its_allotment_to_the_reserve() {
	build_and_execute(|| {
		settled(&[(1, 300)]);
		assert_ok!(reject(1));
		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!((ledger.received, ledger.allotted, ledger.reserve), (400, 0, 400));
		assert!(ledger.pending.is_empty());
		let worker = worker();
		assert_eq!(
			events(),
			[Event::RootRejected { worker, epoch: 1, reserved: 300, returned: 0 }]
		);
		skip(WINDOW);
		assert_noop!(claim(&[(1, 300)], 1), Error::<Test>::NothingClaimable);
	});
}

#[test]
fn later_trees_fall_with_it_and_their_allotments_can_be_made_again() {
	build_and_execute(|| {
		settled(&[(1, 400)]);
		let bad = &[(1, 400), (2, 350)];
		let on_top = &[(1, 500), (2, 450)];
		assert_ok!(settle(vec![item(voucher(2_000))], tree(2, bad)));
		assert_ok!(settle(vec![item(voucher(3_000))], tree(3, on_top)));
		events();
		assert_ok!(reject(2));
		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!((ledger.allotted, ledger.reserve, ledger.unallotted), (400, 600, 200));
		assert_eq!(ledger.pending.len(), 1);
		assert!(matches!(
			events()[..],
			[Event::RootRejected { epoch: 2, reserved: 350, returned: 200, .. }]
		));
		// The epochs go on; the honest part of the third is allotted by the fourth.
		let again = &[(1, 600)];
		assert_noop!(settle(vec![], tree(2, again)), Error::<Test>::EpochNotNext);
		assert_ok!(settle(vec![], tree(4, again)));
		skip(WINDOW);
		assert_ok!(claim(again, 1));
		assert_eq!(free(&contributor(1)), 600);
	});
}

#[test]
fn what_was_claimable_before_stays_claimable() {
	build_and_execute(|| {
		settled(&[(1, 400)]);
		skip(WINDOW);
		assert_ok!(settle(vec![item(voucher(2_000))], tree(2, &[(1, 400), (2, 400)])));
		assert_ok!(reject(2));
		assert_ok!(claim(&[(1, 400)], 1));
		skip(WINDOW);
		assert_noop!(claim(&[(1, 400), (2, 400)], 2), Error::<Test>::BadProof);
	});
}

#[test]
fn a_tree_cannot_be_rejected_after_its_window() {
	build_and_execute(|| {
		settled(&[(1, 400)]);
		skip(WINDOW);
		assert_noop!(reject(1), Error::<Test>::NotPending);
	});
}

#[test]
fn an_unknown_tree_or_worker_cannot_be_rejected() {
	build_and_execute(|| {
		assert_noop!(reject(1), Error::<Test>::NotPending);
		settled(&[(1, 400)]);
		for epoch in [0, 2] {
			assert_noop!(reject(epoch), Error::<Test>::NotPending);
		}
		assert_ok!(reject(1));
		assert_noop!(reject(1), Error::<Test>::NotPending);
	});
}

#[test]
fn only_the_challenge_origin_rejects() {
	build_and_execute(|| {
		settled(&[(1, 400)]);
		for who in [stranger(), hot(), worker()] {
			assert_noop!(
				Attribution::reject_root(signed(who), worker(), 1),
				DispatchError::BadOrigin
			);
		}
	});
}
