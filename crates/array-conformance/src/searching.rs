//! Positions, orders and sets: searching, sorting, unique values, membership.

use array_api::{DTYPES, DType, ErrorKind, Scalar};
use std::cmp::Ordering;

use crate::Check;
use crate::compare::{Close, Want};
use crate::inputs::{moderate, telling};
use crate::kit::{Given, Kit, fields};
use crate::reference::{Reference, indices};
use crate::statistical::{SHAPES, axes_of, reduced, wrong_axes};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("argmax", |kit| position(kit, Ordering::Greater)),
    ("argmin", |kit| position(kit, Ordering::Less)),
    ("count_nonzero", |kit| {
        truths(kit, DType::Int64, |v| Scalar::int(v.iter().filter(|s| s.to_bool()).count() as i128))
    }),
    ("all", |kit| truths(kit, DType::Bool, |v| Scalar::Bool(v.iter().all(|s| s.to_bool())))),
    ("any", |kit| truths(kit, DType::Bool, |v| Scalar::Bool(v.iter().any(|s| s.to_bool())))),
    ("nonzero", nonzero),
    ("searchsorted", searchsorted),
    ("sort", |kit| ordered(kit, false)),
    ("argsort", |kit| ordered(kit, true)),
    ("unique_all", |kit| unique(kit, &[0, 1, 2, 3])),
    ("unique_values", |kit| unique(kit, &[0])),
    ("unique_counts", |kit| unique(kit, &[0, 3])),
    ("unique_inverse", |kit| unique(kit, &[0, 2])),
    ("isin", isin),
];

/// The order of two real values; not-a-number is above all.
fn compare(a: Scalar, b: Scalar) -> Ordering {
    match (a, b) {
        (Scalar::Float(a), Scalar::Float(b)) => a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())),
        _ => a.to_i128().cmp(&b.to_i128()),
    }
}

fn real_types() -> impl Iterator<Item = DType> {
    DTYPES.into_iter().filter(|d| d.is_numeric() && !d.is_complex())
}

