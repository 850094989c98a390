//! Quality reports of pending contributions.

use anyhow::{ensure, Context, Result};
use bytes::Bytes;
use std::{
	collections::{HashMap, HashSet},
	sync::Arc,
};
use weft_attribution::{
	likelihoods,
	quality::{self, Corpus, QualityReport, QualityRules},
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

/// What an earlier contribution counts with in the report on a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Counts {
	/// Whole, while it is pending: the first one to bring a record keeps it.
	Whole,
	/// With the records that were accepted.
	Accepted(Vec<u8>),
}

/// What counts of a contribution; nothing of one that was refused, or a copy sent early would shut the honest one out.
fn counts(status: &ContributionStatus) -> Option<Counts> {
	match status {
		ContributionStatus::Pending => Some(Counts::Whole),
		ContributionStatus::Accepted { bitmap, .. } => Some(Counts::Accepted(bitmap.clone())),
		ContributionStatus::Refused { .. } => None,
	}
}

/// The corpus of a Datanet as the last report saw it. The next report adds what came since, and fetches everything
/// again only when a review changed what counts.
#[derive(Default)]
struct Seen {
	corpus: Corpus,
	parts: Vec<(u64, Counts)>,
}

/// Writes quality reports.
#[derive(Default)]
pub struct Reporter {
	/// What this process reported may not be finalised yet; it is not made twice.
	done: HashSet<u64>,
	seen: HashMap<u32, Seen>,
}

