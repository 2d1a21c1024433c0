//! Where new arrays live: the standard's `xp` as a small value.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::array::Array;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Nested;
use crate::kind::{Kind, Level};
use crate::registry;
use crate::value::{Field, Value};

/// A device that holds arrays.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Device {
    /// The host's processors and memory.
    #[default]
    Cpu,
    /// An NVIDIA GPU, by number.
    Cuda(u16),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(n) => write!(f, "cuda:{n}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;
    fn from_str(s: &str) -> Result<Device> {
        match s {
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(0)),
            _ => s
                .strip_prefix("cuda:")
                .and_then(|n| n.parse().ok())
                .map(Device::Cuda)
                .ok_or_else(|| Error::device("device", format!("`{s}` is not a device; write cpu, cuda or cuda:N"))),
        }
    }
}

impl Field for Device {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
    fn from_value(v: &Value) -> Result<Device> {
        String::from_value(v)?.parse()
    }
}

/// Kind, device and options of new arrays.
///
/// Creation and random functions are its methods, since they have no array argument to ask. A wrapper's arrays answer
/// with their content's namespace, so a constant made under `grad` is a constant. There is no ambient default.
#[derive(Clone)]
pub struct Namespace {
    kind: &'static Kind,
    device: Device,
    more: Option<Arc<More>>,
}

/// What few namespaces have.
#[derive(Clone, Default)]
struct More {
    inner: Option<Namespace>,
    options: BTreeMap<String, Value>,
}

impl Namespace {
    /// Arrays of a kind on the CPU.
    #[inline]
    pub const fn new(kind: &'static Kind) -> Namespace {
        Namespace { kind, device: Device::Cpu, more: None }
    }

    /// The same namespace on another device.
    pub fn on(mut self, device: Device) -> Namespace {
        self.device = device;
        self
    }

    /// The same namespace with an option that its kind understands.
    pub fn with(mut self, option: impl Into<String>, value: Value) -> Namespace {
        let mut more = self.more.as_deref().cloned().unwrap_or_default();
        more.options.insert(option.into(), value);
        self.more = Some(Arc::new(more));
        self
    }

    /// The same namespace over another one, such as chunks of a data kind.
    pub fn over(mut self, inner: Namespace) -> Namespace {
        let mut more = self.more.as_deref().cloned().unwrap_or_default();
        more.inner = Some(inner);
        self.more = Some(Arc::new(more));
        self
    }

    /// The kind.
    #[inline]
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The device.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The namespace of what this kind's arrays hold, for kinds made of other arrays.
    pub fn inner(&self) -> Option<&Namespace> {
        self.more.as_ref()?.inner.as_ref()
    }

    /// An option's value.
    pub fn option(&self, name: &str) -> Option<&Value> {
        self.more.as_ref()?.options.get(name)
    }

