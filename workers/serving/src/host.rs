//! What the worker daemon brings: which models there are, who pays, and to whom an answer is owed.

use crate::{ss58, Message};
use async_trait::async_trait;
use parking_lot::RwLock;
use serde::Serialize;
use serde_json::{json, Value};
use std::sync::{
	atomic::{AtomicU64, Ordering},
	Arc,
};
use weft_primitives::{
	ids::{AccountBytes, Hash32, ModelId},
	receipt::{Receipt, RecordShare},
	split::PPM,
};
use weft_store::{cid_hex, Cid};

/// A model that this worker answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedModel {
	/// Its number on the chain; `None` for the base itself.
	pub id: Option<ModelId>,
	/// Its published name, or the base's.
	pub name: String,
	/// The adapter's folder manifest; `None` for the base itself.
	pub adapter: Option<Cid>,
	/// Plancks per 1,000 prompt tokens.
	pub price_in: u128,
	/// Plancks per 1,000 generated tokens.
	pub price_out: u128,
	/// Root of its attribution index.
	pub index_root: Hash32,
	/// The attribution index; `None` for the base itself.
	pub index: Option<Cid>,
	/// When it was published, in seconds since 1970.
	pub created: u64,
}

impl ServedModel {
	/// `weft-{id}`, or the base's name.
	pub fn canonical_name(&self) -> String {
		match self.id {
			Some(id) => format!("weft-{id}"),
			None => self.name.clone(),
		}
	}

	/// Whether a request may name the model so.
	pub fn is_called(&self, name: &str) -> bool {
		self.name == name || self.canonical_name() == name
	}

	pub(crate) fn card(&self, base: &str) -> Value {
		json!({
			"id": self.canonical_name(),
			"object": "model",
			"created": self.created,
			"owned_by": "weft",
			"root": self.name,
			"parent": self.id.map(|_| base),
			"weft": {
				"model": self.id,
				"name": self.name,
				"adapter": self.adapter.as_ref().map(cid_hex),
				"index_root": cid_hex(&self.index_root),
				"price_in": self.price_in.to_string(),
				"price_out": self.price_out.to_string(),
			},
		})
	}
}

/// The models this worker answers for.
pub trait Catalogue: Send + Sync {
	/// Every model, the base first.
	fn list(&self) -> Vec<ServedModel>;

	/// The model of that name. A number (`weft-7`) wins over a published name that looks like it.
	fn find(&self, name: &str) -> Option<ServedModel> {
		let models = self.list();
		models
			.iter()
			.find(|m| m.canonical_name() == name)
			.or_else(|| models.iter().find(|m| m.name == name))
			.cloned()
	}
}

/// A catalogue that its owner replaces when the chain changes.
#[derive(Default)]
pub struct StaticCatalogue(RwLock<Vec<ServedModel>>);

impl StaticCatalogue {
	/// A catalogue of `models`.
	pub fn new(models: Vec<ServedModel>) -> Self {
		Self(RwLock::new(models))
	}

	/// Replaces every model.
	pub fn replace(&self, models: Vec<ServedModel>) {
		*self.0.write() = models;
	}
}

impl Catalogue for StaticCatalogue {
	fn list(&self) -> Vec<ServedModel> {
		self.0.read().clone()
	}
}

/// Leave to answer one request; the most it may cost is set aside until it is charged or released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
	/// Billing's own number of this grant.
	pub id: u64,
	/// Who pays.
	pub payer: AccountBytes,
	/// The owner account of this worker.
	pub worker: AccountBytes,
	/// The receipt's nonce.
	pub nonce: u64,
}

/// What was charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charged {
	/// Everything the payer has spent in this channel, this answer included.
	pub spent: u128,
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
	/// No voucher, or one that covers too little: 402. The value says what to sign.
	PaymentRequired {
		/// For the person who reads it.
		message: String,
		/// For the client that signs.
		details: Value,
	},
	/// A voucher that cannot be read or is not valid: 400.
	Invalid(String),
	/// The chain cannot be asked just now: 503.
	Unavailable(String),
}

/// Who pays for an answer.
#[async_trait]
pub trait Billing: Send + Sync {
	/// Checks the voucher (the text of the `weft-voucher` header) and sets `max_fee` aside.
	async fn authorise(
		&self,
		model: &ServedModel,
		voucher: Option<&str>,
		max_fee: u128,
	) -> Result<Grant, Refusal>;

	/// Charges the receipt's fee and keeps the receipt for settlement; the rest is released.
	async fn charge(&self, grant: &Grant, receipt: &Receipt) -> Result<Charged, String>;

	/// Nothing was answered: what was set aside is free again.
	async fn release(&self, grant: &Grant);
}

