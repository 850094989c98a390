//! Elementwise kernels and the wrapper around the matrix product.
//!
//! Every kernel is compiled for AVX-512, AVX2 and the baseline, and chosen at run time. Sums run over
//! sixteen lanes in a fixed order and nothing is contracted, so all three give the same bytes.

use gemm::Parallelism;

/// Defines a kernel once and compiles it for several instruction sets.
macro_rules! kernel {
	($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
		$(#[$meta])*
		pub(crate) fn $name($($arg: $ty),*) $(-> $ret)? {
			#[inline(always)]
			fn generic($($arg: $ty),*) $(-> $ret)? $body
			#[cfg(target_arch = "x86_64")]
			{
				#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
				fn v4($($arg: $ty),*) $(-> $ret)? { generic($($arg),*) }
				#[target_feature(enable = "avx2,fma")]
				fn v3($($arg: $ty),*) $(-> $ret)? { generic($($arg),*) }
				match $crate::cpu::level() {
					// SAFETY: the level is only reported when the processor has these features.
					$crate::cpu::Level::Avx512 => return unsafe { v4($($arg),*) },
					// SAFETY: as above.
					$crate::cpu::Level::Avx2 => return unsafe { v3($($arg),*) },
					$crate::cpu::Level::Baseline => {},
				}
			}
			generic($($arg),*)
		}
	};
}
pub(crate) use kernel;

const LANES: usize = 16;

#[inline(always)]
fn fold(lanes: [f32; LANES]) -> f32 {
	let mut width = LANES / 2;
	let mut lanes = lanes;
	while width > 0 {
		for i in 0..width {
			lanes[i] += lanes[i + width];
		}
		width /= 2;
	}
	lanes[0]
}

#[inline(always)]
fn dot_lanes(a: &[f32], b: &[f32]) -> f32 {
	let mut acc = [0.0f32; LANES];
	let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
	let mut tail = 0.0;
	for (x, y) in a_chunks.remainder().iter().zip(b_chunks.remainder()) {
		tail += x * y;
	}
	for (x, y) in a_chunks.zip(b_chunks) {
		for i in 0..LANES {
			acc[i] += x[i] * y[i];
		}
	}
	fold(acc) + tail
}

/// e to the power of x, to about two units in the last place; zero far below.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
	const MAGIC: f32 = 12_582_912.0;
	let x = x.clamp(-87.0, 88.0);
	let n = x * std::f32::consts::LOG2_E + MAGIC;
	let bits = n.to_bits();
	let n = n - MAGIC;
	let r = x - n * 0.693_359_4;
	let r = r + n * 2.121_944_4e-4;
	let mut p = 1.987_569_1e-4;
	p = p * r + 1.398_199_9e-3;
	p = p * r + 8.333_452e-3;
	p = p * r + 4.166_579_6e-2;
	p = p * r + 1.666_666_5e-1;
	p = p * r + 0.5;
	let y = p * (r * r) + r + 1.0;
	let scale = bits.wrapping_sub(MAGIC.to_bits()).wrapping_add(127) << 23;
	y * f32::from_bits(scale)
}

kernel! {
	/// The scalar product.
	fn dot(a: &[f32], b: &[f32]) -> f32 { dot_lanes(a, b) }
}

kernel! {
	/// `y += f · x`.
	fn axpy(y: &mut [f32], f: f32, x: &[f32]) {
		for (y, x) in y.iter_mut().zip(x) {
			*y += f * x;
		}
	}
}

kernel! {
	/// RMSNorm of one row; gives the factor.
	fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) -> f32 {
		let inverse = 1.0 / (dot_lanes(x, x) / x.len() as f32 + eps).sqrt();
		for ((o, x), w) in out.iter_mut().zip(x).zip(weight) {
			*o = x * inverse * w;
		}
		inverse
	}
}

kernel! {
	/// RMSNorm of one row whose factor is known.
	fn rms_scale(x: &[f32], weight: &[f32], inverse: f32, out: &mut [f32]) {
		for ((o, x), w) in out.iter_mut().zip(x).zip(weight) {
			*o = x * inverse * w;
		}
	}
}