impl Reporter {
	/// Writes the reports that are missing, oldest contribution first. Returns how many.
	pub async fn pending(
		&mut self,
		chain: &Client,
		blobs: &Arc<dyn Blobs>,
		queue: &TxQueue,
		model: &Arc<Model>,
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
			if c.report.is_some()
				|| c.status != ContributionStatus::Pending
				|| self.done.contains(id)
			{
				continue;
			}
			let blob = match fetch(blobs, c).await {
				Ok(b) => b,
				Err(e) => {
					tracing::warn!(contribution = id, error = %format!("{e:#}"), "no report: the blob is not what was announced");
					continue;
				}
			};
			let seen = self.corpus(blobs, &all, *id, c.datanet).await;
			let model = model.clone();
			let id = *id;
			let (seen, report) = tokio::task::spawn_blocking(move || {
				let report = measure(id, &blob, &seen.corpus, &model);
				(seen, report)
			})
			.await?;
			self.seen.insert(c.datanet, seen);
			let report = match report {
				Ok(r) => r,
				Err(e) => {
					// One contributor's malformed records must not keep everyone behind them from a report.
					tracing::warn!(contribution = id, error = %format!("{e:#}"), "no report: the records cannot be measured");
					self.done.insert(id);
					continue;
				}
			};
			let cid = blobs.put(Bytes::from(serde_json::to_vec(&report)?)).await?;
			let sent = queue.submit(calls::attach_report(id, cid)).await;
			self.done.insert(id);
			if let Err(e) = sent {
				tracing::warn!(contribution = id, error = %e, "the report came too late or was refused");
				continue;
			}
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

	/// Everything that counts before contribution `id` of a Datanet. Taken out of `self`; the caller puts it back.
	async fn corpus(
		&mut self,
		blobs: &Arc<dyn Blobs>,
		all: &[(u64, Contribution)],
		id: u64,
		datanet: u32,
	) -> Seen {
		let wanted: Vec<(u64, Counts, &Contribution)> = all
			.iter()
			.filter(|(other, row)| *other < id && row.datanet == datanet)
			.filter_map(|(other, row)| Some((*other, counts(&row.status)?, row)))
			.collect();
		let mut seen = self.seen.remove(&datanet).unwrap_or_default();
		let still = seen.parts.len() <= wanted.len()
			&& seen.parts.iter().zip(&wanted).all(|(had, want)| had.0 == want.0 && had.1 == want.1);
		if !still {
			seen = Seen::default();
		}
		for (other, counts, row) in wanted.into_iter().skip(seen.parts.len()) {
			// A blob that is not what was announced gets no report and cannot be accepted.
			let Ok(earlier) = fetch(blobs, row).await else { continue };
			// Malformed records are added not at all, and got no report either; they stay what they are, so the
			// contribution counts as seen.
			let added = seen.corpus.add_blob(&earlier, other, |i| match &counts {
				Counts::Whole => true,
				Counts::Accepted(bitmap) => bitmap_get(bitmap, i).unwrap_or(false),
			});
			if let Err(e) = added {
				tracing::debug!(contribution = other, error = %e, "nothing of it counts");
			}
			seen.parts.push((other, counts));
		}
		seen
	}
}

fn measure(id: u64, blob: &[u8], corpus: &Corpus, model: &Model) -> Result<QualityReport> {
	let never = std::sync::atomic::AtomicBool::new(false);
	let examples = parse_jsonl(blob)?;
	let likelihoods = likelihoods(model, &examples, MAX_TOKENS, |_, _| {}, &never)
		.context("measuring the records")?;
	Ok(quality::report(id, blob, corpus, &likelihoods, &QualityRules::default())?)
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

#[cfg(test)]
mod tests {
	use super::*;
	use weft_store::{Store, StoreOptions};

	const LINE: &str = r#"{"messages":[{"role":"user","content":"What is KIND?"},{"role":"assistant","content":"KIND is a thing of its own kind."}]}"#;

	async fn contribution(
		blobs: &Arc<dyn Blobs>,
		kind: &str,
		status: ContributionStatus,
	) -> Contribution {
		of_line(blobs, LINE.replace("KIND", kind), status).await
	}

	async fn of_line(
		blobs: &Arc<dyn Blobs>,
		line: String,
		status: ContributionStatus,
	) -> Contribution {
		let blob = Bytes::from(format!("{line}\n"));
		Contribution {
			datanet: 1,
			contributor: [1; 32],
			root: merkle::root(&[record_hash(line.as_bytes())]),
			records: 1,
			bytes: blob.len() as u64,
			cid: blobs.put(blob).await.unwrap(),
			deposit: 0,
			report: None,
			status,
		}
	}

	fn blobs(dir: &std::path::Path) -> Arc<dyn Blobs> {
		Arc::new(Store::open_folder(dir, StoreOptions::default()).unwrap())
	}

	fn ids(seen: &Seen) -> Vec<u64> {
		seen.parts.iter().map(|(id, _)| *id).collect()
	}

	#[tokio::test]
	async fn a_refused_contribution_does_not_shut_out_whoever_brings_the_records_later() {
		let dir = tempfile::tempdir().unwrap();
		let blobs = blobs(dir.path());
		let refused = ContributionStatus::Refused { quality: 0 };
		let all = [
			(0, contribution(&blobs, "refused", refused).await),
			(1, contribution(&blobs, "pending", ContributionStatus::Pending).await),
			(2, contribution(&blobs, "later", ContributionStatus::Pending).await),
		];
		let seen = Reporter::default().corpus(&blobs, &all, 2, 1).await;
		assert_eq!(ids(&seen), [1]);
	}

	#[tokio::test]
	async fn malformed_records_do_not_keep_those_behind_them_from_a_report() {
		let dir = tempfile::tempdir().unwrap();
		let blobs = blobs(dir.path());
		let pending = ContributionStatus::Pending;
		let all = [
			(0, of_line(&blobs, "no JSON".into(), pending.clone()).await),
			(1, contribution(&blobs, "good", pending.clone()).await),
			(2, contribution(&blobs, "later", pending).await),
		];
		let seen = Reporter::default().corpus(&blobs, &all, 2, 1).await;
		// The one behind it is reached.
		assert_eq!(ids(&seen), [0, 1]);
	}

	#[tokio::test]
	async fn the_corpus_goes_on_where_it_was_until_a_review_changes_what_counts() {
		let dir = tempfile::tempdir().unwrap();
		let blobs = blobs(dir.path());
		let mut all = vec![
			(0, contribution(&blobs, "first", ContributionStatus::Pending).await),
			(1, contribution(&blobs, "second", ContributionStatus::Pending).await),
			(2, contribution(&blobs, "third", ContributionStatus::Pending).await),
		];
		let mut reporter = Reporter::default();
		let seen = reporter.corpus(&blobs, &all, 1, 1).await;
		assert_eq!(ids(&seen), [0]);
		reporter.seen.insert(1, seen);
		// The first blob is not fetched again: it is gone and still counts.
		let gone = all[0].1.cid;
		all[0].1.cid = [0xAB; 32];
		let seen = reporter.corpus(&blobs, &all, 2, 1).await;
		assert_eq!(ids(&seen), [0, 1]);
		reporter.seen.insert(1, seen);
		all[0].1.cid = gone;
		all[0].1.status = ContributionStatus::Accepted { bitmap: vec![0], quality: 50 };
		let seen = reporter.corpus(&blobs, &all, 2, 1).await;
		assert_eq!(seen.parts[0], (0, Counts::Accepted(vec![0])));
		assert_eq!(ids(&seen), [0, 1]);
	}
}
