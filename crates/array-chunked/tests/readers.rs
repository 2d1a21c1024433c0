//! Reading has threads of its own: what they read is the same, they stay within bounds, and their errors end the run.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use array_api::{Array, DType, Dims, Error, Namespace, Result};
use array_chunked::{Local, Source, from_source};

const CHUNKS: usize = 60;
/// Of a chunk: a fourth of a MiB.
const ROWS: usize = 1 << 15;

/// Numbers, and what is done instead of giving some of them.
#[derive(Default)]
struct Numbers {
    dims: Dims,
    /// The chunks that were read, those that were used, and the most there ever were between.
    read: AtomicUsize,
    used: AtomicUsize,
    between: AtomicUsize,
    threads: Mutex<HashSet<ThreadId>>,
    instead: Option<fn(usize, usize) -> Result<()>>,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("numbers")
    }
}

impl Source for Numbers {
    fn name(&self) -> &str {
        "numbers"
    }
    fn dims(&self) -> &Dims {
        &self.dims
    }
    fn dtype(&self) -> DType {
        DType::Float64
    }
    fn workspace(&self, _: &[usize], extents: &[usize]) -> u64 {
        8 * extents[0] as u64
    }
    fn read(&self, start: &[usize], extents: &[usize], space: &Namespace) -> Result<Array> {
        let read = self.read.fetch_add(1, SeqCst) + 1;
        self.between.fetch_max(read.saturating_sub(self.used.load(SeqCst)), SeqCst);
        self.threads.lock().unwrap().insert(std::thread::current().id());
        if let Some(instead) = self.instead {
            instead(start[0] / ROWS, read)?;
        }
        let numbers: Vec<f64> = (start[0]..start[0] + extents[0]).map(|i| (i as f64).sin()).collect();
        space.from_host(numbers, extents)
    }
}

fn numbers(instead: Option<fn(usize, usize) -> Result<()>>) -> Result<(Arc<Numbers>, Array)> {
    let source = Arc::new(Numbers { dims: [CHUNKS * ROWS].into(), instead, ..Default::default() });
    let x = from_source(source.clone(), ROWS, &array_ndarray::namespace())?;
    Ok((source, x))
}

/// Something that needs all chunks twice.
fn spread(x: &Array) -> Result<Array> {
    array_api::sum(array_api::abs(array_api::subtract(x, array_api::mean(x, ..)?)?)?, ..)
}

#[test]
fn what_is_read_beside_is_the_same() -> Result<()> {
    let (source, x) = numbers(None)?;
    let beside = spread(&x)?.item::<f64>()?;
    let threads = std::mem::take(&mut *source.threads.lock().unwrap());
    assert!(threads.iter().all(|&thread| thread != std::thread::current().id()));
    // A thread of the pool that asks must not wait for others: it and its like read.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let (alone, members) = pool.install(|| {
        let members: Vec<ThreadId> = rayon::broadcast(|_| std::thread::current().id());
        spread(&x).and_then(|y| y.item::<f64>()).map(|y| (y, members))
    })?;
    assert_eq!(alone.to_bits(), beside.to_bits());
    assert!(source.threads.lock().unwrap().iter().all(|thread| members.contains(thread)));
    assert!(threads.iter().all(|thread| !members.contains(thread)));
    Ok(())
}

#[test]
fn reading_does_not_run_away_from_computing() -> Result<()> {
    let (source, x) = numbers(None)?;
    let seen = source.clone();
    let slow = array_chunked::map_blocks("slow", &[&x], DType::Float64, move |blocks| {
        std::thread::sleep(Duration::from_millis(3));
        seen.used.fetch_add(1, SeqCst);
        array_api::sum(&blocks[0], array_api::Sum { keepdims: true, ..Default::default() })
    });
    // The blocks are smaller than said: only the run itself counts here.
    let _ = slow.and_then(|y| array_chunked::compute(&y));
    let threads = rayon::current_num_threads();
    // Eight read at once or as many as compute; four are ready for each that computes, and one is in work.
    let bound = 2 * threads.max(8) + 5 * threads;
    assert!(source.between.load(SeqCst) <= bound, "{} chunks waited", source.between.load(SeqCst));
    Ok(())
}

#[test]
fn a_limit_of_memory_holds_and_the_smallest_one_ends() -> Result<()> {
    let (_, x) = numbers(None)?;
    let expected = spread(&x)?.item::<f64>()?;
    for limit in ["8 MiB", "2 MiB", "256 KiB", "1"] {
        let local = Local::new().memory(limit)?;
        assert_eq!(local.compute(&spread(&x)?)?.item::<f64>()?.to_bits(), expected.to_bits(), "{limit}");
        // Of chunks that lie in files already, none is written out; partial sums may be.
        assert!(local.spilled() < 8 * ROWS as u64, "{limit}: {} bytes were written out", local.spilled());
        if limit == "8 MiB" {
            // What reading takes beside the chunks is taken off the limit.
            assert!(local.peak() <= 8 << 20, "{} bytes were alive", local.peak());
        }
    }
    Ok(())
}

#[test]
fn an_error_or_a_panic_of_one_chunk_ends_the_run() -> Result<()> {
    let failing: [fn(usize, usize) -> Result<()>; 2] = [
        |chunk, _| if chunk == 41 { Err(Error::value("numbers", "chunk 41 is bad")) } else { Ok(()) },
        |chunk, _| if chunk == 41 { panic!("chunk 41 is bad") } else { Ok(()) },
    ];
    for instead in failing {
        let (_, x) = numbers(Some(instead))?;
        for local in [Local::new(), Local::new().memory("4 MiB")?] {
            let error = local.compute(&spread(&x)?).unwrap_err().to_string();
            assert!(error.contains("chunk 41 is bad") && error.contains("in task 41 of numbers"), "{error}");
        }
    }
    Ok(())
}

#[test]
fn what_fails_once_is_read_again() -> Result<()> {
    let (_, whole) = numbers(None)?;
    let (source, x) = numbers(Some(|_, read| match read {
        7 => {
            let why = std::io::Error::other("the drive is tired");
            Err(Error::backend("numbers", why.to_string()).caused_by(why))
        }
        _ => Ok(()),
    }))?;
    let sum = Local::new().retries(1).compute(&array_api::sum(&x, ..)?)?;
    assert_eq!(sum.item::<f64>()?, array_api::sum(&whole, ..)?.item::<f64>()?);
    assert_eq!(source.read.load(SeqCst), CHUNKS + 1);
    Ok(())
}

#[test]
fn a_run_is_cancelled_while_it_reads() -> Result<()> {
    let (source, x) = numbers(Some(|_, _| {
        std::thread::sleep(Duration::from_millis(20));
        Ok(())
    }))?;
    let local = Local::new();
    std::thread::scope(|threads| {
        let run = threads.spawn(|| local.compute(&spread(&x)?));
        while source.read.load(SeqCst) == 0 {
            std::thread::yield_now();
        }
        local.cancel();
        assert!(run.join().unwrap().unwrap_err().to_string().contains("cancelled"));
        Ok(())
    })?;
    assert!(source.read.load(SeqCst) < CHUNKS);
    Ok(())
}
