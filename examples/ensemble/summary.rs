//! The short tables that a run prints and its report repeats.

use ensemble::{Model, Options, Status};

use crate::choices::{head_text, noise_text, prior_text};
use crate::training::Trained;
use program::report::Block;

/// Columns of text, each as wide as its widest cell; words to the left, numbers with at most a unit to the right.
pub(crate) fn aligned(header: &[&str], rows: &[Vec<String>]) -> String {
    let all = || std::iter::once(header.iter().map(|h| (*h).to_owned()).collect()).chain(rows.iter().cloned());
    let width = |c: usize| all().filter_map(|r: Vec<String>| r.get(c).map(|t| t.chars().count())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let words = |t: &String| t.chars().filter(|c| c.is_alphabetic()).count() > 1;
    let left: Vec<bool> =
        (0..header.len()).map(|c| c == 0 || rows.iter().filter_map(|r| r.get(c)).any(words)).collect();
    let line = |row: Vec<String>| {
        let cells = row.iter().zip(&widths).zip(&left).map(|((text, w), left)| match left {
            true => format!("{text:<w$}"),
            false => format!("{text:>w$}"),
        });
        format!("  {}\n", cells.collect::<Vec<_>>().join("   ").trim_end())
    };
    all().map(line).collect()
}

/// Names and values, one pair a line.
pub(crate) fn pairs(rows: &[Vec<String>]) -> String {
    let width = rows.iter().filter_map(|r| r.first()).map(|n| n.chars().count()).max().unwrap_or(0);
    rows.iter().map(|r| format!("  {:<width$}   {}\n", r[0], r[1..].join("   "))).collect()
}

/// A number with four digits.
pub(crate) fn digits(v: f64) -> String {
    match v.abs() {
        _ if !v.is_finite() => "-".into(),
        a if a != 0.0 && !(1e-3..1e5).contains(&a) => format!("{v:.3e}"),
        a => format!(
            "{v:.*}",
            if a >= 1000.0 {
                1
            } else if a >= 10.0 {
                2
            } else {
                4
            }
        ),
    }
}

/// The settings of a training, one pair a row.
pub(crate) fn settings(options: &Options, backend: &str, data: &str) -> Vec<Vec<String>> {
    let widths: Vec<String> = options.widths.iter().map(usize::to_string).collect();
    let layers =
        if widths.is_empty() { "linear".into() } else { format!("{} {}", widths.join("-"), options.activation) };
    let batch = options.batch.map_or(String::new(), |b| format!(", {b} rows a step"));
    let optimizer = format!("{:?}", options.optimizer);
    let optimizer = optimizer.split([' ', '{']).next().unwrap_or_default();
    [
        ("data", data.to_owned()),
        ("members", format!("{} of {layers}", options.members)),
        ("prior", format!("{}, scale {}", prior_text(options.prior), options.prior_scale)),
        ("noise between members", noise_text(options.noise)),
        ("a member predicts", head_text(options.head)),
        ("training", format!("{optimizer}, rate {}, {} epochs{batch}", options.learning_rate, options.epochs)),
        ("computed in", format!("{} on {backend}, seed {}", options.dtype, options.seed)),
    ]
    .into_iter()
    .map(|(name, value)| vec![name.into(), value])
    .collect()
}

const STATUSES: [Status; 6] = [
    Status::Converged,
    Status::StoppedEarly,
    Status::StillImproving,
    Status::Unsettled,
    Status::NotFitted,
    Status::Diverged,
];

/// How many members ended how: `48 converged, 2 unsettled`.
pub(crate) fn by_status(model: &Model) -> String {
    let count = |s: Status| model.reports().iter().filter(|r| r.status == s).count();
    let parts: Vec<String> = STATUSES.iter().filter(|s| count(**s) > 0).map(|s| format!("{} {s}", count(*s))).collect();
    parts.join(", ")
}

/// The trainings of a run: name, rows, seconds, members by status.
pub(crate) fn trainings(trained: &[&Trained]) -> Vec<Vec<String>> {
    let row =
        |t: &&Trained| vec![t.name.clone(), t.rows.to_string(), format!("{:.2} s", t.seconds), by_status(&t.model)];
    trained.iter().map(row).collect()
}

/// The header of [`trainings`].
pub(crate) const TRAININGS: [&str; 4] = ["training", "rows", "time", "members"];

/// One row for each member that failed.
pub(crate) fn failures(trained: &[&Trained]) -> Vec<Vec<String>> {
    let of = |t: &&Trained| {
        let name = t.name.clone();
        let failed = t.model.reports().iter().filter(|r| r.status.failed()).cloned().collect::<Vec<_>>();
        failed.into_iter().map(move |r| {
            vec![
                name.clone(),
                r.member.to_string(),
                digits(r.final_loss),
                r.status.to_string(),
                r.status.reason().into(),
            ]
        })
    };
    trained.iter().flat_map(of).collect()
}

/// The header of [`failures`].
pub(crate) const FAILURES: [&str; 5] = ["training", "member", "final loss", "status", "why"];

/// How many failed members are printed one by one; the report lists all.
const PRINTED: usize = 8;

/// What is said of failed members, printed and as blocks; nothing if none failed.
pub(crate) fn failed(trained: &[&Trained]) -> (String, Vec<Block>) {
    let rows = failures(trained);
    if rows.is_empty() {
        return (String::new(), vec![]);
    }
    let mut said = format!("\nMembers that failed, {} in all; they are not part of mean and sd:\n", rows.len());
    said += &aligned(&FAILURES, &rows[..rows.len().min(PRINTED)]);
    if rows.len() > PRINTED {
        said += &format!("  and {} more, listed in the report\n", rows.len() - PRINTED);
    }
    let mut blocks = vec![Block::table("Members that failed; they are not part of mean and sd.", &FAILURES, rows)];
    for t in trained.iter().filter(|t| t.model.reports().iter().all(|r| r.status.failed())) {
        let warning = format!(
            "All members of `{}` failed, so that it predicts nothing. Change the learning rate, the epochs or the prior \
             scale, or let them start again with --restarts.",
            t.name
        );
        said += &format!("Warning: {warning}\n");
        blocks.push(Block::Warning(warning));
    }
    (said, blocks)
}

/// What a band without a noise does not say.
pub(crate) const EPISTEMIC_ONLY: &str = "Bands are epistemic only: they show what the members disagree in. The noise of \
     the data is not in them, so that new observations fall outside more often than the band suggests.";

/// Whether the model knows of no noise.
pub(crate) fn epistemic_only(options: &Options) -> bool {
    matches!(options.head, ensemble::Head::Mean { noise_sd: None })
}
