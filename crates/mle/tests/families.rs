//! Every family of the table, each way of observing it: what the library says is checked against sums made here from the
//! law's own public functions, so that a fit is the largest of what it claims to be.

use array_api::{Array, Namespace};
use mle::distribution::{Censoring, Distribution, Law};
use mle::{Fit, Status};

fn xp() -> Namespace {
    array_ndarray::namespace()
}

/// All families with parameters to draw from.
const FAMILIES: [(&str, &[f64]); 30] = [
    ("bernoulli", &[0.3]),
    ("beta", &[2.0, 3.5]),
    ("binomial", &[8.0, 0.3]),
    ("burr12", &[2.0, 1.5, 3.0]),
    ("cauchy", &[-1.0, 0.5]),
    ("chi_squared", &[4.0]),
    ("exponential", &[0.4]),
    ("f", &[5.0, 9.0]),
    ("gamma", &[2.5, 0.7]),
    ("geometric", &[0.25]),
    ("gumbel", &[5.0, 2.0]),
    ("half_cauchy", &[0.8]),
    ("half_normal", &[1.3]),
    ("inverse_gamma", &[3.0, 4.0]),
    ("inverse_gaussian", &[1.5, 3.0]),
    ("laplace", &[0.5, 2.0]),
    ("log_logistic", &[5.0, 1.4]),
    ("logistic", &[0.0, 1.5]),
    ("lognormal", &[0.5, 0.8]),
    ("negative_binomial", &[2.0, 5.0]),
    ("normal", &[3.0, 2.0]),
    ("pareto", &[2.5, 1.0]),
    ("poisson", &[3.2]),
    ("rayleigh", &[2.0]),
    ("student_t", &[4.0, 1.0, 2.0]),
    ("triangular", &[0.0, 1.0, 4.0]),
    ("uniform", &[-1.0, 5.0]),
    ("von_mises", &[0.7, 2.0]),
    ("weibull", &[1.7, 3.0]),
    ("zero_inflated_poisson", &[2.5, 0.3]),
];

fn family(name: &str) -> Distribution {
    Distribution::named(name).unwrap()
}

fn numbers(x: &Array) -> Vec<f64> {
    x.to_vec::<f64>().unwrap()
}

fn vector(x: &[f64]) -> Array {
    xp().asarray(x).unwrap()
}

/// The number of rows that a family needs so that its data say something of each parameter.
fn rows(name: &str) -> usize {
    match name {
        "f" | "burr12" | "student_t" => 300,
        _ => 80,
    }
}

fn draws(name: &str, parameters: &[f64]) -> Vec<f64> {
    let law = family(name).with(parameters).unwrap();
    numbers(&law.sample(&xp().key(20).unwrap(), rows(name)).unwrap())
}

#[test]
fn the_table_has_every_family() {
    let listed: Vec<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, Distribution::all().map(|d| d.name()).collect::<Vec<_>>());
}

#[test]
fn each_has_density_distribution_function_quantiles_moments_and_support() {
    for (name, parameters) in FAMILIES {
        let law = family(name).with(parameters).unwrap();
        let support = law.support();
        // The density is the slope of the distribution function, the probability its jump.
        let shares = [0.02, 0.3, 0.6, 0.97];
        let q = numbers(&law.quantile(&vector(&shares)).unwrap());
        for (&q, share) in q.iter().zip(shares) {
            assert!(q >= support.lower && q <= support.upper, "{law:?}: {q}");
            let density = numbers(&law.log_prob(&vector(&[q])).unwrap())[0].exp();
            let cdf = |x: f64| numbers(&law.cdf(&vector(&[x])).unwrap())[0];
            if support.integer {
                assert!((cdf(q) - cdf(q - 1.0) - density).abs() < 1e-13, "{law:?} at {q}");
                assert!(cdf(q) >= share && cdf(q - 1.0) < share, "{law:?} at {q}");
            } else {
                let h = 1e-4 * law_scale(&law);
                let slope = (8.0 * (cdf(q + h) - cdf(q - h)) - (cdf(q + 2.0 * h) - cdf(q - 2.0 * h))) / (12.0 * h);
                assert!((slope / density - 1.0).abs() < 1e-6, "{law:?} at {q}: {slope}, not {density}");
                assert!((cdf(q) - share).abs() < 1e-12, "{law:?} at {q}");
            }
        }
        // Outside there is no density, below it no probability, above it all.
        for (end, side, below) in [(support.lower, -1.0, 0.0), (support.upper, 1.0, 1.0)] {
            if end.is_finite() {
                let x = vector(&[end + side]);
                assert_eq!(numbers(&law.log_prob(&x).unwrap())[0], f64::NEG_INFINITY, "{law:?}");
                assert_eq!(numbers(&law.cdf(&x).unwrap())[0], below, "{law:?}");
                assert_eq!(numbers(&law.survival(&x).unwrap())[0], 1.0 - below, "{law:?}");
            }
        }
        assert!(numbers(&law.log_prob(&vector(&[f64::NAN])).unwrap())[0].is_nan(), "{law:?}");
        moments(&law);
    }
}

