//! Numbers beside tensors, as tensors without axes.
//!
//! `tch`'s own methods for numbers make a C++ scalar that they free before they look whether the call failed; freeing looks
//! for a failure too, and panics over it. A tensor has no such trouble, and its failures are errors.

use std::cell::RefCell;
use tch::{Kind, TchError, Tensor};

pub(crate) type Outcome = Result<Tensor, TchError>;

/// A number of any type.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl From<i64> for Number {
    fn from(i: i64) -> Number {
        Number::Int(i)
    }
}

impl From<f64> for Number {
    fn from(x: f64) -> Number {
        Number::Float(x)
    }
}

/// The tensor of a number in a type, on the CPU: libtorch takes those from every device.
pub(crate) fn constant(number: Number, kind: Kind) -> Outcome {
    // Few numbers come again and again; a tensor costs as much as a small operation.
    const KEPT: usize = 8;
    thread_local! {
        static LAST: RefCell<Vec<(Number, Kind, Tensor)>> = const { RefCell::new(Vec::new()) };
    }
    let same = |(n, k, _): &&(Number, Kind, Tensor)| *n == number && *k == kind && number != Number::Float(0.0);
    LAST.with_borrow_mut(|last| {
        if let Some((.., tensor)) = last.iter().find(same) {
            return Ok(tensor.shallow_clone());
        }
        let tensor = fresh(number, kind)?;
        if last.len() == KEPT {
            drop(last.remove(0));
        }
        last.push((number, kind, tensor.shallow_clone()));
        Ok(tensor)
    })
}

/// The same, of its own.
pub(crate) fn fresh(number: Number, kind: Kind) -> Outcome {
    let of = |bytes: &[u8]| Tensor::f_from_data_size(bytes, &[], kind);
    match (number, kind) {
        (Number::Int(i), Kind::Bool) => of(&[u8::from(i != 0)]),
        (Number::Int(i), Kind::Uint8 | Kind::Int8) => of(&[i as u8]),
        (Number::Int(i), Kind::Int16) => of(&(i as i16).to_ne_bytes()),
        (Number::Int(i), Kind::Int) => of(&(i as i32).to_ne_bytes()),
        (Number::Int(i), Kind::Int64) => of(&i.to_ne_bytes()),
        (Number::Int(i), _) => fresh(Number::Float(i as f64), kind),
        (Number::Float(x), Kind::Float) => of(&(x as f32).to_ne_bytes()),
        (Number::Float(x), Kind::Double) => of(&x.to_ne_bytes()),
        (Number::Float(x), Kind::ComplexFloat) => of([(x as f32).to_ne_bytes(), [0; 4]].as_flattened()),
        (Number::Float(x), Kind::ComplexDouble) => of([x.to_ne_bytes(), [0; 8]].as_flattened()),
        (Number::Float(x), _) => fresh(Number::Int(x as i64), kind),
    }
}

macro_rules! with_numbers {
    ($($f:ident = $method:ident;)*) => {
        /// libtorch's functions of a tensor and a number of the tensor's type.
        pub(crate) trait Numbers {
            /// The number in the tensor's type.
            fn number(&self, n: impl Into<Number>) -> Outcome;
            /// The elements, with a number where `mask` is true.
            fn with_where(&self, mask: &Tensor, n: impl Into<Number>) -> Outcome;
            $( fn $f(&self, n: impl Into<Number>) -> Outcome; )*
        }
        impl Numbers for Tensor {
            fn number(&self, n: impl Into<Number>) -> Outcome {
                constant(n.into(), self.f_kind()?)
            }
            fn with_where(&self, mask: &Tensor, n: impl Into<Number>) -> Outcome {
                self.number(n)?.f_where_self(mask, self)
            }
            $( fn $f(&self, n: impl Into<Number>) -> Outcome {
                self.$method(&self.number(n)?)
            } )*
        }
    };
}

with_numbers! {
    plus = f_add; minus = f_sub; times = f_mul; over = f_div; at_least = f_maximum; at_most = f_minimum;
    is = f_eq_tensor; is_not = f_ne_tensor; is_below = f_lt_tensor; is_from = f_ge_tensor; is_above = f_gt_tensor;
    and = f_bitwise_and_tensor; xor = f_bitwise_xor_tensor;
    moved_left = f_bitwise_left_shift; moved_right = f_bitwise_right_shift;
}

/// As many elements as can be had: a failed allocation inside a call with a scalar would be a panic.
pub(crate) fn room(shape: &[i64], options: (Kind, tch::Device)) -> Result<(), TchError> {
    Tensor::f_empty(shape, options).map(drop)
}
