//! Plans as data: another executor, and another process, compute the same bits.

use std::collections::HashMap;
use std::process::Command;

use array_api::{Array, DType, Result, Value, index};
use array_chunked::{Callable, Cluster, Dask, Executor, GroupWork, Groups, Job, Local, Store, Task};

/// One task after the other, in the job's order.
struct InOrder;

impl Executor for InOrder {
    fn run(&self, job: &Job) -> Result<Vec<Vec<Array>>> {
        let mut done: HashMap<usize, Vec<Array>> = HashMap::new();
        for task in job.tasks() {
            let inputs = job.inputs(task).map(|(from, result)| done[&from][result].clone()).collect();
            done.insert(task, job.perform(task, inputs)?);
        }
        let chunk = |&(task, result): &(usize, usize)| done[&task][result].clone();
        Ok(job.chunks().iter().map(|chunks| chunks.iter().map(chunk).collect()).collect())
    }
}

/// Expressions whose rules choose by what they are given, and some that every program has.
fn expressions() -> Result<Vec<(&'static str, Array)>> {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(7));
    let x = xp.normal(&xp.key(3)?, [40, 20])?;
    let row = array_api::mean(&x, 0)?;
    let centred = array_api::subtract(&x, &row)?;
    let square = array_api::matmul(array_api::matrix_transpose(&x)?, &x)?;
    let decomposed = array_api::svd(&centred, array_api::Svd { full_matrices: false })?;
    let positive = array_api::at_mask(&x, array_api::greater(&x, 0.5)?)?;
    let steps = xp.arange(0..13)?;
    Ok(vec![
        ("elementwise", array_api::add(array_api::exp(&centred)?, 0.1)?),
        ("std", array_api::std(&x, 1)?),
        ("slice", array_api::at(array_api::sqrt(array_api::abs(&x)?)?, index![3..30, 5])?),
        ("singular values", decomposed.s),
        ("left vectors", decomposed.u),
        ("solve", array_api::solve(&square, &row)?),
        ("det", array_api::det(&square)?),
        ("inv", array_api::inv(&square)?),
        ("sort", array_api::sort(&row, 0)?),
        ("searchsorted", array_api::searchsorted(array_api::sort(&row, 0)?, &row, None, ..)?),
        ("isin", array_api::isin(&steps, array_api::add(&steps, 5)?, ..)?),
        ("repeat", array_api::repeat(&steps, 3, ..)?),
        ("unknown extents", array_api::sum(array_api::square(&positive)?, ..)?),
        ("cumulative", array_api::cumulative_sum(&row, 0)?),
        ("rechunked", array_chunked::rechunk(&x, [40, 3])?),
        ("complex", array_api::fft(&centred, 0)?),
        ("eigenvalues", array_api::eigvalsh(&square)?),
    ])
}

#[test]
fn every_executor_gives_the_same_bits() -> Result<()> {
    for (name, x) in expressions()? {
        let job = Job::new(&[&x])?;
        let here = Local::new().values(&job)?;
        assert_eq!(InOrder.values(&job)?[0].to_host()?, here[0].to_host()?, "{name}");
        assert_eq!(x.to_host()?, here[0].to_host()?, "{name}");
    }
    Ok(())
}

const FILE: &str = "ARRAY_CHUNKED_TEST_JOB";

