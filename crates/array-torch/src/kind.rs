//! `TorchArray` in the protocol: its kind and devices, how values enter and leave it, and how it prints.

use array_api::{
    Array, ArrayImpl, Complex, DType, Device, Dims, Error, Host, Kind, Namespace, Native, Result, Scalar, with_element,
};
use std::fmt;
use tch::{Cuda, Tensor};

use crate::array::{TorchArray, made, sizes};
use crate::carrier::carrier;
use crate::error::failed;
use crate::numbers::{Number, Outcome, constant, fresh};

/// The kind of [`TorchArray`].
pub static TORCH: Kind = Kind::new("torch").from_host(from_host);

/// The namespace of libtorch's arrays on the CPU; `"torch:cuda:0".parse()` gives that of a GPU.
///
/// ```
/// let xp = array_torch::namespace();
/// assert_eq!(xp.asarray([[1, 2], [3, 4]])?.shape()?, [2, 2]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn namespace() -> Namespace {
    Namespace::new(&TORCH)
}

/// How many CUDA devices libtorch sees.
fn cuda_count() -> i64 {
    if Cuda::is_available() { Cuda::device_count() } else { 0 }
}

/// The devices that arrays of this kind can live on here.
pub fn devices() -> Vec<Device> {
    let gpus = (0..cuda_count()).filter_map(|n| u16::try_from(n).ok()).map(Device::Cuda);
    std::iter::once(Device::Cpu).chain(gpus).collect()
}

/// The namespace's device as libtorch's, if this process has it.
pub(crate) fn device(op: &str, namespace: &Namespace) -> Result<tch::Device> {
    match namespace.device() {
        Device::Cpu => Ok(tch::Device::Cpu),
        Device::Cuda(n) => {
            let count = cuda_count();
            if i64::from(n) < count {
                return Ok(tch::Device::Cuda(usize::from(n)));
            }
            let there = match count {
                0 => "libtorch sees no CUDA device here".to_owned(),
                1 => "there is cuda:0 only".to_owned(),
                _ => format!("there are cuda:0 to cuda:{}", count - 1),
            };
            Err(Error::device(op, format!("cuda:{n} does not exist: {there}")))
        }
    }
}

/// A device of libtorch's as the protocol's.
pub(crate) fn shown(device: tch::Device) -> Device {
    match device {
        tch::Device::Cuda(n) => Device::Cuda(n as u16),
        _ => Device::Cpu,
    }
}

/// The one device of several operands: libtorch would take numbers of no axis from any.
pub(crate) fn together(op: &str, x: &TorchArray, y: &TorchArray) -> Result<()> {
    if x.device() == y.device() {
        return Ok(());
    }
    let (one, other) = (shown(x.device()), shown(y.device()));
    let message = format!("one array is on {one}, another on {other}: move one with to_device");
    Err(Error::device(op, message))
}

