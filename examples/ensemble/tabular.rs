//! A person's own table: rows held out, training, what was measured, figures, the model.

use std::path::Path;

use array_api::Namespace;
use ensemble::Options;

use crate::cli::{Recipe, Train};
use crate::figures::{calibration, predicted_against_observed, training_losses};
use crate::measured::{self, Record};
use crate::recipe::{self, Made, Rows};
use crate::rows::{Metrics, Predicted, shuffled};
use crate::saved::{self, Width};
use crate::summary::{self, digits};
use crate::table::encoding::{Encoded, Encoding};
use crate::table::fit::Choice;
use crate::table::predictions::{Predictions, write_predictions};
use crate::training::{Trained, Trainer};
use program::failure::{Outcome, fail};
use program::output::Output;
use program::report::Block;
use program::table::read::Table;

/// Trains on a table.
pub(crate) fn run(train: &Train, data: &Path, target: &str, xp: Namespace) -> Outcome<String> {
    let base = match train.recipe {
        Some(Recipe::Tabular) => recipe::options(),
        None => Options { standardize: true, ..Options::default() },
    };
    let options = train.choices.over(base);
    options.check()?;
    let level = train.level.unwrap_or(0.9);
    let table = Table::read(data, train.format.format())?;
    let (training, held_out) = split(table.len(), train.holdout.unwrap_or(0.1), options.seed)?;
    let choice = Choice {
        target: target.into(),
        missing: train.missing.map(Into::into).unwrap_or_default(),
        ignore: train.ignore.clone(),
        categorical: train.categorical.clone(),
    };
    let (encoding, mut notes) = Encoding::fit(&table, &training, &choice)?;
    let rows = encoding.encode_training(&table, &training)?;
    let tested = encoding.encode_training(&table, &held_out)?;
    let dropped = rows.dropped.len() + tested.dropped.len();
    if dropped > 0 {
        notes.push(format!("{dropped} rows with missing values are left out"));
    }

    let mut output = Output::open(&train.out)?;
    let trainer = Trainer::open(xp, train)?;
    let fitted = Rows { x: &rows.features, y: &rows.targets };
    let made = match train.recipe {
        Some(Recipe::Tabular) => {
            let choose = train.choices.prior_scale.is_none() && options.prior != ensemble::Prior::None;
            recipe::train(&trainer, &options, choose, &fitted, level)?
        }
        None => {
            let trained = trainer.fit("ensemble", &options, fitted.x, fitted.y)?;
            Made { trained, width: Width::Normal, others: vec![], scales: vec![], notes: vec![] }
        }
    };
    notes.extend(made.notes.iter().cloned());

    let title = format!("{target} in {}", table.file);
    let described = format!("{}: {} rows, {} features", table.file, table.len(), rows.names.len());
    let mut text = settings(&made, &trainer, &described, &title, &notes, &mut output);
    let metrics = match tested.lines.is_empty() {
        true => {
            // One of an earlier run would be taken for this one's.
            let _ = std::fs::remove_file(train.out.join("predictions.csv"));
            text += "\nNo row is held out, so nothing is measured.\n";
            output.push(Block::Text("No row is held out, so nothing is measured.".into()));
            None
        }
        false => Some(measure(&made, &trainer, &tested, level, &mut text, &mut output)?),
    };
    if summary::epistemic_only(made.trained.model.options()) {
        text += &format!("\n{}\n", summary::EPISTEMIC_ONLY);
        output.push(Block::Warning(summary::EPISTEMIC_ONLY.into()));
    }
    losses(&made.trained, &mut output)?;
    saved::save(&train.out, &made.trained.model, encoding, made.width.clone())?;
    output.wrote("model/");
    if let Some(path) = &train.json {
        let mut first = Record::new(&made.trained, None);
        if let Some(metrics) = &metrics {
            first = first.with_metrics(serde_json::to_value(metrics)?);
        }
        let records: Vec<Record> =
            std::iter::once(first).chain(made.others.iter().map(|t| Record::new(t, None))).collect();
        measured::write(path, &trainer.xp, "table", &records)?;
    }
    let files = output.finish(&title)?;
    trainer.finish()?;
    Ok(format!("{text}\n{files}"))
}

/// Rows to train on and rows held out, each in the file's order.
fn split(n: usize, share: f64, seed: u64) -> Outcome<(Vec<usize>, Vec<usize>)> {
    let held_out = match share {
        0.0 => 0,
        _ => ((share * n as f64).round() as usize).max(1),
    };
    if held_out + 2 > n {
        return fail(format!(
            "--holdout {share}: of {n} rows {held_out} would be held out, and at least 2 are needed to train on"
        ));
    }
    let mut order = shuffled(n, seed, 10);
    let mut training = order.split_off(held_out);
    training.sort_unstable();
    order.sort_unstable();
    Ok((training, order))
}

