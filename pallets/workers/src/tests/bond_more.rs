use super::*;

#[test]
fn the_bond_grows_by_the_amount() {
	build_and_execute(|| {
		register();
		assert_ok!(Workers::bond_more(RuntimeOrigin::signed(OWNER), 500));
		assert_eq!(held(OWNER), BOND + 500);
		assert_eq!(last_event(), Event::Bonded { owner: OWNER, amount: 500, bond: BOND + 500 });
	});
}

#[test]
fn a_worker_slashed_below_the_least_is_active_again_after_it() {
	build_and_execute(|| {
		register();
		Workers::slash(&OWNER, BOND - 50, SlashReason::BadResult);
		assert!(!Workers::is_active(&OWNER));
		assert_ok!(Workers::bond_more(RuntimeOrigin::signed(OWNER), 50));
		assert!(Workers::is_active(&OWNER));
	});
}

#[test]
fn nothing_changes_for_a_stranger_a_zero_too_much_or_a_leaver() {
	build_and_execute(|| {
		register();
		assert_noop!(
			Workers::bond_more(RuntimeOrigin::signed(OTHER), 1),
			Error::<Test>::NotRegistered
		);
		assert_noop!(
			Workers::bond_more(RuntimeOrigin::signed(OWNER), 0),
			Error::<Test>::NothingToBond
		);
		assert_noop!(
			Workers::bond_more(RuntimeOrigin::signed(OWNER), ENDOWED),
			sp_runtime::TokenError::FundsUnavailable
		);
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		assert_noop!(Workers::bond_more(RuntimeOrigin::signed(OWNER), 1), Error::<Test>::Exiting);
	});
}
