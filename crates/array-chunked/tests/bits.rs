//! The same plan gives the same bits, whoever runs it; real data differ from what memory gives by rounding only.

use array_api::{Array, DType, Result, Value};
use array_chunked::Local;
use proptest::prelude::*;

/// Means, spreads, products and sums of real numbers, in which the order of additions shows.
fn work(seed: u64, rows: usize, chunk: usize) -> Result<Vec<Array>> {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(chunk as i128));
    let x = xp.normal(&xp.key(seed)?, [rows, 17])?;
    let centred = array_api::subtract(&x, array_api::mean(&x, 0)?)?;
    let shares = array_api::softmax(&x, -1)?;
    Ok(vec![
        array_api::std(&centred, 0)?,
        array_api::matmul(array_api::matrix_transpose(&centred)?, &centred)?,
        array_api::sum(array_api::tanh(array_api::multiply(&shares, &x)?)?, ..)?,
        array_api::var(array_api::exp(&x)?, ..)?,
        array_api::cumulative_sum(&x, 0)?,
        array_api::logsumexp(&x, 1)?,
        array_api::median(&x, 0)?,
    ])
}

fn bits(arrays: &[Array], with: &Local) -> Result<Vec<Vec<u64>>> {
    let values = with.compute_all(&arrays.iter().collect::<Vec<_>>())?;
    values.iter().map(|a| Ok(a.to_vec::<f64>()?.into_iter().map(f64::to_bits).collect())).collect()
}

#[test]
fn bits_do_not_depend_on_threads_or_memory() -> Result<()> {
    let arrays = work(3, 3000, 250)?;
    let expected = bits(&arrays, &Local::new())?;
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| bits(&arrays, &Local::new()))?, expected, "{threads} threads");
    }
    assert_eq!(bits(&arrays, &Local::new().memory("200 KiB")?)?, expected, "with a limit");
    Ok(())
}

#[test]
fn random_numbers_do_not_depend_on_chunks() -> Result<()> {
    let memory = array_ndarray::namespace();
    let shape = [7, 11, 13];
    for chunk in [1, 4, 100] {
        let xp = array_chunked::over(&memory).with("chunks", Value::Int(chunk));
        let (key, lazy) = (memory.key(5)?, xp.key(5)?);
        assert_eq!(xp.normal(&lazy, shape)?.to_vec::<f64>()?, memory.normal(&key, shape)?.to_vec::<f64>()?);
        let counts = array_api::Poisson { shape: shape.into(), rate: 3.0, ..Default::default() };
        assert_eq!(xp.poisson(&lazy, counts.clone())?.to_vec::<i64>()?, memory.poisson(&key, counts)?.to_vec::<i64>()?);
        // A key for each row.
        let (keys, many) = (array_api::split(&key, 5)?, array_api::split(&lazy, 5)?);
        let (a, b) = (memory.uniform(&keys, [9])?, xp.uniform(&many, [9])?);
        assert_eq!(a.to_vec::<f64>()?, b.to_vec::<f64>()?);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Sums of n terms differ by at most n eps sum|terms|, whatever the order; the same bound, relative, serves the others.
    #[test]
    fn real_data_differ_by_rounding_only(seed in any::<u64>(), rows in 1_usize..400, chunk in 1_usize..200) {
        let memory = array_ndarray::namespace();
        let x = memory.normal(memory.key(seed).unwrap(), [rows, 6]).unwrap();
        let lazy = array_chunked::from_array(&x, [chunk, 4]).unwrap();
        let bound = |terms: f64| 2.0 * (rows * 6) as f64 * f64::EPSILON * terms + f64::MIN_POSITIVE;
        let total = |x: &Array| array_api::sum(x, ..).unwrap().item::<f64>().unwrap();
        let size = total(&array_api::abs(&x).unwrap());
        prop_assert!((total(&x) - total(&lazy)).abs() <= bound(size));
        let squares = total(&array_api::square(&x).unwrap());
        for axis in 0..2 {
            let spread = |x: &Array| array_api::var(x, axis).unwrap().to_vec::<f64>().unwrap();
            for (a, b) in spread(&x).into_iter().zip(spread(&lazy)) {
                prop_assert!((a - b).abs() <= bound(squares), "{} is not {}", b, a);
            }
        }
        let gram = |x: &Array| {
            let t = array_api::matrix_transpose(x).unwrap();
            array_api::matmul(t, x).unwrap().to_vec::<f64>().unwrap()
        };
        for (a, b) in gram(&x).into_iter().zip(gram(&lazy)) {
            prop_assert!((a - b).abs() <= bound(squares), "{} is not {}", b, a);
        }
        // Comparisons, sorting and rounding of inputs are exact.
        let sorted = |x: &Array| array_api::sort(x, 0).unwrap().to_vec::<f64>().unwrap();
        prop_assert_eq!(sorted(&x), sorted(&lazy));
        let rounded = |x: &Array| array_api::round(x).unwrap().to_vec::<f64>().unwrap();
        prop_assert_eq!(rounded(&x), rounded(&lazy));
    }
}

#[test]
fn types_stay_what_they_are() -> Result<()> {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(2));
    for dtype in [DType::Float32, DType::Int8, DType::Complex64] {
        let x = xp.ones(([5], dtype))?;
        assert_eq!(array_chunked::compute(&array_api::add(&x, 1)?)?.dtype(), dtype);
    }
    Ok(())
}
