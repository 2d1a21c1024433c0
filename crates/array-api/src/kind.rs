//! Kinds of arrays, and the levels that order them.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering::*};

use crate::array::Array;
use crate::call::{Call, Handled};
use crate::chain::{Chain, Folds};
use crate::dims::Dims;
use crate::error::Result;
use crate::host::Host;
use crate::namespace::{Device, Namespace};
use crate::operation::Op;

/// How far out an array is wrapped: data, lazy, users' wrappers, then transformations by the moment they started.
///
/// Of the arguments of a call, only those of the outermost level are asked: what is below cannot see through it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Level(u64);

/// Bits of a level below its rank, for the order in which transformations started.
const STARTS: u32 = 44;

impl Level {
    /// Arrays that hold data.
    pub const DATA: Level = Level::rank(0);
    /// Arrays that plan before they compute.
    pub const LAZY: Level = Level::rank(1);
    /// The rank of transformations, above all others.
    pub const TRANSFORM: u8 = u8::MAX;

    /// The level of a kind's static rank.
    pub const fn rank(rank: u8) -> Level {
        Level((rank as u64) << STARTS)
    }

    /// The next level of the process-wide counter: what starts later is further out.
    ///
    /// A transformation takes one when it starts, so nested derivatives and closures that capture an outer
    /// transformation's arrays are never confused.
    pub fn fresh() -> Level {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // A million transformations a second use the counter up in half a year.
        Level(Level::rank(Level::TRANSFORM).0 | NEXT.fetch_add(1, Relaxed))
    }
}

/// The number of a kind in this process: its place in every published row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct KindId(pub(crate) u16);

impl KindId {
    /// Bits of a number.
    const BITS: u32 = u64::BITS - u8::BITS - STARTS;
    /// No kind: beyond the end of every row.
    pub(crate) const NONE: KindId = KindId((1 << KindId::BITS) - 1);
}

/// An array's level and kind in one word: whether two arrays ask the same implementation is one comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked(u64);

impl Asked {
    /// Before the first array.
    pub(crate) const NOBODY: Asked = Asked::new(Level::DATA, KindId::NONE);

    pub(crate) const fn new(level: Level, kind: KindId) -> Asked {
        Asked(level.0 << KindId::BITS | kind.0 as u64)
    }

    pub(crate) const fn level(self) -> Level {
        Level(self.0 >> KindId::BITS)
    }

    #[inline]
    pub(crate) const fn kind(self) -> KindId {
        KindId(self.0 as u16 & KindId::NONE.0)
    }
}

/// Makes an array of a kind from values in the host's memory, in row-major order.
pub type FromHost = fn(Host, Dims, &Namespace) -> Result<Array>;

/// Computes lazy arrays of a kind together, each as an array that holds its elements: see [`persist`](crate::persist).
pub type Persist = fn(&[&Array]) -> Result<Vec<Array>>;

/// A function that receives any operation as data: the equal of NEP 18's `__array_function__`.
pub type Handler = fn(&mut Call<'_, '_>) -> Handled;

/// A kind of array: its name, its level, and what it says about itself to dispatch.
///
/// A kind is a `static`; its array type names it in [`Native::KIND`](crate::Native::KIND).
///
/// ```
/// use array_api::Kind;
/// static DIAGONAL: Kind = Kind::new("diagonal").accepts(&["ndarray"]);
/// assert_eq!(DIAGONAL.name(), "diagonal");
/// ```
pub struct Kind {
    name: &'static str,
    rank: u8,
    handler: Option<Handler>,
    accepts: &'static [&'static str],
    refuses: Option<fn(&'static Op) -> Option<&'static str>>,
    from_host: Option<FromHost>,
    groups: fn(&Device) -> usize,
    persists: Option<Persist>,
    chains: Option<Chain>,
    folds: Option<Folds>,
    index: AtomicU16,
}

impl Kind {
    /// How many kinds a program can have.
    pub const LIMIT: usize = KindId::NONE.0 as usize;

    /// A kind at the level of data. The name is what users write in `"name:device".parse::<Namespace>()`.
    pub const fn new(name: &'static str) -> Kind {
        Kind {
            name,
            rank: 0,
            handler: None,
            accepts: &[],
            refuses: None,
            from_host: None,
            groups: |_| 1,
            persists: None,
            chains: None,
            folds: None,
            index: AtomicU16::new(KindId::NONE.0),
        }
    }

    /// Puts the kind at a level: 0 is data, 1 lazy, 2 to 254 wrappers, 255 transformations.
    pub const fn rank(mut self, rank: u8) -> Kind {
        self.rank = rank;
        self
    }

    /// Sets the generic handler, asked where no kernel is registered or the kernel declined.
    pub const fn handled_by(mut self, handler: Handler) -> Kind {
        self.handler = Some(handler);
        self
    }

    /// Declares the kinds, by name, that this one computes with when both meet at one level.
    pub const fn accepts(mut self, kinds: &'static [&'static str]) -> Kind {
        self.accepts = kinds;
        self
    }

    /// Lets the kind refuse compositions, with a reason: those that would densify it.
    pub const fn refuses(mut self, f: fn(&'static Op) -> Option<&'static str>) -> Kind {
        self.refuses = Some(f);
        self
    }

    /// Says how values from the host's memory become an array of this kind.
    pub const fn from_host(mut self, f: FromHost) -> Kind {
        self.from_host = Some(f);
        self
    }

    /// Says into how many independent groups work on a device is best split.
    pub const fn groups(mut self, f: fn(&Device) -> usize) -> Kind {
        self.groups = f;
        self
    }

    /// Says how arrays that plan before they compute are computed and kept.
    pub const fn persists(mut self, f: Persist) -> Kind {
        self.persists = Some(f);
        self
    }

    /// Says how elementwise calls one after the other are computed in one pass: see [`chain`](crate::chain()).
    pub const fn chains(mut self, f: Chain) -> Kind {
        self.chains = Some(f);
        self
    }

    /// Says how what such calls give is reduced while it is at hand: see [`fold`](crate::fold()).
    pub const fn folds(mut self, f: Folds) -> Kind {
        self.folds = Some(f);
        self
    }

    /// The kind's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The level of arrays of this kind; each transformation has its own.
    pub const fn level(&self) -> Level {
        Level::rank(self.rank)
    }

    /// The generic handler, if the kind has one.
    pub const fn handler(&self) -> Option<Handler> {
        self.handler
    }

    /// Whether the kind declares that it computes with another one.
    pub fn knows(&self, other: &Kind) -> bool {
        std::ptr::eq(self, other) || self.accepts.contains(&other.name)
    }

    /// Why the kind refuses the composition of an operation, if it does.
    pub fn refusal(&self, op: &'static Op) -> Option<&'static str> {
        self.refuses.and_then(|f| f(op))
    }

    pub(crate) fn host_constructor(&self) -> Option<FromHost> {
        self.from_host
    }

    pub(crate) fn persistence(&self) -> Option<Persist> {
        self.persists
    }

    pub(crate) fn chain_form(&self) -> Option<Chain> {
        self.chains
    }

    pub(crate) fn fold_form(&self) -> Option<Folds> {
        self.folds
    }

    pub(crate) fn group_count(&self, device: &Device) -> usize {
        (self.groups)(device).max(1)
    }

    /// The kind's number in this process.
    #[inline]
    pub fn id(&'static self) -> KindId {
        match self.index.load(Relaxed) {
            i if i == KindId::NONE.0 => crate::registry::intern(self),
            i => KindId(i),
        }
    }

    pub(crate) fn index(&self) -> &AtomicU16 {
        &self.index
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kind({})", self.name)
    }
}
