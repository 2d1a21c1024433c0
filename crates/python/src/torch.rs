//! The kind `torch` in Python: its memory is shared with Python's own torch, and with other libraries.
//!
//! libtorch reads the memory, and no slice of Rust's is ever made of it, so that others may write to it meanwhile; then arrays
//! see what was written, as tensors do. Nothing of ours writes to an array's memory.

use array_api::{Array, Device};
use array_torch::{Strided, TorchArray};
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;

use crate::boundary::{run, run_long};
use crate::dlpack::{Capsule, View, has_other_owners};
use crate::memory::Foreign;

/// An array's elements for a consumer, and whether they are a copy. Readers that know nothing of streams see them finished.
pub(crate) fn view(py: Python<'_>, x: &TorchArray, versioned: bool, copy: Option<bool>) -> PyResult<(View, bool)> {
    let put_off = run(py, || x.memory())?.is_none();
    if copy == Some(false) {
        if put_off {
            return Err(PyBufferError::new_err(
                "the elements are still to be conjugated or negated, which takes a copy; copy=False is not possible",
            ));
        }
        // What libtorch allocated, tensors share that write to it; of other memory the owner may rely on what it holds.
        if !versioned && run(py, || x.is_of_another_owner())? {
            return Err(has_other_owners());
        }
    }
    let copied = put_off || copy == Some(true) || (!versioned && copy.is_none());
    let x = x.clone();
    let x = run_long(py, move || {
        let x = if copied { x.copied()? } else { x };
        x.synchronize()?;
        Ok(x)
    })?;
    let memory = run(py, || x.memory())?;
    let Some(Strided { data, dtype, shape, strides, .. }) = memory else {
        return Err(PyBufferError::new_err("libtorch did not put the elements into memory"));
    };
    Ok((View { data, dtype, shape, strides, _owner: Box::new(x) }, copied))
}

/// An array of what a capsule holds: on its memory, if it may be and libtorch has such tensors, else of copied elements.
pub(crate) fn imported(
    py: Python<'_>,
    memory: Foreign,
    device: Device,
    capsule: Capsule<'_, '_>,
    copy: Option<bool>,
) -> PyResult<Array> {
    let size = memory.dtype.size() as isize;
    let strided = Strided {
        data: memory.at.cast_mut().cast(),
        dtype: memory.dtype,
        device,
        shape: memory.shape.iter().map(|&n| n as i64).collect(),
        strides: memory.steps.iter().map(|&step| (step / size) as i64).collect(),
    };
    match strided.unfit() {
        None => {
            let taken = capsule.take()?;
            // SAFETY: the producer keeps the memory until its deleter is called, which `taken` does when it is dropped.
            let shared = run(py, || unsafe { TorchArray::from_memory(&strided, taken) })?;
            Ok(Array::new(if copy == Some(true) { run(py, || shared.copied())? } else { shared }))
        }
        Some(why) if copy == Some(false) || device != Device::Cpu => {
            Err(PyBufferError::new_err(format!("from_dlpack: the memory cannot be shared: {why}")))
        }
        // SAFETY: the producer keeps the memory while the capsule lives.
        Some(_) => run(py, || unsafe { memory.copy(&array_torch::namespace()) }),
    }
}
