//! A training job: records, run with checkpoints, index, upload.

use crate::{influence, snapshot};
use anyhow::{Context, Result};
use bytes::Bytes;
use serde_json::json;
use std::{
	path::{Path, PathBuf},
	sync::{atomic::AtomicBool, Arc},
	time::{Duration, Instant},
};
use weft_chain::{calls, rows::JobResult, Client, TxQueue};
use weft_engine::Model;
use weft_store::{put_folder, Blobs};
use weft_trainer::{Dataset, Run, TrainConfig};

/// Progress extrinsics are at least so far apart.
const NEXT_NOTE: Duration = Duration::from_secs(9);

/// What a run needs from the daemon.
#[derive(Clone)]
pub struct Ctx {
	pub chain: Client,
	pub blobs: Arc<dyn Blobs>,
	pub queue: TxQueue,
	pub model: Arc<Model>,
	pub dir: PathBuf,
	pub cancel: Arc<AtomicBool>,
}

/// Trains one job. A run that was killed goes on from its checkpoint.
pub async fn run(ctx: &Ctx, job: u64, snapshots: &[u32], config: &[u8; 32]) -> Result<JobResult> {
	let bytes = ctx.blobs.get(config).await.context("fetching the training configuration")?;
	let config = TrainConfig::from_json(&bytes)?;
	let records = snapshot::records(&ctx.chain, &ctx.blobs, snapshots).await?;
	tracing::info!(job, records = records.len(), "training");

	let (notes, mut inbox) = tokio::sync::mpsc::unbounded_channel();
	let folder = ctx.dir.join("jobs").join(job.to_string());
	let (model, cancel, work) = (ctx.model.clone(), ctx.cancel.clone(), folder.clone());
	let training = tokio::task::spawn_blocking(move || -> Result<_> {
		let examples: Vec<_> = records.iter().map(|r| r.example.clone()).collect();
		let data = Dataset::new(&model, &config, &examples)?;
		let run = Run {
			model: &model,
			config: &config,
			data: &data,
			base_name: model.name(),
			checkpoints: Some(work.join("checkpoints")),
			cancel: &cancel,
		};
		let mut last: Option<Instant> = None;
		let outcome = run.train(|p| {
			if last.is_none_or(|l| l.elapsed() >= NEXT_NOTE) || p.heldout_loss.is_some() {
				last = Some(Instant::now());
				let _ = notes.send((p.step, p.total, serde_json::to_value(p).unwrap_or_default()));
			}
		})?;
		// A held-out record was not learnt from: no answer is owed to it.
		let learnt: Vec<_> =
			data.partition.train.iter().filter_map(|i| records.get(*i).cloned()).collect();
		let index = influence::build(
			&model,
			&outcome.adapter,
			&learnt,
			config.max_length as usize,
			config.seed,
			&cancel,
		)?;
		let out = work.join("adapter");
		if out.exists() {
			std::fs::remove_dir_all(&out)?;
		}
		outcome.adapter.to_peft(&out)?;
		Ok((outcome.metrics, index, out))
	});
	// Notes go to the chain while the run goes on; one that fails is not worth the run.
	while let Some((step, total, note)) = inbox.recv().await {
		let permille = (u64::from(step) * 1000 / u64::from(total.max(1))).min(999) as u16;
		let note = match ctx.blobs.put(Bytes::from(note.to_string())).await {
			Ok(cid) => cid,
			Err(e) => {
				tracing::warn!(job, error = %e, "a progress note was not stored");
				continue;
			}
		};
		let queue = ctx.queue.clone();
		tokio::spawn(async move {
			if let Err(e) = queue.submit(calls::progress(job, permille, note)).await {
				tracing::warn!(job, error = %e, "a progress report did not land");
			}
		});
	}
	let (metrics, index, out) = training.await??;
	let adapter = put_folder(ctx.blobs.as_ref(), &out).await.context("storing the adapter")?;
	let index_root = index.root();
	let index = ctx.blobs.put(Bytes::from(index.to_bytes())).await.context("storing the index")?;
	let metrics = serde_json::to_value(&metrics)?;
	tracing::info!(job, %metrics, "trained");
	let metrics = ctx.blobs.put(Bytes::from(metrics.to_string())).await?;
	Ok(JobResult::Trained { adapter, index_root, index, metrics })
}

/// Removes what a finished job left.
pub fn clean(dir: &Path, job: u64) {
	let _ = std::fs::remove_dir_all(dir.join("jobs").join(job.to_string()));
}

/// The reason of a failure as a blob.
pub async fn reason(blobs: &Arc<dyn Blobs>, error: &anyhow::Error) -> Result<[u8; 32]> {
	let text = json!({ "error": format!("{error:#}") }).to_string();
	Ok(blobs.put(Bytes::from(text)).await?)
}
