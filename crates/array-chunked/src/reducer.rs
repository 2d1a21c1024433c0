//! Reductions of tiles while they are in the cache: what a tile gives, and how two become one.

use array_api::{
    Array, Axes, Dims, Empty, Fold, Folding, Index, Indices, Mean, Namespace, Op, Operand, Params, Result, SetAt,
    Value, Var,
};

/// What is made of each tile along axes, which stay with extent one.
pub(crate) enum Reducer {
    /// One operation, and the one that joins what it gives.
    Joined { op: &'static Op, params: Box<dyn Params>, join: &'static Op, axes: Vec<usize> },
    /// Mean and sum of squared deviations, merged by counts.
    Moments { axes: Vec<usize> },
}

/// What tiles gave so far, for one place along the axes that are kept.
struct Part {
    place: Vec<Index>,
    values: Vec<Array>,
    count: f64,
}

/// The parts of one block.
pub(crate) struct Lines<'r> {
    reducer: &'r Reducer,
    /// The extents of the block.
    dims: Dims,
    space: &'r Namespace,
    parts: Vec<Part>,
}

impl Reducer {
    fn axes(&self) -> &[usize] {
        match self {
            Reducer::Joined { axes, .. } | Reducer::Moments { axes } => axes,
        }
    }

    /// The same as a kind may do it behind a chain of calls.
    pub(crate) fn fold(&self) -> Fold<'_> {
        let (how, fields) = match self {
            Reducer::Joined { op, params, .. } => (Folding::Reduction(op), params.write()),
            Reducer::Moments { .. } => (Folding::Moments, vec![]),
        };
        let dtype = |(name, value): &(&str, Value)| match value {
            Value::DType(dtype) if *name == "dtype" => Some(*dtype),
            _ => None,
        };
        Fold { how, axes: self.axes(), dtype: fields.iter().find_map(dtype) }
    }

    /// No parts yet.
    pub(crate) fn lines<'r>(&'r self, dims: &Dims, space: &'r Namespace) -> Lines<'r> {
        Lines { reducer: self, dims: dims.clone(), space, parts: vec![] }
    }

    /// What a tile gives, of which so many elements become one.
    fn part(&self, tile: Array, count: f64) -> Result<Vec<Array>> {
        match self {
            Reducer::Joined { op, params, .. } => Ok(op.apply(&**params, &mut [Operand::Own(tile)], None)?.into_vec()),
            Reducer::Moments { axes } => {
                let axis = Axes::Many(axes.iter().map(|&a| a as isize).collect());
                let mean = array_api::mean(&tile, Mean { axis: axis.clone(), keepdims: true })?;
                // Kernels of variances subtract the mean without writing the differences.
                let var = array_api::var(tile, Var { axis, keepdims: true, correction: 0.0 })?;
                Ok(vec![mean, array_api::multiply(var, count)?])
            }
        }
    }

    /// Two parts as one. Means and sums of squares as Chan, Golub and LeVeque have it (Am. Stat. 37, 1983).
    fn join(&self, before: Part, values: Vec<Array>, count: f64) -> Result<Part> {
        let Part { place, values: old, count: n } = before;
        let mut both = old.into_iter().zip(values);
        let values = match self {
            Reducer::Joined { join, .. } => match both.next() {
                Some((a, b)) => {
                    let none = join.read(&[])?;
                    join.apply_owned(none, &mut [Operand::Own(a), Operand::Own(b)], None)?.into_vec()
                }
                None => vec![],
            },
            Reducer::Moments { .. } => {
                let (Some((mean, m)), Some((squares, s))) = (both.next(), both.next()) else {
                    return Ok(Part { place, values: vec![], count });
                };
                let all = n + count;
                let apart = array_api::subtract(m, &mean)?;
                let mean = array_api::add(mean, array_api::multiply(&apart, count / all)?)?;
                let between = array_api::multiply(array_api::square(apart)?, n * count / all)?;
                vec![mean, array_api::add(array_api::add(squares, s)?, between)?]
            }
        };
        Ok(Part { place, values, count: n + count })
    }
}

impl Lines<'_> {
    /// Takes in a tile, which lies in the block where `index` says.
    pub(crate) fn add(&mut self, index: &[Index], tile: Array) -> Result<()> {
        let axes = self.reducer.axes();
        let count: f64 = axes.iter().map(|&a| tile.dims()[a] as f64).product();
        let values = self.reducer.part(tile, count)?;
        let kept = |(a, entry): (usize, &Index)| if axes.contains(&a) { first() } else { entry.clone() };
        let place: Vec<Index> = index.iter().enumerate().map(kept).collect();
        // Tiles come in row-major order, so that the one to be joined with is near the end.
        match self.parts.iter().rposition(|p| p.place == place) {
            Some(at) => {
                let before = self.parts.swap_remove(at);
                self.parts.push(self.reducer.join(before, values, count)?);
            }
            None => self.parts.push(Part { place, values, count }),
        }
        Ok(())
    }

    /// The results: the parts side by side.
    pub(crate) fn end(mut self) -> Result<Vec<Array>> {
        if self.parts.len() == 1 {
            return Ok(self.parts.swap_remove(0).values);
        }
        let axes = self.reducer.axes();
        let shape: Dims = (0..self.dims.len()).map(|a| if axes.contains(&a) { 1 } else { self.dims[a] }).collect();
        let mut whole: Vec<Option<Array>> = vec![];
        for part in self.parts {
            whole.resize(part.values.len(), None);
            for (out, value) in whole.iter_mut().zip(part.values) {
                let room = match out.take() {
                    Some(room) => room,
                    None => self.space.empty(Empty { shape: shape.clone(), dtype: value.dtype() })?,
                };
                *out = Some(array_api::set_at(room, value, SetAt { index: Indices(part.place.clone()) })?);
            }
        }
        Ok(whole.into_iter().flatten().collect())
    }
}

/// The only element along a reduced axis.
fn first() -> Index {
    Index::Slice { start: Some(0), stop: Some(1), step: 1 }
}
