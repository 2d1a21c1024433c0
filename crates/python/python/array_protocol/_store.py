"""Stores whose chunks Dask's workers compute and write; the client begins and ends them, and keeps the manifest."""

import os
import uuid

from dask.task_spec import Task, TaskRef

from . import _dask, _eval_task, _native

_lazy = _native.chunked


def write(address, start, kind, chunk):
    """Writes a chunk where this is called."""
    _lazy.write_chunk(*address, start, _eval_task.taken(kind, "cpu", chunk))


def written(client, graph, keys, address, missing, kind):
    """Has the chunks of these numbers written, which begin at these places; gives each number when it is done."""
    # A store is never the same as an earlier one: what that has written may be gone.
    name, numbers = f"store-{uuid.uuid4().hex}", {}
    graph = dict(graph)
    for chunk, start in missing:
        key = (name, chunk)
        graph[key] = Task(key, write, address, tuple(start), kind, TaskRef(keys[chunk]))
        numbers[key] = chunk
    wanted = list(numbers)
    for key, _ in _dask.arrived(client, _dask.needed(graph, [wanted]), wanted):
        yield numbers[key]


def store(x, path, scheduler, resume, overwrite):
    """Has a cluster store an array."""
    connecting = _dask.client(scheduler)
    storing = _lazy.begin_store(x, os.fspath(path), resume, overwrite)
    try:
        missing = storing.missing
        if missing:
            graph, keys = _dask.lower((storing.array,))
            with connecting as client:
                for chunk in written(client, graph, keys[0], storing.address, missing, _lazy.chunk_kind(x)):
                    storing.note(chunk)
        storing.finish()
    except BaseException:
        # The exception's frames would keep it, and with it what is to be removed.
        del storing
        raise
