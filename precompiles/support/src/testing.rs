//! For tests of precompiles: calls as a wallet makes them, and contracts in a few bytes of EVM
//! code, so that no compiler is needed.

use alloy_core::sol_types::{Revert, SolError};
use frame_system::RawOrigin;
use pallet_revive::{
	precompiles::{TransactionLimits, H160, U256},
	test_utils::builder::{BareCallBuilder, BareInstantiateBuilder},
	Code, Config, ExecReturnValue,
};
use polkadot_sdk::*;
use sp_runtime::{DispatchError, Weight};

/// Why a call did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
	/// It reverted with this text; an empty one if what came back is no text.
	Revert(String),
	/// It was aborted.
	Abort(DispatchError),
}

/// A call of `to` by `who`: what it returned, or why it failed.
pub fn call<T: Config>(who: &T::AccountId, to: H160, data: Vec<u8>) -> Result<Vec<u8>, Failure> {
	outcome(caller::<T>(who, to).data(data).build().result)
}

/// As [`call`], with `value` in wei.
pub fn call_with_value<T: Config>(
	who: &T::AccountId,
	to: H160,
	data: Vec<u8>,
	value: U256,
) -> Result<Vec<u8>, Failure> {
	outcome(caller::<T>(who, to).data(data).evm_value(value).build().result)
}

/// As [`call`], with no more than `weight`.
pub fn call_with_weight<T: Config>(
	who: &T::AccountId,
	to: H160,
	data: Vec<u8>,
	weight: Weight,
) -> Result<Vec<u8>, Failure> {
	let limits =
		TransactionLimits::WeightAndDeposit { weight_limit: weight, deposit_limit: 0u32.into() };
	outcome(caller::<T>(who, to).data(data).transaction_limits(limits).build().result)
}

/// Deploys [`forwarder`] and tells its address, which is of `who` and `kind`.
pub fn deploy<T: Config>(who: &T::AccountId, target: H160, kind: CallKind) -> H160 {
	let origin = RawOrigin::Signed(who.clone()).into();
	BareInstantiateBuilder::<T>::bare_instantiate(origin, Code::Upload(forwarder(target.0, kind)))
		.salt(Some([kind as u8; 32]))
		.build_and_unwrap_contract()
		.addr
}

fn caller<T: Config>(who: &T::AccountId, to: H160) -> BareCallBuilder<T> {
	BareCallBuilder::<T>::bare_call(RawOrigin::Signed(who.clone()).into(), to)
}

fn outcome(result: Result<ExecReturnValue, DispatchError>) -> Result<Vec<u8>, Failure> {
	match result {
		Ok(returned) if returned.did_revert() => {
			let text = Revert::abi_decode(&returned.data).map(|revert| revert.reason);
			Err(Failure::Revert(text.unwrap_or_default()))
		}
		Ok(returned) => Ok(returned.data),
		Err(error) => Err(Failure::Abort(error)),
	}
}

/// A revert with this text.
pub fn reverted<R>(text: &str) -> Result<R, Failure> {
	Err(Failure::Revert(text.into()))
}

/// How [`forwarder`] calls its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
	/// `CALL`, which may write.
	Call,
	/// `DELEGATECALL`, with the forwarder's caller as caller.
	Delegate,
	/// `STATICCALL`, which may not write.
	Static,
}

/// Init code of a contract that passes its calldata on to `target` and returns, or reverts with,
/// what comes back.
pub fn forwarder(target: [u8; 20], kind: CallKind) -> Vec<u8> {
	const CALLDATASIZE: u8 = 0x36;
	const CALLDATACOPY: u8 = 0x37;
	const RETURNDATASIZE: u8 = 0x3D;
	const RETURNDATACOPY: u8 = 0x3E;
	const CODECOPY: u8 = 0x39;
	const GAS: u8 = 0x5A;
	const JUMPI: u8 = 0x57;
	const JUMPDEST: u8 = 0x5B;
	const PUSH1: u8 = 0x60;
	const PUSH20: u8 = 0x73;
	const RETURN: u8 = 0xF3;
	const REVERT: u8 = 0xFD;
	const ZERO: [u8; 2] = [PUSH1, 0];

	let mut code = Vec::new();
	// memory[0..] = calldata
	code.extend([CALLDATASIZE].into_iter().chain(ZERO).chain(ZERO).chain([CALLDATACOPY]));
	// The call's arguments, last first: output of no length, input of calldata's length, value.
	code.extend(ZERO.into_iter().chain(ZERO).chain([CALLDATASIZE]).chain(ZERO));
	if kind == CallKind::Call {
		code.extend(ZERO);
	}
	code.push(PUSH20);
	code.extend(target);
	code.push(GAS);
	code.push(match kind {
		CallKind::Call => 0xF1,
		CallKind::Delegate => 0xF4,
		CallKind::Static => 0xFA,
	});
	// memory[0..] = returndata; the stack keeps whether the call succeeded.
	code.extend([RETURNDATASIZE].into_iter().chain(ZERO).chain(ZERO).chain([RETURNDATACOPY]));
	let success = u8::try_from(code.len() + 7).expect("the code is short");
	code.extend([PUSH1, success, JUMPI, RETURNDATASIZE]);
	code.extend(ZERO.into_iter().chain([REVERT]));
	code.extend([JUMPDEST, RETURNDATASIZE]);
	code.extend(ZERO.into_iter().chain([RETURN]));

	let len = u8::try_from(code.len()).expect("the code is short");
	let mut init = vec![PUSH1, len, PUSH1, 12, PUSH1, 0, CODECOPY, PUSH1, len, PUSH1, 0, RETURN];
	init.extend(code);
	init
}
