//! The figures of the experiments, each from plain slices to a [`Plot`].
//!
//! Everywhere: `x` is the grid (n values), `members` and `priors` are row-major with one row of n values per member,
//! `data` is the training points. [`figure_png`](program::draw::figure_png) draws one plot or a panel of them.

use std::borrow::Cow;

use program::plot::{Plot, Shape, Style, palette};

/// Observed points (x, y).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'a> {
    /// Inputs.
    pub(crate) x: &'a [f64],
    /// Targets, as many.
    pub(crate) y: &'a [f64],
}

fn points(data: Data<'_>) -> Shape<'_> {
    Shape::Points { x: data.x.into(), y: data.y.into() }
}

fn curves<'a>(x: &'a [f64], ys: &'a [f64]) -> Shape<'a> {
    Shape::Curves { x: x.into(), ys: ys.into() }
}

/// Dots grow smaller and fainter where there are many.
fn dots(count: usize, label: &str) -> Style {
    let (radius, opacity) = match count {
        0..=30 => (4.0, 1.0),
        31..=200 => (2.8, 0.85),
        201..=1000 => (2.2, 0.6),
        _ => (1.8, 0.35),
    };
    Style::new(palette::RED, opacity, radius, label)
}

/// Curves grow fainter where there are many.
fn thin(color: plotters::style::RGBColor, count: usize, label: &str) -> Style {
    let opacity = match count {
        0..=10 => 0.8,
        11..=60 => 0.5,
        61..=200 => 0.3,
        _ => 0.15,
    };
    Style::new(color, opacity, 1.0, label)
}

/// The training points alone.
pub(crate) fn data_points<'a>(title: &str, data: Data<'a>) -> Plot<'a> {
    Plot::new(title, "x", "y").with(points(data), dots(data.x.len(), "data"))
}

/// Mean with bands of one and two standard deviations, the data, and the members behind them if given.
pub(crate) fn mean_and_bands<'a>(
    title: &str,
    x: &'a [f64],
    mean: &'a [f64],
    sd: &'a [f64],
    data: Data<'a>,
    members: Option<&'a [f64]>,
) -> Plot<'a> {
    let band = |k: f64| {
        let edge = |sign: f64| Cow::from(mean.iter().zip(sd).map(|(m, s)| m + sign * k * s).collect::<Vec<_>>());
        Shape::Band { x: x.into(), lower: edge(-1.0), upper: edge(1.0) }
    };
    let mut plot = Plot::new(title, "x", "y")
        .with(band(2.0), Style::new(palette::BLUE, 0.18, 0.0, "± 2 sd"))
        .with(band(1.0), Style::new(palette::BLUE, 0.28, 0.0, "± 1 sd"));
    if let Some(members) = members {
        let count = members.len() / x.len().max(1);
        let style = Style { width: 0.75, ..thin(palette::GREY, count, "members") };
        // The bands set the range; single members may leave it.
        plot.y_range = Some(plot.clone().with(points(data), dots(0, "")).with(curves(x, mean), dots(0, "")).y_bounds());
        plot = plot.with(curves(x, members), style);
    }
    plot.with(curves(x, mean), Style::new(palette::BLUE, 1.0, 2.0, "mean"))
        .with(points(data), dots(data.x.len(), "data"))
}

/// The fixed prior functions alone.
pub(crate) fn priors<'a>(title: &str, x: &'a [f64], priors: &'a [f64]) -> Plot<'a> {
    let count = priors.len() / x.len().max(1);
    Plot::new(title, "x", "prior").with(curves(x, priors), thin(palette::TEAL, count, "prior functions"))
}

/// Every member's prediction, with the data in red.
pub(crate) fn all_members<'a>(title: &str, x: &'a [f64], members: &'a [f64], data: Data<'a>) -> Plot<'a> {
    let count = members.len() / x.len().max(1);
    Plot::new(title, "x", "y")
        .with(curves(x, members), thin(palette::BLUE, count, "members"))
        .with(points(data), dots(data.x.len(), "data"))
}

