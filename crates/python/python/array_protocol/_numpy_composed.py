"""NumPy's functions that no row is named after, but that rows compose: joins, at least so many axes, sets, averages."""

from ._chunked import refuse_lazy
from ._native import Array
from ._numpy_written import written


def _several(xp, arrays, f):
    found = [f(a if isinstance(a, Array) else xp.asarray(a)) for a in arrays]
    return found[0] if len(found) == 1 else tuple(found)


@written
def atleast_1d(xp, *arys):
    return _several(xp, arys, lambda a: xp.reshape(a, (1,)) if a.ndim == 0 else a)


@written
def atleast_2d(xp, *arys):
    return _several(xp, arys, lambda a: xp.reshape(a, (1, -1)) if a.ndim < 2 else a)


@written
def atleast_3d(xp, *arys):
    def three(a):
        return a if a.ndim > 2 else xp.expand_dims(a, 2) if a.ndim == 2 else xp.reshape(a, (1, -1, 1))

    return _several(xp, arys, three)


def _listed(found):
    return found if isinstance(found, tuple) else (found,)


@written
def hstack(xp, tup):
    tup = _listed(atleast_1d(xp, *tup))
    return xp.concat(tup, axis=0 if tup[0].ndim == 1 else 1)


@written
def vstack(xp, tup):
    return xp.concat(_listed(atleast_2d(xp, *tup)), axis=0)


@written
def column_stack(xp, tup):
    return xp.concat([xp.reshape(a, (-1, 1)) if a.ndim < 2 else a for a in tup], axis=1)


@written
def ravel(xp, a):
    return xp.reshape(a, (-1,))


@written
def copy(xp, a):
    return xp.asarray(a, copy=True)


@written
def swapaxes(xp, a, axis1, axis2):
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return xp.permute_dims(a, tuple(order))


@written
def average(xp, a, axis=None, weights=None, returned=False, *, keepdims=False):
    a = a if xp.isdtype(a.dtype, ("real floating", "complex floating")) else xp.astype(a, xp.float64)
    if weights is None:
        mean = xp.mean(a, axis=axis, keepdims=keepdims)
        return (mean, xp.full(mean.shape, a.size / max(mean.size, 1))) if returned else mean
    if weights.shape != a.shape:
        if axis is None or not hasattr(axis, "__index__") or weights.shape != (a.shape[axis],):
            return NotImplemented
        weights = xp.reshape(weights, tuple(-1 if i == axis % a.ndim else 1 for i in range(a.ndim)))
    weights = xp.broadcast_to(xp.astype(weights, a.dtype, copy=False), a.shape)
    total = xp.sum(weights, axis=axis, keepdims=keepdims)
    refuse_lazy("average", total, "whether the weights sum to zero", ", or divide the sums")
    if bool(xp.any(total == 0)):
        raise ZeroDivisionError("average: the weights sum to zero")
    mean = xp.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


@written
def unique(xp, ar, return_index=False, return_inverse=False, return_counts=False, *, equal_nan=True, sorted=True):
    inexact = xp.isdtype(ar.dtype, ("real floating", "complex floating"))
    if equal_nan and inexact:
        refuse_lazy("unique", ar, "whether there is a NaN", ", or give equal_nan=False")
    if equal_nan and inexact and bool(xp.any(xp.isnan(ar))):
        # All of them are one for NumPy, and each is itself for the standard.
        if return_index or return_inverse or return_counts:
            return NotImplemented
        numbers = xp.unique_values(ar[~xp.isnan(ar)])
        return xp.concat([numbers, xp.full((1,), xp.nan, dtype=ar.dtype)])
    found = xp.unique_all(ar)
    asked = ((return_index, found.indices), (return_inverse, found.inverse_indices), (return_counts, found.counts))
    chosen = [part for wanted, part in asked if wanted]
    return (found.values, *chosen) if chosen else found.values
