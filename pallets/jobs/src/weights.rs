//! Weights of the calls and of the hook.
//!
//! Estimates: a base per call, plus the storage reads and writes counted by hand in the comment of
//! each line, plus the encoded size of the rows read as proof size. `cargo xtask weights` replaces
//! this file by measured values. "Account" is `System.Account` and `Balances.Holds`.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

/// Weights of the calls and of the hook of this pallet.
pub trait WeightInfo {
	/// `submit` with the most snapshots.
	fn submit() -> Weight;
	/// `claim`
	fn claim() -> Weight;
	/// `progress`
	fn progress() -> Weight;
	/// `report`
	fn report() -> Weight;
	/// `settle` of an answer.
	fn settle() -> Weight;
	/// `cancel`
	fn cancel() -> Weight;
	/// `poke` of a reported answer.
	fn poke() -> Weight;
	/// The hook with nothing due.
	fn on_idle_base() -> Weight;
	/// One block's bucket.
	fn on_idle_block() -> Weight;
	/// One due job, at worst a settlement.
	fn serve() -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Reads: OpenJobs, base, 8 snapshots, NextJob, Account (2), NextDeadline, Deadlines.
	// Writes: OpenJobs, NextJob, Account (2), NextDeadline, Deadlines, Jobs.
	fn submit() -> Weight {
		Weight::from_parts(70_000_000, 45_000)
			.saturating_add(T::DbWeight::get().reads_writes(15, 7))
	}
	// Reads: OwnerOfHot, Workers, Jobs, NextDeadline, Deadlines (2). Writes: Workers, Jobs,
	// Deadlines (2).
	fn claim() -> Weight {
		Weight::from_parts(45_000_000, 20_000).saturating_add(T::DbWeight::get().reads_writes(6, 4))
	}
	// Reads: Jobs, OwnerOfHot. Writes: Jobs.
	fn progress() -> Weight {
		Weight::from_parts(20_000_000, 7_000).saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
	// Reads: Jobs, OwnerOfHot, Workers, NextDeadline, Deadlines (2), Account (2), OpenJobs. Writes:
	// Workers, Deadlines (2), Jobs, Account (2), OpenJobs.
	fn report() -> Weight {
		Weight::from_parts(50_000_000, 28_000).saturating_add(T::DbWeight::get().reads_writes(9, 7))
	}
	// Reads and writes: Jobs, Deadlines (2), Account (2), OpenJobs, and the payment: the model and
	// its base, 5 accounts with holds (10), the worker's ledger. Reads: NextDeadline.
	fn settle() -> Weight {
		Weight::from_parts(200_000_000, 60_000)
			.saturating_add(T::DbWeight::get().reads_writes(20, 17))
	}
	// Reads and writes: Jobs, Deadlines, Account (2), OpenJobs.
	fn cancel() -> Weight {
		Weight::from_parts(45_000_000, 15_000).saturating_add(T::DbWeight::get().reads_writes(5, 5))
	}
	// As `settle`, and Account (2) of the caller.
	fn poke() -> Weight {
		Weight::from_parts(250_000_000, 66_000)
			.saturating_add(T::DbWeight::get().reads_writes(22, 19))
	}
	// Reads and writes: NextDeadline.
	fn on_idle_base() -> Weight {
		Weight::from_parts(5_000_000, 1_500).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	// Reads and writes: Deadlines.
	fn on_idle_block() -> Weight {
		Weight::from_parts(6_000_000, 4_500).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	// As `settle`.
	fn serve() -> Weight {
		Self::settle()
	}
}

/// For tests only: small numbers that tell the parts of the hook apart.
impl WeightInfo for () {
	fn submit() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn claim() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn progress() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn report() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn settle() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn cancel() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn poke() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn on_idle_base() -> Weight {
		Weight::from_parts(1, 0)
	}
	fn on_idle_block() -> Weight {
		Weight::from_parts(10, 0)
	}
	fn serve() -> Weight {
		Weight::from_parts(1_000, 0)
	}
}
