//! Densities are no probabilities.

use array_protocol::mle::distribution::Distribution;
use array_protocol::prelude::*;
use program::failure::Outcome;
use program::plot::{Plot, palette};

use crate::stop::{Number, Stop, Tour, curve, line, number};

/// A beta law that is narrow, so high.
const SHAPES: [f64; 2] = [2.0, 30.0];

/// A density above 1, a positive log-likelihood, and a change of units.
pub(crate) fn density(tour: &Tour) -> Outcome<Stop> {
    let xp = &tour.xp;
    let law = Distribution::named("beta")?.with(&SHAPES)?;
    let x = xp.linspace((0.0, 1.0, 10_001))?;
    let density = law.log_prob(&x)?.exp()?;
    // The rule of trapezoids; both ends are zero.
    let area = number(density.sum(..))? / 10_000.0;
    let [a, b] = SHAPES;
    let mode = (a - 1.0) / (a + b - 2.0);
    let draws = law.sample(&tour.key(40)?, tour.rows)?;
    let fit = Distribution::named("beta")?.fit(&draws)?;
    // The same waiting times in hours and in minutes.
    let exponential = Distribution::named("exponential")?;
    let hours = exponential.with(&[0.4])?.sample(&tour.key(41)?, tour.rows)?;
    let (by_hour, by_minute) = (exponential.fit(&hours)?, exponential.fit(&(&hours * 60.0).ok()?)?);
    let n = tour.rows as f64;
    let numbers = vec![
        Number::at_least("largest density of beta(2, 30)", number(density.max(..))?, 1.0),
        Number::equal("the area below it", area, 1.0, 1e-6),
        Number::at_most("largest probability of an interval, of all", number(law.cdf(&x)?.max(..))?, 1.0),
        Number::equal(
            "where it is largest",
            x.at(index![density.argmax(..)?.item::<i64>()? as isize])?.item::<f64>()?,
            mode,
            1e-4,
        ),
        Number::at_least("log-likelihood of a fit to draws of it", fit.log_likelihood, 0.0),
        Number::same(
            "log-likelihood in minutes, by that in hours less n log 60",
            by_minute.log_likelihood,
            by_hour.log_likelihood - n * 60_f64.ln(),
            1e-10,
        ),
        Number::same("rate per minute, 60 times", 60.0 * by_minute.estimates()[0], by_hour.estimates()[0], 1e-12),
    ];
    let shown = xp.linspace((0.0, 0.3, 601))?;
    let at = shown.to_vec::<f64>()?;
    let curves = [law.log_prob(&shown)?.exp()?.to_vec::<f64>()?, law.cdf(&shown)?.to_vec::<f64>()?];
    let one = (&[0.0, 0.3][..], &[1.0, 1.0][..]);
    let high = Plot::new("Density of beta(2, 30)", "x", "density")
        .with(curve(one.0, one.1), line(palette::GREY, "1").dashed())
        .with(curve(&at, &curves[0]), line(palette::BLUE, "density"));
    let sum = Plot::new("Probability of values up to x", "x", "probability")
        .with(curve(one.0, one.1), line(palette::GREY, "").dashed())
        .with(curve(&at, &curves[1]), line(palette::BLUE, ""));
    Ok(Stop {
        title: "A density may exceed 1",
        says: "A density is probability per unit: narrow laws have high ones, whatever the area below them, which is 1. So \
               log-likelihoods may be positive, and change with the units of the data."
            .into(),
        slip: "A likelihood of continuous data is not the probability of the data, and two log-likelihoods may be compared \
               only for the same data in the same units.",
        numbers,
        plots: vec![high, sum],
    })
}
