//! Indexing and joining against plain loops over every element, on arrays of any layout.
use array_api::{
    Array, DType, ErrorKind, Index, Indices, KeyEntry, Repeat, UNKNOWN, at, at_arrays, at_key, at_mask, broadcast_to,
    concat, expand_dims, flip, index, index_add, permute_dims, put, repeat, reshape, scatter_add, set_at,
    set_at_arrays, set_at_key, set_at_mask, squeeze, take, take_along_axis,
};
use array_ndarray::{NdArray, namespace};
use proptest::prelude::*;

/// An array and the same values as a plain list, in one of several layouts.
fn array(shape: &[usize], layout: u8) -> (Array, Vec<f64>) {
    let n: usize = shape.iter().product();
    let values: Vec<f64> = (0..n).map(|i| i as f64 + 1.0).collect();
    let rank = shape.len();
    if layout == 0 || rank == 0 {
        return (namespace().from_host(values.clone(), shape).unwrap(), values);
    }
    // Stored with axes in another order and backwards, then viewed as it should be.
    let order: Vec<usize> = (0..rank).map(|a| (a + layout as usize) % rank).collect();
    let mut back = vec![0; rank];
    order.iter().enumerate().for_each(|(i, &a)| back[a] = i as isize);
    let stored: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
    let mut data = vec![0.0; n];
    for (i, value) in data.iter_mut().enumerate() {
        let place = unravel(i, &stored);
        let mut index = vec![0; rank];
        order.iter().zip(&place).for_each(|(&a, &p)| index[a] = shape[a] - 1 - p);
        *value = values[ravel(&index, shape)];
    }
    let x = namespace().from_host(data, &stored[..]).unwrap();
    let x = flip(permute_dims(x, back).unwrap(), array_api::Flip::default()).unwrap();
    assert_eq!(x.to_vec::<f64>().unwrap(), values);
    (x, values)
}

fn unravel(mut i: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for a in (0..shape.len()).rev() {
        (index[a], i) = (i % shape[a], i / shape[a]);
    }
    index
}

fn ravel(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |k, (i, n)| k * n + i)
}

fn floats(x: &Array) -> Vec<f64> {
    x.to_vec().unwrap()
}

fn bad(r: array_api::Result<Array>, kind: ErrorKind, text: &str) {
    let e = r.unwrap_err();
    assert_eq!((e.kind(), e.to_string()), (kind, text.to_string()));
}

fn integers(values: Vec<i64>, shape: &[usize]) -> Array {
    namespace().from_host(values, shape).unwrap()
}

/// The numbers that a state gives, one after the other.
fn below(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % n.max(1)
}

fn shapes() -> impl Strategy<Value = (Vec<usize>, u8, u64)> {
    (prop::collection::vec(0_usize..5, 0..4), 0_u8..4, any::<u64>())
}

/// The positions that an index selects on each axis, and whether the axis stays; `None` for a new axis.
type Positions = Vec<Option<(Vec<usize>, bool)>>;

