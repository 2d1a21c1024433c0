//! Chunked namespaces with options, by names that Python passes around: `chunked`, and `chunked#0`, `chunked#1`, ... for those
//! with options, one for each choice of them.

use std::sync::{Mutex, PoisonError};

use array_api::{Field, Level, Namespace, Value};
use array_chunked::{CHUNKED, ChunkSpec, OPTIONS};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::boundary::run;
use crate::function;
use crate::given;

static MADE: Mutex<Vec<(&'static str, Namespace)>> = Mutex::new(vec![]);

/// Chunks in memory, and no options.
pub(super) fn plain() -> Namespace {
    array_chunked::over(&array_ndarray::namespace())
}

/// The namespace of a name; `None` if it is none of a chunked one.
pub(crate) fn namespace(name: &str) -> Option<Namespace> {
    let rest = name.strip_prefix(CHUNKED.name())?;
    if rest.is_empty() {
        return Some(plain());
    }
    let place: usize = rest.strip_prefix('#')?.parse().ok()?;
    let made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.get(place).map(|(_, xp)| xp.clone())
}

/// The name of a chunked namespace.
pub(crate) fn name(xp: &Namespace) -> &'static str {
    let xp = canonical(xp);
    if xp == plain() {
        return CHUNKED.name();
    }
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((name, _)) = made.iter().find(|(_, known)| *known == xp) {
        return name;
    }
    let name: &'static str = format!("{}#{}", CHUNKED.name(), made.len()).leak();
    made.push((name, xp));
    name
}

/// The same namespace with each option in one place only.
fn canonical(xp: &Namespace) -> Namespace {
    let chunks = xp.inner().map_or_else(array_ndarray::namespace, |inner| Namespace::new(inner.kind()));
    told(array_chunked::over(&chunks.on(xp.device())), xp)
}

/// A namespace with the options of another one.
fn told(to: Namespace, from: &Namespace) -> Namespace {
    OPTIONS.into_iter().fold(to, |to, option| match from.option(option) {
        Some(value) => to.with(option, value.clone()),
        None => to,
    })
}

/// The kind of the chunks of a namespace's arrays.
#[pyfunction]
pub(super) fn of(py: Python<'_>, name: &str) -> PyResult<&'static str> {
    Ok(function::namespace(py, name)?.inner().map_or(array_ndarray::NDARRAY.name(), |inner| inner.kind().name()))
}

/// The name of a namespace that is written out, as a pickle holds it.
#[pyfunction]
pub(super) fn named(py: Python<'_>, written: &Bound<'_, PyAny>) -> PyResult<&'static str> {
    let value = given::value(written)?;
    Ok(name(&run(py, || Namespace::from_value(&value))?))
}

/// How arrays are to be cut, as Python says it; `None` stays.
pub(super) fn chunks(py: Python<'_>, given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<ChunkSpec>> {
    let Some(given) = given else { return Ok(None) };
    let value = given::value(given)?;
    run(py, || ChunkSpec::from_value(&value)).map(Some)
}

/// The name of the namespace with other options; those that are `None` stay.
#[pyfunction]
pub(super) fn with_options(
    py: Python<'_>,
    base: &str,
    cut: Option<&Bound<'_, PyAny>>,
    sizes: Option<String>,
    exports: Option<String>,
    of: Option<&str>,
) -> PyResult<&'static str> {
    let mut xp = function::namespace(py, base)?;
    if let Some(of) = of {
        let inner = function::namespace(py, of)?;
        if inner.kind().level() != Level::DATA {
            return Err(PyValueError::new_err(format!("of: chunks hold data, and arrays of {of} do not")));
        }
        xp = told(array_chunked::over(&inner), &xp);
    }
    if let Some(spec) = chunks(py, cut)? {
        xp = xp.with("chunks", spec.to_value());
    }
    for (option, word) in [("sizes", sizes), ("exports", exports)] {
        if let Some(word) = word {
            xp = xp.with(option, Value::Text(word));
        }
    }
    run(py, || array_chunked::computes_sizes(&xp).and(array_chunked::computes_exports(&xp)))?;
    Ok(name(&xp))
}
