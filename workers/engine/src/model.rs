//! A loaded model and its full-precision entry points.

use crate::{
	adapter::{Adapter, AdapterGrads, Module},
	config::Config,
	error::{EngineError, Result},
	forward::{fit, Dropout, Packed, Past, Workspace},
	gguf, hub,
	ops::{self, matmul, Into, View, ViewMut},
	tokenizer::Tokenizer,
	weights::{RawWeights, Weights},
};
use rayon::prelude::*;
use std::{
	path::Path,
	sync::{Arc, Mutex},
};

/// Rotary angles of every position.
pub(crate) struct Rope {
	half: usize,
	cos: Vec<f32>,
	sin: Vec<f32>,
}

impl Rope {
	fn new(config: &Config) -> Self {
		let half = config.head_dim / 2;
		let (mut cos, mut sin) = (Vec::new(), Vec::new());
		// The frequencies are rounded to f32 as the reference implementation does.
		let frequencies: Vec<f32> = (0..half)
			.map(|i| {
				let power = 2.0 * i as f32 / config.head_dim as f32;
				1.0 / config.rope_theta.powf(power)
			})
			.collect();
		for position in 0..config.max_len {
			for frequency in &frequencies {
				let angle = f64::from(position as f32 * frequency);
				cos.push(angle.cos() as f32);
				sin.push(angle.sin() as f32);
			}
		}
		Self { half, cos, sin }
	}

	pub(crate) fn at(&self, position: usize) -> (&[f32], &[f32]) {
		let range = position * self.half..(position + 1) * self.half;
		(&self.cos[range.clone()], &self.sin[range])
	}
}

/// A model, shared by everything that runs on it.
pub struct Model {
	pub(crate) config: Config,
	pub(crate) weights: Weights,
	pub(crate) rope: Rope,
	pub(crate) team: crate::team::Team,
	tokenizer: Option<Tokenizer>,
	name: String,
	weights_hash: [u8; 32],
	workspaces: Mutex<Vec<Workspace>>,
}

/// The sum of losses and the number of tokens they were taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossStats {
	/// Sum of the negative logarithms of the target tokens' probabilities.
	pub loss_sum: f64,
	/// Target tokens.
	pub tokens: usize,
}

impl LossStats {
	/// The mean loss; zero without tokens.
	pub fn mean(&self) -> f64 {
		if self.tokens == 0 {
			0.0
		} else {
			self.loss_sum / self.tokens as f64
		}
	}

	/// The perplexity, e to the power of the mean loss.
	pub fn perplexity(&self) -> f64 {
		self.mean().exp()
	}

	/// Adds another.
	pub fn add(&mut self, other: LossStats) {
		self.loss_sum += other.loss_sum;
		self.tokens += other.tokens;
	}
}

/// Tokens and, for each, whether predicting it counts.
pub type Sample = (Vec<u32>, Vec<bool>);

/// Samples for one step of training.
#[derive(Clone, Debug, Default)]
pub struct TrainBatch {
	/// The samples, of any lengths.
	pub sequences: Vec<Sample>,
}

/// Takes what attribution needs of one sample: inputs and output gradients of every projection.
pub trait GradSink {
	/// Inputs `[tokens, in]` and gradients of the mean loss at the outputs `[tokens, out]`.
	fn module(&mut self, layer: usize, module: Module, x: &[f32], dy: &[f32], tokens: usize);
	/// Last hidden states (after the last norm) `[tokens, hidden]` and their gradients.
	fn hidden(&mut self, h: &[f32], dh: &[f32], tokens: usize);
}

/// Most tokens in one pass; larger batches are split, always in the same way.
const PASS: usize = 1024;
/// Rows of logits computed at once.
const LOGIT_ROWS: usize = 128;

ops::kernel! {
	/// Loss of one row of logits for its target; the row becomes the gradient when asked for.
	fn cross_entropy(row: &mut [f32], target: usize, gradient: Option<f32>) -> f64 {
		let logit = row[target];
		let log_sum = ops::softmax(row, 1.0);
		if let Some(factor) = gradient {
			row[target] -= 1.0;
			for value in row.iter_mut() {
				*value *= factor;
			}
		}
		f64::from(log_sum) - f64::from(logit)
	}
}