/// What was run: printed and in the report.
fn settings(made: &Made, trainer: &Trainer, data: &str, title: &str, notes: &[String], output: &mut Output) -> String {
    let settings = summary::settings(made.trained.model.options(), &trainer.xp.to_string(), data);
    let all: Vec<&Trained> = std::iter::once(&made.trained).chain(&made.others).collect();
    let trainings = summary::trainings(&all);
    let mut text =
        format!("{title}\n\n{}\n{}", summary::pairs(&settings), summary::aligned(&summary::TRAININGS, &trainings));
    output.push(Block::Heading("Settings".into()));
    output.push(Block::table("", &["setting", "value"], settings));
    output.push(Block::table("", &summary::TRAININGS, trainings));
    if !made.scales.is_empty() {
        let header = ["prior scale", "validation NLL"];
        text += &format!("\n{}", summary::aligned(&header, &made.scales));
        output.push(Block::table("Choice of the prior scale", &header, made.scales.clone()));
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        text += &format!("  note: {note}\n");
        output.push(Block::Text(format!("Note: {note}.")));
    }
    let (said, blocks) = summary::failed(&all);
    text += &said;
    blocks.into_iter().for_each(|b| output.push(b));
    text
}

/// Measures the rows held out: table, figures, predictions.csv.
fn measure(
    made: &Made,
    trainer: &Trainer,
    tested: &Encoded,
    level: f64,
    text: &mut String,
    output: &mut Output,
) -> Outcome<Metrics> {
    let truth = &tested.targets;
    let p = Predicted::of(&made.trained.model, &trainer.xp, &tested.features, truth.len())?;
    let mut levels = vec![0.5, 0.8, 0.95, level];
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let m = Metrics::of(truth, &p, &made.width, &levels)?;
    let optional = |v: Option<f64>| v.map_or("not defined: all members agree on a row".into(), digits);
    let rows: Vec<Vec<String>> = [
        ("rows held out", m.rows.to_string()),
        ("RMSE", digits(m.rmse)),
        ("MAE", digits(m.mae)),
        ("R²", m.r2.map_or("not defined".into(), digits)),
        ("NLL (nats)", optional(m.nll)),
        ("CRPS", optional(m.crps)),
    ]
    .into_iter()
    .map(|(name, value)| vec![name.into(), value])
    .collect();
    let percent = |v: f64| format!("{:.1} %", 100.0 * v);
    let header = ["nominal coverage", "measured", "by chance", "mean width"];
    let coverage: Vec<Vec<String>> = m
        .coverage
        .iter()
        .map(|&(l, c, w)| vec![percent(l), percent(c), format!("± {}", percent(m.coverage_error(l))), digits(w)])
        .collect();
    *text += &format!("\n{}\n{}", summary::pairs(&rows), summary::aligned(&header, &coverage));
    output.push(Block::Heading("Rows held out".into()));
    output.push(Block::table("", &["metric", "value"], rows));
    output.push(Block::table(
        "Share of the rows held out that lie inside the intervals. By chance: how far a measured share may be from a true \
         one, in 95 of 100 cases, with so few rows.",
        &header,
        coverage,
    ));

    let nominal: Vec<f64> = (1..20).map(|i| i as f64 / 20.0).collect();
    let curve = Metrics::of(truth, &p, &made.width, &nominal)?.coverage;
    let (nominal, observed): (Vec<f64>, Vec<f64>) = curve.iter().map(|c| (c.0, c.1)).unzip();
    let plot = calibration("Calibration on rows held out", &nominal, &observed);
    output.figure("1-calibration.png", "Measured against nominal coverage.", &[plot], 1)?;
    let intervals = p.intervals(made.width.factor(level)?);
    let plot = predicted_against_observed("Rows held out", truth, &p.mean, &intervals.lower, &intervals.upper, level);
    output.figure("2-predicted.png", "Predicted against observed, with intervals.", &[plot], 1)?;
    let file = Predictions {
        lines: &tested.lines,
        observed: Some(truth),
        mean: &p.mean,
        epistemic_sd: &p.epistemic_sd,
        aleatoric_sd: p.aleatoric_sd.as_deref(),
        total_sd: &p.total_sd,
        lower: &intervals.lower,
        upper: &intervals.upper,
    };
    write_predictions(&output.folder.join("predictions.csv"), &file)?;
    output.wrote("predictions.csv");
    Ok(m)
}

/// Every member's training loss. Members that stopped before others end earlier; a likelihood's loss may be negative,
/// and then has no place on a log axis.
fn losses(trained: &Trained, output: &mut Output) -> Outcome<()> {
    let histories = trained.model.histories();
    let longest = histories.iter().map(Vec::len).max().unwrap_or(0);
    let epochs: Vec<f64> = (1..=longest).map(|e| e as f64).collect();
    let at = |h: &Vec<f64>, e: usize| h.get(e).copied().unwrap_or(f64::NAN);
    let values: Vec<f64> = histories.iter().flat_map(|h| (0..longest).map(move |e| at(h, e))).collect();
    let mut plot = training_losses("Training", &epochs, &values);
    plot.log_y = values.iter().all(|v| v.is_nan() || *v > 0.0);
    // Single steps of a likelihood can jump far above all others, and would press them into a line.
    let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    if let (false, Some(low), Some(high)) = (plot.log_y, finite.first(), finite.get(finite.len() * 99 / 100)) {
        let room = 0.05 * (high - low);
        plot.y_range = Some((low - room, high + room));
    }
    output.figure("3-training.png", "Training loss of every member.", &[plot], 1)
}
