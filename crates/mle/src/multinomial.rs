//! Multinomial logit: regression of a category.

use array_api::{Array, Error, Result, concat, expand_dims, matmul, multiply, stack};

use crate::fit::{Estimate, Fit, StandardErrors};
use crate::glm::design::Design;
use crate::glm::scoring::Rows;
use crate::glm::terms::Terms;
use crate::glm::{Family, Link, Table};
use crate::matrix;
use crate::problem::{Free, Problem, Wanted, check};
use crate::status::Status;
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
        let expanded = Expanded { x: &design.x, chosen: &chosen };
        match expanded.separation(&problem, &fit, &self.wanted)? {
            None => Ok(fit),
            Some(direction) => Ok(separated(fit, &direction)),
        }
    }
}

fn separated(mut fit: Fit, direction: &str) -> Fit {
    fit.status = Status::Separation;
    fit.reason = format!(
        "the predictors separate the categories: the likelihood grows for ever along {direction}; the estimates are where it was left"
    );
    fit.parameters.iter_mut().for_each(|p| (p.interval, p.p_value) = (None, None));
    let why = format!("the fit ended with status `{}`, so its curvature means nothing", fit.status);
    fit.without_covariance(&why)
}

/// A standard error of a predictor's part above which the data may not determine it.
const VAGUE: f64 = 20.0;

/// The design, and for each category but the first whether a row has it.
struct Expanded<'a> {
    x: &'a Array,
    chosen: &'a [Array],
}

impl Expanded<'_> {
    /// The direction in which every row's own category gains on all others for ever, if there is one near to the fit's last
    /// step or to the estimates (Albert and Anderson 1984, section 2).
    fn separation(&self, problem: &Problem<'_>, fit: &Fit, wanted: &Wanted) -> Result<Option<String>> {
        let p = self.x.shape()?[1];
        let plain = Rows {
            x: self.x.clone(),
            y: self.chosen[0].clone(),
            weights: array_api::ones_like(&self.chosen[0], ..)?,
            offset: None,
        };
        let (sizes, _) = plain.column_sizes()?;
        let sure = |(j, e): (usize, &Estimate)| e.std_error.is_some_and(|se| se * sizes[j % p] < VAGUE);
        let estimates = fit.estimates();
        if fit.status.is_converged() && fit.parameters.iter().enumerate().all(sure)
            || estimates.iter().any(|b| !b.is_finite())
        {
            return Ok(None);
        }
        let rows = self.rows()?;
        let here = problem.objective(wanted.scale, false).curvature(&estimates)?;
        let step = matrix::inverse_definite(&here.hessian).map(|inverse| matrix::times(&inverse, &here.gradient));
        let step = step.map(|step| step.iter().map(|d| -d).collect::<Vec<f64>>());
        for direction in step.into_iter().chain([estimates]) {
            if let Some(found) = rows.separation(&Family::Binomial, Link::Logit, &direction)? {
                return Ok(Some(found.combination(&problem.names())));
            }
        }
        Ok(None)
    }

    /// A row for each row and category: how much the row's own category gains on that one. All of them are to gain.
    fn rows(&self) -> Result<Rows> {
        let mut blocks = vec![];
        for other in 0..=self.chosen.len() {
            let mut parts = vec![];
            for (k, chosen) in self.chosen.iter().enumerate() {
                let sign = (chosen - if k + 1 == other { 1.0 } else { 0.0 }).ok()?;
                parts.push(multiply(self.x, expand_dims(sign, -1)?)?);
            }
            blocks.push(concat(parts, 1)?);
        }
        let x = concat(blocks, 0)?;
        let ones = vec![array_api::ones_like(&self.chosen[0], ..)?; self.chosen.len() + 1];
        let ones = concat(ones, 0)?;
        Ok(Rows { x, y: ones.clone(), weights: ones, offset: None })
    }
}
