//! Printing like NumPy: aligned, summarised when long, with data type and kind.

use std::fmt;

use crate::dims::Dims;
use crate::dtype::DType;
use crate::scalar::Scalar;

/// From how many elements on only the edges are shown.
const THRESHOLD: usize = 1000;
/// How many elements of each edge are shown then.
const EDGE: usize = 3;
/// Digits after the point at most; `f.precision()` overrides it.
const PRECISION: usize = 8;
const WIDTH: usize = 75;

/// Prints an array from a function that gives its elements; kinds call it in [`ArrayImpl::print`](crate::ArrayImpl::print).
///
/// # Errors
/// The formatter's.
pub fn array(
    f: &mut fmt::Formatter<'_>,
    shape: &[usize],
    dtype: DType,
    place: &str,
    at: &dyn Fn(&[usize]) -> Scalar,
) -> fmt::Result {
    let size: usize = shape.iter().product();
    let printer = Printer { shape, at, summarised: size > THRESHOLD, precision: f.precision().unwrap_or(PRECISION) };
    if size == 0 {
        f.write_str("[]")?;
    } else {
        let format = printer.format(dtype);
        printer.axis(f, &mut vec![], &format)?;
    }
    let shown = if printer.summarised || size == 0 { format!(" shape={}", Dims::new(shape)) } else { String::new() };
    write!(f, " {dtype}{shown} {place}")
}

/// How every element is written, so that columns align.
enum Format {
    Plain { width: usize },
    Fixed { width: usize, digits: usize },
    Scientific { width: usize, digits: usize },
}

struct Printer<'a> {
    shape: &'a [usize],
    at: &'a dyn Fn(&[usize]) -> Scalar,
    summarised: bool,
    precision: usize,
}

impl Printer<'_> {
    /// Positions along an axis that are shown; `None` is the gap.
    fn shown(&self, axis: usize) -> Vec<Option<usize>> {
        let n = self.shape[axis];
        if self.summarised && n > 2 * EDGE {
            (0..EDGE).map(Some).chain([None]).chain((n - EDGE..n).map(Some)).collect()
        } else {
            (0..n).map(Some).collect()
        }
    }

    fn collect(&self, index: &mut Vec<usize>, to: &mut Vec<Scalar>) {
        if index.len() == self.shape.len() {
            to.push((self.at)(index));
            return;
        }
        for i in self.shown(index.len()).into_iter().flatten() {
            index.push(i);
            self.collect(index, to);
            index.pop();
        }
    }

    fn format(&self, dtype: DType) -> Format {
        let mut all = vec![];
        self.collect(&mut vec![], &mut all);
        let widest = |texts: Vec<String>| texts.iter().map(|t| t.chars().count()).max().unwrap_or(0);
        if !dtype.is_real_floating() {
            return Format::Plain { width: widest(all.iter().map(|s| self.plain(*s)).collect()) };
        }
        let finite: Vec<f64> = all.iter().map(|s| s.to_f64()).filter(|x| x.is_finite()).collect();
        let nonzero = finite.iter().map(|x| x.abs()).filter(|&x| x > 0.0);
        let (low, high) = nonzero.fold((f64::MAX, 0.0f64), |(a, b), x| (a.min(x), b.max(x)));
        // NumPy's choice: scientific where fixed digits would hide the small or pad the large.
        let scientific = high > 0.0 && (high >= 1e8 || low < 1e-4 || high / low > 1e3);
        let single = dtype == DType::Float32;
        if scientific {
            let digits = finite.iter().map(|&x| significant(x, single).min(self.precision)).max().unwrap_or(0);
            return Format::Scientific {
                width: widest(all.iter().map(|s| science(s.to_f64(), digits)).collect()),
                digits,
            };
        }
        let digits = finite.iter().map(|&x| decimals(x, single).min(self.precision)).max().unwrap_or(0);
        Format::Fixed { width: widest(all.iter().map(|s| fixed(s.to_f64(), digits)).collect()), digits }
    }

    fn plain(&self, s: Scalar) -> String {
        match s {
            Scalar::Bool(b) => if b { "True" } else { "False" }.into(),
            Scalar::Complex(c) => format!("{:.*}{:+.*}j", self.precision.min(4), c.re, self.precision.min(4), c.im),
            other => other.to_string(),
        }
    }

    fn element(&self, s: Scalar, format: &Format) -> String {
        match *format {
            Format::Plain { width } => format!("{:>width$}", self.plain(s)),
            Format::Fixed { width, digits } => format!("{:>width$}", fixed(s.to_f64(), digits)),
            Format::Scientific { width, digits } => format!("{:>width$}", science(s.to_f64(), digits)),
        }
    }

    fn axis(&self, f: &mut fmt::Formatter<'_>, index: &mut Vec<usize>, format: &Format) -> fmt::Result {
        let depth = index.len();
        if depth == self.shape.len() {
            return f.write_str(&self.element((self.at)(index), format));
        }
        f.write_str("[")?;
        let last = depth + 1 == self.shape.len();
        let mut column = depth + 1;
        for (k, place) in self.shown(depth).into_iter().enumerate() {
            let text = match (last, place) {
                (true, Some(i)) => {
                    index.push(i);
                    let text = self.element((self.at)(index), format);
                    index.pop();
                    text
                }
                _ => "...".to_string(),
            };
            if k > 0 {
                if !last {
                    let blank = self.shape.len() - depth - 1;
                    f.write_str(&"\n".repeat(blank))?;
                    f.write_str(&" ".repeat(depth + 1))?;
                } else if column + text.len() + 1 > WIDTH {
                    write!(f, "\n{}", " ".repeat(depth + 1))?;
                    column = depth + 1;
                } else {
                    f.write_str(" ")?;
                    column += 1;
                }
            }
            match (last, place) {
                (false, Some(i)) => {
                    index.push(i);
                    self.axis(f, index, format)?;
                    index.pop();
                }
                _ => {
                    column += text.len();
                    f.write_str(&text)?;
                }
            }
        }
        f.write_str("]")
    }
}

