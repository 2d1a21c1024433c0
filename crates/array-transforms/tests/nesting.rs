//! Transformations inside each other, in any order, and around other kinds.

use array_api::*;
use array_transforms::{CheckGrads, check_grads, grad, hessian, jacobian_forward, jvp, value_and_grad, vjp, vmap};
use std::sync::Mutex;

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn number(v: f64) -> Array {
    xp().asarray(v).unwrap()
}

fn value(x: &Array) -> f64 {
    x.item().unwrap()
}

fn values(x: &Array) -> Vec<f64> {
    x.to_vec().unwrap()
}

fn close(a: &[f64], b: &[f64]) {
    assert!(
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs().max(1.0)),
        "{a:?} {b:?}"
    );
}

/// The derivative of a function of one number.
fn d(f: impl Fn(&Array) -> Result<Array>) -> impl Fn(&Array) -> Result<Array> {
    grad(f)
}

/// The same in forward mode.
fn forward(f: impl Fn(&Array) -> Result<Array>) -> impl Fn(&Array) -> Result<Array> {
    move |x| Ok(jvp(&f, x, &ones_like(x, ..)?)?.1)
}

#[test]
fn reverse_and_forward_in_every_order_three_deep() {
    let x = number(0.7);
    let f = |x: &Array| x.sin()?.exp();
    let (s, c) = 0.7f64.sin_cos();
    // (e^sin x)''' = e^sin x cos x (cos^2 x - 3 sin x - 1).
    let expected = [s.exp() * c * (c * c - 3.0 * s - 1.0)];
    close(&values(&d(d(d(f)))(&x).unwrap()), &expected);
    close(&values(&d(d(forward(f)))(&x).unwrap()), &expected);
    close(&values(&d(forward(d(f)))(&x).unwrap()), &expected);
    close(&values(&forward(d(d(f)))(&x).unwrap()), &expected);
    close(&values(&forward(forward(d(f)))(&x).unwrap()), &expected);
    close(&values(&forward(d(forward(f)))(&x).unwrap()), &expected);
    close(&values(&d(forward(forward(f)))(&x).unwrap()), &expected);
    close(&values(&forward(forward(forward(f)))(&x).unwrap()), &expected);
    check_grads(f, &x, CheckGrads::order(4)).unwrap();
}

#[test]
fn perturbations_are_not_confused() {
    for y in [2.0, -1.5] {
        let x = number(y);
        // d/dx (x d/dy (x + y)) = 1.
        let f = |x: &Array| (x * d(|y: &Array| (x + y).ok())(&number(1.0))?).ok();
        assert_eq!(value(&d(f)(&x).unwrap()), 1.0);
        assert_eq!(value(&forward(f)(&x).unwrap()), 1.0);
        let f = |x: &Array| (x * forward(|y: &Array| (x + y).ok())(&number(1.0))?).ok();
        assert_eq!(value(&d(f)(&x).unwrap()), 1.0);
        assert_eq!(value(&forward(f)(&x).unwrap()), 1.0);
        // d/dx d/dy (x y) = 1, the inner variable standing at a constant or at x itself.
        let f = |x: &Array| d(|y: &Array| (x * y).ok())(&number(1.0));
        assert_eq!(value(&d(f)(&x).unwrap()), 1.0);
        let f = |x: &Array| d(|y: &Array| (x * y).ok())(x);
        assert_eq!(value(&d(f)(&x).unwrap()), 1.0);
        let f = |x: &Array| forward(|y: &Array| (x * y * y).ok())(x);
        assert_eq!(value(&forward(f)(&x).unwrap()), 4.0 * y);
        // The inner result alone is a constant to the inner function, but not to the outer one.
        let f = |x: &Array| Ok(value_and_grad(|y: &Array| (x * x + 0.0 * y).ok())(&number(1.0))?.0);
        assert_eq!(value(&d(f)(&x).unwrap()), 2.0 * y);
        let f = |x: &Array| d(|_: &Array| (x * x).ok())(&number(1.0));
        assert_eq!(value(&d(f)(&x).unwrap()), 0.0);
    }
}

