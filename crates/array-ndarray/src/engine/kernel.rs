//! Inner loops by data type: what an elementwise operation consists of.
//!
//! A loop sees contiguous operands only; the driver in [`crate::map`] brings everything else into that form. So an
//! operation costs one small loop per data type and SIMD level, whatever the layouts.

use array_api::{Complex, DType, Element};
use std::mem::MaybeUninit;

use crate::engine::block::{block1, block2};
use crate::engine::math::arithmetic::Arithmetic;
#[cfg(any(test, target_arch = "x86_64"))]
use crate::engine::simd::Level;
use crate::engine::simd::{compiled, level};

/// Computes `n` contiguous elements of the result from contiguous operands that do not overlap it.
pub(crate) type Loop = unsafe fn(n: usize, out: *mut u8, ins: [*const u8; 3]);

/// The loops of one operation at one data type.
#[derive(Clone, Copy)]
pub(crate) struct Kernel {
    /// The data type of the result.
    pub(crate) out: DType,
    /// From how many elements on a second thread pays.
    pub(crate) grain: usize,
    loops: [Loop; 3],
}

impl Kernel {
    /// The loop for this machine.
    #[inline]
    pub(crate) fn inner(&self) -> Loop {
        self.loops[level() as usize]
    }

    /// With a loop of its own for processors with AVX-512.
    #[cfg(target_arch = "x86_64")]
    pub(crate) const fn with_avx512(mut self, own: Loop) -> Kernel {
        self.loops[Level::Avx512 as usize] = own;
        self
    }

    /// The loop for a level that this machine must have.
    #[cfg(test)]
    pub(super) fn at(&self, level: Level) -> Loop {
        assert!(level <= crate::engine::simd::level());
        self.loops[level as usize]
    }
}

/// An elementwise operation: its name and its kernels, by the data type of the last operand.
pub struct Op {
    /// The standard's name, for error messages.
    pub name: &'static str,
    pub(crate) kernels: [Option<Kernel>; 13],
}

impl Op {
    /// The result's data type for operands of the given one; `None` where the operation is not defined.
    pub fn result(&self, dtype: DType) -> Option<DType> {
        self.kernels[dtype as usize].map(|k| k.out)
    }
}

/// How a loop is best compiled.
#[derive(Clone, Copy)]
pub(crate) enum Class {
    /// A few instructions: bound by memory, so the widest vectors bring nothing.
    Cheap,
    /// A few instructions that the widest vectors do shorten: roundings, comparisons stored as bytes, and arithmetic that
    /// chains do in the first-level cache.
    Wide,
    /// A division or a root: bound by the divider, which takes as long for one wide vector as for two narrow ones.
    Divider,
    /// Dozens of vector instructions without branches.
    Math,
    /// Branches or calls: not vectorised.
    Scalar,
}

/// A function of one element, in the arithmetic of a level.
pub(crate) trait Function1<A, O> {
    fn f<M: Arithmetic>(a: A) -> O;
    /// Where `f` is not valid and `slow` must be used.
    #[inline(always)]
    fn is_slow(_: A) -> bool {
        false
    }
    /// The value where `is_slow`.
    fn slow<M: Arithmetic>(a: A) -> O {
        Self::f::<M>(a)
    }
}

/// A function of two elements.
pub(crate) trait Function2<A, B, O> {
    fn f<M: Arithmetic>(a: A, b: B) -> O;
    /// Where `f` is not valid and `slow` must be used.
    #[inline(always)]
    fn is_slow(_: A, _: B) -> bool {
        false
    }
    /// The value where `is_slow`.
    fn slow<M: Arithmetic>(a: A, b: B) -> O {
        Self::f::<M>(a, b)
    }
}

/// A function of three elements.
pub(crate) trait Function3<A, B, C, O> {
    fn f<M: Arithmetic>(a: A, b: B, c: C) -> O;
}

#[inline(always)]
unsafe fn plain1<A: Copy, O: Copy, F: Function1<A, O>, M: Arithmetic>(n: usize, out: *mut u8, ins: [*const u8; 3]) {
    // SAFETY: the loop's contract gives `n` elements behind each pointer, without overlap.
    let (o, a) = unsafe { (slice_out::<O>(out, n), slice_in::<A>(ins[0], n)) };
    for i in 0..n {
        o[i].write(F::f::<M>(a[i]));
    }
}

