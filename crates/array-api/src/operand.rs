//! What may stand in an argument position, and how callers' values become operands.

use num_complex::Complex;
use smallvec::SmallVec;

use crate::array::{Array, Native};
use crate::dtype::DType;
use crate::error::Result;
use crate::scalar::Scalar;
use crate::term::Term;

/// One argument of a call: borrowed, donated, a weak scalar, or left out.
#[derive(Debug)]
#[repr(u8)] // its own tag: one comparison says whether it is an array
pub enum Operand<'a> {
    /// Borrowed: `&x`.
    Ref(&'a Array),
    /// Donated: `x`. A kernel may overwrite its buffer if nothing else holds it.
    Own(Array),
    /// A weak Rust number.
    Scalar(Scalar),
    /// An optional argument that was not given.
    Absent,
}

/// The operands of one call; up to three are inline.
pub type Args<'a> = SmallVec<[Operand<'a>; 3]>;

impl<'a> Operand<'a> {
    /// The array, if the operand is one.
    #[inline]
    pub fn array(&self) -> Option<&Array> {
        match self {
            Operand::Ref(a) => Some(a),
            Operand::Own(a) => Some(a),
            Operand::Scalar(_) | Operand::Absent => None,
        }
    }

    /// Whether an optional argument was left out.
    pub fn is_absent(&self) -> bool {
        matches!(self, Operand::Absent)
    }

    /// The operand's data type; a weak scalar has none.
    pub fn dtype(&self) -> Option<DType> {
        self.array().map(Array::dtype)
    }

    /// Takes one layer off a wrapper's operand: `inner` gives the content of this wrapper's arrays.
    ///
    /// A donated wrapper gives its content on, still donated: the wrapper is dropped first.
    pub fn peel(&mut self, inner: impl Fn(&Array) -> Option<&Array>) -> Operand<'_> {
        match self {
            Operand::Own(a) => {
                let content = inner(a).unwrap_or(a).clone();
                *self = Operand::Absent;
                Operand::Own(content)
            }
            Operand::Ref(a) => Operand::Ref(inner(a).unwrap_or(a)),
            Operand::Scalar(s) => Operand::Scalar(*s),
            Operand::Absent => Operand::Absent,
        }
    }

    /// Moves the operand out, leaving `Absent`.
    pub fn take(&mut self) -> Operand<'a> {
        std::mem::replace(self, Operand::Absent)
    }

    /// A second look at the same operand, never donated.
    pub fn reborrow(&self) -> Operand<'_> {
        match self {
            Operand::Ref(a) => Operand::Ref(a),
            Operand::Own(a) => Operand::Ref(a),
            Operand::Scalar(s) => Operand::Scalar(*s),
            Operand::Absent => Operand::Absent,
        }
    }

    /// The operand with its own handle, to keep beyond the call.
    pub fn to_static(&self) -> Operand<'static> {
        match self {
            Operand::Ref(a) => Operand::Own((*a).clone()),
            Operand::Own(a) => Operand::Own(a.clone()),
            Operand::Scalar(s) => Operand::Scalar(*s),
            Operand::Absent => Operand::Absent,
        }
    }
}

/// An operand as a typed kernel sees it: a native array, borrowed or donated, or a weak scalar.
///
/// A kernel that takes `Arg<'_, T>` handles scalars without a 0-d array and may write into donated arrays.
#[derive(Debug)]
pub enum Arg<'a, T> {
    /// Borrowed.
    Ref(&'a T),
    /// Donated: the handle is the kernel's own.
    Own(T),
    /// A weak number, and the data type that it takes.
    Scalar(Scalar, DType),
}

impl<T: Native> Arg<'_, T> {
    /// The array, if the operand is not a scalar.
    #[inline]
    pub fn array(&self) -> Option<&T> {
        match self {
            Arg::Ref(t) => Some(t),
            Arg::Own(t) => Some(t),
            Arg::Scalar(..) => None,
        }
    }

    /// The number, if the operand is one.
    #[inline]
    pub fn scalar(&self) -> Option<Scalar> {
        if let Arg::Scalar(s, _) = self { Some(*s) } else { None }
    }
}

