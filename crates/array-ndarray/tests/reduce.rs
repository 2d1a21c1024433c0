//! Reductions against plain loops, and the promise that their bits depend on the reduced length alone.
use array_api::DType;
use array_ndarray::{NdArray, cumulative, map::map, position, reduce, unary};
use ndarray::{ArrayD, Axis, IxDyn};
use proptest::prelude::*;

fn numbers(shape: &[usize], seed: u64) -> ArrayD<f64> {
    let mut state = seed | 1;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / 1e5 - 80.0
    })
}

/// The documented order, written once more and plainly.
fn ordered_sum(x: &[f64]) -> f64 {
    fn block(x: &[f64]) -> f64 {
        let wide = match x.len() {
            32.. => 32,
            8.. => 8,
            _ => 1,
        };
        let mut lanes: Vec<f64> = x[..wide].to_vec();
        for (i, y) in x.iter().enumerate().skip(wide) {
            lanes[i % wide] += y;
        }
        while lanes.len() > 1 {
            let half = lanes.len() / 2;
            lanes = (0..half).map(|l| lanes[l] + lanes[l + half]).collect();
        }
        lanes[0]
    }
    fn tree(x: &[f64]) -> f64 {
        if x.len() <= 512 {
            return block(x);
        }
        // The left part is the largest power of two of blocks that leaves something.
        let left = 512 * ((x.len().div_ceil(512) as u64).next_power_of_two() / 2) as usize;
        tree(&x[..left]) + tree(&x[left..])
    }
    if x.is_empty() { 0.0 } else { tree(x) }
}

/// The elements that reduce to each output, in C order of the outputs.
fn groups(x: &ArrayD<f64>, axes: &[usize]) -> (Vec<usize>, Vec<Vec<f64>>) {
    let rank = x.ndim();
    let kept: Vec<usize> = (0..rank).filter(|a| !axes.contains(a)).collect();
    let shape: Vec<usize> = kept.iter().map(|&a| x.shape()[a]).collect();
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    let moved = x.view().permuted_axes(IxDyn(&order));
    let length: usize = axes.iter().map(|&a| x.shape()[a]).product();
    let flat: Vec<f64> = moved.iter().copied().collect();
    let outputs = shape.iter().product();
    (shape, (0..outputs).map(|o| flat[o * length..(o + 1) * length].to_vec()).collect())
}

