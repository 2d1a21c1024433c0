"""NumPy's functions whose meaning is not that of the row alone: other axes, other forms of the parameters.

Each has NumPy's own parameters, as far as we have what they ask for; what it does not have, and what it answers with
`NotImplemented`, is NumPy's TypeError.
"""

from ._chunked import refuse_lazy
from ._native import Array

WRITTEN = {}


def written(f):
    WRITTEN[f.__name__] = f
    return f


def _flat(xp, x):
    return xp.reshape(x, (-1,)) if isinstance(x, Array) else x


def _as_matrices(xp, x, axis1, axis2):
    """The array with two axes at the end, where linear algebra has them."""
    return x if x.ndim == 2 and (axis1, axis2) == (0, 1) else xp.moveaxis(x, (axis1, axis2), (-2, -1))


@written
def trace(xp, a, offset=0, axis1=0, axis2=1, dtype=None):
    return xp.linalg.trace(_as_matrices(xp, a, axis1, axis2), offset=offset, dtype=dtype)


@written
def diagonal(xp, a, offset=0, axis1=0, axis2=1):
    return xp.linalg.diagonal(_as_matrices(xp, a, axis1, axis2), offset=offset)


@written
def cross(xp, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    if axis is None:
        if not axisa == axisb == axisc:
            return NotImplemented
        axis = axisa
    if axis >= 0:
        # The standard counts it from the end, since the arrays broadcast.
        if a.ndim != b.ndim:
            return NotImplemented
        axis -= a.ndim
    return xp.linalg.cross(a, b, axis=axis)


@written
def outer(xp, a, b):
    if not isinstance(a, Array):
        return xp.multiply(a, xp.reshape(b, (1, -1)))
    if not isinstance(b, Array):
        return xp.multiply(xp.reshape(a, (-1, 1)), b)
    return xp.linalg.outer(_flat(xp, a), _flat(xp, b))


@written
def histogram(xp, a, bins):
    if not isinstance(bins, Array):
        return NotImplemented
    return xp.histogram(_flat(xp, a), bins), bins


@written
def percentile(xp, a, q, axis=None, *, method="linear", keepdims=False):
    number = hasattr(q, "__float__") and getattr(q, "ndim", 0) == 0
    refuse_lazy("percentile", q, "the share", "")
    shares = float(q) / 100 if number else [float(p) / 100 for p in q]
    return xp.quantile(a, shares, axis=axis, method=method, keepdims=keepdims)


@written
def take(xp, a, indices, axis=None):
    indices = indices if isinstance(indices, Array) else xp.asarray(indices)
    return xp.take(_flat(xp, a) if axis is None else a, indices, axis=0 if axis is None else axis)


@written
def squeeze(xp, a, axis=None):
    return xp.squeeze(a, tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axis)


@written
def where(xp, condition, *values):
    return xp.where(condition, *values) if values else xp.nonzero(condition)


@written
def linspace(xp, start, stop, num=50, endpoint=True, *, dtype=None):
    refuse_lazy("linspace", start, "where it starts", "")
    refuse_lazy("linspace", stop, "where it ends", "")
    ends = [x.item() if isinstance(x, Array) and x.ndim == 0 else x for x in (start, stop)]
    if any(isinstance(x, Array) for x in ends):
        return NotImplemented
    return xp.linspace(*ends, num, endpoint=endpoint, dtype=dtype)


@written
def svd(xp, a, full_matrices=True, compute_uv=True):
    return xp.linalg.svd(a, full_matrices=full_matrices) if compute_uv else xp.linalg.svdvals(a)


@written
def cov(xp, m, y=None, rowvar=True, bias=False, ddof=None):
    if m.ndim > 2:
        return NotImplemented

    def rows(x):
        x = xp.reshape(x, (1, -1)) if x.ndim < 2 else x
        return x if rowvar or x.shape[0] == 1 else xp.matrix_transpose(x)

    x = rows(m) if y is None else xp.concat([rows(m), rows(y)])
    found = xp.cov(x, correction=float(0 if bias else 1) if ddof is None else float(ddof))
    return xp.squeeze(found, (0, 1)) if found.shape == (1, 1) else found


@written
def round(xp, a, decimals=0):
    return xp.round(a) if decimals == 0 else NotImplemented


@written
def around(xp, a, decimals=0):
    return round(xp, a, decimals)


@written
def fix(xp, x):
    return xp.trunc(x)


@written
def repeat(xp, a, repeats, axis=None):
    repeats = xp.asarray(repeats) if isinstance(repeats, (tuple, list)) else repeats
    return xp.repeat(a, repeats, axis=axis)


@written
def pinv(xp, a, *, rtol=None):
    return xp.linalg.pinv(a, rtol)


# In place, while rows give new arrays.
WRITTEN["put"] = None
