//! Values in the host's memory: how numbers enter and leave arrays of any kind.

use num_complex::Complex;

use crate::dims::Dims;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

macro_rules! host {
    ($($variant:ident: $t:ty),* $(,)?) => {
        /// Elements in row-major order, one variant per data type.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs)] // the variants are the standard's data types
        pub enum Host { $($variant(Vec<$t>)),* }

        impl Host {
            /// The data type.
            pub fn dtype(&self) -> DType {
                match self { $(Host::$variant(_) => DType::$variant),* }
            }

            /// The number of elements.
            pub fn len(&self) -> usize {
                match self { $(Host::$variant(v) => v.len()),* }
            }

            /// One element as a scalar.
            pub fn get(&self, i: usize) -> Option<Scalar> {
                match self { $(Host::$variant(v) => v.get(i).map(|&x| Scalar::from(x))),* }
            }
        }

        $(
            impl From<Vec<$t>> for Host { fn from(v: Vec<$t>) -> Host { Host::$variant(v) } }
            impl Nested for $t {
                type Element = $t;
                fn shape(&self) -> Result<Vec<usize>> { Ok(vec![]) }
                fn append(self, to: &mut Vec<$t>) { to.push(self) }
            }
        )*

        impl Host {
            /// The elements as a vector.
            ///
            /// # Errors
            /// If the data type is not `T`'s.
            pub fn into_vec<T: Element>(self) -> Result<Vec<T>> {
                let dtype = self.dtype();
                let any: Box<dyn std::any::Any> = match self { $(Host::$variant(v) => Box::new(v)),* };
                any.downcast::<Vec<T>>().map(|v| *v).map_err(|_| {
                    let want = T::DTYPE;
                    Error::dtype("to_vec", format!("the array is {dtype}, not {want}; convert it with astype({want})"))
                })
            }

            /// From a vector of any element type.
            pub fn from_vec<T: Element>(v: Vec<T>) -> Host {
                let any: Box<dyn std::any::Any> = Box::new(v);
                match T::DTYPE { $(DType::$variant => Host::$variant(*any.downcast().expect("element types are sealed")),)* }
            }
        }
    };
}

host! {
    Bool: bool, Int8: i8, Int16: i16, Int32: i32, Int64: i64, UInt8: u8, UInt16: u16, UInt32: u32, UInt64: u64,
    Float32: f32, Float64: f64, Complex64: Complex<f32>, Complex128: Complex<f64>,
}

impl Host {
    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as real numbers: integers and floats of any width, truth values as 0 and 1.
    ///
    /// # Errors
    /// For complex data.
    pub fn to_f64(&self) -> Result<Vec<f64>> {
        if self.dtype().is_complex() {
            return Err(Error::dtype("to_f64", format!("{} values are not real numbers", self.dtype())));
        }
        Ok((0..self.len()).filter_map(|i| self.get(i)).map(Scalar::to_f64).collect())
    }
}

/// Nested literals such as `[[1.0, 2.0], [3.0, 4.0]]`, vectors and slices: what [`Namespace::asarray`] takes.
///
/// [`Namespace::asarray`]: crate::Namespace::asarray
pub trait Nested: Sized {
    /// The type of the elements.
    type Element: Element;
    /// The extents, outermost first.
    ///
    /// # Errors
    /// If rows differ in length.
    fn shape(&self) -> Result<Vec<usize>>;
    /// Appends the elements in row-major order.
    fn append(self, to: &mut Vec<Self::Element>);

    /// The elements and their shape.
    ///
    /// # Errors
    /// If rows differ in length.
    fn flatten(self) -> Result<(Host, Dims)> {
        let shape = Dims::from(self.shape()?);
        let mut v = Vec::with_capacity(shape.size().unwrap_or(0));
        self.append(&mut v);
        Ok((Host::from_vec(v), shape))
    }
}

fn stacked<'a, N: Nested + 'a>(items: impl ExactSizeIterator<Item = &'a N>) -> Result<Vec<usize>> {
    let mut shape = vec![items.len()];
    let mut inner: Option<Vec<usize>> = None;
    for (i, item) in items.enumerate() {
        let s = item.shape()?;
        match &inner {
            Some(first) if *first != s => {
                return Err(Error::shape(
                    "asarray",
                    format!("row {i} has shape {}, the first one {}", Dims::from(&s), Dims::from(first)),
                ));
            }
            _ => inner = Some(s),
        }
    }
    shape.extend(inner.unwrap_or_default());
    Ok(shape)
}

impl<N: Nested, const L: usize> Nested for [N; L] {
    type Element = N::Element;
    fn shape(&self) -> Result<Vec<usize>> {
        stacked(self.iter())
    }
    fn append(self, to: &mut Vec<N::Element>) {
        self.into_iter().for_each(|n| n.append(to));
    }
}

impl<N: Nested> Nested for Vec<N> {
    type Element = N::Element;
    fn shape(&self) -> Result<Vec<usize>> {
        stacked(self.iter())
    }
    fn append(self, to: &mut Vec<N::Element>) {
        self.into_iter().for_each(|n| n.append(to));
    }
}

impl<N: Nested + Clone> Nested for &[N] {
    type Element = N::Element;
    fn shape(&self) -> Result<Vec<usize>> {
        stacked(self.iter())
    }
    fn append(self, to: &mut Vec<N::Element>) {
        self.iter().for_each(|n| n.clone().append(to));
    }
}

impl<N: Nested + Clone> Nested for &Vec<N> {
    type Element = N::Element;
    fn shape(&self) -> Result<Vec<usize>> {
        stacked(self.iter())
    }
    fn append(self, to: &mut Vec<N::Element>) {
        self.as_slice().append(to);
    }
}
