//! Training an ensemble: members in groups, the groups in parallel.

use array_api::parallel::{self, Workers};
use array_api::{Array, Error, Namespace, Result, Tree, fold_in};
use array_transforms::vmap;
use std::sync::Arc;

use crate::checkpoint::{Checkpoints, fingerprint};
use crate::elsewhere::train_all;
use crate::member::{Member, MemberData, MemberParams, PriorFunction, PriorParams};
use crate::model::Model;
use crate::options::{Options, Solver};
use crate::prepared::{Prepared, as_matrix};
use crate::report::{MemberReport, histories, judge, mark_unfitted};
use crate::scaling::Scaling;
use crate::train::{Group, GroupState};

/// What an observer sees after an epoch of a group.
pub struct Snapshot<'a> {
    /// The members of the group.
    pub members: &'a [usize],
    /// The epoch, from 1; 0 before the first one.
    pub epoch: u64,
    /// The last epoch of the run.
    pub epochs: u64,
    /// Their parameters, with the members as leading axis.
    pub params: &'a MemberParams,
    /// Their priors' parameters, with the members as leading axis.
    pub prior: &'a PriorParams,
    /// Their training losses; empty before the first epoch.
    pub loss: Option<&'a Array>,
    pub(crate) member: &'a Member,
    pub(crate) x_scaling: &'a Scaling,
    pub(crate) y_scaling: &'a Scaling,
}

impl Snapshot<'_> {
    /// What the members of the group predict at this epoch for inputs of shape `(rows, inputs)`: their means in the data's
    /// units, shape `(members, rows, targets)`.
    ///
    /// # Errors
    /// If the number of inputs differs.
    pub fn predict(&self, x: &Array) -> Result<Array> {
        let x = &self.x_scaling.apply(&array_api::astype(x, self.member.options.dtype)?)?;
        let input = (self.params.map(&mut |a| Ok(a.clone()))?, self.prior.map(&mut |a| Ok(a.clone()))?);
        vmap(|(params, prior): &(MemberParams, PriorParams)| {
            let (mean, _) = self.member.apply(params, x)?;
            let mean = match self.member.prior(prior, x)? {
                Some(p) => array_api::add(mean, p)?,
                None => mean,
            };
            self.y_scaling.undo(&mean)
        })(&input)
    }
}

/// A function that watches the training; an error ends it.
pub type Observer<'a> = dyn Fn(&Snapshot<'_>) -> Result<()> + Sync + 'a;

/// One training run.
///
/// ```
/// use array_api::Array;
/// use ensemble::{Fit, Options};
/// # let xp = array_ndarray::namespace();
/// let x = array_api::reshape(xp.linspace((-1.0, 1.0, 20))?, [20, 1])?;
/// let y = array_api::multiply(&x, 2.0)?;
/// let model = Fit::new(Options { members: 4, ..Options::default() }, &xp).run(&x, &y)?;
/// assert_eq!(model.predict(&x)?.mean()?.shape()?, [20, 1]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub struct Fit<'a> {
    options: Options,
    xp: Namespace,
    function: Option<PriorFunction>,
    observer: Option<&'a Observer<'a>>,
    checkpoints: Option<Checkpoints>,
    workers: Option<&'a dyn Workers>,
}

