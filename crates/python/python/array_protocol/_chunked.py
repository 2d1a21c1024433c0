"""Functions and methods that lazy arrays in chunks have beside those of the standard.

Nothing computes a lazy array but `compute` and `persist`, and one number asked for by name: `bool(x)`, `int(x)`, `float(x)`,
`complex(x)`, `x.item()`, or `x` as an index.
"""

import os

from . import _native, _with_dask

_lazy = _native.chunked


def _text(memory):
    return f"{memory} B" if isinstance(memory, int) else memory


def functions(kind):
    """The functions for a chunked namespace, by name."""
    found = {}

    def ours(f):
        found[f.__name__] = f
        return f

    @ours
    def with_options(*, chunks=None, sizes=None, exports=None, of=None):
        """A namespace with other options, which its arrays keep; those that are None stay.

        `chunks` says how new arrays are cut: an extent along every axis, a list with an extent, a list of extents or -1 (one
        piece) for each axis, bytes such as "64 MiB", "auto", or "random:7" for tests (a few pieces of any extents, which
        hang on the seed and on the array). `sizes="compute"` computes extents that depend on data at once, where "unknown"
        leaves them None in the shape. `exports="compute"` has `numpy.asarray`, DLPack and pickle compute, where "refuse" is an
        error. `of` is the kind of the chunks, such as "ndarray" or "torch"."""
        from ._build import namespace

        return namespace(_lazy.with_options(kind, chunks, sizes, exports, of))

    @ours
    def from_array(x, /, *, chunks=None):
        """An array in memory as a lazy one, whose chunks are parts of it. Other libraries' arrays and lists are copied."""
        from ._build import namespace

        if not isinstance(x, _native.Array):
            x = namespace("ndarray").asarray(x)
        return _lazy.from_array(kind, x, chunks)

    @ours
    def from_fn(function, shape, /, *, dtype=None, chunks=None, name=None):
        """A lazy array whose chunks a function makes: `function(start, extents)` gets where a chunk begins and its extents, and
        gives an array of the chunks' kind and of the data type (float64 unless given).

        It is called when the array is computed, on several threads, perhaps more than once for a chunk."""
        shape = (shape,) if hasattr(shape, "__index__") else tuple(shape)
        return _lazy.from_fn(kind, function, shape, dtype, chunks, name or _name(function))

    @ours
    def from_npy(path, /, *, chunks=None):
        """The lazy array of an NPY file. Nothing but its header is read before values are asked for, and of them only what is
        needed."""
        return _lazy.from_npy(kind, path, chunks)

    @ours
    def from_zarr(path, /, *, chunks=None, missing_chunks_are_fill=False, direct_io=False):
        """The lazy array of a Zarr array in a folder, of version 2 or 3. Chunks are whole ones of Zarr's unless given.

        A Zarr chunk that is not there is an error, since one that was lost looks like one of nothing but the fill value that was
        left out, unless `missing_chunks_are_fill`. `direct_io` reads past the system's cache (on Linux), which is faster for
        arrays that are larger than memory."""
        return _lazy.from_zarr(kind, path, chunks, missing_chunks_are_fill, direct_io)

    @ours
    def from_parquet(path, /, columns=None, *, chunks=None, nulls_are_nan=False):
        """The lazy array of columns of numbers in a Parquet file: of one axis for a name, of shape (rows, columns) for a list of
        names, all of them unless given. They have one data type.

        Chunks are whole row groups, or parts of one where it is large, unless given. A null in what is read is an error, unless
        `nulls_are_nan`, which is for floats."""
        if columns is not None and not isinstance(columns, str):
            columns = list(columns)
        return _lazy.from_parquet(kind, path, columns, chunks, nulls_are_nan)

    @ours
    def from_dask_array(x, /):
        """An array of Dask's as a lazy one with the same chunks, which Dask makes. Nothing is computed.

        Its chunks must have known extents."""
        from ._remote import from_dask_array

        return from_dask_array(kind, x)

    found.update({f.__name__: f for f in (checkpoint, compute, persist, map_blocks, rechunk, compute_chunk_sizes, explain, finish_region,
                                          store, to_dask_array, visualize)})
    return found


def refuse_lazy(name, x, what, remedy):
    """Refuses lazy arrays where something hangs on the elements: nothing computes these but their users."""
    if getattr(x, "is_lazy", False):
        raise TypeError(f"{name}: {what} depends on elements that are not computed yet: x.compute() first{remedy}")


def _name(function):
    return getattr(function, "__name__", type(function).__name__)


def compute(*arrays, memory=None, spill=None, progress=False, trace=None, scheduler=None):
    """Lazy arrays as arrays of their chunks' kind, computed together: one array for one, else a tuple.

    `memory` limits the bytes of chunks that are alive at once, "1 GiB" or a number; what has no room is written into the folder
    `spill`, the system's temporary one unless given. `trace` is a file for the browser's trace viewer. `scheduler` has a Dask
    cluster compute: its client, the cluster itself, or an address such as "tcp://host:8786"; there the other options are Dask's own."""
    if scheduler is not None:
        if (memory, spill, progress, trace) != (None, None, False, None):
            raise ValueError("compute: memory, spill, progress and trace are of this machine; Dask's workers have their own")
        found = _with_dask.module("_dask").computed(arrays, scheduler)
        return found[0] if len(arrays) == 1 else found
    found = _lazy.compute(arrays, _text(memory), spill, progress, trace)
    return found[0] if len(arrays) == 1 else found


def persist(*arrays, memory=None, spill=None, progress=False, trace=None):
    """The same lazy arrays with their chunks computed: what is made of them afterwards begins there. As `compute`."""
    found = _lazy.persist(arrays, _text(memory), spill, progress, trace)
    return found[0] if len(arrays) == 1 else found


