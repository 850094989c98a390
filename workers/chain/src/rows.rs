//! Storage rows as the clients read them. Fields are matched by name; a row may have more than is read here.

#![allow(unused_imports)]

use serde::Serialize;
use subxt::ext::scale_decode::DecodeAsType;

use crate::{keys::account_text, AccountId, ChainError, Client};

/// 32 bytes, written as hex in JSON.
pub type Hash32 = [u8; 32];

macro_rules! row {
	($(#[$m:meta])* $name:ident { $($(#[$fm:meta])* $field:ident : $ty:ty),* $(,)? }) => {
		$(#[$m])*
		#[derive(Debug, Clone, DecodeAsType, PartialEq)]
		#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
		pub struct $name { $($(#[$fm])* pub $field: $ty),* }
	};
}

/// Balances and nonce of an account.
#[derive(Debug, Clone, Default, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct AccountInfo {
	/// Number of extrinsics sent.
	pub nonce: u32,
	/// Balances.
	pub data: AccountData,
}

/// Balances of an account in plancks.
#[derive(Debug, Clone, Default, DecodeAsType, Serialize)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct AccountData {
	/// Spendable (less what is frozen).
	pub free: u128,
	/// On hold.
	pub reserved: u128,
	/// Frozen.
	pub frozen: u128,
}

row!(/// A Datanet.
Datanet { owner: Hash32, name: Vec<u8>, description: Hash32, licence: Hash32, schema: Schema, curators: Vec<Hash32>,
	approvals: u8, deposit_per_record: u128, deposit_per_byte: u128 });

/// Form of a Datanet's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, DecodeAsType, Serialize)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum Schema {
	/// `{"messages":[..]}`
	Chat,
	/// `{"prompt":..,"completion":..}`
	Completion,
	/// `{"text":..}`
	Text,
}

row!(/// A batch of records.
Contribution { datanet: u32, contributor: Hash32, root: Hash32, records: u32, bytes: u64, cid: Hash32, deposit: u128,
	report: Option<Hash32>, status: ContributionStatus });

/// State of a contribution.
#[derive(Debug, Clone, PartialEq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum ContributionStatus {
	/// Waits for review.
	Pending,
	/// Accepted, wholly or in part.
	Accepted {
		/// Bit i is set when record i was accepted.
		bitmap: Vec<u8>,
		/// 0 to 100.
		quality: u8,
	},
	/// Refused.
	Refused {
		/// 0 to 100.
		quality: u8,
	},
}

row!(/// A frozen version of a Datanet.
Snapshot { datanet: u32, version: u32, root: Hash32, records: u32, contributions: Vec<(u64, u32)> });
row!(/// Counters of one contributor in one Datanet.
Stats { accepted: u64, refused: u64, slashed: u128 });
row!(/// A base model.
Base { owner: Hash32, name: Vec<u8>, architecture: Vec<u8>, weights: Hash32, tokenizer: Hash32, licence: Hash32 });
row!(/// How a fee is divided, in parts per million.
SplitRow { treasury: u32, base_owner: u32, developer: u32, worker: u32, contributors: u32 });
row!(/// A published model.
ModelRow { owner: Hash32, name: Vec<u8>, base: u32, job: u64, snapshots: Vec<u32>, adapter: Hash32, index_root: Hash32,
	index: Hash32, metrics: Hash32, price_in: u128, price_out: u128, split: SplitRow, retired: bool });
row!(/// A worker.
WorkerRow { hot: Hash32, bond: u128, capabilities: Vec<Capability>, status: WorkerStatus, last_seen_epoch: u32,
	assigned: u32, completed: u32, failed: u32 });
row!(/// What a worker can run.
Capability { class: Vec<u8>, units: u32, memory_mib: u32 });

/// State of a worker.
#[derive(Debug, Clone, PartialEq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum WorkerStatus {
	/// Takes jobs.
	Active,
	/// Is leaving; the bond is free at `until`.
	Exiting {
		/// Block number.
		until: u32,
	},
}

row!(/// A job.
JobRow { requester: Hash32, spec: JobSpec, price: u128, deposit: u128, state: JobState, attempts: u32 });

/// What a job asks for.
#[derive(Debug, Clone, PartialEq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum JobSpec {
	/// Fine-tune an adapter.
	Train {
		/// Base model.
		base: u32,
		/// Snapshots to train on.
		snapshots: Vec<u32>,
		/// Content id of the training configuration.
		config: Hash32,
	},
	/// Answer one prompt.
	Infer {
		/// Model.
		model: u64,
		/// Content id of the request body.
		prompt: Hash32,
		/// Most tokens to generate.
		max_tokens: u32,
	},
}

/// What a worker reported.
#[derive(Debug, Clone, PartialEq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum JobResult {
	/// A trained adapter.
	Trained {
		/// Folder manifest of the adapter.
		adapter: Hash32,
		/// Merkle root of the attribution index.
		index_root: Hash32,
		/// Content id of the index.
		index: Hash32,
		/// Content id of the metrics.
		metrics: Hash32,
	},
	/// An answer.
	Answered {
		/// Hash of the answer text.
		result: Hash32,
		/// Content id of the response body.
		answer: Hash32,
		/// Receipt hash.
		receipt: Hash32,
		/// Prompt tokens.
		tokens_in: u32,
		/// Generated tokens.
		tokens_out: u32,
	},
	/// The worker could not do it.
	Failed {
		/// Content id of the reason.
		reason: Hash32,
	},
}

