//! Sums of products by labels of axes. Subscripts are read once; pairs are joined by products of matrices, smallest
//! results first.

use smallvec::SmallVec;

use crate::array::Array;
use crate::axes::Axes;
use crate::call::{Call, Verdict};
use crate::dims::Dims;
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::operation::Op;
use crate::{operation, rule};

operation! {
    /// Sums of products over labelled axes: `einsum([&a, &b], "ij,jk->ik")` is a product of matrices.
    ///
    /// Each letter names an axis; letters that the right side leaves out are summed over. A letter twice in one operand
    /// takes the diagonal. `...` stands for any axes before, broadcast together. Without `->`, the letters that occur once
    /// come out in alphabetical order, after the axes of `...`. As `numpy.einsum`.
    Einsum = einsum(arrays: Many) { subscripts: String = String::new() } -> Array;
    "linear_algebra", Contraction, einsum_rule, compose compose_einsum
}

impl From<&str> for Einsum {
    fn from(subscripts: &str) -> Einsum {
        Einsum { subscripts: subscripts.to_string() }
    }
}

/// Labels of an array's axes. Axes under `...` are numbered from the last.
type Labels = SmallVec<[char; 6]>;

/// The first label of the axes under `...`: characters that nobody can write as subscripts.
const UNDER_DOTS: u32 = 0xF_0000;

/// What subscripts say about operands of given shapes.
struct Plan {
    operands: Vec<Labels>,
    out: Labels,
    /// Extents of labels in order of appearance.
    extents: Vec<(char, usize)>,
}

impl Plan {
    fn new(op: &'static Op, subscripts: &str, dims: &[&Dims]) -> Result<Plan> {
        let wrong = |why: String| Error::value(op.name, format!("subscripts {subscripts:?}: {why}"));
        let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (&text[..], None),
        };
        let terms: Vec<_> = left.split(',').collect();
        if terms.len() != dims.len() {
            return Err(wrong(format!("{} operands are named, {} were given", terms.len(), dims.len())));
        }
        let mut plan = Plan { operands: vec![], out: Labels::new(), extents: vec![] };
        let mut under = 0;
        for (i, (term, dims)) in terms.iter().zip(dims).enumerate() {
            let letters = term.replacen("...", "", 1).chars().count();
            let dotted = term.contains("...");
            if letters > dims.len() || (!dotted && letters < dims.len()) {
                return Err(wrong(format!("{term:?} names {letters} axes of operand {i}, whose shape is {dims}")));
            }
            let count = dims.len() - letters;
            under = under.max(count);
            let labels = labels(term, count).map_err(wrong)?;
            for (&label, &n) in labels.iter().zip(dims.iter()) {
                match plan.extents.iter_mut().find(|(l, _)| *l == label) {
                    None => plan.extents.push((label, n)),
                    Some((_, known)) if *known == n || n == 1 => {}
                    Some((_, known)) if *known == 1 => *known = n,
                    Some((_, known)) => {
                        let what =
                            if label.is_alphabetic() { format!("{label:?}") } else { "an axis under \"...\"".into() };
                        return Err(wrong(format!("{what} has extent {known}, and {n} in operand {i}")));
                    }
                }
            }
            plan.operands.push(labels);
        }
        plan.out = match right {
            Some(term) => labels(term, if term.contains("...") { under } else { 0 }).map_err(wrong)?,
            None => {
                let all: Vec<_> = plan.operands.iter().flatten().copied().collect();
                let mut once: Vec<_> = all.iter().copied().filter(|l| l.is_alphabetic()).collect();
                once.sort_unstable();
                once.retain(|l| all.iter().filter(|other| *other == l).count() == 1);
                dots(under).chain(once).collect()
            }
        };
        for (i, label) in plan.out.iter().enumerate() {
            if plan.out[..i].contains(label) {
                return Err(wrong(format!("{label:?} comes out twice")));
            }
            if !plan.extents.iter().any(|(l, _)| l == label) {
                return Err(wrong(format!("{label:?} comes out, but is in no operand")));
            }
        }
        Ok(plan)
    }

    fn extent(&self, label: char) -> usize {
        self.extents.iter().find(|(l, _)| *l == label).map_or(1, |(_, n)| *n)
    }

    fn dims(&self, labels: &[char]) -> Dims {
        labels.iter().map(|&l| self.extent(l)).collect()
    }

    fn size(&self, labels: &[char]) -> usize {
        labels.iter().map(|&l| self.extent(l)).product()
    }
}

