//! To whom an answer is owed: influence over the index, support over the snapshot's text.

use crate::{influence, snapshot};
use anyhow::{Context, Result};
use async_trait::async_trait;
use parking_lot::Mutex;
use std::{collections::HashMap, path::PathBuf, sync::Arc};
use weft_attribution::{Influence, InfluenceIndex, SpanIndex, SpanRules};
use weft_chain::Client;
use weft_engine::{Adapter, ChatMessage, Model};
use weft_primitives::ids::Hash32;
use weft_serving::{Attributed, Attribution, Attributor, Message, ServedModel, Span};
use weft_store::{get_folder, Blobs};

/// Models whose attribution data is kept in memory.
const KEPT: usize = 8;

/// Everything that attribution of one model needs.
struct Loaded {
	influence: Influence,
	spans: SpanIndex,
	texts: HashMap<Hash32, String>,
	adapter: Adapter,
}

/// The worker's attributor.
pub struct Attributing {
	chain: Client,
	blobs: Arc<dyn Blobs>,
	model: Arc<Model>,
	dir: PathBuf,
	loaded: Mutex<Vec<(u64, Arc<Loaded>)>>,
	loading: tokio::sync::Mutex<()>,
}

impl Attributing {
	pub fn new(chain: Client, blobs: Arc<dyn Blobs>, model: Arc<Model>, dir: PathBuf) -> Self {
		Self {
			chain,
			blobs,
			model,
			dir,
			loaded: Mutex::new(Vec::new()),
			loading: tokio::sync::Mutex::new(()),
		}
	}

	fn cached(&self, id: u64) -> Option<Arc<Loaded>> {
		self.loaded.lock().iter().find(|(m, _)| *m == id).map(|(_, l)| l.clone())
	}

	async fn load(&self, id: u64) -> Result<Arc<Loaded>> {
		if let Some(l) = self.cached(id) {
			return Ok(l);
		}
		let _one = self.loading.lock().await;
		if let Some(l) = self.cached(id) {
			return Ok(l);
		}
		let row =
			self.chain.model(id).await?.with_context(|| format!("weft-{id} is not on chain"))?;
		let index = InfluenceIndex::from_bytes(&self.blobs.get(&row.index).await?)?;
		anyhow::ensure!(
			index.root() == row.index_root,
			"the index of weft-{id} does not have the root that the chain records"
		);
		let folder = self.dir.join("attribution").join(hex::encode(row.adapter));
		get_folder(self.blobs.as_ref(), &row.adapter, &folder).await?;
		let records = snapshot::records(&self.chain, &self.blobs, &row.snapshots).await?;
		let model = self.model.clone();
		let loaded = tokio::task::spawn_blocking(move || -> Result<Loaded> {
			let influence = Influence::new(index, &model)?;
			let adapter = Adapter::from_peft(&folder, model.config())?;
			let answers: Vec<(Hash32, String)> =
				records.iter().map(|r| (r.example.hash, r.example.record.answer_text())).collect();
			let spans = SpanIndex::new(answers.iter().map(|(h, t)| (*h, t.as_str())))
				.context("the snapshot's text is too large to search")?;
			let texts =
				records.iter().map(|r| (r.example.hash, r.example.record.full_text())).collect();
			Ok(Loaded { influence, spans, texts, adapter })
		})
		.await??;
		let loaded = Arc::new(loaded);
		let mut all = self.loaded.lock();
		if all.len() >= KEPT {
			all.remove(0);
		}
		all.push((id, loaded.clone()));
		Ok(loaded)
	}
}

#[async_trait]
impl Attributor for Attributing {
	async fn attribute(
		&self,
		served: &ServedModel,
		prompt: &[Message],
		answer: &str,
	) -> Result<Attribution, String> {
		let Some(id) = served.id else { return Ok(Attribution::withheld(served.index_root)) };
		let loaded = self.load(id).await.map_err(|e| format!("{e:#}"))?;
		let messages: Vec<ChatMessage> = prompt
			.iter()
			.map(|m| ChatMessage { role: m.role.clone(), content: m.content.clone() })
			.collect();
		let (model, text) = (self.model.clone(), answer.to_string());
		let index_root = served.index_root;
		tokio::task::spawn_blocking(move || -> Result<Attribution> {
			let owed =
				influence::attribute(&model, &loaded.adapter, &loaded.influence, &messages, &text)?
					.shares;
			let listed = owed
				.records
				.iter()
				.zip(&owed.rows)
				.map(|(s, row)| Attributed {
					record: s.record,
					contributor: s.contributor,
					ppm: s.ppm,
					contribution: loaded
						.influence
						.index()
						.row(*row as usize)
						.map_or(0, |facts| facts.contribution),
					text: loaded.texts.get(&s.record).cloned().unwrap_or_default(),
				})
				.collect();
			let spans = loaded
				.spans
				.find(&text, &SpanRules::default())
				.into_iter()
				.filter_map(|s| {
					let mut more = serde_json::Map::new();
					let value = serde_json::to_value(&s).ok()?;
					for key in ["count", "sources"] {
						if let Some(v) = value.get(key) {
							more.insert(key.into(), v.clone());
						}
					}
					Some(Span {
						start: value["start"].as_u64()? as usize,
						end: value["end"].as_u64()? as usize,
						text: value["text"].as_str()?.to_string(),
						record: hex::encode(s.record),
						more,
					})
				})
				.collect();
			Ok(Attribution { shares: listed, withheld_ppm: owed.withheld_ppm, spans, index_root })
		})
		.await
		.map_err(|e| e.to_string())?
		.map_err(|e| format!("{e:#}"))
	}
}
