//! Singular value decomposition: QR first, then the decomposition of the triangle, which is small.

use array_api::{Array, At, Call, Exit, Outs, Qr, Result, Svd, decline};

use super::{GATHERED, gathered, is_tiled, tiles};
use crate::array::of;
use crate::kind;
use crate::rules::blocks;

pub(super) fn svd(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let x = array_api::rule::array(call.op, call.args, 0)?.clone();
    if !is_tiled(of(call.op.name, &x)?.chunks()) {
        return kind::tasks(call, gathered, blocks::EMIT);
    }
    let full = call.params::<Svd>()?.full_matrices;
    let [m, n] = shape(&x)?;
    if m < n {
        // The adjoint's decomposition is the adjoint, with the factors' places exchanged.
        let made = tall(&adjoint(x)?, full)?;
        return Ok(Outs::Many(vec![adjoint(made.vh)?, made.s, adjoint(made.u)?]));
    }
    let made = tall(&x, full)?;
    Ok(Outs::Many(vec![made.u, made.s, made.vh]))
}

/// Singular values only: what makes the other factors is never computed.
pub(super) fn svdvals(call: &mut Call<'_, '_>) -> Result<Outs, Exit> {
    let x = array_api::rule::array(call.op, call.args, 0)?.clone();
    if !is_tiled(of(call.op.name, &x)?.chunks()) {
        return kind::tasks(call, gathered, blocks::EMIT);
    }
    let [m, n] = shape(&x)?;
    let x = if m < n { adjoint(x)? } else { x };
    let made = triangle(&x, "r")?;
    Ok(Outs::One(array_api::svdvals(made.r)?))
}

fn shape(x: &Array) -> Result<[usize; 2]> {
    let shape = x.shape()?;
    Ok([shape[0], shape[1]])
}

fn adjoint(x: Array) -> Result<Array> {
    let x = if x.dtype().is_complex() { array_api::conj(x)? } else { x };
    array_api::matrix_transpose(x)
}

/// The QR decomposition with the triangle in one chunk, without the rows that are zero.
fn triangle(x: &Array, mode: &str) -> Result<array_api::QrResult, Exit> {
    let [m, n] = shape(x)?;
    let bytes = n.saturating_mul(n).saturating_mul(x.dtype().size());
    if bytes > GATHERED {
        return decline(format!(
            "the singular values of a matrix of {m} x {n} are those of a triangle of {n} x {n}, which takes {} MiB and is \
             needed at once; `svd_compressed` gives the leading ones, and an array that is rechunked to one chunk is \
             decomposed whole",
            bytes >> 20
        ));
    }
    let made = array_api::qr(x, Qr { mode: mode.to_string() })?;
    let r = if mode == "complete" { array_api::at(made.r, At { index: tiles::rows(0, n) })? } else { made.r };
    let r = crate::rechunk(&r, crate::ChunkSpec::Axes(vec![crate::AxisSpec::Whole; 2]))?;
    Ok(array_api::QrResult { q: made.q, r })
}

fn tall(x: &Array, full: bool) -> Result<array_api::SvdResult, Exit> {
    let [m, n] = shape(x)?;
    let full = full && m > n;
    let made = triangle(x, if full { "complete" } else { "reduced" })?;
    let inner = array_api::svd(made.r, Svd { full_matrices: false })?;
    let u = if full {
        let leading = array_api::at(&made.q, At { index: tiles::columns(0, n) })?;
        let rest = array_api::at(made.q, At { index: tiles::columns(n, m) })?;
        array_api::concat([&array_api::matmul(leading, inner.u)?, &rest], 1)?
    } else {
        array_api::matmul(made.q, inner.u)?
    };
    Ok(array_api::SvdResult { u, s: inner.s, vh: inner.vh })
}

/// The leading singular values and vectors of a large matrix, by random projection.
///
/// Of `x`, `(m, n)`, gives `u`, `(m, rank)`, `s`, `(rank,)`, descending, and `vh`, `(rank, n)`. The matrix is multiplied with
/// normal random numbers from `key`, in ten columns more than `rank`, and once more from either side for each of the
/// `iterations`, which sharpen singular values that fall slowly; two are good for most data. Then what it is within the
/// range of that product is decomposed. Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53
/// (2011), algorithms 4.4 and 5.1. Nothing is computed before it is asked for; each product reads `x` once.
///
/// ```
/// let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", array_api::Value::Int(100));
/// let (a, b) = (xp.normal(&xp.key(1)?, [400, 3])?, xp.normal(&xp.key(2)?, [3, 300])?);
/// let x = array_api::matmul(a, b)?;
/// let made = array_chunked::svd_compressed(&x, 3, &xp.key(3)?, 1)?;
/// let again = array_api::matmul(array_api::multiply(made.u, made.s)?, made.vh)?;
/// assert!(array_api::max(array_api::abs(array_api::subtract(again, x)?)?, ..)?.item::<f64>()? < 1e-10);
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If `x` is not a chunked matrix of floating-point numbers, or `rank` is 0 or larger than its smaller extent.
pub fn svd_compressed(x: &Array, rank: usize, key: &Array, iterations: usize) -> Result<array_api::SvdResult> {
    const NAME: &str = "svd_compressed";
    /// Columns beyond `rank`: the error's expectation and its tails fall fast with the first few.
    const MORE: usize = 10;
    let lazy = of(NAME, x)?;
    let dims = lazy.dims();
    let Some(&[m, n]) = dims.known() else {
        let message = format!("x has shape {dims}, but must be a matrix of known extents");
        return Err(array_api::Error::shape(NAME, message));
    };
    if rank == 0 || rank > m.min(n) {
        let message = format!("rank is {rank}, but must be between 1 and {}, the smaller extent of x", m.min(n));
        return Err(array_api::Error::value(NAME, message));
    }
    if !x.dtype().is_floating() {
        let message = format!("x has type {}, but must hold floating-point numbers", x.dtype());
        return Err(array_api::Error::dtype(NAME, message));
    }
    let columns = (rank + MORE).min(m.min(n));
    let normal = x
        .namespace()
        .normal(key, array_api::Normal { shape: [n, columns].into(), dtype: x.dtype().real(), ..Default::default() })?;
    let normal = array_api::astype(normal, x.dtype())?;
    let basis = |y: Array| -> Result<Array> { Ok(array_api::qr(y, Qr { mode: "reduced".to_string() })?.q) };
    let across = adjoint(x.clone())?;
    let mut q = basis(array_api::matmul(x, normal)?)?;
    for _ in 0..iterations {
        let back = basis(array_api::matmul(&across, q)?)?;
        q = basis(array_api::matmul(x, back)?)?;
    }
    let small = array_api::matmul(adjoint(q.clone())?, x)?;
    let made = array_api::svd(small, Svd { full_matrices: false })?;
    let leading = |a: Array, index| array_api::at(a, At { index });
    Ok(array_api::SvdResult {
        u: array_api::matmul(q, leading(made.u, tiles::columns(0, rank))?)?,
        s: array_api::at(made.s, ..rank as isize)?,
        vh: leading(made.vh, tiles::rows(0, rank))?,
    })
}