/// One member taken apart: its scaled prior, its trained part, and their sum.
pub(crate) fn prior_and_trainable<'a>(
    title: &str,
    x: &'a [f64],
    prior: &'a [f64],
    trainable: &'a [f64],
    data: Data<'a>,
) -> Plot<'a> {
    let sum: Vec<f64> = prior.iter().zip(trainable).map(|(p, t)| p + t).collect();
    Plot::new(title, "x", "y")
        .with(curves(x, prior), Style::new(palette::TEAL, 1.0, 1.6, "scaled prior").dashed())
        .with(curves(x, trainable), Style::new(palette::ORANGE, 1.0, 1.6, "trained part"))
        .with(Shape::Curves { x: x.into(), ys: sum.into() }, Style::new(palette::BLUE, 1.0, 2.2, "sum"))
        .with(points(data), dots(data.x.len(), "data"))
}

/// Makes a panel of these plots: smaller cells, and one y range for all if they are to be compared by eye.
pub(crate) fn panel(mut plots: Vec<Plot<'_>>, one_y_range: bool) -> Vec<Plot<'_>> {
    if one_y_range {
        let shared = plots.iter().map(|p| Some(p.y_bounds())).fold(None, program::scale::union);
        plots.iter_mut().for_each(|p| p.y_range = shared);
    }
    plots.iter_mut().for_each(|p| p.size = (460, 310));
    plots
}

/// Share of observations found inside central intervals, against their nominal level; both in 0 to 1.
pub(crate) fn calibration<'a>(title: &str, nominal: &'a [f64], observed: &'a [f64]) -> Plot<'a> {
    let unit = Cow::from(vec![0.0, 1.0]);
    let mut plot = Plot::new(title, "nominal level of the interval", "share of observations inside")
        .with(
            Shape::Curves { x: unit.clone(), ys: unit },
            Style::new(palette::GREY, 1.0, 1.2, "perfectly calibrated").dashed(),
        )
        .with(curves(nominal, observed), Style::new(palette::BLUE, 1.0, 1.8, "observed"))
        .with(Shape::Points { x: nominal.into(), y: observed.into() }, Style::new(palette::BLUE, 1.0, 3.2, ""));
    plot.x_range = Some((-0.02, 1.02));
    plot.y_range = Some((-0.02, 1.02));
    plot.size = (440, 420);
    plot
}

/// Prediction against observation with the interval of each row; observations outside stand out. `level` names the
/// interval, 0.9 for 90 %.
pub(crate) fn predicted_against_observed(
    title: &str,
    observed: &[f64],
    predicted: &[f64],
    lower: &[f64],
    upper: &[f64],
    level: f64,
) -> Plot<'static> {
    let hit = |i: &usize| lower[*i] <= observed[*i] && observed[*i] <= upper[*i];
    let rows = observed.len().min(predicted.len()).min(lower.len()).min(upper.len());
    let (hits, misses): (Vec<usize>, Vec<usize>) = (0..rows).partition(hit);
    let percent = format!("{}", (level * 1000.0).round() / 10.0);
    let opacity = if rows > 150 { 0.3 } else { 0.5 };
    let extent = program::scale::union(
        program::scale::extent(observed.iter().copied()),
        program::scale::extent(predicted.iter().copied()),
    );
    let (low, high) = program::scale::padded(extent);
    let diagonal = Cow::from(vec![low, high]);
    let mut plot = Plot::new(title, "observed", "predicted").with(
        Shape::Curves { x: diagonal.clone(), ys: diagonal },
        Style::new(palette::GREY, 1.0, 1.2, "predicted = observed").dashed(),
    );
    let radius = if rows > 150 { 2.2 } else { 3.0 };
    for (rows, color, label) in [
        (hits, palette::BLUE, format!("inside the {percent} % interval")),
        (misses, palette::ORANGE, "outside".to_owned()),
    ] {
        let pick = |values: &[f64]| Cow::from(rows.iter().map(|i| values[*i]).collect::<Vec<_>>());
        let x = pick(observed);
        plot = plot
            .with(
                Shape::Bars { x: x.clone(), lower: pick(lower), upper: pick(upper) },
                Style::new(color, opacity, 1.2, ""),
            )
            .with(Shape::Points { x, y: pick(predicted) }, Style::new(color, 0.9, radius, label));
    }
    plot.x_range = Some((low, high));
    plot.size = (560, 480);
    plot
}

