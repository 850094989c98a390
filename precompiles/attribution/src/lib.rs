//! The Solidity interface of `pallet-attribution`, `IEarnings.sol`, at
//! `0x0000000000000000000000000000000009040000`.

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
use pallet_attribution::{Ledger, WeightInfo};
use pallet_revive::{
	precompiles::{AddressMatcher, Error, Ext, Precompile, H160},
	Config,
};
use polkadot_sdk::*;
use weft_precompile_support as support;
use weft_primitives::sum_tree::{Leaf, SumProof, MAX_PROOF_LEN};

alloy_core::sol!("IEarnings.sol");

/// The precompile.
pub struct Earnings<T>(PhantomData<T>);

impl<T> Precompile for Earnings<T>
where
	T: Config + pallet_attribution::Config,
{
	type T = T;
	type Interface = IEarnings::IEarningsCalls;
	const MATCHER: AddressMatcher = match NonZero::new(0x0904) {
		Some(address) => AddressMatcher::Fixed(address),
		None => unreachable!(),
	};
	const HAS_CONTRACT_INFO: bool = false;

	fn call(
		_address: &[u8; 20],
		input: &Self::Interface,
		env: &mut impl Ext<T = Self::T>,
	) -> Result<Vec<u8>, Error> {
		use IEarnings::IEarningsCalls as Calls;
		match input {
			Calls::accountOf(call) => Self::account_of(call, env),
			Calls::channel(call) => Self::channel(call, env),
			Calls::ledger(call) => Self::ledger(call, env),
			Calls::claimed(call) => Self::claimed(call, env),
			Calls::deposit(call) => Self::deposit(call, env),
			Calls::claim(call) => Self::claim(call, env),
		}
	}
}

impl<T> Earnings<T>
where
	T: Config + pallet_attribution::Config,
{
	fn account_of(
		call: &IEarnings::accountOfCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		support::begin_view(env, "accountOf", support::view_weight::<T>(1, 64))?;
		let account = env.to_account_id(&H160(call.who.into_array()));
		let account = support::to_bytes32(&account);
		Ok(IEarnings::accountOfCall::abi_encode_returns(&account))
	}

	fn channel(call: &IEarnings::channelCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		support::begin_view(env, "channel", support::view_weight::<T>(1, 64))?;
		let channel = pallet_attribution::Pallet::<T>::channel(
			&support::to_account(&call.payer),
			&support::to_account(&call.worker),
			call.model,
		)
		.unwrap_or_default();
		Ok(IEarnings::channelCall::abi_encode_returns(&IEarnings::channelReturn {
			deposited: channel.deposited,
			settled: channel.settled,
			closing: channel.closing.unwrap_or(0),
		}))
	}

	fn ledger(call: &IEarnings::ledgerCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		let size = Ledger::max_encoded_len() as u64;
		support::begin_view(env, "ledger", support::view_weight::<T>(1, size))?;
		let ledger = pallet_attribution::Pallet::<T>::ledger(&support::to_account(&call.worker))
			.unwrap_or_default();
		let mut answer = IEarnings::Ledger {
			received: ledger.received,
			allotted: ledger.allotted,
			reserve: ledger.reserve,
			claimed: ledger.claimed,
			unallotted: ledger.unallotted,
			epoch: ledger.epoch,
			currentEpoch: 0,
			currentRoot: Default::default(),
			currentTotal: 0,
			currentCount: 0,
			currentLeaves: Default::default(),
			pending: u32::try_from(ledger.pending.len()).unwrap_or(u32::MAX),
		};
		if let Some(tree) = ledger.current {
			answer.currentEpoch = tree.epoch;
			answer.currentRoot = tree.root.hash.into();
			answer.currentTotal = tree.root.total;
			answer.currentCount = tree.root.count;
			answer.currentLeaves = tree.leaves.into();
		}
		Ok(IEarnings::ledgerCall::abi_encode_returns(&answer))
	}

	fn claimed(call: &IEarnings::claimedCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		support::begin_view(env, "claimed", support::view_weight::<T>(1, 64))?;
		let claimed = Self::claimed_of(&call.worker, &call.account);
		Ok(IEarnings::claimedCall::abi_encode_returns(&claimed))
	}

	fn deposit(call: &IEarnings::depositCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		let weight = <T as pallet_attribution::Config>::WeightInfo::deposit();
		let payer = support::begin_write(env, "deposit", weight)?;
		pallet_attribution::Pallet::<T>::deposit(
			RawOrigin::Signed(payer.clone()).into(),
			support::to_account(&call.worker),
			call.model,
			call.amount,
		)
		.map_err(|error| support::failed("deposit", error))?;
		support::log(
			env,
			&IEarnings::Deposited {
				payer: support::to_bytes32(&payer),
				worker: call.worker,
				model: call.model,
				amount: call.amount,
			},
		)?;
		Ok(Vec::new())
	}

	fn claim(call: &IEarnings::claimCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		// What was claimed is read once before and once after, for the answer.
		let siblings = u32::try_from(call.siblingHashes.len()).unwrap_or(u32::MAX);
		let weight = <T as pallet_attribution::Config>::WeightInfo::claim(siblings)
			.saturating_add(support::view_weight::<T>(2, 128));
		let who = support::begin_write(env, "claim", weight)?;
		if call.siblingHashes.len() != call.siblingSums.len() {
			return Err(support::revert("claim", "siblingHashes and siblingSums differ in length"));
		}
		if call.siblingHashes.len() > MAX_PROOF_LEN {
			return Err(support::revert("claim", "a proof has at most 32 siblings"));
		}
		let hashes = call.siblingHashes.iter().map(|hash| hash.0);
		let proof = SumProof {
			index: call.index,
			siblings: hashes.zip(call.siblingSums.iter().copied()).collect(),
		};
		let before = Self::claimed_of(&call.worker, &call.account);
		pallet_attribution::Pallet::<T>::claim(
			RawOrigin::Signed(who).into(),
			support::to_account(&call.worker),
			Leaf { account: call.account.0, cumulative: call.cumulative },
			proof,
		)
		.map_err(|error| support::failed("claim", error))?;
		let amount = Self::claimed_of(&call.worker, &call.account).saturating_sub(before);
		support::log(
			env,
			&IEarnings::Claimed { worker: call.worker, account: call.account, amount },
		)?;
		Ok(IEarnings::claimCall::abi_encode_returns(&amount))
	}

	fn claimed_of(worker: &support::Bytes32, account: &support::Bytes32) -> u128 {
		pallet_attribution::Pallet::<T>::claimed(
			&support::to_account(worker),
			&support::to_account(account),
		)
	}
}
