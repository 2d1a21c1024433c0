//! Fourier transforms.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "fft" Smooth [z([2, 5])] |x| fft(&x[0], ..);
        "fft" Smooth [r([4, 2])] |x| fft(&x[0], Fft::default().axis(0).norm("ortho"));
        "fft" Smooth [z([2, 3])] |x| fft(&x[0], Fft::default().n(5).norm("forward"));
        "fft" Smooth [z([5])] |x| fft(&x[0], Fft::default().n(3));
        "ifft" Smooth [z([2, 5])] |x| ifft(&x[0], 1);
        "ifft" Smooth [r([3, 2])] |x| ifft(&x[0], Ifft::default().n(4).axis(0).norm("ortho"));
        "ifft" Smooth [z([5])] |x| ifft(&x[0], Ifft::default().n(3).norm("forward"));
        "rfft" Smooth [r([2, 5])] |x| rfft(&x[0], ..);
        "rfft" Smooth [r([4, 2])] |x| rfft(&x[0], Rfft::default().axis(0).norm("ortho"));
        "rfft" Smooth [r([3])] |x| rfft(&x[0], Rfft::default().n(6).norm("forward"));
        "rfft" Smooth [r([5])] |x| rfft(&x[0], Rfft::default().n(2));
        "rfft" Smooth [r([2])] |x| rfft(&x[0], Rfft::default().n(1));
        "irfft" Smooth [z([2, 3])] |x| irfft(&x[0], ..);
        "irfft" Smooth [z([3, 2])] |x| irfft(&x[0], Irfft::default().n(5).axis(0).norm("ortho"));
        "irfft" Smooth [r([3])] |x| irfft(&x[0], Irfft::default().n(7).norm("forward"));
        "irfft" Smooth [z([4])] |x| irfft(&x[0], Irfft::default().n(4));
        "irfft" Smooth [z([2])] |x| irfft(&x[0], Irfft::default().n(1));
        "hfft" Smooth [z([2, 3])] |x| hfft(&x[0], ..);
        "hfft" Smooth [z([3, 2])] |x| hfft(&x[0], Hfft::default().n(5).axis(0).norm("ortho"));
        "ihfft" Smooth [r([2, 5])] |x| ihfft(&x[0], ..);
        "ihfft" Smooth [r([4, 2])] |x| ihfft(&x[0], Ihfft::default().n(6).axis(0).norm("forward"));
        "fftn" Smooth [z([2, 3])] |x| fftn(&x[0], ..);
        "fftn" Smooth [r([2, 3, 2])] |x| fftn(&x[0], Fftn::default().s([4, -1]).axes([-1, 0]).norm("ortho"));
        "ifftn" Smooth [z([2, 3])] |x| ifftn(&x[0], [0, 1]);
        "ifftn" Smooth [z([3, 2])] |x| ifftn(&x[0], Ifftn::default().s([2, 3]).axes([0, 1]).norm("forward"));
        "rfftn" Smooth [r([2, 3])] |x| rfftn(&x[0], ..);
        "rfftn" Smooth [r([3, 2, 2])] |x| rfftn(&x[0], Rfftn::default().s([3, 4]).axes([2, 0]));
        "irfftn" Smooth [z([3, 2])] |x| irfftn(&x[0], ..);
        "irfftn" Smooth [z([2, 3])] |x| irfftn(&x[0], Irfftn::default().s([3, 3]).axes([1, 0]).norm("ortho"));
        "fftshift" Smooth [r([3, 4])] |x| fftshift(&x[0], ..);
        "fftshift" Smooth [z([3, 4])] |x| fftshift(&x[0], 0);
        "ifftshift" Smooth [r([3, 4])] |x| ifftshift(&x[0], [0, 1]);
    }
}
