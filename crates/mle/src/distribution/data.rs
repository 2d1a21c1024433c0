//! What is known of values: exactly, only that they lie beyond something, or only where they were looked for.

use array_api::{Array, Error, Result, equal, greater, isfinite, less, logical_and, logical_not, logical_or, where_};

use super::family::{Family, Support};
use super::tails::log_difference;
use crate::columns;

/// How values were observed.
#[derive(Clone, Debug, Default)]
pub enum Censoring {
    /// All exactly.
    #[default]
    None,
    /// Where the condition holds, the value is only known to be larger than the one given.
    Right(Array),
    /// Where the condition holds, the value is only known to be at most the one given.
    Left(Array),
    /// Values lie between the given one and this one, above the first and at most the second; equal ones are exact, and an end
    /// may be infinite.
    Interval(Array),
}

/// The data of a fit, checked: what each row adds to the likelihood.
pub(crate) struct Observed {
    /// The exact values, and a value inside the support in the place of the others.
    pub(crate) x: Array,
    /// The sum of the values, where all are exact.
    pub(crate) sum: Option<f64>,
    parts: Parts,
    truncation: Option<(f64, f64)>,
}

#[derive(Clone)]
enum Parts {
    Exact,
    /// Condition of being censored, and which tail is known.
    OneSided {
        censored: Array,
        right: bool,
    },
    /// Rows known up to both ends, to the lower, to the upper end, or exactly.
    Between {
        lower: Array,
        upper: Array,
        exact: Array,
        open_below: Array,
        open_above: Array,
    },
}

impl Observed {
    pub(crate) fn new(
        family: &Family,
        x: &Array,
        censoring: &Censoring,
        truncation: Option<(f64, f64)>,
    ) -> Result<Observed> {
        let condition = |c: &Array, rows: usize| -> Result<Array> {
            columns::same_length("censored", c, "the data", rows)?;
            not_equal_zero(c)
        };
        if let Some((low, high)) = truncation
            && low.partial_cmp(&high) != Some(std::cmp::Ordering::Less)
        {
            return Err(Error::value(
                "fit",
                format!("there is nothing between the truncation limits {low} and {high}"),
            ));
        }
        let mut sum = None;
        let (x, parts) = match censoring {
            Censoring::None => {
                let (x, all) = columns::summed("values", x)?;
                sum = Some(all);
                (x, Parts::Exact)
            }
            Censoring::Right(c) | Censoring::Left(c) => {
                let x = columns::real("values", x)?;
                let censored = condition(c, x.size()?)?;
                (x, Parts::OneSided { censored, right: matches!(censoring, Censoring::Right(_)) })
            }
            Censoring::Interval(upper) => between(family, x, upper)?,
        };
        Ok(Observed { x, sum, parts, truncation })
    }

    /// The same data less a location, whose likelihood a family at 0 has.
    pub(crate) fn moved(&self, location: &Array) -> Result<Observed> {
        let x = array_api::subtract(&self.x, location)?;
        Ok(Observed { x, sum: None, parts: self.parts.clone(), truncation: self.truncation })
    }

