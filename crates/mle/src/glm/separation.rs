//! Separation: a direction in which coefficients can grow for ever, because rows whose response lies at an end of the
//! family's range move towards it or stay, and all others stay (Albert and Anderson, "On the existence of maximum likelihood
//! estimates in logistic regression models", Biometrika 71, 1984).
//!
//! Scoring's own step turns into such a direction, if there is one. It is not believed as it comes: the rows that it does not
//! yet keep on their side are made to stay to the last bit, and what is left has to hold for every row to rounding. So data
//! that are nearly separated are not called so.

use array_api::{
    Array, Result, abs, astype, equal, greater, less, logical_and, logical_or, matmul, multiply, reshape, square, sum,
    where_,
};

use super::family::Family;
use super::link::Link;
use super::scoring::{Rows, scattered};
use crate::matrix::{self, Matrix};
use crate::summary::number;

/// A direction that separates, and what of the data it does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Separation {
    /// Its part of each coefficient.
    direction: Vec<f64>,
    /// The same in units of each column's size.
    sizes: Vec<f64>,
    /// The rows that it moves for ever.
    moved: f64,
    /// The rows with weight.
    rows: f64,
}

/// How a direction moves the rows towards their ends, relative to how far they could be moved.
struct Look {
    least: f64,
    most: f64,
}

/// Eigenvalues of the products of the columns below this share are those of directions that the rows do not have.
const NULL: f64 = 1e-11;

/// A step that leaves this share of the distance from the maximum does not converge as Newton's does.
pub(crate) const SLOW: f64 = 0.25;

/// The ends of the response's range that means reach at infinity only: the lower and the upper one.
fn ends(family: &Family, link: Link) -> Option<[bool; 2]> {
    match (family, link) {
        (Family::Binomial, Link::Logit | Link::Probit | Link::Cloglog) => Some([true, true]),
        (Family::Binomial | Family::Poisson | Family::NegativeBinomial { .. }, Link::Log) => Some([true, false]),
        _ => None,
    }
}

impl Rows {
    /// The direction that separates and that this one is near to, if there is one.
    pub(crate) fn separation(&self, family: &Family, link: Link, direction: &[f64]) -> Result<Option<Separation>> {
        let Some(ends) = ends(family, link) else { return Ok(None) };
        let p = direction.len();
        if p == 0 {
            return Ok(None);
        }
        let tolerance = 16.0 * f64::EPSILON * (p + 1) as f64;
        let certain = |look: &Look| look.least >= -tolerance && look.most >= 1e3 * tolerance;
        let mut direction = direction.to_vec();
        let (sizes, weighted) = self.column_sizes()?;
        let Some(mut look) = self.look(ends, &direction, &sizes)? else { return Ok(None) };
        // The rows that are to stay: those on the wrong side, and those that are as near to their place.
        let held = -4.0 * look.least;
        if look.most < 1e3 * tolerance || held > 0.5 * look.most {
            return Ok(None);
        }
        let (mut stay, start): (Option<Array>, f64) = (None, largest_part(&direction, &sizes));
        for _ in 0..4 {
            if certain(&look) {
                return self.described(ends, direction, &sizes, weighted, tolerance).map(Some);
            }
            let mask = match stay {
                Some(mask) => mask,
                None => self.staying(ends, &direction, &sizes, held)?,
            };
            let Some(next) = self.kept(&mask, &direction)? else { return Ok(None) };
            // What is left of a direction that the rows fix altogether is rounding.
            if largest_part(&next, &sizes) < 1e-6 * start {
                return Ok(None);
            }
            (direction, stay) = (next, Some(mask));
            look = match self.look(ends, &direction, &sizes)? {
                Some(look) => look,
                None => return Ok(None),
            };
        }
        Ok(None)
    }

    /// The size of each column, the root of its mean square, and the number of rows with weight.
    pub(crate) fn column_sizes(&self) -> Result<(Vec<f64>, f64)> {
        let sums = self.sums(|rows| {
            let weighted = astype(greater(&rows.weights, 0.0)?, rows.y.dtype())?;
            array_api::concat(vec![reshape(sum(&weighted, ..)?, [1])?, matmul(weighted, square(&rows.x)?)?], 0)
        })?;
        let size = |s: &f64| if *s > 0.0 { (s / sums[0]).sqrt() } else { 1.0 };
        Ok((sums[1..].iter().map(size).collect(), sums[0]))
    }

    /// How far each row moves towards its end, over what it could if every column had the largest part: below a few units of
    /// rounding that is nothing. Rows without weight do not move.
    fn towards(&self, [low, high]: [bool; 2], direction: &[f64], sizes: &[f64]) -> Result<Array> {
        let xp = self.y.namespace();
        let moved = matmul(&self.x, xp.asarray(direction)?)?;
        let largest = largest_part(direction, sizes);
        let size: Vec<f64> = sizes.iter().map(|s| largest / s).collect();
        let size = matmul(abs(&self.x)?, xp.asarray(size)?)?;
        let mut towards = array_api::negative(abs(&moved)?)?;
        if high {
            towards = where_(equal(&self.y, 1.0)?, &moved, towards)?;
        }
        if low {
            towards = where_(equal(&self.y, 0.0)?, array_api::negative(moved)?, towards)?;
        }
        let still = logical_or(equal(&size, 0.0)?, equal(&self.weights, 0.0)?)?;
        where_(&still, 0.0, (towards / where_(&still, 1.0, size)?).ok()?)
    }

