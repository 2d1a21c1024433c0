//! Singular values and Hermitian eigenvalues of the kit's own, by the method of one-sided rotations: Hestenes,
//! "Inversion of matrices by biorthogonalization and related results", J. SIAM 6 (1958).

use crate::matrix::{C, Matrix};

/// More sweeps than any matrix of this kit needs.
const SWEEPS: usize = 60;

/// The columns of a real matrix with the singular values of `a`, each of them twice: `[[re, -im], [im, re]]`.
fn columns(a: &Matrix) -> Vec<Vec<f64>> {
    let upper = |j: usize| (0..a.rows).map(move |i| a.at(i, j).re).chain((0..a.rows).map(move |i| a.at(i, j).im));
    let lower = |j: usize| (0..a.rows).map(move |i| -a.at(i, j).im).chain((0..a.rows).map(move |i| a.at(i, j).re));
    (0..a.columns).map(|j| upper(j).collect()).chain((0..a.columns).map(|j| lower(j).collect())).collect()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}

/// Singular values, descending, as many as the smaller extent.
pub(crate) fn singular_values(a: &Matrix) -> Vec<f64> {
    let mut columns = columns(&if a.columns > a.rows { a.adjoint() } else { a.clone() });
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for q in 1..columns.len() {
            let (front, back) = columns.split_at_mut(q);
            for x in front {
                let y = &mut back[0];
                let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
                if xy.abs() <= f64::EPSILON * (xx * yy).sqrt() {
                    continue;
                }
                rotated = true;
                // The smaller of the two angles that make the columns orthogonal.
                let slope = (yy - xx) / (2.0 * xy);
                let tangent = slope.signum() / (slope.abs() + slope.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                for (x, y) in x.iter_mut().zip(y.iter_mut()) {
                    (*x, *y) = (cosine * (*x - tangent * *y), cosine * (*y + tangent * *x));
                }
            }
        }
        if !rotated {
            break;
        }
    }
    let mut lengths: Vec<f64> = columns.iter().map(|c| dot(c, c).sqrt()).collect();
    lengths.sort_by(|a, b| b.total_cmp(a));
    lengths.into_iter().step_by(2).collect()
}

/// Eigenvalues of a Hermitian matrix, ascending: shifted to be positive they are singular values.
pub(crate) fn eigenvalues(a: &Matrix) -> Vec<f64> {
    let shift = a.norm();
    let positive = Matrix::build(a.rows, a.rows, |i, j| a.at(i, j) + C::new(if i == j { shift } else { 0.0 }, 0.0));
    singular_values(&positive).into_iter().rev().map(|s| s - shift).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_come_out() {
        // The eigenvalues of the second difference of n points are 2 - 2 cos(k pi / (n + 1)).
        let n = 9;
        let a = Matrix::build(n, n, |i, j| match i.abs_diff(j) {
            0 => C::new(2.0, 0.0),
            // The phases change nothing but to make the matrix complex.
            1 => C::new(0.0, if i < j { 1.0 } else { -1.0 }),
            _ => C::new(0.0, 0.0),
        });
        for (k, (e, s)) in eigenvalues(&a).into_iter().zip(singular_values(&a).into_iter().rev()).enumerate() {
            let exact = 2.0 - 2.0 * ((k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64).cos();
            assert!((e - exact).abs() < 1e-13 && (s - exact).abs() < 1e-13, "{e} and {s} instead of {exact}");
        }
        assert_eq!(singular_values(&Matrix::build(2, 3, |_, _| C::new(0.0, 0.0))), [0.0, 0.0]);
        assert!(singular_values(&Matrix::eye(0)).is_empty());
    }
}
