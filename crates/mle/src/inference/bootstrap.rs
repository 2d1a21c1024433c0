//! The bootstrap: refits to rows drawn with replacement, many at once.
//!
//! A draw of n rows with replacement is a vector of counts, so all refits share the data and differ in their weights. Their
//! maxima lie within a few standard errors of the estimate: the rows are evaluated at Chebyshev nodes around it, one product
//! with the matrix of weights gives every refit's log-likelihood there, and each is maximised as a series. A refit whose
//! series is not exact to the optimiser's tolerance, or whose maximum is further away, goes on with Newton's method on the
//! rows themselves, many refits as one vectorised function.

use array_api::{
    Array, DType, Error, Namespace, Result, astype, bincount, matmul, matrix_transpose, multiply, parallel, stack,
    subtract, take,
};
use array_transforms::vmap;
use serde::{Deserialize, Serialize};

use super::chebyshev::{Neighbourhood, Series};
use crate::differentiate::{Curvature, FiniteDifferences, expand};
use crate::fit::{Fit, Interval, IntervalMethod, StandardErrors};
use crate::matrix::Matrix;
use crate::optimize::{Limits, Newton, Optimum, Stop, newton};
use crate::problem::{Problem, Wanted};

/// The numbers that one evaluation of a group of refits holds per parameter: half a mebibyte of them, which a core's cache
/// keeps.
const GROUP: usize = 1 << 16;
/// The weights that are in memory at once for each thread: eight mebibytes.
const WEIGHTS: usize = 1 << 20;
/// Terms of the series along each axis, by the number of parameters; what the first ones do not resolve the second ones try.
/// More parameters have too many nodes.
const TERMS: [&[usize]; 4] = [&[], &[9, 17], &[9, 13], &[7, 9]];

/// The weights of refits: how often each row was drawn, times the row's own weight.
struct Draws<'r> {
    xp: &'r Namespace,
    own: Option<&'r Array>,
    /// A key for each refit.
    keys: Array,
    rows: usize,
}

impl Draws<'_> {
    fn one(&self, refit: usize) -> Result<Array> {
        let key = self.keys.at(refit as isize)?;
        let places =
            self.xp.integers(&key, array_api::Integers::default().shape(self.rows).high(self.rows as isize))?;
        let counts = astype(bincount(places, array_api::Bincount { length: self.rows })?, DType::Float64)?;
        match self.own {
            Some(w) => multiply(counts, w),
            None => Ok(counts),
        }
    }

    /// A row for each refit.
    fn of(&self, refits: &[usize]) -> Result<Array> {
        stack(refits.iter().map(|&i| self.one(i)).collect::<Result<Vec<_>>>()?, 0)
    }
}

/// How refits are made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// By a series with so many terms along each axis, where it resolves them.
    Series(usize),
    /// By Newton's method on the rows.
    Rows,
    /// The same, with derivatives by differences.
    Differences,
}

/// The refits of a fit.
pub(crate) struct Refits<'r, 'p> {
    problem: &'r Problem<'p>,
    wanted: &'r Wanted,
    /// The estimate without bounds.
    start: &'r [f64],
    draws: Draws<'r>,
}

/// Refits by number, with the points where they ended, without bounds.
pub(crate) type Ends = Vec<(usize, Vec<f64>)>;

impl<'r, 'p> Refits<'r, 'p> {
    pub(crate) fn new(problem: &'r Problem<'p>, wanted: &'r Wanted, start: &'r [f64]) -> Result<Refits<'r, 'p>> {
        let point = problem.xp.asarray(problem.constrained(start))?;
        let rows = match *problem.contributions(&point)?.shape()? {
            [n] => n,
            _ => {
                let message = "the model gives one number, but refits need the log-likelihood of each row; return them as \
                               a vector";
                return Err(Error::value("bootstrap", message));
            }
        };
        let keys = array_api::split(problem.xp.key(wanted.seed)?, wanted.replicates)?;
        let draws = Draws { xp: &problem.xp, own: problem.weights.as_ref(), keys, rows };
        Ok(Refits { problem, wanted, start, draws })
    }

    /// Estimates of all refits that converged.
    fn all(&self, differences: bool) -> Result<Vec<Vec<f64>>> {
        let mut found: Vec<Option<Vec<f64>>> = vec![None; self.wanted.replicates];
        let terms = TERMS.get(self.start.len()).copied().unwrap_or_default();
        let last = if differences { Way::Differences } else { Way::Rows };
        let ways = terms.iter().map(|&terms| Way::Series(terms)).chain([last]);
        let near = self.near(differences)?;
        for way in ways.filter(|way| near.is_some() || *way == last) {
            let refits: Vec<usize> = (0..found.len()).filter(|&i| found[i].is_none()).collect();
            if refits.is_empty() {
                break;
            }
            let groups = self.groups(way, &refits);
            let ends = match (&self.wanted.elsewhere, way, &near) {
                (Some(elsewhere), ..) => elsewhere.refits(way, differences, self.start, groups)?,
                (None, Way::Series(terms), Some(near)) => self.by_series(&self.nodes(near.clone(), terms)?, groups)?,
                _ => self.by_rows(way, groups)?,
            };
            for (i, end) in ends {
                if let Some(place) = found.get_mut(i) {
                    *place = Some(end);
                }
            }
        }
        Ok(found.iter().flatten().map(|point| self.problem.constrained(point)).collect())
    }

