//! Decoding: the same bytes in any company, and close to full precision.

mod common;

use common::{busy_adapter, tiny, tokens};
use std::sync::Arc;
use weft_engine::{Model, Module, Sequence};

fn start(model: &Model, adapter: Option<u64>, prompt: &[u32]) -> Sequence {
	let adapter = adapter.map(|seed| Arc::new(busy_adapter(model.config(), seed, Module::all())));
	let mut sequence = Sequence::new(model, adapter, 128).expect("a sequence");
	model.prefill(&mut sequence, prompt).expect("a prompt");
	sequence
}

#[test]
fn a_sequence_decodes_to_the_same_bytes_in_any_batch() {
	let model = tiny();
	let stream = tokens(6, 50, 96);
	let alone = {
		let mut sequence = start(&model, Some(1), &tokens(9, 4, 96));
		stream
			.iter()
			.map(|t| model.decode(&mut [(&mut sequence, *t)]).expect("decodes").remove(0))
			.collect::<Vec<_>>()
	};
	for (company, place) in [(1, 0), (2, 1), (3, 3), (6, 2), (7, 0)] {
		let mut own = start(&model, Some(1), &tokens(9, 4, 96));
		let mut others: Vec<_> = (0..company)
			.map(|i| {
				let adapter = (i % 3 > 0).then_some(10 + i as u64);
				start(&model, adapter, &tokens(3 + 5 * i, i as u32, 96))
			})
			.collect();
		for (step, token) in stream.iter().enumerate() {
			let mut batch: Vec<(&mut Sequence, u32)> =
				others.iter_mut().map(|s| (s, 7 + step as u32)).collect();
			batch.insert(place, (&mut own, *token));
			let logits = model.decode(&mut batch).expect("decodes");
			assert!(logits[place] == alone[step], "with {company} others, step {step}");
		}
	}
}

#[test]
fn decoding_agrees_with_full_precision_within_the_rounding_of_activations() {
	let model = tiny();
	let all = tokens(24, 8, 96);
	for adapter in [None, Some(3)] {
		let mut sequence = start(&model, adapter, &all[..12]);
		let adapter = sequence.adapter().cloned();
		let full = model.logits(&all, adapter.as_deref()).expect("logits");
		for (at, token) in all.iter().enumerate().skip(12) {
			let logits = model.decode(&mut [(&mut sequence, *token)]).expect("decodes").remove(0);
			let full = &full[at * 96..(at + 1) * 96];
			let top = full.iter().fold(0.0f32, |a, b| a.max(b.abs()));
			for (d, f) in logits.iter().zip(full) {
				assert!((d - f).abs() < 0.04 * top, "position {at}: {d} and {f}, of {top}");
			}
		}
	}
}

#[test]
fn a_prompt_in_parts_is_the_same_prompt() {
	let model = tiny();
	let all = tokens(40, 8, 96);
	let mut whole = Sequence::new(&model, None, 64).expect("a sequence");
	let expected = model.prefill(&mut whole, &all).expect("a prompt");
	let mut parts = Sequence::new(&model, None, 64).expect("a sequence");
	model.prefill(&mut parts, &all[..17]).expect("a prompt");
	let found = model.prefill(&mut parts, &all[17..]).expect("a prompt");
	assert_eq!(parts.len(), 40);
	for (a, b) in expected.iter().zip(&found) {
		assert!((a - b).abs() < 0.05, "{a} and {b}");
	}
}

#[test]
fn a_truncated_sequence_goes_on_as_if_the_rest_had_never_been() {
	let model = tiny();
	let mut sequence = start(&model, Some(2), &tokens(9, 4, 96));
	let expected = model.decode(&mut [(&mut sequence, 5)]).expect("decodes");
	for token in [9, 8, 7] {
		model.decode(&mut [(&mut sequence, token)]).expect("decodes");
	}
	sequence.truncate(9);
	assert!(model.decode(&mut [(&mut sequence, 5)]).expect("decodes") == expected);
}

#[test]
fn a_full_sequence_and_an_unknown_token_are_refused_and_change_nothing() {
	let model = tiny();
	let mut sequence = Sequence::new(&model, None, 4).expect("a sequence");
	assert!(model.prefill(&mut sequence, &[1, 2, 3, 4, 5]).is_err());
	assert!(model.prefill(&mut sequence, &[]).is_err());
	assert!(model.prefill(&mut sequence, &[96]).is_err());
	assert_eq!(sequence.len(), 0);
	model.prefill(&mut sequence, &[1, 2, 3, 4]).expect("fits");
	let mut fresh = start(&model, None, &[1]);
	let refused = model.decode(&mut [(&mut fresh, 1), (&mut sequence, 1)]);
	assert!(refused.is_err_and(|e| e.to_string().contains("4 of at most 4")));
	assert_eq!((fresh.len(), sequence.len()), (1, 4));
	assert!(Sequence::new(&model, None, 0).is_err());
}

#[test]
fn an_adapter_of_another_model_is_refused() {
	let model = tiny();
	let other = weft_engine::Config { n_layers: 3, ..model.config().clone() };
	let adapter = Arc::new(busy_adapter(&other, 1, Module::all()));
	assert!(Sequence::new(&model, Some(adapter.clone()), 8).is_err());
	assert!(model.logits(&[1], Some(&adapter)).is_err());
}

#[test]
fn several_threads_may_decode_at_once() {
	let model = tiny();
	let expected = {
		let mut sequence = start(&model, Some(1), &[1, 2, 3]);
		model.decode(&mut [(&mut sequence, 4)]).expect("decodes")
	};
	std::thread::scope(|scope| {
		for _ in 0..4 {
			scope.spawn(|| {
				for _ in 0..20 {
					let mut sequence = start(&model, Some(1), &[1, 2, 3]);
					assert!(model.decode(&mut [(&mut sequence, 4)]).expect("decodes") == expected);
				}
			});
		}
	});
}
