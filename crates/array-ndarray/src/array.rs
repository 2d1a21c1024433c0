//! The array itself: one enum over the data types of shared `ndarray` arrays.

use array_api::{Complex, DType, Element, with_element};
use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn};

use crate::engine::copy::copy;
use crate::engine::pack::Axis;
use crate::engine::pool;

macro_rules! variants {
    ($($variant:ident = $t:ty),* $(,)?) => {
        /// An eager array in memory: any rank, any of the standard's data types, shared and copied on write.
        ///
        /// Cloning shares the buffer. A buffer that has one owner may be overwritten by an operation that received its
        /// operand by value.
        ///
        /// ```
        /// use array_ndarray::NdArray;
        /// let x = NdArray::from_vec(vec![1_i32, 2, 3, 4, 5, 6], &[2, 3]);
        /// assert_eq!(x.shape(), [2, 3]);
        /// assert_eq!(x.view::<i32>().unwrap()[[1, 0]], 4);
        /// assert!(x.view::<f32>().is_none());
        /// ```
        #[derive(Clone, Debug)]
        #[allow(missing_docs)] // the names are the standard's
        pub enum NdArray { $($variant(ArcArray<$t, IxDyn>)),* }

        macro_rules! each {
            ($array:expr, $a:ident => $body:expr) => { match $array { $(NdArray::$variant($a) => $body),* } };
        }

        $(
            impl NdElement for $t {
                fn wrap(array: ArcArray<Self, IxDyn>) -> NdArray { NdArray::$variant(array) }
                fn peel(array: &NdArray) -> Option<&ArcArray<Self, IxDyn>> {
                    match array { NdArray::$variant(a) => Some(a), _ => None }
                }
                fn peel_mut(array: &mut NdArray) -> Option<&mut ArcArray<Self, IxDyn>> {
                    match array { NdArray::$variant(a) => Some(a), _ => None }
                }
            }
            impl From<ArrayD<$t>> for NdArray {
                fn from(array: ArrayD<$t>) -> NdArray { NdArray::$variant(array.into_shared()) }
            }
        )*
    };
}

/// A Rust type that [`NdArray`] stores: every [`Element`], with the way in and out of the enum.
pub trait NdElement: Element {
    /// Puts a typed array into the enum, without a copy.
    fn wrap(array: ArcArray<Self, IxDyn>) -> NdArray;
    /// The typed array inside, or `None` if the data type is another one.
    fn peel(array: &NdArray) -> Option<&ArcArray<Self, IxDyn>>;
    /// The typed array inside, to be changed; changing it copies a shared buffer.
    fn peel_mut(array: &mut NdArray) -> Option<&mut ArcArray<Self, IxDyn>>;
}

variants! {
    Bool = bool, Int8 = i8, Int16 = i16, Int32 = i32, Int64 = i64, UInt8 = u8, UInt16 = u16, UInt32 = u32,
    UInt64 = u64, Float32 = f32, Float64 = f64, Complex64 = Complex<f32>, Complex128 = Complex<f64>,
}

impl NdArray {
    /// The data type.
    pub fn dtype(&self) -> DType {
        // The enum has its variants in DType's order; the test below holds it to that.
        match self {
            NdArray::Bool(_) => DType::Bool,
            NdArray::Int8(_) => DType::Int8,
            NdArray::Int16(_) => DType::Int16,
            NdArray::Int32(_) => DType::Int32,
            NdArray::Int64(_) => DType::Int64,
            NdArray::UInt8(_) => DType::UInt8,
            NdArray::UInt16(_) => DType::UInt16,
            NdArray::UInt32(_) => DType::UInt32,
            NdArray::UInt64(_) => DType::UInt64,
            NdArray::Float32(_) => DType::Float32,
            NdArray::Float64(_) => DType::Float64,
            NdArray::Complex64(_) => DType::Complex64,
            NdArray::Complex128(_) => DType::Complex128,
        }
    }

    /// The extents of all axes.
    pub fn shape(&self) -> &[usize] {
        each!(self, a => a.shape())
    }

