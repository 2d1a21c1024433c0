//! What all groups of members share: options and data that are checked, in the units and the type of the computation.

use array_api::{Array, Error, Namespace, Result};

use crate::fit::{Fit, Run, Trained};
use crate::member::{Member, PriorFunction};
use crate::model::Model;
use crate::options::{Noise, Options};
use crate::scaling::{Scaling, finite, varying};

/// How many bytes of one layer's values a group works on: what stays in a core's second-level cache.
const GROUP_BYTES: usize = 1 << 18;

/// The targets with an axis of their own.
pub(crate) fn as_matrix(y: &Array) -> Result<Array> {
    if y.ndim() == 1 { array_api::expand_dims(y, 1) } else { Ok(y.clone()) }
}

/// What all groups share: the member's forms, and the data in the units and the type of the computation.
pub(crate) struct Prepared {
    pub(crate) member: Member,
    x: Array,
    y: Array,
    x_scaling: Scaling,
    y_scaling: Scaling,
}

impl Prepared {
    /// Checks options and data.
    ///
    /// # Errors
    /// As [`Fit::run`].
    pub(crate) fn new(
        options: &Options,
        xp: &Namespace,
        x: &Array,
        y: &Array,
        function: Option<PriorFunction>,
    ) -> Result<Prepared> {
        options.check()?;
        let y = &as_matrix(y)?;
        let (inputs, targets) = match (x.shape()?, y.shape()?) {
            (&[n, d], &[m, t]) if n == m && n > 0 && d > 0 && t > 0 => (d, t),
            _ => {
                let message = format!(
                    "inputs have shape {} and targets {}: (rows, inputs) and (rows, targets) with at least one of each are needed",
                    x.dims(),
                    y.dims()
                );
                return Err(Error::shape("fit", message));
            }
        };
        let member = Member::new(options.clone(), xp, inputs, targets, function)?;
        finite(x, "inputs")?;
        finite(y, "targets")?;
        let dtype = options.dtype;
        let cast = |a: &Array| if a.dtype() == dtype { Ok(a.clone()) } else { array_api::astype(a, dtype) };
        let (x_scaling, y_scaling) = match options.standardize {
            true => {
                varying(y)?;
                (Scaling::fit(x, dtype)?, Scaling::fit(y, dtype)?)
            }
            false => (Scaling::identity(xp, inputs, dtype)?, Scaling::identity(xp, targets, dtype)?),
        };
        let (x, y) = match options.standardize {
            true => (x_scaling.apply(&cast(x)?)?, y_scaling.apply(&cast(y)?)?),
            false => (cast(x)?, cast(y)?),
        };
        // Numbers that are finite in the data may not be in the type of the computation.
        finite(&x, &format!("inputs in {dtype}"))?;
        finite(&y, &format!("targets in {dtype}"))?;
        Ok(Prepared { member, x, y, x_scaling, y_scaling })
    }

    /// Members in groups whose values stay in the cache, at least so many.
    pub(crate) fn groups(&self, least: usize) -> Vec<Vec<usize>> {
        let o = &self.member.options;
        let widest = o.widths.iter().copied().max().unwrap_or(1);
        let rows = self.x.shape().map_or(1, |shape| shape[0]);
        let bytes = o.batch.unwrap_or(rows).min(rows) * widest * o.dtype.size() * o.members;
        // What works on one group at a time, such as a GPU, takes all members at once.
        let count = match self.member.xp.groups() {
            1 => least,
            _ => bytes.div_ceil(GROUP_BYTES).next_multiple_of(least).max(least),
        };
        let size = o.members.div_ceil(count.min(o.members));
        (0..o.members).collect::<Vec<_>>().chunks(size).map(<[usize]>::to_vec).collect()
    }

    /// Trains a group; its checkpoints are those of the run with this fingerprint.
    pub(crate) fn group(&self, fit: &Fit<'_>, members: Vec<usize>, attempt: u64, print: &str) -> Result<Trained> {
        let Prepared { member, x, y, x_scaling, y_scaling } = self;
        Run { fit, member, x, y, x_scaling, y_scaling }.group(members, attempt, print)
    }

    /// The mean squared error that a constant leaves, in the units of the targets, with the noise that is added to them.
    pub(crate) fn constant(&self) -> Result<f64> {
        let spread = array_api::multiply(array_api::var(&self.y, 0)?, array_api::square(&self.y_scaling.scale)?)?;
        let spread = array_api::mean(spread, ..)?.to_host()?.to_f64()?[0];
        Ok(spread + if let Noise::Gaussian { sd } = self.member.options.noise { sd * sd } else { 0.0 })
    }

    /// The ensemble of all members.
    pub(crate) fn model(self, trained: Trained) -> Model {
        let Prepared { member, x_scaling, y_scaling, .. } = self;
        let Trained { params, prior, reports, histories } = trained;
        Model { member, x_scaling, y_scaling, params, prior, reports, histories }
    }
}
