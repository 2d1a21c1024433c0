//! Running tasks on all cores of this machine: depth first, so that few chunks are alive at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::*};
use std::sync::{Condvar, Mutex, PoisonError};

use array_api::{Args, Array, At, Error, Index, Indices, Operand, Outs, Result};
use crossbeam_deque::{Steal, Stealer, Worker};

use crate::node::Slot;
use crate::plan::Plan;
use crate::tasks::{Block, Step, Tasks};

/// Runs a plan and gives the values of its outputs' blocks, grid by grid.
pub(crate) fn run(plan: &Plan) -> Result<Vec<Vec<Array>>> {
    let run = Run::new(plan);
    if run.plan.tasks.len() > 0 {
        run.everything();
    }
    if let Some(error) = run.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let values: Vec<Option<Outs>> =
        run.values.into_iter().map(|v| v.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
    let value = |block: &Block| {
        let outs = values[block.task as usize].as_ref();
        outs.and_then(|o| o.as_slice().get(block.output as usize)).cloned().ok_or_else(lost)
    };
    plan.outputs.iter().map(|grid| grid.blocks.iter().map(value).collect()).collect()
}

#[cold]
fn lost() -> Error {
    Error::backend("compute", "a chunk that is needed is not there")
}

/// What the threads share.
struct Run<'p> {
    plan: &'p Plan,
    values: Vec<Mutex<Option<Outs>>>,
    /// How many inputs of a task are not there yet.
    missing: Vec<AtomicU32>,
    /// How often a task's results are still needed; outputs are needed for ever.
    uses: Vec<AtomicU32>,
    /// Who uses a task: `users[first_user[t]..first_user[t + 1]]`.
    users: Vec<u32>,
    first_user: Vec<u32>,
    /// Tasks without inputs, in the order of a walk from the outputs.
    sources: Vec<u32>,
    next_source: AtomicUsize,
    left: AtomicUsize,
    stopped: AtomicBool,
    failed: Mutex<Option<Error>>,
    sleeping: Mutex<usize>,
    wake: Condvar,
    sleepers: AtomicUsize,
}

/// Plans of so few tasks and bytes are run by the thread that asks.
const FEW: usize = 64;
const SMALL: u64 = 1 << 16;

/// Needed for ever.
const KEPT: u32 = u32::MAX / 2;

