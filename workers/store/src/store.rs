//! Blobs in an `object_store`.

use crate::{
	cid::{ChunkList, CHUNK},
	cid_hex, Blobs, ByteStream, Cid, StoreError, Tally,
};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use object_store::{
	local::LocalFileSystem, path::Path as ObjectPath, MultipartUpload, ObjectStore, PutPayload,
};
use parking_lot::Mutex;
use std::{
	collections::{HashMap, HashSet, VecDeque},
	ops::Range,
	path::Path,
	sync::Arc,
};

/// Parts in which a stream is handed to the store behind. Object stores ask for 5 MiB at least.
const PUT_PART: usize = 8 << 20;
/// Chunk lists remembered: 32 bytes a MiB of blob each.
const REMEMBERED: usize = 1024;

/// What a store allows.
#[derive(Clone, Debug)]
pub struct StoreOptions {
	/// The most bytes one blob may have.
	pub max_blob: u64,
}

impl Default for StoreOptions {
	fn default() -> Self {
		// A 3B base in 16 bits fits with room to spare.
		Self { max_blob: 8 << 30 }
	}
}

#[derive(Default)]
struct Remembered {
	lists: HashMap<Cid, Arc<ChunkList>>,
	order: VecDeque<Cid>,
}

impl Remembered {
	fn insert(&mut self, cid: Cid, list: Arc<ChunkList>) {
		if self.lists.insert(cid, list).is_none() {
			self.order.push_back(cid);
		}
		while self.order.len() > REMEMBERED {
			if let Some(old) = self.order.pop_front() {
				self.lists.remove(&old);
			}
		}
	}
}

/// Blobs in a local folder or any other `object_store`.
///
/// Layout: `blobs/<first two digits>/<id>`, uploads in progress under `uploads/`, streams being
/// hashed under `incoming/`.
pub struct Store {
	pub(crate) inner: Arc<dyn ObjectStore>,
	root: ObjectPath,
	options: StoreOptions,
	remembered: Mutex<Remembered>,
	/// Uploads being written by this process.
	pub(crate) busy: Mutex<HashSet<String>>,
}

impl Store {
	/// Opens a store by address: a folder's path, `file:///...`, `memory:///` or what else the
	/// build of `object_store` knows. A folder is created.
	pub fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
		let bad = |why: String| StoreError::Open { url: url.to_owned(), why };
		if let Some(path) = url.strip_prefix("file://") {
			return Self::open_folder(Path::new(path), options);
		}
		if !url.contains("://") {
			return Self::open_folder(Path::new(url), options);
		}
		let parsed = reqwest::Url::parse(url).map_err(|e| bad(e.to_string()))?;
		let (inner, root) = object_store::parse_url(&parsed).map_err(|e| bad(e.to_string()))?;
		Ok(Self::over(inner.into(), root, options))
	}

	/// Opens a store in a folder, which is created.
	pub fn open_folder(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
		let bad = |why: String| StoreError::Open { url: folder.display().to_string(), why };
		std::fs::create_dir_all(folder).map_err(|e| bad(e.to_string()))?;
		let inner = LocalFileSystem::new_with_prefix(folder).map_err(|e| bad(e.to_string()))?;
		Ok(Self::over(Arc::new(inner), ObjectPath::default(), options))
	}

	/// A store over an `object_store` made by the caller.
	pub fn over(inner: Arc<dyn ObjectStore>, root: ObjectPath, options: StoreOptions) -> Self {
		Self { inner, root, options, remembered: Mutex::default(), busy: Mutex::default() }
	}

	/// The most bytes one blob may have.
	pub fn max_blob(&self) -> u64 {
		self.options.max_blob
	}

	pub(crate) fn path(&self, parts: &[&str]) -> ObjectPath {
		parts.iter().fold(self.root.clone(), |path, part| path.child(*part))
	}

	fn blob_path(&self, cid: &Cid) -> ObjectPath {
		let id = cid_hex(cid);
		self.path(&["blobs", &id[..2], &id])
	}

	fn absent(cid: &Cid, error: object_store::Error) -> StoreError {
		match error {
			object_store::Error::NotFound { .. } => StoreError::NotFound(cid_hex(cid)),
			other => StoreError::Backend(other),
		}
	}

	/// Removes a blob. `false` when it was not here.
	pub async fn delete(&self, cid: &Cid) -> Result<bool, StoreError> {
		match self.inner.delete(&self.blob_path(cid)).await {
			Ok(()) => Ok(true),
			Err(object_store::Error::NotFound { .. }) => Ok(false),
			Err(e) => Err(e.into()),
		}
	}

	/// The hashes of the blob's pieces. The first time the whole blob is read and verified
	/// against its id, so the list is as trustworthy as the id; afterwards a range costs only
	/// the pieces it touches.
	async fn chunk_list(&self, cid: &Cid) -> Result<Arc<ChunkList>, StoreError> {
		if let Some(list) = self.remembered.lock().lists.get(cid) {
			return Ok(list.clone());
		}
		let mut pieces = self
			.inner
			.get(&self.blob_path(cid))
			.await
			.map_err(|e| Self::absent(cid, e))?
			.into_stream();
		let mut tally = Tally::default();
		while let Some(piece) = pieces.try_next().await? {
			tally.update(&piece);
		}
		let (actual, list) = tally.finish();
		if actual != *cid {
			return Err(StoreError::corrupt(cid, &actual));
		}
		let list = Arc::new(list);
		self.remembered.lock().insert(*cid, list.clone());
		Ok(list)
	}

	async fn read_chunk(
		inner: &dyn ObjectStore,
		path: &ObjectPath,
		cid: &Cid,
		list: &ChunkList,
		index: usize,
	) -> Result<Bytes, StoreError> {
		let start = (index as u64).saturating_mul(CHUNK as u64);
		let end = start.saturating_add(CHUNK as u64).min(list.size);
		let bytes = inner.get_range(path, start..end).await.map_err(|e| match e {
			object_store::Error::NotFound { .. } => StoreError::NotFound(cid_hex(cid)),
			// A file that shrank since it was verified.
			other => StoreError::Corrupt { id: cid_hex(cid), actual: other.to_string() },
		})?;
		let actual = crate::cid_of(&bytes);
		if list.hashes.get(index) != Some(&actual) {
			return Err(StoreError::corrupt(cid, &actual));
		}
		Ok(bytes)
	}

	async fn write_stream(
		&self,
		upload: &mut Box<dyn MultipartUpload>,
		mut stream: ByteStream,
	) -> Result<(Cid, ChunkList), StoreError> {
		let mut tally = Tally::default();
		let mut buffer = BytesMut::new();
		let mut parts = 0u32;
		while let Some(piece) = stream.try_next().await? {
			tally.update(&piece);
			if tally.size() > self.options.max_blob {
				return Err(StoreError::TooLarge { limit: self.options.max_blob });
			}
			buffer.extend_from_slice(&piece);
			while buffer.len() >= PUT_PART {
				let part = buffer.split_to(PUT_PART).freeze();
				upload.put_part(PutPayload::from_bytes(part)).await?;
				parts = parts.saturating_add(1);
			}
		}
		if !buffer.is_empty() || parts == 0 {
			upload.put_part(PutPayload::from_bytes(buffer.freeze())).await?;
		}
		Ok(tally.finish())
	}
}

