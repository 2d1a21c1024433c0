//! A limit on memory is kept, whatever the order in which things become ready.

use array_api::{DType, ErrorKind, Result, Value};
use array_chunked::Local;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// Chunks of one MiB, and the number that were made.
fn source(chunks: usize) -> (array_api::Array, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let seen = made.clone();
    let rows = 1 << 17;
    let xp = array_ndarray::namespace();
    let make = move |start: &[usize], extents: &[usize]| {
        seen.fetch_add(1, Relaxed);
        array_ndarray::namespace().full((extents, start[0] as f64, DType::Float64))
    };
    (array_chunked::from_fn("source", &[chunks * rows], DType::Float64, rows, &xp, make).unwrap(), made)
}

#[test]
fn sources_wait_until_there_is_room() -> Result<()> {
    let (x, _) = source(64);
    let local = Local::new().memory("6 MiB")?;
    let total = local.compute(&array_api::sum(array_api::sqrt(&x)?, ..)?)?;
    assert!(total.item::<f64>()? > 0.0);
    assert!(local.peak() <= 6 << 20, "{} bytes were alive", local.peak());
    assert_eq!(local.spilled(), 0, "a sum needs no disk");
    Ok(())
}

#[test]
fn what_is_needed_last_is_written_out_and_read_again() -> Result<()> {
    let (x, made) = source(24);
    let x = array_api::add(&x, 1.0)?;
    // Everything is needed twice, first to its end: 24 MiB do not fit in 8.
    let mean = array_api::mean(&x, ..)?;
    let spread =
        array_api::sum(array_api::abs(array_api::subtract(array_chunked::rechunk(&x, [1 << 18])?, mean)?)?, ..)?;
    let expected = array_chunked::compute(&spread)?.item::<f64>()?;
    let local = Local::new().memory("8 MiB")?;
    let estimate = local.estimate(&[&spread])?;
    assert!(estimate.to_string().contains("will spill"), "{estimate}");
    made.store(0, Relaxed);
    assert_eq!(local.compute(&spread)?.item::<f64>()?, expected, "the same bits");
    assert_eq!(made.load(Relaxed), 24);
    assert!(local.spilled() > 0);
    // Two threads read two chunks back each before room is made for them; beside them are partial sums.
    assert!(local.peak() <= (12 << 20) + 1024, "{} bytes were alive", local.peak());
    Ok(())
}

#[test]
fn nothing_is_left_on_disk() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("array-chunked-test-{}", std::process::id()));
    let (x, _) = source(16);
    let y = array_api::subtract(array_chunked::rechunk(&x, [1 << 16])?, array_api::mean(&x, ..)?)?;
    let bad = array_chunked::map_blocks("bad", &[&y], DType::Float64, |b| match b[0].to_vec::<f64>()?[0] {
        v if v > 0.0 => Err(array_api::Error::value("bad", "a positive number")),
        _ => Ok(b[0].clone()),
    })?;
    let local = Local::new().memory("4 MiB")?.spill(&folder);
    assert!(local.compute(&array_api::sum(&bad, ..)?).is_err());
    assert!(local.compute(&array_api::sum(&y, ..)?).is_ok());
    assert_eq!(std::fs::read_dir(&folder).map(|d| d.count()).unwrap_or(0), 0);
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_written_to_is_an_error() -> Result<()> {
    let (x, _) = source(4);
    let local = Local::new().memory("1 MiB")?.spill("/proc/no-such-folder");
    let text = local.compute(&x).unwrap_err().to_string();
    assert!(text.contains("/proc/no-such-folder"), "{text}");
    assert!(Local::new().memory("much").unwrap_err().to_string().contains("`much`"));
    Ok(())
}

#[test]
fn a_run_can_be_cancelled_from_another_thread() -> Result<()> {
    let local = Local::new();
    let stop = local.clone();
    let xp = array_ndarray::namespace();
    let x = array_chunked::from_fn("slow", &[100_000], DType::Float64, 1, &xp, move |start, extents| {
        if start[0] == 100 {
            stop.cancel();
        }
        array_ndarray::namespace().ones(extents)
    })?;
    let text = local.compute(&x).unwrap_err().to_string();
    assert!(text.contains("cancelled"), "{text}");
    Ok(())
}

#[test]
fn a_trace_lists_what_ran() -> Result<()> {
    let file = std::env::temp_dir().join(format!("array-chunked-trace-{}.json", std::process::id()));
    let (x, _) = source(3);
    Local::new().trace(&file).compute(&array_api::sum(array_api::exp(&x)?, ..)?)?;
    let text = std::fs::read_to_string(&file).unwrap();
    let trace: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names: Vec<&str> =
        trace["traceEvents"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().filter(|n| **n == "source").count(), 3);
    assert!(names.iter().any(|n| n.contains("exp")), "{names:?}");
    std::fs::remove_file(file).unwrap();
    Ok(())
}

#[test]
fn what_no_memory_holds_is_refused_before_anything_is_made() -> Result<()> {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Text("1 GiB".into()));
    let x = xp.ones([1_000_000, 1_000_000])?;
    for outcome in [array_chunked::compute(&x), array_chunked::persist(&x), Local::new().memory("1 GiB")?.compute(&x)] {
        let error = outcome.unwrap_err();
        assert!(error.kind() == ErrorKind::Memory && error.to_string().contains("GiB"), "{error}");
    }
    Ok(())
}

#[test]
fn rows_become_columns_without_holding_all_rows() -> Result<()> {
    let n = 1 << 11;
    let xp = array_ndarray::namespace();
    let make = move |start: &[usize], extents: &[usize]| {
        let first = (start[0] * n) as i64;
        let row = array_ndarray::namespace().arange(first..first + n as i64)?;
        array_api::reshape(row, array_api::Dims::new(extents))
    };
    let x = array_chunked::from_fn("rows", &[n, n], DType::Int64, [1, n], &xp, make)?;
    let columns = array_chunked::rechunk(&x, [n, 1])?;
    // 2048 x 2048 boxes in one step; a thirtieth of them in three.
    assert!(array_chunked::explain(&columns)?.to_string().matches("rechunk").count() >= 4);
    let sums = array_api::sum(&columns, 0)?;
    let expected = |j: usize| (n * j + n * n * (n - 1) / 2) as i64;
    assert_eq!(array_chunked::compute(&sums)?.to_vec::<i64>()?, (0..n).map(expected).collect::<Vec<_>>());
    Ok(())
}
