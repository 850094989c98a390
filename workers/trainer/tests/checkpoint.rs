use weft_trainer::{
	checkpoint::{self, State},
	optim::{clip_factor, norm, AdamW},
	TrainConfig,
};

#[test]
fn a_checkpoint_comes_back_as_it_was_saved() {
	let dir = tempfile::tempdir().expect("temporary folder");
	assert!(checkpoint::load(dir.path(), &[3]).expect("nothing there").is_none());
	let parameters = vec![vec![1.0f32, -0.1, f32::MIN_POSITIVE], vec![0.3; 7]];
	let mut optimizer = AdamW::new([3, 7]);
	optimizer.begin();
	let state = State { step: 4, base_loss_bits: 1.25f64.to_bits(), ..Default::default() };
	checkpoint::save(dir.path(), &state, parameters.iter().map(Vec::as_slice), &optimizer)
		.expect("saves");
	let back = checkpoint::load(dir.path(), &[3, 7]).expect("loads").expect("is there");
	assert_eq!((back.state, back.parameters, back.optimizer), (state, parameters, optimizer));
}

#[test]
fn a_damaged_or_foreign_checkpoint_is_refused_with_a_reason() {
	let dir = tempfile::tempdir().expect("temporary folder");
	let path = checkpoint::path_in(dir.path());
	for bytes in [
		&b""[..],
		b"garbage",
		&[255; 64],
		&[8, 0, 0, 0, 0, 0, 0, 0, b'{', b'}', 32, 32, 32, 32, 32, 32],
	] {
		std::fs::write(&path, bytes).expect("writes");
		let message = checkpoint::load(dir.path(), &[3]).expect_err("refused").to_string();
		assert!(message.contains("checkpoint"), "{message}");
	}
	checkpoint::save(dir.path(), &State::default(), [&[0.0f32; 3][..]], &AdamW::new([3]))
		.expect("saves");
	let message = checkpoint::load(dir.path(), &[4]).expect_err("another shape").to_string();
	assert!(message.contains("[3]") && message.contains("[4]"), "{message}");
	let whole = std::fs::read(&path).expect("reads");
	std::fs::write(&path, &whole[..whole.len() - 4]).expect("writes");
	assert!(checkpoint::load(dir.path(), &[3]).is_err());
}

#[test]
fn an_interrupted_write_leaves_the_old_checkpoint() {
	let dir = tempfile::tempdir().expect("temporary folder");
	let save = |step| {
		let state = State { step, ..Default::default() };
		checkpoint::save(dir.path(), &state, [&[0.0f32; 3][..]], &AdamW::new([3])).expect("saves");
	};
	save(1);
	std::fs::write(checkpoint::path_in(dir.path()).with_extension("partial"), b"half")
		.expect("writes");
	let back = checkpoint::load(dir.path(), &[3]).expect("loads").expect("is there");
	assert_eq!(back.state.step, 1);
	save(2);
	assert_eq!(checkpoint::load(dir.path(), &[3]).expect("loads").expect("is there").state.step, 2);
}

#[test]
fn adamw_takes_the_textbook_first_step_and_decays_weights_apart_from_the_gradient() {
	let config = TrainConfig { weight_decay: 0.1, ..Default::default() };
	let mut optimizer = AdamW::new([2]);
	let mut parameter = [1.0f32, -2.0];
	optimizer.begin();
	optimizer.update(0, &mut parameter, &[0.5, -4.0], 1.0, 0.01, &config);
	// The first step is the rate times the gradient's sign, whatever its size.
	assert!((parameter[0] - (1.0 * (1.0 - 0.001) - 0.01)).abs() < 1e-6);
	assert!((parameter[1] - (-2.0 * (1.0 - 0.001) + 0.01)).abs() < 1e-6);
}

#[test]
fn adamw_finds_the_minimum_of_a_parabola() {
	let config = TrainConfig::default();
	let mut optimizer = AdamW::new([1]);
	let mut x = [3.0f32];
	for _ in 0..2000 {
		optimizer.begin();
		let gradient = [2.0 * (x[0] - 1.0)];
		optimizer.update(0, &mut x, &gradient, 1.0, 0.01, &config);
	}
	assert!((x[0] - 1.0).abs() < 1e-3, "{x:?}");
}

#[test]
fn clipping_scales_a_long_gradient_only() {
	let length = norm([&[3.0f32][..], &[4.0]]);
	assert_eq!(length, 5.0);
	assert!((clip_factor(length, 1.0) * length - 1.0).abs() < 1e-6);
	assert_eq!(clip_factor(length, 10.0), 1.0);
	assert_eq!(clip_factor(length, 0.0), 1.0);
}
