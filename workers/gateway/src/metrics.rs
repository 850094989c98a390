//! What an operator sees.

use axum::{
	extract::{MatchedPath, Request, State},
	http::header,
	middleware::Next,
	response::{IntoResponse, Response},
};
use prometheus_client::{
	encoding::{text::encode, EncodeLabelSet},
	metrics::{
		counter::Counter,
		family::Family,
		gauge::Gauge,
		histogram::{exponential_buckets, Histogram},
	},
	registry::Registry,
};
use std::{sync::Arc, time::Instant};

/// Labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Label {
	path: String,
	status: u16,
}

/// Counters and gauges of the gateway.
pub struct Metrics {
	registry: Registry,
	requests: Family<Label, Counter>,
	seconds: Histogram,
	/// The last block in the index.
	pub index_block: Gauge,
	/// The newest finalised block of the chain.
	pub chain_block: Gauge,
	/// Workers that answer.
	pub workers_healthy: Gauge,
	/// Workers that were configured.
	pub workers: Gauge,
	/// Bytes of blobs received.
	pub blob_bytes_in: Counter,
	/// Bytes of blobs sent.
	pub blob_bytes_out: Counter,
}

impl Default for Metrics {
	fn default() -> Self {
		let mut m = Self {
			registry: Registry::with_prefix("weft_gateway"),
			requests: Family::default(),
			seconds: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
			index_block: Gauge::default(),
			chain_block: Gauge::default(),
			workers_healthy: Gauge::default(),
			workers: Gauge::default(),
			blob_bytes_in: Counter::default(),
			blob_bytes_out: Counter::default(),
		};
		let r = &mut m.registry;
		r.register("requests", "Requests by path and status", m.requests.clone());
		r.register("request_seconds", "Until the head of the answer", m.seconds.clone());
		r.register("index_block", "Last block in the index", m.index_block.clone());
		r.register("chain_block", "Newest finalised block", m.chain_block.clone());
		r.register("workers_healthy", "Workers that answer", m.workers_healthy.clone());
		r.register("workers", "Workers configured", m.workers.clone());
		r.register("blob_bytes_received", "Bytes of blobs received", m.blob_bytes_in.clone());
		r.register("blob_bytes_sent", "Bytes of blobs sent", m.blob_bytes_out.clone());
		m
	}
}

impl Metrics {
	/// The OpenMetrics text.
	pub fn encode(&self) -> String {
		let mut text = String::new();
		// Writing to a String does not fail.
		let _ = encode(&mut text, &self.registry);
		text
	}
}

/// Counts every request by the route it matched.
pub async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
	let path = request
		.extensions()
		.get::<MatchedPath>()
		.map_or_else(|| "unmatched".to_owned(), |p| p.as_str().to_owned());
	let started = Instant::now();
	let response = next.run(request).await;
	let status = response.status().as_u16();
	metrics.requests.get_or_create(&Label { path, status }).inc();
	metrics.seconds.observe(started.elapsed().as_secs_f64());
	response
}

/// `/metrics`
pub async fn handler(State(gateway): State<Arc<crate::Gateway>>) -> Response {
	let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	([(header::CONTENT_TYPE, kind)], gateway.metrics.encode()).into_response()
}