impl Model {
	/// Reads a `.gguf` file, or a folder with `config.json`, `model.safetensors`, `tokenizer.json`.
	pub fn load(path: &Path) -> Result<Arc<Self>> {
		let is_dir = path.is_dir();
		let file_path = if is_dir { path.join("model.safetensors") } else { path.to_owned() };
		let file = std::fs::File::open(&file_path).map_err(|error| {
			if error.kind() == std::io::ErrorKind::NotFound {
				EngineError::ModelMissing { path: path.to_owned() }
			} else {
				EngineError::Io { path: file_path.clone(), source: error }
			}
		})?;
		// SAFETY: model files are written once, under their hash, and not changed in place.
		let bytes = unsafe { memmap2::Mmap::map(&file) }.map_err(EngineError::io(&file_path))?;
		let (hash, loaded) = rayon::join(
			|| crate::hash::blake2_256(&bytes),
			|| if is_dir { hub::load(path, &bytes) } else { gguf::load(path, &bytes) },
		);
		let loaded = loaded?;
		let model = Self::assemble(
			loaded.name,
			loaded.config,
			Some(loaded.tokenizer),
			loaded.weights,
			hash,
		)?;
		Ok(Arc::new(model))
	}

	/// A model of random weights without a tokenizer, for tests of the arithmetic.
	#[doc(hidden)]
	pub fn random(config: Config, seed: u64) -> Result<Arc<Self>> {
		config.check()?;
		Ok(Arc::new(Self::assemble(
			"random".into(),
			config.clone(),
			None,
			RawWeights::random(&config, seed),
			[0; 32],
		)?))
	}

	fn assemble(
		name: String,
		config: Config,
		tokenizer: Option<Tokenizer>,
		raw: RawWeights,
		weights_hash: [u8; 32],
	) -> Result<Self> {
		let weights = Weights::new(raw, &config)?;
		let rope = Rope::new(&config);
		Ok(Self {
			config,
			weights,
			rope,
			team: crate::team::Team::new(),
			tokenizer,
			name,
			weights_hash,
			workspaces: Mutex::new(Vec::new()),
		})
	}

	/// Its shape.
	pub fn config(&self) -> &Config {
		&self.config
	}

	/// Its tokenizer.
	///
	/// # Panics
	/// For a model of random weights, which exists in tests only.
	pub fn tokenizer(&self) -> &Tokenizer {
		match &self.tokenizer {
			Some(tokenizer) => tokenizer,
			None => panic!("a model of random weights has no tokenizer"),
		}
	}

	/// blake2b-256 of the file with the weights.
	pub fn weights_hash(&self) -> [u8; 32] {
		self.weights_hash
	}

	/// Hash of the tokenizer's vocabulary, rules and chat template.
	pub fn tokenizer_hash(&self) -> [u8; 32] {
		self.tokenizer.as_ref().map(|t| t.hash()).unwrap_or_default()
	}

	/// Its name, taken from the file or folder.
	pub fn name(&self) -> &str {
		&self.name
	}

	/// Rejects tokens that the vocabulary lacks and sequences longer than the model was made for.
	pub(crate) fn check_tokens(&self, tokens: &[u32]) -> Result<()> {
		if tokens.is_empty() {
			return Err(EngineError::Input(
				"a sequence is empty; at least one token is needed".into(),
			));
		}
		if tokens.len() > self.config.max_len {
			return Err(EngineError::Input(format!(
				"a sequence has {} tokens; at most {} are allowed",
				tokens.len(),
				self.config.max_len
			)));
		}
		if let Some(token) = tokens.iter().find(|t| **t as usize >= self.config.vocab) {
			return Err(EngineError::Input(format!(
				"the token {token} is not in the vocabulary of {}",
				self.config.vocab
			)));
		}
		Ok(())
	}

	pub(crate) fn check_adapter(&self, adapter: Option<&Adapter>) -> Result<()> {
		match adapter {
			Some(adapter) if adapter.model_config() != &self.config => Err(EngineError::Adapter(
				"it was made for a model of another shape than the one loaded".into(),
			)),
			_ => Ok(()),
		}
	}

	fn check_sample(&self, (tokens, mask): &Sample) -> Result<()> {
		self.check_tokens(tokens)?;
		if tokens.len() != mask.len() {
			return Err(EngineError::Input(format!(
				"a sample has {} tokens but a mask of {}",
				tokens.len(),
				mask.len()
			)));
		}
		Ok(())
	}

	pub(crate) fn workspace(&self) -> Workspace {
		self.workspaces.lock().ok().and_then(|mut w| w.pop()).unwrap_or_default()
	}

	pub(crate) fn give_back(&self, workspace: Workspace) {
		if let Ok(mut workspaces) = self.workspaces.lock() {
			if workspaces.len() < 2 {
				workspaces.push(workspace);
			}
		}
	}

