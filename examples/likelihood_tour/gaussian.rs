//! A normal law with both parameters unknown.

use array_protocol::mle::Model;
use array_protocol::mle::differentiate::{Differentiable, Objective};
use array_protocol::mle::transform::Range;
use array_protocol::prelude::*;
use plotters::style::RGBColor;
use program::color::heat;
use program::failure::Outcome;
use program::plot::{Plot, Shape, Style, palette};
use std::f64::consts::PI;

use crate::stop::{Number, Stop, Tour, curve, line, number, points};

/// Rows of the data: few, so that the surface is wide.
const ROWS: usize = 40;
/// Rows of each of many small data sets, and how many there are.
const SMALL: usize = 5;
const SETS: usize = 20_000;
/// Cells of the surface along each axis.
const CELLS: usize = 90;

/// What each row adds at a mean and a variance.
fn log_density(x: &Array, mean: &Array, variance: &Array) -> Result<Array> {
    let squares = ((x - mean).square()? / variance).ok()?;
    ((squares + (variance * (2.0 * PI)).log()?) * -0.5).ok()
}

/// Closed forms against the optimiser, the score, and the bias of the variance.
pub(crate) fn gaussian(tour: &Tour) -> Outcome<Stop> {
    let xp = &tour.xp;
    let x = (xp.normal(tour.key(30)?, ROWS)? * 1.5 + 2.0).ok()?;
    let (mean, variance) = (number(x.mean(..))?, number(x.var(..))?);
    let fit = Model::new("normal law", |p| log_density(&x, p.get("mean")?, p.get("variance")?))
        .parameter("mean", Range::Real, 0.0)
        .parameter("variance", Range::POSITIVE, 1.0)
        .fit(xp)?;
    let total = |p: &Array| log_density(&x, &p.at(index![0])?, &p.at(index![1])?)?.sum(..);
    let (_, score) = Differentiable::new(xp, total).gradient(&[mean, variance])?;
    let estimates = fit.estimates();
    let small = (xp.normal(tour.key(31)?, [SETS, SMALL])? * 1.5).ok()?.var(1)?;
    let spread = number(small.std(..))?;
    let expected = 1.5 * 1.5 * (SMALL as f64 - 1.0) / SMALL as f64;
    let numbers = vec![
        Number::equal("mean, by Newton's method and by its closed form", estimates[0], mean, 1e-8),
        Number::equal("variance, by Newton's method and by its closed form", estimates[1], variance, 1e-8),
        Number::equal("derivative by the mean at the closed form", score[0], 0.0, 1e-10),
        Number::equal("derivative by the variance at the closed form", score[1], 0.0, 1e-10),
        Number::same(
            "largest log-likelihood, −n (log 2πσ² + 1) / 2",
            fit.log_likelihood,
            -0.5 * ROWS as f64 * ((2.0 * PI * variance).ln() + 1.0),
            1e-12,
        ),
        Number::equal(
            format!("mean of the estimate from {SMALL} rows, σ² (n−1)/n"),
            number(small.mean(..))?,
            expected,
            5.0 * spread / (SETS as f64).sqrt(),
        ),
    ];
    Ok(Stop {
        title: "A normal law: the mean and the mean square",
        says: "With θ = (μ, σ²) the likelihood is largest at the mean of the data and at the mean squared distance from it."
            .into(),
        slip: "The estimate of σ² divides by n, and is too small by the factor (n−1)/n on average. Dividing by n−1 corrects \
               that, but is not the maximum of the likelihood.",
        numbers,
        plots: vec![surface(xp, &x, mean, variance)?, sets(&small.to_vec::<f64>()?, expected)],
    })
}

/// The log-likelihood over means and variances, dark where it is within a few units of its maximum.
fn surface(xp: &Namespace, x: &Array, mean: f64, variance: f64) -> Outcome<Plot<'static>> {
    let (reach, top) = (3.5 * (variance / ROWS as f64).sqrt(), 2.6 * variance);
    let (means, variances) = ((mean - reach, mean + reach), (0.35 * variance, top));
    let centers = |(low, high): (f64, f64)| {
        let half = 0.5 * (high - low) / CELLS as f64;
        xp.linspace((low + half, high - half, CELLS))
    };
    // A row of cells for each variance, a column for each mean, and the data along a last axis.
    let across = centers(means)?.expand_dims(-1)?;
    let up = centers(variances)?.expand_dims(-1)?.expand_dims(-1)?;
    let values = log_density(x, &across, &up)?.sum(-1)?.to_vec::<f64>()?;
    let most = values.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
    let colors: Vec<Option<RGBColor>> = values.iter().map(|v| Some(heat((1.0 - (most - v) / 12.0).max(0.0)))).collect();
    Ok(Plot::new("Log-likelihood", "μ", "σ²")
        .with(
            Shape::Cells { x: means, y: variances, columns: CELLS, colors: colors.into() },
            Style::new(palette::INK, 1.0, 1.0, ""),
        )
        .with(points(&[mean], &[variance]), Style::new(palette::RED, 1.0, 4.0, "closed form")))
}

/// Estimates of the variance from small data sets, counted.
fn sets(estimates: &[f64], expected: f64) -> Plot<'static> {
    let (bins, top) = (50, 8.0);
    let width = top / bins as f64;
    let mut counts = vec![0.0; bins];
    for v in estimates {
        // What lies beyond the picture is not counted in it.
        if let Some(count) = counts.get_mut((v / width) as usize) {
            *count += 1.0;
        }
    }
    let most = counts.iter().fold(0.0_f64, |m, c| m.max(*c));
    let centers: Vec<f64> = (0..bins).map(|i| (i as f64 + 0.5) * width).collect();
    Plot::new(format!("Estimates of σ² from {SMALL} rows each"), "σ²", "data sets")
        .with(
            Shape::Boxes { x: centers.into(), width, heights: counts.into() },
            Style::new(palette::BLUE, 0.6, 0.0, "estimates"),
        )
        .with(curve(&[2.25; 2], &[0.0, most]), line(palette::RED, "true"))
        .with(curve(&[expected; 2], &[0.0, most]), line(palette::ORANGE, "their mean").dashed())
}
