//! Products of stacks of matrices.
//!
//! Which algorithm computes a matrix depends only on `(m, k, n)` and the data type, never on strides, on how many matrices
//! there are or on threads; so does the order of every sum. Products use fused operations where the processor has them, so
//! the last bits may differ between machines, and between machines only.

use array_api::{Complex, DType, Error, Result};
use gemm::Parallelism;
use smallvec::SmallVec;

use crate::array::{NdArray, NdElement};
use crate::engine::dots::{self, Summed};
use crate::engine::microkernel::{Product, View};
use crate::engine::share;
use crate::engine::simd::level;

/// From this many multiplications per matrix on, packing into cache blocks pays.
const BLOCKED: usize = 256 * 256 * 256;
/// Multiplying by a matrix of at most so many rows, each of so many bytes, in registers is sooner done than packing both.
const NARROW: [usize; 2] = [32, 128];
/// Bytes of rows that go through all columns of a small matrix before the next ones: they stay in the second-level cache.
const ROWS: usize = 1 << 16;
/// Multiplications below which a second thread costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// What a matrix costs at least, in multiplications.
const LEAST: usize = 64;

/// The matrix product over the last two axes, `(..., m, k)` by `(..., k, n)`, the leading axes broadcast.
///
/// `shape` is the result's, `(..., m, n)`; both operands have at least two axes and one data type. Integers wrap.
///
/// # Errors
/// [`ErrorKind::DType`](array_api::ErrorKind::DType) for `bool`.
///
/// ```
/// use array_ndarray::{NdArray, matmul::matmul};
/// let x = NdArray::from_vec(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]);
/// let y = NdArray::from_vec(vec![1.0, 0.0, 1.0, 1.0], &[2, 2]);
/// assert_eq!(matmul(&x, &y, &[2, 2])?.to_vec::<f64>().unwrap(), [3.0, 2.0, 7.0, 4.0]);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn matmul(x: &NdArray, y: &NdArray, shape: &[usize]) -> Result<NdArray> {
    Ok(match x.dtype() {
        DType::Bool => return Err(Error::dtype("matmul", "is not defined for bool, only for numbers")),
        DType::Int8 => product::<i8>(x, y, shape),
        DType::Int16 => product::<i16>(x, y, shape),
        DType::Int32 => product::<i32>(x, y, shape),
        DType::Int64 => product::<i64>(x, y, shape),
        DType::UInt8 => product::<u8>(x, y, shape),
        DType::UInt16 => product::<u16>(x, y, shape),
        DType::UInt32 => product::<u32>(x, y, shape),
        DType::UInt64 => product::<u64>(x, y, shape),
        DType::Float32 => product::<f32>(x, y, shape),
        DType::Float64 => product::<f64>(x, y, shape),
        DType::Complex64 => product::<Complex<f32>>(x, y, shape),
        DType::Complex128 => product::<Complex<f64>>(x, y, shape),
    })
}

/// How the products of one element type are computed.
trait Factor: NdElement + Summed {
    /// The product of small matrices.
    fn small() -> Product<Self> {
        plain::<Self>
    }
    /// The product of large matrices in cache blocks, where there is one: its one.
    const BLOCKED_ONE: Option<Self> = None;
}

macro_rules! factors {
    ($($t:ty),*) => { $(
        impl Factor for $t {}
        impl Summed for $t {
            const ZERO: Self = 0;
            #[inline(always)]
            fn add_product(sum: Self, a: Self, b: Self) -> Self { sum.wrapping_add(a.wrapping_mul(b)) }
            #[inline(always)]
            fn plus(a: Self, b: Self) -> Self { a.wrapping_add(b) }
        }
    )* };
}
factors!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! summed {
    ($t:ty, $zero:expr) => {
        impl Summed for $t {
            const ZERO: Self = $zero;
            #[inline(always)]
            fn add_product(sum: Self, a: Self, b: Self) -> Self {
                sum + a * b
            }
            #[inline(always)]
            fn plus(a: Self, b: Self) -> Self {
                a + b
            }
        }
    };
}

