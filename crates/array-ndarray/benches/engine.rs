//! Time of the engine's inner loops: nanoseconds per element and GFLOP/s.
use array_api::DType;
use array_api::{Argsort, Normal, Sort, argsort, sort, take};
use array_ndarray::{NdArray, binary, map::map, matmul::matmul, namespace, unary};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn floats(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i % 1000) as f32 * 0.01 - 5.0).collect()
}

fn elementwise(c: &mut Criterion) {
    let mut group = c.benchmark_group("elementwise");
    for n in [1, 1000, 100_000, 10_000_000] {
        let x = NdArray::from_vec(floats(n), &[n]);
        group.throughput(Throughput::Elements(n as u64));
        if n == 10_000_000 {
            group.sample_size(10);
        }
        group.bench_function(format!("add/{n}"), |b| b.iter(|| map(&binary::ADD, [(&x).into(), (&x).into()], &[n])));
        for op in [&unary::EXP, &unary::TANH, &unary::LOG, &unary::SIN] {
            group.bench_function(format!("{}/{n}", op.name), |b| b.iter(|| map(op, [(&x).into()], &[n])));
        }
    }
    group.finish();

    let mut group = c.benchmark_group("layouts");
    let n = 6 * 100 * 20;
    group.throughput(Throughput::Elements(n as u64));
    let x = NdArray::from_vec(floats(n), &[6, 100, 20]);
    let bias = NdArray::from_vec(floats(120), &[6, 1, 20]);
    let scalar = NdArray::scalar(2.0_f32);
    let transposed = NdArray::from_vec(floats(n), &[6, 20, 100]).permuted(&[0, 2, 1]);
    group.bench_function("same", |b| b.iter(|| map(&binary::ADD, [(&x).into(), (&x).into()], &[6, 100, 20])));
    group.bench_function("bias", |b| b.iter(|| map(&binary::ADD, [(&x).into(), (&bias).into()], &[6, 100, 20])));
    group.bench_function("scalar", |b| b.iter(|| map(&binary::ADD, [(&x).into(), (&scalar).into()], &[6, 100, 20])));
    group.bench_function("transposed", |b| {
        b.iter(|| map(&binary::ADD, [(&x).into(), (&transposed).into()], &[6, 100, 20]))
    });
    let mut kept = Some(NdArray::from_vec(floats(n), &[6, 100, 20]));
    group.bench_function("donated", |b| {
        b.iter(|| {
            let own = kept.take().unwrap();
            kept = map(&binary::ADD, [own.into(), (&x).into()], &[6, 100, 20]).ok();
        })
    });
    group.finish();
    black_box(DType::Float32);
}

fn products(c: &mut Criterion) {
    let mut group = c.benchmark_group("matmul");
    let inner = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (m, k, n) in [
        (100, 20, 20),
        (20, 100, 20),
        (100, 1, 20),
        (100, 20, 1),
        (64, 64, 64),
        (96, 96, 96),
        (128, 128, 128),
        (256, 256, 256),
    ] {
        group.throughput(Throughput::Elements((2 * m * k * n) as u64));
        let a = NdArray::from_vec(floats(m * k), &[m, k]);
        let at = NdArray::from_vec(floats(m * k), &[k, m]).permuted(&[1, 0]);
        let b = NdArray::from_vec(floats(k * n), &[k, n]);
        let bt = NdArray::from_vec(floats(k * n), &[n, k]).permuted(&[1, 0]);
        for (name, a, b) in [("nn", &a, &b), ("tn", &at, &b), ("nt", &a, &bt)] {
            group.bench_function(format!("f32/{m}x{k}x{n}/{name}"), |bench| {
                inner.install(|| bench.iter(|| matmul(a, b, &[m, n])))
            });
        }
    }
    let n = 2048;
    group.sample_size(10).throughput(Throughput::Elements(2 * (n as u64).pow(3)));
    let a = NdArray::from_vec(floats(n * n), &[n, n]);
    group.bench_function("f32/2048", |b| b.iter(|| matmul(&a, &a, &[n, n])));
    group.finish();
}

/// Sorting and drawing a million numbers.
fn ordering(c: &mut Criterion) {
    let n = 1_000_000;
    let xp = namespace();
    let key = xp.key(1).unwrap();
    let x = xp.normal(&key, [n]).unwrap();
    let order = argsort(&x, Argsort::default()).unwrap();
    let inner = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut group = c.benchmark_group("million");
    group.throughput(Throughput::Elements(n as u64)).sample_size(20);
    group.bench_function("sort", |b| b.iter(|| sort(&x, Sort::default())));
    group.bench_function("sort one thread", |b| inner.install(|| b.iter(|| sort(&x, Sort::default()))));
    group.bench_function("argsort", |b| b.iter(|| argsort(&x, Argsort::default())));
    group.bench_function("take", |b| b.iter(|| take(&x, &order, 0)));
    for dtype in [DType::Float32, DType::Float64] {
        let p = || Normal::default().shape([n]).dtype(dtype);
        group.bench_function(format!("normal {dtype}"), |b| b.iter(|| xp.normal(&key, p())));
        group.bench_function(format!("normal {dtype} one thread"), |b| {
            inner.install(|| b.iter(|| xp.normal(&key, p())))
        });
    }
    group.finish();
}

criterion_group!(benches, elementwise, products, ordering);
criterion_main!(benches);
