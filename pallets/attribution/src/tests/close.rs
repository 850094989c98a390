use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use polkadot_sdk::*;

fn close() -> frame_support::pallet_prelude::DispatchResult {
	Attribution::close(signed(peggy_account()), worker(), MODEL)
}

#[test]
fn closing_announces_when_the_rest_can_be_withdrawn() {
	build_and_execute(|| {
		open_channel(1_000);
		events();
		assert_ok!(close());
		let until = 1 + CLOSE_DELAY;
		let (payer, worker) = (peggy_account(), worker());
		assert_eq!(Attribution::channel(&payer, &worker, MODEL).unwrap().closing, Some(until));
		assert_eq!(events(), [Event::Closing { payer, worker, model: MODEL, until }]);
	});
}

#[test]
fn a_worker_can_still_settle_while_a_channel_is_being_closed() {
	build_and_execute(|| {
		open_channel(1_000);
		assert_ok!(close());
		skip(CLOSE_DELAY);
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[])));
	});
}

#[test]
fn a_channel_that_does_not_exist_cannot_be_closed() {
	build_and_execute(|| {
		assert_noop!(close(), Error::<Test>::NoChannel);
		open_channel(1_000);
		assert_noop!(
			Attribution::close(signed(stranger()), worker(), MODEL),
			Error::<Test>::NoChannel
		);
	});
}

#[test]
fn closing_twice_does_not_move_the_end() {
	build_and_execute(|| {
		open_channel(1_000);
		assert_ok!(close());
		skip(5);
		assert_noop!(close(), Error::<Test>::AlreadyClosing);
	});
}

#[test]
fn a_channel_without_money_cannot_be_closed() {
	build_and_execute(|| {
		open_channel(1_000);
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[])));
		assert_noop!(close(), Error::<Test>::ChannelEmpty);
	});
}
