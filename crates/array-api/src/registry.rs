//! The registry of record, and what calls read of it: one published row per operation.
//!
//! [`handled_functions`] is NEP 18's `HANDLED_FUNCTIONS`: (operation, kind) → implementation. It is changed, and the
//! changed row published, under one mutex. A call reads the published row only: no lock, no hashing.

use dashmap::DashMap;
use std::fmt;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::*};
use std::sync::{Mutex, MutexGuard, OnceLock};

use crate::call::{Answer, Call, Handled, Outs};
use crate::dispatch::generic;
use crate::error::{Error, Result};
use crate::kind::{Handler, Kind, KindId};
use crate::operation::Op;

/// How an implementation runs.
pub enum Run {
    /// A function; what `#[implements]` makes of a typed kernel.
    Kernel(fn(&mut Call<'_, '_>) -> Answer),
    /// A closure that was registered at run time.
    Closure(Box<Closure>),
}

/// An implementation that is registered at run time.
pub type Closure = dyn Fn(&mut Call<'_, '_>) -> Handled + Send + Sync;

/// One implementation of one operation for one kind.
pub struct Implementation {
    /// How it runs.
    pub run: Run,
    /// Where it was written.
    pub place: &'static Location<'static>,
    /// Whether it says that it replaces another one.
    pub overrides: bool,
}

impl Implementation {
    /// The line of a published row that runs this implementation.
    fn source(&'static self) -> Source {
        match &self.run {
            Run::Kernel(f) => Source::Kernel(*f, self),
            Run::Closure(f) => Source::Closure(&**f, self),
        }
    }
}

/// What `#[implements]` submits at link time.
#[doc(hidden)]
pub struct Submitted {
    pub op: &'static Op,
    pub kind: &'static Kind,
    pub implementation: &'static Implementation,
}
inventory::collect!(Submitted);

/// Who answers for one kind, computed when the row is published.
#[derive(Clone, Copy)]
pub enum Source {
    /// A registered function.
    Kernel(fn(&mut Call<'_, '_>) -> Answer, &'static Implementation),
    /// A registered closure.
    Closure(&'static Closure, &'static Implementation),
    /// The kind's generic handler.
    Handler(Handler),
    /// The operation's default composition.
    Composition(fn(&mut Call<'_, '_>) -> Result<Outs>),
    /// The kind refuses the composition, with this reason.
    Refused(&'static str),
    /// Two registrations contradict each other: both places.
    Conflict(&'static Location<'static>, &'static Location<'static>),
    /// Nothing.
    Missing,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Kernel(_, i) | Source::Closure(_, i) => {
                write!(f, "{} registered at {}", if i.overrides { "override" } else { "kernel" }, i.place)
            }
            Source::Handler(_) => f.write_str("the kind's generic handler"),
            Source::Composition(_) => f.write_str("the operation's composition"),
            Source::Refused(why) => write!(f, "missing: the kind refuses the composition, because {why}"),
            Source::Conflict(a, b) => write!(f, "registered twice, at {a} and at {b}; neither is used"),
            Source::Missing => f.write_str("missing"),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Runs a call for one kind: a typed kernel's shim, or [`generic`].
type Function = fn(&mut Call<'_, '_>) -> Answer;

/// Kinds whose function lies in the row itself. Those beyond take one more step.
const NEAR: usize = 16;

/// What is published of one operation.
struct Published {
    /// What a call runs: kernels themselves, [`generic`] for all else.
    near: [Function; NEAR],
    /// Who answers, for every kind known when the row was published.
    sources: Vec<Source>,
}

static UNPUBLISHED: Published = Published { near: [generic; NEAR], sources: vec![] };

/// One operation's published row: what calls read.
pub struct Row(AtomicPtr<Published>);

impl Default for Row {
    fn default() -> Row {
        Row::new()
    }
}

impl Row {
    /// A row that nothing has been published for.
    pub const fn new() -> Row {
        Row(AtomicPtr::new((&raw const UNPUBLISHED).cast_mut()))
    }

    #[inline]
    fn published(&self) -> &'static Published {
        // SAFETY: `publish` stores only complete rows and never frees or changes one, since a call may be reading it.
        unsafe { &*self.0.load(Acquire) }
    }

    /// What runs a call whose arrays are of this kind.
    #[inline]
    pub(crate) fn function(&self, kind: KindId) -> Function {
        self.published().near.get(kind.0 as usize).copied().unwrap_or(generic)
    }

    fn get(&self, kind: KindId) -> Option<&'static Source> {
        self.published().sources.get(kind.0 as usize)
    }
}

/// The implementations of one (operation, kind), in the order of precedence: linked ones, then run-time ones as a stack.
struct Entry {
    op: &'static Op,
    kind: &'static Kind,
    linked: Vec<&'static Implementation>,
    stacked: Vec<(u64, &'static Implementation)>,
}

impl Entry {
    /// Which implementation counts. The same pair twice at link time: neither wins, except that one override does.
    fn winner(&self) -> Option<Source> {
        if let Some((_, top)) = self.stacked.last() {
            return Some(top.source());
        }
        let overrides: Vec<_> = self.linked.iter().copied().filter(|i| i.overrides).collect();
        match (&overrides[..], &self.linked[..]) {
            ([one], _) | ([], [one]) => Some(one.source()),
            ([a, b, ..], _) => Some(Source::Conflict(a.place, b.place)),
            ([], [a, b, ..]) => Some(Source::Conflict(a.place, b.place)),
            ([], []) => None,
        }
    }
}

type Key = (usize, KindId);

fn key(op: &'static Op, kind: KindId) -> Key {
    (ptr::from_ref(op) as usize, kind)
}

fn record() -> &'static DashMap<Key, Entry> {
    static RECORD: OnceLock<DashMap<Key, Entry>> = OnceLock::new();
    RECORD.get_or_init(DashMap::new)
}

/// What the mutex guards beside the record: the kinds in order of their numbers, and the next registration's number.
#[derive(Default)]
struct State {
    kinds: Vec<&'static Kind>,
    next: u64,
}

fn lock() -> MutexGuard<'static, State> {
    static STATE: Mutex<State> = Mutex::new(State { kinds: Vec::new(), next: 0 });
    // A panic while the lock is held leaves at worst an unpublished entry; the next publication repairs it.
    STATE.lock().unwrap_or_else(|e| e.into_inner())
}

