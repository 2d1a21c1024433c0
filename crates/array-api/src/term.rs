//! Operators. They cannot return a `Result` and stay readable; they return a [`Term`], ended by `.ok()?`.

use crate::array::Array;
use crate::error::Result;

/// The value of an expression with operators: an array, or the first error in it.
///
/// ```
/// # use array_api::{Array, Result};
/// fn standardize(x: &Array, mean: &Array, sd: &Array) -> Result<Array> {
///     ((x - mean) / sd).ok()
/// }
/// ```
// Opaque, so that it may later hold an unevaluated expression and fuse it.
#[must_use = "a term is not an array yet: end the expression with `.ok()?`"]
#[derive(Clone, Debug)]
pub struct Term(Result<Array>);

impl Term {
    /// The array.
    ///
    /// # Errors
    /// The first error of the expression, with the line of its operator.
    #[inline]
    pub fn ok(self) -> Result<Array> {
        self.0
    }

    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn of(result: Result<Array>) -> Term {
        match result {
            Ok(a) => Term(Ok(a)),
            Err(e) => Term(Err(e.at(std::panic::Location::caller()))),
        }
    }
}

impl From<Array> for Term {
    fn from(a: Array) -> Term {
        Term(Ok(a))
    }
}

impl From<Result<Array>> for Term {
    fn from(r: Result<Array>) -> Term {
        Term(r)
    }
}

// One float and one integer type only: with two, the type of a literal as in `x * 2.0` could not be inferred.
macro_rules! binary {
    ($($Trait:ident $method:ident = $op:path;)*) => { $(
        binary!(@with $Trait $method $op; &'a Array: &'b Array, Array, Term, f64, i32);
        binary!(@with $Trait $method $op; Array: &'b Array, Array, Term, f64, i32);
        binary!(@with $Trait $method $op; Term: &'b Array, Array, Term, f64, i32);
        binary!(@with $Trait $method $op; f64: &'b Array, Array, Term);
        binary!(@with $Trait $method $op; i32: &'b Array, Array, Term);
    )* };
    (@with $Trait:ident $method:ident $op:path; $Left:ty: $($Right:ty),*) => { $(
        #[allow(unused_lifetimes)]
        impl<'a, 'b> std::ops::$Trait<$Right> for $Left {
            type Output = Term;
            #[inline]
            #[track_caller]
            fn $method(self, right: $Right) -> Term { Term::of($op(self, right)) }
        }
    )* };
}

macro_rules! unary {
    ($($Trait:ident $method:ident = $op:path;)*) => { $(
        unary!(@with $Trait $method $op; &Array);
        unary!(@with $Trait $method $op; Array);
        unary!(@with $Trait $method $op; Term);
    )* };
    (@with $Trait:ident $method:ident $op:path; $Operand:ty) => {
        impl std::ops::$Trait for $Operand {
            type Output = Term;
            #[inline]
            #[track_caller]
            fn $method(self) -> Term { Term::of($op(self)) }
        }
    };
}

binary! {
    Add add = crate::add;
    Sub sub = crate::subtract;
    Mul mul = crate::multiply;
    Div div = crate::divide;
    Rem rem = crate::remainder;
    BitAnd bitand = crate::bitwise_and;
    BitOr bitor = crate::bitwise_or;
    BitXor bitxor = crate::bitwise_xor;
    Shl shl = crate::bitwise_left_shift;
    Shr shr = crate::bitwise_right_shift;
}

unary! {
    Neg neg = crate::negative;
    Not not = crate::bitwise_invert;
}
