//! Derivatives of Fourier transforms: the adjoint of a transform is the one of the other direction, normalised the other way
//! round, and what was padded is cut, what was cut is zero.

use super::{Context, Keep::*, rules};
use array_api::{
    Array, Fft, Ifft, Irfft, Result, Rfft, concat, fft, ifft, irfft, multiply, opposite_norm, resize_axis, rfft,
};

rules! {
    Fft: Linear(Nothing, |c, g, _| {
        let p = c.params::<Fft>()?;
        back(c, ifft(g, Ifft { n: None, axis: p.axis, norm: opposite_norm(&p.norm) })?, p.axis)
    });
    Ifft: Linear(Nothing, |c, g, _| {
        let p = c.params::<Ifft>()?;
        back(c, fft(g, Fft { n: None, axis: p.axis, norm: opposite_norm(&p.norm) })?, p.axis)
    });
    // `irfft` reads each term between the first and the middle one twice, as itself and as its mirror image.
    Rfft: Linear(Nothing, |c, g, _| {
        let p = c.params::<Rfft>()?;
        let n = p.n.unwrap_or(c.operands[0].dims[p.axis as usize]);
        let half = weighted(g, p.axis, n, 0.5)?;
        back(c, irfft(half, Irfft { n: Some(n), axis: p.axis, norm: opposite_norm(&p.norm) })?, p.axis)
    });
    Irfft: Linear(Nothing, |c, g, _| {
        let p = c.params::<Irfft>()?;
        let n = c.results[0].dims[p.axis as usize];
        let half = rfft(g, Rfft { n: None, axis: p.axis, norm: opposite_norm(&p.norm) })?;
        back(c, weighted(half, p.axis, n, 2.0)?, p.axis)
    });
}

/// The operand's extent again.
fn back(c: &Context<'_>, g: Array, axis: isize) -> Result<Array> {
    resize_axis(&g, axis, c.operands[0].dims[axis as usize])
}

/// Half a spectrum of `n` terms, with a weight for those that have a mirror image: not the first, nor the middle one.
fn weighted(half: Array, axis: isize, n: usize, weight: f64) -> Result<Array> {
    let xp = half.namespace();
    let dtype = half.dtype().real();
    let ends = |count: usize, value: f64| xp.full((count, value, dtype));
    let middle = usize::from(n.is_multiple_of(2));
    let weights = concat([&ends(1, 1.0)?, &ends(n / 2 - middle, weight)?, &ends(middle, 1.0)?], 0)?;
    let mut shape = vec![1; half.ndim()];
    shape[axis as usize] = -1;
    multiply(half, array_api::reshape(weights, shape)?)
}
