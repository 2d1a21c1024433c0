"""Stores and checkpoints that Dask's workers write: whole or not there, gone on with, and refused where they are stale."""

import os
import signal
import threading
import time

import pytest

import array_protocol.chunked as xp
from array_protocol import _native

from on_dask import client, cluster, distributed, eventually, limit, mortal  # noqa: F401

np = pytest.importorskip("numpy")

ZARR = pytest.mark.skipif(not _native.chunked.has_zarr, reason="the package was built without the feature zarr")


def drawn(chunks=(7, 20)):
    space = xp.with_options(chunks=chunks)
    return xp.exp(space.random.normal(space.random.key(3), shape=(40, 20)))


def slow(block):
    time.sleep(0.02)
    return block * 1.5


def counted(folder):
    """Ones, whose function leaves a file for each call."""

    def make(start, extents):
        import array_protocol.ndarray as nd

        open(os.path.join(folder, f"{os.getpid()}-{time.time_ns()}"), "w").close()
        time.sleep(0.02)
        return nd.ones(extents)

    return make


def test_workers_write_what_is_stored(client, tmp_path):
    x, file = drawn(), tmp_path / "x.npy"
    x.store(file, scheduler=client)
    assert np.load(file).tobytes() == x.compute().tobytes() and os.listdir(tmp_path) == ["x.npy"]
    with pytest.raises(ValueError, match="is there already"):
        x.store(file, scheduler=client)
    (x * 2).store(file, scheduler=client.scheduler.address, overwrite=True)
    assert np.load(file).tobytes() == (x * 2).compute().tobytes()
    xp.sum(x).store(tmp_path / "sum.npy", scheduler=client)
    assert np.load(tmp_path / "sum.npy").item() == float(xp.sum(x))
    for wrong, words in ((x[x > 1], "compute_chunk_sizes"), (x, "no format's name")):
        with pytest.raises(ValueError, match=words):
            wrong.store(tmp_path / ("y.npy" if wrong is not x else "y.txt"), scheduler=client)
    assert sorted(os.listdir(tmp_path)) == ["sum.npy", "x.npy"]


def test_a_store_that_failed_leaves_nothing_or_goes_on(client, tmp_path):
    off = tmp_path / "off"

    def instrument(block, off=str(off)):
        if os.path.exists(off) and float(block[0]) > 20:
            raise OSError("the instrument was off")
        return block

    x = xp.with_options(chunks=5).arange(80.0).map_blocks(instrument)
    off.write_text("")
    with pytest.raises(OSError, match="instrument"):
        x.store(tmp_path / "x.npy", scheduler=client)
    assert os.listdir(tmp_path) == ["off"]
    with pytest.raises(OSError, match="instrument"):
        x.store(tmp_path / "x.npy", scheduler=client, resume=True)
    assert sorted(os.listdir(tmp_path)) == ["off", "x.npy.partial"]
    off.unlink()
    # Dask's scheduler remembers what failed until it has heard that nobody waits for it.
    time.sleep(1)
    x.store(tmp_path / "x.npy", scheduler=client, resume=True)
    assert np.load(tmp_path / "x.npy").tolist() == np.arange(80.0).tolist()
    assert os.listdir(tmp_path) == ["x.npy"]


