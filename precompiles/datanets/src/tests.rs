use crate::{mock::*, IDatanets};
use alloy_core::sol_types::{SolCall, SolEvent};
use frame_support::{assert_ok, traits::fungible::InspectHold, weights::Weight};
use pallet_datanets::{Contributions, Decision, HoldReason, Reason, Schema};
use pallet_revive::{
	precompiles::U256,
	test_utils::{ALICE, BOB, CHARLIE},
	AddressMapper,
};
use polkadot_sdk::*;
use sp_runtime::AccountId32;
use weft_precompile_support::testing::{
	call, call_with_value, call_with_weight, deploy, reverted, CallKind, Failure,
};

/// A Datanet of Bob's, reviewed by Charlie; 100 a record and 1 a byte.
fn datanet() {
	assert_ok!(Datanets::create(
		RuntimeOrigin::signed(BOB),
		b"FOLDOC".to_vec().try_into().expect("short"),
		[1; 32],
		[2; 32],
		Schema::Completion,
		vec![CHARLIE].try_into().expect("one"),
		1,
		100,
		1,
	));
}

fn contribute(records: u32) -> Vec<u8> {
	IDatanets::contributeCall {
		datanet: 0,
		root: [3; 32].into(),
		records,
		byteLength: 50,
		cid: [4; 32].into(),
	}
	.abi_encode()
}

fn held(who: &AccountId32) -> u128 {
	Balances::balance_on_hold(&HoldReason::Contribution.into(), who)
}

fn bytes(who: &AccountId32) -> [u8; 32] {
	who.clone().into()
}

#[test]
fn an_ethereum_account_contributes_with_its_own_deposit_and_the_log_says_so() {
	new_test_ext().execute_with(|| {
		datanet();
		let id = call::<Test>(&ALICE, precompile(), contribute(5)).expect("contributes");
		assert_eq!(IDatanets::contributeCall::abi_decode_returns(&id), Ok(0));
		let row = Contributions::<Test>::get(0).expect("stored");
		assert_eq!((row.contributor, row.records, row.bytes), (ALICE, 5, 50));
		assert_eq!((row.root, row.cid, held(&ALICE)), ([3; 32], [4; 32], 550));

		let (address, topics, data) = logs().pop().expect("logged");
		assert_eq!(address, precompile());
		let event = IDatanets::Contributed::decode_raw_log(topics, &data).expect("ours");
		assert_eq!((event.contribution, event.datanet), (0, 0));
		assert_eq!(event.contributor.0, bytes(&ALICE));
		assert_eq!((event.root.0, event.cid.0), ([3; 32], [4; 32]));
		assert_eq!((event.records, event.byteLength, event.deposit), (5, 50, 550));
	});
}

#[test]
fn a_contract_contributes_with_its_own_balance() {
	new_test_ext().execute_with(|| {
		datanet();
		let contract = deploy::<Test>(&ALICE, precompile(), CallKind::Call);
		let account = <Test as pallet_revive::Config>::AddressMapper::to_account_id(&contract);
		assert_eq!(
			call::<Test>(&ALICE, contract, contribute(5)),
			reverted("contribute: Funds are unavailable")
		);
		assert_ok!(Balances::transfer_keep_alive(
			RuntimeOrigin::signed(ALICE),
			account.clone(),
			10_000
		));
		assert_ok!(call::<Test>(&ALICE, contract, contribute(5)));
		assert_eq!(Contributions::<Test>::get(0).map(|row| row.contributor), Some(account.clone()));
		assert_eq!((held(&account), held(&ALICE)), (550, 0));
	});
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
	new_test_ext().execute_with(|| {
		assert_eq!(
			call::<Test>(&ALICE, precompile(), contribute(5)),
			reverted("contribute: DatanetNotFound")
		);
		datanet();
		assert_eq!(
			call::<Test>(&ALICE, precompile(), contribute(4097)),
			reverted("contribute: TooManyRecords")
		);
		assert_eq!(
			call::<Test>(&ALICE, precompile(), contribute(0)),
			reverted("contribute: NoRecords")
		);
		assert_eq!((Contributions::<Test>::iter().count(), held(&ALICE)), (0, 0));
	});
}

#[test]
fn a_write_through_a_read_only_or_delegate_call_is_refused() {
	new_test_ext().execute_with(|| {
		datanet();
		for kind in [CallKind::Static, CallKind::Delegate] {
			let contract = deploy::<Test>(&ALICE, precompile(), kind);
			let called = call::<Test>(&ALICE, contract, contribute(5));
			assert!(matches!(called, Err(Failure::Revert(_))), "{kind:?}: {called:?}");
		}
		assert_eq!((Contributions::<Test>::iter().count(), held(&ALICE)), (0, 0));
	});
}

#[test]
fn a_contract_may_read_through_a_read_only_call() {
	new_test_ext().execute_with(|| {
		datanet();
		let contract = deploy::<Test>(&ALICE, precompile(), CallKind::Static);
		let data = IDatanets::getDatanetCall { datanet: 0 }.abi_encode();
		let direct = call::<Test>(&ALICE, precompile(), data.clone()).expect("reads");
		assert_eq!(call::<Test>(&ALICE, contract, data), Ok(direct));
	});
}

#[test]
fn value_is_refused_and_stays_with_its_sender() {
	new_test_ext().execute_with(|| {
		datanet();
		let before = Balances::free_balance(ALICE);
		let value = U256::from(5_000_000_000u64);
		assert_eq!(
			call_with_value::<Test>(&ALICE, precompile(), contribute(5), value),
			reverted("contribute: takes no value")
		);
		assert_eq!(Balances::free_balance(ALICE), before);
	});
}

