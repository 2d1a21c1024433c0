//! A job's tasks in groups, for engines that take a millisecond for each thing they run.
//!
//! Which tasks make a group, `cluster` decides. Groups are described as bytes (see `describe`), and their keys are hashes of what
//! they do and of what they take, so that equal keys are equal results, whoever planned them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use array_api::{Array, DType, Error, Field, Namespace, Result};
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use crate::cluster::{Cluster, heads};
use crate::describe::{Description, From, Written, doing};
use crate::job::Job;
use crate::local::Local;
use crate::node::{Callable, Work};
use crate::perform::{names, perform};
use crate::plan::Plan;
use crate::schedule::Schedule;
use crate::tasks::{Block, Step};

/// A job's tasks in groups, each after those that it needs.
///
/// ```
/// use array_chunked::{Groups, Group, GroupWork, Job, Task};
/// let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", array_api::Value::Int(10));
/// let x = array_api::sum(array_api::exp(xp.normal(&xp.key(7)?, [100])?)?, ..)?;
/// let groups = Job::new(&[&x])?.groups("this version")?;
///
/// // An engine: one group after the other, each from its description.
/// let mut done: Vec<Vec<array_api::Array>> = vec![];
/// for Group { work, inputs, .. } in &groups.groups {
///     let given = inputs.iter().map(|&(group, result)| done[group][result].clone()).collect();
///     done.push(match work {
///         GroupWork::Described(bytes) => Task::read(bytes, "this version")?.run(given)?,
///         GroupWork::Data(array) => vec![array.clone()],
///         _ => unreachable!("no function of the program's own"),
///     });
/// }
/// let (group, result) = groups.chunks[0][0];
/// assert_eq!(done[group][result].item::<f64>()?, x.item::<f64>()?);
/// # Ok::<(), array_api::Error>(())
/// ```
#[derive(Debug)]
pub struct Groups {
    /// The groups, each after those that it needs.
    pub groups: Vec<Group>,
    /// For each array of the job its chunks in row-major order: which result of which group.
    pub chunks: Vec<Vec<(usize, usize)>>,
}

/// Tasks that run in a row, at one place.
#[derive(Debug)]
pub struct Group {
    /// A hash of what is done and of what it is done with.
    pub key: String,
    /// The identity of the operation on whole arrays that the last task belongs to: that of groups side by side.
    pub stage: String,
    /// The names of the operations, each once.
    pub operations: Vec<String>,
    /// What is done.
    pub work: GroupWork,
    /// Which results of which groups it takes, each once, in order.
    pub inputs: Vec<(usize, usize)>,
    /// How many results it gives.
    pub results: usize,
    /// The bytes of the last task's results, as far as they are known before.
    pub bytes: u64,
}

/// What a group does.
#[derive(Clone)]
pub enum GroupWork {
    /// What [`Task::read`](crate::Task::read) reads.
    Described(Arc<[u8]>),
    /// It is there already.
    Data(Array),
    /// A function makes the chunk that begins at `start`; the callable is [`with_callable`](crate::with_callable)'s.
    Made {
        /// What to call.
        callable: Callable,
        /// Where the chunk begins.
        start: Vec<usize>,
        /// Its extents.
        extents: Vec<usize>,
        /// Its type.
        dtype: DType,
        /// Where it lives.
        space: Namespace,
    },
    /// A function of the inputs.
    Called {
        /// What to call.
        callable: Callable,
        /// Which chunk of its array comes out, in row-major order.
        chunk: usize,
        /// The result's type.
        dtype: DType,
        /// Where it lives, and what is given.
        space: Namespace,
    },
}

impl std::fmt::Debug for GroupWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            GroupWork::Described(_) => "described",
            GroupWork::Data(_) => "data",
            GroupWork::Made { .. } => "made",
            GroupWork::Called { .. } => "called",
        })
    }
}

impl Job {
    /// The job's tasks in groups that other processes can run. `built` says what must be the same there for results to have
    /// the same bits: the library's version and the kind of processor.
    ///
    /// # Errors
    /// If a task cannot be said to another process: a function of this program without a
    /// [callable](crate::with_callable), a store, or a source without an address.
    pub fn groups(&self, built: &str) -> Result<Groups> {
        Grouping::new(&self.plan, &self.schedule, None).written(built)
    }

    /// The same, for a cluster of which something is known: fewer groups, each of more tasks.
    ///
    /// Results have the same bits; keys are those of other groups, so what is to be found again by its key had better be
    /// grouped without.
    ///
    /// # Errors
    /// As [`Job::groups`].
    ///
    /// ```
    /// use array_chunked::{Cluster, Job};
    /// let xp = array_chunked::over(&array_ndarray::namespace()).with("chunks", array_api::Value::Int(100));
    /// let job = Job::new(&[&array_api::sum(xp.normal(&xp.key(7)?, [10_000])?, ..)?])?;
    /// let cluster = Cluster { threads: 2, place: &|_, _| None };
    /// assert!(job.groups_on("this version", &cluster)?.groups.len() < job.groups("this version")?.groups.len() / 2);
    /// # Ok::<(), array_api::Error>(())
    /// ```
    pub fn groups_on(&self, built: &str, cluster: &Cluster<'_>) -> Result<Groups> {
        Grouping::new(&self.plan, &self.schedule, Some(cluster)).written(built)
    }
}

