//! Running tasks on all cores of this machine, and reading beside them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use array_api::parallel::forked;
use array_api::{Array, Error, Result};
use crossbeam_deque::{Steal, Stealer, Worker};
use rayon::Scope;

use crate::compute::admitted;
use crate::ledger::Ledger;
use crate::local::Local;
use crate::perform::{explained, names, perform};
use crate::plan::Plan;
use crate::readers::{self, Queue, Waiting};
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
    // Of a limit, kinds may keep a sixteenth beside the chunks.
    let _sparing = with.memory.map(|limit| array_api::sparing(limit / 16));
    let here = is_small(plan) || forked();
    let threads = if here { 1 } else { rayon::current_num_threads().min(schedule.order.len()).max(1) };
    // A thread of the pool must not wait for threads that read: others wait for it.
    let alone = here || rayon::current_thread_index().is_some();
    let (sources, reads) = readers::shared_out(plan, &schedule, alone);
    let needed = plan.tasks.reading();
    let reading = readers::number(&reads, threads, with.memory.map(|limit| (limit, needed)));
    // What reading takes beside the chunks is never theirs.
    let reserve = needed.saturating_mul(if reading > 0 { reading } else { threads } as u64);
    let seats = (0..threads + reading).map(|number| Seat { number, own: Worker::new_lifo() });
    let mut seats: Vec<Seat> = seats.collect();
    let run = Run {
        plan,
        here,
        with,
        schedule: &schedule,
        ledger: Ledger::new(plan, &schedule, with, reserve)?,
        missing: schedule.missing.iter().map(|&n| AtomicU32::new(n)).collect(),
        sources,
        reads,
        room: Waiting::default(),
        left: AtomicUsize::new(schedule.order.len()),
        running: AtomicUsize::new(0),
        admission: Mutex::new(()),
        stopped: AtomicBool::new(false),
        failed: Mutex::new(None),
        stealers: seats.iter().map(|seat| seat.own.stealer()).collect(),
        reading: Mutex::new(seats.split_off(threads)),
        threads,
        free: AtomicUsize::new(threads),
        seats: Mutex::new(seats),
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

/// Whether waking other threads would take longer than the work.
fn is_small(plan: &Plan) -> bool {
    let tasks = &plan.tasks.tasks;
    tasks.len() <= FEW && tasks.iter().map(|t| t.bytes).sum::<u64>() < SMALL
}

/// What the threads share.
struct Run<'p> {
    plan: &'p Plan,
    /// Whether the thread that asked runs all tasks.
    here: bool,
    with: &'p Local,
    schedule: &'p Schedule,
    ledger: Ledger<'p>,
    /// How many inputs of a task are not there yet.
    missing: Vec<AtomicU32>,
    /// Tasks without inputs: those of the threads that compute, and of the threads that read, which wait for room.
    sources: Queue,
    reads: Queue,
    room: Waiting,
    left: AtomicUsize,
    running: AtomicUsize,
    /// One source is let in at a time; only used with a limit.
    admission: Mutex<()>,
    stopped: AtomicBool,
    failed: Mutex<Option<Error>>,
    stealers: Vec<Stealer<u32>>,
    /// Those of loops that do not run, and how many they are.
    seats: Mutex<Vec<Seat>>,
    free: AtomicUsize,
    /// Of all seats, the first ones are for computing.
    threads: usize,
    /// Those of the threads that read.
    reading: Mutex<Vec<Seat>>,
    /// The thread that asks whether the run is to end.
    caller: Option<std::thread::Thread>,
    trace: Option<Trace>,
    progress: Option<indicatif::ProgressBar>,
}

/// What a loop that takes tasks has of its own: what it made ready.
struct Seat {
    number: usize,
    own: Worker<u32>,
}

/// A task that a thread has taken, and the bytes that are counted for it already.
struct Taken {
    task: u32,
    charged: u64,
}

