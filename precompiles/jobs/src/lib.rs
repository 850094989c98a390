//! The Solidity interface of `pallet-jobs`, `IJobs.sol`, at
//! `0x0000000000000000000000000000000009030000`.

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
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use pallet_jobs::{
	Job, JobKind, JobResult, JobSpec, JobState, Jobs as Rows, NextJob, Rates, WeightInfo,
};
use pallet_revive::{
	precompiles::{AddressMatcher, Error, Ext, Precompile},
	Config,
};
use polkadot_sdk::*;
use sp_runtime::traits::SaturatedConversion;
use weft_precompile_support as support;
use weft_primitives::pricing;

alloy_core::sol!("IJobs.sol");

type JobOf<T> = Job<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

/// The precompile.
pub struct Jobs<T>(PhantomData<T>);

impl<T> Precompile for Jobs<T>
where
	T: Config + pallet_jobs::Config,
	T::AccountId: Into<[u8; 32]>,
{
	type T = T;
	type Interface = IJobs::IJobsCalls;
	const MATCHER: AddressMatcher = match NonZero::new(0x0903) {
		Some(address) => AddressMatcher::Fixed(address),
		None => unreachable!(),
	};
	const HAS_CONTRACT_INFO: bool = false;

	fn call(
		_address: &[u8; 20],
		input: &Self::Interface,
		env: &mut impl Ext<T = Self::T>,
	) -> Result<Vec<u8>, Error> {
		use IJobs::IJobsCalls as Calls;
		match input {
			Calls::submitInference(call) => Self::submit_inference(call, env),
			Calls::getJob(call) => Self::get_job(call, env),
			Calls::getRequest(call) => Self::get_request(call, env),
			Calls::cancel(call) => Self::cancel(call, env),
			Calls::settle(call) => Self::settle(call, env),
		}
	}
}

