//! `Array`: one handle for every kind of array.
//!
//! What dispatch and the front door read sits in a head beside the value, so that shape, dtype, kind and level cost a
//! load instead of a virtual call, and an implementor cannot change them later.

use std::any::Any;
use std::fmt;

use crate::call::Verdict;
use crate::dims::Dims;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::kind::{Asked, Kind, Level};
use crate::namespace::Namespace;
use crate::node::Handle;
use crate::operation::Op;
use crate::scalar::Scalar;

/// What an array type tells about itself. Implement it, and [`Native`] for typed kernels, to join the protocol.
pub trait ArrayImpl: Any + fmt::Debug + Send + Sync {
    /// The kind that answers for arrays of this type.
    fn kind(&self) -> &'static Kind;
    /// The extents; lazy kinds may hold [`UNKNOWN`](crate::UNKNOWN) ones.
    fn dims(&self) -> Dims;
    /// The data type.
    fn dtype(&self) -> DType;

    /// Where new arrays like this one live; wrappers answer with their content's.
    fn namespace(&self) -> Namespace {
        Namespace::new(self.kind())
    }

    /// Copies the elements to the host's memory in row-major order: what users ask for by name with
    /// [`Array::to_vec`] and [`Array::item`].
    fn to_host(&self) -> Result<Host> {
        Err(Error::backend("to_host", format!("arrays of kind {} cannot be read", self.kind().name())))
    }

    /// Writes the values for `Display`; kinds that would have to compute for it say what they are instead.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An array type that typed kernels can be written for. Cheap to clone: a handle on a shared buffer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an array type that kernels can be written for",
    note = "implement `ArrayImpl` and `Native` for it, or write `#[implements(.., kind = T)]` for a kernel of another type"
)]
pub trait Native: ArrayImpl + Clone + Sized {
    /// The kind of this type.
    const KIND: &'static Kind;

    /// A weak scalar as a 0-d array of this kind.
    ///
    /// # Errors
    /// Kinds without 0-d arrays keep the default, which refuses; the call then goes on to the next implementation.
    fn from_scalar(scalar: Scalar, dtype: DType) -> Result<Self> {
        let _ = dtype;
        Err(Error::value("from_scalar", format!("kind {} has no 0-d array for {scalar}", Self::KIND.name())))
    }

    /// Whether results of these shapes can be made; asked before a typed kernel runs.
    ///
    /// # Errors
    /// [`Error::memory`] where they cannot. Kinds whose elements are not in memory keep the default, which lets all pass.
    #[inline]
    fn admits(op: &'static Op, verdict: &Verdict) -> Result<()> {
        let _ = (op, verdict);
        Ok(())
    }
}

/// What dispatch reads of an array.
pub(crate) struct Head {
    pub(crate) asked: Asked,
    pub(crate) dtype: DType,
    pub(crate) dims: Dims,
}

/// An array of any kind: a cheap handle, always valid, shared between threads.
///
/// Its rank and data type are known at run time only; [`downcast_ref`](Array::downcast_ref) gives the native value back.
#[derive(Clone)]
pub struct Array(Handle);

impl Array {
    /// An array of the value's kind.
    #[inline]
    pub fn new<T: ArrayImpl>(value: T) -> Array {
        let kind = value.kind();
        Array::build(value, kind, kind.level())
    }

    /// The only way to put an array inside another: refuses content of the same or a higher level.
    ///
    /// # Errors
    /// A transformation's array hidden under a lower level would silently have no gradient, so it is refused.
    pub fn wrap<T: ArrayImpl>(value: T, level: Level, content: &Array) -> Result<Array> {
        let kind = value.kind();
        if content.level() >= level {
            return Err(Error::transform(
                "wrap",
                format!(
                    "kind {} cannot hold an array of kind {}, which is as far out or further; apply the wrapper before \
                     the transformation starts",
                    kind.name(),
                    content.kind().name()
                ),
            ));
        }
        Ok(Array::build(value, kind, level))
    }

    #[inline]
    fn build<T: ArrayImpl>(value: T, kind: &'static Kind, level: Level) -> Array {
        let head = Head { asked: Asked::new(level, kind.id()), dtype: value.dtype(), dims: value.dims() };
        Array(Handle::new(head, value))
    }

    #[inline]
    pub(crate) fn head(&self) -> &Head {
        self.0.head()
    }

    /// The level that the array is wrapped at.
    #[inline]
    pub fn level(&self) -> Level {
        self.head().asked.level()
    }

    /// The extents.
    ///
    /// # Errors
    /// Where an extent is unknown before computing (lazy kinds); [`dims`](Array::dims) serves those who handle that.
    #[inline]
    pub fn shape(&self) -> Result<&[usize]> {
        self.head().dims.known().ok_or_else(|| self.unknown_shape())
    }

    #[cold]
    fn unknown_shape(&self) -> Error {
        Error::shape(
            "shape",
            format!(
                "{} has extents that are known only after computing; compute the array or its chunk sizes first",
                self.dims()
            ),
        )
    }

    /// The extents, unknown ones included.
    #[inline]
    pub fn dims(&self) -> &Dims {
        &self.head().dims
    }

    /// The number of axes.
    #[inline]
    pub fn ndim(&self) -> usize {
        self.head().dims.len()
    }

    /// The number of elements.
    ///
    /// # Errors
    /// Where an extent is unknown before computing.
    pub fn size(&self) -> Result<usize> {
        Ok(self.shape()?.iter().product())
    }

    /// The data type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.head().dtype
    }

    /// The kind.
    #[inline]
    pub fn kind(&self) -> &'static Kind {
        self.0.value().kind()
    }

    /// Where new arrays like this one live: the standard's `xp`.
    pub fn namespace(&self) -> Namespace {
        self.0.value().namespace()
    }

    /// The native value, if the array is of this type.
    #[inline]
    pub fn downcast_ref<T: ArrayImpl>(&self) -> Option<&T> {
        self.0.downcast()
    }

    /// Copies the elements to the host's memory, in row-major order.
    ///
    /// # Errors
    /// Kinds that cannot be read, such as arrays of a running transformation.
    pub fn to_host(&self) -> Result<Host> {
        self.0.value().to_host()
    }

    /// The elements in row-major order.
    ///
    /// # Errors
    /// If the data type is not `T`'s, or the kind cannot be read.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.to_host()?.into_vec()
    }

    /// The only element of an array of one element.
    ///
    /// # Errors
    /// If there is not exactly one element, the data type is not `T`'s, or the kind cannot be read.
    pub fn item<T: Element>(&self) -> Result<T> {
        match self.to_vec::<T>()?[..] {
            [x] => Ok(x),
            _ => Err(Error::shape("item", format!("an array of shape {} is not one element", self.dims()))),
        }
    }

    /// Whether this is the only handle on the value, whose own buffer may still be shared.
    pub fn is_unique(&mut self) -> bool {
        self.0.is_unique()
    }

    /// Whether both are handles on the same value.
    pub fn same(&self, other: &Array) -> bool {
        self.0.same(&other.0)
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value().print(f)
    }
}

const _: () = {
    const fn handle<T: Send + Sync + Clone>() {}
    handle::<Array>();
    assert!(size_of::<Array>() == 8 && size_of::<Option<Array>>() == 8);
};
