//! Determinants by Laplace's expansion, and powers of matrices by repeated products.

use array_api::{DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::epsilon;
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::matrix::{C, Checked, Matrix, SQUARE, bad_input, floating, form, matrices, regular};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("det", |kit| determinants(kit, det_is)),
    ("slogdet", |kit| {
        determinants(kit, slogdet_is);
        beyond_the_range(kit);
    }),
    ("matrix_power", matrix_power),
];

fn minor(a: &Matrix, row: usize, column: usize) -> Matrix {
    let beside = |i: usize, gone: usize| if i < gone { i } else { i + 1 };
    Matrix::build(a.rows - 1, a.rows - 1, |i, j| a.at(beside(i, row), beside(j, column)))
}

/// Along the first row; of orders up to five.
fn determinant(a: &Matrix) -> C {
    if a.rows == 0 {
        return C::new(1.0, 0.0);
    }
    let sign = |j: usize| if j.is_multiple_of(2) { 1.0 } else { -1.0 };
    (0..a.rows).map(|j| a.at(0, j) * sign(j) * determinant(&minor(a, 0, j))).sum()
}

/// How much the determinant moves if every element does by some epsilons of the matrix: by the sum of all cofactors.
fn error(a: &Matrix, dtype: DType) -> f64 {
    let cofactors: f64 = (0..a.rows)
        .flat_map(|i| (0..a.rows).map(move |j| (i, j)))
        .map(|(i, j)| determinant(&minor(a, i, j)).norm())
        .sum();
    20.0 * a.rows.max(1) as f64 * epsilon(dtype) * a.norm() * cofactors
}

/// Holds the results for one matrix against its determinant and the error that is due.
type Held = fn(&[Reference], usize, C, f64) -> Checked;

fn det_is(got: &[Reference], k: usize, exact: C, error: f64) -> Checked {
    let found = got[0].data[k].to_complex();
    match (found - exact).norm() <= error {
        true => Ok(()),
        false => Err(format!("matrix {k}: got {found}, expected {exact} within {error:e}")),
    }
}

fn slogdet_is(got: &[Reference], k: usize, exact: C, error: f64) -> Checked {
    let (sign, log) = (got[0].data[k].to_complex(), got[1].data[k].to_f64());
    if exact.norm() == 0.0 {
        // The logarithm of a rounding error is as good, where there is one.
        return match log <= error.ln() && (sign.norm() == 0.0 || log > f64::NEG_INFINITY) {
            true => Ok(()),
            false => Err(format!("matrix {k}: got {sign} and {log}, expected 0 and -inf (or below {})", error.ln())),
        };
    }
    let share = error / exact.norm() + 16.0 * epsilon(got[0].dtype);
    let (direction, size) = (exact / exact.norm(), exact.norm().ln());
    let allowed = share + 4.0 * epsilon(got[0].dtype) * size.abs();
    match (sign - direction).norm() <= share && (log - size).abs() <= allowed {
        true => Ok(()),
        false => Err(format!("matrix {k}: got {sign} and {log}, expected {direction} and {size}")),
    }
}

/// Lower triangles with their rows in another order: the determinant is the product of the diagonal, or its negative.
fn triangle(dtype: DType, n: usize) -> (Reference, C) {
    let x = regular(dtype, &[n, n], false, 221);
    let swapped = |i: usize| if i < 2 { 1 - i } else { i };
    let zero = rounded(dtype, Scalar::Float(0.0)).unwrap_or(Scalar::Float(0.0));
    let given = Reference::build(dtype, &[n, n], |i| {
        let row = swapped(i[0]);
        if i[1] > row { zero } else { x.at(&[row, i[1]]) }
    });
    // Scaled so that not even single precision overflows.
    let scale = 0.01;
    let given = Reference::build(dtype, &[n, n], |i| {
        let scaled = match given.at(i) {
            Scalar::Complex(z) => Scalar::Complex(z * scale),
            s => Scalar::Float(s.to_f64() * scale),
        };
        rounded(dtype, scaled).unwrap_or(zero)
    });
    let product = (0..n).fold(C::new(-1.0, 0.0), |p, i| p * given.at(&[swapped(i), i]).to_complex());
    (given, product)
}

