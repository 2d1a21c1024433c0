//! What one call costs under each transformation: nanoseconds for the sum of two one-element arrays.
//!
//! `cargo run --release -p array-transforms --example cost`; a number sets the runs. Each figure is the least of many runs, so that what else the
//! machine does counts little.

use array_api::{Array, Result, add};
use array_transforms::{grad, jvp, vmap};
use std::cell::Cell;
use std::time::Instant;

const CALLS: usize = 1000;

/// The shortest time of a call, in nanoseconds; `f` says how long a thousand took.
fn least(mut f: impl FnMut() -> Result<f64>) -> Result<f64> {
    let runs = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(500);
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        best = best.min(f()?);
    }
    Ok(best * 1e9 / CALLS as f64)
}

/// A thousand independent sums, timed without what comes before and after.
fn calls(x: &Array, y: &Array, time: &Cell<f64>) -> Result<Array> {
    let start = Instant::now();
    for _ in 1..CALLS {
        std::hint::black_box(add(x, y)?);
    }
    let last = add(x, y)?;
    time.set(start.elapsed().as_secs_f64());
    Ok(last)
}

fn main() -> Result<()> {
    let xp = array_ndarray::namespace();
    let (x, y) = (xp.asarray([1.0])?, xp.asarray([2.0])?);
    let (x1, one) = (xp.asarray([[1.0]])?, xp.asarray([1.0])?);
    let time = Cell::new(0.0);
    let chain = |x: &Array| {
        let mut sum = x.clone();
        for _ in 0..CALLS {
            sum = add(sum, &y)?;
        }
        sum.sum(..)
    };
    let report = |name: &str, ns: f64| println!("{name:<34}{ns:8.1} ns");

    report("plain", least(|| calls(&x, &y, &time).map(|_| time.get()))?);
    report("tape", least(|| grad(|x: &Array| calls(x, &y, &time)?.sum(..))(&x).map(|_| time.get()))?);
    report("dual", least(|| jvp(|x: &Array| calls(x, &y, &time), &x, &one).map(|_| time.get()))?);
    report("batch", least(|| vmap(|x: &Array| calls(x, &y, &time))(&x1).map(|_| time.get()))?);
    let inner = |x: &Array| grad(|x: &Array| calls(x, &y, &time)?.sum(..))(x);
    report("tape over batch", least(|| vmap(inner)(&x1).map(|_| time.get()))?);
    let whole = |f: &dyn Fn() -> Result<Array>| -> Result<f64> {
        let start = Instant::now();
        f()?;
        Ok(start.elapsed().as_secs_f64())
    };
    report("chain: grad, forward and backward", least(|| whole(&|| grad(chain)(&x)))?);
    report("chain: grad in vmap", least(|| whole(&|| vmap(grad(chain))(&x1)))?);
    Ok(())
}
