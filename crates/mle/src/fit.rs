//! The result of a fit: what was estimated, how sure that is, and what happened on the way.

use array_api::{Namespace, Result};
use serde::{Deserialize, Serialize};

use crate::inference::laws::{student_quantile, student_upper_tail};
use crate::matrix::{self, Eigen, Matrix};
use crate::status::Status;

/// Where standard errors come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StandardErrors {
    /// The inverse of the negative Hessian of the log-likelihood at the maximum.
    ObservedInformation,
    /// The inverse of the Hessian's expectation: Fisher's information.
    ExpectedInformation,
    /// The inverse of the negative Hessian on the scale without bounds, carried over to the parameters by the derivatives of
    /// the map: for shares and matrices, whose entries depend on each other, and for modes that were taken on that scale.
    DeltaMethod,
    /// `H^-1 (sum g g') H^-1`: right even where the model is not, for independent rows (Huber 1967, White 1980).
    Sandwich,
    /// The sandwich times `n / (n - p)`, which corrects its smallness for few rows (HC1; MacKinnon and White 1985).
    SandwichHc1,
    /// The spread of refits to rows drawn with replacement.
    Bootstrap,
    /// Residual variance with `n - p` degrees of freedom times `(J'J)^-1`, as in regression.
    LeastSquares,
    /// The exact or limiting law of an estimate whose likelihood is not regular.
    SamplingLaw,
    /// There are none; each estimate says why.
    None,
}

/// How an interval was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// Estimate plus and minus a quantile times the standard error, on the scale without bounds, so that the interval stays
    /// in the parameter's range.
    Wald,
    /// Where twice the loss in profile log-likelihood reaches the quantile of a chi-squared law.
    Profile,
    /// Quantiles of the refits to rows drawn with replacement.
    Bootstrap,
}

/// An interval and how it was made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end; the end of the parameter's range where the likelihood does not fall far enough.
    pub lower: f64,
    /// The upper end, as the lower one.
    pub upper: f64,
    /// The probability that it is to hold.
    pub level: f64,
    /// How it was made.
    pub method: IntervalMethod,
}

/// A parameter and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The parameter's name.
    pub name: String,
    /// Its value at the maximum, on the scale on which the model is written.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Why there is no standard error, or how it was had where that is not the fit's way.
    pub std_error_reason: Option<String>,
    /// The probability of an estimate this far from zero were the parameter zero, by the law of `statistic_degrees`.
    pub p_value: Option<f64>,
    /// An interval.
    pub interval: Option<Interval>,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The model, as `weibull(shape, scale)`.
    pub model: String,
    /// How the maximum was found.
    pub method: String,
    /// How that ended.
    pub status: Status,
    /// Why, and what can be done about it; empty where the fit converged without a remark.
    pub reason: String,
    /// The parameters, those that are fixed left out.
    pub parameters: Vec<Estimate>,
    /// Where the standard errors come from.
    pub standard_errors: StandardErrors,
    /// The covariance matrix of the estimates, in their order.
    pub covariance: Option<Vec<Vec<f64>>>,
    /// The degrees of freedom of Student's law that p-values and Wald intervals follow; absent for the normal law.
    pub statistic_degrees: Option<f64>,
    /// The log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// What the log-likelihood is the density of, where that is not the data themselves.
    pub likelihood_of: Option<String>,
    /// The prior's log density at the maximum: 0 without a prior.
    pub log_prior: f64,
    /// The scale on which the mode was taken: that matters where there is a prior.
    pub mode_scale: Option<String>,
    /// The rows, or the sum of their weights.
    pub observations: f64,
    /// The parameters that were estimated, a variance among them.
    pub free_parameters: usize,
    /// Akaike's information criterion, `2 k - 2 log L`.
    pub aic: f64,
    /// The same corrected for few rows, `aic + 2 k (k + 1) / (n - k - 1)`; absent where there are too few.
    pub aicc: Option<f64>,
    /// The Bayesian information criterion, `k log n - 2 log L`.
    pub bic: f64,
    /// How far the maximum of the quadratic through the last point is, in standard errors: `sqrt(g' H^-1 g)`; where the
    /// Hessian is not definite, the largest `|g_i| max(|x_i|, 1)` over `max(|log L|, 1)`. Zero for closed forms.
    pub gradient_norm: f64,
    /// The eigenvalues of the negative Hessian of the log-likelihood on the scale without bounds, ascending.
    pub hessian_eigenvalues: Vec<f64>,
    /// The ratio of the extreme eigenvalues of that matrix scaled to unit diagonal; absent where it is not definite.
    pub condition_number: Option<f64>,
    /// The steps of the optimiser; 0 for closed forms.
    pub iterations: usize,
    /// How many starts were made.
    pub starts: usize,
    /// How many of them ended at the same maximum.
    pub starts_agreeing: usize,
}

impl Fit {
    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Estimate> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// The estimates in order.
    pub fn estimates(&self) -> Vec<f64> {
        self.parameters.iter().map(|p| p.estimate).collect()
    }