/// The labels of `count` axes under `...`, so that the last is the same for every operand.
fn dots(count: usize) -> impl Iterator<Item = char> {
    (0..count).rev().filter_map(|i| char::from_u32(UNDER_DOTS + i as u32))
}

fn labels(term: &str, under: usize) -> Result<Labels, String> {
    let mut out = Labels::new();
    let mut rest = term;
    let mut seen = false;
    while let Some(c) = rest.chars().next() {
        match rest.strip_prefix("...") {
            Some(_) if seen => return Err(format!("{term:?} has \"...\" twice")),
            Some(after) => {
                (seen, rest) = (true, after);
                out.extend(dots(under));
            }
            None if c.is_ascii_alphabetic() => {
                out.push(c);
                rest = &rest[1..];
            }
            None => return Err(format!("{c:?} in {term:?} is neither a letter nor \"...\"")),
        }
    }
    Ok(out)
}

fn planned(op: &'static Op, subscripts: &str, args: &[Operand<'_>]) -> Result<Plan> {
    let arrays: Result<Vec<_>> = (0..args.len()).map(|i| rule::array(op, args, i)).collect();
    let dims: Result<Vec<_>> = arrays?.into_iter().map(|a| a.shape().map(|_| a.dims())).collect();
    Plan::new(op, subscripts, &dims?)
}

fn einsum_rule(op: &'static Op, p: &mut Einsum, args: &mut [Operand<'_>]) -> Result<Verdict> {
    let plan = planned(op, &p.subscripts, args)?;
    let dtype = rule::common_dtype(op, args)?;
    rule::NUMERIC.check(op, dtype)?;
    args.iter_mut().try_for_each(|a| rule::cast(a, dtype))?;
    Ok(Verdict::same(plan.dims(&plan.out), dtype))
}

fn compose_einsum(p: &Einsum, call: &mut Call<'_, '_>) -> Result<Array> {
    let plan = planned(call.op, &p.subscripts, call.args)?;
    let mut parts: Vec<(Array, Labels)> = vec![];
    for (i, labels) in plan.operands.iter().enumerate() {
        parts.push(without_repeats(&plan, rule::array(call.op, call.args, i)?.clone(), labels)?);
    }
    while parts.len() > 1 {
        let (i, j) = smallest(&plan, &parts);
        let (right, left) = (parts.swap_remove(j), parts.swap_remove(i));
        let kept = |l: &char| plan.out.contains(l) || parts.iter().any(|(_, labels)| labels.contains(l));
        let joined = join(&plan, left, right, kept)?;
        parts.push(joined);
    }
    let (x, labels) = parts.pop().ok_or_else(|| Error::value(call.op.name, "needs at least one array"))?;
    let (x, labels) = summed(x, labels, |l| plan.out.contains(l))?;
    let axes: Vec<isize> =
        plan.out.iter().filter_map(|l| labels.iter().position(|k| k == l)).map(|a| a as isize).collect();
    // Labels whose extent was one in every operand that had them are still there; none is missing.
    crate::reshape(crate::permute_dims(x, axes)?, plan.dims(&plan.out))
}