	/// Last norm of all rows of `ws.h` into a new vector, with the factors.
	fn last_norm(&self, ws: &Workspace, rows: usize) -> (Vec<f32>, Vec<f32>) {
		let mut out = vec![0.0; rows * self.config.hidden];
		let mut factors = vec![0.0; rows];
		crate::forward::norm_rows(
			&ws.h,
			&self.weights.norm,
			self.config.rms_eps,
			&mut out,
			&mut factors,
		);
		(out, factors)
	}

	/// Logits of some rows of normalised hidden states.
	pub(crate) fn logits_of(&self, hidden: &[f32], out: &mut Vec<f32>) {
		let c = &self.config;
		let rows = hidden.len() / c.hidden;
		fit(out, rows * c.vocab);
		matmul(
			[rows, c.vocab, c.hidden],
			View::rows(hidden, c.hidden),
			View::columns(self.weights.head(), c.hidden),
			ViewMut::rows(out, c.vocab),
			Into::Replace,
			1.0,
			true,
		);
	}

	/// Logits at every position, `[tokens, vocab]`, in full precision.
	pub fn logits(&self, tokens: &[u32], adapter: Option<&Adapter>) -> Result<Vec<f32>> {
		let hidden = self.hidden_states(tokens, adapter)?;
		let mut out = Vec::new();
		self.logits_of(&hidden, &mut out);
		Ok(out)
	}

	/// The last hidden states after the last norm, `[tokens, hidden]`.
	pub fn hidden_states(&self, tokens: &[u32], adapter: Option<&Adapter>) -> Result<Vec<f32>> {
		self.check_tokens(tokens)?;
		self.check_adapter(adapter)?;
		let packed = Packed::new([tokens]);
		let mut ws = self.workspace();
		self.run_blocks(&packed, adapter, None, Past::None, false, &mut ws);
		let (hidden, _) = self.last_norm(&ws, packed.len());
		self.give_back(ws);
		Ok(hidden)
	}

