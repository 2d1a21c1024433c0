//! Products, sums and averages of the rows' likelihoods.

use array_protocol::mle::distribution::Distribution;
use array_protocol::prelude::*;
use program::failure::Outcome;
use program::plot::{Plot, palette};
use std::f64::consts::{LN_10, PI};

use crate::stop::{Number, Stop, Tour, curve, line, number, points};

/// The law of the data of both stops.
const MEAN: f64 = 2.0;
const SD: f64 = 1.5;
/// Rows whose product of densities is still far from the smallest number.
const FEW: usize = 100;

fn sample(tour: &Tour) -> Outcome<(Array, Array)> {
    let law = Distribution::named("normal")?.with(&[MEAN, SD])?;
    let x = law.sample(&tour.key(0)?, tour.rows)?;
    let logs = law.log_prob(&x)?;
    Ok((x, logs))
}

/// The likelihood of independent rows is a product, its logarithm a sum; only the sum can be computed.
pub(crate) fn product(tour: &Tour) -> Outcome<Stop> {
    let (_, logs) = sample(tour)?;
    let products = logs.exp()?.cumulative_prod(..)?;
    let sums = logs.cumulative_sum(..)?.to_vec::<f64>()?;
    let left = products.greater(0.0)?.astype(DType::Int64)?.sum(..)?.item::<i64>()? as usize;
    let products = products.to_vec::<f64>()?;
    let smallest = f64::from_bits(1);
    let numbers = vec![
        Number::same(format!("log of the product of {FEW} densities"), products[FEW - 1].ln(), sums[FEW - 1], 1e-12),
        Number::shown("rows after which the product is 0 in double precision", left as f64),
        Number::at_most("the sum of logarithms there", sums[left], (2.0 * smallest).ln()),
        Number::equal(format!("the product of all {} densities", tour.rows), products[tour.rows - 1], 0.0, 0.0),
        Number::shown("the sum of their logarithms", sums[tour.rows - 1]),
    ];
    let shown = (2 * left).min(tour.rows);
    let rows: Vec<f64> = (1..=shown).map(|i| i as f64).collect();
    let powers = |v: &[f64]| v.iter().map(|l| l / LN_10).collect::<Vec<_>>();
    let some: Vec<usize> = (0..left).step_by((left / 25).max(1)).collect();
    let dots = (
        some.iter().map(|&i| rows[i]).collect::<Vec<_>>(),
        some.iter().map(|&i| products[i].log10()).collect::<Vec<_>>(),
    );
    let floor = smallest.log10();
    let plot = Plot::new("Likelihood of the first rows", "rows", "logarithm to base 10")
        .with(curve(&[1.0, shown as f64], &[floor; 2]), line(palette::GREY, "the smallest double number").dashed())
        .with(curve(&rows, &powers(&sums[..shown])), line(palette::BLUE, "sum of logarithms"))
        .with(points(&dots.0, &dots.1), program::plot::Style::new(palette::RED, 1.0, 3.0, "product of densities"));
    Ok(Stop {
        title: "A product of densities, or a sum of their logarithms",
        says: "The likelihood of independent rows is the product of their densities. Its logarithm is the sum of theirs: the \
               same information, and a number that a computer can hold."
            .into(),
        slip: "The sum is not the product: the logarithm changes every value, and only leaves the order of parameters, so \
               the place of the maximum.",
        numbers,
        plots: vec![plot],
    })
}

/// The logarithms of the densities of all rows at each mean of a grid, added up: `(means,)`.
fn along(x: &Array, means: &Array) -> Result<Array> {
    let z = ((x.expand_dims(1)? - means) / SD).ok()?;
    (z.square()? * -0.5 - (0.5 * (2.0 * PI).ln() + SD.ln())).sum(0)
}

/// Dividing by the number of rows, or taking logarithms, leaves the place of the maximum.
pub(crate) fn average(tour: &Tour) -> Outcome<Stop> {
    let (x, _) = sample(tour)?;
    let grid = tour.xp.linspace((1.0, 3.0, 401))?;
    let first = |n: usize| x.at(index![..n as isize]);
    let place = |values: &Array| -> Outcome<f64> {
        Ok(grid.at(index![values.argmax(..)?.item::<i64>()? as isize])?.item::<f64>()?)
    };
    let sum = along(&x, &grid)?;
    let mean = (&sum / tour.rows as f64).ok()?;
    let few = along(&first(FEW)?, &grid)?;
    let numbers = vec![
        Number::equal("the mean that maximises the average", place(&mean)?, place(&sum)?, 0.0),
        Number::equal(
            "its distance from the mean of the data",
            place(&sum)? - number(x.mean(..))?,
            0.0,
            // Half of the grid's step, and rounding.
            0.5 * 2.0 / 400.0 + 1e-9,
        ),
        Number::equal(format!("what maximises the product of {FEW} densities"), place(&few.exp()?)?, place(&few)?, 0.0),
        Number::same(
            "the largest average, times the rows",
            number(mean.max(..))? * tour.rows as f64,
            number(sum.max(..))?,
            1e-12,
        ),
    ];
    let at = grid.to_vec::<f64>()?;
    let mut sums = Plot::new("Log-likelihood", "mean", "sum over the rows");
    let mut averages = Plot::new("Its average", "mean", "average over the rows");
    for (n, color) in [(30, palette::ORANGE), (100, palette::TEAL), (tour.rows, palette::BLUE)] {
        let values = along(&first(n)?, &grid)?.to_vec::<f64>()?;
        let scaled: Vec<f64> = values.iter().map(|v| v / n as f64).collect();
        sums = sums.with(curve(&at, &values), line(color, &format!("{n} rows")));
        averages = averages.with(curve(&at, &scaled), line(color, ""));
    }
    Ok(Stop {
        title: "The average has its maximum where the sum has",
        says: "A positive factor moves no maximum, so the average of the logarithms may be maximised in place of their sum. \
               It is of one size for any number of rows."
            .into(),
        slip: "Curvature is not the same: standard errors come from the sum's, and the average's has to be multiplied by the \
               rows first.",
        numbers,
        plots: vec![sums, averages],
    })
}
