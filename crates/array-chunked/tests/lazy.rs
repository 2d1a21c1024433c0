//! What a chunked array promises beside its values: laziness, errors that lead to the user, memory that is given back.

use array_api::{Array, DType, Result, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::*};

fn counted(rows: usize) -> (Array, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let make = move |start: &[usize], extents: &[usize]| {
        seen.fetch_add(1, Relaxed);
        let (first, count) = (start[0] as i64, extents[0] as i64);
        array_ndarray::namespace().arange(first..first + count)
    };
    let xp = array_ndarray::namespace();
    (array_chunked::from_fn("numbers", &[rows], DType::Int64, 10, &xp, make).unwrap(), calls)
}

#[test]
fn nothing_is_computed_before_it_is_asked_for_and_then_once() -> Result<()> {
    let (x, calls) = counted(100);
    let y = array_api::add(array_api::multiply(&x, 2)?, array_api::sum(&x, ..)?)?;
    let shown = y.to_string();
    assert!(shown.contains("shape=(100,)") && shown.contains("10x10"), "{shown}");
    assert_eq!(calls.load(Relaxed), 0);
    assert_eq!(y.to_vec::<i64>()?[1], 2 + 4950);
    assert_eq!(calls.load(Relaxed), 10, "both uses of the data share one reading");
    Ok(())
}

#[test]
fn only_what_is_needed_is_computed() -> Result<()> {
    let (x, calls) = counted(100);
    let part = array_api::at(array_api::exp(array_api::astype(&x, DType::Float64)?)?, array_api::index![33..35])?;
    assert_eq!(part.to_vec::<f64>()?.len(), 2);
    assert_eq!(calls.load(Relaxed), 1);
    Ok(())
}

#[test]
fn equal_work_is_done_once() -> Result<()> {
    let (x, calls) = counted(50);
    let total = |x: &Array| array_api::sum(array_api::square(x)?, ..);
    let both = array_api::add(total(&x)?, total(&x)?)?;
    assert_eq!(both.item::<i64>()?, 2 * (0..50).map(|i| i * i).sum::<i64>());
    assert_eq!(calls.load(Relaxed), 5);
    Ok(())
}

#[test]
fn a_failing_task_gives_one_error_with_its_operation_and_chunk() {
    let xp = array_ndarray::namespace();
    let make = |start: &[usize], extents: &[usize]| match start[0] {
        7000 => Err(array_api::Error::backend("sensor", "no reading at 7000")),
        _ => array_ndarray::namespace().ones((extents, DType::Float64)),
    };
    let x = array_chunked::from_fn("sensor", &[10_000], DType::Float64, 1, &xp, make).unwrap();
    let error = array_api::sum(array_api::exp(&x).unwrap(), ..).unwrap().item::<f64>().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no reading at 7000") && text.contains("task 7000 of sensor"), "{text}");
}

#[test]
fn a_panicking_task_gives_an_error_too() {
    let xp = array_ndarray::namespace().ones([6]).unwrap();
    let x = array_chunked::from_array(&xp, 2).unwrap();
    let y = array_chunked::map_blocks("bad", &[&x], DType::Float64, |_| panic!("a bug of the user's")).unwrap();
    let text = y.to_vec::<f64>().unwrap_err().to_string();
    assert!(text.contains("a bug of the user's") && text.contains("of bad"), "{text}");
}

#[test]
fn chunks_that_depend_on_data_are_known_when_asked_for() -> Result<()> {
    let (x, _) = counted(40);
    let even = array_api::equal(array_api::remainder(&x, 2)?, 0)?;
    let chosen = array_api::at_mask(&x, &even)?;
    assert_eq!(chosen.dims()[0], array_api::UNKNOWN);
    let chosen = array_chunked::compute_chunk_sizes(&chosen)?;
    assert_eq!(chosen.shape()?, [20]);
    Ok(())
}

#[test]
fn arrays_with_extents_that_depend_on_different_data_are_not_combined() -> Result<()> {
    let (x, _) = counted(40);
    let small = array_api::at_mask(&x, array_api::less(&x, 10)?)?;
    let large = array_api::at_mask(&x, array_api::greater(&x, 20)?)?;
    let text = array_api::add(&small, &large).unwrap_err().to_string();
    assert!(text.contains("compute_chunk_sizes"), "{text}");
    let twice = array_api::add(&small, &small)?;
    assert_eq!(twice.to_vec::<i64>()?.len(), 10);
    Ok(())
}

#[test]
fn too_many_chunks_are_refused_before_they_are_made() {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(1));
    let text = xp.zeros([1_000_000_000, 10]).unwrap_err().to_string();
    assert!(text.contains("10000000000 chunks"), "{text}");
}

