//! Columns of Parquet files: those that pyarrow has written are read, and what is written is read by it.
//!
//! `tests/data/parquet` holds files that `tests/python/write_parquet.py` has written. Where the variable `ARRAY_PROTOCOL_PYARROW`
//! names a Python that has pyarrow, both directions are tried with it too.

mod folder;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use array_api::{Array, DType, ErrorKind, Namespace, Result, index};
use array_chunked::{
    ChunkSpec, Columns, Executor, Job, Local, Parquet, ParquetFormat, Store, chunks_of, from_array, from_parquet,
    from_source,
};

use crate::folder::Folder;

/// The rows of most of the files, and of each of their row groups but the last.
const ROWS: i64 = 40;
const GROUP: usize = 15;

fn memory() -> Namespace {
    array_ndarray::namespace()
}

fn auto() -> ChunkSpec {
    ChunkSpec::default()
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parquet").join(format!("{name}.parquet"))
}

fn refused<T: std::fmt::Debug>(got: Result<T>, kind: ErrorKind, words: &[&str]) {
    let error = got.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

/// The number of each row, in a type.
fn numbers(dtype: DType) -> Result<Array> {
    let rows = memory().arange(0..ROWS)?;
    match dtype {
        DType::Bool => array_api::equal(array_api::remainder(&rows, 2)?, 1),
        _ => array_api::astype(rows, dtype),
    }
}

/// Every type of numbers in a folder that pyarrow has written.
fn check(folder: &Path) -> Result<usize> {
    let real: Vec<DType> = array_api::DTYPES.into_iter().filter(|d| !d.is_complex()).collect();
    for &dtype in &real {
        for chunks in [auto(), 7.into(), ChunkSpec::Auto { bytes: GROUP * dtype.size() }] {
            let x = from_parquet(folder.join("numbers.parquet"), dtype.name(), chunks)?;
            assert_eq!((x.dtype(), x.shape()?), (dtype, &[ROWS as usize][..]));
            assert_eq!(x.to_host()?, numbers(dtype)?.to_host()?, "{dtype}");
            let part = array_api::at(&x, index![13..32])?;
            assert_eq!(part.to_host()?, array_api::at(numbers(dtype)?, index![13..32])?.to_host()?, "{dtype}");
        }
    }
    Ok(real.len())
}

#[test]
fn every_type_of_numbers_that_pyarrow_writes_is_read() -> Result<()> {
    assert_eq!(check(data("x").parent().unwrap())?, 11);
    Ok(())
}

#[test]
fn the_ends_of_every_range_come_through() -> Result<()> {
    macro_rules! ends {
        ($($t:ty),*) => { $(
            let x = from_parquet(data("ends"), array_api::DType::name(<$t as array_api::Element>::DTYPE), auto())?;
            assert_eq!(x.to_vec::<$t>()?, [<$t>::MIN, <$t>::MAX]);
        )* };
    }
    ends!(i8, i16, i32, i64, u8, u16, u32, u64);
    Ok(())
}

/// The columns `a` and `b`, side by side.
fn two() -> Result<Array> {
    let a = array_api::astype(memory().arange(1..ROWS + 1)?, DType::Float64)?;
    array_api::stack([&a, &array_api::divide(&a, 10.0)?], 1)
}

#[test]
fn several_columns_are_one_array_however_they_are_packed() -> Result<()> {
    let zstd = cfg!(feature = "zarr").then_some("two-zstd");
    let names =
        ["two-plain", "two-gzip", "two-lz4", "two-pages", "two-pages-v2", "two-split", "two-checksum", "two-one-group"];
    for name in names.into_iter().chain(zstd) {
        for chunks in [auto(), ChunkSpec::from([7, 1]), 1.into(), [40, 2].into()] {
            let x = from_parquet(data(name), ["a", "b"], chunks)?;
            assert_eq!(x.to_host()?, two()?.to_host()?, "{name}");
            let part = array_api::at(&x, index![9..33, 1])?;
            assert_eq!(part.to_host()?, array_api::at(two()?, index![9..33, 1])?.to_host()?, "{name}");
        }
        let turned = from_parquet(data(name), ["b", "a", "b"], auto())?;
        let expected = array_api::take(two()?, memory().asarray([1, 0, 1])?, 1)?;
        assert_eq!(turned.to_host()?, expected.to_host()?);
        assert_eq!(from_parquet(data(name), .., auto())?.to_host()?, two()?.to_host()?);
        // A list of one is still an array of two axes.
        assert_eq!(from_parquet(data(name), ["b"], auto())?.shape()?, [40, 1]);
    }
    Ok(())
}

#[test]
fn codecs_that_are_not_built_in_are_named_before_anything_is_read() {
    refused(from_parquet(data("two-brotli"), "a", auto()), ErrorKind::NotImplemented, &["`a`", "BROTLI", "snappy"]);
    if cfg!(not(feature = "zarr")) {
        refused(
            from_parquet(data("two-zstd"), "a", auto()),
            ErrorKind::NotImplemented,
            &["`a`", "zstd", "feature `zarr`"],
        );
    }
}

#[test]
fn chunks_of_nobodys_choice_are_whole_row_groups() -> Result<()> {
    let chunks = |name: &str, bytes| {
        let x = from_parquet(data(name), ["a", "b"], ChunkSpec::Auto { bytes })?;
        Ok::<_, array_api::Error>(chunks_of(&x)?.to_string())
    };
    assert_eq!(Parquet::open(data("two-plain"), ..)?.row_groups(), [15, 15, 10]);
    assert_eq!(chunks("two-plain", 16 * 15)?, "(2x15+10, 2)");
    assert_eq!(chunks("two-plain", 16 * 30)?, "(30+10, 2)");
    assert_eq!(chunks("two-plain", 1 << 20)?, "(40, 2)");
    assert_eq!(chunks("two-plain", 16 * 8)?, "(7+8+7+8+..., 2)");
    assert_eq!(chunks("two-one-group", 16 * 10)?, "(4x10, 2)");
    let groups = Parquet::open(data("two-plain"), "a")?.row_groups();
    let x = from_parquet(data("two-plain"), "a", vec![groups])?;
    assert_eq!(chunks_of(&x)?.to_string(), "(2x15+10,)");
    Ok(())
}

#[test]
fn nulls_are_an_error_that_counts_them_unless_they_are_to_be_nan() -> Result<()> {
    let whole = from_parquet(data("nulls"), "whole", auto())?;
    assert_eq!(whole.to_host()?, numbers(DType::Float64)?.to_host()?);
    for (name, remedy) in [("floats", "nulls_are_nan"), ("singles", "nulls_are_nan"), ("integers", "fill them")] {
        let x = from_parquet(data("nulls"), name, auto())?;
        let column = format!("`{name}`");
        let words =
            [&column[..], "nulls.parquet", "3 nulls in rows 0 to 39", "first in row 17", "whole column has 3", remedy];
        refused(x.to_host(), ErrorKind::Value, &words);
        // What does not need them does not miss them.
        let first = array_api::at(&x, index![..17])?;
        assert_eq!(array_api::astype(array_api::max(first, ..)?, DType::Float64)?.item::<f64>()?, 16.0);
        let x = from_parquet(data("nulls"), name, 10)?;
        refused(array_api::at(&x, index![30..35])?.to_host(), ErrorKind::Value, &["1 null in rows 30 to 34", "row 33"]);
    }
    let floats = Arc::new(Parquet::open(data("nulls"), ["floats", "whole"])?.nulls_are_nan()?);
    let x = from_source(floats, 7, &memory())?;
    let nan = array_api::isnan(&x)?.to_vec::<bool>()?;
    let places: Vec<usize> = (0..nan.len()).filter(|&i| nan[i]).collect();
    assert_eq!(places, [2 * 17, 2 * 18, 2 * 33]);
    assert_eq!(array_api::sum(array_api::at(&x, index![.., 1])?, ..)?.item::<f64>()?, 780.0);
    refused(Parquet::open(data("nulls"), "integers")?.nulls_are_nan(), ErrorKind::DType, &["int32", "only floats"]);
    Ok(())
}

#[test]
fn what_is_no_column_of_numbers_is_refused_by_name_and_type() {
    for (name, what) in [
        ("text", "STRING as BYTE_ARRAY"),
        ("binary", "BYTE_ARRAY"),
        ("price", "DECIMAL as INT32"),
        ("day", "DATE as INT32"),
        ("instant", "TIMESTAMP as INT64"),
        ("instant_ns", "TIMESTAMP as INT64"),
        ("clock", "TIME as INT64"),
        ("half", "FLOAT16 as FIXED_LEN_BYTE_ARRAY"),
        ("list", "nested values (lists)"),
        ("struct", "nested values (structs)"),
        ("map", "nested values (maps)"),
        ("nothing", "UNKNOWN as INT32"),
    ] {
        let column = format!("`{name}`");
        refused(from_parquet(data("others"), name, auto()), ErrorKind::DType, &["others.parquet", &column, what]);
    }
    let words = ["`text`", "Its columns of numbers are `number` (float64), `count` (int64)"];
    refused(from_parquet(data("others"), .., auto()), ErrorKind::DType, &words);
    let words = ["`number` is float64", "`count` is int64", "stack"];
    refused(from_parquet(data("others"), ["number", "count"], auto()), ErrorKind::DType, &words);
    let missing = from_parquet(data("two-plain"), ["a", "c"], auto());
    refused(missing, ErrorKind::Value, &["no column `c`", "its columns are `a`, `b`"]);
    refused(
        from_parquet(data("two-plain"), Columns::Several(vec![]), auto()),
        ErrorKind::Value,
        &["no columns are asked for"],
    );
}

#[test]
fn files_that_are_no_parquet_are_refused_with_the_reason() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.parquet");
    let open = || from_parquet(&file, "a", auto());
    refused(open(), ErrorKind::Backend, &["x.parquet", "No such file"]);
    std::fs::create_dir(&file).unwrap();
    refused(open(), ErrorKind::Backend, &["x.parquet", "no file"]);
    std::fs::remove_dir(&file).unwrap();
    let whole = std::fs::read(data("two-plain")).unwrap();
    let footer =
        whole.len() - 8 - u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    for (what, bytes) in [
        ("nothing", vec![]),
        ("text", b"column,column\n".to_vec()),
        ("cut off", whole[..whole.len() - 9].to_vec()),
        ("no beginning", whole[whole.len() - 100..].to_vec()),
        ("noise in the footer", [&whole[..footer], &[0x5a; 100], &whole[footer + 100..]].concat()),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let text = open().unwrap_err().to_string();
        assert!(text.contains("x.parquet"), "{what}: {text}");
    }
    Ok(())
}