#[test]
fn another_process_gives_the_same_bits() -> Result<()> {
    if let Ok(file) = std::env::var(FILE) {
        // The other process: it knows nothing but the file.
        let job = Job::from_json(&std::fs::read_to_string(&file).unwrap())?;
        let bits: Vec<String> =
            InOrder.values(&job)?.iter().map(|x| x.to_host().map(|h| format!("{h:?}"))).collect::<Result<_>>()?;
        std::fs::write(format!("{file}.out"), serde_json::to_string(&bits).unwrap()).unwrap();
        return Ok(());
    }
    let expressions = expressions()?;
    let arrays: Vec<&Array> = expressions.iter().map(|(_, x)| x).collect();
    let job = Job::new(&arrays)?;
    let file = std::env::temp_dir().join(format!("array-chunked-job-{}.json", std::process::id()));
    std::fs::write(&file, job.to_json()?).unwrap();
    let mut other = Command::new(std::env::current_exe().unwrap());
    let out = other.args(["--exact", "another_process_gives_the_same_bits"]).env(FILE, &file).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    let answer = format!("{}.out", file.display());
    let bits: Vec<String> = serde_json::from_str(&std::fs::read_to_string(&answer).unwrap()).unwrap();
    for (((name, _), here), there) in expressions.iter().zip(Local::new().values(&job)?).zip(bits) {
        assert_eq!(format!("{:?}", here.to_host()?), there, "{name}");
    }
    std::fs::remove_file(file).unwrap();
    std::fs::remove_file(answer).unwrap();
    Ok(())
}

#[test]
fn files_are_opened_there_by_their_paths() -> Result<()> {
    let file = std::env::temp_dir().join(format!("array-chunked-job-{}.npy", std::process::id()));
    let table = array_ndarray::namespace().asarray([[1.0, 2.0], [3.0, 5.0]])?;
    array_chunked::store(&array_chunked::from_array(&table, 1)?, &file)?;
    let x = array_api::exp(array_chunked::from_npy(&file, 1)?)?;
    let part = array_api::at(&x, index![1])?;
    let text = Job::new(&[&part])?.to_json()?;
    let there = Local::new().values(&Job::from_json(&text)?)?;
    assert_eq!(there[0].to_vec::<f64>()?, [3_f64.exp(), 5_f64.exp()]);
    std::fs::remove_file(&file).unwrap();
    let error = Job::from_json(&text).unwrap_err().to_string();
    assert!(error.contains(&file.display().to_string()), "{error}");
    Ok(())
}

#[test]
fn what_no_other_process_has_is_refused_with_the_reason() -> Result<()> {
    let xp = array_ndarray::namespace();
    let x = array_chunked::from_array(&xp.asarray([1.5, -0.0, f64::NAN, f64::INFINITY])?, 3)?;
    let y = array_api::multiply(&x, -2.0)?;
    let refused = |x: &Array, why: &str| {
        let text = Job::new(&[x]).unwrap().to_json().unwrap_err().to_string();
        assert!(text.contains(why), "{text}");
    };
    refused(&y, "to_json_with_arrays");
    refused(&array_chunked::persist(&y)?, "to_json_with_arrays");
    refused(
        &array_chunked::from_fn("mine", &[2], x.dtype(), 1, &xp, |_, e| array_ndarray::namespace().ones(e))?,
        "mine",
    );
    let made = array_chunked::over(&xp).ones([4])?;
    let mapped = array_chunked::map_blocks("double", &[&made], x.dtype(), |b| array_api::multiply(&b[0], 2.0))?;
    refused(&mapped, "function of this program");
    let job = Job::from_json(&Job::new(&[&y, &array_chunked::persist(&y)?])?.to_json_with_arrays()?)?;
    for there in Local::new().values(&job)? {
        assert_eq!(format!("{:?}", there.to_host()?), format!("{:?}", y.to_host()?));
    }
    Ok(())
}

