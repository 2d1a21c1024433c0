//! Groups of members trained by workers elsewhere: what these are told, what they do, and what they answer.
//!
//! Told are the data and all settings, once, and for each piece of work which members of which settings. A member's bits do not
//! depend on its group, so the result is that of a run in this process.

use array_api::parallel::{Piece, Workers};
use array_api::{Array, Error, Level, Namespace, Result, Tree};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

use crate::fit::{Fit, Trained};
use crate::member::{MemberParams, PriorParams};
use crate::model::Model;
use crate::options::{Options, Prior};
use crate::prepared::Prepared;
use crate::report::{MemberReport, Status, mark_unfitted};
use crate::store;

/// The name under which workers know [`train_piece`].
pub const TRAIN: &str = "ensemble.train";

/// What all pieces share, beside the data.
#[derive(Serialize, Deserialize)]
struct Settings {
    /// The kind and device of the arrays.
    space: String,
    points: Vec<Options>,
}

#[derive(Tree)]
struct Data {
    x: Array,
    y: Array,
}

/// One piece of work: some members of one of the settings.
#[derive(Serialize, Deserialize)]
struct Task {
    point: usize,
    members: Vec<usize>,
    attempt: u64,
}

/// The tensors of an answer.
#[derive(Tree)]
struct Params {
    params: MemberParams,
    prior: PriorParams,
}

/// A member's report and history. JSON has no numbers that are not finite, so these are their bits.
#[derive(Serialize, Deserialize)]
struct Told {
    member: usize,
    mse: u64,
    final_loss: u64,
    epoch: u64,
    status: Status,
    restarts: u64,
    history: Vec<u64>,
}

/// Trains an ensemble for each of several settings on the same data, such as the points of a grid of hyper-parameters; the
/// groups of all of them side by side where there are workers.
///
/// # Errors
/// As [`Fit::run`], with the number of the settings, from 0.
///
/// ```
/// use ensemble::{Options, train_all};
/// # let xp = array_ndarray::namespace();
/// let x = array_api::reshape(xp.linspace((-1.0, 1.0, 20))?, [20, 1])?;
/// let y = array_api::multiply(&x, 2.0)?;
/// let points = [0.1, 1.0].map(|prior_scale| Options { members: 4, prior_scale, ..Options::default() });
/// let models = train_all(&points, &xp, &x, &y, None)?;
/// assert_eq!(models[1].options().prior_scale, 1.0);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn train_all(
    points: &[Options],
    xp: &Namespace,
    x: &Array,
    y: &Array,
    workers: Option<&dyn Workers>,
) -> Result<Vec<Model>> {
    let number = |(i, options): (usize, &Options)| {
        Fit::new(options.clone(), xp).run(x, y).map_err(|e| of_point(&e, i, points.len()))
    };
    match workers {
        None => points.iter().enumerate().map(number).collect(),
        Some(workers) => elsewhere(points, xp, x, y, workers),
    }
}

#[cold]
fn of_point(error: &Error, point: usize, of: usize) -> Error {
    match of {
        1 => Error::new(error.kind(), error.operation(), error.message()),
        _ => Error::new(error.kind(), error.operation(), format!("settings {point}: {}", error.message())),
    }
}

/// The same by workers elsewhere.
fn elsewhere(points: &[Options], xp: &Namespace, x: &Array, y: &Array, workers: &dyn Workers) -> Result<Vec<Model>> {
    if xp.kind().level() != Level::DATA {
        let message = format!("workers train on arrays of data, and {xp} makes others; give the kind of its chunks");
        return Err(Error::value("fit", message));
    }
    for (what, a) in [("inputs", x), ("targets", y)] {
        let place = a.namespace();
        if (place.kind().name(), place.device()) != (xp.kind().name(), xp.device()) {
            return Err(Error::value(
                "fit",
                format!("the {what} are in {place}, but the training is in {xp}: convert them first"),
            ));
        }
    }
    let mut ready = vec![];
    for (i, options) in points.iter().enumerate() {
        if options.prior == Prior::Function {
            let message = "the prior is a function of this program, which no worker has; choose one of the others";
            return Err(of_point(&Error::not_implemented("fit", message), i, points.len()));
        }
        ready.push(Prepared::new(options, xp, x, y, None).map_err(|e| of_point(&e, i, points.len()))?);
    }
    let settings = Settings { space: xp.to_string(), points: points.to_vec() };
    let settings = serde_json::to_string(&settings).map_err(|e| Error::backend("fit", e.to_string()))?;
    let data = Data { x: x.clone(), y: y.clone() };
    let shared = store::written(&data, HashMap::from([("settings".to_string(), settings)]))?;
    let least = workers.pieces().div_ceil(points.len().max(1));
    let first = ready.iter().enumerate().flat_map(|(point, ready)| {
        let task = move |members| Task { point, members, attempt: 0 };
        ready.groups(least).into_iter().map(task)
    });
    let mut all: Vec<Vec<Trained>> = points.iter().map(|_| vec![]).collect();
    for (point, trained) in call(first.collect(), &ready, &shared, workers)? {
        all[point].push(trained);
    }
    let mut all = all.into_iter().map(Trained::join).collect::<Result<Vec<_>>>()?;
    let constants = ready.iter().map(Prepared::constant).collect::<Result<Vec<_>>>()?;
    let restarts = points.iter().map(|o| o.restarts).max().unwrap_or(0);
    for attempt in 0..=restarts {
        if attempt > 0 {
            let failed = (0..points.len()).filter(|&point| points[point].restarts >= attempt);
            let tasks = failed.flat_map(|point| {
                let members = all[point].failed();
                let size = members.len().div_ceil(least).max(1);
                members.chunks(size).map(|c| Task { point, members: c.to_vec(), attempt }).collect::<Vec<_>>()
            });
            for (point, again) in call(tasks.collect(), &ready, &shared, workers)? {
                all[point].replace(again)?;
            }
        }
        for (trained, &constant) in all.iter_mut().zip(&constants) {
            mark_unfitted(&mut trained.reports, constant);
        }
    }
    Ok(ready.into_iter().zip(all).map(|(ready, trained)| ready.model(trained)).collect())
}

