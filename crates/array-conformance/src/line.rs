//! Elementwise operations as lines: a scalar function per category of data types is all that a line says.

use array_api::{DType, Scalar};

use crate::compare::{Close, Want, epsilon, smallest};
use crate::complex::{self as cx, C};
use crate::gamma_functions::{digamma, digamma_terms, lgamma, lgamma_terms};
use crate::real;
use crate::reference::{Reference, broadcast, indices, rounded};

type Scalars = Box<dyn Fn(DType, &[Scalar]) -> Option<Scalar>>;

/// The type of the results.
#[derive(Clone, Copy)]
enum Out {
    Same,
    Bool,
    Real,
}

/// One operation: what it does to truth values, integers, reals and complex numbers; it refuses what it has no function for.
pub(crate) struct Line {
    pub(crate) arity: usize,
    boolean: Option<Scalars>,
    integer: Option<Scalars>,
    real: Option<Scalars>,
    complex: Option<Scalars>,
    out: Out,
    ulps: f64,
    any_zero: bool,
    /// The size of what cancels: errors are relative to it where it is given.
    terms: Option<fn(&[Scalar]) -> f64>,
}

const fn line(arity: usize) -> Line {
    Line {
        arity,
        boolean: None,
        integer: None,
        real: None,
        complex: None,
        out: Out::Same,
        ulps: 4.0,
        any_zero: false,
        terms: None,
    }
}

fn f(s: Scalar) -> f64 {
    s.to_f64()
}

fn i(s: Scalar) -> i128 {
    s.to_i128()
}

/// `bool -> bool` of one and two arguments, and the like for the other categories.
impl Line {
    fn bools(mut self, g: fn(bool, bool) -> bool) -> Line {
        self.boolean =
            Some(Box::new(move |_, a| Some(Scalar::Bool(g(a[0].to_bool(), a.get(1).is_some_and(|b| b.to_bool()))))));
        self
    }
    fn int(mut self, g: fn(i128) -> i128) -> Line {
        self.integer = Some(Box::new(move |_, a| Some(Scalar::int(g(i(a[0]))))));
        self
    }
    fn ints(mut self, g: fn(i128, i128) -> Option<i128>) -> Line {
        self.integer = Some(Box::new(move |_, a| g(i(a[0]), i(a[1])).map(Scalar::int)));
        self
    }
    fn real(mut self, g: fn(f64) -> f64) -> Line {
        self.real = Some(Box::new(move |_, a| Some(Scalar::Float(g(f(a[0]))))));
        self
    }
    fn reals(mut self, g: fn(f64, f64) -> f64) -> Line {
        self.real = Some(Box::new(move |_, a| Some(Scalar::Float(g(f(a[0]), f(a[1]))))));
        self
    }
    fn cplx(mut self, g: fn(C) -> C) -> Line {
        self.complex = Some(Box::new(move |_, a| Some(Scalar::Complex(g(a[0].to_complex())))));
        self
    }
    fn cplxs(mut self, g: fn(C, C) -> C) -> Line {
        self.complex = Some(Box::new(move |_, a| Some(Scalar::Complex(g(a[0].to_complex(), a[1].to_complex())))));
        self
    }
    /// Functions to a real part.
    fn part(mut self, g: fn(C) -> f64) -> Line {
        self.complex = Some(Box::new(move |_, a| Some(Scalar::Float(g(a[0].to_complex())))));
        self.out = Out::Real;
        self
    }
    /// Predicates of one number of every category.
    fn test(mut self, integers: Option<bool>, real: fn(f64) -> bool, complex: Option<fn(C) -> bool>) -> Line {
        if let Some(answer) = integers {
            self.integer = Some(Box::new(move |_, _| Some(Scalar::Bool(answer))));
        }
        self.real = Some(Box::new(move |_, a| Some(Scalar::Bool(real(f(a[0]))))));
        if let Some(g) = complex {
            self.complex = Some(Box::new(move |_, a| Some(Scalar::Bool(g(a[0].to_complex())))));
        }
        self.out = Out::Bool;
        self
    }
    /// Comparisons of two numbers.
    fn order(mut self, ints: fn(i128, i128) -> bool, reals: fn(f64, f64) -> bool) -> Line {
        self.integer = Some(Box::new(move |_, a| Some(Scalar::Bool(ints(i(a[0]), i(a[1]))))));
        self.real = Some(Box::new(move |_, a| Some(Scalar::Bool(reals(f(a[0]), f(a[1]))))));
        self.out = Out::Bool;
        self
    }
    fn typed(mut self, integer: Option<Scalars>, real: Option<Scalars>) -> Line {
        self.integer = integer.or(self.integer);
        self.real = real.or(self.real);
        self
    }
    fn exact(mut self) -> Line {
        self.ulps = 0.0;
        self
    }
    fn ulps(mut self, ulps: f64) -> Line {
        self.ulps = ulps;
        self
    }
    fn any_zero(mut self) -> Line {
        self.any_zero = true;
        self
    }
    fn terms(mut self, g: fn(&[Scalar]) -> f64) -> Line {
        self.terms = Some(g);
        self
    }