#[test]
fn a_text_that_was_changed_is_refused() -> Result<()> {
    let xp = array_chunked::over(&array_ndarray::namespace());
    let text = Job::new(&[&xp.arange(0..9)?])?.to_json()?;
    assert!(Job::from_json(&text).is_ok());
    for (changed, why) in [
        (text.replace("\"Int\":9", "\"Int\":8"), "checksum"),
        (text.replace("arange", "a range"), "checksum"),
        (text.replace("\"version\":\"", "\"version\":\"9"), "version 9"),
        (text[..text.len() / 2].to_string(), "no job"),
        ("[]".to_string(), "no job"),
    ] {
        assert_ne!(changed, text);
        let error = Job::from_json(&changed).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    Ok(())
}

#[test]
fn a_task_is_given_what_it_takes() -> Result<()> {
    let x = array_chunked::from_array(&array_ndarray::namespace().ones([4])?, 2)?;
    let job = Job::new(&[&array_api::sum(&x, ..)?])?;
    let last = job.tasks().last().unwrap();
    assert!(job.perform(last, vec![]).unwrap_err().to_string().contains("takes"));
    assert!(job.perform(1000, vec![]).unwrap_err().to_string().contains("no task 1000"));
    assert!(job.join(vec![]).unwrap_err().to_string().contains("chunks"));
    assert!(job.operations(last).join(" ").contains("sum"));
    Ok(())
}

/// Groups one after the other, each from its description.
fn grouped(job: &Job, groups: Groups) -> Result<Vec<Array>> {
    let mut done: Vec<Vec<Array>> = vec![];
    for group in &groups.groups {
        let given: Vec<Array> = group.inputs.iter().map(|&(group, result)| done[group][result].clone()).collect();
        let results = match &group.work {
            GroupWork::Described(bytes) => Task::read(bytes, "this test")?.run(given)?,
            GroupWork::Data(array) => vec![array.clone()],
            work => panic!("{work:?} is a function of this program"),
        };
        assert_eq!(results.len(), group.results);
        done.push(results);
    }
    let chunk = |&(group, result): &(usize, usize)| done[group][result].clone();
    job.join(groups.chunks.iter().map(|chunks| chunks.iter().map(chunk).collect()).collect())
}

#[test]
fn groups_of_described_tasks_give_the_same_bits() -> Result<()> {
    for (name, x) in expressions()? {
        let job = Job::new(&[&x])?;
        let (plain, on) = (job.groups("this test")?, job.groups_on("this test", &SMALL)?);
        assert!(on.groups.len() <= plain.groups.len() && plain.groups.len() <= job.tasks().len(), "{name}");
        let due = Local::new().values(&job)?[0].to_host()?;
        assert_eq!(grouped(&job, plain)?[0].to_host()?, due, "{name}");
        assert_eq!(grouped(&job, on)?[0].to_host()?, due, "{name}");
    }
    let expressions = expressions()?;
    let job = Job::new(&expressions.iter().map(|(_, x)| x).collect::<Vec<_>>())?;
    for groups in [job.groups("this test")?, job.groups_on("this test", &SMALL)?] {
        for (found, (name, x)) in grouped(&job, groups)?.iter().zip(&expressions) {
            assert_eq!(found.to_host()?, x.to_host()?, "{name}");
        }
    }
    Ok(())
}

/// A cluster of which nothing is known but that one task runs at once.
const SMALL: Cluster<'_> = Cluster { threads: 1, place: &|_, _| None };

/// Where chunks lie.
type Place = Box<dyn Fn(&Callable, &[usize]) -> Option<u32> + Sync>;

/// An array of chunks that somebody has, and what tells where they lie: the place of each, by its number.
fn lent(places: &[u32], rows: usize) -> Result<(Array, Place)> {
    let ones = move |_: &[usize], extents: &[usize]| array_ndarray::namespace().ones(extents);
    let chunks = vec![vec![rows; places.len()], vec![1000]];
    let shape = [rows * places.len(), 1000];
    let x = array_chunked::from_fn("lent", &shape, DType::Float64, chunks, &array_ndarray::namespace(), ones)?;
    let places = places.to_vec();
    let place = move |callable: &Callable, start: &[usize]| {
        callable.downcast_ref::<&str>().filter(|name| **name == "lent")?;
        places.get(start[0] / rows).copied()
    };
    Ok((array_chunked::with_callable(&x, std::sync::Arc::new("lent"))?, Box::new(place)))
}

#[test]
fn siblings_are_one_group_where_their_chunks_lie() -> Result<()> {
    // Chunks of 8 MB in turn at two places: none moves, but for those of which there are too few to wait for.
    let places: Vec<u32> = (0..64).map(|i| i % 2).collect();
    let (x, place) = lent(&places, 1000)?;
    let job = Job::new(&[&array_api::sum(&x, 0)?])?;
    let groups = job.groups_on("", &Cluster { threads: 2, place: &place })?.groups;
    let mut taken = vec![0; groups.len()];
    for (i, group) in groups.iter().enumerate() {
        let lies = |&(from, _): &(usize, usize)| match &groups[from].work {
            GroupWork::Made { start, .. } => Some(start[0] / 1000 % 2),
            _ => None,
        };
        let of: Vec<usize> = group.inputs.iter().filter_map(lies).collect();
        assert!(of.iter().all(|place| *place == of[0]), "of one place: {group:?}");
        taken[i] = of.len();
    }
    assert_eq!((taken.iter().sum::<usize>(), taken.iter().max()), (64, Some(&4)));
    // Nobody's: whole families.
    let anywhere = job.groups_on("", &Cluster { threads: 2, place: &|_, _| None })?.groups;
    assert!(anywhere.len() < groups.len() && groups.len() < job.groups("")?.groups.len());
    Ok(())
}

#[test]
fn views_are_made_by_whoever_needs_them() -> Result<()> {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(10));
    let x = xp.normal(&xp.key(1)?, [40, 40])?;
    // The draw is made once; what is asked for itself is a task.
    let turned = array_api::matrix_transpose(&x)?;
    let product = array_api::matmul(&x, &turned)?;
    let job = Job::new(&[&product])?;
    let groups = job.groups_on("this test", &SMALL)?;
    let alone = groups.groups.iter().filter(|g| g.operations == ["matrix_transpose"]).count();
    let draws = groups.groups.iter().filter(|g| g.operations.iter().any(|name| name == "normal"));
    assert_eq!((alone, draws.count()), (0, 16));
    assert_eq!(grouped(&job, groups)?[0].to_host()?, product.to_host()?);
    let job = Job::new(&[&product, &turned])?;
    let found = grouped(&job, job.groups_on("this test", &SMALL)?)?;
    assert_eq!((found[0].to_host()?, found[1].to_host()?), (product.to_host()?, turned.to_host()?));
    Ok(())
}

