//! Elementwise functions: each is a line that names the engine's table.

use array_api::{
    Arg, Array, Astype, DType, Dims, Elu, Error, Fold, Folding, Form, Link, Polygamma, Result, Scalar, Step, Verdict,
    implements,
};
use smallvec::SmallVec;

use crate::array::NdArray;
use crate::engine::chain::{Chain, Origin};
use crate::engine::fold::{self, How};
use crate::engine::kernel::Op;
use crate::engine::map::{Number, map};
use crate::engine::pairs;
use crate::engine::reduce;
use crate::kind::operand;
use crate::{binary, cast, ternary, unary};

// Borrowed operands, the common case, go straight to the engine: moving an owned array's 100 bytes through two enums costs
// more than the rest of a call.
#[inline]
fn one(op: &Op, x: Arg<'_, NdArray>, verdict: &Verdict) -> Result<NdArray> {
    match &x {
        Arg::Ref(x) => map(op, [(*x).into()], verdict.dims()),
        _ => map(op, [operand(x)], verdict.dims()),
    }
}

#[inline]
fn two(op: &Op, x1: Arg<'_, NdArray>, x2: Arg<'_, NdArray>, verdict: &Verdict) -> Result<NdArray> {
    match (&x1, &x2) {
        (Arg::Ref(x1), Arg::Ref(x2)) => map(op, [(*x1).into(), (*x2).into()], verdict.dims()),
        _ => map(op, [operand(x1), operand(x2)], verdict.dims()),
    }
}

macro_rules! kernels {
    (unary { $($f:ident = $op:ident;)* } binary { $($g:ident = $op2:ident;)* }) => {
        $(
            #[implements($f)]
            fn $f(x: Arg<'_, NdArray>, verdict: &Verdict) -> Result<NdArray> {
                one(&unary::$op, x, verdict)
            }
        )*
        $(
            #[implements($g)]
            fn $g(x1: Arg<'_, NdArray>, x2: Arg<'_, NdArray>, verdict: &Verdict) -> Result<NdArray> {
                two(&binary::$op2, x1, x2, verdict)
            }
        )*

        /// The engine's table for one of these functions, and how many operands it takes.
        fn table(name: &str) -> Option<(&'static Op, usize)> {
            Some(match name {
                $(stringify!($f) => (&unary::$op, 1),)*
                $(stringify!($g) => (&binary::$op2, 2),)*
                "clip" => (&ternary::CLIP, 3),
                "where" => (&ternary::WHERE, 3),
                _ => return None,
            })
        }
    };
}

kernels! {
    unary {
    abs = ABS; acos = ACOS; acosh = ACOSH; asin = ASIN; asinh = ASINH; atan = ATAN; atanh = ATANH;
    bitwise_invert = BITWISE_INVERT; ceil = CEIL; conj = CONJ; cos = COS; cosh = COSH; exp = EXP; expm1 = EXPM1;
    floor = FLOOR; imag = IMAG; isfinite = ISFINITE; isinf = ISINF; isnan = ISNAN; log = LOG; log1p = LOG1P;
    log2 = LOG2; log10 = LOG10; logical_not = LOGICAL_NOT; negative = NEGATIVE; real = REAL;
    reciprocal = RECIPROCAL; round = ROUND; sign = SIGN; signbit = SIGNBIT; sin = SIN; sinh = SINH; square = SQUARE;
    sqrt = SQRT; tan = TAN; tanh = TANH; trunc = TRUNC; erf = ERF;
    lgamma = LGAMMA; digamma = DIGAMMA;
    gelu = GELU; relu = RELU; selu = SELU; sigmoid = SIGMOID; softplus = SOFTPLUS;
    }
    binary {
    add = ADD; atan2 = ATAN2; bitwise_and = BITWISE_AND; bitwise_left_shift = BITWISE_LEFT_SHIFT;
    bitwise_or = BITWISE_OR; bitwise_right_shift = BITWISE_RIGHT_SHIFT; bitwise_xor = BITWISE_XOR;
    copysign = COPYSIGN; divide = DIVIDE; equal = EQUAL; floor_divide = FLOOR_DIVIDE; gammainc = GAMMAINC;
    gammaincc = GAMMAINCC; greater = GREATER;
    greater_equal = GREATER_EQUAL; hypot = HYPOT; less = LESS; less_equal = LESS_EQUAL; logaddexp = LOGADDEXP;
    logical_and = LOGICAL_AND; logical_or = LOGICAL_OR; logical_xor = LOGICAL_XOR; maximum = MAXIMUM;
    minimum = MINIMUM; multiply = MULTIPLY; nextafter = NEXTAFTER; not_equal = NOT_EQUAL; pow = POW;
    remainder = REMAINDER; subtract = SUBTRACT;
    }
}

/// The same buffer: values never change.
#[implements(positive)]
fn positive(x: NdArray) -> Result<NdArray> {
    Ok(x)
}

#[implements(where_)]
fn where_(condition: &NdArray, x1: Arg<'_, NdArray>, x2: Arg<'_, NdArray>, verdict: &Verdict) -> Result<NdArray> {
    map(&ternary::WHERE, [condition.into(), operand(x1), operand(x2)], verdict.dims())
}

#[implements(betainc)]
fn betainc(a: Arg<'_, NdArray>, b: Arg<'_, NdArray>, x: Arg<'_, NdArray>, verdict: &Verdict) -> Result<NdArray> {
    map(&ternary::BETAINC, [operand(a), operand(b), operand(x)], verdict.dims())
}

