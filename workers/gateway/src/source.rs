//! The chain as the index sees it.

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde_json::{json, Value};
use weft_chain::{account_text, rows, AccountId, BlockEvents, Client};

/// Finalised blocks and the state behind them.
#[async_trait]
pub trait ChainSource: Send + Sync {
	/// Identifies the chain: its genesis hash in hex.
	fn genesis(&self) -> String;

	/// Finalised blocks from `from` on, in order, for ever.
	fn follow(&self, from: u32) -> BoxStream<'static, BlockEvents>;

	/// One finalised block.
	async fn block(&self, number: u32) -> anyhow::Result<BlockEvents>;

	/// Number of the newest finalised block.
	async fn head(&self) -> anyhow::Result<u32>;

	/// What the chain's state says of one thing; `None` when it is gone.
	async fn details(&self, kind: &str, id: &str) -> anyhow::Result<Option<Value>>;
}

/// Ids of a `details` request, for an error that says what was wrong.
fn number<T: std::str::FromStr>(kind: &str, id: &str) -> anyhow::Result<T> {
	id.parse().map_err(|_| anyhow::anyhow!("`{id}` is not the number of a {kind}"))
}

#[async_trait]
impl ChainSource for Client {
	fn genesis(&self) -> String {
		hex::encode(Client::genesis(self))
	}

	fn follow(&self, from: u32) -> BoxStream<'static, BlockEvents> {
		Box::pin(Client::follow(self, from))
	}

	async fn block(&self, number: u32) -> anyhow::Result<BlockEvents> {
		Ok(self.block_events(number).await?)
	}

	async fn head(&self) -> anyhow::Result<u32> {
		Ok(self.finalised().await?.0)
	}

	async fn details(&self, kind: &str, id: &str) -> anyhow::Result<Option<Value>> {
		Ok(match kind {
			"datanet" => self.datanet(number(kind, id)?).await?.map(datanet),
			"contribution" => self.contribution(number(kind, id)?).await?.map(contribution),
			"snapshot" => self.snapshot(number(kind, id)?).await?.map(|s| {
				let entry = |(contribution, accepted): &(u64, u32)| {
					json!({ "contribution": contribution, "accepted": accepted })
				};
				json!({ "contributions": s.contributions.iter().map(entry).collect::<Vec<_>>() })
			}),
			"base" => self.base(number(kind, id)?).await?.map(base),
			"model" => self.model(number(kind, id)?).await?.map(model),
			"job" => self.job(number(kind, id)?).await?.map(job),
			"worker" => {
				let owner: AccountId = id.parse()?;
				self.worker(&owner).await?.map(worker)
			},
			other => anyhow::bail!("`{other}` is not a kind of thing on the chain"),
		})
	}
}

fn datanet(row: rows::Datanet) -> Value {
	json!({
		"name": rows::text(&row.name),
		"description": hex::encode(row.description),
		"licence": hex::encode(row.licence),
		"schema": row.schema,
		"curators": row.curators.iter().map(account_text).collect::<Vec<_>>(),
		"approvals": row.approvals,
		"deposit_per_record": row.deposit_per_record.to_string(),
		"deposit_per_byte": row.deposit_per_byte.to_string(),
	})
}

fn contribution(row: rows::Contribution) -> Value {
	match row.status {
		rows::ContributionStatus::Pending => json!({}),
		rows::ContributionStatus::Accepted { bitmap, quality } => {
			json!({ "accepted_bitmap": hex::encode(bitmap), "quality": quality })
		}
		rows::ContributionStatus::Refused { quality } => json!({ "quality": quality }),
	}
}

fn base(row: rows::Base) -> Value {
	json!({
		"name": rows::text(&row.name),
		"architecture": rows::text(&row.architecture),
		"weights": hex::encode(row.weights),
		"tokenizer": hex::encode(row.tokenizer),
		"licence": hex::encode(row.licence),
	})
}

fn model(row: rows::ModelRow) -> Value {
	json!({
		"name": rows::text(&row.name),
		"snapshots": row.snapshots,
		"index": hex::encode(row.index),
		"metrics": hex::encode(row.metrics),
		"price_in": row.price_in.to_string(),
		"price_out": row.price_out.to_string(),
		"split": {
			"treasury": row.split.treasury,
			"base_owner": row.split.base_owner,
			"developer": row.split.developer,
			"worker": row.split.worker,
			"contributors": row.split.contributors,
		},
	})
}

fn job(row: rows::JobRow) -> Value {
	let spec = match row.spec {
		rows::JobSpec::Train { base, snapshots, config } => json!({ "Train": {
			"base": base, "snapshots": snapshots, "config": hex::encode(config),
		}}),
		rows::JobSpec::Infer { model, prompt, max_tokens } => json!({ "Infer": {
			"model": model, "prompt": hex::encode(prompt), "max_tokens": max_tokens,
		}}),
	};
	let deadline = match row.state {
		rows::JobState::Open { accept_by } => Some(accept_by),
		rows::JobState::Claimed { report_by, .. } => Some(report_by),
		rows::JobState::Reported { settle_after, .. } => Some(settle_after),
		rows::JobState::Settled { .. } => None,
	};
	json!({ "spec": spec, "deposit": row.deposit.to_string(), "deadline": deadline })
}

fn worker(row: rows::WorkerRow) -> Value {
	let capability = |c: &rows::Capability| json!({ "class": rows::text(&c.class), "units": c.units, "memory_mib": c.memory_mib });
	json!({
		"bond": row.bond.to_string(),
		"capabilities": row.capabilities.iter().map(capability).collect::<Vec<_>>(),
		"last_seen_epoch": row.last_seen_epoch,
		"assigned": row.assigned,
		"completed": row.completed,
		"failed": row.failed,
	})
}
