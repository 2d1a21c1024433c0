//! Laws of several numbers at once: multivariate normal, Dirichlet, categorical and multinomial.

use array_api::{Array, DType, Error, Result, astype, index, lgamma, log, matmul, matrix_transpose, stack, subtract};

use crate::columns;
use crate::fit::{Fit, StandardErrors, blank};
use crate::matrix::{self, Matrix};
use crate::problem::{Free, Problem, Wanted};
use crate::status::Status;
use crate::transform::Range;

/// A matrix as `float64`, shape `(rows, columns)`, every value finite.
fn table(what: &'static str, x: &Array) -> Result<(Array, usize, usize)> {
    if x.ndim() != 2 {
        return Err(Error::shape(
            what,
            format!("the data have shape {}; a row for each observation is needed", x.dims()),
        ));
    }
    let &[n, d] = x.shape()? else {
        return Err(Error::shape(what, format!("the data have shape {}", x.dims())));
    };
    if n == 0 || d == 0 {
        return Err(Error::shape(what, format!("the data have shape ({n}, {d}), so there is nothing to fit")));
    }
    for j in 0..d {
        columns::real(&format!("column {j}"), &x.at(index![.., j as isize])?)?;
    }
    Ok((astype(x, DType::Float64)?, n, d))
}

/// Fits a multivariate normal law to the rows of `x`, shape `(rows, d)`: `mean1` and so on, and the covariances `cov1,1`,
/// `cov2,1` and so on, with `n` in the denominator. Standard errors are those of the information at the maximum.
///
/// # Errors
/// For values that are not finite, and where rows lie in a plane, so that the likelihood has no bound.
///
/// ```
/// # let xp = array_ndarray::namespace();
/// let x = xp.asarray([[0.0, 1.0], [2.0, 3.0], [1.0, 5.0], [3.0, 2.0]])?;
/// let fit = mle::distribution::multivariate_normal(&x)?;
/// assert_eq!(fit.parameter("mean2").unwrap().estimate, 2.75);
/// assert!((fit.parameter("cov1,1").unwrap().estimate - 1.25).abs() < 1e-12);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn multivariate_normal(x: &Array) -> Result<Fit> {
    let (x, rows, d) = table("multivariate normal", x)?;
    let n = rows as f64;
    let means = x.mean(0)?;
    let centred = subtract(&x, &means)?;
    let products = matrix::read(&matmul(matrix_transpose(&centred)?, &centred)?)?;
    let s = Matrix::from_fn(d, d, |i, j| products[(i, j)] / n);
    if rows <= d || matrix::inverse_definite(&s).is_none() {
        let message =
            format!("the {rows} rows lie in a plane of fewer than {d} dimensions: the likelihood has no bound there");
        return Err(Error::value("multivariate normal", message));
    }
    let scale: Vec<f64> = (0..d).map(|i| s[(i, i)].sqrt()).collect();
    let unit = Matrix::from_fn(d, d, |i, j| s[(i, j)] / scale[i] / scale[j]);
    let log_determinant: f64 = matrix::eigen(&unit)?.values.iter().map(|v| v.ln()).sum::<f64>()
        + 2.0 * scale.iter().map(|s| s.ln()).sum::<f64>();
    let places: Vec<(usize, usize)> = (0..d).flat_map(|i| (0..=i).map(move |j| (i, j))).collect();
    let mut names: Vec<String> = (0..d).map(|i| format!("mean{}", i + 1)).collect();
    names.extend(places.iter().map(|(i, j)| format!("cov{},{}", i + 1, j + 1)));
    let mut estimates = means.to_vec::<f64>()?;
    estimates.extend(places.iter().map(|&(i, j)| s[(i, j)]));
    let mut fit = blank("multivariate normal", "closed form", &names, &estimates);
    fit.observations = n;
    fit.log_likelihood = -0.5 * n * (d as f64 * ((2.0 * std::f64::consts::PI).ln() + 1.0) + log_determinant);
    // Means and covariances are uncorrelated; Cov(s_ij, s_kl) is (s_ik s_jl + s_il s_jk) / n (Isserlis 1918).
    let entry = |a: usize, b: usize| match (a < d, b < d) {
        (true, true) => s[(a, b)] / n,
        (false, false) => {
            let ((i, j), (k, l)) = (places[a - d], places[b - d]);
            (s[(i, k)] * s[(j, l)] + s[(i, l)] * s[(j, k)]) / n
        }
        _ => 0.0,
    };
    let covariance = Matrix::from_fn(names.len(), names.len(), entry);
    let fit = fit.with_criteria().with_covariance(&covariance, StandardErrors::ExpectedInformation);
    fit.with_wald_intervals(&x.namespace(), 0.95)
}

