//! Settlement: vouchers and the epoch's earnings tree in one extrinsic.

use crate::billing::Till;
use anyhow::{Context, Result};
use bytes::Bytes;
use std::{collections::BTreeMap, sync::Arc};
use weft_chain::{
	calls::{self, EarningsRoot, SettleItem},
	rows::{JobResult, JobState},
	tx::Until,
	AccountId, Client, TxQueue, TxReceipt,
};
use weft_primitives::{
	earnings::allocate,
	merkle,
	receipt::Receipt,
	split::{split_fee, Split},
	sum_tree::{self, Leaf},
};
use weft_store::Blobs;

/// Most vouchers in one settlement; the pallet has the same bound.
const MAX_ITEMS: usize = 64;

/// Settles everything that was charged and not settled. `None` when there is nothing.
pub async fn once(
	chain: &Client,
	blobs: &Arc<dyn Blobs>,
	queue: &TxQueue,
	till: &Till,
	owner: &AccountId,
) -> Result<Option<TxReceipt>> {
	let ledger = chain.ledger(owner).await?;
	let last_epoch = ledger.as_ref().map_or(0, |l| l.epoch);
	till.allotted(last_epoch);
	let mut items = Vec::new();
	let mut covered = Vec::new();
	let mut earned = BTreeMap::<[u8; 32], u128>::new();
	let mut hashes = Vec::new();
	for ((payer, model), account) in till.accounts() {
		if items.len() >= MAX_ITEMS {
			break;
		}
		let Some(channel) = chain.channel(&AccountId(payer), owner, model).await? else { continue };
		let Some((voucher, signature)) = account.voucher.clone() else { continue };
		let amount = account.spent.min(voucher.cumulative).min(channel.deposited);
		if amount <= channel.settled {
			till.settled(&(payer, model), channel.settled);
			continue;
		}
		let row =
			chain.model(model).await?.with_context(|| format!("weft-{model} is not on chain"))?;
		let split = Split {
			treasury: row.split.treasury,
			base_owner: row.split.base_owner,
			developer: row.split.developer,
			worker: row.split.worker,
			contributors: row.split.contributors,
		};
		let fee = amount.saturating_sub(channel.settled);
		let pool = split_fee(fee, &split).context("a split on chain is not whole")?.contributors;
		let receipts: Vec<&Receipt> = account
			.receipts
			.iter()
			.filter(|(spent, _)| *spent > channel.settled && *spent <= amount)
			.map(|(_, r)| r)
			.collect();
		let part = allocate(pool, &receipts).context("receipts whose shares do not sum up")?;
		for (who, n) in part.per_account {
			let sum = earned.entry(who).or_default();
			*sum = sum.saturating_add(n);
		}
		hashes.extend(receipts.iter().map(|r| r.hash()));
		items.push(SettleItem { voucher, signature, amount });
		covered.push(((payer, model), amount));
	}
	// Money that inference jobs brought: to the receipts of jobs that the chain has paid, and of no others.
	let unallotted = ledger.as_ref().map_or(0, |l| l.unallotted);
	let jobs = paid_jobs(chain, till, owner, unallotted > 0).await?;
	let mut done = Vec::new();
	if unallotted > 0 {
		let receipts: Vec<&Receipt> = jobs.iter().map(|(_, r)| r).collect();
		let part =
			allocate(unallotted, &receipts).context("receipts whose shares do not sum up")?;
		for (who, n) in part.per_account {
			let sum = earned.entry(who).or_default();
			*sum = sum.saturating_add(n);
		}
		hashes.extend(receipts.iter().map(|r| r.hash()));
		done.extend(jobs.iter().map(|(j, _)| *j));
	}
	if items.is_empty() && unallotted == 0 {
		return Ok(None);
	}
	let mut tree: BTreeMap<[u8; 32], u128> = match ledger.as_ref().and_then(|l| l.newest()) {
		Some(t) => {
			let bytes = blobs.get(&t.leaves).await.context("fetching the last earnings tree")?;
			let leaves: Vec<Leaf> = serde_json::from_slice(&bytes)?;
			leaves.into_iter().map(|l| (l.account, l.cumulative)).collect()
		}
		None => BTreeMap::new(),
	};
	for (who, n) in earned {
		let sum = tree.entry(who).or_default();
		*sum = sum.saturating_add(n);
	}
	let leaves: Vec<Leaf> =
		tree.into_iter().map(|(account, cumulative)| Leaf { account, cumulative }).collect();
	let root = sum_tree::root(&leaves).context("the earnings do not form a tree")?;
	let cid = blobs.put(Bytes::from(serde_json::to_vec(&leaves)?)).await?;
	let epoch = last_epoch.saturating_add(1);
	let call = calls::settle(
		&items,
		&EarningsRoot {
			epoch,
			root,
			leaves: cid,
			receipts_root: merkle::root(&hashes),
			receipts: u32::try_from(hashes.len()).unwrap_or(u32::MAX),
		},
	);
	till.allotting(epoch, &done)?;
	let receipt = queue.submit_until(call, Until::Finalised).await?;
	till.allotted(epoch);
	for (channel, upto) in &covered {
		till.settled(channel, *upto);
	}
	tracing::info!(
		epoch,
		vouchers = items.len(),
		receipts = hashes.len(),
		total = %root.total,
		block = receipt.block,
		"settled"
	);
	Ok(Some(receipt))
}

