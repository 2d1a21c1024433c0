//! A likelihood with named parameters: what distributions, regressions and models of one's own have in common.

use array_api::{Array, Error, ErrorKind, Index, Namespace, Result, multiply};

use crate::differentiate::{Curvature, Differentiable, FiniteDifferences, Objective};
use crate::distribution::Law;
use crate::fit::{Fit, IntervalMethod, StandardErrors, blank};
use crate::inference::laws::{normal_quantile, normal_upper_tail};
use crate::inference::{bootstrap, profile, sandwich};
use crate::matrix::{self, Matrix};
use crate::optimize::{Limits, Optimum, newton};
use crate::status::Status;
use crate::transform::Range;

/// On which scale the mode of a posterior is taken: the density of a transformed parameter has another mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The density of the parameters as the model names them.
    Constrained,
    /// The density of the numbers without bounds that they are mapped from.
    Unconstrained,
}

/// A parameter of a problem.
#[derive(Clone, Debug)]
pub(crate) struct Free {
    pub(crate) name: String,
    pub(crate) range: Range,
    pub(crate) start: f64,
    pub(crate) prior: Option<Law>,
}

/// How a problem is solved and what is wanted of it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) level: f64,
    pub(crate) standard_errors: StandardErrors,
    pub(crate) interval: IntervalMethod,
    pub(crate) replicates: usize,
    pub(crate) seed: u64,
    pub(crate) limits: Limits,
    pub(crate) scale: Scale,
}

impl Wanted {
    /// Whether the observed information is all that is asked for.
    pub(crate) fn only_wald(&self) -> bool {
        self.interval == IntervalMethod::Wald && self.standard_errors == StandardErrors::ObservedInformation
    }
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            level: 0.95,
            standard_errors: StandardErrors::ObservedInformation,
            interval: IntervalMethod::Wald,
            replicates: 1000,
            seed: 0,
            limits: Limits::default(),
            scale: Scale::Constrained,
        }
    }
}

/// The logarithm of the density of each row, as a function of the parameters (arrays without axes, as they are named).
pub(crate) type Rows<'a> = dyn Fn(&[Array]) -> Result<Array> + 'a;

/// A likelihood to be maximised.
pub(crate) struct Problem<'a> {
    pub(crate) model: String,
    pub(crate) parameters: Vec<Free>,
    /// The contributions of the rows, or their sum.
    pub(crate) rows: &'a Rows<'a>,
    pub(crate) weights: Option<Array>,
    /// The rows, or the sum of their weights.
    pub(crate) total: f64,
    pub(crate) xp: Namespace,
}

