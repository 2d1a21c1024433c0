//! The compositions of special functions, activations and other rows that most kinds have kernels for: a kind that has all
//! but these passes their checks.

use array_api::{Array, ArrayImpl, Call, DType, Dims, Handled, Host, Kind, Level, Namespace, Result, decline};

/// The rows that the kind does not have. Each is declined, so that its composition runs.
const LACKING: &str = "
    erf lgamma digamma polygamma gammainc gammaincc betainc relu elu selu gelu sigmoid softplus
";

/// Arrays in memory, wrapped.
#[derive(Debug)]
struct Lacking(Array);

static KIND: Kind = Kind::new("lacking").rank(5).handled_by(handle).from_host(from_host);

impl ArrayImpl for Lacking {
    fn kind(&self) -> &'static Kind {
        &KIND
    }
    fn dims(&self) -> Dims {
        self.0.dims().clone()
    }
    fn dtype(&self) -> DType {
        self.0.dtype()
    }
    fn namespace(&self) -> Namespace {
        Namespace::new(&KIND)
    }
    fn to_host(&self) -> Result<Host> {
        self.0.to_host()
    }
}

fn wrapped(content: Array) -> Result<Array> {
    if content.level() >= Level::rank(5) {
        return Ok(content);
    }
    Array::wrap(Lacking(content.clone()), Level::rank(5), &content)
}

fn from_host(host: Host, dims: Dims, _: &Namespace) -> Result<Array> {
    wrapped(array_ndarray::namespace().from_host(host, dims)?)
}

fn handle(call: &mut Call<'_, '_>) -> Handled {
    let (op, params, verdict) = (call.op, call.params, call.verdict);
    if LACKING.split_whitespace().any(|row| row == op.name) {
        return decline("the kind lacks it");
    }
    let inner_namespace = array_ndarray::namespace();
    let namespace = call.namespace.map(|_| &inner_namespace);
    let mut args = call.peel(|a| a.downcast_ref::<Lacking>().map(|l| &l.0));
    let inner = Call { op, params, args: &mut [], verdict, namespace };
    Ok(inner.redispatch(&mut args)?.map(wrapped)?)
}

fn make(host: Host, dims: Dims) -> Result<Array> {
    from_host(host, dims, &array_ndarray::namespace())
}

#[test]
fn compositions_are_what_kernels_are() {
    for row in LACKING.split_whitespace() {
        let row = array_conformance::names().find(|name| *name == row).expect("a row of the protocol");
        if let Err(found) = array_conformance::run(row, Box::new(make), None) {
            panic!("the composition of {row} is not as it must be:\n{found}");
        }
    }
}
