//! Training jobs: submit, watch, settle.

use crate::{args, args::Common, ctx::Ctx, units};
use anyhow::{bail, Context, Result};
use bytes::Bytes;
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value as Json;
use weft_chain::{
	calls,
	rows::{JobResult, JobSpec, JobState},
	Key, TxReceipt,
};
use weft_store::{cid_hex, parse_cid, Blobs};
use weft_trainer::TrainConfig;

/// Blocks in which a worker must take the job, and in which it must report.
pub const ACCEPT_WITHIN: u32 = 200;
pub const RUN_WITHIN: u32 = 2_000;

pub async fn run(common: &Common, c: args::Train) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	let config = match &c.config {
		Some(f) => TrainConfig::from_json(
			&std::fs::read(f).with_context(|| format!("reading {}", f.display()))?,
		)?,
		None => TrainConfig::default(),
	};
	let (job, _) =
		submit(&ctx, ctx.key()?, c.base, c.snapshot, &config, units::parse(&c.price)?).await?;
	println!("job {job}");
	if c.detach {
		return Ok(());
	}
	watch(&ctx, job).await?;
	ctx.submit(calls::settle_job(job)).await?;
	print_metrics(&metrics(&ctx, job).await?);
	Ok(())
}

pub async fn submit(
	ctx: &Ctx,
	key: &Key,
	base: u32,
	snapshots: Vec<u32>,
	config: &TrainConfig,
	price: u128,
) -> Result<(u64, TxReceipt)> {
	config.validate()?;
	let config = ctx.blobs.put(Bytes::from(config.to_json())).await?;
	let spec = JobSpec::Train { base, snapshots, config };
	let r = ctx.submit_as(key, calls::submit_job(&spec, price, ACCEPT_WITHIN, RUN_WITHIN)).await?;
	Ok((r.number("Jobs", "Submitted", "job")?, r))
}

/// Shows the progress of a training job until it is reported; fails when it was given up.
pub async fn watch(ctx: &Ctx, job: u64) -> Result<()> {
	let bar = ProgressBar::new(1000).with_style(
		ProgressStyle::with_template("    [{elapsed_precise}] {bar:36} {percent:>3}% {msg}")
			.unwrap_or_else(|_| ProgressStyle::default_bar()),
	);
	let plain = bar.is_hidden();
	let mut shown = 0;
	// The row is read in finalised blocks, a few seconds behind the one in which it was made.
	for _ in 0..60 {
		if ctx.chain.job(job).await?.is_some() {
			break;
		}
		tokio::time::sleep(std::time::Duration::from_secs(1)).await;
	}
	let (head, _) = ctx.chain.finalised().await?;
	let mut blocks = Box::pin(ctx.chain.follow(head));
	loop {
		match ctx.chain.job(job).await?.map(|j| j.state) {
			Some(JobState::Reported { result, .. }) | Some(JobState::Settled { result, .. }) => {
				bar.finish_and_clear();
				return match result {
					JobResult::Failed { reason } => {
						let why =
							ctx.blobs.get(&reason).await.map(|b| b.to_vec()).unwrap_or_default();
						bail!("job {job} failed: {}", String::from_utf8_lossy(&why))
					}
					_ => Ok(()),
				};
			}
			Some(JobState::Open { .. }) => bar.set_message("waiting for a worker"),
			Some(JobState::Claimed { permille, .. }) => bar.set_position(u64::from(permille)),
			None => bail!("job {job} is gone: it expired or was cancelled; its price was returned"),
		}
		let Some(block) = blocks.next().await else { bail!("the chain's event stream ended") };
		for e in &block.events {
			let mine = e.pallet == "Jobs" && e.fields["job"].as_u64() == Some(job);
			if !mine {
				continue;
			}
			match e.name.as_str() {
				"Progress" => {
					let note = match e.fields["note"].as_str().map(parse_cid) {
						Some(Ok(cid)) => ctx.blobs.get(&cid).await.ok(),
						_ => None,
					};
					let note: Json =
						note.and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
					let permille = e.fields["permille"].as_u64().unwrap_or_default();
					bar.set_position(permille);
					bar.set_message(progress_text(&note));
					if plain && permille >= shown + 50 {
						shown = permille;
						println!("    {:>3} % {}", permille / 10, progress_text(&note));
					}
				}
				"Reassigned" => {
					println!("    the job went back to the queue; another attempt follows")
				}
				"Expired" => bail!("job {job} expired; its price was returned"),
				_ => {}
			}
		}
	}
}

fn progress_text(note: &Json) -> String {
	let number = |k: &str| note[k].as_f64();
	if note["step"] == note["total"] && note["total"].as_u64().is_some_and(|t| t > 0) {
		return "trained; measuring and building the attribution index".into();
	}
	let mut out = format!(
		"step {}/{} loss {:.3}",
		note["step"].as_u64().unwrap_or_default(),
		note["total"].as_u64().unwrap_or_default(),
		number("loss").unwrap_or_default()
	);
	if let Some(h) = number("heldout_loss") {
		out += &format!(" held-out {h:.3}");
	}
	out + &format!(
		" | {:.0} tok/s | {:.0} s left",
		number("tokens_per_second").unwrap_or_default(),
		number("eta_seconds").unwrap_or_default()
	)
}

/// The metrics that the worker reported for a job.
pub async fn metrics(ctx: &Ctx, job: u64) -> Result<Json> {
	let state = ctx.chain.job(job).await?.with_context(|| format!("there is no job {job}"))?.state;
	let (JobState::Reported { result, .. } | JobState::Settled { result, .. }) = state else {
		bail!("job {job} has no result yet")
	};
	let JobResult::Trained { metrics, adapter, .. } = result else {
		bail!("job {job} did not train")
	};
	let mut m: Json = serde_json::from_slice(&ctx.blobs.get(&metrics).await?)?;
	m["adapter"] = cid_hex(&adapter).into();
	Ok(m)
}

pub fn print_metrics(m: &Json) {
	let (base, adapter) =
		(m["base_ppl"].as_f64().unwrap_or_default(), m["adapter_ppl"].as_f64().unwrap_or_default());
	println!(
		"    held-out perplexity: base {base:.2}, adapter {adapter:.2} ({:.1} % lower), {} held-out tokens",
		100.0 * (1.0 - adapter / base.max(f64::MIN_POSITIVE)),
		m["heldout_tokens"]
	);
	println!(
		"    {} training tokens in {:.0} s: {:.0} tokens per second; adapter {}",
		m["train_tokens"],
		m["seconds"].as_f64().unwrap_or_default(),
		m["tokens_per_second"].as_f64().unwrap_or_default(),
		m["adapter"].as_str().unwrap_or_default()
	);
}
