use super::*;

#[test]
fn lineage_names_base_job_snapshots_and_each_datanet_once() {
	build_and_execute(|| {
		let id = model();
		assert_eq!(
			Registry::lineage(id),
			Some(Lineage {
				model: id,
				base: 0,
				job: 5,
				snapshots: vec![1, 2, 3],
				datanets: vec![0, 1]
			})
		);
	});
}

#[test]
fn an_unknown_model_has_no_lineage_rule_or_price() {
	build_and_execute(|| {
		assert_eq!(Registry::lineage(0), None);
		assert_eq!(Registry::rule(0), None);
		assert_eq!(Registry::live_prices(0), None);
	});
}

#[test]
fn the_rule_names_the_split_the_base_owner_and_the_developer() {
	build_and_execute(|| {
		let id = model();
		assert_eq!(Registry::rule(id), Some((SPLIT, BASE_OWNER, DEVELOPER)));
		assert_eq!(Registry::live_prices(id), Some((10, 20)));
	});
}
