//! A plot is data: a title, two labelled axes and a list of layers, drawn in order.

use std::borrow::Cow;

use plotters::style::{Color, RGBAColor, RGBColor};

use crate::scale::{self, Tick};

/// Paul Tol's "vibrant" scheme: told apart by colour-blind readers.
pub mod palette {
    use super::RGBColor;

    /// Predictions: members, means, bands.
    pub const BLUE: RGBColor = RGBColor(0, 119, 187);
    /// What is fixed: priors.
    pub const TEAL: RGBColor = RGBColor(0, 153, 136);
    /// What is trained, and what lies outside an interval.
    pub const ORANGE: RGBColor = RGBColor(238, 119, 51);
    /// Data.
    pub const RED: RGBColor = RGBColor(204, 51, 17);
    /// Reference lines.
    pub const GREY: RGBColor = RGBColor(110, 110, 110);
    /// Text, axes, and what has to stand out on colour.
    pub const INK: RGBColor = RGBColor(34, 34, 34);
}

/// How a layer looks, and its entry in the legend (none if `label` is empty).
#[derive(Clone, Debug)]
pub struct Style {
    /// Colour with its opacity.
    pub color: RGBAColor,
    /// Width of a line or radius of a point, in points (1/96 inch).
    pub width: f64,
    /// A dashed line in place of a solid one.
    pub dashed: bool,
    /// Name in the legend.
    pub label: String,
}

impl Style {
    /// A solid line of `width` points, or points of that radius.
    pub fn new(color: RGBColor, opacity: f64, width: f64, label: impl Into<String>) -> Self {
        Self { color: color.mix(opacity), width, dashed: false, label: label.into() }
    }

    /// The same, dashed.
    pub fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }
}

/// What is drawn of a layer's numbers. All x, lower, upper and y of one layer have the same length.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the variants say what their numbers are
pub enum Shape<'a> {
    /// Dots at (x, y).
    Points { x: Cow<'a, [f64]>, y: Cow<'a, [f64]> },
    /// One or more curves over the same x: `ys` is row-major, one row of `x.len()` values per curve.
    Curves { x: Cow<'a, [f64]>, ys: Cow<'a, [f64]> },
    /// The area between two curves.
    Band { x: Cow<'a, [f64]>, lower: Cow<'a, [f64]>, upper: Cow<'a, [f64]> },
    /// A vertical bar per x.
    Bars { x: Cow<'a, [f64]>, lower: Cow<'a, [f64]>, upper: Cow<'a, [f64]> },
    /// A box from zero to each height, `width` wide and centred at x.
    Boxes { x: Cow<'a, [f64]>, width: f64, heights: Cow<'a, [f64]> },
    /// A grid of equal cells that fills the rectangle `x` by `y`: `colors` row-major from the bottom, `columns` per row,
    /// nothing drawn where there is no colour. The layer's own colour is not used.
    Cells { x: (f64, f64), y: (f64, f64), columns: usize, colors: Cow<'a, [Option<RGBColor>]> },
}

/// A shape in a style.
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// The numbers.
    pub shape: Shape<'a>,
    /// How they look.
    pub style: Style,
}

/// Axes and the layers between them.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// Above the plot; may be empty.
    pub title: String,
    /// Below the x axis.
    pub x_label: String,
    /// Beside the y axis.
    pub y_label: String,
    /// Drawn in order.
    pub layers: Vec<Layer<'a>>,
    /// Fixed x range in place of the data's.
    pub x_range: Option<(f64, f64)>,
    /// Fixed y range in place of the robust one; base-ten logarithms if `log_y`.
    pub y_range: Option<(f64, f64)>,
    /// Places and labels on the x axis in place of round numbers.
    pub x_ticks: Option<Vec<Tick>>,
    /// The same on the y axis.
    pub y_ticks: Option<Vec<Tick>>,
    /// Logarithmic y axis; values that are not positive are left out.
    pub log_y: bool,
    /// Width and height in points, legend not counted.
    pub size: (u32, u32),
}

