//! The one driver of all elementwise operations: broadcast, layouts, tiles, donation and threads.
//!
//! The result is walked in memory order. An operand that lies in the same order is read where it is; any other is copied
//! into a small tile that stays in the first-level cache ([`crate::pack`]). Inner loops therefore see contiguous memory
//! only, an element's value cannot depend on layout or position, and a result may overwrite a donated operand: such an
//! operand is staged through a tile too, so that no loop ever sees overlapping memory.

use array_api::{DType, Error, Result};
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::array::NdArray;
use crate::kernel::{Loop, Op};
use crate::pack::{Axis, pack};

/// An operand, borrowed or given away.
pub enum Operand<'a> {
    /// Read only.
    Ref(&'a NdArray),
    /// Donated: the result may take its buffer if nobody else owns it.
    Own(NdArray),
}

impl<'a> From<&'a NdArray> for Operand<'a> {
    fn from(array: &'a NdArray) -> Self {
        Operand::Ref(array)
    }
}

impl From<NdArray> for Operand<'_> {
    fn from(array: NdArray) -> Self {
        Operand::Own(array)
    }
}

impl Operand<'_> {
    pub(crate) fn array(&self) -> &NdArray {
        match self {
            Operand::Ref(array) => array,
            Operand::Own(array) => array,
        }
    }
}

/// Bytes of one operand's tile: three of them and the result's fit the first-level cache.
const TILE_BYTES: usize = 8192;

