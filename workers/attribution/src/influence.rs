//! Influence: the index over the training records, and the shares of an answer.
//!
//! The index is built at the end of the training run, with the finished adapter and one pass per record. A
//! trajectory of gradients over all steps would be closer to what the optimizer did, but needs every record's
//! gradient at every step; at the size of these models one pass over the finished adapter finds the records
//! that an answer draws on, and any auditor can repeat it from the adapter alone.

use crate::{
	duplicates::clusters,
	features::{self, Projections, RECIPE, VERSION},
	index::{quantise, IndexError, InfluenceIndex, Map, Part, RowFacts},
	linalg,
	shares::{shares, ShareRules, Shares},
};
use std::sync::atomic::{AtomicBool, Ordering};
use weft_engine::{Adapter, Model, Sample};
use weft_primitives::ids::Hash32;

/// What can go wrong in building or asking an index.
#[derive(Debug, thiserror::Error)]
pub enum InfluenceError {
	/// The engine refused.
	#[error("engine: {0}")]
	Engine(#[from] weft_engine::EngineError),
	/// The index is not sound.
	#[error(transparent)]
	Index(#[from] IndexError),
	/// The index was made by another recipe or for another model.
	#[error("this index was made by recipe {found} for another model or program; allowed: recipe {allowed} with this model's dimensions")]
	Recipe {
		/// Its version.
		found: u32,
		/// This program's.
		allowed: u32,
	},
	/// Too few records.
	#[error("{0} records; allowed: at least 2")]
	TooFew(usize),
	/// The cancel flag was raised.
	#[error("cancelled after {done} of {total} records")]
	Cancelled {
		/// Records done.
		done: usize,
		/// Records in all.
		total: usize,
	},
}

/// One training record.
#[derive(Clone, Debug)]
pub struct Row {
	/// Its tokens, the answer's marked (see `weft_trainer::encode::encode`).
	pub sample: Sample,
	/// Its text, for finding copies.
	pub text: String,
	/// Its hash.
	pub record: Hash32,
	/// Who contributed it.
	pub contributor: [u8; 32],
	/// In which contribution.
	pub contribution: u64,
}

/// How strongly whitening is held back, in parts of the mean variance, when there are as many records as
/// dimensions. With fewer records there are directions in which none of them differ; there more is added.
const SHRINK: f64 = 0.1;

/// Builds the index. Rows keep their order; `progress` is told how many are done.
pub fn build(
	model: &Model,
	adapter: Option<&Adapter>,
	rows: &[Row],
	seed: u64,
	mut progress: impl FnMut(usize, usize),
	cancel: &AtomicBool,
) -> Result<InfluenceIndex, InfluenceError> {
	if rows.len() < 2 {
		return Err(InfluenceError::TooFew(rows.len()));
	}
	let projections = Projections::new(model.config(), seed);
	let mut raw: Vec<Vec<Vec<f32>>> = vec![Vec::with_capacity(rows.len()); RECIPE.len()];
	for (done, row) in rows.iter().enumerate() {
		if cancel.load(Ordering::Relaxed) {
			return Err(InfluenceError::Cancelled { done, total: rows.len() });
		}
		let parts = features::raw(model, adapter, &projections, &row.sample)?;
		for (list, part) in raw.iter_mut().zip(parts) {
			list.push(part);
		}
		progress(done + 1, rows.len());
	}
	let parts: Vec<Part> = raw
		.iter()
		.zip(RECIPE)
		.map(|(vectors, (spec, weight))| {
			let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
			part(&vectors, spec, weight)
		})
		.collect();
	let mut embeddings =
		Vec::with_capacity(rows.len() * parts.iter().map(|p| p.dims).sum::<usize>());
	for row in 0..rows.len() {
		for (vectors, part) in raw.iter().zip(&parts) {
			embeddings.extend(quantise(&vectors[row], part));
		}
	}
	let facts = rows
		.iter()
		.zip(clusters(rows.iter().map(|r| r.text.as_str())))
		.map(|(row, cluster)| RowFacts {
			record: row.record,
			contributor: row.contributor,
			contribution: row.contribution,
			cluster,
		})
		.collect();
	Ok(InfluenceIndex::new(VERSION, seed, parts, facts, embeddings)?)
}

fn part(vectors: &[&[f32]], spec: features::Spec, weight: u32) -> Part {
	let dims = vectors.first().map_or(0, |v| v.len());
	let mean = linalg::mean(vectors, dims);
	let centre = mean.iter().map(|x| *x as f32).collect();
	let map = match spec {
		features::Spec::Gradient => diagonal(vectors, &mean),
		features::Spec::State(..) => {
			let scarce = (dims as f64 / vectors.len().max(1) as f64).max(1.0);
			let matrix = linalg::covariance(vectors, &mean, SHRINK * scarce);
			match linalg::inverse_cholesky(&matrix, dims) {
				Some(inverse) => Map::Triangle(inverse.iter().map(|x| *x as f32).collect()),
				None => diagonal(vectors, &mean),
			}
		}
	};
	Part { dims, weight, centre, map }
}

/// Divides every direction by its deviation; a direction without any is left out.
fn diagonal(vectors: &[&[f32]], mean: &[f64]) -> Map {
	let mut sums = vec![0f64; mean.len()];
	for vector in vectors {
		for ((sum, x), m) in sums.iter_mut().zip(*vector).zip(mean) {
			*sum += (f64::from(*x) - m).powi(2);
		}
	}
	let count = vectors.len().max(1) as f64;
	let factor = |sum: f64| if sum > 1e-18 { (count / sum).sqrt() as f32 } else { 0.0 };
	Map::Diagonal(sums.into_iter().map(factor).collect())
}

/// The attribution of one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
	/// The answer's quantised embedding: what an auditor checks; all that follows is integers.
	pub query: Vec<i8>,
	/// Score of every row in parts per million.
	pub scores: Vec<i64>,
	/// The shares.
	pub shares: Shares,
}

/// An index with what is needed to ask it.
pub struct Influence {
	index: InfluenceIndex,
	projections: Projections,
}

impl Influence {
	/// Checks that the index fits the model.
	pub fn new(index: InfluenceIndex, model: &Model) -> Result<Self, InfluenceError> {
		let fits = index.version == VERSION
			&& index.parts.len() == RECIPE.len()
			&& index
				.parts
				.iter()
				.zip(RECIPE)
				.all(|(part, (spec, _))| part.dims == features::dims(spec, model.config()));
		if !fits {
			return Err(InfluenceError::Recipe { found: index.version, allowed: VERSION });
		}
		let projections = Projections::new(model.config(), index.seed);
		Ok(Self { index, projections })
	}

	/// The index.
	pub fn index(&self) -> &InfluenceIndex {
		&self.index
	}

	/// Attributes an answer: `sample` is the prompt and the answer, the answer marked (see
	/// `weft_trainer::encode::encode_answer`).
	pub fn attribute(
		&self,
		model: &Model,
		adapter: Option<&Adapter>,
		sample: &Sample,
		rules: &ShareRules,
	) -> Result<Attribution, InfluenceError> {
		let raw = features::raw(model, adapter, &self.projections, sample)?;
		let query = self
			.index
			.query(&raw)
			.ok_or(InfluenceError::Recipe { found: self.index.version, allowed: VERSION })?;
		let scores = self.index.scores(&query);
		let shares = shares(&self.index, &scores, rules);
		Ok(Attribution { query, scores, shares })
	}
}
