//! Padding, one step at a time from the edge outwards, and interpolation between points.

use array_api::{Complex, DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[("pad", pad), ("interp", interp)];

const MODES: [&str; 4] = ["constant", "edge", "reflect", "wrap"];

/// The positions in an axis of `n` elements that are seen `before` of it, in it, and `after` it.
fn positions(mode: &str, n: usize, before: usize, after: usize) -> Vec<Option<usize>> {
    let outwards = |start: usize, forward: bool, count: usize| -> Vec<Option<usize>> {
        let (mut at, mut forward) = (start, forward);
        let mut seen = vec![];
        for _ in 0..count {
            let (last, end) = (n.saturating_sub(1), if forward { at + 1 == n } else { at == 0 });
            at = match mode {
                "edge" => at,
                "wrap" if end => last - at,
                "reflect" if n == 1 => 0,
                // An image in a mirror goes the other way, and does not repeat what stands on the mirror.
                _ => {
                    forward ^= end;
                    if forward { at + 1 } else { at - 1 }
                }
            };
            seen.push(at);
        }
        seen.into_iter().map(Some).collect()
    };
    if mode == "constant" {
        let inside = (0..n).map(Some);
        return vec![None; before].into_iter().chain(inside).chain(vec![None; after]).collect();
    }
    let front = outwards(0, false, before).into_iter().rev();
    front.chain((0..n).map(Some)).chain(outwards(n - usize::from(n > 0), true, after)).collect()
}

fn padded(x: &Reference, widths: &[Vec<usize>], mode: &str, constant: Scalar) -> Reference {
    let axes = x.dims.iter().enumerate();
    let places: Vec<Vec<Option<usize>>> =
        axes.map(|(a, &n)| positions(mode, n, widths[a % widths.len()][0], widths[a % widths.len()][1])).collect();
    let dims: Vec<usize> = places.iter().map(Vec::len).collect();
    Reference::build(x.dtype, &dims, |i| {
        let from: Option<Vec<usize>> = i.iter().zip(&places).map(|(&i, p)| p[i]).collect();
        from.map_or(constant, |from| x.at(&from))
    })
}

fn pad(kit: &mut Kit) {
    let cases: [(&[usize], &[[usize; 2]]); 9] = [
        (&[5], &[[2, 3]]),
        (&[3], &[[7, 11]]),
        (&[1], &[[2, 2]]),
        (&[2], &[[3, 4]]),
        (&[3, 4], &[[1, 2]]),
        (&[3, 4], &[[0, 2], [3, 0]]),
        (&[2, 1, 3], &[[1, 1], [2, 0], [0, 5]]),
        (&[], &[[1, 1]]),
        (&[0, 3], &[[0, 0], [1, 2]]),
    ];
    for dtype in DTYPES {
        for (dims, widths) in cases {
            let x = moderate(dtype, dims, 291);
            let widths: Vec<Vec<usize>> = widths.iter().map(|w| w.to_vec()).collect();
            for mode in MODES {
                for constant in [Scalar::int(0), Scalar::int(1)] {
                    let number = rounded(dtype, constant).unwrap_or(constant);
                    let want = padded(&x, &widths, mode, number);
                    let constant = if dtype == DType::Bool { number } else { constant };
                    let fields = fields![pad_width = widths.clone(), mode = mode.to_string(), constant = constant];
                    kit.gives_one(fields, &[(&x).into()], want);
                }
            }
        }
        // Only constants need no elements.
        let (empty, widths) = (moderate(dtype, &[0], 1), vec![vec![2usize, 1]]);
        let zero = rounded(dtype, Scalar::int(0)).unwrap_or(Scalar::int(0));
        let fields = fields![pad_width = widths.clone(), constant = zero];
        kit.gives_one(fields, &[(&empty).into()], padded(&empty, &widths, "constant", zero));
        for mode in &MODES[1..] {
            let fields = fields![pad_width = widths.clone(), mode = mode.to_string()];
            kit.refuses(fields, &[(&empty).into()], ErrorKind::Value);
        }
    }
    let x = moderate(DType::Int8, &[2, 3], 1);
    let one = || vec![vec![1usize, 1]];
    for widths in [vec![], vec![vec![1usize, 1]; 3], vec![vec![1usize]; 2], vec![vec![1usize, 1, 1]; 2]] {
        kit.refuses(fields![pad_width = widths], &[(&x).into()], ErrorKind::Value);
    }
    kit.refuses(fields![pad_width = one(), mode = "mirror".to_string()], &[(&x).into()], ErrorKind::Value);
    for constant in [Scalar::int(200), Scalar::Float(0.5)] {
        kit.refuses(fields![pad_width = one(), constant = constant], &[(&x).into()], ErrorKind::Value);
    }
    let constant = Scalar::Complex(Complex::new(0.0, 1.0));
    let x = moderate(DType::Float32, &[2], 1);
    kit.refuses(fields![pad_width = one(), constant = constant], &[x.into()], ErrorKind::Value);
}

/// The line through the two points beside `x`; beyond the points the value of the last.
fn interpolated(x: f64, points: &[f64], values: &[f64]) -> (f64, f64) {
    let last = points.len() - 1;
    match points.iter().position(|&p| p > x) {
        _ if x.is_nan() => (x, 0.0),
        Some(0) => (values[0], 0.0),
        None => (values[last], 0.0),
        Some(i) => {
            let width = points[i] - points[i - 1];
            let share = (x - points[i - 1]) / width;
            let value = values[i - 1] * (1.0 - share) + values[i] * share;
            // Rounding of the positions moves the share.
            let lost = (x.abs() + points[i - 1].abs() + points[i].abs()) / width;
            (value, (8.0 + 4.0 * lost) * (values[i - 1].abs() + values[i].abs()))
        }
    }
}

fn interp(kit: &mut Kit) {
    let line = |x: &Reference, points: &Reference, values: &Reference| {
        let plain = |r: &Reference| r.data.iter().map(|s| s.to_f64()).collect::<Vec<_>>();
        let (p, v) = (plain(points), plain(values));
        let all: Vec<(f64, f64)> = plain(x).into_iter().map(|x| interpolated(x, &p, &v)).collect();
        let data = all.iter().map(|a| rounded(x.dtype, Scalar::Float(a.0))).collect();
        let errors = all.iter().map(|a| a.1 * epsilon(x.dtype)).collect();
        Want { dims: x.dims.clone(), dtype: x.dtype, data, close: Close::Within(errors) }
    };
    for dtype in DTYPES {
        if !dtype.is_real_floating() {
            let x = moderate(dtype, &[3], 1);
            kit.refuses(&[], &[(&x).into(), (&x).into(), x.into()], ErrorKind::DType);
            continue;
        }
        let all: [&[f64]; 4] =
            [&[-2.0, -0.5, 0.25, 3.0], &[0.0, 1.0], &[0.5], &[-3.0, -1.0, -0.75, 0.0, 2.0, 2.5, 3.5]];
        let special = [f64::NEG_INFINITY, f64::INFINITY, f64::NAN, 0.0, -0.5, 0.25, 3.0, 1e30, -1e30];
        for points in all.map(|p| Reference::reals(&[p.len()], p).cast(dtype)) {
            let values = moderate(dtype, &points.dims, 292);
            let special = Reference::reals(&[9], &special).cast(dtype);
            for x in [&[33][..], &[2, 3], &[], &[0]].map(|dims| moderate(dtype, dims, 293)).into_iter().chain([special])
            {
                let want = line(&x, &points, &values);
                kit.gives_one(&[], &[x.into(), (&points).into(), (&values).into()], want);
            }
        }
    }
    let row = |n: usize| Reference::reals(&[n], &(0..n).map(|i| i as f64).collect::<Vec<_>>());
    let (x, narrow) = (moderate(DType::Float64, &[5], 294), row(3).cast(DType::Float32));
    let want = line(&x, &row(3), &row(3));
    kit.gives_one(&[], &[(&x).into(), narrow.into(), row(3).into()], want);
    for (points, values) in [(row(3), row(2)), (row(0), row(0)), (row(4).reshaped(&[2, 2]), row(4).reshaped(&[2, 2]))] {
        kit.refuses(&[], &[(&x).into(), points.into(), values.into()], ErrorKind::Shape);
    }
}
