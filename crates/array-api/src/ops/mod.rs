//! The operations, one file per category of the standard. Each row is all that a contributor writes.

mod activation;
mod convolution;
mod creation;
mod data_type;
mod einsum;
mod elementwise;
mod fft;
mod indexing;
mod linalg;
mod linear_algebra;
mod manipulation;
mod order_statistics;
mod padding;
mod pooling;
mod quantile;
mod random;
mod searching;
mod set;
mod sorting;
mod special;
mod spectral;
mod statistical;
mod utility;
mod windows;

pub use activation::*;
pub use convolution::*;
pub use creation::*;
pub use data_type::*;
pub use einsum::*;
pub use elementwise::*;
pub use fft::*;
pub use indexing::*;
pub use linalg::*;
pub use linear_algebra::*;
pub use manipulation::*;
pub use order_statistics::*;
pub use padding::*;
pub use pooling::*;
pub use quantile::*;
pub use random::*;
pub use searching::*;
pub use set::*;
pub use sorting::*;
pub use spectral::*;
pub use statistical::*;
pub use utility::*;
pub use windows::*;

/// Short spellings of parameters: `..` for the defaults, and what a row's first parameter converts from.
macro_rules! spellings {
    (defaults: $($Op:ident),* $(,)?) => { $(
        impl From<std::ops::RangeFull> for $Op { fn from(_: std::ops::RangeFull) -> $Op { $Op::default() } }
    )* };
    // Reductions: an axis, several axes, or `axis(..)` with options.
    (axes: $($Op:ident),* $(,)?) => { $(
        impl From<isize> for $Op { fn from(a: isize) -> $Op { $Op::default().axis(a) } }
        impl<const N: usize> From<[isize; N]> for $Op { fn from(a: [isize; N]) -> $Op { $Op::default().axis(a) } }
        impl From<$crate::Axes> for $Op { fn from(a: $crate::Axes) -> $Op { $Op::default().axis(a) } }
        impl From<$crate::AxisOptions> for $Op {
            fn from(a: $crate::AxisOptions) -> $Op { $Op::default().axis(a.axes).keepdims(a.keepdims) }
        }
        spellings!(defaults: $Op);
    )* };
    // One axis.
    (axis: $($Op:ident),* $(,)?) => { $(
        impl From<isize> for $Op { fn from(a: isize) -> $Op { $Op::default().axis(a) } }
    )* };
    // A shape, or a shape and a data type.
    (shape: $($Op:ident),* $(,)?) => { $(
        impl From<usize> for $Op { fn from(s: usize) -> $Op { $Op::default().shape(s) } }
        impl From<()> for $Op { fn from(s: ()) -> $Op { $Op::default().shape(s) } }
        impl<const N: usize> From<[usize; N]> for $Op { fn from(s: [usize; N]) -> $Op { $Op::default().shape(s) } }
        impl From<&[usize]> for $Op { fn from(s: &[usize]) -> $Op { $Op::default().shape(s) } }
        impl From<Vec<usize>> for $Op { fn from(s: Vec<usize>) -> $Op { $Op::default().shape(s) } }
        impl From<$crate::Dims> for $Op { fn from(s: $crate::Dims) -> $Op { $Op::default().shape(s) } }
        impl From<&$crate::Dims> for $Op { fn from(s: &$crate::Dims) -> $Op { $Op::default().shape(s) } }
        impl<S: $crate::IntoField<$crate::Dims>> From<(S, $crate::DType)> for $Op {
            fn from((s, dtype): (S, $crate::DType)) -> $Op { $Op::default().shape(s).dtype(dtype) }
        }
    )* };
}
pub(crate) use spellings;
