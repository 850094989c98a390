use super::*;

#[test]
fn an_accepted_contribution_stays_and_its_deposit_comes_back() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 10);
		assert_ok!(review(CURATOR, id, accept()));
		let row = Contributions::<Test>::get(id).expect("stays as provenance");
		let bitmap = Bitmap::truncate_from(vec![0xFF, 0b11]);
		assert_eq!(row.status, Status::Accepted { bitmap, quality: 80 });
		assert_eq!((row.deposit, held(DAVE), Balances::free_balance(DAVE)), (0, 0, ENDOWMENT));
		assert_eq!(AcceptedList::<Test>::get(datanet).to_vec(), vec![id]);
		assert_eq!(
			ContributorStats::<Test>::get(datanet, DAVE),
			Stats { accepted: 10, refused: 0, slashed: 0 }
		);
		assert_eq!(
			events(),
			vec![
				Event::Reviewed { contribution: id, curator: CURATOR, decision: accept() },
				Event::Accepted { contribution: id, records: 10 },
			]
		);
	});
}

#[test]
fn refused_but_not_spam_is_removed_and_the_deposit_comes_back() {
	build_and_execute(|| {
		let datanet = datanet(1);
		for reason in [
			Reason::Duplicate,
			Reason::OffTopic,
			Reason::Licence,
			Reason::LowQuality,
			Reason::Leakage,
			Reason::Other,
		] {
			let id = contribution(datanet, DAVE, 10);
			assert_ok!(review(CURATOR, id, refuse(reason)));
			assert!(!Contributions::<Test>::contains_key(id));
			assert_eq!((held(DAVE), Balances::free_balance(DAVE)), (0, ENDOWMENT));
			assert_eq!(
				events().pop(),
				Some(Event::Refused { contribution: id, records: 10, reason, slashed: 0 })
			);
		}
		assert_eq!(Balances::free_balance(TREASURY), ENDOWMENT);
		assert_eq!(
			ContributorStats::<Test>::get(datanet, DAVE),
			Stats { accepted: 0, refused: 60, slashed: 0 }
		);
	});
}

#[test]
fn spam_costs_the_whole_deposit_and_the_treasury_gets_it() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 10);
		assert_ok!(review(CURATOR, id, refuse(Reason::Spam)));
		assert_eq!((held(DAVE), Balances::free_balance(DAVE)), (0, ENDOWMENT - 1_200));
		assert_eq!(Balances::free_balance(TREASURY), ENDOWMENT + 1_200);
		assert_eq!(ContributorStats::<Test>::get(datanet, DAVE).slashed, 1_200);
		assert_eq!(
			events().pop(),
			Some(Event::Refused {
				contribution: id,
				records: 10,
				reason: Reason::Spam,
				slashed: 1_200
			})
		);
	});
}

#[test]
fn a_mixed_batch_is_decided_record_by_record() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 10);
		let decision = mixed(Reason::Spam, &[0b0000_0111, 0]);
		assert_ok!(review(CURATOR, id, decision.clone()));
		// Three of ten accepted: seven tenths of 1,200 are lost.
		assert_eq!(Balances::free_balance(DAVE), ENDOWMENT - 840);
		assert_eq!(Balances::free_balance(TREASURY), ENDOWMENT + 840);
		assert_eq!(
			ContributorStats::<Test>::get(datanet, DAVE),
			Stats { accepted: 3, refused: 7, slashed: 840 }
		);
		assert_eq!(
			events(),
			vec![
				Event::Reviewed { contribution: id, curator: CURATOR, decision },
				Event::Accepted { contribution: id, records: 3 },
				Event::Refused { contribution: id, records: 7, reason: Reason::Spam, slashed: 840 },
			]
		);
	});
}

#[test]
fn a_fraction_of_a_unit_is_rounded_in_the_contributors_favour() {
	build_and_execute(|| {
		// 3 records and 200 bytes: 500. One refused of three: 166.67.
		let id = contribution(datanet(1), DAVE, 3);
		assert_ok!(review(CURATOR, id, mixed(Reason::Spam, &[0b110])));
		assert_eq!(Balances::free_balance(DAVE), ENDOWMENT - 166);
	});
}

#[test]
fn a_decision_is_final_when_enough_curators_accept_the_same_records() {
	build_and_execute(|| {
		let id = contribution(datanet(2), DAVE, 10);
		assert_ok!(review(CURATOR, id, mixed(Reason::Duplicate, &[0x0F, 0])));
		assert_ok!(review(SECOND, id, mixed(Reason::Duplicate, &[0x1F, 0])));
		assert_eq!(Contributions::<Test>::get(id).map(|c| c.status), Some(Status::Pending));
		assert_eq!(held(DAVE), 1_200);
		let agreed = Decision::Mixed {
			quality: 61,
			reason: Reason::LowQuality,
			accepted: Bitmap::truncate_from(vec![0x1F, 0]),
		};
		assert_ok!(review(THIRD, id, agreed));
		let Some(Status::Accepted { bitmap, quality }) =
			Contributions::<Test>::get(id).map(|c| c.status)
		else {
			panic!("final")
		};
		// The mean of 40 and 61, rounded down.
		assert_eq!((bitmap.to_vec(), quality), (vec![0x1F, 0], 50));
		assert_eq!(Votes::<Test>::iter_prefix(id).count(), 0);
	});
}

