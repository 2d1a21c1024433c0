//! Indexing as in Python, `x[2, 1:3, mask, positions]`: any mixture of basic indices and arrays, made of rows.

use crate::array::Array;
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::index::{Index, Indices};
use crate::operand::{IntoArg, One, Operand};
use crate::rule;

/// One entry of a key.
#[derive(Clone, Debug)]
pub enum KeyEntry {
    /// A position, a slice, a new axis or the ellipsis.
    Basic(Index),
    /// Integer positions along an axis, or a boolean mask over as many axes as it has.
    Array(Array),
}

/// The elements at a key: `x[key]`.
///
/// Arrays broadcast together, and their axes take the place of the axes that they index; where these do not stand side by
/// side, they come first, as in NumPy. Positions beside arrays count as arrays.
///
/// # Errors
/// Positions out of bounds, more entries than axes, masks that do not fit, arrays of other types.
pub fn at_key(x: &Array, key: &[KeyEntry]) -> Result<Array> {
    const NAME: &str = "at_key";
    match key {
        [KeyEntry::Array(mask)] if mask.dtype() == DType::Bool && mask.ndim() > 0 => crate::at_mask(x, mask),
        _ => match Plan::of(NAME, x, key)? {
            Plan::Basic(index) => crate::at(x, index),
            Plan::Arrays(arrays) => arrays.read(x),
        },
    }
}

/// A new array with `value`, broadcast, at a key: `x[key] = value`. Of elements named twice, the last value stays.
///
/// # Errors
/// As [`at_key`], and values that do not fit the part or the type.
pub fn set_at_key<'a>(x: impl IntoArg<'a, One>, value: impl IntoArg<'a, One>, key: &[KeyEntry]) -> Result<Array> {
    const NAME: &str = "set_at_key";
    let (x, value) = (x.into_operand()?, value.into_operand()?);
    let Some(array) = x.array() else { return Err(Error::dtype(NAME, "a number has no elements to set")) };
    match key {
        [KeyEntry::Array(mask)] if mask.dtype() == DType::Bool && mask.ndim() > 0 => crate::set_at_mask(x, mask, value),
        _ => match Plan::of(NAME, array, key)? {
            Plan::Basic(index) => crate::set_at(x, value, index),
            Plan::Arrays(arrays) => arrays.write(array, value),
        },
    }
}

/// A key with one step for each axis of the array, and for each new one.
enum Step {
    Kept(Index),
    At(isize),
    /// Positions along an axis.
    Chosen(Array),
    /// Positions along a new axis of one element: what a mask without axes is.
    Added(Array),
}

enum Plan {
    Basic(Indices),
    Arrays(Arrays),
}

/// A basic index first, then positions along axes of what it gives.
struct Arrays {
    kept: Vec<Index>,
    places: Vec<(usize, Array)>,
    /// Whether the entries with positions stand side by side, so that their axes stay there.
    adjacent: bool,
}

impl Plan {
    fn of(name: &str, x: &Array, key: &[KeyEntry]) -> Result<Plan> {
        let basic = key.iter().map(|k| match k {
            KeyEntry::Basic(i) => Some(i.clone()),
            KeyEntry::Array(_) => None,
        });
        if let Some(index) = basic.collect::<Option<Vec<_>>>() {
            return Ok(Plan::Basic(Indices(index)));
        }
        let steps = steps(name, x, key)?;
        let numbers = |s: &Step| !matches!(s, Step::Kept(_));
        let (first, last) = (steps.iter().position(numbers), steps.iter().rposition(numbers));
        let adjacent = first.zip(last).is_none_or(|(a, b)| steps[a..=b].iter().all(numbers));
        let (mut kept, mut places, mut axis) = (vec![], vec![], 0);
        for step in steps {
            match step {
                // Where all stay together, a position is the basic index that it looks like.
                Step::At(i) if adjacent => {
                    kept.push(Index::At(i));
                    continue;
                }
                Step::Kept(i) => kept.push(i),
                Step::At(i) => {
                    places.push((axis, x.namespace().full(((), i as i64, DType::Int64))?));
                    kept.push(Index::full());
                }
                Step::Chosen(positions) => {
                    places.push((axis, positions));
                    kept.push(Index::full());
                }
                Step::Added(positions) => {
                    places.push((axis, positions));
                    kept.push(Index::NewAxis);
                }
            }
            axis += 1;
        }
        Ok(Plan::Arrays(Arrays { kept, places, adjacent }))
    }
}

