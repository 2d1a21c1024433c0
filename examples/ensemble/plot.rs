//! A plot is data: a title, two labelled axes and a list of layers, drawn in order.

use std::borrow::Cow;

use plotters::style::{Color, RGBAColor, RGBColor};

use crate::scale;

/// Paul Tol's "vibrant" scheme: told apart by colour-blind readers.
pub(crate) mod palette {
    use super::RGBColor;

    /// Predictions: members, means, bands.
    pub(crate) const BLUE: RGBColor = RGBColor(0, 119, 187);
    /// What is fixed: priors.
    pub(crate) const TEAL: RGBColor = RGBColor(0, 153, 136);
    /// What is trained, and what lies outside an interval.
    pub(crate) const ORANGE: RGBColor = RGBColor(238, 119, 51);
    /// Data.
    pub(crate) const RED: RGBColor = RGBColor(204, 51, 17);
    /// Reference lines.
    pub(crate) const GREY: RGBColor = RGBColor(110, 110, 110);
    /// Text, axes, and what has to stand out on colour.
    pub(crate) const INK: RGBColor = RGBColor(34, 34, 34);
}

/// How a layer looks, and its entry in the legend (none if `label` is empty).
#[derive(Clone, Debug)]
pub(crate) struct Style {
    /// Colour with its opacity.
    pub(crate) color: RGBAColor,
    /// Width of a line or radius of a point, in points (1/96 inch).
    pub(crate) width: f64,
    /// A dashed line in place of a solid one.
    pub(crate) dashed: bool,
    /// Name in the legend.
    pub(crate) label: String,
}

impl Style {
    /// A solid line of `width` points, or points of that radius.
    pub(crate) fn new(color: RGBColor, opacity: f64, width: f64, label: impl Into<String>) -> Self {
        Self { color: color.mix(opacity), width, dashed: false, label: label.into() }
    }

    /// The same, dashed.
    pub(crate) fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }
}

/// What is drawn of a layer's numbers. All x, lower, upper and y of one layer have the same length.
#[derive(Clone, Debug)]
pub(crate) enum Shape<'a> {
    /// Dots at (x, y).
    Points { x: Cow<'a, [f64]>, y: Cow<'a, [f64]> },
    /// One or more curves over the same x: `ys` is row-major, one row of `x.len()` values per curve.
    Curves { x: Cow<'a, [f64]>, ys: Cow<'a, [f64]> },
    /// The area between two curves.
    Band { x: Cow<'a, [f64]>, lower: Cow<'a, [f64]>, upper: Cow<'a, [f64]> },
    /// A vertical bar per x.
    Bars { x: Cow<'a, [f64]>, lower: Cow<'a, [f64]>, upper: Cow<'a, [f64]> },
}

/// A shape in a style.
#[derive(Clone, Debug)]
pub(crate) struct Layer<'a> {
    /// The numbers.
    pub(crate) shape: Shape<'a>,
    /// How they look.
    pub(crate) style: Style,
}

/// Axes and the layers between them.
#[derive(Clone, Debug)]
pub(crate) struct Plot<'a> {
    /// Above the plot; may be empty.
    pub(crate) title: String,
    /// Below the x axis.
    pub(crate) x_label: String,
    /// Beside the y axis.
    pub(crate) y_label: String,
    /// Drawn in order.
    pub(crate) layers: Vec<Layer<'a>>,
    /// Fixed x range in place of the data's.
    pub(crate) x_range: Option<(f64, f64)>,
    /// Fixed y range in place of the robust one; base-ten logarithms if `log_y`.
    pub(crate) y_range: Option<(f64, f64)>,
    /// Logarithmic y axis; values that are not positive are left out.
    pub(crate) log_y: bool,
    /// Width and height in points, legend not counted.
    pub(crate) size: (u32, u32),
}

impl<'a> Plot<'a> {
    /// An empty plot of the usual size.
    pub(crate) fn new(title: impl Into<String>, x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            x_label: x_label.into(),
            y_label: y_label.into(),
            layers: Vec::new(),
            x_range: None,
            y_range: None,
            log_y: false,
            size: (640, 400),
        }
    }

    /// Adds a layer on top.
    pub(crate) fn with(mut self, shape: Shape<'a>, style: Style) -> Self {
        self.layers.push(Layer { shape, style });
        self
    }

    /// A value's place on the y axis: itself, or its logarithm, and NaN where there is none.
    pub(crate) fn y_place(&self, v: f64) -> f64 {
        match (self.log_y, v > 0.0) {
            (false, _) => v,
            (true, true) => v.log10(),
            (true, false) => f64::NAN,
        }
    }

    /// The x range drawn: given, or that of all layers with a little room.
    pub(crate) fn x_bounds(&self) -> (f64, f64) {
        self.x_range.unwrap_or_else(|| {
            let only_curves = self.layers.iter().all(|l| matches!(l.shape, Shape::Curves { .. } | Shape::Band { .. }));
            let range = self.layers.iter().map(|l| l.shape.x_extent()).fold(None, scale::union);
            // Curves and bands run to the edge of the plot unless points need room beside them.
            let curves = self.layers.iter().filter(|l| !matches!(l.shape, Shape::Points { .. } | Shape::Bars { .. }));
            let drawn = curves.map(|l| l.shape.x_extent()).fold(None, scale::union);
            match range {
                Some((low, high)) if high > low && (only_curves || drawn == range) => scale::bounded((low, high)),
                range => scale::padded(range),
            }
        })
    }

    /// The y range drawn: given, or one that holds all points and bars, and all but far-out curves and bands.
    pub(crate) fn y_bounds(&self) -> (f64, f64) {
        self.y_range.unwrap_or_else(|| {
            let place = |v: &f64| self.y_place(*v);
            scale::padded(self.layers.iter().map(|l| l.shape.y_extent(&place)).fold(None, scale::union))
        })
    }
}

/// Tukey's "far out", among the lowest (highest) values of all curves: beyond it, a curve may leave the picture.
const AMONG_CURVES: f64 = 3.0;

/// The same along one curve or band, where a flat middle and growing ends are ordinary: only spikes may leave.
const ALONG_CURVE: f64 = 15.0;

impl Shape<'_> {
    fn x_extent(&self) -> Option<(f64, f64)> {
        let (Self::Points { x, .. } | Self::Curves { x, .. } | Self::Band { x, .. } | Self::Bars { x, .. }) = self;
        scale::extent(x.iter().copied())
    }

    fn y_extent(&self, place: &dyn Fn(&f64) -> f64) -> Option<(f64, f64)> {
        match self {
            Self::Points { y, .. } => scale::extent(y.iter().map(place)),
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
