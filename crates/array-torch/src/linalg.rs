//! Decompositions and what follows from them.

use array_api::{Cholesky, DType, Error, Qr, Result, Svd, TriangularSolve, Verdict, implements};
use tch::{Kind, TchError, Tensor};

use crate::array::{TorchArray, made};
use crate::error::failed;
use crate::kind::together;
use crate::numbers::Numbers;

type Outcome = std::result::Result<Tensor, TchError>;

/// How messages name a matrix of a stack.
fn name(x: &TorchArray, flat: usize) -> String {
    let dims = x.dims();
    let batch = &dims[..dims.len() - 2];
    if batch.is_empty() {
        return "x".to_owned();
    }
    let (mut rest, mut index) = (flat, vec![0; batch.len()]);
    for (i, &n) in index.iter_mut().zip(batch).rev() {
        *i = rest % n;
        rest /= n;
    }
    let index: Vec<_> = index.iter().map(usize::to_string).collect();
    format!("x[{}]", index.join(", "))
}

/// The first of a stack's numbers that is not zero.
fn first(info: &Tensor) -> std::result::Result<Option<(usize, i64)>, TchError> {
    let info = info.f_reshape(-1)?;
    let bad = info.is_not(0)?.f_nonzero()?;
    if bad.numel() == 0 {
        return Ok(None);
    }
    let at = bad.f_int64_value(&[0, 0])?;
    Ok(Some((at as usize, info.f_int64_value(&[at])?)))
}

/// Refuses elements for which the decomposition would not end.
fn finite(op: &str, x: &TorchArray, read: &Tensor) -> Result<()> {
    let fail = |e| failed(op, e);
    let bad = read.f_isfinite().and_then(|f| f.f_logical_not()).map_err(fail)?;
    let bad = bad.f_flatten(-2, -1).and_then(|b| b.f_any_dim(-1, false)).map_err(fail)?;
    match first(&bad.f_to_kind(tch::Kind::Int64).map_err(fail)?).map_err(fail)? {
        None => Ok(()),
        Some((at, _)) => Err(Error::value(op, format!("{} holds infinities or not-a-number", name(x, at)))),
    }
}

#[implements(cholesky)]
fn cholesky(x: &TorchArray, p: &Cholesky) -> Result<TorchArray> {
    let fail = |e| failed("cholesky", e);
    let read = if p.upper { x.tensor().f_triu(0) } else { x.tensor().f_tril(0) }.map_err(fail)?;
    finite("cholesky", x, &read)?;
    // The diagonal of a Hermitian matrix is real.
    let (factor, info) = read.f_linalg_cholesky_ex(p.upper, false).map_err(fail)?;
    if let Some((at, pivot)) = first(&info).map_err(fail)? {
        let message = format!("{} is not positive definite: pivot {} is not positive", name(x, at), pivot - 1);
        return Err(Error::value("cholesky", message));
    }
    Ok(TorchArray::of(factor, x.dtype()))
}

/// `f` of matrices with right-hand sides; one vector is a column while it is solved for.
fn solved(x1: &Tensor, x2: &Tensor, f: impl Fn(&Tensor, &Tensor) -> Outcome) -> Outcome {
    if x2.dim() == 1 { f(x1, &x2.f_unsqueeze(-1)?)?.f_squeeze_dim(-1) } else { f(x1, x2) }
}

#[implements(solve)]
fn solve(x1: &TorchArray, x2: &TorchArray, verdict: &Verdict) -> Result<TorchArray> {
    together("solve", x1, x2)?;
    let fail = |e| failed("solve", e);
    let (lu, pivots, info) = Tensor::f_linalg_lu_factor_ex(x1.tensor(), true, false).map_err(fail)?;
    if let Some((at, pivot)) = first(&info).map_err(fail)? {
        let message = format!("{} is singular: pivot {} of its LU decomposition is 0", name(x1, at), pivot - 1);
        return Err(Error::value("solve", message));
    }
    let solution = solved(&lu, x2.tensor(), |lu, b| Tensor::f_linalg_lu_solve(lu, &pivots, b, true, false));
    made("solve", solution, verdict.dtype())
}

