//! Gamma variates: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
use super::blocks::{normal_pair, positive_pair};
use super::draw::Draw;
use super::keys::{Domain, Key};
use super::portable::ln_f64;
use crate::{Error, Result};

/// Gamma with scale 1. Chi-squared, Student's t, beta and Dirichlet variates are functions of it.
///
/// ```
/// use array_api::random::{Draw, Gamma, Key};
/// let x = Gamma::new(2.5)?.element(Key::new(1), 0);
/// assert!(x > 0.0);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gamma {
    shape: f64,
}

impl Gamma {
    /// # Errors
    /// A value error unless the shape is positive and finite.
    pub fn new(shape: f64) -> Result<Gamma> {
        if shape > 0.0 && shape.is_finite() {
            Ok(Gamma { shape })
        } else {
            Err(Error::value("gamma", format!("the shape must be positive and finite, got {shape}")))
        }
    }
}

impl Draw<f64> for Gamma {
    fn element(&self, key: Key, i: u64) -> f64 {
        // A shape below 1 is raised by one, and the variate multiplied by a power of a uniform number.
        let raised = if self.shape < 1.0 { self.shape + 1.0 } else { self.shape };
        let d = raised - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        let mut attempt = 0;
        loop {
            let (x, _) = normal_pair(key.block(Domain::GammaProposal, i, attempt));
            let (u, boost) = positive_pair(key.block(Domain::GammaAccept, i, attempt));
            attempt += 1;
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            if ln_f64(u) < 0.5 * x * x + d * (1.0 - v + ln_f64(v)) {
                let power = if self.shape < 1.0 { libm::exp(ln_f64(boost) / self.shape) } else { 1.0 };
                return d * v * power;
            }
        }
    }
}
