//! The list of rows, the check of each, and the macro that makes tests of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::kit::{Kit, Make, Through};
use crate::{
    Check, activation, along_axis, closeness, convolution, counts, creation, determinants, eigen, einsum, elementwise,
    fft, frequencies, gamma_functions, incomplete, indexing, linalg, linear_algebra, manipulation, norms,
    order_statistics, padding, products, random, searching, selection, spectral, statistical, utility, variates,
};

/// Rows with a check of their own; all others are elementwise lines.
const TABLES: &[&[(&str, Check)]] = &[
    activation::ROWS,
    along_axis::ROWS,
    closeness::ROWS,
    convolution::ROWS,
    counts::ROWS,
    creation::ROWS,
    determinants::ROWS,
    eigen::ROWS,
    einsum::ROWS,
    elementwise::ROWS,
    fft::ROWS,
    frequencies::ROWS,
    gamma_functions::ROWS,
    incomplete::ROWS,
    indexing::ROWS,
    linalg::ROWS,
    linear_algebra::ROWS,
    manipulation::ROWS,
    norms::ROWS,
    order_statistics::ROWS,
    padding::ROWS,
    products::ROWS,
    random::ROWS,
    searching::ROWS,
    selection::ROWS,
    spectral::ROWS,
    statistical::ROWS,
    utility::ROWS,
    variates::ROWS,
];

/// Whether the kit has a check for a row.
pub fn known(row: &str) -> bool {
    TABLES.iter().any(|t| t.iter().any(|(n, _)| *n == row)) || crate::line::line_of(row).is_some()
}

/// Runs the check of a row on a kind, inside of `through` if there is one.
///
/// # Errors
/// What is wrong, one call a line; a panic of the backend is one of them.
pub fn run(row: &'static str, make: Box<Make>, through: Option<Box<Through>>) -> Result<(), String> {
    if !known(row) {
        return Err(format!("{row}: the kit has no check for this row"));
    }
    let checked = catch_unwind(AssertUnwindSafe(|| {
        let mut kit = Kit::new(make, through, row);
        match TABLES.iter().flat_map(|t| t.iter()).find(|(n, _)| *n == row) {
            Some((_, check)) => check(&mut kit),
            None => elementwise::check(&mut kit, row),
        }
        kit.finish()
    }));
    checked.unwrap_or_else(|_| Err(format!("{row}: the implementation panicked; its message is above")))
}

/// Runs the check of a row and holds the result against the expected failures.
///
/// # Panics
/// If the row fails and is not expected to, or the other way round.
pub fn held(row: &'static str, make: Box<Make>, through: Option<Box<Through>>, expected: &[(&str, &str)]) {
    let row = array_api::op_name(row);
    let reason = expected.iter().find(|(name, _)| *name == row).map(|(_, why)| *why);
    match (run(row, make, through), reason) {
        (Ok(()), None) => {}
        (Err(found), Some(why)) => println!("{row} fails as expected ({why}):\n{found}"),
        (Err(found), None) => panic!("{row} is not as it must be:\n{found}"),
        (Ok(()), Some(why)) => panic!("{row} is expected to fail ({why}), but passes: remove the entry"),
    }
}

