//! Who pays for an answer: prepaid channels and cumulative vouchers.

use crate::journal::{Entry, Journal};
use anyhow::Result;
use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::json;
use std::{
	collections::HashMap,
	sync::{
		atomic::{AtomicU32, AtomicU64, Ordering},
		Arc,
	},
	time::{Duration, Instant},
};
use weft_chain::{
	rows,
	voucher::{parse_header, HostCrypto},
	AccountId, Client,
};
use weft_primitives::{
	ids::{AccountBytes, ModelId},
	receipt::Receipt,
	voucher::{verify, Voucher, VoucherSignature},
};
use weft_serving::{Billing, Charged, Grant, Refusal, ServedModel};

/// A voucher must live at least so many blocks longer, or it may expire before it is settled.
const MIN_LIFE: u32 = 40;
/// How long a proposed voucher should live.
const LIFE: u32 = 2_000;
/// How long a channel that was read from the chain is believed.
const CHANNEL_AGE: Duration = Duration::from_secs(6);

/// Payer and model of a channel to this worker.
pub type ChannelKey = (AccountBytes, ModelId);

/// What this worker knows of a channel.
#[derive(Clone, Default)]
pub struct Account {
	/// Charged since the channel's beginning.
	pub spent: u128,
	/// Set aside for answers that are being made.
	pub reserved: u128,
	/// The voucher with the largest amount.
	pub voucher: Option<(Voucher, VoucherSignature)>,
	/// Receipts with the channel's total after each.
	pub receipts: Vec<(u128, Receipt)>,
}

struct Open {
	key: Option<ChannelKey>,
	max_fee: u128,
	voucher: Option<(Voucher, VoucherSignature)>,
}

/// The worker's till.
pub struct Till {
	chain: Client,
	owner: AccountId,
	chain_id: u64,
	block: AtomicU32,
	journal: Journal,
	accounts: Mutex<HashMap<ChannelKey, Account>>,
	jobs: Mutex<Vec<(u64, Receipt)>>,
	/// Jobs that a tree of an epoch allots; done once the chain has that epoch.
	allotting: Mutex<Vec<(u32, Vec<u64>)>>,
	open: Mutex<HashMap<u64, Open>>,
	next: AtomicU64,
	channels: Mutex<HashMap<ChannelKey, (Instant, Option<rows::Channel>)>>,
}

impl Till {
	/// Rebuilds the till from its journal.
	pub fn new(
		chain: Client,
		owner: AccountId,
		chain_id: u64,
		journal: Journal,
		entries: Vec<Entry>,
	) -> Arc<Self> {
		let mut accounts = HashMap::<ChannelKey, Account>::new();
		let mut jobs = Vec::new();
		let mut allotting = Vec::new();
		let mut nonce = 0;
		for e in entries {
			match e {
				Entry::Answer { receipt, voucher, signature, spent } => {
					nonce = nonce.max(receipt.nonce.saturating_add(1));
					let a = accounts.entry((receipt.payer, receipt.model)).or_default();
					a.spent = a.spent.max(spent);
					if a.voucher.as_ref().is_none_or(|(v, _)| v.cumulative <= voucher.cumulative) {
						a.voucher = Some((voucher, signature));
					}
					a.receipts.push((spent, receipt));
				}
				Entry::Job { job, receipt } => {
					nonce = nonce.max(receipt.nonce.saturating_add(1));
					jobs.push((job, receipt));
				}
				Entry::Allotted { epoch, jobs } => {
					allotting.retain(|(e, _)| *e != epoch);
					allotting.push((epoch, jobs));
				}
			}
		}
		Arc::new(Self {
			chain,
			owner,
			chain_id,
			block: AtomicU32::new(0),
			journal,
			accounts: Mutex::new(accounts),
			jobs: Mutex::new(jobs),
			allotting: Mutex::new(allotting),
			open: Mutex::new(HashMap::new()),
			next: AtomicU64::new(nonce),
			channels: Mutex::new(HashMap::new()),
		})
	}

	/// Tells the newest finalised block.
	pub fn at_block(&self, number: u32) {
		self.block.store(number, Ordering::Relaxed);
	}

	/// Every channel with answers.
	pub fn accounts(&self) -> Vec<(ChannelKey, Account)> {
		self.accounts.lock().iter().map(|(k, a)| (*k, a.clone())).collect()
	}

