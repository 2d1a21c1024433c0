//! Computing a planned elementwise operation: tile by tile, in parallel where it is large.

use smallvec::SmallVec;

use crate::engine::chain::{is_dense, prefetch};
use crate::engine::kernel::{CHEAP_GRAIN, Loop};
use crate::engine::pack::{Axis, CROSSED, pack};
use crate::engine::share;
use crate::engine::stream;

/// Bytes of one operand's tile: three of them and the result's fit the first-level cache.
const TILE_BYTES: usize = 8192;

/// Bytes of an operand's tile of a result that is written past the caches: reading goes on while that is done.
const STREAM_TILE: usize = 512;
/// How many of them ahead memory is asked for.
const AHEAD: usize = 4;

/// Bytes of each column of a tile of which an operand lies by columns: two cache lines are read together.
const COLUMN: usize = 128;
/// Columns of such a tile: rows are read and written in pieces long enough for memory to come ahead.
const COLUMNS: usize = 256;

/// How an operand reaches the inner loop.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// It lies as the result does: read in place.
    Direct,
    /// It lies as the result does and is overwritten by it: copied tile by tile.
    Staged,
    /// One element for all: a tile is filled with it once.
    Fill,
    /// Anything else: gathered tile by tile.
    Pack,
}

/// One elementwise computation, planned.
pub(crate) struct Job {
    pub(crate) kernel: Loop,
    pub(crate) grain: usize,
    pub(crate) out: *mut u8,
    pub(crate) out_size: usize,
    pub(crate) len: usize,
    pub(crate) count: usize,
    pub(crate) sizes: [usize; 3],
    pub(crate) ins: [*const u8; 3],
    pub(crate) forms: [Form; 3],
    /// For packed operands: the axes after merging, the last of them innermost.
    pub(crate) axes: [SmallVec<[Axis; 6]>; 3],
}

// SAFETY: a job only reads through `ins`, whose arrays outlive it, and each thread writes its own part of the result.
unsafe impl Sync for Job {}

/// A tile of the result: whole inner axes, and a run of the axis before them.
pub(crate) struct Tiling {
    /// Elements of the inner axes together.
    inner: usize,
    /// The axis that is cut, counted from the outermost, and its length.
    cut: usize,
    cut_len: usize,
    /// How much of it makes a tile.
    rows: usize,
    /// Tiles along the cut axis.
    per_cut: usize,
    /// All tiles.
    pub(crate) tiles: usize,
}

impl Tiling {
    /// Tiles of at most so many elements.
    pub(crate) fn new(axes: &[Axis], tile: usize) -> Tiling {
        let (mut inner, mut cut) = (1, axes.len() - 1);
        while cut > 0 && inner * axes[cut].len <= tile {
            inner *= axes[cut].len;
            cut -= 1;
        }
        let rows = (tile / inner).min(axes[cut].len).max(1);
        let per_cut = axes[cut].len.div_ceil(rows);
        let tiles = per_cut * axes[..cut].iter().map(|a| a.len).product::<usize>();
        Tiling { inner, cut, cut_len: axes[cut].len, rows, per_cut, tiles }
    }

    /// Where a tile begins in the result, and its elements.
    pub(crate) fn place(&self, tile: usize) -> (usize, usize) {
        let (outer, start) = (tile / self.per_cut, tile % self.per_cut * self.rows);
        ((outer * self.cut_len + start) * self.inner, self.rows.min(self.cut_len - start) * self.inner)
    }

    /// Where a tile begins in an operand, in bytes from its first element, and the tile's axes there.
    pub(crate) fn at(&self, tile: usize, axes: &[Axis]) -> (isize, SmallVec<[Axis; 6]>) {
        let (mut outer, start) = (tile / self.per_cut, tile % self.per_cut * self.rows);
        let mut offset = start as isize * axes[self.cut].step;
        for axis in axes[..self.cut].iter().rev() {
            offset += (outer % axis.len) as isize * axis.step;
            outer /= axis.len;
        }
        let mut box_axes: SmallVec<[Axis; 6]> = SmallVec::from_slice(&axes[self.cut..]);
        box_axes[0].len = self.rows.min(self.cut_len - start);
        (offset, box_axes)
    }
}