impl Run<'_> {
    /// Every thread of the pool takes part, this one too if it is one of them.
    ///
    /// A loop that finds nothing to do ends, and whoever makes more ready than it can do begins another one. None of them
    /// waits: a task may wait for rayon, whose thread may then be given a loop, and what this loop would wait for may be the task
    /// below it on the same stack.
    fn everything(&self) {
        rayon::in_place_scope(|scope| {
            (0..self.threads).for_each(|_| self.begin(scope));
            // A thread of the pool takes part instead of looking on.
            if rayon::current_thread_index().is_none() {
                std::thread::scope(|threads| {
                    let reading = self.lock_reading().len();
                    let begun = |_| std::thread::Builder::new().spawn_scoped(threads, || self.read(scope)).is_ok();
                    // Where the system has no more threads, this one reads.
                    if !(0..reading).all(begun) {
                        self.read(scope);
                    }
                    self.look();
                });
            }
        });
    }

    /// Reads as long as there is something to read, and waits where there is no room for it. No task but this one's own is
    /// on its stack, so that nobody waits for what it waits for.
    fn read<'s>(&'s self, scope: &Scope<'s>) {
        let Some(seat) = self.lock_reading().pop() else { return };
        while let Some(taken) = self.room.until(|| self.next_read()) {
            if self.with.is_cancelled() {
                return self.cancelled();
            }
            self.finish(&taken, scope, &seat);
        }
    }

    fn lock_reading(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be read next, or none if that is all; nothing if there is no room yet.
    fn next_read(&self) -> Option<Option<Taken>> {
        if self.stopped.load(Relaxed) || self.reads.first().is_none() {
            return Some(None);
        }
        if self.stealers.iter().map(Stealer::len).sum::<usize>() >= readers::AHEAD * self.threads {
            return None;
        }
        let next = if self.with.memory.is_some() { self.admitted(&self.reads) } else { self.source(&self.reads) };
        next.map(Some)
    }

    /// Begins a loop, if there is a seat for it.
    fn begin<'s>(&'s self, scope: &Scope<'s>) {
        let Some(seat) = self.seats.lock().unwrap_or_else(PoisonError::into_inner).pop() else { return };
        self.free.fetch_sub(1, SeqCst);
        if self.here { self.sit(scope, seat) } else { scope.spawn(move |scope| self.sit(scope, seat)) }
    }

    fn sit<'s>(&'s self, scope: &Scope<'s>, seat: Seat) {
        self.work(scope, &seat);
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).push(seat);
        self.free.fetch_add(1, SeqCst);
        // Somebody may have made a task ready between the last look and here, when no seat was free.
        if !self.stopped.load(Relaxed) && self.stealers.iter().any(|other| !other.is_empty()) {
            self.begin(scope);
        }
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

    /// Takes tasks as long as there are any.
    fn work<'s>(&'s self, scope: &Scope<'s>, seat: &Seat) {
        while !self.stopped.load(Relaxed) {
            if self.with.is_cancelled() {
                return self.cancelled();
            }
            let Some(taken) = self.take(&seat.own) else { return };
            if self.free.load(Relaxed) > 0 && !seat.own.is_empty() {
                self.begin(scope);
            }
            self.finish(&taken, scope, seat);
        }
    }

    fn take(&self, own: &Worker<u32>) -> Option<Taken> {
        let ready = |task| Some(Taken { task, charged: 0 });
        if let Some(task) = own.pop() {
            self.running.fetch_add(1, AcqRel);
            return ready(task);
        }
        if self.with.memory.is_none() {
            return match self.source(&self.sources) {
                None => self.stolen().and_then(ready),
                taken => taken,
            };
        }
        // With a limit, what uses chunks goes before what makes more of them.
        self.stolen().and_then(ready).or_else(|| self.admitted(&self.sources))
    }

    /// The next task that needs nothing.
    fn source(&self, from: &Queue) -> Option<Taken> {
        let task = from.pop()?;
        self.running.fetch_add(1, AcqRel);
        Some(Taken { task, charged: 0 })
    }

    /// The next source if there is room for it, or if nothing else is being done.
    fn admitted(&self, from: &Queue) -> Option<Taken> {
        let _one = self.admission.lock().unwrap_or_else(PoisonError::into_inner);
        let task = from.first()?;
        let charged = self.plan.tasks.tasks[task as usize].bytes;
        if self.running.load(Acquire) > 0 && !self.ledger.has_room(charged) {
            return None;
        }
        from.pop();
        self.running.fetch_add(1, AcqRel);
        match self.ledger.charge(charged) {
            Ok(()) => Some(Taken { task, charged }),
            Err(error) => {
                self.stop(error);
                None
            }
        }
    }

    fn stolen(&self) -> Option<u32> {
        loop {
            let mut again = false;
            for other in &self.stealers {
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
    fn finish<'s>(&'s self, taken: &Taken, scope: &Scope<'s>, seat: &Seat) {
        let task = taken.task;
        let began = self.trace.as_ref().map(Trace::now);
        let done = catch_unwind(AssertUnwindSafe(|| self.call(taken)));
        if let (Some(trace), Some(began)) = (&self.trace, began) {
            trace.note(began, seat.number, || names(self.plan, task).join(", "));
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
                seat.own.push(user);
                ready += 1;
            }
        }
        self.running.fetch_sub(1, AcqRel);
        let last = self.left.fetch_sub(1, AcqRel) == 1;
        // The thread that computes goes on with one of them itself.
        let mine = usize::from(seat.number < self.threads);
        if !last && (ready > mine || self.with.memory.is_some()) && self.free.load(Relaxed) > 0 {
            self.begin(scope);
        }
        self.room.call();
        if let (true, Some(caller)) = (last, &self.caller) {
            caller.unpark();
        }
    }

    fn cancelled(&self) {
        self.stop(Error::backend("compute", "was cancelled"));
    }

    /// Ends the run; the first reason stays.
    #[cold]
    fn stop(&self, error: Error) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.stopped.store(true, Relaxed);
        self.room.call();
        if let Some(caller) = &self.caller {
            caller.unpark();
        }
    }

    /// What the task takes is counted while it runs: what it was given for good, its workspace, and its results, which may
    /// lie where its inputs did if it is elementwise.
    fn call(&self, taken: &Taken) -> Result<()> {
        let (tasks, task) = (&self.plan.tasks, taken.task);
        let inputs = tasks.inputs(task);
        let (mut values, mut held) = (Vec::with_capacity(inputs.len()), 0);
        for (i, block) in inputs.iter().enumerate() {
            let again = inputs[i + 1..].iter().any(|b| b.task == block.task);
            let (value, bytes) = self.ledger.take(*block, again)?;
            values.push(value);
            held += bytes;
        }
        let mut charged = taken.charged;
        if self.with.memory.is_some() && charged == 0 {
            let results = tasks.tasks[task as usize].bytes;
            let fresh = if tasks.is_elementwise(task) { results.saturating_sub(held) } else { results };
            charged = fresh.saturating_add(tasks.workspace(task));
            self.ledger.charge(charged)?;
        }
        let outs = perform(self.plan, task, values, self.with)?;
        self.ledger.release(held + charged);
        self.ledger.store(task, outs)
    }
}
