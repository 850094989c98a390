//! How likely the base model finds a record: what the quality report's perplexity comes from.

use crate::quality::Likelihood;
use std::sync::atomic::{AtomicBool, Ordering};
use weft_engine::{Model, Sample};
use weft_trainer::{encode::encode_for_training, Example};

/// Records that go through the model between two looks at the cancel flag.
const BATCH: usize = 8;

/// Loss of each record's answer under the base model. Records are cut to `max_length` tokens; `None` if nothing
/// is left to measure. `progress` is told how many are done; a raised flag ends it early with `None` entries.
pub fn likelihoods(
	model: &Model,
	examples: &[Example],
	max_length: usize,
	mut progress: impl FnMut(usize, usize),
	cancel: &AtomicBool,
) -> weft_engine::Result<Vec<Option<Likelihood>>> {
	let max_length = max_length.min(model.config().max_len);
	let mut out = vec![None; examples.len()];
	for (batch, chunk) in examples.chunks(BATCH).enumerate() {
		if cancel.load(Ordering::Relaxed) {
			break;
		}
		let mut samples: Vec<Sample> = Vec::new();
		let mut places = Vec::new();
		for (at, example) in chunk.iter().enumerate() {
			if let Some((sample, _)) =
				encode_for_training(model.tokenizer(), &example.record, true, max_length)
			{
				samples.push(sample);
				places.push(batch * BATCH + at);
			}
		}
		for (place, stats) in places.into_iter().zip(model.losses(&samples, None)?) {
			if let Some(slot) = out.get_mut(place) {
				*slot = Some(Likelihood { loss: stats.mean(), loss_without_prompt: None });
			}
		}
		progress((batch * BATCH + chunk.len()).min(examples.len()), examples.len());
	}
	Ok(out)
}
