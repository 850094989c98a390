//! The seam between the daemon and `weft-attribution`.

use crate::snapshot::Sourced;
use anyhow::Result;
use std::sync::atomic::AtomicBool;
use weft_attribution::{build as build_index, Influence, InfluenceIndex, Row, ShareRules};
use weft_engine::{Adapter, ChatMessage, Model};
use weft_trainer::encode::{encode, encode_answer};

/// Builds the index at the end of the training run.
pub fn build(
	model: &Model,
	adapter: &Adapter,
	records: &[Sourced],
	max_length: usize,
	seed: u64,
	cancel: &AtomicBool,
) -> Result<InfluenceIndex> {
	let rows: Vec<Row> = records
		.iter()
		.map(|r| {
			let (mut ids, mut mask) = encode(model.tokenizer(), &r.example.record);
			ids.truncate(max_length);
			mask.truncate(max_length);
			Row {
				sample: (ids, mask),
				text: r.example.record.answer_text(),
				record: r.example.hash,
				contributor: r.contributor,
				contribution: r.contribution,
			}
		})
		.collect();
	Ok(build_index(model, Some(adapter), &rows, seed, |_, _| {}, cancel)?)
}

/// Attributes an answer to a conversation.
pub fn attribute(
	model: &Model,
	adapter: &Adapter,
	influence: &Influence,
	prompt: &[ChatMessage],
	answer: &str,
) -> Result<weft_attribution::Attribution> {
	let tokenizer = model.tokenizer();
	// The question that was answered counts; a long history would dilute the averages.
	let last = prompt.iter().rposition(|m| m.role == "user").unwrap_or(0);
	let prompt = prompt.get(last..).unwrap_or(prompt);
	let sample = encode_answer(tokenizer, &tokenizer.chat(prompt, true), answer);
	Ok(influence.attribute(model, Some(adapter), &sample, &ShareRules::default())?)
}