/// A random basic index of a shape, and what it selects.
fn basic(shape: &[usize], state: &mut u64) -> (Vec<Index>, Positions) {
    let (mut entries, mut selected) = (vec![], vec![]);
    for &n in shape {
        if below(state, 4) == 0 {
            entries.push(Index::NewAxis);
            selected.push(None);
        }
        if n > 0 && below(state, 3) == 0 {
            let i = below(state, n);
            let negative = below(state, 2) == 1;
            entries.push(Index::At(if negative { i as isize - n as isize } else { i as isize }));
            selected.push(Some((vec![i], false)));
        } else {
            let step = [1, 2, -1, -2, 3][below(state, 5)];
            let bound =
                |state: &mut u64| (below(state, 3) > 0).then(|| below(state, 2 * n + 3) as isize - n as isize - 1);
            let (start, stop) = (bound(state), bound(state));
            entries.push(Index::Slice { start, stop, step });
            let m = n as isize;
            let (low, high) = if step > 0 { (0, m) } else { (-1, m - 1) };
            let clamp = |b: isize| (if b < 0 { b + m } else { b }).clamp(low, high);
            let mut i = start.map_or(if step > 0 { low } else { high }, clamp);
            let end = stop.map_or(if step > 0 { high } else { low }, clamp);
            let mut list = vec![];
            while if step > 0 { i < end } else { i > end } {
                list.push(i as usize);
                i += step;
            }
            selected.push(Some((list, true)));
        }
    }
    if below(state, 4) == 0 {
        entries.push(Index::NewAxis);
        selected.push(None);
    }
    (entries, selected)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn basic_indices_read_and_write((shape, layout, seed) in shapes()) {
        let (x, values) = array(&shape, layout);
        let mut state = seed;
        let (entries, selected) = basic(&shape, &mut state);
        let extents: Vec<usize> = selected.iter().flatten().map(|(l, _)| l.len()).collect();
        let dims: Vec<usize> =
            selected.iter().filter_map(|s| match s { None => Some(1), Some((l, true)) => Some(l.len()), _ => None }).collect();
        let lists: Vec<&Vec<usize>> = selected.iter().flatten().map(|(l, _)| l).collect();
        let count: usize = extents.iter().product();
        let places: Vec<usize> = (0..count).map(|i| {
            let index: Vec<usize> = unravel(i, &extents).iter().zip(&lists).map(|(&k, l)| l[k]).collect();
            ravel(&index, &shape)
        }).collect();
        let y = at(&x, Indices(entries.clone())).unwrap();
        prop_assert_eq!(y.shape().unwrap(), &dims[..]);
        prop_assert_eq!(floats(&y), places.iter().map(|&p| values[p]).collect::<Vec<_>>());

        let new: Vec<f64> = (0..count).map(|i| -(i as f64)).collect();
        let part = namespace().from_host(new.clone(), &dims[..]).unwrap();
        let mut want = values.clone();
        places.iter().zip(&new).for_each(|(&p, &v)| want[p] = v);
        prop_assert_eq!(floats(&set_at(&x, &part, Indices(entries.clone())).unwrap()), want);
        prop_assert_eq!(floats(&x), values.clone());
        let mut want = values;
        places.iter().for_each(|&p| want[p] = 7.5);
        prop_assert_eq!(floats(&set_at(x, 7.5, Indices(entries)).unwrap()), want);
    }

    #[test]
    fn positions_read_and_add((shape, layout, seed) in shapes(), along in any::<prop::sample::Index>()) {
        prop_assume!(!shape.is_empty());
        let axis = along.index(shape.len());
        let n = shape[axis];
        let (x, values) = array(&shape, layout);
        let mut state = seed;
        let m = if n == 0 { 0 } else { below(&mut state, 6) };
        let list: Vec<i64> = (0..m).map(|_| below(&mut state, 2 * n) as i64 - n as i64).collect();
        let place = |i: i64| if i < 0 { i + n as i64 } else { i } as usize;
        let mut dims = shape.clone();
        dims[axis] = m;
        let total: usize = dims.iter().product();
        let from = |i: usize| {
            let mut index = unravel(i, &dims);
            index[axis] = place(list[index[axis]]);
            ravel(&index, &shape)
        };
        let y = take(&x, integers(list.clone(), &[m]), axis as isize).unwrap();
        prop_assert_eq!(y.shape().unwrap(), &dims[..]);
        prop_assert_eq!(floats(&y), (0..total).map(|i| values[from(i)]).collect::<Vec<_>>());

        let mut want = values.clone();
        (0..total).for_each(|i| want[from(i)] += values[from(i)]);
        prop_assert_eq!(floats(&index_add(&x, integers(list, &[m]), &y, axis as isize).unwrap()), want);

        // Positions of their own for every line; an extent of one repeats.
        let spread: Vec<usize> =
            (0..shape.len()).map(|a| if a == axis { m } else if below(&mut state, 3) == 0 { 1 } else { shape[a] }).collect();
        let count: usize = spread.iter().product();
        let list: Vec<i64> = (0..count).map(|_| below(&mut state, 2 * n) as i64 - n as i64).collect();
        let from = |i: usize| {
            let mut index = unravel(i, &dims);
            let own: Vec<usize> = index.iter().zip(&spread).map(|(&k, &s)| if s == 1 { 0 } else { k }).collect();
            index[axis] = place(list[ravel(&own, &spread)]);
            ravel(&index, &shape)
        };
        let indices = integers(list.clone(), &spread);
        let y = take_along_axis(&x, &indices, axis as isize).unwrap();
        prop_assert_eq!(floats(&y), (0..total).map(|i| values[from(i)]).collect::<Vec<_>>());
        let mut want = values.clone();
        (0..total).for_each(|i| want[from(i)] += values[from(i)]);
        prop_assert_eq!(floats(&scatter_add(&x, &indices, &y, axis as isize).unwrap()), want);
    }

    #[test]
    fn joining_repeating_and_broadcasting((shape, layout, seed) in shapes(), along in any::<prop::sample::Index>()) {
        let mut state = seed;
        let (x, values) = array(&shape, layout);
        let wide: Vec<usize> =
            std::iter::once(2).chain(shape.iter().map(|&n| if n == 1 { below(&mut state, 4) } else { n })).collect();
        let y = broadcast_to(&x, &wide[..]).unwrap();
        let total: usize = wide.iter().product();
        let from = |i: usize| {
            let index = unravel(i, &wide);
            let own: Vec<usize> = index[1..].iter().zip(&shape).map(|(&k, &n)| if n == 1 { 0 } else { k }).collect();
            values[ravel(&own, &shape)]
        };
        prop_assert_eq!(floats(&y), (0..total).map(from).collect::<Vec<_>>());

        prop_assume!(!shape.is_empty());
        let axis = along.index(shape.len());
        let mut other = shape.clone();
        other[axis] = below(&mut state, 4);
        let (z, more) = array(&other, (layout + 1) % 4);
        let joined = concat([&x, &z, &x], axis as isize).unwrap();
        let mut dims = shape.clone();
        dims[axis] = 2 * shape[axis] + other[axis];
        let total: usize = dims.iter().product();
        let want: Vec<f64> = (0..total).map(|i| {
            let mut index = unravel(i, &dims);
            let (n, m) = (shape[axis], other[axis]);
            match index[axis] {
                k if k < n => values[ravel(&index, &shape)],
                k if k < n + m => { index[axis] -= n; more[ravel(&index, &other)] }
                _ => { index[axis] -= n + m; values[ravel(&index, &shape)] }
            }
        }).collect();
        prop_assert_eq!(joined.shape().unwrap(), &dims[..]);
        prop_assert_eq!(floats(&joined), want);

        let counts: Vec<i64> = (0..shape[axis]).map(|_| below(&mut state, 4) as i64).collect();
        let source: Vec<usize> = (0..shape[axis]).flat_map(|i| vec![i; counts[i] as usize]).collect();
        let y = repeat(&x, integers(counts.clone(), &[shape[axis]]), axis as isize).unwrap();
        let mut dims = shape.clone();
        dims[axis] = source.len();
        let total: usize = dims.iter().product();
        let want: Vec<f64> = (0..total).map(|i| {
            let mut index = unravel(i, &dims);
            index[axis] = source[index[axis]];
            values[ravel(&index, &shape)]
        }).collect();
        prop_assert_eq!(y.shape().unwrap(), &dims[..]);
        prop_assert_eq!(floats(&y), want);
        let twice = floats(&repeat(&x, 2, Repeat::default()).unwrap());
        prop_assert_eq!(twice, values.iter().flat_map(|&v| [v, v]).collect::<Vec<_>>());
    }
}

