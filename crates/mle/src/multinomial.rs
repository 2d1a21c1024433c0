//! Multinomial logit: regression of a category.

use array_api::{Array, Error, Result, matmul, stack};

use crate::fit::{Fit, StandardErrors};
use crate::glm::Table;
use crate::glm::design::Design;
use crate::glm::terms::Terms;
use crate::matrix;
use crate::problem::{Free, Problem, Wanted, check};
use crate::transform::Range;

/// A regression of a category: the logarithm of each category's probability over the first one's is linear.
///
/// ```
/// use mle::{Table, multinomial::MultinomialLogit};
/// # let xp = array_ndarray::namespace();
/// let table = Table::new()
///     .numbers("x", xp.asarray([0.1, 0.4, 0.5, 0.9, 1.2, 1.3, 1.7, 2.1])?)
///     .labels(&xp, "colour", &["blue", "green", "blue", "green", "blue", "red", "green", "red"])?;
/// let fit = MultinomialLogit::new("colour ~ x")?.fit(&table)?;
/// assert!(fit.status.is_converged());
/// assert_eq!(fit.parameters[0].name, "green:(Intercept)");
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MultinomialLogit {
    formula: String,
    response: String,
    terms: Terms,
    wanted: Wanted,
}

impl MultinomialLogit {
    /// A regression of the column of labels, or of numbers taken as categories, that stands before the `~`.
    ///
    /// # Errors
    /// Of the formula, with the column of what is not understood.
    pub fn new(formula: &str) -> Result<MultinomialLogit> {
        let terms = Terms::parse(formula)?;
        let response = formula.split('~').next().unwrap_or_default().trim().to_string();
        Ok(MultinomialLogit { formula: formula.to_string(), response, terms, wanted: Wanted::default() })
    }

    /// Where standard errors come from, observed information if not given.
    pub fn standard_errors(mut self, source: StandardErrors) -> MultinomialLogit {
        self.wanted.standard_errors = source;
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> MultinomialLogit {
        self.wanted.level = level;
        self
    }

    /// Maximises the likelihood. Parameters are named after category and column, as `red:x`.
    ///
    /// # Errors
    /// For names that the table does not have, values that are not finite, one category only, fewer rows than parameters.
    pub fn fit(&self, table: &Table) -> Result<Fit> {
        check(&self.wanted)?;
        let (codes, levels) = table.categories(&self.response)?;
        if levels.len() < 2 {
            let message = format!("`{}` has one category only, so there is nothing to tell apart", self.response);
            return Err(Error::value("multinomial logit", message));
        }
        // The design does not hang on the response, whose place the codes take.
        let design = Design::of(&self.terms, table, &codes, &self.response)?;
        if design.offset.is_some() {
            return Err(Error::value("multinomial logit", "an offset is not understood here"));
        }
        let (rows, p, others) = (codes.size()?, design.names.len(), levels.len() - 1);
        if rows < p * others {
            return Err(Error::value(
                "multinomial logit",
                format!("{rows} rows cannot determine {} parameters", p * others),
            ));
        }
        let chosen = (1..=others)
            .map(|k| array_api::astype(array_api::equal(&codes, k as f64)?, array_api::DType::Float64))
            .collect::<Result<Vec<_>>>()?;
        let log_probability = |b: &[Array]| -> Result<Array> {
            let zero = array_api::zeros_like(&codes, ..)?;
            let (mut own, mut total) = (zero.clone(), zero);
            for (k, chosen) in chosen.iter().enumerate() {
                let eta = matmul(&design.x, stack(b[k * p..(k + 1) * p].to_vec(), 0)?)?;
                own = (own + chosen * &eta).ok()?;
                total = array_api::logaddexp(total, eta)?;
            }
            (own - total).ok()
        };
        let name = |k: usize, j: usize| format!("{}:{}", levels[k], design.names[j]);
        let free = |(k, j): (usize, usize)| Free { name: name(k, j), range: Range::Real, start: 0.0, prior: None };
        let problem = Problem {
            model: format!("{}, multinomial logit against {}", self.formula, levels[0]),
            parameters: (1..=others).flat_map(|k| (0..p).map(move |j| (k, j))).map(free).collect(),
            composites: &[],
            rows: &log_probability,
            weights: None,
            total: rows as f64,
            xp: codes.namespace(),
        };
        let fit = problem.solve(&self.wanted)?;
        self.separated(fit, &design, &codes, others)
    }

    /// A likelihood that grows for ever along a direction has a Hessian that vanishes there: the categories are separated, if
    /// the columns are independent.
    fn separated(&self, mut fit: Fit, design: &Design, codes: &Array, others: usize) -> Result<Fit> {
        let largest = fit.estimates().iter().fold(0.0_f64, |m, b| m.max(b.abs()));
        if fit.status.is_converged() || !largest.is_finite() || fit.log_likelihood < -1e-3 * codes.size()? as f64 {
            return Ok(fit);
        }
        let gram = matrix::read(&matmul(array_api::matrix_transpose(&design.x)?, &design.x)?)?;
        if matrix::inverse_definite(&gram).is_some() {
            fit.status = crate::Status::Separation;
            fit.reason = format!(
                "the predictors separate the {} categories: the likelihood grows for ever; the estimates are where it was left",
                others + 1
            );
        }
        Ok(fit)
    }
}
