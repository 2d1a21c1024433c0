//! The compositions of special functions, activations and other rows that most kinds have kernels for: a kind that has all
//! but these passes their checks.

use std::cell::Cell;

use array_api::{
    Array, ArrayImpl, Call, DType, Dims, Error, Handled, Host, Kind, Level, Namespace, Result, betainc, decline,
    gammainc, gammaincc,
};

/// The rows that the kind does not have. Each is declined, so that its composition runs.
const LACKING: &str = "
    erf lgamma digamma polygamma gammainc gammaincc betainc relu elu selu gelu sigmoid softplus hypot
    logaddexp reciprocal signbit square
";

thread_local! {
    /// Whether truth values cannot be read, so that loops and regions do not know where they end.
    static UNSEEN: Cell<bool> = const { Cell::new(false) };
}

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
        if UNSEEN.get() && self.dtype() == DType::Bool {
            return Err(Error::backend("to_host", "truth values are not to be seen"));
        }
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

fn hold(rows: &str) {
    for row in rows.split_whitespace() {
        let row = array_conformance::names().find(|name| *name == row).expect("a row of the protocol");
        if let Err(found) = array_conformance::run(row, Box::new(make), None) {
            panic!("the composition of {row} is not as it must be:\n{found}");
        }
    }
}

#[test]
fn compositions_are_what_kernels_are() {
    hold(LACKING);
}

#[test]
fn compositions_need_to_see_no_value() {
    UNSEEN.set(true);
    hold("erf lgamma digamma polygamma gammainc gammaincc betainc");
}

/// `I_x(a, b)` for large parameters, about the mean and far from it, by quadrature with 50 digits.
const LARGE: [[f64; 4]; 6] = [
    [2000.0, 2000.0, 0.5, 0.5],
    [3000.5, 4500.75, 0.35474893676888825, 2.3505143577872935e-16],
    [1e8, 1e11, 0.0009989011488137176, 0.15865525352957627],
    [1e10, 1e13, 0.0009987014484391546, 4.4849147831829725e-198],
    [1e12, 1.5e12, 0.4000001549193339, 0.6914624840396655],
    [1e15, 1.5e15, 0.39999997060612313, 0.0013498979566431595],
];

/// The table that the kernels are held against, at more places than the kit looks at.
#[test]
fn incomplete_functions_have_thirteen_digits() -> Result<()> {
    let (mut gamma, mut beta) = (vec![], LARGE.to_vec());
    for line in include_str!("../../array-ndarray/tests/incomplete/table.tsv").lines() {
        let (name, numbers) = line.split_once('\t').expect("a name");
        let n: Vec<f64> = numbers.split('\t').map(|n| n.parse().expect("a number")).collect();
        if name == "gamma" { &mut gamma } else { &mut beta }.push([n[0], n[1], n[2], n[3]]);
    }
    let column = |table: &[[f64; 4]], i: usize| -> Vec<f64> { table.iter().map(|line| line[i]).collect() };
    let array = |table: &[[f64; 4]], i| make(Host::from_vec(column(table, i)), Dims::from(table.len()));
    let hold = |out: Array, table: &[[f64; 4]], i| -> Result<()> {
        for ((got, want), line) in out.to_vec::<f64>()?.iter().zip(column(table, i)).zip(table) {
            // An exponential has the absolute error of its exponent, which is the result's logarithm.
            let allowed = 3e-14 + 5e-16 * want.ln().abs();
            assert!((got - want).abs() <= allowed * want, "{line:?}: {got:e}");
        }
        Ok(())
    };
    let (a, x) = (array(&gamma, 0)?, array(&gamma, 1)?);
    hold(gammainc(&a, &x)?, &gamma, 2)?;
    hold(gammaincc(&a, &x)?, &gamma, 3)?;
    hold(betainc(array(&beta, 0)?, array(&beta, 1)?, array(&beta, 2)?)?, &beta, 3)
}