/// Which tasks run together.
struct Grouping<'p> {
    plan: &'p Plan,
    schedule: &'p Schedule,
    /// The last tasks of the groups that a task is in.
    heads: Vec<SmallVec<[u32; 1]>>,
    /// Which results of a head are needed outside of its group.
    kept: HashMap<u32, BTreeSet<u32>>,
}

impl<'p> Grouping<'p> {
    fn new(plan: &'p Plan, schedule: &'p Schedule, cluster: Option<&Cluster<'_>>) -> Grouping<'p> {
        let tasks = &plan.tasks;
        let heads = heads(plan, schedule, cluster);
        let mut kept: HashMap<u32, BTreeSet<u32>> = HashMap::new();
        for &task in &schedule.order {
            for block in tasks.inputs(task) {
                let (here, there) = (&heads[task as usize], &heads[block.task as usize]);
                if here.iter().any(|head| !there.contains(head)) {
                    kept.entry(block.task).or_default().insert(block.output);
                }
            }
        }
        for block in plan.outputs.iter().flat_map(|grid| &grid.blocks) {
            kept.entry(block.task).or_default().insert(block.output);
        }
        Grouping { plan, schedule, heads, kept }
    }

    fn written(&self, built: &str) -> Result<Groups> {
        let tasks = &self.plan.tasks;
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        for &task in &self.schedule.order {
            for &head in &self.heads[task as usize] {
                members.entry(head).or_default().push(task);
            }
        }
        let mut number_in_node = vec![0_u64; tasks.len()];
        let mut next: HashMap<u32, u64> = HashMap::new();
        for (task, number) in number_in_node.iter_mut().enumerate() {
            let next = next.entry(tasks.tasks[task].node).or_default();
            *number = std::mem::replace(next, *next + 1);
        }
        let mut written =
            Writing { grouping: self, built, groups: vec![], place: HashMap::new(), said: HashMap::new() };
        for &task in &self.schedule.order {
            if self.heads[task as usize][..] == [task] {
                written.add(task, &members[&task], number_in_node[task as usize])?;
            }
        }
        let chunk = |block: &Block| written.place[block];
        let chunks = self.plan.outputs.iter().map(|grid| grid.blocks.iter().map(chunk).collect()).collect();
        Ok(Groups { groups: written.groups, chunks })
    }
}

/// Whether a task can be written down; those of data and of functions are groups of their own.
pub(crate) fn can_be_said(plan: &Plan, task: u32) -> bool {
    let step = &plan.tasks.steps[plan.tasks.tasks[task as usize].step as usize];
    matches!(step, Step::Call { .. } | Step::Program(_) | Step::Read { .. })
}

/// What tells descriptions apart: each task's step, node and inputs, and the results that are kept.
type Said = (Vec<(u32, u32, Vec<From>)>, Vec<u32>, Vec<u32>);

/// Groups on their way into the list.
struct Writing<'g, 'p> {
    grouping: &'g Grouping<'p>,
    built: &'g str,
    groups: Vec<Group>,
    /// Where results are that are needed outside of their groups.
    place: HashMap<Block, (usize, usize)>,
    /// Many groups do the same with different chunks.
    said: HashMap<Said, (Arc<[u8]>, [u8; 32])>,
}

impl Writing<'_, '_> {
    fn add(&mut self, head: u32, members: &[u32], number: u64) -> Result<()> {
        let plan = self.grouping.plan;
        let entry = plan.tasks.tasks[head as usize];
        let node = &plan.stages[entry.node as usize].node;
        let kept: Vec<u32> = self.grouping.kept.get(&head).map_or(vec![], |kept| kept.iter().copied().collect());
        let (steps, chunks) = wired(plan, members);
        let inputs: Vec<(usize, usize)> = chunks.iter().map(|block| self.place[block]).collect();
        let mut operations: Vec<String> = vec![];
        for name in members.iter().flat_map(|&task| names(plan, task)) {
            if !operations.contains(&name) {
                operations.push(name);
            }
        }
        let (work, digest) = if can_be_said(plan, head) {
            let (bytes, digest) = self.described(members, steps, &chunks, &kept)?;
            (GroupWork::Described(bytes), digest)
        } else {
            let text = format!("{} {number} {}", node.key, self.built);
            (own(plan, head, number)?, Sha256::digest(text).into())
        };
        let mut hash = Sha256::new_with_prefix(digest);
        let steps = members.iter().map(|&task| &plan.tasks.steps[plan.tasks.tasks[task as usize].step as usize]);
        if steps.into_iter().any(|step| matches!(step, Step::Read { source, .. } if source.identity().is_none())) {
            hash.update(node.key.0);
        }
        for &(group, result) in &inputs {
            hash.update(&self.groups[group].key);
            hash.update(result.to_le_bytes());
        }
        let key = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        for (result, &output) in kept.iter().enumerate() {
            self.place.insert(Block { task: head, output }, (self.groups.len(), result));
        }
        self.groups.push(Group {
            key,
            stage: node.key.to_string(),
            operations,
            work,
            inputs,
            results: kept.len(),
            bytes: entry.bytes,
        });
        Ok(())
    }

