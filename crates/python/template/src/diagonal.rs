//! Diagonal matrices that store their diagonal only.

use array_api::{
    Array, ArrayImpl, DType, Dims, Error, Host, Kind, Namespace, Native, Result, Sum, decline, implements,
};
use std::sync::Arc;

/// A square matrix that is zero off its diagonal.
#[derive(Clone, Debug)]
pub(crate) struct Diagonal(Arc<[f64]>);

/// The kind of [`Diagonal`].
pub(crate) static DIAGONAL: Kind = Kind::new("diagonal").from_host(from_host);

impl Diagonal {
    /// The matrix of this diagonal, as an array.
    pub(crate) fn array(values: Vec<f64>) -> Array {
        Array::new(Diagonal(values.into()))
    }

    /// The diagonal.
    pub(crate) fn entries(&self) -> &[f64] {
        &self.0
    }
}

/// What `asarray` does: refuses matrices that are not diagonal.
fn from_host(host: Host, dims: Dims, _: &Namespace) -> Result<Array> {
    let values = host.into_vec::<f64>()?;
    let n = match dims.known() {
        Some(&[n, m]) if n == m => n,
        _ => return Err(Error::shape("asarray", format!("an array of shape {dims} is no square matrix"))),
    };
    if let Some(place) = (0..n * n).find(|p| p / n != p % n && values[*p] != 0.0) {
        let message = format!("the element at ({}, {}) is {}, off the diagonal", place / n, place % n, values[place]);
        return Err(Error::value("asarray", message));
    }
    Ok(Diagonal::array(values.into_iter().step_by(n + 1).collect()))
}

impl ArrayImpl for Diagonal {
    fn kind(&self) -> &'static Kind {
        &DIAGONAL
    }
    fn dims(&self) -> Dims {
        Dims::from([self.0.len(); 2])
    }
    fn dtype(&self) -> DType {
        DType::Float64
    }
    fn to_host(&self) -> Result<Host> {
        let n = self.0.len();
        let mut dense = vec![0.0; n * n];
        dense.iter_mut().step_by(n + 1).zip(&*self.0).for_each(|(to, &x)| *to = x);
        Ok(dense.into())
    }
}

impl Native for Diagonal {
    const KIND: &'static Kind = &DIAGONAL;
}

#[implements(add)]
fn add(x: &Diagonal, y: &Diagonal) -> Result<Diagonal> {
    Ok(Diagonal(x.0.iter().zip(&*y.0).map(|(a, b)| a + b).collect()))
}

#[implements(matmul)]
fn matmul(x: &Diagonal, y: &Diagonal) -> Result<Diagonal> {
    Ok(Diagonal(x.0.iter().zip(&*y.0).map(|(a, b)| a * b).collect()))
}

/// The sum of all elements, as an array in memory.
#[implements(sum)]
fn sum(x: &Diagonal, p: &Sum) -> Result<Array, array_api::Exit> {
    if p.axis != array_api::Axes::All || p.keepdims {
        return decline("a diagonal is summed as a whole only");
    }
    let total: f64 = x.0.iter().sum();
    Ok(array_protocol_native::ndarray().from_host(Host::from(vec![total]), Dims::SCALAR)?)
}
