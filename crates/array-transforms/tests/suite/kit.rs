//! The conformance kit on the arrays of the transformations: inside of each, rows give what they give outside.

use array_api::{Array, Error, Result, at, ones_like, stack};
use array_transforms::{jvp, vjp, vmap_n};

use crate::namespace;

type Function<'f> = &'f dyn Fn(&[Array]) -> Result<Vec<Array>>;

fn differentiable(x: &Array) -> bool {
    x.dtype().is_floating()
}

/// The arguments, with those that have derivatives replaced by what a transformation made of them.
fn merged(all: &[Array], moving: &[Array]) -> Vec<Array> {
    let mut moving = moving.iter();
    all.iter().map(|x| if differentiable(x) { moving.next().unwrap_or(x) } else { x }.clone()).collect()
}

fn tape(all: &[Array], f: Function<'_>) -> Result<Vec<Array>> {
    let moving: Vec<Array> = all.iter().filter(|x| differentiable(x)).cloned().collect();
    Ok(vjp(|inside: &Vec<Array>| f(&merged(all, inside)), &moving)?.0)
}

fn dual(all: &[Array], f: Function<'_>) -> Result<Vec<Array>> {
    let moving: Vec<Array> = all.iter().filter(|x| differentiable(x)).cloned().collect();
    let tangents = moving.iter().map(|x| ones_like(x, ..)).collect::<Result<Vec<_>>>()?;
    Ok(jvp(|inside: &Vec<Array>| f(&merged(all, inside)), &moving, &tangents)?.0)
}

/// A batch of three equal ones, of which the second is looked at.
fn batch(all: &[Array], f: Function<'_>) -> Result<Vec<Array>> {
    let three = all.iter().map(|x| stack([x, x, x], 0)).collect::<Result<Vec<_>>>()?;
    let out = vmap_n(|inside: &Vec<Array>| f(inside), 3, &three)?;
    out.iter().map(|y| at(y, 1)).collect::<Result<Vec<_>>>().map_err(|e| Error::transform("vmap", e.to_string()))
}

array_conformance::conformance!(mod under_tape, namespace(), through = tape, expected = {
    "unique_all": "has no derivative rule",
    "unique_counts": "has no derivative rule",
    "unique_inverse": "has no derivative rule",
    "unique_values": "has no derivative rule",
});

// Forward mode has to have the derivative that nobody asked reverse mode for.
array_conformance::conformance!(mod under_dual, namespace(), through = dual, expected = {
    "betainc": "has no derivative by its parameters",
    "det": "the derivative at a singular matrix would take a solution of its equations",
    "gammainc": "has no derivative by its parameter",
    "gammaincc": "has no derivative by its parameter",
    "polygamma": "the derivative of order 100 is of order 101, which has no row",
    "qr": "the complete mode, and more columns than rows, have no derivative",
    "slogdet": "the derivative at a singular matrix would take a solution of its equations",
    "svd": "full matrices that are not square have no derivative",
    "unique_all": "has no derivative rule",
    "unique_counts": "has no derivative rule",
    "unique_inverse": "has no derivative rule",
    "unique_values": "has no derivative rule",
});

array_conformance::conformance!(mod under_batch, namespace(), through = batch, expected = {
    "at_mask": "the shape depends on data, and differs between members",
    "isin": "complex numbers are compared by their unique values, whose number differs between members",
    "nonzero": "the shape depends on data, and differs between members",
    "repeat": "the shape depends on the counts, and differs between members",
    "set_at_mask": "how many values fit depends on data, and differs between members",
    "unique_all": "the shape depends on data, and differs between members",
    "unique_counts": "the shape depends on data, and differs between members",
    "unique_inverse": "the shape depends on data, and differs between members",
    "unique_values": "the shape depends on data, and differs between members",
});