    fn look(&self, ends: [bool; 2], direction: &[f64], sizes: &[f64]) -> Result<Option<Look>> {
        if !direction.iter().all(|d| d.is_finite()) {
            return Ok(None);
        }
        let of_blocks = self.each(|rows| {
            let towards = rows.towards(ends, direction, sizes)?;
            array_api::stack(vec![towards.min(..)?, towards.max(..)?], 0)
        })?;
        let start = Look { least: f64::INFINITY, most: f64::NEG_INFINITY };
        let join = |all: Look, one: &Vec<f64>| Look { least: all.least.min(one[0]), most: all.most.max(one[1]) };
        Ok(Some(of_blocks.iter().fold(start, join)))
    }

    /// 1 for the rows that a direction moves by less than this share, 0 for the others.
    fn staying(&self, ends: [bool; 2], direction: &[f64], sizes: &[f64], held: f64) -> Result<Array> {
        let short = less(self.towards(ends, direction, sizes)?, held)?;
        astype(logical_and(short, greater(&self.weights, 0.0)?)?, self.y.dtype())
    }

    /// The nearest direction that does not move the rows of a mask; `None` where they leave none.
    fn kept(&self, mask: &Array, direction: &[f64]) -> Result<Option<Vec<f64>>> {
        let p = direction.len();
        let held = Rows { weights: mask.clone(), offset: None, ..self.clone() };
        let sums = held.sums(|rows| {
            let moved = matmul(&rows.x, rows.y.namespace().asarray(direction)?)?;
            let number = rows.weights.sum(..)?;
            rows.gathered(number, &multiply(moved, &rows.weights)?, &rows.weights)
        })?;
        let (_, right, products) = scattered(&sums, p);
        let scale: Vec<f64> = (0..p).map(|j| products[(j, j)].sqrt()).collect();
        let over = |x: f64, s: f64| if s > 0.0 { x / s } else { 0.0 };
        let unit = Matrix::from_fn(p, p, |i, j| over(over(products[(i, j)], scale[i]), scale[j]));
        let matrix::Eigen { values, vectors } = matrix::eigen(&unit)?;
        let top = values.last().copied().unwrap_or(0.0);
        if values.first().is_some_and(|&low| low > NULL * top) {
            return Ok(None);
        }
        let right: Vec<f64> = right.iter().zip(&scale).map(|(r, &s)| over(*r, s)).collect();
        let along = matrix::transposed_times(&vectors, &right);
        let inverse = |(a, l): (&f64, &f64)| if *l > NULL * top { a / l } else { 0.0 };
        let change = matrix::times(&vectors, &along.iter().zip(&values).map(inverse).collect::<Vec<_>>());
        Ok(Some(direction.iter().zip(change).zip(&scale).map(|((d, c), &s)| d - over(c, s)).collect()))
    }

    fn described(
        &self,
        ends: [bool; 2],
        direction: Vec<f64>,
        sizes: &[f64],
        rows: f64,
        tolerance: f64,
    ) -> Result<Separation> {
        let moved = self.sums(|rows| {
            let moves = greater(rows.towards(ends, &direction, sizes)?, tolerance)?;
            reshape(sum(astype(moves, rows.y.dtype())?, ..)?, [1])
        })?;
        let sizes = direction.iter().zip(sizes).map(|(d, s)| d * s).collect();
        Ok(Separation { direction, sizes, moved: moved[0], rows })
    }
}

/// The largest part of a direction, in units of the columns' sizes.
fn largest_part(direction: &[f64], sizes: &[f64]) -> f64 {
    direction.iter().zip(sizes).fold(0.0, |largest, (d, s)| f64::max(largest, (d * s).abs()))
}

impl Separation {
    /// What happened, with the names of the columns.
    pub(crate) fn reason(&self, names: &[String]) -> String {
        let how = match self.moved == self.rows {
            true => format!("the predictors separate the outcomes of all {} rows completely", self.rows),
            false => {
                format!(
                    "the predictors separate the outcomes of {} of {} rows (quasi-completely)",
                    self.moved, self.rows
                )
            }
        };
        let direction = self.combination(names);
        format!(
            "{how}: the likelihood grows for ever along {direction}; the estimates are where it was left. \
             Leave a column of these out, join levels, or penalise"
        )
    }

    /// The direction in terms of the columns that it is made of, that of the largest part once.
    pub(crate) fn combination(&self, names: &[String]) -> String {
        let intercept = |j: usize| names[j].ends_with("(Intercept)");
        let top = |some: &dyn Fn(usize) -> bool| {
            (0..names.len()).filter(|&j| some(j)).max_by(|&a, &b| self.sizes[a].abs().total_cmp(&self.sizes[b].abs()))
        };
        let largest = top(&|_| true).map_or(0.0, |j| self.sizes[j].abs());
        let leading = top(&|j| !intercept(j)).filter(|&j| self.sizes[j].abs() > 1e-3 * largest).or(top(&|_| true));
        let unit = leading.map_or(1.0, |j| self.direction[j].abs());
        let shown = (0..names.len()).filter(|&j| self.sizes[j].abs() > 1e-3 * largest);
        let mut text = String::new();
        for j in shown {
            let part = self.direction[j] / unit;
            let sign = match (text.is_empty(), part < 0.0) {
                (true, true) => "-",
                (true, false) => "",
                (false, true) => " - ",
                (false, false) => " + ",
            };
            let size = number(part.abs());
            let size = match size.contains('.') && !size.contains('e') {
                true => size.trim_end_matches('0').trim_end_matches('.'),
                false => &size,
            };
            let factor = if size == "1" { String::new() } else { format!("{size} ") };
            text += &format!("{sign}{factor}{}", names[j]);
        }
        text
    }
}