/// Training loss of every member (row-major, one row of `epochs` values each) and their median, on a log axis.
pub(crate) fn training_losses<'a>(title: &str, epochs: &'a [f64], losses: &'a [f64]) -> Plot<'a> {
    let n = epochs.len().max(1);
    let count = losses.len() / n;
    let median: Vec<f64> = (0..epochs.len())
        .map(|i| {
            let mut column: Vec<f64> = losses.iter().skip(i).step_by(n).copied().filter(|v| v.is_finite()).collect();
            column.sort_by(f64::total_cmp);
            column.get(column.len() / 2).copied().unwrap_or(f64::NAN)
        })
        .collect();
    let mut plot = Plot::new(title, "epoch", "training loss")
        .with(curves(epochs, losses), thin(palette::BLUE, count, "members"))
        .with(Shape::Curves { x: epochs.into(), ys: median.into() }, Style::new(palette::INK, 1.0, 1.8, "median"));
    plot.log_y = true;
    plot
}

#[cfg(test)]
mod tests {
    use super::*;
    use program::draw::{figure, figure_png};

    const LONG: &str =
        "A title that is far too long for the width of the picture and still must not be cut at its edge";

    fn all<'a>(title: &'a str, x: &'a [f64], y: &'a [f64]) -> Vec<Plot<'a>> {
        let data = Data { x, y };
        vec![
            data_points(title, data),
            mean_and_bands(title, x, y, y, data, None),
            mean_and_bands(title, x, y, y, data, Some(y)),
            priors(title, x, y),
            all_members(title, x, y, data),
            prior_and_trainable(title, x, y, y, data),
            calibration(title, x, y),
            predicted_against_observed(title, x, y, y, y, 0.955),
            training_losses(title, x, y),
        ]
    }

    /// Nothing, one point, no spread, values without a place on the axis, and values near the largest there is.
    #[test]
    fn any_numbers_can_be_drawn() {
        let cases: [(&[f64], &[f64]); 7] = [
            (&[], &[]),
            (&[1.0], &[2.0]),
            (&[1.0, 2.0], &[3.0, 3.0]),
            (&[1.0, 2.0, 3.0], &[f64::NAN; 3]),
            (&[0.0, 1.0, 2.0], &[f64::INFINITY, 1.0, f64::NEG_INFINITY]),
            (&[0.0, 1.0, 2.0], &[f64::MAX, f64::MIN, 1e-308]),
            (&[f64::MIN, 0.0, f64::MAX], &[-1.0, 0.0, 1.0]),
        ];
        for (x, y) in cases {
            for plot in all("t", x, y) {
                let file = figure_png(&panel(vec![plot], true), 2).unwrap();
                assert!(file.starts_with(b"\x89PNG"));
            }
        }
        assert!(figure_png(&[], 0).is_ok());
    }

    #[test]
    fn nothing_is_cut_at_the_edge() {
        let x = [0.0, 50_000.0, 100_000.0];
        let y = [-1e5, 2e-3, 1e5];
        let plots = all(LONG, &x, &y);
        let small = panel(plots.clone(), false);
        for plot in plots.into_iter().chain(small) {
            let pixels = figure(std::slice::from_ref(&plot), 1, 2).unwrap();
            let (width, height) = (pixels.width(), pixels.height());
            let edge = |i: u32| {
                matches!(i % width, 0..2) || i % width >= width - 2 || i / width < 2 || i / width >= height - 2
            };
            let inked = (0..width * height).filter(|i| edge(*i)).find(|i| pixels.data()[*i as usize * 4] < 250);
            assert_eq!(inked.map(|i| (i % width, i / width)), None, "{} {:?}", plot.y_label, plot.size);
        }
    }
}
