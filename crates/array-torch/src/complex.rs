//! Functions of complex numbers where libtorch's own give other infinities, zeros or signs than the standard's special cases.

use tch::{TchError, Tensor};

use crate::numbers::{Numbers, Outcome};

fn parts(z: &Tensor) -> Result<(Tensor, Tensor), TchError> {
    Ok((z.f_real()?, z.f_imag()?))
}

fn not_finite(x: &Tensor) -> Outcome {
    x.f_isfinite()?.f_logical_not()
}

/// The imaginary part has the sign opposite to that of the argument's, also where it is zero.
pub(crate) fn acos(z: &Tensor) -> Outcome {
    let (re, im) = parts(&z.f_acos()?)?;
    Tensor::f_complex(&re, &im.f_copysign(&z.f_imag()?.f_neg()?)?)
}

/// On the real axis that of real numbers; at infinities, where libtorch multiplies by a not-a-number, the limits.
pub(crate) fn expm1(z: &Tensor) -> Outcome {
    let (x, y) = parts(z)?;
    let (re, im) = parts(&z.f_expm1()?)?;
    // Zero is positive also of minus zero.
    let (real, lost) = (y.is(0)?, not_finite(&y)?);
    let re = x.f_expm1()?.plus(0.0)?.f_where_self(&real, &re)?;
    let im = y.f_where_self(&real, &im)?;
    // Infinite whatever the angle, and minus one whatever the angle.
    let (up, down) = (x.f_isposinf()?.f_logical_and(&lost)?, x.f_isneginf()?.f_logical_and(&lost)?);
    Tensor::f_complex(&re.with_where(&up, f64::INFINITY)?.with_where(&down, -1.0)?, &im.with_where(&down, 0.0)?)
}

/// Infinite where either part is, whatever the other, at the angle of `1 + z`, which libtorch loses where `z` is large.
pub(crate) fn log1p(z: &Tensor) -> Outcome {
    let (x, y) = parts(z)?;
    // Zero is positive also of minus zero.
    let re = z.f_log1p()?.f_real()?.plus(0.0)?;
    let re = re.with_where(&x.f_isinf()?.f_logical_or(&y.f_isinf()?)?, f64::INFINITY)?;
    Tensor::f_complex(&re, &y.f_atan2(&x.plus(1.0)?)?)
}

/// Both signs: libtorch subtracts from zero where the processor takes several numbers at once, which makes zeros positive.
pub(crate) fn negative(z: &Tensor) -> Outcome {
    // `view_as_complex` wants the parts side by side, whatever order libtorch chose for the result.
    z.f_resolve_conj()?.f_view_as_real()?.f_neg()?.f_contiguous()?.f_view_as_complex()
}

#[cfg(test)]
mod tests {
    use array_api::{Array, Complex, DType, Result};

    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    type Row = (fn(&Array) -> Result<Array>, (f64, f64), (f64, f64));

    /// Of the standard's special cases those that libtorch misses; `negative` has none, but one meaning.
    fn rows() -> Vec<Row> {
        vec![
            (|z| z.acos(), (0.0, 0.0), (std::f64::consts::FRAC_PI_2, -0.0)),
            (|z| z.acos(), (1.0, 0.0), (0.0, -0.0)),
            (|z| z.expm1(), (-0.0, 0.0), (0.0, 0.0)),
            (|z| z.expm1(), (INF, 0.0), (INF, 0.0)),
            (|z| z.expm1(), (INF, INF), (INF, NAN)),
            (|z| z.expm1(), (INF, NAN), (INF, NAN)),
            (|z| z.expm1(), (-INF, NAN), (-1.0, 0.0)),
            (|z| z.expm1(), (NAN, 0.0), (NAN, 0.0)),
            (|z| z.log1p(), (-0.0, 0.0), (0.0, 0.0)),
            (|z| z.log1p(), (INF, NAN), (INF, NAN)),
            (|z| z.log1p(), (NAN, INF), (INF, NAN)),
            (|z| z.log1p(), (1.2e16, INF), (INF, std::f64::consts::FRAC_PI_2)),
            (|z| z.negative(), (0.0, 0.0), (-0.0, -0.0)),
            (|z| z.negative(), (0.0, -2.0), (-0.0, 2.0)),
        ]
    }

    fn same(a: f64, b: f64) -> bool {
        a.is_nan() && b.is_nan() || a == b && a.is_sign_negative() == b.is_sign_negative()
    }

    #[test]
    fn special_values_are_the_standards_one_by_one_and_many_at_once() {
        let xp = crate::namespace();
        for (i, (f, (x, y), (re, im))) in rows().into_iter().enumerate() {
            for n in [1, 37] {
                let z = xp.asarray(vec![Complex::new(x, y); n]).unwrap();
                for z in [z.astype(DType::Complex64).unwrap(), z] {
                    let found = f(&z).unwrap().astype(DType::Complex128).unwrap().to_vec::<Complex<f64>>().unwrap();
                    for w in found {
                        let close = |a: f64, b: f64| same(a, b) || b != 0.0 && (a - b).abs() < 1e-6;
                        assert!(close(w.re, re) && close(w.im, im), "row {i}, {n} at once: {w} for {x} {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn negative_goes_through_every_layout() {
        let xp = crate::namespace();
        let z = xp.asarray([[Complex::new(1.0, -0.0), Complex::new(2.0, 3.0)]]).unwrap();
        for layout in [z.clone(), z.matrix_transpose().unwrap(), z.broadcast_to([3, 2]).unwrap(), z.conj().unwrap()] {
            let sum = (layout.negative().unwrap() + &layout).ok().unwrap();
            assert_eq!(sum.shape().unwrap(), layout.shape().unwrap());
            assert!(sum.to_vec::<Complex<f64>>().unwrap().into_iter().all(|w| w == Complex::new(0.0, 0.0)));
        }
    }
}
