//! Quality reports of pending contributions.

use anyhow::{ensure, Context, Result};
use bytes::Bytes;
use std::{collections::HashSet, sync::Arc};
use weft_attribution::{
	likelihoods,
	quality::{self, Corpus, QualityRules},
};
use weft_chain::{
	calls,
	client::last_u64,
	rows::{Contribution, ContributionStatus},
	Client, TxQueue,
};
use weft_engine::Model;
use weft_primitives::{
	merkle,
	record::{bitmap_get, record_hash},
};
use weft_store::Blobs;
use weft_trainer::parse_jsonl;

/// Longest part of a record that is measured.
const MAX_TOKENS: usize = 512;

/// Writes the reports that are missing, oldest contribution first. Returns how many.
pub async fn pending(
	chain: &Client,
	blobs: &Arc<dyn Blobs>,
	queue: &TxQueue,
	model: &Arc<Model>,
	done: &mut HashSet<u64>,
) -> Result<usize> {
	let mut all: Vec<(u64, Contribution)> = chain
		.list::<Contribution>("Datanets", "Contributions", 100_000)
		.await?
		.into_iter()
		.filter_map(|(k, c)| Some((last_u64(&k)?, c)))
		.collect();
	all.sort_by_key(|(id, _)| *id);
	let mut written = 0;
	for (id, c) in &all {
		// What this process reported may not be finalised yet; it is not made twice.
		if c.report.is_some() || c.status != ContributionStatus::Pending || done.contains(id) {
			continue;
		}
		let blob = match fetch(blobs, c).await {
			Ok(b) => b,
			Err(e) => {
				tracing::warn!(contribution = id, error = %format!("{e:#}"), "no report: the blob is not what was announced");
				continue;
			}
		};
		let mut corpus = Corpus::default();
		for (other, o) in all.iter().filter(|(o, row)| o < id && row.datanet == c.datanet) {
			// An earlier contribution counts with what was accepted of it, or whole while it is pending: the first
			// one to bring a record keeps it.
			let Ok(earlier) = fetch(blobs, o).await else { continue };
			let bitmap = match &o.status {
				ContributionStatus::Accepted { bitmap, .. } => Some(bitmap.clone()),
				_ => None,
			};
			corpus.add_blob(&earlier, *other, |i| {
				bitmap.as_ref().is_none_or(|b| bitmap_get(b, i).unwrap_or(false))
			})?;
		}
		let model = model.clone();
		let id = *id;
		let report = tokio::task::spawn_blocking(move || -> Result<_> {
			let never = std::sync::atomic::AtomicBool::new(false);
			let examples = parse_jsonl(&blob)?;
			let likelihoods = likelihoods(&model, &examples, MAX_TOKENS, |_, _| {}, &never)
				.context("measuring the records")?;
			Ok(quality::report(id, &blob, &corpus, &likelihoods, &QualityRules::default())?)
		})
		.await??;
		let cid = blobs.put(Bytes::from(serde_json::to_vec(&report)?)).await?;
		if let Err(e) = queue.submit(calls::attach_report(id, cid)).await {
			tracing::warn!(contribution = id, error = %e, "the report came too late or was refused");
			done.insert(id);
			continue;
		}
		done.insert(id);
		tracing::info!(
			contribution = id,
			records = report.summary.records,
			refused = report.summary.refused,
			"quality report attached"
		);
		written += 1;
	}
	Ok(written)
}

/// The records of a contribution, checked against what the chain says of them.
pub async fn fetch(blobs: &Arc<dyn Blobs>, c: &Contribution) -> Result<Bytes> {
	let blob = blobs.get(&c.cid).await?;
	ensure!(
		blob.len() as u64 == c.bytes,
		"{} bytes were announced, the blob has {}",
		c.bytes,
		blob.len()
	);
	let hashes: Vec<_> =
		blob.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(record_hash).collect();
	ensure!(
		hashes.len() == c.records as usize,
		"{} records were announced, the blob has {}",
		c.records,
		hashes.len()
	);
	ensure!(merkle::root(&hashes) == c.root, "the records do not have the announced root");
	Ok(blob)
}
