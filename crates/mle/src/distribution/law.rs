//! A distribution with its parameters.

use array_api::{
    Array, DType, Error, Result, astype, equal, exp, floor, greater, greater_equal, less, less_equal, logical_and,
    logical_not, logical_or, where_,
};

use super::family::{Family, Support};

/// A distribution whose parameters are numbers; made by [`Distribution::with`](super::Distribution::with).
#[derive(Clone)]
pub struct Law {
    family: &'static Family,
    parameters: Vec<f64>,
    location: f64,
}

impl Law {
    pub(crate) fn new(family: &'static Family, parameters: &[f64]) -> Result<Law> {
        if parameters.len() != family.parameters.len() {
            let message = format!(
                "{} takes {} parameters, not {}",
                family.signature(),
                family.parameters.len(),
                parameters.len()
            );
            return Err(Error::value("distribution", message));
        }
        for (p, &value) in family.parameters.iter().zip(parameters) {
            if !p.range.contains(value) {
                let message = format!("{} is {value}, but must lie in {}", p.name, p.range);
                return Err(Error::value(family.name, message));
            }
        }
        let law = Law { family, parameters: parameters.to_vec(), location: 0.0 };
        let Support { lower, upper, .. } = law.support();
        match lower < upper {
            true => Ok(law),
            false => Err(Error::value(family.name, format!("there are no numbers between {lower} and {upper}"))),
        }
    }

    /// The same law moved: for the families on the positive numbers whose location a fit may free.
    ///
    /// # Errors
    /// For other families, and a location that is not finite.
    ///
    /// ```
    /// use mle::distribution::Distribution;
    /// let law = Distribution::named("gamma")?.with(&[2.0, 1.0])?.at(10.0)?;
    /// assert_eq!((law.mean(), law.support().lower), (12.0, 10.0));
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn at(&self, location: f64) -> Result<Law> {
        super::location::check(self.family)?;
        match location.is_finite() {
            true => Ok(Law { location, ..self.clone() }),
            false => Err(Error::value(self.family.name, format!("the location is {location}"))),
        }
    }

    /// Where the law begins beside its parameters: 0 unless it was moved.
    pub fn location(&self) -> f64 {
        self.location
    }

    /// The values less the location.
    fn real(&self, x: &Array) -> Result<Array> {
        let x = real(x)?;
        if self.location == 0.0 { Ok(x) } else { array_api::subtract(x, self.location) }
    }

    /// What stands at the location, where it belongs.
    fn moved(&self, x: Array) -> Result<Array> {
        if self.location == 0.0 { Ok(x) } else { array_api::add(x, self.location) }
    }

