//! The OpenAI-compatible face of a worker.

use crate::{
	answer::{Piece, Started},
	ss58, ApiError, Engine, Payment, Request, RequestKind, Serving,
};
use axum::{
	body::Bytes,
	extract::{DefaultBodyLimit, Path, State},
	http::{header, HeaderMap, StatusCode},
	response::{
		sse::{Event as SseEvent, KeepAlive, Sse},
		IntoResponse, Response,
	},
	routing::{get, post},
	Json, Router,
};
use futures::{stream, Stream, StreamExt};
use serde_json::{json, Value};
use std::{convert::Infallible, sync::Arc};
use weft_primitives::hash::blake2_256;
use weft_store::cid_hex;

/// The header that carries a voucher.
pub const VOUCHER_HEADER: &str = "weft-voucher";

type App<E> = State<Arc<Serving<E>>>;

/// `/v1/chat/completions`, `/v1/completions`, `/v1/models`, `/v1/receipts/{id}`, `/health` and
/// `/metrics`.
pub fn router<E: Engine>(serving: Arc<Serving<E>>) -> Router {
	let limit = serving.options.max_body;
	Router::new()
		.route("/v1/chat/completions", post(chat::<E>))
		.route("/v1/completions", post(completions::<E>))
		.route("/v1/models", get(models::<E>))
		.route("/v1/models/{model}", get(model::<E>))
		.route("/v1/receipts/{id}", get(receipt::<E>))
		.route("/health", get(health::<E>))
		.route("/metrics", get(metrics::<E>))
		.layer(DefaultBodyLimit::max(limit))
		.with_state(serving)
}

async fn chat<E: Engine>(
	State(serving): App<E>,
	headers: HeaderMap,
	body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, ApiError> {
	answer(serving, RequestKind::Chat, headers, body).await
}

async fn completions<E: Engine>(
	State(serving): App<E>,
	headers: HeaderMap,
	body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, ApiError> {
	answer(serving, RequestKind::Completion, headers, body).await
}

async fn answer<E: Engine>(
	serving: Arc<Serving<E>>,
	kind: RequestKind,
	headers: HeaderMap,
	body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, ApiError> {
	let body = body.map_err(|e| {
		let status = e.status();
		let code =
			if status == StatusCode::PAYLOAD_TOO_LARGE { "request_too_large" } else { "bad_body" };
		let most = serving.options.max_body;
		let message = format!("{}; a request has at most {most} bytes", e.body_text());
		ApiError::new(status, "invalid_request_error", code, message)
	})?;
	let voucher = match headers.get(VOUCHER_HEADER).map(|v| v.to_str()) {
		None => None,
		Some(Ok(text)) => Some(text.to_owned()),
		Some(Err(_)) => {
			return Err(ApiError::invalid(VOUCHER_HEADER, "the voucher header is not base64 text"))
		}
	};
	let request = Request::parse(kind, &body)?;
	let (streaming, include_usage) = (request.stream, request.include_usage);
	let started = serving.begin(request, blake2_256(&body), Payment::Voucher(voucher)).await?;
	if !streaming {
		return Ok(Json(serving.collect(started, kind).await?).into_response());
	}
	let events = chunks(started, kind, include_usage);
	Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// The chunks of a streamed answer, as OpenAI sends them.
fn chunks(
	started: Started,
	kind: RequestKind,
	include_usage: bool,
) -> impl Stream<Item = Result<SseEvent, Infallible>> {
	let Started { id, created, model, pieces } = started;
	let object = match kind {
		RequestKind::Chat => "chat.completion.chunk",
		RequestKind::Completion => "text_completion",
	};
	let chunk = move |choices: Value| {
		let mut chunk = json!({
			"id": id, "object": object, "created": created, "model": model, "choices": choices,
		});
		if include_usage {
			chunk["usage"] = Value::Null;
		}
		chunk
	};
	let choice = move |text: Option<String>, role: bool, finish: Option<&str>| match kind {
		RequestKind::Chat => {
			let mut delta = json!({});
			if role {
				delta["role"] = json!("assistant");
			}
			if let Some(text) = text {
				delta["content"] = json!(text);
			}
			json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }])
		}
		RequestKind::Completion => json!([{
			"index": 0, "text": text.unwrap_or_default(), "logprobs": null, "finish_reason": finish,
		}]),
	};
	let first = (kind == RequestKind::Chat)
		.then(|| chunk(choice(Some(String::new()), true, None)).to_string());
	let rest =
		tokio_stream::wrappers::UnboundedReceiverStream::new(pieces).flat_map(move |piece| {
			let lines = match piece {
				Piece::Text(text) => vec![chunk(choice(Some(text), false, None)).to_string()],
				Piece::Failed(e) => vec![e.body().to_string()],
				Piece::Finished(done) => {
					let mut last = chunk(choice(None, false, Some(done.finish.as_str())));
					let mut lines = Vec::new();
					if include_usage {
						lines.push(last.to_string());
						last = chunk(json!([]));
						last["usage"] = done.usage();
					}
					last["weft"] = done.weft;
					lines.push(last.to_string());
					lines.push("[DONE]".into());
					lines
				}
			};
			stream::iter(lines)
		});
	stream::iter(first).chain(rest).map(|line| Ok(SseEvent::default().data(line)))
}

async fn models<E: Engine>(State(serving): App<E>) -> Json<Value> {
	let models = serving.catalogue.list();
	let base = models.iter().find(|m| m.id.is_none()).map(|m| m.name.clone()).unwrap_or_default();
	let data: Vec<_> = models.iter().map(|m| m.card(&base)).collect();
	Json(json!({ "object": "list", "data": data }))
}

async fn model<E: Engine>(
	State(serving): App<E>,
	Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
	let models = serving.catalogue.list();
	let base = models.iter().find(|m| m.id.is_none()).map(|m| m.name.clone()).unwrap_or_default();
	match serving.catalogue.find(&name) {
		Some(model) => Ok(Json(model.card(&base))),
		None => Err(ApiError::new(
			StatusCode::NOT_FOUND,
			"invalid_request_error",
			"model_not_found",
			"no such model here; /v1/models lists what there is",
		)),
	}
}

async fn receipt<E: Engine>(
	State(serving): App<E>,
	Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
	match serving.receipts.get(&id).await {
		Ok(Some(receipt)) => Ok(Json(receipt)),
		Ok(None) => Err(ApiError::new(
			StatusCode::NOT_FOUND,
			"invalid_request_error",
			"receipt_not_found",
			"no such receipt here; an id is 64 lower-case hex digits",
		)),
		Err(e) => Err(ApiError::server(format!("the receipt cannot be read: {e}"))),
	}
}

async fn health<E: Engine>(State(serving): App<E>) -> Json<Value> {
	let models = serving.catalogue.list();
	let loaded: Vec<_> = serving
		.adapters
		.loaded()
		.iter()
		.map(|(cid, bytes)| json!({ "adapter": cid_hex(cid), "bytes": bytes }))
		.collect();
	Json(json!({
		"status": "ok",
		"owner": serving.options.owner.map(|o| ss58(&o, serving.options.ss58_prefix)),
		"models": models.iter().map(|m| m.canonical_name()).collect::<Vec<_>>(),
		"context": serving.engine.context(),
		"adapters_loaded": loaded,
		"running": serving.metrics.running.get(),
		"waiting": serving.metrics.waiting.get(),
	}))
}

async fn metrics<E: Engine>(State(serving): App<E>) -> Response {
	let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	([(header::CONTENT_TYPE, kind)], serving.metrics.encode()).into_response()
}
