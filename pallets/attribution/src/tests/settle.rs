//! Vouchers: who is paid what, and every reason to refuse one.

use crate::{mock::*, Error, Event, HoldReason, Ledgers, SettleItem};
use frame_support::{assert_noop, assert_ok, traits::fungible::MutateFreeze};
use polkadot_sdk::*;
use weft_primitives::voucher::Voucher;

#[test]
fn a_settled_voucher_pays_everyone_at_once_and_the_pool_gets_the_rest() {
	build_and_execute(|| {
		open_channel(10_000);
		events();
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[(1, 250), (2, 100)])));

		assert_eq!(free(&treasury()), ENDOWMENT + 50);
		assert_eq!(free(&base_owner()), ENDOWMENT + 100);
		assert_eq!(free(&developer()), ENDOWMENT + 150);
		assert_eq!(free(&worker()), ENDOWMENT + 300);
		assert_eq!(held(HoldReason::Earnings, &Attribution::account_id()), 400);
		assert_eq!(held(HoldReason::Prepaid, &peggy_account()), 9_000);

		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!((ledger.received, ledger.allotted, ledger.reserve), (400, 350, 50));
		assert_eq!((ledger.unallotted, ledger.claimed, ledger.epoch), (0, 0, 1));

		let tree = tree(1, &[(1, 250), (2, 100)]);
		assert_eq!(
			events(),
			[
				Event::VoucherSettled {
					payer: peggy_account(),
					worker: worker(),
					model: MODEL,
					fee: 1_000,
					treasury: 50,
					base_owner: 100,
					developer: 150,
					worker_amount: 300,
					contributors: 400,
					reserved: 0,
				},
				Event::EpochSettled {
					worker: worker(),
					epoch: 1,
					root: tree.root.hash,
					total: 350,
					allotted: 350,
					reserved: 50,
					leaves: tree.leaves,
					receipts_root: tree.receipts_root,
					receipts: 3,
					claimable_at: 1 + WINDOW,
				},
			]
		);
	});
}

#[test]
fn only_what_was_really_earned_is_taken_of_a_larger_voucher() {
	build_and_execute(|| {
		open_channel(10_000);
		let earned = SettleItem { amount: 700, ..item(voucher(5_000)) };
		assert_ok!(settle(vec![earned], tree(1, &[])));
		assert_eq!(held(HoldReason::Prepaid, &peggy_account()), 9_300);
		// The same voucher still promises the rest.
		let more = SettleItem { amount: 1_700, ..item(voucher(5_000)) };
		assert_ok!(settle(vec![more], tree(2, &[])));
		assert_eq!(held(HoldReason::Prepaid, &peggy_account()), 8_300);
	});
}

#[test]
fn many_vouchers_of_several_payers_and_models_settle_in_one_call() {
	build_and_execute(|| {
		open_channel(10_000);
		let eth_payer = signed(metamask_account());
		assert_ok!(Attribution::deposit(eth_payer, worker(), ALL_TO_DATA, 500));
		let items = vec![
			item(voucher(1_000)),
			eth_item(Voucher {
				payer: metamask_account().into(),
				model: ALL_TO_DATA,
				..voucher(500)
			}),
			item(voucher(1_500)),
		];
		assert_ok!(settle(items, tree(1, &[(1, 1_100)])));
		assert_eq!(Attribution::ledger(&worker()).unwrap().allotted, 400 + 500 + 200);
		assert_eq!(held(HoldReason::Prepaid, &metamask_account()), 0);
	});
}

#[test]
fn a_replayed_voucher_changes_nothing() {
	build_and_execute(|| {
		open_channel(10_000);
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[])));
		assert_noop!(settle(vec![item(voucher(1_000))], tree(2, &[])), Error::<Test>::NothingNew);
		// Nor does it within one settlement, or behind a good one.
		assert_noop!(
			settle(vec![item(voucher(2_000)), item(voucher(2_000))], tree(2, &[])),
			Error::<Test>::NothingNew
		);
		assert_noop!(
			settle(vec![item(voucher(2_000)), item(voucher(900))], tree(2, &[])),
			Error::<Test>::NothingNew
		);
	});
}

#[test]
fn a_repeated_settlement_changes_nothing() {
	build_and_execute(|| {
		open_channel(10_000);
		let call = || settle(vec![item(voucher(1_000))], tree(1, &[(1, 400)]));
		assert_ok!(call());
		assert_noop!(call(), Error::<Test>::EpochNotNext);
	});
}

#[test]
fn only_a_workers_hot_key_settles() {
	build_and_execute(|| {
		open_channel(10_000);
		let items = || vec![item(voucher(1_000))].try_into().unwrap();
		for who in [worker(), stranger(), peggy_account()] {
			assert_noop!(
				Attribution::settle(signed(who), items(), tree(1, &[])),
				Error::<Test>::NotAWorker
			);
		}
	});
}

#[test]
fn another_workers_voucher_is_refused() {
	build_and_execute(|| {
		open_channel(10_000);
		let items = vec![item(voucher(1_000))].try_into().unwrap();
		assert_noop!(
			Attribution::settle(signed(other_hot()), items, tree(1, &[])),
			Error::<Test>::WrongWorker
		);
		let named_by_hot_key = Voucher { worker: hot().into(), ..voucher(1_000) };
		assert_noop!(
			settle(vec![item(named_by_hot_key)], tree(1, &[])),
			Error::<Test>::WrongWorker
		);
	});
}

