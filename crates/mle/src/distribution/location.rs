//! Laws on the positive numbers whose location is free: the data begin where the likelihood says.
//!
//! How the density leaves its lower end decides what an estimate is worth (Smith, "Maximum likelihood estimation in a class of
//! nonregular cases", Biometrika 72, 1985). Where it rises like the power `k - 1` of the distance, an estimate inside is
//! regular for `k > 2` only; for `1 < k <= 2` the location converges faster than the square root and by another law, while the
//! others behave as if it were known; a density that starts with a jump has its maximum at the smallest value. Where `k < 1`
//! is possible, or shape and location together can make one value infinitely likely, the likelihood has no bound, and what is
//! meant is the largest maximum inside.

use array_api::{Array, Error, Result, subtract};

use super::data::{Censoring, Observed};
use super::family::Family;
use super::fitting::{Fitting, all, near_start};
use super::sample::{Sample, constant};
use crate::columns;
use crate::fit::{Fit, StandardErrors};
use crate::matrix::{self, Matrix};
use crate::problem::{Free, Problem, Wanted};
use crate::status::Status;
use crate::transform::Range;

/// The name of the parameter.
pub(super) const LOCATION: &str = "location";

/// How a density leaves its lower end.
#[derive(Clone, Copy)]
enum Rise {
    /// With a jump to this height, from where it falls.
    Jump(fn(&[f64]) -> f64),
    /// Like the distance to the power of this less one.
    Power(fn(&[f64]) -> f64),
    /// Slower than any power.
    Flat,
}

/// What a free location does to a family's likelihood.
struct Row {
    family: &'static str,
    rise: Rise,
    bounded: bool,
}

const fn row(family: &'static str, rise: Rise, bounded: bool) -> Row {
    Row { family, rise, bounded }
}

/// The families whose location is 0 unless freed.
static ROWS: &[Row] = &[
    row("exponential", Rise::Jump(|p| p[0]), true),
    row("half_normal", Rise::Jump(|p| (2.0 / std::f64::consts::PI).sqrt() / p[0]), true),
    row("half_cauchy", Rise::Jump(|p| 2.0 / (std::f64::consts::PI * p[0])), true),
    row("rayleigh", Rise::Power(|_| 2.0), true),
    // A value on the location is worth 1 / distance, the others the root of it each.
    row("inverse_gaussian", Rise::Flat, true),
    row("weibull", Rise::Power(|p| p[0]), false),
    row("gamma", Rise::Power(|p| p[0]), false),
    row("chi_squared", Rise::Power(|p| 0.5 * p[0]), false),
    row("f", Rise::Power(|p| 0.5 * p[0]), false),
    row("log_logistic", Rise::Power(|p| p[0]), false),
    row("burr12", Rise::Power(|p| p[0]), false),
    // Hill, "The three-parameter lognormal distribution and Bayesian analysis of a point-source epidemic", JASA 58, 1963.
    row("lognormal", Rise::Flat, false),
    // With the scale as the distance and a small shape, one value gains more than all others lose.
    row("inverse_gamma", Rise::Flat, false),
];

/// The smallest value's distances to start from, in standard deviations.
const DISTANCES: [f64; 7] = [0.02, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];
/// An end this near to the smallest value, in standard deviations, ran into the likelihood's pole.
const POLE: f64 = 1e-6;

fn of(family: &Family) -> Result<&'static Row> {
    ROWS.iter().find(|r| r.family == family.name).ok_or_else(|| {
        let known: Vec<_> = ROWS.iter().map(|r| r.family).collect();
        let message = format!(
            "{} has no location that could be freed or fixed beside its parameters; these have: {}",
            family.signature(),
            known.join(", ")
        );
        Error::value(family.name, message)
    })
}

/// Whether the family can be moved.
pub(super) fn check(family: &Family) -> Result<()> {
    of(family).map(|_| ())
}

/// A fit with the location held: of the values less it.
pub(super) fn fit_at(fitting: &Fitting, values: &Array, location: f64) -> Result<Fit> {
    check(fitting.family)?;
    if !location.is_finite() {
        return Err(Error::value(fitting.family.name, format!("the location is fixed at {location}")));
    }
    let mut inner = fitting.clone();
    inner.fixed.retain(|(name, _)| name != LOCATION);
    if let Censoring::Interval(upper) = &inner.censoring {
        inner.censoring = Censoring::Interval(subtract(upper, location)?);
    }
    inner.truncation = inner.truncation.map(|(low, high)| (low - location, high - location));
    let fit = inner.fit(&subtract(values, location)?);
    let mut fit =
        fit.map_err(|e| Error::new(e.kind(), e.operation(), format!("less the location {location}: {}", e.message())))?;
    fit.model = format!("{}, location {location}", fit.model);
    Ok(fit)
}

