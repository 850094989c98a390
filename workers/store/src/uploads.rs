//! Resumable uploads, in the manner of tus.
//!
//! The state of an upload lies in the store itself: `uploads/<id>/state.json` and the parts that
//! arrived, each named by its offset. A part is written whole or not at all, so the offset after
//! a crash is simply the end of the contiguous parts.

use crate::{cid_hex, parse_cid, Blobs, ByteStream, Cid, Store, StoreError};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use object_store::{path::Path as ObjectPath, ObjectStore, PutPayload};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// Bytes kept in memory before a part is written; what a crash can lose.
const PART: usize = 4 << 20;

/// What is known of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadState {
	/// Its id, chosen by the store.
	pub id: String,
	/// The announced length.
	pub length: u64,
	/// Bytes that have arrived.
	#[serde(default)]
	pub offset: u64,
	/// The content id announced, 64 hex digits.
	#[serde(default)]
	pub expected: Option<String>,
	/// The content id, once complete and verified.
	#[serde(default)]
	pub cid: Option<String>,
}

pub(crate) fn random_id() -> String {
	hex::encode(rand::random::<[u8; 16]>())
}

/// Marks an upload as being written, until dropped.
struct Busy<'a> {
	store: &'a Store,
	id: String,
}

impl<'a> Busy<'a> {
	fn new(store: &'a Store, id: &str) -> Result<Self, StoreError> {
		if !store.busy.lock().insert(id.to_owned()) {
			return Err(StoreError::UploadBusy(id.to_owned()));
		}
		Ok(Self { store, id: id.to_owned() })
	}
}

impl Drop for Busy<'_> {
	fn drop(&mut self) {
		self.store.busy.lock().remove(&self.id);
	}
}

impl Store {
	fn state_path(&self, id: &str) -> ObjectPath {
		self.path(&["uploads", id, "state.json"])
	}

	/// The parts of an upload in order, as far as they are contiguous, and where they end.
	async fn parts(&self, id: &str) -> Result<(Vec<ObjectPath>, u64), StoreError> {
		let folder = self.path(&["uploads", id, "parts"]);
		let mut found: Vec<_> = self.inner.list(Some(&folder)).try_collect().await?;
		found.sort_by(|a, b| a.location.cmp(&b.location));
		let mut offset = 0u64;
		let mut parts = Vec::new();
		for meta in found {
			let at = meta.location.filename().and_then(|name| name.parse::<u64>().ok());
			if at != Some(offset) {
				break;
			}
			offset = offset.saturating_add(meta.size);
			parts.push(meta.location);
		}
		Ok((parts, offset))
	}

	async fn save_state(&self, state: &UploadState) -> Result<(), StoreError> {
		let text = serde_json::to_vec(state).map_err(std::io::Error::other)?;
		self.inner.put(&self.state_path(&state.id), text.into()).await?;
		Ok(())
	}

	/// Starts an upload of `length` bytes. With `expected`, other bytes are refused at the end.
	pub async fn create_upload(
		&self,
		length: u64,
		expected: Option<Cid>,
	) -> Result<UploadState, StoreError> {
		if length > self.max_blob() {
			return Err(StoreError::TooLarge { limit: self.max_blob() });
		}
		let mut state = UploadState {
			id: random_id(),
			length,
			offset: 0,
			expected: expected.as_ref().map(cid_hex),
			cid: None,
		};
		self.save_state(&state).await?;
		if length == 0 {
			self.finish_upload(&mut state).await?;
		}
		Ok(state)
	}