    /// The family's name.
    pub fn name(&self) -> &'static str {
        self.family.name
    }

    /// The parameters.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The values that it takes.
    pub fn support(&self) -> Support {
        let own = self.own_support();
        Support { lower: own.lower + self.location, upper: own.upper + self.location, ..own }
    }

    /// The support before the law was moved.
    fn own_support(&self) -> Support {
        (self.family.support)(&self.parameters)
    }

    /// The expectation; not a number where there is none. A von Mises law's is the mean direction.
    pub fn mean(&self) -> f64 {
        (self.family.mean)(&self.parameters) + self.location
    }

    /// The variance; not a number where there is none. A von Mises law's is circular, one less the mean resultant length.
    pub fn variance(&self) -> f64 {
        (self.family.variance)(&self.parameters)
    }

    fn arrays(&self, x: &Array) -> Result<Vec<Array>> {
        let xp = x.namespace();
        self.parameters.iter().map(|&p| xp.asarray(p)).collect()
    }

    /// The values where they are inside the support, and a value of the support elsewhere, whose result is not used.
    fn inside(&self, x: &Array) -> Result<(Array, Array)> {
        let Support { lower, upper, closed, integer } = self.own_support();
        let (low, high) = match closed {
            true => (greater_equal(x, lower)?, less_equal(x, upper)?),
            false => (greater(x, lower)?, less(x, upper)?),
        };
        let mut inside = logical_and(logical_and(low, high)?, array_api::isfinite(x)?)?;
        if integer {
            inside = logical_and(inside, equal(x, floor(x)?)?)?;
        }
        let middle = match (lower.is_finite(), upper.is_finite()) {
            (true, true) => 0.5 * (lower + upper),
            (true, false) => lower + 1.0,
            (false, true) => upper - 1.0,
            (false, false) => 0.0,
        };
        let middle = if integer { middle.floor() } else { middle };
        Ok((where_(&inside, x, middle)?, inside))
    }

    /// The logarithm of the density, or of the probability for counts; minus infinity outside the support, not a number
    /// where `x` is not.
    ///
    /// # Errors
    /// Of the operations.
    pub fn log_prob(&self, x: &Array) -> Result<Array> {
        let x = self.real(x)?;
        let (used, inside) = self.inside(&x)?;
        let value = (self.family.log_prob)(&used, &self.arrays(&x)?)?;
        let outside = where_(array_api::isnan(&x)?, f64::NAN, f64::NEG_INFINITY)?;
        where_(inside, value, outside)
    }

    /// The same for values that are known to be inside: what a prior adds.
    pub(crate) fn log_density(&self, x: &Array) -> Result<Array> {
        let x = self.real(x)?;
        (self.family.log_prob)(&x, &self.arrays(&x)?)
    }

    /// The probability of values up to `x`.
    ///
    /// # Errors
    /// Of the operations.
    pub fn cdf(&self, x: &Array) -> Result<Array> {
        self.tail(&self.real(x)?, self.family.log_cdf, [0.0, 1.0])
    }

    /// The probability of values above `x`, without the cancellation of one less the [`cdf`](Law::cdf).
    ///
    /// # Errors
    /// Of the operations.
    pub fn survival(&self, x: &Array) -> Result<Array> {
        self.tail(&self.real(x)?, self.family.log_survival, [1.0, 0.0])
    }

    fn tail(&self, x: &Array, log: super::family::Of, [below, above]: [f64; 2]) -> Result<Array> {
        let Support { lower, upper, integer, .. } = self.own_support();
        let x = if integer { floor(x)? } else { x.clone() };
        let (used, inside) = self.inside(&x)?;
        let value = exp(log(&used, &self.arrays(&x)?)?)?;
        let low = if integer { less(&x, lower)? } else { less_equal(&x, lower)? };
        let outside = where_(low, below, where_(greater_equal(&x, upper)?, above, f64::NAN)?)?;
        let inside = logical_and(inside, logical_not(less(&x, lower)?)?)?;
        where_(inside, value, outside)
    }

    /// The value that is exceeded with probability `1 - p`; for counts the smallest that is reached with probability `p`.
    /// Not a number for `p` outside 0 to 1.
    ///
    /// Forms of their own where families have one, otherwise bisection of the distribution function to the last digit.
    ///
    /// # Errors
    /// Of the operations.
    pub fn quantile(&self, p: &Array) -> Result<Array> {
        let p = real(p)?;
        let Support { lower, upper, integer, .. } = self.own_support();
        let proper = logical_and(greater(&p, 0.0)?, less(&p, 1.0)?)?;
        let used = where_(&proper, &p, 0.5)?;
        let value = match self.family.quantile {
            Some(quantile) => quantile(&used, &self.arrays(&p)?)?,
            None => bisect(self.own_support(), &|x| self.tail(x, self.family.log_cdf, [0.0, 1.0]), &used)?,
        };
        let lower = if integer { lower.max(0.0) } else { lower };
        let ends = where_(equal(&p, 0.0)?, lower, where_(equal(&p, 1.0)?, upper, f64::NAN)?)?;
        self.moved(where_(proper, value, ends)?)
    }

    /// Independent draws, a pure function of the key: the protocol's own draws for what is made of normal, gamma and
    /// Poisson variables, and quantiles of uniform numbers for the others.
    ///
    /// # Errors
    /// Of the operations.
    ///
    /// ```
    /// use mle::distribution::Distribution;
    /// # let xp = array_ndarray::namespace();
    /// let law = Distribution::named("weibull")?.with(&[1.5, 2.0])?;
    /// let draws = law.sample(&xp.key(7)?, 1000)?;
    /// assert!((draws.mean(..)?.item::<f64>()? - law.mean()).abs() < 0.2);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn sample(&self, key: &Array, count: usize) -> Result<Array> {
        match self.location == 0.0 {
            true => self.draws(key, count),
            false => self.moved(Law { location: 0.0, ..self.clone() }.draws(key, count)?),
        }
    }

    /// Draws before the law is moved.
    fn draws(&self, key: &Array, count: usize) -> Result<Array> {
        let xp = key.namespace();
        let [a, b] = [self.parameters[0], self.parameters.get(1).copied().unwrap_or(0.0)];
        let keys = array_api::split(key, 2)?;
        let [first, second] = [keys.at(0_isize)?, keys.at(1_isize)?];
        let gamma = |key: &Array, shape: f64, scale: f64| {
            xp.gamma(key, array_api::Gamma::default().shape(count).alpha(shape).scale(scale))
        };
        match self.family.name {
            "normal" => return (xp.normal(key, count)? * b + a).ok(),
            "lognormal" => return exp((xp.normal(key, count)? * b + a).ok()?),
            "half_normal" => return array_api::abs((xp.normal(key, count)? * a).ok()?),
            "gamma" => return gamma(key, a, 1.0 / b),
            "inverse_gamma" => return array_api::reciprocal(gamma(key, a, 1.0 / b)?),
            "chi_squared" => return gamma(key, 0.5 * a, 2.0),
            "f" => return (gamma(&first, 0.5 * a, 2.0 / a)? / gamma(&second, 0.5 * b, 2.0 / b)?).ok(),
            "student_t" => {
                let spread = array_api::sqrt(gamma(&second, 0.5 * a, 2.0 / a)?)?;
                return (xp.normal(&first, count)? / spread * self.parameters[2] + b).ok();
            }
            "beta" => {
                let part = gamma(&first, a, 1.0)?;
                return (&part / (&part + gamma(&second, b, 1.0)?)).ok();
            }
            "poisson" => {
                let counts = xp.poisson(key, array_api::Poisson::default().shape(count).rate(a))?;
                return astype(counts, DType::Float64);
            }
            _ => {}
        }
        // Halves of the spacing keep both ends out.
        let u = xp.uniform(key, count)?;
        let u = (u + 0.5_f64.powi(54)).ok()?;
        self.quantile(&u)
    }
}

