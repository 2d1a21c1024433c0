//! Mixtures of normal laws.
//!
//! Their likelihood has no largest value: a component that sits on one row and narrows makes it as large as one likes (Day,
//! "Estimating the components of a mixture of normal distributions", Biometrika 56, 1969). What is meant by the estimate is
//! the largest of the maxima inside, and the status says so. With one standard deviation for all components the likelihood
//! is bounded.

use array_api::{Array, Error, Result, log, logaddexp};

use super::mixture::Mixture;
use super::sample::Sample;
use super::symmetric::NORMAL;
use crate::columns;
use crate::fit::{Fit, IntervalMethod, StandardErrors};
use crate::problem::{Free, Problem, Wanted, check};
use crate::status::Status;
use crate::transform::Range;

/// A mixture of a number of normal laws, whose components come out by ascending mean.
///
/// ```
/// use mle::distribution::NormalMixture;
/// # let xp = array_ndarray::namespace();
/// let x = xp.asarray([0.1, -0.4, 0.3, 0.0, -0.1, 5.2, 4.7, 5.1, 4.9, 5.3])?;
/// let fit = NormalMixture::new(2)?.common_sd().fit(&x)?;
/// assert!(fit.status.is_converged());
/// assert!((fit.parameter("mean2").unwrap().estimate - 5.04).abs() < 1e-6);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NormalMixture {
    components: usize,
    common: bool,
    starts: usize,
    weights: Option<Array>,
    wanted: Wanted,
}

/// Steps of expectation and maximisation from each start; Newton's method ends what they begin.
const STEPS: usize = 200;
/// A standard deviation below this share of the data's is a component that collapses.
const COLLAPSED: f64 = 1e-3;

impl NormalMixture {
    /// A mixture of two components or more.
    ///
    /// # Errors
    /// For fewer than two.
    pub fn new(components: usize) -> Result<NormalMixture> {
        match components {
            0 | 1 => {
                Err(Error::value("mixture", format!("{components} components are no mixture; ask for two or more")))
            }
            _ => Ok(NormalMixture { components, common: false, starts: 20, weights: None, wanted: Wanted::default() }),
        }
    }

    /// One standard deviation for all components, which bounds the likelihood.
    pub fn common_sd(mut self) -> NormalMixture {
        self.common = true;
        self
    }

