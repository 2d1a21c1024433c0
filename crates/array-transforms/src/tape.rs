//! Reverse mode: an arena of calls, walked backward from the output.

use array_api::{
    Array, ArrayImpl, Call, DType, Dims, Error, Handled, Host, Kind, Level, Meta, Namespace, Op, Operand, Outs, Params,
    Result, decline,
};
use smallvec::SmallVec;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::derivative::{Context, Keep, Rule, conj, differentiable, plus, rule, unbroadcast, zeros};

pub(crate) static TAPE: Kind = Kind::new("tape").rank(Level::TRANSFORM).handled_by(record);

/// A result of a recorded call: which node, which of its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    node: usize,
    result: usize,
}

/// One recorded call.
struct Node {
    op: &'static Op,
    params: Box<dyn Params>,
    rule: &'static Rule,
    /// Operand and where it comes from, for those that are differentiated.
    parents: SmallVec<[(usize, Place); 2]>,
    operands: SmallVec<[Meta; 2]>,
    args: SmallVec<[Operand<'static>; 2]>,
    outs: SmallVec<[Array; 1]>,
    results: SmallVec<[Meta; 1]>,
}

/// The calls of one run of a function, in order; `None` once the run is over.
pub(crate) struct Tape {
    level: Level,
    nodes: Mutex<Option<Vec<Entry>>>,
}

/// An entry of the arena: an input of the function, or a call.
enum Entry {
    Input,
    Call(Box<Node>),
}

/// An array under differentiation: its value, and where it was made.
#[derive(Clone)]
pub(crate) struct Taped {
    tape: Arc<Tape>,
    place: Place,
    pub(crate) primal: Array,
}

impl std::fmt::Debug for Taped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "tape of {:?}", self.primal)
    }
}

