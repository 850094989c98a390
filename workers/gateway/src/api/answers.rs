//! What each path of `/api` answers.

use super::*;

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
