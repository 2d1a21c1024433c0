"""Functions whose signatures are not a row's: the row has other parameters, or there is no row since Python's objects
are what they are about."""

import sys

from . import _info, _native
from ._errors import AxisError
from ._info import check_device
from ._native import Array, dtypes


def written(kind, rows):
    """The functions for a kind, by name; `rows` has the registry's."""
    found = {}

    def ours(f):
        found[f.__name__.removesuffix("_")] = f
        return f

    @ours
    def asarray(obj, /, *, dtype=None, device=None, copy=None):
        """An array of a number, nested sequences, an array, or memory of another library, which is copied."""
        check_device(device)
        dtype = _native.dtype_of(dtype)
        if isinstance(obj, Array):
            if dtype is None or obj.dtype == dtype:
                return obj.copy() if copy else obj
            if copy is False:
                raise ValueError(f"asarray: {obj.dtype} cannot become {dtype} without a copy")
            return rows["astype"](obj, dtype)
        x = imported(obj, copy)
        if x is None:
            if copy is False:
                raise ValueError("asarray: Python's numbers and foreign memory cannot become an array without a copy")
            return _native.from_nested(kind, obj, dtype)
        return x if dtype is None or x.dtype == dtype else rows["astype"](x, dtype)

    def imported(obj, copy):
        """Other libraries' memory, as a copy; `None` for what has none."""
        if isinstance(obj, (bool, int, float, complex, list, tuple)):
            return None
        if hasattr(obj, "__dlpack__"):
            return from_dlpack(obj, copy=copy)
        try:
            view = memoryview(obj)
        except TypeError:
            return None
        if copy is False:
            raise ValueError("asarray: memory that others may write to is copied; copy=False is not possible")
        dtype = dtype_of_format(view)
        return _native.from_bytes(kind, view.tobytes(), view.shape, dtype)

    @ours
    def from_dlpack(x, /, *, device=None, copy=None):
        """An array of what has `__dlpack__`. Memory that others may write to is copied."""
        check_device(device)
        if isinstance(x, Array):
            return x.copy() if copy else x
        if copy is False:
            raise BufferError("from_dlpack: memory that others may write to is copied; copy=False is not possible")
        try:
            capsule = x.__dlpack__(max_version=(1, 0))
        except TypeError:
            capsule = x.__dlpack__()
        return _native.from_capsule(kind, capsule)

    @ours
    def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
        """Evenly spaced values from `start` (0 if it is the only one) to before `stop`."""
        check_device(device)
        start, stop = (0, start) if stop is None else (start, stop)
        return rows["arange"](start=start, stop=stop, step=step, dtype=dtype)

    @ours
    def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
        """`num` evenly spaced values from `start` to `stop`, which is included unless `endpoint` is false."""
        check_device(device)
        if dtype is None and (isinstance(start, complex) or isinstance(stop, complex)):
            dtype = dtypes["complex128"]
        return rows["linspace"](start=start, stop=stop, num=num, dtype=dtype, endpoint=endpoint)

    @ours
    def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
        """Ones on the `k`-th diagonal, zeros elsewhere."""
        check_device(device)
        # Diagonals beyond the matrix are all alike: empty.
        furthest = n_rows + (n_rows if n_cols is None else n_cols)
        k = max(-furthest, min(k, furthest))
        return rows["eye"](n_rows=n_rows, n_cols=n_cols, k=k, dtype=dtype)

    @ours
    def meshgrid(*arrays, indexing="xy"):
        """Coordinate arrays of a grid."""
        return rows["meshgrid"](arrays, indexing=indexing)

    @ours
    def broadcast_arrays(*arrays):
        """The arrays, all of the shape that they broadcast to."""
        return rows["broadcast_arrays"](arrays)

    @ours
    def astype(x, dtype, /, *, copy=True, device=None):
        """The elements as another data type."""
        check_device(device)
        dtype = _native.dtype_of(dtype)
        if not isinstance(x, Array):
            raise TypeError(f"astype: x is {type(x).__name__}, but must be an array; make one with asarray")
        if dtype is None:
            raise TypeError("astype: the data type is None")
        if x.dtype == dtype:
            return x.copy() if copy else x
        return rows["astype"](x, dtype)

    @ours
    def tensordot(x1, x2, /, *, axes=2):
        """Sum of products over pairs of axes: the last `axes` of `x1` with the first of `x2`, or two sequences."""
        if hasattr(axes, "__index__"):
            n = axes.__index__()
            axes = (tuple(range(-n, 0)), tuple(range(n)))
        first, second = (tuple(a) if hasattr(a, "__iter__") else (a,) for a in axes)
        return rows["tensordot"](x1, x2, axes1=first, axes2=second)

    @ours
    def einsum(*operands, subscripts=None):
        """Sums of products over labelled axes: `einsum("ij,jk->ik", a, b)` is a product of matrices.

        The arrays may also come as a sequence, and the subscripts by name."""
        if subscripts is None:
            if not operands or not isinstance(operands[0], str):
                raise TypeError('einsum: the subscripts, such as "ij,jk->ik", come first or by name')
            subscripts, *operands = operands
        elif len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            (operands,) = operands
        # Truth values and integers count as the numbers that they are multiplied with.
        inexact = [a.dtype for a in operands if isinstance(a, Array) and a.dtype.kind in "fc"]
        if inexact:
            common = _native.result_type(*inexact)
            exact = [isinstance(a, Array) and a.dtype.kind not in "fc" for a in operands]
            operands = [rows["astype"](a, common) if e else a for a, e in zip(operands, exact, strict=True)]
        return rows["einsum"](operands, subscripts=subscripts)

    @ours
    def searchsorted(x1, x2, /, *, side="left", sorter=None):
        """Where the elements of `x2` would be inserted to keep `x1` sorted."""
        return rows["searchsorted"](x1, x2, sorter=sorter, side=side)

    @ours
    def concat(arrays, /, *, axis=0):
        """Joins arrays along an axis; without one, the flattened arrays."""
        if axis is None:
            arrays, axis = [rows["reshape"](x, (-1,)) for x in arrays], 0
        return rows["concat"](arrays, axis=axis)

    @ours
    def expand_dims(x, /, axis):
        """Axes of extent one at a place, or at several places of the result."""
        if hasattr(axis, "__index__"):
            return rows["expand_dims"](x, axis)
        ndim = x.ndim + len(axis)
        for a in axis:
            if not -ndim <= a < ndim:
                raise AxisError(f"expand_dims: axis {a} does not exist in a result of {ndim} axes")
        places = sorted(a % ndim for a in axis)
        if len(set(places)) != len(places):
            raise ValueError(f"expand_dims: the axes {tuple(axis)} name one of {ndim} twice")
        for a in places:
            x = rows["expand_dims"](x, a)
        return x

    @ours
    def diff(x, /, n=1, axis=-1, prepend=None, append=None):
        """The `n`-th differences along an axis, after values are put before and behind.

        The standard has the parameters by name only; NumPy's order serves those who give them by position."""
        parts = [part for part in (prepend, x, append) if part is not None]
        return rows["diff"](rows["concat"](parts, axis=axis) if len(parts) > 1 else x, axis=axis, n=n)

    found.update(finfo=_info.finfo, iinfo=_info.iinfo)
    for name in ("broadcast_shapes", "can_cast", "isdtype", "result_type"):
        found[name] = _wrapped(getattr(_native, name))
    return found


def _wrapped(f):
    """A function of Rust's with the attributes of one of Python's, which every namespace sets for itself."""
    import functools

    @functools.wraps(f)
    def call(*args, **kwargs):
        return f(*args, **kwargs)

    return call


# Formats of the buffer protocol; sizes decide between those that C leaves open.
_FORMATS = {"?": "bool", **dict.fromkeys("bhilqn", "int"), **dict.fromkeys("BHILQN", "uint"), "f": "float32",
            "d": "float64", "Zf": "complex64", "Zd": "complex128", "F": "complex64", "D": "complex128"}


def dtype_of_format(view):
    text = view.format
    if text[:1] in ("<" if sys.byteorder == "little" else ">", "=", "@"):
        text = text[1:]
    name = _FORMATS.get(text)
    if name is None:
        raise TypeError(f"memory of format {view.format!r} has none of the standard's data types")
    return dtypes[name if name not in ("int", "uint") else f"{name}{8 * view.itemsize}"]
