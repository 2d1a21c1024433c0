//! Creation.

use array_api::{
    Arange, DType, Eye, FromScalar, Full, Linspace, Namespace, Ones, Result, Scalar, Tril, Triu, Zeros, implements,
    with_element,
};

use crate::array::NdArray;
use crate::engine::by_type::with_integer;
use crate::engine::pool;
use crate::engine::sequence::{between, integers, progression};
use crate::engine::triangle::{Side, triangle};
use crate::kind::on_cpu;

/// One of the two real floating types.
macro_rules! with_floats {
    ($dtype:expr, $T:ident => $body:expr) => {
        if $dtype == DType::Float32 {
            type $T = f32;
            $body
        } else {
            type $T = f64;
            $body
        }
    };
}

fn filled(value: Scalar, shape: &[usize], dtype: DType) -> NdArray {
    let n = shape.iter().product();
    with_element!(dtype, T => NdArray::from_vec(pool::filled(n, <T as FromScalar>::from_scalar(value)), shape))
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
    let (dtype, start, step) = (verdict.dtype(), p.start, p.step);
    let all = match (start, step) {
        (Scalar::Int(start), Scalar::Int(step)) => {
            let (start, step) = (i128::from(start), i128::from(step));
            // Past the widest integers there are floating-point numbers only.
            let last = step.checked_mul(n as i128).and_then(|length| start.checked_add(length));
            let exact = last.is_none_or(|last| [start, step, last].iter().all(|i| i.unsigned_abs() < EXACT));
            let floating = matches!(dtype, DType::Float32 | DType::Float64);
            if floating && exact {
                with_floats!(dtype, T => NdArray::from_vec(progression::<T>(n, start as f64, step as f64), &[n]))
            } else if floating {
                one_by_one(dtype, n, |i| Scalar::int(start + i as i128 * step))
            } else {
                return with_integer!("arange", dtype, T => {
                    Ok(NdArray::from_vec(integers::<T>(n, start as i64, step as i64), &[n]))
                });
            }
        }
        (start, step) => {
            let (start, step) = (start.to_f64(), step.to_f64());
            match dtype {
                DType::Float32 | DType::Float64 => {
                    with_floats!(dtype, T => NdArray::from_vec(progression::<T>(n, start, step), &[n]))
                }
                // As wide as a number of any size.
                _ => one_by_one(dtype, n, |i| Scalar::Float(start + i as f64 * step)),
            }
        }
    };
    Ok(all)
}

/// Integers up to here, and the differences of two of them, are numbers of eight bytes.
const EXACT: u128 = 1 << 52;

fn one_by_one(dtype: DType, n: usize, value: impl Fn(usize) -> Scalar) -> NdArray {
    with_element!(dtype, T => {
        let mut all = pool::vector::<T>(n);
        all.extend((0..n).map(|i| <T as FromScalar>::from_scalar(value(i))));
        NdArray::from_vec(all, &[n])
    })
}

#[implements(linspace)]
fn linspace(p: &Linspace, xp: &Namespace) -> Result<NdArray> {
    on_cpu(xp)?;
    let (start, stop) = (p.start.to_complex(), p.stop.to_complex());
    let steps = if p.endpoint { p.num.saturating_sub(1) } else { p.num };
    if matches!(p.dtype, DType::Float32 | DType::Float64) {
        return Ok(with_floats!(p.dtype, T => {
            NdArray::from_vec(between::<T>(p.num, [start.re, stop.re], steps), &[p.num])
        }));
    }
    // The last value is exactly `stop`; the others are reached from the nearer end, so that the sequence is symmetric.
    Ok(one_by_one(p.dtype, p.num, |i| {
        let t = i as f64 / steps.max(1) as f64;
        Scalar::Complex(match () {
            () if steps == 0 || i == 0 => start,
            () if i == steps => stop,
            () if t < 0.5 => start + (stop - start) * t,
            () => stop - (stop - start) * ((steps - i) as f64 / steps as f64),
        })
    }))
}

#[implements(eye)]
fn eye(p: &Eye, xp: &Namespace) -> Result<NdArray> {
    on_cpu(xp)?;
    let (m, n) = (p.n_rows, p.n_cols.unwrap_or(p.n_rows));
    Ok(with_element!(p.dtype, T => {
        let mut v = pool::zeros::<T>(m * n);
        let one = <T as FromScalar>::from_scalar(Scalar::int(1));
        let (row, column) = (p.k.min(0).unsigned_abs(), p.k.max(0) as usize);
        (row..m).zip(column..n).for_each(|(i, j)| v[i * n + j] = one);
        NdArray::from_vec(v, &[m, n])
    }))
}

#[implements(tril)]
fn tril(x: &NdArray, p: &Tril) -> Result<NdArray> {
    Ok(triangle(x, Side::Lower, p.k))
}

#[implements(triu)]
fn triu(x: &NdArray, p: &Triu) -> Result<NdArray> {
    Ok(triangle(x, Side::Upper, p.k))
}
