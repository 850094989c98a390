//! Weights of the calls of `pallet_jobs`, measured. Made by `cargo xtask weights`; do not edit.
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
	/// `submit`.
	fn submit() -> Weight;
	/// `claim`.
	fn claim() -> Weight;
	/// `progress`.
	fn progress() -> Weight;
	/// `report`.
	fn report() -> Weight;
	/// `settle`.
	fn settle() -> Weight;
	/// `cancel`.
	fn cancel() -> Weight;
	/// `poke`.
	fn poke() -> Weight;
	/// `on_idle_base`.
	fn on_idle_base() -> Weight;
	/// `on_idle_block`.
	fn on_idle_block() -> Weight;
	/// `serve`.
	fn serve() -> Weight;
}

/// The runtime's weights: its own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Storage: `Jobs::OpenJobs` (r:1 w:1)
	// Proof: `Jobs::OpenJobs` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	// Storage: `Models::Bases` (r:1 w:0)
	// Proof: `Models::Bases` (`max_values`: None, `max_size`: Some(251), added: 2726, mode: `MaxEncodedLen`)
	// Storage: `Datanets::Snapshots` (r:8 w:0)
	// Proof: `Datanets::Snapshots` (`max_values`: None, `max_size`: Some(12362), added: 14837, mode: `MaxEncodedLen`)
	// Storage: `Jobs::NextJob` (r:1 w:1)
	// Proof: `Jobs::NextJob` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:1 w:1)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `Jobs::NextDeadline` (r:1 w:1)
	// Proof: `Jobs::NextDeadline` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Deadlines` (r:1 w:1)
	// Proof: `Jobs::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Jobs` (r:0 w:1)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	fn submit() -> Weight {
		// Proof: measured `983`, estimated `119686`; shortest run 129_974_000 ps.
		Weight::from_parts(138_507_000, 119686)
			.saturating_add(T::DbWeight::get().reads(15_u64))
			.saturating_add(T::DbWeight::get().writes(7_u64))
	}
	// Storage: `Workers::OwnerOfHot` (r:1 w:0)
	// Proof: `Workers::OwnerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Deadlines` (r:2 w:2)
	// Proof: `Jobs::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	// Storage: `Jobs::NextDeadline` (r:1 w:0)
	// Proof: `Jobs::NextDeadline` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn claim() -> Weight {
		// Proof: measured `1253`, estimated `6992`; shortest run 51_297_000 ps.
		Weight::from_parts(58_237_000, 6992)
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	// Storage: `Workers::OwnerOfHot` (r:1 w:0)
	// Proof: `Workers::OwnerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	fn progress() -> Weight {
		// Proof: measured `649`, estimated `3835`; shortest run 27_411_000 ps.
		Weight::from_parts(29_514_000, 3835)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	// Storage: `Workers::OwnerOfHot` (r:1 w:0)
	// Proof: `Workers::OwnerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	// Storage: `Workers::Workers` (r:1 w:1)
	// Proof: `Workers::Workers` (`max_values`: None, `max_size`: Some(446), added: 2921, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Deadlines` (r:2 w:2)
	// Proof: `Jobs::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	// Storage: `Jobs::NextDeadline` (r:1 w:0)
	// Proof: `Jobs::NextDeadline` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn report() -> Weight {
		// Proof: measured `1397`, estimated `6992`; shortest run 52_879_000 ps.
		Weight::from_parts(56_885_000, 6992)
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Deadlines` (r:2 w:2)
	// Proof: `Jobs::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:4 w:4)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:2 w:2)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `Models::Models` (r:1 w:0)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	// Storage: `Models::Bases` (r:1 w:0)
	// Proof: `Models::Bases` (`max_values`: None, `max_size`: Some(251), added: 2726, mode: `MaxEncodedLen`)
	// Storage: `Attribution::Ledgers` (r:1 w:1)
	// Proof: `Attribution::Ledgers` (`max_values`: None, `max_size`: Some(770), added: 3245, mode: `MaxEncodedLen`)
	// Storage: `Jobs::OpenJobs` (r:1 w:1)
	// Proof: `Jobs::OpenJobs` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	// Storage: `Jobs::NextDeadline` (r:1 w:0)
	// Proof: `Jobs::NextDeadline` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn settle() -> Weight {
		// Proof: measured `2636`, estimated `11402`; shortest run 422_561_000 ps.
		Weight::from_parts(452_496_000, 11402)
			.saturating_add(T::DbWeight::get().reads(14_u64))
			.saturating_add(T::DbWeight::get().writes(11_u64))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Deadlines` (r:1 w:1)
	// Proof: `Jobs::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:1 w:1)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `Jobs::OpenJobs` (r:1 w:1)
	// Proof: `Jobs::OpenJobs` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	fn cancel() -> Weight {
		// Proof: measured `1191`, estimated `3991`; shortest run 87_360_000 ps.
		Weight::from_parts(92_919_000, 3991)
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Deadlines` (r:2 w:2)
	// Proof: `Jobs::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:2 w:2)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:4 w:4)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Models::Models` (r:1 w:0)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	// Storage: `Models::Bases` (r:1 w:0)
	// Proof: `Models::Bases` (`max_values`: None, `max_size`: Some(251), added: 2726, mode: `MaxEncodedLen`)
	// Storage: `Attribution::Ledgers` (r:1 w:1)
	// Proof: `Attribution::Ledgers` (`max_values`: None, `max_size`: Some(770), added: 3245, mode: `MaxEncodedLen`)
	// Storage: `Jobs::OpenJobs` (r:1 w:1)
	// Proof: `Jobs::OpenJobs` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	// Storage: `Jobs::NextDeadline` (r:1 w:0)
	// Proof: `Jobs::NextDeadline` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn poke() -> Weight {
		// Proof: measured `3160`, estimated `11402`; shortest run 496_250_000 ps.
		Weight::from_parts(521_868_000, 11402)
			.saturating_add(T::DbWeight::get().reads(14_u64))
			.saturating_add(T::DbWeight::get().writes(11_u64))
	}
	// Storage: `Jobs::NextDeadline` (r:1 w:0)
	// Proof: `Jobs::NextDeadline` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	fn on_idle_base() -> Weight {
		// Proof: measured `141`, estimated `1489`; shortest run 5_358_000 ps.
		Weight::from_parts(5_868_000, 1489)
			.saturating_add(T::DbWeight::get().reads(1_u64))
	}
	// Storage: `Jobs::NextDeadline` (r:1 w:1)
	// Proof: `Jobs::NextDeadline` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Deadlines` (r:1 w:0)
	// Proof: `Jobs::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	fn on_idle_block() -> Weight {
		// Proof: measured `141`, estimated `3991`; shortest run 8_002_000 ps.
		Weight::from_parts(8_763_000, 3991)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Jobs::NextDeadline` (r:1 w:1)
	// Proof: `Jobs::NextDeadline` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Deadlines` (r:2 w:2)
	// Proof: `Jobs::Deadlines` (`max_values`: None, `max_size`: Some(526), added: 3001, mode: `MaxEncodedLen`)
	// Storage: `Jobs::Jobs` (r:1 w:1)
	// Proof: `Jobs::Jobs` (`max_values`: None, `max_size`: Some(370), added: 2845, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:4 w:4)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:2 w:2)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `Models::Models` (r:1 w:0)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	// Storage: `Models::Bases` (r:1 w:0)
	// Proof: `Models::Bases` (`max_values`: None, `max_size`: Some(251), added: 2726, mode: `MaxEncodedLen`)
	// Storage: `Attribution::Ledgers` (r:1 w:1)
	// Proof: `Attribution::Ledgers` (`max_values`: None, `max_size`: Some(770), added: 3245, mode: `MaxEncodedLen`)
	// Storage: `Jobs::OpenJobs` (r:1 w:1)
	// Proof: `Jobs::OpenJobs` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	fn serve() -> Weight {
		// Proof: measured `2655`, estimated `11402`; shortest run 407_798_000 ps.
		Weight::from_parts(454_989_000, 11402)
			.saturating_add(T::DbWeight::get().reads(14_u64))
			.saturating_add(T::DbWeight::get().writes(12_u64))
	}
}

