//! What was measured of a series, as numbers, as a table, and as JSON.

use std::path::Path;

use array_protocol::prelude::Namespace;
use program::failure::Outcome;
use serde::Serialize;

use crate::calendar::Calendar;
use crate::clock::{Clock, Period};
use crate::compare::{Difference, Part, compare};
use crate::gaps::Gaps;

/// One series.
#[derive(Serialize)]
pub(crate) struct Record {
    /// Its name; empty if the table holds one series only.
    series: String,
    events: usize,
    first: String,
    last: String,
    /// Quantiles of the pauses in seconds at 0, 0.25, 0.5, 0.75 and 1.
    pauses: Vec<f64>,
    burstiness: f64,
    memory: Option<f64>,
    #[serde(flatten)]
    pub(crate) calendar: Calendar,
    /// How two periods differ; nothing where halves have too few events.
    difference: Option<Difference>,
    /// The pauses, for the figures.
    #[serde(skip)]
    pub(crate) gaps: Gaps,
    /// Both periods, for the figures.
    #[serde(skip)]
    pub(crate) parts: Option<[Part; 2]>,
}

/// Measures a series.
pub(crate) fn measure(name: &str, clock: &Clock, periods: Option<[Period; 2]>) -> Outcome<Record> {
    let gaps = Gaps::of(clock)?;
    let (parts, difference) = periods.map(|p| compare(clock, p)).transpose()?.unzip();
    Ok(Record {
        series: name.to_owned(),
        events: clock.len()?,
        first: clock.shown(clock.start),
        last: clock.shown(clock.end),
        pauses: gaps.quantiles(&[0.0, 0.25, 0.5, 0.75, 1.0])?,
        burstiness: gaps.burstiness()?,
        memory: gaps.memory()?,
        calendar: Calendar::of(clock)?,
        difference,
        gaps,
        parts,
    })
}

impl Record {
    /// What the report's table holds: names and values.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let days = self.calendar.per_day.len();
        let hour = self.calendar.busiest_hour();
        let mut rows = vec![
            ("events", self.events.to_string()),
            ("from", self.first.clone()),
            ("to", self.last.clone()),
            ("events per day", format!("{:.1} on {days} days", self.events as f64 / days as f64)),
            ("pauses: shortest, median, longest", [0, 2, 4].map(|i| duration(self.pauses[i])).join(", ")),
            ("burstiness (−1 clockwork, 0 chance, 1 bursts)", format!("{:.2}", self.burstiness)),
            ("memory (correlation of consecutive pauses)", self.memory.map_or("–".into(), |m| format!("{m:.2}"))),
            ("busiest hour", format!("{hour}:00 to {}:00", hour + 1)),
        ];
        rows.extend(self.difference.iter().flat_map(difference_rows));
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
    }

    /// The same for the terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = if self.series.is_empty() { String::new() } else { format!("{}\n", self.series) };
        for row in self.rows() {
            text.push_str(&format!("  {:48} {}\n", row[0], row[1]));
        }
        text.push('\n');
        text
    }
}

/// The rows on two periods.
fn difference_rows(d: &Difference) -> Vec<(&'static str, String)> {
    vec![
        ("first period", format!("{} to {}: {} events", d.periods[0][0], d.periods[0][1], d.events[0])),
        ("second period", format!("{} to {}: {} events", d.periods[1][0], d.periods[1][1], d.events[1])),
        ("events per day, by period", format!("{:.1} and {:.1}", d.per_day[0], d.per_day[1])),
        ("median pause, by period", d.median_pause.map(duration).join(" and ")),
        (
            "pauses of the periods (Kolmogorov, Smirnov)",
            format!("D = {:.3}, p = {}", d.pauses_distance, chance(d.pauses_p)),
        ),
        (
            "hours of the periods (Pearson)",
            format!(
                "χ² = {:.1} on {} degrees of freedom, p = {}",
                d.hours_chi_squared,
                d.hours_degrees,
                chance(d.hours_p)
            ),
        ),
        ("", "p-values are those of independent events: they rank differences, and prove none".into()),
    ]
}

fn chance(p: f64) -> String {
    if p < 1e-4 { "less than 0.0001".into() } else { format!("{p:.4}") }
}

/// Units of time with their seconds.
const UNITS: [(f64, &str); 5] = [(86_400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")];

/// A duration in the largest unit of which there is at least one.
pub(crate) fn duration(seconds: f64) -> String {
    let (size, unit) = UNITS.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1e-6, "µs"));
    let digits = if seconds / size < 10.0 { 1 } else { 0 };
    format!("{:.digits$} {unit}", seconds / size)
}

#[derive(Serialize)]
struct File<'a> {
    backend: String,
    zone: &'a str,
    series: &'a [Record],
}

/// Writes the JSON file.
pub(crate) fn write(path: &Path, backend: &Namespace, zone: &str, series: &[Record]) -> Outcome<()> {
    let mut text = serde_json::to_vec_pretty(&File { backend: backend.to_string(), zone, series })?;
    text.push(b'\n');
    Ok(program::files::write_atomically(path, &text)?)
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_have_units() {
        let all = [1e-6, 0.25, 1.0, 59.0, 90.0, 86_400.0, 1e8].map(duration);
        assert_eq!(all, ["1.0 µs", "250 ms", "1.0 s", "59 s", "1.5 min", "1.0 days", "1157 days"]);
    }
}
