//! The error function and its complement, in the ranges and with the rational approximations of fdlibm's `s_erf.c` (Sun
//! Microsystems 1993).

use super::{between, in_double, polynomial, within};
use crate::array::Array;
use crate::call::Call;
use crate::error::Result;
use crate::{abs, copysign, divide, exp, less, minimum, reciprocal, square, where_};

/// Up to here `erf(x) = x + x p(x^2)`.
const NEAR: f64 = 0.84375;
/// Up to here `erf(x) = ERX + p(x - 1)`.
const MIDDLE: f64 = 1.25;
/// From here on it is one.
const END: f64 = 6.0;

const NEAR_UP: [f64; 5] = [
    0.128_379_167_095_512_56,
    -0.325_042_107_247_001_5,
    -0.028_481_749_575_598_51,
    -0.005_770_270_296_489_442,
    -2.376_301_665_665_016_3e-5,
];
const NEAR_DOWN: [f64; 6] = [
    1.0,
    0.397_917_223_959_155_35,
    0.065_022_249_988_767_3,
    0.005_081_306_281_875_766,
    0.000_132_494_738_004_321_64,
    -3.960_228_278_775_368e-6,
];
const ERX: f64 = 0.845_062_911_510_467_5;
const MIDDLE_UP: [f64; 7] = [
    -0.002_362_118_560_752_659_4,
    0.414_856_118_683_748_33,
    -0.372_207_876_035_701_3,
    0.318_346_619_901_161_75,
    -0.110_894_694_282_396_68,
    0.035_478_304_325_618_236,
    -0.002_166_375_594_868_791,
];
const MIDDLE_DOWN: [f64; 7] = [
    1.0,
    0.106_420_880_400_844_23,
    0.540_397_917_702_171,
    0.071_828_654_414_196_27,
    0.126_171_219_808_761_64,
    0.013_637_083_912_029_05,
    0.011_984_499_846_799_107,
];
const FAR_UP: [f64; 8] = [
    -0.009_864_944_034_847_148,
    -0.693_858_572_707_181_8,
    -10.558_626_225_323_291,
    -62.375_332_450_326_006,
    -162.396_669_462_573_47,
    -184.605_092_906_711_04,
    -81.287_435_506_306_6,
    -9.814_329_344_169_145,
];
const FAR_DOWN: [f64; 9] = [
    1.0,
    19.651_271_667_439_257,
    137.657_754_143_519_04,
    434.565_877_475_229_23,
    645.387_271_733_267_9,
    429.008_140_027_567_83,
    108.635_005_541_779_44,
    6.570_249_770_319_282,
    -0.060_424_415_214_858_1,
];
const FARTHER_UP: [f64; 7] = [
    -0.009_864_942_924_700_1,
    -0.799_283_237_680_523,
    -17.757_954_917_754_752,
    -160.636_384_855_821_92,
    -637.566_443_368_389_6,
    -1_025.095_131_611_077_2,
    -483.519_191_608_651_4,
];
const FARTHER_DOWN: [f64; 8] = [
    1.0,
    30.338_060_743_482_46,
    325.792_512_996_573_9,
    1_536.729_586_084_437,
    3_199.858_219_508_595_5,
    2_553.050_406_433_164_4,
    474.528_541_206_955_37,
    -22.440_952_446_585_82,
];

/// The composition of [`erf`](crate::erf).
pub(crate) fn erf(call: &mut Call<'_, '_>) -> Result<Array> {
    in_double(call, |[x]| {
        let y = abs(&x)?;
        // One far out, and not-a-number stays.
        let out = minimum(&y, 1.0)?;
        let far = |[y]: [Array; 1]| (1.0 - exp(-square(&y)?)? * scaled_tail(&y)?).ok();
        let out = within(&between(&y, MIDDLE, END)?, [(&y, 2.0)], far, out)?;
        let out = within(&between(&y, NEAR, MIDDLE)?, [(&y, 1.0)], |[y]| (middle(&y)? + ERX).ok(), out)?;
        let out = within(&less(&y, NEAR)?, [(&y, 0.0)], |[y]| near(&y), out)?;
        copysign(out, x)
    })
}

/// `exp(x^2) (1 - erf(x))` for `x >= 0`: what is left of the complement when its exponential is known better than `x`.
pub(super) fn scaled_complement(x: &Array) -> Result<Array> {
    let growth = |x: &Array| exp(square(x)?);
    let out = within(&crate::greater_equal(x, MIDDLE)?, [(x, 2.0)], |[x]| scaled_tail(&x), x.clone())?;
    let of_middle = |[x]: [Array; 1]| (((1.0 - ERX) - middle(&x)?) * growth(&x)?).ok();
    let out = within(&between(x, NEAR, MIDDLE)?, [(x, 1.0)], of_middle, out)?;
    within(&less(x, NEAR)?, [(x, 0.0)], |[x]| ((1.0 - near(&x)?) * growth(&x)?).ok(), out)
}

/// `p(x) / q(x)`
fn rational(x: &Array, up: &[f64], down: &[f64]) -> Result<Array> {
    divide(polynomial(x, up)?, polynomial(x, down)?)
}

/// `erf(x)` for `0 <= x < NEAR`
fn near(x: &Array) -> Result<Array> {
    (rational(&square(x)?, &NEAR_UP, &NEAR_DOWN)? * x + x).ok()
}

/// `erf(x) - ERX` for `NEAR <= x < MIDDLE`
fn middle(x: &Array) -> Result<Array> {
    rational(&(x - 1.0).ok()?, &MIDDLE_UP, &MIDDLE_DOWN)
}

/// [`scaled_complement`] for `x >= MIDDLE`
fn scaled_tail(x: &Array) -> Result<Array> {
    let z = reciprocal(square(x)?)?;
    let (far, farther) = (rational(&z, &FAR_UP, &FAR_DOWN)?, rational(&z, &FARTHER_UP, &FARTHER_DOWN)?);
    let exponent = where_(less(x, 1.0 / 0.35)?, far, farther)?;
    divide(exp(exponent - 0.5625)?, x)
}
