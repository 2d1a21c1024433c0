//! Means and residuals of a generalised linear model's rows, and how much each row pulls the fit to itself.

use array_api::{
    Array, Error, Result, divide, equal, exp, expand_dims, greater, less, log, logaddexp, logical_or, maximum,
    multiply, negative, qr, round, sign, sqrt, square, subtract, sum, where_,
};

use super::design::Design;
use super::family::Family;
use super::link::Link;
use super::scoring::Rows;
use super::{Glm, GlmFit, Table};
use crate::columns;
use crate::distribution::tails::{log_beta_tails, log_gamma_tails, log_normal_cdf, log1mexp};
use crate::inference::residuals::{normal_scores, uniform_numbers};

/// The rows of a table under a fitted model; every function gives a vector with a number for each.
///
/// For a row with response `y`, mean `mu`, weight `w`, variance function `V` and dispersion `phi`, McCullagh and Nelder,
/// *Generalized Linear Models*, 1989, sections 2.4 and 12.4 to 12.5, define all but the quantile residuals.
///
/// ```
/// use mle::Table;
/// use mle::glm::{Family, Glm};
/// # let xp = array_ndarray::namespace();
/// let table = Table::new().numbers("y", xp.asarray([1.0, 2.0, 6.0])?);
/// let model = Glm::new("y ~ 1", Family::Poisson)?;
/// let fitted = model.fitted(&table, &model.fit(&table)?)?;
/// assert!((fitted.means.at(0_isize)?.item::<f64>()? - 3.0).abs() < 1e-12);
/// assert!(fitted.deviance()?.at(0_isize)?.item::<f64>()? < 0.0);
/// // Each of three rows has a third of the only coefficient.
/// assert!((fitted.leverage()?.at(1_isize)?.item::<f64>()? - 1.0 / 3.0).abs() < 1e-12);
/// let quantile = fitted.quantile(Some(&xp.key(1)?))?;
/// assert!(quantile.at(2_isize)?.item::<f64>()? > 0.5);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The response as the family has it: shares, where it was given as counts of successes and failures.
    pub observed: Array,
    /// The means that the model gives.
    pub means: Array,
    /// The dispersion of the fit.
    pub dispersion: f64,
    rows: Rows,
    coefficients: Vec<f64>,
    family: Family,
    link: Link,
}

impl Glm {
    /// The rows of a table at a fit of this model: means, and all kinds of residuals.
    ///
    /// # Errors
    /// For names that the table does not have, values that are not finite, and a fit with other coefficients.
    pub fn fitted(&self, table: &Table, fit: &GlmFit) -> Result<Fitted> {
        let design = Design::new(&self.terms, table)?;
        let names: Vec<&str> = fit.fit.parameters.iter().map(|p| p.name.as_str()).collect();
        if design.names != names {
            let message = format!("the fit is of {}, the table gives {}", names.join(", "), design.names.join(", "));
            return Err(Error::value("glm", message));
        }
        let weights = self.row_weights(&design)?;
        let family = match (self.family, fit.theta) {
            (Family::NegativeBinomial { .. }, theta) => Family::NegativeBinomial { theta },
            (family, _) => family,
        };
        let rows = Rows { x: design.x, y: design.y, weights, offset: design.offset };
        let (link, coefficients, dispersion) = (self.link, fit.fit.estimates(), fit.dispersion);
        let means = rows.means(link, &coefficients)?;
        Ok(Fitted { observed: rows.y.clone(), means, dispersion, rows, coefficients, family, link })
    }
}

impl Fitted {
    /// `y - mu`.
    ///
    /// # Errors
    /// Of the operations, here and in the other functions.
    pub fn response(&self) -> Result<Array> {
        subtract(&self.observed, &self.means)
    }

    /// `(y - mu) sqrt(w / V)`: their squares add up to Pearson's statistic.
    ///
    /// # Errors
    /// Of the operations.
    pub fn pearson(&self) -> Result<Array> {
        let spread = sqrt((&self.rows.weights / self.family.variance(&self.means)?).ok()?)?;
        multiply(self.response()?, spread)
    }

    /// The roots of what each row adds to the deviance, with the sign of `y - mu`.
    ///
    /// # Errors
    /// Of the operations.
    pub fn deviance(&self) -> Result<Array> {
        // Rounding may leave less than nothing of a row that is fitted exactly.
        let squares = multiply(self.family.unit_deviance(&self.observed, &self.means)?, &self.rows.weights)?;
        multiply(sign(self.response()?)?, sqrt(maximum(squares, 0.0)?)?)
    }

    /// `(y - mu) g'(mu)` with the link `g`: the distances on the predictor's scale.
    ///
    /// # Errors
    /// Of the operations.
    pub fn working(&self) -> Result<Array> {
        let (_, slope) = self.link.inverse(&self.rows.predictor(&self.coefficients)?)?;
        divide(self.response()?, slope)
    }

    /// The diagonal of the hat matrix `W^1/2 X (X' W X)^-1 X' W^1/2` with scoring's weights `W`, as R's `hatvalues`: from 0
    /// to 1, their sum the number of coefficients. By QR, so that no digits are lost to nearly dependent columns.
    ///
    /// # Errors
    /// Of the operations.
    pub fn leverage(&self) -> Result<Array> {
        let weights = self.rows.working(&self.family, self.link, &self.coefficients)?;
        let q = qr(multiply(&self.rows.x, expand_dims(sqrt(weights)?, -1)?)?, ..)?.q;
        sum(square(q)?, 1)
    }

