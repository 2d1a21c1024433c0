//! Fourier transforms along one axis; those over several are the protocol's compositions.

use array_api::{Fft, Ifft, Irfft, Result, Rfft, Verdict, implements};

use crate::array::{TorchArray, made};

/// libtorch refuses transforms where there are no lines.
fn nothing(op: &str, verdict: &Verdict, x: &TorchArray) -> Option<Result<TorchArray>> {
    let options = (crate::carrier::carrier(verdict.dtype()), x.device());
    let empty = || tch::Tensor::f_zeros(crate::array::sizes(verdict.dims()), options);
    verdict.dims().contains(&0).then(|| made(op, empty(), verdict.dtype()))
}

macro_rules! kernels {
    ($($f:ident $P:ident $method:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &TorchArray, p: &$P, verdict: &Verdict) -> Result<TorchArray> {
            if let Some(empty) = nothing(stringify!($f), verdict, x) {
                return empty;
            }
            let n = p.n.map(|n| n as i64);
            made(stringify!($f), x.tensor().$method(n, p.axis as i64, p.norm.as_str()), verdict.dtype())
        }
    )* };
}

kernels! { fft Fft f_fft_fft; ifft Ifft f_fft_ifft; rfft Rfft f_fft_rfft; irfft Irfft f_fft_irfft; }
