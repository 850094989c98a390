//! Weights of the calls of `pallet_workers`, measured. Made by `cargo xtask weights`; do not edit.
//!
//! SDK benchmark 64.0.0, 2026-11-21, 20 steps, 10 repeats, CPU AMD EPYC, compiled Wasm.
//! Times in picoseconds, proof sizes in bytes.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]

use core::marker::PhantomData;
use polkadot_sdk::{
	frame_support::{
		traits::Get,
		weights::{constants::RocksDbWeight, Weight},
	},
	frame_system,
};

/// Weights of the pallet's calls.
pub trait WeightInfo {
	/// `register`.
	fn register() -> Weight;
	/// `set_hot`.
	fn set_hot() -> Weight;
	/// `set_capabilities`.
	fn set_capabilities() -> Weight;
	/// `bond_more`.
	fn bond_more() -> Weight;
	/// `heartbeat`.
	fn heartbeat() -> Weight;
	/// `exit`.
	fn exit() -> Weight;
	/// `withdraw_bond`.
	fn withdraw_bond() -> Weight;
}

/// The runtime's weights: its own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	// Storage: `Workers::OwnerOfHot` (r:1 w:1)
	// Proof: `Workers::OwnerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn register() -> Weight {
		// Proof: measured `76`, estimated `3911`; shortest run 85_107_000 ps.
		Weight::from_parts(89_894_000, 3911)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	// Storage: `Workers::OwnerOfHot` (r:1 w:2)
	// Proof: `Workers::OwnerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn set_hot() -> Weight {
		// Proof: measured `649`, estimated `3911`; shortest run 28_412_000 ps.
		Weight::from_parts(30_455_000, 3911)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	fn set_capabilities() -> Weight {
		// Proof: measured `581`, estimated `3911`; shortest run 22_073_000 ps.
		Weight::from_parts(23_895_000, 3911)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn bond_more() -> Weight {
		// Proof: measured `636`, estimated `3911`; shortest run 83_926_000 ps.
		Weight::from_parts(89_925_000, 3911)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	// Storage: `Workers::OwnerOfHot` (r:1 w:0)
	// Proof: `Workers::OwnerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	fn heartbeat() -> Weight {
		// Proof: measured `649`, estimated `3911`; shortest run 24_837_000 ps.
		Weight::from_parts(26_840_000, 3911)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	fn exit() -> Weight {
		// Proof: measured `581`, estimated `3911`; shortest run 19_569_000 ps.
		Weight::from_parts(22_163_000, 3911)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `Workers::OwnerOfHot` (r:0 w:1)
	// Proof: `Workers::OwnerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn withdraw_bond() -> Weight {
		// Proof: measured `640`, estimated `3911`; shortest run 68_853_000 ps.
		Weight::from_parts(77_525_000, 3911)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
}

/// For tests.
impl WeightInfo for () {
	fn register() -> Weight {
		Weight::from_parts(89_894_000, 3911)
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
	fn set_hot() -> Weight {
		Weight::from_parts(30_455_000, 3911)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
	fn set_capabilities() -> Weight {
		Weight::from_parts(23_895_000, 3911)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn bond_more() -> Weight {
		Weight::from_parts(89_925_000, 3911)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(2_u64))
	}
	fn heartbeat() -> Weight {
		Weight::from_parts(26_840_000, 3911)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn exit() -> Weight {
		Weight::from_parts(22_163_000, 3911)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn withdraw_bond() -> Weight {
		Weight::from_parts(77_525_000, 3911)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
}
