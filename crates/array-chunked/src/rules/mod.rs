//! How each operation works on chunks: what chunks its results have, and which tasks make them.
//!
//! A rule has two halves. `plan` runs when the expression is built: it checks what can be checked then, brings the inputs
//! into chunks that fit each other, and says what chunks come out. `emit` runs when a plan is made for computing. Operations
//! that are best said in terms of others are in `rewrite`; what has neither declines, and goes through its composition.

mod blocks;
#[cfg(test)]
mod bounded;
mod contraction;
mod creation;
mod elementwise;
mod indexing;
mod linalg;
mod movement;
mod positions;
mod reduction;
mod repetition;
mod scan;
mod searching;
mod set;
mod sorting;
mod utility;

use array_api::{Array, Call, Class, Exit, Namespace, Op, Operand, Outs, Params, Result, Scalar, Verdict};

use crate::array::ChunkedArray;
use crate::chunks::Chunks;
use crate::node::{Layout, Lazy, Node, Slot, Work};
use crate::tasks::{Grid, Tasks};

pub(crate) use elementwise::each;
pub use linalg::svd_compressed;
pub(crate) use movement::{Sliced, aligned, sliced};
pub(crate) use reduction::{along, join, part_params, reduce_with, reduced};

/// Makes the tasks of a node from those of its inputs.
pub(crate) type MakeTasks = fn(&Node, &[Grid], &mut Tasks) -> Result<Vec<Grid>>;

/// How a node's tasks are made. The name stands for the function where a plan is written down.
#[derive(Clone, Copy)]
pub(crate) struct Emit {
    pub(crate) name: &'static str,
    pub(crate) run: MakeTasks,
}

impl Emit {
    /// The way that the operation's rule has.
    const RULE: &'static str = "rule";

    /// As the operation's rule says.
    pub(crate) fn by_rule(run: MakeTasks) -> Emit {
        Emit { name: Emit::RULE, run }
    }

    /// The way of this name, for an operation.
    pub(crate) fn named(name: &str, op: &'static Op) -> Option<Emit> {
        match rule(op) {
            Some(Rule::Tasks(_, run)) if name == Emit::RULE => Some(Emit::by_rule(run)),
            _ => WAYS.iter().find(|way| way.name == name).copied(),
        }
    }
}

/// The ways that operations choose by what they are given.
static WAYS: [Emit; 7] =
    [blocks::EMIT, elementwise::EMIT, linalg::LU, linalg::TRIANGULAR, repetition::EMIT, searching::SORTED, set::ISIN];

/// An operand of a call under planning.
pub(crate) enum Given {
    Lazy(Lazy),
    Scalar(Scalar),
    Absent,
}

/// A call under planning.
pub(crate) struct Site<'s> {
    pub(crate) op: &'static Op,
    pub(crate) params: &'s dyn Params,
    pub(crate) operands: Vec<Given>,
    pub(crate) verdict: &'s Verdict,
    pub(crate) space: Namespace,
}

impl Site<'_> {
    /// The operand that must be an array.
    pub(crate) fn lazy(&self, i: usize) -> Result<&Lazy> {
        match &self.operands[i] {
            Given::Lazy(lazy) => Ok(lazy),
            _ => Err(array_api::Error::dtype(self.op.name, format!("needs an array as operand {i}, not a number"))),
        }
    }

    /// The parameters, as those of `P`.
    pub(crate) fn params<P: Params>(&self) -> Result<&P> {
        params(self.op, self.params)
    }
}

/// The parameters of a node's call, as those of `P`.
pub(crate) fn params<'p, P: Params>(op: &'static Op, any: &'p dyn Params) -> Result<&'p P> {
    (any as &dyn std::any::Any)
        .downcast_ref()
        .ok_or_else(|| array_api::Error::backend(op.name, format!("the parameters {any:?} are another operation's")))
}

/// The first half of a rule.
pub(crate) type PlanRule = fn(&Site<'_>) -> Result<Planned, Exit>;

/// What planning decided: the inputs in chunks that fit, and the results' chunks.
pub(crate) struct Planned {
    /// One for each operand that is an array, in order.
    pub(crate) inputs: Vec<Lazy>,
    /// One for each result.
    pub(crate) outputs: Vec<Chunks>,
}

/// How an operation works on chunks.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// Tasks of its own.
    Tasks(PlanRule, MakeTasks),
    /// In terms of other operations, on whole chunked arrays.
    Rewrite(fn(&mut Call<'_, '_>) -> Result<Outs, Exit>),
}

