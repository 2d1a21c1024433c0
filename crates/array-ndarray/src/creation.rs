//! Creation.

use array_api::{
    Arange, DType, Eye, FromScalar, Full, Linspace, Namespace, Native, Ones, Result, Scalar, Tril, Triu, Zeros,
    implements, with_element,
};

use crate::array::NdArray;
use crate::engine::map::map;
use crate::engine::pool;
use crate::engine::ternary;
use crate::kind::on_cpu;

fn filled(value: Scalar, shape: &[usize], dtype: DType) -> NdArray {
    let n = shape.iter().product();
    with_element!(dtype, T => {
        let mut all = pool::vector::<T>(n);
        all.resize(n, <T as FromScalar>::from_scalar(value));
        NdArray::from_vec(all, shape)
    })
}

#[implements(zeros)]
fn zeros(p: &Zeros, xp: &Namespace) -> Result<NdArray> {
    on_cpu(xp)?;
    let n = p.shape.iter().product();
    Ok(with_element!(p.dtype, T => NdArray::from_vec(pool::zeros::<T>(n), &p.shape)))
}

#[implements(ones)]
fn ones(p: &Ones, xp: &Namespace) -> Result<NdArray> {
    on_cpu(xp)?;
    Ok(filled(Scalar::int(1), &p.shape, p.dtype))
}

#[implements(full)]
fn full(p: &Full, xp: &Namespace) -> Result<NdArray> {
    on_cpu(xp)?;
    Ok(filled(p.fill_value, &p.shape, p.dtype.unwrap_or(p.fill_value.default_dtype())))
}

#[implements(arange)]
fn arange(p: &Arange, xp: &Namespace, verdict: &array_api::Verdict) -> Result<NdArray> {
    on_cpu(xp)?;
    let n = verdict.dims()[0];
    let value = |i: usize| match (p.start, p.step) {
        (Scalar::Int(start), Scalar::Int(step)) => Scalar::int(i128::from(start) + i as i128 * i128::from(step)),
        (start, step) => Scalar::Float(start.to_f64() + i as f64 * step.to_f64()),
    };
    Ok(with_element!(verdict.dtype(), T => {
        NdArray::from_vec((0..n).map(|i| <T as FromScalar>::from_scalar(value(i))).collect::<Vec<T>>(), &[n])
    }))
}

#[implements(linspace)]
fn linspace(p: &Linspace, xp: &Namespace) -> Result<NdArray> {
    on_cpu(xp)?;
    let (start, stop) = (p.start.to_complex(), p.stop.to_complex());
    let steps = if p.endpoint { p.num.saturating_sub(1) } else { p.num };
    // The last value is exactly `stop`; the others are reached from the nearer end, so that the sequence is symmetric.
    let value = |i: usize| {
        let t = i as f64 / steps.max(1) as f64;
        Scalar::Complex(match () {
            () if steps == 0 || i == 0 => start,
            () if i == steps => stop,
            () if t < 0.5 => start + (stop - start) * t,
            () => stop - (stop - start) * ((steps - i) as f64 / steps as f64),
        })
    };
    Ok(with_element!(p.dtype, T => {
        NdArray::from_vec((0..p.num).map(|i| <T as FromScalar>::from_scalar(value(i))).collect::<Vec<T>>(), &[p.num])
    }))
}

#[implements(eye)]
fn eye(p: &Eye, xp: &Namespace) -> Result<NdArray> {
    on_cpu(xp)?;
    let (m, n) = (p.n_rows, p.n_cols.unwrap_or(p.n_rows));
    Ok(with_element!(p.dtype, T => {
        let mut v = vec![T::default(); m * n];
        let one = <T as FromScalar>::from_scalar(Scalar::int(1));
        let (row, column) = (p.k.min(0).unsigned_abs(), p.k.max(0) as usize);
        (row..m).zip(column..n).for_each(|(i, j)| v[i * n + j] = one);
        NdArray::from_vec(v, &[m, n])
    }))
}

/// Keeps the elements where `keep(row, column)` holds.
fn masked(x: &NdArray, keep: impl Fn(isize, isize) -> bool) -> Result<NdArray> {
    let shape = x.shape();
    let (m, n) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let mask = (0..m * n).map(|i| keep((i / n) as isize, (i % n) as isize)).collect::<Vec<bool>>();
    let zero = NdArray::from_scalar(Scalar::int(0), x.dtype())?;
    map(&ternary::WHERE, [NdArray::from_vec(mask, &[m, n]).into(), x.into(), zero.into()], shape)
}

#[implements(tril)]
fn tril(x: &NdArray, p: &Tril) -> Result<NdArray> {
    masked(x, |i, j| j - i <= p.k)
}

#[implements(triu)]
fn triu(x: &NdArray, p: &Triu) -> Result<NdArray> {
    masked(x, |i, j| j - i >= p.k)
}
