//! Memory that is not ours: read through pointers element by element, never as a slice, since others may write it.

use array_api::{Array, Complex, DType, Host, Namespace, with_element};

/// Memory as its owner describes it: an address, extents, and the bytes from neighbour to neighbour along each axis.
pub(crate) struct Foreign {
    pub(crate) dtype: DType,
    pub(crate) at: *const u8,
    pub(crate) shape: Vec<usize>,
    pub(crate) steps: Vec<isize>,
}

impl Foreign {
    /// An array with a copy of the elements.
    ///
    /// # Safety
    /// Every element that the extents and steps reach must lie in memory that stays allocated during the call.
    pub(crate) unsafe fn copy(&self, xp: &Namespace) -> array_api::Result<Array> {
        let host = match self.dtype {
            // A byte that is neither 0 nor 1 is no `bool` of Rust's.
            // SAFETY: the caller's promise.
            DType::Bool => {
                Host::from(unsafe { self.gather::<u8>() }.into_iter().map(|b| b != 0).collect::<Vec<bool>>())
            }
            dtype => with_element!(dtype, T => {
                // SAFETY: the caller's promise; every pattern of bits is a number.
                Host::from_vec(unsafe { self.gather::<T>() })
            }),
        };
        xp.from_host(host, self.shape.clone())
    }

    /// # Safety
    /// That of [`Foreign::copy`], for elements of which every pattern of bits is one.
    unsafe fn gather<T: Copy>(&self) -> Vec<T> {
        let n: usize = self.shape.iter().product();
        let mut out: Vec<T> = Vec::with_capacity(n);
        if n == 0 {
            return out;
        }
        if self.is_dense(size_of::<T>()) {
            // SAFETY: `n` elements lie side by side from `at` on, and the capacity is `n`.
            unsafe {
                std::ptr::copy_nonoverlapping(self.at, out.as_mut_ptr().cast::<u8>(), n * size_of::<T>());
                out.set_len(n);
            }
            return out;
        }
        let mut index = vec![0usize; self.shape.len()];
        let mut offset = 0isize;
        loop {
            // SAFETY: `offset` is a sum of steps within the extents; foreign memory need not be aligned.
            out.push(unsafe { self.at.offset(offset).cast::<T>().read_unaligned() });
            let Some(axis) = (0..index.len()).rev().find(|&a| index[a] + 1 < self.shape[a]) else { return out };
            index[axis] += 1;
            offset += self.steps[axis];
            for (i, step) in index.iter_mut().zip(&self.steps).skip(axis + 1) {
                offset -= step * std::mem::take(i) as isize;
            }
        }
    }

    fn is_dense(&self, size: usize) -> bool {
        let mut step = size as isize;
        self.shape.iter().zip(&self.steps).rev().all(|(&n, &s)| {
            let fits = n == 1 || s == step;
            step *= n as isize;
            fits
        })
    }
}

/// The bytes of elements in row-major order.
pub(crate) fn bytes(host: &Host) -> &[u8] {
    fn of<T>(v: &[T]) -> &[u8] {
        // SAFETY: numbers and truth values have no padding, so all their bytes may be read.
        unsafe { std::slice::from_raw_parts(v.as_ptr().cast(), size_of_val(v)) }
    }
    const _: () = assert!(size_of::<Complex<f32>>() == 8 && size_of::<Complex<f64>>() == 16);
    match host {
        Host::Bool(v) => of(v),
        Host::Int8(v) => of(v),
        Host::Int16(v) => of(v),
        Host::Int32(v) => of(v),
        Host::Int64(v) => of(v),
        Host::UInt8(v) => of(v),
        Host::UInt16(v) => of(v),
        Host::UInt32(v) => of(v),
        Host::UInt64(v) => of(v),
        Host::Float32(v) => of(v),
        Host::Float64(v) => of(v),
        Host::Complex64(v) => of(v),
        Host::Complex128(v) => of(v),
    }
}
