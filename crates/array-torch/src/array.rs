//! `TorchArray`: a tensor of libtorch with the protocol's data type.

use array_api::{DType, Dims, Error, Result, Verdict};
use std::fmt;
use tch::{Device, TchError, Tensor};

use crate::carrier::carrier;
use crate::error::failed;
use crate::memory::is_sole;

/// An array whose elements libtorch holds, on the CPU or a CUDA device.
///
/// ```
/// use array_torch::TorchArray;
/// let x = TorchArray::new(tch::Tensor::from_slice(&[1.0, 2.0]), array_api::DType::Float64)?;
/// let y = array_api::Array::new(x);
/// assert_eq!(y.sum(..)?.item::<f64>()?, 3.0);
/// # Ok::<(), array_api::Error>(())
/// ```
pub struct TorchArray {
    tensor: Tensor,
    dtype: DType,
    device: Device,
    /// What asking libtorch would take two calls and an allocation for.
    dims: Dims,
    /// Whether libtorch allocated the storage for a kernel of this crate, so that nobody knows it but by a tensor.
    fresh: bool,
}

// SAFETY: `Tensor` is a pointer to a reference-counted `at::Tensor`, and lacks `Sync` because its methods include mutating
// ones. Here nothing mutates what is shared: kernels of this crate write to a tensor that they made themselves in the same
// call, or to a donated one of which libtorch counts no other holder (`donation.rs`). And
// `tensor()` lends `&Tensor`, whose in-place methods take `&mut self`. (A clone of it shares the elements, and `tch` lets
// it be changed on another thread; that is so for any two clones, which are `Send`, without this line.) What remains are
// `const` methods of `at::Tensor`, which libtorch allows on one tensor from several threads: they read metadata written
// before the tensor was shared, and count references with atomics. Gradients, the one piece of metadata that reading may
// create, are never asked for. Memory of another owner (`memory.rs`) may be written to by that owner meanwhile: libtorch
// then reads what any tensor on such memory reads, and Rust makes no reference to it.
// `tests/threads.rs` shares arrays between threads.
unsafe impl Sync for TorchArray {}

impl TorchArray {
    /// The tensor as an array. The unsigned types above eight bits lie in the signed type of their width.
    ///
    /// Clones of a tensor share their elements: one that is changed in place afterwards changes under the array.
    ///
    /// # Errors
    /// If the tensor's type is not what carries `dtype`, if its elements do not lie in strides, or if it takes part in
    /// libtorch's own differentiation.
    pub fn new(tensor: Tensor, dtype: DType) -> Result<TorchArray> {
        let found = tensor.f_kind().map_err(|e| failed("asarray", e))?;
        if found != carrier(dtype) {
            let message = format!("a tensor of {found:?} cannot hold {dtype}, {:?} does", carrier(dtype));
            return Err(Error::dtype("asarray", message));
        }
        if tensor.is_sparse() || tensor.is_mkldnn() {
            return Err(Error::value("asarray", "the tensor's elements do not lie in strides: make it dense first"));
        }
        if tensor.requires_grad() {
            return Err(Error::value("asarray", "the tensor records libtorch's own gradients: detach it first"));
        }
        Ok(TorchArray::of(tensor, dtype))
    }

    /// What a kernel made.
    pub(crate) fn of(tensor: Tensor, dtype: DType) -> TorchArray {
        let dims = tensor.size().into_iter().map(|n| n as usize).collect();
        TorchArray { device: tensor.device(), tensor, dtype, dims, fresh: false }
    }

    /// What a kernel made as the protocol said it would, where its operands are.
    #[inline]
    fn as_ruled(tensor: Tensor, verdict: &Verdict, device: Device) -> TorchArray {
        let (dims, dtype) = (verdict.dims().clone(), verdict.dtype());
        debug_assert!({
            let found = TorchArray::of(tensor.shallow_clone(), dtype);
            found.dims == dims && found.device == device
        });
        TorchArray { device, tensor, dtype, dims, fresh: false }
    }

    /// The tensor, to be read only.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// The same of a tensor that was made just now, in memory of libtorch's own.
    pub(crate) fn fresh(mut self) -> TorchArray {
        self.fresh = true;
        self
    }

    /// The same array, which says that it is elsewhere.
    #[cfg(test)]
    pub(crate) fn said_to_be_on(mut self, device: Device) -> TorchArray {
        self.device = device;
        self
    }

    /// Whether no other array and no tensor shares the storage, and nobody else can know it.
    pub(crate) fn is_sole(&mut self) -> bool {
        self.fresh && is_sole(&self.tensor)
    }

    pub(crate) fn has_dims(&self, dims: &Dims) -> bool {
        self.dims == *dims
    }

    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    pub(crate) fn device(&self) -> Device {
        self.device
    }

    pub(crate) fn dims(&self) -> Dims {
        self.dims.clone()
    }

    pub(crate) fn ndim(&self) -> usize {
        self.dims.len()
    }

    /// A result with this array's type.
    pub(crate) fn with(&self, op: &str, tensor: Result<Tensor, TchError>) -> Result<TorchArray> {
        made(op, tensor, self.dtype)
    }
}

/// What libtorch gave, as an array of the type that the protocol expects.
#[inline]
pub(crate) fn made(op: &str, tensor: Result<Tensor, TchError>, dtype: DType) -> Result<TorchArray> {
    match tensor {
        Ok(tensor) => Ok(TorchArray::of(tensor, dtype)),
        Err(e) => Err(failed(op, e)),
    }
}

/// What libtorch gave for a call whose result the protocol knows.
#[inline]
pub(crate) fn ruled(
    op: &str,
    tensor: Result<Tensor, TchError>,
    verdict: &Verdict,
    device: Device,
) -> Result<TorchArray> {
    match tensor {
        Ok(tensor) => Ok(TorchArray::as_ruled(tensor, verdict, device)),
        Err(e) => Err(failed(op, e)),
    }
}

/// Extents or axes as libtorch takes them.
pub(crate) fn sizes(dims: &[usize]) -> Vec<i64> {
    dims.iter().map(|&n| n as i64).collect()
}

impl Clone for TorchArray {
    fn clone(&self) -> TorchArray {
        TorchArray {
            tensor: self.tensor.shallow_clone(),
            dtype: self.dtype,
            device: self.device,
            dims: self.dims.clone(),
            fresh: self.fresh,
        }
    }
}

impl fmt::Debug for TorchArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TorchArray({}{} on {:?})", self.dtype, self.dims, self.device)
    }
}
