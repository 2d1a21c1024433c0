//! One call as data: what every kernel, wrapper, tape, batch, logger and plugin receives.

use std::any::Any;
use std::ops::{Index, IndexMut};

use crate::array::{Array, Native};
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kind::Level;
use crate::namespace::Namespace;
use crate::operand::{Arg, Args, Operand};
use crate::operation::{Op, Operation};
use crate::value::Params;

/// Shape and data type of one result, known before any kernel runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The extents; those that depend on data are [`UNKNOWN`](crate::UNKNOWN).
    pub dims: Dims,
    /// The data type.
    pub dtype: DType,
}

impl Meta {
    /// A result of this shape and type.
    pub fn new(dims: impl Into<Dims>, dtype: DType) -> Meta {
        Meta { dims: dims.into(), dtype }
    }
}

/// The front door's verdict on a call: what will come out, and the type that weak scalars take.
#[derive(Clone, Debug)]
pub struct Verdict {
    first: Meta,
    /// The common data type of the operands; weak scalars become it.
    pub operands: DType,
    /// All results, where there is not exactly one.
    many: Option<Box<[Meta]>>,
}

impl Verdict {
    /// One result, of the operands' type.
    #[inline]
    pub fn same(dims: Dims, dtype: DType) -> Verdict {
        Verdict::new(dims, dtype, dtype)
    }

    /// One result of a type of its own.
    #[inline]
    pub fn new(dims: Dims, dtype: DType, operands: DType) -> Verdict {
        Verdict { first: Meta { dims, dtype }, operands, many: None }
    }

    /// Several results, or a list.
    pub fn many(results: Vec<Meta>, operands: DType) -> Verdict {
        let first = results.first().cloned().unwrap_or(Meta { dims: Dims::SCALAR, dtype: operands });
        Verdict { first, operands, many: Some(results.into()) }
    }

    /// The results' shapes and types.
    #[inline]
    pub fn results(&self) -> &[Meta] {
        match &self.many {
            None => std::slice::from_ref(&self.first),
            Some(v) => v,
        }
    }

    /// The first result's extents.
    #[inline]
    pub fn dims(&self) -> &Dims {
        &self.first.dims
    }

    /// The first result's data type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.first.dtype
    }
}

/// Results of one call.
#[derive(Debug, Clone)]
pub enum Outs {
    /// One array.
    One(Array),
    /// Several named arrays, or a list.
    Many(Vec<Array>),
}

impl Outs {
    /// Applies a function to every result.
    ///
    /// # Errors
    /// The function's first.
    pub fn map(self, mut f: impl FnMut(Array) -> Result<Array>) -> Result<Outs> {
        Ok(match self {
            Outs::One(a) => Outs::One(f(a)?),
            Outs::Many(v) => Outs::Many(v.into_iter().map(f).collect::<Result<_>>()?),
        })
    }

    /// The results in order.
    pub fn as_slice(&self) -> &[Array] {
        match self {
            Outs::One(a) => std::slice::from_ref(a),
            Outs::Many(v) => v,
        }
    }

    /// The results in order.
    pub fn into_vec(self) -> Vec<Array> {
        match self {
            Outs::One(a) => vec![a],
            Outs::Many(v) => v,
        }
    }
}

impl From<Array> for Outs {
    #[inline]
    fn from(a: Array) -> Outs {
        Outs::One(a)
    }
}

impl From<Vec<Array>> for Outs {
    fn from(v: Vec<Array>) -> Outs {
        Outs::Many(v)
    }
}

impl<const N: usize> From<[Array; N]> for Outs {
    fn from(v: [Array; N]) -> Outs {
        Outs::Many(v.into())
    }
}

/// What crosses the table of implementations.
///
/// 16 bytes, so that it comes back in registers: 24 or more cost 25 ns of stalls per call.
pub enum Answer {
    /// One array.
    One(Array),
    /// Everything less common.
    Other(Box<Other>),
}

/// The less common answers.
pub enum Other {
    /// Several arrays.
    Several(Vec<Array>),
    /// The implementation does not serve this call, with the reason.
    Declined(Box<str>),
    /// The call failed.
    Failed(Error),
}

const _: () = assert!(size_of::<Answer>() == 16);

/// What a generic handler returns. Declining is no [`Error`]: `?` on an inner call never means "ask the next one".
pub type Handled = Result<Outs, Exit>;

/// Why a handler or kernel gave no result.
#[derive(Debug)]
pub enum Exit {
    /// It does not serve this call; the next implementation is asked.
    Declined(Box<str>),
    /// A real failure; the search stops.
    Failed(Error),
}

impl From<Error> for Exit {
    #[cold]
    fn from(e: Error) -> Exit {
        Exit::Failed(e)
    }
}

/// Declines a call with a reason, from a handler or a kernel that returns `Result<_, Exit>`.
///
/// # Errors
/// Always: [`Exit::Declined`].
#[cold]
pub fn decline<T>(why: impl Into<Box<str>>) -> Result<T, Exit> {
    Err(Exit::Declined(why.into()))
}

