//! Flags of the daemon. Each is also an environment variable.

use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

#[derive(Parser)]
#[command(name = "weft-worker", version, about = "Trains, serves, attributes and settles for Weft")]
pub struct Cli {
	#[command(subcommand)]
	pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
	/// Run the daemon
	Run(Box<Run>),
}

#[derive(Args, Clone)]
pub struct Run {
	/// WebSocket of a node. The chain is the truth about jobs, models and money; the daemon follows its finalised blocks
	#[arg(long, env = "WEFT_CHAIN", default_value = "ws://127.0.0.1:9944")]
	pub chain: String,
	/// A gateway whose blob store the daemon reads records from and writes results to
	#[arg(long, env = "WEFT_GATEWAY", default_value = "http://127.0.0.1:8500")]
	pub gateway: String,
	/// Where the daemon answers: the OpenAI API, /metrics and /health. Bind to a public address only behind TLS
	#[arg(long, env = "WEFT_LISTEN", default_value = "127.0.0.1:8600")]
	pub listen: SocketAddr,
	/// The hot key that signs claims, reports and settlements. It can be replaced by the owner at any time
	#[arg(long, env = "WEFT_KEY", hide_env_values = true)]
	pub key: Option<String>,
	/// A file that holds the hot key and nothing else
	#[arg(long, env = "WEFT_KEY_FILE")]
	pub key_file: Option<PathBuf>,
	/// Only for development chains: the owner's key, to register this worker if it is not registered. On a real network
	/// the owner registers with `weft worker register` and this stays empty
	#[arg(long, env = "WEFT_OWNER_KEY", hide_env_values = true)]
	pub owner_key: Option<String>,
	/// Bond in WEFT when the daemon registers itself with --owner-key
	#[arg(long, env = "WEFT_BOND", default_value_t = 1_000)]
	pub bond: u32,
	/// The resident base model: a GGUF file or a folder with config.json, model.safetensors and tokenizer.json
	#[arg(long, env = "WEFT_MODEL")]
	pub model: PathBuf,
	/// Folder for checkpoints, the journal of receipts and downloaded adapters. Keep it: the journal holds vouchers that
	/// are not settled yet
	#[arg(long, env = "WEFT_DIR")]
	pub dir: PathBuf,
	/// Bytes of adapters kept in memory; the least recently used is dropped first, never one in use
	#[arg(long, env = "WEFT_ADAPTER_BYTES", default_value_t = 512 << 20)]
	pub adapter_bytes: u64,
	/// Seconds between settlements while there is something to settle. Each settlement is one extrinsic however many
	/// answers it covers
	#[arg(long, env = "WEFT_SETTLE_EVERY", default_value_t = 45)]
	pub settle_every: u64,
	/// Take training jobs
	#[arg(long, env = "WEFT_TRAIN", default_value_t = true, action = clap::ArgAction::Set)]
	pub train: bool,
	/// Take inference jobs
	#[arg(long, env = "WEFT_INFER", default_value_t = true, action = clap::ArgAction::Set)]
	pub infer: bool,
	/// Write quality reports of pending contributions
	#[arg(long, env = "WEFT_REPORTS", default_value_t = true, action = clap::ArgAction::Set)]
	pub reports: bool,
}
