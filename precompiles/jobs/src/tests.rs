use crate::{mock::*, IJobs};
use alloy_core::sol_types::{SolCall, SolEvent};
use frame_support::{assert_ok, traits::fungible::InspectHold, weights::Weight};
use pallet_jobs::{HoldReason, JobResult, JobSpec, Jobs as Rows, OpenJobs};
use pallet_revive::{
	precompiles::{H160, U256},
	test_utils::{ALICE, BOB, CHARLIE},
	AddressMapper,
};
use polkadot_sdk::*;
use sp_runtime::AccountId32;
use weft_precompile_support::testing::{
	call, call_with_value, call_with_weight, deploy, reverted, CallKind, Failure,
};

const PRICE: u128 = 10_000;

fn submit(model: u64) -> Vec<u8> {
	IJobs::submitInferenceCall {
		model,
		promptCid: [2; 32].into(),
		maxTokens: 100,
		maxPrice: PRICE,
		acceptWithin: 10,
		runWithin: 20,
	}
	.abi_encode()
}

fn held(who: &AccountId32) -> u128 {
	Balances::balance_on_hold(&HoldReason::Escrow.into(), who)
}

fn bytes(who: &AccountId32) -> [u8; 32] {
	who.clone().into()
}

fn get_job(id: u64) -> IJobs::getJobReturn {
	let data = IJobs::getJobCall { jobId: id }.abi_encode();
	let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
	IJobs::getJobCall::abi_decode_returns(&answer).expect("encoded")
}

/// The worker takes a job and answers it in 1,000 and 100 tokens: 1,000 and 200 plancks.
fn answer(id: u64) {
	let hot = RuntimeOrigin::signed(BOB);
	assert_ok!(Jobs::claim(hot.clone(), id));
	let result = JobResult::Answered {
		result: [7; 32],
		answer: [8; 32],
		receipt: [9; 32],
		tokens_in: 1_000,
		tokens_out: 100,
	};
	assert_ok!(Jobs::report(hot, id, result));
}

/// A contract with a balance that passes calls on to the precompile.
fn funded_contract() -> (H160, AccountId32) {
	let contract = deploy::<Test>(&ALICE, precompile(), CallKind::Call);
	let account = <Test as pallet_revive::Config>::AddressMapper::to_account_id(&contract);
	assert_ok!(Balances::transfer_keep_alive(
		RuntimeOrigin::signed(ALICE),
		account.clone(),
		1_000_000
	));
	(contract, account)
}

#[test]
fn a_contract_submits_an_inference_job_with_its_own_balance_and_reads_the_answer() {
	new_test_ext().execute_with(|| {
		let (contract, account) = funded_contract();
		logs();
		let id = call::<Test>(&ALICE, contract, submit(MODEL)).expect("submits");
		assert_eq!(IJobs::submitInferenceCall::abi_decode_returns(&id), Ok(0));
		let row = Rows::<Test>::get(0).expect("stored");
		assert_eq!(row.requester, account);
		assert_eq!(row.spec, JobSpec::Infer { model: MODEL, prompt: [2; 32], max_tokens: 100 });
		assert_eq!((held(&account), held(&ALICE)), (PRICE + DEPOSIT, 0));

		let (address, topics, data) = logs().pop().expect("logged");
		assert_eq!(address, precompile());
		let event = IJobs::Submitted::decode_raw_log(topics, &data).expect("ours");
		assert_eq!((event.jobId, event.model, event.maxTokens), (0, MODEL, 100));
		assert_eq!(event.requester.0, bytes(&account));
		assert_eq!((event.promptCid.0, event.maxPrice), ([2; 32], PRICE));

		let open = get_job(0);
		assert!(matches!(open.state, IJobs::State::Open) && open.worker.is_zero());

		answer(0);
		let reported = get_job(0);
		assert!(matches!(reported.state, IJobs::State::Reported));
		assert_eq!(reported.worker.0, bytes(&CHARLIE));
		assert_eq!((reported.resultHash.0, reported.answerCid.0), ([7; 32], [8; 32]));
		assert_eq!((reported.tokensIn, reported.tokensOut, reported.paid), (1_000, 100, 0));

		let settle = IJobs::settleCall { jobId: 0 }.abi_encode();
		assert_eq!(call::<Test>(&ALICE, contract, settle), Ok(vec![]));
		let settled = get_job(0);
		assert!(matches!(settled.state, IJobs::State::Settled));
		assert_eq!((settled.answerCid.0, settled.paid), ([8; 32], 1_200));
		assert_eq!(Balances::free_balance(CHARLIE), ENDOWMENT + 1_200);
		assert_eq!(held(&account), 0);

		let (_, topics, data) = logs().pop().expect("logged");
		let event = IJobs::Settled::decode_raw_log(topics, &data).expect("ours");
		assert_eq!((event.jobId, event.paid), (0, 1_200));
		assert_eq!(event.worker.0, bytes(&CHARLIE));
	});
}

