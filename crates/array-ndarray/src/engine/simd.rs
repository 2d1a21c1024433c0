//! The SIMD level, chosen once at run time, and one loop compiled for each.
//!
//! A loop is written once in plain Rust and compiled under each level's target features, where the compiler vectorises
//! it. Rust never contracts `a * b + c` into a fused operation by itself, so the levels give the same numbers, except where
//! fused operations are used on purpose: in matrix products, and in the functions of `math`, which are written over the
//! arithmetic of `math/arithmetic.rs`. There the levels that have them agree.

use std::sync::atomic::{AtomicU8, Ordering};

/// What the processor can do, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Level {
    /// What every processor of the architecture can do; SSE2 on x86-64.
    Baseline = 0,
    /// AVX2 and FMA: vectors of 32 bytes.
    Avx2 = 1,
    /// AVX-512 F, VL, BW and DQ: vectors of 64 bytes.
    Avx512 = 2,
}

const UNKNOWN: u8 = u8::MAX;
static LEVEL: AtomicU8 = AtomicU8::new(UNKNOWN);

/// The level of this machine.
#[inline]
pub fn level() -> Level {
    match LEVEL.load(Ordering::Relaxed) {
        0 => Level::Baseline,
        1 => Level::Avx2,
        2 => Level::Avx512,
        _ => detect(),
    }
}

#[cold]
fn detect() -> Level {
    #[cfg(target_arch = "x86_64")]
    let found = if !(std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma")) {
        Level::Baseline
    } else if std::is_x86_feature_detected!("avx512f")
        && std::is_x86_feature_detected!("avx512vl")
        && std::is_x86_feature_detected!("avx512bw")
        && std::is_x86_feature_detected!("avx512dq")
    {
        Level::Avx512
    } else {
        Level::Avx2
    };
    #[cfg(not(target_arch = "x86_64"))]
    let found = Level::Baseline;
    LEVEL.store(found as u8, Ordering::Relaxed);
    found
}

/// Compiles an `#[inline(always)]` function under the features of each level.
///
/// `compiled!(baseline, avx2, avx512 = body<A: Copy>(n: usize))` defines three `unsafe fn` with the body's signature. Calling
/// one on a processor below its level is undefined behaviour. With `; arithmetic` after its parameters a body has one more,
/// the level's `math/arithmetic.rs`.
macro_rules! compiled {
    ($baseline:ident, $avx2:ident, $avx512:ident = $body:ident < $($g:ident : $bound:path),* > $arguments:tt) => {
        $crate::engine::simd::compiled!(@ $baseline, $avx2, $avx512, $body $arguments
            [$($g: $bound),*] [$($g),*] [$($g),*] [$($g),*]);
    };
    ($baseline:ident, $avx2:ident, $avx512:ident =
        $body:ident < $($g:ident : $bound:path),* ; arithmetic > $arguments:tt) => {
        $crate::engine::simd::compiled!(@ $baseline, $avx2, $avx512, $body $arguments
            [$($g: $bound),*]
            [$($g,)* $crate::engine::math::arithmetic::Baseline]
            [$($g,)* $crate::engine::math::arithmetic::Fused]
            [$($g,)* $crate::engine::math::arithmetic::Fused]);
    };
    (@ $baseline:ident, $avx2:ident, $avx512:ident, $body:ident ( $($a:ident : $t:ty),* )
        [$($bounds:tt)*] [$($for_baseline:tt)*] [$($for_avx2:tt)*] [$($for_avx512:tt)*]) => {
        /// The loop for every processor.
        unsafe fn $baseline<$($bounds)*>($($a: $t),*) {
            // SAFETY: the caller keeps the body's contract.
            unsafe { $body::<$($for_baseline)*>($($a),*) }
        }
        /// The loop for processors with AVX2.
        #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt"))]
        unsafe fn $avx2<$($bounds)*>($($a: $t),*) {
            // SAFETY: the caller keeps the body's contract.
            unsafe { $body::<$($for_avx2)*>($($a),*) }
        }
        #[allow(dead_code)] // loops bound by memory gain nothing from the widest vectors
        /// The loop for processors with AVX-512.
        #[cfg_attr(target_arch = "x86_64",
            target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi1,bmi2,lzcnt,popcnt"))]
        unsafe fn $avx512<$($bounds)*>($($a: $t),*) {
            // SAFETY: the caller keeps the body's contract.
            unsafe { $body::<$($for_avx512)*>($($a),*) }
        }
    };
}
pub(crate) use compiled;

/// Compiles a body as [`compiled!`] does, and defines the function that calls this processor's.
macro_rules! by_level {
    ($name:ident = $body:ident, $baseline:ident, $avx2:ident, $avx512:ident
        < $g:ident : $bound:path > ( $($a:ident : $t:ty),* )) => {
        $crate::engine::simd::compiled!($baseline, $avx2, $avx512 = $body<$g: $bound>($($a: $t),*));
        fn $name<$g: $bound>($($a: $t),*) {
            // SAFETY: the level is this processor's; the body's contract is that of any safe function.
            unsafe {
                match $crate::engine::simd::level() {
                    $crate::engine::simd::Level::Avx512 => $avx512($($a),*),
                    $crate::engine::simd::Level::Avx2 => $avx2($($a),*),
                    $crate::engine::simd::Level::Baseline => $baseline($($a),*),
                }
            }
        }
    };
}
pub(crate) use by_level;
