//! Running one task: what its step says, on the values that it is given.

use std::time::Duration;

use array_api::{Args, Array, At, Dims, Error, Index, Indices, Namespace, Operand, Outs, Result};

use crate::local::Local;
use crate::node::Slot;
use crate::plan::Plan;
use crate::storage::is_of_files;
use crate::tasks::Step;

/// How long to wait before reading or writing is tried again; each time twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The results of a task.
pub(crate) fn perform(plan: &Plan, task: u32, values: Vec<Array>, with: &Local) -> Result<Outs> {
    let entry = plan.tasks.tasks[task as usize];
    let space = &plan.stages[entry.node as usize].node.space;
    perform_step(&plan.tasks.steps[entry.step as usize], space, values, with)
}

/// The results of a step, whose chunks live in `space`.
pub(crate) fn perform_step(step: &Step, space: &Namespace, values: Vec<Array>, with: &Local) -> Result<Outs> {
    match step {
        Step::Value(array) => Ok(Outs::One(array.clone())),
        Step::Part { array, start, extents } => {
            let slice = |(&start, &n): (&usize, &usize)| Index::Slice {
                start: Some(start as isize),
                stop: Some((start + n) as isize),
                step: 1,
            };
            let index = Indices(start.iter().zip(extents.iter()).map(slice).collect());
            array_api::at(array, At { index }).map(Outs::One)
        }
        Step::Make { make, start, extents } => {
            let made = again(with, || make(start, extents))?;
            fitting("from_fn", "the function", made, extents)
        }
        Step::Read { source, start, extents } => {
            let read = again(with, || source.read(start, extents, space))?;
            fitting(source.name(), "the source", read, extents)
        }
        Step::Write { to, chunk, start } => {
            again(with, || to.write(*chunk, start, &values[0])).map(|()| Outs::Many(vec![]))
        }
        Step::Call { op, params, operands, space: at } => {
            let mut values: Vec<Option<Array>> = values.into_iter().map(Some).collect();
            let mut args: Args<'_> = operands
                .iter()
                .map(|slot| match slot {
                    Slot::Input(i) => values[*i].take().map_or(Operand::Absent, Operand::Own),
                    Slot::Scalar(s) => Operand::Scalar(*s),
                    Slot::Absent => Operand::Absent,
                })
                .collect();
            op.apply(&**params, &mut args, at.as_ref())
        }
        Step::Program(program) => program.run(values, space),
        Step::Function(function) => function(&values).map(Outs::One),
    }
}

/// Reads or writes, again if that fails and retries were asked for.
fn again<T>(with: &Local, work: impl Fn() -> Result<T>) -> Result<T> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..with.retries {
        match work() {
            Err(error) if is_of_files(&error) && !with.is_cancelled() => std::thread::sleep(pause),
            done => return done,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    work()
}

/// What others made, if it is what it should be.
fn fitting(op: &str, who: &str, made: Array, extents: &Dims) -> Result<Outs> {
    if made.dims() == extents {
        return Ok(Outs::One(made));
    }
    let message = format!("{who} gave shape {} for a chunk of shape {extents}", made.dims());
    Err(Error::shape(op, message))
}

/// The names of the operations that a task is of.
pub(crate) fn names(plan: &Plan, task: u32) -> Vec<String> {
    plan.stages[plan.tasks.tasks[task as usize].node as usize].names()
}

/// A task's error with the operation, the chunk and the user's line.
#[cold]
pub(crate) fn explained(plan: &Plan, task: u32, error: Error) -> Error {
    let of = plan.tasks.tasks[task as usize].node;
    let number = plan.tasks.tasks[..task as usize].iter().filter(|t| t.node == of).count();
    let place = plan.stages[of as usize].node.place();
    let built = place.map_or(String::new(), |place| format!(", built by {place}"));
    let what = format!("in task {number} of {}{built}", names(plan, task).join(", "));
    Error::new(error.kind(), error.operation(), format!("{} ({what})", error.message())).caused_by(error)
}