#[allow(clippy::needless_range_loop)] // operands are parallel arrays with one index
impl Job {
    /// # Safety
    /// `out` must have room for `len` elements, and the forms must describe the operands.
    pub(crate) unsafe fn execute(&mut self, out: *mut u8) {
        self.out = out;
        let job = &*self;
        // SAFETY: the caller's promise.
        unsafe { job.compute() }
    }

    unsafe fn compute(&self) {
        if self.len == 0 {
            return;
        }
        let direct = self.forms[..self.count].iter().all(|&f| f == Form::Direct);
        let packed = self.forms[..self.count].iter().position(|&f| f == Form::Pack);
        let threads = self.threads();
        // SAFETY: the parts cover the result without overlap; the rest is the caller's promise.
        unsafe {
            match packed {
                Some(first) if self.crossed() => {
                    let axes = &self.axes[first];
                    let [.., rows, columns] = axes[..] else { return };
                    let tile = [COLUMN / self.widest(), COLUMNS];
                    let per_row = columns.len.div_ceil(tile[1]);
                    let per_matrix = per_row * rows.len.div_ceil(tile[0]);
                    let tiles = per_matrix * axes[..axes.len() - 2].iter().map(|a| a.len).product::<usize>();
                    self.split(threads, tiles, &|from, to| self.turned(tile, [per_matrix, per_row], from, to));
                }
                Some(first) => {
                    let tiling = Tiling::new(&self.axes[first], self.tile_elements());
                    self.split(threads, tiling.tiles, &|from, to| self.packed(&tiling, from, to));
                }
                None if self.is_streamed() => self.split(threads, self.len.div_ceil(64), &|from, to| {
                    self.streamed(from * 64, (to * 64).min(self.len));
                }),
                None if direct && threads == 1 => (self.kernel)(self.len, self.out, self.ins),
                None => {
                    // Parts begin at multiples of a cache line of elements, so that threads share none.
                    let parts = self.len.div_ceil(64);
                    self.split(threads, parts, &|from, to| {
                        let (from, to) = (from * 64, (to * 64).min(self.len));
                        if direct {
                            let ins = self.offset(from);
                            (self.kernel)(to - from, self.out.add(from * self.out_size), ins)
                        } else {
                            self.linear(from, to)
                        }
                    });
                }
            }
        }
    }

    /// How many parts to compute in parallel: one inside the pool, where independent work already fills the threads.
    fn threads(&self) -> usize {
        if self.len < 2 * self.grain || !share::alone() {
            return 1;
        }
        (self.len / self.grain).min(4 * rayon::current_num_threads())
    }

    fn split(&self, threads: usize, units: usize, part: &(dyn Fn(usize, usize) + Sync)) {
        if threads == 1 {
            return part(0, units);
        }
        share::parts(threads, &|t| part(units * t / threads, units * (t + 1) / threads));
    }

    unsafe fn offset(&self, elements: usize) -> [*const u8; 3] {
        let mut ins = self.ins;
        for i in 0..self.count {
            // SAFETY: within the operand, as it is direct and `elements` is below its length.
            ins[i] = unsafe { ins[i].add(elements * self.sizes[i]) };
        }
        ins
    }

    fn tile_elements(&self) -> usize {
        TILE_BYTES / self.widest()
    }

    /// Bytes of the widest element.
    fn widest(&self) -> usize {
        self.sizes[..self.count].iter().copied().max().unwrap_or(1).max(self.out_size)
    }

    /// Elements `from..to` of a result whose operands are all direct, staged or filled.
    #[inline(never)]
    unsafe fn linear(&self, from: usize, to: usize) {
        let mut memory = Buffers::<TILE_BYTES>::new();
        let buffers = memory.starts();
        let tile = self.tile_elements();
        let mut ins = [std::ptr::null(); 3];
        // SAFETY: a buffer holds a tile; `i + n <= to <= len`.
        unsafe {
            self.fill(&buffers, &mut ins, tile.min(to - from));
            let mut i = from;
            while i < to {
                let n = tile.min(to - i);
                self.advance(&buffers, &mut ins, i, n);
                (self.kernel)(n, self.out.add(i * self.out_size), ins);
                i += n;
            }
        }
    }

