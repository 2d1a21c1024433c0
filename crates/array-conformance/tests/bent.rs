//! Every check can fail: a kind that bends one element of every result, at its end or at its start, or that computes in
//! single precision what it calls double, is caught in every row where that is a mistake, and is not when it stops.

use std::cell::Cell;

use array_api::{Array, ArrayImpl, Call, Complex, DType, Dims, Handled, Host, Kind, Level, Namespace, Result, Scalar};
use array_conformance::Reference;

/// Rows whose values the standard leaves open, so that bending them is no mistake.
const OPEN: [&str; 2] = ["empty", "empty_like"];

/// What is done to the results of a row.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Bend {
    /// The last element is off by one hundredth or one bit.
    Last,
    /// The first element is.
    First,
    /// Double precision is rounded to single.
    Single,
}

thread_local! {
    /// The row whose results are bent, and how.
    static BENDING: Cell<(&'static str, Bend)> = const { Cell::new(("", Bend::Last)) };
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
    let (row, bend) = BENDING.get();
    Ok(inner.redispatch(&mut args)?.map(|a| wrapped(if row == op.name { bent(&a, bend)? } else { a }))?)
}

/// The array as the bend makes it.
fn bent(a: &Array, bend: Bend) -> Result<Array> {
    let mut values = Reference::read(a)?;
    match bend {
        Bend::Last => values.data.last_mut().into_iter().for_each(off),
        Bend::First => values.data.first_mut().into_iter().for_each(off),
        Bend::Single => values.data.iter_mut().for_each(single),
    }
    let (host, dims) = values.host();
    array_ndarray::namespace().from_host(host, dims)
}

/// Another number, by one hundredth or one bit.
fn off(s: &mut Scalar) {
    let real = |x: f64| if x.is_finite() && x != 0.0 { 1.01 * x } else { 1.0 };
    *s = match *s {
        Scalar::Bool(b) => Scalar::Bool(!b),
        Scalar::Int(i) => Scalar::int(i128::from(i) ^ 1),
        Scalar::Float(x) => Scalar::Float(real(x)),
        Scalar::Complex(c) => Scalar::Complex(Complex::new(real(c.re), c.im)),
    };
}

fn single(s: &mut Scalar) {
    *s = match *s {
        Scalar::Float(x) => Scalar::Float(f64::from(x as f32)),
        Scalar::Complex(c) => Scalar::Complex(Complex::new(f64::from(c.re as f32), f64::from(c.im as f32))),
        other => other,
    };
}

fn run(row: &'static str, bending: (&'static str, Bend)) -> Result<(), String> {
    BENDING.set(bending);
    array_conformance::run(row, Box::new(|host, dims| from_host(host, dims, &array_ndarray::namespace())), None)
}

#[test]
fn a_wrapper_that_changes_nothing_passes_every_row() {
    for row in array_conformance::names() {
        if let Err(found) = run(row, ("", Bend::Last)) {
            panic!("{row} fails:\n{found}");
        }
    }
}

#[test]
fn a_bent_result_is_found_in_every_row() {
    for row in array_conformance::names() {
        for bend in [Bend::Last, Bend::First] {
            let passed = run(row, (row, bend)).is_ok();
            assert_eq!(passed, OPEN.contains(&row), "{row}: the check does not see what {bend:?} has bent");
        }
    }
}

/// Rows whose double precision has numbers that single precision has not.
const PRECISE: &str = "
    fft ifft rfft irfft hfft ihfft fftn ifftn rfftn irfftn fftfreq rfftfreq fftshift ifftshift eigh eigvalsh eig eigvals
    det slogdet matrix_power svdvals pinv vector_norm matrix_norm outer kron cross diagonal trace einsum median quantile
    nansum nanmean nanmax nanmin nanvar nanstd cov pad interp softmax log_softmax lgamma digamma polygamma gamma beta
    cholesky solve triangular_solve inv qr svd matmul vecdot tensordot sum prod mean var std logsumexp max min
    cumulative_sum cumulative_prod exp log sin cos tan tanh sqrt erf pow divide uniform normal exponential linspace
";

#[test]
fn single_precision_in_double_is_found() {
    for row in PRECISE.split_whitespace() {
        let row = array_conformance::names().find(|name| *name == row).expect("a row of the protocol");
        assert!(
            run(row, (row, Bend::Single)).is_err(),
            "{row}: the check does not see what is rounded to single precision"
        );
    }
}
