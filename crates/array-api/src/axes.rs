//! Axes of an array as users write them, and the short spellings of reductions.

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::value::{Field, Value};

/// Which axes an operation works on: all (`..`), one (`0`, `-1`), or several (`[0, 2]`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Axes {
    /// All axes.
    #[default]
    All,
    /// One axis; negative ones count from the end.
    One(isize),
    /// Several axes.
    Many(Box<[isize]>),
}

impl Axes {
    /// The axes of an array of `ndim` axes, after the front door normalised them.
    #[inline]
    pub fn list(&self, ndim: usize) -> SmallVec<[usize; 6]> {
        match self {
            Axes::All => (0..ndim).collect(),
            Axes::One(a) => SmallVec::from_slice(&[*a as usize]),
            Axes::Many(v) => v.iter().map(|&a| a as usize).collect(),
        }
    }

    /// Makes every axis non-negative, and several ones sorted.
    ///
    /// # Errors
    /// If an axis does not exist or is given twice.
    #[inline]
    pub fn normalize(&mut self, op: &str, ndim: usize) -> Result<()> {
        match self {
            Axes::All => Ok(()),
            Axes::One(a) => {
                *a = normalize_axis(op, *a, ndim)? as isize;
                Ok(())
            }
            Axes::Many(v) => {
                for a in v.iter_mut() {
                    *a = normalize_axis(op, *a, ndim)? as isize;
                }
                v.sort_unstable();
                match v.windows(2).find(|w| w[0] == w[1]) {
                    Some(w) => Err(Error::axis(op, format!("axis {} is given twice", w[0]))),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The non-negative form of an axis.
///
/// # Errors
/// If an array of `ndim` axes has no such axis.
#[inline]
pub fn normalize_axis(op: &str, axis: isize, ndim: usize) -> Result<usize> {
    let n = ndim as isize;
    if axis >= 0 && axis < n {
        return Ok(axis as usize);
    }
    if axis < 0 && axis >= -n {
        return Ok((axis + n) as usize);
    }
    Err(no_axis(op, axis, ndim))
}

#[cold]
fn no_axis(op: &str, axis: isize, ndim: usize) -> Error {
    let valid = match ndim {
        0 => "it has none".to_string(),
        n => format!("valid are -{n} to {}", n - 1),
    };
    Error::axis(op, format!("there is no axis {axis} in an array of {ndim} axes; {valid}"))
}

impl Field for Axes {
    fn to_value(&self) -> Value {
        match self {
            Axes::All => Value::None,
            Axes::One(a) => a.to_value(),
            Axes::Many(v) => v.to_vec().to_value(),
        }
    }
    fn from_value(v: &Value) -> Result<Self> {
        Ok(match v {
            Value::None => Axes::All,
            Value::Int(_) => Axes::One(isize::from_value(v)?),
            v => Axes::Many(Vec::<isize>::from_value(v)?.into()),
        })
    }
}

impl From<isize> for Axes {
    fn from(a: isize) -> Axes {
        Axes::One(a)
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(a: [isize; N]) -> Axes {
        Axes::Many(a.into())
    }
}

impl From<Vec<isize>> for Axes {
    fn from(a: Vec<isize>) -> Axes {
        Axes::Many(a.into())
    }
}

impl From<std::ops::RangeFull> for Axes {
    fn from(_: std::ops::RangeFull) -> Axes {
        Axes::All
    }
}

/// Axes with the options that reductions share; made by [`axis`].
#[derive(Clone, Debug, Default)]
pub struct AxisOptions {
    /// The axes.
    pub axes: Axes,
    /// Whether reduced axes stay, with extent one.
    pub keepdims: bool,
}

/// Axes with a correction of the degrees of freedom; made by [`AxisOptions::correction`].
#[derive(Clone, Debug, Default)]
pub struct AxisCorrection {
    /// Axes and `keepdims`.
    pub axis: AxisOptions,
    /// What is subtracted from the number of elements.
    pub correction: f64,
}

/// Axes with the type to accumulate in; made by [`AxisOptions::dtype`].
#[derive(Clone, Debug)]
pub struct AxisDType {
    /// Axes and `keepdims`.
    pub axis: AxisOptions,
    /// The type of the result.
    pub dtype: DType,
}

/// Starts a short spelling of a reduction's parameters: `axis(0).keepdims()`, `axis(..).correction(1.0)`.
pub fn axis(axes: impl Into<Axes>) -> AxisOptions {
    AxisOptions { axes: axes.into(), keepdims: false }
}

impl AxisOptions {
    /// Keeps reduced axes, with extent one.
    pub fn keepdims(mut self) -> AxisOptions {
        self.keepdims = true;
        self
    }

    /// Subtracts from the number of elements (`std`, `var`): 1 gives the unbiased variance.
    pub fn correction(self, correction: f64) -> AxisCorrection {
        AxisCorrection { axis: self, correction }
    }

    /// Sets the type of the result (`sum`, `prod`).
    pub fn dtype(self, dtype: DType) -> AxisDType {
        AxisDType { axis: self, dtype }
    }
}

impl AxisCorrection {
    /// Keeps reduced axes, with extent one.
    pub fn keepdims(mut self) -> AxisCorrection {
        self.axis.keepdims = true;
        self
    }
}
