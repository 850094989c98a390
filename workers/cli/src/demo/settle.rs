//! Settlement, claims, the table, and the proof that no unit was lost.

use super::{state::State, Cast};
use crate::{ctx::Ctx, ops::money, units};
use anyhow::{bail, Context, Result};
use serde_json::Value as Json;
use std::{collections::BTreeMap, time::Duration};

fn amount(v: &Json) -> u128 {
	v.as_str().and_then(|s| s.parse().ok()).or_else(|| v.as_u64().map(u128::from)).unwrap_or(0)
}

pub async fn run(ctx: &Ctx, cast: &Cast, state: &mut State) -> Result<()> {
	let model = state.need_model()?;
	let spent: u128 = state.data.answers.iter().map(|a| a.fee).sum();
	println!(
		"    {} answers for {}; waiting for the worker's settlement",
		state.data.answers.len(),
		units::show(spent)
	);
	let mut settled = false;
	for _ in 0..300 {
		let channel = ctx
			.chain
			.channel(&cast.payer.account(), &cast.worker, model)
			.await?
			.context("the channel is gone")?;
		if channel.settled >= spent {
			settled = true;
			break;
		}
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	if !settled {
		bail!("the worker did not settle {} within five minutes; see its log", units::show(spent));
	}
	// Everything allotted becomes claimable when the challenge window of the newest root is over.
	let ledger = ctx.chain.ledger(&cast.worker).await?.context("the worker has no ledger")?;
	println!("    epoch {} settled; waiting for its challenge window", ledger.epoch);
	for _ in 0..300 {
		let open = match money::claimable_tree(ctx, &cast.worker).await {
			Ok(tree) => tree.iter().map(|l| l.cumulative).sum::<u128>() >= ledger.allotted,
			Err(_) => false,
		};
		if open {
			break;
		}
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	let tree = money::claimable_tree(ctx, &cast.worker).await?;
	for (name, words, key) in &cast.contributors {
		let account = key.account();
		let earned = tree.iter().find(|l| l.account == account.0).map_or(0, |l| l.cumulative);
		let paid = ctx.chain.claimed(&cast.worker, &account).await?;
		if earned > paid {
			let (got, _) = money::claim_as(ctx, key, &cast.worker, &account).await?;
			println!("    {words} claimed {}", units::show(got));
		}
		state.data.claimed.insert(name.to_string(), earned);
		state.save()?;
	}
	Ok(())
}

/// Totals of every fee that this chain settled since the demo began.
#[derive(Default)]
struct Totals {
	fee: u128,
	treasury: u128,
	base_owner: u128,
	developer: u128,
	worker: u128,
	contributors: u128,
	allotted: u128,
	reserved: u128,
	claimed: u128,
	blocks: u32,
	extrinsics: u64,
	bytes: u64,
}

async fn totals(ctx: &Ctx, state: &State) -> Result<Totals> {
	let mut t = Totals::default();
	let from = state.data.first_block.unwrap_or_default();
	let (to, _) = ctx.chain.finalised().await?;
	t.blocks = to.saturating_sub(from);
	for n in from..=to {
		let block = ctx.chain.block_events(n).await?;
		let (signed, bytes) = ctx.chain.block_size(n).await?;
		t.extrinsics += signed;
		t.bytes += bytes;
		for e in block.events.iter().filter(|e| e.pallet == "Attribution") {
			let f = &e.fields;
			match e.name.as_str() {
				"VoucherSettled" => {
					t.fee += amount(&f["fee"]);
					t.treasury += amount(&f["treasury"]);
					t.base_owner += amount(&f["base_owner"]);
					t.developer += amount(&f["developer"]);
					t.worker += amount(&f["worker_amount"]);
					t.contributors += amount(&f["contributors"]);
				}
				"EpochSettled" => {
					t.allotted += amount(&f["allotted"]);
					t.reserved += amount(&f["reserved"]);
				}
				"Claimed" => t.claimed += amount(&f["amount"]),
				_ => {}
			}
		}
	}
	Ok(t)
}

pub async fn table(ctx: &Ctx, cast: &Cast, state: &State) -> Result<()> {
	// Claims land in best blocks; the table reads finalised ones.
	tokio::time::sleep(Duration::from_secs(12)).await;
	let tree: BTreeMap<[u8; 32], u128> = money::claimable_tree(ctx, &cast.worker)
		.await?
		.into_iter()
		.map(|l| (l.account, l.cumulative))
		.collect();
	let all: u128 = tree.values().sum();
	println!(
		"    {:<20} {:>8} {:>8} {:>22} {:>22}",
		"contributor", "records", "share", "earned", "claimed"
	);
	for (name, words, key) in &cast.contributors {
		let (records, refused) = state.data.accepted.get(*name).cloned().unwrap_or_default();
		let earned = tree.get(&key.account().0).copied().unwrap_or_default();
		let paid = ctx.chain.claimed(&cast.worker, &key.account()).await?;
		println!(
			"    {words:<20} {:>8} {:>6.1} % {:>22} {:>22}",
			records.saturating_sub(u32::try_from(refused.len())?),
			100.0 * earned as f64 / all.max(1) as f64,
			units::show(earned),
			units::show(paid)
		);
	}
	let t = totals(ctx, state).await?;
	let paid = t.treasury + t.base_owner + t.developer + t.worker + t.allotted;
	println!(
		"\n    fees {} = treasury {} + base owner {} + developer {} + worker {} + contributors {} + reserve {}",
		t.fee, t.treasury, t.base_owner, t.developer, t.worker, t.allotted, t.reserved
	);
	let exact = paid + t.reserved == t.fee && t.contributors == t.allotted + t.reserved;
	let ledger = ctx.chain.ledger(&cast.worker).await?.context("the worker has no ledger")?;
	let held = ledger.allotted + ledger.reserve + ledger.unallotted == ledger.received;
	println!(
		"    conservation: paid {} + reserve {} = fees {} ({}); ledger received {} = allotted {} + reserve {} + unallotted {} ({})",
		paid,
		t.reserved,
		t.fee,
		if exact { "exact" } else { "NOT EXACT" },
		ledger.received,
		ledger.allotted,
		ledger.reserve,
		ledger.unallotted,
		if held { "exact" } else { "NOT EXACT" }
	);
	println!(
		"    claimed {} of {} allotted; {} blocks, {} signed extrinsics and {} bytes of extrinsics in all since the demo began",
		t.claimed, t.allotted, t.blocks, t.extrinsics, t.bytes
	);
	if !exact || !held {
		bail!("money was not conserved");
	}
	Ok(())
}
