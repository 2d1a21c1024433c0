//! Operations along axes that are cut, against arrays in memory: integers exactly, and nothing is brought into one piece.

mod cuts;

use array_api::{Array, DType, Namespace};
use array_chunked::ChunkSpec;
use proptest::prelude::*;

use crate::cuts::cut;

fn space() -> Namespace {
    array_ndarray::namespace()
}

fn chunked(x: &Array, bits: &[u64; 3]) -> Array {
    let spec = x.dims().iter().zip(bits.iter().cycle()).map(|(&n, &bits)| cut(n, bits)).collect();
    array_chunked::from_array(x, ChunkSpec::Axes(spec)).unwrap()
}

/// Small integers, so that many are equal; some are not numbers.
fn values(shape: &[usize], dtype: DType, seed: u64, missing: bool) -> Array {
    let mut state = seed | 1;
    let count: usize = shape.iter().product();
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64 % 7
    };
    let numbers: Vec<f64> = (0..count)
        .map(|_| match draw() {
            6 if missing => f64::NAN,
            n => n as f64,
        })
        .collect();
    let x = array_api::reshape(space().asarray(numbers).unwrap(), array_api::Dims::new(shape)).unwrap();
    array_api::astype(x, dtype).unwrap()
}

/// Equal shape, type and elements; those that are not a number count as equal.
fn same(made: &Array, own: &Array) -> Result<(), TestCaseError> {
    let made = array_chunked::compute(made).unwrap();
    prop_assert_eq!((made.dims(), made.dtype()), (own.dims(), own.dtype()));
    let bits = |x: &Array| array_api::astype(x, DType::Float64).unwrap().to_vec::<f64>().unwrap();
    let plain = |x: &Array| bits(x).into_iter().map(|v| if v.is_nan() { f64::INFINITY } else { v }).collect::<Vec<_>>();
    prop_assert_eq!(plain(&made), plain(own));
    Ok(())
}

#[derive(Clone, Debug)]
struct Case {
    shape: Vec<usize>,
    bits: [u64; 3],
    x: Array,
    axis: isize,
}

