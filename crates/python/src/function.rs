//! A row of the registry as a Python callable.

use array_api::{
    Class, DType, Device, Field, Level, Namespace, Nonzero, Op, Operand, Outs, Params, Result, Role, Value, operations,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyComplex, PyDict, PyString, PyTuple};
use smallvec::SmallVec;

use crate::boundary::{Pace, exception, run, run_at, run_long};
use crate::chunked;
use crate::foreign;
use crate::given::{self, Given};
use crate::operators::divisible;
use crate::{data_type, device};

/// The namespace of a kind, by its name.
pub(crate) fn namespace(py: Python<'_>, kind: &str) -> PyResult<Namespace> {
    if kind == array_ndarray::NDARRAY.name() {
        return Ok(array_ndarray::namespace());
    }
    #[cfg(feature = "torch")]
    if kind == array_torch::TORCH.name() {
        return Ok(array_torch::namespace());
    }
    if let Some(xp) = chunked::namespace(kind) {
        return Ok(xp);
    }
    run(py, || kind.parse())
}

type Wider = for<'a> fn(Operand<'a>) -> Result<Operand<'a>>;

/// Functions that take operands of more types here than the standard asks for: it leaves open what is not one of its types,
/// and every other library computes it.
const WIDER: [(&str, Wider); 5] = [
    ("divide", divisible),
    ("logical_and", truth),
    ("logical_not", truth),
    ("logical_or", truth),
    ("logical_xor", truth),
];

/// Elements as truth values: whether they are not zero.
fn truth(x: Operand<'_>) -> Result<Operand<'_>> {
    match x.array() {
        Some(a) if a.dtype() != DType::Bool => array_api::astype(a, DType::Bool).map(Operand::Own),
        _ => Ok(x),
    }
}

/// What a parameter takes beyond what it says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A data type, written in any of Python's ways; `None` is left to the row's own default.
    DType,
    /// Several numbers, or one.
    Numbers,
    Other,
}

impl Form {
    /// By the type that the row writes in Rust.
    fn of(written: &str) -> Form {
        match written {
            _ if written.contains("DType") => Form::DType,
            _ if written.starts_with("Vec<") || written.starts_with("Option<Vec<") => Form::Numbers,
            _ => Form::Other,
        }
    }
}

/// A function of the array API. Arrays go first and by position, parameters by name.
#[pyclass(frozen, dict, name = "Function", module = "array_protocol")]
pub(crate) struct Function {
    op: &'static Op,
    /// Where results of functions without arrays live; `None` for the functions of no namespace, whose arrays say it.
    xp: Option<Namespace>,
    /// What Python's libraries give to this function beyond the standard, as what the standard has.
    wider: Option<Wider>,
    /// Parameters that may also be given by position, after the arrays.
    positional: Vec<&'static str>,
    /// What each parameter takes.
    forms: Vec<Form>,
    /// The parameters of a call that gives none.
    defaults: Box<dyn Params>,
    /// Whether a call with nothing but its arrays needs no further look: see [`Function::short`].
    plain: bool,
    /// The class of results that have names.
    results: PyOnceLock<Py<PyAny>>,
}

/// Every row of the registry, for arrays of a kind or of any. `positional` has the names of the parameters of each function that
/// may be given by position.
#[pyfunction]
pub(crate) fn functions<'py>(
    py: Python<'py>,
    kind: Option<&str>,
    positional: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    let xp = kind.map(|kind| namespace(py, kind)).transpose()?;
    let all = PyDict::new(py);
    for op in operations() {
        let names: Vec<String> = match positional.get_item(op.name)? {
            Some(names) => names.extract()?,
            None => vec![],
        };
        let known = |name: &String| op.params.iter().map(|(n, ..)| *n).find(|n| n == name);
        let positional = names.iter().filter_map(known).collect();
        let wider = WIDER.iter().find(|(name, _)| *name == op.name).map(|(_, f)| *f);
        let defaults = op.read(&[]).map_err(|e| exception(py, &e))?;
        let alone = matches!(op.class, Class::Creation | Class::Random);
        let one = |(_, role): &(_, Role)| *role == Role::One;
        let plain = !alone && (1..=2).contains(&op.args.len()) && op.args.iter().all(one);
        let forms = op.params.iter().map(|(_, written, _)| Form::of(written)).collect();
        let (xp, results) = (xp.clone(), PyOnceLock::new());
        all.set_item(op.name, Function { op, xp, wider, positional, forms, defaults, plain, results })?;
    }
    Ok(all)
}

