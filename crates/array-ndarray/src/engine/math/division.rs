//! Division with an integer quotient.
//!
//! Of real numbers the truncated quotient of a division is at most one too large while it has fewer bits than the numbers,
//! and what remains of the dividend is then one fused operation without rounding. Where it has more, or an operand is not
//! finite, `fmod` subtracts bit by bit.
//!
//! Vectors have no division of integers: these are divided as floating-point numbers with more bits than both of them have
//! together, of which no quotient is rounded up to an integer.

use crate::engine::math::arithmetic::Arithmetic;

/// Numbers with a quotient rounded down and a remainder.
pub(crate) trait Division: Copy {
    /// Where the functions for most operands are not valid and the others must be used.
    fn is_far(a: Self, b: Self) -> bool;
    /// `floor(a / b)`
    fn floor_divide<M: Arithmetic>(a: Self, b: Self) -> Self;
    /// `a - floor(a / b) b`, zero with the sign of `b`.
    fn remainder<M: Arithmetic>(a: Self, b: Self) -> Self;
    /// `floor(a / b)` for all operands.
    fn floor_divide_far(a: Self, b: Self) -> Self;
    /// The remainder for all operands.
    fn remainder_far(a: Self, b: Self) -> Self;
}

macro_rules! reals {
    ($($t:ident: $fmod:path, $limit:literal;)*) => { $( const _: () = {
        /// The truncated quotient and the remainder, with the sign of `a`, both exact.
        #[inline(always)]
        fn truncated<M: Arithmetic>(a: $t, b: $t) -> ($t, $t) {
            if !M::FUSED {
                let r = $fmod(a, b);
                return (((a - r) / b).round_ties_even(), r);
            }
            let q = (a / b).trunc();
            let r = M::fma(-q, b, a);
            // One too large: what remains is on the other side of zero.
            let over = (r != 0.0) & ((r < 0.0) != (a < 0.0));
            (if over { q - (1.0 as $t).copysign(q) } else { q }, if over { r + b.abs().copysign(a) } else { r })
        }

        /// Whether the quotient rounded down is less than the truncated one, whose remainder is `r`.
        #[inline(always)]
        fn is_below(r: $t, b: $t) -> bool {
            (r != 0.0) & ((r < 0.0) != (b < 0.0))
        }

        impl Division for $t {
            #[inline(always)]
            fn is_far(a: $t, b: $t) -> bool {
                // A comparison with NaN is false.
                let near = a.abs() < b.abs() * $limit;
                !near | b.is_infinite()
            }

            #[inline(always)]
            fn floor_divide<M: Arithmetic>(a: $t, b: $t) -> $t {
                let (q, r) = truncated::<M>(a, b);
                let floor = if is_below(r, b) { q - 1.0 } else { q };
                if floor == 0.0 { (0.0 as $t).copysign(a / b) } else { floor }
            }

            #[inline(always)]
            fn remainder<M: Arithmetic>(a: $t, b: $t) -> $t {
                let (_, r) = truncated::<M>(a, b);
                let moved = if is_below(r, b) { r + b } else { r };
                if r == 0.0 { (0.0 as $t).copysign(b) } else { moved }
            }

            fn floor_divide_far(a: $t, b: $t) -> $t {
                if b == 0.0 || a.is_infinite() || a.is_nan() || b.is_nan() {
                    return a / b;
                }
                if b.is_infinite() {
                    return (0.0 as $t).copysign(a * b.signum());
                }
                let r = $fmod(a, b);
                let q = (a - r) / b;
                let floor = (if is_below(r, b) { q - 1.0 } else { q }).round_ties_even();
                if floor == 0.0 { (0.0 as $t).copysign(a / b) } else { floor }
            }

            fn remainder_far(a: $t, b: $t) -> $t {
                let r = $fmod(a, b);
                match () {
                    () if r == 0.0 => (0.0 as $t).copysign(b),
                    () if is_below(r, b) => r + b,
                    () => r,
                }
            }
        }
    }; )* };
}
reals! {
    f32: libm::fmodf, 2_097_152.0;
    f64: libm::fmod, 1_125_899_906_842_624.0;
}

