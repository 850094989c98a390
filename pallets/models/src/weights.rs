//! Weights of the pallet's calls.
//!
//! The values are estimates until `cargo xtask weights` replaces this file by measured ones: each
//! is a base time for the logic and the payload, plus the database reads and writes counted in the
//! comment above it.

use core::marker::PhantomData;
use polkadot_sdk::{
	frame_support::{
		traits::Get,
		weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
	},
	frame_system,
};

/// Weights of the pallet's calls and of its view of lineage.
pub trait WeightInfo {
	/// `register_base`.
	fn register_base() -> Weight;
	/// `publish`.
	fn publish() -> Weight;
	/// `set_price`.
	fn set_price() -> Weight;
	/// `retire`.
	fn retire() -> Weight;
	/// `lineage`, which contracts reach through a precompile.
	fn lineage() -> Weight;
}

const ROW: u64 = 2_500;
const MODEL: u64 = 400;
const JOB: u64 = 400;
const SNAPSHOT: u64 = 12_400;

fn register_base(db: RuntimeDbWeight) -> Weight {
	// Reads: NextBase. Writes: NextBase, Bases.
	Weight::from_parts(12_000_000, ROW).saturating_add(db.reads_writes(1, 2))
}

fn publish(db: RuntimeDbWeight) -> Weight {
	// Reads: the job, ModelOfJob, Bases, NextModel. Writes: NextModel, ModelOfJob, Models.
	Weight::from_parts(22_000_000, ROW * 4 + MODEL + JOB).saturating_add(db.reads_writes(4, 3))
}

fn set_price(db: RuntimeDbWeight) -> Weight {
	// Reads and writes: Models.
	Weight::from_parts(14_000_000, ROW + MODEL).saturating_add(db.reads_writes(1, 1))
}

fn retire(db: RuntimeDbWeight) -> Weight {
	// Reads and writes: Models.
	Weight::from_parts(14_000_000, ROW + MODEL).saturating_add(db.reads_writes(1, 1))
}

fn lineage(db: RuntimeDbWeight) -> Weight {
	// Reads: Models, up to eight snapshots of up to 12 KiB.
	Weight::from_parts(90_000_000, ROW * 9 + MODEL + SNAPSHOT * 8).saturating_add(db.reads(9))
}

/// The runtime's weights: its own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn register_base() -> Weight {
		register_base(T::DbWeight::get())
	}
	fn publish() -> Weight {
		publish(T::DbWeight::get())
	}
	fn set_price() -> Weight {
		set_price(T::DbWeight::get())
	}
	fn retire() -> Weight {
		retire(T::DbWeight::get())
	}
	fn lineage() -> Weight {
		lineage(T::DbWeight::get())
	}
}

/// For tests.
impl WeightInfo for () {
	fn register_base() -> Weight {
		register_base(RocksDbWeight::get())
	}
	fn publish() -> Weight {
		publish(RocksDbWeight::get())
	}
	fn set_price() -> Weight {
		set_price(RocksDbWeight::get())
	}
	fn retire() -> Weight {
		retire(RocksDbWeight::get())
	}
	fn lineage() -> Weight {
		lineage(RocksDbWeight::get())
	}
}
