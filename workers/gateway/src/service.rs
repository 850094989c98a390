//! The gateway as one service.

use crate::{api, blobs, metrics, openapi, proxy, source::ChainSource, stream, Index};
use axum::{
	extract::DefaultBodyLimit,
	http::{header, HeaderName, HeaderValue, Method},
	middleware,
	routing::{get, post, put},
	Router,
};
use parking_lot::RwLock;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tower_http::{
	cors::{AllowOrigin, CorsLayer},
	trace::TraceLayer,
};
use weft_store::{Store, StoreOptions};

/// How a gateway runs.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
	/// Folder of the index, and of the blobs unless `store` says otherwise.
	pub data: PathBuf,
	/// Address of the blob store.
	pub store: Option<String>,
	/// Workers to route to.
	pub workers: Vec<String>,
	/// The most bytes a blob may have.
	pub max_blob: u64,
	/// The most bytes a question to a model may have.
	pub max_request: usize,
	/// Origins that browsers may call from; `*` for any.
	pub cors: Vec<String>,
	/// How often workers are asked how they are.
	pub health_every: Duration,
	/// After how long an unfinished upload is forgotten.
	pub upload_expiry: Duration,
}

impl GatewayOptions {
	/// The defaults, in a folder.
	pub fn in_folder(data: PathBuf) -> Self {
		Self {
			data,
			store: None,
			workers: Vec::new(),
			max_blob: 4 << 30,
			max_request: 4 << 20,
			cors: vec!["*".into()],
			health_every: Duration::from_secs(5),
			upload_expiry: Duration::from_secs(24 * 3600),
		}
	}
}

/// Everything the handlers share.
pub struct Gateway {
	/// The index of the chain.
	pub index: Index,
	/// The blobs.
	pub store: Arc<Store>,
	/// The workers.
	pub workers: proxy::Workers,
	/// Metrics.
	pub metrics: Arc<metrics::Metrics>,
	/// The chain, once connected.
	pub chain: RwLock<Option<Arc<dyn ChainSource>>>,
	/// Ends every stream and task.
	pub stop: CancellationToken,
	options: GatewayOptions,
}

impl Gateway {
	/// Opens the index and the blobs.
	pub async fn open(options: GatewayOptions) -> anyhow::Result<Arc<Self>> {
		let index = Index::open(&options.data.join("index.sqlite")).await?;
		let store_options = StoreOptions { max_blob: options.max_blob };
		let store = match &options.store {
			Some(url) => Store::open(url, store_options)?,
			None => Store::open_folder(&options.data.join("blobs"), store_options)?,
		};
		Ok(Arc::new(Self {
			index,
			store: Arc::new(store),
			workers: proxy::Workers::new(&options.workers)?,
			metrics: Arc::new(metrics::Metrics::default()),
			chain: RwLock::new(None),
			stop: CancellationToken::new(),
			options,
		}))
	}

	/// Follows the chain, for ever: the index, the details and the gauge of the newest block.
	pub async fn follow(self: Arc<Self>, source: Arc<dyn ChainSource>) -> anyhow::Result<()> {
		self.index.bind(&source.genesis()).await?;
		*self.chain.write() = Some(source.clone());
		let gauges = async {
			loop {
				if let Ok(head) = source.head().await {
					self.metrics.chain_block.set(i64::from(head));
				}
				tokio::time::sleep(Duration::from_secs(3)).await;
			}
		};
		let index = async {
			loop {
				match self.index.follow(source.as_ref()).await {
					Ok(()) => tracing::warn!("the stream of blocks ended, starting again"),
					Err(e) => tracing::error!(error = %e, "the index stopped, trying again"),
				}
				tokio::time::sleep(Duration::from_secs(2)).await;
			}
		};
		tokio::select! {
			() = gauges => {},
			() = index => {},
			() = self.index.refresh_details(source.as_ref()) => {},
			() = self.stop.cancelled() => {},
		}
		Ok(())
	}