    /// Whether the result is written past the caches: not where an operand is there already, nor where computing takes longer
    /// than memory does, since tiles as short as that would interrupt it.
    fn is_streamed(&self) -> bool {
        self.grain >= CHEAP_GRAIN
            && stream::streams(self.len.saturating_mul(self.out_size))
            && !self.forms[..self.count].contains(&Form::Staged)
    }

    /// Elements `from..to` of a result whose operands are all direct or filled, past the caches.
    #[inline(never)]
    unsafe fn streamed(&self, from: usize, to: usize) {
        let mut memory = Buffers::<TILE_BYTES>::new();
        let buffers = memory.starts();
        let mut result = Buffer::<STREAM_TILE>(std::mem::MaybeUninit::uninit());
        let result = result.0.as_mut_ptr().cast::<u8>();
        let tile = STREAM_TILE / self.widest();
        let mut ins = [std::ptr::null(); 3];
        // SAFETY: a buffer holds a tile; `i + n <= to <= len`.
        unsafe {
            self.fill(&buffers, &mut ins, tile.min(to - from));
            let mut i = from;
            while i < to {
                let n = tile.min(to - i);
                self.advance(&buffers, &mut ins, i, n);
                for k in (0..self.count).filter(|&k| self.forms[k] == Form::Direct) {
                    // Writing past the caches waits for nothing, and reading shall not either.
                    prefetch(ins[k], AHEAD * n * self.sizes[k]..(AHEAD + 1) * n * self.sizes[k]);
                }
                (self.kernel)(n, result, ins);
                stream::copy(self.out.add(i * self.out_size), result, n * self.out_size);
                i += n;
            }
        }
        stream::finish();
    }

    /// Whether an operand lies by columns, so that it is better read in squares than in rows.
    fn crossed(&self) -> bool {
        (0..self.count).any(|k| match &self.axes[k][..] {
            [.., rows, columns] if self.forms[k] == Form::Pack => {
                let size = self.sizes[k];
                let apart = columns.step.unsigned_abs() > size && rows.step == size as isize;
                apart && rows.len.min(columns.len) >= CROSSED
            }
            _ => false,
        })
    }

    /// Tiles `from..to` of so many rows and columns, of a result of which an operand lies by columns.
    #[inline(never)]
    unsafe fn turned(&self, tile: [usize; 2], [per_matrix, per_row]: [usize; 2], from: usize, to: usize) {
        let mut memory = Buffers::<{ COLUMN * COLUMNS }>::new();
        let buffers = memory.starts();
        let mut ins = [std::ptr::null(); 3];
        // SAFETY: every tile lies inside the result and inside each operand's axes; a buffer holds a tile.
        unsafe {
            self.fill(&buffers, &mut ins, tile[1]);
            for t in from..to {
                let (matrix, row) = (t / per_matrix, t % per_matrix / per_row * tile[0]);
                let column = t % per_row * tile[1];
                let (mut extents, mut here) = ([0; 2], [0; 2]);
                for k in 0..self.count {
                    if self.forms[k] != Form::Pack {
                        continue;
                    }
                    let [ref outer @ .., rows, columns] = self.axes[k][..] else { return };
                    extents = [rows.len, columns.len];
                    here = [tile[0].min(rows.len - row), tile[1].min(columns.len - column)];
                    let mut src =
                        self.ins[k].wrapping_offset(row as isize * rows.step + column as isize * columns.step);
                    let mut rest = matrix;
                    for axis in outer.iter().rev() {
                        src = src.wrapping_offset((rest % axis.len) as isize * axis.step);
                        rest /= axis.len;
                    }
                    let axes = [Axis { len: here[0], ..rows }, Axis { len: here[1], ..columns }];
                    pack(self.sizes[k], buffers.at(k), src, &axes);
                }
                for r in 0..here[0] {
                    let at = (matrix * extents[0] + row + r) * extents[1] + column;
                    self.advance(&buffers, &mut ins, at, here[1]);
                    for k in (0..self.count).filter(|&k| self.forms[k] == Form::Pack) {
                        ins[k] = buffers.at(k).wrapping_add(r * here[1] * self.sizes[k]);
                    }
                    (self.kernel)(here[1], self.out.add(at * self.out_size), ins);
                }
            }
        }
    }