def store(x, /, path, *, region=None, columns=None, resume=False, overwrite=False, missing_chunks_are_fill=False, retries=0,
          memory=None, spill=None, progress=False, trace=None, scheduler=None):
    """Computes the lazy array into a file, chunk by chunk: the ending of the name says the format, `.npy`, `.zarr` or `.parquet`,
    whose columns are named by `columns`.

    While it is computed it lies in NAME.partial, and gets its name when it is whole. After an error nothing is left, unless
    `resume` is set: then the same call goes on. `overwrite` replaces what has the name. `retries` is how often more reading and
    writing are tried. The others are as in `compute`.

    `region` stores into a part of the NPY or Zarr array that is there: a slice, or a tuple of them, such as `(slice(10, 20),
    slice(None))` or `numpy.s_[10:20]`. Until all chunks are computed they lie in NAME.region.partial, and the array is as it was;
    then they are moved in. An error then leaves some of its chunks new and some old, each of them whole, and `finish_region(path)`
    goes on. `missing_chunks_are_fill` is as in `from_zarr`, for Zarr chunks of which the region has a part.

    `scheduler` has the workers of a Dask cluster, given as such, as its client or its address, compute and write the chunks, into NPY or Zarr; the
    folder must be one that the client and all workers see. Of the options, `resume` and `overwrite` are for it too."""
    if scheduler is not None:
        given = {"region": region is not None, "columns": columns is not None, "missing_chunks_are_fill": missing_chunks_are_fill,
                 "retries": retries != 0, "memory": memory is not None, "spill": spill is not None, "progress": progress,
                 "trace": trace is not None}
        if any(given.values()):
            names = ", ".join(name for name, is_given in given.items() if is_given)
            raise ValueError(f"store: with a scheduler there is no {names}; what Dask's workers may take is their own setting")
        _with_dask.module("_store").store(x, path, scheduler, resume, overwrite)
        return
    columns = [columns] if isinstance(columns, str) else columns
    _lazy.store(x, path, region, columns, resume, overwrite, missing_chunks_are_fill, retries, _text(memory), spill, progress, trace)


def finish_region(path, /):
    """Goes on with a `store` into a region of the array of that name, if it ended while its chunks were moved in."""
    _lazy.finish_region(path)


def map_blocks(function, /, *arrays, dtype=None, name=None):
    """A function of chunk after chunk, arrays of the chunks' kind, of lazy arrays with the same chunks, or one along an axis.

    It is called when the result is computed, on several threads; it gives an array of the shape that the chunks broadcast to and
    of the data type, that of the first array unless given."""
    return _lazy.map_blocks(function, arrays, dtype, name or _name(function))


def rechunk(x, /, chunks):
    """The same elements in other chunks; these are as in `with_options`."""
    return _lazy.rechunk(x, chunks)


def compute_chunk_sizes(x, /):
    """The same array with the extents that depend on data known, which computes it."""
    return _lazy.compute_chunk_sizes(x)


def explain(x, /):
    """What computing the array would do, as text: its operations as they were written, the stages that these became, how many
    tasks there are and about how many bytes of chunks at once."""
    return _lazy.explain(x)


def checkpoint(x, /, path):
    """The same array, whose chunks Dask's workers write into a folder as they are made, and read where they are there.

    A run that was cut off, by whatever, goes on where it was: the folder must be one that the client and all workers see. Each
    chunk is a NPY file, there whole or not at all, with a hash in its name of all that it is made of, and of the package's
    version. Chunks of anything else in the folder are an error.

    Where the package is built with Zarr, a folder `NAME.zarr` is a Zarr array whose Zarr chunks are the array's chunks, which must
    be equally large along each axis but for the last one; the hashes are in `NAME.zarr.keys`."""
    from ._checkpoint import at

    return map_blocks(at(os.path.abspath(path), x), x, name="checkpoint")


def to_dask_array(x, /):
    """The lazy array as one of Dask's with the same chunks, NumPy's arrays. Nothing is computed."""
    from ._dask import to_dask_array

    return to_dask_array(x)


def visualize(x, /, path):
    """Draws the plan of the array into a file: SVG, or the language of Graphviz where the name ends in `.dot`."""
    _lazy.visualize(x, os.fspath(path))


def _of_one(f, name):
    def method(self, **settings):
        return f(self, **settings)

    method.__name__, method.__doc__ = name, f.__doc__
    return method


def _mapped(self, function, /, *others, dtype=None, name=None):
    return map_blocks(function, self, *others, dtype=dtype, name=name)


def _of_dask(name):
    def method(self):
        from . import _dask

        return getattr(_dask, name)(self)

    return method


# What Dask asks of its collections.
COLLECTION = {
    "__dask_graph__": _of_dask("graph_of"),
    "__dask_keys__": _of_dask("keys_of"),
    "__dask_postcompute__": _of_dask("postcompute"),
    "__dask_postpersist__": _of_dask("postpersist"),
    "__dask_tokenize__": _of_dask("token"),
    # Plans are optimised before they are Dask's.
    "__dask_optimize__": property(lambda self: None),
    "__dask_scheduler__": property(_of_dask("default_scheduler")),
}

METHODS = {
    **COLLECTION,
    "checkpoint": checkpoint,
    "chunks": property(_lazy.chunks),
    "compute": _of_one(compute, "compute"),
    "persist": _of_one(persist, "persist"),
    "compute_chunk_sizes": compute_chunk_sizes,
    "explain": explain,
    "map_blocks": _mapped,
    "rechunk": rechunk,
    "store": store,
    "to_dask_array": to_dask_array,
    "visualize": visualize,
}
