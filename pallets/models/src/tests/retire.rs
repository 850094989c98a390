use super::*;

#[test]
fn a_retired_model_is_off_the_market_but_its_fees_are_still_shared() {
	build_and_execute(|| {
		let id = model();
		assert_ok!(Registry::retire(signed(DEVELOPER), id));
		assert_eq!(Registry::live_prices(id), None);
		assert_eq!(Registry::rule(id), Some((SPLIT, BASE_OWNER, DEVELOPER)));
		assert_eq!(events(), vec![Event::Retired { model: id }]);
	});
}

#[test]
fn retiring_is_for_the_owner_and_final() {
	build_and_execute(|| {
		let id = model();
		assert_noop!(Registry::retire(signed(STRANGER), id), E::NotOwner);
		assert_noop!(Registry::retire(RuntimeOrigin::root(), id), DispatchError::BadOrigin);
		assert_noop!(Registry::retire(signed(DEVELOPER), id + 1), E::ModelNotFound);
		assert_ok!(Registry::retire(signed(DEVELOPER), id));
		assert_noop!(Registry::retire(signed(DEVELOPER), id), E::Retired);
	});
}
