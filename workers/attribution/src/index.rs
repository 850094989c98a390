//! The attribution index: one row per training record, one binary blob, one Merkle root.
//!
//! Layout, little endian:
//!
//! | field | bytes |
//! | --- | --- |
//! | magic `WEFTIDX1` | 8 |
//! | recipe version | u32 |
//! | projection seed | u64 |
//! | number of parts `p`, rows `n` | 2 × u32 |
//! | per part: dimensions, weight, map (0 diagonal, 1 triangular) | p × 3 × u32 |
//! | per part: centre; then the diagonal, or the rows of the lower triangle | f32 |
//! | per row: record hash, contributor, contribution, cluster, embedding | n × (32 + 32 + u64 + u32 + Σ dims × i8) |
//!
//! The root is the Merkle root over the hash of everything before the rows, followed by the hash of each row,
//! so the numbers by which a query is centred are committed to as well.

use weft_primitives::{hash::tagged, ids::Hash32, merkle};

/// First bytes of an index.
pub const MAGIC: &[u8; 8] = b"WEFTIDX1";
/// Most dimensions of a row.
pub const MAX_DIMS: usize = 1 << 16;
/// Most parts of a row.
pub const MAX_PARTS: usize = 16;
/// Most dimensions of a part with a triangular map.
pub const MAX_TRIANGLE: usize = 8192;
const FACTS: usize = 32 + 32 + 8 + 4;

/// Why a blob is not an index.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
	/// The first bytes are others.
	#[error("not an attribution index: it must begin with WEFTIDX1")]
	Magic,
	/// The blob ends early or late.
	#[error("index is {found} bytes long, its header asks for {wanted}")]
	Length {
		/// Bytes there.
		found: usize,
		/// Bytes needed.
		wanted: usize,
	},
	/// A header field is outside its bounds.
	#[error("index header: {field} is {value}; allowed: {allowed}")]
	Header {
		/// The field.
		field: &'static str,
		/// What stands there.
		value: u64,
		/// What may stand there.
		allowed: String,
	},
	/// A row is inconsistent.
	#[error("index row {row}: {problem}")]
	Row {
		/// The row's number.
		row: usize,
		/// What is wrong.
		problem: String,
	},
}

/// One stretch of an embedding with its own unit norm and weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
	/// Dimensions.
	pub dims: usize,
	/// Weight of its cosine, relative to the sum of all weights.
	pub weight: u32,
	/// Subtracted from a raw vector.
	pub centre: Vec<f32>,
	/// Applied after centring.
	pub map: Map,
}

/// A linear map that makes the directions of a part comparable.
#[derive(Clone, Debug, PartialEq)]
pub enum Map {
	/// One factor per dimension.
	Diagonal(Vec<f32>),
	/// A lower triangle, row by row.
	Triangle(Vec<f32>),
}

impl Map {
	/// Numbers that a map of that many dimensions has.
	fn len(kind: u32, dims: usize) -> usize {
		if kind == 0 {
			dims
		} else {
			dims * (dims + 1) / 2
		}
	}

	fn kind(&self) -> u32 {
		match self {
			Self::Diagonal(_) => 0,
			Self::Triangle(_) => 1,
		}
	}

	fn values(&self) -> &[f32] {
		match self {
			Self::Diagonal(values) | Self::Triangle(values) => values,
		}
	}

	fn apply(&self, x: &[f64]) -> Vec<f64> {
		match self {
			Self::Diagonal(scale) => x.iter().zip(scale).map(|(x, s)| x * f64::from(*s)).collect(),
			Self::Triangle(rows) => {
				let mut at = 0;
				(1..=x.len())
					.map(|count| {
						let row = rows.get(at..at + count).unwrap_or_default();
						at += count;
						row.iter().zip(x).map(|(m, x)| f64::from(*m) * x).sum()
					})
					.collect()
			}
		}
	}
}

/// What a row says besides its embedding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFacts {
	/// Hash of the record.
	pub record: Hash32,
	/// Who contributed it.
	pub contributor: [u8; 32],
	/// In which contribution.
	pub contribution: u64,
	/// Cluster of near duplicates: the number of its first row.
	pub cluster: u32,
}

