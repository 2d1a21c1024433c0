//! The recipe for a person's own table: learnt variance, stopping on rows left out, and two sets of validation rows,
//! one that chooses the prior scale and one that intervals are corrected with.

use ensemble::conformal::rows_needed;
use ensemble::metrics::gaussian_nll;
use ensemble::{Activation, EarlyStopping, Head, Initializer, Optimizer, Options};

use crate::rows::{Predicted, pick, shuffled};
use crate::saved::Width;
use crate::summary::digits;
use crate::training::{Trained, Trainer};
use program::failure::Outcome;

/// The recipe's settings; the command line goes over them.
pub(crate) fn options() -> Options {
    Options {
        widths: vec![50],
        activation: Activation::Relu,
        weights: Initializer::HeNormal,
        prior_scale: 0.3,
        head: Head::Variance,
        optimizer: Optimizer::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01 },
        learning_rate: 0.01,
        epochs: 400,
        batch: Some(64),
        early_stopping: Some(EarlyStopping { every: 5, patience: 10 }),
        restarts: 1,
        standardize: true,
        ..Options::default()
    }
}

/// Prior scales to choose from, in standard units of the target.
const SCALES: [f64; 3] = [0.1, 0.3, 1.0];

/// Of the training rows, the share that chooses the scale, and the share that intervals are corrected with.
const SHARE: f64 = 0.15;

/// Fewer rows cannot tell prior scales apart.
const FEWEST: usize = 10;

/// Training rows.
pub(crate) struct Rows<'a> {
    /// Row-major features.
    pub(crate) x: &'a [f64],
    /// One target a row.
    pub(crate) y: &'a [f64],
}

impl Rows<'_> {
    fn pick(&self, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
        let columns = self.x.len() / self.y.len().max(1);
        (pick(self.x, columns, rows), pick(self.y, 1, rows))
    }
}

/// What the recipe made.
pub(crate) struct Made {
    /// The ensemble.
    pub(crate) trained: Trained,
    /// Where its intervals get their width from.
    pub(crate) width: Width,
    /// The trainings that chose the scale.
    pub(crate) others: Vec<Trained>,
    /// Scale and validation NLL of each.
    pub(crate) scales: Vec<Vec<String>>,
    /// What the user should know, one sentence each.
    pub(crate) notes: Vec<String>,
}

/// Chooses the prior scale unless it is given, trains, and measures the rows that intervals are corrected with.
pub(crate) fn train(trainer: &Trainer, options: &Options, choose: bool, rows: &Rows<'_>, level: f64) -> Outcome<Made> {
    let n = rows.y.len();
    let order = shuffled(n, options.seed, 11);
    let mut notes = vec![];
    let share = (SHARE * n as f64).ceil() as usize;
    let mut calibration = share.max(rows_needed(level));
    if 3 * calibration > n {
        notes.push(format!(
            "{n} training rows are too few to set aside the {calibration} that intervals of level {level} would be \
             corrected with: they are the normal distribution's"
        ));
        calibration = 0;
    }
    let (aside, rest) = order.split_at(calibration);
    let mut options = options.clone();
    let (mut others, mut scales) = (vec![], vec![]);
    if choose && share < FEWEST {
        notes.push(format!("{n} training rows are too few to choose a prior scale: it is {}", options.prior_scale));
    } else if choose {
        let (validation, fitted) = rest.split_at(share);
        let ((x, y), (vx, vy)) = (rows.pick(fitted), rows.pick(validation));
        let mut best = f64::INFINITY;
        for scale in SCALES {
            let candidate = Options { prior_scale: scale, ..options.clone() };
            let trained = trainer.fit(&format!("prior scale {scale}"), &candidate, &x, &y)?;
            let p = Predicted::of(&trained.model, &trainer.xp, &vx, vy.len())?;
            let nll = gaussian_nll(&vy, &p.mean, &p.total_sd).unwrap_or(f64::INFINITY);
            scales.push(vec![scale.to_string(), digits(nll)]);
            others.push(trained);
            if nll < best {
                (best, options.prior_scale) = (nll, scale);
            }
        }
        notes.push(format!(
            "prior scale {} was chosen on {} validation rows, which the final training includes",
            options.prior_scale,
            vy.len()
        ));
    }
    // The rows that chose the scale are trained on now; those set aside for the intervals never are.
    let (x, y) = rows.pick(rest);
    let trained = trainer.fit("ensemble", &options, &x, &y)?;
    let width = match calibration {
        0 => Width::Normal,
        _ => {
            let (x, y) = rows.pick(aside);
            let p = Predicted::of(&trained.model, &trainer.xp, &x, y.len())?;
            let score = |((y, m), s): ((&f64, &f64), &f64)| (y - m).abs() / s;
            notes.push(format!("intervals are corrected with {calibration} rows that were not trained on"));
            Width::Conformal { scores: y.iter().zip(&p.mean).zip(&p.total_sd).map(score).collect() }
        }
    };
    Ok(Made { trained, width, others, scales, notes })
}
