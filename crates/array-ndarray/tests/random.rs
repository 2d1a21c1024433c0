//! Random kernels against the law: every element is the one of its key and position.
use array_api::random::{self, Draw, Key};
use array_api::{Array, Bits, DType, Exponential, Integers, Normal, Poisson, Uniform, flip, fold_in, split};
use array_ndarray::namespace;
use proptest::prelude::*;

/// Keys of a shape, also as a view that runs backwards in memory.
fn keys(batch: &[usize], seed: u64, turned: bool) -> (Array, Vec<Key>) {
    let n: usize = batch.iter().product();
    let list: Vec<Key> = (0..n as u64).map(|i| Key::new(seed).child(i)).collect();
    let shape = [batch, &[2]].concat();
    let words: Vec<u32> = list.iter().flat_map(|k| k.0).collect();
    let mut x = namespace().from_host(words, &shape[..]).unwrap();
    if turned && !batch.is_empty() {
        x = namespace().from_host(flip(x, 0).unwrap().to_vec::<u32>().unwrap(), &shape[..]).unwrap();
        x = flip(x, 0).unwrap();
    }
    (x, list)
}

fn want<T>(keys: &[Key], n: usize, element: impl Fn(Key, u64) -> T) -> Vec<T> {
    keys.iter().flat_map(|&k| (0..n as u64).map(move |i| (k, i))).map(|(k, i)| element(k, i)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn elements_are_those_of_their_key(
        batch in prop::collection::vec(0_usize..5, 0..3),
        shape in prop_oneof![prop::collection::vec(0_usize..9, 0..3), prop::collection::vec(100_usize..200, 2)],
        seed: u64, turned: bool,
    ) {
        let xp = namespace();
        let (key, keys) = keys(&batch, seed, turned);
        let n: usize = shape.iter().product();
        let dims = [&batch[..], &shape[..]].concat();
        let of = |dtype| Uniform::default().shape(&shape[..]).dtype(dtype).low(-1.5).high(2.25);
        let x = xp.uniform(&key, of(DType::Float64)).unwrap();
        prop_assert_eq!(x.shape().unwrap(), &dims[..]);
        let law = random::Uniform;
        prop_assert_eq!(x.to_vec::<f64>().unwrap(), want(&keys, n, |k, i| { let u: f64 = law.element(k, i); u * 3.75 - 1.5 }));
        let x = xp.uniform(&key, of(DType::Float32)).unwrap();
        prop_assert_eq!(x.to_vec::<f32>().unwrap(), want(&keys, n, |k, i| { let u: f32 = law.element(k, i); u * 3.75 - 1.5 }));

        let x = xp.normal(&key, &shape[..]).unwrap();
        prop_assert_eq!(x.to_vec::<f64>().unwrap(), want(&keys, n, |k, i| random::Normal.element(k, i)));
        let x = xp.normal(&key, Normal::default().shape(&shape[..]).dtype(DType::Float32).mean(3.0).sd(0.1)).unwrap();
        let scaled = |z: f32| z * 0.1 + 3.0;
        prop_assert_eq!(x.to_vec::<f32>().unwrap(), want(&keys, n, |k, i| scaled(random::Normal.element(k, i))));

        let x = xp.exponential(&key, Exponential::default().shape(&shape[..]).scale(2.0)).unwrap();
        let twice = |e: f64| 2.0 * e;
        prop_assert_eq!(x.to_vec::<f64>().unwrap(), want(&keys, n, |k, i| twice(random::Exponential.element(k, i))));

        let x = xp.bits(&key, Bits::default().shape(&shape[..]).dtype(DType::UInt64)).unwrap();
        prop_assert_eq!(x.to_vec::<u64>().unwrap(), want(&keys, n, |k, i| random::Bits.element(k, i)));

        let x = xp.integers(&key, Integers::default().shape(&shape[..]).low(-3_isize).high(9_isize).dtype(DType::Int16)).unwrap();
        let law = random::Integers::new(-3, 9).unwrap();
        prop_assert_eq!(x.to_vec::<i16>().unwrap(), want(&keys, n, |k, i| Draw::<i64>::element(&law, k, i) as i16));

        let x = xp.poisson(&key, Poisson::default().shape(&shape[..]).rate(1.5).dtype(DType::Float32)).unwrap();
        let law = random::Poisson::new(1.5).unwrap();
        prop_assert_eq!(x.to_vec::<f32>().unwrap(), want(&keys, n, |k, i| law.element(k, i) as f32));
    }

    #[test]
    fn keys_from_keys(batch in prop::collection::vec(1_usize..4, 0..3), n in 0_usize..5, seed: u64, turned: bool) {
        let (key, keys) = keys(&batch, seed, turned);
        let words = |x: &Array| x.to_vec::<u32>().unwrap();
        let got = split(&key, n).unwrap();
        prop_assert_eq!(words(&got), keys.iter().flat_map(|k| k.split(n as u64)).flat_map(|k| k.0).collect::<Vec<_>>());
        let got = fold_in(&key, u64::MAX).unwrap();
        prop_assert_eq!(words(&got), keys.iter().flat_map(|k| k.fold_in(u64::MAX).0).collect::<Vec<_>>());
        // An array of numbers broadcasts with the keys.
        let column = [&[3][..], &vec![1; batch.len()]].concat();
        let data = namespace().from_host(vec![4_u8, 0, 9], &column[..]).unwrap();
        let want: Vec<u32> = [4, 0, 9].iter().flat_map(|&d| keys.iter().flat_map(move |k| k.fold_in(d).0)).collect();
        prop_assert_eq!(words(&fold_in(&key, &data).unwrap()), want);
    }
}

#[test]
fn numbers_do_not_depend_on_threads() {
    let (key, _) = keys(&[3], 1, false);
    let draw = || namespace().normal(&key, [70_000]).unwrap().to_vec::<f64>().unwrap();
    let outside = draw();
    assert_eq!(outside, rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap().install(draw));
    assert_eq!(outside[69_999], random::Normal.element(Key::new(1).child(0), 69_999));
}

#[test]
fn every_integer_type_and_the_whole_range() {
    let key = namespace().key(3).unwrap();
    assert_eq!(key.to_vec::<u32>().unwrap(), [3, 0]);
    for dtype in array_api::DTYPES.into_iter().filter(|d| d.is_integer()) {
        let low = if matches!(dtype.category(), array_api::Category::SignedInteger) { -5_isize } else { 0 };
        let x =
            namespace().integers(&key, Integers::default().shape([50]).low(low).high(100_isize).dtype(dtype)).unwrap();
        let values = array_api::astype(&x, DType::Int64).unwrap().to_vec::<i64>().unwrap();
        assert!(x.dtype() == dtype && values.iter().all(|v| (low as i64..100).contains(v)));
        // Counts that a type cannot hold become its largest.
        let n = namespace().poisson(&key, Poisson::default().dtype(dtype).rate(1e12)).unwrap();
        let n = array_api::astype(&n, DType::Float64).unwrap().item::<f64>().unwrap();
        let largest = 2.0_f64.powi(8 * dtype.size() as i32 - i32::from(low < 0)) - 1.0;
        assert!(if dtype.size() < 8 { n == largest } else { (n - 1e12).abs() < 1e7 }, "{dtype}: {n}");
    }
    let wide = Integers::default().shape([1000]).low(isize::MIN).high(isize::MAX);
    let x = namespace().integers(&key, wide).unwrap().to_vec::<i64>().unwrap();
    assert!(x.iter().any(|v| *v < i64::MIN / 2) && x.iter().any(|v| *v > i64::MAX / 2));
}

#[test]
fn refusals() {
    let key = namespace().key(3).unwrap();
    let e = fold_in(&key, namespace().asarray([3, -4]).unwrap()).unwrap_err();
    assert_eq!(e.to_string(), "fold_in: data holds -4, but must not be negative");
    let e = namespace().poisson(&key, Poisson::default().rate(1e16)).unwrap_err();
    assert!(e.to_string().contains("1e15"), "{e}");
}

/// Mean and variance of a draw within five standard errors of the law's, the fourth moment taken from the draw.
fn has_moments(x: &[f64], mean: f64, variance: f64) {
    let n = x.len() as f64;
    let m = x.iter().sum::<f64>() / n;
    let v = x.iter().map(|x| (x - m).powi(2)).sum::<f64>() / n;
    let fourth = x.iter().map(|x| (x - m).powi(4)).sum::<f64>() / n;
    assert!((m - mean).abs() < 5.0 * (variance / n).sqrt(), "mean {m}, not {mean}");
    assert!((v - variance).abs() < 5.0 * ((fourth - v * v) / n).sqrt(), "variance {v}, not {variance}");
}

#[test]
fn gamma_and_beta_have_their_moments() {
    let xp = namespace();
    let key = xp.key(11).unwrap();
    for (alpha, scale) in [(0.3, 2.0), (1.0, 1.0), (7.5, 0.5)] {
        let law = array_api::Gamma::default().shape(40_000).alpha(alpha).scale(scale);
        let x = xp.gamma(&key, law.clone()).unwrap().to_vec::<f64>().unwrap();
        has_moments(&x, alpha * scale, alpha * scale * scale);
        let law32 = law.dtype(DType::Float32);
        let single = xp.gamma(&key, law32).unwrap().to_vec::<f32>().unwrap();
        assert!(single.iter().zip(&x).all(|(s, x)| *s == *x as f32));
    }
    for (a, b) in [(0.5, 0.5), (2.0, 5.0)] {
        let x = xp.beta(&key, array_api::Beta::default().shape(40_000).a(a).b(b)).unwrap().to_vec::<f64>().unwrap();
        has_moments(&x, a / (a + b), a * b / ((a + b).powi(2) * (a + b + 1.0)));
    }
    let e = xp.gamma(&key, array_api::Gamma::default().alpha(0.0)).unwrap_err();
    assert_eq!(e.to_string(), "gamma: alpha is 0, but must be finite and positive");
}

#[test]
fn permutations_and_choices() {
    let xp = namespace();
    let keys = split(xp.key(5).unwrap(), 3).unwrap();
    let orders = xp.permutation(&keys, 50).unwrap().to_vec::<i64>().unwrap();
    for order in orders.chunks(50) {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..50) && order != sorted);
    }
    assert_ne!(orders[..50], orders[50..100]);
    let key = xp.key(8).unwrap();
    // Chi-squared with five degrees of freedom: 30 is beyond one in 50,000.
    let fits = |counts: &[usize], weights: &[f64], n: usize| {
        let total: f64 = weights.iter().sum();
        let chi: f64 = counts
            .iter()
            .zip(weights)
            .filter(|(_, w)| **w > 0.0)
            .map(|(&c, w)| (c as f64 - n as f64 * w / total).powi(2) / (n as f64 * w / total))
            .sum();
        assert!(chi < 30.0, "{counts:?} for {weights:?}");
    };
    let counted = |x: Array| {
        let mut counts = [0; 6];
        x.to_vec::<i64>().unwrap().iter().for_each(|&i| counts[i as usize] += 1);
        counts
    };
    fits(&counted(xp.choice(&key, None, (6, 12_000)).unwrap()), &[1.0; 6], 12_000);
    let weights = [0.5, 0.0, 3.0, 1.0, 0.25, 2.0];
    let w = xp.asarray(weights).unwrap();
    let counts = counted(xp.choice(&key, &w, (6, [120, 100])).unwrap());
    fits(&counts, &weights, 12_000);
    assert_eq!(counts[1], 0);
    // The first of several without replacement has the same law.
    let many = split(&key, 6_000).unwrap();
    let some = array_api::Choice::default().n(6).shape(3).replace(false);
    let drawn = xp.choice(&many, &w, some).unwrap();
    assert_eq!(drawn.shape().unwrap(), [6_000, 3]);
    let all = drawn.to_vec::<i64>().unwrap();
    assert!(all.chunks(3).all(|c| c[0] != c[1] && c[1] != c[2] && c[0] != c[2] && !c.contains(&1)));
    let firsts = array_api::at(&drawn, array_api::index![.., 0]).unwrap();
    fits(&counted(firsts), &weights, 6_000);
    let e = xp.choice(&key, None, array_api::Choice::default().n(3).shape(4).replace(false)).unwrap_err();
    assert_eq!(e.to_string(), "choice: 4 of 3 positions cannot be chosen without replacement");
    let e = xp.choice(&key, &w, (5, 2)).unwrap_err();
    assert_eq!(e.to_string(), "choice: weights have shape (6,), but there are n = 5 positions");
}
