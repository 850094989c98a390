use super::*;
use frame_support::dispatch::Pays;

#[test]
fn a_heartbeat_in_a_new_epoch_is_noted_and_free() {
	build_and_execute(|| {
		register();
		System::set_block_number(10);
		let info = Workers::heartbeat(RuntimeOrigin::signed(HOT)).expect("it is needed");
		assert_eq!(info.pays_fee, Pays::No);
		assert_eq!(Rows::get(OWNER).map(|worker| worker.last_seen_epoch), Some(1));
		assert_eq!(last_event(), Event::Heartbeat { owner: OWNER, epoch: 1 });
	});
}

#[test]
fn one_heartbeat_an_epoch_is_enough() {
	build_and_execute(|| {
		register();
		assert_noop!(Workers::heartbeat(RuntimeOrigin::signed(HOT)), Error::<Test>::NotNeeded);
		System::set_block_number(25);
		assert_ok!(Workers::heartbeat(RuntimeOrigin::signed(HOT)));
		assert_noop!(Workers::heartbeat(RuntimeOrigin::signed(HOT)), Error::<Test>::NotNeeded);
	});
}

#[test]
fn a_report_stands_for_a_heartbeat() {
	build_and_execute(|| {
		register();
		System::set_block_number(12);
		Workers::note_report(&OWNER);
		assert_noop!(Workers::heartbeat(RuntimeOrigin::signed(HOT)), Error::<Test>::NotNeeded);
	});
}

#[test]
fn only_the_hot_key_of_a_staying_worker_beats() {
	build_and_execute(|| {
		register();
		System::set_block_number(12);
		assert_noop!(Workers::heartbeat(RuntimeOrigin::signed(OWNER)), Error::<Test>::NotHotKey);
		assert_ok!(Workers::exit(RuntimeOrigin::signed(OWNER)));
		assert_noop!(Workers::heartbeat(RuntimeOrigin::signed(HOT)), Error::<Test>::Exiting);
	});
}