kernel! {
	/// Adds the gradient through RMSNorm to `dx`; `dy` is overwritten.
	fn rms_norm_back(dy: &mut [f32], x: &[f32], weight: &[f32], inverse: f32, dx: &mut [f32]) {
		for (d, w) in dy.iter_mut().zip(weight) {
			*d *= w;
		}
		let mean = dot_lanes(dy, x) / x.len() as f32;
		let pull = mean * inverse * inverse * inverse;
		for ((dx, d), x) in dx.iter_mut().zip(dy.iter()).zip(x) {
			*dx += d * inverse - x * pull;
		}
	}
}

kernel! {
	/// `silu(gate) · up` of one row.
	fn silu_mul(gate: &[f32], up: &[f32], out: &mut [f32]) {
		for ((o, g), u) in out.iter_mut().zip(gate).zip(up) {
			*o = g / (1.0 + exp(-*g)) * u;
		}
	}
}

kernel! {
	/// Turns the gradient of `silu(gate) · up` into those of gate and up, written over their values.
	fn silu_mul_back(gate: &mut [f32], up: &mut [f32], d: &[f32]) {
		for ((g, u), d) in gate.iter_mut().zip(up).zip(d) {
			let sigmoid = 1.0 / (1.0 + exp(-*g));
			let silu = *g * sigmoid;
			let slope = sigmoid * (1.0 + *g * (1.0 - sigmoid));
			let du = d * silu;
			*g = d * *u * slope;
			*u = du;
		}
	}
}

kernel! {
	/// Softmax over `scale · row`; gives the logarithm of the sum.
	fn softmax(row: &mut [f32], scale: f32) -> f32 {
		let mut lanes = [f32::NEG_INFINITY; LANES];
		let mut chunks = row.chunks_exact(LANES);
		for chunk in &mut chunks {
			for i in 0..LANES {
				lanes[i] = if chunk[i] > lanes[i] { chunk[i] } else { lanes[i] };
			}
		}
		let mut top = f32::NEG_INFINITY;
		for value in lanes.iter().chain(chunks.remainder()) {
			top = if *value > top { *value } else { top };
		}
		let top = top * scale;
		let mut sums = [0.0f32; LANES];
		let mut chunks = row.chunks_exact_mut(LANES);
		for chunk in &mut chunks {
			for i in 0..LANES {
				let e = exp(chunk[i] * scale - top);
				chunk[i] = e;
				sums[i] += e;
			}
		}
		let mut tail = 0.0;
		for value in chunks.into_remainder() {
			let e = exp(*value * scale - top);
			*value = e;
			tail += e;
		}
		let sum = fold(sums) + tail;
		let inverse = 1.0 / sum;
		for value in row.iter_mut() {
			*value *= inverse;
		}
		top + sum.ln()
	}
}

kernel! {
	/// Probabilities again from scores and the logarithm of their sum.
	fn softmax_again(row: &mut [f32], scale: f32, log_sum: f32) {
		for value in row.iter_mut() {
			*value = exp(*value * scale - log_sum);
		}
	}
}

kernel! {
	/// `ds = p · (dp − delta) · scale`, written over `dp`.
	fn softmax_back(p: &[f32], dp: &mut [f32], delta: f32, scale: f32) {
		for (d, p) in dp.iter_mut().zip(p) {
			*d = p * (*d - delta) * scale;
		}
	}
}

kernel! {
	/// Rotates the pairs `(i, i + half)` of one head.
	fn rope(head: &mut [f32], cos: &[f32], sin: &[f32]) {
		let (low, high) = head.split_at_mut(cos.len());
		for (((a, b), c), s) in low.iter_mut().zip(high).zip(cos).zip(sin) {
			let (x, y) = (*a, *b);
			*a = x * c - y * s;
			*b = y * c + x * s;
		}
	}
}