    fn described(
        &mut self,
        members: &[u32],
        steps: Vec<Vec<From>>,
        chunks: &[Block],
        kept: &[u32],
    ) -> Result<(Arc<[u8]>, [u8; 32])> {
        let plan = self.grouping.plan;
        let entry = |task: u32| plan.tasks.tasks[task as usize];
        let each = members.iter().zip(&steps).map(|(&t, from)| (entry(t).step, entry(t).node, from.clone()));
        let said: Said = (each.collect(), chunks.iter().map(|b| entry(b.task).node).collect(), kept.to_vec());
        if let Some(found) = self.said.get(&said) {
            return Ok(found.clone());
        }
        let space = |task: u32| plan.stages[entry(task).node as usize].node.space.to_value();
        let mut written = Vec::with_capacity(members.len());
        for (&task, inputs) in members.iter().zip(steps) {
            let doing = doing(&plan.tasks.steps[entry(task).step as usize]).ok_or_else(|| refused(plan, task))?;
            written.push(Written { names: names(plan, task), space: space(task), inputs, doing });
        }
        let description = Description {
            chunks: chunks.iter().map(|block| space(block.task)).collect(),
            steps: written,
            kept: kept.iter().map(|&output| output as usize).collect(),
        };
        let bytes = description.to_bytes(self.built)?;
        let digest = Sha256::digest(&bytes).into();
        let found = (Arc::from(bytes), digest);
        self.said.insert(said, found.clone());
        Ok(found)
    }
}

/// For each task of a group where its inputs come from, and what the group takes.
fn wired(plan: &Plan, members: &[u32]) -> (Vec<Vec<From>>, Vec<Block>) {
    let mut chunks: Vec<Block> = vec![];
    let mut from = |block: &Block| match members.iter().position(|&task| task == block.task) {
        Some(step) => From::Step(step, block.output as usize),
        None => From::Chunk(chunks.iter().position(|b| b == block).unwrap_or_else(|| {
            chunks.push(*block);
            chunks.len() - 1
        })),
    };
    let steps = members.iter().map(|&task| plan.tasks.inputs(task).iter().map(&mut from).collect()).collect();
    (steps, chunks)
}

/// The work of a task of data, or of a function of the user's.
fn own(plan: &Plan, task: u32, number: u64) -> Result<GroupWork> {
    let entry = plan.tasks.tasks[task as usize];
    let node = &plan.stages[entry.node as usize].node;
    let (dtype, space) = (node.outputs[0].dtype, node.space.clone());
    match (&plan.tasks.steps[entry.step as usize], &node.work) {
        (Step::Value(_) | Step::Part { .. }, _) => {
            let part = perform(plan, task, vec![], &Local::new())?;
            part.into_vec().pop().map(GroupWork::Data).ok_or_else(|| refused(plan, task))
        }
        (Step::Make { start, extents, .. }, Work::Made { callable: Some(callable), .. }) => Ok(GroupWork::Made {
            callable: callable.clone(),
            start: start.to_vec(),
            extents: extents.to_vec(),
            dtype,
            space,
        }),
        (Step::Function(_), Work::Blocked { callable: Some(callable), .. }) => {
            Ok(GroupWork::Called { callable: callable.clone(), chunk: number as usize, dtype, space })
        }
        _ => Err(refused(plan, task)),
    }
}

#[cold]
fn refused(plan: &Plan, task: u32) -> Error {
    let entry = plan.tasks.tasks[task as usize];
    let node = &plan.stages[entry.node as usize].node;
    let place = node.place().map_or(String::new(), |place| format!(", built by {place},"));
    let why = match &plan.tasks.steps[entry.step as usize] {
        Step::Write { .. } => "writes from this process; compute the array there and store what comes back",
        Step::Read { .. } => "is a source without an address, which another process cannot open",
        _ => "is a function of this program, which no other process has; say it in operations of the protocol",
    };
    Error::not_implemented("groups", format!("{}{place} {why}", node.work.name()))
}
