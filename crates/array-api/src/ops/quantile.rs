//! Quantiles, by every rule of Hyndman and Fan 1996, *Sample quantiles in statistical packages*, and by NumPy's own.

use super::order_statistics::not_empty;
use super::{at, spellings, where_};
use crate::array::Array;
use crate::axes::Axes;
use crate::call::{Call, Verdict};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::value::{Field, IntoField, Value};
use crate::{Index, operation, rule};

operation! {
    /// The value below which a share `q` of the elements lies; not-a-number if an element is. Several shares give a leading
    /// axis of values. Between two neighbours in sorted order `method` chooses, by NumPy's names: `"linear"`, `"lower"`,
    /// `"higher"`, `"nearest"`, `"midpoint"`, `"inverted_cdf"`, `"averaged_inverted_cdf"`, `"closest_observation"`,
    /// `"interpolated_inverted_cdf"`, `"hazen"`, `"weibull"`, `"median_unbiased"` or `"normal_unbiased"`.
    Quantile = quantile(x: One) {
        /** One number between 0 and 1, or several. */ q: Shares = Shares::One(0.5),
        axis: Axes = Axes::All, method: String = "linear".to_string(), keepdims: bool = false,
    } -> Array;
    "statistical", Reduction, quantile_rule, compose compose_quantile
}

spellings!(defaults: Quantile);

/// Where quantiles are asked for.
///
/// ```
/// use array_api::{Quantile, Shares};
/// assert_eq!(Quantile::from(0.9).q, Shares::One(0.9));
/// assert_eq!(Quantile::default().q([0.1, 0.9]).q, Shares::Several(vec![0.1, 0.9]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Shares {
    /// One number between 0 and 1.
    One(f64),
    /// Several, whose quantiles come along a leading axis.
    Several(Vec<f64>),
}

impl Shares {
    fn all(&self) -> &[f64] {
        match self {
            Shares::One(q) => std::slice::from_ref(q),
            Shares::Several(all) => all,
        }
    }
}

impl Field for Shares {
    fn to_value(&self) -> Value {
        match self {
            Shares::One(q) => q.to_value(),
            Shares::Several(all) => all.to_value(),
        }
    }
    fn from_value(v: &Value) -> Result<Shares> {
        match v {
            Value::List(_) => Vec::from_value(v).map(Shares::Several),
            v => f64::from_value(v).map(Shares::One),
        }
    }
}

impl IntoField<Shares> for f64 {
    fn into_field(self) -> Shares {
        Shares::One(self)
    }
}

impl IntoField<Shares> for Vec<f64> {
    fn into_field(self) -> Shares {
        Shares::Several(self)
    }
}

impl<const N: usize> IntoField<Shares> for [f64; N] {
    fn into_field(self) -> Shares {
        Shares::Several(self.into())
    }
}

impl From<f64> for Quantile {
    fn from(q: f64) -> Quantile {
        Quantile::default().q(q)
    }
}

impl<const N: usize> From<[f64; N]> for Quantile {
    fn from(q: [f64; N]) -> Quantile {
        Quantile::default().q(q)
    }
}

impl<Q: IntoField<Shares>> From<(Q, isize)> for Quantile {
    fn from((q, axis): (Q, isize)) -> Quantile {
        Quantile::default().q(q).axis(axis)
    }
}

fn quantile_rule(op: &'static Op, p: &mut Quantile, args: &mut [Operand<'_>]) -> Result<Verdict> {
    if let Some(q) = p.q.all().iter().find(|q| !(0.0..=1.0).contains(*q)) {
        return Err(Error::value(op.name, format!("q is {q}, but must be between 0 and 1")));
    }
    if !METHODS.iter().any(|(name, ..)| *name == p.method) {
        let names: Vec<_> = METHODS.iter().map(|(name, ..)| format!("{name:?}")).collect();
        let message = format!("method is {:?}, but must be one of {}", p.method, names.join(", "));
        return Err(Error::value(op.name, message));
    }
    let verdict = not_empty(op, args, &mut p.axis, p.keepdims)?;
    Ok(match &p.q {
        Shares::One(_) => verdict,
        Shares::Several(all) => Verdict::new(verdict.dims().insert(0, all.len()), verdict.dtype(), verdict.operands),
    })
}

