//! Vectorisation: an array that carries a hidden leading axis.
//!
//! One handler, and rules by class of operation; operations that do not follow their class have a line of their own in
//! `special`. What has no rule goes through its composition; what has neither declines with a reason.

mod special;

use array_api::{
    Array, ArrayImpl, Axes, Call, Class, DType, Dims, Error, Handled, Host, Kind, Level, Namespace, Operand, Outs,
    Params, Result, Value, decline,
};
use smallvec::SmallVec;

static BATCH: Kind = Kind::new("batch").rank(Level::TRANSFORM).handled_by(vectorize);

/// Arrays of one shape, stacked along a leading axis that the function inside does not see.
#[derive(Debug)]
pub(crate) struct Batched {
    size: usize,
    pub(crate) content: Array,
}

impl ArrayImpl for Batched {
    fn kind(&self) -> &'static Kind {
        &BATCH
    }
    fn dims(&self) -> Dims {
        Dims::new(&self.content.dims()[1..])
    }
    fn dtype(&self) -> DType {
        self.content.dtype()
    }
    fn namespace(&self) -> Namespace {
        self.content.namespace()
    }
    fn to_host(&self) -> Result<Host> {
        Err(Error::transform(
            "to_host",
            "the array stands for many at once inside vmap, so there is no one value to read; return it instead",
        ))
    }
}

pub(crate) fn batched(level: Level, size: usize, content: Array) -> Result<Array> {
    let outer = content.clone();
    Array::wrap(Batched { size, content }, level, &outer)
}

pub(crate) fn mine(a: &Array, level: Level) -> Option<&Batched> {
    if a.level() == level { a.downcast_ref() } else { None }
}

/// An operand inside the batch: its content, whether it carries the batch axis, and its rank as the function sees it.
pub(crate) struct Inner<'a> {
    pub(crate) operand: Operand<'a>,
    pub(crate) batched: bool,
    pub(crate) rank: usize,
}

impl Inner<'_> {
    pub(crate) fn array(&self) -> Result<&Array> {
        self.operand.array().ok_or_else(|| Error::transform("vmap", "an operand is not an array"))
    }

    /// Gives the operand the batch axis, by broadcasting, if it has none.
    pub(crate) fn spread(&mut self, size: usize) -> Result<()> {
        if let (false, Some(a)) = (self.batched, self.operand.array()) {
            let dims = a.dims().insert(0, size);
            self.operand = Operand::Own(array_api::broadcast_to(a, dims)?);
            self.batched = true;
        }
        Ok(())
    }

    /// Inserts axes of extent one behind the batch axis (or in front, where there is none) up to a rank.
    pub(crate) fn raise(&mut self, rank: usize) -> Result<()> {
        if let (true, Some(a)) = (self.batched && self.rank < rank, self.operand.array()) {
            let mut shape: Vec<isize> = vec![a.dims()[0] as isize];
            shape.resize(1 + rank - self.rank, 1);
            shape.extend(a.dims()[1..].iter().map(|&d| d as isize));
            self.operand = Operand::Own(array_api::reshape(self.operand.take(), shape)?);
        }
        self.rank = rank;
        Ok(())
    }
}

/// What a rule sees: the operands, the batch's size, and the parameters.
pub(crate) struct Batch<'c, 'a> {
    pub(crate) call: &'c Call<'c, 'c>,
    pub(crate) args: SmallVec<[Inner<'a>; 3]>,
    pub(crate) size: usize,
}

impl Batch<'_, '_> {
    /// Calls the operation on the contents, with its own parameters.
    pub(crate) fn apply(self) -> Result<Outs> {
        let params = self.call.params;
        self.apply_with(params)
    }

    /// Calls the operation on the contents, with other parameters.
    pub(crate) fn apply_with(self, params: &dyn Params) -> Result<Outs> {
        let mut args: array_api::Args<'_> = self.args.into_iter().map(|i| i.operand).collect();
        self.call.op.apply(params, &mut args, self.call.namespace)
    }

    /// Calls the operation with the parameter `axis` moved behind the batch axis.
    pub(crate) fn apply_shifted(self) -> Result<Outs> {
        let mut fields = self.call.params.write();
        let rank = self.args.first().map_or(0, |a| a.rank);
        for (name, value) in &mut fields {
            if *name == "axis" {
                *value = shifted(value, rank);
            }
        }
        let params = self.call.op.read(&fields)?;
        self.apply_with(&*params)
    }

    /// The common rank of the operands, as the function sees them.
    pub(crate) fn rank(&self) -> usize {
        self.args.iter().map(|a| a.rank).max().unwrap_or(0)
    }
}

/// An axis parameter in the array with the batch axis in front; all axes become all but that one.
fn shifted(axis: &Value, rank: usize) -> Value {
    match axis {
        Value::None => Value::List((1..=rank as i128).map(Value::Int).collect()),
        Value::Int(a) if *a < 0 => Value::Int(*a),
        Value::Int(a) => Value::Int(a + 1),
        Value::List(v) => Value::List(v.iter().map(|a| shifted(a, rank)).collect()),
        other => other.clone(),
    }
}

/// The handler: rewrites the call to one on the stacked contents.
fn vectorize(call: &mut Call<'_, '_>) -> Handled {
    let level = call.level();
    let Some(size) = call.arrays().find_map(|a| mine(a, level)).map(|b| b.size) else {
        return decline("no operand is in the batch");
    };
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let special = special::rule(op);
    if !has_rule(op) {
        return match op.compose {
            Some(_) => decline("vectorised through its composition"),
            None => decline(format!("vmap has no rule for {}", op.name)),
        };
    }
    let describe = |o: &Operand<'_>| match o.array() {
        Some(a) => (mine(a, level).is_some(), a.ndim()),
        None => (false, 0),
    };
    let described: SmallVec<[_; 3]> = call.args.iter().map(describe).collect();
    let peeled = call.peel(|a| mine(a, level).map(|b| &b.content));
    let args =
        peeled.into_iter().zip(described).map(|(operand, (batched, rank))| Inner { operand, batched, rank }).collect();
    let call = &Call { op, params, args: &mut [], verdict, namespace };
    let batch = Batch { call, args, size };
    let outs = match special {
        Some(f) => f(batch)?,
        None => general(batch)?,
    };
    Ok(outs.map(|content| batched(level, size, content))?)
}

/// Whether an operation has a rule of its own or by its class.
pub(crate) fn has_rule(op: &'static array_api::Op) -> bool {
    special::rule(op).is_some() || by_class(op.class)
}

/// Whether a class of operations has a rule for all its members.
fn by_class(class: Class) -> bool {
    matches!(class, Class::Elementwise | Class::Reduction | Class::Scan | Class::Matrix | Class::Random)
}

fn general(mut batch: Batch<'_, '_>) -> Result<Outs> {
    match batch.call.op.class {
        Class::Elementwise => {
            let rank = batch.rank();
            batch.args.iter_mut().try_for_each(|a| a.raise(rank))?;
            batch.apply()
        }
        // One array, along axes.
        Class::Reduction | Class::Scan => batch.apply_shifted(),
        // The last two axes are matrices already, and keys lead their draws: the batch axis is just another one.
        _ => batch.apply(),
    }
}

/// Parameters of reductions over all axes, for special rules.
pub(crate) fn all_axes(axes: &Axes, rank: usize) -> Vec<isize> {
    axes.list(rank).into_iter().map(|a| a as isize + 1).collect()
}
