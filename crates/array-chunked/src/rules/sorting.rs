//! Sorting along an axis that is cut: each chunk on its own, then pairs of chunks, of which one gets the smaller half.
//!
//! Which pairs is a sorting network's affair: Batcher's, as algorithm M of Knuth, "The Art of Computer Programming", volume
//! 3, section 5.2.2, for any number of chunks. Networks that sort numbers sort chunks of equal extent in this way (exercise
//! 5.3.4-38); a last one that is shorter is as if filled up with elements greater than all, which never leave it.

use array_api::{Add, Argsort, At, Concat, Exit, Index, Indices, Operation, Params, Result, Sort, TakeAlongAxis};

use super::{Planned, Rule, Site, blocks, params};
use crate::chunks::{AxisChunks, unknown_sizes};
use crate::node::{Node, Slot, Work};
use crate::program::{Program, Source};
use crate::rechunk::{axis_runs, from_boxes, rechunk};
use crate::tasks::{Block, Grid, Tasks, bytes, places};

/// The rules of this file.
pub(super) fn rule(name: &str) -> Option<Rule> {
    matches!(name, "sort" | "argsort").then_some(Rule::Tasks(plan, emit))
}

fn plan(site: &Site<'_>) -> Result<Planned, Exit> {
    let x = site.lazy(0)?;
    let axis = match site.op.name {
        "sort" => site.params::<Sort>()?.axis,
        _ => site.params::<Argsort>()?.axis,
    } as usize;
    let own = &x.chunks().axes()[axis];
    if own.len() == 1 {
        return blocks::plan(site);
    }
    let sizes = own.sizes().ok_or_else(|| unknown_sizes(site.op.name))?;
    let even = AxisChunks::regular(sizes.iter().sum(), sizes.iter().max().copied().unwrap_or(1));
    let even = rechunk(x, &x.chunks().with(axis, even))?;
    Ok(Planned { inputs: vec![even], outputs: vec![x.chunks().clone()] })
}

/// The pairs of a network that sorts `n` numbers; the smaller one goes to the first place.
fn network(n: usize) -> Vec<(usize, usize)> {
    let mut pairs = vec![];
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            pairs.extend((0..n - d).filter(|i| i & p == r).map(|i| (i, i + d)));
            if q == p {
                break;
            }
            (d, q, r) = (q - p, q / 2, p);
        }
        p /= 2;
    }
    pairs
}

/// What is sorted: values, or positions by values, which travel with them.
struct Order {
    axis: usize,
    descending: bool,
    /// The order of equal values.
    stable: bool,
    positions: bool,
}

fn emit(node: &Node, inputs: &[Grid], tasks: &mut Tasks) -> Result<Vec<Grid>> {
    let Work::Call { op, params: any, .. } = &node.work else { return Err(blocks::not_a_call(node)) };
    let order = match op.name {
        "sort" => {
            let p = params::<Sort>(op, &**any)?;
            Order { axis: p.axis as usize, descending: p.descending, stable: p.stable, positions: false }
        }
        _ => {
            let p = params::<Argsort>(op, &**any)?;
            Order { axis: p.axis as usize, descending: p.descending, stable: p.stable, positions: true }
        }
    };
    let (x, layout, axis) = (&inputs[0], &node.outputs[0], order.axis);
    let grid = x.chunks.grid();
    if grid[axis] == 1 {
        return blocks::emit(node, inputs, tasks);
    }
    let sizes = x.chunks.sizes(op.name)?[axis].clone();
    let offsets = AxisChunks::offsets(&sizes);
    let steps = sizes.iter().zip(&offsets).map(|(_, &offset)| tasks.program(order.chunk(offset)));
    let chunk: Vec<u32> = steps.collect();
    let ndim = grid.len();
    let even = tasks.program(order.pair(sizes[0], ndim));
    let pairs = network(sizes.len());
    let mut blocks = vec![Block { task: u32::MAX, output: 0 }; x.chunks.count()];
    for place in places(&grid.with(axis, 1)) {
        let each = |i: usize| {
            let bytes = bytes(&x.chunks, x.dtype, &place.with(axis, i));
            bytes + if order.positions { bytes / x.dtype.size() as u64 * 8 } else { 0 }
        };
        let mut line: Vec<Block> =
            (0..sizes.len()).map(|i| tasks.task(chunk[i], &[x.at(&place.with(axis, i))], each(i))).collect();
        // Where the positions are among a task's results.
        let position = |b: Block| b.output(b.output + 1);
        for &(i, j) in &pairs {
            // The first of a pair is never the short one.
            let size = each(i) + each(j);
            let made = match order.positions {
                false => tasks.task(even, &[line[i], line[j]], size),
                true => tasks.task(even, &[line[i], position(line[i]), line[j], position(line[j])], size),
            };
            line[i] = made;
            line[j] = made.output(if order.positions { 2 } else { 1 });
        }
        for (i, block) in line.into_iter().enumerate() {
            let at = place.with(axis, i);
            let flat = grid.iter().zip(at.iter()).fold(0, |flat, (&n, &k)| flat * n + k);
            blocks[flat] = if order.positions { position(block) } else { block };
        }
    }
    let sorted = Grid { dtype: layout.dtype, chunks: x.chunks.clone(), blocks };
    if sorted.chunks == layout.chunks {
        return Ok(vec![sorted]);
    }
    let runs: Vec<_> =
        sorted.chunks.axes().iter().zip(layout.chunks.axes()).map(|(from, to)| axis_runs(from, to)).collect();
    Ok(vec![from_boxes(&sorted, &runs, &layout.chunks, tasks)])
}

