//! The user's line in Python: what errors of lazy arrays name.
//!
//! A lazy array is built long before it is computed, so each call that may build one notes where it stands: the code object and
//! the number of the instruction, which takes some 100 ns; the line is looked up when an error names it. A frame is not kept,
//! since it has all local variables of its function.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use array_chunked::Line;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::{ffi, intern};

/// An instruction of Python's.
struct Instruction {
    code: Py<PyAny>,
    offset: i32,
}

/// Where there is no Python code: threads that only run tasks, and what they build.
struct Nowhere;

type Found = Option<Arc<dyn Line>>;

thread_local! {
    /// The line that called, while Rust works for it on this thread; Python's lock may be given up meanwhile.
    static CALLS: RefCell<Found> = const { RefCell::new(None) };
}

/// What array-chunked asks whenever an array is made. It does not need Python's lock.
pub(crate) fn caller() -> Found {
    let found = CALLS.with(|line| line.borrow().clone());
    // A backtrace of Rust's would name a function of the package or of Python itself.
    Some(found.unwrap_or_else(|| Arc::new(Nowhere)))
}

/// Notes the line that calls, until it is dropped.
pub(crate) struct Noted {
    before: Found,
}

/// Notes the user's line that runs now.
pub(crate) fn noted(py: Python<'_>) -> Noted {
    let line = users(py).map(|line| Arc::new(line) as Arc<dyn Line>);
    Noted { before: CALLS.with(|calls| calls.replace(line)) }
}

impl Drop for Noted {
    fn drop(&mut self) {
        CALLS.with(|calls| calls.replace(self.before.take()));
    }
}

/// The innermost instruction that is none of the package's own.
fn users(py: Python<'_>) -> Option<Instruction> {
    let package = package(py)?;
    // SAFETY: this thread holds Python's lock, as `py` shows; the frame is borrowed, and null where no Python code runs.
    let mut frame = unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PyEval_GetFrame().cast()) }?;
    loop {
        // SAFETY: it is a frame, whose code is a new reference and never null.
        let code = unsafe { Bound::from_owned_ptr(py, ffi::PyFrame_GetCode(frame.as_ptr().cast()).cast()) };
        let file = code.getattr(intern!(py, "co_filename")).ok()?;
        let own = file.cast::<pyo3::types::PyString>().ok()?.to_str().is_ok_and(|file| file.starts_with(package));
        if !own {
            let offset = frame.getattr(intern!(py, "f_lasti")).ok()?.extract().ok()?;
            return Some(Instruction { code: code.unbind(), offset });
        }
        frame = frame.getattr(intern!(py, "f_back")).ok().filter(|frame| !frame.is_none())?;
    }
}

/// The folder of the package, with the mark at its end.
fn package(py: Python<'_>) -> Option<&'static str> {
    static FOLDER: PyOnceLock<&'static str> = PyOnceLock::new();
    let found = FOLDER.get_or_try_init(py, || {
        let paths = py.import("array_protocol")?.getattr("__path__")?;
        let folder: String = paths.get_item(0)?.extract()?;
        PyResult::Ok(&*format!("{folder}{}", std::path::MAIN_SEPARATOR).leak())
    });
    found.ok().copied()
}

impl Line for Nowhere {
    fn shown(&self) -> Option<String> {
        None
    }
}

impl Line for Instruction {
    fn shown(&self) -> Option<String> {
        Python::try_attach(|py| {
            let code = self.code.bind(py);
            // Python 3.10 has no qualified names of code.
            let name = code.getattr("co_qualname").or_else(|_| code.getattr("co_name"))?;
            let (file, first) = (code.getattr("co_filename")?, code.getattr("co_firstlineno")?.extract::<i64>()?);
            let mut line = first;
            for entry in code.call_method0("co_lines")?.try_iter()? {
                let (start, end, found): (i32, i32, Option<i64>) = entry?.extract()?;
                if (Range { start, end }).contains(&self.offset) {
                    line = found.unwrap_or(first);
                    break;
                }
            }
            PyResult::Ok(format!("{name} ({file}:{line})"))
        })?
        .ok()
    }
}
