//! The events of the chain in SQLite.
//!
//! A block, its events, everything that follows from them and the cursor are written in one
//! transaction: whenever the process is killed, the index is as of some block, whole.

mod check;
mod derive;

pub use check::{compare, Difference};

use crate::source::ChainSource;
use anyhow::Context;
use futures::StreamExt;
use sqlx::{
	sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
	Row, SqliteConnection, SqlitePool,
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::{watch, Notify};
use weft_chain::{BlockEvents, ChainEvent};

/// Where the index stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
	/// The last block applied; 0 before the first.
	pub number: u32,
	/// Its hash in hex.
	pub hash: String,
}

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
	/// It is in the index.
	Yes,
	/// It was there already.
	Known,
	/// It does not follow the last one: the index must go back first.
	Fork,
	/// Blocks between are missing.
	Gap,
}

/// The index.
#[derive(Clone)]
pub struct Index {
	pool: SqlitePool,
	head: Arc<watch::Sender<u32>>,
	touched: Arc<Notify>,
}

impl Index {
	/// Opens or creates the index in a file.
	pub async fn open(path: &Path) -> anyhow::Result<Self> {
		if let Some(parent) = path.parent() {
			std::fs::create_dir_all(parent)
				.with_context(|| format!("cannot create {}", parent.display()))?;
		}
		let options = SqliteConnectOptions::new()
			.filename(path)
			.create_if_missing(true)
			.journal_mode(SqliteJournalMode::Wal)
			// A killed process loses nothing; a power cut may lose blocks that are read again.
			.synchronous(SqliteSynchronous::Normal)
			.busy_timeout(Duration::from_secs(10));
		let pool = SqlitePoolOptions::new()
			.max_connections(4)
			.connect_with(options)
			.await
			.with_context(|| format!("cannot open the index {}", path.display()))?;
		sqlx::migrate!("./migrations")
			.run(&pool)
			.await
			.with_context(|| format!("cannot prepare the index {}", path.display()))?;
		let index =
			Self { pool, head: Arc::new(watch::channel(0).0), touched: Arc::new(Notify::new()) };
		index.head.send_replace(index.cursor().await?.number);
		Ok(index)
	}

	/// The database, to read.
	pub fn pool(&self) -> &SqlitePool {
		&self.pool
	}

	/// The number of the last block, to watch.
	pub fn head(&self) -> watch::Receiver<u32> {
		self.head.subscribe()
	}

	/// Where the index stands.
	pub async fn cursor(&self) -> sqlx::Result<Cursor> {
		let row = sqlx::query("SELECT number, hash FROM blocks ORDER BY number DESC LIMIT 1")
			.fetch_optional(&self.pool)
			.await?;
		Ok(match row {
			Some(row) => Cursor { number: row.try_get(0)?, hash: row.try_get(1)? },
			None => Cursor::default(),
		})
	}

	/// Binds the index to a chain. An index of another chain (a development chain that was
	/// started anew) is emptied: it can always be built again.
	pub async fn bind(&self, genesis: &str) -> anyhow::Result<()> {
		let known: Option<String> =
			sqlx::query_scalar("SELECT value FROM meta WHERE key = 'genesis'")
				.fetch_optional(&self.pool)
				.await?;
		if known.as_deref() == Some(genesis) {
			return Ok(());
		}
		let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
		if let Some(known) = known {
			tracing::warn!(old = known, new = genesis, "another chain: the index starts anew");
			wipe(&mut tx, true).await?;
		}
		sqlx::query("INSERT OR REPLACE INTO meta (key, value) VALUES ('genesis', ?)")
			.bind(genesis)
			.execute(&mut *tx)
			.await?;
		tx.commit().await?;
		self.head.send_replace(self.cursor().await?.number);
		Ok(())
	}

	/// Applies a block with everything that follows from it, or changes nothing.
	pub async fn apply(&self, block: &BlockEvents) -> anyhow::Result<Applied> {
		let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
		let last = sqlx::query("SELECT number, hash FROM blocks ORDER BY number DESC LIMIT 1")
			.fetch_optional(&mut *tx)
			.await?;
		if let Some(last) = last {
			let (number, hash): (u32, String) = (last.try_get(0)?, last.try_get(1)?);
			if block.number <= number {
				let same: Option<String> =
					sqlx::query_scalar("SELECT hash FROM blocks WHERE number = ?")
						.bind(block.number)
						.fetch_optional(&mut *tx)
						.await?;
				let known = same.as_deref() == Some(block.hash.as_str());
				return Ok(if known { Applied::Known } else { Applied::Fork });
			}
			if block.number != number.saturating_add(1) {
				return Ok(Applied::Gap);
			}
			if block.parent != hash {
				return Ok(Applied::Fork);
			}
		}
		sqlx::query("INSERT INTO blocks (number, hash, parent) VALUES (?, ?, ?)")
			.bind(block.number)
			.bind(&block.hash)
			.bind(&block.parent)
			.execute(&mut *tx)
			.await?;
		for event in &block.events {
			sqlx::query(
				"INSERT INTO events (block, idx, extrinsic, pallet, name, json) \
				 VALUES (?, ?, ?, ?, ?, ?)",
			)
			.bind(block.number)
			.bind(event.index)
			.bind(event.extrinsic)
			.bind(&event.pallet)
			.bind(&event.name)
			.bind(event.fields.to_string())
			.execute(&mut *tx)
			.await?;
			derive::apply(&mut tx, block.number, event).await?;
		}
		tx.commit().await?;
		self.head.send_replace(block.number);
		self.touched.notify_one();
		Ok(Applied::Yes)
	}

