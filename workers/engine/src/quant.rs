//! Quantised matrices for decoding, and their products with a few rows of activations.
//!
//! Rows are packed in groups of sixteen, one per lane, block of 32 columns after block: a step of the
//! kernel multiplies four columns of sixteen rows, so no sum crosses lanes. Activations are rounded to
//! eight bits per block of 32 with a scale of their own. All products inside of a block are exact
//! integers and the blocks are added in order with fused multiply-adds, so the AVX-512, AVX2 and plain
//! kernels give the same bytes, whatever else is in the batch.

use crate::{
	cpu::{level, Level},
	error::{EngineError, Result},
	weights::{f16_at, RawMatrix, BLOCK, Q4_1_BYTES, Q8_0_BYTES},
};
use std::ops::Range;

/// Rows of a group.
pub(crate) const GROUP: usize = 16;
/// Bytes of a group's block: 256 of nibbles, sixteen scales, sixteen minima.
const FOUR: usize = 320;
/// Bytes of a group's block: 512 of quants, sixteen scales.
const EIGHT: usize = 544;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
	Four,
	Eight,
}

/// A packed matrix, rows are outputs.
pub(crate) struct QMatrix {
	kind: Kind,
	rows: usize,
	cols: usize,
	data: Vec<u8>,
}

/// A row of activations in eight bits.
#[derive(Clone, Default)]
pub(crate) struct QRow {
	quants: Vec<i8>,
	scales: Vec<f32>,
	/// Sum of each block's quants.
	sums: Vec<i32>,
}

impl QRow {
	pub(crate) fn set(&mut self, x: &[f32]) {
		let blocks = x.len() / BLOCK;
		self.quants.resize(blocks * BLOCK, 0);
		self.scales.resize(blocks, 0.0);
		self.sums.resize(blocks, 0);
		quantise(x, &mut self.quants, &mut self.scales, &mut self.sums);
	}
}

crate::ops::kernel! {
	fn quantise(x: &[f32], quants: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
		const MAGIC: f32 = 12_582_912.0;
		let blocks = x.chunks_exact(BLOCK).zip(quants.chunks_exact_mut(BLOCK));
		for ((x, q), (scale, sum)) in blocks.zip(scales.iter_mut().zip(sums)) {
			let mut lanes = [0.0f32; 8];
			for part in x.chunks_exact(8) {
				for i in 0..8 {
					let v = part[i].abs();
					lanes[i] = if v > lanes[i] { v } else { lanes[i] };
				}
			}
			let top = lanes.iter().fold(0.0f32, |a, b| if *b > a { *b } else { a });
			let inverse = if top > 0.0 { 127.0 / top } else { 0.0 };
			*scale = top / 127.0;
			let mut total = 0i32;
			for (q, x) in q.iter_mut().zip(x) {
				// Adding the constant rounds to the nearest integer, which is then in the low bits.
				let bits = (x * inverse + MAGIC).to_bits() as i32;
				let value = bits.wrapping_sub(MAGIC.to_bits() as i32);
				*q = value as i8;
				total = total.wrapping_add(value);
			}
			*sum = total;
		}
	}
}

