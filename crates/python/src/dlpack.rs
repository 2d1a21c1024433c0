//! DLPack: read-only views of our arrays for other libraries, and copies of theirs for us.

use std::ffi::{CStr, c_void};

use array_api::{Array, DType, with_element};
use array_ndarray::NdArray;
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::array::PyArray;
use crate::boundary::run;
use crate::function::namespace;
use crate::memory::Foreign;

/// The names are those of the protocol's header, `dlpack.h`.
#[repr(C)]
#[derive(Clone, Copy)]
struct DLDevice {
    device_type: i32,
    device_id: i32,
}

#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
struct DLDataType {
    code: u8,
    bits: u8,
    lanes: u16,
}

#[repr(C)]
struct DLTensor {
    data: *mut c_void,
    device: DLDevice,
    ndim: i32,
    dtype: DLDataType,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

#[repr(C)]
struct DLManagedTensor {
    dl_tensor: DLTensor,
    manager_ctx: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut DLManagedTensor)>,
}

#[repr(C)]
struct DLManagedTensorVersioned {
    major: u32,
    minor: u32,
    manager_ctx: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut DLManagedTensorVersioned)>,
    flags: u64,
    dl_tensor: DLTensor,
}

const CPU: i32 = 1;
const READ_ONLY: u64 = 1;
const IS_COPIED: u64 = 2;
const LEGACY: &CStr = c"dltensor";
const VERSIONED: &CStr = c"dltensor_versioned";

/// Codes of element types: int, uint, float, complex, bool.
fn code(dtype: DType) -> DLDataType {
    let code = match dtype {
        DType::Bool => 6,
        d if d.is_complex() => 5,
        d if d.is_floating() => 2,
        DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => 1,
        _ => 0,
    };
    DLDataType { code, bits: 8 * dtype.size() as u8, lanes: 1 }
}

/// What a consumer's view needs to stay alive. Its buffer has a second owner, so no operation of ours overwrites it.
struct Holder<M> {
    managed: M,
    shape: Vec<i64>,
    strides: Vec<i64>,
    array: NdArray,
}

impl<M> Holder<M> {
    fn tensor(&mut self) -> DLTensor {
        DLTensor {
            data: self.array.ptr().cast_mut().cast(),
            device: DLDevice { device_type: CPU, device_id: 0 },
            ndim: self.shape.len() as i32,
            dtype: code(self.array.dtype()),
            shape: self.shape.as_mut_ptr(),
            strides: self.strides.as_mut_ptr(),
            byte_offset: 0,
        }
    }
}

fn lists(array: &NdArray) -> (Vec<i64>, Vec<i64>) {
    (array.shape().iter().map(|&n| n as i64).collect(), array.strides().iter().map(|&s| s as i64).collect())
}

unsafe extern "C" fn drop_legacy(managed: *mut DLManagedTensor) {
    // SAFETY: the context is the box that `export` made, and a deleter is called once.
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
    if versioned || copy != Some(false) {
        let copied = copy == Some(true) || !versioned;
        let flags = if copied { IS_COPIED } else { READ_ONLY };
        return capsule(py, native(py, x, copied)?, versioned, flags);
    }
    match x.is_unique().then(|| x.downcast_ref::<NdArray>()).flatten() {
        Some(own) if own.is_unique() => {
            let buffer = own.clone();
            *x = Array::new(native(py, x, true)?);
            capsule(py, buffer, false, 0)
        }
        _ => Err(PyBufferError::new_err(
            "the memory has other owners, and is shared read-only: that needs max_version=(1, 0) or newer",
        )),
    }
}

fn capsule(py: Python<'_>, array: NdArray, versioned: bool, flags: u64) -> PyResult<Py<PyAny>> {
    let (shape, strides) = lists(&array);
    let empty = DLTensor {
        data: std::ptr::null_mut(),
        device: DLDevice { device_type: CPU, device_id: 0 },
        ndim: 0,
        dtype: code(DType::Bool),
        shape: std::ptr::null_mut(),
        strides: std::ptr::null_mut(),
        byte_offset: 0,
    };
    let (pointer, name): (*mut c_void, _) = if versioned {
        let context = std::ptr::null_mut();
        let managed = DLManagedTensorVersioned {
            major: 1,
            minor: 0,
            manager_ctx: context,
            deleter: Some(drop_versioned),
            flags,
            dl_tensor: empty,
        };
        let holder = Box::leak(Box::new(Holder { managed, shape, strides, array }));
        holder.managed.dl_tensor = holder.tensor();
        holder.managed.manager_ctx = std::ptr::from_mut(holder).cast();
        (std::ptr::from_mut(&mut holder.managed).cast(), VERSIONED)
    } else {
        let context = std::ptr::null_mut();
        let managed = DLManagedTensor { dl_tensor: empty, manager_ctx: context, deleter: Some(drop_legacy) };
        let holder = Box::leak(Box::new(Holder { managed, shape, strides, array }));
        holder.managed.dl_tensor = holder.tensor();
        holder.managed.manager_ctx = std::ptr::from_mut(holder).cast();
        (std::ptr::from_mut(&mut holder.managed).cast(), LEGACY)
    };
    // SAFETY: the pointer is not null, the name is static, and the destructor expects exactly these structures.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyCapsule_New(pointer, name.as_ptr(), Some(drop_capsule))) }
        .map(Bound::unbind)
}

/// An array with a copy of what a capsule describes. The capsule stays its producer's, which frees the memory.
#[pyfunction]
pub(crate) fn from_capsule(py: Python<'_>, kind: &str, capsule: &Bound<'_, PyAny>) -> PyResult<PyArray> {
    let xp = namespace(py, kind)?;
    let at = |name: &CStr| -> *mut c_void {
        // SAFETY: any object may be asked whether it is a capsule of this name.
        unsafe {
            match ffi::PyCapsule_IsValid(capsule.as_ptr(), name.as_ptr()) {
                1 => ffi::PyCapsule_GetPointer(capsule.as_ptr(), name.as_ptr()),
                _ => std::ptr::null_mut(),
            }
        }
    };
    let (versioned, legacy) = (at(VERSIONED), at(LEGACY));
    // SAFETY: a capsule of this name holds this structure (DLPack's contract), and lives while `capsule` does.
    let tensor: &DLTensor = unsafe {
        if !versioned.is_null() {
            let managed = versioned.cast::<DLManagedTensorVersioned>();
            if (*managed).major != 1 {
                let major = (*managed).major;
                return Err(PyBufferError::new_err(format!("DLPack of version {major} is not known here, but 1 is")));
            }
            &(*managed).dl_tensor
        } else if !legacy.is_null() {
            &(*legacy.cast::<DLManagedTensor>()).dl_tensor
        } else {
            return Err(PyTypeError::new_err("__dlpack__ did not give a DLPack capsule that is still unused"));
        }
    };
    // SAFETY: as above.
    let memory = unsafe { describe(tensor) }?;
    // SAFETY: the producer keeps the memory while the capsule lives.
    Ok(PyArray { array: run(py, || unsafe { memory.copy(&xp) })? })
}

/// # Safety
/// The tensor's lists must have as many entries as it says axes.
unsafe fn describe(t: &DLTensor) -> PyResult<Foreign> {
    if t.device.device_type != CPU {
        return Err(PyBufferError::new_err(format!(
            "memory of DLPack device {} cannot be read here; move it to the CPU first",
            t.device.device_type
        )));
    }
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
    Ok(Foreign { dtype, at, shape, steps })
}
