//! Stores into regions of arrays on disk: what is outside stays, nothing is half written, and what was cut off is gone on with.

mod folder;

use std::ops::Range;
use std::path::{Path, PathBuf};

use array_api::{Array, DType, Dims, Error, Indices, Namespace, Result, index};
use array_chunked::{Local, Store, finish_region, from_array, from_npy, map_blocks, store};

use crate::folder::Folder;

fn memory() -> Namespace {
    array_ndarray::namespace()
}

/// The numbers from `first` in rows.
fn table(first: i64, rows: usize, columns: usize) -> Result<Array> {
    let numbers = memory().arange(first..first + (rows * columns) as i64)?;
    array_api::reshape(numbers, Dims::from([rows, columns]))
}

fn partial(target: &Path) -> PathBuf {
    let name = format!("{}.region.partial", target.file_name().unwrap().to_str().unwrap());
    target.with_file_name(name)
}

fn slices(rows: &Range<isize>, columns: &Range<isize>) -> Indices {
    index![rows.clone(), columns.clone()]
}

/// What the array should be after a store.
fn set(whole: &Array, part: &Array, index: Indices) -> Result<Array> {
    array_api::set_at(whole.clone(), part.clone(), array_api::SetAt { index })
}

/// Every region of a small array, in several chunkings, against the same in memory.
fn check(target: &Path, read: impl Fn(&Path) -> Result<Array>) -> Result<()> {
    let mut expected = read(target)?;
    let dtype = expected.dtype();
    let (rows, columns) = (expected.shape()?[0] as isize, expected.shape()?[1] as isize);
    let mut first = 1000;
    for own in [0..rows, 0..1, 2..5, 3..rows, 4..4] {
        for other in [0..columns, 1..3, columns - 1..columns] {
            for chunks in [[1, 1], [2, 3], [100, 100]] {
                let part = array_api::astype(table(first, own.len(), other.len())?, dtype)?;
                Local::new().store(&from_array(&part, chunks)?, Store::at(target).region(slices(&own, &other)))?;
                expected = set(&expected, &part, slices(&own, &other))?;
                assert_eq!(read(target)?.to_host()?, expected.to_host()?, "{own:?} {other:?} {chunks:?}");
                assert!(!partial(target).exists());
                first += 100;
            }
        }
    }
    Ok(())
}

fn npy(path: &Path) -> Result<Array> {
    array_chunked::compute(&from_npy(path, 3)?)
}

#[test]
fn every_region_of_an_npy_file_is_stored() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(0, 7, 5)?, 2)?, &file)?;
    check(&file, npy)
}

#[test]
fn regions_of_files_in_fortrans_order_and_the_other_order_of_bytes_are_stored() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("f.npy");
    let header = format!("{:<117}\n", "{'descr': '>i4', 'fortran_order': True, 'shape': (7, 5), }");
    let data = (0..35_i32).flat_map(i32::to_be_bytes);
    let bytes = b"\x93NUMPY\x01\x00".iter().copied().chain((header.len() as u16).to_le_bytes());
    std::fs::write(&file, bytes.chain(header.bytes()).chain(data).collect::<Vec<u8>>()).unwrap();
    let before = std::fs::metadata(&file).unwrap().len();
    check(&file, npy)?;
    assert_eq!(std::fs::metadata(&file).unwrap().len(), before);
    Ok(())
}

#[test]
fn axes_that_are_not_named_are_whole_and_numbers_have_regions_too() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(0, 4, 2)?, 2)?, &file)?;
    Local::new().store(&from_array(&table(50, 2, 2)?, 1)?, Store::at(&file).region(index![-2..]))?;
    assert_eq!(npy(&file)?.to_vec::<i64>()?, [0, 1, 2, 3, 50, 51, 52, 53]);
    let one = folder.at("one.npy");
    store(&from_array(&memory().full((Dims::SCALAR, 2.5))?, 1)?, &one)?;
    Local::new().store(&from_array(&memory().full((Dims::SCALAR, 7.5))?, 1)?, Store::at(&one).region(index![]))?;
    assert_eq!(npy(&one)?.item::<f64>()?, 7.5);
    Ok(())
}

