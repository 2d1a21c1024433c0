//! The mechanism on a toy backend: rows, typed kernels, donation, wrappers, the registry, terms.

use array_api::*;
use std::sync::{Arc, Mutex};

/// A 1-d array of `f64`: enough to see every part of a call.
#[derive(Clone, Debug)]
struct Toy(Arc<Vec<f64>>, Dims);

static TOY: Kind = Kind::new("toy").from_host(|host, dims, _| Ok(Array::new(Toy(Arc::new(host.into_vec()?), dims))));

impl ArrayImpl for Toy {
    fn kind(&self) -> &'static Kind {
        &TOY
    }
    fn dims(&self) -> Dims {
        self.1.clone()
    }
    fn dtype(&self) -> DType {
        DType::Float64
    }
    fn to_host(&self) -> Result<Host> {
        Ok(self.0.to_vec().into())
    }
}

impl Native for Toy {
    const KIND: &'static Kind = &TOY;
    fn from_scalar(s: Scalar, _: DType) -> Result<Toy> {
        Ok(Toy(Arc::new(vec![s.to_f64()]), Dims::SCALAR))
    }
}

fn toy(v: &[f64]) -> Array {
    Namespace::new(&TOY).asarray(v).unwrap()
}

fn values(x: &Array) -> Vec<f64> {
    x.to_vec().unwrap()
}

fn zip(x: &Toy, y: &Toy, f: fn(f64, f64) -> f64) -> Toy {
    let n = x.0.len().max(y.0.len());
    let dims = if x.0.len() == n { &x.1 } else { &y.1 };
    Toy(Arc::new((0..n).map(|i| f(x.0[i % x.0.len()], y.0[i % y.0.len()])).collect()), dims.clone())
}

#[implements(add)]
fn add_toy(x: &Toy, y: &Toy) -> Result<Toy> {
    Ok(zip(x, y, |a, b| a + b))
}

#[implements(multiply)]
fn multiply_toy(mut x: Toy, y: &Toy) -> Result<Toy> {
    if x.0.len() == y.0.len()
        && let Some(buffer) = Arc::get_mut(&mut x.0)
    {
        buffer.iter_mut().zip(y.0.iter()).for_each(|(a, b)| *a *= b);
        return Ok(x);
    }
    Ok(zip(&x, y, |a, b| a * b))
}

#[implements(sum)]
fn sum_toy(x: &Toy, _: &Sum) -> Result<Toy> {
    Ok(Toy(Arc::new(vec![x.0.iter().sum()]), Dims::SCALAR))
}

#[implements(concat)]
fn concat_toy(xs: &[&Toy], verdict: &Verdict) -> Result<Toy> {
    Ok(Toy(Arc::new(xs.iter().flat_map(|x| x.0.iter().copied()).collect()), verdict.dims().clone()))
}

#[implements(zeros)]
fn zeros_toy(p: &Zeros, xp: &Namespace) -> Result<Toy> {
    assert_eq!(xp.kind().name(), "toy");
    Ok(Toy(Arc::new(vec![0.0; p.shape.size().unwrap()]), p.shape.clone()))
}

#[implements(maximum)]
fn maximum_toy(x: Arg<'_, Toy>, y: Arg<'_, Toy>) -> Result<Toy, Exit> {
    match (x.array(), &y) {
        (Some(x), Arg::Scalar(s, _)) => Ok(Toy(Arc::new(x.0.iter().map(|a| a.max(s.to_f64())).collect()), x.1.clone())),
        _ => decline("only a number may stand on the right"),
    }
}

#[test]
fn calls_methods_operators_and_scalars() {
    let (x, y) = (toy(&[1., 2.]), toy(&[3., 4.]));
    assert_eq!(values(&add(&x, &y).unwrap()), [4., 6.]);
    assert_eq!(values(&x.sum(..).unwrap()), [3.]);
    assert_eq!(values(&x.sum(-1).unwrap()), [3.]);
    assert_eq!(values(&x.sum(axis(0)).unwrap()), [3.]);
    assert_eq!(values(&((&x + 2.0) * &y).ok().unwrap()), [9., 16.]);
    assert_eq!(values(&(2 * &x).ok().unwrap()), [2., 4.]);
    assert_eq!(values(&(&x * &y).sum(..).unwrap()), [11.]);
    assert_eq!(values(&concat([&x, &y], 0).unwrap()), [1., 2., 3., 4.]);
    assert_eq!(values(&concat(vec![x.clone(), y.clone()], ..).unwrap()), [1., 2., 3., 4.]);
    assert_eq!(values(&x.namespace().zeros(3).unwrap()), [0.; 3]);
    assert_eq!(values(&relu(toy(&[-1., 1.])).unwrap()), [0., 1.]);
    let one: Result<UniqueAllResult> = x.unique_all();
    assert!(one.is_err());
    let list: Result<List> = x.nonzero();
    assert!(list.is_err());
}

