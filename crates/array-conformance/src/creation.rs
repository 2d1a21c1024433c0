//! Creation rows: values from parameters alone, or of the shape of an array.

use array_api::{DTYPES, DType, ErrorKind, Field, Scalar, Value};

use crate::Check;
use crate::compare::{Close, Want};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("zeros", |kit| constant(kit, Some(0))),
    ("ones", |kit| constant(kit, Some(1))),
    ("empty", |kit| constant(kit, None)),
    ("full", full),
    ("arange", arange),
    ("linspace", linspace),
    ("eye", eye),
    ("zeros_like", |kit| like(kit, Some(0))),
    ("ones_like", |kit| like(kit, Some(1))),
    ("empty_like", |kit| like(kit, None)),
    ("full_like", full_like),
];

const SHAPES: [&[usize]; 5] = [&[], &[0], &[4], &[2, 3], &[2, 0, 3]];

fn number(dtype: DType, i: i128) -> Scalar {
    rounded(dtype, Scalar::int(i)).unwrap_or(Scalar::int(i))
}

/// An array of one value; `None` where only shape and type are fixed.
fn filled(dtype: DType, dims: &[usize], value: Option<Scalar>) -> Want {
    let n = dims.iter().product();
    Want { dims: dims.to_vec(), dtype, data: vec![value; n], close: Close::Exact }
}

fn constant(kit: &mut Kit, value: Option<i128>) {
    for dtype in DTYPES {
        for shape in SHAPES {
            let want = filled(dtype, shape, value.map(|v| number(dtype, v)));
            kit.gives_one(fields![shape = shape.to_vec(), dtype = dtype], &[], want);
        }
    }
    kit.gives_one(
        fields![shape = vec![2usize]],
        &[],
        filled(DType::Float64, &[2], value.map(|v| number(DType::Float64, v))),
    );
    kit.refuses(fields![shape = vec![usize::MAX / 2, 8]], &[], ErrorKind::Shape);
}

fn full(kit: &mut Kit) {
    for dtype in DTYPES {
        let value = number(dtype, 3);
        for shape in SHAPES {
            let fields = fields![shape = shape.to_vec(), fill_value = value, dtype = Some(dtype)];
            kit.gives_one(fields, &[], filled(dtype, shape, Some(value)));
        }
        let alone = value.default_dtype();
        kit.gives_one(
            fields![shape = vec![2usize], fill_value = value],
            &[],
            filled(alone, &[2], rounded(alone, value)),
        );
    }
    for (dtype, value) in
        [(DType::Int8, Scalar::int(128)), (DType::UInt8, Scalar::int(-1)), (DType::Int32, Scalar::Float(1.5))]
    {
        kit.refuses(fields![shape = vec![2usize], fill_value = value, dtype = Some(dtype)], &[], ErrorKind::Value);
    }
}

fn like(kit: &mut Kit, value: Option<i128>) {
    for dtype in DTYPES {
        for shape in SHAPES {
            let x = moderate(dtype, shape, 121);
            kit.gives_one(&[], &[(&x).into()], filled(dtype, shape, value.map(|v| number(dtype, v))));
            let other = filled(DType::Float32, shape, value.map(|v| number(DType::Float32, v)));
            kit.gives_one(fields![dtype = Some(DType::Float32)], &[x.into()], other);
        }
    }
}

fn full_like(kit: &mut Kit) {
    for dtype in DTYPES {
        let value = number(dtype, 1);
        for shape in SHAPES {
            let x = moderate(dtype, shape, 122);
            kit.gives_one(fields![fill_value = value], &[x.into()], filled(dtype, shape, Some(value)));
        }
    }
    let x = moderate(DType::UInt8, &[2], 1);
    kit.refuses(fields![fill_value = Scalar::int(256)], &[x.into()], ErrorKind::Value);
}

fn arange(kit: &mut Kit) {
    for (start, stop, step) in [(0, 5, 1), (2, 11, 3), (5, 0, -2), (3, 3, 1), (4, 2, 1), (0, 7, 7)] {
        let values: Vec<i128> = if step > 0 {
            (start..stop).step_by(step as usize).collect()
        } else {
            (0..).map(|k| start + k * step).take_while(|&v| v > stop).collect()
        };
        for dtype in DTYPES.into_iter().filter(|d| d.is_numeric() && !d.is_complex()) {
            let want = Reference::new(dtype, &[values.len()], values.iter().map(|&v| number(dtype, v)).collect());
            let [start, stop, step] = [start, stop, step].map(Scalar::int);
            kit.gives_one(fields![start = start, stop = stop, step = step, dtype = Some(dtype)], &[], want);
        }
        let want = Reference::new(DType::Int64, &[values.len()], values.iter().map(|&v| Scalar::int(v)).collect());
        let [start, stop, step] = [start, stop, step].map(Scalar::int);
        kit.gives_one(fields![start = start, stop = stop, step = step], &[], want);
    }
    let want = Want::from(Reference::reals(&[4], &[0.5, 0.75, 1.0, 1.25])).close(Close::Ulps(2.0));
    let [start, stop, step] = [0.5, 1.5, 0.25].map(Scalar::Float);
    kit.gives_one(fields![start = start, stop = Scalar::Float(1.3), step = step], &[], want);
    kit.refuses(fields![start = start, stop = stop, step = Scalar::int(0)], &[], ErrorKind::Value);
    kit.refuses(fields![stop = Scalar::Float(f64::INFINITY)], &[], ErrorKind::Value);
    kit.refuses(fields![stop = Scalar::int(3), dtype = Some(DType::Bool)], &[], ErrorKind::DType);
}

fn linspace(kit: &mut Kit) {
    for dtype in [DType::Float32, DType::Float64] {
        for (start, stop) in [(0.0, 1.0), (-3.0, 7.5), (5.0, -5.0), (2.0, 2.0)] {
            for (num, endpoint) in [(0usize, true), (1, true), (2, true), (7, true), (7, false), (50, true)] {
                let parts = if endpoint { num.max(2) - 1 } else { num } as f64;
                let value = |i: usize| match endpoint && num > 1 && i == num - 1 {
                    true => stop,
                    false => start + (stop - start) * (i as f64 / parts),
                };
                let want = Reference::build(dtype, &[num], |i| {
                    rounded(dtype, Scalar::Float(value(i[0]))).unwrap_or(Scalar::Float(0.0))
                });
                // The sum cancels where the values pass zero.
                let errors = vec![4.0 * crate::compare::epsilon(dtype) * start.abs().max(stop.abs()); num];
                let fields: [(&str, Value); 5] = [
                    ("start", Scalar::Float(start).to_value()),
                    ("stop", Scalar::Float(stop).to_value()),
                    ("num", num.to_value()),
                    ("dtype", dtype.to_value()),
                    ("endpoint", endpoint.to_value()),
                ];
                kit.gives_one(&fields, &[], Want::from(want).close(Close::Within(errors)));
            }
        }
    }
    kit.refuses(fields![dtype = DType::Int32], &[], ErrorKind::DType);
}

fn eye(kit: &mut Kit) {
    for dtype in DTYPES {
        for (rows, columns, k) in
            [(3usize, None, 0isize), (2, Some(4usize), 1), (4, Some(2), -1), (2, Some(2), 5), (0, Some(3), 0)]
        {
            let want = Reference::build(dtype, &[rows, columns.unwrap_or(rows)], |i| {
                number(dtype, i128::from(i[1] as isize - i[0] as isize == k))
            });
            kit.gives_one(fields![n_rows = rows, n_cols = columns, k = k, dtype = dtype], &[], want);
        }
    }
}
