//! Activations along an axis: exponentials over their sum, and the logarithm of that.

use array_api::{DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon, smallest};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::{Reference, indices, rounded};
use crate::statistical::SHAPES;

pub(crate) const ROWS: &[(&str, Check)] =
    &[("softmax", |kit| scan(kit, share)), ("log_softmax", |kit| scan(kit, log_share))];

/// Element `k` of a lane, and how many epsilons it may be off by.
type Of = fn(&[f64], usize) -> (f64, f64);

/// The largest element, and the sum of the exponentials of what the others lie below it.
fn total(lane: &[f64]) -> (f64, f64) {
    let top = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (top, lane.iter().map(|x| (x - top).exp()).sum())
}

fn share(lane: &[f64], k: usize) -> (f64, f64) {
    let (top, total) = total(lane);
    let (below, n) = (lane[k] - top, lane.len() as f64);
    let value = below.exp() / total;
    // The rounding of a difference is a share of its exponential.
    (value, if below.is_finite() { (n + 8.0 + below.abs()) * value } else { 0.0 })
}

fn log_share(lane: &[f64], k: usize) -> (f64, f64) {
    let (top, total) = total(lane);
    let below = lane[k] - top;
    let value = below - total.ln();
    (value, if value.is_finite() { lane.len() as f64 + 8.0 + 4.0 * below.abs() } else { 0.0 })
}

fn inputs(dtype: DType) -> Vec<Reference> {
    let plain = SHAPES.iter().filter(|s| !s.is_empty()).map(|s| moderate(dtype, s, 311));
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    // Far from zero, where exponentials overflow or vanish; without weight; and undefined.
    let rows =
        [[1000.0, 1001.0, 999.0], [-1000.0, -1002.0, -1000.0], [0.0, 80.0, -80.0], [1.0, -inf, 2.0], [1.0, nan, 2.0]];
    plain.chain([Reference::reals(&[5, 3], rows.as_flattened()).cast(dtype)]).collect()
}

fn scan(kit: &mut Kit, of: Of) {
    for dtype in DTYPES {
        if !dtype.is_real_floating() {
            kit.refuses(&[], &[moderate(dtype, &[2], 1).into()], ErrorKind::DType);
            continue;
        }
        for x in inputs(dtype) {
            let rank = x.dims.len();
            for axis in (0..rank).map(|a| a as isize).chain([-1]) {
                let a = axis.rem_euclid(rank as isize) as usize;
                // Of lanes without elements there are no maxima; whether that is an error is left open.
                if x.dims[a] == 0 {
                    continue;
                }
                let (mut data, mut errors) = (vec![], vec![]);
                for index in indices(&x.dims) {
                    let lane: Vec<f64> = (0..x.dims[a])
                        .map(|k| {
                            let mut at = index.clone();
                            at[a] = k;
                            x.at(&at).to_f64()
                        })
                        .collect();
                    let (value, error) = match lane.iter().any(|x| x.is_nan()) {
                        true => (f64::NAN, 0.0),
                        false => of(&lane, index[a]),
                    };
                    data.push(rounded(dtype, Scalar::Float(value)));
                    errors.push(error * epsilon(dtype) + smallest(dtype));
                }
                let want = Want { dims: x.dims.clone(), dtype, data, close: Close::Within(errors) };
                kit.gives_one(fields![axis = axis], &[(&x).into()], want);
            }
        }
    }
    let x = moderate(DType::Float64, &[2, 3], 1);
    for axis in [2isize, -3] {
        kit.refuses(fields![axis = axis], &[(&x).into()], ErrorKind::Axis);
    }
    kit.refuses(&[], &[moderate(DType::Float64, &[], 1).into()], ErrorKind::Axis);
}
