//! Tasks as bytes: what a process elsewhere needs to run one, or a few in a row, and nothing of the plan.
//!
//! The first line says which library wrote the description on which kind of processor, and a checksum of the rest, which is
//! JSON: operations by name, with their parameters.

use array_api::{Array, Error, ErrorKind, Field, Namespace, Op, Result, Scalar, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::local::Local;
use crate::node::Slot;
use crate::perform::perform_step;
use crate::program::{Ending, Line, Program, Source};
use crate::reducer::Reducer;
use crate::storage::Address;
use crate::tasks::Step;

const READ: &str = "eval_task";
const MARK: &str = "array-protocol task";

/// Tasks in a row, and what goes from one to the next.
#[derive(Serialize, Deserialize)]
pub(crate) struct Description {
    /// Where the arrays live that are given.
    pub(crate) chunks: Vec<Value>,
    pub(crate) steps: Vec<Written>,
    /// The results of the last step that somebody needs.
    pub(crate) kept: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Written {
    /// The names of the operations, for errors.
    pub(crate) names: Vec<String>,
    pub(crate) space: Value,
    pub(crate) inputs: Vec<From>,
    pub(crate) doing: Doing,
}

/// Where an input of a step comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum From {
    /// It is given.
    Chunk(usize),
    /// A result of an earlier step.
    Step(usize, usize),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Doing {
    Call {
        call: Called,
        operands: Vec<Operand>,
        space: Option<Value>,
    },
    Program {
        lines: Vec<(Called, Vec<Operand>)>,
        results: Vec<Operand>,
        tiled: bool,
        ending: End,
    },
    /// The identity is that of what lay there when the task was planned.
    Read {
        from: Address,
        identity: Option<String>,
        start: Vec<usize>,
        extents: Vec<usize>,
    },
}

/// An operation and its parameters.
#[derive(Serialize, Deserialize)]
pub(crate) struct Called {
    operation: String,
    parameters: Vec<(String, Value)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operand {
    Input(usize),
    Value(usize),
    Number(Value),
    Absent,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum End {
    Joined,
    Reduced { call: Called, join: String, axes: Vec<usize> },
    Moments { axes: Vec<usize> },
}

impl Called {
    fn of(op: &'static Op, params: &dyn array_api::Params) -> Called {
        let parameters = params.write().into_iter().map(|(name, value)| (name.into(), value)).collect();
        Called { operation: op.name.into(), parameters }
    }

    fn read(&self) -> Result<(&'static Op, Box<dyn array_api::Params>)> {
        let op = Op::named(&self.operation)?;
        let fields: Vec<(&str, Value)> = self.parameters.iter().map(|(n, v)| (&n[..], v.clone())).collect();
        Ok((op, op.read(&fields)?))
    }
}

impl Operand {
    fn of(source: &Source) -> Operand {
        match source {
            Source::Input(i) | Source::Plain(Slot::Input(i)) => Operand::Input(*i),
            Source::Value(v) => Operand::Value(*v),
            Source::Plain(Slot::Scalar(number)) => Operand::Number(number.to_value()),
            Source::Plain(Slot::Absent) => Operand::Absent,
        }
    }

    /// The operand of a call before which there are so many inputs and values.
    fn read(&self, inputs: usize, values: usize) -> Result<Source> {
        match self {
            Operand::Input(i) if *i < inputs => Ok(Source::Input(*i)),
            Operand::Value(v) if *v < values => Ok(Source::Value(*v)),
            Operand::Number(value) => Ok(Source::Plain(Slot::Scalar(Scalar::from_value(value)?))),
            Operand::Absent => Ok(Source::Plain(Slot::Absent)),
            Operand::Input(i) => Err(wrong(format!("input {i} is used, and there are {inputs}"))),
            Operand::Value(v) => Err(wrong(format!("value {v} is used, and there are {values}"))),
        }
    }
}

/// How a step is written down, if what it does can be said.
pub(crate) fn doing(step: &Step) -> Option<Doing> {
    Some(match step {
        Step::Call { op, params, operands, space } => Doing::Call {
            call: Called::of(op, &**params),
            operands: operands.iter().map(|&slot| Operand::of(&Source::Plain(slot))).collect(),
            space: space.as_ref().map(Field::to_value),
        },
        Step::Program(program) => Doing::Program {
            lines: program
                .lines
                .iter()
                .map(|l| (Called::of(l.op, &*l.params), l.operands.iter().map(Operand::of).collect()))
                .collect(),
            results: program.results.iter().map(Operand::of).collect(),
            tiled: program.tiled,
            ending: match &program.ending {
                Ending::Joined => End::Joined,
                Ending::Reduced(Reducer::Joined { op, params, join, axes }) => {
                    End::Reduced { call: Called::of(op, &**params), join: join.name.into(), axes: axes.clone() }
                }
                Ending::Reduced(Reducer::Moments { axes }) => End::Moments { axes: axes.clone() },
            },
        },
        Step::Read { source, start, extents } => Doing::Read {
            from: source.address()?,
            identity: source.identity(),
            start: start.to_vec(),
            extents: extents.to_vec(),
        },
        _ => return None,
    })
}

impl Doing {
    fn read(self, inputs: usize) -> Result<Step> {
        let sources = |operands: &[Operand], values: usize| {
            operands.iter().map(|o| o.read(inputs, values)).collect::<Result<Vec<Source>>>()
        };
        Ok(match self {
            Doing::Read { from, identity, start, extents } => {
                let source = from.open()?;
                if source.identity() != identity {
                    let message = format!("{} is not what it was when the task was planned; plan it again", from.path);
                    return Err(Error::value(READ, message));
                }
                Step::Read { source, start: start.into(), extents: extents.into() }
            }
            Doing::Call { call, operands, space } => {
                let (op, params) = call.read()?;
                let slot = |source: Source| match source {
                    Source::Input(i) => Slot::Input(i),
                    Source::Plain(slot) => slot,
                    Source::Value(_) => Slot::Absent,
                };
                let operands = sources(&operands, 0)?.into_iter().map(slot).collect();
                Step::Call { op, params, operands, space: space.map(|v| Namespace::from_value(&v)).transpose()? }
            }
            Doing::Program { lines, results, tiled, ending } => {
                let mut program = Program::new(inputs);
                for (at, (call, operands)) in lines.iter().enumerate() {
                    let (op, params) = call.read()?;
                    program.lines.push(Line { op, params, operands: sources(operands, at)?.into() });
                }
                program.results = sources(&results, lines.len())?;
                program.tiled = tiled;
                program.ending = match ending {
                    End::Joined => Ending::Joined,
                    End::Moments { axes } => Ending::Reduced(Reducer::Moments { axes }),
                    End::Reduced { call, join, axes } => {
                        let (op, params) = call.read()?;
                        Ending::Reduced(Reducer::Joined { op, params, join: Op::named(&join)?, axes })
                    }
                };
                Step::Program(std::sync::Arc::new(program))
            }
        })
    }
}

impl Description {
    /// The description as bytes, which are read where the library and the processor are `built` so too.
    pub(crate) fn to_bytes(&self, built: &str) -> Result<Vec<u8>> {
        let body = serde_json::to_string(self).map_err(|e| Error::backend("describe", e.to_string()))?;
        Ok(format!("{MARK}\t{built}\t{:x}\n{body}", Sha256::digest(&body)).into_bytes())
    }
}

/// Tasks that [`Groups`](crate::Groups) described, read again: ready to run.
pub struct Task {
    chunks: Vec<Namespace>,
    steps: Vec<Ready>,
    kept: Vec<usize>,
}

struct Ready {
    names: Vec<String>,
    space: Namespace,
    inputs: Vec<From>,
    step: Step,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "task of {}", self.names())
    }
}

impl Task {
    /// Reads a description. `built` must be what it was written with: results have the same bits only then.
    ///
    /// # Errors
    /// If the bytes are no description or were changed, another version of the library or another kind of processor wrote
    /// them, an operation or a kind of arrays is not known here, or a file cannot be opened.
    pub fn read(description: &[u8], built: &str) -> Result<Task> {
        let text = std::str::from_utf8(description).map_err(|e| wrong(e.to_string()))?;
        let (head, body) = text.split_once('\n').ok_or_else(|| wrong("it has no first line"))?;
        let parts: Vec<&str> = head.split('\t').collect();
        let &[MARK, written, checksum] = &parts[..] else {
            return Err(wrong(format!("it does not begin with `{MARK}`, who wrote it and a checksum")));
        };
        if checksum != format!("{:x}", Sha256::digest(body)) {
            return Err(wrong("it was changed after it was written, its checksum is another one"));
        }
        if written != built {
            let message = format!(
                "the task was planned by {written}, and this is {built}: install the same array-protocol for client and \
                 workers, and have processors of one kind, or results would differ"
            );
            return Err(Error::value(READ, message));
        }
        let description: Description = serde_json::from_str(body).map_err(|e| wrong(e.to_string()))?;
        Task::of(description)
    }

    fn of(description: Description) -> Result<Task> {
        let space = |value: &Value, names: &str| Namespace::from_value(value).map_err(|e| lacking(e, names));
        let all: Vec<&str> = description.steps.iter().flat_map(|s| &s.names).map(String::as_str).collect();
        let chunks = description.chunks.iter().map(|v| space(v, &all.join(", "))).collect::<Result<Vec<_>>>()?;
        let mut steps = Vec::with_capacity(description.steps.len());
        for (at, written) in description.steps.into_iter().enumerate() {
            let names = written.names.join(", ");
            let early = |input: &From| match *input {
                From::Chunk(i) => i < chunks.len(),
                From::Step(s, _) => s < at,
            };
            if !written.inputs.iter().all(early) {
                return Err(wrong(format!("step {at}, {names}, takes what is not there yet")));
            }
            let space = space(&written.space, &names)?;
            let step = written.doing.read(written.inputs.len()).map_err(|e| match e.kind() {
                ErrorKind::NotImplemented => lacking(e, &names),
                _ => e,
            })?;
            steps.push(Ready { names: written.names, space, inputs: written.inputs, step });
        }
        if steps.is_empty() {
            return Err(wrong("it has no steps"));
        }
        Ok(Task { chunks, steps, kept: description.kept })
    }

    /// Where each array must live that the task is given.
    pub fn chunks(&self) -> &[Namespace] {
        &self.chunks
    }

    /// The names of the operations.
    pub fn names(&self) -> String {
        self.steps.iter().flat_map(|step| &step.names).map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// Whether the task takes so many arrays.
    ///
    /// # Errors
    /// If it takes more or fewer.
    pub fn check(&self, given: usize) -> Result<()> {
        match self.chunks.len() {
            due if due == given => Ok(()),
            due => Err(Error::value(READ, format!("the task of {} takes {due} chunks, not {given}", self.names()))),
        }
    }

    /// Runs the task on arrays, and gives the results that somebody needs.
    ///
    /// # Errors
    /// If more or fewer arrays are given than the task takes, or what it does fails.
    pub fn run(&self, chunks: Vec<Array>) -> Result<Vec<Array>> {
        self.check(chunks.len())?;
        let mut chunks: Vec<Option<Array>> = chunks.into_iter().map(Some).collect();
        let mut done: Vec<Vec<Option<Array>>> = Vec::with_capacity(self.steps.len());
        for (at, ready) in self.steps.iter().enumerate() {
            let mut values = Vec::with_capacity(ready.inputs.len());
            for (i, input) in ready.inputs.iter().enumerate() {
                let again = ready.inputs[i + 1..].contains(input)
                    || self.steps[at + 1..].iter().any(|later| later.inputs.contains(input));
                let place = match *input {
                    From::Chunk(i) => chunks.get_mut(i),
                    From::Step(s, output) => done[s].get_mut(output),
                };
                // What is used for the last time may be overwritten.
                let value = place.and_then(|value| if again { value.clone() } else { value.take() });
                values.push(value.ok_or_else(|| wrong(format!("{input:?} is not there")))?);
            }
            let outs = perform_step(&ready.step, &ready.space, values, &Local::new());
            let outs = outs.map_err(|error| explained(error, &ready.names))?;
            done.push(outs.into_vec().into_iter().map(Some).collect());
        }
        let mut last = done.pop().unwrap_or_default();
        let kept = |&i: &usize| last.get_mut(i).and_then(Option::take).ok_or_else(|| wrong(format!("no result {i}")));
        self.kept.iter().map(kept).collect()
    }
}

fn wrong(why: impl std::fmt::Display) -> Error {
    Error::value(READ, format!("the bytes are no description of a task: {why}"))
}

#[cold]
fn explained(error: Error, names: &[String]) -> Error {
    let message = format!("{} (in a task of {})", error.message(), names.join(", "));
    Error::new(error.kind(), error.operation(), message).caused_by(error)
}

/// What is not known here is known where the task was planned.
#[cold]
fn lacking(error: Error, names: &str) -> Error {
    let message = format!(
        "{} (in a task of {names}). Who planned the task knows it: install on the workers what the client has",
        error.message()
    );
    Error::new(error.kind(), error.operation(), message).caused_by(error)
}