    /// The namespace of several arrays together: that of the outermost one.
    ///
    /// # Errors
    /// Without arrays, or where kinds of the same level meet that do not know each other.
    pub fn of<'a>(arrays: impl IntoIterator<Item = &'a Array>) -> Result<Namespace> {
        let mut best: Option<&Array> = None;
        for a in arrays {
            best = match best {
                Some(b) if b.level() > a.level() || b.kind().id() == a.kind().id() => Some(b),
                Some(b) if b.level() < a.level() => Some(a),
                Some(b) => match (b.kind().knows(a.kind()), a.kind().knows(b.kind())) {
                    (true, false) => Some(b),
                    (false, true) => Some(a),
                    (both, _) => {
                        let (b, a) = (b.kind().name(), a.kind().name());
                        let (kind, why) = match both {
                            true => (ErrorKind::Ambiguous, "each accepts the other"),
                            false => (ErrorKind::NotImplemented, "neither accepts the other"),
                        };
                        return Err(Error::new(
                            kind,
                            "namespace",
                            format!("of {a} and {b}: {why}; convert one of them"),
                        ));
                    }
                },
                None => Some(a),
            };
        }
        best.map(Array::namespace).ok_or_else(|| Error::value("namespace", "there are no arrays to ask"))
    }

    /// An array of nested literals, a vector or a slice: `xp.asarray([[1.0, 2.0], [3.0, 4.0]])`.
    ///
    /// # Errors
    /// If rows differ in length, or the kind cannot hold values of the host.
    pub fn asarray(&self, values: impl Nested) -> Result<Array> {
        let (host, dims) = values.flatten()?;
        self.from_host(host, dims)
    }

    /// An array of the given shape from elements in row-major order.
    ///
    /// # Errors
    /// If the number of elements does not fit the shape, or the kind cannot hold values of the host.
    #[allow(clippy::wrong_self_convention)] // the namespace is not what is converted
    pub fn from_host(&self, host: impl Into<crate::Host>, dims: impl Into<crate::Dims>) -> Result<Array> {
        let (host, dims) = (host.into(), dims.into());
        if dims.size() != Some(host.len()) {
            return Err(Error::shape("from_host", format!("{} values do not fill shape {dims}", host.len())));
        }
        match self.kind.host_constructor() {
            Some(f) => f(host, dims, self),
            None => Err(Error::not_implemented(
                "from_host",
                format!("kind {} does not say how it is made of values in memory", self.kind.name()),
            )),
        }
    }

    /// Into how many independent groups work is best split here: one on a GPU, a few per thread on a CPU.
    pub fn groups(&self) -> usize {
        self.kind.group_count(&self.device)
    }
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Namespace) -> bool {
        let same_options = match (&self.more, &other.more) {
            (None, None) => true,
            (Some(a), Some(b)) => a.inner == b.inner && a.options == b.options,
            _ => false,
        };
        std::ptr::eq(self.kind, other.kind) && self.device == other.device && same_options
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match self.device {
            Device::Cpu => Ok(()),
            device => write!(f, ":{device}"),
        }
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Field for Namespace {
    fn to_value(&self) -> Value {
        let more = self.more.as_deref();
        let options =
            more.iter().flat_map(|m| &m.options).map(|(k, v)| Value::List(vec![Value::Text(k.clone()), v.clone()]));
        let inner = self.inner().map_or(Value::None, Field::to_value);
        Value::List(vec![Value::Text(self.to_string()), inner, Value::List(options.collect())])
    }
    fn from_value(v: &Value) -> Result<Self> {
        let wrong = || Error::value("parameter", format!("{v} is not a namespace"));
        let (name, inner, options) = match v {
            Value::Text(name) => (name, &Value::None, &[][..]),
            Value::List(parts) => match &parts[..] {
                [Value::Text(name), inner, Value::List(options)] => (name, inner, &options[..]),
                _ => return Err(wrong()),
            },
            _ => return Err(wrong()),
        };
        let mut xp: Namespace = name.parse()?;
        if *inner != Value::None {
            xp = xp.over(Namespace::from_value(inner)?);
        }
        for option in options {
            match option {
                Value::List(pair) => match &pair[..] {
                    [Value::Text(name), value] => xp = xp.with(name.clone(), value.clone()),
                    _ => return Err(wrong()),
                },
                _ => return Err(wrong()),
            }
        }
        Ok(xp)
    }
}

impl FromStr for Namespace {
    type Err = Error;

    /// Reads `kind` or `kind:device`, such as `ndarray` and `torch:cuda:0`.
    fn from_str(s: &str) -> Result<Namespace> {
        let (name, device) = s.split_once(':').unwrap_or((s, "cpu"));
        let device = device.parse()?;
        match registry::kinds().into_iter().find(|k| k.name() == name) {
            Some(kind) => Ok(Namespace::new(kind).on(device)),
            None => {
                let kinds = registry::kinds().into_iter();
                let known: Vec<_> = kinds.filter(|k| k.level() <= Level::LAZY).map(Kind::name).collect();
                Err(Error::not_implemented(
                    "namespace",
                    format!(
                        "no crate that is linked defines arrays of kind `{name}`; this program has: {}. A backend is \
                         linked by the cargo feature of its name (`--features {name}`), or by naming its crate once",
                        if known.is_empty() { "none".into() } else { known.join(", ") }
                    ),
                ))
            }
        }
    }
}
