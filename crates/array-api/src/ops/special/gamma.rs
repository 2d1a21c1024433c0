//! The logarithm of the gamma function and its derivatives: recurrence to where Stirling's series holds, Taylor's series
//! about the two roots, reflection (*NIST Digital Library of Mathematical Functions*, 5.5, 5.7, 5.11, 5.15 and 25.11).

use std::f64::consts::PI;

use super::stirling::{LARGE, reciprocal_gamma, stirling};
use super::{LOOK, between, in_double, polynomial, some, within};
use crate::array::Array;
use crate::call::Call;
use crate::coefficients::{DIGAMMA, EULER_MACLAURIN};
use crate::error::Result;
use crate::{
    Polygamma, abs, divide, equal, floor, greater_equal, less, less_equal, log, log1p, logical_and, logical_not,
    multiply, pow, reciprocal, round, sign, sin, square, subtract, tan, where_, zeros_like,
};

/// `lgamma(2 + z) / z` in powers of `z`, DLMF 5.7.3.
const ABOUT_TWO: [f64; 28] = [
    0.422_784_335_098_467_13,
    0.322_467_033_424_113_2,
    -0.067_352_301_053_198_1,
    0.020_580_808_427_784_546,
    -0.007_385_551_028_673_986,
    0.002_890_510_330_741_523_4,
    -0.001_192_753_911_703_261,
    0.000_509_669_524_743_042_5,
    -0.000_223_154_758_453_579_39,
    9.945_751_278_180_853e-5,
    -4.492_623_673_813_314e-5,
    2.050_721_277_567_069e-5,
    -9.439_488_275_268_397e-6,
    4.374_866_789_907_488e-6,
    -2.039_215_753_801_366e-6,
    9.551_412_130_407_42e-7,
    -4.492_469_198_764_566e-7,
    2.120_718_480_555_466_5e-7,
    -1.004_322_482_396_809_9e-7,
    4.769_810_169_363_980_4e-8,
    -2.271_109_460_894_316_4e-8,
    1.083_865_921_489_695_5e-8,
    -5.183_475_041_970_047e-9,
    2.483_674_543_802_478_5e-9,
    -1.192_140_140_586_091_2e-9,
    5.731_367_241_678_862e-10,
    -2.759_522_885_124_233_4e-10,
    1.330_476_437_424_449e-10,
];

/// `(ln(2 pi) - 1) / 2`
const STIRLING_SHIFT: f64 = 0.418_938_533_204_672_7;

/// What reflection asks: an argument in the terms of a positive one.
struct Reflected {
    /// Where the argument is negative and no pole.
    negative: Array,
    /// Zero and the negative integers.
    pole: Array,
    /// `x`, one at poles, `1 - x` where `negative`.
    positive: Array,
    /// The distance to the nearest integer, exactly, where `negative`; elsewhere one quarter.
    beside: Array,
}

fn reflected(x: &Array) -> Result<Reflected> {
    let whole = equal(x, floor(x)?)?;
    let pole = logical_and(less_equal(x, 0.0)?, &whole)?;
    let negative = logical_and(less(x, 0.0)?, logical_not(whole)?)?;
    let positive = where_(&negative, 1.0 - x, where_(&pole, 1.0, x)?)?;
    let inside = where_(&negative, x, 0.25)?;
    let beside = subtract(&inside, round(&inside)?)?;
    Ok(Reflected { negative, pole, positive, beside })
}

/// The composition of [`lgamma`](crate::lgamma).
pub(crate) fn lgamma(call: &mut Call<'_, '_>) -> Result<Array> {
    in_double(call, |[x]| {
        let Reflected { negative, pole, positive, beside } = reflected(&x)?;
        let of_positive = lgamma_of_positive(&positive)?;
        let mirror = |[of_positive, beside]: [Array; 2]| (-log(abs(sin(beside * PI)?)? / PI)? - of_positive).ok();
        let out = within(&negative, [(&of_positive, 0.0), (&beside, 0.25)], mirror, of_positive.clone())?;
        where_(pole, f64::INFINITY, out)
    })
}

fn lgamma_of_positive(x: &Array) -> Result<Array> {
    let large = |[x]: [Array; 1]| ((&x - 0.5) * (log(&x)? - 1.0) + stirling(&x)? + STIRLING_SHIFT).ok();
    let out = within(&greater_equal(x, LARGE)?, [(x, LARGE)], large, x.clone())?;
    // Steps down to one and a half or more, whose factors are exact.
    let stepped = |[x]: [Array; 1]| {
        let steps = floor(&x - 1.5)?;
        let z = ((&x - &steps) - 2.0).ok()?;
        let mut product = where_(greater_equal(&steps, 1.0)?, &x - 1.0, 1.0)?;
        for k in 2..LARGE as i32 - 1 {
            product = multiply(product, where_(greater_equal(&steps, f64::from(k))?, &x - k, 1.0)?)?;
        }
        (polynomial(&z, &ABOUT_TWO)? * z + log(product)?).ok()
    };
    let out = within(&between(x, 1.5, LARGE)?, [(x, 2.0)], stepped, out)?;
    // About one the reciprocal has no root, so that its logarithm has all digits; below one half there is one step up.
    let low = |[x]: [Array; 1]| {
        let small = less(&x, 0.5)?;
        let z = where_(&small, &x, &x - 1.0)?;
        let step = log(where_(&small, x, 1.0)?)?;
        (-log1p(reciprocal_gamma(&z)?)? - step).ok()
    };
    within(&less(x, 1.5)?, [(x, 1.0)], low, out)
}

