use crate::{mock::*, Error, Event, HoldReason};
use frame_support::{assert_noop, assert_ok};
use polkadot_sdk::*;
use weft_primitives::sum_tree::{Leaf, SumProof};

const FIRST: &[(u8, u128)] = &[(1, 150), (2, 200), (3, 50)];

#[test]
fn anyone_can_have_a_contributor_paid_what_it_earned() {
	build_and_execute(|| {
		settled(FIRST);
		skip(WINDOW);
		assert_ok!(claim(FIRST, 1));
		assert_eq!(free(&contributor(1)), 150);
		assert_eq!(Attribution::claimed(&worker(), &contributor(1)), 150);
		assert_eq!(held(HoldReason::Earnings, &Attribution::account_id()), 250);
		assert_eq!(Attribution::ledger(&worker()).unwrap().claimed, 150);
		let (worker, account) = (worker(), contributor(1));
		assert_eq!(events(), [Event::Claimed { worker, account, amount: 150 }]);
	});
}

#[test]
fn a_later_tree_pays_only_what_it_adds() {
	build_and_execute(|| {
		settled(FIRST);
		skip(WINDOW);
		assert_ok!(claim(FIRST, 2));
		let second = &[(1, 150), (2, 500), (3, 150)];
		assert_ok!(settle(vec![item(voucher(2_000))], tree(2, second)));
		// Until it matures, the first tree is the one to claim against.
		assert_noop!(claim(second, 2), Error::<Test>::BadProof);
		assert_noop!(claim(FIRST, 2), Error::<Test>::NothingToClaim);
		skip(WINDOW);
		assert_noop!(claim(FIRST, 1), Error::<Test>::BadProof);
		for n in [1, 2, 3] {
			assert_ok!(claim(second, n));
		}
		assert_eq!(free(&contributor(2)), 500);
		assert_eq!(held(HoldReason::Earnings, &Attribution::account_id()), 0);
	});
}

#[test]
fn a_tree_can_be_claimed_against_only_after_its_window() {
	build_and_execute(|| {
		assert_noop!(claim(FIRST, 1), Error::<Test>::NoLedger);
		settled(FIRST);
		assert_noop!(claim(FIRST, 1), Error::<Test>::NothingClaimable);
		skip(WINDOW - 1);
		assert_noop!(claim(FIRST, 1), Error::<Test>::NothingClaimable);
		skip(1);
		assert_ok!(claim(FIRST, 1));
	});
}

#[test]
fn a_second_claim_changes_nothing() {
	build_and_execute(|| {
		settled(FIRST);
		skip(WINDOW);
		assert_ok!(claim(FIRST, 1));
		assert_noop!(claim(FIRST, 1), Error::<Test>::NothingToClaim);
	});
}

#[test]
fn a_forged_leaf_or_proof_is_refused() {
	build_and_execute(|| {
		settled(FIRST);
		skip(WINDOW);
		let (leaf, proof) = proof(FIRST, 1);
		let try_claim = |leaf: &Leaf, proof: &SumProof| {
			Attribution::claim(signed(contributor(1)), worker(), leaf.clone(), proof.clone())
		};
		let richer = Leaf { cumulative: 151, ..leaf.clone() };
		assert_noop!(try_claim(&richer, &proof), Error::<Test>::BadProof);
		let thief = Leaf { account: stranger().into(), ..leaf.clone() };
		assert_noop!(try_claim(&thief, &proof), Error::<Test>::BadProof);
		let moved = SumProof { index: 1, ..proof.clone() };
		assert_noop!(try_claim(&leaf, &moved), Error::<Test>::BadProof);
		let mut shifted = proof.clone();
		shifted.siblings[0].1 -= 1;
		assert_noop!(try_claim(&richer, &shifted), Error::<Test>::BadProof);
		let long = SumProof { siblings: vec![([0; 32], 0); 33], ..proof.clone() };
		assert_noop!(try_claim(&leaf, &long), Error::<Test>::BadProof);
		assert_ok!(try_claim(&leaf, &proof));
	});
}

#[test]
fn anothers_workers_tree_proves_nothing() {
	build_and_execute(|| {
		settled(FIRST);
		skip(WINDOW);
		let (leaf, proof) = proof(FIRST, 1);
		assert_noop!(
			Attribution::claim(signed(stranger()), other_worker(), leaf, proof),
			Error::<Test>::NoLedger
		);
	});
}

#[test]
fn an_amount_too_small_for_a_missing_account_waits_until_it_suffices() {
	build_and_execute(|| {
		settled(FIRST);
		skip(WINDOW);
		assert_noop!(claim(FIRST, 3), Error::<Test>::BelowMinimum);
		let second = &[(1, 150), (2, 200), (3, 120)];
		assert_ok!(settle(vec![item(voucher(2_000))], tree(2, second)));
		skip(WINDOW);
		assert_ok!(claim(second, 3));
		assert_eq!(free(&contributor(3)), 120);
	});
}

#[test]
fn a_worker_that_takes_a_leaf_back_cannot_pay_from_others_money() {
	build_and_execute(|| {
		// Another worker's contributors have money on the same account.
		assert_ok!(Attribution::pay_inference(&stranger(), &other_worker(), MODEL, 10_000));
		settled(&[(1, 400)]);
		skip(WINDOW);
		assert_ok!(claim(&[(1, 400)], 1));
		// The total stays, but the money was already paid to the first contributor.
		let swapped = &[(1, 0), (2, 400)];
		assert_ok!(settle(vec![item(voucher(2_000))], tree(2, swapped)));
		skip(WINDOW);
		assert_noop!(claim(swapped, 2), Error::<Test>::Overclaimed);
		assert_noop!(claim(swapped, 1), Error::<Test>::NothingToClaim);
	});
}
