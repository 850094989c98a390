use super::*;
use weft_primitives::{merkle, record};

#[test]
fn a_snapshot_freezes_what_was_accepted_under_a_root_anyone_can_recompute() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let whole = contribution(datanet, DAVE, 10);
		let refused = contribution(datanet, EVE, 4);
		let part = contribution(datanet, EVE, 3);
		let pending = contribution(datanet, EVE, 2);
		assert_ok!(review(CURATOR, whole, accept()));
		assert_ok!(review(CURATOR, refused, refuse(Reason::OffTopic)));
		assert_ok!(review(CURATOR, part, mixed(Reason::Duplicate, &[0b101])));
		events();

		System::set_block_number(5);
		assert_ok!(Datanets::snapshot(signed(OWNER), datanet));
		let root = merkle::root(&[
			record::snapshot_entry_hash(whole, &hash(whole as u8), &[0xFF, 0b11], 10),
			record::snapshot_entry_hash(part, &hash(part as u8), &[0b101], 3),
		]);
		let snapshot = Snapshots::<Test>::get(0).expect("taken");
		assert_eq!((snapshot.datanet, snapshot.version, snapshot.at), (datanet, 1, 5));
		assert_eq!((snapshot.root, snapshot.records), (root, 12));
		assert_eq!(snapshot.contributions.to_vec(), vec![(whole, 10), (part, 2)]);
		assert_eq!(Contributions::<Test>::get(pending).map(|c| c.status), Some(Status::Pending));
		assert_eq!(
			events(),
			vec![Event::Snapshotted {
				snapshot: 0,
				datanet,
				version: 1,
				root,
				records: 12,
				contributions: 2
			}]
		);
	});
}

#[test]
fn later_acceptances_make_a_new_version_and_leave_the_old_one_alone() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let first = contribution(datanet, DAVE, 10);
		assert_ok!(review(CURATOR, first, accept()));
		assert_ok!(Datanets::snapshot(signed(CURATOR), datanet));
		let before = Snapshots::<Test>::get(0);

		let second = contribution(datanet, EVE, 2);
		assert_ok!(review(CURATOR, second, accept()));
		assert_ok!(Datanets::snapshot(signed(OWNER), datanet));
		assert_eq!(Snapshots::<Test>::get(0), before);
		let after = Snapshots::<Test>::get(1).expect("taken");
		assert_eq!((after.version, after.records), (2, 12));
		assert_eq!(Datanets::datanet_of_snapshot(1), Some(datanet));
		assert_eq!(Datanets::datanet_of_snapshot(2), None);
		assert!(Datanets::snapshot_exists(1) && !Datanets::snapshot_exists(2));
	});
}

#[test]
fn a_snapshot_costs_what_it_read_and_not_the_bound() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 10);
		assert_ok!(review(CURATOR, id, accept()));
		let info = Datanets::snapshot(signed(OWNER), datanet).expect("taken");
		assert_eq!(info.actual_weight, Some(<() as WeightInfo>::snapshot(1)));
	});
}

#[test]
fn a_snapshot_without_anything_new_is_refused() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 10);
		assert_noop!(Datanets::snapshot(signed(OWNER), datanet), E::NothingAccepted);
		assert_ok!(review(CURATOR, id, accept()));
		assert_ok!(Datanets::snapshot(signed(OWNER), datanet));
		assert_noop!(Datanets::snapshot(signed(OWNER), datanet), E::NothingNew);
	});
}

#[test]
fn only_the_owner_and_the_curators_take_snapshots() {
	build_and_execute(|| {
		let datanet = datanet(1);
		let id = contribution(datanet, DAVE, 10);
		assert_ok!(review(CURATOR, id, accept()));
		for who in [DAVE, WORKER, STRANGER] {
			assert_noop!(Datanets::snapshot(signed(who), datanet), E::NotOwnerOrCurator);
		}
		assert_noop!(Datanets::snapshot(signed(OWNER), 7), E::DatanetNotFound);
		assert_noop!(Datanets::snapshot(RuntimeOrigin::root(), datanet), DispatchError::BadOrigin);
	});
}
