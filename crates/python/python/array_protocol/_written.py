"""Functions whose signatures are not a row's: the row has other parameters, or there is no row since Python's objects
are what they are about."""

import sys

from . import _info, _native
from ._errors import AxisError
from ._native import Array, dtypes


def written(kind, rows):
    """The functions for a kind, by name; `rows` has the registry's."""
    found = {}
    chunk_kind = _native.chunked.of(kind) if kind is not None and kind.partition("#")[0] == "chunked" else None

    def ours(f):
        found[f.__name__.removesuffix("_")] = f
        return f

    def check_device(device):
        _info.check_device(kind, device)

    def placed(x, device):
        """The array where it is asked for."""
        return x if device is None or x.device == device else x.to_device(device)

    def is_own(obj):
        """Whether an array of ours is one of this namespace. Kinds that are built in from elsewhere are left as they are:
        what they hold may take far more memory as elements."""
        if not isinstance(obj, Array):
            return False
        # Inside a transformation, the namespace is that of what is transformed. Lazy arrays with other options are lazy too.
        return obj.home == kind.partition("#")[0] or obj.home in _native.extensions or kind in _native.extensions

    @ours
    def asarray(obj, /, *, dtype=None, device=None, copy=None):
        """An array of a number, nested sequences, an array, or memory of another library, as `from_dlpack` takes it."""
        check_device(device)
        dtype = _native.dtype_of(dtype)
        if is_own(obj):
            if dtype is None or obj.dtype == dtype:
                return located(obj, device, copy)
            if copy is False:
                raise ValueError(f"asarray: {obj.dtype} cannot become {dtype} without a copy")
            return placed(rows["astype"](obj, dtype), device)
        x = imported(obj, copy)
        if x is None:
            if copy is False:
                raise ValueError("asarray: Python's numbers and foreign memory cannot become an array without a copy")
            return placed(_native.from_nested(kind, obj, dtype), device)
        if dtype is None or x.dtype == dtype:
            return located(x, device, None if copy else copy)
        if copy is False:
            raise ValueError(f"asarray: {x.dtype} cannot become {dtype} without a copy")
        return placed(rows["astype"](x, dtype), device)

    def located(x, device, copy):
        """The array, or a copy of it, on a device, unless that takes a copy that is forbidden."""
        if device is not None and x.device != device:
            if copy is False:
                raise ValueError(f"an array on {x.device} cannot be on {device} without a copy")
            return x.to_device(device)
        return x.copy() if copy else x

    def imported(obj, copy):
        """Other libraries' memory; `None` for what has none."""
        if chunk_kind is not None and isinstance(obj, Array) and obj.kind == chunk_kind:
            # Arrays are values, and parts of one may be chunks.
            return _native.chunked.from_array(kind, obj, None)
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
        """An array of what has `__dlpack__`.

        Arrays of libtorch's share the memory, and see what others write to it; those of other kinds are a copy."""
        check_device(device)
        if is_own(x):
            return located(x, device, copy)
        return located(_native.from_capsule(kind, exported(x), copy), device, None if copy else copy)

    @ours
    def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
        """Evenly spaced values from `start` (0 if it is the only one) to before `stop`."""
        start, stop = (0, start) if stop is None else (start, stop)
        return rows["arange"](start=start, stop=stop, step=step, dtype=dtype, device=device)

    @ours
    def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
        """`num` evenly spaced values from `start` to `stop`, which is included unless `endpoint` is false."""
        if dtype is None and (isinstance(start, complex) or isinstance(stop, complex)):
            dtype = dtypes["complex128"]
        return rows["linspace"](start=start, stop=stop, num=num, dtype=dtype, endpoint=endpoint, device=device)

    @ours
    def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
        """Ones on the `k`-th diagonal, zeros elsewhere."""
        # Diagonals beyond the matrix are all alike: empty.
        furthest = n_rows + (n_rows if n_cols is None else n_cols)
        k = max(-furthest, min(k, furthest))
        return rows["eye"](n_rows=n_rows, n_cols=n_cols, k=k, dtype=dtype, device=device)

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
            return located(x, device, copy)
        return placed(rows["astype"](x, dtype), device)

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


# DLPack's number of CUDA devices, and the stream on which libtorch works unless it is told otherwise.
_CUDA, _DEFAULT_STREAM = 2, 1


def exported(x):
    """A producer's capsule; one on a GPU holds its work back from ours until it is done."""
    where = x.__dlpack_device__()[0] if hasattr(x, "__dlpack_device__") else None
    stream = {"stream": _DEFAULT_STREAM} if where == _CUDA else {}
    try:
        return x.__dlpack__(max_version=(1, 0), **stream)
    except TypeError:
        return x.__dlpack__(**stream)


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