#[test]
fn an_ethereum_account_submits_and_cancels() {
	new_test_ext().execute_with(|| {
		assert_ok!(call::<Test>(&ALICE, precompile(), submit(MODEL)));
		assert_eq!(held(&ALICE), PRICE + DEPOSIT);
		logs();
		let cancel = IJobs::cancelCall { jobId: 0 }.abi_encode();
		assert_eq!(
			call::<Test>(&BOB, precompile(), cancel.clone()),
			reverted("cancel: NotRequester")
		);
		assert_eq!(call::<Test>(&ALICE, precompile(), cancel.clone()), Ok(vec![]));
		assert_eq!((held(&ALICE), Rows::<Test>::get(0)), (0, None));
		let (_, topics, data) = logs().pop().expect("logged");
		assert_eq!(IJobs::Cancelled::decode_raw_log(topics, &data).map(|e| e.jobId), Ok(0));
		assert_eq!(call::<Test>(&ALICE, precompile(), cancel), reverted("cancel: UnknownJob"));
	});
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
	new_test_ext().execute_with(|| {
		assert_eq!(
			call::<Test>(&ALICE, precompile(), submit(MODEL + 1)),
			reverted("submitInference: UnknownModel")
		);
		let cheap = IJobs::submitInferenceCall {
			model: MODEL,
			promptCid: [2; 32].into(),
			maxTokens: 100,
			maxPrice: 1,
			acceptWithin: 10,
			runWithin: 20,
		};
		assert_eq!(
			call::<Test>(&ALICE, precompile(), cheap.abi_encode()),
			reverted("submitInference: PriceTooLow")
		);
		let contract = deploy::<Test>(&ALICE, precompile(), CallKind::Call);
		assert_eq!(
			call::<Test>(&ALICE, contract, submit(MODEL)),
			reverted("submitInference: Funds are unavailable")
		);
		let dear = IJobs::submitInferenceCall { maxPrice: u128::MAX, ..cheap };
		assert!(call::<Test>(&ALICE, precompile(), dear.abi_encode()).is_err());
		assert_eq!(
			call::<Test>(&ALICE, precompile(), IJobs::settleCall { jobId: 0 }.abi_encode()),
			reverted("settle: UnknownJob")
		);
		assert_eq!((Rows::<Test>::iter().count(), held(&ALICE)), (0, 0));
		assert_eq!(OpenJobs::<Test>::get(ALICE), 0);
	});
}

#[test]
fn a_job_that_somebody_took_cannot_be_cancelled() {
	new_test_ext().execute_with(|| {
		assert_ok!(call::<Test>(&ALICE, precompile(), submit(MODEL)));
		assert_ok!(Jobs::claim(RuntimeOrigin::signed(BOB), 0));
		let cancel = IJobs::cancelCall { jobId: 0 }.abi_encode();
		assert_eq!(call::<Test>(&ALICE, precompile(), cancel), reverted("cancel: NotOpen"));
		assert_eq!((Rows::<Test>::iter().count(), held(&ALICE)), (1, PRICE + DEPOSIT));
	});
}

#[test]
fn only_the_requester_settles_before_the_challenge_window_is_over() {
	new_test_ext().execute_with(|| {
		assert_ok!(call::<Test>(&ALICE, precompile(), submit(MODEL)));
		let settle = IJobs::settleCall { jobId: 0 }.abi_encode();
		assert_eq!(
			call::<Test>(&ALICE, precompile(), settle.clone()),
			reverted("settle: NotReported")
		);
		answer(0);
		assert_eq!(call::<Test>(&BOB, precompile(), settle.clone()), reverted("settle: TooEarly"));
		assert_eq!(call::<Test>(&ALICE, precompile(), settle), Ok(vec![]));
	});
}

