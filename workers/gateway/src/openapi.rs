//! `/openapi.json`.

use axum::Json;
use utoipa::OpenApi;

/// The description of every path.
#[derive(OpenApi)]
#[openapi(
	info(
		title = "Weft gateway",
		description = "OpenAI-compatible answers with attribution, content-addressed blobs, and the \
			index of the Weft chain. Amounts are decimal strings in plancks (10^12 plancks are one \
			WEFT); accounts are SS58, or 0x with 40 hex digits for Ethereum's.",
		license(name = "Apache-2.0")
	),
	paths(
		crate::proxy::chat,
		crate::proxy::completions,
		crate::proxy::models,
		crate::proxy::model,
		crate::proxy::receipt,
		crate::proxy::payer,
		crate::blobs::put,
		crate::blobs::put_as,
		crate::blobs::get,
		crate::blobs::head,
		crate::blobs::upload_create,
		crate::blobs::upload_head,
		crate::blobs::upload_patch,
		crate::blobs::upload_delete,
		crate::api::status,
		crate::api::datanets,
		crate::api::datanet,
		crate::api::contributions,
		crate::api::contribution,
		crate::api::snapshots,
		crate::api::snapshot,
		crate::api::bases,
		crate::api::base,
		crate::api::models,
		crate::api::model,
		crate::api::jobs,
		crate::api::job,
		crate::api::workers,
		crate::api::worker,
		crate::api::settlements,
		crate::api::epochs,
		crate::api::claims,
		crate::api::earnings,
		crate::api::events,
		crate::api::health,
		crate::stream::handler,
	),
	tags(
		(name = "openai", description = "As OpenAI's clients expect"),
		(name = "blobs", description = "Bytes by their blake2b-256"),
		(name = "chain", description = "What happened on the chain"),
	)
)]
pub struct Document;

/// The description as JSON.
pub fn document() -> utoipa::openapi::OpenApi {
	Document::openapi()
}

/// `/openapi.json`
pub async fn handler() -> Json<utoipa::openapi::OpenApi> {
	Json(document())
}
