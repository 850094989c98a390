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

/// Datanets.
#[utoipa::path(get, path = "/api/datanets", tag = "chain", params(DatanetFilter),
	responses((status = 200, body = Items<Datanet>), (status = 400, body = ErrorBody)))]
pub async fn datanets(
	State(gateway): App,
	Params(f): Params<DatanetFilter>,
) -> Answer<Items<Datanet>> {
	let filter = wheres(vec![("owner", accounts("owner", f.owner)?)]);
	by_id("datanets", "datanet").page(&gateway, filter, f.limit, f.offset).await
}

/// One Datanet.
#[utoipa::path(get, path = "/api/datanets/{id}", tag = "chain",
	params(("id" = u32, Path, description = "its number")),
	responses((status = 200, body = Datanet), (status = 404, body = ErrorBody)))]
pub async fn datanet(State(gateway): App, Path(id): Path<String>) -> Answer<Datanet> {
	by_id("datanets", "datanet").one(&gateway, &id).await.map(Json)
}

/// Contributions.
#[utoipa::path(get, path = "/api/contributions", tag = "chain", params(ContributionFilter),
	responses((status = 200, body = Items<Contribution>), (status = 400, body = ErrorBody)))]
pub async fn contributions(
	State(gateway): App,
	Params(f): Params<ContributionFilter>,
) -> Answer<Items<Contribution>> {
	let states = ["pending", "accepted", "refused", "withdrawn"];
	let filter = wheres(vec![
		("datanet", f.datanet.map(|n| n.to_string())),
		("contributor", accounts("contributor", f.contributor)?),
		("status", one_of("status", f.status, &states)?),
	]);
	by_id("contributions", "contribution").page(&gateway, filter, f.limit, f.offset).await
}

/// A contribution with the curators' votes.
#[derive(Serialize, ToSchema)]
pub struct ContributionWithReviews {
	/// The contribution.
	#[serde(flatten)]
	contribution: Contribution,
	/// The votes.
	reviews: Vec<Review>,
}

/// One contribution and its reviews.
#[utoipa::path(get, path = "/api/contributions/{id}", tag = "chain",
	params(("id" = u64, Path, description = "its number")),
	responses((status = 200, body = ContributionWithReviews), (status = 404, body = ErrorBody)))]
pub async fn contribution(
	State(gateway): App,
	Path(id): Path<String>,
) -> Answer<ContributionWithReviews> {
	let contribution: Contribution =
		by_id("contributions", "contribution").one(&gateway, &id).await?;
	let reviews = sqlx::query_as(
		"SELECT curator, decision, at FROM reviews WHERE contribution = ? ORDER BY at, curator",
	)
	.bind(contribution.id)
	.fetch_all(gateway.index.pool())
	.await?;
	Ok(Json(ContributionWithReviews { contribution, reviews }))
}

/// Snapshots.
#[utoipa::path(get, path = "/api/snapshots", tag = "chain", params(SnapshotFilter),
	responses((status = 200, body = Items<Snapshot>), (status = 400, body = ErrorBody)))]
pub async fn snapshots(
	State(gateway): App,
	Params(f): Params<SnapshotFilter>,
) -> Answer<Items<Snapshot>> {
	let filter = wheres(vec![("datanet", f.datanet.map(|n| n.to_string()))]);
	by_id("snapshots", "snapshot").page(&gateway, filter, f.limit, f.offset).await
}

/// One snapshot.
#[utoipa::path(get, path = "/api/snapshots/{id}", tag = "chain",
	params(("id" = u32, Path, description = "its number")),
	responses((status = 200, body = Snapshot), (status = 404, body = ErrorBody)))]
pub async fn snapshot(State(gateway): App, Path(id): Path<String>) -> Answer<Snapshot> {
	by_id("snapshots", "snapshot").one(&gateway, &id).await.map(Json)
}

/// Base models.
#[utoipa::path(get, path = "/api/bases", tag = "chain", params(BaseFilter),
	responses((status = 200, body = Items<Base>), (status = 400, body = ErrorBody)))]
pub async fn bases(State(gateway): App, Params(f): Params<BaseFilter>) -> Answer<Items<Base>> {
	let filter = wheres(vec![("owner", accounts("owner", f.owner)?)]);
	by_id("bases", "base").page(&gateway, filter, f.limit, f.offset).await
}

