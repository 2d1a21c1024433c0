//! What ran when on which thread, in the form that browsers' trace viewers open.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use array_api::{Error, Result};

/// The events of a run.
pub(crate) struct Trace {
    start: Instant,
    events: Mutex<Vec<Event>>,
}

struct Event {
    name: String,
    thread: usize,
    /// Microseconds since the start.
    began: f64,
    ended: f64,
}

impl Trace {
    pub(crate) fn new() -> Trace {
        Trace { start: Instant::now(), events: Mutex::new(vec![]) }
    }

    /// Microseconds since the start.
    pub(crate) fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1e6
    }

    pub(crate) fn note(&self, began: f64, thread: usize, name: impl FnOnce() -> String) {
        let event = Event { name: name(), thread, began, ended: self.now() };
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// Writes the events in the Trace Event Format, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let event = |e: &Event| {
            serde_json::json!({
                "name": e.name, "ph": "X", "pid": 0, "tid": e.thread, "ts": e.began, "dur": e.ended - e.began,
            })
        };
        let all = serde_json::json!({ "traceEvents": events.iter().map(event).collect::<Vec<_>>() });
        let beside = path.with_extension("partial");
        let done = fs::write(&beside, all.to_string()).and_then(|()| fs::rename(&beside, path));
        done.map_err(|e| Error::backend("trace", format!("writing {} failed: {e}", path.display())))
    }
}
