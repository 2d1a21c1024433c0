//! Elementwise rows: every line on every data type, with broadcasting, plain numbers, promotion and refusals.

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want};
use crate::inputs::{moderate, specials, telling, wide};
use crate::kit::{Given, Kit, fields};
use crate::line::{Line, line_of};
use crate::reference::{Reference, broadcast, rounded};

fn f(s: Scalar) -> f64 {
    s.to_f64()
}

fn i(s: Scalar) -> i128 {
    s.to_i128()
}

/// Every elementwise row runs this check; its line says what is right.
pub(crate) fn check(kit: &mut Kit, name: &'static str) {
    let Some(line) = line_of(name) else { return };
    for dtype in DTYPES {
        if line.function(dtype).is_none() {
            let x = Given::Array(moderate(dtype, &[2], 1));
            kit.refuses(&[], &vec![x; line.arity], ErrorKind::DType);
            continue;
        }
        match line.arity {
            1 => unary(kit, &line, dtype),
            _ => binary(kit, &line, dtype),
        }
        if kit.enough() {
            return;
        }
    }
    if line.arity == 2 {
        promotion(kit, &line);
        let (x, y) = (moderate(line_type(&line), &[2, 3], 5), moderate(line_type(&line), &[4], 6));
        kit.refuses(&[], &[(&x).into(), (&y).into()], ErrorKind::Shape);
    }
}

/// A type that the line accepts.
fn line_type(line: &Line) -> DType {
    DTYPES.into_iter().find(|&d| line.function(d).is_some()).unwrap_or(DType::Float64)
}

fn unary(kit: &mut Kit, line: &Line, dtype: DType) {
    let all = telling(dtype, 3);
    let n = all.data.len();
    let block = Reference::new(dtype, &[3, n / 3], all.data[n % 3..].to_vec());
    let one = Reference::new(dtype, &[], vec![all.data[1]]);
    let empty = [Reference::new(dtype, &[0], vec![]), Reference::new(dtype, &[2, 0, 3], vec![])];
    // Long enough for the loops that take many elements at a time, and for their ends.
    let long = Reference::new(dtype, &[1031], wide(dtype, 1031, 4));
    for x in [all, block, one, long, moderate(dtype, &[2, 3, 2, 5], 9)].iter().chain(&empty) {
        if let Some(want) = line.want(dtype, &[x]) {
            kit.gives_one(&[], &[x.into()], want);
        }
    }
}

fn binary(kit: &mut Kit, line: &Line, dtype: DType) {
    let special = specials(dtype);
    let n = special.len();
    let (column, row) = (Reference::new(dtype, &[n, 1], special.clone()), Reference::new(dtype, &[n], special));
    let wide = |dims: &[usize], seed| Reference::new(dtype, dims, wide(dtype, dims.iter().product(), seed));
    let pairs = [
        (column, row),
        (wide(&[5, 7], 11), wide(&[5, 7], 12)),
        (wide(&[1031], 13), wide(&[1031], 14)),
        (moderate(dtype, &[2, 1, 3], 15), moderate(dtype, &[4, 1], 16)),
        (moderate(dtype, &[3, 4], 17), moderate(dtype, &[4], 18)),
        (moderate(dtype, &[], 19), moderate(dtype, &[2, 2], 20)),
        (moderate(dtype, &[], 21), moderate(dtype, &[], 22)),
        (moderate(dtype, &[0, 3], 23), moderate(dtype, &[1], 24)),
        (moderate(dtype, &[2, 0], 25), moderate(dtype, &[2, 1], 26)),
    ];
    for (x, y) in &pairs {
        if let Some(want) = line.want(dtype, &[x, y]) {
            kit.gives_one(&[], &[x.into(), y.into()], want);
        }
    }
    // A plain number takes the array's type, on either side.
    let x = moderate(dtype, &[3, 2], 27);
    let number = Reference::new(dtype, &[], vec![rounded(dtype, Scalar::int(2)).unwrap_or(Scalar::int(2))]);
    if let (Some(right), Some(left)) = (line.want(dtype, &[&x, &number]), line.want(dtype, &[&number, &x])) {
        kit.gives_one(&[], &[(&x).into(), number.data[0].into()], right);
        kit.gives_one(&[], &[number.data[0].into(), (&x).into()], left);
    }
}

