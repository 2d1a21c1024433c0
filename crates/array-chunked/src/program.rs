//! A task of several calls, and how it runs: in one pass over memory, by tiles that stay in the cache.

use array_api::{
    Args, Array, Chained, Dims, Empty, Index, Link, Namespace, Op, Operand, Outs, Params, Result, SetAt, Step,
};
use smallvec::SmallVec;

use crate::node::Slot;
use crate::reducer::Reducer;

/// Elements of a tile: a few of them, and what is made of them, fit in a core's own cache.
const TILE: usize = 1 << 14;

/// An operand of a call in a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// An input of the task.
    Input(usize),
    /// A result of an earlier call.
    Value(usize),
    /// A plain operand.
    Plain(Slot),
}

/// One call.
pub(crate) struct Line {
    pub(crate) op: &'static Op,
    pub(crate) params: Box<dyn Params>,
    pub(crate) operands: SmallVec<[Source; 3]>,
}

/// How tiles of what is computed become the task's results.
pub(crate) enum Ending {
    /// The results are side by side as the tiles are; or there is one tile only.
    Joined,
    /// Each tile is reduced, and so are the tiles' results; axes stay with extent one.
    Reduced(Reducer),
}

/// Calls in order; the last ones' values are the results.
pub(crate) struct Program {
    /// The inputs' number.
    pub(crate) inputs: usize,
    pub(crate) lines: Vec<Line>,
    /// Which values are the results.
    pub(crate) results: Vec<Source>,
    /// Whether every call is elementwise, so that it can run tile by tile.
    pub(crate) tiled: bool,
    pub(crate) ending: Ending,
}

impl Program {
    /// A program whose results are given by name.
    pub(crate) fn new(inputs: usize) -> Program {
        Program { inputs, lines: vec![], results: vec![], tiled: false, ending: Ending::Joined }
    }

    /// Adds a call.
    pub(crate) fn push(
        &mut self,
        op: &'static Op,
        params: Box<dyn Params>,
        operands: impl IntoIterator<Item = Source>,
    ) -> Source {
        self.lines.push(Line { op, params, operands: operands.into_iter().collect() });
        Source::Value(self.lines.len() - 1)
    }

    /// Runs the calls on the task's inputs.
    pub(crate) fn run(&self, inputs: Vec<Array>, space: &Namespace) -> Result<Outs> {
        let uses = self.last_uses();
        if !self.tiled || self.results.len() != 1 {
            return Ok(outs(self.evaluate(inputs, &uses)?));
        }
        let dims = extents(&inputs);
        let cut = cut(&dims);
        let chained = cut.as_ref().and_then(|_| self.chained(&inputs));
        let of_tile = |tile: &[Index]| -> Result<Array> {
            let parts = parts(&inputs, &dims, tile)?;
            match &chained {
                Some(run) => run(&parts.iter().collect::<SmallVec<[&Array; 4]>>()),
                None => Ok(self.evaluate(parts, &uses)?.swap_remove(0)),
            }
        };
        match &self.ending {
            Ending::Joined => match (cut, &chained) {
                (None, _) => Ok(outs(self.evaluate(inputs, &uses)?)),
                (Some(_), Some(run)) => run(&inputs.iter().collect::<SmallVec<[&Array; 4]>>()).map(Outs::One),
                (Some(cut), None) => joined(&dims, &cut, space, of_tile),
            },
            Ending::Reduced(reducer) => {
                if let Some(folded) = self.folded(reducer, &inputs) {
                    return folded.map(outs);
                }
                let mut lines = reducer.lines(&dims, space);
                for tile in tiles(&dims, cut.as_ref()) {
                    lines.add(&tile, of_tile(&tile)?)?;
                }
                lines.end().map(outs)
            }
        }
    }

    /// The calls as the chunks' kind computes them in one pass over memory, if it does.
    fn chained(&self, inputs: &[Array]) -> Option<Chained> {
        let (steps, last) = self.links();
        (last == self.lines.len().checked_sub(1)).then_some(())?;
        array_api::chain(&steps, &inputs.iter().collect::<SmallVec<[&Array; 4]>>())
    }