    pub(crate) fn function(&self, dtype: DType) -> Option<&Scalars> {
        match dtype {
            DType::Bool => self.boolean.as_ref(),
            d if d.is_integer() => self.integer.as_ref(),
            d if d.is_complex() => self.complex.as_ref(),
            _ => self.real.as_ref(),
        }
    }

    /// What the row must give for operands of the type `dtype`.
    pub(crate) fn want(&self, dtype: DType, args: &[&Reference]) -> Option<Want> {
        let function = self.function(dtype)?;
        let out = match self.out {
            Out::Same => dtype,
            Out::Bool => DType::Bool,
            Out::Real => dtype.real(),
        };
        let dims = broadcast(&args.iter().map(|r| &r.dims[..]).collect::<Vec<_>>());
        let mut errors = vec![];
        let data: Vec<Option<Scalar>> = indices(&dims)
            .map(|index| {
                let operands: Vec<Scalar> = args.iter().map(|r| r.broadcast_at(&index)).collect();
                let value = function(dtype, &operands).and_then(|s| rounded(out, s));
                if let Some(terms) = self.terms {
                    let size = terms(&operands).max(value.map_or(0.0, |v| v.to_complex().norm()));
                    // What is too small for a normal number may be flushed.
                    let size = if size.is_finite() { size } else { 0.0 };
                    errors.push(self.ulps * epsilon(dtype) * size + smallest(dtype));
                }
                value
            })
            .collect();
        let close = match (self.terms, self.any_zero) {
            (Some(_), _) => Close::Within(errors),
            (None, true) => Close::AnyZero(self.ulps),
            // Complex functions are made of a few real ones.
            (None, false) if dtype.is_complex() && self.ulps > 0.0 => Close::Ulps(self.ulps.max(16.0)),
            (None, false) => Close::Ulps(self.ulps),
        };
        Some(Want { dims, dtype: out, data, close })
    }
}

fn terms_of_power(a: &[Scalar]) -> f64 {
    let (x, y) = (a[0].to_complex(), a[1].to_complex());
    let value = cx::exp(y * cx::ln(x)).norm();
    let exponent = (y * cx::ln(x)).norm();
    if a.iter().all(|s| matches!(s, Scalar::Complex(_))) { 4.0 * value * (1.0 + exponent) } else { value }
}

fn bit_width(dtype: DType) -> i128 {
    8 * dtype.size() as i128
}

