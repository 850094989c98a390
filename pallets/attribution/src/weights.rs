//! Weights of the calls.
//!
//! The numbers are estimates from the storage that each call touches; `cargo xtask weights`
//! regenerates this file from the benchmarks.

use core::marker::PhantomData;
#[cfg(test)]
use polkadot_sdk::frame_support::weights::constants::RocksDbWeight;
use polkadot_sdk::{
	frame_support::{traits::Get, weights::Weight},
	frame_system,
};

/// Weights of the calls.
pub trait WeightInfo {
	/// Of `deposit`.
	fn deposit() -> Weight;
	/// Of `close`.
	fn close() -> Weight;
	/// Of `withdraw`.
	fn withdraw() -> Weight;
	/// Of `settle` with `n` vouchers.
	fn settle(n: u32) -> Weight;
	/// Of `claim` with a proof of `n` siblings.
	fn claim(n: u32) -> Weight;
	/// Of `reject_root`.
	fn reject_root() -> Weight;
}

/// Weights for a runtime with the database of `T`.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Reads the channel, the model, its base, the payer's account and holds.
	fn deposit() -> Weight {
		Weight::from_parts(45_000_000, 4_200)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Reads and writes the channel.
	fn close() -> Weight {
		Weight::from_parts(20_000_000, 3_700)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Reads and writes the channel, the payer's account and holds.
	fn withdraw() -> Weight {
		Weight::from_parts(45_000_000, 4_200)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// Once: the hot key, the genesis hash, the ledger, the pallet's account and holds, the
	/// treasury's and the worker's account. Per voucher: a signature, the channel, the model, its
	/// base, the payer's account and holds, the accounts of base owner and developer.
	fn settle(n: u32) -> Weight {
		Weight::from_parts(40_000_000, 5_600)
			.saturating_add(Weight::from_parts(290_000_000, 14_000).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().reads(7_u64.saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().writes(5_u64.saturating_mul(n.into())))
	}
	/// Reads and writes the ledger, the claim, the pallet's account and holds, the receiver's
	/// account.
	fn claim(n: u32) -> Weight {
		Weight::from_parts(70_000_000, 7_000)
			.saturating_add(Weight::from_parts(1_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// Reads and writes the ledger.
	fn reject_root() -> Weight {
		Weight::from_parts(25_000_000, 4_300)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}

/// Weights for tests.
#[cfg(test)]
impl WeightInfo for () {
	fn deposit() -> Weight {
		RocksDbWeight::get().reads_writes(5, 3)
	}
	fn close() -> Weight {
		RocksDbWeight::get().reads_writes(1, 1)
	}
	fn withdraw() -> Weight {
		RocksDbWeight::get().reads_writes(3, 3)
	}
	fn settle(n: u32) -> Weight {
		RocksDbWeight::get().reads_writes(7, 5).saturating_mul(u64::from(n) + 1)
	}
	fn claim(n: u32) -> Weight {
		RocksDbWeight::get().reads_writes(5, 5).saturating_add(Weight::from_parts(n.into(), 0))
	}
	fn reject_root() -> Weight {
		RocksDbWeight::get().reads_writes(1, 1)
	}
}
