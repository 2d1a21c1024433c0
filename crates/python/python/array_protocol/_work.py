"""Pieces of an algorithm's work on Dask: members of an ensemble, refits of a bootstrap. Bytes in, bytes out.

A piece is a function that this package knows by name, what all pieces share (data and settings), and its own bytes. With a
checkpoint, workers write what a piece gave into a folder, whole or not at all, and pieces that are there are not done again.
"""

import hashlib
import os

from dask.task_spec import Task, TaskRef

from . import _checkpoint, _dask, _native

_lazy = _native.chunked

ENDING = ".result"


def perform(function, built, name, shared, work, file):
    """Runs a piece where this is called, on one thread; an error has the words of the algorithm, and a note which piece it was."""
    if built != _lazy.built():
        raise ValueError(
            f"{function}: this piece of work is for {built}, but here is {_lazy.built()}: install the same array-protocol on "
            "the client and all workers, on processors of one kind"
        )
    try:
        result = _native.perform(function, shared, work)
        if file is not None:
            _checkpoint.whole(file, lambda out: out.write(result))
    except Exception as e:
        # Python 3.10 has no notes.
        if hasattr(e, "add_note"):
            e.add_note(f"in the piece {name} of {function}")
        raise
    return result


def given(shared):
    """What all pieces share, as a task: whichever worker needs it again after another one died gets it again."""
    return shared


def results(client, function, shared, pieces, checkpoint=None):
    """The results of named pieces with their numbers, as they arrive."""
    built = _lazy.built()
    run = hashlib.sha256(b"\0".join((built.encode(), function.encode(), shared))).hexdigest()[:16]
    files = _files(checkpoint, run, pieces) if checkpoint else [None] * len(pieces)
    if checkpoint:
        os.makedirs(checkpoint, exist_ok=True)
    common = (f"{function}-shared", run)
    graph, numbers = {common: Task(common, given, shared)}, {}
    for number, ((name, work), file) in enumerate(zip(pieces, files, strict=True)):
        if file is not None and os.path.exists(file):
            with open(file, "rb") as found:
                yield number, found.read()
            continue
        # The name of a file is in the key: with another folder it is another task.
        key = (f"{function}-{_digest(run, work, file)}", name)
        graph[key] = Task(key, perform, function, built, name, TaskRef(common), work, file)
        numbers[key] = number
    if not numbers:
        return
    for key, result in _dask.arrived(client, graph, list(numbers)):
        yield numbers[key], result


def _digest(run, work, file=None):
    return hashlib.sha256(f"{run} {file} ".encode() + work).hexdigest()[:16]


def _files(folder, run, pieces):
    """The file of each piece. What another run left is refused by name."""
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if name.endswith(ENDING) and f"-{run}-" not in name:
            raise ValueError(
                f"checkpoint: {os.path.join(folder, name)} is of other data or settings, or of another version of this package "
                "or kind of processor: name another folder, or remove this one"
            )
    return [os.path.join(folder, f"{name}-{run}-{_digest(run, work)}{ENDING}") for name, work in pieces]


def begun(folder):
    """Whether a folder holds results of pieces."""
    return os.path.isdir(folder) and any(name.endswith(ENDING) for name in os.listdir(folder))


def workers(scheduler, checkpoint=None):
    """A function `(function, shared, pieces)` that has a cluster do pieces of work, given its client or its address."""
    checkpoint = None if checkpoint is None else os.path.abspath(checkpoint)

    def call(function, shared, pieces):
        found = {}
        with _dask.client(scheduler) as client:
            found.update(results(client, function, shared, pieces, checkpoint))
        return [found[number] for number in range(len(pieces))]

    return call
