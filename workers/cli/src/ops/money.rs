//! Channels, earnings, claims.

use crate::{args, args::Common, ctx::Ctx, units};
use anyhow::{bail, Context, Result};
use serde_json::Value as Json;
use weft_chain::{calls, parse_account, rows::Hash32, AccountId, Key, TxReceipt};
use weft_primitives::sum_tree::{self, Leaf};
use weft_store::{parse_cid, Blobs};

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

/// The leaves blob of an epoch: `[{"account": hex, "cumulative": "decimal"}]`.
pub fn parse_leaves(bytes: &[u8]) -> Result<Vec<Leaf>> {
	let rows: Vec<Json> =
		serde_json::from_slice(bytes).context("the leaves are not a JSON list")?;
	rows.iter()
		.map(|r| {
			let account = hex::decode(r["account"].as_str().unwrap_or_default())?;
			let account: Hash32 = account
				.try_into()
				.map_err(|_| anyhow::anyhow!("a leaf's account is not 32 bytes"))?;
			let cumulative = r["cumulative"].as_str().unwrap_or_default().parse()?;
			Ok(Leaf { account, cumulative })
		})
		.collect()
}

/// Leaves of the newest root whose challenge window is over, found through the chain's events.
pub async fn claimable_tree(ctx: &Ctx, worker: &AccountId) -> Result<Vec<Leaf>> {
	let (now, _) = ctx.chain.finalised().await?;
	let url = format!("{}/api/settlements?worker={worker}&limit=200", ctx.gateway);
	let rows: Json = ctx.http.get(&url).send().await?.error_for_status()?.json().await?;
	let list =
		rows.as_array().or_else(|| rows["items"].as_array()).context("no list of settlements")?;
	let number = |v: &Json| v.as_u64().or_else(|| v.as_str()?.parse().ok()).unwrap_or(u64::MAX);
	let newest = list
		.iter()
		.filter(|s| number(&s["claimable_at"]) <= u64::from(now))
		.max_by_key(|s| number(&s["epoch"]));
	let Some(newest) = newest else {
		bail!("no earnings of worker {worker} are claimable yet; a settled epoch becomes so after its challenge window")
	};
	let cid = parse_cid(newest["leaves"].as_str().unwrap_or_default())?;
	parse_leaves(&ctx.blobs.get(&cid).await?)
}