/// Every byte of a small file changed, one after the other: an error, or numbers, and never anything else.
#[test]
fn corrupt_pages_are_errors_that_name_the_column_and_the_file() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.parquet");
    let whole = std::fs::read(data("two-checksum")).unwrap();
    let footer =
        whole.len() - 8 - u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    let (mut wrong, mut read) = (0, 0);
    for place in 4..footer {
        let mut bytes = whole.clone();
        bytes[place] = !bytes[place];
        std::fs::write(&file, bytes).unwrap();
        match from_parquet(&file, ["a", "b"], auto())?.to_host() {
            Ok(host) if host == two()?.to_host()? => read += 1,
            Ok(_) => wrong += 1,
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("x.parquet") && text.contains("column `"), "byte {place}: {text}");
                assert!(text.contains("of parquet"), "byte {place}: {text}");
            }
        }
    }
    // Statistics in the headers of pages are nobody's business here; the elements have a checksum.
    assert_eq!(wrong, 0);
    assert!(read < (footer - 4) / 2, "{read} of {footer}");
    Ok(())
}

/// What is not needed is not read: a column that is corrupt in the first row group is missed nowhere else.
#[test]
fn slices_move_to_the_columns_and_row_groups_that_they_need() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.parquet");
    let mut bytes = std::fs::read(data("two-checksum")).unwrap();
    // The least and the greatest of a page are in its header too.
    let second = bytes.windows(8).position(|w| w == 0.2_f64.to_le_bytes()).unwrap();
    bytes[second] = !bytes[second];
    std::fs::write(&file, bytes).unwrap();
    let groups = Parquet::open(&file, ..)?.row_groups();
    let x = from_parquet(&file, ["a", "b"], vec![groups, vec![2]])?;
    refused(x.to_host(), ErrorKind::Backend, &["column `b` in row group 0", "checksum"]);
    let needed =
        [array_api::at(&x, index![.., 0])?, array_api::at(&x, index![15.., 1])?, array_api::at(&x, index![20..])?];
    let expected = [
        array_api::at(two()?, index![.., 0])?,
        array_api::at(two()?, index![15.., 1])?,
        array_api::at(two()?, index![20..])?,
    ];
    for (x, expected) in needed.iter().zip(&expected) {
        assert_eq!(x.to_host()?, expected.to_host()?);
    }
    assert_eq!(array_api::sum(from_parquet(&file, "a", auto())?, ..)?.item::<f64>()?, 820.0);
    Ok(())
}

