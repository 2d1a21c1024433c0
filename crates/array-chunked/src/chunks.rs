//! How an array is cut into chunks: the extents of the pieces along each axis.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use array_api::random::Key;
use array_api::{DType, Dims, Error, Result, UNKNOWN, Value};

/// The extents of the pieces along one axis.
#[derive(Clone, Debug)]
pub enum AxisChunks {
    /// Known extents, at least one; an axis without elements is one piece of extent 0.
    Known(Arc<[usize]>),
    /// So many pieces of extents that depend on data. Only axes of one origin fit each other.
    Unknown {
        /// The number of pieces.
        pieces: usize,
        /// Which computation they come from.
        origin: u64,
    },
}

impl AxisChunks {
    /// One piece.
    pub fn whole(extent: usize) -> AxisChunks {
        AxisChunks::Known([extent].into())
    }

    /// Pieces of `size`, the last one shorter.
    pub fn regular(extent: usize, size: usize) -> AxisChunks {
        if extent == 0 {
            return AxisChunks::whole(0);
        }
        let size = size.clamp(1, extent);
        let last = extent % size;
        AxisChunks::Known(std::iter::repeat_n(size, extent / size).chain((last > 0).then_some(last)).collect())
    }

    /// Pieces of extents that are not known before computing.
    pub(crate) fn unknown(pieces: usize) -> AxisChunks {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        AxisChunks::Unknown { pieces, origin: NEXT.fetch_add(1, Relaxed) }
    }

    /// The number of pieces.
    pub fn len(&self) -> usize {
        match self {
            AxisChunks::Known(sizes) => sizes.len(),
            AxisChunks::Unknown { pieces, .. } => *pieces,
        }
    }

    /// Whether there are no pieces, which never is so.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The extents, if they are known.
    pub fn sizes(&self) -> Option<&[usize]> {
        match self {
            AxisChunks::Known(sizes) => Some(sizes),
            AxisChunks::Unknown { .. } => None,
        }
    }

    /// The extent of a piece, or [`UNKNOWN`].
    pub fn size(&self, piece: usize) -> usize {
        self.sizes().map_or(UNKNOWN, |sizes| sizes[piece])
    }

    /// The extent of the axis, or [`UNKNOWN`].
    pub fn extent(&self) -> usize {
        self.sizes().map_or(UNKNOWN, |sizes| sizes.iter().sum())
    }

    /// Where each piece begins, and at last where the axis ends.
    pub(crate) fn offsets(sizes: &[usize]) -> Vec<usize> {
        let mut at = 0;
        std::iter::once(0)
            .chain(sizes.iter().map(|n| {
                at += n;
                at
            }))
            .collect()
    }

    /// Pieces that end wherever one of either ends: both can be cut into them without a copy of more than one piece.
    pub(crate) fn refine(&self, other: &AxisChunks) -> Option<AxisChunks> {
        if self == other {
            return Some(self.clone());
        }
        let (a, b) = (self.sizes()?, other.sizes()?);
        let mut ends: Vec<usize> = AxisChunks::offsets(a).into_iter().chain(AxisChunks::offsets(b)).collect();
        ends.sort_unstable();
        ends.dedup();
        let sizes: Vec<usize> = ends.windows(2).map(|w| w[1] - w[0]).collect();
        Some(if sizes.is_empty() { AxisChunks::whole(0) } else { AxisChunks::Known(sizes.into()) })
    }
}

impl PartialEq for AxisChunks {
    fn eq(&self, other: &AxisChunks) -> bool {
        match (self, other) {
            (AxisChunks::Known(a), AxisChunks::Known(b)) => Arc::ptr_eq(a, b) || a == b,
            (AxisChunks::Unknown { pieces: p, origin: a }, AxisChunks::Unknown { pieces: q, origin: b }) => {
                p == q && a == b
            }
            _ => false,
        }
    }
}

/// The chunks of an array: pieces along each axis, and their products.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Chunks(Arc<[AxisChunks]>);

impl Chunks {
    /// From the pieces of each axis.
    pub fn new(axes: impl IntoIterator<Item = AxisChunks>) -> Chunks {
        Chunks(axes.into_iter().collect())
    }

    /// One chunk.
    pub fn whole(dims: &[usize]) -> Chunks {
        Chunks::new(dims.iter().map(|&n| AxisChunks::whole(n)))
    }

