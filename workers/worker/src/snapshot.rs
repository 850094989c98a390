//! The records of snapshots, verified against the chain.

use crate::quality;
use anyhow::{ensure, Context, Result};
use std::sync::Arc;
use weft_chain::{
	rows::{Contribution, ContributionStatus},
	Client,
};
use weft_primitives::{
	ids::Hash32,
	merkle,
	record::{bitmap_get, snapshot_entry_hash},
};
use weft_store::Blobs;
use weft_trainer::{parse_jsonl, Example};

/// A record with its provenance.
#[derive(Clone)]
pub struct Sourced {
	/// The record.
	pub example: Example,
	/// Who contributed it.
	pub contributor: [u8; 32],
	/// In which contribution.
	pub contribution: u64,
}

/// Every accepted record of the snapshots, in their order. Each blob is checked against its contribution's root, each
/// snapshot against its own.
pub async fn records(
	chain: &Client,
	blobs: &Arc<dyn Blobs>,
	snapshots: &[u32],
) -> Result<Vec<Sourced>> {
	let mut out = Vec::new();
	for id in snapshots {
		let snapshot =
			chain.snapshot(*id).await?.with_context(|| format!("snapshot {id} is not on chain"))?;
		let mut entries: Vec<Hash32> = Vec::new();
		for (contribution, accepted) in &snapshot.contributions {
			let row: Contribution =
				chain.contribution(*contribution).await?.with_context(|| {
					format!("contribution {contribution} of snapshot {id} is not on chain")
				})?;
			let ContributionStatus::Accepted { bitmap, .. } = &row.status else {
				anyhow::bail!("contribution {contribution} of snapshot {id} is not accepted")
			};
			entries.push(snapshot_entry_hash(*contribution, &row.root, bitmap, row.records));
			let blob = quality::fetch(blobs, &row)
				.await
				.with_context(|| format!("contribution {contribution} of snapshot {id}"))?;
			let before = out.len();
			for (i, example) in parse_jsonl(&blob)?.into_iter().enumerate() {
				if bitmap_get(bitmap, i as u32).unwrap_or(false) {
					out.push(Sourced {
						example,
						contributor: row.contributor,
						contribution: *contribution,
					});
				}
			}
			ensure!(
				out.len().saturating_sub(before) == *accepted as usize,
				"contribution {contribution}: the snapshot counts {accepted} accepted records"
			);
		}
		ensure!(
			merkle::root(&entries) == snapshot.root,
			"snapshot {id}: its contributions do not have its root"
		);
	}
	Ok(out)
}
