//! The little linear algebra that whitening needs, in f64 and in a fixed order.

/// Lower triangle of a symmetric positive matrix's inverse Cholesky factor, packed row by row. `None` if the
/// matrix is not positive.
pub fn inverse_cholesky(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
	if matrix.len() != n * n {
		return None;
	}
	let at = |i: usize, j: usize| i * (i + 1) / 2 + j;
	let mut factor = vec![0.0f64; n * (n + 1) / 2];
	for i in 0..n {
		for j in 0..=i {
			let (a, b) = (&factor[at(i, 0)..at(i, 0) + j], &factor[at(j, 0)..at(j, 0) + j]);
			let sum = matrix[i * n + j] - a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
			if i == j {
				if !sum.is_finite() || sum <= 0.0 {
					return None;
				}
				factor[at(i, i)] = sum.sqrt();
			} else {
				factor[at(i, j)] = sum / factor[at(j, j)];
			}
		}
	}
	// Row i of the inverse: (e_i - Σ_{k<i} L_ik · row_k) / L_ii.
	let mut inverse = vec![0.0f64; factor.len()];
	for i in 0..n {
		let mut row = vec![0.0f64; i + 1];
		row[i] = 1.0;
		for k in 0..i {
			let weight = factor[at(i, k)];
			for (target, value) in row.iter_mut().zip(&inverse[at(k, 0)..at(k, 0) + k + 1]) {
				*target -= weight * value;
			}
		}
		let diagonal = factor[at(i, i)];
		for (target, value) in inverse[at(i, 0)..at(i, 0) + i + 1].iter_mut().zip(&row) {
			*target = value / diagonal;
		}
	}
	Some(inverse)
}

/// Mean of the vectors.
pub fn mean(vectors: &[&[f32]], n: usize) -> Vec<f64> {
	let mut out = vec![0.0f64; n];
	for vector in vectors {
		for (sum, x) in out.iter_mut().zip(*vector) {
			*sum += f64::from(*x);
		}
	}
	let count = vectors.len().max(1) as f64;
	out.iter_mut().for_each(|x| *x /= count);
	out
}

/// Covariance around a centre, with `shrink` times the mean variance added on the diagonal.
pub fn covariance(vectors: &[&[f32]], centre: &[f64], shrink: f64) -> Vec<f64> {
	let n = centre.len();
	let mut out = vec![0.0f64; n * n];
	for vector in vectors {
		let moved: Vec<f64> = vector.iter().zip(centre).map(|(x, c)| f64::from(*x) - c).collect();
		for (row, x) in out.chunks_mut(n).zip(&moved) {
			for (sum, y) in row.iter_mut().zip(&moved) {
				*sum += x * y;
			}
		}
	}
	let count = vectors.len().max(1) as f64;
	out.iter_mut().for_each(|x| *x /= count);
	let trace: f64 = (0..n).map(|i| out[i * n + i]).sum();
	let floor = (shrink * trace / n.max(1) as f64).max(1e-12);
	for i in 0..n {
		out[i * n + i] += floor;
	}
	out
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_inverse_factor_whitens_its_covariance() {
		let vectors: Vec<Vec<f32>> = (0..50)
			.map(|i| (0..6).map(|d| ((i * (d + 3)) as f32 * 0.37).sin() * (d + 1) as f32).collect())
			.collect();
		let vectors: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
		let centre = mean(&vectors, 6);
		let matrix = covariance(&vectors, &centre, 1e-6);
		let inverse = inverse_cholesky(&matrix, 6).expect("positive");
		let entry = |i: usize, j: usize| if j > i { 0.0 } else { inverse[i * (i + 1) / 2 + j] };
		for i in 0..6 {
			for j in 0..6 {
				let mut sum = 0.0;
				for a in 0..6 {
					for b in 0..6 {
						sum += entry(i, a) * matrix[a * 6 + b] * entry(j, b);
					}
				}
				assert!((sum - f64::from(u8::from(i == j))).abs() < 1e-9, "{i} {j} {sum}");
			}
		}
	}

	#[test]
	fn a_matrix_that_is_not_positive_has_no_factor() {
		assert!(inverse_cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
		assert!(inverse_cholesky(&[f64::NAN], 1).is_none());
		assert!(inverse_cholesky(&[1.0], 2).is_none());
	}
}