/// Types without an order are refused.
fn unordered(kit: &mut Kit) {
    for dtype in [DType::Bool, DType::Complex64, DType::Complex128] {
        kit.refuses(&[], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
    }
}

fn position(kit: &mut Kit, better: Ordering) {
    unordered(kit);
    for dtype in real_types() {
        for shape in SHAPES.iter().filter(|s| !s.contains(&0)) {
            let x = moderate(dtype, shape, 101);
            for axis in [None].into_iter().chain((0..shape.len()).map(|a| Some(a as isize))) {
                let list = axis.map_or((0..shape.len()).collect(), |a| vec![a as usize]);
                for keepdims in [false, true] {
                    let want = reduced(&x, &list, keepdims, DType::Int64, |v| {
                        let best = (1..v.len()).fold(0, |b, i| if compare(v[i], v[b]) == better { i } else { b });
                        (Some(Scalar::int(best as i128)), 0.0)
                    });
                    kit.gives_one(fields![axis = axis, keepdims = keepdims], &[(&x).into()], want);
                }
            }
        }
    }
    kit.refuses(&[], &[moderate(DType::Float64, &[0], 1).into()], ErrorKind::Value);
    kit.refuses(fields![axis = Some(1isize)], &[moderate(DType::Float64, &[2], 1).into()], ErrorKind::Axis);
}

fn truths(kit: &mut Kit, out: DType, f: fn(&[Scalar]) -> Scalar) {
    for dtype in DTYPES {
        let special = telling(dtype, 102);
        for x in SHAPES.iter().map(|s| moderate(dtype, s, 103)).chain([special]) {
            for (axes, list) in axes_of(x.dims.len()) {
                for keepdims in [false, true] {
                    let want = reduced(&x, &list, keepdims, out, |v| (Some(f(v)), 0.0));
                    kit.gives_one(fields![axis = axes, keepdims = keepdims], &[(&x).into()], want);
                }
            }
        }
    }
    wrong_axes(kit);
}

fn nonzero(kit: &mut Kit) {
    for dtype in DTYPES {
        for x in
            [moderate(dtype, &[30], 104), moderate(dtype, &[4, 5], 105), moderate(dtype, &[0, 2], 1), telling(dtype, 1)]
        {
            let found: Vec<Vec<usize>> = indices(&x.dims).filter(|i| x.at(i).to_bool()).collect();
            let want: Vec<Want> = (0..x.dims.len())
                .map(|a| Reference::ints(&[found.len()], &found.iter().map(|i| i[a] as i64).collect::<Vec<_>>()).into())
                .collect();
            kit.gives(&[], &[x.into()], &want);
        }
    }
    kit.refuses(&[], &[moderate(DType::Int64, &[], 1).into()], ErrorKind::Shape);
}

fn searchsorted(kit: &mut Kit) {
    for dtype in real_types() {
        let x = moderate(dtype, &[12], 106);
        let mut order: Vec<usize> = (0..12).collect();
        order.sort_by(|&a, &b| compare(x.data[a], x.data[b]));
        let sorted = Reference::new(dtype, &[12], order.iter().map(|&i| x.data[i]).collect());
        let sorter = Reference::ints(&[12], &order.iter().map(|&i| i as i64).collect::<Vec<_>>());
        for values in
            [moderate(dtype, &[2, 7], 107), sorted.clone(), moderate(dtype, &[], 108), moderate(dtype, &[0], 1)]
        {
            for (side, passes) in [("left", Ordering::Less), ("right", Ordering::Equal)] {
                let place = |v: Scalar| sorted.data.iter().filter(|&&s| compare(s, v) <= passes).count();
                let want = Reference::build(DType::Int64, &values.dims, |i| Scalar::int(place(values.at(i)) as i128));
                let side = fields![side = side.to_string()];
                kit.gives_one(side, &[(&sorted).into(), (&values).into(), Given::Absent], want.clone());
                kit.gives_one(side, &[(&x).into(), (&values).into(), (&sorter).into()], want);
            }
        }
    }
    let x = moderate(DType::Float64, &[2, 2], 1);
    kit.refuses(&[], &[(&x).into(), (&x).into(), Given::Absent], ErrorKind::Shape);
    let row = moderate(DType::Float64, &[2], 1);
    kit.refuses(fields![side = "middle".to_string()], &[(&row).into(), row.into(), Given::Absent], ErrorKind::Value);
}

fn ordered(kit: &mut Kit, positions: bool) {
    unordered(kit);
    for dtype in real_types() {
        let many = moderate(dtype, &[300], 109);
        for x in
            SHAPES.iter().filter(|s| !s.is_empty()).map(|s| moderate(dtype, s, 110)).chain([telling(dtype, 111), many])
        {
            let n = x.dims.len();
            for axis in (0..n).map(|a| a as isize).chain([-1]) {
                let a = axis.rem_euclid(n as isize) as usize;
                for descending in [false, true] {
                    // Where not-a-number goes in descending order is left open.
                    if descending && x.data.iter().any(|s| s.to_f64().is_nan()) {
                        continue;
                    }
                    let from = |i: &[usize]| -> usize {
                        let lane = |k: usize| {
                            let mut at = i.to_vec();
                            at[a] = k;
                            x.at(&at)
                        };
                        let mut order: Vec<usize> = (0..x.dims[a]).collect();
                        order.sort_by(|&p, &q| {
                            let c = compare(lane(p), lane(q));
                            if descending { c.reverse() } else { c }
                        });
                        order[i[a]]
                    };
                    let (out, close) =
                        if positions { (DType::Int64, Close::Exact) } else { (dtype, Close::AnyZero(0.0)) };
                    let want = Reference::build(out, &x.dims, |i| {
                        let k = from(i);
                        let mut at = i.to_vec();
                        at[a] = k;
                        if positions { Scalar::int(k as i128) } else { x.at(&at) }
                    });
                    let fields = fields![axis = axis, descending = descending];
                    kit.gives_one(fields, &[(&x).into()], Want::from(want).close(close));
                }
            }
        }
    }
    kit.refuses(fields![axis = 1isize], &[moderate(DType::Float64, &[2], 1).into()], ErrorKind::Axis);
}

/// Of values, first positions, inverse positions and counts, those results that the row gives.
fn unique(kit: &mut Kit, results: &'static [usize]) {
    for dtype in DTYPES.into_iter().filter(|d| !d.is_complex()) {
        let mut all = vec![
            moderate(dtype, &[20], 112),
            moderate(dtype, &[3, 4], 113),
            moderate(dtype, &[0], 1),
            moderate(dtype, &[], 114),
        ];
        if dtype.is_floating() {
            all.push(telling(dtype, 115));
            let twice = all[0].data.iter().chain(&all[0].data).copied().collect();
            all.push(Reference::new(dtype, &[40], twice));
        }
        for x in all {
            let mut order: Vec<usize> = (0..x.data.len()).collect();
            order.sort_by(|&a, &b| compare(x.data[a], x.data[b]));
            let mut groups: Vec<Vec<usize>> = vec![];
            for i in order {
                let same = |g: &Vec<usize>| !x.data[i].to_f64().is_nan() && compare(x.data[g[0]], x.data[i]).is_eq();
                match groups.last_mut() {
                    Some(g) if same(g) => g.push(i),
                    _ => groups.push(vec![i]),
                }
            }
            let n = groups.len();
            let mut inverse = vec![0; x.data.len()];
            groups.iter().enumerate().for_each(|(k, g)| g.iter().for_each(|&i| inverse[i] = k as i64));
            let column = |f: fn(&Vec<usize>) -> usize| groups.iter().map(|g| f(g) as i64).collect::<Vec<_>>();
            let values = Reference::new(dtype, &[n], groups.iter().map(|g| x.data[g[0]]).collect());
            let every: [Want; 4] = [
                Want::from(values).close(Close::AnyZero(0.0)),
                Reference::ints(&[n], &column(|g| g[0])).into(),
                Reference::ints(&x.dims, &inverse).into(),
                Reference::ints(&[n], &column(Vec::len)).into(),
            ];
            let want: Vec<Want> = results.iter().map(|&r| every[r].clone()).collect();
            kit.gives(&[], &[x.into()], &want);
        }
    }
    // Complex numbers have no order: only the values as a set are fixed.
    for dtype in [DType::Complex64, DType::Complex128] {
        let mut x = moderate(dtype, &[6], 116);
        x.data.extend_from_within(2..5);
        x.dims = vec![9];
        kit.satisfies(&[], &[(&x).into()], |got| {
            let values = &got[0].data;
            let each = x.data.iter().all(|v| values.iter().filter(|w| *w == v).count() == 1);
            if values.len() == 6 && each { Ok(()) } else { Err(format!("{values:?} are not the unique values")) }
        });
    }
}

fn isin(kit: &mut Kit) {
    for dtype in DTYPES {
        let (x, among) = (telling(dtype, 117), moderate(dtype, &[2, 3], 118));
        let pairs = [
            (moderate(dtype, &[4, 5], 119), among.clone()),
            (x.clone(), x.clone()),
            (x, among),
            (moderate(dtype, &[3], 1), moderate(dtype, &[0], 1)),
            (moderate(dtype, &[0], 1), moderate(dtype, &[2], 1)),
        ];
        for (x, among) in pairs {
            for invert in [false, true] {
                let want = Reference::build(DType::Bool, &x.dims, |i| {
                    let v = x.at(i);
                    let same =
                        |w: &Scalar| if dtype.is_floating() { w.to_complex() == v.to_complex() } else { *w == v };
                    Scalar::Bool(among.data.iter().any(same) != invert)
                });
                kit.gives_one(fields![invert = invert], &[(&x).into(), (&among).into()], want);
            }
        }
    }
}
