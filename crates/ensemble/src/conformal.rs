//! Split-conformal correction: intervals whose coverage holds for finite samples, whatever the model.
//!
//! With `n` calibration rows that the model was not trained on, exchangeable with the new row, a new truth is
//! covered with probability at least `level`, and at most `level + 1/(n + 1)` when the scores have no ties (Vovk
//! et al. 2005; Lei et al. 2018). The probability is over calibration and new rows together: it holds on average over
//! inputs, not at each input, and not when the new rows are drawn from elsewhere.
//!
//! The correction is the `ceil((n + 1) level)`-th smallest score. With fewer than `level / (1 - level)` rows there is
//! no such score and no finite interval has the guarantee: then `fit` is an error that says how many rows are needed.
use crate::metrics::{Intervals, finite, probability, rows};
use array_api::{Error, Result};

/// The `ceil((n + 1) level)`-th smallest of `n` scores.
///
/// ```
/// let scores: Vec<f64> = (1..=19).map(f64::from).collect();
/// assert_eq!(ensemble::conformal::conformal_quantile(&scores, 0.9)?, 18.0);
/// assert!(ensemble::conformal::conformal_quantile(&scores[..8], 0.9).is_err()); // needs 9
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// A level outside of (0, 1), scores that are not finite, or too few scores for the level.
pub fn conformal_quantile(scores: &[f64], level: f64) -> Result<f64> {
    probability("conformal", "level", level)?;
    finite("conformal", "scores", scores)?;
    let n = scores.len();
    let rank = rank(n, level);
    if rank > n {
        return Err(Error::value(
            "conformal",
            format!(
                "{n} calibration rows cannot guarantee a level of {level}; give at least {} rows or lower the level",
                rows_needed(level)
            ),
        ));
    }
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(sorted[rank - 1])
}

/// The least number of calibration rows with which a level can be guaranteed: `ceil(level / (1 - level))`.
///
/// ```
/// assert_eq!(ensemble::conformal::rows_needed(0.95), 19);
/// ```
pub fn rows_needed(level: f64) -> usize {
    let needed = (level / (1.0 - level)).ceil() as usize;
    // The quotient's rounding can be one row off either way; the rank decides.
    (needed.saturating_sub(1)..=needed).find(|&n| n > 0 && rank(n, level) <= n).unwrap_or(needed + 1)
}

/// `ceil((n + 1) level)`, where a product that is a whole number but for rounding counts as whole.
fn rank(n: usize, level: f64) -> usize {
    let exact = (n + 1) as f64 * level;
    (exact * (1.0 - 4.0 * f64::EPSILON)).ceil() as usize
}

/// Intervals `mean ± factor sd`, from normalised residuals `|y - mean| / sd`.
///
/// ```
/// use ensemble::conformal::Normalised;
/// let truth: Vec<f64> = (0..99).map(|i| f64::from(i % 10)).collect();
/// let fitted = Normalised::fit(&truth, &[0.0; 99], &[2.0; 99], 0.9)?;
/// assert_eq!(fitted.factor(), 4.0);
/// assert_eq!(fitted.intervals(&[1.0], &[0.5])?.upper, [3.0]);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Normalised {
    factor: f64,
}

impl Normalised {
    /// Fits the factor on calibration rows: truth, predicted mean and predicted sd.
    ///
    /// # Errors
    /// Slices of different lengths, values that are not finite, sd not above 0, or too few rows for the level.
    pub fn fit(truth: &[f64], mean: &[f64], sd: &[f64], level: f64) -> Result<Normalised> {
        rows("conformal", &[("truth", truth), ("mean", mean), ("sd", sd)])?;
        positive(sd)?;
        let scores: Vec<f64> = truth.iter().zip(mean).zip(sd).map(|((y, m), s)| (y - m).abs() / s).collect();
        Ok(Normalised { factor: conformal_quantile(&scores, level)? })
    }

    /// Number of predicted standard deviations to either side; 1.645 at level 0.9 when the predictions are normal
    /// and calibrated.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The intervals of new rows.
    ///
    /// # Errors
    /// Slices of different lengths, no rows, values that are not finite, or sd not above 0.
    pub fn intervals(&self, mean: &[f64], sd: &[f64]) -> Result<Intervals> {
        rows("conformal", &[("mean", mean), ("sd", sd)])?;
        positive(sd)?;
        let end = |sign: f64| mean.iter().zip(sd).map(|(m, s)| m + sign * self.factor * s).collect();
        Ok(Intervals { lower: end(-1.0), upper: end(1.0) })
    }
}

/// Given intervals, widened or narrowed by fixed margins: conformalised quantile regression (Romano, Patterson and
/// Candès 2019). The intervals may be asymmetric, as those of quantiles are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Margins {
    below: f64,
    above: f64,
}

impl Margins {
    /// One margin for both ends, from scores `max(lower - y, y - upper)`: both ends together have the level.
    ///
    /// # Errors
    /// Slices of different lengths, values that are not finite, or too few rows for the level.
    pub fn fit(truth: &[f64], intervals: &Intervals, level: f64) -> Result<Margins> {
        let (below, above) = scores(truth, intervals)?;
        let largest: Vec<f64> = below.iter().zip(&above).map(|(b, a)| b.max(*a)).collect();
        let margin = conformal_quantile(&largest, level)?;
        Ok(Margins { below: margin, above: margin })
    }