fn cases() -> impl Strategy<Value = (Vec<usize>, u8, usize, u64)> {
    (
        prop_oneof![
            prop::collection::vec(0_usize..6, 0..5),
            prop::collection::vec(1_usize..40, 1..4),
            prop::collection::vec(200_usize..700, 1..3)
        ],
        any::<u8>(),
        0_usize..4,
        any::<u64>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_order_depends_on_the_length_alone((shape, mask, turn, seed) in cases()) {
        let rank = shape.len();
        // The same numbers in another memory layout.
        let mut order: Vec<usize> = (0..rank).collect();
        if rank > 0 { order.rotate_left(turn % rank); }
        let stored: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
        let mut inverse = vec![0; rank];
        for (i, &a) in order.iter().enumerate() { inverse[a] = i; }
        let values = numbers(&stored, seed).permuted_axes(IxDyn(&inverse));
        let axes: Vec<usize> = (0..rank).filter(|a| mask >> a & 1 == 1).collect();
        let (out, groups) = groups(&values, &axes);
        let x = NdArray::from(values);
        let bits = |v: Vec<f64>| v.into_iter().map(f64::to_bits).collect::<Vec<_>>();

        let sum = reduce::sum(&x, &axes, &out, DType::Float64).unwrap().to_vec::<f64>().unwrap();
        prop_assert_eq!(bits(sum), bits(groups.iter().map(|g| ordered_sum(g)).collect()));

        let kept: Vec<usize> = (0..rank).map(|a| if axes.contains(&a) { 1 } else { shape[a] }).collect();
        let positive = reduce::any(&x, &axes, &kept).unwrap();
        prop_assert_eq!(positive.shape(), &kept[..]);
        prop_assert_eq!(positive.to_vec::<bool>().unwrap(), groups.iter().map(|g| g.iter().any(|&v| v != 0.0)).collect::<Vec<_>>());
        let count = reduce::count_nonzero(&x, &axes, &out, DType::Int64).unwrap().to_vec::<i64>().unwrap();
        prop_assert_eq!(count, groups.iter().map(|g| g.iter().filter(|&&v| v != 0.0).count() as i64).collect::<Vec<_>>());

        let max = reduce::max(&x, &axes, &out);
        let min = reduce::min(&x, &axes, &out);
        if groups.iter().any(Vec::is_empty) {
            prop_assert!(max.is_err() && min.is_err());
        } else {
            let largest: Vec<f64> = groups.iter().map(|g| g.iter().copied().fold(f64::MIN, f64::max)).collect();
            prop_assert_eq!(max.unwrap().to_vec::<f64>().unwrap(), largest);
            let smallest: Vec<f64> = groups.iter().map(|g| g.iter().copied().fold(f64::MAX, f64::min)).collect();
            prop_assert_eq!(min.unwrap().to_vec::<f64>().unwrap(), smallest);
        }

        if let Some(&axis) = axes.first() {
            let (out, groups) = self::groups(&x.view::<f64>().unwrap().to_owned(), &[axis]);
            if groups.iter().all(|g| !g.is_empty()) {
                let first = |g: &Vec<f64>, better: fn(f64, f64) -> bool| {
                    (1..g.len()).fold(0, |b, i| if better(g[i], g[b]) { i } else { b }) as i64
                };
                let at = position::argmax(&x, Some(axis), &out).unwrap().to_vec::<i64>().unwrap();
                prop_assert_eq!(at, groups.iter().map(|g| first(g, |a, b| a > b)).collect::<Vec<_>>());
                let at = position::argmin(&x, Some(axis), &out).unwrap().to_vec::<i64>().unwrap();
                prop_assert_eq!(at, groups.iter().map(|g| first(g, |a, b| a < b)).collect::<Vec<_>>());
            }
            for initial in [false, true] {
                let running = cumulative::cumulative_sum(&x, axis, initial, DType::Float64).unwrap();
                let running = running.view::<f64>().unwrap();
                let expected = x.view::<f64>().unwrap();
                for (lane, from) in running.lanes(Axis(axis)).into_iter().zip(expected.lanes(Axis(axis))) {
                    let mut sums: Vec<f64> = Vec::new();
                    for &v in from { sums.push(sums.last().map_or(v, |s| s + v)); }
                    if initial { sums.insert(0, 0.0); }
                    prop_assert_eq!(lane.to_vec(), sums);
                }
            }
        }
    }
}

#[test]
fn threads_do_not_show() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (shape, axes, out) in [
        (vec![1_234_567], vec![0], vec![]),
        (vec![3, 333_333], vec![1], vec![3]),
        (vec![333_333, 3], vec![0], vec![3]),
        (vec![70_001, 5], vec![0], vec![5]),
        (vec![500, 700], vec![0, 1], vec![]),
    ] {
        let x = NdArray::from(numbers(&shape, 7));
        let many = reduce::sum(&x, &axes, &out, DType::Float64).unwrap().to_vec::<f64>().unwrap();
        let serial = one.install(|| reduce::sum(&x, &axes, &out, DType::Float64)).unwrap().to_vec::<f64>().unwrap();
        assert_eq!(
            many.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
            serial.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
        );
        let (_, groups) = groups(&x.view::<f64>().unwrap().to_owned(), &axes);
        assert_eq!(many, groups.iter().map(|g| ordered_sum(g)).collect::<Vec<_>>());
    }
}

