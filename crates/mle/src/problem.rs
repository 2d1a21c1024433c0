//! A likelihood with named parameters: what distributions, regressions and models of one's own have in common.

use array_api::{Array, Error, ErrorKind, Index, Namespace, Result, multiply};
use std::sync::Arc;

use crate::composite::Composite;
use crate::differentiate::{Curvature, Differentiable, FiniteDifferences, Objective};
use crate::distribution::Law;
use crate::elsewhere::Elsewhere;
use crate::fit::{Fit, IntervalMethod, StandardErrors, blank};
use crate::matrix::Matrix;
use crate::optimize::{Limits, Optimum, newton};
use crate::transform::Range;

/// On which scale the mode of a posterior is taken: the density of a transformed parameter has another mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The density of the parameters as the model names them.
    Constrained,
    /// The density of the numbers without bounds that they are mapped from.
    Unconstrained,
}

/// A parameter of a problem.
#[derive(Clone, Debug)]
pub(crate) struct Free {
    pub(crate) name: String,
    pub(crate) range: Range,
    pub(crate) start: f64,
    pub(crate) prior: Option<Law>,
}

/// The logarithm of a density of shares or of a matrix.
pub(crate) type LogDensity = dyn Fn(&Array) -> Result<Array> + Send + Sync;

/// A parameter that is a vector of shares or a matrix: some neighbours of a problem's numbers without bounds, mapped together.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) kind: Composite,
    /// The place of its first number.
    pub(crate) first: usize,
    pub(crate) prior: Option<Arc<LogDensity>>,
}

/// A parameter as the model names it.
pub(crate) enum Named<'p> {
    /// A number, by its place.
    One(usize),
    Many(&'p Member),
}

/// How a problem is solved and what is wanted of it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) level: f64,
    pub(crate) standard_errors: StandardErrors,
    pub(crate) interval: IntervalMethod,
    pub(crate) replicates: usize,
    pub(crate) seed: u64,
    pub(crate) limits: Limits,
    pub(crate) scale: Scale,
    /// Who makes refits and starts, if not this process.
    pub(crate) elsewhere: Option<Elsewhere>,
}

impl Wanted {
    /// Whether the observed information is all that is asked for.
    pub(crate) fn only_wald(&self) -> bool {
        self.interval == IntervalMethod::Wald && self.standard_errors == StandardErrors::ObservedInformation
    }
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            level: 0.95,
            standard_errors: StandardErrors::ObservedInformation,
            interval: IntervalMethod::Wald,
            replicates: 1000,
            seed: 0,
            limits: Limits::default(),
            scale: Scale::Constrained,
            elsewhere: None,
        }
    }
}

/// The logarithm of the density of each row, as a function of the parameters as they are named: arrays without axes, and
/// vectors or matrices for composite ones.
pub(crate) type Rows<'a> = dyn Fn(&[Array]) -> Result<Array> + 'a;

/// A likelihood to be maximised.
pub(crate) struct Problem<'a> {
    pub(crate) model: String,
    /// The numbers that are free; those of a composite parameter have no bounds.
    pub(crate) parameters: Vec<Free>,
    /// The composite parameters, by ascending place.
    pub(crate) composites: &'a [Member],
    /// The contributions of the rows, or their sum.
    pub(crate) rows: &'a Rows<'a>,
    pub(crate) weights: Option<Array>,
    /// The rows, or the sum of their weights.
    pub(crate) total: f64,
    pub(crate) xp: Namespace,
}

