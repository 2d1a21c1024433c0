//! Statistics.

use super::*;

pub(super) fn lines() -> Vec<Line> {
    table! {
        "sum" Smooth [r([2, 3])] |x| sum(&x[0], ..);
        "sum" Smooth [z([2, 3])] |x| sum(&x[0], axis(0).keepdims());
        "sum" Smooth [r([2, 3, 2])] |x| sum(&x[0], [0, -1]);
        "sum" Smooth [r([2])] |x| sum(&x[0], axis(0).dtype(DType::Complex128));
        "sum" Smooth [r([])] |x| sum(&x[0], ..);
        "prod" Smooth [r([2, 3])] |x| prod(&x[0], ..);
        "prod" Smooth [r([2, 3])] |x| prod(&x[0], 1);
        "prod" Smooth [z([2, 2, 2])] |x| prod(&x[0], axis([0, 2]).keepdims());
        "max" Smooth [r([2, 3])] |x| max(&x[0], ..);
        "max" Smooth [r([2, 3])] |x| max(&x[0], axis(1).keepdims());
        "min" Smooth [r([2, 3])] |x| min(&x[0], 0);
        "min" Smooth [r([2, 3, 2])] |x| min(&x[0], [0, 2]);
        "mean" Smooth [r([2, 3])] |x| mean(&x[0], ..);
        "mean" Smooth [z([2, 3])] |x| mean(&x[0], 1);
        "var" Smooth [r([2, 3])] |x| var(&x[0], ..);
        "var" Smooth [r([2, 3])] |x| var(&x[0], axis(1).correction(1.0));
        "std" Smooth [r([2, 3])] |x| std(&x[0], ..);
        "std" Smooth [r([2, 3])] |x| std(&x[0], axis(0).keepdims().correction(1.0));
        "logsumexp" Smooth [r([2, 3])] |x| logsumexp(&x[0], ..);
        "logsumexp" Smooth [r([2, 3])] |x| logsumexp(&x[0], axis(1).keepdims());
        "quantile" Smooth [r([2, 3])] |x| quantile(&x[0], 0.3);
        "quantile" Smooth [r([2, 3, 2])] |x| quantile(&x[0], Quantile::default().q(0.9).axis([0, 2]).keepdims(true));
        "quantile" Smooth [r([2, 3])] |x| quantile(&x[0], (1.0, 0));
        "median" Smooth [r([2, 3])] |x| median(&x[0], ..);
        "median" Smooth [r([2, 4])] |x| median(&x[0], axis(1).keepdims());
        "nansum" Smooth [r([2, 3])] |x| nansum(holes(&x[0])?, ..);
        "nansum" Smooth [r([2, 3])] |x| nansum(holes(&x[0])?, axis(1).keepdims());
        "nanmean" Smooth [r([2, 3])] |x| nanmean(holes(&x[0])?, ..);
        "nanmean" Smooth [r([2, 5])] |x| nanmean(holes(&x[0])?, 1);
        "nanvar" Smooth [r([2, 5])] |x| nanvar(holes(&x[0])?, ..);
        "nanvar" Smooth [r([2, 5])] |x| nanvar(&x[0], axis(1).correction(1.0));
        "nanstd" Smooth [r([2, 5])] |x| nanstd(holes(&x[0])?, ..);
        "nanmax" Smooth [r([2, 5])] |x| nanmax(holes(&x[0])?, axis(1).keepdims());
        "nanmax" Smooth [r([2, 3])] |x| nanmax(holes(&x[0])?, ..);
        "nanmin" Smooth [r([2, 5])] |x| nanmin(holes(&x[0])?, 1);
        "cov" Smooth [r([2, 4])] |x| cov(&x[0], ..);
        "cov" Smooth [z([2, 2, 3])] |x| cov(&x[0], Cov::default().correction(0.0));
        "histogram" None [r([3, 4]), range([1], 0.2, 0.3)] |x| histogram(&x[0], points(&x[1])?);
        "bincount" None [int([3, 4], 5)] |x| bincount(&x[0], 4);
        "cumulative_sum" Smooth [r([2, 3])] |x| cumulative_sum(&x[0], 1);
        "cumulative_sum" Smooth [z([3])] |x| cumulative_sum(&x[0], ..);
        "cumulative_sum" Smooth [r([2, 3])] |x| cumulative_sum(&x[0], CumulativeSum { axis: Some(0), dtype: None, include_initial: true });
        "cumulative_prod" Smooth [r([2, 4])] |x| cumulative_prod(&x[0], 1);
        "cumulative_prod" Smooth [z([3])] |x| cumulative_prod(&x[0], ..);
        "cumulative_prod" Smooth [r([3, 2])] |x| cumulative_prod(&x[0], CumulativeProd { axis: Some(0), dtype: None, include_initial: true });
        "quantile" Smooth [r([2, 3])] |x| quantile(&x[0], [0.3, 0.9, 0.5]);
        "quantile" Smooth [r([2, 3, 2])] |x| quantile(&x[0], Quantile::from(([0.1, 0.8], -1)).method("midpoint").keepdims(true));
        "quantile" Smooth [r([2, 4])] |x| quantile(&x[0], Quantile::default().q(vec![0.2]).axis([0, 1]).method("hazen"));
    }
}