#[test]
fn views_share_the_buffer_and_donated_arrays_are_written_in_place() {
    let x = namespace().from_host((0..12).map(f64::from).collect::<Vec<_>>(), [3, 4]).unwrap();
    let native = |x: &Array| x.downcast_ref::<NdArray>().unwrap().ptr();
    let base = native(&x) as usize;
    assert_eq!(native(&at(&x, index![1, 2..]).unwrap()) as usize, base + 6 * 8);
    assert_eq!(native(&flip(&x, 0).unwrap()) as usize, base + 8 * 8);
    let wide = expand_dims(permute_dims(&x, [1, 0]).unwrap(), 1).unwrap();
    assert_eq!((wide.shape().unwrap(), native(&wide) as usize), (&[4, 1, 3][..], base));
    let back = squeeze(&wide, 1).unwrap();
    assert_eq!((back.shape().unwrap(), native(&back) as usize), (&[4, 3][..], base));
    drop((wide, back));
    let x = set_at(x, 5.0, index![.., 0]).unwrap();
    assert_eq!(native(&x) as usize, base);
    let x = index_add(x, integers(vec![0, 0], &[2]), namespace().ones([2, 4]).unwrap(), 0).unwrap();
    assert_eq!((native(&x) as usize, floats(&x)[0]), (base, 7.0));
    let kept = x.clone();
    let y = set_at(x, 1.0, index![0]).unwrap();
    assert_ne!(native(&y) as usize, base);
    assert_eq!(floats(&kept)[0], 7.0);
}

