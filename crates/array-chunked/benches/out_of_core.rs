//! Statistics and singular values of a Zarr array that is larger than the memory it may take.
//!
//! `cargo bench -p array-chunked --features zarr --bench out_of_core -- 4` makes 4 GiB of random `float32` in 100 columns in
//! the system's temporary folder (or in the folder named next), reads it, computes with at most 1 GiB of chunks, and removes
//! it. Printed are seconds, the rate of reading, and the most memory that was resident in each step, where Linux says so.
//! What the system holds of the files in its cache is dropped before each step where that is allowed, to root on Linux; a line
//! says so where it is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use array_api::{Array, DType, Error, Result, Svd, Value};
use array_chunked::{ChunkSpec, Chunks, Format, Local, Store, Writer, Zarr, from_source, from_zarr};

const COLUMNS: usize = 100;
const LIMIT: &str = "1 GiB";

/// Lets everything go that is written.
#[derive(Debug)]
struct Nothing;

impl Format for Nothing {
    fn settings(&self) -> String {
        "nothing".into()
    }
    fn open(&self, path: &Path, _: &Chunks, _: DType) -> Result<Box<dyn Writer>> {
        std::fs::write(path, "").map_err(|e| Error::backend("store", e.to_string()))?;
        Ok(Box::new(Nothing))
    }
}

impl Writer for Nothing {
    fn write(&self, _: &[usize], _: &Array) -> Result<()> {
        Ok(())
    }
    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

/// The most memory that was resident since it was last asked, in MiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    // 5 sets the mark back.
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    Some(kib >> 10)
}

/// Lets the system forget what it read and wrote.
fn forget() {
    let dropped = std::process::Command::new("sync").status().is_ok_and(|s| s.success())
        && std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok();
    if !dropped {
        println!("\tthe files may be in the system's cache, which could not be dropped");
    }
}

fn timed(name: &str, bytes: Option<u64>, work: impl FnOnce() -> Result<()>) -> Result<()> {
    forget();
    peak();
    let start = Instant::now();
    work()?;
    let seconds = start.elapsed().as_secs_f64();
    let rate = bytes.map_or(String::new(), |b| format!("\t{:.2} GiB/s", b as f64 / seconds / f64::from(1 << 30)));
    let memory = peak().map_or(String::new(), |mib| format!("\tpeak {mib} MiB resident"));
    println!("{name}\t{seconds:.2} s{rate}{memory}");
    Ok(())
}

/// A folder that goes with the run.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn main() -> Result<()> {
    // Cargo gives benches `--bench`.
    let mut wanted = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let gib: f64 = match wanted.next().map(|a| a.parse()) {
        None => 1.0,
        Some(Ok(gib)) if gib > 0.0 => gib,
        Some(_) => return Err(Error::value("out_of_core", "the first word is the size in GiB, such as 4")),
    };
    let parent = wanted.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = Folder(parent.join(format!("array-chunked-out-of-core-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0).map_err(|e| Error::backend("out_of_core", e.to_string()))?;
    let file = folder.0.join("table.zarr");
    let rows = (gib * f64::from(1 << 30) / (4 * COLUMNS) as f64) as usize;
    let bytes = (rows * COLUMNS * 4) as u64;
    let local = || Local::new().memory(LIMIT);

    let memory = array_ndarray::namespace();
    timed("generate and store", Some(bytes), || {
        let xp = array_chunked::over(&memory).with("chunks", Value::Text("16MiB".into()));
        let x = xp.uniform(
            &xp.key(1)?,
            array_api::Uniform { shape: [rows, COLUMNS].into(), dtype: DType::Float32, ..Default::default() },
        )?;
        let format = array_chunked::ZarrFormat::new().uncompressed();
        local()?.store(&x, Store::at(&file).format(format))
    })?;
    let cached = || from_zarr(&file, ChunkSpec::default());
    let open = || from_source(Arc::new(Zarr::open(&file)?.direct_io()?), ChunkSpec::default(), &memory);
    let all = |x: Array| local()?.store(&x, Store::at(folder.0.join("nothing")).format(Nothing).overwrite(true));
    timed("read through the cache", Some(bytes), || all(cached()?))?;
    timed("read", Some(bytes), || all(open()?))?;
    timed("mean, std, min, max per column", Some(bytes), || {
        let x = open()?;
        let all = [array_api::mean(&x, 0)?, array_api::std(&x, 0)?, array_api::min(&x, 0)?, array_api::max(&x, 0)?];
        let local = local()?;
        local.compute_all(&all.each_ref())?;
        println!("\tat most {} MiB of chunks at once, {} MiB spilled", local.peak() >> 20, local.spilled() >> 20);
        Ok(())
    })?;
    timed("singular values of the centred columns", Some(bytes), || {
        let x = open()?;
        let centred = array_api::subtract(&x, array_api::mean(&x, 0)?)?;
        let local = local()?;
        let s = local.compute(&array_api::svd(&centred, Svd { full_matrices: false })?.s)?;
        println!("\tat most {} MiB of chunks at once, {} MiB spilled", local.peak() >> 20, local.spilled() >> 20);
        // The standard deviation of uniform numbers is 1/sqrt(12), times the root of the number of rows.
        let due = (rows as f64 / 12.0).sqrt();
        let off = s.to_host()?.to_f64()?.iter().map(|s| (s / due - 1.0).abs()).fold(0.0, f64::max);
        println!("\tsingular values within {off:.1e} of sqrt(rows / 12)");
        Ok(())
    })
}