/// A loaded or freshly built index.
#[derive(Clone, Debug, PartialEq)]
pub struct InfluenceIndex {
	/// Which recipe made the embeddings.
	pub version: u32,
	/// Seed of the random projections.
	pub seed: u64,
	/// The stretches of every row.
	pub parts: Vec<Part>,
	rows: Vec<RowFacts>,
	embeddings: Vec<i8>,
	first: Vec<u32>,
}

/// Quantises a raw part: centre, map, unit norm, then one rounding (half to even) to eight bits. The step is
/// fixed by the number of dimensions: four standard deviations of a unit vector's coordinate are 127.
/// A raw part of zeros (there was nothing to average) has no direction and stays zero.
pub fn quantise(raw: &[f32], part: &Part) -> Vec<i8> {
	if raw.iter().all(|x| *x == 0.0) {
		return vec![0; part.dims];
	}
	let centred: Vec<f64> =
		raw.iter().zip(&part.centre).map(|(x, c)| f64::from(*x) - f64::from(*c)).collect();
	let moved = part.map.apply(&centred);
	let norm = moved.iter().map(|x| x * x).sum::<f64>().sqrt();
	if !norm.is_finite() || norm <= 0.0 {
		return vec![0; part.dims];
	}
	let step = 127.0 * (part.dims as f64).sqrt() / 4.0 / norm;
	moved.iter().map(|x| (x * step).round_ties_even().clamp(-127.0, 127.0) as i8).collect()
}