#[implements(triangular_solve)]
fn triangular_solve(x1: &TorchArray, x2: &TorchArray, p: &TriangularSolve, verdict: &Verdict) -> Result<TorchArray> {
    together("triangular_solve", x1, x2)?;
    let fail = |e| failed("triangular_solve", e);
    if !p.unit_diagonal {
        let zero = x1.tensor().f_diagonal(0, -2, -1).and_then(|d| d.is(0)).map_err(fail)?;
        let n = x1.dims()[x1.ndim() - 1].max(1);
        if let Some((at, _)) = first(&zero.f_to_kind(tch::Kind::Int64).map_err(fail)?).map_err(fail)? {
            let message = format!("{} is singular: element {} of its diagonal is 0", name(x1, at / n), at % n);
            return Err(Error::value("triangular_solve", message));
        }
    }
    let solution =
        solved(x1.tensor(), x2.tensor(), |a, b| a.f_linalg_solve_triangular(b, p.upper, true, p.unit_diagonal));
    made("triangular_solve", solution, verdict.dtype())
}

/// `Q R = (Q D) (D^H R)` for any diagonal `D` of phases: the one that makes the diagonal of `R` not negative.
#[implements(qr)]
fn qr(x: &TorchArray, p: &Qr) -> Result<[TorchArray; 2]> {
    let turned = || {
        let (q, r) = Tensor::f_linalg_qr(x.tensor(), &p.mode)?;
        let diagonal = r.f_diagonal(0, -2, -1)?;
        let phase = diagonal.f_sgn()?.with_where(&diagonal.is(0)?, 1)?;
        let k = phase.size().last().copied().unwrap_or(0);
        let q = match p.mode.as_str() {
            // libtorch's own is of shape (0,).
            "r" => x.tensor().f_narrow(-1, 0, 0)?.f_empty_like()?,
            _ => {
                let columns = q.size()[q.dim() - 1];
                let turned = q.f_narrow(-1, 0, k)?.f_mul(&phase.f_unsqueeze(-2)?)?;
                Tensor::f_cat(&[turned, q.f_narrow(-1, k, columns - k)?], -1)?
            }
        };
        let rows = r.size()[r.dim() - 2];
        let r_turned = r.f_narrow(-2, 0, k)?.f_mul(&phase.f_conj_physical()?.f_unsqueeze(-1)?)?;
        // Turned zeros below the diagonal would be negative.
        let r = Tensor::f_cat(&[r_turned, r.f_narrow(-2, k, rows - k)?], -2)?.f_triu(0)?;
        Ok((q, r))
    };
    let (q, r) = turned().map_err(|e| failed("qr", e))?;
    Ok([TorchArray::of(q, x.dtype()), TorchArray::of(r, x.dtype())])
}

#[implements(svd)]
fn svd(x: &TorchArray, p: &Svd) -> Result<[TorchArray; 3]> {
    finite("svd", x, x.tensor())?;
    // `linalg.svd` itself wants the name of a driver, which exists for CUDA only.
    let parts = x.tensor().f_svd(!p.full_matrices, true);
    let adjoint = |(u, s, v): (Tensor, Tensor, Tensor)| Ok((u, s, v.f_transpose(-2, -1)?.f_conj_physical()?));
    let (u, s, vh) = parts.and_then(adjoint).map_err(|e| failed("svd", e))?;
    let real = x.dtype().real();
    Ok([TorchArray::of(u, x.dtype()), TorchArray::of(s, real), TorchArray::of(vh, x.dtype())])
}

#[implements(svdvals)]
fn svdvals(x: &TorchArray) -> Result<TorchArray> {
    finite("svdvals", x, x.tensor())?;
    made("svdvals", x.tensor().f_svd(true, false).map(|(_, s, _)| s), x.dtype().real())
}

