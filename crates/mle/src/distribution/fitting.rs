//! Fits of distributions.

use std::sync::Arc;

use array_api::parallel::Workers;
use array_api::{Array, Error, Result};

use super::data::{Censoring, Observed};
use super::described;
use super::family::{Closed, Family, Regularity};
use super::law::Law;
use super::location;
use super::sample::{Sample, constant};
use crate::columns;
use crate::elsewhere::Elsewhere;
use crate::fit::{Fit, IntervalMethod, Shape, StandardErrors, blank};
use crate::matrix;
use crate::optimize::{Limits, Optimum, Stop, best_of, nelder_mead};
use crate::problem::{Free, Problem, Scale, Wanted, check};
use crate::status::Status;

/// A fit of a distribution with options; made by [`Distribution::fitting`](super::Distribution::fitting).
///
/// ```
/// use mle::distribution::{Censoring, Distribution};
/// # let xp = array_ndarray::namespace();
/// let hours = xp.asarray([3.0, 5.0, 8.0, 10.0, 10.0])?;
/// let still_running = xp.asarray([false, false, false, true, true])?;
/// let fit = Distribution::named("exponential")?.fitting().censored(Censoring::Right(still_running)).fit(&hours)?;
/// // Failures per hour: three in 36 hours.
/// assert!((fit.parameter("rate").unwrap().estimate - 3.0 / 36.0).abs() < 1e-9);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone)]
pub struct Fitting {
    pub(super) family: &'static Family,
    pub(super) weights: Option<Array>,
    pub(super) censoring: Censoring,
    pub(super) truncation: Option<(f64, f64)>,
    pub(super) fixed: Vec<(String, f64)>,
    pub(super) priors: Vec<(String, Law)>,
    pub(super) free_location: bool,
    pub(super) workers: Option<Arc<dyn Workers>>,
    pub(super) wanted: Wanted,
}

impl Fitting {
    pub(crate) fn new(family: &'static Family) -> Fitting {
        let (fixed, priors) = (vec![], vec![]);
        Fitting {
            family,
            weights: None,
            censoring: Censoring::None,
            truncation: None,
            fixed,
            priors,
            free_location: false,
            workers: None,
            wanted: Wanted::default(),
        }
    }

    /// Counts of the rows: a row of weight 3 is three rows.
    pub fn weights(mut self, weights: &Array) -> Fitting {
        self.weights = Some(weights.clone());
        self
    }

    /// How values were observed.
    pub fn censored(mut self, censoring: Censoring) -> Fitting {
        self.censoring = censoring;
        self
    }

    /// Values outside these limits could not be observed; either may be infinite.
    pub fn truncated(mut self, low: f64, high: f64) -> Fitting {
        self.truncation = Some((low, high));
        self
    }

