//! What likelihood, least squares and posterior modes have in common, as numbers.

use array_api::{Array, Namespace};
use mle::distribution::Distribution;
use mle::glm::{Family, Glm};
use mle::linear::{Linear, powers};
use mle::nonlinear::Nonlinear;
use mle::transform::Range;
use mle::{Model, Scale, Table};

fn xp() -> Namespace {
    array_ndarray::namespace()
}

fn data() -> (Array, Array) {
    let x: Vec<f64> = (0..25).map(|i| f64::from(i) / 5.0).collect();
    let y: Vec<f64> = x.iter().enumerate().map(|(i, x)| 1.0 + 0.7 * x + f64::sin(37.0 * i as f64)).collect();
    (xp().asarray(x).unwrap(), xp().asarray(y).unwrap())
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} and {b}");
}

#[test]
fn gaussian_likelihood_is_least_squares() {
    let (x, y) = data();
    let linear = Linear::new(&["a", "b"]).fit(&powers(&x, &[0, 1]).unwrap(), &y).unwrap();
    let likelihood = Model::new("line", |p| {
        let sd = p.get("sd")?;
        let z = ((&y - p.get("a")? - p.get("b")? * &x) / sd).ok()?;
        (z.square()? * -0.5 - sd.log()? - 0.5 * (2.0 * std::f64::consts::PI).ln()).ok()
    });
    let likelihood = likelihood
        .parameter("a", Range::Real, 0.0)
        .parameter("b", Range::Real, 0.0)
        .parameter("sd", Range::POSITIVE, 1.0)
        .fit(&xp())
        .unwrap();
    let columns = [("x".to_string(), x.clone()), ("y".to_string(), y.clone())].into();
    let nonlinear = Nonlinear::new("y", "a + b*x").unwrap().fit(&columns, &[("a", 0.0), ("b", 0.0)]).unwrap();
    let table = Table::new().numbers("x", x.clone()).numbers("y", y.clone());
    let glm = Glm::new("y ~ x", Family::Gaussian).unwrap().fit(&table).unwrap();
    for fit in [&likelihood, &nonlinear, &glm.fit] {
        near(fit.parameters[0].estimate, linear.parameters[0].estimate);
        near(fit.parameters[1].estimate, linear.parameters[1].estimate);
        near(fit.log_likelihood, linear.log_likelihood);
        near(fit.aic, linear.aic);
    }
    // The variance's estimate is the residual sum of squares over n.
    let (a, b) = (linear.parameters[0].estimate, linear.parameters[1].estimate);
    let residuals = (&y - a - b * &x).ok().unwrap().to_vec::<f64>().unwrap();
    let rss: f64 = residuals.iter().map(|r| r * r).sum();
    near(likelihood.parameter("sd").unwrap().estimate.powi(2), rss / 25.0);
}

#[test]
fn a_uniform_prior_changes_nothing_and_a_normal_one_is_ridge() {
    let (x, y) = data();
    let (sd, tau) = (0.8, 0.5);
    let fit = |prior: Option<&str>| {
        let likelihood = |p: &mle::Parameters<'_>| {
            let z = ((&y - p.get("b")? * &x) / sd).ok()?;
            (z.square()? * -0.5 - f64::ln(sd)).ok()
        };
        let model = Model::new("slope", likelihood);
        let model = match prior {
            None => model.parameter("b", Range::Real, 0.0),
            Some(name) => {
                let numbers = if name == "uniform" { [-10.0, 10.0] } else { [0.0, tau] };
                let law = Distribution::named(name).unwrap().with(&numbers).unwrap();
                model.parameter_with_prior("b", Range::Real, 0.0, law)
            }
        };
        model.fit(&xp()).unwrap()
    };
    let (free, uniform, normal) = (fit(None), fit(Some("uniform")), fit(Some("normal")));
    near(uniform.parameters[0].estimate, free.parameters[0].estimate);
    let sum = |a: &Array, b: &Array| array_api::vecdot(a, b, ..).unwrap().item::<f64>().unwrap();
    // Ridge on the scale of the residual sum of squares: lambda is sigma^2 / tau^2, and the prior counts once.
    near(normal.parameters[0].estimate, sum(&x, &y) / (sum(&x, &x) + sd * sd / (tau * tau)));
    assert_eq!(normal.mode_scale.as_deref(), Some("constrained"));
}

#[test]
fn conjugate_modes() {
    let counts = xp().asarray([2.0, 4.0, 3.0, 7.0]).unwrap();
    // Poisson with a gamma(a, b) prior: the mode is (a - 1 + sum) / (b + n), on the logarithm's scale (a + sum) / (b + n).
    let prior = || Distribution::named("gamma").unwrap().with(&[3.0, 2.0]).unwrap();
    let poisson = || Distribution::named("poisson").unwrap().fitting().prior("lambda", prior());
    near(poisson().fit(&counts).unwrap().estimates()[0], (3.0 - 1.0 + 16.0) / (2.0 + 4.0));
    near(poisson().mode_scale(Scale::Unconstrained).fit(&counts).unwrap().estimates()[0], (3.0 + 16.0) / (2.0 + 4.0));
    // Bernoulli with a beta(a, b) prior: (a - 1 + successes) / (a + b - 2 + n).
    let throws = xp().asarray([1.0, 0.0, 1.0, 1.0]).unwrap();
    let prior = Distribution::named("beta").unwrap().with(&[2.0, 5.0]).unwrap();
    let fit = Distribution::named("bernoulli").unwrap().fitting().prior("prob", prior).fit(&throws).unwrap();
    near(fit.estimates()[0], (2.0 - 1.0 + 3.0) / (2.0 + 5.0 - 2.0 + 4.0));
}

#[test]
fn the_nearest_law_in_divergence_is_the_most_likely() {
    // KL(p || p_theta) on the data's own frequencies differs from minus the mean log-likelihood by the entropy only.
    let counts = [0.0, 1.0, 1.0, 2.0, 3.0, 1.0, 5.0];
    let fit = Distribution::named("geometric").unwrap().fit(&xp().asarray(counts).unwrap()).unwrap();
    let divergence = |prob: f64| -> f64 {
        let law = Distribution::named("geometric").unwrap().with(&[prob]).unwrap();
        let values = [0.0, 1.0, 2.0, 3.0, 5.0];
        let log = law.log_prob(&xp().asarray(values).unwrap()).unwrap().to_vec::<f64>().unwrap();
        let share = |v: f64| counts.iter().filter(|c| **c == v).count() as f64 / counts.len() as f64;
        values.iter().zip(log).map(|(v, l)| share(*v) * (share(*v).ln() - l)).sum()
    };
    let best = fit.estimates()[0];
    let grid: Vec<f64> = (1..1000).map(|i| f64::from(i) / 1000.0).collect();
    let nearest = grid.iter().copied().min_by(|a, b| divergence(*a).total_cmp(&divergence(*b))).unwrap();
    assert!((nearest - best).abs() <= 1e-3 && divergence(best) <= divergence(nearest));
}
