//! The figures of one series.

use plotters::style::RGBColor;
use program::color::{heat, mixed};
use program::failure::Outcome;
use program::plot::{Plot, Shape, Style, palette};
use program::scale::Tick;

use crate::clock::Clock;
use crate::compare::Part;
use crate::gaps::{Gaps, Grid};
use crate::record::Record;

/// A figure before it is drawn.
pub(crate) struct Figure {
    /// The file's name.
    pub(crate) file: String,
    /// What it shows.
    pub(crate) caption: String,
    /// Its plots.
    pub(crate) plots: Vec<Plot<'static>>,
    /// In so many columns.
    pub(crate) columns: usize,
}

/// Places with human units on an axis of logarithms of seconds.
const DURATIONS: [(f64, &str); 15] = [
    (1e-6, "1 µs"),
    (1e-5, "10 µs"),
    (1e-4, "0.1 ms"),
    (1e-3, "1 ms"),
    (1e-2, "10 ms"),
    (0.1, "0.1 s"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3600.0, "1 h"),
    (21_600.0, "6 h"),
    (86_400.0, "1 day"),
    (604_800.0, "1 week"),
    (31_557_600.0, "1 year"),
];

fn durations() -> Vec<Tick> {
    DURATIONS.iter().map(|(seconds, name)| (seconds.log10(), (*name).to_owned())).collect()
}

/// Up to so many events, each is a dot; more are counted in cells.
const MOST_DOTS: usize = 5000;
/// Cells per axis where events are counted: two points wide.
const MAP_CELLS: usize = 220;
/// Cells per axis of the density, and the smoothing in cells.
const DENSITY_CELLS: usize = 110;
const SMOOTHING: f64 = 1.6;

/// All figures of a series.
pub(crate) fn all(name: &str, clock: &Clock, record: &Record) -> Outcome<Vec<Figure>> {
    let range = room(record.gaps.range()?);
    let titled =
        |what: &str| if name.is_empty() { what.to_owned() } else { format!("{name}: {}", what.to_lowercase()) };
    let figure = |file: &str, caption: &str, plots: Vec<Plot<'static>>, columns: usize| Figure {
        file: if name.is_empty() { file.to_owned() } else { format!("{}-{file}", plain(name)) },
        caption: titled(caption),
        plots,
        columns,
    };
    let mut all = vec![
        figure(
            "1-map.png",
            "Time map, coloured by hour of day",
            vec![map(&titled("Time map"), &record.gaps, range)?],
            1,
        ),
        figure(
            "2-density.png",
            "Density of the time map",
            vec![density(&titled("Density, darker: more events"), &record.gaps, range)?],
            1,
        ),
        figure("3-days.png", "Events per day", vec![days(&titled("Events per day"), record)], 1),
        figure("4-hours.png", "Events by hour of day and by weekday", hours(&titled("By hour of day"), record), 2),
    ];
    if let Some(parts) = &record.parts {
        all.push(figure("5-periods.png", "Two periods compared", periods(clock, parts, range)?, 2));
    }
    Ok(all)
}

/// A name as part of a file's name on any system.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).take(40).collect()
}

/// A little room around the pauses, and at least a factor of ten.
fn room((low, high): (f64, f64)) -> (f64, f64) {
    let (middle, half) = (0.5 * (low + high), (0.54 * (high - low)).max(0.5));
    (middle - half, middle + half)
}

fn square(title: &str, (low, high): (f64, f64)) -> Plot<'static> {
    let mut plot = Plot::new(title, "time since the event before", "time until the next event");
    plot.size = (660, 600);
    plot.x_range = Some((low, high));
    plot.y_range = Some((low, high));
    plot.y_ticks = Some(durations());
    plot.x_ticks = Some(sparse(low, high));
    plot
}

/// Labels side by side need more room than one above the other.
fn sparse(low: f64, high: f64) -> Vec<Tick> {
    let mut kept: Vec<Tick> = vec![];
    for tick in durations().into_iter().filter(|t| (low..=high).contains(&t.0)) {
        if kept.last().is_none_or(|last| (tick.0 - last.0) / (high - low) > 0.1) {
            kept.push(tick);
        }
    }
    kept
}

