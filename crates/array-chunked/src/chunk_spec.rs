//! How a user says in what chunks an array is to be, and what that comes to.

use array_api::random::Key;
use array_api::{DType, Dims, Error, Result, Value};

use crate::chunks::{AxisChunks, Chunks};

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

/// Cuts the first axis until chunks fit, then the next one: rows stay together, as they lie in memory and in files. What has no
/// elements fits.
fn auto(dims: &[usize], dtype: DType, bytes: usize) -> Vec<usize> {
    if dims.contains(&0) {
        return dims.to_vec();
    }
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
}