    /// The reduced result as the chunks' kind computes it in the same pass, if it does.
    fn folded(&self, reducer: &Reducer, inputs: &[Array]) -> Option<Result<Vec<Array>>> {
        let (steps, last) = self.links();
        let whole = match self.lines.len().checked_sub(1) {
            None => self.results == [Source::Input(0)],
            end => last == end,
        };
        let inputs: SmallVec<[&Array; 4]> = inputs.iter().collect();
        whole.then(|| array_api::fold(&steps, &reducer.fold(), &inputs))?
    }

    /// The calls as links of a chain, and which of them gives the only result.
    fn links(&self) -> (Vec<Step<'_>>, Option<usize>) {
        let link = |source: &Source| match *source {
            Source::Input(i) => Link::Input(i),
            Source::Value(v) => Link::Step(v),
            Source::Plain(Slot::Scalar(s)) => Link::Scalar(s),
            Source::Plain(_) => Link::Absent,
        };
        let operands = |line: &Line| line.operands.iter().map(link).collect();
        let steps = self.lines.iter().map(|line| Step { op: line.op, params: &*line.params, operands: operands(line) });
        let last = match self.results[..] {
            [Source::Value(last)] => Some(last),
            _ => None,
        };
        (steps.collect(), last)
    }

    /// For each call, which of its values is used last where: by the number of the call that may overwrite it.
    fn last_uses(&self) -> Vec<[Option<usize>; 2]> {
        let mut last = vec![[None; 2]; self.lines.len().max(self.inputs)];
        let mut note = |source: &Source, at: usize| match *source {
            Source::Value(v) => last[v][0] = Some(at),
            Source::Input(i) => last[i][1] = Some(at),
            Source::Plain(_) => {}
        };
        for (at, line) in self.lines.iter().enumerate() {
            line.operands.iter().for_each(|source| note(source, at));
        }
        self.results.iter().for_each(|source| note(source, usize::MAX));
        last
    }

    /// Every call once. What is used for the last time is donated.
    fn evaluate(&self, inputs: Vec<Array>, last: &[[Option<usize>; 2]]) -> Result<Vec<Array>> {
        let mut inputs: Vec<Option<Array>> = inputs.into_iter().map(Some).collect();
        let mut values: Vec<Option<Array>> = Vec::with_capacity(self.lines.len());
        for (at, line) in self.lines.iter().enumerate() {
            let mut operands: Args<'_> = Args::new();
            for (i, source) in line.operands.iter().enumerate() {
                let again = line.operands[i + 1..].contains(source);
                operands.push(take(source, at, again, &mut inputs, &mut values, last)?);
            }
            let value = match line.op.apply(&*line.params, &mut operands, None)? {
                Outs::One(a) => a,
                Outs::Many(_) => return Err(array_api::Error::backend(line.op.name, "one result was expected")),
            };
            values.push(Some(value));
        }
        let mut results = vec![];
        for (i, source) in self.results.iter().enumerate() {
            let again = self.results[i + 1..].contains(source);
            match take(source, usize::MAX, again, &mut inputs, &mut values, last)? {
                Operand::Own(a) => results.push(a),
                _ => return Err(array_api::Error::backend("chunk", "a program's result is not an array")),
            }
        }
        Ok(results)
    }
}

/// The tiles' values side by side.
fn joined(dims: &Dims, cut: &Cut, space: &Namespace, of_tile: impl Fn(&[Index]) -> Result<Array>) -> Result<Outs> {
    let mut out: Option<Array> = None;
    for tile in tiles(dims, Some(cut)) {
        let value = of_tile(&tile)?;
        let whole = match out.take() {
            Some(out) => out,
            None => space.empty(Empty { shape: dims.clone(), dtype: value.dtype() })?,
        };
        out = Some(array_api::set_at(whole, value, SetAt { index: array_api::Indices(tile.to_vec()) })?);
    }
    out.map(Outs::One).ok_or_else(|| array_api::Error::backend("chunk", "a program without tiles"))
}

