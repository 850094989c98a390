//! The command line.

use polkadot_sdk::sc_cli;
use std::path::PathBuf;

/// What the node is asked to do.
#[derive(Debug, clap::Parser)]
pub struct Cli {
	/// A command other than running the node.
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	/// How to run the node.
	#[command(flatten)]
	pub run: sc_cli::RunCmd,

	/// The Ethereum JSON-RPC.
	#[command(flatten)]
	pub eth: EthArgs,
}

/// Options of the Ethereum JSON-RPC.
#[derive(Debug, Clone, clap::Args)]
pub struct EthArgs {
	/// The port of the Ethereum JSON-RPC (HTTP and WebSocket); 0 switches it off.
	#[arg(long, value_name = "PORT", default_value_t = 8545)]
	pub eth_rpc_port: u16,

	/// Listen on all interfaces rather than on the local one.
	#[arg(long)]
	pub eth_rpc_external: bool,

	/// Web pages that may call the Ethereum JSON-RPC: origins separated by commas, or `all`.
	/// The default is `all` with `--dev` and local pages otherwise.
	#[arg(long, value_name = "ORIGINS")]
	pub eth_rpc_cors: Option<String>,
}

impl EthArgs {
	/// The origins that are allowed; `None` allows every one.
	pub fn cors(&self, is_dev: bool) -> Option<Vec<String>> {
		match self.eth_rpc_cors.as_deref() {
			Some("all") => None,
			Some(list) => Some(
				list.split(',')
					.map(|origin| origin.trim().to_owned())
					.filter(|origin| !origin.is_empty())
					.collect(),
			),
			None if is_dev => None,
			None => Some(
				["http://localhost:*", "http://127.0.0.1:*", "https://localhost:*"]
					.map(String::from)
					.to_vec(),
			),
		}
	}
}

/// Commands other than running the node.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
	/// Make, inspect and insert keys.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Write a chain specification.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Write a chain specification (the older command, which names a boot node as well).
	BuildSpec(sc_cli::BuildSpecCmd),

	/// Write the runtime's metadata: what clients generate their types from.
	ExportMetadata(ExportMetadataCmd),

	/// Execute a stored block again.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Write the state of a block as a chain specification.
	ExportState(sc_cli::ExportStateCmd),

	/// Read blocks from a file.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Delete the chain's database.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Take the chain back by some blocks.
	Revert(sc_cli::RevertCmd),

	/// Say what the database holds.
	ChainInfo(sc_cli::ChainInfoCmd),

	/// Measure the weights of calls, blocks and the machine.
	#[command(subcommand)]
	Benchmark(polkadot_sdk::frame_benchmarking_cli::BenchmarkCmd),
}

/// Write the runtime's metadata.
#[derive(Debug, Clone, clap::Args)]
pub struct ExportMetadataCmd {
	/// The version of the metadata's format.
	#[arg(long, value_name = "VERSION", default_value_t = 16)]
	pub version: u32,

	/// Where to; the standard output otherwise.
	#[arg(long, value_name = "FILE")]
	pub out: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::Parser;

	fn eth(args: &[&str]) -> EthArgs {
		let args = ["weft-node"].iter().chain(args);
		Cli::try_parse_from(args).expect("the arguments are right").eth
	}

	#[test]
	fn the_ethereum_rpc_listens_locally_on_8545_unless_told_otherwise() {
		let args = eth(&[]);
		assert_eq!(args.eth_rpc_port, 8545);
		assert!(!args.eth_rpc_external);
		assert_eq!(eth(&["--eth-rpc-port", "0"]).eth_rpc_port, 0);
	}

	#[test]
	fn every_origin_is_allowed_in_development_only() {
		assert_eq!(eth(&[]).cors(true), None);
		assert!(eth(&[]).cors(false).is_some_and(|origins| !origins.is_empty()));
		assert_eq!(eth(&["--eth-rpc-cors", "all"]).cors(false), None);
		assert_eq!(
			eth(&["--eth-rpc-cors", "https://a.example, https://b.example"]).cors(true),
			Some(vec!["https://a.example".into(), "https://b.example".into()])
		);
	}
}
