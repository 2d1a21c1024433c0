//! Ridge, lasso and elastic net: linear regression with a penalty on the size of the coefficients.
//!
//! What is minimised is `RSS / (2 n) + strength * (mixture |b|_1 + (1 - mixture) / 2 |b|_2^2)`, glmnet's and scikit-learn's
//! scale; the intercept is not penalised. Coordinate descent runs on the products of the columns, which are taken in one pass
//! over the rows (Friedman, Hastie and Tibshirani, "Regularization paths for generalized linear models via coordinate descent",
//! Journal of Statistical Software 33(1), 2010, section 2.2).

use array_api::{Array, Error, Result, divide, index, matmul, matrix_transpose, subtract, vecdot};

use crate::columns;
use crate::fit::{Fit, blank};
use crate::matrix::{self, Matrix};
use crate::status::Status;

/// A penalised linear regression.
///
/// ```
/// use mle::penalized::Penalized;
/// # let xp = array_ndarray::namespace();
/// let x = xp.asarray([[1.0, 0.2], [2.0, -0.1], [3.0, 0.1], [4.0, -0.2]])?;
/// let y = xp.asarray([2.1, 3.9, 6.2, 7.8])?;
/// let fit = Penalized::lasso(&["x", "noise"], 0.1).fit(&x, &y)?;
/// assert!(fit.status.is_converged());
/// assert_eq!(fit.parameter("noise").unwrap().estimate, 0.0);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Penalized {
    names: Vec<String>,
    strength: f64,
    mixture: f64,
    intercept: bool,
    standardized: bool,
    sweeps: usize,
}

impl Penalized {
    /// A penalty on squares only, which is a normal prior of variance `sigma^2 / (n strength)` on each coefficient.
    pub fn ridge(names: &[&str], strength: f64) -> Penalized {
        Penalized::elastic_net(names, strength, 0.0)
    }

    /// A penalty on absolute values only, which sets coefficients to zero.
    pub fn lasso(names: &[&str], strength: f64) -> Penalized {
        Penalized::elastic_net(names, strength, 1.0)
    }

    /// A mixture of both: 1 is the lasso, 0 is ridge.
    pub fn elastic_net(names: &[&str], strength: f64, mixture: f64) -> Penalized {
        Penalized {
            names: names.iter().map(|n| n.to_string()).collect(),
            strength,
            mixture,
            intercept: true,
            standardized: true,
            sweeps: 100_000,
        }
    }

    /// Penalises the coefficients of the columns as they are. If not asked for, columns are divided by their standard
    /// deviation (with `n` in the denominator) first, as glmnet does, so that units do not matter; coefficients are reported
    /// for the columns as they are in either case.
    pub fn as_given(mut self) -> Penalized {
        self.standardized = false;
        self
    }

    /// Leaves the intercept out.
    pub fn without_intercept(mut self) -> Penalized {
        self.intercept = false;
        self
    }

    /// The most sweeps over the coefficients, 100,000 if not given.
    pub fn sweeps(mut self, sweeps: usize) -> Penalized {
        self.sweeps = sweeps;
        self
    }

    /// Fits the coefficients of `x`, shape `(rows, columns)`, to `y`, shape `(rows,)`.
    ///
    /// There are no standard errors: the estimates are biased by as much as the penalty asks for. `gradient_norm` is by how much
    /// the conditions of the optimum are missed, over the smallest strength that makes all coefficients zero.
    ///
    /// # Errors
    /// For shapes that do not fit, values that are not finite, a strength that is negative, a mixture outside 0 to 1, columns
    /// that are all the same.
    pub fn fit(&self, x: &Array, y: &Array) -> Result<Fit> {
        let products = self.products(x, y)?;
        let solution = self.descend(&products, self.strength, vec![0.0; self.names.len()]);
        self.result(&products, self.strength, solution)
    }

