//! `/api`: the index as JSON.

use crate::{error::ErrorBody, proxy::Endpoint, ApiError, Gateway};
use axum::{
	extract::{FromRequestParts, Path, Query, State},
	http::{request::Parts, StatusCode, Uri},
	Json,
};
use serde::{de::DeserializeOwned, Deserialize, Serialize, Serializer};
use serde_json::{json, value::RawValue, Value};
use sqlx::{sqlite::SqliteRow, FromRow, QueryBuilder, Sqlite};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use weft_chain::parse_account;
use weft_primitives::sum_tree::{self, Leaf};
use weft_store::{parse_cid, Blobs};

mod answers;
pub use answers::*;

type App = State<Arc<Gateway>>;
type Answer<T> = Result<Json<T>, ApiError>;

/// Query parameters; a misspelt one is an error that says which there are.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
	type Rejection = ApiError;

	async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
		match Query::<T>::from_request_parts(parts, state).await {
			Ok(Query(value)) => Ok(Self(value)),
			Err(e) => Err(ApiError::invalid("query", e.body_text())),
		}
	}
}

/// A path's number; anything else is an error in the API's own shape.
fn number(what: &str, id: &str) -> Result<i64, ApiError> {
	id.parse::<u32>()
		.map(i64::from)
		.or_else(|_| id.parse::<i64>())
		.ok()
		.filter(|n| *n >= 0)
		.ok_or_else(|| ApiError::invalid("id", format!("`{id}` is not the number of a {what}")))
}

/// An account in any form, as the index writes it.
fn account(param: &str, text: &str) -> Result<String, ApiError> {
	Ok(parse_account(text).map_err(|e| ApiError::invalid(param, e.to_string()))?.to_string())
}

/// A page of things.
#[derive(Serialize, ToSchema)]
pub struct Items<T> {
	/// The things, the newest first.
	pub items: Vec<T>,
	/// How many there are in all.
	pub total: i64,
}

/// JSON text as it lies in the database.
fn raw<S: Serializer>(text: &Option<String>, s: S) -> Result<S::Ok, S::Error> {
	text.as_ref().and_then(|t| RawValue::from_string(t.clone()).ok()).serialize(s)
}

