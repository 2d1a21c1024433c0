//! Beyond the mode: draws from the posterior.

use array_protocol::mle::distribution::Distribution;
use array_protocol::mle::inference::Laplace;
use array_protocol::prelude::*;
use program::failure::Outcome;
use program::plot::{Plot, Shape, Style, palette};
use std::f64::consts::PI;

use crate::stop::{Number, Stop, Tour, curve, line, number};

/// Rows of the data, whose standard deviation is known, and the prior of their mean.
const ROWS: usize = 12;
const SD: f64 = 1.5;
const PRIOR: [f64; 2] = [0.0, 1.0];
/// Chains that move side by side, and their steps.
const CHAINS: usize = 4000;
const STEPS: usize = 120;
/// Chains that are drawn.
const SHOWN: usize = 12;

/// Metropolis' chains and Laplace's approximation against a posterior that is known exactly.
pub(crate) fn sampling(tour: &Tour) -> Outcome<Stop> {
    let xp = &tour.xp;
    let x = (xp.normal(tour.key(110)?, ROWS)? * SD + 1.2).ok()?;
    let [center, tau] = PRIOR;
    // A normal prior of the mean is conjugate: precisions add up.
    let precision = ROWS as f64 / (SD * SD) + 1.0 / (tau * tau);
    let total = number(x.sum(..))?;
    let (mean, variance) = ((total / (SD * SD) + center / (tau * tau)) / precision, 1.0 / precision);
    let family = Distribution::named("normal")?;
    let prior = family.with(&PRIOR)?;
    let laplace = Laplace::of(&family.fitting().fix("sd", SD).prior("mean", prior.clone()).fit(&x)?)?;
    // The rows together are normal, with the prior's variance in common.
    let (n, squares) = (ROWS as f64, number((&x - center).square()?.sum(..))?);
    let apart = total - n * center;
    let evidence = -0.5 * n * (2.0 * PI * SD * SD).ln()
        - 0.5 * (n * tau * tau / (SD * SD)).ln_1p()
        - 0.5 / (SD * SD) * (squares - apart * apart * tau * tau / (SD * SD + n * tau * tau));

    // Up to a constant: each chain's log posterior.
    let rows = x.expand_dims(-1)?;
    let log_posterior = |mean: &Array| -> Result<Array> {
        let fits = (((&rows - mean) / SD).square()?.sum(0)? * -0.5).ok()?;
        (fits + prior.log_prob(mean)?).ok()
    };
    let mut at = (xp.normal(tour.key(111)?, CHAINS)? * tau + center).ok()?;
    let mut here = log_posterior(&at)?;
    let mut trace = vec![at.at(index![..SHOWN as isize])?];
    let mut accepted = 0.0;
    for step in 0..STEPS as u64 {
        let proposal = (&at + xp.normal(tour.key(1000 + 2 * step)?, CHAINS)? * (2.4 * variance.sqrt())).ok()?;
        let there = log_posterior(&proposal)?;
        let chance = (&there - &here).ok()?.exp()?;
        let moves = xp.uniform(tour.key(1001 + 2 * step)?, CHAINS)?.less(chance)?;
        accepted += number(moves.astype(DType::Float64)?.mean(..))? / STEPS as f64;
        at = where_(&moves, &proposal, &at)?;
        here = where_(&moves, &there, &here)?;
        trace.push(at.at(index![..SHOWN as isize])?);
    }
    let chains = CHAINS as f64;
    let numbers = vec![
        Number::equal("mode, and the exact mean", laplace.mean[0], mean, 1e-8),
        Number::same("Laplace's variance, exact for a normal posterior", laplace.covariance[0][0], variance, 1e-8),
        Number::same("log evidence, by Laplace and exactly", laplace.log_evidence, evidence, 1e-9),
        Number::equal(format!("mean of {CHAINS} chains"), number(at.mean(..))?, mean, 5.0 * (variance / chains).sqrt()),
        Number::equal("variance of the chains", number(at.var(..))?, variance, 5.0 * variance * (2.0 / chains).sqrt()),
        Number::shown("share of proposals accepted", accepted),
    ];
    let bars = histogram(&at.to_vec::<f64>()?, mean, variance.sqrt());
    let grid: Vec<f64> = (0..201).map(|i| mean + variance.sqrt() * (f64::from(i) - 100.0) / 25.0).collect();
    let density = |m: f64, v: f64| -> Vec<f64> {
        grid.iter().map(|x| (-0.5 * (x - m).powi(2) / v).exp() / (2.0 * PI * v).sqrt()).collect()
    };
    let posterior = Plot::new("Posterior of the mean", "mean", "density")
        .with(bars, Style::new(palette::BLUE, 0.45, 0.0, "chains"))
        .with(curve(&grid, &density(mean, variance)), line(palette::RED, "exact, and Laplace"))
        .with(curve(&grid, &density(center, tau * tau)), line(palette::GREY, "prior").dashed());
    // A row for each chain.
    let paths = matrix_transpose(stack(trace, 0)?)?.to_vec::<f64>()?;
    let steps: Vec<f64> = (0..=STEPS).map(|s| s as f64).collect();
    let walks = Plot::new(format!("{SHOWN} of the chains"), "step", "mean")
        .with(Shape::Curves { x: steps.into(), ys: paths.into() }, Style::new(palette::BLUE, 0.5, 1.0, ""));
    Ok(Stop {
        title: "The next step: draws from the posterior",
        says: "A mode is one point. Metropolis' chains draw from the whole posterior and need it up to a constant only: \
               thousands of them are one computation on arrays. Laplace's approximation takes the mode's curvature instead."
            .into(),
        slip: "A mode moves with the scale on which the parameter is written, since densities do; draws do not. And a chain \
               forgets where it began only after a while: the first steps are none of the posterior's.",
        numbers,
        plots: vec![posterior, walks],
    })
}

/// Draws as boxes of a density, four standard deviations to each side.
fn histogram(draws: &[f64], mean: f64, sd: f64) -> Shape<'static> {
    let bins = 40;
    let (low, width) = (mean - 4.0 * sd, 8.0 * sd / bins as f64);
    let mut heights = vec![0.0; bins];
    for x in draws {
        let bin = ((x - low) / width).floor();
        if (0.0..bins as f64).contains(&bin) {
            heights[bin as usize] += 1.0 / (draws.len() as f64 * width);
        }
    }
    let centers: Vec<f64> = (0..bins).map(|i| low + (i as f64 + 0.5) * width).collect();
    Shape::Boxes { x: centers.into(), width, heights: heights.into() }
}
