//! Other libraries' memory for us: copied, or shared by kinds that can.

use std::ffi::{CStr, c_void};

use array_api::Device;
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;

use super::{DLDataType, DLDevice, DLManagedTensor, DLManagedTensorVersioned, DLTensor, LEGACY, VERSIONED, code};
use crate::array::PyArray;
use crate::boundary::run;
use crate::function::namespace;
use crate::memory::Foreign;

/// A consumed capsule's tensor: the producer frees the memory when this is dropped, on any thread (DLPack's contract).
#[cfg(feature = "torch")]
enum Taken {
    Legacy(*mut DLManagedTensor),
    Versioned(*mut DLManagedTensorVersioned),
}

#[cfg(feature = "torch")]
// SAFETY: a deleter may be called on any thread, and nothing else is done with the pointer.
unsafe impl Send for Taken {}

#[cfg(feature = "torch")]
impl Drop for Taken {
    fn drop(&mut self) {
        // SAFETY: the pointer is the producer's, whose deleter is called once.
        unsafe {
            match *self {
                Taken::Legacy(m) => (*m).deleter.into_iter().for_each(|free| free(m)),
                Taken::Versioned(m) => (*m).deleter.into_iter().for_each(|free| free(m)),
            }
        }
    }
}

/// What a capsule holds that nobody consumed yet.
pub(crate) struct Capsule<'a, 'py> {
    /// Keeps the tensor; only who consumes it asks for more.
    #[cfg_attr(not(feature = "torch"), expect(dead_code))]
    object: &'a Bound<'py, PyAny>,
    versioned: *mut DLManagedTensorVersioned,
    legacy: *mut DLManagedTensor,
}

impl<'a, 'py> Capsule<'a, 'py> {
    fn of(object: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        let at = |name: &CStr| -> *mut c_void {
            // SAFETY: any object may be asked whether it is a capsule of this name.
            unsafe {
                match ffi::PyCapsule_IsValid(object.as_ptr(), name.as_ptr()) {
                    1 => ffi::PyCapsule_GetPointer(object.as_ptr(), name.as_ptr()),
                    _ => std::ptr::null_mut(),
                }
            }
        };
        let versioned = at(VERSIONED).cast::<DLManagedTensorVersioned>();
        let legacy = at(LEGACY).cast::<DLManagedTensor>();
        if versioned.is_null() {
            if legacy.is_null() {
                return Err(PyTypeError::new_err("__dlpack__ did not give a DLPack capsule that is still unused"));
            }
            return Ok(Capsule { object, versioned, legacy });
        }
        // SAFETY: a capsule of this name holds this structure, whose version stands before everything that depends on it.
        let major = unsafe { (*versioned).major };
        if major != 1 {
            return Err(PyBufferError::new_err(format!("DLPack of version {major} is not known here, but 1 is")));
        }
        Ok(Capsule { object, versioned, legacy })
    }

    fn tensor(&self) -> &DLTensor {
        // SAFETY: a capsule of this name holds this structure (DLPack's contract), and lives while `object` does.
        unsafe { if self.versioned.is_null() { &(*self.legacy).dl_tensor } else { &(*self.versioned).dl_tensor } }
    }

    /// Consumes the capsule: its tensor is ours to free from now on.
    #[cfg(feature = "torch")]
    pub(crate) fn take(self) -> PyResult<Box<dyn std::any::Any + Send>> {
        let (taken, name) = match self.versioned.is_null() {
            true => (Taken::Legacy(self.legacy), c"used_dltensor"),
            false => (Taken::Versioned(self.versioned), c"used_dltensor_versioned"),
        };
        // SAFETY: the object is a capsule, and the name is static.
        match unsafe { ffi::PyCapsule_SetName(self.object.as_ptr(), name.as_ptr()) } {
            0 => Ok(Box::new(taken)),
            _ => {
                // Still the capsule's.
                std::mem::forget(taken);
                Err(PyErr::fetch(self.object.py()))
            }
        }
    }
}

/// An array of what a capsule describes. Unless a copy is asked for, kinds share the memory that can read what others write;
/// otherwise the capsule stays its producer's, which frees the memory.
#[pyfunction]
#[pyo3(signature = (kind, capsule, copy=None))]
pub(crate) fn from_capsule(
    py: Python<'_>,
    kind: &str,
    capsule: &Bound<'_, PyAny>,
    copy: Option<bool>,
) -> PyResult<PyArray> {
    let xp = namespace(py, kind)?;
    let capsule = Capsule::of(capsule)?;
    // SAFETY: the tensor is a producer's, and describes itself as DLPack says.
    let (memory, device) = unsafe { describe(capsule.tensor()) }?;
    #[cfg(feature = "torch")]
    if kind == array_torch::TORCH.name() {
        return Ok(PyArray { array: crate::torch::imported(py, memory, device, capsule, copy)? });
    }
    if device != Device::Cpu {
        let message = format!("memory of {device} cannot be read here; move it to the CPU first");
        return Err(PyBufferError::new_err(message));
    }
    if copy == Some(false) {
        return Err(PyBufferError::new_err(
            "from_dlpack: memory that others may write to is copied; copy=False is not possible",
        ));
    }
    // SAFETY: the producer keeps the memory while the capsule lives.
    Ok(PyArray { array: run(py, || unsafe { memory.copy(&xp) })? })
}

/// # Safety
/// The tensor's lists must have as many entries as it says axes.
unsafe fn describe(t: &DLTensor) -> PyResult<(Foreign, Device)> {
    let DLDevice { device_type, device_id } = t.device;
    let Some(device) = t.device.known() else {
        return Err(PyBufferError::new_err(format!(
            "memory of DLPack device ({device_type}, {device_id}) cannot be read here; move it to the CPU first"
        )));
    };
    let DLDataType { code: c, bits, lanes } = t.dtype;
    let Some(dtype) = array_api::DTYPES.into_iter().find(|&d| code(d) == t.dtype) else {
        let message = format!("DLPack type code {c} with {bits} bits and {lanes} lanes is none of the standard's");
        return Err(PyTypeError::new_err(message));
    };
    let wrong = || PyBufferError::new_err("the DLPack tensor has a negative extent");
    let n = usize::try_from(t.ndim).map_err(|_| wrong())?;
    let list = |at: *mut i64| {
        (0..n).map(move |i| {
            // SAFETY: `i` is below the number of axes.
            unsafe { at.add(i).read_unaligned() }
        })
    };
    let shape = list(t.shape).map(usize::try_from).collect::<Result<Vec<_>, _>>().map_err(|_| wrong())?;
    let size = dtype.size() as isize;
    let mut steps = vec![size; n];
    if t.strides.is_null() {
        for a in (1..n).rev() {
            steps[a - 1] = steps[a] * shape[a] as isize;
        }
    } else {
        steps = list(t.strides).map(|s| s as isize * size).collect();
    }
    // No element is read of an empty array, whose address may be null.
    let at = t.data.cast_const().cast::<u8>().wrapping_add(t.byte_offset as usize);
    Ok((Foreign { dtype, at, shape, steps }, device))
}
