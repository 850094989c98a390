//! Adapters on demand: loaded when first asked for, evicted by bytes, never while in use.

use crate::{Engine, Metrics};
use async_trait::async_trait;
use parking_lot::Mutex;
use std::{
	collections::HashMap,
	path::PathBuf,
	sync::Arc,
	time::{Duration, Instant},
};
use weft_store::{cid_hex, get_folder, Blobs, Cid};

/// How long a request waits for other requests to release adapters.
const WAIT_FOR_ROOM: Duration = Duration::from_secs(30);

/// Where adapters come from.
#[async_trait]
pub trait AdapterSource: Send + Sync {
	/// A local folder with the adapter's files, verified.
	async fn fetch(&self, adapter: &Cid) -> Result<PathBuf, String>;
}

/// Adapters from a blob store, kept in a local folder.
pub struct BlobAdapters {
	blobs: Arc<dyn Blobs>,
	folder: PathBuf,
}

impl BlobAdapters {
	/// Adapters of `blobs`, written under `folder`.
	pub fn new(blobs: Arc<dyn Blobs>, folder: PathBuf) -> Self {
		Self { blobs, folder }
	}
}

#[async_trait]
impl AdapterSource for BlobAdapters {
	async fn fetch(&self, adapter: &Cid) -> Result<PathBuf, String> {
		let folder = self.folder.join(cid_hex(adapter));
		get_folder(self.blobs.as_ref(), adapter, &folder).await.map_err(|e| e.to_string())?;
		Ok(folder)
	}
}

/// Why an adapter cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AdapterError {
	/// It could not be fetched or loaded.
	#[error("adapter {id} cannot be loaded: {why}")]
	Load {
		/// The adapter.
		id: String,
		/// What went wrong.
		why: String,
	},
	/// It would not fit even alone.
	#[error("adapter {id} takes {bytes} bytes, this worker keeps at most {budget}")]
	TooLarge {
		/// The adapter.
		id: String,
		/// What it takes.
		bytes: u64,
		/// The budget.
		budget: u64,
	},
	/// Every other adapter is in use.
	#[error("no room for adapter {id}: every loaded adapter is in use")]
	NoRoom {
		/// The adapter.
		id: String,
	},
}

struct Entry<A> {
	adapter: Arc<A>,
	bytes: u64,
	used: u64,
}

struct Inner<A> {
	entries: HashMap<Cid, Entry<A>>,
	bytes: u64,
	clock: u64,
}

/// The adapters in memory.
pub struct AdapterCache<E: Engine> {
	engine: Arc<E>,
	source: Arc<dyn AdapterSource>,
	budget: u64,
	inner: Mutex<Inner<E::Adapter>>,
	/// One lock per adapter being loaded, so that it is loaded once however many ask.
	loading: Mutex<HashMap<Cid, Arc<tokio::sync::Mutex<()>>>>,
	metrics: Arc<Metrics>,
}

impl<E: Engine> AdapterCache<E> {
	/// An empty cache that keeps at most `budget` bytes.
	pub fn new(
		engine: Arc<E>,
		source: Arc<dyn AdapterSource>,
		budget: u64,
		metrics: Arc<Metrics>,
	) -> Self {
		let inner = Inner { entries: HashMap::new(), bytes: 0, clock: 0 };
		Self {
			engine,
			source,
			budget,
			inner: Mutex::new(inner),
			loading: Mutex::default(),
			metrics,
		}
	}

	/// Adapters in memory, with the bytes of each.
	pub fn loaded(&self) -> Vec<(Cid, u64)> {
		self.inner.lock().entries.iter().map(|(cid, entry)| (*cid, entry.bytes)).collect()
	}

	fn hit(&self, cid: &Cid) -> Option<Arc<E::Adapter>> {
		let mut inner = self.inner.lock();
		inner.clock = inner.clock.wrapping_add(1);
		let now = inner.clock;
		let entry = inner.entries.get_mut(cid)?;
		entry.used = now;
		Some(entry.adapter.clone())
	}

	/// The adapter, loaded if need be. It stays in memory for as long as the `Arc` is held.
	pub async fn get(&self, cid: &Cid) -> Result<Arc<E::Adapter>, AdapterError> {
		if let Some(adapter) = self.hit(cid) {
			self.metrics.adapter_hits.inc();
			return Ok(adapter);
		}
		let lock = self.loading.lock().entry(*cid).or_default().clone();
		let result = {
			let _one = lock.lock().await;
			match self.hit(cid) {
				Some(adapter) => Ok(adapter),
				None => self.load(cid).await,
			}
		};
		let mut loading = self.loading.lock();
		// Held by the map and by us: nobody else waits for it.
		if Arc::strong_count(&lock) <= 2 {
			loading.remove(cid);
		}
		result
	}

	async fn load(&self, cid: &Cid) -> Result<Arc<E::Adapter>, AdapterError> {
		let id = cid_hex(cid);
		let failed = |why: String| AdapterError::Load { id: id.clone(), why };
		let started = Instant::now();
		let folder = self.source.fetch(cid).await.map_err(failed)?;
		let engine = self.engine.clone();
		let adapter = tokio::task::spawn_blocking(move || engine.load_adapter(&folder))
			.await
			.map_err(|e| failed(e.to_string()))?
			.map_err(failed)?;
		let bytes = self.engine.adapter_bytes(&adapter);
		if bytes > self.budget {
			return Err(AdapterError::TooLarge { id, bytes, budget: self.budget });
		}
		let adapter = Arc::new(adapter);
		let deadline = Instant::now() + WAIT_FOR_ROOM;
		while !self.insert(*cid, &adapter, bytes) {
			if Instant::now() >= deadline {
				return Err(AdapterError::NoRoom { id });
			}
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
		self.metrics.adapter_loads.inc();
		self.metrics.adapter_load_seconds.observe(started.elapsed().as_secs_f64());
		tracing::info!(adapter = %id, bytes, took = ?started.elapsed(), "adapter loaded");
		Ok(adapter)
	}

	/// Makes room by evicting the least recently used adapters that nobody holds.
	fn insert(&self, cid: Cid, adapter: &Arc<E::Adapter>, bytes: u64) -> bool {
		let mut inner = self.inner.lock();
		while inner.bytes.saturating_add(bytes) > self.budget {
			let idle = inner
				.entries
				.iter()
				// The cache's own reference is the only one, and new ones are made under the lock.
				.filter(|(_, entry)| Arc::strong_count(&entry.adapter) == 1)
				.min_by_key(|(_, entry)| entry.used)
				.map(|(cid, _)| *cid);
			let Some(victim) = idle else { return false };
			if let Some(entry) = inner.entries.remove(&victim) {
				inner.bytes = inner.bytes.saturating_sub(entry.bytes);
				self.metrics.adapter_evictions.inc();
				tracing::info!(adapter = %cid_hex(&victim), bytes = entry.bytes, "adapter evicted");
			}
		}
		inner.clock = inner.clock.wrapping_add(1);
		let used = inner.clock;
		inner.bytes = inner.bytes.saturating_add(bytes);
		inner.entries.insert(cid, Entry { adapter: adapter.clone(), bytes, used });
		self.metrics.adapters_loaded.set(inner.entries.len() as i64);
		self.metrics.adapter_bytes.set(inner.bytes as i64);
		true
	}
}