#[test]
fn every_type_moves() {
    for dtype in array_api::DTYPES {
        let x = array_api::astype(integers(vec![0, 1, 1, 0, 0, 1], &[2, 3]), dtype).unwrap();
        let same = |a: &Array, want: [i64; 6]| {
            let back = if dtype.is_complex() { array_api::real(a).unwrap() } else { a.clone() };
            assert_eq!(a.dtype(), dtype);
            assert_eq!(array_api::astype(back, DType::Int64).unwrap().to_vec::<i64>().unwrap(), want, "{dtype}");
        };
        same(&take(&x, integers(vec![1, 0], &[2]), 0).unwrap(), [0, 0, 1, 0, 1, 1]);
        same(&take_along_axis(&x, integers(vec![2, 1, 0], &[1, 3]), 1).unwrap(), [1, 1, 0, 1, 0, 0]);
        same(&repeat(at(&x, index![.., 1]).unwrap(), 3, 0).unwrap(), [1, 1, 1, 0, 0, 0]);
        let halves = [at(&x, index![.., 2..]).unwrap(), at(&x, index![.., ..2]).unwrap()];
        same(&concat(&halves[..], 1).unwrap(), [1, 0, 1, 1, 0, 0]);
        same(&set_at(&x, at(&x, index![1]).unwrap(), index![0]).unwrap(), [0, 0, 1, 0, 0, 1]);
        if dtype.is_numeric() {
            same(&index_add(&x, integers(vec![-1, 0], &[2]), &x, 0).unwrap(), [0, 1, 2, 0, 1, 2]);
            same(
                &scatter_add(&x, integers(vec![0, 0, 1], &[1, 3]), at(&x, index![..1]).unwrap(), 0).unwrap(),
                [0, 2, 1, 0, 0, 2],
            );
        }
    }
}

/// Many positions are read a part at a time, by all threads.
#[test]
fn many_positions_of_every_type() {
    let n = 127;
    for dtype in array_api::DTYPES {
        for (inner, count) in [(1, 40_000), (3, 20_001), (700, 77)] {
            let values: Vec<i64> = (0..2 * n * inner).map(|i| i * 31 % 113).collect();
            let x = integers(values.clone(), &[2, n as usize, inner as usize]).astype(dtype).unwrap();
            let positions: Vec<i64> = (0..count).map(|i| i * i % (2 * n) - n).collect();
            let want: Vec<i64> = (0..2 * count * inner)
                .map(|i| {
                    let p = positions[(i / inner % count) as usize].rem_euclid(n);
                    values[((i / (count * inner) * n + p) * inner + i % inner) as usize]
                })
                .collect();
            let want = integers(want, &[2, count as usize, inner as usize]).astype(dtype).unwrap();
            for of in [DType::Int8, DType::Int16, DType::Int32, DType::Int64] {
                let positions = integers(positions.clone(), &[count as usize]).astype(of).unwrap();
                let got = take(&x, positions, 1).unwrap();
                let same = array_api::all(array_api::equal(&got, &want).unwrap(), ..).unwrap();
                assert!(same.item::<bool>().unwrap(), "{dtype} {inner} {of}");
            }
            let mut outside = positions;
            outside[(count - 1) as usize] = n;
            bad(
                take(&x, integers(outside, &[count as usize]), 1),
                ErrorKind::Index,
                "take: index 127 is out of bounds for axis 1 with 127 elements",
            );
        }
    }
}