/// Regions, arrays and settings that do not fit are refused before anything is written.
fn refusals(target: &Path) -> Result<()> {
    let whole = |x: &Array, to: Store| Local::new().store(&from_array(x, 2).unwrap(), to).unwrap_err().to_string();
    let ints = table(0, 2, 2)?;
    for (index, why) in [
        (index![0..3, 0..2], "shape (2, 2) does not fill the region of shape (3, 2)"),
        // As everywhere, slices end where the axis does.
        (index![6..9, 0..2], "the region of shape (1, 2)"),
        (index![0..2, 0..2, 0..1], "cannot have 3 slices"),
        (index![0, 0..2], "is made of slices"),
    ] {
        let text = whole(&ints, Store::at(target).region(index));
        assert!(text.contains(why), "{text}");
    }
    let stepped = Indices(vec![array_api::Index::Slice { start: Some(0), stop: Some(4), step: 2 }]);
    assert!(whole(&ints, Store::at(target).region(stepped)).contains("steps are 1"));
    let floats = array_api::astype(&ints, DType::Float64)?;
    let text = whole(&floats, Store::at(target).region(index![0..2, 0..2]));
    assert!(text.contains("astype(int64)"), "{text}");
    let text = whole(&ints, Store::at(target).region(index![0..2, 0..2]).overwrite(true));
    assert!(text.contains("keeps its format"), "{text}");
    assert!(!partial(target).exists());
    Ok(())
}

#[test]
fn what_does_not_fit_an_npy_file_is_refused_before_anything_is_written() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    let text =
        Local::new().store(&from_array(&table(0, 2, 2)?, 1)?, Store::at(&file).region(index![0..2])).unwrap_err();
    assert!(text.to_string().contains("x.npy is not there"), "{text}");
    store(&from_array(&table(0, 7, 5)?, 2)?, &file)?;
    refusals(&file)?;
    assert_eq!(npy(&file)?.to_host()?, table(0, 7, 5)?.to_host()?);
    Ok(())
}

/// The same chunks, with an error in that which begins with this number, as long as `fails`.
fn failing(x: &Array, at: i64, fails: &std::sync::Arc<std::sync::atomic::AtomicBool>) -> Result<Array> {
    let fails = fails.clone();
    map_blocks("failing", &[x], x.dtype(), move |blocks| {
        match blocks[0].to_vec::<i64>()?[0] == at && fails.load(std::sync::atomic::Ordering::Relaxed) {
            true => Err(Error::value("failing", "no such number")),
            false => Ok(blocks[0].clone()),
        }
    })
}

/// An error while chunks are computed leaves the array as it was; with resuming, what is done is kept beside it.
fn errors_while_computing(target: &Path, read: impl Fn(&Path) -> Result<Array>) -> Result<()> {
    use std::sync::atomic::Ordering::Relaxed;
    let before = read(target)?;
    let part = table(1000, 4, 4)?;
    let fails = std::sync::Arc::new(true.into());
    let x = failing(&from_array(&part, 2)?, 1010, &fails)?;
    let to = Store::at(target).region(index![2..6, 0..4]);
    let text = Local::new().store(&x, &to).unwrap_err().to_string();
    assert!(text.contains("no such number"), "{text}");
    assert!(!partial(target).exists());
    assert_eq!(read(target)?.to_host()?, before.to_host()?);
    let to = to.resume(true);
    assert!(Local::new().store(&x, &to).is_err());
    assert!(partial(target).exists());
    assert_eq!(read(target)?.to_host()?, before.to_host()?);
    // Others are told of it; there is nothing to finish yet.
    let other = Store::at(target).region(index![0..4, 0..4]);
    let text = Local::new().store(&from_array(&part, 2)?, &other).unwrap_err().to_string();
    assert!(text.contains("region.partial is there"), "{text}");
    let text = finish_region(target).unwrap_err().to_string();
    assert!(text.contains("nothing to finish") && text.contains("as it was"), "{text}");
    fails.store(false, Relaxed);
    // The same array into another region is another store.
    assert!(Local::new().store(&x, other.resume(true)).unwrap_err().to_string().contains("begun as region"));
    Local::new().store(&x, &to)?;
    assert!(!partial(target).exists());
    assert_eq!(read(target)?.to_host()?, set(&before, &part, index![2..6, 0..4])?.to_host()?);
    Ok(())
}

#[test]
fn an_error_while_chunks_are_computed_leaves_an_npy_file_as_it_was() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(0, 7, 5)?, 2)?, &file)?;
    errors_while_computing(&file, npy)
}

