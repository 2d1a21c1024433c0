//! Zarr arrays: those that zarr-python has written are read, and what is written is read by it.
//!
//! `tests/data` holds arrays that `tests/python/write_zarr.py` has written. Where the variable `ARRAY_PROTOCOL_ZARR_PYTHON` names
//! a Python that has zarr 3, both directions are tried with it too.

mod folder;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use array_api::{Array, DType, Namespace, Result, index};
use array_chunked::{ChunkSpec, Local, Store, Zarr, ZarrFormat, chunks_of, from_array, from_source, from_zarr, store};

use crate::folder::Folder;

fn memory() -> Namespace {
    array_ndarray::namespace()
}

fn auto() -> ChunkSpec {
    ChunkSpec::default()
}

/// The numbers from 1 in rows of five, as `write_zarr.py` has them.
fn table(dtype: DType) -> Result<Array> {
    array_api::astype(array_api::reshape(memory().arange(1..36)?, [7, 5])?, dtype)
}

/// Every array in a folder that zarr-python has written, in several chunkings.
fn check(folder: &Path) -> Result<usize> {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "zarr") {
            continue;
        }
        let array = Zarr::open(&path)?;
        assert_eq!(array.attributes()["name"], path.file_stem().unwrap().to_str().unwrap());
        assert_eq!(array.attributes()["levels"], serde_json::json!([1, 2.5, null]));
        for chunks in [auto(), 2.into(), [7, 1].into()] {
            let x = from_zarr(&path, chunks)?;
            let expected = table(x.dtype())?;
            assert_eq!(x.to_host()?, expected.to_host()?, "{}", path.display());
            let part = array_api::at(&x, index![1..6, 4])?;
            assert_eq!(part.to_host()?, array_api::at(&expected, index![1..6, 4])?.to_host()?, "{}", path.display());
        }
        seen += 1;
    }
    Ok(seen)
}

#[test]
fn arrays_of_zarr_python_are_read() -> Result<()> {
    assert_eq!(check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"))?, 11);
    Ok(())
}

fn formats() -> Vec<(&'static str, ZarrFormat)> {
    vec![
        ("v3", ZarrFormat::new()),
        ("v3-gzip", ZarrFormat::new().gzip(5).chunks([3, 2])),
        ("v3-plain", ZarrFormat::new().uncompressed()),
        ("v3-sharded", ZarrFormat::new().chunks([2, 1]).shards([4, 3])),
        ("v2", ZarrFormat::v2()),
        ("v2-gzip", ZarrFormat::v2().gzip(1).chunks([2, 2])),
        ("v2-plain", ZarrFormat::v2().uncompressed()),
    ]
}

/// Writes every format with every type.
fn write(folder: &Folder) -> Result<()> {
    for (name, format) in formats() {
        for dtype in array_api::DTYPES {
            let x = from_array(&table(dtype)?, [4, 3])?;
            let to = folder.at(&format!("{name}-{dtype}.zarr"));
            Local::new().store(&x, Store::at(to).format(format.clone().attribute("unit", "K")))?;
        }
    }
    Ok(())
}

#[test]
fn every_format_and_type_comes_back() -> Result<()> {
    let folder = Folder::new();
    write(&folder)?;
    for name in folder.names() {
        let x = from_zarr(folder.at(&name), [3, 5])?;
        assert!(name.ends_with(&format!("-{}.zarr", x.dtype())), "{name} is {}", x.dtype());
        assert_eq!(x.to_host()?, table(x.dtype())?.to_host()?, "{name}");
    }
    Ok(())
}

/// The Python that has zarr, if somebody says which.
fn python() -> Option<String> {
    let python = std::env::var("ARRAY_PROTOCOL_ZARR_PYTHON").ok();
    if python.is_none() {
        eprintln!("skipped: ARRAY_PROTOCOL_ZARR_PYTHON names no Python with zarr");
    }
    python
}

fn run(python: &str, script: &str, folder: &Folder) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    let out = Command::new(python).arg(script).arg(&folder.0).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn zarr_python_reads_what_is_written() -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let folder = Folder::new();
    write(&folder)?;
    let text = run(&python, "read_zarr.py", &folder);
    let arrays: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(arrays.len(), formats().len() * array_api::DTYPES.len());
    for array in arrays {
        let name = array["name"].as_str().unwrap();
        let dtype: DType = array["dtype"].as_str().unwrap().parse()?;
        assert!(name.ends_with(dtype.name()), "{name}: {dtype}");
        assert_eq!(array["format"], if name.starts_with("v2") { 2 } else { 3 });
        assert_eq!(array["attributes"], serde_json::json!({ "unit": "K" }), "{name}");
        let sharded = name.starts_with("v3-sharded");
        assert_eq!(array["shards"], if sharded { serde_json::json!([4, 3]) } else { serde_json::Value::Null });
        let expected = table(dtype)?;
        let real = if dtype.is_complex() { array_api::real(&expected)? } else { expected };
        let real = array_api::astype(real, DType::Float64)?.to_vec::<f64>()?;
        assert_eq!(array["real"], serde_json::json!(real), "{name}");
        assert_eq!(array["imag"], serde_json::json!(vec![0.0; 35]), "{name}");
    }
    Ok(())
}

