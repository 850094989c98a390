use super::*;

#[test]
fn a_new_hot_key_replaces_the_old_one() {
	build_and_execute(|| {
		register();
		assert_ok!(Workers::set_hot(RuntimeOrigin::signed(OWNER), OTHER_HOT));
		assert_eq!(Workers::owner_of(&OTHER_HOT), Some(OWNER));
		assert_eq!(Workers::owner_of(&HOT), None);
		assert_eq!(last_event(), Event::HotChanged { owner: OWNER, old: HOT, new: OTHER_HOT });
	});
}

#[test]
fn only_the_owner_changes_the_key_and_only_to_a_free_one() {
	build_and_execute(|| {
		register();
		assert_noop!(
			Workers::set_hot(RuntimeOrigin::signed(HOT), OTHER_HOT),
			Error::<Test>::NotRegistered
		);
		assert_noop!(Workers::set_hot(RuntimeOrigin::signed(OWNER), HOT), Error::<Test>::HotTaken);
	});
}