/// What each matrix is divided by: its largest element where squares would leave the range of numbers, since LAPACK's iterations
/// need not end then; elsewhere one.
fn size(read: &Tensor) -> Outcome {
    let sizes = read.f_abs()?;
    // A matrix without elements has none that is the largest.
    let largest = if read.numel() == 0 {
        sizes.f_sum_dim_intlist(&[-2, -1][..], true, None)?
    } else {
        sizes.f_amax([-2, -1], true)?
    };
    let far = if largest.f_kind()? == Kind::Float { 2f64.powi(40) } else { 2f64.powi(300) };
    let extreme = largest.is_above(far)?.f_logical_or(&largest.is_below(1.0 / far)?)?;
    let usual = extreme.f_logical_and(&largest.is_not(0.0)?)?.f_logical_not()?;
    largest.with_where(&usual, 1.0)
}

#[implements(eigh)]
fn eigh(x: &TorchArray) -> Result<[TorchArray; 2]> {
    let fail = |e| failed("eigh", e);
    let read = x.tensor().f_tril(0).map_err(fail)?;
    finite("eigh", x, &read)?;
    let size = size(&read).map_err(fail)?;
    let (values, vectors) = read.f_div(&size).and_then(|scaled| scaled.f_linalg_eigh("L")).map_err(fail)?;
    let values = values.f_mul(&size.f_squeeze_dim(-1).map_err(fail)?).map_err(fail)?;
    Ok([TorchArray::of(values, x.dtype().real()), TorchArray::of(vectors, x.dtype())])
}

#[implements(eigvalsh)]
fn eigvalsh(x: &TorchArray) -> Result<TorchArray> {
    let fail = |e| failed("eigvalsh", e);
    let read = x.tensor().f_tril(0).map_err(fail)?;
    finite("eigvalsh", x, &read)?;
    let size = size(&read).map_err(fail)?;
    let values = read.f_div(&size).and_then(|scaled| scaled.f_linalg_eigvalsh("L")).map_err(fail)?;
    made("eigvalsh", values.f_mul(&size.f_squeeze_dim(-1).map_err(fail)?), x.dtype().real())
}

fn complex(dtype: DType) -> DType {
    dtype.complex().unwrap_or(dtype)
}

/// Positions in ascending order by real part, then by imaginary part.
fn ascending(values: &Tensor) -> Outcome {
    let by_imaginary = values.f_imag()?.f_sort_stable(true, -1, false)?.1;
    let real = values.f_real()?.f_gather(-1, &by_imaginary, false)?;
    by_imaginary.f_gather(-1, &real.f_sort_stable(true, -1, false)?.1, false)
}

#[implements(eig)]
fn eig(x: &TorchArray) -> Result<[TorchArray; 2]> {
    finite("eig", x, x.tensor())?;
    let sorted = || {
        let (values, vectors) = x.tensor().f_linalg_eig()?;
        let order = ascending(&values)?;
        let columns = order.f_unsqueeze(-2)?.f_expand(vectors.size(), false)?;
        Ok((values.f_gather(-1, &order, false)?, vectors.f_gather(-1, &columns, false)?))
    };
    let (values, vectors) = sorted().map_err(|e| failed("eig", e))?;
    let dtype = complex(x.dtype());
    Ok([TorchArray::of(values, dtype), TorchArray::of(vectors, dtype)])
}

#[implements(eigvals)]
fn eigvals(x: &TorchArray) -> Result<TorchArray> {
    finite("eigvals", x, x.tensor())?;
    let sorted = x.tensor().f_linalg_eigvals().and_then(|values| values.f_gather(-1, &ascending(&values)?, false));
    made("eigvals", sorted, complex(x.dtype()))
}

#[implements(det)]
fn det(x: &TorchArray) -> Result<TorchArray> {
    x.with("det", Tensor::f_linalg_det(x.tensor()))
}

#[implements(slogdet)]
fn slogdet(x: &TorchArray) -> Result<[TorchArray; 2]> {
    let (sign, logabsdet) = Tensor::f_linalg_slogdet(x.tensor()).map_err(|e| failed("slogdet", e))?;
    Ok([TorchArray::of(sign, x.dtype()), TorchArray::of(logabsdet, x.dtype().real())])
}
