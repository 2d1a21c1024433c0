//! Products of small matrices without packing or blocking overhead, in registers.
//!
//! One element of the result is one chain `c = fma(a[i, p], b[p, j], c)` over `p = 0, 1, ..., k - 1`, whatever tile it
//! falls into, so its bits depend on its row and column alone. Tiles of eight rows and two vectors keep sixteen such chains
//! per lane going. Columns beyond the last full vector are masked out, not padded.

/// A matrix to read: address and distances between rows and columns, in elements.
#[derive(Clone, Copy)]
pub(crate) struct View<T> {
    pub(crate) ptr: *const T,
    pub(crate) rows: isize,
    pub(crate) cols: isize,
}

/// Computes rows `0..m` of the `m x n` product into `out`, row after row; `k` may be zero.
pub(crate) type Product<T> = unsafe fn(m: usize, k: usize, n: usize, a: View<T>, b: View<T>, out: *mut T);

/// Rows of the inner dimension whose columns are gathered at once when `b` is not row after row.
#[cfg(target_arch = "x86_64")]
const GATHER: usize = 256;

#[cfg(target_arch = "x86_64")]
macro_rules! product {
    ($name:ident, $t:ty, $features:literal, lanes: $lanes:literal, rows: $rows:literal, vector: $v:ty, mask: $mask:ty,
     zero: $zero:ident, splat: $splat:ident, fma: $fma:ident,
     load: |$lp:ident, $lm:ident| $load:expr, store: |$sp:ident, $sm:ident, $sv:ident| $store:expr,
     mask of: |$count:ident| $mask_of:expr) => {
        #[allow(clippy::too_many_arguments)] // they stay in registers
        pub(crate) mod $name {
            use super::{GATHER, View};
            use std::arch::x86_64::*;

            /// A tile of `R` rows and `V` vectors of columns, continued from `out` unless `first`.
            #[target_feature(enable = $features)]
            unsafe fn tile<const R: usize, const V: usize>(
                k: usize,
                a: View<$t>,
                b: *const $t,
                b_rows: isize,
                out: *mut $t,
                out_rows: usize,
                mask: $mask,
                full: $mask,
                first: bool,
            ) {
                // SAFETY: the caller gives `R` rows and `V` vectors of which the last is masked.
                unsafe {
                    let mut sum = [[$zero(); V]; R];
                    if !first {
                        for i in 0..R {
                            for j in 0..V {
                                let ($lp, $lm) = (
                                    out.add(i * out_rows + j * $lanes).cast_const(),
                                    if j + 1 == V { mask } else { full },
                                );
                                sum[i][j] = $load;
                            }
                        }
                    }
                    let mut column = a.ptr;
                    let mut row = b;
                    for _ in 0..k {
                        let mut y = [$zero(); V];
                        for j in 0..V {
                            let ($lp, $lm) = (row.add(j * $lanes), if j + 1 == V { mask } else { full });
                            y[j] = $load;
                        }
                        for i in 0..R {
                            let x = $splat(*column.offset(i as isize * a.rows));
                            for j in 0..V {
                                sum[i][j] = $fma(x, y[j], sum[i][j]);
                            }
                        }
                        column = column.wrapping_offset(a.cols);
                        row = row.wrapping_offset(b_rows);
                    }
                    for i in 0..R {
                        for j in 0..V {
                            let ($sp, $sm, $sv) =
                                (out.add(i * out_rows + j * $lanes), if j + 1 == V { mask } else { full }, sum[i][j]);
                            $store;
                        }
                    }
                }
            }

            /// All rows of a strip of `V` vectors of columns.
            #[target_feature(enable = $features)]
            unsafe fn strip<const V: usize>(
                m: usize,
                k: usize,
                n: usize,
                a: View<$t>,
                b: *const $t,
                b_rows: isize,
                out: *mut $t,
                mask: $mask,
                full: $mask,
                first: bool,
            ) {
                let mut i = 0;
                // SAFETY: each tile lies within the `m` rows.
                unsafe {
                    while i < m {
                        let rows = View { ptr: a.ptr.wrapping_offset(i as isize * a.rows), ..a };
                        let to = out.add(i * n);
                        let left = m - i;
                        if left >= $rows {
                            tile::<$rows, V>(k, rows, b, b_rows, to, n, mask, full, first);
                            i += $rows;
                        } else if left >= 4 {
                            tile::<4, V>(k, rows, b, b_rows, to, n, mask, full, first);
                            i += 4;
                        } else if left >= 2 {
                            tile::<2, V>(k, rows, b, b_rows, to, n, mask, full, first);
                            i += 2;
                        } else {
                            tile::<1, V>(k, rows, b, b_rows, to, n, mask, full, first);
                            i += 1;
                        }
                    }
                }
            }

            #[target_feature(enable = $features)]
            fn mask_of($count: usize) -> $mask {
                $mask_of
            }

            /// See [`super::Product`].
            ///
            /// # Safety
            /// The processor must have the features, the views the elements, and `out` room for `m * n`.
            #[target_feature(enable = $features)]
            pub(crate) unsafe fn product(m: usize, k: usize, n: usize, a: View<$t>, b: View<$t>, out: *mut $t) {
                const WIDTH: usize = 2 * $lanes;
                let full = mask_of($lanes);
                let in_rows = b.cols == 1 || n == 1;
                let mut buffer = [std::mem::MaybeUninit::<$t>::uninit(); GATHER * WIDTH];
                let mut j = 0;
                while j < n {
                    let width = WIDTH.min(n - j);
                    let two = width > $lanes;
                    let mask = mask_of(if two { width - $lanes } else { width });
                    // Continuing a chain from memory is exact, so the depth of a pass does not show in the result.
                    let depth = if in_rows { k.max(1) } else { GATHER };
                    let mut p = 0;
                    loop {
                        let here = depth.min(k - p);
                        let corner = b.ptr.wrapping_offset(p as isize * b.rows + j as isize * b.cols);
                        let left = View { ptr: a.ptr.wrapping_offset(p as isize * a.cols), ..a };
                        // SAFETY: the strip lies within the product; the buffer holds `GATHER` rows of it.
                        unsafe {
                            let (from, rows) = if in_rows {
                                (corner, b.rows)
                            } else {
                                let to = buffer.as_mut_ptr().cast::<$t>();
                                for c in 0..width {
                                    let source = corner.offset(c as isize * b.cols);
                                    for r in 0..here {
                                        *to.add(r * WIDTH + c) = *source.offset(r as isize * b.rows);
                                    }
                                }
                                (to.cast_const(), WIDTH as isize)
                            };
                            if two {
                                strip::<2>(m, here, n, left, from, rows, out.add(j), mask, full, p == 0);
                            } else {
                                strip::<1>(m, here, n, left, from, rows, out.add(j), mask, full, p == 0);
                            }
                        }
                        p += here;
                        if p >= k {
                            break;
                        }
                    }
                    j += width;
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
product! {
    f32_avx512, f32, "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma", lanes: 16, rows: 8, vector: __m512, mask: __mmask16,
    zero: _mm512_setzero_ps, splat: _mm512_set1_ps, fma: _mm512_fmadd_ps,
    load: |p, m| _mm512_maskz_loadu_ps(m, p), store: |p, m, v| _mm512_mask_storeu_ps(p, m, v),
    mask of: |count| ((1_u32 << count) - 1) as u16
}
#[cfg(target_arch = "x86_64")]
product! {
    f64_avx512, f64, "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma", lanes: 8, rows: 8, vector: __m512d, mask: __mmask8,
    zero: _mm512_setzero_pd, splat: _mm512_set1_pd, fma: _mm512_fmadd_pd,
    load: |p, m| _mm512_maskz_loadu_pd(m, p), store: |p, m, v| _mm512_mask_storeu_pd(p, m, v),
    mask of: |count| ((1_u32 << count) - 1) as u8
}
#[cfg(target_arch = "x86_64")]
product! {
    f32_avx2, f32, "avx2,fma", lanes: 8, rows: 4, vector: __m256, mask: __m256i,
    zero: _mm256_setzero_ps, splat: _mm256_set1_ps, fma: _mm256_fmadd_ps,
    load: |p, m| _mm256_maskload_ps(p, m), store: |p, m, v| _mm256_maskstore_ps(p, m, v),
    mask of: |count| _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
}
#[cfg(target_arch = "x86_64")]
product! {
    f64_avx2, f64, "avx2,fma", lanes: 4, rows: 4, vector: __m256d, mask: __m256i,
    zero: _mm256_setzero_pd, splat: _mm256_set1_pd, fma: _mm256_fmadd_pd,
    load: |p, m| _mm256_maskload_pd(p, m), store: |p, m, v| _mm256_maskstore_pd(p, m, v),
    mask of: |count| _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3))
}
