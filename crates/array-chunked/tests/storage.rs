//! Arrays in files: what is read is what was written, only what is needed is read, and nothing is whole before it is.

mod folder;

use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::*};

use array_api::{Array, DType, Dims, Error, Host, Namespace, Result, Value, index};
use array_chunked::{Chunks, Format, Local, Npy, Source, Store, Writer, from_array, from_npy, from_source, store};

use crate::folder::Folder;

fn memory() -> Namespace {
    array_ndarray::namespace()
}

/// The numbers from 0 in rows of `columns`.
fn table(rows: usize, columns: usize) -> Result<Array> {
    array_api::reshape(memory().arange(0..(rows * columns) as i64)?, Dims::from([rows, columns]))
}

/// A source that counts its reads and can be told to fail.
#[derive(Debug)]
struct Counted {
    inner: Npy,
    reads: AtomicUsize,
    elements: AtomicUsize,
    failures: AtomicUsize,
}

impl Counted {
    fn new(path: &Path) -> Result<Arc<Counted>> {
        let none = || AtomicUsize::new(0);
        Ok(Arc::new(Counted { inner: Npy::open(path)?, reads: none(), elements: none(), failures: none() }))
    }
}

impl Source for Counted {
    fn name(&self) -> &str {
        "counted"
    }
    fn dims(&self) -> &Dims {
        self.inner.dims()
    }
    fn dtype(&self) -> DType {
        self.inner.dtype()
    }
    fn read(&self, start: &[usize], extents: &[usize], space: &Namespace) -> Result<Array> {
        self.reads.fetch_add(1, Relaxed);
        self.elements.fetch_add(extents.iter().product(), Relaxed);
        if self.failures.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
            return Err(Error::backend("counted", "the drive is away").caused_by(IoError::from(ErrorKind::TimedOut)));
        }
        self.inner.read(start, extents, space)
    }
    fn identity(&self) -> Option<String> {
        self.inner.identity()
    }
}

#[test]
fn every_type_and_shape_comes_back_in_any_chunks() -> Result<()> {
    let folder = Folder::new();
    for (number, dtype) in array_api::DTYPES.into_iter().enumerate() {
        for (dims, chunks, others) in [
            (vec![], vec![], vec![]),
            (vec![7], vec![3], vec![7]),
            (vec![0, 4], vec![1, 3], vec![1, 1]),
            (vec![5, 6], vec![2, 4], vec![3, 1]),
        ] {
            let size = dims.iter().product::<usize>();
            let x = array_api::astype(memory().arange(0..size as i64)?, dtype)?;
            let x = array_api::reshape(&x, Dims::from(dims.clone()))?;
            let spec = |sizes: &[usize]| {
                array_chunked::ChunkSpec::Axes(sizes.iter().map(|&n| array_chunked::AxisSpec::Every(n)).collect())
            };
            let file = folder.at(&format!("{number}-{}.npy", dims.len() * 10 + size));
            store(&from_array(&x, spec(&chunks))?, &file)?;
            let back = from_npy(&file, spec(&others))?;
            assert_eq!((back.dtype(), back.shape()?), (dtype, &dims[..]));
            assert_eq!(back.to_host()?, x.to_host()?, "{dtype} {dims:?}");
        }
    }
    Ok(())
}

/// Files as NumPy writes them, byte by byte.
fn numpy_file(path: &Path, header: &str, data: &[u8]) {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let padded = format!("{header:<117}\n");
    bytes.extend((padded.len() as u16).to_le_bytes());
    bytes.extend(padded.as_bytes());
    bytes.extend(data);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn fortran_order_and_the_other_order_of_bytes_are_read() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("f.npy");
    let data: Vec<u8> = [1_i16, 3, 5, 2, 4, 6].iter().flat_map(|x| x.to_be_bytes()).collect();
    numpy_file(&file, "{'descr': '>i2', 'fortran_order': True, 'shape': (3, 2), }", &data);
    let x = from_npy(&file, [2, 1])?;
    assert_eq!(x.to_vec::<i16>()?, [1, 2, 3, 4, 5, 6]);
    assert_eq!(array_api::at(&x, index![1..3, 1])?.to_vec::<i16>()?, [4, 6]);
    Ok(())
}

