//! What an ensemble is: every choice of a run, as data that is kept with the model.

use array_api::{DType, Error, Result};
use serde::{Deserialize, Serialize};

use crate::network::{Activation, BiasInitializer, Initializer};
use crate::optimizer::Optimizer;

/// The fixed function that is added to each member's trained network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Prior {
    /// None: a plain deep ensemble.
    None,
    /// A network of the same form, drawn once per member and never trained (Osband et al. 2018).
    Network,
    /// A linear function, one per member, with weights from `N(prior_center, sd^2)`: what Bayesian linear regression calls
    /// its prior, and beside a network a random trend far from the data.
    Linear {
        /// The weights' standard deviation.
        sd: f64,
    },
    /// `sin(frequency * x)` summed over the inputs, the same for all members.
    Sine {
        /// Radians per unit of the (standardised) input.
        frequency: f64,
    },
    /// A random function `sqrt(2/m) sum a_i cos(w_i x / lengthscale + b_i)`, an approximate draw from a Gaussian process
    /// with a squared-exponential kernel (Rahimi and Recht 2007), one per member.
    Fourier {
        /// The number of features `m`.
        features: usize,
        /// The length over which the function varies.
        lengthscale: f64,
    },
    /// A function of the user's own, given to [`Fit::prior_function`](crate::Fit::prior_function).
    Function,
}

/// How the data differ between members. Drawn once per member; the draw of a row depends only on (member, row).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Noise {
    /// All members see the same data.
    None,
    /// Gaussian noise on the targets, in their own units. With a prior and L2 it makes the linear-Gaussian case exactly
    /// Bayes.
    Gaussian {
        /// Its standard deviation.
        sd: f64,
    },
    /// As many rows as there are, drawn with replacement (Efron 1979).
    Multinomial,
    /// Each row counts a Poisson(1) number of times.
    Poisson,
    /// Each row has an Exponential(1) weight: the Bayesian bootstrap (Rubin 1981), up to its normalisation.
    Exponential,
}

impl Noise {
    /// Whether some rows stay out of a member's data, on which its training can be watched.
    pub fn leaves_rows_out(self) -> bool {
        matches!(self, Noise::Multinomial | Noise::Poisson)
    }
}

/// What a member predicts beside a mean, and so its loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Head {
    /// A mean, by squared error. The noise of the data is not estimated: bands are epistemic only, unless it is given.
    Mean {
        /// The data's known noise, in units of the target, added to bands.
        noise_sd: Option<f64>,
    },
    /// A mean, and one noise level per member and target, by the Gaussian likelihood.
    Noise,
    /// A mean and a variance for every row, by the Gaussian likelihood (Nix and Weigend 1994).
    Variance,
}

/// What is added to the loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Penalty {
    /// Nothing.
    None,
    /// `strength * ||theta||^2` of the trained parameters. With `strength = s2 / lambda`, summed loss, Gaussian noise of
    /// variance `s2` and a prior network drawn from `N(m, lambda I)`, the linear case is exactly Bayes.
    L2 {
        /// Times the squared norm.
        strength: f64,
    },
    /// `strength * ||theta - theta_0||^2`, towards each member's initial parameters (Pearce et al. 2020).
    Anchor {
        /// Times the squared distance.
        strength: f64,
    },
}

/// How a loss over rows becomes one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// Mean over rows.
    Mean,
    /// Sum over rows; a mini-batch's sum is scaled up to all rows, so that a penalty keeps its meaning.
    Sum,
}

/// How the parameters are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// By the optimiser.
    Gradient,
    /// Exactly, by the normal equations: linear models without bias and squared error only.
    ClosedForm,
}

/// Stopping each member where the rows that it was not trained on fit best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyStopping {
    /// Epochs between two looks.
    pub every: u64,
    /// Looks without improvement after which a member stops.
    pub patience: u64,
}

/// Every choice of a run.
///
/// The default is the article's: 50 members of 20-20 SELU units, prior scale 1, bootstrap, Adam with learning rate 0.05
/// for 100 epochs.
///
/// ```
/// use ensemble::{Noise, Options, Prior};
/// let options = Options { members: 10, prior: Prior::Sine { frequency: 3.0 }, noise: Noise::None, ..Options::default() };
/// assert_eq!(options.epochs, 100);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The number of members.
    pub members: usize,
    /// Units of the hidden layers; none for a linear model.
    pub widths: Vec<usize>,
    /// Activation after hidden layers.
    pub activation: Activation,
    /// Initial weights, of trained and prior networks.
    pub weights: Initializer,
    /// Initial biases; `None` for layers without.
    pub biases: Option<BiasInitializer>,
    /// The prior function.
    pub prior: Prior,
    /// For [`Prior::Linear`], the expectation of its weights, shape `(inputs, targets)` in row-major order; zero if empty.
    #[serde(default)]
    pub prior_center: Vec<f64>,
    /// What the prior function is multiplied with.
    pub prior_scale: f64,
    /// How the data differ between members.
    pub noise: Noise,
    /// What a member predicts.
    pub head: Head,
    /// What is added to the loss.
    pub penalty: Penalty,
    /// Mean or sum over rows.
    pub reduction: Reduction,
    /// Optimiser or closed form.
    pub solver: Solver,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Passes over the data.
    pub epochs: u64,
    /// Rows per step; all of them unless given. The order of rows is the same for all members.
    pub batch: Option<usize>,
    /// When members stop before the last epoch.
    pub early_stopping: Option<EarlyStopping>,
    /// How often a member that failed is started again from other draws.
    pub restarts: u64,
    /// Whether inputs and targets are centred and scaled for training; undone in every output.
    pub standardize: bool,
    /// The type of the computation.
    pub dtype: DType,
    /// The seed of every draw.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            members: 50,
            widths: vec![20, 20],
            activation: Activation::Selu,
            weights: Initializer::GlorotUniform,
            biases: Some(BiasInitializer::Torch),
            prior: Prior::Network,
            prior_center: vec![],
            prior_scale: 1.0,
            noise: Noise::Multinomial,
            head: Head::Mean { noise_sd: None },
            penalty: Penalty::None,
            reduction: Reduction::Mean,
            solver: Solver::Gradient,
            optimizer: Optimizer::default(),
            learning_rate: 0.05,
            epochs: 100,
            batch: None,
            early_stopping: None,
            restarts: 0,
            standardize: false,
            dtype: DType::Float32,
            seed: 0,
        }
    }
}