#[test]
fn vectorisation_inside_and_outside_of_gradients() {
    let xs = xp().asarray([[1.0, 2.0], [3.0, 4.0], [5.0, -6.0]]).unwrap();
    let w = xp().asarray([0.5, -1.0]).unwrap();
    let cubes = |x: &Array| (x * x * x).sum(..);
    close(&values(&vmap(grad(cubes))(&xs).unwrap()), &[3., 12., 27., 48., 75., 108.]);
    // grad of a mean over vmap of a gradient: sum over members of sum 3 w^2 x, by w.
    let inner = |w: &Array, x: &Array| grad(|w: &Array| (w * w * w * x).sum(..))(w);
    let outer = |w: &Array| vmap(|x: &Array| inner(w, x))(&xs)?.sum(..);
    close(&values(&grad(outer)(&w).unwrap()), &[6. * 0.5 * 9., 0.0]);
    close(&values(&forward(outer)(&w).unwrap()), &[27.0 + 0.0 * 6.0]);
    // The same, one more level out.
    let twice = |w: &Array| grad(outer)(w)?.sum(..);
    close(&values(&grad(twice)(&w).unwrap()), &[54.0, 0.0]);
    close(&values(&vmap(grad(outer))(&stack([&w, &w], 0).unwrap()).unwrap()), &[27., 0., 27., 0.]);
}

#[test]
fn vectorisation_of_vectorisation() {
    let a = xp().asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap();
    let b = xp().asarray([10.0, 20.0]).unwrap();
    // All pairs: the outer function over rows of a, the inner one over elements of b.
    let pairs = vmap(|row: &Array| vmap(|y: &Array| (row * y).sum(..))(&b))(&a).unwrap();
    assert_eq!(pairs.shape().unwrap(), [3, 2]);
    close(&values(&pairs), &[30., 60., 70., 140., 110., 220.]);
    let both = vmap(vmap(|x: &Array| (x * x).ok()))(&a).unwrap();
    close(&values(&both), &[1., 4., 9., 16., 25., 36.]);
    let products = vmap(|x: &Array| vmap(|y: &Array| matmul(x, y))(&a))(&a).unwrap();
    close(&values(&products), &[5., 11., 17., 11., 25., 39., 17., 39., 61.]);
    let captured = vmap(|x: &Array| vmap(|_: &Array| Ok(x.clone()))(&b))(&a).unwrap();
    assert_eq!(captured.shape().unwrap(), [3, 2, 2]);
    // Nothing depends on the batch: repeated.
    assert_eq!(vmap(|_: &Array| Ok(b.clone()))(&a).unwrap().shape().unwrap(), [3, 2]);
}

#[test]
fn hessians_and_jacobians_against_differences() {
    let f = |x: &Array| (x.sin()? * x.flip(..)?.exp()? + x.prod(..)?).sum(..);
    let x = xp().asarray([0.3, -0.8, 1.2]).unwrap();
    let h = values(&hessian(f)(&x).unwrap());
    let step = 1e-5;
    for j in 0..3 {
        let at = |t: f64| {
            let mut v = values(&x);
            v[j] += t;
            values(&grad(f)(&xp().asarray(v).unwrap()).unwrap())
        };
        let (up, down) = (at(step), at(-step));
        for i in 0..3 {
            let expected = (up[i] - down[i]) / (2.0 * step);
            assert!((h[3 * i + j] - expected).abs() < 1e-8, "{i} {j}: {} {expected}", h[3 * i + j]);
        }
    }
    // Axes of the value, then those of the argument.
    let x = xp().asarray([[1.0, 2.0], [3.0, 4.0]]).unwrap();
    let j = jacobian_forward(|x: &Array| x.sum(0)?.square())(&x).unwrap();
    assert_eq!(j.shape().unwrap(), [2, 2, 2]);
    close(&values(&j), &[8., 0., 8., 0., 0., 12., 0., 12.]);
    let h = hessian(|x: &Array| x.square()?.sum(..))(&x).unwrap();
    assert_eq!(h.shape().unwrap(), [2, 2, 2, 2]);
    assert_eq!(values(&h).iter().sum::<f64>(), 8.0);
}

