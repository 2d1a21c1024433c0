//! Chains of elementwise operations on the same chunks become one stage, also with the reduction that takes their result.

use std::sync::Arc;

use array_api::{Class, Params};

use crate::node::{Slot, Work};
use crate::plan::{Stage, What};
use crate::program::{Ending, Program, Source};
use crate::reducer::Reducer;
use crate::rules;

/// Longer programs gain nothing.
const LONGEST: usize = 64;

/// Merges stages. A stage joins another if nothing else needs it and both work on the same chunks.
pub(crate) fn fuse(stages: &mut [Stage], ends: &[(usize, usize)]) {
    let n = stages.len();
    let mut users: Vec<Vec<usize>> = vec![vec![]; n];
    for (i, stage) in stages.iter().enumerate() {
        for &(from, _) in &stage.inputs {
            if users[from].last() != Some(&i) {
                users[from].push(i);
            }
        }
    }
    let wanted: Vec<bool> = (0..n).map(|i| ends.iter().any(|&(s, _)| s == i)).collect();
    // Which group a stage is in, by the stage that ends it. Users come later, so they are decided first.
    let mut group: Vec<usize> = (0..n).collect();
    let mut size = vec![1_usize; n];
    for i in (0..n).rev() {
        if !is_elementwise(&stages[i]) || wanted[i] {
            continue;
        }
        let Some(&first) = users[i].first() else { continue };
        let head = group[first];
        let together = users[i].iter().all(|&user| group[user] == head);
        if together && size[head] < LONGEST && fits(&stages[i], &stages[head]) {
            group[i] = head;
            size[head] += 1;
        }
    }
    for head in 0..n {
        if size[head] > 1 || is_moments(&stages[head]) {
            let members: Vec<usize> = (0..=head).filter(|&i| group[i] == head).collect();
            merge(stages, &members, head);
        }
    }
}

fn is_elementwise(stage: &Stage) -> bool {
    matches!(&stage.node.work, Work::Call { op, .. } if op.class == Class::Elementwise && stage.outputs.len() == 1)
}

fn is_reduction(stage: &Stage) -> bool {
    matches!(&stage.node.work, Work::Call { op, .. } if rules::join(op.name).is_some())
}

fn is_moments(stage: &Stage) -> bool {
    matches!(&stage.node.work, Work::Call { op, .. } if matches!(op.name, "var" | "std"))
}

/// Whether an elementwise stage's result has the chunks that the head works on.
fn fits(stage: &Stage, head: &Stage) -> bool {
    if is_elementwise(head) {
        return head.outputs[0].chunks == stage.outputs[0].chunks;
    }
    if is_reduction(head) || is_moments(head) {
        // The head's only input is this stage, or one that joined before and has the same chunks.
        return head.node.inputs.first().is_some_and(|x| *x.chunks() == stage.outputs[0].chunks);
    }
    false
}

/// One stage of all members, of which the last is the head.
fn merge(stages: &mut [Stage], members: &[usize], head: usize) {
    let mut inputs: Vec<(usize, usize)> = vec![];
    let mut program = Program::new(0);
    let mut values: Vec<Option<Source>> = vec![None; head + 1];
    let mut names = vec![];
    let reduces = !is_elementwise(&stages[head]);
    let mut last = Source::Plain(Slot::Absent);
    for &i in members {
        let stage = &stages[i];
        let Work::Call { op, params, operands, .. } = &stage.node.work else { return };
        names.push(op.name.to_string());
        let mut source = |slot: &Slot| match *slot {
            Slot::Input(k) => {
                let from = stage.inputs[k];
                values[from.0].unwrap_or_else(|| {
                    let at = inputs.iter().position(|x| *x == from).unwrap_or_else(|| {
                        inputs.push(from);
                        inputs.len() - 1
                    });
                    Source::Input(at)
                })
            }
            plain => Source::Plain(plain),
        };
        let sources: Vec<Source> = operands.iter().map(&mut source).collect();
        if i == head && reduces {
            last = sources[0];
        } else {
            last = program.push(op, params.boxed(), sources);
            values[i] = Some(last);
        }
    }
    program.inputs = inputs.len();
    program.results = vec![last];
    program.tiled = true;
    let what = if reduces {
        let over = stages[head].node.inputs[0].chunks().clone();
        let Work::Call { op, params, .. } = &stages[head].node.work else { return };
        let Some(reducer) = reducer(op, &**params, over.axes().len()) else { return };
        program.ending = Ending::Reduced(reducer);
        What::Reduced { program: Arc::new(program), names, over }
    } else {
        What::Fused { program: Arc::new(program), names }
    };
    for &i in members {
        if i != head {
            stages[i].what = What::Gone;
        }
    }
    stages[head].inputs = inputs;
    stages[head].what = what;
}

fn reducer(op: &'static array_api::Op, params: &dyn Params, ndim: usize) -> Option<Reducer> {
    let (axes, _) = rules::along(params, ndim);
    if matches!(op.name, "var" | "std") {
        return Some(Reducer::Moments { axes });
    }
    let params = rules::part_params(op, params, ndim).ok()?;
    Some(Reducer::Joined { op, params, join: rules::join(op.name)?, axes })
}