/// The lines: one for every elementwise row.
pub(crate) fn line_of(name: &str) -> Option<Line> {
    let unsigned_not: Scalars = Box::new(|d, a| {
        let signed = d.category() == array_api::Category::SignedInteger;
        Some(Scalar::int(if signed { !i(a[0]) } else { (1i128 << bit_width(d)) - 1 - i(a[0]) }))
    });
    let shift_left: Scalars = Box::new(|d, a| {
        let (x, s) = (i(a[0]), i(a[1]));
        if (0..bit_width(d)).contains(&s) { Some(Scalar::int(x << s)) } else { None }
    });
    let shift_right: Scalars = Box::new(|d, a| {
        let (x, s) = (i(a[0]), i(a[1]));
        if (0..bit_width(d)).contains(&s) { Some(Scalar::int(x >> s)) } else { None }
    });
    let next: Scalars = Box::new(|d, a| Some(Scalar::Float(real::next(d, f(a[0]), f(a[1])))));
    Some(match name {
        "abs" => line(1).int(i128::abs).real(f64::abs).part(|z| z.re.hypot(z.im)),
        "acos" => line(1).real(f64::acos).cplx(cx::acos),
        "acosh" => line(1).real(real::acosh).cplx(cx::acosh),
        "asin" => line(1).real(f64::asin).cplx(cx::asin),
        "asinh" => line(1).real(real::asinh).cplx(cx::asinh),
        "atan" => line(1).real(f64::atan).cplx(cx::atan),
        "atanh" => line(1).real(real::atanh).cplx(cx::atanh),
        "bitwise_invert" => line(1).bools(|a, _| !a).typed(Some(unsigned_not), None),
        "ceil" => line(1).int(|x| x).real(f64::ceil).exact(),
        "conj" => line(1).int(|x| x).real(|x| x).cplx(|z| z.conj()).exact(),
        "cos" => line(1).real(f64::cos).cplx(cx::cos),
        "cosh" => line(1).real(f64::cosh).cplx(cx::cosh),
        "exp" => line(1).real(f64::exp).cplx(cx::exp),
        "expm1" => line(1).real(f64::exp_m1).cplx(cx::expm1),
        "floor" => line(1).int(|x| x).real(f64::floor).exact(),
        "imag" => line(1).part(|z| z.im).exact(),
        "isfinite" => line(1).test(Some(true), f64::is_finite, Some(|z| z.re.is_finite() && z.im.is_finite())),
        "isinf" => line(1).test(Some(false), f64::is_infinite, Some(|z| z.re.is_infinite() || z.im.is_infinite())),
        "isnan" => line(1).test(Some(false), f64::is_nan, Some(|z| z.re.is_nan() || z.im.is_nan())),
        "log" => line(1).real(f64::ln).cplx(cx::ln),
        "log1p" => line(1).real(f64::ln_1p).cplx(cx::ln1p),
        "log2" => line(1).real(f64::log2).cplx(cx::log2),
        "log10" => line(1).real(f64::log10).cplx(cx::log10),
        "logical_not" => line(1).bools(|a, _| !a),
        "negative" => line(1).int(|x| -x).real(|x| -x).cplx(|z| -z).exact(),
        "positive" => line(1).int(|x| x).real(|x| x).cplx(|z| z).exact(),
        "real" => line(1).int(|x| x).real(|x| x).part(|z| z.re).exact(),
        "reciprocal" => line(1).real(|x| 1.0 / x).cplx(cx::reciprocal).ulps(1.0),
        "round" => line(1).int(|x| x).real(f64::round_ties_even).cplx(cx::round).exact(),
        "sign" => line(1).int(i128::signum).real(real::sign).cplx(cx::sign).any_zero(),
        "signbit" => line(1).test(None, f64::is_sign_negative, None),
        "sin" => line(1).real(f64::sin).cplx(cx::sin),
        "sinh" => line(1).real(f64::sinh).cplx(cx::sinh),
        "square" => line(1).int(|x| x.saturating_mul(x)).real(|x| x * x).cplx(|z| z * z).ulps(1.0),
        "sqrt" => line(1).real(f64::sqrt).cplx(cx::sqrt).ulps(1.0),
        "tan" => line(1).real(f64::tan).cplx(cx::tan),
        "tanh" => line(1).real(f64::tanh).cplx(cx::tanh),
        "trunc" => line(1).int(|x| x).real(f64::trunc).exact(),
        "add" => line(2).ints(i128::checked_add).reals(|a, b| a + b).cplxs(|a, b| a + b).exact(),
        "atan2" => line(2).reals(f64::atan2),
        "bitwise_and" => line(2).bools(|a, b| a & b).ints(|a, b| Some(a & b)),
        "bitwise_left_shift" => line(2).typed(Some(shift_left), None),
        "bitwise_or" => line(2).bools(|a, b| a | b).ints(|a, b| Some(a | b)),
        "bitwise_right_shift" => line(2).typed(Some(shift_right), None),
        "bitwise_xor" => line(2).bools(|a, b| a ^ b).ints(|a, b| Some(a ^ b)),
        "copysign" => line(2).reals(f64::copysign).exact(),
        "divide" => line(2).reals(|a, b| a / b).cplxs(|a, b| a / b).ulps(1.0),
        "equal" => equality(|same| same),
        "floor_divide" => line(2).ints(real::floor_divide_ints).reals(real::floor_divide).ulps(1.0),
        "greater" => line(2).order(|a, b| a > b, |a, b| a > b),
        "greater_equal" => line(2).order(|a, b| a >= b, |a, b| a >= b),
        "hypot" => line(2).reals(f64::hypot),
        "less" => line(2).order(|a, b| a < b, |a, b| a < b),
        "less_equal" => line(2).order(|a, b| a <= b, |a, b| a <= b),
        "logaddexp" => line(2).reals(real::logaddexp).terms(|a| f(a[0]).abs().max(f(a[1]).abs()).min(1e300)),
        "logical_and" => line(2).bools(|a, b| a & b),
        "logical_or" => line(2).bools(|a, b| a | b),
        "logical_xor" => line(2).bools(|a, b| a ^ b),
        "maximum" => line(2).ints(|a, b| Some(a.max(b))).reals(real::maximum).exact().any_zero(),
        "minimum" => line(2).ints(|a, b| Some(a.min(b))).reals(real::minimum).exact().any_zero(),
        "multiply" => line(2).ints(i128::checked_mul).reals(|a, b| a * b).cplxs(|a, b| a * b).exact_reals(),
        "nextafter" => line(2).typed(None, Some(next)).exact(),
        "not_equal" => equality(|same| !same),
        "pow" => power(),
        "remainder" => line(2).ints(real::remainder_ints).reals(real::remainder).exact(),
        "subtract" => line(2).ints(i128::checked_sub).reals(|a, b| a - b).cplxs(|a, b| a - b).exact(),
        "erf" => line(1).real(libm::erf),
        "lgamma" => line(1).real(lgamma).terms(|a| lgamma_terms(f(a[0]))).ulps(8.0),
        "digamma" => line(1).real(digamma).terms(|a| digamma_terms(f(a[0]))).ulps(8.0),
        "relu" => line(1).int(|x| x.max(0)).real(|x| if x < 0.0 { 0.0 } else { x }).exact().any_zero(),
        "elu" => line(1).real(|x| if x > 0.0 { x } else { x.exp_m1() }).any_zero(),
        "selu" => line(1).real(real::selu).any_zero(),
        // At minus infinity the product of infinity and zero is left open.
        "gelu" => line(1)
            .typed(
                None,
                Some(Box::new(|_, a| {
                    Some(Scalar::Float(real::gelu(f(a[0])))).filter(|s| !s.to_f64().is_nan() || f(a[0]).is_nan())
                })),
            )
            .terms(|a| f(a[0]).abs().min(1e300)),
        "sigmoid" => line(1).real(|x| 1.0 / (1.0 + (-x).exp())).terms(|_| 1.0),
        "softplus" => line(1).real(|x| real::logaddexp(x, 0.0)).terms(|_| 1.0),
        "stop_gradient" => same(),
        _ => return None,
    })
}

