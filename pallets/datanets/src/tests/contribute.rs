use super::*;

fn call(who: AccountId, datanet: u32, records: u32, bytes: u64) -> Result<(), DispatchError> {
	Datanets::contribute(signed(who), datanet, hash(3), records, bytes, hash(4))
}

#[test]
fn a_contribution_is_pending_with_its_deposit_on_hold() {
	build_and_execute(|| {
		let datanet = datanet(1);
		assert_ok!(call(DAVE, datanet, 5, 1_234));
		// 5 records at 100 and 1,234 bytes at 1.
		assert_eq!(held(DAVE), 1_734);
		assert_eq!(Balances::free_balance(DAVE), ENDOWMENT - 1_734);
		let row = Contributions::<Test>::get(0).expect("stored");
		assert_eq!((row.datanet, row.contributor, row.records), (datanet, DAVE, 5));
		assert_eq!((row.root, row.cid, row.bytes), (hash(3), hash(4), 1_234));
		assert_eq!((row.deposit, row.report, row.status), (1_734, None, Status::Pending));
		assert_eq!(crate::Datanets::<Test>::get(datanet).map(|d| d.pending), Some(1));
		assert_eq!(
			events(),
			vec![Event::Contributed {
				contribution: 0,
				datanet,
				contributor: DAVE,
				root: hash(3),
				records: 5,
				bytes: 1_234,
				cid: hash(4),
				deposit: 1_734,
			}]
		);
	});
}

#[test]
fn the_largest_batch_is_taken_and_one_more_record_or_byte_is_not() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let (records, bytes) = (MAX_RECORDS_PER_CONTRIBUTION, MAX_BYTES_PER_CONTRIBUTION);
		assert_noop!(call(DAVE, datanet, records + 1, bytes), E::TooManyRecords);
		assert_noop!(call(DAVE, datanet, records, bytes + 1), E::TooManyBytes);
		assert_ok!(call(DAVE, datanet, records, bytes));
	});
}

#[test]
fn an_empty_batch_is_refused() {
	build_and_execute(|| {
		let datanet = datanet(1);
		assert_noop!(call(DAVE, datanet, 0, 10), E::NoRecords);
		assert_noop!(call(DAVE, datanet, 1, 0), E::NoBytes);
	});
}

#[test]
fn an_unknown_datanet_is_refused() {
	build_and_execute(|| {
		assert_noop!(call(DAVE, 7, 1, 10), E::DatanetNotFound);
	});
}

#[test]
fn who_cannot_pay_the_deposit_is_refused_and_keeps_everything() {
	build_and_execute(|| {
		let datanet = datanet(1);
		crate::Datanets::<Test>::mutate(datanet, |d| {
			if let Some(d) = d {
				d.deposit_per_record = ENDOWMENT;
			}
		});
		assert_noop!(call(DAVE, datanet, 1, 1), TokenError::FundsUnavailable);
		assert_eq!(held(DAVE), 0);
	});
}

#[test]
fn a_deposit_beyond_the_balance_type_is_refused() {
	build_and_execute(|| {
		let datanet = datanet(1);
		crate::Datanets::<Test>::mutate(datanet, |d| {
			if let Some(d) = d {
				d.deposit_per_byte = u64::MAX;
			}
		});
		assert_noop!(call(DAVE, datanet, 1, 2), E::DepositOverflow);
	});
}

#[test]
fn a_curator_contributes_only_where_others_suffice_to_approve() {
	build_and_execute(|| {
		let two_of_three = datanet(2);
		assert_ok!(call(CURATOR, two_of_three, 1, 1));
		let all_three = datanet(3);
		assert_noop!(call(CURATOR, all_three, 1, 1), E::TooFewReviewers);
	});
}

#[test]
fn a_full_datanet_takes_no_more() {
	new_test_ext().execute_with(|| {
		let datanet = datanet(1);
		crate::Datanets::<Test>::mutate(datanet, |d| {
			if let Some(d) = d {
				d.accepted = MAX_CONTRIBUTIONS_PER_DATANET;
			}
		});
		assert_noop!(call(DAVE, datanet, 1, 1), E::DatanetFull);
	});
}

#[test]
fn when_ids_are_used_up_nothing_is_overwritten() {
	build_and_execute(|| {
		let datanet = datanet(1);
		NextContribution::<Test>::put(u64::MAX);
		assert_noop!(call(DAVE, datanet, 1, 1), E::IdsExhausted);
	});
}

#[test]
fn it_must_be_signed() {
	build_and_execute(|| {
		let datanet = datanet(1);
		assert_noop!(
			Datanets::contribute(RuntimeOrigin::none(), datanet, hash(3), 1, 1, hash(4)),
			DispatchError::BadOrigin
		);
	});
}