fn map(title: &str, gaps: &Gaps, range: (f64, f64)) -> Outcome<Plot<'static>> {
    let mut plot = square(title, range);
    // Nothing drawn, but the key to the colours, where events are counted in cells.
    let (mut before, mut after, mut hours) = (vec![], vec![], vec![]);
    if gaps.before.size()? > MOST_DOTS {
        let grid = Grid { cells: MAP_CELLS, low: range.0, high: range.1 };
        let (counts, mean) = grid.by_hour(gaps)?;
        let most = counts.iter().fold(1.0f64, |a, b| a.max(*b)).ln_1p();
        let colors = counts.iter().zip(mean).map(|(count, hour)| {
            (*count > 0.0).then(|| mixed(RGBColor(255, 255, 255), hour_color(hour), 0.35 + 0.65 * count.ln_1p() / most))
        });
        let cells = Shape::Cells { x: range, y: range, columns: MAP_CELLS, colors: colors.collect() };
        plot = plot.with(cells, Style::new(palette::GREY, 1.0, 0.0, ""));
    } else {
        (before, after) = (gaps.before.to_vec::<f64>()?, gaps.after.to_vec::<f64>()?);
        hours = gaps.hours.to_vec::<i64>()?;
    }
    for hour in 0..24 {
        let pick = |values: &[f64]| {
            let mine = values.iter().zip(&hours).filter(|(_, h)| **h == hour);
            mine.map(|(v, _)| *v).collect::<Vec<_>>().into()
        };
        // An entry in the legend for every third hour: the colours run evenly between them.
        let label = if hour % 3 == 0 { format!("{hour} h") } else { String::new() };
        let style = Style::new(hour_color(hour as f64 + 0.5), 0.8, 2.6, label);
        plot = plot.with(Shape::Points { x: pick(&before), y: pick(&after) }, style);
    }
    Ok(plot)
}

fn density(title: &str, gaps: &Gaps, range: (f64, f64)) -> Outcome<Plot<'static>> {
    let grid = Grid { cells: DENSITY_CELLS, low: range.0, high: range.1 };
    let density = grid.density(gaps, SMOOTHING)?;
    let most = density.iter().fold(f64::MIN_POSITIVE, |a, b| a.max(*b));
    // The square root lets the eye see what is a hundredth of the peak.
    let colors = density.iter().map(|v| Some(heat((v / most).sqrt())));
    let cells = Shape::Cells { x: range, y: range, columns: DENSITY_CELLS, colors: colors.collect() };
    Ok(square(title, range).with(cells, Style::new(palette::GREY, 1.0, 0.0, "")))
}

/// At most so many boxes: days are taken together where there are more.
const MOST_BOXES: usize = 400;

fn days(title: &str, record: &Record) -> Plot<'static> {
    let calendar = &record.calendar;
    let together = calendar.per_day.len().div_ceil(MOST_BOXES).max(1);
    let heights = calendar.per_day.chunks(together).map(|c| c.iter().sum::<i64>() as f64 / c.len() as f64);
    let heights: Vec<f64> = heights.collect();
    let first = calendar.first_day as f64;
    let x: Vec<f64> = (0..heights.len()).map(|i| first + (i as f64 + 0.5) * together as f64).collect();
    let label =
        if together == 1 { "events per day".into() } else { format!("events per day, mean of {together} days") };
    let mut plot = Plot::new(title, "", label);
    let days = calendar.per_day.len();
    let step = days.div_ceil(6).max(1);
    let dates = (0..days).step_by(step).filter_map(|d| {
        let day = calendar.first_day + d as i64;
        let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok()?;
        Some((day as f64 + 0.5, date.to_string()))
    });
    plot.x_ticks = Some(dates.collect());
    plot.size = (760, 320);
    let style = Style::new(palette::BLUE, 0.85, 0.0, "");
    plot.with(Shape::Boxes { x: x.into(), width: 0.9 * together as f64, heights: heights.into() }, style)
}

fn hour_ticks() -> Vec<Tick> {
    (0..=24).step_by(6).map(|h| (f64::from(h), format!("{h}:00"))).collect()
}

fn middles() -> Vec<f64> {
    (0..24).map(|h| f64::from(h) + 0.5).collect()
}

