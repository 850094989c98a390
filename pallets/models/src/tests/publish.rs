use super::*;
use weft_primitives::split::Split;

fn call(who: AccountId, job: u64, name: &[u8], split: Split) -> Result<(), DispatchError> {
	Registry::publish(signed(who), job, Name::truncate_from(name.to_vec()), 10, 20, split)
}

#[test]
fn a_published_model_has_the_facts_of_its_job() {
	build_and_execute(|| {
		base();
		Jobs::settle(5, DEVELOPER, &[1, 2, 3]);
		assert_ok!(call(DEVELOPER, 5, b"foldoc", SPLIT));
		let model = Models::<Test>::get(0).expect("stored");
		assert_eq!((model.owner, model.base, model.job, model.at), (DEVELOPER, 0, 5, 1));
		assert_eq!(model.name.to_vec(), b"foldoc");
		assert_eq!(model.snapshots.to_vec(), vec![1, 2, 3]);
		assert_eq!((model.adapter, model.index_root), (hash(11), hash(12)));
		assert_eq!((model.index, model.metrics), (hash(13), hash(14)));
		assert_eq!((model.price_in, model.price_out), (10, 20));
		assert_eq!((model.split, model.retired), (SPLIT, false));
		assert_eq!(ModelOfJob::<Test>::get(5), Some(0));
		assert_eq!(
			events(),
			vec![Event::Published {
				model: 0,
				owner: DEVELOPER,
				base: 0,
				job: 5,
				adapter: hash(11),
				index_root: hash(12),
			}]
		);
	});
}

#[test]
fn a_job_is_published_once() {
	build_and_execute(|| {
		model();
		assert_noop!(call(DEVELOPER, 5, b"again", SPLIT), E::AlreadyPublished);
	});
}

#[test]
fn only_the_requester_of_a_settled_training_job_publishes() {
	build_and_execute(|| {
		base();
		assert_noop!(call(DEVELOPER, 5, b"a", SPLIT), E::JobNotFinished);
		Jobs::settle(5, DEVELOPER, &[1]);
		assert_noop!(call(STRANGER, 5, b"a", SPLIT), E::NotRequester);
		assert_noop!(
			Registry::publish(RuntimeOrigin::none(), 5, Name::default(), 1, 1, SPLIT),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn the_parts_of_a_fee_must_sum_to_a_whole() {
	build_and_execute(|| {
		base();
		Jobs::settle(5, DEVELOPER, &[1]);
		let short = Split { worker: SPLIT.worker - 1, ..SPLIT };
		let long = Split { worker: SPLIT.worker + 1, ..SPLIT };
		let wraps = Split { treasury: u32::MAX, base_owner: 50_001, ..SPLIT };
		for split in [short, long, wraps] {
			assert_noop!(call(DEVELOPER, 5, b"a", split), E::BadSplit);
		}
	});
}

#[test]
fn a_bad_name_is_refused() {
	build_and_execute(|| {
		base();
		Jobs::settle(5, DEVELOPER, &[1]);
		assert_noop!(call(DEVELOPER, 5, b"", SPLIT), E::BadName);
		assert_noop!(call(DEVELOPER, 5, b"a\tb", SPLIT), E::BadName);
	});
}

#[test]
fn a_result_on_an_unknown_base_or_snapshot_is_refused() {
	build_and_execute(|| {
		Jobs::settle(5, DEVELOPER, &[1]);
		assert_noop!(call(DEVELOPER, 5, b"a", SPLIT), E::BaseNotFound);
		base();
		Jobs::settle(5, DEVELOPER, &[1, 10]);
		assert_noop!(call(DEVELOPER, 5, b"a", SPLIT), E::SnapshotNotFound);
	});
}

#[test]
fn when_ids_are_used_up_nothing_is_overwritten() {
	build_and_execute(|| {
		base();
		Jobs::settle(5, DEVELOPER, &[1]);
		NextModel::<Test>::put(u64::MAX);
		assert_noop!(call(DEVELOPER, 5, b"a", SPLIT), E::IdsExhausted);
	});
}
