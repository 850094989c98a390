//! One function per extrinsic. A [`Call`] is only a description; [`crate::TxQueue`] signs and submits it.
//!
//! Arguments go by position, in the order of `docs/interfaces.md`; the live metadata gives their types.

use crate::AccountId;
use subxt::{dynamic::Value, ext::scale_value::Composite};
use weft_primitives::{
	split::Split,
	sum_tree::{Leaf, SumProof, SumRoot},
	voucher::{Voucher, VoucherSignature},
};

/// An extrinsic to be signed.
#[derive(Debug, Clone)]
pub struct Call {
	/// Pallet name in the runtime.
	pub pallet: &'static str,
	/// Call name.
	pub name: &'static str,
	/// Arguments by position.
	pub args: Vec<Value>,
}

impl Call {
	fn new(pallet: &'static str, name: &'static str, args: Vec<Value>) -> Self {
		Self { pallet, name, args }
	}

	/// `Pallet.call`, for messages.
	pub fn label(&self) -> String {
		format!("{}.{}", self.pallet, self.name)
	}

	pub(crate) fn payload(&self) -> subxt::transactions::DynamicPayload<Composite<()>> {
		subxt::dynamic::tx(self.pallet, self.name, Composite::unnamed(self.args.clone()))
	}

	fn value(&self) -> Value {
		Value::unnamed_variant(self.pallet, [Value::unnamed_variant(self.name, self.args.clone())])
	}
}

fn b(bytes: &[u8]) -> Value {
	Value::from_bytes(bytes)
}
fn n(number: impl Into<u128>) -> Value {
	Value::u128(number.into())
}
fn list(items: impl IntoIterator<Item = Value>) -> Value {
	Value::unnamed_composite(items)
}
fn variant(name: &str) -> Value {
	Value::unnamed_variant(name, [])
}

/// Form of a Datanet's records.
pub use crate::rows::Schema;

/// Why records were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
	/// Junk; the deposit of those records is slashed.
	Spam,
	/// Exact or near copy.
	Duplicate,
	/// Not about the Datanet's subject.
	OffTopic,
	/// Licence does not fit.
	Licence,
	/// Low quality.
	LowQuality,
	/// Contains held-out data.
	Leakage,
	/// Another reason.
	Other,
}

/// A curator's decision.
#[derive(Debug, Clone)]
pub enum Decision {
	/// All records.
	Accept { quality: u8 },
	/// None.
	Refuse { quality: u8, reason: Reason },
	/// Those whose bit is set.
	Mixed { quality: u8, reason: Reason, accepted: Vec<u8> },
}

/// What a worker reports.
pub use crate::rows::{JobResult, JobSpec};

/// `Datanets.create`
pub fn create_datanet(
	name: &str,
	description: [u8; 32],
	licence: [u8; 32],
	schema: Schema,
	curators: &[AccountId],
	approvals: u8,
	deposit_per_record: u128,
	deposit_per_byte: u128,
) -> Call {
	Call::new(
		"Datanets",
		"create",
		vec![
			b(name.as_bytes()),
			b(&description),
			b(&licence),
			variant(match schema {
				Schema::Chat => "Chat",
				Schema::Completion => "Completion",
				Schema::Text => "Text",
			}),
			list(curators.iter().map(|c| b(&c.0))),
			n(approvals),
			n(deposit_per_record),
			n(deposit_per_byte),
		],
	)
}

/// `Datanets.contribute`
pub fn contribute(datanet: u32, root: [u8; 32], records: u32, bytes: u64, cid: [u8; 32]) -> Call {
	Call::new("Datanets", "contribute", vec![n(datanet), b(&root), n(records), n(bytes), b(&cid)])
}

/// `Datanets.withdraw`
pub fn withdraw_contribution(contribution: u64) -> Call {
	Call::new("Datanets", "withdraw", vec![n(contribution)])
}

/// `Datanets.attach_report`
pub fn attach_report(contribution: u64, report: [u8; 32]) -> Call {
	Call::new("Datanets", "attach_report", vec![n(contribution), b(&report)])
}

/// `Datanets.review`
pub fn review(contribution: u64, decision: &Decision) -> Call {
	let reason = |r: &Reason| variant(&format!("{r:?}"));
	let d = match decision {
		Decision::Accept { quality } => Value::named_variant("Accept", [("quality", n(*quality))]),
		Decision::Refuse { quality, reason: r } => {
			Value::named_variant("Refuse", [("quality", n(*quality)), ("reason", reason(r))])
		}
		Decision::Mixed { quality, reason: r, accepted } => Value::named_variant(
			"Mixed",
			[("quality", n(*quality)), ("reason", reason(r)), ("accepted", b(accepted))],
		),
	};
	Call::new("Datanets", "review", vec![n(contribution), d])
}

