//! Posterior modes: what a prior adds, and how often.

use array_protocol::mle::distribution::{Distribution, Law};
use array_protocol::mle::penalized::Penalized;
use array_protocol::mle::transform::Range;
use array_protocol::mle::{Fit, Model};
use array_protocol::prelude::*;
use program::failure::Outcome;
use program::plot::{Plot, Style, palette};
use std::f64::consts::PI;

use crate::stop::{Number, Stop, Tour, curve, line, number, points};

/// Rows of the data, and their true coefficients.
const ROWS: usize = 25;
const TRUE: [f64; 2] = [1.2, -0.5];
/// The errors' standard deviation, which is known here, and the prior's.
const SD: f64 = 0.8;
const TAU: f64 = 0.5;

/// Rows of a regression without intercept.
struct Data {
    x: Array,
    y: Array,
}

impl Data {
    fn draw(tour: &Tour, draw: u64, rows: usize) -> Result<Data> {
        let x = tour.xp.normal(tour.key(draw)?, [rows, 2])?;
        let errors = (tour.xp.normal(tour.key(draw + 1)?, rows)? * SD).ok()?;
        let y = (matmul(&x, tour.xp.asarray(TRUE)?)? + errors).ok()?;
        Ok(Data { x, y })
    }

    /// The minimum of RSS + lambda |b|².
    fn ridge(&self, lambda: f64) -> Result<Vec<f64>> {
        let transposed = matrix_transpose(&self.x)?;
        let penalty = (self.x.namespace().eye((2, DType::Float64))? * lambda).ok()?;
        let left = (matmul(&transposed, &self.x)? + penalty).ok()?;
        left.solve(matmul(transposed, &self.y)?)?.to_vec()
    }

    /// The mode with a prior of both coefficients; without one, the maximum of the likelihood.
    fn mode(&self, prior: Option<&Law>) -> Result<Fit> {
        let rows = |p: &array_protocol::mle::Parameters<'_>| {
            let b = stack(vec![p.get("b1")?.clone(), p.get("b2")?.clone()], 0)?;
            let z = ((&self.y - matmul(&self.x, b)?) / SD).ok()?;
            (z.square()? * -0.5 - (SD.ln() + 0.5 * (2.0 * PI).ln())).ok()
        };
        let mut model = Model::new("two slopes", rows);
        for name in ["b1", "b2"] {
            model = match prior {
                Some(law) => model.parameter_with_prior(name, Range::Real, 0.1, law.clone()),
                None => model.parameter(name, Range::Real, 0.1),
            };
        }
        model.fit(&self.x.namespace())
    }
}

/// A uniform prior changes nothing, a normal one is ridge regression with lambda = sigma²/tau², and it counts once.
pub(crate) fn prior(tour: &Tour) -> Outcome<Stop> {
    let data = Data::draw(tour, 70, ROWS)?;
    let normal = Distribution::named("normal")?.with(&[0.0, TAU])?;
    let uniform = Distribution::named("uniform")?.with(&[-100.0, 100.0])?;
    let lambda = SD * SD / (TAU * TAU);
    let (free, flat, mode) = (data.mode(None)?, data.mode(Some(&uniform))?, data.mode(Some(&normal))?);
    let [free, flat, mode_at] = [&free, &flat, &mode].map(Fit::estimates);
    let ridge = data.ridge(lambda)?;
    let mean_scale = Penalized::ridge(&["b1", "b2"], lambda / ROWS as f64).as_given().without_intercept();
    let on_mean = mean_scale.fit(&data.x, &data.y)?.estimates();
    let once = number(normal.log_prob(&tour.xp.asarray(&mode_at)?)?.sum(..))?;
    let mut numbers = vec![];
    for i in 0..2 {
        let name = ["b₁", "b₂"][i];
        numbers.push(Number::equal(format!("{name}: uniform prior, and none"), flat[i], free[i], 1e-8));
        numbers.push(Number::equal(
            format!("{name}: normal prior, and ridge with λ = σ²/τ²"),
            mode_at[i],
            ridge[i],
            1e-8,
        ));
        numbers.push(Number::equal(format!("{name}: on the scale of RSS/(2n), λ/n"), on_mean[i], ridge[i], 1e-8));
    }
    numbers.push(Number::same("what the prior adds: its log density, once", mode.log_prior, once, 1e-10));
    let error = |b: &[f64]| ((b[0] - TRUE[0]).powi(2) + (b[1] - TRUE[1]).powi(2)).sqrt();
    let sizes = [25, 100, 400, 1600, 6400, 25_600];
    let (mut places, mut single, mut repeated) = (vec![], vec![], vec![]);
    for (i, n) in sizes.into_iter().enumerate() {
        let data = Data::draw(tour, 80 + 2 * i as u64, n)?;
        places.push((n as f64).log10());
        single.push(error(&data.ridge(lambda)?));
        repeated.push(error(&data.ridge(lambda * n as f64)?));
    }
    // With x of variance 1 the prior counted n times tends to b / (1 + λ): the error to λ/(1 + λ) of the length of b.
    let limit = lambda / (1.0 + lambda) * (TRUE[0] * TRUE[0] + TRUE[1] * TRUE[1]).sqrt();
    let chance = 5.0 / (sizes[5] as f64).sqrt() * 3.0;
    numbers.push(Number::equal("error of 25,600 rows, the prior counted once", single[5], 0.0, chance));
    numbers.push(Number::equal("the same, the prior counted for every row", repeated[5], limit, chance));
    let widths: Vec<f64> = (0..61).map(|i| -2.0 + 0.05 * f64::from(i)).collect();
    let paths = widths.iter().map(|w| data.ridge((SD / 10_f64.powf(*w)).powi(2))).collect::<Result<Vec<_>>>()?;
    let mut path = Plot::new("Modes by the prior's width", "τ, as a power of ten", "coefficient");
    for (i, color) in [palette::BLUE, palette::TEAL].into_iter().enumerate() {
        let name = ["b₁", "b₂"][i];
        let ys: Vec<f64> = paths.iter().map(|b| b[i]).collect();
        path = path
            .with(
                curve(&[-2.0, 1.0], &[free[i]; 2]),
                line(palette::GREY, if i == 0 { "likelihood alone" } else { "" }).dashed(),
            )
            .with(curve(&widths, &ys), line(color, &format!("{name} by ridge")))
            .with(
                points(&[TAU.log10()], &[mode_at[i]]),
                Style::new(palette::RED, 1.0, 4.0, if i == 0 { "mode at τ = 0.5" } else { "" }),
            );
    }
    let mut count = Plot::new("Distance from the truth", "rows", "error of the coefficients")
        .with(curve(&places, &single), line(palette::BLUE, "prior counted once"))
        .with(curve(&places, &repeated), line(palette::ORANGE, "prior counted for every row").dashed());
    count.x_ticks = Some(places.iter().zip(sizes).map(|(p, n)| (*p, n.to_string())).collect());
    count.log_y = true;
    Ok(Stop {
        title: "A prior counts once",
        says: format!(
            "The mode maximises Σ log p(xᵢ|θ) + log p(θ). A uniform prior adds a constant, so the mode is the maximum of the \
             likelihood. A normal one with sd τ gives ridge regression: RSS + λ|b|² with λ = σ²/τ² = {lambda:.2}."
        ),
        slip: "The prior stands outside of the sum. Inside it would be counted for every row, and no number of rows could \
               overrule it. And λ is σ²/τ² on the scale of RSS only: on that of the mean squared error it is that over n.",
        numbers,
        plots: vec![path, count],
    })
}
