//! What a call costs beside its work: `cargo bench --bench dispatch`.
//!
//! | line | measures |
//! |---|---|
//! | `lookup` | dispatch alone: who answers, on a kind whose kernel hands out a ready answer |
//! | `direct` | the typed kernel of a one-element f64 sum, its result put into an `Array` |
//! | `function` | the public `add(&x, &y)` of the same arrays |
//! | `function-tape` | the same under `grad` |
//! | `function-custom` | the same through a third party's wrapper of one handler |
//! | `..-2-threads` | two threads at once, each with its own arrays; time of one call on one thread |

use std::cell::Cell;
use std::hint::black_box;
use std::mem::ManuallyDrop;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use array_protocol::dispatch::dispatch;
use array_protocol::ndarray::{NdArray, binary, map::map};
use array_protocol::prelude::*;
use criterion::{Criterion, criterion_group, criterion_main};

/// A kind whose kernel computes nothing: it moves out an answer that lies ready.
#[derive(Clone, Debug)]
struct Ready;

static READY: Kind = Kind::new("ready");

thread_local! {
    // Without a destructor, which would be asked for at every access.
    static ANSWER: Cell<Option<ManuallyDrop<Answer>>> = const { Cell::new(None) };
}

impl ArrayImpl for Ready {
    fn kind(&self) -> &'static Kind {
        &READY
    }
    fn dims(&self) -> Dims {
        Dims::new(&[1])
    }
    fn dtype(&self) -> DType {
        DType::Float64
    }
}

impl Native for Ready {
    const KIND: &'static Kind = &READY;
}

#[implements(add, kind = Ready)]
fn add_ready(_: &mut Call<'_, '_>) -> Answer {
    let answer = ANSWER.take().expect("every answer is put back before the next call");
    ManuallyDrop::into_inner(answer)
}

/// A third party's wrapper: any operation goes on to the content, and the result is wrapped again.
#[derive(Clone, Debug)]
struct Wrapped(Array);

static WRAPPED: Kind = Kind::new("wrapped").rank(2).handled_by(pass_on);

impl ArrayImpl for Wrapped {
    fn kind(&self) -> &'static Kind {
        &WRAPPED
    }
    fn dims(&self) -> Dims {
        self.0.dims().clone()
    }
    fn dtype(&self) -> DType {
        self.0.dtype()
    }
}

fn wrapped(x: Array) -> Result<Array> {
    let content = x.clone();
    Array::wrap(Wrapped(x), WRAPPED.level(), &content)
}

fn pass_on(call: &mut Call<'_, '_>) -> Handled {
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let mut args = call.peel(|a| a.downcast_ref::<Wrapped>().map(|w| &w.0));
    Ok(Call { op, params, args: &mut [], verdict, namespace }.redispatch(&mut args)?.map(wrapped)?)
}

fn one(x: f64) -> NdArray {
    NdArray::from_vec(vec![x], &[1])
}

fn looks_up(calls: u64) -> Duration {
    let (x, y) = (Array::new(Ready), Array::new(Ready));
    let verdict = Verdict::same(Dims::new(&[1]), DType::Float64);
    let put_back = |answer| ANSWER.set(Some(ManuallyDrop::new(answer)));
    put_back(Answer::One(Array::new(Ready)));
    let start = Instant::now();
    for _ in 0..calls {
        let args = &mut [Operand::Ref(black_box(&x)), Operand::Ref(black_box(&y))];
        let call = &mut Call { op: Add::OP, params: &Add {}, args, verdict: &verdict, namespace: None };
        put_back(dispatch(call));
    }
    start.elapsed()
}

fn directly(calls: u64) -> Duration {
    let (x, y) = (one(1.0), one(2.0));
    let start = Instant::now();
    for _ in 0..calls {
        let z = map(&binary::ADD, [black_box(&x).into(), black_box(&y).into()], &[1]).expect("shapes fit");
        black_box(Array::new(z));
    }
    start.elapsed()
}

fn adds(x: &Array, y: &Array, calls: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(add(black_box(x), black_box(y)).expect("shapes fit"));
    }
    start.elapsed()
}

fn functions(calls: u64) -> Duration {
    adds(&Array::new(one(1.0)), &Array::new(one(2.0)), calls)
}

/// In runs of a thousand calls, so that the tape does not grow beyond the cache of a real gradient.
fn taped(calls: u64) -> Duration {
    const RUN: u64 = 1000;
    let y = Array::new(one(2.0));
    let mut time = Duration::ZERO;
    for run in 0..calls.div_ceil(RUN) {
        let here = RUN.min(calls - run * RUN);
        let spent = Cell::new(Duration::ZERO);
        value_and_grad(|x: &Array| {
            spent.set(adds(x, &y, here));
            x.sum(..)
        })(&Array::new(one(1.0)))
        .expect("differentiable");
        time += spent.get();
    }
    time
}

fn custom(calls: u64) -> Duration {
    let wrap = |x: f64| wrapped(Array::new(one(x))).expect("data can be wrapped");
    adds(&wrap(1.0), &wrap(2.0), calls)
}

/// The slower of two threads that make the calls at the same time.
fn twice(measure: impl Fn(u64) -> Duration + Sync) -> impl Fn(u64) -> Duration {
    move |calls| {
        let barrier = Barrier::new(2);
        let run = || {
            barrier.wait();
            measure(calls)
        };
        std::thread::scope(|s| {
            let other = s.spawn(run);
            let here = run();
            other.join().expect("the other thread").max(here)
        })
    }
}

fn calls(c: &mut Criterion) {
    let mut group = c.benchmark_group("dispatch");
    group.bench_function("lookup", |b| b.iter_custom(looks_up));
    group.bench_function("lookup-2-threads", |b| b.iter_custom(twice(looks_up)));
    group.bench_function("direct", |b| b.iter_custom(directly));
    group.bench_function("function", |b| b.iter_custom(functions));
    group.bench_function("direct-2-threads", |b| b.iter_custom(twice(directly)));
    group.bench_function("function-2-threads", |b| b.iter_custom(twice(functions)));
    group.bench_function("function-tape", |b| b.iter_custom(taped));
    group.bench_function("function-custom", |b| b.iter_custom(custom));
    group.finish();
}

criterion_group! {
    name = dispatch_benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = calls
}
criterion_main!(dispatch_benches);
