//! Sums of products by labels against one loop over all labels.
use array_api::{Array, DType, ErrorKind, einsum};
use array_ndarray::namespace;
use proptest::prelude::*;

/// The extents of the labels a to e.
const EXTENTS: [usize; 5] = [2, 3, 1, 4, 2];

fn array(labels: &[usize], seed: f64) -> Array {
    let shape: Vec<usize> = labels.iter().map(|&l| EXTENTS[l]).collect();
    let n: usize = shape.iter().product();
    namespace().from_host((0..n).map(|i| ((i as f64 + seed) * 1.7).sin()).collect::<Vec<f64>>(), &shape[..]).unwrap()
}

/// Adds up the products over every combination of the labels.
fn naive(operands: &[(Vec<usize>, Vec<f64>)], out: &[usize]) -> Vec<f64> {
    let place = |labels: &[usize], at: &[usize]| labels.iter().fold(0, |k, &l| k * EXTENTS[l] + at[l]);
    let used: Vec<usize> = (0..5).filter(|l| operands.iter().any(|(labels, _)| labels.contains(l))).collect();
    let mut sums = vec![0.0; out.iter().map(|&l| EXTENTS[l]).product()];
    for mut i in 0..used.iter().map(|&l| EXTENTS[l]).product::<usize>() {
        let mut at = [0; 5];
        for &l in &used {
            (at[l], i) = (i % EXTENTS[l], i / EXTENTS[l]);
        }
        sums[place(out, &at)] += operands.iter().map(|(labels, x)| x[place(labels, &at)]).product::<f64>();
    }
    sums
}

fn word(labels: &[usize]) -> String {
    labels.iter().map(|&l| (b'a' + l as u8) as char).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_subscripts_agree_with_a_loop(
        operands in prop::collection::vec(prop::collection::vec(0_usize..5, 0..4), 1..4), mask in 0_usize..32, turn in 0_usize..5
    ) {
        let mut out: Vec<usize> = (0..5).filter(|l| mask >> l & 1 == 1 && operands.iter().any(|o| o.contains(l))).collect();
        if !out.is_empty() {
            let by = turn % out.len();
            out.rotate_left(by);
        }
        let subscripts = format!("{}->{}", operands.iter().map(|o| word(o)).collect::<Vec<_>>().join(","), word(&out));
        let arrays: Vec<Array> = operands.iter().enumerate().map(|(i, o)| array(o, i as f64)).collect();
        let got = einsum(&arrays, &subscripts[..]).unwrap();
        let listed: Vec<_> = operands.into_iter().zip(&arrays).map(|(o, x)| (o, x.to_vec::<f64>().unwrap())).collect();
        let want = naive(&listed, &out);
        prop_assert_eq!(got.shape().unwrap(), &out.iter().map(|&l| EXTENTS[l]).collect::<Vec<_>>()[..]);
        for (g, w) in got.to_vec::<f64>().unwrap().iter().zip(&want) {
            prop_assert!((g - w).abs() < 1e-12, "{}: {} is not {}", subscripts, g, w);
        }
    }
}

#[test]
fn dots_implicit_results_and_broadcasting() {
    let xp = namespace();
    let x = xp.from_host((0..24).collect::<Vec<i64>>(), [2, 3, 4]).unwrap();
    let w = xp.from_host((0..8).collect::<Vec<i64>>(), [4, 2]).unwrap();
    let got = einsum([&x, &w], "...j,jk->...k").unwrap();
    assert_eq!(got.to_vec::<i64>().unwrap(), array_api::matmul(&x, &w).unwrap().to_vec::<i64>().unwrap());
    // Alphabetical, and without what occurs twice.
    let a = xp.from_host(vec![1, 2, 3, 4_i64], [2, 2]).unwrap();
    assert_eq!(einsum([&a], "ba").unwrap().to_vec::<i64>().unwrap(), [1, 3, 2, 4]);
    assert_eq!(einsum([&a], "ii").unwrap().item::<i64>().unwrap(), 5);
    assert_eq!(einsum([&a, &a], "ij, jk").unwrap().to_vec::<i64>().unwrap(), [7, 10, 15, 22]);
    let row = xp.from_host(vec![10_i64, 20], [1, 2]).unwrap();
    assert_eq!(einsum([&a, &row], "...,...").unwrap().to_vec::<i64>().unwrap(), [10, 40, 30, 80]);
    assert_eq!(einsum([&a, &row], "ij,ij->i").unwrap().to_vec::<i64>().unwrap(), [50, 110]);
    let small = xp.from_host(vec![100_i8, 100], [2]).unwrap();
    assert_eq!(einsum([&small], "i->").unwrap().dtype(), DType::Int8);
    assert_eq!(
        einsum([&a, &xp.ones([2]).unwrap().astype(DType::Float64).unwrap()], "ij,j").unwrap_err().kind(),
        ErrorKind::DType
    );
}

#[test]
fn errors_show_the_subscripts() {
    let x = namespace().zeros([2, 3]).unwrap();
    let bad = |subscripts: &str, text: &str| {
        let e = einsum([&x, &x], subscripts).unwrap_err();
        assert_eq!((e.kind(), e.to_string()), (ErrorKind::Value, format!("einsum: subscripts {subscripts:?}: {text}")));
    };
    bad("ij->i", "1 operands are named, 2 were given");
    bad("ij,jk->ik", "'j' has extent 3, and 2 in operand 1");
    bad("ij,i->i", "\"i\" names 1 axes of operand 1, whose shape is (2, 3)");
    bad("ij,ij->ii", "'i' comes out twice");
    bad("ij,ij->k", "'k' comes out, but is in no operand");
    bad("i1,ij->i", "'1' in \"i1\" is neither a letter nor \"...\"");
}
