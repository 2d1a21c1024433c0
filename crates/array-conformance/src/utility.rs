//! Conversion between types, differences, and where arrays live.

use array_api::{DTYPES, DType, Device, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want};
use crate::inputs::{moderate, telling};
use crate::kit::{Kit, fields};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] =
    &[("astype", astype), ("diff", diff), ("to_device", to_device), ("convert", convert)];

/// What a number becomes in another type; the standard leaves open what does not fit.
fn converted(from: DType, to: DType, s: Scalar) -> Option<Scalar> {
    match s {
        Scalar::Float(x) if to.is_integer() => {
            x.is_finite().then(|| Scalar::int(x.trunc() as i128)).and_then(|s| rounded(to, s))
        }
        Scalar::Int(i) if to.is_integer() => Some(Scalar::int(i.into())).filter(|s| s.fits(to)),
        // A 64-bit integer is rounded once, on its way to the type.
        Scalar::Int(i) if to.real() == DType::Float32 => rounded(to, Scalar::Float((i128::from(i) as f32).into())),
        s => rounded(to, s),
    }
    .filter(|_| from.is_complex() <= (to.is_complex() || to == DType::Bool))
}

fn astype(kit: &mut Kit) {
    for from in DTYPES {
        let x = telling(from, 191);
        for to in DTYPES {
            if from.is_complex() && !to.is_complex() && to != DType::Bool {
                kit.refuses(fields![dtype = to], &[(&x).into()], ErrorKind::DType);
                continue;
            }
            let data = x.data.iter().map(|&s| converted(from, to, s)).collect();
            let want = Want { dims: x.dims.clone(), dtype: to, data, close: Close::Exact };
            kit.gives_one(fields![dtype = to], &[(&x).into()], want);
            for dims in [&[][..], &[2, 0], &[2, 3, 4]] {
                let x = moderate(from, dims, 192);
                let data = x.data.iter().map(|&s| converted(from, to, s)).collect();
                let want = Want { dims: dims.to_vec(), dtype: to, data, close: Close::Exact };
                kit.gives_one(fields![dtype = to], &[x.into()], want);
            }
        }
    }
}

fn diff(kit: &mut Kit) {
    for dtype in DTYPES.into_iter().filter(|d| d.is_numeric()) {
        for (dims, axis, n) in
            [(&[6][..], 0isize, 1usize), (&[3, 5], -1, 2), (&[4, 3], 0, 1), (&[3], 0, 0), (&[2], 0, 3), (&[2, 0], 0, 1)]
        {
            let x = moderate(dtype, dims, 193);
            let at = axis.rem_euclid(dims.len() as isize) as usize;
            let mut exact = x.clone();
            let mut open = vec![];
            for _ in 0..n {
                let mut shape = exact.dims.clone();
                shape[at] = shape[at].saturating_sub(1);
                exact = Reference::build(dtype, &shape, |i| {
                    let mut next = i.to_vec();
                    next[at] += 1;
                    match (exact.at(&next), exact.at(i)) {
                        (Scalar::Complex(a), Scalar::Complex(b)) => {
                            rounded(dtype, Scalar::Complex(a - b)).unwrap_or(Scalar::Complex(a - b))
                        }
                        (Scalar::Int(a), Scalar::Int(b)) => Scalar::int(i128::from(a) - i128::from(b)),
                        (a, b) => {
                            let d = Scalar::Float(a.to_f64() - b.to_f64());
                            rounded(dtype, d).unwrap_or(d)
                        }
                    }
                });
                open = exact.data.iter().map(|s| Some(*s).filter(|s| s.fits(dtype))).collect();
            }
            let mut want = Want::from(exact);
            if n > 0 {
                want.data = open;
            }
            kit.gives_one(fields![axis = axis, n = n], &[x.into()], want.close(Close::AnyZero(0.0)));
        }
    }
    kit.refuses(&[], &[moderate(DType::Bool, &[3], 1).into()], ErrorKind::DType);
    kit.refuses(fields![axis = 1isize], &[moderate(DType::Float64, &[3], 1).into()], ErrorKind::Axis);
}

fn to_device(kit: &mut Kit) {
    let here = kit.namespace().map_or(Device::Cpu, |xp| xp.device());
    for dtype in DTYPES {
        let x = moderate(dtype, &[2, 3], 194);
        kit.gives_one(fields![device = here], &[(&x).into()], x);
    }
    let nowhere = Device::Cuda(u16::MAX);
    kit.refuses(fields![device = nowhere], &[moderate(DType::Float64, &[2], 1).into()], ErrorKind::Device);
}

fn convert(kit: &mut Kit) {
    let here = kit.namespace().cloned();
    for dtype in DTYPES {
        for dims in [&[][..], &[2, 3], &[0]] {
            let x = moderate(dtype, dims, 195);
            kit.gives_one(fields![to = here], &[(&x).into()], x);
        }
    }
    kit.refuses(&[], &[moderate(DType::Float64, &[2], 1).into()], ErrorKind::Value);
}