def test_a_full_disk_on_a_worker_is_one_error(client, tmp_path):
    """Files of workers may have no more than so many bytes, as on a disk that is full."""
    import resource

    def limited(n):
        resource.setrlimit(resource.RLIMIT_FSIZE, (n, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    x = xp.with_options(chunks=1000).random.normal(xp.random.key(1), shape=(4000,))
    files = tmp_path / "files"
    # Dask writes what workers are to be to files of its own; a chunk has 8 kB.
    client.run(limited, 4096)
    try:
        with pytest.raises(OSError, match="requested and|File too large") as caught:
            xp.sum(x.checkpoint(files)).compute(scheduler=client)
        assert str(files) in caught.value.__notes__[0]
        # The error of one worker is here while another still removes what it began.
        eventually(lambda: os.listdir(files) == [])
        with pytest.raises((OSError, RuntimeError), match="x.npy.partial.*File too large"):
            x.store(tmp_path / "x.npy", scheduler=client)
        assert os.listdir(tmp_path) == ["files"]
    finally:
        client.run(limited, resource.RLIM_INFINITY)
    # The workers are as they were.
    assert float(xp.sum(x.checkpoint(files)).compute(scheduler=client)) == float(xp.sum(x))
    x.store(tmp_path / "x.npy", scheduler=client)
    assert np.load(tmp_path / "x.npy").tobytes() == x.compute().tobytes()


def test_a_store_goes_on_after_its_workers_and_scheduler_died(tmp_path):
    calls, file = tmp_path / "calls", tmp_path / "x.npy"
    calls.mkdir()

    def begun():
        # The plan of a function is the same in one process only, as in stores on one machine.
        return made

    made = xp.from_fn(counted(str(calls)), (40, 2), chunks=(2, 2))
    with cluster() as client:
        failed = []

        def store():
            try:
                begun().store(file, scheduler=client, resume=True)
            except BaseException as e:
                failed.append(e)

        thread = threading.Thread(target=store)
        thread.start()
        while len(os.listdir(calls)) < 6:
            time.sleep(0.01)
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)
        client.cluster.close()
        thread.join()
    assert failed and not file.exists()
    done = len((tmp_path / "x.npy.partial" / "manifest").read_text().splitlines()) - 1
    before = len(os.listdir(calls))
    assert 1 <= done < 20
    with cluster() as client:
        begun().store(file, scheduler=client, resume=True)
    # What the manifest has was not made again.
    assert len(os.listdir(calls)) - before == 20 - done
    assert np.load(file).tolist() == np.ones((40, 2)).tolist()


@ZARR
def test_workers_write_zarr(client, tmp_path):
    x = drawn()
    x.store(tmp_path / "x.zarr", scheduler=client)
    read = [_native.chunked.read_chunk("zarr", str(tmp_path / "x.zarr"), [i, 0], [1, 20]) for i in range(40)]
    assert b"".join(row.tobytes() for row in read) == x.compute().tobytes()
    assert os.listdir(tmp_path) == ["x.zarr"]


@ZARR
def test_checkpoints_are_zarr_too(client, tmp_path):
    calls, files = tmp_path / "calls", tmp_path / "files.zarr"
    calls.mkdir()
    make = counted(str(calls))

    def total(factor=1.0):
        return xp.sum((xp.from_fn(make, (41, 3), chunks=(4, 2)) * factor).checkpoint(files))

    assert float(total().compute(scheduler=client)) == 123
    made = len(os.listdir(calls))
    assert made == 22 and len(os.listdir(f"{files}.keys")) == 22
    assert float(total().compute(scheduler=client)) == 123 and len(os.listdir(calls)) == made
    # A chunk whose mark is missing is made again; the file of a chunk is replaced at once.
    os.remove(os.path.join(f"{files}.keys", sorted(os.listdir(f"{files}.keys"))[3]))
    assert float(total().compute(scheduler=client)) == 123 and len(os.listdir(calls)) == made + 1
    with pytest.raises(ValueError, match="files.zarr.keys/.*another array"):
        total(2.0).compute(scheduler=client)
    with pytest.raises(ValueError, match="another shape, type or chunks"):
        xp.ones((3, 3)).checkpoint(files)
    with pytest.raises(ValueError, match="rechunk"):
        xp.from_fn(make, (6, 2), chunks=((1, 3, 2), (2,))).checkpoint(tmp_path / "y.zarr")
    assert sorted(os.listdir(tmp_path)) == ["calls", "files.zarr", "files.zarr.keys"]
    assert float(_native.chunked.read_chunk("zarr", str(files), [0, 0], [41, 3]).sum()) == 123


@pytest.mark.skipif(_native.chunked.has_zarr, reason="the package was built with the feature zarr")
def test_without_zarr_it_is_said_how_to_build_it(tmp_path):
    with pytest.raises(NotImplementedError, match="features zarr"):
        xp.ones((3, 3)).checkpoint(tmp_path / "x.zarr")
    assert os.listdir(tmp_path) == []