impl Problem<'_> {
    pub(crate) fn names(&self) -> Vec<String> {
        self.parameters.iter().map(|p| p.name.clone()).collect()
    }

    /// A parameter's place in a vector.
    fn split(&self, vector: &Array) -> Result<Vec<Array>> {
        (0..self.parameters.len()).map(|i| vector.at(Index::At(i as isize))).collect()
    }

    /// The log-likelihood with these weights.
    pub(crate) fn log_likelihood(&self, parameters: &[Array], weights: Option<&Array>) -> Result<Array> {
        let rows = (self.rows)(parameters)?;
        match weights {
            Some(w) => multiply(rows, w)?.sum(..),
            None => rows.sum(..),
        }
    }

    pub(crate) fn log_prior(&self, parameters: &[Array]) -> Result<Option<Array>> {
        let mut sum: Option<Array> = None;
        for (free, value) in self.parameters.iter().zip(parameters) {
            if let Some(law) = &free.prior {
                let term = law.log_density(value)?;
                sum = Some(match sum {
                    Some(s) => (s + term).ok()?,
                    None => term,
                });
            }
        }
        Ok(sum)
    }

    /// What is minimised over numbers without bounds.
    pub(crate) fn cost(&self, u: &Array, weights: Option<&Array>, scale: Scale) -> Result<Array> {
        let us = self.split(u)?;
        let parameters: Vec<Array> =
            us.iter().zip(&self.parameters).map(|(u, p)| p.range.constrain(u)).collect::<Result<_>>()?;
        let mut sum = self.log_likelihood(&parameters, weights)?;
        if let Some(beside) = self.beside_rows(&us, &parameters, scale)? {
            sum = (sum + beside).ok()?;
        }
        array_api::negative(sum)
    }

    /// What is added to the log-likelihood of the rows: priors, and the scale's own density where the mode is taken there.
    fn beside_rows(&self, us: &[Array], parameters: &[Array], scale: Scale) -> Result<Option<Array>> {
        let mut sum = self.log_prior(parameters)?;
        if scale == Scale::Unconstrained {
            for (u, p) in us.iter().zip(&self.parameters) {
                let term = p.range.log_derivative(u)?;
                sum = Some(match sum {
                    Some(s) => (s + term).ok()?,
                    None => term,
                });
            }
        }
        Ok(sum)
    }

    /// The same at one point without bounds, zero where nothing is added.
    pub(crate) fn beside(&self, u: &[f64], scale: Scale) -> Result<f64> {
        let (us, parameters) = (self.xp.asarray(u)?, self.xp.asarray(self.constrained(u))?);
        match self.beside_rows(&self.split(&us)?, &self.split(&parameters)?, scale)? {
            Some(sum) => sum.item(),
            None => Ok(0.0),
        }
    }

    /// The rows' contributions at parameters in a vector, as they are named.
    pub(crate) fn contributions(&self, vector: &Array) -> Result<Array> {
        (self.rows)(&self.split(vector)?)
    }

    pub(crate) fn constrained(&self, u: &[f64]) -> Vec<f64> {
        u.iter().zip(&self.parameters).map(|(u, p)| p.range.constrain_number(*u)).collect()
    }

    /// The objective, differentiated where every operation has a derivative and by differences otherwise.
    pub(crate) fn objective<'s>(&'s self, scale: Scale, differences: bool) -> Box<dyn Objective + 's> {
        let f = move |u: &Array| self.cost(u, self.weights.as_ref(), scale);
        match differences {
            true => Box::new(FiniteDifferences::new(&self.xp, f)),
            false => Box::new(Differentiable::new(&self.xp, f)),
        }
    }

    /// Maximises the likelihood, or the posterior density where there are priors.
    pub(crate) fn solve(&self, wanted: &Wanted) -> Result<Fit> {
        let start: Vec<f64> = self.parameters.iter().map(|p| p.range.unconstrain(p.start)).collect();
        let (mut differences, mut method) = (false, "Newton with trust region");
        let found = match newton(&*self.objective(wanted.scale, false), &start, wanted.limits) {
            Err(e) if matches!(e.kind(), ErrorKind::NotImplemented | ErrorKind::Transform) => {
                (differences, method) = (true, "Newton with trust region, derivatives by finite differences");
                newton(&*self.objective(wanted.scale, true), &start, wanted.limits)?
            }
            found => found?,
        };
        let (optimum, curvature) = found;
        let mut fit = blank(&self.model, method, &self.names(), &self.constrained(&optimum.point));
        fit.observations = self.total;
        fit.iterations = optimum.iterations;
        let vector = self.xp.asarray(fit.estimates())?;
        let parameters = self.split(&vector)?;
        if let Some(prior) = self.log_prior(&parameters)? {
            fit.log_prior = prior.item()?;
            let scale = if wanted.scale == Scale::Constrained { "constrained" } else { "unconstrained" };
            fit.mode_scale = Some(scale.to_string());
        }
        fit.log_likelihood = self.log_likelihood(&parameters, self.weights.as_ref())?.item()?;
        let fit = self.judge(fit.with_criteria(), &optimum, &curvature, &start)?;
        self.uncertainty(fit, wanted, &optimum, differences)
    }

    fn judge(&self, mut fit: Fit, optimum: &Optimum, curvature: &Curvature, start: &[f64]) -> Result<Fit> {
        crate::judge::judge(self, &mut fit, optimum, curvature, start)?;
        Ok(fit)
    }

    /// Minus the Hessian of the log-likelihood (and prior) in the parameters as they are named.
    pub(crate) fn information(&self, estimates: &[f64], differences: bool) -> Result<Matrix> {
        let f = |x: &Array| {
            let parameters = self.split(x)?;
            let sum = self.log_likelihood(&parameters, self.weights.as_ref())?;
            let sum = match self.log_prior(&parameters)? {
                Some(prior) => (sum + prior).ok()?,
                None => sum,
            };
            array_api::negative(sum)
        };
        let curvature = match differences {
            true => FiniteDifferences::new(&self.xp, f).curvature(estimates)?,
            false => Differentiable::new(&self.xp, f).curvature(estimates)?,
        };
        Ok(curvature.hessian)
    }

    /// Standard errors and intervals of a fit at its maximum.
    pub(crate) fn uncertainty(&self, fit: Fit, wanted: &Wanted, optimum: &Optimum, differences: bool) -> Result<Fit> {
        if !fit.status.is_converged() {
            return match fit.status {
                Status::Boundary => self.around_boundary(fit, wanted, differences),
                status => {
                    let reason = format!("the fit ended with status `{status}`, so its curvature means nothing");
                    Ok(fit.without_covariance(&reason))
                }
            };
        }
        let information = self.information(&fit.estimates(), differences)?;
        let Some(inverse) = matrix::inverse_definite(&information) else {
            return Ok(fit.without_covariance("the Hessian is not definite at the estimate"));
        };
        let mut fit = match wanted.standard_errors {
            source @ (StandardErrors::Sandwich | StandardErrors::SandwichHc1) => {
                let covariance = sandwich::covariance(self, &fit.estimates(), &inverse, source)?;
                fit.with_covariance(&covariance, source)
            }
            _ => fit.with_covariance(&inverse, StandardErrors::ObservedInformation),
        };
        let bootstrap_wanted =
            wanted.standard_errors == StandardErrors::Bootstrap || wanted.interval == IntervalMethod::Bootstrap;
        if bootstrap_wanted {
            fit = bootstrap::add(self, fit, wanted, &optimum.point, differences)?;
        }
        if wanted.interval == IntervalMethod::Profile {
            fit = profile::add(self, fit, wanted, optimum, differences)?;
        }
        self.wald(fit, wanted.level)
    }

    /// The others' standard errors where one parameter lies at the end of its range and is held there.
    fn around_boundary(&self, fit: Fit, wanted: &Wanted, differences: bool) -> Result<Fit> {
        let at_end: Vec<bool> = fit.parameters.iter().map(|p| p.std_error_reason.is_some()).collect();
        let inside: Vec<usize> = (0..at_end.len()).filter(|&i| !at_end[i]).collect();
        if inside.is_empty() {
            return Ok(fit);
        }
        let information = self.information(&fit.estimates(), differences).ok();
        let rest = information
            .map(|h| Matrix::from_fn(inside.len(), inside.len(), |i, j| h[(inside[i], inside[j])]))
            .filter(|rest| matrix::rows(rest).iter().flatten().all(|v| v.is_finite()));
        let Some(inverse) = rest.and_then(|rest| matrix::inverse_definite(&rest)) else {
            return Ok(fit.without_covariance("a parameter lies at the end of its range"));
        };
        let mut fit = fit;
        for (k, &i) in inside.iter().enumerate() {
            fit.parameters[i].std_error = Some(inverse[(k, k)].sqrt());
        }
        fit.standard_errors = StandardErrors::ObservedInformation;
        self.wald(fit, wanted.level)
    }

    /// Wald intervals on the scale without bounds, and p-values, where there are none yet.
    pub(crate) fn wald(&self, mut fit: Fit, level: f64) -> Result<Fit> {
        let z = normal_quantile(0.5 + level / 2.0);
        for (p, free) in fit.parameters.iter_mut().zip(&self.parameters) {
            let (Some(se), None) = (p.std_error, &p.interval) else { continue };
            let (u, slope) = (free.range.unconstrain(p.estimate), free.range.derivative_at(p.estimate).abs());
            let ends = [u - z * se / slope, u + z * se / slope].map(|u| free.range.constrain_number(u));
            let (lower, upper) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            if lower.is_finite() && upper.is_finite() {
                p.interval = Some(crate::fit::Interval { lower, upper, level, method: IntervalMethod::Wald });
            }
        }
        // That a parameter is zero is a question only where it may be.
        for (p, free) in fit.parameters.iter_mut().zip(&self.parameters) {
            if let (Some(se), Range::Real) = (p.std_error, free.range) {
                p.p_value = Some(2.0 * normal_upper_tail((p.estimate / se).abs()));
            }
        }
        Ok(fit)
    }
}

/// What every fit of a problem checks about the wishes for it.
pub(crate) fn check(wanted: &Wanted) -> Result<()> {
    crate::nonlinear::check_level(wanted.level)?;
    if wanted.replicates < 2 {
        return Err(Error::value(
            "bootstrap",
            format!("{} replicates have no spread; ask for some hundreds", wanted.replicates),
        ));
    }
    if wanted.limits.iterations == 0 {
        return Err(Error::value("mle", "there must be at least one iteration"));
    }
    Ok(())
}