	/// Asks the workers how they are and forgets old uploads, for ever.
	pub async fn housekeep(self: Arc<Self>) {
		let mut health = tokio::time::interval(self.options.health_every);
		let mut uploads = tokio::time::interval(Duration::from_secs(600));
		let mut head = self.index.head();
		loop {
			tokio::select! {
				_ = health.tick() => {
					self.workers.check().await;
					let endpoints = self.workers.endpoints();
					let healthy = endpoints.iter().filter(|e| e.healthy).count();
					self.metrics.workers.set(endpoints.len() as i64);
					self.metrics.workers_healthy.set(healthy as i64);
				},
				_ = uploads.tick() => {
					match self.store.expire_uploads(self.options.upload_expiry).await {
						Ok(0) => {},
						Ok(n) => tracing::info!(n, "unfinished uploads forgotten"),
						Err(e) => tracing::warn!(error = %e, "uploads could not be tidied"),
					}
				},
				changed = head.changed() => {
					if changed.is_err() {
						return;
					}
					let number = *head.borrow_and_update();
					self.metrics.index_block.set(i64::from(number));
				},
				() = self.stop.cancelled() => return,
			}
		}
	}

	fn cors(&self) -> CorsLayer {
		let origins = &self.options.cors;
		let origin = if origins.iter().any(|o| o == "*") {
			AllowOrigin::any()
		} else {
			AllowOrigin::list(origins.iter().filter_map(|o| HeaderValue::from_str(o).ok()))
		};
		let exposed = [
			header::LOCATION,
			header::ETAG,
			header::CONTENT_RANGE,
			header::RETRY_AFTER,
			proxy::WORKER,
			HeaderName::from_static("upload-offset"),
			HeaderName::from_static("upload-length"),
			HeaderName::from_static("weft-cid"),
		];
		CorsLayer::new()
			.allow_origin(origin)
			.allow_methods([
				Method::GET,
				Method::HEAD,
				Method::POST,
				Method::PUT,
				Method::PATCH,
				Method::DELETE,
			])
			.allow_headers(tower_http::cors::Any)
			.expose_headers(exposed)
	}
}

/// Every path of the gateway.
pub fn router(gateway: Arc<Gateway>) -> Router {
	let questions = Router::new()
		.route("/v1/chat/completions", post(proxy::chat))
		.route("/v1/completions", post(proxy::completions))
		.layer(DefaultBodyLimit::max(gateway.options.max_request));
	// Blobs are streamed to disk; the store has its own limit.
	let blobs = Router::new()
		.route("/v1/blobs", put(blobs::put).post(blobs::put))
		.route("/v1/blobs/{cid}", get(blobs::get).head(blobs::head).put(blobs::put_as))
		.route("/v1/uploads", post(blobs::upload_create).options(blobs::upload_options))
		.route(
			"/v1/uploads/{id}",
			axum::routing::head(blobs::upload_head)
				.patch(blobs::upload_patch)
				.delete(blobs::upload_delete),
		)
		.layer(DefaultBodyLimit::disable());
	Router::new()
		.merge(questions)
		.merge(blobs)
		.route("/v1/models", get(proxy::models))
		.route("/v1/models/{model}", get(proxy::model))
		.route("/v1/receipts/{id}", get(proxy::receipt))
		.route("/v1/payers/{account}/{model}", get(proxy::payer))
		.route("/api/status", get(api::status))
		.route("/api/datanets", get(api::datanets))
		.route("/api/datanets/{id}", get(api::datanet))
		.route("/api/contributions", get(api::contributions))
		.route("/api/contributions/{id}", get(api::contribution))
		.route("/api/snapshots", get(api::snapshots))
		.route("/api/snapshots/{id}", get(api::snapshot))
		.route("/api/bases", get(api::bases))
		.route("/api/bases/{id}", get(api::base))
		.route("/api/models", get(api::models))
		.route("/api/models/{id}", get(api::model))
		.route("/api/jobs", get(api::jobs))
		.route("/api/jobs/{id}", get(api::job))
		.route("/api/workers", get(api::workers))
		.route("/api/workers/{owner}", get(api::worker))
		.route("/api/settlements", get(api::settlements))
		.route("/api/epochs", get(api::epochs))
		.route("/api/claims", get(api::claims))
		.route("/api/earnings/{account}", get(api::earnings))
		.route("/api/events", get(api::events))
		.route("/api/stream", get(stream::handler))
		.route("/openapi.json", get(openapi::handler))
		.route("/health", get(api::health))
		.route("/metrics", get(metrics::handler))
		.fallback(api::nothing_here)
		.layer(middleware::from_fn_with_state(gateway.metrics.clone(), metrics::count))
		.layer(gateway.cors())
		.layer(TraceLayer::new_for_http())
		.with_state(gateway)
}
