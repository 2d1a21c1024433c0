//! Axes: ranges that a few diverged curves cannot flatten, round ticks, and their labels.

/// Lowest and highest of the finite values; `None` if there is none.
pub fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|v| v.is_finite()).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((low.min(v), high.max(v))),
    })
}

/// The union of two extents, either of which may be missing.
pub fn union(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

/// The extent of `lows` and `highs` without those beyond `fence` interquartile ranges from the quartiles. A diverged
/// member's lowest and highest values lie far outside those of the other members, whatever their scale.
pub fn robust_extent(lows: Vec<f64>, highs: Vec<f64>, fence: f64) -> Option<(f64, f64)> {
    Some((within_fences(lows, fence)?.0, within_fences(highs, fence)?.1))
}

/// The extent of the values inside the fences.
fn within_fences(mut values: Vec<f64>, fence: f64) -> Option<(f64, f64)> {
    values.retain(|v| v.is_finite());
    values.sort_by(f64::total_cmp);
    let quartile = |q: f64| values.get(((values.len().max(1) - 1) as f64 * q).round() as usize).copied();
    let (q1, q3) = (quartile(0.25)?, quartile(0.75)?);
    // Halves first: the difference of two finite numbers may overflow.
    let reach = 2.0 * fence * (0.5 * q3 - 0.5 * q1);
    extent(values.iter().copied().filter(|v| (q1 - reach..=q3 + reach).contains(v)))
}

/// Beyond this, differences and ticks would overflow.
pub const LARGEST: f64 = 1e300;

/// The range without what lies beyond [`LARGEST`].
pub fn bounded((low, high): (f64, f64)) -> (f64, f64) {
    (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST))
}

/// Room around the values: 5 % on both sides, and a unit-sized range around a single value.
pub fn padded(range: Option<(f64, f64)>) -> (f64, f64) {
    match range {
        None => (0.0, 1.0),
        Some(range) => {
            let (low, high) = bounded(range);
            let span = high - low;
            if span > 1e-12 * low.abs().max(high.abs()) {
                (low - 0.05 * span, high + 0.05 * span)
            } else {
                let half = if low == 0.0 { 1.0 } else { 0.5 * low.abs() };
                (low - half, high + half)
            }
        }
    }
}

/// A tick: its place on the axis and its label.
pub type Tick = (f64, String);

/// Round ticks (1, 2 or 5 times a power of ten) inside `range`, about `wanted` of them.
pub fn linear_ticks((low, high): (f64, f64), wanted: usize) -> Vec<Tick> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return Vec::new();
    }
    let rough = span / wanted.max(1) as f64;
    let magnitude = 10f64.powi(rough.log10().floor() as i32);
    let miss = |step: &f64| (step / rough).ln().abs();
    let steps = [1.0, 2.0, 5.0, 10.0].map(|m| m * magnitude);
    let step = steps.into_iter().min_by(|a, b| miss(a).total_cmp(&miss(b))).unwrap_or(magnitude);
    let first = (low / step).ceil();
    let count = ((high / step).floor() - first).max(0.0) as usize;
    // `+ 0.0` turns a negative zero into zero.
    let places: Vec<f64> = (0..=count).map(|i| (first + i as f64) * step + 0.0).collect();
    let largest = places.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let exponent = largest.log10().floor() as i32;
    places
        .into_iter()
        .map(|v| (v, if (-4..6).contains(&exponent) { decimal(v, step) } else { scientific(v, step, exponent) }))
        .collect()
}

/// Ticks on an axis that holds base-ten logarithms: decades, or 1, 2 and 5 times them where there are few.
pub fn log_ticks((low, high): (f64, f64), wanted: usize) -> Vec<Tick> {
    let (first, last) = (low.floor() as i32, high.ceil() as i32);
    if last.saturating_sub(first) > 400 {
        return Vec::new();
    }
    let inside = |v: f64| (low..=high).contains(&v);
    let decades = (first..=last).filter(|d| inside(f64::from(*d))).count();
    if decades < 3 {
        let steps = (first..=last).flat_map(|d| [1, 2, 5].map(|m| (m, d)));
        return steps
            .map(|(m, d)| (f64::from(m).log10() + f64::from(d), power_label(m, d)))
            .filter(|(v, _)| inside(*v))
            .collect();
    }
    let stride = decades.div_ceil(wanted.max(1)).max(1) as i32;
    (first..=last)
        .filter(|d| d.rem_euclid(stride) == 0 && inside(f64::from(*d)))
        .map(|d| (f64::from(d), power_label(1, d)))
        .collect()
}

