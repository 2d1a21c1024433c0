//! Running tasks on all cores of this machine.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::*};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use array_api::{Array, Error, Outs, Result};
use crossbeam_deque::{Steal, Stealer, Worker};

use crate::compute::admitted;
use crate::ledger::Ledger;
use crate::local::Local;
use crate::perform::{explained, names, perform};
use crate::plan::Plan;
use crate::schedule::Schedule;
use crate::trace::Trace;

/// Plans of so few tasks and bytes are run by the thread that asks.
const FEW: usize = 64;
const SMALL: u64 = 1 << 16;

/// From how many bytes of chunks in all on it is asked how many are alive at once.
const MANY: u64 = 1 << 30;

/// How long the thread that asked for values waits before it asks whether it is still to.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a plan and gives the values of its outputs' blocks, grid by grid.
pub(crate) fn run(plan: &Plan, with: &Local) -> Result<Vec<Vec<Array>>> {
    driven(plan, with, |ledger| {
        let grids = plan.outputs.iter();
        grids.map(|grid| grid.blocks.iter().map(|&block| ledger.output(block)).collect()).collect()
    })
}

/// Runs a plan whose outputs have no values: what it does is what it is for.
pub(crate) fn run_only(plan: &Plan, with: &Local) -> Result<()> {
    driven(plan, with, |_| Ok(()))
}

fn driven<T>(plan: &Plan, with: &Local, then: impl FnOnce(&Ledger<'_>) -> Result<T>) -> Result<T> {
    let schedule = Schedule::new(plan);
    if with.memory.is_none()
        && let Some(end) = plan.stages.last()
        && plan.tasks.tasks.iter().fold(0_u64, |sum, task| sum.saturating_add(task.bytes)) > MANY
    {
        admitted(&end.node.space, schedule.peak(&plan.tasks), "the chunks take about")?;
    }
    let run = Run {
        plan,
        with,
        schedule: &schedule,
        ledger: Ledger::new(plan, &schedule, with)?,
        missing: schedule.missing.iter().map(|&n| AtomicU32::new(n)).collect(),
        next_source: AtomicUsize::new(0),
        left: AtomicUsize::new(schedule.order.len()),
        running: AtomicUsize::new(0),
        reserved: Mutex::new(0),
        stopped: AtomicBool::new(false),
        failed: Mutex::new(None),
        guard: Mutex::new(()),
        wake: Condvar::new(),
        sleepers: AtomicUsize::new(0),
        caller: with.asked.as_ref().map(|_| std::thread::current()),
        trace: with.trace.as_ref().map(|_| Trace::new()),
        progress: with.bar(schedule.order.len()),
    };
    run.everything();
    if let Some(bar) = &run.progress {
        bar.finish_and_clear();
    }
    if let (Some(trace), Some(path)) = (&run.trace, &with.trace) {
        trace.write(path)?;
    }
    let (peak, spilled) = run.ledger.measured();
    with.measured(peak, spilled);
    if let Some(error) = run.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    then(&run.ledger)
}

thread_local! {
    /// How many runs' loops this thread is in: a kernel that waits for rayon may be given another one meanwhile.
    static LOOPS: Cell<usize> = const { Cell::new(0) };
}

/// What the threads share.
struct Run<'p> {
    plan: &'p Plan,
    with: &'p Local,
    schedule: &'p Schedule,
    ledger: Ledger<'p>,
    /// How many inputs of a task are not there yet.
    missing: Vec<AtomicU32>,
    next_source: AtomicUsize,
    left: AtomicUsize,
    running: AtomicUsize,
    /// Bytes of sources that were let in and are not done; only looked at with a limit.
    reserved: Mutex<u64>,
    stopped: AtomicBool,
    failed: Mutex<Option<Error>>,
    guard: Mutex<()>,
    wake: Condvar,
    sleepers: AtomicUsize,
    /// The thread that asks whether the run is to end.
    caller: Option<std::thread::Thread>,
    trace: Option<Trace>,
    progress: Option<indicatif::ProgressBar>,
}

/// A task that a thread has taken, and the bytes that were reserved for it.
struct Taken {
    task: u32,
    reserved: u64,
}

