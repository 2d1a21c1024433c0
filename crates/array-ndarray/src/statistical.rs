//! Reductions and scans.

use array_api::{
    All, Any, Argmax, Argmin, CountNonzero, CumulativeProd, CumulativeSum, Max, Min, Prod, Result, Std, Sum, Var,
    Verdict, implements,
};

use crate::array::NdArray;
use crate::{cumulative, position, reduce, variance};

macro_rules! reductions {
    (with dtype: $($f:ident $P:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &NdArray, p: &$P, verdict: &Verdict) -> Result<NdArray> {
            reduce::$f(x, &p.axis.list(x.shape().len()), verdict.dims(), verdict.dtype())
        }
    )* };
    (plain: $($f:ident $P:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &NdArray, p: &$P, verdict: &Verdict) -> Result<NdArray> {
            reduce::$f(x, &p.axis.list(x.shape().len()), verdict.dims())
        }
    )* };
    (variance: $($f:ident $P:ident $root:literal;)*) => { $(
        #[implements($f)]
        fn $f(x: &NdArray, p: &$P, verdict: &Verdict) -> Result<NdArray> {
            variance::variance(x, &p.axis.list(x.shape().len()), verdict.dims(), p.correction, $root)
        }
    )* };
    (position: $($f:ident $P:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &NdArray, p: &$P, verdict: &Verdict) -> Result<NdArray> {
            position::$f(x, p.axis.map(|a| a as usize), verdict.dims())
        }
    )* };
    (cumulative: $($f:ident $P:ident;)*) => { $(
        #[implements($f)]
        fn $f(x: &NdArray, p: &$P, verdict: &Verdict) -> Result<NdArray> {
            cumulative::$f(x, p.axis.unwrap_or(0) as usize, p.include_initial, verdict.dtype())
        }
    )* };
}

reductions! { with dtype: sum Sum; prod Prod; count_nonzero CountNonzero; }
reductions! { plain: max Max; min Min; any Any; all All; }
reductions! { variance: var Var false; std Std true; }
reductions! { position: argmax Argmax; argmin Argmin; }
reductions! { cumulative: cumulative_sum CumulativeSum; cumulative_prod CumulativeProd; }
