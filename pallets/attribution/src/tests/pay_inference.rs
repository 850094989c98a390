//! Payments of on-chain inference jobs.

use crate::{mock::*, Error, Event, HoldReason};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::{MutateFreeze, MutateHold},
		tokens::Precision,
	},
};
use polkadot_sdk::*;
use sp_runtime::TokenError;

#[test]
fn a_job_is_paid_by_the_models_rule_and_the_contributors_part_joins_the_pool() {
	build_and_execute(|| {
		assert_ok!(Attribution::pay_inference(&stranger(), &worker(), MODEL, 1_000));
		assert_eq!(free(&stranger()), ENDOWMENT - 1_000);
		assert_eq!(free(&treasury()), ENDOWMENT + 50);
		assert_eq!(free(&base_owner()), ENDOWMENT + 100);
		assert_eq!(free(&developer()), ENDOWMENT + 150);
		assert_eq!(free(&worker()), ENDOWMENT + 300);
		assert_eq!(held(HoldReason::Earnings, &Attribution::account_id()), 400);
		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!((ledger.received, ledger.unallotted, ledger.epoch), (400, 400, 0));
		assert_eq!(
			events(),
			[Event::InferencePaid {
				payer: stranger(),
				worker: worker(),
				model: MODEL,
				fee: 1_000,
				treasury: 50,
				base_owner: 100,
				developer: 150,
				worker_amount: 300,
				contributors: 400,
				reserved: 0,
			}]
		);
	});
}

#[test]
fn money_released_from_a_hold_pays_even_if_it_is_all_the_requester_has_left() {
	build_and_execute(|| {
		// Another hold of the same account stands for the rest of a job's deposit.
		let (who, reason) = (stranger(), HoldReason::Prepaid.into());
		assert_ok!(Balances::hold(&reason, &who, ENDOWMENT - ED));
		assert_ok!(Balances::release(&reason, &who, 1_000, Precision::Exact));
		assert_ok!(Attribution::pay_inference(&who, &worker(), MODEL, 1_000));
		assert_eq!(free(&who), ED);
	});
}

#[test]
fn a_frozen_balance_does_not_stop_a_job_from_being_paid() {
	build_and_execute(|| {
		assert_ok!(Balances::set_freeze(b"vesting_", &stranger(), ENDOWMENT));
		assert_ok!(Attribution::pay_inference(&stranger(), &worker(), MODEL, 1_000));
	});
}

#[test]
fn an_undeliverable_part_of_a_job_goes_to_the_reserve() {
	build_and_execute(|| {
		assert_ok!(Attribution::pay_inference(&stranger(), &worker(), POOR_DEVELOPER, 600));
		let ledger = Attribution::ledger(&worker()).unwrap();
		assert_eq!((ledger.received, ledger.unallotted, ledger.reserve), (330, 240, 90));
	});
}

#[test]
fn a_payment_that_cannot_be_made_changes_nothing() {
	build_and_execute(|| {
		assert_noop!(
			Attribution::pay_inference(&stranger(), &worker(), NO_MODEL, 1_000),
			Error::<Test>::UnknownModel
		);
		assert_noop!(
			Attribution::pay_inference(&stranger(), &worker(), BROKEN, 1_000),
			Error::<Test>::BadRule
		);
		assert_noop!(
			Attribution::pay_inference(&nobody(), &worker(), MODEL, 1_000),
			TokenError::FundsUnavailable
		);
	});
}
