//! Sorting, searching and sets against plain loops.
use array_api::{
    Argsort, Array, Complex, DType, ErrorKind, Isin, Searchsorted, Sort, argsort, flip, isin, nonzero, permute_dims,
    searchsorted, sort, take_along_axis, unique_all, unique_values,
};
use array_ndarray::namespace;
use proptest::prelude::*;
use std::cmp::Ordering;

fn array<T: array_api::Element>(values: Vec<T>, shape: &[usize]) -> Array
where
    array_api::Host: From<Vec<T>>,
{
    namespace().from_host(values, shape).unwrap()
}

/// Not-a-number last in either direction; -0.0 equals 0.0.
fn compare(a: f64, b: f64, descending: bool) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) if descending => b.partial_cmp(&a).unwrap(),
        (false, false) => a.partial_cmp(&b).unwrap(),
        (a, b) => a.cmp(&b),
    }
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(-f64::NAN),
        Just(0.0),
        Just(-0.0),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        -3.0..3.0_f64,
        (-3_i32..4).prop_map(f64::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn long_lines_too(seed: u64, n in 1000_usize..200_000, descending: bool) {
        let mut state = seed;
        let values: Vec<f64> = (0..n).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            match state >> 56 { 0 => f64::NAN, 1 => -0.0, 2 => 0.0, _ => ((state >> 33) as f64 - 1e9) / 64.0 }
        }).collect();
        let x = array(values.clone(), &[n]);
        let mut want: Vec<usize> = (0..n).collect();
        want.sort_by(|&i, &j| compare(values[i], values[j], descending));
        let order = argsort(&x, Argsort::default().descending(descending)).unwrap().to_vec::<i64>().unwrap();
        prop_assert!(order.iter().zip(&want).all(|(&a, &b)| a as usize == b));
        let sorted = sort(&x, Sort::default().descending(descending)).unwrap().to_vec::<f64>().unwrap();
        prop_assert!(sorted.iter().zip(&want).all(|(a, &i)| a.to_bits() == values[i].to_bits()));
        // Each value once, the first of equal ones, and every not-a-number.
        for x in [x.clone(), array_api::astype(&x, DType::Float32).unwrap()] {
            let bits = |x: &Array| -> Vec<u64> {
                match x.to_vec::<f32>() {
                    Ok(v) => v.iter().map(|x| x.to_bits().into()).collect(),
                    Err(_) => x.to_vec::<f64>().unwrap().iter().map(|x| x.to_bits()).collect(),
                }
            };
            prop_assert_eq!(bits(&unique_values(&x).unwrap()), bits(&unique_all(&x).unwrap().values));
            // Columns are gathered by blocks, rows lie as they are.
            let matrix = array_api::reshape(array_api::at(&x, vec![(..(n / 7 * 7) as isize).into()]).unwrap(), [7, -1]).unwrap();
            let columns = array_api::add(permute_dims(&matrix, [1, 0]).unwrap(), 0).unwrap();
            let columns = array_api::reshape(array_api::reshape(columns, [-1]).unwrap(), [(n / 7) as isize, 7]).unwrap();
            let p = Sort::default().descending(descending);
            let down = sort(&columns, p.clone().axis(0)).unwrap();
            prop_assert_eq!(bits(&permute_dims(down, [1, 0]).unwrap()), bits(&sort(array_api::add(&matrix, 0).unwrap(), p.axis(1)).unwrap()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn lines_are_sorted_and_equal_elements_keep_their_order(
        (rows, columns, values) in (0_usize..4, 0_usize..40)
            .prop_flat_map(|(r, c)| (Just(r), Just(c), prop::collection::vec(value(), r * c))),
        descending: bool,
        turned: bool,
    ) {
        let mut x = array(values.clone(), &[rows, columns]);
        let mut axis = 1;
        if turned {
            // The same lines along axis 0 of a view.
            x = permute_dims(x, [1, 0]).unwrap();
            axis = 0;
        }
        let back = |y: Array| if turned { permute_dims(y, [1, 0]).unwrap() } else { y };
        let order = argsort(&x, Argsort::default().axis(axis).descending(descending)).unwrap();
        let sorted = sort(&x, Sort::default().axis(axis).descending(descending)).unwrap();
        let bits = |y: &Array| back(y.clone()).to_vec::<f64>().unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&sorted), bits(&take_along_axis(&x, &order, axis).unwrap()));
        let order = back(order).to_vec::<i64>().unwrap();
        for (got, line) in order.chunks(columns.max(1)).zip(values.chunks(columns.max(1))) {
            let mut want: Vec<i64> = (0..columns as i64).collect();
            want.sort_by(|&i, &j| compare(line[i as usize], line[j as usize], descending));
            prop_assert_eq!(got, &want[..]);
        }
    }

    #[test]
    fn places_in_sorted_arrays(
        sorted in prop::collection::vec(value(), 0..30), wanted in prop::collection::vec(value(), 0..10), right: bool,
    ) {
        let x1 = array(sorted.clone(), &[sorted.len()]);
        let x2 = array(wanted.clone(), &[wanted.len()]);
        let side = if right { "right" } else { "left" };
        let sorter = argsort(&x1, Argsort::default()).unwrap();
        let got = searchsorted(&x1, &x2, &sorter, side).unwrap().to_vec::<i64>().unwrap();
        let same = searchsorted(sort(&x1, Sort::default()).unwrap(), x2, None, side).unwrap();
        prop_assert_eq!(&got, &same.to_vec::<i64>().unwrap());
        for (got, &v) in got.iter().zip(&wanted) {
            let before = sorted.iter().filter(|&&s| match compare(s, v, false) {
                Ordering::Less => true,
                Ordering::Equal => right,
                Ordering::Greater => false,
            });
            prop_assert_eq!(*got as usize, before.count());
        }
    }

    #[test]
    fn unique_values_and_the_way_back(values in prop::collection::vec(value(), 0..60), turned: bool) {
        let n = values.len() / 2;
        let values = values[..2 * n].to_vec();
        let mut x = array(values.clone(), &[2, n]);
        if turned { x = flip(x, 1).unwrap(); }
        let flat = x.to_vec::<f64>().unwrap();
        let u = unique_all(&x).unwrap();
        let (unique, first) = (u.values.to_vec::<f64>().unwrap(), u.indices.to_vec::<i64>().unwrap());
        let (inverse, counts) = (u.inverse_indices.to_vec::<i64>().unwrap(), u.counts.to_vec::<i64>().unwrap());
        prop_assert_eq!(u.inverse_indices.shape().unwrap(), &[2, n]);
        let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&unique_values(&x).unwrap().to_vec::<f64>().unwrap()), bits(&unique));
        prop_assert!(unique.windows(2).all(|w| w[0] < w[1] || w[1].is_nan()));
        for (i, v) in flat.iter().enumerate() {
            let k = unique[inverse[i] as usize];
            prop_assert!(k == *v || (k.is_nan() && v.is_nan()));
        }
        for (k, v) in unique.iter().enumerate() {
            let same: Vec<usize> = (0..flat.len()).filter(|&i| inverse[i] == k as i64).collect();
            prop_assert_eq!(same.len() as i64, counts[k]);
            prop_assert_eq!(same[0] as i64, first[k]);
            prop_assert_eq!(flat[same[0]].to_bits(), v.to_bits());
            prop_assert!(!v.is_nan() || same.len() == 1);
        }
    }

    #[test]
    fn places_that_are_not_zero(values in prop::collection::vec(0_i8..2, 24), turned: bool) {
        let mut x = array(values.clone(), &[2, 3, 4]);
        if turned { x = flip(x, [0, 2]).unwrap(); }
        let flat = x.to_vec::<i8>().unwrap();
        let places = nonzero(&x).unwrap();
        let columns: Vec<Vec<i64>> = places.iter().map(|p| p.to_vec().unwrap()).collect();
        let got: Vec<i64> = (0..columns[0].len()).map(|i| columns[0][i] * 12 + columns[1][i] * 4 + columns[2][i]).collect();
        prop_assert_eq!(got, (0..24).filter(|&i| flat[i as usize] != 0).collect::<Vec<i64>>());
    }
}