/// One base model.
#[utoipa::path(get, path = "/api/bases/{id}", tag = "chain",
	params(("id" = u32, Path, description = "its number")),
	responses((status = 200, body = Base), (status = 404, body = ErrorBody)))]
pub async fn base(State(gateway): App, Path(id): Path<String>) -> Answer<Base> {
	by_id("bases", "base").one(&gateway, &id).await.map(Json)
}

/// Published models.
#[utoipa::path(get, path = "/api/models", tag = "chain", params(ModelFilter),
	responses((status = 200, body = Items<Model>), (status = 400, body = ErrorBody)))]
pub async fn models(State(gateway): App, Params(f): Params<ModelFilter>) -> Answer<Items<Model>> {
	let filter = wheres(vec![
		("owner", accounts("owner", f.owner)?),
		("base", f.base.map(|n| n.to_string())),
		("retired", f.retired.map(|r| u8::from(r).to_string())),
	]);
	by_id("models", "model").page(&gateway, filter, f.limit, f.offset).await
}

/// One model.
#[utoipa::path(get, path = "/api/models/{id}", tag = "chain",
	params(("id" = u64, Path, description = "its number")),
	responses((status = 200, body = Model), (status = 404, body = ErrorBody)))]
pub async fn model(State(gateway): App, Path(id): Path<String>) -> Answer<Model> {
	by_id("models", "model").one(&gateway, &id).await.map(Json)
}

/// Jobs.
#[utoipa::path(get, path = "/api/jobs", tag = "chain", params(JobFilter),
	responses((status = 200, body = Items<Job>), (status = 400, body = ErrorBody)))]
pub async fn jobs(State(gateway): App, Params(f): Params<JobFilter>) -> Answer<Items<Job>> {
	let states = ["open", "claimed", "reported", "settled", "cancelled", "expired"];
	let filter = wheres(vec![
		("requester", accounts("requester", f.requester)?),
		("worker", accounts("worker", f.worker)?),
		("state", one_of("state", f.state, &states)?),
		("kind", one_of("kind", f.kind, &["Train", "Infer"])?),
	]);
	by_id("jobs", "job").page(&gateway, filter, f.limit, f.offset).await
}

/// One job.
#[utoipa::path(get, path = "/api/jobs/{id}", tag = "chain",
	params(("id" = u64, Path, description = "its number")),
	responses((status = 200, body = Job), (status = 404, body = ErrorBody)))]
pub async fn job(State(gateway): App, Path(id): Path<String>) -> Answer<Job> {
	by_id("jobs", "job").one(&gateway, &id).await.map(Json)
}

const WORKERS: Table =
	Table { name: "workers", kind: Some("worker"), key: "owner", order: "at DESC" };

fn with_endpoint(gateway: &Gateway, worker: &mut Worker) {
	let endpoints = gateway.workers.endpoints();
	worker.endpoint =
		endpoints.into_iter().find(|e| e.owner.as_deref() == Some(worker.owner.as_str()));
}

/// Workers.
#[utoipa::path(get, path = "/api/workers", tag = "chain", params(WorkerFilter),
	responses((status = 200, body = Items<Worker>), (status = 400, body = ErrorBody)))]
pub async fn workers(
	State(gateway): App,
	Params(f): Params<WorkerFilter>,
) -> Answer<Items<Worker>> {
	let states = ["active", "exiting", "gone"];
	let filter = wheres(vec![("status", one_of("status", f.status, &states)?)]);
	let mut page: Json<Items<Worker>> = WORKERS.page(&gateway, filter, f.limit, f.offset).await?;
	for worker in &mut page.items {
		with_endpoint(&gateway, worker);
	}
	Ok(page)
}

/// One worker.
#[utoipa::path(get, path = "/api/workers/{owner}", tag = "chain",
	params(("owner" = String, Path, description = "its owner account")),
	responses((status = 200, body = Worker), (status = 404, body = ErrorBody)))]
pub async fn worker(State(gateway): App, Path(owner): Path<String>) -> Answer<Worker> {
	let mut worker = WORKERS.one(&gateway, &account("owner", &owner)?).await?;
	with_endpoint(&gateway, &mut worker);
	Ok(Json(worker))
}