impl<'p> Run<'p> {
    fn new(plan: &'p Plan) -> Run<'p> {
        let tasks = &plan.tasks;
        let n = tasks.len();
        let order = depth_first(plan);
        let mut wanted = vec![false; n];
        order.iter().for_each(|&t| wanted[t as usize] = true);
        let mut first_user = vec![0_u32; n + 1];
        for &t in &order {
            distinct(tasks.inputs(t), |input| first_user[input as usize + 1] += 1);
        }
        for t in 0..n {
            first_user[t + 1] += first_user[t];
        }
        let mut fill = first_user.clone();
        let mut users = vec![0_u32; first_user[n] as usize];
        // In the order of the walk, so that what comes first in it is made ready first.
        for &t in &order {
            distinct(tasks.inputs(t), |input| {
                users[fill[input as usize] as usize] = t;
                fill[input as usize] += 1;
            });
        }
        let missing = (0..n as u32).map(|t| {
            let mut count = 0;
            if wanted[t as usize] {
                distinct(tasks.inputs(t), |_| count += 1);
            }
            AtomicU32::new(count)
        });
        let uses: Vec<AtomicU32> = (0..n).map(|t| AtomicU32::new(first_user[t + 1] - first_user[t])).collect();
        for block in plan.outputs.iter().flat_map(|g| &g.blocks) {
            uses[block.task as usize].store(KEPT, Relaxed);
        }
        let sources = order.iter().copied().filter(|&t| tasks.inputs(t).is_empty()).collect();
        Run {
            plan,
            values: (0..n).map(|_| Mutex::new(None)).collect(),
            missing: missing.collect(),
            uses,
            users,
            first_user,
            sources,
            next_source: AtomicUsize::new(0),
            left: AtomicUsize::new(order.len()),
            stopped: AtomicBool::new(false),
            failed: Mutex::new(None),
            sleeping: Mutex::new(0),
            wake: Condvar::new(),
            sleepers: AtomicUsize::new(0),
        }
    }

    /// Every thread of the pool takes part, this one too if it is one of them. None that comes late is waited for.
    fn everything(&self) {
        if self.is_small() {
            let own = Worker::new_lifo();
            return self.work(&own, &[]);
        }
        let threads = rayon::current_num_threads().min(self.plan.tasks.len()).max(1);
        let workers: Vec<Worker<u32>> = (0..threads).map(|_| Worker::new_lifo()).collect();
        let stealers: Vec<Stealer<u32>> = workers.iter().map(Worker::stealer).collect();
        rayon::scope(|scope| {
            for worker in workers {
                let stealers = &stealers;
                scope.spawn(move |_| self.work(&worker, stealers));
            }
        });
    }

    /// Whether waking other threads would take longer than the work.
    fn is_small(&self) -> bool {
        let tasks = &self.plan.tasks.tasks;
        tasks.len() <= FEW && tasks.iter().map(|t| t.bytes).sum::<u64>() < SMALL
    }

    fn work(&self, own: &Worker<u32>, others: &[Stealer<u32>]) {
        while !self.stopped.load(Relaxed) && self.left.load(Acquire) > 0 {
            match self.take(own, others) {
                Some(task) => self.finish(task, own),
                None => self.sleep(),
            }
        }
    }

    /// What was made ready last here, then the next source, then what others have.
    fn take(&self, own: &Worker<u32>, others: &[Stealer<u32>]) -> Option<u32> {
        if let Some(task) = own.pop() {
            return Some(task);
        }
        if self.next_source.load(Relaxed) < self.sources.len()
            && let Some(&task) = self.sources.get(self.next_source.fetch_add(1, Relaxed))
        {
            return Some(task);
        }
        loop {
            let mut again = false;
            for other in others {
                match other.steal() {
                    Steal::Success(task) => return Some(task),
                    Steal::Retry => again = true,
                    Steal::Empty => {}
                }
            }
            if !again {
                return None;
            }
        }
    }

    /// Runs a task, keeps its results, and makes ready what waited for it only.
    fn finish(&self, task: u32, own: &Worker<u32>) {
        let done = catch_unwind(AssertUnwindSafe(|| self.call(task)));
        let outs = match done {
            Ok(Ok(outs)) => outs,
            Ok(Err(error)) => return self.fail(task, error),
            Err(panic) => {
                let why = panic.downcast_ref::<&str>().map(ToString::to_string);
                let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                return self.fail(task, Error::backend("compute", format!("a function panicked: {why}")));
            }
        };
        if self.uses[task as usize].load(Relaxed) > 0 {
            *self.values[task as usize].lock().unwrap_or_else(PoisonError::into_inner) = Some(outs);
        }
        let users = &self.users[self.first_user[task as usize] as usize..self.first_user[task as usize + 1] as usize];
        let mut ready = 0;
        // Backwards: the one that comes first in the walk is taken first.
        for &user in users.iter().rev() {
            if self.missing[user as usize].fetch_sub(1, AcqRel) == 1 {
                own.push(user);
                ready += 1;
            }
        }
        if self.left.fetch_sub(1, AcqRel) == 1 || ready > 1 {
            self.rouse();
        }
    }

    fn rouse(&self) {
        if self.sleepers.load(SeqCst) > 0 {
            *self.sleeping.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            self.wake.notify_all();
        }
    }

    /// Waits a moment for others to make something ready.
    fn sleep(&self) {
        self.sleepers.fetch_add(1, SeqCst);
        let guard = self.sleeping.lock().unwrap_or_else(PoisonError::into_inner);
        if self.left.load(Acquire) > 0 && !self.stopped.load(Relaxed) {
            // Short, since a task may have been made ready between the look and here.
            drop(self.wake.wait_timeout(guard, std::time::Duration::from_micros(200)));
        }
        self.sleepers.fetch_sub(1, SeqCst);
    }

    #[cold]
    fn fail(&self, task: u32, error: Error) {
        let error = self.explained(task, error);
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.stopped.store(true, Relaxed);
        self.rouse();
    }

    /// The error with the operation, the chunk and the user's line.
    fn explained(&self, task: u32, error: Error) -> Error {
        let of = self.plan.tasks.tasks[task as usize].node;
        let stage = &self.plan.stages[of as usize];
        let number = self.plan.tasks.tasks[..task as usize].iter().filter(|t| t.node == of).count();
        let built = stage.node.place().map_or(String::new(), |place| format!(", built by {place}"));
        let what = format!("in task {number} of {}{built}", stage.names().join(", "));
        Error::new(error.kind(), error.operation(), format!("{} ({what})", error.message()))
    }

    fn call(&self, task: u32) -> Result<Outs> {
        let tasks = &self.plan.tasks;
        let entry = tasks.tasks[task as usize];
        let inputs = tasks.inputs(task);
        let mut values = Vec::with_capacity(inputs.len());
        for (i, block) in inputs.iter().enumerate() {
            let again = inputs[i + 1..].iter().any(|b| b.task == block.task);
            values.push(self.input(*block, again)?);
        }
        let space = &self.plan.stages[entry.node as usize].node.space;
        match &tasks.steps[entry.step as usize] {
            Step::Value(array) => Ok(Outs::One(array.clone())),
            Step::Part { array, start, extents } => {
                let slice = |(&start, &n): (&usize, &usize)| Index::Slice {
                    start: Some(start as isize),
                    stop: Some((start + n) as isize),
                    step: 1,
                };
                let index = Indices(start.iter().zip(extents.iter()).map(slice).collect());
                array_api::at(array, At { index }).map(Outs::One)
            }
            Step::Make { make, start, extents } => make(start, extents).and_then(|made| {
                if made.dims() == extents {
                    return Ok(Outs::One(made));
                }
                let message = format!("the function gave shape {} for a chunk of shape {extents}", made.dims());
                Err(Error::shape("from_fn", message))
            }),
            Step::Call { op, params, operands, space: at } => {
                let mut values: Vec<Option<Array>> = values.into_iter().map(Some).collect();
                let mut args: Args<'_> = operands
                    .iter()
                    .map(|slot| match slot {
                        Slot::Input(i) => values[*i].take().map_or(Operand::Absent, Operand::Own),
                        Slot::Scalar(s) => Operand::Scalar(*s),
                        Slot::Absent => Operand::Absent,
                    })
                    .collect();
                op.apply(&**params, &mut args, at.as_ref())
            }
            Step::Program(program) => program.run(values, space),
            Step::Function(function) => function(&values).map(Outs::One),
        }
    }

    /// An input, moved out at its last use: whoever is given the last handle may write into its memory.
    fn input(&self, block: Block, again: bool) -> Result<Array> {
        let mut value = self.values[block.task as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let last = !again && self.uses[block.task as usize].fetch_sub(1, AcqRel) == 1;
        let found = match (last, &mut *value) {
            (true, slot) => match slot.take() {
                Some(Outs::One(array)) => Some(array),
                Some(Outs::Many(mut all)) => {
                    let i = block.output as usize;
                    (i < all.len()).then(|| all.swap_remove(i))
                }
                None => None,
            },
            (false, Some(outs)) => outs.as_slice().get(block.output as usize).cloned(),
            (false, None) => None,
        };
        found.ok_or_else(lost)
    }
}

/// Calls `f` with each task that is among the inputs, once.
#[inline]
fn distinct(inputs: &[Block], mut f: impl FnMut(u32)) {
    for (i, block) in inputs.iter().enumerate() {
        if !inputs[..i].iter().any(|b| b.task == block.task) {
            f(block.task);
        }
    }
}

/// All tasks that the outputs need, each after its inputs, in the order of a walk from output to output.
fn depth_first(plan: &Plan) -> Vec<u32> {
    let tasks: &Tasks = &plan.tasks;
    let mut seen = vec![false; tasks.len()];
    let mut order = Vec::with_capacity(tasks.len());
    let mut stack: Vec<(u32, u32)> = vec![];
    for block in plan.outputs.iter().flat_map(|g| &g.blocks) {
        if !std::mem::replace(&mut seen[block.task as usize], true) {
            stack.push((block.task, 0));
        }
        while let Some((task, next)) = stack.pop() {
            match tasks.inputs(task).get(next as usize) {
                None => order.push(task),
                Some(input) => {
                    stack.push((task, next + 1));
                    if !std::mem::replace(&mut seen[input.task as usize], true) {
                        stack.push((input.task, 0));
                    }
                }
            }
        }
    }
    order
}
