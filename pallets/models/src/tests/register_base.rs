use super::*;

fn call(origin: RuntimeOrigin, name: &[u8], architecture: &[u8]) -> Result<(), DispatchError> {
	Registry::register_base(
		origin,
		Name::truncate_from(name.to_vec()),
		Architecture::truncate_from(architecture.to_vec()),
		hash(1),
		hash(2),
		hash(3),
	)
}

#[test]
fn a_registered_base_is_stored_as_given_and_belongs_to_the_caller() {
	build_and_execute(|| {
		assert!(!Registry::base_exists(0));
		assert_ok!(call(signed(BASE_OWNER), b"SmolLM2-135M", b"llama"));
		let base = Bases::<Test>::get(0).expect("stored");
		assert_eq!((base.owner, base.at), (BASE_OWNER, 1));
		assert_eq!(base.name.to_vec(), b"SmolLM2-135M");
		assert_eq!(base.architecture.to_vec(), b"llama");
		assert_eq!((base.weights, base.tokenizer, base.licence), (hash(1), hash(2), hash(3)));
		assert!(Registry::base_exists(0));
		assert_eq!(events(), vec![Event::BaseRegistered { base: 0, owner: BASE_OWNER }]);
	});
}

#[test]
fn a_bad_name_or_architecture_is_refused() {
	build_and_execute(|| {
		for name in [&b""[..], b" ", b"a\0", b"\xff"] {
			assert_noop!(call(signed(BASE_OWNER), name, b"llama"), E::BadName);
		}
		for architecture in [&b""[..], b"two words", "lläma".as_bytes()] {
			assert_noop!(call(signed(BASE_OWNER), b"a", architecture), E::BadArchitecture);
		}
	});
}

#[test]
fn it_must_be_signed() {
	build_and_execute(|| {
		assert_noop!(call(RuntimeOrigin::root(), b"a", b"llama"), DispatchError::BadOrigin);
	});
}

#[test]
fn when_ids_are_used_up_nothing_is_overwritten() {
	build_and_execute(|| {
		NextBase::<Test>::put(u32::MAX);
		assert_noop!(call(signed(BASE_OWNER), b"a", b"llama"), E::IdsExhausted);
	});
}