    /// The pieces of each axis.
    pub fn axes(&self) -> &[AxisChunks] {
        &self.0
    }

    /// The extents of the array.
    pub fn dims(&self) -> Dims {
        self.0.iter().map(AxisChunks::extent).collect()
    }

    /// The number of pieces along each axis.
    pub fn grid(&self) -> Dims {
        self.0.iter().map(AxisChunks::len).collect()
    }

    /// The number of chunks.
    pub fn count(&self) -> usize {
        self.0.iter().map(AxisChunks::len).product()
    }

    /// The extents of the chunk at a place of the grid.
    pub(crate) fn at(&self, place: &[usize]) -> Dims {
        self.0.iter().zip(place).map(|(a, &i)| a.size(i)).collect()
    }

    /// The extents along each axis.
    ///
    /// # Errors
    /// Where they depend on data that is not computed yet.
    pub(crate) fn sizes(&self, op: &str) -> Result<Vec<Arc<[usize]>>> {
        self.0
            .iter()
            .map(|a| match a {
                AxisChunks::Known(sizes) => Ok(sizes.clone()),
                AxisChunks::Unknown { .. } => Err(unknown_sizes(op)),
            })
            .collect()
    }

    /// Whether all extents are known.
    pub fn is_known(&self) -> bool {
        self.0.iter().all(|a| a.sizes().is_some())
    }

    /// The same chunks with other pieces along one axis.
    pub(crate) fn with(&self, axis: usize, pieces: AxisChunks) -> Chunks {
        let replaced = |(i, a): (usize, &AxisChunks)| if i == axis { pieces.clone() } else { a.clone() };
        Chunks(self.0.iter().enumerate().map(replaced).collect())
    }

    /// The bytes of the largest chunk, if they are known.
    pub fn largest(&self, dtype: DType) -> Option<usize> {
        let widest = |a: &AxisChunks| a.sizes()?.iter().max().copied();
        self.0.iter().try_fold(dtype.size(), |n, a| n.checked_mul(widest(a)?))
    }
}

/// What a function answers that needs extents which are not computed yet.
#[cold]
pub(crate) fn unknown_sizes(op: &str) -> Error {
    Error::shape(
        op,
        "the array has chunks whose extents depend on data; `compute_chunk_sizes` finds them out, and the namespace's \
         option sizes=compute does so at once",
    )
}

impl fmt::Display for Chunks {
    /// The extents of the pieces, `3x1000` for three of 1000.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, axis) in self.0.iter().enumerate() {
            f.write_str(if i > 0 { ", " } else { "" })?;
            match axis {
                AxisChunks::Unknown { pieces, .. } => write!(f, "{pieces}x?")?,
                AxisChunks::Known(sizes) => {
                    let runs: Vec<&[usize]> = sizes.chunk_by(|a, b| a == b).collect();
                    for (j, run) in runs.iter().take(4).enumerate() {
                        f.write_str(if j > 0 { "+" } else { "" })?;
                        if run.len() == 1 { write!(f, "{}", run[0])? } else { write!(f, "{}x{}", run.len(), run[0])? }
                    }
                    f.write_str(if runs.len() > 4 { "+..." } else { "" })?;
                }
            }
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

/// How a user says in what chunks an array is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum ChunkSpec {
    /// Chunks of at most so many bytes, cut along the first axes first.
    Auto {
        /// The bytes of a chunk.
        bytes: usize,
    },
    /// Pieces of one extent along every axis.
    Every(usize),
    /// One entry for each axis.
    Axes(Vec<AxisSpec>),
    /// A few pieces of any extents along each axis, for tests: what they are hangs on the key, the array's extents, and its
    /// elements or the function that makes it.
    Random(Key),
}

/// How one axis is to be cut.
#[derive(Clone, Debug, PartialEq)]
pub enum AxisSpec {
    /// Not at all.
    Whole,
    /// Into pieces of this extent, the last one shorter.
    Every(usize),
    /// Into pieces of these extents.
    Sizes(Vec<usize>),
}

/// The bytes of a chunk where nobody says otherwise: large enough that a task's own cost does not count, small enough that
/// many fit in memory.
pub const AUTO_BYTES: usize = 16 << 20;

