"""Plans of lazy arrays on Dask: each group of tasks of a plan is a task of Dask's, and each lazy array a collection of it.

Dask decides where and when tasks run, keeps and moves what they give, and repeats what was lost with a worker. What a task
does is in its description; keys are hashes of it, so that equal work is done once, whoever asks for it.
"""

import contextlib
import operator
import sys
import warnings
import weakref

from dask.task_spec import Alias, DataNode, GraphNode, Task, TaskRef

from . import _checkpoint, _eval_task, _native, _remote

_lazy = _native.chunked

# From how many tasks on Dask's scheduler is what takes the time: about a millisecond for each.
MANY = 100_000

# Names of operations in a key, by which Dask's dashboard groups tasks.
NAMED = 6


def lower(arrays, connected=None):
    """The graph of Dask's that computes lazy arrays together, and for each the keys of its chunks in row-major order.

    For a client's cluster there are fewer tasks, each of more that is done where the chunks lie already."""
    many = threads(connected)
    if many:
        groups, chunks = _lazy.groups(arrays, many, _remote.places(connected))
        # The names of files are of groups that are the same on every cluster.
        if not any(_checkpoint.is_checkpoint(how, payload) for _, _, _, how, payload, _, _ in groups):
            return lowered(groups, chunks)
    return lowered(*_lazy.groups(arrays))


def threads(connected):
    """How many tasks a client's cluster runs at once; `None` if there is nobody to ask."""
    # An asynchronous client answers later, and a closed one never.
    if connected is None or connected.asynchronous or connected.status != "running":
        return None
    try:
        return sum(connected.nthreads().values()) or None
    except OSError:
        return None


def _default_client():
    """The client that Dask computes with unless it is told otherwise, if there is one."""
    try:
        return sys.modules["distributed"].default_client()
    except (KeyError, ValueError):
        return None


def lowered(groups, chunks):
    """The same for groups of tasks, of which the chunks are results."""
    files = _checkpoint.files(groups)
    together = _taken_together(groups, chunks)
    graph, places, remotes = {}, [], {}
    for number, (operations, stage, digest, how, payload, inputs, results) in enumerate(groups):
        named = "+".join(operations[:NAMED]) + ("+more" if len(operations) > NAMED else "")
        key = (f"{named}-{stage}", digest)
        picked = any(group in together for group, _ in inputs)
        given = [] if picked else [TaskRef(places[group][result]) for group, result in inputs]
        if how == "made" and isinstance(payload[0], _remote.Remote):
            remotes[id(payload[0])] = payload[0]
            places.append([payload[0].keys[payload[1]]])
            continue
        if number in files:
            graph[key] = _checkpoint.task(key, files[number], given)
        else:
            graph[key] = _picking(key, payload, inputs, places, together) if picked else _task(key, how, payload, given)
        if results == 1 or number in together:
            places.append([key] * results)
            continue
        parts = [(f"{named}-part-{stage}", digest, i) for i in range(results)]
        graph.update({part: Task(part, operator.getitem, TaskRef(key), i) for i, part in enumerate(parts)})
        places.append(parts)
    for remote in remotes.values():
        graph.update(remote.graph)
    if len(graph) > MANY:
        warnings.warn(
            f"the plan has {len(graph):,} tasks, and Dask's scheduler needs about a millisecond for each: larger chunks "
            "make fewer tasks",
            stacklevel=3,
        )
    keys = [[places[group][result] for group, result in wanted] for wanted in chunks]
    return (needed(graph, keys) if files else graph), keys


def _taken_together(groups, chunks):
    """The groups all of whose results go to the same described tasks, and nowhere else: the parts of a reduction, mostly.

    Their results travel as one, since a task of Dask's for each would cost more than what is in it."""
    users = {}
    for number, (_, _, _, how, _, inputs, _) in enumerate(groups):
        for group, result in inputs:
            users.setdefault(group, {}).setdefault(result, []).append((number, how))
    kept = {group for wanted in chunks for group, _ in wanted}

    def one(number, results):
        found = users.get(number, {})
        first = next(iter(found.values()), [])
        return len(found) == results and all(u == first for u in found.values()) and all(how == "task" for _, how in first)

    several = ((number, group[6]) for number, group in enumerate(groups) if group[6] > 1 and number not in kept)
    return {number for number, results in several if one(number, results)}


def _picking(key, payload, inputs, places, together):
    """A described task of which some inputs are results that travel as one: which input each chunk is, and which part of it."""
    keys, picks = {}, []
    for group, result in inputs:
        at = keys.setdefault(places[group][result], len(keys))
        picks.append((at, result if group in together else None))
    return Task(key, _eval_task.eval_picked, payload, tuple(picks), *map(TaskRef, keys))


def needed(graph, keys):
    """Nothing is made for chunks that are read."""
    found, rest = {}, [key for wanted in keys for key in wanted]
    while rest:
        key = rest.pop()
        if key in graph and key not in found:
            found[key] = graph[key]
            rest.extend(getattr(found[key], "dependencies", ()))
    return found


def _task(key, how, payload, given):
    if how == "task":
        return Task(key, _eval_task.eval_task, payload, *given)
    if how == "data":
        return DataNode(key, _eval_task.lent(payload))
    return Task(key, getattr(_eval_task, how), *payload, *given)


# Lazy arrays as collections


_lowered = {}


def _plan(x):
    """The array's graph and keys. Dask asks for them several times; they are kept as long as the array is there."""
    found, identity = _lowered.get(id(x)), _lazy.identity(x)
    # `x[0] = 1` makes the same object another array.
    if found is None or found[1] != identity:
        graph, keys = lower((x,), _default_client())
        found = _lowered[id(x)] = (weakref.ref(x, lambda _, at=id(x): _lowered.pop(at, None)), identity, graph, keys[0])
    return found[2], found[3]


