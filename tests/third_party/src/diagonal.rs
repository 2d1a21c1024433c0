//! Diagonal matrices that store their diagonal only.

use array_api::*;
use std::sync::Arc;

/// A square matrix that is zero off its diagonal.
#[derive(Clone, Debug)]
pub struct Diagonal(Arc<[f64]>);

/// The kind of [`Diagonal`].
pub static DIAGONAL: Kind = Kind::new("diagonal").refuses(fills_zeros);

/// Compositions of functions that are not zero at zero would need the elements that a diagonal matrix does not store.
fn fills_zeros(op: &'static Op) -> Option<&'static str> {
    matches!(op.name, "sigmoid" | "softplus" | "logsumexp").then_some("it would fill the zeros off the diagonal")
}

impl Diagonal {
    /// The matrix of this diagonal, as an array.
    pub fn array(diagonal: &[f64]) -> Array {
        Array::new(Diagonal(diagonal.into()))
    }

    /// The diagonal.
    pub fn entries(&self) -> &[f64] {
        &self.0
    }

    fn map(&self, f: impl Fn(f64) -> f64) -> Diagonal {
        Diagonal(self.0.iter().map(|&x| f(x)).collect())
    }

    fn zip(&self, other: &Diagonal, f: impl Fn(f64, f64) -> f64) -> Diagonal {
        Diagonal(self.0.iter().zip(&*other.0).map(|(&x, &y)| f(x, y)).collect())
    }
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
fn add_diagonals(x: &Diagonal, y: &Diagonal) -> Result<Diagonal> {
    Ok(x.zip(y, |a, b| a + b))
}

#[implements(multiply)]
fn scaled(x: Arg<'_, Diagonal>, y: Arg<'_, Diagonal>) -> Result<Diagonal, Exit> {
    Ok(match (x.array(), y.array(), x.scalar().or(y.scalar())) {
        (Some(x), Some(y), _) => x.zip(y, |a, b| a * b),
        (Some(x), None, Some(s)) | (None, Some(x), Some(s)) => x.map(|a| a * s.to_f64()),
        _ => return decline("one of the factors must be an array"),
    })
}

#[implements(divide)]
fn divided(x: &Diagonal, y: Arg<'_, Diagonal>) -> Result<Diagonal, Exit> {
    match y.scalar() {
        Some(s) => Ok(x.map(|a| a / s.to_f64())),
        None => decline("0 / 0 off the diagonal is no number; divide by a number instead"),
    }
}

#[implements(maximum)]
fn at_least(x: &Diagonal, y: Arg<'_, Diagonal>) -> Result<Diagonal, Exit> {
    match y.scalar() {
        Some(s) if s.to_f64() <= 0.0 => Ok(x.map(|a| a.max(s.to_f64()))),
        _ => decline("only a number that is not above 0 keeps the zeros off the diagonal"),
    }
}

#[implements(sum)]
fn total(x: &Diagonal, p: &Sum) -> Result<Diagonal, Exit> {
    match (p.axis.list(2).len(), p.keepdims) {
        (2, true) => Ok(Diagonal(Arc::new([x.0.iter().sum()]))),
        _ => decline("a sum is diagonal only as a matrix of one element; ask for axis(..).keepdims()"),
    }
}

#[implements(matmul)]
fn product(x: &Diagonal, y: &Diagonal) -> Result<Diagonal> {
    Ok(x.zip(y, |a, b| a * b))
}

#[implements(eye)]
fn identity(p: &Eye) -> Result<Diagonal, Exit> {
    match (p.k, p.n_cols, p.dtype) {
        (0, None, DType::Float64) => Ok(Diagonal(vec![1.0; p.n_rows].into())),
        (0, Some(n), DType::Float64) if n == p.n_rows => Ok(Diagonal(vec![1.0; n].into())),
        _ => decline("only the main diagonal of a square float64 matrix is stored"),
    }
}
