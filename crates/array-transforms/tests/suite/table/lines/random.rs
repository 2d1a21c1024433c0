//! Random numbers.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "split" None [Make::Key] |x| split(&x[0], 3);
        "fold_in" None [Make::Key] |x| fold_in(&x[0], 7);
        "fold_in" None [Make::Key, int([3], 9)] |x| fold_in(&x[0], &x[1]);
        "gamma" None [Make::Key] |x| x[0].namespace().gamma(&x[0], [2, 2]);
        "beta" None [Make::Key] |x| x[0].namespace().beta(&x[0], [2, 2]);
        "permutation" None [Make::Key] |x| x[0].namespace().permutation(&x[0], 4);
        "choice" None [Make::Key] |x| x[0].namespace().choice(&x[0], None, (4, 3));
        "choice" None [Make::Key] |x| x[0].namespace().choice(&x[0], None, Choice::default().n(4).shape(3).replace(false));
        "bits" None [Make::Key] |x| x[0].namespace().bits(&x[0], 3);
        "uniform" None [Make::Key] |x| x[0].namespace().uniform(&x[0], [2, 3]);
        "normal" None [Make::Key] |x| x[0].namespace().normal(&x[0], [2, 3]);
        "exponential" None [Make::Key] |x| x[0].namespace().exponential(&x[0], 3);
        "integers" None [Make::Key] |x| x[0].namespace().integers(&x[0], (4, 2..9));
        "poisson" None [Make::Key] |x| x[0].namespace().poisson(&x[0], 4);
    }
}