    /// Fits for strengths that fall from the smallest that makes all coefficients zero to this share of it, each starting
    /// where the last one ended.
    ///
    /// # Errors
    /// As [`fit`](Penalized::fit), and for a share outside 0 to 1, fewer than two strengths, or ridge, which never makes a
    /// coefficient zero.
    pub fn path(&self, x: &Array, y: &Array, strengths: usize, share: f64) -> Result<Vec<(f64, Fit)>> {
        if strengths < 2 || !(share > 0.0 && share < 1.0) {
            let message =
                format!("{strengths} strengths down to a share of {share}: there must be two, and a share below 1");
            return Err(Error::value("penalized regression", message));
        }
        if self.mixture == 0.0 {
            return Err(Error::value("penalized regression", "ridge has no strength that makes all coefficients zero"));
        }
        let products = self.products(x, y)?;
        let largest = products.largest() / self.mixture;
        let mut start = vec![0.0; self.names.len()];
        let mut path = vec![];
        for i in 0..strengths {
            let strength = largest * share.powf(i as f64 / (strengths - 1) as f64);
            let solution = self.descend(&products, strength, start);
            start = solution.coefficients.clone();
            path.push((strength, self.result(&products, strength, solution)?));
        }
        Ok(path)
    }

    /// Checks the data and takes what is needed of it.
    fn products(&self, x: &Array, y: &Array) -> Result<Products> {
        let wrong = |message: String| Err(Error::value("penalized regression", message));
        if !(self.strength >= 0.0 && self.strength.is_finite()) {
            return wrong(format!("the strength is {}, but must be zero or positive", self.strength));
        }
        if !(0.0..=1.0).contains(&self.mixture) {
            return wrong(format!("the mixture is {}, but must lie between 0 (ridge) and 1 (lasso)", self.mixture));
        }
        let y = columns::real("y", y)?;
        let (rows, p) = (y.size()?, self.names.len());
        if x.ndim() != 2 || x.shape()? != [rows, p] || p == 0 {
            let message = format!("x has shape {}, but y and the names ask for ({rows}, {p})", x.dims());
            return Err(Error::shape("penalized regression", message));
        }
        for (j, name) in self.names.iter().enumerate() {
            columns::real(name, &x.at(index![.., j as isize])?)?;
        }
        let xp = y.namespace();
        let n = rows as f64;
        let mut x = array_api::astype(x, array_api::DType::Float64)?;
        let (mut centers, mut center) = (vec![0.0; p], 0.0);
        let mut centred = y.clone();
        if self.intercept {
            (centers, center) = (x.mean(0)?.to_vec::<f64>()?, y.mean(..)?.item::<f64>()?);
            (x, centred) = (subtract(x, xp.asarray(&centers)?)?, subtract(&y, center)?);
        }
        let mut scales = vec![1.0; p];
        if self.standardized {
            scales = x.std(0)?.to_vec::<f64>()?;
            if let Some(j) = (0..p).find(|&j| scales[j] == 0.0) {
                return wrong(format!("all values of `{}` are the same; leave it out", self.names[j]));
            }
            x = divide(x, xp.asarray(&scales)?)?;
        }
        let gram = matrix::read(&matmul(matrix_transpose(&x)?, &x)?)?;
        let right = matmul(&centred, &x)?.to_vec::<f64>()?;
        Ok(Products {
            rows: n,
            gram: Matrix::from_fn(p, p, |i, j| gram[(i, j)] / n),
            right: right.iter().map(|r| r / n).collect(),
            square: vecdot(&centred, &centred, ..)?.item::<f64>()? / n,
            centers,
            scales,
            center,
        })
    }