/// The names of the kinds that have a namespace: those that hold data or plan, and are no class of Python's.
#[pyfunction]
pub(crate) fn data_kinds() -> Vec<&'static str> {
    let kinds = array_api::kinds().into_iter().filter(|k| k.level() <= array_api::Level::LAZY && !foreign::is_class(k));
    kinds.map(array_api::Kind::name).collect()
}

type Operands<'py> = SmallVec<[Option<Given<'py>>; 3]>;

impl Function {
    /// The operation.
    pub(crate) fn op(&self) -> &'static Op {
        self.op
    }

    fn unexpected(&self, what: &str) -> PyErr {
        let arguments = self.op.args.iter().map(|(n, _)| *n);
        let names: Vec<_> = arguments.chain(self.op.params.iter().map(|(n, ..)| *n)).collect();
        PyTypeError::new_err(format!("{}() has no {what}; it takes {}", self.op.name, names.join(", ")))
    }

    fn operand<'py>(&self, name: &str, value: &Bound<'py, PyAny>) -> PyResult<Option<Given<'py>>> {
        if value.is_none() {
            return Ok(None);
        }
        match Given::any(value)? {
            Some(given) => Ok(Some(given)),
            None => Err(PyTypeError::new_err(format!(
                "{}: the argument {name} is {}, but must be an array; make one with asarray",
                self.op.name,
                value.get_type().name()?
            ))),
        }
    }

    fn field(&self, place: usize, value: &Bound<'_, PyAny>, to: &mut Vec<(&'static str, Value)>) -> PyResult<()> {
        let (name, ..) = self.op.params[place];
        if self.forms[place] == Form::DType {
            if !value.is_none() {
                let Some(dtype) = data_type::named(value)? else {
                    let message = format!("{}: {} is no data type of the standard's", self.op.name, value.repr()?);
                    return Err(PyTypeError::new_err(message));
                };
                to.push((name, Value::DType(dtype)));
            }
            return Ok(());
        }
        let value = match given::value(value)? {
            Value::Int(i) if self.forms[place] == Form::Numbers => Value::List(vec![Value::Int(i)]),
            value => value,
        };
        to.push((name, value));
        Ok(())
    }

    fn keyword<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
        operands: &mut Operands<'py>,
        fields: &mut Vec<(&'static str, Value)>,
        on: &mut Option<Device>,
    ) -> PyResult<()> {
        let key = key.cast::<PyString>()?;
        let name = key.to_str()?;
        if let Some(place) = self.op.params.iter().position(|(n, ..)| *n == name) {
            if fields.iter().any(|(n, _)| *n == name) {
                return Err(PyTypeError::new_err(format!("{}() got {name} twice", self.op.name)));
            }
            return self.field(place, value, fields);
        }
        if let Some(place) = self.op.args.iter().position(|(n, role)| *n == name && *role == Role::Maybe) {
            while operands.len() <= place {
                operands.push(None);
            }
            if operands[place].is_some() {
                return Err(PyTypeError::new_err(format!("{}() got {name} twice", self.op.name)));
            }
            operands[place] = self.operand(name, value)?;
            return Ok(());
        }
        match (name, self.op.class) {
            ("device", Class::Creation | Class::Elementwise) => {
                *on = device::asked(self.op.name, self.xp.as_ref(), value)?;
                Ok(())
            }
            ("copy", Class::Movement) => Ok(()),
            _ => Err(self.unexpected(&format!("parameter {name}"))),
        }
    }

    fn apply(&self, params: Box<dyn Params>, operands: &mut [Operand<'_>], xp: Option<&Namespace>) -> Result<Outs> {
        if let Some(wider) = self.wider {
            for operand in operands.iter_mut() {
                *operand = wider(operand.take())?;
            }
        }
        self.op.apply_owned(params, operands, xp)
    }

    /// A call of one or two small arrays of ours, or an array and a number: what is written most, without the search for
    /// anything else. `None` where there is more to look at.
    #[inline]
    fn short<'py>(&self, args: &Bound<'py, PyTuple>) -> PyResult<Option<Outs>> {
        let py = args.py();
        let first = args.get_borrowed_item(0)?;
        let Some(a) = Given::of(&first)? else { return Ok(None) };
        let call = |operands: &mut [Operand<'_>]| run(py, || self.apply(self.defaults.boxed(), operands, None));
        if self.op.args.len() == 1 {
            return if a.is_short() { call(&mut [a.operand()]).map(Some) } else { Ok(None) };
        }
        let second = args.get_borrowed_item(1)?;
        let Some(b) = Given::of(&second)? else { return Ok(None) };
        let (x, y) = (a.is_short(), b.is_short());
        match (&a, &b) {
            (Given::Array(_), Given::Scalar(_)) if x => {}
            (Given::Scalar(_), Given::Array(_)) if y => {}
            _ if x && y => {}
            _ => return Ok(None),
        }
        call(&mut [a.operand(), b.operand()]).map(Some)
    }

    /// How a call is made that makes elements of its own.
    fn made(&self, fields: &[(&'static str, Value)]) -> Pace {
        if !matches!(self.op.class, Class::Creation | Class::Random) {
            return Pace::Short;
        }
        match self.xp.as_ref().map(|xp| xp.kind().level()) {
            Some(Level::DATA) => Pace::of(extent(self.op, fields)),
            _ => Pace::Lazy,
        }
    }

    /// The names of the results as the standard writes them: matrices are capital there.
    fn names(&self) -> Vec<&'static str> {
        match self.op.name {
            "qr" => vec!["Q", "R"],
            "svd" => vec!["U", "S", "Vh"],
            _ => self.op.results.to_vec(),
        }
    }

    fn results<'py>(&self, py: Python<'py>, outs: Outs) -> PyResult<Bound<'py, PyAny>> {
        let many = match outs {
            Outs::One(array) => return foreign::object(py, array),
            Outs::Many(many) => many,
        };
        let many = many.into_iter().map(|array| foreign::object(py, array)).collect::<PyResult<Vec<_>>>()?;
        let list = PyTuple::new(py, many)?;
        if self.op.results.is_empty() {
            return Ok(list.into_any());
        }
        let class = self.results.get_or_try_init(py, || {
            let name = format!("{}_result", self.op.name);
            let class = py.import("collections")?.getattr("namedtuple")?;
            class.call1((name, self.names())).map(Bound::unbind)
        })?;
        class.bind(py).call1(list)
    }
}

