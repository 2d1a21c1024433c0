//! Derivatives of operations: one table for reverse and forward mode.
//!
//! Conventions. A derivative of a complex function is the adjoint with respect to the real inner product
//! `Re(sum(conj(a) * b))`, so that the gradient of a real function points uphill (as in PyTorch; JAX gives its conjugate).
//! At kinks, one of the one-sided derivatives or their mean is taken; where a table's line does, it says so.

mod activation;
mod elementwise;
mod fft;
mod indexing;
mod linear_algebra;
mod manipulation;
mod scan;
mod spectral;
mod statistical;
mod svd;

use array_api::{Array, DType, Error, Meta, Op, Operand, Operation, Params, Result};
use std::any::Any;
use std::sync::OnceLock;

use crate::by_operation::ByOperation;

/// Which values of a call a rule reads in the backward pass. What is not named is not kept, so its buffer can be reused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Shapes and types only.
    Nothing,
    /// The operands.
    Operands,
    /// Operands that have no derivative: positions, conditions, numbers.
    Fixed,
    /// Each operand only if another one is differentiated: products.
    Others,
    /// The results.
    Results,
    /// Operands and results.
    Both,
}

/// How an operation is differentiated.
#[derive(Clone, Copy)]
pub enum Rule {
    /// Elementwise: the partial derivative with respect to operand `i`.
    Partial(Keep, fn(&Context<'_>, usize) -> Result<Array>),
    /// Linear in all its array operands together; the function is the transpose: cotangent of operand `i`.
    Linear(Keep, fn(&Context<'_>, Array, usize) -> Result<Array>),
    /// Picks elements of its first operand; the function adds the cotangent to where they came from, in what other calls have
    /// given of that operand's: of many small parts, each costs no more than itself.
    Parts(Keep, fn(&Context<'_>, Option<Array>, Array) -> Result<Array>),
    /// Linear in each of its array operands; the function is the transpose in operand `i`.
    Multilinear(Keep, fn(&Context<'_>, Array, usize) -> Result<Array>),
    /// Anything else: reverse and forward rule.
    General(Keep, Vjp, Jvp),
    /// Constant almost everywhere.
    Zero,
}

/// Reverse rule: cotangents of the results (`None` is zero) to the cotangent of operand `i`.
pub type Vjp = fn(&Context<'_>, &[Option<Array>], usize) -> Result<Array>;
/// Forward rule: tangents of the operands (`None` is zero) to those of the results.
pub type Jvp = fn(&Context<'_>, &[Option<Array>]) -> Result<Vec<Array>>;

impl Rule {
    pub(crate) fn keep(&self) -> Keep {
        match self {
            Rule::Partial(k, _)
            | Rule::Linear(k, _)
            | Rule::Parts(k, _)
            | Rule::Multilinear(k, _)
            | Rule::General(k, ..) => *k,
            Rule::Zero => Keep::Nothing,
        }
    }
}

/// What a rule sees of a call.
pub struct Context<'c> {
    /// The operation.
    pub op: &'static Op,
    /// Its parameters, in canonical form.
    pub params: &'c dyn Params,
    /// The operands; those that were not kept are absent.
    pub args: &'c [Operand<'static>],
    /// Shapes and types of the operands.
    pub operands: &'c [Meta],
    /// The results; empty if they were not kept.
    pub outs: &'c [Array],
    /// Shapes and types of the results.
    pub results: &'c [Meta],
}

impl Context<'_> {
    /// An operand that is an array.
    ///
    /// # Errors
    /// If the rule did not name it as kept.
    pub fn x(&self, i: usize) -> Result<&Array> {
        self.args.get(i).and_then(Operand::array).ok_or_else(|| {
            Error::transform(self.op.name, format!("the derivative reads operand {i}, which its rule does not keep"))
        })
    }

    /// A result.
    ///
    /// # Errors
    /// If the rule did not name the results as kept.
    pub fn out(&self, i: usize) -> Result<&Array> {
        self.outs.get(i).ok_or_else(|| {
            Error::transform(self.op.name, format!("the derivative reads result {i}, which its rule does not keep"))
        })
    }

    /// The parameters.
    ///
    /// # Errors
    /// If the table names another operation than the call's.
    pub fn params<O: Operation>(&self) -> Result<&O> {
        (self.params as &dyn Any)
            .downcast_ref()
            .ok_or_else(|| Error::transform(self.op.name, format!("its rule reads parameters of {}", O::OP.name)))
    }
}

/// Lines of a table. A third party submits its own with `inventory::submit!`.
pub struct Rules(pub &'static [(&'static Op, Rule)]);
inventory::collect!(Rules);

/// The rule of an operation, if it has one; otherwise its composition is differentiated.
pub fn rule(op: &'static Op) -> Option<&'static Rule> {
    static TABLE: OnceLock<ByOperation<Rule>> = OnceLock::new();
    let table = TABLE.get_or_init(|| inventory::iter::<Rules>.into_iter().flat_map(|r| r.0.iter().copied()).collect());
    table.get(op)
}

/// Writes lines of the table: `Operation: Kind(Keep, |context, ...| ...);`.
macro_rules! rules {
    ($($Op:ident: $Rule:ident $(($($part:expr),* $(,)?))?;)*) => {
        const TABLE: &[(&array_api::Op, $crate::derivative::Rule)] = &[
            $((<array_api::$Op as array_api::Operation>::OP, $crate::derivative::Rule::$Rule $(($($part),*))?)),*
        ];
        inventory::submit! { $crate::derivative::Rules(TABLE) }
    };
}
pub(crate) use rules;

/// The complex conjugate; real arrays stay as they are.
pub(crate) fn conj(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() { array_api::conj(x) } else { Ok(x.clone()) }
}

/// The conjugate transpose of matrices.
pub(crate) fn adjoint(x: &Array) -> Result<Array> {
    array_api::matrix_transpose(conj(x)?)
}

/// The sum of what is there.
pub(crate) fn plus(a: Option<Array>, b: Option<Array>) -> Result<Option<Array>> {
    Ok(match (a, b) {
        (Some(a), Some(b)) => Some(array_api::add(a, b)?),
        (a, b) => a.or(b),
    })
}

/// Zeros like a result or an operand, where `like` lives.
pub(crate) fn zeros(like: &Array, meta: &Meta) -> Result<Array> {
    like.namespace().zeros((&meta.dims, meta.dtype))
}

/// Sums a cotangent over the axes that broadcasting added or widened, and takes its real part for a real operand.
pub(crate) fn unbroadcast(g: Array, to: &Meta) -> Result<Array> {
    let g = if g.dtype().is_complex() && !to.dtype.is_complex() { array_api::real(g)? } else { g };
    let g = if g.dtype() != to.dtype { array_api::astype(g, to.dtype)? } else { g };
    if *g.dims() == to.dims {
        return Ok(g);
    }
    let extra = g.ndim() - to.dims.len();
    let widened = |i: usize| i < extra || (to.dims[i - extra] == 1 && g.dims()[i] != 1);
    let axes: Vec<isize> = (0..g.ndim()).filter(|&i| widened(i)).map(|i| i as isize).collect();
    let summed = array_api::sum(g, array_api::Sum::default().axis(axes).dtype(to.dtype))?;
    if *summed.dims() == to.dims { Ok(summed) } else { array_api::reshape(summed, &to.dims) }
}

/// Whether values of this type have derivatives.
pub(crate) fn differentiable(dtype: DType) -> bool {
    dtype.is_floating()
}
