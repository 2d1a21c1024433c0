//! What every metric asks of its input.
use array_api::{Error, Result};

/// Refuses columns of different lengths, no rows, and values that are not finite.
pub(crate) fn rows(operation: &str, columns: &[(&str, &[f64])]) -> Result<usize> {
    let n = columns.first().map_or(0, |(_, column)| column.len());
    if columns.iter().any(|(_, column)| column.len() != n) {
        let lengths: Vec<String> = columns.iter().map(|(name, column)| format!("{name} {}", column.len())).collect();
        let lengths = lengths.join(", ");
        return Err(Error::shape(
            operation,
            format!("the slices differ in length ({lengths}); give one value per row"),
        ));
    }
    if n == 0 {
        return Err(Error::shape(operation, "there are no rows; the metric needs at least one"));
    }
    columns.iter().try_for_each(|(name, column)| finite(operation, name, column))?;
    Ok(n)
}

/// Refuses values that are not finite.
pub(crate) fn finite(operation: &str, name: &str, column: &[f64]) -> Result<()> {
    match column.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(row) => Err(Error::value(
            operation,
            format!("{name}[{row}] is {}; remove or repair values that are not finite", column[row]),
        )),
    }
}

/// Refuses standard deviations that are not above zero.
pub(super) fn positive(operation: &str, name: &str, column: &[f64]) -> Result<()> {
    match column.iter().position(|&value| value <= 0.0) {
        None => Ok(()),
        Some(row) => Err(Error::value(operation, format!("{name}[{row}] is {}; it must be above 0", column[row]))),
    }
}

/// The checks of a normal prediction for every row.
pub(super) fn normal_rows(operation: &str, truth: &[f64], mean: &[f64], sd: &[f64]) -> Result<usize> {
    let n = rows(operation, &[("truth", truth), ("mean", mean), ("sd", sd)])?;
    positive(operation, "sd", sd)?;
    Ok(n)
}

/// Refuses probabilities outside of the open interval from 0 to 1.
pub(crate) fn probability(operation: &str, name: &str, p: f64) -> Result<()> {
    if p > 0.0 && p < 1.0 {
        return Ok(());
    }
    Err(Error::value(operation, format!("{name} is {p}; it must be above 0 and below 1")))
}

/// Refuses values of members that are not `members` whole rows; returns the number of rows of data.
pub(super) fn member_rows(operation: &str, values: &[f64], members: usize) -> Result<usize> {
    if members == 0 || values.is_empty() || !values.len().is_multiple_of(members) {
        return Err(Error::shape(
            operation,
            format!("{} values are not (members, rows) with {members} members", values.len()),
        ));
    }
    finite(operation, "values", values)?;
    Ok(values.len() / members)
}

/// Mean of `count` numbers.
pub(super) fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    values.sum::<f64>() / count as f64
}

/// `count` evenly spaced numbers, both ends included.
pub(super) fn linspace(from: f64, to: f64, count: usize) -> impl Iterator<Item = f64> {
    let step = (to - from) / (count - 1) as f64;
    (0..count).map(move |i| if i + 1 == count { to } else { from + i as f64 * step })
}
