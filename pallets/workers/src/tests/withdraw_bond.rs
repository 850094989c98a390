use super::*;

#[test]
fn after_the_period_the_owner_has_its_bond_and_the_worker_is_gone() {
	build_and_execute(|| {
		register();
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		System::set_block_number(21);
		assert_ok!(Workers::withdraw_bond(RuntimeOrigin::signed(OWNER)));
		assert_eq!(held(OWNER), 0);
		assert_eq!(Balances::free_balance(OWNER), ENDOWED);
		assert_eq!(Rows::get(OWNER), None);
		assert_eq!(Workers::owner_of(&HOT), None);
		assert_eq!(last_event(), Event::BondWithdrawn { owner: OWNER, amount: BOND });
		// The key and the owner may register again.
		register();
	});
}

#[test]
fn the_bond_stays_before_the_period_is_over() {
	build_and_execute(|| {
		register();
		assert_noop!(
			Workers::withdraw_bond(RuntimeOrigin::signed(OWNER)),
			Error::<Test>::NotExiting
		);
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		System::set_block_number(20);
		assert_noop!(
			Workers::withdraw_bond(RuntimeOrigin::signed(OWNER)),
			Error::<Test>::StillBonded
		);
		assert_noop!(
			Workers::withdraw_bond(RuntimeOrigin::signed(OTHER)),
			Error::<Test>::NotRegistered
		);
	});
}

#[test]
fn the_bond_stays_while_a_job_is_in_the_workers_hands() {
	build_and_execute(|| {
		register();
		assert_ok!(Workers::note_assigned(&OWNER));
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		System::set_block_number(21);
		assert_noop!(
			Workers::withdraw_bond(RuntimeOrigin::signed(OWNER)),
			Error::<Test>::JobsAssigned
		);
		Workers::note_released(&OWNER, true);
		assert_ok!(Workers::withdraw_bond(RuntimeOrigin::signed(OWNER)));
	});
}
