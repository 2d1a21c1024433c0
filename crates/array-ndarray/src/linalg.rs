//! Decompositions and solvers of stacks of matrices: large ones by faer, small ones element by element (`engine/small.rs`).
//!
//! Each matrix is worked on by one thread, or in pieces of a fixed size, so that results do not depend on how many there are;
//! outside the pool the matrices of a stack are shared among its threads. Numbers that are not finite are carried on as in any
//! arithmetic, but refused by iterations, which need not end on them. A panic of the library becomes an error.

use array_api::{Cholesky, Error, Qr, Result, Svd, TriangularSolve, Verdict, implements};
use faer::traits::ComplexField;
use smallvec::SmallVec;

use crate::array::NdArray;
use crate::engine::by_type::with_floating;
use crate::engine::cholesky::factor;
use crate::engine::entry::Entry;
use crate::engine::places::Of;
use crate::engine::pool::cleared;
use crate::engine::qr;
use crate::engine::share;
use crate::engine::singular::singular;
use crate::engine::small::SMALL;
use crate::engine::stack::{Stack, cost, finite, matrices, transposed};
use crate::engine::systems::{self, Systems};
use crate::engine::triangular::{self, Triangle};

/// Columns that a thread clears in one turn.
const CLEARED: usize = 32;

#[implements(cholesky)]
fn cholesky(x: &NdArray, p: &Cholesky) -> Result<NdArray> {
    // A Hermitian matrix's transpose is its conjugate: U, with which A = U^H U, is the transpose of the transpose's L.
    let given = if p.upper { transposed(x.clone()) } else { x.clone() };
    let factored = with_floating!("cholesky", x.dtype(), T => {
        let mut x = Stack::<T>::new("cholesky", &given)?;
        let n = x.n;
        x.each("cholesky", cost(n, n), (), |a, ()| {
            finite(n, a, |c| c..n, p.upper)?;
            // The diagonal of a Hermitian matrix is real.
            a.iter_mut().step_by(n + 1).for_each(|x| *x = T::of_real(x.real_part()));
            factor(n, a).map_err(|pivot| format!("is not positive definite: pivot {pivot} is not positive"))?;
            share::pieces(a, CLEARED * n.max(1), |first, piece| {
                let columns = piece.chunks_exact_mut(n).zip(first / n..);
                columns.for_each(|(column, c)| column[..c].fill(T::default()));
            });
            Ok(())
        })?;
        Ok(matrices(std::mem::take(&mut x.data), given.shape()))
    });
    factored.map(|factor| if p.upper { transposed(factor) } else { factor })
}

#[implements(solve)]
fn solve(x1: &NdArray, x2: &NdArray, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("solve", x1.dtype(), T => {
        // Each matrix is factored once, however many right-hand sides it is broadcast to.
        let mut a = Stack::<T>::new("solve", x1)?;
        let n = a.n;
        let mut orders = vec![0; a.len() * n];
        a.each("solve", cost(n, n), Of::size(n, &mut orders), systems::factor)?;
        let systems = Systems::new("solve", a.batch.clone(), x2, verdict.dims())?;
        systems.solutions("solve", verdict.dims(), |matrix, x| {
            systems::substitute(a.elements(matrix), &orders[matrix * n..(matrix + 1) * n], x);
        })
    })
}

#[implements(inv)]
fn inv(x: &NdArray) -> Result<NdArray> {
    with_floating!("inv", x.dtype(), T => {
        let mut a = Stack::<T>::new("inv", x)?;
        let n = a.n;
        let mut out = cleared::<T>(a.data.len());
        a.each("inv", 3 * cost(n, n), Of::size(n * n, &mut out), |a, out| {
            let mut order = SmallVec::<[usize; SMALL]>::from_elem(0, n);
            systems::factor(a, &mut order)?;
            systems::inverse(a, &order, out);
            Ok(())
        })?;
        Ok(matrices(out, x.shape()))
    })
}

