use super::*;

#[test]
fn curators_the_owner_and_workers_attach_reports_and_the_latest_counts() {
	build_and_execute(|| {
		let id = contribution(datanet(1), DAVE, 5);
		for (seed, who) in [(1, CURATOR), (2, OWNER), (3, WORKER)] {
			assert_ok!(Datanets::attach_report(signed(who), id, hash(seed)));
			assert_eq!(Contributions::<Test>::get(id).and_then(|c| c.report), Some(hash(seed)));
			assert_eq!(
				events(),
				vec![Event::ReportAttached { contribution: id, by: who, report: hash(seed) }]
			);
		}
	});
}

#[test]
fn others_do_not_attach_reports() {
	build_and_execute(|| {
		let id = contribution(datanet(1), DAVE, 5);
		for who in [DAVE, STRANGER] {
			assert_noop!(Datanets::attach_report(signed(who), id, hash(1)), E::MayNotReport);
		}
		assert_noop!(
			Datanets::attach_report(RuntimeOrigin::none(), id, hash(1)),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn a_decided_or_unknown_contribution_takes_no_report() {
	build_and_execute(|| {
		let id = contribution(datanet(1), DAVE, 5);
		assert_ok!(review(CURATOR, id, accept()));
		assert_noop!(Datanets::attach_report(signed(WORKER), id, hash(1)), E::NotPending);
		assert_noop!(Datanets::attach_report(signed(WORKER), 9, hash(1)), E::ContributionNotFound);
	});
}