/// Answers without payment, for a worker that is not on a chain. A priced model is refused.
pub struct FreeOfCharge {
	worker: AccountBytes,
	nonce: AtomicU64,
}

impl FreeOfCharge {
	/// Free answers of `worker`.
	pub fn new(worker: AccountBytes) -> Self {
		Self { worker, nonce: AtomicU64::new(0) }
	}
}

#[async_trait]
impl Billing for FreeOfCharge {
	async fn authorise(
		&self,
		model: &ServedModel,
		_: Option<&str>,
		max_fee: u128,
	) -> Result<Grant, Refusal> {
		if max_fee > 0 {
			return Err(Refusal::PaymentRequired {
				message: format!("{} has a price and this worker takes no payment", model.name),
				details: json!({}),
			});
		}
		let nonce = self.nonce.fetch_add(1, Ordering::Relaxed);
		Ok(Grant { id: nonce, payer: [0; 32], worker: self.worker, nonce })
	}

	async fn charge(&self, _: &Grant, _: &Receipt) -> Result<Charged, String> {
		Ok(Charged { spent: 0 })
	}

	async fn release(&self, _: &Grant) {}
}

/// A record that an answer is owed to.
#[derive(Clone, Debug, PartialEq)]
pub struct Attributed {
	/// The record's hash.
	pub record: Hash32,
	/// Who contributed it.
	pub contributor: AccountBytes,
	/// Its part of the contributors' part.
	pub ppm: u32,
	/// The contribution it came with.
	pub contribution: u64,
	/// Its text, to show.
	pub text: String,
}

/// A part of the answer that a record supports, in bytes of the answer's text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
	/// First byte.
	pub start: usize,
	/// One past the last byte.
	pub end: usize,
	/// The answer's text there.
	pub text: String,
	/// The record that supports it, in hex.
	pub record: String,
	/// More about the match.
	#[serde(flatten)]
	pub more: serde_json::Map<String, Value>,
}

/// To whom an answer is owed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
	/// The records; with `withheld_ppm` they sum to 1,000,000.
	pub shares: Vec<Attributed>,
	/// The part no record is owed.
	pub withheld_ppm: u32,
	/// Parts of the answer and the records that support them.
	pub spans: Vec<Span>,
	/// Root of the index that was used.
	pub index_root: Hash32,
}

impl Attribution {
	/// Nothing is owed to any record.
	pub fn withheld(index_root: Hash32) -> Self {
		Self { shares: Vec::new(), withheld_ppm: PPM, spans: Vec::new(), index_root }
	}

	pub(crate) fn record_shares(&self) -> Vec<RecordShare> {
		self.shares
			.iter()
			.map(|s| RecordShare { record: s.record, contributor: s.contributor, ppm: s.ppm })
			.collect()
	}

	/// The shares by contributor, the largest first, each with its records.
	pub(crate) fn by_contributor(&self, prefix: u8) -> Vec<Value> {
		let mut groups: Vec<(AccountBytes, u32, Vec<&Attributed>)> = Vec::new();
		for share in &self.shares {
			match groups.iter_mut().find(|(account, ..)| *account == share.contributor) {
				Some((_, ppm, records)) => {
					*ppm = ppm.saturating_add(share.ppm);
					records.push(share);
				}
				None => groups.push((share.contributor, share.ppm, vec![share])),
			}
		}
		groups.sort_by_key(|(account, ppm, _)| (std::cmp::Reverse(*ppm), *account));
		groups
			.into_iter()
			.map(|(account, ppm, mut records)| {
				records.sort_by_key(|r| (std::cmp::Reverse(r.ppm), r.record));
				json!({
					"contributor": ss58(&account, prefix),
					"ppm": ppm,
					"records": records.iter().map(|r| json!({
						"hash": hex::encode(r.record),
						"ppm": r.ppm,
						"contribution": r.contribution,
						"text": r.text,
					})).collect::<Vec<_>>(),
				})
			})
			.collect()
	}
}

/// Finds the records that an answer is owed to.
#[async_trait]
pub trait Attributor: Send + Sync {
	/// Attributes `answer` to the records that `model` learned from.
	async fn attribute(
		&self,
		model: &ServedModel,
		prompt: &[Message],
		answer: &str,
	) -> Result<Attribution, String>;
}

/// For a worker without indices: everything is withheld.
pub struct NoAttribution;

#[async_trait]
impl Attributor for NoAttribution {
	async fn attribute(
		&self,
		model: &ServedModel,
		_: &[Message],
		_: &str,
	) -> Result<Attribution, String> {
		Ok(Attribution::withheld(model.index_root))
	}
}

impl<T: Catalogue> Catalogue for Arc<T> {
	fn list(&self) -> Vec<ServedModel> {
		self.as_ref().list()
	}
}