/// The distance between the quartiles.
fn law_scale(law: &Law) -> f64 {
    let q = numbers(&law.quantile(&vector(&[0.25, 0.75])).unwrap());
    q[1] - q[0]
}

/// Mean and variance as sums over quantiles at the middles of equal shares, or over all counts.
fn moments(law: &Law) {
    let (mean, variance) = (law.mean(), law.variance());
    if law.name() == "von_mises" {
        // I1(2) / I0(2), from mpmath.
        assert!((variance - (1.0 - 0.697_774_657_964_008)).abs() < 1e-14 && mean == 0.7, "{variance}");
        return;
    }
    if law.name() == "cauchy" {
        assert!(mean.is_nan() && variance.is_nan());
        return;
    }
    if !mean.is_finite() {
        assert!(law.name() == "half_cauchy" && mean == f64::INFINITY && variance == f64::INFINITY);
        return;
    }
    let values = if law.support().integer {
        let counts: Vec<f64> = (0..400).map(f64::from).collect();
        let p = numbers(&law.log_prob(&vector(&counts)).unwrap());
        counts.into_iter().zip(p).map(|(k, p)| (k, p.exp())).collect::<Vec<_>>()
    } else {
        let n = 100_000;
        let shares: Vec<f64> = (0..n).map(|i| (f64::from(i) + 0.5) / f64::from(n)).collect();
        numbers(&law.quantile(&vector(&shares)).unwrap()).into_iter().map(|q| (q, 1.0 / f64::from(n))).collect()
    };
    let first: f64 = values.iter().map(|(x, p)| x * p).sum();
    assert!(
        (first - mean).abs() < 2e-3 * variance.sqrt().min(10.0 * law_scale(law)).max(0.1),
        "{law:?}: {first}, not {mean}"
    );
    // A tail of power 3 or so leaves a share of its variance beyond the last of the shares.
    let heavy = ["inverse_gamma", "f", "burr12", "pareto", "student_t", "log_logistic"].contains(&law.name());
    if variance.is_finite() {
        let second: f64 = values.iter().map(|(x, p)| (x - mean).powi(2) * p).sum();
        let error = if heavy { 0.35 } else { 2e-3 };
        assert!((second / variance - 1.0).abs() < error, "{law:?}: {second}, not {variance}");
    }
}

/// The log-likelihood of rows that are what `of` makes of each, from the law's public functions.
fn total(name: &str, parameters: &[f64], of: &dyn Fn(&Law) -> Vec<f64>) -> f64 {
    match family(name).with(parameters) {
        Ok(law) => of(&law).iter().sum(),
        Err(_) => f64::NEG_INFINITY,
    }
}

/// The estimates beside the parameters that were given.
fn whole(name: &str, fit: &Fit) -> Vec<f64> {
    let value = |p: &mle::distribution::Parameter| fit.parameter(p.name).map_or(8.0, |e| e.estimate);
    family(name).parameters().iter().map(value).collect()
}

/// Checks that a fit's likelihood is the one recomputed here, and that nothing near is more likely.
fn is_the_largest(name: &str, how: &str, fit: &Fit, of: &dyn Fn(&Law) -> Vec<f64>) {
    let best = whole(name, fit);
    let value = total(name, &best, of);
    assert!((fit.log_likelihood - value).abs() < 1e-9 * value.abs().max(1.0), "{name} {how}: {value}\n{fit}");
    assert!(!fit.reason.is_empty() || fit.status == Status::Converged, "{fit}");
    if !fit.status.is_converged() {
        assert!(fit.parameters.iter().all(|p| p.std_error.is_some() || p.std_error_reason.is_some()), "{fit}");
        return;
    }
    for p in &fit.parameters {
        let i = family(name).parameters().iter().position(|q| q.name == p.name).unwrap();
        for step in [-1e-2, -1e-4, 1e-4, 1e-2] {
            let mut near = best.clone();
            near[i] += step * near[i].abs().max(0.1);
            let there = total(name, &near, of);
            assert!(
                there.is_nan() || there <= value + 1e-9 * value.abs(),
                "{name} {how}: {} = {} gives {there}\n{fit}",
                p.name,
                near[i]
            );
        }
        assert!(p.std_error.is_some_and(|se| se > 0.0) || p.std_error_reason.is_some(), "{name} {how}\n{fit}");
    }
}