    /// Computes the information criteria from log-likelihood, rows and parameters.
    pub(crate) fn with_criteria(mut self) -> Fit {
        let (k, n) = (self.free_parameters as f64, self.observations);
        self.aic = 2.0 * k - 2.0 * self.log_likelihood;
        self.aicc = (n - k - 1.0 > 0.0).then(|| self.aic + 2.0 * k * (k + 1.0) / (n - k - 1.0));
        self.bic = k * n.ln() - 2.0 * self.log_likelihood;
        self
    }

    /// Sets standard errors and covariance.
    pub(crate) fn with_covariance(mut self, covariance: &Matrix, source: StandardErrors) -> Fit {
        for (i, p) in self.parameters.iter_mut().enumerate() {
            let variance = covariance[(i, i)];
            match variance.is_finite() && variance >= 0.0 {
                true => (p.std_error, p.std_error_reason) = (Some(variance.sqrt()), None),
                false => p.std_error_reason = Some(format!("its variance came out as {variance}")),
            }
        }
        self.covariance = Some(matrix::rows(covariance));
        self.standard_errors = source;
        self
    }

    /// Leaves all standard errors out, for one reason.
    pub(crate) fn without_covariance(mut self, reason: &str) -> Fit {
        for p in &mut self.parameters {
            (p.std_error, p.std_error_reason) = (None, Some(reason.to_string()));
        }
        (self.covariance, self.standard_errors) = (None, StandardErrors::None);
        self
    }

    /// A p-value for each parameter that has a standard error, and a symmetric Wald interval where there is none yet.
    pub(crate) fn with_wald_intervals(mut self, xp: &Namespace, level: f64) -> Result<Fit> {
        let degrees = self.statistic_degrees.unwrap_or(f64::INFINITY);
        let z = student_quantile(xp, 0.5 + level / 2.0, degrees)?;
        for p in &mut self.parameters {
            let Some(se) = p.std_error else { continue };
            let ends = Interval {
                lower: p.estimate - z * se,
                upper: p.estimate + z * se,
                level,
                method: IntervalMethod::Wald,
            };
            p.interval = p.interval.or(Some(ends));
            if se > 0.0 {
                p.p_value = Some(2.0 * student_upper_tail(xp, (p.estimate / se).abs(), degrees)?);
            }
        }
        Ok(self)
    }
}

/// A fit of which nothing but the model is known: what the parts of the crate fill in.
pub(crate) fn blank(model: &str, method: &str, names: &[String], estimates: &[f64]) -> Fit {
    let parameters = names.iter().zip(estimates).map(|(name, &estimate)| Estimate {
        name: name.clone(),
        estimate,
        std_error: None,
        std_error_reason: None,
        p_value: None,
        interval: None,
    });
    Fit {
        model: model.to_string(),
        method: method.to_string(),
        status: Status::Converged,
        reason: String::new(),
        parameters: parameters.collect(),
        standard_errors: StandardErrors::None,
        covariance: None,
        statistic_degrees: None,
        log_likelihood: f64::NAN,
        likelihood_of: None,
        log_prior: 0.0,
        mode_scale: None,
        observations: 0.0,
        free_parameters: names.len(),
        aic: f64::NAN,
        aicc: None,
        bic: f64::NAN,
        gradient_norm: 0.0,
        hessian_eigenvalues: vec![],
        condition_number: None,
        iterations: 0,
        starts: 1,
        starts_agreeing: 1,
    }
}

/// What a Hessian of a negative log-likelihood says: its eigenvalues, and its condition with unit diagonal.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) eigenvalues: Vec<f64>,
    pub(crate) condition: Option<f64>,
    /// The direction that changes the function least, in units of each parameter's own curvature.
    pub(crate) flattest: Vec<f64>,
}

/// Below this share of the largest, an eigenvalue of the scaled Hessian is a direction that the data do not determine.
pub(crate) const FLAT: f64 = 1e-13;

impl Shape {
    pub(crate) fn of(hessian: &Matrix) -> Result<Shape> {
        let n = hessian.nrows();
        let eigenvalues = matrix::eigen(hessian)?.values;
        let scale: Vec<f64> = (0..n).map(|i| hessian[(i, i)].abs().sqrt()).collect();
        if scale.contains(&0.0) {
            let flattest = scale.iter().map(|&s| if s == 0.0 { 1.0 } else { 0.0 }).collect();
            return Ok(Shape { eigenvalues, condition: None, flattest });
        }
        let unit = Matrix::from_fn(n, n, |i, j| hessian[(i, j)] / scale[i] / scale[j]);
        let Eigen { values, vectors } = matrix::eigen(&unit)?;
        let (low, high) = (values.first().copied().unwrap_or(1.0), values.last().copied().unwrap_or(1.0));
        let condition = (low > FLAT * high).then_some(high / low);
        Ok(Shape { eigenvalues, condition, flattest: (0..n).map(|i| vectors[(i, 0)]).collect() })
    }

    /// The parameters that the flattest direction is made of.
    pub(crate) fn flat_names(&self, names: &[String]) -> String {
        let largest = self.flattest.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let named = self.flattest.iter().zip(names).filter(|(v, _)| v.abs() > 0.1 * largest);
        named.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}
