//! Creation: methods of [`Namespace`](crate::Namespace), and functions "like" an array.

use super::spellings;
use crate::array::Array;
use crate::call::{Meta, Verdict};
use crate::dims::Dims;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::namespace::Namespace;
use crate::operand::Operand;
use crate::operation;
use crate::operation::{List, Op};
use crate::rule;
use crate::scalar::Scalar;
use crate::value::IntoField;

operation! {
    /// Zeros. Spec: `zeros`.
    Zeros = zeros() { /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Float64 } -> Array;
    "creation", Creation, |op, p, _| made(op, &p.shape, p.dtype), methods (namespace)
}

operation! {
    /// Ones. Spec: `ones`.
    Ones = ones() { /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Float64 } -> Array;
    "creation", Creation, |op, p, _| made(op, &p.shape, p.dtype),
    compose |p, call| namespace(call)?.full(Full::default().shape(&p.shape).fill_value(1).dtype(p.dtype)),
    methods (namespace)
}

operation! {
    /// An array of one value. Without a data type, the value's default: `bool`, `int64`, `float64` or `complex128`.
    /// Spec: `full`.
    Full = full() {
        /** The extents. */ shape: Dims = Dims::SCALAR,
        /** The value of every element. */ fill_value: Scalar = Scalar::int(0),
        dtype: Option<DType> = None,
    } -> Array;
    "creation", Creation, full_rule, methods (namespace)
}

operation! {
    /// Evenly spaced values `start, start + step, ...` before `stop`. Spec: `arange`.
    Arange = arange() {
        start: Scalar = Scalar::int(0), stop: Scalar = Scalar::int(0), step: Scalar = Scalar::int(1),
        /** `int64` if all three are integers, else `float64`. */ dtype: Option<DType> = None,
    } -> Array;
    "creation", Creation, arange_rule, methods (namespace)
}

operation! {
    /// `num` evenly spaced values from `start` to `stop`, which is included unless `endpoint` is false. Spec: `linspace`.
    Linspace = linspace() {
        start: Scalar = Scalar::Float(0.0), stop: Scalar = Scalar::Float(1.0),
        /** The number of values. */ num: usize = 50,
        dtype: DType = DType::Float64, endpoint: bool = true,
    } -> Array;
    "creation", Creation,
    |op, p, _| { rule::FLOATING.check(op, p.dtype)?; made(op, &Dims::from(p.num), p.dtype) }, methods (namespace)
}

operation! {
    /// Ones on the `k`-th diagonal, zeros elsewhere. Spec: `eye`.
    Eye = eye() {
        n_rows: usize = 0, /** As many as rows unless given. */ n_cols: Option<usize> = None,
        /** Above the main diagonal if positive. */ k: isize = 0, dtype: DType = DType::Float64,
    } -> Array;
    "creation", Creation,
    |op, p, _| { let n = *p.n_cols.get_or_insert(p.n_rows); made(op, &Dims::from([p.n_rows, n]), p.dtype) },
    methods (namespace)
}

operation! {
    /// An array to be overwritten. Its elements are zeros unless a backend has something cheaper. Spec: `empty`.
    Empty = empty() { /** The extents. */ shape: Dims = Dims::SCALAR, dtype: DType = DType::Float64 } -> Array;
    "creation", Creation, |op, p, _| made(op, &p.shape, p.dtype),
    compose |p, call| {
        match call.namespace {
            Some(xp) => xp.zeros((&p.shape, p.dtype)),
            None => Err(Error::value(call.op.name, "needs a namespace to create the array in")),
        }
    },
    methods (namespace)
}

operation! {
    /// An array of the shape of `x` to be overwritten, on its device. Spec: `empty_like`.
    EmptyLike = empty_like(x: One) { /** The type of `x` unless given. */ dtype: Option<DType> = None } -> Array;
    "creation", Creation, |op, p, args| like(op, &mut p.dtype, args),
    compose |p, call| filled(call, Scalar::int(0), p.dtype)
}

operation! {
    /// Zeros of the shape of `x`, on its device. Spec: `zeros_like`.
    ZerosLike = zeros_like(x: One) { /** The type of `x` unless given. */ dtype: Option<DType> = None } -> Array;
    "creation", Creation, |op, p, args| like(op, &mut p.dtype, args),
    compose |p, call| filled(call, Scalar::int(0), p.dtype)
}

operation! {
    /// Ones of the shape of `x`, on its device. Spec: `ones_like`.
    OnesLike = ones_like(x: One) { /** The type of `x` unless given. */ dtype: Option<DType> = None } -> Array;
    "creation", Creation, |op, p, args| like(op, &mut p.dtype, args),
    compose |p, call| filled(call, Scalar::int(1), p.dtype)
}

