"""Lazy arrays whose chunks Dask has, or can make."""

import functools
import itertools

from . import _eval_task, _native

_lazy = _native.chunked


class Remote:
    """Chunks by where they begin, as keys of a graph. Where an array of them is computed here, Dask is asked for each."""

    def __init__(self, graph, keys, kind, device):
        self.graph, self.keys, self.kind, self.device = graph, keys, kind, device

    def __call__(self, start, extents):
        from dask.base import get_scheduler
        from dask.threaded import get

        key = self.keys[start]
        found = self.graph.get(key)
        chunk = found.result() if hasattr(found, "result") else (get_scheduler() or get)(self.graph, key)
        return _eval_task.taken(self.kind, self.device, chunk)


def places(connected):
    """A function that says where a chunk lies: the number of the worker that a client knows to have it, or `None`."""
    workers, found = {}, {}

    def place(function, start):
        if not isinstance(function, Remote):
            return None
        if id(function) not in found:
            futures = [chunk for chunk in function.graph.values() if getattr(chunk, "client", None) is connected]
            found[id(function)] = connected.who_has(futures) if futures else {}
        key = getattr(function.graph.get(function.keys[start]), "key", None)
        holders = found[id(function)].get(key)
        return workers.setdefault(holders[0], len(workers)) if holders else None

    return place


def rebuilt(graph, x, keys, *, rename=None):
    """The lazy array whose chunks are those of a graph, which are computed or on the way."""
    renamed = [(rename.get(key[0], key[0]), *key[1:]) for key in keys] if rename else keys
    make = functools.partial(Remote, dict(graph), kind=_lazy.chunk_kind(x), device=x.device)
    return _array(x.__array_namespace__(), make, renamed, x.chunks, x.dtype, "persisted")


def from_dask_array(kind, x):
    """An array of Dask's as a lazy one of the namespace of this name, chunk by chunk; nothing is computed."""
    from dask.core import flatten

    from ._build import namespace

    keys = list(flatten(x.__dask_keys__()))
    known = tuple(tuple(None if n != n else int(n) for n in pieces) for pieces in x.chunks)
    graph = dict(x.__dask_optimize__(x.__dask_graph__(), keys))
    make = functools.partial(Remote, graph, kind=_lazy.of(kind), device="cpu")
    return _array(namespace(kind), make, keys, known, _native.dtype_of(x.dtype), "dask")


def _array(space, make, keys, chunks, dtype, name):
    if any(n is None for pieces in chunks for n in pieces):
        raise ValueError("extents depend on data that is not computed yet: x.compute_chunk_sizes() first")
    starts = [()]
    for pieces in chunks:
        begins = list(itertools.accumulate(pieces[:-1], initial=0))
        starts = [(*start, begin) for start in starts for begin in begins]
    shape = tuple(sum(pieces) for pieces in chunks)
    remote = make(keys=dict(zip(starts, keys, strict=True)))
    return space.from_fn(remote, shape, dtype=dtype, chunks=chunks, name=name)
