//! Trainings with progress, time and checkpoints.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use array_api::{Array, Namespace};
use ensemble::{Checkpoints, Fit, Model, Options, Snapshot, has_checkpoint};

use crate::cli::Train;
use program::cluster::Cluster;
use program::failure::{Failure, Outcome, fail};

/// What every training of a run shares.
pub(crate) struct Trainer {
    /// Where to compute.
    pub(crate) xp: Namespace,
    folder: PathBuf,
    every: Option<u64>,
    resume: bool,
    /// Where groups are trained, if not here.
    cluster: Option<Cluster>,
}

/// A trained ensemble with what it took.
pub(crate) struct Trained {
    /// What the run calls it.
    pub(crate) name: String,
    /// The ensemble.
    pub(crate) model: Model,
    /// Rows that it was trained on.
    pub(crate) rows: usize,
    /// The time of draws, prior and every step.
    pub(crate) seconds: f64,
}

/// A function that watches epochs.
pub(crate) type Watch<'a> = &'a (dyn Fn(&Snapshot<'_>) -> array_api::Result<()> + Sync);

/// From so many rows that members pass over, a run writes checkpoints without being asked: some tens of seconds.
const LONG: u64 = 300_000_000;

/// In the folder of checkpoints once the run has ended.
const FINISHED: &str = "finished";

impl Trainer {
    /// Looks after the checkpoints in the folder: continues them, removes those of a run that has ended, or refuses.
    pub(crate) fn open(xp: Namespace, train: &Train) -> Outcome<Trainer> {
        let folder = train.out.join("checkpoints");
        let cluster =
            train.scheduler.clone().map(|address| Cluster { address, pieces: train.pieces.get(), checkpoint: None });
        let trainer = Trainer { xp, folder, every: train.checkpoint_every, resume: train.resume, cluster };
        let begun = subfolders(&trainer.folder).iter().any(|f| has_checkpoint(f) || has_results(f));
        let finished = trainer.folder.join(FINISHED).exists();
        match (train.resume, begun && !finished) {
            (true, _) => subfolders(&trainer.folder).iter().for_each(|f| sweep(f)),
            (false, true) => {
                return fail(format!(
                    "{} holds a run that has not ended; continue it with --resume and the same options, give another \
                     --out, or delete that folder",
                    trainer.folder.display()
                ));
            }
            (false, false) if trainer.folder.exists() => {
                // Under another name first: whoever looks sees all of it or nothing.
                let old = train.out.join(".checkpoints.old");
                let _ = fs::remove_dir_all(&old);
                fs::rename(&trainer.folder, &old).and_then(|()| fs::remove_dir_all(&old)).map_err(|e| {
                    Failure(format!("the old checkpoints in {} cannot be removed: {e}", trainer.folder.display()))
                })?;
            }
            (false, false) => {}
        }
        Ok(trainer)
    }

    /// Trains an ensemble on row-major `x` with as many columns as fit the targets `y`.
    pub(crate) fn fit(&self, name: &str, options: &Options, x: &[f64], y: &[f64]) -> Outcome<Trained> {
        self.watched(name, options, x, y, None)
    }

    /// The same, with a function that sees every epoch.
    pub(crate) fn watched(
        &self,
        name: &str,
        options: &Options,
        x: &[f64],
        y: &[f64],
        watch: Option<Watch<'_>>,
    ) -> Outcome<Trained> {
        let rows = y.len();
        let (xs, ys) = (matrix(&self.xp, x, rows)?, matrix(&self.xp, y, rows)?);
        let work = options.epochs.saturating_mul((options.members * rows) as u64);
        // Whoever watches needs every epoch, and a checkpoint holds the last one only.
        let keep = watch.is_none() && (self.every.is_some() || self.resume || work >= LONG);
        let folder = self.folder.join(name.replace(' ', "-"));
        if let Some(cluster) = &self.cluster {
            if watch.is_some() {
                return fail(format!(
                    "{name}: every epoch is watched here, and workers elsewhere tell none; run it without --scheduler"
                ));
            }
            let workers = program::workers!(&Cluster { checkpoint: keep.then_some(folder), ..cluster.clone() })?;
            let start = Instant::now();
            let model = Fit::new(options.clone(), &self.xp).on(&*workers).run(&xs, &ys)?;
            return Ok(Trained { name: name.into(), model, rows, seconds: start.elapsed().as_secs_f64() });
        }
        let bar = program::progress::bar(name, options.epochs.saturating_mul(options.members as u64));
        let observer = |s: &Snapshot<'_>| {
            if s.epoch > 0 {
                bar.inc(s.members.len() as u64);
            }
            watch.map_or(Ok(()), |f| f(s))
        };
        let mut fit = Fit::new(options.clone(), &self.xp).observe(&observer);
        if keep {
            fit = fit.checkpoints(Checkpoints {
                folder,
                every: self.every.unwrap_or((options.epochs / 20).max(1)),
                resume: self.resume,
            });
        }
        let start = Instant::now();
        let model = fit.run(&xs, &ys);
        let seconds = start.elapsed().as_secs_f64();
        bar.finish_and_clear();
        Ok(Trained { name: name.into(), model: model?, rows, seconds })
    }

    /// Notes that the run has ended, so that the next one may take its place.
    pub(crate) fn finish(&self) -> Outcome<()> {
        if self.folder.exists() {
            program::files::write_atomically(&self.folder.join(FINISHED), b"")?;
        }
        Ok(())
    }
}

/// Row-major values as a matrix.
pub(crate) fn matrix(xp: &Namespace, values: &[f64], rows: usize) -> Outcome<Array> {
    Ok(xp.from_host(values.to_vec(), [rows, values.len() / rows.max(1)])?)
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect()
}

/// Whether workers have left what they trained in a folder.
fn has_results(folder: &Path) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|e| e.path()).any(|path| path.extension().is_some_and(|e| e == "result"))
}

/// Removes what a killed run left half-written.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|e| e == "tmp") {
            let _ = fs::remove_file(entry.path());
        }
    }
}
