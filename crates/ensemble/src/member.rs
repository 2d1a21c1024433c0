//! One member: its draws, its prediction, its loss. Written for one; `vmap` makes many of it.

use array_api::{
    Array, Error, Index, Namespace, Normal, Poisson, Result, Tree, Uniform, add, astype, at, axis, cos, divide, equal,
    exp, expand_dims, fold_in, index_add, log, matmul, multiply, sin, softplus, square, subtract, sum,
};
use array_transforms::vmap;
use std::sync::Arc;

use crate::network::{Linear, Mlp, MlpParams};
use crate::options::{Head, Noise, Options, Penalty, Prior, Reduction};

/// A prior function of the user's own: `(rows, inputs)` to `(rows, targets)`.
pub type PriorFunction = Arc<dyn Fn(&Array) -> Result<Array> + Send + Sync>;

/// What is trained.
#[derive(Clone, Debug, Tree)]
pub struct MemberParams {
    /// The network.
    pub network: MlpParams,
    /// The logarithm of the noise's variance per target, for [`Head::Noise`].
    pub log_variance: Option<Array>,
}

/// What is drawn once and never trained.
#[derive(Clone, Debug, Tree)]
pub struct PriorParams {
    /// The prior network.
    pub network: Option<MlpParams>,
    /// Fourier features: frequencies `(inputs, m)`, phases `(m,)`, weights `(m, targets)`.
    pub fourier: Option<(Array, Array, Array)>,
}

/// The data as one member sees them.
#[derive(Clone, Debug, Tree)]
pub struct MemberData {
    /// Targets less the scaled prior, shape `(rows, targets)`.
    pub target: Array,
    /// Weights of the rows, shape `(rows, 1)`; none if all count once.
    pub weight: Option<Array>,
}

/// Which draw a key is for, so that no two share numbers.
#[derive(Clone, Copy)]
enum Stream {
    Network = 0,
    Prior = 1,
    Noise = 2,
}

/// The forms and functions of a member.
#[derive(Clone)]
pub struct Member {
    pub(crate) options: Options,
    pub(crate) xp: Namespace,
    pub(crate) inputs: usize,
    pub(crate) targets: usize,
    pub(crate) function: Option<PriorFunction>,
}

impl Member {
    /// A member of an ensemble with these options, on the kind and device of the namespace.
    ///
    /// # Errors
    /// Options that no run can use, no inputs or targets, or a prior center of another size than the linear prior's weights.
    pub fn new(
        options: Options,
        xp: &Namespace,
        inputs: usize,
        targets: usize,
        function: Option<PriorFunction>,
    ) -> Result<Member> {
        options.check()?;
        if inputs == 0 || targets == 0 {
            return Err(Error::value("member", format!("{inputs} inputs and {targets} targets: none may be 0")));
        }
        let (center, due) = (options.prior_center.len(), inputs * targets);
        if center != 0 && center != due {
            let message = format!(
                "the prior's center has {center} numbers, but {inputs} inputs and {targets} targets need {due}"
            );
            return Err(Error::value("options", message));
        }
        if options.prior == Prior::Function && function.is_none() {
            let message = "the prior is a function of your own, which no file holds; give it again";
            return Err(Error::value("options", message));
        }
        Ok(Member { options, xp: xp.clone(), inputs, targets, function })
    }

    fn mlp(&self, outputs: usize) -> Mlp {
        let o = &self.options;
        Mlp {
            inputs: self.inputs,
            widths: o.widths.clone(),
            outputs,
            activation: o.activation,
            weights: o.weights,
            biases: o.biases,
        }
    }

    fn trained(&self) -> Mlp {
        self.mlp(match self.options.head {
            Head::Variance => 2 * self.targets,
            _ => self.targets,
        })
    }

    fn prior_network(&self) -> Mlp {
        self.mlp(self.targets)
    }

    fn stream(&self, key: &Array, stream: Stream) -> Result<Array> {
        fold_in(key, stream as u32)
    }

    /// Initial parameters.
    ///
    /// # Errors
    /// If draws fail.
    pub fn init(&self, key: &Array) -> Result<MemberParams> {
        let network = self.trained().init(&self.xp, &self.stream(key, Stream::Network)?, self.options.dtype)?;
        let log_variance = match self.options.head {
            Head::Noise => Some(self.xp.zeros(([self.targets], self.options.dtype))?),
            _ => None,
        };
        Ok(MemberParams { network, log_variance })
    }