#[test]
fn long_chains_are_dropped_without_recursion() -> Result<()> {
    let mut x = array_chunked::from_array(&array_ndarray::namespace().ones([2])?, 1)?;
    for _ in 0..100_000 {
        x = array_api::add(x, 1.0)?;
    }
    drop(x);
    Ok(())
}

#[test]
fn slices_reach_the_data_before_anything_is_computed() -> Result<()> {
    let x = array_chunked::from_array(&array_ndarray::namespace().ones([1000, 50])?, [100, 50])?;
    let row = array_api::multiply(array_api::mean(&x, 0)?, 2.0)?;
    let y = array_api::sqrt(array_api::add(array_api::exp(&x)?, &row)?)?;
    let part = array_api::at(&y, array_api::index![250..260, 3..5])?;
    let text = array_chunked::explain(&part)?.to_string();
    let planned = text.split("as planned:").nth(1).unwrap();
    assert!(planned.contains("exp, add, sqrt") && planned.contains("float64(10, 2)"), "{text}");
    assert!((part.to_vec::<f64>()?[0] - (1_f64.exp() + 2.0).sqrt()).abs() < 1e-15);
    Ok(())
}

#[test]
fn what_is_only_reduced_is_not_cut_anew_before() -> Result<()> {
    let xp = array_ndarray::namespace();
    let x = array_chunked::from_array(&xp.normal(&xp.key(1)?, [600, 50])?, [100, 50])?;
    let columns = array_chunked::rechunk(&x, [600, 5])?;
    for (f, due) in [
        (array_api::sum(&columns, 0)?, array_api::sum(&x, 0)?),
        (array_api::std(&columns, 0)?, array_api::std(&x, 0)?),
        (array_api::max(&columns, ..)?, array_api::max(&x, ..)?),
    ] {
        let text = array_chunked::explain(&f)?.to_string();
        let planned = text.split("as planned:").nth(1).unwrap();
        assert!(!planned.contains("float64(600, 50), 10 chunks"), "{text}");
        assert_eq!(f.to_vec::<f64>()?, due.to_vec::<f64>()?);
    }
    let sum = array_api::sum(&columns, 0)?;
    assert_eq!(array_chunked::chunks_of(&sum)?.grid(), [10].into());
    // Asked for itself, it is cut all the same, and reduced as it is.
    let both = array_chunked::compute_all(&[&columns, &sum])?;
    assert_eq!(both[0].to_vec::<f64>()?, x.to_vec::<f64>()?);
    Ok(())
}

#[test]
fn what_a_function_makes_is_what_it_was_said_to_be() -> Result<()> {
    let xp = array_ndarray::namespace();
    let x = array_chunked::from_array(&xp.asarray([1.0, 2.0, 3.0])?, 2)?;
    type Made = fn(&[Array]) -> Result<Array>;
    let wrong: [(Made, &str); 3] = [
        (|blocks| array_api::sum(&blocks[0], ..), "shape () for a chunk of shape"),
        (|blocks| array_api::astype(&blocks[0], DType::Float32), "float32, but the array was said to be of float64"),
        (|blocks| array_chunked::from_array(&blocks[0], 1), "kind chunked; chunks are of ndarray"),
    ];
    for (function, message) in wrong {
        let y = array_chunked::map_blocks("odd", &[&x], DType::Float64, function)?;
        let why = array_chunked::compute(&y).unwrap_err().to_string();
        assert!(why.contains(message) && why.contains("of odd"), "{why}");
    }
    let make = |_: &[usize], extents: &[usize]| array_ndarray::namespace().zeros((extents.to_vec(), DType::Int8));
    let y = array_chunked::from_fn("bytes", &[3], DType::Float64, 2, &xp, make)?;
    assert!(array_chunked::compute(&y).unwrap_err().to_string().contains("int8"));
    Ok(())
}

#[test]
fn the_reason_of_a_failing_function_is_the_cause_of_the_error() -> Result<()> {
    let x = array_chunked::from_array(&array_ndarray::namespace().ones([4])?, 2)?;
    let failing = |_: &[Array]| {
        let file = std::io::Error::other("the disk is full");
        Err(array_api::Error::backend("write", file.to_string()).caused_by(file))
    };
    let y = array_chunked::map_blocks("write", &[&x], DType::Float64, failing)?;
    let error = array_chunked::compute(&y).unwrap_err();
    let mut causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    assert!(causes.any(|cause| cause.is::<std::io::Error>()));
    Ok(())
}

