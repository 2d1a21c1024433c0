//! Reading and setting by position: a loop over the index of every result.

use array_api::{Complex, DTYPES, DType, ErrorKind, Index, Indices, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::kit::{Given, Kit, fields};
use crate::reference::{Reference, broadcast, indices, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("at", at),
    ("set_at", set_at),
    ("take", take),
    ("take_along_axis", take_along_axis),
    ("index_add", index_add),
    ("scatter_add", scatter_add),
    ("put", put),
    ("at_arrays", at_arrays),
    ("set_at_arrays", set_at_arrays),
    ("at_mask", at_mask),
    ("set_at_mask", set_at_mask),
];

fn slice(start: Option<isize>, stop: Option<isize>, step: isize) -> Index {
    Index::Slice { start, stop, step }
}

/// Positions that a slice of Python selects, one step at a time.
fn selected(start: Option<isize>, stop: Option<isize>, step: isize, n: usize) -> Vec<usize> {
    let n = n as isize;
    let bound = |b: isize, low: isize, high: isize| (if b < 0 { b + n } else { b }).clamp(low, high);
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let mut place = start.map_or(if step > 0 { low } else { high }, |b| bound(b, low, high));
    let end = stop.map_or(if step > 0 { high } else { low }, |b| bound(b, low, high));
    let mut all = vec![];
    while if step > 0 { place < end } else { place > end } {
        all.push(place as usize);
        place += step;
    }
    all
}

/// The extents of `x[index]`, and for every result the index in `x`.
fn basic(dims: &[usize], index: &[Index]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let used = index.iter().filter(|i| matches!(i, Index::At(_) | Index::Slice { .. })).count();
    let mut entries = vec![];
    for entry in index {
        match entry {
            Index::Ellipsis => entries.extend(vec![Index::full(); dims.len() - used]),
            other => entries.push(other.clone()),
        }
    }
    let named = entries.iter().filter(|e| !matches!(e, Index::NewAxis)).count();
    entries.extend(vec![Index::full(); dims.len() - named]);
    let mut shape = vec![];
    let mut lists: Vec<(Vec<usize>, Option<usize>)> = vec![];
    for entry in entries {
        let n = dims.get(lists.len()).copied().unwrap_or(0);
        match entry {
            Index::NewAxis => shape.push(1),
            Index::At(i) => lists.push((vec![i.rem_euclid(n.max(1) as isize) as usize], None)),
            Index::Slice { start, stop, step } => {
                let chosen = selected(start, stop, step, n);
                shape.push(chosen.len());
                lists.push((chosen, Some(shape.len() - 1)));
            }
            Index::Ellipsis => {}
        }
    }
    let places = indices(&shape)
        .map(|i| lists.iter().map(|(list, axis)| axis.map_or(list[0], |a| list[i[a]])).collect())
        .collect();
    (shape, places)
}

fn cases() -> Vec<(Vec<usize>, Vec<Index>)> {
    let full = Index::full;
    vec![
        (vec![5], vec![Index::At(-2)]),
        (vec![5], vec![slice(Some(1), Some(4), 2)]),
        (vec![5], vec![slice(None, None, -1)]),
        (vec![7], vec![slice(Some(-1), Some(-6), -2)]),
        (vec![5], vec![slice(Some(3), Some(1), 1)]),
        (vec![5], vec![slice(Some(-100), Some(100), 3)]),
        (vec![5], vec![slice(Some(100), Some(-100), -2)]),
        (vec![3, 4], vec![Index::At(1)]),
        (vec![3, 4], vec![full(), Index::At(2)]),
        (vec![3, 4], vec![Index::At(0), Index::At(-1)]),
        (vec![3, 4], vec![Index::NewAxis, slice(Some(1), None, 1), Index::NewAxis, Index::At(0)]),
        (vec![2, 3, 4], vec![Index::Ellipsis, slice(None, None, 2)]),
        (vec![2, 3, 4], vec![Index::At(1), Index::Ellipsis, Index::At(-4)]),
        (vec![2, 3, 4], vec![slice(None, None, -1), full(), slice(Some(3), Some(0), -1)]),
        (vec![], vec![Index::Ellipsis]),
        (vec![], vec![Index::NewAxis]),
        (vec![0, 3], vec![full(), Index::At(1)]),
        (vec![4], vec![]),
    ]
}

const OUTSIDE: [Index; 2] = [Index::At(3), Index::At(-4)];

fn at(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, index) in cases() {
            let x = moderate(dtype, &dims, 131);
            let (shape, places) = basic(&dims, &index);
            let want = Reference::new(dtype, &shape, places.iter().map(|p| x.at(p)).collect());
            kit.gives_one(fields![index = Indices(index)], &[x.into()], want);
        }
    }
    let x = moderate(DType::Float64, &[3], 1);
    for index in OUTSIDE.into_iter().chain([slice(None, None, 0)]) {
        kit.refuses(fields![index = Indices(vec![index])], &[(&x).into()], ErrorKind::Index);
    }
    let many = Indices(vec![Index::At(0), Index::At(0)]);
    kit.refuses(fields![index = many], &[(&x).into()], ErrorKind::Index);
    kit.refuses(fields![index = Indices(vec![Index::Ellipsis, Index::Ellipsis])], &[x.into()], ErrorKind::Index);
}