#[test]
fn a_curator_changes_a_vote_until_it_is_final() {
	build_and_execute(|| {
		let id = contribution(datanet(2), DAVE, 10);
		assert_ok!(review(CURATOR, id, refuse(Reason::OffTopic)));
		assert_ok!(review(CURATOR, id, accept()));
		assert_eq!(Votes::<Test>::iter_prefix(id).count(), 1);
		assert_ok!(review(SECOND, id, refuse(Reason::OffTopic)));
		assert_eq!(Contributions::<Test>::get(id).map(|c| c.status), Some(Status::Pending));
		assert_ok!(review(SECOND, id, accept()));
		assert_noop!(review(SECOND, id, refuse(Reason::OffTopic)), E::NotPending);
	});
}

#[test]
fn the_same_decision_twice_is_an_error_and_does_not_count_twice() {
	build_and_execute(|| {
		let id = contribution(datanet(2), DAVE, 10);
		assert_ok!(review(CURATOR, id, accept()));
		assert_noop!(review(CURATOR, id, accept()), E::SameDecision);
		assert_ok!(review(CURATOR, id, Decision::Accept { quality: 81 }));
		assert_eq!(Contributions::<Test>::get(id).map(|c| c.status), Some(Status::Pending));
	});
}

#[test]
fn spam_is_slashed_only_where_every_agreeing_curator_calls_it_so() {
	build_and_execute(|| {
		let datanet = datanet(2);
		let id = contribution(datanet, DAVE, 10);
		assert_ok!(review(CURATOR, id, refuse(Reason::Spam)));
		assert_ok!(review(SECOND, id, refuse(Reason::Duplicate)));
		assert_eq!(Balances::free_balance(DAVE), ENDOWMENT);
		assert_eq!(
			events().pop(),
			Some(Event::Refused {
				contribution: id,
				records: 10,
				reason: Reason::Duplicate,
				slashed: 0
			})
		);
	});
}

#[test]
fn of_several_reasons_the_most_frequent_is_reported() {
	build_and_execute(|| {
		let datanet = datanet(3);
		for (reasons, expected) in [
			([Reason::Other, Reason::OffTopic, Reason::Other], Reason::Other),
			([Reason::Other, Reason::OffTopic, Reason::Licence], Reason::OffTopic),
			([Reason::Spam, Reason::Spam, Reason::Other], Reason::Other),
		] {
			let id = contribution(datanet, DAVE, 10);
			for (curator, reason) in [CURATOR, SECOND, THIRD].into_iter().zip(reasons) {
				assert_ok!(review(curator, id, refuse(reason)));
			}
			let Some(Event::Refused { reason, .. }) = events().pop() else { panic!("final") };
			assert_eq!(reason, expected);
		}
	});
}

#[test]
fn only_curators_review_and_never_their_own() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 10);
		for who in [OWNER, DAVE, WORKER, STRANGER] {
			assert_noop!(review(who, id, accept()), E::NotCurator);
		}
		let own = contribution(datanet, CURATOR, 10);
		assert_noop!(review(CURATOR, own, accept()), E::OwnContribution);
		assert_ok!(review(SECOND, own, accept()));
		assert_noop!(
			Datanets::review(RuntimeOrigin::root(), id, accept()),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn what_is_decided_or_unknown_cannot_be_reviewed() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 10);
		assert_ok!(review(CURATOR, id, accept()));
		assert_noop!(review(SECOND, id, refuse(Reason::Spam)), E::NotPending);
		assert_noop!(review(CURATOR, 9, accept()), E::ContributionNotFound);
	});
}

#[test]
fn a_malformed_decision_is_refused() {
	build_and_execute(|| {
		let id = contribution(datanet(1), DAVE, 10);
		let cases = [
			(Decision::Accept { quality: 101 }, E::QualityOutOfRange),
			(mixed(Reason::Other, &[1]), E::BitmapLength),
			(mixed(Reason::Other, &[1, 0, 0]), E::BitmapLength),
			(mixed(Reason::Other, &[1, 0b100]), E::BitmapStrayBits),
			(mixed(Reason::Other, &[0, 0]), E::BitmapNotMixed),
			(mixed(Reason::Other, &[0xFF, 0b11]), E::BitmapNotMixed),
		];
		for (decision, error) in cases {
			assert_noop!(review(CURATOR, id, decision), error);
		}
	});
}

#[test]
fn the_list_of_accepted_is_in_order_of_id_whatever_the_order_of_review() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let ids: Vec<_> = (0..4).map(|_| contribution(datanet, DAVE, 1)).collect();
		for id in [2, 0, 3, 1] {
			assert_ok!(review(CURATOR, id, accept()));
		}
		assert_eq!(AcceptedList::<Test>::get(datanet).to_vec(), ids);
	});
}

#[test]
fn accepting_into_a_full_datanet_changes_nothing() {
	new_test_ext().execute_with(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 1);
		let full: Vec<u64> = (100..100 + u64::from(MAX_CONTRIBUTIONS_PER_DATANET)).collect();
		AcceptedList::<Test>::insert(datanet, BoundedVec::truncate_from(full));
		assert_noop!(review(CURATOR, id, accept()), E::DatanetFull);
		assert_ok!(review(CURATOR, id, refuse(Reason::Other)));
	});
}