#[inline(always)]
unsafe fn plain2<A: Copy, B: Copy, O: Copy, F: Function2<A, B, O>, M: Arithmetic>(
    n: usize,
    out: *mut u8,
    ins: [*const u8; 3],
) {
    // SAFETY: as in `plain1`.
    let (o, a, b) = unsafe { (slice_out::<O>(out, n), slice_in::<A>(ins[0], n), slice_in::<B>(ins[1], n)) };
    for i in 0..n {
        o[i].write(F::f::<M>(a[i], b[i]));
    }
}

#[inline(always)]
unsafe fn plain3<A: Copy, B: Copy, C: Copy, O: Copy, F: Function3<A, B, C, O>, M: Arithmetic>(
    n: usize,
    out: *mut u8,
    ins: [*const u8; 3],
) {
    // SAFETY: as in `plain1`.
    let (o, a) = unsafe { (slice_out::<O>(out, n), slice_in::<A>(ins[0], n)) };
    // SAFETY: as in `plain1`.
    let (b, c) = unsafe { (slice_in::<B>(ins[1], n), slice_in::<C>(ins[2], n)) };
    for i in 0..n {
        o[i].write(F::f::<M>(a[i], b[i], c[i]));
    }
}

#[inline(always)]
pub(in crate::engine) unsafe fn slice_in<'a, T>(p: *const u8, n: usize) -> &'a [T] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts(p.cast(), n) }
}

#[inline(always)]
pub(in crate::engine) unsafe fn slice_out<'a, T>(p: *mut u8, n: usize) -> &'a mut [MaybeUninit<T>] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts_mut(p.cast(), n) }
}

compiled!(plain1_baseline, plain1_avx2, plain1_avx512 =
    plain1<A: Element, O: Element, F: Function1<A, O>; arithmetic>(n: usize, out: *mut u8, ins: [*const u8; 3]));
compiled!(plain2_baseline, plain2_avx2, plain2_avx512 =
    plain2<A: Element, B: Element, O: Element, F: Function2<A, B, O>; arithmetic>(n: usize, out: *mut u8, ins: [*const u8; 3]));
compiled!(plain3_baseline, plain3_avx2, plain3_avx512 =
    plain3<A: Copy, B: Copy, C: Copy, O: Copy, F: Function3<A, B, C, O>; arithmetic>(n: usize, out: *mut u8, ins: [*const u8; 3]));
compiled!(block1_baseline, block1_avx2, block1_avx512 =
    block1<A: Element, O: Element, F: Function1<A, O>; arithmetic>(n: usize, out: *mut u8, ins: [*const u8; 3]));
compiled!(block2_baseline, block2_avx2, block2_avx512 =
    block2<A: Element, B: Element, O: Element, F: Function2<A, B, O>; arithmetic>(n: usize, out: *mut u8, ins: [*const u8; 3]));

/// That of a few instructions, which are bound by memory.
pub(super) const CHEAP_GRAIN: usize = 1 << 14;
const MATH_GRAIN: usize = 1 << 12;
const SCALAR_GRAIN: usize = 1 << 11;

pub(crate) const fn unary<A: Element, O: Element, F: Function1<A, O>>(class: Class) -> Option<Kernel> {
    let (grain, loops): (usize, [Loop; 3]) = match class {
        Class::Cheap => (CHEAP_GRAIN, [plain1_baseline::<A, O, F>, plain1_avx2::<A, O, F>, plain1_avx2::<A, O, F>]),
        Class::Wide => (CHEAP_GRAIN, [plain1_baseline::<A, O, F>, plain1_avx2::<A, O, F>, plain1_avx512::<A, O, F>]),
        Class::Divider => (MATH_GRAIN, [plain1_baseline::<A, O, F>, plain1_avx2::<A, O, F>, plain1_avx2::<A, O, F>]),
        Class::Math => (MATH_GRAIN, [block1_baseline::<A, O, F>, block1_avx2::<A, O, F>, block1_avx512::<A, O, F>]),
        Class::Scalar => (SCALAR_GRAIN, [plain1_baseline::<A, O, F>; 3]),
    };
    Some(Kernel { out: O::DTYPE, grain, loops })
}

