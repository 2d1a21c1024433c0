//! A fit of a distribution as bytes, for workers elsewhere: settings in a line of JSON, then the columns.

use array_api::{Array, DType, Error, Level, Namespace, Result, astype};
use serde::{Deserialize, Serialize};

use super::Distribution;
use super::data::Censoring;
use super::fitting::Fitting;
use super::law::Law;
use crate::elsewhere::{Bits, FIT};
use crate::optimize::Limits;
use crate::problem::{Scale, Wanted};

#[derive(Serialize, Deserialize)]
struct Described {
    /// The kind and device of the arrays.
    space: String,
    family: String,
    rows: usize,
    weighted: bool,
    censoring: Known,
    truncation: Option<[Bits; 2]>,
    fixed: Vec<(String, Bits)>,
    priors: Vec<(String, Prior)>,
    replicates: usize,
    seed: u64,
    iterations: usize,
    tolerance: Bits,
    unconstrained: bool,
}

/// What the column beside the values says.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Known {
    Exactly,
    Right,
    Left,
    Interval,
}

#[derive(Serialize, Deserialize)]
struct Prior {
    family: String,
    parameters: Vec<Bits>,
    location: Bits,
}

/// The bytes of a fit to these values.
///
/// # Errors
/// For arrays that are not data, and what workers cannot be told.
pub(crate) fn written(fitting: &Fitting, values: &Array) -> Result<Vec<u8>> {
    let space = values.namespace();
    if space.kind().level() != Level::DATA {
        let message = format!("workers fit arrays of data, and the values are {space}: compute them first");
        return Err(Error::value("fit", message));
    }
    let (censoring, column) = match &fitting.censoring {
        Censoring::None => (Known::Exactly, None),
        Censoring::Right(c) => (Known::Right, Some(c)),
        Censoring::Left(c) => (Known::Left, Some(c)),
        Censoring::Interval(c) => (Known::Interval, Some(c)),
    };
    let prior = |law: &Law| Prior {
        family: law.name().to_string(),
        parameters: law.parameters().iter().map(|&x| Bits(x)).collect(),
        location: Bits(law.location()),
    };
    let wanted = &fitting.wanted;
    let described = Described {
        space: space.to_string(),
        family: fitting.family.name.to_string(),
        rows: values.size()?,
        weighted: fitting.weights.is_some(),
        censoring,
        truncation: fitting.truncation.map(|(low, high)| [Bits(low), Bits(high)]),
        fixed: fitting.fixed.iter().map(|(name, x)| (name.clone(), Bits(*x))).collect(),
        priors: fitting.priors.iter().map(|(name, law)| (name.clone(), prior(law))).collect(),
        replicates: wanted.replicates,
        seed: wanted.seed,
        iterations: wanted.limits.iterations,
        tolerance: Bits(wanted.limits.tolerance),
        unconstrained: wanted.scale == Scale::Unconstrained,
    };
    let mut bytes = serde_json::to_vec(&described).map_err(|e| Error::backend(FIT, e.to_string()))?;
    bytes.push(b'\n');
    for column in [Some(values), fitting.weights.as_ref(), column].into_iter().flatten() {
        if column.ndim() != 1 || column.size()? != described.rows {
            let message = format!("a column has shape {}, but the values have {} rows", column.dims(), described.rows);
            return Err(Error::shape("fit", message));
        }
        // All columns of a fit become float64.
        for x in astype(column, DType::Float64)?.to_vec::<f64>()? {
            bytes.extend(x.to_le_bytes());
        }
    }
    Ok(bytes)
}

/// The fit, and the values.
///
/// # Errors
/// For other bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<(Fitting, Array)> {
    let wrong = |why: String| Error::value(FIT, format!("these are no data of a fit: {why}"));
    let end = bytes.iter().position(|&b| b == b'\n').ok_or_else(|| wrong("there is no line of settings".into()))?;
    let told: Described = serde_json::from_slice(&bytes[..end]).map_err(|e| wrong(e.to_string()))?;
    let xp: Namespace = told.space.parse()?;
    let mut rest = bytes[end + 1..].chunks_exact(size_of::<f64>());
    let mut column = || -> Result<Array> {
        let number = |chunk: &[u8]| chunk.try_into().map(f64::from_le_bytes).ok();
        let values: Vec<f64> = rest.by_ref().take(told.rows).filter_map(number).collect();
        if values.len() < told.rows {
            return Err(wrong(format!("a column has {} of {} rows", values.len(), told.rows)));
        }
        xp.asarray(values)
    };
    let values = column()?;
    let mut fitting = Distribution::named(&told.family)?.fitting().bootstrap(told.replicates, told.seed);
    if told.weighted {
        fitting.weights = Some(column()?);
    }
    fitting.censoring = match told.censoring {
        Known::Exactly => Censoring::None,
        Known::Right => Censoring::Right(column()?),
        Known::Left => Censoring::Left(column()?),
        Known::Interval => Censoring::Interval(column()?),
    };
    fitting.truncation = told.truncation.map(|[low, high]| (low.0, high.0));
    fitting.fixed = told.fixed.into_iter().map(|(name, x)| (name, x.0)).collect();
    for (name, prior) in told.priors {
        let parameters: Vec<f64> = prior.parameters.iter().map(|x| x.0).collect();
        let law = Distribution::named(&prior.family)?.with(&parameters)?;
        let law = if prior.location.0 == 0.0 { law } else { law.at(prior.location.0)? };
        fitting.priors.push((name, law));
    }
    fitting.wanted = Wanted {
        replicates: told.replicates,
        seed: told.seed,
        limits: Limits { iterations: told.iterations, tolerance: told.tolerance.0 },
        scale: if told.unconstrained { Scale::Unconstrained } else { Scale::Constrained },
        ..Wanted::default()
    };
    Ok((fitting, values))
}
