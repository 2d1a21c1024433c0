//! Counts and bounded integers: exact laws, by rejection with a counter of attempts for every element.
//!
//! Element `i` reads the blocks `(index, attempt)` of its domain for attempts 0, 1, ... until one is accepted, so
//! it does not depend on how many attempts its neighbours took.
use super::blocks::positive_pair;
use super::draw::Draw;
use super::keys::{Domain, Key};
use super::portable::ln_f64;
use crate::{Error, Result};

/// Integers of a half-open range, without modulo bias.
///
/// Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019), with words of 64 bits:
/// an attempt fails with probability below `span / 2^64`.
///
/// ```
/// use array_api::random::{Draw, Integers, Key};
/// let mut die = [0_i64; 5];
/// Integers::new(1, 7)?.fill(Key::new(3), 0, &mut die);
/// assert!(die.iter().all(|face| (1..=6).contains(face)));
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Integers {
    low: i64,
    /// Number of values; at least 1.
    span: u64,
}

impl Integers {
    /// Integers in `low..high`.
    ///
    /// # Errors
    /// A value error when the range is empty.
    pub fn new(low: i64, high: i64) -> Result<Integers> {
        if low >= high {
            return Err(Error::value(
                "integers",
                format!("the range {low}..{high} is empty; high is excluded and must be above low"),
            ));
        }
        Ok(Integers { low, span: high.wrapping_sub(low) as u64 })
    }

    /// Indices `0..n`.
    ///
    /// # Errors
    /// A value error when `n` is 0.
    pub fn below(n: u64) -> Result<Integers> {
        match n {
            0 => Err(Error::value("integers", "there is no integer below 0; n must be at least 1")),
            span => Ok(Integers { low: 0, span }),
        }
    }

    fn offset(&self, key: Key, i: u64) -> u64 {
        // Products whose low half is below 2^64 mod span are those that one value has too many of.
        let mut attempt = 0;
        loop {
            let words = key.block(Domain::Integers, i / 2, attempt);
            let [low, high] = if i.is_multiple_of(2) { [words[0], words[1]] } else { [words[2], words[3]] };
            let product = u128::from(u64::from(low) | u64::from(high) << 32) * u128::from(self.span);
            let rest = product as u64;
            if rest >= self.span || rest >= self.span.wrapping_neg() % self.span {
                return (product >> 64) as u64;
            }
            attempt += 1;
        }
    }
}

impl Draw<i64> for Integers {
    fn element(&self, key: Key, i: u64) -> i64 {
        self.low.wrapping_add(self.offset(key, i) as i64)
    }
}

/// For indices; exact for [`Integers::below`] with any `n`. Negative values wrap.
impl Draw<u64> for Integers {
    fn element(&self, key: Key, i: u64) -> u64 {
        (self.low as u64).wrapping_add(self.offset(key, i))
    }
}

/// Poisson counts of a given mean.
///
/// Below a mean of 10 by inversion of one uniform number; from there on by transformed rejection (Hörmann,
/// "The transformed rejection method for generating Poisson random variables", 1993, PTRS), where the
/// logarithm of the probability is computed without cancellation as in Loader (2000), so that large means are exact
/// to rounding too.
///
/// ```
/// use array_api::random::{Draw, Key, Poisson};
/// let weights: Vec<i64> = (0..4).map(|row| Poisson::new(1.0).unwrap().element(Key::new(3), row)).collect();
/// assert!(weights.iter().all(|&w| w >= 0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Poisson {
    mean: f64,
    /// exp(-mean); read below a mean of 10.
    none: f64,
}

impl Poisson {
    /// The largest mean: up to here counts are exact in f64.
    pub const LARGEST_MEAN: f64 = 1e15;

    /// # Errors
    /// A value error unless `0 <= mean <= 1e15`.
    pub fn new(mean: f64) -> Result<Poisson> {
        if !(0.0..=Self::LARGEST_MEAN).contains(&mean) {
            return Err(Error::value("poisson", format!("the mean must be in [0, 1e15], got {mean}")));
        }
        Ok(Poisson { mean, none: libm::exp(-mean) })
    }

    fn by_inversion(&self, key: Key, i: u64) -> i64 {
        let (u, _) = positive_pair(key.block(Domain::Poisson, i, 0));
        let mut probability = self.none;
        let mut rest = u - probability;
        let mut count = 0;
        // The terms reach 0 long before 1000 at means below 10, which ends the search when rounding leaves a rest.
        while rest > 0.0 && probability > 0.0 {
            count += 1;
            probability *= self.mean / f64::from(count);
            rest -= probability;
        }
        i64::from(count)
    }