#[test]
fn donation_reuses_the_buffer_only_when_nothing_else_holds_it() {
    let (x, y) = (toy(&[1., 2.]), toy(&[3., 4.]));
    let buffer = |a: &Array| a.downcast_ref::<Toy>().unwrap().0.as_ptr();
    let before = buffer(&x);
    let z = multiply(x, &y).unwrap();
    assert_eq!(buffer(&z), before);
    let kept = z.clone();
    let w = multiply(z, &y).unwrap();
    assert_eq!(values(&kept), [3., 8.]);
    assert_eq!(values(&w), [9., 32.]);
    // A kernel that may decline leaves the operand to the next implementation.
    let e = maximum(toy(&[1.]), toy(&[2.])).unwrap_err();
    assert!(e.message().contains("only a number may stand on the right"), "{e}");
}

#[derive(Debug)]
struct Log(Array);

static LOG: Kind = Kind::new("log").rank(5).handled_by(log);
static LINES: Mutex<Vec<String>> = Mutex::new(vec![]);

impl ArrayImpl for Log {
    fn kind(&self) -> &'static Kind {
        &LOG
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

fn logged(x: Array) -> Result<Array> {
    let content = x.clone();
    Array::wrap(Log(x), LOG.level(), &content)
}

fn log(call: &mut Call<'_, '_>) -> Handled {
    LINES.lock().unwrap().push(format!("{} {:?}", call.op.name, call.params.write()));
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let mut args = call.peel(|a| a.downcast_ref::<Log>().map(|l| &l.0));
    let inner = Call { op, params, args: &mut [], verdict, namespace };
    Ok(inner.redispatch(&mut args)?.map(logged)?)
}

#[test]
fn a_wrapper_is_one_handler_for_all_operations() {
    let x = logged(toy(&[1., 2.])).unwrap();
    let y = (&x * 2.0).sum(0).unwrap();
    assert_eq!((y.kind().name(), values(&y)), ("log", vec![6.]));
    let lines = LINES.lock().unwrap().join("\n");
    assert!(lines.contains("multiply []") && lines.contains("sum [(\"axis\", Int(0))"), "{lines}");
    assert!(logged(x.clone()).unwrap_err().message().contains("kind log cannot hold an array of kind log"));
}

#[test]
fn errors_show_the_users_values() {
    let (x, y) = (toy(&[1., 2.]), toy(&[1., 2., 3.]));
    let text = |e: Error| e.to_string();
    let e = text((&x + &y).ok().unwrap_err());
    assert!(e.starts_with("add: cannot broadcast (2,) with (3,)") && e.contains("mechanism.rs"), "{e}");
    assert!((((&x + &y) * 2.0) + &y).sum(0).is_err());
    assert_eq!(text(x.sum(1).unwrap_err()), "sum: there is no axis 1 in an array of 1 axes; valid are -1 to 0");
    assert!(text(add(2.0, 3.0).unwrap_err()).contains("needs an array"));
    assert!(text(svd(&x, ..).unwrap_err()).contains("shape (2,), but a matrix"));
    let e = subtract(&x, &x).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotImplemented);
    assert!(e.message().contains("toy") && e.message().contains("#[implements(subtract)]"), "{e}");
}

#[test]
fn registrations_stack_and_are_taken_back() {
    let copy = |call: &mut Call<'_, '_>| Ok(call[0].array().unwrap().clone().into());
    let first = register(Cosh::OP, &TOY, copy).unwrap();
    assert_eq!(values(&cosh(toy(&[7.])).unwrap()), [7.]);
    let e = register(Cosh::OP, &TOY, copy).unwrap_err();
    assert!(e.kind() == ErrorKind::Registry && e.message().matches("mechanism.rs").count() == 2, "{e}");
    let second = register_override(Cosh::OP, &TOY, |_| decline("not today")).unwrap();
    assert!(cosh(toy(&[7.])).unwrap_err().message().contains("toy: not today"));
    drop(second);
    assert!(cosh(toy(&[7.])).is_ok());
    drop(first);
    assert!(cosh(toy(&[7.])).is_err());
    assert!(handled_functions().list().iter().any(|h| h.op.name == "add" && h.kind.name() == "toy"));
    assert!(handled_functions().get("add", "toy").unwrap().to_string().contains("mechanism.rs"));
}

