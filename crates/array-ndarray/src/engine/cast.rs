//! Casts between data types.
//!
//! A float cast to an integer truncates, saturates outside the range and is 0 for NaN; integers wrap; anything but zero
//! is true. A complex array is not cast to a real type (the standard says so): take its real part.

use array_api::{Complex, DType, Error, Result};

use crate::array::NdArray;
use crate::engine::kernel::{Op, table};
use crate::engine::map::{Operand, map};

macro_rules! to_floats {
    ($($name:ident => $t:ident;)*) => { $(
        table! {
            #[doc = concat!("To `", stringify!($t), "`.")]
            $name = "astype";
            bool -> $t, Cheap: |x| x as u8 as $t;
            real -> $t, Cheap: |x| x as $t;
        }
    )* };
}

to_floats! { FLOAT32 => f32; FLOAT64 => f64; }

/// Casts to integers of type `$t`, by way of `$wide` from floats: the narrowest type that the processor converts to.
macro_rules! to_integers {
    ($($name:ident => $t:ident, $wide:ident;)*) => { $(
        table! {
            #[doc = concat!("To `", stringify!($t), "`.")]
            $name = "astype";
            bool -> $t, Cheap: |x| x as u8 as $t;
            integer -> $t, Cheap: |x| x as $t;
            // Rust's own cast does the same, but it is not vectorised.
            float -> $t, Math: |x| {
                let bounded = if x > $t::MIN as T { x } else { $t::MIN as T };
                // The largest integer itself where there is such a float, else the next one below.
                const LAST: T = if ($t::MAX as T) as u128 > $t::MAX as u128 { ($t::MAX as T).next_down() } else { $t::MAX as T };
                let bounded = if bounded < LAST { bounded } else { LAST };
                // SAFETY: it is a number within the range of `$t`, which `$wide` contains.
                let cast = unsafe { bounded.to_int_unchecked::<$wide>() } as $t;
                let cast = if x >= $t::MAX as T { $t::MAX } else { cast };
                if x.is_nan() { 0 } else { cast }
            };
        }
    )* };
}

to_integers! {
    INT8 => i8, i32; INT16 => i16, i32; INT32 => i32, i32; INT64 => i64, i64;
    UINT8 => u8, i32; UINT16 => u16, i32; UINT32 => u32, u32; UINT64 => u64, u64;
}

type C32 = Complex<f32>;
type C64 = Complex<f64>;

table! { /// To `bool`: whether the element is not zero.
    BOOL = "astype";
    bool -> bool, Cheap: |x| x;
    real -> bool, Cheap: |x| x != 0 as T;
    complex -> bool, Cheap: |z| (z.re != 0.0) | (z.im != 0.0);
}
table! { /// To `complex64`.
    COMPLEX64 = "astype";
    bool -> C32, Cheap: |x| C32::new(x as u8 as f32, 0.0);
    real -> C32, Cheap: |x| C32::new(x as f32, 0.0);
    complex -> C32, Cheap: |z| C32::new(z.re as f32, z.im as f32);
}
table! { /// To `complex128`.
    COMPLEX128 = "astype";
    bool -> C64, Cheap: |x| C64::new(x as u8 as f64, 0.0);
    real -> C64, Cheap: |x| C64::new(x as f64, 0.0);
    complex -> C64, Cheap: |z| C64::new(z.re as f64, z.im as f64);
}

/// The casts by target, in the order of [`DType`].
static CASTS: [&Op; 13] = [
    &BOOL,
    &INT8,
    &INT16,
    &INT32,
    &INT64,
    &UINT8,
    &UINT16,
    &UINT32,
    &UINT64,
    &FLOAT32,
    &FLOAT64,
    &COMPLEX64,
    &COMPLEX128,
];

/// The array with every element cast; the same buffer if it has that type already.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) for a complex array and a real type other than `bool`.
///
/// ```
/// use array_ndarray::{NdArray, cast::astype};
/// let x = NdArray::from_vec(vec![-1.5, f64::NAN, 1e30], &[3]);
/// assert_eq!(astype(&x, array_api::DType::Int32)?.to_vec::<i32>().unwrap(), [-1, 0, i32::MAX]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn astype(x: &NdArray, dtype: DType) -> Result<NdArray> {
    if x.dtype() == dtype {
        return Ok(x.clone());
    }
    if x.dtype().is_complex() && !dtype.is_complex() && dtype != DType::Bool {
        return Err(Error::dtype(
            "astype",
            format!("{} has no order-preserving cast to {dtype}; take real(x) or abs(x) first", x.dtype()),
        ));
    }
    map(CASTS[dtype as usize], [Operand::Ref(x)], x.shape())
}
