use super::*;

#[test]
fn the_new_list_replaces_the_old_one() {
	build_and_execute(|| {
		register();
		let list: Capabilities = vec![capability("cuda", 8)].try_into().expect("a short list");
		assert_ok!(Workers::set_capabilities(RuntimeOrigin::signed(OWNER), list.clone()));
		assert_eq!(Rows::get(OWNER).map(|worker| worker.capabilities), Some(list));
		assert_eq!(last_event(), Event::CapabilitiesChanged { owner: OWNER });
	});
}

#[test]
fn a_bad_list_or_a_stranger_changes_nothing() {
	build_and_execute(|| {
		register();
		assert_noop!(
			Workers::set_capabilities(RuntimeOrigin::signed(OTHER), capabilities()),
			Error::<Test>::NotRegistered
		);
		assert_noop!(
			Workers::set_capabilities(RuntimeOrigin::signed(OWNER), Default::default()),
			Error::<Test>::NoCapabilities
		);
		assert_noop!(
			Workers::set_capabilities(
				RuntimeOrigin::signed(OWNER),
				vec![capability("cpu", 0)].try_into().expect("a short list")
			),
			Error::<Test>::BadCapability
		);
	});
}
