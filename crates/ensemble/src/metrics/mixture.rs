//! Members that predict a mean and a variance each: an equal mixture of normals for every row.
use super::input::{mean, member_rows, probability, rows};
use crate::special::{HALF_LN_TAU, normal_cdf, normal_quantile};
use array_api::{Error, Result};

/// An equal mixture of `members` normals for every row.
///
/// ```
/// use ensemble::metrics::Mixture;
/// // Two members, one row: means 1 and 3, variances 0.5 and 1.5.
/// let mixture = Mixture::new(vec![1.0, 3.0], vec![0.5, 1.5], 2)?;
/// assert_eq!(mixture.mean(), [2.0]);
/// assert_eq!(mixture.epistemic(), [1.0]); // variance of the means
/// assert_eq!(mixture.aleatoric(), [1.0]); // mean of the variances
/// assert_eq!(mixture.variance(), [2.0]);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Mixture {
    means: Vec<f64>,
    variances: Vec<f64>,
    members: usize,
    rows: usize,
}

impl Mixture {
    /// Means and variances in C order of shape (members, rows). A variance of 0 is a member that is certain.
    ///
    /// # Errors
    /// Slices that are not (members, rows), values that are not finite, negative variances.
    pub fn new(means: Vec<f64>, variances: Vec<f64>, members: usize) -> Result<Mixture> {
        rows("mixture", &[("means", &means), ("variances", &variances)])?;
        let n = member_rows("mixture", &means, members)?;
        if let Some(at) = variances.iter().position(|&v| v < 0.0) {
            return Err(Error::value(
                "mixture",
                format!("variances[{at}] is {}; it must not be negative", variances[at]),
            ));
        }
        Ok(Mixture { means, variances, members, rows: n })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Mean and standard deviation of each member for one row.
    fn row(&self, row: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        let means = self.means[row..].iter().step_by(self.rows);
        let variances = self.variances[row..].iter().step_by(self.rows);
        means.zip(variances).map(|(m, v)| (*m, v.sqrt()))
    }

    fn for_rows(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..self.rows).map(value).collect()
    }

    /// The mixture's mean for every row.
    pub fn mean(&self) -> Vec<f64> {
        self.for_rows(|row| mean(self.row(row).map(|(m, _)| m), self.members))
    }

    /// Variance of the members' means (divided by their number): what the members disagree in.
    pub fn epistemic(&self) -> Vec<f64> {
        self.for_rows(|row| {
            let centre = mean(self.row(row).map(|(m, _)| m), self.members);
            mean(self.row(row).map(|(m, _)| (m - centre) * (m - centre)), self.members)
        })
    }

    /// Mean of the members' variances: the noise that they predict.
    pub fn aleatoric(&self) -> Vec<f64> {
        self.for_rows(|row| mean(self.variances[row..].iter().step_by(self.rows).copied(), self.members))
    }

    /// The mixture's variance: epistemic and aleatoric together, exactly (law of total variance).
    pub fn variance(&self) -> Vec<f64> {
        self.epistemic().into_iter().zip(self.aleatoric()).map(|(e, a)| e + a).collect()
    }

    /// Mean negative log-likelihood of the mixture's density, in nats; it does not underflow.
    ///
    /// # Errors
    /// Another number of truths than rows, truths that are not finite, or a variance of 0, for which there is no
    /// density.
    pub fn nll(&self, truth: &[f64]) -> Result<f64> {
        let n = rows("mixture nll", &[("truth", truth), ("rows", &self.means[..self.rows])])?;
        if let Some(at) = self.variances.iter().position(|&v| v == 0.0) {
            let (member, row) = (at / self.rows, at % self.rows);
            let message = format!("member {member} has variance 0 at row {row} and so no density; add the noise");
            return Err(Error::value("mixture nll", message));
        }
        let log_density = |row: usize| {
            let each = |(m, s): (f64, f64)| {
                let z = (truth[row] - m) / s;
                -0.5 * z * z - libm::log(s) - HALF_LN_TAU
            };
            let largest = self.row(row).map(each).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = self.row(row).map(|member| libm::exp(each(member) - largest)).sum();
            largest + libm::log(sum / self.members as f64)
        };
        Ok(-mean((0..n).map(log_density), n))
    }

