//! One file for each call, and the questions of other pallets.

mod publish;
mod queries;
mod register_base;
mod retire;
mod set_price;

pub(crate) use crate::{mock::*, *};
pub(crate) use frame_support::{assert_noop, assert_ok};
pub(crate) use sp_runtime::DispatchError;

pub(crate) type E = Error<Test>;

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}
