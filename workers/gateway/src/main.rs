//! `weft-gateway`: one address in front of the workers, the blobs and the chain.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tracing_subscriber::EnvFilter;
use weft_chain::Client;
use weft_gateway::{index, openapi, router, ChainSource, Gateway, GatewayOptions, Index};

/// REST, OpenAI API, blobs and the index of the chain. It signs nothing and holds no money.
#[derive(Parser)]
#[command(name = "weft-gateway", version, about)]
struct Cli {
	#[command(subcommand)]
	command: Option<Command>,
	#[command(flatten)]
	run: Run,
	#[command(flatten)]
	common: Common,
}

#[derive(Subcommand)]
enum Command {
	/// Build the index from the first block on (stop the gateway before). The node must keep old state
	/// (`--state-pruning archive`).
	Reindex {
		/// Build it beside the present one, compare the two, and leave the present one as it is.
		/// Ends with status 1 if they differ.
		#[arg(long)]
		check: bool,
	},
	/// Print the OpenAPI document.
	Openapi,
}

#[derive(Args)]
struct Common {
	/// The node's WebSocket address. Empty: no chain, only blobs and workers.
	#[arg(
		long,
		alias = "chain",
		global = true,
		env = "WEFT_NODE",
		default_value = "ws://127.0.0.1:9944"
	)]
	node: String,
	/// Folder of the index, and of the blobs unless --store says otherwise.
	#[arg(long, global = true, env = "WEFT_GATEWAY_DATA", default_value = "weft-gateway-data")]
	data: PathBuf,
	/// What to log, for example `info,weft_gateway=debug`.
	#[arg(long, global = true, env = "WEFT_LOG", default_value = "info,sqlx=warn")]
	log: String,
}

#[derive(Args)]
struct Run {
	/// Address to listen on.
	#[arg(long, env = "WEFT_GATEWAY_LISTEN", default_value = "127.0.0.1:8500")]
	listen: SocketAddr,
	/// Where blobs are: a folder, file:///... or memory:///. The default is `blobs` in --data.
	#[arg(long, env = "WEFT_STORE")]
	store: Option<String>,
	/// A worker to route to; give it again, or separate with commas, for more.
	#[arg(long = "worker", env = "WEFT_WORKERS", value_delimiter = ',')]
	workers: Vec<String>,
	/// The most bytes one blob may have.
	#[arg(long, env = "WEFT_MAX_BLOB_BYTES", default_value_t = 4 << 30)]
	max_blob_bytes: u64,
	/// The most bytes a question to a model may have.
	#[arg(long, env = "WEFT_MAX_REQUEST_BYTES", default_value_t = 4 << 20)]
	max_request_bytes: usize,
	/// Origins that browsers may call from, separated by commas; `*` for any.
	#[arg(long, env = "WEFT_CORS", default_value = "*", value_delimiter = ',')]
	cors: Vec<String>,
	/// Seconds between two questions to each worker how it is.
	#[arg(long, env = "WEFT_HEALTH_SECONDS", default_value_t = 5,
		value_parser = clap::value_parser!(u64).range(1..=3600))]
	health_seconds: u64,
	/// Hours after which an unfinished upload is forgotten.
	#[arg(long, env = "WEFT_UPLOAD_HOURS", default_value_t = 24,
		value_parser = clap::value_parser!(u64).range(1..=8760))]
	upload_hours: u64,
	/// Seconds that open requests have to end after a signal to stop.
	#[arg(long, env = "WEFT_GRACE_SECONDS", default_value_t = 20)]
	grace_seconds: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
	let cli = Cli::parse();
	let filter = EnvFilter::try_new(&cli.common.log)
		.with_context(|| format!("--log `{}` is not a filter", cli.common.log))?;
	tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
	match cli.command {
		None => run(cli.run, cli.common).await,
		Some(Command::Openapi) => {
			println!("{}", serde_json::to_string_pretty(&openapi::document())?);
			Ok(())
		}
		Some(Command::Reindex { check }) => reindex(cli.common, check).await,
	}
}

async fn run(run: Run, common: Common) -> anyhow::Result<()> {
	let gateway = Gateway::open(GatewayOptions {
		data: common.data,
		store: run.store,
		workers: run.workers,
		max_blob: run.max_blob_bytes,
		max_request: run.max_request_bytes,
		cors: run.cors,
		health_every: Duration::from_secs(run.health_seconds),
		upload_expiry: Duration::from_secs(run.upload_hours.saturating_mul(3600)),
	})
	.await?;
	let listener = tokio::net::TcpListener::bind(run.listen)
		.await
		.with_context(|| format!("cannot listen on {}", run.listen))?;
	tracing::info!(address = %listener.local_addr()?, "listening");
	let keeper = tokio::spawn(gateway.clone().housekeep());
	let follower = (!common.node.is_empty())
		.then(|| tokio::spawn(follow(gateway.clone(), common.node.clone())));
	let stop = gateway.stop.clone();
	let signal = async move {
		stop_signal().await;
		tracing::info!("stopping");
		stop.cancel();
	};
	let stopped = gateway.stop.clone();
	let server = axum::serve(listener, router(gateway.clone())).with_graceful_shutdown(signal);
	let grace = Duration::from_secs(run.grace_seconds);
	tokio::select! {
		served = async { server.await } => served?,
		() = async { stopped.cancelled().await; tokio::time::sleep(grace).await } => {
			tracing::warn!("open requests were cut off");
		},
	}
	gateway.stop.cancel();
	keeper.await?;
	if let Some(follower) = follower {
		follower.await?;
	}
	gateway.index.pool().close().await;
	Ok(())
}

