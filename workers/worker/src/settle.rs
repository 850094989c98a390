//! Settlement: vouchers and the epoch's earnings tree in one extrinsic.

use crate::billing::Till;
use anyhow::{Context, Result};
use bytes::Bytes;
use std::{collections::BTreeMap, sync::Arc};
use weft_chain::{
	calls::{self, EarningsRoot, SettleItem},
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
			till.settled(0, &[((payer, model), channel.settled)], &[])?;
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
	// Money that inference jobs brought.
	let jobs = till.job_receipts();
	let unallotted = ledger.as_ref().map_or(0, |l| l.unallotted);
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
	let epoch = ledger.map_or(0, |l| l.epoch).saturating_add(1);
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
	let receipt = queue.submit_until(call, Until::Finalised).await?;
	till.settled(epoch, &covered, &done)?;
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
