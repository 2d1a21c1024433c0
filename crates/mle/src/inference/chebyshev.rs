//! Log-likelihoods near an estimate as Chebyshev series: where thousands of refits need values around one point, the rows are
//! evaluated at the nodes once, and every refit is a weighted sum of what they gave.
//!
//! A series says itself how good it is: its last coefficients are what the next ones would be smaller than (L. N. Trefethen,
//! *Approximation Theory and Approximation Practice*, 2013, chapters 3 and 8).

use array_api::Result;
use std::f64::consts::PI;

use crate::differentiate::{Curvature, Objective};
use crate::fit::FLAT;
use crate::matrix::{self, Matrix};

/// Half the side of the box, in standard errors: of a thousand refits to draws of the same rows hardly one is further away.
const HALF: f64 = 5.0;

/// The box around an estimate: its axes are the principal ones of the estimate's uncertainty.
#[derive(Clone, Debug)]
pub(crate) struct Neighbourhood {
    center: Vec<f64>,
    /// A column for each axis, from the center to the end of the box.
    axes: Matrix,
}

impl Neighbourhood {
    /// Around a minimum with this Hessian; `None` where that is not definite.
    pub(crate) fn new(center: &[f64], hessian: &Matrix) -> Result<Option<Neighbourhood>> {
        let n = center.len();
        let scale: Vec<f64> = (0..n).map(|i| hessian[(i, i)].sqrt()).collect();
        if !scale.iter().all(|s| s.is_normal()) {
            return Ok(None);
        }
        let unit = Matrix::from_fn(n, n, |i, j| 0.5 * (hessian[(i, j)] + hessian[(j, i)]) / scale[i] / scale[j]);
        let eigen = matrix::eigen(&unit)?;
        if eigen.values[0] <= FLAT * eigen.values[n - 1] {
            return Ok(None);
        }
        let axes = Matrix::from_fn(n, n, |i, k| HALF * eigen.vectors[(i, k)] / eigen.values[k].sqrt() / scale[i]);
        Ok(Some(Neighbourhood { center: center.to_vec(), axes }))
    }

    /// The point at coordinates that reach from -1 to 1 inside the box.
    pub(crate) fn point(&self, coordinates: &[f64]) -> Vec<f64> {
        let moved = matrix::times(&self.axes, coordinates);
        self.center.iter().zip(moved).map(|(c, d)| c + d).collect()
    }

    /// The nodes of all series with this many terms along each axis, the last axis fastest.
    pub(crate) fn nodes(&self, terms: usize) -> Vec<Vec<f64>> {
        let along: Vec<f64> = (0..terms).map(|j| (PI * (j as f64 + 0.5) / terms as f64).cos()).collect();
        let place = |mut index: usize| {
            let mut coordinates = vec![0.0; self.center.len()];
            for c in coordinates.iter_mut().rev() {
                *c = along[index % terms];
                index /= terms;
            }
            self.point(&coordinates)
        };
        (0..terms.pow(self.center.len() as u32)).map(place).collect()
    }
}

/// A function on the box `[-1, 1]^p`, to be minimised.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    terms: usize,
    axes: usize,
    coefficients: Vec<f64>,
}

impl Series {
    /// The series through the values at the nodes.
    pub(crate) fn through(mut values: Vec<f64>, terms: usize, axes: usize) -> Series {
        // The discrete cosine transform, one axis after the other.
        let cosines: Vec<f64> = (0..terms * terms)
            .map(|i| {
                let (k, j) = ((i / terms) as f64, (i % terms) as f64);
                let weight = if k == 0.0 { 1.0 } else { 2.0 };
                weight / terms as f64 * (PI * k * (j + 0.5) / terms as f64).cos()
            })
            .collect();
        let mut line = vec![0.0; terms];
        for axis in 0..axes {
            let apart = terms.pow((axes - 1 - axis) as u32);
            for first in (0..values.len()).filter(|i| (i / apart).is_multiple_of(terms)) {
                for (k, to) in line.iter_mut().enumerate() {
                    *to = (0..terms).map(|j| cosines[k * terms + j] * values[first + j * apart]).sum();
                }
                for (k, from) in line.iter().enumerate() {
                    values[first + k * apart] = *from;
                }
            }
        }
        Series { terms, axes, coefficients: values }
    }

    /// About how far the minimum may be from that of the function itself, in standard errors: the slope of the last terms
    /// over the curvature. Not a number where values were not.
    pub(crate) fn error(&self) -> f64 {
        let last = |i: usize| (0..self.axes).any(|a| i / self.terms.pow(a as u32) % self.terms == self.terms - 1);
        let tail: f64 = self.coefficients.iter().enumerate().filter(|(i, _)| last(*i)).map(|(_, c)| c.abs()).sum();
        let all: f64 = self.coefficients.iter().sum();
        (self.terms * self.terms) as f64 * tail / HALF + 0.0 * all
    }

