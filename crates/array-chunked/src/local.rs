//! The executor of this machine, and what it can be told.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use array_api::{Array, Error, Result};

use crate::chunk_spec::bytes;
use crate::node::Lazy;
use crate::plan::plan;
use crate::schedule::Schedule;
use crate::storage::Store;

/// Runs plans on the threads of this machine.
///
/// ```
/// let x = array_chunked::from_array(&array_ndarray::namespace().ones([1000, 10])?, [100, 10])?;
/// let local = array_chunked::Local::new().memory("16 KiB")?;
/// let total = local.compute(&array_api::sum(array_api::exp(&x)?, ..)?)?;
/// assert!((total.item::<f64>()? - 1e4 * 1_f64.exp()).abs() < 1e-6);
/// assert!(local.peak() <= 16 << 10);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Local {
    pub(crate) memory: Option<u64>,
    pub(crate) spill: PathBuf,
    pub(crate) trace: Option<PathBuf>,
    progress: bool,
    pub(crate) retries: u32,
    cancelled: Arc<AtomicBool>,
    measured: Arc<[AtomicU64; 2]>,
    pub(crate) asked: Option<Asked>,
}

/// A function that says whether a run is to end.
#[derive(Clone)]
pub(crate) struct Asked(pub(crate) Arc<dyn Fn() -> bool + Send + Sync>);

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a function")
    }
}

/// What computing an array takes, as far as is known before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Tasks on chunks.
    pub tasks: usize,
    /// The most bytes of results alive at once, when tasks run one after the other.
    pub peak: u64,
    /// The limit, if there is one.
    pub allowed: Option<u64>,
}

impl std::fmt::Display for Estimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tasks, needs about {}", self.tasks, size(self.peak))?;
        match self.allowed {
            Some(allowed) if self.peak > allowed => write!(f, ", allowed {}: will spill", size(allowed)),
            Some(allowed) => write!(f, ", allowed {}", size(allowed)),
            None => Ok(()),
        }
    }
}

/// Bytes as people read them.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}

impl Default for Local {
    fn default() -> Local {
        Local {
            memory: None,
            spill: std::env::temp_dir(),
            trace: None,
            progress: false,
            retries: 0,
            cancelled: Arc::default(),
            measured: Arc::default(),
            asked: None,
        }
    }
}

impl Local {
    /// No limit, no progress bar, no trace.
    pub fn new() -> Local {
        Local::default()
    }

    /// Allows so many bytes of chunks at once, `"1 GiB"`. Chunks are made only when there is room for them, and what is
    /// needed last is written to disk beyond that.
    ///
    /// # Errors
    /// If the text is not a number of bytes.
    pub fn memory(mut self, limit: &str) -> Result<Local> {
        let wrong = || Error::value("memory", format!("`{limit}` is not a number of bytes; write 512 MiB, 4GB, ..."));
        self.memory = Some(bytes(limit).ok_or_else(wrong)? as u64);
        Ok(self)
    }

    /// The folder for chunks that there is no room for; the system's temporary folder unless given.
    pub fn spill(mut self, folder: impl Into<PathBuf>) -> Local {
        self.spill = folder.into();
        self
    }

    /// Shows a progress bar while tasks run.
    pub fn progress(mut self, shown: bool) -> Local {
        self.progress = shown;
        self
    }

    /// Tries reading and writing so many times more when that fails, with a pause before each time. What else goes wrong is
    /// not tried again; errors of functions that make chunks are where they are
    /// [caused by](array_api::Error::caused_by) a [`std::io::Error`].
    pub fn retries(mut self, times: u32) -> Local {
        self.retries = times;
        self
    }

    /// Writes when each task ran on which thread, in the form that browsers' trace viewers open.
    pub fn trace(mut self, file: impl Into<PathBuf>) -> Local {
        self.trace = Some(file.into());
        self
    }

    /// Cancels a run where this function gives true. It is called some twenty times a second, on the thread that asked for the
    /// values, unless the run is over sooner or that thread is one of rayon's pool, which works itself.
    pub fn cancelled_if(mut self, asked: impl Fn() -> bool + Send + Sync + 'static) -> Local {
        self.asked = Some(Asked(Arc::new(asked)));
        self
    }

    /// Ends what this executor runs, on any thread: it gives an error, and keeps nothing.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    /// The most bytes of chunks that were alive at once in the last run.
    pub fn peak(&self) -> u64 {
        self.measured[0].load(Relaxed)
    }

    /// The bytes that the last run wrote to disk for want of room.
    pub fn spilled(&self) -> u64 {
        self.measured[1].load(Relaxed)
    }

    pub(crate) fn measured(&self, peak: u64, spilled: u64) {
        self.measured[0].store(peak, Relaxed);
        self.measured[1].store(spilled, Relaxed);
    }

    pub(crate) fn bar(&self, tasks: usize) -> Option<indicatif::ProgressBar> {
        self.progress.then(|| indicatif::ProgressBar::new(tasks as u64))
    }

    /// What computing arrays together would take.
    ///
    /// # Errors
    /// If an array is not chunked.
    pub fn estimate(&self, arrays: &[&Array]) -> Result<Estimate> {
        let lazy: Vec<Lazy> = arrays.iter().map(|x| crate::array::of("estimate", x).cloned()).collect::<Result<_>>()?;
        let plan = plan(&lazy)?;
        let schedule = Schedule::new(&plan);
        Ok(Estimate { tasks: schedule.order.len(), peak: schedule.peak(&plan.tasks), allowed: self.memory })
    }

    /// [`compute`](crate::compute) with these settings.
    ///
    /// # Errors
    /// As there, and where the run is cancelled or spilling fails.
    pub fn compute(&self, x: &Array) -> Result<Array> {
        Ok(self.compute_all(&[x])?.swap_remove(0))
    }

    /// [`compute_all`](crate::compute_all) with these settings.
    ///
    /// # Errors
    /// As [`compute`](Local::compute).
    pub fn compute_all(&self, arrays: &[&Array]) -> Result<Vec<Array>> {
        crate::compute::computed(arrays, self)
    }

    /// [`persist`](crate::persist) with these settings.
    ///
    /// # Errors
    /// As [`compute`](Local::compute).
    pub fn persist(&self, x: &Array) -> Result<Array> {
        Ok(self.persist_all(&[x])?.swap_remove(0))
    }

    /// [`persist_all`](crate::persist_all) with these settings.
    ///
    /// # Errors
    /// As [`compute`](Local::compute).
    pub fn persist_all(&self, arrays: &[&Array]) -> Result<Vec<Array>> {
        crate::compute::persisted(arrays, self)
    }

    /// [`store`](crate::store) with these settings.
    ///
    /// # Errors
    /// As there, and where the run is cancelled or spilling fails.
    pub fn store(&self, x: &Array, to: impl Into<Store>) -> Result<()> {
        self.store_all(&[(x, to.into())])
    }

    /// Stores several arrays together: what they share is computed once.
    ///
    /// # Errors
    /// As [`store`](Local::store). Those that are whole by then have their names.
    pub fn store_all(&self, arrays: &[(&Array, Store)]) -> Result<()> {
        crate::storage::store_all(arrays, self)
    }
}
