//! What a chain of elementwise operations gives, reduced while it is in the cache, in one pass over memory.
//!
//! Rows of a block go through the chain and are joined at once; blocks are joined pairwise, as those of other reductions are.
//! While a block is computed, the next one comes from memory. The order of joining depends on the extents and the chain alone.

use std::ops::Range;

use array_api::DType;
use smallvec::SmallVec;

use crate::array::{NdArray, NdElement};
use crate::engine::chain::{CACHE_LINE, Chain, Space, prefetch};
use crate::engine::deviation_kernel::{self, COLUMNS, Real, moments};
use crate::engine::pack::{Axis, pack};
use crate::engine::reduce::{Scratch, counter};
use crate::engine::reduce_kernel::{self, ReduceKernel};
use crate::engine::variance::Moments;

/// Rows of a block whose rows are as wide as a tile.
const ROWS: usize = 16;
/// Fewer elements of a result are joined sooner than a pass is planned.
const FEWEST: usize = 1 << 10;

/// What elements become.
#[derive(Clone, Copy)]
pub(crate) enum How {
    /// What a reduction makes of them.
    Joined(&'static ReduceKernel),
    /// Their mean and the sum of squared deviations from it.
    Moments,
}

/// The chain's result for operands that broadcast to a shape, reduced along axes side by side, which stay with extent one.
/// `None` where operands lie so that neighbouring rows are not at equal distances, and where there is little to join.
pub(crate) fn fold(
    chain: &Chain,
    how: How,
    inputs: &[&NdArray],
    shape: &[usize],
    axes: Range<usize>,
) -> Option<Vec<NdArray>> {
    let extent = |axes: Range<usize>| shape[axes].iter().product::<usize>();
    let [outer, rows, columns] = [0..axes.start, axes.clone(), axes.end..shape.len()].map(extent);
    (rows * columns >= FEWEST && rows > 1 && outer > 0).then_some(())?;
    let reads: Option<SmallVec<[Read; 4]>> = inputs.iter().map(|x| Read::new(x, shape, &axes)).collect();
    let mut kept = shape.to_vec();
    kept[axes].fill(1);
    let plan = Plan::new(chain, how, reads?, outer, rows, columns);
    // SAFETY: there is room for the results, of which every element is written.
    unsafe {
        match (how, chain.result()) {
            (How::Joined(kernel), dtype) => {
                let run = &mut |out: *mut u8| plan.joined(kernel, out);
                Some(vec![NdArray::build(dtype, &kept, run)])
            }
            (How::Moments, DType::Float32) => Some(plan.moments::<f32>(&kept).into()),
            (How::Moments, DType::Float64) => Some(plan.moments::<f64>(&kept).into()),
            (How::Moments, _) => None,
        }
    }
}

/// An operand in memory.
struct Read {
    start: *const u8,
    size: usize,
    outer: SmallVec<[Axis; 4]>,
    rows: Axis,
    columns: Axis,
}

impl Read {
    fn new(x: &NdArray, shape: &[usize], reduced: &Range<usize>) -> Option<Read> {
        let size = x.dtype().size();
        let axis = |i: usize| {
            let own = (i + x.shape().len()).checked_sub(shape.len()).filter(|&own| x.shape()[own] != 1);
            Axis { len: shape[i], step: own.map_or(0, |own| x.strides()[own] * size as isize) }
        };
        let one = |axes: Range<usize>| {
            let mut one = Axis { len: 1, step: 0 };
            for next in axes.map(axis).filter(|a| a.len != 1) {
                (one.len == 1 || one.step == next.step * next.len as isize).then_some(())?;
                one = Axis { len: one.len * next.len, step: next.step };
            }
            Some(one)
        };
        Some(Read {
            start: x.ptr(),
            size,
            outer: (0..reduced.start).map(axis).collect(),
            rows: one(reduced.clone())?,
            columns: one(reduced.end..shape.len())?,
        })
    }

    /// Where the part of an outer place begins.
    fn at(&self, mut outer: usize) -> *const u8 {
        let mut offset = 0;
        for axis in self.outer.iter().rev() {
            offset += (outer % axis.len) as isize * axis.step;
            outer /= axis.len;
        }
        self.start.wrapping_offset(offset)
    }