impl Order {
    fn along(&self) -> isize {
        self.axis as isize
    }

    fn sort(&self) -> Box<dyn Params> {
        Box::new(Sort { axis: self.along(), descending: self.descending, stable: self.stable })
    }

    /// Two values in the order that sorts the first of them, equal ones as they are.
    fn by(&self, program: &mut Program, keys: Source, others: Source, descending: bool) -> [Source; 2] {
        let order = Argsort { axis: self.along(), descending, stable: true };
        let order = program.push(Argsort::OP, Box::new(order), [keys]);
        [keys, others]
            .map(|x| program.push(TakeAlongAxis::OP, Box::new(TakeAlongAxis { axis: self.along() }), [x, order]))
    }

    /// One chunk, which begins at a place of the axis.
    fn chunk(&self, offset: usize) -> Program {
        let mut program = Program::new(1);
        let x = Source::Input(0);
        program.results = if self.positions {
            let order = Argsort { axis: self.along(), descending: self.descending, stable: true };
            let order = program.push(Argsort::OP, Box::new(order), [x]);
            let along = Box::new(TakeAlongAxis { axis: self.along() });
            let keys = program.push(TakeAlongAxis::OP, along, [x, order]);
            let offset = Source::Plain(Slot::Scalar(array_api::Scalar::int(offset as i128)));
            vec![keys, program.push(Add::OP, Box::new(Add {}), [order, offset])]
        } else {
            vec![program.push(Sort::OP, self.sort(), [x])]
        };
        program
    }

    /// Two chunks that are sorted, of which the first has `count` elements along the axis: its share comes first.
    fn pair(&self, count: usize, ndim: usize) -> Program {
        let mut program = Program::new(if self.positions { 4 } else { 2 });
        let concat = |program: &mut Program, a: usize, b: usize| {
            program.push(Concat::OP, Box::new(Concat { axis: self.along() }), [Source::Input(a), Source::Input(b)])
        };
        let whole = if self.positions {
            let (mut keys, mut places) = (concat(&mut program, 0, 2), concat(&mut program, 1, 3));
            if self.stable {
                // Equal keys in the order of their places: what is sorted by places first stays so.
                [places, keys] = self.by(&mut program, places, keys, false);
            }
            [keys, places] = self.by(&mut program, keys, places, self.descending);
            vec![keys, places]
        } else {
            let both = concat(&mut program, 0, 1);
            vec![program.push(Sort::OP, self.sort(), [both])]
        };
        let part = |start: Option<usize>, stop: Option<usize>| {
            let mut index = vec![Index::full(); ndim];
            let [start, stop] = [start, stop].map(|i| i.map(|i| i as isize));
            index[self.axis] = Index::Slice { start, stop, step: 1 };
            Indices(index)
        };
        for index in [part(None, Some(count)), part(Some(count), None)] {
            for &value in &whole {
                let share = program.push(At::OP, Box::new(At { index: index.clone() }), [value]);
                program.results.push(share);
            }
        }
        program
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    /// A network that sorts all zeros and ones sorts everything.
    #[test]
    fn networks_sort_zeros_and_ones() {
        for n in 1..=14 {
            let pairs = network(n);
            for bits in 0_u32..1 << n {
                let mut bits = bits;
                for &(i, j) in &pairs {
                    if bits >> i & 1 > bits >> j & 1 {
                        bits ^= 1 << i | 1 << j;
                    }
                }
                assert_eq!(bits.trailing_zeros().min(n as u32) + bits.count_ones(), n as u32, "{n}");
            }
        }
    }
}
