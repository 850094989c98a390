//! The Weft node: validator, full node, and Ethereum JSON-RPC in one binary.

mod chain_spec;
mod cli;
mod command;
mod eth;
mod metadata;
mod rpc;
mod service;

fn main() -> polkadot_sdk::sc_cli::Result<()> {
	command::run()
}