/// What a text begins with that has random pieces; a seed follows.
const RANDOM: &str = "random:";

/// More chunks than a plan has room for.
const LARGEST_GRID: usize = 1 << 26;

/// Refuses grids that a plan has no room for, before they are made.
pub(crate) fn check_count(op: &str, dims: &[usize], count: usize) -> Result<()> {
    if count <= LARGEST_GRID {
        return Ok(());
    }
    let dims = Dims::new(dims);
    let message =
        format!("an array of shape {dims} would have {count} chunks, more than {LARGEST_GRID}; use larger ones");
    Err(Error::memory(op, message))
}

impl Default for ChunkSpec {
    fn default() -> ChunkSpec {
        ChunkSpec::Auto { bytes: AUTO_BYTES }
    }
}

impl ChunkSpec {
    /// The chunks of an array of known extents.
    ///
    /// # Errors
    /// If extents do not add up to those of the array, or the number of entries is not that of its axes.
    pub fn resolve(&self, dims: &[usize], dtype: DType) -> Result<Chunks> {
        const NAME: &str = "chunks";
        check_count(NAME, dims, self.count(dims, dtype))?;
        match self {
            ChunkSpec::Every(0) => Err(Error::value(NAME, "a chunk cannot have the extent 0; use at least 1")),
            ChunkSpec::Every(n) => Ok(Chunks::new(dims.iter().map(|&d| AxisChunks::regular(d, *n)))),
            ChunkSpec::Auto { bytes } => Ok(Chunks::new(
                dims.iter().zip(auto(dims, dtype, *bytes)).map(|(&d, size)| AxisChunks::regular(d, size)),
            )),
            ChunkSpec::Axes(axes) => {
                if axes.len() != dims.len() {
                    let message =
                        format!("{} entries are given for an array of {} axes; give one each", axes.len(), dims.len());
                    return Err(Error::value(NAME, message));
                }
                let pieces = axes.iter().zip(dims).map(|(spec, &d)| match spec {
                    AxisSpec::Whole => Ok(AxisChunks::whole(d)),
                    AxisSpec::Every(0) => Err(Error::value(NAME, "a chunk cannot have the extent 0; use at least 1")),
                    AxisSpec::Every(n) => Ok(AxisChunks::regular(d, *n)),
                    AxisSpec::Sizes(sizes) if sizes.iter().try_fold(0_usize, |s, &n| s.checked_add(n)) == Some(d) => {
                        let some: Vec<usize> = sizes.iter().copied().filter(|&n| n > 0).collect();
                        Ok(if some.is_empty() { AxisChunks::whole(0) } else { AxisChunks::Known(some.into()) })
                    }
                    AxisSpec::Sizes(sizes) => {
                        Err(Error::value(NAME, format!("the extents {sizes:?} do not add up to {d}")))
                    }
                });
                pieces.collect::<Result<Vec<_>>>().map(Chunks::new)
            }
            ChunkSpec::Random(key) => {
                let key = dims.iter().fold(*key, |key, &n| key.fold_in(n as u64));
                Ok(Chunks::new(dims.iter().zip(key.split(dims.len() as u64)).map(|(&n, key)| any_pieces(n, key))))
            }
        }
    }
}

impl ChunkSpec {
    /// How many chunks there would be, without making a list of them.
    fn count(&self, dims: &[usize], dtype: DType) -> usize {
        let pieces = |n: usize, size: usize| n.div_ceil(size.max(1)).max(1);
        let all = |counts: &mut dyn Iterator<Item = usize>| counts.fold(1_usize, usize::saturating_mul);
        match self {
            ChunkSpec::Every(size) => all(&mut dims.iter().map(|&n| pieces(n, *size))),
            ChunkSpec::Auto { bytes } => {
                all(&mut dims.iter().zip(auto(dims, dtype, *bytes)).map(|(&n, size)| pieces(n, size)))
            }
            ChunkSpec::Axes(axes) => all(&mut axes.iter().zip(dims).map(|(spec, &n)| match spec {
                AxisSpec::Whole => 1,
                AxisSpec::Every(size) => pieces(n, *size),
                AxisSpec::Sizes(sizes) => sizes.len().max(1),
            })),
            ChunkSpec::Random(_) => all(&mut dims.iter().map(|&n| n.clamp(1, MOST_RANDOM))),
        }
    }

