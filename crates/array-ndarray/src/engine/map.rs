//! The one driver of all elementwise operations: broadcast, layouts, tiles, donation and threads.
//!
//! The result is walked in memory order. An operand that lies in the same order is read where it is; any other is copied
//! into a small tile that stays in the first-level cache (`pack.rs`). Inner loops therefore see contiguous memory
//! only, an element's value cannot depend on layout or position, and a result may overwrite a donated operand: such an
//! operand is staged through a tile too, so that no loop ever sees overlapping memory.

use array_api::{DType, Error, FromScalar, Result, Scalar, with_element};
use smallvec::SmallVec;

use crate::array::NdArray;
use crate::engine::kernel::Op;
use crate::engine::pack::Axis;
use crate::engine::tiles::{Form, Job};

/// An operand, borrowed or given away.
pub enum Operand<'a> {
    /// Read only.
    Ref(&'a NdArray),
    /// Donated: the result may take its buffer if nobody else owns it.
    Own(NdArray),
    /// One number for all elements, without an array to hold it.
    Scalar(Number),
}

/// An element of any data type.
#[derive(Clone, Copy)]
pub struct Number {
    dtype: DType,
    bits: [u64; 2],
}

impl Number {
    /// The number as an element of a data type.
    pub fn new(scalar: Scalar, dtype: DType) -> Number {
        let mut bits = [0_u64; 2];
        // SAFETY: no element has more than 16 bytes or a stricter alignment than `u64`.
        with_element!(dtype, T => unsafe { bits.as_mut_ptr().cast::<T>().write(T::from_scalar(scalar)) });
        Number { dtype, bits }
    }

    /// The address of the element, which is in here.
    pub(crate) fn ptr(&self) -> *const u8 {
        self.bits.as_ptr().cast()
    }
}

impl<'a> From<&'a NdArray> for Operand<'a> {
    fn from(array: &'a NdArray) -> Self {
        Operand::Ref(array)
    }
}

impl From<NdArray> for Operand<'_> {
    fn from(array: NdArray) -> Self {
        Operand::Own(array)
    }
}

impl Operand<'_> {
    /// The array, if the operand is not a number.
    fn array(&self) -> Option<&NdArray> {
        match self {
            Operand::Ref(array) => Some(array),
            Operand::Own(array) => Some(array),
            Operand::Scalar(_) => None,
        }
    }

    fn dtype(&self) -> DType {
        match self {
            Operand::Scalar(number) => number.dtype,
            Operand::Ref(array) => array.dtype(),
            Operand::Own(array) => array.dtype(),
        }
    }

    /// The address of the first element, which for a number is in the operand itself.
    fn ptr(&self) -> *const u8 {
        match self {
            Operand::Scalar(number) => number.ptr(),
            Operand::Ref(array) => array.ptr(),
            Operand::Own(array) => array.ptr(),
        }
    }

    fn is_one_element(&self) -> bool {
        self.array().is_none_or(|a| a.len() == 1)
    }
}

