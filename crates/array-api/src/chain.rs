//! Elementwise calls one after the other, which a kind may compute in one pass over memory.
//!
//! A lazy kind has whole expressions in its hands. Call by call, each of them writes its result to memory and the next one reads
//! it back; a kind that can do all of them on a few elements, then on the next few, reads the operands once and writes the
//! result once.

use smallvec::SmallVec;

use crate::array::Array;
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::Result;
use crate::kind::Kind;
use crate::operation::{Class, Op, Operation};
use crate::ops::{Mean, Var};
use crate::registry::{Source, source};
use crate::scalar::Scalar;
use crate::value::Params;

/// An operand of a call in a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// One of the arrays that the chain is given, by its place.
    Input(usize),
    /// The result of an earlier call, by its place.
    Step(usize),
    /// A number without a data type of its own.
    Scalar(Scalar),
    /// An optional operand that is not there.
    Absent,
}

/// A call in a chain.
#[derive(Debug)]
pub struct Step<'c> {
    /// What is called, elementwise and with one result.
    pub op: &'static Op,
    /// Its parameters.
    pub params: &'c dyn Params,
    /// Its operands.
    pub operands: SmallVec<[Link; 3]>,
}

/// A chain in a kind's own form: gives the last call's result, or an error for arrays that do not broadcast with each other.
pub type Chained = Box<dyn Fn(&[&Array]) -> Result<Array> + Send + Sync>;

/// What a kind makes of a chain: gives the last call's result, of these extents, to which the arrays broadcast.
pub type Form = Box<dyn Fn(&[&Array], &Dims) -> Result<Array> + Send + Sync>;

/// A kind's own form of a chain on arrays of these data types; `None` where it has no better way than call by call.
///
/// Bit for bit the results must be those of the calls. Links lead to arrays and to earlier calls that are there, no operation's
/// function was overridden. A data type that a call is not
/// defined for is a reason for `None`: the call then says why.
pub type Chain = fn(&[Step<'_>], &[DType]) -> Option<Form>;

/// What becomes of a chain's last result along axes, which stay with extent one.
#[derive(Clone, Copy, Debug)]
pub struct Fold<'c> {
    /// What elements become.
    pub how: Folding,
    /// Valid axes of what the arrays broadcast to, in ascending order.
    pub axes: &'c [usize],
    /// The results' data type, where it is asked for.
    pub dtype: Option<DType>,
}

/// What elements become.
#[derive(Clone, Copy, Debug)]
pub enum Folding {
    /// What a reduction gives.
    Reduction(&'static Op),
    /// Two results: the mean, and the sum of squared deviations from it.
    Moments,
}

/// A kind's own way to reduce what a chain gives while it is at hand: for arrays that broadcast to these extents. `None` where
/// it has no better way than one after the other. The chain may have no calls, if there is one array.
///
/// Rounding may differ from that of the calls, but depends on nothing but the extents and the values.
pub type Folds = fn(&[Step<'_>], &Fold<'_>, &[&Array], &Dims) -> Option<Result<Vec<Array>>>;

/// The last call's result reduced, in one pass by the kind of the operands; `None` where that has no way of its own, and where
/// [`chain()`] gives none.
///
/// ```
/// use array_api::{Array, Fold, Folding, Link, Multiply, Operation, Result, Step, Sum, fold};
/// /// The sum of squares, of whose terms no array is made where the kind can do without.
/// fn squares(x: &Array) -> Result<Array> {
///     let both = [Link::Input(0), Link::Input(0)].into_iter().collect();
///     let step = Step { op: Multiply::OP, params: &Multiply {}, operands: both };
///     let axes: Vec<usize> = (0..x.ndim()).collect();
///     match fold(&[step], &Fold { how: Folding::Reduction(Sum::OP), axes: &axes, dtype: None }, &[x]) {
///         Some(folded) => array_api::squeeze(folded?.swap_remove(0), ..),
///         None => array_api::sum(array_api::multiply(x, x)?, ..),
///     }
/// }
/// ```
pub fn fold(steps: &[Step<'_>], fold: &Fold<'_>, inputs: &[&Array]) -> Option<Result<Vec<Array>>> {
    let kind: &'static Kind = inputs.first()?.kind();
    let folds = kind.fold_form()?;
    let plain = match fold.how {
        Folding::Reduction(op) => is_plain(op, kind),
        Folding::Moments => is_plain(Var::OP, kind) && is_plain(Mean::OP, kind),
    };
    (plain && in_order(steps, inputs, kind) && (steps.is_empty() <= (inputs.len() == 1))).then_some(())?;
    match crate::rule::broadcast_dims("fold", inputs.iter().map(|x| x.dims())) {
        Ok(dims) => folds(steps, fold, inputs, &dims),
        Err(error) => Some(Err(error)),
    }
}

/// The calls in the form of the kind of their operands, to be run on any number of arrays like these.
///
/// `None` where the kind has no form of its own, where arrays are of several kinds, where a function on the way was
/// overridden, and where a link leads nowhere: then the calls are to be made one by one.
///
/// ```
/// use array_api::{Add, Array, Link, Multiply, Operation, Result, Scalar, Step, chain};
/// /// `2 x + y`, in one pass where the kind can.
/// fn double_and_add(x: &Array, y: &Array) -> Result<Array> {
///     let two = Link::Scalar(Scalar::from(2.0));
///     let steps = [
///         Step { op: Multiply::OP, params: &Multiply {}, operands: [Link::Input(0), two].into_iter().collect() },
///         Step { op: Add::OP, params: &Add {}, operands: [Link::Step(0), Link::Input(1)].into_iter().collect() },
///     ];
///     match chain(&steps, &[x, y]) {
///         Some(in_one_pass) => in_one_pass(&[x, y]),
///         None => (x * 2.0 + y).ok(),
///     }
/// }
/// ```
pub fn chain(steps: &[Step<'_>], inputs: &[&Array]) -> Option<Chained> {
    let kind: &'static Kind = inputs.first()?.kind();
    let form = kind.chain_form()?;
    in_order(steps, inputs, kind).then_some(())?;
    let dtypes: SmallVec<[DType; 4]> = inputs.iter().map(|x| x.dtype()).collect();
    let run = form(steps, &dtypes)?;
    Some(Box::new(move |inputs| {
        let dims = crate::rule::broadcast_dims("chain", inputs.iter().map(|x| x.dims()))?;
        run(inputs, &dims)
    }))
}

/// Whether the function is the kind's own.
fn is_plain(op: &'static Op, kind: &'static Kind) -> bool {
    match source(op, kind.id()) {
        Source::Kernel(_, by) => !by.overrides,
        Source::Composition(_) => true,
        _ => false,
    }
}

/// Whether the calls are elementwise functions of the kind's own on arrays of it, and each link leads somewhere.
fn in_order(steps: &[Step<'_>], inputs: &[&Array], kind: &'static Kind) -> bool {
    let plain = |step: &Step<'_>| {
        let own = matches!(source(step.op, kind.id()), Source::Kernel(_, by) if !by.overrides);
        own && step.op.class == Class::Elementwise
    };
    let leads = |at: usize, link: &Link| match *link {
        Link::Input(i) => i < inputs.len(),
        Link::Step(s) => s < at,
        Link::Scalar(_) | Link::Absent => true,
    };
    let linked = steps.iter().enumerate().all(|(at, step)| step.operands.iter().all(|link| leads(at, link)));
    let alike = inputs.iter().all(|x| std::ptr::eq(x.kind(), kind));
    alike && linked && steps.iter().all(plain)
}