/// Views whose neighbours are a fixed distance apart are copied by vectors.
#[test]
fn steps_of_every_type() {
    for dtype in array_api::DTYPES {
        for n in (0..70).chain([4096, 5001]) {
            let values: Vec<i64> = (0..3 * n as i64).map(|i| i * 7 % 101).collect();
            let x = integers(values.clone(), &[3, n]).astype(dtype).unwrap();
            for step in [2, -1, -2, 3] {
                let slice = || Index::Slice { start: None, stop: None, step };
                let picked = |row: &[i64]| -> Vec<i64> {
                    let apart = step.unsigned_abs();
                    if step > 0 {
                        row.iter().step_by(apart).copied().collect()
                    } else {
                        row.iter().rev().step_by(apart).copied().collect()
                    }
                };
                let view = at(&x, vec![Index::full(), slice()]).unwrap();
                let want: Vec<i64> = (0..3).flat_map(|r| picked(&values[r * n..(r + 1) * n])).collect();
                let want = integers(want, view.shape().unwrap()).astype(dtype).unwrap();
                // Reshaping copies a view, and comparing does tile by tile.
                let m = want.dims()[1] as isize;
                let copied = reshape(reshape(&view, [3 * m]).unwrap(), [3, m]).unwrap();
                for got in [copied, view] {
                    let same = array_api::all(array_api::equal(&got, &want).unwrap(), ..).unwrap();
                    assert!(same.item::<bool>().unwrap(), "{dtype} {n} {step}");
                }
            }
        }
    }
}

#[test]
fn errors_name_what_is_wrong() {
    let x = namespace().from_host(vec![1.0; 6], [2, 3]).unwrap();
    bad(
        take(&x, integers(vec![0, 3], &[2]), 1),
        ErrorKind::Index,
        "take: index 3 is out of bounds for axis 1 with 3 elements",
    );
    bad(
        take_along_axis(&x, integers(vec![-3; 3], &[1, 3]), 0),
        ErrorKind::Index,
        "take_along_axis: index -3 is out of bounds for axis 0 with 2 elements",
    );
    bad(
        index_add(&x, namespace().asarray([200_u8]).unwrap(), namespace().ones([1, 3]).unwrap(), 0),
        ErrorKind::Index,
        "index_add: index 200 is out of bounds for axis 0 with 2 elements",
    );
    bad(
        repeat(&x, integers(vec![1, -2], &[2]), 0),
        ErrorKind::Value,
        "repeat: repeats is -2 at position 1, but cannot be negative",
    );
    bad(
        repeat(&x, integers(vec![i64::MAX, i64::MAX], &[2]), 0),
        ErrorKind::Memory,
        "repeat: a result of shape (18446744073709551614, 3) and dtype float64 takes more than 2^64 bytes, and there is no memory for it",
    );
    bad(
        repeat(&x, i64::MAX / 3, Repeat::default()),
        ErrorKind::Memory,
        "repeat: a result of shape (18446744073709551612,) and dtype float64 takes more than 2^64 bytes, and there is no memory for it",
    );
    bad(
        take(at(&x, index![..0]).unwrap(), integers(vec![0], &[1]), 0),
        ErrorKind::Index,
        "take: index 0 is out of bounds for axis 0 with 0 elements",
    );
    let scalar = reshape(at(&x, index![0, 0]).unwrap(), vec![]).unwrap();
    assert_eq!(take(&x, scalar.astype(DType::Int8).unwrap(), 0).unwrap().dims()[..], [3]);
    assert_ne!(x.dims()[0], UNKNOWN);
}

