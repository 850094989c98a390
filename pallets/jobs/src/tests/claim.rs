use super::*;

#[test]
fn a_claimed_job_is_in_the_workers_hands_until_its_deadline() {
	build_and_execute(|| {
		let id = submit(train());
		roll_to(5);
		claim(id);
		assert_eq!(
			job(id).state,
			JobState::Claimed { worker: OWNER, hot: HOT, report_by: 25, permille: 0 }
		);
		assert_eq!(Workers::assigned(&OWNER), 1);
		assert_eq!(last_event(), Event::Claimed { job: id, worker: OWNER });
	});
}

#[test]
fn only_the_hot_key_of_an_active_worker_claims() {
	build_and_execute(|| {
		let id = submit(train());
		assert_noop!(Jobs::claim(RuntimeOrigin::signed(STRANGER), id), Error::<Test>::NotAWorker);
		assert_noop!(Jobs::claim(RuntimeOrigin::signed(OWNER), id), Error::<Test>::NotAWorker);
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		assert_noop!(Jobs::claim(RuntimeOrigin::signed(HOT), id), Error::<Test>::WorkerNotActive);
	});
}

#[test]
fn only_an_open_job_is_claimed_and_only_in_time() {
	build_and_execute(|| {
		let id = submit(train());
		assert_noop!(Jobs::claim(RuntimeOrigin::signed(HOT), 9), Error::<Test>::UnknownJob);
		starve_to(12);
		assert_noop!(Jobs::claim(RuntimeOrigin::signed(HOT), id), Error::<Test>::TooLate);
		let id = submit(train());
		claim(id);
		assert_noop!(Jobs::claim(RuntimeOrigin::signed(HOT2), id), Error::<Test>::NotOpen);
	});
}

#[test]
fn a_job_can_be_claimed_in_the_very_block_of_its_deadline() {
	build_and_execute(|| {
		let id = submit(train());
		roll_to(11);
		claim(id);
	});
}

#[test]
fn a_worker_has_at_most_so_many_jobs_at_once() {
	build_and_execute(|| {
		let ids = [submit(train()), submit(train()), submit(train())];
		claim(ids[0]);
		claim(ids[1]);
		assert_noop!(
			Jobs::claim(RuntimeOrigin::signed(HOT), ids[2]),
			Error::<Test>::TooManyAssigned
		);
		assert_ok!(Jobs::claim(RuntimeOrigin::signed(HOT2), ids[2]));
		report(ids[0], trained());
		assert_eq!(Workers::assigned(&OWNER), 1);
	});
}

#[test]
fn a_claim_without_room_for_its_deadline_changes_nothing() {
	build_and_execute(|| {
		for within in [20, 20, 20, 20] {
			assert_ok!(Jobs::submit(RuntimeOrigin::signed(OTHER), train(), PRICE, within, 50));
		}
		let id = submit(train());
		assert_noop!(Jobs::claim(RuntimeOrigin::signed(HOT), id), Error::<Test>::DeadlinesFull);
	});
}
