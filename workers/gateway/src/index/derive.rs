//! What follows from an event.
//!
//! Only the event is read, never the clock or the chain's state, so that the same events always
//! give the same tables.

use serde_json::Value;
use sqlx::{query, SqliteConnection};
use weft_chain::ChainEvent;

/// The fields of one event. A field that is missing is an error that names it.
struct Fields<'a>(&'a ChainEvent);

impl Fields<'_> {
	fn value(&self, name: &str) -> Result<&Value, String> {
		self.0.fields.get(name).ok_or_else(|| {
			format!("the event {}.{} has no field `{name}`", self.0.pallet, self.0.name)
		})
	}

	fn int(&self, name: &str) -> Result<i64, String> {
		let value = self.value(name)?;
		value
			.as_i64()
			.or_else(|| value.as_str().and_then(|s| s.parse().ok()))
			.ok_or_else(|| format!("`{name}` of {} is not a number: {value}", self.0.name))
	}

	/// Strings as they are, everything else as JSON.
	fn text(&self, name: &str) -> Result<String, String> {
		Ok(match self.value(name)? {
			Value::String(text) => text.clone(),
			other => other.to_string(),
		})
	}

	/// An enum's variant, whether it has fields or not.
	fn variant(&self, name: &str) -> Result<String, String> {
		Ok(match self.value(name)? {
			Value::Object(map) if map.len() == 1 => map.keys().next().cloned().unwrap_or_default(),
			Value::String(text) => text.clone(),
			other => other.to_string(),
		})
	}
}

