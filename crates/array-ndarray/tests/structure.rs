//! Functions that make, count, find and move elements, against plain loops: every data type, layouts, sizes about those where
//! threads and vectors begin.
use array_api::{
    Arange, Array, DTYPES, DType, Linspace, Scalar, astype, at_mask, concat, flip, permute_dims, repeat, stack,
    take_along_axis, tile, unique_all, unique_counts, unique_values,
};
use array_ndarray::namespace;

struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
    /// Whole numbers, which every data type but truth values tells apart.
    fn array(&mut self, shape: &[usize], below: u64, dtype: DType) -> Array {
        let values: Vec<f64> = (0..shape.iter().product()).map(|_| (self.next() % below) as f64).collect();
        astype(namespace().from_host(values, shape).unwrap(), dtype).unwrap()
    }
}

/// The real parts.
fn floats(x: &Array) -> Vec<f64> {
    let x = if x.dtype().is_complex() { array_api::real(x).unwrap() } else { x.clone() };
    astype(x, DType::Float64).unwrap().to_vec().unwrap()
}

/// The same array stored by columns and backwards.
fn crossed(x: &Array) -> Array {
    let rank = x.ndim() as isize;
    let order: Vec<isize> = (0..rank).rev().collect();
    let turned = permute_dims(flip(x, array_api::Flip::default()).unwrap(), order.clone()).unwrap();
    // A copy in C order: a mask of all its elements gives them one after the other.
    let whole = namespace().full((turned.shape().unwrap(), true)).unwrap();
    let stored = array_api::reshape(at_mask(&turned, whole).unwrap(), turned.dims()).unwrap();
    flip(permute_dims(stored, order).unwrap(), array_api::Flip::default()).unwrap()
}

#[test]
fn ranges_have_the_bits_of_their_formula() {
    let xp = namespace();
    let large = 1_i64 << 53;
    for n in [0_i64, 1, 5, 8193, 70_001] {
        for (start, step) in [(0, 1), (-7, 3), (100, -2), (large - 2, 1), (i64::MAX / 2, 1)] {
            for dtype in DTYPES.into_iter().filter(|d| !d.is_complex() && *d != DType::Bool) {
                let p = Arange::default().start(start).stop(start + n * step).step(step).dtype(dtype);
                let value = |i: i64| i128::from(start) + i128::from(i) * i128::from(step);
                let x = xp.arange(p).unwrap();
                let want: Vec<f64> = match dtype {
                    DType::Float32 => (0..n).map(|i| f64::from(value(i) as f32)).collect(),
                    DType::Float64 => (0..n).map(|i| value(i) as f64).collect(),
                    _ => {
                        let bits = 8 * dtype.size() as u32;
                        let signed = matches!(dtype, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64);
                        let kept = |v: i128| match signed {
                            true => v << (128 - bits) >> (128 - bits),
                            false => v & ((1 << bits) - 1),
                        };
                        (0..n).map(|i| kept(value(i)) as f64).collect()
                    }
                };
                assert_eq!(floats(&x), want, "{n} from {start} by {step}, {dtype}");
            }
        }
        let p = Arange::default().start(0.5).stop(0.5 + 0.1 * n as f64 - 0.05).step(0.1).dtype(DType::Int16);
        let want: Vec<f64> = (0..n).map(|i| f64::from((0.5 + i as f64 * 0.1) as i16)).collect();
        assert_eq!(floats(&xp.arange(p).unwrap()), want);
        let p = Linspace::default().start(3).stop(Scalar::from(-1.5)).num(n as usize).dtype(DType::Complex128);
        let complex = floats(&xp.linspace(p.clone()).unwrap());
        assert_eq!(floats(&xp.linspace(p.dtype(DType::Float64)).unwrap()), complex);
    }
}

