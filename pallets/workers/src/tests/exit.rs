use super::*;

#[test]
fn a_leaving_worker_is_not_active_and_keeps_its_bond_for_the_period() {
	build_and_execute(|| {
		register();
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		assert!(!Workers::is_active(&OWNER));
		assert_eq!(held(OWNER), BOND);
		assert_eq!(last_event(), Event::ExitStarted { owner: OWNER, until: 21 });
	});
}

#[test]
fn leaving_twice_does_not_start_the_period_anew() {
	build_and_execute(|| {
		register();
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		System::set_block_number(5);
		assert_noop!(Workers::exit(RuntimeOrigin::signed(OWNER)), Error::<Test>::Exiting);
		assert_noop!(Workers::exit(RuntimeOrigin::signed(OTHER)), Error::<Test>::NotRegistered);
	});
}

#[test]
fn the_bond_of_a_leaving_worker_can_still_be_slashed() {
	build_and_execute(|| {
		register();
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		assert_eq!(Workers::slash(&OWNER, 300, SlashReason::BadRoot), 300);
		assert_eq!(held(OWNER), BOND - 300);
	});
}