fn set_at(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, index) in cases() {
            let (x, (shape, places)) = (moderate(dtype, &dims, 132), basic(&dims, &index));
            let whole = moderate(dtype, &shape, 133);
            let last: Vec<usize> = shape.last().map(|&n| vec![n]).unwrap_or_default();
            for value in [whole, moderate(dtype, &last, 134), moderate(dtype, &[], 135)] {
                let mut want = x.clone();
                for (i, place) in indices(&shape).zip(&places) {
                    let at = want.offset(place);
                    want.data[at] = value.broadcast_at(&i);
                }
                let given = [(&x).into(), (&value).into()];
                kit.gives_one(fields![index = Indices(index.clone())], &given, want.clone());
                if value.dims.is_empty() {
                    let given = [(&x).into(), value.data[0].into()];
                    kit.gives_one(fields![index = Indices(index.clone())], &given, want);
                }
            }
        }
    }
    let x = moderate(DType::Float32, &[3], 1);
    let (long, double) = (moderate(DType::Float32, &[2], 1), moderate(DType::Float64, &[3], 1));
    kit.refuses(fields![index = Indices(vec![Index::full()])], &[(&x).into(), long.into()], ErrorKind::Shape);
    kit.refuses(fields![index = Indices(vec![Index::full()])], &[(&x).into(), double.into()], ErrorKind::DType);
    let value = Given::Scalar(Scalar::Float(1.0));
    kit.refuses(fields![index = Indices(vec![Index::At(3)])], &[x.into(), value], ErrorKind::Index);
}

/// Positions of an axis of `n` elements, from both ends and some twice.
fn positions(dims: &[usize], n: usize, seed: u64) -> Reference {
    let n = n as i128;
    let data = moderate(DType::Int64, dims, seed)
        .data
        .iter()
        .map(|s| Scalar::int(s.to_i128().rem_euclid(2 * n) - n))
        .collect();
    Reference::new(DType::Int64, dims, data)
}

fn place(s: Scalar, n: usize) -> usize {
    s.to_i128().rem_euclid(n as i128) as usize
}

/// For every element of `take(x, at, axis)` its index there, and the one in `x`.
fn taken(x: &Reference, at: &Reference, axis: usize) -> (Vec<usize>, Vec<Vec<usize>>) {
    let (before, after) = (&x.dims[..axis], &x.dims[axis + 1..]);
    let shape = [before, &at.dims, after].concat();
    let places = indices(&shape)
        .map(|i| {
            let (head, tail) = i.split_at(axis);
            let (middle, tail) = tail.split_at(at.dims.len());
            [head, &[place(at.at(middle), x.dims[axis])], tail].concat()
        })
        .collect();
    (shape, places)
}

const TAKES: [(&[usize], &[usize], usize); 6] = [
    (&[5], &[7], 0),
    (&[3, 4], &[2], 1),
    (&[3, 4], &[2, 3], 0),
    (&[2, 3, 4], &[5], 1),
    (&[3, 4], &[], 0),
    (&[3], &[0], 0),
];

