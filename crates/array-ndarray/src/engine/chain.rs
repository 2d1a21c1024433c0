//! Several elementwise operations in one pass over memory.
//!
//! A few elements of each operand go through all operations before the next few are read, so that what lies between the
//! operations never leaves the first-level cache. The loops are those of single operations, and no element's value depends on
//! where it stands, so the results are the same bits.

use std::mem::MaybeUninit;
use std::ops::Range;

use array_api::{DType, Dims, Result};
use smallvec::SmallVec;

use crate::array::NdArray;
use crate::engine::kernel::{Kernel, Loop, Op};
use crate::engine::map::Number;
use crate::engine::pack::{Axis, pack};
use crate::engine::share;
use crate::engine::tiles::Tiling;
use crate::kind::{LARGE, bytes, room};

/// Bytes of all buffers together that the first-level cache holds beside the operands and the result.
const CACHED: usize = 24 << 10;
/// Elements at a time: fewer, and calls take longer than what they compute.
const FEWEST: usize = 256;
/// Where buffers begin, so that vectors lie within one.
pub(super) const CACHE_LINE: usize = 64;
/// More buffers than this are none of the first-level cache's.
const MOST_BUFFERS: usize = 24;

/// An operand of an operation in a chain.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// One of the chain's operands.
    Input(usize),
    /// What an earlier operation gave.
    Step(usize),
    /// One number for all elements.
    Number(Number),
}

/// Where a loop finds or puts elements.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Input(usize),
    Buffer(usize),
    /// The result itself.
    Result,
}

struct Instruction {
    inner: Loop,
    ins: SmallVec<[Place; 3]>,
    out: Place,
}

/// Operations in order, for operands of certain data types.
pub(crate) struct Chain {
    instructions: Vec<Instruction>,
    /// Bytes of an element of each operand, each of which has a buffer of its own for what must be gathered: the first ones.
    sizes: SmallVec<[usize; 4]>,
    /// Buffers of one number each, and the numbers.
    numbers: Vec<(usize, Number, usize)>,
    buffers: usize,
    /// Elements at a time.
    tile: usize,
    /// Bytes of the widest element.
    widest: usize,
    /// From how many elements on a second thread pays.
    grain: usize,
    out: DType,
}

