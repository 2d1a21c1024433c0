//! Arrays of scalars: what the kit computes with instead of a backend.

use array_api::{Array, DType, Dims, FromScalar, Host, Result, Scalar, with_element};

/// Extents, a data type, and elements in row-major order; integers are exact, reals are `f64` that the type holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The extents.
    pub dims: Vec<usize>,
    /// The data type.
    pub dtype: DType,
    /// The elements, each a value of the data type.
    pub data: Vec<Scalar>,
}

impl Reference {
    /// The elements given, which must fill the extents.
    pub fn new(dtype: DType, dims: &[usize], data: Vec<Scalar>) -> Reference {
        assert_eq!(dims.iter().product::<usize>(), data.len(), "a reference of extents {dims:?}");
        Reference { dims: dims.to_vec(), dtype, data }
    }

    /// Every element from its index.
    pub fn build(dtype: DType, dims: &[usize], f: impl FnMut(&[usize]) -> Scalar) -> Reference {
        let mut f = f;
        let data = indices(dims).map(|i| f(&i)).collect();
        Reference::new(dtype, dims, data)
    }

    /// An `int64` array.
    pub fn ints(dims: &[usize], data: &[i64]) -> Reference {
        Reference::new(DType::Int64, dims, data.iter().map(|&i| Scalar::from(i)).collect())
    }

    /// A `float64` array.
    pub fn reals(dims: &[usize], data: &[f64]) -> Reference {
        Reference::new(DType::Float64, dims, data.iter().map(|&x| Scalar::from(x)).collect())
    }

    /// A `bool` array.
    pub fn bools(dims: &[usize], data: &[bool]) -> Reference {
        Reference::new(DType::Bool, dims, data.iter().map(|&x| Scalar::from(x)).collect())
    }

    /// What an array holds.
    ///
    /// # Errors
    /// If the kind cannot be read, or an extent is unknown.
    pub fn read(array: &Array) -> Result<Reference> {
        let host = array.to_host()?;
        let data: Vec<Scalar> = (0..host.len()).filter_map(|i| host.get(i)).collect();
        // A lazy kind does not know the extent that depends on data; one that is unknown follows from the number.
        let mut dims = array.dims().to_vec();
        let known: usize = dims.iter().filter(|&&d| d != array_api::UNKNOWN).product();
        for d in &mut dims {
            if *d == array_api::UNKNOWN {
                *d = data.len().checked_div(known).unwrap_or(0);
            }
        }
        Ok(Reference { dims, dtype: host.dtype(), data })
    }

    /// The elements as the kind's constructor takes them.
    pub fn host(&self) -> (Host, Dims) {
        let host = with_element!(self.dtype, T => {
            Host::from_vec(self.data.iter().map(|&s| <T as FromScalar>::from_scalar(s)).collect::<Vec<T>>())
        });
        (host, Dims::new(&self.dims))
    }

    /// The element at an index.
    pub fn at(&self, index: &[usize]) -> Scalar {
        self.data[self.offset(index)]
    }

    /// The element that an index of a broadcast result sees.
    pub fn broadcast_at(&self, index: &[usize]) -> Scalar {
        let skip = index.len() - self.dims.len();
        let own: Vec<usize> = index[skip..].iter().zip(&self.dims).map(|(&i, &d)| if d == 1 { 0 } else { i }).collect();
        self.at(&own)
    }

    /// The position of an index in row-major order.
    pub fn offset(&self, index: &[usize]) -> usize {
        index.iter().zip(&self.dims).fold(0, |o, (&i, &d)| o * d + i)
    }

    /// The same elements in other extents.
    pub fn reshaped(&self, dims: &[usize]) -> Reference {
        Reference::new(self.dtype, dims, self.data.clone())
    }

    /// The values in another type, which must hold them.
    pub fn cast(&self, dtype: DType) -> Reference {
        let data = self.data.iter().map(|&s| rounded(dtype, s).unwrap_or(s)).collect();
        Reference::new(dtype, &self.dims, data)
    }

    /// The permuted array: axis `i` of the result is axis `axes[i]`.
    pub fn permuted(&self, axes: &[usize]) -> Reference {
        let dims: Vec<usize> = axes.iter().map(|&a| self.dims[a]).collect();
        Reference::build(self.dtype, &dims, |i| {
            let mut from = vec![0; axes.len()];
            axes.iter().zip(i).for_each(|(&a, &i)| from[a] = i);
            self.at(&from)
        })
    }

    /// The array with every axis reversed.
    pub fn flipped(&self) -> Reference {
        let data = self.data.iter().rev().copied().collect();
        Reference::new(self.dtype, &self.dims, data)
    }
}

/// Every index of these extents, in row-major order.
pub(crate) fn indices(dims: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let dims = dims.to_vec();
    (0..dims.iter().product::<usize>()).map(move |mut n| {
        let mut index = vec![0; dims.len()];
        for (i, &d) in dims.iter().enumerate().rev() {
            index[i] = n % d;
            n /= d;
        }
        index
    })
}

/// The extents of arrays broadcast together; the kit's own inputs always fit.
pub(crate) fn broadcast(all: &[&[usize]]) -> Vec<usize> {
    let rank = all.iter().map(|d| d.len()).max().unwrap_or(0);
    (0..rank)
        .map(|i| {
            let extents = all.iter().filter_map(|d| d.len().checked_sub(rank - i).map(|j| d[j]));
            extents.fold(1, |a, b| if a == 1 { b } else { a })
        })
        .collect()
}

/// The value that a data type holds for a number: reals rounded to nearest, `None` for integers out of range.
pub(crate) fn rounded(dtype: DType, s: Scalar) -> Option<Scalar> {
    let real = |x: f64| if dtype.real() == DType::Float32 { f64::from(x as f32) } else { x };
    match dtype {
        DType::Bool => Some(Scalar::Bool(s.to_bool())),
        d if d.is_complex() => {
            let c = s.to_complex();
            Some(Scalar::Complex(array_api::Complex::new(real(c.re), real(c.im))))
        }
        d if d.is_floating() => Some(Scalar::Float(real(s.to_f64()))),
        d => Some(Scalar::int(s.to_i128())).filter(|s| s.fits(d)),
    }
}
