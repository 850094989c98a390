use super::*;

#[test]
fn a_withdrawn_contribution_is_gone_and_its_deposit_back() {
	build_and_execute(|| {
		let datanet = datanet(2);
		let id = contribution(datanet, DAVE, 5);
		assert_ok!(review(CURATOR, id, accept()));
		events();
		assert_ok!(Datanets::withdraw(signed(DAVE), id));
		assert_eq!((held(DAVE), Balances::free_balance(DAVE)), (0, ENDOWMENT));
		assert!(!Contributions::<Test>::contains_key(id));
		assert_eq!(Votes::<Test>::iter_prefix(id).count(), 0);
		assert_eq!(crate::Datanets::<Test>::get(datanet).map(|d| d.pending), Some(0));
		assert_eq!(events(), vec![Event::Withdrawn { contribution: id }]);
	});
}

#[test]
fn only_the_contributor_withdraws() {
	build_and_execute(|| {
		let id = contribution(datanet(1), DAVE, 5);
		for who in [OWNER, CURATOR, EVE] {
			assert_noop!(Datanets::withdraw(signed(who), id), E::NotContributor);
		}
		assert_noop!(Datanets::withdraw(RuntimeOrigin::root(), id), DispatchError::BadOrigin);
	});
}

#[test]
fn what_was_decided_or_never_was_cannot_be_withdrawn() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let accepted = contribution(datanet, DAVE, 5);
		let refused = contribution(datanet, DAVE, 5);
		assert_ok!(review(CURATOR, accepted, accept()));
		assert_ok!(review(CURATOR, refused, refuse(Reason::OffTopic)));
		assert_noop!(Datanets::withdraw(signed(DAVE), accepted), E::NotPending);
		assert_noop!(Datanets::withdraw(signed(DAVE), refused), E::ContributionNotFound);
		assert_noop!(Datanets::withdraw(signed(DAVE), 77), E::ContributionNotFound);
	});
}

#[test]
fn a_deposit_cannot_be_carried_off_while_a_curator_calls_it_spam() {
	build_and_execute(|| {
		let id = contribution(datanet(2), DAVE, 5);
		assert_ok!(review(CURATOR, id, refuse(Reason::Spam)));
		assert_noop!(Datanets::withdraw(signed(DAVE), id), E::SpamAlleged);
		assert_ok!(review(CURATOR, id, refuse(Reason::Duplicate)));
		assert_ok!(Datanets::withdraw(signed(DAVE), id));
	});
}
