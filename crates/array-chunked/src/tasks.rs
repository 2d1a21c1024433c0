//! Tasks on chunks, as plain data: what a plan becomes before it runs.

use std::sync::Arc;

use array_api::{Array, Class, DType, Dims, Namespace, Op, Params, Value};
use smallvec::SmallVec;

use crate::chunks::Chunks;
use crate::node::{BlockFunction, Make, Slot};
use crate::program::Program;
use crate::storage::{Source, Stored};

/// A result of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Block {
    pub(crate) task: u32,
    pub(crate) output: u32,
}

/// What tasks do; many tasks share one.
pub(crate) enum Step {
    /// A chunk that is there.
    Value(Array),
    /// The box of an array that begins at `start`.
    Part { array: Array, start: Dims, extents: Dims },
    /// A function of the chunk's place.
    Make { make: Arc<Make>, start: Dims, extents: Dims },
    /// The box of what lies somewhere.
    Read { source: Arc<dyn Source>, start: Dims, extents: Dims },
    /// One call of an operation.
    Call { op: &'static Op, params: Box<dyn Params>, operands: SmallVec<[Slot; 3]>, space: Option<Namespace> },
    /// Several calls.
    Program(Arc<Program>),
    /// A function of the user's.
    Function(Arc<BlockFunction>),
    /// Writes chunk `chunk`, which begins at `start`, and has no result.
    Write { to: Arc<Stored>, chunk: usize, start: Dims },
}

/// One task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    pub(crate) step: u32,
    /// Which node of the plan it belongs to.
    pub(crate) node: u32,
    /// Its inputs end here in the list of edges, and begin where those of the task before end.
    pub(crate) edges: u32,
    /// The bytes of its results, as far as they are known before.
    pub(crate) bytes: u64,
}

/// The tasks of a plan. Inputs come before what needs them.
#[derive(Default)]
pub(crate) struct Tasks {
    pub(crate) steps: Vec<Step>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) edges: Vec<Block>,
    /// The node whose tasks are being emitted.
    pub(crate) node: u32,
    /// Which of that node's results are needed, by bits.
    pub(crate) wanted: u64,
}

impl Tasks {
    /// Whether anything needs this result of the node whose tasks are being emitted.
    pub(crate) fn is_wanted(&self, output: usize) -> bool {
        bit(output) == 0 || self.wanted & bit(output) != 0
    }

    /// Notes what tasks are going to do.
    pub(crate) fn step(&mut self, step: Step) -> u32 {
        self.steps.push(step);
        self.steps.len() as u32 - 1
    }

    /// A step of one call whose operands are the task's inputs, in order.
    pub(crate) fn call(&mut self, op: &'static Op, params: impl Params, inputs: usize) -> u32 {
        let operands = (0..inputs).map(Slot::Input).collect();
        self.step(Step::Call { op, params: Box::new(params), operands, space: None })
    }

    /// A step of several calls.
    pub(crate) fn program(&mut self, program: Program) -> u32 {
        self.step(Step::Program(Arc::new(program)))
    }

    /// A task.
    pub(crate) fn task(&mut self, step: u32, inputs: &[Block], bytes: u64) -> Block {
        self.edges.extend_from_slice(inputs);
        self.tasks.push(Task { step, node: self.node, edges: self.edges.len() as u32, bytes });
        Block { task: self.tasks.len() as u32 - 1, output: 0 }
    }

    /// The inputs of a task.
    #[inline]
    pub(crate) fn inputs(&self, task: u32) -> &[Block] {
        let start = task.checked_sub(1).map_or(0, |before| self.tasks[before as usize].edges);
        &self.edges[start as usize..self.tasks[task as usize].edges as usize]
    }