#[async_trait]
impl Blobs for Store {
	async fn put(&self, bytes: Bytes) -> Result<Cid, StoreError> {
		if bytes.len() as u64 > self.options.max_blob {
			return Err(StoreError::TooLarge { limit: self.options.max_blob });
		}
		let cid = crate::cid_of(&bytes);
		// Written even when it is here already: that repairs a corrupt copy.
		self.inner.put(&self.blob_path(&cid), PutPayload::from_bytes(bytes)).await?;
		Ok(cid)
	}

	async fn put_stream(
		&self,
		stream: ByteStream,
		expected: Option<Cid>,
	) -> Result<Cid, StoreError> {
		let incoming = self.path(&["incoming", &crate::uploads::random_id()]);
		let mut upload = self.inner.put_multipart(&incoming).await?;
		let (cid, list) = match self.write_stream(&mut upload, stream).await {
			Ok((cid, _)) if expected.is_some_and(|expected| expected != cid) => {
				upload.abort().await?;
				return Err(StoreError::WrongHash {
					expected: cid_hex(&expected.unwrap_or_default()),
					actual: cid_hex(&cid),
				});
			}
			Ok(done) => done,
			Err(e) => {
				if let Err(abort) = upload.abort().await {
					tracing::warn!(%abort, "an interrupted put left a temporary object");
				}
				return Err(e);
			}
		};
		upload.complete().await?;
		self.inner.rename(&incoming, &self.blob_path(&cid)).await?;
		self.remembered.lock().insert(cid, Arc::new(list));
		Ok(cid)
	}

	async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
		let found = self.inner.get(&self.blob_path(cid)).await.map_err(|e| Self::absent(cid, e))?;
		let bytes = found.bytes().await?;
		let actual = crate::cid_of(&bytes);
		if actual != *cid {
			return Err(StoreError::corrupt(cid, &actual));
		}
		Ok(bytes)
	}

	async fn get_range(&self, cid: &Cid, range: Range<u64>) -> Result<Bytes, StoreError> {
		let list = self.chunk_list(cid).await?;
		if range.start > range.end || range.end > list.size {
			return Err(StoreError::BadRange {
				id: cid_hex(cid),
				start: range.start,
				end: range.end,
				size: list.size,
			});
		}
		if range.is_empty() {
			return Ok(Bytes::new());
		}
		let chunk = CHUNK as u64;
		let (first, last) = (range.start / chunk, (range.end - 1) / chunk);
		let path = self.blob_path(cid);
		let mut out = BytesMut::with_capacity((range.end - range.start) as usize);
		for index in first..=last {
			let bytes =
				Self::read_chunk(self.inner.as_ref(), &path, cid, &list, index as usize).await?;
			let base = index * chunk;
			let from = range.start.saturating_sub(base) as usize;
			let to = ((range.end - base) as usize).min(bytes.len());
			out.extend_from_slice(&bytes.slice(from..to));
		}
		Ok(out.freeze())
	}

	async fn stream(&self, cid: &Cid) -> Result<ByteStream, StoreError> {
		let list = self.chunk_list(cid).await?;
		let (inner, path, cid) = (self.inner.clone(), self.blob_path(cid), *cid);
		let count = list.hashes.len();
		Ok(futures::stream::iter(0..count)
			.then(move |index| {
				let (inner, path, list) = (inner.clone(), path.clone(), list.clone());
				async move { Self::read_chunk(inner.as_ref(), &path, &cid, &list, index).await }
			})
			.boxed())
	}

	async fn size(&self, cid: &Cid) -> Result<Option<u64>, StoreError> {
		match self.inner.head(&self.blob_path(cid)).await {
			Ok(meta) => Ok(Some(meta.size)),
			Err(object_store::Error::NotFound { .. }) => Ok(None),
			Err(e) => Err(e.into()),
		}
	}
}