impl Line {
    /// Exact for reals, a rounding for each product of complex parts.
    fn exact_reals(mut self) -> Line {
        self.ulps = 1.0;
        self
    }
}

fn equality(answer: fn(bool) -> bool) -> Line {
    let mut equality = line(2).order(|_, _| false, |_, _| false);
    equality.boolean = Some(Box::new(move |_, a| Some(Scalar::Bool(answer(a[0].to_bool() == a[1].to_bool())))));
    equality.integer = Some(Box::new(move |_, a| Some(Scalar::Bool(answer(i(a[0]) == i(a[1]))))));
    equality.real = Some(Box::new(move |_, a| Some(Scalar::Bool(answer(f(a[0]) == f(a[1]))))));
    equality.complex = Some(Box::new(move |_, a| Some(Scalar::Bool(answer(a[0].to_complex() == a[1].to_complex())))));
    equality
}

fn same() -> Line {
    let mut same = line(1).int(|x| x).real(|x| x).cplx(|z| z).exact();
    same.boolean = Some(Box::new(|_, a| Some(a[0])));
    same
}

fn power() -> Line {
    let mut power = line(2).ints(real::pow_ints).reals(real::pow).terms(terms_of_power);
    power.complex = Some(Box::new(|_, a| {
        let (x, y) = (a[0].to_complex(), a[1].to_complex());
        // The standard leaves powers of zero to the implementation.
        (x.norm() > 0.0).then(|| Scalar::Complex(cx::exp(y * cx::ln(x))))
    }));
    power
}
