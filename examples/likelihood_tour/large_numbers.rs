//! The average log-likelihood tends to its expectation.

use array_protocol::prelude::*;
use program::failure::Outcome;
use program::plot::{Plot, Style, palette};
use std::f64::consts::{E, PI};

use crate::stop::{Number, Stop, Tour, curve, line, number, points};

/// Data sets drawn for each number of rows.
const SETS: usize = 2000;
/// A distance from the expectation.
const FAR: f64 = 0.1;
const SD: f64 = 1.5;

/// How often the average of `n` logarithms is further than [`FAR`] from its expectation: by the squares' chi-squared law.
fn exactly(xp: &Namespace, n: usize) -> Outcome<f64> {
    let half = 0.5 * n as f64;
    let below = gammainc(half, xp.asarray(half * (1.0 - 2.0 * FAR))?);
    let above = gammaincc(half, xp.asarray(half * (1.0 + 2.0 * FAR))?);
    Ok(number(below)? + number(above)?)
}

/// The law of large numbers for log-likelihoods, and Chebyshev's bound.
pub(crate) fn large_numbers(tour: &Tour) -> Outcome<Stop> {
    let xp = &tour.xp;
    // log p = -log(2 pi sd^2) / 2 - z^2 / 2, and z^2 / 2 has expectation and variance 1/2.
    let expectation = -0.5 * (2.0 * PI * E * SD * SD).ln();
    let variance = 0.5;
    let logs = |z: &Array| (z.square()? * -0.5 - 0.5 * (2.0 * PI * SD * SD).ln()).ok();
    let mut numbers = vec![];
    let (mut places, mut shares, mut exact, mut bounds) = (vec![], vec![], vec![], vec![]);
    for (draw, n) in [10, 30, 100, 300, 1000].into_iter().enumerate() {
        let means = logs(&xp.normal(tour.key(10 + draw as u64)?, [SETS, n])?)?.mean(1)?;
        if n == 1000 {
            let all = number(means.mean(..))?;
            // Five standard errors of all draws together: the chance of more is one in two million.
            let within = 5.0 * (variance / (SETS * n) as f64).sqrt();
            numbers.push(Number::equal("average of two million logarithms", all, expectation, within));
            let squares = number(means.var(..))? * n as f64;
            numbers.push(Number::equal(
                "variance of one logarithm",
                squares,
                variance,
                5.0 * variance * (2.0 / SETS as f64).sqrt(),
            ));
        }
        let far = (means - expectation).abs()?.greater(FAR)?.astype(DType::Float64)?;
        let share = number(far.mean(..))?;
        let p = exactly(xp, n)?;
        let bound = (variance / (n as f64 * FAR * FAR)).min(1.0);
        numbers.push(Number::at_most(format!("{n} rows: share of sets further than {FAR}, Chebyshev"), share, bound));
        let chance = 5.0 * (p * (1.0 - p) / SETS as f64).sqrt() + 5.0 / SETS as f64;
        numbers.push(Number::equal(format!("{n} rows: the same, exactly"), share, p, chance));
        places.push((n as f64).log10());
        shares.push(share);
        exact.push(p);
        bounds.push(bound);
    }
    let running = |z: Array| -> Result<Array> {
        let n = z.shape()?[1];
        (logs(&z)?.cumulative_sum(1)? / xp.arange(1..n as i64 + 1)?.astype(DType::Float64)?).ok()
    };
    let paths = running(xp.normal(tour.key(20)?, [6, 1000])?)?;
    let x: Vec<f64> = (1..=1000).map(f64::from).collect();
    let mut wander = Plot::new("Six data sets that grow", "rows", "average log-likelihood");
    wander.layers.push(program::plot::Layer {
        shape: program::plot::Shape::Curves { x: x.clone().into(), ys: paths.to_vec::<f64>()?.into() },
        style: Style::new(palette::BLUE, 0.6, 1.2, "averages"),
    });
    let mut wander = wander.with(curve(&[1.0, 1000.0], &[expectation; 2]), line(palette::RED, "expectation").dashed());
    wander.y_range = Some((expectation - 0.6, expectation + 0.6));
    let mut tails = Plot::new(format!("Averages further than {FAR} away"), "rows", "share of the data sets")
        .with(curve(&places, &bounds), line(palette::ORANGE, "Chebyshev's bound"))
        .with(curve(&places, &exact), line(palette::BLUE, "exact"))
        .with(points(&places, &shares), Style::new(palette::RED, 1.0, 3.5, "drawn"));
    tails.log_y = true;
    tails.x_ticks = Some(places.iter().zip(["10", "30", "100", "300", "1000"]).map(|(p, n)| (*p, n.into())).collect());
    Ok(Stop {
        title: "The average tends to its expectation",
        says: format!(
            "At fixed parameters the average log-likelihood is a mean of independent numbers, so it tends to its expectation; \
             for a normal law at its own parameters that is −log(2πeσ²)/2 = {expectation:.4}. Chebyshev bounds the \
             probability of being further than ε away by the variance of one logarithm over nε²."
        ),
        slip: "The variance in the bound is that of one row's log density, not that of the data; and the law speaks of one \
               fixed parameter. That the maximum converges too needs more, since it is chosen by looking at the same rows.",
        numbers,
        plots: vec![wander, tails],
    })
}
