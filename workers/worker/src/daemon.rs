//! Start-up and the loops.

use crate::{
	attributor::Attributing, billing::Till, config::Run, jobs::Jobs, journal::Journal,
	metrics::Metrics, quality, settle, train,
};
use anyhow::{bail, Context, Result};
use axum::{routing::get, Router};
use std::{
	collections::HashSet,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::Duration,
};
use weft_chain::{
	calls,
	client::{last_u32, last_u64},
	rows, AccountId, Client, Key, TxQueue,
};
use weft_engine::Model;
use weft_serving::{
	router, BaseModel, BlobAdapters, Receipts, ServedModel, Serving, ServingOptions,
	StaticCatalogue,
};
use weft_store::{Blobs, HttpBlobs};

const WEFT: u128 = 1_000_000_000_000;

pub async fn run(a: Run) -> Result<()> {
	let key = match (&a.key, &a.key_file) {
		(Some(k), None) => Key::parse(k)?,
		(None, Some(f)) => Key::from_file(f)?,
		_ => bail!(
			"give the hot key: --key-file FILE (or WEFT_KEY_FILE), or --key on a development chain"
		),
	};
	std::fs::create_dir_all(&a.dir).with_context(|| format!("creating {}", a.dir.display()))?;
	let path = a.model.clone();
	let model = tokio::task::spawn_blocking(move || Model::load(&path)).await??;
	tracing::info!(model = model.name(), weights = %hex::encode(model.weights_hash()), "base model loaded");

	let chain = Client::connect_within(&a.chain, Duration::from_secs(60)).await?;
	let owner = owner(&chain, &key, &a).await?;
	let base = base(&chain, &model).await?;
	if base.is_none() {
		tracing::warn!(
			"this base model is not registered on chain; training jobs for it cannot exist yet"
		);
	}
	let chain_id: u64 = chain.evm_chain_id().await?;
	let blobs: Arc<dyn Blobs> = Arc::new(HttpBlobs::new(&a.gateway)?);
	let queue = TxQueue::start(chain.clone(), key.clone());
	let (journal, entries) = Journal::open(&a.dir.join("journal"))?;
	let till = Till::new(chain.clone(), owner, chain_id, journal, entries);
	let catalogue = Arc::new(StaticCatalogue::new(vec![base_card(&model)]));
	let attributor =
		Arc::new(Attributing::new(chain.clone(), blobs.clone(), model.clone(), a.dir.clone()));
	let serving = Serving::start(
		Arc::new(BaseModel::new(model.clone())),
		Arc::new(BlobAdapters::new(blobs.clone(), a.dir.join("adapters"))),
		catalogue.clone(),
		till.clone(),
		attributor,
		Receipts::open(a.dir.join("receipts"))?,
		ServingOptions {
			adapter_bytes: a.adapter_bytes,
			owner: Some(owner.0),
			..ServingOptions::default()
		},
	)?;
	let metrics = Arc::new(Metrics::default());
	let cancel = Arc::new(AtomicBool::new(false));

	let follow = tokio::spawn(follow(
		chain.clone(),
		queue.clone(),
		owner,
		catalogue.clone(),
		model.clone(),
		till.clone(),
		metrics.clone(),
	));
	let reports = tokio::spawn(report_loop(
		a.reports,
		chain.clone(),
		blobs.clone(),
		queue.clone(),
		model.clone(),
		metrics.clone(),
	));
	let settling = tokio::spawn(settle_loop(
		Duration::from_secs(a.settle_every.max(1)),
		chain.clone(),
		blobs.clone(),
		queue.clone(),
		till.clone(),
		owner,
		metrics.clone(),
	));
	let ctx = train::Ctx {
		chain: chain.clone(),
		blobs,
		queue,
		model: model.clone(),
		dir: a.dir.clone(),
		cancel: cancel.clone(),
	};
	let kind = |train: bool, infer: bool| Jobs {
		ctx: ctx.clone(),
		owner,
		base,
		till: till.clone(),
		serving: serving.clone(),
		train,
		infer,
		given_up: HashSet::new(),
	};
	let training =
		tokio::spawn(job_loop(kind(a.train, false), chain.clone(), model.clone(), metrics.clone()));
	let answering = tokio::spawn(job_loop(kind(false, a.infer), chain, model, metrics.clone()));

	let own = metrics.clone();
	let served = serving.clone();
	let app: Router =
		router(serving).route("/metrics/worker", get(move || async move { own.encode() }));
	let listener = tokio::net::TcpListener::bind(a.listen)
		.await
		.with_context(|| format!("listening on {}", a.listen))?;
	tracing::info!(address = %a.listen, %owner, "serving");
	axum::serve(listener, app).with_graceful_shutdown(stopped(cancel)).await?;
	// Training stops at its next step and has its checkpoint; settlement goes on at the next start.
	for t in [follow, reports, settling, training, answering] {
		t.abort();
	}
	drop(served);
	Ok(())
}

async fn stopped(cancel: Arc<AtomicBool>) {
	let term = async {
		match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
			Ok(mut s) => {
				s.recv().await;
			}
			Err(_) => std::future::pending().await,
		}
	};
	tokio::select! {
		_ = tokio::signal::ctrl_c() => {},
		_ = term => {},
	}
	tracing::info!("stopping");
	cancel.store(true, Ordering::SeqCst);
}

