//! Centring and scaling of inputs and targets, kept with the model and undone in every output.

use array_api::{Array, DType, Error, Namespace, Result, Tree, add, divide, multiply, subtract};

/// Location and scale of every column.
#[derive(Clone, Debug, Tree)]
pub struct Scaling {
    /// Means, shape `(columns,)`.
    pub center: Array,
    /// Standard deviations, shape `(columns,)`; 1 for constant columns.
    pub scale: Array,
}

impl Scaling {
    /// No change.
    ///
    /// # Errors
    /// If arrays of this type cannot be made.
    pub fn identity(xp: &Namespace, columns: usize, dtype: DType) -> Result<Scaling> {
        Ok(Scaling { center: xp.zeros(([columns], dtype))?, scale: xp.ones(([columns], dtype))? })
    }

    /// The columns' means and standard deviations, as arrays of the given type; a constant column keeps its scale, so that
    /// it becomes zero.
    ///
    /// # Errors
    /// If `x` is not a matrix of finite real numbers.
    pub fn fit(x: &Array, dtype: DType) -> Result<Scaling> {
        let values = finite(x, "standardize")?;
        let [rows, columns] = x.shape()? else {
            return Err(Error::shape("standardize", format!("{} is not a matrix", x.dims())));
        };
        let (rows, columns) = (*rows, *columns);
        let column = |j: usize| (0..rows).map(move |i| i * columns + j);
        let mut center = Vec::with_capacity(columns);
        let mut scale = Vec::with_capacity(columns);
        // On the host and in f64: this happens once, and a column such as year 2000 to 2020 must not lose digits.
        for j in 0..columns {
            let mean = column(j).map(|i| values[i]).sum::<f64>() / rows as f64;
            let variance = column(j).map(|i| (values[i] - mean).powi(2)).sum::<f64>() / rows as f64;
            let sd = variance.sqrt();
            center.push(mean);
            scale.push(if sd > 1e-12 * mean.abs() && sd > 0.0 { sd } else { 1.0 });
        }
        let xp = x.namespace();
        let array = |v: Vec<f64>| array_api::astype(xp.asarray(v)?, dtype);
        Ok(Scaling { center: array(center)?, scale: array(scale)? })
    }

    /// To standard units.
    ///
    /// # Errors
    /// If the number of columns differs.
    pub fn apply(&self, x: &Array) -> Result<Array> {
        divide(subtract(x, &self.center)?, &self.scale)
    }

    /// Back to the data's units.
    ///
    /// # Errors
    /// If the number of columns differs.
    pub fn undo(&self, x: &Array) -> Result<Array> {
        add(multiply(x, &self.scale)?, &self.center)
    }
}

/// Refuses a constant column among targets that are to be standardised: it has no scale.
pub(crate) fn varying(y: &Array) -> Result<()> {
    let values = y.to_host()?.to_f64()?;
    let columns = y.shape()?.get(1).copied().unwrap_or(1).max(1);
    match (0..columns).find(|&j| values.iter().skip(j).step_by(columns).all(|&v| v == values[j])) {
        Some(j) => {
            let message = format!(
                "target {j} is {} in all rows and has no scale; give targets that vary, or do not standardize",
                values[j]
            );
            Err(Error::value("fit", message))
        }
        None => Ok(()),
    }
}

/// The elements as real numbers, all of them finite.
///
/// # Errors
/// With the row and column of the first that is not.
pub(crate) fn finite(x: &Array, what: &str) -> Result<Vec<f64>> {
    let values = x.to_host()?.to_f64()?;
    match values.iter().position(|v| !v.is_finite()) {
        Some(i) => {
            let columns = x.shape()?.get(1).copied().unwrap_or(1).max(1);
            let message =
                format!("row {}, column {} is {}; all numbers must be finite", i / columns, i % columns, values[i]);
            Err(Error::value(what, message))
        }
        None => Ok(values),
    }
}
