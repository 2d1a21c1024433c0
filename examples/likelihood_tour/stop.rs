//! A stop of the tour: what it says, the numbers that show it, and its figure.

use array_protocol::prelude::*;
use program::failure::Outcome;
use program::plot::{Plot, Shape, Style};
use serde::Serialize;

/// What every stop computes with.
pub(crate) struct Tour {
    /// Where.
    pub(crate) xp: Namespace,
    /// The seed of every draw.
    pub(crate) seed: u64,
    /// The rows of the drawn data.
    pub(crate) rows: usize,
}

impl Tour {
    /// The key of a draw: no two draws of the tour share one.
    pub(crate) fn key(&self, draw: u64) -> Result<Array> {
        self.xp.key(self.seed)?.fold_in(draw)
    }
}

/// A stop.
#[derive(Serialize)]
pub(crate) struct Stop {
    pub(crate) title: &'static str,
    /// The identity, in words.
    pub(crate) says: String,
    /// What is easily got wrong about it.
    pub(crate) slip: &'static str,
    pub(crate) numbers: Vec<Number>,
    #[serde(skip)]
    pub(crate) plots: Vec<Plot<'static>>,
}

/// A number, and what it must be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Number {
    what: String,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    must: Option<Must>,
    holds: bool,
}

/// What a number must be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Must {
    /// What another way gives, but for rounding or the chance of a finite number of draws.
    Equal {
        due: f64,
        within: f64,
    },
    AtMost(f64),
    AtLeast(f64),
}

impl Number {
    /// A number that is shown only.
    pub(crate) fn shown(what: impl Into<String>, value: f64) -> Number {
        Number { what: what.into(), value, must: None, holds: true }
    }

    /// A number that has to be another one, up to a difference.
    pub(crate) fn equal(what: impl Into<String>, value: f64, due: f64, within: f64) -> Number {
        Number::with(what.into(), value, Must::Equal { due, within }, (value - due).abs() <= within)
    }

    /// The same up to rounding: a share of the larger one's size.
    pub(crate) fn same(what: impl Into<String>, value: f64, due: f64, share: f64) -> Number {
        Number::equal(what, value, due, share * value.abs().max(due.abs()))
    }

    /// A number that has a largest value.
    pub(crate) fn at_most(what: impl Into<String>, value: f64, bound: f64) -> Number {
        Number::with(what.into(), value, Must::AtMost(bound), value <= bound)
    }

    /// A number that has a smallest value.
    pub(crate) fn at_least(what: impl Into<String>, value: f64, bound: f64) -> Number {
        Number::with(what.into(), value, Must::AtLeast(bound), value >= bound)
    }

    fn with(what: String, value: f64, must: Must, holds: bool) -> Number {
        Number { what, value, must: Some(must), holds }
    }

    /// Name, value, relation, and the other side.
    fn row(&self) -> Vec<String> {
        let (relation, due) = match self.must {
            None => ("", String::new()),
            Some(Must::Equal { due, within }) => {
                (if self.holds { "=" } else { "≠" }, format!("{} ± {within:.1e}", short(due)))
            }
            Some(Must::AtMost(bound)) => (if self.holds { "≤" } else { ">" }, short(bound)),
            Some(Must::AtLeast(bound)) => (if self.holds { "≥" } else { "<" }, short(bound)),
        };
        vec![self.what.clone(), short(self.value), relation.into(), due]
    }
}

impl Stop {
    /// Whether every number is what it must be.
    pub(crate) fn holds(&self) -> bool {
        self.numbers.iter().all(|n| n.holds)
    }

    /// The numbers as a table.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        self.numbers.iter().map(Number::row).collect()
    }
}

/// Ten digits where they fit, powers of ten elsewhere, without trailing zeros.
fn short(x: f64) -> String {
    let size = x.abs();
    let text = if x != 0.0 && !(1e-4..1e9).contains(&size) { format!("{x:.6e}") } else { format!("{x:.8}") };
    let (digits, power) = text.split_once('e').map_or((text.as_str(), String::new()), |(d, p)| (d, format!("e{p}")));
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits}{power}")
}

/// The number in an array without axes.
pub(crate) fn number(x: Result<Array>) -> Outcome<f64> {
    Ok(x.and_then(|x| x.item::<f64>())?)
}

/// A curve.
pub(crate) fn curve(x: &[f64], y: &[f64]) -> Shape<'static> {
    Shape::Curves { x: x.to_vec().into(), ys: y.to_vec().into() }
}

/// Dots.
pub(crate) fn points(x: &[f64], y: &[f64]) -> Shape<'static> {
    Shape::Points { x: x.to_vec().into(), y: y.to_vec().into() }
}

/// A line's style.
pub(crate) fn line(color: plotters::style::RGBColor, label: &str) -> Style {
    Style::new(color, 1.0, 1.8, label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_say_whether_they_are_what_they_must_be() {
        let all = [
            Number::equal("a", 1.0, 1.5, 0.4),
            Number::same("a", 1.0, 1.0 + 1e-12, 1e-9),
            Number::at_most("a", 2.0, 1.0),
            Number::at_least("a", 2.0, 1.0),
            Number::equal("a", f64::NAN, 1.0, 0.1),
            Number::shown("a", f64::NAN),
        ];
        assert_eq!(all.each_ref().map(|n| n.holds), [false, true, false, true, false, true]);
        assert_eq!(all[0].row(), ["a", "1", "≠", "1.5 ± 4.0e-1"]);
        assert_eq!(all[3].row(), ["a", "2", "≥", "1"]);
    }

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 1.0, 100.0, -0.25, 1.0 / 3.0, 5e-324, 6.02e23].map(short);
        assert_eq!(all, ["0", "1", "100", "-0.25", "0.33333333", "4.940656e-324", "6.02e23"]);
    }
}