/// Every pair of types: the standard's common one, or a refusal.
fn promotion(kit: &mut Kit, line: &Line) {
    for a in DTYPES {
        for b in DTYPES.into_iter().filter(|&b| b != a) {
            let (x, y) = (moderate(a, &[2, 2], 31), moderate(b, &[2], 32));
            let given = [(&x).into(), (&y).into()];
            match a.promote(b).and_then(|d| line.want(d, &[&x.cast(d), &y.cast(d)])) {
                Some(want) => kit.gives_one(&[], &given, want),
                None => kit.refuses(&[], &given, ErrorKind::DType),
            }
            if kit.enough() {
                return;
            }
        }
    }
}

/// `where` and `clip`, whose arguments are not alike.
pub(crate) const ROWS: &[(&str, Check)] = &[("where", where_), ("clip", clip)];

fn where_(kit: &mut Kit) {
    for dtype in DTYPES {
        for (c, a, b) in
            [(&[3, 1][..], &[4][..], &[3, 4][..]), (&[], &[2], &[]), (&[0], &[1], &[]), (&[1031], &[1031], &[1])]
        {
            let (c, a, b) = (moderate(DType::Bool, c, 41), moderate(dtype, a, 42), moderate(dtype, b, 43));
            let dims = broadcast(&[&c.dims, &a.dims, &b.dims]);
            let want = Reference::build(dtype, &dims, |i| {
                if c.broadcast_at(i).to_bool() { a.broadcast_at(i) } else { b.broadcast_at(i) }
            });
            kit.gives_one(&[], &[c.into(), a.into(), b.into()], want);
        }
        let (c, x) = (moderate(DType::Bool, &[5], 44), moderate(dtype, &[5], 45));
        if dtype != DType::Bool {
            let zero = rounded(dtype, Scalar::int(0)).unwrap_or(Scalar::int(0));
            let want = Reference::build(dtype, &[5], |i| if c.at(i).to_bool() { x.at(i) } else { zero });
            kit.gives_one(&[], &[c.into(), (&x).into(), Scalar::int(0).into()], want);
            kit.refuses(&[], &[(&x).into(), (&x).into(), (&x).into()], ErrorKind::DType);
        }
    }
}

fn clip(kit: &mut Kit) {
    for dtype in DTYPES {
        if dtype == DType::Bool || dtype.is_complex() {
            let x = moderate(dtype, &[2], 1);
            kit.refuses(&[], &[x.into(), Given::Absent, Given::Absent], ErrorKind::DType);
            continue;
        }
        let x = telling(dtype, 46);
        let n = x.data.len();
        let less = |a: Scalar, b: Scalar| if dtype.is_integer() { i(a) < i(b) } else { f(a) < f(b) };
        let limit = |v: i128| rounded(dtype, Scalar::int(v)).unwrap_or(Scalar::int(v));
        let clipped = |low: Option<Scalar>, high: Option<Scalar>| {
            Reference::build(dtype, &[n], |at| {
                let v = x.at(at);
                let v = low.filter(|&l| less(v, l)).unwrap_or(v);
                high.filter(|&h| less(h, v)).unwrap_or(v)
            })
        };
        let (low, high) = (limit(1), limit(3));
        let array = |s: Scalar| Given::Array(Reference::new(dtype, &[1], vec![s]));
        for (l, h) in [(Some(low), Some(high)), (Some(low), None), (None, Some(high)), (None, None)] {
            let want = Want::from(clipped(l, h)).close(Close::AnyZero(0.0));
            let number = |s: Option<Scalar>| s.map_or(Given::Absent, Given::Scalar);
            kit.gives_one(&[], &[(&x).into(), number(l), number(h)], want.clone());
            kit.gives_one(&[], &[(&x).into(), l.map_or(Given::Absent, array), h.map_or(Given::Absent, array)], want);
        }
    }
    let (x, wide) = (moderate(DType::Float32, &[3], 1), moderate(DType::Float64, &[3], 2));
    kit.refuses(&[], &[(&x).into(), wide.into(), Given::Absent], ErrorKind::DType);
    let other = moderate(DType::Float32, &[2, 2], 2);
    kit.refuses(fields![], &[x.into(), other.into(), Given::Absent], ErrorKind::Shape);
}
