//! Multiplication and addition in one step, where the processor has it.
//!
//! A fused operation is one instruction instead of two, and what it does not round replaces the splitting of factors into
//! halves by which products are otherwise kept exact. Without the instruction it would be a call of a library, a hundred
//! times slower, so a function is written over the arithmetic and each SIMD level brings its own.

/// Numbers with both ways to multiply and add.
pub(crate) trait Factor: Copy + std::ops::Mul<Output = Self> + std::ops::Add<Output = Self> {
    /// `self * b + c`, rounded once.
    fn fused(self, b: Self, c: Self) -> Self;
}

macro_rules! factor {
    ($($t:ty),*) => { $(
        impl Factor for $t {
            #[inline(always)]
            fn fused(self, b: $t, c: $t) -> $t {
                self.mul_add(b, c)
            }
        }
    )* };
}
factor! { f32, f64 }

/// How a level multiplies and adds.
pub(crate) trait Arithmetic {
    /// Whether [`fma`](Self::fma) rounds once.
    const FUSED: bool;
    /// `a * b + c`
    fn fma<F: Factor>(a: F, b: F, c: F) -> F;
    /// `a * b + c` where `c` is nearly the opposite of the product, which must not be rounded.
    fn exact(a: f64, b: f64, c: f64) -> f64;
}

/// Two operations, each of which rounds.
pub(crate) struct Separate;

impl Arithmetic for Separate {
    const FUSED: bool = false;
    #[inline(always)]
    fn fma<F: Factor>(a: F, b: F, c: F) -> F {
        a * b + c
    }
    /// By halves of factors, after Veltkamp and Dekker (1971): here of the bit patterns, where nothing overflows.
    #[inline(always)]
    fn exact(a: f64, b: f64, c: f64) -> f64 {
        let half = |x: f64| f64::from_bits(x.to_bits().wrapping_add(1 << 26) & !((1 << 27) - 1));
        let (a_hi, b_hi) = (half(a), half(b));
        let (a_lo, b_lo) = (a - a_hi, b - b_hi);
        ((a_hi * b_hi + c) + (a_hi * b_lo + a_lo * b_hi)) + a_lo * b_lo
    }
}

/// One operation.
pub(crate) struct Fused;

impl Arithmetic for Fused {
    const FUSED: bool = true;
    #[inline(always)]
    fn fma<F: Factor>(a: F, b: F, c: F) -> F {
        a.fused(b, c)
    }
    #[inline(always)]
    fn exact(a: f64, b: f64, c: f64) -> f64 {
        a.fused(b, c)
    }
}

/// That of every processor of the architecture.
#[cfg(any(target_feature = "fma", target_arch = "aarch64"))]
pub(crate) type Baseline = Fused;
/// That of every processor of the architecture.
#[cfg(not(any(target_feature = "fma", target_arch = "aarch64")))]
pub(crate) type Baseline = Separate;