    /// The distance between neighbours along each axis, in elements; negative or zero where a view made it so.
    pub fn strides(&self) -> &[isize] {
        each!(self, a => a.strides())
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        each!(self, a => a.len())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address of the first element, in index order.
    pub fn ptr(&self) -> *const u8 {
        each!(self, a => a.as_ptr().cast())
    }

    /// Whether the elements lie in C order without gaps.
    pub fn is_contiguous(&self) -> bool {
        each!(self, a => a.is_standard_layout())
    }

    /// Whether no other array shares the buffer.
    pub fn is_unique(&self) -> bool {
        each!(self, a => a.is_unique())
    }

    /// The typed view, without a copy; `None` if the data type is another one.
    pub fn view<T: NdElement>(&self) -> Option<ArrayViewD<'_, T>> {
        T::peel(self).map(|a| a.view())
    }

    /// The elements in C order; `None` if the data type is another one.
    pub fn to_vec<T: NdElement>(&self) -> Option<Vec<T>> {
        T::peel(self).map(|a| match a.as_slice() {
            Some(s) => s.to_vec(),
            None => a.iter().copied().collect(),
        })
    }

    /// An array of the given shape over a vector in C order, without a copy.
    ///
    /// # Panics
    /// If the shape has another number of elements than the vector.
    pub fn from_vec<T: NdElement>(data: Vec<T>, shape: &[usize]) -> NdArray {
        assert_eq!(data.len(), shape.iter().product(), "a vector of {} elements for shape {shape:?}", data.len());
        // SAFETY: the length was checked just above.
        T::wrap(unsafe { ArcArray::from_shape_vec_unchecked(IxDyn(shape), data) })
    }

    /// An array of the given shape with a copy of the slice's elements in C order.
    ///
    /// # Panics
    /// If the shape has another number of elements than the slice.
    pub fn from_slice<T: NdElement>(data: &[T], shape: &[usize]) -> NdArray {
        NdArray::from_vec(data.to_vec(), shape)
    }

    /// The one element of a scalar array, without axes.
    pub fn scalar<T: NdElement>(value: T) -> NdArray {
        NdArray::from_vec(vec![value], &[])
    }

    /// The owned `ndarray` array; copies only a buffer that somebody else shares.
    pub fn into_array<T: NdElement>(self) -> Option<ArrayD<T>> {
        let array = T::peel(&self)?.clone();
        drop(self);
        Some(array.into_owned())
    }

    /// The elements in C order, without a copy if they are all that is in a buffer that nobody else shares; `None` if the data type
    /// is another one.
    pub(crate) fn into_vec<T: NdElement>(self) -> Option<Vec<T>> {
        let array = T::peel(&self)?.clone();
        drop(self);
        let copied = |elements: &[T]| {
            let mut new = pool::vector(elements.len());
            new.extend_from_slice(elements);
            new
        };
        match array.try_into_owned_nocopy() {
            Ok(own) if own.is_standard_layout() => {
                let len = own.len();
                let (all, first) = own.into_raw_vec_and_offset();
                let first = first.unwrap_or(0);
                Some(if all.len() == len { all } else { copied(&all[first..first + len]) })
            }
            Ok(own) => Some(own.iter().copied().collect()),
            Err(shared) => Some(match shared.as_slice() {
                Some(elements) => copied(elements),
                None => shared.iter().copied().collect(),
            }),
        }
    }

    /// The elements as a mutable slice in C order, if this is the buffer's only owner and has no gaps.
    ///
    /// ```
    /// use array_ndarray::NdArray;
    /// let mut x = NdArray::from_vec(vec![1.0, 2.0], &[2]);
    /// x.unique_mut::<f64>().unwrap()[0] = 5.0;
    /// let shared = x.clone();
    /// assert!(x.unique_mut::<f64>().is_none());
    /// # drop(shared);
    /// ```
    pub fn unique_mut<T: NdElement>(&mut self) -> Option<&mut [T]> {
        let array = T::peel_mut(self)?;
        if array.is_unique() { array.as_slice_mut() } else { None }
    }

    /// The address through which the elements may be overwritten, if no other array shares the buffer.
    pub(crate) fn unique_ptr(&mut self) -> Option<*mut u8> {
        each!(self, a => if a.is_unique() { Some(a.as_mut_ptr().cast()) } else { None })
    }

    /// The same buffer with its axes in another order.
    pub fn permuted(self, order: &[usize]) -> NdArray {
        let dim = IxDyn(order);
        with_element!(self.dtype(), T => match T::peel(&self) {
            Some(a) => T::wrap(a.clone().permuted_axes(dim)),
            None => unreachable!("the dtype is the variant's"),
        })
    }

