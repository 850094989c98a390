//! Weights of the calls of `pallet_datanets`, measured. Made by `cargo xtask weights`; do not edit.
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
	/// `create`, `c` from 1 to 16.
	fn create(c: u32, ) -> Weight;
	/// `contribute`.
	fn contribute() -> Weight;
	/// `withdraw`, `v` from 0 to 15.
	fn withdraw(v: u32, ) -> Weight;
	/// `attach_report`.
	fn attach_report() -> Weight;
	/// `review`, `v` from 1 to 16.
	fn review(v: u32, ) -> Weight;
	/// `snapshot`, `n` from 1 to 1024.
	fn snapshot(n: u32, ) -> Weight;
}

/// The runtime's weights: its own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Storage: `Datanets::NextDatanet` (r:1 w:1)
	// Proof: `Datanets::NextDatanet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Datanets` (r:0 w:1)
	// Proof: `Datanets::Datanets` (`max_values`: None, `max_size`: Some(758), added: 3233, mode: `MaxEncodedLen`)
	fn create(c: u32, ) -> Weight {
		// Proof: measured `76`, estimated `1489`; shortest run 13_831_000 ps.
		Weight::from_parts(15_296_365, 1489)
			.saturating_add(Weight::from_parts(48_001, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	// Storage: `Datanets::Datanets` (r:1 w:1)
	// Proof: `Datanets::Datanets` (`max_values`: None, `max_size`: Some(758), added: 3233, mode: `MaxEncodedLen`)
	// Storage: `Datanets::NextContribution` (r:1 w:1)
	// Proof: `Datanets::NextContribution` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:1 w:1)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Contributions` (r:0 w:1)
	// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(705), added: 3180, mode: `MaxEncodedLen`)
	fn contribute() -> Weight {
		// Proof: measured `1021`, estimated `4223`; shortest run 86_379_000 ps.
		Weight::from_parts(90_735_000, 4223)
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
	// Storage: `Datanets::Contributions` (r:1 w:1)
	// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(705), added: 3180, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Votes` (r:16 w:15)
	// Proof: `Datanets::Votes` (`max_values`: None, `max_size`: Some(589), added: 3064, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Datanets` (r:1 w:1)
	// Proof: `Datanets::Datanets` (`max_values`: None, `max_size`: Some(758), added: 3233, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:1 w:1)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn withdraw(v: u32, ) -> Weight {
		// Proof: measured `1862 + v * 86`, estimated `4223 + v * 3064`; shortest run 91_216_000 ps.
		Weight::from_parts(96_937_283, 4223)
			.saturating_add(Weight::from_parts(6_479_717, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(4_u64))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(v.into())))
			.saturating_add(Weight::from_parts(0, 3064).saturating_mul(v.into()))
	}
	// Storage: `Datanets::Contributions` (r:1 w:1)
	// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(705), added: 3180, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Datanets` (r:1 w:0)
	// Proof: `Datanets::Datanets` (`max_values`: None, `max_size`: Some(758), added: 3233, mode: `MaxEncodedLen`)
	fn attach_report() -> Weight {
		// Proof: measured `1096`, estimated `4223`; shortest run 23_285_000 ps.
		Weight::from_parts(25_117_000, 4223)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Datanets::Contributions` (r:1 w:1)
	// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(705), added: 3180, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Datanets` (r:1 w:1)
	// Proof: `Datanets::Datanets` (`max_values`: None, `max_size`: Some(758), added: 3233, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Votes` (r:17 w:16)
	// Proof: `Datanets::Votes` (`max_values`: None, `max_size`: Some(589), added: 3064, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:2 w:2)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Datanets::ContributorStats` (r:1 w:1)
	// Proof: `Datanets::ContributorStats` (`max_values`: None, `max_size`: Some(100), added: 2575, mode: `MaxEncodedLen`)
	// Storage: `Datanets::AcceptedList` (r:1 w:1)
	// Proof: `Datanets::AcceptedList` (`max_values`: None, `max_size`: Some(8214), added: 10689, mode: `MaxEncodedLen`)
	fn review(v: u32, ) -> Weight {
		// Proof: measured `1505 + v * 117`, estimated `11679 + v * 3064`; shortest run 180_920_000 ps.
		Weight::from_parts(184_463_202, 11679)
			.saturating_add(Weight::from_parts(7_027_188, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(8_u64))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(7_u64))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(v.into())))
			.saturating_add(Weight::from_parts(0, 3064).saturating_mul(v.into()))
	}
	// Storage: `Datanets::Datanets` (r:1 w:1)
	// Proof: `Datanets::Datanets` (`max_values`: None, `max_size`: Some(758), added: 3233, mode: `MaxEncodedLen`)
	// Storage: `Datanets::AcceptedList` (r:1 w:0)
	// Proof: `Datanets::AcceptedList` (`max_values`: None, `max_size`: Some(8214), added: 10689, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Contributions` (r:1024 w:0)
	// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(705), added: 3180, mode: `MaxEncodedLen`)
	// Storage: `Datanets::NextSnapshot` (r:1 w:1)
	// Proof: `Datanets::NextSnapshot` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Snapshots` (r:0 w:1)
	// Proof: `Datanets::Snapshots` (`max_values`: None, `max_size`: Some(12362), added: 14837, mode: `MaxEncodedLen`)
	fn snapshot(n: u32, ) -> Weight {
		// Proof: measured `1156 + n * 68`, estimated `11679 + n * 3180`; shortest run 41_432_000 ps.
		Weight::from_parts(42_273_000, 11679)
			.saturating_add(Weight::from_parts(12_732_862, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(3_u64))
			.saturating_add(Weight::from_parts(0, 3180).saturating_mul(n.into()))
	}
}

/// For tests.
impl WeightInfo for () {
	fn create(c: u32, ) -> Weight {
		Weight::from_parts(15_296_365, 1489)
			.saturating_add(Weight::from_parts(48_001, 0).saturating_mul(c.into()))
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(2_u64))
	}
	fn contribute() -> Weight {
		Weight::from_parts(90_735_000, 4223)
			.saturating_add(RocksDbWeight::get().reads(4_u64))
			.saturating_add(RocksDbWeight::get().writes(5_u64))
	}
	fn withdraw(v: u32, ) -> Weight {
		Weight::from_parts(96_937_283, 4223)
			.saturating_add(Weight::from_parts(6_479_717, 0).saturating_mul(v.into()))
			.saturating_add(RocksDbWeight::get().reads(5_u64))
			.saturating_add(RocksDbWeight::get().reads((1_u64).saturating_mul(v.into())))
			.saturating_add(RocksDbWeight::get().writes(4_u64))
			.saturating_add(RocksDbWeight::get().writes((1_u64).saturating_mul(v.into())))
			.saturating_add(Weight::from_parts(0, 3064).saturating_mul(v.into()))
	}
	fn attach_report() -> Weight {
		Weight::from_parts(25_117_000, 4223)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn review(v: u32, ) -> Weight {
		Weight::from_parts(184_463_202, 11679)
			.saturating_add(Weight::from_parts(7_027_188, 0).saturating_mul(v.into()))
			.saturating_add(RocksDbWeight::get().reads(8_u64))
			.saturating_add(RocksDbWeight::get().reads((1_u64).saturating_mul(v.into())))
			.saturating_add(RocksDbWeight::get().writes(7_u64))
			.saturating_add(RocksDbWeight::get().writes((1_u64).saturating_mul(v.into())))
			.saturating_add(Weight::from_parts(0, 3064).saturating_mul(v.into()))
	}
	fn snapshot(n: u32, ) -> Weight {
		Weight::from_parts(42_273_000, 11679)
			.saturating_add(Weight::from_parts(12_732_862, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().reads((1_u64).saturating_mul(n.into())))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
			.saturating_add(Weight::from_parts(0, 3180).saturating_mul(n.into()))
	}
}
