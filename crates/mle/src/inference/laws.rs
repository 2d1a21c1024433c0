//! Tails and quantiles of the laws that tests and intervals use: normal, chi-squared, Student's t, F.
//!
//! Normal tails are `libm`'s; the others are the protocol's incomplete gamma and beta functions, computed where the data live.

use array_api::{
    Array, Namespace, Result, betainc, divide, equal, exp, gammaincc, greater, greater_equal, log, log1p, maximum,
    minimum, negative, reciprocal, sqrt, square, where_,
};
use std::f64::consts::{FRAC_1_SQRT_2, LN_2, SQRT_2};

use crate::distribution::tails::HALF_LN_TAU;

/// The probability that a standard normal exceeds `z`, accurate in both tails.
pub fn normal_upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// The quantile of the standard normal: infinite at 0 and 1, not a number outside.
///
/// The root of `log Phi(z) = log p` by Newton's method, which converges monotonically there because `log Phi` is concave.
///
/// ```
/// assert!((mle::inference::laws::normal_quantile(0.975) - 1.959963984540054).abs() < 1e-15);
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        // 1 - p is exact there.
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if p == 0.5 {
        return 0.0;
    }
    // Left of the root, since Phi(z) < phi(z) / |z| <= exp(-z^2 / 2) / 2.
    let mut z = -(-2.0 * libm::log(2.0 * p)).sqrt() - 0.5;
    for _ in 0..100 {
        let tail = normal_upper_tail(-z);
        let density = libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
        let step = (libm::log(p) - libm::log(tail)) * tail / density;
        let next = z + step;
        if step.is_nan() || step.abs() <= 1e-16 * next.abs() {
            return next;
        }
        z = next;
    }
    z
}

/// Wichura's rational functions, numerators and denominators from the highest power down: of `0.425^2 - (p - 1/2)^2`, and of the
/// distance of `sqrt(-log p)` from 1.6 and from 5 ("Algorithm AS 241: The percentage points of the normal distribution",
/// Applied Statistics 37, 1988).
const CENTRE: [[f64; 8]; 2] = [
    [
        2.509_080_928_730_122_7e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        1.373_169_376_550_946e4,
        1.971_590_950_306_551_3e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5,
    ],
    [
        5.226_495_278_852_854e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_7e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ],
];
const TAIL: [[f64; 8]; 2] = [
    [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
];
const FAR: [[f64; 8]; 2] = [
    [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_4e-2,
        2.965_605_718_285_048_7e-1,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_103,
    ],
    [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_446e-7,
        1.846_318_317_510_054_8e-5,
        7.868_691_311_456_133e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358e-1,
        5.998_322_065_558_88e-1,
        1.0,
    ],
];

/// Beyond this root of minus the logarithm, probabilities are below the smallest double.
const BEYOND: f64 = 27.0;

fn rational(x: &Array, [above, below]: &[[f64; 8]; 2]) -> Result<Array> {
    let polynomial = |c: &[f64; 8]| -> Result<Array> {
        let first = (x * c[0] + c[1]).ok()?;
        c[2..].iter().try_fold(first, |sum, &c| (sum * x + c).ok())
    };
    divide(polynomial(above)?, polynomial(below)?)
}

/// The standard normal's quantiles of probabilities up to one half, given by their logarithms: infinite for a probability of 0.
pub(crate) fn normal_quantiles(log_probability: &Array) -> Result<Array> {
    let none = equal(log_probability, f64::NEG_INFINITY)?;
    let goal = where_(&none, -1.0, log_probability)?;
    let off = (exp(&goal)? - 0.5).ok()?;
    let central = greater_equal(&off, -0.425)?;
    let inside = (0.180_625 - square(where_(&central, &off, 0.0)?)?).ok()?;
    let centre = (off * rational(&inside, &CENTRE)?).ok()?;
    let root = sqrt(maximum(negative(&goal)?, LN_2)?)?;
    let far = greater(&root, 5.0)?;
    let tail = rational(&(where_(&far, 2.0, &root)? - 1.6).ok()?, &TAIL)?;
    let out = rational(&(minimum(maximum(&root, 5.0)?, BEYOND)? - 5.0).ok()?, &FAR)?;
    // Beyond all doubles the tail's own series has the answer in a few of Newton's steps.
    let beyond = greater(&root, BEYOND)?;
    let mut z = (maximum(&root, BEYOND)? * SQRT_2).ok()?;
    let goal_there = where_(&beyond, &goal, -BEYOND * BEYOND)?;
    for _ in 0..4 {
        let squares = square(&z)?;
        let series = log1p((reciprocal(&squares)? * (reciprocal(&squares)? * 3.0 - 1.0)).ok()?)?;
        let value = (&squares * -0.5 - log(&z)? - HALF_LN_TAU + series).ok()?;
        z = (&z + (value - &goal_there) / &z).ok()?;
    }
    let outer = where_(beyond, z, where_(far, out, tail)?)?;
    where_(none, f64::NEG_INFINITY, where_(central, centre, negative(outer)?)?)
}

/// The probability that a chi-squared variable exceeds `x`.
///
/// # Errors
/// Where the namespace has no incomplete gamma function.
pub fn chi_squared_upper_tail(xp: &Namespace, x: f64, degrees: f64) -> Result<f64> {
    gammaincc(xp.asarray(degrees / 2.0)?, xp.asarray(x.max(0.0) / 2.0)?)?.item()
}

/// The probability that a variable of Student's law exceeds `t`; `degrees` may be infinite.
///
/// # Errors
/// Where the namespace has no incomplete beta function.
pub fn student_upper_tail(xp: &Namespace, t: f64, degrees: f64) -> Result<f64> {
    if degrees.is_infinite() {
        return Ok(normal_upper_tail(t));
    }
    // The tail itself, unless its argument would be so near to one that the distance has no digits left.
    let square = t * t;
    let half = match square < 1e-4 * degrees {
        true => {
            let x = xp.asarray(square / (degrees + square))?;
            0.5 - 0.5 * betainc(xp.asarray(0.5)?, xp.asarray(degrees / 2.0)?, x)?.item::<f64>()?
        }
        false => {
            let x = xp.asarray(degrees / (degrees + square))?;
            0.5 * betainc(xp.asarray(degrees / 2.0)?, xp.asarray(0.5)?, x)?.item::<f64>()?
        }
    };
    Ok(if t < 0.0 { 1.0 - half } else { half })
}

/// The probability that a variable of the F law exceeds `x`.
///
/// # Errors
/// Where the namespace has no incomplete beta function.
pub fn f_upper_tail(xp: &Namespace, x: f64, above: f64, below: f64) -> Result<f64> {
    let share = below / (below + above * x.max(0.0));
    betainc(xp.asarray(below / 2.0)?, xp.asarray(above / 2.0)?, xp.asarray(share)?)?.item()
}

/// The quantile of Student's law; `degrees` may be infinite.
///
/// # Errors
/// Where the namespace has no incomplete beta function.
///
/// ```
/// # let xp = array_ndarray::namespace();
/// let t = mle::inference::laws::student_quantile(&xp, 0.975, 10.0)?;
/// assert!((t - 2.228138851986274).abs() < 1e-12);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn student_quantile(xp: &Namespace, p: f64, degrees: f64) -> Result<f64> {
    if degrees.is_infinite() || !(p > 0.0 && p < 1.0) || p == 0.5 {
        return Ok(normal_quantile(p));
    }
    let tail = p.min(1.0 - p);
    let t = falling_root(1.0, |t| Ok(student_upper_tail(xp, t, degrees)? - tail))?;
    Ok(if p < 0.5 { -t } else { t })
}