	/// Receipts of inference jobs whose contributors' part was not allotted yet.
	pub fn job_receipts(&self) -> Vec<(u64, Receipt)> {
		self.jobs.lock().clone()
	}

	/// Writes down which jobs the tree of an epoch allots, before it is sent: after a crash between the chain's block
	/// and the answer, no receipt is allotted twice.
	pub fn allotting(&self, epoch: u32, jobs: &[u64]) -> Result<()> {
		let mut all = self.allotting.lock();
		// Most settlements have no job in them. An empty list is written only over one that failed.
		if jobs.is_empty() && !all.iter().any(|(e, _)| *e == epoch) {
			return Ok(());
		}
		self.journal.append(&Entry::Allotted { epoch, jobs: jobs.to_vec() })?;
		all.retain(|(e, _)| *e != epoch);
		all.push((epoch, jobs.to_vec()));
		Ok(())
	}

	/// Drops the receipts of jobs that the trees up to the chain's `epoch` have allotted.
	pub fn allotted(&self, epoch: u32) {
		self.allotting.lock().retain(|(e, done)| {
			if *e <= epoch {
				self.jobs.lock().retain(|(j, _)| !done.contains(j));
			}
			*e > epoch
		});
	}

	/// Drops receipts of jobs that will never be paid.
	pub fn drop_jobs(&self, jobs: &[u64]) {
		self.jobs.lock().retain(|(j, _)| !jobs.contains(j));
	}

	/// Drops the receipts of a channel that the chain has settled, up to the channel's total.
	pub fn settled(&self, channel: &ChannelKey, upto: u128) {
		if let Some(a) = self.accounts.lock().get_mut(channel) {
			a.receipts.retain(|(spent, _)| *spent > upto);
		}
	}

	/// A grant for an inference job: the chain's escrow pays.
	pub fn grant_job(&self, payer: AccountBytes) -> Grant {
		let id = self.next.fetch_add(1, Ordering::Relaxed);
		self.open.lock().insert(id, Open { key: None, max_fee: 0, voucher: None });
		Grant { id, payer, worker: self.owner.0, nonce: id }
	}

	/// Keeps the receipt of an inference job until its contributors' part is allotted.
	pub fn keep_job(&self, job: u64, receipt: &Receipt) -> Result<()> {
		self.journal.append(&Entry::Job { job, receipt: receipt.clone() })?;
		self.jobs.lock().push((job, receipt.clone()));
		Ok(())
	}

	async fn channel(&self, key: ChannelKey) -> Result<Option<rows::Channel>, Refusal> {
		if let Some((at, c)) = self.channels.lock().get(&key) {
			if at.elapsed() < CHANNEL_AGE {
				return Ok(c.clone());
			}
		}
		let row = self
			.chain
			.channel(&AccountId(key.0), &self.owner, key.1)
			.await
			.map_err(|e| Refusal::Unavailable(e.to_string()))?;
		let mut cache = self.channels.lock();
		if cache.len() > 10_000 {
			cache.clear();
		}
		cache.insert(key, (Instant::now(), row.clone()));
		Ok(row)
	}

	fn wanted(&self, model: ModelId, spent: u128, max_fee: u128, message: String) -> Refusal {
		Refusal::PaymentRequired {
			message,
			details: json!({
				"worker": self.owner.to_string(),
				"model": model,
				"genesis": hex::encode(self.chain.genesis()),
				"chain_id": self.chain_id,
				"spent": spent.to_string(),
				"max_fee": max_fee.to_string(),
				"expires_at": self.block.load(Ordering::Relaxed).saturating_add(LIFE),
			}),
		}
	}
}