/// Fits a Dirichlet law to rows of shares, shape `(rows, parts)`: the concentrations `alpha1` and so on.
///
/// # Errors
/// For fewer than two parts, shares that are not positive, rows that do not sum to 1 within 1e-8, and rows that all are the
/// same, for which the likelihood has no bound.
///
/// ```
/// # let xp = array_ndarray::namespace();
/// let x = xp.asarray([[0.2, 0.3, 0.5], [0.1, 0.4, 0.5], [0.3, 0.3, 0.4], [0.25, 0.15, 0.6]])?;
/// let fit = mle::distribution::dirichlet(&x)?;
/// assert!(fit.status.is_converged() && fit.parameter("alpha3").unwrap().estimate > 5.0);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn dirichlet(x: &Array) -> Result<Fit> {
    let (x, rows, d) = table("dirichlet", x)?;
    let wrong = |message: String| Err(Error::value("dirichlet", message));
    if d < 2 {
        return wrong(format!("{d} part is no composition; there must be two or more"));
    }
    let least = x.min(..)?.item::<f64>()?;
    if least <= 0.0 {
        return wrong(format!("a share is {least}, but all must be positive"));
    }
    let off = array_api::abs((x.sum(1)? - 1.0).ok()?)?.max(..)?.item::<f64>()?;
    if off > 1e-8 {
        return wrong(format!("the shares of a row differ from 1 in sum by {off:e}; divide each row by its sum"));
    }
    let (means, variances) = (x.mean(0)?.to_vec::<f64>()?, x.var(0)?.to_vec::<f64>()?);
    if variances.iter().all(|v| *v < f64::EPSILON * f64::EPSILON) {
        return wrong(format!(
            "all {rows} rows are the same: the likelihood grows without bound with the concentration"
        ));
    }
    // By moments: mean (1 - mean) / (concentration + 1) is the variance of each part.
    let total = means.iter().zip(&variances).map(|(m, v)| m * (1.0 - m) / v.max(f64::MIN_POSITIVE) - 1.0);
    let total = total.fold(f64::INFINITY, f64::min).clamp(0.1, 1e8);
    let logs = log(&x)?;
    let log_density = |p: &[Array]| -> Result<Array> {
        let alpha = stack(p.to_vec(), 0)?;
        let constant = (lgamma(alpha.sum(0)?)? - lgamma(&alpha)?.sum(0)?).ok()?;
        (matmul(&logs, (alpha - 1.0).ok()?)? + constant).ok()
    };
    let free = |(i, mean): (usize, &f64)| Free {
        name: format!("alpha{}", i + 1),
        range: Range::POSITIVE,
        start: mean * total,
        prior: None,
    };
    let problem = Problem {
        model: format!("dirichlet of {d} parts"),
        parameters: means.iter().enumerate().map(free).collect(),
        rows: &log_density,
        weights: None,
        total: rows as f64,
        xp: x.namespace(),
    };
    problem.solve(&Wanted::default())
}

/// Fits a categorical law to positions of categories, a vector of integers from 0 on: the probabilities `prob0` and so on.
///
/// A category that never occurs has probability 0, the end of its range, which the status says.
///
/// # Errors
/// For fewer than two categories, and positions outside of them.
///
/// ```
/// # let xp = array_ndarray::namespace();
/// let fit = mle::distribution::categorical(&xp.asarray([0_i64, 2, 1, 1])?, 3)?;
/// assert_eq!(fit.estimates(), [0.25, 0.5, 0.25]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn categorical(positions: &Array, categories: usize) -> Result<Fit> {
    if positions.ndim() != 1 || !positions.dtype().is_integer() {
        let message =
            format!("positions are {} of shape {}, not a vector of integers", positions.dtype(), positions.dims());
        return Err(Error::value("categorical", message));
    }
    let counts = array_api::bincount(positions, array_api::Bincount { length: categories })?;
    let counts = astype(counts, DType::Float64)?.to_vec::<f64>()?;
    let (inside, rows) = (counts.iter().sum::<f64>(), positions.size()? as f64);
    if inside != rows {
        let message = format!("{} of {rows} positions lie outside of the {categories} categories", rows - inside);
        return Err(Error::value("categorical", message));
    }
    probabilities(&format!("categorical of {categories}"), &counts, rows, 0.0, &positions.namespace())
}

