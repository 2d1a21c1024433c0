"""Tasks of a plan as an engine elsewhere runs them: bytes and NumPy arrays in, NumPy arrays out.

What a task gives is NumPy's view of memory of ours, and knows the array that it is of. The next task on the same worker
takes that array, so nothing is copied. Chunks that come from elsewhere are copied once.
"""

from . import _native

_lazy = _native.chunked


def eval_task(description, /, *chunks):
    """Runs a task of a plan of lazy arrays: operations with their parameters, as bytes, on chunks.

    Chunks are NumPy's arrays, or those of any library that speaks DLPack. A task of one result gives an array of NumPy's, of
    several a tuple. It computes on one thread, without Python's lock: an engine runs as many tasks at once as it has threads.
    Bytes that are no description, or were written by another version of this package or for another kind of processor, are
    a ValueError; a NotImplementedError names an operation or a kind of arrays that is not known here."""
    given = tuple(lent(x) for x in _lazy.eval_task(description, chunks, taken))
    return given[0] if len(given) == 1 else given


def eval_picked(description, picks, /, *inputs):
    """The same for chunks that are inputs, or parts of inputs that are several results."""
    return eval_task(description, *(inputs[at] if part is None else inputs[at][part] for at, part in picks))


class _Lent:
    """Memory of an array of ours that NumPy has a view of."""

    __slots__ = ("array", "view", "__array_interface__")

    def __init__(self, array, view):
        self.array, self.view, self.__array_interface__ = array, view, view.__array_interface__


def _extent(view):
    about = view.__array_interface__
    return about["data"][0], view.shape, view.strides, about["typestr"]


def lent(x):
    """An array as NumPy's, without a copy where it is in the CPU's memory; nobody may write to it."""
    import numpy as np

    view = np.from_dlpack(x if x.device == "cpu" else x.to_device("cpu"))
    # Of nothing there is no address.
    return np.asarray(_Lent(x, view)) if x.size else view


def taken(kind, device, chunk):
    """A chunk as an array of a kind."""
    import numpy as np

    from ._build import namespace

    lender = getattr(chunk, "base", None)
    if type(lender) is _Lent and lender.array.kind == kind and _extent(lender.view) == _extent(chunk):
        x = lender.array
    else:
        chunk = chunk if hasattr(chunk, "__dlpack__") else np.asarray(chunk)
        if isinstance(chunk, np.ndarray):
            _native.dtype_of(chunk.dtype)
        x = namespace(kind).asarray(chunk)
    return x if x.device == device else x.to_device(device)


def made(function, start, extents, dtype, kind):
    """The chunk that a function of the user's makes."""
    return lent(_checked("from_fn", function(start, extents), tuple(extents), dtype, kind))


def called(function, number, dtype, kind, *chunks):
    """What a function of the user's makes of chunks."""
    chunks = [taken(kind, "cpu", chunk) for chunk in chunks]
    shape = _native.broadcast_shapes(*(chunk.shape for chunk in chunks))
    return lent(_checked("map_blocks", function(*chunks), shape, dtype, kind))


def _checked(name, x, shape, dtype, kind):
    if not isinstance(x, _native.Array):
        raise TypeError(f"{name}: {type(x).__name__} is no array of array_protocol; make one with asarray")
    if x.shape != tuple(shape):
        raise ValueError(f"{name}: the function gave shape {x.shape} for a chunk of shape {tuple(shape)}")
    if x.dtype != dtype:
        raise TypeError(f"{name}: the function gave {x.dtype}, but the array was said to be of {dtype}")
    if x.kind != kind:
        raise ValueError(f"{name}: the function gave an array of kind {x.kind}; chunks are of {kind}")
    return x
