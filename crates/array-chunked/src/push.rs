//! Slices move towards the data: what is not asked for is neither read nor computed. Other chunks move away from it, past
//! reductions: what is left of an array is quicker cut anew than the array.

use std::collections::HashMap;
use std::sync::Arc;

use array_api::{Array, At, Class, Index, Indices, Result};

use crate::array::{ChunkedArray, of};
use crate::chunks::AxisChunks;
use crate::node::{Layout, Lazy, Node, NodeKey, Work};
use crate::plan::needed;
use crate::rechunk::rechunk;
use crate::rules::{Sliced, along, join, params, reduced, sliced};

/// The same arrays, with every slice of an elementwise result as the result of slices, and every reduction of an array in
/// other chunks as a reduction of the array in its own.
///
/// Results that something else needs too stay whole: slicing them costs less than computing a part again.
pub(crate) fn push(wanted: &[Lazy]) -> Result<Vec<Lazy>> {
    let nodes = needed(wanted);
    if !nodes.iter().any(|node| slice_of(node).is_some() || is_reduced_after_rechunk(node)) {
        return Ok(wanted.to_vec());
    }
    let mut uses: HashMap<NodeKey, usize> = HashMap::new();
    let ends = wanted.iter().map(|x| x.node.key);
    for key in nodes.iter().flat_map(|n| n.inputs.iter().map(|x| x.node.key)).chain(ends) {
        *uses.entry(key).or_default() += 1;
    }
    let mut made: HashMap<NodeKey, Arc<Node>> = HashMap::with_capacity(nodes.len());
    for node in nodes {
        let inputs: Vec<Lazy> = node
            .inputs
            .iter()
            .map(|x| Lazy { node: made.get(&x.node.key).unwrap_or(&x.node).clone(), output: x.output })
            .collect();
        let same = inputs.iter().zip(&node.inputs).all(|(a, b)| Arc::ptr_eq(&a.node, &b.node));
        let once = |x: &Lazy| uses.get(&x.node.key) == Some(&1);
        let new = match slice_of(&node) {
            Some(index) if once(&node.inputs[0]) => pushed(&inputs[0], index)?,
            None if is_reduced_after_rechunk(&node) => reduced_before(&node, &inputs[0], &once)?,
            _ => None,
        };
        let new = match new {
            Some(lazy) => lazy.node,
            None if same => node.clone(),
            None => node.with_inputs(inputs),
        };
        made.insert(node.key, new);
    }
    let end = |x: &Lazy| Lazy { node: made.get(&x.node.key).unwrap_or(&x.node).clone(), output: x.output };
    Ok(wanted.iter().map(end).collect())
}

/// The index, if the node is a slice.
fn slice_of(node: &Node) -> Option<&[Index]> {
    match &node.work {
        Work::Call { op, params: any, .. } if op.name == "sliced" => {
            params::<Sliced>(op, &**any).ok().map(|p| &p.index.0[..])
        }
        _ => None,
    }
}

/// Whether the node reduces an array that was only cut into other chunks.
fn is_reduced_after_rechunk(node: &Node) -> bool {
    let reduces = |name: &str| join(name).is_some() || matches!(name, "var" | "std");
    matches!(&node.work, Work::Call { op, .. } if reduces(op.name))
        && node.inputs.first().is_some_and(|x| matches!(x.node.work, Work::Rechunk))
}

/// The reduction in the chunks that the array had before, and its result in the chunks that are due.
fn reduced_before(node: &Node, input: &Lazy, once: &impl Fn(&Lazy) -> bool) -> Result<Option<Lazy>> {
    let Work::Call { params, .. } = &node.work else { return Ok(None) };
    // Who uses what is known of the node as it was before anything moved.
    let (mut x, mut before) = (input, &node.inputs[0]);
    while matches!((&x.node.work, &before.node.work), (Work::Rechunk, Work::Rechunk)) && once(before) {
        (x, before) = (&x.node.inputs[0], &before.node.inputs[0]);
    }
    // An empty chunk has no greatest element.
    let is_empty = |pieces: &AxisChunks| pieces.sizes().is_none_or(|sizes| sizes.contains(&0));
    if std::ptr::eq(x, input) || x.chunks().axes().iter().any(is_empty) {
        return Ok(None);
    }
    let (axes, keepdims) = along(&**params, x.chunks().axes().len());
    let due = &node.outputs[0];
    let layout = Layout { dtype: due.dtype, chunks: reduced(x.chunks(), &axes, keepdims) };
    let made = Lazy { node: node.again(vec![x.clone()], vec![layout]), output: 0 };
    rechunk(&made, &due.chunks).map(Some)
}

