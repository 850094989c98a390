//! The main job, end to end, on a running network with real data. Every stage can be repeated: what the chain or the
//! state file has already is not done twice.

mod evaluate;
mod settle;
mod state;

use crate::{
	args::{self, Common},
	ctx::Ctx,
	ops::{chat, datanet, model, train},
	records, units,
};
use anyhow::{bail, Context, Result};
use serde_json::json;
use state::State;
use std::{collections::BTreeMap, path::Path, time::Duration};
use weft_chain::{calls, rows, AccountId, Key};
use weft_primitives::split::Split;
use weft_trainer::TrainConfig;

/// Who plays which part on the development chain.
pub struct Cast {
	pub owner: Key,
	pub base_owner: Key,
	pub curator: Key,
	pub payer: Key,
	pub worker: AccountId,
	/// File name, words for the table, key.
	pub contributors: Vec<(&'static str, &'static str, Key)>,
}

impl Cast {
	fn new() -> Result<Self> {
		let k = |n: &str| Key::parse(n);
		Ok(Self {
			owner: k("//Bob")?,
			base_owner: k("//One")?,
			curator: k("//Two")?,
			payer: k("//Peggy")?,
			worker: k("//Charlie")?.account(),
			contributors: vec![
				("foldoc", "Dave (FOLDOC)", k("//Dave")?),
				("jargon", "Eve (Jargon)", k("//Eve")?),
				("elements", "Ferdie (Elements)", k("//Ferdie")?),
				("bad", "Mallory (junk)", k("//Mallory")?),
			],
		})
	}
}

const DATANET: &str = "Words of computing and chemistry";
const MODEL: &str = "lexicon";
const TRAINING_PRICE: u128 = 25 * units::WEFT;
const PREPAID: u128 = 20 * units::WEFT;
const PRICE_IN: u128 = units::WEFT / 10;
const PRICE_OUT: u128 = 3 * units::WEFT / 10;
const SPLIT: Split = Split {
	treasury: 50_000,
	base_owner: 50_000,
	developer: 200_000,
	worker: 200_000,
	contributors: 500_000,
};

fn training() -> TrainConfig {
	TrainConfig {
		rank: 16,
		alpha: 32.0,
		learning_rate: 1e-3,
		epochs: 1,
		batch_size: 8,
		max_length: 256,
		heldout_fraction: 0.08,
		seed: 7,
		checkpoint_every: 10,
		..TrainConfig::default()
	}
}

pub async fn run(common: &Common, a: args::Demo) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	let cast = Cast::new()?;
	let mut state = State::open(&a.state, &ctx)?;
	let begun = std::time::Instant::now();
	let (start, _) = ctx.chain.finalised().await?;
	state.first_block(start)?;

	stage(&state, "datanet", "1. A base model and a Datanet");
	setup(&ctx, &cast, &mut state, &a.model).await?;

	stage(&state, "contribute", "2. Three contributors and a bad one contribute");
	contribute(&ctx, &cast, &mut state, &a.data).await?;

	stage(&state, "curate", "3. Quality reports and review");
	curate(&ctx, &cast, &mut state, &a.data).await?;

	stage(&state, "snapshot", "4. Snapshot");
	snapshot(&ctx, &cast, &mut state).await?;

	stage(&state, "training", "5. Fine-tuning on the real base model");
	fine_tune(&ctx, &cast, &mut state).await?;

	stage(&state, "trained", "6. Publish the model");
	publish(&ctx, &cast, &mut state).await?;

	stage(&state, "published", "7. A payer opens a prepaid channel");
	fund(&ctx, &cast, &mut state).await?;

	stage(&state, "asking", "8. Sixty questions that are not worded as in the records");
	let model = format!("weft-{}", state.need_model()?);
	evaluate::ask_all(&ctx, &cast, &mut state, &a.data, &model).await?;

	stage(&state, "settling", "9. Settlement and claims");
	settle::run(&ctx, &cast, &mut state).await?;

	stage(&state, "done", "10. The result");
	settle::table(&ctx, &cast, &state).await?;
	println!("    the main job took {} s", begun.elapsed().as_secs());
	Ok(())
}

fn stage(state: &State, name: &str, title: &str) {
	state.announce(name);
	println!("\n{title}");
}