/// The owner of the hot key; on a development chain the worker registers itself.
async fn owner(chain: &Client, key: &Key, a: &Run) -> Result<AccountId> {
	if let Some(owner) = chain.owner_of_hot(&key.account()).await? {
		return Ok(owner);
	}
	let Some(secret) = &a.owner_key else {
		bail!(
			"the hot key {} belongs to no registered worker; the owner runs `weft worker register --hot {}`",
			key.account(),
			key.account()
		)
	};
	let owner = Key::parse(secret)?;
	let memory = 8_192;
	let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
	let call = calls::register_worker(
		&key.account(),
		u128::from(a.bond).saturating_mul(WEFT),
		&[("cpu".into(), cores, memory)],
	);
	let r = TxQueue::start(chain.clone(), owner.clone())
		.submit_until(call, weft_chain::tx::Until::Finalised)
		.await?;
	tracing::info!(owner = %owner.account(), block = r.block, "registered");
	Ok(owner.account())
}

/// The id of the loaded base model, if it is registered.
async fn base(chain: &Client, model: &Model) -> Result<Option<u32>> {
	let rows = chain.list::<rows::Base>("Models", "Bases", 10_000).await?;
	Ok(rows
		.iter()
		.find(|(_, b)| b.weights == model.weights_hash() && b.tokenizer == model.tokenizer_hash())
		.and_then(|(k, _)| last_u32(k)))
}

fn base_card(model: &Model) -> ServedModel {
	ServedModel {
		id: None,
		name: model.name().to_string(),
		adapter: None,
		price_in: 0,
		price_out: 0,
		index_root: [0; 32],
		index: None,
		created: 0,
	}
}

/// Follows blocks: the catalogue of models, the newest block, heartbeats.
async fn follow(
	chain: Client,
	queue: TxQueue,
	owner: AccountId,
	catalogue: Arc<StaticCatalogue>,
	model: Arc<Model>,
	till: Arc<Till>,
	metrics: Arc<Metrics>,
) {
	let mut known = 0usize;
	let mut next_beat = 0u32;
	loop {
		if let Ok((block, _)) = chain.finalised().await {
			till.at_block(block);
			metrics.finalised_block.store(u64::from(block), Ordering::Relaxed);
			match models(&chain, &model).await {
				Ok(list) => {
					if list.len() != known {
						known = list.len();
						tracing::info!(models = known, "catalogue");
					}
					catalogue.replace(list);
				}
				Err(e) => tracing::warn!(error = %format!("{e:#}"), "the catalogue was not read"),
			}
			if block >= next_beat {
				next_beat = block.saturating_add(100);
				// An epoch in which this worker reported needs no heartbeat; the chain says so and that is fine.
				match queue.submit(calls::heartbeat()).await {
					Ok(_) => Metrics::add(&metrics.heartbeats),
					Err(e) => tracing::debug!(%owner, error = %e, "no heartbeat"),
				}
			}
		}
		tokio::time::sleep(Duration::from_secs(3)).await;
	}
}

async fn models(chain: &Client, model: &Model) -> Result<Vec<ServedModel>> {
	let mut list = vec![base_card(model)];
	let Some(base) = base(chain, model).await? else { return Ok(list) };
	let mut rows: Vec<(u64, rows::ModelRow)> = chain
		.list::<rows::ModelRow>("Models", "Models", 100_000)
		.await?
		.into_iter()
		.filter_map(|(k, m)| Some((last_u64(&k)?, m)))
		.filter(|(_, m)| m.base == base && !m.retired)
		.collect();
	rows.sort_by_key(|(id, _)| *id);
	list.extend(rows.into_iter().map(|(id, m)| ServedModel {
		id: Some(id),
		name: rows::text(&m.name),
		adapter: Some(m.adapter),
		price_in: m.price_in,
		price_out: m.price_out,
		index_root: m.index_root,
		index: Some(m.index),
		created: 0,
	}));
	Ok(list)
}

async fn report_loop(
	on: bool,
	chain: Client,
	blobs: Arc<dyn Blobs>,
	queue: TxQueue,
	model: Arc<Model>,
	metrics: Arc<Metrics>,
) {
	if !on {
		return;
	}
	let mut reporter = quality::Reporter::default();
	loop {
		match reporter.pending(&chain, &blobs, &queue, &model).await {
			Ok(n) => {
				metrics.reports.fetch_add(n as u64, Ordering::Relaxed);
			}
			Err(e) => {
				tracing::warn!(error = %format!("{e:#}"), "quality reports will be tried again")
			}
		}
		tokio::time::sleep(Duration::from_secs(3)).await;
	}
}

async fn settle_loop(
	every: Duration,
	chain: Client,
	blobs: Arc<dyn Blobs>,
	queue: TxQueue,
	till: Arc<Till>,
	owner: AccountId,
	metrics: Arc<Metrics>,
) {
	loop {
		tokio::time::sleep(every).await;
		match settle::once(&chain, &blobs, &queue, &till, &owner).await {
			Ok(Some(_)) => Metrics::add(&metrics.settlements),
			Ok(None) => {}
			Err(e) => {
				Metrics::add(&metrics.settlement_errors);
				tracing::warn!(error = %format!("{e:#}"), "the settlement will be tried again");
			}
		}
	}
}

async fn job_loop(
	mut jobs: Jobs<BaseModel>,
	chain: Client,
	model: Arc<Model>,
	metrics: Arc<Metrics>,
) {
	loop {
		if jobs.base.is_none() {
			jobs.base = base(&chain, &model).await.ok().flatten();
		}
		match jobs.step().await {
			Ok(true) => Metrics::add(&metrics.jobs_done),
			Ok(false) => tokio::time::sleep(Duration::from_secs(2)).await,
			Err(e) => {
				Metrics::add(&metrics.jobs_failed);
				tracing::warn!(error = %format!("{e:#}"), "the job will be tried again");
				tokio::time::sleep(Duration::from_secs(5)).await;
			}
		}
	}
}
