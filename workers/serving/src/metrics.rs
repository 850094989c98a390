//! What an operator sees.

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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Outcome {
	pub outcome: String,
}

/// Counters, gauges and histograms of serving.
pub struct Metrics {
	registry: Registry,
	pub(crate) requests: Family<Outcome, Counter>,
	pub(crate) tokens_in: Counter,
	pub(crate) tokens_out: Counter,
	pub(crate) fees: Counter,
	pub(crate) running: Gauge,
	pub(crate) waiting: Gauge,
	pub(crate) waiting_tokens: Gauge,
	pub(crate) batch_size: Histogram,
	pub(crate) first_token_seconds: Histogram,
	pub(crate) between_tokens_seconds: Histogram,
	pub(crate) attribution_seconds: Histogram,
	pub(crate) adapter_load_seconds: Histogram,
	pub(crate) adapters_loaded: Gauge,
	pub(crate) adapter_bytes: Gauge,
	pub(crate) adapter_loads: Counter,
	pub(crate) adapter_hits: Counter,
	pub(crate) adapter_evictions: Counter,
}

impl Default for Metrics {
	fn default() -> Self {
		let seconds = |from: f64| Histogram::new(exponential_buckets(from, 2.0, 14));
		let mut m = Self {
			registry: Registry::with_prefix("weft_serving"),
			requests: Family::default(),
			tokens_in: Counter::default(),
			tokens_out: Counter::default(),
			fees: Counter::default(),
			running: Gauge::default(),
			waiting: Gauge::default(),
			waiting_tokens: Gauge::default(),
			batch_size: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]),
			first_token_seconds: seconds(0.005),
			between_tokens_seconds: seconds(0.001),
			attribution_seconds: seconds(0.001),
			adapter_load_seconds: seconds(0.001),
			adapters_loaded: Gauge::default(),
			adapter_bytes: Gauge::default(),
			adapter_loads: Counter::default(),
			adapter_hits: Counter::default(),
			adapter_evictions: Counter::default(),
		};
		let r = &mut m.registry;
		r.register("requests", "Requests by outcome", m.requests.clone());
		r.register("prompt_tokens", "Prompt tokens processed", m.tokens_in.clone());
		r.register("generated_tokens", "Tokens generated", m.tokens_out.clone());
		r.register("fees_plancks", "Fees charged, in plancks", m.fees.clone());
		r.register("sequences_running", "Sequences in the batch", m.running.clone());
		r.register("sequences_waiting", "Sequences in the queue", m.waiting.clone());
		r.register("waiting_tokens", "Tokens admitted and not running", m.waiting_tokens.clone());
		r.register("decode_batch_size", "Sequences per decode step", m.batch_size.clone());
		r.register(
			"time_to_first_token_seconds",
			"From admission to the first token",
			m.first_token_seconds.clone(),
		);
		r.register(
			"inter_token_seconds",
			"Between two tokens of a sequence",
			m.between_tokens_seconds.clone(),
		);
		r.register(
			"attribution_seconds",
			"Attributing an answer to records",
			m.attribution_seconds.clone(),
		);
		r.register(
			"adapter_load_seconds",
			"Fetching and loading an adapter",
			m.adapter_load_seconds.clone(),
		);
		r.register("adapters_loaded", "Adapters in memory", m.adapters_loaded.clone());
		r.register("adapter_bytes", "Bytes of adapters in memory", m.adapter_bytes.clone());
		r.register("adapter_loads", "Adapters loaded", m.adapter_loads.clone());
		r.register("adapter_hits", "Requests whose adapter was loaded", m.adapter_hits.clone());
		r.register("adapter_evictions", "Adapters evicted", m.adapter_evictions.clone());
		m
	}
}

impl Metrics {
	pub(crate) fn count(&self, outcome: &str) {
		self.requests.get_or_create(&Outcome { outcome: outcome.to_owned() }).inc();
	}

	/// The OpenMetrics text.
	pub fn encode(&self) -> String {
		let mut text = String::new();
		// Writing to a String does not fail.
		let _ = encode(&mut text, &self.registry);
		text
	}
}
