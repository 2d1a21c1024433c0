//! Who answers a call.

use smallvec::{SmallVec, smallvec};
use std::fmt;
use std::ptr;

use crate::array::Array;
#[cfg(debug_assertions)]
use crate::call::Outs;
use crate::call::{Answer, Call, IntoAnswer, Other};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Asked, Kind, KindId};
use crate::operand::Operand;
use crate::operation::Op;
use crate::registry::{Source, has_functions, source};

/// Finds the implementation of the outermost kind among the arguments and runs it.
///
/// The common path, arrays of one kind, is two loads from a published row: no lock, no hashing, no allocation. It is
/// inlined where a function is called, since there the number and the form of the operands are known.
#[inline(always)]
pub fn dispatch(call: &mut Call<'_, '_>) -> Answer {
    if call.namespace.is_some() {
        return among_several(call);
    }
    let Some(asked) = only_asked(call.args) else { return among_several(call) };
    let answer = call.op.row.function(asked.kind())(call);
    finish(answer, call)
}

/// Whom all arrays ask, if they ask the same. One and two operands are written out: as a loop they take a third longer.
#[inline(always)]
fn only_asked(args: &[Operand<'_>]) -> Option<Asked> {
    let of = |operand: &Operand<'_>| operand.array().map_or(Asked::NOBODY, |a| a.head().asked);
    let both = |one: Asked, other: Asked| match () {
        () if one == other || other == Asked::NOBODY => Some(one),
        () if one == Asked::NOBODY => Some(other),
        () => None,
    };
    match args {
        [x] => Some(of(x)),
        [x, y] => both(of(x), of(y)),
        _ => args.iter().map(of).try_fold(Asked::NOBODY, both),
    }
}

/// A namespace, or arrays of several kinds or levels: those of the outermost level count.
#[inline(never)]
fn among_several(call: &mut Call<'_, '_>) -> Answer {
    let answer = match only_kind(call) {
        Some(kind) => call.op.row.function(kind)(call),
        None => search(call, None),
    };
    finish(answer, call)
}

/// The kind of all arrays of the outermost level, if they are of one kind.
fn only_kind(call: &Call<'_, '_>) -> Option<KindId> {
    let level = call.level();
    let namespace = call.namespace.map(|xp| xp.kind()).filter(|kind| kind.level() == level).map(Kind::id);
    let arrays = call.arrays().map(|a| a.head().asked).filter(|a| a.level() == level).map(Asked::kind);
    let mut kinds = namespace.into_iter().chain(arrays);
    kinds.next().filter(|&kind| kinds.all(|other| other == kind))
}

/// What a row holds for a kind without a registered function, and for kinds it does not know yet.
#[inline(never)]
pub(crate) fn generic(call: &mut Call<'_, '_>) -> Answer {
    let Some(kind) = only_kind(call) else { return search(call, None) };
    match source(call.op, kind) {
        Source::Kernel(kernel, _) => kernel(call),
        Source::Closure(closure, _) => closure(call).into_answer(),
        Source::Handler(handler) => handler(call).into_answer(),
        Source::Composition(compose) => compose(call).into_answer(),
        Source::Conflict(..) | Source::Refused(_) | Source::Missing => search(call, None),
    }
}

#[inline]
fn finish(answer: Answer, call: &mut Call<'_, '_>) -> Answer {
    match answer {
        Answer::One(a) => {
            #[cfg(debug_assertions)]
            if let Err(e) = hold(call, &[&a]) {
                return e.into();
            }
            Answer::One(a)
        }
        Answer::Other(other) => uncommon(call, other),
    }
}

/// Several results, a failure, or a decline that sends the call on.
#[cold]
#[inline(never)]
#[allow(clippy::boxed_local)] // taken apart here, off the common path
fn uncommon(call: &mut Call<'_, '_>, other: Box<Other>) -> Answer {
    match *other {
        Other::Declined(why) => search(call, Some(why)),
        #[cfg(debug_assertions)]
        Other::Several(v) => match hold(call, &v.iter().collect::<Vec<_>>()) {
            Ok(()) => Outs::Many(v).into(),
            Err(e) => e.into(),
        },
        result => Answer::Other(Box::new(result)),
    }
}

/// Holds results against the front door's verdict: debug builds and the conformance kit.
#[cfg(debug_assertions)]
fn hold(call: &Call<'_, '_>, results: &[&Array]) -> Result<()> {
    use crate::dims::UNKNOWN;
    let due = call.verdict.results();
    let fits = |(due, got): (&crate::call::Meta, &&Array)| {
        let dims = due.dims.len() == got.ndim()
            && due.dims.iter().zip(got.dims().iter()).all(|(&d, &g)| d == g || d == UNKNOWN || g == UNKNOWN);
        dims && due.dtype == got.dtype()
    };
    if due.len() == results.len() && due.iter().zip(results).all(fits) {
        return Ok(());
    }
    let show = |(dims, dtype): (&crate::Dims, crate::DType)| format!("{dtype}{dims}");
    let due: Vec<_> = due.iter().map(|m| show((&m.dims, m.dtype))).collect();
    let got: Vec<_> = results.iter().map(|a| show((a.dims(), a.dtype()))).collect();
    let message = format!("the implementation gave {} where the rule says {}", got.join(", "), due.join(", "));
    Err(Error::backend(call.op.name, message))
}

/// The kinds of the outermost level, in order of first appearance.
fn outermost(call: &Call<'_, '_>) -> SmallVec<[&'static Kind; 2]> {
    let level = call.level();
    let arrays = call.arrays().filter(|a| a.level() == level).map(Array::kind);
    let namespace = call.namespace.map(|xp| xp.kind()).filter(|k| k.level() == level);
    let mut kinds: SmallVec<[&'static Kind; 2]> = smallvec![];
    for kind in arrays.chain(namespace) {
        if !kinds.iter().any(|k| ptr::eq(*k, kind)) {
            kinds.push(kind);
        }
    }
    kinds
}

/// The one kind that answers where several of a level meet: the one that accepts all the others.
fn chosen(op: &'static Op, kinds: &[&'static Kind]) -> Result<&'static Kind> {
    let knowing: Vec<_> = kinds.iter().filter(|k| kinds.iter().all(|other| k.knows(other))).collect();
    let names = |kinds: &[&'static Kind]| kinds.iter().map(|k| k.name()).collect::<Vec<_>>().join(" and ");
    match knowing[..] {
        [one] => Ok(one),
        [] => Err(Error::not_implemented(
            op.name,
            format!(
                "arrays of kind {} meet, and none of the kinds accepts the others; convert one of the arrays first",
                names(kinds)
            ),
        )),
        _ => Err(Error::new(
            ErrorKind::Ambiguous,
            op.name,
            format!(
                "arrays of kind {} meet, and each accepts the other; convert one of the arrays, or let only one kind \
                 declare that it accepts the other",
                names(kinds)
            ),
        )),
    }
}

/// First calls, mixed kinds, declines, and the error that tells all of it.
#[cold]
#[inline(never)]
fn search(call: &mut Call<'_, '_>, mut declined: Option<Box<str>>) -> Answer {
    let kinds = outermost(call);
    let op = call.op;
    let kind = match &kinds[..] {
        [] => return Error::dtype(op.name, "needs an array: the arguments are all plain numbers").into(),
        [one] => *one,
        several => match chosen(op, several) {
            Ok(kind) => kind,
            Err(e) => return e.into(),
        },
    };
    let mut reasons: Vec<String> = vec![];
    let first = *source(op, kind.id());
    // The kind's kernel, then its handler; whichever already declined is not asked again.
    let handler = match first {
        Source::Kernel(..) | Source::Closure(..) => kind.handler().map(Source::Handler),
        _ => None,
    };
    for source in [Some(first), handler].into_iter().flatten() {
        if let Some(why) = declined.take() {
            reasons.push(format!("{}: {why}", kind.name()));
            continue;
        }
        let answer = match source {
            Source::Kernel(kernel, _) => kernel(call),
            Source::Closure(closure, _) => closure(call).into_answer(),
            Source::Handler(f) => f(call).into_answer(),
            Source::Conflict(..) => return Error::registry(op.name, format!("for {}: {source}", kind.name())).into(),
            Source::Composition(_) | Source::Refused(_) | Source::Missing => continue,
        };
        match answer {
            Answer::Other(other) => match *other {
                Other::Declined(why) => reasons.push(format!("{}: {why}", kind.name())),
                result => return Answer::Other(Box::new(result)),
            },
            one => return one,
        }
    }
    match (op.compose, kinds.iter().find_map(|k| Some((k, k.refusal(op)?)))) {
        (Some(compose), None) => return compose(call).into_answer(),
        (Some(_), Some((k, why))) => reasons.push(format!("{}: refuses the composition, because {why}", k.name())),
        (None, _) => {}
    }
    unanswered(call, kind, &kinds, reasons).into()
}

/// The error that names the operation, each kind asked, each reason, and what would help.
fn unanswered(call: &Call<'_, '_>, kind: &'static Kind, kinds: &[&'static Kind], reasons: Vec<String>) -> Error {
    let op = call.op;
    let names = kinds.iter().map(|k| k.name()).collect::<Vec<_>>().join(" with ");
    let mut message = format!("there is no implementation for {names}");
    for reason in &reasons {
        message.push_str("; ");
        message.push_str(reason);
    }
    if reasons.is_empty() {
        message.push_str(if has_functions(kind) {
            ": nothing is registered, and the operation has no composition"
        } else {
            ": the kind has no functions at all; either its crate registers none with #[implements(...)], or it is not \
             linked into this program"
        });
    }
    message.push_str(&format!(
        ". Write `#[implements({})]` for {}, or convert the argument to a kind that has it",
        op.name,
        kind.name()
    ));
    Error::not_implemented(op.name, message)
}