#[test]
fn several_results_and_unused_arguments() {
    let (x, y) = (number(2.0), number(3.0));
    let (outs, pull) = vjp(|(x, y): &(Array, Array)| Ok(((x * y).ok()?, x.exp()?)), &(x, y)).unwrap();
    assert_eq!(value(&outs.0), 6.0);
    let (dx, dy) = pull.apply(&(number(10.0), number(0.0))).unwrap();
    close(&[value(&dx), value(&dy)], &[30.0, 20.0]);
    let (_, unused) = grad(|(x, _): &(Array, Array)| x.square())(&(number(2.0), number(3.0))).unwrap();
    assert_eq!(value(&unused), 0.0);
    // A value that does not depend on the argument, and one that is the argument.
    assert_eq!(value(&grad(|_: &Array| Ok(number(1.0)))(&number(2.0)).unwrap()), 0.0);
    assert_eq!(value(&grad(|x: &Array| Ok(x.clone()))(&number(2.0)).unwrap()), 1.0);
    // The same result twice.
    let (_, pull) = vjp(|x: &Array| Ok((x.clone(), x.clone())), &number(2.0)).unwrap();
    assert_eq!(value(&pull.apply(&(number(1.0), number(2.0))).unwrap()), 3.0);
}

#[test]
fn what_would_silently_be_wrong_is_an_error() {
    static ESCAPED: Mutex<Option<Array>> = Mutex::new(None);
    let keep = |x: &Array| {
        *ESCAPED.lock().unwrap() = Some(x.clone());
        (x * x).ok()
    };
    grad(keep)(&number(2.0)).unwrap();
    let escaped = ESCAPED.lock().unwrap().clone().unwrap();
    let e = (&escaped * 2.0).ok().unwrap_err();
    assert!(e.kind() == ErrorKind::Transform && e.message().contains("after its transformation ended"), "{e}");
    // Also when the function failed or panicked.
    let failing = |x: &Array| -> Result<Array> {
        *ESCAPED.lock().unwrap() = Some(x.clone());
        Err(Error::value("mine", "no"))
    };
    assert_eq!(grad(failing)(&number(2.0)).unwrap_err().operation(), "mine");
    let escaped = ESCAPED.lock().unwrap().clone().unwrap();
    assert!((&escaped * 2.0).ok().is_err());
    // Reading a number out of the function.
    let e = grad(|x: &Array| Ok(number(x.item::<f64>()?)))(&number(2.0)).unwrap_err();
    assert!(e.message().contains("silently have no derivative") && e.message().contains("stop_gradient"), "{e}");
    let e = jvp(|x: &Array| Ok(number(x.item::<f64>()?)), &number(2.0), &number(1.0)).unwrap_err();
    assert!(e.message().contains("silently have no derivative"), "{e}");
    let e = vmap(|x: &Array| Ok(number(x.item::<f64>()?)))(&xp().ones(2).unwrap()).unwrap_err();
    assert!(e.message().contains("no one value to read"), "{e}");
    assert_eq!(value(&grad(|x: &Array| (x * x.stop_gradient()?.item::<f64>()?).ok())(&number(2.0)).unwrap()), 2.0);
    let e = vmap(|x: &Array| Ok(x.clone()))(&number(1.0)).unwrap_err();
    assert!(e.message().contains("0-d and has no axis"), "{e}");
    let e = vmap(|(x, y): &(Array, Array)| (x + y).ok())(&(xp().ones(2).unwrap(), xp().ones(3).unwrap())).unwrap_err();
    assert!(e.message().contains("leaf `1` has 3 elements on its leading axis, the ones before it 2"), "{e}");
    let e = vmap(|x: &Array| Ok(x.nonzero()?[0].clone()))(&xp().ones([2, 3]).unwrap()).unwrap_err();
    assert!(e.message().contains("vmap has no rule for nonzero"), "{e}");
    let counts = xp().asarray([[1, 2], [2, 1]]).unwrap();
    let e = vmap(|n: &Array| xp().ones(2)?.repeat(n, 0))(&counts).unwrap_err();
    assert!(e.message().contains("counts that differ between members"), "{e}");
}

#[test]
fn threads_share_a_tape() {
    let x = xp().asarray([1.0, 2.0, 3.0]).unwrap();
    let f = |x: &Array| {
        let parts: Vec<Result<Array>> = std::thread::scope(|s| {
            let work = |k: usize| (0..50).try_fold(number(0.0), |sum, _| (sum + x.pow(k as f64)?.sum(..)?).ok());
            let handles: Vec<_> = (1..5).map(|k| s.spawn(move || work(k))).collect();
            handles.into_iter().map(|h| h.join().unwrap()).collect()
        });
        parts.into_iter().try_fold(number(0.0), |sum, p| (sum + p?).ok())
    };
    let expected: Vec<f64> =
        [1.0f64, 2.0, 3.0].iter().map(|x| 50.0 * (1.0 + 2.0 * x + 3.0 * x * x + 4.0 * x.powi(3))).collect();
    close(&values(&grad(f)(&x).unwrap()), &expected);
}

