//! Time of the engine's inner loops: nanoseconds per element and GFLOP/s.
use array_api::DType;
use array_ndarray::{NdArray, binary, map::map, matmul::matmul, reduce::sum, unary};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

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

fn reductions(c: &mut Criterion) {
    let mut group = c.benchmark_group("sum");
    for (shape, axes, out) in [
        (vec![1000], vec![0], vec![]),
        (vec![1_000_000], vec![0], vec![]),
        (vec![1000, 1000], vec![0], vec![1000]),
        (vec![1000, 1000], vec![1], vec![1000]),
        (vec![6, 100, 20], vec![1], vec![6, 20]),
        (vec![6, 100, 1], vec![1], vec![6, 1]),
    ] {
        let n = shape.iter().product();
        group.throughput(Throughput::Elements(n as u64));
        let x = NdArray::from_vec(floats(n), &shape);
        group.bench_function(format!("{shape:?} over {axes:?}"), |b| b.iter(|| sum(&x, &axes, &out, DType::Float32)));
    }
    group.finish();
}

criterion_group!(benches, elementwise, products, reductions);
criterion_main!(benches);
