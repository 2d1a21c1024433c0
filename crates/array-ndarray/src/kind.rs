//! `NdArray` in the protocol: its kind, how values enter and leave it, and how it prints.

use array_api::{
    Arg, Array, ArrayImpl, Complex, DType, Device, Dims, Error, FromScalar, Host, Kind, Meta, Namespace, Native, Op,
    Result, Scalar, Verdict, with_element,
};
use std::fmt;

use crate::array::{NdArray, NdElement};
use crate::engine::map;

/// The kind of [`NdArray`].
pub static NDARRAY: Kind = {
    let kind = Kind::new("ndarray").from_host(from_host).groups(|_| rayon::current_num_threads());
    #[cfg(not(test))]
    let kind = kind.chains(crate::elementwise::chain).folds(crate::elementwise::fold);
    kind
};

/// The namespace of arrays in memory: `xp.zeros([2, 3])`, `xp.asarray([1.0, 2.0])`.
///
/// ```
/// let xp = array_ndarray::namespace();
/// assert_eq!(xp.asarray([[1, 2], [3, 4]])?.shape()?, [2, 2]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn namespace() -> Namespace {
    Namespace::new(&NDARRAY)
}

/// The device of an array of this kind can only be the host's.
pub(crate) fn on_cpu(namespace: &Namespace) -> Result<()> {
    match namespace.device() {
        Device::Cpu => Ok(()),
        other => Err(Error::device("ndarray", format!("arrays of kind ndarray live on cpu, not on {other}"))),
    }
}

fn from_host(host: Host, dims: Dims, namespace: &Namespace) -> Result<Array> {
    on_cpu(namespace)?;
    room("from_host", bytes(&dims, host.dtype()), || format!("an array of shape {dims}"))?;
    Ok(Array::new(with_element!(host.dtype(), T => NdArray::from_vec(host.into_vec::<T>()?, &dims))))
}

impl ArrayImpl for NdArray {
    #[inline]
    fn kind(&self) -> &'static Kind {
        &NDARRAY
    }
    #[inline]
    fn dims(&self) -> Dims {
        Dims::new(self.shape())
    }
    #[inline]
    fn dtype(&self) -> DType {
        NdArray::dtype(self)
    }
    fn to_host(&self) -> Result<Host> {
        with_element!(NdArray::dtype(self), T => match self.to_vec::<T>() {
            Some(v) => Ok(Host::from_vec(v)),
            None => Err(Error::backend("to_host", "the data type is not the variant's")),
        })
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        array_api::print::array(f, self.shape(), NdArray::dtype(self), "ndarray", &|index| scalar_at(self, index))
    }
}

fn scalar_at(x: &NdArray, index: &[usize]) -> Scalar {
    with_element!(NdArray::dtype(x), T => match T::peel(x).and_then(|a| a.get(index)) {
        Some(&v) => Scalar::from(v),
        None => Scalar::Bool(false),
    })
}

impl Native for NdArray {
    const KIND: &'static Kind = &NDARRAY;

    #[inline]
    fn from_scalar(scalar: Scalar, dtype: DType) -> Result<NdArray> {
        Ok(match dtype {
            DType::Float64 => NdArray::scalar(f64::from_scalar(scalar)),
            DType::Float32 => NdArray::scalar(f32::from_scalar(scalar)),
            other => with_element!(other, T => NdArray::scalar(<T as FromScalar>::from_scalar(scalar))),
        })
    }

    #[inline]
    fn admits(op: &'static Op, verdict: &Verdict) -> Result<()> {
        let small = |m: &Meta| m.dims.iter().fold(1_usize, |n, &d| n.saturating_mul(d.max(1))) < LARGE;
        if verdict.results().iter().all(small) { Ok(()) } else { in_memory(op, verdict) }
    }
}

/// From how many elements on it is asked whether there is memory for a result.
pub(crate) const LARGE: usize = 1 << 26;

/// Refuses results that there is no memory for. Extents that only the kernel finds out are its own matter.
#[cold]
fn in_memory(op: &'static Op, verdict: &Verdict) -> Result<()> {
    let total = verdict.results().iter().try_fold(0_usize, |sum, m| match m.dims.known() {
        Some(extents) => sum.checked_add(bytes(extents, m.dtype)?),
        None => Some(sum),
    });
    let what = || format!("a result of shape {} and dtype {}", verdict.dims(), verdict.dtype());
    room(op.name, total, what)
}

/// The bytes of an array, if they can be counted; also without elements its strides must be numbers.
pub(crate) fn bytes(extents: &[usize], dtype: DType) -> Option<usize> {
    let strides = extents.iter().try_fold(dtype.size(), |n, &d| n.checked_mul(d.max(1)))?;
    isize::try_from(strides).ok()?;
    Some(if extents.contains(&0) { 0 } else { strides })
}

/// Asks the allocator for so many bytes and gives them back: a failed allocation inside a kernel would end the program.
pub(crate) fn room(op: &str, bytes: Option<usize>, what: impl Fn() -> String) -> Result<()> {
    if bytes.is_some_and(|n| Vec::<u8>::new().try_reserve_exact(n).is_ok()) {
        return Ok(());
    }
    let size = bytes.map_or("more than 2^64".to_string(), |n| n.to_string());
    Err(Error::memory(op, format!("{} takes {size} bytes, and there is no memory for it", what())))
}

/// An operand of the protocol as one of the engine.
#[inline]
pub(crate) fn operand(arg: Arg<'_, NdArray>) -> map::Operand<'_> {
    match arg {
        Arg::Ref(x) => map::Operand::Ref(x),
        Arg::Own(x) => map::Operand::Own(x),
        Arg::Scalar(s, dtype) => map::Operand::Scalar(map::Number::new(s, dtype)),
    }
}

macro_rules! into_array {
    ($($t:ty),*) => { $(
        impl FromNative<$t> for Array {
            fn from_native(array: ndarray::ArrayD<$t>) -> Array { Array::new(NdArray::from(array)) }
        }
    )* };
}

/// Arrays of the `ndarray` crate as arrays of the protocol, without a copy.
///
/// ```
/// use array_api::Array;
/// use array_ndarray::FromNative;
/// let x = Array::from_native(ndarray::array![[1.0, 2.0]].into_dyn());
/// assert_eq!(x.shape()?, [1, 2]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub trait FromNative<T> {
    /// The array, whose buffer goes over.
    fn from_native(array: ndarray::ArrayD<T>) -> Self;
}

into_array!(bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, Complex<f32>, Complex<f64>);
