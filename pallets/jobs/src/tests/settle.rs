use super::*;

#[test]
fn the_requester_settles_at_once_and_the_worker_has_the_price() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		report(id, trained());
		let before = free(OWNER);
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(REQUESTER), id));
		assert_eq!(free(OWNER), before + PRICE);
		assert_eq!(free(REQUESTER), ENDOWED - PRICE);
		assert_eq!(held(REQUESTER), 0);
		assert_eq!(OpenJobs::<Test>::get(REQUESTER), 0);
		assert_eq!(
			job(id).state,
			JobState::Settled { worker: OWNER, result: trained(), retain_until: 31 }
		);
		assert_eq!(
			last_event(),
			Event::Settled { job: id, worker: OWNER, paid: PRICE, refunded: 0 }
		);
	});
}

#[test]
fn an_answer_costs_its_tokens_and_the_rest_goes_back() {
	build_and_execute(|| {
		let id = submit(infer());
		claim(id);
		report(id, answered(100, 201));
		let before = free(OWNER);
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(REQUESTER), id));
		// 100 at 1,000 and 201 at 2,000 per 1,000 tokens.
		assert_eq!(free(REQUESTER), ENDOWED - 502);
		assert_eq!(free(OWNER), before + 251);
		assert_eq!(free(TREASURY), ENDOWED + 251);
		assert_eq!(
			last_event(),
			Event::Settled { job: id, worker: OWNER, paid: 502, refunded: PRICE - 502 }
		);
	});
}

#[test]
fn an_answer_never_costs_more_than_the_price() {
	build_and_execute(|| {
		let id = submit(infer());
		claim(id);
		report(id, answered(u32::MAX, 1_000));
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(REQUESTER), id));
		assert_eq!(free(REQUESTER), ENDOWED - PRICE);
	});
}

#[test]
fn an_answer_of_a_free_model_moves_no_money() {
	build_and_execute(|| {
		set_rates(Some(Rates { price_in: 0, price_out: 0 }));
		let id = submit(infer());
		claim(id);
		report(id, answered(10, 10));
		block_payments(true);
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(REQUESTER), id));
		assert_eq!(free(REQUESTER), ENDOWED);
	});
}

#[test]
fn a_price_raised_after_submission_does_not_count() {
	build_and_execute(|| {
		let id = submit(infer());
		claim(id);
		set_rates(Some(Rates { price_in: u128::MAX, price_out: u128::MAX }));
		report(id, answered(1_000, 0));
		set_rates(None);
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(REQUESTER), id));
		assert_eq!(free(REQUESTER), ENDOWED - 1_000);
	});
}

#[test]
fn others_settle_only_when_the_window_is_over() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		report(id, trained());
		roll_to(5);
		assert_noop!(Jobs::settle(RuntimeOrigin::signed(HOT), id), Error::<Test>::TooEarly);
		roll_to(6);
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(STRANGER), id));
	});
}

#[test]
fn only_a_reported_job_is_settled_and_only_once() {
	build_and_execute(|| {
		let by = |id| Jobs::settle(RuntimeOrigin::signed(REQUESTER), id);
		assert_noop!(by(0), Error::<Test>::UnknownJob);
		let id = submit(train());
		assert_noop!(by(id), Error::<Test>::NotReported);
		claim(id);
		assert_noop!(by(id), Error::<Test>::NotReported);
		report(id, trained());
		assert_ok!(by(id));
		assert_noop!(by(id), Error::<Test>::NotReported);
	});
}

#[test]
fn a_payment_that_fails_changes_nothing() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		report(id, trained());
		block_payments(true);
		assert_noop!(
			Jobs::settle(RuntimeOrigin::signed(REQUESTER), id),
			sp_runtime::DispatchError::Other("payments are blocked")
		);
	});
}

#[test]
fn the_result_of_training_is_there_for_models_once_settled() {
	build_and_execute(|| {
		let id = submit(train());
		claim(id);
		report(id, trained());
		assert_eq!(Jobs::result(id), None);
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(REQUESTER), id));
		assert_eq!(
			Jobs::result(id),
			Some(TrainingOutcome {
				requester: REQUESTER,
				base: 1,
				snapshots: vec![1, 2].try_into().expect("two"),
				adapter: [3; 32],
				index_root: [4; 32],
				index: [5; 32],
				metrics: [6; 32],
			})
		);
		let answer = submit(infer());
		claim(answer);
		report(answer, answered(1, 1));
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(REQUESTER), answer));
		assert_eq!(Jobs::result(answer), None);
	});
}
