//! From [`Plot`] to pixels: a grid of plots over one legend.

use std::convert::Infallible;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use tiny_skia::Pixmap;

use crate::canvas::{self, Canvas, FONT, UNIT};
use crate::clip::clip_polyline;
use crate::plot::{Plot, Shape, Style, palette};
use crate::scale::{Tick, linear_ticks, log_ticks};

const TITLE: f64 = 15.0;
const LABEL: f64 = 13.0;
const TICK: f64 = 12.0;
const GAP: f64 = 10.0;

type Area<'a> = DrawingArea<Canvas<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'b, Canvas<'a>, Cartesian2d<Axis, Axis>>;
/// An axis for plotters that has our ticks and no others.
struct Axis {
    range: (f64, f64),
    ticks: Vec<Tick>,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        // Everything is clipped before; the clamp only keeps rounding at huge values inside an i32.
        let share = ((value - self.range.0) / (self.range.1 - self.range.0)).clamp(-1.0, 2.0);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|t| t.0).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.range.0..self.range.1
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.iter().find(|t| t.0 == *value).map_or_else(String::new, |t| t.1.clone())
    }
}

type Failure = DrawingAreaErrorKind<Infallible>;

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// plotters refused; its own reason.
    #[error("drawing a figure failed: {0}")]
    Draw(String),
    /// The picture could not be encoded.
    #[error("encoding a picture failed: {0}")]
    Encode(String),
}

/// Draws `plots` row by row in a grid of `columns`, with one legend for all, as a PNG at twice the screen's resolution.
pub fn figure_png(plots: &[Plot<'_>], columns: usize) -> Result<Vec<u8>, FigureError> {
    let pixels = figure(plots, columns, 2)?;
    canvas::png(&pixels, 2).map_err(|e| FigureError::Encode(e.to_string()))
}

/// The same as pixels, at `resolution` pixels per point.
pub fn figure(plots: &[Plot<'_>], columns: usize, resolution: u32) -> Result<Pixmap, FigureError> {
    let columns = columns.clamp(1, plots.len().max(1));
    let rows = plots.len().div_ceil(columns).max(1);
    let cell = plots.first().map_or((640, 400), |p| p.size);
    let width = cell.0 * columns as u32;
    let entries = legend_rows(legend_entries(plots), f64::from(width) - 2.0 * GAP);
    let legend_height = if entries.is_empty() { 0 } else { (entries.len() as f64 * (LABEL + 6.0) + 1.4 * GAP) as u32 };
    let height = cell.1 * rows as u32;
    canvas::paint((width, height + legend_height), resolution, |canvas| {
        let (grid, legend) = canvas.into_drawing_area().split_vertically((height * UNIT) as i32);
        for (plot, area) in plots.iter().zip(grid.split_evenly((rows, columns))) {
            draw_plot(plot, &area)?;
        }
        draw_legend(&entries, &legend)
    })
    .map_err(|e: Failure| FigureError::Draw(e.to_string()))
}

fn units(points: f64) -> i32 {
    (points * f64::from(UNIT)).round() as i32
}

fn text(size: f64) -> TextStyle<'static> {
    (FONT, size * f64::from(UNIT)).into_font().color(&palette::INK)
}

fn stroke(style: &Style) -> ShapeStyle {
    ShapeStyle { color: style.color, filled: false, stroke_width: units(style.width).max(1) as u32 }
}

fn draw_plot<'a>(plot: &Plot<'_>, area: &Area<'a>) -> Result<(), Failure> {
    let (x, y) = (plot.x_bounds(), plot.y_bounds());
    let wanted = |points: u32, each: u32| (points / each).max(2) as usize;
    let given = |ticks: &Option<Vec<Tick>>, range: (f64, f64)| {
        ticks.as_ref().map(|t| t.iter().filter(|t| (range.0..=range.1).contains(&t.0)).cloned().collect::<Vec<_>>())
    };
    let x_ticks = given(&plot.x_ticks, x).unwrap_or_else(|| linear_ticks(x, wanted(plot.size.0, 80)));
    let y_ticks = given(&plot.y_ticks, y).unwrap_or_else(|| match plot.log_y {
        false => linear_ticks(y, wanted(plot.size.1, 60)),
        true => log_ticks(y, wanted(plot.size.1, 45)),
    });
    let widest = |ticks: &[Tick]| ticks.iter().map(|t| canvas::text_width(&t.1, TICK, false)).fold(0.0, f64::max);
    let label_area = widest(&y_ticks) + LABEL + 2.2 * GAP;
    // Half of the last label overhangs the axis.
    let overhang = (0.5 * widest(&x_ticks)).max(GAP) + 4.0;
    let mut top = GAP;
    if !plot.title.is_empty() {
        let middle = 0.5 * (4.0 + label_area + f64::from(plot.size.0) - overhang);
        // A long title shrinks rather than being cut at the picture's edge.
        let natural = canvas::text_width(&plot.title, TITLE, true);
        let room = 2.0 * middle.min(f64::from(plot.size.0) - middle) - 8.0;
        let size = TITLE * (room / natural).min(1.0);
        let bold = (FONT, size * f64::from(UNIT), FontStyle::Bold).into_font().color(&palette::INK);
        area.draw_text(&plot.title, &bold.pos(Pos::new(HPos::Center, VPos::Top)), (units(middle), units(GAP)))?;
        top += TITLE + 0.8 * GAP;
    }
    let mut chart = ChartBuilder::on(area)
        .margin_top(units(top))
        .margin_right(units(overhang))
        .margin_left(units(4.0))
        .margin_bottom(units(4.0))
        .set_label_area_size(LabelAreaPosition::Left, units(label_area))
        .set_label_area_size(LabelAreaPosition::Bottom, units(TICK + LABEL + 1.6 * GAP))
        .build_cartesian_2d(Axis { range: x, ticks: x_ticks }, Axis { range: y, ticks: y_ticks })?;
    let line =
        |color: RGBColor, width| ShapeStyle { color: color.into(), filled: false, stroke_width: units(width) as u32 };
    chart
        .configure_mesh()
        .max_light_lines(0)
        .light_line_style(TRANSPARENT)
        .bold_line_style(line(RGBColor(228, 228, 228), 0.75))
        .axis_style(line(palette::INK, 1.0))
        .set_all_tick_mark_size(units(4.0))
        .label_style(text(TICK))
        .axis_desc_style(text(LABEL))
        .x_desc(plot.x_label.as_str())
        .y_desc(plot.y_label.as_str())
        .draw()?;
    for layer in &plot.layers {
        draw_layer(plot, &layer.shape, &layer.style, (x, y), &mut chart)?;
    }
    Ok(())
}