/// Writes the ellipsis out, and masks as positions.
fn steps(name: &str, x: &Array, key: &[KeyEntry]) -> Result<Vec<Step>> {
    let covers = |k: &KeyEntry| match k {
        KeyEntry::Array(a) if a.dtype() == DType::Bool => a.ndim(),
        KeyEntry::Basic(Index::NewAxis | Index::Ellipsis) => 0,
        _ => 1,
    };
    let named: usize = key.iter().map(covers).sum();
    if named > x.ndim() {
        let message = format!("{named} indices are given for an array of shape {}", x.dims());
        return Err(Error::index(name, message));
    }
    if key.iter().filter(|k| matches!(k, KeyEntry::Basic(Index::Ellipsis))).count() > 1 {
        return Err(Error::index(name, "an index may hold only one ellipsis"));
    }
    let mut rest = x.ndim() - named;
    let (mut steps, mut axis) = (vec![], 0);
    for k in key {
        match k {
            KeyEntry::Basic(Index::Ellipsis) => {
                steps.extend((0..rest).map(|_| Step::Kept(Index::full())));
                axis += std::mem::take(&mut rest);
            }
            KeyEntry::Basic(Index::At(i)) => steps.push(Step::At(*i)),
            KeyEntry::Basic(i) => steps.push(Step::Kept(i.clone())),
            KeyEntry::Array(mask) if mask.dtype() == DType::Bool => {
                if !rule::fits_mask(mask.dims(), &x.dims()[axis..]) {
                    let place = format!("the axes from {axis} on of an array of shape {}", x.dims());
                    return Err(Error::index(name, format!("a mask of shape {} does not fit {place}", mask.dims())));
                }
                match mask.ndim() {
                    0 => steps.extend(crate::nonzero(crate::reshape(mask, 1)?)?.into_iter().map(Step::Added)),
                    _ => steps.extend(crate::nonzero(mask)?.into_iter().map(Step::Chosen)),
                }
            }
            KeyEntry::Array(positions) if positions.dtype().is_integer() => steps.push(Step::Chosen(positions.clone())),
            KeyEntry::Array(other) => {
                let message = format!("arrays of {} are no indices; use integers or bool", other.dtype());
                return Err(Error::index(name, message));
            }
        }
        axis += covers(k);
    }
    // Without an ellipsis, the axes that are not named are the last ones.
    steps.extend((0..rest).map(|_| Step::Kept(Index::full())));
    Ok(steps)
}

impl Arrays {
    fn positions(&self) -> Vec<&Array> {
        self.places.iter().map(|(_, p)| p).collect()
    }

    fn basic(&self, x: &Array) -> Result<Array> {
        if self.whole() { Ok(x.clone()) } else { crate::at(x, self.kept.clone()) }
    }

    fn whole(&self) -> bool {
        self.kept.iter().all(|i| *i == Index::full())
    }

    /// The axes with positions, then the others.
    fn order(&self, ndim: usize) -> Vec<isize> {
        let front = self.places.iter().map(|&(a, _)| a);
        let behind = (0..ndim).filter(|a| self.places.iter().all(|(b, _)| a != b));
        front.chain(behind).map(|a| a as isize).collect()
    }

    /// How many axes are before those that `count` axes of positions replace.
    fn before(&self) -> usize {
        if self.adjacent { self.places[0].0 } else { 0 }
    }

    fn read(&self, x: &Array) -> Result<Array> {
        let part = self.basic(x)?;
        if let [(axis, positions)] = &self.places[..] {
            return crate::take(part, positions, *axis as isize);
        }
        let others = part.ndim() - self.places.len();
        let picked = crate::at_arrays(permuted(part.clone(), self.order(part.ndim()))?, &self.positions()[..])?;
        let (count, before) = (picked.ndim() - others, self.before());
        let ndim = picked.ndim();
        let order = (count..count + before).chain(0..count).chain(count + before..ndim);
        permuted(picked, order.map(|a| a as isize).collect())
    }

    fn write(&self, x: &Array, value: Operand<'_>) -> Result<Array> {
        let part = self.basic(x)?;
        let order = self.order(part.ndim());
        let back = inverse(&order);
        let moved = permuted(part, order)?;
        let value = match value.array() {
            Some(v) if self.before() > 0 => Operand::Own(self.in_front(v, moved.dims())?),
            _ => value,
        };
        let written = permuted(crate::set_at_arrays(moved, value, &self.positions()[..])?, back)?;
        if self.whole() { Ok(written) } else { crate::set_at(x, written, self.kept.clone()) }
    }

    /// A value for `x[key]` with the axes of the positions first; `moved` has the extents of the array in that order.
    fn in_front(&self, value: &Array, moved: &Dims) -> Result<Array> {
        let together = rule::broadcast_dims("set_at_key", self.places.iter().map(|(_, p)| p.dims()))?;
        let (count, before) = (together.len(), self.before());
        let others = &moved[self.places.len()..];
        let part: Dims = others[..before].iter().chain(together.iter()).chain(&others[before..]).copied().collect();
        let ndim = part.len();
        let order = (before..before + count).chain(0..before).chain(before + count..ndim);
        permuted(crate::broadcast_to(value, part)?, order.map(|a| a as isize).collect())
    }
}

fn permuted(x: Array, order: Vec<isize>) -> Result<Array> {
    if order.iter().enumerate().all(|(i, &a)| i as isize == a) { Ok(x) } else { crate::permute_dims(x, order) }
}

fn inverse(order: &[isize]) -> Vec<isize> {
    let mut back = vec![0; order.len()];
    for (i, &a) in order.iter().enumerate() {
        back[a as usize] = i as isize;
    }
    back
}