/// `Datanets.snapshot`
pub fn snapshot(datanet: u32) -> Call {
	Call::new("Datanets", "snapshot", vec![n(datanet)])
}

/// `Models.register_base`
pub fn register_base(
	name: &str,
	architecture: &str,
	weights: [u8; 32],
	tokenizer: [u8; 32],
	licence: [u8; 32],
) -> Call {
	Call::new(
		"Models",
		"register_base",
		vec![
			b(name.as_bytes()),
			b(architecture.as_bytes()),
			b(&weights),
			b(&tokenizer),
			b(&licence),
		],
	)
}

/// `Models.publish`
pub fn publish(job: u64, name: &str, price_in: u128, price_out: u128, split: &Split) -> Call {
	let split = Value::named_composite([
		("treasury", n(split.treasury)),
		("base_owner", n(split.base_owner)),
		("developer", n(split.developer)),
		("worker", n(split.worker)),
		("contributors", n(split.contributors)),
	]);
	Call::new(
		"Models",
		"publish",
		vec![n(job), b(name.as_bytes()), n(price_in), n(price_out), split],
	)
}

/// `Models.set_price`
pub fn set_price(model: u64, price_in: u128, price_out: u128) -> Call {
	Call::new("Models", "set_price", vec![n(model), n(price_in), n(price_out)])
}

/// `Models.retire`
pub fn retire(model: u64) -> Call {
	Call::new("Models", "retire", vec![n(model)])
}

/// `Workers.register`
pub fn register_worker(hot: &AccountId, bond: u128, capabilities: &[(String, u32, u32)]) -> Call {
	Call::new("Workers", "register", vec![b(&hot.0), n(bond), capability_list(capabilities)])
}

/// Class, units and memory in MiB of each.
fn capability_list(capabilities: &[(String, u32, u32)]) -> Value {
	list(capabilities.iter().map(|(class, units, memory)| {
		Value::named_composite([
			("class", b(class.as_bytes())),
			("units", n(*units)),
			("memory_mib", n(*memory)),
		])
	}))
}

/// `Workers.set_hot`
pub fn set_hot(hot: &AccountId) -> Call {
	Call::new("Workers", "set_hot", vec![b(&hot.0)])
}

/// `Workers.set_capabilities`
pub fn set_capabilities(capabilities: &[(String, u32, u32)]) -> Call {
	Call::new("Workers", "set_capabilities", vec![capability_list(capabilities)])
}

/// `Workers.bond_more`
pub fn bond_more(amount: u128) -> Call {
	Call::new("Workers", "bond_more", vec![n(amount)])
}

/// `Workers.heartbeat`
pub fn heartbeat() -> Call {
	Call::new("Workers", "heartbeat", vec![])
}

/// `Workers.exit`
pub fn exit() -> Call {
	Call::new("Workers", "exit", vec![])
}

/// `Workers.withdraw_bond`
pub fn withdraw_bond() -> Call {
	Call::new("Workers", "withdraw_bond", vec![])
}

/// `Jobs.submit`
pub fn submit_job(spec: &JobSpec, price: u128, accept_within: u32, run_within: u32) -> Call {
	let spec = match spec {
		JobSpec::Train { base, snapshots, config } => Value::named_variant(
			"Train",
			[
				("base", n(*base)),
				("snapshots", list(snapshots.iter().map(|s| n(*s)))),
				("config", b(config)),
			],
		),
		JobSpec::Infer { model, prompt, max_tokens } => Value::named_variant(
			"Infer",
			[("model", n(*model)), ("prompt", b(prompt)), ("max_tokens", n(*max_tokens))],
		),
	};
	Call::new("Jobs", "submit", vec![spec, n(price), n(accept_within), n(run_within)])
}

/// `Jobs.claim`
pub fn claim_job(job: u64) -> Call {
	Call::new("Jobs", "claim", vec![n(job)])
}

/// `Jobs.progress`
pub fn progress(job: u64, permille: u16, note: [u8; 32]) -> Call {
	Call::new("Jobs", "progress", vec![n(job), n(permille), b(&note)])
}

/// `Jobs.report`
pub fn report(job: u64, result: &JobResult) -> Call {
	let result = match result {
		JobResult::Trained { adapter, index_root, index, metrics } => Value::named_variant(
			"Trained",
			[
				("adapter", b(adapter)),
				("index_root", b(index_root)),
				("index", b(index)),
				("metrics", b(metrics)),
			],
		),
		JobResult::Answered { result, answer, receipt, tokens_in, tokens_out } => {
			Value::named_variant(
				"Answered",
				[
					("result", b(result)),
					("answer", b(answer)),
					("receipt", b(receipt)),
					("tokens_in", n(*tokens_in)),
					("tokens_out", n(*tokens_out)),
				],
			)
		}
		JobResult::Failed { reason } => Value::named_variant("Failed", [("reason", b(reason))]),
	};
	Call::new("Jobs", "report", vec![n(job), result])
}

