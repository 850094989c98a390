//! OpenAI's paths, passed on to workers that are alive.

use crate::{ApiError, Gateway};
use axum::{
	body::{Body, Bytes},
	extract::{Path, State},
	http::{header, HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use codec::Decode;
use futures::{future::join_all, TryStreamExt};
use parking_lot::RwLock;
use serde::Serialize;
use serde_json::{json, Value};
use std::{
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc,
	},
	time::Duration,
};
use utoipa::ToSchema;
use weft_chain::{account_text, parse_account, AccountId};
use weft_primitives::voucher::Voucher;

type App = State<Arc<Gateway>>;

/// The header that carries a voucher.
pub const VOUCHER: HeaderName = HeaderName::from_static("weft-voucher");
/// The header that names the worker: to choose one, and in every answer.
pub const WORKER: HeaderName = HeaderName::from_static("weft-worker");

/// What is known of a worker's address.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Endpoint {
	/// Where it answers.
	pub url: String,
	/// Whether it answered the last time it was asked.
	pub healthy: bool,
	/// Why not.
	pub error: Option<String>,
	/// The worker's owner account, as the worker says.
	pub owner: Option<String>,
	/// Names of the models it answers for.
	pub models: Vec<String>,
	/// Requests it has running and waiting.
	pub load: u64,
	#[serde(skip)]
	#[schema(ignore)]
	cards: Vec<Value>,
}

/// The workers behind this gateway.
pub struct Workers {
	endpoints: RwLock<Vec<Endpoint>>,
	client: reqwest::Client,
	turn: AtomicUsize,
}

impl Workers {
	/// Workers at `urls`; none counts as alive until it was asked.
	pub fn new(urls: &[String]) -> anyhow::Result<Self> {
		let mut endpoints = Vec::new();
		for url in urls {
			let parsed = reqwest::Url::parse(url)
				.map_err(|e| anyhow::anyhow!("the worker address `{url}` is not a URL: {e}"))?;
			if !matches!(parsed.scheme(), "http" | "https") {
				anyhow::bail!("the worker address `{url}` must start with http:// or https://");
			}
			let url = url.trim_end_matches('/').to_owned();
			endpoints.push(Endpoint {
				url,
				error: Some("not asked yet".into()),
				..Default::default()
			});
		}
		let client = reqwest::Client::builder()
			.connect_timeout(Duration::from_secs(3))
			// Between two pieces of an answer; a cold adapter and a full queue take a while.
			.read_timeout(Duration::from_secs(300))
			.build()?;
		Ok(Self { endpoints: RwLock::new(endpoints), client, turn: AtomicUsize::new(0) })
	}

	/// What is known of each.
	pub fn endpoints(&self) -> Vec<Endpoint> {
		self.endpoints.read().clone()
	}

	/// Asks every worker how it is and what it serves.
	pub async fn check(&self) {
		let urls: Vec<_> = self.endpoints.read().iter().map(|e| e.url.clone()).collect();
		let states = join_all(urls.into_iter().map(|url| async move {
			match self.ask(&url).await {
				Ok(endpoint) => endpoint,
				Err(e) => {
					let error = Some(e.to_string());
					Endpoint { url, error, ..Default::default() }
				}
			}
		}))
		.await;
		for (old, new) in self.endpoints.write().iter_mut().zip(states) {
			if old.healthy != new.healthy {
				tracing::info!(url = new.url, healthy = new.healthy, error = ?new.error, "worker");
			}
			*old = new;
		}
	}

	async fn ask(&self, url: &str) -> anyhow::Result<Endpoint> {
		let get = |path: &str| {
			let request = self.client.get(format!("{url}{path}")).timeout(Duration::from_secs(5));
			async move { request.send().await?.error_for_status()?.json::<Value>().await }
		};
		let (health, models) = (get("/health").await?, get("/v1/models").await?);
		let cards = models["data"].as_array().cloned().unwrap_or_default();
		let mut names = Vec::new();
		for card in &cards {
			for name in [&card["id"], &card["root"]] {
				if let Some(name) = name.as_str().filter(|n| !n.is_empty()) {
					if !names.iter().any(|n| n == name) {
						names.push(name.to_owned());
					}
				}
			}
		}
		let count = |name: &str| health[name].as_u64().unwrap_or(0);
		Ok(Endpoint {
			url: url.to_owned(),
			healthy: true,
			error: None,
			owner: health["owner"]
				.as_str()
				.and_then(|o| parse_account(o).ok())
				.map(|o| account_text(&o.0)),
			models: names,
			load: count("running").saturating_add(count("waiting")),
			cards,
		})
	}