fn take(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, shape, axis) in TAKES {
            let (x, at) = (moderate(dtype, dims, 136), positions(shape, dims[axis], 137));
            let (shape, places) = taken(&x, &at, axis);
            let want = Reference::new(dtype, &shape, places.iter().map(|p| x.at(p)).collect());
            for axis in [axis as isize, axis as isize - dims.len() as isize] {
                kit.gives_one(fields![axis = axis], &[(&x).into(), (&at).into()], want.clone());
            }
        }
    }
    let x = moderate(DType::Float64, &[3], 1);
    for bad in [3, -4] {
        kit.refuses(&[], &[(&x).into(), Reference::ints(&[1], &[bad]).into()], ErrorKind::Index);
    }
    kit.refuses(&[], &[(&x).into(), (&x).into()], ErrorKind::DType);
    kit.refuses(fields![axis = 1isize], &[x.into(), Reference::ints(&[1], &[0]).into()], ErrorKind::Axis);
}

/// For every element of `take_along_axis(x, at, axis)` the index in `x`.
fn along(x: &Reference, at: &Reference, axis: usize) -> (Vec<usize>, Vec<Vec<usize>>) {
    let one =
        |r: &Reference| -> Vec<usize> { (0..r.dims.len()).map(|a| if a == axis { 1 } else { r.dims[a] }).collect() };
    let mut shape = broadcast(&[&one(x), &one(at)]);
    shape[axis] = at.dims[axis];
    let places = indices(&shape)
        .map(|i| {
            let mut p: Vec<usize> = i.iter().zip(&x.dims).map(|(&i, &d)| if d == 1 { 0 } else { i }).collect();
            p[axis] = place(at.broadcast_at(&i), x.dims[axis]);
            p
        })
        .collect();
    (shape, places)
}

fn take_along_axis(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, shape, axis) in [
            (&[3, 4][..], &[3, 2][..], 1),
            (&[3, 4], &[5, 4], 0),
            (&[3, 4], &[3, 0], 1),
            (&[1, 4], &[3, 2], 1),
            (&[3, 4], &[1, 2], 1),
        ] {
            let (x, at) = (moderate(dtype, dims, 138), positions(shape, dims[axis], 139));
            let (shape, places) = along(&x, &at, axis);
            let want = Reference::new(dtype, &shape, places.iter().map(|p| x.at(p)).collect());
            kit.gives_one(fields![axis = axis as isize], &[x.into(), at.into()], want);
        }
    }
    let x = moderate(DType::Float64, &[2, 3], 1);
    kit.refuses(&[], &[(&x).into(), Reference::ints(&[1], &[0]).into()], ErrorKind::Shape);
    kit.refuses(&[], &[(&x).into(), Reference::ints(&[2, 1], &[0, 3]).into()], ErrorKind::Index);
    kit.refuses(&[], &[(&x).into(), (&x).into()], ErrorKind::DType);
}

/// `x` with `values` added at the places.
fn added(x: &Reference, places: &[Vec<usize>], values: &Reference) -> Want {
    let mut data: Vec<Option<Scalar>> = x.data.iter().copied().map(Some).collect();
    let mut sizes: Vec<f64> = x.data.iter().map(|s| s.to_complex().norm()).collect();
    for (p, &v) in places.iter().zip(&values.data) {
        let at = x.offset(p);
        sizes[at] += v.to_complex().norm();
        data[at] = data[at].map(|old| match (old, v) {
            (Scalar::Int(a), b) => Scalar::int(i128::from(a) + b.to_i128()),
            (Scalar::Complex(a), b) => Scalar::Complex(a + b.to_complex()),
            (a, b) => Scalar::Float(a.to_f64() + b.to_f64()),
        });
    }
    let n = places.len() as f64 + 1.0;
    let close = Close::Within(sizes.iter().map(|s| n * epsilon(x.dtype) * s).collect());
    let data = data.into_iter().map(|v| v.and_then(|v| rounded(x.dtype, v))).collect();
    Want { dims: x.dims.clone(), dtype: x.dtype, data, close }
}