/// Elements as bytes, in the host's order.
fn bytes<T>(values: &[T]) -> &[u8] {
    // SAFETY: the element types have no padding, and any initialised value may be read as bytes.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// A tensor on the CPU that holds a copy of the values.
pub(crate) fn tensor_of(op: &str, host: Host, dims: &[usize]) -> Result<Tensor> {
    let dtype = host.dtype();
    with_element!(dtype, T => {
        let values = host.into_vec::<T>()?;
        Tensor::f_from_data_size(bytes(&values), &sizes(dims), carrier(dtype)).map_err(|e| failed(op, e))
    })
}

fn from_host(host: Host, dims: Dims, namespace: &Namespace) -> Result<Array> {
    let (dtype, device) = (host.dtype(), device("from_host", namespace)?);
    let tensor = tensor_of("from_host", host, &dims)?;
    let tensor = if device == tch::Device::Cpu { Ok(tensor) } else { tensor.f_to_device(device) };
    Ok(Array::new(made("from_host", tensor, dtype)?.fresh()))
}

/// The elements in row-major order.
fn to_host(x: &TorchArray) -> Result<Host> {
    let fail = |e| failed("to_host", e);
    // Views may have more elements than there is memory for.
    let bytes = x.dims().iter().try_fold(x.dtype().size(), |n, &d| n.checked_mul(d));
    if bytes.is_none_or(|n| Vec::<u8>::new().try_reserve_exact(n).is_err()) {
        let message = format!("there is no memory for the elements of an array of shape {}", x.dims());
        return Err(Error::memory("to_host", message));
    }
    let tensor = x.tensor().f_resolve_conj().and_then(|t| t.f_resolve_neg()).map_err(fail)?;
    let tensor = tensor.f_to_device(tch::Device::Cpu).and_then(|t| t.f_contiguous()).map_err(fail)?;
    let n = tensor.numel();
    if x.dtype() == DType::Bool {
        // Memory that another library filled may hold other bytes than 0 and 1.
        let mut values = vec![0_u8; n];
        tensor.f_copy_data_u8(&mut values, n).map_err(fail)?;
        return Ok(Host::from_vec(values.into_iter().map(|byte| byte != 0).collect::<Vec<bool>>()));
    }
    with_element!(x.dtype(), T => {
        let mut values = vec![T::default(); n];
        // SAFETY: as in `bytes`; what is written are `n` elements of the type's own size, of which any bits are a value.
        let out = unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast::<u8>(), size_of_val(&values[..])) };
        tensor.f_copy_data_u8(out, n).map_err(fail)?;
        Ok(Host::from_vec(values))
    })
}

impl ArrayImpl for TorchArray {
    #[inline]
    fn kind(&self) -> &'static Kind {
        &TORCH
    }
    fn dims(&self) -> Dims {
        TorchArray::dims(self)
    }
    fn dtype(&self) -> DType {
        TorchArray::dtype(self)
    }
    fn namespace(&self) -> Namespace {
        Namespace::new(&TORCH).on(shown(self.device()))
    }
    fn to_host(&self) -> Result<Host> {
        to_host(self)
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dims, dtype) = (TorchArray::dims(self), TorchArray::dtype(self));
        let place = match shown(self.device()) {
            Device::Cpu => "torch".to_owned(),
            device => format!("torch:{device}"),
        };
        // All at once where all are shown: from a GPU each copy waits.
        const SHOWN: usize = 1000;
        let whole = if dims.size().is_some_and(|n| n <= SHOWN) { to_host(self).ok() } else { None };
        let at = |index: &[usize]| match &whole {
            Some(host) => {
                let flat = index.iter().zip(dims.iter()).fold(0, |flat, (i, n)| flat * n + i);
                host.get(flat).unwrap_or(Scalar::Bool(false))
            }
            None => element(self, index).unwrap_or(Scalar::Bool(false)),
        };
        array_api::print::array(f, &dims, dtype, &place, &at)
    }
}

fn element(x: &TorchArray, index: &[usize]) -> Option<Scalar> {
    let tensor = index.iter().try_fold(x.tensor().shallow_clone(), |t, &i| t.f_select(0, i as i64)).ok()?;
    to_host(&TorchArray::of(tensor, x.dtype())).ok()?.get(0)
}

impl Native for TorchArray {
    const KIND: &'static Kind = &TORCH;

    fn from_scalar(scalar: Scalar, dtype: DType) -> Result<TorchArray> {
        Ok(TorchArray::of(number(scalar, dtype)?, dtype))
    }
}

/// A number as a tensor without axes, of its own.
pub(crate) fn number(scalar: Scalar, dtype: DType) -> Result<Tensor> {
    made_of(scalar, dtype, fresh)
}

/// The same for an operand: the tensor may be in use elsewhere, and must not come out as a result, whose memory others may
/// write to ([`TorchArray::memory`]).
pub(crate) fn operand(scalar: Scalar, dtype: DType) -> Result<Tensor> {
    made_of(scalar, dtype, constant)
}

