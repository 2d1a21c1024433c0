//! Adds up what test runners print.

use std::fmt;

/// The tests of all parts together, read from the output of `cargo test`.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Each ignored test as its line names it, with its reason where one is given.
    names: Vec<(String, Option<String>)>,
}

impl Tally {
    /// Reads one line of output; lines that say nothing about tests change nothing.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some((_verdict, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) {
            for count in counts.split("; ") {
                let Some((number, what)) = count.split_once(' ') else { continue };
                let Ok(number) = number.parse::<u64>() else { continue };
                match what {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    "ignored" => self.ignored += number,
                    _ => {}
                }
            }
        } else if let Some((name, end)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) {
            if let Some(reason) = end.strip_prefix("ignored") {
                self.names.push((name.to_owned(), reason.strip_prefix(", ").map(str::to_owned)));
            } else if let Some(place) = self.names.iter().position(|(ignored, _)| ignored == name) {
                // A later part ran what an earlier one left out: it is no longer skipped.
                self.names.remove(place);
                self.ignored = self.ignored.saturating_sub(1);
            }
        }
    }

    /// The tests that no part ran: name, and the reason its author gave.
    pub(crate) fn skipped(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.iter().map(|(name, reason)| (name.as_str(), reason.as_deref().unwrap_or("marked as ignored")))
    }
}

/// The closing line of a test run.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn sums_every_result_line() {
        let tally = tally(
            "running 3 tests\n\
             test a ... ok\n\
             test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s\n\
             \n\
             test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n\
             all doctests ran in 0.70s; merged doctests compilation took 0.32s\n",
        );
        assert_eq!(tally.to_string(), "14 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn what_only_looks_like_a_result_counts_nothing() {
        let tally = tally("the test result: ok. 5 passed; 1 failed\ntest result: unknown\n7 passed; 1 failed\n");
        assert_eq!(tally.to_string(), "0 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn skipped_tests_are_named_with_their_reason() {
        let tally =
            tally("test posterior ... ignored, long: 20,000 members\ntest src/lib.rs - f (line 3) ... ignored\n");
        let named: Vec<_> = tally.skipped().collect();
        assert_eq!(named, [("posterior", "long: 20,000 members"), ("src/lib.rs - f (line 3)", "marked as ignored")]);
    }

    #[test]
    fn a_later_run_takes_a_test_off_the_list() {
        let tally = tally(
            "test posterior ... ignored, long\n\
             test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             test posterior ... ok\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 90.00s\n",
        );
        assert_eq!(tally.to_string(), "1 passed, 0 failed, 0 skipped");
        assert_eq!(tally.skipped().count(), 0);
    }
}