	/// Live workers that answer for `model`, the least busy first; equally busy ones take turns.
	fn candidates(&self, model: Option<&str>, owner: Option<&str>) -> Vec<Endpoint> {
		let mut found: Vec<_> = self
			.endpoints
			.read()
			.iter()
			.filter(|e| e.healthy && owner.is_none_or(|o| e.owner.as_deref() == Some(o)))
			.filter(|e| model.is_none_or(|m| e.models.iter().any(|name| name == m)))
			.cloned()
			.collect();
		if !found.is_empty() {
			let turn = self.turn.fetch_add(1, Ordering::Relaxed) % found.len();
			found.rotate_left(turn);
		}
		found.sort_by_key(|e| e.load);
		found
	}

	fn mark_dead(&self, url: &str, why: &str) {
		for endpoint in self.endpoints.write().iter_mut().filter(|e| e.url == url) {
			endpoint.healthy = false;
			endpoint.error = Some(why.to_owned());
		}
	}
}

/// Reads standard base64, with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
	let mut out = Vec::new();
	let (mut bits, mut held) = (0u32, 0u32);
	for byte in text.trim().trim_end_matches('=').bytes() {
		let value = match byte {
			b'A'..=b'Z' => byte - b'A',
			b'a'..=b'z' => byte - b'a' + 26,
			b'0'..=b'9' => byte - b'0' + 52,
			b'+' | b'-' => 62,
			b'/' | b'_' => 63,
			_ => return None,
		};
		bits = (bits << 6 | u32::from(value)) & 0xFFFF;
		held += 6;
		if held >= 8 {
			held -= 8;
			out.push((bits >> held) as u8);
		}
	}
	Some(out)
}

/// The worker a request is for: the one it names, or the one its voucher pays.
fn chosen(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
	if let Some(name) = headers.get(&WORKER).and_then(|v| v.to_str().ok()) {
		let account =
			parse_account(name).map_err(|e| ApiError::invalid("weft-worker", e.to_string()))?;
		return Ok(Some(account.to_string()));
	}
	// A voucher that cannot be read is passed on: the worker says what is wrong with it.
	Ok(headers
		.get(&VOUCHER)
		.and_then(|v| v.to_str().ok())
		.and_then(base64)
		.and_then(|bytes| Voucher::decode(&mut bytes.as_slice()).ok())
		.map(|voucher| AccountId(voucher.worker).to_string()))
}

/// Headers that a worker is told, and that a client is told.
static FORWARDED: [HeaderName; 4] =
	[VOUCHER, header::CONTENT_TYPE, header::ACCEPT, HeaderName::from_static("x-request-id")];
static RETURNED: [HeaderName; 4] = [
	header::CONTENT_TYPE,
	header::CACHE_CONTROL,
	header::RETRY_AFTER,
	HeaderName::from_static("x-request-id"),
];

async fn forward(
	gateway: &Gateway,
	to: &Endpoint,
	method: Method,
	path: &str,
	headers: &HeaderMap,
	body: Bytes,
) -> Result<Response, reqwest::Error> {
	let mut request = gateway.workers.client.request(method, format!("{}{path}", to.url));
	for name in &FORWARDED {
		if let Some(value) = headers.get(name) {
			request = request.header(name, value);
		}
	}
	let answer = request.body(body).send().await?;
	let mut response = Response::builder().status(answer.status());
	for name in &RETURNED {
		if let Some(value) = answer.headers().get(name) {
			response = response.header(name, value);
		}
	}
	if let Some(owner) = to.owner.as_ref().and_then(|o| HeaderValue::from_str(o).ok()) {
		response = response.header(WORKER, owner);
	}
	let stream = answer.bytes_stream().map_err(std::io::Error::other);
	Ok(response.body(Body::from_stream(stream)).unwrap_or_else(|e| {
		ApiError::new(StatusCode::BAD_GATEWAY, "worker_answer", e.to_string()).into_response()
	}))
}

