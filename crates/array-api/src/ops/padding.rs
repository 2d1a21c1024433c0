//! Padding and interpolation. Beyond the standard.

use super::{at, clip, concat, searchsorted, take, where_};
use crate::array::Array;
use crate::call::{Call, Verdict};
use crate::dims::UNKNOWN;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::scalar::Scalar;
use crate::{operation, rule};

operation! {
    /// More elements before and after those of each axis. By `mode` they are `"constant"`: a value; `"edge"`: the first or
    /// last element; `"reflect"`: mirror images about these, which are not repeated; `"wrap"`: from the other end.
    Pad = pad(x: One) {
        /** How many before and after, for each axis; one pair serves all axes. */ pad_width: Vec<Vec<usize>> = vec![],
        mode: String = "constant".to_string(), /** What `"constant"` pads with. */ constant: Scalar = Scalar::int(0),
    } -> Array;
    "manipulation", Movement, pad_rule, compose compose_pad
}

operation! {
    /// Values at `x` of the function that is linear between points, of ascending position, and constant outside them.
    Interp = interp(x: One, points: One, values: One) {} -> Array;
    "searching", Other, interp_rule, compose compose_interp
}

/// As many elements before and after, along each axis.
impl From<usize> for Pad {
    fn from(n: usize) -> Pad {
        Pad { pad_width: vec![vec![n, n]], ..Pad::default() }
    }
}

impl<const N: usize> From<[[usize; 2]; N]> for Pad {
    fn from(widths: [[usize; 2]; N]) -> Pad {
        Pad { pad_width: widths.map(Vec::from).into(), ..Pad::default() }
    }
}

impl<P: Into<Pad>> From<(P, &str)> for Pad {
    fn from((widths, mode): (P, &str)) -> Pad {
        Pad { mode: mode.to_string(), ..widths.into() }
    }
}

fn pad_rule(op: &'static Op, p: &mut Pad, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    if !["constant", "edge", "reflect", "wrap"].contains(&p.mode.as_str()) {
        let modes = "\"constant\", \"edge\", \"reflect\" or \"wrap\"";
        return Err(Error::value(op.name, format!("mode is {:?}, but must be {modes}", p.mode)));
    }
    if p.pad_width.len() == 1 {
        p.pad_width = vec![p.pad_width[0].clone(); x.ndim()];
    }
    if p.pad_width.len() != x.ndim() {
        let message = format!("pad_width has {} pairs for {} axes", p.pad_width.len(), x.ndim());
        return Err(Error::value(op.name, message));
    }
    if !x.dtype().is_floating() && !p.constant.fits(x.dtype()) {
        return Err(Error::value(op.name, format!("the number {} does not fit {}", p.constant, x.dtype())));
    }
    let mut dims = x.dims().clone();
    for (a, width) in p.pad_width.iter().enumerate() {
        let &[before, after] = &width[..] else {
            let message = format!("pad_width of axis {a} has {} numbers, not two: before and after", width.len());
            return Err(Error::value(op.name, message));
        };
        let m = x.dims()[a];
        if m == 0 && p.mode != "constant" && before + after > 0 {
            let message = format!("axis {a} of shape {} has no elements to pad with", x.dims());
            return Err(Error::value(op.name, message));
        }
        let n = match m {
            UNKNOWN => Some(UNKNOWN),
            m => m.checked_add(before).and_then(|n| n.checked_add(after)).filter(|&n| isize::try_from(n).is_ok()),
        };
        dims = dims.with(a, n.ok_or_else(|| Error::shape(op.name, "the result is too large"))?);
    }
    Ok(Verdict::same(dims, x.dtype()))
}

/// Where the element at `i`, counted from the first one of `m`, comes from.
fn source(mode: &str, i: i64, m: i64) -> i64 {
    match mode {
        "edge" => i.clamp(0, m - 1),
        "wrap" => i.rem_euclid(m),
        _ if m == 1 => 0,
        _ => {
            let k = i.rem_euclid(2 * (m - 1));
            k.min(2 * (m - 1) - k)
        }
    }
}

fn compose_pad(p: &Pad, call: &mut Call<'_, '_>) -> Result<Array> {
    let mut x = rule::array(call.op, call.args, 0)?.clone();
    let xp = x.namespace();
    for (a, width) in p.pad_width.iter().enumerate() {
        let (before, after) = (width[0], width[1]);
        if before + after == 0 {
            continue;
        }
        x = if p.mode == "constant" {
            let room = |n: usize| xp.full((x.dims().with(a, n), p.constant, x.dtype()));
            concat([&room(before)?, &x, &room(after)?], a as isize)?
        } else {
            let m = x.shape()?[a] as i64;
            let n = before + m as usize + after;
            let mut from: Vec<i64> = vec![];
            let no_room =
                |_| Error::memory(call.op.name, format!("there is no memory for the positions of {n} elements"));
            from.try_reserve_exact(n).map_err(no_room)?;
            from.extend((-(before as i64)..m + after as i64).map(|i| source(&p.mode, i, m)));
            take(&x, xp.from_host(from, [n])?, a as isize)?
        };
    }
    Ok(x)
}

fn interp_rule(op: &'static Op, _: &mut Interp, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = rule::common_dtype(op, args)?;
    rule::REAL_FLOATING.check(op, dtype)?;
    let dims = rule::array(op, args, 0)?.dims().clone();
    let (points, values) = (rule::array(op, args, 1)?, rule::array(op, args, 2)?);
    if points.ndim() != 1 || points.dims() != values.dims() || points.dims()[0] == 0 {
        let message = format!(
            "points have shape {}, values {}: they must be 1-d, of equal length, at least one",
            points.dims(),
            values.dims()
        );
        return Err(Error::shape(op.name, message));
    }
    for operand in args.iter_mut() {
        rule::cast(operand, dtype)?;
    }
    Ok(Verdict::same(dims, dtype))
}

fn compose_interp(_: &Interp, call: &mut Call<'_, '_>) -> Result<Array> {
    let (x, points, values) =
        (rule::array(call.op, call.args, 0)?, rule::array(call.op, call.args, 1)?, rule::array(call.op, call.args, 2)?);
    let n = points.shape()?[0] as i64;
    if n == 1 {
        // The same value everywhere, but not-a-number where x is.
        return where_(crate::isnan(x)?, x, at(values, 0)?);
    }
    let right = clip(searchsorted(points, x, None, "right")?, 1, n - 1)?;
    let left = crate::subtract(&right, 1)?;
    let (x0, x1) = (take(points, &left, 0)?, take(points, &right, 0)?);
    let (y0, y1) = (take(values, left, 0)?, take(values, right, 0)?);
    // Only the last two points can coincide here, and then x lies at or beyond them.
    let width = crate::subtract(x1, &x0)?;
    let empty = crate::equal(&width, 0)?;
    let share = clip(crate::divide(crate::subtract(x, x0)?, where_(&empty, 1.0, width)?)?, 0.0, 1.0)?;
    let share = where_(empty, 1.0, share)?;
    (y0 * crate::subtract(1.0, &share)? + y1 * share).ok()
}
