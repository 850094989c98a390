//! Content-addressed blobs.
//!
//! A blob is named by the blake2b-256 of its bytes (its *content id*), so a reader never has to
//! trust whoever gave it the bytes. Every read is verified against the id: corrupt bytes are an
//! error that names the blob and are never returned.
//!
//! - [`Blobs`] is what the rest of the workers see.
//! - [`Store`] keeps blobs in any `object_store` (a local folder by default).
//! - [`HttpBlobs`] is the same trait against a gateway.
//! - [`folder`] puts and gets whole folders (an adapter, for example) by their manifest.
//! - [`uploads`] are resumable and survive a restart.

mod cid;
mod error;
pub mod folder;
mod http;
mod store;
pub mod uploads;

pub use cid::{cid_hex, cid_of, parse_cid, Cid, Tally, CHUNK};
pub use error::StoreError;
pub use folder::{get_folder, put_folder, FileEntry, FolderManifest};
pub use http::HttpBlobs;
pub use store::{Store, StoreOptions};
pub use uploads::UploadState;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{stream::BoxStream, StreamExt, TryStreamExt};
use std::{ops::Range, path::Path};
use tokio::io::AsyncWriteExt;

/// The bytes of a blob, piece by piece; each piece is verified before it is yielded.
pub type ByteStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// A place that holds blobs.
#[async_trait]
pub trait Blobs: Send + Sync {
	/// Stores bytes held in memory and returns their id.
	async fn put(&self, bytes: Bytes) -> Result<Cid, StoreError>;

	/// Stores a stream without holding it in memory. With `expected`, bytes that hash to
	/// anything else are refused and nothing is stored.
	async fn put_stream(
		&self,
		stream: ByteStream,
		expected: Option<Cid>,
	) -> Result<Cid, StoreError>;

	/// The whole blob, verified.
	async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError>;

	/// The bytes `range` of the blob, verified.
	async fn get_range(&self, cid: &Cid, range: Range<u64>) -> Result<Bytes, StoreError>;

	/// The blob piece by piece, verified.
	async fn stream(&self, cid: &Cid) -> Result<ByteStream, StoreError>;

	/// The blob's size, `None` when it is not here.
	async fn size(&self, cid: &Cid) -> Result<Option<u64>, StoreError>;

	/// Stores a file without holding it in memory.
	async fn put_file(&self, path: &Path) -> Result<Cid, StoreError> {
		let file = tokio::fs::File::open(path).await.map_err(|e| StoreError::file(path, e))?;
		let stream = tokio_util::io::ReaderStream::with_capacity(file, CHUNK);
		self.put_stream(stream.map_err(StoreError::from).boxed(), None).await
	}

	/// Writes the blob to `path`. The file appears whole and verified, or not at all.
	async fn get_to_file(&self, cid: &Cid, path: &Path) -> Result<u64, StoreError> {
		let part = part_path(path, cid);
		let mut stream = self.stream(cid).await?;
		if let Some(parent) = path.parent() {
			tokio::fs::create_dir_all(parent).await.map_err(|e| StoreError::file(parent, e))?;
		}
		let written = async {
			let mut file =
				tokio::fs::File::create(&part).await.map_err(|e| StoreError::file(&part, e))?;
			let mut size = 0u64;
			while let Some(piece) = stream.next().await {
				let piece = piece?;
				size = size.saturating_add(piece.len() as u64);
				file.write_all(&piece).await.map_err(|e| StoreError::file(&part, e))?;
			}
			file.flush().await.map_err(|e| StoreError::file(&part, e))?;
			tokio::fs::rename(&part, path).await.map_err(|e| StoreError::file(path, e))?;
			Ok(size)
		}
		.await;
		if written.is_err() {
			let _ = tokio::fs::remove_file(&part).await;
		}
		written
	}
}

/// Where a download of `cid` to `path` is kept until it is complete.
pub(crate) fn part_path(path: &Path, cid: &Cid) -> std::path::PathBuf {
	let mut name = path.file_name().unwrap_or_default().to_os_string();
	name.push(format!(".{}.part", &cid_hex(cid)[..16]));
	path.with_file_name(name)
}