    /// Random pieces that hang on these numbers too; other specs stay as they are.
    pub(crate) fn told_apart(self, by: impl Iterator<Item = u64>) -> ChunkSpec {
        match self {
            ChunkSpec::Random(key) => ChunkSpec::Random(by.fold(key, Key::fold_in)),
            spec => spec,
        }
    }
}

/// The most pieces along an axis that is cut at random.
const MOST_RANDOM: usize = 4;

/// At most four pieces, cut anywhere.
fn any_pieces(extent: usize, key: Key) -> AxisChunks {
    let below = |key: Key, n: usize| key.0[0] as usize % n;
    let pieces = 1 + below(key, MOST_RANDOM);
    let cuts = key.split(pieces as u64 - 1).map(|key| below(key, extent.max(1)));
    let mut ends: Vec<usize> = cuts.chain([0, extent]).collect();
    ends.sort_unstable();
    ends.dedup();
    if extent == 0 { AxisChunks::whole(0) } else { AxisChunks::Known(ends.windows(2).map(|w| w[1] - w[0]).collect()) }
}

/// Cuts the first axis until chunks fit, then the next one: rows stay together, as they lie in memory and in files.
fn auto(dims: &[usize], dtype: DType, bytes: usize) -> Vec<usize> {
    let budget = (bytes / dtype.size()).max(1);
    let mut sizes = dims.to_vec();
    for axis in 0..dims.len() {
        let rest: usize = dims[axis + 1..].iter().fold(1, |n, &d| n.saturating_mul(d.max(1)));
        sizes[axis] = (budget / rest).clamp(1, dims[axis].max(1));
        if sizes[axis] > 1 || rest <= budget {
            break;
        }
    }
    sizes
}

impl From<usize> for ChunkSpec {
    fn from(n: usize) -> ChunkSpec {
        ChunkSpec::Every(n)
    }
}

impl<const N: usize> From<[usize; N]> for ChunkSpec {
    fn from(sizes: [usize; N]) -> ChunkSpec {
        ChunkSpec::Axes(sizes.into_iter().map(AxisSpec::Every).collect())
    }
}

impl From<Vec<Vec<usize>>> for ChunkSpec {
    fn from(sizes: Vec<Vec<usize>>) -> ChunkSpec {
        ChunkSpec::Axes(sizes.into_iter().map(AxisSpec::Sizes).collect())
    }
}

impl From<&Chunks> for ChunkSpec {
    /// Axes whose extents are not known stay as they are only by themselves; here they count as one piece.
    fn from(chunks: &Chunks) -> ChunkSpec {
        let axis = |a: &AxisChunks| a.sizes().map_or(AxisSpec::Whole, |s| AxisSpec::Sizes(s.to_vec()));
        ChunkSpec::Axes(chunks.axes().iter().map(axis).collect())
    }
}

impl array_api::Field for ChunkSpec {
    /// `"auto"`, a number of bytes such as `"64MiB"`, an extent for every axis, or a list with an extent, a list of
    /// extents, or -1 (one piece) for each axis. `"random:7"`, with any seed, is for tests.
    fn from_value(v: &Value) -> Result<ChunkSpec> {
        let wrong = |v: &Value| {
            let forms =
                "\"auto\", bytes such as \"64MiB\", an extent, or a list with an extent, extents or -1 per axis";
            Error::value("chunks", format!("{v} does not say how to cut an array; write {forms}"))
        };
        let axis = |v: &Value| match v {
            Value::Int(-1) | Value::None => Ok(AxisSpec::Whole),
            Value::Int(_) => usize::from_value(v).map(AxisSpec::Every),
            Value::List(_) => Vec::<usize>::from_value(v).map(AxisSpec::Sizes),
            other => Err(wrong(other)),
        };
        match v {
            Value::None => Ok(ChunkSpec::default()),
            Value::Int(-1) => Ok(ChunkSpec::Auto { bytes: usize::MAX }),
            Value::Int(_) => usize::from_value(v).map(ChunkSpec::Every),
            Value::Text(text) if text == "auto" => Ok(ChunkSpec::default()),
            Value::Text(text) if text.starts_with(RANDOM) => {
                text[RANDOM.len()..].parse().map(|seed| ChunkSpec::Random(Key::new(seed))).map_err(|_| wrong(v))
            }
            Value::Text(text) => bytes(text).map(|bytes| ChunkSpec::Auto { bytes }).ok_or_else(|| wrong(v)),
            Value::List(axes) => axes.iter().map(axis).collect::<Result<_>>().map(ChunkSpec::Axes),
            other => Err(wrong(other)),
        }
    }

