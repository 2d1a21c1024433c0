//! A matrix under work as tiles, some of which are known to be zero.

use array_api::{
    Array, Conj, DType, Dims, Eye, Index, Indices, Matmul, MatrixTranspose, Namespace, Operation, Result, Zeros,
};

use crate::chunks::{AxisChunks, Chunks};
use crate::program::{Program, Source};
use crate::tasks::{Block, Grid, Step, Tasks, places};

/// Tiles in row-major order; what is absent is zero.
pub(super) struct Tiles {
    pub(super) rows: Vec<usize>,
    pub(super) columns: Vec<usize>,
    pub(super) dtype: DType,
    blocks: Vec<Option<Block>>,
}

impl Tiles {
    /// All zero.
    pub(super) fn zeros(rows: &[usize], columns: &[usize], dtype: DType) -> Tiles {
        let blocks = vec![None; rows.len() * columns.len()];
        Tiles { rows: rows.to_vec(), columns: columns.to_vec(), dtype, blocks }
    }

    /// The chunks of a matrix.
    pub(super) fn of(op: &str, grid: &Grid) -> Result<Tiles> {
        let [rows, columns] = super::sides(op, &grid.chunks)?;
        Ok(Tiles { rows, columns, dtype: grid.dtype, blocks: grid.blocks.iter().copied().map(Some).collect() })
    }

    /// Ones on the diagonal, whose tiles must be square.
    pub(super) fn identity(
        rows: &[usize],
        columns: &[usize],
        dtype: DType,
        space: &Namespace,
        tasks: &mut Tasks,
    ) -> Tiles {
        let mut out = Tiles::zeros(rows, columns, dtype);
        for (i, &n) in columns.iter().enumerate() {
            let params = Eye { n_rows: n, n_cols: Some(n), k: 0, dtype };
            let step = Step::Call {
                op: Eye::OP,
                params: Box::new(params),
                operands: Default::default(),
                space: Some(space.clone()),
            };
            let step = tasks.step(step);
            let block = tasks.task(step, &[], out.bytes(n, n));
            out.set(i, i, Some(block));
        }
        out
    }

    pub(super) fn at(&self, i: usize, j: usize) -> Option<Block> {
        self.blocks[i * self.columns.len() + j]
    }

    pub(super) fn set(&mut self, i: usize, j: usize, block: Option<Block>) {
        self.blocks[i * self.columns.len() + j] = block;
    }

    /// The bytes of a tile of these extents.
    pub(super) fn bytes(&self, rows: usize, columns: usize) -> u64 {
        (rows * columns * self.dtype.size()) as u64
    }

    /// The chunks of the matrix, zeros being made where nothing else is.
    pub(super) fn into_grid(self, space: &Namespace, tasks: &mut Tasks) -> Grid {
        let chunks = Chunks::new([&self.rows, &self.columns].map(|sizes| AxisChunks::Known(sizes[..].into())));
        let mut made: Vec<(Dims, Block)> = vec![];
        let blocks = places(&chunks.grid()).zip(&self.blocks).map(|(place, block)| {
            block.unwrap_or_else(|| {
                let shape = chunks.at(&place);
                if let Some((_, block)) = made.iter().find(|(dims, _)| *dims == shape) {
                    return *block;
                }
                let params = Box::new(Zeros { shape: shape.clone(), dtype: self.dtype });
                let step = tasks.step(Step::Call {
                    op: Zeros::OP,
                    params,
                    operands: Default::default(),
                    space: Some(space.clone()),
                });
                let bytes = self.bytes(shape[0], shape[1]);
                made.push((shape, tasks.task(step, &[], bytes)));
                made[made.len() - 1].1
            })
        });
        let blocks = blocks.collect();
        Grid { dtype: self.dtype, chunks, blocks }
    }
}

/// The product of the adjoint of one value with another.
pub(super) fn adjoint(program: &mut Program, x: Source, dtype: DType) -> Source {
    let x = if dtype.is_complex() { program.push(Conj::OP, Box::new(Conj {}), [x]) } else { x };
    program.push(MatrixTranspose::OP, Box::new(MatrixTranspose {}), [x])
}

/// The product of two values.
pub(super) fn product(program: &mut Program, x: Source, y: Source) -> Source {
    program.push(Matmul::OP, Box::new(Matmul {}), [x, y])
}

/// Whole rows of a matrix, from one to before another.
pub(super) fn rows(start: usize, stop: usize) -> Indices {
    Indices(vec![span(start, stop), Index::full()])
}

/// Whole columns of a matrix, from one to before another.
pub(super) fn columns(start: usize, stop: usize) -> Indices {
    Indices(vec![Index::full(), span(start, stop)])
}

fn span(start: usize, stop: usize) -> Index {
    Index::Slice { start: Some(start as isize), stop: Some(stop as isize), step: 1 }
}

/// The operands of a call, each its own.
pub(super) fn parts(call: &mut array_api::Call<'_, '_>) -> Vec<Array> {
    let own = |operand: &mut array_api::Operand<'_>| match operand.take() {
        array_api::Operand::Own(a) => Some(a),
        array_api::Operand::Ref(a) => Some(a.clone()),
        _ => None,
    };
    call.args.iter_mut().filter_map(own).collect()
}