    /// [`pearson`](Fitted::pearson) over `sqrt(phi (1 - h))`: of variance 1 to first order. Not a number for a row of
    /// leverage `h` = 1, which is fitted exactly whatever its response.
    ///
    /// # Errors
    /// Of the operations.
    pub fn standardized_pearson(&self) -> Result<Array> {
        self.standardized(self.pearson()?)
    }

    /// [`deviance`](Fitted::deviance) over `sqrt(phi (1 - h))`, as R's `rstandard`; not a number as
    /// [`standardized_pearson`](Fitted::standardized_pearson).
    ///
    /// # Errors
    /// Of the operations.
    pub fn standardized_deviance(&self) -> Result<Array> {
        self.standardized(self.deviance()?)
    }

    fn standardized(&self, residuals: Array) -> Result<Array> {
        divide(residuals, standard_deviation(&self.leverage()?, self.dispersion)?)
    }

    /// Quantile residuals: the standard normal's quantile of the probability of responses up to `y`, so that under the true
    /// model they are normal whatever the family. Counts have steps there, within which a uniform number decides: a pure
    /// function of the key (Dunn and Smyth, "Randomized quantile residuals", 1996). Not a number for rows without weight.
    ///
    /// # Errors
    /// For a family of counts without a key, or with responses that are no whole numbers (of trials, for the binomial).
    pub fn quantile(&self, key: Option<&Array>) -> Result<Array> {
        let (y, mu, w) = (&self.observed, &self.means, &self.rows.weights);
        let precision = (w / self.dispersion).ok()?;
        let scores = match self.family {
            Family::Gaussian => multiply(self.response()?, sqrt(&precision)?)?,
            Family::Gamma => {
                let [lower, upper] = log_gamma_tails(&precision, &(&precision * y / mu).ok()?)?;
                normal_scores(&lower, &upper)?
            }
            Family::InverseGaussian => {
                let root = sqrt((&precision / y).ok()?)?;
                let (a, b) = ((&root * (y / mu - 1.0)).ok()?, (&root * (y / mu + 1.0)).ok()?);
                let second = (&precision / mu * 2.0 + log_normal_cdf(&negative(b)?)?).ok()?;
                let above = log_normal_cdf(&negative(&a)?)?;
                let upper = (&above + log1mexp(&subtract(&second, &above)?)?).ok()?;
                normal_scores(&logaddexp(log_normal_cdf(&a)?, second)?, &upper)?
            }
            Family::Binomial | Family::Poisson | Family::NegativeBinomial { .. } => self.randomized(key)?,
        };
        where_(equal(w, 0.0)?, f64::NAN, scores)
    }

    fn randomized(&self, key: Option<&Array>) -> Result<Array> {
        let y = &self.observed;
        let count = match self.family {
            Family::Binomial => multiply(y, &self.rows.weights)?,
            _ => y.clone(),
        };
        let whole = round(&count)?;
        let mut wrong = greater(array_api::abs(subtract(&whole, &count)?)?, (&whole * 1e-9 + 1e-9).ok()?)?;
        if self.family == Family::Binomial {
            let trials = &self.rows.weights;
            wrong = logical_or(wrong, array_api::not_equal(round(trials)?, trials)?)?;
        }
        let wrong = columns::count(&wrong)?;
        if wrong > 0 {
            let message = format!(
                "{wrong} of {} rows are no whole counts (of trials, for shares), so their responses have no \
                 probabilities and there are no quantile residuals",
                y.size()?
            );
            return Err(Error::value("quantile residuals", message));
        }
        let u = uniform_numbers(key, y)?;
        let [below, above_below] = self.count_tails(&subtract(&whole, 1.0)?)?;
        let [upto, above] = self.count_tails(&whole)?;
        let lower = (&below + &u * (&upto - &below)).ok()?;
        let upper = (&above + (1.0 - &u) * (&above_below - &above)).ok()?;
        normal_scores(&log(lower)?, &log(upper)?)
    }

    /// The probabilities of counts up to `k`, and above.
    fn count_tails(&self, k: &Array) -> Result<[Array; 2]> {
        let mu = &self.means;
        let none = less(k, 0.0)?;
        let next = (where_(&none, 0.0, k)? + 1.0).ok()?;
        let [lower, upper] = match self.family {
            Family::NegativeBinomial { theta } => {
                let theta = k.namespace().asarray(theta.unwrap_or(f64::INFINITY))?;
                let total = (mu + &theta).ok()?;
                log_beta_tails(&theta, &next, &(&theta / &total).ok()?, &(mu / &total).ok()?)?
            }
            Family::Binomial => {
                let rest = (&self.rows.weights - &next + 1.0).ok()?;
                let all = array_api::less_equal(&rest, 0.0)?;
                let [lower, upper] = log_beta_tails(&where_(&all, 1.0, rest)?, &next, &(1.0 - mu).ok()?, mu)?;
                [where_(&all, 0.0, lower)?, where_(&all, f64::NEG_INFINITY, upper)?]
            }
            _ => {
                let [upper, lower] = log_gamma_tails(&next, mu)?;
                [lower, upper]
            }
        };
        Ok([where_(&none, 0.0, exp(lower)?)?, where_(&none, 1.0, exp(upper)?)?])
    }
}

/// `sqrt(phi (1 - h))`, not a number where a row's leverage `h` leaves nothing.
pub(crate) fn standard_deviation(leverage: &Array, dispersion: f64) -> Result<Array> {
    let free = (1.0 - leverage).ok()?;
    let all = less(&free, 1e-10)?;
    sqrt((where_(all, f64::NAN, free)? * dispersion).ok()?)
}
