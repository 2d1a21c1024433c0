//! A plan as text and as a picture, before and after it is optimised.

use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use array_api::{Array, Error, Result};

use crate::array::of;
use crate::draw_graph::{Drawing, Shape};
use crate::fuse::fuse;
use crate::local::size;
use crate::node::{Lazy, Work};
use crate::plan::{Stage, What, plan, stages};
use crate::push::push;
use crate::schedule::Schedule;

/// What computing an array would do.
#[derive(Clone, Debug)]
pub struct Explained {
    lines: Vec<String>,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

/// Says what computing an array would do: its operations as they were written, the stages that they became, and what these
/// take.
///
/// ```
/// let x = array_chunked::from_array(&array_ndarray::namespace().ones([100])?, 10)?;
/// let y = array_api::sum(array_api::exp(array_api::multiply(&x, 2.0)?)?, ..)?;
/// let text = array_chunked::explain(&y)?.to_string();
/// assert!(text.contains("multiply, exp, sum"), "{text}");
/// # Ok::<(), array_api::Error>(())
/// ```
///
/// # Errors
/// If the array is not chunked.
pub fn explain(x: &Array) -> Result<Explained> {
    let wanted = [of("explain", x)?.clone()];
    let (all, _) = stages(&wanted);
    let mut lines = vec!["as written:".to_string()];
    lines.extend(all.iter().enumerate().map(|(i, stage)| line(i, stage)));
    let (mut all, ends) = stages(&push(&wanted)?);
    fuse(&mut all, &ends);
    lines.push("as planned:".to_string());
    lines.extend(all.iter().enumerate().filter(|(_, s)| !matches!(s.what, What::Gone)).map(|(i, s)| line(i, s)));
    let plan = plan(&wanted)?;
    let schedule = Schedule::new(&plan);
    let peak = size(schedule.peak(&plan.tasks));
    lines.push(format!("{} tasks; at most about {peak} of chunks at once", schedule.order.len()));
    Ok(Explained { lines })
}

fn line(number: usize, stage: &Stage) -> String {
    let mut text = format!("  {number:>3} {}", stage.names().join(", "));
    if !stage.inputs.is_empty() {
        let inputs: Vec<String> = stage
            .inputs
            .iter()
            .map(|&(s, output)| if output == 0 { s.to_string() } else { format!("{s}.{output}") })
            .collect();
        let _ = write!(text, " of {}", inputs.join(", "));
    }
    let outputs: Vec<String> =
        stage.outputs.iter().map(|o| format!("{}{} in {}", o.dtype, o.chunks.dims(), o.chunks)).collect();
    let _ = write!(text, " -> {}", outputs.join("; "));
    text
}

/// Draws the plan of an array: operations in boxes, data in ovals, an arrow from what is needed to what needs it. Writes SVG, or
/// the language of Graphviz where the file ends in `.dot`.
///
/// With at most a few hundred tasks every chunk's task is drawn; larger plans are drawn by operation.
///
/// # Errors
/// If the array is not chunked, the file ends otherwise, or it cannot be written.
pub fn visualize(x: &Array, file: impl AsRef<Path>) -> Result<()> {
    let file = file.as_ref();
    let lazy = of("visualize", x)?;
    let drawing = drawing(lazy)?;
    let text = match file.extension().and_then(|e| e.to_str()) {
        Some("svg") => drawing.svg(),
        Some("dot" | "gv") => drawing.dot(),
        _ => {
            let message = format!("{} ends neither in .svg nor in .dot", file.display());
            return Err(Error::value("visualize", message));
        }
    };
    let beside = file.with_extension("partial");
    let done = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file));
    done.map_err(|e| Error::backend("visualize", format!("writing {} failed: {e}", file.display())))
}

/// Pictures of more tasks than this show operations instead.
const READABLE: usize = 400;

fn drawing(lazy: &Lazy) -> Result<Drawing> {
    let plan = plan(std::slice::from_ref(lazy))?;
    let schedule = Schedule::new(&plan);
    let mut drawing = Drawing::default();
    let shape = |stage: &Stage| match stage.node.work {
        Work::Blocks(_) | Work::Held(_) | Work::Made { .. } | Work::Read { .. } => Shape::Data,
        _ => Shape::Operation,
    };
    if schedule.order.len() > READABLE {
        let mut at = vec![usize::MAX; plan.stages.len()];
        for (i, stage) in plan.stages.iter().enumerate() {
            if matches!(stage.what, What::Gone) {
                continue;
            }
            let chunks: Vec<String> = stage.outputs.iter().map(|o| o.chunks.to_string()).collect();
            at[i] = drawing.add(format!("{}\n{}", stage.names().join(", "), chunks.join(" ")), shape(stage));
            stage.inputs.iter().for_each(|&(from, _)| drawing.join(at[from], at[i]));
        }
        return Ok(drawing);
    }
    let mut at = vec![usize::MAX; plan.tasks.len()];
    for &task in &schedule.order {
        let stage = &plan.stages[plan.tasks.tasks[task as usize].node as usize];
        at[task as usize] = drawing.add(stage.names().join(", "), shape(stage));
        for input in plan.tasks.inputs(task) {
            drawing.join(at[input.task as usize], at[task as usize]);
        }
    }
    Ok(drawing)
}