    /// The parameters of so many members, of the structure, shapes and types that the options imply; the numbers mean nothing.
    pub(crate) fn blank(&self, members: usize) -> Result<(MemberParams, PriorParams)> {
        let keys = self.xp.zeros(([members, 2], array_api::DType::UInt32))?;
        vmap(|key: &Array| Ok((self.init(key)?, self.draw_prior(key)?)))(&keys)
    }

    /// The prior's parameters.
    ///
    /// # Errors
    /// If draws fail.
    pub fn draw_prior(&self, key: &Array) -> Result<PriorParams> {
        let (xp, dtype) = (&self.xp, self.options.dtype);
        let key = self.stream(key, Stream::Prior)?;
        Ok(match self.options.prior {
            Prior::Network => PriorParams { network: Some(self.prior_network().init(xp, &key, dtype)?), fourier: None },
            Prior::Linear { sd } => {
                let shape = [self.inputs, self.targets];
                let mut weight = xp.normal(&key, Normal::from((shape, dtype)).sd(sd))?;
                if !self.options.prior_center.is_empty() {
                    let center = xp.from_host(self.options.prior_center.clone(), shape)?;
                    weight = add(weight, astype(center, dtype)?)?;
                }
                PriorParams { network: Some(MlpParams { layers: vec![Linear { weight, bias: None }] }), fourier: None }
            }
            Prior::Fourier { features, lengthscale } => {
                let w = xp
                    .normal(&fold_in(&key, 0)?, Normal::from(([self.inputs, features], dtype)).sd(1.0 / lengthscale))?;
                let turn = 2.0 * std::f64::consts::PI;
                let b = xp.uniform(&fold_in(&key, 1)?, Uniform::from(([features], dtype)).high(turn))?;
                let sd = (2.0 / features as f64).sqrt();
                let a = xp.normal(&fold_in(&key, 2)?, Normal::from(([features, self.targets], dtype)).sd(sd))?;
                PriorParams { network: None, fourier: Some((w, b, a)) }
            }
            _ => PriorParams { network: None, fourier: None },
        })
    }

    /// The scaled prior at `x`, shape `(rows, targets)`; `None` where it is zero.
    ///
    /// # Errors
    /// If the user's function fails or gives another shape.
    pub fn prior(&self, params: &PriorParams, x: &Array) -> Result<Option<Array>> {
        let value = match (self.options.prior, &params.network, &params.fourier) {
            (Prior::None, ..) => return Ok(None),
            (Prior::Network | Prior::Linear { .. }, Some(network), _) => self.prior_network().apply(network, x)?,
            (Prior::Fourier { .. }, _, Some((w, b, a))) => matmul(cos(add(matmul(x, w)?, b)?)?, a)?,
            (Prior::Sine { frequency }, ..) => {
                let waves = sum(sin(multiply(x, frequency)?)?, axis(1).keepdims())?;
                let rows = x.shape()?[0];
                array_api::broadcast_to(waves, [rows, self.targets])?
            }
            (Prior::Function, ..) => {
                let f = self.function.as_ref().ok_or_else(|| {
                    Error::value(
                        "prior",
                        "the prior is a function of your own, which a file cannot hold; give it again",
                    )
                })?;
                let value = f(x)?;
                let due = [x.shape()?[0], self.targets];
                if value.shape()? != due {
                    let message =
                        format!("the prior function gave shape {}, but ({}, {}) is due", value.dims(), due[0], due[1]);
                    return Err(Error::shape("prior", message));
                }
                value
            }
            _ => return Err(Error::value("prior", "the prior's parameters are not those of its kind")),
        };
        Ok(Some(if self.options.prior_scale == 1.0 { value } else { multiply(value, self.options.prior_scale)? }))
    }

