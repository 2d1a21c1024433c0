//! Predicting the rows of a new table with a saved model.

use crate::cli::Predict;
use crate::rows::Predicted;
use crate::saved::{self, Width};
use crate::summary;
use crate::table::predictions::{Predictions, write_predictions};
use program::failure::Outcome;
use program::output::check_file;
use program::table::read::Table;

/// Writes one line for each row of the new table.
pub(crate) fn run(args: &Predict) -> Outcome<String> {
    let xp = program::backend!(&args.backend)?;
    let (model, beside) = saved::load(&args.model, &xp)?;
    let table = Table::read(&args.data, args.format.format())?;
    let rows = beside.encoding.encode_new(&table)?;
    let factor = beside.intervals.factor(args.level)?;
    check_file(&args.out, "--out", None)?;
    let p = Predicted::of(&model, &xp, &rows.features, rows.lines.len())?;
    let intervals = p.intervals(factor);
    let file = Predictions {
        lines: &rows.lines,
        observed: None,
        mean: &p.mean,
        epistemic_sd: &p.epistemic_sd,
        aleatoric_sd: p.aleatoric_sd.as_deref(),
        total_sd: &p.total_sd,
        lower: &intervals.lower,
        upper: &intervals.upper,
    };
    write_predictions(&args.out, &file)?;
    let kind = match &beside.intervals {
        Width::Normal => "the normal distribution's".to_string(),
        Width::Conformal { scores } => format!("corrected with {} rows that were not trained on", scores.len()),
    };
    let mut text = format!(
        "{} rows of {} predicted by {} members; intervals of level {} are {kind}\n",
        rows.lines.len(),
        table.file,
        model.used().len(),
        args.level
    );
    if !rows.dropped.is_empty() {
        text += &format!("{} rows with missing values are left out\n", rows.dropped.len());
    }
    if summary::epistemic_only(model.options()) {
        text += &format!("{}\n", summary::EPISTEMIC_ONLY);
    }
    Ok(text + &format!("Written to {}\n", args.out.display()))
}
