//! Results larger than the caches are written past them: the same numbers as piece by piece.

use array_ndarray::{NdArray, Op, binary, map::map, unary};

/// Just more than 64 MiB of double precision, and no multiple of anything.
const N: usize = (1 << 23) + 77;
const PIECE: usize = 1 << 16;

fn check<const K: usize>(op: &Op, operands: [&[f64]; K]) {
    let array = |x: &[f64]| NdArray::from_slice(x, &[x.len()]);
    let whole = operands.map(array);
    let y = map(op, whole.each_ref().map(|x| x.into()), &[N]).unwrap().to_vec::<f64>().unwrap();
    for start in (0..N).step_by(PIECE) {
        let end = N.min(start + PIECE);
        let pieces = operands.map(|x| array(if x.len() == 1 { x } else { &x[start..end] }));
        let expected = map(op, pieces.each_ref().map(|x| x.into()), &[end - start]).unwrap().to_vec::<f64>().unwrap();
        assert!(y[start..end] == expected, "{} from {start}", op.name);
    }
}

#[test]
fn results_larger_than_the_caches() {
    let x: Vec<f64> = (0..N).map(|i| (i % 1009) as f64 / 7.0 - 50.0).collect();
    let y: Vec<f64> = (0..N).map(|i| (i % 7919) as f64 * 0.25).collect();
    check(&binary::ADD, [&x, &y]);
    check(&binary::MULTIPLY, [&x, &[1.5]]);
    check(&binary::SUBTRACT, [&[0.5], &x]);
    check(&unary::EXP, [&x]);
}

#[test]
fn an_operand_that_is_given_away_is_overwritten() {
    let x: Vec<f64> = (0..N).map(|i| i as f64).collect();
    let owned = NdArray::from_slice(&x, &[N]);
    let address = owned.ptr();
    let y = map(&binary::ADD, [owned.into(), NdArray::scalar(1.0).into()], &[N]).unwrap();
    assert_eq!(y.ptr(), address);
    assert!(y.to_vec::<f64>().unwrap().iter().zip(&x).all(|(y, x)| *y == x + 1.0));
}