#[test]
fn a_region_may_be_made_of_the_array_that_it_goes_into() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.npy");
    store(&from_array(&table(0, 6, 2)?, 2)?, &file)?;
    // Each row becomes the one before: in place it would become the first one everywhere.
    let shifted = array_api::at(from_npy(&file, 1)?, index![..5])?;
    Local::new().store(&shifted, Store::at(&file).region(index![1..6]))?;
    assert_eq!(npy(&file)?.to_vec::<i64>()?, [0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    Ok(())
}

#[test]
fn a_file_that_is_gone_when_chunks_are_moved_is_an_error_that_loses_nothing() -> Result<()> {
    let folder = Folder::new();
    let (file, aside) = (folder.at("x.npy"), folder.at("aside.npy"));
    store(&from_array(&table(0, 4, 2)?, 2)?, &file)?;
    let part = from_array(&table(50, 2, 2)?, 1)?;
    let (from, to) = (file.clone(), aside.clone());
    let moves = map_blocks("moves", &[&part], DType::Int64, move |b| {
        let _ = std::fs::rename(&from, &to);
        Ok(b[0].clone())
    })?;
    let store_to = Store::at(&file).region(index![1..3]);
    let text = Local::new().store(&moves, &store_to).unwrap_err().to_string();
    assert!(text.contains("finish_region") && text.contains("x.npy.region.partial"), "{text}");
    assert!(partial(&file).join("ready").exists());
    // Another array of that name is not written into.
    store(&from_array(&table(0, 5, 2)?, 2)?, &file)?;
    let text = finish_region(&file).unwrap_err().to_string();
    assert!(text.contains("another file than when the store began"), "{text}");
    assert_eq!(npy(&file)?.to_host()?, table(0, 5, 2)?.to_host()?);
    std::fs::rename(&aside, &file).unwrap();
    // Until then nothing else is stored there.
    for to in [store_to.clone(), store_to.clone().resume(true)] {
        let text = Local::new().store(&part, &to).unwrap_err().to_string();
        assert!(text.contains("finish_region"), "{text}");
    }
    finish_region(&file)?;
    assert_eq!(npy(&file)?.to_vec::<i64>()?, [0, 1, 50, 51, 52, 53, 6, 7]);
    assert_eq!(folder.names(), ["x.npy"]);
    Ok(())
}

#[cfg(feature = "zarr")]
mod zarr {
    use super::*;
    use array_chunked::{Zarr, ZarrFormat, from_source, from_zarr};
    use std::sync::Arc;

    fn read(path: &Path) -> Result<Array> {
        array_chunked::compute(&from_zarr(path, 3)?)
    }

    fn formats() -> [(&'static str, ZarrFormat); 4] {
        [
            ("v3", ZarrFormat::new().chunks([2, 3])),
            ("sharded", ZarrFormat::new().chunks([1, 3]).shards([4, 3])),
            ("v2", ZarrFormat::v2().chunks([3, 2])),
            ("plain", ZarrFormat::new().uncompressed().chunks([7, 5])),
        ]
    }

    fn made(folder: &Folder, name: &str, format: &ZarrFormat) -> Result<PathBuf> {
        let path = folder.at(&format!("{name}.zarr"));
        Local::new().store(&from_array(&table(0, 7, 5)?, 2)?, Store::at(&path).format(format.clone()))?;
        Ok(path)
    }

    #[test]
    fn every_region_of_a_zarr_array_is_stored() -> Result<()> {
        let folder = Folder::new();
        for (name, format) in formats() {
            let path = made(&folder, name, &format)?;
            let metadata = |path: &Path| ["zarr.json", ".zarray"].map(|name| std::fs::read(path.join(name)).ok());
            let before = metadata(&path);
            check(&path, read)?;
            assert_eq!(metadata(&path), before);
            errors_while_computing(&path, read)?;
            refusals(&path)?;
        }
        Ok(())
    }

    /// Arrays that zarr-python has written, in both orders and with its codecs.
    #[test]
    fn regions_of_zarr_pythons_arrays_are_stored() -> Result<()> {
        let folder = Folder::new();
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")).unwrap() {
            let from = entry.unwrap().path();
            if from.extension().is_none_or(|e| e != "zarr") {
                continue;
            }
            let to = folder.at(from.file_name().unwrap().to_str().unwrap());
            copy(&from, &to);
            let before = read(&to)?;
            let part = array_api::astype(table(0, 3, 3)?, before.dtype())?;
            Local::new().store(&from_array(&part, 2)?, Store::at(&to).region(index![1..4, 2..5]))?;
            let expected = set(&before, &part, index![1..4, 2..5])?;
            assert_eq!(read(&to)?.to_host()?, expected.to_host()?, "{}", to.display());
        }
        assert_eq!(folder.names().len(), 11);
        Ok(())
    }

    fn copy(from: &Path, to: &Path) {
        if from.is_file() {
            std::fs::copy(from, to).unwrap();
            return;
        }
        std::fs::create_dir(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    }

    /// Only the files of chunks in the region change, and each of them is written by one task.
    #[test]
    fn other_chunks_are_not_touched() -> Result<()> {
        let folder = Folder::new();
        let path = made(&folder, "x", &ZarrFormat::new().chunks([2, 3]))?;
        let changed = |place: &str| std::fs::metadata(path.join(place)).unwrap().modified().unwrap();
        let places = ["c/0/0", "c/0/1", "c/1/0", "c/1/1", "c/2/0", "c/2/1", "c/3/0", "c/3/1"];
        let before = places.map(changed);
        let part = from_array(&table(100, 3, 2)?, [3, 1])?;
        Local::new().store(&part, Store::at(&path).region(index![2..5, 3..5]))?;
        let touched: Vec<&str> = (0..8).filter(|&i| changed(places[i]) != before[i]).map(|i| places[i]).collect();
        assert_eq!(touched, ["c/1/1", "c/2/1"]);
        Ok(())
    }

    #[test]
    fn missing_chunks_are_an_error_where_a_region_has_a_part_of_them() -> Result<()> {
        let folder = Folder::new();
        let path = made(&folder, "x", &ZarrFormat::new().chunks([2, 3]))?;
        std::fs::remove_dir_all(path.join("c")).unwrap();
        let sparse = || {
            let source = Zarr::open(&path)?.missing_chunks_are_fill();
            array_chunked::compute(&from_source(Arc::new(source), 3, &memory())?)
        };
        let part = table(100, 3, 3)?;
        let to = Store::at(&path).region(index![2..5, 0..3]);
        let text = Local::new().store(&from_array(&part, 2)?, &to).unwrap_err().to_string();
        assert!(text.contains("c/2/0 is missing") && text.contains("(2, 3)"), "{text}");
        assert!(text.contains("missing_chunks_are_fill"), "{text}");
        assert_eq!(array_api::sum(sparse()?, ..)?.item::<i64>()?, 0);
        // Whole chunks need nothing of what was there.
        let whole = table(200, 2, 3)?;
        Local::new().store(&from_array(&whole, 2)?, Store::at(&path).region(index![..2, ..3]))?;
        Local::new().store(&from_array(&part, 2)?, to.missing_chunks_are_fill())?;
        let expected = set(&table(0, 7, 5)?, &memory().zeros(([7, 5], DType::Int64))?, index![..])?;
        let expected = set(&set(&expected, &whole, index![..2, ..3])?, &part, index![2..5, 0..3])?;
        assert_eq!(sparse()?.to_host()?, expected.to_host()?);
        Ok(())
    }

    #[test]
    fn what_was_cut_off_while_chunks_were_moved_is_gone_on_with() -> Result<()> {
        let folder = Folder::new();
        let path = made(&folder, "x", &ZarrFormat::new().chunks([2, 3]))?;
        let before = read(&path)?;
        let part = table(100, 6, 5)?;
        // A folder where a file is to be: renaming fails at the third of six chunks.
        let (chunk, aside) = (path.join("c/1/0"), folder.at("aside"));
        std::fs::rename(&chunk, &aside).unwrap();
        std::fs::create_dir_all(chunk.join("in the way")).unwrap();
        let x = from_array(&part, [2, 3])?;
        let to = Store::at(&path).region(index![..6]);
        let text = Local::new().store(&x, &to).unwrap_err().to_string();
        assert!(text.contains("x.zarr.region.partial") && text.contains("finish_region"), "{text}");
        std::fs::remove_dir_all(&chunk).unwrap();
        std::fs::rename(&aside, &chunk).unwrap();
        // The first two chunks are new, the others old, each of them whole.
        assert_eq!(read(&path)?.to_host()?, {
            let first = array_api::at(&part, index![..2])?;
            set(&before, &first, index![..2])?.to_host()?
        });
        let text = Local::new().store(&x, &to).unwrap_err().to_string();
        assert!(text.contains("finish_region"), "{text}");
        // The same store goes on with it where it resumes, and so does the function, which does not know the array.
        finish_region(&path)?;
        assert_eq!(read(&path)?.to_host()?, set(&before, &part, index![..6])?.to_host()?);
        assert!(!partial(&path).exists());
        Ok(())
    }

    #[test]
    fn the_same_store_goes_on_too() -> Result<()> {
        let folder = Folder::new();
        let path = made(&folder, "x", &ZarrFormat::new().chunks([2, 3]))?;
        let x = from_array(&table(100, 6, 5)?, [2, 3])?;
        let to = Store::at(&path).region(index![..6]).resume(true);
        let (chunk, aside) = (path.join("c/1/0"), folder.at("aside"));
        std::fs::rename(&chunk, &aside).unwrap();
        std::fs::create_dir_all(chunk.join("in the way")).unwrap();
        assert!(Local::new().store(&x, &to).is_err());
        std::fs::remove_dir_all(&chunk).unwrap();
        Local::new().store(&x, &to)?;
        assert_eq!(array_api::at(read(&path)?, index![..6])?.to_host()?, table(100, 6, 5)?.to_host()?);
        assert!(!partial(&path).exists());
        Ok(())
    }
}
