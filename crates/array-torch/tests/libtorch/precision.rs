//! Single precision is single precision. libtorch multiplies in it unless the process asks for less: its tensor cores' TF32,
//! with 11 bits instead of 24, is off for products, and on for convolutions of cuDNN, which this backend does not call.
//! `tch` exposes neither switch, so this is what holds libtorch to it.

use array_api::{Array, DType, Normal, Result, astype};

use crate::devices;

type Product = fn(&Array, &Array) -> Result<Array>;

const PRODUCTS: [(&str, Product); 4] = [
    ("matmul", |a, b| a.matmul(b)),
    ("batched matmul", |a, b| a.reshape([4, 64, 256])?.matmul(b)),
    ("tensordot", |a, b| a.tensordot(b, 1)),
    ("conv2d", |a, b| {
        a.reshape([1, 1, 256, 256])?.conv2d(b.at(array_api::index![..8, ..8])?.reshape([1, 1, 8, 8])?, ..)
    }),
];

#[test]
fn products_of_single_precision_keep_its_digits() {
    for xp in devices() {
        let key = xp.key(3).unwrap().split(2).unwrap();
        let draw = |i: isize| xp.normal(key.at(i).unwrap(), Normal::from(([256, 256], DType::Float32))).unwrap();
        let (a, b) = (draw(0), draw(1));
        let [wide_a, wide_b] = [&a, &b].map(|x| astype(x, DType::Float64).unwrap());
        for (name, product) in PRODUCTS {
            let single = astype(product(&a, &b).unwrap(), DType::Float64).unwrap();
            let double = product(&wide_a, &wide_b).unwrap();
            let error = (single - &double).abs().unwrap().max(..).unwrap().item::<f64>().unwrap();
            let size = double.abs().unwrap().max(..).unwrap().item::<f64>().unwrap();
            // Rounding to 11 bits would leave some 1e-3.
            assert!(error < 1e-5 * size, "{name} on {xp}: {error:e} of {size}");
        }
    }
}

/// `x` times the normal distribution function of `x`, far below zero where 1 + erf has no digits left, by 50 digits.
#[test]
fn the_gaussian_unit_keeps_its_digits_on_the_left() {
    let due = [
        (-0.75, -0.169_970_514_282_651_15),
        (-3.0, -4.049_694_094_890_283_6e-3),
        (-5.5, -1.044_425_935_623_824_6e-7),
        (-10.0, -7.619_853_024_160_526e-23),
        (-30.0, -1.472_014_178_144_456_2e-196),
        (-37.0, -2.118_461_352_334_093_4e-298),
        (f64::NEG_INFINITY, 0.0),
        (-1e200, 0.0),
        (1e200, 1e200),
    ];
    for xp in devices() {
        for (x, due) in due {
            let made = xp.asarray([x]).unwrap().gelu().unwrap().to_host().unwrap().to_f64().unwrap()[0];
            assert!((made - due).abs() <= 4.0 * f64::EPSILON * due.abs(), "gelu({x}) = {made:e} on {xp}, not {due:e}");
            // Normal numbers of single precision.
            if due.abs() > 1e-37 && x.is_finite() && x.abs() < 1e30 {
                let single = xp.asarray([x as f32]).unwrap().gelu().unwrap();
                let made = single.to_host().unwrap().to_f64().unwrap()[0];
                let limit = 4.0 * f64::from(f32::EPSILON) * due.abs();
                assert!((made - due).abs() <= limit, "gelu({x}) = {made:e} on {xp} in single precision, not {due:e}");
            }
        }
    }
}
