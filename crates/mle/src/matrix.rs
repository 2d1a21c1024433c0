//! Small matrices in the host's memory: a row per parameter. Rows of data never come here.

use array_api::{Array, Error, Result};
use faer::{Mat, Side};

/// A square or rectangular matrix of a few rows.
pub type Matrix = Mat<f64>;

/// Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix.
#[derive(Clone, Debug)]
pub struct Eigen {
    /// The eigenvalues, ascending.
    pub values: Vec<f64>,
    /// The eigenvectors, one a column.
    pub vectors: Matrix,
}

/// The eigenvalues and eigenvectors of a symmetric matrix, of which the lower triangle is read.
///
/// # Errors
/// Where an element is not finite.
pub fn eigen(matrix: &Matrix) -> Result<Eigen> {
    check_finite("eigen", matrix)?;
    if matrix.nrows() == 0 {
        return Ok(Eigen { values: vec![], vectors: Mat::zeros(0, 0) });
    }
    let failed = |e| Error::backend("eigen", format!("the eigenvalues were not found: {e:?}"));
    let decomposition = matrix.self_adjoint_eigen(Side::Lower).map_err(failed)?;
    let values = decomposition.S().column_vector().iter().copied().collect();
    Ok(Eigen { values, vectors: decomposition.U().to_owned() })
}

/// `U diag(s) V^T` of a matrix with no fewer rows than columns, `s` descending.
#[derive(Clone, Debug)]
pub struct SingularValues {
    /// Left singular vectors, one a column.
    pub u: Matrix,
    /// The singular values, descending.
    pub s: Vec<f64>,
    /// Right singular vectors, one a column.
    pub v: Matrix,
}

/// The singular value decomposition.
///
/// # Errors
/// Where an element is not finite.
pub fn singular_values(matrix: &Matrix) -> Result<SingularValues> {
    check_finite("svd", matrix)?;
    if matrix.ncols() == 0 {
        return Ok(SingularValues { u: Mat::zeros(matrix.nrows(), 0), s: vec![], v: Mat::zeros(0, 0) });
    }
    let failed = |e| Error::backend("svd", format!("the singular values were not found: {e:?}"));
    let decomposition = matrix.thin_svd().map_err(failed)?;
    Ok(SingularValues {
        u: decomposition.U().to_owned(),
        s: decomposition.S().column_vector().iter().copied().collect(),
        v: decomposition.V().to_owned(),
    })
}

fn check_finite(what: &'static str, matrix: &Matrix) -> Result<()> {
    for j in 0..matrix.ncols() {
        for i in 0..matrix.nrows() {
            if !matrix[(i, j)].is_finite() {
                let message = format!("element ({i}, {j}) of the matrix is {}", matrix[(i, j)]);
                return Err(Error::value(what, message));
            }
        }
    }
    Ok(())
}

/// The inverse of a symmetric positive definite matrix, computed with unit diagonal so that units do not matter; `None`
/// where it is not positive definite in double precision.
pub fn inverse_definite(matrix: &Matrix) -> Option<Matrix> {
    let n = matrix.nrows();
    let scale: Vec<f64> = (0..n).map(|i| matrix[(i, i)].sqrt()).collect();
    if !scale.iter().all(|s| s.is_normal()) {
        return None;
    }
    let unit = Mat::from_fn(n, n, |i, j| matrix[(i.max(j), i.min(j))] / scale[i] / scale[j]);
    let Eigen { values, vectors } = eigen(&unit).ok()?;
    // Below this share the smallest eigenvalue is rounding.
    if values.first().is_some_and(|&low| low <= f64::EPSILON * n as f64) {
        return None;
    }
    Some(Mat::from_fn(n, n, |i, j| {
        let sum: f64 = (0..n).map(|k| vectors[(i, k)] * vectors[(j, k)] / values[k]).sum();
        sum / scale[i] / scale[j]
    }))
}

