//! Calls that nobody would write: whatever comes in, an array or an error comes out, and soon.

use array_api::{
    Array, Complex, DTYPES, DType, Dims, Element, FromScalar, Host, Op, Operand, Outs, Result, Role, Scalar, Value,
    operations,
};
use array_api::{flip, permute_dims, with_element};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::kit::Make;

/// A call longer than this hangs: operands have a few dozen elements.
const PATIENCE: Duration = Duration::from_secs(5);

/// What runs now, and since when; a thread ends the program if it never ends, since nothing else can.
#[derive(Default)]
pub(crate) struct Watch(Arc<Mutex<Option<(Instant, String)>>>);

impl Watch {
    pub(crate) fn new() -> Watch {
        let watch = Watch::default();
        let seen = Arc::downgrade(&watch.0);
        std::thread::spawn(move || {
            while let Some(now) = seen.upgrade() {
                if let Some((since, call)) = &*now.lock().unwrap_or_else(PoisonError::into_inner)
                    && since.elapsed() > 6 * PATIENCE
                {
                    // Not by `eprintln`, which a test's harness captures.
                    let _ = writeln!(std::io::stderr(), "{call} does not end");
                    std::process::abort();
                }
                drop(now);
                std::thread::sleep(PATIENCE / 10);
            }
        });
        watch
    }
    pub(crate) fn set(&self, call: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = call.map(|c| (Instant::now(), c));
    }
}