/// The rule of an operation, if it has one.
pub(crate) fn rule(op: &'static Op) -> Option<Rule> {
    // Algorithms for what is cut come first; they leave to blocks what is in one piece.
    let by_name = linalg::rule(op.name)
        .or_else(|| positions::rule(op.name))
        .or_else(|| repetition::rule(op.name))
        .or_else(|| scan::rule(op.name))
        .or_else(|| set::rule(op.name))
        .or_else(|| searching::rule(op.name))
        .or_else(|| sorting::rule(op.name))
        .or_else(|| blocks::rule(op.name))
        .or_else(|| contraction::rule(op.name))
        .or_else(|| creation::rule(op.name))
        .or_else(|| indexing::rule(op.name))
        .or_else(|| movement::rule(op.name))
        .or_else(|| reduction::rule(op.name))
        .or_else(|| utility::rule(op.name));
    by_name.or(match op.class {
        Class::Elementwise => Some(Rule::Tasks(elementwise::plan, elementwise::emit)),
        _ => None,
    })
}

/// How chunked arrays serve an operation: by a rule, through its composition, or not at all.
pub fn served(op: &'static Op) -> &'static str {
    match (rule(op), op.compose) {
        (Some(_), _) => "rule",
        (None, Some(_)) => "composition",
        (None, None) => "missing",
    }
}

/// Builds the node of a call.
pub(crate) fn build(site: Site<'_>, plan: PlanRule, emit: Emit) -> Result<Outs, Exit> {
    let Planned { inputs, outputs } = plan(&site)?;
    let mut next = 0;
    let slot = |given: &Given| match given {
        Given::Lazy(_) => {
            next += 1;
            Slot::Input(next - 1)
        }
        Given::Scalar(s) => Slot::Scalar(*s),
        Given::Absent => Slot::Absent,
    };
    let operands = site.operands.iter().map(slot).collect();
    let metas = site.verdict.results();
    let layouts = metas.iter().zip(outputs).map(|(meta, chunks)| Layout { dtype: meta.dtype, chunks }).collect();
    let work = Work::Call { op: site.op, params: site.params.boxed(), operands, emit };
    let node = Node::new(work, inputs, layouts, site.space);
    let array = |output: usize| Array::new(ChunkedArray::new(Lazy { node: node.clone(), output }));
    Ok(if metas.len() == 1 && site.op.results.is_empty() && !is_list(site.op) {
        Outs::One(array(0))
    } else {
        Outs::Many((0..metas.len()).map(array).collect())
    })
}

/// Whether the operation gives a list even where that has one entry.
fn is_list(op: &'static Op) -> bool {
    matches!(op.name, "nonzero" | "unstack" | "broadcast_arrays" | "meshgrid")
}

/// The operands of a call as lazy arrays and numbers.
pub(crate) fn given(call: &Call<'_, '_>, space: &Namespace) -> Result<Vec<Given>> {
    let one = |operand: &Operand<'_>| match operand {
        Operand::Scalar(s) => Ok(Given::Scalar(*s)),
        Operand::Absent => Ok(Given::Absent),
        Operand::Ref(a) => lazy(call.op, a, space).map(Given::Lazy),
        Operand::Own(a) => lazy(call.op, a, space).map(Given::Lazy),
    };
    call.args.iter().map(one).collect()
}

/// An operand as a lazy array; one of data becomes a part of the expression, in one chunk.
fn lazy(op: &'static Op, a: &Array, space: &Namespace) -> Result<Lazy> {
    if let Some(chunked) = a.downcast_ref::<ChunkedArray>() {
        return Ok(chunked.lazy().clone());
    }
    let here = a.namespace();
    if !std::ptr::eq(here.kind(), space.kind()) || here.device() != space.device() {
        let message = format!("an operand is of kind {here}, the chunks are of {space}; convert one of them");
        return Err(array_api::Error::not_implemented(op.name, message));
    }
    let chunks = Chunks::whole(a.shape()?);
    let layout = Layout { dtype: a.dtype(), chunks };
    Ok(Lazy { node: Node::new(Work::Held(a.clone()), vec![], vec![layout], space.clone()), output: 0 })
}