#[cold]
pub(crate) fn intern(kind: &'static Kind) -> KindId {
    let mut state = lock();
    match kind.index().load(Relaxed) {
        id if id == KindId::NONE.0 => {
            let id = state.kinds.len() as u16;
            assert!(id < KindId::NONE.0, "a program can have {} kinds of arrays", KindId::NONE.0);
            state.kinds.push(kind);
            kind.index().store(id, Release);
            KindId(id)
        }
        id => KindId(id),
    }
}

/// Takes what was submitted at link time into the record, once.
fn start() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        for s in inventory::iter::<Submitted> {
            let id = s.kind.id();
            entry(s.op, s.kind, id).linked.push(s.implementation);
        }
    });
}

fn entry(op: &'static Op, kind: &'static Kind, id: KindId) -> dashmap::mapref::one::RefMut<'static, Key, Entry> {
    record().entry(key(op, id)).or_insert_with(|| Entry { op, kind, linked: vec![], stacked: vec![] })
}

/// Builds and publishes a row, under the same lock as the record's change: two registrations cannot publish out of order.
fn publish(state: &State, op: &'static Op) {
    let row = state.kinds.iter().enumerate().map(|(i, kind)| {
        let registered = record().get(&key(op, KindId(i as u16))).and_then(|e| e.winner());
        registered.or(kind.handler().map(Source::Handler)).unwrap_or_else(|| match (op.compose, kind.refusal(op)) {
            (Some(_), Some(why)) => Source::Refused(why),
            (Some(compose), None) => Source::Composition(compose),
            (None, _) => Source::Missing,
        })
    });
    let sources: Vec<Source> = row.collect();
    let mut near = [generic as Function; NEAR];
    for (near, source) in near.iter_mut().zip(&sources) {
        if let Source::Kernel(kernel, _) = source {
            *near = *kernel;
        }
    }
    op.row.0.store(Box::into_raw(Box::new(Published { near, sources })), Release);
}

/// Who answers for a kind.
pub(crate) fn source(op: &'static Op, kind: KindId) -> &'static Source {
    start();
    loop {
        match op.row.get(kind) {
            Some(source) => return source,
            None => publish(&lock(), op),
        }
    }
}

/// Every kind that has a registered function or an array in this program.
pub fn kinds() -> Vec<&'static Kind> {
    start();
    lock().kinds.clone()
}

