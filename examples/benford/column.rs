//! The leading digits of a column of a person's own table.

use program::failure::{Outcome, fail};
use program::table::read::Table;

/// What a column holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Leading {
    /// The first digit that is not zero, of each number that has one.
    pub(crate) digits: Vec<i64>,
    /// Numbers without one: zeros.
    pub(crate) zeros: usize,
    /// Cells that are empty or no numbers.
    pub(crate) others: usize,
}

/// Reads the leading digits of a column.
pub(crate) fn leading(table: &Table, column: &str) -> Outcome<Leading> {
    let Some(at) = table.position(column) else {
        return Err(table.no_such_column(column).of(&table.file).into());
    };
    let mut found = Leading { digits: vec![], zeros: 0, others: 0 };
    for row in 0..table.len() {
        match digit(table.text(row, at)) {
            Some(0) => found.zeros += 1,
            Some(digit) => found.digits.push(digit),
            None => found.others += 1,
        }
    }
    if found.digits.is_empty() {
        return fail(format!(
            "{}: column '{column}' has no number with a leading digit: of {} cells {} are zero and {} are no numbers, such \
             as '{}' in line {}",
            table.file,
            table.len(),
            found.zeros,
            found.others,
            table.text(0, at),
            table.rows[0].line
        ));
    }
    Ok(found)
}

/// The leading digit of a number as it is written, 0 for a zero, `None` for what is no number. A sign, a currency's sign,
/// and anything that separates thousands may be there; digits are taken from the text, so no rounding can change them.
fn digit(text: &str) -> Option<i64> {
    let sign = |c: char| matches!(c, '+' | '-' | '\u{2212}' | '(' | '$' | '€' | '£' | '¥') || c.is_whitespace();
    let number = text.trim_start_matches(sign).trim_end_matches(|c| sign(c) || matches!(c, ')' | '%'));
    let (mantissa, exponent) = match number.find(['e', 'E']) {
        Some(at) => (&number[..at], Some(&number[at + 1..])),
        None => (number, None),
    };
    let grouping = |c: char| matches!(c, '.' | ',' | '\'' | '\u{2019}' | '_') || c.is_whitespace();
    let written = mantissa.chars().all(|c| c.is_ascii_digit() || grouping(c))
        && mantissa.contains(|c: char| c.is_ascii_digit())
        && exponent.is_none_or(|e| e.parse::<i32>().is_ok());
    let first = || mantissa.chars().filter_map(|c| c.to_digit(10)).find(|d| *d > 0);
    written.then(|| first().map_or(0, i64::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_numbers_as_people_write_them() {
        for (text, due) in [
            ("1234", Some(1)),
            ("-0.00271", Some(2)),
            ("$3,141.59", Some(3)),
            ("4.711,00 €", Some(4)),
            ("(5'000)", Some(5)),
            ("\u{2212}6 000", Some(6)),
            ("7.5e-12", Some(7)),
            ("8 %", Some(8)),
            ("0.0009", Some(9)),
            ("0", Some(0)),
            ("0.00", Some(0)),
            ("", None),
            ("n/a", None),
            ("12 apples", None),
            ("e5", None),
            ("1e", None),
            ("-", None),
            (".", None),
        ] {
            assert_eq!(digit(text), due, "{text}");
        }
    }
}
