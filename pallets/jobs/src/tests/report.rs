use super::*;

#[test]
fn a_report_opens_the_challenge_window_and_frees_the_worker() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		roll_to(15);
		report(id, trained());
		assert_eq!(
			job(id).state,
			JobState::Reported { worker: OWNER, result: trained(), settle_after: 20 }
		);
		let worker = pallet_workers::Workers::<Test>::get(OWNER).expect("registered");
		assert_eq!((worker.assigned, worker.completed, worker.failed), (0, 1, 0));
		// The report stands for the heartbeat of epoch 1.
		assert_eq!(worker.last_seen_epoch, 1);
		assert_eq!(held(REQUESTER), PRICE + DEPOSIT);
		assert_eq!(last_event(), Event::Reported { job: id, worker: OWNER, result: trained() });
	});
}

#[test]
fn the_report_of_the_wrong_worker_is_refused() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		for who in [HOT2, OWNER, STRANGER, REQUESTER] {
			assert_noop!(
				Jobs::report(RuntimeOrigin::signed(who), id, trained()),
				Error::<Test>::NotTheWorker
			);
		}
	});
}

#[test]
fn a_worker_that_changed_its_hot_key_reports_with_the_new_one() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		assert_ok!(Workers::set_hot(RuntimeOrigin::signed(OWNER), STRANGER));
		assert_noop!(
			Jobs::report(RuntimeOrigin::signed(HOT), id, trained()),
			Error::<Test>::NotTheWorker
		);
		assert_ok!(Jobs::report(RuntimeOrigin::signed(STRANGER), id, trained()));
	});
}

#[test]
fn a_report_fits_the_job_and_comes_in_time() {
	build_and_execute(|| {
		let by = |id, result| Jobs::report(RuntimeOrigin::signed(HOT), id, result);
		let (training, inference) = (submit(train()), submit(infer()));
		assert_noop!(by(9, trained()), Error::<Test>::UnknownJob);
		assert_noop!(by(training, trained()), Error::<Test>::NotClaimed);
		claim(training);
		claim(inference);
		assert_noop!(by(training, answered(1, 1)), Error::<Test>::WrongResult);
		assert_noop!(by(inference, trained()), Error::<Test>::WrongResult);
		assert_noop!(by(inference, answered(1, 1_001)), Error::<Test>::TooManyTokens);
		starve_to(22);
		assert_noop!(by(training, trained()), Error::<Test>::TooLate);
	});
}

#[test]
fn a_failed_job_opens_again_without_a_slash() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		roll_to(5);
		report(id, failed());
		let row = job(id);
		assert_eq!((row.state, row.attempts), (JobState::Open { accept_by: 15 }, 1));
		let worker = pallet_workers::Workers::<Test>::get(OWNER).expect("registered");
		assert_eq!((worker.assigned, worker.completed, worker.failed), (0, 0, 1));
		assert_eq!(bond(OWNER), BOND);
		assert_eq!(last_event(), Event::Reassigned { job: id, attempts: 1 });
	});
}

#[test]
fn after_the_last_attempt_the_job_expires_and_all_is_refunded() {
	build_and_execute(|| {
		let id = submit(train());
		for _ in 0..3 {
			claim(id);
			report(id, failed());
		}
		assert_eq!(Rows::get(id), None);
		assert_eq!(held(REQUESTER), 0);
		assert_eq!(free(REQUESTER), ENDOWED);
		assert_eq!(last_event(), Event::Expired { job: id, refunded: PRICE });
	});
}

#[test]
fn a_failed_job_that_finds_no_room_to_open_again_is_refunded() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		for _ in 0..4 {
			assert_ok!(Jobs::submit(RuntimeOrigin::signed(OTHER), train(), PRICE, 10, 20));
		}
		report(id, failed());
		assert_eq!(Rows::get(id), None);
		assert_eq!(free(REQUESTER), ENDOWED);
	});
}
