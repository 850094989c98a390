//! The few places that know the types of this runtime.

use super::{
	chain::ReviveEvent,
	error::{Error, Result},
};
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_support::traits::Get,
	frame_system::{EventRecord, Phase},
	pallet_revive::{self, Call as ReviveCall, Event as Revive},
	sp_core::H256,
	sp_crypto_hashing::twox_128,
	sp_runtime::{generic, traits::ExtrinsicLike},
};
use weft_runtime::{Runtime, RuntimeCall, RuntimeEvent, UncheckedExtrinsic};

/// The EIP-155 chain id of the runtime.
pub fn chain_id() -> u64 {
	<Runtime as pallet_revive::Config>::ChainId::get()
}

/// The extrinsic that carries a signed Ethereum transaction, encoded.
pub fn eth_transact(payload: Vec<u8>) -> Vec<u8> {
	let call = RuntimeCall::Revive(ReviveCall::eth_transact { payload });
	UncheckedExtrinsic::from(generic::UncheckedExtrinsic::new_bare(call)).encode()
}

/// The signed Ethereum transaction in an encoded extrinsic, if it carries one.
pub fn eth_payload(extrinsic: &[u8]) -> Option<Vec<u8>> {
	let extrinsic = UncheckedExtrinsic::decode(&mut &extrinsic[..]).ok()?;
	if !extrinsic.is_bare() {
		return None;
	}
	match extrinsic.0.function {
		RuntimeCall::Revive(ReviveCall::eth_transact { payload }) => Some(payload),
		_ => None,
	}
}

/// Where the events of a block are stored.
pub fn events_key() -> Vec<u8> {
	[twox_128(b"System"), twox_128(b"Events")].concat()
}

/// The revive events among the encoded events of a block.
pub fn revive_events(raw: &[u8]) -> Result<Vec<(u32, ReviveEvent)>> {
	let records = Vec::<EventRecord<RuntimeEvent, H256>>::decode(&mut &raw[..]).map_err(|_| {
		Error::Internal(
			"the events of the block do not decode: this node is older than its runtime".into(),
		)
	})?;
	Ok(records
		.into_iter()
		.filter_map(|record| match (record.phase, record.event) {
			(Phase::ApplyExtrinsic(index), RuntimeEvent::Revive(event)) => match event {
				Revive::ContractEmitted { contract, data, topics } => {
					Some((index, ReviveEvent::Log { address: contract, topics, data }))
				}
				Revive::EthExtrinsicRevert { .. } => Some((index, ReviveEvent::Reverted)),
				_ => None,
			},
			_ => None,
		})
		.collect())
}
