//! What executors run: arrays that are asked for together, planned.

use array_api::{Array, Error, Result};

use crate::array::of;
use crate::execute;
use crate::local::Local;
use crate::node::Lazy;
use crate::perform::{explained, names, perform};
use crate::plan::{Plan, plan};
use crate::schedule::Schedule;

/// Something that runs planned tasks: [`Local`] on the threads of this machine, others wherever they like.
///
/// Which tasks there are, and what each does, is decided before; an executor only says where and when they run. So every
/// executor gives the same bits on processors of one kind.
///
/// ```
/// use array_api::{Array, Result};
/// use array_chunked::{Executor, Job};
/// use std::collections::HashMap;
///
/// /// One task after the other.
/// struct InOrder;
///
/// impl Executor for InOrder {
///     fn run(&self, job: &Job) -> Result<Vec<Vec<Array>>> {
///         let mut done: HashMap<usize, Vec<Array>> = HashMap::new();
///         for task in job.tasks() {
///             let inputs = job.inputs(task).map(|(from, result)| done[&from][result].clone()).collect();
///             done.insert(task, job.perform(task, inputs)?);
///         }
///         let chunk = |&(task, result): &(usize, usize)| done[&task][result].clone();
///         Ok(job.chunks().iter().map(|chunks| chunks.iter().map(chunk).collect()).collect())
///     }
/// }
///
/// let x = array_chunked::from_array(&array_ndarray::namespace().ones([6])?, 2)?;
/// let job = Job::new(&[&array_api::sum(&x, ..)?])?;
/// assert_eq!(InOrder.values(&job)?[0].item::<f64>()?, 6.0);
/// # Ok::<(), array_api::Error>(())
/// ```
pub trait Executor {
    /// Runs the tasks, and gives for each array of the job the values of its chunks, as [`Job::chunks`] lists them.
    ///
    /// # Errors
    /// If a task fails.
    fn run(&self, job: &Job) -> Result<Vec<Vec<Array>>>;

    /// Runs the tasks, and gives each array of the job in one piece.
    ///
    /// # Errors
    /// As [`run`](Executor::run).
    fn values(&self, job: &Job) -> Result<Vec<Array>> {
        job.join(self.run(job)?)
    }
}

impl Executor for Local {
    fn run(&self, job: &Job) -> Result<Vec<Vec<Array>>> {
        execute::run(&job.plan, self)
    }
}

/// Arrays that are asked for together, planned.
///
/// A job can be [written as JSON](Job::to_json) and run by another process. See [`Executor`] for how its tasks are run.
pub struct Job {
    pub(crate) wanted: Vec<Lazy>,
    pub(crate) plan: Plan,
    pub(crate) schedule: Schedule,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "job of {} arrays, {} tasks", self.wanted.len(), self.schedule.order.len())
    }
}

impl Job {
    /// Plans what computes the arrays. What they share is one task.
    ///
    /// # Errors
    /// If an array is not chunked.
    pub fn new(arrays: &[&Array]) -> Result<Job> {
        Job::of(arrays.iter().map(|x| of("job", x).cloned()).collect::<Result<_>>()?)
    }

    pub(crate) fn of(wanted: Vec<Lazy>) -> Result<Job> {
        let plan = plan(&wanted)?;
        let schedule = Schedule::new(&plan);
        Ok(Job { wanted, plan, schedule })
    }

    /// The numbers of the tasks, each after those that it needs, in the order that keeps few results alive.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = usize> {
        self.schedule.order.iter().map(|&task| task as usize)
    }

    /// Which results of which tasks a task takes, in order.
    ///
    /// # Panics
    /// If there is no task of this number.
    pub fn inputs(&self, task: usize) -> impl ExactSizeIterator<Item = (usize, usize)> {
        self.plan.tasks.inputs(task as u32).iter().map(|block| (block.task as usize, block.output as usize))
    }

    /// The names of the operations that a task does.
    ///
    /// # Panics
    /// If there is no task of this number.
    pub fn operations(&self, task: usize) -> Vec<String> {
        names(&self.plan, task as u32)
    }

    /// The bytes of a task's results, as far as they are known before.
    ///
    /// # Panics
    /// If there is no task of this number.
    pub fn bytes(&self, task: usize) -> u64 {
        self.plan.tasks.tasks[task].bytes
    }

    /// Runs a task on the values of its inputs, and gives its results.
    ///
    /// # Errors
    /// If there is no such task, it is given more or fewer values than it has inputs, or what it does fails.
    pub fn perform(&self, task: usize, inputs: Vec<Array>) -> Result<Vec<Array>> {
        if task >= self.plan.tasks.len() {
            return Err(Error::value(
                "perform",
                format!("there is no task {task}; there are {}", self.plan.tasks.len()),
            ));
        }
        let due = self.inputs(task).len();
        if inputs.len() != due {
            return Err(Error::value("perform", format!("task {task} takes {due} values, not {}", inputs.len())));
        }
        let task = task as u32;
        let done = perform(&self.plan, task, inputs, &Local::new());
        done.map(array_api::Outs::into_vec).map_err(|error| explained(&self.plan, task, error))
    }

    /// For each array the results that are its chunks, as task and number of the result, in row-major order.
    pub fn chunks(&self) -> Vec<Vec<(usize, usize)>> {
        let result = |block: &crate::tasks::Block| (block.task as usize, block.output as usize);
        self.plan.outputs.iter().map(|grid| grid.blocks.iter().map(result).collect()).collect()
    }

    /// The chunks' values as one array each.
    ///
    /// # Errors
    /// If there are more or fewer of them than [`chunks`](Job::chunks) lists, or they do not fit each other.
    pub fn join(&self, chunks: Vec<Vec<Array>>) -> Result<Vec<Array>> {
        let counts = |grids: &mut dyn Iterator<Item = usize>| grids.collect::<Vec<_>>();
        let due = counts(&mut self.plan.outputs.iter().map(|grid| grid.blocks.len()));
        let given = counts(&mut chunks.iter().map(Vec::len));
        if due != given {
            return Err(Error::value("join", format!("the arrays have {due:?} chunks, {given:?} are given")));
        }
        self.wanted.iter().zip(chunks).map(|(x, blocks)| crate::compute::join(x.chunks(), blocks)).collect()
    }
}