#[test]
fn who_does_not_pay_for_the_weight_gets_nothing_done() {
	new_test_ext().execute_with(|| {
		datanet();
		let weight = Weight::from_parts(1_000_000, 10_000);
		let called = call_with_weight::<Test>(&ALICE, precompile(), contribute(5), weight);
		assert!(matches!(called, Err(Failure::Abort(_))), "{called:?}");
		assert_eq!((Contributions::<Test>::iter().count(), held(&ALICE)), (0, 0));
	});
}

#[test]
fn malformed_input_is_refused() {
	new_test_ext().execute_with(|| {
		datanet();
		let mut short = contribute(5);
		short.truncate(20);
		// A word of records that does not fit into a uint32.
		let mut wide = contribute(5);
		wide[4 + 64] = 1;
		for data in [vec![], vec![1, 2, 3, 4], short, wide] {
			let called = call::<Test>(&ALICE, precompile(), data);
			assert!(matches!(called, Err(Failure::Revert(_))), "{called:?}");
		}
		assert_eq!(Contributions::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_contract_reads_datanets_contributions_snapshots_and_stats() {
	new_test_ext().execute_with(|| {
		datanet();
		for records in [10, 3] {
			assert_ok!(call::<Test>(&ALICE, precompile(), contribute(records)));
		}
		let read = |id| {
			let data = IDatanets::getContributionCall { contribution: id }.abi_encode();
			let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
			IDatanets::getContributionCall::abi_decode_returns(&answer).expect("encoded")
		};
		let pending = read(0);
		assert!(matches!(pending.status, IDatanets::Status::Pending));
		assert_eq!((pending.deposit, pending.records, pending.byteLength), (1_050, 10, 50));
		assert!(pending.acceptedBitmap.is_empty() && pending.report.is_zero());

		let charlie = RuntimeOrigin::signed(CHARLIE);
		assert_ok!(Datanets::attach_report(charlie.clone(), 0, [9; 32]));
		let accepted = vec![0b11, 0].try_into().expect("short");
		let decision = Decision::Mixed { quality: 70, reason: Reason::Spam, accepted };
		assert_ok!(Datanets::review(charlie.clone(), 0, decision));
		assert_ok!(Datanets::review(charlie.clone(), 1, Decision::Accept { quality: 90 }));
		assert_ok!(Datanets::snapshot(charlie, 0));

		let mixed = read(0);
		assert!(matches!(mixed.status, IDatanets::Status::Accepted));
		assert_eq!((mixed.acceptedBitmap.to_vec(), mixed.quality), (vec![0b11, 0], 70));
		assert_eq!((mixed.report.0, mixed.deposit), ([9; 32], 0));
		assert_eq!(mixed.contributor.0, bytes(&ALICE));

		let data = IDatanets::getDatanetCall { datanet: 0 }.abi_encode();
		let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
		let datanet = IDatanets::getDatanetCall::abi_decode_returns(&answer).expect("encoded");
		assert_eq!((datanet.owner.0, datanet.name.as_str()), (bytes(&BOB), "FOLDOC"));
		assert!(matches!(datanet.schema, IDatanets::Schema::Completion));
		assert_eq!((datanet.description.0, datanet.licence.0), ([1; 32], [2; 32]));
		assert_eq!(datanet.curators.len(), 1);
		assert_eq!((datanet.depositPerRecord, datanet.depositPerByte), (100, 1));
		assert_eq!((datanet.pending, datanet.accepted, datanet.versions), (0, 2, 1));
		assert_eq!((datanet.acceptedRecords, datanet.approvals, datanet.at), (5, 1, 1));

		let data = IDatanets::getSnapshotCall { snapshot: 0 }.abi_encode();
		let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
		let snapshot = IDatanets::getSnapshotCall::abi_decode_returns(&answer).expect("encoded");
		assert_eq!((snapshot.datanet, snapshot.version, snapshot.records), (0, 1, 5));
		let stored = pallet_datanets::Snapshots::<Test>::get(0).expect("taken");
		assert_eq!(snapshot.root.0, stored.root);
		let entries: Vec<_> =
			snapshot.contributions.iter().map(|e| (e.contribution, e.acceptedRecords)).collect();
		assert_eq!(entries, vec![(0, 2), (1, 3)]);

		let contributor = bytes(&ALICE).into();
		let data = IDatanets::contributorStatsCall { datanet: 0, contributor }.abi_encode();
		let answer = call::<Test>(&BOB, precompile(), data).expect("reads");
		let stats = IDatanets::contributorStatsCall::abi_decode_returns(&answer).expect("encoded");
		// Eight of ten records of a deposit of 1,050 were spam.
		assert_eq!((stats.accepted, stats.refused, stats.slashed), (5, 8, 840));
	});
}

#[test]
fn what_does_not_exist_cannot_be_read() {
	new_test_ext().execute_with(|| {
		let read = |data: Vec<u8>| call::<Test>(&BOB, precompile(), data);
		assert_eq!(
			read(IDatanets::getDatanetCall { datanet: 0 }.abi_encode()),
			reverted("getDatanet: DatanetNotFound")
		);
		assert_eq!(
			read(IDatanets::getContributionCall { contribution: 0 }.abi_encode()),
			reverted("getContribution: ContributionNotFound")
		);
		assert_eq!(
			read(IDatanets::getSnapshotCall { snapshot: 0 }.abi_encode()),
			reverted("getSnapshot: SnapshotNotFound")
		);
	});
}