/// The lower Cholesky factor of a symmetric matrix, of which the lower triangle is read; `None` where it is not positive
/// definite in double precision.
pub fn cholesky(matrix: &Matrix) -> Option<Matrix> {
    let n = matrix.nrows();
    let mut factor = Mat::zeros(n, n);
    for i in 0..n {
        for j in 0..=i {
            let rest = matrix[(i, j)] - (0..j).map(|k| factor[(i, k)] * factor[(j, k)]).sum::<f64>();
            if i > j {
                factor[(i, j)] = rest / factor[(j, j)];
            } else if rest > f64::EPSILON * n as f64 * matrix[(i, i)] {
                factor[(i, i)] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(factor)
}

/// The inverse of a lower triangular matrix without zeros on its diagonal.
pub fn inverse_lower(factor: &Matrix) -> Matrix {
    let n = factor.nrows();
    let mut inverse = Mat::zeros(n, n);
    for j in 0..n {
        for i in j..n {
            let unit = if i == j { 1.0 } else { 0.0 };
            let known: f64 = (j..i).map(|k| factor[(i, k)] * inverse[(k, j)]).sum();
            inverse[(i, j)] = (unit - known) / factor[(i, i)];
        }
    }
    inverse
}

/// The matrix of these rows.
///
/// # Errors
/// Where the rows differ in length.
pub fn from_rows(rows: &[Vec<f64>]) -> Result<Matrix> {
    let columns = rows.first().map_or(0, Vec::len);
    match rows.iter().find(|r| r.len() != columns) {
        Some(r) => Err(Error::shape("matrix", format!("a row has {} numbers, the first one {columns}", r.len()))),
        None => Ok(Mat::from_fn(rows.len(), columns, |i, j| rows[i][j])),
    }
}

/// The product of a matrix and a vector.
pub fn times(matrix: &Matrix, vector: &[f64]) -> Vec<f64> {
    (0..matrix.nrows()).map(|i| (0..matrix.ncols()).map(|j| matrix[(i, j)] * vector[j]).sum()).collect()
}

/// The product of a transposed matrix and a vector.
pub fn transposed_times(matrix: &Matrix, vector: &[f64]) -> Vec<f64> {
    (0..matrix.ncols()).map(|j| (0..matrix.nrows()).map(|i| matrix[(i, j)] * vector[i]).sum()).collect()
}

/// The sum of products.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The length of a vector, without overflow of its squares.
pub fn norm(v: &[f64]) -> f64 {
    let scale = v.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    scale * v.iter().map(|x| (x / scale) * (x / scale)).sum::<f64>().sqrt()
}

/// The matrix in an array of two axes.
///
/// # Errors
/// Where the array has other axes, is not `float64` or cannot be read.
pub fn read(array: &Array) -> Result<Matrix> {
    let &[rows, columns] = array.shape()? else {
        return Err(Error::shape("matrix", format!("an array of shape {} is no matrix", array.dims())));
    };
    let values = array.to_vec::<f64>()?;
    Ok(Mat::from_fn(rows, columns, |i, j| values[i * columns + j]))
}

/// The rows of a matrix.
pub fn rows(matrix: &Matrix) -> Vec<Vec<f64>> {
    (0..matrix.nrows()).map(|i| (0..matrix.ncols()).map(|j| matrix[(i, j)]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_does_not_depend_on_units() {
        let a = Mat::from_fn(2, 2, |i, j| [[4e20, 1e3], [1e3, 1e-10]][i][j]);
        let inverse = inverse_definite(&a).unwrap();
        let unit = &a * &inverse;
        assert!((unit[(0, 0)] - 1.0).abs() < 1e-12 && (unit[(1, 1)] - 1.0).abs() < 1e-12);
        let singular = Mat::from_fn(2, 2, |_, _| 1.0);
        assert!(inverse_definite(&singular).is_none());
    }

    #[test]
    fn factors_and_their_inverses() {
        let a = from_rows(&[vec![4.0, 2.0, 0.4], vec![2.0, 3.0, -0.5], vec![0.4, -0.5, 1.0]]).unwrap();
        let factor = cholesky(&a).unwrap();
        let (back, unit) = (&factor * factor.transpose(), &factor * inverse_lower(&factor));
        for i in 0..3 {
            for j in 0..3 {
                assert!((back[(i, j)] - a[(i, j)]).abs() < 1e-15);
                assert!((unit[(i, j)] - if i == j { 1.0 } else { 0.0 }).abs() < 1e-15);
            }
        }
        assert!(cholesky(&from_rows(&[vec![1.0, 1.0], vec![1.0, 1.0]]).unwrap()).is_none());
        assert!(from_rows(&[vec![1.0], vec![1.0, 2.0]]).is_err());
    }

    #[test]
    fn length_does_not_overflow() {
        assert!((norm(&[3e200, 4e200]) / 5e200 - 1.0).abs() < 1e-15);
        assert_eq!(norm(&[]), 0.0);
    }
}