impl ArrayImpl for Taped {
    fn kind(&self) -> &'static Kind {
        &TAPE
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

impl Tape {
    pub(crate) fn start() -> Arc<Tape> {
        Arc::new(Tape { level: Level::fresh(), nodes: Mutex::new(Some(vec![])) })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Entry>>> {
        // Entries are pushed whole, so a panic elsewhere leaves a usable arena.
        self.nodes.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn push(&self, entry: Entry) -> Result<usize> {
        match &mut *self.lock() {
            Some(nodes) => {
                nodes.push(entry);
                Ok(nodes.len() - 1)
            }
            None => Err(Error::transform(
                "grad",
                "an array that was being differentiated is used after its transformation ended; return it from the \
                 function instead of storing it elsewhere",
            )),
        }
    }

    /// Ends the recording; arrays that escaped can no longer be used.
    pub(crate) fn close(&self) {
        *self.lock() = None;
    }

    /// A copy of `x` as an input of the function.
    pub(crate) fn input(self: &Arc<Tape>, x: &Array) -> Result<(Array, Input)> {
        let node = self.push(Entry::Input)?;
        Ok((self.taped(x.clone(), Place { node, result: 0 })?, Input(node)))
    }

    fn taped(self: &Arc<Tape>, primal: Array, place: Place) -> Result<Array> {
        let content = primal.clone();
        Array::wrap(Taped { tape: self.clone(), place, primal }, self.level, &content)
    }

    /// The array's value without this tape.
    pub(crate) fn primal(&self, x: &Array) -> Array {
        mine(x, self.level).map_or_else(|| x.clone(), |t| t.primal.clone())
    }

    /// Walks backward from outputs with their cotangents, freeing as it goes, and gives the inputs' cotangents.
    pub(crate) fn backward(&self, outputs: &[(&Array, Array)], inputs: &[Input]) -> Result<Vec<Option<Array>>> {
        let nodes = match self.lock().take() {
            Some(nodes) => nodes,
            None => return Err(Error::transform("vjp", "the function has already been walked backward")),
        };
        let mut cotangents: Vec<SmallVec<[Option<Array>; 1]>> = vec![];
        cotangents.resize_with(nodes.len(), SmallVec::new);
        for (output, g) in outputs {
            if let Some(t) = mine(output, self.level) {
                let slot = slot(&mut cotangents, t.place);
                *slot = plus(slot.take(), Some(g.clone()))?;
            }
        }
        for (i, entry) in nodes.into_iter().enumerate().rev() {
            let Entry::Call(node) = entry else { continue };
            if cotangents[i].iter().all(Option::is_none) {
                continue;
            }
            let mut gs = std::mem::take(&mut cotangents[i]);
            gs.resize_with(node.results.len(), || None);
            let Node { op, params, rule, parents, operands, args, outs, results } = *node;
            let context =
                Context { op, params: &*params, args: &args, operands: &operands, outs: &outs, results: &results };
            let last = parents.len() - 1;
            for (k, &(operand, place)) in parents.iter().enumerate() {
                // The last use gives the cotangent away, so that the rule may write into it.
                let g = if k == last { std::mem::take(&mut gs) } else { gs.clone() };
                let slot = slot(&mut cotangents, place);
                *slot = match rule {
                    Rule::Parts(_, add) => Some(add(&context, slot.take(), only(op, g)?)?),
                    _ => plus(slot.take(), Some(unbroadcast(pull(rule, &context, g, operand)?, &operands[operand])?))?,
                };
            }
        }
        let take = |input: &Input| cotangents[input.0].first_mut().and_then(Option::take);
        Ok(inputs.iter().map(take).collect())
    }
}

/// An input's place in the arena.
#[derive(Clone, Copy)]
pub(crate) struct Input(usize);

fn mine(a: &Array, level: Level) -> Option<&Taped> {
    if a.level() == level { a.downcast_ref() } else { None }
}

/// What has been gathered of a result's cotangent.
fn slot(all: &mut [SmallVec<[Option<Array>; 1]>], place: Place) -> &mut Option<Array> {
    let slots = &mut all[place.node];
    if slots.len() <= place.result {
        slots.resize_with(place.result + 1, || None);
    }
    &mut slots[place.result]
}

/// The cotangent of an operation's only result.
fn only(op: &Op, mut gs: SmallVec<[Option<Array>; 1]>) -> Result<Array> {
    gs[0].take().ok_or_else(|| Error::transform(op.name, "a rule for one result was used for several"))
}

/// The cotangent of one operand.
fn pull(rule: &Rule, context: &Context<'_>, gs: SmallVec<[Option<Array>; 1]>, operand: usize) -> Result<Array> {
    match rule {
        Rule::Partial(_, d) => {
            let g = only(context.op, gs)?;
            let d = d(context, operand)?;
            let d = if d.dtype().is_complex() { conj(&d)? } else { d };
            array_api::multiply(g, d)
        }
        Rule::Linear(_, transpose) | Rule::Multilinear(_, transpose) => {
            transpose(context, only(context.op, gs)?, operand)
        }
        Rule::Parts(_, add) => add(context, None, only(context.op, gs)?),
        Rule::General(_, vjp, _) => vjp(context, &gs, operand),
        Rule::Zero => match gs.iter().flatten().next() {
            Some(g) => zeros(g, &context.operands[operand]),
            None => Err(Error::transform(context.op.name, "has no cotangent to take zeros like")),
        },
    }
}

/// The handler: runs the call one layer below and notes what the backward pass needs.
fn record(call: &mut Call<'_, '_>) -> Handled {
    let level = call.level();
    let Some(tape) = call.arrays().find_map(|a| mine(a, level)).map(|t| t.tape.clone()) else {
        return decline("no operand is on the tape");
    };
    let (op, params, verdict, namespace) = (call.op, call.params, call.verdict, call.namespace);
    let stopped = *op == *<array_api::StopGradient as array_api::Operation>::OP;
    let constant = stopped || !verdict.results().iter().any(|m| differentiable(m.dtype));
    let found = rule(op);
    if !constant && found.is_none() {
        return match op.compose {
            Some(_) => decline("differentiated through its composition"),
            None => decline(format!("the tape has no derivative rule for {}", op.name)),
        };
    }
    let mut parents: SmallVec<[(usize, Place); 2]> = SmallVec::new();
    let mut operands: SmallVec<[Meta; 2]> = SmallVec::new();
    for (i, operand) in call.args.iter().enumerate() {
        let Some(a) = operand.array() else {
            operands.push(Meta::new(Dims::SCALAR, verdict.operands));
            continue;
        };
        operands.push(Meta { dims: a.dims().clone(), dtype: a.dtype() });
        if let Some(t) = mine(a, level)
            && differentiable(a.dtype())
        {
            parents.push((i, t.place));
        }
    }
    let mut inner = call.peel(|a| mine(a, level).map(|t| &t.primal));
    let (Some(rule), false, false) = (found, constant, parents.is_empty()) else {
        let call = Call { op, params, args: &mut [], verdict, namespace };
        return Ok(call.redispatch(&mut inner)?);
    };
    let keep = rule.keep();
    let kept = |i: usize, operand: &Operand<'_>| match keep {
        Keep::Operands | Keep::Both => true,
        Keep::Fixed => operand.dtype().is_none_or(|d| !differentiable(d)),
        Keep::Others => parents.iter().any(|&(p, _)| p != i),
        Keep::Nothing | Keep::Results => false,
    };
    let args = match keep {
        Keep::Nothing | Keep::Results => SmallVec::new(),
        _ => inner.iter().enumerate().map(|(i, o)| if kept(i, o) { o.to_static() } else { Operand::Absent }).collect(),
    };
    let outs = Call { op, params, args: &mut [], verdict, namespace }.redispatch(&mut inner)?;
    let results: SmallVec<[Meta; 1]> =
        outs.as_slice().iter().map(|a| Meta { dims: a.dims().clone(), dtype: a.dtype() }).collect();
    let outs_kept = match keep {
        Keep::Results | Keep::Both => outs.as_slice().iter().cloned().collect(),
        _ => SmallVec::new(),
    };
    let node = Node { op, params: params.boxed(), rule, parents, operands, args, outs: outs_kept, results };
    let node = tape.push(Entry::Call(Box::new(node)))?;
    let wrap = |(result, a): (usize, Array)| match differentiable(a.dtype()) {
        true => tape.taped(a, Place { node, result }),
        false => Ok(a),
    };
    Ok(match outs {
        Outs::One(a) => Outs::One(wrap((0, a))?),
        Outs::Many(v) => Outs::Many(v.into_iter().enumerate().map(wrap).collect::<Result<_>>()?),
    })
}
