//! Arguments. Every flag that a script sets is also an environment variable.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Parser)]
#[command(
	name = "weft",
	version,
	about = "Contribute data, train, chat, see whose records answered, get paid"
)]
pub struct Cli {
	#[command(flatten)]
	pub common: Common,
	#[command(subcommand)]
	pub command: Command,
}

/// Where the network is and who acts.
#[derive(Args, Clone, Debug)]
pub struct Common {
	/// WebSocket of a node. Everything that the chain records goes through it
	#[arg(long, global = true, env = "WEFT_CHAIN", default_value = "ws://127.0.0.1:9944")]
	pub chain: String,
	/// A gateway: blobs go there, and questions
	#[arg(long, global = true, env = "WEFT_GATEWAY", default_value = "http://127.0.0.1:8500")]
	pub gateway: String,
	/// The secret key that signs: //Name on a development chain, a mnemonic, or 0x and 64 hex digits. Prefer --key-file
	/// or the environment variable: arguments are visible to other users of the machine
	#[arg(long, global = true, env = "WEFT_KEY", hide_env_values = true)]
	pub key: Option<String>,
	/// A file that holds the secret key and nothing else
	#[arg(long, global = true, env = "WEFT_KEY_FILE")]
	pub key_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum Command {
	/// Create Datanets, contribute to them, review, snapshot
	#[command(subcommand)]
	Datanet(Datanet),
	/// Fine-tune an adapter on a snapshot and watch it train
	Train(Train),
	/// Base models and published models
	#[command(subcommand)]
	Model(Model),
	/// Ask a model; the answer streams, then the shares are printed
	Chat(Chat),
	/// Prepaid channels to a worker
	#[command(subcommand)]
	Channel(Channel),
	/// What an account earned, was paid and can claim
	Earnings(Account),
	/// Claim earnings (for any account: the money goes to its owner)
	Claim(Account),
	/// Register as a worker
	#[command(subcommand)]
	Worker(Worker),
	/// Say what is missing on this machine and how to get it
	Doctor,
	/// The main job on a running network: `cargo xtask demo` starts one and calls this
	Demo(Demo),
	/// Start validators on this machine and show that finality survives the loss of one
	Zombienet(Zombienet),
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Schema {
	Chat,
	Completion,
	Text,
}

#[derive(Subcommand)]
pub enum Datanet {
	/// Create a Datanet
	Create {
		name: String,
		/// What it is about
		#[arg(long)]
		description: String,
		/// Licence text or SPDX identifier that every contribution is under
		#[arg(long)]
		licence: String,
		#[arg(long, value_enum, default_value = "chat")]
		schema: Schema,
		/// A curator (repeat for more); the owner alone if none is given
		#[arg(long)]
		curator: Vec<String>,
		/// How many curators must agree
		#[arg(long, default_value_t = 1)]
		approvals: u8,
		/// Deposit for each record, in WEFT
		#[arg(long, default_value = "0.01")]
		deposit_per_record: String,
		/// Deposit for each byte, in WEFT
		#[arg(long, default_value = "0.000001")]
		deposit_per_byte: String,
	},
	/// Contribute the records of a JSONL file
	Contribute { datanet: u32, file: PathBuf },
	/// Take a contribution back while it is pending
	Withdraw { contribution: u64 },
	/// Print the quality report of a contribution
	Report { contribution: u64 },
	/// Accept or refuse a contribution
	Review {
		contribution: u64,
		/// Decide as the quality report proposes
		#[arg(long)]
		auto: bool,
		#[arg(long, conflicts_with = "auto")]
		accept: bool,
		/// spam, duplicate, off-topic, licence, low-quality, leakage or other
		#[arg(long, conflicts_with_all = ["auto", "accept"])]
		refuse: Option<String>,
		#[arg(long, default_value_t = 80)]
		quality: u8,
	},
	/// Freeze what was accepted as an immutable version
	Snapshot { datanet: u32 },
	/// Show a Datanet
	Show { datanet: u32 },
}

#[derive(Args)]
pub struct Train {
	/// Base model id
	#[arg(long)]
	pub base: u32,
	/// Snapshot id (repeat for more)
	#[arg(long, required = true)]
	pub snapshot: Vec<u32>,
	/// JSON file with hyperparameters; absent fields take defaults
	#[arg(long)]
	pub config: Option<PathBuf>,
	/// Price in WEFT, held until the result is settled
	#[arg(long, default_value = "10")]
	pub price: String,
	/// Do not wait for the result
	#[arg(long)]
	pub detach: bool,
}

#[derive(Subcommand)]
pub enum Model {
	/// Register a base model from its file
	RegisterBase {
		name: String,
		/// GGUF file or safetensors folder
		#[arg(long)]
		file: PathBuf,
		#[arg(long, default_value = "llama")]
		architecture: String,
		#[arg(long, default_value = "Apache-2.0")]
		licence: String,
	},
	/// Publish a model from a finished training job
	Publish {
		job: u64,
		name: String,
		/// WEFT per 1,000 prompt tokens
		#[arg(long, default_value = "0.01")]
		price_in: String,
		/// WEFT per 1,000 generated tokens
		#[arg(long, default_value = "0.03")]
		price_out: String,
		/// Parts per million for treasury, base owner, developer, worker, contributors
		#[arg(long, default_value = "50000,50000,200000,200000,500000")]
		split: String,
	},
	/// Stop offering a model
	Retire { model: u64 },
	/// All models
	List,
}

#[derive(Args)]
pub struct Chat {
	/// Model: `weft-ID`, its published name, or the base's name
	pub model: String,
	pub question: String,
	#[arg(long, default_value_t = 96)]
	pub max_tokens: u32,
	#[arg(long, default_value_t = 0.0)]
	pub temperature: f32,
}

#[derive(Subcommand)]
pub enum Channel {
	/// Put money aside for one worker and model
	Deposit {
		#[arg(long)]
		worker: String,
		#[arg(long)]
		model: u64,
		/// WEFT
		amount: String,
	},
	/// Start to take the rest back
	Close {
		#[arg(long)]
		worker: String,
		#[arg(long)]
		model: u64,
	},
	/// Take the rest back after the delay
	Withdraw {
		#[arg(long)]
		worker: String,
		#[arg(long)]
		model: u64,
	},
}

#[derive(Args)]
pub struct Account {
	/// The account; the key's own if absent
	pub account: Option<String>,
	/// The worker whose earnings tree it is in
	#[arg(long)]
	pub worker: String,
}

#[derive(Subcommand)]
pub enum Worker {
	/// Bond and bind a hot key
	Register {
		/// Account of the hot key
		#[arg(long)]
		hot: String,
		/// WEFT
		#[arg(long, default_value = "1000")]
		bond: String,
		/// CLASS:UNITS:MEMORY_MIB, such as cpu:2:8192 (repeat for more)
		#[arg(long, default_value = "cpu:2:8192")]
		capability: Vec<String>,
	},
	/// Start to leave
	Exit,
	/// Take the bond back after the unbonding period
	WithdrawBond,
	/// Show a worker
	Show { owner: String },
}

#[derive(Args)]
pub struct Demo {
	/// Folder with the JSONL files
	#[arg(long)]
	pub data: PathBuf,
	/// Folder for the demo's own state, so that it goes on where it was stopped
	#[arg(long)]
	pub state: PathBuf,
	/// The base model's file
	#[arg(long)]
	pub model: PathBuf,
}

#[derive(Args)]
pub struct Zombienet {
	/// The weft-node program
	#[arg(long)]
	pub node: PathBuf,
	/// Folder for state and logs
	#[arg(long)]
	pub dir: PathBuf,
}
