use crate::{mock::*, IModels};
use alloy_core::sol_types::SolCall;
use frame_support::{assert_ok, weights::Weight};
use pallet_revive::{
	precompiles::U256,
	test_utils::{ALICE, BOB},
};
use polkadot_sdk::*;
use weft_precompile_support::testing::{
	call, call_with_value, call_with_weight, deploy, reverted, CallKind, Failure,
};
use weft_primitives::split::Split;

const SPLIT: Split = Split {
	treasury: 50_000,
	base_owner: 60_000,
	developer: 190_000,
	worker: 300_000,
	contributors: 400_000,
};

/// Bob's base and Alice's model of it.
fn publish() {
	assert_ok!(Models::register_base(
		RuntimeOrigin::signed(BOB),
		b"SmolLM2".to_vec().try_into().expect("short"),
		b"llama".to_vec().try_into().expect("short"),
		[1; 32],
		[2; 32],
		[3; 32],
	));
	assert_ok!(Models::publish(
		RuntimeOrigin::signed(ALICE),
		5,
		b"foldoc".to_vec().try_into().expect("short"),
		10,
		20,
		SPLIT,
	));
}

#[test]
fn a_contract_reads_a_base() {
	new_test_ext().execute_with(|| {
		publish();
		let contract = deploy::<Test>(&ALICE, precompile(), CallKind::Static);
		let data = IModels::getBaseCall { base: 0 }.abi_encode();
		let answer = call::<Test>(&ALICE, contract, data).expect("reads");
		let base = IModels::getBaseCall::abi_decode_returns(&answer).expect("encoded");
		assert_eq!(base.owner.0, <[u8; 32]>::from(BOB));
		assert_eq!((base.name.as_str(), base.architecture.as_str()), ("SmolLM2", "llama"));
		assert_eq!((base.weightsHash.0, base.tokenizerHash.0), ([1; 32], [2; 32]));
		assert_eq!((base.licence.0, base.at), ([3; 32], 1));
	});
}

#[test]
fn a_contract_reads_a_model() {
	new_test_ext().execute_with(|| {
		publish();
		assert_ok!(Models::retire(RuntimeOrigin::signed(ALICE), 0));
		let data = IModels::getModelCall { model: 0 }.abi_encode();
		let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
		let model = IModels::getModelCall::abi_decode_returns(&answer).expect("encoded");
		assert_eq!(model.owner.0, <[u8; 32]>::from(ALICE));
		assert_eq!((model.name.as_str(), model.base, model.job), ("foldoc", 0, 5));
		assert_eq!((model.snapshots, model.retired, model.at), (vec![4, 2, 3], true, 1));
		assert_eq!((model.adapter.0, model.indexRoot.0), ([11; 32], [12; 32]));
		assert_eq!((model.index.0, model.metrics.0), ([13; 32], [14; 32]));
		assert_eq!((model.priceIn, model.priceOut), (10, 20));
		let split = model.split;
		assert_eq!(
			[split.treasury, split.baseOwner, split.developer, split.worker, split.contributors],
			[50_000, 60_000, 190_000, 300_000, 400_000]
		);
	});
}

#[test]
fn a_contract_reads_where_a_model_comes_from() {
	new_test_ext().execute_with(|| {
		publish();
		let data = IModels::lineageCall { model: 0 }.abi_encode();
		let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
		let lineage = IModels::lineageCall::abi_decode_returns(&answer).expect("encoded");
		assert_eq!((lineage.base, lineage.job), (0, 5));
		assert_eq!((lineage.snapshots, lineage.datanets), (vec![4, 2, 3], vec![1, 2]));
	});
}

#[test]
fn what_does_not_exist_cannot_be_read() {
	new_test_ext().execute_with(|| {
		let read = |data: Vec<u8>| call::<Test>(&BOB, precompile(), data);
		assert_eq!(
			read(IModels::getBaseCall { base: 9 }.abi_encode()),
			reverted("getBase: BaseNotFound")
		);
		assert_eq!(
			read(IModels::getModelCall { model: 9 }.abi_encode()),
			reverted("getModel: ModelNotFound")
		);
		assert_eq!(
			read(IModels::lineageCall { model: 9 }.abi_encode()),
			reverted("lineage: ModelNotFound")
		);
	});
}

#[test]
fn value_and_calls_without_weight_are_refused() {
	new_test_ext().execute_with(|| {
		publish();
		let data = IModels::getModelCall { model: 0 }.abi_encode();
		let value = U256::from(5_000_000_000u64);
		assert_eq!(
			call_with_value::<Test>(&ALICE, precompile(), data.clone(), value),
			reverted("getModel: takes no value")
		);
		let weight = Weight::from_parts(1_000, 100);
		let called = call_with_weight::<Test>(&ALICE, precompile(), data, weight);
		assert!(matches!(called, Err(Failure::Abort(_))), "{called:?}");
	});
}
