//! Eigenvalues and eigenvectors, by what they must satisfy: Hermitian ones are held against rotations of the kit's own,
//! general ones by the traces of powers, which together determine a spectrum.

use array_api::{DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::epsilon;
use crate::inputs::moderate;
use crate::jacobi::eigenvalues;
use crate::kit::Kit;
use crate::matrix::{C, Checked, Matrix, SQUARE, bad_input, floating, form, matrices, orthonormal};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("eigh", |kit| hermitian(kit, true)),
    ("eigvalsh", |kit| hermitian(kit, false)),
    ("eig", |kit| general(kit, true)),
    ("eigvals", |kit| general(kit, false)),
];

/// The Hermitian matrices whose lower triangle, all that may be read, is that of `x`.
fn lower(x: &Reference) -> Reference {
    let last = x.dims.len() - 1;
    Reference::build(x.dtype, &x.dims, |i| {
        let mut mirrored = i.to_vec();
        mirrored.swap(last, last - 1);
        match (i[last - 1].cmp(&i[last]), x.at(i), x.at(&mirrored)) {
            (std::cmp::Ordering::Less, _, Scalar::Complex(z)) => Scalar::Complex(z.conj()),
            (std::cmp::Ordering::Less, _, below) => below,
            (_, here, _) => here,
        }
    })
}

/// Matrices with a real diagonal, Hermitian below it.
fn inputs(dtype: DType, dims: &[usize]) -> Vec<Reference> {
    let x = moderate(dtype, dims, 211);
    let last = dims.len() - 1;
    let x = Reference::build(dtype, dims, |i| match x.at(i) {
        Scalar::Complex(z) if i[last] == i[last - 1] => Scalar::Complex(C::new(z.re, 0.0)),
        s => s,
    });
    // Repeated eigenvalues, whose vectors are not determined.
    let number = |v: f64| rounded(dtype, Scalar::Float(v)).unwrap_or(Scalar::Float(v));
    let repeated = Reference::build(dtype, dims, |i| {
        number(if i[last] == i[last - 1] { 2.0 + (i[last] / 2) as f64 } else { 0.0 })
    });
    vec![x, repeated]
}

fn hermitian(kit: &mut Kit, vectors: bool) {
    bad_input(kit, true);
    for dtype in floating() {
        for dims in SQUARE {
            for x in inputs(dtype, dims) {
                let whole = lower(&x);
                let (batch, n) = (&dims[..dims.len() - 2], dims[dims.len() - 1]);
                let exact: Vec<Vec<f64>> = matrices(&whole, batch).iter().map(eigenvalues).collect();
                kit.satisfies(&[], &[(&x).into()], |got| {
                    form(&got[0], &[batch, &[n]].concat(), dtype.real())?;
                    let values = matrices(&got[0].reshaped(&[batch, &[n, 1]].concat()), batch);
                    for ((a, w), exact) in matrices(&whole, batch).iter().zip(&values).zip(&exact) {
                        if (1..n).any(|i| w.at(i - 1, 0).re > w.at(i, 0).re) {
                            return Err("eigenvalues must ascend".to_string());
                        }
                        let exact = Matrix::build(n, 1, |i, _| C::new(exact[i], 0.0));
                        w.must_be(&exact, dtype, a.norm(), "eigenvalues")?;
                    }
                    if !vectors {
                        return Ok(());
                    }
                    form(&got[1], dims, dtype)?;
                    let pairs = values.iter().zip(matrices(&got[1], batch));
                    for (a, (w, v)) in matrices(&whole, batch).iter().zip(pairs) {
                        orthonormal(&v, dtype, "the eigenvectors")?;
                        residual(a, w, &v, dtype)?;
                    }
                    Ok(())
                });
            }
        }
    }
}

