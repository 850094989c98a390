//! The Solidity interface of `pallet-datanets`, `IDatanets.sol`, at
//! `0x0000000000000000000000000000000009010000`.

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
use frame_system::RawOrigin;
use pallet_datanets::{
	Contributions, ContributorStats, Datanets as Rows, NextContribution, Snapshots, Status,
	WeightInfo, MAX_CONTRIBUTIONS_PER_DATANET,
};
use pallet_revive::{
	precompiles::{AddressMatcher, Error, Ext, Precompile},
	Config,
};
use polkadot_sdk::*;
use sp_runtime::traits::SaturatedConversion;
use weft_precompile_support as support;

alloy_core::sol!("IDatanets.sol");

/// The precompile.
pub struct Datanets<T>(PhantomData<T>);

impl<T> Precompile for Datanets<T>
where
	T: Config + pallet_datanets::Config,
	T::AccountId: Into<[u8; 32]> + From<[u8; 32]>,
{
	type T = T;
	type Interface = IDatanets::IDatanetsCalls;
	const MATCHER: AddressMatcher = match NonZero::new(0x0901) {
		Some(address) => AddressMatcher::Fixed(address),
		None => unreachable!(),
	};
	const HAS_CONTRACT_INFO: bool = false;

	fn call(
		_address: &[u8; 20],
		input: &Self::Interface,
		env: &mut impl Ext<T = Self::T>,
	) -> Result<Vec<u8>, Error> {
		use IDatanets::IDatanetsCalls as Calls;
		match input {
			Calls::getDatanet(call) => Self::get_datanet(call, env),
			Calls::getContribution(call) => Self::get_contribution(call, env),
			Calls::getSnapshot(call) => Self::get_snapshot(call, env),
			Calls::contributorStats(call) => Self::contributor_stats(call, env),
			Calls::contribute(call) => Self::contribute(call, env),
		}
	}
}

impl<T> Datanets<T>
where
	T: Config + pallet_datanets::Config,
	T::AccountId: Into<[u8; 32]> + From<[u8; 32]>,
{
	fn get_datanet(
		call: &IDatanets::getDatanetCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		let size = pallet_datanets::DatanetOf::<T>::max_encoded_len() as u64;
		support::begin_view(env, "getDatanet", support::view_weight::<T>(1, size))?;
		let row = Rows::<T>::get(call.datanet)
			.ok_or_else(|| support::revert("getDatanet", "DatanetNotFound"))?;
		let schema = match row.schema {
			pallet_datanets::Schema::Chat => IDatanets::Schema::Chat,
			pallet_datanets::Schema::Completion => IDatanets::Schema::Completion,
			pallet_datanets::Schema::Text => IDatanets::Schema::Text,
		};
		Ok(IDatanets::getDatanetCall::abi_encode_returns(&IDatanets::Datanet {
			owner: support::to_bytes32(&row.owner),
			name: support::to_string(&row.name),
			description: row.description.into(),
			licence: row.licence.into(),
			schema,
			curators: row.curators.iter().map(support::to_bytes32).collect(),
			approvals: row.approvals,
			depositPerRecord: row.deposit_per_record.saturated_into(),
			depositPerByte: row.deposit_per_byte.saturated_into(),
			pending: row.pending,
			accepted: row.accepted,
			acceptedRecords: row.accepted_records,
			versions: row.versions,
			at: row.at.saturated_into(),
		}))
	}

	fn get_contribution(
		call: &IDatanets::getContributionCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		let size = pallet_datanets::ContributionOf::<T>::max_encoded_len() as u64;
		support::begin_view(env, "getContribution", support::view_weight::<T>(1, size))?;
		let not_found = || support::revert("getContribution", "ContributionNotFound");
		let row = Contributions::<T>::get(call.contribution).ok_or_else(not_found)?;
		let (status, bitmap, quality) = match row.status {
			Status::Pending => (IDatanets::Status::Pending, Vec::new(), 0),
			Status::Accepted { bitmap, quality } => {
				(IDatanets::Status::Accepted, bitmap.into_inner(), quality)
			}
			// Never stored.
			Status::Refused { .. } => return Err(not_found()),
		};
		Ok(IDatanets::getContributionCall::abi_encode_returns(&IDatanets::Contribution {
			datanet: row.datanet,
			contributor: support::to_bytes32(&row.contributor),
			root: row.root.into(),
			records: row.records,
			byteLength: row.bytes,
			cid: row.cid.into(),
			deposit: row.deposit.saturated_into(),
			report: row.report.unwrap_or_default().into(),
			status,
			acceptedBitmap: bitmap.into(),
			quality,
			at: row.at.saturated_into(),
		}))
	}

	fn get_snapshot(
		call: &IDatanets::getSnapshotCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		// The row, and an answer of two words for each contribution.
		let size = (pallet_datanets::SnapshotOf::<T>::max_encoded_len() as u64)
			.saturating_add(u64::from(MAX_CONTRIBUTIONS_PER_DATANET).saturating_mul(64));
		support::begin_view(env, "getSnapshot", support::view_weight::<T>(1, size))?;
		let row = Snapshots::<T>::get(call.snapshot)
			.ok_or_else(|| support::revert("getSnapshot", "SnapshotNotFound"))?;
		Ok(IDatanets::getSnapshotCall::abi_encode_returns(&IDatanets::Snapshot {
			datanet: row.datanet,
			version: row.version,
			root: row.root.into(),
			records: row.records,
			contributions: row
				.contributions
				.into_iter()
				.map(|(contribution, records)| IDatanets::SnapshotEntry {
					contribution,
					acceptedRecords: records,
				})
				.collect(),
			at: row.at.saturated_into(),
		}))
	}

	fn contributor_stats(
		call: &IDatanets::contributorStatsCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		support::begin_view(env, "contributorStats", support::view_weight::<T>(1, 64))?;
		let who: T::AccountId = support::to_account(&call.contributor);
		let stats = ContributorStats::<T>::get(call.datanet, who);
		Ok(IDatanets::contributorStatsCall::abi_encode_returns(
			&IDatanets::contributorStatsReturn {
				accepted: stats.accepted,
				refused: stats.refused,
				slashed: stats.slashed.saturated_into(),
			},
		))
	}

	fn contribute(
		call: &IDatanets::contributeCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		let weight = <T as pallet_datanets::Config>::WeightInfo::contribute();
		let who = support::begin_write(env, "contribute", weight)?;
		let contribution = NextContribution::<T>::get();
		pallet_datanets::Pallet::<T>::contribute(
			RawOrigin::Signed(who.clone()).into(),
			call.datanet,
			call.root.0,
			call.records,
			call.byteLength,
			call.cid.0,
		)
		.map_err(|error| support::failed("contribute", error))?;
		let deposit = Contributions::<T>::get(contribution).map(|row| row.deposit);
		support::log(
			env,
			&IDatanets::Contributed {
				contribution,
				datanet: call.datanet,
				contributor: support::to_bytes32(&who),
				root: call.root,
				records: call.records,
				byteLength: call.byteLength,
				cid: call.cid,
				deposit: deposit.unwrap_or_default().saturated_into(),
			},
		)?;
		Ok(IDatanets::contributeCall::abi_encode_returns(&contribution))
	}
}