#[test]
fn arrays_of_positions_and_masks() {
    let x = array(&[3, 4], 1).0;
    let (rows, columns) = (integers(vec![0, -1], &[2, 1]), integers(vec![1, -4, 1], &[3]));
    let part = at_arrays(&x, [&rows, &columns]).unwrap();
    assert_eq!((part.shape().unwrap(), floats(&part)), (&[2, 3][..], vec![2.0, 1.0, 2.0, 10.0, 9.0, 10.0]));
    let set =
        set_at_arrays(&x, integers(vec![1, 2, 3], &[3]).astype(DType::Float64).unwrap(), [&rows, &columns]).unwrap();
    // Column 1 is written twice: the last one stays.
    assert_eq!(floats(&set), [2.0, 3.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 2.0, 3.0, 11.0, 12.0]);
    let mask = namespace().asarray([true, false, true]).unwrap();
    let part = at_mask(&x, &mask).unwrap();
    assert_eq!((part.shape().unwrap(), part.to_vec::<f64>().unwrap()[4]), (&[2, 4][..], 9.0));
    let all = array_api::greater(&x, 10.5).unwrap();
    assert_eq!(floats(&at_mask(&x, &all).unwrap()), [11.0, 12.0]);
    let set = set_at_mask(&x, &all, namespace().asarray([-1.0, -2.0]).unwrap()).unwrap();
    assert_eq!(floats(&set)[10..], [-1.0, -2.0]);
    assert_eq!(floats(&set_at_mask(&x, &mask, 0).unwrap())[..6], [0.0, 0.0, 0.0, 0.0, 5.0, 6.0]);
    let one = at_mask(array(&[], 0).0, namespace().asarray(true).unwrap()).unwrap();
    assert_eq!((one.shape().unwrap(), floats(&one)), (&[1][..], vec![1.0]));
    bad(
        at_arrays(&x, [&rows, &integers(vec![4], &[1])]),
        ErrorKind::Index,
        "take: index 4 is out of bounds for axis 0 with 4 elements",
    );
    let nothing = namespace().from_host(Vec::<bool>::new(), [0]).unwrap();
    assert_eq!(at_mask(&x, &nothing).unwrap().shape().unwrap(), [0, 4]);
    assert_eq!(floats(&set_at_mask(&x, &nothing, 5).unwrap()), floats(&x));
    let empty = namespace().from_host(Vec::<f64>::new(), [0, 2]).unwrap();
    let nowhere = namespace().from_host(Vec::<bool>::new(), [0, 2]).unwrap();
    bad(
        set_at_mask(&empty, &nowhere, namespace().asarray([1.0, 2.0]).unwrap()),
        ErrorKind::Shape,
        "broadcast_to: cannot broadcast (2,) with (0,): aligned from the last axis, extents must be equal or 1; reshape one of them",
    );
    bad(
        at_mask(&x, namespace().asarray([true]).unwrap()),
        ErrorKind::Index,
        "at_mask: a mask of shape (1,) does not fit an array of shape (3, 4)",
    );
    bad(
        set_at_mask(&x, &mask, namespace().asarray([1.0, 2.0, 3.0]).unwrap()),
        ErrorKind::Shape,
        "set_at_mask: a value of shape (3,) does not fit the part of shape (?, 4)",
    );
    bad(
        set_at_arrays(integers(vec![1], &[1]), namespace().asarray([1.5]).unwrap(), [&rows]),
        ErrorKind::DType,
        "set_at_arrays: a value of type float64 cannot be set in an array of int64; use astype",
    );
}

