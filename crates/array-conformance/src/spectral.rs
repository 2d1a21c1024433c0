//! Singular values against rotations of the kit's own, and what they decide: ranks and pseudo-inverses.

use array_api::{DType, ErrorKind, Scalar};

use crate::Check;
use crate::inputs::moderate;
use crate::jacobi::singular_values;
use crate::kit::{Given, Kit};
use crate::matrix::{C, Checked, Matrix, TALL_AND_WIDE, bad_input, floating, form, matrices};
use crate::reference::{Reference, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[("svdvals", svdvals), ("matrix_rank", matrix_rank), ("pinv", pinv)];

fn svdvals(kit: &mut Kit) {
    bad_input(kit, false);
    for dtype in floating() {
        for dims in TALL_AND_WIDE.into_iter().chain([&[3, 0][..], &[2, 2, 2, 3]]) {
            let x = moderate(dtype, dims, 231);
            let (batch, last) = dims.split_at(dims.len() - 2);
            let k = last[0].min(last[1]);
            kit.satisfies(&[], &[(&x).into()], |got| {
                form(&got[0], &[batch, &[k]].concat(), dtype.real())?;
                let values = matrices(&got[0].reshaped(&[batch, &[k, 1]].concat()), batch);
                for (a, s) in matrices(&x, batch).iter().zip(&values) {
                    if (1..k).any(|i| s.at(i - 1, 0).re < s.at(i, 0).re) {
                        return Err("singular values must descend".to_string());
                    }
                    let exact = singular_values(a);
                    let exact = Matrix::build(k, 1, |i, _| C::new(exact[i], 0.0));
                    s.must_be(&exact, dtype, a.norm(), "singular values")?;
                }
                Ok(())
            });
        }
    }
}

/// A stack of matrices of this rank: products of small integers, which every type holds.
fn of_rank(dtype: DType, dims: &[usize], rank: usize, seed: u64) -> Reference {
    let (batch, last) = dims.split_at(dims.len() - 2);
    let factor = |dims: &[usize], seed| moderate(DType::Int64, dims, seed).cast(DType::Float64);
    let left = matrices(&factor(&[batch, &[last[0], rank]].concat(), seed), batch);
    let right = matrices(&factor(&[batch, &[rank, last[1]]].concat(), seed + 1), batch);
    let number = |z: C| if dtype.is_complex() { Scalar::Complex(z) } else { Scalar::Float(z.re) };
    let data = left.iter().zip(&right).flat_map(|(a, b)| a.times(b).data).map(number).collect();
    Reference::new(dtype, dims, data)
}

/// Diagonals of which a tolerance of 0.2 drops none, one, or two.
fn diagonals(dtype: DType) -> Reference {
    let all = [[4.0, 2.0, 1.0], [4.0, 2.0, 0.5], [8.0, 1.0, 0.25]];
    Reference::build(dtype, &[3, 3, 3], |i| {
        let x = if i[1] == i[2] { all[i[0]][i[1]] } else { 0.0 };
        rounded(dtype, Scalar::Float(x)).unwrap_or(Scalar::Float(x))
    })
}

/// Tolerances are real numbers, one or as many as there are matrices.
fn bad_tolerances(kit: &mut Kit) {
    bad_input_beside(kit);
    let x = moderate(DType::Float64, &[2, 3, 3], 1);
    let imaginary = Given::Scalar(Scalar::Complex(C::new(0.0, 1.0)));
    kit.refuses(&[], &[(&x).into(), imaginary], ErrorKind::DType);
    kit.refuses(&[], &[(&x).into(), Reference::ints(&[2], &[0, 1]).into()], ErrorKind::DType);
    for dims in [&[3][..], &[4, 2]] {
        kit.refuses(&[], &[(&x).into(), moderate(DType::Float64, dims, 1).into()], ErrorKind::Shape);
    }
}

/// As `bad_input`, for a row with an optional argument.
fn bad_input_beside(kit: &mut Kit) {
    kit.refuses(&[], &[moderate(DType::Int64, &[2, 2], 1).into(), Given::Absent], ErrorKind::DType);
    kit.refuses(&[], &[moderate(DType::Float64, &[3], 1).into(), Given::Absent], ErrorKind::Shape);
}

fn matrix_rank(kit: &mut Kit) {
    bad_tolerances(kit);
    for dtype in floating() {
        let cases: [(&[usize], usize); 9] = [
            (&[3, 3], 3),
            (&[3, 3], 1),
            (&[6, 4], 2),
            (&[4, 6], 3),
            (&[2, 5, 5], 4),
            (&[3, 3], 0),
            (&[0, 2, 2], 1),
            (&[0, 0], 0),
            (&[3, 0], 0),
        ];
        for (dims, rank) in cases {
            let x = of_rank(dtype, dims, rank, 232);
            let want = Reference::build(DType::Int64, &dims[..dims.len() - 2], |_| Scalar::int(rank as i128));
            kit.gives_one(&[], &[x.into(), Given::Absent], want);
        }
        let x = diagonals(dtype);
        kit.gives_one(&[], &[(&x).into(), Scalar::Float(0.2).into()], Reference::ints(&[3], &[3, 2, 1]));
        let each = Reference::reals(&[3], &[0.6, 0.01, 0.1]).cast(dtype.real());
        kit.gives_one(&[], &[x.into(), each.into()], Reference::ints(&[3], &[1, 3, 2]));
    }
}

/// The four conditions of Penrose, "A generalized inverse for matrices", Proc. Camb. Phil. Soc. 51 (1955).
fn inverts(a: &Matrix, p: &Matrix, dtype: DType) -> Checked {
    let (size, inverse) = (a.norm(), p.norm());
    let (left, right) = (a.times(p), p.times(a));
    left.times(a).must_be(a, dtype, size * size * inverse, "x p x - x")?;
    right.times(p).must_be(p, dtype, size * inverse * inverse, "p x p - p")?;
    left.adjoint().must_be(&left, dtype, size * inverse, "x p must be Hermitian")?;
    right.adjoint().must_be(&right, dtype, size * inverse, "p x must be Hermitian")
}

fn pinv(kit: &mut Kit) {
    bad_tolerances(kit);
    for dtype in floating() {
        let full = TALL_AND_WIDE.into_iter().chain([&[3, 0][..], &[0, 2]]).map(|d| moderate(dtype, d, 233));
        let deficient = [(&[4, 4][..], 2), (&[5, 3], 1), (&[2, 3, 5], 2), (&[2, 2], 0)];
        let deficient = deficient.into_iter().map(|(d, rank)| of_rank(dtype, d, rank, 234));
        for x in full.chain(deficient) {
            let (batch, last) = x.dims.split_at(x.dims.len() - 2);
            kit.satisfies(&[], &[(&x).into(), Given::Absent], |got| {
                form(&got[0], &[batch, &[last[1], last[0]]].concat(), dtype)?;
                let found = matrices(&got[0], batch);
                matrices(&x, batch).iter().zip(&found).try_for_each(|(a, p)| inverts(a, p, dtype))
            });
        }
        let x = diagonals(dtype);
        let each = Reference::reals(&[3], &[0.6, 0.01, 0.1]).cast(dtype.real());
        for (rtol, kept) in [(Given::Scalar(Scalar::Float(0.2)), [3, 2, 1]), (each.into(), [1, 3, 2])] {
            kit.satisfies(&[], &[(&x).into(), rtol], |got| {
                form(&got[0], &x.dims, dtype)?;
                for ((a, p), kept) in matrices(&x, &[3]).iter().zip(&matrices(&got[0], &[3])).zip(kept) {
                    let exact = Matrix::build(3, 3, |i, j| match i == j && i < kept {
                        true => 1.0 / a.at(i, i),
                        false => C::new(0.0, 0.0),
                    });
                    p.must_be(&exact, dtype, exact.norm(), "the inverse of what is above the tolerance")?;
                }
                Ok(())
            });
        }
    }
}
