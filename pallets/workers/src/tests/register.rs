use super::*;

#[test]
fn a_registered_worker_is_active_and_its_bond_is_held() {
	build_and_execute(|| {
		register();
		assert!(Workers::is_active(&OWNER));
		assert_eq!(Workers::owner_of(&HOT), Some(OWNER));
		assert_eq!(held(OWNER), BOND);
		assert_eq!(Balances::free_balance(OWNER), ENDOWED - BOND);
		assert_eq!(last_event(), Event::Registered { owner: OWNER, hot: HOT });
	});
}

#[test]
fn an_owner_has_one_worker_and_a_hot_key_serves_one_owner() {
	build_and_execute(|| {
		register();
		assert_noop!(
			Workers::register(RuntimeOrigin::signed(OWNER), OTHER_HOT, BOND, capabilities()),
			Error::<Test>::AlreadyRegistered
		);
		assert_noop!(
			Workers::register(RuntimeOrigin::signed(OTHER), HOT, BOND, capabilities()),
			Error::<Test>::HotTaken
		);
	});
}

#[test]
fn a_bond_below_the_least_or_above_the_purse_is_refused() {
	build_and_execute(|| {
		assert_noop!(
			Workers::register(RuntimeOrigin::signed(OWNER), HOT, 99, capabilities()),
			Error::<Test>::BondTooLow
		);
		assert_noop!(
			Workers::register(RuntimeOrigin::signed(PAUPER), HOT, BOND, capabilities()),
			sp_runtime::TokenError::FundsUnavailable
		);
	});
}

#[test]
fn a_worker_must_say_what_it_runs_on() {
	build_and_execute(|| {
		assert_noop!(
			Workers::register(RuntimeOrigin::signed(OWNER), HOT, BOND, Default::default()),
			Error::<Test>::NoCapabilities
		);
		let not_utf8 =
			Capability { class: vec![0xff].try_into().expect("one byte"), units: 1, memory_mib: 1 };
		for bad in [
			vec![capability("", 1)],
			vec![capability("cpu", 0)],
			vec![capability("cpu", 1), capability("cpu", 2)],
			vec![not_utf8],
		] {
			assert_noop!(
				Workers::register(
					RuntimeOrigin::signed(OWNER),
					HOT,
					BOND,
					bad.try_into().expect("a short list")
				),
				Error::<Test>::BadCapability
			);
		}
	});
}

#[test]
fn only_a_signed_origin_registers() {
	build_and_execute(|| {
		assert_noop!(
			Workers::register(RuntimeOrigin::root(), HOT, BOND, capabilities()),
			sp_runtime::DispatchError::BadOrigin
		);
	});
}
