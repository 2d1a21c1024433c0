//! Sparse matrices, multiplied with dense arrays of any kind on either side.
//!
//! The products are written in functions of the protocol: the dense side stays what it is, on whatever device.

use array_api::*;
use std::sync::Arc;

/// A matrix of compressed rows: what [`Csr::new`] gives sorted by row.
#[derive(Clone, Debug)]
pub struct Csr(Arc<Entries>);

#[derive(Debug)]
struct Entries {
    shape: [usize; 2],
    /// Where each row begins in `columns` and `values`, and where the last one ends.
    starts: Vec<usize>,
    columns: Vec<i64>,
    values: Vec<f64>,
}

/// The kind of [`Csr`].
pub static CSR: Kind = Kind::new("csr").accepts(&["ndarray"]);

impl Csr {
    /// A matrix from (row, column, value).
    pub fn array(shape: [usize; 2], entries: &[(usize, usize, f64)]) -> Array {
        let mut sorted = entries.to_vec();
        sorted.sort_by_key(|&(row, column, _)| (row, column));
        let starts = (0..=shape[0]).map(|row| sorted.partition_point(|e| e.0 < row)).collect();
        let (columns, values) = sorted.iter().map(|&(_, column, value)| (column as i64, value)).unzip();
        Array::new(Csr(Arc::new(Entries { shape, starts, columns, values })))
    }

    fn rows(&self) -> Vec<i64> {
        let Entries { shape, starts, .. } = &*self.0;
        (0..shape[0]).flat_map(|row| std::iter::repeat_n(row as i64, starts[row + 1] - starts[row])).collect()
    }
}

impl ArrayImpl for Csr {
    fn kind(&self) -> &'static Kind {
        &CSR
    }
    fn dims(&self) -> Dims {
        Dims::from(self.0.shape)
    }
    fn dtype(&self) -> DType {
        DType::Float64
    }
}

impl Native for Csr {
    const KIND: &'static Kind = &CSR;
}

/// Dense matrix times sparse and sparse times dense are one sum over the stored elements.
#[implements(matmul, kind = Csr)]
fn product(x1: &Array, x2: &Array, verdict: &Verdict) -> Result<Array, Exit> {
    let (sparse, dense, left) = match (x1.downcast_ref::<Csr>(), x2.downcast_ref::<Csr>()) {
        (Some(sparse), None) => (sparse, x2, true),
        (None, Some(sparse)) => (sparse, x1, false),
        _ => return decline("the product of two sparse matrices is not written"),
    };
    if dense.ndim() != 2 {
        return decline("the dense side must be a matrix");
    }
    let xp = dense.namespace();
    let (rows, columns) = (xp.asarray(sparse.rows())?, xp.asarray(sparse.0.columns.clone())?);
    let values = xp.asarray(sparse.0.values.clone())?;
    let zeros = xp.zeros(verdict.dims())?;
    Ok(if left {
        let terms = multiply(take(dense, columns, 0)?, expand_dims(values, 1)?)?;
        index_add(zeros, rows, terms, 0)?
    } else {
        let terms = multiply(take(dense, rows, 1)?, values)?;
        index_add(zeros, columns, terms, 1)?
    })
}
