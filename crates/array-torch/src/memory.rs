//! Memory that tensors share with others: somebody else's as a tensor, and a tensor's for somebody else to read.

use std::any::Any;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use array_api::{DType, Device, Error, Result};
use tch::{Kind, TchError, Tensor};

use crate::array::TorchArray;
use crate::carrier::carrier;
use crate::error::failed;
use crate::kind::shown;

/// Where elements lie: an address, extents, and the elements from neighbour to neighbour along each axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strided {
    /// The first element.
    pub data: *mut c_void,
    /// What the elements are; unsigned ones are unsigned here, whatever libtorch carries them as.
    pub dtype: DType,
    /// Whose memory it is.
    pub device: Device,
    /// The extents.
    pub shape: Vec<i64>,
    /// As many steps as there are extents.
    pub strides: Vec<i64>,
}

impl Strided {
    /// Why libtorch has no tensor that lies so, if it has none.
    pub fn unfit(&self) -> Option<&'static str> {
        let Strided { data, shape, strides, .. } = self;
        let reach = || {
            let size = self.dtype.size() as i64;
            shape.iter().try_fold(size, |n, &d| n.checked_mul(d.max(1)))?;
            let last = |(n, s): (&i64, &i64)| (n - 1).checked_mul(*s);
            shape.iter().zip(strides).try_fold(1_i64, |sum, axis| sum.checked_add(last(axis)?))?.checked_mul(size)
        };
        if shape.len() != strides.len() {
            Some("there are not as many strides as extents")
        } else if shape.iter().any(|&n| n < 0) {
            Some("an extent is negative")
        } else if shape.contains(&0) {
            None
        } else if strides.iter().any(|&s| s < 0) {
            Some("libtorch has no negative strides")
        } else if data.is_null() {
            Some("the address is null")
        } else if !data.addr().is_multiple_of(alignment(self.dtype)) {
            Some("the elements are not aligned")
        } else if reach().is_none() {
            Some("no memory has so many elements")
        } else {
            None
        }
    }
}

/// Complex numbers are aligned as their parts are.
fn alignment(dtype: DType) -> usize {
    if dtype.is_complex() { dtype.size() / 2 } else { dtype.size() }
}

unsafe extern "C" {
    fn array_torch_share(
        data: *mut c_void,
        sizes: *const i64,
        strides: *const i64,
        axes: usize,
        scalar_type: c_int,
        device: c_int,
        owner: *mut c_void,
        release: unsafe extern "C" fn(*mut c_void),
        why: *mut *mut c_char,
    ) -> *mut c_void;
    fn array_torch_is_shared(
        tensor: *const c_void,
        release: unsafe extern "C" fn(*mut c_void),
        why: *mut *mut c_char,
    ) -> bool;
    fn array_torch_is_sole(tensor: *const c_void) -> bool;
    fn array_torch_synchronize(device: c_int, why: *mut *mut c_char);
    fn free(memory: *mut c_void);
}

/// Whether nothing else holds this tensor, and no other tensor is on its memory.
pub(crate) fn is_sole(tensor: &Tensor) -> bool {
    // SAFETY: the tensor lives, and its counts are atomic.
    unsafe { array_torch_is_sole(tensor.as_ptr().cast()) }
}

/// libtorch's number of a type (`c10/core/ScalarType.h`), of those that carry ours.
fn scalar_type(kind: Kind) -> c_int {
    match kind {
        Kind::Uint8 => 0,
        Kind::Int8 => 1,
        Kind::Int16 => 2,
        Kind::Int => 3,
        Kind::Int64 => 4,
        Kind::Float => 6,
        Kind::Double => 7,
        Kind::ComplexFloat => 9,
        Kind::ComplexDouble => 10,
        _ => 11,
    }
}

type Owner = Box<dyn Any + Send>;

/// What libtorch calls with the last tensor on somebody's memory, on whichever thread drops it.
unsafe extern "C" fn release(owner: *mut c_void) {
    // A panic must not pass through libtorch.
    // SAFETY: `from_memory` gave the box away, and libtorch calls this once.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(owner.cast::<Owner>()) })));
}

/// What the C++ side wrote, as an error of the operation.
fn told(op: &str, why: *mut c_char) -> Error {
    // SAFETY: it is null or a text from `strdup`, which nobody else has.
    let text = unsafe {
        if why.is_null() {
            String::new()
        } else {
            let text = CStr::from_ptr(why).to_string_lossy().into_owned();
            free(why.cast());
            text
        }
    };
    failed(op, TchError::Torch(text))
}