#[test]
fn every_type_and_direction() {
    for dtype in array_api::DTYPES.into_iter().filter(|d| d.is_numeric() && !d.is_complex()) {
        let x = array_api::astype(array(vec![3_i64, 100, 0, 3, 127, 3, 1], &[7]), dtype).unwrap();
        let order = |down| argsort(&x, Argsort::default().descending(down)).unwrap().to_vec::<i64>().unwrap();
        assert_eq!(order(false), [2, 6, 0, 3, 5, 1, 4], "{dtype}");
        assert_eq!(order(true), [4, 1, 0, 3, 5, 6, 2], "{dtype}");
        let sorted = sort(&x, Sort::default()).unwrap();
        assert_eq!(
            array_api::astype(sorted, DType::Int64).unwrap().to_vec::<i64>().unwrap(),
            [0, 1, 3, 3, 3, 100, 127]
        );
    }
    let extremes = array(vec![i64::MAX, 0, i64::MIN, -1], &[4]);
    assert_eq!(argsort(&extremes, Argsort::default().descending(true)).unwrap().to_vec::<i64>().unwrap(), [0, 1, 3, 2]);
    let bytes = sort(array(vec![255_u8, 0, 7], &[3]), Sort::default().descending(true)).unwrap();
    assert_eq!(bytes.to_vec::<u8>().unwrap(), [255, 7, 0]);
    // Many lines, shared among threads.
    let n = 300;
    let many = sort(array((0..n * n).rev().collect::<Vec<i64>>(), &[n as usize, n as usize]), -1).unwrap();
    assert!(many.to_vec::<i64>().unwrap().chunks(n as usize).all(|line| line.is_sorted()));
    assert_eq!(argsort(array(vec![2.0], &[]), Argsort::default()).map_err(|e| e.kind()).unwrap_err(), ErrorKind::Axis);
}

