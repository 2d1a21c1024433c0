//! Mean, standard deviation and autocorrelation of a column, to the precision of its numbers.

use array_api::{Array, Index, Result, subtract, vecdot};

use crate::columns;

/// What is usually said of a column.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Moments {
    /// The number of rows.
    pub rows: usize,
    /// The mean.
    pub mean: f64,
    /// The standard deviation, with `n - 1` in the denominator; not a number for one row.
    pub sd: f64,
    /// The autocorrelation at lag one; not a number where all values are the same.
    pub autocorrelation: f64,
}

/// The moments of a vector, in two passes, the second of which corrects the first's rounding (Chan, Golub and LeVeque,
/// "Algorithms for computing the sample variance", 1983, equation 1.7).
///
/// # Errors
/// Where the array is no vector of finite real numbers.
///
/// ```
/// # let xp = array_ndarray::namespace();
/// let m = mle::moments(&xp.asarray([10000001.0, 10000003.0, 10000002.0])?)?;
/// assert_eq!((m.mean, m.sd, m.autocorrelation), (10000002.0, 1.0, -0.5));
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn moments(column: &Array) -> Result<Moments> {
    let x = columns::real("column", column)?;
    let rows = x.size()?;
    let n = rows as f64;
    let first = x.mean(..)?.item::<f64>()?;
    let centred = subtract(&x, first)?;
    let rest = centred.sum(..)?.item::<f64>()?;
    let mean = first + rest / n;
    // What is left of the mean is subtracted once more, below the rounding of the values themselves.
    let centred = subtract(centred, rest / n)?;
    let squares = vecdot(&centred, &centred, ..)?.item::<f64>()?;
    let before = centred.at(Index::from(..(rows as isize - 1)))?;
    let after = centred.at(Index::from(1..))?;
    let products = vecdot(&before, &after, ..)?.item::<f64>()?;
    Ok(Moments { rows, mean, sd: (squares / (n - 1.0)).sqrt(), autocorrelation: products / squares })
}