macro_rules! float_factors {
    ($($t:ident: $avx2:ident, $avx512:ident;)*) => { $( summed!($t, 0.0); impl Factor for $t {
        const BLOCKED_ONE: Option<Self> = Some(1.0);
        fn small() -> Product<Self> {
            match level() {
                #[cfg(target_arch = "x86_64")]
                crate::engine::simd::Level::Avx512 => crate::engine::microkernel::$avx512::product,
                #[cfg(target_arch = "x86_64")]
                crate::engine::simd::Level::Avx2 => crate::engine::microkernel::$avx2::product,
                _ => plain::<Self>,
            }
        }
    } )* };
}
float_factors! { f32: f32_avx2, f32_avx512; f64: f64_avx2, f64_avx512; }

macro_rules! complex_factors {
    ($($t:ident),*) => { $( summed!(Complex<$t>, Complex::new(0.0, 0.0)); impl Factor for Complex<$t> {
        const BLOCKED_ONE: Option<Self> = Some(Complex::new(1.0, 0.0));
    } )* };
}
complex_factors!(f32, f64);

/// Row by row: each row of the result is a running sum of rows of `b`.
unsafe fn plain<T: Factor>(m: usize, k: usize, n: usize, a: View<T>, b: View<T>, out: *mut T) {
    let mut packed = Vec::new();
    let mut b = b;
    // SAFETY: the indices stay within the views and the result, as the caller promises.
    unsafe {
        if b.cols != 1 && n > 1 && m > 1 {
            packed.reserve_exact(k * n);
            for p in 0..k as isize {
                for j in 0..n as isize {
                    packed.push(*b.ptr.offset(p * b.rows + j * b.cols));
                }
            }
            b = View { ptr: packed.as_ptr(), rows: n as isize, cols: 1 };
        }
        for i in 0..m {
            let row = out.add(i * n);
            for j in 0..n {
                *row.add(j) = T::ZERO;
            }
            let row = std::slice::from_raw_parts_mut(row, n);
            for p in 0..k as isize {
                let x = *a.ptr.offset(i as isize * a.rows + p * a.cols);
                let from = b.ptr.offset(p * b.rows);
                if b.cols == 1 {
                    for (sum, &y) in row.iter_mut().zip(std::slice::from_raw_parts(from, n)) {
                        *sum = T::add_product(*sum, x, y);
                    }
                } else {
                    for (j, sum) in row.iter_mut().enumerate() {
                        *sum = T::add_product(*sum, x, *from.offset(j as isize * b.cols));
                    }
                }
            }
        }
    }
}

/// A stack of matrices: where each begins, and how it lies.
struct Stack<T> {
    first: View<T>,
    /// Lengths of the result's leading axes and this operand's distances along them, in elements: as few axes as say so.
    axes: SmallVec<[(usize, isize); 4]>,
}

// SAFETY: read only, from an array that outlives it.
unsafe impl<T: Sync> Sync for Stack<T> {}

impl<T: Factor> Stack<T> {
    fn new(x: &NdArray, batch: &[usize]) -> Stack<T> {
        let (shape, strides) = (x.shape(), x.strides());
        let leading = shape.len() - 2;
        let missing = batch.len() - leading;
        let mut axes: SmallVec<[(usize, isize); 4]> = SmallVec::new();
        for (i, &len) in batch.iter().enumerate() {
            let stride = if i < missing || shape[i - missing] == 1 { 0 } else { strides[i - missing] };
            match axes.last_mut() {
                Some(outer) if outer.1 == len as isize * stride => *outer = (outer.0 * len, stride),
                _ => axes.push((len, stride)),
            }
        }
        // A lone row or column has no neighbour: give it the distance that a contiguous one would have.
        let (rows, cols) = (strides[leading], strides[leading + 1]);
        let cols = if shape[leading + 1] == 1 { 1 } else { cols };
        let rows = if shape[leading] == 1 { shape[leading + 1] as isize } else { rows };
        Stack { first: View { ptr: x.ptr().cast(), rows, cols }, axes }
    }