/// Which implementation would run for a call, by which rule, registered where.
#[derive(Debug, Clone)]
pub struct Explanation {
    lines: Vec<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

/// Says which implementation of an operation would answer for these arrays.
///
/// # Errors
/// If there is no such operation.
pub fn explain(op: &str, arrays: &[&Array]) -> Result<Explanation> {
    let op = Op::named(op)?;
    let mut args: Vec<_> = arrays.iter().map(|a| Operand::Ref(a)).collect();
    let verdict = crate::call::Verdict::many(vec![], crate::DType::Bool);
    let params = op.read(&[])?;
    let call = Call { op, params: &*params, args: &mut args, verdict: &verdict, namespace: None };
    let kinds = outermost(&call);
    let mut lines =
        vec![format!("{} of {}", op.name, arrays.iter().map(|a| a.kind().name()).collect::<Vec<_>>().join(", "))];
    let kind = match &kinds[..] {
        [] => return Ok(Explanation { lines: vec![format!("{}: there is no array to ask", op.name)] }),
        [one] => {
            lines.push(format!("{} is the only kind of the outermost level", one.name()));
            *one
        }
        several => match chosen(op, several) {
            Ok(k) => {
                lines.push(format!("{} accepts the other kinds of the outermost level", k.name()));
                k
            }
            Err(e) => {
                lines.push(e.message().to_string());
                return Ok(Explanation { lines });
            }
        },
    };
    let first = source(op, kind.id());
    lines.push(format!("first: {first}"));
    if let (Source::Kernel(..) | Source::Closure(..), Some(_)) = (first, kind.handler()) {
        lines.push("if it declines: the kind's generic handler".into());
    }
    if op.compose.is_some() && !matches!(first, Source::Composition(_) | Source::Refused(_)) {
        lines.push("if all decline: the operation's composition".into());
    }
    Ok(Explanation { lines })
}

/// The implementation that a kind has for an operation: a line of the coverage table.
pub fn coverage(op: &'static Op, kind: &'static Kind) -> Source {
    *source(op, kind.id())
}