#[test]
fn files_that_are_no_arrays_are_refused_with_the_reason() {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    let refused = |why: &str| {
        let text = from_npy(&file, 1).unwrap_err().to_string();
        assert!(text.contains(why) && text.contains("x.npy"), "{text}");
    };
    refused("No such file");
    std::fs::write(&file, "column,column\n").unwrap();
    refused("no NPY file");
    numpy_file(&file, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }", &[0; 40]);
    refused("is cut off: shape (3, 2) takes 48 bytes, 40 are there");
    numpy_file(&file, "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", &[0; 40]);
    refused("'|O'");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    refused("no file");
}

#[test]
fn a_file_that_changes_after_it_was_opened_is_an_error() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(4, 2)?, 2)?, &file)?;
    let x = from_npy(&file, 2)?;
    std::fs::write(&file, "gone").unwrap();
    let text = x.to_vec::<i64>().unwrap_err().to_string();
    assert!(text.contains("has changed since it was opened") && text.contains("of npy"), "{text}");
    Ok(())
}

#[test]
fn slices_read_only_what_they_need() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(100, 50)?, [10, 50])?, &file)?;
    let source = Counted::new(&file)?;
    let x = from_source(source.clone(), [10, 50], &memory())?;
    let y = array_api::add(array_api::multiply(&x, 2)?, 1)?;
    let part = array_api::at(&y, index![42..45, 7])?;
    assert_eq!(part.to_vec::<i64>()?, [42 * 100 + 15, 43 * 100 + 15, 44 * 100 + 15]);
    assert_eq!((source.reads.load(Relaxed), source.elements.load(Relaxed)), (1, 3));
    let third = array_api::at(
        &x,
        array_api::Indices(vec![array_api::Index::Slice { start: Some(5), stop: Some(30), step: 20 }]),
    )?;
    assert_eq!(array_api::at(third, index![.., 0])?.to_vec::<i64>()?, [250, 1250]);
    Ok(())
}

#[test]
fn the_same_file_is_read_once() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(8, 2)?, 2)?, &file)?;
    let source = Counted::new(&file)?;
    let [x, y] = [from_source(source.clone(), 2, &memory())?, from_source(source.clone(), 2, &memory())?];
    array_chunked::compute(&array_api::add(&x, array_api::sum(&y, ..)?)?)?;
    assert_eq!(source.reads.load(Relaxed), 4);
    Ok(())
}

#[test]
fn names_are_given_to_whole_arrays_only_and_not_taken_from_others() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    std::fs::write(&file, "somebody's").unwrap();
    let x = from_array(&table(4, 2)?, 2)?;
    let text = store(&x, &file).unwrap_err().to_string();
    assert!(text.contains("is there already"), "{text}");
    assert_eq!(std::fs::read(&file).unwrap(), b"somebody's");
    Local::new().store(&x, Store::at(&file).overwrite(true))?;
    assert_eq!(from_npy(&file, 1)?.to_host()?, x.to_host()?);
    // Also of itself: it is read to its end before the name is given.
    let twice = array_api::multiply(from_npy(&file, 1)?, 2)?;
    Local::new().store(&twice, Store::at(&file).overwrite(true))?;
    assert_eq!(from_npy(&file, 2)?.to_vec::<i64>()?[7], 14);
    assert_eq!(folder.names(), ["x.npy"]);
    let text = store(&x, folder.at("x.dat")).unwrap_err().to_string();
    assert!(text.contains("ends in no format's name"), "{text}");
    assert!(store(&x, folder.at("no/such/folder.npy")).unwrap_err().to_string().contains("folder.npy.partial"));
    Ok(())
}

#[test]
fn several_arrays_are_stored_in_one_run() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(8, 3)?, [2, 3])?, &file)?;
    let source = Counted::new(&file)?;
    let x = from_source(source.clone(), [2, 3], &memory())?;
    let x = array_api::astype(&x, DType::Float64)?;
    let (mean, double) = (array_api::mean(&x, 0)?, array_api::multiply(&x, 2.0)?);
    let to = |name: &str| Store::at(folder.at(name));
    Local::new().memory("1 KiB")?.store_all(&[(&mean, to("mean.npy")), (&double, to("double.npy"))])?;
    assert_eq!(source.reads.load(Relaxed), 4);
    assert_eq!(from_npy(folder.at("mean.npy"), 1)?.to_vec::<f64>()?, [10.5, 11.5, 12.5]);
    assert_eq!(from_npy(folder.at("double.npy"), 1)?.to_vec::<f64>()?[23], 46.0);
    Ok(())
}