/// Connects to the node as often as it takes, then follows it.
async fn follow(gateway: Arc<Gateway>, node: String) {
	let mut said = false;
	let client = loop {
		match Client::connect(&node).await {
			Ok(client) => break client,
			Err(e) => {
				if !said {
					tracing::warn!(node, error = %e, "no connection to the node yet");
					said = true;
				}
			}
		}
		tokio::select! {
			() = tokio::time::sleep(Duration::from_secs(2)) => {},
			() = gateway.stop.cancelled() => return,
		}
	};
	tracing::info!(node, genesis = hex::encode(client.genesis()), "connected to the chain");
	if let Err(e) = gateway.follow(Arc::new(client)).await {
		tracing::error!(error = %e, "the index cannot follow the chain");
	}
}

async fn stop_signal() {
	let interrupt = tokio::signal::ctrl_c();
	#[cfg(unix)]
	let terminate = async {
		use tokio::signal::unix::{signal, SignalKind};
		match signal(SignalKind::terminate()) {
			Ok(mut signal) => {
				signal.recv().await;
			}
			Err(_) => std::future::pending().await,
		}
	};
	#[cfg(not(unix))]
	let terminate = std::future::pending::<()>();
	tokio::select! {
		_ = interrupt => {},
		() = terminate => {},
	}
}

async fn reindex(common: Common, check: bool) -> anyhow::Result<()> {
	anyhow::ensure!(!common.node.is_empty(), "reindex needs --node");
	let client = Client::connect(&common.node).await?;
	let source: &dyn ChainSource = &client;
	let present = Index::open(&common.data.join("index.sqlite")).await?;
	let fresh_path = common.data.join("index.fresh.sqlite");
	remove_index(&fresh_path)?;
	let fresh = Index::open(&fresh_path).await?;
	fresh.bind(&source.genesis()).await?;
	let mut next = 1;
	if !check {
		let to = source.head().await?;
		extend(&fresh, source, &mut next, to).await?;
		while fresh.refresh_once(source).await? > 0 {}
		fresh.pool().close().await;
		present.pool().close().await;
		remove_index(&common.data.join("index.sqlite"))?;
		std::fs::rename(&fresh_path, common.data.join("index.sqlite"))?;
		println!("{to} blocks indexed");
		return Ok(());
	}
	// A gateway may be running: what was compared counts only if no block came in between.
	let (to, differences) = loop {
		let before = present.cursor().await?;
		extend(&fresh, source, &mut next, before.number).await?;
		let differences = index::compare(&present, &fresh).await?;
		if present.cursor().await? == before && fresh.cursor().await?.number == before.number {
			break (before.number, differences);
		}
	};
	fresh.pool().close().await;
	remove_index(&fresh_path)?;
	if differences.is_empty() {
		println!("the index of {to} blocks is exactly what the chain says");
		return Ok(());
	}
	for d in &differences {
		println!("{}: {} rows, {} from the chain; first difference:", d.table, d.ours, d.theirs);
		println!("  ours:  {}", d.first.0.as_deref().unwrap_or("(none)"));
		println!("  chain: {}", d.first.1.as_deref().unwrap_or("(none)"));
	}
	println!("the index differs from the chain in {} tables", differences.len());
	std::process::exit(1)
}

/// Applies the blocks from `next` to `to`.
async fn extend(
	index: &Index,
	source: &dyn ChainSource,
	next: &mut u32,
	to: u32,
) -> anyhow::Result<()> {
	while *next <= to {
		let number = *next;
		let block = source
			.block(number)
			.await
			.with_context(|| format!("block {number} cannot be read; does the node keep it?"))?;
		let applied = index.apply(&block).await?;
		anyhow::ensure!(
			applied == index::Applied::Yes,
			"block {number} does not follow: {applied:?}"
		);
		*next = number.saturating_add(1);
	}
	Ok(())
}

fn remove_index(path: &std::path::Path) -> anyhow::Result<()> {
	for suffix in ["", "-wal", "-shm"] {
		let mut name = path.as_os_str().to_owned();
		name.push(suffix);
		match std::fs::remove_file(&name) {
			Ok(()) => {}
			Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
			Err(e) => return Err(e).context(format!("cannot remove {}", name.to_string_lossy())),
		}
	}
	Ok(())
}