/// Fits a multinomial law to counts, shape `(rows, categories)`: the probabilities `prob0` and so on.
///
/// # Errors
/// For counts that are negative, not whole, or all zero.
///
/// ```
/// # let xp = array_ndarray::namespace();
/// let fit = mle::distribution::multinomial(&xp.asarray([[3.0, 1.0], [2.0, 2.0]])?)?;
/// assert_eq!(fit.estimates(), [0.625, 0.375]);
/// // Four throws each, so the ways to order them count too: 4 and 6.
/// let log_likelihood = 5.0 * 0.625_f64.ln() + 3.0 * 0.375_f64.ln() + 24_f64.ln();
/// assert!((fit.log_likelihood - log_likelihood).abs() < 1e-12);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn multinomial(counts: &Array) -> Result<Fit> {
    let (x, rows, categories) = table("multinomial", counts)?;
    let broken = array_api::logical_or(array_api::less(&x, 0.0)?, array_api::not_equal(array_api::floor(&x)?, &x)?)?;
    let broken = columns::count(&broken)?;
    if broken > 0 {
        return Err(Error::value("multinomial", format!("{broken} of {} values are not counts", rows * categories)));
    }
    let ways =
        lgamma((x.sum(1)? + 1.0).ok()?)?.sum(..)?.item::<f64>()? - lgamma((&x + 1.0).ok()?)?.sum(..)?.item::<f64>()?;
    let sums = x.sum(0)?.to_vec::<f64>()?;
    probabilities(&format!("multinomial of {categories}"), &sums, rows as f64, ways, &x.namespace())
}

/// Probabilities from counts; the log-likelihood has a constant beside it.
fn probabilities(model: &str, counts: &[f64], rows: f64, constant: f64, xp: &array_api::Namespace) -> Result<Fit> {
    let k = counts.len();
    let total: f64 = counts.iter().sum();
    if k < 2 || total == 0.0 {
        let message =
            format!("{total} trials of {k} categories determine nothing; there must be some, and two categories");
        return Err(Error::value("categorical", message));
    }
    let names: Vec<String> = (0..k).map(|i| format!("prob{i}")).collect();
    let p: Vec<f64> = counts.iter().map(|c| c / total).collect();
    let mut fit = blank(model, "closed form", &names, &p);
    fit.observations = rows;
    fit.free_parameters = k - 1;
    fit.log_likelihood =
        constant + counts.iter().zip(&p).filter(|(c, _)| **c > 0.0).map(|(c, p)| c * p.ln()).sum::<f64>();
    let own = |i: usize, j: usize| if i == j { p[i] } else { 0.0 };
    let covariance = Matrix::from_fn(k, k, |i, j| (own(i, j) - p[i] * p[j]) / total);
    let fit = fit.with_criteria();
    let never: Vec<&str> = (0..k).filter(|&i| counts[i] == 0.0).map(|i| names[i].as_str()).collect();
    if never.is_empty() {
        let fit = fit.with_covariance(&covariance, StandardErrors::ExpectedInformation);
        return within(fit.with_wald_intervals(xp, 0.95)?);
    }
    let mut fit = fit.without_covariance("a category that never occurs leaves the estimate at the end of its range");
    fit.status = Status::Boundary;
    fit.reason = format!("{} never occurred: the estimate lies at the end of its range", never.join(", "));
    Ok(fit)
}

/// That a probability is zero is no question where the category occurs, and its interval ends at 0 and 1.
fn within(mut fit: Fit) -> Result<Fit> {
    for p in &mut fit.parameters {
        p.p_value = None;
        if let Some(interval) = &mut p.interval {
            (interval.lower, interval.upper) = (interval.lower.max(0.0), interval.upper.min(1.0));
        }
    }
    Ok(fit)
}
