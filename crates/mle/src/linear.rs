//! Linear least squares to nearly the precision of the data: QR of scaled columns, refined with residuals in twice the
//! precision.

mod residuals;

pub use residuals::Residuals;

use array_api::{Array, Error, Namespace, Result, index, matmul, matrix_transpose, multiply, qr, stack, subtract};

use crate::columns;
use crate::doubled::Doubled;
use crate::fit::{Fit, Shape, StandardErrors, blank};
use crate::matrix::{self, Matrix};
use crate::nonlinear::check_level;
use crate::status::Status;

/// Linear regression with normal errors of one variance.
///
/// ```
/// use mle::linear::Linear;
/// # let xp = array_ndarray::namespace();
/// let x = xp.asarray([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 4.0]])?;
/// let y = xp.asarray([2.0, 4.1, 5.9, 8.0])?;
/// let fit = Linear::new(&["(Intercept)", "x"]).fit(&x, &y)?;
/// assert!((fit.parameter("x").unwrap().estimate - 1.98).abs() < 1e-12);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Linear {
    names: Vec<String>,
    weights: Option<Array>,
    level: f64,
}

/// Refinement ends here at the latest; on the hardest data of NIST it takes four steps.
const REFINEMENTS: usize = 12;

impl Linear {
    /// A regression on as many columns as names.
    pub fn new(names: &[&str]) -> Linear {
        Linear { names: names.iter().map(|n| n.to_string()).collect(), weights: None, level: 0.95 }
    }

    /// Weights: a row's error variance is the common one divided by its weight.
    pub fn weights(mut self, weights: &Array) -> Linear {
        self.weights = Some(weights.clone());
        self
    }

    /// The level of the intervals, 0.95 if not given.
    pub fn level(mut self, level: f64) -> Linear {
        self.level = level;
        self
    }

    /// Fits the coefficients of `x`, shape `(rows, columns)`, to `y`, shape `(rows,)`.
    ///
    /// Collinear columns are no error: the status is [`Status::FlatDirection`], its reason names the columns, and the
    /// estimates are absent as numbers.
    ///
    /// # Errors
    /// For shapes that do not fit, values that are not finite, fewer rows than columns, a level outside 0 to 1.
    pub fn fit(&self, x: &Array, y: &Array) -> Result<Fit> {
        check_level(self.level)?;
        let (x, y, log_weights) = self.checked(x, y)?;
        let (n, p) = (y.size()? as f64, self.names.len());
        let model = format!("linear regression on {}", self.names.join(" + "));
        let factors = Factors::of(&x)?;
        let dependent = factors.dependent()?;
        if !dependent.is_empty() {
            let mut fit = blank(&model, "QR", &self.names, &vec![f64::NAN; p]);
            fit.observations = n;
            fit.status = Status::FlatDirection;
            let named: Vec<&str> = dependent.iter().map(|&j| self.names[j].as_str()).collect();
            fit.reason = format!("the columns {} are linearly dependent; leave one of them out", named.join(", "));
            return Ok(fit.without_covariance("the columns are linearly dependent").with_criteria());
        }
        let solution = factors.solve(&x, &y)?;
        let rss = solution.rss;
        let mut fit = blank(&model, "QR with refinement", &self.names, &solution.coefficients);
        fit.iterations = solution.refinements;
        fit.observations = n;
        fit.free_parameters = p + 1;
        fit.log_likelihood = -0.5 * n * ((2.0 * std::f64::consts::PI * rss / n).ln() + 1.0) + 0.5 * log_weights;
        let information = factors.information();
        let shape = Shape::of(&information)?;
        fit.hessian_eigenvalues = shape.eigenvalues.iter().map(|e| e * n / rss).collect();
        let (inverse, condition) = factors.inverse()?;
        fit.condition_number = Some(condition);
        let fit = fit.with_criteria();
        let freedom = n - p as f64;
        if freedom <= 0.0 {
            let reason = "there are as many columns as rows, so nothing is left to see the errors by";
            return Ok(fit.without_covariance(reason));
        }
        let covariance = Matrix::from_fn(p, p, |i, j| inverse[(i, j)] * (rss / freedom));
        let mut fit = fit.with_covariance(&covariance, StandardErrors::LeastSquares);
        fit.statistic_degrees = Some(freedom);
        if rss == 0.0 {
            fit.reason = "the fit is exact: the likelihood has no bound in the variance".into();
        }
        fit.with_wald_intervals(&x.namespace(), self.level)
    }