/// A disk that is full after some regions.
#[derive(Debug)]
struct Full {
    room: Arc<AtomicUsize>,
}

struct FullWriter {
    path: PathBuf,
    room: Arc<AtomicUsize>,
    written: Arc<AtomicUsize>,
}

impl Format for Full {
    fn settings(&self) -> String {
        "full".into()
    }
    fn open(&self, path: &Path, _: &Chunks, _: DType) -> Result<Box<dyn Writer>> {
        std::fs::write(path, "").unwrap();
        let written = Arc::new(AtomicUsize::new(0));
        Ok(Box::new(FullWriter { path: path.into(), room: self.room.clone(), written }))
    }
}

impl Writer for FullWriter {
    fn write(&self, _: &[usize], _: &Array) -> Result<()> {
        self.written.fetch_add(1, Relaxed);
        match self.room.fetch_update(AcqRel, Acquire, |n| n.checked_sub(1)) {
            Ok(_) => Ok(()),
            Err(_) => {
                let why = IoError::from(ErrorKind::StorageFull);
                let message = format!("writing {} failed: {why}", self.path.display());
                Err(Error::backend("store", message).caused_by(why))
            }
        }
    }
    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_one_error_and_leaves_nothing() -> Result<()> {
    let folder = Folder::new();
    let x = memory().zeros([100])?;
    let x = from_array(&x, 1)?;
    let full = |room| Full { room: Arc::new(AtomicUsize::new(room)) };
    for retries in [0, 1] {
        let local = Local::new().retries(retries);
        let to = Store::at(folder.at("x")).format(full(40));
        let text = local.store(&x, to).unwrap_err().to_string();
        assert!(text.contains("no storage space") && text.contains("of store"), "{text}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
    Local::new().store(&x, Store::at(folder.at("x")).format(full(100)))?;
    assert_eq!(folder.names(), ["x"]);
    Ok(())
}

#[test]
fn a_store_is_resumed_where_it_ended() -> Result<()> {
    let folder = Folder::new();
    let (file, out) = (folder.at("x.npy"), folder.at("y.npy"));
    store(&from_array(&table(100, 2)?, [1, 2])?, &file)?;
    let source = Counted::new(&file)?;
    let local = Local::new();
    // The expression is built anew each time, as it would be by another process.
    let squares = |stop: Option<&Local>| -> Result<Array> {
        let x = from_source(source.clone(), [1, 2], &memory())?;
        if let Some(local) = stop {
            let reads = source.clone();
            let local = local.clone();
            std::thread::spawn(move || {
                while reads.reads.load(Relaxed) < 30 {
                    std::thread::yield_now();
                }
                local.cancel();
            });
        }
        array_api::square(&x)
    };
    source.failures.store(1, Relaxed);
    let to = Store::at(&out).resume(true);
    let text = local.store(&squares(None)?, &to).unwrap_err().to_string();
    assert!(text.contains("the drive is away"), "{text}");
    assert_eq!(folder.names(), ["x.npy", "y.npy.partial"]);
    let done = || std::fs::read_to_string(out.with_file_name("y.npy.partial/manifest")).unwrap().lines().count() - 1;
    // Somebody who does not ask for resuming is told of it, and another plan is not mixed with it.
    let text = store(&squares(None)?, &out).unwrap_err().to_string();
    assert!(text.contains("y.npy.partial is there"), "{text}");
    let other = array_api::multiply(squares(None)?, 2)?;
    let text = local.store(&other, &to).unwrap_err().to_string();
    assert!(text.contains("the plan is another one"), "{text}");
    // Cancelled in the middle.
    source.reads.store(0, Relaxed);
    let stopped = Local::new();
    if let Err(error) = stopped.store(&squares(Some(&stopped))?, &to) {
        assert!(error.to_string().contains("cancelled"), "{error}");
        let before = done();
        source.reads.store(0, Relaxed);
        local.store(&squares(None)?, &to)?;
        assert_eq!(source.reads.load(Relaxed), 100 - before, "only what is missing is computed");
    }
    assert_eq!(folder.names(), ["x.npy", "y.npy"]);
    let expected = array_api::square(table(100, 2)?)?;
    assert_eq!(from_npy(&out, 7)?.to_host()?, expected.to_host()?);
    Ok(())
}

#[test]
fn an_error_in_one_of_ten_thousand_chunks_leaves_nothing() -> Result<()> {
    let folder = Folder::new();
    let x = from_array(&memory().arange(0..10_000)?, 1)?;
    for panics in [false, true] {
        let bad =
            array_chunked::map_blocks("bad", &[&x], DType::Int64, move |blocks| match blocks[0].item::<i64>()? {
                7000 if panics => panic!("a bug of the user's"),
                7000 => Err(Error::value("bad", "no such number")),
                _ => Ok(blocks[0].clone()),
            })?;
        let text = store(&bad, folder.at("x.npy")).unwrap_err().to_string();
        let why = if panics { "a bug of the user's" } else { "no such number" };
        assert!(text.contains(why) && text.contains("task 7000 of bad"), "{text}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
    Ok(())
}

#[test]
fn cancelling_in_the_middle_leaves_nothing() -> Result<()> {
    let folder = Folder::new();
    let local = Local::new();
    let stop = local.clone();
    let x = from_array(&memory().arange(0..10_000)?, 1)?;
    let x = array_chunked::map_blocks("stop", &[&x], DType::Int64, move |blocks| {
        if blocks[0].item::<i64>()? == 5000 {
            stop.cancel();
        }
        Ok(blocks[0].clone())
    })?;
    let text = local.store(&x, folder.at("x.npy")).unwrap_err().to_string();
    assert!(text.contains("cancelled"), "{text}");
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    Ok(())
}

#[test]
fn reading_is_tried_again_only_where_asked_for_and_only_reading() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(4, 2)?, [1, 2])?, &file)?;
    let source = Counted::new(&file)?;
    let x = from_source(source.clone(), [1, 2], &memory())?;
    source.failures.store(3, Relaxed);
    assert!(Local::new().compute(&x).unwrap_err().to_string().contains("the drive is away"));
    source.failures.store(3, Relaxed);
    let got = Local::new().retries(3).compute(&x)?;
    assert_eq!(got.to_host()?, table(4, 2)?.to_host()?);
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let bad = array_chunked::from_fn("bad", &[1], DType::Float64, 1, &memory(), move |_, _| {
        seen.fetch_add(1, Relaxed);
        Err(Error::value("bad", "never"))
    })?;
    assert!(Local::new().retries(3).compute(&bad).is_err());
    assert_eq!(calls.load(Relaxed), 1);
    Ok(())
}

#[test]
fn extents_that_depend_on_data_are_refused_and_large_chunks_are_no_matter() -> Result<()> {
    let folder = Folder::new();
    let x = array_chunked::over(&memory())
        .with("chunks", Value::Int(3))
        .from_host(Host::from(vec![1.0, -1.0, 2.0, 5.0]), [4])?;
    let some = array_api::at_mask(&x, array_api::greater(&x, 0.0)?)?;
    let text = store(&some, folder.at("x.npy")).unwrap_err().to_string();
    assert!(text.contains("compute_chunk_sizes"), "{text}");
    store(&array_chunked::compute_chunk_sizes(&some)?, folder.at("x.npy"))?;
    assert_eq!(from_npy(folder.at("x.npy"), 1)?.to_vec::<f64>()?, [1.0, 2.0, 5.0]);
    Ok(())
}

#[test]
fn chunks_of_files_are_read_again_instead_of_written_out() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    let x = array_api::astype(table(64, 1 << 10)?, DType::Float64)?;
    store(&from_array(&x, [1, 1 << 10])?, &file)?;
    let source = Counted::new(&file)?;
    let lazy = from_source(source.clone(), [1, 1 << 10], &memory())?;
    // All rows are needed for the mean first, and for the differences then: 512 KiB, of which 64 have room.
    let spread = |x: &Array| array_api::sum(array_api::abs(array_api::subtract(x, array_api::mean(x, ..)?)?)?, ..);
    let local = Local::new().memory("64 KiB")?;
    let got = local.compute(&spread(&lazy)?)?.item::<f64>()?;
    assert_eq!(got, array_chunked::compute(&spread(&from_array(&x, [1, 1 << 10])?)?)?.item::<f64>()?);
    assert_eq!(local.spilled(), 0);
    let reads = source.reads.load(Relaxed);
    assert!((100..=128).contains(&reads), "{reads} reads of 64 chunks");
    assert!(local.peak() <= 96 << 10, "{} bytes were alive", local.peak());
    Ok(())
}
