//! The results that are alive: who still needs them, how many bytes they take, and which of them wait on disk. Chunks that were
//! read somewhere are not written out but read again.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};

use array_api::{Array, DType, Dims, Error, Namespace, Outs, Result};

use crate::allocator::Holes;
use crate::folder::Folder;
use crate::local::Local;
use crate::perform::perform;
use crate::plan::Plan;
use crate::schedule::{KEPT, Schedule};
use crate::storage::{from_bytes, to_bytes};
use crate::tasks::{Block, Step};

/// A task's results.
enum Value {
    Absent,
    Here(Outs),
    /// In a file, in row-major order.
    Spilled {
        dims: Dims,
        dtype: DType,
        space: Namespace,
    },
    /// Where it was read, to be read again.
    Unread,
}

/// All results of a run.
pub(crate) struct Ledger<'s> {
    plan: &'s Plan,
    schedule: &'s Schedule,
    with: &'s Local,
    values: Vec<Mutex<Value>>,
    uses: Vec<AtomicU32>,
    /// Bytes in memory, and the most there were.
    alive: AtomicU64,
    peak: AtomicU64,
    spilled: AtomicU64,
    limit: Option<u64>,
    holes: Holes,
    /// Where spilled chunks lie.
    folder: Option<Folder>,
    /// Tasks whose results may be written out, in no order; only with a limit.
    stored: Mutex<Vec<u32>>,
}

