//! DLPack: read-only views of our arrays for other libraries, and theirs for us, copied or shared.

mod export;
mod import;

use std::ffi::{CStr, c_void};

use array_api::{Array, DType, Device};

pub(crate) use export::export;
#[cfg(feature = "torch")]
pub(crate) use export::{View, has_other_owners};
#[cfg(feature = "torch")]
pub(crate) use import::Capsule;
pub(crate) use import::from_capsule;

/// The names are those of the protocol's header, `dlpack.h`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct DLDevice {
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

const READ_ONLY: u64 = 1;
const IS_COPIED: u64 = 2;
const LEGACY: &CStr = c"dltensor";
const VERSIONED: &CStr = c"dltensor_versioned";

impl DLDevice {
    pub(crate) const CPU: DLDevice = DLDevice { device_type: 1, device_id: 0 };
    const CUDA: i32 = 2;

    /// Where an array's elements lie.
    pub(crate) fn of(x: &Array) -> DLDevice {
        match x.namespace().device() {
            Device::Cpu => DLDevice::CPU,
            Device::Cuda(n) => DLDevice { device_type: DLDevice::CUDA, device_id: n.into() },
        }
    }

    /// As Python writes it.
    pub(crate) fn numbers(self) -> (i32, i32) {
        (self.device_type, self.device_id)
    }

    /// Our name of the device, if we have arrays on such.
    fn known(self) -> Option<Device> {
        match self.device_type {
            1 => Some(Device::Cpu),
            DLDevice::CUDA => u16::try_from(self.device_id).ok().map(Device::Cuda),
            _ => None,
        }
    }
}

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
