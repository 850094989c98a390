//! The backward pass against finite differences, on a model small enough for all tensors.

mod common;

use common::{busy_adapter, tiny, tokens};
use weft_engine::{Adapter, AdapterGrads, GradSink, LoraConfig, Model, Module, Sample, TrainBatch};

fn batch() -> Vec<Sample> {
	[(13, 1), (7, 2), (21, 3)]
		.into_iter()
		.map(|(n, salt)| (tokens(n, salt, 96), (0..n).map(|i| i > 2).collect()))
		.collect()
}

fn gradients(model: &Model, adapter: &Adapter, dropout: Option<u64>) -> AdapterGrads {
	let mut grads = AdapterGrads::new(adapter);
	let batch = TrainBatch { sequences: batch() };
	model.forward_backward(&batch, adapter, dropout, &mut grads).expect("a sound batch");
	grads
}

/// Slope of the loss along a direction inside of one tensor, by a central difference.
fn slope(
	model: &Model,
	adapter: &Adapter,
	at: std::ops::Range<usize>,
	direction: &[f32],
	dropout: Option<u64>,
) -> f64 {
	let step = 2e-2;
	let loss = |sign: f32| {
		let mut moved = adapter.clone();
		for (value, d) in moved.values_mut()[at.clone()].iter_mut().zip(direction) {
			*value += sign * step * d;
		}
		match dropout {
			None => model.loss(&batch(), Some(&moved)).expect("a sound batch").loss_sum,
			Some(_) => {
				let mut unused = AdapterGrads::new(&moved);
				let batch = TrainBatch { sequences: batch() };
				model
					.forward_backward(&batch, &moved, dropout, &mut unused)
					.expect("sound")
					.loss_sum
			}
		}
	};
	(loss(1.0) - loss(-1.0)) / (2.0 * f64::from(step))
}

fn check_against_differences(adapter: &Adapter, dropout: Option<u64>) {
	let model = tiny();
	let grads = gradients(&model, adapter, dropout);
	let mut tensors = 0;
	for (param, grad) in grads.params() {
		let norm = grad.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
		assert!(norm > 1e-4, "{} has no gradient", param.name);
		// Along the gradient itself, and along a direction that has nothing to do with it.
		let along: Vec<f32> = grad.iter().map(|g| g / norm as f32).collect();
		let other: Vec<f32> = (0..grad.len())
			.map(|i| ((i * 37 + 11) % 17) as f32 / 8.0 - 1.0)
			.map(|v| v / (grad.len() as f32).sqrt())
			.collect();
		for direction in [along, other] {
			let expected: f64 =
				grad.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
			let found = slope(&model, adapter, param.range.clone(), &direction, dropout);
			let tolerance = 1e-2 * norm + 2e-3;
			assert!(
				(found - expected).abs() < tolerance,
				"{}: the slope is {found}, the gradient says {expected}",
				param.name
			);
		}
		tensors += 1;
	}
	assert_eq!(tensors, 2 * 2 * adapter.config().modules.len());
}

#[test]
fn gradients_of_every_tensor_agree_with_finite_differences() {
	check_against_differences(&busy_adapter(tiny().config(), 3, Module::all()), None);
}

#[test]
fn gradients_agree_when_only_some_modules_are_adapted() {
	let modules = [Module::Q, Module::V, Module::Up];
	check_against_differences(&busy_adapter(tiny().config(), 3, &modules), None);
}

#[test]
fn gradients_agree_under_dropout_with_a_fixed_seed() {
	let base = busy_adapter(tiny().config(), 3, Module::all());
	let mut lora = base.config().clone();
	lora.dropout = 0.25;
	let mut adapter = Adapter::new(tiny().config(), lora, 3).expect("sound settings");
	adapter.values_mut().copy_from_slice(base.values());
	check_against_differences(&adapter, Some(99));
}

#[test]
fn a_new_adapter_changes_no_loss_and_has_gradients_for_b_alone() {
	let model = tiny();
	let adapter = Adapter::new(model.config(), LoraConfig::default(), 1).expect("sound settings");
	let plain = model.loss(&batch(), None).expect("sound");
	let with = model.loss(&batch(), Some(&adapter)).expect("sound");
	assert_eq!(plain, with);
	for (param, grad) in gradients(&model, &adapter, None).params() {
		let any = grad.iter().any(|g| *g != 0.0);
		assert_eq!(any, !param.is_a, "{}", param.name);
	}
}

#[test]
fn gradients_do_not_depend_on_the_number_of_threads() {
	let model = tiny();
	let adapter = busy_adapter(model.config(), 3, Module::all());
	let run = |threads: usize| {
		let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
		pool.install(|| gradients(&model, &adapter, None).values().to_vec())
	};
	let one = run(1);
	for threads in [2, 3, 5] {
		assert!(run(threads) == one, "{threads} threads gave other bytes");
	}
}

