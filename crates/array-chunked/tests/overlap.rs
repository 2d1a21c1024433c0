//! Functions of chunks and their neighbours do not depend on how an array is cut.

use array_api::{Array, DType, Dims, Result, Scalar, Value, index};
use array_chunked::{Boundary, Overlap, from_array, map_overlap};
use proptest::prelude::*;

/// The sum of all elements at most `depth` away along the axes, of those that are there.
fn window(x: &Array, depth: [usize; 2]) -> Result<Array> {
    let mut out = array_api::zeros_like(x, ..)?;
    let n = x.shape()?.to_vec();
    for i in -(depth[0] as isize)..=depth[0] as isize {
        for j in -(depth[1] as isize)..=depth[1] as isize {
            let shifted =
                |n: usize, by: isize| (by.max(0)..(n as isize + by).min(n as isize).max(by.max(0)), (-by).max(0));
            let ((rows, to_row), (columns, to_column)) = (shifted(n[0], i), shifted(n[1], j));
            let (h, w) = (rows.end - rows.start, columns.end - columns.start);
            if h <= 0 || w <= 0 {
                continue;
            }
            let place = index![to_row..to_row + h, to_column..to_column + w];
            let part = array_api::at(x, index![rows.start..rows.end, columns.start..columns.end])?;
            out = array_api::set_at(&out, array_api::add(array_api::at(&out, place.clone())?, part)?, place)?;
        }
    }
    Ok(out)
}

/// The same on the whole array, which is padded first, element by element.
fn expected(x: &Array, depth: [usize; 2], boundary: [Boundary; 2]) -> Result<Vec<i64>> {
    let (n, all) = (x.shape()?.to_vec(), x.to_vec::<i64>()?);
    let source = |axis: usize, i: isize| -> Option<Result<usize, i64>> {
        let len = n[axis] as isize;
        if (0..len).contains(&i) {
            return Some(Ok(i as usize));
        }
        match boundary[axis] {
            Boundary::None => None,
            Boundary::Nearest => Some(Ok(i.clamp(0, len - 1) as usize)),
            Boundary::Periodic => Some(Ok(i.rem_euclid(len) as usize)),
            Boundary::Reflect => Some(Ok(if i < 0 { -1 - i } else { 2 * len - 1 - i } as usize)),
            Boundary::Constant(c) => Some(Err(c.to_f64() as i64)),
        }
    };
    let mut out = vec![];
    for row in 0..n[0] as isize {
        for column in 0..n[1] as isize {
            let mut sum = 0;
            for i in row - depth[0] as isize..=row + depth[0] as isize {
                for j in column - depth[1] as isize..=column + depth[1] as isize {
                    // The second axis is padded after the first one, so its number goes over corners.
                    sum += match (source(0, i), source(1, j)) {
                        (None, _) | (_, None) => 0,
                        (_, Some(Err(c))) | (Some(Err(c)), _) => c,
                        (Some(Ok(i)), Some(Ok(j))) => all[i * n[1] + j],
                    };
                }
            }
            out.push(sum);
        }
    }
    Ok(out)
}

fn boundary() -> impl Strategy<Value = Boundary> {
    prop_oneof![
        Just(Boundary::None),
        Just(Boundary::Reflect),
        Just(Boundary::Nearest),
        Just(Boundary::Periodic),
        (-3_i64..4).prop_map(|c| Boundary::Constant(Scalar::from(c))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn windows_over_any_chunks_are_those_of_the_whole(
        (rows, columns) in (3_usize..9, 3_usize..9), (h, w) in (1_usize..5, 1_usize..5),
        (i, j) in (0_usize..4, 0_usize..4), (a, b) in (boundary(), boundary()),
    ) {
        let depth = [i.min(rows), j.min(columns)];
        let x = array_ndarray::namespace().arange(1..(rows * columns) as i64 + 1).unwrap();
        let x = array_api::reshape(&x, Dims::from([rows, columns])).unwrap();
        let lazy = from_array(&x, [h, w]).unwrap();
        let overlap = Overlap::new().axis(0, depth[0], a).axis(1, depth[1], b);
        let y = map_overlap("window", &lazy, &overlap, DType::Int64, move |x| window(x, depth)).unwrap();
        prop_assert_eq!(array_chunked::chunks_of(&y).unwrap(), array_chunked::chunks_of(&lazy).unwrap());
        prop_assert_eq!(y.to_vec::<i64>().unwrap(), expected(&x, depth, [a, b]).unwrap());
    }
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() -> Result<()> {
    let xp = array_ndarray::namespace();
    let x = from_array(&xp.ones([4])?, 2)?;
    let mapped = |x: &Array, overlap: &Overlap| map_overlap("same", x, overlap, DType::Float64, |x| Ok(x.clone()));
    let refused = |x: &Array, axis: usize, depth: usize, boundary, why: &str| {
        let text = mapped(x, &Overlap::new().axis(axis, depth, boundary)).unwrap_err().to_string();
        assert!(text.contains(why), "{text}");
    };
    refused(&x, 1, 1, Boundary::None, "axis 1 does not exist");
    refused(&x, 0, 5, Boundary::Reflect, "cannot come from the 4");
    refused(&x, 0, 5, Boundary::Periodic, "cannot come from the 4");
    refused(&from_array(&xp.ones([0])?, 2)?, 0, 1, Boundary::Nearest, "cannot come from the 0");
    refused(&x, 0, usize::MAX, Boundary::Constant(Scalar::from(1.0)), "longer than any array");
    refused(&xp.ones([4])?, 0, 1, Boundary::None, "not chunked");
    // As deep as anybody likes where nothing lies beyond.
    assert_eq!(mapped(&x, &Overlap::new().axis(0, usize::MAX, Boundary::None))?.to_vec::<f64>()?, [1.0; 4]);
    let mask = array_chunked::over(&xp).with("chunks", Value::Int(2)).asarray([true, false, true, true])?;
    refused(&array_api::at_mask(&x, &mask)?, 0, 1, Boundary::None, "compute_chunk_sizes");
    let short = map_overlap("short", &x, &Overlap::new(), DType::Float64, |x| array_api::at(x, index![1..]))?;
    let text = short.to_vec::<f64>().unwrap_err().to_string();
    assert!(text.contains("gave shape (1,) for a chunk of shape (2,)") && text.contains("of short"), "{text}");
    Ok(())
}