def graph_of(x):
    return _plan(x)[0]


def keys_of(x):
    return _plan(x)[1]


def grid(x):
    return tuple(len(pieces) for pieces in x.chunks)


def postcompute(x):
    return joined, (grid(x), _lazy.chunk_kind(x), x.device)


def joined(chunks, grid, kind, device):
    """Chunks as the array that `compute` gives."""
    return _lazy.joined(grid, tuple(_eval_task.taken(kind, device, chunk) for chunk in chunks))


def postpersist(x):
    return _remote.rebuilt, (x, keys_of(x))


def default_scheduler(x):
    from dask.threaded import get

    return get


def token(x):
    return "array_protocol", _lazy.identity(x)


# By name


def computed(arrays, scheduler):
    """Lazy arrays computed together on a cluster."""
    from distributed.client import CancelledError

    with client(scheduler) as connected:
        graph, keys = lower(arrays, connected)
        try:
            with again(graph, keys) as (renamed, wanted):
                found = connected.get(renamed, wanted)
        except CancelledError as e:
            raise lost(connected) from e
    return tuple(joined(chunks, *postcompute(x)[1]) for x, chunks in zip(arrays, found, strict=True))


def arrived(connected, graph, keys):
    """Has a cluster make these keys; gives each with what was made for it, as it arrives."""
    from distributed import as_completed

    futures = {}
    try:
        with again(graph, [keys]) as (renamed, (wanted,)):
            futures.update(zip(connected.get(renamed, wanted, sync=False), keys, strict=True))
            # Dask would take the loop of the default client, which may be another one, of another thread, or none.
            for future, result in as_completed(list(futures), loop=connected.loop, with_results=True):
                # Where the scheduler is gone futures are cancelled, and what Dask gives then is no result.
                if future.status != "finished":
                    raise lost(connected)
                yield futures.pop(future), result
                future.release()
            if futures:
                raise lost(connected)
    finally:
        # An exception's frames keep them, and while there are futures of it a task that failed is not run again.
        for future in futures:
            future.release()


# What belongs to runs that failed, by its key, and how many of them. Dask knows a task that failed for a moment longer than its
# futures, and tells whoever asks for it of the old error.
_failed = {}

# How many keys are remembered: what failed is mostly run again at once.
REMEMBERED = 100_000


@contextlib.contextmanager
def again(graph, keys):
    """The graph and the keys as they are run: where a run of the same tasks failed, by names that Dask has not heard yet."""
    names = {key: _renamed(key, _failed[key]) for key in graph.keys() & _failed.keys() if isinstance(graph[key], GraphNode)}
    renamed = graph
    if names:
        renamed = {
            names.get(key, key): node.substitute(names, key=names.get(key)) if isinstance(node, GraphNode) else node
            for key, node in graph.items()
        }
    try:
        yield renamed, [[names.get(key, key) for key in wanted] for wanted in keys]
    except Exception:
        _failed.update({key: _failed.get(key, 0) + 1 for key in graph})
        for key in list(_failed)[:-REMEMBERED]:
            del _failed[key]
        raise


def _renamed(key, times):
    """Behind the name that Dask's dashboard groups a task by."""
    return (*key, f"again-{times}") if isinstance(key, tuple) else f"{key}-again-{times}"


def lost(connected):
    return ConnectionError(
        f"the scheduler {connected.scheduler.address if connected.scheduler else ''} was lost, or was told to forget the run; what a "
        "checkpoint or a store with resume=True holds is there when it is run again"
    )


class client:
    """The client that was given, or one for an address or a cluster as long as it is needed."""

    def __init__(self, scheduler):
        from distributed import Client
        from distributed.deploy import Cluster

        if isinstance(scheduler, str) and ":" not in scheduler:
            raise ValueError(
                f"scheduler: {scheduler!r} is no address such as tcp://10.0.0.1:8786; without a scheduler, this machine's "
                "threads compute"
            )
        if not isinstance(scheduler, (str, Client, Cluster)):
            raise TypeError(
                f"scheduler: {scheduler!r} is neither a client of Dask's, nor a cluster, nor an address such as "
                "tcp://10.0.0.1:8786"
            )
        if not isinstance(scheduler, str) and scheduler.asynchronous:
            # Whoever waits in a loop for what this loop has to do waits for ever.
            raise TypeError(f"scheduler: {scheduler!r} is asynchronous; give one that is not, from a thread without a loop")
        self.given, self.own = scheduler, None

    def __enter__(self):
        from distributed import Client

        if isinstance(self.given, Client):
            return self.given
        self.own = Client(self.given, set_as_default=False)
        return self.own

    def __exit__(self, *error):
        if self.own is not None:
            self.own.close()


def to_dask_array(x):
    """The lazy array as one of Dask's, chunk by chunk; nothing is computed."""
    import numpy as np
    from dask.array import Array
    from dask.highlevelgraph import HighLevelGraph

    graph, keys = _plan(x)
    name, dtype = f"array_protocol-{_lazy.identity(x)}", np.dtype(str(x.dtype))
    named = {(name, *place): key for place, key in zip(np.ndindex(grid(x)), keys, strict=True)}
    layer = {**graph, **{own: Alias(own, key) for own, key in named.items()}}
    chunks = tuple(tuple(np.nan if n is None else n for n in pieces) for pieces in x.chunks)
    whole = HighLevelGraph.from_collections(name, layer, dependencies=())
    return Array(whole, name, chunks, dtype=dtype, meta=np.empty((0,) * x.ndim, dtype))
