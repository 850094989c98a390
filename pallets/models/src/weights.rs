//! Weights of the calls of `pallet_models`, measured. Made by `cargo xtask weights`; do not edit.
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
	/// `register_base`.
	fn register_base() -> Weight;
	/// `publish`.
	fn publish() -> Weight;
	/// `set_price`.
	fn set_price() -> Weight;
	/// `retire`.
	fn retire() -> Weight;
	/// `lineage`.
	fn lineage() -> Weight;
}

/// The runtime's weights: its own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Storage: `Models::NextBase` (r:1 w:1)
	// Proof: `Models::NextBase` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	// Storage: `Models::Bases` (r:0 w:1)
	// Proof: `Models::Bases` (`max_values`: None, `max_size`: Some(251), added: 2726, mode: `MaxEncodedLen`)
	fn register_base() -> Weight {
		// Proof: measured `3`, estimated `1489`; shortest run 12_078_000 ps.
		Weight::from_parts(13_440_000, 1489)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	// Storage: `Jobs::Jobs` (r:1 w:0)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	// Storage: `Models::ModelOfJob` (r:1 w:1)
	// Proof: `Models::ModelOfJob` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	// Storage: `Models::Bases` (r:1 w:0)
	// Proof: `Models::Bases` (`max_values`: None, `max_size`: Some(251), added: 2726, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Snapshots` (r:8 w:0)
	// Proof: `Datanets::Snapshots` (`max_values`: None, `max_size`: Some(12362), added: 14837, mode: `MaxEncodedLen`)
	// Storage: `Models::NextModel` (r:1 w:1)
	// Proof: `Models::NextModel` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	// Storage: `Models::Models` (r:0 w:1)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	fn publish() -> Weight {
		// Proof: measured `1169`, estimated `119686`; shortest run 61_392_000 ps.
		Weight::from_parts(66_990_000, 119686)
			.saturating_add(T::DbWeight::get().reads(12_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	// Storage: `Models::Models` (r:1 w:1)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	fn set_price() -> Weight {
		// Proof: measured `500`, estimated `3817`; shortest run 17_076_000 ps.
		Weight::from_parts(18_517_000, 3817)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Models::Models` (r:1 w:1)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	fn retire() -> Weight {
		// Proof: measured `500`, estimated `3817`; shortest run 16_795_000 ps.
		Weight::from_parts(18_187_000, 3817)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Models::Models` (r:1 w:0)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Snapshots` (r:8 w:0)
	// Proof: `Datanets::Snapshots` (`max_values`: None, `max_size`: Some(12362), added: 14837, mode: `MaxEncodedLen`)
	fn lineage() -> Weight {
		// Proof: measured `1242`, estimated `119686`; shortest run 46_269_000 ps.
		Weight::from_parts(49_314_000, 119686)
			.saturating_add(T::DbWeight::get().reads(9_u64))
	}
}

/// For tests.
impl WeightInfo for () {
	fn register_base() -> Weight {
		Weight::from_parts(13_440_000, 1489)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(2_u64))
	}
	fn publish() -> Weight {
		Weight::from_parts(66_990_000, 119686)
			.saturating_add(RocksDbWeight::get().reads(12_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
	fn set_price() -> Weight {
		Weight::from_parts(18_517_000, 3817)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn retire() -> Weight {
		Weight::from_parts(18_187_000, 3817)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn lineage() -> Weight {
		Weight::from_parts(49_314_000, 119686)
			.saturating_add(RocksDbWeight::get().reads(9_u64))
	}
}
