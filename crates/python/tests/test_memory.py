"""Memory that is shared with other libraries, and memory that is not."""

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import array_protocol.ndarray as xp

NAMES = list(xp.__array_namespace_info__().dtypes())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", [lambda a: a, lambda a: a.T, lambda a: a[::-1, ::2], lambda a: a[:0], lambda a: a[0, 0]])
def test_numpy_comes_in_and_goes_out(name, layout):
    a = layout(np.asarray([[0, 1, 1, 0], [1, 0, 1, 1]]).astype(name))
    x = xp.asarray(a)
    assert x.dtype is getattr(xp, name) and x.shape == a.shape and x.tolist() == a.tolist()
    back = np.asarray(x)
    assert back.dtype == a.dtype and back.tolist() == a.tolist()


def test_exports_are_read_only_views_without_a_copy():
    x = xp.asarray([1.0, 2.0, 3.0])
    a, b = np.from_dlpack(x), np.asarray(x)
    assert not a.flags.writeable and not b.flags.writeable
    assert a.ctypes.data == b.ctypes.data
    with pytest.raises(ValueError):
        a[0] = 5
    # Writing to the array leaves the view as it was, also when the array goes.
    x[0] = 7
    x += 1
    del x
    gc.collect()
    assert a.tolist() == [1, 2, 3]


def test_copies_may_be_written_to():
    x = xp.asarray([1, 2])
    for copied in (np.from_dlpack(x, copy=True), np.array(x), np.asarray(x, dtype=np.float32)):
        copied[0] = 9
    assert x.tolist() == [1, 2]


def test_legacy_capsules_hold_copies():
    class Old:
        """A consumer of before DLPack 1.0."""

        def __init__(self, x):
            self.x = x

        def __dlpack__(self, **_):
            return self.x.__dlpack__()

        def __dlpack_device__(self):
            return self.x.__dlpack_device__()

    x = xp.asarray([1, 2])
    assert xp.from_dlpack(Old(x)).tolist() == [1, 2]
    a = np.from_dlpack(Old(x))
    assert a.tolist() == [1, 2] and a.ctypes.data != np.asarray(x).ctypes.data
    # Without a copy the consumer gets the memory itself, unless it has other owners.
    y = x[:]
    with pytest.raises(BufferError):
        x.__dlpack__(copy=False)
    del y
    address = np.asarray(x).ctypes.data
    gc.collect()

    class Demanding(Old):
        def __dlpack__(self, **_):
            return self.x.__dlpack__(copy=False)

    a = np.from_dlpack(Demanding(x))
    assert a.ctypes.data == address
    x[0] = 5
    assert a.tolist() == [1, 2] and x.tolist() == [5, 2]


def test_imports_do_not_see_a_foreign_writer():
    a = np.zeros(1000)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            a[:] = 1 - a

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            x = xp.asarray(a)
            assert bool(xp.all((x == 0) | (x == 1)))
            first = x.tolist()
            assert x.tolist() == first
    finally:
        stop.set()
        writer.join()
    for copy in (lambda: xp.asarray(a, copy=False), lambda: xp.from_dlpack(a, copy=False)):
        with pytest.raises((ValueError, BufferError)):
            copy()


def test_buffers():
    assert xp.asarray(memoryview(b"\x01\x02")).dtype is xp.uint8
    assert xp.asarray(bytearray(b"\x01\x02")).tolist() == [1, 2]
    with pytest.raises((TypeError, BufferError)):
        xp.asarray(np.asarray(["a"]))
    with pytest.raises(TypeError):
        xp.from_dlpack(np.asarray([1], dtype=np.float16))


def test_other_threads_run_during_long_calls(ticks):
    x = xp.ones((700, 700))
    before = ticks[0]
    x @ x
    assert ticks[0] > before


PAGES = """
import resource
import array_protocol.chunked as xp

lazy = xp.with_options(chunks=(1 << 20, 4))

def drawn(seed):
    xp.std(lazy.random.normal(lazy.random.key(seed), shape=(1 << 22, 4)), axis=0).compute()

# Until as much is kept as there may be.
for seed in range(8):
    drawn(seed)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for seed in range(8):
    drawn(seed)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it counts Linux's page faults")
def test_buffers_of_chunks_are_used_again_where_the_system_gets_memory_back_at_once():
    # As Dask starts its workers. The chunks of a draw are 32 MiB, 8,192 pages, and 32 of them are made.
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run([sys.executable, "-c", PAGES], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32 * 8192 // 8, done.stdout