async fn route(
	gateway: Arc<Gateway>,
	path: &str,
	headers: HeaderMap,
	body: Bytes,
) -> Result<Response, ApiError> {
	let value: Value = serde_json::from_slice(&body).map_err(|e| {
		ApiError::new(
			StatusCode::BAD_REQUEST,
			"invalid_json",
			format!("the body is not valid JSON: {e}"),
		)
	})?;
	let Some(model) = value["model"].as_str() else {
		return Err(ApiError::invalid("model", "`model` is required"));
	};
	let owner = chosen(&headers)?;
	let candidates = gateway.workers.candidates(Some(model), owner.as_deref());
	if candidates.is_empty() {
		return Err(nobody(&gateway, model, owner.as_deref()));
	}
	let mut last = None;
	for endpoint in candidates {
		let sent = forward(&gateway, &endpoint, Method::POST, path, &headers, body.clone()).await;
		match sent {
			// Busy: another may not be. A request that names its worker has no other.
			Ok(response)
				if matches!(
					response.status(),
					StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
				) =>
			{
				last = Some(response);
			}
			Ok(response) => return Ok(response),
			Err(e) if e.is_connect() => {
				gateway.workers.mark_dead(&endpoint.url, &e.to_string());
			}
			Err(e) => {
				// It may have begun to answer, so it is not asked of another.
				tracing::warn!(url = endpoint.url, error = %e, "a worker broke off");
				return Err(ApiError::new(
					StatusCode::BAD_GATEWAY,
					"worker_failed",
					"the worker broke off before it answered",
				));
			}
		}
	}
	last.ok_or_else(|| unavailable("no worker for this model can be reached"))
}

fn unavailable(message: &str) -> ApiError {
	let mut e = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_worker", message);
	e.retry_after = Some(5);
	e
}

fn nobody(gateway: &Gateway, model: &str, owner: Option<&str>) -> ApiError {
	let all = gateway.workers.candidates(None, None);
	if all.is_empty() {
		return unavailable("no worker is alive just now");
	}
	if let Some(owner) = owner {
		if !gateway.workers.candidates(Some(model), None).is_empty() {
			return unavailable(&format!("the worker {owner} is not alive or not served here"));
		}
	}
	let mut e = ApiError::new(
		StatusCode::NOT_FOUND,
		"model_not_found",
		format!(
			"the model `{}` does not exist here; /v1/models lists what does",
			model.chars().take(80).collect::<String>()
		),
	);
	e.param = Some("model".into());
	e
}

/// OpenAI's chat completions, answered by a worker.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "openai",
	params(("weft-voucher" = Option<String>, Header, description = "base64 of a signed voucher"),
		("weft-worker" = Option<String>, Header, description = "account of the worker to ask")),
	request_body(content = Object, description = "as OpenAI's API"),
	responses((status = 200, description = "as OpenAI's API, with `weft`: receipt, fee, shares, spans"),
		(status = 402, description = "what to sign"),
		(status = 404, description = "no such model", body = crate::error::ErrorBody),
		(status = 429, description = "every worker is busy; see Retry-After")))]
pub async fn chat(
	State(gateway): App,
	headers: HeaderMap,
	body: Bytes,
) -> Result<Response, ApiError> {
	route(gateway, "/v1/chat/completions", headers, body).await
}

/// OpenAI's text completions, answered by a worker.
#[utoipa::path(post, path = "/v1/completions", tag = "openai",
	request_body(content = Object, description = "as OpenAI's API"),
	responses((status = 200, description = "as OpenAI's API"),
		(status = 404, description = "no such model", body = crate::error::ErrorBody)))]
pub async fn completions(
	State(gateway): App,
	headers: HeaderMap,
	body: Bytes,
) -> Result<Response, ApiError> {
	route(gateway, "/v1/completions", headers, body).await
}

