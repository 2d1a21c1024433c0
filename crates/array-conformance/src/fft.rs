//! Fourier transforms by their definition: every term is a sum over all elements, along one axis after another.

use array_api::{Complex, DTYPES, DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::kit::{Kit, fields};
use crate::reference::{Reference, indices, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[
    ("fft", |kit| one_axis(kit, Form::Complex, false)),
    ("ifft", |kit| one_axis(kit, Form::Complex, true)),
    ("rfft", |kit| one_axis(kit, Form::HalfOut, false)),
    ("irfft", |kit| one_axis(kit, Form::HalfIn, true)),
    ("hfft", |kit| one_axis(kit, Form::HalfIn, false)),
    ("ihfft", |kit| one_axis(kit, Form::HalfOut, true)),
    ("fftn", |kit| some_axes(kit, Form::Complex, false)),
    ("ifftn", |kit| some_axes(kit, Form::Complex, true)),
    ("rfftn", |kit| some_axes(kit, Form::HalfOut, false)),
    ("irfftn", |kit| some_axes(kit, Form::HalfIn, true)),
];

type C = Complex<f64>;

const NORMS: [&str; 3] = ["backward", "ortho", "forward"];

/// What goes in and comes out along an axis (of several: along the last).
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Complex numbers, as many as go in.
    Complex,
    /// Real numbers go in, the first half of a Hermitian signal comes out.
    HalfOut,
    /// The first half of a Hermitian signal goes in, real numbers come out.
    HalfIn,
}

impl Form {
    fn length(self, elements: usize) -> usize {
        if self == Form::HalfIn { 2 * elements.saturating_sub(1) } else { elements }
    }
    fn out(self, length: usize) -> usize {
        if self == Form::HalfOut { length / 2 + 1 } else { length }
    }
    fn takes(self, dtype: DType) -> bool {
        if self == Form::HalfOut { dtype.is_real_floating() } else { dtype.is_floating() }
    }
}

/// A value, and the sum of what went into it by absolute value: errors are relative to that.
type Term = (C, f64);

/// Numbers on their way through the axes.
#[derive(Clone)]
struct Signal {
    dims: Vec<usize>,
    data: Vec<Term>,
}

/// One transform of a line: `sum_j x_j exp(-+ 2 pi i j k / n)`, scaled.
fn line(form: Form, inverse: bool, norm: &str, x: &[Term], n: usize) -> Vec<Term> {
    let zero = (C::new(0.0, 0.0), 0.0);
    let given = |j: usize| x.get(j).copied().unwrap_or(zero);
    let whole: Vec<Term> = match form {
        Form::HalfIn => (0..n)
            .map(|j| {
                let (z, size) = given(j.min(n - j));
                // The signal is Hermitian, so that those two terms that are their own partners are real.
                let im = if j == 0 || 2 * j == n { 0.0 } else { z.im };
                (C::new(z.re, if 2 * j > n { -im } else { im }), size)
            })
            .collect(),
        _ => (0..n).map(given).collect(),
    };
    let scale = match (norm, inverse) {
        ("ortho", _) => 1.0 / (n as f64).sqrt(),
        ("backward", true) | ("forward", false) => 1.0 / n as f64,
        _ => 1.0,
    };
    let turn = if inverse { std::f64::consts::TAU } else { -std::f64::consts::TAU };
    let size = scale * whole.iter().map(|t| t.1).sum::<f64>();
    (0..form.out(n))
        .map(|k| {
            let term = |(j, t): (usize, &Term)| t.0 * C::from_polar(1.0, turn * ((j * k) % n) as f64 / n as f64);
            (whole.iter().enumerate().map(term).sum::<C>() * scale, size)
        })
        .collect()
}

/// The transform along one axis, `n` elements long.
fn along(x: &Signal, form: Form, inverse: bool, norm: &str, axis: usize, n: usize) -> Signal {
    let mut dims = x.dims.clone();
    dims[axis] = form.out(n);
    let mut out = Signal { data: vec![(C::new(0.0, 0.0), 0.0); dims.iter().product()], dims };
    let place = |dims: &[usize], index: &[usize]| index.iter().zip(dims).fold(0, |o, (&i, &d)| o * d + i);
    let mut starts = x.dims.clone();
    starts[axis] = 1;
    for start in indices(&starts) {
        let at = |dims: &[usize], k: usize| {
            let mut index = start.clone();
            index[axis] = k;
            place(dims, &index)
        };
        let from: Vec<Term> = (0..x.dims[axis]).map(|j| x.data[at(&x.dims, j)]).collect();
        for (k, term) in line(form, inverse, norm, &from, n).into_iter().enumerate() {
            let to = at(&out.dims, k);
            out.data[to] = term;
        }
    }
    out
}

fn signal(x: &Reference) -> Signal {
    Signal { dims: x.dims.clone(), data: x.data.iter().map(|s| (s.to_complex(), s.to_complex().norm())).collect() }
}

/// What a transform of elements of the type `dtype` must give: fast ones err by some epsilons for each of their stages.
fn want(signal: Signal, form: Form, dtype: DType, terms: usize) -> Want {
    let out = if form == Form::HalfIn { dtype.real() } else { dtype.complex().unwrap_or(dtype) };
    let stages = 1.0 + (terms.max(1) as f64).log2();
    let number = |z: C| if out.is_complex() { Scalar::Complex(z) } else { Scalar::Float(z.re) };
    let data = signal.data.iter().map(|t| rounded(out, number(t.0))).collect();
    let errors = signal.data.iter().map(|t| 4.0 * stages * epsilon(out) * t.1).collect();
    Want { dims: signal.dims, dtype: out, data, close: Close::Within(errors) }
}

/// Extents, the axis, and the length where it is not the axis' own.
const LINES: [(&[usize], isize, Option<usize>); 25] = [
    (&[1], -1, None),
    (&[2], -1, None),
    (&[3], -1, None),
    (&[4], -1, None),
    (&[5], -1, None),
    (&[8], 0, None),
    (&[12], 0, None),
    (&[17], 0, None),
    (&[32], 0, None),
    (&[45], 0, None),
    // A prime that no transform of small factors can do.
    (&[67], 0, None),
    (&[5], 0, Some(3)),
    (&[5], 0, Some(8)),
    (&[5], 0, Some(9)),
    (&[6], 0, Some(6)),
    (&[4], -1, Some(1)),
    (&[3, 4], 0, None),
    (&[3, 4], 1, Some(7)),
    (&[3, 4], -1, Some(2)),
    (&[2, 3, 5], 1, None),
    (&[2, 3, 5], -3, Some(3)),
    (&[0, 4], 1, None),
    (&[4, 0], 0, Some(3)),
    // Of an axis without elements only zeros are transformed.
    (&[2, 0], 1, Some(4)),
    (&[0], 0, Some(3)),
];

fn one_axis(kit: &mut Kit, form: Form, inverse: bool) {
    for dtype in DTYPES {
        if !form.takes(dtype) {
            kit.refuses(&[], &[moderate(dtype, &[4], 1).into()], ErrorKind::DType);
            continue;
        }
        for (dims, axis, given) in LINES {
            let x = moderate(dtype, dims, 201);
            let a = axis.rem_euclid(dims.len() as isize) as usize;
            let n = given.unwrap_or(form.length(dims[a]));
            if n == 0 {
                continue;
            }
            for norm in NORMS {
                let found = along(&signal(&x), form, inverse, norm, a, n);
                let fields = fields![n = given, axis = axis, norm = norm.to_string()];
                kit.gives_one(fields, &[(&x).into()], want(found, form, dtype, n));
            }
        }
        if kit.enough() {
            return;
        }
    }
    let x = moderate(DType::Float64, &[3, 4], 1);
    for axis in [2isize, -3] {
        kit.refuses(fields![axis = axis], &[(&x).into()], ErrorKind::Axis);
    }
    kit.refuses(&[], &[moderate(DType::Float64, &[], 1).into()], ErrorKind::Axis);
    kit.refuses(fields![n = Some(0usize)], &[(&x).into()], ErrorKind::Value);
    kit.refuses(fields![norm = "unitary".to_string()], &[x.into()], ErrorKind::Value);
    // The length must come from somewhere.
    kit.refuses(&[], &[moderate(DType::Float64, &[2, 0], 1).into()], ErrorKind::Value);
    if form == Form::HalfIn {
        kit.refuses(&[], &[moderate(DType::Complex128, &[1], 1).into()], ErrorKind::Value);
    }
}

/// Extents, lengths and axes as given.
type Case = (&'static [usize], Option<&'static [isize]>, Option<&'static [isize]>);

const CASES: [Case; 11] = [
    (&[6], None, None),
    (&[3, 4], None, None),
    (&[3, 4], None, Some(&[0])),
    (&[3, 4], None, Some(&[-1, 0])),
    (&[3, 5], Some(&[4, -1]), Some(&[0, 1])),
    (&[3, 4], Some(&[2, 7]), Some(&[1, 0])),
    (&[2, 3, 4], None, None),
    (&[2, 3, 4], None, Some(&[2, 0])),
    (&[2, 3, 4], Some(&[5]), Some(&[1])),
    (&[0, 3], None, Some(&[1])),
    (&[2, 0], Some(&[3]), Some(&[1])),
];

fn some_axes(kit: &mut Kit, form: Form, inverse: bool) {
    for dtype in DTYPES {
        if !form.takes(dtype) {
            kit.refuses(&[], &[moderate(dtype, &[4], 1).into()], ErrorKind::DType);
            continue;
        }
        for (dims, lengths, axes) in CASES {
            let x = moderate(dtype, dims, 202);
            let all: Vec<isize> = axes.map_or((0..dims.len() as isize).collect(), <[isize]>::to_vec);
            let last = all.len() - 1;
            // Along the last axis the transform has its form, along all others it is complex.
            let passes: Vec<(Form, usize, usize)> = (0..all.len())
                .map(|i| {
                    let axis = all[i].rem_euclid(dims.len() as isize) as usize;
                    let form = if i == last { form } else { Form::Complex };
                    let given = lengths.and_then(|s| usize::try_from(s[i]).ok());
                    (form, axis, given.unwrap_or(form.length(dims[axis])))
                })
                .collect();
            let terms = passes.iter().map(|p| p.2).product();
            for norm in NORMS {
                let step = |s: Signal, &(form, axis, n): &(Form, usize, usize)| along(&s, form, inverse, norm, axis, n);
                let found = match form {
                    Form::HalfOut => passes.iter().rev().fold(signal(&x), step),
                    _ => passes.iter().fold(signal(&x), step),
                };
                let fields = fields![
                    s = lengths.map(<[isize]>::to_vec),
                    axes = axes.map(<[isize]>::to_vec),
                    norm = norm.to_string()
                ];
                kit.gives_one(fields, &[(&x).into()], want(found, form, dtype, terms));
            }
        }
        if kit.enough() {
            return;
        }
    }
    refused_axes(kit, form);
}

fn refused_axes(kit: &mut Kit, form: Form) {
    let x = moderate(DType::Float64, &[3, 4], 1);
    let axes = |list: &[isize]| Some(list.to_vec());
    for list in [&[2][..], &[-3], &[0, 0], &[1, -1]] {
        kit.refuses(fields![axes = axes(list)], &[(&x).into()], ErrorKind::Axis);
    }
    kit.refuses(fields![s = Some(vec![3isize, 4])], &[(&x).into()], ErrorKind::Value);
    kit.refuses(fields![s = Some(vec![3isize]), axes = axes(&[0, 1])], &[(&x).into()], ErrorKind::Value);
    for n in [0isize, -2] {
        kit.refuses(fields![s = Some(vec![n]), axes = axes(&[0])], &[(&x).into()], ErrorKind::Value);
    }
    kit.refuses(fields![norm = "none".to_string()], &[(&x).into()], ErrorKind::Value);
    kit.refuses(&[], &[moderate(DType::Float64, &[2, 0], 1).into()], ErrorKind::Value);
    let (none, point) = (fields![axes = axes(&[])], moderate(DType::Float64, &[], 1));
    match form {
        // Along no axes there is nothing to do but to become complex.
        Form::Complex => {
            kit.gives_one(none, &[(&x).into()], x.cast(DType::Complex128));
            kit.gives_one(&[], &[(&point).into()], point.cast(DType::Complex128));
        }
        _ => {
            kit.refuses(none, &[x.into()], ErrorKind::Axis);
            kit.refuses(&[], &[point.into()], ErrorKind::Axis);
        }
    }
}