fn dot(a: &[i8], b: &[i8]) -> i64 {
	a.chunks(4096)
		.zip(b.chunks(4096))
		.map(|(a, b)| {
			i64::from(a.iter().zip(b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum::<i32>())
		})
		.sum()
}

fn isqrt(value: u64) -> u64 {
	value.isqrt()
}

/// Cosine of two quantised vectors in parts per million, integers only.
pub fn cosine_ppm(a: &[i8], b: &[i8]) -> i64 {
	let (aa, bb) = (dot(a, a).unsigned_abs(), dot(b, b).unsigned_abs());
	// 2^16 keeps four more digits of the roots; norms stay below 2^31.
	let norm = i128::from(isqrt(aa << 16)) * i128::from(isqrt(bb << 16));
	if norm == 0 {
		return 0;
	}
	let value = i128::from(dot(a, b)) * 65_536 * 1_000_000 / norm;
	value.clamp(-1_000_000, 1_000_000) as i64
}

impl InfluenceIndex {
	/// Puts an index together. Embeddings are rows of Σ dims entries.
	pub fn new(
		version: u32,
		seed: u64,
		parts: Vec<Part>,
		rows: Vec<RowFacts>,
		embeddings: Vec<i8>,
	) -> Result<Self, IndexError> {
		let dims = check_parts(&parts)?;
		let wanted = rows.len().saturating_mul(dims);
		if embeddings.len() != wanted {
			return Err(IndexError::Length { found: embeddings.len(), wanted });
		}
		let first = first_rows(&rows)?;
		Ok(Self { version, seed, parts, rows, embeddings, first })
	}

	/// Entries of a row's embedding.
	pub fn dims(&self) -> usize {
		self.parts.iter().map(|p| p.dims).sum()
	}

	/// Number of rows.
	pub fn len(&self) -> usize {
		self.rows.len()
	}

	/// Whether there is no row.
	pub fn is_empty(&self) -> bool {
		self.rows.is_empty()
	}

	/// The facts of a row.
	pub fn row(&self, row: usize) -> Option<&RowFacts> {
		self.rows.get(row)
	}

	/// All rows' facts.
	pub fn rows(&self) -> &[RowFacts] {
		&self.rows
	}

	/// A row's embedding.
	pub fn embedding(&self, row: usize) -> Option<&[i8]> {
		let dims = self.dims();
		self.embeddings.get(row.checked_mul(dims)?..row.checked_add(1)?.checked_mul(dims)?)
	}

	/// The row of a cluster that was registered first: lowest contribution, then lowest row.
	pub fn first_of_cluster(&self, cluster: u32) -> Option<u32> {
		self.first.get(cluster as usize).copied().filter(|row| *row != u32::MAX)
	}

	/// Quantises the raw parts of a query. `None` if their sizes are not the index's.
	pub fn query(&self, raw: &[Vec<f32>]) -> Option<Vec<i8>> {
		if raw.len() != self.parts.len() {
			return None;
		}
		let mut out = Vec::with_capacity(self.dims());
		for (raw, part) in raw.iter().zip(&self.parts) {
			if raw.len() != part.dims {
				return None;
			}
			out.extend(quantise(raw, part));
		}
		Some(out)
	}

	/// Score of every row in parts per million: the weighted mean of the parts' cosines.
	pub fn scores(&self, query: &[i8]) -> Vec<i64> {
		let dims = self.dims();
		if dims == 0 || query.len() != dims {
			return vec![0; self.rows.len()];
		}
		let weights: i64 = self.parts.iter().map(|p| i64::from(p.weight)).sum::<i64>().max(1);
		self.embeddings
			.chunks_exact(dims)
			.map(|row| {
				let mut at = 0;
				let mut sum = 0i64;
				for part in &self.parts {
					let end = at + part.dims;
					sum += i64::from(part.weight) * cosine_ppm(&row[at..end], &query[at..end]);
					at = end;
				}
				sum / weights
			})
			.collect()
	}

	fn header_bytes(&self) -> Vec<u8> {
		let mut out = Vec::new();
		out.extend_from_slice(MAGIC);
		out.extend_from_slice(&self.version.to_le_bytes());
		out.extend_from_slice(&self.seed.to_le_bytes());
		for count in [self.parts.len(), self.rows.len()] {
			out.extend_from_slice(&(count as u32).to_le_bytes());
		}
		for part in &self.parts {
			for field in [part.dims as u32, part.weight, part.map.kind()] {
				out.extend_from_slice(&field.to_le_bytes());
			}
		}
		for part in &self.parts {
			for value in part.centre.iter().chain(part.map.values()) {
				out.extend_from_slice(&value.to_le_bytes());
			}
		}
		out
	}

	fn row_bytes(&self, row: usize) -> Vec<u8> {
		let mut out = Vec::with_capacity(FACTS + self.dims());
		if let (Some(facts), Some(embedding)) = (self.row(row), self.embedding(row)) {
			out.extend_from_slice(&facts.record);
			out.extend_from_slice(&facts.contributor);
			out.extend_from_slice(&facts.contribution.to_le_bytes());
			out.extend_from_slice(&facts.cluster.to_le_bytes());
			out.extend(embedding.iter().map(|x| *x as u8));
		}
		out
	}

	/// The leaves under the root: the header's hash, then each row's.
	pub fn leaves(&self) -> Vec<Hash32> {
		let header = tagged("weft/index-header/v1", &[&self.header_bytes()]);
		std::iter::once(header)
			.chain((0..self.len()).map(|row| tagged("weft/index-row/v1", &[&self.row_bytes(row)])))
			.collect()
	}

	/// The index root that goes on chain.
	pub fn root(&self) -> Hash32 {
		merkle::root(&self.leaves())
	}

	/// The blob.
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut out = self.header_bytes();
		for row in 0..self.len() {
			out.extend(self.row_bytes(row));
		}
		out
	}

	/// Reads a blob. Any bytes give an index or an error.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
		let mut reader = Reader { bytes, at: 0 };
		if reader.take(8)? != MAGIC {
			return Err(IndexError::Magic);
		}
		let version = reader.u32()?;
		let seed = reader.u64()?;
		let count = reader.u32()? as usize;
		let rows = reader.u32()? as usize;
		let header = |field, value: usize, allowed: String| {
			Err(IndexError::Header { field, value: value as u64, allowed })
		};
		if count == 0 || count > MAX_PARTS {
			return header("parts", count, format!("1 to {MAX_PARTS}"));
		}
		let mut shape = Vec::with_capacity(count);
		let (mut dims, mut floats) = (0usize, 0usize);
		for _ in 0..count {
			let (size, weight, kind) = (reader.u32()? as usize, reader.u32()?, reader.u32()?);
			if kind > 1 {
				return header("map", kind as usize, "0 (diagonal) or 1 (triangular)".into());
			}
			let most = if kind == 0 { MAX_DIMS } else { MAX_TRIANGLE };
			if size == 0 || size > most {
				return header("dimensions", size, format!("1 to {most}"));
			}
			dims += size;
			floats += size + Map::len(kind, size);
			shape.push((size, weight, kind));
		}
		if dims > MAX_DIMS {
			return header("dimensions", dims, format!("1 to {MAX_DIMS} in all"));
		}
		// The length is known before anything is allocated by a count from the file.
		let wanted = (FACTS + dims)
			.checked_mul(rows)
			.and_then(|n| n.checked_add(floats * 4))
			.and_then(|n| n.checked_add(reader.at))
			.unwrap_or(usize::MAX);
		if wanted != bytes.len() {
			return Err(IndexError::Length { found: bytes.len(), wanted });
		}
		let mut parts = Vec::with_capacity(count);
		for (dims, weight, kind) in shape {
			let centre = reader.floats(dims)?;
			let values = reader.floats(Map::len(kind, dims))?;
			let map = if kind == 0 { Map::Diagonal(values) } else { Map::Triangle(values) };
			parts.push(Part { dims, weight, centre, map });
		}
		let mut facts = Vec::with_capacity(rows);
		let mut embeddings = Vec::with_capacity(rows * dims);
		for _ in 0..rows {
			facts.push(RowFacts {
				record: reader.array()?,
				contributor: reader.array()?,
				contribution: reader.u64()?,
				cluster: reader.u32()?,
			});
			embeddings.extend(reader.take(dims)?.iter().map(|b| *b as i8));
		}
		Self::new(version, seed, parts, facts, embeddings)
	}
}