/// The weight of the upper neighbour for a share of the way to it; the position of the lower one says what is even.
type Weight = fn(f64, f64) -> f64;

const SHARE: Weight = |w, _| w;
const UPPER: Weight = |w, _| w.ceil();

/// Of each method: alpha and beta of Hyndman and Fan's position `n q + alpha + q (1 - alpha - beta)`, counted from 1, and the
/// weight there.
const METHODS: &[(&str, f64, f64, Weight)] = &[
    ("linear", 1.0, 1.0, SHARE),
    ("lower", 1.0, 1.0, |_, _| 0.0),
    ("higher", 1.0, 1.0, UPPER),
    ("nearest", 1.0, 1.0, |w, low| if w == 0.5 { low % 2.0 } else { w.round() }),
    ("midpoint", 1.0, 1.0, |w, _| 0.5 * w.ceil()),
    ("inverted_cdf", 0.0, 1.0, UPPER),
    ("averaged_inverted_cdf", 0.0, 1.0, |w, _| if w > 0.0 { 1.0 } else { 0.5 }),
    ("closest_observation", -0.5, 1.5, |w, low| if w == 0.0 { 1.0 - low.rem_euclid(2.0) } else { 1.0 }),
    ("interpolated_inverted_cdf", 0.0, 1.0, SHARE),
    ("hazen", 0.5, 0.5, SHARE),
    ("weibull", 0.0, 0.0, SHARE),
    ("median_unbiased", 1.0 / 3.0, 1.0 / 3.0, SHARE),
    ("normal_unbiased", 3.0 / 8.0, 3.0 / 8.0, SHARE),
];

/// The position of the lower neighbour among `n` sorted elements, and the weight of the upper one.
fn neighbours(method: &str, q: f64, n: usize) -> (usize, f64) {
    let &(_, alpha, beta, weight) = METHODS.iter().find(|(name, ..)| *name == method).unwrap_or(&METHODS[0]);
    let (count, last) = (n as f64, (n - 1) as f64);
    // The first of these is the second with fewer roundings.
    let place = if alpha == 1.0 { last * q } else { count * q + (alpha + q * (1.0 - alpha - beta)) - 1.0 };
    let low = place.floor();
    let weight = weight(place - low, low);
    match low {
        low if low < 0.0 => (0, 0.0),
        low if low >= last => (n - 1, 0.0),
        low => (low as usize, weight),
    }
}

fn compose_quantile(p: &Quantile, call: &mut Call<'_, '_>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let shape = x.shape()?;
    let gone = p.axis.list(shape.len());
    let free: Vec<usize> = (0..shape.len()).filter(|a| !gone.contains(a)).collect();
    let order: Vec<isize> = free.iter().chain(&gone).map(|&a| a as isize).collect();
    let n: usize = gone.iter().map(|&a| shape[a]).product();
    let flat: Vec<isize> = free.iter().map(|&a| shape[a] as isize).chain([n as isize]).collect();
    let sorted = crate::sort(crate::reshape(crate::permute_dims(x, order)?, flat)?, ..)?;
    let element = |i: usize| at(&sorted, [Index::Ellipsis, Index::At(i as isize)].to_vec());
    // Sorting puts what is not a number last.
    let missing = crate::isnan(element(n - 1)?)?;
    let value = |q: f64| {
        // Not as a + w (b - a): two equal infinities would give not-a-number.
        let value = match neighbours(&p.method, q, n) {
            (low, 0.0) => element(low)?,
            (low, 1.0) => element(low + 1)?,
            (low, w) => (element(low)? * (1.0 - w) + element(low + 1)? * w).ok()?,
        };
        where_(&missing, f64::NAN, value)
    };
    let dims = call.verdict.dims();
    match &p.q {
        Shares::One(q) => crate::reshape(value(*q)?, dims),
        Shares::Several(all) if all.is_empty() => x.namespace().zeros((dims, x.dtype())),
        Shares::Several(all) => {
            let values = all.iter().map(|&q| value(q)).collect::<Result<Vec<_>>>()?;
            crate::reshape(crate::stack(values, 0)?, dims)
        }
    }
}
