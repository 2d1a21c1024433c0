//! What was computed, for the terminal and as JSON.

use std::path::Path;

use program::failure::Outcome;
use serde::Serialize;

use crate::stop::{Stop, Tour};

/// A stop for the terminal: its numbers in columns.
pub(crate) fn text(name: &str, stop: &Stop) -> String {
    let mut text = format!("{} ({name})\n  {}\n", stop.title, stop.says);
    for row in stop.rows() {
        text.push_str(format!("    {:58} {:>16} {} {}", row[0], row[1], row[2], row[3]).trim_end());
        text.push('\n');
    }
    text.push_str(&format!("  Take care: {}\n\n", stop.slip));
    text
}

#[derive(Serialize)]
struct File<'a> {
    backend: String,
    seed: u64,
    rows: usize,
    holds: bool,
    stops: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    holds: bool,
    #[serde(flatten)]
    stop: &'a Stop,
}

/// Writes the JSON file.
pub(crate) fn write(path: &Path, tour: &Tour, stops: &[(&str, Stop)]) -> Outcome<()> {
    let named = stops.iter().map(|(name, stop)| Named { name, holds: stop.holds(), stop });
    let file = File {
        backend: tour.xp.to_string(),
        seed: tour.seed,
        rows: tour.rows,
        holds: stops.iter().all(|(_, stop)| stop.holds()),
        stops: named.collect(),
    };
    let mut text = serde_json::to_vec_pretty(&file)?;
    text.push(b'\n');
    Ok(program::files::write_atomically(path, &text)?)
}
