//! Our arrays for other libraries: read-only views, or copies.

use std::any::Any;
use std::ffi::c_void;

use array_api::{Array, DType, with_element};
use array_ndarray::NdArray;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::{
    DLDevice, DLManagedTensor, DLManagedTensorVersioned, DLTensor, IS_COPIED, LEGACY, READ_ONLY, VERSIONED, code,
};
use crate::boundary::run;

/// Elements as a consumer sees them, and what keeps them where they are.
pub(crate) struct View {
    pub(crate) data: *mut c_void,
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<i64>,
    pub(crate) strides: Vec<i64>,
    /// Of an array: its buffer has a second owner, so no operation of ours overwrites it.
    pub(crate) _owner: Box<dyn Any + Send>,
}

impl View {
    fn of(array: NdArray) -> View {
        View {
            data: array.ptr().cast_mut().cast(),
            dtype: array.dtype(),
            shape: array.shape().iter().map(|&n| n as i64).collect(),
            strides: array.strides().iter().map(|&s| s as i64).collect(),
            _owner: Box::new(array),
        }
    }
}

/// What a consumer's view needs to stay alive.
struct Holder<M> {
    managed: M,
    view: View,
}

impl<M> Holder<M> {
    /// The structure inside of a holder that lives until its deleter is called.
    fn leaked(
        view: View,
        device: DLDevice,
        managed: M,
        parts: impl Fn(&mut M) -> (&mut DLTensor, &mut *mut c_void),
    ) -> *mut M {
        let holder = Box::into_raw(Box::new(Holder { managed, view }));
        // SAFETY: nobody else has the pointer yet.
        let Holder { managed, view } = unsafe { &mut *holder };
        let (tensor, manager_ctx) = parts(managed);
        *tensor = DLTensor {
            data: view.data,
            device,
            ndim: view.shape.len() as i32,
            dtype: code(view.dtype),
            shape: view.shape.as_mut_ptr(),
            strides: view.strides.as_mut_ptr(),
            byte_offset: 0,
        };
        *manager_ctx = holder.cast();
        // SAFETY: the holder is alive.
        unsafe { &raw mut (*holder).managed }
    }
}

unsafe extern "C" fn drop_legacy(managed: *mut DLManagedTensor) {
    // SAFETY: the context is the box that `leaked` made, and a deleter is called once.
    unsafe { drop(Box::from_raw((*managed).manager_ctx.cast::<Holder<DLManagedTensor>>())) }
}

unsafe extern "C" fn drop_versioned(managed: *mut DLManagedTensorVersioned) {
    // SAFETY: as above.
    unsafe { drop(Box::from_raw((*managed).manager_ctx.cast::<Holder<DLManagedTensorVersioned>>())) }
}

/// A capsule that nobody consumed still owns its tensor; a consumer renames it.
unsafe extern "C" fn drop_capsule(capsule: *mut ffi::PyObject) {
    // SAFETY: Python calls this with the capsule that it destroys; the names say which structure is inside.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, LEGACY.as_ptr()) == 1 {
            drop_legacy(ffi::PyCapsule_GetPointer(capsule, LEGACY.as_ptr()).cast());
        } else if ffi::PyCapsule_IsValid(capsule, VERSIONED.as_ptr()) == 1 {
            drop_versioned(ffi::PyCapsule_GetPointer(capsule, VERSIONED.as_ptr()).cast());
        }
    }
}

/// The array in this program's memory, with a buffer of its own if a copy is asked for.
fn native(py: Python<'_>, array: &Array, copy: bool) -> PyResult<NdArray> {
    match array.downcast_ref::<NdArray>() {
        Some(x) if !copy => Ok(x.clone()),
        _ => run(py, || {
            let shape = array.shape()?;
            let host = array.to_host()?;
            Ok(with_element!(host.dtype(), T => NdArray::from_vec(host.into_vec::<T>()?, shape)))
        }),
    }
}

/// A capsule for a consumer.
///
/// Memory is shared read-only, which a legacy capsule (before DLPack 1.0) cannot say: it holds a copy. If copies are
/// forbidden, its consumer gets the array's own buffer, and the array keeps a copy, so that nobody else is written to.
pub(crate) fn export(py: Python<'_>, x: &mut Array, versioned: bool, copy: Option<bool>) -> PyResult<Py<PyAny>> {
    #[cfg(feature = "torch")]
    if let Some(tensor) = x.downcast_ref::<array_torch::TorchArray>() {
        let (view, copied) = crate::torch::view(py, tensor, versioned, copy)?;
        return capsule(py, view, DLDevice::of(x), versioned, if copied { IS_COPIED } else { READ_ONLY });
    }
    if versioned || copy != Some(false) {
        let copied = copy == Some(true) || !versioned;
        let flags = if copied { IS_COPIED } else { READ_ONLY };
        return capsule(py, View::of(native(py, x, copied)?), DLDevice::CPU, versioned, flags);
    }
    match x.is_unique().then(|| x.downcast_ref::<NdArray>()).flatten() {
        Some(own) if own.is_unique() => {
            let buffer = own.clone();
            *x = Array::new(native(py, x, true)?);
            capsule(py, View::of(buffer), DLDevice::CPU, false, 0)
        }
        _ => Err(has_other_owners()),
    }
}

/// A consumer that cannot be told that memory is read-only asked for memory that others read.
pub(crate) fn has_other_owners() -> PyErr {
    PyBufferError::new_err(
        "the memory has other owners, and is shared read-only: that needs max_version=(1, 0) or newer",
    )
}

fn capsule(py: Python<'_>, view: View, device: DLDevice, versioned: bool, flags: u64) -> PyResult<Py<PyAny>> {
    let nothing = std::ptr::null_mut();
    let dl_tensor = DLTensor {
        data: nothing,
        device,
        ndim: 0,
        dtype: code(view.dtype),
        shape: nothing.cast(),
        strides: nothing.cast(),
        byte_offset: 0,
    };
    let (pointer, name): (*mut c_void, _) = if versioned {
        let deleter = Some(drop_versioned as unsafe extern "C" fn(_));
        let managed = DLManagedTensorVersioned { major: 1, minor: 0, manager_ctx: nothing, deleter, flags, dl_tensor };
        (Holder::leaked(view, device, managed, |m| (&mut m.dl_tensor, &mut m.manager_ctx)).cast(), VERSIONED)
    } else {
        let managed = DLManagedTensor { dl_tensor, manager_ctx: nothing, deleter: Some(drop_legacy) };
        (Holder::leaked(view, device, managed, |m| (&mut m.dl_tensor, &mut m.manager_ctx)).cast(), LEGACY)
    };
    // SAFETY: the pointer is not null, the name is static, and the destructor expects exactly these structures.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyCapsule_New(pointer, name.as_ptr(), Some(drop_capsule))) }
        .map(Bound::unbind)
}