#[implements(clip)]
fn clip(
    x: Arg<'_, NdArray>,
    min: Option<Arg<'_, NdArray>>,
    max: Option<Arg<'_, NdArray>>,
    verdict: &Verdict,
) -> Result<NdArray> {
    let dims = verdict.dims();
    match (min, max) {
        (Some(min), Some(max)) => map(&ternary::CLIP, [operand(x), operand(min), operand(max)], dims),
        (Some(min), None) => map(&binary::MAXIMUM, [operand(x), operand(min)], dims),
        (None, Some(max)) => map(&binary::MINIMUM, [operand(x), operand(max)], dims),
        (None, None) => match x {
            Arg::Ref(x) => Ok(x.clone()),
            Arg::Own(x) => Ok(x),
            Arg::Scalar(s, dtype) => array_api::Native::from_scalar(s, dtype),
        },
    }
}

#[implements(elu)]
fn elu(x: Arg<'_, NdArray>, p: &Elu, verdict: &Verdict) -> Result<NdArray> {
    let alpha = Arg::Scalar(Scalar::Float(p.alpha), verdict.operands);
    map(&ternary::ELU, [operand(x), operand(alpha)], verdict.dims())
}

#[implements(polygamma)]
fn polygamma(x: Arg<'_, NdArray>, p: &Polygamma, verdict: &Verdict) -> Result<NdArray> {
    let n = Arg::Scalar(Scalar::Float(p.n as f64), verdict.operands);
    map(&binary::POLYGAMMA, [operand(n), operand(x)], verdict.dims())
}

#[implements(astype)]
fn astype(x: &NdArray, p: &Astype) -> Result<NdArray> {
    cast::astype(x, p.dtype)
}

/// Functions that have a table and no parameters, on real floating-point numbers and booleans, as one chain.
fn linked(steps: &[Step<'_>], dtypes: &[DType]) -> Option<Chain> {
    let plain = |d: DType| d == DType::Bool || d == d.real() && d.is_floating();
    dtypes.iter().all(|&d| plain(d)).then_some(())?;
    // Numbers take the data type of the arrays beside them, as the protocol's rule for them says.
    let mut made: Vec<DType> = vec![];
    let mut lines: Vec<pairs::Line> = vec![];
    for step in steps {
        let (op, _) = table(step.op.name).filter(|(_, count)| *count == step.operands.len())?;
        step.params.write().is_empty().then_some(())?;
        let dtype_of = |link: &Link| match *link {
            Link::Input(i) => Some(dtypes[i]),
            Link::Step(s) => Some(made[s]),
            Link::Scalar(_) | Link::Absent => None,
        };
        let dtype = step.operands.iter().rev().find_map(dtype_of)?;
        let from = |link: &Link| match *link {
            Link::Input(i) => Some(Origin::Input(i)),
            Link::Step(s) => Some(Origin::Step(s)),
            Link::Scalar(s @ (Scalar::Int(_) | Scalar::Float(_))) if dtype.is_floating() => {
                Some(Origin::Number(Number::new(s, dtype)))
            }
            Link::Scalar(_) | Link::Absent => None,
        };
        let operands: Option<SmallVec<[Origin; 3]>> = step.operands.iter().map(from).collect();
        made.push(op.result(dtype)?);
        lines.push((op, operands?));
    }
    Chain::new(&pairs::paired(lines), dtypes)
}

/// A chain in one pass over memory.
pub(crate) fn chain(steps: &[Step<'_>], dtypes: &[DType]) -> Option<Form> {
    let chain = linked(steps, dtypes).filter(|_| !steps.is_empty())?;
    let planned: SmallVec<[DType; 4]> = SmallVec::from_slice(dtypes);
    Some(Box::new(move |inputs, dims| {
        let inputs: Option<SmallVec<[&NdArray; 4]>> = inputs.iter().map(|x| x.downcast_ref::<NdArray>()).collect();
        let wrong = || Error::backend("chain", "arrays are not of the kind and data types that were planned");
        let inputs =
            inputs.filter(|all| all.iter().map(|x| x.dtype()).eq(planned.iter().copied())).ok_or_else(wrong)?;
        chain.run(&inputs, dims).map(Array::new)
    }))
}

/// A chain and the reduction behind it in one pass over memory.
pub(crate) fn fold(steps: &[Step<'_>], fold: &Fold<'_>, inputs: &[&Array], dims: &Dims) -> Option<Result<Vec<Array>>> {
    let inputs: Option<SmallVec<[&NdArray; 4]>> = inputs.iter().map(|x| x.downcast_ref::<NdArray>()).collect();
    let inputs = inputs?;
    let dtypes: SmallVec<[DType; 4]> = inputs.iter().map(|x| x.dtype()).collect();
    let chain = linked(steps, &dtypes)?;
    let (&first, &last) = (fold.axes.first()?, fold.axes.last()?);
    (last + 1 - first == fold.axes.len() && fold.dtype.is_none_or(|d| d == chain.result())).then_some(())?;
    let how = match fold.how {
        Folding::Moments => How::Moments,
        Folding::Reduction(op) => How::Joined(reduce::joining(op.name, chain.result())?),
    };
    let made = fold::fold(&chain, how, &inputs, dims, first..last + 1)?;
    Some(Ok(made.into_iter().map(Array::new).collect()))
}