fn draw_layer<'a>(
    plot: &Plot<'_>,
    shape: &Shape<'_>,
    style: &Style,
    (x_range, y_range): ((f64, f64), (f64, f64)),
    chart: &mut Chart<'a, '_>,
) -> Result<(), Failure> {
    let place = |v: &f64| plot.y_place(*v);
    let inside = |(x, y): &(f64, f64)| (x_range.0..=x_range.1).contains(x) && (y_range.0..=y_range.1).contains(y);
    match shape {
        Shape::Points { x, y } => {
            let (radius, fill) = (units(style.width), style.color.filled());
            let edge = ShapeStyle { color: WHITE.mix(0.9), filled: false, stroke_width: units(0.75) as u32 };
            for at in x.iter().copied().zip(y.iter().map(place)).filter(inside) {
                chart.draw_series([Circle::new(at, radius, fill)])?;
                chart.draw_series([Circle::new(at, radius, edge)])?;
            }
        }
        Shape::Curves { x, ys } => {
            for y in ys.chunks_exact(x.len().max(1)) {
                for part in clip_polyline(x.iter().copied().zip(y.iter().map(place)), (x_range, y_range)) {
                    if style.dashed {
                        chart.draw_series(DashedLineSeries::new(part, units(6.0), units(4.0), stroke(style)))?;
                    } else {
                        chart.draw_series([PathElement::new(part, stroke(style))])?;
                    }
                }
            }
        }
        Shape::Band { x, lower, upper } => {
            let rows = x.iter().copied().zip(lower.iter().map(place).zip(upper.iter().map(place)));
            let rows: Vec<_> = rows.filter(|(x, _)| (x_range.0..=x_range.1).contains(x)).collect();
            for run in rows.split(|(_, (low, high))| low.is_nan() || high.is_nan()) {
                let edge = |v: f64| v.clamp(y_range.0, y_range.1);
                let upper = run.iter().map(|(x, (_, high))| (*x, edge(*high)));
                let lower = run.iter().rev().map(|(x, (low, _))| (*x, edge(*low)));
                let outline: Vec<_> = upper.chain(lower).collect();
                if outline.len() > 2 {
                    chart.draw_series([Polygon::new(outline, style.color.filled())])?;
                }
            }
        }
        Shape::Boxes { x, width, heights } => {
            let foot = place(&0.0).max(y_range.0);
            for (x, height) in x.iter().zip(heights.iter().map(place)).filter(|(_, height)| height.is_finite()) {
                let edge = |v: f64| v.clamp(x_range.0, x_range.1);
                let (left, right) = (edge(x - 0.5 * width), edge(x + 0.5 * width));
                let corners = [(left, height.clamp(y_range.0, y_range.1)), (right, foot.min(y_range.1))];
                chart.draw_series([Rectangle::new(corners, style.color.filled())])?;
            }
        }
        Shape::Cells { x, y, columns, colors } => draw_cells((*x, *y), *columns, colors, chart)?,
        Shape::Bars { x, lower, upper } => {
            for (x, (low, high)) in x.iter().zip(lower.iter().map(place).zip(upper.iter().map(place))) {
                for part in clip_polyline([(*x, low), (*x, high)], (x_range, y_range)) {
                    chart.draw_series([PathElement::new(part, stroke(style))])?;
                }
            }
        }
    }
    Ok(())
}

