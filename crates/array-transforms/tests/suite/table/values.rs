//! Arguments: deterministic numbers in the domain of a function, away from its kinks.

use array_api::random::{Domain, Key};
use array_api::{Array, Complex, Host};

/// How an argument is made.
#[derive(Clone, Debug)]
pub(crate) enum Make {
    /// Real numbers in a range.
    Range(Vec<usize>, f64, f64),
    /// Real numbers at least 0.2 away from each other and from zero, positive and negative, in random order.
    Apart(Vec<usize>),
    /// Complex numbers with a modulus in a range.
    Complex(Vec<usize>, f64, f64),
    /// Integers below a bound.
    Integers(Vec<usize>, i64),
    /// Truth values.
    Truth(Vec<usize>),
    /// Well-conditioned matrices: a random one plus three on the diagonal.
    Dominant(Vec<usize>),
    /// The same, complex.
    ComplexDominant(Vec<usize>),
    /// Keys of random numbers.
    Key,
}

/// Complex `re + im i`.
pub(crate) fn c(re: f64, im: f64) -> Complex<f64> {
    Complex::new(re, im)
}

/// Number `i` of a seed, in `[0, 1]`.
fn draw(seed: u64, i: usize) -> f64 {
    f64::from(Key::new(seed).block(Domain::Bits32, i as u64, 0)[0]) / f64::from(u32::MAX)
}

/// A random order of `0..n`.
fn shuffled(seed: u64, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, (draw(seed, 1000 + i) * i as f64).round() as usize);
    }
    order
}

impl Make {
    pub(crate) fn array(&self, seed: u64) -> Array {
        let (shape, host): (&[usize], Host) = match self {
            Make::Range(s, low, high) => (s, fill(s, |i| low + (high - low) * draw(seed, i)).into()),
            Make::Apart(s) => {
                let n: usize = s.iter().product();
                let order = shuffled(seed, n);
                let apart = |i: usize| 0.3 * (order[i] as f64 - (n / 2) as f64) + 0.13 + 0.04 * draw(seed, i);
                (s, fill(s, apart).into())
            }
            Make::Complex(s, low, high) => (s, fill(s, |i| polar(seed, i, *low, *high)).into()),
            Make::Integers(s, n) => (s, fill(s, |i| ((draw(seed, i) * *n as f64) as i64).min(n - 1)).into()),
            Make::Truth(s) => (s, fill(s, |i| draw(seed, i) < 0.5).into()),
            Make::Dominant(s) => (s, fill(s, |i| 2.0 * draw(seed, i) - 1.0 + 3.0 * diagonal(s, i)).into()),
            Make::ComplexDominant(s) => (s, fill(s, |i| polar(seed, i, 0.3, 1.4) + 3.0 * diagonal(s, i)).into()),
            Make::Key => (&[2], fill(&[2], |i| (draw(seed, i) * 1e9) as u32).into()),
        };
        crate::namespace().from_host(host, shape).unwrap()
    }
}

fn fill<T>(shape: &[usize], f: impl Fn(usize) -> T) -> Vec<T> {
    (0..shape.iter().product()).map(f).collect()
}

/// 1 where the place in a stack of matrices is on a diagonal.
fn diagonal(shape: &[usize], i: usize) -> f64 {
    let (m, n) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    f64::from(u8::from(i % (m * n) / n == i % n))
}

fn polar(seed: u64, i: usize, low: f64, high: f64) -> Complex<f64> {
    Complex::from_polar(low + (high - low) * draw(seed, 2 * i), std::f64::consts::TAU * draw(seed, 2 * i + 1))
}