/// Fees that were divided.
#[utoipa::path(get, path = "/api/settlements", tag = "chain", params(SettlementFilter),
	responses((status = 200, body = Items<Settlement>), (status = 400, body = ErrorBody)))]
pub async fn settlements(
	State(gateway): App,
	Params(f): Params<SettlementFilter>,
) -> Answer<Items<Settlement>> {
	let filter = wheres(vec![
		("model", f.model.map(|n| n.to_string())),
		("worker", accounts("worker", f.worker)?),
		("payer", accounts("payer", f.payer)?),
	]);
	let table = Table { name: "settlements", kind: None, key: "block", order: BY_BLOCK };
	table.page(&gateway, filter, f.limit, f.offset).await
}

/// Trees of earnings.
#[utoipa::path(get, path = "/api/epochs", tag = "chain", params(EpochFilter),
	responses((status = 200, body = Items<Epoch>), (status = 400, body = ErrorBody)))]
pub async fn epochs(State(gateway): App, Params(f): Params<EpochFilter>) -> Answer<Items<Epoch>> {
	let filter = wheres(vec![("worker", accounts("worker", f.worker)?)]);
	let table = Table { name: "epochs", kind: None, key: "worker", order: "at DESC, epoch DESC" };
	table.page(&gateway, filter, f.limit, f.offset).await
}

/// Earnings that were paid out.
#[utoipa::path(get, path = "/api/claims", tag = "chain", params(ClaimFilter),
	responses((status = 200, body = Items<Claim>), (status = 400, body = ErrorBody)))]
pub async fn claims(State(gateway): App, Params(f): Params<ClaimFilter>) -> Answer<Items<Claim>> {
	let filter = wheres(vec![
		("account", accounts("account", f.account)?),
		("worker", accounts("worker", f.worker)?),
	]);
	let table = Table { name: "claims", kind: None, key: "block", order: BY_BLOCK };
	table.page(&gateway, filter, f.limit, f.offset).await
}

/// Events of the chain.
#[utoipa::path(get, path = "/api/events", tag = "chain", params(EventFilter),
	responses((status = 200, body = Items<EventRow>), (status = 400, body = ErrorBody)))]
pub async fn events(
	State(gateway): App,
	Params(f): Params<EventFilter>,
) -> Answer<Items<EventRow>> {
	let filter = wheres(vec![
		("pallet", f.pallet),
		("name", f.name),
		("block", f.block.map(|n| n.to_string())),
	]);
	let table = Table { name: "events", kind: None, key: "block", order: BY_BLOCK };
	table.page(&gateway, filter, f.limit, f.offset).await
}

/// What an account earned with one worker.
#[derive(Serialize, ToSchema)]
pub struct WorkerEarnings {
	/// The worker.
	worker: String,
	/// The newest epoch that can be claimed.
	epoch: Option<i64>,
	/// Earned up to that epoch, since the beginning.
	earned: String,
	/// Paid out.
	claimed: String,
	/// Can be claimed now.
	claimable: String,
	/// Earned in epochs whose challenge window is still open.
	pending: String,
	/// Block from which the pending part can be claimed.
	pending_until: Option<i64>,
	/// The arguments of `attribution.claim`: the leaf and its proof.
	#[schema(value_type = Option<Object>)]
	claim: Option<Value>,
	/// Why the earnings cannot be shown.
	problem: Option<String>,
}

/// What an account earned.
#[derive(Serialize, ToSchema)]
pub struct Earnings {
	/// The account.
	account: String,
	/// Paid out.
	claimed: String,
	/// Can be claimed now.
	claimable: String,
	/// In open challenge windows.
	pending: String,
	/// By worker.
	workers: Vec<WorkerEarnings>,
}

/// What an account earned as a contributor, with the proofs that a claim needs.
#[utoipa::path(get, path = "/api/earnings/{account}", tag = "chain",
	params(("account" = String, Path, description = "SS58, 0x + 64 or 0x + 40 hex digits")),
	responses((status = 200, body = Earnings), (status = 400, body = ErrorBody)))]