#[test]
fn groups_take_no_more_than_a_worker_holds() -> Result<()> {
    // Thin results of long chunks: many need each chunk, which is 8 MB, and a group of all the products would take 64 pairs.
    let (x, _) = lent(&[0; 64], 1000)?;
    let space = array_ndarray::namespace();
    let right = array_chunked::from_fn(
        "right",
        &[64_000, 80],
        DType::Float64,
        vec![vec![1000; 64], vec![10; 8]],
        &space,
        |_, n| array_ndarray::namespace().ones(n),
    )?;
    let right = array_chunked::with_callable(&right, std::sync::Arc::new("right"))?;
    let job = Job::new(&[&array_api::matmul(array_api::matrix_transpose(&x)?, &right)?])?;
    let groups = job.groups_on("", &Cluster { threads: 2, place: &|_, _| None })?.groups;
    let plain = job.groups("")?.groups;
    for groups in [&groups, &plain] {
        for group in groups {
            let taken: u64 = group.inputs.iter().map(|&(from, _)| groups[from].bytes).sum();
            assert!(taken <= 1 << 28, "{taken} bytes: {group:?}");
        }
    }
    assert!(groups.len() < plain.len() && plain.len() < job.tasks().len());
    Ok(())
}

#[test]
fn what_fills_a_thread_stays_side_by_side() -> Result<()> {
    // Chunks of 80 MB; and few of 8 MB for many threads.
    for (rows, threads) in [(10_000, 1), (1000, 16)] {
        let (x, place) = lent(&[0; 64], rows)?;
        let job = Job::new(&[&array_api::sum(&x, 0)?])?;
        let groups = job.groups_on("", &Cluster { threads, place: &place })?.groups;
        let sums =
            groups.iter().filter(|g| g.inputs.iter().any(|&(i, _)| matches!(groups[i].work, GroupWork::Made { .. })));
        assert_eq!(sums.count(), 64, "{rows} rows, {threads} threads");
    }
    Ok(())
}

