//! Weights of the pallet's calls.
//!
//! The values are estimates until `cargo xtask weights` replaces this file by measured ones: each
//! is a base time for the logic, plus the time to hash or copy the payload, plus the database
//! reads and writes counted in the comment above it.

use core::marker::PhantomData;
use polkadot_sdk::{
	frame_support::{
		traits::Get,
		weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
	},
	frame_system,
};

/// Weights of the pallet's calls.
pub trait WeightInfo {
	/// `create` with `c` curators.
	fn create(c: u32) -> Weight;
	/// `contribute`.
	fn contribute() -> Weight;
	/// `withdraw` with `v` votes cast.
	fn withdraw(v: u32) -> Weight;
	/// `attach_report`.
	fn attach_report() -> Weight;
	/// `review` with `v` votes cast, the last of which is final.
	fn review(v: u32) -> Weight;
	/// `snapshot` of `n` contributions.
	fn snapshot(n: u32) -> Weight;
}

const DATANET: u64 = 840;
const CONTRIBUTION: u64 = 760;
const VOTE: u64 = 610;
const ACCEPTED_LIST: u64 = 8_200;
const SNAPSHOT: u64 = 12_400;
const ROW: u64 = 2_500;

fn create(db: RuntimeDbWeight, c: u32) -> Weight {
	// Reads: NextDatanet. Writes: NextDatanet, Datanets.
	Weight::from_parts(12_000_000, ROW)
		.saturating_add(Weight::from_parts(200_000, 0).saturating_mul(c.into()))
		.saturating_add(db.reads_writes(1, 2))
}

fn contribute(db: RuntimeDbWeight) -> Weight {
	// Reads: Datanets, NextContribution, Holds, Account. Writes: those and Contributions.
	Weight::from_parts(35_000_000, ROW * 3 + DATANET).saturating_add(db.reads_writes(4, 5))
}

fn withdraw(db: RuntimeDbWeight, v: u32) -> Weight {
	// Reads: Contributions, Datanets, Holds, Account, each vote.
	// Writes: Contributions, Datanets, Holds, Account, each vote.
	let rows = u64::from(v).saturating_add(4);
	Weight::from_parts(35_000_000, ROW * 2 + DATANET + CONTRIBUTION)
		.saturating_add(Weight::from_parts(1_500_000, VOTE + ROW).saturating_mul(v.into()))
		.saturating_add(db.reads_writes(rows, rows))
}

fn attach_report(db: RuntimeDbWeight) -> Weight {
	// Reads: Contributions, Datanets, the worker registry. Writes: Contributions.
	Weight::from_parts(14_000_000, ROW + DATANET + CONTRIBUTION)
		.saturating_add(db.reads_writes(4, 1))
}

fn review(db: RuntimeDbWeight, v: u32) -> Weight {
	// Reads: Contributions, Datanets, AcceptedList, ContributorStats, Holds, two Accounts, each
	// vote. Writes: the same.
	let rows = u64::from(v).saturating_add(7);
	Weight::from_parts(60_000_000, ROW * 4 + DATANET + CONTRIBUTION + ACCEPTED_LIST)
		.saturating_add(Weight::from_parts(2_500_000, VOTE + ROW).saturating_mul(v.into()))
		.saturating_add(db.reads_writes(rows, rows))
}

fn snapshot(db: RuntimeDbWeight, n: u32) -> Weight {
	// Reads: Datanets, AcceptedList, NextSnapshot, the previous Snapshot, each contribution.
	// Writes: Datanets, NextSnapshot, Snapshots. Each entry is hashed (up to 600 bytes) and takes
	// two node hashes of the tree.
	let reads = u64::from(n).saturating_add(4);
	Weight::from_parts(25_000_000, ROW + DATANET + ACCEPTED_LIST + SNAPSHOT)
		.saturating_add(Weight::from_parts(6_000_000, CONTRIBUTION + ROW).saturating_mul(n.into()))
		.saturating_add(db.reads_writes(reads, 3))
}

/// The runtime's weights: its own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn create(c: u32) -> Weight {
		create(T::DbWeight::get(), c)
	}
	fn contribute() -> Weight {
		contribute(T::DbWeight::get())
	}
	fn withdraw(v: u32) -> Weight {
		withdraw(T::DbWeight::get(), v)
	}
	fn attach_report() -> Weight {
		attach_report(T::DbWeight::get())
	}
	fn review(v: u32) -> Weight {
		review(T::DbWeight::get(), v)
	}
	fn snapshot(n: u32) -> Weight {
		snapshot(T::DbWeight::get(), n)
	}
}

/// For tests.
impl WeightInfo for () {
	fn create(c: u32) -> Weight {
		create(RocksDbWeight::get(), c)
	}
	fn contribute() -> Weight {
		contribute(RocksDbWeight::get())
	}
	fn withdraw(v: u32) -> Weight {
		withdraw(RocksDbWeight::get(), v)
	}
	fn attach_report() -> Weight {
		attach_report(RocksDbWeight::get())
	}
	fn review(v: u32) -> Weight {
		review(RocksDbWeight::get(), v)
	}
	fn snapshot(n: u32) -> Weight {
		snapshot(RocksDbWeight::get(), n)
	}
}