impl std::fmt::Debug for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown: Vec<String> =
            self.family.parameters.iter().zip(&self.parameters).map(|(p, v)| format!("{} = {v}", p.name)).collect();
        write!(f, "{}({})", self.family.name, shown.join(", "))?;
        if self.location != 0.0 { write!(f, " at {}", self.location) } else { Ok(()) }
    }
}

/// The smallest numbers of the support at which a distribution function reaches `p`, to the last digit.
pub(super) fn bisect(support: Support, cdf: &dyn Fn(&Array) -> Result<Array>, p: &Array) -> Result<Array> {
    let Support { lower, upper, integer, .. } = support;
    let xp = p.namespace();
    let start = |end: f64| array_api::full_like(p, end);
    // Widened from 1 until the probability is inside; the numbers of an unbounded end double.
    let mut low = start(if lower.is_finite() { lower } else { -1.0 })?;
    let mut high = start(if upper.is_finite() { upper } else { lower.max(0.0) + 1.0 })?;
    for _ in 0..1030 {
        let short = less(cdf(&high)?, p)?;
        if upper.is_finite() || !array_api::any(&short, ..)?.item::<bool>()? {
            break;
        }
        high = where_(short, (&high * 2.0).ok()?, &high)?;
    }
    for _ in 0..1030 {
        let long = greater(cdf(&low)?, p)?;
        if lower.is_finite() || !array_api::any(&long, ..)?.item::<bool>()? {
            break;
        }
        low = where_(long, (&low * 2.0).ok()?, &low)?;
    }
    if integer {
        low = (low - 1.0).ok()?;
    }
    let one = xp.asarray(1.0)?;
    for _ in 0..1100 {
        let middle = (&low * 0.5 + &high * 0.5).ok()?;
        let middle = if integer { floor(middle)? } else { middle };
        let done = match integer {
            true => less_equal((&high - &low).ok()?, &one)?,
            false => logical_or(equal(&middle, &low)?, equal(&middle, &high)?)?,
        };
        if array_api::all(&done, ..)?.item::<bool>()? {
            break;
        }
        let reached = greater_equal(cdf(&middle)?, p)?;
        high = where_(logical_and(&reached, logical_not(&done)?)?, &middle, &high)?;
        low = where_(logical_or(reached, done)?, &low, middle)?;
    }
    Ok(high)
}

pub(super) fn real(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() {
        return Err(Error::dtype("distribution", format!("values are {}, not real numbers", x.dtype())));
    }
    astype(x, DType::Float64)
}
