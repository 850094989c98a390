//! What holds over random histories: no planck appears, vanishes or is paid twice.

use crate::{mock::*, HoldReason, ModelRules, SettleItem};
use frame_support::assert_ok;
use polkadot_sdk::*;
use proptest::prelude::*;
use weft_primitives::voucher::Voucher;

/// One step of a history; the numbers are scaled to what the state allows.
#[derive(Clone, Debug)]
enum Step {
	/// Settle a fee for one of the models, and give this part of the pool to contributors.
	Settle { model: ModelId, fee: u128, allot: [u8; 3] },
	/// Pay a job, without a settlement.
	Job { model: ModelId, fee: u128 },
	/// Claim for a contributor.
	Claim { contributor: u8 },
	/// Reject the newest tree.
	Reject,
	/// Let blocks pass.
	Wait { blocks: u32 },
	/// Close the channel of a model and withdraw the rest.
	Withdraw { model: ModelId },
}

fn step() -> impl Strategy<Value = Step> {
	let model = || prop_oneof![Just(MODEL), Just(POOR_DEVELOPER), Just(ALL_TO_DATA)];
	prop_oneof![
		4 => (model(), 1..5_000u128, any::<[u8; 3]>())
			.prop_map(|(model, fee, allot)| Step::Settle { model, fee, allot }),
		1 => (model(), 1..5_000u128).prop_map(|(model, fee)| Step::Job { model, fee }),
		3 => (1..4u8).prop_map(|contributor| Step::Claim { contributor }),
		1 => Just(Step::Reject),
		3 => (1..2 * WINDOW).prop_map(|blocks| Step::Wait { blocks }),
		1 => model().prop_map(|model| Step::Withdraw { model }),
	]
}

type Amounts = Vec<(u8, u128)>;

/// What the worker knows: its newest tree, and the leaves of each epoch by their hash.
struct Worker {
	trees: Vec<(u32, Amounts)>,
}

impl Worker {
	fn newest(&self) -> Amounts {
		let ledger = Attribution::ledger(&worker()).unwrap_or_default();
		let epoch = ledger
			.pending
			.last()
			.map(|pending| pending.tree.epoch)
			.or(ledger.current.map(|tree| tree.epoch));
		self.of(epoch)
	}

	fn of(&self, epoch: Option<u32>) -> Amounts {
		self.trees
			.iter()
			.find(|(known, _)| Some(*known) == epoch)
			.map_or(vec![(1, 0), (2, 0), (3, 0)], |(_, amounts)| amounts.clone())
	}

	fn run(&mut self, step: Step) {
		match step {
			Step::Settle { model, fee, allot } => self.settle(model, fee, allot),
			Step::Job { model, fee } => {
				assert_ok!(Attribution::pay_inference(&stranger(), &worker(), model, fee));
			}
			Step::Claim { contributor } => {
				let current = Attribution::ledger(&worker()).and_then(|ledger| ledger.current);
				let amounts = self.of(current.map(|tree| tree.epoch));
				let before = free(&self::contributor(contributor));
				let due = amounts[usize::from(contributor) - 1].1
					- Attribution::claimed(&worker(), &self::contributor(contributor));
				let paid = claim(&amounts, contributor).is_ok();
				let after = free(&self::contributor(contributor));
				assert_eq!(after - before, if paid { due } else { 0 });
				// Refused only if nothing is due or the account could not exist with it.
				assert!(paid || due == 0 || before + due < ED);
			}
			Step::Reject => {
				let ledger = Attribution::ledger(&worker()).unwrap_or_default();
				if let Some(pending) = ledger.pending.last() {
					let epoch = pending.tree.epoch;
					assert_ok!(Attribution::reject_root(RuntimeOrigin::root(), worker(), epoch));
				}
			}
			Step::Wait { blocks } => skip(blocks),
			Step::Withdraw { model } => {
				let payer = || signed(peggy_account());
				if Attribution::close(payer(), worker(), model).is_ok() {
					skip(CLOSE_DELAY);
					assert_ok!(Attribution::withdraw(payer(), worker(), model));
				}
			}
		}
	}

	fn settle(&mut self, model: ModelId, fee: u128, allot: [u8; 3]) {
		let before = Attribution::ledger(&worker()).unwrap_or_default();
		if before.pending.is_full() {
			return;
		}
		let payer = signed(peggy_account());
		assert_ok!(Attribution::deposit(payer, worker(), model, fee + 1));
		let settled = Attribution::channel(&peggy_account(), &worker(), model).unwrap().settled;
		let voucher =
			Voucher { model, cumulative: settled + fee + 1, expires_at: u32::MAX, ..voucher(0) };
		let item = SettleItem { amount: settled + fee, ..item(voucher) };

		let split = Models::rule(model).unwrap().split;
		let parts = weft_primitives::split::split_fee(fee, &split).unwrap();
		let pool = before.unallotted + parts.contributors;
		let mut amounts = self.newest();
		for ((_, amount), share) in amounts.iter_mut().zip(allot) {
			*amount += pool / 3 * u128::from(share) / 255;
		}
		let epoch = before.epoch + 1;
		let paid_before = free_of_recipients();
		assert_ok!(settle(vec![item], tree(epoch, &amounts)));
		self.trees.push((epoch, amounts));

		// Paid at once + allotted + reserved is the fee and the pool before, exactly.
		let after = Attribution::ledger(&worker()).unwrap();
		assert_eq!(
			free_of_recipients() - paid_before
				+ (after.allotted - before.allotted)
				+ (after.reserve - before.reserve),
			fee + before.unallotted
		);
		assert_eq!(after.unallotted, 0);
	}
}

fn free_of_recipients() -> u128 {
	[treasury(), base_owner(), developer(), nobody(), worker()].iter().map(free).sum()
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn no_planck_appears_vanishes_or_is_paid_twice(
		steps in proptest::collection::vec(step(), 1..40),
	) {
		new_test_ext().execute_with(|| {
			let issued = Balances::total_issuance();
			let mut known = Worker { trees: vec![] };
			for step in steps {
				let described = format!("{step:?}");
				known.run(step);
				assert_ok!(Attribution::do_try_state());
				assert_eq!(Balances::total_issuance(), issued, "after {described}");
			}
			// Everything is somewhere: nothing is left to the pallet that no ledger explains.
			let ledger = Attribution::ledger(&self::worker()).unwrap_or_default();
			assert_eq!(
				held(HoldReason::Earnings, &Attribution::account_id()),
				ledger.received - ledger.claimed
			);
			assert_eq!(free(&Attribution::account_id()), ED);
		});
	}
}