/// A wrapper that notes every call; at the level of users' wrappers, or above a transformation that has started.
#[derive(Debug)]
struct Log(Array);

static LOG: Kind = Kind::new("log").rank(5).handled_by(log);
static CALLS: Mutex<Vec<&'static str>> = Mutex::new(vec![]);

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

fn logged(x: &Array, level: Level) -> Result<Array> {
    Array::wrap(Log(x.clone()), level, x)
}

fn log(call: &mut Call<'_, '_>) -> Handled {
    CALLS.lock().unwrap().push(call.op.name);
    let level = call.level();
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let mut args = call.peel(|a| if a.level() == level { a.downcast_ref::<Log>().map(|l| &l.0) } else { None });
    let inner = Call { op, params, args: &mut [], verdict, namespace };
    Ok(inner.redispatch(&mut args)?.map(|a| logged(&a, level))?)
}

#[test]
fn a_wrapper_below_and_above() {
    let f = |x: &Array| (x.sin()? * x).sum(..);
    let x = xp().asarray([0.5, 1.0]).unwrap();
    let plain = values(&grad(f)(&x).unwrap());
    // Below: forward and backward pass run on the wrapper, and the gradient is of its kind.
    let below = logged(&x, LOG.level()).unwrap();
    CALLS.lock().unwrap().clear();
    let g = grad(f)(&below).unwrap();
    assert_eq!((g.kind().name(), values(&g)), ("log", plain.clone()));
    let calls = CALLS.lock().unwrap().clone();
    assert!(["sin", "cos", "multiply", "sum"].iter().all(|c| calls.contains(c)), "{calls:?}");
    check_grads(f, &below, CheckGrads::order(2)).unwrap();
    assert_eq!(values(&hessian(f)(&below).unwrap()), values(&hessian(f)(&x).unwrap()));
    assert_eq!(
        values(&vmap(grad(f))(&logged(&stack([&x, &x], 0).unwrap(), LOG.level()).unwrap()).unwrap()),
        [&plain[..], &plain].concat()
    );
    // Above: a wrapper put around an array of a running transformation takes a level of its own.
    let above = |x: &Array| {
        let y = f(&logged(x, Level::fresh())?)?;
        y.downcast_ref::<Log>().map(|l| l.0.clone()).ok_or_else(|| Error::value("test", "not logged"))
    };
    assert_eq!(values(&grad(above)(&x).unwrap()), plain);
    assert_eq!(values(&forward(above)(&x).unwrap()), values(&forward(f)(&x).unwrap()));
    // At its own level it would hide the tape.
    let e = grad(|x: &Array| f(&logged(x, LOG.level())?))(&x).unwrap_err();
    assert!(e.message().contains("kind log cannot hold an array of kind tape"), "{e}");
}

#[test]
fn constants_made_inside_are_constants_of_the_data() {
    let f = |x: &Array| {
        let xp = x.namespace();
        assert_eq!(xp.kind().name(), "ndarray");
        let ramp = xp.linspace((0.0, 1.0, 3))? + xp.arange(0..3)?.astype(DType::Float64)? + xp.eye(3)?.sum(0)?;
        (x * ramp).sum(..)
    };
    close(&values(&grad(f)(&xp().ones(3).unwrap()).unwrap()), &[1.0, 2.5, 4.0]);
    // Decisions on values go through where, and searching gives positions without a derivative.
    let f = |x: &Array| {
        let edges = x.namespace().asarray([0.0, 1.0, 2.0])?;
        let bin = searchsorted(&edges, x, None, "right")?;
        (take(&edges, bin, 0)? * x).sum(..)
    };
    close(&values(&grad(f)(&xp().asarray([0.5, 1.5]).unwrap()).unwrap()), &[1.0, 2.0]);
    let order = |x: &Array| (x.take(x.argsort(..)?, 0)? * x.namespace().asarray([1.0, 2.0, 4.0])?).sum(..);
    close(&values(&grad(order)(&xp().asarray([3.0, 1.0, 2.0]).unwrap()).unwrap()), &[4.0, 1.0, 2.0]);
}