    /// Probability of values up to `y[row]` for every row: uniform on [0, 1] over rows when calibrated.
    ///
    /// # Errors
    /// Another number of values than rows, or values that are not finite.
    pub fn cdf(&self, y: &[f64]) -> Result<Vec<f64>> {
        rows("mixture cdf", &[("y", y), ("rows", &self.means[..self.rows])])?;
        Ok(self.for_rows(|row| self.cdf_at(row, y[row])))
    }

    fn cdf_at(&self, row: usize, y: f64) -> f64 {
        let each = |(m, s): (f64, f64)| match s > 0.0 {
            true => normal_cdf((y - m) / s),
            false => f64::from(u8::from(y >= m)),
        };
        mean(self.row(row).map(each), self.members)
    }

    /// The quantile at `p` for every row, to the last bits: bisection between the least and the largest of the
    /// members' own quantiles, which hold it.
    ///
    /// # Errors
    /// `p` outside of (0, 1).
    pub fn quantile(&self, p: f64) -> Result<Vec<f64>> {
        probability("mixture quantile", "p", p)?;
        let z = normal_quantile(p);
        Ok(self.for_rows(|row| {
            let ends = self.row(row).map(|(m, s)| m + s * z);
            let (mut low, mut high) =
                ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| (low.min(end), high.max(end)));
            loop {
                let middle = low + 0.5 * (high - low);
                if middle <= low || middle >= high {
                    return high;
                }
                if self.cdf_at(row, middle) < p {
                    low = middle;
                } else {
                    high = middle;
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_is_a_normal() {
        let mixture = Mixture::new(vec![1.0, -2.0], vec![4.0, 0.25], 1).unwrap();
        for p in [1e-6, 0.1, 0.5, 0.9, 0.999] {
            let z = normal_quantile(p);
            let found = mixture.quantile(p).unwrap();
            assert!((found[0] - (1.0 + 2.0 * z)).abs() < 1e-14 && (found[1] - (-2.0 + 0.5 * z)).abs() < 1e-14);
        }
        let nll = mixture.nll(&[0.5, 3.0]).unwrap();
        let normal = super::super::gaussian_nll(&[0.5, 3.0], &[1.0, -2.0], &[2.0, 0.5]).unwrap();
        assert!((nll - normal).abs() < 1e-14);
    }

    #[test]
    fn quantile_undoes_cdf() {
        let mixture = Mixture::new(vec![0.0, 10.0, 3.0], vec![1.0, 0.01, 25.0], 3).unwrap();
        for p in [0.001, 0.3, 0.34, 0.5, 0.77, 0.9999] {
            let y = mixture.quantile(p).unwrap();
            assert!((mixture.cdf(&y).unwrap()[0] - p).abs() < 1e-13);
        }
    }

    #[test]
    fn certain_members_are_steps() {
        let mixture = Mixture::new(vec![0.0, 1.0, 2.0, 3.0], vec![0.0; 4], 4).unwrap();
        assert_eq!(mixture.cdf(&[1.0]).unwrap(), [0.5]);
        assert_eq!(mixture.quantile(0.6).unwrap(), [2.0]);
        assert!(mixture.nll(&[1.0]).unwrap_err().to_string().contains("variance 0"));
    }

    #[test]
    fn far_truths_do_not_underflow() {
        let mixture = Mixture::new(vec![0.0, 1.0], vec![1.0, 1.0], 2).unwrap();
        let nll = mixture.nll(&[101.0]).unwrap();
        assert!((nll - (5000.0 + HALF_LN_TAU + std::f64::consts::LN_2)).abs() < 1e-9, "{nll}");
    }
}