#[test]
fn what_zarr_python_writes_now_is_read() -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let folder = Folder::new();
    run(&python, "write_zarr.py", &folder);
    assert_eq!(check(&folder.0)?, 11);
    Ok(())
}

#[test]
fn chunks_of_nobodys_choice_are_whole_zarr_chunks() -> Result<()> {
    let folder = Folder::new();
    let x = from_array(&memory().ones([100, 60])?, [30, 60])?;
    Local::new().store(&x, Store::at(folder.at("x.zarr")).format(ZarrFormat::new().chunks([10, 20])))?;
    let chunks = |bytes| {
        Ok::<_, array_api::Error>(chunks_of(&from_zarr(folder.at("x.zarr"), ChunkSpec::Auto { bytes })?)?.to_string())
    };
    assert_eq!(chunks(8 * 10 * 60)?, "(10x10, 60)");
    assert_eq!(chunks(8 * 10 * 20)?, "(10x10, 3x20)");
    assert_eq!(chunks(1 << 20)?, "(100, 60)");
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn the_cache_of_the_system_can_be_left_out() -> Result<()> {
    let folder = Folder::new();
    // Chunks that end within a page, and one that is cut.
    let x = array_api::reshape(memory().asarray((0..12_345).map(f64::from).collect::<Vec<_>>())?, [15, 823])?;
    for (name, format) in formats() {
        let path = folder.at(name);
        Local::new().store(&from_array(&x, [4, 823])?, Store::at(&path).format(format))?;
        match Zarr::open(&path)?.direct_io() {
            Ok(source) => {
                let back = from_source(Arc::new(source), [3, 100], &memory())?;
                assert_eq!(back.to_vec::<f64>()?, x.to_vec::<f64>()?, "{name}");
            }
            // Not every file system has it.
            Err(error) => assert!(error.to_string().contains("leave out `direct_io`"), "{error}"),
        }
    }
    Ok(())
}

#[test]
fn attributes_are_kept() -> Result<()> {
    let folder = Folder::new();
    let source = Zarr::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/v2-default.zarr"))?;
    let format = ZarrFormat::like(&source);
    let x = from_source(Arc::new(source), auto(), &memory())?;
    Local::new().store(&array_api::multiply(&x, 2.0)?, Store::at(folder.at("y.zarr")).format(format))?;
    let back = Zarr::open(folder.at("y.zarr"))?;
    assert_eq!(back.attributes()["levels"], serde_json::json!([1, 2.5, null]));
    assert_eq!(back.metadata()["zarr_format"], 2);
    Ok(())
}

#[test]
fn corrupt_and_missing_chunks_are_errors_that_name_them() -> Result<()> {
    let folder = Folder::new();
    let path = folder.at("x.zarr");
    let x = array_api::astype(array_api::reshape(memory().arange(0..6400)?, [80, 80])?, DType::Float64)?;
    store(&from_array(&x, [40, 40])?, &path)?;
    let total = || array_api::sum(from_zarr(&path, [40, 40])?, ..)?.item::<f64>();
    assert_eq!(total()?, 6400.0 * 6399.0 / 2.0);
    let chunk = path.join("c/1/0");
    let whole = std::fs::read(&chunk).unwrap();
    for (what, bytes) in [
        ("cut off", whole[..whole.len() / 2].to_vec()),
        ("empty", vec![]),
        ("changed", whole.iter().enumerate().map(|(i, b)| if i == whole.len() / 2 { !b } else { *b }).collect()),
        ("noise", vec![0x5a; whole.len()]),
    ] {
        std::fs::write(&chunk, bytes).unwrap();
        let text = total().unwrap_err().to_string();
        assert!(text.contains("of zarr") && text.contains("(40, 0)"), "{what}: {text}");
    }
    std::fs::remove_file(&chunk).unwrap();
    let text = total().unwrap_err().to_string();
    assert!(text.contains("c/1/0 is missing") && text.contains("missing_chunks_are_fill"), "{text}");
    let sparse = Zarr::open(&path)?.missing_chunks_are_fill();
    let x = from_source(Arc::new(sparse), [40, 40], &memory())?;
    assert_eq!(array_api::at(&x, index![40..80, 0..40])?.to_vec::<f64>()?, [0.0; 1600]);
    // What does not need the chunk does not miss it.
    let first = array_api::at(from_zarr(&path, [40, 40])?, index![0..40])?;
    assert_eq!(array_api::max(first, ..)?.item::<f64>()?, 3199.0);
    Ok(())
}

#[test]
fn what_is_no_array_is_refused_with_the_reason() {
    let folder = Folder::new();
    let refused = |name: &str, why: &str| {
        let text = from_zarr(folder.at(name), 1).unwrap_err().to_string();
        assert!(text.contains(why) && text.contains(name), "{text}");
    };
    refused("nothing", "No such file");
    std::fs::write(folder.at("file"), "").unwrap();
    refused("file", "is a file");
    std::fs::create_dir(folder.at("folder")).unwrap();
    refused("folder", "metadata is missing");
    let metadata = |dtype: &str, codec: &str| {
        format!(
            r#"{{"zarr_format":3,"node_type":"array","shape":[4],"data_type":"{dtype}","fill_value":"","attributes":{{}},
            "chunk_grid":{{"name":"regular","configuration":{{"chunk_shape":[2]}}}},
            "chunk_key_encoding":{{"name":"default"}},"codecs":[{{"name":"{codec}"}}]}}"#
        )
    };
    std::fs::write(folder.at("folder/zarr.json"), metadata("string", "vlen-utf8")).unwrap();
    refused("folder", "string");
    std::fs::write(folder.at("folder/zarr.json"), metadata("float64", "a-codec")).unwrap();
    assert!(from_zarr(folder.at("folder"), 1).is_err());
    std::fs::write(folder.at("folder/zarr.json"), "{").unwrap();
    assert!(from_zarr(folder.at("folder"), 1).is_err());
}