operation! {
    /// One value in the shape of `x`, on its device. Spec: `full_like`.
    FullLike = full_like(x: One) {
        fill_value: Scalar = Scalar::int(0), /** The type of `x` unless given. */ dtype: Option<DType> = None,
    } -> Array;
    "creation", Creation,
    |op, p, args| { let v = like(op, &mut p.dtype, args)?; fits(op, p.fill_value, v.dtype())?; Ok(v) },
    compose |p, call| filled(call, p.fill_value, p.dtype)
}

operation! {
    /// The lower triangle of matrices, zeros above the `k`-th diagonal. Spec: `tril`.
    Tril = tril(x: One) { /** Above the main diagonal if positive. */ k: isize = 0 } -> Array;
    "creation", Matrix, triangle
}

operation! {
    /// The upper triangle of matrices, zeros below the `k`-th diagonal. Spec: `triu`.
    Triu = triu(x: One) { /** Above the main diagonal if positive. */ k: isize = 0 } -> Array;
    "creation", Matrix, triangle
}

operation! {
    /// Coordinate arrays of a grid; `indexing` is `"xy"` or `"ij"`. Spec: `meshgrid`.
    Meshgrid = meshgrid(arrays: Many) { indexing: String = "xy".to_string() } -> List;
    "creation", Movement, meshgrid_rule, compose compose_meshgrid
}

spellings!(shape: Zeros, Ones, Empty);
spellings!(defaults: ZerosLike, OnesLike, EmptyLike, Tril, Triu, Meshgrid);

impl<D: IntoField<Dims>, S: IntoField<Scalar>> From<(D, S)> for Full {
    fn from((shape, value): (D, S)) -> Full {
        Full::default().shape(shape).fill_value(value)
    }
}

impl<D: IntoField<Dims>, S: IntoField<Scalar>> From<(D, S, DType)> for Full {
    fn from((shape, value, dtype): (D, S, DType)) -> Full {
        Full::default().shape(shape).fill_value(value).dtype(dtype)
    }
}

impl<S: IntoField<Scalar>> From<S> for FullLike {
    fn from(value: S) -> FullLike {
        FullLike::default().fill_value(value)
    }
}

impl From<std::ops::Range<i64>> for Arange {
    fn from(r: std::ops::Range<i64>) -> Arange {
        Arange::default().start(r.start).stop(r.end)
    }
}

impl<S: IntoField<Scalar>, E: IntoField<Scalar>> From<(S, E, usize)> for Linspace {
    fn from((start, stop, num): (S, E, usize)) -> Linspace {
        Linspace::default().start(start).stop(stop).num(num)
    }
}

impl<S: IntoField<Scalar>, E: IntoField<Scalar>> From<(S, E, usize, DType)> for Linspace {
    fn from((start, stop, num, dtype): (S, E, usize, DType)) -> Linspace {
        Linspace::default().start(start).stop(stop).num(num).dtype(dtype)
    }
}

impl From<usize> for Eye {
    fn from(n: usize) -> Eye {
        Eye::default().n_rows(n)
    }
}

impl From<(usize, DType)> for Eye {
    fn from((n, dtype): (usize, DType)) -> Eye {
        Eye::default().n_rows(n).dtype(dtype)
    }
}

impl From<isize> for Tril {
    fn from(k: isize) -> Tril {
        Tril { k }
    }
}

impl From<isize> for Triu {
    fn from(k: isize) -> Triu {
        Triu { k }
    }
}

/// The verdict on an array that is made from nothing; sizes that no memory can hold are refused here.
pub(crate) fn made(op: &'static Op, dims: &Dims, dtype: DType) -> Result<Verdict> {
    match dims.size().and_then(|n| n.checked_mul(dtype.size())) {
        Some(bytes) if bytes <= isize::MAX as usize => Ok(Verdict::same(dims.clone(), dtype)),
        _ => Err(Error::shape(op.name, format!("shape {dims} of {dtype} is larger than any memory"))),
    }
}

/// The namespace of a creation call.
pub(crate) fn namespace(call: &crate::Call<'_, '_>) -> Result<Namespace> {
    match call.namespace {
        Some(xp) => Ok(xp.clone()),
        None => Namespace::of(call.arrays()),
    }
}

fn fits(op: &'static Op, value: Scalar, dtype: DType) -> Result<()> {
    let allowed = value.result_dtype(dtype).is_some_and(|d| d == dtype) || !dtype.is_numeric();
    match allowed && value.fits(dtype) {
        true => Ok(()),
        false => Err(Error::value(op.name, format!("the value {value} does not fit {dtype}"))),
    }
}