    #[inline]
    fn matrix(&self, mut index: usize) -> View<T> {
        let mut offset = 0;
        if let Some((&(_, stride), inner)) = self.axes.split_first() {
            for &(len, stride) in inner.iter().rev() {
                offset += (index % len) as isize * stride;
                index /= len;
            }
            offset += index as isize * stride;
        }
        View { ptr: self.first.ptr.wrapping_offset(offset), ..self.first }
    }
}

/// The result's address, of which each thread writes its own part.
struct Target<T>(*mut T);
// SAFETY: threads write disjoint parts.
unsafe impl<T: Send> Sync for Target<T> {}

impl<T> Target<T> {
    fn at(&self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

fn product<T: Factor>(x: &NdArray, y: &NdArray, shape: &[usize]) -> NdArray {
    let (batch, matrix) = shape.split_at(shape.len() - 2);
    let (m, n, k) = (matrix[0], matrix[1], x.shape()[x.shape().len() - 1]);
    let count: usize = batch.iter().product();
    let (a, b) = (Stack::<T>::new(x, batch), Stack::<T>::new(y, batch));
    let work = m * k * n;
    let narrow = k <= NARROW[0] && n * size_of::<T>() <= NARROW[1];
    let pool = count * work.max(LEAST) >= PARALLEL && share::alone();
    let threads = if pool { rayon::current_num_threads() } else { 1 };
    // SAFETY: every element of every matrix is written: `count * m * n` in all.
    unsafe {
        NdArray::build(T::DTYPE, shape, &mut |out| {
            let out = Target(out.cast::<T>());
            if count * m * n == 0 {
                return;
            }
            match T::BLOCKED_ONE {
                Some(one) if work >= BLOCKED && m.min(n).min(k) >= 16 && !narrow => {
                    let each = |i: usize, parallelism| {
                        blocked(m, k, n, a.matrix(i), b.matrix(i), out.at(i * m * n), one, parallelism)
                    };
                    if count >= threads && threads > 1 {
                        share::parts(count, &|i| each(i, Parallelism::None));
                    } else {
                        let inner = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
                        (0..count).for_each(|i| each(i, inner));
                    }
                }
                _ => {
                    let small = if n == 1 && k >= dots::LONG { dots::product::<T>() } else { T::small() };
                    // Few matrices are cut into runs of rows; a row does not know its neighbours.
                    let cuts = if threads > 1 { (4 * threads).div_ceil(count).min(m.div_ceil(8)) } else { 1 };
                    let rows = (ROWS / (k * size_of::<T>()).max(1)).next_multiple_of(8).max(32);
                    let whole = |i: usize| small(m, k, n, a.matrix(i), b.matrix(i), out.at(i * m * n));
                    let part = |unit: usize| {
                        let (i, cut) = (unit / cuts, unit % cuts);
                        let (a, b) = (a.matrix(i), b.matrix(i));
                        let end = m * (cut + 1) / cuts;
                        for from in (m * cut / cuts..end).step_by(rows) {
                            let first = View { ptr: a.ptr.wrapping_offset(from as isize * a.rows), ..a };
                            small(rows.min(end - from), k, n, first, b, out.at((i * m + from) * n));
                        }
                    };
                    match (threads > 1, cuts == 1 && m <= rows) {
                        // Divisions would take as long as the product of small matrices.
                        (true, true) => share::parts(count, &whole),
                        (true, false) => share::parts(count * cuts, &part),
                        (false, true) => (0..count).for_each(whole),
                        (false, false) => (0..count * cuts).for_each(part),
                    }
                }
            }
        })
    }
}

/// One large product in cache blocks, by the gemm crate.
#[allow(clippy::too_many_arguments)]
unsafe fn blocked<T: Factor>(
    m: usize,
    k: usize,
    n: usize,
    a: View<T>,
    b: View<T>,
    out: *mut T,
    one: T,
    parallelism: Parallelism,
) {
    // SAFETY: the views cover `m x k` and `k x n`, and `out` has room for `m x n` row after row.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            1,
            n as isize,
            false,
            a.ptr,
            a.cols,
            a.rows,
            b.ptr,
            b.cols,
            b.rows,
            T::ZERO,
            one,
            false,
            false,
            false,
            parallelism,
        )
    }
}
