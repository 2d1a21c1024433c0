//! Which tasks run in a row, at one place: those of a group.
//!
//! A task whose result only one other needs joins that one, unless the other takes several results of the same operation: these
//! are better made side by side. Where it is known how many tasks run at once and where chunks lie, siblings join too, as long as
//! a group is worth no more than some 100 milliseconds, as there are groups enough for all threads, and as no chunk moves for it.

use smallvec::SmallVec;

use array_api::Class;

use crate::groups::can_be_said;
use crate::node::{Callable, Work};
use crate::plan::Plan;
use crate::schedule::{KEPT, Schedule};
use crate::tasks::Step;

/// Groups of more tasks gain nothing.
const LONGEST: usize = 64;
/// A group holds no more bytes of results than this beside its own, so that it fits where one of its tasks would.
const LARGEST: u64 = 1 << 28;
/// Bytes that tasks take and give in 50 to 100 milliseconds, on one thread.
const WORTH: u64 = 100 << 20;
/// Bytes which are gone over before an engine could tell another thread of them.
const CHEAP: u64 = 1 << 20;
/// Groups of an operation that each thread should have at least, so that all end together.
const EACH: usize = 4;

/// What is known of the machines that a job's groups run on.
#[derive(Clone, Copy)]
pub struct Cluster<'c> {
    /// How many tasks run at once.
    pub threads: usize,
    /// Where a chunk is that somebody has already, given the [callable](crate::with_callable) that would fetch it and where
    /// the chunk begins: any number, as long as places have different ones. `None` if that is not known.
    pub place: &'c (dyn Fn(&Callable, &[usize]) -> Option<u32> + Sync),
}

/// For each task the last task of the group that it is in.
pub(crate) fn heads(plan: &Plan, schedule: &Schedule, cluster: Option<&Cluster<'_>>) -> Vec<u32> {
    let mut joining = Joining::new(plan, schedule, cluster);
    for &user in schedule.order.iter().filter(|&&user| can_be_said(plan, user)) {
        joining.visit(user);
    }
    let mut head: Vec<u32> = (0..plan.tasks.len() as u32).collect();
    // Users come before what they use.
    for &task in schedule.order.iter().rev() {
        let into = joining.into[task as usize];
        head[task as usize] = head[into as usize];
    }
    head
}

/// Groups as they grow, each known by its last task so far.
struct Joining<'p> {
    plan: &'p Plan,
    schedule: &'p Schedule,
    threads: Option<usize>,
    /// The task whose group each one joins; itself if none.
    into: Vec<u32>,
    size: Vec<usize>,
    /// The bytes of results of a group that only the group sees.
    held: Vec<u64>,
    /// The bytes that a group takes and gives.
    weight: Vec<u64>,
    /// Where most of what a task is made of lies, and how many bytes of it.
    home: Vec<Option<(u32, u64)>>,
    /// How many tasks do the same.
    alike: Vec<usize>,
}

