//! The kit: makes arrays of the kind, calls rows through the protocol, and notes what is not as it must be.

use std::fmt::Write as _;

use array_api::{Args, Array, DType, Dims, ErrorKind, Host, Namespace, Op, Operand, Result, Scalar, Value};

use crate::compare::Want;
use crate::reference::Reference;

/// One argument of a call.
#[derive(Clone, Debug)]
pub enum Given {
    /// An array.
    Array(Reference),
    /// A plain number.
    Scalar(Scalar),
    /// An optional argument that is left out.
    Absent,
}

impl From<&Reference> for Given {
    fn from(r: &Reference) -> Given {
        Given::Array(r.clone())
    }
}

impl From<Reference> for Given {
    fn from(r: Reference) -> Given {
        Given::Array(r)
    }
}

impl From<Scalar> for Given {
    fn from(s: Scalar) -> Given {
        Given::Scalar(s)
    }
}

/// Parameters by name.
pub type Fields<'f> = &'f [(&'static str, Value)];

/// How the arrays of a call lie in memory and are handed over.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Borrowed,
    Strided,
    Donated,
    StridedDonated,
}

const WAYS: [Way; 4] = [Way::Borrowed, Way::Strided, Way::Donated, Way::StridedDonated];

/// Makes an array of the kind from values in row-major order.
pub type Make = dyn Fn(Host, Dims) -> Result<Array>;

/// Runs a function inside of something, such as a transformation: with its arguments, and the arrays put into it, gives what
/// comes out, as arrays that can be read.
pub type Through = dyn Fn(&[Array], &dyn Fn(&[Array]) -> Result<Vec<Array>>) -> Result<Vec<Array>>;

/// One row's run on one kind.
pub struct Kit {
    make: Box<Make>,
    through: Option<Box<Through>>,
    namespace: Option<Namespace>,
    op: &'static str,
    calls: usize,
    failures: Vec<String>,
}

/// What is given, as an operand that owns its array.
fn own(given: &Given, array: impl FnOnce() -> Option<Array>) -> Operand<'static> {
    match given {
        Given::Array(_) => array().map_or(Operand::Absent, Operand::Own),
        Given::Scalar(s) => Operand::Scalar(*s),
        Given::Absent => Operand::Absent,
    }
}

/// More failures of one row say nothing more.
const ENOUGH: usize = 6;

impl Kit {
    /// The kit for one row of a kind.
    pub fn new(make: Box<Make>, through: Option<Box<Through>>, op: &'static str) -> Kit {
        let one = Reference::new(DType::Float64, &[], vec![Scalar::Float(0.0)]).host();
        let namespace = make(one.0, one.1).ok().map(|a| a.namespace());
        Kit { make, through, namespace, op, calls: 0, failures: vec![] }
    }

    /// Where new arrays of the kind are made.
    pub fn namespace(&self) -> Option<&Namespace> {
        self.namespace.as_ref()
    }

    /// An array of the kind.
    pub fn array(&self, r: &Reference) -> Result<Array> {
        let (host, dims) = r.host();
        (self.make)(host, dims)
    }

    /// The array as a view that is neither in row-major order nor forward, where the kind has such views.
    fn strided(&self, r: &Reference) -> Result<Array> {
        if r.data.len() < 2 {
            return self.array(r);
        }
        let axes: Vec<usize> = (0..r.dims.len()).rev().collect();
        let base = self.array(&r.flipped().permuted(&axes))?;
        let back: Vec<isize> = axes.iter().map(|&a| a as isize).collect();
        let view = array_api::flip(&base, ..).and_then(|x| array_api::permute_dims(x, back));
        view.or_else(|_| self.array(r))
    }

    fn run(&self, fields: Fields<'_>, given: &[Given], way: Way) -> Result<Vec<Reference>> {
        let op = Op::named(self.op)?;
        let params = op.read(fields)?;
        let mut arrays: Vec<Option<Array>> = vec![];
        for g in given {
            arrays.push(match (g, way) {
                (Given::Array(r), Way::Borrowed | Way::Donated) => Some(self.array(r)?),
                (Given::Array(r), Way::Strided | Way::StridedDonated) => Some(self.strided(r)?),
                _ => None,
            });
        }
        if let (Some(through), false) = (&self.through, given.is_empty()) {
            let inside = |arrays: &[Array]| {
                let mut arrays = arrays.iter().cloned();
                let mut args: Args<'_> = given.iter().map(|g| own(g, || arrays.next())).collect();
                Ok(op.apply(&*params, &mut args, None)?.into_vec())
            };
            let present: Vec<Array> = arrays.into_iter().flatten().collect();
            return through(&present, &inside)?.iter().map(|out| self.read(out)).collect();
        }
        let kept = if matches!(way, Way::Borrowed | Way::Strided) { arrays.clone() } else { vec![] };
        let mut args: Args<'_> = given
            .iter()
            .zip(arrays)
            .zip(kept.iter().map(Some).chain(std::iter::repeat(None)))
            .map(|((g, array), kept)| match (g, kept) {
                (Given::Array(_), Some(Some(a))) => Operand::Ref(a),
                (g, _) => own(g, || array),
            })
            .collect();
        let namespace = if given.is_empty() { self.namespace.as_ref() } else { None };
        let outs = op.apply(&*params, &mut args, namespace)?;
        drop(args);
        for (g, a) in given.iter().zip(&kept) {
            if let (Given::Array(before), Some(a)) = (g, a) {
                let now = Reference::read(a)?;
                Want::from(before.clone())
                    .check(&now)
                    .map_err(|e| array_api::Error::backend(self.op, format!("an argument was changed: {e}")))?;
            }
        }
        outs.as_slice().iter().map(|out| self.read(out)).collect()
    }

