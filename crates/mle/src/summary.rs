//! A fit as a table, as R's `summary` prints one.

use std::fmt;

use crate::fit::{Fit, IntervalMethod, StandardErrors};

impl fmt::Display for StandardErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StandardErrors::ObservedInformation => "observed information",
            StandardErrors::ExpectedInformation => "expected information",
            StandardErrors::DeltaMethod => "observed information without bounds, by the delta method",
            StandardErrors::Sandwich => "sandwich, HC0",
            StandardErrors::SandwichHc1 => "sandwich, HC1",
            StandardErrors::Bootstrap => "bootstrap",
            StandardErrors::LeastSquares => "least squares, n - p degrees of freedom",
            StandardErrors::SamplingLaw => "the estimate's sampling law",
            StandardErrors::None => "none",
        })
    }
}

impl fmt::Display for IntervalMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IntervalMethod::Wald => "Wald",
            IntervalMethod::Profile => "profile likelihood",
            IntervalMethod::Bootstrap => "bootstrap",
        })
    }
}

/// Seven significant digits, the shortest way that R would print them.
pub(crate) fn number(x: f64) -> String {
    let magnitude = x.abs();
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    if !(1e-4..1e9).contains(&magnitude) {
        return format!("{x:.6e}");
    }
    let digits = (6 - magnitude.log10().floor() as i64).max(0) as usize;
    format!("{x:.digits$}")
}

fn p_value(p: f64) -> String {
    if p < 2.2e-16 { "<2e-16".to_string() } else { format!("{p:.3}").replace("0.000", &format!("{p:.1e}")) }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.model)?;
        writeln!(f, "{}: {}, {} iterations", self.status, self.method, self.iterations)?;
        if !self.reason.is_empty() {
            writeln!(f, "{}", self.reason)?;
        }
        writeln!(f)?;
        self.table(f)?;
        for p in &self.parameters {
            if let Some(reason) = &p.std_error_reason {
                writeln!(f, "{}: {reason}", p.name)?;
            }
        }
        writeln!(f, "\nstandard errors: {}", self.standard_errors)?;
        if let Some(interval) = self.parameters.iter().find_map(|p| p.interval) {
            writeln!(f, "intervals: {}, level {}", interval.method, interval.level)?;
        }
        let of = self.likelihood_of.as_ref().map(|of| format!(" (density of {of})")).unwrap_or_default();
        writeln!(f, "log-likelihood {}{of} on {} parameters", number(self.log_likelihood), self.free_parameters)?;
        if let Some(scale) = &self.mode_scale {
            writeln!(f, "log prior {}, mode on the {scale} scale", number(self.log_prior))?;
        }
        let aicc = self.aicc.map(|a| format!(", AICc {}", number(a))).unwrap_or_default();
        writeln!(
            f,
            "AIC {}{aicc}, BIC {}; {} observations",
            number(self.aic),
            number(self.bic),
            number(self.observations)
        )?;
        let condition = self.condition_number.map_or("not definite".to_string(), |c| format!("condition {c:.2e}"));
        write!(f, "gradient norm {:.1e}; Hessian {condition}", self.gradient_norm)?;
        if self.starts > 1 {
            write!(f, "; {} of {} starts agree", self.starts_agreeing, self.starts)?;
        }
        writeln!(f)
    }
}

impl Fit {
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["", "Estimate", "Std. Error", "", "", "lower", "upper"].map(String::from)];
        let letter = if self.statistic_degrees.is_some() { "t" } else { "z" };
        (rows[0][3], rows[0][4]) = (format!("{letter} value"), format!("Pr(>|{letter}|)"));
        for p in &self.parameters {
            let z = p.std_error.filter(|_| p.p_value.is_some()).map(|se| p.estimate / se);
            let end = |e: Option<f64>| e.map(number).unwrap_or_else(|| "-".into());
            rows.push([
                p.name.clone(),
                number(p.estimate),
                end(p.std_error),
                z.map_or("-".into(), |z| format!("{z:.3}")),
                p.p_value.map_or("-".into(), p_value),
                end(p.interval.map(|i| i.lower)),
                end(p.interval.map(|i| i.upper)),
            ]);
        }
        let width = |c: usize| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..7).map(width).collect();
        for row in &rows {
            let first = format!("{:<w$}", row[0], w = widths[0]);
            let rest: Vec<String> = (1..7).map(|c| format!("{:>w$}", row[c], w = widths[c])).collect();
            writeln!(f, "{first}  {}", rest.join("  "))?;
        }
        Ok(())
    }
}