/// The quantile of the chi-squared law.
///
/// # Errors
/// Where the namespace has no incomplete gamma function.
pub fn chi_squared_quantile(xp: &Namespace, p: f64, degrees: f64) -> Result<f64> {
    if !(p > 0.0 && p < 1.0) {
        let ends = [(0.0, 0.0), (1.0, f64::INFINITY)];
        return Ok(ends.iter().find(|(end, _)| *end == p).map_or(f64::NAN, |(_, x)| *x));
    }
    falling_root(degrees, |x| Ok(chi_squared_upper_tail(xp, x, degrees)? - (1.0 - p)))
}

/// The positive root of a falling function that is positive at zero, by bisection: as many steps as a number has digits.
fn falling_root(guess: f64, f: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    let (mut low, mut high) = (0.0, guess);
    while f(high)? > 0.0 && high < 1e300 {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if f(middle)? > 0.0 { low = middle } else { high = middle }
    }
    Ok(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_of_tables() {
        // Wichura (1988), AS 241, gives these values.
        for (p, z) in
            [(0.25, -0.674_489_750_196_081_7), (0.001, -3.090_232_306_167_813_5), (1e-20, -9.262_340_089_798_409)]
        {
            assert!((normal_quantile(p) - z).abs() < 4e-15 * f64::abs(z), "{p}: {}", normal_quantile(p));
        }
        let mut logs: Vec<f64> = (1..600).map(|i| -f64::from(i) * 0.01 - std::f64::consts::LN_2).collect();
        logs.extend((1..=700).map(f64::from).map(|i| -i));
        let xp = array_ndarray::namespace();
        let found = normal_quantiles(&xp.asarray(logs.clone()).unwrap()).unwrap().to_vec::<f64>().unwrap();
        for (log, z) in logs.into_iter().zip(found) {
            let due = normal_quantile(log.exp());
            assert!((z - due).abs() < 1e-14 * due.abs(), "exp({log}): {z} for {due}");
        }
        // Beyond the smallest double: z^2 / 2 + log z + log(tau) / 2 - log(1 - 1/z^2 + 3/z^4) is minus the logarithm.
        let z = normal_quantiles(&xp.asarray([-1e3, -1e6, f64::NEG_INFINITY]).unwrap()).unwrap();
        let z = z.to_vec::<f64>().unwrap();
        for (z, log) in z.iter().zip([1e3, 1e6]) {
            let series = libm::log1p(-1.0 / (z * z) + 3.0 / z.powi(4));
            let back = 0.5 * z * z + (-z).ln() + 0.5 * std::f64::consts::TAU.ln() - series;
            assert!(*z < 0.0 && (back / log - 1.0).abs() < 1e-14, "{z}");
        }
        assert_eq!(z[2], f64::NEG_INFINITY);
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert!(normal_quantile(1.5).is_nan());
    }
}