#[test]
fn a_voucher_is_good_in_its_last_block_and_not_after() {
	build_and_execute(|| {
		open_channel(10_000);
		System::set_block_number(50);
		let expires = |expires_at| item(Voucher { expires_at, ..voucher(1_000) });
		assert_noop!(settle(vec![expires(49)], tree(1, &[])), Error::<Test>::Expired);
		assert_ok!(settle(vec![expires(50)], tree(1, &[])));
	});
}

#[test]
fn more_than_the_voucher_promises_is_refused() {
	build_and_execute(|| {
		open_channel(10_000);
		let greedy = SettleItem { amount: 1_001, ..item(voucher(1_000)) };
		assert_noop!(settle(vec![greedy], tree(1, &[])), Error::<Test>::AboveVoucher);
	});
}

#[test]
fn more_than_the_channel_holds_is_refused() {
	build_and_execute(|| {
		open_channel(999);
		assert_noop!(settle(vec![item(voucher(1_000))], tree(1, &[])), Error::<Test>::ChannelShort);
		// A voucher may promise more than the channel holds; only what is in it can be taken.
		let covered = SettleItem { amount: 999, ..item(voucher(1_000)) };
		assert_ok!(settle(vec![covered], tree(1, &[])));
	});
}

#[test]
fn a_voucher_without_a_channel_is_refused() {
	build_and_execute(|| {
		assert_noop!(settle(vec![item(voucher(1_000))], tree(1, &[])), Error::<Test>::NoChannel);
		open_channel(10_000);
		let other_model = Voucher { model: ALL_TO_DATA, ..voucher(1_000) };
		assert_noop!(settle(vec![item(other_model)], tree(1, &[])), Error::<Test>::NoChannel);
	});
}

#[test]
fn one_bad_voucher_refuses_the_whole_settlement() {
	build_and_execute(|| {
		open_channel(10_000);
		let bad = SettleItem { amount: 2_001, ..item(voucher(2_000)) };
		assert_noop!(
			settle(vec![item(voucher(1_000)), bad], tree(1, &[])),
			Error::<Test>::AboveVoucher
		);
	});
}

#[test]
fn nothing_to_settle_is_refused() {
	build_and_execute(|| {
		assert_noop!(settle(vec![], tree(1, &[])), Error::<Test>::NothingToSettle);
	});
}

#[test]
fn a_model_whose_split_does_not_sum_up_settles_nothing() {
	build_and_execute(|| {
		let payer = signed(peggy_account());
		assert_ok!(Attribution::deposit(payer, worker(), BROKEN, 1_000));
		let broken = Voucher { model: BROKEN, ..voucher(1_000) };
		assert_noop!(settle(vec![item(broken)], tree(1, &[])), Error::<Test>::BadRule);
	});
}

#[test]
fn a_part_too_small_for_a_missing_account_goes_to_the_reserve_and_is_named() {
	build_and_execute(|| {
		let payer = signed(peggy_account());
		assert_ok!(Attribution::deposit(payer, worker(), POOR_DEVELOPER, 10_000));
		events();
		let voucher = Voucher { model: POOR_DEVELOPER, ..voucher(600) };
		// The developer's 90 are below the existential deposit of 100.
		assert_ok!(settle(vec![item(voucher.clone())], tree(1, &[(1, 240)])));
		assert_eq!(free(&nobody()), 0);
		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!((ledger.received, ledger.allotted, ledger.reserve), (330, 240, 90));
		assert_eq!(held(HoldReason::Earnings, &Attribution::account_id()), 330);
		assert_eq!(
			events()[0],
			Event::VoucherSettled {
				payer: peggy_account(),
				worker: worker(),
				model: POOR_DEVELOPER,
				fee: 600,
				treasury: 30,
				base_owner: 60,
				developer: 0,
				worker_amount: 180,
				contributors: 240,
				reserved: 90,
			}
		);
		// A part that suffices creates the account.
		let voucher = Voucher { cumulative: 1_600, ..voucher };
		assert_ok!(settle(vec![item(voucher)], tree(2, &[(1, 240)])));
		assert_eq!(free(&nobody()), 150);
	});
}

#[test]
fn a_fee_of_one_planck_is_not_lost() {
	build_and_execute(|| {
		open_channel(10);
		assert_ok!(settle(vec![item(voucher(1))], tree(1, &[(1, 1)])));
		assert_eq!(Ledgers::<Test>::get(worker()).unwrap().received, 1);
	});
}

#[test]
fn a_payer_cannot_dodge_a_settlement_by_freezing_its_balance() {
	build_and_execute(|| {
		open_channel(10_000);
		assert_ok!(Balances::set_freeze(b"vesting_", &peggy_account(), ENDOWMENT));
		assert_ok!(settle(vec![item(voucher(10_000))], tree(1, &[])));
		assert_eq!(free(&worker()), ENDOWMENT + 3_000);
	});
}