#[pymethods]
impl Function {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, n) = (args.py(), self.op.args.len());
        if self.plain
            && kwargs.is_none()
            && args.len() == n
            && let Some(outs) = self.short(args)?
        {
            return self.results(py, outs);
        }
        let (mut operands, mut fields, mut on) = (Operands::new(), vec![], None);
        for (i, value) in args.iter().enumerate() {
            match self.op.args.get(i) {
                Some((name, Role::Many)) => {
                    for item in value.try_iter()? {
                        operands.push(self.operand(name, &item?)?);
                    }
                }
                Some((name, _)) => operands.push(self.operand(name, &value)?),
                None => match self.positional.get(i - n) {
                    Some(&name) => {
                        let place = self.op.params.iter().position(|(n, ..)| *n == name).unwrap_or(0);
                        self.field(place, &value, &mut fields)?;
                    }
                    None => return Err(self.unexpected(&format!("argument at position {i}"))),
                },
            }
        }
        for (key, value) in kwargs.into_iter().flatten() {
            self.keyword(&key, &value, &mut operands, &mut fields, &mut on)?;
        }
        while operands.len() < n && matches!(self.op.args[operands.len()].1, Role::Maybe) {
            operands.push(None);
        }
        if let (1, "where", [Some(condition)]) = (args.len(), self.op.name, &operands[..]) {
            // NumPy's short form, which libraries use for the places of what is true.
            let places = run(py, || array_api::run::<Nonzero>(Nonzero {}, &mut [condition.operand()], None))?;
            return self.results(py, Outs::Many(places));
        }
        let params = match fields.is_empty() {
            true => self.defaults.boxed(),
            false => self.op.read(&fields).map_err(|e| exception(py, &e))?,
        };
        if operands.iter().flatten().any(|g| matches!(g, Given::Foreign(_))) {
            foreign::lead(py, operands.iter_mut().flatten());
        }
        let pace = operands.iter().flatten().map(Given::pace).max().unwrap_or(Pace::Short).max(self.made(&fields));
        // Arrays know where they live, and a call that does not say it again is found sooner.
        let arrays = operands.iter().flatten().any(|g| matches!(g, Given::Array(_) | Given::Foreign(_)));
        let xp = self.xp.as_ref().filter(|_| !arrays || matches!(self.op.class, Class::Creation | Class::Random));
        let placed = on.and_then(|device| Some(xp?.clone().on(device)));
        let xp = placed.as_ref().or(xp);
        let outs = if pace == Pace::Short {
            let mut operands: SmallVec<[Operand<'_>; 3]> =
                operands.iter().map(|g| g.as_ref().map_or(Operand::Absent, Given::operand)).collect();
            run(py, || self.apply(params, &mut operands, xp))?
        } else {
            let mut operands: Vec<Operand<'static>> =
                operands.iter().map(|g| g.as_ref().map_or(Operand::Absent, |g| g.operand().to_static())).collect();
            run_at(py, pace, || self.apply(params, &mut operands, xp))?
        };
        // Functions such as `zeros_like` answer where their argument lives.
        let outs = match (outs, on) {
            (Outs::One(array), Some(device)) if array.namespace().device() != device => {
                Outs::One(run_long(py, || array_api::to_device(&array, device))?)
            }
            (outs, _) => outs,
        };
        self.results(py, outs)
    }

    /// The standard's category.
    #[getter]
    fn category(&self) -> &'static str {
        self.op.category
    }

    /// The row's documentation.
    #[getter]
    fn doc(&self) -> &'static str {
        self.op.doc
    }

    /// The arguments: name, and "one", "maybe" or "many".
    #[getter]
    fn arguments(&self) -> Vec<(&'static str, &'static str)> {
        let role = |r: &Role| match r {
            Role::One => "one",
            Role::Maybe => "maybe",
            Role::Many => "many",
        };
        self.op.args.iter().map(|(name, r)| (*name, role(r))).collect()
    }

    /// The parameters: name, default, and whether they may be given by position.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Vec<(&'static str, Bound<'py, PyAny>, bool)>> {
        let mut all = vec![];
        for (name, value) in self.defaults.write() {
            all.push((name, python(py, &value)?, self.positional.contains(&name)));
        }
        Ok(all)
    }

    /// The parameters' types, as the row writes them in Rust.
    #[getter]
    fn parameter_types(&self) -> Vec<(&'static str, &'static str)> {
        self.op.params.iter().map(|(name, of, _)| (*name, *of)).collect()
    }

    /// The names of several results.
    #[getter]
    fn result_names(&self) -> Vec<&'static str> {
        self.names()
    }

    fn __repr__(&self) -> String {
        match &self.xp {
            Some(xp) => format!("<function {} of {xp}>", self.op.name),
            None => format!("<function {} of array_protocol>", self.op.name),
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rebuild = py.import("array_protocol._pickle")?.getattr("function")?;
        let xp = match &self.xp {
            // Options are a part of it, and its name holds for this process only.
            Some(xp) if xp.inner().is_some() => python(py, &xp.to_value())?,
            xp => xp.as_ref().map(Namespace::to_string).into_pyobject(py)?,
        };
        Ok((rebuild, (xp, self.op.category, self.op.name)).into_pyobject(py)?.into_any())
    }
}