/// `Jobs.settle`
pub fn settle_job(job: u64) -> Call {
	Call::new("Jobs", "settle", vec![n(job)])
}

/// `Jobs.cancel`
pub fn cancel_job(job: u64) -> Call {
	Call::new("Jobs", "cancel", vec![n(job)])
}

/// `Jobs.poke`
pub fn poke(job: u64) -> Call {
	Call::new("Jobs", "poke", vec![n(job)])
}

/// `Attribution.deposit`
pub fn deposit(worker: &AccountId, model: u64, amount: u128) -> Call {
	Call::new("Attribution", "deposit", vec![b(&worker.0), n(model), n(amount)])
}

/// `Attribution.close`
pub fn close_channel(worker: &AccountId, model: u64) -> Call {
	Call::new("Attribution", "close", vec![b(&worker.0), n(model)])
}

/// `Attribution.withdraw`
pub fn withdraw_channel(worker: &AccountId, model: u64) -> Call {
	Call::new("Attribution", "withdraw", vec![b(&worker.0), n(model)])
}

/// One voucher to settle: `amount` is the cumulative sum that was really earned.
#[derive(Debug, Clone)]
pub struct SettleItem {
	/// The voucher.
	pub voucher: Voucher,
	/// Its signature.
	pub signature: VoucherSignature,
	/// Cumulative amount, at most the voucher's.
	pub amount: u128,
}

/// The earnings tree of an epoch.
#[derive(Debug, Clone)]
pub struct EarningsRoot {
	/// Must be the ledger's epoch plus one.
	pub epoch: u32,
	/// Root of the cumulative sum tree.
	pub root: SumRoot,
	/// Content id of the leaves.
	pub leaves: [u8; 32],
	/// Merkle root over the receipts of the epoch.
	pub receipts_root: [u8; 32],
	/// Number of receipts.
	pub receipts: u32,
}

/// `Attribution.settle`
pub fn settle(items: &[SettleItem], tree: &EarningsRoot) -> Call {
	let items = items.iter().map(|i| {
		let v = &i.voucher;
		let voucher = Value::named_composite([
			("payer", b(&v.payer)),
			("worker", b(&v.worker)),
			("model", n(v.model)),
			("cumulative", n(v.cumulative)),
			("expires_at", n(v.expires_at)),
		]);
		let signature = match &i.signature {
			VoucherSignature::Sr25519(s) => Value::unnamed_variant("Sr25519", [b(s)]),
			VoucherSignature::Ethereum(s) => Value::unnamed_variant("Ethereum", [b(s)]),
		};
		Value::named_composite([
			("voucher", voucher),
			("signature", signature),
			("amount", n(i.amount)),
		])
	});
	let root = Value::named_composite([
		("hash", b(&tree.root.hash)),
		("total", n(tree.root.total)),
		("count", n(tree.root.count)),
	]);
	let tree = Value::named_composite([
		("epoch", n(tree.epoch)),
		("root", root),
		("leaves", b(&tree.leaves)),
		("receipts_root", b(&tree.receipts_root)),
		("receipts", n(tree.receipts)),
	]);
	Call::new("Attribution", "settle", vec![list(items), tree])
}

/// `Attribution.claim`
pub fn claim(worker: &AccountId, leaf: &Leaf, proof: &SumProof) -> Call {
	let leaf =
		Value::named_composite([("account", b(&leaf.account)), ("cumulative", n(leaf.cumulative))]);
	let siblings = proof.siblings.iter().map(|(h, s)| Value::unnamed_composite([b(h), n(*s)]));
	let proof = Value::named_composite([("index", n(proof.index)), ("siblings", list(siblings))]);
	Call::new("Attribution", "claim", vec![b(&worker.0), leaf, proof])
}

/// `Balances.transfer_keep_alive`
pub fn transfer(to: &AccountId, amount: u128) -> Call {
	Call::new(
		"Balances",
		"transfer_keep_alive",
		vec![Value::unnamed_variant("Id", [b(&to.0)]), n(amount)],
	)
}

/// `Utility.batch_all`: every call or none.
pub fn batch_all(calls: &[Call]) -> Call {
	Call::new("Utility", "batch_all", vec![list(calls.iter().map(Call::value))])
}
