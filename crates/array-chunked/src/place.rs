//! The user's own line in a backtrace.

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
pub(crate) fn users_line(backtrace: &str) -> Option<String> {
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
        assert_eq!(super::users_line(trace).as_deref(), Some("report::column_means (./src/main.rs:12:9)"));
        assert_eq!(super::users_line("disabled backtrace"), None);
    }
}