async fn setup(ctx: &Ctx, cast: &Cast, state: &mut State, file: &Path) -> Result<()> {
	if state.data.base.is_none() {
		let id = model::register_base(
			ctx,
			&cast.base_owner,
			"SmolLM2-135M-Instruct",
			file,
			"llama",
			"Apache-2.0",
		)
		.await?;
		state.data.base = Some(id);
		state.save()?;
	}
	if state.data.datanet.is_none() {
		let me = cast.owner.account().0;
		let known = ctx.chain.list::<rows::Datanet>("Datanets", "Datanets", 10_000).await?;
		let old = known
			.iter()
			.find(|(_, d)| d.owner == me && rows::text(&d.name) == DATANET)
			.and_then(|(k, _)| weft_chain::client::last_u32(k));
		let id = match old {
			Some(id) => id,
			None => {
				let new = datanet::NewDatanet {
					name: DATANET,
					description:
						"Short definitions of computing terms, hacker slang and chemical elements.",
					licence: "GFDL-1.3-or-later (FOLDOC), public domain (Jargon File, Elements)",
					schema: calls::Schema::Chat,
					curators: &[cast.curator.account()],
					approvals: 1,
					deposit_per_record: units::WEFT / 100,
					deposit_per_byte: units::WEFT / 1_000_000,
				};
				datanet::create(ctx, &cast.owner, &new).await?.0
			}
		};
		state.data.datanet = Some(id);
		state.save()?;
	}
	println!("    base {}, Datanet {}", state.need_base()?, state.need_datanet()?);
	Ok(())
}

async fn contribute(ctx: &Ctx, cast: &Cast, state: &mut State, data: &Path) -> Result<()> {
	let datanet = state.need_datanet()?;
	for (name, words, key) in &cast.contributors {
		let mut batches = records::read(&data.join(format!("{name}.jsonl")))?;
		let batch = batches.remove(0);
		if !batches.is_empty() {
			bail!("{name}.jsonl has more than {} records", records::MAX_RECORDS);
		}
		let id = match state.data.contributions.get(*name) {
			Some(id) => *id,
			None => {
				// It may have landed before a stop.
				let rows = ctx
					.chain
					.list::<rows::Contribution>("Datanets", "Contributions", 10_000)
					.await?;
				let old = rows
					.iter()
					.find(|(_, c)| c.contributor == key.account().0 && c.root == batch.root)
					.and_then(|(k, _)| weft_chain::client::last_u64(k));
				let id = match old {
					Some(id) => id,
					None => datanet::contribute(ctx, key, datanet, &batch).await?.0,
				};
				state.data.contributions.insert(name.to_string(), id);
				state.save()?;
				id
			}
		};
		println!("    {words}: contribution {id}, {} records", batch.lines.len());
	}
	Ok(())
}

async fn curate(ctx: &Ctx, cast: &Cast, state: &mut State, data: &Path) -> Result<()> {
	let (mut good, mut good_refused, mut caught, mut junk) = (0u32, 0u32, 0u32, 0u32);
	let names: BTreeMap<String, u64> = state.data.contributions.clone();
	for (name, words, _) in &cast.contributors {
		let id = *names.get(*name).context("a contribution is missing from the state")?;
		if !state.data.accepted.contains_key(*name) {
			let report = wait_for_report(ctx, id).await?;
			let refused: Vec<u32> = report["records"]
				.as_array()
				.into_iter()
				.flatten()
				.filter(|r| r["ok"] == json!(false))
				.filter_map(|r| u32::try_from(r["i"].as_u64()?).ok())
				.collect();
			let total = u32::try_from(report["records"].as_array().map_or(0, Vec::len))?;
			let pending = matches!(
				ctx.chain.contribution(id).await?.map(|c| c.status),
				Some(rows::ContributionStatus::Pending)
			);
			if pending {
				let decision = datanet::proposed(ctx, id).await?;
				ctx.submit_as(&cast.curator, calls::review(id, &decision)).await?;
			}
			state.data.accepted.insert(name.to_string(), (total, refused));
			state.save()?;
		}
		let (total, refused) = state.data.accepted.get(*name).cloned().unwrap_or_default();
		let n = u32::try_from(refused.len())?;
		if *name == "bad" {
			junk += total;
			caught += n;
			print_missed(data, &refused);
		} else {
			good += total;
			good_refused += n;
		}
		println!("    {words}: {} of {total} records accepted", total - n.min(total));
	}
	println!(
		"    caught {caught} of {junk} bad records; refused {good_refused} of {good} good ones ({:.2} %)",
		100.0 * f64::from(good_refused) / f64::from(good.max(1))
	);
	Ok(())
}

fn print_missed(data: &Path, refused: &[u32]) {
	let truth: Vec<String> = std::fs::read(data.join("bad-truth.json"))
		.ok()
		.and_then(|b| serde_json::from_slice(&b).ok())
		.unwrap_or_default();
	let missed: Vec<&str> = truth
		.iter()
		.enumerate()
		.filter(|(i, _)| !refused.contains(&(*i as u32)))
		.map(|(_, k)| k.as_str())
		.collect();
	if !missed.is_empty() {
		println!("    not caught: {}", missed.join(", "));
	}
}

async fn wait_for_report(ctx: &Ctx, id: u64) -> Result<serde_json::Value> {
	wait_row(|| ctx.chain.contribution(id)).await;
	for _ in 0..600 {
		match ctx.chain.contribution(id).await? {
			None => bail!("contribution {id} is gone"),
			Some(c) if c.report.is_some() => return datanet::report(ctx, id).await,
			Some(_) => tokio::time::sleep(Duration::from_secs(1)).await,
		}
	}
	bail!("no worker attached a quality report to contribution {id} within ten minutes; see the worker's log")
}

