//! What a training gave, as numbers: curves on a grid, reports on members, and the JSON file of both.

use std::path::Path;

use array_api::Namespace;
use ensemble::{MemberReport, Model, Options, Prediction};
use serde::Serialize;

use crate::training::{Trained, matrix};
use program::failure::Outcome;

/// An ensemble on a grid of one input.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Curves {
    /// The grid, n values.
    pub(crate) x: Vec<f64>,
    /// Predictive mean.
    pub(crate) mean: Vec<f64>,
    /// Total standard deviation: epistemic only where the model has no noise.
    pub(crate) sd: Vec<f64>,
    /// Every member that did not fail, row-major with n values each.
    #[serde(skip)]
    pub(crate) members: Vec<f64>,
}

impl Curves {
    /// Predicts the grid; not numbers if all members failed.
    pub(crate) fn of(model: &Model, xp: &Namespace, grid: &[f64]) -> Outcome<Curves> {
        if model.used().is_empty() {
            let none = vec![f64::NAN; grid.len()];
            return Ok(Curves { x: grid.to_vec(), mean: none.clone(), sd: none, members: vec![] });
        }
        let p: Prediction = model.predict(&matrix(xp, grid, grid.len())?)?;
        Ok(Curves {
            x: grid.to_vec(),
            mean: p.mean()?.to_host()?.to_f64()?,
            sd: p.sd()?.to_host()?.to_f64()?,
            members: p.members.to_host()?.to_f64()?,
        })
    }

    /// Mean and sd at the grid's point next to `x`.
    pub(crate) fn near(&self, x: f64) -> (f64, f64, f64) {
        let distance = |i: &usize| (self.x[*i] - x).abs();
        let i = (0..self.x.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0);
        (self.x[i], self.mean[i], self.sd[i])
    }
}

/// One member in the JSON file.
#[derive(Clone, Debug, Serialize)]
struct MemberRecord {
    #[serde(flatten)]
    report: MemberReport,
    converged: bool,
    used: bool,
    reason: &'static str,
}

/// One training in the JSON file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Record {
    name: String,
    members: usize,
    epochs: u64,
    rows: usize,
    dtype: String,
    train_seconds: f64,
    options: Options,
    reports: Vec<MemberRecord>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    curves: Option<Curves>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<serde_json::Value>,
}

impl Record {
    /// The record of a training.
    pub(crate) fn new(trained: &Trained, curves: Option<&Curves>) -> Record {
        let options = trained.model.options().clone();
        let used = trained.model.used();
        let reports = trained.model.reports().iter().map(|r| MemberRecord {
            converged: matches!(r.status, ensemble::Status::Converged | ensemble::Status::StoppedEarly),
            used: used.contains(&r.member),
            reason: r.status.reason(),
            report: r.clone(),
        });
        Record {
            name: trained.name.clone(),
            members: options.members,
            epochs: options.epochs,
            rows: trained.rows,
            dtype: options.dtype.to_string(),
            train_seconds: trained.seconds,
            reports: reports.collect(),
            curves: curves.cloned(),
            metrics: None,
            options,
        }
    }

    /// Adds what was measured on rows held out.
    pub(crate) fn with_metrics(mut self, metrics: serde_json::Value) -> Record {
        self.metrics = Some(metrics);
        self
    }
}

/// Everything that a run measured: the first training in front, the others under `runs`.
#[derive(Serialize)]
struct File<'a> {
    backend: String,
    experiment: &'a str,
    #[serde(flatten)]
    first: Option<&'a Record>,
    runs: &'a [Record],
}

/// Writes the JSON file.
pub(crate) fn write(path: &Path, backend: &Namespace, experiment: &str, records: &[Record]) -> Outcome<()> {
    let first = records.first();
    let runs = records.get(1..).unwrap_or_default();
    let file = File { backend: backend.to_string(), experiment, first, runs };
    let mut text = serde_json::to_vec_pretty(&file)?;
    text.push(b'\n');
    Ok(program::files::write_atomically(path, &text)?)
}
