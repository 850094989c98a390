use super::*;

fn call(
	origin: RuntimeOrigin,
	name: &[u8],
	curators: Vec<AccountId>,
	approvals: u8,
) -> Result<(), DispatchError> {
	Datanets::create(
		origin,
		Name::truncate_from(name.to_vec()),
		hash(1),
		hash(2),
		Schema::Completion,
		Curators::truncate_from(curators),
		approvals,
		7,
		3,
	)
}

#[test]
fn a_created_datanet_is_stored_as_asked_and_announced() {
	build_and_execute(|| {
		assert_ok!(call(signed(OWNER), "Élements".as_bytes(), vec![CURATOR, SECOND], 2));
		let datanet = crate::Datanets::<Test>::get(0).expect("created");
		assert_eq!(datanet.owner, OWNER);
		assert_eq!(datanet.name.to_vec(), "Élements".as_bytes());
		assert_eq!((datanet.description, datanet.licence), (hash(1), hash(2)));
		assert_eq!(datanet.schema, Schema::Completion);
		assert_eq!(datanet.curators.to_vec(), vec![CURATOR, SECOND]);
		assert_eq!((datanet.approvals, datanet.versions, datanet.at), (2, 0, 1));
		assert_eq!((datanet.deposit_per_record, datanet.deposit_per_byte), (7, 3));
		assert_eq!(events(), vec![Event::Created { datanet: 0, owner: OWNER }]);
	});
}

#[test]
fn ids_count_up() {
	build_and_execute(|| {
		assert_ok!(call(signed(OWNER), b"a", vec![CURATOR], 1));
		assert_ok!(call(signed(DAVE), b"a", vec![CURATOR], 1));
		assert_eq!(crate::Datanets::<Test>::get(1).map(|d| d.owner), Some(DAVE));
		assert_eq!(NextDatanet::<Test>::get(), 2);
	});
}

#[test]
fn an_empty_or_unprintable_name_is_refused() {
	build_and_execute(|| {
		for name in [&b""[..], b"   ", b"a\nb", b"\xff\xfe"] {
			assert_noop!(call(signed(OWNER), name, vec![CURATOR], 1), E::BadName);
		}
	});
}

#[test]
fn curators_must_be_there_and_named_once() {
	build_and_execute(|| {
		assert_noop!(call(signed(OWNER), b"a", vec![], 1), E::NoCurators);
		assert_noop!(
			call(signed(OWNER), b"a", vec![CURATOR, SECOND, CURATOR], 1),
			E::DuplicateCurator
		);
	});
}

#[test]
fn approvals_must_be_reachable() {
	build_and_execute(|| {
		assert_noop!(call(signed(OWNER), b"a", vec![CURATOR, SECOND], 0), E::BadApprovals);
		assert_noop!(call(signed(OWNER), b"a", vec![CURATOR, SECOND], 3), E::BadApprovals);
	});
}

#[test]
fn it_must_be_signed() {
	build_and_execute(|| {
		assert_noop!(call(RuntimeOrigin::root(), b"a", vec![CURATOR], 1), DispatchError::BadOrigin);
	});
}

#[test]
fn when_ids_are_used_up_nothing_is_overwritten() {
	build_and_execute(|| {
		NextDatanet::<Test>::put(u32::MAX);
		assert_noop!(call(signed(OWNER), b"a", vec![CURATOR], 1), E::IdsExhausted);
	});
}
