use super::*;

#[test]
fn progress_is_noted() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		assert_ok!(Jobs::progress(RuntimeOrigin::signed(HOT), id, 420, [7; 32]));
		assert_eq!(
			job(id).state,
			JobState::Claimed { worker: OWNER, hot: HOT, report_by: 21, permille: 420 }
		);
		assert_eq!(last_event(), Event::Progress { job: id, permille: 420, note: [7; 32] });
	});
}

#[test]
fn only_the_jobs_worker_tells_progress_in_time_and_in_range() {
	build_and_execute(|| {
		let id = submit(train());
		let tell =
			|who, id, permille| Jobs::progress(RuntimeOrigin::signed(who), id, permille, [0; 32]);
		assert_noop!(tell(HOT, 9, 1), Error::<Test>::UnknownJob);
		assert_noop!(tell(HOT, id, 1), Error::<Test>::NotClaimed);
		claim(id);
		assert_noop!(tell(HOT2, id, 1), Error::<Test>::NotTheWorker);
		assert_noop!(tell(OWNER, id, 1), Error::<Test>::NotTheWorker);
		assert_noop!(tell(HOT, id, 1_001), Error::<Test>::BadPermille);
		starve_to(22);
		assert_noop!(tell(HOT, id, 1), Error::<Test>::TooLate);
	});
}