fn fitting(name: &str) -> mle::distribution::Fitting {
    let fitting = family(name).fitting();
    if name == "binomial" { fitting.fix("size", 8.0) } else { fitting }
}

fn middle(x: &[f64], share: f64) -> f64 {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(share * (x.len() - 1) as f64) as usize]
}

#[test]
fn plain_and_weighted_fits() {
    for (name, parameters) in FAMILIES {
        let x = draws(name, parameters);
        let plain = fitting(name).fit(&vector(&x)).unwrap();
        println!("{name}: {}, {}", plain.status, plain.method);
        is_the_largest(name, "plain", &plain, &|law| numbers(&law.log_prob(&vector(&x)).unwrap()));
        assert!(plain.status.is_converged(), "{plain}");
        // A weight is so many rows.
        let weights: Vec<f64> = (0..x.len()).map(|i| (i % 3) as f64).collect();
        let repeated: Vec<f64> = x.iter().zip(&weights).flat_map(|(&x, &w)| vec![x; w as usize]).collect();
        let a = fitting(name).weights(&vector(&weights)).fit(&vector(&x)).unwrap();
        let b = fitting(name).fit(&vector(&repeated)).unwrap();
        assert_eq!(a.status, b.status, "{name}");
        assert!(
            (a.log_likelihood - b.log_likelihood).abs() < 1e-8 * b.log_likelihood.abs().max(1.0),
            "{name}\n{a}\n{b}"
        );
        for (a, b) in a.parameters.iter().zip(&b.parameters) {
            assert!((a.estimate - b.estimate).abs() < 1e-5 * b.estimate.abs().max(1.0), "{name}: {a:?} and {b:?}");
            assert_eq!(a.std_error.is_some(), b.std_error.is_some(), "{name}");
        }
    }
}

#[test]
fn censored_and_truncated_fits() {
    let (mut declined, mut ended) = (vec![], vec![]);
    for (name, parameters) in FAMILIES {
        let x = draws(name, parameters);
        let integer = family(name).with(parameters).unwrap().support().integer;
        let [low, high] = [0.2, 0.7].map(|share| middle(&x, share));
        let mut check = |how: &str, fit: array_api::Result<Fit>, of: &dyn Fn(&Law) -> Vec<f64>| match fit {
            Ok(fit) => {
                println!("{name} {how}: {}, {}", fit.status, fit.method);
                is_the_largest(name, how, &fit, of);
                if !fit.status.is_converged() {
                    ended.push((name, how.to_string(), fit.status));
                }
            }
            Err(e) => declined.push(format!("{name} {how}: {e}")),
        };
        let log = |x: Array| numbers(&array_api::log(x).unwrap());
        // Above a value only that it is above.
        let cut: Vec<f64> = x.iter().map(|v| v.min(high)).collect();
        let flags: Vec<bool> = x.iter().map(|v| *v > high).collect();
        let censored = Censoring::Right(xp().asarray(flags.clone()).unwrap());
        check("right-censored", fitting(name).censored(censored).fit(&vector(&cut)), &|law| {
            let (density, tail) =
                (numbers(&law.log_prob(&vector(&cut)).unwrap()), log(law.survival(&vector(&cut)).unwrap()));
            (0..x.len()).map(|i| if flags[i] { tail[i] } else { density[i] }).collect()
        });
        // Below a value only that it is at most that.
        let cut: Vec<f64> = x.iter().map(|v| v.max(low)).collect();
        let flags: Vec<bool> = x.iter().map(|v| *v < low).collect();
        let censored = Censoring::Left(xp().asarray(flags.clone()).unwrap());
        check("left-censored", fitting(name).censored(censored).fit(&vector(&cut)), &|law| {
            let (density, tail) =
                (numbers(&law.log_prob(&vector(&cut)).unwrap()), log(law.cdf(&vector(&cut)).unwrap()));
            (0..x.len()).map(|i| if flags[i] { tail[i] } else { density[i] }).collect()
        });
        // Between ends, of which the first may be the end of the support or beyond it.
        let step = if integer { 2.0 } else { 0.5 * (high - low) };
        let ends: Vec<(f64, f64)> = (x.iter().enumerate())
            .map(|(i, v)| match i % 4 {
                0 => (*v, *v),
                _ if integer => (step * (v / step).ceil() - step, step * (v / step).ceil()),
                _ => (step * (v / step).floor(), step * (v / step).floor() + step),
            })
            .collect();
        let (lower, upper): (Vec<f64>, Vec<f64>) = ends.iter().copied().unzip();
        let between = fitting(name).censored(Censoring::Interval(vector(&upper))).fit(&vector(&lower));
        check("interval-censored", between, &|law| {
            let density = numbers(&law.log_prob(&vector(&lower)).unwrap());
            let (c1, c2) = (numbers(&law.cdf(&vector(&lower)).unwrap()), numbers(&law.cdf(&vector(&upper)).unwrap()));
            (0..x.len()).map(|i| if lower[i] == upper[i] { density[i] } else { (c2[i] - c1[i]).ln() }).collect()
        });
        // Values that could be observed between limits only, which counts may take themselves.
        let (from, to) = (low.floor().max(if integer { 1.0 } else { f64::NEG_INFINITY }), high.ceil());
        let seen: Vec<f64> = x.iter().copied().filter(|v| (from..=to).contains(v)).collect();
        check("truncated", fitting(name).truncated(from, to).fit(&vector(&seen)), &|law| {
            let below = numbers(&law.cdf(&vector(&[if integer { from - 1.0 } else { from }])).unwrap())[0];
            let kept = (numbers(&law.cdf(&vector(&[to])).unwrap())[0] - below).ln();
            numbers(&law.log_prob(&vector(&seen)).unwrap()).into_iter().map(|l| l - kept).collect()
        });
    }
    for line in &declined {
        println!("{line}");
        assert!(EXPECTED.iter().any(|(start, words)| line.starts_with(start) && line.contains(words)), "{line}");
    }
    assert_eq!(declined.len(), EXPECTED.len());
    let ended: Vec<_> = ended.iter().map(|(name, how, status)| (*name, how.as_str(), *status)).collect();
    assert_eq!(ended, WITHOUT_A_MAXIMUM);
}

