//! Expressions of names and numbers, evaluated by the protocol's functions.

use std::collections::BTreeSet;

use array_api::{self as protocol, Array, Error, Result, Term};

use super::parse::parse;
use super::token::at;

/// A function of one argument.
pub(crate) type Function = fn(&Array) -> Result<Array>;

/// The functions that a formula may call; `log` is the natural one.
pub(crate) const FUNCTIONS: &[(&str, Function)] = &[
    ("exp", |x| protocol::exp(x)),
    ("expm1", |x| protocol::expm1(x)),
    ("log", |x| protocol::log(x)),
    ("log1p", |x| protocol::log1p(x)),
    ("log2", |x| protocol::log2(x)),
    ("log10", |x| protocol::log10(x)),
    ("sqrt", |x| protocol::sqrt(x)),
    ("abs", |x| protocol::abs(x)),
    ("sin", |x| protocol::sin(x)),
    ("cos", |x| protocol::cos(x)),
    ("tan", |x| protocol::tan(x)),
    ("asin", |x| protocol::asin(x)),
    ("acos", |x| protocol::acos(x)),
    ("atan", |x| protocol::atan(x)),
    ("sinh", |x| protocol::sinh(x)),
    ("cosh", |x| protocol::cosh(x)),
    ("tanh", |x| protocol::tanh(x)),
    ("erf", |x| protocol::erf(x)),
    ("lgamma", |x| protocol::lgamma(x)),
];

/// Numbers that have a name of their own, unless the data or the parameters use it.
const CONSTANTS: &[(&str, f64)] = &[("pi", std::f64::consts::PI)];

/// A part of an expression; a name remembers its column.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Number(f64),
    Name(String, usize),
    Negative(Box<Node>),
    Binary(char, Box<Node>, Box<Node>),
    Call(Function, Box<Node>),
}

impl Node {
    pub(crate) fn binary(sign: char, left: Node, right: Node) -> Node {
        Node::Binary(sign, Box::new(left), Box::new(right))
    }
}

/// A formula such as `b1*(1-exp(-b2*x))`.
///
/// Operators are `+ - * /` and the power, `**` or `^`; functions those of mathematics, `log` being the natural logarithm;
/// `pi` is the number unless something else has that name. Names with other signs are written between backquotes.
///
/// ```
/// use mle::formula::Expression;
/// # let xp = array_ndarray::namespace();
/// let f = Expression::parse("a*x**2 - log(a)")?;
/// let (a, x) = (xp.asarray(1.0)?, xp.asarray([1.0, 3.0])?);
/// let y = f.evaluate(&|name| Some(if name == "a" { a.clone() } else { x.clone() }))?;
/// assert_eq!(y.to_vec::<f64>()?, [1.0, 9.0]);
///
/// let error = Expression::parse("a*(x+").unwrap_err();
/// assert!(error.to_string().contains("column 6"));
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    root: Node,
}

/// A number of the formula stays one, so that it takes the type of what it meets and has no derivative.
enum Value {
    Number(f64),
    Array(Array),
}

impl Expression {
    /// Reads a formula.
    ///
    /// # Errors
    /// With the column of what is not understood.
    pub fn parse(text: &str) -> Result<Expression> {
        Ok(Expression { text: text.to_string(), root: parse(text)? })
    }

    /// Reads a part of a formula that begins at a column of the whole, where errors are shown.
    pub(crate) fn parse_at(part: &str, whole: &str, column: usize) -> Result<Expression> {
        // Blanks in place of what comes before keep the columns.
        let mut padded = " ".repeat(column - 1);
        padded.push_str(part);
        match parse(&padded) {
            Ok(root) => Ok(Expression { text: part.to_string(), root }),
            Err(e) => {
                let message = e.message().replacen(&padded, whole, 1);
                Err(Error::value("formula", message))
            }
        }
    }