fn index_add(kit: &mut Kit) {
    for dtype in DTYPES.into_iter().filter(|d| d.is_numeric()) {
        for (dims, shape, axis) in TAKES {
            let (x, at) = (moderate(dtype, dims, 140), positions(shape, dims[axis], 141));
            let (shape, places) = taken(&x, &at, axis);
            let values = moderate(dtype, &shape, 142);
            let want = added(&x, &places, &values);
            kit.gives_one(fields![axis = axis as isize], &[x.into(), at.into(), values.into()], want);
        }
    }
    let (x, at) = (moderate(DType::Float64, &[3], 1), Reference::ints(&[2], &[0, 1]));
    kit.refuses(&[], &[(&x).into(), (&at).into(), (&x).into()], ErrorKind::Shape);
    kit.refuses(&[], &[x.into(), at.clone().into(), at.into()], ErrorKind::DType);
}

fn scatter_add(kit: &mut Kit) {
    for dtype in DTYPES.into_iter().filter(|d| d.is_numeric()) {
        for (dims, shape, axis) in [(&[3, 4][..], &[3, 6][..], 1), (&[3, 4], &[5, 4], 0), (&[3, 4], &[3, 0], 1)] {
            let (x, at) = (moderate(dtype, dims, 143), positions(shape, dims[axis], 144));
            let (shape, places) = along(&x, &at, axis);
            let values = moderate(dtype, &shape, 145);
            let want = added(&x, &places, &values);
            kit.gives_one(fields![axis = axis as isize], &[x.into(), at.into(), values.into()], want);
        }
    }
    let (x, at) = (moderate(DType::Float64, &[1, 2], 1), Reference::ints(&[3, 1], &[0, 0, 1]));
    kit.refuses(&[], &[x.into(), at.into(), moderate(DType::Float64, &[3, 1], 1).into()], ErrorKind::Shape);
}

/// `x` with `values` at the places, later ones over earlier ones.
fn replaced(x: &Reference, places: &[Vec<usize>], values: impl Iterator<Item = Scalar>) -> Reference {
    let mut out = x.clone();
    for (p, v) in places.iter().zip(values) {
        let at = out.offset(p);
        out.data[at] = v;
    }
    out
}

fn put(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, shape, axis) in TAKES {
            let (x, at) = (moderate(dtype, dims, 146), positions(shape, dims[axis], 147));
            let (shape, places) = taken(&x, &at, axis);
            let values = moderate(dtype, &shape, 148);
            let want = replaced(&x, &places, values.data.iter().copied());
            kit.gives_one(fields![axis = axis as isize], &[x.into(), at.into(), values.into()], want);
        }
    }
    let (x, at) = (moderate(DType::Float64, &[3], 1), Reference::ints(&[2], &[0, 3]));
    let values = moderate(DType::Float64, &[2], 1);
    kit.refuses(&[], &[(&x).into(), at.into(), values.into()], ErrorKind::Index);
}

/// For every element of `x[a, b, ...]` the index in `x`.
fn by_arrays(x: &Reference, at: &[Reference]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let together = broadcast(&at.iter().map(|a| &a.dims[..]).collect::<Vec<_>>());
    let rest = &x.dims[at.len()..];
    let shape = [&together[..], rest].concat();
    let places = indices(&shape)
        .map(|i| {
            let (front, tail) = i.split_at(together.len());
            let chosen = at.iter().zip(&x.dims).map(|(a, &n)| place(a.broadcast_at(front), n));
            chosen.chain(tail.iter().copied()).collect()
        })
        .collect();
    (shape, places)
}

const ARRAYS: [(&[usize], &[&[usize]]); 5] = [
    (&[5], &[&[3]]),
    (&[3, 4], &[&[2, 2]]),
    (&[3, 4], &[&[3, 1], &[2]]),
    (&[2, 3, 4], &[&[5], &[5]]),
    (&[3, 4], &[&[], &[0]]),
];

fn at_arrays(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, shapes) in ARRAYS {
            let x = moderate(dtype, dims, 149);
            let at: Vec<Reference> = shapes.iter().zip(dims).map(|(s, &n)| positions(s, n, 150 + n as u64)).collect();
            let (shape, places) = by_arrays(&x, &at);
            let want = Reference::new(dtype, &shape, places.iter().map(|p| x.at(p)).collect());
            let given: Vec<Given> = std::iter::once(&x).chain(&at).map(Given::from).collect();
            kit.gives_one(&[], &given, want);
        }
    }
    let x = moderate(DType::Float64, &[3], 1);
    kit.refuses(&[], &[(&x).into(), Reference::ints(&[1], &[3]).into()], ErrorKind::Index);
    let zero = Reference::ints(&[1], &[0]);
    kit.refuses(&[], &[(&x).into(), (&zero).into(), (&zero).into()], ErrorKind::Index);
    kit.refuses(&[], &[(&x).into(), (&x).into()], ErrorKind::DType);
}