    /// Whether every value is exact, so that closed forms hold.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.parts, Parts::Exact) && self.truncation.is_none()
    }

    /// Checks that the family takes the values.
    pub(crate) fn check(&self, family: &Family, given: &[f64]) -> Result<()> {
        let Support { lower, upper, closed, integer } = match given.iter().any(|g| g.is_finite()) {
            true => (family.support)(given),
            false => family.data,
        };
        let x = &self.x;
        let rows = x.size()?;
        // The extremes first: they need no array of conditions.
        let (least, most) = match (lower.is_finite() || integer, upper.is_finite()) {
            (false, false) => (f64::INFINITY, f64::NEG_INFINITY),
            _ => (x.min(..)?.item::<f64>()?, x.max(..)?.item::<f64>()?),
        };
        let inside = match closed {
            true => least >= lower && most <= upper,
            false => least > lower && most < upper,
        };
        let count = if inside { 0 } else { self.outside(lower, upper, closed)? };
        if count > 0 {
            let (left, right) = if closed { ('[', ']') } else { ('(', ')') };
            let message = format!(
                "{count} of {rows} values, which reach from {least} to {most}, lie outside the support {left}{lower}, {upper}{right}"
            );
            return Err(Error::value(family.name, message));
        }
        if integer {
            let broken = columns::count(&array_api::not_equal(array_api::floor(x)?, x)?)?;
            if broken > 0 {
                return Err(Error::value(family.name, format!("{broken} of {rows} values are not whole numbers")));
            }
        }
        if let Some((low, high)) = self.truncation {
            let outside = columns::count(&logical_or(less(x, low)?, greater(x, high)?)?)?;
            if outside > 0 {
                let message = format!("{outside} of {rows} values lie outside the truncation limits {low} and {high}");
                return Err(Error::value(family.name, message));
            }
        }
        Ok(())
    }

    /// How many values lie outside.
    fn outside(&self, lower: f64, upper: f64, closed: bool) -> Result<i64> {
        let x = &self.x;
        columns::count(&match closed {
            true => logical_or(less(x, lower)?, greater(x, upper)?)?,
            false => logical_or(array_api::less_equal(x, lower)?, array_api::greater_equal(x, upper)?)?,
        })
    }

    /// What each row adds.
    pub(crate) fn log_likelihood(&self, family: &Family, p: &[Array]) -> Result<Array> {
        let rows = match &self.parts {
            Parts::Exact => (family.log_prob)(&self.x, p)?,
            Parts::OneSided { censored, right } => {
                let tail = if *right { family.log_survival } else { family.log_cdf };
                where_(censored, tail(&self.x, p)?, (family.log_prob)(&self.x, p)?)?
            }
            Parts::Between { lower, upper, exact, open_below, open_above } => {
                let density = (family.log_prob)(&self.x, p)?;
                let above = (family.log_survival)(lower, p)?;
                let below = (family.log_cdf)(upper, p)?;
                // Between two ends, the difference of the smaller tails.
                let (s1, s2) = (above.clone(), (family.log_survival)(upper, p)?);
                let (c1, c2) = ((family.log_cdf)(lower, p)?, below.clone());
                let in_lower_tail = less(&c2, &s1)?;
                let larger = where_(&in_lower_tail, &c2, &s1)?;
                let smaller = where_(&in_lower_tail, &c1, &s2)?;
                // Rows that are not between two ends would be log(0) here.
                let two = logical_not(logical_or(exact, logical_or(open_below, open_above)?)?)?;
                let both = log_difference(&where_(&two, larger, 0.0)?, &where_(&two, smaller, -1.0)?)?;
                where_(exact, density, where_(open_above, above, where_(open_below, below, both)?)?)?
            }
        };
        match self.truncation {
            None => Ok(rows),
            Some((low, high)) => (rows - self.kept(family, p, low, high)?).ok(),
        }
    }

    /// The logarithm of the probability of being between the truncation limits, which are themselves among the counts that
    /// could be observed.
    fn kept(&self, family: &Family, p: &[Array], low: f64, high: f64) -> Result<Array> {
        let xp = self.x.namespace();
        let Support { lower, upper, integer, .. } = family.data;
        let (low, cut_below) = match integer {
            true => (low.ceil() - 1.0, low.ceil() > lower),
            false => (low, low > lower),
        };
        match (cut_below, high < upper) {
            (false, false) => xp.asarray(0.0),
            (true, false) => (family.log_survival)(&xp.asarray(low)?, p),
            (false, true) => (family.log_cdf)(&xp.asarray(high)?, p),
            (true, true) => {
                let [low, high] = [xp.asarray(low)?, xp.asarray(high)?];
                let (c1, c2) = ((family.log_cdf)(&low, p)?, (family.log_cdf)(&high, p)?);
                let (s1, s2) = ((family.log_survival)(&low, p)?, (family.log_survival)(&high, p)?);
                let in_lower_tail = less(&c2, &s1)?;
                log_difference(&where_(&in_lower_tail, c2, s1)?, &where_(in_lower_tail, c1, s2)?)
            }
        }
    }
}