/// Axes of positions stay where these stand side by side, and come first otherwise.
#[test]
fn keys_mix_basic_indices_and_arrays() {
    let x = array(&[2, 3, 4], 2).0;
    let (at, all) = (|i| KeyEntry::Basic(Index::At(i)), || KeyEntry::Basic(Index::full()));
    let places = |v: Vec<i64>| KeyEntry::Array(integers(v.clone(), &[v.len()]));
    let mask = KeyEntry::Array(namespace().asarray([true, false, true]).unwrap());
    let cases: Vec<(Vec<KeyEntry>, &[usize], Vec<f64>)> = vec![
        (vec![at(1), at(-1)], &[4], vec![21.0, 22.0, 23.0, 24.0]),
        (vec![all(), at(0), places(vec![3, 0])], &[2, 2], vec![4.0, 1.0, 16.0, 13.0]),
        (vec![at(1), all(), places(vec![3])], &[1, 3], vec![16.0, 20.0, 24.0]),
        (vec![at(0), mask.clone(), at(1)], &[2], vec![2.0, 10.0]),
        (vec![KeyEntry::Basic(Index::Ellipsis), mask.clone(), at(0)], &[2, 2], vec![1.0, 9.0, 13.0, 21.0]),
        (vec![KeyEntry::Basic(Index::NewAxis), places(vec![1]), at(0)], &[1, 1, 4], vec![13.0, 14.0, 15.0, 16.0]),
    ];
    for (key, shape, want) in cases {
        let part = at_key(&x, &key).unwrap();
        assert_eq!((part.shape().unwrap(), floats(&part)), (shape, want.clone()), "{key:?}");
        let value = (&part * -1.0).ok().unwrap();
        let set = set_at_key(&x, &value, &key).unwrap();
        assert_eq!(floats(&at_key(&set, &key).unwrap()), want.iter().map(|v| -v).collect::<Vec<_>>(), "{key:?}");
        let changed = floats(&set).iter().filter(|v| **v < 0.0).count();
        assert_eq!((changed, floats(&set).iter().map(|v| v.abs()).sum::<f64>()), (want.len(), 300.0), "{key:?}");
    }
    bad(
        at_key(&x, &[all(), mask, all(), all()]),
        ErrorKind::Index,
        "at_key: 4 indices are given for an array of shape (2, 3, 4)",
    );
    bad(
        set_at_key(&x, 1.0, &[all(), all(), KeyEntry::Array(namespace().asarray([true]).unwrap())]),
        ErrorKind::Index,
        "set_at_key: a mask of shape (1,) does not fit the axes from 2 on of an array of shape (2, 3, 4)",
    );
    bad(
        at_key(&x, &[KeyEntry::Array(x.clone())]),
        ErrorKind::Index,
        "at_key: arrays of float64 are no indices; use integers or bool",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn putting_agrees_with_its_composition(n in 1_usize..6, count in 0_usize..9, mut state in any::<u64>(), layout in 0_u8..3) {
        let (x, values) = array(&[2, n, 3], layout);
        let positions: Vec<i64> = (0..count).map(|_| below(&mut state, 2 * n) as i64 - n as i64).collect();
        let new: Vec<f64> = (0..2 * count * 3).map(|i| -1.0 - i as f64).collect();
        let mut want = values;
        for o in 0..2 {
            for (j, &p) in positions.iter().enumerate() {
                let i = if p < 0 { (p + n as i64) as usize } else { p as usize };
                for k in 0..3 {
                    want[(o * n + i) * 3 + k] = new[(o * count + j) * 3 + k];
                }
            }
        }
        let new = namespace().from_host(new, [2, count, 3]).unwrap();
        let positions = integers(positions, &[count]);
        let op = <array_api::Put as array_api::Operation>::OP;
        let composed = array_api::register_override(op, &array_ndarray::NDARRAY, |call| {
            (call.op.compose.unwrap())(call).map_err(Into::into)
        }).unwrap();
        prop_assert_eq!(floats(&put(&x, &positions, &new, 1).unwrap()), &want[..]);
        drop(composed);
        prop_assert_eq!(floats(&put(&x, &positions, &new, 1).unwrap()), want);
    }
}

/// Columns side by side, as tables have them: tiles of rows by all threads, and the layouts that are copied array by array.
#[test]
fn many_columns_of_every_type() {
    let rows = 40_003_i64;
    for dtype in array_api::DTYPES {
        // One and three columns, forwards and backwards, and one that lies by rows of five.
        let values = |of: i64, wide: i64| (0..rows * wide).map(|i| (i * 31 + of) % 113).collect::<Vec<_>>();
        let cast =
            |of: i64, wide: i64| integers(values(of, wide), &[rows as usize, wide as usize]).astype(dtype).unwrap();
        let wide = cast(3, 5);
        let parts = [
            cast(1, 1),
            flip(cast(2, 3), 0).unwrap(),
            at(&wide, index![.., 2..3]).unwrap(),
            cast(4, 3),
            flip(cast(5, 3), 1).unwrap(),
        ];
        let wants = |r: i64| {
            let one = |of: i64, i: i64| (i * 31 + of) % 113;
            let mut row = vec![one(1, r)];
            row.extend((0..3).map(|c| one(2, (rows - 1 - r) * 3 + c)));
            row.push(one(3, r * 5 + 2));
            row.extend((0..3).map(|c| one(4, r * 3 + c)));
            row.extend((0..3).map(|c| one(5, r * 3 + 2 - c)));
            row
        };
        let of = |kept: usize| (0..rows).flat_map(|r| wants(r)[..kept].to_vec()).collect::<Vec<i64>>();
        for (count, columns) in [(4, 8), (5, 11)] {
            let want = integers(of(columns), &[rows as usize, columns]).astype(dtype).unwrap();
            let joined = concat(&parts[..count], 1).unwrap();
            assert!(
                array_api::all(array_api::equal(&joined, &want).unwrap(), ..).unwrap().item::<bool>().unwrap(),
                "{dtype}"
            );
            // Two rows of many: the runs do not lie at equal distances from each other.
            let cut: Vec<Array> = parts[..count]
                .iter()
                .map(|x| reshape(at(x, index![..40_002]).unwrap(), [2, 20_001, -1]).unwrap())
                .collect();
            let cut = concat(&cut[..], 2).unwrap();
            let same = reshape(at(&want, index![..40_002]).unwrap(), [2, 20_001, columns as isize]).unwrap();
            assert!(
                array_api::all(array_api::equal(&cut, &same).unwrap(), ..).unwrap().item::<bool>().unwrap(),
                "{dtype}"
            );
        }
    }
}