    /// The data as `float64`, multiplied by the roots of the weights, whose logarithms' sum is given too.
    fn checked(&self, x: &Array, y: &Array) -> Result<(Array, Array, f64)> {
        let y = columns::real("y", y)?;
        let rows = y.size()?;
        let p = self.names.len();
        if x.ndim() != 2 || x.shape()? != [rows, p] || p == 0 {
            let message = format!("x has shape {}, but y and the names ask for ({rows}, {p})", x.dims());
            return Err(Error::shape("linear regression", message));
        }
        for (j, name) in self.names.iter().enumerate() {
            columns::real(name, &x.at(index![.., j as isize])?)?;
        }
        if rows < p {
            return Err(Error::value("linear regression", format!("{rows} rows cannot determine {p} coefficients")));
        }
        let x = array_api::astype(x, array_api::DType::Float64)?;
        let Some(weights) = &self.weights else { return Ok((x, y, 0.0)) };
        let weights = columns::weights(weights, rows)?;
        if columns::count(&array_api::equal(&weights, 0.0)?)? > 0 {
            return Err(Error::value("linear regression", "a weight is zero; leave that row out instead"));
        }
        let root = array_api::sqrt(&weights)?;
        let log = array_api::log(weights)?.sum(..)?.item::<f64>()?;
        Ok((multiply(x, root.expand_dims(-1)?)?, multiply(y, root)?, log))
    }
}

/// `X = Q R diag(scale)`; the scales are powers of two, so that they round nothing.
struct Factors {
    q: Array,
    r: Matrix,
    scale: Vec<f64>,
    xp: Namespace,
}

struct Solution {
    coefficients: Vec<f64>,
    rss: f64,
    refinements: usize,
}

impl Factors {
    fn of(x: &Array) -> Result<Factors> {
        let xp = x.namespace();
        let largest = array_api::max(array_api::abs(x)?, 0)?.to_vec::<f64>()?;
        let power = |m: f64| if m > 0.0 { libm::exp2(m.log2().round()) } else { 1.0 };
        let bound: Vec<f64> = largest.into_iter().map(power).collect();
        let unit = array_api::divide(x, xp.asarray(&bound)?)?;
        let lengths = array_api::sqrt(array_api::square(&unit)?.sum(0)?)?.to_vec::<f64>()?;
        let scale: Vec<f64> = bound.iter().zip(lengths).map(|(b, l)| b * power(l)).collect();
        let factors = qr(array_api::divide(x, xp.asarray(&scale)?)?, ..)?;
        Ok(Factors { q: factors.q, r: matrix::read(&factors.r)?, scale, xp })
    }

    /// The columns that the smallest singular vector is made of, where its value is rounding.
    fn dependent(&self) -> Result<Vec<usize>> {
        let svd = matrix::singular_values(&self.r)?;
        let p = self.scale.len();
        // Columns of powers have condition 1e15 when they are not centred, and NIST certifies them; only what lies below
        // the rounding of the columns themselves is dependence.
        if svd.s[p - 1] > 4.0 * f64::EPSILON * svd.s[0] {
            return Ok(vec![]);
        }
        let largest = (0..p).map(|j| svd.v[(j, p - 1)].abs()).fold(0.0, f64::max);
        Ok((0..p).filter(|&j| svd.v[(j, p - 1)].abs() > 1e-3 * largest).collect())
    }

    /// `X^T X`.
    fn information(&self) -> Matrix {
        let p = self.scale.len();
        let entry = |i, j| (0..p).map(|k| self.r[(k, i)] * self.r[(k, j)]).sum::<f64>();
        Matrix::from_fn(p, p, |i, j| entry(i, j) * self.scale[i] * self.scale[j])
    }

    /// `(X^T X)^-1`, and the condition number of `X^T X` with scaled columns.
    fn inverse(&self) -> Result<(Matrix, f64)> {
        let p = self.scale.len();
        let svd = matrix::singular_values(&self.r)?;
        let identity = Matrix::identity(p, p);
        let columns: Vec<Vec<f64>> =
            (0..p).map(|j| self.back_substitute((0..p).map(|i| identity[(i, j)]).collect())).collect();
        // Rows of R^-1 times each other: no square of the condition number enters.
        let entry = |i: usize, j: usize| (0..p).map(|k| columns[k][i] * columns[k][j]).sum::<f64>();
        let inverse = Matrix::from_fn(p, p, |i, j| entry(i, j) / self.scale[i] / self.scale[j]);
        Ok((inverse, (svd.s[0] / svd.s[p - 1]).powi(2)))
    }

    /// `R^-1 b`.
    fn back_substitute(&self, mut b: Vec<f64>) -> Vec<f64> {
        for i in (0..b.len()).rev() {
            let rest: f64 = (i + 1..b.len()).map(|j| self.r[(i, j)] * b[j]).sum();
            b[i] = (b[i] - rest) / self.r[(i, i)];
        }
        b
    }

