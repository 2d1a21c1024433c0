//! Rows that move elements: every element of a result is one of the arguments', by index.

use array_api::{Axes, DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::Want;
use crate::inputs::moderate;
use crate::kit::{Given, Kit, fields};
use crate::reference::{Reference, broadcast};
use crate::statistical::{axes_of, wrong_axes};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("broadcast_to", broadcast_to),
    ("broadcast_arrays", broadcast_arrays),
    ("concat", concat),
    ("expand_dims", expand_dims),
    ("flip", flip),
    ("moveaxis", moveaxis),
    ("permute_dims", permute_dims),
    ("repeat", repeat),
    ("reshape", reshape),
    ("roll", roll),
    ("squeeze", squeeze),
    ("stack", stack),
    ("tile", tile),
    ("unstack", unstack),
    ("meshgrid", meshgrid),
    ("tril", |kit| triangle(kit, |row, column, k| column <= row + k)),
    ("triu", |kit| triangle(kit, |row, column, k| column >= row + k)),
    ("matrix_transpose", matrix_transpose),
];

fn array(dims: &[usize], seed: u64) -> Reference {
    moderate(DType::Float64, dims, seed)
}

/// Runs a check on an array of every type: movement does not know types.
fn every_type(dims: &[usize], seed: u64, mut f: impl FnMut(Reference)) {
    DTYPES.into_iter().for_each(|d| f(moderate(d, dims, seed)));
}

fn broadcast_to(kit: &mut Kit) {
    for (from, to) in [(&[3, 1][..], &[2, 3, 4][..]), (&[], &[2, 2]), (&[1], &[0]), (&[4], &[4]), (&[0], &[3, 0])] {
        every_type(from, 71, |x| {
            let want = Reference::build(x.dtype, to, |i| x.broadcast_at(i));
            kit.gives_one(fields![shape = to.to_vec()], &[x.into()], want);
        });
    }
    for (from, to) in [(&[3][..], &[4usize][..]), (&[2, 3], &[3]), (&[3], &[1])] {
        kit.refuses(fields![shape = to.to_vec()], &[array(from, 1).into()], ErrorKind::Shape);
    }
}

fn broadcast_arrays(kit: &mut Kit) {
    let all = [moderate(DType::Int32, &[3, 1], 72), array(&[4], 73), moderate(DType::Bool, &[], 74)];
    let dims = broadcast(&[&[3, 1], &[4], &[]]);
    let want: Vec<Want> = all.iter().map(|x| Reference::build(x.dtype, &dims, |i| x.broadcast_at(i)).into()).collect();
    kit.gives(&[], &all.each_ref().map(Given::from), &want);
    kit.refuses(&[], &[array(&[3], 1).into(), array(&[4], 1).into()], ErrorKind::Shape);
}

fn concat(kit: &mut Kit) {
    for (a, b, axis) in [(&[3][..], &[2][..], 0isize), (&[2, 3], &[2, 1], 1), (&[2, 3], &[4, 3], -2), (&[0], &[2], 0)] {
        every_type(a, 75, |x| {
            let y = moderate(x.dtype, b, 76);
            let at = axis.rem_euclid(a.len() as isize) as usize;
            let mut dims = a.to_vec();
            dims[at] += b[at];
            let want = Reference::build(x.dtype, &dims, |i| {
                let mut i = i.to_vec();
                if i[at] < a[at] {
                    return x.at(&i);
                }
                i[at] -= a[at];
                y.at(&i)
            });
            kit.gives_one(fields![axis = axis], &[x.into(), y.into()], want);
        });
    }
    let (x, y) = (moderate(DType::Int8, &[2], 1), moderate(DType::UInt8, &[1], 2));
    let data = x.data.iter().chain(&y.data).copied().collect();
    kit.gives_one(&[], &[(&x).into(), y.into()], Reference::new(DType::Int16, &[3], data));
    kit.refuses(&[], &[(&x).into(), array(&[2], 1).into()], ErrorKind::DType);
    kit.refuses(&[], &[array(&[2, 3], 1).into(), array(&[2, 2], 1).into()], ErrorKind::Shape);
    kit.refuses(fields![axis = 1isize], &[x.into()], ErrorKind::Axis);
    kit.refuses(&[], &[], ErrorKind::Value);
}

