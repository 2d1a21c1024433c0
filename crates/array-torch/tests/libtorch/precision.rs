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
