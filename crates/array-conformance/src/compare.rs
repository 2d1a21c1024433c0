//! How near a result must be, and what is said where it is not.

use array_api::{Complex, DType, Scalar};

use crate::reference::{Reference, indices};

/// What a call must give.
#[derive(Clone, Debug)]
pub struct Want {
    /// The extents.
    pub dims: Vec<usize>,
    /// The data type.
    pub dtype: DType,
    /// The elements; `None` where the standard leaves the value open.
    pub data: Vec<Option<Scalar>>,
    /// How near the elements must be.
    pub close: Close,
}

/// How near elements must be. Integers and truth values are always exact, not-a-number meets not-a-number.
#[derive(Clone, Debug)]
pub enum Close {
    /// The same values, signs of zeros too.
    Exact,
    /// Reals at most so many numbers of the type apart; complex ones normwise at most so many times its epsilon.
    Ulps(f64),
    /// As `Ulps`, with zeros of either sign.
    AnyZero(f64),
    /// The largest error of every element; signs of zeros are free.
    Within(Vec<f64>),
}

impl From<Reference> for Want {
    fn from(r: Reference) -> Want {
        Want { dims: r.dims, dtype: r.dtype, data: r.data.into_iter().map(Some).collect(), close: Close::Exact }
    }
}

impl Want {
    /// The same with another nearness.
    pub fn close(mut self, close: Close) -> Want {
        self.close = close;
        self
    }

    /// Compares, and says where the first difference is.
    pub fn check(&self, got: &Reference) -> Result<(), String> {
        if got.dtype != self.dtype {
            return Err(format!("type {} instead of {}", got.dtype, self.dtype));
        }
        if got.dims != self.dims {
            return Err(format!("shape {:?} instead of {:?}", got.dims, self.dims));
        }
        for (n, index) in indices(&self.dims).enumerate() {
            let (Some(want), found) = (self.data[n], got.data[n]) else { continue };
            let bound = match &self.close {
                Close::Exact => Bound::Ulps(0.0, true),
                Close::Ulps(u) => Bound::Ulps(*u, true),
                Close::AnyZero(u) => Bound::Ulps(*u, false),
                Close::Within(w) => Bound::Error(w[n]),
            };
            if !near(self.dtype, found, want, bound) {
                let away = distance(self.dtype, found, want);
                return Err(format!("element {index:?}: got {found}, expected {want}{away}"));
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Bound {
    Ulps(f64, bool),
    Error(f64),
}

fn near(dtype: DType, got: Scalar, want: Scalar, bound: Bound) -> bool {
    match (got, want) {
        (Scalar::Float(g), Scalar::Float(w)) => real_near(dtype, g, w, bound),
        (Scalar::Complex(g), Scalar::Complex(w)) => complex_near(dtype, g, w, bound),
        (g, w) => g == w,
    }
}

fn real_near(dtype: DType, g: f64, w: f64, bound: Bound) -> bool {
    if w.is_nan() || g.is_nan() {
        return w.is_nan() && g.is_nan();
    }
    match bound {
        _ if g == w && (w != 0.0 || !matches!(bound, Bound::Ulps(_, true))) => true,
        Bound::Ulps(_, true) if g == w => g.is_sign_negative() == w.is_sign_negative(),
        // A rounding may carry the largest numbers over to infinity.
        Bound::Ulps(u, _) => ulps(dtype, g, w) <= u || (u > 0.0 && g == 0.0 && w.abs() < smallest(dtype)),
        Bound::Error(e) => (g - w).abs() <= e,
    }
}

fn complex_near(dtype: DType, g: Complex<f64>, w: Complex<f64>, bound: Bound) -> bool {
    if !w.re.is_finite() || !w.im.is_finite() {
        // The standard leaves the parts of an infinite or undefined complex number to the implementation.
        return !g.re.is_finite() || !g.im.is_finite();
    }
    let error = Complex::new(g.re - w.re, g.im - w.im).norm();
    match bound {
        Bound::Ulps(u, _) => error <= u * epsilon(dtype) * w.norm() + if u > 0.0 { smallest(dtype) } else { 0.0 },
        Bound::Error(e) => error <= e,
    }
}

/// The difference between 1 and the next number.
pub(crate) fn epsilon(dtype: DType) -> f64 {
    if dtype.real() == DType::Float32 { f32::EPSILON.into() } else { f64::EPSILON }
}

/// The smallest normal number.
pub(crate) fn smallest(dtype: DType) -> f64 {
    if dtype.real() == DType::Float32 { f32::MIN_POSITIVE.into() } else { f64::MIN_POSITIVE }
}

/// How many numbers of the type lie between two.
fn ulps(dtype: DType, a: f64, b: f64) -> f64 {
    let order = |x: f64| -> i128 {
        let (magnitude, negative) = match dtype.real() {
            DType::Float32 => (i128::from((x as f32).abs().to_bits()), x.is_sign_negative()),
            _ => (i128::from(x.abs().to_bits()), x.is_sign_negative()),
        };
        if negative { -magnitude } else { magnitude }
    };
    (order(a) - order(b)).unsigned_abs() as f64
}

fn distance(dtype: DType, got: Scalar, want: Scalar) -> String {
    match (got, want) {
        (Scalar::Float(g), Scalar::Float(w)) if g.is_finite() && w.is_finite() => match g == w {
            true => " (the signs of the zeros differ)".to_string(),
            false => format!(" ({} ulps)", ulps(dtype, g, w)),
        },
        (Scalar::Complex(g), Scalar::Complex(w)) if w.norm() > 0.0 && w.norm().is_finite() => {
            format!(" ({:.3} epsilons of its norm)", (g - w).norm() / w.norm() / epsilon(dtype))
        }
        _ => String::new(),
    }
}
