//! The demo's state file: ids that were made, answers that were given.

use crate::ctx::Ctx;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	path::{Path, PathBuf},
};

#[derive(Default, Serialize, Deserialize)]
pub struct Data {
	/// A state belongs to one chain.
	pub genesis: String,
	pub first_block: Option<u32>,
	pub base: Option<u32>,
	pub datanet: Option<u32>,
	pub contributions: BTreeMap<String, u64>,
	/// Records and refused record numbers by contributor.
	pub accepted: BTreeMap<String, (u32, Vec<u32>)>,
	pub snapshot: Option<u32>,
	pub job: Option<u64>,
	pub model: Option<u64>,
	pub answers: Vec<Answer>,
	/// Paid by claims, by contributor.
	pub claimed: BTreeMap<String, u128>,
}

/// What came back for one probe question.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answer {
	pub question: String,
	pub owner: String,
	pub answer: String,
	/// Rank of the right owner among the contributors by share (0 is first), if any share is theirs.
	pub owner_rank: Option<usize>,
	/// Rank of the probed record among all records by share.
	pub record_rank: Option<usize>,
	pub fee: u128,
}

pub struct State {
	dir: PathBuf,
	pub data: Data,
}

impl State {
	pub fn open(dir: &Path, ctx: &Ctx) -> Result<Self> {
		std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
		let genesis = hex::encode(ctx.chain.genesis());
		let file = dir.join("state.json");
		let data = match std::fs::read(&file) {
			Ok(b) => serde_json::from_slice::<Data>(&b)
				.with_context(|| format!("{} is damaged; remove it", file.display()))?,
			Err(_) => Data::default(),
		};
		let data = if data.genesis == genesis {
			if data.datanet.is_some() {
				println!("going on where the last run stopped ({})", file.display());
			}
			data
		} else {
			Data { genesis, ..Data::default() }
		};
		Ok(Self { dir: dir.into(), data })
	}

	/// Written to a second file first, so that a stop never leaves half a state.
	pub fn save(&self) -> Result<()> {
		let part = self.dir.join("state.json.part");
		std::fs::write(&part, serde_json::to_vec_pretty(&self.data)?)?;
		std::fs::rename(part, self.dir.join("state.json"))?;
		Ok(())
	}

	/// Tells whoever watches (the crash test) which stage runs.
	pub fn announce(&self, stage: &str) {
		let _ = std::fs::write(self.dir.join("stage"), stage);
	}

	pub fn first_block(&mut self, now: u32) -> Result<()> {
		if self.data.first_block.is_none() {
			self.data.first_block = Some(now);
			self.save()?;
		}
		Ok(())
	}

	pub fn need_base(&self) -> Result<u32> {
		self.data.base.context("no base model yet")
	}
	pub fn need_datanet(&self) -> Result<u32> {
		self.data.datanet.context("no Datanet yet")
	}
	pub fn need_model(&self) -> Result<u64> {
		self.data.model.context("no model yet")
	}
}