    /// The bytes that a task takes while it runs, beside its inputs and results.
    pub(crate) fn workspace(&self, task: u32) -> u64 {
        let copies = match &self.steps[self.tasks[task as usize].step as usize] {
            Step::Call { op, params, .. } => copies(op.name, &**params),
            Step::Read { source, start, extents } => return source.workspace(start, extents),
            _ => 0,
        };
        if copies == 0 {
            return 0;
        }
        let inputs = self.inputs(task).iter();
        inputs.fold(0_u64, |sum, b| sum.saturating_add(self.tasks[b.task as usize].bytes)).saturating_mul(copies)
    }

    /// The most bytes that a task which reads takes while it runs, beside its results.
    pub(crate) fn reading(&self) -> u64 {
        let steps = self.steps.iter().map(|step| match step {
            Step::Read { source, start, extents } => source.workspace(start, extents),
            _ => 0,
        });
        steps.max().unwrap_or(0)
    }

    /// Whether the task may write its results over what it is given.
    pub(crate) fn is_elementwise(&self, task: u32) -> bool {
        match &self.steps[self.tasks[task as usize].step as usize] {
            Step::Call { op, .. } => op.class == Class::Elementwise,
            _ => false,
        }
    }

    /// The number of tasks.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }
}

/// The bit of a result of a node; results beyond the last bit have none, and count as wanted.
pub(crate) fn bit(output: usize) -> u64 {
    u32::try_from(output).ok().and_then(|n| 1_u64.checked_shl(n)).unwrap_or(0)
}

/// How often a kernel has its operands in memory once more while it runs. Elementwise functions, sums and products take
/// no more than their operands and results.
fn copies(op: &str, params: &dyn Params) -> u64 {
    match op {
        "stacked_qr" if params.write().iter().any(|(_, mode)| *mode == Value::Text("r".into())) => 1,
        // In another order, with what is needed of the factors.
        "eig" | "eigh" | "eigvals" | "eigvalsh" | "stacked_qr" | "svd" | "svdvals" => 3,
        "cholesky_tile" | "inv" | "lu_panel" | "lu_substitute" | "solve" | "triangular_solve" => 1,
        // Pairs of a value and its place.
        "argsort" | "sort" | "unique_all" | "unique_counts" | "unique_inverse" | "unique_values" => 2,
        "join_unique" | "median" | "quantile" => 1,
        _ => 0,
    }
}

impl Block {
    /// Another result of the same task.
    pub(crate) fn output(self, output: u32) -> Block {
        Block { output, ..self }
    }
}

/// The chunks of an array as results of tasks.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) dtype: DType,
    pub(crate) chunks: Chunks,
    /// In row-major order.
    pub(crate) blocks: Vec<Block>,
}

impl Grid {
    /// The block at a place.
    pub(crate) fn at(&self, place: &[usize]) -> Block {
        let axes = self.chunks.axes();
        let flat = axes.iter().zip(place).fold(0, |flat, (axis, &i)| flat * axis.len() + i);
        self.blocks[flat]
    }

    /// The bytes of the chunk at a place; where extents are not known, none are counted.
    pub(crate) fn bytes(&self, place: &[usize]) -> u64 {
        bytes(&self.chunks, self.dtype, place)
    }
}

/// The bytes of a chunk.
pub(crate) fn bytes(chunks: &Chunks, dtype: DType, place: &[usize]) -> u64 {
    let elements = chunks.at(place).size().unwrap_or(0);
    elements as u64 * dtype.size() as u64
}

/// All places of a grid, in row-major order.
pub(crate) fn places(grid: &[usize]) -> Places {
    Places { grid: Dims::new(grid), next: grid.iter().all(|&n| n > 0).then(|| Dims::from(vec![0; grid.len()])) }
}

/// See [`places`].
pub(crate) struct Places {
    grid: Dims,
    next: Option<Dims>,
}

impl Iterator for Places {
    type Item = Dims;

    fn next(&mut self) -> Option<Dims> {
        let now = self.next.take()?;
        let mut after = now.clone();
        for axis in (0..self.grid.len()).rev() {
            let at = &mut after.as_mut()[axis];
            *at += 1;
            if *at < self.grid[axis] {
                self.next = Some(after);
                break;
            }
            *at = 0;
        }
        Some(now)
    }
}
