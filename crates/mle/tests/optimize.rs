//! Optimisers on the problems of Moré, Garbow and Hillstrom, "Testing unconstrained optimization software" (1981).

use array_api::{Array, Result};
use mle::differentiate::{Differentiable, FiniteDifferences, Objective};
use mle::optimize::{Limits, Stop, bfgs, lbfgs, nelder_mead, newton};

fn part(x: &Array, i: isize) -> Result<Array> {
    x.at(i)
}

/// Problem 1, minimum 0 at (1, 1).
fn rosenbrock(x: &Array) -> Result<Array> {
    let (a, b) = (part(x, 0)?, part(x, 1)?);
    ((1.0 - &a).ok()?.square()? + 100.0 * (b - a.square()?).ok()?.square()?).ok()
}

/// Problem 5, minimum 0 at (3, 0.5).
fn beale(x: &Array) -> Result<Array> {
    let (a, b) = (part(x, 0)?, part(x, 1)?);
    let term = |y: f64, i: i32| (y - &a * (1.0 - b.pow(i)?)).ok()?.square();
    (term(1.5, 1)? + term(2.25, 2)? + term(2.625, 3)?).ok()
}

/// Problem 13, minimum 0 at the origin, where the Hessian is singular.
fn powell(x: &Array) -> Result<Array> {
    let [a, b, c, d] = [part(x, 0)?, part(x, 1)?, part(x, 2)?, part(x, 3)?];
    let squares = (&a + 10.0 * &b).ok()?.square()? + 5.0 * (&c - &d).ok()?.square()?;
    (squares + (b - 2.0 * c).ok()?.pow(4)? + 10.0 * (a - d).ok()?.pow(4)?).ok()
}

#[test]
fn every_method_finds_the_minima() {
    let xp = array_ndarray::namespace();
    let limits = Limits { iterations: 2000, ..Limits::default() };
    for (name, f, start, minimum, near) in [
        ("rosenbrock", rosenbrock as fn(&Array) -> Result<Array>, vec![-1.2, 1.0], vec![1.0, 1.0], 1e-6),
        ("beale", beale, vec![1.0, 1.0], vec![3.0, 0.5], 1e-6),
        ("powell", powell, vec![3.0, -1.0, 0.0, 1.0], vec![0.0; 4], 2e-2),
    ] {
        let exact = Differentiable::new(&xp, f);
        let differences = FiniteDifferences::new(&xp, f);
        let ends = [
            ("newton", newton(&exact, &start, limits).unwrap().0),
            ("newton by differences", newton(&differences, &start, limits).unwrap().0),
            ("bfgs", bfgs(&exact, &start, limits).unwrap()),
            ("simplex", nelder_mead(|x| exact.value(x), &start, limits).unwrap()),
        ];
        for (method, end) in ends {
            println!("{name}, {method}: {:?} after {}, {:?}", end.stop, end.iterations, end.point);
            let far = end.point.iter().zip(&minimum).map(|(x, m)| (x - m).abs()).fold(0.0, f64::max);
            assert!(far < near, "{name}, {method}: {:?} at {:?}", end.stop, end.point);
        }
    }
}

#[test]
fn bounds_hold_and_impossible_ones_are_refused() {
    let xp = array_ndarray::namespace();
    let f = Differentiable::new(&xp, rosenbrock);
    let end = lbfgs(&f, &[-1.2, 1.0], &[(-2.0, 0.5), (-2.0, 2.0)], Limits::default()).unwrap();
    assert_eq!(end.stop, Stop::Converged);
    assert!((end.point[0] - 0.5).abs() < 1e-12 && (end.point[1] - 0.25).abs() < 1e-6, "{:?}", end.point);
    let error = lbfgs(&f, &[0.0, 0.0], &[(1.0, -1.0), (0.0, 1.0)], Limits::default()).unwrap_err();
    assert!(error.to_string().contains("between 1 and -1"));
}

#[test]
fn a_function_that_is_not_defined_at_the_start_is_told() {
    let xp = array_ndarray::namespace();
    let f = Differentiable::new(&xp, |x: &Array| x.log()?.sum(..));
    let (end, _) = newton(&f, &[-1.0], Limits::default()).unwrap();
    assert_eq!(end.stop, Stop::Undefined);
}