#[test]
fn settings_that_do_not_fit_are_refused_before_anything_is_written() -> Result<()> {
    let folder = Folder::new();
    let x = from_array(&memory().ones([4, 4])?, 2)?;
    for (format, why) in [
        (ZarrFormat::new().chunks([2]), "array of 2 axes"),
        (ZarrFormat::new().chunks([0, 2]), "at least 1"),
        (ZarrFormat::new().chunks([2, 2]).shards([3, 4]), "not made of whole chunks"),
        (ZarrFormat::v2().shards([2, 2]), "no shards"),
        (ZarrFormat::new().gzip(10), "no level 10"),
        (ZarrFormat::new().zstd(23), "no level 23"),
    ] {
        let text = Local::new().store(&x, Store::at(folder.at("x.zarr")).format(format)).unwrap_err().to_string();
        assert!(text.contains(why), "{text}");
        assert!(folder.names().is_empty());
    }
    Ok(())
}

#[test]
fn a_store_goes_on_where_it_ended_and_replaces_what_it_is_told_to() -> Result<()> {
    let folder = Folder::new();
    let (from, to) = (folder.at("x.npy"), folder.at("y.zarr"));
    store(&from_array(&table(DType::Float64)?, [1, 5])?, &from)?;
    let failing = |from: &Path| -> Result<Array> { array_chunked::from_npy(from, [1, 5]) };
    let x = failing(&from)?;
    let bad = array_chunked::map_blocks("bad", &[&x], DType::Float64, |b| match b[0].to_vec::<f64>()?[0] {
        16.0 => Err(array_api::Error::value("bad", "no")),
        _ => Ok(b[0].clone()),
    })?;
    let resumed = Store::at(&to).resume(true);
    assert!(Local::new().store(&bad, &resumed).is_err());
    assert!(to.with_file_name("y.zarr.partial/data/zarr.json").exists() && !to.exists());
    assert!(Local::new().store(&x, &resumed).unwrap_err().to_string().contains("another one"));
    std::fs::remove_dir_all(to.with_file_name("y.zarr.partial")).unwrap();
    Local::new().store(&x, &resumed)?;
    let doubled = array_api::multiply(from_zarr(&to, 2)?, 2.0)?;
    Local::new().store(&doubled, Store::at(&to).overwrite(true))?;
    assert_eq!(from_zarr(&to, 3)?.to_vec::<f64>()?[34], 70.0);
    let mut names = folder.names();
    names.sort();
    assert_eq!(names, ["x.npy", "y.zarr"]);
    Ok(())
}

#[test]
fn arrays_without_elements_and_without_axes_are_stored() -> Result<()> {
    let folder = Folder::new();
    for (name, x) in [("none", memory().zeros([0, 3])?), ("one", memory().full((array_api::Dims::SCALAR, 2.5))?)] {
        store(&from_array(&x, auto())?, folder.at(&format!("{name}.zarr")))?;
        let back = from_zarr(folder.at(&format!("{name}.zarr")), auto())?;
        assert_eq!((back.shape()?, back.to_host()?), (x.shape()?, x.to_host()?), "{name}");
    }
    Ok(())
}
