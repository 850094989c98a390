//! What must hold after every block.

use crate::{Channels, ClaimedOf, Config, HoldReason, Ledger, Ledgers, Pallet};
use alloc::collections::BTreeMap;
use polkadot_sdk::{
	frame_support::{
		ensure,
		traits::fungible::{Inspect, InspectHold},
	},
	sp_runtime::TryRuntimeError,
};

type Checked<V = ()> = Result<V, TryRuntimeError>;

fn sum(amounts: impl IntoIterator<Item = u128>) -> Checked<u128> {
	amounts
		.into_iter()
		.try_fold(0u128, |sum, amount| sum.checked_add(amount))
		.ok_or_else(|| "attribution: a sum overflows".into())
}

impl<T: Config> Pallet<T> {
	/// All checks.
	pub fn do_try_state() -> Checked {
		Self::check_account_endowed()?;
		Self::check_prepaid_held()?;
		Self::check_earnings_held()?;
		for (worker, ledger) in Ledgers::<T>::iter() {
			Self::check_conserved(&ledger)?;
			Self::check_trees(&ledger)?;
			Self::check_claims(&worker, &ledger)?;
		}
		Ok(())
	}

	/// The pallet's account can take a part of any size.
	fn check_account_endowed() -> Checked {
		ensure!(
			T::Currency::balance(&Self::account_id()) >= T::Currency::minimum_balance(),
			"attribution: the pallet's account is below the existential deposit"
		);
		Ok(())
	}

	/// Each payer has on hold what its channels say.
	fn check_prepaid_held() -> Checked {
		let mut payers = BTreeMap::<T::AccountId, u128>::new();
		for ((payer, _, _), channel) in Channels::<T>::iter() {
			let rest = channel
				.deposited
				.checked_sub(channel.settled)
				.ok_or("attribution: more settled than deposited")?;
			let total = payers.entry(payer).or_default();
			*total = sum([*total, rest])?;
		}
		for (payer, total) in payers {
			ensure!(
				T::Currency::balance_on_hold(&HoldReason::Prepaid.into(), &payer) == total,
				"attribution: a payer's hold differs from its channels"
			);
		}
		Ok(())
	}

	/// The pallet's account has on hold what the ledgers say.
	fn check_earnings_held() -> Checked {
		let received = sum(Ledgers::<T>::iter_values().map(|ledger| ledger.received))?;
		let claimed = sum(Ledgers::<T>::iter_values().map(|ledger| ledger.claimed))?;
		let held = T::Currency::balance_on_hold(&HoldReason::Earnings.into(), &Self::account_id());
		ensure!(
			received.checked_sub(claimed) == Some(held),
			"attribution: the held earnings differ from the ledgers"
		);
		Ok(())
	}

	/// All that came in is allotted, reserved or in the pool.
	fn check_conserved(ledger: &Ledger) -> Checked {
		ensure!(
			ledger.received == sum([ledger.allotted, ledger.reserve, ledger.unallotted])?,
			"attribution: received is not allotted + reserve + unallotted"
		);
		Ok(())
	}

	/// Trees follow each other, and what is allotted is the newest one's total.
	fn check_trees(ledger: &Ledger) -> Checked {
		let (mut epoch, mut total) =
			ledger.current.as_ref().map_or((0, 0), |tree| (tree.epoch, tree.root.total));
		let mut claimable_at = 0;
		for pending in &ledger.pending {
			ensure!(pending.tree.epoch > epoch, "attribution: epochs do not increase");
			ensure!(pending.tree.root.total >= total, "attribution: a total decreases");
			ensure!(pending.claimable_at >= claimable_at, "attribution: windows out of order");
			(epoch, total) = (pending.tree.epoch, pending.tree.root.total);
			claimable_at = pending.claimable_at;
		}
		ensure!(ledger.epoch >= epoch, "attribution: a tree is of a future epoch");
		ensure!(ledger.allotted == total, "attribution: allotted is not the newest total");
		Ok(())
	}

	/// No more is claimed than the current tree allows, and the claims sum up.
	fn check_claims(worker: &T::AccountId, ledger: &Ledger) -> Checked {
		ensure!(
			ledger.claimed <= ledger.claimable_total(),
			"attribution: more claimed than the current tree's total"
		);
		ensure!(
			ledger.claimed == sum(ClaimedOf::<T>::iter_prefix_values(worker))?,
			"attribution: the accounts' claims do not sum to the ledger's"
		);
		Ok(())
	}
}