    /// Refits that are made together, however many threads or workers there are: a product's bits depend on its shape.
    fn groups(&self, way: Way, refits: &[usize]) -> Vec<Vec<usize>> {
        let size = match way {
            // As many at once as memory allows.
            Way::Series(_) => WEIGHTS / self.draws.rows.max(1),
            Way::Rows => GROUP / self.draws.rows.max(1),
            Way::Differences => 1,
        };
        refits.chunks(size.max(1)).map(<[usize]>::to_vec).collect()
    }

    /// The box around the estimate in which refits are looked for, if it has one.
    pub(crate) fn near(&self, differences: bool) -> Result<Option<Neighbourhood>> {
        let hessian = self.problem.objective(self.wanted.scale, differences).curvature(self.start)?.hessian;
        Neighbourhood::new(self.start, &hessian)
    }

    /// What the rows contribute at the nodes of a series with so many terms along each axis.
    pub(crate) fn nodes(&self, near: Neighbourhood, terms: usize) -> Result<Nodes> {
        let problem = self.problem;
        let nodes = near.nodes(terms);
        let contributions = |u: &[f64]| problem.contributions(&problem.xp.asarray(problem.constrained(u))?);
        // Less those at the estimate, so that the sums are of the size of what they differ by.
        let here = contributions(&near.point(&vec![0.0; nodes[0].len()]))?;
        let there = nodes.iter().map(|u| subtract(contributions(u)?, &here)).collect::<Result<Vec<_>>>()?;
        let there = matrix_transpose(stack(there, 0)?)?;
        let beside = nodes.iter().map(|u| problem.beside(u, self.wanted.scale)).collect::<Result<Vec<_>>>()?;
        Ok(Nodes { near, terms, there, beside })
    }

    /// The refits whose maximum the series finds.
    pub(crate) fn by_series(&self, nodes: &Nodes, groups: Vec<Vec<usize>>) -> Result<Ends> {
        let axes = self.start.len();
        // In units of the box's half side, the tolerance is in those of standard errors.
        let limits = Limits { iterations: 50, ..self.wanted.limits };
        // What is shared by threads has nothing of the model, which may be a function that is not.
        let (draws, tolerance) = (&self.draws, self.wanted.limits.tolerance);
        let group = |group: Vec<usize>| -> Result<Ends> {
            let sums = matmul(draws.of(&group)?, &nodes.there)?.to_vec::<f64>()?;
            let mut found = vec![];
            for (&i, sums) in group.iter().zip(sums.chunks(nodes.beside.len())) {
                let costs = sums.iter().zip(&nodes.beside).map(|(sum, beside)| -(sum + beside)).collect();
                let series = Series::through(costs, nodes.terms, axes);
                // Not true of what is not a number either.
                if series.error() <= tolerance {
                    let (optimum, _) = newton(&series, &vec![0.0; axes], limits)?;
                    found.extend(arrived(optimum).map(|t| (i, nodes.near.point(&t))));
                }
            }
            Ok(found)
        };
        Ok(parallel::map(groups, group)?.into_iter().flatten().collect())
    }

    /// The refits that Newton's method on the rows finds.
    pub(crate) fn by_rows(&self, way: Way, groups: Vec<Vec<usize>>) -> Result<Ends> {
        let (problem, wanted) = (self.problem, self.wanted);
        let mut found = vec![];
        for group in groups {
            if way == Way::Differences {
                for i in group {
                    let w = self.draws.one(i)?;
                    let cost = FiniteDifferences::new(&problem.xp, |u: &Array| problem.cost(u, Some(&w), wanted.scale));
                    let (optimum, _) = newton(&cost, self.start, wanted.limits)?;
                    found.extend(arrived(optimum).map(|point| (i, point)));
                }
                continue;
            }
            for (&i, newton) in group.iter().zip(together(problem, wanted, self.start, self.draws.of(&group)?)?) {
                found.extend(newton.and_then(|newton| arrived(newton.finish().0)).map(|point| (i, point)));
            }
        }
        Ok(found)
    }
}

/// The rows at the nodes of a series: what all refits share.
pub(crate) struct Nodes {
    near: Neighbourhood,
    /// Along each axis.
    terms: usize,
    /// The rows' contributions less those at the estimate, shape `(rows, nodes)`.
    there: Array,
    /// What is added beside the rows at each node.
    beside: Vec<f64>,
}

impl Nodes {
    /// The bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.there.size().unwrap_or(usize::MAX).saturating_mul(size_of::<f64>())
    }
}

fn arrived(optimum: Optimum) -> Option<Vec<f64>> {
    (optimum.stop == Stop::Converged).then_some(optimum.point)
}