    /// Coordinate descent from a start, on the scale of the divided columns.
    fn descend(&self, products: &Products, strength: f64, mut b: Vec<f64>) -> Solution {
        let p = b.len();
        let (first, second) = (strength * self.mixture, strength * (1.0 - self.mixture));
        let gram = &products.gram;
        let mut slopes: Vec<f64> =
            (0..p).map(|j| products.right[j] - (0..p).map(|k| gram[(j, k)] * b[k]).sum::<f64>()).collect();
        let size = products.largest().max(f64::MIN_POSITIVE);
        let mut before = f64::INFINITY;
        for sweep in 0..self.sweeps {
            for j in 0..p {
                let own = gram[(j, j)];
                if own == 0.0 {
                    continue;
                }
                let pull = slopes[j] + own * b[j];
                let next = soft(pull, first) / (own + second);
                let change = next - b[j];
                if change != 0.0 {
                    b[j] = next;
                    (0..p).for_each(|k| slopes[k] -= gram[(k, j)] * change);
                }
            }
            if sweep % 100 == 99 {
                // The slopes have been updated many times; what rounding has added is taken out.
                slopes = (0..p).map(|j| products.right[j] - (0..p).map(|k| gram[(j, k)] * b[k]).sum::<f64>()).collect();
            }
            let missed = missed(&slopes, &b, first, second) / size;
            // Below this only rounding is left, which no sweep improves.
            if missed <= 1e-15 || missed <= 1e-12 && missed >= 0.5 * before {
                return Solution { coefficients: b, missed, sweeps: sweep + 1, converged: true };
            }
            before = missed;
        }
        let missed = missed(&slopes, &b, first, second) / size;
        Solution { coefficients: b, missed, sweeps: self.sweeps, converged: false }
    }

    fn result(&self, products: &Products, strength: f64, solution: Solution) -> Result<Fit> {
        let p = self.names.len();
        let scaled = &solution.coefficients;
        let mut coefficients: Vec<f64> = scaled.iter().zip(&products.scales).map(|(b, s)| b / s).collect();
        let mut names = self.names.clone();
        let left: f64 = (0..p)
            .map(|i| scaled[i] * (products.right[i] - (0..p).map(|j| products.gram[(i, j)] * scaled[j]).sum::<f64>()))
            .sum();
        let variance = (products.square - matrix::dot(scaled, &products.right) - left).max(0.0);
        let chosen = scaled.iter().filter(|b| **b != 0.0).count();
        if self.intercept {
            coefficients.insert(0, products.center - matrix::dot(&coefficients, &products.centers));
            names.insert(0, "(Intercept)".to_string());
        }
        let kind = match self.mixture {
            0.0 => "ridge".to_string(),
            1.0 => "lasso".to_string(),
            mixture => format!("elastic net of mixture {mixture}"),
        };
        let columns = if self.standardized { "standardised columns" } else { "columns as given" };
        let model = format!("{kind} of strength {strength}, {columns}");
        let mut fit = blank(&model, "coordinate descent", &names, &coefficients);
        fit.iterations = solution.sweeps;
        fit.observations = products.rows;
        fit.free_parameters = chosen + usize::from(self.intercept) + 1;
        fit.log_likelihood = -0.5 * products.rows * ((2.0 * std::f64::consts::PI * variance).ln() + 1.0);
        fit.gradient_norm = solution.missed;
        if !solution.converged {
            fit.status = Status::IterationLimit;
            fit.reason = format!("{} sweeps were not enough; allow more, or a larger strength", solution.sweeps);
        }
        let reason =
            "a penalised estimate is biased by as much as its penalty asks for; its spread says little about its error";
        Ok(fit.with_criteria().without_covariance(reason))
    }
}

/// What coordinate descent needs of the rows, over their number.
struct Products {
    rows: f64,
    gram: Matrix,
    right: Vec<f64>,
    square: f64,
    centers: Vec<f64>,
    center: f64,
    scales: Vec<f64>,
}

impl Products {
    /// The strength from which on the lasso's coefficients are all zero.
    fn largest(&self) -> f64 {
        self.right.iter().fold(0.0, |m, r| m.max(r.abs()))
    }
}

struct Solution {
    coefficients: Vec<f64>,
    missed: f64,
    sweeps: usize,
    converged: bool,
}

/// The minimum of `(b - x)^2 / 2 + t |b|`.
fn soft(x: f64, t: f64) -> f64 {
    x.signum() * (x.abs() - t).max(0.0)
}

/// The largest violation of the optimum's conditions.
fn missed(slopes: &[f64], b: &[f64], first: f64, second: f64) -> f64 {
    let one = |(g, b): (&f64, &f64)| {
        let g = g - second * b;
        if *b == 0.0 { (g.abs() - first).max(0.0) } else { (g - first * b.signum()).abs() }
    };
    slopes.iter().zip(b).map(one).fold(0.0, f64::max)
}