fn put_f16(out: &mut [u8], at: usize, value: half::f16) {
	out[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

impl QMatrix {
	/// Packs matrices one below the other. Q4_1 stays as it is, everything else becomes eight bits.
	pub(crate) fn pack(parts: &[&RawMatrix]) -> Result<Self> {
		let cols = parts.first().map(|p| p.cols()).unwrap_or(0);
		if cols == 0 || !cols.is_multiple_of(BLOCK) || parts.iter().any(|p| p.cols() != cols) {
			return Err(EngineError::Model(format!(
				"a matrix has {cols} columns; a multiple of {BLOCK} is needed"
			)));
		}
		let rows: usize = parts.iter().map(|p| p.rows()).sum();
		let four = parts.iter().all(|p| matches!(p, RawMatrix::Q4_1 { .. }));
		let kind = if four { Kind::Four } else { Kind::Eight };
		let (blocks, groups) = (cols / BLOCK, rows.div_ceil(GROUP));
		let unit = if four { FOUR } else { EIGHT };
		let mut data = vec![0u8; groups * blocks * unit];
		let mut row = 0;
		let mut scratch = vec![0u8; blocks * Q8_0_BYTES];
		for part in parts {
			for r in 0..part.rows() {
				let (group, lane) = (row / GROUP, row % GROUP);
				match (part, kind) {
					(RawMatrix::Q4_1 { data: source, .. }, Kind::Four) => {
						let width = blocks * Q4_1_BYTES;
						let source = source.get(r * width..(r + 1) * width).ok_or_else(short)?;
						for (b, block) in source.chunks_exact(Q4_1_BYTES).enumerate() {
							let out = &mut data[(group * blocks + b) * unit..][..unit];
							let quant = |k: usize| {
								let byte = block[4 + k % 16];
								if k < 16 {
									byte & 15
								} else {
									byte >> 4
								}
							};
							for chunk in 0..4 {
								for j in 0..4 {
									let (low, high) =
										(quant(8 * chunk + j), quant(8 * chunk + 4 + j));
									out[64 * chunk + 4 * lane + j] = low | high << 4;
								}
							}
							out[256 + 2 * lane..][..2].copy_from_slice(&block[0..2]);
							out[288 + 2 * lane..][..2].copy_from_slice(&block[2..4]);
						}
					}
					_ => {
						let source = match part {
							RawMatrix::Q8_0 { data, .. } => data
								.get(r * blocks * Q8_0_BYTES..(r + 1) * blocks * Q8_0_BYTES)
								.ok_or_else(short)?,
							other => {
								to_eight(&other.row(r), &mut scratch);
								&scratch[..]
							}
						};
						for (b, block) in source.chunks_exact(Q8_0_BYTES).enumerate() {
							let out = &mut data[(group * blocks + b) * unit..][..unit];
							for k in 0..BLOCK {
								// Stored with an offset of 128, as the instruction wants it.
								out[64 * (k / 4) + 4 * lane + k % 4] = block[2 + k] ^ 0x80;
							}
							out[512 + 2 * lane..][..2].copy_from_slice(&block[0..2]);
						}
					}
				}
				row += 1;
			}
		}
		Ok(Self { kind, rows, cols, data })
	}

	pub(crate) fn rows(&self) -> usize {
		self.rows
	}

	pub(crate) fn groups(&self) -> usize {
		self.rows.div_ceil(GROUP)
	}

	/// Products of some groups of rows with every row of activations. `out(i)` gives the place of the
	/// first group's first result for activations `i`.
	///
	/// # Safety
	/// Each `out` pointer must have room for the whole matrix's rows, and nobody else may touch the
	/// rows of these groups.
	pub(crate) unsafe fn product(&self, groups: Range<usize>, x: &[&QRow], out: &[*mut f32]) {
		let blocks = self.cols / BLOCK;
		for row in x {
			assert!(row.scales.len() == blocks && row.quants.len() == self.cols);
		}
		assert!(groups.end <= self.groups() && x.len() == out.len());
		let mut at = 0;
		while at < x.len() {
			let left = x.len() - at;
			let step = if left >= 4 {
				4
			} else if left >= 2 {
				2
			} else {
				1
			};
			let (xs, outs) = (&x[at..at + step], &out[at..at + step]);
			match step {
				4 => self.tile::<4>(groups.clone(), xs, outs),
				2 => self.tile::<2>(groups.clone(), xs, outs),
				_ => self.tile::<1>(groups.clone(), xs, outs),
			}
			at += step;
		}
	}

	unsafe fn tile<const N: usize>(&self, groups: Range<usize>, x: &[&QRow], out: &[*mut f32]) {
		let unit = if self.kind == Kind::Four { FOUR } else { EIGHT };
		let blocks = self.cols / BLOCK;
		for group in groups {
			let data = &self.data[group * blocks * unit..(group + 1) * blocks * unit];
			let mut sums = [[0.0f32; GROUP]; N];
			match (level(), self.kind) {
				#[cfg(target_arch = "x86_64")]
				(Level::Avx512, Kind::Four) => x86::four_512(data, x, &mut sums),
				#[cfg(target_arch = "x86_64")]
				(Level::Avx512, Kind::Eight) => x86::eight_512(data, x, &mut sums),
				#[cfg(target_arch = "x86_64")]
				(Level::Avx2, Kind::Four) => x86::four_256(data, x, &mut sums),
				#[cfg(target_arch = "x86_64")]
				(Level::Avx2, Kind::Eight) => x86::eight_256(data, x, &mut sums),
				(_, Kind::Four) => four_plain(data, x, &mut sums),
				(_, Kind::Eight) => eight_plain(data, x, &mut sums),
			}
			let first = group * GROUP;
			let count = GROUP.min(self.rows - first);
			for (sums, out) in sums.iter().zip(out) {
				std::ptr::copy_nonoverlapping(sums.as_ptr(), out.add(first), count);
			}
		}
	}
}

fn short() -> EngineError {
	EngineError::Model("a quantised matrix is shorter than its shape says".into())
}

impl RawMatrix {
	/// One row in full precision.
	fn row(&self, row: usize) -> Vec<f32> {
		match self {
			Self::F32 { cols, data, .. } => data[row * cols..(row + 1) * cols].to_vec(),
			Self::Q4_1 { cols, data, .. } => {
				let width = cols / BLOCK * Q4_1_BYTES;
				let mut out = Vec::with_capacity(*cols);
				for block in data[row * width..(row + 1) * width].chunks_exact(Q4_1_BYTES) {
					let (scale, low) = (f16_at(block, 0), f16_at(block, 2));
					out.extend(block[4..].iter().map(|q| f32::from(q & 15) * scale + low));
					out.extend(block[4..].iter().map(|q| f32::from(q >> 4) * scale + low));
				}
				out
			}
			Self::Q8_0 { cols, data, .. } => {
				let width = cols / BLOCK * Q8_0_BYTES;
				let mut out = Vec::with_capacity(*cols);
				for block in data[row * width..(row + 1) * width].chunks_exact(Q8_0_BYTES) {
					let scale = f16_at(block, 0);
					out.extend(block[2..].iter().map(|q| f32::from(*q as i8) * scale));
				}
				out
			}
		}
	}
}

/// A row as Q8_0 blocks.
fn to_eight(row: &[f32], out: &mut [u8]) {
	for (x, out) in row.chunks_exact(BLOCK).zip(out.chunks_exact_mut(Q8_0_BYTES)) {
		let top = x.iter().fold(0.0f32, |a, b| a.max(b.abs()));
		let scale = half::f16::from_f32(top / 127.0);
		let inverse = if scale.to_f32() > 0.0 { 1.0 / scale.to_f32() } else { 0.0 };
		put_f16(out, 0, scale);
		for (out, x) in out[2..].iter_mut().zip(x) {
			*out = (x * inverse).round().clamp(-127.0, 127.0) as i8 as u8;
		}
	}
}

fn four_plain<const N: usize>(data: &[u8], x: &[&QRow], sums: &mut [[f32; GROUP]; N]) {
	for (b, block) in data.chunks_exact(FOUR).enumerate() {
		for (sums, x) in sums.iter_mut().zip(x) {
			let act = &x.quants[b * BLOCK..(b + 1) * BLOCK];
			for (lane, sum) in sums.iter_mut().enumerate() {
				let mut dot = 0i32;
				for chunk in 0..4 {
					for j in 0..4 {
						let byte = block[64 * chunk + 4 * lane + j];
						dot += i32::from(byte & 15) * i32::from(act[8 * chunk + j]);
						dot += i32::from(byte >> 4) * i32::from(act[8 * chunk + 4 + j]);
					}
				}
				let (scale, low) = (f16_at(block, 256 + 2 * lane), f16_at(block, 288 + 2 * lane));
				let x_scale = x.scales[b];
				*sum = (dot as f32).mul_add(scale * x_scale, *sum);
				*sum = low.mul_add(x_scale * x.sums[b] as f32, *sum);
			}
		}
	}
}

fn eight_plain<const N: usize>(data: &[u8], x: &[&QRow], sums: &mut [[f32; GROUP]; N]) {
	for (b, block) in data.chunks_exact(EIGHT).enumerate() {
		for (sums, x) in sums.iter_mut().zip(x) {
			let act = &x.quants[b * BLOCK..(b + 1) * BLOCK];
			for (lane, sum) in sums.iter_mut().enumerate() {
				let mut dot = 0i32;
				for (k, act) in act.iter().enumerate() {
					let weight = (block[64 * (k / 4) + 4 * lane + k % 4] ^ 0x80) as i8;
					dot += i32::from(weight) * i32::from(*act);
				}
				let scale = f16_at(block, 512 + 2 * lane);
				*sum = (dot as f32).mul_add(scale * x.scales[b], *sum);
			}
		}
	}
}

/// The kernels for x86. All of them read whole blocks of `data`, and as many blocks of activations,
/// which [`QMatrix::product`] has checked.
#[cfg(target_arch = "x86_64")]
// Register arrays are indexed by constants that the compiler unrolls.
#[allow(clippy::needless_range_loop)]
mod x86 {
	use super::{QRow, BLOCK, EIGHT, FOUR, GROUP};
	use std::arch::x86_64::*;

	#[inline(always)]
	unsafe fn four_bytes(x: &QRow, at: usize) -> i32 {
		(x.quants.as_ptr().add(at) as *const i32).read_unaligned()
	}

	#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
	pub(super) unsafe fn four_512<const N: usize>(
		data: &[u8],
		x: &[&QRow],
		out: &mut [[f32; GROUP]; N],
	) {
		let mask = _mm512_set1_epi8(15);
		let mut sums = [_mm512_setzero_ps(); N];
		for (b, block) in data.chunks_exact(FOUR).enumerate() {
			let p = block.as_ptr();
			let mut low = [_mm512_setzero_si512(); 4];
			let mut high = [_mm512_setzero_si512(); 4];
			for i in 0..4 {
				let bytes = _mm512_loadu_si512(p.add(64 * i) as *const _);
				low[i] = _mm512_and_si512(bytes, mask);
				high[i] = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), mask);
			}
			let scale = _mm512_cvtph_ps(_mm256_loadu_si256(p.add(256) as *const _));
			let least = _mm512_cvtph_ps(_mm256_loadu_si256(p.add(288) as *const _));
			for n in 0..N {
				let x = *x.get_unchecked(n);
				let mut even = _mm512_setzero_si512();
				let mut odd = _mm512_setzero_si512();
				for i in 0..4 {
					let at = b * BLOCK + 8 * i;
					even = _mm512_dpbusd_epi32(even, low[i], _mm512_set1_epi32(four_bytes(x, at)));
					odd =
						_mm512_dpbusd_epi32(odd, high[i], _mm512_set1_epi32(four_bytes(x, at + 4)));
				}
				let dot = _mm512_cvtepi32_ps(_mm512_add_epi32(even, odd));
				let x_scale = *x.scales.get_unchecked(b);
				let x_sum = x_scale * *x.sums.get_unchecked(b) as f32;
				let both = _mm512_mul_ps(scale, _mm512_set1_ps(x_scale));
				sums[n] = _mm512_fmadd_ps(dot, both, sums[n]);
				sums[n] = _mm512_fmadd_ps(least, _mm512_set1_ps(x_sum), sums[n]);
			}
		}
		for n in 0..N {
			_mm512_storeu_ps(out[n].as_mut_ptr(), sums[n]);
		}
	}

	#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
	pub(super) unsafe fn eight_512<const N: usize>(
		data: &[u8],
		x: &[&QRow],
		out: &mut [[f32; GROUP]; N],
	) {
		let mut sums = [_mm512_setzero_ps(); N];
		for (b, block) in data.chunks_exact(EIGHT).enumerate() {
			let p = block.as_ptr();
			let mut weights = [_mm512_setzero_si512(); 8];
			for i in 0..8 {
				weights[i] = _mm512_loadu_si512(p.add(64 * i) as *const _);
			}
			let scale = _mm512_cvtph_ps(_mm256_loadu_si256(p.add(512) as *const _));
			for n in 0..N {
				let x = *x.get_unchecked(n);
				// The weights are stored with an offset of 128, taken away here.
				let start = x.sums.get_unchecked(b).wrapping_mul(-128);
				let mut even = _mm512_set1_epi32(start);
				let mut odd = _mm512_setzero_si512();
				for i in 0..4 {
					let at = b * BLOCK + 8 * i;
					even = _mm512_dpbusd_epi32(
						even,
						weights[2 * i],
						_mm512_set1_epi32(four_bytes(x, at)),
					);
					odd = _mm512_dpbusd_epi32(
						odd,
						weights[2 * i + 1],
						_mm512_set1_epi32(four_bytes(x, at + 4)),
					);
				}
				let dot = _mm512_cvtepi32_ps(_mm512_add_epi32(even, odd));
				let both = _mm512_mul_ps(scale, _mm512_set1_ps(*x.scales.get_unchecked(b)));
				sums[n] = _mm512_fmadd_ps(dot, both, sums[n]);
			}
		}
		for n in 0..N {
			_mm512_storeu_ps(out[n].as_mut_ptr(), sums[n]);
		}
	}

	#[target_feature(enable = "avx2,fma,f16c")]
	pub(super) unsafe fn four_256<const N: usize>(
		data: &[u8],
		x: &[&QRow],
		out: &mut [[f32; GROUP]; N],
	) {
		let mask = _mm256_set1_epi8(15);
		let ones = _mm256_set1_epi16(1);
		let mut sums = [[_mm256_setzero_ps(); 2]; N];
		for (b, block) in data.chunks_exact(FOUR).enumerate() {
			let p = block.as_ptr();
			for side in 0..2 {
				let mut low = [_mm256_setzero_si256(); 4];
				let mut high = [_mm256_setzero_si256(); 4];
				for i in 0..4 {
					let bytes = _mm256_loadu_si256(p.add(64 * i + 32 * side) as *const _);
					low[i] = _mm256_and_si256(bytes, mask);
					high[i] = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), mask);
				}
				let scale = _mm256_cvtph_ps(_mm_loadu_si128(p.add(256 + 16 * side) as *const _));
				let least = _mm256_cvtph_ps(_mm_loadu_si128(p.add(288 + 16 * side) as *const _));
				for n in 0..N {
					let x = *x.get_unchecked(n);
					let mut dot = _mm256_setzero_si256();
					for i in 0..4 {
						let at = b * BLOCK + 8 * i;
						let even = _mm256_set1_epi32(four_bytes(x, at));
						let odd = _mm256_set1_epi32(four_bytes(x, at + 4));
						// Nibbles: at most 15·127·2, so two pairs fit in sixteen bits.
						let pairs = _mm256_add_epi16(
							_mm256_maddubs_epi16(low[i], even),
							_mm256_maddubs_epi16(high[i], odd),
						);
						dot = _mm256_add_epi32(dot, _mm256_madd_epi16(pairs, ones));
					}
					let dot = _mm256_cvtepi32_ps(dot);
					let x_scale = *x.scales.get_unchecked(b);
					let x_sum = x_scale * *x.sums.get_unchecked(b) as f32;
					let both = _mm256_mul_ps(scale, _mm256_set1_ps(x_scale));
					let sum = _mm256_fmadd_ps(dot, both, sums[n][side]);
					sums[n][side] = _mm256_fmadd_ps(least, _mm256_set1_ps(x_sum), sum);
				}
			}
		}
		for n in 0..N {
			_mm256_storeu_ps(out[n].as_mut_ptr(), sums[n][0]);
			_mm256_storeu_ps(out[n].as_mut_ptr().add(8), sums[n][1]);
		}
	}

	#[target_feature(enable = "avx2,fma,f16c")]
	pub(super) unsafe fn eight_256<const N: usize>(
		data: &[u8],
		x: &[&QRow],
		out: &mut [[f32; GROUP]; N],
	) {
		let ones = _mm256_set1_epi16(1);
		let offset = _mm256_set1_epi8(-128);
		let mut sums = [[_mm256_setzero_ps(); 2]; N];
		for (b, block) in data.chunks_exact(EIGHT).enumerate() {
			let p = block.as_ptr();
			for side in 0..2 {
				let scale = _mm256_cvtph_ps(_mm_loadu_si128(p.add(512 + 16 * side) as *const _));
				let mut dots = [_mm256_setzero_si256(); N];
				for i in 0..8 {
					let bytes = _mm256_loadu_si256(p.add(64 * i + 32 * side) as *const _);
					let weights = _mm256_xor_si256(bytes, offset);
					let size = _mm256_abs_epi8(weights);
					for n in 0..N {
						let x = *x.get_unchecked(n);
						let act = _mm256_set1_epi32(four_bytes(x, b * BLOCK + 4 * i));
						// |w|·±a: at most 128·127·2, which sixteen bits just hold.
						let pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(act, weights));
						dots[n] = _mm256_add_epi32(dots[n], _mm256_madd_epi16(pairs, ones));
					}
				}
				for n in 0..N {
					let x = *x.get_unchecked(n);
					let dot = _mm256_cvtepi32_ps(dots[n]);
					let both = _mm256_mul_ps(scale, _mm256_set1_ps(*x.scales.get_unchecked(b)));
					sums[n][side] = _mm256_fmadd_ps(dot, both, sums[n][side]);
				}
			}
		}
		for n in 0..N {
			_mm256_storeu_ps(out[n].as_mut_ptr(), sums[n][0]);
			_mm256_storeu_ps(out[n].as_mut_ptr().add(8), sums[n][1]);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn noise(n: usize, salt: u32) -> Vec<f32> {
		let mut state = salt.wrapping_mul(747_796_405).wrapping_add(1);
		(0..n)
			.map(|_| {
				state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
				(state >> 8) as f32 / (1 << 23) as f32 - 1.0
			})
			.collect()
	}

	/// Two Q4_1 groups (or Q8_0) of random bytes with small scales.
	fn raw(four: bool, rows: usize, cols: usize) -> RawMatrix {
		let unit = if four { Q4_1_BYTES } else { Q8_0_BYTES };
		let mut data: Vec<u8> = noise(rows * cols / BLOCK * unit, 3)
			.into_iter()
			.map(|v| ((v + 1.0) * 128.0) as u8)
			.collect();
		for (i, block) in data.chunks_exact_mut(unit).enumerate() {
			put_f16(block, 0, half::f16::from_f32(0.01 + (i % 7) as f32 * 0.003));
			if four {
				put_f16(block, 2, half::f16::from_f32(-0.1 - (i % 5) as f32 * 0.01));
			}
		}
		// The most negative weight is the hard case of the AVX2 kernel.
		if !four {
			data[2..10].fill(0x80);
		}
		if four {
			RawMatrix::Q4_1 { rows, cols, data }
		} else {
			RawMatrix::Q8_0 { rows, cols, data }
		}
	}

	#[test]
	fn every_kernel_gives_the_bytes_of_the_plain_one() {
		const N: usize = 3;
		let rows: Vec<QRow> = (0..N as u32)
			.map(|i| {
				let mut row = QRow::default();
				let mut x = noise(96, i + 10);
				x[..32].fill(if i == 1 { -1.0 } else { 1.0 });
				row.set(&x);
				row
			})
			.collect();
		let x: Vec<&QRow> = rows.iter().collect();
		for four in [true, false] {
			let matrix = QMatrix::pack(&[&raw(four, 16, 96)]).expect("a sound matrix");
			let mut plain = [[0.0; GROUP]; N];
			if four {
				four_plain(&matrix.data, &x, &mut plain);
			} else {
				eight_plain(&matrix.data, &x, &mut plain);
			}
			#[cfg(target_arch = "x86_64")]
			{
				let mut fast = [[0.0; GROUP]; N];
				if level() >= Level::Avx2 {
					// SAFETY: the level says that the processor has the instructions.
					unsafe {
						if four {
							x86::four_256(&matrix.data, &x, &mut fast)
						} else {
							x86::eight_256(&matrix.data, &x, &mut fast)
						}
					}
					assert_eq!(
						plain.map(|r| r.map(f32::to_bits)),
						fast.map(|r| r.map(f32::to_bits))
					);
				}
				if level() >= Level::Avx512 {
					// SAFETY: as above.
					unsafe {
						if four {
							x86::four_512(&matrix.data, &x, &mut fast)
						} else {
							x86::eight_512(&matrix.data, &x, &mut fast)
						}
					}
					assert_eq!(
						plain.map(|r| r.map(f32::to_bits)),
						fast.map(|r| r.map(f32::to_bits))
					);
				}
			}
		}
	}

	#[test]
	fn products_are_those_of_the_full_weights_up_to_the_rounding_of_activations() {
		let full = RawMatrix::F32 { rows: 20, cols: 64, data: noise(20 * 64, 1) };
		for source in [raw(true, 20, 64), raw(false, 20, 64), full] {
			let matrix = QMatrix::pack(&[&source]).expect("a sound matrix");
			let x = noise(64, 2);
			let mut quant = QRow::default();
			quant.set(&x);
			let mut out = vec![0.0f32; 20];
			// SAFETY: `out` holds all twenty rows.
			unsafe { matrix.product(0..matrix.groups(), &[&quant], &[out.as_mut_ptr()]) };
			for (i, found) in out.iter().enumerate() {
				let row = source.row(i);
				let expected: f32 = row.iter().zip(&x).map(|(w, x)| w * x).sum();
				let size: f32 = row.iter().zip(&x).map(|(w, x)| (w * x).abs()).sum();
				assert!((found - expected).abs() < 0.02 * size, "row {i}: {found} and {expected}");
			}
		}
	}
}