#[test]
fn sets_of_other_types() {
    let z = |re, im| Complex::<f64>::new(re, im);
    let values =
        vec![z(1.0, 2.0), z(0.0, f64::NAN), z(1.0, -2.0), z(-0.0, 1.0), z(1.0, 2.0), z(0.0, 1.0), z(f64::NAN, 0.0)];
    let u = unique_all(array(values, &[7])).unwrap();
    assert_eq!(u.indices.to_vec::<i64>().unwrap(), [3, 2, 0, 1, 6]);
    assert_eq!(u.counts.to_vec::<i64>().unwrap(), [2, 1, 2, 1, 1]);
    assert_eq!(u.inverse_indices.to_vec::<i64>().unwrap(), [2, 3, 1, 0, 2, 0, 4]);
    let u = unique_all(array(vec![true, false, true], &[3])).unwrap();
    assert_eq!(
        (u.values.to_vec::<bool>().unwrap(), u.indices.to_vec::<i64>().unwrap()),
        (vec![false, true], vec![1, 0])
    );
    let u = unique_all(array(vec![5_u16], &[])).unwrap();
    assert_eq!((u.values.shape().unwrap(), u.inverse_indices.shape().unwrap()), (&[1][..], &[][..]));
    assert_eq!(unique_values(array(vec![true, false, true], &[3])).unwrap().to_vec::<bool>().unwrap(), [false, true]);
    assert_eq!(unique_values(array(vec![5_i8, -1, 5], &[3])).unwrap().to_vec::<i8>().unwrap(), [-1, 5]);
    let nan = nonzero(array(vec![0.0, f64::NAN, -0.0, 2.0], &[4])).unwrap();
    assert_eq!(nan[0].to_vec::<i64>().unwrap(), [1, 3]);
}

#[test]
fn searching_takes_numbers_and_refuses_bad_sorters() {
    let x = array(vec![1.0_f32, 2.0, 2.0, 3.0], &[4]);
    assert_eq!(searchsorted(&x, 2.0, None, Searchsorted::default()).unwrap().item::<i64>().unwrap(), 1);
    assert_eq!(searchsorted(&x, 2, None, "right").unwrap().item::<i64>().unwrap(), 3);
    let e = searchsorted(&x, 2.0, array(vec![0_i64, 1, 2, 9], &[4]), "left").unwrap_err();
    assert_eq!(e.to_string(), "searchsorted: index 9 is out of bounds for axis 0 with 4 elements");
}

#[test]
fn membership_of_every_type() {
    let within = |a: &Array, b: &Array| isin(a, b, ..).unwrap().to_vec::<bool>().unwrap();
    let x = array(vec![1.0, f64::NAN, -0.0, f64::INFINITY, 2.5], &[5]);
    let set = array(vec![f64::NAN, 0.0, f64::INFINITY, 1.0], &[2, 2]);
    assert_eq!(within(&x, &set), [true, false, true, true, false]);
    assert_eq!(
        isin(&x, &set, Isin { invert: true }).unwrap().to_vec::<bool>().unwrap(),
        [false, true, false, false, true]
    );
    assert_eq!(within(&x, &array(Vec::<f64>::new(), &[0])), [false; 5]);
    assert_eq!(within(&array(vec![u64::MAX, 3], &[2]), &array(vec![3_u64, u64::MAX - 1], &[2])), [false, true]);
    assert_eq!(within(&array(vec![true, false], &[2]), &array(vec![false], &[1])), [false, true]);
    let z = |re, im| Complex::<f64>::new(re, im);
    let (a, b) = (vec![z(1.0, 2.0), z(f64::NAN, 0.0), z(1.0, -2.0)], vec![z(f64::NAN, 0.0), z(1.0, 2.0)]);
    assert_eq!(within(&array(a, &[3]), &array(b, &[2])), [true, false, false]);
    assert_eq!(isin(&x, 2.5, ..).unwrap().to_vec::<bool>().unwrap(), [false, false, false, false, true]);
    assert!(isin(2.5, &x, ..).unwrap().item::<bool>().unwrap());
}
