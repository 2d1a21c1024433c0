//! What one cell says: nothing, a number, or a text.

/// The sign between the whole and the fraction of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decimal {
    /// 1.5
    Point,
    /// 1,5
    Comma,
}

/// A cell's content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Empty, or one of the usual words for that.
    Missing,
    /// A number; infinite if it says so or is too large.
    Number(f64),
    /// Anything else.
    Text(&'a str),
}

/// Words that mean "no value", in any case.
const MISSING: [&str; 6] = ["", "na", "n/a", "nan", "null", "?"];

impl<'a> Cell<'a> {
    /// Reads a cell that has no spaces around it.
    pub fn of(text: &'a str, decimal: Decimal) -> Self {
        if MISSING.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Self::Missing;
        }
        match number(text, decimal) {
            // "-nan" parses, and has no value either.
            Some(v) if v.is_nan() => Self::Missing,
            Some(v) => Self::Number(v),
            None => Self::Text(text),
        }
    }
}

fn number(text: &str, decimal: Decimal) -> Option<f64> {
    // Spreadsheets and typesetters write a true minus sign.
    let text = text.replace('\u{2212}', "-");
    match decimal {
        Decimal::Point => text.parse().ok(),
        // With a decimal comma a point can only group thousands, or belong to something that is no number.
        Decimal::Comma if text.contains('.') => None,
        Decimal::Comma => text.replacen(',', ".", 1).parse().ok(),
    }
}

/// Which decimal sign a cell uses, if it is a number with a fraction.
pub fn decimal_sign(text: &str) -> Option<Decimal> {
    let uses = |sign: char, decimal| text.contains(sign) && number(text, decimal).is_some();
    if uses(',', Decimal::Comma) {
        Some(Decimal::Comma)
    } else if uses('.', Decimal::Point) {
        Some(Decimal::Point)
    } else {
        None
    }
}