#[async_trait]
impl Billing for Till {
	async fn authorise(
		&self,
		model: &ServedModel,
		voucher: Option<&str>,
		max_fee: u128,
	) -> Result<Grant, Refusal> {
		let Some(id) = model.id.filter(|_| max_fee > 0) else {
			let n = self.next.fetch_add(1, Ordering::Relaxed);
			return Ok(Grant { id: n, payer: [0; 32], worker: self.owner.0, nonce: n });
		};
		let Some(text) = voucher else {
			return Err(self.wanted(
				id,
				0,
				max_fee,
				format!(
					"weft-{id} has a price: open a channel (Attribution.deposit) and send a signed voucher for what \
					 was spent plus {max_fee} plancks in the weft-voucher header"
				),
			));
		};
		let (v, signature) = parse_header(text).map_err(|e| Refusal::Invalid(e.to_string()))?;
		if v.worker != self.owner.0 {
			return Err(Refusal::Invalid(format!(
				"the voucher is for worker {}; this one is {}",
				AccountId(v.worker),
				self.owner
			)));
		}
		if v.model != id {
			return Err(Refusal::Invalid(format!(
				"the voucher is for weft-{}, not weft-{id}",
				v.model
			)));
		}
		if !verify::<HostCrypto>(&v, &signature, &self.chain.genesis(), self.chain_id) {
			return Err(Refusal::Invalid(
				"the voucher's signature is not the payer's for this chain (sr25519 over its digest, or EIP-712)".into(),
			));
		}
		let now = self.block.load(Ordering::Relaxed);
		if v.expires_at < now.saturating_add(MIN_LIFE) {
			return Err(self.wanted(
				id,
				0,
				max_fee,
				format!(
					"the voucher expires at block {}; it must live until {} at least",
					v.expires_at,
					now.saturating_add(MIN_LIFE)
				),
			));
		}
		let key = (v.payer, id);
		let channel = self.channel(key).await?;
		let Some(channel) = channel.filter(|c| c.closing.is_none()) else {
			return Err(self.wanted(
				id,
				0,
				max_fee,
				format!("{} has no open channel to this worker for weft-{id}; make one with Attribution.deposit", AccountId(v.payer)),
			));
		};
		let mut accounts = self.accounts.lock();
		let a = accounts.entry(key).or_default();
		a.spent = a.spent.max(channel.settled);
		let used = a.spent.saturating_add(a.reserved);
		let needed = used.saturating_add(max_fee);
		if v.cumulative < needed {
			return Err(self.wanted(
				id,
				used,
				max_fee,
				format!("the voucher is for {} plancks in total; {needed} are needed ({used} used, at most {max_fee} for this answer)", v.cumulative),
			));
		}
		if needed > channel.deposited {
			return Err(self.wanted(
				id,
				used,
				max_fee,
				format!("the channel holds {} plancks and {needed} are needed; top it up with Attribution.deposit", channel.deposited),
			));
		}
		a.reserved = a.reserved.saturating_add(max_fee);
		drop(accounts);
		let n = self.next.fetch_add(1, Ordering::Relaxed);
		self.open
			.lock()
			.insert(n, Open { key: Some(key), max_fee, voucher: Some((v.clone(), signature)) });
		Ok(Grant { id: n, payer: v.payer, worker: self.owner.0, nonce: n })
	}

	async fn charge(&self, grant: &Grant, receipt: &Receipt) -> Result<Charged, String> {
		let Some(open) = self.open.lock().remove(&grant.id) else {
			return Ok(Charged { spent: 0 });
		};
		let (Some(key), Some((voucher, signature))) = (open.key, open.voucher) else {
			return Ok(Charged { spent: 0 });
		};
		let mut accounts = self.accounts.lock();
		let a = accounts.entry(key).or_default();
		let spent = a.spent.saturating_add(receipt.fee);
		let best = match &a.voucher {
			Some((v, s)) if v.cumulative > voucher.cumulative => (v.clone(), s.clone()),
			_ => (voucher, signature),
		};
		self.journal
			.append(&Entry::Answer {
				receipt: receipt.clone(),
				voucher: best.0.clone(),
				signature: best.1.clone(),
				spent,
			})
			.map_err(|e| format!("{e:#}"))?;
		a.reserved = a.reserved.saturating_sub(open.max_fee);
		a.spent = spent;
		a.voucher = Some(best);
		a.receipts.push((spent, receipt.clone()));
		Ok(Charged { spent })
	}

	async fn release(&self, grant: &Grant) {
		if let Some(open) = self.open.lock().remove(&grant.id) {
			if let Some(key) = open.key {
				if let Some(a) = self.accounts.lock().get_mut(&key) {
					a.reserved = a.reserved.saturating_sub(open.max_fee);
				}
			}
		}
	}
}