/// Whether any function is registered for a kind.
pub(crate) fn has_functions(kind: &'static Kind) -> bool {
    start();
    let id = kind.id();
    record().iter().any(|e| e.key().1 == id && e.winner().is_some())
}

/// A line of the record: who handles an operation for a kind.
#[derive(Clone, Debug)]
pub struct Handled1 {
    /// The operation.
    pub op: &'static Op,
    /// The kind.
    pub kind: &'static Kind,
    /// The implementation that counts.
    pub source: Source,
}

/// The record of registered implementations: NEP 18's `HANDLED_FUNCTIONS`, readable.
///
/// ```
/// for entry in array_api::handled_functions().list() {
///     println!("{} for {}: {}", entry.op.name, entry.kind.name(), entry.source);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HandledFunctions(());

/// The record of registered implementations.
pub fn handled_functions() -> HandledFunctions {
    start();
    HandledFunctions(())
}

impl HandledFunctions {
    /// Every registered pair, sorted by operation and kind.
    pub fn list(self) -> Vec<Handled1> {
        let mut all: Vec<_> =
            record().iter().filter_map(|e| Some(Handled1 { op: e.op, kind: e.kind, source: e.winner()? })).collect();
        all.sort_by_key(|h| (h.op.name, h.kind.name()));
        all
    }

    /// The implementation of an operation for a kind, by their names.
    pub fn get(self, op: &str, kind: &str) -> Option<Source> {
        record().iter().find(|e| e.op.name == op && e.kind.name() == kind)?.winner()
    }

    /// The number of registered pairs.
    pub fn len(self) -> usize {
        record().iter().filter(|e| e.winner().is_some()).count()
    }

    /// Whether nothing is registered.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The pairs that were registered twice, as errors that name both places.
    pub fn conflicts(self) -> Vec<Error> {
        let conflict = |h: Handled1| match h.source {
            Source::Conflict(..) => Some(Error::registry(h.op.name, format!("for {}: {}", h.kind.name(), h.source))),
            _ => None,
        };
        self.list().into_iter().filter_map(conflict).collect()
    }
}

/// A run-time registration; dropping it takes the registration back.
#[must_use = "dropping it takes the registration back; `keep` makes it last"]
#[derive(Debug)]
pub struct Registration {
    op: &'static Op,
    kind: &'static Kind,
    number: u64,
}

impl Registration {
    /// Makes the registration last as long as the program.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let id = self.kind.id();
        let state = lock();
        // Registrations stack: whichever is left on top counts.
        entry(self.op, self.kind, id).stacked.retain(|(n, _)| *n != self.number);
        publish(&state, self.op);
    }
}

/// Registers a closure for an operation and a kind at run time.
///
/// # Errors
/// If the pair already has an implementation, naming both places; [`register_override`] replaces it.
#[track_caller]
pub fn register(
    op: &'static Op,
    kind: &'static Kind,
    f: impl Fn(&mut Call<'_, '_>) -> Handled + Send + Sync + 'static,
) -> Result<Registration> {
    insert(op, kind, false, Location::caller(), Box::new(f))
}

/// Registers a closure that replaces the present implementation until the guard is dropped.
///
/// # Errors
/// None at present.
#[track_caller]
pub fn register_override(
    op: &'static Op,
    kind: &'static Kind,
    f: impl Fn(&mut Call<'_, '_>) -> Handled + Send + Sync + 'static,
) -> Result<Registration> {
    insert(op, kind, true, Location::caller(), Box::new(f))
}

fn insert(
    op: &'static Op,
    kind: &'static Kind,
    overrides: bool,
    place: &'static Location<'static>,
    f: Box<Closure>,
) -> Result<Registration> {
    start();
    let id = kind.id();
    let mut state = lock();
    let mut entry = entry(op, kind, id);
    if !overrides && let Some(present) = entry.winner() {
        let message = format!(
            "for {}: already has an implementation ({present}); the second one is at {place}. Use register_override to \
             replace it",
            kind.name()
        );
        return Err(Error::registry(op.name, message));
    }
    let number = state.next;
    state.next += 1;
    // Leaked, because a call on another thread may still be running it after the guard is dropped.
    let implementation = Box::leak(Box::new(Implementation { run: Run::Closure(f), place, overrides }));
    entry.stacked.push((number, implementation));
    drop(entry);
    publish(&state, op);
    Ok(Registration { op, kind, number })
}
