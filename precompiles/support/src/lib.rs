//! What the Solidity interfaces of the Weft pallets have in common: paying before working, who the
//! caller is, how errors and events look to a contract, and how accounts are written.
//!
//! - Every function charges its weight before it does anything else.
//! - What is wrong with a call is a revert with a text, `<function>: <what is wrong>`, which a
//!   contract can catch and a wallet shows. Nothing else about the call remains.
//! - A function that writes refuses read-only and delegate calls: in the one it may not write, in
//!   the other the caller would not be who it seems.
//! - No function takes value: it would be stuck on the precompile's account.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "std")]
pub mod mock;
#[cfg(feature = "std")]
pub mod testing;

use alloc::{format, string::String, vec::Vec};
use alloy_core::{primitives::FixedBytes, sol_types::SolEvent};
use frame_support::{
	traits::Get,
	weights::{constants::WEIGHT_REF_TIME_PER_NANOS, Weight},
};
use pallet_revive::{
	precompiles::{Error, Ext, RuntimeCosts, H256},
	Config,
};
use polkadot_sdk::*;
use sp_runtime::{traits::SaturatedConversion, DispatchError};

/// A bytes32 of the ABI.
pub type Bytes32 = FixedBytes<32>;

/// A revert with the text `<function>: <what>`.
pub fn revert(function: &str, what: impl AsRef<str>) -> Error {
	Error::Revert(format!("{function}: {}", what.as_ref()).into())
}

/// A revert that names the pallet's error.
///
/// Errors of a pallet are named as its documentation names them; those of the runtime itself
/// (not enough balance, for example) in words.
pub fn failed(function: &str, error: DispatchError) -> Error {
	revert(function, <&'static str>::from(error))
}

/// The weight of a view that reads `reads` rows of `bytes` bytes together: the reads, a
/// microsecond for each, and a nanosecond for each byte to decode and encode again.
pub fn view_weight<T: Config>(reads: u64, bytes: u64) -> Weight {
	let nanos = reads.saturating_mul(1_000).saturating_add(bytes).saturating_add(2_000);
	Weight::from_parts(nanos.saturating_mul(WEIGHT_REF_TIME_PER_NANOS), bytes)
		.saturating_add(T::DbWeight::get().reads(reads))
}

/// Charges the weight of a view, and refuses value.
pub fn begin_view<T: Config>(
	env: &mut impl Ext<T = T>,
	function: &str,
	weight: Weight,
) -> Result<(), Error> {
	env.frame_meter_mut().charge_weight_token(RuntimeCosts::Precompile(weight))?;
	ensure_no_value(env, function)
}

/// Charges the weight of a write, refuses value, read-only and delegate calls, and tells the
/// account of the caller: a user's, or the contract's own.
pub fn begin_write<T: Config>(
	env: &mut impl Ext<T = T>,
	function: &str,
	weight: Weight,
) -> Result<T::AccountId, Error> {
	env.frame_meter_mut().charge_weight_token(RuntimeCosts::Precompile(weight))?;
	if env.is_read_only() {
		return Err(pallet_revive::Error::<T>::StateChangeDenied.into());
	}
	if env.is_delegate_call() {
		return Err(pallet_revive::Error::<T>::PrecompileDelegateDenied.into());
	}
	ensure_no_value(env, function)?;
	env.caller().account_id().cloned().map_err(|_| revert(function, "the caller has no account"))
}

fn ensure_no_value<T: Config>(env: &impl Ext<T = T>, function: &str) -> Result<(), Error> {
	if env.value_transferred().is_zero() {
		Ok(())
	} else {
		Err(revert(function, "takes no value"))
	}
}

/// Logs an event under the precompile's address, and charges for it.
pub fn log<T: Config>(env: &mut impl Ext<T = T>, event: &impl SolEvent) -> Result<(), Error> {
	let (topics, data) = event.encode_log_data().split();
	let topics: Vec<H256> = topics.into_iter().map(|topic| H256(topic.0)).collect();
	env.frame_meter_mut().charge_weight_token(RuntimeCosts::DepositEvent {
		num_topic: topics.len().saturated_into(),
		len: data.len().saturated_into(),
	})?;
	env.deposit_event(topics, data.to_vec());
	Ok(())
}

/// An account as a bytes32.
pub fn to_bytes32<AccountId: Clone + Into<[u8; 32]>>(account: &AccountId) -> Bytes32 {
	FixedBytes(account.clone().into())
}

/// The account of a bytes32.
pub fn to_account<AccountId: From<[u8; 32]>>(bytes: &Bytes32) -> AccountId {
	bytes.0.into()
}

/// Stored bytes as a Solidity string. What the pallets store as a name is UTF-8.
pub fn to_string(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}