#[test]
fn positions_of_their_own() {
    let mut numbers = Numbers(1);
    for shape in [vec![5], vec![20_000], vec![3, 0], vec![130, 140], vec![3, 300, 2], vec![2, 1, 900]] {
        for axis in 0..shape.len() {
            for count in [0, 1, 3, 70] {
                let mut out = shape.clone();
                out[axis] = if shape[axis] == 0 { 0 } else { count };
                let extent = shape[axis].max(1) as i64;
                let n = out.iter().product();
                let places: Vec<i64> = (0..n).map(|_| numbers.next() as i64 % (2 * extent) - extent).collect();
                let (before, behind): (usize, usize) =
                    (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
                for dtype in [DType::Float64, DType::UInt8, DType::Int16, DType::Float32, DType::Complex128] {
                    let x = numbers.array(&shape, 100, dtype);
                    let values = floats(&x);
                    let mut want = vec![0.0; n];
                    for o in 0..before {
                        for k in 0..out[axis] {
                            for i in 0..behind {
                                let to = (o * out[axis] + k) * behind + i;
                                let from = places[to].rem_euclid(extent) as usize;
                                want[to] = values[(o * shape[axis] + from) * behind + i];
                            }
                        }
                    }
                    let indices = namespace().from_host(places.clone(), &out[..]).unwrap();
                    let narrow = astype(&indices, if extent > 30 { DType::Int32 } else { DType::Int8 }).unwrap();
                    for x in [&x, &crossed(&x)] {
                        for indices in [&indices, &narrow, &crossed(&indices)] {
                            let got = take_along_axis(x, indices, axis as isize).unwrap();
                            assert_eq!(floats(&got), want, "{shape:?} {axis} {count} {dtype}");
                        }
                    }
                }
            }
        }
    }
    let x = numbers.array(&[200, 200], 100, DType::Float64);
    let mut places = vec![3_i64; 200 * 200];
    places[39_999] = 200;
    let outside = namespace().from_host(places, [200, 200]).unwrap();
    let e = take_along_axis(&x, outside, 1).unwrap_err();
    assert!(e.to_string().contains("index 200 is out of bounds for axis 1 with 200 elements"), "{e}");
}

#[test]
fn masks_choose_rows() {
    let mut numbers = Numbers(2);
    for (shape, covered) in
        [(vec![9], 1), (vec![20_000], 1), (vec![130, 140], 2), (vec![130, 140], 1), (vec![4097, 3, 2], 2)]
    {
        let inner: usize = shape[covered..].iter().product();
        let mask = numbers.array(&shape[..covered], 2, DType::Bool);
        let kept: Vec<bool> = mask.to_vec().unwrap();
        for dtype in DTYPES {
            let x = numbers.array(&shape, 100, dtype);
            let rows = floats(&x);
            let want: Vec<f64> =
                rows.chunks(inner).zip(&kept).filter(|(_, kept)| **kept).flat_map(|(row, _)| row.to_vec()).collect();
            for (x, mask) in [(&x, &mask), (&crossed(&x), &crossed(&mask))] {
                let got = at_mask(x, mask).unwrap();
                assert_eq!(floats(&got), want, "{shape:?} {covered} {dtype}");
                assert_eq!(&got.shape().unwrap()[1..], &shape[covered..]);
            }
        }
    }
}

#[test]
fn unique_values_are_counted() {
    let mut numbers = Numbers(3);
    for dtype in DTYPES {
        for (n, below) in [(0, 1), (1, 5), (50, 3), (5000, 100), (70_000, 120), (3000, u64::MAX)] {
            let x = numbers.array(&[n], if below == u64::MAX { 100 } else { below }, dtype);
            let x = if below == u64::MAX { crossed(&x) } else { x };
            let mut sorted = floats(&x);
            sorted.sort_by(f64::total_cmp);
            let runs: Vec<&[f64]> = sorted.chunk_by(|a, b| a == b).collect();
            let values: Vec<f64> = runs.iter().map(|run| run[0]).collect();
            let counts: Vec<i64> = runs.iter().map(|run| run.len() as i64).collect();
            let got = unique_counts(&x).unwrap();
            assert_eq!((floats(&got.values), got.counts.to_vec::<i64>().unwrap()), (values.clone(), counts.clone()));
            assert_eq!(floats(&unique_values(&x).unwrap()), values);
            let all = unique_all(&x).unwrap();
            assert_eq!((floats(&all.values), all.counts.to_vec::<i64>().unwrap()), (values, counts));
            let (flat, values) = (floats(&x), floats(&all.values));
            let (first, back): (Vec<i64>, Vec<i64>) =
                (all.indices.to_vec().unwrap(), all.inverse_indices.to_vec().unwrap());
            for (value, &i) in values.iter().zip(&first) {
                assert_eq!(flat.iter().position(|x| x == value), Some(i as usize));
            }
            assert!(flat.iter().zip(&back).all(|(x, &i)| *x == values[i as usize]));
        }
    }
    let x = vec![f64::NAN, -0.0, 1.0, 0.0, f64::NAN, 1.0, -0.0];
    let got = unique_counts(namespace().from_host(x, [7]).unwrap()).unwrap();
    let values: Vec<f64> = got.values.to_vec().unwrap();
    assert!(values[0] == 0.0 && values[0].is_sign_negative() && values[1] == 1.0 && values[3].is_nan());
    assert_eq!(got.counts.to_vec::<i64>().unwrap(), [3, 2, 1, 1]);
}

#[test]
fn joined_and_repeated() {
    let mut numbers = Numbers(4);
    for dtype in DTYPES {
        for shape in [vec![0, 2], vec![1, 1], vec![3, 5], vec![300, 310], vec![2, 40_001]] {
            let (a, b) = (numbers.array(&shape, 100, dtype), numbers.array(&shape, 100, dtype));
            let (rows, columns) = (shape[0], shape[1]);
            let (x, y) = (floats(&a), floats(&b));
            let pairs: Vec<f64> = x.iter().zip(&y).flat_map(|(&x, &y)| [x, y]).collect();
            let both = [&x[..], &y[..]].concat();
            let threes: Vec<f64> = x.iter().flat_map(|&x| [x; 3]).collect();
            let tiled: Vec<f64> =
                (0..2 * rows).flat_map(|r| x[r % rows.max(1) * columns..][..columns].repeat(3)).collect();
            for (a, b) in [(&a, &b), (&crossed(&a), &b), (&crossed(&a), &crossed(&b))] {
                assert_eq!(floats(&stack([a, b], -1).unwrap()), pairs, "{shape:?} {dtype}");
                assert_eq!(floats(&stack([a, b], 0).unwrap()), both, "{shape:?} {dtype}");
                assert_eq!(floats(&concat([a, b], 0).unwrap()), both, "{shape:?} {dtype}");
                assert_eq!(floats(&repeat(a, 3, 1).unwrap()), threes, "{shape:?} {dtype}");
                assert_eq!(floats(&tile(a, [2, 3]).unwrap()), tiled, "{shape:?} {dtype}");
            }
        }
    }
}
