//! What clients read through the runtime.

// The macro repeats the bound of `AccountId` on its methods.
#![allow(clippy::multiple_bound_locations)]

use crate::{Channel, Ledger};
use codec::Codec;
use polkadot_sdk::*;
use weft_primitives::ids::ModelId;

sp_api::decl_runtime_apis! {
	/// Earnings and channels.
	pub trait EarningsApi<AccountId: Codec> {
		/// A worker's ledger as of this block, with matured trees promoted. `worker` is its owner.
		fn ledger(worker: AccountId) -> Option<Ledger>;
		/// What `account` has claimed of its earnings from `worker`, in plancks.
		fn claimed(worker: AccountId, account: AccountId) -> u128;
		/// The channel of `payer` with `worker` for `model`.
		fn channel(payer: AccountId, worker: AccountId, model: ModelId) -> Option<Channel>;
	}
}