/// What has no maximum: cut on both sides, a t with tails of any weight fits, and its degrees of freedom run away; and where no
/// zero is ever seen, nothing says how many are too many.
const WITHOUT_A_MAXIMUM: [(&str, &str, Status); 2] =
    [("student_t", "truncated", Status::Boundary), ("zero_inflated_poisson", "truncated", Status::FlatDirection)];

/// What is declined, and words of the reason.
const EXPECTED: [(&str, &str); 1] = [("bernoulli truncated", "nothing between the truncation limits 1 and 1")];

#[test]
fn zero_truncated_counts() {
    // Counts of which zeros are never seen: the mean of what is seen is lambda / (1 - exp(-lambda)).
    let x = [1.0, 2.0, 1.0, 3.0, 2.0, 1.0, 4.0, 2.0];
    let fit = family("poisson").fitting().truncated(1.0, f64::INFINITY).fit(&vector(&x)).unwrap();
    let lambda = fit.estimates()[0];
    assert!((lambda / (-(-lambda).exp_m1()) - 2.0).abs() < 1e-9, "{fit}");
    assert_eq!(fit.status, Status::Converged);
}

#[test]
fn intervals_that_begin_where_the_support_does() {
    // Grouped lifetimes: the first group begins at 0 and is a lower tail, the last one is an upper tail.
    let (lower, upper) = ([0.0, 0.0, 1.0, 1.0, 2.0, 4.0], [1.0, 1.0, 2.0, 2.0, 4.0, f64::INFINITY]);
    for name in ["exponential", "weibull", "gamma", "lognormal", "log_logistic"] {
        let fit = family(name).fitting().censored(Censoring::Interval(vector(&upper))).fit(&vector(&lower)).unwrap();
        assert_eq!(fit.status, Status::Converged, "{fit}");
        is_the_largest(name, "grouped", &fit, &|law| {
            let (c1, c2) = (numbers(&law.cdf(&vector(&lower)).unwrap()), numbers(&law.cdf(&vector(&upper)).unwrap()));
            (0..6).map(|i| (c2[i] - c1[i]).ln()).collect()
        });
        let below: Vec<f64> = lower.iter().map(|v| if *v == 0.0 { -3.0 } else { *v }).collect();
        let same = family(name).fitting().censored(Censoring::Interval(vector(&upper))).fit(&vector(&below)).unwrap();
        assert_eq!(fit.estimates(), same.estimates(), "{name}");
    }
    let refused = |name: &str, lower: &[f64], upper: &[f64]| {
        let fit = family(name).fitting().censored(Censoring::Interval(vector(upper))).fit(&vector(lower));
        fit.map(|f| f.to_string()).unwrap_err().to_string()
    };
    assert!(refused("gamma", &[0.0, 1.0], &[f64::INFINITY, 2.0]).contains("1 of 2 intervals hold the whole support"));
    assert!(refused("poisson", &[3.2, 1.0], &[3.9, 2.0]).contains("1 of 2 intervals hold no whole number"));
    assert!(refused("poisson", &[3.5, 1.0], &[3.5, 2.0]).contains("not whole numbers"));
}