fn expand_dims(kit: &mut Kit) {
    for (axis, dims) in [(0isize, [1, 2, 3]), (1, [2, 1, 3]), (2, [2, 3, 1]), (-1, [2, 3, 1]), (-3, [1, 2, 3])] {
        every_type(&[2, 3], 77, |x| kit.gives_one(fields![axis = axis], &[(&x).into()], x.reshaped(&dims)));
    }
    let x = array(&[2, 3], 1);
    kit.refuses(fields![axis = 3isize], &[(&x).into()], ErrorKind::Axis);
    kit.refuses(fields![axis = -4isize], &[x.into()], ErrorKind::Axis);
}

fn flip(kit: &mut Kit) {
    for shape in [&[5][..], &[2, 3], &[2, 3, 4], &[], &[0, 2]] {
        for (axes, list) in axes_of(shape.len()) {
            every_type(shape, 78, |x| {
                let want = Reference::build(x.dtype, shape, |i| {
                    let turned = |a: usize| if list.contains(&a) { shape[a] - 1 - i[a] } else { i[a] };
                    x.at(&(0..i.len()).map(turned).collect::<Vec<_>>())
                });
                kit.gives_one(fields![axis = axes], &[x.into()], want);
            });
        }
    }
    wrong_axes(kit);
}

fn moveaxis(kit: &mut Kit) {
    let cases: [(&[isize], &[isize], [usize; 3]); 4] = [
        (&[0], &[-1], [1, 2, 0]),
        (&[2], &[0], [2, 0, 1]),
        (&[0, 1], &[1, 0], [1, 0, 2]),
        (&[-1, 0], &[0, 2], [2, 1, 0]),
    ];
    for (source, destination, order) in cases {
        let x = array(&[2, 3, 4], 79);
        let fields = fields![source = source.to_vec(), destination = destination.to_vec()];
        kit.gives_one(fields, &[(&x).into()], x.permuted(&order));
    }
    let x = array(&[2, 3], 1);
    kit.refuses(fields![source = vec![0isize], destination = vec![2isize]], &[(&x).into()], ErrorKind::Axis);
    kit.refuses(fields![source = vec![0isize, 0], destination = vec![0isize, 1]], &[x.into()], ErrorKind::Axis);
}

fn permute_dims(kit: &mut Kit) {
    for (dims, axes) in [(&[2, 3, 4][..], &[2isize, 0, 1][..]), (&[3, 5], &[1, 0]), (&[4], &[0]), (&[2, 0], &[1, -2])] {
        every_type(dims, 80, |x| {
            let order: Vec<usize> = axes.iter().map(|a| a.rem_euclid(dims.len() as isize) as usize).collect();
            kit.gives_one(fields![axes = axes.to_vec()], &[(&x).into()], x.permuted(&order));
        });
    }
    for axes in [vec![0isize], vec![0, 0], vec![0, 2]] {
        kit.refuses(fields![axes = axes], &[array(&[2, 3], 1).into()], ErrorKind::Axis);
    }
}

fn repeat(kit: &mut Kit) {
    for axis in [None, Some(0isize), Some(1), Some(-1)] {
        every_type(&[2, 3], 81, |x| {
            let at = axis.map(|a| a.rem_euclid(2) as usize);
            let (base, at) = match at {
                Some(at) => (x.clone(), at),
                None => (x.reshaped(&[6]), 0),
            };
            let counts: Vec<usize> = (0..base.dims[at]).map(|i| (i + 1) % 3).collect();
            for (given, counts) in [
                (Given::Scalar(Scalar::int(2)), vec![2; base.dims[at]]),
                (Given::Scalar(Scalar::int(0)), vec![0; base.dims[at]]),
                (
                    Reference::ints(&[counts.len()], &counts.iter().map(|&c| c as i64).collect::<Vec<_>>()).into(),
                    counts,
                ),
            ] {
                let from: Vec<usize> =
                    counts.iter().enumerate().flat_map(|(i, &c)| std::iter::repeat_n(i, c)).collect();
                let mut dims = base.dims.clone();
                dims[at] = from.len();
                let want = Reference::build(x.dtype, &dims, |i| {
                    let mut i = i.to_vec();
                    i[at] = from[i[at]];
                    base.at(&i)
                });
                kit.gives_one(fields![axis = axis], &[(&x).into(), given], want);
            }
        });
    }
    kit.refuses(&[], &[array(&[2], 1).into(), Scalar::int(-1).into()], ErrorKind::Value);
    kit.refuses(&[], &[array(&[2], 1).into(), Reference::ints(&[3], &[1, 1, 1]).into()], ErrorKind::Shape);
    kit.refuses(&[], &[array(&[2], 1).into(), array(&[2], 1).into()], ErrorKind::DType);
    kit.refuses(&[], &[array(&[2], 1).into(), Reference::ints(&[2], &[1, -1]).into()], ErrorKind::Value);
}