#[test]
fn a_write_through_a_read_only_or_delegate_call_is_refused() {
	new_test_ext().execute_with(|| {
		assert_ok!(call::<Test>(&ALICE, precompile(), submit(MODEL)));
		for kind in [CallKind::Static, CallKind::Delegate] {
			let contract = deploy::<Test>(&ALICE, precompile(), kind);
			for data in [
				submit(MODEL),
				IJobs::cancelCall { jobId: 0 }.abi_encode(),
				IJobs::settleCall { jobId: 0 }.abi_encode(),
			] {
				let called = call::<Test>(&ALICE, contract, data);
				assert!(matches!(called, Err(Failure::Revert(_))), "{kind:?}: {called:?}");
			}
		}
		assert_eq!((Rows::<Test>::iter().count(), held(&ALICE)), (1, PRICE + DEPOSIT));
	});
}

#[test]
fn value_and_calls_without_weight_are_refused() {
	new_test_ext().execute_with(|| {
		let value = U256::from(5_000_000_000u64);
		assert_eq!(
			call_with_value::<Test>(&ALICE, precompile(), submit(MODEL), value),
			reverted("submitInference: takes no value")
		);
		let weight = Weight::from_parts(1_000_000, 10_000);
		let called = call_with_weight::<Test>(&ALICE, precompile(), submit(MODEL), weight);
		assert!(matches!(called, Err(Failure::Abort(_))), "{called:?}");
		assert_eq!((Rows::<Test>::iter().count(), held(&ALICE)), (0, 0));
	});
}

#[test]
fn a_contract_reads_what_was_asked_for() {
	new_test_ext().execute_with(|| {
		assert_ok!(call::<Test>(&ALICE, precompile(), submit(MODEL)));
		let train = JobSpec::Train {
			base: 1,
			snapshots: vec![1].try_into().expect("one"),
			config: [6; 32],
		};
		assert_ok!(Jobs::submit(RuntimeOrigin::signed(BOB), train, PRICE, 10, 20));
		let read = |id| {
			let data = IJobs::getRequestCall { jobId: id }.abi_encode();
			let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
			IJobs::getRequestCall::abi_decode_returns(&answer).expect("encoded")
		};
		let infer = read(0);
		assert!(matches!(infer.kind, IJobs::Kind::Infer));
		assert_eq!((infer.requester.0, infer.target), (bytes(&ALICE), MODEL));
		assert_eq!((infer.input.0, infer.maxTokens), ([2; 32], 100));
		assert_eq!((infer.price, infer.deposit, infer.deadline), (PRICE, DEPOSIT, 11));
		let train = read(1);
		assert!(matches!(train.kind, IJobs::Kind::Train));
		assert_eq!((train.requester.0, train.target), (bytes(&BOB), 1));
		assert_eq!((train.input.0, train.maxTokens), ([6; 32], 0));
	});
}

#[test]
fn a_training_job_shows_its_adapter_and_index_and_its_price() {
	new_test_ext().execute_with(|| {
		let spec = JobSpec::Train {
			base: 1,
			snapshots: vec![1].try_into().expect("one"),
			config: [6; 32],
		};
		assert_ok!(Jobs::submit(RuntimeOrigin::signed(ALICE), spec, PRICE, 10, 20));
		let hot = RuntimeOrigin::signed(BOB);
		assert_ok!(Jobs::claim(hot.clone(), 0));
		let result = JobResult::Trained {
			adapter: [3; 32],
			index_root: [4; 32],
			index: [5; 32],
			metrics: [6; 32],
		};
		assert_ok!(Jobs::report(hot, 0, result));
		assert_ok!(Jobs::settle(RuntimeOrigin::signed(ALICE), 0));
		let job = get_job(0);
		assert_eq!((job.resultHash.0, job.answerCid.0, job.paid), ([4; 32], [3; 32], PRICE));
	});
}

#[test]
fn a_job_that_does_not_exist_cannot_be_read() {
	new_test_ext().execute_with(|| {
		let read = |data: Vec<u8>| call::<Test>(&BOB, precompile(), data);
		assert_eq!(
			read(IJobs::getJobCall { jobId: 3 }.abi_encode()),
			reverted("getJob: UnknownJob")
		);
		assert_eq!(
			read(IJobs::getRequestCall { jobId: 3 }.abi_encode()),
			reverted("getRequest: UnknownJob")
		);
	});
}