impl Chain {
    /// The operations' loops and buffers; without operations the first operand itself. `None` if an operation is not defined for what it would be given, or takes operands
    /// of several data types.
    pub(crate) fn new(steps: &[(&'static Op, SmallVec<[Origin; 3]>)], dtypes: &[DType]) -> Option<Chain> {
        let kernels = kernels(steps, dtypes)?;
        let last_use = |value: usize| {
            let uses = |(_, ins): &(&Op, SmallVec<[Origin; 3]>)| {
                ins.iter().any(|i| matches!(i, Origin::Step(s) if *s == value))
            };
            steps.iter().rposition(uses)
        };
        let mut made = Chain {
            instructions: vec![],
            sizes: dtypes.iter().map(|d| d.size()).collect(),
            numbers: vec![],
            buffers: dtypes.len(),
            tile: FEWEST,
            widest: dtypes.iter().map(|d| d.size()).chain(kernels.iter().map(|(k, _)| k.out.size())).max()?,
            grain: kernels.iter().map(|(k, _)| k.grain).min().unwrap_or(0),
            out: kernels.last().map_or(dtypes[0], |(k, _)| k.out),
        };
        let mut values: Vec<Place> = vec![];
        let mut free: Vec<usize> = vec![];
        for (at, ((_, ins), (kernel, dtype))) in steps.iter().zip(&kernels).enumerate() {
            let mut place = |from: &Origin| match *from {
                Origin::Input(i) => Place::Input(i),
                Origin::Step(s) => values[s],
                Origin::Number(number) => {
                    made.numbers.push((made.buffers, number, dtype.size()));
                    made.buffers += 1;
                    Place::Buffer(made.buffers - 1)
                }
            };
            let ins: SmallVec<[Place; 3]> = ins.iter().map(&mut place).collect();
            let out = match at + 1 == steps.len() {
                true => Place::Result,
                false => Place::Buffer(free.pop().unwrap_or_else(|| {
                    made.buffers += 1;
                    made.buffers - 1
                })),
            };
            // A loop's operands and its result do not overlap, so buffers are free for the next one only.
            for (value, &place) in values.iter().enumerate() {
                if let (Some(last), Place::Buffer(buffer)) = (last_use(value), place)
                    && last == at
                {
                    free.push(buffer);
                }
            }
            values.push(out);
            made.instructions.push(Instruction { inner: kernel.inner(), ins, out });
        }
        made.tile = (CACHED / (made.buffers * made.widest) / 64 * 64).clamp(FEWEST, 4 * FEWEST);
        (made.buffers <= MOST_BUFFERS).then_some(made)
    }

    /// The last operation's result for operands that broadcast to a shape.
    pub(crate) fn run(&self, inputs: &[&NdArray], shape: &Dims) -> Result<NdArray> {
        let size = bytes(shape, self.out);
        if size.is_none_or(|size| size >= LARGE) {
            room("chain", size, || format!("a result of shape {shape} and dtype {}", self.out))?;
        }
        let len: usize = shape.iter().product();
        if len == 0 {
            // SAFETY: there is nothing to write.
            return Ok(unsafe { NdArray::build(self.out, shape, &mut |_| ()) });
        }
        let reads = reads(inputs, &self.sizes, shape);
        let tiling = Tiling::new(&reads[0].axes, self.tile);
        let threads = if len < 2 * self.grain || !share::alone() { 1 } else { 4 * rayon::current_num_threads() };
        let threads = threads.min(tiling.tiles);
        let part = |out: Out, t: usize| {
            let (from, to) = (tiling.tiles * t / threads, tiling.tiles * (t + 1) / threads);
            // SAFETY: the result has room for all tiles, of which no other part has these.
            unsafe { self.tiles(&reads, &tiling, from..to, out) }
        };
        let compute = |out: *mut u8| match threads {
            1 => part(Out(out), 0),
            _ => {
                let out = Out(out);
                share::parts(threads, &|t| part(out, t));
            }
        };
        // SAFETY: the tiles cover the result.
        Ok(unsafe { NdArray::build(self.out, shape, &mut { compute }) })
    }

    /// # Safety
    /// The operands must be of the shape and data types that were planned, and `out` must have room for the tiles' elements.
    unsafe fn tiles(&self, reads: &[Read], tiling: &Tiling, tiles: Range<usize>, out: Out) {
        let space = self.space();
        // SAFETY: a buffer holds a tile of the widest elements; operands lie as their axes say, and a tile lies within them.
        unsafe {
            let mut ins: SmallVec<[*const u8; 4]> = SmallVec::from_elem(std::ptr::null(), reads.len());
            for (i, read) in reads.iter().enumerate().filter(|(_, read)| read.is_one_element()) {
                pack(read.size, space.buffer(i), read.start, &[Axis { len: self.tile, step: 0 }]);
                ins[i] = space.buffer(i);
            }
            for tile in tiles.clone() {
                let mut ahead: SmallVec<[(*const u8, usize); 4]> = SmallVec::new();
                for (i, read) in reads.iter().enumerate().filter(|(_, read)| !read.is_one_element()) {
                    let (offset, axes) = tiling.at(tile, &read.axes);
                    let start = read.start.wrapping_offset(offset);
                    if !is_dense(read.size, &axes) {
                        pack(read.size, space.buffer(i), start, &axes);
                        ins[i] = space.buffer(i);
                        continue;
                    }
                    ins[i] = start;
                    if tile + 1 < tiles.end {
                        let next = read.start.wrapping_offset(tiling.at(tile + 1, &read.axes).0);
                        ahead.push((next, tiling.place(tile).1 * read.size));
                    }
                }
                let (at, n) = tiling.place(tile);
                let steps = self.steps();
                self.compute(&space, n, &ins, out.0.wrapping_add(at * self.out.size()), |k| {
                    // While this tile is computed, the next one comes from memory, a share of it with each loop.
                    for &(start, bytes) in &ahead {
                        prefetch(start, bytes * k / steps..bytes * (k + 1) / steps);
                    }
                });
            }
        }
    }

    /// How many loops a tile goes through.
    pub(super) fn steps(&self) -> usize {
        self.instructions.len()
    }

    /// Elements that a buffer holds.
    pub(super) fn tile(&self) -> usize {
        self.tile
    }

    /// The result's data type.
    pub(crate) fn result(&self) -> DType {
        self.out
    }

    /// Buffers for one thread, those of numbers filled: the first ones are the operands'.
    pub(super) fn space(&self) -> Space {
        let tile_bytes = self.tile * self.widest;
        let mut memory: Vec<MaybeUninit<u8>> = Vec::with_capacity(self.buffers * tile_bytes + CACHE_LINE);
        let first = memory.as_mut_ptr().cast::<u8>();
        let first = first.wrapping_add(first.align_offset(CACHE_LINE));
        let space = Space { _memory: memory, first, tile_bytes };
        for (at, number, size) in &self.numbers {
            // SAFETY: a buffer holds a tile of the widest elements.
            unsafe { pack(*size, space.buffer(*at), number.ptr(), &[Axis { len: self.tile, step: 0 }]) };
        }
        space
    }

    /// The last operation's result for `n` contiguous elements of each operand; `before` is told the number of each loop.
    ///
    /// # Safety
    /// The space must be this chain's, `n` at most a tile, and operands and `out` of as many elements of the planned data types.
    #[inline(always)]
    pub(super) unsafe fn compute(
        &self,
        space: &Space,
        n: usize,
        ins: &[*const u8],
        out: *mut u8,
        mut before: impl FnMut(usize),
    ) {
        for (k, instruction) in self.instructions.iter().enumerate() {
            before(k);
            let find = |place: Place| match place {
                Place::Input(i) => ins[i],
                Place::Buffer(i) => space.buffer(i).cast_const(),
                Place::Result => std::ptr::null(),
            };
            let mut operands = [std::ptr::null(); 3];
            operands.iter_mut().zip(&instruction.ins).for_each(|(o, &place)| *o = find(place));
            let to = match instruction.out {
                Place::Buffer(i) => space.buffer(i),
                Place::Input(_) | Place::Result => out,
            };
            // SAFETY: the caller's promise; buffers hold a tile.
            unsafe { (instruction.inner)(n, to, operands) };
        }
    }
}

/// Buffers of a tile each.
pub(super) struct Space {
    _memory: Vec<MaybeUninit<u8>>,
    first: *mut u8,
    tile_bytes: usize,
}

impl Space {
    #[inline(always)]
    pub(super) fn buffer(&self, i: usize) -> *mut u8 {
        self.first.wrapping_add(i * self.tile_bytes)
    }
}

/// Has bytes brought to the first-level cache, without waiting for them.
#[inline(always)]
pub(super) fn prefetch(start: *const u8, bytes: Range<usize>) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in bytes.step_by(CACHE_LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: it changes nothing that a program can see, and no address is wrong for it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = (start, bytes);
}

/// The result's memory, of which each thread writes tiles of its own.
#[derive(Clone, Copy)]
struct Out(*mut u8);

// SAFETY: threads write to tiles of their own only, while the caller waits for them.
unsafe impl Send for Out {}
// SAFETY: the same.
unsafe impl Sync for Out {}

/// The loop of each operation, and the data type of its operands.
fn kernels(steps: &[(&'static Op, SmallVec<[Origin; 3]>)], dtypes: &[DType]) -> Option<Vec<(Kernel, DType)>> {
    let mut made: Vec<(Kernel, DType)> = vec![];
    for (op, ins) in steps {
        let given: SmallVec<[Option<DType>; 3]> = ins
            .iter()
            .map(|from| match *from {
                Origin::Input(i) => Some(dtypes[i]),
                Origin::Step(s) => Some(made[s].0.out),
                Origin::Number(_) => None,
            })
            .collect();
        let operands = match op.name {
            "where" => {
                (given[0] == Some(DType::Bool)).then_some(())?;
                &given[1..]
            }
            _ => &given[..],
        };
        let mut known = operands.iter().flatten();
        let dtype = *known.next()?;
        known.all(|d| *d == dtype).then_some(())?;
        made.push((op.kernels[dtype as usize]?, dtype));
    }
    Some(made)
}

/// An operand in memory.
struct Read {
    start: *const u8,
    size: usize,
    /// The result's axes, of which those are one that are one for all operands.
    axes: SmallVec<[Axis; 6]>,
}

// SAFETY: it is only read from, while the operands live.
unsafe impl Sync for Read {}

impl Read {
    fn is_one_element(&self) -> bool {
        self.axes.iter().all(|axis| axis.step == 0)
    }
}

fn reads(inputs: &[&NdArray], sizes: &[usize], shape: &[usize]) -> SmallVec<[Read; 4]> {
    let mut reads: SmallVec<[Read; 4]> =
        inputs.iter().zip(sizes).map(|(x, &size)| Read { start: x.ptr(), size, axes: SmallVec::new() }).collect();
    for (axis, &len) in shape.iter().enumerate().filter(|(_, len)| **len != 1) {
        let here = |x: &NdArray, size: usize| {
            let own = (axis + x.shape().len()).checked_sub(shape.len());
            let own = own.filter(|&own| x.shape()[own] != 1);
            Axis { len, step: own.map_or(0, |own| x.strides()[own] * size as isize) }
        };
        let next: SmallVec<[Axis; 4]> = inputs.iter().zip(sizes).map(|(x, &size)| here(x, size)).collect();
        let joins = |read: &Read, next: &Axis| read.axes.last().is_some_and(|a| a.step == next.step * len as isize);
        let merges = reads.iter().zip(&next).all(|(read, next)| joins(read, next));
        for (read, mut next) in reads.iter_mut().zip(next) {
            if merges {
                next.len *= read.axes.pop().map_or(1, |outer| outer.len);
            }
            read.axes.push(next);
        }
    }
    let scalar = reads.first().is_some_and(|read| read.axes.is_empty());
    if scalar {
        reads.iter_mut().for_each(|read| read.axes.push(Axis { len: 1, step: 0 }));
    }
    reads
}

/// Whether a box's elements lie one after the other.
pub(super) fn is_dense(size: usize, axes: &[Axis]) -> bool {
    let mut expected = size as isize;
    axes.iter().rev().all(|axis| {
        let fits = axis.len == 1 || axis.step == expected;
        expected *= axis.len as isize;
        fits
    })
}