    fn read(&self, out: &Array) -> Result<Reference> {
        let read = Reference::read(out)?;
        if read.dtype == out.dtype() {
            return Ok(read);
        }
        let message = format!("the array says {}, its values are {}", out.dtype(), read.dtype);
        Err(array_api::Error::backend(self.op, message))
    }

    /// The results of one call, in the plain way, for checks of their own; a failure is noted.
    pub fn call(&mut self, fields: Fields<'_>, given: &[Given]) -> Option<Vec<Reference>> {
        self.calls += 1;
        match self.run(fields, given, Way::Borrowed) {
            Ok(results) => Some(results),
            Err(e) => {
                self.fail(fields, given, &format!("{e:?}"));
                None
            }
        }
    }

    /// The call must give exactly these results, however its arrays lie in memory and whether they are donated.
    pub fn gives(&mut self, fields: Fields<'_>, given: &[Given], want: &[Want]) {
        self.calls += 1;
        if self.enough() {
            return;
        }
        for way in WAYS {
            if way != Way::Borrowed && given.is_empty() {
                break;
            }
            let found = match self.run(fields, given, way) {
                Err(e) => Err(format!("{e:?}")),
                Ok(got) if got.len() != want.len() => Err(format!("{} results instead of {}", got.len(), want.len())),
                Ok(got) => want.iter().zip(&got).enumerate().try_for_each(|(i, (w, g))| {
                    w.check(g).map_err(|e| if got.len() > 1 { format!("result {i}: {e}") } else { e })
                }),
            };
            if let Err(e) = found {
                return self.fail(fields, given, &format!("{e} ({way:?})"));
            }
        }
    }

    /// The call must give one result.
    pub fn gives_one(&mut self, fields: Fields<'_>, given: &[Given], want: impl Into<Want>) {
        self.gives(fields, given, &[want.into()]);
    }

    /// The results must have a property that `check` looks at.
    pub fn satisfies(
        &mut self,
        fields: Fields<'_>,
        given: &[Given],
        check: impl Fn(&[Reference]) -> std::result::Result<(), String>,
    ) {
        self.calls += 1;
        if self.enough() {
            return;
        }
        for way in WAYS {
            let found = self.run(fields, given, way).map_err(|e| format!("{e:?}")).and_then(|got| check(&got));
            if let Err(e) = found {
                return self.fail(fields, given, &format!("{e} ({way:?})"));
            }
        }
    }

    /// The call must be refused with an error of this kind.
    pub fn refuses(&mut self, fields: Fields<'_>, given: &[Given], kind: ErrorKind) {
        self.calls += 1;
        if self.enough() {
            return;
        }
        match self.run(fields, given, Way::Borrowed) {
            Err(e) if e.kind() == kind => {}
            Err(e) => self.fail(fields, given, &format!("{e:?}, but the error must be of kind {kind:?}")),
            Ok(_) => self.fail(fields, given, &format!("a result, but an error of kind {kind:?} is due")),
        }
    }

    /// Notes a failure of a call.
    pub fn fail(&mut self, fields: Fields<'_>, given: &[Given], what: &str) {
        let mut text = format!("{}(", self.op);
        for (i, g) in given.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            let _ = match g {
                Given::Array(r) => write!(text, "{comma}{}{:?}", r.dtype, r.dims),
                Given::Scalar(s) => write!(text, "{comma}{s}"),
                Given::Absent => write!(text, "{comma}None"),
            };
        }
        for (name, value) in fields {
            let _ = write!(text, "; {name} = {value}");
        }
        let _ = write!(text, "): {what}");
        self.failures.push(text);
    }

    /// Whether so many failures were noted that more say nothing.
    pub fn enough(&self) -> bool {
        self.failures.len() >= ENOUGH
    }

    /// What was noted.
    ///
    /// # Errors
    /// The failures, or that no call was made.
    pub fn finish(self) -> std::result::Result<(), String> {
        if self.calls == 0 {
            return Err(format!("{}: the check made no call", self.op));
        }
        if self.failures.is_empty() { Ok(()) } else { Err(self.failures.join("\n")) }
    }
}

/// Parameters by name, as [`Fields`]: `fields![axis = 0isize, keepdims = true]`.
macro_rules! fields {
    ($($name:ident = $value:expr),* $(,)?) => {
        &[$((stringify!($name), array_api::Field::to_value(&$value))),*][..]
    };
}
pub(crate) use fields;
