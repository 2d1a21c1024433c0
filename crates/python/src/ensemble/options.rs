//! A run's options from Python's keywords: the fields of [`Options`], as its serde form writes them.
//!
//! A choice with settings is a dictionary, `{"kind": "sine", "frequency": 3.0}`; its name alone will do where the settings
//! have defaults.

use ensemble::Options;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Value, json};

use crate::data_type::PyDType;

/// Options whose values are choices with settings.
const CHOICES: [&str; 4] = ["prior", "noise", "head", "penalty"];

/// The settings that an optimiser has unless they are given.
fn optimizer_defaults(name: &str) -> Value {
    match name {
        "adam" => json!({"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
        "adamw" => json!({"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "decay": 0.01}),
        "sgd" => json!({"momentum": 0.0}),
        _ => json!({}),
    }
}

fn read(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(b) = value.cast::<PyBool>() {
        return Ok(Value::Bool(b.is_true()));
    }
    if let Ok(dtype) = value.cast::<PyDType>() {
        return Ok(dtype.get().0.name().into());
    }
    if value.is_instance_of::<PyInt>() || value.hasattr("__index__")? && !value.is_instance_of::<PyFloat>() {
        let index = value.call_method0("__index__")?;
        if let Ok(n) = index.extract::<u64>() {
            return Ok(n.into());
        }
        if let Ok(n) = index.extract::<i64>() {
            return Ok(n.into());
        }
        return Err(PyValueError::new_err(format!("option {name}: {index} is out of range")));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.into());
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        return value.try_iter()?.map(|item| read(name, &item?)).collect::<PyResult<_>>().map(Value::Array);
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let entries = dict.iter().map(|(key, item)| match key.cast::<PyString>() {
            Ok(key) => Ok((key.to_str()?.to_owned(), read(name, &item)?)),
            Err(_) => Err(PyTypeError::new_err(format!("option {name}: {} is no setting's name", key.repr()?))),
        });
        return entries.collect::<PyResult<Map<_, _>>>().map(Value::Object);
    }
    if value.hasattr("__float__")? {
        let x: f64 = value.call_method0("__float__")?.extract()?;
        let finite = serde_json::Number::from_f64(x);
        return finite
            .map(Value::Number)
            .ok_or_else(|| PyValueError::new_err(format!("option {name} is {x}, but must be finite")));
    }
    Err(PyTypeError::new_err(format!("option {name} is {}, which is no option's value", value.repr()?)))
}

/// Puts shorter spellings into the options' own form.
fn spelled_out(name: &str, value: Value) -> Value {
    let word = |s: &str| s.replace('_', "-");
    match (name, value) {
        (choice, Value::Null) if CHOICES.contains(&choice) => json!({"kind": "none"}),
        (choice, Value::String(s)) if CHOICES.contains(&choice) => json!({"kind": word(&s)}),
        ("optimizer", Value::String(s)) => {
            let settings = optimizer_defaults(&s);
            json!({s: settings})
        }
        ("optimizer", Value::Object(mut given)) => match given.remove("kind") {
            Some(Value::String(s)) => {
                let mut settings = optimizer_defaults(&s);
                if let Value::Object(all) = &mut settings {
                    all.extend(given);
                }
                json!({s: settings})
            }
            Some(kind) => {
                given.insert("kind".into(), kind);
                Value::Object(given)
            }
            None => Value::Object(given),
        },
        ("dtype", Value::String(s)) => Value::String(s),
        (_, Value::String(s)) => Value::String(word(&s)),
        ("widths", Value::Number(n)) => json!([n]),
        (_, value) => value,
    }
}

/// A setting that was given but is none of the choice's.
fn unused<'v>(given: &'v Value, kept: &Value) -> Option<(&'v str, Vec<String>)> {
    let (Value::Object(given), Value::Object(kept)) = (given, kept) else { return None };
    for (key, value) in given {
        match kept.get(key) {
            None => return Some((key, kept.keys().filter(|k| *k != "kind").cloned().collect())),
            Some(inner) => {
                if let Some(found) = unused(value, inner) {
                    return Some(found);
                }
            }
        }
    }
    None
}

/// The options of a run; what is not given has its default.
pub(super) fn options(given: &Bound<'_, PyDict>) -> PyResult<Options> {
    let broken = |e: serde_json::Error| PyValueError::new_err(format!("the options cannot be read: {e}"));
    let mut options = Options::default();
    for (name, value) in given {
        let name: String = name.extract()?;
        let mut all = serde_json::to_value(&options).map_err(broken)?;
        let Some(place) = all.get_mut(&name) else {
            let names: Vec<String> = all.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default();
            return Err(PyTypeError::new_err(format!("there is no option {name}; there are {}", names.join(", "))));
        };
        let value = spelled_out(&name, read(&name, &value)?);
        *place = value.clone();
        options = serde_json::from_value(all).map_err(|e| {
            let text = format!("option {name}: {e}");
            match e.to_string().starts_with("invalid type") {
                true => PyTypeError::new_err(text),
                false => PyValueError::new_err(text),
            }
        })?;
        let kept = serde_json::to_value(&options).map_err(broken)?;
        if let Some((key, settings)) = kept.get(&name).and_then(|kept| unused(&value, kept)) {
            let settings = if settings.is_empty() { "it has none".into() } else { settings.join(", ") };
            let message = format!("option {name}: there is no setting {key}; here the settings are: {settings}");
            return Err(PyValueError::new_err(message));
        }
    }
    Ok(options)
}