fn set_at_arrays(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, shapes) in ARRAYS {
            let x = moderate(dtype, dims, 151);
            let at: Vec<Reference> = shapes.iter().zip(dims).map(|(s, &n)| positions(s, n, 152 + n as u64)).collect();
            let (shape, places) = by_arrays(&x, &at);
            for value in [moderate(dtype, &shape, 153), moderate(dtype, &[], 154)] {
                let want = replaced(&x, &places, indices(&shape).map(|i| value.broadcast_at(&i)));
                let given: Vec<Given> = [&x, &value].into_iter().chain(&at).map(Given::from).collect();
                kit.gives_one(&[], &given, want);
            }
        }
    }
    let x = moderate(DType::Float64, &[3], 1);
    let value = moderate(DType::Float64, &[2], 1);
    kit.refuses(&[], &[(&x).into(), (&value).into(), Reference::ints(&[3], &[0, 1, 2]).into()], ErrorKind::Shape);
    kit.refuses(&[], &[x.into(), value.into(), Reference::ints(&[2], &[0, 3]).into()], ErrorKind::Index);
}

const MASKS: [(&[usize], usize); 5] = [(&[9], 1), (&[3, 4], 2), (&[3, 4], 1), (&[2, 3, 4], 2), (&[0, 2], 1)];

/// For every element of `x[mask]` the index in `x`.
fn by_mask(x: &Reference, mask: &Reference) -> (Vec<usize>, Vec<Vec<usize>>) {
    let rest = &x.dims[mask.dims.len()..];
    let front: Vec<Vec<usize>> = indices(&mask.dims).filter(|i| mask.at(i).to_bool()).collect();
    let shape = [&[front.len()], rest].concat();
    let places = front.iter().flat_map(|f| indices(rest).map(move |r| [&f[..], &r].concat())).collect();
    (shape, places)
}

fn at_mask(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, over) in MASKS {
            let x = moderate(dtype, dims, 155);
            let none = Reference::build(DType::Bool, &dims[..over], |_| Scalar::Bool(false));
            for mask in [moderate(DType::Bool, &dims[..over], 156), none] {
                let (shape, places) = by_mask(&x, &mask);
                let want = Reference::new(dtype, &shape, places.iter().map(|p| x.at(p)).collect());
                kit.gives_one(&[], &[(&x).into(), mask.into()], want);
            }
        }
    }
    let x = moderate(DType::Float64, &[3], 1);
    kit.refuses(&[], &[(&x).into(), moderate(DType::Bool, &[2], 1).into()], ErrorKind::Index);
    kit.refuses(&[], &[(&x).into(), (&x).into()], ErrorKind::DType);
}

fn set_at_mask(kit: &mut Kit) {
    for dtype in DTYPES {
        for (dims, over) in MASKS {
            let (x, mask) = (moderate(dtype, dims, 157), moderate(DType::Bool, &dims[..over], 158));
            let (shape, places) = by_mask(&x, &mask);
            for value in [moderate(dtype, &shape, 159), moderate(dtype, &[], 160), moderate(dtype, &shape[1..], 161)] {
                let want = replaced(&x, &places, indices(&shape).map(|i| value.broadcast_at(&i)));
                kit.gives_one(&[], &[(&x).into(), (&mask).into(), (&value).into()], want);
            }
        }
    }
    let x = moderate(DType::Float32, &[3], 1);
    let (mask, double) = (moderate(DType::Bool, &[3], 1), moderate(DType::Float64, &[], 1));
    kit.refuses(&[], &[(&x).into(), mask.into(), double.into()], ErrorKind::DType);
    let zero = Given::Scalar(Scalar::Complex(Complex::new(0.0, 1.0)));
    kit.refuses(&[], &[x.into(), moderate(DType::Bool, &[3], 1).into(), zero], ErrorKind::DType);
}
