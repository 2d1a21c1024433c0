//! An operation of one's own: it runs on every kind and has derivatives, since its parts do.

use array_api::*;

operation! {
    /// The root of the mean of squares over `axis`.
    RootMeanSquare = root_mean_square(x: One) {
        /** The axes that go. */ axis: Axes = Axes::All, keepdims: bool = false,
    } -> Array;
    "statistical", Reduction,
    |op, p, args| {
        let x = rule::array(op, args, 0)?;
        rule::REAL_FLOATING.check(op, x.dtype())?;
        Ok(Verdict::same(rule::reduced_dims(op, x, &mut p.axis, p.keepdims)?, x.dtype()))
    },
    compose |p, call| {
        let squares = square(&call[0])?;
        sqrt(mean(squares, Mean { axis: p.axis.clone(), keepdims: p.keepdims })?)
    },
    methods (trait RootMeanSquareMethod)
}

impl From<std::ops::RangeFull> for RootMeanSquare {
    fn from(_: std::ops::RangeFull) -> RootMeanSquare {
        RootMeanSquare::default()
    }
}

impl From<isize> for RootMeanSquare {
    fn from(axis: isize) -> RootMeanSquare {
        RootMeanSquare::default().axis(axis)
    }
}