fn check_parts(parts: &[Part]) -> Result<usize, IndexError> {
	let dims: usize = parts.iter().map(|p| p.dims).sum();
	if parts.is_empty() || parts.len() > MAX_PARTS {
		return Err(IndexError::Header {
			field: "parts",
			value: parts.len() as u64,
			allowed: format!("1 to {MAX_PARTS}"),
		});
	}
	if dims > MAX_DIMS || parts.iter().any(|p| p.dims == 0) {
		return Err(IndexError::Header {
			field: "dimensions",
			value: dims as u64,
			allowed: format!("1 to {MAX_DIMS} in all"),
		});
	}
	for part in parts {
		let size = Map::len(part.map.kind(), part.dims);
		let sound =
			|values: &[f32], size| values.len() == size && values.iter().all(|v| v.is_finite());
		if !sound(&part.centre, part.dims) || !sound(part.map.values(), size) {
			return Err(IndexError::Header {
				field: "centre and map",
				value: part.map.values().len() as u64,
				allowed: format!("{} and {size} finite numbers", part.dims),
			});
		}
		if part.weight > 1_000_000 {
			return Err(IndexError::Header {
				field: "weight",
				value: u64::from(part.weight),
				allowed: "0 to 1000000".into(),
			});
		}
	}
	Ok(dims)
}

fn first_rows(rows: &[RowFacts]) -> Result<Vec<u32>, IndexError> {
	let mut first = vec![u32::MAX; rows.len()];
	for (row, facts) in rows.iter().enumerate() {
		let cluster = facts.cluster as usize;
		let Some(slot) = first.get_mut(cluster) else {
			return Err(IndexError::Row {
				row,
				problem: format!(
					"cluster {cluster} is not a row; allowed: 0 to {}",
					rows.len() - 1
				),
			});
		};
		let earlier = rows.get(*slot as usize).map(|r| r.contribution);
		if earlier.is_none_or(|contribution| facts.contribution < contribution) {
			*slot = row as u32;
		}
	}
	Ok(first)
}

struct Reader<'a> {
	bytes: &'a [u8],
	at: usize,
}

impl<'a> Reader<'a> {
	fn take(&mut self, count: usize) -> Result<&'a [u8], IndexError> {
		let end = self.at.saturating_add(count);
		let slice = self
			.bytes
			.get(self.at..end)
			.ok_or(IndexError::Length { found: self.bytes.len(), wanted: end })?;
		self.at = end;
		Ok(slice)
	}

	fn array<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
		let mut out = [0u8; N];
		out.copy_from_slice(self.take(N)?);
		Ok(out)
	}

	fn u32(&mut self) -> Result<u32, IndexError> {
		Ok(u32::from_le_bytes(self.array()?))
	}

	fn u64(&mut self) -> Result<u64, IndexError> {
		Ok(u64::from_le_bytes(self.array()?))
	}

	fn floats(&mut self, count: usize) -> Result<Vec<f32>, IndexError> {
		Ok(self
			.take(count.saturating_mul(4))?
			.chunks_exact(4)
			.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
			.collect())
	}
}
