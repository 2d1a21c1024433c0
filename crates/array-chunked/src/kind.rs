//! The kind `chunked` in the protocol: what it answers to any operation.

use array_api::{Call, Error, Exit, Handled, Kind, Level, Namespace, Result, decline};

use crate::array::{self, ChunkedArray};
use crate::rules::{self, Emit, PlanRule, Rule, Site};

/// The kind of chunked arrays.
pub static CHUNKED: Kind =
    Kind::new("chunked").rank(1).handled_by(answer).from_host(array::from_host).persists(crate::compute::persist_all);

/// The namespace of chunked arrays whose chunks live in another one: `chunked::over(&ndarray())`.
///
/// Options: `chunks` says how new arrays are cut (see [`ChunkSpec`](crate::ChunkSpec)), `sizes` = `compute` has extents that
/// depend on data computed at once (`unknown` leaves them so), and `exports` = `compute` allows those who hand memory to others,
/// such as the Python package, to compute an array for it (`refuse` does not).
///
/// ```
/// use array_api::Value;
/// let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", Value::Int(2));
/// let x = xp.ones([3, 3])?;
/// assert_eq!(array_chunked::chunks_of(&x)?.count(), 4);
/// # Ok::<(), array_api::Error>(())
/// ```
pub fn over(space: &Namespace) -> Namespace {
    // A kind with a handler only is known by its first array, or by this.
    CHUNKED.id();
    Namespace::new(&CHUNKED).on(space.device()).over(space.clone())
}

/// The namespace of an array whose chunks live in `space`. Options of the expression's namespace travel in it.
pub(crate) fn wrapped(space: &Namespace) -> Namespace {
    with_options(over(space), space)
}

/// What a chunked namespace can be told.
pub const OPTIONS: [&str; 3] = ["chunks", "sizes", "exports"];

/// A namespace with the options that another one has.
pub(crate) fn with_options(to: Namespace, from: &Namespace) -> Namespace {
    OPTIONS.into_iter().fold(to, |to, option| match from.option(option) {
        Some(value) => to.with(option, value.clone()),
        None => to,
    })
}

/// Where the chunks of a namespace's arrays live, with the options of the chunked namespace.
pub(crate) fn space(namespace: &Namespace) -> Result<Namespace> {
    let inner = match namespace.inner() {
        Some(inner) => inner.clone(),
        None => "ndarray".parse().map_err(|_| {
            Error::value("chunked", "chunks are of no kind yet; say of which: `array_chunked::over(&namespace)`")
        })?,
    };
    if inner.kind().level() != Level::DATA {
        let message = format!("chunks are arrays of data, not of kind {}", inner.kind().name());
        return Err(Error::value("chunked", message));
    }
    Ok(with_options(inner.on(namespace.device()), namespace))
}

/// The handler: builds an expression, and computes nothing.
fn answer(call: &mut Call<'_, '_>) -> Handled {
    let Some(rule) = rules::rule(call.op) else {
        return match call.op.compose {
            Some(_) => decline("made of other functions"),
            None => decline(format!("chunked arrays have no rule for {}", call.op.name)),
        };
    };
    match rule {
        Rule::Rewrite(rewrite) => rewrite(call),
        Rule::Tasks(plan, emit) => tasks(call, plan, Emit::by_rule(emit)),
    }
}

/// The node of a call that is answered by tasks of its own.
pub(crate) fn tasks(call: &mut Call<'_, '_>, plan: PlanRule, emit: Emit) -> Handled {
    let space = match call.namespace {
        Some(namespace) => space(namespace)?,
        None => chunk_space(call)?,
    };
    let operands = rules::given(call, &space)?;
    let sized = array::computes_sizes(&space)?;
    let site = Site { op: call.op, params: call.params, operands, verdict: call.verdict, space };
    let outs = rules::build(site, plan, emit)?;
    Ok(if sized { crate::compute::sized(outs)? } else { outs })
}

/// The namespace of the chunks of a call's arrays, which must be one.
fn chunk_space(call: &Call<'_, '_>) -> Result<Namespace, Exit> {
    let mut spaces = call.arrays().filter_map(|a| a.downcast_ref::<ChunkedArray>()).map(|c| &c.lazy().node.space);
    let Some(first) = spaces.next() else { return decline("no operand is chunked") };
    match spaces.find(|s| !std::ptr::eq(s.kind(), first.kind()) || s.device() != first.device()) {
        None => Ok(first.clone()),
        Some(other) => {
            let message = format!("chunks of {first} and of {other} meet; convert one of the arrays");
            Err(Error::not_implemented(call.op.name, message).into())
        }
    }
}