/// Newton's method for a group of refits, one row of weights each.
fn together(problem: &Problem<'_>, wanted: &Wanted, start: &[f64], weights: Array) -> Result<Vec<Option<Newton>>> {
    let evaluate = |points: &[Vec<f64>], weights: &Array| -> Result<Vec<Curvature>> {
        let points = problem.xp.asarray(points)?;
        let one = |(u, w): &(Array, Array)| expand(|u: &Array| problem.cost(u, Some(w), wanted.scale), u);
        let (values, gradients, hessians) = vmap(one)(&(points, weights.clone()))?;
        let (values, gradients, hessians) =
            (values.to_vec::<f64>()?, gradients.to_vec::<f64>()?, hessians.to_vec::<f64>()?);
        let p = start.len();
        let curvature = |k: usize| Curvature {
            value: values[k],
            gradient: gradients[k * p..(k + 1) * p].to_vec(),
            hessian: Matrix::from_fn(p, p, |i, j| hessians[(k * p + i) * p + j]),
        };
        Ok((0..values.len()).map(curvature).collect())
    };
    let count = weights.shape()?[0];
    let first = evaluate(&vec![start.to_vec(); count], &weights)?;
    let mut newtons =
        first.into_iter().map(|c| Newton::start(start.to_vec(), c, wanted.limits)).collect::<Result<Vec<_>>>()?;
    loop {
        let moving: Vec<usize> = (0..count).filter(|&i| newtons[i].as_ref().is_some_and(|n| !n.done())).collect();
        if moving.is_empty() {
            return Ok(newtons);
        }
        let points: Vec<Vec<f64>> = moving.iter().filter_map(|&i| newtons[i].as_ref().map(Newton::proposal)).collect();
        let chosen = match moving.len() == count {
            true => weights.clone(),
            false => {
                let places: Vec<i64> = moving.iter().map(|&i| i as i64).collect();
                take(&weights, problem.xp.asarray(places)?, 0)?
            }
        };
        for (&i, there) in moving.iter().zip(evaluate(&points, &chosen)?) {
            if let Some(newton) = &mut newtons[i] {
                newton.update(there)?;
            }
        }
    }
}

/// Standard errors and intervals from refits.
pub(crate) fn add(problem: &Problem<'_>, fit: Fit, wanted: &Wanted, start: &[f64], differences: bool) -> Result<Fit> {
    spread(fit, &Refits::new(problem, wanted, start)?.all(differences)?, wanted)
}

/// Refits that have no better way than one by one: what a function of weights finds, which are `own` where rows have weights
/// already; `None` for a refit that does not converge.
pub(crate) fn each(
    xp: &Namespace,
    own: Option<&Array>,
    rows: usize,
    wanted: &Wanted,
    refit: impl Fn(&Array) -> Result<Option<Vec<f64>>> + Send + Sync,
) -> Result<Vec<Vec<f64>>> {
    let keys = array_api::split(xp.key(wanted.seed)?, wanted.replicates)?;
    let draws = Draws { xp, own, keys, rows };
    let one = |i: usize| refit(&draws.one(i)?);
    Ok(parallel::map((0..wanted.replicates).collect(), one)?.into_iter().flatten().collect())
}

/// The standard errors and intervals that are wanted of the refits that converged.
pub(crate) fn spread(mut fit: Fit, estimates: &[Vec<f64>], wanted: &Wanted) -> Result<Fit> {
    let (kept, p) = (estimates.len(), fit.parameters.len());
    let failed = wanted.replicates - kept;
    if kept < wanted.replicates / 2 || kept < 2 {
        let message =
            format!("{failed} of {} refits did not converge, too many to judge the others by", wanted.replicates);
        return Ok(fit.without_covariance(&message));
    }
    let mean: Vec<f64> = (0..p).map(|i| estimates.iter().map(|e| e[i]).sum::<f64>() / kept as f64).collect();
    let entry = |i: usize, j: usize| {
        let products = estimates.iter().map(|e| (e[i] - mean[i]) * (e[j] - mean[j]));
        products.sum::<f64>() / (kept as f64 - 1.0)
    };
    if wanted.standard_errors == StandardErrors::Bootstrap {
        fit = fit.with_covariance(&Matrix::from_fn(p, p, entry), StandardErrors::Bootstrap);
    }
    if wanted.interval == IntervalMethod::Bootstrap {
        for (i, parameter) in fit.parameters.iter_mut().enumerate() {
            let mut sorted: Vec<f64> = estimates.iter().map(|e| e[i]).collect();
            sorted.sort_by(f64::total_cmp);
            let tail = 0.5 * (1.0 - wanted.level);
            let (lower, upper) = (quantile(&sorted, tail), quantile(&sorted, 1.0 - tail));
            let method = IntervalMethod::Bootstrap;
            parameter.interval = Some(Interval { lower, upper, level: wanted.level, method });
        }
    }
    if failed > 0 {
        fit.reason = format!("{failed} of {} refits did not converge and were left out", wanted.replicates);
    }
    Ok(fit)
}

/// The share's quantile of sorted numbers, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}