/// Has the workers do these tasks; each answer with the number of its settings, in the order of the tasks.
fn call(tasks: Vec<Task>, ready: &[Prepared], shared: &[u8], workers: &dyn Workers) -> Result<Vec<(usize, Trained)>> {
    if tasks.is_empty() {
        return Ok(vec![]);
    }
    let piece = |task: &Task| -> Result<Piece> {
        let (first, last) = (task.members.first().unwrap_or(&0), task.members.last().unwrap_or(&0));
        let point = if ready.len() > 1 { format!("settings-{}-", task.point) } else { String::new() };
        let restart = if task.attempt > 0 { format!("-restart-{}", task.attempt) } else { String::new() };
        let work = serde_json::to_vec(task).map_err(|e| Error::backend("fit", e.to_string()))?;
        Ok(Piece { name: format!("{point}members-{first}-{last}{restart}"), work })
    };
    let pieces = tasks.iter().map(piece).collect::<Result<Vec<_>>>()?;
    let answers = workers.call(TRAIN, shared, &pieces)?;
    if answers.len() != tasks.len() {
        let message = format!("workers gave {} answers to {} pieces of work", answers.len(), tasks.len());
        return Err(Error::backend("fit", message));
    }
    let answer = |((task, piece), bytes): ((&Task, &Piece), Vec<u8>)| {
        let what = format!("the answer of {}", piece.name);
        Ok((task.point, read(&ready[task.point], task.members.len(), &bytes, &what)?))
    };
    tasks.iter().zip(&pieces).zip(answers).map(answer).collect()
}

/// What a worker does: trains the members of one piece of work, and gives them as bytes.
///
/// # Errors
/// For bytes that [`Fit::on`] did not write; the training's.
pub fn train_piece(shared: &[u8], work: &[u8]) -> Result<Vec<u8>> {
    let wrong = |e: serde_json::Error| Error::value(TRAIN, format!("this is no piece of a training: {e}"));
    let stored = store::read(shared, "the data of the training".into())?;
    let settings: Settings = serde_json::from_str(stored.meta("settings")?).map_err(wrong)?;
    let task: Task = serde_json::from_slice(work).map_err(wrong)?;
    let Some(options) = settings.points.get(task.point) else {
        return Err(Error::value(TRAIN, format!("there are no settings {}", task.point)));
    };
    if let Some(member) = task.members.iter().find(|&&m| m >= options.members) {
        return Err(Error::value(TRAIN, format!("there is no member {member} among {}", options.members)));
    }
    let xp: Namespace = settings.space.parse()?;
    let (x, y) = (stored.array(&xp, "x")?, stored.array(&xp, "y")?);
    let ready = Prepared::new(options, &xp, &x, &y, None)?;
    let trained = ready.group(&Fit::new(options.clone(), &xp), task.members, task.attempt, "")?;
    let told = |(report, history): (&MemberReport, &Vec<f64>)| Told {
        member: report.member,
        mse: report.mse.to_bits(),
        final_loss: report.final_loss.to_bits(),
        epoch: report.epoch,
        status: report.status,
        restarts: report.restarts,
        history: history.iter().map(|x| x.to_bits()).collect(),
    };
    let told: Vec<Told> = trained.reports.iter().zip(&trained.histories).map(told).collect();
    let told = serde_json::to_string(&told).map_err(|e| Error::backend(TRAIN, e.to_string()))?;
    let params = Params { params: trained.params, prior: trained.prior };
    store::written(&params, HashMap::from([("members".to_string(), told)]))
}

/// Members of an answer.
fn read(ready: &Prepared, members: usize, bytes: &[u8], what: &str) -> Result<Trained> {
    let stored = store::read(bytes, what.to_owned())?;
    let (params, prior) = ready.member.blank(members)?;
    let Params { params, prior } = stored.tree(&ready.member.xp, "", &Params { params, prior })?;
    let wrong = |e: serde_json::Error| Error::backend("fit", format!("{what}: {e}"));
    let told: Vec<Told> = serde_json::from_str(stored.meta("members")?).map_err(wrong)?;
    if told.len() != members {
        return Err(Error::backend("fit", format!("{what} is of {} members, not of {members}", told.len())));
    }
    let (reports, histories) = told
        .into_iter()
        .map(|told| {
            let report = MemberReport {
                member: told.member,
                mse: f64::from_bits(told.mse),
                final_loss: f64::from_bits(told.final_loss),
                epoch: told.epoch,
                status: told.status,
                restarts: told.restarts,
            };
            (report, told.history.into_iter().map(f64::from_bits).collect::<Vec<_>>())
        })
        .unzip();
    Ok(Trained { params, prior, reports, histories })
}