	/// Goes back to `number`: later blocks are removed and everything is derived again from the
	/// events that stay. One transaction.
	pub async fn rollback(&self, number: u32) -> anyhow::Result<()> {
		let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
		for table in ["blocks WHERE number", "events WHERE block"] {
			sqlx::query(&format!("DELETE FROM {table} > ?")).bind(number).execute(&mut *tx).await?;
		}
		wipe(&mut tx, false).await?;
		let events = sqlx::query(
			"SELECT block, idx, extrinsic, pallet, name, json FROM events ORDER BY block, idx",
		)
		.fetch_all(&mut *tx)
		.await?;
		for row in events {
			derive::apply(&mut tx, row.try_get("block")?, &event_of(&row)?).await?;
		}
		tx.commit().await?;
		self.head.send_replace(self.cursor().await?.number);
		self.touched.notify_one();
		Ok(())
	}

	/// Applies blocks from `source` until it ends.
	pub async fn follow(&self, source: &dyn ChainSource) -> anyhow::Result<()> {
		'restart: loop {
			let next = self.cursor().await?.number.saturating_add(1);
			let mut blocks = source.follow(next);
			while let Some(block) = blocks.next().await {
				match self.apply(&block).await? {
					Applied::Yes | Applied::Known => {}
					Applied::Gap => continue 'restart,
					Applied::Fork => {
						self.go_back(source, block.number).await?;
						continue 'restart;
					}
				}
			}
			return Ok(());
		}
	}

	/// Finds the last block that this index and the chain share and goes back to it.
	async fn go_back(&self, source: &dyn ChainSource, from: u32) -> anyhow::Result<()> {
		let mut number = self.cursor().await?.number.min(from);
		while number > 0 {
			let ours: Option<String> =
				sqlx::query_scalar("SELECT hash FROM blocks WHERE number = ?")
					.bind(number)
					.fetch_optional(&self.pool)
					.await?;
			if ours.as_deref() == Some(source.block(number).await?.hash.as_str()) {
				break;
			}
			number = number.saturating_sub(1);
		}
		tracing::warn!(to = number, "the chain left what was indexed; going back");
		self.rollback(number).await
	}

	/// Reads from the chain's state what blocks have touched, for ever.
	pub async fn refresh_details(&self, source: &dyn ChainSource) {
		loop {
			match self.refresh_once(source).await {
				Ok(0) => self.touched.notified().await,
				Ok(_) => {}
				Err(e) => {
					tracing::warn!(error = %e, "cannot read details from the chain, trying again");
					tokio::time::sleep(Duration::from_secs(2)).await;
				}
			}
		}
	}

	/// Reads what is stale, up to a batch; returns how many.
	pub async fn refresh_once(&self, source: &dyn ChainSource) -> anyhow::Result<usize> {
		let stale: Vec<(String, String)> =
			sqlx::query_as("SELECT kind, id FROM stale ORDER BY kind, id LIMIT 100")
				.fetch_all(&self.pool)
				.await?;
		for (kind, id) in &stale {
			// Unmarked first: a block that touches it meanwhile marks it again.
			sqlx::query("DELETE FROM stale WHERE kind = ? AND id = ?")
				.bind(kind)
				.bind(id)
				.execute(&self.pool)
				.await?;
			match source.details(kind, id).await {
				// What is gone keeps its last details: it is history.
				Ok(None) => {}
				Ok(Some(details)) => {
					sqlx::query("INSERT OR REPLACE INTO details (kind, id, json) VALUES (?, ?, ?)")
						.bind(kind)
						.bind(id)
						.bind(details.to_string())
						.execute(&self.pool)
						.await?;
				}
				Err(e) => {
					sqlx::query("INSERT OR IGNORE INTO stale (kind, id) VALUES (?, ?)")
						.bind(kind)
						.bind(id)
						.execute(&self.pool)
						.await?;
					return Err(e);
				}
			}
		}
		Ok(stale.len())
	}
}

/// An event from its row.
pub(crate) fn event_of(row: &sqlx::sqlite::SqliteRow) -> anyhow::Result<ChainEvent> {
	let text: String = row.try_get("json")?;
	Ok(ChainEvent {
		extrinsic: row.try_get("extrinsic")?,
		index: row.try_get("idx")?,
		pallet: row.try_get("pallet")?,
		name: row.try_get("name")?,
		fields: serde_json::from_str(&text)?,
	})
}

/// Tables that follow from the events.
pub(crate) const DERIVED: &[&str] = &[
	"datanets",
	"contributions",
	"reviews",
	"snapshots",
	"bases",
	"models",
	"jobs",
	"workers",
	"settlements",
	"epochs",
	"claims",
];

async fn wipe(connection: &mut SqliteConnection, everything: bool) -> sqlx::Result<()> {
	let sources: &[&str] = &["blocks", "events", "details", "stale"];
	for table in DERIVED.iter().chain(sources.iter().filter(|_| everything)) {
		sqlx::query(&format!("DELETE FROM {table}")).execute(&mut *connection).await?;
	}
	Ok(())
}
