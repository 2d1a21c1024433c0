//! Newton's method in a trust region, whose subproblem is solved exactly by the eigenvalues of the Hessian (Conn, Gould and
//! Toint, *Trust-Region Methods*, 2000, section 7.3): indefinite Hessians are no obstacle.
//!
//! The method is a state that proposes a point and is told the function there, so that many fits can share one evaluation.

use array_api::Result;

use super::{Limits, Optimum, Stop};
use crate::differentiate::{Curvature, Objective};
use crate::matrix::{self, Eigen, Matrix};

/// A minimisation under way: it proposes points and is told what the function is there.
#[derive(Clone, Debug)]
pub struct Newton {
    limits: Limits,
    point: Vec<f64>,
    here: Curvature,
    scaled: Scaled,
    radius: f64,
    step: Step,
    iterations: usize,
    polished: Option<f64>,
    stop: Option<Stop>,
}

/// The quadratic in variables that give the Hessian a unit diagonal, so that the region does not depend on units.
#[derive(Clone, Debug)]
struct Scaled {
    scale: Vec<f64>,
    eigen: Eigen,
    /// The gradient along the eigenvectors.
    gradient: Vec<f64>,
}

#[derive(Clone, Debug, Default)]
struct Step {
    /// In the parameters' own units.
    change: Vec<f64>,
    /// In scaled variables.
    length: f64,
    predicted: f64,
}

impl Newton {
    /// Starts at a point where the function is known; `None` where it is not finite there.
    ///
    /// # Errors
    /// Where the eigenvalues are not found.
    pub fn start(point: Vec<f64>, here: Curvature, limits: Limits) -> Result<Option<Newton>> {
        if !finite(&here) {
            return Ok(None);
        }
        let scaled = Scaled::of(&here, &point)?;
        // Half the data's information moves an estimate by about this many standard errors at most.
        let radius = f64::max(1.0, 0.1 * matrix::norm(&scaled.gradient));
        let mut newton = Newton {
            limits,
            point,
            here,
            scaled,
            radius,
            step: Step::default(),
            iterations: 0,
            polished: None,
            stop: None,
        };
        newton.propose();
        Ok(Some(newton))
    }

    /// Whether it has stopped.
    pub fn done(&self) -> bool {
        self.stop.is_some()
    }

    /// The point to evaluate next.
    pub fn proposal(&self) -> Vec<f64> {
        self.point.iter().zip(&self.step.change).map(|(x, d)| x + d).collect()
    }

    /// The best point, and the function there.
    pub fn best(&self) -> (&[f64], &Curvature) {
        (&self.point, &self.here)
    }

    /// Takes the function at the proposal.
    ///
    /// # Errors
    /// Where the eigenvalues are not found.
    pub fn update(&mut self, there: Curvature) -> Result<()> {
        if self.stop.is_some() {
            return Ok(());
        }
        self.iterations += 1;
        let actual = self.here.value - there.value;
        // A sum's terms may be larger than the sum.
        let noise = 256.0 * f64::EPSILON * self.here.value.abs().max(1.0);
        let usable = finite(&there);
        // Near the end the values differ by rounding only: the gradient then says whether the step was good.
        let within_noise = self.step.predicted.abs() <= noise && actual.abs() <= noise;
        let accepted = usable && (within_noise || actual >= 1e-4 * self.step.predicted);
        let ratio = if within_noise { 1.0 } else { actual / self.step.predicted };
        if !accepted {
            self.radius = 0.25 * self.step.length.min(self.radius);
        } else if ratio > 0.75 && self.step.length > 0.8 * self.radius {
            self.radius *= 3.0;
        } else if ratio < 0.25 {
            self.radius = 0.5 * self.step.length;
        }
        if accepted {
            let before = self.decrement();
            let point = self.proposal();
            let scaled = Scaled::of(&there, &point)?;
            let old = std::mem::replace(&mut self.point, point);
            let (old_here, old_scaled) =
                (std::mem::replace(&mut self.here, there), std::mem::replace(&mut self.scaled, scaled));
            if let (Some(low), Some(now)) = (before, self.decrement())
                && within_noise
                && now >= low
            {
                // Rounding has taken over; the point before was as good.
                (self.point, self.here, self.scaled) = (old, old_here, old_scaled);
                self.stop = Some(if low <= self.limits.tolerance.sqrt() { Stop::Converged } else { Stop::Stalled });
                return Ok(());
            }
        }
        self.judge(accepted);
        if self.stop.is_none() {
            self.propose();
        }
        Ok(())
    }