#[test]
fn a_file_that_changes_after_it_was_opened_is_an_error() -> Result<()> {
    let folder = Folder::new();
    let file = folder.at("x.parquet");
    std::fs::copy(data("two-plain"), &file).unwrap();
    let x = from_parquet(&file, "a", auto())?;
    std::fs::write(&file, "gone").unwrap();
    refused(x.to_host(), ErrorKind::Backend, &["has changed since it was opened", "x.parquet"]);
    std::fs::remove_file(&file).unwrap();
    refused(x.to_host(), ErrorKind::Backend, &["No such file", "x.parquet"]);
    Ok(())
}

#[test]
fn a_file_without_rows_is_an_array_without_elements() -> Result<()> {
    let x = from_parquet(data("empty"), ["a", "b"], auto())?;
    assert_eq!((x.shape()?, x.to_vec::<f64>()?), (&[0, 2][..], vec![]));
    assert_eq!(array_api::sum(&x, 0)?.to_vec::<f64>()?, [0.0, 0.0]);
    Ok(())
}

#[test]
fn a_plan_goes_to_another_process_as_json() -> Result<()> {
    let nan = |columns: Columns| -> Result<Array> {
        from_source(Arc::new(Parquet::open(data("nulls"), columns)?.nulls_are_nan()?), 7, &memory())
    };
    let plain = |columns: Columns| from_parquet(data("two-pages"), columns, 7);
    for x in [nan(["whole", "floats"].into())?, nan("singles".into())?, plain("b".into())?, plain(["b", "a"].into())?] {
        let total = array_api::sum(array_api::where_(array_api::isnan(&x)?, -1.0, &x)?, 0)?;
        let text = Job::new(&[&total])?.to_json()?;
        let got = Local::new().values(&Job::from_json(&text)?)?;
        assert_eq!(got[0].to_host()?, total.to_host()?);
    }
    assert_eq!(array_chunked::identity(&plain("a".into())?)?, array_chunked::identity(&plain("a".into())?)?);
    assert_ne!(array_chunked::identity(&plain("a".into())?)?, array_chunked::identity(&plain("b".into())?)?);
    assert_ne!(array_chunked::identity(&plain("a".into())?)?, array_chunked::identity(&plain(["a"].into())?)?);
    Ok(())
}

