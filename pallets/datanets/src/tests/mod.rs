//! One file for each call, and the invariants under random calls.

mod attach_report;
mod contribute;
mod create;
mod money;
mod review;
mod snapshot;
mod withdraw;

pub(crate) use crate::{mock::*, *};
// The runtime's pallet, and not the storage item of the same name.
pub(crate) use crate::mock::Datanets;
pub(crate) use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold, BoundedVec};
pub(crate) use sp_runtime::{DispatchError, TokenError};

pub(crate) type E = Error<Test>;

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

pub(crate) fn held(who: AccountId) -> u64 {
	Balances::balance_on_hold(&HoldReason::Contribution.into(), &who)
}

pub(crate) fn accept() -> Decision {
	Decision::Accept { quality: 80 }
}

pub(crate) fn refuse(reason: Reason) -> Decision {
	Decision::Refuse { quality: 10, reason }
}

pub(crate) fn mixed(reason: Reason, accepted: &[u8]) -> Decision {
	Decision::Mixed { quality: 40, reason, accepted: Bitmap::truncate_from(accepted.to_vec()) }
}