/// A fit of the location beside the others.
pub(super) fn fit_free(fitting: &Fitting, values: &Array) -> Result<Fit> {
    let family = fitting.family;
    let row = of(family)?;
    let declined = |what: &str| {
        let message = format!("{what} with a free location are not fitted: fix(\"{LOCATION}\", ..) or leave it at 0");
        Err(Error::value(family.name, message))
    };
    if fitting.truncation.is_some() {
        return declined("truncated values");
    }
    if let Censoring::Interval(_) = fitting.censoring {
        return declined("values known by their intervals");
    }
    let observed = Observed::new(family, values, &fitting.censoring, None)?;
    let rows = observed.x.size()?;
    let weights = fitting.weights.as_ref().map(|w| columns::weights(w, rows)).transpose()?;
    let sample = Sample::new(observed.x.clone(), weights)?;
    let (least, most) = (sample.min()?, sample.max()?);
    let count = family.parameters.len() + 1;
    if least == most {
        return Err(constant(&format!("{} with a free location", family.signature()), least, rows));
    }
    if rows <= count {
        let message = format!("{rows} rows cannot determine {count} parameters, one of which is where the data begin");
        return Err(Error::value(family.name, message));
    }
    match row.rise {
        Rise::Jump(height) => {
            if !observed.is_plain() {
                return declined("censored values of a density that starts with a jump");
            }
            at_the_least(fitting, values, &sample, least, height)
        }
        _ => inside(fitting, row, &observed, &sample, least),
    }
}

/// The location is the smallest value, the others are fitted to the distances from it.
fn at_the_least(
    fitting: &Fitting,
    values: &Array,
    sample: &Sample,
    least: f64,
    height: fn(&[f64]) -> f64,
) -> Result<Fit> {
    let family = fitting.family;
    let reason = "the data end at the location, which is the smallest value";
    fitting.only_wald(reason)?;
    if fitting.priors.iter().any(|(name, _)| name == LOCATION) {
        let message = format!("{reason}: with a prior of the location it may be another one, which is not searched");
        return Err(Error::value(family.name, message));
    }
    let mut inner = fitting.clone();
    inner.free_location = false;
    let fit = inner.fit(&subtract(values, least)?)?;
    if fit.status != Status::Converged {
        return Ok(fit);
    }
    let parameters = family.parameters.iter().map(|p| match fit.parameter(p.name) {
        Some(p) => p.estimate,
        None => fitting.fixed.iter().find(|(name, _)| name == p.name).map_or(f64::NAN, |(_, value)| *value),
    });
    let height = height(&parameters.collect::<Vec<_>>());
    let mut fit = add_location(fit, family, least);
    // The least of n values exceeds the location by an exponential variable of rate n f(location).
    let place = fit.parameters.len() - 1;
    fit.parameters[place].std_error = Some(1.0 / (sample.total * height));
    fit.covariance = None;
    fit.status = Status::NonRegular;
    fit.standard_errors = StandardErrors::SamplingLaw;
    fit.reason = format!(
        "{reason}: the limiting law of the smallest value, exponential; the others' errors as if it were known"
    );
    Ok(fit)
}

/// A fit to the distances, with the location as one more parameter.
fn add_location(mut fit: Fit, family: &Family, location: f64) -> Fit {
    let blank = crate::fit::blank("", "", &[LOCATION.to_string()], &[location]);
    fit.parameters.extend(blank.parameters);
    fit.model = signature(family);
    fit.free_parameters += 1;
    fit.with_criteria()
}

fn signature(family: &Family) -> String {
    let names: Vec<&str> = family.parameters.iter().map(|p| p.name).chain([LOCATION]).collect();
    format!("{}({})", family.name, names.join(", "))
}

