//! Creation.

use array_api::{
    Arange, DType, Error, Eye, Full, Host, Linspace, Namespace, Ones, Result, Scalar, Tril, Triu, Verdict, Zeros,
    implements,
};
use tch::{Device, Kind, TchError, Tensor};

use crate::array::{TorchArray, made, sizes};
use crate::carrier::{carrier, from_float};
use crate::data_type::converted;
use crate::error::failed;
use crate::kind::{device, number, tensor_of};
use crate::numbers::{Numbers, room};

type Outcome = std::result::Result<Tensor, TchError>;

#[implements(zeros)]
fn zeros(p: &Zeros, xp: &Namespace) -> Result<TorchArray> {
    made("zeros", Tensor::f_zeros(sizes(&p.shape), (carrier(p.dtype), device("zeros", xp)?)), p.dtype)
}

#[implements(ones)]
fn ones(p: &Ones, xp: &Namespace) -> Result<TorchArray> {
    made("ones", Tensor::f_ones(sizes(&p.shape), (carrier(p.dtype), device("ones", xp)?)), p.dtype)
}

#[implements(full)]
fn full(p: &Full, xp: &Namespace) -> Result<TorchArray> {
    let (dtype, device) = (p.dtype.unwrap_or(p.fill_value.default_dtype()), device("full", xp)?);
    let value = number(p.fill_value, dtype)?;
    let filled = || {
        let mut filled = Tensor::f_empty(sizes(&p.shape), (carrier(dtype), device))?;
        filled.f_copy_(&value)?;
        Ok(filled)
    };
    made("full", filled(), dtype)
}

/// `0, 1, .. n - 1`, whose sequences below need no element before.
fn places(n: usize, kind: Kind, device: Device) -> Outcome {
    room(&[n as i64], (kind, device))?;
    Tensor::f_arange(n as i64, (kind, device))
}

/// Where a sequence of integers ends, if that is an integer of any width.
fn end(p: &Arange, n: usize) -> Option<i128> {
    let (Scalar::Int(start), Scalar::Int(step)) = (p.start, p.step) else { return None };
    i128::from(step).checked_mul(n as i128)?.checked_add(start.into())
}

/// The values of a sequence of integers that leaves the widest that libtorch has.
fn beyond_int64(p: &Arange, n: usize) -> Option<impl Iterator<Item = i128>> {
    let (start, end) = (p.start.to_i128(), end(p, n)?);
    let step = p.step.to_i128();
    let leaves = [start, end].iter().any(|&i| i64::try_from(i).is_err());
    leaves.then(|| (0..n as i128).map(move |i| start + i * step))
}

#[implements(arange)]
fn arange(p: &Arange, xp: &Namespace, verdict: &Verdict) -> Result<TorchArray> {
    let (n, dtype, device) = (verdict.dims()[0], verdict.dtype(), device("arange", xp)?);
    if let Some(wide) = beyond_int64(p, n).filter(|_| dtype.is_floating()) {
        room(&[n as i64], (Kind::Double, Device::Cpu)).map_err(|e| failed("arange", e))?;
        let host = match dtype {
            DType::Float32 => Host::from_vec(wide.map(|i| i as f32).collect::<Vec<_>>()),
            _ => Host::from_vec(wide.map(|i| i as f64).collect::<Vec<_>>()),
        };
        return made("arange", tensor_of("arange", host, &[n])?.f_to_device(device), dtype);
    }
    let sequence = || match (p.start, p.step) {
        // Integers are taken modulo their width; floating-point numbers are in reach of 64 bits here, or of none.
        (Scalar::Int(start), Scalar::Int(step)) if dtype.is_integer() || end(p, n).is_some() => {
            let steps = places(n, Kind::Int64, device)?.times(i128::from(step) as i64)?;
            converted(&steps.plus(i128::from(start) as i64)?, DType::Int64, dtype)
        }
        (start, step) => {
            let steps = places(n, Kind::Double, device)?.times(step.to_f64())?;
            let values = steps.plus(start.to_f64())?;
            if !dtype.is_integer() {
                return converted(&values, DType::Float64, dtype);
            }
            // Beyond its range a type takes numbers modulo its width, as it does from integers.
            let wrapped = converted(&converted(&values, DType::Float64, DType::Int64)?, DType::Int64, dtype)?;
            match dtype {
                DType::UInt64 => from_float(&values)?.f_where_self(&values.is_above(0.0)?, &wrapped),
                _ => Ok(wrapped),
            }
        }
    };
    made("arange", sequence(), dtype)
}

/// The last value is exactly `stop`; the others are reached from the nearer end, so that the sequence is symmetric.
fn line(start: f64, stop: f64, steps: usize, n: usize, device: Device) -> Outcome {
    let places = places(n, Kind::Double, device)?;
    let over = steps.max(1) as f64;
    let near = places.over(over)?.times(stop - start)?.plus(start)?;
    let left = places.f_neg()?.plus(steps as f64)?;
    let far = left.over(over)?.times(stop - start)?.f_neg()?.plus(stop)?;
    let first_half = places.over(over)?.is_below(0.5)?;
    let line = near.f_where_self(&first_half, &far)?;
    let line = line.with_where(&places.is(steps as f64)?, stop)?;
    line.with_where(&places.is(0.0)?, start)
}

#[implements(linspace)]
fn linspace(p: &Linspace, xp: &Namespace) -> Result<TorchArray> {
    let (start, stop) = (p.start.to_complex(), p.stop.to_complex());
    let steps = if p.endpoint { p.num.saturating_sub(1) } else { p.num };
    let device = device("linspace", xp)?;
    let sequence = || {
        let real = line(start.re, stop.re, steps, p.num, device)?;
        if !p.dtype.is_complex() {
            return converted(&real, DType::Float64, p.dtype);
        }
        let imaginary = line(start.im, stop.im, steps, p.num, device)?;
        converted(&Tensor::f_complex(&real, &imaginary)?, DType::Complex128, p.dtype)
    };
    made("linspace", sequence(), p.dtype)
}

#[implements(eye)]
fn eye(p: &Eye, xp: &Namespace) -> Result<TorchArray> {
    let (m, n) = (p.n_rows as i64, p.n_cols.unwrap_or(p.n_rows) as i64);
    let device = device("eye", xp)?;
    if m < 0 || n < 0 {
        let message = format!("there is no memory for a matrix of shape ({}, {})", m as usize, n as usize);
        return Err(Error::memory("eye", message));
    }
    let identity = || -> Outcome {
        let matrix = Tensor::f_zeros([m, n], (carrier(p.dtype), device))?;
        let far = if p.k < 0 { m } else { n };
        if matrix.numel() > 0 && p.k.unsigned_abs() as u64 <= far as u64 {
            let mut diagonal = matrix.f_diagonal(p.k as i64, 0, 1)?;
            diagonal.f_copy_(&diagonal.number(1)?)?;
        }
        Ok(matrix)
    };
    made("eye", identity(), p.dtype)
}

#[implements(tril)]
fn tril(x: &TorchArray, p: &Tril) -> Result<TorchArray> {
    x.with("tril", x.tensor().f_tril(p.k as i64))
}

#[implements(triu)]
fn triu(x: &TorchArray, p: &Triu) -> Result<TorchArray> {
    x.with("triu", x.tensor().f_triu(p.k as i64))
}
