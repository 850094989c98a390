use super::*;

#[test]
fn the_owner_changes_the_price_and_nothing_else() {
	build_and_execute(|| {
		let id = model();
		let before = Models::<Test>::get(id).expect("published");
		assert_ok!(Registry::set_price(signed(DEVELOPER), id, 7, 0));
		assert_eq!(Registry::live_prices(id), Some((7, 0)));
		let after = Models::<Test>::get(id).expect("published");
		assert_eq!(after, Model { price_in: 7, price_out: 0, ..before });
		assert_eq!(events(), vec![Event::PriceChanged { model: id, price_in: 7, price_out: 0 }]);
	});
}

#[test]
fn only_the_owner_changes_the_price() {
	build_and_execute(|| {
		let id = model();
		for who in [STRANGER, BASE_OWNER] {
			assert_noop!(Registry::set_price(signed(who), id, 7, 8), E::NotOwner);
		}
		assert_noop!(
			Registry::set_price(RuntimeOrigin::root(), id, 7, 8),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn an_unknown_or_retired_model_has_no_price_to_change() {
	build_and_execute(|| {
		let id = model();
		assert_noop!(Registry::set_price(signed(DEVELOPER), id + 1, 7, 8), E::ModelNotFound);
		assert_ok!(Registry::retire(signed(DEVELOPER), id));
		assert_noop!(Registry::set_price(signed(DEVELOPER), id, 7, 8), E::Retired);
	});
}
