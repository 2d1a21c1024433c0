//! Predictions for rows of a table, and what is measured on rows whose truth is known.

use array_api::Namespace;
use array_api::random::{Draw, Key, Uniform};
use ensemble::metrics::{Intervals, gaussian_crps, gaussian_nll, mae, mpiw, picp, r2, rmse};
use ensemble::{Model, special};

use crate::saved::Width;
use crate::training::matrix;
use program::failure::Outcome;

/// What the ensemble says about each row, in the target's units.
#[derive(Clone, Debug, Default)]
pub(crate) struct Predicted {
    /// Predictive mean.
    pub(crate) mean: Vec<f64>,
    /// What the members disagree in.
    pub(crate) epistemic_sd: Vec<f64>,
    /// The noise that they predict; `None` if the model has none.
    pub(crate) aleatoric_sd: Option<Vec<f64>>,
    /// Both together.
    pub(crate) total_sd: Vec<f64>,
}

/// Rows predicted at once: all members' values for them are in memory.
const AT_ONCE: usize = 2048;

impl Predicted {
    /// Predicts row-major features of `rows` rows.
    pub(crate) fn of(model: &Model, xp: &Namespace, features: &[f64], rows: usize) -> Outcome<Predicted> {
        let columns = features.len() / rows.max(1);
        let mut all = Predicted::default();
        for part in features.chunks((AT_ONCE * columns).max(1)) {
            let p = model.predict(&matrix(xp, part, part.len() / columns)?)?;
            let root = |v: array_api::Array| -> Outcome<Vec<f64>> {
                Ok(v.to_host()?.to_f64()?.into_iter().map(f64::sqrt).collect())
            };
            all.mean.extend(p.mean()?.to_host()?.to_f64()?);
            all.epistemic_sd.extend(root(p.epistemic_variance()?)?);
            if p.aleatoric.is_some() {
                all.aleatoric_sd.get_or_insert_default().extend(root(p.aleatoric_variance()?)?);
            }
            all.total_sd.extend(root(p.total_variance()?)?);
        }
        Ok(all)
    }

    /// Intervals of so many standard deviations to either side.
    pub(crate) fn intervals(&self, factor: f64) -> Intervals {
        let end = |sign: f64| self.mean.iter().zip(&self.total_sd).map(|(m, s)| m + sign * factor * s).collect();
        Intervals { lower: end(-1.0), upper: end(1.0) }
    }
}

/// Metrics of rows held out. Where all members agree on a row there is no density, and no NLL or CRPS.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Metrics {
    pub(crate) rows: usize,
    pub(crate) rmse: f64,
    pub(crate) mae: f64,
    pub(crate) r2: Option<f64>,
    pub(crate) nll: Option<f64>,
    pub(crate) crps: Option<f64>,
    /// Nominal level, measured coverage, mean width.
    pub(crate) coverage: Vec<(f64, f64, f64)>,
}

impl Metrics {
    /// Measures predictions at these levels; a level for which no finite interval is known is left out.
    pub(crate) fn of(truth: &[f64], p: &Predicted, width: &Width, levels: &[f64]) -> Outcome<Metrics> {
        let mut coverage = vec![];
        for &level in levels {
            if let Ok(factor) = width.factor(level) {
                let intervals = p.intervals(factor);
                coverage.push((level, picp(truth, &intervals)?, mpiw(&intervals)?));
            }
        }
        Ok(Metrics {
            rows: truth.len(),
            rmse: rmse(truth, &p.mean)?,
            mae: mae(truth, &p.mean)?,
            r2: r2(truth, &p.mean).ok(),
            nll: gaussian_nll(truth, &p.mean, &p.total_sd).ok(),
            crps: gaussian_crps(truth, &p.mean, &p.total_sd).ok(),
            coverage,
        })
    }

    /// Twice the standard error of a coverage measured on so many rows.
    pub(crate) fn coverage_error(&self, level: f64) -> f64 {
        special::normal_quantile(0.975) * (level * (1.0 - level) / self.rows as f64).sqrt()
    }
}

/// The rows from 0 to `n` in an order that seed and stream decide.
pub(crate) fn shuffled(n: usize, seed: u64, stream: u64) -> Vec<usize> {
    let key = Key::new(seed).fold_in(u64::MAX).child(stream);
    let mut draws: Vec<(f64, usize)> = (0..n).map(|i| (Uniform.element(key, i as u64), i)).collect();
    draws.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    draws.into_iter().map(|d| d.1).collect()
}

/// These rows of a row-major matrix.
pub(crate) fn pick(values: &[f64], columns: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|r| values[r * columns..(r + 1) * columns].iter().copied()).collect()
}
