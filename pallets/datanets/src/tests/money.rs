//! Under any sequence of calls no unit is made or lost, holds equal live deposits, and every
//! invariant of `do_try_state` holds after every call.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
	Contribute { who: AccountId, records: u32, bytes: u64 },
	Withdraw { who: AccountId, id: u64 },
	Review { curator: AccountId, id: u64, decision: Decision },
	Snapshot,
}

fn reason() -> impl Strategy<Value = Reason> {
	prop_oneof![
		3 => Just(Reason::Spam),
		1 => Just(Reason::Duplicate),
		1 => Just(Reason::Other),
	]
}

fn decision() -> impl Strategy<Value = Decision> {
	prop_oneof![
		Just(accept()),
		reason().prop_map(refuse),
		// Two bitmaps only, so that curators often agree; they fit 2 to 8 records.
		(reason(), prop_oneof![Just(1u8), Just(2u8)]).prop_map(|(r, bits)| mixed(r, &[bits])),
	]
}

fn step() -> impl Strategy<Value = Step> {
	// The contributors are curators too, so that reviews of one's own are tried.
	let who = prop_oneof![Just(DAVE), Just(EVE), Just(CURATOR)];
	let curator = prop_oneof![Just(CURATOR), Just(SECOND), Just(THIRD)];
	prop_oneof![
		3 => (who.clone(), 1..9u32, 1..5_000u64)
			.prop_map(|(who, records, bytes)| Step::Contribute { who, records, bytes }),
		1 => (who, 0..12u64).prop_map(|(who, id)| Step::Withdraw { who, id }),
		6 => (curator, 0..12u64, decision())
			.prop_map(|(curator, id, decision)| Step::Review { curator, id, decision }),
		1 => Just(Step::Snapshot),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn deposits_are_conserved_and_the_invariants_hold_at_every_step(
		approvals in 1..3u8,
		steps in proptest::collection::vec(step(), 1..50),
	) {
		build_and_execute(|| {
			let datanet = datanet(approvals);
			let issuance = Balances::total_issuance();
			let mut slashed = 0u64;
			for step in steps {
				let _ = match step {
					Step::Contribute { who, records, bytes } => Datanets::contribute(
						signed(who), datanet, hash(3), records, bytes, hash(4),
					),
					Step::Withdraw { who, id } => Datanets::withdraw(signed(who), id),
					Step::Review { curator, id, decision } => review(curator, id, decision),
					Step::Snapshot => Datanets::snapshot(signed(OWNER), datanet)
						.map(|_| ())
						.map_err(|e| e.error),
				};
				slashed += events().into_iter().map(|event| match event {
					Event::Refused { slashed, .. } => slashed,
					_ => 0,
				}).sum::<u64>();

				assert_ok!(Datanets::do_try_state());
				assert_eq!(Balances::total_issuance(), issuance);
				assert_eq!(Balances::free_balance(TREASURY), ENDOWMENT + slashed);
				for who in [DAVE, EVE, CURATOR] {
					let lost = ContributorStats::<Test>::get(datanet, who).slashed;
					assert_eq!(Balances::free_balance(who) + held(who) + lost, ENDOWMENT);
				}
			}
		});
	}
}
