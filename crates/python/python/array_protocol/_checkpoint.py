"""Chunks in files: written by Dask's workers as they are made, and read instead of made where they are there.

The name of a chunk's file has its number and a hash of everything that it is made of: operations and parameters, elements in
memory, the user's functions as Dask's tokens have them, the package's version and the kind of processor. In a Zarr array chunks
have the format's names, and the others are empty files beside it.
"""

import hashlib
import itertools
import os
import shutil
import socket
import threading

from dask.task_spec import Task

from . import _eval_task, _native, _remote

_lazy = _native.chunked


class Checkpoint:
    """Where the chunks of an array are written: each a NPY file."""

    ending = ".npy"

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, chunk):
        raise NotImplementedError("checkpoint: the chunks are written by Dask's workers; compute with a scheduler")

    def __dask_tokenize__(self):
        return "checkpoint"

    def names(self):
        """The folder in which the names of chunks are looked for."""
        return self.folder

    def task(self, key, number, name, given):
        """The task that gives a chunk: it reads the chunk, or writes what it is given."""
        file = os.path.join(self.folder, name)
        return Task(key, read, file) if os.path.exists(file) else Task(key, written, file, *given)


class ZarrCheckpoint(Checkpoint):
    """The same in a Zarr array."""

    ending = ".key"

    def __init__(self, folder, chunks):
        super().__init__(folder)
        self.starts = list(itertools.product(*(tuple(itertools.accumulate(axis[:-1], initial=0)) for axis in chunks)))
        self.extents = list(itertools.product(*chunks))

    def __reduce__(self):
        # Workers are given the place only.
        return Checkpoint, (self.folder,)

    def names(self):
        return f"{self.folder}.keys"

    def task(self, key, number, name, given):
        mark, start = os.path.join(self.names(), name), self.starts[number]
        if os.path.exists(mark):
            return Task(key, read_zarr, self.folder, start, self.extents[number])
        return Task(key, written_zarr, self.folder, mark, start, *given)


def at(folder, x):
    """The checkpoint of an array in a folder, whose name says the format."""
    if not folder.endswith(".zarr"):
        return Checkpoint(folder)
    if any(n is None for axis in x.chunks for n in axis):
        raise ValueError("checkpoint: extents depend on data that is not computed yet: x.compute_chunk_sizes() first")
    for axis, pieces in enumerate(x.chunks):
        if len({*pieces[:-1]}) > 1 or pieces[-1] > pieces[0]:
            raise ValueError(
                f"checkpoint: the chunks along axis {axis} are {pieces}, but those of Zarr are equally large but for the last one: "
                "rechunk first"
            )
    about = os.path.join(folder, "zarr.json")
    fresh = f"{folder}.{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}.part"
    try:
        _lazy.begin_zarr(x, fresh)
        with open(os.path.join(fresh, "zarr.json"), "rb") as file:
            due = file.read()
        if not os.path.exists(folder):
            os.rename(fresh, folder)
        with open(about, "rb") as file:
            if file.read() != due:
                raise ValueError(
                    f"checkpoint: {folder} is an array of another shape, type or chunks: name another folder, or remove this one"
                )
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return ZarrCheckpoint(folder, x.chunks)


def files(groups):
    """For each group that is a checkpoint's, by the group's number: the checkpoint, the number of the chunk, its file's name."""
    if not any(is_checkpoint(how, payload) for _, _, _, how, payload, _, _ in groups):
        return {}
    found, hashes, there, tokens = {}, [], {}, {}
    for number, (_, _, _, how, payload, inputs, _) in enumerate(groups):
        told = hashlib.sha256(f"{_lazy.built()} {how} ".encode())
        told.update(_told(how, payload, tokens))
        for group, result in inputs:
            told.update(hashes[group] + result.to_bytes(4, "little"))
        hashes.append(told.digest())
        if is_checkpoint(how, payload):
            checkpoint, chunk = payload[:2]
            if checkpoint.folder not in there:
                there[checkpoint.folder] = _names(checkpoint.names(), checkpoint.ending)
            found[number] = checkpoint, chunk, _name(checkpoint, there[checkpoint.folder], chunk, told.hexdigest()[:32])
    return found


def task(key, place, given):
    """The task that gives a chunk of a checkpoint."""
    checkpoint, chunk, name = place
    return checkpoint.task(key, chunk, name, given)


def is_checkpoint(how, payload):
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


def _name(checkpoint, names, number, told):
    stem = f"{number:08d}-"
    name = f"{stem}{told}{checkpoint.ending}"
    found = [other for other in names.get(stem, ()) if other != name]
    if found:
        raise ValueError(
            f"checkpoint: {os.path.join(checkpoint.names(), found[0])} is of a chunk of another array, or of another version of "
            "this package or of the data: name another folder, or remove this one"
        )
    return name


def _names(folder, ending):
    """The names of chunks in a folder, by how they begin."""
    found = {}
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.endswith(ending):
            found.setdefault(name[:9], []).append(name)
    return found


def read(file):
    import numpy as np

    return np.load(file, allow_pickle=False)


def read_zarr(folder, start, extents):
    return _eval_task.lent(_lazy.read_chunk("zarr", folder, start, extents))


def written_zarr(folder, mark, start, chunk):
    """The chunk, after it was written whole, and then its mark."""
    part = f"{folder}.{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}.part"
    try:
        # An array of its own with this chunk only, whose file then goes to its place.
        os.makedirs(part)
        shutil.copyfile(os.path.join(folder, "zarr.json"), os.path.join(part, "zarr.json"))
        _lazy.write_chunk("zarr", part, start, _eval_task.taken("ndarray", "cpu", chunk))
        for inside, _, names in os.walk(part):
            for name in names:
                file = os.path.join(inside, name)
                if name == "zarr.json":
                    continue
                with open(file, "rb+") as out:
                    os.fsync(out.fileno())
                target = os.path.join(folder, os.path.relpath(file, part))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.replace(file, target)
        whole(mark, lambda out: None)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return chunk


def written(file, chunk):
    """The chunk, after it was written whole."""
    import numpy as np

    whole(file, lambda out: np.save(out, chunk, allow_pickle=False))
    return chunk


def whole(file, write):
    """Makes a file that is there whole or not at all; `write` gets it open."""
    os.makedirs(os.path.dirname(file), exist_ok=True)
    # Dask may have two workers make a chunk, where one was taken for dead.
    part = f"{file}.{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}.part"
    try:
        with open(part, "wb") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, file)
    except BaseException as e:
        if os.path.exists(part):
            os.remove(part)
        # NumPy's error of a full disk says how many bytes were written, but not where; Python 3.10 has no notes.
        if hasattr(e, "add_note"):
            e.add_note(f"while writing {file}")
        raise