/// Every model that a live worker answers for.
#[utoipa::path(get, path = "/v1/models", tag = "openai",
	responses((status = 200, description = "as OpenAI's API")))]
pub async fn models(State(gateway): App) -> Json<Value> {
	let mut data: Vec<Value> = Vec::new();
	for endpoint in gateway.workers.candidates(None, None) {
		for card in endpoint.cards {
			match data.iter_mut().find(|known| known["id"] == card["id"]) {
				Some(known) => {
					if let (Some(workers), Some(owner)) =
						(known["workers"].as_array_mut(), &endpoint.owner)
					{
						workers.push(json!(owner));
					}
				}
				None => {
					let mut card = card;
					card["workers"] = json!(endpoint.owner.iter().collect::<Vec<_>>());
					data.push(card);
				}
			}
		}
	}
	data.sort_by_key(|card| card["id"].as_str().map(str::to_owned));
	Json(json!({ "object": "list", "data": data }))
}

/// One model.
#[utoipa::path(get, path = "/v1/models/{model}", tag = "openai",
	params(("model" = String, Path, description = "its name")),
	responses((status = 200, description = "as OpenAI's API"),
		(status = 404, body = crate::error::ErrorBody)))]
pub async fn model(State(gateway): App, Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
	let endpoints = gateway.workers.candidates(Some(&name), None);
	let card = endpoints
		.iter()
		.flat_map(|e| &e.cards)
		.find(|card| card["id"] == name.as_str() || card["root"] == name.as_str());
	card.cloned().map(Json).ok_or_else(|| nobody(&gateway, &name, None))
}

/// A receipt, from whichever worker has it.
#[utoipa::path(get, path = "/v1/receipts/{id}", tag = "openai",
	params(("id" = String, Path, description = "the receipt's hash")),
	responses((status = 200, description = "the receipt with its shares and spans"),
		(status = 404, body = crate::error::ErrorBody)))]
pub async fn receipt(
	State(gateway): App,
	Path(id): Path<String>,
	headers: HeaderMap,
) -> Result<Response, ApiError> {
	weft_store::parse_cid(&id)?;
	for endpoint in gateway.workers.candidates(None, None) {
		let path = format!("/v1/receipts/{id}");
		let sent = forward(&gateway, &endpoint, Method::GET, &path, &headers, Bytes::new()).await;
		if let Ok(response) = sent {
			if response.status().is_success() {
				return Ok(response);
			}
		}
	}
	Err(ApiError::not_found("receipt", id))
}

/// What a payer has settled and spent with a worker, and the least the next voucher must be.
#[utoipa::path(get, path = "/v1/payers/{account}/{model}", tag = "openai",
	params(("account" = String, Path, description = "the payer"),
		("model" = u64, Path, description = "the model's number"),
		("weft-worker" = Option<String>, Header, description = "account of the worker to ask")),
	responses((status = 200, description = "as the worker says"),
		(status = 404, body = crate::error::ErrorBody)))]
pub async fn payer(
	State(gateway): App,
	Path((account, model)): Path<(String, u64)>,
	headers: HeaderMap,
) -> Result<Response, ApiError> {
	let account =
		parse_account(&account).map_err(|e| ApiError::invalid("account", e.to_string()))?;
	let owner = chosen(&headers)?;
	let name = format!("weft-{model}");
	let candidates = gateway.workers.candidates(Some(&name), owner.as_deref());
	let Some(endpoint) = candidates.first() else {
		return Err(nobody(&gateway, &name, owner.as_deref()));
	};
	let path = format!("/v1/payers/{account}/{model}");
	forward(&gateway, endpoint, Method::GET, &path, &headers, Bytes::new())
		.await
		.map_err(|e| unavailable(&e.to_string()))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn base64_is_read_as_everyone_writes_it() {
		assert_eq!(base64("aGVsbG8=").unwrap(), b"hello");
		assert_eq!(base64("aGVsbG8").unwrap(), b"hello");
		assert_eq!(base64("//79").unwrap(), [0xFF, 0xFE, 0xFD]);
		assert_eq!(base64("").unwrap(), b"");
		assert!(base64("not base64!").is_none());
	}
}
