use crate::{mock::*, IEarnings};
use alloy_core::{
	primitives::Address,
	sol_types::{SolCall, SolEvent},
};
use frame_support::{assert_ok, traits::fungible::InspectHold, weights::Weight, BoundedVec};
use pallet_attribution::{EarningsRoot, HoldReason};
use pallet_revive::{
	precompiles::U256,
	test_utils::{ALICE, ALICE_ADDR, BOB, CHARLIE, DJANGO},
	AddressMapper,
};
use polkadot_sdk::*;
use sp_runtime::AccountId32;
use weft_precompile_support::testing::{
	call, call_with_value, call_with_weight, deploy, reverted, CallKind, Failure,
};
use weft_primitives::sum_tree::{self, Leaf, SumProof};

fn bytes(who: &AccountId32) -> [u8; 32] {
	who.clone().into()
}

fn deposit(amount: u128) -> Vec<u8> {
	IEarnings::depositCall { worker: bytes(&CHARLIE).into(), model: MODEL, amount }.abi_encode()
}

fn prepaid(who: &AccountId32) -> u128 {
	Balances::balance_on_hold(&HoldReason::Prepaid.into(), who)
}

/// Alice earned 300, Bob 500 and Django 200, sorted by account.
fn leaves() -> Vec<Leaf> {
	let mut leaves: Vec<_> = [(ALICE, 300), (BOB, 500), (DJANGO, 200)]
		.into_iter()
		.map(|(who, cumulative)| Leaf { account: bytes(&who), cumulative })
		.collect();
	leaves.sort();
	leaves
}

fn proof(who: &AccountId32) -> (Leaf, SumProof) {
	let leaves = leaves();
	let index = leaves.iter().position(|leaf| leaf.account == bytes(who)).expect("earned");
	(leaves[index].clone(), sum_tree::prove(&leaves, index).expect("in the tree"))
}

/// Bob pays for a job, Charlie's worker shows who earned it, and the challenge window passes.
fn earn() {
	assert_ok!(Attribution::pay_inference(&BOB, &CHARLIE, MODEL, 1_000));
	let root = sum_tree::root(&leaves()).expect("sorted");
	let tree =
		EarningsRoot { epoch: 1, root, leaves: [8; 32], receipts_root: [9; 32], receipts: 1 };
	assert_ok!(Attribution::settle(RuntimeOrigin::signed(BOB), BoundedVec::default(), tree));
	System::set_block_number(20);
}

fn claim_of((leaf, proof): (Leaf, SumProof)) -> IEarnings::claimCall {
	IEarnings::claimCall {
		worker: bytes(&CHARLIE).into(),
		account: leaf.account.into(),
		cumulative: leaf.cumulative,
		index: proof.index,
		siblingHashes: proof.siblings.iter().map(|(hash, _)| (*hash).into()).collect(),
		siblingSums: proof.siblings.iter().map(|(_, sum)| *sum).collect(),
	}
}

fn claimed(who: &AccountId32) -> u128 {
	let data =
		IEarnings::claimedCall { worker: bytes(&CHARLIE).into(), account: bytes(who).into() };
	let answer = call::<Test>(&BOB, precompile(), data.abi_encode()).expect("reads");
	IEarnings::claimedCall::abi_decode_returns(&answer).expect("encoded")
}

fn ledger() -> IEarnings::Ledger {
	let data = IEarnings::ledgerCall { worker: bytes(&CHARLIE).into() }.abi_encode();
	let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
	IEarnings::ledgerCall::abi_decode_returns(&answer).expect("encoded")
}

#[test]
fn an_ethereum_account_claims_what_it_earned_once() {
	new_test_ext().execute_with(|| {
		earn();
		let before = Balances::free_balance(ALICE);
		let data = claim_of(proof(&ALICE)).abi_encode();
		logs();
		let paid = call::<Test>(&ALICE, precompile(), data.clone()).expect("claims");
		assert_eq!(IEarnings::claimCall::abi_decode_returns(&paid), Ok(300));
		assert_eq!(Balances::free_balance(ALICE), before + 300);
		assert_eq!((claimed(&ALICE), ledger().claimed), (300, 300));
		let (address, topics, log) = logs().pop().expect("logged");
		assert_eq!(address, precompile());
		let event = IEarnings::Claimed::decode_raw_log(topics, &log).expect("ours");
		assert_eq!((event.worker.0, event.account.0), (bytes(&CHARLIE), bytes(&ALICE)));
		assert_eq!(event.amount, 300);

		assert_eq!(call::<Test>(&ALICE, precompile(), data), reverted("claim: NothingToClaim"));
		assert_eq!(claimed(&ALICE), 300);
	});
}

#[test]
fn a_contract_claims_for_somebody_who_gets_the_money() {
	new_test_ext().execute_with(|| {
		earn();
		let contract = deploy::<Test>(&ALICE, precompile(), CallKind::Call);
		let before = Balances::free_balance(DJANGO);
		let data = claim_of(proof(&DJANGO)).abi_encode();
		assert_ok!(call::<Test>(&ALICE, contract, data));
		assert_eq!(Balances::free_balance(DJANGO), before + 200);
	});
}

