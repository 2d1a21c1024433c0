//! Tails of the normal, gamma, beta and Student laws on a logarithmic scale: what censoring and truncation need.

use array_api::{
    Array, Result, abs, add, betainc, erf, gammainc, gammaincc, greater, less, log, log1p, negative, reciprocal,
    square, subtract, where_,
};
use std::f64::consts::FRAC_1_SQRT_2;

/// ln(2 pi) / 2.
pub(crate) const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;

/// The logarithm of the standard normal distribution function, with all its digits in the far lower tail.
///
/// Near zero from the error function, in the tail from the incomplete gamma function, and where that underflows from the
/// asymptotic series (Abramowitz and Stegun 26.2.12). Each part is evaluated where it is not used at a harmless point, so
/// that derivatives stay finite.
pub(crate) fn log_normal_cdf(z: &Array) -> Result<Array> {
    let distance = abs(z)?;
    let near = less(&distance, 1.0)?;
    let far = greater(&distance, 25.0)?;
    let zn = where_(&near, z, 0.5)?;
    let middle = log(((erf((&zn * FRAC_1_SQRT_2).ok()?)? + 1.0) * 0.5).ok()?)?;
    let zt = where_(array_api::logical_or(&near, &far)?, 2.0, &distance)?;
    let tail = (gammaincc(0.5, (square(&zt)? * 0.5).ok()?)? * 0.5).ok()?;
    let zf = where_(&far, &distance, 30.0)?;
    let inverse = reciprocal(square(&zf)?)?;
    // 1 - 1/z^2 + 3/z^4 - 15/z^6 + 105/z^8 - 945/z^10: beyond 25 the next term is below 1e-13.
    let mut series = (&inverse * -945.0 + 105.0).ok()?;
    for coefficient in [-15.0, 3.0, -1.0, 1.0] {
        series = (series * &inverse + coefficient).ok()?;
    }
    let log_far = (square(&zf)? * -0.5 - log(&zf)? - HALF_LN_TAU + log(series)?).ok()?;
    let log_tail = where_(&far, log_far, log(&tail)?)?;
    let upper = log1p(negative(where_(&far, 0.0, tail)?)?)?;
    where_(near, middle, where_(less(z, 0.0)?, log_tail, upper)?)
}

/// The logarithms of the lower and upper regularised incomplete gamma functions.
pub(crate) fn log_gamma_tails(a: &Array, x: &Array) -> Result<[Array; 2]> {
    let (lower, upper) = (gammainc(a, x)?, gammaincc(a, x)?);
    logs(lower, upper)
}

/// The logarithms of the lower and upper regularised incomplete beta functions; `y` is `1 - x`, which the caller has exactly.
pub(crate) fn log_beta_tails(a: &Array, b: &Array, x: &Array, y: &Array) -> Result<[Array; 2]> {
    logs(betainc(a, b, x)?, betainc(b, a, y)?)
}

/// The logarithm of the smaller of two complementary probabilities, and of one less it for the larger.
pub(crate) fn logs(lower: Array, upper: Array) -> Result<[Array; 2]> {
    let small = less(&lower, &upper)?;
    let one_less = |p: &Array, chosen: &Array| log1p(negative(where_(chosen, p, 0.0)?)?);
    let log_lower =
        where_(&small, log(where_(&small, &lower, 0.5)?)?, one_less(&upper, &array_api::logical_not(&small)?)?)?;
    let log_upper = where_(&small, one_less(&lower, &small)?, log(where_(&small, 0.5, &upper)?)?)?;
    Ok([log_lower, log_upper])
}

/// `log(1 - exp(x))` of negative numbers (Mächler, "Accurately computing log(1 - exp(-|a|))", 2012).
pub(crate) fn log1mexp(x: &Array) -> Result<Array> {
    let close = greater(x, -std::f64::consts::LN_2)?;
    let near = log(negative(array_api::expm1(where_(&close, x, -0.5)?)?)?)?;
    let away = log1p(negative(array_api::exp(where_(&close, -1.0, x)?)?)?)?;
    where_(close, near, away)
}

/// `log(exp(a) - exp(b))` for `a >= b`.
pub(crate) fn log_difference(a: &Array, b: &Array) -> Result<Array> {
    add(a, log1mexp(&subtract(b, a)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_tail_has_all_digits() {
        let xp = array_ndarray::namespace();
        // Values of 30 digits from mpmath: log(ncdf(z)).
        let rows = [
            (-40.0, -804.608_442_013_754_1),
            (-10.0, -53.231_285_150_512_47),
            (-1.5, -2.705_944_400_823_889_4),
            (-0.3, -0.962_102_818_168_850_7),
            (0.7, -0.277_023_942_277_131_2),
            (3.0, -0.001_350_809_964_748_193_8),
            (9.0, -1.128_588_405_953_840_6e-19),
        ];
        for (z, expected) in rows {
            let got = log_normal_cdf(&xp.asarray([z]).unwrap()).unwrap().to_vec::<f64>().unwrap()[0];
            assert!((got / expected - 1.0).abs() < 2e-14, "{z}: {got} for {expected}");
        }
    }

    #[test]
    fn one_less_an_exponential() {
        let xp = array_ndarray::namespace();
        let x = xp.asarray([-1e-10, -0.5, -40.0]).unwrap();
        let got = log1mexp(&x).unwrap().to_vec::<f64>().unwrap();
        for (g, x) in got.iter().zip([-1e-10_f64, -0.5, -40.0]) {
            assert!((g - (-x.exp_m1()).ln()).abs() <= 1e-15 * g.abs().max(1e-2));
        }
    }
}
