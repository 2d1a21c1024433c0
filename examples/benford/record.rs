//! What was measured, as tables, as text and as JSON.

use std::path::Path;

use array_protocol::prelude::*;
use program::failure::Outcome;
use serde::Serialize;

use crate::column::Leading;
use crate::law::{Distance, Test, distance};
use crate::model::Said;

/// The leading digits of a column.
#[derive(Serialize)]
pub(crate) struct Column {
    file: String,
    column: String,
    zeros: usize,
    others: usize,
    #[serde(flatten)]
    test: Test,
}

impl Column {
    /// Of a column and its test.
    pub(crate) fn new(file: &str, column: &str, leading: &Leading, test: Test) -> Column {
        Column { file: file.to_owned(), column: column.to_owned(), zeros: leading.zeros, others: leading.others, test }
    }

    /// The share of each digit.
    pub(crate) fn shares(&self) -> Vec<f64> {
        self.test.counts.iter().map(|c| *c as f64 / self.test.n as f64).collect()
    }

    /// Names and values for the report.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let t = &self.test;
        let left_out = match self.zeros + self.others {
            0 => "none".into(),
            _ => format!("{} zeros, {} cells that are empty or no numbers", self.zeros, self.others),
        };
        let rows = [
            ("numbers", t.n.to_string()),
            ("left out", left_out),
            ("counts of 1 to 9", t.counts.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")),
            ("mean absolute deviation", format!("{:.4}: {} (Nigrini)", t.distance.deviation, t.verdict)),
            ("chi-squared, 8 degrees of freedom", format!("{:.2}, p = {}", t.chi_squared, chance(t.chi_squared_p))),
            ("Kuiper", format!("V* = {:.3}, p at most {}", t.kuiper, chance(t.kuiper_p))),
            ("Kullback-Leibler divergence", format!("{:.4} nats", t.distance.divergence)),
        ];
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
    }

    /// The same for the terminal.
    pub(crate) fn text(&self) -> String {
        let lines = self.rows();
        let lines = lines.iter().map(|row| format!("  {:36} {}\n", row[0], row[1]));
        std::iter::once(format!("{}, column {}\n", self.file, self.column)).chain(lines).collect()
    }
}

fn chance(p: f64) -> String {
    if p < 1e-4 { "0.0001".into() } else { format!("{p:.4}") }
}

/// What a model says after each of several prompts.
#[derive(Serialize)]
pub(crate) struct Prompts {
    model: String,
    prompts: Vec<Prompt>,
    /// The mean of all prompts' probabilities.
    pub(crate) mean: Vec<f64>,
    mean_distance: Distance,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation: Option<String>,
}

#[derive(Serialize)]
struct Prompt {
    prompt: String,
    /// Probabilities of 1 to 9 among themselves.
    digits: Vec<f64>,
    /// The probability of any of them.
    any: f64,
    distance: Distance,
}

/// Names of the columns of [`Prompts::rows`].
pub(crate) const HEADER: [&str; 13] =
    ["prompt", "1", "2", "3", "4", "5", "6", "7", "8", "9", "any digit", "chi-squared / n", "KL (nats)"];

impl Prompts {
    /// Of prompts and what was said after each.
    pub(crate) fn new(
        model: &str,
        prompts: Vec<String>,
        said: Vec<Said>,
        continuation: Option<String>,
        xp: &Namespace,
    ) -> Outcome<Prompts> {
        let all: Vec<Vec<f64>> = said.iter().map(|s| s.digits.clone()).collect();
        let mean = xp.asarray(all)?.mean(0)?;
        let prompts = prompts.into_iter().zip(said).map(|(prompt, said)| {
            let Said { digits, any, distance } = said;
            Prompt { prompt, digits, any, distance }
        });
        Ok(Prompts {
            model: model.to_owned(),
            prompts: prompts.collect(),
            mean_distance: distance(&mean)?,
            mean: mean.to_vec::<f64>()?,
            continuation,
        })
    }

    /// Each prompt with its probabilities.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.prompts.iter().map(|p| (p.prompt.as_str(), &p.digits[..]))
    }

    /// A row per prompt, and one of the means.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let row = |name: &str, digits: &[f64], any: Option<f64>, d: &Distance| {
            let mut row = vec![name.to_owned()];
            row.extend(digits.iter().map(|p| format!("{p:.3}")));
            row.push(any.map_or("–".into(), |a| format!("{a:.3}")));
            row.extend([format!("{:.3}", d.chi_squared), format!("{:.3}", d.divergence)]);
            row
        };
        let prompts = self.prompts.iter().map(|p| row(&p.prompt, &p.digits, Some(p.any), &p.distance));
        prompts.chain([row("mean", &self.mean, None, &self.mean_distance)]).collect()
    }

    /// The same for the terminal.
    pub(crate) fn text(&self) -> String {
        let rows = self.rows();
        let widest = rows.iter().map(|r| r[0].chars().count()).max().unwrap_or(0);
        let line = |row: &[&str]| {
            let cells: String = row[1..].iter().map(|c| format!(" {c:>6}")).collect();
            format!("  {:widest$}{cells}\n", row[0])
        };
        let mut text = line(&HEADER.map(|h| match h {
            "any digit" => "any",
            "chi-squared / n" => "χ²/n",
            "KL (nats)" => "KL",
            other => other,
        }));
        for row in &rows {
            text.push_str(&line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        if let Some(continuation) = &self.continuation {
            text.push_str(&format!("\n{continuation}\n\n"));
        }
        text
    }
}

#[derive(Serialize)]
struct File<'a, T> {
    backend: String,
    #[serde(flatten)]
    record: &'a T,
}

/// Writes the JSON file.
pub(crate) fn write(path: &Path, backend: &Namespace, record: &impl Serialize) -> Outcome<()> {
    let mut text = serde_json::to_vec_pretty(&File { backend: backend.to_string(), record })?;
    text.push(b'\n');
    Ok(program::files::write_atomically(path, &text)?)
}
