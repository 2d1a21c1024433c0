//! Benford's law, and how far a distribution of leading digits is from it.

use array_protocol::prelude::*;
use program::failure::Outcome;
use serde::Serialize;

/// The law: digit d leads with probability log10(1 + 1/d), for 1 to 9; `(9,)`, `float64` (Benford 1938, "The law of
/// anomalous numbers").
pub(crate) fn law(xp: &Namespace) -> Result<Array> {
    (xp.arange(1..10_i64)?.astype(DType::Float64)?.reciprocal()? + 1.0).log10()
}

/// The distance of a distribution from the law.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Distance {
    /// Pearson's chi-squared for one observation, sum (p - q)^2 / q: times n it is the test's statistic.
    pub(crate) chi_squared: f64,
    /// Kullback and Leibler's divergence of the distribution from the law, sum p ln(p / q), in nats.
    pub(crate) divergence: f64,
    /// Mean absolute deviation.
    pub(crate) deviation: f64,
    /// Kuiper's V: how far the cumulative distribution rises above the law's, plus how far it falls below.
    pub(crate) kuiper: f64,
}

/// Of probabilities of the digits 1 to 9, `(9,)`, `float64`.
pub(crate) fn distance(p: &Array) -> Outcome<Distance> {
    let q = law(&p.namespace())?;
    let difference = (p - &q).ok()?;
    let number = |x: Result<Array>| x.and_then(|x| x.item::<f64>());
    // 0 ln 0 is 0.
    let present = p.greater(0.0)?;
    let terms = (p * (where_(&present, p, 1.0)? / &q).log()?).ok()?;
    let above = difference.cumulative_sum(..)?;
    Ok(Distance {
        chi_squared: number((difference.square()? / &q).sum(..))?,
        divergence: number(terms.sum(..))?,
        deviation: number(difference.abs()?.mean(..))?,
        kuiper: number(above.max(..))?.max(0.0) - number(above.min(..))?.min(0.0),
    })
}

/// The test of counted digits against the law.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Test {
    /// Numbers with a leading digit.
    pub(crate) n: i64,
    /// How often each digit leads.
    pub(crate) counts: Vec<i64>,
    /// The distance of the shares from the law.
    pub(crate) distance: Distance,
    /// Pearson's statistic, on 8 degrees of freedom.
    pub(crate) chi_squared: f64,
    /// Its p-value.
    pub(crate) chi_squared_p: f64,
    /// Kuiper's statistic, V times sqrt(n) + 0.155 + 0.24 / sqrt(n) (Stephens 1970).
    pub(crate) kuiper: f64,
    /// Its p-value for continuous distributions; of nine digits it is an upper bound.
    pub(crate) kuiper_p: f64,
    /// What auditors call the mean absolute deviation.
    pub(crate) verdict: &'static str,
}

/// Nigrini's bounds for the first digit ("Benford's Law", 2012, table 7.1), each up to and including.
const VERDICTS: [(f64, &str); 3] =
    [(0.006, "close conformity"), (0.012, "acceptable conformity"), (0.015, "marginally acceptable conformity")];

/// Tests leading digits, `(n,)`, integers of 1 to 9, at least one.
pub(crate) fn test(digits: &Array) -> Outcome<Test> {
    let xp = digits.namespace();
    let counts = (digits - 1).ok()?.bincount(9)?;
    let n = counts.sum(..)?.item::<i64>()?;
    let distance = distance(&(counts.astype(DType::Float64)? / n as f64).ok()?)?;
    let (size, chi_squared) = (n as f64, distance.chi_squared * n as f64);
    let kuiper = distance.kuiper * (size.sqrt() + 0.155 + 0.24 / size.sqrt());
    let verdict = VERDICTS.iter().find(|(bound, _)| distance.deviation <= *bound).map_or("nonconformity", |v| v.1);
    Ok(Test {
        n,
        counts: counts.to_vec::<i64>()?,
        chi_squared,
        chi_squared_p: gammaincc(4.0, xp.asarray(0.5 * chi_squared)?)?.item::<f64>()?,
        kuiper,
        kuiper_p: kuiper_tail(kuiper),
        verdict,
        distance,
    })
}

