//! Weights of the calls.
//!
//! Estimates: a base per call, plus the storage reads and writes counted by hand in the comment of
//! each line, plus the encoded size of the rows read as proof size. `cargo xtask weights` replaces
//! this file by measured values.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use polkadot_sdk::*;

/// Weights of the calls of this pallet.
pub trait WeightInfo {
	/// `register`
	fn register() -> Weight;
	/// `set_hot`
	fn set_hot() -> Weight;
	/// `set_capabilities`
	fn set_capabilities() -> Weight;
	/// `bond_more`
	fn bond_more() -> Weight;
	/// `heartbeat`
	fn heartbeat() -> Weight;
	/// `exit`
	fn exit() -> Weight;
	/// `withdraw_bond`
	fn withdraw_bond() -> Weight;
}

/// Weights with the runtime's database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Reads and writes: Workers, OwnerOfHot, System.Account, Balances.Holds.
	fn register() -> Weight {
		Weight::from_parts(45_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(4, 4))
	}
	// Reads: Workers, OwnerOfHot (new). Writes: Workers, OwnerOfHot (old, new).
	fn set_hot() -> Weight {
		Weight::from_parts(20_000_000, 7_000).saturating_add(T::DbWeight::get().reads_writes(2, 3))
	}
	// Reads and writes: Workers.
	fn set_capabilities() -> Weight {
		Weight::from_parts(18_000_000, 4_500).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	// Reads and writes: Workers, System.Account, Balances.Holds.
	fn bond_more() -> Weight {
		Weight::from_parts(38_000_000, 9_500).saturating_add(T::DbWeight::get().reads_writes(3, 3))
	}
	// Reads: OwnerOfHot, Workers. Writes: Workers.
	fn heartbeat() -> Weight {
		Weight::from_parts(16_000_000, 7_000).saturating_add(T::DbWeight::get().reads_writes(2, 1))
	}
	// Reads and writes: Workers.
	fn exit() -> Weight {
		Weight::from_parts(15_000_000, 4_500).saturating_add(T::DbWeight::get().reads_writes(1, 1))
	}
	// Reads: Workers, System.Account, Balances.Holds. Writes: those and OwnerOfHot.
	fn withdraw_bond() -> Weight {
		Weight::from_parts(42_000_000, 9_500).saturating_add(T::DbWeight::get().reads_writes(3, 4))
	}
}

/// For tests only: nothing is charged for.
impl WeightInfo for () {
	fn register() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn set_hot() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn set_capabilities() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn bond_more() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn heartbeat() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn exit() -> Weight {
		Weight::from_parts(1_000, 0)
	}
	fn withdraw_bond() -> Weight {
		Weight::from_parts(1_000, 0)
	}
}
