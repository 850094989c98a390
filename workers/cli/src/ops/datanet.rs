//! Datanets: create, contribute, review, snapshot.

use crate::{
	args::{self, Common},
	ctx::Ctx,
	records::{self, Batch},
	units,
};
use anyhow::{bail, Context, Result};
use bytes::Bytes;
use serde_json::Value as Json;
use weft_chain::{
	calls::{self, Decision, Reason, Schema},
	parse_account,
	rows::{text, Contribution, ContributionStatus},
	AccountId, Key, TxReceipt,
};
use weft_store::{cid_hex, Blobs};

pub async fn run(common: &Common, command: args::Datanet) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	match command {
		args::Datanet::Create {
			name,
			description,
			licence,
			schema,
			curator,
			approvals,
			deposit_per_record,
			deposit_per_byte,
		} => {
			let schema = match schema {
				args::Schema::Chat => Schema::Chat,
				args::Schema::Completion => Schema::Completion,
				args::Schema::Text => Schema::Text,
			};
			let curators = if curator.is_empty() {
				vec![ctx.key()?.account()]
			} else {
				curator.iter().map(|c| parse_account(c)).collect::<Result<_, _>>()?
			};
			let (id, _) = create(
				&ctx,
				ctx.key()?,
				&NewDatanet {
					name: &name,
					description: &description,
					licence: &licence,
					schema,
					curators: &curators,
					approvals,
					deposit_per_record: units::parse(&deposit_per_record)?,
					deposit_per_byte: units::parse(&deposit_per_byte)?,
				},
			)
			.await?;
			println!("Datanet {id}");
		}
		args::Datanet::Contribute { datanet, file } => {
			for batch in records::read(&file)? {
				let (id, _) = contribute(&ctx, ctx.key()?, datanet, &batch).await?;
				println!("contribution {id}: {} records", batch.lines.len());
			}
		}
		args::Datanet::Withdraw { contribution } => {
			ctx.submit(calls::withdraw_contribution(contribution)).await?;
		}
		args::Datanet::Report { contribution } => {
			let report = report(&ctx, contribution).await?;
			println!("{}", serde_json::to_string_pretty(&report)?);
		}
		args::Datanet::Review { contribution, auto, accept, refuse, quality } => {
			let decision = match (auto, accept, refuse) {
				(true, _, _) => proposed(&ctx, contribution).await?,
				(_, true, _) => Decision::Accept { quality },
				(_, _, Some(reason)) => {
					Decision::Refuse { quality, reason: parse_reason(&reason)? }
				}
				_ => bail!("say --auto, --accept or --refuse REASON"),
			};
			ctx.submit(calls::review(contribution, &decision)).await?;
		}
		args::Datanet::Snapshot { datanet } => {
			let r = ctx.submit(calls::snapshot(datanet)).await?;
			println!("snapshot {}", r.number("Datanets", "Snapshotted", "snapshot")?);
		}
		args::Datanet::Show { datanet } => show(&ctx, datanet).await?,
	}
	Ok(())
}

/// Arguments of [`create`].
pub struct NewDatanet<'a> {
	pub name: &'a str,
	pub description: &'a str,
	pub licence: &'a str,
	pub schema: Schema,
	pub curators: &'a [AccountId],
	pub approvals: u8,
	pub deposit_per_record: u128,
	pub deposit_per_byte: u128,
}

pub async fn create(ctx: &Ctx, key: &Key, new: &NewDatanet<'_>) -> Result<(u32, TxReceipt)> {
	let description = ctx.blobs.put(Bytes::copy_from_slice(new.description.as_bytes())).await?;
	let licence = ctx.blobs.put(Bytes::copy_from_slice(new.licence.as_bytes())).await?;
	let call = calls::create_datanet(
		new.name,
		description,
		licence,
		new.schema,
		new.curators,
		new.approvals,
		new.deposit_per_record,
		new.deposit_per_byte,
	);
	let r = ctx.submit_as(key, call).await?;
	Ok((u32::try_from(r.number("Datanets", "Created", "datanet")?)?, r))
}

