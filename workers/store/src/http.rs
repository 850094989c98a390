//! The same blobs through a gateway.
//!
//! The gateway is not trusted: everything it returns is hashed here. Large files go up through a
//! resumable upload and come down with ranges, so a broken connection costs only its last part.

use crate::{
	cid_hex, folder::hash_file, parse_cid, part_path, Blobs, ByteStream, Cid, StoreError, Tally,
	CHUNK,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use reqwest::{header, Body, Method, RequestBuilder, Response, StatusCode};
use std::{ops::Range, path::Path, time::Duration};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// Above this a file goes up in a resumable upload.
const RESUMABLE_ABOVE: u64 = 8 << 20;
/// Attempts without any progress before giving up.
const ATTEMPTS: u32 = 5;

/// Blobs behind a gateway's `/v1/blobs` and `/v1/uploads`.
#[derive(Clone)]
pub struct HttpBlobs {
	base: String,
	client: reqwest::Client,
}

impl HttpBlobs {
	/// A client of the gateway at `base`, for example `http://127.0.0.1:8500`.
	pub fn new(base: &str) -> Result<Self, StoreError> {
		let why = |why: String| StoreError::Http { url: base.to_owned(), why };
		let url = reqwest::Url::parse(base).map_err(|e| why(e.to_string()))?;
		if !matches!(url.scheme(), "http" | "https") {
			return Err(why("the address must start with http:// or https://".into()));
		}
		let client = reqwest::Client::builder()
			.connect_timeout(Duration::from_secs(10))
			.read_timeout(Duration::from_secs(60))
			.build()
			.map_err(|e| why(e.to_string()))?;
		Ok(Self { base: base.trim_end_matches('/').to_owned(), client })
	}

	fn url(&self, path: &str) -> String {
		format!("{}{path}", self.base)
	}

	fn blob(&self, method: Method, cid: &Cid) -> RequestBuilder {
		self.client.request(method, self.url(&format!("/v1/blobs/{}", cid_hex(cid))))
	}

	fn failed(&self, e: reqwest::Error) -> StoreError {
		let mut why = e.to_string();
		let mut source = std::error::Error::source(&e);
		while let Some(inner) = source {
			why = format!("{why}: {inner}");
			source = inner.source();
		}
		StoreError::Http { url: self.base.clone(), why }
	}

	async fn send(&self, request: RequestBuilder) -> Result<Response, StoreError> {
		request.send().await.map_err(|e| self.failed(e))
	}

	/// Turns an error answer into an error with the gateway's own words.
	async fn ok(&self, response: Response) -> Result<Response, StoreError> {
		if response.status().is_success() {
			return Ok(response);
		}
		let (status, url) = (response.status(), response.url().to_string());
		let text = response.text().await.unwrap_or_default();
		let message = serde_json::from_str::<serde_json::Value>(&text)
			.ok()
			.and_then(|v| v["error"]["message"].as_str().map(str::to_owned))
			.unwrap_or(text);
		Err(StoreError::Http { url, why: format!("{status}: {message}") })
	}

	async fn stored(&self, response: Response) -> Result<Cid, StoreError> {
		let response = self.ok(response).await?;
		let value: serde_json::Value = response.json().await.map_err(|e| self.failed(e))?;
		parse_cid(value["cid"].as_str().unwrap_or_default())
	}

	fn same(expected: Cid, actual: Cid) -> Result<Cid, StoreError> {
		if expected != actual {
			return Err(StoreError::WrongHash {
				expected: cid_hex(&expected),
				actual: cid_hex(&actual),
			});
		}
		Ok(actual)
	}

	/// Sends a file in a resumable upload, resuming as often as it makes progress.
	async fn upload_file(&self, path: &Path, cid: Cid, size: u64) -> Result<Cid, StoreError> {
		let request = self
			.client
			.post(self.url("/v1/uploads"))
			.header("tus-resumable", "1.0.0")
			.header("upload-length", size)
			.header("weft-cid", cid_hex(&cid));
		let created = self.ok(self.send(request).await?).await?;
		let location = created
			.headers()
			.get(header::LOCATION)
			.and_then(|v| v.to_str().ok())
			.map(str::to_owned)
			.ok_or_else(|| StoreError::Http {
				url: self.url("/v1/uploads"),
				why: "the answer has no Location".into(),
			})?;
		let url = if location.starts_with('/') { self.url(&location) } else { location };
		let (mut offset, mut idle) = (0u64, 0u32);
		loop {
			let sent = self.send_from(path, &url, offset).await;
			let error = match sent {
				Ok(Some(done)) => return Self::same(cid, done),
				Ok(None) => None,
				Err(e) => Some(e),
			};
			let (now, done) = match self.upload_offset(&url).await {
				Ok(state) => state,
				Err(e) if idle + 1 >= ATTEMPTS => return Err(error.unwrap_or(e)),
				Err(_) => (offset, None),
			};
			if let Some(done) = done {
				return Self::same(cid, done);
			}
			idle = if now > offset { 0 } else { idle + 1 };
			if idle >= ATTEMPTS {
				return Err(error.unwrap_or(StoreError::Interrupted("no progress".into())));
			}
			offset = now;
			tokio::time::sleep(Duration::from_millis(200u64 << idle.min(5))).await;
		}
	}

	async fn send_from(
		&self,
		path: &Path,
		url: &str,
		offset: u64,
	) -> Result<Option<Cid>, StoreError> {
		let mut file = tokio::fs::File::open(path).await.map_err(|e| StoreError::file(path, e))?;
		file.seek(std::io::SeekFrom::Start(offset)).await?;
		let request = self
			.client
			.patch(url)
			.header("tus-resumable", "1.0.0")
			.header("upload-offset", offset)
			.header(header::CONTENT_TYPE, "application/offset+octet-stream")
			.body(Body::wrap_stream(tokio_util::io::ReaderStream::with_capacity(file, 1 << 16)));
		let response = self.ok(self.send(request).await?).await?;
		let cid = response.headers().get("weft-cid").and_then(|v| v.to_str().ok());
		cid.map(parse_cid).transpose()
	}

	async fn upload_offset(&self, url: &str) -> Result<(u64, Option<Cid>), StoreError> {
		let request = self.client.head(url).header("tus-resumable", "1.0.0");
		let response = self.ok(self.send(request).await?).await?;
		let text = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
		let offset = text("upload-offset").and_then(|v| v.parse().ok()).unwrap_or(0);
		Ok((offset, text("weft-cid").map(parse_cid).transpose()?))
	}

	/// Continues `part` from where it ends. `true` when the gateway said that was all.
	async fn download_more(&self, cid: &Cid, part: &Path) -> Result<(), StoreError> {
		let mut file = tokio::fs::OpenOptions::new()
			.create(true)
			.append(true)
			.open(part)
			.await
			.map_err(|e| StoreError::file(part, e))?;
		let have = file.metadata().await?.len();
		let mut request = self.blob(Method::GET, cid);
		if have > 0 {
			request = request.header(header::RANGE, format!("bytes={have}-"));
		}
		let response = self.send(request).await?;
		match response.status() {
			StatusCode::NOT_FOUND => return Err(StoreError::NotFound(cid_hex(cid))),
			// Nothing is left to read.
			StatusCode::RANGE_NOT_SATISFIABLE => return Ok(()),
			StatusCode::OK if have > 0 => file.set_len(0).await?,
			_ => {}
		}
		let mut pieces = self.ok(response).await?.bytes_stream();
		while let Some(piece) = pieces.try_next().await.map_err(|e| self.failed(e))? {
			file.write_all(&piece).await.map_err(|e| StoreError::file(part, e))?;
		}
		file.flush().await.map_err(|e| StoreError::file(part, e))
	}
}

#[async_trait]
impl Blobs for HttpBlobs {
	async fn put(&self, bytes: Bytes) -> Result<Cid, StoreError> {
		let cid = crate::cid_of(&bytes);
		let response = self.send(self.blob(Method::PUT, &cid).body(bytes)).await?;
		Self::same(cid, self.stored(response).await?)
	}

	async fn put_stream(
		&self,
		stream: ByteStream,
		expected: Option<Cid>,
	) -> Result<Cid, StoreError> {
		let tally = std::sync::Arc::new(parking_lot::Mutex::new(Tally::default()));
		let counted = tally.clone();
		let body = Body::wrap_stream(stream.inspect_ok(move |piece| counted.lock().update(piece)));
		let request = match &expected {
			Some(cid) => self.blob(Method::PUT, cid),
			None => self.client.put(self.url("/v1/blobs")),
		};
		let claimed = self.stored(self.send(request.body(body)).await?).await?;
		let actual = std::mem::take(&mut *tally.lock()).cid();
		Self::same(actual, claimed)
	}

	async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
		let response = self.send(self.blob(Method::GET, cid)).await?;
		if response.status() == StatusCode::NOT_FOUND {
			return Err(StoreError::NotFound(cid_hex(cid)));
		}
		let bytes = self.ok(response).await?.bytes().await.map_err(|e| self.failed(e))?;
		let actual = crate::cid_of(&bytes);
		if actual != *cid {
			return Err(StoreError::corrupt(cid, &actual));
		}
		Ok(bytes)
	}

	/// Fetches the whole blob: a part alone cannot be checked against the id of the whole.
	async fn get_range(&self, cid: &Cid, range: Range<u64>) -> Result<Bytes, StoreError> {
		let bytes = self.get(cid).await?;
		let size = bytes.len() as u64;
		if range.start > range.end || range.end > size {
			return Err(StoreError::BadRange {
				id: cid_hex(cid),
				start: range.start,
				end: range.end,
				size,
			});
		}
		Ok(bytes.slice(range.start as usize..range.end as usize))
	}

	/// Downloads to a temporary file, verifies, and only then yields.
	async fn stream(&self, cid: &Cid) -> Result<ByteStream, StoreError> {
		let name = format!("weft-{}", crate::uploads::random_id());
		let path = std::env::temp_dir().join(name);
		self.get_to_file(cid, &path).await?;
		let file = tokio::fs::File::open(&path).await.map_err(|e| StoreError::file(&path, e))?;
		// The open handle keeps the bytes; the name is not needed any more.
		let _ = tokio::fs::remove_file(&path).await;
		let stream = tokio_util::io::ReaderStream::with_capacity(file, CHUNK);
		Ok(stream.map_err(StoreError::from).boxed())
	}

	async fn size(&self, cid: &Cid) -> Result<Option<u64>, StoreError> {
		let response = self.send(self.blob(Method::HEAD, cid)).await?;
		if response.status() == StatusCode::NOT_FOUND {
			return Ok(None);
		}
		let response = self.ok(response).await?;
		let size = response.headers().get(header::CONTENT_LENGTH);
		Ok(size.and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok()))
	}

	async fn put_file(&self, path: &Path) -> Result<Cid, StoreError> {
		let (cid, size) = hash_file(path).await?;
		if self.size(&cid).await? == Some(size) {
			return Ok(cid);
		}
		if size > RESUMABLE_ABOVE {
			return self.upload_file(path, cid, size).await;
		}
		let bytes = tokio::fs::read(path).await.map_err(|e| StoreError::file(path, e))?;
		self.put(bytes.into()).await
	}

	async fn get_to_file(&self, cid: &Cid, path: &Path) -> Result<u64, StoreError> {
		if let Some(parent) = path.parent() {
			tokio::fs::create_dir_all(parent).await.map_err(|e| StoreError::file(parent, e))?;
		}
		let part = part_path(path, cid);
		let mut idle = 0u32;
		loop {
			let before = tokio::fs::metadata(&part).await.map(|m| m.len()).unwrap_or(0);
			match self.download_more(cid, &part).await {
				Ok(()) => break,
				Err(e @ StoreError::NotFound(_)) => {
					let _ = tokio::fs::remove_file(&part).await;
					return Err(e);
				}
				Err(e) => {
					let after = tokio::fs::metadata(&part).await.map(|m| m.len()).unwrap_or(0);
					idle = if after > before { 0 } else { idle + 1 };
					if idle >= ATTEMPTS {
						// The part stays, so that a later call continues it.
						return Err(e);
					}
					tokio::time::sleep(Duration::from_millis(200u64 << idle.min(5))).await;
				}
			}
		}
		let (actual, size) = hash_file(&part).await?;
		if actual != *cid {
			let _ = tokio::fs::remove_file(&part).await;
			return Err(StoreError::corrupt(cid, &actual));
		}
		tokio::fs::rename(&part, path).await.map_err(|e| StoreError::file(path, e))?;
		Ok(size)
	}
}