/// The shortest digits that read back as the same number.
fn shortest(x: f64, single: bool) -> String {
    if single { format!("{:e}", x as f32) } else { format!("{x:e}") }
}

/// Digits after the point of the mantissa.
fn significant(x: f64, single: bool) -> usize {
    shortest(x, single).split_once('e').and_then(|(m, _)| m.split_once('.')).map_or(0, |(_, d)| d.len())
}

/// Digits after the point, written without exponent.
fn decimals(x: f64, single: bool) -> usize {
    let text = shortest(x, single);
    let exponent: isize = text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    (significant(x, single) as isize - exponent).max(0) as usize
}

fn special(x: f64) -> Option<String> {
    match x {
        x if x.is_nan() => Some("nan".into()),
        f64::INFINITY => Some("inf".into()),
        f64::NEG_INFINITY => Some("-inf".into()),
        _ => None,
    }
}

fn fixed(x: f64, digits: usize) -> String {
    special(x).unwrap_or_else(|| {
        let text = format!("{x:.digits$}");
        // As NumPy does: "1." for a whole number, and no trailing zeros beyond what another element needs.
        if digits == 0 { text + "." } else { text }
    })
}

fn science(x: f64, digits: usize) -> String {
    special(x).unwrap_or_else(|| {
        let text = format!("{x:.digits$e}");
        match text.split_once('e') {
            Some((m, e)) => {
                let (sign, e) = e.strip_prefix('-').map_or(('+', e), |e| ('-', e));
                format!("{m}e{sign}{e:0>2}")
            }
            None => text,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Show(Vec<usize>, DType, Vec<f64>);

    impl fmt::Display for Show {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let at = |index: &[usize]| {
                let i = index.iter().zip(&self.0).fold(0, |n, (i, d)| n * d + i);
                if self.1 == DType::Int64 { Scalar::int(self.2[i] as i128) } else { Scalar::Float(self.2[i]) }
            };
            array(f, &self.0, self.1, "ndarray", &at)
        }
    }

    #[test]
    fn aligned_and_summarised() {
        let show = |shape: &[usize], d, v: &[f64]| Show(shape.into(), d, v.into()).to_string();
        assert_eq!(
            show(&[2, 2], DType::Float64, &[1.0, 2.5, -3.0, 10.0]),
            "[[ 1.0  2.5]\n [-3.0 10.0]] float64 ndarray"
        );
        assert_eq!(show(&[3], DType::Float64, &[1.0, 2.0, f64::NAN]), "[ 1.  2. nan] float64 ndarray");
        assert_eq!(show(&[2], DType::Float64, &[1e-8, 1.0]), "[1e-08 1e+00] float64 ndarray");
        assert_eq!(show(&[0, 3], DType::Float64, &[]), "[] float64 shape=(0, 3) ndarray");
        assert_eq!(show(&[], DType::Int64, &[7.0]), "7 int64 ndarray");
        let long: Vec<f64> = (0..2000).map(f64::from).collect();
        assert_eq!(
            show(&[2000], DType::Int64, &long),
            "[   0    1    2 ... 1997 1998 1999] int64 shape=(2000,) ndarray"
        );
    }
}