#[test]
fn a_step_down_the_gradient_lowers_the_loss() {
	let model = tiny();
	let mut adapter = busy_adapter(model.config(), 3, Module::all());
	let before = model.loss(&batch(), Some(&adapter)).expect("sound").mean();
	for _ in 0..20 {
		let grads = gradients(&model, &adapter, None);
		for (value, g) in adapter.values_mut().iter_mut().zip(grads.values()) {
			*value -= 2e-3 * g;
		}
	}
	let after = model.loss(&batch(), Some(&adapter)).expect("sound").mean();
	assert!(after < before - 0.1, "{before} to {after}");
}

#[test]
fn packing_several_samples_gives_the_sum_of_their_losses() {
	let model = tiny();
	let adapter = busy_adapter(model.config(), 3, Module::all());
	let together = model.losses(&batch(), Some(&adapter)).expect("sound");
	for (sample, stats) in batch().into_iter().zip(together) {
		let alone = model.loss(&[sample], Some(&adapter)).expect("sound");
		assert_eq!(alone.tokens, stats.tokens);
		assert!((alone.loss_sum - stats.loss_sum).abs() < 1e-4);
	}
}

/// Forms the adapter's gradients from what attribution is given.
struct Outer<'a> {
	adapter: &'a Adapter,
	grads: Vec<(usize, Module, Vec<f32>)>,
	hidden: usize,
}

impl GradSink for Outer<'_> {
	fn module(&mut self, layer: usize, module: Module, x: &[f32], dy: &[f32], tokens: usize) {
		let (input, out) = module.dims(self.adapter.model_config());
		assert_eq!((x.len(), dy.len()), (tokens * input, tokens * out));
		// dB = scale · dyᵀ (x Aᵀ)
		let a =
			self.adapter.params().find(|(p, _)| p.is_a && p.layer == layer && p.module == module);
		let (_, a) = a.expect("all modules are adapted");
		let rank = self.adapter.config().rank;
		let mut grad = vec![0.0; out * rank];
		for t in 0..tokens {
			for r in 0..rank {
				let low: f32 = (0..input).map(|i| x[t * input + i] * a[r * input + i]).sum();
				for o in 0..out {
					grad[o * rank + r] += self.adapter.config().scale() * dy[t * out + o] * low;
				}
			}
		}
		self.grads.push((layer, module, grad));
	}

	fn hidden(&mut self, h: &[f32], dh: &[f32], tokens: usize) {
		assert_eq!((h.len(), dh.len()), (tokens * 32, tokens * 32));
		self.hidden += 1;
	}
}

#[test]
fn what_attribution_captures_gives_the_gradients_of_the_mean_loss() {
	let model = tiny();
	let adapter = busy_adapter(model.config(), 3, Module::all());
	let sample = batch().remove(0);
	let mut grads = AdapterGrads::new(&adapter);
	let one = TrainBatch { sequences: vec![sample.clone()] };
	let stats = model.forward_backward(&one, &adapter, None, &mut grads).expect("sound");
	let mut sink = Outer { adapter: &adapter, grads: vec![], hidden: 0 };
	let seen = model.capture(&sample, Some(&adapter), &mut sink).expect("sound");
	assert_eq!(seen.tokens, stats.tokens);
	assert_eq!((sink.grads.len(), sink.hidden), (14, 1));
	for (layer, module, found) in &sink.grads {
		let (param, expected) = grads
			.params()
			.find(|(p, _)| !p.is_a && p.layer == *layer && p.module == *module)
			.expect("all modules are adapted");
		for (f, e) in found.iter().zip(expected) {
			let e = e / stats.tokens as f32;
			assert!((f - e).abs() < 1e-4 + 1e-3 * e.abs(), "{}: {f} and {e}", param.name);
		}
	}
}

#[test]
fn a_batch_that_the_model_cannot_take_is_refused_by_name() {
	let model = tiny();
	let text = |samples: &[Sample]| match model.loss(samples, None) {
		Err(error) => error.to_string(),
		Ok(_) => "accepted".into(),
	};
	assert!(text(&[(vec![], vec![])]).contains("empty"));
	assert!(text(&[(vec![1, 96], vec![true; 2])]).contains("token 96"));
	assert!(text(&[(vec![1, 2], vec![true; 3])]).contains("mask of 3"));
	assert!(text(&[(vec![1; 300], vec![true; 300])]).contains("at most 256"));
	let nothing = model.capture(
		&(vec![1, 2], vec![true, false]),
		None,
		&mut Outer {
			adapter: &busy_adapter(model.config(), 1, &[Module::Q]),
			grads: vec![],
			hidden: 0,
		},
	);
	assert!(nothing.is_err_and(|e| e.to_string().contains("no token that counts")));
}
