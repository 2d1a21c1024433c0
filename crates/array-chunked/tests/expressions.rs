//! Random expressions on random chunks against the same expressions in memory. Values are small whole numbers, so that every
//! operation is exact and answers must be equal; what is not whole is compared within a bound.

use array_api::{Array, DType, Index, Indices, Result};
use array_chunked::{AxisSpec, ChunkSpec};
use proptest::prelude::*;

/// Draws choices from bytes, so that shrinking a failing case shortens the expression.
struct Choices<'b>(std::slice::Iter<'b, u8>);

impl Choices<'_> {
    fn below(&mut self, n: usize) -> usize {
        self.0.next().map_or(0, |&b| b as usize) % n.max(1)
    }
}

/// The same array in memory and in chunks.
#[derive(Clone)]
struct Both {
    eager: Array,
    lazy: Array,
}

fn cut(c: &mut Choices<'_>, extent: usize) -> AxisSpec {
    let mut sizes = vec![];
    let mut left = extent;
    while left > 0 {
        let size = 1 + c.below(left);
        sizes.push(size);
        left -= size;
    }
    AxisSpec::Sizes(sizes)
}

fn spec(c: &mut Choices<'_>, dims: &[usize]) -> ChunkSpec {
    ChunkSpec::Axes(dims.iter().map(|&n| cut(c, n)).collect())
}

fn leaf(c: &mut Choices<'_>, dims: &[usize]) -> Result<Both> {
    let count: usize = dims.iter().product();
    let values: Vec<i64> = (0..count).map(|_| c.below(23) as i64 - 11).collect();
    let eager = array_ndarray::namespace().from_host(values, dims)?;
    let lazy = array_chunked::from_array(&eager, spec(c, dims))?;
    Ok(Both { eager, lazy })
}

/// Keeps values small: a remainder is exact.
fn small(x: Array) -> Result<Array> {
    if x.dtype() == DType::Bool { array_api::astype(x, DType::Int64) } else { array_api::remainder(x, 97) }
}

type Step = fn(&Array, &Array, &[usize]) -> Result<Array>;

fn axis(x: &Array, k: &[usize]) -> isize {
    (k[0] % x.ndim().max(1)) as isize
}

fn slice(n: usize, k: &[usize]) -> Index {
    let (a, b) = (k[1] % (n + 1), k[2] % (n + 1));
    let step = [1, 2, -1, 3, -2][k[3] % 5];
    let (start, stop) = (Some(a as isize), (!k[4].is_multiple_of(3)).then_some(b as isize));
    Index::Slice { start, stop, step }
}

/// Every entry takes two arrays (of one shape, or not) and a few numbers to choose parameters by.
const STEPS: &[(&str, Step)] = &[
    ("add", |x, y, _| array_api::add(x, y)),
    ("subtract", |x, y, _| array_api::subtract(x, y)),
    ("multiply", |x, y, _| small(array_api::multiply(x, y)?)),
    ("maximum", |x, y, _| array_api::maximum(x, y)),
    ("where", |x, y, _| array_api::where_(array_api::less(x, y)?, x, 3)),
    ("floor_divide", |x, y, _| array_api::floor_divide(x, array_api::add(array_api::abs(y)?, 1)?)),
    ("clip", |x, _, k| array_api::clip(x, -(k[0] as i64 % 9), k[1] as i64 % 9)),
    ("sum", |x, _, k| small(array_api::sum(x, array_api::axis(axis(x, k)).keepdims())?)),
    ("sum of all", |x, _, _| small(array_api::sum(x, ..)?)),
    ("max", |x, _, k| array_api::max(x, axis(x, k))),
    ("any", |x, _, k| small(array_api::any(array_api::greater(x, 2)?, axis(x, k))?)),
    ("count_nonzero", |x, _, k| array_api::count_nonzero(x, axis(x, k))),
    ("argmax", |x, _, k| array_api::argmax(x, axis(x, k))),
    ("cumulative_sum", |x, _, k| small(array_api::cumulative_sum(x, axis(x, k))?)),
    ("transpose", |x, _, _| array_api::permute_dims(x, (0..x.ndim() as isize).rev().collect::<Vec<_>>())),
    ("flip", |x, _, k| array_api::flip(x, axis(x, k))),
    ("roll", |x, _, k| array_api::roll(x, (k[1] as isize - 7, axis(x, k)))),
    ("slice", |x, _, k| {
        let at = axis(x, k) as usize;
        let entry = |a| if a == at { slice(x.dims()[a], k) } else { Index::full() };
        array_api::at(x, Indices((0..x.ndim()).map(entry).collect()))
    }),
    ("set", |x, y, k| {
        let at = axis(x, k) as usize;
        let entry = |a| if a == at { slice(x.dims()[a], k) } else { Index::full() };
        let index = Indices((0..x.ndim()).map(entry).collect());
        let value = array_api::at(x, index.clone())?;
        array_api::set_at(x, array_api::add(value, array_api::max(y, ..)?)?, array_api::SetAt { index })
    }),
    ("concat", |x, y, k| array_api::concat([x, y], axis(x, k))),
    ("stack", |x, y, _| array_api::stack([x, y], 0)),
    ("reshape", |x, _, _| array_api::reshape(x, -1)),
    ("reshape by pairs", |x, _, _| array_api::reshape(x, [2, -1])),
    ("expand", |x, _, k| array_api::expand_dims(x, axis(x, k))),
    ("repeat", |x, _, k| array_api::repeat(x, (k[1] % 3) as i64, axis(x, k))),
    ("take", |x, y, k| {
        let n = x.dims()[axis(x, k) as usize] as i64;
        let places = array_api::remainder(array_api::reshape(y, -1)?, n.max(1))?;
        array_api::take(x, places, axis(x, k))
    }),
    ("sort", |x, _, k| array_api::sort(x, axis(x, k))),
    ("argsort", |x, _, k| array_api::argsort(x, axis(x, k))),
    ("matmul", |x, y, _| small(array_api::matmul(x, array_api::matrix_transpose(y)?)?)),
    ("tile", |x, _, k| array_api::tile(x, [1 + k[1] % 2, 1 + k[2] % 2])),
    ("diff", |x, _, k| array_api::diff(x, axis(x, k))),
    ("tril", |x, _, k| array_api::tril(x, k[1] as isize - 3)),
    ("unique", |x, _, _| array_api::sum(array_api::unique_values(x)?, ..)),
    ("mask", |x, y, _| array_api::sum(array_api::at_mask(x, array_api::greater(x, array_api::min(y, ..)?)?)?, ..)),
    ("set mask", |x, y, _| array_api::set_at_mask(x, array_api::greater(x, y)?, 5)),
    ("searchsorted", |x, y, _| {
        array_api::searchsorted(array_api::sort(array_api::reshape(x, -1)?, 0)?, y, None, "left")
    }),
];