async fn snapshot(ctx: &Ctx, cast: &Cast, state: &mut State) -> Result<()> {
	if state.data.snapshot.is_none() {
		let r = ctx.submit_as(&cast.owner, calls::snapshot(state.need_datanet()?)).await?;
		state.data.snapshot =
			Some(u32::try_from(r.number("Datanets", "Snapshotted", "snapshot")?)?);
		state.save()?;
	}
	let id = state.data.snapshot.context("no snapshot")?;
	// The row is read at a finalised block, a little later than the block that holds it.
	let row = wait_row(|| ctx.chain.snapshot(id)).await.context("the snapshot is not on chain")?;
	println!(
		"    snapshot {id}, version {}: {} records of {} contributions, root {}",
		row.version,
		row.records,
		row.contributions.len(),
		hex::encode(row.root)
	);
	Ok(())
}

/// Reads a row until it is there (finality is a few seconds behind).
pub async fn wait_row<T, F, Fut>(mut read: F) -> Option<T>
where
	F: FnMut() -> Fut,
	Fut: std::future::Future<Output = Result<Option<T>, weft_chain::ChainError>>,
{
	for _ in 0..60 {
		if let Ok(Some(row)) = read().await {
			return Some(row);
		}
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	None
}

async fn fine_tune(ctx: &Ctx, cast: &Cast, state: &mut State) -> Result<()> {
	if state.data.job.is_none() {
		let snapshot = state.data.snapshot.context("no snapshot")?;
		let (job, _) = train::submit(
			ctx,
			&cast.owner,
			state.need_base()?,
			vec![snapshot],
			&training(),
			TRAINING_PRICE,
		)
		.await?;
		state.data.job = Some(job);
		state.save()?;
	}
	let job = state.data.job.context("no job")?;
	wait_row(|| ctx.chain.job(job)).await.context("the job is not on chain")?;
	println!("    job {job}, {} in escrow", units::show(TRAINING_PRICE));
	train::watch(ctx, job).await?;
	train::print_metrics(&train::metrics(ctx, job).await?);
	Ok(())
}

async fn publish(ctx: &Ctx, cast: &Cast, state: &mut State) -> Result<()> {
	let job = state.data.job.context("no job")?;
	let reported = ctx.chain.job(job).await?.context("the job is gone")?;
	if matches!(reported.state, rows::JobState::Reported { .. }) {
		ctx.submit_as(&cast.owner, calls::settle_job(job)).await?;
	}
	if state.data.model.is_none() {
		let old: Option<u64> = ctx.chain.get("Models", "ModelOfJob", (job,)).await?;
		let id = match old {
			Some(id) => id,
			None => {
				let call = calls::publish(job, MODEL, PRICE_IN, PRICE_OUT, &SPLIT);
				let r = ctx.submit_as(&cast.owner, call).await?;
				r.number("Models", "Published", "model")?
			}
		};
		state.data.model = Some(id);
		state.save()?;
	}
	println!("    model weft-{} (\"{MODEL}\")", state.need_model()?);
	Ok(())
}

async fn fund(ctx: &Ctx, cast: &Cast, state: &mut State) -> Result<()> {
	let model = state.need_model()?;
	let payer = cast.payer.account();
	if ctx.chain.channel(&payer, &cast.worker, model).await?.is_none() {
		ctx.submit_as(&cast.payer, calls::deposit(&cast.worker, model, PREPAID)).await?;
	}
	let row = wait_row(|| ctx.chain.channel(&payer, &cast.worker, model))
		.await
		.context("the channel is not on chain")?;
	println!("    {} prepaid by {payer} for worker {}", units::show(row.deposited), cast.worker);
	// The worker serves the model once it has seen it; asking before that would be a 404.
	for _ in 0..60 {
		let models: serde_json::Value =
			match ctx.http.get(format!("{}/v1/models", ctx.gateway)).send().await {
				Ok(r) => r.json().await.unwrap_or_default(),
				Err(_) => serde_json::Value::Null,
			};
		let name = format!("weft-{model}");
		if models["data"].as_array().into_iter().flatten().any(|m| m["id"] == json!(name)) {
			return Ok(());
		}
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	bail!("no worker serves weft-{model} after a minute; see the worker's log")
}

/// Asks one question of the demo.
pub async fn question(
	ctx: &Ctx,
	payer: &Key,
	model: &str,
	text: &str,
) -> Result<(String, serde_json::Value)> {
	let body = json!({
		"model": model,
		"messages": [{ "role": "user", "content": text }],
		"max_tokens": 64,
		"temperature": 0,
	});
	let mut last = None;
	// A gateway or worker that is being restarted is asked again; the voucher is cumulative, so nothing is paid twice.
	for _ in 0..20 {
		match chat::complete(ctx, Some(payer), &body).await {
			Ok(a) => return Ok(a),
			Err(e) => last = Some(e),
		}
		tokio::time::sleep(Duration::from_secs(2)).await;
	}
	Err(last.unwrap_or_else(|| anyhow::anyhow!("no answer")))
}