macro_rules! row {
	($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
		$(#[$meta])*
		#[derive(Serialize, FromRow, ToSchema)]
		pub struct $name {
			$($(#[$field_meta])* pub $field: $type,)*
			/// What the chain's state says besides: names, prices, splits.
			#[sqlx(default)]
			#[serde(serialize_with = "raw")]
			#[schema(value_type = Option<Object>)]
			pub details: Option<String>,
		}
	};
}

macro_rules! filter {
	($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
		$(#[$meta])*
		#[derive(Debug, Default, Deserialize, IntoParams)]
		#[serde(deny_unknown_fields)]
		#[into_params(parameter_in = Query)]
		pub struct $name {
			$($(#[$field_meta])* $field: Option<$type>,)*
			/// At most this many, up to 200; 50 when absent.
			limit: Option<u32>,
			/// Leave out this many first.
			offset: Option<u32>,
		}
	};
}

row!(
	/// A Datanet.
	Datanet {
		/// Its number.
		id: i64,
		/// Who made it.
		owner: String,
		/// Contributions made to it.
		contributions: i64,
		/// Records in them.
		records_offered: i64,
		/// Records accepted.
		records_accepted: i64,
		/// Records refused.
		records_refused: i64,
		/// Snapshots taken.
		snapshots: i64,
		/// Block.
		at: i64,
	}
);
row!(
	/// A batch of records offered to a Datanet.
	Contribution {
		/// Its number.
		id: i64,
		/// The Datanet.
		datanet: i64,
		/// Who offered it.
		contributor: String,
		/// Merkle root of the records.
		root: String,
		/// Records.
		records: i64,
		/// Bytes.
		bytes: i64,
		/// The blob.
		cid: String,
		/// Plancks set aside.
		deposit: String,
		/// The quality report's blob.
		report: Option<String>,
		/// pending, accepted, refused or withdrawn.
		status: String,
		/// Records accepted.
		accepted: i64,
		/// Records refused.
		refused: i64,
		/// Why records were refused.
		reason: Option<String>,
		/// Plancks of the deposit that were taken.
		slashed: String,
		/// Block in which it was offered.
		at: i64,
		/// Block in which it was decided.
		decided_at: Option<i64>,
	}
);
row!(
	/// A frozen version of a Datanet.
	Snapshot {
		/// Its number.
		id: i64,
		/// The Datanet.
		datanet: i64,
		/// Version of the Datanet.
		version: i64,
		/// Merkle root.
		root: String,
		/// Records in it.
		records: i64,
		/// Contributions in it.
		contributions: i64,
		/// Block.
		at: i64,
	}
);
row!(
	/// A base model.
	Base {
		/// Its number.
		id: i64,
		/// Who registered it.
		owner: String,
		/// Block.
		at: i64,
	}
);
row!(
	/// A published model.
	Model {
		/// Its number.
		id: i64,
		/// Who published it.
		owner: String,
		/// The base it adapts.
		base: i64,
		/// The job that trained it.
		job: i64,
		/// The adapter's folder manifest.
		adapter: String,
		/// Merkle root of its attribution index.
		index_root: String,
		/// Whether it is withdrawn from use.
		retired: bool,
		/// Plancks paid for its answers.
		fees: String,
		/// Plancks of them that went to contributors.
		contributors: String,
		/// Settlements of its fees.
		settlements: i64,
		/// Block.
		at: i64,
	}
);
row!(
	/// A job.
	Job {
		/// Its number.
		id: i64,
		/// Who asked for it.
		requester: String,
		/// Train or Infer.
		kind: String,
		/// Plancks offered.
		price: String,
		/// open, claimed, reported, settled, cancelled or expired.
		state: String,
		/// The worker that has it.
		worker: Option<String>,
		/// Progress in thousandths.
		permille: i64,
		/// The newest note's blob.
		note: Option<String>,
		/// Workers that failed it.
		attempts: i64,
		/// What was reported.
		#[serde(serialize_with = "raw")]
		#[schema(value_type = Option<Object>)]
		result: Option<String>,
		/// Plancks paid.
		paid: Option<String>,
		/// Plancks given back.
		refunded: Option<String>,
		/// Block in which it was submitted.
		at: i64,
		/// Block of the last change.
		updated_at: i64,
	}
);
row!(
	/// A worker.
	Worker {
		/// Its owner account.
		owner: String,
		/// The key that acts for it.
		hot: String,
		/// active, exiting or gone.
		status: String,
		/// Plancks taken from its bond.
		slashed: String,
		/// Jobs it was paid for.
		jobs_settled: i64,
		/// Plancks of fees it settled.
		fees: String,
		/// Block.
		at: i64,
		/// Its address behind this gateway, if it has one here.
		#[sqlx(skip)]
		endpoint: Option<Endpoint>,
	}
);

/// Fees that were divided.
#[derive(Serialize, FromRow, ToSchema)]
pub struct Settlement {
	/// Block.
	block: i64,
	/// Event in the block.
	idx: i64,
	/// voucher or job.
	kind: String,
	/// Who paid.
	payer: String,
	/// Who answered.
	worker: String,
	/// The model.
	model: i64,
	/// The whole.
	fee: String,
	/// The treasury's part.
	treasury: String,
	/// The base owner's part.
	base_owner: String,
	/// The developer's part.
	developer: String,
	/// The worker's part.
	worker_amount: String,
	/// The contributors' part.
	contributors: String,
}

/// A worker's tree of earnings for one epoch.
#[derive(Clone, Serialize, FromRow, ToSchema)]
pub struct Epoch {
	/// The worker.
	worker: String,
	/// Its own count of settlements.
	epoch: i64,
	/// Root of the Merkle sum tree.
	root: String,
	/// Everything ever allotted, in plancks.
	total: String,
	/// Allotted by this one.
	allotted: String,
	/// Sent to the reserve by this one.
	reserved: String,
	/// Blob of the leaves.
	leaves: String,
	/// Merkle root of the receipts.
	receipts_root: Option<String>,
	/// Receipts.
	receipts: Option<i64>,
	/// Block from which it can be claimed.
	claimable_at: i64,
	/// Whether a challenge threw it out.
	rejected: bool,
	/// Block.
	at: i64,
}

/// Earnings that were paid out.
#[derive(Serialize, FromRow, ToSchema)]
pub struct Claim {
	/// Block.
	block: i64,
	/// Event in the block.
	idx: i64,
	/// The worker whose tree it was.
	worker: String,
	/// Who was paid.
	account: String,
	/// Plancks.
	amount: String,
}

/// An event of the chain.
#[derive(Serialize, FromRow, ToSchema)]
pub struct EventRow {
	/// Block.
	block: i64,
	/// Its place in the block.
	idx: i64,
	/// The extrinsic that caused it.
	extrinsic: Option<i64>,
	/// Pallet.
	pallet: String,
	/// Name.
	name: String,
	/// Fields.
	#[sqlx(rename = "json")]
	#[serde(serialize_with = "raw")]
	#[schema(value_type = Object)]
	fields: Option<String>,
}

/// A curator's vote.
#[derive(Serialize, FromRow, ToSchema)]
pub struct Review {
	/// Who voted.
	curator: String,
	/// What for.
	#[serde(serialize_with = "raw")]
	#[schema(value_type = Object)]
	decision: Option<String>,
	/// Block.
	at: i64,
}

filter!(
	/// Which Datanets.
	DatanetFilter {
		/// Made by this account.
		owner: String,
	}
);
filter!(
	/// Which contributions.
	ContributionFilter {
		/// To this Datanet.
		datanet: u32,
		/// By this account.
		contributor: String,
		/// pending, accepted, refused or withdrawn.
		status: String,
	}
);
filter!(
	/// Which snapshots.
	SnapshotFilter {
		/// Of this Datanet.
		datanet: u32,
	}
);
filter!(
	/// Which bases.
	BaseFilter {
		/// Registered by this account.
		owner: String,
	}
);
filter!(
	/// Which models.
	ModelFilter {
		/// Published by this account.
		owner: String,
		/// Of this base.
		base: u32,
		/// Withdrawn from use or not.
		retired: bool,
	}
);
filter!(
	/// Which jobs.
	JobFilter {
		/// Asked for by this account.
		requester: String,
		/// Run by this worker.
		worker: String,
		/// open, claimed, reported, settled, cancelled or expired.
		state: String,
		/// Train or Infer.
		kind: String,
	}
);
filter!(
	/// Which workers.
	WorkerFilter {
		/// active, exiting or gone.
		status: String,
	}
);
filter!(
	/// Which settlements.
	SettlementFilter {
		/// For this model.
		model: u64,
		/// By this worker.
		worker: String,
		/// Paid by this account.
		payer: String,
	}
);
filter!(
	/// Which epochs.
	EpochFilter {
		/// Of this worker.
		worker: String,
	}
);
filter!(
	/// Which claims.
	ClaimFilter {
		/// Paid to this account.
		account: String,
		/// From this worker's tree.
		worker: String,
	}
);
filter!(
	/// Which events.
	EventFilter {
		/// Of this pallet.
		pallet: String,
		/// Of this name.
		name: String,
		/// In this block.
		block: u32,
	}
);

/// A column and what it must be.
type Where = Vec<(&'static str, String)>;

fn wheres(pairs: Vec<(&'static str, Option<String>)>) -> Where {
	pairs.into_iter().filter_map(|(column, value)| value.map(|v| (column, v))).collect()
}

fn one_of(
	param: &'static str,
	value: Option<String>,
	allowed: &[&str],
) -> Result<Option<String>, ApiError> {
	match value {
		Some(v) if !allowed.contains(&v.as_str()) => Err(ApiError::invalid(
			param,
			format!("`{param}` is `{v}`; {} are allowed", allowed.join(", ")),
		)),
		other => Ok(other),
	}
}

fn accounts(param: &'static str, value: Option<String>) -> Result<Option<String>, ApiError> {
	value.map(|v| account(param, &v)).transpose()
}

/// What to read: a table, the kind of its details, and how it is ordered.
struct Table {
	name: &'static str,
	kind: Option<&'static str>,
	key: &'static str,
	order: &'static str,
}

fn by_id(name: &'static str, kind: &'static str) -> Table {
	Table { name, kind: Some(kind), key: "id", order: "id DESC" }
}

const BY_BLOCK: &str = "block DESC, idx DESC";

impl Table {
	fn select(&self) -> QueryBuilder<'static, Sqlite> {
		QueryBuilder::new(match self.kind {
			Some(kind) => format!(
				"SELECT t.*, d.json AS details FROM {} t LEFT JOIN details d \
				 ON d.kind = '{kind}' AND d.id = CAST(t.{} AS TEXT)",
				self.name, self.key
			),
			None => format!("SELECT t.* FROM {} t", self.name),
		})
	}

	fn filter(query: &mut QueryBuilder<'static, Sqlite>, filter: &Where) {
		for (i, (column, value)) in filter.iter().enumerate() {
			query.push(if i == 0 { " WHERE " } else { " AND " });
			query.push(format!("t.{column} = "));
			// Compared as a number where the column is one.
			match value.parse::<i64>() {
				Ok(number) => query.push_bind(number),
				Err(_) => query.push_bind(value.clone()),
			};
		}
	}

	async fn page<T>(
		&self,
		gateway: &Gateway,
		filter: Where,
		limit: Option<u32>,
		offset: Option<u32>,
	) -> Answer<Items<T>>
	where
		T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
	{
		let limit = limit.unwrap_or(50);
		if !(1..=200).contains(&limit) {
			return Err(ApiError::invalid("limit", "`limit` must lie in 1 to 200"));
		}
		let mut query = self.select();
		Self::filter(&mut query, &filter);
		let order = self.order.split(", ").map(|o| format!("t.{o}")).collect::<Vec<_>>();
		query.push(format!(" ORDER BY {} LIMIT ", order.join(", ")));
		query.push_bind(i64::from(limit)).push(" OFFSET ");
		query.push_bind(i64::from(offset.unwrap_or(0)));
		let items = query.build_query_as().fetch_all(gateway.index.pool()).await?;
		let mut query = QueryBuilder::new(format!("SELECT COUNT(*) FROM {} t", self.name));
		Self::filter(&mut query, &filter);
		let total = query.build_query_scalar().fetch_one(gateway.index.pool()).await?;
		Ok(Json(Items { items, total }))
	}

	async fn one<T>(&self, gateway: &Gateway, id: &str) -> Result<T, ApiError>
	where
		T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
	{
		let key = if self.key == "id" {
			let what = self.kind.unwrap_or(self.name);
			number(what, id)?.to_string()
		} else {
			id.to_owned()
		};
		let mut query = self.select();
		Self::filter(&mut query, &vec![(self.key, key)]);
		let found = query.build_query_as().fetch_optional(gateway.index.pool()).await?;
		found.ok_or_else(|| ApiError::not_found(self.kind.unwrap_or(self.name), id))
	}
}

/// How the gateway is.
#[derive(Serialize, ToSchema)]
pub struct Status {
	/// Version of the gateway.
	version: &'static str,
	/// Genesis hash of the chain; absent until connected.
	genesis: Option<String>,
	/// The newest finalised block, if the node answers.
	chain_block: Option<u32>,
	/// The last block in the index.
	index_block: u32,
	/// Its hash.
	index_hash: String,
	/// The workers behind this gateway.
	workers: Vec<Endpoint>,
	/// How many of what there are.
	#[schema(value_type = Object)]
	counts: Value,
}

/// How the gateway, its index and its workers are.
#[utoipa::path(get, path = "/api/status", tag = "chain",
	responses((status = 200, body = Status)))]
pub async fn status(State(gateway): App) -> Answer<Status> {
	let chain = gateway.chain.read().clone();
	let chain_block = match &chain {
		Some(chain) => chain.head().await.ok(),
		None => None,
	};
	let cursor = gateway.index.cursor().await?;
	let mut counts = json!({});
	for table in ["datanets", "contributions", "snapshots", "bases", "models", "jobs", "workers"] {
		let count: i64 = sqlx::query_scalar(&format!("SELECT COUNT(*) FROM {table}"))
			.fetch_one(gateway.index.pool())
			.await?;
		counts[table] = json!(count);
	}
	Ok(Json(Status {
		version: env!("CARGO_PKG_VERSION"),
		genesis: chain.map(|c| c.genesis()),
		chain_block,
		index_block: cursor.number,
		index_hash: cursor.hash,
		workers: gateway.workers.endpoints(),
		counts,
	}))
}

/// Whether the gateway answers.
#[utoipa::path(get, path = "/health", tag = "chain", responses((status = 200)))]
pub async fn health(State(gateway): App) -> Answer<Value> {
	let cursor = gateway.index.cursor().await?;
	let healthy = gateway.workers.endpoints().iter().filter(|e| e.healthy).count();
	Ok(Json(json!({ "status": "ok", "index_block": cursor.number, "workers_healthy": healthy })))
}

/// For a path that does not exist.
pub async fn nothing_here(uri: Uri) -> ApiError {
	let message = format!("there is nothing at {}; /openapi.json lists every path", uri.path());
	ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
}
