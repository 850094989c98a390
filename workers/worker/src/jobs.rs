//! Jobs of the chain: claim, run, report. The chain is the truth; after a restart, jobs that this worker had claimed
//! are found there and go on.

use crate::{billing::Till, train};
use anyhow::{Context, Result};
use bytes::Bytes;
use std::{collections::HashSet, sync::Arc};
use weft_chain::{
	calls,
	client::last_u64,
	rows::{JobResult, JobRow, JobSpec, JobState},
	tx::Until,
	AccountId,
};
use weft_primitives::{hash::blake2_256, receipt::Receipt};
use weft_serving::{Engine, Payment, RequestKind, Serving};

/// Runs jobs of some kinds one after another. The daemon has two: training fills the machine for minutes, and whoever
/// waits for an answer does not wait for it.
pub struct Jobs<E: Engine> {
	pub ctx: train::Ctx,
	pub owner: AccountId,
	pub base: Option<u32>,
	pub till: Arc<Till>,
	pub serving: Arc<Serving<E>>,
	pub train: bool,
	pub infer: bool,
	/// Jobs that this process could not run; another worker may.
	pub given_up: HashSet<u64>,
}

impl<E: Engine> Jobs<E> {
	/// Looks for one job and runs it. Returns whether there was one.
	pub async fn step(&mut self) -> Result<bool> {
		let rows = self.ctx.chain.list::<JobRow>("Jobs", "Jobs", 100_000).await?;
		let mut mine = None;
		let mut open = None;
		for (key, row) in rows {
			let Some(id) = last_u64(&key) else { continue };
			match &row.state {
				JobState::Claimed { worker, .. }
					if *worker == self.owner.0
						&& self.can(&row.spec)
						&& mine.as_ref().is_none_or(|(m, _)| *m > id) =>
				{
					mine = Some((id, row));
				}
				JobState::Open { .. }
					if !self.given_up.contains(&id)
						&& self.can(&row.spec)
						&& open.as_ref().is_none_or(|(o, _)| *o > id) =>
				{
					open = Some((id, row));
				}
				_ => {}
			}
		}
		let (id, row) = match (mine, open) {
			(Some(job), _) => job,
			(None, Some((id, row))) => {
				let claim =
					self.ctx.queue.submit_until(calls::claim_job(id), Until::Finalised).await;
				if let Err(e) = claim {
					tracing::info!(job = id, error = %e, "not claimed");
					self.given_up.insert(id);
					return Ok(false);
				}
				tracing::info!(job = id, "claimed");
				(id, row)
			}
			(None, None) => return Ok(false),
		};
		let result = match self.run(id, &row).await {
			Ok(r) => r,
			Err(e) => {
				tracing::error!(job = id, error = %format!("{e:#}"), "the job failed");
				self.given_up.insert(id);
				JobResult::Failed { reason: train::reason(&self.ctx.blobs, &e).await? }
			}
		};
		self.ctx.queue.submit_until(calls::report(id, &result), Until::Finalised).await?;
		train::clean(&self.ctx.dir, id);
		tracing::info!(job = id, "reported");
		Ok(true)
	}

	fn can(&self, spec: &JobSpec) -> bool {
		match spec {
			JobSpec::Train { base, .. } => self.train && Some(*base) == self.base,
			JobSpec::Infer { .. } => self.infer,
		}
	}

	async fn run(&self, id: u64, row: &JobRow) -> Result<JobResult> {
		match &row.spec {
			JobSpec::Train { snapshots, config, .. } => {
				train::run(&self.ctx, id, snapshots, config).await
			}
			JobSpec::Infer { model, prompt, max_tokens } => {
				self.answer(id, row, *model, prompt, *max_tokens).await
			}
		}
	}

	async fn answer(
		&self,
		id: u64,
		row: &JobRow,
		model: u64,
		prompt: &[u8; 32],
		max_tokens: u32,
	) -> Result<JobResult> {
		let body = self.ctx.blobs.get(prompt).await.context("fetching the prompt")?;
		let mut request: serde_json::Value =
			serde_json::from_slice(&body).context("the prompt is not a chat-completions body")?;
		// The job says which model and how long; the body cannot ask for another.
		request["model"] = format!("weft-{model}").into();
		request["stream"] = false.into();
		let asked = request["max_tokens"].as_u64().unwrap_or(u64::from(max_tokens));
		request["max_tokens"] = asked.min(u64::from(max_tokens)).into();
		let grant = self.till.grant_job(row.requester);
		let nonce = grant.nonce;
		let answer = self
			.serving
			.complete(
				RequestKind::Chat,
				request.to_string().as_bytes(),
				Payment::Granted { grant, max_fee: row.price },
			)
			.await
			.map_err(|e| anyhow::anyhow!("{}", e.body()))?;
		let text = answer["choices"][0]["message"]["content"].as_str().unwrap_or_default();
		let result = blake2_256(text.as_bytes());
		let count = |k: &str| answer["usage"][k].as_u64().unwrap_or_default() as u32;
		let receipt = receipt_of(&answer, self.owner.0, row.requester, model, nonce)
			.context("the answer has no receipt")?;
		self.till.keep_job(id, &receipt)?;
		let hash = receipt.hash();
		let blob = self.ctx.blobs.put(Bytes::from(answer.to_string())).await?;
		Ok(JobResult::Answered {
			result,
			answer: blob,
			receipt: hash,
			tokens_in: count("prompt_tokens"),
			tokens_out: count("completion_tokens"),
		})
	}
}

/// The receipt that serving made, from the answer's `weft` part.
fn receipt_of(
	answer: &serde_json::Value,
	worker: [u8; 32],
	payer: [u8; 32],
	model: u64,
	nonce: u64,
) -> Option<Receipt> {
	let receipt: Receipt = serde_json::from_value(answer["weft"]["receipt"].clone()).ok()?;
	let right = receipt.worker == worker
		&& receipt.payer == payer
		&& receipt.model == model
		&& receipt.nonce == nonce;
	right.then_some(receipt)
}
