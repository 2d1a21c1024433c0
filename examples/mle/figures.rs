//! Figures of fits: density beside the data, quantiles against quantiles, fitted against observed.

use array_api::{Array, Namespace};
use mle::distribution::Law;
use mle::formula::Expression;
use mle::{Columns, Fit};

use program::draw::figure_png;
use program::failure::Outcome;
use program::plot::{Plot, Shape, Style, palette};

/// The name of a file and its bytes.
type Picture = (&'static str, Vec<u8>);

/// Freedman and Diaconis' number of bins, within reason.
fn bins(sorted: &[f64]) -> usize {
    let n = sorted.len();
    let spread = sorted[3 * n / 4] - sorted[n / 4];
    let width = 2.0 * spread / (n as f64).cbrt();
    let range = sorted[n - 1] - sorted[0];
    if width > 0.0 { (range / width).ceil().clamp(5.0, 80.0) as usize } else { 10 }
}

pub(crate) fn distribution(law: &Law, values: &Array, column: &str) -> Outcome<Vec<Picture>> {
    let xp = values.namespace();
    let mut sorted = values.to_vec::<f64>()?;
    sorted.sort_by(f64::total_cmp);
    let pictures =
        [("density.png", density(law, &xp, &sorted, column)?), ("quantiles.png", quantiles(law, &xp, &sorted)?)];
    pictures.into_iter().map(|(name, plot)| Ok((name, figure_png(&[plot], 1)?))).collect()
}

fn density(law: &Law, xp: &Namespace, sorted: &[f64], column: &str) -> Outcome<Plot<'static>> {
    let n = sorted.len() as f64;
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    let (centres, heights): (Vec<f64>, Vec<f64>) = if law.support().integer {
        let counts = |k: f64| sorted.iter().filter(|v| **v == k).count() as f64 / n;
        let all: Vec<f64> = (0..=((high - low) as usize).min(200)).map(|i| low + i as f64).collect();
        all.into_iter().map(|k| (k, counts(k))).unzip()
    } else {
        let count = bins(sorted);
        let width = ((high - low) / count as f64).max(f64::MIN_POSITIVE);
        let share = |i: usize| {
            let (from, to) = (low + i as f64 * width, low + (i + 1) as f64 * width);
            let inside = sorted.iter().filter(|v| **v >= from && (**v < to || i + 1 == count)).count();
            (0.5 * (from + to), inside as f64 / n / width)
        };
        (0..count).map(share).unzip()
    };
    let x: Vec<f64> = match law.support().integer {
        true => centres.clone(),
        false => (0..=400).map(|i| low + (high - low) * f64::from(i) / 400.0).collect(),
    };
    let y = array_api::exp(law.log_prob(&xp.asarray(&x)?)?)?.to_vec::<f64>()?;
    let bars = match law.support().integer {
        true => {
            let zeros = vec![0.0; heights.len()];
            Shape::Bars { x: centres.into(), lower: zeros.into(), upper: heights.into() }
        }
        // Bins beside each other: a band with a step at every edge.
        false => {
            let half = 0.5 * (high - low) / heights.len() as f64;
            let edges: Vec<f64> = centres.iter().flat_map(|c| [c - half, c + half]).collect();
            let steps: Vec<f64> = heights.iter().flat_map(|h| [*h, *h]).collect();
            Shape::Band { x: edges.into(), lower: vec![0.0; steps.len()].into(), upper: steps.into() }
        }
    };
    let curve = match law.support().integer {
        true => Shape::Points { x: x.into(), y: y.into() },
        false => Shape::Curves { x: x.into(), ys: y.into() },
    };
    let shown: Vec<String> = law.parameters().iter().map(|p| format!("{p:.4}")).collect();
    Ok(Plot::new(format!("{}({})", law.name(), shown.join(", ")), column, "density")
        .with(bars, Style::new(palette::GREY, 0.5, 4.0, "data"))
        .with(curve, Style::new(palette::BLUE, 1.0, 2.0, "fit")))
}

fn quantiles(law: &Law, xp: &Namespace, sorted: &[f64]) -> Outcome<Plot<'static>> {
    let n = sorted.len();
    // More points than a figure can show are thinned evenly.
    let step = n.div_ceil(2000);
    let places: Vec<usize> = (0..n).step_by(step).collect();
    let shares: Vec<f64> = places.iter().map(|&i| (i as f64 + 0.5) / n as f64).collect();
    let expected = law.quantile(&xp.asarray(shares)?)?.to_vec::<f64>()?;
    let observed: Vec<f64> = places.iter().map(|&i| sorted[i]).collect();
    let ends = vec![sorted[0], sorted[n - 1]];
    let line = Shape::Curves { x: ends.clone().into(), ys: ends.into() };
    Ok(Plot::new("Quantiles", "of the fit", "of the data")
        .with(line, Style::new(palette::GREY, 1.0, 1.0, "").dashed())
        .with(Shape::Points { x: expected.into(), y: observed.into() }, Style::new(palette::RED, 0.7, 2.5, "")))
}

pub(crate) fn regression(response: &str, formula: &str, data: &Columns, fit: &Fit) -> Outcome<Vec<Picture>> {
    let xp = match data.values().next() {
        Some(column) => column.namespace(),
        None => return Ok(vec![]),
    };
    let observed = Expression::parse(response)?.evaluate(&|name| data.get(name).cloned())?.to_vec::<f64>()?;
    let lookup = |name: &str| match fit.parameter(name) {
        Some(p) => xp.asarray(p.estimate).ok(),
        None => data.get(name).cloned(),
    };
    let fitted =
        array_api::broadcast_to(Expression::parse(formula)?.evaluate(&lookup)?, observed.len())?.to_vec::<f64>()?;
    let residuals = observed.iter().zip(&fitted).map(|(o, f)| o - f).collect();
    fit_and_residuals(response, observed, fitted, residuals, "residual")
}

/// Observed beside fitted values, and residuals beside fitted values.
pub(crate) fn fit_and_residuals(
    response: &str,
    observed: Vec<f64>,
    fitted: Vec<f64>,
    residuals: Vec<f64>,
    kind: &str,
) -> Outcome<Vec<Picture>> {
    let extent = |v: &[f64]| v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let (low, high) = extent(&observed);
    let ends = vec![low, high];
    let (low, high) = extent(&fitted);
    let points = |x: Vec<f64>, y: Vec<f64>| Shape::Points { x: x.into(), y: y.into() };
    let plots = [
        Plot::new("Fit", "fitted", response)
            .with(
                Shape::Curves { x: ends.clone().into(), ys: ends.into() },
                Style::new(palette::GREY, 1.0, 1.0, "").dashed(),
            )
            .with(points(fitted.clone(), observed), Style::new(palette::RED, 0.7, 2.5, "")),
        Plot::new("Residuals", "fitted", kind)
            .with(
                Shape::Curves { x: vec![low, high].into(), ys: vec![0.0, 0.0].into() },
                Style::new(palette::GREY, 1.0, 1.0, "").dashed(),
            )
            .with(points(fitted, residuals), Style::new(palette::BLUE, 0.7, 2.5, "")),
    ];
    Ok(vec![("fit.png", figure_png(&plots, 2)?)])
}
