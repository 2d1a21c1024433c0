//! Every check can fail: a kind that bends one element of every result is caught in every row, and is not when it stops.

use std::cell::Cell;

use array_api::{Array, ArrayImpl, Call, DType, Dims, Handled, Host, Kind, Level, Namespace, Result, Scalar};
use array_conformance::Reference;

/// Rows whose values the standard leaves open, so that bending them is no mistake.
const OPEN: [&str; 2] = ["empty", "empty_like"];

thread_local! {
    /// The row whose results are bent.
    static BENDING: Cell<&'static str> = const { Cell::new("") };
}

#[derive(Debug)]
struct Bent(Array);

static BENT: Kind = Kind::new("bent").rank(5).handled_by(handle).from_host(from_host);

impl ArrayImpl for Bent {
    fn kind(&self) -> &'static Kind {
        &BENT
    }
    fn dims(&self) -> Dims {
        self.0.dims().clone()
    }
    fn dtype(&self) -> DType {
        self.0.dtype()
    }
    fn namespace(&self) -> Namespace {
        Namespace::new(&BENT)
    }
    fn to_host(&self) -> Result<Host> {
        self.0.to_host()
    }
}

fn wrapped(content: Array) -> Result<Array> {
    if content.level() >= Level::rank(5) {
        return Ok(content);
    }
    Array::wrap(Bent(content.clone()), Level::rank(5), &content)
}

fn from_host(host: Host, dims: Dims, _: &Namespace) -> Result<Array> {
    wrapped(array_ndarray::namespace().from_host(host, dims)?)
}

fn handle(call: &mut Call<'_, '_>) -> Handled {
    let (op, params, verdict) = (call.op, call.params, call.verdict);
    let inner_namespace = array_ndarray::namespace();
    let namespace = call.namespace.map(|_| &inner_namespace);
    let mut args = call.peel(|a| a.downcast_ref::<Bent>().map(|b| &b.0));
    let inner = Call { op, params, args: &mut [], verdict, namespace };
    Ok(inner.redispatch(&mut args)?.map(|a| wrapped(if BENDING.get() == op.name { bent(&a)? } else { a }))?)
}

/// The array with another last element, by one hundredth or one bit.
fn bent(a: &Array) -> Result<Array> {
    let mut values = Reference::read(a)?;
    let real = |x: f64| if x.is_finite() && x != 0.0 { 1.01 * x } else { 1.0 };
    if let Some(last) = values.data.last_mut() {
        *last = match *last {
            Scalar::Bool(b) => Scalar::Bool(!b),
            Scalar::Int(i) => Scalar::int(i128::from(i) ^ 1),
            Scalar::Float(x) => Scalar::Float(real(x)),
            Scalar::Complex(c) => Scalar::Complex(array_api::Complex::new(real(c.re), c.im)),
        };
    }
    let (host, dims) = values.host();
    array_ndarray::namespace().from_host(host, dims)
}

fn run(row: &'static str, bending: &'static str) -> Result<(), String> {
    BENDING.set(bending);
    array_conformance::run(row, Box::new(|host, dims| from_host(host, dims, &array_ndarray::namespace())))
}

#[test]
fn a_bent_result_is_found_in_every_row() {
    for row in array_conformance::names() {
        if let Err(found) = run(row, "") {
            panic!("{row} fails on a wrapper that changes nothing:\n{found}");
        }
        assert_eq!(run(row, row).is_ok(), OPEN.contains(&row), "{row}: the check does not see a bent result");
    }
}