fn made_of(scalar: Scalar, dtype: DType, make: fn(Number, tch::Kind) -> Outcome) -> Result<Tensor> {
    let fail = |e| failed("from_scalar", e);
    let bytes_of = |data: &[u8]| Tensor::f_from_data_size(data, &[], carrier(dtype)).map_err(fail);
    match dtype {
        DType::Complex64 => {
            let z = scalar.to_complex();
            bytes_of(bytes(&[Complex::new(z.re as f32, z.im as f32)]))
        }
        DType::Complex128 => bytes_of(bytes(&[scalar.to_complex()])),
        DType::Bool => make(Number::Int(scalar.to_bool().into()), carrier(dtype)).map_err(fail),
        _ if dtype.is_floating() => make(Number::Float(scalar.to_f64()), carrier(dtype)).map_err(fail),
        _ => make(Number::Int(scalar.to_i128() as i64), carrier(dtype)).map_err(fail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array_api::{Args, DTYPES, ErrorKind, Linspace, Operand, handled_functions, operations};

    #[test]
    fn a_device_that_is_not_there_is_named_by_whatever_asks_for_it() {
        let xp: Namespace = "torch:cuda:7".parse().unwrap();
        let x = namespace().ones([2]).unwrap();
        let ways = [
            xp.zeros([2]),
            xp.linspace(Linspace::default().num(3)),
            xp.eye(2),
            xp.full(([2], 1.0)),
            xp.asarray([1.0]),
            xp.key(1),
            x.convert(&xp),
            x.to_device(Device::Cuda(7)),
        ];
        for (i, way) in ways.into_iter().enumerate() {
            let e = way.unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Device, "way {i}: {e}");
            assert!(e.to_string().contains("cuda:7 does not exist: "), "way {i}: {e}");
        }
    }

    /// What kernels compare is where arrays say they are, so one on the CPU may say that it is elsewhere. Rows without a
    /// kernel are composed of those that have one, of views of the array too, which tell the truth.
    #[test]
    fn no_kernel_takes_arrays_of_two_devices() {
        let (mut seen, mut taken) = (0, vec![]);
        let has_kernel = |op: &array_api::Op| handled_functions().get(op.name, "torch").is_some();
        for op in operations().filter(|op| op.args.len() > 1 && has_kernel(op)) {
            for (dtype, shape) in DTYPES.into_iter().flat_map(|t| [(t, &[2][..]), (t, &[2, 2])]) {
                let here = || {
                    let xp = namespace();
                    let one = xp.eye((2, dtype)).unwrap();
                    if shape.len() == 2 { one } else { array_api::at(one, 0).unwrap() }
                };
                let there = || {
                    let one = here().downcast_ref::<TorchArray>().unwrap().clone();
                    Array::new(one.said_to_be_on(tch::Device::Cuda(1)))
                };
                let of = |second: Array| {
                    let mut args: Args<'_> = op.args.iter().map(|_| Operand::Own(here())).collect();
                    args[1] = Operand::Own(second);
                    op.apply(&*op.read(&[])?, &mut args, None)
                };
                if of(here()).is_err() {
                    continue;
                }
                seen += 1;
                match of(there()) {
                    Err(e) if e.kind() == ErrorKind::Device => {
                        assert!(e.to_string().contains("cuda:1") && e.to_string().contains("to_device"), "{e}");
                    }
                    Err(e) => taken.push(format!("{} of {dtype}{shape:?}: {e}", op.name)),
                    Ok(_) => taken.push(format!("{} of {dtype}{shape:?} gives a result", op.name)),
                }
            }
        }
        // Drawn in the host's memory, where both could be read.
        let keys = namespace().key(1).unwrap();
        let data = namespace().asarray([1, 2]).unwrap().downcast_ref::<TorchArray>().unwrap().clone();
        let e = array_api::fold_in(keys, Array::new(data.said_to_be_on(tch::Device::Cuda(1)))).unwrap_err();
        assert_eq!(e.to_string(), "fold_in: the keys are on cpu, data on cuda:1: move one with to_device");
        assert!(seen > 300, "{seen} calls");
        assert!(taken.is_empty(), "{}", taken.join("\n"));
    }
}
