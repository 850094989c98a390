//! Genesis, constants, and that `try_state` really sees what is wrong.

use crate::{mock::*, Channels, ClaimedOf, HoldReason, Ledgers};
use frame_support::{
	assert_ok,
	traits::{
		fungible::{Mutate, MutateHold},
		tokens::Precision,
		Hooks,
	},
};
use polkadot_sdk::*;

#[test]
fn the_pallets_account_has_the_existential_deposit_from_genesis() {
	build_and_execute(|| assert_eq!(free(&Attribution::account_id()), ED));
}

#[test]
fn the_configuration_is_sound() {
	new_test_ext().execute_with(|| {
		<Attribution as Hooks<u64>>::integrity_test();
	});
}

/// Damages a sound state and expects `try_state` to name what broke.
fn broken(damage: impl FnOnce(), named: &'static str) {
	new_test_ext().execute_with(|| {
		settled(&[(1, 300)]);
		skip(WINDOW);
		assert_ok!(claim(&[(1, 300)], 1));
		assert_ok!(Attribution::do_try_state());
		damage();
		assert_eq!(Attribution::do_try_state(), Err(named.into()));
	});
}

#[test]
fn try_state_names_each_broken_invariant() {
	broken(
		|| {
			// Only raw surgery can take the account's own deposit.
			let account = Attribution::account_id();
			frame_system::Account::<Test>::mutate(account, |row| row.data.free = 0);
		},
		"attribution: the pallet's account is below the existential deposit",
	);
	broken(
		|| {
			assert_ok!(Balances::release(
				&HoldReason::Prepaid.into(),
				&peggy_account(),
				1,
				Precision::Exact
			));
		},
		"attribution: a payer's hold differs from its channels",
	);
	broken(
		|| {
			Channels::<Test>::mutate((peggy_account(), worker(), MODEL), |row| {
				row.as_mut().unwrap().settled = 10_001
			});
		},
		"attribution: more settled than deposited",
	);
	broken(
		|| {
			let account = Attribution::account_id();
			assert_ok!(Balances::mint_into(&account, 1));
			assert_ok!(Balances::hold(&HoldReason::Earnings.into(), &account, 1));
		},
		"attribution: the held earnings differ from the ledgers",
	);
	let ledger = |change: fn(&mut crate::Ledger)| {
		move || Ledgers::<Test>::mutate(worker(), |row| change(row.as_mut().unwrap()))
	};
	broken(
		ledger(|ledger| ledger.reserve += 1),
		"attribution: received is not allotted + reserve + unallotted",
	);
	broken(
		ledger(|ledger| {
			ledger.allotted += 1;
			ledger.reserve -= 1;
		}),
		"attribution: allotted is not the newest total",
	);
	broken(ledger(|ledger| ledger.epoch = 0), "attribution: a tree is of a future epoch");
	broken(
		|| ClaimedOf::<Test>::insert(worker(), contributor(2), 1),
		"attribution: the accounts' claims do not sum to the ledger's",
	);
}
