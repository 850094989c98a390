//! What a node answers about models without a transaction.

use crate::Lineage;
use polkadot_sdk::*;
use weft_primitives::ids::ModelId;

sp_api::decl_runtime_apis! {
	/// Questions about models.
	pub trait ModelsApi {
		/// Where a model comes from; `None` if there is no such model.
		fn lineage(model: ModelId) -> Option<Lineage>;
	}
}