/// `a v = v diag(w)` for unit vectors.
fn residual(a: &Matrix, w: &Matrix, v: &Matrix, dtype: DType) -> Checked {
    let scaled = Matrix::build(v.rows, v.columns, |i, j| v.at(i, j) * w.at(j, 0));
    a.times(v).must_be(&scaled, dtype, a.norm() * v.norm().max(1.0), "x V - V diag(w)")
}

/// The sums of powers of the eigenvalues are traces of powers: those of a matrix nearby, if the method is stable.
fn traces(a: &Matrix, w: &Matrix, dtype: DType) -> Checked {
    let n = a.rows as f64;
    let (mut power, mut size) = (a.clone(), a.norm());
    for k in 1..=a.rows {
        let trace: C = (0..a.rows).map(|i| power.at(i, i)).sum();
        let sum: C = (0..a.rows).map(|i| (0..k).fold(C::new(1.0, 0.0), |p, _| p * w.at(i, 0))).sum();
        let bound = 20.0 * n * n * k as f64 * epsilon(dtype) * size;
        let error = (sum - trace).norm();
        // A comparison that not-a-number fails.
        if !matches!(error.partial_cmp(&bound), Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)) {
            let message = format!("the eigenvalues' powers of order {k} add up to {sum}, the trace is {trace}");
            return Err(format!("{message} (bound {bound:e})"));
        }
        power = power.times(a);
        size *= a.norm();
    }
    Ok(())
}

fn general(kit: &mut Kit, vectors: bool) {
    bad_input(kit, true);
    // A rotation has complex eigenvalues, a triangle shows its own, the last has one eigenvector for all three.
    let known = [
        Reference::reals(&[2, 2], &[0.0, -1.0, 1.0, 0.0]),
        Reference::reals(&[3, 3], &[3.0, 1.0, 4.0, 0.0, -1.0, 5.0, 0.0, 0.0, 2.0]),
        Reference::reals(&[3, 3], &[2.0, 1.0, 0.0, 0.0, 2.0, 1.0, 0.0, 0.0, 2.0]),
        Reference::reals(&[2, 2], &[0.0; 4]),
    ];
    for dtype in floating() {
        let complex = dtype.complex().unwrap_or(dtype);
        // Powers of large matrices would tell less than their rounding.
        let shapes: [&[usize]; 6] = [&[1, 1], &[3, 3], &[5, 5], &[2, 4, 4], &[0, 2, 2], &[0, 0]];
        for x in shapes.iter().map(|d| moderate(dtype, d, 212)).chain(known.iter().map(|x| x.cast(dtype))) {
            let (batch, n) = (&x.dims[..x.dims.len() - 2], x.dims[x.dims.len() - 1]);
            kit.satisfies(&[], &[(&x).into()], |got| {
                form(&got[0], &[batch, &[n]].concat(), complex)?;
                let values = matrices(&got[0].reshaped(&[batch, &[n, 1]].concat()), batch);
                for (a, w) in matrices(&x, batch).iter().zip(&values) {
                    let place = |i: usize| (w.at(i, 0).re, w.at(i, 0).im);
                    if (1..n).any(|i| place(i - 1) > place(i)) {
                        return Err("eigenvalues must ascend by real part, then by imaginary part".to_string());
                    }
                    traces(a, w, dtype)?;
                }
                if !vectors {
                    return Ok(());
                }
                form(&got[1], &x.dims, complex)?;
                for (a, (w, v)) in matrices(&x, batch).iter().zip(values.iter().zip(matrices(&got[1], batch))) {
                    let lengths = Matrix::build(1, n, |_, j| {
                        C::new((0..n).map(|i| v.at(i, j).norm_sqr()).sum::<f64>().sqrt(), 0.0)
                    });
                    let ones = Matrix::build(1, n, |_, _| C::new(1.0, 0.0));
                    lengths.must_be(&ones, dtype, 1.0, "the eigenvectors' lengths")?;
                    residual(a, w, &v, dtype)?;
                }
                Ok(())
            });
        }
    }
    kit.refuses(&[], &[moderate(DType::Bool, &[2, 2], 1).into()], ErrorKind::DType);
}
