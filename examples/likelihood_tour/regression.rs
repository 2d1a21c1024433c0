//! Regression with normal errors.

use array_protocol::mle::Model;
use array_protocol::mle::linear::{Linear, powers};
use array_protocol::mle::transform::Range;
use program::failure::{Failure, Outcome};
use program::plot::{Plot, Shape, Style, palette};
use std::f64::consts::PI;

use crate::stop::{Number, Stop, Tour, curve, line, number, points};

/// Rows of the data.
const ROWS: usize = 60;

/// Maximum likelihood is least squares, and the variance is the residual sum of squares over n.
pub(crate) fn regression(tour: &Tour) -> Outcome<Stop> {
    let xp = &tour.xp;
    let x = xp.linspace((0.0, 5.0, ROWS))?;
    let y = (&x * 0.7 + 1.0 + xp.normal(tour.key(60)?, ROWS)? * 0.6).ok()?;
    let squares = Linear::new(&["a", "b"]).fit(&powers(&x, &[0, 1])?, &y)?;
    let likely = Model::new("line with normal errors", |p| {
        let z = ((&y - p.get("a")? - p.get("b")? * &x) / p.get("sd")?).ok()?;
        (z.square()? * -0.5 - p.get("sd")?.log()? - 0.5 * (2.0 * PI).ln()).ok()
    });
    let likely = likely
        .parameter("a", Range::Real, 0.0)
        .parameter("b", Range::Real, 0.0)
        .parameter("sd", Range::POSITIVE, 1.0)
        .fit(xp)?;
    let [a, b] = squares.estimates()[..] else { return Err(Failure("a line has two coefficients".into())) };
    let residuals = |b: f64| (&y - a - &x * b).square()?.sum(..);
    let rss = number(residuals(b))?;
    let (n, sd) = (ROWS as f64, likely.estimates()[2]);
    let error = |fit: &array_protocol::mle::Fit, i: usize| fit.parameters[i].std_error.unwrap_or(f64::NAN);
    let numbers = vec![
        Number::equal("intercept, most likely and by least squares", likely.estimates()[0], a, 1e-8),
        Number::equal("slope, most likely and by least squares", likely.estimates()[1], b, 1e-8),
        Number::same("σ², most likely and RSS/n", sd * sd, rss / n, 1e-7),
        Number::same(
            "largest log-likelihood, −n (log(2π RSS/n) + 1) / 2",
            likely.log_likelihood,
            -0.5 * n * ((2.0 * PI * rss / n).ln() + 1.0),
            1e-12,
        ),
        Number::same(
            "squared standard errors of the slope: ratio n/(n−2)",
            (error(&squares, 1) / error(&likely, 1)).powi(2),
            n / (n - 2.0),
            1e-6,
        ),
    ];
    let (at, of) = (x.to_vec::<f64>()?, y.to_vec::<f64>()?);
    let fitted: Vec<f64> = at.iter().map(|x| a + b * x).collect();
    let (lower, upper) = (
        fitted.iter().map(|f| f - 1.96 * sd).collect::<Vec<_>>(),
        fitted.iter().map(|f| f + 1.96 * sd).collect::<Vec<_>>(),
    );
    let data = Plot::new("The most likely line", "x", "y")
        .with(
            Shape::Band { x: at.clone().into(), lower: lower.into(), upper: upper.into() },
            Style::new(palette::BLUE, 0.18, 0.0, "95 % of the rows"),
        )
        .with(curve(&at, &fitted), line(palette::BLUE, "most likely, and least squares"))
        .with(points(&at, &of), Style::new(palette::RED, 0.8, 2.5, "data"));
    let slopes: Vec<f64> = (0..101).map(|i| b + 0.006 * (f64::from(i) - 50.0)).collect();
    let loss = slopes.iter().map(|b| number(residuals(*b))).collect::<Outcome<Vec<_>>>()?;
    let constant = -0.5 * n * (2.0 * PI * sd * sd).ln();
    let logs: Vec<f64> = loss.iter().map(|rss| constant - 0.5 * rss / (sd * sd)).collect();
    let top = (b, constant - 0.5 * n);
    let same = Plot::new("Log-likelihood by slope: a constant less RSS/(2σ²)", "slope", "log-likelihood")
        .with(curve(&slopes, &logs), line(palette::BLUE, ""))
        .with(points(&[top.0], &[top.1]), Style::new(palette::RED, 1.0, 4.0, "least squares"));
    Ok(Stop {
        title: "Regression: likelihood is least squares",
        says: "With normal errors of one variance the log-likelihood is a constant less RSS/(2σ²), so the most likely line \
               is that of least squares, whatever σ is; and the most likely σ² is RSS/n."
            .into(),
        slip: "Regression tables divide by n−p instead, which makes the variance unbiased and standard errors larger; the \
               log-likelihood and the information criteria take RSS/n.",
        numbers,
        plots: vec![data, same],
    })
}