fn reshape(kit: &mut Kit) {
    let cases: [(&[usize], &[isize], &[usize]); 7] = [
        (&[2, 3], &[3, 2], &[3, 2]),
        (&[2, 3], &[-1], &[6]),
        (&[2, 3], &[2, -1, 1], &[2, 3, 1]),
        (&[], &[1, 1], &[1, 1]),
        (&[1], &[], &[]),
        (&[0, 3], &[3, 0], &[3, 0]),
        (&[0, 3], &[-1], &[0]),
    ];
    for (from, shape, to) in cases {
        every_type(from, 82, |x| kit.gives_one(fields![shape = shape.to_vec()], &[(&x).into()], x.reshaped(to)));
    }
    for shape in [vec![4isize], vec![-1, -1], vec![-2, 3], vec![4, -1]] {
        kit.refuses(fields![shape = shape], &[array(&[2, 3], 1).into()], ErrorKind::Shape);
    }
}

fn roll(kit: &mut Kit) {
    let x = array(&[3, 4], 83);
    for shift in [0isize, 1, -1, 5, -13, 100] {
        let want =
            Reference::build(x.dtype, &[3, 4], |i| x.data[(x.offset(i) as isize - shift).rem_euclid(12) as usize]);
        kit.gives_one(fields![shift = vec![shift]], &[(&x).into()], want);
        for axis in [0isize, 1, -1] {
            let at = axis.rem_euclid(2) as usize;
            let want = Reference::build(x.dtype, &[3, 4], |i| {
                let mut i = i.to_vec();
                i[at] = (i[at] as isize - shift).rem_euclid(x.dims[at] as isize) as usize;
                x.at(&i)
            });
            kit.gives_one(fields![shift = vec![shift], axis = Some(vec![axis])], &[(&x).into()], want);
        }
    }
    let both = Reference::build(x.dtype, &[3, 4], |i| x.at(&[(i[0] + 2) % 3, (i[1] + 2) % 4]));
    kit.gives_one(fields![shift = vec![1isize, 2], axis = Some(vec![0isize, 1])], &[(&x).into()], both);
    let empty = array(&[0, 2], 0);
    kit.gives_one(fields![shift = vec![3isize]], &[(&empty).into()], empty.clone());
    kit.refuses(fields![shift = vec![1isize], axis = Some(vec![2isize])], &[(&x).into()], ErrorKind::Axis);
    kit.refuses(fields![shift = vec![1isize, 2]], &[x.into()], ErrorKind::Value);
}

fn squeeze(kit: &mut Kit) {
    let all: [(Axes, &[usize]); 4] =
        [(Axes::One(0), &[2, 1, 3]), (Axes::One(-2), &[1, 2, 3]), (Axes::from([0, 2]), &[2, 3]), (Axes::All, &[2, 3])];
    for (axes, dims) in all {
        every_type(&[1, 2, 1, 3], 84, |x| kit.gives_one(fields![axis = axes], &[(&x).into()], x.reshaped(dims)));
    }
    kit.refuses(fields![axis = Axes::One(1)], &[array(&[1, 2], 1).into()], ErrorKind::Shape);
    kit.refuses(fields![axis = Axes::One(2)], &[array(&[1, 2], 1).into()], ErrorKind::Axis);
}

