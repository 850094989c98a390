use super::*;

#[test]
fn a_cancelled_job_is_gone_and_all_is_refunded() {
	build_and_execute(|| {
		let id = submit(train());
		assert_ok!(Jobs::cancel(RuntimeOrigin::signed(REQUESTER), id));
		assert_eq!(Rows::get(id), None);
		assert_eq!(held(REQUESTER), 0);
		assert_eq!(free(REQUESTER), ENDOWED);
		assert_eq!(OpenJobs::<Test>::get(REQUESTER), 0);
		assert!(Deadlines::<Test>::get(11).is_empty());
		assert_eq!(last_event(), Event::Cancelled { job: id });
	});
}

#[test]
fn only_the_requester_cancels_and_only_before_a_claim() {
	build_and_execute(|| {
		let id = submit(train());
		assert_noop!(
			Jobs::cancel(RuntimeOrigin::signed(STRANGER), id),
			Error::<Test>::NotRequester
		);
		assert_noop!(Jobs::cancel(RuntimeOrigin::signed(REQUESTER), 9), Error::<Test>::UnknownJob);
		claim(id);
		assert_noop!(Jobs::cancel(RuntimeOrigin::signed(REQUESTER), id), Error::<Test>::NotOpen);
	});
}
