"""NumPy's questions about arrays: answered for ours, also where NumPy's own stand beside them, since nothing is computed.

Libraries that take our arrays by `numpy.asarray` ask these first.
"""

from ._native import Array


def view(x):
    """An array of ours as NumPy's, which shares its memory, read-only."""
    import numpy as np

    if isinstance(x, (list, tuple)):
        return type(x)(view(item) for item in x)
    return np.asarray(x) if isinstance(x, Array) else x


def _complex(x):
    return str(getattr(x, "dtype", "")).startswith("complex")


def _shape(a):
    return a.shape


def _ndim(a):
    return a.ndim


def _size(a, axis=None):
    if axis is None:
        return a.size
    axes = axis if isinstance(axis, tuple) else (axis,)
    n = 1
    for place in axes:
        if a.shape[place] is None:
            return None
        n *= a.shape[place]
    return n


def _through_views(name):
    """NumPy's own answer, about views of the memory."""

    def ask(*args, **kwargs):
        import numpy as np

        return getattr(np, name)(*map(view, args), **{k: view(v) for k, v in kwargs.items()})

    return ask


def _average(a, axis=None, weights=None, **more):
    """An average of NumPy's numbers by weights of ours, or the reverse, is NumPy's own."""
    import numpy as np

    if not any(isinstance(x, np.ndarray) for x in (a, weights)):
        return NotImplemented
    return np.average(view(a), axis=axis, weights=view(weights), **more)


def _dot(a, b):
    """As `_average`."""
    import numpy as np

    return np.dot(view(a), view(b)) if any(isinstance(x, np.ndarray) for x in (a, b)) else NotImplemented


def compared(x, ufunc, method, inputs):
    """Operands of `==` and `!=`, which ask and do not compute: NumPy's numbers as ours."""
    if method != "__call__" or ufunc.__name__ not in ("equal", "not_equal"):
        return inputs
    import numpy as np

    xp = x.__array_namespace__()
    numbers = [isinstance(i, np.ndarray) and i.dtype.kind in "biufc" for i in inputs]
    return [xp.asarray(i) if known else i for i, known in zip(inputs, numbers, strict=True)]


ANSWERS = {
    "dot": _dot,
    "average": _average,
    "iscomplexobj": _complex,
    "isrealobj": lambda x: not _complex(x),
    "shape": _shape,
    "ndim": _ndim,
    "size": _size,
    **{
        name: _through_views(name)
        for name in ("may_share_memory", "shares_memory", "common_type", "min_scalar_type", "array_equal", "array_equiv",
                     "array_repr", "array_str", "array2string")
    },
}


def answer(func):
    """The function that answers for one of NumPy's, or `None`."""
    return ANSWERS.get(func.__name__) if getattr(func, "__module__", None) == "numpy" else None
