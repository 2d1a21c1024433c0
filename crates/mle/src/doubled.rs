//! Arithmetic in twice the precision, in the protocol's functions: a number is the unevaluated sum of two.
//!
//! Sums and products without error are Knuth's and Dekker's (T. J. Dekker, "A floating-point technique for extending the
//! available precision", Numer. Math. 18, 1971); they hold on every kind whose elementwise functions round as IEEE 754 says.

use array_api::{Array, Index, Result, add, concat, multiply, negative, subtract, zeros_like};

/// An array of numbers in twice the precision: `high + low`, where `low` is below half a unit of `high`.
#[derive(Clone, Debug)]
pub(crate) struct Doubled {
    pub(crate) high: Array,
    pub(crate) low: Array,
}

impl Doubled {
    /// Single numbers, exactly.
    pub(crate) fn of(x: &Array) -> Result<Doubled> {
        Ok(Doubled { high: x.clone(), low: zeros_like(x, ..)? })
    }

    /// The exact product of two arrays of single numbers.
    pub(crate) fn product(a: &Array, b: &Array) -> Result<Doubled> {
        let high = multiply(a, b)?;
        let ((a1, a2), (b1, b2)) = (split(a)?, split(b)?);
        let low = (((&a1 * &b1 - &high) + &a1 * &b2 + &a2 * &b1) + &a2 * &b2).ok()?;
        Ok(Doubled { high, low })
    }

    /// The sum, to twice the precision.
    pub(crate) fn plus(&self, other: &Doubled) -> Result<Doubled> {
        let sum = exact_sum(&self.high, &other.high)?;
        let low = (&sum.low + &self.low + &other.low).ok()?;
        renormalized(&sum.high, &low)
    }

    pub(crate) fn negated(&self) -> Result<Doubled> {
        Ok(Doubled { high: negative(&self.high)?, low: negative(&self.low)? })
    }

    /// The sum over the first axis: halves are folded onto each other, which is the same on every kind.
    pub(crate) fn sum(&self) -> Result<Doubled> {
        let mut left = self.clone();
        loop {
            let n = left.high.shape()?[0];
            if n <= 1 {
                let first = |x: &Array| x.at(Index::At(0));
                return match n {
                    0 => Doubled::of(&left.high.sum(0)?),
                    _ => Ok(Doubled { high: first(&left.high)?, low: first(&left.low)? }),
                };
            }
            let half = (n / 2) as isize;
            let fold = |from: isize, to: isize| -> Result<Doubled> {
                Ok(Doubled { high: left.high.at(Index::from(from..to))?, low: left.low.at(Index::from(from..to))? })
            };
            let mut folded = fold(0, half)?.plus(&fold(half, 2 * half)?)?;
            if n % 2 == 1 {
                let last = fold(2 * half, n as isize)?;
                folded =
                    Doubled { high: concat([&folded.high, &last.high], 0)?, low: concat([&folded.low, &last.low], 0)? };
            }
            left = folded;
        }
    }

    /// Rounded to single numbers.
    pub(crate) fn rounded(&self) -> Result<Array> {
        add(&self.high, &self.low)
    }
}

/// `a + b` and its rounding error.
fn exact_sum(a: &Array, b: &Array) -> Result<Doubled> {
    let high = add(a, b)?;
    let part = subtract(&high, a)?;
    let low = ((a - (&high - &part)) + (b - &part)).ok()?;
    Ok(Doubled { high, low })
}

/// The same where `high` is known to be the larger one.
fn renormalized(high: &Array, low: &Array) -> Result<Doubled> {
    let sum = add(high, low)?;
    let low = (low - (&sum - high)).ok()?;
    Ok(Doubled { high: sum, low })
}

/// Halves of 26 bits.
fn split(x: &Array) -> Result<(Array, Array)> {
    let scaled = multiply(x, 134_217_729.0)?; // 2^27 + 1
    let high = (&scaled - (&scaled - x)).ok()?;
    let low = subtract(x, &high)?;
    Ok((high, low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_double_precision_loses() {
        let xp = array_ndarray::namespace();
        let x = xp.asarray([1e16, 1.0, -1e16, 1.0, 1e-3]).unwrap();
        let sum = Doubled::of(&x).unwrap().sum().unwrap().rounded().unwrap();
        assert_eq!(sum.item::<f64>().unwrap(), 2.001);
        let a = xp.asarray([1.0 + f64::EPSILON]).unwrap();
        let p = Doubled::product(&a, &a).unwrap();
        assert_eq!(p.low.to_vec::<f64>().unwrap(), [f64::EPSILON * f64::EPSILON]);
    }
}