impl Run<'_> {
    /// Every thread of the pool takes part, this one too if it is one of them. None that comes late is waited for.
    fn everything(&self) {
        if self.is_small() {
            return self.work(&Worker::new_lifo(), &[], 0);
        }
        let threads = rayon::current_num_threads().min(self.schedule.order.len()).max(1);
        let workers: Vec<Worker<u32>> = (0..threads).map(|_| Worker::new_lifo()).collect();
        let stealers: Vec<Stealer<u32>> = workers.iter().map(Worker::stealer).collect();
        rayon::in_place_scope(|scope| {
            for (number, worker) in workers.into_iter().enumerate() {
                let stealers = &stealers;
                scope.spawn(move |_| self.work(&worker, stealers, number));
            }
            // A thread of the pool takes part instead of looking on.
            if rayon::current_thread_index().is_none() {
                self.look();
            }
        });
    }

    /// Asks now and then whether the run is to end, until it has ended.
    fn look(&self) {
        let Some(asked) = &self.with.asked else { return };
        while self.left.load(Acquire) > 0 && !self.stopped.load(Relaxed) {
            std::thread::park_timeout(LOOK);
            if self.left.load(Acquire) > 0 && (asked.0)() {
                return self.with.cancel();
            }
        }
    }

    /// Whether waking other threads would take longer than the work.
    fn is_small(&self) -> bool {
        let tasks = &self.plan.tasks.tasks;
        tasks.len() <= FEW && tasks.iter().map(|t| t.bytes).sum::<u64>() < SMALL
    }

    fn work(&self, own: &Worker<u32>, others: &[Stealer<u32>], thread: usize) {
        let depth = LOOPS.get();
        LOOPS.set(depth + 1);
        self.turns(own, others, thread, depth > 0);
        LOOPS.set(depth);
    }

    /// Takes tasks until none is left. Inside of another task, which may be one that is waited for, nothing is waited for: whoever
    /// finishes a task goes on with what that made ready.
    fn turns(&self, own: &Worker<u32>, others: &[Stealer<u32>], thread: usize, inside: bool) {
        while !self.stopped.load(Relaxed) && self.left.load(Acquire) > 0 {
            if self.with.is_cancelled() {
                return self.stop(Error::backend("compute", "was cancelled"));
            }
            match self.take(own, others) {
                Some(taken) => self.finish(&taken, own, thread),
                None if inside => return,
                None => self.sleep(),
            }
        }
    }

    fn take(&self, own: &Worker<u32>, others: &[Stealer<u32>]) -> Option<Taken> {
        let ready = |task| Some(Taken { task, reserved: 0 });
        if let Some(task) = own.pop() {
            self.running.fetch_add(1, AcqRel);
            return ready(task);
        }
        if self.with.memory.is_none() {
            return match self.source() {
                None => self.stolen(others).and_then(ready),
                taken => taken,
            };
        }
        // With a limit, what uses chunks goes before what makes more of them.
        self.stolen(others).and_then(ready).or_else(|| self.admitted())
    }

    /// The next task that needs nothing.
    fn source(&self) -> Option<Taken> {
        if self.next_source.load(Relaxed) >= self.schedule.sources.len() {
            return None;
        }
        let task = *self.schedule.sources.get(self.next_source.fetch_add(1, Relaxed))?;
        self.running.fetch_add(1, AcqRel);
        Some(Taken { task, reserved: 0 })
    }

    /// The next source if there is room for it, or if nothing else is being done.
    fn admitted(&self) -> Option<Taken> {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let &task = self.schedule.sources.get(self.next_source.load(Relaxed))?;
        let bytes = self.plan.tasks.tasks[task as usize].bytes;
        if self.running.load(Acquire) > 0 && !self.ledger.has_room(*reserved + bytes) {
            return None;
        }
        *reserved += bytes;
        self.next_source.fetch_add(1, Relaxed);
        self.running.fetch_add(1, AcqRel);
        Some(Taken { task, reserved: bytes })
    }

    fn stolen(&self, others: &[Stealer<u32>]) -> Option<u32> {
        loop {
            let mut again = false;
            for other in others {
                match other.steal() {
                    Steal::Success(task) => {
                        self.running.fetch_add(1, AcqRel);
                        return Some(task);
                    }
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
    fn finish(&self, taken: &Taken, own: &Worker<u32>, thread: usize) {
        let task = taken.task;
        let began = self.trace.as_ref().map(Trace::now);
        let done = catch_unwind(AssertUnwindSafe(|| self.call(task).and_then(|outs| self.ledger.store(task, outs))));
        if let (Some(trace), Some(began)) = (&self.trace, began) {
            trace.note(began, thread, || names(self.plan, task).join(", "));
        }
        if taken.reserved > 0 {
            *self.reserved.lock().unwrap_or_else(PoisonError::into_inner) -= taken.reserved;
        }
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return self.stop(explained(self.plan, task, error)),
            Err(panic) => {
                let why = panic.downcast_ref::<&str>().map(ToString::to_string);
                let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                let error = Error::backend("compute", format!("a function panicked: {why}"));
                return self.stop(explained(self.plan, task, error));
            }
        }
        if let Some(bar) = &self.progress {
            bar.inc(1);
        }
        let mut ready = 0;
        // Backwards: the one that comes first in the walk is taken first.
        for &user in self.schedule.users(task).iter().rev() {
            if self.missing[user as usize].fetch_sub(1, AcqRel) == 1 {
                own.push(user);
                ready += 1;
            }
        }
        self.running.fetch_sub(1, AcqRel);
        let last = self.left.fetch_sub(1, AcqRel) == 1;
        if last || ready > 1 || self.with.memory.is_some() {
            self.rouse();
        }
        if let (true, Some(caller)) = (last, &self.caller) {
            caller.unpark();
        }
    }

    fn rouse(&self) {
        if self.sleepers.load(SeqCst) > 0 {
            drop(self.guard.lock());
            self.wake.notify_all();
        }
    }

    /// Waits a moment for others to make something ready.
    fn sleep(&self) {
        self.sleepers.fetch_add(1, SeqCst);
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
        if self.left.load(Acquire) > 0 && !self.stopped.load(Relaxed) {
            // Short, since a task may have been made ready between the look and here.
            drop(self.wake.wait_timeout(guard, Duration::from_micros(200)));
        }
        self.sleepers.fetch_sub(1, SeqCst);
    }

    /// Ends the run; the first reason stays.
    #[cold]
    fn stop(&self, error: Error) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.stopped.store(true, Relaxed);
        self.rouse();
        if let Some(caller) = &self.caller {
            caller.unpark();
        }
    }

    fn call(&self, task: u32) -> Result<Outs> {
        let inputs = self.plan.tasks.inputs(task);
        let mut values = Vec::with_capacity(inputs.len());
        for (i, block) in inputs.iter().enumerate() {
            let again = inputs[i + 1..].iter().any(|b| b.task == block.task);
            values.push(self.ledger.take(*block, again)?);
        }
        perform(self.plan, task, values, self.with)
    }
}
