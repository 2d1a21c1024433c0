//! Trees of Python's: dictionaries, lists and tuples of arrays, as trees of the protocol.

use array_api::{Array, DType, FromScalar, Host, Result, Scalar, Tree, TreePath, with_element};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};
use std::sync::Arc;

use crate::boundary::run;
use crate::foreign;
use crate::given::Given;

/// Deeper nesting is a mistake, such as a list that contains itself.
const DEEPEST: usize = 64;

/// What a tree is made of, without its leaves.
enum Structure {
    Leaf,
    Nothing,
    List(Vec<Structure>),
    /// With the class, where the places have names.
    Tuple(Vec<Structure>, Option<Py<PyType>>),
    Dict(Vec<(Py<PyAny>, Structure)>),
}

/// A tree: its form, and its leaves in order. Leaves are arrays of ours, objects of registered classes, and numbers, which
/// become 0-d arrays.
#[derive(Clone)]
pub(crate) struct PyTree {
    structure: Arc<Structure>,
    /// The leaves' names, such as `layers.0.weight`.
    names: Arc<[String]>,
    leaves: Vec<Array>,
}

impl Tree for PyTree {
    fn visit<'t>(&'t self, path: &TreePath<'_>, f: &mut dyn FnMut(&TreePath<'_>, &'t Array)) {
        for (name, leaf) in self.names.iter().zip(&self.leaves) {
            match name.as_str() {
                "" => f(path, leaf),
                name => f(&path.join(name), leaf),
            }
        }
    }
    fn map(&self, f: &mut dyn FnMut(&Array) -> Result<Array>) -> Result<Self> {
        Ok(self.with(self.leaves.iter().map(f).collect::<Result<_>>()?))
    }
    fn map_owned(mut self, f: &mut dyn FnMut(Array) -> Result<Array>) -> Result<Self> {
        let leaves = std::mem::take(&mut self.leaves);
        Ok(self.with(leaves.into_iter().map(f).collect::<Result<_>>()?))
    }
}

/// A leaf; a number takes a type if one is given, else its own default.
fn leaf(value: &Bound<'_, PyAny>, dtype: Option<DType>) -> PyResult<Option<Array>> {
    Ok(match Given::any(value)? {
        Some(Given::Array(array)) => Some(array.array.clone()),
        Some(Given::Foreign(array)) => Some(array),
        Some(Given::Scalar(s)) => Some(zero_d(value.py(), s, dtype)?),
        None => None,
    })
}

fn zero_d(py: Python<'_>, s: Scalar, dtype: Option<DType>) -> PyResult<Array> {
    let dtype = dtype.filter(|&d| s.fits(d) && s.result_dtype(d) == Some(d)).unwrap_or(s.default_dtype());
    let host = with_element!(dtype, T => Host::from_vec(vec![T::from_scalar(s)]));
    run(py, || array_ndarray::namespace().from_host(host, vec![]))
}

/// A leaf's name within its parent's.
fn child(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// How a place is called in a message.
fn place(name: &str) -> String {
    if name.is_empty() { "it".to_owned() } else { format!("`{name}`") }
}

#[derive(Default)]
struct Reading {
    names: Vec<String>,
    leaves: Vec<Array>,
}

impl Reading {
    fn all<'py>(
        &mut self,
        items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
        name: &str,
        depth: usize,
    ) -> PyResult<Vec<Structure>> {
        items.enumerate().map(|(i, item)| self.read(&item?, child(name, &i.to_string()), depth + 1)).collect()
    }

    fn read(&mut self, value: &Bound<'_, PyAny>, name: String, depth: usize) -> PyResult<Structure> {
        if depth > DEEPEST {
            return Err(PyValueError::new_err(format!("the tree is nested more than {DEEPEST} times")));
        }
        if value.is_none() {
            return Ok(Structure::Nothing);
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.all(list.try_iter()?, &name, depth).map(Structure::List);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            let class = value.hasattr("_fields")?.then(|| value.get_type().unbind());
            return Ok(Structure::Tuple(self.all(tuple.try_iter()?, &name, depth)?, class));
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            let entries = dict.iter().map(|(key, item)| {
                let inner = self.read(&item, child(&name, &key.str()?.to_string()), depth + 1)?;
                Ok((key.unbind(), inner))
            });
            return entries.collect::<PyResult<_>>().map(Structure::Dict);
        }
        match leaf(value, None)? {
            Some(array) => {
                self.names.push(name);
                self.leaves.push(array);
                Ok(Structure::Leaf)
            }
            None => {
                let class = value.get_type().fully_qualified_name()?;
                Err(PyTypeError::new_err(format!(
                    "{} is {class}, but the leaves of a tree are arrays and numbers; make an array with asarray",
                    place(&name)
                )))
            }
        }
    }
}

