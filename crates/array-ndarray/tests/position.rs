//! Positions of the best elements against plain loops: ties, not-a-number, every length, type and layout.
use array_ndarray::{NdArray, NdElement, position};
use ndarray::{ArrayD, Axis, IxDyn, Slice};
use proptest::prelude::*;

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// The first position that beats all before it; a value that differs from itself beats those that do not.
#[allow(clippy::eq_op)]
fn first<T: Copy + PartialOrd>(line: &[T], largest: bool) -> i64 {
    let mut best = 0;
    for i in 1..line.len() {
        let (x, b) = (line[i], line[best]);
        let better = if largest { x > b } else { x < b };
        if better || (x != x && b == b) {
            best = i;
        }
    }
    best as i64
}

/// Searches lines along an axis of a given layout.
fn agrees<T: NdElement + PartialOrd>(x: ArrayD<T>, axis: usize)
where
    NdArray: From<ArrayD<T>>,
{
    let out: Vec<usize> = (0..x.ndim()).filter(|&a| a != axis).map(|a| x.shape()[a]).collect();
    let lines: Vec<Vec<T>> = x.lanes(Axis(axis)).into_iter().map(|l| l.to_vec()).collect();
    let flat: Vec<T> = x.iter().copied().collect();
    let x = NdArray::from(x);
    for (largest, search) in [(true, position::argmax as fn(_, _, _) -> _), (false, position::argmin)] {
        let got: NdArray = search(&x, Some(axis), &out).unwrap();
        assert_eq!(got.to_vec::<i64>().unwrap(), lines.iter().map(|l| first(l, largest)).collect::<Vec<_>>());
        let got: NdArray = search(&x, None, &[]).unwrap();
        assert_eq!(got.to_vec::<i64>().unwrap(), [first(&flat, largest)]);
    }
}

fn layouts<T: NdElement + PartialOrd>(shape: &[usize], mut value: impl FnMut() -> T)
where
    NdArray: From<ArrayD<T>>,
{
    let x = ArrayD::from_shape_simple_fn(IxDyn(shape), &mut value);
    for axis in 0..shape.len() {
        agrees(x.clone(), axis);
        agrees(x.clone().reversed_axes(), axis);
        let mut turned = x.clone();
        turned.slice_axis_inplace(Axis(axis), Slice { start: 0, end: None, step: -1 });
        agrees(turned, axis);
    }
}

#[test]
fn every_length_and_type() {
    let mut state = 3;
    macro_rules! by_type {
        ($($t:ty)*) => { $(
            for n in 1..200 {
                // Few values, so that many are equal; and many.
                for span in [3, 200] {
                    layouts::<$t>(&[n], || (random(&mut state) % span) as $t);
                }
            }
            for shape in [[5, 300], [300, 5], [70, 70], [300, 20], [2, 5000], [1000, 33]] {
                layouts::<$t>(&shape, || (random(&mut state) % 100) as $t);
            }
            layouts::<$t>(&[70_000, 3], || (random(&mut state) % 100) as $t);
        )* };
    }
    by_type!(i8 u8 i16 u16 i32 u32 i64 u64 f32 f64);
}

#[test]
fn extremes_of_types() {
    layouts::<i8>(&[90], || i8::MIN);
    layouts::<u64>(&[90], || u64::MAX);
    layouts::<f32>(&[3, 90], || f32::NEG_INFINITY);
    layouts::<f64>(&[3, 90], || f64::INFINITY);
    let mut i = 0;
    layouts::<f64>(&[90, 2], || {
        i += 1;
        if i % 2 == 0 { 0.0 } else { -0.0 }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_first_nan_wins(n in 1_usize..5000, holes in prop::collection::vec(0_usize..5000, 0..4), seed: u64, rows in 1_usize..4) {
        let mut state = seed;
        let mut line = |nan: bool| {
            let mut x: Vec<f32> = (0..n).map(|_| (random(&mut state) % 50) as f32 - 25.0).collect();
            holes.iter().filter(|&&h| nan && h < n).for_each(|&h| x[h] = if h % 2 == 0 { f32::NAN } else { -f32::NAN });
            x
        };
        let all: Vec<f32> = (0..rows).flat_map(|r| line(r != 1)).collect();
        let x = ArrayD::from_shape_vec(IxDyn(&[rows, n]), all).unwrap();
        agrees(x.clone(), 1);
        agrees(x.clone(), 0);
        agrees(x.clone().reversed_axes(), 0);
        agrees(x.mapv(f64::from), 1);
    }
}

/// Lines long enough to be shared among threads.
#[test]
fn threads_do_not_show() {
    let mut state = 5;
    let mut x: Vec<f32> = (0..1_500_000).map(|_| (random(&mut state) % 1000) as f32).collect();
    agrees(ArrayD::from_shape_vec(IxDyn(&[x.len()]), x.clone()).unwrap(), 0);
    agrees(ArrayD::from_shape_vec(IxDyn(&[1500, 1000]), x.clone()).unwrap(), 0);
    agrees(ArrayD::from_shape_vec(IxDyn(&[1500, 1000]), x.clone()).unwrap(), 1);
    for nan in [1_400_003, 700_001, 699_999] {
        x[nan] = f32::NAN;
        agrees(ArrayD::from_shape_vec(IxDyn(&[x.len()]), x.clone()).unwrap(), 0);
    }
}
