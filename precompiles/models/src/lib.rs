//! The Solidity interface of `pallet-models`, `IModels.sol`, at
//! `0x0000000000000000000000000000000009020000`. It only reads.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use alloy_core::sol_types::SolCall;
use codec::MaxEncodedLen;
use core::{marker::PhantomData, num::NonZero};
use pallet_models::{Bases, Models as Rows, WeightInfo};
use pallet_revive::{
	precompiles::{AddressMatcher, Error, Ext, Precompile},
	Config,
};
use polkadot_sdk::*;
use sp_runtime::traits::SaturatedConversion;
use weft_precompile_support as support;

alloy_core::sol!("IModels.sol");

/// The precompile.
pub struct Models<T>(PhantomData<T>);

impl<T> Precompile for Models<T>
where
	T: Config + pallet_models::Config,
	T::AccountId: Into<[u8; 32]>,
{
	type T = T;
	type Interface = IModels::IModelsCalls;
	const MATCHER: AddressMatcher = match NonZero::new(0x0902) {
		Some(address) => AddressMatcher::Fixed(address),
		None => unreachable!(),
	};
	const HAS_CONTRACT_INFO: bool = false;

	fn call(
		_address: &[u8; 20],
		input: &Self::Interface,
		env: &mut impl Ext<T = Self::T>,
	) -> Result<Vec<u8>, Error> {
		use IModels::IModelsCalls as Calls;
		match input {
			Calls::getBase(call) => Self::get_base(call, env),
			Calls::getModel(call) => Self::get_model(call, env),
			Calls::lineage(call) => Self::lineage(call, env),
		}
	}
}

impl<T> Models<T>
where
	T: Config + pallet_models::Config,
	T::AccountId: Into<[u8; 32]>,
{
	fn get_base(call: &IModels::getBaseCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		let size = pallet_models::BaseOf::<T>::max_encoded_len() as u64;
		support::begin_view(env, "getBase", support::view_weight::<T>(1, size))?;
		let row =
			Bases::<T>::get(call.base).ok_or_else(|| support::revert("getBase", "BaseNotFound"))?;
		Ok(IModels::getBaseCall::abi_encode_returns(&IModels::Base {
			owner: support::to_bytes32(&row.owner),
			name: support::to_string(&row.name),
			architecture: support::to_string(&row.architecture),
			weightsHash: row.weights.into(),
			tokenizerHash: row.tokenizer.into(),
			licence: row.licence.into(),
			at: row.at.saturated_into(),
		}))
	}

	fn get_model(
		call: &IModels::getModelCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		let size = pallet_models::ModelOf::<T>::max_encoded_len() as u64;
		support::begin_view(env, "getModel", support::view_weight::<T>(1, size))?;
		let row = Rows::<T>::get(call.model)
			.ok_or_else(|| support::revert("getModel", "ModelNotFound"))?;
		Ok(IModels::getModelCall::abi_encode_returns(&IModels::Model {
			owner: support::to_bytes32(&row.owner),
			name: support::to_string(&row.name),
			base: row.base,
			job: row.job,
			snapshots: row.snapshots.into_inner(),
			adapter: row.adapter.into(),
			indexRoot: row.index_root.into(),
			index: row.index.into(),
			metrics: row.metrics.into(),
			priceIn: row.price_in.saturated_into(),
			priceOut: row.price_out.saturated_into(),
			split: IModels::Split {
				treasury: row.split.treasury,
				baseOwner: row.split.base_owner,
				developer: row.split.developer,
				worker: row.split.worker,
				contributors: row.split.contributors,
			},
			retired: row.retired,
			at: row.at.saturated_into(),
		}))
	}

	fn lineage(call: &IModels::lineageCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		let weight = <T as pallet_models::Config>::WeightInfo::lineage();
		support::begin_view(env, "lineage", weight)?;
		let lineage = pallet_models::Pallet::<T>::lineage(call.model)
			.ok_or_else(|| support::revert("lineage", "ModelNotFound"))?;
		Ok(IModels::lineageCall::abi_encode_returns(&IModels::lineageReturn {
			base: lineage.base,
			job: lineage.job,
			snapshots: lineage.snapshots,
			datanets: lineage.datanets,
		}))
	}
}