/// The composition of [`digamma`](crate::digamma).
pub(crate) fn digamma(call: &mut Call<'_, '_>) -> Result<Array> {
    in_double(call, |[x]| {
        let Reflected { negative, pole, positive, beside } = reflected(&x)?;
        let of_positive = digamma_of_positive(&positive)?;
        let mirror = |[of_positive, beside]: [Array; 2]| (of_positive - PI / tan(beside * PI)?).ok();
        let out = within(&negative, [(&of_positive, 0.0), (&beside, 0.25)], mirror, of_positive.clone())?;
        // Of zero, the side is known.
        let at_pole = where_(equal(&x, 0.0)?, crate::copysign(f64::INFINITY, -&x)?, f64::NAN)?;
        where_(pole, at_pole, out)
    })
}

fn digamma_of_positive(x: &Array) -> Result<Array> {
    let (mut x, mut steps) = (x.clone(), zeros_like(x, ..)?);
    for _ in 0..LARGE as usize {
        let short = less(&x, LARGE)?;
        if !some(&short)? {
            break;
        }
        steps = (steps + where_(&short, reciprocal(&x)?, 0.0)?).ok()?;
        x = where_(short, &x + 1.0, &x)?;
    }
    let z = reciprocal(square(&x)?)?;
    let series = multiply(polynomial(&z, &DIGAMMA)?, z)?;
    (log(&x)? - 0.5 / &x - series - steps).ok()
}

/// The composition of [`polygamma`](crate::polygamma): `(-1)^(n+1) n! zeta(n + 1, x)`.
///
/// A negative argument is taken to the pole beside it, at the distance `d`: of the sum over all integers, which is
/// `zeta(s, d) +- zeta(s, 1 - d)`, the terms on the left of the first one are missing, `+- zeta(s, 1 - x)`.
pub(crate) fn polygamma(p: &Polygamma, call: &mut Call<'_, '_>) -> Result<Array> {
    let n = i32::try_from(p.n).unwrap_or(i32::MAX);
    let odd = n % 2 == 1;
    in_double(call, |[x]| {
        let zeta = &Zeta::new(n);
        let Reflected { negative, pole, positive, beside } = reflected(&x)?;
        let near = zeta.of_positive(&where_(&negative, abs(&beside)?, &positive)?)?;
        let mirror = |[near, beside, positive]: [Array; 3]| {
            let (far, missing) = (zeta.of_positive(&(1.0 - abs(&beside)?).ok()?)?, zeta.of_positive(&positive)?);
            // With opposite signs nothing may be left of either: at one half they are the same number.
            if odd { (near + far - missing).ok() } else { ((near - far) * sign(beside)? + missing).ok() }
        };
        let given = [(&near, 0.0), (&beside, 0.25), (&positive, 1.0)];
        let out = within(&negative, given, mirror, near.clone())?;
        let out = if odd { out } else { (-out).ok()? };
        // Both sides of a pole agree for odd orders only; at minus infinity there is none.
        let at_pole = if odd { f64::INFINITY } else { f64::NAN };
        where_(equal(&x, f64::NEG_INFINITY)?, f64::NAN, where_(pole, at_pole, out)?)
    })
}

/// `n! zeta(n + 1, x)`.
struct Zeta {
    n: i32,
    factorial: f64,
    /// A power of two about one over the root of `n!`: a high power multiplies what its base was rounded by.
    scale: f64,
}

impl Zeta {
    fn new(n: i32) -> Zeta {
        let factorial: f64 = (1..=n).map(f64::from).product();
        Zeta { n, factorial, scale: 2f64.powi(-(factorial.log2() / f64::from(n + 1)).round() as i32) }
    }

    /// `top / a^order`, with half of the power on either side: the whole leaves the range of numbers long before the quotient.
    fn over(&self, top: f64, a: &Array, order: i32) -> Result<Array> {
        let (b, top) = ((a * self.scale).ok()?, top * self.scale.powi(order));
        if order == 1 {
            return divide(top, b);
        }
        let power = pow(&b, f64::from(-(order / 2)))?;
        let other = if order % 2 == 0 { power.clone() } else { divide(&power, b)? };
        (power * top * other).ok()
    }

    /// The terms one by one, up to where the rest is an integral and few corrections.
    fn of_positive(&self, x: &Array) -> Result<Array> {
        let (n, s) = (self.n, self.n + 1);
        let (mut a, mut sum) = (x.clone(), zeros_like(x, ..)?);
        let end = f64::from(10 + n);
        for k in 0..10 + n {
            let short = less(&a, end)?;
            if k % LOOK as i32 == 0 && !some(&short)? {
                break;
            }
            sum = (sum + where_(&short, self.over(self.factorial, &a, s)?, 0.0)?).ok()?;
            a = where_(short, &a + 1.0, &a)?;
        }
        // The corrections over the integral: 1 + n / 2a + b n s (s + 1) .. (s + 2j - 2) / a^2j, for j from 1.
        let step = square(reciprocal(&a)?)?;
        let mut share = (0.5 * f64::from(n) / &a + 1.0).ok()?;
        let mut factor = (&step * (f64::from(n) * f64::from(s))).ok()?;
        for (b, j) in EULER_MACLAURIN.iter().zip(1..) {
            share = (share + &factor * *b).ok()?;
            factor = (factor * &step * (f64::from(s + 2 * j - 1) * f64::from(s + 2 * j))).ok()?;
        }
        // The integral is there long after the next power of a is not.
        (self.over(self.factorial / f64::from(n), &a, n)? * share + sum).ok()
    }
}
