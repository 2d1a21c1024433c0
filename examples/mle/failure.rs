//! What the program says when it cannot go on.

/// A message for the user: what was wrong, with the user's own values, and what to do.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

/// The result of everything that can fail here.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// A failure with this message.
pub(crate) fn fail<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Failure(message.into()))
}

macro_rules! from {
    ($($error:ty),* $(,)?) => { $(
        impl From<$error> for Failure {
            fn from(e: $error) -> Failure {
                Failure(e.to_string())
            }
        }
    )* };
}

from!(array_api::Error, std::io::Error, serde_json::Error, crate::draw::FigureError);