/// At most how many elements a call makes, where its parameters say it; `None` where they do not.
fn extent(op: &Op, fields: &[(&'static str, Value)]) -> Option<usize> {
    let given = |name: &str| fields.iter().find(|(n, _)| *n == name).map(|(_, value)| value);
    let integer = |value: &Value| if let Value::Int(i) = value { Some(*i) } else { None };
    let count = |value: &Value| usize::try_from(integer(value)?).ok();
    match (given("shape").or_else(|| given("num")), op.name) {
        (Some(Value::List(dims)), _) => dims.iter().try_fold(1, |n: usize, d| n.checked_mul(count(d)?)),
        (Some(one), _) => count(one),
        (None, "arange") => {
            let [start, stop, step] = ["start", "stop", "step"].map(|name| given(name).and_then(integer));
            usize::try_from(stop?.checked_sub(start?)?.unsigned_abs() / step?.unsigned_abs().max(1)).ok()
        }
        (None, _) => None,
    }
}

/// A parameter's value as Python shows it.
pub(crate) fn python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::None => py.None().into_bound(py),
        Value::Bool(b) => b.into_pyobject(py)?.to_owned().into_any(),
        Value::Int(i) => i.into_pyobject(py)?.into_any(),
        Value::Float(x) => x.into_pyobject(py)?.into_any(),
        Value::Complex(re, im) => PyComplex::from_doubles(py, *re, *im).into_any(),
        Value::DType(d) => data_type::object(py, *d)?.into_bound(py).into_any(),
        Value::Text(s) => s.into_pyobject(py)?.into_any(),
        Value::List(v) => {
            let items = v.iter().map(|x| python(py, x)).collect::<PyResult<Vec<_>>>()?;
            PyTuple::new(py, items)?.into_any()
        }
    })
}
