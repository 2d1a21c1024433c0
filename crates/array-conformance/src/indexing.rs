//! Reading and setting by numbers and slices: a loop over the index of every result.

use array_api::{DTYPES, DType, ErrorKind, Index, Indices, Scalar};

use crate::Check;
use crate::inputs::moderate;
use crate::kit::{Given, Kit, fields};
use crate::reference::{Reference, indices};

pub(crate) const ROWS: &[(&str, Check)] = &[("at", at), ("set_at", set_at)];

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
