//! Channels, earnings, claims.

use crate::{args, args::Common, ctx::Ctx, units};
use anyhow::{bail, Context, Result};
use weft_chain::{calls, parse_account, AccountId, Key, TxReceipt};
use weft_primitives::sum_tree::{self, Leaf};
use weft_store::Blobs;

pub async fn channel(common: &Common, command: args::Channel) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	let call = match command {
		args::Channel::Deposit { worker, model, amount } => {
			calls::deposit(&parse_account(&worker)?, model, units::parse(&amount)?)
		}
		args::Channel::Close { worker, model } => {
			calls::close_channel(&parse_account(&worker)?, model)
		}
		args::Channel::Withdraw { worker, model } => {
			calls::withdraw_channel(&parse_account(&worker)?, model)
		}
	};
	ctx.submit(call).await?;
	Ok(())
}

async fn who(ctx: &Ctx, c: &args::Account) -> Result<(AccountId, AccountId)> {
	let account = match &c.account {
		Some(a) => parse_account(a)?,
		None => ctx.key()?.account(),
	};
	Ok((account, parse_account(&c.worker)?))
}

pub async fn earnings(common: &Common, c: args::Account) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	let (account, worker) = who(&ctx, &c).await?;
	let tree = claimable_tree(&ctx, &worker).await?;
	let earned = tree.iter().find(|l| l.account == account.0).map_or(0, |l| l.cumulative);
	let paid = ctx.chain.claimed(&worker, &account).await?;
	println!("{account} in the tree of worker {worker}");
	println!("  earned    {}", units::show(earned));
	println!("  paid      {}", units::show(paid));
	println!("  claimable {}", units::show(earned.saturating_sub(paid)));
	Ok(())
}

pub async fn claim(common: &Common, c: args::Account) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	let (account, worker) = who(&ctx, &c).await?;
	let (amount, _) = claim_as(&ctx, ctx.key()?, &worker, &account).await?;
	println!("{} paid to {account}", units::show(amount));
	Ok(())
}

/// Claims for `account` from the worker's newest claimable tree. Returns the amount.
pub async fn claim_as(
	ctx: &Ctx,
	key: &Key,
	worker: &AccountId,
	account: &AccountId,
) -> Result<(u128, TxReceipt)> {
	let tree = claimable_tree(ctx, worker).await?;
	let Some(index) = tree.iter().position(|l| l.account == account.0) else {
		bail!("{account} has no earnings in the tree of worker {worker}")
	};
	let leaf = tree.get(index).context("leaf out of range")?;
	let proof = sum_tree::prove(&tree, index).context("the worker's tree is malformed")?;
	let r = ctx.submit_as(key, calls::claim(worker, leaf, &proof)).await?;
	let amount = r.event("Attribution", "Claimed")?.fields["amount"]
		.as_str()
		.and_then(|a| a.parse().ok())
		.unwrap_or_default();
	Ok((amount, r))
}

/// Leaves of the newest tree whose challenge window is over.
pub async fn claimable_tree(ctx: &Ctx, worker: &AccountId) -> Result<Vec<Leaf>> {
	let (now, _) = ctx.chain.finalised().await?;
	let ledger = ctx
		.chain
		.ledger(worker)
		.await?
		.with_context(|| format!("worker {worker} has not settled anything yet"))?;
	let Some(tree) = ledger.claimable(now) else {
		bail!("no earnings of worker {worker} are claimable yet; a settled epoch becomes so after its challenge window")
	};
	let leaves = ctx.blobs.get(&tree.leaves).await?;
	serde_json::from_slice(&leaves).context("the leaves blob is not a JSON list of leaves")
}