    /// Counts of the rows: a row of weight 3 is three rows.
    pub fn weights(mut self, weights: &Array) -> NormalMixture {
        self.weights = Some(weights.clone());
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> NormalMixture {
        self.wanted.level = level;
        self
    }

    /// How many random starts are made beside the one from quantiles, 20 if not given, and the seed of their draws.
    pub fn starts(mut self, starts: usize, seed: u64) -> NormalMixture {
        (self.starts, self.wanted.seed) = (starts, seed);
        self
    }

    /// Where standard errors come from, observed information if not given.
    pub fn standard_errors(mut self, source: StandardErrors) -> NormalMixture {
        self.wanted.standard_errors = source;
        self
    }

    /// How intervals are made, by Wald's method if not given.
    pub fn interval(mut self, method: IntervalMethod) -> NormalMixture {
        self.wanted.interval = method;
        self
    }

    /// Fits weights (`weight1` and so on, the last one being what is left), means and standard deviations.
    ///
    /// # Errors
    /// For values that are not finite or all the same, and fewer rows than parameters.
    pub fn fit(&self, values: &Array) -> Result<Fit> {
        check(&self.wanted)?;
        let x = columns::real("values", values)?;
        let (rows, k) = (x.size()?, self.components);
        let count = k - 1 + k + if self.common { 1 } else { k };
        if rows < count {
            return Err(Error::value("mixture", format!("{rows} rows cannot determine {count} parameters")));
        }
        let weights = self.weights.as_ref().map(|w| columns::weights(w, rows)).transpose()?;
        let sample = Sample::new(x.clone(), weights)?;
        let sd = sample.variance()?.sqrt();
        if sd == 0.0 || sample.min()? == sample.max()? {
            return Err(super::sample::constant("a mixture of normals", sample.min()?, rows));
        }
        let mut found: Vec<(f64, Components)> = vec![];
        let mut collapsed = 0;
        for means in self.means(&x)? {
            let start = Components { weights: vec![1.0 / k as f64; k], means, sds: vec![sd / k as f64; k] };
            match self.climb(&sample, start, sd)? {
                Some(end) => found.push(end),
                None => collapsed += 1,
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some((best, mut components)) = found.first().cloned() else {
            let message = format!(
                "from all {} starts a component collapsed onto a few rows; ask for fewer components, or for common_sd()",
                self.starts + 1
            );
            return Err(Error::value("mixture", message));
        };
        components.sort();
        let log_density = |p: &[Array]| self.log_density(&x, p);
        let problem = Problem {
            model: format!("mixture of {k} normals{}", if self.common { " of one standard deviation" } else { "" }),
            parameters: self.parameters(&components),
            rows: &log_density,
            weights: sample.weights.clone(),
            total: sample.total,
            composites: &[],
            xp: x.namespace(),
        };
        let mut fit = problem.solve(&self.wanted)?;
        fit.method = format!("expectation-maximisation, then {}", fit.method);
        fit.starts = self.starts + 1;
        fit.starts_agreeing = found.iter().filter(|(value, _)| best - value < 1e-4 * best.abs().max(1.0)).count();
        if fit.status == Status::Converged && !self.common {
            fit.status = Status::Unbounded;
            fit.reason = format!(
                "the likelihood has no bound where a component narrows onto one row ({collapsed} of {} starts went there); this \
                 is the largest maximum inside, and its standard errors are those of its curvature",
                self.starts + 1
            );
        }
        Ok(fit)
    }

    /// The mixture that a fit found.
    ///
    /// # Errors
    /// For a fit of another model.
    ///
    /// ```
    /// use mle::distribution::NormalMixture;
    /// # let xp = array_ndarray::namespace();
    /// let x = xp.asarray([0.1, -0.4, 0.3, 0.0, -0.1, 5.2, 4.7, 5.1, 4.9, 5.3])?;
    /// let mixture = NormalMixture::new(2)?.common_sd();
    /// let law = mixture.law(&mixture.fit(&x)?)?;
    /// assert!((law.mean() - 2.51).abs() < 1e-9);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn law(&self, fit: &Fit) -> Result<Mixture> {
        let value = |name: String| match fit.parameter(&name) {
            Some(p) => Ok(p.estimate),
            None => Err(Error::value("mixture", format!("the fit of {} has no parameter `{name}`", fit.model))),
        };
        let k = self.components;
        let mut weights = (1..k).map(|i| value(format!("weight{i}"))).collect::<Result<Vec<_>>>()?;
        weights.push(1.0 - weights.iter().sum::<f64>());
        let normal = super::Distribution::named("normal")?;
        let law = |i: usize| {
            let sd = if self.common { "sd".to_string() } else { format!("sd{i}") };
            normal.with(&[value(format!("mean{i}"))?, value(sd)?])
        };
        Mixture::new(&weights, &(1..=k).map(law).collect::<Result<Vec<_>>>()?)
    }

    /// Means to start from: quantiles in the middle of equal shares, and rows drawn at random.
    fn means(&self, x: &Array) -> Result<Vec<Vec<f64>>> {
        let (xp, k) = (x.namespace(), self.components);
        let shares: Vec<f64> = (0..k).map(|i| (i as f64 + 0.5) / k as f64).collect();
        let mut all = vec![array_api::quantile(x, array_api::Quantile::default().q(shares))?.to_vec::<f64>()?];
        if self.starts > 0 {
            let draws = array_api::Integers::default().shape([self.starts, k]).high(x.size()? as isize);
            let places = xp.integers(xp.key(self.wanted.seed)?, draws)?;
            let drawn = array_api::take(x, array_api::reshape(places, -1)?, 0)?.to_vec::<f64>()?;
            all.extend(drawn.chunks(k).map(<[f64]>::to_vec));
        }
        Ok(all)
    }

    /// Expectation and maximisation from a start; `None` where a component collapses.
    fn climb(&self, sample: &Sample, mut at: Components, sd: f64) -> Result<Option<(f64, Components)>> {
        let (x, n) = (&sample.x, sample.total);
        let xp = x.namespace();
        let mut before = f64::NEG_INFINITY;
        for _ in 0..STEPS {
            let column = |v: &[f64]| array_api::expand_dims(xp.asarray(v)?, -1);
            let logs: Vec<f64> = at.weights.iter().map(|w| w.ln()).collect();
            let parts = (NORMAL.log_prob)(x, &[column(&at.means)?, column(&at.sds)?])?;
            let parts = (parts + column(&logs)?).ok()?;
            let total = array_api::logsumexp(&parts, 0)?;
            let shares = array_api::exp((parts - &total).ok()?)?;
            let shares = match &sample.weights {
                Some(w) => array_api::multiply(shares, w)?,
                None => shares,
            };
            // Sums over the rows of the shares, and of the values and their squares by share.
            let moments = array_api::stack(vec![array_api::ones_like(x, ..)?, x.clone(), array_api::square(x)?], -1)?;
            let sums = array_api::matmul(&shares, moments)?.to_vec::<f64>()?;
            let value = sample.sum(&total)?;
            let mut variances = vec![];
            for (j, sums) in sums.chunks(3).enumerate() {
                (at.weights[j], at.means[j]) = (sums[0] / n, sums[1] / sums[0]);
                variances.push((sums[2] / sums[0] - at.means[j].powi(2)).max(0.0));
            }
            if self.common {
                let mean = variances.iter().zip(&at.weights).map(|(v, w)| v * w).sum::<f64>();
                variances = vec![mean; variances.len()];
            }
            at.sds = variances.iter().map(|v| v.sqrt()).collect();
            // Not true of what is not a number either.
            let proper = at.sds.iter().all(|s| *s > COLLAPSED * sd) && at.weights.iter().all(|w| *w > 0.0);
            if !proper || !value.is_finite() {
                return Ok(None);
            }
            if value - before < 1e-9 * value.abs().max(1.0) {
                break;
            }
            before = value;
        }
        Ok(Some((before, at)))
    }

    fn parameters(&self, components: &Components) -> Vec<Free> {
        let named = |kind: &str, i: usize, range: Range, start: f64| Free {
            name: format!("{kind}{}", i + 1),
            range,
            start,
            prior: None,
        };
        let k = self.components;
        let weights = (0..k - 1).map(|i| named("weight", i, Range::UNIT, components.weights[i]));
        let means = (0..k).map(|i| named("mean", i, Range::Real, components.means[i]));
        let mut all: Vec<Free> = weights.chain(means).collect();
        match self.common {
            true => all.push(Free { name: "sd".into(), range: Range::POSITIVE, start: components.sds[0], prior: None }),
            false => all.extend((0..k).map(|i| named("sd", i, Range::POSITIVE, components.sds[i]))),
        }
        all
    }

    fn log_density(&self, x: &Array, p: &[Array]) -> Result<Array> {
        let k = self.components;
        let mut rest = (&p[0] * -1.0 + 1.0).ok()?;
        for weight in &p[1..k - 1] {
            rest = (rest - weight).ok()?;
        }
        let mut sum: Option<Array> = None;
        for i in 0..k {
            let weight = if i + 1 < k { &p[i] } else { &rest };
            let sd = if self.common { &p[2 * k - 1] } else { &p[2 * k - 1 + i] };
            let part = ((NORMAL.log_prob)(x, &[p[k - 1 + i].clone(), sd.clone()])? + log(weight)?).ok()?;
            sum = Some(match sum {
                None => part,
                Some(sum) => logaddexp(sum, part)?,
            });
        }
        sum.ok_or_else(|| Error::value("mixture", "there are no components"))
    }
}

#[derive(Clone, Debug)]
struct Components {
    weights: Vec<f64>,
    means: Vec<f64>,
    sds: Vec<f64>,
}

impl Components {
    /// By ascending mean, since the likelihood does not know an order.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.means.len()).collect();
        order.sort_by(|&a, &b| self.means[a].total_cmp(&self.means[b]));
        for values in [&mut self.weights, &mut self.means, &mut self.sds] {
            *values = order.iter().map(|&i| values[i]).collect();
        }
    }
}
