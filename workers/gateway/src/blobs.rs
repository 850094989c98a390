//! `/v1/blobs` and `/v1/uploads`.

use crate::{ApiError, Gateway};
use axum::{
	body::Body,
	extract::{Path, State},
	http::{header, HeaderMap, HeaderName, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use std::{ops::Range, sync::Arc};
use utoipa::ToSchema;
use weft_store::{cid_hex, parse_cid, Blobs, ByteStream, Cid, StoreError, UploadState};

type App = State<Arc<Gateway>>;

/// A blob that was stored.
#[derive(Serialize, ToSchema)]
pub struct Stored {
	/// Content id: blake2b-256 of the bytes, 64 hex digits.
	cid: String,
	/// Size.
	bytes: u64,
}

const TUS: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const WEFT_CID: HeaderName = HeaderName::from_static("weft-cid");

fn incoming(gateway: &Gateway, body: Body) -> ByteStream {
	let counter = gateway.metrics.blob_bytes_in.clone();
	body.into_data_stream()
		.map_err(|e| StoreError::Interrupted(e.to_string()))
		.inspect_ok(move |piece| {
			counter.inc_by(piece.len() as u64);
		})
		.boxed()
}

/// Store a blob, whatever its id.
#[utoipa::path(put, path = "/v1/blobs", tag = "blobs",
	request_body(content = Vec<u8>, content_type = "application/octet-stream"),
	responses((status = 201, body = Stored), (status = 413, body = crate::error::ErrorBody)))]
pub async fn put(State(gateway): App, body: Body) -> Result<Response, ApiError> {
	store(&gateway, None, body).await
}

/// Store a blob under the id it must have.
#[utoipa::path(put, path = "/v1/blobs/{cid}", tag = "blobs",
	params(("cid" = String, Path, description = "content id")),
	request_body(content = Vec<u8>, content_type = "application/octet-stream"),
	responses((status = 201, body = Stored),
		(status = 422, description = "the bytes have another id", body = crate::error::ErrorBody)))]
pub async fn put_as(
	State(gateway): App,
	Path(cid): Path<String>,
	body: Body,
) -> Result<Response, ApiError> {
	store(&gateway, Some(parse_cid(&cid)?), body).await
}

async fn store(gateway: &Gateway, cid: Option<Cid>, body: Body) -> Result<Response, ApiError> {
	let cid = gateway.store.put_stream(incoming(gateway, body), cid).await?;
	let bytes = gateway.store.size(&cid).await?.unwrap_or_default();
	let location = format!("/v1/blobs/{}", cid_hex(&cid));
	let stored = Json(Stored { cid: cid_hex(&cid), bytes });
	Ok((StatusCode::CREATED, [(header::LOCATION, location)], stored).into_response())
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq)]
enum Wanted {
	Whole,
	Part(Range<u64>),
	Impossible,
}

/// One range of bytes; several at once are answered with the whole, as RFC 9110 allows.
fn wanted(headers: &HeaderMap, size: u64) -> Wanted {
	let Some(range) = headers.get(header::RANGE).and_then(|v| v.to_str().ok()) else {
		return Wanted::Whole;
	};
	let Some((first, last)) = range.strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
		return Wanted::Whole;
	};
	let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
		(Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
		(Ok(first), Err(_)) if last.trim().is_empty() => first..size,
		(Err(_), Ok(last)) if first.trim().is_empty() && last > 0 => {
			size.saturating_sub(last)..size
		}
		_ => return Wanted::Whole,
	};
	if range.start >= size {
		return Wanted::Impossible;
	}
	Wanted::Part(range)
}

fn blob_headers(cid: &Cid) -> HeaderMap {
	let mut headers = HeaderMap::new();
	let id = cid_hex(cid);
	headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
	headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
	headers.insert(
		header::CACHE_CONTROL,
		HeaderValue::from_static("public, max-age=31536000, immutable"),
	);
	// Bytes that anyone may have put here are never shown as a page.
	headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
	headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
	if let Ok(tag) = HeaderValue::from_str(&format!("\"{id}\"")) {
		headers.insert(header::ETAG, tag);
	}
	headers
}