kernel! {
	/// Rotates back.
	fn rope_back(head: &mut [f32], cos: &[f32], sin: &[f32]) {
		let (low, high) = head.split_at_mut(cos.len());
		for (((a, b), c), s) in low.iter_mut().zip(high).zip(cos).zip(sin) {
			let (x, y) = (*a, *b);
			*a = x * c + y * s;
			*b = y * c - x * s;
		}
	}
}

kernel! {
	/// Drops values by a counter-based random function: the same key gives the same mask.
	fn dropout(x: &[f32], out: &mut [f32], key: u32, first: u32, threshold: u32, keep: f32) {
		for (i, (o, x)) in out.iter_mut().zip(x).enumerate() {
			let mut h = first.wrapping_add(i as u32).wrapping_mul(0x9E37_79B1) ^ key;
			h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
			h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
			h ^= h >> 16;
			*o = if h >= threshold { *x * keep } else { 0.0 };
		}
	}
}

/// A matrix inside of a slice: element (i, j) lies at `i · rs + j · cs`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
	data: &'a [f32],
	rs: usize,
	cs: usize,
}

impl<'a> View<'a> {
	/// Rows of `width` values.
	pub(crate) fn rows(data: &'a [f32], width: usize) -> Self {
		Self { data, rs: width, cs: 1 }
	}

	/// The transpose of [`Self::rows`].
	pub(crate) fn columns(data: &'a [f32], width: usize) -> Self {
		Self { data, rs: 1, cs: width }
	}
}

/// A writable matrix inside of a slice.
pub(crate) struct ViewMut<'a> {
	data: &'a mut [f32],
	rs: usize,
}

impl<'a> ViewMut<'a> {
	pub(crate) fn rows(data: &'a mut [f32], width: usize) -> Self {
		Self { data, rs: width }
	}
}

/// Whether to add to what is there.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Into {
	Replace,
	Add,
}

fn fits(len: usize, rows: usize, cols: usize, rs: usize, cs: usize) -> bool {
	rows == 0 || cols == 0 || (rows - 1) * rs + (cols - 1) * cs < len
}

/// `c = factor · a · b` or `c += factor · a · b` with a `[m, k]` and b `[k, n]`.
pub(crate) fn matmul(
	[m, n, k]: [usize; 3],
	a: View,
	b: View,
	c: ViewMut,
	into: Into,
	factor: f32,
	parallel: bool,
) {
	assert!(fits(a.data.len(), m, k, a.rs, a.cs), "the left matrix is too short");
	assert!(fits(b.data.len(), k, n, b.rs, b.cs), "the right matrix is too short");
	assert!(fits(c.data.len(), m, n, c.rs, 1), "the result is too short");
	// SAFETY: the bounds were checked, and `c` is borrowed mutably.
	unsafe {
		matmul_raw(
			[m, n, k],
			(a.data.as_ptr(), a.rs, a.cs),
			(b.data.as_ptr(), b.rs, b.cs),
			(c.data.as_mut_ptr(), c.rs),
			into,
			factor,
			parallel,
		)
	}
}

/// As [`matmul`], for parts of matrices that several threads write at once.
///
/// # Safety
/// All elements must lie inside of their allocations, and nobody else may touch those of `c`.
pub(crate) unsafe fn matmul_raw(
	[m, n, k]: [usize; 3],
	a: (*const f32, usize, usize),
	b: (*const f32, usize, usize),
	c: (*mut f32, usize),
	into: Into,
	factor: f32,
	parallel: bool,
) {
	if m == 0 || n == 0 {
		return;
	}
	let parallelism = if parallel { Parallelism::Rayon(0) } else { Parallelism::None };
	gemm::gemm(
		m,
		n,
		k,
		c.0,
		1,
		c.1 as isize,
		into == Into::Add,
		a.0,
		a.2 as isize,
		a.1 as isize,
		b.0,
		b.2 as isize,
		b.1 as isize,
		1.0,
		factor,
		false,
		false,
		false,
		parallelism,
	);
}