    /// The array in C order without gaps: itself if it lies so, a copy otherwise.
    pub fn contiguous(&self) -> NdArray {
        if self.is_contiguous() {
            return self.clone();
        }
        let size = self.dtype().size();
        let axes: Vec<_> = self
            .shape()
            .iter()
            .zip(self.strides())
            .map(|(&len, &stride)| Axis { len, step: stride * size as isize })
            .collect();
        // SAFETY: the box of all axes is the array, whose elements are valid and aligned.
        unsafe { NdArray::build(self.dtype(), self.shape(), &mut |out| copy(size, out, self.ptr(), &axes)) }
    }

    /// A new array in C order whose elements `write` stores through the pointer it gets.
    ///
    /// # Safety
    /// `write` must store a valid value of `dtype` in every one of the shape's elements.
    #[inline]
    pub(crate) unsafe fn build(dtype: DType, shape: &[usize], write: &mut dyn FnMut(*mut u8)) -> NdArray {
        let len = shape.iter().product();
        with_element!(dtype, T => {
            let mut data = pool::vector::<T>(len);
            write(data.as_mut_ptr().cast());
            // SAFETY: the capacity is `len` and the caller promises that all of it was written; the shape has `len`
            // elements.
            T::wrap(unsafe {
                data.set_len(len);
                ArcArray::from_shape_vec_unchecked(IxDyn(shape), data)
            })
        })
    }
}

/// The last owner leaves its buffer to the pool.
impl Drop for NdArray {
    #[inline]
    fn drop(&mut self) {
        if pool::wants(self.len() * self.dtype().size()) && self.is_unique() {
            each!(self, a => leave(a));
        }
    }
}

#[cold]
#[inline(never)]
fn leave<T: NdElement>(array: &mut ArcArray<T, IxDyn>) {
    if let Ok(owned) = std::mem::take(array).try_into_owned_nocopy() {
        pool::keep(owned.into_raw_vec_and_offset().0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array_api::DTYPES;

    #[test]
    fn built_arrays_have_the_dtype_asked_for() {
        for d in DTYPES {
            // SAFETY: all bits zero is a value of every data type.
            let x = unsafe { NdArray::build(d, &[2, 3], &mut |p| p.write_bytes(0, 6 * d.size())) };
            assert_eq!((x.dtype(), x.shape(), x.strides()), (d, &[2, 3][..], &[3, 1][..]));
            assert_eq!(x.permuted(&[1, 0]).strides(), [1, 3]);
        }
    }

    #[test]
    fn ownership_is_seen() {
        let mut x = NdArray::from_vec(vec![1_u8, 2], &[2]);
        let address = x.ptr();
        assert_eq!(x.unique_ptr().map(|p| p.cast_const()), Some(address));
        let y = x.clone();
        assert!(x.unique_ptr().is_none() && !y.is_unique());
        drop(x);
        assert_eq!(y.into_array::<u8>().unwrap().as_ptr(), address);
    }

    #[test]
    fn a_buffer_of_its_own_is_given_away() {
        let x = NdArray::from_vec(vec![1_i16, 2, 3, 4, 5, 6], &[2, 3]);
        let address = x.ptr();
        let whole = x.into_vec::<i16>().unwrap();
        assert_eq!((whole.as_ptr().cast::<u8>(), &whole[..]), (address, &[1, 2, 3, 4, 5, 6][..]));
        let x = NdArray::from_vec(whole, &[2, 3]);
        assert_eq!(x.clone().permuted(&[1, 0]).into_vec::<i16>().unwrap(), [1, 4, 2, 5, 3, 6]);
        assert_eq!(x.permuted(&[1, 0]).into_vec::<i16>().unwrap(), [1, 4, 2, 5, 3, 6]);
        let row = ndarray::Array::from_vec(vec![1.0, 2.0, 3.0, 4.0]).slice_move(ndarray::s![1..3]).into_dyn();
        assert_eq!(NdArray::from(row).into_vec::<f64>().unwrap(), [2.0, 3.0]);
        assert!(NdArray::scalar(true).into_vec::<u8>().is_none());
    }

    #[test]
    fn empty_and_scalar() {
        assert_eq!(NdArray::scalar(true).to_vec::<bool>(), Some(vec![true]));
        assert_eq!(NdArray::from_vec(Vec::<f32>::new(), &[0, 3]).len(), 0);
    }
}
