use weft_trainer::{Schedule, TrainConfig, TrainError};

fn refused(json: &str) -> String {
	TrainConfig::from_json(json.as_bytes()).expect_err("must be refused").to_string()
}

#[test]
fn an_empty_document_gives_the_defaults_and_survives_a_round_trip() {
	let config = TrainConfig::from_json(b"{}").expect("defaults are valid");
	assert_eq!(config, TrainConfig::default());
	assert_eq!(TrainConfig::from_json(config.to_json().as_bytes()).expect("valid"), config);
}

#[test]
fn an_unknown_field_is_named_together_with_the_allowed_ones() {
	let message = refused(r#"{"rnak": 8}"#);
	assert!(message.contains("rnak") && message.contains("rank"), "{message}");
}

#[test]
fn each_field_out_of_range_is_named_with_its_range() {
	for (json, field, allowed) in [
		(r#"{"rank":0}"#, "rank", "1 to 256"),
		(r#"{"alpha":-1}"#, "alpha", "0.001 to 4096"),
		(r#"{"dropout":1.5}"#, "dropout", "0 to 0.9"),
		(r#"{"learning_rate":0}"#, "learning_rate", "to 1"),
		(r#"{"warmup_ratio":0.9}"#, "warmup_ratio", "0 to 0.5"),
		(r#"{"epochs":0}"#, "epochs", "1 to 100"),
		(r#"{"batch_size":1000}"#, "batch_size", "1 to 256"),
		(r#"{"accumulation":0}"#, "accumulation", "1 to 256"),
		(r#"{"max_length":4}"#, "max_length", "8 to 8192"),
		(r#"{"heldout_fraction":0.9}"#, "heldout_fraction", "0 to 0.5"),
		(r#"{"weight_decay":2}"#, "weight_decay", "0 to 1"),
		(r#"{"target_modules":[]}"#, "target_modules", "q_proj"),
		(r#"{"target_modules":["query"]}"#, "`query`", "down_proj"),
		(r#"{"target_modules":["q_proj","q_proj"]}"#, "twice", "at most once"),
		(r#"{"schedule":"step"}"#, "step", "cosine"),
	] {
		let message = refused(json);
		assert!(message.contains(field) && message.contains(allowed), "{json}: {message}");
	}
	assert!(matches!(
		TrainConfig { learning_rate: f64::NAN, ..Default::default() }.validate(),
		Err(TrainError::Config { field: "learning_rate", .. })
	));
}

#[test]
fn the_learning_rate_climbs_to_its_peak_and_falls_as_the_schedule_says() {
	let at = |schedule, step| {
		TrainConfig { schedule, learning_rate: 1.0, warmup_ratio: 0.1, ..Default::default() }
			.learning_rate_at(step, 100)
	};
	for schedule in [Schedule::Constant, Schedule::Linear, Schedule::Cosine] {
		assert!((at(schedule, 0) - 0.1).abs() < 1e-12);
		assert!((at(schedule, 9) - 1.0).abs() < 1e-12);
		assert!((at(schedule, 10) - 1.0).abs() < 1e-12);
	}
	assert_eq!(at(Schedule::Constant, 99), 1.0);
	assert!((at(Schedule::Linear, 55) - 0.5).abs() < 1e-12);
	assert!((at(Schedule::Cosine, 55) - 0.5).abs() < 1e-12);
	assert!(at(Schedule::Linear, 99) < 0.02 && at(Schedule::Cosine, 99) < 0.001);
}

#[test]
fn the_hash_of_a_configuration_ignores_only_how_often_it_is_saved() {
	let base = TrainConfig::default();
	assert_eq!(base.hash(), TrainConfig { checkpoint_every: 3, ..base.clone() }.hash());
	assert_ne!(base.hash(), TrainConfig { seed: 1, ..base.clone() }.hash());
}