fn full_rule(op: &'static Op, p: &mut Full, _: &mut [Operand<'_>]) -> Result<Verdict> {
    let dtype = *p.dtype.get_or_insert(p.fill_value.default_dtype());
    fits(op, p.fill_value, dtype)?;
    made(op, &p.shape, dtype)
}

fn arange_rule(op: &'static Op, p: &mut Arange, _: &mut [Operand<'_>]) -> Result<Verdict> {
    let all = [p.start, p.stop, p.step];
    if all.iter().any(|s| matches!(s, Scalar::Bool(_) | Scalar::Complex(_))) {
        return Err(Error::value(op.name, "start, stop and step must be real numbers"));
    }
    let integers = all.iter().all(|s| matches!(s, Scalar::Int(_)));
    let dtype = *p.dtype.get_or_insert(if integers { DType::Int64 } else { DType::Float64 });
    rule::REAL.check(op, dtype)?;
    let count = if integers {
        let (start, stop, step) = (p.start.to_i128(), p.stop.to_i128(), p.step.to_i128());
        if step == 0 {
            return Err(Error::value(op.name, "step cannot be 0"));
        }
        let span = if step > 0 { stop.saturating_sub(start) } else { start.saturating_sub(stop) };
        if span > 0 { (span - 1) / step.saturating_abs() + 1 } else { 0 }
    } else {
        let n = ((p.stop.to_f64() - p.start.to_f64()) / p.step.to_f64()).ceil();
        if !n.is_finite() {
            let message =
                format!("start {}, stop {} and step {} do not give a finite number of values", p.start, p.stop, p.step);
            return Err(Error::value(op.name, message));
        }
        n.max(0.0) as i128
    };
    made(op, &Dims::from(usize::try_from(count).unwrap_or(usize::MAX - 1)), dtype)
}

fn like(op: &'static Op, dtype: &mut Option<DType>, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    Ok(Verdict::same(x.dims().clone(), *dtype.get_or_insert(x.dtype())))
}

fn filled(call: &crate::Call<'_, '_>, value: Scalar, dtype: Option<DType>) -> Result<Array> {
    let x = rule::array(call.op, call.args, 0)?;
    let dtype = dtype.unwrap_or(x.dtype());
    let value = if dtype == DType::Bool { Scalar::Bool(value.to_bool()) } else { value };
    x.namespace().full(Full::default().shape(Dims::new(x.shape()?)).fill_value(value).dtype(dtype))
}

fn triangle<P>(op: &'static Op, _: &mut P, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let x = rule::array(op, args, 0)?;
    rule::matrix(op, "x", x.dims())?;
    Ok(Verdict::same(x.dims().clone(), x.dtype()))
}

fn meshgrid_rule(op: &'static Op, p: &mut Meshgrid, args: &mut [Operand<'_>]) -> Result<Verdict> {
    if p.indexing != "xy" && p.indexing != "ij" {
        return Err(Error::value(op.name, format!("indexing is {:?}, but must be \"xy\" or \"ij\"", p.indexing)));
    }
    let mut dims = vec![];
    for i in 0..args.len() {
        let x = rule::array(op, args, i)?;
        match x.dims()[..] {
            [n] => dims.push(n),
            _ => return Err(Error::shape(op.name, format!("array {i} has shape {}, but must be 1-d", x.dims()))),
        }
    }
    if p.indexing == "xy" && dims.len() >= 2 {
        dims.swap(0, 1);
    }
    let dims = Dims::from(dims);
    let metas = args.iter().filter_map(Operand::array).map(|x| Meta::new(&dims, x.dtype())).collect();
    let operands = args.first().and_then(Operand::dtype).unwrap_or(DType::Float64);
    Ok(Verdict::many(metas, operands))
}

fn compose_meshgrid(p: &Meshgrid, call: &mut crate::Call<'_, '_>) -> Result<List> {
    let rank = call.args.len();
    let dims = match call.verdict.results() {
        [] => return Ok(vec![]),
        [first, ..] => first.dims.clone(),
    };
    let axis = |i: usize| match (p.indexing.as_str(), i) {
        ("xy", 0) if rank > 1 => 1,
        ("xy", 1) => 0,
        _ => i,
    };
    (0..rank)
        .map(|i| {
            let x = rule::array(call.op, call.args, i)?;
            let mut shape = vec![1; rank];
            shape[axis(i)] = -1;
            crate::broadcast_to(crate::reshape(x, shape)?, &dims)
        })
        .collect()
}
