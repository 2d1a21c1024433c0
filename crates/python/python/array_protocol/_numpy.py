"""NumPy's protocols: `np.f(ours)` comes here (NEP 18, NEP 13), and `np.asarray(ours)` is a read-only view.

Arguments are read by NumPy's own signature and handed to our function of that name, or to the one that `_numpy_written.py`
writes out. What our function does not take, and arrays of other classes among the arguments, get `NotImplemented`, which
NumPy turns into its TypeError. `table()` has every function of NumPy's that comes to us.
"""

import functools
import inspect
import sys

from . import _numpy_asks, _numpy_composed  # noqa: F401, the latter for what it writes
from ._native import Array, dtypes
from ._numpy_written import WRITTEN

# NumPy's names where the standard's are others.
NAMES = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "concatenate": "concat",
    "conjugate": "conj",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "mod": "remainder",
    "bitwise_not": "bitwise_invert",
}

# Names of parameters, likewise; the arrays go by position.
PARAMETERS = {"a_max": "max", "a_min": "min", "ddof": "correction", "newshape": "shape", "reps": "repetitions",
              "UPLO": "uplo"}

# What a ufunc's `reduce` and `accumulate` are.
REDUCED = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all",
           "logical_or": "any"}
ACCUMULATED = {"add": "cumulative_sum", "multiply": "cumulative_prod"}


def as_array(x, dtype, copy):
    import numpy as np

    view = np.from_dlpack(x)
    if dtype is not None and view.dtype != dtype:
        if copy is False:
            raise ValueError(f"{view.dtype} cannot become {np.dtype(dtype)} without a copy")
        return view.astype(dtype)
    return view.copy() if copy else view


# Reading a signature takes longer than most calls.
signature = functools.cache(inspect.signature)


@functools.cache
def our_function(xp, func):
    """Our function for one of NumPy's that is no ufunc, or `None`."""
    module = getattr(func, "__module__", None) or ""
    name = NAMES.get(func.__name__, func.__name__)
    # `numpy.linalg` has the standard's own `trace`, `cross` and their like; NumPy's older ones are written out.
    standard = module != "numpy" and name in ("trace", "diagonal", "cross", "outer")
    if name in WRITTEN and module in ("numpy", "numpy.linalg") and not standard:
        return WRITTEN[name]
    places = {"numpy": [xp, getattr(xp, "linalg", None)], "numpy.linalg": [getattr(xp, "linalg", None)],
              "numpy.fft": [getattr(xp, "fft", None)], "numpy.lib.stride_tricks": [xp]}
    for place in places.get(module, []):
        found = getattr(place, name, None) if name in getattr(place, "__all__", ()) else None
        if found is not None:
            return found
    return None


def our_dtype(value):
    """NumPy's data types as ours."""
    import numpy as np

    return dtypes[np.dtype(value).name] if isinstance(value, (np.dtype, type, str)) else value


def table():
    """The name of each public function of NumPy's that comes to us, and the name of ours; ufuncs are among them."""
    import numpy as np

    from . import ndarray as xp

    found = {}
    modules = {"": np, "linalg.": np.linalg, "fft.": np.fft, "lib.stride_tricks.": np.lib.stride_tricks}
    for prefix, place in modules.items():
        for name, func in sorted(vars(place).items()):
            if isinstance(func, np.ufunc) and not name.startswith("_"):
                ours = getattr(xp, NAMES.get(func.__name__, func.__name__), None)
            elif hasattr(func, "_implementation") and not name.startswith("_"):
                ours = our_function(xp, func)
            else:
                continue
            if ours is not None:
                found[prefix + name] = ours.__name__
    return found


@functools.cache
def reading(func, ours):
    """What `translated` asks of the two signatures: NumPy's parameters, how many of ours go first, and ours by name."""
    mine = signature(ours).parameters
    leading = sum(p.kind is p.POSITIONAL_ONLY for p in mine.values())
    return [(name, p.kind, p.default) for name, p in signature(func).parameters.items()], leading, frozenset(mine)


