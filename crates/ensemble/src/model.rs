//! A trained ensemble: predictions, parts, saving and loading.

use array_api::{Array, Error, Index, Namespace, Result, Tree, at, multiply, parallel, square};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

use crate::member::{Member, MemberParams, PriorFunction, PriorParams};
use crate::options::{Head, Options};
use crate::prediction::Prediction;
use crate::report::MemberReport;
use crate::scaling::Scaling;
use crate::store::{load, save};

/// A trained ensemble.
pub struct Model {
    pub(crate) member: Member,
    pub(crate) x_scaling: Scaling,
    pub(crate) y_scaling: Scaling,
    pub(crate) params: MemberParams,
    pub(crate) prior: PriorParams,
    pub(crate) reports: Vec<MemberReport>,
    pub(crate) histories: Vec<Vec<f64>>,
}

/// What a file holds beside its tensors.
#[derive(Serialize, Deserialize)]
struct Metadata {
    version: u32,
    options: Options,
    inputs: usize,
    targets: usize,
    reports: Vec<MemberReport>,
}

/// All tensors of a file.
#[derive(Tree)]
struct Tensors {
    params: MemberParams,
    prior: PriorParams,
    x: Scaling,
    y: Scaling,
}

/// The two parts of every member, in the data's units, shape `(members, rows, targets)` each.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What was trained.
    pub trained: Array,
    /// The scaled prior; zero without one.
    pub prior: Array,
}

impl Model {
    /// The choices of the run.
    pub fn options(&self) -> &Options {
        &self.member.options
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.member.inputs
    }

    /// The number of targets.
    pub fn targets(&self) -> usize {
        self.member.targets
    }

    /// What became of each member.
    pub fn reports(&self) -> &[MemberReport] {
        &self.reports
    }

    /// The training loss of every epoch, per member; empty for a model that was loaded.
    pub fn histories(&self) -> &[Vec<f64>] {
        &self.histories
    }

    /// The members' trained parameters, with the members as leading axis.
    pub fn params(&self) -> &MemberParams {
        &self.params
    }

    /// The members that predictions are made of: those that did not fail.
    pub fn used(&self) -> Vec<usize> {
        (0..self.reports.len()).filter(|&k| !self.reports[k].status.failed()).collect()
    }

    /// Predictions for inputs of shape `(rows, inputs)`, by the members that did not fail.
    ///
    /// # Errors
    /// If the number of inputs differs, or they are not finite; if all members failed.
    pub fn predict(&self, x: &Array) -> Result<Prediction> {
        let used = self.used();
        if used.is_empty() {
            let why = self.reports.first().map_or("", |r| r.status.reason());
            let message = format!("all {} members failed; the first: {why}", self.reports.len());
            return Err(Error::value("predict", message));
        }
        self.predict_with(x, &used)
    }

    /// Predictions by the given members.
    ///
    /// # Errors
    /// As [`predict`](Model::predict), and for members that do not exist.
    pub fn predict_with(&self, x: &Array, members: &[usize]) -> Result<Prediction> {
        let unit = square(&self.y_scaling.scale)?;
        let parts = self.each(x, members, |params, prior, x| {
            let (mean, variance) = self.member.apply(params, x)?;
            let mean = match self.member.prior(prior, x)? {
                Some(p) => array_api::add(mean, p)?,
                None => mean,
            };
            let mean = self.y_scaling.undo(&mean)?;
            let variance = match (variance, self.member.options.head) {
                (Some(v), _) => Some(array_api::broadcast_to(multiply(v, &unit)?, mean.dims())?),
                (None, Head::Mean { noise_sd: Some(sd) }) => {
                    let known = array_api::full_like(&mean, sd * sd)?;
                    Some(known)
                }
                (None, _) => None,
            };
            Ok((mean, variance))
        })?;
        let (means, variances): (Vec<Array>, Vec<Option<Array>>) = parts.into_iter().unzip();
        let variances: Option<Vec<Array>> = variances.into_iter().collect();
        Ok(Prediction {
            members: array_api::concat(means, 0)?,
            aleatoric: variances.map(|v| array_api::concat(v, 0)).transpose()?,
        })
    }

    /// The trained part and the scaled prior of every member, whose sum is its prediction.
    ///
    /// # Errors
    /// As [`predict`](Model::predict).
    pub fn parts(&self, x: &Array) -> Result<Parts> {
        let members: Vec<usize> = (0..self.reports.len()).collect();
        let parts = self.each(x, &members, |params, prior, x| {
            let (mean, _) = self.member.apply(params, x)?;
            let prior = match self.member.prior(prior, x)? {
                Some(p) => multiply(p, &self.y_scaling.scale)?,
                None => array_api::zeros_like(&mean, ..)?,
            };
            Ok((self.y_scaling.undo(&mean)?, prior))
        })?;
        let (trained, prior): (Vec<Array>, Vec<Array>) = parts.into_iter().unzip();
        Ok(Parts { trained: array_api::concat(trained, 0)?, prior: array_api::concat(prior, 0)? })
    }