#[test]
fn a_wrong_proof_pays_nothing() {
	new_test_ext().execute_with(|| {
		earn();
		let good = claim_of(proof(&ALICE));
		let mut long = good.clone();
		long.siblingHashes = vec![[0; 32].into(); 33];
		long.siblingSums = vec![0; 33];
		let mut uneven = good.clone();
		uneven.siblingSums.pop();
		let mut sums = good.clone();
		sums.siblingSums[0] += 1;
		for (bad, text) in [
			(IEarnings::claimCall { cumulative: 301, ..good.clone() }, "claim: BadProof"),
			(IEarnings::claimCall { index: good.index ^ 1, ..good.clone() }, "claim: BadProof"),
			(IEarnings::claimCall { account: [7; 32].into(), ..good.clone() }, "claim: BadProof"),
			(sums, "claim: BadProof"),
			(uneven, "claim: siblingHashes and siblingSums differ in length"),
			(long, "claim: a proof has at most 32 siblings"),
			(IEarnings::claimCall { worker: [7; 32].into(), ..good.clone() }, "claim: NoLedger"),
		] {
			assert_eq!(call::<Test>(&ALICE, precompile(), bad.abi_encode()), reverted(text));
		}
		assert_eq!((claimed(&ALICE), ledger().claimed), (0, 0));
	});
}

#[test]
fn a_contract_opens_a_channel_with_its_own_balance() {
	new_test_ext().execute_with(|| {
		let contract = deploy::<Test>(&ALICE, precompile(), CallKind::Call);
		let account = <Test as pallet_revive::Config>::AddressMapper::to_account_id(&contract);
		assert_eq!(
			call::<Test>(&ALICE, contract, deposit(5_000)),
			reverted("deposit: Funds are unavailable")
		);
		assert_ok!(Balances::transfer_keep_alive(
			RuntimeOrigin::signed(ALICE),
			account.clone(),
			100_000
		));
		logs();
		assert_eq!(call::<Test>(&ALICE, contract, deposit(5_000)), Ok(vec![]));
		assert_eq!((prepaid(&account), prepaid(&ALICE)), (5_000, 0));
		let (_, topics, log) = logs().pop().expect("logged");
		let event = IEarnings::Deposited::decode_raw_log(topics, &log).expect("ours");
		assert_eq!((event.payer.0, event.worker.0), (bytes(&account), bytes(&CHARLIE)));
		assert_eq!((event.model, event.amount), (MODEL, 5_000));

		let data = IEarnings::channelCall {
			payer: bytes(&account).into(),
			worker: bytes(&CHARLIE).into(),
			model: MODEL,
		};
		let answer = call::<Test>(&BOB, precompile(), data.abi_encode()).expect("reads");
		let channel = IEarnings::channelCall::abi_decode_returns(&answer).expect("encoded");
		assert_eq!((channel.deposited, channel.settled, channel.closing), (5_000, 0, 0));
	});
}

#[test]
fn a_bad_deposit_is_named_and_changes_nothing() {
	new_test_ext().execute_with(|| {
		let unknown =
			IEarnings::depositCall { worker: bytes(&CHARLIE).into(), model: 1, amount: 5 };
		for (data, text) in [
			(deposit(0), "deposit: ZeroAmount"),
			(unknown.abi_encode(), "deposit: UnknownModel"),
			(deposit(ENDOWMENT * 2), "deposit: Funds are unavailable"),
		] {
			assert_eq!(call::<Test>(&ALICE, precompile(), data), reverted(text));
		}
		assert_eq!(prepaid(&ALICE), 0);
	});
}

#[test]
fn a_write_through_a_read_only_or_delegate_call_is_refused() {
	new_test_ext().execute_with(|| {
		earn();
		for kind in [CallKind::Static, CallKind::Delegate] {
			let contract = deploy::<Test>(&ALICE, precompile(), kind);
			for data in [deposit(5_000), claim_of(proof(&ALICE)).abi_encode()] {
				let called = call::<Test>(&ALICE, contract, data);
				assert!(matches!(called, Err(Failure::Revert(_))), "{kind:?}: {called:?}");
			}
		}
		assert_eq!((prepaid(&ALICE), claimed(&ALICE)), (0, 0));
	});
}

#[test]
fn value_and_calls_without_weight_are_refused() {
	new_test_ext().execute_with(|| {
		let value = U256::from(5_000_000_000u64);
		assert_eq!(
			call_with_value::<Test>(&ALICE, precompile(), deposit(5_000), value),
			reverted("deposit: takes no value")
		);
		let weight = Weight::from_parts(1_000_000, 10_000);
		let called = call_with_weight::<Test>(&ALICE, precompile(), deposit(5_000), weight);
		assert!(matches!(called, Err(Failure::Abort(_))), "{called:?}");
		assert_eq!(prepaid(&ALICE), 0);
	});
}

#[test]
fn a_contract_reads_a_workers_ledger() {
	new_test_ext().execute_with(|| {
		let empty = ledger();
		assert_eq!((empty.received, empty.epoch, empty.currentEpoch), (0, 0, 0));
		earn();
		let root = sum_tree::root(&leaves()).expect("sorted");
		let ledger = ledger();
		assert_eq!((ledger.received, ledger.allotted, ledger.reserve), (1_000, 1_000, 0));
		assert_eq!((ledger.unallotted, ledger.epoch, ledger.pending), (0, 1, 0));
		assert_eq!((ledger.currentEpoch, ledger.currentRoot.0), (1, root.hash));
		assert_eq!((ledger.currentTotal, ledger.currentCount), (1_000, 3));
		assert_eq!(ledger.currentLeaves.0, [8; 32]);
	});
}

#[test]
fn the_account_of_an_address_is_the_one_that_the_chain_uses() {
	new_test_ext().execute_with(|| {
		let data = IEarnings::accountOfCall { who: Address::from(ALICE_ADDR.0) }.abi_encode();
		let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
		let account = IEarnings::accountOfCall::abi_decode_returns(&answer).expect("encoded");
		assert_eq!(account.0, bytes(&ALICE));
	});
}