/// Applies an operation to operands that broadcast to `shape`.
///
/// The kernel is chosen by the last operand's data type; the protocol has made the operands' types equal.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) if the operation is not defined for that type.
#[inline]
pub fn map<const N: usize>(op: &Op, mut operands: [Operand<'_>; N], shape: &[usize]) -> Result<NdArray> {
    const { assert!(N >= 1 && N <= 3) }
    run(op, &mut operands, shape)
}

#[cold]
fn undefined(op: &Op, dtype: DType) -> Error {
    let defined: Vec<_> = array_api::DTYPES.into_iter().filter(|&d| op.result(d).is_some()).map(DType::name).collect();
    Error::dtype(op.name, format!("is not defined for {dtype}, only for {}", defined.join(", ")))
}

fn run(op: &Op, operands: &mut [Operand<'_>], shape: &[usize]) -> Result<NdArray> {
    let dtype = operands[operands.len() - 1].array().dtype();
    let Some(kernel) = op.kernels[dtype as usize] else { return Err(undefined(op, dtype)) };
    let len: usize = shape.iter().product();
    let standard = operands.iter().all(|o| {
        let a = o.array();
        a.len() == 1 || (a.is_contiguous() && a.shape() == shape)
    });
    let order: SmallVec<[usize; 6]> =
        if standard { SmallVec::new() } else { memory_order(operands, shape.len(), shape) };
    let reordered = order.iter().enumerate().any(|(i, &o)| i != o);
    let ordered: SmallVec<[usize; 6]> =
        if reordered { order.iter().map(|&a| shape[a]).collect() } else { SmallVec::from_slice(shape) };

    let donated = donate(operands, kernel.out, shape, &ordered, &order, reordered);
    let mut job = Job {
        kernel: kernel.inner(),
        grain: kernel.grain,
        out: std::ptr::null_mut(),
        out_size: kernel.out.size(),
        len,
        count: operands.len(),
        sizes: [1; 3],
        ins: [std::ptr::null(); 3],
        forms: [Form::Direct; 3],
        axes: [SmallVec::new(), SmallVec::new(), SmallVec::new()],
    };
    for (i, operand) in operands.iter().enumerate() {
        let a = operand.array();
        job.sizes[i] = a.dtype().size();
        job.ins[i] = a.ptr();
        job.forms[i] = if Some(i) == donated.map(|d| d.0) {
            Form::Staged
        } else if a.len() == 1 && len != 1 {
            Form::Fill
        } else {
            Form::Direct
        };
    }
    if !standard {
        plan(&mut job, operands, &order, &ordered);
    }

    Ok(match donated {
        Some((i, out)) => {
            // SAFETY: the donated buffer has the result's type and layout and no other owner; the job's forms describe
            // the operands.
            unsafe { job.execute(out) };
            match std::mem::replace(&mut operands[i], Operand::Own(NdArray::scalar(false))) {
                Operand::Own(array) => array,
                Operand::Ref(_) => unreachable!("only an owned operand is donated"),
            }
        }
        None => {
            // SAFETY: the job writes `len` elements, the product of either shape.
            let out = unsafe { NdArray::build(kernel.out, &ordered, &mut |out| job.execute(out)) };
            if reordered {
                let mut back = SmallVec::<[usize; 6]>::from_elem(0, order.len());
                for (i, &o) in order.iter().enumerate() {
                    back[o] = i;
                }
                out.permuted(&back)
            } else {
                out
            }
        }
    })
}

/// The order of axes, outermost first, in which the first operand of full shape lies in memory; C order if it lies so.
///
/// Following a transposed operand reads and writes memory in its order instead of against it.
fn memory_order(operands: &[Operand<'_>], rank: usize, shape: &[usize]) -> SmallVec<[usize; 6]> {
    let mut order: SmallVec<[usize; 6]> = (0..rank).collect();
    if let Some(full) = operands.iter().map(Operand::array).find(|a| a.shape() == shape) {
        let strides = full.strides();
        let distance = |a: usize| if shape[a] <= 1 { None } else { Some(strides[a].unsigned_abs()) };
        // Axes of length one have no distance and must not move: an insertion sort that leaves them in place.
        let moving: SmallVec<[usize; 6]> = (0..rank).filter(|&a| distance(a).is_some()).collect();
        let mut sorted = moving.clone();
        sorted.sort_by_key(|&a| std::cmp::Reverse(distance(a)));
        for (&slot, &axis) in moving.iter().zip(&sorted) {
            order[slot] = axis;
        }
    }
    order
}

/// Finds an operand that may be overwritten by the result: its index and address.
fn donate(
    operands: &mut [Operand<'_>],
    out: DType,
    shape: &[usize],
    ordered: &[usize],
    order: &[usize],
    reordered: bool,
) -> Option<(usize, *mut u8)> {
    operands.iter_mut().enumerate().find_map(|(i, operand)| {
        let Operand::Own(array) = operand else { return None };
        if array.dtype() != out || array.shape() != shape {
            return None;
        }
        let dense = if reordered {
            let mut expected = 1;
            let mut dense = true;
            for (&axis, &len) in order.iter().zip(ordered).rev() {
                dense &= len <= 1 || array.strides()[axis] == expected;
                expected *= len.max(1) as isize;
            }
            dense
        } else {
            array.is_contiguous()
        };
        if dense { array.unique_ptr().map(|p| (i, p)) } else { None }
    })
}

/// How an operand reaches the inner loop.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// It lies as the result does: read in place.
    Direct,
    /// It lies as the result does and is overwritten by it: copied tile by tile.
    Staged,
    /// One element for all: a tile is filled with it once.
    Fill,
    /// Anything else: gathered tile by tile.
    Pack,
}

struct Job {
    kernel: Loop,
    grain: usize,
    out: *mut u8,
    out_size: usize,
    len: usize,
    count: usize,
    sizes: [usize; 3],
    ins: [*const u8; 3],
    forms: [Form; 3],
    /// For packed operands: the axes after merging, the last of them innermost.
    axes: [SmallVec<[Axis; 6]>; 3],
}

// SAFETY: a job only reads through `ins`, whose arrays outlive it, and each thread writes its own part of the result.
unsafe impl Sync for Job {}

/// Brings the operands' axes into the result's memory order, merges neighbours, and decides each operand's form.
fn plan(job: &mut Job, operands: &[Operand<'_>], order: &[usize], ordered: &[usize]) {
    let mut lens: SmallVec<[usize; 6]> = SmallVec::new();
    let mut steps: SmallVec<[[isize; 3]; 6]> = SmallVec::new();
    for (&axis, &len) in order.iter().zip(ordered) {
        if len == 1 {
            continue;
        }
        let mut step = [0; 3];
        for (i, operand) in operands.iter().enumerate() {
            let a = operand.array();
            // Broadcasting aligns the last axes.
            let missing = order.len() - a.shape().len();
            if axis >= missing && a.shape()[axis - missing] != 1 {
                step[i] = a.strides()[axis - missing] * job.sizes[i] as isize;
            }
        }
        let merges = steps.last().is_some_and(|outer| (0..job.count).all(|i| outer[i] == step[i] * len as isize));
        if merges {
            let last = lens.len() - 1;
            lens[last] *= len;
            steps[last] = step;
        } else {
            lens.push(len);
            steps.push(step);
        }
    }
    for i in 0..job.count {
        if job.forms[i] == Form::Staged {
            continue;
        }
        let mut expected = job.sizes[i] as isize;
        let (mut direct, mut fill) = (true, true);
        for (&len, step) in lens.iter().zip(&steps).rev() {
            direct &= step[i] == expected;
            fill &= step[i] == 0;
            expected *= len as isize;
        }
        job.forms[i] = match (direct, fill) {
            (true, _) => Form::Direct,
            (_, true) => Form::Fill,
            _ => Form::Pack,
        };
        job.axes[i] = lens.iter().zip(&steps).map(|(&len, step)| Axis { len, step: step[i] }).collect();
    }
}

/// A tile of the result: whole inner axes, and a run of the axis before them.
struct Tiling {
    /// Elements of the inner axes together.
    inner: usize,
    /// The axis that is cut, counted from the outermost.
    cut: usize,
    /// How much of it makes a tile.
    rows: usize,
    /// Tiles along the cut axis.
    per_cut: usize,
    /// All tiles.
    tiles: usize,
}

impl Job {
    /// # Safety
    /// `out` must have room for `len` elements, and the forms must describe the operands.
    unsafe fn execute(&mut self, out: *mut u8) {
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
                Some(first) => {
                    let tiling = self.tiling(&self.axes[first]);
                    self.split(threads, tiling.tiles, &|from, to| self.packed(&tiling, from, to));
                }
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
        if self.len < 2 * self.grain || rayon::current_thread_index().is_some() {
            return 1;
        }
        (self.len / self.grain).min(4 * rayon::current_num_threads())
    }

    fn split(&self, threads: usize, units: usize, part: &(dyn Fn(usize, usize) + Sync)) {
        if threads == 1 {
            return part(0, units);
        }
        (0..threads).into_par_iter().for_each(|t| part(units * t / threads, units * (t + 1) / threads));
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
        let widest = self.sizes[..self.count].iter().copied().max().unwrap_or(1).max(self.out_size);
        TILE_BYTES / widest
    }

    /// Elements `from..to` of a result whose operands are all direct, staged or filled.
    #[inline(never)]
    unsafe fn linear(&self, from: usize, to: usize) {
        let mut buffers = Buffers::new();
        let tile = self.tile_elements();
        let mut ins = [std::ptr::null(); 3];
        // SAFETY: a buffer holds a tile; `i + n <= to <= len`.
        unsafe {
            self.fill(&mut buffers, &mut ins, tile.min(to - from));
            let mut i = from;
            while i < to {
                let n = tile.min(to - i);
                for k in 0..self.count {
                    let at = self.ins[k].wrapping_add(i * self.sizes[k]);
                    match self.forms[k] {
                        Form::Direct => ins[k] = at,
                        Form::Staged => {
                            std::ptr::copy_nonoverlapping(at, buffers.at(k), n * self.sizes[k]);
                            ins[k] = buffers.at(k);
                        }
                        Form::Fill | Form::Pack => {}
                    }
                }
                (self.kernel)(n, self.out.add(i * self.out_size), ins);
                i += n;
            }
        }
    }

    unsafe fn fill(&self, buffers: &mut Buffers, ins: &mut [*const u8; 3], n: usize) {
        for k in 0..self.count {
            if self.forms[k] == Form::Fill {
                // SAFETY: the operand has an element, and the buffer room for a tile.
                unsafe { pack(self.sizes[k], buffers.at(k), self.ins[k], &[Axis { len: n, step: 0 }]) };
                ins[k] = buffers.at(k);
            }
        }
    }

    fn tiling(&self, axes: &[Axis]) -> Tiling {
        let tile = self.tile_elements();
        let (mut inner, mut cut) = (1, axes.len() - 1);
        while cut > 0 && inner * axes[cut].len <= tile {
            inner *= axes[cut].len;
            cut -= 1;
        }
        let rows = (tile / inner).min(axes[cut].len);
        let per_cut = axes[cut].len.div_ceil(rows);
        let tiles = per_cut * axes[..cut].iter().map(|a| a.len).product::<usize>();
        Tiling { inner, cut, rows, per_cut, tiles }
    }

    /// Tiles `from..to` of a result with operands that must be gathered.
    #[inline(never)]
    unsafe fn packed(&self, tiling: &Tiling, from: usize, to: usize) {
        let mut buffers = Buffers::new();
        let mut ins = [std::ptr::null(); 3];
        let &Tiling { inner, cut, rows, per_cut, .. } = tiling;
        // SAFETY: every tile lies inside the result and inside each operand's axes; a buffer holds a tile.
        unsafe {
            self.fill(&mut buffers, &mut ins, rows * inner);
            for t in from..to {
                let (outer, start) = (t / per_cut, t % per_cut * rows);
                let mut cut_len = 0;
                for k in 0..self.count {
                    if self.forms[k] != Form::Pack {
                        continue;
                    }
                    let axes = &self.axes[k];
                    let mut src = self.ins[k].wrapping_offset(start as isize * axes[cut].step);
                    let mut rest = outer;
                    for axis in axes[..cut].iter().rev() {
                        src = src.wrapping_offset((rest % axis.len) as isize * axis.step);
                        rest /= axis.len;
                    }
                    cut_len = axes[cut].len;
                    let mut tile: SmallVec<[Axis; 6]> = SmallVec::from_slice(&axes[cut..]);
                    tile[0].len = rows.min(cut_len - start);
                    pack(self.sizes[k], buffers.at(k), src, &tile);
                    ins[k] = buffers.at(k);
                }
                let n = rows.min(cut_len - start) * inner;
                let at = (outer * cut_len + start) * inner;
                for k in 0..self.count {
                    let from = self.ins[k].wrapping_add(at * self.sizes[k]);
                    match self.forms[k] {
                        Form::Direct => ins[k] = from,
                        Form::Staged => {
                            std::ptr::copy_nonoverlapping(from, buffers.at(k), n * self.sizes[k]);
                            ins[k] = buffers.at(k);
                        }
                        Form::Fill | Form::Pack => {}
                    }
                }
                (self.kernel)(n, self.out.add(at * self.out_size), ins);
            }
        }
    }
}

/// Tiles for three operands, uninitialised until packed.
struct Buffers([[std::mem::MaybeUninit<u64>; TILE_BYTES / 8]; 3]);

impl Buffers {
    #[inline(always)]
    fn new() -> Buffers {
        Buffers([[std::mem::MaybeUninit::uninit(); TILE_BYTES / 8]; 3])
    }
    fn at(&mut self, k: usize) -> *mut u8 {
        self.0[k].as_mut_ptr().cast()
    }
}