	/// Splits samples into passes of at most [`PASS`] tokens (or one sample).
	fn passes<'a>(samples: &'a [&'a Sample]) -> Vec<&'a [&'a Sample]> {
		let (mut out, mut start, mut tokens) = (Vec::new(), 0, 0);
		for (i, (ids, _)) in samples.iter().enumerate() {
			if i > start && tokens + ids.len() > PASS {
				out.push(&samples[start..i]);
				(start, tokens) = (i, 0);
			}
			tokens += ids.len();
		}
		if start < samples.len() {
			out.push(&samples[start..]);
		}
		out
	}

	/// Losses of the samples of one pass and, with `factor`, the gradient at the residual stream
	/// before the last norm (in `ws.h`'s shape, returned) and the gradient after the last norm.
	fn losses_of_pass(
		&self,
		samples: &[&Sample],
		ws: &mut Workspace,
		factor: Option<f32>,
	) -> (Vec<LossStats>, Vec<f32>, Vec<f32>) {
		let c = &self.config;
		// Row that predicts, its target, its sample.
		let mut targets = Vec::new();
		let mut start = 0;
		for (i, (tokens, mask)) in samples.iter().enumerate() {
			for at in 1..tokens.len() {
				if mask[at] {
					targets.push((start + at - 1, tokens[at] as usize, i));
				}
			}
			start += tokens.len();
		}
		let mut stats = vec![LossStats::default(); samples.len()];
		let (mut dh, mut d_normed) = match factor {
			Some(_) => (vec![0.0; start * c.hidden], vec![0.0; start * c.hidden]),
			None => (Vec::new(), Vec::new()),
		};
		let (mut rows, mut d_rows) = (Vec::new(), Vec::new());
		for targets in targets.chunks(LOGIT_ROWS) {
			fit(&mut rows, targets.len() * c.hidden);
			let mut factors = vec![0.0; targets.len()];
			for ((row, f), (at, _, _)) in rows.chunks_mut(c.hidden).zip(&mut factors).zip(targets) {
				let h = &ws.h[at * c.hidden..(at + 1) * c.hidden];
				*f = ops::rms_norm(h, &self.weights.norm, c.rms_eps, row);
			}
			let mut logits = std::mem::take(&mut ws.logits);
			self.logits_of(&rows, &mut logits);
			let losses: Vec<f64> = logits
				.par_chunks_mut(c.vocab)
				.zip(targets)
				.map(|(row, (_, target, _))| cross_entropy(row, *target, factor))
				.collect();
			for (loss, (_, _, sample)) in losses.iter().zip(targets) {
				stats[*sample].add(LossStats { loss_sum: *loss, tokens: 1 });
			}
			if factor.is_some() {
				fit(&mut d_rows, targets.len() * c.hidden);
				matmul(
					[targets.len(), c.hidden, c.vocab],
					View::rows(&logits, c.vocab),
					View::rows(self.weights.head(), c.hidden),
					ViewMut::rows(&mut d_rows, c.hidden),
					Into::Replace,
					1.0,
					true,
				);
				for ((d_row, f), (at, _, _)) in
					d_rows.chunks_mut(c.hidden).zip(&factors).zip(targets)
				{
					let range = at * c.hidden..(at + 1) * c.hidden;
					d_normed[range.clone()].copy_from_slice(d_row);
					ops::rms_norm_back(
						d_row,
						&ws.h[range.clone()],
						&self.weights.norm,
						*f,
						&mut dh[range],
					);
				}
			}
			ws.logits = logits;
		}
		(stats, dh, d_normed)
	}

	/// The loss of every sample by itself.
	pub fn losses(&self, samples: &[Sample], adapter: Option<&Adapter>) -> Result<Vec<LossStats>> {
		self.check_adapter(adapter)?;
		samples.iter().try_for_each(|s| self.check_sample(s))?;
		let samples: Vec<&Sample> = samples.iter().collect();
		let mut ws = self.workspace();
		let mut out = Vec::with_capacity(samples.len());
		for pass in Self::passes(&samples) {
			let packed = Packed::new(pass.iter().map(|(tokens, _)| tokens.as_slice()));
			self.run_blocks(&packed, adapter, None, Past::None, false, &mut ws);
			out.extend(self.losses_of_pass(pass, &mut ws, None).0);
		}
		self.give_back(ws);
		Ok(out)
	}

	/// The loss summed over all samples.
	pub fn loss(&self, samples: &[Sample], adapter: Option<&Adapter>) -> Result<LossStats> {
		let mut sum = LossStats::default();
		self.losses(samples, adapter)?.into_iter().for_each(|s| sum.add(s));
		Ok(sum)
	}

	/// The loss summed over the target tokens of all samples; its gradients with respect to the
	/// adapter are added to `grads`. With a seed, the adapter's dropout is applied.
	pub fn forward_backward(
		&self,
		batch: &TrainBatch,
		adapter: &Adapter,
		dropout: Option<u64>,
		grads: &mut AdapterGrads,
	) -> Result<LossStats> {
		self.check_adapter(Some(adapter))?;
		batch.sequences.iter().try_for_each(|s| self.check_sample(s))?;
		if !grads.matches(adapter) {
			return Err(EngineError::Input(
				"the gradients belong to an adapter of another layout".into(),
			));
		}
		let rate = adapter.config().dropout;
		let samples: Vec<&Sample> = batch.sequences.iter().collect();
		let mut sum = LossStats::default();
		let mut ws = self.workspace();
		for (i, pass) in Self::passes(&samples).into_iter().enumerate() {
			let dropout = dropout
				.filter(|_| rate > 0.0)
				.map(|seed| Dropout { seed: seed.wrapping_add((i as u64) << 40), rate });
			let packed = Packed::new(pass.iter().map(|(tokens, _)| tokens.as_slice()));
			self.run_blocks(&packed, Some(adapter), dropout, Past::None, true, &mut ws);
			let (stats, mut dh, _) = self.losses_of_pass(pass, &mut ws, Some(1.0));
			stats.into_iter().for_each(|s| sum.add(s));
			self.back_blocks(&packed, Some(adapter), dropout, &mut dh, &mut ws, Some(grads), None);
		}
		self.give_back(ws);
		Ok(sum)
	}

	/// Runs one sample forward and backward and hands the inputs and output gradients of every
	/// projection to the sink; gradients are those of the sample's mean loss.
	pub fn capture(
		&self,
		sample: &Sample,
		adapter: Option<&Adapter>,
		sink: &mut dyn GradSink,
	) -> Result<LossStats> {
		self.check_adapter(adapter)?;
		self.check_sample(sample)?;
		let targets = sample.1.iter().skip(1).filter(|m| **m).count();
		if targets == 0 {
			return Err(EngineError::Input(
				"the sample has no token that counts, so it has no gradient".into(),
			));
		}
		let packed = Packed::new([sample.0.as_slice()]);
		let mut ws = self.workspace();
		self.run_blocks(&packed, adapter, None, Past::None, true, &mut ws);
		let (hidden, _) = self.last_norm(&ws, packed.len());
		let (stats, mut dh, d_normed) =
			self.losses_of_pass(&[sample], &mut ws, Some(1.0 / targets as f32));
		sink.hidden(&hidden, &d_normed, packed.len());
		self.back_blocks(&packed, adapter, None, &mut dh, &mut ws, None, Some(sink));
		self.give_back(ws);
		Ok(stats.first().copied().unwrap_or_default())
	}
}