	/// Where an upload stands.
	pub async fn upload(&self, id: &str) -> Result<UploadState, StoreError> {
		let unknown = || StoreError::UploadNotFound(id.chars().take(80).collect());
		if id.len() != 32 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
			return Err(unknown());
		}
		let bytes = match self.inner.get(&self.state_path(id)).await {
			Ok(found) => found.bytes().await?,
			Err(object_store::Error::NotFound { .. }) => return Err(unknown()),
			Err(e) => return Err(e.into()),
		};
		let mut state: UploadState = serde_json::from_slice(&bytes).map_err(|_| unknown())?;
		state.offset = match state.cid {
			Some(_) => state.length,
			None => self.parts(id).await?.1,
		};
		Ok(state)
	}

	/// Adds bytes that start at `offset`. When the last byte has arrived the whole is hashed and
	/// becomes a blob. If the sender breaks off, what arrived is kept.
	pub async fn append_upload(
		&self,
		id: &str,
		offset: u64,
		mut stream: ByteStream,
	) -> Result<UploadState, StoreError> {
		let mut state = self.upload(id).await?;
		let _busy = Busy::new(self, &state.id)?;
		// Read again: another writer may have ended between the two lines above.
		state.offset = self.upload(id).await?.offset;
		if offset != state.offset {
			return Err(StoreError::WrongOffset { expected: state.offset, given: offset });
		}
		let mut buffer = BytesMut::new();
		let mut failure = None;
		loop {
			let left = state.length.saturating_sub(state.offset) as usize;
			let piece = match stream.try_next().await {
				Ok(Some(piece)) => piece,
				Ok(None) => break,
				Err(e) => {
					failure = Some(StoreError::Interrupted(e.to_string()));
					break;
				}
			};
			let room = left.saturating_sub(buffer.len());
			buffer.extend_from_slice(piece.get(..room).unwrap_or(&piece));
			if piece.len() > room {
				failure = Some(StoreError::BeyondLength { length: state.length });
				break;
			}
			while buffer.len() >= PART {
				let part = buffer.split_to(PART).freeze();
				self.put_part(&mut state, part).await?;
			}
		}
		if !buffer.is_empty() {
			self.put_part(&mut state, buffer.freeze()).await?;
		}
		if let Some(failure) = failure {
			return Err(failure);
		}
		if state.offset == state.length && state.cid.is_none() {
			self.finish_upload(&mut state).await?;
		}
		Ok(state)
	}

	async fn put_part(&self, state: &mut UploadState, part: Bytes) -> Result<(), StoreError> {
		let size = part.len() as u64;
		let name = format!("{:020}", state.offset);
		let path = self.path(&["uploads", &state.id, "parts", &name]);
		self.inner.put(&path, PutPayload::from_bytes(part)).await?;
		state.offset = state.offset.saturating_add(size);
		Ok(())
	}

	async fn finish_upload(&self, state: &mut UploadState) -> Result<(), StoreError> {
		let expected = state.expected.as_deref().map(parse_cid).transpose()?;
		let (parts, _) = self.parts(&state.id).await?;
		let inner = self.inner.clone();
		let whole = futures::stream::iter(parts.clone())
			.then(move |part| {
				let inner = inner.clone();
				async move { Ok(inner.get(&part).await?.bytes().await?) }
			})
			.boxed();
		match self.put_stream(whole, expected).await {
			Ok(cid) => {
				state.cid = Some(cid_hex(&cid));
				// The state stays for a while: a sender that lost the answer can ask again.
				self.save_state(state).await?;
				for part in parts {
					self.inner.delete(&part).await?;
				}
				Ok(())
			}
			Err(e @ StoreError::WrongHash { .. }) => {
				self.remove_upload(&state.id).await?;
				Err(e)
			}
			Err(e) => Err(e),
		}
	}

	/// Forgets an upload and what arrived of it. A finished blob stays.
	pub async fn cancel_upload(&self, id: &str) -> Result<(), StoreError> {
		let state = self.upload(id).await?;
		let _busy = Busy::new(self, &state.id)?;
		self.remove_upload(&state.id).await
	}

	async fn remove_upload(&self, id: &str) -> Result<(), StoreError> {
		let found: Vec<_> =
			self.inner.list(Some(&self.path(&["uploads", id]))).try_collect().await?;
		for meta in found {
			match self.inner.delete(&meta.location).await {
				Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
				Err(e) => return Err(e.into()),
			}
		}
		Ok(())
	}

	/// Forgets uploads that nobody has written to for `age`. Returns how many.
	pub async fn expire_uploads(&self, age: Duration) -> Result<usize, StoreError> {
		let Some(limit) = SystemTime::now().checked_sub(age) else { return Ok(0) };
		let found: Vec<_> = self.inner.list(Some(&self.path(&["uploads"]))).try_collect().await?;
		let mut fresh = std::collections::BTreeMap::<String, bool>::new();
		let depth = self.path(&["uploads"]).parts().count();
		for meta in found {
			let Some(id) = meta.location.parts().nth(depth) else { continue };
			let entry = fresh.entry(id.as_ref().to_owned()).or_default();
			*entry |= SystemTime::from(meta.last_modified) > limit;
		}
		let mut expired = 0;
		for (id, fresh) in fresh {
			if fresh {
				continue;
			}
			let Ok(_busy) = Busy::new(self, &id) else { continue };
			self.remove_upload(&id).await?;
			expired += 1;
		}
		Ok(expired)
	}
}
