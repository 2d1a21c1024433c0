//! Sums of products over labelled axes: a loop over all indices of all labels.

use array_api::{DType, ErrorKind, Scalar};

use crate::Check;
use crate::compare::{Close, Want, epsilon};
use crate::inputs::moderate;
use crate::kit::{Given, Kit, fields};
use crate::linear_algebra::numeric;
use crate::matrix::C;
use crate::reference::{Reference, indices, rounded};

pub(crate) const ROWS: &[(&str, Check)] = &[("einsum", einsum)];

/// The subscripts; the label of every axis of every operand and of the result, where capital letters stand for the axes
/// under the dots; the operands' extents.
type Case = (&'static str, &'static [&'static str], &'static str, &'static [&'static [usize]]);

const CASES: [Case; 30] = [
    ("ij,jk->ik", &["ij", "jk"], "ik", &[&[2, 3], &[3, 4]]),
    ("ij,jk", &["ij", "jk"], "ik", &[&[2, 3], &[3, 4]]),
    ("ba", &["ba"], "ab", &[&[2, 3]]),
    (" i j , j k -> i k ", &["ij", "jk"], "ik", &[&[2, 3], &[3, 4]]),
    ("i,i->", &["i", "i"], "", &[&[5], &[5]]),
    ("i,j->ij", &["i", "j"], "ij", &[&[3], &[4]]),
    ("ij->", &["ij"], "", &[&[3, 4]]),
    ("ij->j", &["ij"], "j", &[&[3, 4]]),
    ("ij->ji", &["ij"], "ji", &[&[3, 4]]),
    ("ijk->kij", &["ijk"], "kij", &[&[2, 3, 4]]),
    ("ii->", &["ii"], "", &[&[4, 4]]),
    ("ii", &["ii"], "", &[&[4, 4]]),
    ("ii->i", &["ii"], "i", &[&[4, 4]]),
    ("iii->i", &["iii"], "i", &[&[3, 3, 3]]),
    ("iij->ji", &["iij"], "ji", &[&[3, 3, 2]]),
    ("bij,bjk->bik", &["bij", "bjk"], "bik", &[&[2, 2, 3], &[2, 3, 2]]),
    ("ij,ij->ij", &["ij", "ij"], "ij", &[&[3, 4], &[3, 4]]),
    ("ik,jk,kl->ijl", &["ik", "jk", "kl"], "ijl", &[&[2, 3], &[4, 3], &[3, 2]]),
    ("ab,bc,cd,de->ae", &["ab", "bc", "cd", "de"], "ae", &[&[2, 3], &[3, 2], &[2, 4], &[4, 2]]),
    ("i,i,i->i", &["i", "i", "i"], "i", &[&[4], &[4], &[4]]),
    ("ij,kl->", &["ij", "kl"], "", &[&[2, 3], &[3, 2]]),
    ("...ij,...jk->...ik", &["Zij", "Zjk"], "Zik", &[&[2, 2, 3], &[2, 3, 2]]),
    ("...ij,jk->...ik", &["YZij", "jk"], "YZik", &[&[2, 3, 2, 3], &[3, 2]]),
    ("i...,...", &["iZ", "YZ"], "YZi", &[&[3, 4], &[2, 4]]),
    ("...->...", &["YZ"], "YZ", &[&[2, 3]]),
    ("...i->i...", &["YZi"], "iYZ", &[&[2, 3, 4]]),
    // An axis of one element is as long as it must be.
    ("ij,ij->ij", &["ij", "ij"], "ij", &[&[3, 1], &[3, 4]]),
    ("ij,j->i", &["ij", "j"], "i", &[&[3, 4], &[1]]),
    (",i->i", &["", "i"], "i", &[&[], &[3]]),
    ("ij,jk->ik", &["ij", "jk"], "ik", &[&[2, 0], &[0, 3]]),
];

