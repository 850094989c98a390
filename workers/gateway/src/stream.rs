//! `/api/stream`: blocks as they are indexed, as server-sent events.

use crate::{index::event_of, ApiError, Gateway};
use axum::{
	extract::State,
	http::HeaderMap,
	response::{
		sse::{Event, KeepAlive, Sse},
		IntoResponse, Response,
	},
};
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use sqlx::Row;
use std::{convert::Infallible, sync::Arc};
use tokio::sync::watch;
use utoipa::IntoParams;

/// Pallets shown when the client does not choose.
const OURS: &str = "Datanets,Models,Workers,Jobs,Attribution";

/// What to stream.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
	/// The first block; the next one when absent. `Last-Event-ID` wins.
	from: Option<u32>,
	/// Pallets whose events are sent, with commas; `*` for all.
	pallets: Option<String>,
}

struct Reader {
	gateway: Arc<Gateway>,
	head: watch::Receiver<u32>,
	next: u32,
	pallets: Vec<String>,
}

/// Blocks as they are indexed. Each event is named `block`, has the block's number as its id and
/// `{number, hash, events}` as its data; a client that reconnects misses nothing.
#[utoipa::path(get, path = "/api/stream", tag = "chain", params(StreamQuery),
	responses((status = 200, content_type = "text/event-stream")))]
pub async fn handler(
	State(gateway): State<Arc<Gateway>>,
	headers: HeaderMap,
	crate::api::Params(query): crate::api::Params<StreamQuery>,
) -> Result<Response, ApiError> {
	let head = gateway.index.head();
	let last: Option<u32> =
		headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
	let now = *head.borrow();
	let next = last.map(|n| n.saturating_add(1)).or(query.from).unwrap_or(now.saturating_add(1));
	let pallets = query.pallets.unwrap_or_else(|| OURS.into());
	let pallets = pallets.split(',').map(|p| p.trim().to_owned()).collect();
	let stop = gateway.stop.clone();
	let reader = Reader { gateway, head, next, pallets };
	let blocks = stream::unfold(reader, |mut reader| async move {
		let event = reader.next().await?;
		Some((Ok::<_, Infallible>(event), reader))
	});
	let until_stopped = futures::StreamExt::take_until(blocks, stop.cancelled_owned());
	Ok(Sse::new(until_stopped).keep_alive(KeepAlive::default()).into_response())
}

impl Reader {
	async fn next(&mut self) -> Option<Event> {
		// After a rollback the head is behind: wait until it has come past again.
		let next = self.next;
		self.head.wait_for(|head| *head >= next).await.ok()?;
		match self.read().await {
			Ok(event) => {
				self.next = self.next.saturating_add(1);
				Some(event)
			}
			Err(e) => {
				tracing::error!(error = %e, "the event stream cannot read the index");
				None
			}
		}
	}

	async fn read(&self) -> anyhow::Result<Event> {
		let pool = self.gateway.index.pool();
		let hash: Option<String> = sqlx::query_scalar("SELECT hash FROM blocks WHERE number = ?")
			.bind(self.next)
			.fetch_optional(pool)
			.await?;
		let rows = sqlx::query(
			"SELECT idx, extrinsic, pallet, name, json FROM events WHERE block = ? ORDER BY idx",
		)
		.bind(self.next)
		.fetch_all(pool)
		.await?;
		let mut events = Vec::new();
		for row in rows {
			let pallet: String = row.try_get("pallet")?;
			if self.pallets.iter().any(|p| *p == pallet || p == "*") {
				events.push(event_of(&row)?);
			}
		}
		let data = json!({ "number": self.next, "hash": hash, "events": events });
		Ok(Event::default().event("block").id(self.next.to_string()).json_data(data)?)
	}
}