    /// A text that stands for itself.
    pub(crate) fn named(text: &str) -> Expression {
        Expression { text: text.to_string(), root: Node::Name(text.to_string(), 1) }
    }

    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names in it, in alphabetical order, constants left out.
    pub fn names(&self) -> Vec<&str> {
        fn collect<'n>(node: &'n Node, into: &mut BTreeSet<&'n str>) {
            match node {
                Node::Number(_) => {}
                Node::Name(name, _) => {
                    into.insert(name);
                }
                Node::Negative(a) | Node::Call(_, a) => collect(a, into),
                Node::Binary(_, a, b) => {
                    collect(a, into);
                    collect(b, into);
                }
            }
        }
        let mut names = BTreeSet::new();
        collect(&self.root, &mut names);
        names.into_iter().filter(|name| !CONSTANTS.iter().any(|(known, _)| known == name)).collect()
    }

    /// The error that a name is not known, with its column and the names that are.
    pub(crate) fn unknown(&self, name: &str, known: &[&str]) -> Error {
        fn find(node: &Node, name: &str) -> Option<usize> {
            match node {
                Node::Number(_) => None,
                Node::Name(n, column) => (n == name).then_some(*column),
                Node::Negative(a) | Node::Call(_, a) => find(a, name),
                Node::Binary(_, a, b) => find(a, name).or_else(|| find(b, name)),
            }
        }
        let column = find(&self.root, name).unwrap_or(1);
        let message = format!("`{name}` is neither a column nor a parameter; there are {}", known.join(", "));
        at(&self.text, column, message)
    }

    /// The value, with the arrays that names stand for.
    ///
    /// # Errors
    /// For a name without an array, with its column, and where a formula has no names; of the operations.
    pub fn evaluate(&self, lookup: &dyn Fn(&str) -> Option<Array>) -> Result<Array> {
        match self.value(&self.root, lookup)? {
            Value::Array(a) => Ok(a),
            Value::Number(x) => Err(Error::value(
                "formula",
                format!("`{}` is the number {x}: it has neither columns nor parameters", self.text),
            )),
        }
    }

    fn value(&self, node: &Node, lookup: &dyn Fn(&str) -> Option<Array>) -> Result<Value> {
        Ok(match node {
            Node::Number(x) => Value::Number(*x),
            Node::Name(name, column) => match (lookup(name), CONSTANTS.iter().find(|(known, _)| known == name)) {
                (Some(array), _) => Value::Array(array),
                (None, Some((_, x))) => Value::Number(*x),
                (None, None) => return Err(at(&self.text, *column, format_args!("`{name}` is not known"))),
            },
            Node::Negative(a) => match self.value(a, lookup)? {
                Value::Number(x) => Value::Number(-x),
                Value::Array(x) => Value::Array(protocol::negative(x)?),
            },
            Node::Binary(sign, a, b) => binary(*sign, self.value(a, lookup)?, self.value(b, lookup)?)?,
            Node::Call(function, a) => match self.value(a, lookup)? {
                Value::Array(x) => Value::Array(function(&x)?),
                Value::Number(x) => Value::Number(self.of_number(*function, x, lookup)?),
            },
        })
    }

    /// A function of a number alone, computed where the formula's names live.
    fn of_number(&self, function: Function, x: f64, lookup: &dyn Fn(&str) -> Option<Array>) -> Result<f64> {
        let some = self.names().into_iter().find_map(lookup);
        let some =
            some.ok_or_else(|| Error::value("formula", format!("`{}` has no column or parameter", self.text)))?;
        function(&some.namespace().asarray(x)?)?.item()
    }
}

fn binary(sign: char, a: Value, b: Value) -> Result<Value> {
    let term: Term = match (sign, a, b) {
        ('+', Value::Array(a), Value::Array(b)) => a + b,
        ('-', Value::Array(a), Value::Array(b)) => a - b,
        ('*', Value::Array(a), Value::Array(b)) => a * b,
        ('/', Value::Array(a), Value::Array(b)) => a / b,
        (_, Value::Array(a), Value::Array(b)) => protocol::pow(a, b)?.into(),
        ('+', Value::Array(a), Value::Number(b)) => a + b,
        ('-', Value::Array(a), Value::Number(b)) => a - b,
        ('*', Value::Array(a), Value::Number(b)) => a * b,
        ('/', Value::Array(a), Value::Number(b)) => a / b,
        // The usual ones have exact and cheap forms.
        (_, Value::Array(a), Value::Number(2.0)) => protocol::square(a)?.into(),
        (_, Value::Array(a), Value::Number(b)) => protocol::pow(a, b)?.into(),
        ('+', Value::Number(a), Value::Array(b)) => a + b,
        ('-', Value::Number(a), Value::Array(b)) => a - b,
        ('*', Value::Number(a), Value::Array(b)) => a * b,
        ('/', Value::Number(a), Value::Array(b)) => a / b,
        (_, Value::Number(a), Value::Array(b)) => protocol::pow(a, b)?.into(),
        ('+', Value::Number(a), Value::Number(b)) => return Ok(Value::Number(a + b)),
        ('-', Value::Number(a), Value::Number(b)) => return Ok(Value::Number(a - b)),
        ('*', Value::Number(a), Value::Number(b)) => return Ok(Value::Number(a * b)),
        ('/', Value::Number(a), Value::Number(b)) => return Ok(Value::Number(a / b)),
        (_, Value::Number(a), Value::Number(b)) => return Ok(Value::Number(libm::pow(a, b))),
    };
    Ok(Value::Array(term.ok()?))
}