    /// Applies a function of one member to all of the given ones, groups of them in parallel.
    fn each<O: Tree + Send>(
        &self,
        x: &Array,
        members: &[usize],
        f: impl Fn(&MemberParams, &PriorParams, &Array) -> Result<O> + Send + Sync,
    ) -> Result<Vec<O>> {
        match x.shape()? {
            &[n, d] if d == self.member.inputs && n > 0 => {}
            _ => {
                let message = format!("inputs have shape {}, but (rows, {}) is due", x.dims(), self.member.inputs);
                return Err(Error::shape("predict", message));
            }
        }
        if members.is_empty() {
            return Err(Error::value("predict", "no members are given"));
        }
        if let Some(&k) = members.iter().find(|&&k| k >= self.reports.len()) {
            return Err(Error::index("predict", format!("there is no member {k} among {}", self.reports.len())));
        }
        crate::scaling::finite(x, "predict")?;
        let x = array_api::astype(x, self.member.options.dtype)?;
        let x = &self.x_scaling.apply(&x)?;
        let size = members.len().div_ceil(self.member.xp.groups().max(1)).max(1);
        parallel::map(members.chunks(size).map(<[usize]>::to_vec).collect(), |group| {
            let numbers: Vec<i64> = group.iter().map(|&k| k as i64).collect();
            let rows = self.member.xp.asarray(numbers)?;
            let choose = &mut |a: &Array| array_api::take(a, &rows, 0);
            let input = (self.params.map(choose)?, self.prior.map(choose)?);
            let run = |(params, prior): &(MemberParams, PriorParams)| f(params, prior, x);
            array_transforms::vmap_n(run, group.len(), &input)
        })
    }

    /// Writes the model to one safetensors file: tensors with the members as leading axis, and JSON metadata under `model`.
    ///
    /// # Errors
    /// The file system's.
    pub fn save(&self, path: &Path) -> Result<()> {
        let metadata = Metadata {
            version: 1,
            options: self.member.options.clone(),
            inputs: self.member.inputs,
            targets: self.member.targets,
            reports: self.reports.clone(),
        };
        let text = serde_json::to_string(&metadata).map_err(|e| Error::backend("save", e.to_string()))?;
        let copy = &mut |a: &Array| Ok(a.clone());
        let tensors = Tensors {
            params: self.params.map(copy)?,
            prior: self.prior.map(copy)?,
            x: self.x_scaling.map(copy)?,
            y: self.y_scaling.map(copy)?,
        };
        save(path, &tensors, HashMap::from([("model".to_string(), text)]))
    }

    /// Reads a model; a prior function of the user's own must be given again.
    ///
    /// # Errors
    /// If the file cannot be read, is truncated, or is not a model of this program.
    pub fn load(path: &Path, xp: &Namespace, function: Option<PriorFunction>) -> Result<Model> {
        let stored = load(path)?;
        let bad = |e: serde_json::Error| Error::value("load", format!("{}: metadata `model`: {e}", path.display()));
        let Metadata { version, options, inputs, targets, reports } =
            serde_json::from_str(stored.meta("model")?).map_err(bad)?;
        if version != 1 {
            return Err(Error::value(
                "load",
                format!("{} has format version {version}; this program reads 1", path.display()),
            ));
        }
        let member = Member::new(options, xp, inputs, targets, function)
            .map_err(|e| Error::value("load", format!("{}: {}", path.display(), e.message())))?;
        let options = &member.options;
        if reports.len() != options.members {
            return Err(Error::value(
                "load",
                format!("{}: {} reports on {} members", path.display(), reports.len(), options.members),
            ));
        }
        let dtype = options.dtype;
        // The structure that the options imply, whose tensors the file must have.
        let (params, prior) = member.blank(member.options.members)?;
        let identity = |n| Scaling::identity(xp, n, dtype);
        let like = Tensors { params, prior, x: identity(inputs)?, y: identity(targets)? };
        let Tensors { params, prior, x, y } = stored.tree(xp, "", &like)?;
        Ok(Model { member, x_scaling: x, y_scaling: y, params, prior, reports, histories: vec![] })
    }

    /// One member's row of a stacked array.
    ///
    /// # Errors
    /// If there is no such member.
    pub fn of_member(stacked: &Array, member: usize) -> Result<Array> {
        at(stacked, Index::At(member as isize))
    }
}