impl<'a> Plot<'a> {
    /// An empty plot of the usual size.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            x_label: x_label.into(),
            y_label: y_label.into(),
            layers: Vec::new(),
            x_range: None,
            y_range: None,
            x_ticks: None,
            y_ticks: None,
            log_y: false,
            size: (640, 400),
        }
    }

    /// Adds a layer on top.
    pub fn with(mut self, shape: Shape<'a>, style: Style) -> Self {
        self.layers.push(Layer { shape, style });
        self
    }

    /// A value's place on the y axis: itself, or its logarithm, and NaN where there is none.
    pub fn y_place(&self, v: f64) -> f64 {
        match (self.log_y, v > 0.0) {
            (false, _) => v,
            (true, true) => v.log10(),
            (true, false) => f64::NAN,
        }
    }

    /// The x range drawn: given, or that of all layers with a little room.
    pub fn x_bounds(&self) -> (f64, f64) {
        self.x_range.unwrap_or_else(|| {
            let to_the_edge =
                |s: &Shape<'_>| matches!(s, Shape::Curves { .. } | Shape::Band { .. } | Shape::Cells { .. });
            let only_curves = self.layers.iter().all(|l| to_the_edge(&l.shape));
            let range = self.layers.iter().map(|l| l.shape.x_extent()).fold(None, scale::union);
            // Curves and bands run to the edge of the plot unless points need room beside them.
            let curves = self.layers.iter().filter(|l| to_the_edge(&l.shape));
            let drawn = curves.map(|l| l.shape.x_extent()).fold(None, scale::union);
            match range {
                Some((low, high)) if high > low && (only_curves || drawn == range) => scale::bounded((low, high)),
                range => scale::padded(range),
            }
        })
    }

    /// The y range drawn: given, or one that holds all points and bars, and all but far-out curves and bands.
    pub fn y_bounds(&self) -> (f64, f64) {
        self.y_range.unwrap_or_else(|| {
            let place = |v: &f64| self.y_place(*v);
            let extent = self.layers.iter().map(|l| l.shape.y_extent(&place)).fold(None, scale::union);
            let padded = scale::padded(extent);
            // Boxes stand on the axis, and cells fill the plot.
            let filled = self.layers.iter().any(|l| matches!(l.shape, Shape::Boxes { .. } | Shape::Cells { .. }));
            match extent {
                Some((low, high)) if filled && low >= 0.0 && high > low => (low, padded.1),
                _ => padded,
            }
        })
    }
}

/// Tukey's "far out", among the lowest (highest) values of all curves: beyond it, a curve may leave the picture.
const AMONG_CURVES: f64 = 3.0;

/// The same along one curve or band, where a flat middle and growing ends are ordinary: only spikes may leave.
const ALONG_CURVE: f64 = 15.0;

impl Shape<'_> {
    fn x_extent(&self) -> Option<(f64, f64)> {
        match self {
            Self::Points { x, .. } | Self::Curves { x, .. } | Self::Band { x, .. } | Self::Bars { x, .. } => {
                scale::extent(x.iter().copied())
            }
            Self::Boxes { x, width, .. } => scale::extent(x.iter().flat_map(|x| [x - 0.5 * width, x + 0.5 * width])),
            Self::Cells { x, .. } => scale::extent([x.0, x.1]),
        }
    }

    fn y_extent(&self, place: &dyn Fn(&f64) -> f64) -> Option<(f64, f64)> {
        match self {
            Self::Points { y, .. } => scale::extent(y.iter().map(place)),
            Self::Boxes { heights, .. } => {
                scale::union(scale::extent([place(&0.0)]), scale::extent(heights.iter().map(place)))
            }
            Self::Cells { y, .. } => scale::extent([y.0, y.1]),
            Self::Bars { lower, upper, .. } => scale::extent(lower.iter().chain(upper.iter()).map(place)),
            Self::Band { lower, upper, .. } => {
                scale::robust_extent(lower.iter().map(place).collect(), upper.iter().map(place).collect(), ALONG_CURVE)
            }
            Self::Curves { x, ys } if ys.len() <= x.len() => {
                scale::robust_extent(ys.iter().map(place).collect(), ys.iter().map(place).collect(), ALONG_CURVE)
            }
            Self::Curves { x, ys } => {
                let extents = ys.chunks(x.len().max(1)).filter_map(|y| scale::extent(y.iter().map(place)));
                let (lows, highs) = extents.unzip();
                scale::robust_extent(lows, highs, AMONG_CURVES)
            }
        }
    }
}
