//! Plans from Rust on a Dask cluster. This needs Python's package, so it is run by the checks of that only, which name their Python
//! by `ARRAY_PROTOCOL_PYTHON`.

mod cluster;

use array_api::{Array, ErrorKind, Result, Value};
use array_chunked::{Dask, Executor, Job, Local, Store, from_npy};

use cluster::Cluster;

#[test]
fn a_cluster_gives_the_bits_of_this_machine() -> Result<()> {
    let cluster = Cluster::new();
    let dask = Dask::at(&cluster.address);
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(7));
    let x = xp.normal(&xp.key(3)?, [40, 20])?;
    let centred = array_api::subtract(&x, array_api::mean(&x, 0)?)?;
    let held = array_chunked::from_array(&array_ndarray::namespace().asarray([1.5_f32, 2.0, 4.0])?, 2)?;
    let arrays = [
        array_api::exp(&centred)?,
        array_api::svd(&centred, array_api::Svd { full_matrices: false })?.s,
        array_api::sum(&x, ..)?,
        array_api::at_mask(&x, array_api::greater(&x, 0.5)?)?,
        array_api::log(&held)?,
        array_api::isfinite(&held)?,
    ];
    let job = Job::new(&arrays.iter().collect::<Vec<&Array>>())?;
    for (there, here) in dask.values(&job)?.iter().zip(Local::new().values(&job)?) {
        assert_eq!((there.dims(), there.to_host()?), (here.dims(), here.to_host()?));
    }

    let negative = array_api::multiply(array_ndarray::namespace().eye(2)?, -1.0)?;
    let factor = array_api::cholesky(&array_chunked::from_array(&negative, 2)?, ..)?;
    let error = dask.values(&Job::new(&[&factor])?).unwrap_err();
    assert!(error.to_string().contains("cholesky"), "{error}");
    let mapped = array_chunked::map_blocks("own", &[&held], held.dtype(), |blocks| Ok(blocks[0].clone()))?;
    assert_eq!(dask.values(&Job::new(&[&mapped])?).unwrap_err().kind(), ErrorKind::NotImplemented);
    Ok(())
}

#[test]
fn a_scheduler_that_is_not_there_is_an_error() -> Result<()> {
    let x = array_chunked::from_array(&array_ndarray::namespace().ones([4])?, 2)?;
    let error = Dask::at("tcp://127.0.0.1:1").values(&Job::new(&[&x])?).unwrap_err();
    assert!(error.to_string().contains("tcp://127.0.0.1:1"), "{error}");
    Ok(())
}

#[test]
fn workers_write_what_is_stored() -> Result<()> {
    let cluster = Cluster::new();
    let dask = Dask::at(&cluster.address);
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(7));
    let x = array_api::exp(xp.normal(&xp.key(3)?, [40, 20])?)?;
    let file = std::env::temp_dir().join(format!("array-chunked-stored-{}.npy", std::process::id()));
    let _ = std::fs::remove_file(&file);
    dask.store(&x, &file)?;
    assert_eq!(from_npy(&file, 40)?.to_host()?, x.to_host()?);
    assert!(!file.with_extension("npy.partial").exists());
    assert!(dask.store(&x, &file).unwrap_err().to_string().contains("is there already"));
    dask.store(&array_api::multiply(&x, 2.0)?, Store::at(&file).overwrite(true))?;
    assert_eq!(from_npy(&file, 40)?.to_host()?, array_api::multiply(&x, 2.0)?.to_host()?);

    let negative = array_api::multiply(array_ndarray::namespace().eye(2)?, -1.0)?;
    let factor = array_api::cholesky(&array_chunked::from_array(&negative, 2)?, ..)?;
    let error = dask.store(&factor, Store::at(&file).overwrite(true)).unwrap_err();
    assert!(error.to_string().contains("cholesky"), "{error}");
    assert!(from_npy(&file, 40).is_ok() && !file.with_extension("npy.partial").exists());
    std::fs::remove_file(file).unwrap();
    Ok(())
}