/// A table of a type: the numbers from 0 in rows of three.
fn table(dtype: DType) -> Result<Array> {
    let x = array_api::reshape(memory().arange(0..21)?, [7, 3])?;
    if dtype == DType::Bool { array_api::equal(array_api::remainder(&x, 2)?, 1) } else { array_api::astype(x, dtype) }
}

fn formats() -> [(&'static str, ParquetFormat); 3] {
    let format = ParquetFormat::new().columns(["x", "y", "z"]);
    [("snappy", format.clone()), ("gzip", format.clone().gzip(6)), ("plain", format.uncompressed())]
}

/// Writes every format with every type.
fn write(folder: &Folder) -> Result<()> {
    for (name, format) in formats() {
        for dtype in array_api::DTYPES.into_iter().filter(|d| !d.is_complex()) {
            let to = Store::at(folder.at(&format!("{name}-{dtype}.parquet"))).format(format.clone());
            Local::new().store(&from_array(&table(dtype)?, [3, 2])?, to)?;
        }
    }
    Ok(())
}

#[test]
fn every_format_and_type_comes_back() -> Result<()> {
    let folder = Folder::new();
    write(&folder)?;
    assert_eq!(folder.names().len(), 3 * 11);
    for name in folder.names() {
        let about = Parquet::open(folder.at(&name), ..)?;
        assert_eq!((about.names().collect::<Vec<_>>(), about.row_groups()), (vec!["x", "y", "z"], vec![3, 3, 1]));
        let x = from_parquet(folder.at(&name), .., auto())?;
        assert!(name.ends_with(&format!("-{}.parquet", x.dtype())), "{name} is {}", x.dtype());
        assert_eq!(x.to_host()?, table(x.dtype())?.to_host()?, "{name}");
    }
    Ok(())
}

#[test]
fn a_store_goes_on_where_it_ended() -> Result<()> {
    let folder = Folder::new();
    let (from, to) = (data("two-pages"), folder.at("y.parquet"));
    let x = from_parquet(&from, .., [5, 2])?;
    let failing = std::sync::atomic::AtomicBool::new(true);
    let resumed = Store::at(&to).resume(true);
    let bad = array_chunked::map_blocks("bad", &[&x], DType::Float64, move |b| {
        match b[0].to_vec::<f64>()?[0] == 21.0 && failing.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => Err(array_api::Error::value("bad", "no")),
            false => Ok(b[0].clone()),
        }
    })?;
    refused(Local::new().store(&bad, &resumed), ErrorKind::Value, &["no"]);
    assert_eq!(folder.names(), ["y.parquet.partial"]);
    Local::new().store(&bad, &resumed)?;
    assert_eq!(folder.names(), ["y.parquet"]);
    assert_eq!(from_parquet(&to, .., auto())?.to_host()?, two()?.to_host()?);
    let double = array_api::multiply(from_parquet(&to, .., auto())?, 2.0)?;
    Local::new().store(&double, Store::at(&to).overwrite(true))?;
    assert_eq!(from_parquet(&to, "column_1", 3)?.to_vec::<f64>()?[39], 8.0);
    Ok(())
}

