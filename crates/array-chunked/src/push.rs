//! Slices move towards the data: what is not asked for is neither read nor computed.

use std::collections::HashMap;
use std::sync::Arc;

use array_api::{Array, At, Class, Index, Indices, Result};

use crate::array::{ChunkedArray, of};
use crate::node::{Layout, Lazy, Node, NodeKey, Work};
use crate::plan::needed;
use crate::rules::{Sliced, params, sliced};

/// The same arrays, with every slice of an elementwise result as the result of slices.
///
/// Results that something else needs too stay whole: slicing them costs less than computing a part again.
pub(crate) fn push_slices(wanted: &[Lazy]) -> Result<Vec<Lazy>> {
    let nodes = needed(wanted);
    if !nodes.iter().any(|node| slice_of(node).is_some()) {
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
        let new = match slice_of(&node) {
            Some(index) if uses.get(&node.inputs[0].node.key) == Some(&1) => pushed(&inputs[0], index)?,
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
