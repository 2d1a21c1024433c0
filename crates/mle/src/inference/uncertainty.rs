//! Standard errors and intervals of a fit at its maximum, from the curvature there.

use array_api::{Array, Result};
use array_transforms::jacobian_forward;

use super::laws::{normal_quantile, normal_upper_tail};
use super::{bootstrap, profile, sandwich};
use crate::fit::{Fit, Interval, IntervalMethod, StandardErrors};
use crate::matrix::{self, Matrix};
use crate::optimize::Optimum;
use crate::problem::{Named, Problem, Scale, Wanted};
use crate::status::Status;
use crate::transform::Range;

impl Problem<'_> {
    /// Standard errors and intervals of a fit at its maximum.
    pub(crate) fn uncertainty(&self, fit: Fit, wanted: &Wanted, optimum: &Optimum, differences: bool) -> Result<Fit> {
        let wanted = &self.settled(wanted);
        if !fit.status.is_converged() {
            return match fit.status {
                Status::Boundary => self.around_boundary(fit, wanted, optimum, differences),
                status => {
                    let reason = format!("the fit ended with status `{status}`, so its curvature means nothing");
                    Ok(fit.without_covariance(&reason))
                }
            };
        }
        // Entries of composite parameters depend on each other, and a mode without bounds has its curvature there.
        let by_map = !self.composites.is_empty() || wanted.scale == Scale::Unconstrained;
        let inverse = match by_map {
            false => matrix::inverse_definite(&self.information(&fit.estimates(), differences)?),
            true => {
                let hessian = self.objective(wanted.scale, differences).curvature(&optimum.point)?.hessian;
                matrix::inverse_definite(&hessian).map(|inverse| self.mapped(&inverse, &optimum.point)).transpose()?
            }
        };
        let Some(inverse) = inverse else {
            return Ok(fit.without_covariance("the Hessian is not definite at the estimate"));
        };
        let mut fit = match wanted.standard_errors {
            source @ (StandardErrors::Sandwich | StandardErrors::SandwichHc1) => {
                let covariance = sandwich::covariance(self, &fit.estimates(), &inverse, source)?;
                fit.with_covariance(&covariance, source)
            }
            _ if by_map => fit.with_covariance(&inverse, StandardErrors::DeltaMethod),
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

    /// The derivatives of the entries by the numbers without bounds.
    fn slopes(&self, point: &[f64]) -> Result<Matrix> {
        let mut slopes = Matrix::zeros(self.entries().len(), point.len());
        let values = self.constrained(point);
        for named in self.named() {
            match named {
                Named::One(i) => {
                    let place = self.places(i).start;
                    slopes[(place, i)] = self.parameters[i].range.derivative_at(values[place]);
                }
                Named::Many(m) => {
                    let u = self.xp.asarray(&point[m.first..m.first + m.kind.free()])?;
                    let own = matrix::read(&jacobian_forward(|u: &Array| m.kind.pick(&m.kind.constrain(u)?))(&u)?)?;
                    for (k, place) in self.places(m.first).enumerate() {
                        for j in 0..m.kind.free() {
                            slopes[(place, m.first + j)] = own[(k, j)];
                        }
                    }
                }
            }
        }
        Ok(slopes)
    }

    /// A covariance of the numbers without bounds, carried over to the entries by the derivatives of the map.
    fn mapped(&self, covariance: &Matrix, point: &[f64]) -> Result<Matrix> {
        let slopes = self.slopes(point)?;
        Ok(&slopes * covariance * slopes.transpose())
    }

    /// The others' standard errors where one parameter lies at the end of its range and is held there.
    fn around_boundary(&self, fit: Fit, wanted: &Wanted, optimum: &Optimum, differences: bool) -> Result<Fit> {
        let at_end: Vec<bool> = fit.parameters.iter().map(|p| p.std_error_reason.is_some()).collect();
        let inside: Vec<usize> = (0..self.parameters.len()).filter(|&i| !at_end[self.places(i).start]).collect();
        if inside.is_empty() {
            return Ok(fit);
        }
        let information = match self.composites.is_empty() {
            true => self.information(&fit.estimates(), differences).ok(),
            false => self.objective(wanted.scale, differences).curvature(&optimum.point).ok().map(|c| c.hessian),
        };
        let rest = information
            .map(|h| Matrix::from_fn(inside.len(), inside.len(), |i, j| h[(inside[i], inside[j])]))
            .filter(|rest| matrix::rows(rest).iter().flatten().all(|v| v.is_finite()));
        let Some(inverse) = rest.and_then(|rest| matrix::inverse_definite(&rest)) else {
            return Ok(fit.without_covariance("a parameter lies at the end of its range"));
        };
        let mut fit = fit;
        let mut all = Matrix::zeros(self.parameters.len(), self.parameters.len());
        for (a, &i) in inside.iter().enumerate() {
            for (b, &j) in inside.iter().enumerate() {
                all[(i, j)] = inverse[(a, b)];
            }
        }
        (all, fit.standard_errors) = match self.composites.is_empty() {
            true => (all, StandardErrors::ObservedInformation),
            false => (self.mapped(&all, &optimum.point)?, StandardErrors::DeltaMethod),
        };
        for (i, p) in fit.parameters.iter_mut().enumerate().filter(|(i, _)| !at_end[*i]) {
            p.std_error = Some(all[(i, i)].sqrt());
        }
        self.wald(fit, wanted.level)
    }

    /// Wald intervals on the scale without bounds, and p-values, where there are none yet.
    pub(crate) fn wald(&self, mut fit: Fit, level: f64) -> Result<Fit> {
        let z = normal_quantile(0.5 + level / 2.0);
        for (p, (_, range)) in fit.parameters.iter_mut().zip(self.entries()) {
            let Some(se) = p.std_error else { continue };
            if p.interval.is_none() {
                let (u, slope) = (range.unconstrain(p.estimate), range.derivative_at(p.estimate).abs());
                let ends = [u - z * se / slope, u + z * se / slope].map(|u| range.constrain_number(u));
                let (lower, upper) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
                if lower.is_finite() && upper.is_finite() {
                    p.interval = Some(Interval { lower, upper, level, method: IntervalMethod::Wald });
                }
            }
            // That a parameter is zero is a question only where it may be.
            if range == Range::Real {
                p.p_value = Some(2.0 * normal_upper_tail((p.estimate / se).abs()));
            }
        }
        Ok(fit)
    }
}