#[implements(triangular_solve)]
fn triangular_solve(x1: &NdArray, x2: &NdArray, p: &TriangularSolve, verdict: &Verdict) -> Result<NdArray> {
    with_floating!("triangular_solve", x1.dtype(), T => {
        let a = Stack::<T>::new("triangular_solve", x1)?;
        let n = a.n;
        for i in 0..a.len() {
            let zero = a.elements(i).iter().step_by(n + 1).position(|&x| !p.unit_diagonal && x == T::default());
            if let Some(k) = zero {
                let message = format!("{} is singular: element {k} of its diagonal is 0", a.name(i));
                return Err(Error::value("triangular_solve", message));
            }
        }
        let triangle = Triangle { upper: p.upper, unit: p.unit_diagonal };
        let systems = Systems::new("triangular_solve", a.batch.clone(), x2, verdict.dims())?;
        let solve = |matrix, x: &mut [T]| triangular::solve_slices(n, a.elements(matrix), triangle, x);
        systems.solutions("triangular_solve", verdict.dims(), solve)
    })
}

#[implements(qr)]
fn qr(x: &NdArray, p: &Qr, verdict: &Verdict) -> Result<[NdArray; 2]> {
    with_floating!("qr", x.dtype(), T => {
        let mut x = Stack::<T>::new("qr", x)?;
        let (m, n) = (x.m, x.n);
        let k = m.min(n);
        let (columns, rows) = match p.mode.as_str() {
            "complete" => (m, m),
            "r" => (0, k),
            _ => (k, k),
        };
        let mut q = cleared::<T>(x.len() * m * columns);
        let mut r = cleared::<T>(x.len() * rows * n);
        let places = (Of::size(m * columns, &mut q), Of::size(rows * n, &mut r));
        x.each("qr", cost(m, n.max(columns)), places, |a, (q, r)| {
            qr::decompose(m, a, q);
            // Q R = (Q D) (D^H R) for any diagonal D of phases: the one that makes R's diagonal not negative.
            for j in 0..k {
                let phase = a[j * m + j].phase();
                for (c, (to, from)) in r.chunks_exact_mut(rows).zip(a.chunks_exact(m)).enumerate().skip(j) {
                    let turned = phase.map_or(from[j], |d| from[j] * d.conjugate());
                    to[j] = if c == j { T::of_real(turned.real_part()) } else { turned };
                }
                if let (Some(d), Some(column)) = (phase, q.chunks_exact_mut(m).nth(j)) {
                    column.iter_mut().for_each(|x| *x *= d);
                }
            }
            Ok(())
        })?;
        Ok([matrices(q, &verdict.results()[0].dims), matrices(r, &verdict.results()[1].dims)])
    })
}

#[implements(svd)]
fn svd(x: &NdArray, p: &Svd, verdict: &Verdict) -> Result<[NdArray; 3]> {
    with_floating!("svd", x.dtype(), T => {
        let mut x = Stack::<T>::new("svd", x)?;
        let (m, n) = (x.m, x.n);
        let k = m.min(n);
        let (columns, rows) = if p.full_matrices { (m, n) } else { (k, k) };
        let mut u = cleared::<T>(x.len() * m * columns);
        let mut s = cleared::<<T as ComplexField>::Real>(x.len() * k);
        let mut v = cleared::<T>(x.len() * rows * n);
        let vectors = (Of::size(m * columns, &mut u), Of::size(rows * n, &mut v));
        x.each("svd", 16 * cost(m, n), (Of::size(k, &mut s), vectors), |a, (s, (u, v))| {
            singular(m, a, s, Some((u, v)))
        })?;
        let dims = |i: usize| &verdict.results()[i].dims;
        // The columns of V's conjugate are the rows of V^H.
        Ok([matrices(u, dims(0)), NdArray::from_vec(s, dims(1)), NdArray::from_vec(v, dims(2))])
    })
}
