//! `weft`: the command line of contributors, curators, model builders, payers and workers.

mod args;
mod ctx;
mod demo;
mod ops;
mod records;
mod units;
mod zombienet;

use anyhow::Result;
use args::{Cli, Command};
use clap::Parser;

#[tokio::main]
async fn main() -> Result<()> {
	tracing_subscriber::fmt()
		.with_env_filter(
			tracing_subscriber::EnvFilter::try_from_env("WEFT_LOG")
				.unwrap_or_else(|_| "warn".into()),
		)
		.with_writer(std::io::stderr)
		.init();
	let cli = Cli::parse();
	match cli.command {
		Command::Datanet(c) => ops::datanet::run(&cli.common, c).await,
		Command::Train(c) => ops::train::run(&cli.common, c).await,
		Command::Model(c) => ops::model::run(&cli.common, c).await,
		Command::Chat(c) => ops::chat::run(&cli.common, c).await,
		Command::Channel(c) => ops::money::channel(&cli.common, c).await,
		Command::Earnings(c) => ops::money::earnings(&cli.common, c).await,
		Command::Claim(c) => ops::money::claim(&cli.common, c).await,
		Command::Worker(c) => ops::worker::run(&cli.common, c).await,
		Command::Doctor => ops::doctor::run(&cli.common).await,
		Command::Demo(c) => demo::run(&cli.common, c).await,
		Command::Zombienet(c) => zombienet::run(c).await,
	}
}