/// Applies an operation to operands that broadcast to `shape`.
///
/// The kernel is chosen by the last operand's data type; the protocol has made the operands' types equal.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) if the operation is not defined for that type.
#[inline]
pub fn map<const N: usize>(op: &Op, mut operands: [Operand<'_>; N], shape: &[usize]) -> Result<NdArray> {
    const { assert!(N >= 1 && N <= 3) }
    run(op, &mut operands, shape)
}

#[cold]
fn undefined(op: &Op, dtype: DType) -> Error {
    let defined: Vec<_> = array_api::DTYPES.into_iter().filter(|&d| op.result(d).is_some()).map(DType::name).collect();
    Error::dtype(op.name, format!("is not defined for {dtype}, only for {}", defined.join(", ")))
}

fn run(op: &Op, operands: &mut [Operand<'_>], shape: &[usize]) -> Result<NdArray> {
    let dtype = operands[operands.len() - 1].dtype();
    let Some(kernel) = op.kernels[dtype as usize] else { return Err(undefined(op, dtype)) };
    let len: usize = shape.iter().product();
    if let Some(ins) = small(operands, shape, len, kernel.grain) {
        // SAFETY: every operand has `len` contiguous elements, and the result room for as many.
        return Ok(unsafe { NdArray::build(kernel.out, shape, &mut |out| kernel.inner()(len, out, ins)) });
    }
    let standard = operands
        .iter()
        .all(|o| o.is_one_element() || o.array().is_some_and(|a| a.is_contiguous() && a.shape() == shape));
    let order: SmallVec<[usize; 6]> =
        if standard { SmallVec::new() } else { memory_order(operands, shape.len(), shape) };
    let reordered = order.iter().enumerate().any(|(i, &o)| i != o);
    let ordered: SmallVec<[usize; 6]> =
        if reordered { order.iter().map(|&a| shape[a]).collect() } else { SmallVec::from_slice(shape) };

    let donated = donate(operands, kernel.out, shape, &ordered, &order, reordered);
    let mut job = Job {
        kernel: kernel.inner(),
        grain: kernel.grain,
        out: std::ptr::null_mut(),
        out_size: kernel.out.size(),
        len,
        count: operands.len(),
        sizes: [1; 3],
        ins: [std::ptr::null(); 3],
        forms: [Form::Direct; 3],
        axes: [SmallVec::new(), SmallVec::new(), SmallVec::new()],
    };
    for (i, operand) in operands.iter().enumerate() {
        job.sizes[i] = operand.dtype().size();
        job.ins[i] = operand.ptr();
        job.forms[i] = if Some(i) == donated.map(|d| d.0) {
            Form::Staged
        } else if operand.is_one_element() && len != 1 {
            Form::Fill
        } else {
            Form::Direct
        };
    }
    if !standard {
        plan(&mut job, operands, &order, &ordered);
    }

    Ok(match donated {
        Some((i, out)) => {
            // SAFETY: the donated buffer has the result's type and layout and no other owner; the job's forms describe
            // the operands.
            unsafe { job.execute(out) };
            match std::mem::replace(&mut operands[i], Operand::Own(NdArray::scalar(false))) {
                Operand::Own(array) => array,
                _ => unreachable!("only an owned operand is donated"),
            }
        }
        None => {
            // SAFETY: the job writes `len` elements, the product of either shape.
            let out = unsafe { NdArray::build(kernel.out, &ordered, &mut |out| job.execute(out)) };
            if reordered {
                let mut back = SmallVec::<[usize; 6]>::from_elem(0, order.len());
                for (i, &o) in order.iter().enumerate() {
                    back[o] = i;
                }
                out.permuted(&back)
            } else {
                out
            }
        }
    })
}

/// The addresses of operands that all lie as the result does, where there is nothing to plan: no donation, no threads.
#[inline]
fn small(operands: &[Operand<'_>], shape: &[usize], len: usize, grain: usize) -> Option<[*const u8; 3]> {
    if len == 0 || len >= grain {
        return None;
    }
    let mut ins = [std::ptr::null(); 3];
    for (at, operand) in ins.iter_mut().zip(operands) {
        *at = match operand {
            Operand::Scalar(_) if len == 1 => operand.ptr(),
            Operand::Ref(a) if len == 1 || (a.shape() == shape && a.is_contiguous()) => a.ptr(),
            _ => return None,
        };
    }
    Some(ins)
}

/// The order of axes, outermost first, in which the first operand of full shape lies in memory; C order if it lies so.
///
/// Following a transposed operand reads and writes memory in its order instead of against it.
fn memory_order(operands: &[Operand<'_>], rank: usize, shape: &[usize]) -> SmallVec<[usize; 6]> {
    let mut order: SmallVec<[usize; 6]> = (0..rank).collect();
    if let Some(full) = operands.iter().filter_map(Operand::array).find(|a| a.shape() == shape) {
        let strides = full.strides();
        let distance = |a: usize| if shape[a] <= 1 { None } else { Some(strides[a].unsigned_abs()) };
        // Axes of length one have no distance and must not move: an insertion sort that leaves them in place.
        let moving: SmallVec<[usize; 6]> = (0..rank).filter(|&a| distance(a).is_some()).collect();
        let mut sorted = moving.clone();
        sorted.sort_by_key(|&a| std::cmp::Reverse(distance(a)));
        for (&slot, &axis) in moving.iter().zip(&sorted) {
            order[slot] = axis;
        }
    }
    order
}

/// Finds an operand that may be overwritten by the result: its index and address.
fn donate(
    operands: &mut [Operand<'_>],
    out: DType,
    shape: &[usize],
    ordered: &[usize],
    order: &[usize],
    reordered: bool,
) -> Option<(usize, *mut u8)> {
    operands.iter_mut().enumerate().find_map(|(i, operand)| {
        let Operand::Own(array) = operand else { return None };
        if array.dtype() != out || array.shape() != shape {
            return None;
        }
        let dense = if reordered {
            let mut expected = 1;
            let mut dense = true;
            for (&axis, &len) in order.iter().zip(ordered).rev() {
                dense &= len <= 1 || array.strides()[axis] == expected;
                expected *= len.max(1) as isize;
            }
            dense
        } else {
            array.is_contiguous()
        };
        if dense { array.unique_ptr().map(|p| (i, p)) } else { None }
    })
}

/// Brings the operands' axes into the result's memory order, merges neighbours, and decides each operand's form.
fn plan(job: &mut Job, operands: &[Operand<'_>], order: &[usize], ordered: &[usize]) {
    let mut lens: SmallVec<[usize; 6]> = SmallVec::new();
    let mut steps: SmallVec<[[isize; 3]; 6]> = SmallVec::new();
    for (&axis, &len) in order.iter().zip(ordered) {
        if len == 1 {
            continue;
        }
        let mut step = [0; 3];
        for (i, operand) in operands.iter().enumerate() {
            let Some(a) = operand.array() else { continue };
            // Broadcasting aligns the last axes.
            let missing = order.len() - a.shape().len();
            if axis >= missing && a.shape()[axis - missing] != 1 {
                step[i] = a.strides()[axis - missing] * job.sizes[i] as isize;
            }
        }
        let merges = steps.last().is_some_and(|outer| (0..job.count).all(|i| outer[i] == step[i] * len as isize));
        if merges {
            let last = lens.len() - 1;
            lens[last] *= len;
            steps[last] = step;
        } else {
            lens.push(len);
            steps.push(step);
        }
    }
    for i in 0..job.count {
        if job.forms[i] == Form::Staged {
            continue;
        }
        let mut expected = job.sizes[i] as isize;
        let (mut direct, mut fill) = (true, true);
        for (&len, step) in lens.iter().zip(&steps).rev() {
            direct &= step[i] == expected;
            fill &= step[i] == 0;
            expected *= len as isize;
        }
        job.forms[i] = match (direct, fill) {
            (true, _) => Form::Direct,
            (_, true) => Form::Fill,
            _ => Form::Pack,
        };
        job.axes[i] = lens.iter().zip(&steps).map(|(&len, step)| Axis { len, step: step[i] }).collect();
    }
}