#[test]
fn what_is_no_table_is_refused_before_anything_is_written() -> Result<()> {
    let folder = Folder::new();
    let to = |format: ParquetFormat| Store::at(folder.at("x.parquet")).format(format);
    let stored = |x: Array, chunks: ChunkSpec, format| Local::new().store(&from_array(&x, chunks)?, to(format));
    let plain = ParquetFormat::new;
    refused(stored(memory().ones([2, 2, 2])?, auto(), plain()), ErrorKind::Shape, &["(2, 2, 2)", "no table"]);
    refused(stored(memory().ones([2, 0])?, auto(), plain()), ErrorKind::Shape, &["no table"]);
    refused(stored(table(DType::Complex64)?, auto(), plain()), ErrorKind::DType, &["complex64", "imaginary"]);
    refused(stored(table(DType::Int8)?, auto(), plain().columns(["a"])), ErrorKind::Value, &["1 names", "3 columns"]);
    refused(
        stored(table(DType::Int8)?, auto(), plain().columns(["a", "b", "a"])),
        ErrorKind::Value,
        &["two columns", "`a`"],
    );
    refused(stored(table(DType::Int8)?, auto(), plain().gzip(11)), ErrorKind::Value, &["no level 11"]);
    refused(stored(memory().zeros([40_000])?, 1.into(), plain()), ErrorKind::Value, &["40000 chunks", "32767"]);
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    Ok(())
}

#[test]
fn arrays_of_one_axis_and_without_rows_are_stored() -> Result<()> {
    let folder = Folder::new();
    for (name, x) in
        [("one", memory().arange(0..10)?), ("none", memory().zeros([0])?), ("rows", memory().zeros([0, 2])?)]
    {
        let file = folder.at(&format!("{name}.parquet"));
        array_chunked::store(&from_array(&x, 3)?, &file)?;
        let columns = if name == "rows" { Columns::All } else { "column_0".into() };
        let back = from_parquet(&file, columns, auto())?;
        assert_eq!((back.shape()?, back.to_host()?), (x.shape()?, x.to_host()?), "{name}");
    }
    Ok(())
}

/// The Python that has pyarrow, if somebody says which.
fn python() -> Option<String> {
    let python = std::env::var("ARRAY_PROTOCOL_PYARROW").ok();
    if python.is_none() {
        eprintln!("skipped: ARRAY_PROTOCOL_PYARROW names no Python with pyarrow");
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
fn pyarrow_reads_what_is_written() -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let folder = Folder::new();
    write(&folder)?;
    let text = run(&python, "read_parquet.py", &folder);
    let files: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(files.len(), 3 * 11);
    for file in files {
        let name = file["name"].as_str().unwrap();
        let dtype: DType = name.rsplit('-').next().unwrap().parse()?;
        // Arrow's own names.
        let arrow = match dtype {
            DType::Float32 => "float",
            DType::Float64 => "double",
            other => other.name(),
        };
        assert_eq!(file["types"], serde_json::json!([arrow, arrow, arrow]), "{name}");
        assert_eq!(file["groups"], serde_json::json!([3, 3, 1]), "{name}");
        assert_eq!(file["nullable"], false, "{name}");
        for (place, column) in ["x", "y", "z"].into_iter().enumerate() {
            let own = array_api::at(table(dtype)?, index![.., place as isize])?;
            let own = array_api::astype(own, DType::Float64)?.to_vec::<f64>()?;
            assert_eq!(file["columns"][column], serde_json::json!(own), "{name}");
        }
    }
    Ok(())
}

#[test]
fn what_pyarrow_writes_now_is_read() -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let folder = Folder::new();
    run(&python, "write_parquet.py", &folder);
    assert_eq!(check(&folder.0)?, 11);
    Ok(())
}
