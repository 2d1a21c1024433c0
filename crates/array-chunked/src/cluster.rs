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
use crate::schedule::{KEPT, Schedule, distinct};
use crate::tasks::Step;

/// Groups of more tasks gain nothing.
const LONGEST: usize = 64;
/// A group holds no more bytes of results than this beside its own, and takes no more unless one of its tasks does alone, so that
/// it fits where one of its tasks would.
const LARGEST: u64 = 1 << 28;
/// Bytes that tasks take and give in 50 to 100 milliseconds, on one thread.
const WORTH: u64 = 100 << 20;
/// Bytes which are gone over before an engine could tell another thread of them.
const CHEAP: u64 = 1 << 20;
/// Groups of an operation that each thread should have at least, so that all end together.
const EACH: usize = 4;

/// What gives the elements that it is given, in another order.
const VIEWS: [&str; 5] = ["expand_dims", "matrix_transpose", "moveaxis", "permute_dims", "squeeze"];

/// What is known of the machines that a job's groups run on.
#[derive(Clone, Copy)]
pub struct Cluster<'c> {
    /// How many tasks run at once.
    pub threads: usize,
    /// Where a chunk is that somebody has already, given the [callable](crate::with_callable) that would fetch it and where
    /// the chunk begins: any number, as long as places have different ones. `None` if that is not known.
    pub place: &'c (dyn Fn(&Callable, &[usize]) -> Option<u32> + Sync),
}

/// For each task the last tasks of the groups that it is in: of one, but for views.
pub(crate) fn heads(plan: &Plan, schedule: &Schedule, cluster: Option<&Cluster<'_>>) -> Vec<SmallVec<[u32; 1]>> {
    let mut joining = Joining::new(plan, schedule, cluster);
    for &user in schedule.order.iter().filter(|&&user| can_be_said(plan, user)) {
        if !joining.is_view(user) {
            joining.visit(user);
        }
    }
    let mut heads: Vec<SmallVec<[u32; 1]>> = vec![SmallVec::new(); plan.tasks.len()];
    // Users come before what they use.
    for &task in schedule.order.iter().rev() {
        let into = joining.into[task as usize];
        heads[task as usize] = if into != task {
            heads[into as usize].clone()
        } else if joining.is_view(task) {
            let mut all: SmallVec<[u32; 1]> = SmallVec::new();
            for user in schedule.users(task).iter().flat_map(|&user| heads[user as usize].clone()) {
                if !all.contains(&user) {
                    all.push(user);
                }
            }
            all
        } else {
            SmallVec::from_slice(&[task])
        };
    }
    heads
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
    /// The bytes that a group takes, all at once.
    given: Vec<u64>,
    /// The bytes that a group takes and gives, but for what goes everywhere.
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
        let bytes = |task: u32| tasks.tasks[task as usize].bytes;
        // Chunks that go everywhere come for all who need them, so they are no reason to have fewer of those in a group.
        let common = |task: u32| cluster.is_some_and(|c| goes_everywhere(schedule, task, c));
        let inputs = |task: u32| {
            let mut found: SmallVec<[u32; 8]> = SmallVec::new();
            distinct(tasks.inputs(task), |input| found.push(input));
            found.into_iter()
        };
        let given = |task: u32| inputs(task).map(bytes).fold(0, u64::saturating_add);
        let weight =
            |task: u32| inputs(task).filter(|&input| !common(input)).map(bytes).fold(bytes(task), u64::saturating_add);
        Joining {
            plan,
            schedule,
            threads: cluster.map(|c| c.threads.max(1)),
            into: (0..tasks.len() as u32).collect(),
            size: vec![1; tasks.len()],
            held: vec![0; tasks.len()],
            given: (0..tasks.len() as u32).map(given).collect(),
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
        distinct(tasks.inputs(user), |input| inputs.push(input));
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

    /// Whether each who needs a task had better do it for himself: it takes no time, and what it gives would travel beside
    /// what it is a view of.
    fn is_view(&self, task: u32) -> bool {
        let users = self.schedule.users(task);
        let step = &self.plan.tasks.steps[self.plan.tasks.tasks[task as usize].step as usize];
        self.threads.is_some()
            && matches!(step, Step::Call { op, .. } if VIEWS.contains(&op.name))
            && self.schedule.uses[task as usize] < KEPT
            && users.len() > 1
            && users.iter().all(|&user| can_be_said(self.plan, user))
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
        let together = |of: &[u64]| members.iter().fold(of[user as usize], |sum, &task| self.with(sum, task, of));
        let (weight, given) = (together(&self.weight), together(&self.given));
        let groups = self.alike[self.plan.tasks.tasks[first as usize].step as usize] / members.len();
        // Whoever needs them waits for the others, too.
        let most_of_them = 2 * members.len() >= family.len();
        let worth = weight <= WORTH && groups >= EACH * threads && most_of_them;
        let cheap = weight <= CHEAP && members.iter().all(|&task| self.is_plain(task));
        if (worth || cheap) && given <= LARGEST { members } else { SmallVec::new() }
    }

    fn may_join(&self, task: u32, user: u32) -> bool {
        let (at, to) = (task as usize, user as usize);
        self.schedule.users(task) == [user]
            && self.schedule.uses[at] < KEPT
            && can_be_said(self.plan, task)
            && self.size[at] + self.size[to] <= LONGEST
            && self.held[at] + self.plan.tasks.tasks[at].bytes + self.held[to] <= LARGEST
            && self.with(self.given[to], task, &self.given) <= LARGEST.max(self.given[to])
    }

    fn join(&mut self, task: u32, user: u32) {
        // Asked again: its siblings may have filled the group.
        if self.may_join(task, user) {
            let (at, to) = (task as usize, user as usize);
            self.into[at] = user;
            self.size[to] += self.size[at];
            self.held[to] += self.held[at] + self.plan.tasks.tasks[at].bytes;
            self.weight[to] = self.with(self.weight[to], task, &self.weight);
            self.given[to] = self.with(self.given[to], task, &self.given);
        }
    }

    /// What a group takes with a task, of so many bytes with the task's result.
    fn with(&self, bytes: u64, task: u32, of: &[u64]) -> u64 {
        bytes.saturating_sub(self.plan.tasks.tasks[task as usize].bytes).saturating_add(of[task as usize])
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
            _ => most(tasks.inputs(task).iter().filter_map(|block| {
                if goes_everywhere(schedule, block.task, cluster) { None } else { home[block.task as usize] }
            })),
        };
    }
    home
}

/// Whether so many tasks need a chunk that there will be one in each place.
fn goes_everywhere(schedule: &Schedule, task: u32, cluster: &Cluster<'_>) -> bool {
    schedule.users(task).len() >= 2 * cluster.threads.max(1)
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
