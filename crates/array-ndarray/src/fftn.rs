//! Fourier transforms along several axes: the first out of place, the others within its result.
//!
//! The transform of a real array is Hermitian, `X[-k] = conj X[k]`, so that half of it is computed and the other half copied.

use array_api::{Complex, DType, Fftn, Ifftn, Result, Rfftn, Verdict, implements, with_element};
use ndarray::{ArrayD, Slice};
use rustfft::FftDirection;
use std::mem::MaybeUninit;

use crate::array::{NdArray, NdElement};
use crate::engine::cast::astype;
use crate::engine::lines::lines_within;
use crate::engine::{pool, share};
use crate::fft::{Line, Precision, complex, forward, precise};

/// The array in C order with other extents: cut, or followed by zeros.
fn fitted<T: NdElement>(x: &NdArray, shape: &[usize]) -> NdArray {
    let Some(view) = x.view::<T>().filter(|v| v.shape() != shape) else { return x.contiguous() };
    let common = |axis: ndarray::Axis| Slice::from(..shape[axis.0].min(x.shape()[axis.0]));
    let mut out = ArrayD::from_elem(shape, T::default());
    out.slice_each_axis_mut(|a| common(a.axis)).assign(&view.slice_each_axis(|a| common(a.axis)));
    T::wrap(out.into_shared())
}

/// Transforms an array in C order along the axes.
fn within<T: Precision>(x: &mut NdArray, axes: &[usize], direction: FftDirection, norm: &str) -> Result<()>
where
    Complex<T>: NdElement,
{
    let shape = x.shape().to_vec();
    let Some(elements) = x.unique_mut::<Complex<T>>() else { unreachable!("the array is new and in C order") };
    axes.iter().try_for_each(|&axis| {
        let line = Line::<T>::new(shape[axis], direction, norm);
        lines_within(
            elements,
            &shape,
            axis,
            || line.scratch(),
            |from, to, scratch| {
                line.apply(from, to, scratch);
                Ok(())
            },
        )
    })
}

/// Elements from which on a second thread pays.
const PARALLEL: usize = 1 << 14;

/// The whole transform along `last`, behind which no axis is transformed, and `others`, of which half is given.
fn whole<T: Precision>(half: &NdArray, shape: &[usize], last: usize, others: &[usize]) -> NdArray
where
    Complex<T>: NdElement,
{
    let view = half.view::<Complex<T>>();
    let half = view.as_ref().and_then(|v| v.as_slice()).unwrap_or_default();
    let (n, row) = (shape[last], shape[last + 1..].iter().product::<usize>());
    let (h, len) = (n / 2 + 1, shape.iter().product());
    let slab = |i: usize| &half[i * h * row..][..h * row];
    // The slab whose place along the others is the negative of this one's.
    let negative = |i: usize| {
        let (mut rest, mut step, mut place) = (i, 1, 0);
        for (axis, &extent) in shape[..last].iter().enumerate().rev() {
            let at = rest % extent;
            place += step * if others.contains(&axis) && at > 0 { extent - at } else { at };
            rest /= extent;
            step *= extent;
        }
        place
    };
    let mut out = pool::vector::<Complex<T>>(len);
    let fill = |(i, to): (usize, &mut [MaybeUninit<Complex<T>>])| {
        let (straight, mirrored) = to.split_at_mut(h * row);
        straight.iter_mut().zip(slab(i)).for_each(|(to, &z)| *to = MaybeUninit::new(z));
        let conj = |to: &mut MaybeUninit<Complex<T>>, z: &Complex<T>| *to = MaybeUninit::new(z.conj());
        let from = &slab(negative(i))[row..][..mirrored.len()];
        if row == 1 {
            mirrored.iter_mut().zip(from.iter().rev()).for_each(|(to, z)| conj(to, z));
        } else {
            let rows = mirrored.chunks_exact_mut(row).zip(from.chunks_exact(row).rev());
            rows.for_each(|(to, from)| to.iter_mut().zip(from).for_each(|(to, z)| conj(to, z)));
        }
    };
    let slabs = out.spare_capacity_mut()[..len].chunks_exact_mut(n * row).enumerate();
    match len >= PARALLEL && share::alone() {
        // Each turn is worth taking.
        true if n * row >= 256 => share::turns(slabs, fill),
        _ => slabs.for_each(fill),
    }
    // SAFETY: each slab has h rows that are copied and n - h that are mirrored: those of rows 1 to n - h, of which half has as
    // many.
    unsafe { out.set_len(len) };
    NdArray::from_vec(out, shape)
}

fn several<T: Precision>(
    x: &NdArray,
    axes: &Option<Vec<isize>>,
    shape: &[usize],
    direction: FftDirection,
    norm: &str,
) -> Result<NdArray>
where
    Complex<T>: NdElement,
{
    let mut axes: Vec<usize> = axes.iter().flatten().map(|&a| a as usize).collect();
    axes.sort_unstable();
    let Some((&last, others)) = axes.split_last() else { return Ok(x.clone()) };
    let n = shape[last];
    if direction == FftDirection::Forward && !x.dtype().is_complex() {
        let mut half = forward::<T>(&fitted::<T>(x, shape), last, n, norm)?;
        within::<T>(&mut half, others, direction, norm)?;
        return Ok(whole::<T>(&half, shape, last, others));
    }
    let x = astype(x, <Complex<T> as array_api::Element>::DTYPE)?;
    let mut out = complex::<T>(&fitted::<Complex<T>>(&x, shape), last, n, direction, norm)?;
    within::<T>(&mut out, others, direction, norm)?;
    Ok(out)
}

#[implements(fftn)]
fn fftn(x: &NdArray, p: &Fftn, verdict: &Verdict) -> Result<NdArray> {
    precise!(verdict, several(x, &p.axes, verdict.dims(), FftDirection::Forward, &p.norm))
}

#[implements(ifftn)]
fn ifftn(x: &NdArray, p: &Ifftn, verdict: &Verdict) -> Result<NdArray> {
    precise!(verdict, several(x, &p.axes, verdict.dims(), FftDirection::Inverse, &p.norm))
}

fn half<T: Precision>(x: &NdArray, p: &Rfftn, shape: &[usize]) -> Result<NdArray>
where
    Complex<T>: NdElement,
{
    let axes: Vec<usize> = p.axes.iter().flatten().map(|&a| a as usize).collect();
    let lengths = p.s.iter().flatten().rev().map(|&n| usize::try_from(n).ok());
    let Some((&last, others)) = axes.split_last() else { return Ok(x.clone()) };
    let n = lengths.flatten().next().unwrap_or(x.shape()[last]);
    let mut real = shape.to_vec();
    real[last] = n;
    let mut out = forward::<T>(&fitted::<T>(x, &real), last, n, &p.norm)?;
    within::<T>(&mut out, others, FftDirection::Forward, &p.norm)?;
    Ok(out)
}

#[implements(rfftn)]
fn rfftn(x: &NdArray, p: &Rfftn, verdict: &Verdict) -> Result<NdArray> {
    precise!(verdict, half(x, p, verdict.dims()))
}
