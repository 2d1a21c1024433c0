//! Training an ensemble: members in groups, the groups in parallel.

use array_api::{Array, Error, Namespace, Result, Tree, fold_in, parallel};
use array_transforms::vmap;
use std::sync::Arc;

use crate::checkpoint::{Checkpoints, fingerprint};
use crate::member::{Member, MemberData, MemberParams, PriorFunction, PriorParams};
use crate::model::Model;
use crate::options::{Noise, Options, Solver};
use crate::report::{MemberReport, histories, judge, mark_unfitted};
use crate::scaling::{Scaling, finite, varying};
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
}

/// How many bytes of one layer's values a group works on: what stays in a core's second-level cache.
const GROUP_BYTES: usize = 1 << 18;

impl<'a> Fit<'a> {
    /// A run with these options, on the kind and device of the namespace.
    pub fn new(options: Options, xp: &Namespace) -> Fit<'a> {
        Fit { options, xp: xp.clone(), function: None, observer: None, checkpoints: None }
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

    /// Trains on inputs of shape `(rows, inputs)` and targets of shape `(rows, targets)` or `(rows,)`.
    ///
    /// # Errors
    /// Options that no run can use; shapes that do not fit; data that are not finite; a constant target to standardise;
    /// checkpoints of another run; the backend's.
    pub fn run(self, x: &Array, y: &Array) -> Result<Model> {
        self.options.check()?;
        let y = &if y.ndim() == 1 { array_api::expand_dims(y, 1)? } else { y.clone() };
        let (rows, inputs, targets) = match (x.shape()?, y.shape()?) {
            (&[n, d], &[m, t]) if n == m && n > 0 && d > 0 && t > 0 => (n, d, t),
            _ => {
                let message = format!(
                    "inputs have shape {} and targets {}: (rows, inputs) and (rows, targets) with at least one of each are needed",
                    x.dims(),
                    y.dims()
                );
                return Err(Error::shape("fit", message));
            }
        };
        let member = Member::new(self.options.clone(), &self.xp, inputs, targets, self.function.clone())?;
        finite(x, "inputs")?;
        finite(y, "targets")?;
        let dtype = self.options.dtype;
        let cast = |a: &Array| if a.dtype() == dtype { Ok(a.clone()) } else { array_api::astype(a, dtype) };
        let (x_scaling, y_scaling) = match self.options.standardize {
            true => {
                varying(y)?;
                (Scaling::fit(x, dtype)?, Scaling::fit(y, dtype)?)
            }
            false => (Scaling::identity(&self.xp, inputs, dtype)?, Scaling::identity(&self.xp, targets, dtype)?),
        };
        let (xs, ys) = match self.options.standardize {
            true => (x_scaling.apply(&cast(x)?)?, y_scaling.apply(&cast(y)?)?),
            false => (cast(x)?, cast(y)?),
        };
        // Numbers that are finite in the data may not be in the type of the computation.
        finite(&xs, &format!("inputs in {dtype}"))?;
        finite(&ys, &format!("targets in {dtype}"))?;
        let run = Run { fit: &self, member: &member, x: &xs, y: &ys, x_scaling: &x_scaling, y_scaling: &y_scaling };
        let groups = self.groups(rows);
        let (print, groups) = match &self.checkpoints {
            Some(c) => {
                let print = fingerprint(&self.options, &self.xp, x, y)?;
                let groups = c.open(&print, groups)?;
                (print, groups)
            }
            None => (String::new(), groups),
        };
        let trained = parallel::map(groups, |members| run.group(members, 0, &print))?;
        let constant = run.constant()?;
        let mut all = Trained::join(trained)?;
        mark_unfitted(&mut all.reports, constant);
        for attempt in 1..=self.options.restarts {
            let failed: Vec<usize> = all.reports.iter().filter(|r| r.status.failed()).map(|r| r.member).collect();
            if failed.is_empty() {
                break;
            }
            let groups = failed.chunks(failed.len().div_ceil(self.xp.groups())).map(<[usize]>::to_vec).collect();
            let again = parallel::map(groups, |members| run.group(members, attempt, ""))?;
            all.replace(Trained::join(again)?)?;
            mark_unfitted(&mut all.reports, constant);
        }
        let Trained { params, prior, reports, histories } = all;
        Ok(Model { member, x_scaling, y_scaling, params, prior, reports, histories })
    }

    /// Members in groups whose values stay in the cache, at least one per worker.
    fn groups(&self, rows: usize) -> Vec<Vec<usize>> {
        let o = &self.options;
        let widest = o.widths.iter().copied().max().unwrap_or(1);
        let bytes = o.batch.unwrap_or(rows).min(rows) * widest * o.dtype.size() * o.members;
        let workers = self.xp.groups();
        // One worker, such as a GPU, takes all members at once.
        let count = if workers == 1 { 1 } else { bytes.div_ceil(GROUP_BYTES).next_multiple_of(workers).max(workers) };
        let size = o.members.div_ceil(count.min(o.members));
        (0..o.members).collect::<Vec<_>>().chunks(size).map(<[usize]>::to_vec).collect()
    }
}

/// What all groups share.
struct Run<'r, 'a> {
    fit: &'r Fit<'a>,
    member: &'r Member,
    x: &'r Array,
    y: &'r Array,
    x_scaling: &'r Scaling,
    y_scaling: &'r Scaling,
}

/// Members after training.
struct Trained {
    params: MemberParams,
    prior: PriorParams,
    reports: Vec<MemberReport>,
    histories: Vec<Vec<f64>>,
}

impl Run<'_, '_> {
    /// The keys of members; a restart has keys of its own.
    fn keys(&self, members: &[usize], attempt: u64) -> Result<Array> {
        let xp = &self.fit.xp;
        let numbers: Vec<i64> = members.iter().map(|&m| m as i64).collect();
        let keys = fold_in(xp.key(self.fit.options.seed)?, xp.asarray(numbers)?)?;
        if attempt == 0 { Ok(keys) } else { fold_in(keys, 1000 + attempt) }
    }

    fn group(&self, members: Vec<usize>, attempt: u64, print: &str) -> Result<Trained> {
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

    /// The mean squared error that a constant leaves, in the units of the targets, with the noise that is added to them.
    fn constant(&self) -> Result<f64> {
        let spread = array_api::multiply(array_api::var(self.y, 0)?, array_api::square(&self.y_scaling.scale)?)?;
        let spread = array_api::mean(spread, ..)?.to_host()?.to_f64()?[0];
        Ok(spread + if let Noise::Gaussian { sd } = self.fit.options.noise { sd * sd } else { 0.0 })
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
    /// Groups together again, in the order of their members.
    fn join(groups: Vec<Trained>) -> Result<Trained> {
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
    fn replace(&mut self, again: Trained) -> Result<()> {
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
