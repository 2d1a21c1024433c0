//! Two operations of arithmetic as one loop, for chains: what lies between them stays in registers.
//!
//! Each of the two rounds as it does alone, so the results are the same bits.

use smallvec::SmallVec;

use crate::engine::chain::Origin;
use crate::engine::kernel::{Op, table};

/// An operation and its operands.
pub(crate) type Line = (&'static Op, SmallVec<[Origin; 3]>);

/// Writes a loop of three operands for each pair, `a` and `b` the first one's, and finds them by the names of both and the place
/// of the first one's result in the second.
macro_rules! pairs {
    ($($first:literal { $($second:literal $place:literal $name:ident = |$a:ident, $b:ident, $c:ident| $body:expr;)* })*) => {
        $( $( table! { /// A pair.
            $name = $second;
            float -> T, Wide: |$a, $b, $c| $body;
        } )* )*

        fn of_three(first: &str, second: &str, place: usize) -> Option<&'static Op> {
            match (first, second, place) {
                $( $( ($first, $second, $place) => Some(&$name), )* )*
                _ => None,
            }
        }
    };
}

pairs! {
    "add" {
        "add" 0 ADD_ADD = |a, b, c| (a + b) + c;
        "add" 1 ADD_OF_ADD = |a, b, c| c + (a + b);
        "subtract" 0 ADD_SUBTRACT = |a, b, c| (a + b) - c;
        "subtract" 1 SUBTRACT_OF_ADD = |a, b, c| c - (a + b);
        "multiply" 0 ADD_MULTIPLY = |a, b, c| (a + b) * c;
        "multiply" 1 MULTIPLY_OF_ADD = |a, b, c| c * (a + b);
    }
    "subtract" {
        "add" 0 SUBTRACT_ADD = |a, b, c| (a - b) + c;
        "add" 1 ADD_OF_SUBTRACT = |a, b, c| c + (a - b);
        "subtract" 0 SUBTRACT_SUBTRACT = |a, b, c| (a - b) - c;
        "subtract" 1 SUBTRACT_OF_SUBTRACT = |a, b, c| c - (a - b);
        "multiply" 0 SUBTRACT_MULTIPLY = |a, b, c| (a - b) * c;
        "multiply" 1 MULTIPLY_OF_SUBTRACT = |a, b, c| c * (a - b);
    }
    "multiply" {
        "add" 0 MULTIPLY_ADD = |a, b, c| (a * b) + c;
        "add" 1 ADD_OF_MULTIPLY = |a, b, c| c + (a * b);
        "subtract" 0 MULTIPLY_SUBTRACT = |a, b, c| (a * b) - c;
        "subtract" 1 SUBTRACT_OF_MULTIPLY = |a, b, c| c - (a * b);
        "multiply" 0 MULTIPLY_MULTIPLY = |a, b, c| (a * b) * c;
        "multiply" 1 MULTIPLY_OF_MULTIPLY = |a, b, c| c * (a * b);
    }
}

table! { /// A negated sum.
    NEGATIVE_ADD = "negative";
    float -> T, Wide: |a, b| -(a + b);
}
table! { /// A negated difference.
    NEGATIVE_SUBTRACT = "negative";
    float -> T, Wide: |a, b| -(a - b);
}
table! { /// A negated product.
    NEGATIVE_MULTIPLY = "negative";
    float -> T, Wide: |a, b| -(a * b);
}

fn pair(first: &str, second: &str, place: usize) -> Option<&'static Op> {
    match (first, second) {
        ("add", "negative") => Some(&NEGATIVE_ADD),
        ("subtract", "negative") => Some(&NEGATIVE_SUBTRACT),
        ("multiply", "negative") => Some(&NEGATIVE_MULTIPLY),
        _ => of_three(first, second, place),
    }
}

/// The same operations, some of them two by two: where a result goes to one other operation only.
pub(crate) fn paired(lines: Vec<Line>) -> Vec<Line> {
    let is = |from: &Origin, step: usize| matches!(from, Origin::Step(s) if *s == step);
    let uses = |step: usize| lines.iter().flat_map(|(_, ins)| ins).filter(|from| is(from, step)).count();
    // By the place of the second: the place of the first.
    let mut first_of: Vec<Option<usize>> = vec![None; lines.len()];
    let mut taken = vec![false; lines.len()];
    for (at, (op, ins)) in lines.iter().enumerate() {
        let first = ins.iter().enumerate().find_map(|(place, from)| match *from {
            Origin::Step(s) if uses(s) == 1 && first_of[s].is_none() => {
                pair(lines[s].0.name, op.name, place).map(|_| s)
            }
            _ => None,
        });
        if let Some(first) = first {
            (first_of[at], taken[first]) = (Some(first), true);
        }
    }
    let mut place: Vec<usize> = vec![];
    let mut made: Vec<Line> = vec![];
    for (at, (op, ins)) in lines.iter().enumerate() {
        place.push(made.len());
        if taken[at] {
            continue;
        }
        let (mut op, mut ins) = (*op, ins.clone());
        if let Some(first) = first_of[at]
            && let Some(inner) = ins.iter().position(|from| is(from, first))
            && let Some(both) = pair(lines[first].0.name, op.name, inner)
        {
            ins.remove(inner);
            let rest = std::mem::replace(&mut ins, lines[first].1.clone());
            ins.extend(rest);
            op = both;
        }
        for from in &mut ins {
            if let Origin::Step(s) = from {
                *s = place[*s];
            }
        }
        made.push((op, ins));
    }
    made
}
