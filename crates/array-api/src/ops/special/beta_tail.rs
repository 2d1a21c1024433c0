//! The tail of a beta distribution whose parameters are both large, by quadrature: there the continued fraction takes a
//! number of steps that grows as the root of the parameters, and here all of them take the same.

use super::polynomial;
use super::stirling::excess_near_zero;
use crate::array::Array;
use crate::error::Result;
use crate::{copysign, divide, exp, minimum, multiply, sqrt, square, zeros_like};

/// Parameters from here on are large.
pub(super) const LARGE: f64 = 2000.0;

/// What lies where the integrand is below the exponential of this is lost in rounding.
const DEPTH: f64 = 42.0;

/// The positive nodes of Gauss and Legendre's formula of 32 nodes, and their weights.
const NODES: [(f64, f64); 16] = [
    (0.048_307_665_687_738_32, 0.096_540_088_514_727_8),
    (0.144_471_961_582_796_5, 0.095_638_720_079_274_86),
    (0.239_287_362_252_137_06, 0.093_844_399_080_804_57),
    (0.331_868_602_282_127_67, 0.091_173_878_695_763_89),
    (0.421_351_276_130_635_33, 0.087_652_093_004_403_81),
    (0.506_899_908_932_229_4, 0.083_311_924_226_946_75),
    (0.587_715_757_240_762_3, 0.078_193_895_787_070_31),
    (0.663_044_266_930_215_2, 0.072_345_794_108_848_5),
    (0.732_182_118_740_289_7, 0.065_822_222_776_361_85),
    (0.794_483_795_967_942_4, 0.058_684_093_478_535_544),
    (0.849_367_613_732_57, 0.050_998_059_262_376_175),
    (0.896_321_155_766_052_1, 0.042_835_898_022_226_68),
    (0.934_906_075_937_739_7, 0.034_273_862_913_021_43),
    (0.964_762_255_587_506_4, 0.025_392_065_309_262_06),
    (0.985_611_511_545_268_4, 0.016_274_394_730_905_67),
    (0.997_263_861_849_481_6, 0.007_018_610_009_470_096),
];

/// `I_x(a, b)` for `x` below or about the mean. `total` is `a + b`, `short` is `a y - b x`, the distance from the mean, and
/// `density` is `x^a y^b / B(a, b)`.
///
/// By the logit of the argument, `t = x e^-s / (y + x e^-s)`, it is `density` times the integral over positive `s` of
/// `exp(-a s) (y + x e^-s)^-(a + b)`, which is about `exp(-short s - (a + b) x y s^2 / 2)`.
pub(super) fn tail(total: &Array, x: &Array, y: &Array, short: &Array, density: &Array) -> Result<Array> {
    let spread = (total * x * y).ok()?;
    // Where the quadratic is as deep as that.
    let root = sqrt(square(short)? + &spread * (2.0 * DEPTH))?;
    let end = divide(2.0 * DEPTH, short + root)?;
    // By the smaller side, w: y + x e^-s = 1 + x (e^-s - 1) = e^-s (1 + y (e^s - 1)). Either way the linear parts of the
    // exponent make `short`, and what is left of it has no cancellation.
    let w = minimum(x, y)?;
    let sign = copysign(1.0, y - x)?;
    // (e^-u - 1 + u) / u^2
    let mut factorial = 1.0;
    let rest: [f64; 12] = std::array::from_fn(|k| {
        factorial *= (k + 2) as f64;
        if k % 2 == 0 { 1.0 / factorial } else { -1.0 / factorial }
    });
    let mut sum = zeros_like(x, ..)?;
    for (node, weight) in NODES.iter().flat_map(|&(x, w)| [(x, w), (-x, w)]) {
        let s = multiply(&end, 0.5 + 0.5 * node)?;
        let u = multiply(&s, &sign)?;
        let curved = multiply(polynomial(&u, &rest)?, square(&u)?)?;
        let excess = excess_near_zero(&(&w * (&curved - u)).ok()?, 8)?;
        let exponent = (short * s + total * (&w * curved - excess)).ok()?;
        sum = (sum + exp(-exponent)? * weight).ok()?;
    }
    (density * end * sum * 0.5).ok()
}