impl PyTree {
    /// Reads a value: an array, a number, or dictionaries, lists and tuples of these.
    pub(crate) fn read(value: &Bound<'_, PyAny>) -> PyResult<PyTree> {
        let mut reading = Reading::default();
        let structure = reading.read(value, String::new(), 0)?;
        Ok(PyTree { structure: Arc::new(structure), names: reading.names.into(), leaves: reading.leaves })
    }

    fn with(&self, leaves: Vec<Array>) -> PyTree {
        PyTree { structure: self.structure.clone(), names: self.names.clone(), leaves }
    }

    /// The array, if the tree is one leaf.
    pub(crate) fn single(&self) -> Option<&Array> {
        match (&*self.structure, &self.leaves[..]) {
            (Structure::Leaf, [array]) => Some(array),
            _ => None,
        }
    }

    /// Reads a value of the same form; a number takes the type of the leaf in its place.
    pub(crate) fn like(&self, value: &Bound<'_, PyAny>, what: &str) -> PyResult<PyTree> {
        let mut leaves = vec![];
        self.matching(&self.structure, value, String::new(), what, &mut leaves)?;
        Ok(self.with(leaves))
    }

    fn matching(
        &self,
        structure: &Structure,
        value: &Bound<'_, PyAny>,
        name: String,
        what: &str,
        leaves: &mut Vec<Array>,
    ) -> PyResult<()> {
        let wrong = |due: String| {
            let class = value.get_type().name().map_or_else(|_| "this".into(), |n| n.to_string());
            Err(PyTypeError::new_err(format!("{what}: {} is {class} where {due} is due", place(&name))))
        };
        match structure {
            Structure::Leaf => match leaf(value, self.leaves.get(leaves.len()).map(Array::dtype))? {
                Some(array) => leaves.push(array),
                None => return wrong("an array".into()),
            },
            Structure::Nothing if value.is_none() => {}
            Structure::Nothing => return wrong("None".into()),
            Structure::List(parts) | Structure::Tuple(parts, _) => {
                let sequence = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
                if !sequence || value.len()? != parts.len() {
                    return wrong(format!("a sequence of {}", parts.len()));
                }
                for (i, (part, item)) in parts.iter().zip(value.try_iter()?).enumerate() {
                    self.matching(part, &item?, child(&name, &i.to_string()), what, leaves)?;
                }
            }
            Structure::Dict(entries) => {
                let Ok(dict) = value.cast::<PyDict>() else { return wrong("a dictionary".into()) };
                if dict.len() != entries.len() {
                    return wrong(format!("one of {} entries", entries.len()));
                }
                for (key, part) in entries {
                    let key = key.bind(value.py());
                    let Some(item) = dict.get_item(key)? else {
                        return wrong(format!("one with the key {}", key.repr()?));
                    };
                    self.matching(part, &item, child(&name, &key.str()?.to_string()), what, leaves)?;
                }
            }
        }
        Ok(())
    }

    /// The tree as Python's objects.
    pub(crate) fn build<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        build(py, &self.structure, &mut self.leaves.iter())
    }
}

fn build<'py>(
    py: Python<'py>,
    structure: &Structure,
    leaves: &mut std::slice::Iter<'_, Array>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut all = |parts: &[Structure]| parts.iter().map(|p| build(py, p, leaves)).collect::<PyResult<Vec<_>>>();
    Ok(match structure {
        Structure::Nothing => py.None().into_bound(py),
        Structure::Leaf => match leaves.next() {
            Some(array) => foreign::object(py, array.clone())?,
            None => return Err(PyValueError::new_err("the tree has fewer leaves than places")),
        },
        Structure::List(parts) => PyList::new(py, all(parts)?)?.into_any(),
        Structure::Tuple(parts, None) => PyTuple::new(py, all(parts)?)?.into_any(),
        Structure::Tuple(parts, Some(class)) => class.bind(py).call_method1("_make", (all(parts)?,))?,
        Structure::Dict(entries) => {
            let dict = PyDict::new(py);
            for (key, part) in entries {
                dict.set_item(key, build(py, part, leaves)?)?;
            }
            dict.into_any()
        }
    })
}