    /// `T_k`, its slope and its curvature at a coordinate, for all `k`.
    fn polynomials(&self, x: f64) -> Vec<[f64; 3]> {
        let mut all = vec![[1.0, 0.0, 0.0], [x, 1.0, 0.0]];
        for k in 2..self.terms {
            let ([a, a1, a2], [b, b1, b2]) = (all[k - 2], all[k - 1]);
            // T_k = 2 x T_{k-1} - T_{k-2}, and its derivatives.
            all.push([2.0 * x * b - a, 2.0 * b + 2.0 * x * b1 - a1, 4.0 * b1 + 2.0 * x * b2 - a2]);
        }
        all.truncate(self.terms);
        all
    }

    /// The derivative of the given order along each axis.
    fn derivative(&self, along: &[Vec<[f64; 3]>], orders: &[usize]) -> f64 {
        let term = |(index, c): (usize, &f64)| {
            let mut rest = index;
            let mut product = *c;
            for axis in (0..self.axes).rev() {
                product *= along[axis][rest % self.terms][orders[axis]];
                rest /= self.terms;
            }
            product
        };
        self.coefficients.iter().enumerate().map(term).sum()
    }
}

impl Objective for Series {
    fn value(&self, point: &[f64]) -> Result<f64> {
        Ok(self.curvature(point)?.value)
    }

    fn gradient(&self, point: &[f64]) -> Result<(f64, Vec<f64>)> {
        let there = self.curvature(point)?;
        Ok((there.value, there.gradient))
    }

    fn curvature(&self, point: &[f64]) -> Result<Curvature> {
        // Outside of the box the series says nothing.
        if point.iter().any(|x| x.abs() > 1.0) {
            let (n, nan) = (self.axes, f64::NAN);
            return Ok(Curvature { value: nan, gradient: vec![nan; n], hessian: Matrix::from_fn(n, n, |_, _| nan) });
        }
        let along: Vec<_> = point.iter().map(|&x| self.polynomials(x)).collect();
        let at = |axes: &[usize]| {
            let mut orders = vec![0; self.axes];
            axes.iter().for_each(|&a| orders[a] += 1);
            self.derivative(&along, &orders)
        };
        let gradient = (0..self.axes).map(|i| at(&[i])).collect();
        Ok(Curvature { value: at(&[]), gradient, hessian: Matrix::from_fn(self.axes, self.axes, |i, j| at(&[i, j])) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimize::{Limits, newton};

    /// A convex function of two correlated parameters whose minimum is not in the middle of the box.
    fn f(u: &[f64]) -> f64 {
        let (a, b) = (30.0 * (u[0] - 0.51), 20.0 * (u[1] + 0.21));
        0.5 * (a * a + b * b) + 0.4 * a * b + (0.05 * a).exp()
    }

    #[test]
    fn the_series_has_the_functions_minimum() {
        let hessian = Matrix::from_fn(2, 2, |i, j| [[900.0, 240.0], [240.0, 400.0]][i][j]);
        let near = Neighbourhood::new(&[0.5, -0.2], &hessian).unwrap().unwrap();
        let series = Series::through(near.nodes(9).iter().map(|u| f(u)).collect(), 9, 2);
        assert!(series.error() < 1e-9, "{}", series.error());
        let (optimum, _) = newton(&series, &[0.0, 0.0], Limits::default()).unwrap();
        let best = near.point(&optimum.point);
        // The gradient of the function itself vanishes there.
        for (i, h) in [(0, 1e-5), (1, 1e-5)] {
            let moved = |by: f64| (0..2).map(|j| best[j] + if i == j { by } else { 0.0 }).collect::<Vec<f64>>();
            let slope = (f(&moved(h)) - f(&moved(-h))) / (2.0 * h);
            assert!(slope.abs() < 1e-7, "{slope}");
        }
    }

    #[test]
    fn a_corner_is_told() {
        let near = Neighbourhood::new(&[0.0], &Matrix::from_fn(1, 1, |_, _| 1.0)).unwrap().unwrap();
        let corner = Series::through(near.nodes(9).iter().map(|u| u[0].abs()).collect(), 9, 1);
        assert!(corner.error() > 1e-2, "{}", corner.error());
        let broken = Series::through(near.nodes(9).iter().map(|u| u[0].ln()).collect(), 9, 1);
        assert!(broken.error().is_nan());
        assert!(Neighbourhood::new(&[0.0], &Matrix::from_fn(1, 1, |_, _| -1.0)).unwrap().is_none());
    }
}
