//! The points that the experiments train on.

use array_api::random::{Draw, Key, Normal, Uniform};
use std::f64::consts::PI;

use program::failure::{Outcome, fail};

/// Points and the grid that is predicted.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    /// What it is, in words.
    pub(crate) name: String,
    /// Inputs.
    pub(crate) x: Vec<f64>,
    /// Targets.
    pub(crate) y: Vec<f64>,
    /// Where predictions are drawn.
    pub(crate) grid: Vec<f64>,
}

/// The ten points of the demonstration of Osband, Aslanides and Cassirer, "Randomized Prior Functions for Deep
/// Reinforcement Learning" (2018).
const TEN_POINTS: &str = include_str!("data/rpf_demo_10pt.csv");

fn linspace(low: f64, high: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect()
}

/// The article's ten points.
pub(crate) fn article() -> Outcome<Dataset> {
    let table = program::table::read::Table::parse("rpf_demo_10pt.csv", TEN_POINTS.as_bytes(), Default::default())?;
    let column = |name: &str| -> Outcome<Vec<f64>> {
        let Some(at) = table.position(name) else { return fail(format!("the shipped points have no column {name}")) };
        let number = |row| match table.cell(row, at) {
            program::table::cell::Cell::Number(v) => Ok(v),
            _ => fail(format!("the shipped points hold '{}'", table.text(row, at))),
        };
        (0..table.len()).map(number).collect()
    };
    let name = "the ten points of the paper's demonstration".to_string();
    Ok(Dataset { name, x: column("x")?, y: column("y")?, grid: linspace(-4.0, 4.0, 401) })
}

/// The notebook's rows: `y = x + 0.3 sin(2 pi (x + e1)) + 0.3 sin(4 pi (x + e2)) + e3` with `x` uniform on 0 to 0.5 and
/// every `e` normal with sd 0.02.
pub(crate) fn notebook(rows: usize, seed: u64) -> Dataset {
    // A stream that no member has: members fold in their number, which is never this one.
    let key = Key::new(seed).fold_in(u64::MAX);
    let draw = |stream: u64, draw: &dyn Draw<f64>| -> Vec<f64> {
        (0..rows as u64).map(|i| draw.element(key.child(stream), i)).collect()
    };
    let x: Vec<f64> = draw(0, &Uniform).into_iter().map(|u| 0.5 * u).collect();
    let [e1, e2, e3] = [1, 2, 3].map(|s| draw(s, &Normal).into_iter().map(|z| 0.02 * z).collect::<Vec<_>>());
    let y = (0..rows)
        .map(|i| x[i] + 0.3 * (2.0 * PI * (x[i] + e1[i])).sin() + 0.3 * (4.0 * PI * (x[i] + e2[i])).sin() + e3[i])
        .collect();
    Dataset { name: format!("{rows} rows drawn as the notebook draws them"), x, y, grid: linspace(-5.0, 5.0, 1000) }
}
