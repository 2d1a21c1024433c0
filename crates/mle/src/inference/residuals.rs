//! Residuals on the scale of probabilities: values under a distribution, as uniform or as normal numbers.

use array_api::{Array, Error, Result, equal, less, log, negative, sort, where_};

use super::laws::normal_quantiles;
use crate::columns;
use crate::distribution::Law;

/// The probabilities of values up to each of a vector: uniform between 0 and 1 where the law is the true one.
///
/// Counts have steps there, within which a uniform number decides, a pure function of the key; other laws need no key.
///
/// # Errors
/// For counts without a key, and values that are not finite.
///
/// ```
/// use mle::distribution::Distribution;
/// use mle::inference::probability_integral;
/// # let xp = array_ndarray::namespace();
/// let law = Distribution::named("exponential")?.with(&[2.0])?;
/// let u = probability_integral(&law, &xp.asarray([0.0, f64::ln(2.0) / 2.0])?, None)?;
/// assert!((u.at(1_isize)?.item::<f64>()? - 0.5).abs() < 1e-15);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn probability_integral(law: &Law, values: &Array, key: Option<&Array>) -> Result<Array> {
    Ok(tails(law, values, key)?[0].clone())
}

/// Quantile residuals: the standard normal's quantiles of the [`probability_integral`], from whichever tail is the smaller so
/// that none of its digits are lost; infinite where a probability is below the smallest number (Dunn and Smyth, "Randomized
/// quantile residuals", Journal of Computational and Graphical Statistics 5, 1996).
///
/// # Errors
/// As [`probability_integral`].
///
/// ```
/// use mle::distribution::Distribution;
/// use mle::inference::quantile_residuals;
/// # let xp = array_ndarray::namespace();
/// let law = Distribution::named("normal")?.with(&[1.0, 2.0])?;
/// let z = quantile_residuals(&law, &xp.asarray([5.0])?, None)?;
/// assert!((z.at(0_isize)?.item::<f64>()? - 2.0).abs() < 1e-14);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn quantile_residuals(law: &Law, values: &Array, key: Option<&Array>) -> Result<Array> {
    let [lower, upper] = tails(law, values, key)?;
    normal_scores(&log(lower)?, &log(upper)?)
}

/// What a quantile-quantile plot shows: the law's quantiles at the plotting positions `(i - a) / (n + 1 - 2 a)`, `a` = 3/8 up
/// to ten values and 1/2 beyond, as R's `ppoints`; and the values in order.
///
/// # Errors
/// For values that are not finite.
///
/// ```
/// use mle::distribution::Distribution;
/// use mle::inference::quantile_pairs;
/// # let xp = array_ndarray::namespace();
/// let law = Distribution::named("uniform")?.with(&[0.0, 1.0])?;
/// let (expected, observed) = quantile_pairs(&law, &xp.asarray([0.9, 0.2, 0.4])?)?;
/// assert!((expected.at(1_isize)?.item::<f64>()? - 0.5).abs() < 1e-15);
/// assert_eq!(observed.at(0_isize)?.item::<f64>()?, 0.2);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn quantile_pairs(law: &Law, values: &Array) -> Result<(Array, Array)> {
    let values = columns::real("values", values)?;
    let n = values.size()?;
    let a = if n <= 10 { 0.375 } else { 0.5 };
    let place = |i: usize| ((i + 1) as f64 - a) / (n as f64 + 1.0 - 2.0 * a);
    let positions = values.namespace().asarray((0..n).map(place).collect::<Vec<_>>())?;
    Ok((law.quantile(&positions)?, sort(values, ..)?))
}

/// The probabilities of values up to each, and above.
fn tails(law: &Law, values: &Array, key: Option<&Array>) -> Result<[Array; 2]> {
    let values = columns::real("values", values)?;
    let [upto, above] = [law.cdf(&values)?, law.survival(&values)?];
    if !law.support().integer {
        return Ok([upto, above]);
    }
    let before = (&values - 1.0).ok()?;
    let [below, above_below] = [law.cdf(&before)?, law.survival(&before)?];
    let u = uniform_numbers(key, &values)?;
    let lower = (&below + &u * (&upto - &below)).ok()?;
    let upper = (&above + (1.0 - &u) * (&above_below - &above)).ok()?;
    Ok([lower, upper])
}

/// The standard normal's quantiles of probabilities given by the logarithms of both tails.
pub(crate) fn normal_scores(log_lower: &Array, log_upper: &Array) -> Result<Array> {
    let low = less(log_lower, log_upper)?;
    let z = normal_quantiles(&where_(&low, log_lower, log_upper)?)?;
    where_(low, &z, negative(&z)?)
}

/// As many uniform numbers between 0 and 1, neither of them among these, as a vector has elements.
pub(crate) fn uniform_numbers(key: Option<&Array>, like: &Array) -> Result<Array> {
    let Some(key) = key else {
        let message = "the probabilities of counts have steps, within which random numbers decide; give a key";
        return Err(Error::value("quantile residuals", message));
    };
    let u = like.namespace().uniform(key, [like.size()?])?;
    // A half of the spacing keeps 0 out.
    where_(equal(&u, 0.0)?, 0.5_f64.powi(54), &u)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;
    use crate::inference::kolmogorov_smirnov;

    #[test]
    fn residuals_of_the_true_law_are_normal() {
        let xp = array_ndarray::namespace();
        let normal = Distribution::named("normal").unwrap().with(&[0.0, 1.0]).unwrap();
        for (name, parameters) in
            [("gamma", vec![2.0, 0.5]), ("poisson", vec![1.3]), ("negative_binomial", vec![1.5, 4.0])]
        {
            let law = Distribution::named(name).unwrap().with(&parameters).unwrap();
            let values = law.sample(&xp.key(11).unwrap(), 2000).unwrap();
            let z = quantile_residuals(&law, &values, Some(&xp.key(12).unwrap())).unwrap();
            let test = kolmogorov_smirnov(&normal, &z).unwrap();
            assert!(test.p_value > 0.01, "{name}: {test:?}");
        }
    }

    #[test]
    fn both_tails_keep_their_digits() {
        let xp = array_ndarray::namespace();
        let law = Distribution::named("normal").unwrap().with(&[0.0, 1.0]).unwrap();
        let values = [-36.0, -8.5, -1e-9, 0.0, 0.3, 8.5, 36.0];
        let z = quantile_residuals(&law, &xp.asarray(values).unwrap(), None).unwrap().to_vec::<f64>().unwrap();
        for (z, x) in z.iter().zip(values) {
            assert!((z - x).abs() <= 1e-13 * x.abs().max(1e-2), "{z} for {x}");
        }
        let far = quantile_residuals(&law, &xp.asarray([-40.0]).unwrap(), None).unwrap();
        assert_eq!(far.to_vec::<f64>().unwrap(), [f64::NEG_INFINITY]);
        let counts = Distribution::named("poisson").unwrap().with(&[2.0]).unwrap();
        let error = quantile_residuals(&counts, &xp.asarray([1.0]).unwrap(), None).unwrap_err().to_string();
        assert!(error.contains("give a key"), "{error}");
    }
}
