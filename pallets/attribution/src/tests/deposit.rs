use crate::{mock::*, Channel, Channels, Error, Event, HoldReason};
use frame_support::{assert_noop, assert_ok};
use polkadot_sdk::*;
use sp_runtime::TokenError;

#[test]
fn a_deposit_opens_a_channel_and_holds_the_money() {
	build_and_execute(|| {
		open_channel(5_000);
		assert_eq!(free(&peggy_account()), ENDOWMENT - 5_000);
		assert_eq!(held(HoldReason::Prepaid, &peggy_account()), 5_000);
		assert_eq!(
			Attribution::channel(&peggy_account(), &worker(), MODEL),
			Some(Channel { deposited: 5_000, settled: 0, closing: None })
		);
		let (payer, worker) = (peggy_account(), worker());
		assert_eq!(events(), [Event::Deposited { payer, worker, model: MODEL, amount: 5_000 }]);
	});
}

#[test]
fn a_second_deposit_tops_the_channel_up() {
	build_and_execute(|| {
		open_channel(5_000);
		open_channel(700);
		let channel = Attribution::channel(&peggy_account(), &worker(), MODEL).unwrap();
		assert_eq!(channel.deposited, 5_700);
		assert_eq!(held(HoldReason::Prepaid, &peggy_account()), 5_700);
	});
}

#[test]
fn channels_of_other_workers_and_models_are_separate() {
	build_and_execute(|| {
		let payer = || signed(peggy_account());
		assert_ok!(Attribution::deposit(payer(), worker(), MODEL, 1));
		assert_ok!(Attribution::deposit(payer(), other_worker(), MODEL, 20));
		assert_ok!(Attribution::deposit(payer(), worker(), ALL_TO_DATA, 300));
		assert_eq!(Channels::<Test>::iter().count(), 3);
		assert_eq!(held(HoldReason::Prepaid, &peggy_account()), 321);
	});
}

#[test]
fn nothing_cannot_be_deposited() {
	build_and_execute(|| {
		assert_noop!(
			Attribution::deposit(signed(peggy_account()), worker(), MODEL, 0),
			Error::<Test>::ZeroAmount
		);
	});
}

#[test]
fn a_channel_for_an_unknown_model_is_refused() {
	build_and_execute(|| {
		assert_noop!(
			Attribution::deposit(signed(peggy_account()), worker(), NO_MODEL, 1),
			Error::<Test>::UnknownModel
		);
	});
}

#[test]
fn a_channel_that_is_being_closed_takes_no_more_money() {
	build_and_execute(|| {
		open_channel(1_000);
		assert_ok!(Attribution::close(signed(peggy_account()), worker(), MODEL));
		assert_noop!(
			Attribution::deposit(signed(peggy_account()), worker(), MODEL, 1),
			Error::<Test>::ChannelClosing
		);
	});
}

#[test]
fn more_than_the_payer_has_cannot_be_deposited() {
	build_and_execute(|| {
		assert_noop!(
			Attribution::deposit(signed(peggy_account()), worker(), MODEL, ENDOWMENT + 1),
			TokenError::FundsUnavailable
		);
		// The account keeps its existential deposit free.
		assert_noop!(
			Attribution::deposit(signed(peggy_account()), worker(), MODEL, ENDOWMENT),
			TokenError::FundsUnavailable
		);
	});
}