/// Read a blob, or with `Range` a part of it. The bytes are verified against the id.
#[utoipa::path(get, path = "/v1/blobs/{cid}", tag = "blobs",
	params(("cid" = String, Path, description = "content id")),
	responses((status = 200, content_type = "application/octet-stream"),
		(status = 206, description = "the range asked for"),
		(status = 404, body = crate::error::ErrorBody),
		(status = 416, description = "the range lies beyond the blob"),
		(status = 500, description = "the stored copy is corrupt", body = crate::error::ErrorBody)))]
pub async fn get(
	State(gateway): App,
	Path(cid): Path<String>,
	request: HeaderMap,
) -> Result<Response, ApiError> {
	let cid = parse_cid(&cid)?;
	let Some(size) = gateway.store.size(&cid).await? else {
		return Err(StoreError::NotFound(cid_hex(&cid)).into());
	};
	let mut headers = blob_headers(&cid);
	if request.get(header::IF_NONE_MATCH).is_some_and(|v| Some(v) == headers.get(header::ETAG)) {
		return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
	}
	let counter = gateway.metrics.blob_bytes_out.clone();
	match wanted(&request, size) {
		Wanted::Impossible => {
			let all = HeaderValue::from_str(&format!("bytes */{size}"));
			headers.extend(all.ok().map(|v| (header::CONTENT_RANGE, v)));
			Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response())
		}
		Wanted::Whole => {
			let stream = gateway.store.stream(&cid).await?;
			headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
			Ok((headers, Body::from_stream(counted(stream, counter))).into_response())
		}
		Wanted::Part(range) => {
			let text = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
			headers.extend(HeaderValue::from_str(&text).ok().map(|v| (header::CONTENT_RANGE, v)));
			let length = range.end.saturating_sub(range.start);
			headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
			let stream = part(&gateway, cid, range).await?;
			let body = Body::from_stream(counted(stream, counter));
			Ok((StatusCode::PARTIAL_CONTENT, headers, body).into_response())
		}
	}
}

fn counted(
	stream: ByteStream,
	counter: prometheus_client::metrics::counter::Counter,
) -> ByteStream {
	stream
		.inspect_ok(move |piece| {
			counter.inc_by(piece.len() as u64);
		})
		.boxed()
}

/// A range in pieces. The first is read before the answer begins, so that a corrupt blob is a
/// proper error.
async fn part(gateway: &Gateway, cid: Cid, range: Range<u64>) -> Result<ByteStream, StoreError> {
	const PIECE: u64 = 4 << 20;
	let store = gateway.store.clone();
	let end = range.end;
	let first_end = range.start.saturating_add(PIECE).min(end);
	let first = store.get_range(&cid, range.start..first_end).await?;
	let rest = futures::stream::try_unfold(first_end, move |at| {
		let store = store.clone();
		async move {
			if at >= end {
				return Ok(None);
			}
			let next = at.saturating_add(PIECE).min(end);
			Ok(Some((store.get_range(&cid, at..next).await?, next)))
		}
	});
	Ok(futures::stream::once(async { Ok(first) }).chain(rest).boxed())
}

/// Whether a blob is here, and its size.
#[utoipa::path(head, path = "/v1/blobs/{cid}", tag = "blobs",
	params(("cid" = String, Path, description = "content id")),
	responses((status = 200), (status = 404)))]
pub async fn head(State(gateway): App, Path(cid): Path<String>) -> Result<Response, ApiError> {
	let cid = parse_cid(&cid)?;
	let Some(size) = gateway.store.size(&cid).await? else {
		return Ok(StatusCode::NOT_FOUND.into_response());
	};
	let mut headers = blob_headers(&cid);
	headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
	Ok((headers, Body::empty()).into_response())
}

fn header_number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, ApiError> {
	headers.get(name).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok()).ok_or_else(|| {
		ApiError::invalid(name.as_str(), format!("the header `{name}` must be a whole number"))
	})
}

fn upload_headers(state: &UploadState) -> HeaderMap {
	let mut headers = HeaderMap::new();
	headers.insert(TUS, HeaderValue::from_static("1.0.0"));
	headers.insert(OFFSET, HeaderValue::from(state.offset));
	headers.insert(LENGTH, HeaderValue::from(state.length));
	headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
	if let Some(cid) = state.cid.as_ref().and_then(|c| HeaderValue::from_str(c).ok()) {
		headers.insert(WEFT_CID, cid);
	}
	headers
}

