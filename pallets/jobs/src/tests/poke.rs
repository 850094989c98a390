use super::*;

#[test]
fn who_pokes_an_overdue_job_has_the_bounty_out_of_its_deposit() {
	build_and_execute(|| {
		let id = submit(train());
		starve_to(12);
		assert_ok!(Jobs::poke(RuntimeOrigin::signed(STRANGER), id));
		assert_eq!(free(STRANGER), ENDOWED + BOUNTY);
		assert_eq!(free(REQUESTER), ENDOWED - BOUNTY);
		assert_eq!(Rows::get(id), None);
		assert_eq!(last_event(), Event::Poked { job: id, by: STRANGER, bounty: BOUNTY });
	});
}

#[test]
fn a_timed_out_claim_is_reassigned_by_a_poke_and_the_deposit_shrinks() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		starve_to(22);
		assert_ok!(Jobs::poke(RuntimeOrigin::signed(STRANGER), id));
		let row = job(id);
		assert_eq!((row.attempts, row.deposit), (1, DEPOSIT - BOUNTY));
		assert_eq!(row.state, JobState::Open { accept_by: 32 });
		assert_eq!(held(REQUESTER), PRICE + DEPOSIT - BOUNTY);
		assert_eq!(bond(OWNER), BOND - ABSENCE);
	});
}

#[test]
fn an_overdue_settlement_and_an_overdue_removal_can_be_poked() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		report(id, trained());
		starve_to(7);
		assert_ok!(Jobs::poke(RuntimeOrigin::signed(STRANGER), id));
		assert!(matches!(job(id).state, JobState::Settled { retain_until: 37, .. }));
		starve_to(38);
		// The deposit is back with the requester, so the removal pays nothing.
		assert_ok!(Jobs::poke(RuntimeOrigin::signed(STRANGER), id));
		assert_eq!(Rows::get(id), None);
		assert_eq!(free(STRANGER), ENDOWED + BOUNTY);
	});
}

#[test]
fn the_requester_may_poke_and_has_its_own_bounty() {
	build_and_execute(|| {
		let id = submit(train());
		starve_to(12);
		assert_ok!(Jobs::poke(RuntimeOrigin::signed(REQUESTER), id));
		assert_eq!(free(REQUESTER), ENDOWED);
	});
}

#[test]
fn a_job_in_time_or_unknown_cannot_be_poked() {
	build_and_execute(|| {
		let id = submit(train());
		starve_to(11);
		assert_noop!(Jobs::poke(RuntimeOrigin::signed(STRANGER), id), Error::<Test>::NotOverdue);
		assert_noop!(Jobs::poke(RuntimeOrigin::signed(STRANGER), 9), Error::<Test>::UnknownJob);
	});
}

#[test]
fn a_poke_whose_payment_fails_changes_nothing() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		report(id, trained());
		starve_to(7);
		block_payments(true);
		assert_noop!(
			Jobs::poke(RuntimeOrigin::signed(STRANGER), id),
			sp_runtime::DispatchError::Other("payments are blocked")
		);
	});
}