#[test]
fn an_inner_failure_is_not_a_decline() {
    let _guard = register(Tan::OP, &TOY, |call| {
        let x = call[0].array().unwrap().clone();
        svd(&x, ..)?;
        unreachable!()
    })
    .unwrap();
    assert!(tan(toy(&[1.])).unwrap_err().to_string().starts_with("svd: x has shape (1,)"));
}

#[test]
fn parameters_are_read_written_and_checked_like_typed_ones() {
    let x = toy(&[1., 2.]);
    let op = Op::named("sum").unwrap();
    let params = op.read(&[("axis", Value::Int(-1))]).unwrap();
    let out = op.apply(&*params, &mut [Operand::Ref(&x)], None).unwrap();
    assert_eq!(values(&out.as_slice()[0]), [3.]);
    let e = op.read(&[("axes", Value::Int(0))]).unwrap_err();
    assert_eq!(e.to_string(), "sum: there is no parameter axes; it has axis, keepdims, dtype");
    for op in operations() {
        let fields = op.read(&[]).unwrap().write();
        let json = serde_json::to_string(&fields.iter().map(|(_, v)| v).collect::<Vec<_>>()).unwrap();
        let values: Vec<Value> = serde_json::from_str(&json).unwrap();
        let named: Vec<_> = fields.iter().map(|(n, _)| *n).zip(values).collect();
        assert_eq!(op.read(&named).unwrap().write(), fields, "{}", op.name);
    }
}

mod outsider {
    use array_api::{add, multiply, operation, rule};
    operation! {
        /// `x1 + x1 * x2`.
        Outsider = outsider(x1: One, x2: One) {} -> Array;
        "elementwise", Elementwise, rule::numeric, compose |_, call| add(&call[0], multiply(&call[0], &call[1])?),
        methods (trait OutsiderMethods)
    }
    use array_api::Array;
}

#[test]
fn third_parties_define_operations() {
    use outsider::OutsiderMethods;
    assert_eq!(values(&toy(&[2.]).outsider(3.0).unwrap()), [8.]);
    assert!(explain("outsider", &[&toy(&[1.])]).unwrap().to_string().contains("composition"));
}

/// A kind without 0-d arrays: its kernel has to decline numbers.
#[derive(Clone, Debug)]
struct Bare;

static BARE: Kind = Kind::new("bare").handled_by(|call| match call[0].array() {
    Some(x) => Ok(x.clone().into()),
    None => decline("the donated operand is gone"),
});

impl ArrayImpl for Bare {
    fn kind(&self) -> &'static Kind {
        &BARE
    }
    fn dims(&self) -> Dims {
        Dims::SCALAR
    }
    fn dtype(&self) -> DType {
        DType::Float64
    }
}

impl Native for Bare {
    const KIND: &'static Kind = &BARE;
}

#[implements(pow)]
fn pow_bare(_: Bare, _: &Bare) -> Result<Bare> {
    Err(Error::value("pow", "two bare arrays have no power"))
}

#[implements(hypot)]
fn hypot_bare(_: Bare, _: Bare) -> Result<Bare> {
    Err(Error::value("hypot", "two bare arrays have none"))
}

#[test]
fn declining_loses_no_donated_operand() {
    let x = || Array::new(Bare);
    assert!(pow(x(), 2.0).is_ok() && hypot(x(), 2.0).is_ok());
    assert_eq!(pow(x(), x()).unwrap_err().to_string(), "pow: two bare arrays have no power");
}

#[test]
fn literals_need_no_type_where_a_parameter_is_an_integer() {
    assert_eq!(array_api::Eye::default().k(1).k, 1);
    assert_eq!((array_api::Integers::default().low(-3).low, array_api::Sum::default().axis(0).axis), (-3, 0.into()));
}

#[test]
fn a_namespace_survives_the_trip_through_values() {
    let xp = Namespace::new(&TOY).with("level", Value::Int(3));
    assert_eq!(array_api::Namespace::from_value(&array_api::Field::to_value(&xp)).unwrap(), xp);
    assert!(array_api::Namespace::from_value(&Value::Int(3)).unwrap_err().message().contains("not a namespace"));
}
