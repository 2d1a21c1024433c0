//! Typed errors that name the operation, show the user's own shapes and say what to do.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of every function of the protocol.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Shapes do not fit each other or the operation.
    Shape,
    /// A data type is not accepted, or types have no common one.
    DType,
    /// An axis does not exist or is given twice.
    Axis,
    /// An index is out of bounds.
    Index,
    /// A parameter has a value that the operation does not accept.
    Value,
    /// No kind among the arguments implements the operation.
    NotImplemented,
    /// Several kinds answer and none has the declared preference.
    Ambiguous,
    /// A device does not exist, or arrays are on different ones.
    Device,
    /// A registration contradicts another one.
    Registry,
    /// A transformation was used in a way that would give wrong derivatives.
    Transform,
    /// A result does not fit into memory.
    Memory,
    /// A backend failed.
    Backend,
}

/// An error of the protocol: its kind, the operation, and a message.
///
/// It is one pointer wide, so that results stay small on the path where nothing fails.
///
/// ```
/// use array_api::{Error, ErrorKind};
/// let e = Error::shape("add", "cannot broadcast (2, 3) with (4,)");
/// assert_eq!(e.kind(), ErrorKind::Shape);
/// assert_eq!(e.to_string(), "add: cannot broadcast (2, 3) with (4,)");
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: String,
    message: String,
    place: Option<&'static std::panic::Location<'static>>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $f:ident = $kind:ident;)*) => { $(
        $(#[$doc])*
        #[cold]
        pub fn $f(operation: impl Into<String>, message: impl Into<String>) -> Error {
            Error::new(ErrorKind::$kind, operation, message)
        }
    )* };
}

impl Error {
    /// An error of any kind.
    #[cold]
    pub fn new(kind: ErrorKind, operation: impl Into<String>, message: impl Into<String>) -> Error {
        Error(Box::new(Inner { kind, operation: operation.into(), message: message.into(), place: None, cause: None }))
    }

    constructors! {
        /// Shapes that do not fit.
        shape = Shape;
        /// Data types that do not fit.
        dtype = DType;
        /// An axis that does not exist.
        axis = Axis;
        /// An index out of bounds.
        index = Index;
        /// A parameter's value that is not accepted.
        value = Value;
        /// Nothing answers.
        not_implemented = NotImplemented;
        /// A device that does not exist or does not fit.
        device = Device;
        /// Misuse of a transformation.
        transform = Transform;
        /// A result that does not fit into memory.
        memory = Memory;
        /// A failure inside a backend.
        backend = Backend;
        /// A contradictory registration.
        registry = Registry;
    }

    /// Keeps the error of another library that this one comes from: an exception of Python's, a failure of a file.
    ///
    /// ```
    /// use array_api::Error;
    /// let file = std::io::Error::other("the disk is full");
    /// let e = Error::backend("save", file.to_string()).caused_by(file);
    /// assert!(std::error::Error::source(&e).is_some_and(|cause| cause.is::<std::io::Error>()));
    /// ```
    #[must_use]
    pub fn caused_by(mut self, cause: impl StdError + Send + Sync + 'static) -> Error {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// The message without the operation's name.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The line of the operator in the user's code, when the error came from one.
    pub fn place(&self) -> Option<&'static std::panic::Location<'static>> {
        self.0.place
    }

    /// Notes the line of an operator; the innermost one stays.
    pub(crate) fn at(mut self, place: &'static std::panic::Location<'static>) -> Error {
        self.0.place.get_or_insert(place);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, message, place, .. } = &*self.0;
        write!(f, "{operation}: {message}")?;
        match place {
            Some(place) => write!(f, " (at {place})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}
