//! Fourier transforms along lines of an axis, by `rustfft` and `realfft`.
//!
//! Each line is transformed by itself, so its result does not depend on the lines beside it or on the number of threads.
//! Plans are made once per length and kept. Transforms along several axes are in `fftn.rs`.

use array_api::{Complex, DType, Error, Fft, Ifft, Irfft, Result, Rfft, Verdict, implements, with_element};
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft as Plan, FftDirection, FftNum, FftPlanner};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::array::{NdArray, NdElement};
use crate::engine::lines::lines;

/// The plans of one precision.
pub(crate) struct Planners<T: FftNum> {
    complex: Mutex<FftPlanner<T>>,
    real: Mutex<RealFftPlanner<T>>,
}

impl<T: FftNum> Planners<T> {
    fn new() -> Planners<T> {
        Planners { complex: Mutex::new(FftPlanner::new()), real: Mutex::new(RealFftPlanner::new()) }
    }
}

/// `f32` or `f64`.
pub(crate) trait Precision: FftNum + NdElement {
    fn planners() -> &'static Planners<Self>;

    fn complex(n: usize, direction: FftDirection) -> Arc<dyn Plan<Self>> {
        lock(&Self::planners().complex).plan_fft(n, direction)
    }
    fn forward(n: usize) -> Arc<dyn RealToComplex<Self>> {
        lock(&Self::planners().real).plan_fft_forward(n)
    }
    fn inverse(n: usize) -> Arc<dyn ComplexToReal<Self>> {
        lock(&Self::planners().real).plan_fft_inverse(n)
    }
}

/// A planner whose thread panicked has lost no plan that it had finished.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! precisions {
    ($($t:ty),*) => { $(
        impl Precision for $t {
            fn planners() -> &'static Planners<$t> {
                static PLANNERS: LazyLock<Planners<$t>> = LazyLock::new(Planners::new);
                &PLANNERS
            }
        }
    )* };
}
precisions!(f32, f64);

fn scale<T: Precision>(n: usize, inverse: bool, norm: &str) -> T {
    let n = n as f64;
    T::from_f64(match norm {
        "ortho" => 1.0 / n.sqrt(),
        "backward" if inverse => 1.0 / n,
        "forward" if !inverse => 1.0 / n,
        _ => 1.0,
    })
    .unwrap_or_else(T::one)
}

/// Copies as much as there is room for.
fn fill<T: Copy>(from: &[T], to: &mut [T]) {
    let n = from.len().min(to.len());
    to[..n].copy_from_slice(&from[..n]);
}

/// The transform of one complex line of `n` elements.
pub(crate) struct Line<T: Precision> {
    plan: Arc<dyn Plan<T>>,
    factor: T,
}

impl<T: Precision> Line<T> {
    pub(crate) fn new(n: usize, direction: FftDirection, norm: &str) -> Line<T> {
        Line { plan: T::complex(n, direction), factor: scale(n, direction == FftDirection::Inverse, norm) }
    }

    pub(crate) fn scratch(&self) -> Vec<Complex<T>> {
        vec![Complex::default(); self.plan.get_inplace_scratch_len().max(self.plan.get_immutable_scratch_len())]
    }

    /// Transforms what there is, followed by zeros.
    pub(crate) fn apply(&self, from: &[Complex<T>], to: &mut [Complex<T>], scratch: &mut [Complex<T>]) {
        if from.len() == to.len() {
            self.plan.process_immutable_with_scratch(from, to, scratch);
        } else {
            fill(from, to);
            self.plan.process_with_scratch(to, scratch);
        }
        if self.factor != T::one() {
            to.iter_mut().for_each(|z| *z = *z * self.factor);
        }
    }
}

pub(crate) fn complex<T: Precision>(
    x: &NdArray,
    axis: usize,
    n: usize,
    direction: FftDirection,
    norm: &str,
) -> Result<NdArray>
where
    Complex<T>: NdElement,
{
    let line = Line::<T>::new(n, direction, norm);
    lines(
        x,
        axis,
        n,
        || line.scratch(),
        |from, to, scratch| {
            line.apply(from, to, scratch);
            Ok(())
        },
    )
}

pub(crate) fn forward<T: Precision>(x: &NdArray, axis: usize, n: usize, norm: &str) -> Result<NdArray>
where
    Complex<T>: NdElement,
{
    let plan = T::forward(n);
    let factor: T = scale(n, false, norm);
    let buffers = || (plan.make_input_vec(), plan.make_scratch_vec());
    lines(x, axis, n / 2 + 1, buffers, |from: &[T], to: &mut [Complex<T>], (line, scratch)| {
        // The plan works in its input, so what is beyond the given elements is set to zero each time.
        line.fill(T::zero());
        fill(from, line);
        plan.process_with_scratch(line, to, scratch).map_err(|e| Error::backend("rfft", e.to_string()))?;
        if factor != T::one() {
            to.iter_mut().for_each(|z| *z = *z * factor);
        }
        Ok(())
    })
}

fn inverse<T: Precision>(x: &NdArray, p: &Irfft, n: usize) -> Result<NdArray>
where
    Complex<T>: NdElement,
{
    let plan = T::inverse(n);
    let factor: T = scale(n, true, &p.norm);
    let buffers = || (plan.make_input_vec(), plan.make_scratch_vec());
    lines(x, p.axis as usize, n, buffers, |from: &[Complex<T>], to: &mut [T], (half, scratch)| {
        half.fill(Complex::default());
        fill(from, half);
        // These two have no imaginary part in the transform of a real array; the plan refuses others.
        half[0].im = T::zero();
        if n.is_multiple_of(2) {
            half[n / 2].im = T::zero();
        }
        plan.process_with_scratch(half, to, scratch).map_err(|e| Error::backend("irfft", e.to_string()))?;
        if factor != T::one() {
            to.iter_mut().for_each(|x| *x = *x * factor);
        }
        Ok(())
    })
}

/// Runs a kernel in the precision of the result. Where there are no lines, their length is not worth a plan.
macro_rules! precise {
    ($verdict:expr, $f:ident($($arg:expr),*)) => {
        match $verdict.dtype().real() {
            _ if $verdict.dims().contains(&0) => {
                Ok(with_element!($verdict.dtype(), T => NdArray::from_vec(Vec::<T>::new(), $verdict.dims())))
            }
            DType::Float32 => $f::<f32>($($arg),*),
            _ => $f::<f64>($($arg),*),
        }
    };
}
pub(crate) use precise;

#[implements(fft)]
fn fft(x: &NdArray, p: &Fft, verdict: &Verdict) -> Result<NdArray> {
    let n = verdict.dims()[p.axis as usize];
    precise!(verdict, complex(x, p.axis as usize, n, FftDirection::Forward, &p.norm))
}

#[implements(ifft)]
fn ifft(x: &NdArray, p: &Ifft, verdict: &Verdict) -> Result<NdArray> {
    let n = verdict.dims()[p.axis as usize];
    precise!(verdict, complex(x, p.axis as usize, n, FftDirection::Inverse, &p.norm))
}

#[implements(rfft)]
fn rfft(x: &NdArray, p: &Rfft, verdict: &Verdict) -> Result<NdArray> {
    let n = p.n.unwrap_or(x.shape()[p.axis as usize]);
    precise!(verdict, forward(x, p.axis as usize, n, &p.norm))
}

#[implements(irfft)]
fn irfft(x: &NdArray, p: &Irfft, verdict: &Verdict) -> Result<NdArray> {
    let n = verdict.dims()[p.axis as usize];
    precise!(verdict, inverse(x, p, n))
}
