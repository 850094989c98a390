use super::*;

fn submit_with(
	spec: JobSpec,
	price: Balance,
	accept_within: u32,
	run_within: u32,
) -> sp_runtime::DispatchResult {
	Jobs::submit(RuntimeOrigin::signed(REQUESTER), spec, price, accept_within, run_within)
}

fn train_on(snapshots: &[u32]) -> JobSpec {
	JobSpec::Train {
		base: 1,
		snapshots: snapshots.to_vec().try_into().expect("at most eight"),
		config: [1; 32],
	}
}

#[test]
fn a_submitted_job_is_open_with_price_and_deposit_on_hold() {
	build_and_execute(|| {
		let id = submit(train());
		assert_eq!(held(REQUESTER), PRICE + DEPOSIT);
		assert_eq!(free(REQUESTER), ENDOWED - PRICE - DEPOSIT);
		let row = job(id);
		assert_eq!(row.state, JobState::Open { accept_by: 11 });
		assert_eq!((row.attempts, row.rates, row.at), (0, None, 1));
		assert_eq!(OpenJobs::<Test>::get(REQUESTER), 1);
		assert_eq!(
			last_event(),
			Event::Submitted { job: id, requester: REQUESTER, kind: JobKind::Train, price: PRICE }
		);
		assert_eq!(submit(infer()), id + 1);
	});
}

#[test]
fn an_inference_job_fixes_the_models_prices() {
	build_and_execute(|| {
		let id = submit(infer());
		assert_eq!(job(id).rates, Some(Rates { price_in: 1_000, price_out: 2_000 }));
	});
}

#[test]
fn prices_and_times_out_of_range_are_refused() {
	build_and_execute(|| {
		assert_noop!(submit_with(train(), 99, 10, 20), Error::<Test>::PriceTooLow);
		for within in [0, 51] {
			assert_noop!(submit_with(train(), PRICE, within, 20), Error::<Test>::BadAcceptWithin);
		}
		for within in [0, 101] {
			assert_noop!(submit_with(train(), PRICE, 10, within), Error::<Test>::BadRunWithin);
		}
	});
}

#[test]
fn what_a_job_names_must_exist() {
	build_and_execute(|| {
		let no_base = JobSpec::Train {
			base: 3,
			snapshots: vec![1].try_into().expect("one"),
			config: [1; 32],
		};
		assert_noop!(submit_with(no_base, PRICE, 10, 20), Error::<Test>::UnknownBase);
		assert_noop!(submit_with(train_on(&[]), PRICE, 10, 20), Error::<Test>::NoSnapshots);
		assert_noop!(submit_with(train_on(&[1, 9]), PRICE, 10, 20), Error::<Test>::UnknownSnapshot);
		assert_noop!(
			submit_with(train_on(&[2, 1, 2]), PRICE, 10, 20),
			Error::<Test>::DuplicateSnapshot
		);
		let other = JobSpec::Infer { model: 8, prompt: [0; 32], max_tokens: 1 };
		assert_noop!(submit_with(other, PRICE, 10, 20), Error::<Test>::UnknownModel);
		let silent = JobSpec::Infer { model: MODEL, prompt: [0; 32], max_tokens: 0 };
		assert_noop!(submit_with(silent, PRICE, 10, 20), Error::<Test>::NoTokens);
		set_rates(None);
		assert_noop!(submit_with(infer(), PRICE, 10, 20), Error::<Test>::UnknownModel);
	});
}

#[test]
fn a_price_above_the_purse_is_refused() {
	build_and_execute(|| {
		for price in [ENDOWED, u128::MAX] {
			assert_noop!(
				submit_with(train(), price, 10, 20),
				sp_runtime::TokenError::FundsUnavailable
			);
		}
	});
}

#[test]
fn an_account_has_at_most_so_many_unfinished_jobs() {
	build_and_execute(|| {
		for i in 0..6 {
			assert_ok!(submit_with(train(), PRICE, 10 + 2 * i, 20));
		}
		assert_noop!(submit_with(train(), PRICE, 40, 20), Error::<Test>::TooManyOpenJobs);
		assert_ok!(Jobs::cancel(RuntimeOrigin::signed(REQUESTER), 0));
		assert_ok!(submit_with(train(), PRICE, 40, 20));
	});
}

#[test]
fn a_deadline_moves_to_the_next_block_if_its_own_is_full() {
	build_and_execute(|| {
		for expected in [11, 11, 12, 12] {
			assert_eq!(job(submit(train())).state, JobState::Open { accept_by: expected });
		}
		assert_noop!(submit_with(train(), PRICE, 10, 20), Error::<Test>::DeadlinesFull);
	});
}