/// What implementations may return.
#[diagnostic::on_unimplemented(
    message = "an implementation cannot return `{Self}`",
    note = "return `Result<T>` or `Result<T, Exit>`, where `T` is an array type, `Array`, or a vector of these"
)]
pub trait IntoAnswer {
    /// Whether the type can decline; donated operands then stay in the call for the next implementation.
    const MAY_DECLINE: bool;
    /// The answer.
    fn into_answer(self) -> Answer;
}

/// A successful value that implementations may return.
pub trait IntoOuts {
    /// The results.
    fn into_outs(self) -> Outs;
}

impl<T: crate::array::ArrayImpl> IntoOuts for T {
    #[inline]
    fn into_outs(self) -> Outs {
        Outs::One(Array::new(self))
    }
}

impl IntoOuts for Array {
    #[inline]
    fn into_outs(self) -> Outs {
        Outs::One(self)
    }
}

impl IntoOuts for Outs {
    #[inline]
    fn into_outs(self) -> Outs {
        self
    }
}

impl<T: IntoOuts> IntoOuts for Vec<T> {
    fn into_outs(self) -> Outs {
        Outs::Many(self.into_iter().flat_map(|t| t.into_outs().into_vec()).collect())
    }
}

impl<T: IntoOuts, const N: usize> IntoOuts for [T; N] {
    fn into_outs(self) -> Outs {
        Outs::Many(self.into_iter().flat_map(|t| t.into_outs().into_vec()).collect())
    }
}

impl<T: IntoOuts> IntoAnswer for Result<T, Error> {
    const MAY_DECLINE: bool = false;
    #[inline]
    fn into_answer(self) -> Answer {
        match self {
            Ok(t) => t.into_outs().into(),
            Err(e) => e.into(),
        }
    }
}

impl<T: IntoOuts> IntoAnswer for Result<T, Exit> {
    const MAY_DECLINE: bool = true;
    #[inline]
    fn into_answer(self) -> Answer {
        match self {
            Ok(t) => t.into_outs().into(),
            Err(e) => e.into(),
        }
    }
}

impl IntoAnswer for Answer {
    const MAY_DECLINE: bool = true;
    #[inline]
    fn into_answer(self) -> Answer {
        self
    }
}

impl From<Outs> for Answer {
    #[inline]
    fn from(o: Outs) -> Answer {
        match o {
            Outs::One(a) => Answer::One(a),
            Outs::Many(v) => Answer::Other(Box::new(Other::Several(v))),
        }
    }
}

impl From<Error> for Answer {
    #[cold]
    fn from(e: Error) -> Answer {
        Answer::Other(Box::new(Other::Failed(e)))
    }
}

impl From<Exit> for Answer {
    #[cold]
    fn from(e: Exit) -> Answer {
        Answer::Other(Box::new(match e {
            Exit::Declined(why) => Other::Declined(why),
            Exit::Failed(e) => Other::Failed(e),
        }))
    }
}

impl Answer {
    /// The results, where declining has already been dealt with.
    ///
    /// # Errors
    /// If the call failed.
    pub fn outs(self, op: &'static Op) -> Result<Outs> {
        match self {
            Answer::One(a) => Ok(Outs::One(a)),
            Answer::Other(o) => match *o {
                Other::Several(v) => Ok(Outs::Many(v)),
                Other::Failed(e) => Err(e),
                Other::Declined(why) => Err(Error::not_implemented(op.name, String::from(why))),
            },
        }
    }
}

/// One call of an operation, as data.
pub struct Call<'c, 'a> {
    /// The operation.
    pub op: &'static Op,
    /// Its parameters, in canonical form: the front door has normalised axes and filled in types.
    pub params: &'c dyn Params,
    /// The operands, in the row's order.
    pub args: &'c mut [Operand<'a>],
    /// What will come out.
    pub verdict: &'c Verdict,
    /// Where the result is to live, for creation.
    pub namespace: Option<&'c Namespace>,
}