#[test]
fn a_chain_is_one_group_and_a_tree_is_not() -> Result<()> {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(10));
    let x = xp.normal(&xp.key(1)?, [100])?;
    let total = array_api::sum(array_api::exp(&x)?, ..)?;
    let groups = Job::new(&[&total])?.groups("")?.groups;
    let chains = groups.iter().filter(|g| g.operations == ["normal", "exp", "sum"]).count();
    // The first ten run side by side; what joins them comes after.
    assert_eq!((chains, groups.iter().filter(|g| g.operations[0] == "normal").count()), (10, 10));
    Ok(())
}

#[test]
fn keys_are_of_what_is_done_and_with_what() -> Result<()> {
    let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(10));
    let keys = |seed: u64, factor: f64, built: &str| -> Result<Vec<String>> {
        let x = array_api::multiply(xp.normal(&xp.key(seed)?, [30])?, factor)?;
        Ok(Job::new(&[&x])?.groups(built)?.groups.into_iter().map(|group| group.key).collect())
    };
    let first = keys(1, 2.0, "a")?;
    assert_eq!(first, keys(1, 2.0, "a")?);
    for other in [keys(2, 2.0, "a")?, keys(1, 3.0, "a")?, keys(1, 2.0, "b")?] {
        assert!(first.iter().zip(&other).any(|(a, b)| a != b));
    }
    // Equal arrays in memory are not looked into: each is itself only.
    let held = || array_chunked::from_array(&array_ndarray::namespace().ones([4])?, 2);
    let key = |x: &Array| Ok::<_, array_api::Error>(Job::new(&[x])?.groups("")?.groups[0].key.clone());
    assert_ne!(key(&held()?)?, key(&held()?)?);
    Ok(())
}

#[test]
fn what_no_other_process_can_do_is_refused() -> Result<()> {
    let x = array_chunked::from_array(&array_ndarray::namespace().ones([4])?, 2)?;
    let mapped = array_chunked::map_blocks("own", &[&x], x.dtype(), |blocks| Ok(blocks[0].clone()))?;
    let error = Job::new(&[&mapped])?.groups("").unwrap_err();
    assert!(error.to_string().contains("own") && error.to_string().contains("function of this program"), "{error}");
    let known = array_chunked::with_callable(&mapped, std::sync::Arc::new(7_i32))?;
    let groups = Job::new(&[&known])?.groups("")?.groups;
    let callables = groups.iter().filter_map(|g| match &g.work {
        GroupWork::Called { callable, .. } => callable.downcast_ref::<i32>(),
        _ => None,
    });
    assert_eq!(callables.collect::<Vec<_>>(), [&7, &7]);
    assert_eq!(known.to_vec::<f64>()?, [1.0; 4]);
    Ok(())
}

#[test]
fn a_file_that_changed_since_the_plan_is_named() -> Result<()> {
    let file = std::env::temp_dir().join(format!("array-chunked-groups-{}.npy", std::process::id()));
    let stored = |n: usize| {
        let x = array_chunked::from_array(&array_ndarray::namespace().ones([n])?, 3)?;
        array_chunked::store(&x, Store::at(&file).overwrite(true))
    };
    stored(6)?;
    let x = array_chunked::from_npy(&file, 3)?;
    let groups = Job::new(&[&array_api::exp(&x)?])?.groups("")?.groups;
    let GroupWork::Described(bytes) = &groups[0].work else { panic!("{:?}", groups[0]) };
    assert_eq!(Task::read(bytes, "")?.run(vec![])?[0].to_vec::<f64>()?, [1_f64.exp(); 3]);
    stored(8)?;
    let error = Task::read(bytes, "").unwrap_err();
    std::fs::remove_file(&file).unwrap();
    assert!(error.to_string().contains("plan it again"), "{error}");
    Ok(())
}

#[test]
fn without_python_it_is_said_what_to_install() -> Result<()> {
    let x = array_chunked::from_array(&array_ndarray::namespace().ones([4])?, 2)?;
    let error = Dask::at("tcp://127.0.0.1:1").python("no-such-python").values(&Job::new(&[&x])?).unwrap_err();
    assert!(error.to_string().contains("no-such-python") && error.to_string().contains("pip install"), "{error}");
    Ok(())
}