    /// The data as this member sees them; `scale` is the targets' standardisation.
    ///
    /// # Errors
    /// If draws fail.
    pub fn data(&self, key: &Array, prior: &PriorParams, x: &Array, y: &Array, scale: &Array) -> Result<MemberData> {
        let (xp, dtype) = (&self.xp, self.options.dtype);
        let rows = x.shape()?[0];
        let key = self.stream(key, Stream::Noise)?;
        let mut target = match self.prior(prior, x)? {
            Some(p) => subtract(y, p)?,
            None => y.clone(),
        };
        let weight = match self.options.noise {
            Noise::None => None,
            Noise::Gaussian { sd } => {
                let noise = xp.normal(&key, Normal::from(([rows, self.targets], dtype)).sd(sd))?;
                target = add(target, divide(noise, scale)?)?;
                None
            }
            Noise::Multinomial => {
                let drawn = xp.integers(&key, (rows, 0..rows as isize))?;
                // How often each row was drawn.
                let counts = index_add(xp.zeros((rows, dtype))?, drawn, xp.ones((rows, dtype))?, 0)?;
                Some(expand_dims(counts, 1)?)
            }
            Noise::Poisson => Some(xp.poisson(&key, Poisson::from(([rows, 1], dtype)))?),
            Noise::Exponential => Some(xp.exponential(&key, ([rows, 1], dtype))?),
        };
        Ok(MemberData { target, weight })
    }

    /// The trained part at `x`: means `(rows, targets)`, and variances of the same shape or `(targets,)` where the head
    /// estimates them.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn apply(&self, params: &MemberParams, x: &Array) -> Result<(Array, Option<Array>)> {
        let out = self.trained().apply(&params.network, x)?;
        let t = self.targets as isize;
        let columns = |r: Index| at(&out, vec![Index::full(), r]);
        Ok(match (self.options.head, &params.log_variance) {
            (Head::Variance, _) => {
                let mean = columns((..t).into())?;
                // Bounded away from zero, so that one row cannot take over the likelihood.
                let variance = add(softplus(columns((t..).into())?)?, 1e-6)?;
                (mean, Some(variance))
            }
            (Head::Noise, Some(l)) => (out, Some(add(exp(l)?, 1e-12)?)),
            _ => (out, None),
        })
    }

    /// The loss of each row, shape `(rows, targets)`: squared error, or the Gaussian negative log-likelihood without its
    /// constant.
    fn row_losses(&self, params: &MemberParams, x: &Array, target: &Array) -> Result<Array> {
        let (mean, variance) = self.apply(params, x)?;
        let squares = square(subtract(mean, target)?)?;
        match variance {
            None => Ok(squares),
            Some(v) => multiply(add(divide(squares, &v)?, log(&v)?)?, 0.5),
        }
    }

    /// The training loss on the given rows, which may be a batch out of `all` rows.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn loss(
        &self,
        params: &MemberParams,
        start: Option<&MemberParams>,
        x: &Array,
        data: &MemberData,
        all: usize,
    ) -> Result<Array> {
        let mut losses = self.row_losses(params, x, &data.target)?;
        let (count, rows) = (losses.size()?, x.shape()?[0]);
        if let Some(w) = &data.weight {
            losses = multiply(losses, w)?;
        }
        let total = sum(losses, ..)?;
        let loss = match self.options.reduction {
            Reduction::Sum if rows == all => total,
            Reduction::Sum => multiply(total, all as f64 / rows as f64)?,
            Reduction::Mean => divide(total, count as f64)?,
        };
        let (strength, center) = match self.options.penalty {
            Penalty::None => return Ok(loss),
            Penalty::L2 { strength } => (strength, None),
            Penalty::Anchor { strength } => (strength, start),
        };
        let centers: Vec<Option<&Array>> = match center {
            Some(c) => c.leaves().into_iter().map(Some).collect(),
            None => vec![None; params.leaves().len()],
        };
        let mut penalty: Option<Array> = None;
        for (p, c) in params.leaves().into_iter().zip(centers) {
            let distance = match c {
                Some(c) => sum(square(subtract(p, c)?)?, ..)?,
                None => sum(square(p)?, ..)?,
            };
            penalty = Some(match penalty {
                Some(sum) => add(sum, distance)?,
                None => distance,
            });
        }
        match penalty {
            Some(p) => add(loss, multiply(p, strength)?),
            None => Ok(loss),
        }
    }

    /// The mean loss of the rows that the member was not trained on; not a number if there are none.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn out_of_bag(&self, params: &MemberParams, x: &Array, data: &MemberData) -> Result<Array> {
        let weight = data.weight.as_ref().ok_or_else(|| Error::value("early stopping", "no rows are left out"))?;
        let out = astype(equal(weight, 0.0)?, self.options.dtype)?;
        let losses = multiply(self.row_losses(params, x, &data.target)?, &out)?;
        divide(sum(losses, ..)?, multiply(sum(out, ..)?, self.targets as f64)?)
    }
}
