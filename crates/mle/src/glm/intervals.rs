//! Intervals of coefficients beyond Wald's: by the profile of the likelihood, and by refits to rows drawn with replacement.

use array_api::{Array, Error, Index, Result, index, take};

use super::family::Family;
use super::scoring::{Ended, Rows, State};
use super::{Dispersion, Glm, theta};
use crate::fit::{Fit, IntervalMethod, StandardErrors};
use crate::inference::bootstrap;
use crate::inference::laws::{chi_squared_quantile, student_quantile};
use crate::inference::profile::{crossing, on_both_sides};

/// A maximum: the family with its parameter, the state, and the dispersion that likelihoods are taken at.
pub(super) struct Maximum<'m> {
    pub(super) family: &'m Family,
    pub(super) state: &'m State,
    pub(super) likelihood_dispersion: f64,
    /// The dispersion that standard errors contain.
    pub(super) dispersion: f64,
    /// Rows less coefficients.
    pub(super) freedom: f64,
}

/// The model with one coefficient held: the other columns, and its own, which joins the offset.
struct Held<'r> {
    rows: &'r Rows,
    others: Array,
    own: Array,
}

impl<'r> Held<'r> {
    fn new(rows: &'r Rows, place: usize) -> Result<Held<'r>> {
        let columns = rows.columns()? as i64;
        let kept: Vec<i64> = (0..columns).filter(|&j| j != place as i64).collect();
        let others = match kept.is_empty() {
            true => rows.x.at(index![.., Index::from(0_isize..0)])?,
            false => take(&rows.x, rows.y.namespace().asarray(kept)?, 1)?,
        };
        Ok(Held { rows, others, own: rows.x.at(index![.., place as isize])? })
    }

    fn at(&self, value: f64) -> Result<Rows> {
        let own = array_api::multiply(&self.own, value)?;
        let offset = match &self.rows.offset {
            Some(offset) => (own + offset).ok()?,
            None => own,
        };
        Ok(Rows { x: self.others.clone(), offset: Some(offset), ..self.rows.clone() })
    }
}

impl Glm {
    /// Checks the wishes for intervals and standard errors.
    pub(super) fn check_wanted(&self) -> Result<()> {
        crate::problem::check(&self.wanted)?;
        match self.wanted.standard_errors {
            StandardErrors::ExpectedInformation
            | StandardErrors::ObservedInformation
            | StandardErrors::Sandwich
            | StandardErrors::SandwichHc1
            | StandardErrors::Bootstrap => Ok(()),
            other => Err(Error::value(
                "glm",
                format!(
                    "standard errors by {other} are not made for these models; there are expected and observed \
                     information, the sandwich as HC0 and HC1, and the bootstrap"
                ),
            )),
        }
    }

    /// What was asked for beyond the curvature at the maximum.
    pub(super) fn beyond_curvature(&self, mut fit: Fit, data: &Rows, maximum: &Maximum<'_>) -> Result<Fit> {
        let wanted = &self.wanted;
        if wanted.standard_errors == StandardErrors::Bootstrap || wanted.interval == IntervalMethod::Bootstrap {
            let start = maximum.state.coefficients.as_slice();
            let refit = |weights: &Array| -> Result<Option<Vec<f64>>> {
                let drawn = Rows { weights: weights.clone(), ..data.clone() };
                let (_, state, _, ended) = self.score(&drawn, maximum.family, Some(start))?;
                Ok((ended == Ended::Converged).then_some(state.coefficients))
            };
            let rows = data.y.size()?;
            let estimates = bootstrap::each(&data.y.namespace(), Some(&data.weights), rows, wanted, refit)?;
            fit = bootstrap::spread(fit, &estimates, wanted)?;
        }
        match wanted.interval {
            IntervalMethod::Profile => self.profile(fit, data, maximum),
            _ => Ok(fit),
        }
    }

    /// The maximum of some rows' likelihood, with the family's own parameter where that is estimated.
    pub(super) fn score(
        &self,
        rows: &Rows,
        family: &Family,
        start: Option<&[f64]>,
    ) -> Result<(Family, State, usize, Ended)> {
        if let Family::NegativeBinomial { theta: None } = self.family {
            return theta::score(rows, self.link, self.iterations);
        }
        let (state, iterations, ended) = rows.score(family, self.link, start, self.iterations)?;
        Ok((*family, state, iterations, ended))
    }

    /// Profile intervals: twice the loss in log-likelihood reaches the quantile of chi squared; where the dispersion is
    /// estimated by moments, the loss of deviance over it reaches that of F, so that linear models have their exact intervals
    /// (Venables and Ripley, *Modern Applied Statistics with S*, 2002, section 8.4).
    fn profile(&self, fit: Fit, data: &Rows, maximum: &Maximum<'_>) -> Result<Fit> {
        let (xp, level) = (data.y.namespace(), self.wanted.level);
        let by_moments = self.estimates_dispersion(maximum.family) && self.dispersion != Dispersion::Likelihood;
        let quantile = match by_moments {
            true => student_quantile(&xp, 0.5 + level / 2.0, maximum.freedom)?.powi(2),
            false => chi_squared_quantile(&xp, level, 1.0)?,
        };
        let side = |held: &Held<'_>, place: usize, step: f64| -> Result<f64> {
            let from = maximum.state.coefficients[place];
            let mut others = maximum.state.coefficients.clone();
            others.remove(place);
            let mut deviance = |at: f64| -> Result<f64> {
                let rows = held.at(at)?;
                let mut found = self.score(&rows, maximum.family, Some(&others))?;
                if found.3 == Ended::Undefined {
                    // The others' last values may lie outside of the family's range here.
                    found = self.score(&rows, maximum.family, None)?;
                }
                let (family, state, _, ended) = found;
                if ended == Ended::Undefined {
                    return Ok(f64::INFINITY);
                }
                let loss = self.loss(data, &rows, &family, &state, maximum)?;
                others = state.coefficients;
                Ok(loss)
            };
            let end = crossing(&mut deviance, from, step, f64::INFINITY, quantile)?;
            Ok(end.unwrap_or(step.signum() * f64::INFINITY))
        };
        on_both_sides(fit, level, quantile, |place, step| {
            let held = Held::new(data, place)?;
            Ok([side(&held, place, -step)?, side(&held, place, step)?])
        })
    }

    /// What a held coefficient costs, in units of chi squared.
    fn loss(&self, data: &Rows, rows: &Rows, family: &Family, state: &State, maximum: &Maximum<'_>) -> Result<f64> {
        // A parameter of the likelihood beside the coefficients has its own maximum for every held value.
        let likelihoods = matches!(self.family, Family::NegativeBinomial { theta: None })
            || self.dispersion == Dispersion::Likelihood;
        if !likelihoods {
            return Ok((state.deviance - maximum.state.deviance) / maximum.dispersion);
        }
        let dispersion = self.likelihood_dispersion(rows, family, state)?;
        let there = rows.log_likelihood(family, self.link, state, dispersion)?;
        let best = data.log_likelihood(maximum.family, self.link, maximum.state, maximum.likelihood_dispersion)?;
        Ok(2.0 * (best - there))
    }
}