    fn judge(&mut self, accepted: bool) {
        if let Some(decrement) = self.decrement()
            && decrement <= self.limits.tolerance
            && accepted
        {
            // One more step squares the distance; afterwards only rounding is left.
            let done = decrement <= 1e-14 || self.polished.is_some_and(|p| decrement >= 0.1 * p);
            self.polished = Some(decrement);
            if done {
                self.stop = Some(Stop::Converged);
            }
        }
        let longest = self.point.iter().zip(&self.scaled.scale).map(|(x, s)| (x * s).abs()).fold(1.0, f64::max);
        if self.stop.is_none() && self.radius <= 1e-14 * longest {
            let arrived = self.decrement().is_some_and(|d| d <= self.limits.tolerance.sqrt());
            self.stop = Some(if arrived { Stop::Converged } else { Stop::Stalled });
        }
        if self.stop.is_none() && self.iterations >= self.limits.iterations {
            self.stop = Some(Stop::IterationLimit);
        }
    }

    /// `sqrt(g' H^-1 g)` where the Hessian is positive definite.
    pub fn decrement(&self) -> Option<f64> {
        self.scaled.decrement()
    }

    fn propose(&mut self) {
        self.step = self.scaled.step(self.radius);
    }

    /// What was reached.
    pub fn finish(self) -> (Optimum, Curvature) {
        let stop = self.stop.unwrap_or(Stop::IterationLimit);
        let optimum = Optimum {
            point: self.point,
            value: self.here.value,
            gradient: self.here.gradient.clone(),
            iterations: self.iterations,
            stop,
        };
        (optimum, self.here)
    }
}

fn finite(c: &Curvature) -> bool {
    let h = &c.hessian;
    c.value.is_finite()
        && c.gradient.iter().all(|g| g.is_finite())
        && (0..h.ncols()).all(|j| (0..h.nrows()).all(|i| h[(i, j)].is_finite()))
}

impl Scaled {
    fn of(here: &Curvature, point: &[f64]) -> Result<Scaled> {
        let n = point.len();
        let h = &here.hessian;
        // A parameter without curvature is measured by its own size.
        let scale: Vec<f64> = (0..n)
            .map(|i| {
                let own = h[(i, i)].abs().sqrt();
                if own.is_normal() { own } else { 1.0 / point[i].abs().max(1.0) }
            })
            .collect();
        let unit = Matrix::from_fn(n, n, |i, j| 0.5 * (h[(i, j)] + h[(j, i)]) / scale[i] / scale[j]);
        let eigen = matrix::eigen(&unit)?;
        let gradient: Vec<f64> = here.gradient.iter().zip(&scale).map(|(g, s)| g / s).collect();
        let gradient = matrix::transposed_times(&eigen.vectors, &gradient);
        Ok(Scaled { scale, eigen, gradient })
    }

    fn decrement(&self) -> Option<f64> {
        let low = self.eigen.values.first().copied().unwrap_or(1.0);
        let high = self.eigen.values.last().copied().unwrap_or(1.0);
        (low > f64::EPSILON * high.abs())
            .then(|| self.gradient.iter().zip(&self.eigen.values).map(|(g, l)| g * g / l).sum::<f64>().sqrt())
    }

