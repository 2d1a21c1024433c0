//! Dispersions by maximum likelihood: the negative binomial's theta and the gamma's shape.

use array_api::{Array, Result, add, digamma, log, polygamma, vecdot};

use super::family::Family;
use super::link::Link;
use super::scoring::{Ended, Rows, State};

/// Beyond this, a negative binomial is a Poisson distribution to all digits that matter.
const POISSON: f64 = 1e7;

/// Coefficients and theta in turns, each by Newton's method, until neither moves.
pub(crate) fn score(data: &Rows, link: Link, limit: usize) -> Result<(Family, State, usize, Ended)> {
    let (mut state, mut iterations, mut ended) = data.score(&Family::Poisson, link, None, limit)?;
    if ended != Ended::Converged {
        return Ok((Family::Poisson, state, iterations, ended));
    }
    // By moments, from Pearson's residuals of the Poisson model.
    let n = data.weights.sum(..)?.item::<f64>()?;
    let mut mu = data.means(link, &state.coefficients)?;
    let squares = vecdot(array_api::square(((&data.y - &mu) / &mu).ok()?)?, &data.weights, ..)?.item::<f64>()?;
    let inverse = vecdot(array_api::reciprocal(&mu)?, &data.weights, ..)?.item::<f64>()?;
    let mut theta = n / (squares - inverse).max(n / POISSON);
    for _ in 0..limit {
        let next = root(data, &mu, theta)?;
        let family = Family::NegativeBinomial { theta: Some(next) };
        let (there, steps, how) = data.score(&family, link, Some(&state.coefficients), limit)?;
        mu = data.means(link, &there.coefficients)?;
        (state, ended) = (there, how);
        iterations += steps + 1;
        let moved = (next / theta - 1.0).abs();
        theta = next;
        if ended != Ended::Converged || moved < 1e-11 || theta >= POISSON {
            return Ok((family, state, iterations, ended));
        }
    }
    Ok((Family::NegativeBinomial { theta: Some(theta) }, state, iterations, Ended::Limit))
}

/// The root of theta's score at given means, by Newton's method on its logarithm.
fn root(data: &Rows, mu: &Array, start: f64) -> Result<f64> {
    let (y, w) = (&data.y, &data.weights);
    let mut theta = start.clamp(1e-6, POISSON);
    for _ in 0..100 {
        let total = add(mu, theta)?;
        let psi = (digamma(add(y, theta)?)? - digamma(y.namespace().asarray(theta)?)?).ok()?;
        let score = (psi - array_api::log1p((mu / theta).ok()?)? - (y - mu) / &total).ok()?;
        let score = vecdot(score, w, ..)?.item::<f64>()?;
        let trigamma = (polygamma(add(y, theta)?, 1)? - polygamma(y.namespace().asarray(theta)?, 1)?).ok()?;
        let slope = (trigamma + mu / (&total * theta) + (y - mu) / array_api::square(&total)?).ok()?;
        let slope = vecdot(slope, w, ..)?.item::<f64>()?;
        // On the scale of the logarithm, where the step is bounded so that the search cannot leave.
        let curvature = theta * (score + theta * slope);
        let step = if curvature < 0.0 { -theta * score / curvature } else { score.signum() };
        let step = step.clamp(-2.0, 2.0);
        theta = (theta * step.exp()).clamp(1e-6, POISSON);
        if step.abs() < 1e-13 || theta >= POISSON {
            break;
        }
    }
    Ok(theta)
}

/// The gamma's dispersion by maximum likelihood: `log a - psi(a)` is the mean of half the unit deviance.
pub(crate) fn gamma_dispersion(data: &Rows, state: &State) -> Result<f64> {
    let n = data.weights.sum(..)?.item::<f64>()?;
    let half = 0.5 * state.deviance / n;
    let xp = data.y.namespace();
    let at = |a: f64| -> Result<(f64, f64)> {
        let x = xp.asarray(a)?;
        Ok(((log(&x)? - digamma(&x)?).ok()?.item::<f64>()?, 1.0 / a - polygamma(&x, 1)?.item::<f64>()?))
    };
    let mut shape = (3.0 - half + ((half - 3.0).powi(2) + 24.0 * half).sqrt()) / (12.0 * half);
    for _ in 0..50 {
        let (value, slope) = at(shape)?;
        // On the logarithm of the shape.
        let step = (half - value) / (slope * shape);
        shape *= step.clamp(-1.0, 1.0).exp();
        if step.abs() < 1e-14 {
            break;
        }
    }
    Ok(1.0 / shape)
}