fn stack(kit: &mut Kit) {
    for axis in [0isize, 1, 2, -1, -3] {
        every_type(&[2, 3], 85, |x| {
            let y = moderate(x.dtype, &[2, 3], 86);
            let at = axis.rem_euclid(3) as usize;
            let mut dims = vec![2, 3];
            dims.insert(at, 2);
            let want = Reference::build(x.dtype, &dims, |i| {
                let mut i = i.to_vec();
                if i.remove(at) == 0 { x.at(&i) } else { y.at(&i) }
            });
            kit.gives_one(fields![axis = axis], &[x.into(), y.into()], want);
        });
    }
    kit.refuses(&[], &[array(&[2], 1).into(), array(&[1], 1).into()], ErrorKind::Shape);
    kit.refuses(fields![axis = 2isize], &[array(&[2], 1).into()], ErrorKind::Axis);
}

fn tile(kit: &mut Kit) {
    for (from, times) in [(&[2, 3][..], &[2usize, 1][..]), (&[3], &[2, 2]), (&[2, 3], &[2]), (&[], &[3]), (&[2], &[0])]
    {
        every_type(from, 87, |x| {
            let rank = from.len().max(times.len());
            let extent = |i: usize, of: &[usize]| (i + of.len()).checked_sub(rank).map_or(1, |j| of[j]);
            let dims: Vec<usize> = (0..rank).map(|i| extent(i, from) * extent(i, times)).collect();
            let want = Reference::build(x.dtype, &dims, |i| {
                let skip = rank - from.len();
                x.at(&(0..from.len()).map(|a| i[a + skip] % from[a]).collect::<Vec<_>>())
            });
            kit.gives_one(fields![repetitions = times.to_vec()], &[x.into()], want);
        });
    }
}

fn unstack(kit: &mut Kit) {
    for axis in [0isize, 1, -1] {
        every_type(&[2, 3], 88, |x| {
            let at = axis.rem_euclid(2) as usize;
            let rest = x.dims[1 - at];
            let part = |k: usize| {
                Reference::build(x.dtype, &[rest], |i| x.at(&if at == 0 { [k, i[0]] } else { [i[0], k] })).into()
            };
            let want: Vec<Want> = (0..x.dims[at]).map(part).collect();
            kit.gives(fields![axis = axis], &[(&x).into()], &want);
        });
    }
    kit.refuses(&[], &[array(&[], 1).into()], ErrorKind::Axis);
}

fn meshgrid(kit: &mut Kit) {
    let all = [array(&[2], 89), array(&[3], 90), array(&[4], 91)];
    for (indexing, order, dims) in [("ij", [0, 1, 2], [2, 3, 4]), ("xy", [1, 0, 2], [3, 2, 4])] {
        let grid = |(k, x): (usize, &Reference)| Reference::build(x.dtype, &dims, |i| x.at(&[i[order[k]]])).into();
        let want: Vec<Want> = all.iter().enumerate().map(grid).collect();
        kit.gives(fields![indexing = indexing.to_string()], &all.each_ref().map(Given::from), &want);
    }
    kit.refuses(fields![indexing = "yx".to_string()], &[array(&[2], 1).into()], ErrorKind::Value);
    kit.refuses(&[], &[array(&[2, 2], 1).into()], ErrorKind::Shape);
}

fn triangle(kit: &mut Kit, inside: fn(isize, isize, isize) -> bool) {
    for shape in [&[3, 3][..], &[2, 4], &[4, 2], &[2, 3, 3], &[0, 2]] {
        for k in [-5isize, -1, 0, 1, 2, 5] {
            every_type(shape, 92, |x| {
                let zero = crate::reference::rounded(x.dtype, Scalar::int(0)).unwrap_or(Scalar::int(0));
                let n = shape.len();
                let want = Reference::build(x.dtype, shape, |i| {
                    if inside(i[n - 2] as isize, i[n - 1] as isize, k) { x.at(i) } else { zero }
                });
                kit.gives_one(fields![k = k], &[x.into()], want);
            });
        }
    }
    kit.refuses(&[], &[array(&[3], 1).into()], ErrorKind::Shape);
}

fn matrix_transpose(kit: &mut Kit) {
    for (dims, order) in [(&[2, 3][..], &[1, 0][..]), (&[4, 2, 3], &[0, 2, 1]), (&[0, 3], &[1, 0])] {
        every_type(dims, 93, |x| kit.gives_one(&[], &[(&x).into()], x.permuted(order)));
    }
    kit.refuses(&[], &[array(&[3], 1).into()], ErrorKind::Shape);
}