impl<'a> Fit<'a> {
    /// A run with these options, on the kind and device of the namespace.
    pub fn new(options: Options, xp: &Namespace) -> Fit<'a> {
        Fit { options, xp: xp.clone(), function: None, observer: None, checkpoints: None, workers: None }
    }

    /// Sets the prior function of [`Prior::Function`](crate::Prior::Function): `(rows, inputs)` to `(rows, targets)`, in standard units.
    pub fn prior_function(mut self, f: impl Fn(&Array) -> Result<Array> + Send + Sync + 'static) -> Fit<'a> {
        self.function = Some(Arc::new(f));
        self
    }

    /// Calls a function after every epoch of every group, and before the first one.
    pub fn observe(mut self, observer: &'a Observer<'a>) -> Fit<'a> {
        self.observer = Some(observer);
        self
    }

    /// Writes checkpoints, and continues a run that they hold.
    pub fn checkpoints(mut self, checkpoints: Checkpoints) -> Fit<'a> {
        self.checkpoints = Some(checkpoints);
        self
    }

    /// Has workers elsewhere train the groups of members, to the same bits. They know no functions of this program, so there is
    /// no observer and no [prior function](Fit::prior_function); what they keep of a run that was cut off is theirs to say.
    pub fn on(mut self, workers: &'a dyn Workers) -> Fit<'a> {
        self.workers = Some(workers);
        self
    }

    /// Trains on inputs of shape `(rows, inputs)` and targets of shape `(rows, targets)` or `(rows,)`.
    ///
    /// # Errors
    /// Options that no run can use; shapes that do not fit; data that are not finite; a constant target to standardise;
    /// checkpoints of another run; the backend's; on workers elsewhere, functions of this program, and the workers'.
    pub fn run(self, x: &Array, y: &Array) -> Result<Model> {
        if let Some(workers) = self.workers {
            return self.elsewhere(x, y, workers);
        }
        let ready = Prepared::new(&self.options, &self.xp, x, y, self.function.clone())?;
        let groups = ready.groups(self.xp.groups());
        let (print, groups) = match &self.checkpoints {
            Some(c) => {
                let print = fingerprint(&self.options, &self.xp, x, &as_matrix(y)?)?;
                let groups = c.open(&print, groups)?;
                (print, groups)
            }
            None => (String::new(), groups),
        };
        let trained = parallel::map(groups, |members| ready.group(&self, members, 0, &print))?;
        let constant = ready.constant()?;
        let mut all = Trained::join(trained)?;
        mark_unfitted(&mut all.reports, constant);
        for attempt in 1..=self.options.restarts {
            let failed = all.failed();
            if failed.is_empty() {
                break;
            }
            let groups = failed.chunks(failed.len().div_ceil(self.xp.groups())).map(<[usize]>::to_vec).collect();
            let again = parallel::map(groups, |members| ready.group(&self, members, attempt, ""))?;
            all.replace(Trained::join(again)?)?;
            mark_unfitted(&mut all.reports, constant);
        }
        Ok(ready.model(all))
    }

    fn elsewhere(self, x: &Array, y: &Array, workers: &dyn Workers) -> Result<Model> {
        let own = match (&self.function, &self.observer, &self.checkpoints) {
            (Some(_), ..) => "the prior is a function of this program, which no worker has; choose one of the others",
            (_, Some(_), _) => "the observer is a function of this program, which no worker has; train without it",
            (.., Some(_)) => "checkpoints of epochs are of this process; the workers keep what they have trained",
            (None, None, None) => {
                let models = train_all(&[self.options], &self.xp, x, y, Some(workers))?;
                return models.into_iter().next().ok_or_else(|| Error::value("fit", "nothing was trained"));
            }
        };
        Err(Error::not_implemented("fit", own))
    }
}

/// One group's training.
pub(crate) struct Run<'r, 'a> {
    pub(crate) fit: &'r Fit<'a>,
    pub(crate) member: &'r Member,
    pub(crate) x: &'r Array,
    pub(crate) y: &'r Array,
    pub(crate) x_scaling: &'r Scaling,
    pub(crate) y_scaling: &'r Scaling,
}

/// Members after training.
pub(crate) struct Trained {
    pub(crate) params: MemberParams,
    pub(crate) prior: PriorParams,
    pub(crate) reports: Vec<MemberReport>,
    pub(crate) histories: Vec<Vec<f64>>,
}

impl Run<'_, '_> {
    /// The keys of members; a restart has keys of its own.
    fn keys(&self, members: &[usize], attempt: u64) -> Result<Array> {
        let xp = &self.fit.xp;
        let numbers: Vec<i64> = members.iter().map(|&m| m as i64).collect();
        let keys = fold_in(xp.key(self.fit.options.seed)?, xp.asarray(numbers)?)?;
        if attempt == 0 { Ok(keys) } else { fold_in(keys, 1000 + attempt) }
    }

    pub(crate) fn group(&self, members: Vec<usize>, attempt: u64, print: &str) -> Result<Trained> {
        let keys = self.keys(&members, attempt)?;
        let group = Group::new(self.member, members, keys, self.x, self.y, &self.y_scaling.scale)?;
        let (state, epoch) = match self.fit.options.solver {
            Solver::ClosedForm => (group.solve()?, 0),
            Solver::Gradient => self.train(&group, attempt, print)?,
        };
        self.finish(group, state, epoch, attempt)
    }

    /// Trains a group to the last epoch, from its checkpoint if there is one.
    fn train(&self, group: &Group<'_>, attempt: u64, print: &str) -> Result<(GroupState, u64)> {
        let options = &self.fit.options;
        let checkpoints = self.fit.checkpoints.as_ref().filter(|_| attempt == 0);
        let found = match checkpoints {
            Some(c) => c.read(print, group, &self.fit.xp)?,
            None => None,
        };
        let (mut state, start, done) = match found {
            Some(found) => found,
            None => (group.begin()?, 0, false),
        };
        if start == 0 {
            self.look(group, &state, 0)?;
        }
        if done {
            return Ok((state, start));
        }
        for epoch in start + 1..=options.epochs {
            let stopped;
            (state, stopped) = group.epoch(state, epoch)?;
            self.look(group, &state, epoch)?;
            let last = stopped || epoch == options.epochs;
            if let Some(c) = checkpoints
                && (last || epoch % c.every.max(1) == 0)
            {
                c.write(print, group, &state, epoch, last)?;
            }
            if last {
                return Ok((state, epoch));
            }
        }
        Ok((state, start))
    }

