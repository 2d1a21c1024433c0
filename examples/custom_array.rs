//! An array type of your own: `cargo run --example custom_array`.
//!
//! 1. A data kind: diagonal matrices, which know a handful of functions.
//! 2. A wrapper kind: one handler that counts the calls that pass through it, whatever is inside.

use array_protocol::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A square matrix that stores its diagonal only.
#[derive(Clone, Debug)]
struct Diagonal(Arc<[f64]>);

static DIAGONAL: Kind = Kind::new("diagonal").refuses(|op| match op.name {
    "softplus" | "sigmoid" => Some("it would fill the zeros off the diagonal"),
    _ => None,
});

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
    fn print(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "diagonal {:?}", self.0)
    }
}

impl Native for Diagonal {
    const KIND: &'static Kind = &DIAGONAL;
}

#[implements(matmul)]
fn product(x: &Diagonal, y: &Diagonal) -> Result<Diagonal> {
    Ok(Diagonal(x.0.iter().zip(&*y.0).map(|(a, b)| a * b).collect()))
}

/// Numbers arrive as numbers; what a kernel does not serve, it declines with a reason.
#[implements(maximum)]
fn at_least(x: &Diagonal, y: Arg<'_, Diagonal>) -> Result<Diagonal, Exit> {
    match y.scalar() {
        Some(s) if s.to_f64() <= 0.0 => Ok(Diagonal(x.0.iter().map(|a| a.max(s.to_f64())).collect())),
        _ => decline("only a number that is not above 0 keeps the zeros off the diagonal"),
    }
}

/// Creation has no array to ask: it is a function of the namespace.
#[implements(eye)]
fn identity(p: &Eye) -> Result<Diagonal> {
    Ok(Diagonal(vec![1.0; p.n_rows].into()))
}

/// Any array, with its calls counted.
#[derive(Clone, Debug)]
struct Counted(Array);

static COUNTED: Kind = Kind::new("counted").rank(2).handled_by(count);
static CALLS: AtomicUsize = AtomicUsize::new(0);

impl ArrayImpl for Counted {
    fn kind(&self) -> &'static Kind {
        &COUNTED
    }
    fn dims(&self) -> Dims {
        self.0.dims().clone()
    }
    fn dtype(&self) -> DType {
        self.0.dtype()
    }
}

fn counted(content: Array) -> Result<Array> {
    let inside = content.clone();
    Array::wrap(Counted(content), COUNTED.level(), &inside)
}

/// Receives every operation as data, and hands it on to what is inside.
fn count(call: &mut Call<'_, '_>) -> Handled {
    CALLS.fetch_add(1, Relaxed);
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let mut args = call.peel(|a| a.downcast_ref::<Counted>().map(|c| &c.0));
    let inner = Call { op, params, args: &mut [], verdict, namespace };
    Ok(inner.redispatch(&mut args)?.map(counted)?)
}

fn main() -> Result<()> {
    let x = Array::new(Diagonal(Arc::new([-1.0, 2.0])));
    println!("x is {x}, an array of shape {:?}", x.shape()?);
    println!("x @ x is {}", x.matmul(&x)?);
    println!("x @ eye(2) is {}", x.matmul("diagonal".parse::<Namespace>()?.eye(2)?)?);

    println!("\nrelu was never written for it, but consists of maximum: {}", relu(&x)?);
    println!("{}", explain("matmul", &[&x, &x])?);

    println!("\nWhat it cannot do, it says:");
    for error in [x.exp(), x.maximum(1.0), x.softplus()].into_iter().filter_map(Result::err) {
        println!("  {error}");
    }

    let inside = array_protocol::ndarray().asarray([1.0, 2.0, 3.0])?;
    let y = counted(inside)?;
    let norm = (&y * &y).sum(..)?.sqrt()?;
    let Some(Counted(result)) = norm.downcast_ref() else { unreachable!("what is counted stays counted") };
    println!("\nThe norm of {:?} is {}; counted {} calls", y.shape()?, result.item::<f64>()?, CALLS.load(Relaxed));

    // Transformations are kinds as well, so they work through a wrapper.
    let Counted(gradient) =
        grad(|y: &Array| (y * y).sum(..))(&y)?.downcast_ref::<Counted>().cloned().unwrap_or(Counted(y));
    println!("The gradient of its square is {:?}", gradient.to_vec::<f64>()?);
    Ok(())
}