macro_rules! rows {
    // A dollar sign for the inner macro is the first token: nested repetitions cannot be escaped otherwise.
    ($d:tt $($row:ident)*) => {
        /// Every row that [`conformance!`](crate::conformance) makes a test of.
        pub fn names() -> impl Iterator<Item = &'static str> {
            [$(stringify!($row)),*].into_iter().map(array_api::op_name)
        }

        /// Makes a module of tests, one for every row of the protocol; see the [crate's documentation](crate).
        #[macro_export]
        macro_rules! conformance {
            (mod $d m:ident, constructor = $d make:expr, expected = $d expected:tt $d(,)?) => {
                $d crate::conformance!(@ $d m, $d make, None, $d expected, {
                    #[test]
                    fn any_call_gives_results_or_an_error() {
                        if let Err(wrong) = $d crate::any_call(&*__make(), $d crate::asked("SEED", 1), $d crate::asked("TIMES", 200) as usize) {
                            panic!("{wrong}");
                        }
                    }
                });
            };
            (mod $d m:ident, $d namespace:expr, through = $d through:expr, expected = $d expected:tt $d(,)?) => {
                $d crate::conformance!(@ $d m, {
                    let namespace: $d crate::__array_api::Namespace = $d namespace;
                    move |host, dims| namespace.from_host(host, dims)
                }, Some(Box::new($d through)), $d expected, {});
            };
            (@ $d m:ident, $d make:expr, $d through:expr, { $d($d name:literal: $d why:literal),* $d(,)? }, { $d($d more:tt)* }) => {
                mod $d m {
                    #[allow(unused_imports)]
                    use super::*;

                    #[allow(dead_code)]
                    const EXPECTED: &[(&str, &str)] = &[$d(($d name, $d why)),*];

                    #[allow(dead_code)]
                    fn __make() -> Box<$d crate::Make> {
                        Box::new($d make)
                    }

                    #[allow(dead_code)]
                    fn __through() -> Option<Box<$d crate::Through>> {
                        $d through
                    }

                    #[test]
                    fn expected_failures_are_rows() {
                        for (name, _) in EXPECTED {
                            assert!($d crate::names().any(|n| n == *name), "{name} is no row of the protocol");
                        }
                    }

                    $d($d more)*

                    $(
                        #[test]
                        fn $row() {
                            $d crate::held(stringify!($row), __make(), __through(), EXPECTED);
                        }
                    )*
                }
            };
            (mod $d m:ident, $d namespace:expr, expected = $d expected:tt $d(,)?) => {
                $d crate::conformance!(mod $d m, constructor = {
                    let namespace: $d crate::__array_api::Namespace = $d namespace;
                    move |host, dims| namespace.from_host(host, dims)
                }, expected = $d expected);
            };
            (constructor = $d make:expr, expected = $d expected:tt $d(,)?) => {
                $d crate::conformance!(mod conformance, constructor = $d make, expected = $d expected);
            };
            ($d namespace:expr, expected = $d expected:tt $d(,)?) => {
                $d crate::conformance!(mod conformance, $d namespace, expected = $d expected);
            };
        }
    };
}

rows! { $
    relu elu selu gelu sigmoid softplus zeros ones full arange linspace eye empty empty_like zeros_like ones_like
    full_like tril triu meshgrid astype abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp
    expm1 floor imag isfinite isinf isnan log log1p log2 log10 logical_not negative positive real reciprocal round
    sign signbit sin sinh square sqrt tan tanh trunc add atan2 bitwise_and bitwise_left_shift bitwise_or
    bitwise_right_shift bitwise_xor copysign divide equal floor_divide greater greater_equal hypot less less_equal
    logaddexp logical_and logical_or logical_xor maximum minimum multiply nextafter not_equal pow remainder subtract
    where_ clip erf at set_at take take_along_axis index_add scatter_add put at_arrays set_at_arrays at_mask
    set_at_mask cholesky solve triangular_solve qr svd inv matmul matrix_transpose vecdot tensordot broadcast_to
    broadcast_arrays concat expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile unstack key
    split fold_in bits uniform normal exponential integers poisson argmax argmin count_nonzero nonzero searchsorted
    unique_all unique_values unique_counts unique_inverse isin argsort sort sum prod max min mean var std logsumexp
    cumulative_sum cumulative_prod all any diff stop_gradient to_device convert
    fft ifft rfft irfft hfft ihfft fftn ifftn rfftn irfftn fftfreq rfftfreq fftshift ifftshift eigh eigvalsh eig eigvals
    det slogdet matrix_power svdvals matrix_rank pinv vector_norm matrix_norm outer kron cross diagonal trace einsum
    median quantile nansum nanmean nanmax nanmin nanvar nanstd histogram bincount cov pad interp isclose allclose
    softmax log_softmax lgamma digamma polygamma gamma beta permutation choice convolve conv2d max_pool2d avg_pool2d
    sliding_window_view gammainc gammaincc betainc
}
