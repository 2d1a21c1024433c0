//! Several starts, of which the best end is kept, and how many agree with it.

use array_api::Result;

use super::Optimum;
use super::Stop;

/// The best of several ends.
#[derive(Clone, Debug)]
pub struct Best {
    /// The end with the smallest value among those that converged, or among all where none did.
    pub optimum: Optimum,
    /// How many starts were made.
    pub starts: usize,
    /// How many of them ended at this value, up to a relative 1e-8.
    pub agreeing: usize,
}

/// Minimises from each start; `None` without starts.
///
/// # Errors
/// The first of the minimiser.
///
/// ```
/// use mle::optimize::{Limits, multi_start, nelder_mead};
/// // Two valleys, of which the left one is deeper.
/// let f = |x: &[f64]| Ok((x[0] * x[0] - 1.0).powi(2) + 0.1 * x[0]);
/// let starts = [vec![0.9], vec![-0.9], vec![-2.0]];
/// let best = multi_start(&starts, |s| nelder_mead(f, s, Limits::default()))?.unwrap();
/// assert!(best.optimum.point[0] < 0.0 && best.agreeing == 2);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn multi_start(starts: &[Vec<f64>], minimize: impl Fn(&[f64]) -> Result<Optimum>) -> Result<Option<Best>> {
    Ok(best_of(starts.iter().map(|s| minimize(s)).collect::<Result<_>>()?))
}

/// The best of the ends of several starts, in the order of the starts; `None` without any.
///
/// ```
/// use mle::optimize::{Limits, best_of, nelder_mead};
/// let f = |x: &[f64]| Ok((x[0] * x[0] - 1.0).powi(2) + 0.1 * x[0]);
/// let ends = [0.9, -0.9].map(|start| nelder_mead(f, &[start], Limits::default()).unwrap());
/// assert!(best_of(ends.to_vec()).unwrap().optimum.point[0] < 0.0);
/// ```
pub fn best_of(mut ends: Vec<Optimum>) -> Option<Best> {
    ends.sort_by(|a, b| {
        let rank = |o: &Optimum| (o.stop != Stop::Converged, !o.value.is_finite());
        rank(a).cmp(&rank(b)).then(a.value.total_cmp(&b.value))
    });
    let value = ends.first()?.value;
    let near = |o: &&Optimum| (o.value - value).abs() <= 1e-8 * value.abs().max(1.0);
    let agreeing = ends.iter().filter(near).count();
    Some(Best { starts: ends.len(), optimum: ends.swap_remove(0), agreeing })
}