/// One axis for each label: diagonals of repeated ones; axes of extent one that broadcast are dropped.
fn without_repeats(plan: &Plan, mut x: Array, labels: &[char]) -> Result<(Array, Labels)> {
    let mut labels = Labels::from_slice(labels);
    let mut axis = 0;
    while axis < labels.len() {
        if x.shape()?[axis] == 1 && plan.extent(labels[axis]) != 1 {
            x = crate::squeeze(x, axis as isize)?;
            labels.remove(axis);
            continue;
        }
        if let Some(first) = labels[..axis].iter().position(|l| *l == labels[axis]) {
            let n = x.shape()?[axis];
            let front = crate::moveaxis(x, (axis as isize, 0))?;
            let front = crate::moveaxis(front, (first as isize + 1, 0))?;
            let along = front.namespace().arange(0..n as i64)?;
            x = crate::moveaxis(crate::at_arrays(front, [&along, &along])?, (0, first as isize))?;
            labels.remove(axis);
            continue;
        }
        axis += 1;
    }
    Ok((x, labels))
}

/// The pair whose product adds the fewest elements.
fn smallest(plan: &Plan, parts: &[(Array, Labels)]) -> (usize, usize) {
    let pairs = (1..parts.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    let growth = |&(i, j): &(usize, usize)| {
        let (a, b) = (&parts[i].1, &parts[j].1);
        let others = parts.iter().enumerate().filter(|(k, _)| *k != i && *k != j).map(|(_, p)| &p.1);
        let kept: Labels = a
            .iter()
            .chain(b.iter().filter(|l| !a.contains(l)))
            .filter(|l| plan.out.contains(l) || others.clone().any(|o| o.contains(l)))
            .copied()
            .collect();
        plan.size(&kept) as i128 - plan.size(a) as i128 - plan.size(b) as i128
    };
    pairs.min_by_key(growth).unwrap_or((0, 1))
}

fn summed(x: Array, labels: Labels, kept: impl Fn(&char) -> bool) -> Result<(Array, Labels)> {
    let axes: Vec<isize> = labels.iter().enumerate().filter(|(_, l)| !kept(l)).map(|(a, _)| a as isize).collect();
    if axes.is_empty() {
        return Ok((x, labels));
    }
    // Not the wider type that `sum` takes for small integers.
    let dtype = x.dtype();
    let sum = crate::Sum::default().axis(Axes::from(axes)).dtype(dtype);
    Ok((crate::sum(x, sum)?, labels.into_iter().filter(|l| kept(l)).collect()))
}

/// The product of two arrays, summed over what only they share and nobody needs any more.
fn join(
    plan: &Plan,
    left: (Array, Labels),
    right: (Array, Labels),
    kept: impl Fn(&char) -> bool,
) -> Result<(Array, Labels)> {
    let (a, of_a) = summed(left.0, left.1, |l| kept(l) || right.1.contains(l))?;
    let (b, of_b) = summed(right.0, right.1, |l| kept(l) || of_a.contains(l))?;
    let pick = |from: &Labels, f: &dyn Fn(&char) -> bool| from.iter().copied().filter(|l| f(l)).collect::<Labels>();
    let batch = pick(&of_a, &|l| of_b.contains(l) && kept(l));
    let inner = pick(&of_a, &|l| of_b.contains(l) && !kept(l));
    let (rows, columns) = (pick(&of_a, &|l| !of_b.contains(l)), pick(&of_b, &|l| !of_a.contains(l)));
    let matrices = |x: Array, of: &Labels, [first, second]: [&Labels; 2]| {
        let order: Vec<isize> = batch.iter().chain(first).chain(second).map(|l| place(of, *l)).collect();
        let dims: Dims = [plan.size(&batch), plan.size(first), plan.size(second)].into();
        crate::reshape(crate::permute_dims(x, order)?, dims)
    };
    let product = crate::matmul(matrices(a, &of_a, [&rows, &inner])?, matrices(b, &of_b, [&inner, &columns])?)?;
    let out: Labels = batch.iter().chain(&rows).chain(&columns).copied().collect();
    Ok((crate::reshape(product, plan.dims(&out))?, out))
}

fn place(labels: &[char], label: char) -> isize {
    labels.iter().position(|l| *l == label).map_or(0, |a| a as isize)
}
