//! `cargo xtask`: everything a newcomer or CI runs. `cargo xtask --help` lists it.

mod bench;
mod checks;
mod clients;
mod data;
mod network;
mod paths;
mod setup;
mod zombienet;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set-up, demo, network, tests of Weft")]
struct Cli {
	#[command(subcommand)]
	command: Command,
}

#[derive(Subcommand)]
enum Command {
	/// Install what the build needs (says what and why; does nothing the second time)
	Setup,
	/// Set-up, build, then the main job on a live chain: contribute, curate, train, serve, attribute, settle, claim
	Demo {
		/// A folder with foldoc.jsonl, jargon.jsonl, elements.jsonl, bad.jsonl and probes.json instead of Debian's packages
		#[arg(long, env = "WEFT_DEMO_DATA")]
		data: Option<PathBuf>,
		/// Start from an empty chain, store and index
		#[arg(long)]
		fresh: bool,
		/// Kill node, worker and gateway once each in the middle, and show that nothing is lost
		#[arg(long)]
		chaos: bool,
	},
	/// The same network, kept running, with its addresses printed
	Up {
		/// Start from an empty chain, store and index
		#[arg(long)]
		fresh: bool,
	},
	/// Every test
	Test,
	/// Three validators and a fourth: finality, a contribution seen on every node, one validator killed
	Zombienet,
	/// Run unchanged clients (OpenAI for Python and Node, Hardhat, viem) against a running network
	Clients,
	/// Write chain-specs/ and workers/chain/metadata.scale from the node, or compare with --check
	Specs {
		/// Only compare
		#[arg(long)]
		check: bool,
	},
	/// Write the demo's data and print where
	Data,
	/// cargo deny: licences, sources, duplicates of the dependencies
	Deny,
	/// Measure the weights of every pallet with the runtime's benchmarks and write them into the pallets
	Weights,
	/// Measure the engine (training, prefill, decode, eight streams on eight adapters) beside peft and llama.cpp
	Bench {
		/// Only the engine: no Python environment is made
		#[arg(long)]
		no_peers: bool,
	},
	/// Train a small adapter and fail unless Python's peft computes the engine's logits with it
	Peft,
}

fn main() -> Result<()> {
	let paths = paths::Paths::find()?;
	match Cli::parse().command {
		Command::Setup => setup::all(&paths),
		Command::Demo { data, fresh, chaos } => network::demo(&paths, data, fresh, chaos),
		Command::Up { fresh } => network::up(&paths, fresh),
		Command::Test => checks::test(&paths),
		Command::Zombienet => zombienet::run(&paths),
		Command::Clients => clients::run(&paths),
		Command::Specs { check } => checks::specs(&paths, check),
		Command::Data => {
			println!("{}", data::prepare(&paths.home)?.display());
			Ok(())
		}
		Command::Deny => checks::deny(&paths),
		Command::Weights => checks::weights(&paths),
		Command::Bench { no_peers } => bench::bench(&paths, no_peers),
		Command::Peft => bench::peft(&paths),
	}
}
