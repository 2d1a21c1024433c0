//! Results that no machine has memory for are errors, from every door through which one can ask for them.

use array_api::*;
use array_ndarray::namespace;

const HUGE: usize = 1_000_000_000_000_000;

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T>) {
    let e = result.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Memory, "{e}");
    assert!(e.message().contains("there is no memory for it"), "{e}");
}

#[test]
fn creation() {
    let xp = namespace();
    for d in [DType::Bool, DType::Float64, DType::Complex128] {
        refused(xp.zeros(Zeros { dtype: d, ..[HUGE].into() }));
    }
    refused(xp.ones([HUGE]));
    refused(xp.full(([HUGE], 1.5)));
    refused(xp.empty([1_000_000, 1_000_000, 1_000]));
    refused(xp.eye(30_000_000));
    refused(xp.linspace((0.0, 1.0, HUGE)));
    refused(xp.arange(0..HUGE as i64));
    let e = xp.zeros([HUGE]).unwrap_err();
    let said = "zeros: a result of shape (1000000000000000,) and dtype float64 takes 8000000000000000 bytes, and there is no \
                memory for it";
    assert_eq!(e.to_string(), said);
}

#[test]
fn results_larger_than_their_operands() {
    let xp = namespace();
    let n = 10_000_000;
    let row = xp.zeros(Zeros { dtype: DType::UInt8, ..[1, n].into() }).unwrap();
    let column = row.permute_dims([1, 0]).unwrap();
    refused((&row + &column).ok());
    refused(less(&row, &column));
    refused(column.matmul(&row));
    refused(row.broadcast_to([n, n]));
    refused(row.tile([n, 1]));
    refused(repeat(&row, n as i64, Repeat::default()));
    refused(row.kron(&column));
    refused(broadcast_arrays([&row, &column]));
    let line = row.reshape([-1]).unwrap();
    refused(meshgrid([&line, &line], ..));
    refused(outer(&line, &line));
    let x = xp.asarray([1.0, 2.0]).unwrap();
    refused(x.fft(Fft { n: Some(HUGE), ..Fft::default() }));
    refused(x.rfft(Rfft { n: Some(HUGE), ..Rfft::default() }));
    refused(repeat(&x, HUGE as i64, Repeat::default()));
    refused(repeat(&x, xp.asarray([1, HUGE as i64]).unwrap(), Repeat::default()));
    refused(repeat(&x, xp.asarray([i64::MAX, i64::MAX]).unwrap(), Repeat::default()));
}

/// No elements need no memory, however long the other axes are.
#[test]
fn nothing_is_never_too_much() {
    let xp = namespace();
    let x = xp.zeros([HUGE, 0]).unwrap();
    assert_eq!(x.shape().unwrap(), [HUGE, 0]);
    assert_eq!((&x + 1.0).ok().unwrap().shape().unwrap(), [HUGE, 0]);
    assert_eq!(x.sum(0).unwrap().shape().unwrap(), [0]);
    assert_eq!(repeat(&x, 2, Repeat::default().axis(0)).unwrap().shape().unwrap(), [2 * HUGE, 0]);
    refused(x.sum(1));
}