    /// Whether it is the same in all rows.
    fn repeats(&self) -> bool {
        self.rows.step == 0
    }
}

/// How the pass goes: columns by slabs, rows by blocks, and those of a block by turns of the chain.
struct Plan<'c> {
    chain: &'c Chain,
    reads: SmallVec<[Read; 4]>,
    outer: usize,
    rows: usize,
    columns: usize,
    /// Columns of a slab.
    slab: usize,
    /// Rows that go through the chain together.
    turn: usize,
    /// Rows that are joined before they are joined with others.
    block: usize,
}

/// Operands of a slab.
struct Slab<'p> {
    space: &'p Space,
    columns: usize,
    starts: SmallVec<[*const u8; 4]>,
}

impl<'c> Plan<'c> {
    fn new(
        chain: &'c Chain,
        how: How,
        reads: SmallVec<[Read; 4]>,
        outer: usize,
        rows: usize,
        columns: usize,
    ) -> Plan<'c> {
        let tile = chain.tile();
        let slabs = columns.div_ceil(tile);
        let slab = columns.div_ceil(slabs).next_multiple_of(8).min(columns);
        let turn = (tile / slab).clamp(1, rows);
        let longest = match how {
            How::Joined(_) => reduce_kernel::BLOCK,
            How::Moments if columns == 1 => deviation_kernel::BLOCK,
            How::Moments => deviation_kernel::FEW,
        };
        // Whole turns make a block, or whole blocks a turn.
        let parts = turn.div_ceil(longest);
        let (turn, block) = match how {
            How::Joined(_) if turn > 1 => (turn / parts * parts, turn / parts),
            _ if turn < ROWS => (turn, ROWS / turn * turn),
            _ => (turn / parts * parts, turn / parts),
        };
        Plan { chain, reads, outer, rows, columns, slab, turn, block }
    }

    /// Each slab of each outer place, and where its first result is.
    fn slabs(&self, mut each: impl FnMut(&Slab<'_>, usize)) {
        let space = self.chain.space();
        for outer in 0..self.outer {
            for from in (0..self.columns).step_by(self.slab) {
                let columns = self.slab.min(self.columns - from);
                let mut starts: SmallVec<[*const u8; 4]> = SmallVec::new();
                for (i, read) in self.reads.iter().enumerate() {
                    let start = read.at(outer).wrapping_offset(from as isize * read.columns.step);
                    let rows = self.turn.min(self.rows);
                    let dense = rows == 1 && (columns == 1 || read.columns.step == read.size as isize);
                    starts.push(match read.repeats() && !dense {
                        // The same in all rows: gathered once.
                        true => {
                            let axes = [Axis { len: rows, step: 0 }, Axis { len: columns, ..read.columns }];
                            // SAFETY: the box lies within the operand, and a turn within a buffer.
                            unsafe { pack(read.size, space.buffer(i), start, &axes) };
                            space.buffer(i)
                        }
                        false => start,
                    });
                }
                each(&Slab { space: &space, columns, starts }, outer * self.columns + from);
            }
        }
    }

    /// Sends rows through the chain; `before` is told of each loop.
    ///
    /// # Safety
    /// The rows must be there and at most a turn, and `out` have room for their elements.
    unsafe fn turn(&self, slab: &Slab<'_>, rows: Range<usize>, out: *mut u8, mut before: impl FnMut()) {
        let n = rows.len() * slab.columns;
        let mut ins: SmallVec<[*const u8; 4]> = SmallVec::new();
        for (i, (read, &start)) in self.reads.iter().zip(&slab.starts).enumerate() {
            let axes = [Axis { len: rows.len(), ..read.rows }, Axis { len: slab.columns, ..read.columns }];
            let at = start.wrapping_offset(rows.start as isize * read.rows.step);
            ins.push(match read.repeats() || self.is_dense(read, rows.len(), slab.columns) {
                true => at,
                false => {
                    // SAFETY: the box lies within the operand, and a turn within a buffer.
                    unsafe { pack(read.size, slab.space.buffer(i), at, &axes) };
                    slab.space.buffer(i)
                }
            });
        }
        if self.chain.steps() == 0 {
            before();
            // SAFETY: an operand of its own elements is not the result's memory.
            return unsafe { std::ptr::copy_nonoverlapping(ins[0], out, n * self.reads[0].size) };
        }
        // SAFETY: the operands are of `n` elements, which a buffer can hold.
        unsafe { self.chain.compute(slab.space, n, &ins, out, |_| before()) };
    }

    fn is_dense(&self, read: &Read, rows: usize, columns: usize) -> bool {
        let size = read.size as isize;
        (columns == 1 || read.columns.step == size) && (rows == 1 || read.rows.step == columns as isize * size)
    }

    /// The blocks of rows.
    fn blocks(&self) -> usize {
        self.rows.div_ceil(self.block)
    }

    fn rows_of(&self, block: usize) -> Range<usize> {
        block * self.block..((block + 1) * self.block).min(self.rows)
    }

    /// The rows of the turn that a block is in, where blocks are turns or less.
    fn turn_of(&self, block: usize) -> Range<usize> {
        let first = block * self.block / self.turn * self.turn;
        first..(first + self.turn).min(self.rows)
    }

    /// # Safety
    /// `out` must have room for all results, of the kernel's elements, which are the chain's.
    unsafe fn joined(&self, kernel: &ReduceKernel, out: *mut u8) {
        let size = self.chain.result().size();
        let mut room = vec![0_u64; (self.chain.tile() * size).div_ceil(8)];
        let (buffer, mut scratch) = (room.as_mut_ptr().cast::<u8>(), Scratch::default());
        let (join, of_run, of_rows) = (kernel.join(), kernel.run(), kernel.rows());
        self.slabs(|slab, first| {
            let columns = slab.columns;
            let mut ahead = Ahead::new(self, slab);
            let to = out.wrapping_add(first * size);
            let offsets: SmallVec<[isize; 64]> = (0..self.block).map(|r| (r * columns * size) as isize).collect();
            // SAFETY: a turn's elements fit the buffer; each block writes a row of its own.
            unsafe {
                counter(kernel, size, columns, self.blocks(), to, &mut scratch, |block, to| {
                    let rows = self.rows_of(block);
                    if self.turn == 1 {
                        ahead.next(rows.end..rows.end + self.block, rows.len() * self.chain.steps().max(1));
                        self.turn(slab, rows.start..rows.start + 1, to, || ahead.advance());
                        for r in rows.start + 1..rows.end {
                            self.turn(slab, r..r + 1, buffer, || ahead.advance());
                            join(columns, buffer, to);
                        }
                        return;
                    }
                    let turn = self.turn_of(block);
                    if turn.start == rows.start {
                        ahead.next(turn.end..turn.end + self.turn, self.chain.steps().max(1));
                        self.turn(slab, turn.clone(), buffer, || ahead.advance());
                    }
                    let from = buffer.wrapping_add((rows.start - turn.start) * columns * size);
                    match columns {
                        1 => of_run(rows.len(), from, to),
                        _ => of_rows(rows.len(), from, offsets.as_ptr(), columns, to),
                    }
                });
            }
        });
    }

    /// The means, and the sums of squared deviations.
    fn moments<T: Real + NdElement>(&self, kept: &[usize]) -> [NdArray; 2] {
        let mut results = [(); 2].map(|()| vec![T::zero(); self.outer * self.columns]);
        let mut room = vec![T::zero(); self.block.max(self.turn) * self.slab];
        let (mut origins, mut joined) = (vec![T::zero(); self.slab], Moments::<T>::default());
        self.slabs(|slab, first| {
            let columns = slab.columns;
            let mut ahead = Ahead::new(self, slab);
            joined.counter(columns, self.blocks(), |to, block| {
                let rows = self.rows_of(block);
                let turn = if self.turn <= self.block { rows.clone() } else { self.turn_of(block) };
                if turn.start == rows.start {
                    let loops = turn.len().div_ceil(self.turn) * self.chain.steps().max(1);
                    ahead.next(turn.end..turn.end + turn.len(), loops + columns.div_ceil(COLUMNS));
                    for r in turn.clone().step_by(self.turn) {
                        let at = room[(r - turn.start) * columns..].as_mut_ptr().cast();
                        let end = (r + self.turn).min(turn.end);
                        // SAFETY: there is room for a block and for a turn.
                        unsafe { self.turn(slab, r..end, at, || ahead.advance()) };
                    }
                    if block == 0 {
                        origins[..columns].copy_from_slice(&room[..columns]);
                    }
                }
                let from = &room[(rows.start - turn.start) * columns..][..rows.len() * columns];
                if columns == 1 {
                    // SAFETY: one column is contiguous, and there is room for a mean and a square.
                    unsafe { moments(rows.len(), from.as_ptr(), 1, 1, origins.as_ptr(), to.as_mut_ptr()) };
                    return rows.len();
                }
                let (means, squares) = to.split_at_mut(columns);
                for c in (0..columns).step_by(COLUMNS) {
                    ahead.advance();
                    let (n, mut part) = (COLUMNS.min(columns - c), [T::zero(); 2 * COLUMNS]);
                    // SAFETY: the rows lie in the block, and there is room for two rows of `n`.
                    unsafe {
                        let (from, origins) = (from.as_ptr().add(c), origins.as_ptr().add(c));
                        moments(rows.len(), from, columns, n, origins, part.as_mut_ptr())
                    };
                    means[c..c + n].copy_from_slice(&part[..n]);
                    squares[c..c + n].copy_from_slice(&part[n..2 * n]);
                }
                rows.len()
            });
            for (c, &origin) in origins[..columns].iter().enumerate() {
                results[0][first + c] = joined.rows[c] + origin;
                results[1][first + c] = joined.rows[columns + c];
            }
        });
        results.map(|all| NdArray::from_vec(all, kept))
    }
}