/// The result by its definition.
fn summed(dtype: DType, operands: &[&str], out: &str, arrays: &[Reference]) -> Want {
    let mut labels: Vec<(char, usize)> = vec![];
    for (operand, array) in operands.iter().zip(arrays) {
        for (label, &n) in operand.chars().zip(&array.dims) {
            match labels.iter_mut().find(|(l, _)| *l == label) {
                Some((_, known)) if *known == 1 => *known = n,
                Some(_) => {}
                None => labels.push((label, n)),
            }
        }
    }
    let place = |label: char| labels.iter().position(|(l, _)| *l == label).unwrap_or(0);
    let dims: Vec<usize> = out.chars().map(|l| labels[place(l)].1).collect();
    let to = Reference::build(DType::Bool, &dims, |_| Scalar::Bool(false));
    let zero = C::new(0.0, 0.0);
    let (mut sums, mut sizes) = (vec![(0i128, zero); to.data.len()], vec![0.0; to.data.len()]);
    let mut terms = 1.0;
    for index in indices(&labels.iter().map(|(_, n)| *n).collect::<Vec<_>>()) {
        let (mut whole, mut product) = (1i128, C::new(1.0, 0.0));
        for (operand, array) in operands.iter().zip(arrays) {
            let own = |(label, &n): (char, &usize)| if n == 1 { 0 } else { index[place(label)] };
            let factor = array.at(&operand.chars().zip(&array.dims).map(own).collect::<Vec<_>>());
            match dtype.is_integer() {
                true => whole *= factor.to_i128(),
                false => product *= factor.to_complex(),
            }
        }
        let at = to.offset(&out.chars().map(|l| index[place(l)]).collect::<Vec<_>>());
        sums[at] = (sums[at].0 + whole, sums[at].1 + product);
        sizes[at] += product.norm();
        terms += 1.0;
    }
    let number = |(whole, sum): (i128, C)| match dtype.is_integer() {
        true => Scalar::int(whole),
        false if dtype.is_complex() => Scalar::Complex(sum),
        false => Scalar::Float(sum.re),
    };
    // An integer that overflows on the way may still come out right, and need not.
    let data = sums.into_iter().map(|s| rounded(dtype, number(s))).collect();
    let error = 2.0 * (terms + operands.len() as f64) * epsilon(dtype);
    Want { dims, dtype, data, close: Close::Within(sizes.into_iter().map(|s| error * s).collect()) }
}

fn einsum(kit: &mut Kit) {
    for dtype in numeric() {
        for (subscripts, operands, out, shapes) in CASES {
            let arrays: Vec<Reference> =
                shapes.iter().zip(261..).map(|(dims, seed)| moderate(dtype, dims, seed)).collect();
            let given: Vec<Given> = arrays.iter().map(Given::from).collect();
            let want = summed(dtype, operands, out, &arrays);
            kit.gives_one(fields![subscripts = subscripts.to_string()], &given, want);
        }
        if kit.enough() {
            return;
        }
    }
    let (x, y) = (moderate(DType::Float32, &[2, 3], 1), moderate(DType::Float64, &[3, 2], 2));
    let want = summed(DType::Float64, &["ij", "jk"], "ik", &[x.cast(DType::Float64), y.clone()]);
    kit.gives_one(fields![subscripts = "ij,jk->ik".to_string()], &[(&x).into(), (&y).into()], want);
    refused(kit, &x, &y);
}

fn refused(kit: &mut Kit, x: &Reference, y: &Reference) {
    let wrong = [
        // An operand without subscripts, and subscripts without an operand.
        "ij->ij",
        "ij,jk,kl->il",
        // Fewer letters than axes, and more.
        "i,jk->i",
        "ijk,jk->i",
        // Extents that differ.
        "ij,ij->ij",
        // Letters that come out twice, or from nowhere.
        "ij,jk->iik",
        "ij,jk->il",
        // What is no letter, and dots twice.
        "i1,jk->i",
        "...i...,jk->i",
    ];
    for subscripts in wrong {
        kit.refuses(fields![subscripts = subscripts.to_string()], &[x.into(), y.into()], ErrorKind::Value);
    }
    let t = moderate(DType::Bool, &[2], 1);
    kit.refuses(fields![subscripts = "i,i->".to_string()], &[(&t).into(), (&t).into()], ErrorKind::DType);
    let int = moderate(DType::Int64, &[3, 2], 1);
    kit.refuses(fields![subscripts = "ij,jk->ik".to_string()], &[x.into(), int.into()], ErrorKind::DType);
}