/// Begin a resumable upload (tus). The optional header `weft-cid` says what the bytes must hash to.
#[utoipa::path(post, path = "/v1/uploads", tag = "blobs",
	params(("upload-length" = u64, Header, description = "bytes of the whole"),
		("weft-cid" = Option<String>, Header, description = "content id the whole must have")),
	responses((status = 201, description = "`Location` is where to PATCH the bytes"),
		(status = 413, body = crate::error::ErrorBody)))]
pub async fn upload_create(State(gateway): App, headers: HeaderMap) -> Result<Response, ApiError> {
	let length = header_number(&headers, &LENGTH)?;
	let cid = match headers.get(&WEFT_CID) {
		None => None,
		Some(text) => Some(parse_cid(text.to_str().unwrap_or("not text"))?),
	};
	let state = gateway.store.create_upload(length, cid).await?;
	let location = format!("/v1/uploads/{}", state.id);
	let headers = upload_headers(&state);
	Ok((StatusCode::CREATED, [(header::LOCATION, location)], headers).into_response())
}

/// Where an upload stands (tus).
#[utoipa::path(head, path = "/v1/uploads/{id}", tag = "blobs",
	params(("id" = String, Path, description = "upload")),
	responses((status = 200, description = "`upload-offset`, and `weft-cid` when complete"),
		(status = 404)))]
pub async fn upload_head(
	State(gateway): App,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	Ok(upload_headers(&gateway.store.upload(&id).await?).into_response())
}

/// Continue an upload (tus): the bytes from `upload-offset` on.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "blobs",
	params(("id" = String, Path, description = "upload"),
		("upload-offset" = u64, Header, description = "where these bytes start")),
	request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
	responses((status = 204, description = "`upload-offset`, and `weft-cid` when complete"),
		(status = 409, description = "another offset is expected", body = crate::error::ErrorBody),
		(status = 422, description = "the whole has another id", body = crate::error::ErrorBody)))]
pub async fn upload_patch(
	State(gateway): App,
	Path(id): Path<String>,
	headers: HeaderMap,
	body: Body,
) -> Result<Response, ApiError> {
	let offset = header_number(&headers, &OFFSET)?;
	let stream = incoming(&gateway, body);
	let state = gateway.store.append_upload(&id, offset, stream).await?;
	Ok((StatusCode::NO_CONTENT, upload_headers(&state)).into_response())
}

/// Cancel an upload (tus).
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "blobs",
	params(("id" = String, Path, description = "upload")),
	responses((status = 204), (status = 404, body = crate::error::ErrorBody)))]
pub async fn upload_delete(
	State(gateway): App,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	gateway.store.cancel_upload(&id).await?;
	Ok((StatusCode::NO_CONTENT, [(TUS, "1.0.0")]).into_response())
}

/// What this server understands (tus).
pub async fn upload_options(State(gateway): App) -> Response {
	let most = gateway.store.max_blob().to_string();
	let headers = [
		(TUS, "1.0.0".to_owned()),
		(HeaderName::from_static("tus-version"), "1.0.0".to_owned()),
		(HeaderName::from_static("tus-extension"), "creation,termination".to_owned()),
		(HeaderName::from_static("tus-max-size"), most),
	];
	(StatusCode::NO_CONTENT, headers).into_response()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_range_header_is_read_as_rfc_9110_says() {
		let of = |text: &str| {
			let mut headers = HeaderMap::new();
			headers.insert(header::RANGE, HeaderValue::from_str(text).unwrap());
			wanted(&headers, 100)
		};
		assert_eq!(of("bytes=0-9"), Wanted::Part(0..10));
		assert_eq!(of("bytes=90-"), Wanted::Part(90..100));
		assert_eq!(of("bytes=90-1000"), Wanted::Part(90..100));
		assert_eq!(of("bytes=-5"), Wanted::Part(95..100));
		assert_eq!(of("bytes=-500"), Wanted::Part(0..100));
		assert_eq!(of("bytes=100-"), Wanted::Impossible);
		for odd in ["bytes=9-1", "bytes=a-b", "lines=1-2", "bytes=1-2,4-5", "bytes=-", "bytes=-0"] {
			assert_eq!(of(odd), Wanted::Whole, "{odd}");
		}
		assert_eq!(wanted(&HeaderMap::new(), 100), Wanted::Whole);
	}
}