/// State of a job.
#[derive(Debug, Clone, PartialEq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum JobState {
	/// Waits for a worker.
	Open {
		/// Last block in which it can be claimed.
		accept_by: u32,
	},
	/// A worker runs it.
	Claimed {
		/// Owner account of the worker.
		worker: Hash32,
		/// Last block for the report.
		report_by: u32,
		/// Progress in thousandths.
		permille: u16,
	},
	/// Reported, in its challenge window.
	Reported {
		/// Owner account of the worker.
		worker: Hash32,
		/// The result.
		result: JobResult,
		/// Block after which anyone may settle.
		settle_after: u32,
	},
	/// Paid.
	Settled {
		/// Owner account of the worker.
		worker: Hash32,
		/// The result.
		result: JobResult,
	},
}

row!(/// A prepaid channel from a payer to a worker for one model.
Channel { deposited: u128, settled: u128, closing: Option<u32> });
row!(/// A worker's earnings ledger.
Ledger { received: u128, allotted: u128, reserve: u128, claimed: u128, unallotted: u128, epoch: u32,
	current: Option<TreeRow>, pending: Vec<PendingRow> });
row!(/// An earnings tree that a worker showed.
TreeRow { epoch: u32, root: SumRootRow, leaves: Hash32, receipts_root: Hash32, receipts: u32 });
row!(/// Root of a sum tree.
SumRootRow { hash: Hash32, total: u128, count: u32 });
row!(/// A tree in its challenge window.
PendingRow { tree: TreeRow, claimable_at: u32 });

impl Ledger {
	/// The newest tree, claimable or not: the one that the next epoch continues.
	pub fn newest(&self) -> Option<&TreeRow> {
		self.pending.last().map(|p| &p.tree).or(self.current.as_ref())
	}

	/// The newest tree that can be claimed against in block `now`.
	pub fn claimable(&self, now: u32) -> Option<&TreeRow> {
		self.pending
			.iter()
			.rev()
			.find(|p| p.claimable_at <= now)
			.map(|p| &p.tree)
			.or(self.current.as_ref())
	}
}

impl Client {
	/// A Datanet.
	pub async fn datanet(&self, id: u32) -> Result<Option<Datanet>, ChainError> {
		self.get("Datanets", "Datanets", (id,)).await
	}
	/// A contribution.
	pub async fn contribution(&self, id: u64) -> Result<Option<Contribution>, ChainError> {
		self.get("Datanets", "Contributions", (id,)).await
	}
	/// A snapshot.
	pub async fn snapshot(&self, id: u32) -> Result<Option<Snapshot>, ChainError> {
		self.get("Datanets", "Snapshots", (id,)).await
	}
	/// Counters of a contributor.
	pub async fn contributor_stats(
		&self,
		datanet: u32,
		who: &AccountId,
	) -> Result<Option<Stats>, ChainError> {
		self.get("Datanets", "ContributorStats", (datanet, who.0)).await
	}
	/// A base model.
	pub async fn base(&self, id: u32) -> Result<Option<Base>, ChainError> {
		self.get("Models", "Bases", (id,)).await
	}
	/// A published model.
	pub async fn model(&self, id: u64) -> Result<Option<ModelRow>, ChainError> {
		self.get("Models", "Models", (id,)).await
	}
	/// Number of models ever published; ids are below it.
	pub async fn next_model(&self) -> Result<u64, ChainError> {
		Ok(self.get("Models", "NextModel", ()).await?.unwrap_or(0))
	}
	/// A worker by its owner account.
	pub async fn worker(&self, owner: &AccountId) -> Result<Option<WorkerRow>, ChainError> {
		self.get("Workers", "Workers", (owner.0,)).await
	}
	/// The owner of a hot key.
	pub async fn owner_of_hot(&self, hot: &AccountId) -> Result<Option<AccountId>, ChainError> {
		Ok(self.get::<_, Hash32>("Workers", "OwnerOfHot", (hot.0,)).await?.map(AccountId))
	}
	/// A job.
	pub async fn job(&self, id: u64) -> Result<Option<JobRow>, ChainError> {
		self.get("Jobs", "Jobs", (id,)).await
	}
	/// Number of jobs ever submitted; ids are below it.
	pub async fn next_job(&self) -> Result<u64, ChainError> {
		Ok(self.get("Jobs", "NextJob", ()).await?.unwrap_or(0))
	}
	/// A prepaid channel. `worker` is the worker's owner account.
	pub async fn channel(
		&self,
		payer: &AccountId,
		worker: &AccountId,
		model: u64,
	) -> Result<Option<Channel>, ChainError> {
		self.get("Attribution", "Channels", (payer.0, worker.0, model)).await
	}
	/// A worker's earnings ledger.
	pub async fn ledger(&self, worker: &AccountId) -> Result<Option<Ledger>, ChainError> {
		self.get("Attribution", "Ledgers", (worker.0,)).await
	}
	/// What an account has claimed from a worker's tree.
	pub async fn claimed(&self, worker: &AccountId, who: &AccountId) -> Result<u128, ChainError> {
		Ok(self.get("Attribution", "ClaimedOf", (worker.0, who.0)).await?.unwrap_or(0))
	}
}

/// Text of an on-chain name; invalid UTF-8 is replaced.
pub fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}

/// The account in words, for messages.
pub fn who(id: &Hash32) -> String {
	account_text(id)
}