/// The chance that Kuiper's statistic exceeds `x`: 2 sum (4 j² x² - 1) exp(-2 j² x²) (Kuiper 1960).
fn kuiper_tail(x: f64) -> f64 {
    // Below this the chance is 1 to all digits, and the series needs many terms.
    if x < 0.4 {
        return 1.0;
    }
    let term = |j: i32| {
        let square = f64::from(j * j) * x * x;
        2.0 * (4.0 * square - 1.0) * (-2.0 * square).exp()
    };
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use program::table::read::{Format, Table};

    #[test]
    fn the_law_is_at_no_distance_from_itself() {
        let q = law(&array_protocol::ndarray()).unwrap();
        assert!((q.sum(..).unwrap().item::<f64>().unwrap() - 1.0).abs() < 1e-15);
        let d = distance(&q).unwrap();
        assert!([d.chi_squared, d.divergence, d.deviation, d.kuiper].iter().all(|v| v.abs() < 1e-15));
    }

    /// Values of scipy 1.17: `chisquare`, `entropy`, and `stats.chi2.sf` on these counts.
    #[test]
    fn distances_of_equal_shares() {
        let xp = array_protocol::ndarray();
        let digits = xp.arange(0..9000_i64).unwrap();
        let t = test(&(remainder(digits, 9).unwrap() + 1).ok().unwrap()).unwrap();
        assert_eq!((t.n, t.counts.as_slice()), (9000, &[1000; 9][..]));
        assert!((t.chi_squared / DUE[0] - 1.0).abs() < 1e-12, "{}", t.chi_squared);
        assert!((t.distance.divergence / DUE[1] - 1.0).abs() < 1e-12, "{}", t.distance.divergence);
        assert!((t.distance.deviation / DUE[2] - 1.0).abs() < 1e-12, "{}", t.distance.deviation);
        assert!((t.distance.kuiper / DUE[3] - 1.0).abs() < 1e-12, "{}", t.distance.kuiper);
        assert!(t.chi_squared_p < 1e-300 && t.kuiper_p < 1e-100 && t.verdict == "nonconformity");
        // Critical values of Kuiper's statistic at 10, 5 and 1 % (Stephens 1970, table 1).
        for (x, p) in [(1.620, 0.10), (1.747, 0.05), (2.001, 0.01)] {
            assert!((kuiper_tail(x) - p).abs() < 3e-4, "{x} {}", kuiper_tail(x));
        }
    }

    /// Columns of the shipped table, by numpy, scipy and astropy: data/column.py.
    #[test]
    fn columns_are_tested_as_scipy_and_astropy_do() {
        let due: serde_json::Value = serde_json::from_str(include_str!("data/column.json")).unwrap();
        let table = Table::parse("countries.csv", crate::COUNTRIES.as_bytes(), Format::default()).unwrap();
        for (column, due) in due.as_object().unwrap() {
            let leading = crate::column::leading(&table, column).unwrap();
            let t = test(&array_protocol::ndarray().asarray(leading.digits).unwrap()).unwrap();
            assert_eq!(serde_json::json!(t.counts), due["counts"], "{column}");
            let ours = [
                ("chi_squared", t.chi_squared),
                ("chi_squared_p", t.chi_squared_p),
                ("deviation", t.distance.deviation),
                ("divergence", t.distance.divergence),
                ("v", t.distance.kuiper),
            ];
            for (name, ours) in ours {
                let due = due[name].as_f64().unwrap();
                assert!((ours - due).abs() < 1e-10 * due.abs(), "{column}: {name} {ours} {due}");
            }
            // Two corrections for finite samples, Stephens's and Paltani's, which agree to two hundredths.
            let paltani = due["kuiper_p"].as_f64().unwrap();
            assert!((t.kuiper_p - paltani).abs() < 0.02, "{column}: {} {paltani}", t.kuiper_p);
        }
    }

    #[test]
    fn powers_of_two_follow_the_law() {
        let xp = array_protocol::ndarray();
        let exponent = xp.arange(0..1000_i64).unwrap().astype(DType::Float64).unwrap();
        let mantissa = remainder((exponent * 2f64.log10()).ok().unwrap(), 1.0).unwrap();
        let digits = floor(pow(10.0, mantissa).unwrap()).unwrap().astype(DType::Int64).unwrap();
        let t = test(&digits).unwrap();
        assert!(t.verdict == "close conformity" && t.chi_squared_p > 0.99, "{t:?}");
    }

    const DUE: [f64; 4] = [3615.2846362096207, 0.19120540010462062, 0.05971703510991756, 0.268726657994629];
}
