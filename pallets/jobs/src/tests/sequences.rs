use super::*;
use frame_support::weights::Weight;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
	Submit { who: AccountId, spec: u8, price: Balance, accept: u32, run: u32 },
	Claim { hot: AccountId, job: JobId },
	Progress { hot: AccountId, job: JobId },
	Report { hot: AccountId, job: JobId, result: u8, tokens: u32 },
	Settle { who: AccountId, job: JobId },
	Cancel { who: AccountId, job: JobId },
	Poke { who: AccountId, job: JobId },
	Pass { blocks: u64, weight: u64 },
	Payments { blocked: bool },
	Exit { owner: AccountId },
}

fn who() -> impl Strategy<Value = AccountId> {
	prop_oneof![Just(REQUESTER), Just(OTHER), Just(STRANGER)]
}

fn hot() -> impl Strategy<Value = AccountId> {
	prop_oneof![4 => Just(HOT), 4 => Just(HOT2), 1 => Just(STRANGER)]
}

fn step() -> impl Strategy<Value = Step> {
	let job = 0u64..12;
	prop_oneof![
		6 => (who(), 0u8..3, 0u128..50_000, 0u32..15, 0u32..15).prop_map(
			|(who, spec, price, accept, run)| Step::Submit { who, spec, price, accept, run }
		),
		8 => (hot(), job.clone()).prop_map(|(hot, job)| Step::Claim { hot, job }),
		2 => (hot(), job.clone()).prop_map(|(hot, job)| Step::Progress { hot, job }),
		8 => (hot(), job.clone(), 0u8..3, 0u32..20_000)
			.prop_map(|(hot, job, result, tokens)| Step::Report { hot, job, result, tokens }),
		4 => (who(), job.clone()).prop_map(|(who, job)| Step::Settle { who, job }),
		1 => (who(), job.clone()).prop_map(|(who, job)| Step::Cancel { who, job }),
		3 => (who(), job).prop_map(|(who, job)| Step::Poke { who, job }),
		6 => (1u64..8, prop_oneof![Just(0u64), Just(25), Just(1_100), Just(u64::MAX)])
			.prop_map(|(blocks, weight)| Step::Pass { blocks, weight }),
		1 => any::<bool>().prop_map(|blocked| Step::Payments { blocked }),
		1 => prop_oneof![Just(OWNER), Just(OWNER2)].prop_map(|owner| Step::Exit { owner }),
	]
}

/// Take a step. Refusals are part of the game: what counts is the state after them.
fn take(step: Step) {
	let signed = RuntimeOrigin::signed;
	let _ = match step {
		Step::Submit { who, spec, price, accept, run } => {
			let spec = if spec == 0 { infer() } else { train() };
			Jobs::submit(signed(who), spec, price, accept, run)
		}
		Step::Claim { hot, job } => Jobs::claim(signed(hot), job),
		Step::Progress { hot, job } => Jobs::progress(signed(hot), job, 1, [0; 32]),
		Step::Report { hot, job, result, tokens } => {
			let result = match result {
				0 => trained(),
				1 => answered(tokens, tokens / 20),
				_ => failed(),
			};
			Jobs::report(signed(hot), job, result)
		}
		Step::Settle { who, job } => Jobs::settle(signed(who), job),
		Step::Cancel { who, job } => Jobs::cancel(signed(who), job),
		Step::Poke { who, job } => Jobs::poke(signed(who), job),
		Step::Pass { blocks, weight } => {
			roll_with(System::block_number() + blocks, Weight::from_parts(weight, u64::MAX));
			Ok(())
		}
		Step::Payments { blocked } => {
			block_payments(blocked);
			Ok(())
		}
		Step::Exit { owner } => Workers::exit(signed(owner)),
	};
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn no_sequence_of_calls_and_blocks_makes_loses_or_strands_money(
		steps in proptest::collection::vec(step(), 1..120)
	) {
		new_test_ext().execute_with(|| {
			// A slash burns in this runtime, so that bonds account for it exactly.
			let outside = || {
				Balances::total_issuance() - bond(OWNER) - bond(OWNER2)
			};
			let start = outside();
			for step in steps {
				let shown = format!("{step:?}");
				take(step);
				assert_eq!(outside(), start, "after {shown}");
				assert_eq!(Jobs::do_try_state(), Ok(()), "after {shown}");
			}
			// Left alone, the chain ends every job and gives all held money back.
			block_payments(false);
			let open: Vec<_> = Rows::iter_keys().collect();
			roll_to(System::block_number() + 400);
			for id in open {
				// One whose settlement was refused while payments were blocked needs a hand.
				let _ = Jobs::poke(RuntimeOrigin::signed(STRANGER), id);
			}
			roll_to(System::block_number() + 100);
			assert_eq!(Rows::iter_keys().count(), 0);
			assert_eq!(Deadlines::<Test>::iter_keys().count(), 0);
			for who in [REQUESTER, OTHER, STRANGER] {
				assert_eq!((held(who), OpenJobs::<Test>::get(who)), (0, 0));
			}
			assert_eq!(outside(), start);
		});
	}
}
