//! The user's own line: in a backtrace, or as a language above says it that has lines of its own.

use std::backtrace::Backtrace;
use std::fmt::Display;
use std::sync::{Arc, OnceLock};

/// A line of a program in another language.
pub trait Line: Send + Sync {
    /// As `function (file:line)`; `None` if it cannot be told any more.
    fn shown(&self) -> Option<String>;
}

/// Says which line of a program in another language runs on this thread; `None` if it is none.
pub type Caller = fn() -> Option<Arc<dyn Line>>;

static CALLER: OnceLock<Caller> = OnceLock::new();

/// Has errors name lines of a program in another language, instead of those of Rust that it called: the function is asked whenever
/// an array is made, so it should take no more than 100 ns or so. The first one stays.
pub fn told_by(caller: Caller) {
    let _ = CALLER.set(caller);
}

/// Where the user built something.
#[derive(Clone)]
pub(crate) enum Place {
    /// Captured as addresses, which takes microseconds; names are looked up when asked for.
    Trace(Arc<Backtrace>),
    Told(Arc<dyn Line>),
}

impl Place {
    /// Where this thread is now.
    pub(crate) fn here() -> Place {
        match CALLER.get().and_then(|caller| caller()) {
            Some(line) => Place::Told(line),
            None => Place::Trace(Arc::new(Backtrace::force_capture())),
        }
    }

    /// The first line of the user's own, if the program has line tables.
    pub(crate) fn users_line(&self) -> Option<String> {
        match self {
            Place::Trace(trace) => users_line(trace),
            Place::Told(line) => line.shown(),
        }
    }
}

/// Crates whose frames are the library's own: what built a node on the way from the user's line to here.
const OURS: [&str; 9] = [
    "array_chunked::",
    "array_api::",
    "array_transforms::",
    "array_ndarray::",
    "array_conformance::",
    "core::",
    "std::",
    "alloc::",
    "<",
];

/// The first frame that is none of ours, as `function (file:line)`.
fn users_line(backtrace: &impl Display) -> Option<String> {
    let backtrace = backtrace.to_string();
    let mut lines = backtrace.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let Some((number, function)) = line.split_once(": ") else { continue };
        if number.parse::<usize>().is_err() || OURS.iter().any(|ours| function.starts_with(ours)) {
            continue;
        }
        return lines.peek().and_then(|at| at.strip_prefix("at ")).map(|at| format!("{function} ({at})"));
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_frame_that_is_not_ours_is_found() {
        let trace = "   0: <std::backtrace::Backtrace>::create\n   1: array_chunked::node::Node::new\n             at ./src/node.rs:7:3\n   2: report::column_means\n             at ./src/main.rs:12:9\n   3: report::main\n             at ./src/main.rs:3:1\n";
        assert_eq!(super::users_line(&trace).as_deref(), Some("report::column_means (./src/main.rs:12:9)"));
        assert_eq!(super::users_line(&"disabled backtrace"), None);
    }
}