/// The kept receipts of this worker's jobs that the chain has settled; a job that is only reported has not brought its
/// money yet. The chain forgets a settled job after a while: receipts of forgotten jobs count when there is money that
/// no other receipt explains, and are dropped otherwise.
async fn paid_jobs(
	chain: &Client,
	till: &Till,
	owner: &AccountId,
	money: bool,
) -> Result<Vec<(u64, Receipt)>> {
	let (mut paid, mut gone, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
	for (id, receipt) in till.job_receipts() {
		match fate(chain.job(id).await?.map(|row| row.state), owner, &receipt) {
			Fate::Paid => paid.push((id, receipt)),
			Fate::Gone => gone.push((id, receipt)),
			Fate::Waits => {}
			Fate::Never => dropped.push(id),
		}
	}
	if money && paid.is_empty() {
		paid = gone;
	} else {
		dropped.extend(gone.into_iter().map(|(id, _)| id));
	}
	till.drop_jobs(&dropped);
	Ok(paid)
}

/// What becomes of a kept receipt.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
	/// The chain has paid for the answer.
	Paid,
	/// The job is not settled yet.
	Waits,
	/// The chain does not know the job any more.
	Gone,
	/// The job ended otherwise: failed, or another worker's.
	Never,
}

fn fate(state: Option<JobState>, owner: &AccountId, receipt: &Receipt) -> Fate {
	let ours = |worker: &[u8; 32], result: &JobResult| {
		*worker == owner.0
			&& matches!(result, JobResult::Answered { receipt: r, .. } if *r == receipt.hash())
	};
	match state {
		None => Fate::Gone,
		Some(JobState::Claimed { worker, .. }) if worker == owner.0 => Fate::Waits,
		Some(JobState::Reported { worker, result, .. }) if ours(&worker, &result) => Fate::Waits,
		Some(JobState::Settled { worker, result, .. }) if ours(&worker, &result) => Fate::Paid,
		Some(_) => Fate::Never,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const OWNER: AccountId = AccountId([1; 32]);

	fn receipt(nonce: u64) -> Receipt {
		Receipt {
			model: 3,
			worker: OWNER.0,
			payer: [2; 32],
			nonce,
			request: [0; 32],
			response: [0; 32],
			tokens_in: 1,
			tokens_out: 1,
			fee: 10,
			index_root: [0; 32],
			shares: Vec::new(),
			withheld_ppm: 1_000_000,
		}
	}

	fn answered(r: &Receipt) -> JobResult {
		JobResult::Answered {
			result: [0; 32],
			answer: [0; 32],
			receipt: r.hash(),
			tokens_in: 1,
			tokens_out: 1,
		}
	}

	#[test]
	fn a_receipt_takes_money_only_after_the_chain_paid_for_that_very_answer() {
		let r = receipt(7);
		let settled = |worker, of: &Receipt| JobState::Settled { worker, result: answered(of) };
		let reported =
			|worker| JobState::Reported { worker, result: answered(&r), settle_after: 9 };
		assert_eq!(fate(Some(settled(OWNER.0, &r)), &OWNER, &r), Fate::Paid);
		assert_eq!(fate(Some(reported(OWNER.0)), &OWNER, &r), Fate::Waits);
		let claimed = |worker| JobState::Claimed { worker, report_by: 9, permille: 0 };
		assert_eq!(fate(Some(claimed(OWNER.0)), &OWNER, &r), Fate::Waits);
		assert_eq!(fate(Some(claimed([9; 32])), &OWNER, &r), Fate::Never);
		assert_eq!(fate(Some(reported([9; 32])), &OWNER, &r), Fate::Never);
		assert_eq!(fate(Some(settled([9; 32], &r)), &OWNER, &r), Fate::Never);
		assert_eq!(fate(Some(settled(OWNER.0, &receipt(8))), &OWNER, &r), Fate::Never);
		assert_eq!(fate(Some(JobState::Open { accept_by: 9 }), &OWNER, &r), Fate::Never);
		assert_eq!(fate(None, &OWNER, &r), Fate::Gone);
	}
}
