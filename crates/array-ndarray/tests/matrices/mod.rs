//! Matrices for tests, and how they are compared.

#![allow(dead_code)] // each test binary uses other functions

use array_api::{Array, Complex, DType, astype, at, index, matrix_transpose};
use array_ndarray::namespace;

pub(crate) const FLOATING: [DType; 4] = [DType::Float32, DType::Float64, DType::Complex64, DType::Complex128];

/// Complex numbers that a seed gives, as an array of a floating type, and the rounding error to expect.
pub(crate) fn numbers(shape: &[usize], dtype: DType, seed: u64) -> (Array, f64) {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / 2.0_f64.powi(30) - 1.0
    };
    let n = shape.iter().product();
    let values: Vec<_> = (0..n).map(|_| Complex::new(next(), if dtype.is_complex() { next() } else { 0.0 })).collect();
    let x = namespace().from_host(values, shape).unwrap();
    let x = if dtype.is_complex() { x } else { array_api::real(x).unwrap() };
    let error = if dtype.real() == DType::Float32 { 2e-5 } else { 4e-14 };
    (astype(x, dtype).unwrap(), error)
}

pub(crate) fn complex(x: &Array) -> Vec<Complex<f64>> {
    let wide = if x.dtype().is_complex() { DType::Complex128 } else { DType::Float64 };
    let wide = astype(x, wide).unwrap();
    match x.dtype().is_complex() {
        true => wide.to_vec().unwrap(),
        false => wide.to_vec::<f64>().unwrap().into_iter().map(|x| Complex::new(x, 0.0)).collect(),
    }
}

#[track_caller]
pub(crate) fn close(a: &Array, b: &Array, error: f64) {
    assert_eq!((a.dims(), a.dtype()), (b.dims(), b.dtype()));
    let (a, b) = (complex(a), complex(b));
    let scale = b.iter().map(|z| z.norm()).fold(1.0, f64::max);
    let off = a.iter().zip(&b).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
    // Not "off > ...": that would let not-a-number pass.
    assert!(off <= error * scale, "off by {off} at scale {scale}");
}

pub(crate) fn adjoint(x: &Array) -> Array {
    let x = if x.dtype().is_complex() { array_api::conj(x).unwrap() } else { x.clone() };
    matrix_transpose(x).unwrap()
}

pub(crate) fn eye(n: usize, like: &Array) -> Array {
    namespace().eye((n, like.dtype())).unwrap()
}

/// The array as a view whose rows run backwards in memory.
pub(crate) fn backwards(x: &Array) -> Array {
    let stored = array_api::flip(x, -1).unwrap();
    let copy = namespace().from_host(stored.to_host().unwrap(), x.dims()).unwrap();
    array_api::flip(copy, -1).unwrap()
}

/// Each matrix of a stack of matrices.
pub(crate) fn matrices(x: &Array) -> Vec<Array> {
    let d = x.shape().unwrap();
    let (m, n) = (d[d.len() - 2] as isize, d[d.len() - 1] as isize);
    let count: usize = d[..d.len() - 2].iter().product();
    let flat = array_api::reshape(x, [count as isize, m, n]).unwrap();
    (0..count as isize).map(|i| at(&flat, index![i]).unwrap()).collect()
}
