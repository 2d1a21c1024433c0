//! Named columns of data, checked once for all models.

use std::collections::BTreeMap;

use array_api::{Array, DType, Error, Result, astype, isfinite, logical_not};

/// Data by name: vectors of one length, of any kind of array.
pub type Columns = BTreeMap<String, Array>;

/// The vector as `float64`.
///
/// # Errors
/// Where it is no vector, is complex, has no elements, or holds a value that is not finite, which is counted.
pub(crate) fn real(name: &str, column: &Array) -> Result<Array> {
    Ok(summed(name, column)?.0)
}

/// The same, with the sum that was needed to see that all values are finite.
pub(crate) fn summed(name: &str, column: &Array) -> Result<(Array, f64)> {
    if column.ndim() != 1 {
        return Err(Error::shape("mle", format!("`{name}` has shape {}; a column has one axis", column.dims())));
    }
    if column.dtype().is_complex() {
        return Err(Error::dtype("mle", format!("`{name}` is {}; a column holds real numbers", column.dtype())));
    }
    if column.size()? == 0 {
        return Err(Error::value("mle", format!("`{name}` has no rows")));
    }
    let column = astype(column, DType::Float64)?;
    // One pass without a copy: a sum is finite only if its terms are. It may also overflow, which the count then tells.
    let sum = array_api::sum(&column, ..)?.item::<f64>()?;
    if sum.is_finite() {
        return Ok((column, sum));
    }
    let missing = count(&logical_not(isfinite(&column)?)?)?;
    if missing > 0 {
        let rows = column.size()?;
        let message = format!("{missing} of {rows} values of `{name}` are not finite; leave those rows out first");
        return Err(Error::value("mle", message));
    }
    Ok((column, sum))
}

/// How many elements are true.
pub(crate) fn count(condition: &Array) -> Result<i64> {
    array_api::sum(astype(condition, DType::Int64)?, ..)?.item()
}

/// Checks that a column has the number of rows that the others have.
pub(crate) fn same_length(name: &str, column: &Array, other: &str, rows: usize) -> Result<()> {
    let own = column.size()?;
    if own != rows {
        return Err(Error::shape("mle", format!("`{name}` has {own} rows, `{other}` has {rows}")));
    }
    Ok(())
}

/// Weights as `float64`: finite, none negative, not all zero.
pub(crate) fn weights(column: &Array, rows: usize) -> Result<Array> {
    let column = real("weights", column)?;
    same_length("weights", &column, "the data", rows)?;
    let negative = count(&array_api::less(&column, 0.0)?)?;
    if negative > 0 {
        return Err(Error::value("mle", format!("{negative} of {rows} weights are negative")));
    }
    if array_api::sum(&column, ..)?.item::<f64>()? <= 0.0 {
        return Err(Error::value("mle", "all weights are zero"));
    }
    Ok(column)
}