fn any_case() -> impl Strategy<Value = Case> {
    let dtype = prop_oneof![Just(DType::Float64), Just(DType::Int64), Just(DType::UInt8)];
    (prop::collection::vec(1_usize..12, 1..4), any::<[u64; 3]>(), dtype, any::<u64>(), any::<u8>()).prop_map(
        |(shape, bits, dtype, seed, which)| {
            let missing = dtype == DType::Float64 && seed % 2 == 0;
            let x = values(&shape, dtype, seed, missing);
            let axis = isize::from(which as i8).rem_euclid(shape.len() as isize);
            Case { shape, bits, x, axis }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn sorted(Case { bits, x, axis, .. } in any_case(), descending in any::<bool>()) {
        let lazy = chunked(&x, &bits);
        let p = array_api::Sort { axis, descending, stable: true };
        same(&array_api::sort(&lazy, p.clone()).unwrap(), &array_api::sort(&x, p).unwrap())?;
        let p = array_api::Argsort { axis, descending, stable: true };
        same(&array_api::argsort(&lazy, p.clone()).unwrap(), &array_api::argsort(&x, p.clone()).unwrap())?;
        let order = array_api::argsort(&lazy, array_api::Argsort { stable: false, ..p.clone() }).unwrap();
        let p = array_api::Sort { axis, descending, stable: true };
        let by = array_api::take_along_axis(&lazy, order, axis).unwrap();
        same(&by, &array_api::sort(&x, p).unwrap())?;
    }

    #[test]
    fn medians(Case { bits, x, axis, .. } in any_case()) {
        let x = array_api::astype(x, DType::Float64).unwrap();
        let lazy = chunked(&x, &bits);
        same(&array_api::median(&lazy, axis).unwrap(), &array_api::median(&x, axis).unwrap())?;
        same(&array_api::median(&lazy, ..).unwrap(), &array_api::median(&x, ..).unwrap())?;
    }

    #[test]
    fn scanned(Case { bits, x, axis, .. } in any_case(), include_initial in any::<bool>()) {
        let lazy = chunked(&x, &bits);
        let p = array_api::CumulativeSum { axis: Some(axis), dtype: None, include_initial };
        same(&array_api::cumulative_sum(&lazy, p.clone()).unwrap(), &array_api::cumulative_sum(&x, p).unwrap())?;
        let p = array_api::CumulativeProd { axis: Some(axis), dtype: None, include_initial };
        same(&array_api::cumulative_prod(&lazy, p.clone()).unwrap(), &array_api::cumulative_prod(&x, p).unwrap())?;
    }

    #[test]
    fn searched(Case { bits, x, axis: along, .. } in any_case(), keepdims in any::<bool>()) {
        let lazy = chunked(&x, &bits);
        for axis in [Some(along), None] {
            let p = array_api::Argmax { axis, keepdims };
            same(&array_api::argmax(&lazy, p.clone()).unwrap(), &array_api::argmax(&x, p).unwrap())?;
            let p = array_api::Argmin { axis, keepdims };
            same(&array_api::argmin(&lazy, p.clone()).unwrap(), &array_api::argmin(&x, p).unwrap())?;
        }
        for (made, own) in array_api::nonzero(&lazy).unwrap().iter().zip(&array_api::nonzero(&x).unwrap()) {
            same(made, own)?;
        }
    }

    #[test]
    fn found_in_sorted(Case { bits, x, .. } in any_case(), n in 1_usize..30, seed in any::<u64>(), right in any::<bool>()) {
        let side = if right { "right" } else { "left" };
        let among = values(&[n], x.dtype(), seed, false);
        let sorted = array_api::sort(&among, ..).unwrap();
        let (lazy, places) = (chunked(&sorted, &bits), chunked(&x, &bits));
        let own = array_api::searchsorted(&sorted, &x, None, side).unwrap();
        same(&array_api::searchsorted(&lazy, &places, None, side).unwrap(), &own)?;
        let sorter = array_api::argsort(&among, ..).unwrap();
        let made = array_api::searchsorted(chunked(&among, &bits), &places, Some(&chunked(&sorter, &[seed; 3])), side);
        same(&made.unwrap(), &own)?;
    }

    #[test]
    fn taken(Case { shape, bits, x, axis } in any_case(), n in 0_usize..9, seed in any::<u64>(), also in any::<u64>()) {
        let lazy = chunked(&x, &bits);
        let extent = shape[axis as usize] as i64;
        let places = |shape: &[usize], salt: u64| {
            let draw = values(shape, DType::Int64, seed ^ salt, false);
            // From the end too.
            array_api::subtract(array_api::remainder(draw, 2 * extent).unwrap(), extent).unwrap()
        };
        for chosen in [places(&[n], 1), places(&[2, n], 2)] {
            let own = array_api::take(&x, &chosen, axis).unwrap();
            same(&array_api::take(&lazy, chunked(&chosen, &[also; 3]), axis).unwrap(), &own)?;
            let given = values(own.shape().unwrap(), x.dtype(), seed ^ 3, false);
            let whole = chunked(&given, &[also, seed, !also]);
            let put = |x: &Array, i: &Array, v: &Array| array_api::put(x, i, v, axis).unwrap();
            same(&put(&lazy, &chunked(&chosen, &[also; 3]), &whole), &put(&x, &chosen, &given))?;
            let add = |x: &Array, i: &Array, v: &Array| array_api::index_add(x, i, v, axis).unwrap();
            same(&add(&lazy, &chunked(&chosen, &[also; 3]), &whole), &add(&x, &chosen, &given))?;
        }
        let mut dims = shape.clone();
        dims[axis as usize] = n;
        let chosen = places(&dims, 4);
        let own = array_api::take_along_axis(&x, &chosen, axis).unwrap();
        let beside = chunked(&chosen, &[also, seed, !also]);
        same(&array_api::take_along_axis(&lazy, &beside, axis).unwrap(), &own)?;
        let given = values(&dims, x.dtype(), seed ^ 5, false);
        let whole = chunked(&given, &[seed, also, !seed]);
        let own = array_api::scatter_add(&x, &chosen, &given, axis).unwrap();
        same(&array_api::scatter_add(&lazy, &beside, &whole, axis).unwrap(), &own)?;
    }

    #[test]
    fn sets(Case { bits, x, .. } in any_case(), n in 0_usize..9, seed in any::<u64>(), invert in any::<bool>()) {
        let lazy = chunked(&x, &bits);
        let (made, own) = (array_api::unique_all(&lazy).unwrap(), array_api::unique_all(&x).unwrap());
        same(&made.values, &own.values)?;
        same(&made.indices, &own.indices)?;
        same(&made.inverse_indices, &own.inverse_indices)?;
        same(&made.counts, &own.counts)?;
        same(&array_api::unique_values(&lazy).unwrap(), &array_api::unique_values(&x).unwrap())?;
        let among = values(&[n], x.dtype(), seed, false);
        let own = array_api::isin(&x, &among, array_api::Isin { invert }).unwrap();
        let made = array_api::isin(&lazy, chunked(&among, &[seed; 3]), array_api::Isin { invert }).unwrap();
        same(&made, &own)?;
    }

    #[test]
    fn repeated(Case { shape, bits, x, axis } in any_case(), count in 0_i64..4, seed in any::<u64>()) {
        let lazy = chunked(&x, &bits);
        for axis in [Some(axis), None] {
            let p = array_api::Repeat { axis };
            let own = array_api::repeat(&x, count, p.clone()).unwrap();
            same(&array_api::repeat(&lazy, count, p.clone()).unwrap(), &own)?;
            let n = axis.map_or(shape.iter().product(), |a| shape[a as usize]);
            let counts = values(&[n], DType::Int64, seed, false);
            let own = array_api::repeat(&x, &counts, p.clone()).unwrap();
            same(&array_api::repeat(&lazy, chunked(&counts, &[seed; 3]), p).unwrap(), &own)?;
        }
    }
}

#[test]
fn positions_out_of_bounds_are_named() {
    let x = array_chunked::from_array(&space().ones([10]).unwrap(), 3).unwrap();
    for wrong in [10_i64, -11] {
        let places = array_chunked::from_array(&space().asarray([1, wrong]).unwrap(), 1).unwrap();
        let made = array_api::take(&x, &places, 0).unwrap();
        let text = array_chunked::compute(&made).unwrap_err().to_string();
        assert!(text.contains(&wrong.to_string()) && text.contains("axis 0 with 10 elements"), "{text}");
    }
}

#[test]
fn extents_that_depend_on_data_are_worked_with_or_named() {
    let x = array_chunked::from_array(&space().asarray([3_i64, 1, 2, 1, 3, 3, 0, 9]).unwrap(), 3).unwrap();
    let x = array_api::at_mask(&x, array_api::greater(&x, 0).unwrap()).unwrap();
    let sums = array_api::cumulative_sum(&x, ..).unwrap();
    assert_eq!(sums.to_vec::<i64>().unwrap(), [3, 4, 6, 7, 10, 13, 22]);
    assert_eq!(array_api::unique_values(&x).unwrap().to_vec::<i64>().unwrap(), [1, 2, 3, 9]);
    assert_eq!(array_api::repeat(&x, 2, ..).unwrap().to_vec::<i64>().unwrap()[..4], [3, 3, 1, 1]);
    let errors = [
        array_api::sort(&x, ..).unwrap_err(),
        array_api::argmax(&x, ..).unwrap_err(),
        array_api::take(&x, space().asarray([0_i64]).unwrap(), 0).unwrap_err(),
        array_api::unique_all(&x).unwrap_err(),
        array_api::nonzero(&x).unwrap_err(),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(text.contains("compute_chunk_sizes"), "{text}");
    }
}
