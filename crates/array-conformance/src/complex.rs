//! Complex elementary functions after W. Kahan, *Branch Cuts for Complex Elementary Functions* (1987): the values on the
//! cuts follow the signs of zeros.

use array_api::Complex;

pub(crate) type C = Complex<f64>;

const fn c(re: f64, im: f64) -> C {
    C { re, im }
}

/// `i z`
fn turn(z: C) -> C {
    c(-z.im, z.re)
}

/// `-i z`
fn back(z: C) -> C {
    c(z.im, -z.re)
}

pub(crate) fn exp(z: C) -> C {
    let e = z.re.exp();
    c(e * z.im.cos(), e * z.im.sin())
}

pub(crate) fn expm1(z: C) -> C {
    let s = (z.im / 2.0).sin();
    c(z.re.exp_m1() * z.im.cos() - 2.0 * s * s, z.re.exp() * z.im.sin())
}

pub(crate) fn ln(z: C) -> C {
    let (big, small) = (z.re.abs().max(z.im.abs()), z.re.abs().min(z.im.abs()));
    let r = z.re.hypot(z.im);
    let re = if (0.5..2.0).contains(&r) { 0.5 * ((big - 1.0) * (big + 1.0) + small * small).ln_1p() } else { r.ln() };
    c(re, z.im.atan2(z.re))
}

pub(crate) fn ln1p(z: C) -> C {
    c(0.5 * (z.re * (2.0 + z.re) + z.im * z.im).ln_1p(), z.im.atan2(1.0 + z.re))
}

pub(crate) fn log2(z: C) -> C {
    let l = ln(z);
    c(l.re / std::f64::consts::LN_2, l.im / std::f64::consts::LN_2)
}

pub(crate) fn log10(z: C) -> C {
    let l = ln(z);
    c(l.re / std::f64::consts::LN_10, l.im / std::f64::consts::LN_10)
}

pub(crate) fn sqrt(z: C) -> C {
    if z.re == 0.0 && z.im == 0.0 {
        return c(0.0, z.im);
    }
    let t = ((z.re.abs() + z.re.hypot(z.im)) / 2.0).sqrt();
    if z.re >= 0.0 { c(t, z.im / (2.0 * t)) } else { c(z.im.abs() / (2.0 * t), t.copysign(z.im)) }
}

pub(crate) fn sinh(z: C) -> C {
    c(z.re.sinh() * z.im.cos(), z.re.cosh() * z.im.sin())
}

pub(crate) fn cosh(z: C) -> C {
    c(z.re.cosh() * z.im.cos(), z.re.sinh() * z.im.sin())
}

pub(crate) fn tanh(z: C) -> C {
    if z.re.abs() > 350.0 {
        return c(1f64.copysign(z.re), 0f64.copysign(z.im.tan()));
    }
    let (t, s) = (z.im.tan(), z.re.sinh());
    let (beta, rho) = (1.0 + t * t, (1.0 + s * s).sqrt());
    let d = 1.0 + beta * s * s;
    c(beta * rho * s / d, t / d)
}

pub(crate) fn sin(z: C) -> C {
    back(sinh(turn(z)))
}

pub(crate) fn cos(z: C) -> C {
    cosh(turn(z))
}

pub(crate) fn tan(z: C) -> C {
    back(tanh(turn(z)))
}

/// `sqrt(1 - z)` and `sqrt(1 + z)`, of which the inverse functions are made.
fn roots(z: C) -> (C, C) {
    (sqrt(c(1.0 - z.re, -z.im)), sqrt(c(1.0 + z.re, z.im)))
}

pub(crate) fn asin(z: C) -> C {
    let (m, p) = roots(z);
    c(z.re.atan2((m * p).re), (m.conj() * p).im.asinh())
}

pub(crate) fn acos(z: C) -> C {
    let (m, p) = roots(z);
    c(2.0 * m.re.atan2(p.re), (p.conj() * m).im.asinh())
}

pub(crate) fn acosh(z: C) -> C {
    let (m, p) = (sqrt(c(z.re - 1.0, z.im)), sqrt(c(z.re + 1.0, z.im)));
    c((m.conj() * p).re.asinh(), 2.0 * m.im.atan2(p.re))
}

pub(crate) fn atanh(z: C) -> C {
    let (x, y) = (z.re, z.im);
    // Odd in x, and only the positive side keeps its digits near the pole.
    let (size, below) = (x.abs(), 1.0 - x.abs());
    let re = 0.25 * (4.0 * size / (below * below + y * y)).ln_1p();
    c(re.copysign(x), 0.5 * (2.0 * y).atan2((1.0 - x) * (1.0 + x) - y * y))
}

pub(crate) fn asinh(z: C) -> C {
    back(asin(turn(z)))
}

pub(crate) fn atan(z: C) -> C {
    back(atanh(turn(z)))
}

pub(crate) fn sign(z: C) -> C {
    let r = z.re.hypot(z.im);
    if r == 0.0 { c(0.0, 0.0) } else { c(z.re / r, z.im / r) }
}

pub(crate) fn reciprocal(z: C) -> C {
    c(1.0, 0.0) / z
}

pub(crate) fn round(z: C) -> C {
    c(z.re.round_ties_even(), z.im.round_ties_even())
}