impl<T> Jobs<T>
where
	T: Config + pallet_jobs::Config,
	T::AccountId: Into<[u8; 32]>,
{
	fn submit_inference(
		call: &IJobs::submitInferenceCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		let weight = <T as pallet_jobs::Config>::WeightInfo::submit();
		let who = support::begin_write(env, "submitInference", weight)?;
		let job = NextJob::<T>::get();
		pallet_jobs::Pallet::<T>::submit(
			RawOrigin::Signed(who.clone()).into(),
			JobSpec::Infer {
				model: call.model,
				prompt: call.promptCid.0,
				max_tokens: call.maxTokens,
			},
			call.maxPrice,
			call.acceptWithin,
			call.runWithin,
		)
		.map_err(|error| support::failed("submitInference", error))?;
		support::log(
			env,
			&IJobs::Submitted {
				jobId: job,
				requester: support::to_bytes32(&who),
				model: call.model,
				promptCid: call.promptCid,
				maxTokens: call.maxTokens,
				maxPrice: call.maxPrice,
			},
		)?;
		Ok(IJobs::submitInferenceCall::abi_encode_returns(&job))
	}

	fn get_job(call: &IJobs::getJobCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		Self::begin_view(env, "getJob")?;
		let job = Self::find("getJob", call.jobId)?;
		let (state, worker, result, settled) = match &job.state {
			JobState::Open { .. } => (IJobs::State::Open, None, None, false),
			JobState::Claimed { worker, .. } => (IJobs::State::Claimed, Some(worker), None, false),
			JobState::Reported { worker, result, .. } => {
				(IJobs::State::Reported, Some(worker), Some(result), false)
			}
			JobState::Settled { worker, result, .. } => {
				(IJobs::State::Settled, Some(worker), Some(result), true)
			}
		};
		let (result_hash, answer, tokens_in, tokens_out) = match result {
			Some(JobResult::Answered { result, answer, tokens_in, tokens_out, .. }) => {
				(*result, *answer, *tokens_in, *tokens_out)
			}
			Some(JobResult::Trained { adapter, index_root, .. }) => (*index_root, *adapter, 0, 0),
			// A failed attempt opens the job again or ends it; no row keeps it.
			Some(JobResult::Failed { .. }) | None => ([0; 32], [0; 32], 0, 0),
		};
		let paid = if settled { Self::paid(&job, tokens_in, tokens_out) } else { 0 };
		Ok(IJobs::getJobCall::abi_encode_returns(&IJobs::getJobReturn {
			state,
			worker: worker.map(support::to_bytes32).unwrap_or_default(),
			resultHash: result_hash.into(),
			answerCid: answer.into(),
			tokensIn: tokens_in,
			tokensOut: tokens_out,
			paid,
		}))
	}

	fn get_request(
		call: &IJobs::getRequestCall,
		env: &mut impl Ext<T = T>,
	) -> Result<Vec<u8>, Error> {
		Self::begin_view(env, "getRequest")?;
		let job = Self::find("getRequest", call.jobId)?;
		let deadline = job.state.deadline();
		let (target, input, max_tokens) = match job.spec {
			JobSpec::Train { base, config, .. } => (base.into(), config, 0),
			JobSpec::Infer { model, prompt, max_tokens } => (model, prompt, max_tokens),
		};
		Ok(IJobs::getRequestCall::abi_encode_returns(&IJobs::getRequestReturn {
			requester: support::to_bytes32(&job.requester),
			kind: match job.spec.kind() {
				JobKind::Train => IJobs::Kind::Train,
				JobKind::Infer => IJobs::Kind::Infer,
			},
			target,
			input: input.into(),
			maxTokens: max_tokens,
			price: job.price,
			deposit: job.deposit,
			deadline: deadline.saturated_into(),
		}))
	}

	fn cancel(call: &IJobs::cancelCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		let weight = <T as pallet_jobs::Config>::WeightInfo::cancel();
		let who = support::begin_write(env, "cancel", weight)?;
		pallet_jobs::Pallet::<T>::cancel(RawOrigin::Signed(who).into(), call.jobId)
			.map_err(|error| support::failed("cancel", error))?;
		support::log(env, &IJobs::Cancelled { jobId: call.jobId })?;
		Ok(Vec::new())
	}

	fn settle(call: &IJobs::settleCall, env: &mut impl Ext<T = T>) -> Result<Vec<u8>, Error> {
		// The row is read once more for the log.
		let weight =
			<T as pallet_jobs::Config>::WeightInfo::settle().saturating_add(Self::row_weight());
		let who = support::begin_write(env, "settle", weight)?;
		pallet_jobs::Pallet::<T>::settle(RawOrigin::Signed(who).into(), call.jobId)
			.map_err(|error| support::failed("settle", error))?;
		let job = Self::find("settle", call.jobId)?;
		if let JobState::Settled { worker, result, .. } = &job.state {
			let (tokens_in, tokens_out) = match result {
				JobResult::Answered { tokens_in, tokens_out, .. } => (*tokens_in, *tokens_out),
				_ => (0, 0),
			};
			let event = IJobs::Settled {
				jobId: call.jobId,
				worker: support::to_bytes32(worker),
				paid: Self::paid(&job, tokens_in, tokens_out),
			};
			support::log(env, &event)?;
		}
		Ok(Vec::new())
	}

	/// What a settled job cost, as the pallet reckons it: an answer its tokens at the rates that
	/// held at submission and at most the price, training the price.
	fn paid(job: &JobOf<T>, tokens_in: u32, tokens_out: u32) -> u128 {
		let Some(Rates { price_in, price_out }) = job.rates else { return job.price };
		pricing::fee(price_in, price_out, tokens_in, tokens_out)
			.map_or(job.price, |fee| fee.min(job.price))
	}

	fn row_weight() -> frame_support::weights::Weight {
		support::view_weight::<T>(1, JobOf::<T>::max_encoded_len() as u64)
	}

	fn begin_view(env: &mut impl Ext<T = T>, function: &str) -> Result<(), Error> {
		support::begin_view(env, function, Self::row_weight())
	}

	fn find(function: &str, job: u64) -> Result<JobOf<T>, Error> {
		Rows::<T>::get(job).ok_or_else(|| support::revert(function, "UnknownJob"))
	}
}