    fn to_value(&self) -> Value {
        let int = |n: &usize| Value::Int(*n as i128);
        match self {
            ChunkSpec::Auto { bytes: usize::MAX } => Value::Int(-1),
            ChunkSpec::Auto { bytes } => Value::Text(format!("{bytes}B")),
            ChunkSpec::Every(n) => int(n),
            ChunkSpec::Random(Key([low, high])) => {
                Value::Text(format!("{RANDOM}{}", u64::from(*low) | u64::from(*high) << 32))
            }
            ChunkSpec::Axes(axes) => Value::List(
                axes.iter()
                    .map(|a| match a {
                        AxisSpec::Whole => Value::Int(-1),
                        AxisSpec::Every(n) => int(n),
                        AxisSpec::Sizes(sizes) => Value::List(sizes.iter().map(int).collect()),
                    })
                    .collect(),
            ),
        }
    }
}

/// Bytes as people write them: `100MB`, `64 MiB`, `4096`.
pub(crate) fn bytes(text: &str) -> Option<usize> {
    const UNITS: [(&str, usize); 10] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];
    let text = text.trim();
    let (number, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit))).unwrap_or((text, 1));
    let number: f64 = number.trim().parse().ok()?;
    let bytes = number * unit as f64;
    (bytes.is_finite() && (1.0..9e18).contains(&bytes)).then_some(bytes as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use array_api::Field;

    #[test]
    fn specs_are_read_as_they_are_written() {
        for spec in [
            ChunkSpec::Auto { bytes: 1 << 20 },
            ChunkSpec::Every(3),
            ChunkSpec::Axes(vec![AxisSpec::Whole, AxisSpec::Every(2), AxisSpec::Sizes(vec![1, 2])]),
            ChunkSpec::Random(Key::new(7 << 40)),
        ] {
            assert_eq!(ChunkSpec::from_value(&spec.to_value()).unwrap(), spec);
        }
        assert_eq!(bytes("64 MiB"), Some(64 << 20));
        assert_eq!(bytes("1.5kB"), Some(1500));
        assert_eq!((bytes("much"), bytes("-3"), bytes("0")), (None, None, None));
    }

    #[test]
    fn auto_keeps_rows_together_and_cuts_columns_only_where_it_must() {
        let auto = |dims: &[usize], bytes| ChunkSpec::Auto { bytes }.resolve(dims, DType::Float64).unwrap().to_string();
        assert_eq!(auto(&[100, 10], 8 * 10 * 25), "(4x25, 10)");
        assert_eq!(auto(&[4, 100], 8 * 50), "(4x1, 2x50)");
        assert_eq!(auto(&[], 8), "()");
        assert_eq!(auto(&[0, 5], 80), "(0, 5)");
        assert_eq!(auto(&[3, 3], 1), "(3x1, 3x1)");
    }

    #[test]
    fn extents_must_add_up() {
        let spec = ChunkSpec::from(vec![vec![2, 2], vec![3]]);
        assert!(spec.resolve(&[4, 3], DType::Bool).is_ok());
        assert!(spec.resolve(&[5, 3], DType::Bool).unwrap_err().to_string().contains("[2, 2] do not add up to 5"));
        assert!(spec.resolve(&[4], DType::Bool).is_err());
    }

    #[test]
    fn a_refinement_ends_where_either_ends() {
        let axis = |sizes: &[usize]| AxisChunks::Known(sizes.into());
        assert_eq!(axis(&[4, 4]).refine(&axis(&[3, 5])), Some(axis(&[3, 1, 4])));
        assert_eq!(axis(&[0]).refine(&axis(&[0])), Some(axis(&[0])));
        let unknown = AxisChunks::unknown(2);
        assert_eq!(unknown.refine(&unknown), Some(unknown.clone()));
        assert_eq!(unknown.refine(&AxisChunks::unknown(2)), None);
    }
}