    fn by_rejection(&self, key: Key, i: u64) -> i64 {
        let b = 0.931 + 2.53 * self.mean.sqrt();
        let a = -0.059 + 0.024_83 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let squeeze = 0.9277 - 3.6224 / (b - 2.0);
        let mut attempt = 0;
        loop {
            let (u, v) = positive_pair(key.block(Domain::Poisson, i, attempt));
            attempt += 1;
            let u = u - 0.5;
            let distance = 0.5 - u.abs();
            if distance <= 0.0 {
                continue;
            }
            let count = libm::floor((2.0 * a / distance + b) * u + self.mean + 0.43);
            if distance >= 0.07 && v <= squeeze {
                return count as i64;
            }
            if count < 0.0 || (distance < 0.013 && v > distance) {
                continue;
            }
            let bound = ln_f64(v * inverse_alpha / (a / (distance * distance) + b));
            if bound <= ln_probability(count, self.mean) {
                return count as i64;
            }
        }
    }
}

impl Draw<i64> for Poisson {
    fn element(&self, key: Key, i: u64) -> i64 {
        if self.mean < 10.0 { self.by_inversion(key, i) } else { self.by_rejection(key, i) }
    }
}

/// ln of the Poisson probability of `count`, by the saddle point: Loader, "Fast and accurate computation of binomial
/// probabilities" (2000).
fn ln_probability(count: f64, mean: f64) -> f64 {
    if count == 0.0 {
        return -mean;
    }
    -stirling_error(count) - deviance(count, mean) - 0.5 * libm::log(std::f64::consts::TAU * count)
}

/// ln(n!) less Stirling's formula.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let half_ln_tau = 0.918_938_533_204_672_8;
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - half_ln_tau;
    }
    let z = 1.0 / (n * n);
    (1.0 / 12.0 - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z * (1.0 / 1680.0 - z / 1188.0)))) / n
}

/// `x ln(x / m) + m - x`, by its series where the terms would cancel.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * libm::log(x / m) + m - x;
    }
    let v = (x - m) / (x + m);
    let square = v * v;
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    // v is below 0.1: ten terms reach every bit of f64.
    for j in 1..=10 {
        term *= square;
        sum += term / f64::from(2 * j + 1);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one() {
        for mean in [10.0, 33.3, 1e4] {
            let width = 12.0 * f64::sqrt(mean) + 30.0;
            let (from, to) = ((mean - width).max(0.0) as i64, (mean + width) as i64);
            let sum: f64 = (from..=to).map(|count| libm::exp(ln_probability(count as f64, mean))).sum();
            assert!((sum - 1.0).abs() < 1e-12, "mean {mean}: {sum}");
        }
        let direct = 17.0 * libm::log(12.5) - 12.5 - libm::lgamma(18.0);
        assert!((ln_probability(17.0, 12.5) - direct).abs() < 1e-13);
    }

    #[test]
    fn refused_parameters() {
        assert!(Integers::new(3, 3).unwrap_err().to_string().contains("3..3"));
        assert!(Integers::below(0).is_err());
        for mean in [-1.0, f64::NAN, f64::INFINITY, 1e16] {
            assert!(Poisson::new(mean).is_err());
        }
    }

    #[test]
    fn extremes() {
        let key = Key::new(1);
        let zero = Poisson::new(0.0).unwrap();
        assert!((0..100).all(|i| zero.element(key, i) == 0));
        let wide = Integers::new(i64::MIN, i64::MAX).unwrap();
        let negative = (0..1000).filter(|&i| Draw::<i64>::element(&wide, key, i) < 0).count();
        assert!((400..600).contains(&negative));
        let one = Integers::new(-4, -3).unwrap();
        assert!((0..100).all(|i| Draw::<i64>::element(&one, key, i) == -4));
        // Half of all attempts fail for this span; the rest is uniform.
        let span = (1 << 63) + 1;
        let upper = Integers::below(span).unwrap();
        let n = 20_000;
        let above = (0..n).filter(|&i| Draw::<u64>::element(&upper, key, i) >= span / 2).count() as f64;
        assert!((above - n as f64 / 2.0).abs() < 4.0 * (n as f64 / 4.0).sqrt(), "{above}");
    }
}
