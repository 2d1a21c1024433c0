//! Two kinds on the same random calls: what one gives, the other must.

use array_api::{Array, Class, DType, ErrorKind, Op, Result, Scalar, operations};

use crate::any_call::{Dice, Drawn, Watch};
use crate::compare::{Close, Want};
use crate::kit::Make;
use crate::reference::Reference;

/// Calls every row `times` times on two kinds, with the same random operands and parameters, and compares.
///
/// Shapes, data types, integers, truth values and the kinds of errors must be equal; so must elements that are only moved,
/// made or drawn. Real elementwise results may be 4 numbers of the type apart, complex ones 16 epsilons normwise. Sums and
/// products of finite elements of moderate size may differ by what the order of additions does to them; decompositions, which
/// are not unique, are held by the kit's own tests.
///
/// # Errors
/// The first difference of every row, with the call.
pub fn agreement(one: &Make, other: &Make, seed: u64, times: usize) -> std::result::Result<(), String> {
    let mut wrong = vec![];
    let watch = Watch::new();
    let only = std::env::var("ANY_CALL_ROW").ok();
    for op in operations().filter(|op| only.as_deref().is_none_or(|name| name == op.name)) {
        let mut dice = Dice::of_row(op, seed);
        for _ in 0..times {
            let call = Drawn::new(op, one, &mut dice);
            watch.set(Some(call.to_string()));
            let result = compared(op, &call, one, other);
            watch.set(None);
            if let Err(what) = result {
                wrong.push(format!("{call}: {what}"));
                break;
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn compared(op: &'static Op, call: &Drawn, one: &Make, other: &Make) -> std::result::Result<(), String> {
    let here = call.results(one, |a| Ok(a.clone()));
    let there = call.results(other, |a| other(a.to_host()?, a.dims().clone()));
    let no_room = |r: &Result<array_api::Outs>| matches!(r, Err(e) if e.kind() == ErrorKind::Memory);
    if no_room(&here) || no_room(&there) {
        return Ok(()); // how much there is room for is a kind's own: views take none
    }
    // Whether rounding makes a pivot zero is a library's own.
    let singular = |r: &Result<array_api::Outs>| matches!(r, Err(e) if e.kind() == ErrorKind::Value);
    if op.class == Class::Matrix && (singular(&here) != singular(&there)) {
        return Ok(());
    }
    let (here, there) = match (here, there) {
        (Ok(here), Ok(there)) => (here, there),
        (Err(a), Err(b)) if a.kind() == b.kind() => return Ok(()),
        (Err(a), Err(b)) => return Err(format!("errors are {:?} ({a}) and {:?} ({b})", a.kind(), b.kind())),
        (Ok(_), Err(e)) => return Err(format!("the second gives an error: {e}")),
        (Err(e), Ok(_)) => return Err(format!("the first gives an error, the second none: {e}")),
    };
    if here.as_slice().len() != there.as_slice().len() {
        return Err(format!("{} results and {}", here.as_slice().len(), there.as_slice().len()));
    }
    for (a, b) in here.as_slice().iter().zip(there.as_slice()) {
        one_result(op, call, a, b)?;
    }
    Ok(())
}

/// Sizes that sums of squares of a few dozen stay finite with, in single precision too.
const MODERATE: f64 = 1e6;

fn one_result(op: &'static Op, call: &Drawn, a: &Array, b: &Array) -> std::result::Result<(), String> {
    if a.dims() != b.dims() || a.dtype() != b.dtype() {
        return Err(format!("{}{} and {}{}", a.dtype(), a.dims(), b.dtype(), b.dims()));
    }
    // The standard leaves the order of complex values open.
    let open = op.class == Class::Matrix || op.category == "set" && call.is_complex();
    // Of what is not sorted, too.
    let open = open || op.name == "searchsorted";
    // Of complex functions it states special values, which the kit holds, but not how near numbers next to them are.
    let (smallest, largest) = call.sizes();
    let high = if op.name == "pow" { largest > 1e2 } else { largest > 1e100 && largest.is_finite() };
    let extreme = smallest < 1e-100 || high;
    let open = open || op.class == Class::Elementwise && a.dtype().is_complex() && extreme;
    if open || a.dims().size().is_none_or(|n| n > 10_000) {
        return Ok(());
    }
    let read = |x: &Array| Reference::read(x).map_err(|e| e.to_string());
    let (first, second) = (read(a)?, read(b)?);
    let exact = !a.dtype().is_floating();
    let close = match op.class {
        _ if exact => Close::Exact,
        Class::Movement | Class::Creation | Class::Random | Class::Indexing => Close::Exact,
        Class::Elementwise if a.dtype().is_complex() => Close::AnyZero(16.0),
        Class::Elementwise => Close::AnyZero(4.0),
        _ => {
            if largest > MODERATE {
                return Ok(());
            }
            let epsilon = if a.dtype().real() == DType::Float32 { 1.2e-7 } else { 2.3e-16 };
            // Of a matrix as a whole: what is rounded is small beside its largest element.
            let norm = |s: &Scalar| s.to_complex().norm();
            let whole =
                first.data.iter().map(norm).filter(|n| op.category == "linalg" && n.is_finite()).fold(1.0, f64::max);
            let size = |n: usize| norm(&first.data[n]).max(largest).max(whole);
            // Products of several elements: the sizes of the terms bound the error, and of sums their squares.
            let error = |n| 1e3 * epsilon * size(n) * largest.max(1.0);
            Close::Within((0..first.data.len()).map(error).collect())
        }
    };
    Want::from(first).close(close).check(&second)
}