/// The largest maximum whose location lies below all values.
fn inside(fitting: &Fitting, row: &Row, observed: &Observed, sample: &Sample, least: f64) -> Result<Fit> {
    let family = fitting.family;
    let regular = row.bounded && matches!(row.rise, Rise::Flat);
    if !regular {
        fitting.only_wald("with a free location its likelihood is not regular or has no bound")?;
    }
    let mut given = fitting.given()?;
    let sd = sample.variance()?.sqrt();
    // The location is the last parameter.
    given.push(f64::NAN);
    let rows = |p: &[Array]| {
        let p = all(p, &given)?;
        let (location, others) = p.split_last().ok_or_else(|| Error::value("fit", "there is no location"))?;
        observed.moved(location)?.log_likelihood(family, others)
    };
    let problem = |distance: f64| -> Result<Problem<'_>> {
        let start = near_start(family, &sample.map(|x| subtract(x, least - distance))?)?;
        let own = family.parameters.iter().enumerate().filter(|(i, _)| given[*i].is_nan());
        let prior = |name: &str| fitting.priors.iter().find(|(n, _)| n == name).map(|(_, law)| law.clone());
        let own =
            own.map(|(i, p)| Free { name: p.name.to_string(), range: p.range, start: start[i], prior: prior(p.name) });
        let location = Free {
            name: LOCATION.to_string(),
            range: Range::Below(least),
            start: least - distance,
            prior: prior(LOCATION),
        };
        Ok(Problem {
            model: signature(family),
            parameters: own.chain([location]).collect(),
            composites: &[],
            rows: &rows,
            weights: sample.weights.clone(),
            total: sample.total,
            xp: sample.x.namespace(),
        })
    };
    // Each start ends somewhere; the wishes of the user are for the best end.
    let plain = Wanted { limits: fitting.wanted.limits, scale: fitting.wanted.scale, ..Wanted::default() };
    let mut ends = vec![];
    for distance in DISTANCES.map(|d| d * sd) {
        let fit = problem(distance)?.solve(&plain)?;
        let location = fit.parameter(LOCATION).map_or(f64::NAN, |p| p.estimate);
        let value = fit.log_likelihood + fit.log_prior;
        if value.is_finite() && least - location > POLE * sd {
            ends.push((value, distance, fit));
        }
    }
    let starts = DISTANCES.len();
    ends.sort_by(|a, b| b.0.total_cmp(&a.0));
    let agreeing = ends.iter().filter(|e| (e.0 - ends[0].0).abs() <= 1e-8 * e.0.abs().max(1.0)).count();
    // An end that is no maximum may lie above one by rounding only.
    let converged = |e: &(f64, f64, Fit)| e.2.status.is_converged() && ends[0].0 - e.0 <= 1e-8 * e.0.abs().max(1.0);
    let Some((_, distance, fit)) = ends.iter().find(|e| converged(e)).or(ends.first()) else {
        let fit = problem(sd)?.solve(&plain)?;
        return Ok(at_the_pole(fit, starts));
    };
    let mut fit = match fitting.wanted.only_wald() && fitting.wanted.level == plain.level {
        true => fit.clone(),
        false => problem(*distance)?.solve(&fitting.wanted)?,
    };
    (fit.starts, fit.starts_agreeing) = (starts, agreeing);
    if !fit.status.is_converged() {
        let below = "the data show no end that this family could begin at";
        fit.reason = format!("{}; {below}", fit.reason);
        return Ok(fit);
    }
    let parameters = all_estimates(family, &fit, &given);
    let power = match row.rise {
        Rise::Power(power) => power(&parameters),
        _ => f64::INFINITY,
    };
    if power <= 2.0 {
        fit = without_location(fit, power)?;
        fit.status = Status::NonRegular;
        fit.reason = format!(
            "the density rises from its end like the power {:.3} of the distance, 1 or less: the information does not bound \
             the location's error; the others' are as if it were known",
            power - 1.0
        );
    }
    if !row.bounded {
        let errors = if power > 2.0 { "; its standard errors are those of its curvature" } else { "" };
        let more = if fit.reason.is_empty() { String::new() } else { format!("; {}", fit.reason) };
        fit.status = Status::Unbounded;
        fit.reason = format!(
            "the likelihood has no bound where the location comes near to the smallest value {least}; this is the largest \
             maximum inside{errors}{more}"
        );
    }
    Ok(fit)
}

/// What all starts that ran into the likelihood's pole leave.
fn at_the_pole(fit: Fit, starts: usize) -> Fit {
    let mut fit = fit.without_covariance("there is no maximum whose curvature could say anything");
    for p in &mut fit.parameters {
        (p.interval, p.p_value) = (None, None);
    }
    fit.status = Status::Unbounded;
    fit.reason = format!(
        "the likelihood grows without bound as the location comes near to the smallest value, and from {starts} starts no \
         maximum inside was found: these are no estimates"
    );
    (fit.starts, fit.starts_agreeing) = (starts, 0);
    fit
}

fn all_estimates(family: &Family, fit: &Fit, given: &[f64]) -> Vec<f64> {
    let one = |(p, g): (&super::family::Parameter, &f64)| fit.parameter(p.name).map_or(*g, |e| e.estimate);
    family.parameters.iter().zip(given).map(one).collect()
}

/// The others' standard errors where the location is held, and none for it.
fn without_location(mut fit: Fit, power: f64) -> Result<Fit> {
    let Some(covariance) = fit.covariance.take() else { return Ok(fit) };
    let k = covariance.len() - 1;
    let information = matrix::inverse_definite(&matrix::from_rows(&covariance)?);
    let held = information.map(|h| Matrix::from_fn(k, k, |i, j| h[(i, j)]));
    let inverse = held.and_then(|h| matrix::inverse_definite(&h));
    for (i, p) in fit.parameters.iter_mut().enumerate() {
        (p.interval, p.p_value) = (None, None);
        match (&inverse, i < k) {
            (Some(inverse), true) => p.std_error = Some(inverse[(i, i)].sqrt()),
            (None, true) => {
                (p.std_error, p.std_error_reason) = (None, Some("the Hessian is not definite at the estimate".into()));
            }
            (_, false) => {
                let reason =
                    format!("with a density that rises like the power {:.3} it has no information", power - 1.0);
                (p.std_error, p.std_error_reason) = (None, Some(reason));
            }
        }
    }
    Ok(fit)
}
