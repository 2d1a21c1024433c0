//! Refits of a bootstrap, and searches from several starts, by workers elsewhere.
//!
//! Told are the fit's settings and data, once, and for each piece of work which refits, or which start. Refits are grouped as in
//! this process, since a product's bits depend on its shape, so estimates and intervals are those of a run here.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use array_api::parallel::{Piece, Workers};
use array_api::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::distribution::described;
use crate::inference::bootstrap::{Ends, Nodes, Refits, Way};
use crate::optimize::{Optimum, Stop};

/// The name under which workers know [`fit_piece`].
pub const FIT: &str = "mle.fit";

/// Workers, with the fit that they are told.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    pub(crate) workers: Arc<dyn Workers>,
    /// The settings and data, as [`described`] writes them.
    pub(crate) shared: Arc<[u8]>,
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workers that are told {} bytes", self.shared.len())
    }
}

/// A number by its bits: JSON has none that is not finite.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub(crate) struct Bits(pub(crate) f64);

impl From<u64> for Bits {
    fn from(bits: u64) -> Bits {
        Bits(f64::from_bits(bits))
    }
}

impl From<Bits> for u64 {
    fn from(x: Bits) -> u64 {
        x.0.to_bits()
    }
}

fn bits(numbers: &[f64]) -> Vec<Bits> {
    numbers.iter().map(|&x| Bits(x)).collect()
}

fn numbers(bits: &[Bits]) -> Vec<f64> {
    bits.iter().map(|x| x.0).collect()
}

/// One piece of work.
#[derive(Serialize, Deserialize)]
enum Task {
    /// Refits in their groups, near an estimate without bounds.
    Refits { way: Way, differences: bool, start: Vec<Bits>, groups: Vec<Vec<usize>> },
    /// A search for the maximum from one start.
    Search { start: Vec<Bits> },
}

/// What a search found.
#[derive(Serialize, Deserialize)]
struct Found {
    point: Vec<Bits>,
    value: Bits,
    gradient: Vec<Bits>,
    iterations: usize,
    stop: Stop,
}

impl Elsewhere {
    /// The refits of these groups that converged.
    pub(crate) fn refits(&self, way: Way, differences: bool, start: &[f64], groups: Vec<Vec<usize>>) -> Result<Ends> {
        let each = groups.len().div_ceil(self.workers.pieces().max(1)).max(1);
        let label = match way {
            Way::Series(terms) => format!("series-{terms}"),
            Way::Rows => "rows".into(),
            Way::Differences => "differences".into(),
        };
        let piece = |groups: &[Vec<usize>]| {
            let first = groups.first().and_then(|g| g.first()).copied().unwrap_or(0);
            let last = groups.last().and_then(|g| g.last()).copied().unwrap_or(0);
            let task = Task::Refits { way, differences, start: bits(start), groups: groups.to_vec() };
            Ok(Piece { name: format!("refits-{first}-{last}-by-{label}"), work: said(&task)? })
        };
        let pieces = groups.chunks(each).map(piece).collect::<Result<Vec<_>>>()?;
        let answers: Vec<Vec<(usize, Vec<Bits>)>> = self.call(&pieces)?;
        Ok(answers.into_iter().flatten().map(|(i, end)| (i, numbers(&end))).collect())
    }

    /// Where the search ends from each of these starts.
    pub(crate) fn searches(&self, starts: &[Vec<f64>]) -> Result<Vec<Optimum>> {
        let piece = |(i, start): (usize, &Vec<f64>)| {
            Ok(Piece { name: format!("start-{i}"), work: said(&Task::Search { start: bits(start) })? })
        };
        let pieces = starts.iter().enumerate().map(piece).collect::<Result<Vec<_>>>()?;
        let answers: Vec<Found> = self.call(&pieces)?;
        let optimum = |found: Found| Optimum {
            point: numbers(&found.point),
            value: found.value.0,
            gradient: numbers(&found.gradient),
            iterations: found.iterations,
            stop: found.stop,
        };
        Ok(answers.into_iter().map(optimum).collect())
    }

    fn call<T: DeserializeOwned>(&self, pieces: &[Piece]) -> Result<Vec<T>> {
        let answers = self.workers.call(FIT, &self.shared, pieces)?;
        if answers.len() != pieces.len() {
            let message = format!("workers gave {} answers to {} pieces of work", answers.len(), pieces.len());
            return Err(Error::backend(FIT, message));
        }
        let read = |(piece, answer): (&Piece, Vec<u8>)| {
            let wrong = |e| Error::backend(FIT, format!("the answer of {}: {e}", piece.name));
            serde_json::from_slice(&answer).map_err(wrong)
        };
        pieces.iter().zip(answers).map(read).collect()
    }
}

fn said(what: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(what).map_err(|e| Error::backend(FIT, e.to_string()))
}

/// What a worker does: makes the refits, or the search, of one piece of work.
///
/// # Errors
/// For bytes that a fit [on workers](crate::distribution::Fitting::on) did not write; the fit's.
pub fn fit_piece(shared: &[u8], work: &[u8]) -> Result<Vec<u8>> {
    let task: Task =
        serde_json::from_slice(work).map_err(|e| Error::value(FIT, format!("this is no piece of a fit: {e}")))?;
    let (fitting, values) = described::read(shared)?;
    match task {
        Task::Search { start } => {
            let found = fitting.search_from(&values, &numbers(&start))?;
            said(&Found {
                point: bits(&found.point),
                value: Bits(found.value),
                gradient: bits(&found.gradient),
                iterations: found.iterations,
                stop: found.stop,
            })
        }
        Task::Refits { way, differences, start, groups } => {
            let start = numbers(&start);
            let ends = fitting.with_problem(&values, |problem, wanted| {
                if start.len() != problem.parameters.len() || groups.iter().flatten().any(|&i| i >= wanted.replicates) {
                    return Err(Error::value(FIT, "this is a piece of another fit"));
                }
                let refits = Refits::new(problem, wanted, &start)?;
                match way {
                    Way::Series(terms) => {
                        refits.by_series(&*nodes(shared, &start, differences, terms, &refits)?, groups)
                    }
                    _ => refits.by_rows(way, groups),
                }
            })?;
            let ends: Vec<(usize, Vec<Bits>)> = ends.into_iter().map(|(i, end)| (i, bits(&end))).collect();
            said(&ends)
        }
    }
}

/// As many bytes of nodes are kept for the next piece.
const KEPT: usize = 1 << 28;

/// What tells the nodes of one fit from those of another.
type Key = (Vec<u8>, Vec<u64>, bool, usize);

/// The nodes of the last piece that this process made: the next one is most often of the same fit, and making them takes longer
/// than a few hundred refits.
static LAST: Mutex<Option<(Key, Arc<Nodes>)>> = Mutex::new(None);

fn nodes(shared: &[u8], start: &[f64], differences: bool, terms: usize, refits: &Refits<'_, '_>) -> Result<Arc<Nodes>> {
    let key = (shared.to_vec(), start.iter().map(|x| x.to_bits()).collect(), differences, terms);
    let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = last().as_ref().filter(|(kept, _)| *kept == key).map(|(_, nodes)| nodes.clone());
    if let Some(nodes) = kept {
        return Ok(nodes);
    }
    let Some(near) = refits.near(differences)? else {
        return Err(Error::value(FIT, "there is no box around this estimate"));
    };
    let made = Arc::new(refits.nodes(near, terms)?);
    if made.bytes() + shared.len() <= KEPT {
        *last() = Some((key, made.clone()));
    }
    Ok(made)
}
