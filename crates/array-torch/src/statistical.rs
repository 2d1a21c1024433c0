//! Reductions and scans.

use array_api::{
    All, Any, Argmax, Argmin, CountNonzero, CumulativeProd, CumulativeSum, DType, Max, Min, Prod, Result, Std, Sum,
    Var, Verdict, implements,
};
use tch::{TchError, Tensor};

use crate::array::{TorchArray, made, ruled};
use crate::carrier::{by_order, carrier, ordered};
use crate::data_type::converted;
use crate::numbers::Numbers;

type Outcome = std::result::Result<Tensor, TchError>;

/// Axes as libtorch takes them; for it no axes are all of them, which [`over`] looks after.
fn axes(axes: &[usize]) -> Vec<i64> {
    axes.iter().map(|&a| a as i64).collect()
}

/// `f` over the axes; over none the elements are their own results.
fn over(x: &Tensor, given: &[usize], f: impl Fn(&Tensor, &[i64]) -> Outcome) -> Outcome {
    match *given {
        [] => Ok(x.shallow_clone()),
        [one] => f(x, &[one as i64]),
        _ => f(x, &axes(given)),
    }
}

#[implements(sum)]
fn sum(x: &TorchArray, p: &Sum, verdict: &Verdict) -> Result<TorchArray> {
    let (list, dtype) = (p.axis.list(x.ndim()), verdict.dtype());
    let of = |t: &Tensor| over(t, &list, |t, a| t.f_sum_dim_intlist(a, p.keepdims, carrier(dtype)));
    let summed = match x.dtype() == dtype {
        true => of(x.tensor()),
        false => converted(x.tensor(), x.dtype(), dtype).and_then(|t| of(&t)),
    };
    ruled("sum", summed, verdict, x.device())
}

/// `f` over one axis after the other, from the last, so that the places of the others stay.
fn one_by_one(x: &Tensor, list: &[usize], f: impl Fn(&Tensor, i64) -> Outcome) -> Outcome {
    list.iter().rev().try_fold(x.shallow_clone(), |t, &axis| f(&t, axis as i64))
}

#[implements(prod)]
fn prod(x: &TorchArray, p: &Prod, verdict: &Verdict) -> Result<TorchArray> {
    let (list, dtype) = (p.axis.list(x.ndim()), verdict.dtype());
    let product = converted(x.tensor(), x.dtype(), dtype)
        .and_then(|t| one_by_one(&t, &list, |t, a| t.f_prod_dim_int(a, p.keepdims, carrier(dtype))));
    made("prod", product, dtype)
}

#[implements(count_nonzero)]
fn count_nonzero(x: &TorchArray, p: &CountNonzero, verdict: &Verdict) -> Result<TorchArray> {
    let (list, dtype) = (p.axis.list(x.ndim()), verdict.dtype());
    let counted = x.tensor().is_not(0).and_then(|t| t.f_to_kind(carrier(dtype)));
    let counted = counted.and_then(|t| over(&t, &list, |t, a| t.f_sum_dim_intlist(a, p.keepdims, carrier(dtype))));
    made("count_nonzero", counted, dtype)
}

/// The sum of squared deviations, for where libtorch's own variance prints a warning.
fn squares(x: &Tensor, axes: &[i64], keepdims: bool) -> Outcome {
    let kind = x.f_kind()?;
    let deviations = x.f_sub(&x.f_mean_dim(axes, true, kind)?)?;
    deviations.f_mul(&deviations)?.f_sum_dim_intlist(axes, keepdims, kind)
}

macro_rules! reductions {
    (extremes: $($f:ident $P:ident $method:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &TorchArray, p: &$P) -> Result<TorchArray> {
            let list = p.axis.list(x.ndim());
            x.with(stringify!($f), by_order(x, |t| over(t, &list, |t, a| t.$method(a, p.keepdims))))
        }
    )* };
    (truth: $($f:ident $P:ident $method:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &TorchArray, p: &$P) -> Result<TorchArray> {
            let list = p.axis.list(x.ndim());
            let truth = x.tensor().is_not(0).and_then(|t| over(&t, &list, |t, a| t.$method(a, p.keepdims)));
            made(stringify!($f), truth, DType::Bool)
        }
    )* };
    (variance: $($f:ident $P:ident $method:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &TorchArray, p: &$P) -> Result<TorchArray> {
            let list = p.axis.list(x.ndim());
            let dims = x.dims();
            let n = list.iter().map(|&a| dims[a]).product::<usize>() as f64;
            let root = stringify!($f) == "std";
            let spread = if list.is_empty() {
                // One element each: their deviations are zero, of NaN and infinities NaN; by no degree of freedom, NaN.
                x.tensor().f_sub(x.tensor()).and_then(|d| d.over(f64::max(1.0 - p.correction, 0.0)))
            } else if n <= p.correction || x.tensor().numel() == 0 {
                let spread = squares(x.tensor(), &axes(&list), p.keepdims);
                let spread = spread.and_then(|squares| squares.over(f64::max(n - p.correction, 0.0)));
                if root { spread.and_then(|v| v.f_sqrt()) } else { spread }
            } else {
                x.tensor().$method(axes(&list).as_slice(), p.correction, p.keepdims)
            };
            x.with(stringify!($f), spread)
        }
    )* };
    (position: $($f:ident $P:ident $method:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &TorchArray, p: &$P, verdict: &Verdict) -> Result<TorchArray> {
            let found = ordered(x.tensor(), x.dtype()).and_then(|t| t.$method(p.axis.map(|a| a as i64), p.keepdims));
            made(stringify!($f), found, verdict.dtype())
        }
    )* };
    (cumulative: $($f:ident $P:ident $method:ident $first:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &TorchArray, p: &$P, verdict: &Verdict) -> Result<TorchArray> {
            let (dtype, axis) = (verdict.dtype(), p.axis.unwrap_or(0) as i64);
            let run = || -> Outcome {
                let x = converted(x.tensor(), x.dtype(), dtype)?;
                let running = x.$method(axis, carrier(dtype))?;
                if !p.include_initial {
                    return Ok(running);
                }
                let mut first = x.size();
                first[axis as usize] = 1;
                Tensor::f_cat(&[Tensor::$first(first, (carrier(dtype), x.device()))?, running], axis)
            };
            made(stringify!($f), run(), dtype)
        }
    )* };
}

reductions! { extremes: max Max f_amax; min Min f_amin; }
reductions! { truth: any Any f_any_dims; all All f_all_dims; }
reductions! { variance: var Var f_var_correction; std Std f_std_correction; }
reductions! { position: argmax Argmax f_argmax; argmin Argmin f_argmin; }
reductions! { cumulative: cumulative_sum CumulativeSum f_cumsum f_zeros; cumulative_prod CumulativeProd f_cumprod f_ones; }
