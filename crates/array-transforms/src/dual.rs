//! Forward mode: a value and its tangent, side by side.

use array_api::{
    Args, Array, ArrayImpl, Call, Class, DType, Dims, Error, Handled, Host, Kind, Level, Meta, Namespace, Operand,
    Outs, Result, decline,
};
use smallvec::{SmallVec, smallvec};

use crate::derivative::{Context, Rule, differentiable, rule, zeros};

static DUAL: Kind = Kind::new("dual").rank(Level::TRANSFORM).handled_by(push);

/// An array with a tangent of the same shape and type.
#[derive(Debug)]
pub(crate) struct Dual {
    pub(crate) primal: Array,
    pub(crate) tangent: Array,
}

impl ArrayImpl for Dual {
    fn kind(&self) -> &'static Kind {
        &DUAL
    }
    fn dims(&self) -> Dims {
        self.primal.dims().clone()
    }
    fn dtype(&self) -> DType {
        self.primal.dtype()
    }
    fn namespace(&self) -> Namespace {
        self.primal.namespace()
    }
    fn to_host(&self) -> Result<Host> {
        Err(Error::transform(
            "to_host",
            "the array is being differentiated, and a number read from it would silently have no derivative; write the \
             function in array functions, or read stop_gradient(x)",
        ))
    }
}

pub(crate) fn dual(level: Level, primal: Array, tangent: Array) -> Result<Array> {
    let outer = if tangent.level() > primal.level() { tangent.clone() } else { primal.clone() };
    Array::wrap(Dual { primal, tangent }, level, &outer)
}

pub(crate) fn mine(a: &Array, level: Level) -> Option<&Dual> {
    if a.level() == level { a.downcast_ref() } else { None }
}

/// The handler: runs the call on the values, and its derivative on the tangents.
fn push(call: &mut Call<'_, '_>) -> Handled {
    let level = call.level();
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let stopped = *op == *<array_api::StopGradient as array_api::Operation>::OP;
    let constant = stopped || !verdict.results().iter().any(|m| differentiable(m.dtype));
    let found = rule(op);
    if !constant && found.is_none() {
        return match op.compose {
            Some(_) => decline("differentiated through its composition"),
            None => decline(format!("forward mode has no derivative rule for {}", op.name)),
        };
    }
    let tangents: SmallVec<[Option<Array>; 3]> =
        call.args.iter().map(|o| Some(mine(o.array()?, level)?.tangent.clone())).collect();
    let mut inner = call.peel(|a| mine(a, level).map(|d| &d.primal));
    let args: SmallVec<[Operand<'static>; 3]> = inner.iter().map(Operand::to_static).collect();
    let outs = Call { op, params, args: &mut [], verdict, namespace }.redispatch(&mut inner)?;
    let (Some(rule), false) = (found, constant) else { return Ok(outs) };

    let meta = |a: &Array| Meta { dims: a.dims().clone(), dtype: a.dtype() };
    let operands: SmallVec<[Meta; 3]> =
        args.iter().map(|o| o.array().map_or_else(|| Meta::new(Dims::SCALAR, verdict.operands), meta)).collect();
    let results: SmallVec<[Meta; 1]> = outs.as_slice().iter().map(meta).collect();
    let context = Context { op, params, args: &args, operands: &operands, outs: outs.as_slice(), results: &results };
    let mut moved = tangents_of(rule, &context, &tangents, namespace)?.into_iter();
    Ok(outs.map(|a| match moved.next().flatten() {
        Some(t) if differentiable(a.dtype()) => dual(level, a, t),
        _ => Ok(a),
    })?)
}

type Tangents = SmallVec<[Option<Array>; 1]>;

/// The tangents of the results; `None` is zero.
fn tangents_of(
    rule: &Rule,
    context: &Context<'_>,
    tangents: &[Option<Array>],
    namespace: Option<&Namespace>,
) -> Result<Tangents> {
    let moving = || tangents.iter().enumerate().filter_map(|(i, t)| Some((i, t.as_ref()?)));
    let result = &context.results[0];
    let apply = |args: &mut [Operand<'_>]| context.op.apply(context.params, args, namespace);
    let total = |sum: Option<Array>, part: Array| {
        Ok::<_, Error>(Some(match sum {
            Some(sum) => array_api::add(sum, part)?,
            None => part,
        }))
    };
    Ok(match rule {
        Rule::Zero => context.results.iter().map(|_| None).collect(),
        Rule::General(_, _, jvp) => jvp(context, tangents)?.into_iter().map(Some).collect(),
        Rule::Partial(_, d) => {
            let mut sum = None;
            for (i, t) in moving() {
                let part = array_api::multiply(d(context, i)?, t)?;
                sum = total(sum, widened(part, result)?)?;
            }
            smallvec![sum]
        }
        Rule::Multilinear(..) => {
            let mut sum = None;
            for (i, t) in moving() {
                let mut args: Args<'_> = context.args.iter().map(Operand::reborrow).collect();
                args[i] = Operand::Ref(t);
                for out in apply(&mut args)?.into_vec() {
                    sum = total(sum, out)?;
                }
            }
            smallvec![sum]
        }
        Rule::Linear(..) | Rule::Parts(..) => {
            let Some((_, like)) = moving().next() else { return Ok(context.results.iter().map(|_| None).collect()) };
            let elementwise = context.op.class == Class::Elementwise;
            let mut args = Args::new();
            for (i, operand) in context.args.iter().enumerate() {
                // Positions and conditions are not differentiated; values that do not move have tangent zero.
                args.push(match (&tangents[i], operand) {
                    (Some(t), _) => Operand::Ref(t),
                    (None, Operand::Absent) => Operand::Absent,
                    (None, other) if !differentiable(context.operands[i].dtype) => other.reborrow(),
                    (None, Operand::Scalar(_)) => Operand::Scalar(0.into()),
                    // A number does where shapes broadcast, and costs no memory.
                    (None, _) if elementwise => Operand::Scalar(0.into()),
                    (None, _) => Operand::Own(zeros(like, &context.operands[i])?),
                });
            }
            match apply(&mut args)? {
                Outs::One(t) => smallvec![Some(widened(t, result)?)],
                Outs::Many(v) => v.into_iter().map(Some).collect(),
            }
        }
    })
}

/// Broadcasts a part of a sum of partial derivatives to the result.
fn widened(part: Array, to: &Meta) -> Result<Array> {
    let part = if part.dtype() == to.dtype { part } else { array_api::astype(part, to.dtype)? };
    if *part.dims() == to.dims { Ok(part) } else { array_api::broadcast_to(part, &to.dims) }
}