/// For tests.
impl WeightInfo for () {
	fn submit() -> Weight {
		Weight::from_parts(138_507_000, 119686)
			.saturating_add(RocksDbWeight::get().reads(15_u64))
			.saturating_add(RocksDbWeight::get().writes(7_u64))
	}
	fn claim() -> Weight {
		Weight::from_parts(58_237_000, 6992)
			.saturating_add(RocksDbWeight::get().reads(6_u64))
			.saturating_add(RocksDbWeight::get().writes(4_u64))
	}
	fn progress() -> Weight {
		Weight::from_parts(29_514_000, 3835)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn report() -> Weight {
		Weight::from_parts(56_885_000, 6992)
			.saturating_add(RocksDbWeight::get().reads(6_u64))
			.saturating_add(RocksDbWeight::get().writes(4_u64))
	}
	fn settle() -> Weight {
		Weight::from_parts(452_496_000, 11402)
			.saturating_add(RocksDbWeight::get().reads(14_u64))
			.saturating_add(RocksDbWeight::get().writes(11_u64))
	}
	fn cancel() -> Weight {
		Weight::from_parts(92_919_000, 3991)
			.saturating_add(RocksDbWeight::get().reads(5_u64))
			.saturating_add(RocksDbWeight::get().writes(5_u64))
	}
	fn poke() -> Weight {
		Weight::from_parts(521_868_000, 11402)
			.saturating_add(RocksDbWeight::get().reads(14_u64))
			.saturating_add(RocksDbWeight::get().writes(11_u64))
	}
	fn on_idle_base() -> Weight {
		Weight::from_parts(5_868_000, 1489)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
	}
	fn on_idle_block() -> Weight {
		Weight::from_parts(8_763_000, 3991)
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn serve() -> Weight {
		Weight::from_parts(454_989_000, 11402)
			.saturating_add(RocksDbWeight::get().reads(14_u64))
			.saturating_add(RocksDbWeight::get().writes(12_u64))
	}
}