/// A slice of an array as something that needs less, if there is such a thing. It has one result.
fn pushed(x: &Lazy, index: &[Index]) -> Result<Option<Lazy>> {
    match &x.node.work {
        Work::Held(array) if index.iter().all(|i| i.range().is_some()) => {
            let part = array_api::at(array, At { index: Indices(index.to_vec()) })?;
            let slice = sliced(Array::new(ChunkedArray::new(x.clone())), Sliced { index: Indices(index.to_vec()) })?;
            let chunks = of("slice", &slice)?.chunks().clone();
            let layout = Layout { dtype: x.dtype(), chunks };
            let node = Node::new(Work::Held(part), vec![], vec![layout], x.node.space.clone());
            Ok(Some(Lazy { node, output: 0 }))
        }
        Work::Read { source, start } => {
            // Only runs of neighbours are a box; others are picked out of what is read.
            let Some(first) = index.iter().map(neighbours).collect::<Option<Vec<usize>>>() else { return Ok(None) };
            let slice = sliced(Array::new(ChunkedArray::new(x.clone())), Sliced { index: Indices(index.to_vec()) })?;
            let layout = Layout { dtype: x.dtype(), chunks: of("slice", &slice)?.chunks().clone() };
            let start = start.iter().zip(first).map(|(a, b)| a + b).collect();
            let node = x.node.with_work(Work::Read { source: source.clone(), start }, vec![layout]);
            Ok(Some(Lazy { node, output: 0 }))
        }
        Work::Call { op, .. } if op.class == Class::Elementwise && x.node.outputs.len() == 1 => {
            let rank = index.len();
            let inputs = x.node.inputs.iter().map(|input| {
                let own = input.chunks().axes();
                let entry = |(a, pieces): (usize, &crate::chunks::AxisChunks)| match pieces.sizes() {
                    // Axes of extent one are broadcast to longer ones.
                    Some([1]) if x.chunks().axes()[rank - own.len() + a].extent() != 1 => Index::full(),
                    _ => index[rank - own.len() + a].clone(),
                };
                let entries: Vec<Index> = own.iter().enumerate().map(entry).collect();
                if entries.iter().all(|e| *e == Index::full()) {
                    return Ok(input.clone());
                }
                if let Some(further) = pushed(input, &resolved(&entries, &input.dims()))? {
                    return Ok(further);
                }
                let part = Array::new(ChunkedArray::new(input.clone()));
                of("slice", &sliced(&part, Sliced { index: Indices(entries) })?).cloned()
            });
            let inputs = inputs.collect::<Result<Vec<Lazy>>>()?;
            let whole = Array::new(ChunkedArray::new(x.clone()));
            let due = sliced(&whole, Sliced { index: Indices(index.to_vec()) })?;
            let layout = Layout { dtype: x.dtype(), chunks: of("slice", &due)?.chunks().clone() };
            Ok(Some(Lazy { node: x.node.again(inputs, vec![layout]), output: 0 }))
        }
        _ => Ok(None),
    }
}

/// Where a slice of neighbours begins; of nothing, at the beginning.
fn neighbours(entry: &Index) -> Option<usize> {
    match entry.range()? {
        (_, 0, _) => Some(0),
        (first, _, 1) | (first, 1, _) => Some(first),
        _ => None,
    }
}

/// Slices in canonical form.
fn resolved(entries: &[Index], dims: &[usize]) -> Vec<Index> {
    let one = |(entry, &n): (&Index, &usize)| {
        let mut entry = entry.clone();
        let _ = entry.resolve("at", n);
        entry
    };
    entries.iter().zip(dims).map(one).collect()
}