    fn look(&self, group: &Group<'_>, state: &GroupState, epoch: u64) -> Result<()> {
        let Some(observer) = self.fit.observer else { return Ok(()) };
        observer(&Snapshot {
            members: &group.members,
            epoch,
            epochs: self.fit.options.epochs,
            params: &state.params,
            prior: &group.prior,
            loss: state.losses.last(),
            member: self.member,
            x_scaling: self.x_scaling,
            y_scaling: self.y_scaling,
        })
    }

    /// Judges the members and keeps what predictions need.
    fn finish(&self, group: Group<'_>, state: GroupState, epoch: u64, attempt: u64) -> Result<Trained> {
        let mut histories = histories(&state.losses)?;
        let (params, epochs) = match state.best {
            Some(best) => (best.params, Some(best.epoch.to_host()?.to_f64()?)),
            None => (state.params, None),
        };
        let unit = array_api::square(&self.y_scaling.scale)?;
        let input = (params, group.data);
        let errors = vmap(|(params, data): &(MemberParams, MemberData)| {
            let (mean, _) = self.member.apply(params, self.x)?;
            let squares = array_api::multiply(array_api::square(array_api::subtract(mean, &data.target)?)?, &unit)?;
            match &data.weight {
                None => array_api::mean(squares, ..),
                Some(w) => {
                    let total = array_api::multiply(array_api::sum(w, ..)?, self.member.targets as f64)?;
                    // A Poisson bootstrap of few rows may be empty: then there is no error.
                    let total = array_api::maximum(total, f64::from(f32::MIN_POSITIVE))?;
                    array_api::divide(array_api::sum(array_api::multiply(squares, w)?, ..)?, total)
                }
            }
        })(&input)?;
        let errors = errors.to_host()?.to_f64()?;
        let exact = self.fit.options.solver == Solver::ClosedForm;
        let reports = group.members.iter().enumerate().map(|(i, &member)| {
            let best = epochs.as_ref().map_or(epoch, |e| e[i] as u64);
            if let Some(stop) = self.fit.options.early_stopping {
                // A group goes on until all of its members have stopped; a member's own history ends where it stopped.
                histories[i].truncate((best + stop.every.saturating_mul(stop.patience)) as usize);
            }
            let losses = &histories[i];
            let status = match exact {
                // A minimiser is what it is, also where the best fit is poor.
                true if errors[i].is_finite() => crate::Status::Converged,
                _ => judge(losses, errors[i], epochs.is_some() && (best as usize) < losses.len()),
            };
            MemberReport {
                member,
                mse: errors[i],
                final_loss: losses.last().copied().unwrap_or(f64::NAN),
                epoch: best,
                status,
                restarts: attempt,
            }
        });
        let reports = reports.collect();
        Ok(Trained { params: input.0, prior: group.prior, reports, histories })
    }
}

impl Trained {
    /// The members that did not fit.
    pub(crate) fn failed(&self) -> Vec<usize> {
        self.reports.iter().filter(|r| r.status.failed()).map(|r| r.member).collect()
    }

    /// Groups together again, in the order of their members.
    pub(crate) fn join(groups: Vec<Trained>) -> Result<Trained> {
        let joined = |leaves: Vec<Vec<&Array>>| -> Result<Vec<Array>> {
            let count = leaves.first().map_or(0, Vec::len);
            (0..count).map(|i| array_api::concat(&leaves.iter().map(|l| l[i]).collect::<Vec<_>>()[..], 0)).collect()
        };
        let first = groups.first().ok_or_else(|| Error::value("fit", "there are no members"))?;
        let params = first.params.with_leaves(joined(groups.iter().map(|g| g.params.leaves()).collect())?)?;
        let prior = first.prior.with_leaves(joined(groups.iter().map(|g| g.prior.leaves()).collect())?)?;
        let reports = groups.iter().flat_map(|g| g.reports.clone()).collect();
        let histories = groups.into_iter().flat_map(|g| g.histories).collect();
        Ok(Trained { params, prior, reports, histories })
    }

    /// Puts members that were trained again in their places.
    pub(crate) fn replace(&mut self, again: Trained) -> Result<()> {
        let places: Vec<(usize, usize)> = again.reports.iter().enumerate().map(|(i, r)| (r.member, i)).collect();
        let put = |old: &Array, new: &Array| -> Result<Array> {
            let mut out = old.clone();
            for &(to, from) in &places {
                out = array_api::set_at(out, array_api::at(new, from as isize)?, to as isize)?;
            }
            Ok(out)
        };
        let pairs = |old: Vec<&Array>, new: Vec<&Array>| -> Result<Vec<Array>> {
            old.into_iter().zip(new).map(|(o, n)| put(o, n)).collect()
        };
        self.params = self.params.with_leaves(pairs(self.params.leaves(), again.params.leaves())?)?;
        self.prior = self.prior.with_leaves(pairs(self.prior.leaves(), again.prior.leaves())?)?;
        for (report, history) in again.reports.into_iter().zip(again.histories) {
            let k = report.member;
            self.reports[k] = report;
            self.histories[k] = history;
        }
        Ok(())
    }
}