#[test]
fn options_hold_for_arrays_made_of_values_too() -> Result<()> {
    let text = |word: &str| Value::Text(word.into());
    let xp = array_chunked::over(&array_ndarray::namespace())
        .with("sizes", text("compute"))
        .with("chunks", text("random:3"));
    let x = xp.asarray([1.0, -2.0, 3.0])?;
    assert_eq!(array_api::at_mask(&x, array_api::greater(&x, 0.0)?)?.shape()?, [2]);
    assert!(array_chunked::computes_exports(&xp.clone().with("exports", text("compute")))?);
    assert!(array_chunked::computes_exports(&xp.with("exports", text("never"))).is_err());
    Ok(())
}

#[test]
fn a_run_ends_when_the_thread_that_waits_is_told_to() -> Result<()> {
    let make = |_: &[usize], extents: &[usize]| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        array_ndarray::namespace().ones((extents, DType::Float64))
    };
    let xp = array_ndarray::namespace();
    let x = array_chunked::from_fn("slow", &[50_000], DType::Float64, 1, &xp, make)?;
    let waiting = std::thread::current().id();
    let local = array_chunked::Local::new().cancelled_if(move || std::thread::current().id() == waiting);
    let error = local.compute(&array_api::sum(&x, ..)?).unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
    let never = array_chunked::Local::new().cancelled_if(|| false);
    assert_eq!(never.compute(&array_api::at(&x, array_api::index![..100])?)?.shape()?, [100]);
    Ok(())
}

/// What has no elements is not cut, however long it is.
#[test]
fn nothing_is_quick_to_make_however_long_it_is() -> Result<()> {
    use array_api::{broadcast_to, concat, repeat, tile};
    const LONG: usize = 1_000_000_000_000_000;
    let xp = array_chunked::over(&array_ndarray::namespace());
    let none = xp.zeros([0])?;
    let tall = xp.zeros([LONG, 0])?;
    assert_eq!(broadcast_to(&none, [LONG, 0])?.shape()?, [LONG, 0]);
    assert_eq!(tile(&none, [3, LONG])?.shape()?, [3, 0]);
    assert_eq!(repeat(&none, LONG as i64, ..)?.shape()?, [0]);
    let scalar = tile(xp.asarray(1.0)?, [LONG, 0, 1])?;
    for x in [scalar, concat([&tall, &tall], 0)?, tall] {
        assert!(array_chunked::chunks_of(&x)?.count() <= 2, "{x}");
        assert!(x.to_vec::<f64>()?.is_empty());
    }
    Ok(())
}

#[test]
fn random_pieces_fill_the_array_and_hang_on_its_elements() -> Result<()> {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Text("random:1".into()));
    let cut = |n: i64| -> Result<array_chunked::Chunks> {
        let x = xp.from_host(vec![n; 5], [5, 1])?;
        assert!(array_chunked::chunks_of(&xp.from_host(Vec::<f64>::new(), [0, 3])?)?.axes()[0].len() == 1);
        Ok(array_chunked::chunks_of(&x)?.clone())
    };
    let found = (0..100).map(cut).collect::<Result<Vec<_>>>()?;
    for chunks in &found {
        assert_eq!(*chunks.dims(), [5, 1]);
        let sizes = chunks.axes()[0].sizes().unwrap();
        assert!(sizes.len() <= 4 && sizes.iter().all(|&n| n > 0), "{chunks}");
    }
    assert!((1..=4).all(|n| found.iter().any(|c| c.axes()[0].len() == n)));
    assert_eq!(cut(3)?, found[3]);
    Ok(())
}

/// A thread that waits for rayon inside of a task may be given anything that the pool has to do, the run's own loops too.
#[test]
fn functions_of_chunks_may_wait_for_rayon() {
    fn halves(n: usize) -> f64 {
        if n < 2 {
            return (0..2_000).fold(0.5, |x: f64, _| std::hint::black_box(x.sin() + 1.0));
        }
        let (a, b) = rayon::join(|| halves(n / 2), || halves(n - n / 2));
        a + b
    }
    let (done, is_done) = std::sync::mpsc::channel();
    // Of more tasks than the asking thread runs by itself. Several runs at once: the loop that a waiting task is given may be another run's too.
    for _ in 0..4 {
        let done = done.clone();
        std::thread::spawn(move || {
            for _ in 0..15 {
                let x = array_chunked::from_fn(
                    "halves",
                    &[100_usize],
                    DType::Float64,
                    1,
                    &array_ndarray::namespace(),
                    |_, extents| array_api::add(array_ndarray::namespace().zeros(extents)?, halves(16)),
                );
                let x = x.and_then(|x| array_api::sum(&array_api::exp(array_api::negative(x)?)?, ..));
                x.and_then(|x| x.item::<f64>()).unwrap();
            }
            done.send(()).unwrap();
        });
    }
    for _ in 0..4 {
        is_done.recv_timeout(std::time::Duration::from_secs(120)).expect("no run waits for itself");
    }
}