/// Cells as boxes whose edges lie on whole points: antialiased edges would show as seams. Neighbours of one colour in a row
/// are one box.
fn draw_cells(
    (x, y): ((f64, f64), (f64, f64)),
    columns: usize,
    colors: &[Option<RGBColor>],
    chart: &mut Chart<'_, '_>,
) -> Result<(), Failure> {
    let columns = columns.max(1);
    let rows = colors.len() / columns;
    let area = chart.plotting_area();
    let (across, down) = area.get_pixel_range();
    let snapped = |v: i32, range: &std::ops::Range<i32>| {
        // The drawing area has its own origin, but it lies on whole units only.
        let unit = UNIT as i32;
        (v.clamp(range.start, range.end) + unit / 2).div_euclid(unit) * unit
    };
    let at = |column: usize, row: usize| {
        let share = |i: usize, n: usize, (low, high): (f64, f64)| low + (high - low) * i as f64 / n.max(1) as f64;
        let place = area.map_coordinate(&(share(column, columns, x), share(row, rows, y)));
        (snapped(place.0, &across), snapped(place.1, &down))
    };
    let whole = area.strip_coord_spec();
    let origin = whole.get_base_pixel();
    for (row, line) in colors.chunks_exact(columns).enumerate() {
        let mut first = 0;
        for run in line.chunk_by(PartialEq::eq) {
            let after = first + run.len();
            if let Some(color) = run[0] {
                let ((left, bottom), (right, top)) = (at(first, row), at(after, row + 1));
                if right > left && bottom > top {
                    let corners = [(left - origin.0, top - origin.1), (right - origin.0, bottom - origin.1)];
                    whole.draw(&Rectangle::new(corners, color.filled()))?;
                }
            }
            first = after;
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    Dot,
    Stroke,
    Patch,
}

type Entry = (Key, Style);

/// Every labelled style once, in the order of first appearance.
fn legend_entries(plots: &[Plot<'_>]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for layer in plots.iter().flat_map(|p| &p.layers) {
        let key = match layer.shape {
            Shape::Points { .. } => Key::Dot,
            Shape::Curves { .. } | Shape::Bars { .. } => Key::Stroke,
            Shape::Band { .. } | Shape::Boxes { .. } | Shape::Cells { .. } => Key::Patch,
        };
        if !layer.style.label.is_empty() && !entries.iter().any(|(k, s)| *k == key && s.label == layer.style.label) {
            entries.push((key, layer.style.clone()));
        }
    }
    entries
}

const KEY_WIDTH: f64 = 24.0;

fn entry_width(entry: &Entry) -> f64 {
    KEY_WIDTH + 0.6 * GAP + canvas::text_width(&entry.1.label, LABEL, false) + 2.0 * GAP
}

/// Breaks the entries into lines that fit.
fn legend_rows(entries: Vec<Entry>, width: f64) -> Vec<Vec<Entry>> {
    let mut rows: Vec<(f64, Vec<Entry>)> = Vec::new();
    for entry in entries {
        let needed = entry_width(&entry);
        match rows.last_mut() {
            Some((used, row)) if *used + needed <= width => {
                *used += needed;
                row.push(entry);
            }
            _ => rows.push((needed, vec![entry])),
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Under the plots, centred: there it can never cover data.
fn draw_legend(rows: &[Vec<Entry>], area: &Area<'_>) -> Result<(), Failure> {
    let width = f64::from(area.dim_in_pixel().0) / f64::from(UNIT);
    for (i, row) in rows.iter().enumerate() {
        let y = units(0.5 * LABEL + 0.6 * GAP + i as f64 * (LABEL + 6.0));
        let mut x = 0.5 * (width - row.iter().map(entry_width).sum::<f64>() + 2.0 * GAP);
        for (j, entry) in row.iter().enumerate() {
            let (key, style) = entry;
            let (left, right) = (units(x), units(x + KEY_WIDTH));
            match key {
                Key::Dot => {
                    area.draw(&Circle::new(((left + right) / 2, y), units(style.width), style.color.filled()))?
                }
                Key::Patch => {
                    // Bands nest, outermost first: a key shows the colour that lies over those before it.
                    for (_, style) in row[..=j].iter().filter(|(key, _)| *key == Key::Patch) {
                        let corners = [(left, y - units(5.0)), (right, y + units(5.0))];
                        area.draw(&Rectangle::new(corners, style.color.filled()))?;
                    }
                }
                Key::Stroke => {
                    // Faint, thin curves are hard to recognise alone: their key is drawn a little stronger.
                    let visible =
                        Style { color: style.color.mix_at_least(0.8), width: style.width.max(1.5), ..style.clone() };
                    let dashes = if style.dashed {
                        vec![(0.0, 7.0), (11.0, 18.0), (22.0, 24.0)]
                    } else {
                        vec![(0.0, KEY_WIDTH)]
                    };
                    for (from, to) in dashes {
                        area.draw(&PathElement::new(
                            [(left + units(from), y), (left + units(to), y)],
                            stroke(&visible),
                        ))?;
                    }
                }
            }
            let at = (right + units(0.6 * GAP), y);
            area.draw_text(&style.label, &text(LABEL).pos(Pos::new(HPos::Left, VPos::Center)), at)?;
            x += entry_width(entry);
        }
    }
    Ok(())
}

trait AtLeast {
    fn mix_at_least(self, opacity: f64) -> Self;
}

impl AtLeast for RGBAColor {
    fn mix_at_least(self, opacity: f64) -> Self {
        RGBAColor(self.0, self.1, self.2, self.3.max(opacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(columns: usize, colors: Vec<Option<RGBColor>>) -> Plot<'static> {
        let shape = Shape::Cells { x: (0.0, 3.0), y: (0.0, 2.0), columns, colors: colors.into() };
        Plot::new("cells", "x", "y").with(shape, Style::new(palette::GREY, 1.0, 0.0, ""))
    }

    fn boxes(x: Vec<f64>, heights: Vec<f64>) -> Plot<'static> {
        let shape = Shape::Boxes { x: x.into(), width: 0.8, heights: heights.into() };
        Plot::new("boxes", "x", "y").with(shape, Style::new(palette::BLUE, 1.0, 0.0, "key"))
    }

    fn count(plot: &Plot<'_>, color: RGBColor) -> usize {
        let pixels = figure(std::slice::from_ref(plot), 1, 2).unwrap();
        let is = |p: &&[u8]| p[..3] == [color.0, color.1, color.2];
        pixels.data().chunks_exact(4).filter(is).count()
    }

    #[test]
    fn cells_fill_the_plot_without_seams() {
        let (red, teal) = (Some(palette::RED), Some(palette::TEAL));
        let plot = cells(3, vec![red, red, None, teal, None, red]);
        let (reds, teals) = (count(&plot, palette::RED), count(&plot, palette::TEAL));
        // Three cells of one colour and one of the other, up to a row of pixels at each edge.
        let ratio = reds as f64 / teals as f64;
        assert!((ratio - 3.0).abs() < 0.05, "{reds} {teals}");
        let all = cells(30, vec![red; 900]);
        let one = cells(1, vec![red]);
        assert_eq!(count(&all, palette::RED), count(&one, palette::RED), "neighbours leave nothing between them");
    }

    #[test]
    fn boxes_are_as_high_as_their_numbers() {
        let single = |height: f64| {
            let mut plot = boxes(vec![1.0], vec![height]);
            plot.y_range = Some((0.0, 4.0));
            count(&plot, palette::BLUE) as f64
        };
        // Without the key in the legend, which is there in both.
        assert!(((single(3.0) - single(1.0)) / (single(2.0) - single(1.0)) - 2.0).abs() < 0.02);
        assert_eq!(boxes(vec![1.0, 2.0], vec![3.0, 5.0]).y_bounds().0, 0.0, "boxes stand on the axis");
    }

    #[test]
    fn odd_cells_and_boxes_can_be_drawn() {
        for plot in [
            cells(0, vec![]),
            cells(5, vec![Some(palette::RED); 3]),
            boxes(vec![], vec![]),
            boxes(vec![f64::NAN, 1.0, 2.0], vec![1.0, f64::INFINITY, -3.0]),
            boxes(vec![f64::MAX], vec![f64::MIN]),
        ] {
            assert!(figure_png(&[plot], 1).unwrap().starts_with(b"\x89PNG"));
        }
    }
}