fn determinants(kit: &mut Kit, held: Held) {
    bad_input(kit, true);
    for dtype in floating() {
        let shapes: [&[usize]; 8] =
            [&[1, 1], &[2, 2], &[3, 3], &[5, 5], &[2, 3, 3], &[2, 2, 2, 2], &[0, 2, 2], &[0, 0]];
        let zeros = Reference::reals(&[2, 2], &[0.0; 4]).cast(dtype);
        let empty_row = Reference::reals(&[3, 3], &[1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 4.0, 5.0, 6.0]).cast(dtype);
        // Nothing is left to divide by in the middle of an elimination.
        let middle = Reference::reals(&[3, 3], &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 4.0]).cast(dtype);
        for x in shapes.iter().map(|d| moderate(dtype, d, 222)).chain([zeros, empty_row, middle]) {
            let batch = x.dims[..x.dims.len() - 2].to_vec();
            let all: Vec<(C, f64)> = matrices(&x, &batch).iter().map(|a| (determinant(a), error(a, dtype))).collect();
            kit.satisfies(&[], &[(&x).into()], |got| {
                results(got, &batch, dtype)?;
                all.iter().enumerate().try_for_each(|(k, &(exact, error))| held(got, k, exact, error))
            });
        }
        let (x, exact) = triangle(dtype, 17);
        kit.satisfies(&[], &[(&x).into()], |got| {
            results(got, &[], dtype)?;
            held(got, 0, exact, 400.0 * epsilon(dtype) * exact.norm())
        });
    }
}

fn results(got: &[Reference], batch: &[usize], dtype: DType) -> Checked {
    form(&got[0], batch, dtype)?;
    got.get(1).map_or(Ok(()), |log| form(log, batch, dtype.real()))
}

/// Determinants that no number of the type holds have a logarithm.
fn beyond_the_range(kit: &mut Kit) {
    for (dtype, big) in [(DType::Float32, 1e18), (DType::Float64, 1e200)] {
        for size in [big, 1.0 / big] {
            let data = [2.0 * size, 0.0, size, 0.0, -3.0 * size, 0.0, 0.0, 0.0, size];
            let x = Reference::reals(&[3, 3], &data).cast(dtype);
            let elements = [0, 4, 8].map(|i| x.data[i].to_f64().abs().ln());
            let log: f64 = elements.iter().sum();
            kit.satisfies(&[], &[(&x).into()], |got| {
                results(got, &[], dtype)?;
                let (sign, found) = (got[0].data[0].to_f64(), got[1].data[0].to_f64());
                match sign == -1.0 && (found - log).abs() <= 20.0 * epsilon(dtype) * log.abs() {
                    true => Ok(()),
                    false => Err(format!("got {sign} and {found}, expected -1 and {log}")),
                }
            });
        }
    }
}

fn matrix_power(kit: &mut Kit) {
    bad_input(kit, true);
    for dtype in floating() {
        for dims in SQUARE {
            let x = regular(dtype, dims, false, 223);
            let batch = &dims[..dims.len() - 2];
            for n in [0isize, 1, 2, 3, 6, -1, -2] {
                kit.satisfies(fields![n = n], &[(&x).into()], |got| {
                    form(&got[0], dims, dtype)?;
                    for (a, found) in matrices(&x, batch).iter().zip(&matrices(&got[0], batch)) {
                        let one = Matrix::eye(a.rows);
                        let power = (0..n.unsigned_abs()).fold(one.clone(), |p, _| p.times(a));
                        let size = n.unsigned_abs() as f64 * a.norm().powi(n.unsigned_abs() as i32);
                        match n {
                            0.. => found.must_be(&power, dtype, size, "the power")?,
                            _ => power.times(found).must_be(&one, dtype, size * found.norm(), "x^n x^-n - 1")?,
                        }
                    }
                    Ok(())
                });
            }
        }
    }
    let singular = Reference::reals(&[2, 2], &[1.0, 2.0, 2.0, 4.0]);
    kit.refuses(fields![n = -1isize], &[singular.into()], ErrorKind::Value);
}
