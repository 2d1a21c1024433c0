//! The order in which tasks run: depth first, so that what is made is soon used, and few chunks are alive at once.

use crate::plan::Plan;
use crate::tasks::{Block, Tasks};

/// Needed for ever.
pub(crate) const KEPT: u32 = u32::MAX / 2;

/// Who needs what, and in which order things are made.
pub(crate) struct Schedule {
    /// The tasks that the outputs need, each after its inputs.
    pub(crate) order: Vec<u32>,
    /// The place of a task in the order.
    pub(crate) rank: Vec<u32>,
    /// Tasks without inputs, in order.
    pub(crate) sources: Vec<u32>,
    /// On how many other tasks each one waits.
    pub(crate) missing: Vec<u32>,
    /// How many tasks use the results of each one; [`KEPT`] for outputs.
    pub(crate) uses: Vec<u32>,
    users: Vec<u32>,
    first_user: Vec<u32>,
}

impl Schedule {
    pub(crate) fn new(plan: &Plan) -> Schedule {
        let tasks = &plan.tasks;
        let n = tasks.len();
        let order = depth_first(plan);
        let mut rank = vec![u32::MAX; n];
        order.iter().enumerate().for_each(|(i, &t)| rank[t as usize] = i as u32);
        let (mut first_user, mut missing) = (vec![0_u32; n + 1], vec![0_u32; n]);
        for &t in &order {
            distinct(tasks.inputs(t), |input| {
                first_user[input as usize + 1] += 1;
                missing[t as usize] += 1;
            });
        }
        for t in 0..n {
            first_user[t + 1] += first_user[t];
        }
        let mut uses: Vec<u32> = (0..n).map(|t| first_user[t + 1] - first_user[t]).collect();
        let mut fill = first_user.clone();
        let mut users = vec![0_u32; first_user[n] as usize];
        // In order, so that what comes first in it is made ready first.
        for &t in &order {
            distinct(tasks.inputs(t), |input| {
                users[fill[input as usize] as usize] = t;
                fill[input as usize] += 1;
            });
        }
        for block in plan.outputs.iter().flat_map(|g| &g.blocks) {
            uses[block.task as usize] = KEPT;
        }
        let sources = order.iter().copied().filter(|&t| tasks.inputs(t).is_empty()).collect();
        Schedule { order, rank, sources, missing, uses, users, first_user }
    }

    /// The tasks that use the results of one, in order.
    pub(crate) fn users(&self, task: u32) -> &[u32] {
        &self.users[self.first_user[task as usize] as usize..self.first_user[task as usize + 1] as usize]
    }

    /// The most bytes that are taken at once when tasks run one after the other.
    pub(crate) fn peak(&self, tasks: &Tasks) -> u64 {
        let mut left = self.uses.clone();
        let (mut alive, mut peak) = (0_u64, 0_u64);
        for &task in &self.order {
            alive = alive.saturating_add(tasks.tasks[task as usize].bytes);
            peak = peak.max(alive.saturating_add(tasks.workspace(task)));
            distinct(tasks.inputs(task), |input| {
                let uses = &mut left[input as usize];
                if *uses < KEPT {
                    *uses -= 1;
                    if *uses == 0 {
                        alive = alive.saturating_sub(tasks.tasks[input as usize].bytes);
                    }
                }
            });
        }
        peak
    }
}

/// Calls `f` with each task that is among the inputs, once.
#[inline]
pub(crate) fn distinct(inputs: &[Block], mut f: impl FnMut(u32)) {
    for (i, block) in inputs.iter().enumerate() {
        if !inputs[..i].iter().any(|b| b.task == block.task) {
            f(block.task);
        }
    }
}

/// All tasks that the outputs need, each after its inputs, in the order of a walk from output to output.
fn depth_first(plan: &Plan) -> Vec<u32> {
    let tasks: &Tasks = &plan.tasks;
    let mut seen = vec![false; tasks.len()];
    let mut order = Vec::with_capacity(tasks.len());
    let mut stack: Vec<(u32, u32)> = vec![];
    for block in plan.outputs.iter().flat_map(|g| &g.blocks) {
        if !std::mem::replace(&mut seen[block.task as usize], true) {
            stack.push((block.task, 0));
        }
        while let Some((task, next)) = stack.pop() {
            match tasks.inputs(task).get(next as usize) {
                None => order.push(task),
                Some(input) => {
                    stack.push((task, next + 1));
                    if !std::mem::replace(&mut seen[input.task as usize], true) {
                        stack.push((input.task, 0));
                    }
                }
            }
        }
    }
    order
}