impl<'s> Ledger<'s> {
    /// Of a limit, `reserve` bytes are for others, as far as that is not the most of it.
    pub(crate) fn new(plan: &'s Plan, schedule: &'s Schedule, with: &'s Local, reserve: u64) -> Result<Ledger<'s>> {
        let limit = with.memory.map(|limit| limit - reserve.min(limit / 4));
        let folder = match limit {
            None => None,
            Some(_) => Some(Folder::fresh(&with.spill).map_err(|(path, e)| failed("making the folder", &path, &e))?),
        };
        let n = schedule.uses.len();
        Ok(Ledger {
            plan,
            schedule,
            with,
            values: (0..n).map(|_| Mutex::new(Value::Absent)).collect(),
            uses: schedule.uses.iter().map(|&n| AtomicU32::new(n)).collect(),
            alive: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            spilled: AtomicU64::new(0),
            limit,
            holes: Holes::default(),
            folder,
            stored: Mutex::new(vec![]),
        })
    }

    fn value(&self, task: u32) -> MutexGuard<'_, Value> {
        self.values[task as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether so many bytes more stay within the limit.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.limit.is_none_or(|limit| self.alive.load(Relaxed).saturating_add(bytes) <= limit)
    }

    /// The most bytes that were alive, and those that were written to disk.
    pub(crate) fn measured(&self) -> (u64, u64) {
        (self.peak.load(Relaxed), self.spilled.load(Relaxed))
    }

    /// Counts bytes that a running task takes, and makes room for them.
    pub(crate) fn charge(&self, bytes: u64) -> Result<()> {
        let alive = self.alive.fetch_add(bytes, Relaxed).saturating_add(bytes);
        self.peak.fetch_max(alive, Relaxed);
        if self.limit.is_some() { self.make_room(None) } else { Ok(()) }
    }

    /// Counts them no more.
    pub(crate) fn release(&self, bytes: u64) {
        self.alive.fetch_sub(bytes, Relaxed);
    }

    /// Keeps the results of a task, if anything needs them.
    pub(crate) fn store(&self, task: u32, outs: Outs) -> Result<()> {
        if self.uses[task as usize].load(Acquire) == 0 {
            return Ok(());
        }
        let bytes = size(&outs);
        *self.value(task) = Value::Here(outs);
        let alive = self.alive.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(alive, Relaxed);
        if let Some(limit) = self.limit {
            if alive > limit / 2 {
                self.holes.add(bytes, limit);
            }
            self.stored.lock().unwrap_or_else(PoisonError::into_inner).push(task);
            self.make_room(Some(task))?;
        }
        Ok(())
    }

    /// Writes out what is used last, until the limit holds.
    fn make_room(&self, newest: Option<u32>) -> Result<()> {
        while !self.has_room(0) {
            let victim = {
                let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
                stored.retain(|&t| matches!(*self.value(t), Value::Here(_)));
                let next = |&(_, &t): &(usize, &u32)| self.next_use(t);
                let others = stored.iter().enumerate().filter(|(_, t)| Some(**t) != newest && self.is_array(**t));
                let Some((at, _)) = others.max_by_key(next) else { return Ok(()) };
                stored.swap_remove(at)
            };
            self.spill(victim)?;
        }
        Ok(())
    }

    fn is_array(&self, task: u32) -> bool {
        matches!(&*self.value(task), Value::Here(Outs::One(a)) if a.dims().known().is_some())
    }

    /// When a task's results are needed again: outputs at the very end.
    fn next_use(&self, task: u32) -> u32 {
        let uses = self.uses[task as usize].load(Relaxed);
        let users = self.schedule.users(task);
        let ended = if uses >= KEPT { 0 } else { users.len().saturating_sub(uses as usize) };
        users.get(ended).map_or(u32::MAX, |&user| self.schedule.rank[user as usize])
    }

    fn path(&self, task: u32) -> Result<PathBuf> {
        match &self.folder {
            Some(folder) => Ok(folder.path().join(task.to_string())),
            None => Err(Error::backend("spill", "there is no folder to write to")),
        }
    }

    fn spill(&self, task: u32) -> Result<()> {
        let mut value = self.value(task);
        let Value::Here(Outs::One(array)) = &*value else { return Ok(()) };
        let bytes = array.size()? as u64 * array.dtype().size() as u64;
        if self.is_read(task) {
            // It lies on a disk already.
            *value = Value::Unread;
            self.alive.fetch_sub(bytes, Relaxed);
            return Ok(());
        }
        let path = self.path(task)?;
        let (dims, dtype, space) = (array.dims().clone(), array.dtype(), array.namespace());
        let written = fs::File::create(&path).and_then(|mut file| {
            let host = array.to_host().map_err(std::io::Error::other)?;
            file.write_all(&to_bytes(&host))
        });
        written.map_err(|e| failed("writing", &path, &e))?;
        *value = Value::Spilled { dims, dtype, space };
        self.alive.fetch_sub(bytes, Relaxed);
        self.spilled.fetch_add(bytes, Relaxed);
        Ok(())
    }

    /// Whether the task reads what lies somewhere.
    fn is_read(&self, task: u32) -> bool {
        let tasks = &self.plan.tasks;
        matches!(tasks.steps[tasks.tasks[task as usize].step as usize], Step::Read { .. })
    }

    /// A spilled result in memory again.
    fn read(&self, task: u32, dims: &Dims, dtype: DType, space: &Namespace) -> Result<Array> {
        let path = self.path(task)?;
        let bytes = fs::read(&path).map_err(|e| failed("reading", &path, &e))?;
        let count = dims.size().unwrap_or(0);
        if bytes.len() != count * dtype.size() {
            let why = format!("{} bytes are in it, not {}", bytes.len(), count * dtype.size());
            return Err(failed("reading", &path, &std::io::Error::other(why)));
        }
        let array = space.from_host(from_bytes(&bytes, dtype), dims)?;
        let _ = fs::remove_file(&path);
        Ok(array)
    }

    /// An input of a task, moved out at its last use: whoever is given the last handle may write into its memory. Then the
    /// bytes of all results of that task stay counted, and are given too, for [`release`](Ledger::release).
    /// `more` says that the same task takes another result of the same one.
    pub(crate) fn take(&self, block: Block, more: bool) -> Result<(Array, u64)> {
        let lost = || Error::backend("compute", "a chunk that is needed is not there");
        let mut value = self.value(block.task);
        let again = match &*value {
            Value::Spilled { dims, dtype, space } => Some(self.read(block.task, dims, *dtype, space)?),
            Value::Unread => match perform(self.plan, block.task, vec![], self.with)? {
                Outs::One(array) => Some(array),
                Outs::Many(_) => return Err(lost()),
            },
            _ => None,
        };
        if let Some(array) = again {
            let bytes = array.size()? as u64 * array.dtype().size() as u64;
            let alive = self.alive.fetch_add(bytes, Relaxed) + bytes;
            self.peak.fetch_max(alive, Relaxed);
            *value = Value::Here(Outs::One(array));
            self.stored.lock().unwrap_or_else(PoisonError::into_inner).push(block.task);
        }
        let last = !more && self.uses[block.task as usize].fetch_sub(1, AcqRel) == 1;
        if !last {
            return match &*value {
                Value::Here(outs) => {
                    outs.as_slice().get(block.output as usize).cloned().map(|a| (a, 0)).ok_or_else(lost)
                }
                _ => Err(lost()),
            };
        }
        let Value::Here(outs) = std::mem::replace(&mut *value, Value::Absent) else { return Err(lost()) };
        let (at, bytes) = (block.output as usize, size(&outs));
        let mut all = outs.into_vec();
        if at < all.len() { Ok((all.swap_remove(at), bytes)) } else { Err(lost()) }
    }

    /// An output, at the end.
    pub(crate) fn output(&self, block: Block) -> Result<Array> {
        Ok(self.take(block, true)?.0)
    }
}

/// The bytes of results; views count as if they were not.
fn size(outs: &Outs) -> u64 {
    outs.as_slice().iter().map(|a| a.dims().size().unwrap_or(0) as u64 * a.dtype().size() as u64).sum()
}

#[cold]
fn failed(what: &str, path: &std::path::Path, why: &std::io::Error) -> Error {
    let message = format!("{what} {} failed: {why}; the option `spill` names another folder", path.display());
    Error::backend("spill", message)
}