def translated(func, ours, args, kwargs):
    """Arguments by NumPy's signature, which NumPy has checked, as arguments by ours; `None` where ours has no such
    parameter."""
    np = sys.modules["numpy"]

    def ours_of(value):
        known = isinstance(value, np.dtype) or isinstance(value, type) and issubclass(value, np.generic)
        return our_dtype(value) if known else value

    kinds = inspect.Parameter
    theirs, leading, mine = reading(func, ours)
    rest, taken = dict(kwargs), 0
    positional, named, skipped = [], {}, False
    for place, (name, kind, default) in enumerate(theirs):
        if kind is kinds.VAR_POSITIONAL:
            positional.extend(map(ours_of, args[taken:]))
            continue
        if kind is kinds.VAR_KEYWORD:
            named.update(rest)
            continue
        if taken < len(args) and kind is not kinds.KEYWORD_ONLY:
            value, taken = args[taken], taken + 1
        elif name in rest:
            value = rest.pop(name)
        else:
            skipped = True
            continue
        if place < leading and not skipped:
            positional.append(our_dtype(value) if name == "dtype" else ours_of(value))
        elif value is not np._NoValue and value is not default:
            name = PARAMETERS.get(name, name)
            if name not in mine:
                return None
            named[name] = our_dtype(value) if name == "dtype" else value
    return positional, named


def is_default(func, name, value):
    p = signature(func).parameters.get(name)
    return p is not None and value is p.default


def array_function(x, func, types, args, kwargs):
    asked = _numpy_asks.answer(func)
    if asked is not None and (told := asked(*args, **kwargs)) is not NotImplemented:
        return told
    if not all(issubclass(t, Array) for t in types):
        return NotImplemented
    xp = x.__array_namespace__()
    ours = our_function(xp, func)
    if ours is None:
        return NotImplemented
    if ours is WRITTEN.get(func.__name__):
        kwargs = {k: our_dtype(v) if k == "dtype" else v for k, v in kwargs.items() if not is_default(func, k, v)}
        try:
            signature(ours).bind(xp, *args, **kwargs)
        except TypeError:
            return NotImplemented
        return ours(xp, *args, **kwargs)
    try:
        given = translated(func, ours, args, kwargs)
    except (TypeError, ValueError):
        return NotImplemented
    if given is None:
        return NotImplemented
    positional, named = given
    return ours(*positional, **named)


def plain(value):
    """NumPy's scalars are numbers like Python's: they take our array's type."""
    np = sys.modules["numpy"]
    return value.item() if isinstance(value, np.generic) else value


def array_ufunc(x, ufunc, method, inputs, kwargs):
    inputs = _numpy_asks.compared(x, ufunc, method, inputs)
    inputs, kwargs = [plain(i) for i in inputs], dict(kwargs or {})
    if not all(isinstance(i, (Array, bool, int, float, complex)) for i in inputs):
        return NotImplemented
    out = kwargs.pop("out", None)
    if out is not None and (len(out) != 1 or not isinstance(out[0], Array)):
        return NotImplemented
    if kwargs.pop("where", True) is not True:
        return NotImplemented
    xp = x.__array_namespace__()
    result = computed(xp, ufunc.__name__, method, inputs, kwargs)
    if result is NotImplemented or out is None:
        return result
    out[0][...] = result
    return out[0]


def computed(xp, name, method, inputs, kwargs):
    kwargs = {k: our_dtype(v) if k == "dtype" else v for k, v in kwargs.items()}
    ours = getattr(xp, NAMES.get(name, name), None)
    if method == "__call__" and ours is not None and not kwargs:
        return ours(*inputs)
    if method == "reduce" and name in REDUCED and kwargs.keys() <= {"axis", "keepdims", "dtype"}:
        kwargs.setdefault("axis", 0)
        if name not in ("add", "multiply") and "dtype" in kwargs:
            return NotImplemented
        return getattr(xp, REDUCED[name])(*inputs, **kwargs)
    if method == "accumulate" and name in ACCUMULATED and kwargs.keys() <= {"axis", "dtype"}:
        kwargs.setdefault("axis", 0)
        return getattr(xp, ACCUMULATED[name])(*inputs, **kwargs)
    if method == "outer" and ours is not None and not kwargs and all(isinstance(i, Array) for i in inputs):
        a, b = inputs
        return ours(xp.reshape(a, a.shape + (1,) * b.ndim), b)
    return NotImplemented