fn not_equal_zero(c: &Array) -> Result<Array> {
    match c.dtype() {
        array_api::DType::Bool => Ok(c.clone()),
        _ => array_api::not_equal(c, 0),
    }
}

fn between(family: &Family, lower: &Array, upper: &Array) -> Result<(Array, Parts)> {
    let float = |name: &str, x: &Array| -> Result<Array> {
        if x.ndim() != 1 || x.size()? == 0 {
            return Err(Error::shape("fit", format!("{name} has shape {}; a column of rows is needed", x.dims())));
        }
        array_api::astype(x, array_api::DType::Float64)
    };
    let (lower, upper) = (float("the lower ends", lower)?, float("the upper ends", upper)?);
    let rows = lower.size()?;
    columns::same_length("the upper ends", &upper, "the lower ends", rows)?;
    let endless = logical_and(equal(&lower, &upper)?, logical_not(isfinite(&lower)?)?)?;
    let wrong = columns::count(&logical_or(logical_not(array_api::less_equal(&lower, &upper)?)?, endless)?)?;
    if wrong > 0 {
        return Err(Error::value(
            "fit",
            format!("{wrong} of {rows} intervals end below their beginning, or are not numbers"),
        ));
    }
    let exact = equal(&lower, &upper)?;
    let inexact = logical_not(&exact)?;
    let integer = family.data.integer;
    // Between counts there is nothing, so ends move down to whole numbers.
    let whole = |x: &Array| -> Result<Array> {
        let moved = where_(isfinite(x)?, array_api::floor(where_(isfinite(x)?, x, 0.0)?)?, x)?;
        if integer { where_(&exact, x, moved) } else { Ok(x.clone()) }
    };
    let (lower, upper) = (whole(&lower)?, whole(&upper)?);
    let empty = columns::count(&logical_and(&inexact, equal(&lower, &upper)?)?)?;
    if empty > 0 {
        return Err(Error::value(family.name, format!("{empty} of {rows} intervals hold no whole number")));
    }
    // An end of the support, where tails have no derivatives, says as little as an infinite one.
    let from_the_end = match integer {
        true => less(&lower, family.data.lower)?,
        false => array_api::less_equal(&lower, family.data.lower)?,
    };
    let open_below = logical_and(&inexact, logical_or(logical_not(isfinite(&lower)?)?, from_the_end)?)?;
    let to_the_end = array_api::greater_equal(&upper, family.data.upper)?;
    let open_above = logical_and(&inexact, logical_or(logical_not(isfinite(&upper)?)?, to_the_end)?)?;
    let nothing = columns::count(&logical_and(&open_below, &open_above)?)?;
    if nothing > 0 {
        let message =
            format!("{nothing} of {rows} intervals hold the whole support and say nothing; leave such rows out");
        return Err(Error::value("fit", message));
    }
    // A value inside the support for each row: an end for counts, which a lower one is not.
    let inner = match integer {
        true => upper.clone(),
        false => (&lower * 0.5 + &upper * 0.5).ok()?,
    };
    let above = if integer { (&lower + 1.0).ok()? } else { lower.clone() };
    let x = where_(&open_below, &upper, where_(&open_above, above, inner)?)?;
    let lower = where_(logical_or(&exact, &open_below)?, &x, lower)?;
    let upper = where_(logical_or(&exact, &open_above)?, &x, upper)?;
    Ok((x, Parts::Between { lower, upper, exact, open_below, open_above }))
}
