use super::*;
use crate::WeightInfo as _;
use frame_support::weights::Weight;

/// What the hook takes for walking `blocks` and serving `jobs`.
fn idle_weight(blocks: u64, jobs: u64) -> Weight {
	type Weights = <Test as crate::Config>::WeightInfo;
	Weights::on_idle_base()
		.saturating_add(Weights::on_idle_block().saturating_mul(blocks))
		.saturating_add(Weights::serve().saturating_mul(jobs))
}

#[test]
fn a_job_that_nobody_claims_is_refunded_at_the_end_of_its_deadline() {
	build_and_execute(|| {
		let id = submit(train());
		roll_to(11);
		assert_eq!(job(id).state, JobState::Open { accept_by: 11 });
		roll_to(12);
		assert_eq!(Rows::get(id), None);
		assert_eq!(free(REQUESTER), ENDOWED);
		assert_eq!(last_event(), Event::Expired { job: id, refunded: PRICE });
	});
}

#[test]
fn a_claim_that_times_out_costs_the_worker_and_opens_the_job_again() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		roll_to(22);
		let row = job(id);
		assert_eq!((row.state, row.attempts), (JobState::Open { accept_by: 31 }, 1));
		let worker = pallet_workers::Workers::<Test>::get(OWNER).expect("registered");
		assert_eq!((worker.assigned, worker.failed), (0, 1));
		assert_eq!(bond(OWNER), BOND - ABSENCE);
		assert_eq!(held(REQUESTER), PRICE + DEPOSIT);
		assert_eq!(last_event(), Event::Reassigned { job: id, attempts: 1 });
		// Another worker does it.
		assert_ok!(Jobs::claim(RuntimeOrigin::signed(HOT2), id));
		assert_ok!(Jobs::report(RuntimeOrigin::signed(HOT2), id, trained()));
	});
}

#[test]
fn three_time_outs_end_the_job_with_a_refund() {
	build_and_execute(|| {
		let id = submit(train());
		for _ in 0..3 {
			claim(id);
			roll_to(System::block_number() + 21);
		}
		assert_eq!(Rows::get(id), None);
		assert_eq!(free(REQUESTER), ENDOWED);
		assert_eq!(bond(OWNER), BOND - 3 * ABSENCE);
		assert_eq!(last_event(), Event::Expired { job: id, refunded: PRICE });
	});
}

#[test]
fn a_reported_job_settles_itself_when_the_window_is_over() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		report(id, trained());
		let before = free(OWNER);
		roll_to(7);
		assert_eq!(free(OWNER), before + PRICE);
		assert!(matches!(job(id).state, JobState::Settled { retain_until: 36, .. }));
	});
}

#[test]
fn the_row_of_a_settled_job_stays_for_the_retention_and_then_goes() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		report(id, trained());
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(REQUESTER), id));
		roll_to(31);
		assert!(Jobs::result(id).is_some());
		roll_to(32);
		assert_eq!(Rows::get(id), None);
		assert_eq!(last_event(), Event::Removed { job: id });
	});
}

#[test]
fn deadlines_missed_for_lack_of_weight_are_served_in_order_later() {
	build_and_execute(|| {
		let ids = [submit(train()), submit(train()), submit(train())];
		starve_to(20);
		assert!(ids.iter().all(Rows::contains_key));
		// Enough for walking the empty blocks and one job; then for one job in each block.
		for (left, blocks) in [(2, 20), (1, 2), (0, 20)] {
			let next = System::block_number() + 1;
			roll_with(next, idle_weight(blocks, 1));
			assert_eq!(ids.iter().filter(|id| Rows::contains_key(id)).count(), left);
		}
		assert_eq!(NextDeadline::<Test>::get(), Some(System::block_number()));
	});
}

#[test]
fn the_cursor_waits_where_the_weight_ran_out() {
	build_and_execute(|| {
		submit(train());
		starve_to(15);
		// The base and two empty blocks.
		roll_with(16, idle_weight(2, 0));
		assert_eq!(NextDeadline::<Test>::get(), Some(3));
	});
}

#[test]
fn a_job_whose_settlement_fails_does_not_stop_the_others() {
	build_and_execute(|| {
		let (stuck, other) = (submit(train()), submit(train()));
		claim(stuck);
		report(stuck, trained());
		block_payments(true);
		roll_to(12);
		assert_eq!(Rows::get(other), None);
		assert!(matches!(job(stuck).state, JobState::Reported { .. }));
		assert!(events()
			.iter()
			.any(|event| matches!(event, Event::SettlementFailed { job, .. } if *job == stuck)));
		block_payments(false);
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(STRANGER), stuck));
		assert!(Jobs::result(stuck).is_some());
	});
}