pub(crate) const fn binary<A: Element, B: Element, O: Element, F: Function2<A, B, O>>(class: Class) -> Option<Kernel> {
    let (grain, loops): (usize, [Loop; 3]) = match class {
        Class::Cheap => {
            (CHEAP_GRAIN, [plain2_baseline::<A, B, O, F>, plain2_avx2::<A, B, O, F>, plain2_avx2::<A, B, O, F>])
        }
        Class::Wide => {
            (CHEAP_GRAIN, [plain2_baseline::<A, B, O, F>, plain2_avx2::<A, B, O, F>, plain2_avx512::<A, B, O, F>])
        }
        Class::Divider => {
            (MATH_GRAIN, [plain2_baseline::<A, B, O, F>, plain2_avx2::<A, B, O, F>, plain2_avx2::<A, B, O, F>])
        }
        Class::Math => {
            (MATH_GRAIN, [block2_baseline::<A, B, O, F>, block2_avx2::<A, B, O, F>, block2_avx512::<A, B, O, F>])
        }
        Class::Scalar => (SCALAR_GRAIN, [plain2_baseline::<A, B, O, F>; 3]),
    };
    Some(Kernel { out: O::DTYPE, grain, loops })
}

pub(crate) const fn ternary<A: Copy, B: Copy, C: Copy, O: Copy, F: Function3<A, B, C, O>>(
    out: DType,
    class: Class,
) -> Option<Kernel> {
    let (grain, loops): (usize, [Loop; 3]) = match class {
        Class::Scalar => (SCALAR_GRAIN, [plain3_baseline::<A, B, C, O, F>; 3]),
        Class::Wide => (
            CHEAP_GRAIN,
            [plain3_baseline::<A, B, C, O, F>, plain3_avx2::<A, B, C, O, F>, plain3_avx512::<A, B, C, O, F>],
        ),
        Class::Cheap | Class::Divider | Class::Math => (
            CHEAP_GRAIN,
            [plain3_baseline::<A, B, C, O, F>, plain3_avx2::<A, B, C, O, F>, plain3_avx2::<A, B, C, O, F>],
        ),
    };
    Some(Kernel { out, grain, loops })
}

/// Elements with a type for their real part; a real type is its own.
pub(crate) trait Parts {
    type Real;
}
macro_rules! parts {
    ($($t:ty => $r:ty),*) => { $( impl Parts for $t { type Real = $r; } )* };
}
parts! { bool => bool, i8 => i8, i16 => i16, i32 => i32, i64 => i64, u8 => u8, u16 => u16, u32 => u32, u64 => u64,
f32 => f32, f64 => f64, Complex<f32> => f32, Complex<f64> => f64 }

/// Writes an [`Op`] as rows: `category -> result, class: |arguments| expression;`.
///
/// A row may end in `, if condition => expression`: what a [`Class::Math`] loop computes one by one.
/// In a row `T` is the element type, `R` the type of its real part and `M` the level's [`Arithmetic`]. A later row replaces an
/// earlier one.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident = $text:literal;
        $($category:ident -> $out:ident, $class:ident: |$($arg:ident),+| $body:expr
            $(, if $rare:expr => $slow:expr)?;)+) => {
        $(#[$doc])*
        pub static $name: $crate::engine::kernel::Op = $crate::engine::kernel::Op {
            name: $text,
            kernels: {
                let mut kernels = [None; 13];
                $( $crate::engine::kernel::category!(
                    $category kernels $out $class [$($arg),+] $body $(, $rare, $slow)?
                ); )+
                kernels
            },
        };
    };
}