/// The operand, moved out where nothing needs it afterwards.
fn take(
    source: &Source,
    at: usize,
    again: bool,
    inputs: &mut [Option<Array>],
    values: &mut [Option<Array>],
    last: &[[Option<usize>; 2]],
) -> Result<Operand<'static>> {
    let (slot, end) = match *source {
        Source::Plain(Slot::Scalar(s)) => return Ok(Operand::Scalar(s)),
        Source::Plain(_) => return Ok(Operand::Absent),
        Source::Input(i) => (&mut inputs[i], last[i][1]),
        Source::Value(v) => (&mut values[v], last[v][0]),
    };
    let found = if end == Some(at) && !again { slot.take() } else { slot.clone() };
    found.map(Operand::Own).ok_or_else(|| array_api::Error::backend("chunk", "a value is used after it was given away"))
}

fn outs(mut results: Vec<Array>) -> Outs {
    if results.len() == 1 { Outs::One(results.swap_remove(0)) } else { Outs::Many(results) }
}

/// The extents that the inputs broadcast to.
fn extents(inputs: &[Array]) -> Dims {
    let rank = inputs.iter().map(Array::ndim).max().unwrap_or(0);
    let mut dims = vec![1; rank];
    for input in inputs {
        let skip = rank - input.ndim();
        for (axis, &n) in input.dims().iter().enumerate() {
            if n != 1 {
                dims[skip + axis] = n;
            }
        }
    }
    dims.into()
}

/// Which axis tiles are cut along, and how long they are on it; axes before have tiles of extent one.
struct Cut {
    axis: usize,
    length: usize,
}

/// Cuts blocks of more than a tile: along the first axis whose remaining axes fit a tile.
fn cut(dims: &Dims) -> Option<Cut> {
    let total = dims.iter().product::<usize>();
    if total <= 2 * TILE {
        return None;
    }
    let mut rest = total;
    for (axis, &n) in dims.iter().enumerate() {
        rest /= n;
        if rest <= TILE {
            return Some(Cut { axis, length: (TILE / rest).max(1) });
        }
    }
    None
}

/// The boxes of all tiles, in row-major order.
fn tiles(dims: &Dims, cut: Option<&Cut>) -> impl Iterator<Item = SmallVec<[Index; 4]>> {
    let slice =
        |start: usize, end: usize| Index::Slice { start: Some(start as isize), stop: Some(end as isize), step: 1 };
    let whole: SmallVec<[Index; 4]> = dims.iter().map(|&n| slice(0, n)).collect();
    let (axis, length) = cut.map_or((0, usize::MAX), |c| (c.axis, c.length));
    let outer: usize = dims[..axis.min(dims.len())].iter().product();
    let extent = if cut.is_some() { dims[axis] } else { 1 };
    let dims = dims.clone();
    let cutting = cut.is_some();
    (0..outer).flat_map(move |flat| {
        let mut place = whole.clone();
        let mut rest = flat;
        for a in (0..axis).rev() {
            let i = rest % dims[a];
            rest /= dims[a];
            place[a] = slice(i, i + 1);
        }
        (0..extent.div_ceil(length).max(1)).map(move |j| {
            let mut place = place.clone();
            if cutting {
                place[axis] = slice(j * length, ((j + 1) * length).min(extent));
            }
            place
        })
    })
}

/// The inputs' parts at a tile; axes of extent one are broadcast.
fn parts(inputs: &[Array], dims: &Dims, tile: &[Index]) -> Result<Vec<Array>> {
    let part = |x: &Array| {
        let skip = dims.len() - x.ndim();
        let index: Vec<Index> = (0..x.ndim())
            .map(|axis| if x.dims()[axis] == 1 { Index::full() } else { tile[skip + axis].clone() })
            .collect();
        if x.ndim() == 0 { Ok(x.clone()) } else { array_api::at(x, index) }
    };
    inputs.iter().map(part).collect()
}