    /// Points `ins` at elements `at..at + n` of the operands that lie as the result does: in place, or copied where the
    /// result overwrites them.
    #[inline(always)]
    unsafe fn advance(&self, buffers: &Starts, ins: &mut [*const u8; 3], at: usize, n: usize) {
        for k in 0..self.count {
            let from = self.ins[k].wrapping_add(at * self.sizes[k]);
            match self.forms[k] {
                Form::Direct => ins[k] = from,
                Form::Staged => {
                    // SAFETY: the caller's promise that the elements lie inside the operand, and a buffer holds a tile.
                    unsafe { std::ptr::copy_nonoverlapping(from, buffers.at(k), n * self.sizes[k]) };
                    ins[k] = buffers.at(k);
                }
                Form::Fill | Form::Pack => {}
            }
        }
    }

    /// Fills a tile with each operand that is one element for all.
    unsafe fn fill(&self, buffers: &Starts, ins: &mut [*const u8; 3], n: usize) {
        for k in 0..self.count {
            if self.forms[k] == Form::Fill {
                // SAFETY: the operand has an element, and the buffer room for a tile.
                unsafe { pack(self.sizes[k], buffers.at(k), self.ins[k], &[Axis { len: n, step: 0 }]) };
                ins[k] = buffers.at(k);
            }
        }
    }

    /// Tiles `from..to` of a result with operands that must be gathered.
    #[inline(never)]
    unsafe fn packed(&self, tiling: &Tiling, from: usize, to: usize) {
        let mut memory = Buffers::<TILE_BYTES>::new();
        let buffers = memory.starts();
        let mut ins = [std::ptr::null(); 3];
        // SAFETY: every tile lies inside the result and inside each operand's axes; a buffer holds a tile.
        unsafe {
            self.fill(&buffers, &mut ins, tiling.rows * tiling.inner);
            // What was gathered last: rows that are all the same are, once.
            let mut gathered = [(std::ptr::null(), 0); 3];
            for t in from..to {
                let (at, n) = tiling.place(t);
                for k in 0..self.count {
                    if self.forms[k] != Form::Pack {
                        continue;
                    }
                    let (start, axes) = tiling.at(t, &self.axes[k]);
                    let from = self.ins[k].wrapping_offset(start);
                    if is_dense(self.sizes[k], &axes) {
                        ins[k] = from;
                        continue;
                    }
                    ins[k] = buffers.at(k);
                    if axes[0].step != 0 || gathered[k].0 != from || gathered[k].1 < n {
                        pack(self.sizes[k], buffers.at(k), from, &axes);
                        gathered[k] = (from, n);
                    }
                }
                self.advance(&buffers, &mut ins, at, n);
                (self.kernel)(n, self.out.add(at * self.out_size), ins);
            }
        }
    }
}

/// Tiles for three operands, uninitialised until packed.
struct Buffers<const BYTES: usize>([Buffer<BYTES>; 3]);

/// Room that begins with a cache line.
#[repr(align(64))]
struct Buffer<const BYTES: usize>(std::mem::MaybeUninit<[u8; BYTES]>);

impl<const BYTES: usize> Buffers<BYTES> {
    #[inline(always)]
    fn new() -> Buffers<BYTES> {
        Buffers([const { Buffer(std::mem::MaybeUninit::uninit()) }; 3])
    }
    /// Where each begins. Asked once: another unique borrow of the buffers would end what these may access.
    fn starts(&mut self) -> Starts {
        Starts(self.0.each_mut().map(|buffer| buffer.0.as_mut_ptr().cast()))
    }
}

/// The beginnings of [`Buffers`].
struct Starts([*mut u8; 3]);

impl Starts {
    #[inline(always)]
    fn at(&self, k: usize) -> *mut u8 {
        self.0[k]
    }
}