#[test]
fn nan_wins_and_integers_accumulate_in_the_type_asked_for() {
    let x = NdArray::from_vec(vec![1.0, f64::NAN, 3.0, 4.0, 5.0, f64::NAN], &[3, 2]);
    for axes in [vec![0], vec![1], vec![0, 1]] {
        let n = x.len() / axes.iter().map(|&a| x.shape()[a]).product::<usize>();
        let max = reduce::max(&x, &axes, &[n]).unwrap().to_vec::<f64>().unwrap();
        assert!(max.iter().any(|v| v.is_nan()));
    }
    assert_eq!(position::argmax(&x, None, &[]).unwrap().to_vec::<i64>().unwrap(), [1]);
    let x = NdArray::from_vec(vec![200_u8; 300], &[300]);
    assert_eq!(reduce::sum(&x, &[0], &[], DType::UInt64).unwrap().to_vec::<u64>().unwrap(), [60_000]);
    assert_eq!(reduce::sum(&x, &[0], &[], DType::UInt8).unwrap().to_vec::<u8>().unwrap(), [(60_000 % 256) as u8]);
    assert!(reduce::max(&astype_bool(&x), &[0], &[]).is_err());
    let empty = NdArray::from_vec(Vec::<i32>::new(), &[0, 2]);
    assert_eq!(reduce::prod(&empty, &[0], &[2], DType::Int64).unwrap().to_vec::<i64>().unwrap(), [1, 1]);
    assert_eq!(reduce::all(&empty, &[0], &[2]).unwrap().to_vec::<bool>().unwrap(), [true, true]);
    assert_eq!(reduce::any(&empty, &[0], &[2]).unwrap().to_vec::<bool>().unwrap(), [false, false]);
    assert_eq!(reduce::sum(&empty, &[1], &[0], DType::Int64).unwrap().shape(), [0]);
    assert!(reduce::max(&empty, &[0], &[2]).unwrap_err().to_string().contains("length 0"));
    assert!(position::argmin(&empty, Some(0), &[2]).is_err());
    assert_eq!(map(&unary::EXP, [NdArray::from_vec(Vec::<f32>::new(), &[0]).into()], &[0]).unwrap().len(), 0);
}

/// Contiguous elements are chosen from in another order than others, and it must not show: not in the signs of zeros, and
/// not where an element is not a number.
#[test]
fn an_extreme_has_the_same_bits_in_every_layout() {
    for n in [1, 15, 31, 32, 33, 63, 64, 100, 255, 256, 257, 700, 5000] {
        let x = numbers(&[n], n as u64 + 1).into_raw_vec_and_offset().0;
        let zeros: Vec<f64> = x.iter().map(|v| 0.0_f64.copysign(*v)).collect();
        let below: Vec<f64> = x.iter().map(|v| if v.abs() < 40.0 { 0.0_f64.copysign(*v) } else { -v.abs() }).collect();
        let above: Vec<f64> = below.iter().map(|v| -v).collect();
        let mut broken = x.clone();
        broken[n / 2] = f64::NAN;
        let same = vec![f64::NEG_INFINITY; n];
        for values in [x, zeros, below, above, broken, same] {
            let side_by_side = NdArray::from_vec(values.clone(), &[n]);
            // Every other column of a matrix.
            let apart: Vec<f64> = values.iter().flat_map(|&v| [v, 1e300]).collect();
            let apart = ArrayD::from_shape_vec(IxDyn(&[n, 2]), apart).unwrap();
            let apart = NdArray::from(apart.slice_move(ndarray::s![.., 0]).into_dyn());
            let bits = |x: NdArray| x.to_vec::<f64>().unwrap()[0].to_bits();
            for f in [reduce::max, reduce::min] {
                assert_eq!(bits(f(&side_by_side, &[0], &[]).unwrap()), bits(f(&apart, &[0], &[]).unwrap()), "{n}");
            }
        }
        let whole: Vec<i16> = (0..n).map(|i| (i * 7919 % 1009) as i16 - 500).collect();
        let (largest, smallest) = (whole.iter().max().copied().unwrap(), whole.iter().min().copied().unwrap());
        let whole = NdArray::from_vec(whole, &[n]);
        assert_eq!(reduce::max(&whole, &[0], &[]).unwrap().to_vec::<i16>().unwrap(), [largest]);
        assert_eq!(reduce::min(&whole, &[0], &[]).unwrap().to_vec::<i16>().unwrap(), [smallest]);
    }
}

fn astype_bool(x: &NdArray) -> NdArray {
    array_ndarray::cast::astype(x, DType::Bool).unwrap()
}