/// Rows on their way from memory while others are computed.
struct Ahead<'p> {
    plan: &'p Plan<'p>,
    /// Beginnings and bytes of a turn, of the operands that come from memory: their first row, and the distance of turns.
    reads: SmallVec<[(*const u8, isize, usize); 4]>,
    /// Bytes of a turn, of the operand that has most.
    widest: usize,
    /// Turns that are still to be asked for, of which the first one has its first bytes on their way.
    turns: Range<usize>,
    bytes: usize,
    /// Bytes at a time of the operand that has most.
    share: usize,
}

impl<'p> Ahead<'p> {
    fn new(plan: &'p Plan<'p>, slab: &Slab<'_>) -> Ahead<'p> {
        let moving = |(read, &start): (&Read, &*const u8)| {
            let in_memory = !read.repeats() && plan.is_dense(read, plan.turn, slab.columns);
            in_memory.then_some((start, read.rows.step * plan.turn as isize, plan.turn * slab.columns * read.size))
        };
        let reads: SmallVec<[_; 4]> = plan.reads.iter().zip(&slab.starts).filter_map(moving).collect();
        let widest = reads.iter().map(|read| read.2).max().unwrap_or(0);
        Ahead { plan, reads, widest, turns: 0..0, bytes: 0, share: 0 }
    }

    /// These rows are next, which are asked for in so many steps.
    fn next(&mut self, rows: Range<usize>, steps: usize) {
        let turn = self.plan.turn;
        let turns = rows.start / turn..rows.end.min(self.plan.rows) / turn;
        self.turns = if self.widest == 0 { 0..0 } else { turns };
        self.bytes = 0;
        self.share = (self.turns.len() * self.widest).div_ceil(steps).next_multiple_of(CACHE_LINE);
    }

    /// A step.
    #[inline(always)]
    fn advance(&mut self) {
        let mut left = self.share;
        while left > 0 && !self.turns.is_empty() {
            let end = (self.bytes + left).min(self.widest);
            for &(start, apart, bytes) in &self.reads {
                prefetch(
                    start.wrapping_offset(self.turns.start as isize * apart),
                    self.bytes.min(bytes)..end.min(bytes),
                );
            }
            left -= end - self.bytes;
            self.bytes = end;
            if end == self.widest {
                (self.turns.start, self.bytes) = (self.turns.start + 1, 0);
            }
        }
    }
}