    /// A margin for each end, each at `(1 + level)/2`: each tail has its own guarantee, for which more rows are
    /// needed and intervals are a little wider.
    ///
    /// # Errors
    /// As [`Margins::fit`].
    pub fn fit_tails(truth: &[f64], intervals: &Intervals, level: f64) -> Result<Margins> {
        probability("conformal", "level", level)?;
        let (below, above) = scores(truth, intervals)?;
        let tail = 0.5 + 0.5 * level;
        Ok(Margins { below: conformal_quantile(&below, tail)?, above: conformal_quantile(&above, tail)? })
    }

    /// What is taken from lower ends and added to upper ends, in the unit of the target; negative where the given
    /// intervals were too wide.
    pub fn margins(&self) -> (f64, f64) {
        (self.below, self.above)
    }

    /// The corrected intervals of new rows. Where negative margins make the ends cross, the corrected set is empty;
    /// the interval is then the point between them, which covers no less.
    ///
    /// # Errors
    /// Slices of different lengths, no rows, or values that are not finite.
    pub fn intervals(&self, intervals: &Intervals) -> Result<Intervals> {
        rows("conformal", &[("lower", &intervals.lower), ("upper", &intervals.upper)])?;
        let ends = intervals.lower.iter().zip(&intervals.upper).map(|(l, u)| {
            let (lower, upper) = (l - self.below, u + self.above);
            if lower <= upper { (lower, upper) } else { (0.5 * (lower + upper), 0.5 * (lower + upper)) }
        });
        let (lower, upper) = ends.unzip();
        Ok(Intervals { lower, upper })
    }
}

/// How far each truth is below the lower end and above the upper end.
fn scores(truth: &[f64], intervals: &Intervals) -> Result<(Vec<f64>, Vec<f64>)> {
    let Intervals { lower, upper } = intervals;
    rows("conformal", &[("truth", truth), ("lower", lower), ("upper", upper)])?;
    Ok(truth.iter().zip(lower).zip(upper).map(|((y, l), u)| (l - y, y - u)).unzip())
}

fn positive(sd: &[f64]) -> Result<()> {
    match sd.iter().position(|&s| s <= 0.0) {
        None => Ok(()),
        Some(row) => Err(Error::value("conformal", format!("sd[{row}] is {}; it must be above 0", sd[row]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{gaussian_intervals, picp};
    use array_api::random::{Draw, Exponential, Key, Normal};

    /// Coverage of one new row, averaged over calibration sets of `n`: its expectation is `rank / (n + 1)` exactly.
    fn check_coverage(fit_and_cover: impl Fn(&[f64], &[f64], &[f64]) -> f64) {
        let (trials, n, fresh) = (2000, 39, 50);
        let key = Key::new(17);
        let total: f64 = (0..trials)
            .map(|trial| {
                let (noise, scale) = (key.child(trial).child(0), key.child(trial).child(1));
                let mut y = vec![0.0; n + fresh];
                let mut sd = vec![0.0; n + fresh];
                Exponential.fill(noise, 0, &mut y);
                Normal.fill(scale, 0, &mut sd);
                let sd: Vec<f64> = sd.into_iter().map(|z: f64| libm::exp(0.3 * z)).collect();
                // The noise is skewed, and the claimed sd is three times too small.
                let y: Vec<f64> = y.iter().zip(&sd).map(|(e, s)| e * s * 3.0).collect();
                fit_and_cover(&y, &vec![0.5; n + fresh], &sd)
            })
            .sum();
        let coverage = total / trials as f64;
        // The standard error over trials is about 0.0015.
        assert!((coverage - 0.9).abs() < 0.006, "{coverage}");
    }

    #[test]
    fn normalised_intervals_cover() {
        check_coverage(|y, mean, sd| {
            let fitted = Normalised::fit(&y[..39], &mean[..39], &sd[..39], 0.9).unwrap();
            picp(&y[39..], &fitted.intervals(&mean[39..], &sd[39..]).unwrap()).unwrap()
        });
    }

    #[test]
    fn margins_cover() {
        for fit in [Margins::fit, Margins::fit_tails] {
            check_coverage(|y, mean, sd| {
                let given = |from: usize, to: usize| gaussian_intervals(&mean[from..to], &sd[from..to], 0.9).unwrap();
                let fitted = fit(&y[..39], &given(0, 39), 0.9).unwrap();
                picp(&y[39..], &fitted.intervals(&given(39, y.len())).unwrap()).unwrap()
            });
        }
    }

    #[test]
    fn too_few_rows_are_refused_with_the_number_needed() {
        for (level, needed) in [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.999, 999)] {
            assert_eq!(rows_needed(level), needed);
            assert!(conformal_quantile(&vec![1.0; needed], level).is_ok());
            if needed > 1 {
                let message = conformal_quantile(&vec![1.0; needed - 1], level).unwrap_err().to_string();
                assert!(message.contains(&format!("at least {needed} rows")), "{message}");
            }
        }
        assert!(conformal_quantile(&[], 0.5).is_err());
        assert!(conformal_quantile(&[f64::NAN, 1.0, 2.0], 0.5).is_err());
        assert!(Normalised::fit(&[1.0; 20], &[0.0; 20], &[0.0; 20], 0.9).is_err());
    }

    #[test]
    fn margins_that_narrow_do_not_cross() {
        let wide = Intervals { lower: vec![-10.0; 20], upper: vec![10.0; 20] };
        let fitted = Margins::fit(&[1.0; 20], &wide, 0.9).unwrap();
        assert_eq!(fitted.margins(), (-9.0, -9.0));
        let narrow = Intervals { lower: vec![0.0], upper: vec![1.0] };
        assert_eq!(fitted.intervals(&narrow).unwrap(), Intervals { lower: vec![0.5], upper: vec![0.5] });
    }
}
