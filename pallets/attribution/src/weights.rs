//! Weights of the calls of `pallet_attribution`, measured. Made by `cargo xtask weights`; do not edit.
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
	/// `deposit`.
	fn deposit() -> Weight;
	/// `close`.
	fn close() -> Weight;
	/// `withdraw`.
	fn withdraw() -> Weight;
	/// `settle`, `n` from 1 to 64.
	fn settle(n: u32, ) -> Weight;
	/// `claim`, `n` from 0 to 12.
	fn claim(n: u32, ) -> Weight;
	/// `reject_root`.
	fn reject_root() -> Weight;
}

/// The runtime's weights: its own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	// Storage: `Models::Models` (r:1 w:0)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	// Storage: `Models::Bases` (r:1 w:0)
	// Proof: `Models::Bases` (`max_values`: None, `max_size`: Some(251), added: 2726, mode: `MaxEncodedLen`)
	// Storage: `Attribution::Channels` (r:1 w:1)
	// Proof: `Attribution::Channels` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:1 w:1)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn deposit() -> Weight {
		// Proof: measured `795`, estimated `3817`; shortest run 92_979_000 ps.
		Weight::from_parts(99_578_000, 3817)
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	// Storage: `Attribution::Channels` (r:1 w:1)
	// Proof: `Attribution::Channels` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	fn close() -> Weight {
		// Proof: measured `186`, estimated `3622`; shortest run 19_980_000 ps.
		Weight::from_parts(21_713_000, 3622)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	// Storage: `Attribution::Channels` (r:1 w:1)
	// Proof: `Attribution::Channels` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:1 w:1)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn withdraw() -> Weight {
		// Proof: measured `423`, estimated `3676`; shortest run 72_689_000 ps.
		Weight::from_parts(79_017_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	// Storage: `Workers::OwnerOfHot` (r:1 w:0)
	// Proof: `Workers::OwnerOfHot` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	// Storage: `Attribution::Ledgers` (r:1 w:1)
	// Proof: `Attribution::Ledgers` (`max_values`: None, `max_size`: Some(770), added: 3245, mode: `MaxEncodedLen`)
	// Storage: `System::BlockHash` (r:1 w:0)
	// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	// Storage: `Attribution::Channels` (r:64 w:64)
	// Proof: `Attribution::Channels` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
	// Storage: `Models::Models` (r:1 w:0)
	// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(352), added: 2827, mode: `MaxEncodedLen`)
	// Storage: `Models::Bases` (r:1 w:0)
	// Proof: `Models::Bases` (`max_values`: None, `max_size`: Some(251), added: 2726, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:68 w:68)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:65 w:65)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	fn settle(n: u32, ) -> Weight {
		// Proof: measured `2623 + n * 317`, estimated `11402 + n * 2686`; shortest run 488_469_000 ps.
		Weight::from_parts(60_805_051, 11402)
			.saturating_add(Weight::from_parts(427_399_740, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(10_u64))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(6_u64))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(n.into()))
	}
	// Storage: `Attribution::Ledgers` (r:1 w:1)
	// Proof: `Attribution::Ledgers` (`max_values`: None, `max_size`: Some(770), added: 3245, mode: `MaxEncodedLen`)
	// Storage: `Attribution::ClaimedOf` (r:1 w:1)
	// Proof: `Attribution::ClaimedOf` (`max_values`: None, `max_size`: Some(112), added: 2587, mode: `MaxEncodedLen`)
	// Storage: `System::Account` (r:2 w:2)
	// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	// Storage: `Balances::Holds` (r:1 w:1)
	// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(211), added: 2686, mode: `MaxEncodedLen`)
	// Storage: `Revive::OriginalAccount` (r:1 w:1)
	// Proof: `Revive::OriginalAccount` (`max_values`: None, `max_size`: Some(52), added: 2527, mode: `MaxEncodedLen`)
	fn claim(n: u32, ) -> Weight {
		// Proof: measured `1192`, estimated `6196`; shortest run 119_779_000 ps.
		Weight::from_parts(120_431_103, 6196)
			.saturating_add(Weight::from_parts(4_531_264, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().writes(6_u64))
	}
	// Storage: `Attribution::Ledgers` (r:1 w:1)
	// Proof: `Attribution::Ledgers` (`max_values`: None, `max_size`: Some(770), added: 3245, mode: `MaxEncodedLen`)
	fn reject_root() -> Weight {
		// Proof: measured `714`, estimated `4235`; shortest run 27_070_000 ps.
		Weight::from_parts(40_761_000, 4235)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
}

/// For tests.
impl WeightInfo for () {
	fn deposit() -> Weight {
		Weight::from_parts(99_578_000, 3817)
			.saturating_add(RocksDbWeight::get().reads(5_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
	fn close() -> Weight {
		Weight::from_parts(21_713_000, 3622)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn withdraw() -> Weight {
		Weight::from_parts(79_017_000, 3676)
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
	fn settle(n: u32, ) -> Weight {
		Weight::from_parts(60_805_051, 11402)
			.saturating_add(Weight::from_parts(427_399_740, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(10_u64))
			.saturating_add(RocksDbWeight::get().reads((3_u64).saturating_mul(n.into())))
			.saturating_add(RocksDbWeight::get().writes(6_u64))
			.saturating_add(RocksDbWeight::get().writes((3_u64).saturating_mul(n.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(n.into()))
	}
	fn claim(n: u32, ) -> Weight {
		Weight::from_parts(120_431_103, 6196)
			.saturating_add(Weight::from_parts(4_531_264, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(6_u64))
			.saturating_add(RocksDbWeight::get().writes(6_u64))
	}
	fn reject_root() -> Weight {
		Weight::from_parts(40_761_000, 4235)
			.saturating_add(RocksDbWeight::get().reads(1_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
}
