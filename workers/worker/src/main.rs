//! `weft-worker`: trains, serves, attributes and settles.
//!
//! One task submits extrinsics; the others follow finalised blocks. Nothing that matters is only in memory: jobs and
//! money are on the chain, charged answers in the journal, training in checkpoints.

mod attributor;
mod billing;
mod config;
mod daemon;
mod influence;
mod jobs;
mod journal;
mod metrics;
mod quality;
mod settle;
mod snapshot;
mod train;

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
	tracing_subscriber::fmt()
		.with_env_filter(
			tracing_subscriber::EnvFilter::try_from_env("WEFT_LOG")
				.unwrap_or_else(|_| "info,subxt=warn,jsonrpsee=warn".into()),
		)
		.init();
	match config::Cli::parse().command {
		config::Command::Run(run) => daemon::run(*run).await,
	}
}