pub async fn earnings(State(gateway): App, Path(text): Path<String>) -> Answer<Earnings> {
	let who = parse_account(&text).map_err(|e| ApiError::invalid("account", e.to_string()))?;
	let name = who.to_string();
	let pool = gateway.index.pool();
	let head = i64::from(gateway.index.cursor().await?.number);
	let claims: Vec<(String, String)> =
		sqlx::query_as("SELECT worker, amount FROM claims WHERE account = ?")
			.bind(&name)
			.fetch_all(pool)
			.await?;
	// The newest tree of each worker on either side of its challenge window.
	let trees: Vec<Epoch> = sqlx::query_as(
		"SELECT * FROM epochs e WHERE rejected = 0 AND epoch IN ( \
		   SELECT MAX(epoch) FROM epochs WHERE worker = e.worker AND rejected = 0 \
		     AND claimable_at <= ?1 \
		   UNION ALL \
		   SELECT MAX(epoch) FROM epochs WHERE worker = e.worker AND rejected = 0 \
		 ) ORDER BY worker, epoch",
	)
	.bind(head)
	.fetch_all(pool)
	.await?;
	let mut workers: Vec<WorkerEarnings> = Vec::new();
	for tree in trees {
		let paid = claims
			.iter()
			.filter(|(worker, _)| *worker == tree.worker)
			.filter_map(|(_, amount)| amount.parse::<u128>().ok())
			.fold(0u128, u128::saturating_add);
		if workers.last().is_none_or(|w| w.worker != tree.worker) {
			workers.push(WorkerEarnings {
				worker: tree.worker.clone(),
				epoch: None,
				earned: "0".into(),
				claimed: paid.to_string(),
				claimable: "0".into(),
				pending: "0".into(),
				pending_until: None,
				claim: None,
				problem: None,
			});
		}
		let Some(entry) = workers.last_mut() else { continue };
		let leaves = match leaves_of(&gateway, &tree).await {
			Ok(leaves) => leaves,
			Err(why) => {
				entry.problem = Some(why);
				continue;
			}
		};
		let index = leaves.iter().position(|leaf| leaf.account == who.0);
		let leaf = index.and_then(|i| leaves.get(i));
		let earned = leaf.map_or(0, |leaf| leaf.cumulative);
		if tree.claimable_at <= head {
			let claimable = earned.saturating_sub(paid);
			entry.epoch = Some(tree.epoch);
			entry.earned = earned.to_string();
			entry.claimable = claimable.to_string();
			entry.claim = index.filter(|_| claimable > 0).and_then(|i| {
				let proof = sum_tree::prove(&leaves, i)?;
				Some(json!({ "worker": tree.worker, "leaf": leaf, "proof": proof }))
			});
		} else {
			let known: u128 = entry.earned.parse().unwrap_or(0);
			entry.pending = earned.saturating_sub(known).to_string();
			entry.pending_until = Some(tree.claimable_at);
		}
	}
	workers.retain(|w| {
		w.problem.is_some() || [&w.earned, &w.claimed, &w.pending].iter().any(|a| *a != "0")
	});
	let sum = |of: fn(&WorkerEarnings) -> &String| {
		let amounts = workers.iter().filter_map(|w| of(w).parse::<u128>().ok());
		amounts.fold(0u128, u128::saturating_add).to_string()
	};
	Ok(Json(Earnings {
		account: name,
		claimed: sum(|w| &w.claimed),
		claimable: sum(|w| &w.claimable),
		pending: sum(|w| &w.pending),
		workers,
	}))
}

/// The leaves of a tree, checked against the root on the chain.
async fn leaves_of(gateway: &Gateway, tree: &Epoch) -> Result<Vec<Leaf>, String> {
	let cid = parse_cid(&tree.leaves).map_err(|e| e.to_string())?;
	let bytes = gateway
		.store
		.get(&cid)
		.await
		.map_err(|e| format!("the leaves of epoch {} cannot be read: {e}", tree.epoch))?;
	let leaves: Vec<Leaf> = serde_json::from_slice(&bytes)
		.map_err(|e| format!("the leaves of epoch {} are malformed: {e}", tree.epoch))?;
	let root = sum_tree::root(&leaves).map(|root| hex::encode(root.hash));
	if root.as_deref() != Some(tree.root.as_str()) {
		return Err(format!("the leaves of epoch {} do not have the root on chain", tree.epoch));
	}
	Ok(leaves)
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