impl Options {
    /// Refuses values that no run can use.
    ///
    /// # Errors
    /// The first such value, with what it must be.
    pub fn check(&self) -> Result<()> {
        let bad = |what: String| Err(Error::value("options", what));
        let positive = |name: &str, x: f64| match x > 0.0 && x.is_finite() {
            true => Ok(()),
            false => bad(format!("{name} is {x}, but must be a positive number")),
        };
        let not_negative = |name: &str, x: f64| match x >= 0.0 && x.is_finite() {
            true => Ok(()),
            false => bad(format!("{name} is {x}, but must be finite and not negative")),
        };
        if self.members == 0 {
            return bad("there must be at least one member".into());
        }
        if let Some(w) = self.widths.iter().position(|&w| w == 0) {
            return bad(format!("hidden layer {w} has no units"));
        }
        if !self.dtype.is_real_floating() {
            return bad(format!("networks compute in float32 or float64, not in {}", self.dtype));
        }
        positive("the learning rate", self.learning_rate)?;
        not_negative("the prior scale", self.prior_scale)?;
        if self.epochs == 0 {
            return bad("there must be at least one epoch".into());
        }
        if self.batch == Some(0) {
            return bad("a batch must have at least one row".into());
        }
        match self.prior {
            Prior::Fourier { features, lengthscale } => {
                positive("the lengthscale", lengthscale)?;
                positive("the number of features", features as f64)?;
            }
            Prior::Linear { sd } => not_negative("the standard deviation of the prior's weights", sd)?,
            Prior::Sine { frequency } if !frequency.is_finite() => return bad(format!("the frequency is {frequency}")),
            _ => {}
        }
        if let Some(c) = self.prior_center.iter().find(|c| !c.is_finite()) {
            return bad(format!("the center of the prior holds {c}; its numbers must be finite"));
        }
        if !self.prior_center.is_empty() && !matches!(self.prior, Prior::Linear { .. }) {
            return bad(format!("a center of the prior's weights is for the linear prior, not for {:?}", self.prior));
        }
        if let Noise::Gaussian { sd } = self.noise {
            not_negative("the noise", sd)?;
        }
        if let Head::Mean { noise_sd: Some(sd) } = self.head {
            not_negative("the known noise", sd)?;
        }
        match self.penalty {
            Penalty::L2 { strength } | Penalty::Anchor { strength } => not_negative("the penalty", strength)?,
            Penalty::None => {}
        }
        if let Some(stop) = self.early_stopping {
            if !self.noise.leaves_rows_out() {
                return bad(format!(
                    "early stopping watches each member's out-of-bag rows, which noise {:?} does not leave; use the \
                     multinomial or Poisson bootstrap",
                    self.noise
                ));
            }
            if self.solver == Solver::ClosedForm {
                return bad("a closed form has no epochs that could stop early".into());
            }
            if stop.every == 0 || stop.patience == 0 {
                return bad("early stopping needs a positive interval and patience".into());
            }
        }
        let linear = self.widths.is_empty() && self.biases.is_none() && matches!(self.head, Head::Mean { .. });
        if self.solver == Solver::ClosedForm && (!linear || matches!(self.penalty, Penalty::Anchor { .. })) {
            return bad(
                "a closed form exists for linear models only: no hidden layers, no biases, squared error, L2".into()
            );
        }
        if let Optimizer::AdamW { decay, .. } = self.optimizer {
            not_negative("the weight decay", decay)?;
        }
        let [beta1, beta2, epsilon] = match self.optimizer {
            Optimizer::Adam { beta1, beta2, epsilon } | Optimizer::AdamW { beta1, beta2, epsilon, .. } => {
                [beta1, beta2, epsilon]
            }
            Optimizer::Sgd { momentum } => [momentum, 0.0, 0.0],
        };
        match (0.0..1.0).contains(&beta1) && (0.0..1.0).contains(&beta2) && epsilon >= 0.0 && epsilon.is_finite() {
            true => Ok(()),
            false => bad(format!("the optimiser's settings are out of range: {:?}", self.optimizer)),
        }
    }
}
