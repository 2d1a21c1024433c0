//! The kinds of Python classes.

use array_api::{Array, Dims, Error, Host, Kind, Level, Namespace, kinds};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyFloat, PyInt, PyType};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::sync::{Mutex, PoisonError, RwLock};

use super::{PythonArray, answer, raised};
use crate::array::PyArray;

/// A Python class that is a kind. There is one for each, kept for good like the kind.
pub(super) struct Class {
    pub(super) kind: &'static Kind,
    /// Held so that no other class gets its address.
    object: Py<PyType>,
    /// Functions that read `shape` and `dtype` of an object, and that make one of an array (`from_array`).
    readers: Mutex<HashMap<String, Py<PyAny>>>,
}

impl Class {
    /// The function for one of the words above, if the class was given one.
    pub(super) fn reader(&self, py: Python<'_>, name: &str) -> Option<Py<PyAny>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).get(name).map(|f| f.clone_ref(py))
    }

    pub(super) fn set_reader(&self, name: &str, f: Py<PyAny>) {
        // Dropped behind the lock: a Python object's end may run Python code.
        let before = self.readers.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), f);
        drop(before);
    }
}

/// Classes by address. Only changed under Python's lock and never shrunk.
static CLASSES: RwLock<Option<HashMap<usize, &'static Class>>> = RwLock::new(None);

/// Numbers that stay free for kinds of Rust's, which take theirs when they are first used.
const RESERVED: usize = 95;

/// Whether there is any class: most programs have none, and then nothing is looked up.
static ANY: AtomicBool = AtomicBool::new(false);

fn find(address: usize) -> Option<&'static Class> {
    CLASSES.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.get(&address).copied()
}

/// The class itself if it is a kind, or the nearest of its superclasses that is one.
pub(super) fn nearest(class: &Bound<'_, PyType>) -> Option<&'static Class> {
    lineage(class).next()
}

/// The classes of a class's method resolution order that are kinds.
pub(super) fn lineage(class: &Bound<'_, PyType>) -> impl Iterator<Item = &'static Class> {
    let order: Vec<usize> = match ANY.load(Acquire) {
        true => class.mro().iter().map(|c| c.as_ptr() as usize).collect(),
        false => vec![],
    };
    order.into_iter().filter_map(find)
}

/// The class of a kind.
pub(super) fn of_kind(kind: &'static Kind) -> Option<&'static Class> {
    let classes = CLASSES.read().unwrap_or_else(PoisonError::into_inner);
    classes.as_ref()?.values().copied().find(|c| std::ptr::eq(c.kind, kind))
}

/// Makes a class a kind, unless it is one.
pub(super) fn made(class: &Bound<'_, PyType>) -> PyResult<&'static Class> {
    let (py, address) = (class.py(), class.as_ptr() as usize);
    if let Some(found) = find(address) {
        return Ok(found);
    }
    let name = class.fully_qualified_name()?.to_string();
    let built_in = [py.get_type::<PyInt>(), py.get_type::<PyFloat>(), py.get_type::<PyComplex>()];
    let ours = py.get_type::<PyArray>();
    if class.is_subclass(&ours)? || ours.is_subclass(class)? || built_in.iter().any(|c| class.is(c)) {
        return Err(PyTypeError::new_err(format!(
            "{name} cannot be registered as a kind of array: the protocol gives it a meaning of its own. Register a class \
             of your own"
        )));
    }
    let known = kinds();
    if known.len() >= Kind::LIMIT - RESERVED {
        return Err(PyValueError::new_err(format!(
            "{name} cannot be a kind of array: a program can have {} of them, and kinds are kept for good. Register one \
             class instead of making classes again and again",
            Kind::LIMIT - RESERVED
        )));
    }
    // Like our own arrays in memory and the classes below it, which it is asked before; not other classes of Python's.
    let foreign = |k: &&'static Kind| of_kind(k).is_some();
    let data = known.iter().filter(|k| k.level() == Level::DATA && !foreign(k)).map(|k| k.name());
    let mut accepted: Vec<&'static str> = data.chain([array_ndarray::NDARRAY.name()]).collect();
    for superclass in class.mro().iter().skip(1) {
        let superclass = superclass.cast_into::<PyType>().map_err(PyErr::from)?;
        accepted.push(String::leak(superclass.fully_qualified_name()?.to_string()));
    }
    // A class of the same name, such as an earlier version of it in a notebook, is another kind.
    let same = known.iter().filter(|k| k.name().split('#').next() == Some(&name)).count();
    let name = if same == 0 { name } else { format!("{name}#{}", same + 1) };
    let kind = Kind::new(String::leak(name)).accepts(Vec::leak(accepted)).handled_by(answer::ask).from_host(construct);
    let kind: &'static Kind = Box::leak(Box::new(kind));
    // Takes its number now, so that the next class is counted right.
    kind.id();
    let object = class.clone().unbind();
    let made: &'static Class = Box::leak(Box::new(Class { kind, object, readers: Mutex::default() }));
    let mut classes = CLASSES.write().unwrap_or_else(PoisonError::into_inner);
    classes.get_or_insert_default().insert(made.object.as_ptr() as usize, made);
    ANY.store(true, Release);
    Ok(made)
}

/// Whether objects of a class can be made of arrays in memory.
pub(super) fn makes_objects(kind: &'static Kind) -> bool {
    let class = of_kind(kind);
    class.is_some_and(|c| c.readers.lock().unwrap_or_else(PoisonError::into_inner).contains_key("from_array"))
}

pub(super) fn no_constructor(name: &str) -> String {
    format!(
        "{name} does not say how it is made of values in memory: array_protocol.kind({name}, from_array=...) takes a \
         function of an array"
    )
}

/// Elements in memory as an object of a class: by its function `from_array`, which gets an array of ours.
pub(super) fn construct(host: Host, dims: Dims, xp: &Namespace) -> array_api::Result<Array> {
    let Some(class) = of_kind(xp.kind()) else {
        return Err(Error::not_implemented("from_host", "the kind is no class of Python's"));
    };
    let name = class.kind.name();
    let array = array_ndarray::namespace().from_host(host, dims.clone())?;
    let dtype = array.dtype();
    Python::attach(|py| {
        let Some(f) = class.reader(py, "from_array") else {
            return Err(Error::not_implemented("from_host", no_constructor(name)));
        };
        let object = f.call1(py, (PyArray { array },)).map_err(|e| raised("from_host", e))?;
        Ok(Array::new(PythonArray { object, class, dims, dtype }))
    })
}
