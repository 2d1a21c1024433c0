//! The twelve rows that ask most of the row's form, each through five consumers: a typed kernel, a logging wrapper, the
//! tape, a batch, and the reading and writing of parameters.

use array_api::*;
use array_transforms::{grad, vmap};
use std::sync::Mutex;

/// A wrapper that logs every call: one handler for all operations.
#[derive(Debug)]
struct Logged(Array);

static LOGGED: Kind = Kind::new("logged").rank(9).handled_by(handle);
static CALLS: Mutex<Vec<&'static str>> = Mutex::new(vec![]);

impl ArrayImpl for Logged {
    fn kind(&self) -> &'static Kind {
        &LOGGED
    }
    fn dims(&self) -> Dims {
        self.0.dims().clone()
    }
    fn dtype(&self) -> DType {
        self.0.dtype()
    }
    fn namespace(&self) -> Namespace {
        self.0.namespace()
    }
    fn to_host(&self) -> Result<Host> {
        self.0.to_host()
    }
}

fn logged(x: &Array) -> Array {
    Array::wrap(Logged(x.clone()), LOGGED.level(), x).unwrap()
}

fn handle(call: &mut Call<'_, '_>) -> Handled {
    CALLS.lock().unwrap().push(call.op.name);
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let mut args = call.peel(|a| a.downcast_ref::<Logged>().map(|l| &l.0));
    let outs = Call { op, params, args: &mut [], verdict, namespace }.redispatch(&mut args)?;
    Ok(outs.map(|a| Ok(logged(&a)))?)
}

/// A row's call on a float array of shape (3, 2) whose first result is a float array.
type Row = (&'static str, fn(&Array) -> Result<Array>);

/// Integers and keys are constants beside the float array that is wrapped, taped or batched.
fn constant<T: Nested>(x: &Array, values: T) -> Result<Array> {
    x.namespace().asarray(values)
}

const ROWS: [Row; 12] = [
    ("add", |x| add(x, constant(x, [1.0, 2.0])?)),
    ("where", |x| where_(greater(x, 0.5)?, x, 0.0)),
    ("clip", |x| clip(x, None, 1.5)),
    ("sum", |x| sum(x, axis(0).keepdims())),
    ("svd", |x| Ok(svd(x, Svd::default().full_matrices(false))?.s)),
    ("unique_all", |x| Ok(unique_all(x)?.values)),
    ("concat", |x| concat([x, x], 1)),
    ("repeat", |x| repeat(x, constant(x, [1i64, 0, 2])?, 0)),
    ("searchsorted", |x| {
        let places = searchsorted(constant(x, [0.0, 1.0, 2.0])?, x, None, "right")?;
        multiply(x, astype(places, DType::Float64)?)
    }),
    ("zeros", |x| add(x, x.namespace().zeros([3, 2])?)),
    ("set_at", |x| set_at(x, 7.0, index![1..3, 0])),
    ("normal", |x| {
        let xp = x.namespace();
        let keys = split(xp.key(5u64)?, 3)?;
        multiply(x, xp.normal(&keys, 2)?)
    }),
];

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn point() -> Array {
    xp().asarray([[0.25, 1.75], [-0.5, 2.5], [1.25, 0.75]]).unwrap()
}

#[test]
fn the_typed_kernel_and_the_logging_wrapper_agree() {
    for (name, f) in ROWS {
        let direct = f(&point()).unwrap();
        CALLS.lock().unwrap().clear();
        let wrapped = f(&logged(&point())).unwrap();
        assert_eq!(wrapped.kind().name(), "logged", "{name}");
        assert_eq!(wrapped.to_vec::<f64>().unwrap(), direct.to_vec::<f64>().unwrap(), "{name}");
        let seen = CALLS.lock().unwrap().contains(&name);
        // Creation has no wrapped argument: a wrapper's namespace is its content's.
        assert!(seen || matches!(name, "zeros" | "normal"), "{name}");
    }
}

#[test]
fn the_tape_has_a_derivative_or_names_the_row() {
    for (name, f) in ROWS {
        let scalar = |x: &Array| sum(square(f(x)?)?, ..);
        match grad(scalar)(&point()) {
            Ok(g) => {
                let slope = finite_difference(&scalar, 1);
                let got = g.to_vec::<f64>().unwrap()[1];
                assert!((got - slope).abs() < 1e-5 * slope.abs().max(1.0), "{name}: {got} against {slope}");
            }
            Err(e) => {
                assert_eq!(name, "unique_all", "{e}");
                assert!(e.message().contains("no derivative rule for unique_all"), "{e}");
            }
        }
    }
}

fn finite_difference(f: &dyn Fn(&Array) -> Result<Array>, i: usize) -> f64 {
    let at = |h: f64| {
        let mut v = point().to_vec::<f64>().unwrap();
        v[i] += h;
        f(&xp().from_host(v, [3, 2]).unwrap()).unwrap().item::<f64>().unwrap()
    };
    (at(1e-6) - at(-1e-6)) / 2e-6
}

#[test]
fn a_batch_equals_a_loop_or_says_why_not() {
    let other = multiply(point(), -0.5).unwrap();
    let both = stack([&point(), &other], 0).unwrap();
    for (name, f) in ROWS {
        match vmap(f)(&both) {
            Ok(y) => {
                let parts = [f(&point()).unwrap(), f(&other).unwrap()];
                let due: Vec<f64> = parts.iter().flat_map(|p| p.to_vec::<f64>().unwrap()).collect();
                assert_eq!(y.to_vec::<f64>().unwrap(), due, "{name}");
            }
            Err(e) => {
                assert_eq!(name, "unique_all", "{e}");
                assert!(e.message().contains("unique_all"), "{e}");
            }
        }
    }
}

#[test]
fn a_batch_of_keys_draws_what_each_key_draws() {
    let xp = xp();
    let keys = split(xp.key(3u64).unwrap(), 4).unwrap();
    let all = vmap(|key: &Array| xp.normal(key, [2, 3]))(&keys).unwrap();
    assert_eq!(all.to_vec::<f64>().unwrap(), xp.normal(&keys, [2, 3]).unwrap().to_vec::<f64>().unwrap());
    let second = xp.normal(at(&keys, 1).unwrap(), [2, 3]).unwrap();
    assert_eq!(at(&all, 1).unwrap().to_vec::<f64>().unwrap(), second.to_vec::<f64>().unwrap());
}

#[test]
fn parameters_are_read_and_written() {
    for (name, _) in ROWS {
        let op = Op::named(name).unwrap();
        let written = op.read(&[]).unwrap().write();
        let text = serde_json::to_string(&written.iter().map(|(n, v)| (*n, v)).collect::<Vec<_>>()).unwrap();
        let read: Vec<(String, Value)> = serde_json::from_str(&text).unwrap();
        let fields: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
        assert_eq!(op.read(&fields).unwrap().write(), written, "{name}");
    }
    let op = Op::named("set_at").unwrap();
    let index = Value::List(vec![Value::List(vec![Value::Int(1), Value::Int(3), Value::Int(1)]), Value::Int(0)]);
    let params = op.read(&[("index", index)]).unwrap();
    let x = point();
    let mut args = [Operand::Ref(&x), Operand::Scalar(7.0.into())];
    let out = op.apply(&*params, &mut args, None).unwrap().into_vec().remove(0);
    assert_eq!(out.to_vec::<f64>().unwrap(), [0.25, 1.75, 7.0, 2.5, 7.0, 0.75]);
}