macro_rules! integers {
    ($($t:ident: $float:ident, $bits:ident, $shift:literal, far: |$a:ident, $b:ident| $far:expr;)*) => { $( const _: () = {
        /// Where the unit in the last place is one, so that the bits of a sum with it count.
        const SHIFT: $float = $shift;

        /// An integer as a number, by its bits: not every level converts all of them.
        #[inline(always)]
        fn number(a: $t) -> $float {
            if size_of::<$t>() < size_of::<$float>() {
                a as $float
            } else {
                $float::from_bits(SHIFT.to_bits().wrapping_add(a as $bits)) - SHIFT
            }
        }

        /// An integral number as an integer, which wraps.
        #[inline(always)]
        fn integer(x: $float) -> $t {
            (x + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as $t
        }

        impl Division for $t {
            #[inline(always)]
            fn is_far($a: $t, $b: $t) -> bool {
                $far
            }

            #[inline(always)]
            fn floor_divide<M: Arithmetic>(a: $t, b: $t) -> $t {
                if !M::FUSED {
                    return Self::floor_divide_far(a, b);
                }
                let floor = integer((number(a) / number(b)).floor());
                if b == 0 { 0 } else { floor }
            }

            #[inline(always)]
            fn remainder<M: Arithmetic>(a: $t, b: $t) -> $t {
                if !M::FUSED {
                    return Self::remainder_far(a, b);
                }
                let (x, y) = (number(a), number(b));
                let r = integer(M::fma(-(x / y).floor(), y, x));
                if b == 0 { 0 } else { r }
            }

            #[inline(always)]
            #[allow(unused_comparisons)]
            fn floor_divide_far(a: $t, b: $t) -> $t {
                if b == 0 {
                    return 0;
                }
                let r = a.wrapping_rem(b);
                let below = r != 0 && (r < 0) != (b < 0);
                a.wrapping_div(b).wrapping_sub(below as $t)
            }

            #[inline(always)]
            #[allow(unused_comparisons)]
            fn remainder_far(a: $t, b: $t) -> $t {
                if b == 0 {
                    return 0;
                }
                let r = a.wrapping_rem(b);
                if r != 0 && (r < 0) != (b < 0) { r.wrapping_add(b) } else { r }
            }
        }
    }; )* };
}
integers! {
    i8: f32, u32, 12_582_912.0, far: |_a, _b| false;
    u8: f32, u32, 12_582_912.0, far: |_a, _b| false;
    i16: f32, u32, 12_582_912.0, far: |_a, _b| false;
    u16: f32, u32, 12_582_912.0, far: |_a, _b| false;
    i32: f64, u64, 6_755_399_441_055_744.0, far: |_a, _b| false;
    u32: f64, u64, 6_755_399_441_055_744.0, far: |_a, _b| false;
    i64: f64, u64, 6_755_399_441_055_744.0, far: |a, b| (a.unsigned_abs() | b.unsigned_abs()) >> 50 != 0;
    u64: f64, u64, 6_755_399_441_055_744.0, far: |a, b| (a | b) >> 50 != 0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::math::arithmetic::{Fused, Separate};

    fn check<T: Division + PartialEq + std::fmt::Debug>(a: T, b: T, same: impl Fn(T, T) -> bool) {
        if T::is_far(a, b) {
            return;
        }
        let (floor, rest) = (T::floor_divide_far(a, b), T::remainder_far(a, b));
        assert!(same(T::floor_divide::<Fused>(a, b), floor), "floor({a:?} / {b:?})");
        assert!(same(T::floor_divide::<Separate>(a, b), floor), "floor({a:?} / {b:?})");
        assert!(same(T::remainder::<Fused>(a, b), rest), "remainder of {a:?} / {b:?}");
        assert!(same(T::remainder::<Separate>(a, b), rest), "remainder of {a:?} / {b:?}");
    }

    /// Both ways agree to the bit: on any numbers, on those of like size, and on multiples of the divisor and their neighbours.
    #[test]
    fn divisions_are_exact() {
        let mut state = 1_u64;
        let mut bits = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 1 ^ state >> 33
        };
        for i in 0..200_000 {
            let (x, y, few) = (bits(), bits(), bits() % 1000);
            let b = f64::from_bits(y << 1);
            let a = match i % 4 {
                0 => f64::from_bits(x << 1),
                1 => b * ((x % 2000) as f64 - 1000.0),
                2 => (b * few as f64).next_up(),
                _ => -(b * few as f64).next_down(),
            };
            check(a, b, |x, y| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan());
            check(a as f32, b as f32, |x, y| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan());
            let (shift, other) = (x % 63, y % 63);
            let (n, m) = (x as i64 >> shift, (y as i64 >> other).wrapping_mul(if few & 1 == 0 { 1 } else { -1 }));
            let n = if i % 3 == 0 { m.wrapping_mul(few as i64).wrapping_sub(i % 2) } else { n };
            check(n, m, |x, y| x == y);
            check(n as u64, m as u64, |x, y| x == y);
            check(n as i32, m as i32, |x, y| x == y);
            check(n as u32, m as u32, |x, y| x == y);
            check(n as i16, m as i16, |x, y| x == y);
            check(n as u16, m as u16, |x, y| x == y);
            check(n as i8, m as i8, |x, y| x == y);
            check(n as u8, m as u8, |x, y| x == y);
        }
        for a in i8::MIN..=i8::MAX {
            (i8::MIN..=i8::MAX).for_each(|b| check(a, b, |x, y| x == y));
            (i8::MIN..=i8::MAX).for_each(|b| check(i32::from(a) << 24, i32::from(b) << 24, |x, y| x == y));
        }
        check(i32::MIN, -1, |x, y| x == y);
    }
}
