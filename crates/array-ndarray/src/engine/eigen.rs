//! Eigenvalues and determinants of one matrix, by faer.

use array_api::Complex;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::{Mat, MatRef, Par, diag::Diag};

use crate::array::NdElement;
use crate::engine::lu;
use crate::engine::stack::Entry;

/// The iteration did not end.
pub(crate) struct NoConvergence;

/// Eigenvalues, and the eigenvectors that belong to them as columns, if they were wanted.
pub(crate) type Eigen<V, C> = (Vec<V>, Option<Mat<C>>);

fn wanted(vectors: bool) -> ComputeEigenvectors {
    if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No }
}

/// Eigenvalues, ascending, and eigenvectors of the Hermitian matrix whose lower triangle is given.
pub(crate) fn hermitian<T: Entry>(a: MatRef<'_, T>, vectors: bool) -> Result<Eigen<T::Real, T>, NoConvergence> {
    let n = a.nrows();
    let mut q = vectors.then(|| Mat::<T>::zeros(n, n));
    if n == 0 {
        return Ok((vec![], q));
    }
    // The upper triangle may hold anything, and the diagonal of a Hermitian matrix is real.
    let lower = Mat::from_fn(n, n, |r, c| match r.cmp(&c) {
        std::cmp::Ordering::Greater => a[(r, c)],
        std::cmp::Ordering::Equal => T::of_real(a[(r, r)].real_part()),
        std::cmp::Ordering::Less => a[(c, r)].conjugate(),
    });
    let mut values = Diag::<T>::zeros(n);
    let need = evd::self_adjoint_evd_scratch::<T>(n, wanted(vectors), Par::Seq, Default::default());
    let mut room = MemBuffer::new(need);
    let to = q.as_mut().map(|q| q.as_mut());
    evd::self_adjoint_evd(lower.as_ref(), values.as_mut(), to, Par::Seq, MemStack::new(&mut room), Default::default())
        .map_err(|_| NoConvergence)?;
    Ok(((0..n).map(|i| values[i].real_part()).collect(), q))
}

/// Elements of matrices that need not be Hermitian: real ones have complex eigenvalues too.
pub(crate) trait General: Entry {
    /// The complex type.
    type Wide: NdElement + Entry;
    /// In the order of the real parts, then of the imaginary ones; the eigenvectors have length one.
    fn eigen(a: MatRef<'_, Self>, vectors: bool) -> Result<Eigen<Self::Wide, Self::Wide>, NoConvergence>;
}

macro_rules! general {
    ($($t:ty),*) => { $(
        impl General for $t {
            type Wide = Complex<$t>;
            fn eigen(a: MatRef<'_, $t>, vectors: bool) -> Result<Eigen<Self::Wide, Self::Wide>, NoConvergence> {
                let n = a.nrows();
                let (mut re, mut im) = (Diag::<$t>::zeros(n), Diag::<$t>::zeros(n));
                let mut v = vectors.then(|| Mat::<$t>::zeros(n, n));
                if n > 0 {
                    let need = evd::evd_scratch::<$t>(n, ComputeEigenvectors::No, wanted(vectors), Par::Seq, Default::default());
                    let mut room = MemBuffer::new(need);
                    let to = v.as_mut().map(|v| v.as_mut());
                    evd::evd_real(a, re.as_mut(), im.as_mut(), None, to, Par::Seq, MemStack::new(&mut room), Default::default())
                        .map_err(|_| NoConvergence)?;
                }
                // Of a conjugate pair, the first column is the real part and the second one the imaginary part of the first
                // eigenvector; the other one is its conjugate.
                let mut first = vec![true; n];
                for i in 1..n {
                    first[i] = im[i] == 0.0 || im[i - 1] == 0.0 || !first[i - 1];
                }
                let entry = |v: &Mat<$t>, r: usize, c: usize| match (im[c] == 0.0, first[c]) {
                    (true, _) => Complex::new(v[(r, c)], 0.0),
                    (_, true) => Complex::new(v[(r, c)], v[(r, c + 1)]),
                    (_, false) => Complex::new(v[(r, c - 1)], -v[(r, c)]),
                };
                let v = v.map(|v| Mat::from_fn(n, n, |r, c| entry(&v, r, c)));
                Ok(sorted((0..n).map(|i| Complex::new(re[i], im[i])).collect(), v))
            }
        }
        impl General for Complex<$t> {
            type Wide = Complex<$t>;
            fn eigen(a: MatRef<'_, Self>, vectors: bool) -> Result<Eigen<Self::Wide, Self::Wide>, NoConvergence> {
                let n = a.nrows();
                let mut values = Diag::<Self>::zeros(n);
                let mut v = vectors.then(|| Mat::<Self>::zeros(n, n));
                if n > 0 {
                    let need = evd::evd_scratch::<Self>(n, ComputeEigenvectors::No, wanted(vectors), Par::Seq, Default::default());
                    let mut room = MemBuffer::new(need);
                    let to = v.as_mut().map(|v| v.as_mut());
                    evd::evd_cplx(a, values.as_mut(), None, to, Par::Seq, MemStack::new(&mut room), Default::default())
                        .map_err(|_| NoConvergence)?;
                }
                Ok(sorted((0..n).map(|i| values[i]).collect(), v))
            }
        }
    )* };
}
general!(f32, f64);

/// Brings eigenvalues into order, and the columns along; each gets length one.
fn sorted<T>(values: Vec<Complex<T>>, vectors: Option<Mat<Complex<T>>>) -> Eigen<Complex<T>, Complex<T>>
where
    T: Copy + PartialOrd,
    Complex<T>: Entry<Real = T>,
    T: num_traits::Float,
{
    let mut order: Vec<usize> = (0..values.len()).collect();
    let by = |i: usize| (values[i].re, values[i].im);
    order.sort_by(|&i, &j| by(i).partial_cmp(&by(j)).unwrap_or(std::cmp::Ordering::Equal));
    let vectors = vectors.map(|v| {
        let length = |c: usize| {
            // Scaled by the largest part, so that no square overflows.
            let large = (0..v.nrows()).fold(T::zero(), |m, r| m.max(v[(r, c)].re.abs()).max(v[(r, c)].im.abs()));
            let part = |x: T| (x / large) * (x / large);
            let sum = (0..v.nrows()).fold(T::zero(), |s, r| s + part(v[(r, c)].re) + part(v[(r, c)].im));
            large * sum.sqrt()
        };
        let lengths: Vec<T> = order.iter().map(|&c| length(c)).collect();
        Mat::from_fn(v.nrows(), v.ncols(), |r, c| {
            let z = v[(r, order[c])];
            Complex::new(z.re / lengths[c], z.im / lengths[c])
        })
    });
    (order.iter().map(|&i| values[i]).collect(), vectors)
}

/// The pivots of an LU decomposition, the first one with the sign of the order of rows: their product is the determinant.
pub(crate) fn pivots<T: Entry>(given: MatRef<'_, T>) -> Vec<T> {
    let n = given.nrows();
    let mut a = given.to_owned();
    let odd = lu::factor(a.as_mut()).odd;
    let mut pivots: Vec<T> = (0..n).map(|i| a[(i, i)]).collect();
    // A pivot of zero is the largest of its column: the matrix is singular, and what follows was divided by zero.
    let finite = || (0..n).all(|j| (0..n).all(|i| given[(i, j)].finite()));
    if pivots.contains(&T::default()) && finite() {
        return vec![T::default()];
    }
    if let (Some(first), true) = (pivots.first_mut(), odd) {
        *first = -*first;
    }
    pivots
}