/// Repeats a row of [`table!`] over the types of a category.
macro_rules! category {
    (bool $($row:tt)*) => { $crate::engine::kernel::row!(bool; $($row)*) };
    (signed $($row:tt)*) => {
        $crate::engine::kernel::row!(i8; $($row)*); $crate::engine::kernel::row!(i16; $($row)*);
        $crate::engine::kernel::row!(i32; $($row)*); $crate::engine::kernel::row!(i64; $($row)*)
    };
    (unsigned $($row:tt)*) => {
        $crate::engine::kernel::row!(u8; $($row)*); $crate::engine::kernel::row!(u16; $($row)*);
        $crate::engine::kernel::row!(u32; $($row)*); $crate::engine::kernel::row!(u64; $($row)*)
    };
    (integer $($row:tt)*) => {
        $crate::engine::kernel::category!(signed $($row)*); $crate::engine::kernel::category!(unsigned $($row)*)
    };
    (float $($row:tt)*) => { $crate::engine::kernel::row!(f32; $($row)*); $crate::engine::kernel::row!(f64; $($row)*) };
    (single $($row:tt)*) => { $crate::engine::kernel::row!(f32; $($row)*) };
    (double $($row:tt)*) => { $crate::engine::kernel::row!(f64; $($row)*) };
    (complex $($row:tt)*) => {
        $crate::engine::kernel::row!(Complex<f32>; $($row)*); $crate::engine::kernel::row!(Complex<f64>; $($row)*)
    };
    (real $($row:tt)*) => {
        $crate::engine::kernel::category!(integer $($row)*); $crate::engine::kernel::category!(float $($row)*)
    };
    (floating $($row:tt)*) => {
        $crate::engine::kernel::category!(float $($row)*); $crate::engine::kernel::category!(complex $($row)*)
    };
    (numeric $($row:tt)*) => {
        $crate::engine::kernel::category!(real $($row)*); $crate::engine::kernel::category!(complex $($row)*)
    };
    (any $($row:tt)*) => {
        $crate::engine::kernel::category!(bool $($row)*); $crate::engine::kernel::category!(numeric $($row)*)
    };
}

/// One row of [`table!`] at one type.
macro_rules! row {
    ($t:ty; $kernels:ident $out:ident $class:ident [$a:ident] $body:expr $(, $rare:expr, $slow:expr)?) => {
        $kernels[<$t as array_api::Element>::DTYPE as usize] = {
            #[allow(dead_code)]
            type T = $t;
            #[allow(dead_code)]
            type R = <$t as $crate::engine::kernel::Parts>::Real;
            struct F;
            impl $crate::engine::kernel::Function1<T, $out> for F {
                #[inline(always)]
                #[allow(clippy::clone_on_copy, clippy::unnecessary_cast, unused_variables, clippy::eq_op)]
                fn f<M: $crate::engine::math::arithmetic::Arithmetic>($a: T) -> $out {
                    $body
                }
                $(
                    #[inline(always)]
                    fn is_slow($a: T) -> bool {
                        $rare
                    }
                    #[inline(always)]
                    fn slow<M: $crate::engine::math::arithmetic::Arithmetic>($a: T) -> $out {
                        $slow
                    }
                )?
            }
            $crate::engine::kernel::unary::<T, $out, F>($crate::engine::kernel::Class::$class)
        }
    };
    ($t:ty; $kernels:ident $out:ident $class:ident [$a:ident, $b:ident] $body:expr $(, $rare:expr, $slow:expr)?) => {
        $kernels[<$t as array_api::Element>::DTYPE as usize] = {
            #[allow(dead_code)]
            type T = $t;
            struct F;
            impl $crate::engine::kernel::Function2<T, T, $out> for F {
                #[inline(always)]
                #[allow(clippy::unnecessary_cast)]
                fn f<M: $crate::engine::math::arithmetic::Arithmetic>($a: T, $b: T) -> $out {
                    $body
                }
                $(
                    #[inline(always)]
                    #[allow(unused_variables)]
                    fn is_slow($a: T, $b: T) -> bool {
                        $rare
                    }
                    fn slow<M: $crate::engine::math::arithmetic::Arithmetic>($a: T, $b: T) -> $out {
                        $slow
                    }
                )?
            }
            $crate::engine::kernel::binary::<T, T, $out, F>($crate::engine::kernel::Class::$class)
        }
    };
    ($t:ty; $kernels:ident $out:ident $class:ident [$a:ident, $b:ident, $c:ident] $body:expr) => {
        $kernels[<$t as array_api::Element>::DTYPE as usize] = {
            type T = $t;
            struct F;
            impl $crate::engine::kernel::Function3<T, T, T, T> for F {
                #[inline(always)]
                fn f<M: $crate::engine::math::arithmetic::Arithmetic>($a: T, $b: T, $c: T) -> T {
                    $body
                }
            }
            $crate::engine::kernel::ternary::<T, T, T, T, F>(
                <T as array_api::Element>::DTYPE,
                $crate::engine::kernel::Class::$class,
            )
        }
    };
}
pub(crate) use {category, row, table};