    /// Frees the location of a law on the positive numbers, which is 0 otherwise (or where
    /// [`fix`](Fitting::fix)`("location", ..)` puts it): the last parameter, `location`.
    ///
    /// Such a likelihood is not regular, or has no bound, for most families; the status says so, and how standard errors were
    /// had.
    ///
    /// ```
    /// use mle::{Status, distribution::Distribution};
    /// # let xp = array_ndarray::namespace();
    /// let waits = xp.asarray([5.2, 5.9, 7.1, 5.4, 9.0, 6.3])?;
    /// let fit = Distribution::named("exponential")?.fitting().free_location().fit(&waits)?;
    /// assert_eq!(fit.status, Status::NonRegular);
    /// let location = fit.parameter("location").unwrap();
    /// assert_eq!(location.estimate, 5.2);
    /// // The least of six values lies above the location by 1 / (6 rate) on average.
    /// let rate = fit.parameter("rate").unwrap().estimate;
    /// assert!((location.std_error.unwrap() - 1.0 / (6.0 * rate)).abs() < 1e-12);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn free_location(mut self) -> Fitting {
        self.free_location = true;
        self
    }

    /// Holds a parameter at a value.
    pub fn fix(mut self, parameter: &str, value: f64) -> Fitting {
        self.fixed.push((parameter.to_string(), value));
        self
    }

    /// A prior of a parameter: the fit is then the mode of the posterior density.
    pub fn prior(mut self, parameter: &str, law: Law) -> Fitting {
        self.priors.push((parameter.to_string(), law));
        self
    }

    /// The scale on which the mode is taken where there are priors, that of the parameters if not given.
    pub fn mode_scale(mut self, scale: Scale) -> Fitting {
        self.wanted.scale = scale;
        self
    }

    /// Where standard errors come from, observed information if not given.
    pub fn standard_errors(mut self, source: StandardErrors) -> Fitting {
        self.wanted.standard_errors = source;
        self
    }

    /// How intervals are made, by Wald's method if not given.
    pub fn interval(mut self, method: IntervalMethod) -> Fitting {
        self.wanted.interval = method;
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> Fitting {
        self.wanted.level = level;
        self
    }

    /// How many refits a bootstrap makes, 1000 if not given, and the seed of their draws.
    pub fn bootstrap(mut self, replicates: usize, seed: u64) -> Fitting {
        (self.wanted.replicates, self.wanted.seed) = (replicates, seed);
        self
    }

    /// Has workers elsewhere make the refits of a bootstrap, and the searches of a likelihood with corners, to the same bits.
    ///
    /// With a [free location](Fitting::free_location) they are made here.
    pub fn on(mut self, workers: Arc<dyn Workers>) -> Fitting {
        self.workers = Some(workers);
        self
    }

    /// Limits of the optimiser.
    pub fn limits(mut self, limits: Limits) -> Fitting {
        self.wanted.limits = limits;
        self
    }

    /// Fits the free parameters to a vector of values; with [`Censoring::Interval`], of lower ends.
    ///
    /// # Errors
    /// For values that are not finite or outside the support, values that are all the same where that leaves the likelihood
    /// without bound, names that the family does not have, and limits or levels that make no sense.
    pub fn fit(&self, values: &Array) -> Result<Fit> {
        check(&self.wanted)?;
        let fixed = self.fixed.iter().rev().find(|(name, _)| name == location::LOCATION);
        match (self.free_location, fixed) {
            _ if self.family.parameters.iter().any(|p| p.name == location::LOCATION) && !self.free_location => {}
            (true, Some((_, value))) => {
                let message = format!("the location is both free and fixed at {value}");
                return Err(Error::value(self.family.name, message));
            }
            (true, None) => return location::fit_free(self, values),
            (false, Some((_, value))) => return location::fit_at(self, values, *value),
            (false, None) => {}
        }
        let (given, observed, sample) = self.seen(values)?;
        let rows = observed.x.size()?;
        if let Some(workers) = &self.workers {
            let mut told = self.clone();
            told.workers = None;
            if self.family.corners.is_some() || !self.wanted.only_wald() {
                let shared = described::written(self, values)?.into();
                told.wanted.elsewhere = Some(Elsewhere { workers: workers.clone(), shared });
            }
            return told.fit(values);
        }
        let free = given.iter().filter(|g| g.is_nan()).count();
        if free == 0 {
            return Err(Error::value("fit", format!("all parameters of {} are fixed", self.family.signature())));
        }
        let no_spread = || -> Result<()> {
            let (low, high) = (sample.min()?, sample.max()?);
            let all = self.family.needs_spread && free == given.len() && self.priors.is_empty();
            if all && low == high { Err(constant(&self.family.signature(), low, rows)) } else { Ok(()) }
        };
        let only_given = self.family.parameters.iter().zip(&given).all(|(p, g)| p.given || g.is_nan());
        match self.family.closed {
            Some(closed) if observed.is_plain() && only_given && self.priors.is_empty() => {
                let closed = closed(&sample, &given)?;
                // What has no spread shows in the estimates, so other data need no search for their extremes.
                let proper = |(p, e): (&super::family::Parameter, &f64)| p.range.contains(*e);
                if !self.family.parameters.iter().zip(&closed.estimates).all(proper)
                    || matches!(closed.regularity, Regularity::Not { .. })
                {
                    no_spread()?;
                }
                self.closed(&observed, &sample, &given, closed)
            }
            _ => {
                no_spread()?;
                self.search(&observed, &sample, &given)
            }
        }
    }

    /// The fixed parameters, and the data as the likelihood takes them.
    fn seen(&self, values: &Array) -> Result<(Vec<f64>, Observed, Sample)> {
        let given = self.given()?;
        let observed = Observed::new(self.family, values, &self.censoring, self.truncation)?;
        observed.check(self.family, &given)?;
        let rows = observed.x.size()?;
        let weights = self.weights.as_ref().map(|w| columns::weights(w, rows)).transpose()?;
        let sample = Sample::new(observed.x.clone(), weights)?.with_sum(observed.sum);
        Ok((given, observed, sample))
    }

    /// A function of the likelihood and of what is wanted of it.
    pub(crate) fn with_problem<T>(
        &self,
        values: &Array,
        f: impl FnOnce(&Problem<'_>, &Wanted) -> Result<T>,
    ) -> Result<T> {
        let (given, observed, sample) = self.seen(values)?;
        let start = near_start(self.family, &sample)?;
        let rows = |p: &[Array]| observed.log_likelihood(self.family, &all(p, &given)?);
        let problem = self.problem(&sample, &given, &start, &rows);
        f(&problem, &problem.settled(&self.wanted))
    }

    /// The search of a likelihood with corners from one start.
    pub(crate) fn search_from(&self, values: &Array, start: &[f64]) -> Result<Optimum> {
        self.with_problem(values, |problem, _| match start.len() == problem.parameters.len() {
            true => self.simplexes(problem, start),
            false => Err(Error::value("fit", format!("a start of {} numbers is of another fit", start.len()))),
        })
    }

    /// The fixed parameters, and not a number for those that are free.
    pub(super) fn given(&self) -> Result<Vec<f64>> {
        let family = self.family;
        let mut given = vec![f64::NAN; family.parameters.len()];
        let place = |name: &str| family.parameters.iter().position(|p| p.name == name);
        let unknown = |name: &str| Error::value("fit", format!("{} has no parameter `{name}`", family.signature()));
        for (name, value) in &self.fixed {
            let i = place(name).ok_or_else(|| unknown(name))?;
            if !family.parameters[i].range.contains(*value) {
                let message = format!("{name} is fixed at {value}, but must lie in {}", family.parameters[i].range);
                return Err(Error::value(family.name, message));
            }
            given[i] = *value;
        }
        let own = |name: &str| name != location::LOCATION || !self.free_location;
        for (name, law) in self.priors.iter().filter(|(name, _)| own(name)) {
            let i = place(name).ok_or_else(|| unknown(name))?;
            if given[i].is_finite() {
                return Err(Error::value("fit", format!("`{name}` is fixed, so its prior {law:?} says nothing")));
            }
        }
        match family.parameters.iter().zip(&given).find(|(p, g)| p.given && g.is_nan()) {
            Some((p, _)) => {
                let message = format!("`{}` is not estimated; give its value with fix(\"{}\", ..)", p.name, p.name);
                Err(Error::value(family.name, message))
            }
            None => Ok(given),
        }
    }

    fn problem<'p>(
        &self,
        sample: &Sample,
        given: &[f64],
        start: &[f64],
        rows: &'p crate::problem::Rows<'p>,
    ) -> Problem<'p> {
        let free = self.family.parameters.iter().enumerate().filter(|(i, _)| given[*i].is_nan());
        let parameters = free.map(|(i, p)| Free {
            name: p.name.to_string(),
            range: p.range,
            start: start[i],
            prior: self.priors.iter().find(|(name, _)| name == p.name).map(|(_, law)| law.clone()),
        });
        Problem {
            model: self.family.signature(),
            parameters: parameters.collect(),
            composites: &[],
            rows,
            weights: sample.weights.clone(),
            total: sample.total,
            xp: sample.x.namespace(),
        }
    }

    fn search(&self, observed: &Observed, sample: &Sample, given: &[f64]) -> Result<Fit> {
        let start = near_start(self.family, sample)?;
        let rows = |p: &[Array]| observed.log_likelihood(self.family, &all(p, given)?);
        let problem = self.problem(sample, given, &start, &rows);
        match self.family.corners {
            Some(reason) => self.by_values(&problem, sample, reason),
            None => problem.solve(&self.wanted),
        }
    }

    /// Simplexes from one start, each begun again where it ended until that changes nothing.
    fn simplexes(&self, problem: &Problem<'_>, start: &[f64]) -> Result<Optimum> {
        let cost = |x: &[f64]| -> Result<f64> {
            let value =
                problem.cost(&problem.xp.asarray(x)?, problem.weights.as_ref(), self.wanted.scale)?.item::<f64>()?;
            // Outside its support a density is not less likely but impossible.
            Ok(if value.is_finite() { value } else { f64::INFINITY })
        };
        let mut best = nelder_mead(cost, start, self.wanted.limits)?;
        for _ in 0..20 {
            let again = nelder_mead(cost, &best.point, self.wanted.limits)?;
            let better = again.value < best.value - 1e-12 * best.value.abs().max(1.0);
            let iterations = best.iterations + again.iterations;
            best = Optimum { iterations, ..if again.value < best.value { again } else { best } };
            if !better {
                break;
            }
        }
        Ok(best)
    }

    /// The largest of a likelihood with corners: by simplexes from several starts.
    fn by_values(&self, problem: &Problem<'_>, sample: &Sample, reason: &str) -> Result<Fit> {
        self.only_wald(reason)?;
        let first: Vec<f64> = problem.parameters.iter().map(|p| p.range.unconstrain(p.start)).collect();
        let mut starts = vec![first.clone()];
        for share in [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95] {
            let mut start = first.clone();
            if let Some(i) = problem.parameters.iter().position(|p| p.name == "mode") {
                start[i] = sample.quantile(share)?;
                starts.push(start);
            }
        }
        // Values that are only known to lie beyond the least or the largest are impossible where the law ends there.
        let wide = 0.5 * (sample.max()? - sample.min()?);
        let outward = |p: &Free| match p.name.as_str() {
            "min" => -wide,
            "max" => wide,
            _ => 0.0,
        };
        if problem.parameters.iter().any(|p| outward(p) != 0.0) {
            starts.push(first.iter().zip(&problem.parameters).map(|(x, p)| x + outward(p)).collect());
        }
        let ends = match &self.wanted.elsewhere {
            Some(elsewhere) => elsewhere.searches(&starts)?,
            None => starts.iter().map(|start| self.simplexes(problem, start)).collect::<Result<_>>()?,
        };
        let Some(best) = best_of(ends) else {
            return Err(Error::value("fit", "there is nowhere to start"));
        };
        let estimates = problem.constrained(&best.optimum.point);
        let mut fit = blank(&problem.model, "Nelder-Mead from several starts", &problem.names(), &estimates);
        fit.observations = sample.total;
        fit.log_likelihood = -best.optimum.value;
        if let Some(prior) =
            problem.log_prior(&estimates.iter().map(|&e| problem.xp.asarray(e)).collect::<Result<Vec<_>>>()?)?
        {
            fit.log_prior = prior.item()?;
            fit.log_likelihood -= fit.log_prior;
        }
        fit.iterations = best.optimum.iterations;
        (fit.starts, fit.starts_agreeing) = (best.starts, best.agreeing);
        let mut fit = fit.with_criteria();
        (fit.status, fit.reason) = match best.optimum.stop {
            Stop::Converged => (Status::NonRegular, reason.to_string()),
            Stop::Undefined => (Status::Diverged, "the likelihood is not finite at any start".to_string()),
            _ => (Status::IterationLimit, format!("{} iterations were not enough; allow more", fit.iterations)),
        };
        Ok(fit.without_covariance(&format!("{reason}: the curvature says nothing")))
    }

    /// Refuses what rests on a smooth likelihood.
    pub(super) fn only_wald(&self, reason: &str) -> Result<()> {
        if self.wanted.only_wald() {
            return Ok(());
        }
        let wish = if self.wanted.interval == IntervalMethod::Profile { "profile" } else { "bootstrap or sandwich" };
        Err(Error::value("fit", format!("a {wish} of {} would be wrong: {reason}", self.family.name)))
    }

    fn closed(&self, observed: &Observed, sample: &Sample, given: &[f64], closed: Closed) -> Result<Fit> {
        let free: Vec<usize> = (0..given.len()).filter(|&i| given[i].is_nan()).collect();
        let estimates: Vec<f64> = free.iter().map(|&i| closed.estimates[i]).collect();
        let rows = |p: &[Array]| observed.log_likelihood(self.family, &all(p, given)?);
        let problem = self.problem(sample, given, &closed.estimates, &rows);
        let mut fit = blank(&problem.model, "closed form", &problem.names(), &estimates);
        fit.observations = sample.total;
        fit.log_likelihood = match closed.regularity {
            Regularity::Known { log_likelihood, .. } => log_likelihood,
            _ => {
                let arrays = estimates.iter().map(|&e| problem.xp.asarray(e)).collect::<Result<Vec<_>>>()?;
                problem.log_likelihood(&arrays, problem.weights.as_ref())?.item()?
            }
        };
        let fit = fit.with_criteria();
        if let Some(i) = (0..free.len()).find(|&i| !problem.parameters[i].range.contains(estimates[i])) {
            let p = &problem.parameters[i];
            let mut fit = fit.without_covariance("the estimate lies at the end of its range");
            fit.status = Status::Boundary;
            fit.reason = format!("`{}` is {}, at the end of its range {}", p.name, estimates[i], p.range);
            return Ok(fit);
        }
        match closed.regularity {
            Regularity::Known { variances, .. } if self.wanted.only_wald() => {
                let mut fit = fit;
                let slopes = estimates.iter().zip(&problem.parameters).map(|(e, p)| p.range.derivative_at(*e));
                let mut curvatures: Vec<f64> = variances.iter().zip(slopes).map(|(v, d)| d * d / v).collect();
                curvatures.sort_by(f64::total_cmp);
                // Uncorrelated estimates: with unit diagonal, the Hessian is the identity.
                (fit.hessian_eigenvalues, fit.condition_number) = (curvatures, Some(1.0));
                let p = variances.len();
                let covariance = matrix::Matrix::from_fn(p, p, |i, j| if i == j { variances[i] } else { 0.0 });
                problem.wald(fit.with_covariance(&covariance, StandardErrors::ObservedInformation), self.wanted.level)
            }
            Regularity::Regular | Regularity::Known { .. } => {
                let mut fit = fit;
                let u: Vec<f64> =
                    estimates.iter().zip(&problem.parameters).map(|(e, p)| p.range.unconstrain(*e)).collect();
                let curvature = problem.objective(self.wanted.scale, false).curvature(&u)?;
                let shape = Shape::of(&curvature.hessian)?;
                (fit.hessian_eigenvalues, fit.condition_number) = (shape.eigenvalues, shape.condition);
                let optimum = Optimum {
                    point: u,
                    value: curvature.value,
                    gradient: curvature.gradient,
                    iterations: 0,
                    stop: Stop::Converged,
                };
                problem.uncertainty(fit, &self.wanted, &optimum, false)
            }
            Regularity::Not { std_errors, reason } => self.not_regular(fit, std_errors, reason, &problem),
        }
    }

    fn not_regular(
        &self,
        mut fit: Fit,
        std_errors: Vec<Option<f64>>,
        reason: &str,
        problem: &Problem<'_>,
    ) -> Result<Fit> {
        fit.status = Status::NonRegular;
        fit.reason = reason.to_string();
        fit.standard_errors = StandardErrors::SamplingLaw;
        for (p, se) in fit.parameters.iter_mut().zip(std_errors) {
            p.std_error = se;
            p.std_error_reason = match se {
                Some(_) => None,
                None => Some("its sampling law has no variance".to_string()),
            };
        }
        self.only_wald(reason)?;
        let level = self.wanted.level;
        fit.with_wald_intervals(&problem.xp, level)
    }
}

/// Parameters near the estimate, inside their ranges.
pub(super) fn near_start(family: &Family, sample: &Sample) -> Result<Vec<f64>> {
    let mut start = (family.start)(sample)?;
    for (s, p) in start.iter_mut().zip(family.parameters) {
        if !p.range.contains(*s) {
            // Data without spread or at an end of the support leave nothing better.
            *s = match p.range.bounds() {
                (low, high) if low.is_finite() && high.is_finite() => 0.5 * (low + high),
                (low, _) if low.is_finite() => low + 1.0,
                _ => 0.0,
            };
        }
    }
    Ok(start)
}

/// All parameters, from the free ones and those that are given.
pub(super) fn all(free: &[Array], given: &[f64]) -> Result<Vec<Array>> {
    let Some(xp) = free.first().map(Array::namespace) else {
        return Err(Error::value("fit", "there are no free parameters"));
    };
    let mut free = free.iter();
    let short = || Error::value("fit", "there are fewer parameters than the family has");
    let one = |g: &f64| if g.is_nan() { free.next().cloned().ok_or_else(short) } else { xp.asarray(*g) };
    given.iter().map(one).collect()
}
