//! Reading and setting by arrays of positions together, and by masks: a loop over the index of every result.

use array_api::{Complex, DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::along_axis::{place, positions, replaced};
use crate::inputs::moderate;
use crate::kit::{Given, Kit};
use crate::reference::{Reference, broadcast, indices};

pub(crate) const ROWS: &[(&str, Check)] =
    &[("at_arrays", at_arrays), ("set_at_arrays", set_at_arrays), ("at_mask", at_mask), ("set_at_mask", set_at_mask)];

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