impl<'a> Call<'_, 'a> {
    /// The operands that are arrays.
    pub fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.args.iter().filter_map(Operand::array)
    }

    /// The outermost level among the arguments.
    pub fn level(&self) -> Level {
        let namespace = self.namespace.map_or(Level::DATA, |xp| xp.kind().level());
        self.arrays().map(Array::level).fold(namespace, Level::max)
    }

    /// The parameters of a known operation.
    ///
    /// # Errors
    /// If the call is of another operation.
    #[inline]
    pub fn params<O: Operation>(&self) -> Result<&O> {
        (self.params as &dyn Any).downcast_ref().ok_or_else(|| {
            Error::backend(self.op.name, format!("the parameters {:?} are not those of {}", self.params, O::OP.name))
        })
    }

    /// The same call on other operands of the same shapes and types: how wrappers hand it on.
    ///
    /// Donated operands stay donated.
    ///
    /// # Errors
    /// The inner call's.
    pub fn redispatch(&self, args: &mut [Operand<'_>]) -> Result<Outs> {
        let Call { op, params, verdict, namespace, .. } = *self;
        crate::dispatch::dispatch(&mut Call { op, params, args, verdict, namespace }).outs(op)
    }

    /// The operands with one layer taken off each of this wrapper's arrays.
    pub fn peel(&mut self, inner: impl Fn(&Array) -> Option<&Array>) -> Args<'_> {
        self.args.iter_mut().map(|o| o.peel(&inner)).collect()
    }

    /// Why a typed kernel for `T` cannot take these operands.
    #[cold]
    #[doc(hidden)]
    pub fn foreign<T: Native>(&self) -> Answer {
        let why = self.args.iter().enumerate().find_map(|(i, o)| match o {
            Operand::Ref(_) | Operand::Own(_) if native::<T>(o).is_some() => None,
            Operand::Ref(_) | Operand::Own(_) => {
                let kind = o.array().map_or("scalar", |a| a.kind().name());
                Some(format!("the kernel takes {}, operand {i} is of kind {kind}", T::KIND.name()))
            }
            Operand::Scalar(s) => match T::from_scalar(*s, self.verdict.operands) {
                Ok(_) => None,
                Err(e) => Some(format!("the kernel cannot take the scalar {s}: {}", e.message())),
            },
            Operand::Absent => Some(format!("the kernel needs operand {i}")),
        });
        Exit::Declined(why.unwrap_or_else(|| "the kernel does not take these operands".into()).into()).into()
    }
}

impl<'a> Index<usize> for Call<'_, 'a> {
    type Output = Operand<'a>;
    #[inline]
    fn index(&self, i: usize) -> &Operand<'a> {
        &self.args[i]
    }
}

impl<'a> IndexMut<usize> for Call<'_, 'a> {
    #[inline]
    fn index_mut(&mut self, i: usize) -> &mut Operand<'a> {
        &mut self.args[i]
    }
}

/// The native view of an operand.
#[inline]
#[doc(hidden)]
pub fn native<'h, T: Native>(o: &'h Operand<'_>) -> Option<&'h T> {
    o.array()?.downcast_ref()
}

/// A borrowed native operand; a weak scalar becomes a 0-d array in `room`.
#[inline]
#[doc(hidden)]
pub fn borrow<'h, T: Native>(o: &'h Operand<'_>, dtype: DType, room: &'h mut Option<T>) -> Option<&'h T> {
    match o {
        Operand::Ref(a) => a.downcast_ref(),
        Operand::Own(a) => a.downcast_ref(),
        Operand::Scalar(s) => Some(room.insert(T::from_scalar(*s, dtype).ok()?)),
        Operand::Absent => None,
    }
}

/// A native operand for a kernel that takes [`Arg`].
///
/// A donated array gives its handle: the cheap native handle is cloned and the `Array` dropped, so that the buffer's own
/// count says whether it may be overwritten. Views and saved values keep it safe without any unsafe code.
#[inline]
#[doc(hidden)]
pub fn arg<'h, T: Native>(o: &'h mut Operand<'_>, dtype: DType, keep: bool) -> Option<Arg<'h, T>> {
    if let Operand::Own(a) = o
        && !keep
    {
        let t = a.downcast_ref::<T>()?.clone();
        *o = Operand::Absent;
        return Some(Arg::Own(t));
    }
    match o {
        Operand::Ref(a) => a.downcast_ref().map(Arg::Ref),
        Operand::Own(a) => a.downcast_ref().map(Arg::Ref),
        Operand::Scalar(s) => Some(Arg::Scalar(*s, dtype)),
        Operand::Absent => None,
    }
}

/// Whether [`arg`] would give a native operand; where it is left out, whether that is allowed.
#[inline]
#[doc(hidden)]
pub fn gives_arg<T: Native>(o: &Operand<'_>, optional: bool) -> bool {
    match o {
        Operand::Scalar(_) => true,
        Operand::Absent => optional,
        o => native::<T>(o).is_some(),
    }
}

/// Whether [`value`] would give a native operand.
#[inline]
#[doc(hidden)]
pub fn gives_value<T: Native>(o: &Operand<'_>, dtype: DType) -> bool {
    match o {
        Operand::Scalar(s) => T::from_scalar(*s, dtype).is_ok(),
        o => native::<T>(o).is_some(),
    }
}

/// A native operand by value.
#[inline]
#[doc(hidden)]
pub fn value<T: Native>(o: &mut Operand<'_>, dtype: DType, keep: bool) -> Option<T> {
    Some(match arg::<T>(o, dtype, keep)? {
        Arg::Ref(t) => t.clone(),
        Arg::Own(t) => t,
        Arg::Scalar(s, dtype) => T::from_scalar(s, dtype).ok()?,
    })
}