impl<'p> Joining<'p> {
    fn new(plan: &'p Plan, schedule: &'p Schedule, cluster: Option<&Cluster<'_>>) -> Joining<'p> {
        let tasks = &plan.tasks;
        let mut alike = vec![0; tasks.steps.len()];
        schedule.order.iter().for_each(|&task| alike[tasks.tasks[task as usize].step as usize] += 1);
        let weight = |task: u32| {
            let given: u64 = tasks.inputs(task).iter().map(|block| tasks.tasks[block.task as usize].bytes).sum();
            given.saturating_add(tasks.tasks[task as usize].bytes)
        };
        Joining {
            plan,
            schedule,
            threads: cluster.map(|c| c.threads.max(1)),
            into: (0..tasks.len() as u32).collect(),
            size: vec![1; tasks.len()],
            held: vec![0; tasks.len()],
            weight: (0..tasks.len() as u32).map(weight).collect(),
            home: homes(plan, schedule, cluster),
            alike,
        }
    }

    /// Has what a task needs join it, as far as that is good.
    fn visit(&mut self, user: u32) {
        let tasks = &self.plan.tasks;
        let node = |task: u32| tasks.tasks[task as usize].node;
        let mut inputs: SmallVec<[u32; 8]> = SmallVec::new();
        for block in tasks.inputs(user) {
            if !inputs.contains(&block.task) {
                inputs.push(block.task);
            }
        }
        // Siblings together; what an operation gives for this task alone is a family of one.
        inputs.sort_by_key(|&task| node(task));
        for family in inputs.chunk_by(|&a, &b| node(a) == node(b)) {
            let members = match (family, self.threads) {
                ([_], _) => SmallVec::from_slice(family),
                (_, Some(threads)) => self.siblings(family, user, threads),
                (_, None) => continue,
            };
            for task in members {
                self.join(task, user);
            }
        }
    }

    /// Those of a family that had better be made by who needs them.
    fn siblings(&self, family: &[u32], user: u32, threads: usize) -> SmallVec<[u32; 8]> {
        let home = most(family.iter().filter_map(|&task| self.home[task as usize]));
        let near = |task: u32| match (self.home[task as usize], home) {
            (Some((place, _)), Some((most, _))) => place == most,
            _ => true,
        };
        let members: SmallVec<[u32; 8]> =
            family.iter().copied().filter(|&task| near(task) && self.may_join(task, user)).collect();
        let Some(&first) = members.first() else { return members };
        let weight = members.iter().fold(self.weight[user as usize], |sum, &task| sum + self.weight[task as usize]);
        let groups = self.alike[self.plan.tasks.tasks[first as usize].step as usize] / members.len();
        // Whoever needs them waits for the others, too.
        let most_of_them = 2 * members.len() >= family.len();
        let worth = weight <= WORTH && groups >= EACH * threads && most_of_them;
        let cheap = weight <= CHEAP && members.iter().all(|&task| self.is_plain(task));
        if worth || cheap { members } else { SmallVec::new() }
    }

    fn may_join(&self, task: u32, user: u32) -> bool {
        let (at, to) = (task as usize, user as usize);
        self.schedule.users(task) == [user]
            && self.schedule.uses[at] < KEPT
            && can_be_said(self.plan, task)
            && self.size[at] + self.size[to] <= LONGEST
            && self.held[at] + self.plan.tasks.tasks[at].bytes + self.held[to] <= LARGEST
    }

    fn join(&mut self, task: u32, user: u32) {
        // Asked again: its siblings may have filled the group.
        if self.may_join(task, user) {
            let (at, to) = (task as usize, user as usize);
            self.into[at] = user;
            self.size[to] += self.size[at];
            self.held[to] += self.held[at] + self.plan.tasks.tasks[at].bytes;
            self.weight[to] = self.weight[to].saturating_add(self.weight[at]);
        }
    }

    /// Whether its bytes say how long a task takes.
    fn is_plain(&self, task: u32) -> bool {
        match &self.plan.tasks.steps[self.plan.tasks.tasks[task as usize].step as usize] {
            Step::Call { op, .. } => matches!(op.class, Class::Elementwise | Class::Reduction),
            Step::Program(program) => {
                program.lines.iter().all(|line| matches!(line.op.class, Class::Elementwise | Class::Reduction))
            }
            _ => false,
        }
    }
}

/// Where most of what each task is made of lies.
fn homes(plan: &Plan, schedule: &Schedule, cluster: Option<&Cluster<'_>>) -> Vec<Option<(u32, u64)>> {
    let tasks = &plan.tasks;
    let mut home: Vec<Option<(u32, u64)>> = vec![None; tasks.len()];
    let Some(cluster) = cluster else { return home };
    for &task in &schedule.order {
        let entry = tasks.tasks[task as usize];
        home[task as usize] = match (&tasks.steps[entry.step as usize], &plan.stages[entry.node as usize].node.work) {
            (Step::Make { start, .. }, Work::Made { callable: Some(callable), .. }) => {
                (cluster.place)(callable, start).map(|place| (place, entry.bytes))
            }
            // What many need goes everywhere.
            _ => most(tasks.inputs(task).iter().filter_map(|block| {
                let everywhere = schedule.users(block.task).len() >= 2 * cluster.threads;
                if everywhere { None } else { home[block.task as usize] }
            })),
        };
    }
    home
}

/// The place of most bytes; of places with as many, the first.
fn most(votes: impl Iterator<Item = (u32, u64)>) -> Option<(u32, u64)> {
    let mut places: SmallVec<[(u32, u64); 4]> = SmallVec::new();
    for (place, bytes) in votes {
        match places.iter_mut().find(|(p, _)| *p == place) {
            Some((_, sum)) => *sum = sum.saturating_add(bytes),
            None => places.push((place, bytes)),
        }
    }
    places.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best })
}
