//! Statistics of the draws under keys fixed in advance, and equality of fills and elements.
use super::*;

const N: usize = 100_000;

fn drawn<T: Copy + Default>(draw: impl Draw<T>, key: Key) -> Vec<T> {
    let mut out = vec![T::default(); N];
    draw.fill(key, 0, &mut out);
    out
}

/// Kolmogorov and Smirnov's distance times sqrt(n): above 1.95 with probability 1e-3.
fn distance(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let gap = sample.iter().enumerate().fold(0.0_f64, |worst, (i, &x)| {
        let p = cdf(x);
        worst.max(p - i as f64 / n).max((i + 1) as f64 / n - p)
    });
    gap * n.sqrt()
}

/// Pearson's statistic, standardised: (χ² - d) / sqrt(2 d).
fn chi_square(observed: &[f64], expected: &[f64]) -> f64 {
    let chi: f64 = observed.iter().zip(expected).map(|(o, e)| (o - e) * (o - e) / e).sum();
    let d = observed.len() as f64 - 1.0;
    (chi - d) / (2.0 * d).sqrt()
}

/// Mean and variance, each in standard errors from the truth, given the fourth central moment.
fn moments(sample: &[f64], mean: f64, variance: f64, fourth: f64) -> [f64; 2] {
    let n = sample.len() as f64;
    let m = sample.iter().sum::<f64>() / n;
    let v = sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    [(m - mean) / (variance / n).sqrt(), (v - variance) / ((fourth - variance * variance) / n).sqrt()]
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let dot =
        |p: &[f64], mp: f64, q: &[f64], mq: f64| -> f64 { p.iter().zip(q).map(|(x, y)| (x - mp) * (y - mq)).sum() };
    dot(a, ma, b, mb) / (dot(a, ma, a, ma) * dot(b, mb, b, mb)).sqrt()
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

fn widened(sample: Vec<f32>) -> Vec<f64> {
    sample.into_iter().map(f64::from).collect()
}

#[test]
fn continuous_draws_follow_their_laws() {
    type Cdf = fn(f64) -> f64;
    let key = Key::new(20_11);
    let uniform: Cdf = |x| x;
    let exponential: Cdf = |x| -libm::expm1(-x);
    let chi_1: Cdf = |x| libm::erf(x.sqrt());
    let gamma_3: Cdf = |x| 1.0 - libm::exp(-x) * (1.0 + x + 0.5 * x * x);
    // Sample, distribution, mean, variance, fourth central moment.
    type Row = (&'static str, Vec<f64>, Cdf, f64, f64, f64);
    let rows: [Row; 9] = [
        ("uniform f32", widened(drawn(Uniform, key)), uniform, 0.5, 1.0 / 12.0, 1.0 / 80.0),
        ("uniform f64", drawn(Uniform, key), uniform, 0.5, 1.0 / 12.0, 1.0 / 80.0),
        ("normal f32", widened(drawn(Normal, key)), normal_cdf, 0.0, 1.0, 3.0),
        ("normal f64", drawn(Normal, key), normal_cdf, 0.0, 1.0, 3.0),
        ("exponential f32", widened(drawn(Exponential, key)), exponential, 1.0, 1.0, 9.0),
        ("exponential f64", drawn(Exponential, key), exponential, 1.0, 1.0, 9.0),
        ("gamma 1/2", drawn(Gamma::new(0.5).unwrap(), key), chi_1, 0.5, 0.5, 3.75),
        ("gamma 1", drawn(Gamma::new(1.0).unwrap(), key), exponential, 1.0, 1.0, 9.0),
        ("gamma 3", drawn(Gamma::new(3.0).unwrap(), key), gamma_3, 3.0, 3.0, 45.0),
    ];
    for (name, sample, cdf, mean, variance, fourth) in rows {
        let z = moments(&sample, mean, variance, fourth);
        assert!(z.iter().all(|z| z.abs() < 4.0), "{name}: moments {z:?} standard errors off");
        let d = distance(sample, cdf);
        assert!(d < 1.95, "{name}: Kolmogorov-Smirnov {d}");
    }
}

#[test]
fn the_two_normals_of_a_block_are_independent() {
    let sample: Vec<f64> = drawn(Normal, Key::new(5));
    let (even, odd): (Vec<f64>, Vec<f64>) = sample.chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip();
    let square = |v: &[f64]| v.iter().map(|x| x * x).collect::<Vec<_>>();
    let bound = 4.0 / (even.len() as f64).sqrt();
    assert!(correlation(&even, &odd).abs() < bound);
    assert!(correlation(&square(&even), &square(&odd)).abs() < bound);
}

/// What another library's logarithm, sine and cosine make of the same words.
#[test]
fn normals_agree_with_another_library() {
    let key = Key::new(8);
    let quarter = std::f64::consts::FRAC_PI_2;
    let point = |u: f64, turns: f64| {
        // An eighth of a turn at most is left to sine and cosine; the reduction is exact.
        let quarters = (4.0 * turns).round();
        let (sine, cosine) = libm::sincos((4.0 * turns - quarters) * quarter);
        let (x, y) = portable::rotate(quarters as u32, cosine, sine);
        let radius = (-2.0 * libm::log(u)).sqrt();
        [radius * x, radius * y]
    };
    let mut worst = [0.0_f64; 2];
    for block in 0..50_000 {
        let [a, b, c, d] = key.block(Domain::Normal64, block, 0);
        let upper = |low: u32, high: u32| (u64::from(low) | u64::from(high) << 32) >> 11;
        let scale = 2.0_f64.powi(-53);
        let expected = point((upper(a, b) + 1) as f64 * scale, upper(c, d) as f64 * scale);
        for (k, expected) in expected.into_iter().enumerate() {
            let found: f64 = Normal.element(key, 2 * block + k as u64);
            worst[0] = worst[0].max((found - expected).abs() / (expected.abs().next_up() - expected.abs()));
        }
        let words = key.block(Domain::Normal32, block, 0);
        for pair in 0..2 {
            // The word and the half are rounded to f32 by definition; from there on the reference is in f64.
            let u = f64::from((words[2 * pair] as f32 + 0.5) * 2.0_f32.powi(-32));
            let expected = point(u, f64::from(words[2 * pair + 1]) * 2.0_f64.powi(-32));
            for (k, expected) in expected.into_iter().enumerate() {
                let found: f32 = Normal.element(key, 4 * block + 2 * pair as u64 + k as u64);
                let place = (expected as f32).abs();
                let error = (f64::from(found) - expected).abs() / f64::from(place.next_up() - place);
                worst[1] = worst[1].max(error);
            }
        }
    }
    assert!(worst.iter().all(|&ulps| ulps <= 4.0), "{worst:?}");
}

#[test]
fn integers_are_uniform() {
    for span in [2_i64, 6, 10, 97, 1000] {
        let sample: Vec<i64> = drawn(Integers::new(-3, span - 3).unwrap(), Key::new(11));
        let mut counts = vec![0.0; span as usize];
        sample.iter().for_each(|x| counts[(x + 3) as usize] += 1.0);
        let z = chi_square(&counts, &vec![N as f64 / span as f64; span as usize]);
        assert!(z.abs() < 4.5, "span {span}: {z}");
    }
}

#[test]
fn counts_follow_poissons_law() {
    for mean in [0.1_f64, 1.0, 9.99, 10.0, 50.0, 1234.5, 1e9, 1e15] {
        let sample: Vec<i64> = drawn(Poisson::new(mean).unwrap(), Key::new(3));
        let centred: Vec<f64> = sample.iter().map(|&x| (x as f64 - mean) / mean.sqrt()).collect();
        let z = moments(&centred, 0.0, 1.0, 3.0 + 1.0 / mean);
        assert!(z.iter().all(|z| z.abs() < 4.0), "mean {mean}: moments {z:?}");
        if mean > 1e6 {
            assert!(distance(centred, normal_cdf) < 1.95, "mean {mean}");
            continue;
        }
        // Bins of at least 20 expected counts.
        let (mut observed, mut expected) = (vec![0.0], vec![0.0]);
        let mut sorted = sample.clone();
        sorted.sort_unstable();
        let last = *sorted.last().unwrap();
        let mut left = N as f64;
        for count in 0..=last {
            let x = count as f64;
            let p = N as f64 * libm::exp(x * libm::log(mean) - mean - libm::lgamma(x + 1.0));
            let found = sorted.partition_point(|&s| s <= count) - sorted.partition_point(|&s| s < count);
            *observed.last_mut().unwrap() += found as f64;
            *expected.last_mut().unwrap() += p;
            left -= p;
            if *expected.last().unwrap() >= 20.0 && left >= 20.0 {
                observed.push(0.0);
                expected.push(0.0);
            }
        }
        *expected.last_mut().unwrap() += left;
        let z = chi_square(&observed, &expected);
        assert!(z.abs() < 4.5, "mean {mean}: {z}");
    }
}

#[test]
fn split_streams_do_not_correlate() {
    let key = Key::new(0);
    let mut streams: Vec<Vec<f64>> = key.split(6).map(|child| drawn(Normal, child)).collect();
    streams.push(drawn(Normal, key));
    streams.push(drawn(Normal, key.fold_in(0)));
    streams.push(drawn(Normal, Key::new(1)));
    let bound = 4.5 / (N as f64).sqrt();
    for (a, first) in streams.iter().enumerate() {
        for second in &streams[..a] {
            let r = correlation(first, second);
            assert!(r.abs() < bound, "{r}");
            assert!(correlation(&first[1..], &second[..N - 1]).abs() < bound);
        }
        assert!(correlation(&first[1..], &first[..N - 1]).abs() < bound);
    }
}

#[test]
fn every_bit_is_fair() {
    let words: Vec<u64> = drawn(Bits, Key::new(77));
    for bit in 0..64 {
        let ones = words.iter().filter(|&word| word >> bit & 1 == 1).count() as f64;
        assert!((ones - N as f64 / 2.0).abs() < 4.0 * (N as f64 / 4.0).sqrt(), "bit {bit}: {ones}");
    }
}

/// Fills from odd places, of odd lengths, across the borders of blocks and groups, against single elements.
fn check_fill<T: Copy + Default + PartialEq + std::fmt::Debug>(draw: impl Draw<T>) {
    let key = Key::new(9).child(4);
    for start in [0, 1, 2, 3, 31, 32, 63, 64, 65, u64::from(u32::MAX) * 4 - 37, u64::MAX - 20] {
        for length in [0, 1, 2, 3, 5, 31, 64, 65, 200] {
            let mut out = vec![T::default(); length];
            draw.fill(key, start, &mut out);
            for (offset, &value) in out.iter().enumerate() {
                assert_eq!(value, draw.element(key, start.wrapping_add(offset as u64)), "{start}+{offset}");
            }
        }
    }
}

#[test]
fn fills_are_elements() {
    check_fill::<u32>(Bits);
    check_fill::<u64>(Bits);
    check_fill::<f32>(Uniform);
    check_fill::<f64>(Uniform);
    check_fill::<f32>(Normal);
    check_fill::<f64>(Normal);
    check_fill::<f32>(Exponential);
    check_fill::<f64>(Exponential);
    check_fill::<i64>(Integers::new(0, 10).unwrap());
    check_fill::<i64>(Poisson::new(30.0).unwrap());
    check_fill::<f64>(Gamma::new(0.7).unwrap());
}

/// The bits are part of the protocol: another machine, compiler or vector width must find the same.
#[test]
fn bits_are_fixed() {
    fn fingerprint(bits: impl Iterator<Item = u64>) -> u64 {
        bits.fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3))
    }
    let key = Key::new(1).child(2).fold_in(3);
    let f32s = |sample: Vec<f32>| fingerprint(sample.into_iter().map(|x| u64::from(x.to_bits())));
    let f64s = |sample: Vec<f64>| fingerprint(sample.into_iter().map(f64::to_bits));
    let i64s = |sample: Vec<i64>| fingerprint(sample.into_iter().map(|x| x as u64));
    let found = [
        ("uniform f32", f32s(drawn(Uniform, key))),
        ("uniform f64", f64s(drawn(Uniform, key))),
        ("normal f32", f32s(drawn(Normal, key))),
        ("normal f64", f64s(drawn(Normal, key))),
        ("exponential f32", f32s(drawn(Exponential, key))),
        ("exponential f64", f64s(drawn(Exponential, key))),
        ("integers", i64s(drawn(Integers::new(0, 1000).unwrap(), key))),
        ("poisson 4", i64s(drawn(Poisson::new(4.0).unwrap(), key))),
        ("poisson 40", i64s(drawn(Poisson::new(40.0).unwrap(), key))),
        ("gamma 0.7", f64s(drawn(Gamma::new(0.7).unwrap(), key))),
    ];
    assert_eq!(found, FINGERPRINTS, "{found:#x?}");
}

const FINGERPRINTS: [(&str, u64); 10] = [
    ("uniform f32", 0xebc2be4cf5d85a71),
    ("uniform f64", 0x5f2fe58a41651813),
    ("normal f32", 0x6b727be43dbccbe4),
    ("normal f64", 0x15ecc24201547152),
    ("exponential f32", 0x7336d368e34fc5cb),
    ("exponential f64", 0x4128a20f8bac8726),
    ("integers", 0x3d0c53f4493de571),
    ("poisson 4", 0x8a65914e3cff533c),
    ("poisson 40", 0x639fc6e608c84b2c),
    ("gamma 0.7", 0x8f85898dec8f6b4a),
];
