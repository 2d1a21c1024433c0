//! Residuals of linear regression, and how much each row pulls the fit to itself.

use array_api::{Array, Error, Result, divide, matmul, multiply, sqrt, square, subtract, sum, vecdot};

use super::{Factors, Linear};
use crate::fit::Fit;
use crate::glm::standard_deviation;

/// The rows under a fitted regression, each a vector; `s^2` is the residual sum of squares, weights included, over `n - p`
/// (Cook and Weisberg, *Residuals and Influence in Regression*, 1982, chapters 2 and 3).
#[derive(Clone, Debug)]
pub struct Residuals {
    /// The response less what the regression gives.
    pub response: Array,
    /// The same times the root of the weight, over `s`: quantile residuals of the normal law with that variance.
    pub pearson: Array,
    /// The diagonal `h` of the hat matrix: from 0 to 1, their sum the number of coefficients.
    pub leverage: Array,
    /// [`pearson`](Residuals::pearson) over `sqrt(1 - h)`: of variance 1, and internally studentized. Not a number for a row
    /// of leverage 1, which is fitted exactly whatever its response.
    pub standardized: Array,
    /// The same with the `s` of the regression without the row: externally studentized, by Student's law with `n - p - 1`
    /// degrees of freedom.
    pub studentized: Array,
    /// How far all fitted values move without the row, in units of `p s^2` (Cook 1977).
    pub cooks_distance: Array,
}

impl Linear {
    /// The residuals of rows at a fit of this model to them.
    ///
    /// # Errors
    /// As [`fit`](Linear::fit), and for a fit that did not converge, is of other columns, or has no degrees of freedom left.
    ///
    /// ```
    /// use mle::linear::Linear;
    /// # let xp = array_ndarray::namespace();
    /// let x = xp.asarray([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 4.0]])?;
    /// let y = xp.asarray([2.0, 4.1, 5.9, 8.0])?;
    /// let model = Linear::new(&["(Intercept)", "x"]);
    /// let residuals = model.residuals(&x, &y, &model.fit(&x, &y)?)?;
    /// assert!((residuals.leverage.to_vec::<f64>()?[0] - 0.7).abs() < 1e-12);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn residuals(&self, x: &Array, y: &Array, fit: &Fit) -> Result<Residuals> {
        let wrong = |message: String| Err(Error::value("residuals", message));
        if !fit.parameters.iter().map(|p| &p.name).eq(&self.names) {
            let names: Vec<&str> = fit.parameters.iter().map(|p| p.name.as_str()).collect();
            return wrong(format!("the fit is of {}, the model of {}", names.join(", "), self.names.join(", ")));
        }
        if !fit.status.is_converged() {
            return wrong(format!("the fit ended with status `{}`", fit.status));
        }
        let (scaled_x, scaled_y, _) = self.checked(x, y)?;
        let freedom = scaled_y.size()? as f64 - self.names.len() as f64;
        if freedom <= 0.0 {
            return wrong("there are as many columns as rows, so nothing is left to judge a residual by".into());
        }
        let b = x.namespace().asarray(fit.estimates())?;
        let response = subtract(y, matmul(x, &b)?)?;
        let weighted = subtract(scaled_y, matmul(&scaled_x, b)?)?;
        let rss = vecdot(&weighted, &weighted, ..)?.item::<f64>()?;
        let s = (rss / freedom).sqrt();
        let pearson = (weighted / s).ok()?;
        let leverage = sum(square(Factors::of(&scaled_x)?.q)?, 1)?;
        let standardized = divide(&pearson, standard_deviation(&leverage, 1.0)?)?;
        // What is left of s^2 without the row, over s^2.
        let without = ((freedom - square(&standardized)?) / (freedom - 1.0)).ok()?;
        let studentized = divide(&standardized, sqrt(without)?)?;
        let pull = (&leverage / (1.0 - &leverage) / self.names.len() as f64).ok()?;
        let cooks_distance = multiply(square(&standardized)?, pull)?;
        Ok(Residuals { response, pearson, leverage, standardized, studentized, cooks_distance })
    }
}