impl TorchArray {
    /// Memory of another owner as an array, without a copy. The owner is dropped with the last array on it, on any thread, or
    /// by a failure.
    ///
    /// Nothing here writes to it. What others write to it is seen, as through any tensor that shares memory.
    ///
    /// # Errors
    /// For what libtorch has no tensor of: see [`Strided::unfit`].
    ///
    /// # Safety
    /// The elements that the extents and strides reach must be initialised, on the device that is named, and stay there until
    /// `owner` is dropped; of `bool`, bytes that are 0 or 1. No slice of Rust's may be alive on memory that is written to.
    pub unsafe fn from_memory(memory: &Strided, owner: Owner) -> Result<TorchArray> {
        // Before libtorch looks: where it computes the size of the memory it lets no exception out, and ends the program.
        if let Some(why) = memory.unfit() {
            return Err(Error::value("from_memory", format!("{why}; copy the elements")));
        }
        let device = match memory.device {
            Device::Cpu => -1,
            Device::Cuda(n) => c_int::from(n),
        };
        let mut why = std::ptr::null_mut();
        // SAFETY: the lists have as many entries as there are axes; the memory is as the caller promises.
        let tensor = unsafe {
            array_torch_share(
                memory.data,
                memory.shape.as_ptr(),
                memory.strides.as_ptr(),
                memory.shape.len(),
                scalar_type(carrier(memory.dtype)),
                device,
                Box::into_raw(Box::new(owner)).cast(),
                release,
                &mut why,
            )
        };
        if tensor.is_null() {
            return Err(told("from_memory", why));
        }
        // SAFETY: a new `at::Tensor` that nobody else has.
        TorchArray::new(unsafe { Tensor::from_ptr(tensor.cast()) }, memory.dtype)
    }

    /// Where the elements lie, while this array or a clone of it lives. `None` if they do not lie anywhere as they are: libtorch
    /// may put off a conjugation or a sign. [`TorchArray::resolved`] has them.
    ///
    /// # Errors
    /// libtorch's.
    pub fn memory(&self) -> Result<Option<Strided>> {
        let fail = |e| failed("memory", e);
        let tensor = self.tensor();
        if tensor.f_is_conj().map_err(fail)? || tensor.f_is_neg().map_err(fail)? {
            return Ok(None);
        }
        Ok(Some(Strided {
            data: tensor.data_ptr(),
            dtype: self.dtype(),
            device: shown(self.device()),
            shape: tensor.size(),
            strides: tensor.stride(),
        }))
    }

    /// The array with nothing put off: itself where its elements lie in memory as they are.
    ///
    /// # Errors
    /// libtorch's, such as that there is no memory.
    pub fn resolved(&self) -> Result<TorchArray> {
        self.with("memory", self.tensor().f_resolve_conj().and_then(|t| t.f_resolve_neg()))
    }

    /// The elements in memory of their own.
    ///
    /// # Errors
    /// libtorch's, such as that there is no memory.
    pub fn copied(&self) -> Result<TorchArray> {
        let copy = || {
            let from = self.tensor();
            let mut to = from.f_empty_like()?;
            to.f_copy_(from)?;
            to.f_resolve_conj()?.f_resolve_neg()
        };
        self.with("copy", copy())
    }

    /// Whether the memory is another owner's: see [`TorchArray::from_memory`].
    ///
    /// # Errors
    /// libtorch's.
    pub fn is_of_another_owner(&self) -> Result<bool> {
        let mut why = std::ptr::null_mut();
        // SAFETY: the pointer is that of a tensor that is alive.
        let shared = unsafe { array_torch_is_shared(self.tensor().as_ptr().cast(), release, &mut why) };
        if why.is_null() { Ok(shared) } else { Err(told("memory", why)) }
    }