    /// The minimum of the quadratic within the radius.
    fn step(&self, radius: f64) -> Step {
        let (values, g) = (&self.eigen.values, &self.gradient);
        let low = values.first().copied().unwrap_or(1.0);
        let at = |shift: f64| -> Vec<f64> { values.iter().zip(g).map(|(l, g)| -g / (l + shift)).collect() };
        let floor = (-low).max(0.0);
        let mut along = at(0.0);
        if low <= f64::EPSILON || matrix::norm(&along) > radius {
            along = at(self.shift(floor, radius));
            let length = matrix::norm(&along);
            // The hard case: the gradient has no part along the lowest curvature, which is then added up to the radius.
            if length < 0.99 * radius && low < 0.0 {
                let rest = (radius * radius - length * length).sqrt();
                along[0] += if g[0] > 0.0 { -rest } else { rest };
            }
        }
        let predicted = -along.iter().zip(values).zip(g).map(|((s, l), g)| s * (g + 0.5 * l * s)).sum::<f64>();
        let scaled = matrix::times(&self.eigen.vectors, &along);
        let change = scaled.iter().zip(&self.scale).map(|(d, s)| d / s).collect();
        Step { change, length: matrix::norm(&along), predicted }
    }

    /// The shift of the eigenvalues that gives the step the length of the radius: Newton's method on the inverse length,
    /// safeguarded by bisection.
    fn shift(&self, floor: f64, radius: f64) -> f64 {
        let (values, g) = (&self.eigen.values, &self.gradient);
        let mut below = floor;
        let mut above = floor + matrix::norm(g) / radius + f64::MIN_POSITIVE;
        let mut shift = above;
        for _ in 0..60 {
            let s: f64 = values.iter().zip(g).map(|(l, g)| (g / (l + shift)).powi(2)).sum();
            let slope: f64 = values.iter().zip(g).map(|(l, g)| (g / (l + shift)).powi(2) / (l + shift)).sum();
            let length = s.sqrt();
            if (length / radius - 1.0).abs() < 1e-3 {
                break;
            }
            if length > radius {
                below = shift
            } else {
                above = shift
            }
            let next = shift + (length / radius - 1.0) * s / slope;
            shift = if next > below && next < above { next } else { 0.5 * (below + above) };
        }
        shift.max(floor + 1e-12 * floor.max(f64::MIN_POSITIVE))
    }
}

/// Minimises a function by Newton's method in a trust region.
///
/// # Errors
/// Of the function.
///
/// ```
/// use mle::differentiate::Differentiable;
/// use mle::optimize::{Limits, Stop, newton};
/// # let xp = array_ndarray::namespace();
/// // Rosenbrock's valley.
/// let f = Differentiable::new(&xp, |x: &array_api::Array| {
///     let (a, b) = (x.at(0_isize)?, x.at(1_isize)?);
///     ((1.0 - &a).ok()?.square()? + 100.0 * (b - a.square()?).ok()?.square()?).ok()
/// });
/// let (optimum, _) = newton(&f, &[-1.2, 1.0], Limits::default())?;
/// assert_eq!(optimum.stop, Stop::Converged);
/// assert!(optimum.point.iter().all(|x| (x - 1.0).abs() < 1e-12));
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn newton(objective: &dyn Objective, start: &[f64], limits: Limits) -> Result<(Optimum, Curvature)> {
    let here = objective.curvature(start)?;
    let Some(mut newton) = Newton::start(start.to_vec(), here.clone(), limits)? else {
        let optimum = Optimum {
            point: start.to_vec(),
            value: here.value,
            gradient: here.gradient.clone(),
            iterations: 0,
            stop: Stop::Undefined,
        };
        return Ok((optimum, here));
    };
    while !newton.done() {
        // A rejected point's derivatives are not needed, and where values are not finite they may not exist.
        let there = objective.curvature(&newton.proposal())?;
        newton.update(there)?;
    }
    Ok(newton.finish())
}
