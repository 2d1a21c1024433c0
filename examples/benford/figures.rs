//! Digits beside the law.

use program::plot::{Plot, Shape, Style, palette};

/// Shares or probabilities of the digits 1 to 9 as boxes, the law as points on a line.
pub(crate) fn digits(title: &str, label: &str, shares: &[f64], law: &[f64]) -> Plot<'static> {
    let x: Vec<f64> = (1..=9).map(f64::from).collect();
    let boxes = Shape::Boxes { x: x.clone().into(), width: 0.8, heights: shares.to_vec().into() };
    let curve = Shape::Curves { x: x.clone().into(), ys: law.to_vec().into() };
    let points = Shape::Points { x: x.into(), y: law.to_vec().into() };
    let mut plot = Plot::new(title, "digit", label)
        .with(boxes, Style::new(palette::BLUE, 0.75, 0.0, "digits"))
        .with(curve, Style::new(palette::RED, 1.0, 1.6, "Benford's law"))
        .with(points, Style::new(palette::RED, 1.0, 3.2, ""));
    plot.x_range = Some((0.4, 9.6));
    plot.x_ticks = Some((1..=9).map(|d| (f64::from(d), d.to_string())).collect());
    plot
}

/// The same, small.
pub(crate) fn small(title: &str, shares: &[f64], law: &[f64]) -> Plot<'static> {
    let mut plot = digits(title, "probability", shares, law);
    plot.size = (420, 270);
    plot
}