impl Problem<'_> {
    /// The names of the free numbers.
    pub(crate) fn names(&self) -> Vec<String> {
        self.parameters.iter().map(|p| p.name.clone()).collect()
    }

    /// The parameters as they are named, in order.
    pub(crate) fn named(&self) -> Vec<Named<'_>> {
        let (mut named, mut i) = (vec![], 0);
        while i < self.parameters.len() {
            match self.composites.iter().find(|m| m.first == i) {
                Some(member) => {
                    named.push(Named::Many(member));
                    i += member.kind.free();
                }
                None => {
                    named.push(Named::One(i));
                    i += 1;
                }
            }
        }
        named
    }

    /// The composite parameter that a number belongs to.
    pub(crate) fn member(&self, i: usize) -> Option<&Member> {
        self.composites.iter().find(|m| (m.first..m.first + m.kind.free()).contains(&i))
    }

    /// Names and ranges of what is estimated: the numbers, and the entries of composite parameters.
    pub(crate) fn entries(&self) -> Vec<(String, Range)> {
        let one = |named| match named {
            Named::One(i) => vec![(self.parameters[i].name.clone(), self.parameters[i].range)],
            Named::Many(m) => {
                m.kind.entries().into_iter().map(|(place, range)| (format!("{}{place}", m.name), range)).collect()
            }
        };
        self.named().into_iter().flat_map(one).collect()
    }

    /// The places among the entries that a free number moves.
    pub(crate) fn places(&self, i: usize) -> std::ops::Range<usize> {
        let mut start = 0;
        for named in self.named() {
            let (numbers, length) = match named {
                Named::One(i) => (i..i + 1, 1),
                Named::Many(m) => (m.first..m.first + m.kind.free(), m.kind.entries().len()),
            };
            if numbers.contains(&i) {
                return start..start + length;
            }
            start += length;
        }
        start..start
    }

    /// The parameters from a vector of their entries.
    fn split(&self, vector: &Array) -> Result<Vec<Array>> {
        let mut place = 0;
        let one = |named: &Named<'_>| {
            let length = match named {
                Named::One(_) => 1,
                Named::Many(m) => m.kind.entries().len(),
            };
            let from = place;
            place += length;
            match named {
                Named::One(_) => vector.at(Index::At(from as isize)),
                Named::Many(m) => m.kind.assemble(&vector.at(Index::from(from as isize..place as isize))?),
            }
        };
        self.named().iter().map(one).collect()
    }

    /// The parameters from the free numbers.
    fn constrain(&self, u: &Array) -> Result<Vec<Array>> {
        let one = |named: &Named<'_>| match named {
            Named::One(i) => self.parameters[*i].range.constrain(&u.at(Index::At(*i as isize))?),
            Named::Many(m) => m.kind.constrain(&numbers(m, u)?),
        };
        self.named().iter().map(one).collect()
    }

    /// The log-likelihood with these weights.
    pub(crate) fn log_likelihood(&self, parameters: &[Array], weights: Option<&Array>) -> Result<Array> {
        let rows = (self.rows)(parameters)?;
        match weights {
            Some(w) => multiply(rows, w)?.sum(..),
            None => rows.sum(..),
        }
    }

    pub(crate) fn log_prior(&self, parameters: &[Array]) -> Result<Option<Array>> {
        let mut sum = None;
        for (named, value) in self.named().iter().zip(parameters) {
            let term = match named {
                Named::One(i) => self.parameters[*i].prior.as_ref().map(|law| law.log_density(value)),
                Named::Many(m) => m.prior.as_ref().map(|log_density| log_density(value)),
            };
            if let Some(term) = term {
                sum = plus(sum, term?)?;
            }
        }
        Ok(sum)
    }

    /// What is minimised over numbers without bounds.
    pub(crate) fn cost(&self, u: &Array, weights: Option<&Array>, scale: Scale) -> Result<Array> {
        let parameters = self.constrain(u)?;
        let mut sum = self.log_likelihood(&parameters, weights)?;
        if let Some(beside) = self.beside_rows(u, &parameters, scale)? {
            sum = (sum + beside).ok()?;
        }
        array_api::negative(sum)
    }

    /// What is added to the log-likelihood of the rows: priors, and the scale's own density where the mode is taken there.
    fn beside_rows(&self, u: &Array, parameters: &[Array], scale: Scale) -> Result<Option<Array>> {
        let mut sum = self.log_prior(parameters)?;
        if scale == Scale::Unconstrained {
            for named in self.named() {
                let term = match named {
                    Named::One(i) => self.parameters[i].range.log_derivative(&u.at(Index::At(i as isize))?)?,
                    Named::Many(m) => m.kind.log_derivative(&numbers(m, u)?)?,
                };
                sum = plus(sum, term)?;
            }
        }
        Ok(sum)
    }

    /// The same at one point without bounds, zero where nothing is added.
    pub(crate) fn beside(&self, u: &[f64], scale: Scale) -> Result<f64> {
        let parameters = self.split(&self.xp.asarray(self.constrained(u))?)?;
        match self.beside_rows(&self.xp.asarray(u)?, &parameters, scale)? {
            Some(sum) => sum.item(),
            None => Ok(0.0),
        }
    }

    /// The rows' contributions at parameters in a vector, as they are named.
    pub(crate) fn contributions(&self, vector: &Array) -> Result<Array> {
        (self.rows)(&self.split(vector)?)
    }

    /// The entries of the parameters at one point without bounds.
    pub(crate) fn constrained(&self, u: &[f64]) -> Vec<f64> {
        let one = |named| match named {
            Named::One(i) => vec![self.parameters[i].range.constrain_number(u[i])],
            Named::Many(m) => m.kind.constrain_numbers(&u[m.first..m.first + m.kind.free()]),
        };
        self.named().into_iter().flat_map(one).collect()
    }

    /// The objective, differentiated where every operation has a derivative and by differences otherwise.
    pub(crate) fn objective<'s>(&'s self, scale: Scale, differences: bool) -> Box<dyn Objective + 's> {
        let f = move |u: &Array| self.cost(u, self.weights.as_ref(), scale);
        match differences {
            true => Box::new(FiniteDifferences::new(&self.xp, f)),
            false => Box::new(Differentiable::new(&self.xp, f)),
        }
    }

    /// Maximises the likelihood, or the posterior density where there are priors.
    pub(crate) fn solve(&self, wanted: &Wanted) -> Result<Fit> {
        self.can_have(wanted)?;
        let wanted = &self.settled(wanted);
        let start: Vec<f64> = self.parameters.iter().map(|p| p.range.unconstrain(p.start)).collect();
        let (mut differences, mut method) = (false, "Newton with trust region");
        let found = match newton(&*self.objective(wanted.scale, false), &start, wanted.limits) {
            Err(e) if matches!(e.kind(), ErrorKind::NotImplemented | ErrorKind::Transform) => {
                (differences, method) = (true, "Newton with trust region, derivatives by finite differences");
                newton(&*self.objective(wanted.scale, true), &start, wanted.limits)?
            }
            found => found?,
        };
        let (optimum, curvature) = found;
        let names: Vec<String> = self.entries().into_iter().map(|(name, _)| name).collect();
        let mut fit = blank(&self.model, method, &names, &self.constrained(&optimum.point));
        fit.free_parameters = self.parameters.len();
        fit.observations = self.total;
        fit.iterations = optimum.iterations;
        let vector = self.xp.asarray(fit.estimates())?;
        let parameters = self.split(&vector)?;
        if let Some(prior) = self.log_prior(&parameters)? {
            fit.log_prior = prior.item()?;
            let scale = if wanted.scale == Scale::Constrained { "constrained" } else { "unconstrained" };
            fit.mode_scale = Some(scale.to_string());
        }
        fit.log_likelihood = self.log_likelihood(&parameters, self.weights.as_ref())?.item()?;
        let fit = self.judge(fit.with_criteria(), &optimum, &curvature, &start)?;
        self.uncertainty(fit, wanted, &optimum, differences)
    }

    fn judge(&self, mut fit: Fit, optimum: &Optimum, curvature: &Curvature, start: &[f64]) -> Result<Fit> {
        crate::judge::judge(self, &mut fit, optimum, curvature, start)?;
        Ok(fit)
    }

    /// Minus the Hessian of the log-likelihood (and prior) in the parameters as they are named.
    pub(crate) fn information(&self, estimates: &[f64], differences: bool) -> Result<Matrix> {
        let f = |x: &Array| {
            let parameters = self.split(x)?;
            let sum = self.log_likelihood(&parameters, self.weights.as_ref())?;
            let sum = match self.log_prior(&parameters)? {
                Some(prior) => (sum + prior).ok()?,
                None => sum,
            };
            array_api::negative(sum)
        };
        let curvature = match differences {
            true => FiniteDifferences::new(&self.xp, f).curvature(estimates)?,
            false => Differentiable::new(&self.xp, f).curvature(estimates)?,
        };
        Ok(curvature.hessian)
    }

    /// Without priors there is only a likelihood, whose maximum is the same on every scale.
    pub(crate) fn settled(&self, wanted: &Wanted) -> Wanted {
        let priors =
            self.parameters.iter().any(|p| p.prior.is_some()) || self.composites.iter().any(|m| m.prior.is_some());
        Wanted { scale: if priors { wanted.scale } else { Scale::Constrained }, ..wanted.clone() }
    }

    /// Refuses intervals that composite parameters do not have.
    fn can_have(&self, wanted: &Wanted) -> Result<()> {
        match self.composites.first() {
            Some(member) if wanted.interval == IntervalMethod::Profile => {
                let message = format!(
                    "the entries of `{}` move together, so none has a profile of its own; ask for Wald or bootstrap intervals",
                    member.name
                );
                Err(Error::value("profile", message))
            }
            _ => Ok(()),
        }
    }
}

/// The numbers of a composite parameter.
fn numbers(member: &Member, u: &Array) -> Result<Array> {
    u.at(Index::from(member.first as isize..(member.first + member.kind.free()) as isize))
}

fn plus(sum: Option<Array>, term: Array) -> Result<Option<Array>> {
    Ok(Some(match sum {
        Some(sum) => (sum + term).ok()?,
        None => term,
    }))
}

/// What every fit of a problem checks about the wishes for it.
pub(crate) fn check(wanted: &Wanted) -> Result<()> {
    crate::nonlinear::check_level(wanted.level)?;
    if wanted.replicates < 2 {
        return Err(Error::value(
            "bootstrap",
            format!("{} replicates have no spread; ask for some hundreds", wanted.replicates),
        ));
    }
    if wanted.limits.iterations == 0 {
        return Err(Error::value("mle", "there must be at least one iteration"));
    }
    Ok(())
}
