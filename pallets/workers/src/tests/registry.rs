use super::*;
use proptest::prelude::*;

#[test]
fn jobs_are_counted_as_they_come_and_go() {
	build_and_execute(|| {
		register();
		assert_ok!(Workers::note_assigned(&OWNER));
		assert_ok!(Workers::note_assigned(&OWNER));
		assert_eq!(Workers::assigned(&OWNER), 2);
		Workers::note_released(&OWNER, true);
		Workers::note_released(&OWNER, false);
		let worker = Rows::get(OWNER).expect("the worker is there");
		assert_eq!((worker.assigned, worker.completed, worker.failed), (0, 1, 1));
		assert_noop!(Workers::note_assigned(&OTHER), Error::<Test>::NotRegistered);
	});
}

#[test]
fn a_slash_goes_to_the_treasury_and_never_beyond_the_bond() {
	build_and_execute(|| {
		register();
		assert_eq!(Workers::slash(&OWNER, 250, SlashReason::Absence), 250);
		assert_eq!(
			last_event(),
			Event::Slashed { owner: OWNER, amount: 250, reason: SlashReason::Absence }
		);
		assert_eq!(Balances::free_balance(TREASURY), 260);
		assert_eq!(Workers::slash(&OWNER, u128::MAX, SlashReason::BadRoot), BOND - 250);
		assert_eq!(Balances::free_balance(TREASURY), 10 + BOND);
		assert_eq!(Balances::free_balance(OWNER), ENDOWED - BOND);
		assert!(!Workers::is_active(&OWNER));
		assert_eq!(Workers::slash(&OWNER, 1, SlashReason::BadRoot), 0);
		assert_eq!(Workers::slash(&OTHER, 1, SlashReason::BadRoot), 0);
	});
}

#[derive(Clone, Debug)]
enum Step {
	Register(u128),
	BondMore(u128),
	Slash(u128),
	Exit,
	Withdraw,
	Heartbeat,
	SetHot(u64),
	Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
	prop_oneof![
		(0u128..3_000).prop_map(Step::Register),
		(0u128..3_000).prop_map(Step::BondMore),
		(0u128..3_000).prop_map(Step::Slash),
		Just(Step::Exit),
		Just(Step::Withdraw),
		Just(Step::Heartbeat),
		(11u64..14).prop_map(Step::SetHot),
		(1u64..30).prop_map(Step::Pass),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn no_sequence_of_calls_makes_or_loses_money(
		steps in proptest::collection::vec((1u64..3, step()), 1..60)
	) {
		new_test_ext().execute_with(|| {
			let issuance = Balances::total_issuance();
			for (owner, step) in steps {
				let origin = RuntimeOrigin::signed(owner);
				// Refusals are part of the game: what counts is the state after them.
				let _ = match step {
					Step::Register(bond) =>
						Workers::register(origin, owner + 10, bond, capabilities()),
					Step::BondMore(amount) => Workers::bond_more(origin, amount),
					Step::Slash(amount) => {
						Workers::slash(&owner, amount, SlashReason::Absence);
						Ok(())
					},
					Step::Exit => Workers::exit(origin),
					Step::Withdraw => Workers::withdraw_bond(origin),
					Step::Heartbeat => Workers::heartbeat(RuntimeOrigin::signed(owner + 10))
						.map(|_| ())
						.map_err(|e| e.error),
					Step::SetHot(hot) => Workers::set_hot(origin, hot),
					Step::Pass(blocks) => {
						System::set_block_number(System::block_number() + blocks);
						Ok(())
					},
				};
				assert_eq!(Balances::total_issuance(), issuance);
				assert!(Workers::do_try_state().is_ok(), "{:?}", Workers::do_try_state());
			}
		});
	}
}
