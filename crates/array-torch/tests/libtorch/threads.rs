//! Arrays are shared between threads: what the argument for `Sync` in `src/array.rs` says.

use array_api::Array;

#[test]
fn one_array_is_read_by_many_threads() {
    let xp = array_torch::namespace();
    let x = xp.asarray((0..10_000).map(f64::from).collect::<Vec<_>>()).unwrap();
    let view = x.reshape([100, 100]).unwrap().matrix_transpose().unwrap();
    let work = &|i: usize| {
        let mut total = 0.0;
        for _ in 0..200 {
            let y = (&x + i as f64).ok().unwrap();
            total += y.sum(..).unwrap().item::<f64>().unwrap();
            total += view.matmul(&view).unwrap().at(array_api::index![0, 0]).unwrap().item::<f64>().unwrap();
            drop(view.clone());
        }
        total
    };
    let alone: Vec<f64> = (0..8).map(work).collect();
    let together: Vec<f64> = std::thread::scope(|s| {
        let threads: Vec<_> = (0..8).map(|i| s.spawn(move || work(i))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn an_array_outlives_the_thread_that_made_it() {
    let made: Array = std::thread::spawn(|| {
        let xp = array_torch::namespace();
        (xp.ones([1000]).unwrap() * 2.0).ok().unwrap()
    })
    .join()
    .unwrap();
    assert_eq!(made.sum(..).unwrap().item::<f64>().unwrap(), 2000.0);
}
