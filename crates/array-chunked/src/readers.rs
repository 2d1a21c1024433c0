//! Threads that read: a disk answers late, and meanwhile the threads of the pool compute.

use std::sync::atomic::{AtomicUsize, Ordering::*, fence};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::plan::Plan;
use crate::schedule::Schedule;
use crate::tasks::Step;

/// So many threads read at least: a disk is at its best when several ask.
const FEWEST: usize = 8;

/// How many ready tasks there may be for each thread that computes before reading pauses.
pub(crate) const AHEAD: usize = 4;

/// From how many bytes on reading has threads of its own.
const MUCH: u64 = 1 << 20;

/// Tasks without inputs, in order, and which of them is next.
#[derive(Default)]
pub(crate) struct Queue {
    tasks: Vec<u32>,
    next: AtomicUsize,
}

impl Queue {
    fn of(tasks: Vec<u32>) -> Queue {
        Queue { tasks, next: AtomicUsize::new(0) }
    }

    /// The next one, which stays the next one.
    pub(crate) fn first(&self) -> Option<u32> {
        self.tasks.get(self.next.load(Relaxed)).copied()
    }

    pub(crate) fn pop(&self) -> Option<u32> {
        // Not counted on and on by those who find nothing.
        self.first()?;
        self.tasks.get(self.next.fetch_add(1, Relaxed)).copied()
    }
}

/// The tasks without inputs: those of the threads that compute, and those of the threads that read. Where little is read, or
/// `alone` says that nobody may wait for other threads, all are the former's.
pub(crate) fn shared_out(plan: &Plan, schedule: &Schedule, alone: bool) -> (Queue, Queue) {
    let tasks = &plan.tasks;
    let is_read = |task: u32| matches!(tasks.steps[tasks.tasks[task as usize].step as usize], Step::Read { .. });
    let (reads, others): (Vec<u32>, Vec<u32>) = match alone {
        true => (vec![], schedule.sources.clone()),
        false => schedule.sources.iter().copied().partition(|&task| is_read(task)),
    };
    let bytes = reads.iter().map(|&task| tasks.tasks[task as usize].bytes).sum::<u64>();
    if reads.len() < 2 || bytes < MUCH {
        return (Queue::of(schedule.sources.clone()), Queue::default());
    }
    (Queue::of(others), Queue::of(reads))
}

/// How many threads read, beside so many that compute: what was read may have to be decoded too. Of a limit of memory, what
/// they need while they read is a quarter, or one of them reads.
pub(crate) fn number(reads: &Queue, computing: usize, limit: Option<(u64, u64)>) -> usize {
    let most = limit.map_or(u64::MAX, |(limit, needed)| (limit / 4 / needed.max(1)).max(1));
    FEWEST.max(computing).min(reads.tasks.len()).min(usize::try_from(most).unwrap_or(usize::MAX))
}

/// Where threads that read wait until there is room for more.
#[derive(Default)]
pub(crate) struct Waiting {
    asleep: AtomicUsize,
    calls: Mutex<u64>,
    bell: Condvar,
}

impl Waiting {
    /// Calls `next` until it gives something; after each time that it gives nothing, waits until somebody [calls](Waiting::call).
    pub(crate) fn until<T>(&self, mut next: impl FnMut() -> Option<T>) -> T {
        self.asleep.fetch_add(1, SeqCst);
        let found = loop {
            let calls = *self.lock();
            // Whoever does not see this one asleep has made its change before: then it is seen here.
            fence(SeqCst);
            if let Some(found) = next() {
                break found;
            }
            let unchanged = |now: &mut u64| *now == calls;
            drop(self.bell.wait_while(self.lock(), unchanged).unwrap_or_else(PoisonError::into_inner));
        };
        self.asleep.fetch_sub(1, SeqCst);
        found
    }

    /// Something changed that somebody may wait for.
    pub(crate) fn call(&self) {
        fence(SeqCst);
        if self.asleep.load(SeqCst) > 0 {
            *self.lock() += 1;
            self.bell.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_is_called() {
        let (waiting, number) = (Waiting::default(), AtomicUsize::new(0));
        std::thread::scope(|threads| {
            for due in 1..=50 {
                let (waiting, number) = (&waiting, &number);
                threads.spawn(move || waiting.until(|| (number.load(Relaxed) >= due).then_some(())));
            }
            for _ in 0..50 {
                number.fetch_add(1, Relaxed);
                waiting.call();
                std::thread::yield_now();
            }
        });
        assert_eq!(waiting.asleep.load(SeqCst), 0);
    }

    #[test]
    fn a_queue_ends() {
        let queue = Queue::of(vec![3, 1]);
        assert_eq!((queue.first(), queue.pop(), queue.pop(), queue.pop()), (Some(3), Some(3), Some(1), None));
        assert_eq!(queue.first(), None);
    }
}