/// Stores the blob, then contributes. The blob goes first, so that nobody sees a contribution without its bytes.
pub async fn contribute(
	ctx: &Ctx,
	key: &Key,
	datanet: u32,
	batch: &Batch,
) -> Result<(u64, TxReceipt)> {
	let cid = ctx.blobs.put(Bytes::from(batch.blob.clone())).await?;
	let call = calls::contribute(
		datanet,
		batch.root,
		u32::try_from(batch.lines.len())?,
		batch.blob.len() as u64,
		cid,
	);
	let r = ctx.submit_as(key, call).await?;
	Ok((r.number("Datanets", "Contributed", "contribution")?, r))
}

async fn row(ctx: &Ctx, id: u64) -> Result<Contribution> {
	ctx.chain.contribution(id).await?.with_context(|| {
		format!("there is no contribution {id} (withdrawn and refused ones are removed)")
	})
}

/// The quality report of a contribution.
pub async fn report(ctx: &Ctx, id: u64) -> Result<Json> {
	let Some(cid) = row(ctx, id).await?.report else {
		bail!("contribution {id} has no quality report yet; a worker attaches one within a minute")
	};
	Ok(serde_json::from_slice(&ctx.blobs.get(&cid).await?)?)
}

/// The decision that the report proposes.
pub async fn proposed(ctx: &Ctx, id: u64) -> Result<Decision> {
	let report = report(ctx, id).await?;
	let total = row(ctx, id).await?.records;
	let bitmap = hex::decode(report["accepted_bitmap"].as_str().unwrap_or_default())
		.context("the report's bitmap is not hex")?;
	let accepted = weft_primitives::record::bitmap_count(&bitmap, total)
		.context("the report's bitmap does not fit the contribution")?;
	let quality = u8::try_from(u64::from(accepted) * 100 / u64::from(total.max(1))).unwrap_or(100);
	let reasons: Vec<&str> = report["records"]
		.as_array()
		.into_iter()
		.flatten()
		.filter(|r| r["ok"] == Json::Bool(false))
		.filter_map(|r| r["reasons"].as_array()?.first()?.as_str())
		.collect();
	let copies = reasons.iter().filter(|r| r.contains("duplicate")).count();
	// Mostly junk is spam and costs the deposit; a few weak records among good ones are only refused.
	let reason = if accepted * 2 < total {
		Reason::Spam
	} else if copies * 2 > reasons.len() {
		Reason::Duplicate
	} else {
		Reason::LowQuality
	};
	Ok(if accepted == total {
		Decision::Accept { quality }
	} else if accepted == 0 {
		Decision::Refuse { quality, reason }
	} else {
		Decision::Mixed { quality, reason, accepted: bitmap }
	})
}

fn parse_reason(text: &str) -> Result<Reason> {
	Ok(match text {
		"spam" => Reason::Spam,
		"duplicate" => Reason::Duplicate,
		"off-topic" => Reason::OffTopic,
		"licence" => Reason::Licence,
		"low-quality" => Reason::LowQuality,
		"leakage" => Reason::Leakage,
		"other" => Reason::Other,
		_ => bail!(
			"`{text}` is not a reason; allowed: spam, duplicate, off-topic, licence, low-quality, leakage, other"
		),
	})
}

async fn show(ctx: &Ctx, id: u32) -> Result<()> {
	let d = ctx.chain.datanet(id).await?.with_context(|| format!("there is no Datanet {id}"))?;
	println!("Datanet {id}: {}", text(&d.name));
	println!("  owner {}", AccountId(d.owner));
	println!("  description {}, licence {}", cid_hex(&d.description), cid_hex(&d.licence));
	println!("  schema {:?}, {} approvals of {} curators", d.schema, d.approvals, d.curators.len());
	for (key, c) in ctx.chain.list::<Contribution>("Datanets", "Contributions", 10_000).await? {
		if c.datanet != id {
			continue;
		}
		let number = weft_chain::client::last_u64(&key).unwrap_or_default();
		let status = match &c.status {
			ContributionStatus::Pending => "pending".to_string(),
			ContributionStatus::Accepted { bitmap, quality } => format!(
				"{} accepted, quality {quality}",
				weft_primitives::record::bitmap_count(bitmap, c.records).unwrap_or_default()
			),
			ContributionStatus::Refused { .. } => "refused".to_string(),
		};
		println!(
			"  contribution {number} of {}: {} records, {status}",
			AccountId(c.contributor),
			c.records
		);
	}
	Ok(())
}