fn hours(title: &str, record: &Record) -> Vec<Plot<'static>> {
    let mut profile = Plot::new(title, "hour of day", "events per day in the hour");
    profile.x_range = Some((0.0, 24.0));
    profile.x_ticks = Some(hour_ticks());
    profile.size = (430, 320);
    for (hour, height) in record.calendar.profile().into_iter().enumerate() {
        let x = hour as f64 + 0.5;
        let bar = Shape::Boxes { x: vec![x].into(), width: 0.9, heights: vec![height].into() };
        profile = profile.with(bar, Style::new(hour_color(x), 0.9, 0.0, ""));
    }
    let mut week = Plot::new("By weekday, darker: more events", "hour of day", "");
    week.x_range = Some((0.0, 24.0));
    week.y_range = Some((0.0, 7.0));
    week.x_ticks = Some(hour_ticks());
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    week.y_ticks = Some(names.iter().enumerate().map(|(i, n)| (6.5 - i as f64, (*n).to_owned())).collect());
    week.size = (430, 320);
    let counts = &record.calendar.per_weekday_and_hour;
    let most = counts.iter().max().copied().unwrap_or(0).max(1) as f64;
    // Mondays at the top.
    let colors = counts.chunks(24).rev().flatten().map(|n| Some(heat(*n as f64 / most)));
    let cells = Shape::Cells { x: (0.0, 24.0), y: (0.0, 7.0), columns: 24, colors: colors.collect() };
    vec![profile, week.with(cells, Style::new(palette::GREY, 1.0, 0.0, ""))]
}

fn periods(clock: &Clock, parts: &[Part; 2], range: (f64, f64)) -> Outcome<Vec<Plot<'static>>> {
    let day = |at: i64| clock.shown(at).split('T').next().unwrap_or_default().to_owned();
    let name = |part: &Part| format!("{} to {}", day(part.clock.start), day(part.clock.end));
    let colors = [palette::BLUE, palette::ORANGE];
    let mut plots = vec![];
    for part in parts {
        let mut plot = density(&name(part), &part.gaps, range)?;
        plot.size = (460, 430);
        plots.push(plot);
    }
    let mut profile = Plot::new("By hour of day", "hour of day", "share of the period's events");
    profile.x_range = Some((0.0, 24.0));
    profile.x_ticks = Some(hour_ticks());
    profile.size = (460, 430);
    let mut pauses = Plot::new("Pauses", "pause", "share of pauses that are not longer");
    pauses.x_range = Some(range);
    pauses.x_ticks = Some(sparse(range.0, range.1));
    pauses.y_range = Some((0.0, 1.0));
    pauses.size = (460, 430);
    for (i, (part, color)) in parts.iter().zip(colors).enumerate() {
        let label = ["first period", "second period"][i];
        let total = part.calendar.per_hour.iter().sum::<i64>().max(1) as f64;
        let shares: Vec<f64> = part.calendar.per_hour.iter().map(|n| *n as f64 / total).collect();
        let curve = Shape::Curves { x: middles().into(), ys: shares.into() };
        profile = profile.with(curve, Style::new(color, 1.0, 2.0, label));
        let (x, y) = distribution(part)?;
        pauses = pauses.with(Shape::Curves { x: x.into(), ys: y.into() }, Style::new(color, 1.0, 2.0, label));
    }
    profile.y_range = Some((0.0, profile.y_bounds().1));
    Ok(plots.into_iter().chain([profile, pauses]).collect())
}

/// The distribution of a period's pauses at evenly spaced shares: logarithm of the pause, and share.
fn distribution(part: &Part) -> Outcome<(Vec<f64>, Vec<f64>)> {
    let shares: Vec<f64> = (0..=400).map(|i| f64::from(i) / 400.0).collect();
    let pauses = part.gaps.quantiles(&shares)?;
    Ok((pauses.into_iter().map(f64::log10).collect(), shares))
}

/// Colours around the clock: dark at midnight, green in the morning, bright at noon, red in the evening.
const CLOCK: [RGBColor; 8] = [
    RGBColor(46, 37, 133),
    RGBColor(51, 117, 190),
    RGBColor(66, 170, 153),
    RGBColor(93, 168, 67),
    RGBColor(221, 170, 51),
    RGBColor(230, 120, 50),
    RGBColor(194, 60, 80),
    RGBColor(126, 41, 120),
];

/// The colour of an hour in 0 to 24.
fn hour_color(hour: f64) -> RGBColor {
    let place = hour.rem_euclid(24.0) / 3.0;
    let first = place.floor() as usize % CLOCK.len();
    mixed(CLOCK[first], CLOCK[(first + 1) % CLOCK.len()], place.fract())
}
