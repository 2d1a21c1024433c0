//! What a call through the protocol costs over the same call of `tch`.
//!
//! Criterion's group `torch` has `OP/SIZE/direct` and `OP/SIZE/function`. Both run interleaved, batch by batch, so that they
//! meet the same moments of the machine; at the end the median difference of a call is printed for each.

use array_api::{Array, DType};
use array_torch::TorchArray;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tch::Tensor;

const SIZES: [i64; 4] = [1, 1_000, 100_000, 1_000_000];
/// Pairs of batches from which a median is taken.
const ROUNDS: usize = 201;

type Direct = fn(&Tensor, &Tensor) -> Tensor;
type Function = fn(&Array, &Array) -> Array;

const OPERATIONS: [(&str, Direct, Function); 4] = [
    ("add", |x, y| x.f_add(y).unwrap(), |x, y| array_api::add(x, y).unwrap()),
    ("exp", |x, _| x.f_exp().unwrap(), |x, _| array_api::exp(x).unwrap()),
    ("sum", |x, _| x.f_sum_dim_intlist(0, false, tch::Kind::Double).unwrap(), |x, _| array_api::sum(x, 0).unwrap()),
    ("less", |x, y| x.f_lt_tensor(y).unwrap(), |x, y| array_api::less(x, y).unwrap()),
];

fn timed(calls: u64, mut f: impl FnMut()) -> Duration {
    let start = Instant::now();
    (0..calls).for_each(|_| f());
    start.elapsed()
}

fn torch(c: &mut Criterion) {
    let mut group = c.benchmark_group("torch");
    let mut lines = vec![];
    for (name, direct, function) in OPERATIONS {
        for n in SIZES {
            let tensor = || Tensor::f_rand([n], (tch::Kind::Double, tch::Device::Cpu)).unwrap();
            let (a, b) = (tensor(), tensor());
            let array = |t: &Tensor| Array::new(TorchArray::new(t.shallow_clone(), DType::Float64).unwrap());
            let (x, y) = (array(&a), array(&b));
            let directly = || drop(black_box(direct(black_box(&a), black_box(&b))));
            let through = || drop(black_box(function(black_box(&x), black_box(&y))));
            group.bench_function(format!("{name}/{n}/direct"), |b| b.iter_custom(|calls| timed(calls, directly)));
            group.bench_function(format!("{name}/{n}/function"), |b| b.iter_custom(|calls| timed(calls, through)));
            let batch = (200_000 / n.max(1_000)).max(1) as u64;
            let mut apart: Vec<f64> = (0..ROUNDS)
                .map(|_| {
                    let (one, other) = (timed(batch, directly), timed(batch, through));
                    (other.as_secs_f64() - one.as_secs_f64()) / batch as f64 * 1e9
                })
                .collect();
            apart.sort_by(f64::total_cmp);
            lines.push(format!("{name:>5} {n:>8}: {:8.1} ns more through the protocol", apart[ROUNDS / 2]));
        }
    }
    group.finish();
    lines.iter().for_each(|line| println!("{line}"));
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    targets = torch
}
criterion_main!(benches);