    /// `R^-T b`.
    fn forward_substitute(&self, mut b: Vec<f64>) -> Vec<f64> {
        for i in 0..b.len() {
            let rest: f64 = (0..i).map(|j| self.r[(j, i)] * b[j]).sum();
            b[i] = (b[i] - rest) / self.r[(i, i)];
        }
        b
    }

    /// Björck's refinement of the augmented system `[I X; X^T 0] [r; b] = [y; 0]`, whose residuals are computed in twice the
    /// precision ("Iterative refinement of linear least squares solutions I", BIT 7, 1967).
    fn solve(&self, x: &Array, y: &Array) -> Result<Solution> {
        let p = self.scale.len();
        let unit = array_api::divide(x, self.xp.asarray(&self.scale)?)?;
        let qt = matrix_transpose(&self.q)?;
        let columns = (0..p).map(|j| unit.at(index![.., j as isize])).collect::<Result<Vec<_>>>()?;
        // Coefficients in twice the precision too: the correction of one round is the rounding of the one before.
        let mut high = vec![0.0; p];
        let mut low = vec![0.0; p];
        let mut residuals = array_api::zeros_like(y, ..)?;
        let mut before = f64::INFINITY;
        let mut refinements = 0;
        for round in 0..REFINEMENTS {
            let (f, g) = self.defects(&columns, y, &residuals, &high, &low)?;
            let h = self.forward_substitute(g);
            let e = matmul(&qt, &f)?;
            let right: Vec<f64> = e.to_vec::<f64>()?.iter().zip(&h).map(|(e, h)| e - h).collect();
            let change = self.back_substitute(right);
            let relative = change.iter().zip(&high).map(|(d, b)| if *d == 0.0 { 0.0 } else { (d / b).abs() });
            let relative = relative.fold(0.0, f64::max);
            // Where corrections stop shrinking, they are rounding.
            if round > 1 && (relative.is_nan() || relative >= 0.5 * before) {
                break;
            }
            let inner = subtract(self.xp.asarray(&h)?, e)?;
            residuals = (residuals + f + matmul(&self.q, inner)?).ok()?;
            for j in 0..p {
                let sum = high[j] + (low[j] + change[j]);
                low[j] = (high[j] - sum) + (low[j] + change[j]);
                high[j] = sum;
            }
            refinements = round;
            before = relative;
            if relative < 1e-20 {
                break;
            }
        }
        let squares = Doubled::product(&residuals, &residuals)?.sum()?.rounded()?.item::<f64>()?;
        let size = array_api::vecdot(y, y, ..)?.item::<f64>()?;
        // An exact fit: what is left is below the rounding of the response.
        let rss = if squares <= (f64::EPSILON * f64::EPSILON) * size { 0.0 } else { squares };
        let coefficients = high.iter().zip(&self.scale).map(|(b, s)| b / s).collect();
        Ok(Solution { coefficients, rss, refinements })
    }

    /// `y - r - X b` and `-X^T r`.
    fn defects(
        &self,
        columns: &[Array],
        y: &Array,
        residuals: &Array,
        high: &[f64],
        low: &[f64],
    ) -> Result<(Array, Vec<f64>)> {
        let mut f = Doubled::of(y)?.plus(&Doubled::of(residuals)?.negated()?)?;
        let mut products = vec![];
        for (j, column) in columns.iter().enumerate() {
            for b in [high[j], low[j]] {
                if b != 0.0 {
                    f = f.plus(&Doubled::product(column, &self.xp.asarray(-b)?)?)?;
                }
            }
            products.push(Doubled::product(column, residuals)?);
        }
        let highs = stack(products.iter().map(|p| p.high.clone()).collect::<Vec<_>>(), -1)?;
        let lows = stack(products.iter().map(|p| p.low.clone()).collect::<Vec<_>>(), -1)?;
        let g = Doubled { high: highs, low: lows }.sum()?.negated()?.rounded()?;
        Ok((f.rounded()?, g.to_vec()?))
    }
}

/// The powers of a column side by side, shape `(rows, powers)`: the design of a polynomial.
///
/// # Errors
/// Of the operations.
pub fn powers(x: &Array, exponents: &[usize]) -> Result<Array> {
    let mut columns = vec![];
    for &exponent in exponents {
        let mut column = array_api::ones_like(x, ..)?;
        for _ in 0..exponent {
            column = multiply(column, x)?;
        }
        columns.push(column);
    }
    stack(columns, -1)
}