#[derive(Debug, thiserror::Error)]
enum DeriveError {
	#[error("{0}")]
	Shape(String),
	#[error(transparent)]
	Sql(#[from] sqlx::Error),
}

impl From<String> for DeriveError {
	fn from(why: String) -> Self {
		Self::Shape(why)
	}
}

/// Applies an event to the derived tables. An event of a shape this version does not know is kept
/// as it is and derives nothing.
pub(super) async fn apply(
	db: &mut SqliteConnection,
	block: u32,
	event: &ChainEvent,
) -> sqlx::Result<()> {
	let fields = Fields(event);
	let done = match event.pallet.as_str() {
		"Datanets" => datanets(db, block, &fields).await,
		"Models" => models(db, block, &fields).await,
		"Workers" => workers(db, block, &fields).await,
		"Jobs" => jobs(db, block, &fields).await,
		"Attribution" => attribution(db, block, &fields).await,
		_ => Ok(()),
	};
	match done {
		Ok(()) => Ok(()),
		Err(DeriveError::Sql(e)) => Err(e),
		Err(DeriveError::Shape(why)) => {
			tracing::warn!(block, idx = event.index, why, "an event derives nothing");
			Ok(())
		}
	}
}

async fn stale(db: &mut SqliteConnection, kind: &str, id: impl ToString) -> sqlx::Result<()> {
	query("INSERT OR IGNORE INTO stale (kind, id) VALUES (?, ?)")
		.bind(kind)
		.bind(id.to_string())
		.execute(db)
		.await?;
	Ok(())
}

/// Adds an amount to a decimal column.
async fn add(
	db: &mut SqliteConnection,
	table: &str,
	column: &str,
	key: &str,
	id: &str,
	amount: &str,
) -> Result<(), DeriveError> {
	let old: Option<String> =
		sqlx::query_scalar(&format!("SELECT {column} FROM {table} WHERE {key} = ?"))
			.bind(id)
			.fetch_optional(&mut *db)
			.await?;
	let Some(old) = old else { return Ok(()) };
	let parse = |s: &str| s.parse::<u128>().map_err(|_| format!("`{s}` is not an amount"));
	let new = parse(&old)?.checked_add(parse(amount)?).ok_or("a sum is above 2^128".to_owned())?;
	query(&format!("UPDATE {table} SET {column} = ? WHERE {key} = ?"))
		.bind(new.to_string())
		.bind(id)
		.execute(db)
		.await?;
	Ok(())
}

async fn datanets(
	db: &mut SqliteConnection,
	block: u32,
	f: &Fields<'_>,
) -> Result<(), DeriveError> {
	match f.0.name.as_str() {
		"Created" => {
			let id = f.int("datanet")?;
			query("INSERT OR REPLACE INTO datanets (id, owner, at) VALUES (?, ?, ?)")
				.bind(id)
				.bind(f.text("owner")?)
				.bind(block)
				.execute(&mut *db)
				.await?;
			stale(db, "datanet", id).await?;
		}
		"Contributed" => {
			let (id, datanet) = (f.int("contribution")?, f.int("datanet")?);
			let records = f.int("records")?;
			query(
				"INSERT OR REPLACE INTO contributions (id, datanet, contributor, root, records, \
				 bytes, cid, deposit, status, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
			)
			.bind(id)
			.bind(datanet)
			.bind(f.text("contributor")?)
			.bind(f.text("root")?)
			.bind(records)
			.bind(f.int("bytes")?)
			.bind(f.text("cid")?)
			.bind(f.text("deposit")?)
			.bind(block)
			.execute(&mut *db)
			.await?;
			query(
				"UPDATE datanets SET contributions = contributions + 1, \
				 records_offered = records_offered + ? WHERE id = ?",
			)
			.bind(records)
			.bind(datanet)
			.execute(db)
			.await?;
		}
		"Withdrawn" => {
			query("UPDATE contributions SET status = 'withdrawn', decided_at = ? WHERE id = ?")
				.bind(block)
				.bind(f.int("contribution")?)
				.execute(db)
				.await?;
		}
		"ReportAttached" => {
			query("UPDATE contributions SET report = ? WHERE id = ?")
				.bind(f.text("report")?)
				.bind(f.int("contribution")?)
				.execute(db)
				.await?;
		}
		"Reviewed" => {
			query(
				"INSERT OR REPLACE INTO reviews (contribution, curator, decision, at) \
				 VALUES (?, ?, ?, ?)",
			)
			.bind(f.int("contribution")?)
			.bind(f.text("curator")?)
			.bind(f.value("decision")?.to_string())
			.bind(block)
			.execute(db)
			.await?;
		}
		"Accepted" => {
			let (id, records) = (f.int("contribution")?, f.int("records")?);
			query(
				"UPDATE contributions SET status = 'accepted', accepted = accepted + ?, \
				 decided_at = ? WHERE id = ?",
			)
			.bind(records)
			.bind(block)
			.bind(id)
			.execute(&mut *db)
			.await?;
			query(
				"UPDATE datanets SET records_accepted = records_accepted + ? \
				 WHERE id = (SELECT datanet FROM contributions WHERE id = ?)",
			)
			.bind(records)
			.bind(id)
			.execute(&mut *db)
			.await?;
			stale(db, "contribution", id).await?;
		}
		"Refused" => {
			let (id, records) = (f.int("contribution")?, f.int("records")?);
			// A mixed decision has both events, in either order.
			query(
				"UPDATE contributions SET \
				 status = CASE WHEN accepted > 0 THEN 'accepted' ELSE 'refused' END, \
				 refused = refused + ?, reason = ?, decided_at = ? WHERE id = ?",
			)
			.bind(records)
			.bind(f.variant("reason")?)
			.bind(block)
			.bind(id)
			.execute(&mut *db)
			.await?;
			let slashed = f.text("slashed")?;
			add(db, "contributions", "slashed", "id", &id.to_string(), &slashed).await?;
			query(
				"UPDATE datanets SET records_refused = records_refused + ? \
				 WHERE id = (SELECT datanet FROM contributions WHERE id = ?)",
			)
			.bind(records)
			.bind(id)
			.execute(db)
			.await?;
		}
		"Snapshotted" => {
			let (id, datanet) = (f.int("snapshot")?, f.int("datanet")?);
			query(
				"INSERT OR REPLACE INTO snapshots (id, datanet, version, root, records, \
				 contributions, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			)
			.bind(id)
			.bind(datanet)
			.bind(f.int("version")?)
			.bind(f.text("root")?)
			.bind(f.int("records")?)
			.bind(f.int("contributions")?)
			.bind(block)
			.execute(&mut *db)
			.await?;
			query("UPDATE datanets SET snapshots = snapshots + 1 WHERE id = ?")
				.bind(datanet)
				.execute(&mut *db)
				.await?;
			stale(db, "snapshot", id).await?;
		}
		_ => {}
	}
	Ok(())
}

async fn models(db: &mut SqliteConnection, block: u32, f: &Fields<'_>) -> Result<(), DeriveError> {
	match f.0.name.as_str() {
		"BaseRegistered" => {
			let id = f.int("base")?;
			query("INSERT OR REPLACE INTO bases (id, owner, at) VALUES (?, ?, ?)")
				.bind(id)
				.bind(f.text("owner")?)
				.bind(block)
				.execute(&mut *db)
				.await?;
			stale(db, "base", id).await?;
		}
		"Published" => {
			let id = f.int("model")?;
			query(
				"INSERT OR REPLACE INTO models (id, owner, base, job, adapter, index_root, at) \
				 VALUES (?, ?, ?, ?, ?, ?, ?)",
			)
			.bind(id)
			.bind(f.text("owner")?)
			.bind(f.int("base")?)
			.bind(f.int("job")?)
			.bind(f.text("adapter")?)
			.bind(f.text("index_root")?)
			.bind(block)
			.execute(&mut *db)
			.await?;
			stale(db, "model", id).await?;
		}
		"PriceChanged" => stale(db, "model", f.int("model")?).await?,
		"Retired" => {
			let id = f.int("model")?;
			query("UPDATE models SET retired = 1 WHERE id = ?").bind(id).execute(db).await?;
		}
		_ => {}
	}
	Ok(())
}

async fn workers(db: &mut SqliteConnection, block: u32, f: &Fields<'_>) -> Result<(), DeriveError> {
	let owner = f.text("owner")?;
	match f.0.name.as_str() {
		"Registered" => {
			query(
				"INSERT INTO workers (owner, hot, status, at) VALUES (?, ?, 'active', ?) \
				 ON CONFLICT (owner) DO UPDATE SET hot = excluded.hot, status = 'active'",
			)
			.bind(&owner)
			.bind(f.text("hot")?)
			.bind(block)
			.execute(&mut *db)
			.await?;
		}
		"HotChanged" => {
			query("UPDATE workers SET hot = ? WHERE owner = ?")
				.bind(f.text("new")?)
				.bind(&owner)
				.execute(&mut *db)
				.await?;
		}
		"ExitStarted" => set_status(db, &owner, "exiting").await?,
		"BondWithdrawn" => set_status(db, &owner, "gone").await?,
		"Slashed" => {
			add(db, "workers", "slashed", "owner", &owner, &f.text("amount")?).await?;
		}
		_ => {}
	}
	stale(db, "worker", owner).await?;
	Ok(())
}

async fn set_status(db: &mut SqliteConnection, owner: &str, status: &str) -> sqlx::Result<()> {
	query("UPDATE workers SET status = ? WHERE owner = ?")
		.bind(status)
		.bind(owner)
		.execute(db)
		.await?;
	Ok(())
}

async fn jobs(db: &mut SqliteConnection, block: u32, f: &Fields<'_>) -> Result<(), DeriveError> {
	let id = f.int("job")?;
	match f.0.name.as_str() {
		"Submitted" => {
			query(
				"INSERT OR REPLACE INTO jobs (id, requester, kind, price, state, at, updated_at) \
				 VALUES (?, ?, ?, ?, 'open', ?, ?)",
			)
			.bind(id)
			.bind(f.text("requester")?)
			.bind(f.variant("kind")?)
			.bind(f.text("price")?)
			.bind(block)
			.bind(block)
			.execute(&mut *db)
			.await?;
		}
		"Claimed" => {
			let worker = f.text("worker")?;
			query("UPDATE jobs SET state = 'claimed', worker = ?, permille = 0 WHERE id = ?")
				.bind(&worker)
				.bind(id)
				.execute(&mut *db)
				.await?;
			stale(db, "worker", worker).await?;
		}
		"Progress" => {
			query("UPDATE jobs SET permille = ?, note = ? WHERE id = ?")
				.bind(f.int("permille")?)
				.bind(f.text("note")?)
				.bind(id)
				.execute(&mut *db)
				.await?;
		}
		"Reported" => {
			query("UPDATE jobs SET state = 'reported', result = ?, worker = ? WHERE id = ?")
				.bind(f.value("result")?.to_string())
				.bind(f.text("worker")?)
				.bind(id)
				.execute(&mut *db)
				.await?;
		}
		"Settled" => {
			let worker = f.text("worker")?;
			query("UPDATE jobs SET state = 'settled', paid = ?, refunded = ? WHERE id = ?")
				.bind(f.text("paid")?)
				.bind(f.text("refunded")?)
				.bind(id)
				.execute(&mut *db)
				.await?;
			query("UPDATE workers SET jobs_settled = jobs_settled + 1 WHERE owner = ?")
				.bind(&worker)
				.execute(&mut *db)
				.await?;
			stale(db, "worker", worker).await?;
		}
		"Cancelled" => {
			query("UPDATE jobs SET state = 'cancelled' WHERE id = ?")
				.bind(id)
				.execute(&mut *db)
				.await?;
		}
		"Reassigned" => {
			query(
				"UPDATE jobs SET state = 'open', worker = NULL, permille = 0, result = NULL, \
				 attempts = ? WHERE id = ?",
			)
			.bind(f.int("attempts")?)
			.bind(id)
			.execute(&mut *db)
			.await?;
		}
		"Expired" => {
			query("UPDATE jobs SET state = 'expired', refunded = ? WHERE id = ?")
				.bind(f.text("refunded")?)
				.bind(id)
				.execute(&mut *db)
				.await?;
		}
		_ => {}
	}
	query("UPDATE jobs SET updated_at = ? WHERE id = ?")
		.bind(block)
		.bind(id)
		.execute(&mut *db)
		.await?;
	stale(db, "job", id).await?;
	Ok(())
}

async fn attribution(
	db: &mut SqliteConnection,
	block: u32,
	f: &Fields<'_>,
) -> Result<(), DeriveError> {
	let name = f.0.name.as_str();
	match name {
		"VoucherSettled" | "InferencePaid" => {
			let (model, worker, fee) = (f.int("model")?, f.text("worker")?, f.text("fee")?);
			let contributors = f.text("contributors")?;
			query(
				"INSERT OR REPLACE INTO settlements (block, idx, kind, payer, worker, model, fee, \
				 treasury, base_owner, developer, worker_amount, contributors) \
				 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			)
			.bind(block)
			.bind(f.0.index)
			.bind(if name == "VoucherSettled" { "voucher" } else { "job" })
			.bind(f.text("payer")?)
			.bind(&worker)
			.bind(model)
			.bind(&fee)
			.bind(f.text("treasury")?)
			.bind(f.text("base_owner")?)
			.bind(f.text("developer")?)
			.bind(f.text("worker_amount")?)
			.bind(&contributors)
			.execute(&mut *db)
			.await?;
			let id = model.to_string();
			add(db, "models", "fees", "id", &id, &fee).await?;
			add(db, "models", "contributors", "id", &id, &contributors).await?;
			add(db, "workers", "fees", "owner", &worker, &fee).await?;
			query("UPDATE models SET settlements = settlements + 1 WHERE id = ?")
				.bind(model)
				.execute(db)
				.await?;
		}
		"EpochSettled" => {
			query(
				"INSERT OR REPLACE INTO epochs (worker, epoch, root, total, allotted, reserved, \
				 leaves, receipts_root, receipts, claimable_at, at) \
				 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			)
			.bind(f.text("worker")?)
			.bind(f.int("epoch")?)
			.bind(f.text("root")?)
			.bind(f.text("total")?)
			.bind(f.text("allotted")?)
			.bind(f.text("reserved")?)
			.bind(f.text("leaves")?)
			.bind(f.text("receipts_root").ok())
			.bind(f.int("receipts").ok())
			.bind(f.int("claimable_at")?)
			.bind(block)
			.execute(db)
			.await?;
		}
		"RootRejected" => {
			query("UPDATE epochs SET rejected = 1 WHERE worker = ? AND epoch = ?")
				.bind(f.text("worker")?)
				.bind(f.int("epoch")?)
				.execute(db)
				.await?;
		}
		"Claimed" => {
			query(
				"INSERT OR REPLACE INTO claims (block, idx, worker, account, amount) \
				 VALUES (?, ?, ?, ?, ?)",
			)
			.bind(block)
			.bind(f.0.index)
			.bind(f.text("worker")?)
			.bind(f.text("account")?)
			.bind(f.text("amount")?)
			.execute(db)
			.await?;
		}
		_ => {}
	}
	Ok(())
}
