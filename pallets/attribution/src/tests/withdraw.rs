use crate::{mock::*, Channel, Error, Event, HoldReason};
use frame_support::{assert_noop, assert_ok};
use polkadot_sdk::*;

fn withdraw() -> frame_support::pallet_prelude::DispatchResult {
	Attribution::withdraw(signed(peggy_account()), worker(), MODEL)
}

fn close() {
	assert_ok!(Attribution::close(signed(peggy_account()), worker(), MODEL));
}

#[test]
fn an_unused_channel_gives_everything_back_and_is_gone() {
	build_and_execute(|| {
		open_channel(1_000);
		close();
		events();
		skip(CLOSE_DELAY);
		assert_ok!(withdraw());
		assert_eq!(free(&peggy_account()), ENDOWMENT);
		assert_eq!(Attribution::channel(&peggy_account(), &worker(), MODEL), None);
		let (payer, worker) = (peggy_account(), worker());
		assert_eq!(events(), [Event::Withdrawn { payer, worker, model: MODEL, amount: 1_000 }]);
	});
}

#[test]
fn a_used_channel_gives_the_rest_back_and_remembers_what_was_settled() {
	build_and_execute(|| {
		open_channel(1_000);
		assert_ok!(settle(vec![item(voucher(300))], tree(1, &[])));
		close();
		skip(CLOSE_DELAY);
		assert_ok!(withdraw());
		assert_eq!(free(&peggy_account()), ENDOWMENT - 300);
		assert_eq!(held(HoldReason::Prepaid, &peggy_account()), 0);
		assert_eq!(
			Attribution::channel(&peggy_account(), &worker(), MODEL),
			Some(Channel { deposited: 300, settled: 300, closing: None })
		);
	});
}

#[test]
fn an_old_voucher_is_worth_nothing_after_a_channel_was_opened_anew() {
	build_and_execute(|| {
		open_channel(1_000);
		assert_ok!(settle(vec![item(voucher(300))], tree(1, &[])));
		close();
		skip(CLOSE_DELAY);
		assert_ok!(withdraw());
		open_channel(1_000);
		assert_noop!(settle(vec![item(voucher(300))], tree(2, &[])), Error::<Test>::NothingNew);
		// A voucher for more pays only what is new.
		assert_ok!(settle(vec![item(voucher(400))], tree(2, &[])));
		assert_eq!(held(HoldReason::Prepaid, &peggy_account()), 900);
	});
}

#[test]
fn a_channel_that_the_worker_emptied_in_time_gives_nothing_and_is_open_again() {
	build_and_execute(|| {
		open_channel(1_000);
		close();
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[])));
		skip(CLOSE_DELAY);
		assert_ok!(withdraw());
		assert_eq!(free(&peggy_account()), ENDOWMENT - 1_000);
		open_channel(50);
	});
}

#[test]
fn withdrawing_needs_a_closed_channel_and_the_delay() {
	build_and_execute(|| {
		assert_noop!(withdraw(), Error::<Test>::NoChannel);
		open_channel(1_000);
		assert_noop!(withdraw(), Error::<Test>::NotClosing);
		close();
		skip(CLOSE_DELAY - 1);
		assert_noop!(withdraw(), Error::<Test>::TooEarly);
		skip(1);
		assert_ok!(withdraw());
		assert_noop!(withdraw(), Error::<Test>::NoChannel);
	});
}
