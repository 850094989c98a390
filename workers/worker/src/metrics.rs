//! The daemon's own counters, beside those of serving.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters in the Prometheus text format.
#[derive(Default)]
pub struct Metrics {
	pub jobs_done: AtomicU64,
	pub jobs_failed: AtomicU64,
	pub reports: AtomicU64,
	pub settlements: AtomicU64,
	pub settlement_errors: AtomicU64,
	pub finalised_block: AtomicU64,
	pub heartbeats: AtomicU64,
}

impl Metrics {
	/// Prometheus text.
	pub fn encode(&self) -> String {
		let rows = [
			(
				"weft_worker_jobs_done_total",
				"counter",
				"Jobs that were run and reported",
				&self.jobs_done,
			),
			(
				"weft_worker_job_errors_total",
				"counter",
				"Rounds of the job loop that failed",
				&self.jobs_failed,
			),
			(
				"weft_worker_quality_reports_total",
				"counter",
				"Quality reports attached",
				&self.reports,
			),
			(
				"weft_worker_settlements_total",
				"counter",
				"Settlements that were finalised",
				&self.settlements,
			),
			(
				"weft_worker_settlement_errors_total",
				"counter",
				"Settlements that failed and are tried again",
				&self.settlement_errors,
			),
			(
				"weft_worker_finalised_block",
				"gauge",
				"Newest finalised block that the worker has seen",
				&self.finalised_block,
			),
			("weft_worker_heartbeats_total", "counter", "Heartbeats sent", &self.heartbeats),
		];
		rows.iter()
			.map(|(name, kind, help, v)| {
				format!(
					"# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {}\n",
					v.load(Ordering::Relaxed)
				)
			})
			.collect()
	}

	pub fn add(counter: &AtomicU64) {
		counter.fetch_add(1, Ordering::Relaxed);
	}
}