/// Larger arrays are not made of smaller ones.
const LARGEST: usize = 4000;

fn grow(c: &mut Choices<'_>, depth: usize, written: &mut String) -> Result<Both> {
    if depth == 0 {
        let dims: Vec<usize> = (0..1 + c.below(3)).map(|_| 1 + c.below(6)).collect();
        written.push_str(&format!("leaf{dims:?} "));
        return leaf(c, &dims);
    }
    let mut x = grow(c, depth - 1, written)?;
    if x.eager.ndim() == 0 {
        x = Both { eager: array_api::reshape(x.eager, [1])?, lazy: array_api::reshape(x.lazy, [1])? };
    }
    // Another array of the same shape, or of one element.
    let y = if c.below(3) == 0 { leaf(c, &[1])? } else { leaf(c, x.eager.shape()?)? };
    let (name, step) = STEPS[c.below(STEPS.len())];
    let k: Vec<usize> = (0..5).map(|_| c.below(16)).collect();
    written.push_str(&format!("{name}{k:?} "));
    let (eager, lazy) = (step(&x.eager, &y.eager, &k), step(&x.lazy, &y.lazy, &k));
    match (eager, lazy) {
        (Ok(eager), Ok(lazy)) if eager.size()? <= LARGEST => {
            let (eager, lazy) = (array_api::astype(eager, DType::Int64)?, array_api::astype(lazy, DType::Int64)?);
            let lazy = if c.below(4) == 0 { array_chunked::compute_chunk_sizes(&lazy)? } else { lazy };
            Ok(Both { eager, lazy })
        }
        (Ok(_), Ok(_)) => Ok(x),
        // What is refused in memory is refused in chunks; then the expression goes on without it.
        (Err(_), Err(_)) => Ok(x),
        (Ok(_), Err(e)) => Err(array_api::Error::backend("test", format!("only chunked refuses: {e}"))),
        (Err(e), Ok(lazy)) if lazy.to_host().is_ok() => {
            Err(array_api::Error::backend("test", format!("only memory refuses: {e}")))
        }
        (Err(_), Ok(_)) => Ok(x),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn any_expression_in_any_chunks_is_what_it_is_in_memory(
        depth in 1_usize..=8,
        bytes in prop::collection::vec(any::<u8>(), 64..2000),
    ) {
        let mut written = String::new();
        let both = match grow(&mut Choices(bytes.iter()), depth, &mut written) {
            Ok(both) => both,
            Err(e) => return Err(TestCaseError::fail(format!("{written}: {e}"))),
        };
        let (eager, lazy) = (both.eager.to_vec::<i64>(), both.lazy.to_vec::<i64>());
        match lazy {
            Ok(lazy) => prop_assert_eq!(eager.unwrap(), lazy, "{}", written),
            Err(e) => return Err(TestCaseError::fail(format!("{written}: {e}"))),
        }
    }
}