/// Calls every row `times` times with random operands and parameters, the same for the same seed.
///
/// Shapes have no, one or few elements and up to four axes; elements are limits, zeros of both signs, infinities and
/// not-a-number; parameters reach from sensible to absurd. What must hold is that each call gives results that fit the
/// rule, or an error: no panic, no endless loop (which ends the program after half a minute, with the call on standard
/// error), no end of the process.
///
/// # Errors
/// A line for every call that panicked or took longer than five seconds, with what was called; at most one per row.
pub fn any_call(make: &Make, seed: u64, times: usize) -> std::result::Result<(), String> {
    let mut wrong = vec![];
    let watch = Watch::new();
    let only = std::env::var("ANY_CALL_ROW").ok();
    for op in operations().filter(|op| only.as_deref().is_none_or(|name| name == op.name)) {
        let mut dice = Dice::of_row(op, seed);
        for _ in 0..times {
            let call = Drawn::new(op, make, &mut dice);
            watch.set(Some(call.to_string()));
            let started = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(|| call.run(make)));
            let taken = started.elapsed();
            watch.set(None);
            let what = match result {
                Ok(_) if taken < PATIENCE => continue,
                Ok(_) => format!("took {:.1} s", taken.as_secs_f64()),
                Err(payload) => {
                    let words = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
                    format!("panicked: {}", words.or_else(|| payload.downcast_ref().cloned()).unwrap_or_default())
                }
            };
            wrong.push(format!("{call} {what}"));
            break;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// A number for [`any_call`] from the environment, `ANY_CALL_SEED` or `ANY_CALL_TIMES`.
#[doc(hidden)]
pub fn asked(what: &str, default: u64) -> u64 {
    std::env::var(format!("ANY_CALL_{what}")).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Numbers by a multiplicative generator: the same on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    /// Numbers of their own for each row.
    pub(crate) fn of_row(op: &Op, seed: u64) -> Dice {
        let name = op.name.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Dice(name | 1)
    }
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// One call: its operands and parameters.
pub(crate) struct Drawn {
    op: &'static Op,
    operands: Vec<Given>,
    fields: Vec<(&'static str, Value)>,
    donate: bool,
}

enum Given {
    Array(Array),
    Scalar(Scalar),
    Absent,
}

const EXTENTS: [usize; 8] = [1, 2, 3, 3, 2, 4, 5, 0];
const NUMBERS: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    3.0,
    -2.5,
    1e-300,
    1e300,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    7.0,
    100.0,
    -3.0,
];
/// Nothing between: what would take minutes and gigabytes is neither refused nor done soon.
const COUNTS: [i128; 20] = [
    0,
    1,
    2,
    3,
    4,
    5,
    -1,
    -2,
    -3,
    1,
    0,
    2,
    7,
    64,
    -100,
    1_000_000_000_000_000,
    i64::MAX as i128,
    i64::MIN as i128,
    u64::MAX as i128,
    i128::MAX,
];
const WORDS: [&str; 23] = [
    "",
    "full",
    "same",
    "valid",
    "left",
    "right",
    "ij",
    "xy",
    "backward",
    "ortho",
    "forward",
    "reduced",
    "complete",
    "r",
    "edge",
    "constant",
    "reflect",
    "wrap",
    "linear",
    "fro",
    "nuc",
    "ij,jk->ik",
    "ndarray",
];

fn elements<T: Element + FromScalar>(d: &mut Dice, n: usize) -> Host {
    let limits = [Scalar::int(i64::MAX.into()), Scalar::int(i64::MIN.into()), Scalar::Bool(true)];
    // As many repetitions as a 32-bit integer can say are neither refused nor done soon.
    let modest = matches!(T::DTYPE, DType::Int32 | DType::UInt32);
    let mut one = || match d.below(6) {
        _ if modest => T::from_scalar(Scalar::int(d.below(9) as i128)),
        0 => T::from_scalar(d.pick(&limits)),
        1 => T::from_scalar(Scalar::Complex(Complex::new(d.pick(&NUMBERS), d.pick(&NUMBERS)))),
        _ => T::from_scalar(Scalar::Float(d.pick(&NUMBERS))),
    };
    Host::from_vec((0..n).map(|_| one()).collect::<Vec<T>>())
}

fn array(make: &Make, d: &mut Dice, shape: &[usize], dtype: DType) -> Result<Array> {
    let n = shape.iter().product();
    let host = with_element!(dtype, T => elements::<T>(d, n));
    let x = make(host, Dims::new(shape))?;
    if d.one_in(3) && shape.len() > 1 {
        let turned: Vec<isize> = (0..shape.len() as isize).rev().collect();
        return flip(&x, ..).and_then(|x| permute_dims(x, turned));
    }
    Ok(x)
}

impl Drawn {
    pub(crate) fn new(op: &'static Op, make: &Make, d: &mut Dice) -> Drawn {
        // Operands mostly have one data type and shapes that broadcast: else hardly a call would reach a kernel.
        let dtype = d.pick(&DTYPES);
        let rank = d.below(5);
        let square = d.one_in(2);
        let shape: Vec<usize> = (0..rank).map(|_| d.pick(&EXTENTS)).collect();
        let operand = |d: &mut Dice, role: Role| {
            if role == Role::Maybe && d.one_in(2) {
                return Given::Absent;
            }
            if d.one_in(8) {
                return Given::Scalar(match d.below(4) {
                    0 => Scalar::Bool(d.one_in(2)),
                    1 => Scalar::int(d.pick(&COUNTS)),
                    2 => Scalar::Complex(Complex::new(d.pick(&NUMBERS), d.pick(&NUMBERS))),
                    _ => Scalar::Float(d.pick(&NUMBERS)),
                });
            }
            let mut shape = shape.clone();
            if square && rank > 1 {
                shape[rank - 1] = shape[rank - 2];
            }
            match d.below(5) {
                0 if rank > 0 => shape[d.below(rank)] = d.pick(&EXTENTS),
                1 if rank > 0 => drop(shape.remove(0)),
                2 => shape = (0..d.below(4)).map(|_| d.pick(&EXTENTS)).collect(),
                _ => {}
            }
            let dtype = if d.one_in(4) { d.pick(&DTYPES) } else { dtype };
            array(make, d, &shape, dtype).map_or(Given::Absent, Given::Array)
        };
        let mut operands = vec![];
        for &(_, role) in op.args {
            let many = if role == Role::Many { d.below(4) } else { 1 };
            for _ in 0..many {
                operands.push(operand(d, role));
            }
        }
        let mut fields = vec![];
        for &(name, of, _) in op.params {
            if d.one_in(2) {
                fields.push((name, value(of, d)));
            }
        }
        Drawn { op, operands, fields, donate: d.one_in(3) }
    }

    /// The results where `make` says, with each array as `of` gives it.
    pub(crate) fn results(&self, make: &Make, of: impl Fn(&Array) -> Result<Array>) -> Result<Outs> {
        let params = self.op.read(&self.fields)?;
        let arrays: Vec<Option<Array>> = self
            .operands
            .iter()
            .map(|given| match given {
                Given::Array(a) => of(a).map(Some),
                Given::Scalar(_) | Given::Absent => Ok(None),
            })
            .collect::<Result<_>>()?;
        let mut operands: Vec<Operand<'_>> = self
            .operands
            .iter()
            .zip(&arrays)
            .map(|(given, array)| match (given, array) {
                (_, Some(a)) if self.donate => Operand::Own(a.clone()),
                (_, Some(a)) => Operand::Ref(a),
                (Given::Scalar(s), None) => Operand::Scalar(*s),
                (_, None) => Operand::Absent,
            })
            .collect();
        let home = make(Host::from_vec(vec![0.0]), Dims::new(&[1]))?.namespace();
        self.op.apply(&*params, &mut operands, Some(&home))
    }

    /// Whether an operand is complex.
    pub(crate) fn is_complex(&self) -> bool {
        self.operands.iter().any(|given| match given {
            Given::Array(a) => a.dtype().is_complex(),
            Given::Scalar(s) => matches!(s, Scalar::Complex(_)),
            Given::Absent => false,
        })
    }

    /// The smallest size of an element's part that is not zero, and the largest; not-a-number and infinities are larger than
    /// any.
    pub(crate) fn sizes(&self) -> (f64, f64) {
        let host = |given: &Given| match given {
            Given::Array(a) => a.to_host().ok(),
            Given::Scalar(s) => Some(Host::from_vec(vec![s.to_complex()])),
            Given::Absent => None,
        };
        let parts = self.operands.iter().filter_map(host).flat_map(|host| {
            let all: Vec<_> = (0..host.len()).filter_map(|i| host.get(i)).map(Scalar::to_complex).collect();
            all.into_iter().flat_map(|z| [z.re.abs(), z.im.abs()])
        });
        parts.filter(|&part| part != 0.0).fold((f64::INFINITY, 0.0), |(low, high), part| {
            if part.is_nan() { (low, f64::INFINITY) } else { (low.min(part), high.max(part)) }
        })
    }

    fn run(&self, make: &Make) -> Result<()> {
        let outs = self.results(make, |a| Ok(a.clone()))?;
        // A result must also be readable and printable.
        for out in outs.as_slice() {
            if out.dims().size().is_some_and(|n| n < 10_000) {
                out.to_host()?;
                let _ = out.to_string();
            }
        }
        Ok(())
    }
}

/// A value for a parameter whose type is written so.
fn value(of: &str, d: &mut Dice) -> Value {
    let of: String = of.chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(inner) = of.strip_prefix("Option<").and_then(|t| t.strip_suffix('>')) {
        return if d.one_in(3) { Value::None } else { value(inner, d) };
    }
    if let Some(inner) = of.strip_prefix("Vec<").and_then(|t| t.strip_suffix('>')) {
        return Value::List((0..d.below(4)).map(|_| value(inner, d)).collect());
    }
    let count = |d: &mut Dice| Value::Int(if d.one_in(2) { d.below(4) as i128 } else { d.pick(&COUNTS) });
    match of.as_str() {
        "bool" => Value::Bool(d.one_in(2)),
        "f64" => Value::Float(d.pick(&NUMBERS)),
        "DType" => Value::DType(d.pick(&DTYPES)),
        "String" => Value::Text(d.pick(&WORDS).to_owned()),
        "Scalar" if d.one_in(2) => Value::Float(d.pick(&NUMBERS)),
        "isize" | "usize" | "i64" | "u64" | "Scalar" => count(d),
        // Axes, dims, indices: a number, several, nothing, a word.
        _ => match d.below(6) {
            0 => Value::None,
            1 => Value::Text(d.pick(&WORDS).to_owned()),
            2 => count(d),
            _ => Value::List((0..d.below(4)).map(|_| count(d)).collect()),
        },
    }
}

impl std::fmt::Display for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}(", self.op.name)?;
        for given in &self.operands {
            match given {
                Given::Array(a) => {
                    let values = a.to_host().map(|h| format!("{h:?}")).unwrap_or_default();
                    write!(f, "{}{} {values}, ", a.dtype(), a.dims())?;
                }
                Given::Scalar(s) => write!(f, "{s}, ")?,
                Given::Absent => write!(f, "-, ")?,
            }
        }
        for (name, value) in &self.fields {
            write!(f, "{name} = {value}, ")?;
        }
        write!(f, "donated: {})", self.donate)
    }
}