    /// Waits until the device has written the elements, for readers that know nothing of libtorch's streams.
    ///
    /// # Errors
    /// libtorch's, such as of a kernel that failed before.
    pub fn synchronize(&self) -> Result<()> {
        let tch::Device::Cuda(n) = self.device() else { return Ok(()) };
        let mut why = std::ptr::null_mut();
        // SAFETY: a number, and a place for a text.
        unsafe { array_torch_synchronize(n as c_int, &mut why) };
        if why.is_null() { Ok(()) } else { Err(told("synchronize", why)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array_api::{Array, DTYPES};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how often it was dropped.
    struct Counted(Arc<AtomicUsize>, #[expect(dead_code)] Vec<u64>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn shared(dtype: DType, shape: &[i64], strides: &[i64]) -> (Result<TorchArray>, *mut c_void, Arc<AtomicUsize>) {
        // Ones, zeros and a high bit, whatever they are read as.
        let mut words = vec![0x8001_0001_0001_0001_u64; 64];
        if dtype == DType::Bool {
            words.fill(0x0001_0001_0001_0001);
        }
        let data = words.as_mut_ptr().cast();
        let dropped = Arc::new(AtomicUsize::new(0));
        let owner = Box::new(Counted(dropped.clone(), words));
        let memory = Strided { data, dtype, device: Device::Cpu, shape: shape.to_vec(), strides: strides.to_vec() };
        // SAFETY: the owner has the 512 bytes, which no test reaches beyond.
        (unsafe { TorchArray::from_memory(&memory, owner) }, data, dropped)
    }

    #[test]
    fn memory_is_shared_until_the_last_view_is_gone() {
        for dtype in DTYPES {
            let layouts: &[(&[i64], &[i64])] =
                &[(&[2, 3], &[3, 1]), (&[2, 3], &[1, 2]), (&[], &[]), (&[3, 0], &[0, 1]), (&[4], &[0]), (&[3], &[2])];
            for (shape, strides) in layouts {
                let (x, data, dropped) = shared(dtype, shape, strides);
                let x = x.unwrap();
                assert!(x.is_of_another_owner().unwrap());
                let memory = x.memory().unwrap().unwrap();
                assert_eq!((&memory.shape[..], memory.dtype), (*shape, dtype));
                if !shape.contains(&0) {
                    assert_eq!((memory.data, &memory.strides[..]), (data, *strides), "{dtype}");
                }
                let own = x.copied().unwrap();
                assert!(!own.is_of_another_owner().unwrap());
                assert_eq!(Array::new(own).to_string(), Array::new(x.clone()).to_string());
                let view = Array::new(x).expand_dims(0).unwrap();
                assert_eq!(dropped.load(Ordering::SeqCst), 0, "a view is left");
                std::thread::spawn(move || drop(view)).join().unwrap();
                assert_eq!(dropped.load(Ordering::SeqCst), 1);
            }
        }
    }

    #[test]
    fn unsigned_elements_are_read_as_unsigned() {
        let (x, ..) = shared(DType::UInt16, &[4], &[1]);
        assert_eq!(Array::new(x.unwrap()).to_vec::<u16>().unwrap(), [1, 1, 1, 0x8001]);
        let (x, ..) = shared(DType::UInt64, &[], &[]);
        assert_eq!(Array::new(x.unwrap()).item::<u64>().unwrap(), 0x8001_0001_0001_0001);
    }

    #[test]
    fn what_libtorch_has_no_tensor_of_is_refused_and_its_owner_released() {
        for (shape, strides, why) in [
            (&[2][..], &[-1][..], "negative strides"),
            (&[-2], &[1], "extent is negative"),
            (&[2, 2], &[1], "not as many strides"),
            (&[i64::MAX, 2], &[1, 1], "no memory has so many"),
            (&[2], &[i64::MAX], "no memory has so many"),
        ] {
            let (x, _, dropped) = shared(DType::Float64, shape, strides);
            assert!(x.unwrap_err().to_string().contains(why), "{why}");
            assert_eq!(dropped.load(Ordering::SeqCst), 1);
        }
    }

    #[test]
    fn an_exception_of_libtorchs_is_an_error_and_releases_the_owner() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut words = vec![0_u64; 4];
        let data = words.as_mut_ptr().cast();
        let owner: Owner = Box::new(Counted(dropped.clone(), words));
        let mut why = std::ptr::null_mut();
        // SAFETY: the memory is there; over the extent libtorch throws before it looks at it.
        let tensor = unsafe {
            let owner = Box::into_raw(Box::new(owner)).cast();
            array_torch_share(data, [-4].as_ptr(), [1].as_ptr(), 1, 7, -1, owner, release, &mut why)
        };
        assert!(tensor.is_null());
        assert!(told("from_memory", why).to_string().starts_with("from_memory: libtorch: "));
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_is_put_off_lies_nowhere_yet() {
        let z = crate::namespace().asarray([array_api::Complex::new(1.0, 2.0)]).unwrap();
        let z = z.downcast_ref::<TorchArray>().unwrap();
        let lazy = z.with("conj", z.tensor().f_conj()).unwrap();
        assert_eq!(lazy.memory().unwrap(), None);
        assert!(lazy.resolved().unwrap().memory().unwrap().is_some());
        assert!(lazy.copied().unwrap().memory().unwrap().is_some());
    }
}