/// Role of an argument that must be given.
pub enum One {}
/// Role of an argument that may be left out with `None`.
pub enum Maybe {}

/// What can be passed as one argument: `&x`, `x` (donated), a number, a [`Term`], and `None` where it is optional.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an array argument here",
    note = "pass `&x`, `x` (donates it), a number, or for an optional argument `None`"
)]
pub trait IntoArg<'a, Role> {
    /// The operand.
    ///
    /// # Errors
    /// If a term failed.
    fn into_operand(self) -> Result<Operand<'a>>;
}

/// What can be passed as a list argument, which is always a row's last one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arrays",
    note = "pass `[&x, &y]`, `&vec`, a slice, or a `Vec<Array>` (donates its arrays)"
)]
pub trait IntoArgs<'a> {
    /// Appends the operands.
    fn append_operands(self, to: &mut Args<'a>);
}

impl<'a> IntoArg<'a, One> for &'a Array {
    #[inline]
    fn into_operand(self) -> Result<Operand<'a>> {
        Ok(Operand::Ref(self))
    }
}

impl<'a> IntoArg<'a, One> for Array {
    #[inline]
    fn into_operand(self) -> Result<Operand<'a>> {
        Ok(Operand::Own(self))
    }
}

impl<'a> IntoArg<'a, One> for Term {
    #[inline]
    fn into_operand(self) -> Result<Operand<'a>> {
        self.ok().map(Operand::Own)
    }
}

impl<'a> IntoArg<'a, One> for &'a Operand<'_> {
    #[inline]
    fn into_operand(self) -> Result<Operand<'a>> {
        Ok(self.reborrow())
    }
}

impl<'a> IntoArg<'a, One> for Operand<'a> {
    #[inline]
    fn into_operand(self) -> Result<Operand<'a>> {
        Ok(self)
    }
}

macro_rules! scalars {
    ($($t:ty),*) => { $(
        impl<'a> IntoArg<'a, One> for $t {
            #[inline]
            fn into_operand(self) -> Result<Operand<'a>> { Ok(Operand::Scalar(self.into())) }
        }
    )* };
}
scalars!(f64, f32, i32, i64, u32, u64, usize, bool, Complex<f64>, Complex<f32>, Scalar);

// One impl for `Option` only, so that a bare `None` infers.
impl<'a> IntoArg<'a, Maybe> for Option<&'a Array> {
    #[inline]
    fn into_operand(self) -> Result<Operand<'a>> {
        Ok(self.map_or(Operand::Absent, Operand::Ref))
    }
}

impl<'a, T: IntoArg<'a, One>> IntoArg<'a, Maybe> for T {
    #[inline]
    fn into_operand(self) -> Result<Operand<'a>> {
        IntoArg::<One>::into_operand(self)
    }
}

impl<'a> IntoArgs<'a> for &'a [Array] {
    fn append_operands(self, to: &mut Args<'a>) {
        to.extend(self.iter().map(Operand::Ref));
    }
}

impl<'a> IntoArgs<'a> for &'a [&'a Array] {
    fn append_operands(self, to: &mut Args<'a>) {
        to.extend(self.iter().map(|a| Operand::Ref(a)));
    }
}

impl<'a> IntoArgs<'a> for &'a Vec<Array> {
    fn append_operands(self, to: &mut Args<'a>) {
        to.extend(self.iter().map(Operand::Ref));
    }
}

impl<'a> IntoArgs<'a> for Vec<Array> {
    fn append_operands(self, to: &mut Args<'a>) {
        to.extend(self.into_iter().map(Operand::Own));
    }
}

impl<'a, const N: usize> IntoArgs<'a> for [&'a Array; N] {
    fn append_operands(self, to: &mut Args<'a>) {
        to.extend(self.into_iter().map(Operand::Ref));
    }
}

impl<'a> IntoArgs<'a> for Args<'a> {
    fn append_operands(self, to: &mut Args<'a>) {
        to.extend(self);
    }
}
