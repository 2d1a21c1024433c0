"""Chunks in files: written by Dask's workers as they are made, and read instead of made where they are there.

The name of a chunk's file has its number and a hash of everything that it is made of: operations and parameters, elements in
memory, the user's functions as Dask's tokens have them, the package's version and the kind of processor.
"""

import hashlib
import os
import socket
import threading

from dask.task_spec import Task

from . import _eval_task, _native, _remote

_lazy = _native.chunked


class Checkpoint:
    """Where the chunks of an array are written."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, chunk):
        raise NotImplementedError("checkpoint: the chunks are written by Dask's workers; compute with a scheduler")

    def __dask_tokenize__(self):
        return "checkpoint"


def files(groups):
    """The file of each group that is a checkpoint's, by the group's number."""
    if not any(_is_checkpoint(how, payload) for _, _, _, how, payload, _, _ in groups):
        return {}
    found, hashes, there, tokens = {}, [], {}, {}
    for number, (_, _, _, how, payload, inputs, _) in enumerate(groups):
        told = hashlib.sha256(f"{_lazy.built()} {how} ".encode())
        told.update(_told(how, payload, tokens))
        for group, result in inputs:
            told.update(hashes[group] + result.to_bytes(4, "little"))
        hashes.append(told.digest())
        if _is_checkpoint(how, payload):
            folder = payload[0].folder
            if folder not in there:
                there[folder] = _names(folder)
            found[number] = _file(folder, there[folder], payload[1], told.hexdigest()[:32])
    return found


def _is_checkpoint(how, payload):
    return how == "called" and isinstance(payload[0], Checkpoint)


def _told(how, payload, tokens):
    """What a group does, as bytes that are the same in every process. The tokens of functions are kept by these."""
    if how == "task":
        return payload
    if how == "data":
        view = _eval_task.lent(payload)
        return f"{view.dtype.str} {view.shape} ".encode() + view.tobytes()
    function, *rest = payload
    if isinstance(function, _remote.Remote):
        return repr(function.keys[rest[0]]).encode()
    if id(function) not in tokens:
        import dask
        from dask.base import tokenize

        with dask.config.set({"tokenize.ensure-deterministic": True}):
            tokens[id(function)] = tokenize(function)
    return f"{tokens[id(function)]} {rest}".encode()


def _file(folder, names, number, told):
    stem = f"{number:08d}-"
    found = [name for name in names.get(stem, ()) if name != f"{stem}{told}.npy"]
    if found:
        raise ValueError(
            f"checkpoint: {os.path.join(folder, found[0])} is a chunk of another array, or of another version of this package "
            "or of the data: name another folder, or remove this one"
        )
    return os.path.join(folder, f"{stem}{told}.npy")


def _names(folder):
    """The names of chunks in a folder, by how they begin."""
    found = {}
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.endswith(".npy"):
            found.setdefault(name[:9], []).append(name)
    return found


def task(key, file, given):
    """The task that gives a chunk of a checkpoint: it reads the chunk, or writes what it is given."""
    return Task(key, read, file) if os.path.exists(file) else Task(key, written, file, *given)


def read(file):
    import numpy as np

    return np.load(file, allow_pickle=False)


def written(file, chunk):
    """The chunk, after it was written whole."""
    import numpy as np

    os.makedirs(os.path.dirname(file), exist_ok=True)
    # Dask may have two workers make a chunk, where one was taken for dead.
    part = f"{file}.{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}.part"
    try:
        with open(part, "wb") as out:
            np.save(out, chunk, allow_pickle=False)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, file)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
    return chunk
