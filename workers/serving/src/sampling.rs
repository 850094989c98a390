//! Choosing the next token.

use rand::{rngs::StdRng, Rng, SeedableRng};
use std::collections::HashMap;

/// How the next token is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
	/// 0 takes the most likely token.
	pub temperature: f32,
	/// Only the most likely tokens that together have this probability.
	pub top_p: f32,
	/// Makes the choice repeatable.
	pub seed: Option<u64>,
	/// Lowers tokens that occurred, once.
	pub presence_penalty: f32,
	/// Lowers tokens by how often they occurred.
	pub frequency_penalty: f32,
}

impl Default for Sampling {
	fn default() -> Self {
		Self {
			temperature: 1.0,
			top_p: 1.0,
			seed: None,
			presence_penalty: 0.0,
			frequency_penalty: 0.0,
		}
	}
}

/// The state of one sequence's sampling.
pub struct Sampler {
	sampling: Sampling,
	rng: StdRng,
	seen: HashMap<u32, u32>,
}

impl Sampler {
	/// A fresh sampler.
	pub fn new(sampling: Sampling) -> Self {
		let rng = match sampling.seed {
			Some(seed) => StdRng::seed_from_u64(seed),
			None => StdRng::from_entropy(),
		};
		Self { sampling, rng, seen: HashMap::new() }
	}

	/// The next token. Equal logits go to the lower id, so greedy answers are the same anywhere.
	pub fn next(&mut self, logits: &mut [f32]) -> Result<u32, String> {
		let (presence, frequency) =
			(self.sampling.presence_penalty, self.sampling.frequency_penalty);
		if presence != 0.0 || frequency != 0.0 {
			for (token, count) in &self.seen {
				if let Some(logit) = logits.get_mut(*token as usize) {
					*logit -= presence + frequency * *count as f32;
				}
			}
		}
		let mut best: Option<(usize, f32)> = None;
		for (id, logit) in logits.iter().enumerate() {
			if logit.is_finite() && best.is_none_or(|(_, top)| *logit > top) {
				best = Some((id, *logit));
			}
		}
		let (top, max) = best.ok_or("the model returned no finite number")?;
		let token = if self.sampling.temperature <= 0.0 || self.sampling.top_p <= 0.0 {
			top
		} else {
			self.draw(logits, max)
		} as u32;
		let seen = self.seen.entry(token).or_default();
		*seen = seen.saturating_add(1);
		Ok(token)
	}

	fn draw(&mut self, logits: &[f32], max: f32) -> usize {
		let temperature = self.sampling.temperature;
		// Below e^-25 of the top a token would not be drawn in the lifetime of the machine.
		let mut candidates: Vec<(usize, f64)> = logits
			.iter()
			.enumerate()
			.filter(|(_, logit)| logit.is_finite())
			.map(|(id, logit)| (id, f64::from((logit - max) / temperature)))
			.filter(|(_, scaled)| *scaled > -25.0)
			.map(|(id, scaled)| (id, scaled.exp()))
			.collect();
		candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
		let mut total: f64 = candidates.iter().map(|(_, weight)| weight).sum();
		if self.sampling.top_p < 1.0 {
			let limit = total * f64::from(self.sampling.top_p);
			let (mut sum, mut keep) = (0.0, 0);
			for (_, weight) in &candidates {
				sum += weight;
				keep += 1;
				if sum >= limit {
					break;
				}
			}
			candidates.truncate(keep);
			total = sum;
		}
		let mut left = self.rng.gen::<f64>() * total;
		for (id, weight) in &candidates {
			left -= weight;
			if left <= 0.0 {
				return *id;
			}
		}
		candidates.last().map_or(0, |(id, _)| *id)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn draws(sampling: Sampling, n: usize) -> Vec<u32> {
		let mut sampler = Sampler::new(sampling);
		(0..n).map(|_| sampler.next(&mut [1.0, 3.0, 3.0, 0.5]).unwrap()).collect()
	}

	#[test]
	fn temperature_zero_takes_the_most_likely_and_the_lower_id_of_equals() {
		assert_eq!(draws(Sampling { temperature: 0.0, ..Default::default() }, 5), [1; 5]);
	}

	#[test]
	fn the_same_seed_draws_the_same_tokens_and_another_seed_others() {
		let with = |seed| draws(Sampling { seed: Some(seed), ..Default::default() }, 64);
		assert_eq!(with(7), with(7));
		assert_ne!(with(7), with(8));
		assert!(with(7).iter().any(|t| *t == 0 || *t == 3), "the unlikely ones occur too");
	}

	#[test]
	fn top_p_leaves_out_the_tail() {
		let sampling = Sampling { top_p: 0.8, seed: Some(1), ..Default::default() };
		assert!(draws(sampling, 500).iter().all(|t| *t == 1 || *t == 2));
	}

	#[test]
	fn a_frequency_penalty_breaks_repetition() {
		let sampling = Sampling { temperature: 0.0, frequency_penalty: 1.5, ..Default::default() };
		assert_eq!(draws(sampling, 4), [1, 2, 1, 2]);
	}

	#[test]
	fn logits_without_a_finite_number_are_an_error_and_not_a_token() {
		let mut sampler = Sampler::new(Sampling::default());
		assert!(sampler.next(&mut [f32::NAN, f32::NEG_INFINITY]).is_err());
		assert!(sampler.next(&mut []).is_err());
	}
}