/// m x 10^d, as a plain number where that is short.
fn power_label(m: i32, d: i32) -> String {
    match d {
        -3..=-1 => format!("{:.*}", d.unsigned_abs() as usize, f64::from(m) * 10f64.powi(d)),
        0..=3 => format!("{}", m * 10i32.pow(d as u32)),
        _ if m == 1 => format!("10{}", superscript(d)),
        _ => format!("{m}×10{}", superscript(d)),
    }
}

/// As many decimals as `step` needs, with a true minus sign.
fn decimal(v: f64, step: f64) -> String {
    let decimals = (0..8).find(|d| is_whole(step * 10f64.powi(*d))).unwrap_or(8);
    format!("{v:.*}", decimals as usize).replace('-', "−")
}

fn scientific(v: f64, step: f64, exponent: i32) -> String {
    if v == 0.0 {
        return "0".into();
    }
    let unit = 10f64.powi(exponent);
    format!("{}×10{}", decimal(v / unit, step / unit), superscript(exponent))
}

fn is_whole(v: f64) -> bool {
    (v - v.round()).abs() < 1e-6 * v.abs().max(1e-3)
}

fn superscript(n: i32) -> String {
    n.to_string()
        .chars()
        .map(|c| match c.to_digit(10) {
            Some(d) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][d as usize],
            None => '⁻',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|t| t.1.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&linear_ticks((-2.1, 2.1), 5)), ["−2", "−1", "0", "1", "2"]);
        assert_eq!(labels(&linear_ticks((0.0, 1.0), 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&linear_ticks((0.0, 2.6e7), 3)), ["0", "1×10⁷", "2×10⁷"]);
        assert_eq!(labels(&linear_ticks((-3e-7, 3e-7), 3)), ["−2×10⁻⁷", "0", "2×10⁻⁷"]);
    }

    #[test]
    fn log_ticks_are_decades_or_finer() {
        assert_eq!(labels(&log_ticks((-4.2, 1.1), 8)), ["10⁻⁴", "0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(labels(&log_ticks((-0.5, 0.5), 8)), ["0.5", "1", "2"]);
        assert_eq!(labels(&log_ticks((-12.0, 12.0), 5)), ["10⁻¹⁰", "10⁻⁵", "1", "10⁵", "10¹⁰"]);
    }

    #[test]
    fn a_diverged_member_does_not_set_the_range() {
        let mut lows: Vec<f64> = (0..39).map(|k| -1.0 - 0.01 * f64::from(k)).collect();
        let mut highs: Vec<f64> = lows.iter().map(|v| -v).collect();
        lows.extend([-1e9, f64::NAN]);
        highs.extend([1e9, f64::INFINITY]);
        assert_eq!(robust_extent(lows, highs, 3.0), Some((-1.38, 1.38)));
    }

    #[test]
    fn odd_ranges_are_usable() {
        assert_eq!(padded(None), (0.0, 1.0));
        assert_eq!(padded(Some((0.0, 0.0))), (-1.0, 1.0));
        assert_eq!(padded(Some((4.0, 4.0))), (2.0, 6.0));
        for range in [(0.0, 0.0), (f64::NAN, 1.0), (-f64::INFINITY, f64::INFINITY), (f64::MIN, f64::MAX)] {
            assert!(linear_ticks(range, 5).len() < 20);
            assert!(log_ticks(range, 5).len() < 500);
        }
        let wide = padded(Some((f64::MIN, f64::MAX)));
        assert!(wide.0.is_finite() && wide.1.is_finite() && (wide.1 - wide.0).is_finite());
    }
}
