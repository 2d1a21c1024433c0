//! Cutting curves at the edge of a plot: plotters would bend them along it.

use crate::scale::LARGEST;

/// Lowest and highest x, lowest and highest y.
pub(crate) type Window = ((f64, f64), (f64, f64));

/// The parts of the polyline through `points` that lie in `window`. A point that is not finite, or
/// so far away that differences overflow, ends a part.
pub(crate) fn clip_polyline(points: impl IntoIterator<Item = (f64, f64)>, window: Window) -> Vec<Vec<(f64, f64)>> {
    let mut parts: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut previous: Option<(f64, f64)> = None;
    // Whether the last part ends at `previous` itself, so that the next segment continues it.
    let mut open = false;
    for point in points {
        if !(point.0.abs() <= LARGEST && point.1.abs() <= LARGEST) {
            (previous, open) = (None, false);
            continue;
        }
        if let Some(from) = previous.replace(point) {
            match clip_segment(from, point, window) {
                None => open = false,
                Some((start, end)) => {
                    match parts.last_mut() {
                        Some(part) if open => part.push(end),
                        _ => parts.push(vec![start, end]),
                    }
                    open = end == point;
                }
            }
        }
    }
    parts
}

/// Liang and Barsky: the part of a segment inside the window, as the overlap of four half-lines in its parameter.
fn clip_segment(a: (f64, f64), b: (f64, f64), (x, y): Window) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (run, room) in [(-dx, a.0 - x.0), (dx, x.1 - a.0), (-dy, a.1 - y.0), (dy, y.1 - a.1)] {
        if run == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if run < 0.0 {
            enter = enter.max(room / run);
        } else {
            leave = leave.min(room / run);
        }
    }
    let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
    (enter <= leave).then(|| (if enter == 0.0 { a } else { at(enter) }, if leave == 1.0 { b } else { at(leave) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Window = ((0.0, 1.0), (0.0, 1.0));

    #[test]
    fn a_spike_leaves_and_returns_at_the_edge() {
        let parts = clip_polyline([(0.0, 0.5), (0.25, 1.5), (0.5, 0.5), (1.0, 0.5)], UNIT);
        assert_eq!(parts, [vec![(0.0, 0.5), (0.125, 1.0)], vec![(0.375, 1.0), (0.5, 0.5), (1.0, 0.5)]]);
    }

    #[test]
    fn a_gap_splits() {
        let parts = clip_polyline([(0.0, 0.0), (0.2, 0.2), (f64::NAN, 0.0), (0.5, 0.5), (0.6, 0.6)], UNIT);
        assert_eq!(parts.len(), 2);
    }

    #[test]
    fn outside_is_nothing_and_crossing_is_cut_twice() {
        assert!(clip_polyline([(0.0, 2.0), (1.0, 3.0)], UNIT).is_empty());
        assert_eq!(clip_polyline([(0.5, -1.0), (0.5, 2.0)], UNIT), [vec![(0.5, 0.0), (0.5, 1.0)]]);
    }
}
